"""CS231n, assignment 3: the recurrent layers, and the same affine map and loss at every step."""

from itertools import permutations

import numpy as np

from manual.embedding import embedding_backward, embedding_forward
from manual.lstm import lstm_backward as _lstm_backward
from manual.lstm import lstm_forward as _lstm_forward
from manual.lstm import lstm_step_backward as _lstm_step_backward
from manual.lstm import lstm_step_forward as _lstm_step_forward
from manual.rnn import rnn_backward, rnn_forward, rnn_step_backward, rnn_step_forward
from manual.temporal import temporal_affine_backward, temporal_affine_forward
from manual.temporal import temporal_softmax_loss as _temporal_softmax_loss
from reference.cards import Mistake
from reference.grading.recipe import Problem, backward_from, backward_of, forward_of


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """Returns next_h, next_c, cache. The gates lie in the order i, f, o, g."""
    (next_h, next_c), cache = _lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    """Returns dx, dprev_h, dprev_c, dWx, dWh, db."""
    return _lstm_step_backward((dnext_h, dnext_c), cache)


def lstm_forward(x, h0, Wx, Wh, b):
    """From h0 and a cell of zeros. Returns h, cache."""
    c0 = np.zeros_like(h0)
    return _lstm_forward(x, h0, c0, Wx, Wh, b)


def lstm_backward(dh, cache):
    """Returns dx, dh0, dWx, dWh, db."""
    dx, dh0, _, dWx, dWh, db = _lstm_backward(dh, cache)
    return dx, dh0, dWx, dWh, db


def word_embedding_forward(x, W):
    """x: (N, T) indices of words, W: (V, D). Returns out, cache."""
    return embedding_forward(x, W)


def word_embedding_backward(dout, cache):
    """Returns dW."""
    _, dW = embedding_backward(dout, cache)
    return dW


def temporal_softmax_loss(x, y, mask, verbose=False):
    """The sum over the steps that count, over N. Returns loss, dx."""
    return _temporal_softmax_loss(x, y, mask, mean="examples")


FUNCTIONS = {
    "rnn_step_forward": rnn_step_forward,
    "rnn_step_backward": rnn_step_backward,
    "rnn_forward": rnn_forward,
    "rnn_backward": rnn_backward,
    "lstm_step_forward": lstm_step_forward,
    "lstm_step_backward": lstm_step_backward,
    "lstm_forward": lstm_forward,
    "lstm_backward": lstm_backward,
    "word_embedding_forward": word_embedding_forward,
    "word_embedding_backward": word_embedding_backward,
    "temporal_affine_forward": temporal_affine_forward,
    "temporal_affine_backward": temporal_affine_backward,
    "temporal_softmax_loss": temporal_softmax_loss,
}


# What is drawn --------------------------------------------------------------------------------


def _recurrent(gates):
    """Inputs of a step and of a sequence: the names that both need."""

    def draw(dice):
        if dice.small:
            N, T, D, H = ((1, 2, 1, 1), (2, 2, 1, 1), (1, 2, 2, 1))[dice.k]
        else:
            N, T, D, H = dice.pick((2, 4, 5, 3), (3, 5, 2, 4), (5, 3, 4, 2), (4, 2, 3, 5))
        # In between, tanh is neither flat, where all digits of its slope are lost, nor straight.
        scale = 0.25 if dice.small else 0.7
        return {
            "x": dice.array(N, T, D),
            "h0": dice.array(N, H),
            "Wx": scale * dice.array(D, gates * H),
            "Wh": scale * dice.array(H, gates * H),
            "b": scale * dice.array(gates * H),
            "dh": dice.array(N, T, H),
        }

    return draw


def _step(gates):
    sequence = _recurrent(gates)

    def draw(dice):
        e = sequence(dice)
        x, dh = e["x"][:, 0], e["dh"][:, 0]
        cells = {"prev_c": dice.array(*dh.shape), "dnext_c": dice.array(*dh.shape)}
        weights = {name: e[name] for name in ("Wx", "Wh", "b")}
        held = {"x": x, "prev_h": e["h0"], "dnext_h": dh} | weights
        return held | (cells if gates == 4 else {})

    return draw


