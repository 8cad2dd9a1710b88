"""CS231n, assignment 3: the recurrent layers, and the same affine map and loss at every step."""

import numpy as np

from manual.embedding import embedding_backward, embedding_forward
from manual.lstm import lstm_backward as _lstm_backward
from manual.lstm import lstm_forward as _lstm_forward
from manual.lstm import lstm_step_backward as _lstm_step_backward
from manual.lstm import lstm_step_forward as _lstm_step_forward
from manual.rnn import rnn_backward, rnn_forward, rnn_step_backward, rnn_step_forward
from manual.temporal import temporal_affine_backward, temporal_affine_forward
from manual.temporal import temporal_softmax_loss as _temporal_softmax_loss
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
        backward_of(
            "temporal_affine_forward", "temporal_affine_backward", _AFFINE, "dx", "dw", "db"
        ),
        ("temporal_affine_forward", "temporal_affine_backward"),
        others=(_affine_from_starter,),
        forward="temporal_affine_forward",
    ),
    Problem("temporal_softmax_loss", _masked, _loss, ("temporal_softmax_loss",)),
]
