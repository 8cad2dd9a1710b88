"""What students write in place of the convolution and the pooling of images.py."""

from reference.cards import Mistake
from reference.grading.courses.cs231n.batchnorm_mistakes import instead

_CONV_OUT = 'out, cache = conv2d_forward(x, w, b, conv_param["stride"], conv_param["pad"])'
_CONV_GRADS = "dx, dw, db = conv2d_backward(dout, cache)"
_UNFOLD = "windows = unfold(x, (KH, KW), stride, padding, dilation)"


def _apart(stride):
    """Windows of another stride, as many as there are with the right one."""
    return (
        f"{_UNFOLD}\n"
        "    OH, OW = windows.shape[2:4]\n"
        f"    windows = unfold(x, (KH, KW), {stride}, padding, dilation)[:, :, :OH, :OW]"
    )


_POOL_OUT = 'out, cache = max_pool2d_forward(x, kernel, pool_param["stride"])'
_POOL_GRAD = "dx = max_pool2d_backward(dout, cache)"
_PUT_BACK = "padded[:, :, rows, columns] += windows[:, :, :, :, k, m]"


def _pooled(size, stride, height, width):
    """Loops over the output, its size and its windows as a mistake has them."""
    return (
        f"{_POOL_OUT}\n"
        '    (PH, PW), stride, (H, W) = kernel, pool_param["stride"], x.shape[2:]\n'
        f"    OH, OW = {size}\n"
        "    out = np.zeros((*x.shape[:2], OH, OW))\n"
        f"    for i, j, window in _places(OH, OW, {stride}, {height}, {width}):\n"
        "        out[:, :, i, j] = x[window].max(axis=(2, 3))"
    )


