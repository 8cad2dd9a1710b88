"""The GRU: gates without a cell; h itself is mixed, old and new.

Gate order here: r, z, n (reset, update, new), as in PyTorch; and, as there, the reset gate acts on
the product h whn, after it (the paper's acts on h, before it), so that bhn is not the same as bxn.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_shape
from manual.sigmoids import sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward

Six = tuple[Array, Array, Array, Array, Array, Array]


def gru_step_forward(
    x: Array, h: Array, wx: Array, wh: Array, bx: Array, bh: Array
) -> tuple[Array, Any]:
    """p = x wx + bx and q = h wh + bh are cut into three parts of width H each:

        r = sigmoid(p_r + q_r)          how much of the old to look at
        z = sigmoid(p_z + q_z)          how much of the old to keep
        n = tanh(p_n + r q_n)           the new
        h_next = (1 - z) n + z h

    x: (N, D)    h: (N, H)
    wx: (D, 3H)    wh: (H, 3H)    bx, bh: (3H,), each in the order r, z, n
    Returns h_next (N, H), and the cache.
    Source: Cho et al., 2014, in the form of PyTorch and cuDNN.
    """
    expect("ND NH", x=x, h=h)
    _expect_weights(x.shape[1], h.shape[1], wx, wh, bx, bh)
    p_r, p_z, p_n = np.split(x @ wx + bx, 3, axis=1)
    q_r, q_z, q_n = np.split(h @ wh + bh, 3, axis=1)
    r, r_cache = sigmoid_forward(p_r + q_r)
    z, z_cache = sigmoid_forward(p_z + q_z)
    n, n_cache = tanh_forward(p_n + r * q_n)
    h_next = (1 - z) * n + z * h
    return h_next, ((x, h, wx, wh), (r, z, n, q_n), (r_cache, z_cache, n_cache))


def gru_step_backward(dout: Array, cache: Any) -> Six:
    """From the last line of the forward to its first. h has two ways out: z h, and q = h wh + bh.

        dp_n = dout (1 - z) (1 - n^2)               dq_n = dp_n r
        dp_z = dq_z = dout (h - n) z (1 - z)        dp_r = dq_r = dp_n q_n r (1 - r)
        dh = dout z + dq wh^T,  the rest as in affine

    dout: (N, H)
    Returns dx (N, D), dh (N, H), dwx (D, 3H), dwh (H, 3H), dbx (3H,), dbh (3H,).
    """
    (x, h, wx, wh), (r, z, n, q_n), (r_cache, z_cache, n_cache) = cache
    expect_shape(h.shape, dout=dout)
    dz = dout * (h - n)
    dn = tanh_backward(dout * (1 - z), n_cache)
    dr = sigmoid_backward(dn * q_n, r_cache)
    dz = sigmoid_backward(dz, z_cache)
    dp = np.concatenate([dr, dz, dn], axis=1)  # (N, 3H)
    dq = np.concatenate([dr, dz, dn * r], axis=1)  # (N, 3H)
    dh = dout * z + dq @ wh.T
    return dp @ wx.T, dh, x.T @ dp, h.T @ dq, dp.sum(axis=0), dq.sum(axis=0)


def gru_forward(
    x: Array, h0: Array, wx: Array, wh: Array, bx: Array, bh: Array
) -> tuple[Array, Any]:
    """Step after step, from h0.

    x: (N, T, D)    h0: (N, H)
    wx: (D, 3H)    wh: (H, 3H)    bx, bh: (3H,)
    Returns h (N, T, H), and the caches of the steps.
    Source: that of the step.
    """
    expect("NTD NH", x=x, h0=h0)
    h, hs, caches = h0, [], []
    for t in range(x.shape[1]):
        h, cache = gru_step_forward(x[:, t], h, wx, wh, bx, bh)
        hs.append(h)
        caches.append(cache)
    return np.stack(hs, axis=1), caches


def gru_backward(dout: Array, cache: Any) -> Six:
    """From the last step to the first, as in rnn_backward.

    dout: (N, T, H)
    Returns dx (N, T, D), dh0 (N, H), dwx (D, 3H), dwh (H, 3H), dbx (3H,), dbh (3H,).
    Source: Werbos, 1990.
    """
    (_, h, _, _), _, _ = cache[0]
    expect_shape((len(h), len(cache), h.shape[1]), dout=dout)
    dxs: list[Array] = []
    dh: Any = 0
    dw: Any = (0, 0, 0, 0)
    for t in reversed(range(len(cache))):
        dx, dh, *of_step = gru_step_backward(dout[:, t] + dh, cache[t])
        dxs.append(dx)
        dw = [total + part for total, part in zip(dw, of_step, strict=True)]
    dwx, dwh, dbx, dbh = dw
    return np.stack(dxs[::-1], axis=1), dh, dwx, dwh, dbx, dbh


def _expect_weights(D: int, H: int, wx: Array, wh: Array, bx: Array, bh: Array) -> None:
    expect_shape((D, 3 * H), wx=wx)
    expect_shape((H, 3 * H), wh=wh)
    expect_shape((3 * H,), bx=bx, bh=bh)
