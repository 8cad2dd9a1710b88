"""Attention: every query looks at all keys, and takes the mean of the values, weighted by likeness.

And rotary positions, which turn queries and keys, so that likeness knows how far apart they are.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

import math
from typing import Any

import numpy as np

from manual.checks import Array, expect_axes, expect_mask, expect_positive, expect_shape
from manual.softmax import softmax_backward


def attention_forward(
    q: Array, k: Array, v: Array, causal: bool = False, mask: Array | None = None
) -> tuple[Array, Any]:
    """out = p v,   p = softmax(s) along the keys,   s = q k^T / sqrt(D)

    Divided by sqrt(D), as a dot product of D random terms is sqrt(D) large.

    q: (..., T, D)    k: (..., S, D)    v: (..., S, M); the axes in front are the same for all
    causal: query t looks at keys 0 to t only
    mask: True where a query may look at a key, (..., T, S) or any shape that broadcasts to it
    A query that may look at nothing gives 0.
    Returns out (..., T, M), and the cache.
    Errors: also TypeError for a mask that is no array of booleans.
    Source: Vaswani et al., 2017.
    """
    expect_axes(2, q=q, k=k, v=v)
    expect_shape((*q.shape[:-2], k.shape[-2], q.shape[-1]), k=k)
    expect_shape((*k.shape[:-1], *v.shape[-1:]), v=v)
    s = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])  # (..., T, S)
    seen = np.ones(s.shape, bool)
    if causal:
        seen = np.tril(seen)
    if mask is not None:
        expect_mask(mask, s.shape)
        seen = seen & mask
    # To the row's least score before exp, which cannot overflow then, and to 0 after it.
    shown = np.where(seen, s, s.min(axis=-1, keepdims=True))
    e = np.exp(shown - shown.max(axis=-1, keepdims=True)) * seen
    blind = ~seen.any(axis=-1, keepdims=True)
    p = e / (e.sum(axis=-1, keepdims=True) + blind)  # 0 / 1 where nothing is seen
    return p @ v, (q, k, v, p)


def attention_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """Two products and a softmax, each backward as in its own file:

        out = p v                   dp = dout v^T       dv = p^T dout
        p = softmax(s)              ds = p (dp - sum_j dp[j] p[j]), 0 where p is
        s = q k^T / sqrt(D)         dq = ds k / sqrt(D)     dk = ds^T q / sqrt(D)

    dout: (..., T, M)
    Returns dq (..., T, D), dk (..., S, D), dv (..., S, M).
    """
    q, k, v, p = cache
    expect_shape((*q.shape[:-1], v.shape[-1]), dout=dout)
    dp = dout @ v.swapaxes(-1, -2)  # (..., T, S)
    dv = p.swapaxes(-1, -2) @ dout
    ds = softmax_backward(dp, p) / math.sqrt(q.shape[-1])
    return ds @ k, ds.swapaxes(-1, -2) @ q, dv


def rotary_forward(x: Array, base: float = 10000.0) -> tuple[Array, Any]:
    """Turns the pair (x[t, j], x[t, j + D/2]) by the angle t / base^(2j / D): rotary positions.

    A dot product of two turned vectors depends on the difference of their angles alone, that is, on
    how many steps lie between them.

    x: (..., T, D), D even    base: sets the slowest turn
    Returns out (..., T, D), and the cache.
    Errors: also ValueError for a base that is not above 0.
    Source: Su et al., 2021; first half paired with second, as in GPT-NeoX and Llama.
    """
    expect_axes(2, x=x)
    expect_positive(base=base)
    T, D = x.shape[-2:]
    if D % 2:
        raise ValueError(f"x has shape {x.shape}, expected an even last axis")
    angles = np.arange(T)[:, None] / base ** (2 * np.arange(D // 2) / D)  # (T, D/2)
    kind = (x / 1).dtype  # float32 stays float32, and whole numbers become floats
    cos, sin = np.cos(angles).astype(kind), np.sin(angles).astype(kind)
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1), (cos, sin, x.shape)


def rotary_backward(dout: Array, cache: Any) -> Array:
    """The transpose of a turn is the turn back: the same with -sin. dout, dx: (..., T, D)."""
    cos, sin, x_shape = cache
    expect_shape(x_shape, dout=dout)
    da, db = np.split(dout, 2, axis=-1)
    return np.concatenate([da * cos + db * sin, db * cos - da * sin], axis=-1)
