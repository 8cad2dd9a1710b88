"""Convolutions, for the other paths. The layouts of x and w are PyTorch's and JAX's own."""

from reference.cards import Card, Fit, Mistake


def _both(value):
    return value if isinstance(value, tuple) else (value, value)


def _plain(x):
    """The same numbers, with the strides of an array that is new.

    PyTorch 2.13 needs it. On the CPU its float32 convolutions end the process for some inputs with
    an axis of length 1, whose stride means nothing: F.conv1d of shape (4, 3, 1) and strides
    (3, 1, 3), with groups 3, stride 2, padding 1, dilation 3 (a segmentation fault in oneDNN).
    """
    return x.reshape(-1).reshape(x.shape)


def kernel_options(sizes, dice, transposed=False):
    """Kernel, stride, padding, dilation for an image of these sizes: edge cases among them.

    Kernels of 1 and as large as the image, strides beyond the kernel, padding beyond the kernel;
    each for both axes or for each.
    """
    kernel = [dice.pick(1, 2, 3, size, size + 1) for size in sizes]
    dilation = [dice.pick(1, 1, 1, 2, 3) for _ in sizes]
    stride = [dice.pick(1, 1, 2, 3, k + 1) for k in kernel]
    padding = [dice.pick(0, 0, 1, 2) for _ in sizes]
    places = []
    for i, size in enumerate(sizes):
        if transposed:
            if size > 2:  # the output grows with the product of all of these
                kernel[i], dilation[i] = min(kernel[i], 3), 1
                stride[i] = min(stride[i], 2 if size == 3 else 1)
            reach = dilation[i] * (kernel[i] - 1)
            padding[i] = min(padding[i], ((size - 1) * stride[i] + reach) // 2)
            places.append((size - 1) * stride[i] - 2 * padding[i] + reach + 1)
        else:
            while size + 2 * padding[i] < dilation[i] * (kernel[i] - 1) + 1:
                if kernel[i] > 1:
                    kernel[i] -= 1
                else:
                    dilation[i] = 1
            left = size + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1
            places.append(left // stride[i] + 1)
    found = {"stride": stride, "padding": padding, "dilation": dilation}
    defaults = {"stride": 1, "padding": 0, "dilation": 1}
    options = {}
    for name, values in found.items():
        if any(value != defaults[name] for value in values):
            options[name] = values[0] if len(set(values)) == 1 else tuple(values)
    return kernel, places, options


def _groups(C, dice):
    return dice.pick(1, 1, *[g for g in (2, 3, C) if C % g == 0])


def _conv(shape, dice):
    N, C, *sizes = shape
    kernel, places, options = kernel_options(sizes, dice)
    groups = _groups(C, dice)
    F = groups * dice.pick(1, 2, 3)
    if groups > 1:
        options["groups"] = groups
    return Fit((N, F, *places), {"w": (F, C // groups, *kernel), "b": (F,)}, options)


def _conv_transpose2d(shape, dice):
    N, C, *sizes = shape
    kernel, places, options = kernel_options(sizes, dice, transposed=True)
    groups = _groups(C, dice)
    F = groups * dice.pick(1, 2)
    if groups > 1:
        options["groups"] = groups
    strides, dilations = _both(options.get("stride", 1)), _both(options.get("dilation", 1))
    room = [max(s, d) - 1 for s, d in zip(strides, dilations, strict=True)]
    more = tuple(min(dice.pick(0, 0, 1, 2), left) for left in room)
    if any(more):
        options["output_padding"] = more
    out = tuple(place + extra for place, extra in zip(places, more, strict=True))
    return Fit((N, F, *out), {"w": (C, F // groups, *kernel), "b": (F,)}, options)


def _jax_conv(jnp, x, w, b, stride=1, padding=0, dilation=1, groups=1):
    from jax import lax

    axes = x.ndim - 2
    stride, padding, dilation = (
        value if isinstance(value, tuple) else (value,) * axes
        for value in (stride, padding, dilation)
    )
    out = lax.conv_general_dilated(
        x,
        w,
        window_strides=stride,
        padding=[(p, p) for p in padding],
        rhs_dilation=dilation,
        dimension_numbers=("NCHW", "OIHW", "NCHW") if axes == 2 else ("NCH", "OIH", "NCH"),
        feature_group_count=groups,
    )
    return out + b.reshape(-1, *(1,) * axes)


def _jax_conv_transpose(jnp, x, w, b, stride=1, padding=0, dilation=1, groups=1, output_padding=0):
    """A convolution of the image with its pixels moved apart, with the kernel turned round."""
    from jax import lax

    C, per_group, KH, KW = w.shape
    turned = w[:, :, ::-1, ::-1].reshape(groups, C // groups, per_group, KH, KW)
    turned = turned.swapaxes(1, 2).reshape(groups * per_group, C // groups, KH, KW)
    strides, dilations = _both(stride), _both(dilation)
    axes = zip((KH, KW), dilations, _both(padding), _both(output_padding), strict=True)
    edges = [(d * (k - 1) - p, d * (k - 1) - p + more) for k, d, p, more in axes]
    out = lax.conv_general_dilated(
        x,
        turned,
        window_strides=(1, 1),
        padding=edges,
        lhs_dilation=strides,
        rhs_dilation=dilations,
        dimension_numbers=("NCHW", "OIHW", "NCHW"),
        feature_group_count=groups,
    )
    return out + b.reshape(-1, 1, 1)


CARDS = [
    Card(
        "conv2d",
        torch=lambda F, x, w, b, **options: F.conv2d(_plain(x), _plain(w), b, **options),
        jax=_jax_conv,
        takes="NCHW",
        fit=_conv,
    ),
    Card(
        "conv1d",
        torch=lambda F, x, w, b, **options: F.conv1d(_plain(x), _plain(w), b, **options),
        jax=_jax_conv,
        takes="NCL",
        fit=_conv,
    ),
    Card(
        "conv_transpose2d",
        torch=lambda F, x, w, b, **options: F.conv_transpose2d(_plain(x), _plain(w), b, **options),
        jax=_jax_conv_transpose,
        takes="NCHW",
        fit=_conv_transpose2d,
    ),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "conv2d kernel flipped",
        "conv2d_forward",
        "w.reshape(groups, F // groups, -1)",
        "w[:, :, ::-1, ::-1].reshape(groups, F // groups, -1)",
        "The kernel is turned by 180 degrees; here, as in every library, it is laid on as it "
        "stands.",
    ),
    Mistake(
        "conv2d kernel transposed",
        "conv2d_forward",
        "w.reshape(groups, F // groups, -1)",
        "w.swapaxes(2, 3).reshape(groups, F // groups, -1)",
        "The height and the width of the kernel are swapped.",
    ),
    Mistake(
        "conv2d filters and channels swapped",
        "conv2d_forward",
        "w.reshape(groups, F // groups, -1)",
        "w.swapaxes(0, 1).reshape(groups, F // groups, -1)",
        "w is read as (C, F, KH, KW), but here the filters come first and the channels second.",
    ),
    Mistake(
        "conv2d groups see the first channels",
        "conv2d_forward",
        "rows @ filters.swapaxes(1, 2)",
        "rows[:1] @ filters.swapaxes(1, 2)",
        "Every filter sees the channels of the first group; each must see those of its own.",
    ),
    Mistake(
        "conv2d bias missing",
        "conv2d_forward",
        "out + b.reshape(F, 1, 1)",
        "out",
        "The bias b is never added.",
    ),
    Mistake(
        "conv2d bias along the width",
        "conv2d_forward",
        "b.reshape(F, 1, 1)",
        "b",
        "b is laid along the width of the image; b[f] belongs to every pixel of filter f.",
    ),
    Mistake(
        "conv2d bias in every window entry",
        "conv2d_forward",
        "b.reshape(F, 1, 1)",
        "b.reshape(F, 1, 1) * (KH * KW)",
        "b is added once for each entry of the kernel; it is added once a pixel.",
    ),
    Mistake(
        "conv2d output not moved",
        "conv2d_forward",
        ".transpose(1, 0, 4, 2, 3).reshape(N, F, OH, OW)",
        ".reshape(N, F, OH, OW)",
        "The output is reshaped to (N, F, OH, OW) but its axes are not moved: filters and "
        "pixels mix.",
    ),
    Mistake(
        "conv2d output transposed",
        "conv2d_forward",
        "(1, 0, 4, 2, 3)",
        "(1, 0, 4, 3, 2)",
        "The height and the width of the output are swapped.",
    ),
    Mistake(
        "conv2d stride ignored",
        "conv2d_forward",
        "unfold(x, (KH, KW), stride, padding, dilation)",
        "unfold(x, (KH, KW), 1, padding, dilation)",
        "The option stride has no effect.",
    ),
    Mistake(
        "conv2d padding ignored",
        "conv2d_forward",
        "unfold(x, (KH, KW), stride, padding, dilation)",
        "unfold(x, (KH, KW), stride, 0, dilation)",
        "The option padding has no effect.",
    ),
    Mistake(
        "conv2d dilation ignored",
        "conv2d_forward",
        "unfold(x, (KH, KW), stride, padding, dilation)",
        "unfold(x, (KH, KW), stride, padding, 1)",
        "The option dilation has no effect.",
    ),
    Mistake(
        "conv2d dilation for stride",
        "conv2d_forward",
        "unfold(x, (KH, KW), stride, padding, dilation)",
        "unfold(x, (KH, KW), dilation, padding, stride)",
        "Stride and dilation are swapped: one moves the windows, the other spreads the kernel.",
    ),
    Mistake(
        "conv2d wrong default stride",
        "conv2d_forward",
        "stride: Pair = 1",
        "stride: Pair = 2",
        "The stride is 2 unless given; it must be 1.",
    ),
    Mistake(
        "conv2d padded by default",
        "conv2d_forward",
        "padding: Pair = 0",
        "padding: Pair = 1",
        "The image is padded unless asked not to be; the default padding is 0.",
    ),
    Mistake(
        "conv2d dx kernel flipped",
        "conv2d_backward",
        "w.reshape(groups, F // groups, -1)",
        "w[:, :, ::-1, ::-1].reshape(groups, F // groups, -1)",
        "dx uses the kernel turned by 180 degrees; folding the windows back turns it already.",
    ),
    Mistake(
        "conv2d dx filters and channels swapped",
        "conv2d_backward",
        "w.reshape(groups, F // groups, -1)",
        "w.swapaxes(0, 1).reshape(groups, F // groups, -1)",
        "dx reads w as (C, F, KH, KW), but the filters come first and the channels second.",
    ),
    Mistake(
        "conv2d dx of the first filters",
        "conv2d_backward",
        "d @ filters",
        "d @ filters[:1]",
        "dx takes the filters of the first group for all groups; each group has its own.",
    ),
    Mistake(
        "conv2d dx windows not moved",
        "conv2d_backward",
        "drows.transpose(1, 0, 4, 2, 3, 5, 6).reshape(",
        "drows.reshape(",
        "The gradients of the rows are reshaped but their axes are not moved: channels and "
        "pixels mix.",
    ),
    Mistake(
        "conv2d dx stride ignored",
        "conv2d_backward",
        "fold(dwindows, (H, W), stride, padding, dilation)",
        "fold(dwindows, (H, W), 1, padding, dilation)",
        "dx puts the windows back side by side; they lie stride apart.",
    ),
    Mistake(
        "conv2d dx dilation ignored",
        "conv2d_backward",
        "fold(dwindows, (H, W), stride, padding, dilation)",
        "fold(dwindows, (H, W), stride, padding)",
        "dx puts each window back without its gaps; the kernel was spread by the dilation.",
    ),
    Mistake(
        "conv2d dx padding not cut off",
        "conv2d_backward",
        "fold(dwindows, (H, W), stride, padding, dilation)",
        "fold(dwindows, (H + 2 * padding, W + 2 * padding), stride, 0, dilation)",
        "dx keeps the padding; it must be cut off again, to the shape of x.",
    ),
    Mistake(
        "conv2d dx padding ignored",
        "conv2d_backward",
        "fold(dwindows, (H, W), stride, padding, dilation)",
        "fold(dwindows, (H, W), stride, 0, dilation)",
        "dx puts the windows back as if x had no padding.",
    ),
    Mistake(
        "conv2d dx over the batch size",
        "conv2d_backward",
        "fold(dwindows, (H, W), stride, padding, dilation)",
        "fold(dwindows, (H, W), stride, padding, dilation) / N",
        "dx is divided by the batch size, but the loss has done that already.",
    ),
    Mistake(
        "conv2d dout not moved",
        "conv2d_backward",
        "dout.reshape(N, groups, -1, OH * OW).transpose(1, 0, 3, 2)",
        "dout.reshape(groups, N, OH * OW, -1)",
        "dout is reshaped to a row a pixel, but its axes are not moved: filters and pixels mix.",
    ),
    Mistake(
        "conv2d dout scaled in place",
        "conv2d_backward",
        "d = d.reshape",
        "dout /= N\n    d = d.reshape",
        "dout is divided in place: that spoils the array of the caller, and the loss has "
        "divided already.",
    ),
    Mistake(
        "conv2d dw flipped",
        "conv2d_backward",
        ".reshape(w.shape)",
        ".reshape(w.shape)[:, :, ::-1, ::-1]",
        "dw is turned by 180 degrees; the forward does not flip the kernel, so dw is not flipped.",
    ),
    Mistake(
        "conv2d dw transposed",
        "conv2d_backward",
        "d.swapaxes(1, 2) @ rows",
        "rows.swapaxes(1, 2) @ d",
        "The product for dw comes out transposed, and reshaping it puts its numbers in wrong "
        "places.",
    ),
    Mistake(
        "conv2d dw over the batch size",
        "conv2d_backward",
        ".reshape(w.shape)",
        ".reshape(w.shape) / N",
        "dw is divided by the batch size, but dout holds that division already.",
    ),
    Mistake(
        "conv2d dw over the pixels",
        "conv2d_backward",
        ".reshape(w.shape)",
        ".reshape(w.shape) / (OH * OW)",
        "dw is the mean over the pixels of the output; it is the sum, as each used the kernel.",
    ),
    Mistake(
        "conv2d dw of the last image",
        "conv2d_backward",
        "d.swapaxes(1, 2) @ rows",
        "d[:, -OH * OW :].swapaxes(1, 2) @ rows[:, -OH * OW :]",
        "dw counts only the last image; every image of the batch used w, and all add up.",
    ),
    Mistake(
        "conv2d dw of the first window",
        "conv2d_backward",
        "d.swapaxes(1, 2) @ rows",
        "d[:, :: OH * OW].swapaxes(1, 2) @ rows[:, :: OH * OW]",
        "dw counts only the first window of each image; the kernel is used at every place.",
    ),
    Mistake(
        "conv2d dw of the first channels",
        "conv2d_backward",
        "d.swapaxes(1, 2) @ rows",
        "d.swapaxes(1, 2) @ rows[:1]",
        "dw takes the channels of the first group for all groups; each group has its own.",
    ),
    Mistake(
        "conv2d dw in float32",
        "conv2d_backward",
        "return dx, dw,",
        'return dx, dw.astype("float32") if dw.dtype == float else dw,',
        "dw is returned as float32 though everything that came in is float64.",
    ),
    Mistake(
        "conv2d db over the batch only",
        "conv2d_backward",
        "dout.sum(axis=(0, 2, 3))",
        "dout.sum(axis=0)",
        "db is summed over the batch only; b[f] also feeds every pixel of the output.",
    ),
    Mistake(
        "conv2d db over the pixels only",
        "conv2d_backward",
        "dout.sum(axis=(0, 2, 3))",
        "dout.sum(axis=(2, 3))",
        "db keeps a row for each image; every image of the batch used b, and all add up.",
    ),
    Mistake(
        "conv2d db over the wrong axes",
        "conv2d_backward",
        "dout.sum(axis=(0, 2, 3))",
        "dout.sum(axis=(0, 1, 2))",
        "db is summed over the filters too; everything but the filters is summed.",
    ),
    Mistake(
        "conv2d db is a mean",
        "conv2d_backward",
        "dout.sum(axis=(0, 2, 3))",
        "dout.mean(axis=(0, 2, 3))",
        "db is a mean; it is the sum over images and pixels, as b feeds them all.",
    ),
    Mistake(
        "conv2d db one a batch",
        "conv2d_backward",
        "dout.sum(axis=(0, 2, 3))",
        "dout.mean(axis=0).sum(axis=(1, 2))",
        "db is divided by the batch size, but dout holds that division already.",
    ),
    Mistake(
        "conv2d windows with channels last",
        "_rows",
        "(1, 0, 3, 4, 2, 5, 6)",
        "(1, 0, 3, 4, 5, 6, 2)",
        "Each window is laid out with its channels last, but the filters have theirs first.",
    ),
    Mistake(
        "conv2d windows not moved",
        "_rows",
        "split.transpose(1, 0, 3, 4, 2, 5, 6).reshape(",
        "split.reshape(",
        "The windows are reshaped to rows but their axes are not moved: each row mixes several "
        "windows.",
    ),
    Mistake(
        "conv2d windows column by column",
        "_rows",
        "(1, 0, 3, 4, 2, 5, 6)",
        "(1, 0, 4, 3, 2, 5, 6)",
        "The windows are taken column by column; the output is laid out row by row.",
    ),
    Mistake(
        "conv2d channels dealt in turn",
        "_rows",
        "windows.reshape(N, groups, C // groups, OH, OW, KH, KW)",
        "windows.reshape(N, C // groups, groups, OH, OW, KH, KW).swapaxes(1, 2)",
        "The channels are dealt to the groups in turn; the first C / groups make the first group.",
    ),
    Mistake(
        "unfold stride swapped",
        "unfold",
        "(sh, sw), (ph, pw)",
        "(sw, sh), (ph, pw)",
        "The strides for height and width are swapped.",
    ),
    Mistake(
        "unfold stride of the height",
        "unfold",
        "::sh, ::sw,",
        "::sh, ::sh,",
        "The stride for the height is used for the width too.",
    ),
    Mistake(
        "unfold dilation of the height",
        "unfold",
        "::dh, ::dw]",
        "::dh, ::dh]",
        "The dilation for the height is used for the width too.",
    ),
    Mistake(
        "unfold padding swapped",
        "unfold",
        "(ph, pw) = pair",
        "(pw, ph) = pair",
        "The padding for height and width is swapped.",
    ),
    Mistake(
        "unfold padding at one end",
        "unfold",
        "(ph, ph), (pw, pw)",
        "(2 * ph, 0), (2 * pw, 0)",
        "All the padding stands above and on the left; half of it belongs below and on the right.",
    ),
    Mistake(
        "unfold padding one short",
        "unfold",
        "(ph, ph), (pw, pw)",
        "(ph, max(ph - 1, 0)), (pw, max(pw - 1, 0))",
        "Below and on the right one row and one column of padding are missing.",
    ),
    Mistake(
        "unfold padding twice",
        "unfold",
        "(ph, ph), (pw, pw)",
        "(2 * ph, 2 * ph), (2 * pw, 2 * pw)",
        "Twice the padding stands on each side; the option is for one side.",
    ),
    Mistake(
        "unfold padding repeats the edge",
        "unfold",
        "constant_values=fill",
        'mode="edge"',
        "The padding repeats the pixels at the edge; it holds zeros.",
    ),
    Mistake(
        "unfold padding wraps around",
        "unfold",
        "constant_values=fill",
        'mode="wrap"',
        "The padding takes the pixels of the opposite edge; it holds zeros.",
    ),
    Mistake(
        "unfold one gap too many",
        "unfold",
        "(dh * (KH - 1) + 1, dw * (KW - 1) + 1)",
        "(dh * KH, dw * KW)",
        "A window reaches over dilation * kernel pixels; no gap follows the last one.",
    ),
    Mistake(
        "fold overlaps overwritten",
        "fold",
        "+= windows",
        "= windows",
        "Where windows overlap the last one wins; what overlaps must add up.",
    ),
    Mistake(
        "fold without stride",
        "fold",
        "m * dw + sw * OW, sw",
        "m * dw + OW",
        "The windows are put back side by side in the width; they lie stride apart.",
    ),
    Mistake(
        "fold with the stride of the height",
        "fold",
        "m * dw + sw * OW, sw",
        "m * dw + sh * OW, sh",
        "The stride for the height is used for the width too, when windows are put back.",
    ),
    Mistake(
        "fold without dilation",
        "fold",
        "k * dh, k * dh + sh * OH",
        "k, k + sh * OH",
        "The rows of a window are put back without their gaps; they lie dilation apart.",
    ),
    Mistake(
        "fold flipped",
        "fold",
        ":, k, m]",
        ":, KH - 1 - k, KW - 1 - m]",
        "Each number of a window is put back at the opposite place of the window.",
    ),
    Mistake(
        "fold transposed",
        "fold",
        ":, k, m]",
        ":, m, k]",
        "The rows and columns of a window are swapped when it is put back.",
    ),
    Mistake(
        "fold with padding",
        "fold",
        "padded[:, :, ph : ph + H, pw : pw + W]",
        "padded",
        "The padding is never cut off again.",
    ),
    Mistake(
        "fold cut at the wrong end",
        "fold",
        "ph : ph + H, pw : pw + W",
        ":H, :W",
        "The padding is cut off below and on the right only; it stands on every side.",
    ),
    Mistake(
        "fold cut one off",
        "fold",
        "ph : ph + H, pw : pw + W",
        "max(ph - 1, 0) : max(ph - 1, 0) + H, pw : pw + W",
        "The padding above is cut one row short, so that everything lies a row too low.",
    ),
    Mistake(
        "fold in float64",
        "fold",
        ", windows.dtype)",
        ")",
        "np.zeros without a dtype makes float64, whatever the windows hold.",
    ),
    Mistake(
        "conv1d kernel flipped",
        "conv1d_forward",
        "w[:, :, None]",
        "w[:, :, None, ::-1]",
        "The kernel is reversed; here, as in every library, it is laid on as it stands.",
    ),
    Mistake(
        "conv1d stride on the wrong axis",
        "conv1d_forward",
        "(1, stride)",
        "(stride, 1)",
        "The stride is given to the axis of size 1; it belongs to the length.",
    ),
    Mistake(
        "conv1d padding on both axes",
        "conv1d_forward",
        "(0, padding)",
        "(padding, padding)",
        "The axis of size 1 is padded too, and the first row of the output sees only zeros.",
    ),
    Mistake(
        "conv1d padding ignored",
        "conv1d_forward",
        "(0, padding)",
        "(0, 0)",
        "The option padding has no effect.",
    ),
    Mistake(
        "conv1d dilation ignored",
        "conv1d_forward",
        "(1, dilation)",
        "(1, 1)",
        "The option dilation has no effect.",
    ),
    Mistake(
        "conv1d bias missing",
        "conv1d_forward",
        "w[:, :, None], b,",
        "w[:, :, None], 0 * b,",
        "The bias b is never added.",
    ),
    Mistake(
        "conv1d wrong default padding",
        "conv1d_forward",
        "padding: int = 0",
        "padding: int = 1",
        "The sequence is padded unless asked not to be; the default padding is 0.",
    ),
    Mistake(
        "conv1d dx reversed",
        "conv1d_backward",
        "dx[:, :, 0]",
        "dx[:, :, 0, ::-1]",
        "dx runs from the end to the start.",
    ),
    Mistake(
        "conv1d dw reversed",
        "conv1d_backward",
        "dw[:, :, 0]",
        "dw[:, :, 0, ::-1]",
        "dw is reversed; the forward does not flip the kernel, so dw is not flipped.",
    ),
    Mistake(
        "conv1d dw keeps an axis",
        "conv1d_backward",
        "dw[:, :, 0]",
        "dw",
        "dw keeps the axis of size 1 that w does not have.",
    ),
    Mistake(
        "conv1d db is a mean",
        "conv1d_backward",
        "dw[:, :, 0], db",
        "dw[:, :, 0], db / dout.shape[2]",
        "db is a mean over the places; it is the sum, as b feeds every place.",
    ),
    Mistake(
        "conv1d all over the batch size",
        "conv1d_backward",
        "dout[:, :, None]",
        "dout[:, :, None] / len(dout)",
        "dout is divided by the batch size, but the loss has done that already.",
    ),
    Mistake(
        "conv1d dw and db swapped",
        "conv1d_backward",
        "dw[:, :, 0], db",
        "db, dw[:, :, 0]",
        "The gradients come back as dx, db, dw; the order is that of the arguments, x, w, b.",
    ),
    Mistake(
        "conv_transpose2d kernel flipped",
        "conv_transpose2d_forward",
        "w.reshape(groups, C // groups, -1)",
        "w[:, :, ::-1, ::-1].reshape(groups, C // groups, -1)",
        "The kernel is turned by 180 degrees; each pixel stamps it as it stands.",
    ),
    Mistake(
        "conv_transpose2d kernel transposed",
        "conv_transpose2d_forward",
        "w.reshape(groups, C // groups, -1)",
        "w.swapaxes(2, 3).reshape(groups, C // groups, -1)",
        "The height and the width of the kernel are swapped.",
    ),
    Mistake(
        "conv_transpose2d filters first",
        "conv_transpose2d_forward",
        "w.reshape(groups, C // groups, -1)",
        "w.swapaxes(0, 1).reshape(groups, C // groups, -1)",
        "w is read as (F, C, KH, KW) as in conv2d; here the channels of x come first.",
    ),
    Mistake(
        "conv_transpose2d groups see the first channels",
        "conv_transpose2d_forward",
        "pixels @ kernels",
        "pixels[:1] @ kernels",
        "Every group stamps the channels of the first group; each has its own.",
    ),
    Mistake(
        "conv_transpose2d pixels not moved",
        "conv_transpose2d_forward",
        "x.reshape(N, groups, -1, H * W).transpose(1, 0, 3, 2)",
        "x.reshape(groups, N, H * W, -1)",
        "x is reshaped to a row a pixel, but its axes are not moved: channels and pixels mix.",
    ),
    Mistake(
        "conv_transpose2d bias missing",
        "conv_transpose2d_forward",
        "out + b.reshape(F, 1, 1)",
        "out",
        "The bias b is never added.",
    ),
    Mistake(
        "conv_transpose2d bias in every stamp",
        "conv_transpose2d_forward",
        "fold(stamps,",
        "fold(stamps + b.reshape(F, 1, 1, 1, 1),",
        "b is added to every stamp and again to the sum; it is added once a pixel.",
    ),
    Mistake(
        "conv_transpose2d stride ignored",
        "conv_transpose2d_forward",
        "fold(stamps, size, stride,",
        "fold(stamps, size, 1,",
        "The stamps are set side by side; they lie stride apart.",
    ),
    Mistake(
        "conv_transpose2d dilation ignored",
        "conv_transpose2d_forward",
        "fold(stamps, size, stride, padding, dilation)",
        "fold(stamps, size, stride, padding)",
        "The kernel is stamped without its gaps; its numbers lie dilation apart.",
    ),
    Mistake(
        "conv_transpose2d padding cut at one end",
        "conv_transpose2d_forward",
        "fold(stamps, size, stride, padding, dilation)",
        "fold(\n"
        "        stamps,\n"
        '        tuple(s + 2 * p for s, p in zip(size, pair("padding", padding, 0))),\n'
        "        stride,\n"
        "        0,\n"
        "        dilation,\n"
        "    )[:, :, : size[0], : size[1]]",
        "The padding is cut off below and on the right only; it is cut off on every side.",
    ),
    Mistake(
        "conv_transpose2d output_padding ignored",
        "conv_transpose2d_forward",
        "dilation, output_padding)",
        "dilation, 0)",
        "The option output_padding has no effect.",
    ),
    Mistake(
        "conv_transpose2d wrong default stride",
        "conv_transpose2d_forward",
        "stride: Pair = 1",
        "stride: Pair = 2",
        "The stride is 2 unless given; it must be 1.",
    ),
    Mistake(
        "conv_transpose2d dx kernel flipped",
        "conv_transpose2d_backward",
        "w.reshape(groups, C // groups, -1)",
        "w[:, :, ::-1, ::-1].reshape(groups, C // groups, -1)",
        "dx uses the kernel turned by 180 degrees; the backward of stamping needs no turning.",
    ),
    Mistake(
        "conv_transpose2d dx of the first kernels",
        "conv_transpose2d_backward",
        "dstamps @ kernels",
        "dstamps @ kernels[:1]",
        "dx takes the kernels of the first group for all groups; each group has its own.",
    ),
    Mistake(
        "conv_transpose2d dx over the batch size",
        "conv_transpose2d_backward",
        "dpixels = dstamps",
        "dpixels = 1 / N * dstamps",
        "dx is divided by the batch size, but the loss has done that already.",
    ),
    Mistake(
        "conv_transpose2d stride ignored in the backward",
        "conv_transpose2d_backward",
        "unfold(dout, (KH, KW), stride,",
        "unfold(dout, (KH, KW), 1,",
        "The backward takes the windows of dout side by side; they lie stride apart.",
    ),
    Mistake(
        "conv_transpose2d dilation ignored in the backward",
        "conv_transpose2d_backward",
        "padding, dilation)",
        "padding)",
        "The backward takes the windows of dout without gaps; the kernel was spread by the "
        "dilation.",
    ),
    Mistake(
        "conv_transpose2d padding ignored in the backward",
        "conv_transpose2d_backward",
        "stride, padding, dilation)",
        "stride, 0, dilation)",
        "The backward does not pad dout again by what the forward has cut off.",
    ),
    Mistake(
        "conv_transpose2d windows from the end",
        "conv_transpose2d_backward",
        "windows[:, :, :H, :W]",
        "windows[:, :, -H:, -W:]",
        "With output_padding dout has windows that no pixel stamped; leave out the last, not "
        "the first.",
    ),
    Mistake(
        "conv_transpose2d windows not moved",
        "conv_transpose2d_backward",
        "dstamps.transpose(1, 0, 3, 4, 2, 5, 6).reshape(groups, N * H * W, -1)",
        "dstamps.reshape(groups, N * H * W, -1)",
        "The windows of dout are reshaped but their axes are not moved: filters and pixels mix.",
    ),
    Mistake(
        "conv_transpose2d dw flipped",
        "conv_transpose2d_backward",
        ".reshape(w.shape)",
        ".reshape(w.shape)[:, :, ::-1, ::-1]",
        "dw is turned by 180 degrees; the kernel is stamped as it stands, so dw is not turned.",
    ),
    Mistake(
        "conv_transpose2d dw transposed",
        "conv_transpose2d_backward",
        "pixels.swapaxes(1, 2) @ dstamps",
        "dstamps.swapaxes(1, 2) @ pixels",
        "The product for dw comes out transposed, and reshaping it puts its numbers in wrong "
        "places.",
    ),
    Mistake(
        "conv_transpose2d dw of the first channels",
        "conv_transpose2d_backward",
        "pixels.swapaxes(1, 2) @ dstamps",
        "pixels[:1].swapaxes(1, 2) @ dstamps",
        "dw takes the channels of the first group for all groups; each group has its own.",
    ),
    Mistake(
        "conv_transpose2d dw over the batch size",
        "conv_transpose2d_backward",
        ".reshape(w.shape)",
        ".reshape(w.shape) / N",
        "dw is divided by the batch size, but dout holds that division already.",
    ),
    Mistake(
        "conv_transpose2d db over the batch only",
        "conv_transpose2d_backward",
        "dout.sum(axis=(0, 2, 3))",
        "dout.sum(axis=0)",
        "db is summed over the batch only; b[f] also feeds every pixel of the output.",
    ),
    Mistake(
        "conv_transpose2d db is a mean",
        "conv_transpose2d_backward",
        "dout.sum(axis=(0, 2, 3))",
        "dout.mean(axis=(0, 2, 3))",
        "db is a mean; it is the sum over images and pixels, as b feeds them all.",
    ),
    Mistake(
        "conv_transpose2d one pixel too many",
        "_size",
        "(n - 1) * s",
        "n * s",
        "The output is counted with n strides; between n pixels lie n - 1.",
    ),
    Mistake(
        "conv_transpose2d padding added",
        "_size",
        "- 2 * p",
        "+ 2 * p",
        "The padding makes the output larger; here it is cut off, and makes it smaller.",
    ),
    Mistake(
        "conv_transpose2d padding on one side",
        "_size",
        "- 2 * p",
        "- p",
        "The padding is taken off once; it is cut off on both sides.",
    ),
    Mistake(
        "conv_transpose2d dilated size",
        "_size",
        "d * (k - 1) + 1",
        "d * k",
        "A kernel of k numbers reaches over dilation * (k - 1) + 1 pixels, not dilation * k.",
    ),
    Mistake(
        "conv_transpose2d size without output_padding",
        "_size",
        "+ 1 + extra",
        "+ 1",
        "The size of the output does not count output_padding.",
    ),
    Mistake(
        "conv_transpose2d size swapped",
        "_size",
        "return out[0], out[1]",
        "return out[1], out[0]",
        "The height and the width of the output are swapped.",
    ),
]
