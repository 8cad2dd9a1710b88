"""Layers that move numbers about and change none: flatten, reshape, transpose, concatenate.

Each output is some input, so each backward hands dout back along the same way.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
Source: NumPy's conventions.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_axes, expect_count, expect_shape


def flatten_forward(x: Array) -> tuple[Array, Any]:
    """Each example as one row: (N, d1, ..., dk) -> (N, d1 * ... * dk), the last index fastest.

    x: (N, ...). Returns out, a view of x where NumPy can make one, and the cache.
    """
    expect("N*", x=x)
    return x.reshape(len(x), -1), x.shape


def flatten_backward(dout: Array, cache: Any) -> Array:
    """The rows back in the shape of x. dout: (N, d1 * ... * dk). Returns dx (the shape of x)."""
    expect_shape((cache[0], int(np.prod(cache[1:]))), dout=dout)
    return dout.reshape(cache)


def reshape_forward(x: Array, shape: tuple[int, ...]) -> tuple[Array, Any]:
    """Each example in another shape: x (N, ...) -> out (N, *shape), the last index fastest.

    Errors: also TypeError for a shape that is no tuple or list.
    """
    expect("N*", x=x)
    if not isinstance(shape, tuple | list):
        raise TypeError(f"shape is {shape!r}, expected the sizes of an example's axes: a tuple")
    expect_count(**{f"shape[{i}]": size for i, size in enumerate(shape)})
    if int(np.prod(shape)) * len(x) != x.size:
        raise ValueError(f"x has shape {x.shape}, expected examples of {int(np.prod(shape))}")
    return x.reshape(len(x), *shape), (x.shape, tuple(shape))


def reshape_backward(dout: Array, cache: Any) -> Array:
    """Back to the shape of x. dout: (N, *shape). Returns dx (the shape of x)."""
    x_shape, shape = cache
    expect_shape((x_shape[0], *shape), dout=dout)
    return dout.reshape(x_shape)


def transpose_forward(x: Array, axes: tuple[int, ...]) -> tuple[Array, Any]:
    """out's axis k is x's axis axes[k]: (0, 2, 1) makes (N, T, D) into (N, D, T).

    x: any shape    axes: 0 to x.ndim - 1 in a new order
    out is a view of x, as is dx of dout.
    Errors: also ValueError for axes that are not these, each once.
    """
    expect("*", x=x)
    if not isinstance(axes, tuple | list) or sorted(axes) != list(range(x.ndim)):
        raise ValueError(f"axes is {axes}, expected 0 to {x.ndim - 1}, each once")
    return x.transpose(axes), (x.shape, tuple(axes))


def transpose_backward(dout: Array, cache: Any) -> Array:
    """The inverse order: x's axis axes[k] is out's axis k, and argsort finds k for each.

    dout: the shape of out
    Returns dx (the shape of x).
    """
    x_shape, axes = cache
    expect_shape(tuple(x_shape[axis] for axis in axes), dout=dout)
    return dout.transpose(np.argsort(axes))


def concatenate_forward(xs: Sequence[Array], axis: int = 1) -> tuple[Array, Any]:
    """The arrays side by side along an axis; all other axes must fit.

    xs: a list of arrays    axis: 1 joins features (N, D) and channels (N, C, H, W)
    Returns out, along the axis as long as all of them, and the cache.
    Errors: also ValueError for what is no list of one array or more.
    """
    if not isinstance(xs, tuple | list) or not xs:
        raise ValueError(f"xs is {xs!r}, expected a list of one array or more")
    for i, x in enumerate(xs):
        expect_axes(axis + 1, **{f"xs[{i}]": x})
        if x.shape[:axis] + x.shape[axis:][1:] != xs[0].shape[:axis] + xs[0].shape[axis:][1:]:
            raise ValueError(
                f"xs[{i}] has shape {x.shape}, expected that of xs[0], {xs[0].shape}, "
                f"but for axis {axis}"
            )
    out = np.concatenate(xs, axis=axis)
    return out, (out.shape, [x.shape[axis] for x in xs], axis)


def concatenate_backward(dout: Array, cache: Any) -> tuple[Array, ...]:
    """dout (the shape of out) cut up again where the arrays met: one dx an array, views of dout."""
    out_shape, widths, axis = cache
    expect_shape(out_shape, dout=dout)
    return tuple(np.split(dout, np.cumsum(widths)[:-1], axis=axis))
