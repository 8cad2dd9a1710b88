"""When two paths agree: within 8 rounding allowances, and not one digit chosen by hand.

The hand-written code runs once more on Rounding numbers; out comes s, entry by entry, what a correct
program may lose to rounding in units of u. Two paths agree where

    |by hand - other| <= 8 u s          for PyTorch, JAX and the complex step
    |by hand - difference| <= 8 (its own truncation and rounding + u s)    for finite differences

Compared are the loss (or output), the gradient of the input and of every parameter, entry by entry.
Nothing is compared silently: what is left out is counted, with the reason.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from manual.catalog import find
from manual.checks import Array
from manual.network import network_forward
from reference.cards import LOSSES
from reference.numbers import ALLOWANCES, UNIT, Rounding, allowances, counting, rounding_array
from reference.paths import PATHS, by_hand, path
from reference.problem import Gradients, Problem

# Reasons for not comparing.
UNDECIDED = "a branch within rounding of its corner"
CORNER = "evaluations on different sides of a corner"
COARSE = "a step too coarse among large numbers"
WIDE = "an allowance wider than the gradient"


class Comparison(NamedTuple):
    """One path against the hand-written gradients, over all arrays of one problem."""

    path: str
    arrays: int  # gradients compared, each the gradient of one parameter or of the input
    entries: int  # numbers compared
    worst: float  # the largest error, in allowances
    where: str  # the entry with the largest error: "dW1[0, 2]"
    expected: float
    got: float
    skipped: dict[str, int]  # entries left out, by reason

    @property
    def agrees(self) -> bool:
        return self.worst <= ALLOWANCES


def compare(problem: Problem, paths: tuple[str, ...] = PATHS) -> Iterator[Comparison]:
    """Hold the hand-written gradients of a problem against each path."""
    ours = by_hand.gradients(problem)
    s, undecided = rounding_allowances(problem)
    unit = UNIT[problem.x.dtype]
    # Below the smallest normal number digits are lost whatever a program does.
    allowance = {name: unit * each + np.finfo(problem.x.dtype).tiny for name, each in s.items()}
    exact = {name: each == 0 for name, each in s.items()}
    for name, zero in exact.items():
        allowance[name] = np.where(zero, 0.0, allowance[name])
    misshapen = _misshapen(problem, ours)
    for name in paths:
        if misshapen:
            yield Comparison(name, 0, 0, np.inf, misshapen, np.nan, np.nan, {})
        elif undecided:
            size = sum(array.size for array in s.values())
            yield Comparison(name, 0, 0, 0.0, "", np.nan, np.nan, {UNDECIDED: size})
        else:
            yield _hold(name, problem, ours, allowance)


def rounding_allowances(problem: Problem) -> tuple[dict[str, Array], int]:
    """s for the value and every gradient, and how many branches rounding could turn over."""
    net, params, x, y, loss, reg = problem
    numbers = {name: rounding_array(array) for name, array in params.items()}
    upstream = rounding_array(y) if loss is None else y
    with counting(x.dtype) as counted:
        found = by_hand.gradients(Problem(net, numbers, rounding_array(x), upstream, loss, reg))
        return {name: allowances(each) for name, each in found.named().items()}, counted.undecided


def _misshapen(problem: Problem, ours: Gradients) -> str:
    """What is wrong with the shapes or the dtypes of the hand-written gradients, if anything."""
    wanted = {"x": problem.x} | problem.params
    got = {"x": ours.dx} | ours.params
    if got.keys() != wanted.keys():
        return f"gradients of {sorted(got)}, expected {sorted(wanted)}"
    for name, array in wanted.items():
        if np.shape(got[name]) != array.shape:
            return f"d{name} has shape {np.shape(got[name])}, expected {array.shape}"
        if got[name].dtype != array.dtype:
            return f"d{name} has dtype {got[name].dtype}, expected {array.dtype}"
    return ""


def _hold(name: str, problem: Problem, ours: Gradients, allowance: dict[str, Array]) -> Comparison:
    theirs, bounds, skipped = _theirs(name, problem)
    mine = ours.named()
    worst, where, expected, got = 0.0, "", np.nan, np.nan
    arrays = entries = 0
    left_out = dict.fromkeys(skipped, 0)
    for key, their in theirs.named().items():
        each = np.asarray(mine[key])
        keep = np.ones(each.shape, bool)
        for reason, marks in skipped.items():
            if key in marks:
                left_out[reason] += int(marks[key].sum())
                keep &= ~marks[key]
        bound = allowance[key] + bounds.get(key, 0.0)
        error = np.abs(each - their)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(error == 0, 0.0, error / bound)  # 0 / 0: exact and equal
        ratio[np.isnan(ratio)] = np.inf  # nan agrees with nothing
        ratio = np.where(keep, ratio, 0.0)
        arrays += bool(keep.any()) and key != "value"
        entries += int(keep.sum())
        top = int(np.argmax(ratio))
        if ratio.size and ratio.flat[top] > worst:
            worst = float(ratio.flat[top])
            index = np.unravel_index(top, ratio.shape)
            place = f"[{', '.join(str(int(i)) for i in index)}]" if index else ""
            where = ("value" if key == "value" else f"d{key}") + place
            expected, got = float(np.asarray(their)[index]), float(each[index])
    skips = {reason: count for reason, count in left_out.items() if count}
    return Comparison(name, arrays, entries, worst, where, expected, got, skips)


def _theirs(name, problem):
    """A path's gradients, with its own bounds and the entries it cannot speak of."""
    if name not in ("differences", "complex_step"):
        return path(name)(problem), _torch_bounds(problem) if name == "pytorch" else {}, {}
    if name == "differences":
        from reference.paths.differences import differences as run
    else:
        from reference.paths.complex_step import steps as run
    found = run(problem)
    each = {"x": found.dx} | found.params
    values = Gradients(found.value, found.dx.value, {n: d.value for n, d in found.params.items()})
    bounds = {key: difference.allowance for key, difference in each.items()}
    corner = {key: difference.corner for key, difference in each.items()}
    coarse = {key: difference.coarse for key, difference in each.items()}
    return values, bounds, {CORNER: corner, COARSE: coarse}


def _torch_bounds(problem: Problem) -> dict[str, Array]:
    """The roundings of PyTorch's own that a loss card declares."""
    if problem.loss is None:
        return {}
    card, unit = LOSSES[problem.loss.kind], UNIT[problem.x.dtype]
    bounds: dict[str, Array] = {"value": np.array(float(card.torch_value)) * unit}
    if card.torch_scale:
        # The same gradients from an upstream that has been rounded.
        out, _ = network_forward(problem.x, problem.params, problem.net)
        total, dout = find(problem.loss.kind, "loss")(out, problem.y, **problem.loss.options)
        rounded = np.frompyfunc(lambda d: Rounding(d, card.torch_scale * abs(d)), 1, 1)(dout)
        net, params, x = problem.net, problem.params, problem.x
        numbers = {name: rounding_array(array) for name, array in params.items()}
        found = by_hand.gradients(Problem(net, numbers, rounding_array(x), rounded))
        bounds |= {name: unit * allowances(each) for name, each in found.named().items()}
        bounds["value"] = np.array(unit * card.torch_scale * abs(total))
    return bounds