def _words(dice):
    """Rows of words in which some stand twice."""
    if dice.small:
        N, T, V, D = ((1, 2, 2, 1), (1, 3, 2, 2), (2, 2, 3, 1))[dice.k]
    else:
        N, T, V, D = dice.pick((2, 4, 5, 3), (3, 5, 4, 2), (4, 3, 6, 2), (3, 4, 7, 5))
    x = dice.integers(0, V, (N, T))
    x[:, -1] = x[:, 0]
    x[-1, 0] = x[0, 0]
    return {"x": x, "W": dice.array(V, D), "dout": dice.array(N, T, D)}


def _temporal_affine(dice):
    if dice.small:
        N, T, D, M = ((1, 2, 1, 1), (1, 2, 2, 1), (2, 1, 1, 2))[dice.k]
    else:
        N, T, D, M = dice.pick((2, 3, 4, 5), (3, 4, 2, 6), (4, 2, 5, 3), (5, 3, 2, 4))
    return {
        "x": dice.array(N, T, D),
        "w": dice.array(D, M),
        "b": dice.array(M),
        "dout": dice.array(N, T, M),
    }


def _masked(dice):
    if dice.small:
        N, T, V = ((1, 2, 2), (2, 1, 3), (2, 2, 2))[dice.k]
    else:
        N, T, V = dice.pick((2, 3, 4), (3, 4, 2), (4, 2, 3), (3, 2, 5))
    mask = dice.rng.random((N, T)) < 0.6
    mask[0, 0], mask[-1, -1] = True, dice.k == 0
    return {"x": dice.array(N, T, V), "y": dice.integers(0, V, (N, T)), "mask": mask}


# What is asked --------------------------------------------------------------------------------


def _called(name, args, *outputs):
    """A function that gives these outputs and a cache."""

    def recipe(do, e):
        *found, _ = do(name, *(getattr(e, arg) for arg in args), parts=len(outputs) + 1)
        return dict(zip(outputs, found, strict=True))

    return recipe


def _back(forward, backward, args, upstream, *grads):
    """The gradients, from the cache of the student's own forward."""
    parts = 1 + len(upstream)

    def recipe(do, e):
        *_, cache = do(forward, *(getattr(e, arg) for arg in args), parts=parts)
        found = do(backward, *(getattr(e, d) for d in upstream), cache, parts=len(grads))
        return dict(zip(grads, found, strict=True))

    return recipe


def _loss(do, e):
    loss, dx = do("temporal_softmax_loss", e.x, e.y, e.mask, parts=2)
    return {"loss": loss, "dx": dx}


def _affine_from_starter(do, e):
    """The backward alone, with the cache of the course's own forward."""
    cache = (e.x, e.w, e.b, e.x @ e.w + e.b)
    dx, dw, db = do("temporal_affine_backward", e.dout, cache, parts=3)
    return {"dx": dx, "dw": dw, "db": db}


_WEIGHTS = ("Wx", "Wh", "b")
_GRADS = ("dWx", "dWh", "db")
_SEQUENCE = ("x", "h0", *_WEIGHTS)
_AFFINE = ("x", "w", "b")


def _of_step(kind, gates, state):
    """The problems of one step: rnn with a state of h, lstm with one of h and c."""
    forward, backward = f"{kind}_step_forward", f"{kind}_step_backward"
    args = ("x", *(f"prev_{s}" for s in state), *_WEIGHTS)
    after = tuple(f"next_{s}" for s in state)
    upstream = tuple(f"dnext_{s}" for s in state)
    grads = ("dx", *(f"dprev_{s}" for s in state), *_GRADS)
    return (
        Problem(forward, _step(gates), _called(forward, args, *after), (forward,)),
        Problem(
            backward,
            _step(gates),
            _back(forward, backward, args, upstream, *grads),
            (forward, backward),
            forward=forward,
        ),
    )


