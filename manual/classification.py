"""Losses for yes or no, and for margins. (Softmax's own loss stands in softmax.py.)

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

import numpy as np

from manual.checks import Array, expect, expect_finite, expect_labels, expect_shape
from manual.sigmoids import sigmoid_forward


def bce_with_logits_loss(x: Array, y: Array) -> tuple[float, Array]:
    """Binary cross-entropy of p = sigmoid(x) against y, the mean over all entries, in nats.

    x: logits, any shape
    y: the same shape, each the probability of a yes, from 0 to 1

        loss = mean of  -y log p - (1 - y) log(1 - p)

    As log p = x - log(1 + exp(x)) and log(1 - p) = -log(1 + exp(x)), that is
    log(1 + exp(x)) - x y: softplus, in its form that cannot overflow. Its derivative is the
    sigmoid, so dx = (p - y) / x.size.

    Returns loss, dx (the shape of x).
    Errors: also ValueError for a y that is no probability.
    Source: Cox, 1958 (logistic regression); torch's binary_cross_entropy_with_logits.
    """
    expect("*", x=x)
    expect_finite("y", y)
    expect_shape(x.shape, y=y)
    if (y < 0).any() or (y > 1).any():
        raise ValueError(f"y runs from {y.min()} to {y.max()}, expected probabilities from 0 to 1")
    size = np.where(x > 0, x, -x)
    loss = (x * (x > 0) - x * y + np.log1p(np.exp(-size))).sum() / x.size
    p, _ = sigmoid_forward(x)
    dx = (p - y) / x.size
    return loss, dx


def svm_loss(x: Array, y: Array) -> tuple[float, Array]:
    """The multiclass hinge loss: every wrong class should score 1 below the true one.

    x: (N, C) scores
    y: (N,) integer labels from 0 to C - 1

        loss = 1/N sum_n sum_{j != y[n]} max(0, x[n, j] - x[n, y[n]] + 1)

    the mean over the batch and the sum over the classes (torch's multi_margin_loss divides by C
    too). Each margin above 0 pushes its own score down by 1/N and the true one up by 1/N. A margin
    of exactly 0, the corner, pushes nothing.

    Returns loss, dx (N, C).
    Errors: also TypeError for labels that are no integers, ValueError for one out of range.
    Source: Weston and Watkins, 1999; CS231n, assignment 1.
    """
    expect("NC", x=x)
    expect_labels(y, x)
    N = len(x)
    n = np.arange(N)
    margins = x - x[n, y][:, None] + 1  # (N, C)
    above = margins > 0
    above[n, y] = False  # the true class is not its own rival
    loss = (margins * above).sum() / N
    push = 0 * x + above  # ones and zeros in the number type of x
    push[n, y] -= above.sum(axis=1)
    return loss, push / N
