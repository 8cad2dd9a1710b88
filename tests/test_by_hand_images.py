"""Layers for images, normalisation and shapes on numbers that can be checked with a pencil.

Expected values are written out as the sums that they are; where nothing is rounded, to the bit.
"""

import math

import numpy as np
import pytest
from test_by_hand import FILES, close, shown, shows

from manual.batchnorm import running_statistics
from manual.catalog import find
from manual.windows import fold, unfold
from reference.cards import LAYERS


def image(*rows):
    """One example of one channel: (1, 1, H, W)."""
    return np.array([[rows]], float)


# Convolution ------------------------------------------------------------------------------------

X = image([1, 2, 0], [3, -1, 4], [0, 5, 2])
W = image([1, -1], [2, 3])
B = [0.5]
D = image([1, 2], [-1, 4])


def test_conv2d():
    """A kernel of 2 by 2 at four places; each pixel collects from all kernels that touched it."""
    out = image(
        [1 * 1 - 1 * 2 + 2 * 3 + 3 * -1 + 0.5, 1 * 2 - 1 * 0 + 2 * -1 + 3 * 4 + 0.5],
        [1 * 3 - 1 * -1 + 2 * 0 + 3 * 5 + 0.5, 1 * -1 - 1 * 4 + 2 * 5 + 3 * 2 + 0.5],
    )
    dx = image(
        [1 * 1, 1 * -1 + 2 * 1, 2 * -1],
        [1 * 2 + -1 * 1, 1 * 3 + 2 * 2 + -1 * -1 + 4 * 1, 2 * 3 + 4 * -1],
        [-1 * 2, -1 * 3 + 4 * 2, 4 * 3],
    )
    dw = image(
        [1 * 1 + 2 * 2 - 1 * 3 + 4 * -1, 1 * 2 + 2 * 0 - 1 * -1 + 4 * 4],
        [1 * 3 + 2 * -1 - 1 * 0 + 4 * 5, 1 * -1 + 2 * 4 - 1 * 5 + 4 * 2],
    )
    shows("conv2d", (X, W, B), out, D, (dx, dw, [1 + 2 - 1 + 4]))


def test_conv2d_with_stride_and_padding():
    """Padded to 5 by 5, kernels 2 apart: they do not overlap, and the middle of x gets one each.

    0 0 | 0 0   0
    0 1 | 2 0   0
    ----+----
    0 3 |-1 4   0
    0 0 | 5 2   0
    0 0   0 0   0
    """
    out = image([3 * 1 + 0.5, 2 * 2 + 0.5], [-1 * 3 + 0.5, 1 * -1 - 1 * 4 + 2 * 5 + 3 * 2 + 0.5])
    dx = image(
        [3 * 1, 2 * 2, 3 * 2],
        [-1 * -1, 1 * 4, -1 * 4],
        [3 * -1, 2 * 4, 3 * 4],
    )
    dw = image(
        [4 * -1, -1 * 3 + 4 * 4],
        [2 * 2 + 4 * 5, 1 * 1 + 4 * 2],
    )
    shows("conv2d", (X, W, B), out, D, (dx, dw, [6]), stride=2, padding=1)


def test_conv2d_with_dilation():
    """A kernel of 2 by 2 with one pixel left out between: it touches the four corners."""
    out = image([1 * 1 - 1 * 0 + 2 * 0 + 3 * 2 + 0.5])
    dx = image([-2 * 1, 0, -2 * -1], [0, 0, 0], [-2 * 2, 0, -2 * 3])
    dw = image([-2 * 1, -2 * 0], [-2 * 0, -2 * 2])
    shows("conv2d", (X, W, B), out, image([-2]), (dx, dw, [-2]), dilation=2)


def test_conv2d_on_channels():
    """Every filter sees all channels; both gradients of a filter's output reach all of them."""
    x = np.array([[[[2.0]], [[3.0]]]])
    w = np.array([[[[1.0]], [[-1.0]]], [[[4.0]], [[0.5]]]])
    out = np.array([[[[2 - 3 + 1.0]], [[8 + 1.5 - 1]]]])
    dout = np.array([[[[5.0]], [[-2.0]]]])
    dx = np.array([[[[5 * 1 - 2 * 4]], [[5 * -1 - 2 * 0.5]]]])
    dw = np.array([[[[5 * 2]], [[5 * 3]]], [[[-2 * 2]], [[-2 * 3]]]])
    shows("conv2d", (x, w, [1, -1]), out, dout, (dx, dw, [5, -2]))


# Two images of two channels, three pixels in a row; two filters over two pixels of each channel.
BATCH = np.array([[[[1.0, 2, 3]], [[0, 1, -1]]], [[[2, 0, 1]], [[4, -2, 0]]]])
FILTERS = np.array([[[[1.0, -1]], [[2, 0]]], [[[0, 3]], [[1, -2]]]])
SCORES = np.array(
    [
        [[[1 - 2 + 0, 2 - 3 + 2.0]], [[6 + 0 - 2, 9 + 1 + 2]]],
        [[[2 - 0 + 8, 0 - 1 - 4]], [[0 + 4 + 4, 3 - 2 - 0]]],
    ]
)
DSCORES = np.array([[[[1.0, 2]], [[3, 0]]], [[[-1, 0]], [[0, 4]]]])
DBATCH = np.array(
    [
        [[[1 * 1 + 3 * 0, -1 * 1 + 1 * 2 + 3 * 3, -1 * 2.0]], [[2 * 1 + 1 * 3, 2 * 2 - 2 * 3, 0]]],
        [[[1 * -1, -1 * -1 + 0 * 4, 3 * 4]], [[2 * -1, 0 * -1 + 1 * 4, -2 * 4]]],
    ]
)
DFILTERS = np.array(
    [
        [[[1 * 1 + 2 * 2 - 1 * 2, 1 * 2 + 2 * 3 - 1 * 0.0]], [[2 * 1 - 1 * 4, 1 - 2 + 1 * 2]]],
        [[[3 * 1 + 4 * 0, 3 * 2 + 4 * 1]], [[3 * 0 + 4 * -2, 3 * 1 + 4 * 0]]],
    ]
)


