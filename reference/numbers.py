"""A number that counts what rounding may have cost it.

Rounding(value, s) stands for a float and a running allowance: every operation adds its own rounding
to what its operands bring along, to first order, so that a correct program's error is a small
multiple of u * s, with u the unit roundoff (2**-53 in float64, 2**-24 in float32). The hand-written
code runs on it unchanged, as NumPy passes operations on object arrays to their elements; nobody
writes a tolerance for a layer.

    z = x + y        s(z) = s(x) + s(y)                    + |z|
    z = x * y        s(z) = |y| s(x) + |x| s(y)            + |z|    and u s(x) s(y), for zeros
    z = x / y        s(z) = (s(x) + |z| s(y)) / |y|        + |z|
    z = f(x)         s(z) = |f'(x)| s(x)                 + 2 |z|    libraries promise one ulp, 2 u,
                                                                    f' at its steepest near x

s is exactly 0 only for multiples of 2**-12 below 2**26 that came about without rounding (of 2**-6
below 2**8 in float32). Sums of such numbers are exact in every order, with bits to spare for
partial sums, and so is a product that is one again; so s = 0 asks for equality to the bit.

Source of the idea: running error analysis (Wilkinson; Higham, Accuracy and Stability, section 3.3).
"""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from manual.checks import Array

ALLOWANCES = 8  # agreement is asked for within this many allowances u * s

UNIT = {np.dtype(np.float64): 2.0**-53, np.dtype(np.float32): 2.0**-24}

U = 2.0**-53

# What counts as exact: multiples of 1 / the first below the second. 38 of float64's 53 bits, 14 of
# float32's 24.
EXACT = {np.dtype(np.float64): (4096.0, 2.0**26), np.dtype(np.float32): (64.0, 2.0**8)}

# An input that is no small multiple of 2**-12 is given, not rounded; but what is made of it may be.
GIVEN = 2.0**-1022
# Below 2**-1022 numbers lose digits or are flushed to 0: an absolute error of that size, over u.
UNDERFLOW = 2.0**-1022 * 2.0**53


