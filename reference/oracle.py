"""The derivative of anyone's forward, from the forward alone.

Two ways, on any function of arrays: the complex step, exact to rounding where the function carries
complex numbers through; and central differences, which always work, with their own bound. The
difference also watches over the complex step: a function that drops an imaginary part on the way
(np.abs, a float buffer) returns a wrong derivative without a word.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from manual.checks import Array
from reference.numbers import ALLOWANCES, UNIT, Rounding, allowances, counting, rounding_array
from reference.paths.complex_step import UNDERFLOW, H
from reference.tangent import moving, slope_of

U = UNIT[np.dtype(np.float64)]
SINGLE, HALF = UNIT[np.dtype(np.float32)], 2.0**-11

# For a smooth function a step turned round turns its sign, but for roundings.
TURNED = 2.0**-20

MANY = 200  # entries: above, random directions stand for all coordinates
DIRECTIONS = 12

Run = Callable[..., Array]  # the inputs -> the output; of several, all entries in one row


class Slope(NamedTuple):
    """The derivative of sum(out * dout) along one direction in one input."""

    value: float
    allowance: float  # one allowance of this derivative's own error, absolute
    oracle: str  # "complex step" or "difference"
    left: float  # the slopes on both sides, which differ at a corner
    right: float
    smooth: bool  # False where the difference has not settled: near a corner, or beyond
    step: float  # of the difference


def probes(array: Array, rng: np.random.Generator) -> list[tuple[Array, str]]:
    """The directions to take derivatives in: every entry, or random ones where there are many."""
    if array.size <= MANY:
        found = []
        for index in np.ndindex(array.shape):
            v = np.zeros(array.shape)
            v[index] = 1.0
            found.append((v, f"[{', '.join(map(str, index))}]" if index else ""))
        return found
    found = [(rng.normal(size=array.shape), " . v, along a random v") for _ in range(DIRECTIONS)]
    for place in rng.choice(array.size, size=DIRECTIONS, replace=False):
        index = np.unravel_index(place, array.shape)
        v = np.zeros(array.shape)
        v[index] = 1.0
        found.append((v, f"[{', '.join(str(int(i)) for i in index)}]"))
    return found


def slope(
    run: Run, inputs: Sequence[Array], which: int, v: Array, dout: Array, s_out: Array, trust: bool,
    unit: float = U,
) -> Slope:  # fmt: skip
    """The derivative along v in input `which`; inputs and dout in float64.

    s_out: the rounding allowance of every entry of the output
    trust: whether the complex step may be taken at all
    unit: the roundoff that the function computes with, see unit_of
    """

    def at(step: Any) -> Array:
        moved = list(inputs)
        moved[which] = inputs[which] + step * v
        return np.asarray(run(*moved))

    exact = _complex(at, dout, sum(array.size for array in inputs)) if trust else None
    found = [_difference(at, h, dout, s_out, unit) for h in steps(inputs[which], v, unit)]
    # The smallest step that has settled; or a larger one that agrees with it and says it sharper.
    settled = [each for each in found if each.smooth] or found
    best = settled[0]
    for each in settled:
        apart = abs(each.value - best.value)
        if (
            apart
            <= ALLOWANCES * (each.allowance + best.allowance)
            < ALLOWANCES * 2 * best.allowance
        ):
            best = each
    if exact is None:
        return best
    value, allowance = exact
    close = [
        each
        for each in found
        if abs(value - each.value) <= ALLOWANCES * (each.allowance + allowance)
    ]
    if close or not best.smooth:
        # Where no difference has settled, none can speak against the complex step.
        near = (close or [best])[0]
        return near._replace(value=value, allowance=allowance, oracle="complex step")
    return best


def unit_of(run: Run, inputs: Sequence[Array]) -> float:
    """The roundoff that a function computes with: its output stands still on smaller moves.

    Every float is moved by one part in 2^36, which float64 sees and float32 does not, and in 2^18.
    Asked are the entries of the output that clearly follow a move of one part in 2^8: if these are
    few, it may be made of steps, as rounding to whole numbers is.
    """

    def moved(power: int) -> Array:
        by = 1 + 2.0**-power
        return np.asarray(run(*(x * by if x.dtype.kind == "f" else x.copy() for x in inputs)))

    unit = U
    with np.errstate(all="ignore"):
        here = np.asarray(run(*(x.copy() for x in inputs)))
        by = np.abs(moved(8) - here)
        for candidate, power, least in ((SINGLE, 36, 2.0**-20), (HALF, 18, 2.0**-9)):
            following = by > least * np.abs(here)
            if not following.any() or following.mean() < 1 / 4:
                break
            # A number in the middle between two may go to the other one.
            if (moved(power) == here)[following].mean() < 0.9:
                break
            unit = candidate
    return unit


def steps(array: Array, v: Array, unit: float = U) -> list[float]:
    """Steps to try, smallest first: for a function that bends on a scale of 1, of its array, of
    its entry."""
    scales = (1.0, np.abs(array).max(), np.abs(array[v != 0]).max())
    found = (2.0 ** np.round(np.log2(np.cbrt(unit) * scale)) for scale in scales if scale > 0)
    return sorted({float(h) for h in found})


def _difference(
    at: Callable[[Any], Array], h: float, dout: Array, s_out: Array, unit: float
) -> Slope:
    """The central difference with its bound, the slopes on both sides, and whether it settled."""
    here, up, down = at(0.0), at(h), at(-h)
    near = ((up - down) / (2 * h) * dout).sum()
    far = ((at(2 * h) - at(-2 * h)) / (4 * h) * dout).sum()
    sizes = s_out + np.maximum(np.abs(up), np.abs(down))
    rounding = unit * ((sizes + np.abs(up - down)) / h * np.abs(dout)).sum()
    left, right = ((here - down) / h * dout).sum(), ((up - here) / h * dout).sum()
    # Of a smooth function the two one-sided slopes differ by h f''; with half the step, by half.
    # And the difference itself hardly depends on the step.
    bend = right - left
    half = ((at(h / 2) + at(-h / 2) - 2 * here) / (h / 2) * dout).sum()
    settled = abs(bend - 2 * half) <= abs(bend) / 8 + ALLOWANCES * 8 * rounding
    settled &= abs(far - near) <= abs(near) / 8 + ALLOWANCES * rounding
    allowance = abs(far - near) / 3 + rounding
    return Slope(
        float(near), float(allowance), "difference", float(left), float(right), bool(settled), h
    )


def _complex(at: Callable[[Any], Array], dout: Array, count: int) -> tuple[float, float] | None:
    """The complex step and one allowance of its own rounding; None if it cannot be taken.

    NumPy orders complex numbers by their imaginary parts where the real ones tie. So at a tie under
    a maximum every winner seems to win, and with the step turned round every one to lose: a corner,
    where this step has no say.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            out, turned = at(1j * H), at(-1j * H)
        if out.dtype.kind != "c":
            return None
        jacobian = out.imag / H * dout
    except Exception:
        return None
    if not np.isfinite(jacobian).all():
        return None
    if on_a_tie(out, turned):
        return None
    # It is rounded once for every number that is summed into it, and a few times more.
    own = U * (16 + count) * np.abs(jacobian).sum() + UNDERFLOW * (1 + np.abs(dout).sum())
    return float(jacobian.sum()), float(own)


