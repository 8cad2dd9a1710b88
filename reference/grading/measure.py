"""When a student's array agrees with ours: how far a right program may be off, and what is said.

Our code runs once more on inputs nudged by 2^-40 of themselves. What moves by that is what a
program may lose that keeps twelve of its sixteen digits; 64 times it, and 2^-36 of the largest
number of the array, is the allowance. In float32 the nudge is 2^-20 and the share 2^-18.
A mistake moves the numbers by parts of themselves, ten thousand times more.
"""

from typing import Any, NamedTuple

import numpy as np

from reference.grading.box.wire import Other
from reference.grading.recipe import Between

NUDGE, SHARE = 2.0**-40, 2.0**-36
NUDGE32, SHARE32 = 2.0**-20, 2.0**-18
TIMES = 64


class Want(NamedTuple):
    """What an output should be."""

    value: Any  # an array, or Between two
    moved: Any  # how far a nudge of 2^-40 moves each number, an array; 0 where nothing is nudged


class Found(NamedTuple):
    """How an output compares."""

    status: str  # right, wrong, shape, missing, kind
    remark: str = ""
    place: tuple[int, ...] | None = None  # of the worst number
    got: Any = None
    want: Any = None
    error: float = 0.0  # the worst error, as a share of the largest number


def compare(got: Any, want: Want) -> Found:
    """Hold one output against what it should be."""
    with np.errstate(all="ignore"):  # theirs may be of any size
        return _compared(got, want)


def _compared(got: Any, want: Want) -> Found:
    if got is None:
        return Found("missing", "it is None")
    if isinstance(got, Other):
        return Found("kind", f"it is {got}, expected an array")
    if isinstance(got, tuple | list | dict | str):
        try:
            got = np.asarray(got, dtype=float)
        except (ValueError, TypeError, OverflowError):
            return Found("kind", f"it is a {type(got).__name__}, expected an array")
    got = np.asarray(got)
    if isinstance(want.value, Between):
        return _between(got, want.value)
    right = np.asarray(want.value)
    if got.dtype.kind not in "biuf":
        if got.dtype.kind != "c" or np.any(got.imag != 0):
            return Found("kind", f"it has dtype {got.dtype}, expected floats")
        got = got.real
    remark = ""
    if got.shape != right.shape:
        if _bare(got.shape) != _bare(right.shape):
            return Found(
                "shape", f"it has shape {got.shape}, expected {right.shape}", got=got, want=right
            )
        remark = (
            f"it has shape {got.shape}, expected {right.shape}: an axis of 1 too many or too few"
        )
        got = got.reshape(right.shape)
    given = got.dtype
    got = got.astype(np.float64)
    scale = float(np.max(np.abs(right[np.isfinite(right)]), initial=0.0))
    off = np.abs(got - right)
    same = np.isnan(got) & np.isnan(right) | (got == right)
    off = np.where(same, 0.0, off)
    allowed = TIMES * want.moved + SHARE * scale + 1e-300
    bad = ~(off <= allowed)
    if not bad.any():
        return Found("right", remark)
    loose = TIMES * want.moved * (NUDGE32 / NUDGE) + SHARE32 * scale + 1e-300
    single = (off <= loose).all()
    share = float(np.max(np.where(np.isfinite(off), off, np.inf), initial=0.0))
    share = share / scale if scale else np.inf
    if single and scale:
        why = "it is right to single precision alone"
        why += ": it is float32" if given == np.float32 else ""
        return Found("right", "; ".join(filter(None, (remark, why))), error=share)
    place = np.unravel_index(
        int(np.argmax(np.where(np.isnan(off), np.inf, off / (allowed)))), off.shape
    )
    place = tuple(int(k) for k in place)
    return Found("wrong", remark, place, float(got[place]), float(right[place]), share)


def _between(got: Any, want: Between) -> Found:
    low, high = np.asarray(want.low), np.asarray(want.high)
    if got.shape != low.shape or got.dtype.kind not in "biuf":
        return Found("shape", f"it has shape {got.shape}, expected {low.shape}")
    room = SHARE * max(
        float(np.max(np.abs(low), initial=0)), float(np.max(np.abs(high), initial=0))
    )
    bad = ~((got >= low - room) & (got <= high + room))
    if not bad.any():
        return Found("right")
    place = tuple(int(k) for k in np.argwhere(bad)[0])
    return Found(
        "wrong", "", place, float(got[place]), (float(low[place]), float(high[place])), np.inf
    )


def _bare(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without its axes of 1."""
    return tuple(n for n in shape if n != 1)
