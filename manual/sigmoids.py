"""Smooth activations: sigmoid, tanh, and softplus, silu, gelu, which bend relu's corner.

Each acts on every entry by itself: dx = dout * f'(x). Where f' is a short formula in the output,
the output is what the cache keeps. x may have any shape, and out, dout and dx have the same.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

import math
from typing import Any

import numpy as np
import scipy

from manual.checks import Array, expect, expect_shape


def sigmoid_forward(x: Array) -> tuple[Array, Any]:
    """out = 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2; the second form cannot overflow.

    It is right to the last digit of 1, not of a tiny output: below x = -37 it is 0, for 1e-17.
    Source: Rumelhart, Hinton and Williams, 1986.
    """
    expect("*", x=x)
    out = (1 + np.tanh(x / 2)) / 2
    return out, out


def sigmoid_backward(dout: Array, cache: Any) -> Array:
    """With s = 1 / (1 + e) and e = exp(-x):  ds/dx = e / (1 + e)^2 = s (1 - s)."""
    s = cache
    expect_shape(s.shape, dout=dout)
    return dout * (s * (1 - s))


def tanh_forward(x: Array) -> tuple[Array, Any]:
    """out = tanh(x) = 2 sigmoid(2 x) - 1. Source: LeCun et al., 1998 (Efficient BackProp)."""
    expect("*", x=x)
    out = np.tanh(x)
    return out, out


def tanh_backward(dout: Array, cache: Any) -> Array:
    """tanh = sinh / cosh, so tanh' = (cosh^2 - sinh^2) / cosh^2 = 1 - tanh^2."""
    t = cache
    expect_shape(t.shape, dout=dout)
    return dout * (1 - t * t)


def softplus_forward(x: Array) -> tuple[Array, Any]:
    """out = log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)); the second form cannot overflow.

    Source: Dugas et al., 2001.
    """
    expect("*", x=x)
    size = np.where(x > 0, x, -x)  # |x|; np.abs would drop the imaginary part of a complex step
    out = x * (x > 0) + np.log1p(np.exp(-size))
    return out, x


def softplus_backward(dout: Array, cache: Any) -> Array:
    """d/dx log(1 + exp(x)) = exp(x) / (1 + exp(x)), the sigmoid."""
    x = cache
    expect_shape(x.shape, dout=dout)
    s, _ = sigmoid_forward(x)
    return dout * s


def silu_forward(x: Array) -> tuple[Array, Any]:
    """out = x sigmoid(x), also called swish.

    Source: Hendrycks and Gimpel, 2016; Ramachandran, Zoph and Le, 2017.
    """
    expect("*", x=x)
    s, _ = sigmoid_forward(x)
    return x * s, (x, s)


def silu_backward(dout: Array, cache: Any) -> Array:
    """The product rule:  (x s)' = s + x s',  with s' = s (1 - s)."""
    x, s = cache
    expect_shape(x.shape, dout=dout)
    return dout * (s + x * (s * (1 - s)))


def gelu_forward(x: Array) -> tuple[Array, Any]:
    """out = x P(x), where P(x) = (1 + erf(x / sqrt 2)) / 2 is the chance that a normal draw is < x.

    Source: Hendrycks and Gimpel, 2016. The exact form, PyTorch's default (JAX's is gelu_tanh).
    """
    expect("*", x=x)
    p = (1 + erf(x / math.sqrt(2))) / 2
    return x * p, (x, p)


def gelu_backward(dout: Array, cache: Any) -> Array:
    """The product rule:  (x P)' = P + x P',

    and P' is the bell curve, exp(-x^2 / 2) / sqrt(2 pi).
    """
    x, p = cache
    expect_shape(x.shape, dout=dout)
    bell = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return dout * (p + x * bell)


def gelu_tanh_forward(x: Array) -> tuple[Array, Any]:
    """out = x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3): gelu without erf.

    Source: Hendrycks and Gimpel, 2016; BERT and GPT-2 use this form.
    """
    expect("*", x=x)
    # x * x * x is many times faster than x**3; math.sqrt keeps float32 arrays float32.
    t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x)))
    return x * (1 + t) / 2, (x, t)


def gelu_tanh_backward(dout: Array, cache: Any) -> Array:
    """The product rule:  out' = (1 + t) / 2 + x t' / 2,

    where t = tanh(u) has t' = (1 - t^2) u'  and  u' = sqrt(2 / pi) (1 + 3 * 0.044715 x^2).
    """
    x, t = cache
    expect_shape(x.shape, dout=dout)
    du = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * (x * x))
    return dout * ((1 + t) / 2 + x * ((1 - t * t) * du) / 2)


def erf(x: Array) -> Array:
    """erf(x) = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. x: any shape.

    On arrays of number objects too, where each brings its own .erf().
    Source: Abramowitz and Stegun, 1964, 7.1.1; computed by SciPy.
    """
    if x.dtype == object:
        return np.frompyfunc(lambda number: number.erf(), 1, 1)(x)
    return scipy.special.erf(x)  # SciPy loads its parts when they are asked for