def test_conv2d_of_two_images():
    """Filters meet both images: their gradients add up over them. Then the same as two series."""
    out = SCORES + np.array([[[10]], [[100]]])
    grads = DBATCH, DFILTERS, [1 + 2 - 1, 3 + 4]
    shows("conv2d", (BATCH, FILTERS, [10, 100]), out, DSCORES, grads)
    x, w, out, dout, dx, dw = (
        each[:, :, 0] for each in (BATCH, FILTERS, out, DSCORES, DBATCH, DFILTERS)
    )
    shows("conv1d", (x, w, [10, 100]), out, dout, (dx, dw, [2, 7]))


def test_conv_transpose2d_of_two_images():
    """A convolution run backward: what was dout is x, what was dx is out, and the other way."""
    db = [1 + 2 + 3 + 2 + 0 + 1, 0 + 1 - 1 + 4 - 2 + 0]
    given, grads = (DSCORES, FILTERS, [0, 0]), (SCORES, DFILTERS, db)
    shows("conv_transpose2d", given, DBATCH, BATCH, grads)


def test_conv2d_in_groups():
    """Channels 0 and 1 go to filter 0, channels 2 and 3 to filter 1."""
    x = np.array([1.0, 2, 3, 4]).reshape(1, 4, 1, 1)
    w = np.array([5.0, 6, 7, 8]).reshape(2, 2, 1, 1)
    out = np.array([5 * 1 + 6 * 2, 7 * 3 + 8 * 4]).reshape(1, 2, 1, 1)
    dout = np.array([3.0, -2.0]).reshape(1, 2, 1, 1)
    dx = np.array([3 * 5, 3 * 6, -2 * 7, -2 * 8]).reshape(1, 4, 1, 1)
    dw = np.array([3 * 1, 3 * 2, -2 * 3, -2 * 4]).reshape(2, 2, 1, 1)
    shows("conv2d", (x, w, [0, 0]), out, dout, (dx, dw, [3, -2]), groups=2)


def test_conv2d_channel_by_channel():
    """As many groups as channels ("depthwise"), and two filters each: 0 and 1 see channel 0."""
    x = np.array([2.0, 3]).reshape(1, 2, 1, 1)
    w = np.array([1.0, -1, 4, 5]).reshape(4, 1, 1, 1)
    out = np.array([1 * 2, -1 * 2, 4 * 3, 5 * 3]).reshape(1, 4, 1, 1)
    dout = np.array([6.0, 7, -8, 9]).reshape(1, 4, 1, 1)
    dx = np.array([6 * 1 + 7 * -1, -8 * 4 + 9 * 5]).reshape(1, 2, 1, 1)
    dw = np.array([6 * 2, 7 * 2, -8 * 3, 9 * 3]).reshape(4, 1, 1, 1)
    shows("conv2d", (x, w, np.zeros(4)), out, dout, (dx, dw, [6, 7, -8, 9]), groups=2)


def test_pairs_are_height_first():
    """Of 3 by 2 pixels, every second row of every column; then padding and dilation downwards."""
    x, one = image([1, 2], [3, 4], [5, 6]), image([1])
    dx = image([7, -8], [0, 0], [9, 4])
    dw = image([7 * 1 - 8 * 2 + 9 * 5 + 4 * 6])
    shows("conv2d", (x, one, [0]), image([1, 2], [5, 6]), image([7, -8], [9, 4]),
          (dx, dw, [12]), stride=(2, 1))  # fmt: skip
    shows("conv2d", (image([4, 5]), one, [0]), image([0, 0], [4, 5], [0, 0]),
          image([1, 2], [3, 6], [5, 8]), (image([3, 6]), image([3 * 4 + 6 * 5]), [25]),
          padding=(1, 0))  # fmt: skip
    shows("conv2d", (x, image([1], [-1]), [0]), image([1 - 5, 2 - 6]), image([2, 3]),
          (image([2, 3], [0, 0], [-2, -3]), image([2 * 1 + 3 * 2], [2 * 5 + 3 * 6]), [5]),
          dilation=(2, 1))  # fmt: skip


def test_conv2d_leaves_out_what_no_kernel_reaches():
    """Stride 2 over 4 pixels with a kernel of 1: pixels 1 and 3 are read by nobody."""
    x, dout = image([1, 2, 3, 4]), image([5, -6])
    dx = image([2 * 5, 0, 2 * -6, 0])
    shows(
        "conv2d", (x, image([2]), [0]), image([2, 6]), dout, (dx, image([5 - 18]), [-1]), stride=2
    )


def test_conv1d():
    """1 2 4 8 under the kernel 1 -1 2."""
    x, w = [[[1, 2, 4, 8]]], [[[1, -1, 2]]]
    out = [[[1 - 2 + 8 + 10, 2 - 4 + 16 + 10]]]
    dx = [[[3 * 1, 3 * -1 - 1 * 1, 3 * 2 - 1 * -1, -1 * 2]]]
    dw = [[[3 * 1 - 1 * 2, 3 * 2 - 1 * 4, 3 * 4 - 1 * 8]]]
    shows("conv1d", (x, w, [10]), out, [[[3, -1]]], (dx, dw, [2]))


