"""What rounding may have cost the gradients of anyone's backward: counted, or estimated."""

from collections.abc import Sequence

import numpy as np

from manual.checks import Array
from reference.numbers import UNIT, allowances, counting, rounding_array
from reference.oracle import as_numbers
from reference.pair import Pair, floats, places

LARGE = 4000  # entries: above, rounding is estimated, as object arrays take too long


def counted(
    pair: Pair, inputs: Sequence[Array], douts: Sequence[Array], asked: list[int]
) -> tuple[list[Array], int]:
    """s for every gradient asked for, on Rounding numbers, and how many comparisons are undecided.

    Errors: whatever the two functions raise on Rounding numbers.
    """
    dtype = inputs[floats(inputs)[0]].dtype
    with counting(dtype if dtype in UNIT else np.float64) as count:
        grads = pair.gradients([as_numbers(a) for a in inputs], [rounding_array(d) for d in douts])
        return [allowances(grad) for grad in _of(grads, inputs, asked)], count.undecided


def estimated(
    pair: Pair, inputs: Sequence[Array], douts: Sequence[Array], asked: list[int]
) -> list[Array]:
    """s from runs in float32 and float64 on the same numbers: a coarse stand-in.

    Each run is nudged in its last digit; what float32 loses, in units of its u, is what s would
    be, up to luck. The largest of eight, with a margin of 64.
    """
    rng = np.random.default_rng(0)
    single, double = UNIT[np.dtype(np.float32)], UNIT[np.dtype(np.float64)]
    losses = []
    for _ in range(8):
        moved = [
            (a * (1 + 2 * single * rng.choice([-1, 1], a.shape))).astype(np.float32)
            if a.dtype.kind == "f"
            else a
            for a in inputs
        ]
        in_32, in_64, nudged = (
            _plain(pair, list(map(change, moved)), [d.astype(dtype) for d in douts], asked)
            for change, dtype in (
                (lambda a: a.copy(), np.float32),
                (widened, np.float64),
                (lambda a: widened(a) * (1 + 2 * double) if a.dtype.kind == "f" else a, float),
            )
        )
        losses.append(
            [
                np.abs(a - b) / single + np.abs(b - c) / double + np.abs(b)
                for a, b, c in zip(in_32, in_64, nudged, strict=True)
            ]
        )
    found = [np.max(np.array(each), axis=0) for each in zip(*losses, strict=True)]
    return [64 * (each + each.max() / 64) for each in found]


def widened(array: Array) -> Array:
    """Floats as float64, anything else as it is."""
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _plain(pair, inputs, douts, asked) -> list[Array]:
    with np.errstate(all="ignore"):
        grads = pair.gradients(inputs, douts)
    return [np.asarray(grad, dtype=np.float64) for grad in _of(grads, inputs, asked)]


def _of(grads, inputs, asked) -> list[Array]:
    """The gradients asked for."""
    found = places(len(grads), inputs, asked)
    if found is None:
        raise ValueError(f"backward returns {len(grads)} gradients, and another time others")
    return [grads[found.index(i)] for i in asked]
