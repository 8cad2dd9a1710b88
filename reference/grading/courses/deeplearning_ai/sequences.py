"""Course 5, week 1: RNN and LSTM.

x is (n_x, m, T_x), a and c are (n_a, m, T_x); those of one step have no last axis.
"""

import numpy as np

from manual.lstm import lstm_backward as _lstm_backward
from manual.lstm import lstm_step_backward, lstm_step_forward
from manual.optimizers import clip_by_value
from manual.rnn import rnn_backward as _rnn_backward
from manual.rnn import rnn_forward as _rnn_forward
from manual.rnn import rnn_step_backward, rnn_step_forward
from manual.softmax import softmax_forward
from reference.grading.courses.deeplearning_ai.columns import affine, keys, moderate, sizes
from reference.grading.recipe import Problem

GATES = "ifoc"  # in manual/'s order


def prediction(a, parameters):
    """softmax(Wya a + by), over the rows of each column."""
    Z = affine(a, parameters["Wya"] if "Wya" in parameters else parameters["Wy"], parameters["by"])
    y, _ = softmax_forward(Z.T)
    return y.T


def predictions(a, parameters):
    """The same at every step."""
    return np.stack([prediction(a[:, :, t], parameters) for t in range(a.shape[2])], axis=2)


def rnn_cell_forward(xt, a_prev, parameters):
    """parameters: Wax, Waa, Wya, ba, by. Returns a_next, yt_pred, cache."""
    Wax, Waa, ba = parameters["Wax"], parameters["Waa"], parameters["ba"]
    a, _ = rnn_step_forward(xt.T, a_prev.T, Wax.T, Waa.T, ba[:, 0])
    a_next = a.T
    yt_pred = prediction(a_next, parameters)
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)


def rnn_forward(x, a0, parameters):
    """Returns a, y_pred, and the number of caches."""
    Wax, Waa, ba = parameters["Wax"], parameters["Waa"], parameters["ba"]
    h, caches = _rnn_forward(x.transpose(1, 2, 0), a0.T, Wax.T, Waa.T, ba[:, 0])
    a = h.transpose(2, 0, 1)
    y_pred = predictions(a, parameters)
    return a, y_pred, (caches, x)


def rnn_cell_backward(da_next, cache):
    """Returns a dict: dxt, da_prev, dWax, dWaa, dba."""
    dx, dh, dwx, dwh, db = rnn_step_backward(da_next.T, _rnn_cache(cache))
    return {"dxt": dx.T, "da_prev": dh.T, "dWax": dwx.T, "dWaa": dwh.T, "dba": db[:, None]}


def rnn_backward(da, caches):
    """Returns a dict: dx, da0, dWax, dWaa, dba."""
    steps = [_rnn_cache(cache) for cache in caches[0]]
    dx, dh, dwx, dwh, db = _rnn_backward(da.transpose(1, 2, 0), steps)
    dx = dx.transpose(2, 0, 1)
    grads = {"dx": dx, "da0": dh.T, "dWax": dwx.T, "dWaa": dwh.T, "dba": db[:, None]}
    return grads


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    """parameters: Wf, bf, Wi, bi, Wc, bc, Wo, bo, Wy, by; W (n_a, n_a + n_x) meets [a_prev; xt].

    Returns a_next, c_next, yt_pred, cache.
    """
    wx, wh, b = _joined(parameters, len(a_prev))
    (h, c), (_, gates, _) = lstm_step_forward(xt.T, a_prev.T, c_prev.T, wx, wh, b)
    it, ft, ot, cct, _ = (gate.T for gate in gates)
    a_next, c_next = h.T, c.T
    yt_pred = prediction(a_next, parameters)
    cache = (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)
    return a_next, c_next, yt_pred, cache


def lstm_forward(x, a0, parameters):
    """c starts at 0. Returns a, y, c, caches."""
    a_next, c_next = a0, np.zeros_like(a0)
    a, c, caches = [], [], []
    for t in range(x.shape[2]):
        a_next, c_next, _, cache = lstm_cell_forward(x[:, :, t], a_next, c_next, parameters)
        a.append(a_next)
        c.append(c_next)
        caches.append(cache)
    a, c = np.stack(a, axis=2), np.stack(c, axis=2)
    y = predictions(a, parameters)
    return a, y, c, (caches, x)


def lstm_cell_backward(da_next, dc_next, cache):
    """Returns a dict: dxt, da_prev, dc_prev, dWf, dbf, dWi, dbi, dWc, dbc, dWo, dbo."""
    dx, dh, dc, *dw = lstm_step_backward((da_next.T, dc_next.T), _lstm_cache(cache))
    return {"dxt": dx.T, "da_prev": dh.T, "dc_prev": dc.T} | _apart(*dw)


