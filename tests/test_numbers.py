"""The number type behind the tolerance: what it allows, what it calls exact, what it counts."""

import math
import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.agreement import rounding_allowances
from reference.numbers import (
    ALLOWANCES,
    Rounding,
    allowances,
    counting,
    lift,
    rounding_array,
    values,
)
from reference.numbers import (
    given as as_given,
)

U = 2.0**-53
OPERATIONS = [operator.add, operator.sub, operator.mul, operator.truediv]
moderate = st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-6)


@settings(max_examples=300)
@given(st.lists(moderate, min_size=2, max_size=8), st.data())
def test_the_allowance_covers_the_error(numbers, data):
    """A chain of operations in floats against the same in fractions: the error is at most u s."""
    value, exact = as_given(numbers[0]), Fraction(numbers[0])
    for number in numbers[1:]:
        operation = data.draw(st.sampled_from(OPERATIONS))
        value = operation(value, as_given(number))
        exact = operation(exact, Fraction(number))
    if math.isfinite(value.value) and abs(exact) > Fraction(1, 10**290):
        # To first order: a second one is u times smaller.
        assert abs(Fraction(value.value) - exact) <= Fraction(U * value.s) * (
            1 + Fraction(1, 10**6)
        )
        if value.s == 0:
            assert Fraction(value.value) == exact


@settings(max_examples=200)
@given(st.lists(st.integers(-8, 8), min_size=1, max_size=6), st.data())
def test_half_integers_stay_exact(numbers, data):
    value = as_given(numbers[0] / 2)
    for number in numbers[1:]:
        operation = data.draw(st.sampled_from(OPERATIONS[:3]))
        value = operation(value, as_given(number / 2))
    if abs(value.value) < 2**20 and (value.value * 4096).is_integer():
        assert value.s == 0