def on_a_tie(out: Array, turned: Array) -> bool:
    """Whether the complex step depends on its sign."""
    return not (np.abs(out.imag + turned.imag) <= TURNED * np.abs(out.imag)).all()


def second_opinion(
    run: Run, inputs: Sequence[Array], which: int, v: Array, dout: Array
) -> tuple[float, float] | None:
    """The derivative on Tangent numbers, and u s of it; None if the function does not run there."""
    moved = [
        moving(array, v if k == which else 0.0) if array.dtype.kind == "f" else array.copy()
        for k, array in enumerate(inputs)
    ]
    try:
        with counting() as counted:
            found = slope_of(run(*moved), dout)
            if found is None or counted.undecided:
                return None
    except Exception:
        return None
    return found[0], U * found[1]


def output_allowance(run: Run, inputs: Sequence[Array]) -> Array | None:
    """s of every entry of the output, or None if the function does not run on Rounding numbers."""
    try:
        with counting():
            return allowances(run(*(as_numbers(array) for array in inputs)))
    except Exception:
        return None


def same_branches(run: Run, inputs: Sequence[Array], which: int, v: Array, h: float) -> bool | None:
    """Whether the function takes the same branches all along a step; None if it can't tell."""
    logs = []
    try:
        for step in (-2 * h, -h, 0.0, h, 2 * h):
            moved = list(inputs)
            moved[which] = inputs[which] + step * v
            Rounding.decisions = []
            run(*(as_numbers(array) for array in moved))
            logs.append(Rounding.decisions)
    except Exception:
        return None
    finally:
        Rounding.decisions = None
    return all(log == logs[0] for log in logs)


def as_numbers(array: Array) -> Array:
    """Floats as Rounding numbers; labels and other integers as they are."""
    return rounding_array(array) if array.dtype.kind == "f" else array.copy()