def test_conv1d_with_stride_padding_dilation_and_groups():
    x = [[[1, 2, 4, 8]]]
    # 0 [1 2 4] 8 0 by steps of 2, under 1 -1 2: at 0 1 2, and at 2 4 8.
    dx = [[[3 * -1, 3 * 2 - 1 * 1, -1 * -1, -1 * 2]]]
    dw = [[[-1 * 2, 3 * 1 - 1 * 4, 3 * 2 - 1 * 8]]]
    shows("conv1d", (x, [[[1, -1, 2]]], [0]), [[[-1 + 4, 2 - 4 + 16]]], [[[3, -1]]],
          (dx, dw, [2]), stride=2, padding=1)  # fmt: skip
    dx, dw = [[[3, -2, 3 * -5, -2 * -5]]], [[[3 * 1 - 2 * 2, 3 * 4 - 2 * 8]]]
    shows("conv1d", (x, [[[1, -5]]], [0]), [[[1 - 20, 2 - 40]]], [[[3, -2]]],
          (dx, dw, [1]), dilation=2)  # fmt: skip
    shows("conv1d", ([[[2], [3]]], [[[5]], [[7]]], [1, 2]), [[[11], [23]]], [[[4], [-1]]],
          ([[[20], [-7]]], [[[8]], [[-3]]], [4, -1]), groups=2)  # fmt: skip


PIXELS = image([1, 2], [3, 4])


def test_conv_transpose2d():
    """Each pixel stamps the kernel, times itself; its backward is a convolution of dout."""
    out = image(
        [1 * 1 + 0.5, 1 * -1 + 2 * 1 + 0.5, 2 * -1 + 0.5],
        [1 * 2 + 3 * 1 + 0.5, 1 * 3 + 2 * 2 + 3 * -1 + 4 * 1 + 0.5, 2 * 3 + 4 * -1 + 0.5],
        [3 * 2 + 0.5, 3 * 3 + 4 * 2 + 0.5, 4 * 3 + 0.5],
    )
    dx = image(
        [1 * 1 - 1 * 2 + 2 * 3 + 3 * -1, 1 * 2 - 1 * 0 + 2 * -1 + 3 * 4],
        [1 * 3 - 1 * -1 + 2 * 0 + 3 * 5, 1 * -1 - 1 * 4 + 2 * 5 + 3 * 2],
    )
    dw = image(
        [1 * 1 + 2 * 2 + 3 * 3 + 4 * -1, 1 * 2 + 2 * 0 + 3 * -1 + 4 * 4],
        [1 * 3 + 2 * -1 + 3 * 0 + 4 * 5, 1 * -1 + 2 * 4 + 3 * 5 + 4 * 2],
    )
    shows("conv_transpose2d", (PIXELS, W, B), out, X, (dx, dw, [1 + 2 + 3 - 1 + 4 + 5 + 2]))


def test_conv_transpose2d_with_stride():
    """Stamps side by side: each pixel sees its own 2 by 2 of dout and no other."""
    out = image([1, -1, 2, -2], [2, 3, 4, 6], [3, -3, 4, -4], [6, 9, 8, 12])
    dout = image([1, 0, 2, 0], [0, 3, 0, 0], [5, 0, 0, 7], [0, 0, 0, -1])
    dx = image([1 * 1 + 3 * 3, 2 * 1], [5 * 1, 7 * -1 - 1 * 3])
    dw = image([1 * 1 + 2 * 2 + 3 * 5, 4 * 7], [0, 1 * 3 + 4 * -1])
    shows("conv_transpose2d", (PIXELS, W, [0]), out, dout, (dx, dw, [17]), stride=2)


def test_conv_transpose2d_with_output_padding():
    """A row at the bottom that no stamp reaches: the bias alone, and a gradient for it alone."""
    out = image([1 + 9, -1 + 9], [2 + 9, 3 + 9], [9, 9])
    dout = image([2, 0], [0, 5], [7, 8])
    given = image([1]), W, [9]
    grads = image([2 * 1 + 5 * 3]), image([2, 0], [0, 5]), [2 + 5 + 7 + 8]
    shows(
        "conv_transpose2d", given, out, dout, grads, stride=(2, 1), output_padding=(1, 0),
    )  # fmt: skip


def test_conv_transpose2d_with_more_output_padding_than_stride():
    """Below the dilation. One pixel, stamped at 0 and 2: that a second would fit is no matter."""
    given, out, dout = (image([2]), image([1, -1]), [0]), image([2, 0, -2, 0]), image([1, 2, -3, 4])
    grads = image([1 * 1 - 1 * -3]), image([2 * 1, 2 * -3]), [4]
    shows(
        "conv_transpose2d", given, out, dout, grads, dilation=(1, 2), output_padding=(0, 1)
    )  # fmt: skip


def test_conv_transpose2d_with_padding():
    """Cut off on every side: of 3 by 3, the middle."""
    out = image([1 * 3 + 2 * 2 + 3 * -1 + 4 * 1])
    dx, dw = image([2 * 3, 2 * 2], [2 * -1, 2 * 1]), image([2 * 4, 2 * 3], [2 * 2, 2 * 1])
    shows("conv_transpose2d", (PIXELS, W, [0]), out, image([2]), (dx, dw, [2]), padding=1)


def test_conv_transpose2d_with_dilation():
    out = image([2 * 1, 0, 2 * -1], [0, 0, 0], [2 * 2, 0, 2 * 3])
    dout = image([1, 9, 2], [9, 9, 9], [-3, 9, 4])
    dx, dw = image([1 * 1 + 2 * -1 - 3 * 2 + 4 * 3]), image([2 * 1, 2 * 2], [2 * -3, 2 * 4])
    shows("conv_transpose2d", (image([2]), W, [0]), out, dout, (dx, dw, [49]), dilation=2)


