"""Losses for numbers: mean squared error, mean absolute error, huber.

Each compares x with the target y of the same shape, any shape, and takes the mean over ALL entries,
as PyTorch does: divided by x.size, not by the number of rows. Returns loss, dx (the shape of x).

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit,
or a y that is not finite.
"""

import numpy as np

from manual.checks import Array, expect, expect_finite, expect_positive, expect_shape


def mse_loss(x: Array, y: Array) -> tuple[float, Array]:
    """loss = mean (x - y)^2, without a 1/2; dx = 2 (x - y) / x.size. Source: Legendre, 1805."""
    expect("*", x=x)
    expect_finite("y", y)
    expect_shape(x.shape, y=y)
    d = x - y
    loss = (d * d).sum() / x.size
    dx = 2 * d / x.size
    return loss, dx


def l1_loss(x: Array, y: Array) -> tuple[float, Array]:
    """loss = mean |x - y|; dx = sign(x - y) / x.size, and 0 at the corner x = y.

    The corner allows any number from -1 to 1; 0 is PyTorch's choice (jnp.abs takes 1).
    Source: Boscovich, 1757.
    """
    expect("*", x=x)
    expect_finite("y", y)
    expect_shape(x.shape, y=y)
    d = x - y
    loss = np.where(d > 0, d, -d).sum() / x.size  # np.abs would drop an imaginary part
    dx = sign(d) / x.size
    return loss, dx


def huber_loss(x: Array, y: Array, delta: float = 1.0) -> tuple[float, Array]:
    """A parabola near the target and a straight line beyond delta, joined smoothly.

        loss = mean of  d^2 / 2                   where |d| <= delta,      d = x - y
                        delta (|d| - delta / 2)   elsewhere

    so dx = d / x.size near the target and +-delta / x.size beyond: d, clipped.
    Errors: also ValueError for a delta that is not above 0.
    Source: Huber, 1964; torch.nn.functional.huber_loss (smooth_l1_loss is this over delta).
    """
    expect("*", x=x)
    expect_finite("y", y)
    expect_shape(x.shape, y=y)
    expect_positive(delta=delta)
    d = x - y
    size = np.where(d > 0, d, -d)
    loss = np.where(size <= delta, d * d / 2, delta * (size - delta / 2)).sum() / x.size
    dx = np.where(size <= delta, d, delta * sign(d)) / x.size
    return loss, dx


def sign(d: Array) -> Array:
    """-1, 0 or 1 for every entry, in the number type of d. Source: NumPy's sign."""
    return 0 * d + np.sign(d)