def lstm_backward(da, caches):
    """Returns a dict: dx, da0, dWf, dbf, dWi, dbi, dWc, dbc, dWo, dbo."""
    steps = [_lstm_cache(cache) for cache in caches[0]]
    dout = da.transpose(1, 2, 0)
    dx, dh, _, *dw = _lstm_backward(dout, steps)
    grads = {"dx": dx.transpose(2, 0, 1), "da0": dh.T} | _apart(*dw)
    return grads


def clip(gradients, maxValue):
    """Every number of every gradient between -maxValue and maxValue."""
    return clip_by_value(gradients, maxValue)


def _rnn_cache(cache):
    """A cache of the course as manual/'s."""
    a_next, a_prev, xt, parameters = cache
    return xt.T, a_prev.T, parameters["Wax"].T, parameters["Waa"].T, a_next.T


def _lstm_cache(cache):
    """A cache of the course as manual/'s."""
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    wx, wh, _ = _joined(parameters, len(a_next))
    outs = (it.T, ft.T, ot.T, cct.T, np.tanh(c_next.T))
    return (xt.T, a_prev.T, c_prev.T, wx, wh), outs, outs


def _joined(parameters, n_a):
    """The four gates' weights as wx, wh, b."""
    W = [parameters["W" + gate] for gate in GATES]
    wx = np.concatenate([each[:, n_a:].T for each in W], axis=1)
    wh = np.concatenate([each[:, :n_a].T for each in W], axis=1)
    return wx, wh, np.concatenate([parameters["b" + gate][:, 0] for gate in GATES])


def _apart(dwx, dwh, db):
    """And their gradients in four."""
    grads = {}
    parts = zip(GATES, *(np.split(each, 4, axis=-1) for each in (dwh, dwx, db)), strict=True)
    for gate, of_a, of_x, of_b in parts:
        grads["dW" + gate] = np.concatenate([of_a.T, of_x.T], axis=1)
        grads["db" + gate] = of_b[:, None]
    return grads


FUNCTIONS = {
    "rnn_cell_forward": rnn_cell_forward,
    "rnn_forward": rnn_forward,
    "lstm_cell_forward": lstm_cell_forward,
    "lstm_forward": lstm_forward,
    "rnn_cell_backward": rnn_cell_backward,
    "rnn_backward": rnn_backward,
    "lstm_cell_backward": lstm_cell_backward,
    "lstm_backward": lstm_backward,
    "clip": clip,
}


# What is drawn --------------------------------------------------------------------------------


def _rnn(dice):
    m, n_x, n_a, n_y = sizes(dice, 4)
    parameters = {"Wax": moderate(dice, n_a, n_x), "Waa": moderate(dice, n_a, n_a)}
    parameters |= {"Wya": moderate(dice, n_y, n_a)}
    parameters |= {"ba": moderate(dice, n_a, 1), "by": moderate(dice, n_y, 1)}
    return (m, n_x, n_a), parameters


def _lstm(dice):
    m, n_x, n_a, n_y = sizes(dice, 4)
    parameters = {}
    for gate in GATES:
        parameters["W" + gate] = moderate(dice, n_a, n_a + n_x)
        parameters["b" + gate] = moderate(dice, n_a, 1)
    parameters |= {"Wy": moderate(dice, n_y, n_a), "by": moderate(dice, n_y, 1)}
    return (m, n_x, n_a), parameters


def _rnn_cell(dice):
    (m, n_x, n_a), parameters = _rnn(dice)
    e = {"xt": moderate(dice, n_x, m), "a_prev": moderate(dice, n_a, m), "parameters": parameters}
    e["a_next"], _, _ = rnn_cell_forward(**e)
    return e | {"da_next": dice.array(n_a, m)}


def _rnn_steps(dice):
    (m, n_x, n_a), parameters = _rnn(dice)
    T = (2, 3, 4)[dice.k % 3]
    e = {"x": moderate(dice, n_x, m, T), "a0": moderate(dice, n_a, m), "parameters": parameters}
    e["a"], _, _ = rnn_forward(**e)
    return e | {"da": dice.array(n_a, m, T)}


def _lstm_cell(dice):
    (m, n_x, n_a), parameters = _lstm(dice)
    e = {"xt": moderate(dice, n_x, m), "a_prev": moderate(dice, n_a, m)}
    e |= {"c_prev": moderate(dice, n_a, m), "parameters": parameters}
    names = ("a_next", "c_next", "a_prev", "c_prev", "ft", "it", "cct", "ot")
    e["cache"] = dict(zip(names, lstm_cell_forward(**e)[3], strict=False))
    return e | {"da_next": dice.array(n_a, m), "dc_next": dice.array(n_a, m)}