def test_conv_transpose2d_on_channels_and_in_groups():
    """All channels add to each filter; with two groups, channel 0 to filter 0 and 1, 1 to 2, 3."""
    x = np.array([2.0, 3]).reshape(1, 2, 1, 1)
    w = np.array([1.0, -1, 4, 5]).reshape(2, 2, 1, 1)  # (channels, filters of its group)
    out = np.array([2 * 1 + 3 * 4, 2 * -1 + 3 * 5]).reshape(1, 2, 1, 1)
    dx = np.array([6 * 1 - 7 * -1, 6 * 4 - 7 * 5]).reshape(x.shape)
    dw = np.array([2 * 6, 2 * -7, 3 * 6, 3 * -7]).reshape(w.shape)
    dout = np.array([6.0, -7]).reshape(out.shape)
    shows("conv_transpose2d", (x, w, [0, 0]), out, dout, (dx, dw, [6, -7]))
    out = np.array([2 * 1, 2 * -1, 3 * 4, 3 * 5]).reshape(1, 4, 1, 1)
    dx = np.array([6 * 1 - 7 * -1, 8 * 4 + 9 * 5]).reshape(x.shape)
    dw = np.array([2 * 6, 2 * -7, 3 * 8, 3 * 9]).reshape(w.shape)
    dout = np.array([6.0, -7, 8, 9]).reshape(out.shape)
    shows("conv_transpose2d", (x, w, np.zeros(4)), out, dout, (dx, dw, [6, -7, 8, 9]), groups=2)


def test_unfold_and_fold():
    """Copy out every window; add every window back. A pixel comes back as often as copied."""
    x = image([1, 2, 3])
    windows = unfold(x, (1, 2))
    assert windows.tolist() == [[[[[[1, 2]], [[2, 3]]]]]]
    assert fold(windows, (1, 3)).tolist() == [[[[1, 2 + 2, 3]]]]
    windows = unfold(x, (1, 2), stride=2, padding=(0, 1), fill=-9)
    assert windows.tolist() == [[[[[[-9, 1]], [[2, 3]]]]]]
    assert fold(windows, (1, 3), stride=2, padding=(0, 1)).tolist() == [[[[1, 2, 3]]]]
    assert unfold(x, (1, 2), dilation=2).tolist() == [[[[[[1, 3]]]]]]


# Pooling ----------------------------------------------------------------------------------------


def test_max_pool2d():
    """The largest of each window; of several as large, the first, row by row, gets the gradient."""
    x = image([1, 3, 0, 2], [0, 3, 2, 2])
    dx = image([0, 5, 0, -7], [0, 0, 0, 0])
    shows("max_pool2d", (x,), image([3, 2]), image([5, -7]), (dx,))


def test_max_pool2d_where_a_pixel_wins_twice():
    dx = image([0, 2 + 3, 0, 4, 0])
    x = image([1, 5, 2, 4, 3])
    out, dout = image([5, 5, 4, 4]), image([2, 3, 4, 0])
    shows("max_pool2d", (x,), out, dout, (dx,), kernel=(1, 2), stride=1)
    x = image([1, 2, 3], [4, 9, 5], [6, 7, 8])
    dx = image([0, 0, 0], [0, 1 + 2 + 3 + 4, 0], [0, 0, 0])
    out, dout = image([9, 9], [9, 9]), image([1, 2], [3, 4])
    shows("max_pool2d", (x,), out, dout, (dx,), stride=(1, 1))


def test_max_pool2d_leaves_out_what_no_window_reaches():
    """Three pixels, windows of two: the third is in none."""
    shows("max_pool2d", (image([1, 2, 9]),), image([2]), image([3]), (image([0, 3, 0]),),
          kernel=(1, 2))  # fmt: skip


@pytest.mark.parametrize("low", [-5.0, -1e30, 1.0, 0.0])
def test_padding_never_wins(low):
    """All pixels below 0, and all as large as they get: the zeros around them do not count."""
    x = low * image([1, 1], [1, 1])
    out, dout = low * image([1, 1], [1, 1]), image([1, 2], [3, 4])
    shows("max_pool2d", (x,), out, dout, (dout,), stride=2, padding=1, room=1)
    # One pixel, and four windows that see it: it wins them all.
    out, dout = low * image([1, 1], [1, 1]), image([1, 2], [3, 4])
    shows("max_pool2d", (low * image([1]),), out, dout, (image([10]),), stride=1, padding=1, room=1)


def test_padding_never_wins_far_out():
    x = image([-1e300, -9.0], [-2e300, -1e300])
    out, cache = find("max_pool2d", "forward")(x, stride=2, padding=1)
    assert out.tolist() == x.tolist()
    dx = find("max_pool2d", "backward")(image([1, 2], [3, 4]), cache)
    assert dx.tolist() == [[[[1, 2], [3, 4]]]]
    out, cache = find("max_pool2d", "forward")(x)
    assert out.tolist() == [[[[-9.0]]]]
    assert find("max_pool2d", "backward")(image([5]), cache).tolist() == [[[[0, 5], [0, 0]]]]
    for dtype in (np.float16, np.float32, np.float64):
        x = np.full((1, 1, 1, 1), np.finfo(dtype).min)
        out, cache = find("max_pool2d", "forward")(x, padding=1)
        assert np.array_equal(out, x) and out.dtype == dtype
        assert np.array_equal(find("max_pool2d", "backward")(x, cache), x)
    for dtype in (np.int8, np.int64):
        x = np.full((1, 1, 1, 1), np.iinfo(dtype).min + 1)
        out, cache = find("max_pool2d", "forward")(x, padding=1)
        assert np.array_equal(out, x)
        assert find("max_pool2d", "backward")(image([5]), cache).tolist() == [[[[5]]]]


