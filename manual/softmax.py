"""Softmax, which turns scores into probabilities, and the loss that goes with it.

Apart, they need a matrix of derivatives for every row; together they need one subtraction.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
Source: Bridle, 1990.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_array, expect_finite, expect_labels, expect_shape


def softmax_forward(x: Array) -> tuple[Array, Any]:
    """out[j] = exp(x[j]) / sum_k exp(x[k]), along the last axis. x: (..., C).

    Adding one number to all scores of a row changes nothing, so the largest is first brought to 0:
    exp cannot overflow then. Returns out (..., C), and the cache.
    """
    expect("*", x=x)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    out = e / e.sum(axis=-1, keepdims=True)
    return out, out


def softmax_backward(dout: Array, cache: Any) -> Array:
    """Every output depends on every score of its row:  dp[j]/dx[k] = p[j] ((j == k) - p[k]).

    Summed against dout:  dx[k] = p[k] (dout[k] - sum_j dout[j] p[j]):
    how far dout[k] lies above the mean of dout, weighted by p. dout, dx: (..., C).
    """
    p = cache
    expect_shape(p.shape, dout=dout)
    mean = (dout * p).sum(axis=-1, keepdims=True)
    return p * (dout - mean)


def softmax_loss(x: Array, y: Array, smoothing: float = 0.0) -> tuple[float, Array]:
    """Cross-entropy of softmax(x) against y, the mean over the batch, in nats.

    x: (N, C) scores (logits)
    y: (N,) integer labels from 0 to C - 1, or (N, C) rows of target probabilities t
    smoothing: the share of every target that is spread evenly over the C classes,
               t = (1 - smoothing) t + smoothing / C, as PyTorch does

        loss = -1/N sum_n sum_j t[n, j] log p[n, j],      p = softmax(x)

    With log p[j] = x[j] - log sum_k exp(x[k]), and the t[j] of a row summing to 1, the derivative
    with respect to x[k] is  -t[k] + sum_j t[j] p[k] = p[k] - t[k],  over N.

    Returns loss, dx (N, C).
    Errors: also ValueError for a label out of range, a row that is no probability distribution, a
    smoothing that is no share; TypeError for labels that are no integers.
    Source: Bridle, 1990; smoothing: Szegedy et al., 2016.
    """
    expect("NC", x=x)
    if not 0 <= smoothing <= 1:
        raise ValueError(f"smoothing is {smoothing}, expected a share from 0 to 1")
    N, C = x.shape
    t = (1 - smoothing) * targets(x, y) + smoothing / C  # (N, C)
    shifted = x - x.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)  # (N, 1)
    loss = -(t * (shifted - np.log(total))).sum() / N
    dx = (e / total - t) / N
    return loss, dx


def kl_loss(x: Array, y: Array) -> tuple[float, Array]:
    """The Kullback-Leibler divergence of p = softmax(x) from y, the mean over the batch, in nats.

    x: (N, C) scores
    y: (N, C) rows of target probabilities t

        KL(t || p) = sum_j t[j] (log t[j] - log p[j]),      0 log 0 = 0

    Cross-entropy less the entropy of t, which does not depend on x: so the same dx = (p - t) / N,
    and a loss that is 0 where p = t. PyTorch's kl_div takes log p, and calls this mean "batchmean".

    Returns loss, dx (N, C).
    Errors: also ValueError for a row that is no probability distribution.
    Source: Kullback and Leibler, 1951.
    """
    expect_array("y", y)
    if y.ndim != 2:
        raise ValueError(f"y has shape {y.shape}, expected rows of probabilities (N, C)")
    cross_entropy, dx = softmax_loss(x, y)
    entropy = -(y * np.log(y + (y == 0))).sum() / len(x)
    return cross_entropy - entropy, dx


def targets(x: Array, y: Array) -> Array:
    """y as rows of probabilities (N, C), in the number type of the scores x (N, C).

    t[n, j] = (j == y[n]) for labels y (N,); rows (N, C) stay as they are. Errors: softmax_loss's.
    """
    if np.ndim(y) < 2:
        expect_labels(y, x)
        t = np.zeros_like(x)  # one row a label: 1 at the true class, 0 elsewhere
        t[np.arange(len(y)), y] = 1
        return t
    expect_finite("y", y)
    expect_shape(x.shape, y=y)
    off = np.abs(y.sum(axis=1) - 1)
    # A row of C float32 numbers rounded to nearest sums to 1 within C units of 2**-24.
    if (y < 0).any() or (off > y.shape[1] * 2.0**-23).any():
        row = np.argmax((y < 0).any(axis=1) | (off > y.shape[1] * 2.0**-23))
        raise ValueError(f"y[{row}] is {y[row]}, expected probabilities >= 0 that sum to 1")
    return y if x.dtype.kind == "i" else y.astype(x.dtype)  # whole scores, but not whole shares
