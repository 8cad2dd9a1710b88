"""Affine, for the other paths."""

import math

from reference.cards import Card, Fit, Mistake


def _affine(shape, dice):
    D = math.prod(shape[1:])
    return Fit((shape[0], dice.size), {"W": (D, dice.size), "b": (dice.size,)})


CARDS = [
    Card(
        "affine",
        torch=lambda F, x, w, b: F.linear(x.flatten(1), w.T, b),
        jax=lambda jnp, x, w, b: jnp.dot(x.reshape(x.shape[0], -1), w) + b,
        takes="N*",
        fit=_affine,
    ),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "affine bias missing",
        "affine_forward",
        "rows @ w + b",
        "rows @ w",
        "The bias b is never added.",
    ),
    Mistake(
        "affine bias subtracted",
        "affine_forward",
        "rows @ w + b",
        "rows @ w - b",
        "The bias b is subtracted; it is added.",
    ),
    Mistake(
        "affine bias down the rows",
        "affine_forward",
        "rows @ w + b",
        "rows @ w + b[:, None]",
        "b[m] is added to row m; it belongs to column m, the same in every row.",
    ),
    Mistake(
        "affine w transposed in the forward",
        "affine_forward",
        "rows @ w + b",
        "rows @ w.T + b",
        "w is transposed as in PyTorch, but here w is (D, M) and is used as it stands.",
    ),
    Mistake(
        "affine input not flattened",
        "affine_forward",
        "rows = x.reshape(len(x), -1)",
        "rows = x",
        "An input of more than two axes is not flattened to one row an example.",
    ),
    Mistake(
        "affine input flattened by columns",
        "affine_forward",
        "x.reshape(len(x), -1)",
        'x.reshape(len(x), -1, order="F")',
        "Each example is flattened first index first; the last index must run fastest.",
    ),
    Mistake(
        "affine all over the batch size",
        "affine_backward",
        "x, w = cache",
        "x, w = cache\n    dout = dout / len(x)",
        "dout is divided by the batch size, but the loss has done that already.",
    ),
    Mistake(
        "affine dout divided in place",
        "affine_backward",
        "x, w = cache",
        "x, w = cache\n    dout /= len(x)",
        "dout is divided by the batch size in place: a second division, and it spoils the array "
        "of the caller.",
    ),
    Mistake(
        "affine dx not transposed",
        "affine_backward",
        "dout @ w.T",
        "dout @ w",
        "dx needs w transposed: the sum runs over the outputs of w.",
    ),
    Mistake(
        "affine dx ignores upstream",
        "affine_backward",
        "dout @ w.T",
        "(0 * dout + 1) @ w.T",
        "dx does not use dout: it is right only when the upstream gradient is all ones.",
    ),
    Mistake(
        "affine dx stays flat",
        "affine_backward",
        "(dout @ w.T).reshape(x.shape)",
        "dout @ w.T",
        "dx stays flattened; it must take the shape of x again.",
    ),
    Mistake(
        "affine dw transposed",
        "affine_backward",
        "x.reshape(len(x), -1).T @ dout",
        "dout.T @ x.reshape(len(x), -1)",
        "dw comes out as (M, D), the transpose of w's shape.",
    ),
    Mistake(
        "affine dw over the batch size",
        "affine_backward",
        ".T @ dout",
        ".T @ dout / len(x)",
        "dw is divided by the batch size, but dout holds that division already.",
    ),
    Mistake(
        "affine dw negative",
        "affine_backward",
        "dw = x.reshape",
        "dw = -x.reshape",
        "dw has the wrong sign; the minus belongs to the update, not to the gradient.",
    ),
    Mistake(
        "affine dw of the last row",
        "affine_backward",
        "x.reshape(len(x), -1).T @ dout",
        "x[-1:].reshape(1, -1).T @ dout[-1:]",
        "dw counts only the last row; every row of the batch used w, and all add up.",
    ),
    Mistake(
        "affine dw rounded to float32",
        "affine_backward",
        "dw = x.reshape(len(x), -1).T @ dout",
        "dw = x.reshape(len(x), -1).T @ dout\n"
        '    dw = dw.astype("float32").astype(dw.dtype) if dw.dtype == float else dw',
        "dw passes through float32 and loses half its digits.",
    ),
    Mistake(
        "affine dw in float32",
        "affine_backward",
        "dw = x.reshape(len(x), -1).T @ dout",
        "dw = x.reshape(len(x), -1).T @ dout\n"
        '    dw = dw.astype("float32") if dw.dtype == float else dw',
        "dw is returned as float32 though everything that came in is float64.",
    ),
    Mistake(
        "affine dw off by 1e-7",
        "affine_backward",
        "x.reshape(len(x), -1).T @ dout",
        "(1 + 1e-7) * x.reshape(len(x), -1).T @ dout",
        "dw is too large by one part in ten million.",
    ),
    Mistake(
        "affine db is a mean",
        "affine_backward",
        "dout.sum(axis=0)",
        "dout.mean(axis=0)",
        "db is the mean over the rows; it is the sum, as b feeds every row.",
    ),
    Mistake(
        "affine db over the wrong axis",
        "affine_backward",
        "dout.sum(axis=0)",
        "dout.sum(axis=1)",
        "db is summed over the outputs; the sum runs over the rows.",
    ),
    Mistake(
        "affine db not summed",
        "affine_backward",
        "dout.sum(axis=0)",
        "dout",
        "db keeps a row for each example; b was broadcast over the rows, so db sums them.",
    ),
    Mistake(
        "affine db keeps an axis",
        "affine_backward",
        "dout.sum(axis=0)",
        "dout.sum(axis=0, keepdims=True)",
        "db has shape (1, M), but b has shape (M,).",
    ),
    Mistake(
        "affine db counts the rows",
        "affine_backward",
        "dout.sum(axis=0)",
        "(0 * dout + 1).sum(axis=0)",
        "db does not use dout: it counts the rows.",
    ),
]
