"""Transposed convolution: every pixel stamps a kernel, weighted by itself, into a larger image.

It is the backward of a convolution, run forward: what conv2d does to get dx from dout. So its own
backward is a convolution.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit,
an option that is no whole number or pair, or groups that do not divide the channels.
"""

from typing import Any

from manual.checks import Array, expect, expect_shape
from manual.windows import Pair, expect_groups, fold, pair, unfold


def conv_transpose2d_forward(
    x: Array,
    w: Array,
    b: Array,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    output_padding: Pair = 0,
) -> tuple[Array, Any]:
    """stamp[n, f, i, j, k, m] = sum_c x[n, c, i, j] w[c, f, k, m];  out = fold(stamp) + b

    Pixel (i, j) of x stamps its kernel at (i stride - padding, j stride - padding); stamps add up.

    x: (N, C, H, W)
    w: (C, F / groups, KH, KW)
    b: (F,)
    padding: so many pixels are cut off on each side    stride: how far the stamps lie apart
    output_padding: so many more at the bottom and on the right, below stride or below dilation
    Returns out (N, F, OH, OW), the cache, with
    OH = (H - 1) stride - 2 padding + dilation (KH - 1) + 1 + output_padding.
    Errors: also ValueError for more output_padding than that, an output without pixels.
    Source: Zeiler et al., 2010; the layout of w and the options are PyTorch's.
    """
    expect("NCHW CGKL F", x=x, w=w, b=b)
    (N, C, H, W), (_, per_group, KH, KW) = x.shape, w.shape
    F = per_group * groups
    expect_groups(groups, C, F)
    expect_shape((F,), b=b)
    size = _size((H, W), (KH, KW), stride, padding, dilation, output_padding)
    pixels = x.reshape(N, groups, -1, H * W).transpose(1, 0, 3, 2)  # (G, N, H W, C/G)
    pixels = pixels.reshape(groups, N * H * W, -1)
    kernels = w.reshape(groups, C // groups, -1)  # (G, C/G, F/G KH KW)
    stamps = (pixels @ kernels).reshape(groups, N, H, W, per_group, KH, KW)
    stamps = stamps.transpose(1, 0, 4, 2, 3, 5, 6).reshape(N, F, H, W, KH, KW)
    out = fold(stamps, size, stride, padding, dilation)
    return out + b.reshape(F, 1, 1), (pixels, w, x.shape, size, stride, padding, dilation, groups)


def conv_transpose2d_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """fold's backward is unfold; the product's is that of affine:

        dstamp = unfold(dout)     dx = dstamp kernels^T     dw = pixels^T dstamp

    dout: (N, F, OH, OW)
    Returns dx (N, C, H, W), dw (C, F / groups, KH, KW), db (F,).
    """
    pixels, w, (N, C, H, W), size, stride, padding, dilation, groups = cache
    _, per_group, KH, KW = w.shape
    expect_shape((N, per_group * groups, *size), dout=dout)
    windows = unfold(dout, (KH, KW), stride, padding, dilation)
    dstamps = windows[:, :, :H, :W].reshape(N, groups, per_group, H, W, KH, KW)
    dstamps = dstamps.transpose(1, 0, 3, 4, 2, 5, 6).reshape(groups, N * H * W, -1)
    kernels = w.reshape(groups, C // groups, -1)
    dpixels = dstamps @ kernels.swapaxes(1, 2)  # (G, N H W, C/G)
    dx = dpixels.reshape(groups, N, H, W, -1).transpose(1, 0, 4, 2, 3).reshape(N, C, H, W)
    dw = (pixels.swapaxes(1, 2) @ dstamps).reshape(w.shape)
    return dx, dw, dout.sum(axis=(0, 2, 3))


def _size(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    more: Pair,
) -> tuple[int, int]:
    """(OH, OW), from (H, W)."""
    strides, dilations = pair("stride", stride), pair("dilation", dilation)
    paddings, extras = pair("padding", padding, 0), pair("output_padding", more, 0)
    axes = zip(size, kernel, strides, paddings, dilations, extras, strict=True)
    out = [(n - 1) * s - 2 * p + d * (k - 1) + 1 + extra for n, k, s, p, d, extra in axes]
    if any(extra >= max(s, d) for extra, s, d in zip(extras, strides, dilations, strict=True)):
        raise ValueError(f"output_padding is {more!r}, expected less than the stride or dilation")
    if min(out) < 1:
        raise ValueError(f"the output would have shape {tuple(out)}, expected one pixel or more")
    return out[0], out[1]