def _lstm_steps(dice):
    (m, n_x, n_a), parameters = _lstm(dice)
    T = (2, 3, 4)[dice.k % 3]
    e = {"x": moderate(dice, n_x, m, T), "a0": moderate(dice, n_a, m), "parameters": parameters}
    _, _, _, (caches, _) = lstm_forward(**e)
    names = ("a_next", "c_next", "a_prev", "c_prev", "ft", "it", "cct", "ot")
    e["steps"] = [dict(zip(names, cache, strict=False)) for cache in caches]
    return e | {"da": dice.array(n_a, m, T)}


def _gradients(dice):
    n_x, n_a, n_y = dice.sizes(3)
    shapes = {"dWax": (n_a, n_x), "dWaa": (n_a, n_a), "dWya": (n_y, n_a)}
    shapes |= {"db": (n_a, 1), "dby": (n_y, 1)}
    gradients = {name: dice.array(*shape) for name, shape in shapes.items()}
    return {"gradients": gradients, "maxValue": (1, 0.75, 0.5)[dice.k % 3]}


# What is asked --------------------------------------------------------------------------------


def _ask_rnn_cell(do, e):
    a_next, yt_pred, _ = do("rnn_cell_forward", e.xt, e.a_prev, e.parameters, parts=3)
    return {"a_next": a_next, "yt_pred": yt_pred}


def _ask_rnn(do, e):
    a, y_pred, caches = do("rnn_forward", e.x, e.a0, e.parameters, parts=3)
    return {"a": a, "y_pred": y_pred, "len(caches[0])": _count(do, caches)}


def _count(do, caches):
    return do.method(do.method(caches, "__getitem__", 0), "__len__")


def _ask_lstm_cell(do, e):
    name = "lstm_cell_forward"
    a_next, c_next, yt_pred, _ = do(name, e.xt, e.a_prev, e.c_prev, e.parameters, parts=4)
    return {"a_next": a_next, "c_next": c_next, "yt_pred": yt_pred}


def _ask_lstm(do, e):
    a, y, c, caches = do("lstm_forward", e.x, e.a0, e.parameters, parts=4)
    return {"a": a, "y": y, "c": c, "len(caches[0])": _count(do, caches)}


_OF_RNN = ("dWax", "dWaa", "dba")
_OF_LSTM = ("dWf", "dbf", "dWi", "dbi", "dWc", "dbc", "dWo", "dbo")


def _ask_rnn_cell_backward(do, e):
    cache = (e.a_next, e.a_prev, e.xt, e.parameters)
    return keys(do, do("rnn_cell_backward", e.da_next, cache), "dxt", "da_prev", *_OF_RNN)


def _ask_rnn_backward(do, e):
    caches, a_prev = [], e.a0
    for t in range(e.x.shape[2]):
        caches.append((e.a[:, :, t], a_prev, e.x[:, :, t], e.parameters))
        a_prev = e.a[:, :, t]
    return keys(do, do("rnn_backward", e.da, (caches, e.x)), "dx", "da0", *_OF_RNN)


def _ask_lstm_cell_backward(do, e):
    cache = (*e.cache.values(), e.xt, e.parameters)
    grads = do("lstm_cell_backward", e.da_next, e.dc_next, cache)
    return keys(do, grads, "dxt", "da_prev", "dc_prev", *_OF_LSTM)


def _ask_lstm_backward(do, e):
    caches = [(*held.values(), e.x[:, :, t], e.parameters) for t, held in enumerate(e.steps)]
    return keys(do, do("lstm_backward", e.da, (caches, e.x)), "dx", "da0", *_OF_LSTM)


def _ask_clip(do, e):
    return keys(do, do("clip", e.gradients, e.maxValue), *e.gradients)


PROBLEMS = [
    Problem("rnn_cell_forward", _rnn_cell, _ask_rnn_cell, ("rnn_cell_forward",)),
    Problem("rnn_forward", _rnn_steps, _ask_rnn, ("rnn_forward",), uses=("rnn_cell_forward",)),
    Problem("lstm_cell_forward", _lstm_cell, _ask_lstm_cell, ("lstm_cell_forward",)),
    Problem("lstm_forward", _lstm_steps, _ask_lstm, ("lstm_forward",), uses=("lstm_cell_forward",)),
    Problem("rnn_cell_backward", _rnn_cell, _ask_rnn_cell_backward, ("rnn_cell_backward",)),
    Problem(
        "rnn_backward",
        _rnn_steps,
        _ask_rnn_backward,
        ("rnn_backward",),
        uses=("rnn_cell_backward",),
    ),
    Problem("lstm_cell_backward", _lstm_cell, _ask_lstm_cell_backward, ("lstm_cell_backward",)),
    Problem(
        "lstm_backward",
        _lstm_steps,
        _ask_lstm_backward,
        ("lstm_backward",),
        uses=("lstm_cell_backward",),
    ),
    Problem("clip", _gradients, _ask_clip, ("clip",)),
]
