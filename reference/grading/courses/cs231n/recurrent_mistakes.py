"""What students write in place of the recurrent layers of recurrent.py."""

from itertools import permutations

from reference.cards import Mistake
from reference.grading.courses.cs231n.batchnorm_mistakes import instead

_GRADS = ("dWx", "dWh", "db")


def _through_time(kind, function, states, upstream):
    """Mistakes of a loop backwards; function: the name that manual/'s has here."""
    step = f"dx, {states}, *of_step = {kind}_step_backward({upstream}, cache[t])"
    every = instead(
        function,
        step,
        (f"{kind} dh0 before its step",
         f"before = dout[:, t] + dh\n        {step}\n        dh = dh if t else before",
         "dh0 is the gradient of the first step's output; it has to pass through the step."),
        (f"{kind} first step left out",
         f"if t == 0:\n            dxs.append(0 * dxs[-1])\n            break\n        {step}",
         "The loop backwards ends before the first step."),
        (f"{kind} dh added up", f"before = dh\n        {step}\n        dh = dh + before",
         "What the later steps send back adds up; each step hands on its own gradient alone."),
        (f"{kind} first cache at every step", step.replace("cache[t]", "cache[0]"),
         "Every step goes back with the cache of the first step."),
    )  # fmt: skip
    for k, name in enumerate(_GRADS):
        kept = ", ".join(f"of_step[{j}]" if j == k else f"dw[{j}]" for j in range(3))
        every += instead(
            function,
            "dwx, dwh, db = dw",
            (f"{kind} {name} overwritten", f"dwx, dwh, db = {kept}",
             f"{name} is overwritten at each step; it adds up over the steps: += for =."),
        )  # fmt: skip
    return every


