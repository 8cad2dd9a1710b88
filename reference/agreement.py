"""When two paths agree: within 8 rounding allowances, and no tolerance chosen by hand.

The hand-written code runs once more on Rounding numbers; out comes s, entry by entry, what a
correct program may lose to rounding in units of u. Two paths agree where

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
from manual.network import l2_loss, network_backward, network_forward
from reference.cards import LAYERS, LOSSES
from reference.numbers import ALLOWANCES, UNIT, Rounding, allowances, counting, rounding_array
from reference.paths import PATHS, by_hand, path
from reference.paths.complex_step import steps
from reference.paths.differences import differences
from reference.problem import Gradients, Problem, kinds

# Reasons for not comparing.
UNDECIDED = "a branch within rounding of its corner"
CORNER = "evaluations on different sides of a corner"
COARSE = "a step too coarse among large numbers"
WIDE = "a bound wider than all the gradient"

# Where errors are counted, in allowances: from 10^-4 to 10, two steps a decade.
EDGES = tuple(10 ** (k / 2) for k in range(-8, 3))


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
    spread: tuple[int, ...] = ()  # how many errors are 0, then below each of EDGES, then the rest

    @property
    def agrees(self) -> bool:
        return self.worst <= ALLOWANCES


def compare(problem: Problem, paths: tuple[str, ...] = PATHS) -> Iterator[Comparison]:
    """Hold the hand-written gradients of a problem against each path."""
    ours = by_hand.gradients(problem.copied())
    misshapen = _misshapen(problem, ours)
    s = None if misshapen else rounding_allowances(problem)
    for name in paths:
        if s is None:
            yield Comparison(name, 0, 0, np.inf, misshapen, np.nan, np.nan, {})
        elif s.undecided:
            size = sum(array.size for array in s.s.values())
            yield Comparison(name, 0, 0, 0.0, "", np.nan, np.nan, {UNDECIDED: size})
        else:
            yield _hold(name, problem, ours, s)


class Allowances(NamedTuple):
    """What a correct program may lose to rounding, in units of u."""

    s: dict[str, Array]  # of the value and of every gradient
    out: Array  # of the network's output
    undecided: int  # branches that rounding could turn over


def rounding_allowances(problem: Problem, roundings: float = 0.0, exact: bool = True) -> Allowances:
    """The hand-written code on Rounding numbers.

    roundings: how often the loss's own gradient is rounded beyond what our code does with it
    exact: whether numbers count as exact where they are
    """
    net, params, x, y, loss, reg = problem.copied()
    # Where numbers are too many orders apart, s may overflow; then it is inf, and says so.
    with counting(problem.dtype) as counted, np.errstate(over="ignore", invalid="ignore"):
        numbers = {name: rounding_array(array, exact) for name, array in params.items()}
        start = rounding_array(x, exact) if x.dtype.kind == "f" else x
        out, cache = network_forward(start, numbers, net)
        value, dout = out, rounding_array(y, exact) if loss is None else y
        if loss is not None:
            value, dout = find(loss.kind, "loss")(out, y, **loss.options)
            dout = dout * Rounding(1.0, roundings)
        dx, grads = network_backward(dout, cache)
        for name in grads:
            if reg and params[name].ndim > 1:
                penalty, dw = l2_loss(numbers[name], reg)
                value, grads[name] = value + penalty, grads[name] + dw
        named = Gradients(value, dx, grads).named()
        s = {name: allowances(each) for name, each in named.items()}
        return Allowances(s, allowances(out), counted.undecided)


def _misshapen(problem: Problem, ours: Gradients) -> str:
    """What is wrong with the shapes or the dtypes of the hand-written gradients, if anything."""
    got = {name: array for name, array in ours.named().items() if name != "value"}
    wanted = ({"x": problem.x} if problem.x.dtype.kind == "f" else {}) | problem.params
    if got.keys() != wanted.keys():
        return f"gradients of {sorted(got)}, expected {sorted(wanted)}"
    for name, array in wanted.items():
        if np.shape(got[name]) != array.shape:
            return f"d{name} has shape {np.shape(got[name])}, expected {array.shape}"
        if got[name].dtype != array.dtype:
            return f"d{name} has dtype {got[name].dtype}, expected {array.dtype}"
    return ""


def _hold(name: str, problem: Problem, ours: Gradients, s: Allowances) -> Comparison:
    with np.errstate(over="ignore", invalid="ignore"):  # nudged numbers, allowances beyond counting
        theirs, bounds, skipped = _theirs(name, problem, ours, s)
    mine, their = ours.named(), theirs.named()
    sizes = [array.size for array in mine.values()]
    got, expected = _flat(mine, mine), _flat(their, mine)
    each = _flat(s.s, mine)
    unit, tiny = UNIT[problem.dtype], np.finfo(problem.dtype).tiny
    # Below the smallest normal number digits are lost whatever a program does. s = 0 is exact.
    bound = np.where(each == 0, 0.0, unit * each + tiny)
    if bounds:
        bound = bound + _flat(bounds, mine)
    bound[np.isnan(bound)] = np.inf  # more roundings than can be counted
    error = np.abs(got - expected)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        ratio = np.where(error == 0, 0.0, error / bound)
    ratio[~np.isfinite(error)] = np.inf  # nan agrees with nothing
    ratio[np.isfinite(got) & np.isinf(bound)] = 0.0  # rounding may do anything there
    keep = np.ones(ratio.size, bool)
    left_out = {}
    for reason, marks in skipped.items():
        marked = _flat(marks, mine).astype(bool) & keep
        if marked.any():
            left_out[reason] = int(marked.sum())
            keep &= ~marked
    ends = np.cumsum(sizes, dtype=np.intp)
    starts = ends - np.array(sizes)
    # Agreement within a bound that is wider than the largest number of the array says nothing.
    size = np.repeat(np.maximum.reduceat(np.abs(expected), starts), sizes)
    wide = (
        keep
        & (ratio <= ALLOWANCES)
        & (ALLOWANCES * bound > size)
        & ((size > 0) | ~np.isfinite(bound))
    )
    if wide.any():
        left_out[WIDE] = int(wide.sum())
        keep &= ~wide
    errors = ratio[keep & (ratio > 0)]
    counts = np.bincount(np.searchsorted(EDGES, errors), minlength=len(EDGES) + 1)
    spread = (int(keep.sum()) - len(errors), *counts.tolist())
    ratio[~keep] = 0.0
    arrays = np.logical_or.reduceat(keep, starts)
    top = int(np.argmax(ratio))
    where, worst = "", float(ratio[top])
    if worst:
        k = int(np.searchsorted(ends, top, side="right"))
        key = list(mine)[k]
        index = np.unravel_index(top - int(ends[k]) + sizes[k], np.shape(mine[key]))
        place = f"[{', '.join(str(int(i)) for i in index)}]" if index else ""
        where = ("value" if key == "value" else f"d{key}") + place
    numbers = int(arrays[1:].sum()), int(keep.sum()), worst, where
    return Comparison(name, *numbers, float(expected[top]), float(got[top]), left_out, spread)


def _flat(named: dict[str, Array], like: dict[str, Array]) -> Array:
    """The arrays one after the other, in the order of `like`; zeros where there is none."""
    return np.concatenate(
        [
            np.reshape(named[name], -1) if name in named else np.zeros(array.size)
            for name, array in like.items()
        ]
    )


def _theirs(name, problem, ours, s):
    """A path's gradients, with its own bounds and the entries it cannot speak of."""
    if name not in ("differences", "complex_step"):
        return path(name)(problem), _own_bounds(name, problem), {}
    found = differences(problem, s_out=s.out) if name == "differences" else steps(problem)
    each = found.named()
    value = each.pop("value")
    values = Gradients(value, None, {name: difference.value for name, difference in each.items()})
    bounds = {key: difference.allowance for key, difference in each.items()}
    if name == "complex_step":
        mine, unit = ours.named(), UNIT[problem.dtype]
        room = {key: ALLOWANCES * (bounds[key] + unit * s.s[key]) for key in each}
        if any((np.abs(mine[key] - each[key].value) > room[key]).any() for key in each):
            # What cancels exactly on the way back need not on the way forward.
            inexact = _as_if_rounded(problem)
            bounds = {key: bound + inexact[key] for key, bound in bounds.items()}
    corner = {key: difference.corner for key, difference in each.items()}
    coarse = {key: difference.coarse for key, difference in each.items()}
    return values, bounds, {CORNER: corner, COARSE: coarse}


