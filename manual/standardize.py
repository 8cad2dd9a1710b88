"""Mean 0 and variance 1: the heart of batch, layer, group and instance norm.

They differ in what they average over; the derivation is the same for all, and stands here.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit,
or an eps that is not above 0.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect_axes, expect_positive, expect_shape

Axes = int | tuple[int, ...]


def standardize_forward(x: Array, axes: Axes = -1, eps: float = 1e-5) -> tuple[Array, Any]:
    """xhat = (x - mean) / std,  std = sqrt(var + eps), over the axes given.

        mean = 1/m sum x        var = 1/m sum (x - mean)^2        (1/m, not 1/(m - 1))

    x: any shape    axes: what is averaged over, m numbers each    eps: keeps std off 0
    Returns xhat (the shape of x), and the cache.
    Source: Ioffe and Szegedy, 2015.
    """
    expect_axes(1, x=x)
    expect_positive(eps=eps)
    centred = x - x.mean(axis=axes, keepdims=True)
    std = np.sqrt((centred * centred).mean(axis=axes, keepdims=True) + eps)
    xhat = centred / std
    return xhat, (xhat, std, axes)


def standardize_backward(dout: Array, cache: Any) -> Array:
    """x[i] reaches every xhat[j] of its m numbers on three paths: directly, through the mean, and
    through the variance. Node by node, with c = x - mean and d... short for the gradient:

        xhat = c / std            dc = dxhat / std                          the direct path
                                  dstd = -sum(dxhat c) / std^2
        std = sqrt(var + eps)     dvar = dstd / (2 std)
        var = 1/m sum c^2         dc += dvar 2 c / m                        through the variance
        c = x - mean              dx = dc
        mean = 1/m sum x          dx += -1/m sum dc                         through the mean

    Put dstd and dvar into dc:   dc = 1/std (dxhat - xhat 1/m sum(dxhat xhat)).
    The xhat sum to 0, so that   1/m sum dc = 1/std 1/m sum dxhat.  Together

        dx = 1/std (dxhat - mean(dxhat) - xhat mean(dxhat xhat))

    dxhat, less its mean, less its part along xhat: moving x along either changes no xhat (but for
    eps). dout, dx: the shape of x. Source: Ioffe and Szegedy, 2015, who leave it at the nodes.
    """
    xhat, std, axes = cache
    expect_shape(xhat.shape, dout=dout)
    mean = dout.mean(axis=axes, keepdims=True)
    along = xhat * (dout * xhat).mean(axis=axes, keepdims=True)
    return (dout - mean - along) / std