def _of_sequence(kind, gates):
    forward, backward = f"{kind}_forward", f"{kind}_backward"
    step = (f"{kind}_step_forward", f"{kind}_step_backward")
    return (
        Problem(
            forward,
            _recurrent(gates),
            _called(forward, _SEQUENCE, "h"),
            (forward,),
            uses=step[:1],
        ),
        Problem(
            backward,
            _recurrent(gates),
            _back(forward, backward, _SEQUENCE, ("dh",), "dx", "dh0", *_GRADS),
            (forward, backward),
            uses=step,
            forward=forward,
        ),
    )


PROBLEMS = [
    *_of_step("rnn", 1, "h"),
    *_of_sequence("rnn", 1),
    *_of_step("lstm", 4, "hc"),
    *_of_sequence("lstm", 4),
    Problem(
        "word_embedding_forward",
        _words,
        forward_of("word_embedding_forward", "x", "W"),
        ("word_embedding_forward",),
    ),
    Problem(
        "word_embedding_backward",
        _words,
        backward_of("word_embedding_forward", "word_embedding_backward", ("x", "W"), "dW"),
        ("word_embedding_forward", "word_embedding_backward"),
        others=(backward_from("word_embedding_backward", ("x", "W"), "dW"),),
        forward="word_embedding_forward",
    ),
    Problem(
        "temporal_affine_forward",
        _temporal_affine,
        forward_of("temporal_affine_forward", *_AFFINE),
        ("temporal_affine_forward",),
    ),
    Problem(
        "temporal_affine_backward",
        _temporal_affine,
        backward_of("temporal_affine_forward", "temporal_affine_backward", _AFFINE, "dx", "dw", "db"),
        ("temporal_affine_forward", "temporal_affine_backward"),
        others=(_affine_from_starter,),
        forward="temporal_affine_forward",
    ),
    Problem("temporal_softmax_loss", _masked, _loss, ("temporal_softmax_loss",)),
]


# What students write ---------------------------------------------------------------------------


def _instead(function, right, *rows):
    """Mistakes at one place: (name, what stands there instead, what went wrong)."""
    return [Mistake(name, function, right, wrong, says) for name, wrong, says in rows]


def _through_time(kind, function, states, upstream):
    """Mistakes of a loop backwards; function: the name that manual/'s has here."""
    step = f"dx, {states}, *of_step = {kind}_step_backward({upstream}, cache[t])"
    every = _instead(
        function,
        step,
        (f"{kind} dh0 before its step",
         f"before = dout[:, t] + dh\n        {step}\n        dh = dh if t else before",
         "dh0 is the gradient of the first step's output; that still has to pass through the step."),
        (f"{kind} first step left out",
         f"if t == 0:\n            dxs.append(0 * dxs[-1])\n            break\n        {step}",
         "The loop backwards ends before the first step."),
    )  # fmt: skip
    for k, name in enumerate(_GRADS):
        kept = ", ".join(f"of_step[{j}]" if j == k else f"dw[{j}]" for j in range(3))
        every += _instead(
            function,
            "dwx, dwh, db = dw",
            (f"{kind} {name} overwritten", f"dwx, dwh, db = {kept}",
             f"{name} is overwritten at each step; it adds up over the steps: += for =."),
        )  # fmt: skip
    return every


