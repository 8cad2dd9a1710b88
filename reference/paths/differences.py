"""Finite differences of our own forward: central, all entries of a parameter in one pass.

    df/dw ~ (f(w + h) - f(w - h)) / 2h,      h = cbrt(u) max(|w|, 1)

The truncation error grows as h^2 and the rounding error as u / h; their sum is least where they
meet, at h of the order of the cube root of the unit roundoff: 5e-6 in float64, 4e-3 in float32.
Where weights amplify a nudge, h is smaller, so that nothing in the network moves by more than 1/64:
a network bends on a scale of 1.

How all entries go in one pass: the network is walked up to the layer that holds the parameter. That
layer runs with the parameter nudged; the outcomes are stacked as rows of one
tall batch, and the rest of the network runs once, on all of them. The loss is taken in two stages:
differences of the loss at the output, then of the network in that direction.

Each difference carries its own bound, one allowance of which is

    |D(2h) - D(h)| / 3   what truncation leaves, as D(h) = f' + c h^2
    + u s / h            what rounding leaves, s being the rounding allowance of the output

A difference whose evaluations do not all fall on the same side of every corner is no derivative of
anything, nor is one whose step is too coarse, among numbers so large that a small step is lost in
their last digits. Neither is compared; both are counted.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from manual.catalog import find
from manual.checks import Array
from manual.network import Layer, Net, Params, l2_loss, network_forward
from reference.cards import LAYERS, LOSSES
from reference.numbers import ALLOWANCES, UNIT, allowances, rounding_array
from reference.problem import Gradients, Problem

CHUNK = 2**18  # numbers in one stacked batch: small enough to stay in a processor's cache


class Difference(NamedTuple):
    """One array of differences, entry by entry."""

    value: Array
    allowance: Array  # absolute: one allowance of the difference's own bound
    corner: Array  # True where the evaluations fall on different sides of a corner
    coarse: Array  # True where no step is small enough


def gradients(problem: Problem) -> Gradients:
    """The loss (or output) and all gradients by central differences, with no word on the error."""
    found = differences(problem, bound=False)
    dx = found.dx.value
    return Gradients(found.value, dx, {name: d.value for name, d in found.params.items()})


def differences(problem: Problem, bound: bool = True) -> Any:
    """Gradients of Difference: every entry with its allowance (inf without bound)."""
    net, params, x, _, _, reg = problem
    dtype = x.dtype
    out, _ = network_forward(x, params, net)
    scales = (1, 2) if bound else (1,)
    value, direction = _loss_stage(problem, out, scales)
    rounding = _output_rounding(problem) * UNIT[dtype] if bound else np.full(out.shape, np.inf)
    amplifies = amplification(x, params)

    def by_entry(name: str | None, array: Array) -> Difference:
        h = step_size(array, amplifies)
        nudges = [sign * scale * h for scale in scales for sign in (1, -1)]
        jacobians, corners = [], []
        for stack, corner in stacked_outputs(net, params, x, name, nudges):
            corners.append(corner)
            # nudges come in pairs (+h, -h); stack: (nudges, entries, *out.shape)
            jacobians.append(stack[0::2] - stack[1::2])
        width = np.array([(array + a) - (array - a) for a in nudges[::2]]).reshape(len(scales), -1)
        slopes = np.concatenate(jacobians, axis=1).reshape(*width.shape, -1) / width[..., None]
        coarse = (h * amplifies > np.maximum(np.abs(array), 1) / 16).ravel()
        corner = np.concatenate(corners)
        return _along(direction, slopes, rounding, width[0], corner, coarse, array.shape)

    found = {name: by_entry(name, array) for name, array in params.items()}
    if reg:
        value = value + sum(l2_loss(w, reg)[0] for w in params.values() if w.ndim > 1)
        weights = [name for name, w in params.items() if w.ndim > 1]
        found |= {name: _with_penalty(found[name], params[name], reg) for name in weights}
    return Gradients(value, by_entry(None, x), found)  # type: ignore[arg-type]


def step_size(array: Array, amplifies: float = 1.0) -> Array:
    """h for every entry, a power of 2, so that w + h and w - h round as little as can be."""
    u = UNIT[array.dtype]
    h = np.maximum(np.abs(array), 1) * min(np.cbrt(u), 1 / 64 / amplifies)
    h = np.maximum(h, 128 * u * np.abs(array))  # less would be lost in the entry's last digits
    return (2.0 ** np.round(np.log2(h))).astype(array.dtype)


def amplification(x: Array, params: Params) -> float:
    """A bound, to a small factor, on how far a nudge of 1 moves anything in the network."""
    total = max(1.0, float(np.abs(x).max()))
    for w in params.values():
        columns = np.abs(w).sum(axis=0) if w.ndim > 1 else np.abs(w)
        total *= max(1.0, float(columns.max()))
    return total


def directions(problem: Problem, count: int = 10, seed: int = 0) -> Array:
    """(count, 2): differences along random directions in all parameters at once, and v . gradient.

    A full check costs two evaluations an entry; a direction costs two, whatever the size. Each
    direction v has entries of both signs.
    """
    from reference.paths.by_hand import gradients as by_hand

    net, params, x, y, loss, reg = problem
    grads = by_hand(problem).params
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


# Evaluations ------------------------------------------------------------------------------------


def stacked_outputs(
    net: Net, params: Params, x: Array, name: str | None, nudges: list[Array]
) -> Iterator[tuple[Array, Array]]:
    """The network's output for every nudge of every entry of one parameter (None: of the input).

    Yields chunks: stack (nudges, entries, *out.shape), and corner (entries), which says whose runs
    do not all fall on the same side of every corner.
    """
    if name is not None and _uses(net, name) != 1:
        yield _one_by_one(net, params, x, name, nudges)
    else:
        yield from _nudged(net, params, x, name, nudges)


def _nudged(net, params, x, name, nudges) -> Iterator[tuple[Array, Array]]:
    if name is None:
        flat = np.arange(x.size)
        stack = np.empty((len(nudges), x.size, *x.shape), np.result_type(x, nudges[0]))
        stack[:] = x
        for k, nudge in enumerate(nudges):
            stack[k].reshape(x.size, -1)[flat, flat] += nudge.ravel()
        yield _rest(stack, np.zeros(x.size, bool), params, net)
        return
    at = next(k for k, layer in enumerate(net) if _uses([layer], name))
    if at:
        x, _ = network_forward(x, params, net[:at])
    if net[at].kind == "residual":
        for branch, corner in _nudged(net[at].body, params, x, name, nudges):
            yield _rest(x + branch, corner, params, net[at + 1 :])
    else:
        end = at + 1
        while end < len(net) and net[end].kind in LAYERS and LAYERS[net[end].kind].by_entry:
            end += 1
        for stack, corner in _layers_nudged(net[at:end], params, x, name, nudges):
            yield _rest(stack, corner, params, net[end:])


def _layers_nudged(net, params, x, name, nudges) -> Iterator[tuple[Array, Array]]:
    """A layer, and those behind it that act entry by entry, for every nudge of its parameter.

    Column m of an affine output depends on column m of w and on b[m] alone. So one run with a
    whole row of w nudged, every entry by its own h, holds the M outcomes of nudging them singly.
    """
    w = params[name]
    if net[0].kind != "affine":
        yield _one_by_one(net, params, x, name, nudges)
        return
    base, _ = network_forward(x, params, net)  # (N, M)
    N, M = base.shape
    rows = w.reshape(-1, M)  # w has D rows, b is one
    runs = []
    for nudge in nudges:
        for i in range(len(rows)):
            changed = rows.astype(np.result_type(w, nudge))
            changed[i] += nudge.reshape(-1, M)[i]
            runs.append(network_forward(x, params | {name: changed.reshape(w.shape)}, net))
    lead = len(nudges), len(rows), N, M
    outs = np.array([out for out, _ in runs]).reshape(lead)
    branches = [np.array(each) for each in zip(*(branches_of(c) for _, c in runs), strict=True)]
    per_chunk = max(1, CHUNK // (len(nudges) * base.size))
    for start in range(0, w.size, per_chunk):
        entries = np.arange(start, min(start + per_chunk, w.size))
        i, m = entries // M, entries % M
        stack = np.empty((len(nudges), len(entries), N, M), outs.dtype)
        stack[:] = base
        stack[:, np.arange(len(entries)), :, m] = outs[:, i, :, m]
        of_column = [each.reshape(lead)[:, i, :, m].swapaxes(0, 1) for each in branches]
        yield stack, _turned(of_column, len(entries))


def _rest(stack, corner, params, net) -> tuple[Array, Array]:
    """The rest of the network on a stack (nudges, entries, N, ...), as one tall batch."""
    if not net:
        return stack, corner
    lead = stack.shape[:2]
    out, cache = network_forward(stack.reshape(-1, *stack.shape[3:]), params, net)
    branches = [each.reshape(*lead, -1) for each in branches_of(cache)]
    return out.reshape(*lead, -1, *out.shape[1:]), corner | _turned(branches, lead[1])


def _one_by_one(net, params, x, name, nudges) -> tuple[Array, Array]:
    """A run of the whole network for every nudge of every entry: what always works."""
    array = params[name]
    runs = [
        network_forward(x, params | {name: _changed(array, i, nudge)}, net)
        for nudge in nudges
        for i in range(array.size)
    ]
    lead = len(nudges), array.size
    stack = np.array([out for out, _ in runs])
    branches = [np.array(each) for each in zip(*(branches_of(c) for _, c in runs), strict=True)]
    corner = _turned([each.reshape(*lead, -1) for each in branches], array.size)
    return stack.reshape(*lead, *stack.shape[1:]), corner


def _changed(array, i, nudge):
    changed = np.array(array, dtype=np.result_type(array, nudge))
    changed.ravel()[i] += nudge.ravel()[i]
    return changed


def _uses(net: Net, name: str) -> int:
    return sum(layer.params.count(name) + _uses(layer.body, name) for layer in net)


def branches_of(cache: Any) -> list[Array]:
    """The numbers whose signs pick a branch, of every kinked layer that ran."""
    caches, net = cache
    found = []
    for layer, each in zip(net, caches, strict=True):
        if layer.kind == "residual":
            found += branches_of(each)
        elif (kinks := LAYERS[layer.kind].kinks) is not None:
            found.append(np.asarray(kinks(each)))
    return found


def _turned(branches: list[Array], entries: int) -> Array:
    """For every entry, whether its runs differ in the sign of a number that picks a branch.

    branches: arrays (nudges, entries, ...). A complex step is one run: it is on the corner itself if
    its real part is 0 and its derivative is not.
    """
    turned = np.zeros(entries, bool)
    for numbers in branches:
        if numbers.dtype.kind == "c":
            off = on_corner(numbers)
        else:
            above = numbers > 0
            off = above != above[:1]
        turned |= off.any(axis=(0, *range(2, numbers.ndim)))
    return turned


def on_corner(numbers: Array) -> Array:
    """Where a complex step starts from a corner and leads away from it."""
    return (numbers.real == 0) & (numbers.imag != 0)


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
            moved = [_changed(out, i, sign * scale * h) for i in range(out.size)]
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
    shaped = [array.reshape(out.shape) for array in (slopes[0], allowance, corner)]
    return value, Difference(*shaped, h > 1 / 16)


def _output_rounding(problem: Problem) -> Array:
    """s of every entry of the output, where every number is nudged away from 0."""

    def nudged(array):
        return rounding_array(array + np.copysign(step_size(array), array))

    params = {name: nudged(array) for name, array in problem.params.items()}
    return allowances(network_forward(nudged(problem.x), params, problem.net)[0])


def _along(direction: Difference, slopes, rounding, width, corner, coarse, shape) -> Difference:
    """Differences of the outputs (scales, entries, outputs), taken along the loss's direction."""
    v = direction.value.ravel()
    value = slopes[0] @ v
    allowance = np.full(value.shape, np.inf)
    if len(slopes) > 1:
        per_output = np.abs(slopes[1] - slopes[0]) / 3 + 2 * rounding.ravel() / width[:, None]
        also = direction.allowance.ravel()
        allowance = per_output @ (np.abs(v) + ALLOWANCES * also) + np.abs(slopes[0]) @ also
        # The quotient, the product with v and the sum over the outputs round too.
        allowance += (2 + len(v)) * UNIT[width.dtype] * (np.abs(slopes[0]) @ np.abs(v))
    # An entry is skipped as well where it moves an output at which the loss could not be taken.
    moves = slopes[0] != 0
    corner = corner | (moves @ direction.corner.ravel())
    coarse = coarse | (moves @ direction.coarse.ravel())
    return Difference(*(array.reshape(shape) for array in (value, allowance, corner, coarse)))


def _with_penalty(found: Difference, w: Array, reg: float) -> Difference:
    """The difference of the penalty, which is a parabola: no truncation, rounding alone."""
    h = step_size(w)
    tops = [[l2_loss(_changed(w, i, sign * h), reg)[0] for i in range(w.size)] for sign in (1, -1)]
    slope = (np.array(tops[0]) - np.array(tops[1])).reshape(w.shape) / ((w + h) - (w - h))
    s = float(allowances(l2_loss(rounding_array(np.abs(w) + h), reg)[0]))
    return found._replace(
        value=found.value + slope, allowance=found.allowance + UNIT[w.dtype] * s / h
    )
