"""From tokens to vectors and back: embedding, learned positions, unembedding.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_axes, expect_ids, expect_shape


def embedding_forward(ids: Array, w: Array) -> tuple[Array, Any]:
    """out[n, t] = w[ids[n, t]]: each token's row of the table.

    ids: integers from 0 to V - 1, any shape, (N, T) for text
    w: (V, D)
    Returns out, the shape of ids with an axis of D behind it, and the cache.
    Errors: also TypeError for ids that are no integers, ValueError for one out of range.
    Source: Bengio et al., 2003.
    """
    expect("VD", w=w)
    expect_ids("ids", ids, len(w))
    return w[ids], (ids, w)


def embedding_backward(dout: Array, cache: Any) -> tuple[None, Array]:
    """A row of the table gets the sum of dout over all places where its token stands.

    dw[ids] += dout would add only once where a token stands twice; np.add.at adds every time.

    dout: (N, T, D), the shape of out
    Returns None, as ids are no numbers to differentiate by, and dw (V, D).
    """
    ids, w = cache
    expect_shape((*ids.shape, w.shape[1]), dout=dout)
    dw = np.zeros(w.shape, dout.dtype)
    np.add.at(dw, ids, dout)
    return None, dw


def positions_forward(x: Array, p: Array) -> tuple[Array, Any]:
    """out[n, t] = x[n, t] + p[t]: a learned vector for every place.

    x: (N, T, D)
    p: (L, D), L >= T; the rows from T on are not used
    Returns out (N, T, D), and the cache.
    Source: Gehring et al., 2017; so in GPT-2 (Radford et al., 2019).
    """
    expect("NTD LD", x=x, p=p)
    if x.shape[1] > len(p):
        raise ValueError(f"x has {x.shape[1]} steps, expected at most {len(p)}, the rows of p")
    return x + p[: x.shape[1]], (x.shape, p)


def positions_backward(dout: Array, cache: Any) -> tuple[Array, Array]:
    """p[t] meets place t of every example; the rows that were not used get 0.

    dout: (N, T, D)
    Returns dx (N, T, D), which is dout itself, and dp (L, D).
    """
    x_shape, p = cache
    expect_shape(x_shape, dout=dout)
    dp = np.zeros(p.shape, dout.dtype)
    dp[: x_shape[1]] = dout.sum(axis=0)
    return dout, dp


def unembedding_forward(x: Array, w: Array) -> tuple[Array, Any]:
    """out = x w^T: a score for every token, the dot product with its row of the table.

    x: (N, T, D), or any (..., D)
    w: (V, D), as in embedding; under the same name in a network it is the same table ("tied"),
       and its two gradients add up
    Returns out (N, T, V), and the cache.
    Source: Press and Wolf, 2017.
    """
    expect_axes(1, x=x)
    expect("ND VD", x=x.reshape(-1, x.shape[-1]), w=w)
    return x @ w.T, (x, w)


def unembedding_backward(dout: Array, cache: Any) -> tuple[Array, Array]:
    """affine's, for a w that lies the other way: dx = dout w, dw = dout^T x over all rows.

    dout: (N, T, V)
    Returns dx (N, T, D), dw (V, D).
    """
    x, w = cache
    expect_shape((*x.shape[:-1], len(w)), dout=dout)
    dx = dout @ w
    dw = dout.reshape(-1, len(w)).T @ x.reshape(-1, w.shape[1])
    return dx, dw
