"""Convolution: one affine map, applied to every window of an image.

As in every deep learning library it is a cross-correlation: the kernel is not flipped.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit,
an option that is no whole number or pair, groups that do not divide the channels and the filters,
or a window larger than the image with its padding.
"""

from typing import Any

from manual.checks import Array, expect, expect_count, expect_shape
from manual.windows import Pair, expect_groups, fold, unfold


def conv2d_forward(
    x: Array,
    w: Array,
    b: Array,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> tuple[Array, Any]:
    """out[n, f, i, j] = b[f] + sum_{c, k, m} w[f, c, k, m] window[n, c, i, j, k, m]

    x: (N, C, H, W)
    w: (F, C / groups, KH, KW)
    b: (F,)
    stride, padding, dilation: a number, or a pair for height and width; the padding is zeros
    groups: the channels and the filters fall into so many groups; each filter sees its own alone
    Returns out (N, F, OH, OW) with OH = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1,
    and the cache.
    Source: LeCun et al., 1989; groups: Krizhevsky et al., 2012; dilation: Yu and Koltun, 2016.

    The windows, each laid out as a row, make a matrix: then it is one product, as in affine.
    """
    expect("NCHW FGKL F", x=x, w=w, b=b)
    (N, C, _, _), (F, per_group, KH, KW) = x.shape, w.shape
    expect_groups(groups, C, F)
    if per_group * groups != C:
        raise ValueError(f"w has shape {w.shape}, expected ({F}, {C // groups}, {KH}, {KW})")
    windows = unfold(x, (KH, KW), stride, padding, dilation)
    rows, OH, OW = _rows(windows, groups)  # (G, N OH OW, C/G KH KW)
    filters = w.reshape(groups, F // groups, -1)  # (G, F/G, C/G KH KW)
    out = rows @ filters.swapaxes(1, 2)  # (G, N OH OW, F/G)
    out = out.reshape(groups, N, OH, OW, -1).transpose(1, 0, 4, 2, 3).reshape(N, F, OH, OW)
    return out + b.reshape(F, 1, 1), (x, w, stride, padding, dilation, groups)


def conv2d_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """The backward of affine, on the matrix of windows; then the windows are folded back:

        drows = dout filters     dfilters = dout^T rows     db = dout summed over all but f

    Each pixel stands in many windows and gets the sum of their gradients: with stride 1 that is a
    convolution of dout with the kernel turned by 180 degrees.

    dout: (N, F, OH, OW)
    Returns dx (N, C, H, W), dw (F, C / groups, KH, KW), db (F,).
    """
    x, w, stride, padding, dilation, groups = cache
    (N, C, H, W), (F, per_group, KH, KW) = x.shape, w.shape
    windows = unfold(x, (KH, KW), stride, padding, dilation)
    rows, OH, OW = _rows(windows, groups)  # (G, N OH OW, C/G KH KW)
    expect_shape((N, F, OH, OW), dout=dout)
    d = dout.reshape(N, groups, -1, OH * OW).transpose(1, 0, 3, 2)  # (G, N, OH OW, F/G)
    d = d.reshape(groups, N * OH * OW, -1)
    filters = w.reshape(groups, F // groups, -1)
    dw = (d.swapaxes(1, 2) @ rows).reshape(w.shape)  # (G, F/G, N OH OW) (G, N OH OW, C/G KH KW)
    drows = (d @ filters).reshape(groups, N, OH, OW, per_group, KH, KW)
    dwindows = drows.transpose(1, 0, 4, 2, 3, 5, 6).reshape(N, C, OH, OW, KH, KW)
    dx = fold(dwindows, (H, W), stride, padding, dilation)
    return dx, dw, dout.sum(axis=(0, 2, 3))


def _rows(windows: Array, groups: int) -> tuple[Array, int, int]:
    """Windows (N, C, OH, OW, KH, KW) as (G, N OH OW, C/G KH KW): a row a window, group by group."""
    N, C, OH, OW, KH, KW = windows.shape
    split = windows.reshape(N, groups, C // groups, OH, OW, KH, KW)
    rows = split.transpose(1, 0, 3, 4, 2, 5, 6).reshape(groups, N * OH * OW, -1)
    return rows, OH, OW


def conv1d_forward(
    x: Array,
    w: Array,
    b: Array,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> tuple[Array, Any]:
    """out[n, f, i] = b[f] + sum_{c, k} w[f, c, k] window[n, c, i, k]: conv2d on images of height 1.

    x: (N, C, L)
    w: (F, C / groups, K)
    b: (F,)
    stride, padding, dilation, groups: a number each, as in conv2d
    Returns out (N, F, OL) with OL as OH above, and the cache.
    Source: Waibel et al., 1989 (time-delay networks).
    """
    expect("NCL FGK F", x=x, w=w, b=b)
    expect_count(stride=stride, dilation=dilation)
    expect_groups(groups, x.shape[1], w.shape[0])
    if w.shape[1] * groups != x.shape[1]:
        wanted = f"({w.shape[0]}, {x.shape[1] // groups}, {w.shape[2]})"
        raise ValueError(f"w has shape {w.shape}, expected {wanted}, since x has shape {x.shape}")
    options = ((1, stride), (0, padding), (1, dilation), groups)
    out, cache = conv2d_forward(x[:, :, None], w[:, :, None], b, *options)
    return out[:, :, 0], (cache, out.shape)


def conv1d_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """conv2d's, with the axis of height taken off again.

    dout: (N, F, OL)
    Returns dx (N, C, L), dw (F, C / groups, K), db (F,).
    """
    inner, (N, F, _, OL) = cache
    expect_shape((N, F, OL), dout=dout)
    dx, dw, db = conv2d_backward(dout[:, :, None], inner)
    return dx[:, :, 0], dw[:, :, 0], db
