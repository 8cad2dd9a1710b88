"""The LSTM: a recurrent network with a cell, c, that changes by addition, behind gates.

Gate order here: i, f, o, g (input, forget, output, candidate), as in CS231n. PyTorch's is
i, f, g, o, with its weights lying the other way and two biases.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_shape
from manual.sigmoids import sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward


def lstm_step_forward(
    x: Array, h: Array, c: Array, wx: Array, wh: Array, b: Array
) -> tuple[tuple[Array, Array], Any]:
    """a = x wx + h wh + b is cut into four parts of width H:

        i = sigmoid(a_i)    f = sigmoid(a_f)    o = sigmoid(a_o)    g = tanh(a_g)
        c_next = f c + i g                      how much to keep, how much to write
        h_next = o tanh(c_next)                 how much to show

    x: (N, D)    h, c: (N, H)
    wx: (D, 4H)    wh: (H, 4H)    b: (4H,), each in the order i, f, o, g
    Returns (h_next, c_next), each (N, H), and the cache.
    Source: Hochreiter and Schmidhuber, 1997; forget gate: Gers, Schmidhuber and Cummins, 2000.
    """
    expect("ND NH NH", x=x, h=h, c=c)
    _expect_weights(x.shape[1], h.shape[1], wx, wh, b)
    a_i, a_f, a_o, a_g = np.split(x @ wx + h @ wh + b, 4, axis=1)
    i, i_cache = sigmoid_forward(a_i)
    f, f_cache = sigmoid_forward(a_f)
    o, o_cache = sigmoid_forward(a_o)
    g, g_cache = tanh_forward(a_g)
    c_next = f * c + i * g
    shown, c_cache = tanh_forward(c_next)
    h_next = o * shown
    values, gates = (x, h, c, wx, wh), (i, f, o, g, shown)
    return (h_next, c_next), (values, gates, (i_cache, f_cache, o_cache, g_cache, c_cache))


def lstm_step_backward(
    dout: tuple[Array, Array], cache: Any
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """From the last line of the forward to its first. c_next has two ways out: through h_next, and
    straight on to the next step; their gradients add.

        dc_next += dh_next o (1 - tanh(c_next)^2)       do = dh_next tanh(c_next)
        df = dc_next c      dc = dc_next f      di = dc_next g      dg = dc_next i
        da: each of di, df, do, dg times its slope;  then affine's backward, twice

    dout: (dh_next, dc_next), each (N, H)
    Returns dx (N, D), dh (N, H), dc (N, H), dwx (D, 4H), dwh (H, 4H), db (4H,).
    Errors: also TypeError for a dout that is no pair.
    """
    (x, h, c, wx, wh), (i, f, o, g, shown), caches = cache
    i_cache, f_cache, o_cache, g_cache, c_cache = caches
    if not isinstance(dout, tuple) or len(dout) != 2:
        raise TypeError(f"dout is a {type(dout).__name__}, expected a pair: (dh_next, dc_next)")
    dh_next, dc_next = dout
    expect_shape(c.shape, dh_next=dh_next, dc_next=dc_next)
    do = dh_next * shown
    dc_next = dc_next + tanh_backward(dh_next * o, c_cache)
    df, dc = dc_next * c, dc_next * f
    di, dg = dc_next * g, dc_next * i
    da = np.concatenate(
        [
            sigmoid_backward(di, i_cache),
            sigmoid_backward(df, f_cache),
            sigmoid_backward(do, o_cache),
            tanh_backward(dg, g_cache),
        ],
        axis=1,
    )  # (N, 4H)
    return da @ wx.T, da @ wh.T, dc, x.T @ da, h.T @ da, da.sum(axis=0)


def lstm_forward(
    x: Array, h0: Array, c0: Array, wx: Array, wh: Array, b: Array
) -> tuple[Array, Any]:
    """Step after step, from h0 and c0.

    x: (N, T, D)    h0, c0: (N, H)
    wx: (D, 4H)    wh: (H, 4H)    b: (4H,)
    Returns h (N, T, H), and the caches of the steps; the cells stay inside.
    Source: that of the step.
    """
    expect("NTD NH NH", x=x, h0=h0, c0=c0)
    h, c, hs, caches = h0, c0, [], []
    for t in range(x.shape[1]):
        (h, c), cache = lstm_step_forward(x[:, t], h, c, wx, wh, b)
        hs.append(h)
        caches.append(cache)
    return np.stack(hs, axis=1), caches


def lstm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array, Array, Array, Array]:
    """From the last step to the first, with two gradients on the way back: dh and dc.

    The last cell feeds no further step, so dc starts at 0.

    dout: (N, T, H)
    Returns dx (N, T, D), dh0 (N, H), dc0 (N, H), dwx (D, 4H), dwh (H, 4H), db (4H,).
    Source: Werbos, 1990.
    """
    (_, _, c, _, _), _, _ = cache[0]
    expect_shape((len(c), len(cache), c.shape[1]), dout=dout)
    dxs: list[Array] = []
    dh, dc = np.zeros_like(dout[:, 0]), np.zeros_like(dout[:, 0])
    dw: Any = (0, 0, 0)
    for t in reversed(range(len(cache))):
        dx, dh, dc, *of_step = lstm_step_backward((dout[:, t] + dh, dc), cache[t])
        dxs.append(dx)
        dw = [total + part for total, part in zip(dw, of_step, strict=True)]
    dwx, dwh, db = dw
    return np.stack(dxs[::-1], axis=1), dh, dc, dwx, dwh, db


def _expect_weights(D: int, H: int, wx: Array, wh: Array, b: Array) -> None:
    expect_shape((D, 4 * H), wx=wx)
    expect_shape((H, 4 * H), wh=wh)
    expect_shape((4 * H,), b=b)
