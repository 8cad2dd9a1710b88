"""A network with every entry of every parameter nudged, all entries in few passes.

The network is walked once. At each layer with parameters, the layer runs with its parameters
nudged; the outcomes are stacked as rows of one tall batch, and the rest of the network runs once,
on all of them. Differences and the complex step share this; they differ in what a nudge is.

    for names, stack, corner in nudged_outputs(net, params, x, nudges): ...

names: the parameters whose entries, raveled and one after the other, the stack holds, in chunks
stack: (nudges, entries, *out.shape), the network's output for every nudge of every entry
corner: (entries,), whether an entry's runs do not all fall on the same side of every corner
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from manual.checks import Array
from manual.network import Net, Params, network_forward
from reference.cards import LAYERS

CHUNK = 2**18  # numbers in one stacked batch: few enough to stay in a processor's cache

Chunk = tuple[tuple[str, ...], Array, Array]
Nudges = Callable[[Array], list[Array]]  # from an array, its nudges, each of its shape


def nudged_outputs(net: Net, params: Params, x: Array, nudges: Nudges) -> Iterator[Chunk]:
    """The network's output for every nudge of every entry of every parameter."""
    names = uses(net)
    yield from _walk(net, params, x, nudges, {name for name in names if names.count(name) == 1})
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield (name,), *_one_by_one(net, params, x, name, nudges(params[name]))


def nudged_input(net: Net, params: Params, x: Array, nudges: Nudges) -> tuple[Array, Array]:
    """The same for every entry of the input: stack, corner."""
    moves = nudges(x)
    flat = np.arange(x.size)
    stack = np.empty((len(moves), x.size, *x.shape), np.result_type(x, moves[0]))
    stack[:] = x
    for k, move in enumerate(moves):
        stack[k].reshape(x.size, -1)[flat, flat] += move.ravel()
    return _rest(stack, np.zeros(x.size, bool), params, net)


def _walk(net: Net, params: Params, x: Array, nudges: Nudges, once: set[str]) -> Iterator[Chunk]:
    for at, layer in enumerate(net):
        behind = at + 1
        if layer.kind == "residual":
            for names, branch, corner in _walk(layer.body, params, x, nudges, once):
                yield names, *_rest(x + branch, corner, params, net[behind:])
        elif layer.kind == "affine" and once.issuperset(layer.params):
            while (
                behind < len(net)
                and net[behind].kind in LAYERS
                and LAYERS[net[behind].kind].by_entry
            ):
                behind += 1
            for stack, corner in _affine_nudged(net[at:behind], params, x, nudges):
                yield layer.params, *_rest(stack, corner, params, net[behind:])
        else:
            for name in once.intersection(layer.params):
                yield (name,), *_one_by_one(net[at:], params, x, name, nudges(params[name]))
        if layer.kind == "residual" or layer.params or at + 1 < len(net):
            x, _ = network_forward(x, params, [layer])


def _affine_nudged(
    net: Net, params: Params, x: Array, nudges: Nudges
) -> Iterator[tuple[Array, Array]]:
    """An affine layer, and those behind it that act entry by entry, for every nudge of w and b.

    Column m of the output depends on column m of w and on b[m] alone. So a w with a whole row
    nudged, every entry by its own h, holds the M outcomes of nudging them singly; and many such w
    stand side by side as one wide layer, which runs once.
    """
    w_name, b_name = net[0].params
    w, b = params[w_name], params[b_name]
    base, _ = network_forward(x, params, net)  # (N, M)
    (D, M), N = w.shape, len(base)
    # b as one more row of w: rows 0 to D - 1, and D.
    moves = np.array(
        [np.vstack([dw, db]) for dw, db in zip(nudges(w), nudges(b), strict=True)]
    )  # (K, D + 1, M)
    K = len(moves)
    dtype = np.result_type(w, moves)
    per_run = max(1, CHUNK // (K * M * D))
    per_stack = max(1, CHUNK // (K * N * M))
    for start in range(0, D + 1, per_run):
        i = np.arange(start, min(start + per_run, D + 1))
        tall = np.empty((K, len(i), D + 1, M), dtype)
        tall[:, :, :D], tall[:, :, D] = w, b
        tall[:, i - start, i] += moves[:, i]
        wide = tall.transpose(2, 0, 1, 3).reshape(D + 1, -1)
        out, cache = network_forward(x, params | {w_name: wide[:D], b_name: wide[D]}, net)
        out = out.reshape(N, K, -1).transpose(1, 2, 0)  # (K, entries, N)
        branches = [each.reshape(N, K, -1).transpose(1, 2, 0) for each in branches_of(cache)]
        corner = turned(branches, out.shape[1])
        for first in range(0, out.shape[1], per_stack):
            entries = np.arange(first, min(first + per_stack, out.shape[1]))
            stack = np.empty((K, len(entries), N, M), out.dtype)
            stack[:] = base
            # Nudging entry (i, m) changes column m of the base, and nothing else.
            each = np.arange(len(entries))
            stack[:, each, :, entries % M] = out[:, entries].swapaxes(0, 1)
            yield stack, corner[entries]


def _rest(stack: Array, corner: Array, params: Params, net: Net) -> tuple[Array, Array]:
    """The rest of the network on a stack (nudges, entries, N, ...), as one tall batch."""
    if not net:
        return stack, corner
    lead = stack.shape[:2]
    out, cache = network_forward(stack.reshape(-1, *stack.shape[3:]), params, net)
    branches = [each.reshape(*lead, -1) for each in branches_of(cache)]
    return out.reshape(*lead, -1, *out.shape[1:]), corner | turned(branches, lead[1])


def _one_by_one(net: Net, params: Params, x: Array, name: str, moves: list[Array]) -> Any:
    """A run of the whole network for every nudge of every entry: what always works."""
    array = params[name]
    runs = [
        network_forward(x, params | {name: changed(array, i, move)}, net)
        for move in moves
        for i in range(array.size)
    ]
    lead = len(moves), array.size
    stack = np.array([out for out, _ in runs])
    branches = [np.array(each) for each in zip(*(branches_of(c) for _, c in runs), strict=True)]
    corner = turned([each.reshape(*lead, -1) for each in branches], array.size)
    return stack.reshape(*lead, *stack.shape[1:]), corner


def changed(array: Array, i: int, move: Array) -> Array:
    """A copy of array with entry i moved by entry i of move."""
    copy = np.array(array, dtype=np.result_type(array, move))
    copy.ravel()[i] += move.ravel()[i]
    return copy


def uses(net: Net) -> list[str]:
    """The parameters in order of use, once for each use."""
    return [name for layer in net for name in [*layer.params, *uses(layer.body)]]


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


def turned(branches: list[Array], entries: int) -> Array:
    """For every entry, whether its runs differ in the sign of a number that picks a branch.

    branches: arrays (nudges, entries, ...). A complex step is one run: it is on the corner itself
    if its real part is 0 and its derivative is not.
    """
    found = np.zeros(entries, bool)
    for numbers in branches:
        if numbers.dtype.kind == "c":
            off = on_corner(numbers)
        else:
            above = numbers > 0
            off = above != above[:1]
        found |= off.any(axis=(0, *range(2, numbers.ndim)))
    return found


def on_corner(numbers: Array) -> Array:
    """Where a complex step starts from a corner and leads away from it.

    The real part need not be 0 to the bit: it carries terms in h^2.
    """
    return (np.abs(numbers.real) <= np.abs(numbers.imag)) & (numbers.imag != 0)