def test_nan_stays_in_the_windows_that_hold_it():
    """And does not leak into the padding of another image."""
    x = np.array([[[[np.nan, 1.0]]], [[[2.0, -3.0]]]])
    out, _ = find("max_pool2d", "forward")(x, stride=1, padding=1)
    assert np.isnan(out[0, 0, :, :2]).all() and out[0, 0, :, 2].tolist() == [1, 1]
    assert out[1, 0].tolist() == [[2, 2, -3], [2, 2, -3]]


def test_avg_pool2d():
    x = image([1, 2, 3, 5], [6, -5, 0, 4])
    dx = image([2, 2, -3, -3], [2, 2, -3, -3])
    shows("avg_pool2d", (x,), image([4 / 4, 12 / 4]), image([8, -12]), (dx,))


def test_avg_pool2d_counts_the_zeros_around():
    """Padded to 4 by 4: each window holds one pixel and three zeros, and is divided by four."""
    x, dout = image([1, 2], [3, 6]), image([4, 8], [-12, 2])
    out, dx = image([1 / 4, 2 / 4], [3 / 4, 6 / 4]), image([1, 2], [-3, 2 / 4])
    shows("avg_pool2d", (x,), out, dout, (dx,), padding=1)


def test_avg_pool2d_where_windows_overlap():
    """Three pixels, two windows of two: the one between gets half of each."""
    shows("avg_pool2d", (image([1, 3, 7]),), image([2, 5]), image([4, -6]),
          (image([2, 2 - 3, -3]),), kernel=(1, 2), stride=1)  # fmt: skip


def test_global_avg_pool():
    x = np.array([[[[1.0, 2], [3, 6]], [[0, -4], [0, 0]]]])
    dx = np.array([[[[2.0, 2], [2, 2]], [[-0.5, -0.5], [-0.5, -0.5]]]])
    shows("global_avg_pool", (x,), [[12 / 4, -4 / 4]], [[8, -2]], (dx,))


def test_upsample_nearest():
    """Each pixel a block of copies; it gets the sum over its block."""
    out = image([1, 1, 2, 2], [1, 1, 2, 2])
    dout = image([1, 2, 3, 4], [5, 6, 7, -8])
    shows("upsample_nearest", (image([1, 2]),), out, dout, (image([14, 6]),))
    out, dout = image([1, 1, 1, 2, 2, 2]), image([1, 2, 3, 4, 5, -6])
    shows("upsample_nearest", (image([1, 2]),), out, dout, (image([6, 3]),), scale=(1, 3))


# Normalisation ----------------------------------------------------------------------------------

# Of two numbers a and a + 2 d only d counts: xhat = -+ d / sqrt(d^2 + eps), with the slope
# eps / (d^2 + eps)^1.5 in d. With d = 1 and eps = 3: -+ 1/2, and 3/8.


def up(low, high):
    """From the gradients of their xhat, those of two numbers, the lower first."""
    pull = 3 / 8 * (high - low) / 2
    return [-pull, pull]


def down(high, low):
    """The same, the higher first."""
    return up(low, high)[::-1]


def test_standardize():
    """The first row goes up, the second down; then the columns."""
    x, dout = [[1, 3], [9, 7]], [[8, -2], [5, 1]]
    out, dx = [[-0.5, 0.5], [0.5, -0.5]], [up(8, -2), down(5, 1)]
    shows("standardize", (x,), out, dout, (dx,), room=4, eps=3.0)
    x, out, dout, dx = (np.array(each, float).T for each in (x, out, dout, dx))
    shows("standardize", (x,), out, dout, (dx,), room=4, eps=3.0, axes=0)


def test_standardize_over_several_axes():
    """Four numbers, two of -1 and two of 1 around their mean: the variance is 1."""
    x, dout = np.array([[[5.0, 7]], [[7, 5]]]), np.array([[[4.0, 0]], [[0, 0]]])
    out = np.array([[[-0.5, 0.5]], [[0.5, -0.5]]])
    # dxhat = 4 0 0 0: its mean is 1, its mean along xhat -1/2; less both, over std = 2
    along = -0.5 * out
    dx = (dout - 1 - along) / 2
    shows("standardize", (x,), out, dout, (dx,), room=4, eps=3.0, axes=(0, 1, 2))


THREE = np.array([[1.0], [2.0], [4.0]])  # mean 7/3, and around it -4/3, -1/3, 5/3: variance 14/9
STD = math.sqrt(14 / 9 + 1e-5)
XHAT = np.array([[-4 / 3], [-1 / 3], [5 / 3]]) / STD


def test_batchnorm():
    """A column of 1, 2, 4, gamma 2, beta 5, and the chain rule node by node."""
    dout = np.array([[1.0], [-2.0], [3.0]])
    c, dxhat = XHAT * STD, 2 * dout
    dstd = -(2 * -4 / 3 - 4 * -1 / 3 + 6 * 5 / 3) / STD**2
    dc = dxhat / STD + dstd / (2 * STD) * 2 * c / 3
    dx = dc - dc.sum() / 3
    dgamma, dbeta = [(-4 / 3 + 2 / 3 + 15 / 3) / STD], [1 - 2 + 3]
    shows("batchnorm", (THREE, [2], [5]), 2 * XHAT + 5, dout, (dx, dgamma, dbeta), room=16)


def test_batchnorm_column_by_column():
    """Two columns of two numbers, each with its own gamma and beta, exactly."""
    x, dout = [[1, -4], [3, -6]], [[8, 1], [-2, 3]]
    out = [[-0.5 * 2 + 1, 0.5 * 3 - 1], [0.5 * 2 + 1, -0.5 * 3 - 1]]
    dx = np.transpose([up(2 * 8, 2 * -2), down(3 * 1, 3 * 3)])
    grads = dx, [-8 / 2 - 2 / 2, 1 / 2 - 3 / 2], [8 - 2, 1 + 3]
    shows("batchnorm", (x, [2, 3], [1, -1]), out, dout, grads, room=4, eps=3.0)


