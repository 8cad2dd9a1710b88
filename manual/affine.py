"""The affine layer: every output is a weighted sum of every input, plus a bias.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

from typing import Any

from manual.checks import Array, expect, expect_shape


def affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
    """out = x w + b, for each row of x.

    x: (N, D), or (N, d1, ..., dk) with d1 * ... * dk = D, each example flattened to a row
    w: (D, M)
    b: (M,)
    Returns out (N, M), and the cache.
    Source: the course convention (CS231n, assignment 1).
    """
    expect("N*", x=x)
    rows = x.reshape(len(x), -1)  # (N, D)
    expect("ND DM M", x=rows, w=w, b=b)
    out = rows @ w + b  # (N, M)
    return out, (x, w)


def affine_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """The chain rule on out[n, m] = sum_d x[n, d] w[d, m] + b[m]:

        dx[n, d] = sum_m dout[n, m] w[d, m]     x[n, d] feeds the M outputs of its own row
        dw[d, m] = sum_n x[n, d] dout[n, m]     w[d, m] feeds output m of all N rows
        db[m]    = sum_n dout[n, m]             so does b[m]

    A sum over m is a product with w transposed; a sum over n, a product with x transposed.

    dout: (N, M)
    Returns dx (the shape of x), dw (D, M), db (M,).
    """
    x, w = cache
    expect_shape((len(x), w.shape[1]), dout=dout)
    dx = (dout @ w.T).reshape(x.shape)  # (N, M) (M, D)
    dw = x.reshape(len(x), -1).T @ dout  # (D, N) (N, M)
    db = dout.sum(axis=0)  # (M,)
    return dx, dw, db