MISTAKES: list[Mistake] = [
    *_instead(
        "rnn_step_forward",
        "h_next, tanh_cache = tanh_forward(x @ wx + h @ wh + b)",
        ("rnn step relu for tanh",
         "_, tanh_cache = tanh_forward(x @ wx + h @ wh + b)\n"
         "    h_next = np.maximum(0, x @ wx + h @ wh + b)",
         "The sum passes through relu; it passes through tanh."),
    ),
    *_instead(
        "rnn_step_backward",
        "tanh_backward(dout, tanh_cache)",
        ("rnn step slope at dnext_h", "dout * (1 - dout * dout)",
         "The slope of tanh is taken at the gradient; it is taken at next_h: 1 - next_h^2."),
        ("rnn step slope at prev_h", "dout * (1 - h * h)",
         "The slope of tanh is taken at prev_h; it is taken at next_h: 1 - next_h^2."),
        ("rnn step slope squared as a whole", "dout * (1 - tanh_cache) ** 2",
         "The slope is 1 - h^2; yours is (1 - h)^2."),
        ("rnn step slope at the sum", "dout * (1 - np.arctanh(tanh_cache) ** 2)",
         "The slope is 1 - a^2 of the sum a before tanh; it is 1 - tanh(a)^2."),
    ),
    *_instead(
        "rnn_step_backward",
        "da @ wx.T",
        ("rnn step dx before tanh", "dout @ wx.T", "dx takes dnext_h; it takes what has passed tanh."),
    ),
    *_instead(
        "rnn_step_backward",
        "x.T @ da",
        ("rnn step dWx before tanh", "x.T @ dout",
         "dWx takes dnext_h; it takes what has passed tanh."),
    ),
    *_instead(
        "rnn_step_backward",
        "h.T @ da",
        ("rnn step dWh before tanh", "h.T @ dout",
         "dWh takes dnext_h; it takes what has passed tanh."),
    ),
    *_instead(
        "rnn_backward",
        "dout[:, t] + dh",
        ("rnn upstream of the last step throughout", "dout[:, -1] + dh",
         "Every step gets the upstream of the last one; step t gets dh[:, t]."),
    ),
    *_instead(
        "rnn_backward",
        "dh: Any = 0",
        ("rnn upstream twice at the end", "dh: Any = dout[:, -1]",
         "The gradient from behind starts with dh of the last step, which so counts twice; start "
         "with 0."),
    ),
    *_instead(
        "rnn_backward",
        "dh, dwx, dwh, db",
        ("rnn dh0 with its upstream", "dh + dout[:, 0], dwx, dwh, db",
         "dh0 has dh[:, 0] added; that belongs to the first h, and has passed the step already."),
    ),
    *(
        Mistake(f"{kind} step {name} of the last example", function, right, wrong,
                f"{name} holds the last example of the batch alone; all add up: += for =.")
        for kind, function in (("rnn", "rnn_step_backward"), ("lstm", "_lstm_step_backward"))
        for name, right, wrong in (
            ("dWx", "x.T @ da", "x[-1:].T @ da[-1:]"),
            ("dWh", "h.T @ da", "h[-1:].T @ da[-1:]"),
            ("db", "da.sum(axis=0)", "da[-1]"),
        )
    ),
    *_through_time("rnn", "rnn_backward", "dh", "dout[:, t] + dh"),
    *_through_time("lstm", "_lstm_backward", "dh, dc", "(dout[:, t] + dh, dc)"),
    *(
        Mistake(f"{kind} last step left out", function, "np.stack(hs, axis=1)",
                "np.stack([*hs[:-1], 0 * h], axis=1)", "The loop ends one step too early.")
        for kind, function in (("rnn", "rnn_forward"), ("lstm", "_lstm_forward"))
    ),
    *(
        mistake
        for gate in "ifo"
        for mistake in _instead(
            "_lstm_step_backward",
            f"sigmoid_backward(d{gate}, {gate}_cache)",
            *(
                (f"lstm step {name} {gate}", wrong.replace("s", gate), f"The slope of {gate}, which "
                 f"came out of a sigmoid, is {gate} (1 - {gate}); yours is {told.replace('s', gate)}.")
                for name, wrong, told in (
                    ("no slope of", "ds", "1"),
                    ("slope s for", "ds * s", "s"),
                    ("slope 1 - s for", "ds * (1 - s)", "1 - s"),
                    ("tanh' for", "ds * (1 - s * s)", "1 - s^2"),
                )
            ),
        )
    ),
    *_instead(
        "_lstm_step_backward",
        "tanh_backward(dg, g_cache)",
        ("lstm step tanh' of g missing", "dg", "dg is not taken back through its tanh."),
        ("lstm step slope 1 - g for g", "dg * (1 - g)", "The slope of g is 1 - g^2; yours is 1 - g."),
        ("lstm step slope of g squared as a whole", "dg * (1 - g) ** 2",
         "The slope of g is 1 - g^2; yours is (1 - g)^2."),
        ("lstm step tanh of g twice", "dg * (1 - np.tanh(g) ** 2)",
         "g has been through tanh already: its slope is 1 - g^2."),
    ),
    *(
        mistake
        for gate, right in (
            ("i", "di, dg = dc_next * g, dc_next * i"),
            ("f", "df, dc = dc_next * c, dc_next * f"),
            ("g", "di, dg = dc_next * g, dc_next * i"),
        )
        for mistake in _instead(
            "_lstm_step_backward",
            right,
            (f"lstm step d{gate} before dc is whole",
             right + {"i": "\n    di = dout[1] * g", "f": "\n    df = dout[1] * c",
                      "g": "\n    dg = dout[1] * i"}[gate],
             f"d{gate} takes dnext_c before the gradient through next_h has been added."),
        )
    ),
    *(
        Mistake(f"lstm gates in the order {', '.join(order)}", "_lstm_step_forward",
                "a_i, a_f, a_o, a_g =", f"{', '.join('a_' + gate for gate in order)} =",
                f"The gates are cut in the order {', '.join(order)}; it is i, f, o, g.")
        for order in permutations("ifog") if order != tuple("ifog")
    ),
    *(
        Mistake(f"lstm gradients in the order {', '.join(order)}", "_lstm_step_backward",
                "return da @ wx.T", f"da = np.concatenate([np.split(da, 4, axis=1)[k] for k in "
                f"{tuple(map('ifog'.index, order))}], axis=1)\n    return da @ wx.T",
                f"The gradients are joined in the order {', '.join(order)}; it is i, f, o, g.")
        for order in permutations("ifog") if order != tuple("ifog")
    ),
    *_instead(
        "_lstm_step_forward",
        "tanh_forward(a_g)",
        ("lstm candidate as it is", "(a_g, a_g)", "The candidate g is not passed through tanh."),
    ),
    *_instead(
        "_lstm_step_forward",
        "c_next = f * c + i * g",
        ("lstm 1 - i for the forget gate", "c_next = (1 - i) * c + i * g",
         "1 - i stands where the forget gate f belongs: the two gates are independent."),
        ("lstm gates on each other's side of the cell", "c_next = f * g + i * c",
         "The forget gate is on the candidate and the input gate on the old cell."),
        ("lstm output gate for the input gate", "c_next = f * c + o * g",
         "The output gate stands where the input gate belongs."),
    ),
    *_instead(
        "_lstm_step_backward",
        "df, dc = dc_next * c, dc_next * f",
        ("lstm step i for f in dprev_c", "df, dc = dc_next * c, dc_next * i",
         "dprev_c takes the input gate; the old cell went through the forget gate f."),
        ("lstm step old gradient in dprev_c",
         "df, dc = dc_next * c, dout[1] * f",
         "dprev_c takes dnext_c before the gradient through next_h has been added."),
        ("lstm step dprev_c without the cell's own",
         "df, dc = dc_next * c, (dc_next - dout[1]) * f",
         "dprev_c takes the gradient through next_h alone; dnext_c adds to it."),
    ),
    *_instead(
        "lstm_forward",
        "c0 = np.zeros_like(h0)",
        ("lstm cell starts as h0", "c0 = h0", "The cell starts as h0; it starts at 0."),
        ("lstm cell starts at one", "c0 = np.ones_like(h0)", "The cell starts at 1, not at 0."),
    ),
    *_instead(
        "lstm_forward",
        "return _lstm_forward(x, h0, c0, Wx, Wh, b)",
        ("lstm h0 ignored", "return _lstm_forward(x, 0 * h0, c0, Wx, Wh, b)",
         "The first h is 0; it is h0."),
    ),
    *_instead(
        "lstm_backward",
        "return dx, dh0, dWx, dWh, db",
        ("lstm dh0 missing", "return dx, 0 * dh0, dWx, dWh, db",
         "dh0 is 0; it is what the first step sends back."),
        ("lstm dh0 with its upstream", "return dx, dh0 + dh[:, 0], dWx, dWh, db",
         "dh0 has dh[:, 0] added; that belongs to the first h, and has passed the step already."),
        ("lstm dh0 is an upstream", "return dx, dh[:, 0], dWx, dWh, db",
         "dh0 is the upstream of the first step; that still has to pass through the step."),
    ),
    *_instead(
        "word_embedding_backward",
        "return dW",
        ("embedding gradient starts from W", "return dW + cache[1]",
         "dW starts as a copy of W; it starts at 0."),
        ("embedding gradient starts at one", "return dW + 1", "dW starts at 1; it starts at 0."),
    ),
    *_instead(
        "temporal_affine_backward",
        "return dx.reshape(x_shape), dw, db",
        ("temporal affine db of every step", "return dx.reshape(x_shape), dw, dout.sum(axis=0)",
         "db is summed over the batch only; every step of it used b: axis=(0, 1)."),
        ("temporal affine db of every example", "return dx.reshape(x_shape), dw, dout.sum(axis=1)",
         "db is summed over the steps only; every example used b: axis=(0, 1)."),
        ("temporal affine db of the last step",
         "return dx.reshape(x_shape), dw, dout[:, -1].sum(axis=0)",
         "db holds the last step only; it is a sum over all of them."),
        ("temporal affine dw and db of the last step",
         "last = inner[0].reshape(x_shape)[:, -1]\n"
         "    return dx.reshape(x_shape), last.T @ dout[:, -1], dout[:, -1].sum(axis=0)",
         "dw and db hold the last step only; they add up over all of them."),
    ),
    *_instead(
        "temporal_softmax_loss",
        'return _temporal_softmax_loss(x, y, mask, mean="examples")',
        *(
            (name, 'loss, dx = _temporal_softmax_loss(x, y, mask, mean="examples")\n'
             "    N, T, V = x.shape\n"
             '    all_loss, all_dx = _temporal_softmax_loss(x, y, mask | True, mean="examples")\n'
             f"    return {wrong}", says)
            for name, wrong, says in (
                ("temporal dx without the mask", "loss, all_dx",
                 "dx lacks the mask: steps that it leaves out still get a gradient."),
                ("temporal loss without the mask", "all_loss, dx",
                 "The loss lacks the mask: steps that it leaves out count too."),
                ("temporal loss and dx without the mask", "all_loss, all_dx",
                 "The mask is not used: steps that it leaves out count too."),
                ("temporal dx not over N", "loss, dx * N", "dx is not divided by N."),
                ("temporal loss not over N", "loss * N, dx", "The loss is not divided by N."),
                ("temporal loss and dx not over N", "loss * N, dx * N",
                 "Loss and dx are not divided by N."),
                ("temporal dx over N T", "loss, dx / T", "dx is divided by N T; it is divided by N."),
                ("temporal loss over N T", "loss / T, dx",
                 "The loss is divided by N T; it is divided by N."),
                ("temporal loss and dx over N T", "loss / T, dx / T",
                 "Loss and dx are divided by N T; they are divided by N."),
                ("temporal loss over the steps that count", "loss * N / mask.sum(), dx",
                 "The loss is divided by the number of steps that count; it is divided by N."),
                ("temporal loss and dx over the steps that count",
                 "loss * N / mask.sum(), dx * N / mask.sum()",
                 "Both are divided by the number of steps that count; they are divided by N."),
            )
        ),
    ),
]  # fmt: skip
