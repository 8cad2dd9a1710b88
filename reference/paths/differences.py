"""Finite differences of our own forward: central, all entries of a parameter in one pass.

    df/dw ~ (f(w + h) - f(w - h)) / 2h,      h = cbrt(u) max(|w|, 1)

The truncation error grows as h^2 and the rounding error as u / h; their sum is least where they
meet, at h of the order of the cube root of the unit roundoff: 5e-6 in float64, 4e-3 in float32.
Where weights amplify a nudge, h is smaller, so that nothing in the network moves by more than 1/64:
a network bends on a scale of 1.

They are taken in float64, whatever the problem's own type: in float32 a step would be 4e-3, which
is coarse beside 1/300, what a norm's eps divides by.

All entries go in few passes (reference/stacks.py). The loss is taken in two stages: differences of
the loss at the output, then of the network in that direction.

Each difference carries its own bound, one allowance of which is

    |D(2h) - D(h)| / 3   what truncation leaves, as D(h) = f' + c h^2
    + u s / h            what rounding leaves, s being the rounding allowance of the output

A difference whose evaluations do not all fall on the same side of every corner is no derivative of
anything, nor is one whose step is too coarse, among numbers so large that a small step is lost in
their last digits. Neither is compared; both are counted.
"""

from typing import Any, NamedTuple

import numpy as np

from manual.catalog import find
from manual.checks import Array
from manual.network import Net, Params, l2_loss, network_forward
from reference.cards import LAYERS, LOSSES
from reference.numbers import ALLOWANCES, UNIT, allowances, rounding_array
from reference.paths import by_hand
from reference.problem import Gradients, Problem
from reference.stacks import changed, nudged_input, nudged_outputs


class Difference(NamedTuple):
    """One array of differences, entry by entry."""

    value: Array
    allowance: Array  # absolute: one allowance of the difference's own bound
    corner: Array  # True where the evaluations fall on different sides of a corner
    coarse: Array  # True where no step is small enough


def split(arrays: list[Array], *whole: Array) -> list[Difference]:
    """Cut value, allowance, corner and coarse, flat over all entries of the arrays, into each's."""
    ends = np.cumsum([array.size for array in arrays])
    return [
        Difference(*(each[end - array.size : end].reshape(array.shape) for each in whole))
        for array, end in zip(arrays, ends, strict=True)
    ]


def gradients(problem: Problem) -> Gradients:
    """The loss (or output) and all gradients by central differences, with no word on the error."""
    found = differences(problem, bound=False)
    dx = None if found.dx is None else found.dx.value
    return Gradients(found.value, dx, {name: d.value for name, d in found.params.items()})


def differences(problem: Problem, bound: bool = True, s_out: Array | None = None) -> Any:
    """Gradients of Difference: every entry with its allowance (inf without bound).

    s_out: the rounding allowance of every entry of the output, if it is known already
    """
    problem = problem.in_float64()
    net, params, x, _, _, reg = problem
    out, _ = network_forward(x, params, net)
    scales = (1, 2) if bound else (1,)
    value, direction = _loss_stage(problem, out, scales)
    rounding = np.full(out.shape, np.inf)
    if bound:
        rounding = UNIT[out.dtype] * _output_rounding(problem, s_out)
    amplifies = amplification(x, params, net)

    def nudges(array: Array) -> list[Array]:
        h = step_size(array, amplifies)
        return [sign * scale * h for scale in scales for sign in (1, -1)]

    def joined(arrays: list[Array], chunks: list[tuple[Array, Array]]) -> list[Difference]:
        """The differences of arrays whose entries the chunks hold, one after the other."""
        flat = np.concatenate([array.ravel() for array in arrays])
        h = np.concatenate([step_size(array, amplifies).ravel() for array in arrays])
        width = np.array([(flat + scale * h) - (flat - scale * h) for scale in scales])
        rises = np.concatenate([rise for rise, _ in chunks], axis=1)
        slopes = rises.reshape(*width.shape, -1) / width[..., None]
        value, allowance, corner, coarse = _along(direction, slopes, rounding, width[0])
        corner = corner | np.concatenate([corner for _, corner in chunks])
        coarse = coarse | (h * amplifies > np.maximum(np.abs(flat), 1) / 16)
        return split(arrays, value, allowance, corner, coarse)

    # Nudges come in pairs (+h, -h); of a stack (nudges, entries, *out.shape), the rises remain.
    by_names: dict[tuple[str, ...], list[tuple[Array, Array]]] = {}
    for names, stack, corner in nudged_outputs(net, params, x, nudges):
        by_names.setdefault(names, []).append((stack[0::2] - stack[1::2], corner))
    found = {}
    for names, chunks in by_names.items():
        found |= dict(zip(names, joined([params[n] for n in names], chunks), strict=True))
    dx = None
    if x.dtype.kind == "f":
        stack, corner = nudged_input(net, params, x, nudges)
        (dx,) = joined([x], [(stack[0::2] - stack[1::2], corner)])
    if reg:
        for name in [name for name in found if params[name].ndim > 1]:
            value = value + l2_loss(params[name], reg)[0]
            found[name] = _with_penalty(found[name], params[name], reg)
    return Gradients(value, dx, found)  # type: ignore[arg-type]