def _as_if_rounded(problem: Problem) -> dict[str, Array]:
    """Bounds as they are where no number is exact."""
    unit = UNIT[problem.dtype]
    inexact = rounding_allowances(problem, roundings=1.0, exact=False).s
    return {key: unit * each for key, each in inexact.items()}


def _own_bounds(name: str, problem: Problem) -> dict[str, Array]:
    """The roundings of PyTorch's or of JAX's own that cards declare."""
    of_torch = name == "pytorch"
    bounds: dict[str, Array] = {}
    rounds = any(LAYERS[kind].torch_rounds for kind in kinds(problem.net) & LAYERS.keys())
    rounds |= problem.loss is not None and LOSSES[problem.loss.kind].torch_rounds
    data = [problem.x, *problem.params.values(), *([] if problem.loss else [problem.y])]
    if of_torch and rounds and any((array * 4096 % 1 == 0).any() for array in data):
        bounds = _as_if_rounded(problem)
    if problem.loss is None:
        return bounds
    card, unit = LOSSES[problem.loss.kind], UNIT[problem.dtype]
    scale = card.torch_scale if of_torch else card.jax_scale
    if scale:
        # The same gradients from an upstream that has been rounded.
        scaled = rounding_allowances(problem, scale).s
        scaled["value"] = scale * np.abs(by_hand.gradients(problem).value)
        return {key: unit * each + bounds.get(key, 0) for key, each in scaled.items()}
    if of_torch and card.torch_value:
        bounds["value"] = np.asarray(bounds.get("value", 0) + unit * card.torch_value)
    return bounds
