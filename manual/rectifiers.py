"""Activations with a corner: relu, leaky relu, elu; and the identity, which has none.

Each acts on every entry by itself, so its derivative is one number for each entry, and the chain
rule is one product:  dx = dout * f'(x). x may have any shape, and out, dout and dx have the same.

At the corner x = 0 there is no derivative; any number between the slopes left and right of it (a
subgradient) is right. These functions take the left one, as PyTorch and jax.nn do: relu'(0) = 0.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_shape


def identity_forward(x: Array) -> tuple[Array, Any]:
    """out = x. x: any shape. out is x itself, not a copy. Source: torch.nn.Identity."""
    expect("*", x=x)
    return x, x.shape


def identity_backward(dout: Array, cache: Any) -> Array:
    """dx = dout."""
    expect_shape(cache, dout=dout)
    return dout


def relu_forward(x: Array) -> tuple[Array, Any]:
    """out = max(x, 0). x: any shape. Source: Nair and Hinton, 2010."""
    expect("*", x=x)
    out = x * (x > 0)
    return out, x


def relu_backward(dout: Array, cache: Any) -> Array:
    """The slope is 1 where x > 0 and 0 elsewhere, at the corner too."""
    x = cache
    expect_shape(x.shape, dout=dout)
    return dout * (x > 0)


def leaky_relu_forward(x: Array, slope: float = 0.01) -> tuple[Array, Any]:
    """out = x where x > 0, slope * x elsewhere. x: any shape.

    Source: Maas, Hannun and Ng, 2013; the default slope is PyTorch's.
    """
    expect("*", x=x)
    out = np.where(x > 0, x, slope * x)
    return out, (x, slope)


def leaky_relu_backward(dout: Array, cache: Any) -> Array:
    """The slope is 1 where x > 0 and `slope` elsewhere, at the corner too."""
    x, slope = cache
    expect_shape(x.shape, dout=dout)
    return np.where(x > 0, dout, slope * dout)


def elu_forward(x: Array, alpha: float = 1.0) -> tuple[Array, Any]:
    """out = x where x > 0, alpha (exp(x) - 1) elsewhere. x: any shape.

    Source: Clevert, Unterthiner and Hochreiter, 2016.
    """
    expect("*", x=x)
    below = x * (x < 0)  # exp(x) would overflow on the branch that is not taken
    out = np.where(x > 0, x, alpha * np.expm1(below))
    return out, (x, alpha)


def elu_backward(dout: Array, cache: Any) -> Array:
    """The slope is 1 where x > 0 and alpha exp(x) elsewhere: alpha at the corner.

    With alpha = 1 both slopes are 1 there, and elu has no corner.
    """
    x, alpha = cache
    expect_shape(x.shape, dout=dout)
    below = x * (x < 0)
    return np.where(x > 0, dout, dout * (alpha * np.exp(below)))
