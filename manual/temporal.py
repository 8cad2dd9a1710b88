"""Affine and cross-entropy for sequences: the same at every step. Source: CS231n, assignment 3.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

from typing import Any

import numpy as np

from manual.affine import affine_backward, affine_forward
from manual.checks import (
    Array,
    expect,
    expect_array,
    expect_axes,
    expect_ids,
    expect_mask,
    expect_shape,
)
from manual.softmax import softmax_loss


def temporal_affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
    """out[n, t] = x[n, t] w + b: all axes but the last are rows.

    x: (N, T, D), or any (..., D)
    w: (D, M)
    b: (M,)
    Returns out (N, T, M), and the cache.
    """
    expect_axes(1, x=x)
    out, cache = affine_forward(x.reshape(-1, x.shape[-1]), w, b)
    return out.reshape(*x.shape[:-1], len(b)), (x.shape, len(b), cache)


def temporal_affine_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """affine's, on all rows of all steps.

    dout: (N, T, M)
    Returns dx (N, T, D), dw (D, M), db (M,).
    """
    x_shape, M, inner = cache
    expect_shape((*x_shape[:-1], M), dout=dout)
    dx, dw, db = affine_backward(dout.reshape(-1, M), inner)
    return dx.reshape(x_shape), dw, db


def temporal_softmax_loss(
    x: Array, y: Array, mask: Array | None = None, mean: str = "tokens"
) -> tuple[float, Array]:
    """Cross-entropy at every step, in nats; steps that the mask leaves out do not count.

    x: (N, T, V) scores
    y: (N, T) integer labels from 0 to V - 1; what stands where the mask is False is not looked at
    mask: (N, T), True where a step counts; None counts all
    mean: "tokens" divides the sum by the number of steps that count (PyTorch's ignore_index);
          "examples" by N, so that long sequences weigh more (CS231n)

        loss = -1/divisor sum over (n, t) that count of log p[n, t, y[n, t]],      p = softmax(x)

    Returns loss, dx (N, T, V), 0 where the mask is False. With nothing that counts, both are 0.
    Errors: also TypeError for labels that are no integers, a mask that is no array of booleans;
    ValueError for a label out of range, a mean that is neither.
    """
    expect("NTV", x=x)
    if mean not in ("tokens", "examples"):
        raise ValueError(f"mean is {mean!r}, expected 'tokens' or 'examples'")
    N, T, V = x.shape
    counts = np.ones((N, T), bool) if mask is None else mask
    expect_mask(counts, (N, T))
    expect_array("y", y)
    if counts.shape != (N, T):
        raise ValueError(f"mask has shape {counts.shape}, expected {(N, T)}")
    if y.shape != (N, T):
        raise ValueError(f"y has shape {y.shape}, expected {(N, T)}, a label for each step of x")
    expect_ids("y", y, V, where=counts)
    dx = np.zeros_like(x) / 1  # divided: whole scores do not have whole gradients
    count = int(counts.sum())
    if count == 0:
        return dx.sum(), dx
    loss, dcounted = softmax_loss(
        x[counts], y[counts]
    )  # (count, V): the mean over those that count
    share = count / (N if mean == "examples" else count)
    dx[counts] = dcounted * share
    return loss * share, dx
