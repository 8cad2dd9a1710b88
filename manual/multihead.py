"""Multi-head self-attention: every place of a sequence looks at the others, in several ways.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

from typing import Any

import numpy as np

from manual.attention import attention_backward, attention_forward, rotary_backward, rotary_forward
from manual.checks import Array, expect, expect_array, expect_count, expect_shape
from manual.temporal import temporal_affine_backward, temporal_affine_forward


def multihead_attention_forward(
    x: Array,
    wqkv: Array,
    bqkv: Array,
    wo: Array,
    bo: Array,
    heads: int = 1,
    causal: bool = False,
    mask: Array | None = None,
    rotary: bool = False,
) -> tuple[Array, Any]:
    """q, k, v = x wqkv + bqkv;  attention in each head by itself;  out = (heads joined) wo + bo

    x: (N, T, D); head h has the D / heads columns from h D / heads on, of each of q, k and v
    wqkv: (D, 3D), the columns of q, then of k, then of v
    bqkv: (3D,)
    wo: (D, D)
    bo: (D,)
    causal: place t looks at places 0 to t only
    mask: True where a place may look at another, (T, T), or (N, 1, T, T) for a mask of each
          example, (N, heads, T, T) of each head; (N, 1, 1, T) hides padding
    rotary: turn q and k by their places (rotary_forward)
    Returns out (N, T, D), and the cache.
    Errors: also ValueError for heads that do not divide D, TypeError for a mask that is no array
    of booleans.
    Source: Vaswani et al., 2017.
    """
    expect("NTD DE E DD D", x=x, wqkv=wqkv, bqkv=bqkv, wo=wo, bo=bo)
    expect_count(heads=heads)
    D = x.shape[2]
    expect_shape((D, 3 * D), wqkv=wqkv)
    if mask is not None:
        expect_array("mask", mask)
        if mask.ndim == 3:
            raise ValueError(
                f"mask has shape {mask.shape}, expected (T, T) or (N, 1, T, T): a mask of each "
                "example needs an axis for the heads"
            )
    if D % heads:
        raise ValueError(f"heads is {heads}, expected a divisor of the {D} columns of x")
    qkv, in_cache = temporal_affine_forward(x, wqkv, bqkv)  # (N, T, 3D)
    q, k, v = (_apart(each, heads) for each in np.split(qkv, 3, axis=2))  # (N, heads, T, D / heads)
    q_cache = k_cache = None
    if rotary:
        q, q_cache = rotary_forward(q)
        k, k_cache = rotary_forward(k)
    seen, seen_cache = attention_forward(q, k, v, causal, mask)
    out, out_cache = temporal_affine_forward(_joined(seen), wo, bo)
    return out, (in_cache, q_cache, k_cache, seen_cache, out_cache, heads)


def multihead_attention_backward(
    dout: Array, cache: Any
) -> tuple[Array, Array, Array, Array, Array]:
    """The forward's lines from last to first; x fed q, k and v: three gradients in one product.

    dout: (N, T, D)
    Returns dx (N, T, D), dwqkv (D, 3D), dbqkv (3D,), dwo (D, D), dbo (D,).
    """
    in_cache, q_cache, k_cache, seen_cache, out_cache, heads = cache
    djoined, dwo, dbo = temporal_affine_backward(dout, out_cache)
    dq, dk, dv = attention_backward(_apart(djoined, heads), seen_cache)
    if q_cache is not None:
        dq = rotary_backward(dq, q_cache)
        dk = rotary_backward(dk, k_cache)
    dqkv = np.concatenate([_joined(each) for each in (dq, dk, dv)], axis=2)  # (N, T, 3D)
    dx, dwqkv, dbqkv = temporal_affine_backward(dqkv, in_cache)
    return dx, dwqkv, dbqkv, dwo, dbo


def _apart(x: Array, heads: int) -> Array:
    """(N, T, D) -> (N, heads, T, D / heads)."""
    N, T, D = x.shape
    return x.reshape(N, T, heads, D // heads).transpose(0, 2, 1, 3)


def _joined(x: Array) -> Array:
    """(N, heads, T, D / heads) -> (N, T, D)."""
    N, heads, T, width = x.shape
    return x.transpose(0, 2, 1, 3).reshape(N, T, heads * width)
