"""Flatten, reshape, transpose, for the other paths."""

import math

from reference.cards import Card, Fit, Mistake


def split(size, dice, count):
    """A shape of so many axes that holds size numbers."""
    axes = []
    for _ in range(count - 1):
        axes.append(dice.pick(*[k for k in range(1, size + 1) if size % k == 0]))
        size //= axes[-1]
    return (*axes, size)


def _reshape(shape, dice):
    new = split(math.prod(shape[1:]), dice, dice.pick(2, 1, 3))
    return Fit((shape[0], *new), options={"shape": new})


def _transpose(shape, dice):
    behind = list(range(1, len(shape)))
    axes = (0, *behind[::-1]) if dice.plain else (0, *map(int, dice.rng.permutation(behind)))
    return Fit(tuple(shape[axis] for axis in axes), options={"axes": axes})


CARDS = [
    Card(
        "flatten",
        torch=lambda F, x: x.flatten(1),
        jax=lambda jnp, x: x.reshape(x.shape[0], -1),
        takes="N*",
        fit=lambda shape, dice: Fit((shape[0], math.prod(shape[1:]))),
    ),
    Card(
        "reshape",
        torch=lambda F, x, shape: x.reshape(x.shape[0], *shape),
        jax=lambda jnp, x, shape: jnp.reshape(x, (x.shape[0], *shape)),
        fit=_reshape,
    ),
    Card(
        "transpose",
        torch=lambda F, x, axes: x.permute(axes),
        jax=lambda jnp, x, axes: jnp.transpose(x, axes),
        fit=_transpose,
    ),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "flatten first index fastest",
        "flatten_forward",
        "x.reshape(len(x), -1)",
        'x.reshape(len(x), -1, order="F")',
        "Each example is flattened first index first; the last index must run fastest.",
    ),
    Mistake(
        "flatten the whole batch",
        "flatten_forward",
        "x.reshape(len(x), -1)",
        "x.reshape(1, -1)",
        "The whole batch becomes one row; each example becomes a row.",
    ),
    Mistake(
        "flatten columns for rows",
        "flatten_forward",
        "x.reshape(len(x), -1)",
        "x.reshape(-1, len(x)).T",
        "The numbers of the examples mix: reshaping to (-1, N) and transposing is not (N, -1).",
    ),
    Mistake(
        "flatten last two axes only",
        "flatten_forward",
        "x.reshape(len(x), -1)",
        "x.reshape(*x.shape[:-2], -1)",
        "Only the last two axes are flattened; all but the first are.",
    ),
    Mistake(
        "flatten channels last",
        "flatten_forward",
        "x.reshape(len(x), -1)",
        "x.swapaxes(1, -1).reshape(len(x), -1)",
        "The channels are moved to the end before flattening; the axes keep their order.",
    ),
    Mistake(
        "flatten dx first index fastest",
        "flatten_backward",
        "dout.reshape(cache)",
        'dout.reshape(cache, order="F")',
        "dx is filled first index first; the last index must run fastest.",
    ),
    Mistake(
        "flatten dx stays flat",
        "flatten_backward",
        "dout.reshape(cache)",
        "dout",
        "dx stays flat; it must take the shape of x again.",
    ),
    Mistake(
        "flatten dx mixes examples",
        "flatten_backward",
        "dout.reshape(cache)",
        "dout.T.reshape(cache)",
        "dout is transposed before it is reshaped, and the examples mix.",
    ),
    Mistake(
        "flatten dx over the batch size",
        "flatten_backward",
        "dout.reshape(cache)",
        "dout.reshape(cache) / len(dout)",
        "dx is divided by the batch size; flatten changes no number, and so no gradient.",
    ),
    Mistake(
        "reshape first index fastest",
        "reshape_forward",
        "x.reshape(len(x), *shape)",
        'x.reshape(len(x), *shape, order="F")',
        "The numbers are read and laid down first index first; the last index must run fastest.",
    ),
    Mistake(
        "reshape mixes examples",
        "reshape_forward",
        "x.reshape(len(x), *shape)",
        "np.moveaxis(x.reshape(*shape, len(x)), -1, 0)",
        "The batch is reshaped as if it stood last, and the examples mix; it stands first.",
    ),
    Mistake(
        "reshape shape reversed",
        "reshape_forward",
        "x.reshape(len(x), *shape)",
        "x.reshape(len(x), *shape[::-1])",
        "The new shape is read from the end.",
    ),
    Mistake(
        "reshape dx first index fastest",
        "reshape_backward",
        "dout.reshape(x_shape)",
        'dout.reshape(x_shape, order="F")',
        "dx is filled first index first; the last index must run fastest.",
    ),
    Mistake(
        "reshape dx keeps the new shape",
        "reshape_backward",
        "dout.reshape(x_shape)",
        "dout",
        "dx keeps the shape of the output; it must take that of x.",
    ),
    Mistake(
        "reshape dx transposed",
        "reshape_backward",
        "dout.reshape(x_shape)",
        "dout.T.reshape(x_shape)",
        "dout is transposed before it is reshaped: reshaping moves no numbers.",
    ),
    Mistake(
        "transpose inverse in the forward",
        "transpose_forward",
        "x.transpose(axes)",
        "x.transpose(np.argsort(axes))",
        "The axes go where axes says; out's axis k must be x's axis axes[k].",
    ),
    Mistake(
        "transpose by reshaping",
        "transpose_forward",
        "x.transpose(axes)",
        "x.reshape([x.shape[axis] for axis in axes])",
        "reshape gives the right shape, but the numbers stand in the wrong places.",
    ),
    Mistake(
        "transpose all axes",
        "transpose_forward",
        "x.transpose(axes)",
        "x.T",
        ".T reverses all axes, that of the batch too.",
    ),
    Mistake(
        "transpose last two axes",
        "transpose_forward",
        "x.transpose(axes)",
        "x.swapaxes(-1, -2)",
        "The last two axes are swapped, whatever axes says.",
    ),
    Mistake(
        "transpose dx the same way",
        "transpose_backward",
        "dout.transpose(np.argsort(axes))",
        "dout.transpose(axes)",
        "dx goes through the axes the same way again; it must go back, in the inverse order.",
    ),
    Mistake(
        "transpose dx by reshaping",
        "transpose_backward",
        "dout.transpose(np.argsort(axes))",
        "dout.reshape(x_shape)",
        "reshape gives dx the right shape, but the numbers stand in the wrong places.",
    ),
    Mistake(
        "transpose dx not moved",
        "transpose_backward",
        "dout.transpose(np.argsort(axes))",
        "dout",
        "dx keeps the axes of the output; they must go back.",
    ),
    Mistake(
        "transpose dx all axes",
        "transpose_backward",
        "dout.transpose(np.argsort(axes))",
        "dout.T",
        ".T reverses all axes, that of the batch too.",
    ),
    Mistake(
        "concatenate order reversed",
        "concatenate_forward",
        "np.concatenate(xs, axis=axis)",
        "np.concatenate(xs[::-1], axis=axis)",
        "The arrays are joined in reverse order.",
    ),
    Mistake(
        "concatenate last axis",
        "concatenate_forward",
        "np.concatenate(xs, axis=axis)",
        "np.concatenate(xs, axis=-1)",
        "The last axis is joined, whatever axis says; the channels of images stand second.",
    ),
    Mistake(
        "concatenate interleaved",
        "concatenate_forward",
        "np.concatenate(xs, axis=axis)",
        "np.concatenate(xs, axis=axis).take(np.arange(sum(x.shape[axis] for x in "
        "xs)).reshape(len(xs), -1).T.ravel(), axis=axis)",
        "The arrays alternate number by number; one stands whole beside the other.",
    ),
    Mistake(
        "concatenate wrong default axis",
        "concatenate_forward",
        "axis: int = 1",
        "axis: int = 0",
        "The batches are joined unless an axis is given; it must be axis 1, the features.",
    ),
    Mistake(
        "concatenate widths of the first",
        "concatenate_forward",
        "[x.shape[axis] for x in xs]",
        "[xs[0].shape[axis] for x in xs]",
        "The cache keeps the width of the first array for all; each has its own.",
    ),
    Mistake(
        "concatenate dx swapped",
        "concatenate_backward",
        "return tuple(np.split(dout, np.cumsum(widths)[:-1], axis=axis))",
        "return tuple(np.split(dout, np.cumsum(widths)[:-1], axis=axis))[::-1]",
        "The pieces of dout come back in reverse order.",
    ),
    Mistake(
        "concatenate dx of the last axis",
        "concatenate_backward",
        "axis=axis",
        "axis=-1",
        "dout is cut along the last axis, whatever axis the arrays were joined along.",
    ),
    Mistake(
        "concatenate dx in equal parts",
        "concatenate_backward",
        "np.cumsum(widths)[:-1]",
        "len(widths)",
        "dout is cut into equal parts; the arrays may be of different widths.",
    ),
    Mistake(
        "concatenate dx cut at the widths",
        "concatenate_backward",
        "np.cumsum(widths)[:-1]",
        "widths[:-1]",
        "np.split wants the places of the cuts, the running sums of the widths, not the widths.",
    ),
    Mistake(
        "concatenate dx of the first",
        "concatenate_backward",
        "return tuple(np.split(dout, np.cumsum(widths)[:-1], axis=axis))",
        "pieces = np.split(dout, np.cumsum(widths)[:-1], axis=axis)\n"
        "    return (pieces[0], *(0 * piece for piece in pieces[1:]))",
        "Only the first array gets a gradient; each gets its piece of dout.",
    ),
    Mistake(
        "concatenate dx shared",
        "concatenate_backward",
        "tuple(np.split(dout,",
        "tuple(np.split(dout / len(widths),",
        "dout is shared among the arrays; each number of it belongs to one array alone.",
    ),
]