def step_size(array: Array, amplifies: float = 1.0) -> Array:
    """h for every entry, a power of 2, so that w + h and w - h round as little as can be."""
    u = UNIT[array.dtype]
    h = np.maximum(np.abs(array), 1) * min(np.cbrt(u), 1 / 64 / amplifies)
    h = np.maximum(h, 128 * u * np.abs(array))  # less would be lost in the entry's last digits
    return (2.0 ** np.round(np.log2(h))).astype(array.dtype)


def amplification(x: Array, params: Params, net: Net) -> float:
    """A bound, to a small factor, on how far a nudge of 1 moves anything in the network."""
    here = max(1.0, float(np.abs(x).max())) if x.dtype.kind == "f" else 1.0
    _, (caches, _) = network_forward(x, params, net)
    return _amplified(here, params, net, caches)[1]


def _amplified(here: float, params: Params, net: Net, caches: list) -> tuple[float, float]:
    """How far a nudge is carried to the end of a net, and at its most."""
    most = here
    for this, cache in zip(net, caches, strict=True):
        for name in this.params:  # a shared parameter amplifies at each use
            w = np.abs(params[name])
            if w.ndim > 2:  # filters: each sums over all axes but its own
                w = w.reshape(len(w), -1).T
            sums = w.sum(axis=0) if w.ndim > 1 else w
            here *= max(1.0, float(sums.max()))
        stretch = LAYERS[this.kind].stretch if this.kind in LAYERS else None
        here *= stretch(cache) if stretch else 1.0
        if this.body:
            inner = cache[0] if this.kind == "residual" else cache[0][0]
            here, inside = _amplified(here, params, this.body, inner)
            most = max(most, inside)
        here = max(here, 1.0)
        most = max(most, here)
    return here, most


def directions(problem: Problem, count: int = 10, seed: int = 0) -> Array:
    """(count, 2): differences along random directions in all parameters at once, and v . gradient.

    A full check costs two evaluations an entry; a direction costs two, whatever the size. Each
    direction v has entries of both signs.
    """
    net, params, x, y, loss, reg = problem
    grads = by_hand.gradients(problem).params
    rng = np.random.default_rng(seed)

    def value(step: float, v: Params) -> float:
        moved = {name: array + step * v[name] for name, array in params.items()}
        out, _ = network_forward(x, moved, net)
        if loss is None:
            return float((out * y).sum())
        total, _ = find(loss.kind, "loss")(out, y, **loss.options)
        return total + sum(l2_loss(w, reg)[0] for w in moved.values() if w.ndim > 1)

    found = []
    for _ in range(count):
        v = {n: rng.normal(size=w.shape).astype(w.dtype) for n, w in params.items()}
        size = sum(array.size for array in params.values())
        h = float(np.cbrt(UNIT[x.dtype])) / np.sqrt(size)
        slope = (value(h, v) - value(-h, v)) / (2 * h)
        found.append((slope, sum((grads[name] * v[name]).sum() for name in grads)))
    return np.array(found)


# The loss, the bound ----------------------------------------------------------------------------


