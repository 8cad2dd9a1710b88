"""Layer norm and RMS norm: each row normalised by itself, whatever the batch; then scaled.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit,
or an eps that is not above 0.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect_axes, expect_positive, expect_shape
from manual.standardize import standardize_backward, standardize_forward


def layernorm_forward(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> tuple[Array, Any]:
    """out = gamma xhat + beta, xhat of mean 0 and variance 1 along the last axis.

    x: (N, D), (N, T, D), ...: every row of D numbers stands alone
    gamma, beta: (D,)    eps: keeps std off 0
    Returns out (the shape of x), and the cache.
    Source: Ba, Kiros and Hinton, 2016.
    """
    expect_axes(1, x=x)
    expect_shape(x.shape[-1:], gamma=gamma, beta=beta)
    xhat, inner = standardize_forward(x, -1, eps)
    return gamma * xhat + beta, (xhat, gamma, inner)


def layernorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dxhat = dout gamma, from there as in standardize; gamma and beta meet every row:

        dgamma = sum dout xhat          dbeta = sum dout

    dout: the shape of x
    Returns dx (the shape of x), dgamma (D,), dbeta (D,).
    """
    xhat, gamma, inner = cache
    expect_shape(xhat.shape, dout=dout)
    rows = tuple(range(xhat.ndim - 1))
    dgamma = (dout * xhat).sum(axis=rows)
    dbeta = dout.sum(axis=rows)
    return standardize_backward(dout * gamma, inner), dgamma, dbeta


def rmsnorm_forward(x: Array, gamma: Array, eps: float = 1e-5) -> tuple[Array, Any]:
    """out = gamma x / rms,  rms = sqrt(mean(x^2) + eps) along the last axis: no mean, no shift.

    x: (N, D), (N, T, D), ...    gamma: (D,)    eps: keeps rms off 0
    Returns out (the shape of x), and the cache.
    Source: Zhang and Sennrich, 2019.
    """
    expect_axes(1, x=x)
    expect_shape(x.shape[-1:], gamma=gamma)
    expect_positive(eps=eps)
    rms = np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
    xhat = x / rms
    return gamma * xhat, (xhat, gamma, rms)


def rmsnorm_backward(dout: Array, cache: Any) -> tuple[Array, Array]:
    """standardize without the path through the mean:

        dx = 1/rms (dxhat - xhat mean(dxhat xhat))

    dout: the shape of x
    Returns dx (the shape of x), dgamma (D,).
    """
    xhat, gamma, rms = cache
    expect_shape(xhat.shape, dout=dout)
    dgamma = (dout * xhat).sum(axis=tuple(range(xhat.ndim - 1)))
    dxhat = dout * gamma
    dx = (dxhat - xhat * (dxhat * xhat).mean(axis=-1, keepdims=True)) / rms
    return dx, dgamma