FUNCTIONS = {
    "exp": (np.exp, math.exp),
    "expm1": (np.expm1, math.expm1),
    "log": (lambda x: np.log(x * x + 1), lambda x: math.log(x * x + 1)),
    "log1p": (lambda x: np.log1p(x * x), lambda x: math.log1p(x * x)),
    "sqrt": (lambda x: np.sqrt(x * x + 1), lambda x: math.sqrt(x * x + 1)),
    "tanh": (np.tanh, math.tanh),
    "sin": (np.sin, math.sin),
    "cos": (np.cos, math.cos),
    "cube": (lambda x: x**3, lambda x: x**3),
    "root": (lambda x: (x * x) ** 0.5, lambda x: (x * x) ** 0.5),
    "abs": (np.abs, abs),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_go_through_numpy(name):
    """np.exp(array) asks each element for its .exp(): the value is that of math, s follows f'."""
    on_arrays, on_floats = FUNCTIONS[name]
    x = np.array([-2.3, -0.7, 0.4, 3.1])
    got = on_arrays(rounding_array(x))
    assert np.abs(values(got) - [on_floats(each) for each in x]).max() <= 4 * U * np.exp(3.1)
    if name == "abs":
        return
    # An input that brings s along: s out is at least |f'| s, and at most that and a few sizes more.
    numbers = np.array([Rounding(each, 1e6) for each in x], dtype=object)
    slopes = np.abs([(on_floats(each + 1e-6) - on_floats(each - 1e-6)) / 2e-6 for each in x])
    s = allowances(on_arrays(numbers))
    rooms = (
        1e6 * (np.abs(slopes) * 4 + 8)
        if name in ("log", "log1p", "sqrt", "root")
        else 1e6 * (slopes + 1e-3) + 100
    )
    assert (s >= 0.99e6 * slopes).all() and (s <= rooms).all()


def test_constants_are_rounded_and_data_is_given():
    assert lift(0.1).s == 0.1 and lift(0.5).s == 0.0 and lift(3).s == 0.0 and lift(True).s == 0.0
    assert 0 < as_given(0.1).s < 1e-300 and as_given(-2.5).s == 0.0
    assert as_given(2.0**27).s > 0 and as_given(2.0**-13).s > 0


def test_an_exact_zero_wipes_out_and_a_rounded_one_does_not():
    rounded_zero = as_given(0.1) + as_given(0.2) - as_given(0.30000000000000004)
    assert rounded_zero.value == 0 and rounded_zero.s == 0.1 + 0.2
    assert (as_given(0.0) * as_given(0.1)).s == 0
    assert (rounded_zero * as_given(3.7)).s > 1
    assert (rounded_zero * rounded_zero).s > 0


def test_undecided_comparisons_are_counted():
    near = as_given(0.1) + as_given(0.2)
    with counting() as counted:
        assert (near > 0.3) is (0.1 + 0.2 > 0.3)
        assert counted.undecided == 1
        assert near > 0.29 and not near < 0.1
        assert as_given(0.5) == 0.5 and as_given(0.5) >= 0.5  # exact: decided
        assert counted.undecided == 1
    with counting(np.float32) as counted:
        assert near > 0.3 - 1e-8  # within 8 allowances of float32
        assert counted.undecided == 1
    with counting() as counted:
        assert counted.undecided == 0


def test_nothing_loses_its_allowance_silently():
    number = as_given(0.1)
    with pytest.raises(TypeError):
        float(number)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        np.zeros(2)[:] = np.array([number, number])
    assert isinstance(np.array([1.0, 2.0]) * number, np.ndarray)
    assert isinstance(number * np.array([1.0, 2.0]), np.ndarray)
    assert isinstance(number - np.array(1.0), Rounding | np.ndarray)


def test_edges_become_infinite_and_do_not_raise():
    zero, minus = as_given(0.0), as_given(-0.3)
    assert (as_given(1.5) / zero).value == math.inf and (as_given(-1.5) / zero).value == -math.inf
    assert math.isnan((zero / zero).value)
    assert zero.log().value == -math.inf and math.isnan(minus.log().value)
    assert as_given(-1.0).log1p().value == -math.inf and math.isnan(minus.sqrt().value)
    assert as_given(1000.0).exp().value == math.inf and as_given(1000.0).expm1().value == math.inf


def test_eight_allowances_hold_for_sums_in_any_order():
    """What the threshold is for: other programs sum in another order."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        terms = rng.normal(size=20) * 10.0 ** rng.integers(-3, 4, size=20)
        s = allowances(rounding_array(terms).sum())
        for _ in range(5):
            rng.shuffle(terms)
            assert abs(Fraction(sum(terms)) - sum(map(Fraction, terms))) <= ALLOWANCES * U * s


def test_what_is_exact_in_float64_need_not_be_in_float32():
    """1e6 + 1/16 times 1, summed: every number is a multiple of 2**-12, and float32 rounds."""
    from manual.network import layer
    from reference.agreement import compare
    from reference.problem import Problem

    rng = np.random.default_rng(0)
    x = (1e6 + rng.integers(0, 1000, size=(4, 7)) / 16).astype(np.float32)
    small = (rng.integers(-6, 7, size=(4, 7)) / 2).astype(np.float32)
    params = {"W": np.ones((7, 3), np.float32), "b": np.zeros(3, np.float32)}
    dout = (rng.integers(-6, 7, size=(4, 3)) / 2).astype(np.float32)
    for start, exact in ((x, False), (small, True)):
        problem = Problem([layer("affine", "W", "b")], params, start, dout)
        found = list(compare(problem, ("pytorch", "jax")))
        assert all(each.agrees and each.entries == 12 + 28 + 21 + 3 for each in found)
        s = rounding_allowances(problem).s
        assert (s["value"] == 0).all() == exact == (s["W"] == 0).all()
    with counting(np.float32):
        assert allowances(rounding_array(np.array([255.5, 0.25]))).tolist() == [0, 0]
        assert (allowances(rounding_array(np.array([256.5, 1 / 128]))) > 0).all()
    assert (allowances(rounding_array(np.array([256.5, 1 / 128]))) == 0).all()