def _loss_stage(problem: Problem, out: Array, scales: tuple[int, ...]) -> tuple[Any, Difference]:
    """The loss, and its differences with respect to the output; the upstream, if there is none."""
    _, _, _, y, loss, _ = problem
    never = np.zeros(out.shape, bool)
    if loss is None:
        return out, Difference(y, np.zeros(y.shape), never, never)
    loss_of = find(loss.kind, "loss")
    kinks = LOSSES[loss.kind].kinks
    # A loss bends on a scale of 1 however large its input is.
    u = UNIT[out.dtype]
    h = 2.0 ** np.round(np.log2(np.maximum(np.cbrt(u), 128 * u * np.abs(out)))).astype(out.dtype)
    value = loss_of(out, y, **loss.options)[0]
    slopes, corner = [], np.zeros(out.size, bool)
    for scale in scales:
        tops = []
        for sign in (1, -1):
            moved = [changed(out, i, sign * scale * h) for i in range(out.size)]
            tops.append(np.array([loss_of(m, y, **loss.options)[0] for m in moved]))
            if kinks is not None:
                base = np.sign(kinks(out, y, **loss.options))
                corner |= [(np.sign(kinks(m, y, **loss.options)) != base).any() for m in moved]
        slopes.append((tops[0] - tops[1]) / ((out + scale * h) - (out - scale * h)).ravel())
    allowance = np.full(out.size, np.inf)
    if len(scales) > 1:
        with_s = loss_of(rounding_array(out + np.copysign(h, out)), y, **loss.options)[0]
        rounding = u * (float(allowances(with_s)) / h.ravel() + 2 * np.abs(slopes[0]))
        allowance = np.abs(slopes[1] - slopes[0]) / 3 + rounding
    slope, allowance, corner = (a.reshape(out.shape) for a in (slopes[0], allowance, corner))
    return value, Difference(slope, allowance, corner, h > 1 / 16)


def _output_rounding(problem: Problem, s_out: Array | None) -> Array:
    """s of every entry of the output, at the numbers as they are and a step away from 0."""

    def s_of(change):
        params = {name: change(array) for name, array in problem.params.items()}
        x = change(problem.x) if problem.x.dtype.kind == "f" else problem.x
        with np.errstate(over="ignore", invalid="ignore"):
            return allowances(network_forward(x, params, problem.net)[0])

    here = s_of(rounding_array) if s_out is None else s_out
    if all(_full(a) for a in (problem.x, *problem.params.values()) if a.dtype.kind == "f"):
        return here
    away = s_of(lambda array: rounding_array(array + np.copysign(step_size(array), array)))
    return np.maximum(here, away)


def _full(array: Array) -> bool:
    """Whether a nudge changes nothing in how much the numbers round.

    It is nothing beside them, and none of them is so short that it rounds less than its neighbours.
    """
    beside = np.abs(array) > 64 * step_size(array)
    return bool(beside.all() and (array * 4096 % 1 != 0).all())


def _along(direction: Difference, slopes: Array, rounding: Array, width: Array) -> tuple:
    """Slopes of the outputs (scales, entries, outputs) taken along the loss's direction.

    Returns value, allowance, corner, coarse, each (entries,).
    """
    v, also = direction.value.ravel(), direction.allowance.ravel()
    sizes = np.abs(slopes[0])
    allowance = np.full(slopes.shape[1], np.inf)
    if len(slopes) > 1:
        per_output = np.abs(slopes[1] - slopes[0]) / 3 + 2 * rounding.ravel() / width[:, None]
        allowance = per_output @ (np.abs(v) + ALLOWANCES * also) + sizes @ also
        # The quotient, the product with v and the sum over the outputs round too.
        allowance += (2 + len(v)) * UNIT[width.dtype] * (sizes @ np.abs(v))
    # An entry is skipped as well where it moves an output at which the loss could not be taken.
    moves = slopes[0] != 0
    return (
        slopes[0] @ v,
        allowance,
        moves @ direction.corner.ravel(),
        moves @ direction.coarse.ravel(),
    )


def _with_penalty(found: Difference, w: Array, reg: float) -> Difference:
    """The difference of the penalty, which is a parabola: no truncation, rounding alone."""
    h = step_size(w)
    tops = [[l2_loss(changed(w, i, sign * h), reg)[0] for i in range(w.size)] for sign in (1, -1)]
    slope = (np.array(tops[0]) - np.array(tops[1])).reshape(w.shape) / ((w + h) - (w - h))
    s = float(allowances(l2_loss(rounding_array(np.abs(w) + h), reg)[0]))
    return found._replace(
        value=found.value + slope, allowance=found.allowance + UNIT[w.dtype] * s / h
    )