MISTAKES: list[Mistake] = [
    *instead(
        "rnn_step_forward",
        "h_next, tanh_cache = tanh_forward(x @ wx + h @ wh + b)",
        ("rnn step relu for tanh",
         "_, tanh_cache = tanh_forward(x @ wx + h @ wh + b)\n"
         "    h_next = np.maximum(0, x @ wx + h @ wh + b)",
         "The sum passes through relu; it passes through tanh."),
    ),
    *instead(
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
    *instead(
        "rnn_step_backward",
        "da @ wx.T",
        ("rnn step dx before tanh", "dout @ wx.T",
         "dx takes dnext_h; it takes what has passed tanh."),
    ),
    *instead(
        "rnn_step_backward",
        "x.T @ da",
        ("rnn step dWx before tanh", "x.T @ dout",
         "dWx takes dnext_h; it takes what has passed tanh."),
    ),
    *instead(
        "rnn_step_backward",
        "h.T @ da",
        ("rnn step dWh before tanh", "h.T @ dout",
         "dWh takes dnext_h; it takes what has passed tanh."),
    ),
    *instead(
        "rnn_backward",
        "dout[:, t] + dh",
        ("rnn upstream of the last step throughout", "dout[:, -1] + dh",
         "Every step gets the upstream of the last one; step t gets dh[:, t]."),
    ),
    *instead(
        "rnn_backward",
        "dh: Any = 0",
        ("rnn upstream twice at the end", "dh: Any = dout[:, -1]",
         "The gradient from behind starts with dh of the last step, which so counts twice; start "
         "with 0."),
    ),
    *instead(
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
    *(
        mistake
        for kind, function, upstream in (
            ("rnn", "rnn_step_backward", "dout"), ("lstm", "_lstm_step_backward", "dout[0]"),
        )
        for mistake in (
            *instead(
                function,
                "da @ wh.T",
                (f"{kind} step dprev_h is dnext_h", upstream,
                 "dprev_h is dnext_h, passed on; it has to pass through the step."),
            ),
            *instead(
                function,
                "da.sum(axis=0)",
                (f"{kind} step db not summed", "da", "db is not summed over the batch."),
            ),
        )
    ),
    *instead(
        "rnn_step_backward",
        "da @ wh.T",
        ("rnn step Wh missing in dprev_h", "da", "dprev_h lacks the factor Wh^T."),
    ),
    *(
        Mistake(f"{kind} first input throughout", function, "x[:, t]", "x[:, 0]",
                "Every step sees the input of the first one.")
        for kind, function in (("rnn", "rnn_forward"), ("lstm", "_lstm_forward"))
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
        for mistake in instead(
            "_lstm_step_backward",
            f"sigmoid_backward(d{gate}, {gate}_cache)",
            *(
                (f"lstm step {name} {gate}", wrong.replace("s", gate),
                 f"The slope of {gate}, which came out of a sigmoid, is {gate} (1 - {gate}); "
                 f"yours is {told.replace('s', gate)}.")
                for name, wrong, told in (
                    ("no slope of", "ds", "1"),
                    ("slope s for", "ds * s", "s"),
                    ("slope 1 - s for", "ds * (1 - s)", "1 - s"),
                    ("tanh' for", "ds * (1 - s * s)", "1 - s^2"),
                )
            ),
        )
    ),
    *instead(
        "_lstm_step_backward",
        "tanh_backward(dg, g_cache)",
        ("lstm step tanh' of g missing", "dg", "dg is not taken back through its tanh."),
        ("lstm step slope 1 - g for g", "dg * (1 - g)",
         "The slope of g is 1 - g^2; yours is 1 - g."),
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
        for mistake in instead(
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
        for order in permutations("ifog") if order[2:] != ("o", "g")
        if order != tuple("ifgo")  # those of the cards
    ),
    *(
        Mistake(f"lstm gradients in the order {', '.join(order)}", "_lstm_step_backward",
                "return da @ wx.T", f"da = np.concatenate([np.split(da, 4, axis=1)[k] for k in "
                f"{tuple(map('ifog'.index, order))}], axis=1)\n    return da @ wx.T",
                f"The gradients are joined in the order {', '.join(order)}; it is i, f, o, g.")
        for order in permutations("ifog") if order[:2] != ("i", "f")
    ),
    *instead(
        "_lstm_step_forward",
        "tanh_forward(a_g)",
        ("lstm candidate as it is", "(a_g, a_g)", "The candidate g is not passed through tanh."),
    ),
    *instead(
        "_lstm_step_forward",
        "h_next = o * shown",
        ("lstm without an output gate", "h_next = shown",
         "h_next shows the whole cell; the output gate o says how much of it."),
    ),
    *instead(
        "_lstm_step_backward",
        "dc_next = dc_next + tanh_backward(dh_next * o, c_cache)",
        ("lstm step tanh of the cell for its slope", "dc_next = dc_next + dh_next * o * shown",
         "The gradient is multiplied by tanh of the cell; it is multiplied by the slope, 1 - "
         "tanh^2."),
        ("lstm step do with the cell's gradient",
         "dc_next = dc_next + tanh_backward(dh_next * o, c_cache)\n    do = dc_next * shown",
         "do takes the gradient of the cell; it takes that of next_h."),
        ("lstm step cell's gradient minus",
         "dc_next = dc_next - tanh_backward(dh_next * o, c_cache)",
         "The gradient through next_h is subtracted; it is added."),
    ),
    *instead(
        "_lstm_backward",
        "(dout[:, t] + dh, dc), cache[t]",
        ("lstm upstream for every cell", "(dout[:, t] + dh, dc + dout[:, t]), cache[t]",
         "dh[:, t] is added to the cell's gradient too; it belongs to h alone."),
    ),
    *instead(
        "_lstm_step_forward",
        "c_next = f * c + i * g",
        ("lstm 1 - i for the forget gate", "c_next = (1 - i) * c + i * g",
         "1 - i stands where the forget gate f belongs: the two gates are independent."),
        ("lstm gates on each other's side of the cell", "c_next = f * g + i * c",
         "The forget gate is on the candidate and the input gate on the old cell."),
        ("lstm output gate for the input gate", "c_next = f * c + o * g",
         "The output gate stands where the input gate belongs."),
    ),
    *instead(
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
    *instead(
        "lstm_forward",
        "c0 = np.zeros_like(h0)",
        ("lstm cell starts as h0", "c0 = h0", "The cell starts as h0; it starts at 0."),
        ("lstm cell starts at one", "c0 = np.ones_like(h0)", "The cell starts at 1, not at 0."),
    ),
    *instead(
        "lstm_forward",
        "return _lstm_forward(x, h0, c0, Wx, Wh, b)",
        ("lstm h0 ignored", "return _lstm_forward(x, 0 * h0, c0, Wx, Wh, b)",
         "The first h is 0; it is h0."),
    ),
    *instead(
        "lstm_backward",
        "return dx, dh0, dWx, dWh, db",
        ("lstm dh0 missing", "return dx, 0 * dh0, dWx, dWh, db",
         "dh0 is 0; it is what the first step sends back."),
        ("lstm dh0 with its upstream", "return dx, dh0 + dh[:, 0], dWx, dWh, db",
         "dh0 has dh[:, 0] added; that belongs to the first h, and has passed the step already."),
        ("lstm dh0 is an upstream", "return dx, dh[:, 0], dWx, dWh, db",
         "dh0 is the upstream of the first step; that still has to pass through the step."),
    ),
    *instead(
        "word_embedding_backward",
        "return dW",
        ("embedding gradient starts from W", "return dW + cache[1]",
         "dW starts as a copy of W; it starts at 0."),
        ("embedding gradient starts at one", "return dW + 1", "dW starts at 1; it starts at 0."),
    ),
    *instead(
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
    *instead(
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
                ("temporal dx over N T", "loss, dx / T",
                 "dx is divided by N T; it is divided by N."),
                ("temporal loss over N T", "loss / T, dx",
                 "The loss is divided by N T; it is divided by N."),
                ("temporal loss and dx over N T", "loss / T, dx / T",
                 "Loss and dx are divided by N T; they are divided by N."),
                ("temporal loss over T", "loss * N / T, dx", "The loss is divided by T, not by N."),
                ("temporal dx over T", "loss, dx * N / T", "dx is divided by T; divide by N."),
                ("temporal loss over the steps that count", "loss * N / mask.sum(), dx",
                 "The loss is divided by the number of steps that count; it is divided by N."),
                ("temporal loss and dx over the steps that count",
                 "loss * N / mask.sum(), dx * N / mask.sum()",
                 "Both are divided by the number of steps that count; they are divided by N."),
            )
        ),
    ),
]  # fmt: skip