MISTAKES: list[Mistake] = [
    *instead(
        "conv_forward_naive",
        _CONV_OUT,
        ("conv out laid out pixel by pixel",
         f"{_CONV_OUT}\n    out = out.transpose(1, 2, 3, 0).reshape(out.shape)",
         "out comes as (F, OH, OW, N) and is reshaped; its axes must be moved."),
        ("conv out laid out filter by filter",
         f"{_CONV_OUT}\n    out = out.transpose(1, 0, 2, 3).reshape(out.shape)",
         "out comes as (F, N, OH, OW) and is reshaped; its axes must be moved."),
        ("conv out laid out channels last",
         f"{_CONV_OUT}\n    out = out.transpose(0, 2, 3, 1).reshape(out.shape)",
         "out comes as (N, OH, OW, F) and is reshaped; its axes must be moved."),
        ("conv size with one pad",
         f"{_CONV_OUT}\n"
         '    pad, stride = conv_param["pad"], conv_param["stride"]\n'
         "    OH, OW = [(n + pad - k) // stride + 1 for n, k in zip(x.shape[2:], w.shape[2:])]\n"
         "    out = out[:, :, :OH, :OW]",
         "The output has the size for one pad; there is one on each side: H + 2 pad - HH."),
        ("conv size one short", f"{_CONV_OUT}\n    out = out[:, :, :-1, :-1]",
         "The output is one short on each side: 1 + (H + 2 pad - HH) // stride."),
        ("conv bias at every number", f"{_CONV_OUT}\n"
         "    out = out + b.reshape(-1, 1, 1) * (w[0].size - 1)",
         "b is added at each number of the window; it is added once a window."),
        ("conv bias in every channel", f"{_CONV_OUT}\n"
         "    out = out + b.reshape(-1, 1, 1) * (w.shape[1] - 1)",
         "b is added in each channel; it is added once a window."),
    ),
    *instead(
        "conv2d_forward",
        "out = rows @ filters.swapaxes(1, 2)",
        ("conv last number of the window",
         "out = rows[..., -1:] @ filters[..., -1:].swapaxes(1, 2)",
         "Only the last number of each window counts: = stands for +=."),
        ("conv last channel",
         "k = KH * KW\n    out = rows[..., -k:] @ filters[..., -k:].swapaxes(1, 2)",
         "Only the last channel counts: = stands for +=."),
        ("conv first channel",
         "k = KH * KW\n    out = rows[..., :k] @ filters[..., :k].swapaxes(1, 2)",
         "Only the first channel counts; a filter sees them all."),
    ),
    *instead(
        "conv2d_forward",
        _UNFOLD,
        ("conv windows one apart", _apart("1"),
         "The windows start at i and j; they start at i and j times the stride."),
        ("conv windows one apart in width", _apart("(stride, 1)"),
         "In width the windows start at j; they start at j times the stride."),
        ("conv windows one apart in height", _apart("(1, stride)"),
         "In height the windows start at i; they start at i times the stride."),
    ),
    *instead(
        "conv2d_backward",
        _UNFOLD,
        ("conv dw windows one apart", _apart("1"),
         "dw takes the windows that start at i and j; they start at i and j times the stride."),
        ("conv dw from x without padding",
         f"{_UNFOLD}\n"
         "    OH, OW = windows.shape[2:4]\n"
         "    end = [(0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)]\n"
         "    padded = __import__(\"numpy\").pad(x, end)\n"
         "    windows = unfold(padded, (KH, KW), stride, 0, dilation)",
         "dw takes its windows from x where the forward took them from the padded x."),
    ),
    *instead(
        "conv2d_backward",
        "dw = (d.swapaxes(1, 2) @ rows)",
        ("conv dw of the last window", "dw = (d[:, -1:].swapaxes(1, 2) @ rows[:, -1:])",
         "dw holds the last window of the last image alone: = stands for +=."),
        ("conv dw of each image's last window",
         "dw = (d[:, OH * OW - 1 :: OH * OW].swapaxes(1, 2) @ rows[:, OH * OW - 1 :: OH * OW])",
         "dw holds the last window of each image alone; all windows add up: += for =."),
        ("conv dw without dout", "dw = ((0 * d + 1).swapaxes(1, 2) @ rows)",
         "dw does not use dout: it adds up the windows."),
    ),
    *instead(
        "conv2d_backward",
        "drows = (d @ filters)",
        ("conv dx without dout", "drows = ((0 * d + 1) @ filters)",
         "dx does not use dout: it adds up the filters."),
        ("conv dx of the last filter", "drows = (d[..., -1:] @ filters[:, -1:])",
         "dx holds the last filter alone; every filter saw x, and all add up."),
    ),
    *instead(
        "conv_backward_naive",
        _CONV_GRADS,
        ("conv dx overwritten",
         f"{_CONV_GRADS}\n"
         "    x, w, stride, pad, *_ = cache\n"
         "    padded = np.zeros(np.pad(dx, [(0, 0), (0, 0), (pad, pad), (pad, pad)]).shape)\n"
         "    for i, j, window in _places(*dout.shape[2:], stride, *w.shape[2:]):\n"
         "        padded[window] = dout[:, -1, i, j, None, None, None] * w[-1]\n"
         "    dx = padded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]",
         "Each window and each filter overwrites dx; they add up: += for =."),
        ("conv dx cut by pad:-pad",
         f"{_CONV_GRADS}\n    dx = dx if cache[3] else dx[:, :, :0, :0]",
         "dx is cut by pad:-pad, which is empty where pad is 0; cut by pad:pad + H."),
        ("conv db of the last pixel", f"{_CONV_GRADS}\n    db = dout[-1, :, -1, -1]",
         "db holds the last pixel alone: = stands for +=."),
        ("conv db of the last image", f"{_CONV_GRADS}\n    db = dout[-1].sum(axis=(1, 2))",
         "db holds the last image alone; all add up."),
        ("conv db counts the pixels",
         f"{_CONV_GRADS}\n    db = np.ones_like(dout).sum(axis=(0, 2, 3))",
         "db does not use dout: it counts the pixels."),
        *(
            (f"conv db over {axes}", f"{_CONV_GRADS}\n    db = dout.sum(axis={axes})",
             f"db is summed over the axes {axes}; the sum runs over (0, 2, 3), all but filters.")
            for axes in (
                "1", "(0, 1)", "(0, 2)", "(0, 3)", "(1, 2)", "(1, 3)", "(1, 2, 3)", "(0, 1, 3)",
            )
        ),
        *(
            (f"conv {what} with dout in another order{way}",
             f"{_CONV_GRADS}\n    N, F, OH, OW = dout.shape\n"
             f"    mixed = {mixed}\n"
             f"    {what.replace(' and ', ', ')} = conv2d_backward(mixed, cache)[{which}]",
             "The rows of dout lie in another order than the windows: images and pixels mix.")
            for way, mixed in (
                (", pixels in front",
                 "dout.transpose(1, 2, 3, 0).reshape(F, N, OH, OW).swapaxes(0, 1)"),
                (", images in front",
                 "dout.swapaxes(0, 1).reshape(F, OH, OW, N).transpose(3, 0, 1, 2)"),
            )
            for what, which in (("dx and dw", ":2"), ("dx", "0"), ("dw", "1"))
        ),
        ("conv dw and db swapped", f"{_CONV_GRADS}\n    dw, db = db, dw",
         "The gradients come back as dx, db, dw; the order is dx, dw, db."),
    ),
    *instead(
        "unfold",
        "np.pad(x, edges, constant_values=fill)",
        ("padding at the end", "np.pad(x, [(a + b) * np.array([0, 1]) for a, b in edges])",
         "All the padding stands below and on the right; half of it belongs above and left."),
    ),
    *instead(
        "fold",
        "padded[:, :, ph : ph + H, pw : pw + W]",
        ("fold cut as if pad were 1", "padded[:, :, 1 : H + 1, 1 : W + 1]",
         "dx is cut as if the padding were 1; it is pad."),
        ("fold cut by 1:-1", "padded[:, :, 1:-1, 1:-1]",
         "dx is cut by 1:-1, as if the padding were 1; it is pad."),
    ),
    *instead(
        "fold",
        _PUT_BACK,
        ("last window wins",
         "k, m = KH - 1 - k, KW - 1 - m\n"
         "        rows = slice(k * dh, k * dh + sh * OH, sh)\n"
         "        columns = slice(m * dw, m * dw + sw * OW, sw)\n"
         "        padded[:, :, rows, columns] = windows[:, :, :, :, k, m]",
         "Where windows overlap the last one overwrites the others; they add up: += for =."),
    ),
    *instead(
        "max_pool_forward_naive",
        _POOL_OUT,
        ("pool windows as wide as high",
         _pooled("out.shape[2:]", "stride", "PH", "PH"),
         "The windows are pool_height wide; they are pool_width wide."),
        ("pool windows as high as wide",
         _pooled("out.shape[2:]", "stride", "PW", "PW"),
         "The windows are pool_width high; they are pool_height high."),
        ("pool windows turned", _pooled("out.shape[2:]", "stride", "PW", "PH"),
         "The height and the width of the window are swapped."),
        ("pool windows of the stride", _pooled("out.shape[2:]", "stride", "stride", "stride"),
         "The windows are as large as the stride; they are pool_height by pool_width."),
        ("pool windows one apart", _pooled("out.shape[2:]", "1", "PH", "PW"),
         "The windows start at i and j; they start at i and j times the stride."),
        ("pool size over the stride", _pooled("(H // stride, W // stride)", "stride", "PH", "PW"),
         "The output has H // stride rows; it has (H - pool_height) // stride + 1."),
        ("pool size one short", f"{_POOL_OUT}\n    out = out[:, :, :-1, :-1]",
         "The output is one short on each side: 1 + (H - pool_height) // stride."),
        ("pool size over the window", _pooled("(H // PH, W // PW)", "stride", "PH", "PW"),
         "The output has H // pool_height rows; it has (H - pool_height) // stride + 1."),
        ("pool sum for max",
         _pooled("out.shape[2:]", "stride", "PH", "PW").replace("max(", "sum("),
         "The sum of each window comes out; it must be the largest number."),
        ("pool maximum from zero", f"{_POOL_OUT}\n    out = np.maximum(out, 0)",
         "The search starts at 0: among negative numbers 0 wins. Start at minus infinity."),
    ),
    *instead(
        "max_pool2d_backward",
        "fold(dwindows, x_shape[2:], stride, padding)",
        ("pool dx windows one apart", "fold(dwindows, x_shape[2:], 1, padding)",
         "dx puts the windows back one apart; they lie stride apart."),
    ),
    *instead(
        "max_pool_backward_naive",
        _POOL_GRAD,
        ("pool dx at the place in the window",
         "windows, winner, shape, (PH, PW), *_ = cache\n"
         "    dx = np.zeros(shape)\n"
         "    won = (winner == np.arange(PH * PW)) * dout[..., None]\n"
         "    dx[:, :, :PH, :PW] = won.sum(axis=(2, 3)).reshape(*shape[:2], PH, PW)",
         "dx is written at the winner's place in its window; add the window's own place."),
        ("pool dx is the winner",
         "dx = max_pool2d_backward(np.take_along_axis(*cache[:2], -1)[..., 0], cache)",
         "dx holds the winning numbers; it holds dout in their places."),
        ("pool winners overwritten",
         "windows, winner, shape, (PH, PW), stride, _ = cache\n"
         "    dx = np.zeros(shape)\n"
         "    for i, j, window in _places(*dout.shape[2:], stride, PH, PW):\n"
         "        won = np.arange(PH * PW) == winner[:, :, i, j]\n"
         "        np.copyto(dx[window], dout[:, :, i, j, None, None],\n"
         "                  where=won.reshape(*won.shape[:2], PH, PW))",
         "A pixel that wins several windows keeps the last dout alone; they add up: += for =."),
    ),
]  # fmt: skip
