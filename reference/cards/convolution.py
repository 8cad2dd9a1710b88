"""Convolutions, for the other paths. The layouts of x and w are PyTorch's and JAX's own."""

from reference.cards import Card, Fit, Mistake


def _both(value):
    return value if isinstance(value, tuple) else (value, value)


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
        if not transposed:
            while size + 2 * padding[i] < dilation[i] * (kernel[i] - 1) + 1:
                if kernel[i] > 1:
                    kernel[i] -= 1
                else:
                    dilation[i] = 1
            left = size + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1
            places.append(left // stride[i] + 1)
        else:
            padding[i] = min(padding[i], dilation[i] * (kernel[i] - 1) // 2)
            over = (size - 1) * stride[i] - 2 * padding[i]
            places.append(over + dilation[i] * (kernel[i] - 1) + 1)
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
        torch=lambda F, x, w, b, **options: F.conv2d(x, w, b, **options),
        jax=_jax_conv,
        takes="NCHW",
        fit=_conv,
    ),
    Card(
        "conv1d",
        torch=lambda F, x, w, b, **options: F.conv1d(x, w, b, **options),
        jax=_jax_conv,
        takes="NCL",
        fit=_conv,
    ),
    Card(
        "conv_transpose2d",
        torch=lambda F, x, w, b, **options: F.conv_transpose2d(x, w, b, **options),
        jax=_jax_conv_transpose,
        takes="NCHW",
        fit=_conv_transpose2d,
    ),
]

MISTAKES: list[Mistake] = []