def test_batchnorm_of_images():
    """ "Spatial": a channel is one column, of all pixels of all images."""
    x = np.array([[[[1.0]], [[-4]]], [[[3]], [[-6]]]])  # (2, 2, 1, 1): as above
    turned = x.transpose(3, 1, 2, 0).copy()  # (1, 2, 1, 2): two pixels, not two images
    out = np.array([[[[0.0]], [[0.5]]], [[[2]], [[-2.5]]]])
    dout = np.array([[[[8.0]], [[1]]], [[[-2]], [[3]]]])
    dx = np.transpose([up(2 * 8, 2 * -2), down(3 * 1, 3 * 3)]).reshape(x.shape)
    params, dparams = ([2, 3], [1, -1]), ([-5, -1], [6, 4])
    shows("batchnorm", (x, *params), out, dout, (dx, *dparams), room=4, eps=3.0)
    out, dout, dx = (each.transpose(3, 1, 2, 0) for each in (out, dout, dx))
    shows("batchnorm", (turned, *params), out, dout, (dx, *dparams), room=4, eps=3.0)


def test_batchnorm_in_evaluation():
    """Running mean 2 and variance 3, eps 1: (x - 2) / 2, and constants have no gradient."""
    running = np.array([2.0]), np.array([3.0])
    x, dout = [[4], [1], [2]], [[1], [-2], [6]]
    out = [[5 * 1 - 1], [5 * -0.5 - 1], [5 * 0 - 1]]
    grads = [[5 / 2], [-2 * 5 / 2], [6 * 5 / 2]], [1 * 1 - 2 * -0.5], [1 - 2 + 6]
    shows("batchnorm", (x, [5], [-1]), out, dout, grads, running=running, eps=1.0)
    shows(
        "batchnorm", ([[4]], [5], [-1]), [[4]], [[2]], ([[5]], [2], [2]), running=running, eps=1.0
    )


def test_running_statistics():
    """1, 2, 4 from the start at mean 0 and variance 1, PyTorch's conventions: m - 1, and a tenth.

    torch.nn.BatchNorm1d(1) after this batch: running_mean 0.2333, running_var 1.1333.
    """
    _, cache = find("batchnorm", "forward")(THREE, np.ones(1), np.zeros(1))
    start = np.zeros(1), np.ones(1)
    mean, var = running_statistics(cache, start)
    u = 2.0**-53
    assert abs(mean[0] - 0.1 * 7 / 3) <= 2 * u and abs(mean[0] - 0.2333) < 5e-5
    assert abs(var[0] - (0.9 + 0.1 * 7 / 3)) <= 4 * u and abs(var[0] - 1.1333) < 5e-5
    assert start[0] == 0 and start[1] == 1  # not written into
    again_mean, again_var = running_statistics(cache, (mean, var), momentum=0.5)
    assert abs(again_mean[0] - (0.5 * mean[0] + 0.5 * 7 / 3)) <= 4 * u
    assert abs(again_var[0] - (0.5 * var[0] + 0.5 * 7 / 3)) <= 4 * u
    # Two channels of two pixels in two images: 1 2 3 6 around 3, and four times 5.
    x = np.array([[[[1.0, 2]], [[5, 5]]], [[[3, 6]], [[5, 5]]]])
    _, cache = find("batchnorm", "forward")(x, np.ones(2), np.zeros(2))
    mean, var = running_statistics(cache, (np.zeros(2), np.ones(2)), momentum=1.0)
    assert mean.tolist() == [3.0, 5.0]
    assert np.abs(var - [(4 + 1 + 0 + 9) / 3, 0]).max() <= 4 * u


def test_layernorm():
    """Row by row, gamma and beta column by column."""
    x, dout = [[1, 3], [9, 7]], [[4, -2], [5, 0.5]]
    out = [[-0.5 * 2 + 1, 0.5 * -3 + 10], [0.5 * 2 + 1, -0.5 * -3 + 10]]
    dx = [up(2 * 4, -3 * -2), down(2 * 5, -3 * 0.5)]
    grads = dx, [-4 / 2 + 5 / 2, -2 / 2 - 0.5 / 2], [4 + 5, -2 + 0.5]
    shows("layernorm", (x, [2, -3], [1, 10]), out, dout, grads, room=4, eps=3.0)
    x, out, dout, dx = (np.array(each, float)[:, None] for each in (x, out, dout, dx))
    grads = dx, *grads[1:]  # (2, 1, 2): every row of any number of axes
    shows("layernorm", (x, [2, -3], [1, 10]), out, dout, grads, room=4, eps=3.0)


def test_rmsnorm():
    """The mean square of 2 and 4 is 10; with eps = 6 the root is 4."""
    xhat = np.array([[1 / 2, 1]])
    dxhat = np.array([[3 * 8.0, -2 * 4]])
    mean = (24 * 1 / 2 - 8 * 1) / 2
    grads = (dxhat - xhat * mean) / 4, [8 / 2, 4 * 1]
    shows("rmsnorm", ([[2, 4]], [3, -2]), [[3 / 2, -2]], [[8, 4]], grads, room=2, eps=6.0)


