"""A network with every entry of every parameter nudged, all entries in few passes.

The network is walked once. At each layer with parameters, the layer runs with its parameters
nudged; the outcomes are stacked as examples of one tall batch, and the rest of the network runs
once, on all of them; but where a layer mixes examples, as batch norm does, it runs once for each
nudge. Differences and the complex step share this; they differ in what a nudge is.

    for names, stack, corner in nudged_outputs(net, params, x, nudges): ...

names: the parameters whose entries, raveled and one after the other, the stack holds, in chunks
stack: (nudges, entries, *out.shape), the network's output for every nudge of every entry
corner: (entries,), whether an entry's runs do not all fall on the same side of every corner
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from manual.checks import Array
from manual.network import Layer, Net, Params, network_forward
from reference.cards import LAYERS
from reference.problem import uses

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
        if layer.body:
            for names, branch, corner in _walk(layer.body, params, x, nudges, once):
                if layer.kind == "residual":
                    joined = x + branch
                else:
                    skip = np.broadcast_to(x, (*branch.shape[:2], *x.shape))
                    joined = np.concatenate([skip, branch], layer.options["axis"] + 2)
                yield names, *_rest(joined, corner, params, net[behind:])
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
                runs = _one_by_one([layer], params, x, name, nudges(params[name]))
                yield (name,), *_rest(runs[0], runs[1], params, net[behind:])
        if layer.params or at + 1 < len(net):
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
    """The rest of the network on a stack (nudges, entries, N, ...)."""
    lead = stack.shape[:2]
    while net:
        tall = 0
        while tall < len(net) and by_rows(net[tall]):
            tall += 1
        if tall:  # as one tall batch
            copies = {
                name: np.repeat(params[name][None], lead[0] * lead[1], axis=0)
                for name in _own(net[:tall])
            }
            many = params | {name: a.reshape(-1, *a.shape[2:]) for name, a in copies.items()}
            out, cache = network_forward(stack.reshape(-1, *stack.shape[3:]), many, net[:tall])
            out = out.reshape(*lead, -1, *out.shape[1:])
            branches = [each.reshape(*lead, -1) for each in branches_of(cache)]
        else:
            tall = 1
            runs = [network_forward(x, params, net[:1]) for some in stack for x in some]
            out, branches = _stacked(runs, lead)
        stack, corner, net = out, corner | turned(branches, lead[1]), net[tall:]
    return stack, corner


def _own(net: Net) -> list[str]:
    """The parameters that hold something for each example."""
    names = []
    for layer in net:
        names += _own(layer.body)
        if layer.kind in LAYERS:
            names += layer.params[: LAYERS[layer.kind].own]
    return names


def by_rows(layer: Layer) -> bool:
    """Whether each example of its output depends on that example of its input alone."""
    if layer.body:
        axis = layer.options.get("axis", 1)
        return axis != 0 and all(by_rows(each) for each in layer.body)
    if layer.kind not in LAYERS:
        return True
    return LAYERS[layer.kind].rows(layer.options)


def _one_by_one(net: Net, params: Params, x: Array, name: str, moves: list[Array]) -> Any:
    """A run of the whole network for every nudge of every entry: what always works."""
    array = params[name]
    runs = [
        network_forward(x, params | {name: changed(array, i, move)}, net)
        for move in moves
        for i in range(array.size)
    ]
    lead = len(moves), array.size
    stack, branches = _stacked(runs, lead)
    return stack, turned(branches, array.size)


def _stacked(runs: list[Any], lead: tuple[int, int]) -> tuple[Array, list[Array]]:
    """The outputs of runs (nudges * entries) as a stack, and the numbers that pick branches."""
    stack = np.array([out for out, _ in runs])
    branches = [np.array(each) for each in zip(*(branches_of(c) for _, c in runs), strict=True)]
    return stack.reshape(*lead, *stack.shape[1:]), [b.reshape(*lead, -1) for b in branches]


def changed(array: Array, i: int, move: Array) -> Array:
    """A copy of array with entry i moved by entry i of move."""
    copy = np.array(array, dtype=np.result_type(array, move), order="C")  # for ravel to be a view
    copy.ravel()[i] += move.ravel()[i]
    return copy


def branches_of(cache: Any) -> list[Array]:
    """The numbers whose signs pick a branch, of every kinked layer that ran."""
    caches, net = cache
    found = []
    for layer, each in zip(net, caches, strict=True):
        if layer.kind == "residual":
            found += branches_of(each)
        elif layer.kind == "concatenate":
            found += branches_of(each[0])
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