class Rounding:
    """A value and its running rounding allowance s."""

    __slots__ = ("s", "value")

    unit = 2.0**-53
    grid, limit = EXACT[np.dtype(np.float64)]
    undecided = 0  # comparisons that rounding could turn over
    decisions: list[bool] | None = None  # how every comparison came out, where somebody asks

    def __init__(self, value: float, s: float = 0.0):
        self.value = value
        self.s = s

    def __repr__(self) -> str:
        return f"Rounding({self.value!r}, {self.s!r})"

    def __add__(self, other: Any) -> "Rounding":
        if type(other) is not Rounding:
            if isinstance(other, np.ndarray):
                return NotImplemented  # NumPy goes through the array and comes back
            other = lift(other)
        value = self.value + other.value
        s = self.s + other.s
        if s == 0.0 and exact(value):
            return Rounding(value)
        return Rounding(value, s + abs(value) + UNDERFLOW)

    __radd__ = __add__

    def __neg__(self) -> "Rounding":
        return Rounding(-self.value, self.s)

    def __sub__(self, other: Any) -> "Rounding":
        if type(other) is not Rounding:
            if isinstance(other, np.ndarray):
                return NotImplemented  # NumPy goes through the array and comes back
            other = lift(other)
        value = self.value - other.value
        s = self.s + other.s
        if s == 0.0 and exact(value):
            return Rounding(value)
        return Rounding(value, s + abs(value) + UNDERFLOW)

    def __rsub__(self, other: Any) -> "Rounding":
        return lift(other) - self

    def __mul__(self, other: Any) -> "Rounding":
        if type(other) is not Rounding:
            if isinstance(other, np.ndarray):
                return NotImplemented  # NumPy goes through the array and comes back
            other = lift(other)
        value = self.value * other.value
        if self.s == 0.0 and other.s == 0.0 and exact(value):
            return Rounding(value)
        if (self.s == 0.0 == self.value) or (other.s == 0.0 == other.value):
            return Rounding(0.0)  # an exact zero times anything
        s = abs(self.value) * other.s + abs(other.value) * self.s + self.s * other.s * U
        return Rounding(value, s + abs(value) + UNDERFLOW)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Rounding":
        if type(other) is not Rounding:
            if isinstance(other, np.ndarray):
                return NotImplemented  # NumPy goes through the array and comes back
            other = lift(other)
        if other.value == 0.0:
            return Rounding(
                math.copysign(math.inf, self.value) if self.value else math.nan, math.inf
            )
        value = self.value / other.value
        if self.s == 0.0 and other.s == 0.0 and exact(value) and value * other.value == self.value:
            return Rounding(value)
        s = (self.s + abs(value) * other.s) / abs(other.value)
        return Rounding(value, s + abs(value) + UNDERFLOW)

    def __rtruediv__(self, other: Any) -> "Rounding":
        return lift(other) / self

    def __pow__(self, n: Any) -> "Rounding":
        n = n.value if type(n) is Rounding else n
        if n == 2:
            return self * self
        value = self.value**n
        slope = abs(n * self.value ** (n - 1)) if self.value or n >= 1 else math.inf
        return Rounding(value, slope * self.s + 2 * abs(value) + UNDERFLOW)

    def __abs__(self) -> "Rounding":
        return -self if self < 0 else self

    # There is no __float__: a number stored into a float array would lose its s without a word.
    def __bool__(self) -> bool:
        return self != 0

    def __hash__(self) -> int:
        return hash(self.value)

    # Comparisons: decided by the values, and counted when rounding could have turned them over.
    def _difference(self, other: Any) -> float:
        if other is self:
            return 0.0
        if type(other) is not Rounding:
            other = lift(other)
        difference = self.value - other.value
        close = abs(difference) <= ALLOWANCES * Rounding.unit * (self.s + other.s) != 0.0
        # Not where np.max or np.min asks: what they give is right either way.
        if close and sys._getframe(2).f_code.co_name not in ("_amax", "_amin"):
            Rounding.undecided += 1
        if Rounding.decisions is not None:
            Rounding.decisions.append(difference > 0)
        return difference

    def __gt__(self, other: Any) -> bool:
        return self._difference(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self._difference(other) >= 0

    def __lt__(self, other: Any) -> bool:
        return self._difference(other) < 0

    def __le__(self, other: Any) -> bool:
        return self._difference(other) <= 0

    def __eq__(self, other: Any) -> bool:
        return self._difference(other) == 0

    def __ne__(self, other: Any) -> bool:
        return self._difference(other) != 0

    # The functions that NumPy looks up by name on each element: np.exp(a) calls a.exp().
    def near(self) -> float:
        """How far off the value may be: a slope is taken where it is steepest within that."""
        return ALLOWANCES * Rounding.unit * self.s

    def exp(self) -> "Rounding":
        e = math.exp(self.value) if self.value < 709.7 else math.inf
        near = self.near()
        steepest = e * (math.exp(near) if near < 700 else math.inf) if e else 0.0
        return Rounding(e, steepest * self.s + 2 * e + UNDERFLOW)

    def expm1(self) -> "Rounding":
        e = math.expm1(self.value) if self.value < 709.7 else math.inf
        near = self.near()
        steepest = (e + 1) * (math.exp(near) if near < 700 else math.inf) if e > -1 else 0.0
        return Rounding(e, steepest * self.s + 2 * abs(e) + UNDERFLOW)

    def log(self) -> "Rounding":
        if self.value <= 0.0:
            return Rounding(-math.inf if self.value == 0.0 else math.nan, math.inf)
        value, lowest = math.log(self.value), self.value - self.near()
        slope = 1 / lowest if lowest > 0 else math.inf
        return Rounding(value, (slope * self.s if self.s else 0.0) + 2 * abs(value) + UNDERFLOW)

    def log1p(self) -> "Rounding":
        if self.value <= -1.0:
            return Rounding(-math.inf if self.value == -1.0 else math.nan, math.inf)
        value, lowest = math.log1p(self.value), 1 + self.value - self.near()
        slope = 1 / lowest if lowest > 0 else math.inf
        return Rounding(value, (slope * self.s if self.s else 0.0) + 2 * abs(value) + UNDERFLOW)

    def sqrt(self) -> "Rounding":
        if self.value < 0.0:
            return Rounding(math.nan, math.inf)
        value = math.sqrt(self.value)
        slope = 0.5 / value if value else 0.0
        return Rounding(value, slope * self.s + abs(value) + UNDERFLOW)

    def tanh(self) -> "Rounding":
        t, steepest = math.tanh(self.value), math.tanh(max(0.0, abs(self.value) - self.near()))
        return Rounding(t, (1 - steepest * steepest) * self.s + 2 * abs(t) + UNDERFLOW)

    def erf(self) -> "Rounding":
        value, steepest = math.erf(self.value), max(0.0, abs(self.value) - self.near())
        slope = 2 / math.sqrt(math.pi) * math.exp(-min(steepest * steepest, 800.0))
        return Rounding(value, slope * self.s + 2 * abs(value) + UNDERFLOW)

    def sin(self) -> "Rounding":
        value = math.sin(self.value)
        return Rounding(
            value,
            min(1.0, abs(math.cos(self.value)) + self.near()) * self.s + 2 * abs(value) + UNDERFLOW,
        )

    def cos(self) -> "Rounding":
        value = math.cos(self.value)
        return Rounding(
            value,
            min(1.0, abs(math.sin(self.value)) + self.near()) * self.s + 2 * abs(value) + UNDERFLOW,
        )

    def conjugate(self) -> "Rounding":
        return self


def exact(value: float) -> bool:
    """Whether value is a multiple of 2**-12 below 2**26; in float32, of 2**-6 below 2**8."""
    limit = Rounding.limit
    return -limit < value < limit and (value * Rounding.grid).is_integer()


def lift(number: Any) -> Rounding:
    """A constant met in the code: rounded itself, unless it is a small multiple of 2**-12."""
    value = float(number)
    return Rounding(value, 0.0 if exact(value) else abs(value))


def given(number: float) -> Rounding:
    """A number from the data: exactly what it is."""
    value = float(number)
    return Rounding(value, 0.0 if exact(value) else GIVEN)


_given: Callable = np.frompyfunc(given, 1, 1)
_never_exact: Callable = np.frompyfunc(lambda number: Rounding(float(number), GIVEN), 1, 1)
_s: Callable = np.frompyfunc(lambda n: n.s if type(n) is Rounding else lift(n).s, 1, 1)
_value: Callable = np.frompyfunc(lambda n: n.value if type(n) is Rounding else float(n), 1, 1)


def rounding_array(array: Array, exact: bool = True) -> Array:
    """An array of floats as an object array of Rounding numbers.

    exact: whether small multiples of 2**-12 count as exact; if not, every operation on them rounds
    """
    return np.asarray((_given if exact else _never_exact)(array), dtype=object)


def allowances(array: Any) -> Array:
    """The s of every entry of an array of Rounding numbers (or of one number)."""
    return np.asarray(_s(array), dtype=np.float64)


def values(array: Any) -> Array:
    """The value of every entry of an array of Rounding numbers (or of one number)."""
    return np.asarray(_value(array), dtype=np.float64)


@contextmanager
def counting(dtype: Any = np.float64) -> Iterator[type[Rounding]]:
    """Count undecided comparisons anew, for the unit roundoff of dtype.

    Numbers are to be lifted within it too: what is exact depends on dtype.
    """
    before = Rounding.unit, Rounding.undecided, Rounding.grid, Rounding.limit
    Rounding.unit, Rounding.undecided = UNIT[np.dtype(dtype)], 0
    Rounding.grid, Rounding.limit = EXACT[np.dtype(dtype)]
    try:
        yield Rounding
    finally:
        Rounding.unit, Rounding.undecided, Rounding.grid, Rounding.limit = before
