"""The recurrent network: one layer, applied at every step to the input and to what it said last.

Back-propagation through time is the chain rule on the loop, and so a loop backwards: h[t] feeds the
output at t and the step at t + 1, and its two gradients add.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_shape
from manual.sigmoids import tanh_backward, tanh_forward


def rnn_step_forward(x: Array, h: Array, wx: Array, wh: Array, b: Array) -> tuple[Array, Any]:
    """h_next = tanh(x wx + h wh + b).

    x: (N, D)    h: (N, H), what the last step gave
    wx: (D, H)    wh: (H, H)    b: (H,)
    Returns h_next (N, H), and the cache.
    Source: Elman, 1990; CS231n, assignment 3.
    """
    expect("ND NH DH HH H", x=x, h=h, wx=wx, wh=wh, b=b)
    h_next, tanh_cache = tanh_forward(x @ wx + h @ wh + b)
    return h_next, (x, h, wx, wh, tanh_cache)


def rnn_step_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array, Array, Array]:
    """With a = x wx + h wh + b, da is tanh's dx; then affine's backward, twice.

    dout: (N, H)
    Returns dx (N, D), dh (N, H), dwx (D, H), dwh (H, H), db (H,).
    """
    x, h, wx, wh, tanh_cache = cache
    da = tanh_backward(dout, tanh_cache)  # (N, H)
    return da @ wx.T, da @ wh.T, x.T @ da, h.T @ da, da.sum(axis=0)


def rnn_forward(x: Array, h0: Array, wx: Array, wh: Array, b: Array) -> tuple[Array, Any]:
    """h[t] = tanh(x[t] wx + h[t - 1] wh + b), step after step, from h0.

    x: (N, T, D)    h0: (N, H)
    wx: (D, H)    wh: (H, H)    b: (H,)
    Returns h (N, T, H), and the caches of the steps.
    Source: that of the step.
    """
    expect("NTD NH DH HH H", x=x, h0=h0, wx=wx, wh=wh, b=b)
    h, hs, caches = h0, [], []
    for t in range(x.shape[1]):
        h, cache = rnn_step_forward(x[:, t], h, wx, wh, b)
        hs.append(h)
        caches.append(cache)
    return np.stack(hs, axis=1), caches


def rnn_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array, Array, Array]:
    """From the last step to the first. dh is what the steps behind send back; dout[:, t] joins it.

    Every step used the same wx, wh and b: their gradients add up over the steps.

    dout: (N, T, H)
    Returns dx (N, T, D), dh0 (N, H), dwx (D, H), dwh (H, H), db (H,).
    Source: Werbos, 1990.
    """
    N, H = cache[0][1].shape
    expect_shape((N, len(cache), H), dout=dout)
    dxs: list[Array] = []
    dh: Any = 0  # nothing comes after the last step
    dw: Any = (0, 0, 0)
    for t in reversed(range(len(cache))):
        dx, dh, *of_step = rnn_step_backward(dout[:, t] + dh, cache[t])
        dxs.append(dx)
        dw = [total + part for total, part in zip(dw, of_step, strict=True)]
    dwx, dwh, db = dw
    return np.stack(dxs[::-1], axis=1), dh, dwx, dwh, db
