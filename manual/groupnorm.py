"""Group norm and instance norm: the channels of one image in groups, or each by itself.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit,
an eps that is not above 0, or groups that do not divide the channels.
"""

from typing import Any

from manual.checks import Array, expect, expect_shape
from manual.standardize import standardize_backward, standardize_forward
from manual.windows import expect_groups


def groupnorm_forward(
    x: Array, gamma: Array, beta: Array, groups: int = 1, eps: float = 1e-5
) -> tuple[Array, Any]:
    """out = gamma xhat + beta, xhat of mean 0 and variance 1 over each group of channels.

    x: (N, C, H, W); channels 0 to C / groups - 1 are the first group
    gamma, beta: (C,), a number a channel, whatever the groups
    groups = 1 averages over the whole image, groups = C is instance norm; eps keeps std off 0.
    Returns out (N, C, H, W), and the cache.
    Source: Wu and He, 2018.
    """
    expect("NCHW", x=x)
    N, C = x.shape[:2]
    expect_shape((C,), gamma=gamma, beta=beta)
    expect_groups(groups, C, C)
    xhat, inner = standardize_forward(x.reshape(N, groups, -1), -1, eps)
    xhat = xhat.reshape(x.shape)
    return gamma.reshape(C, 1, 1) * xhat + beta.reshape(C, 1, 1), (xhat, gamma, inner, groups)


def groupnorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dxhat = dout gamma channel by channel, dx then group by group, as in standardize.

    dgamma and dbeta are batchnorm's.

    dout: (N, C, H, W)
    Returns dx (N, C, H, W), dgamma (C,), dbeta (C,).
    """
    xhat, gamma, inner, groups = cache
    expect_shape(xhat.shape, dout=dout)
    dgamma = (dout * xhat).sum(axis=(0, 2, 3))
    dbeta = dout.sum(axis=(0, 2, 3))
    dxhat = dout * gamma.reshape(-1, 1, 1)
    dx = standardize_backward(dxhat.reshape(len(dout), groups, -1), inner)
    return dx.reshape(xhat.shape), dgamma, dbeta


def instancenorm_forward(
    x: Array, gamma: Array, beta: Array, eps: float = 1e-5
) -> tuple[Array, Any]:
    """Every channel of every image by itself: a group norm of groups of one.

    x: (N, C, H, W)    gamma, beta: (C,)    eps: as in groupnorm
    Returns out (N, C, H, W), and the cache.
    Source: Ulyanov, Vedaldi and Lempitsky, 2016.
    """
    expect("NCHW", x=x)
    return groupnorm_forward(x, gamma, beta, x.shape[1], eps)


def instancenorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """groupnorm's. dout: (N, C, H, W). Returns dx (N, C, H, W), dgamma (C,), dbeta (C,)."""
    return groupnorm_backward(dout, cache)
