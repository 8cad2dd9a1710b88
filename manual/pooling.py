"""Pooling: each window of an image becomes one number. And upsampling, which goes the other way.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit,
or an option that is no whole number or pair.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_shape
from manual.windows import Pair, fold, pair, unfold


def max_pool2d_forward(
    x: Array, kernel: Pair = 2, stride: Pair | None = None, padding: Pair = 0
) -> tuple[Array, Any]:
    """out[n, c, i, j] = the largest number of window (i, j). x: (N, C, H, W).

    kernel, stride, padding: a number or a pair; stride None is the kernel: windows side by side
    Where several are largest, the first of them in the window counts, row by row, as in PyTorch.
    The padding never wins: it is below every number but -inf, and at most half the kernel, so that
    no window is all padding.
    Returns out (N, C, OH, OW), OH as in conv2d, and the cache.
    Errors: also ValueError for more padding than that, a kernel larger than the image with it.
    Source: Riesenhuber and Poggio, 1999.
    """
    expect("NCHW", x=x)
    kernel, stride = pair("kernel", kernel), kernel if stride is None else stride
    _expect_half(padding, kernel)
    windows = unfold(x, kernel, stride, padding, fill=_below(x))
    candidates = windows.reshape(*windows.shape[:4], -1)  # (N, C, OH, OW, KH KW)
    winner = candidates.argmax(axis=-1)[..., None]
    out = np.take_along_axis(candidates, winner, axis=-1)[..., 0]
    return out, (candidates, winner, x.shape, kernel, stride, padding)


def max_pool2d_backward(dout: Array, cache: Any) -> Array:
    """The winner of each window gets its dout, the others nothing; a pixel may win several.

    dout: (N, C, OH, OW)
    Returns dx (N, C, H, W).
    """
    candidates, winner, x_shape, kernel, stride, padding = cache
    expect_shape(winner.shape[:-1], dout=dout)
    dcandidates = np.zeros(candidates.shape, dout.dtype)
    np.put_along_axis(dcandidates, winner, dout[..., None], axis=-1)
    dwindows = dcandidates.reshape(*dout.shape, *kernel)
    return fold(dwindows, x_shape[2:], stride, padding)


def avg_pool2d_forward(
    x: Array, kernel: Pair = 2, stride: Pair | None = None, padding: Pair = 0
) -> tuple[Array, Any]:
    """out[n, c, i, j] = the mean of window (i, j), padded zeros counted. x: (N, C, H, W).

    kernel, stride, padding, and errors: as in max_pool2d. Counting the zeros is PyTorch's default.
    Returns out (N, C, OH, OW), and the cache.
    Source: LeCun et al., 1998, where a weight and a bias follow.
    """
    expect("NCHW", x=x)
    kernel, stride = pair("kernel", kernel), kernel if stride is None else stride
    _expect_half(padding, kernel)
    windows = unfold(x, kernel, stride, padding)
    out = windows.sum(axis=(4, 5)) / (kernel[0] * kernel[1])
    return out, (x.shape, out.shape, kernel, stride, padding)


def avg_pool2d_backward(dout: Array, cache: Any) -> Array:
    """Each pixel of a window gets an equal share of its dout, the sum over all its windows.

    dout: (N, C, OH, OW)
    Returns dx (N, C, H, W).
    """
    x_shape, out_shape, kernel, stride, padding = cache
    expect_shape(out_shape, dout=dout)
    share = dout[..., None, None] / (kernel[0] * kernel[1])
    dwindows = np.broadcast_to(share, (*out_shape, *kernel))
    return fold(dwindows, x_shape[2:], stride, padding)


def global_avg_pool_forward(x: Array) -> tuple[Array, Any]:
    """out[n, c] = the mean over all pixels. x: (N, C, H, W). Returns out (N, C), and the cache.

    Source: Lin, Chen and Yan, 2014.
    """
    expect("NCHW", x=x)
    return x.sum(axis=(2, 3)) / (x.shape[2] * x.shape[3]), x.shape


def global_avg_pool_backward(dout: Array, cache: Any) -> Array:
    """Every pixel gets the same share: dout / (H W). dout: (N, C). Returns dx (N, C, H, W)."""
    N, C, H, W = cache
    expect_shape((N, C), dout=dout)
    return np.broadcast_to(dout[:, :, None, None] / (H * W), cache).copy()


def upsample_nearest_forward(x: Array, scale: Pair = 2) -> tuple[Array, Any]:
    """Every pixel becomes a block of its copies: out[n, c, i, j] = x[n, c, i // scale, j // scale].

    x: (N, C, H, W)    scale: a whole number, or a pair for height and width
    Returns out (N, C, H scale, W scale), and the cache.
    Source: torch.nn.Upsample, mode nearest.
    """
    expect("NCHW", x=x)
    sh, sw = pair("scale", scale)
    return x.repeat(sh, axis=2).repeat(sw, axis=3), (x.shape, sh, sw)


def upsample_nearest_backward(dout: Array, cache: Any) -> Array:
    """A pixel gets the sum over its block. dout: the shape of out. Returns dx (N, C, H, W)."""
    (N, C, H, W), sh, sw = cache
    expect_shape((N, C, H * sh, W * sw), dout=dout)
    return dout.reshape(N, C, H, sh, W, sw).sum(axis=(3, 5))


def _below(x: Array) -> Any:
    """What is below every number of x: -inf, where the number type has it."""
    if x.dtype.kind in "fc":
        return -np.inf
    if x.dtype.kind == "i":
        return np.iinfo(x.dtype).min
    least = x.min()  # of number objects
    return np.where(least > 0, 0 * least, 2 * least) - 1


def _expect_half(padding: Pair, kernel: tuple[int, int]) -> None:
    both = pair("padding", padding, least=0)
    if any(2 * p > k for p, k in zip(both, kernel, strict=True)):
        raise ValueError(f"padding is {padding!r}, expected at most half the kernel, {kernel}")
