"""Pooling and upsampling, for the other paths."""

import numpy as np

from reference.cards import Card, Fit, Mistake
from reference.cards.convolution import _both as both


def _pool(shape, dice):
    N, C, *sizes = shape
    kernel = [dice.pick(1, 2, 2, 3, size) for size in sizes]
    padding = [min(dice.pick(0, 0, 1, 2), k // 2) for k in kernel]
    kernel = [min(k, size + 2 * p) for k, size, p in zip(kernel, sizes, padding, strict=True)]
    padding = [min(p, k // 2) for k, p in zip(kernel, padding, strict=True)]
    stride = [dice.pick(k, 1, 2, k + 1) for k in kernel]
    axes = zip(sizes, kernel, stride, padding, strict=True)
    places = [(size + 2 * p - k) // s + 1 for size, k, s, p in axes]
    options = {} if kernel == [2, 2] else {"kernel": tuple(kernel)}
    if stride != kernel:
        options["stride"] = tuple(stride)
    if any(padding):
        options["padding"] = tuple(padding)
    return Fit((N, C, *places), options=options)


def _windows(jnp, x, kernel, stride, padding, start, reduce):
    from jax import lax

    (ph, pw), stride = both(padding), both(kernel if stride is None else stride)
    edges = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    return lax.reduce_window(x, start, reduce, (1, 1, *both(kernel)), (1, 1, *stride), edges)


def _jax_max(jnp, x, kernel=2, stride=None, padding=0):
    from jax import lax

    return _windows(jnp, x, kernel, stride, padding, np.array(-np.inf, x.dtype)[()], lax.max)


def _jax_avg(jnp, x, kernel=2, stride=None, padding=0):
    from jax import lax

    total = _windows(jnp, x, kernel, stride, padding, np.zeros((), x.dtype)[()], lax.add)
    return total / (both(kernel)[0] * both(kernel)[1])


def _ahead(cache):
    """How far each number of a window lies above the best other one: only the winner does."""
    candidates = cache[0]
    if candidates.shape[-1] == 1:
        return np.ones(candidates.shape)
    others = np.stack(
        [np.delete(candidates, k, axis=-1).max(axis=-1) for k in range(candidates.shape[-1])], -1
    )
    return candidates - others


def _scale(shape, dice):
    N, C, H, W = shape
    scale = dice.pick((1, 2), (2, 1), None, (3, 2))
    sh, sw = scale or (2, 2)
    return Fit((N, C, H * sh, W * sw), options={"scale": scale} if scale else {})


CARDS = [
    Card(
        "max_pool2d",
        torch=lambda F, x, kernel=2, stride=None, padding=0: F.max_pool2d(
            x, kernel, stride, padding
        ),
        jax=_jax_max,
        kinks=_ahead,
        takes="NCHW",
        fit=_pool,
    ),
    Card(
        "avg_pool2d",
        torch=lambda F, x, kernel=2, stride=None, padding=0: F.avg_pool2d(
            x, kernel, stride, padding
        ),
        jax=_jax_avg,
        takes="NCHW",
        fit=_pool,
    ),
    Card(
        "global_avg_pool",
        torch=lambda F, x: F.adaptive_avg_pool2d(x, 1).flatten(1),
        jax=lambda jnp, x: x.mean(axis=(2, 3)),
        takes="NCHW",
        fit=lambda shape, dice: Fit(shape[:2]),
    ),
    Card(
        "upsample_nearest",
        torch=lambda F, x, scale=2: F.interpolate(
            x, scale_factor=tuple(map(float, both(scale))), mode="nearest"
        ),
        jax=lambda jnp, x, scale=2: jnp.kron(x, jnp.ones((1, 1, *both(scale)), x.dtype)),
        takes="NCHW",
        fit=_scale,
    ),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "max_pool2d mean for max",
        "max_pool2d_forward",
        "np.take_along_axis(candidates, winner, axis=-1)[..., 0]",
        "candidates.mean(axis=-1)",
        "The mean of each window comes out; it must be the largest number.",
    ),
    Mistake(
        "max_pool2d smallest wins",
        "max_pool2d_forward",
        "candidates.argmax(axis=-1)",
        "candidates.argmin(axis=-1)",
        "argmin finds the smallest number of a window; the largest wins.",
    ),
    Mistake(
        "max_pool2d first for max",
        "max_pool2d_forward",
        "np.take_along_axis(candidates, winner, axis=-1)[..., 0]",
        "candidates[..., 0]",
        "The first number of each window comes out; it must be the largest.",
    ),
    Mistake(
        "max_pool2d largest by size alone",
        "max_pool2d_forward",
        "candidates.argmax(axis=-1)",
        "(candidates * candidates).argmax(axis=-1)",
        "The number farthest from 0 wins; the largest wins, and a negative one is small.",
    ),
    Mistake(
        "max_pool2d last of several",
        "max_pool2d_forward",
        "candidates.argmax(axis=-1)",
        "(candidates.shape[-1] - 1 - candidates[..., ::-1].argmax(axis=-1))",
        "Of several largest the last wins; the first must win, as in PyTorch.",
    ),
    Mistake(
        "max_pool2d padding wins",
        "max_pool2d_forward",
        "fill=_below(x)",
        "fill=0",
        "The padding holds zeros and wins among negative numbers; it must never win.",
    ),
    Mistake(
        "max_pool2d padding ignored",
        "max_pool2d_forward",
        "unfold(x, kernel, stride, padding, fill=_below(x))",
        "unfold(x, kernel, stride, 0, fill=_below(x))",
        "The option padding has no effect.",
    ),
    Mistake(
        "max_pool2d stride ignored",
        "max_pool2d_forward",
        "kernel if stride is None else stride",
        "kernel",
        "The option stride has no effect.",
    ),
    Mistake(
        "max_pool2d default stride 1",
        "max_pool2d_forward",
        "kernel if stride is None",
        "1 if stride is None",
        "Unless a stride is given the windows overlap; they must lie side by side.",
    ),
    Mistake(
        "max_pool2d stride and kernel swapped",
        "max_pool2d_forward",
        "unfold(x, kernel, stride, padding, fill=_below(x))",
        'unfold(x, pair("stride", stride), kernel, padding, fill=_below(x))',
        "Kernel and stride are swapped.",
    ),
    Mistake(
        "max_pool2d kernel turned",
        "max_pool2d_forward",
        "unfold(x, kernel, stride, padding, fill=_below(x))",
        "unfold(x, kernel[::-1], stride, padding, fill=_below(x))",
        "The height and the width of the window are swapped.",
    ),
    Mistake(
        "max_pool2d wrong default kernel",
        "max_pool2d_forward",
        "kernel: Pair = 2",
        "kernel: Pair = 3",
        "The windows are 3 by 3 unless given; they must be 2 by 2.",
    ),
    Mistake(
        "max_pool2d over the channels",
        "max_pool2d_forward",
        "windows.reshape(*windows.shape[:4], -1)",
        "windows.max(axis=1, keepdims=True).repeat(x.shape[1], "
        "axis=1).reshape(*windows.shape[:4], -1)",
        "The largest number of all channels wins; each channel has a winner of its own.",
    ),
    Mistake(
        "max_pool2d dx to all the largest",
        "max_pool2d_backward",
        "np.put_along_axis(dcandidates, winner, dout[..., None], axis=-1)",
        "dcandidates += dout[..., None] * (candidates == np.take_along_axis(candidates, "
        "winner, axis=-1))",
        "Where several are largest each of them gets dout; only the first may get it.",
    ),
    Mistake(
        "max_pool2d dx shared by the largest",
        "max_pool2d_backward",
        "np.put_along_axis(dcandidates, winner, dout[..., None], axis=-1)",
        "ties = candidates == np.take_along_axis(candidates, winner, axis=-1)\n"
        "    dcandidates += dout[..., None] * ties / ties.sum(axis=-1, keepdims=True)",
        "Where several are largest they share dout; the first must get all of it, as in PyTorch.",
    ),
    Mistake(
        "max_pool2d dx to the whole window",
        "max_pool2d_backward",
        "np.put_along_axis(dcandidates, winner, dout[..., None], axis=-1)",
        "dcandidates += dout[..., None]",
        "Every number of the window gets dout; only the winner may get it.",
    ),
    Mistake(
        "max_pool2d dx as of a mean",
        "max_pool2d_backward",
        "np.put_along_axis(dcandidates, winner, dout[..., None], axis=-1)",
        "dcandidates += dout[..., None] / candidates.shape[-1]",
        "Every number of the window gets a share of dout, as in average pooling; the winner "
        "gets all.",
    ),
    Mistake(
        "max_pool2d dx to the smallest",
        "max_pool2d_backward",
        "np.put_along_axis(dcandidates, winner, dout[..., None], axis=-1)",
        "np.put_along_axis(dcandidates, candidates.argmin(axis=-1)[..., None], dout[..., "
        "None], axis=-1)",
        "The smallest number of the window gets dout; the winner must get it.",
    ),
    Mistake(
        "max_pool2d dx times the winner",
        "max_pool2d_backward",
        "np.put_along_axis(dcandidates, winner, dout[..., None], axis=-1)",
        "np.put_along_axis(dcandidates, winner, dout[..., None] * "
        "np.take_along_axis(candidates, winner, axis=-1), axis=-1)",
        "dout is multiplied by the winning number; the slope of a maximum is 1.",
    ),
    Mistake(
        "max_pool2d dx is the mask",
        "max_pool2d_backward",
        "dout[..., None], axis=-1",
        "1, axis=-1",
        "dx does not use dout: it marks the winners with ones.",
    ),
    Mistake(
        "max_pool2d dx window transposed",
        "max_pool2d_backward",
        "dcandidates.reshape(*dout.shape, *kernel)",
        "dcandidates.reshape(*dout.shape, *kernel[::-1]).swapaxes(-1, -2)",
        "The winner's place is counted down the columns; the forward counts along the rows.",
    ),
    Mistake(
        "max_pool2d dx stride ignored",
        "max_pool2d_backward",
        "fold(dwindows, x_shape[2:], stride, padding)",
        "fold(dwindows, x_shape[2:], kernel, padding)",
        "dx puts the windows back side by side; they lie stride apart.",
    ),
    Mistake(
        "max_pool2d dx padding ignored",
        "max_pool2d_backward",
        "fold(dwindows, x_shape[2:], stride, padding)",
        "fold(dwindows, x_shape[2:], stride)",
        "dx puts the windows back as if x had no padding.",
    ),
    Mistake(
        "max_pool2d dx keeps the padding",
        "max_pool2d_backward",
        "fold(dwindows, x_shape[2:], stride, padding)",
        "fold(dwindows, [n + 2 * p for n, p in zip(x_shape[2:], pair('padding', padding, 0))], "
        "stride)",
        "dx keeps the padding; it must be cut off again, to the shape of x.",
    ),
    Mistake(
        "max_pool2d dx in float64",
        "max_pool2d_backward",
        "np.zeros(candidates.shape, dout.dtype)",
        "np.zeros(candidates.shape)",
        "np.zeros without a dtype makes float64, whatever dout is.",
    ),
    Mistake(
        "max_pool2d winner moves on",
        "max_pool2d_backward",
        "dwindows = dcandidates",
        "winner -= 1\n    dwindows = dcandidates",
        "The cache is written into: a second backward finds other winners.",
    ),
    Mistake(
        "avg_pool2d sum for mean",
        "avg_pool2d_forward",
        "windows.sum(axis=(4, 5)) / (kernel[0] * kernel[1])",
        "windows.sum(axis=(4, 5))",
        "The sum of each window comes out; it must be the mean.",
    ),
    Mistake(
        "avg_pool2d max for mean",
        "avg_pool2d_forward",
        "windows.sum(axis=(4, 5)) / (kernel[0] * kernel[1])",
        "windows.max(axis=(4, 5))",
        "The largest number of each window comes out; it must be the mean.",
    ),
    Mistake(
        "avg_pool2d square windows",
        "avg_pool2d_forward",
        "(kernel[0] * kernel[1])",
        "(kernel[0] * kernel[0])",
        "The sum is divided by the square of the height; divide by height times width.",
    ),
    Mistake(
        "avg_pool2d over one side",
        "avg_pool2d_forward",
        "(kernel[0] * kernel[1])",
        "kernel[0]",
        "The sum is divided by the height alone; divide by height times width.",
    ),
    Mistake(
        "avg_pool2d padding not counted",
        "avg_pool2d_forward",
        "(kernel[0] * kernel[1])",
        "unfold(0 * x + 1, kernel, stride, padding).sum(axis=(4, 5))",
        "The mean leaves the padded zeros out; here, as in PyTorch, they count.",
    ),
    Mistake(
        "avg_pool2d padding repeats the edge",
        "avg_pool2d_forward",
        "unfold(x, kernel, stride, padding)",
        'unfold(np.pad(x, [(0, 0), (0, 0)] + [(p, p) for p in pair("padding", padding, 0)], '
        'mode="edge"), kernel, stride)',
        "The padding repeats the pixels at the edge; it holds zeros.",
    ),
    Mistake(
        "avg_pool2d stride ignored",
        "avg_pool2d_forward",
        "kernel if stride is None else stride",
        "kernel",
        "The option stride has no effect.",
    ),
    Mistake(
        "avg_pool2d default stride 1",
        "avg_pool2d_forward",
        "kernel if stride is None",
        "1 if stride is None",
        "Unless a stride is given the windows overlap; they must lie side by side.",
    ),
    Mistake(
        "avg_pool2d stride and kernel swapped",
        "avg_pool2d_forward",
        "unfold(x, kernel, stride, padding)",
        'unfold(x, pair("stride", stride), kernel, padding)',
        "Kernel and stride are swapped.",
    ),
    Mistake(
        "avg_pool2d kernel turned",
        "avg_pool2d_forward",
        "unfold(x, kernel, stride, padding)",
        "unfold(x, kernel[::-1], stride, padding)",
        "The height and the width of the window are swapped.",
    ),
    Mistake(
        "avg_pool2d wrong default kernel",
        "avg_pool2d_forward",
        "kernel: Pair = 2",
        "kernel: Pair = 3",
        "The windows are 3 by 3 unless given; they must be 2 by 2.",
    ),
    Mistake(
        "avg_pool2d dx not shared",
        "avg_pool2d_backward",
        "dout[..., None, None] / (kernel[0] * kernel[1])",
        "dout[..., None, None]",
        "Every pixel of a window gets all of dout; it gets one share of it.",
    ),
    Mistake(
        "avg_pool2d dx square windows",
        "avg_pool2d_backward",
        "kernel[0] * kernel[1]",
        "kernel[0] * kernel[0]",
        "dout is divided by the square of the height; divide by height times width.",
    ),
    Mistake(
        "avg_pool2d dx over the whole image",
        "avg_pool2d_backward",
        "kernel[0] * kernel[1]",
        "x_shape[2] * x_shape[3]",
        "dout is divided by the pixels of the image; divide by those of a window.",
    ),
    Mistake(
        "avg_pool2d dx to the first pixel",
        "avg_pool2d_backward",
        "np.broadcast_to(share, (*out_shape, *kernel))",
        "np.broadcast_to(share, (*out_shape, *kernel)).copy()\n"
        "    dwindows[..., 1:, :] = 0\n"
        "    dwindows[..., 1:] = 0",
        "Only the first pixel of a window gets its share; every pixel gets one.",
    ),
    Mistake(
        "avg_pool2d dx stride ignored",
        "avg_pool2d_backward",
        "stride, padding)",
        "kernel, padding)",
        "dx puts the windows back side by side; they lie stride apart.",
    ),
    Mistake(
        "avg_pool2d dx padding ignored",
        "avg_pool2d_backward",
        "x_shape[2:], stride, padding)",
        "x_shape[2:], stride)",
        "dx puts the windows back as if x had no padding.",
    ),
    Mistake(
        "avg_pool2d dx over the batch size",
        "avg_pool2d_backward",
        "dout[..., None, None] / (kernel[0] * kernel[1])",
        "dout[..., None, None] / (kernel[0] * kernel[1]) / len(dout)",
        "dx is divided by the batch size, but the loss has done that already.",
    ),
    Mistake(
        "avg_pool2d dout divided in place",
        "avg_pool2d_backward",
        "share = dout[..., None, None] / (kernel[0] * kernel[1])",
        "dout /= kernel[0] * kernel[1]\n    share = dout[..., None, None]",
        "dout is divided in place: the caller's array is spoiled.",
    ),
    Mistake(
        "global_avg_pool sum for mean",
        "global_avg_pool_forward",
        "x.sum(axis=(2, 3)) / (x.shape[2] * x.shape[3])",
        "x.sum(axis=(2, 3))",
        "The sum of all pixels comes out; it must be the mean.",
    ),
    Mistake(
        "global_avg_pool max for mean",
        "global_avg_pool_forward",
        "x.sum(axis=(2, 3)) / (x.shape[2] * x.shape[3])",
        "x.max(axis=(2, 3))",
        "The largest pixel comes out; it must be the mean.",
    ),
    Mistake(
        "global_avg_pool square images",
        "global_avg_pool_forward",
        "x.shape[2] * x.shape[3]",
        "x.shape[2] * x.shape[2]",
        "The sum is divided by the square of the height; divide by height times width.",
    ),
    Mistake(
        "global_avg_pool channels last",
        "global_avg_pool_forward",
        "x.sum(axis=(2, 3))",
        "x.sum(axis=(1, 2))",
        "The channels are summed and the width is kept, as if they stood last; here they stand "
        "second.",
    ),
    Mistake(
        "global_avg_pool over the batch too",
        "global_avg_pool_forward",
        "x.sum(axis=(2, 3))",
        "x.mean(axis=0, keepdims=True).repeat(len(x), axis=0).sum(axis=(2, 3))",
        "The mean runs over the batch too; every image has means of its own.",
    ),
    Mistake(
        "global_avg_pool dx not shared",
        "global_avg_pool_backward",
        " / (H * W)",
        "",
        "Every pixel gets all of dout; it gets one share of it.",
    ),
    Mistake(
        "global_avg_pool dx over one side",
        "global_avg_pool_backward",
        "(H * W)",
        "H",
        "dout is divided by the height alone; divide by height times width.",
    ),
    Mistake(
        "global_avg_pool dx over the channels too",
        "global_avg_pool_backward",
        "(H * W)",
        "(C * H * W)",
        "dout is divided by the channels too; each mean is over the pixels of one channel.",
    ),
    Mistake(
        "global_avg_pool dx over the batch size",
        "global_avg_pool_backward",
        "(H * W)",
        "(N * H * W)",
        "dx is divided by the batch size, but the loss has done that already.",
    ),
    Mistake(
        "global_avg_pool dx to the first pixel",
        "global_avg_pool_backward",
        "np.broadcast_to(dout[:, :, None, None] / (H * W), cache).copy()",
        "np.pad(dout[:, :, None, None], ((0, 0), (0, 0), (0, H - 1), (0, W - 1)))",
        "Only the first pixel gets dout; every pixel gets a share.",
    ),
    Mistake(
        "global_avg_pool dx cannot be written into",
        "global_avg_pool_backward",
        ".copy()",
        "",
        "np.broadcast_to gives a view that nobody can write into; hand back a copy.",
    ),
    Mistake(
        "upsample_nearest scales swapped",
        "upsample_nearest_forward",
        "x.repeat(sh, axis=2).repeat(sw, axis=3)",
        "x.repeat(sw, axis=2).repeat(sh, axis=3)",
        "The scales for height and width are swapped.",
    ),
    Mistake(
        "upsample_nearest whole images repeated",
        "upsample_nearest_forward",
        "x.repeat(sh, axis=2).repeat(sw, axis=3)",
        "np.tile(x, (1, 1, sh, sw))",
        "The whole image is repeated; each pixel must be repeated in its place.",
    ),
    Mistake(
        "upsample_nearest in height only",
        "upsample_nearest_forward",
        ".repeat(sw, axis=3)",
        "",
        "The width is not scaled.",
    ),
    Mistake(
        "upsample_nearest zeros between",
        "upsample_nearest_forward",
        "x.repeat(sh, axis=2).repeat(sw, axis=3)",
        "np.kron(x, np.eye(1, sh * sw).reshape(sh, sw).astype(x.dtype))",
        "Each pixel is followed by zeros; its block must hold copies of it.",
    ),
    Mistake(
        "upsample_nearest shared",
        "upsample_nearest_forward",
        "x.repeat(sh, axis=2).repeat(sw, axis=3)",
        "x.repeat(sh, axis=2).repeat(sw, axis=3) / (sh * sw)",
        "Each pixel is divided among its block; every number of the block is a full copy.",
    ),
    Mistake(
        "upsample_nearest wrong default",
        "upsample_nearest_forward",
        "scale: Pair = 2",
        "scale: Pair = 1",
        "The image stays as it is unless a scale is given; the default is 2.",
    ),
    Mistake(
        "upsample_nearest dx is a mean",
        "upsample_nearest_backward",
        ".sum(axis=(3, 5))",
        ".mean(axis=(3, 5))",
        "A pixel gets the mean over its block; it gets the sum.",
    ),
    Mistake(
        "upsample_nearest dx of the first copy",
        "upsample_nearest_backward",
        "dout.reshape(N, C, H, sh, W, sw).sum(axis=(3, 5))",
        "dout[:, :, ::sh, ::sw]",
        "Only the first copy of a pixel sends its gradient back; all copies add up.",
    ),
    Mistake(
        "upsample_nearest dx of whole images",
        "upsample_nearest_backward",
        "dout.reshape(N, C, H, sh, W, sw).sum(axis=(3, 5))",
        "dout.reshape(N, C, sh, H, sw, W).sum(axis=(2, 4))",
        "dx adds up far-off pixels, as if the whole image had been repeated; add up each block.",
    ),
    Mistake(
        "upsample_nearest dx scales swapped",
        "upsample_nearest_backward",
        "dout.reshape(N, C, H, sh, W, sw)",
        "dout.reshape(N, C, H, sw, W, sh)",
        "The blocks are taken with height and width swapped.",
    ),
    Mistake(
        "upsample_nearest dx over the batch size",
        "upsample_nearest_backward",
        ".sum(axis=(3, 5))",
        ".sum(axis=(3, 5)) / N",
        "dx is divided by the batch size, but the loss has done that already.",
    ),
]
