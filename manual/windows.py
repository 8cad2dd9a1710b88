"""Sliding windows over images, and their opposite: what convolution and pooling stand on.

unfold copies every window of an image into a row of its own; fold adds every window back to where
it came from. Each is the other's transpose, sum(unfold(x) * y) = sum(x * fold(y)), so each is the
backward of the other. They are also known as im2col and col2im.

Errors: ValueError for an option that is no whole number or pair, or a window larger than the image.
Source: Chellapilla, Puri and Simard, 2006.
"""

import numpy as np

from manual.checks import Array, expect_count

Pair = int | tuple[int, int]  # one number for both axes, or one for height and one for width


def pair(name: str, value: Pair, least: int = 1) -> tuple[int, int]:
    """An option as (height, width). Errors: ValueError for what is no such pair, or below least."""
    both = value if isinstance(value, tuple) else (value, value)
    whole = all(isinstance(number, int | np.integer) and number >= least for number in both)
    if len(both) != 2 or not whole:
        wanted = f"a whole number, {least} or more, or a pair"
        raise ValueError(f"{name} is {value!r}, expected {wanted}")
    return both


def unfold(
    x: Array,
    kernel: tuple[int, int],
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    fill: Array | float = 0,
) -> Array:
    """Every window of every image:

        out[n, c, i, j, k, m] = x[n, c, i stride + k dilation - padding,
                                        j stride + m dilation - padding]

    and `fill` where that lies outside of x (N, C, H, W).
    kernel: (KH, KW)
    Returns (N, C, OH, OW, KH, KW), OH as in conv2d, a view of the padded x, not to be written to.
    """
    (sh, sw), (ph, pw) = pair("stride", stride), pair("padding", padding, least=0)
    (dh, dw), (KH, KW) = pair("dilation", dilation), kernel
    _expect_room(x.shape[2] + 2 * ph, dh * (KH - 1) + 1)
    _expect_room(x.shape[3] + 2 * pw, dw * (KW - 1) + 1)
    edges = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded = np.pad(x, edges, constant_values=fill)
    reach = (dh * (KH - 1) + 1, dw * (KW - 1) + 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(2, 3))
    return windows[:, :, ::sh, ::sw, ::dh, ::dw]


def fold(
    windows: Array,
    size: tuple[int, int],
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> Array:
    """Adds every window back to its place; windows overlap, and what overlaps adds up.

        out[n, c, i stride + k dilation - padding, ...] += windows[n, c, i, j, k, m]

    windows: (N, C, OH, OW, KH, KW)
    size: (H, W) of the images, without the padding, which is cut off again
    stride, padding, dilation: those of unfold
    Returns (N, C, H, W).

    One number of a window never meets another of the same window, so a loop over the KH KW numbers
    of a window is enough: each goes to all OH OW places at once.
    """
    N, C, OH, OW, KH, KW = windows.shape
    (sh, sw), (ph, pw) = pair("stride", stride), pair("padding", padding, least=0)
    (dh, dw), (H, W) = pair("dilation", dilation), size
    padded = np.zeros((N, C, H + 2 * ph, W + 2 * pw), windows.dtype)
    for k, m in np.ndindex(KH, KW):
        rows = slice(k * dh, k * dh + sh * OH, sh)
        columns = slice(m * dw, m * dw + sw * OW, sw)
        padded[:, :, rows, columns] += windows[:, :, :, :, k, m]
    return padded[:, :, ph : ph + H, pw : pw + W]


def expect_groups(groups: int, channels: int, filters: int) -> None:
    """Raise unless groups divides both: ValueError."""
    expect_count(groups=groups)
    for what, number in {"channels": channels, "filters": filters}.items():
        if number % groups:
            raise ValueError(f"groups is {groups}, expected a divisor of the {number} {what}")


def _expect_room(size: int, reach: int) -> None:
    if reach > size:
        raise ValueError(
            f"the window reaches over {reach} pixels, expected at most {size}, x with its padding"
        )