def test_groupnorm():
    """Four channels of one pixel: 1 3 | 12 10, a gamma and a beta each."""
    shape = (1, 4, 1, 1)
    x, dout = np.reshape([1.0, 3, 12, 10], shape), np.reshape([4.0, -2, 5, 0.5], shape)
    gamma, beta = [2, -3, 4, 6], [1, 10, 0, -1]
    out = np.reshape([-1 + 1, -1.5 + 10, 2 + 0, -3 - 1], shape)
    dx = np.reshape([up(2 * 4, -3 * -2), down(4 * 5, 6 * 0.5)], shape)
    grads = dx, [-4 / 2, -2 / 2, 5 / 2, -0.5 / 2], [4, -2, 5, 0.5]
    shows("groupnorm", (x, gamma, beta), out, dout, grads, room=4, groups=2, eps=3.0)


def test_groupnorm_of_one_group():
    """All pixels of all channels of an image, and of no other: -1 1 | 1 -1 around 6, around 0."""
    x = np.array([[[[5.0, 7]], [[7, 5]]], [[[1, -1]], [[-1, 1]]]])
    xhat = np.array([[[[-0.5, 0.5]], [[0.5, -0.5]]], [[[0.5, -0.5]], [[-0.5, 0.5]]]])
    dout = np.zeros(x.shape)
    dout[0, 0, 0, 0] = 4.0
    # dxhat = 2 * 4 0 0 0: its mean is 2, its mean along xhat -1
    dx = np.zeros(x.shape)
    dx[0] = (2 * dout[0] - 2 + xhat[0]) / 2
    grads = dx, [-2, 0], [4, 0]
    scale = np.array([[[2.0]], [[10]]])
    shows("groupnorm", (x, [2, 10], [0, 0]), scale * xhat, dout, grads, room=4, eps=3.0)


