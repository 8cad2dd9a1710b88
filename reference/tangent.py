"""Forward mode with a rounding allowance: a number that carries its derivative along.

Tangent(value, slope), both Rounding numbers, through the same code: the derivative of a forward,
and what rounding may have cost it, without a step and without a backward. Slow, as all object
arrays are; gradcheck asks it for a second opinion before it calls anything wrong.

Source: dual numbers (Clifford, 1873); forward-mode differentiation (Wengert, 1964).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from manual.checks import Array
from reference.numbers import Rounding, given, lift


class Tangent:
    """A value and its slope; every operation applies its rule of differentiation."""

    __slots__ = ("slope", "value")

    def __init__(self, value: Rounding, slope: Rounding):
        self.value, self.slope = value, slope

    def __add__(self, other: Any) -> "Tangent":
        if isinstance(other, np.ndarray):
            return NotImplemented
        other = constant(other)
        return Tangent(self.value + other.value, self.slope + other.slope)

    __radd__ = __add__

    def __neg__(self) -> "Tangent":
        return Tangent(-self.value, -self.slope)

    def __sub__(self, other: Any) -> "Tangent":
        if isinstance(other, np.ndarray):
            return NotImplemented
        return self + -constant(other)

    def __rsub__(self, other: Any) -> "Tangent":
        return constant(other) - self

    def __mul__(self, other: Any) -> "Tangent":
        if isinstance(other, np.ndarray):
            return NotImplemented
        other = constant(other)
        slope = self.slope * other.value + self.value * other.slope
        return Tangent(self.value * other.value, slope)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Tangent":
        if isinstance(other, np.ndarray):
            return NotImplemented
        other = constant(other)
        value = self.value / other.value
        return Tangent(value, (self.slope - value * other.slope) / other.value)

    def __rtruediv__(self, other: Any) -> "Tangent":
        return constant(other) / self

    def __pow__(self, n: Any) -> "Tangent":
        n = n.value.value if type(n) is Tangent else n
        return Tangent(self.value**n, self.value ** (n - 1) * n * self.slope)

    def __abs__(self) -> "Tangent":
        return -self if self < 0 else self

    def __bool__(self) -> bool:
        return bool(self.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __gt__(self, other: Any) -> bool:
        return self.value > constant(other).value

    def __ge__(self, other: Any) -> bool:
        return self.value >= constant(other).value

    def __lt__(self, other: Any) -> bool:
        return self.value < constant(other).value

    def __le__(self, other: Any) -> bool:
        return self.value <= constant(other).value

    def __eq__(self, other: Any) -> bool:
        return self.value == constant(other).value

    def __ne__(self, other: Any) -> bool:
        return self.value != constant(other).value

    def exp(self) -> "Tangent":
        e = self.value.exp()
        return Tangent(e, e * self.slope)

    def expm1(self) -> "Tangent":
        return Tangent(self.value.expm1(), self.value.exp() * self.slope)

    def log(self) -> "Tangent":
        return Tangent(self.value.log(), self.slope / self.value)

    def log1p(self) -> "Tangent":
        return Tangent(self.value.log1p(), self.slope / (self.value + 1))

    def sqrt(self) -> "Tangent":
        root = self.value.sqrt()
        return Tangent(root, self.slope / root / 2)

    def tanh(self) -> "Tangent":
        t = self.value.tanh()
        return Tangent(t, (1 - t * t) * self.slope)

    def erf(self) -> "Tangent":
        bell = (self.value * self.value * -1).exp() * (2 / math.sqrt(math.pi))
        return Tangent(self.value.erf(), bell * self.slope)

    def sin(self) -> "Tangent":
        return Tangent(self.value.sin(), self.value.cos() * self.slope)

    def cos(self) -> "Tangent":
        return Tangent(self.value.cos(), -self.value.sin() * self.slope)

    def conjugate(self) -> "Tangent":
        return self


def constant(number: Any) -> Tangent:
    """A number that does not move."""
    if type(number) is Tangent:
        return number
    return Tangent(number if type(number) is Rounding else lift(number), Rounding(0.0))


_moving: Callable = np.frompyfunc(lambda x, v: Tangent(given(x), given(v)), 2, 1)


def moving(array: Array, v: Array | float) -> Array:
    """An array that moves along v: Tangent numbers."""
    return np.asarray(_moving(array, v), dtype=object)


def slope_of(out: Any, dout: Array) -> tuple[float, float] | None:
    """The slope of sum(out * dout) and its s; None if a part of out is no Tangent number."""
    total = Rounding(0.0)
    for number, d in zip(np.asarray(out, dtype=object).ravel(), np.ravel(dout), strict=True):
        if type(number) is not Tangent:
            return None
        total = total + number.slope * given(float(d))
    return total.value, total.s