def test_instancenorm():
    """Each channel of each image by itself."""
    x = np.array([[[[1.0, 3]], [[12, 10]]], [[[7, 5]], [[-1, 1]]]])
    out = np.array([[[[0.0, 2]], [[1.5, -1.5]]], [[[2, 0]], [[-1.5, 1.5]]]])
    dout = np.array([[[[8.0, -2]], [[5, 0.5]]], [[[0, 0]], [[0, 1]]]])
    dx = [up(2 * 8, 2 * -2), down(3 * 5, 3 * 0.5), down(0, 0), up(0, 3 * 1)]
    dgamma, dbeta = [-8 / 2 - 2 / 2, 5 / 2 - 0.5 / 2 + 1 / 2], [8 - 2, 5 + 0.5 + 1]
    grads = np.reshape(dx, x.shape), dgamma, dbeta
    shows("instancenorm", (x, [2, 3], [1, 0]), out, dout, grads, room=4, eps=3.0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("value", [3.0, 0.0, -1e6, 1e30])
def test_norms_of_numbers_that_are_all_the_same(value, dtype):
    """xhat is exactly 0 and out beta; gradients are finite. (rmsnorm has no mean to take off.)"""
    x = np.full((2, 2, 2, 2), value, dtype)
    dout = np.arange(16.0, dtype=dtype).reshape(x.shape) - 5
    gamma, beta = np.array([2, 3], dtype), np.array([1, -1], dtype)
    std = math.sqrt(1e-5)
    for kind in ("batchnorm", "layernorm", "groupnorm", "instancenorm"):
        out, cache = find(kind, "forward")(x, gamma, beta)
        expected = beta if kind == "layernorm" else beta.reshape(2, 1, 1)
        assert np.array_equal(out, np.broadcast_to(expected, x.shape)), kind
        dx, dgamma, dbeta = find(kind, "backward")(dout, cache)
        assert not dgamma.any() and np.isfinite(dbeta).all()
        # dxhat less its mean, over sqrt(eps): at most 3 * 16 of it
        assert np.isfinite(dx).all() and np.abs(dx).max() <= 3 * 16 / std
        assert np.abs(dx).max() > 1 / std
    xhat, cache = find("standardize", "forward")(x)
    assert not xhat.any()
    assert np.isfinite(find("standardize", "backward")(dout, cache)).all()
    if value < 1e19:  # its square is a number
        out, cache = find("rmsnorm", "forward")(x, gamma)
        assert all(np.isfinite(each).all() for each in find("rmsnorm", "backward")(dout, cache))
        assert (value == 0) == (not out.any())


def test_a_batch_of_one():
    """In training its only number is its own mean: out is beta, and nothing goes back."""
    shows("batchnorm", ([[7, -3]], [2, 3], [1, -1]), [[1, -1]], [[4, 5]],
          ([[0, 0]], [0, 0], [4, 5]))  # fmt: skip
    x = np.array([[[[4.0]], [[-2]]]])
    for kind in ("instancenorm", "batchnorm"):
        shows(kind, (x, [2, 3], [1, -1]), [[[[1]], [[-1]]]], [[[[4]], [[5]]]],
              (0 * x, [0, 0], [4, 5]))  # fmt: skip


def test_what_a_norm_takes_away_comes_back_as_nothing():
    """An upstream of a + b x pulls along the mean and the spread, which no x can change."""
    for slope, level in [(0.0, 4.0), (3.0, -1.0)]:
        dout = level + slope * THREE
        _, cache = find("batchnorm", "forward")(THREE, np.ones(1), np.zeros(1), eps=1e-12)
        dx, *_ = find("batchnorm", "backward")(dout, cache)
        assert np.abs(dx).max() <= 1e-10


# Dropout ----------------------------------------------------------------------------------------


def test_dropout():
    """Half are dropped, and the others doubled; with p = 3/4 four times as large."""
    x, mask = [[1, 2, 3]], np.array([[True, False, True]])
    shows("dropout", (x,), [[2, 0, 6]], [[5, 6, -7]], ([[10, 0, -14]],), mask=mask)
    shows("dropout", (x,), [[4, 0, 12]], [[5, 6, -7]], ([[20, 0, -28]],), mask=mask, p=0.75)
    shows("dropout", (x,), [[1, 0, 3]], [[5, 6, -7]], ([[5, 0, -7]],), mask=mask, p=0.0)
    # A mask of one number a channel drops it whole.
    x, dout = np.array([[[[1.0, 2]], [[3, 4]]]]), np.array([[[[5.0, 6]], [[7, 8]]]])
    out, dx = np.array([[[[0.0, 0]], [[6, 8]]]]), np.array([[[[0.0, 0]], [[14, 16]]]])
    channels = np.array([[[[False]], [[True]]]])
    shows("dropout", (x,), out, dout, (dx,), mask=channels)
    x = [[1, 2, 3]]
    # Neither mask nor rng: evaluation, whatever p.
    shows("dropout", (x,), x, [[5, 6, -7]], ([[5, 6, -7]],), p=0.75)


def test_dropout_draws_from_a_generator():
    """The same from the same seed, other draws from the next call; p is the chance to drop."""
    forward, backward = find("dropout", "forward"), find("dropout", "backward")
    x = np.ones((200, 500))
    rng = np.random.default_rng(3)
    out, cache = forward(x, p=0.2, rng=rng)
    next_out, _ = forward(x, p=0.2, rng=rng)
    again, _ = forward(x, p=0.2, rng=np.random.default_rng(3))
    assert np.array_equal(out, again) and not np.array_equal(out, next_out)
    assert set(np.unique(out)) == {0.0, 1 / 0.8}
    # 100,000 draws: the share kept is within four of its errors, sqrt(0.16 / 100000).
    kept = (out > 0).mean()
    assert abs(kept - 0.8) <= 4 * math.sqrt(0.16 / 1e5)
    assert abs(out.mean() - 1) <= 4 * math.sqrt(0.16 / 1e5) / 0.8  # so the mean stays
    assert np.array_equal(backward(x, cache), out)  # the same numbers are dropped on the way back
    everything, _ = forward(x, p=0.0, rng=rng)
    assert np.array_equal(everything, x)
    # A mask that is given is taken, and nothing drawn.
    before = rng.bit_generator.state
    given, _ = forward(x, p=0.5, mask=x > 0, rng=rng)
    assert np.array_equal(given, 2 * x) and rng.bit_generator.state == before


# Shapes -----------------------------------------------------------------------------------------


def test_flatten():
    x, dout = np.arange(12.0).reshape(2, 2, 3), np.arange(12.0).reshape(2, 6) * -2
    out = [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    shows("flatten", (x,), out, dout, (-2 * x,))
    shows("flatten", ([3, 4],), [[3], [4]], [[5], [6]], ([5, 6],))


def test_reshape():
    x, dout = np.arange(12.0).reshape(2, 6), np.arange(12.0).reshape(2, 3, 2) + 100
    out = [[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]]
    shows("reshape", (x,), out, dout, (x + 100,), shape=(3, 2))


def test_transpose():
    """Axes that are a cycle: there and back are not the same order."""
    x = np.array([[[1.0, 2, 3], [4, 5, 6]]])  # (1, 2, 3)
    out = [[[1], [4]], [[2], [5]], [[3], [6]]]  # (3, 2, 1)
    shows("transpose", (x,), out, [[[7], [8]], [[9], [10]], [[11], [12]]],
          ([[[7, 9, 11], [8, 10, 12]]],), axes=(2, 1, 0))  # fmt: skip
    out = [[[1, 4]], [[2, 5]], [[3, 6]]]  # (3, 1, 2)
    shows("transpose", (x,), out, [[[7, 8]], [[9, 10]], [[11, 12]]],
          ([[[7, 9, 11], [8, 10, 12]]],), axes=(2, 0, 1))  # fmt: skip


# Every image by itself --------------------------------------------------------------------------

ALONE = {
    "conv2d": ((image([1, -1], [2, 3])[:, [0, 0, 0]], np.ones(1)), {"padding": 1}),
    "conv_transpose2d": ((image([1, -1], [2, 3])[[0, 0, 0]], np.ones(1)), {"stride": 2}),
    "max_pool2d": ((), {"padding": 1}),
    "avg_pool2d": ((), {"padding": 1}),
    "global_avg_pool": ((), {}),
    "upsample_nearest": ((), {}),
    "groupnorm": ((np.ones(3), np.zeros(3)), {"groups": 3}),
    "instancenorm": ((np.ones(3), np.zeros(3)), {}),
}


@pytest.mark.parametrize("kind", ALONE)
def test_one_image_of_a_batch_is_a_batch_of_one(kind, rng):
    """Whatever stands beside it: the same output, and the same gradient."""
    params, options = ALONE[kind]
    x = rng.normal(size=(4, 3, 4, 5))
    out, cache = find(kind, "forward")(x, *params, **options)
    dout = rng.normal(size=out.shape)
    dx = find(kind, "backward")(dout, cache)
    for n in range(4):
        alone, cache = find(kind, "forward")(x[n : n + 1], *params, **options)
        dx_alone = find(kind, "backward")(dout[n : n + 1], cache)
        dx_n, dx_alone = (each[0] if isinstance(each, tuple) else each for each in (dx, dx_alone))
        close(alone, out[n : n + 1], 16, np.float64)
        close(dx_alone, dx_n[n : n + 1], 16, np.float64)


def test_every_layer_for_images_is_here():
    """A new one is shown above, and taken image by image.

    That no other layer is forgotten, test_by_hand.py sees to.
    """
    for_images = {kind for kind, card in LAYERS.items() if card.takes == "NCHW"}
    assert for_images == set(ALONE)
    assert for_images | {"conv1d", "batchnorm"} <= shown(FILES[1])
