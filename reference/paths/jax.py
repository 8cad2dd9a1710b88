"""JAX grad, in x64, over textbook jax.numpy formulas.

JAX compiles anew for every network it has not seen, half a second each. There are three ways:

machine     Small networks of row-by-row layers run on a machine that is compiled once: an
            interpreter, written in JAX and differentiated by JAX, whose program and numbers are
            data. Everything is padded to one size, and what the padding holds is masked out.
traced      Any other network is differentiated by JAX, and the program that it writes, its jaxpr,
            is worked off by NumPy (jaxpr.py): JAX's derivatives, and nothing to compile.
op by op    By JAX alone, uncompiled as a whole: slow on shapes it has not seen. The tests hold the
            other two against it.
"""

import functools
import math
from typing import Any

import numpy as np

from manual.checks import Array
from reference.cards import LAYERS, LOSSES
from reference.problem import Gradients, Problem

ROWS, WIDTH, DEPTH = 4, 6, 3  # what the machine holds: rows, columns, nested branches
SMALL, LARGE = (10, 6), (64, 40)  # steps and pairs (w, b): nine networks of ten are small


def gradients(problem: Problem, way: str = "") -> Gradients:
    """The loss (or output) and all gradients by jax.grad, on the CPU, in the problem's dtype.

    way: "machine", "traced" or "op by op"; without it the machine if the network fits into it,
         else traced
    """
    import jax

    if way not in ("", "machine", "traced", "op by op"):
        raise ValueError(f"way is {way!r}, expected 'machine', 'traced' or 'op by op'")
    program = compiled(problem) if way in ("", "machine") else None
    if program is None and way == "machine":
        raise ValueError(f"the machine does not hold this network: {problem.net!r}")
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        if program is not None:
            return _on_machine(problem, program)
        return _plain(problem, traced=way != "op by op")


def forward(jnp, x, params, net):
    """The network's output, for JAX to differentiate: textbook formulas, in a row."""
    for layer in net:
        if layer.kind == "residual":
            x = x + forward(jnp, x, params, layer.body)
        elif layer.kind == "concatenate":
            branch = forward(jnp, x, params, layer.body)
            x = jnp.concatenate([x, branch], axis=layer.options["axis"])
        else:
            weights = [params[name] for name in layer.params]
            x = LAYERS[layer.kind].jax(jnp, x, *weights, **layer.options)
    return x


def loss_of(jnp, out, y, loss):
    """The loss of an output against its targets."""
    card = LOSSES[loss.kind]
    if card.mean == "whole":
        return card.jax(jnp, out, y, **loss.options)
    terms = card.jax(jnp, out, as_rows(y, out.shape, out.dtype), **loss.options)
    return terms.sum() / (out.shape[0] if card.mean == "rows" else out.size)


def as_rows(y: Array, out_shape: tuple[int, ...], dtype: Any) -> Array:
    """Targets as an array of the output's shape: a label becomes a row with a 1 at its class."""
    labels = y.ndim == 1 and len(out_shape) == 2
    return np.eye(out_shape[1], dtype=dtype)[y] if labels else y.astype(dtype)


def _plain(problem, traced):
    import jax
    import jax.numpy as jnp

    from reference.paths.jaxpr import evaluate

    net, params, x, y, loss, reg = problem
    of_x = x.dtype.kind == "f"

    def objective(moving):
        params, start = moving
        value = out = forward(jnp, start if of_x else x, params, net)
        if loss is None:
            return (out * y).sum(), out
        value = loss_of(jnp, out, y, loss)
        if reg:
            value = value + reg / 2 * sum((w * w).sum() for w in params.values() if w.ndim > 1)
        return value, value

    start = params, (x if of_x else None)
    both = jax.value_and_grad(objective, has_aux=True)
    if traced:
        program, shape = jax.make_jaxpr(both, return_shape=True)(start)
        found = evaluate(program, *jax.tree.leaves(start))
        (_, value), (grads, dx) = jax.tree.unflatten(jax.tree.structure(shape), found)
    else:
        (_, value), (grads, dx) = both(start)
    dx = None if dx is None else np.asarray(dx)
    return Gradients(np.asarray(value), dx, {name: np.asarray(g) for name, g in grads.items()})


# The machine -----------------------------------------------------------------------------------

_AFFINE, _SAVE, _ADD, _NOTHING = range(4)
_KINDS = sorted(kind for kind, card in LAYERS.items() if card.by_entry or card.padding)
_LOSSES = sorted(kind for kind, card in LOSSES.items() if card.mean != "whole")


def compiled(problem: Problem) -> Any:
    """The network as the machine's program, or None if it does not fit."""
    net, params, x, _, loss, _ = problem
    slots: dict[tuple[str, ...], int] = {}
    steps: list[tuple[int, int, int]] = []  # what to do, with which slot, how wide the result is
    options: list[list[float]] = []

    def add(op, slot, width, values=()):
        steps.append((op, slot, width))
        options.append([*values, 0.0, 0.0][:2])

    def walk(net, width, depth):
        for layer in net:
            if layer.kind == "residual":
                add(_SAVE, depth, width)
                walk(layer.body, width, depth + 1)
                add(_ADD, depth, width)
            elif layer.kind == "affine":
                width = params[layer.params[0]].shape[1]
                add(_AFFINE, slots.setdefault(layer.params, len(slots)), width)
            elif layer.kind not in _KINDS:
                raise OverflowError
            else:
                add(_NOTHING + 1 + _KINDS.index(layer.kind), 0, width, _options(layer, LAYERS))
            if width > WIDTH or depth > DEPTH - 1:
                raise OverflowError
        return width

    first_is_affine = bool(net) and net[0].kind == "affine"
    width = x.size // len(x)
    if loss is not None and loss.kind not in _LOSSES:
        return None
    try:
        if len(x) > ROWS or width > WIDTH or not (x.ndim == 2 or first_is_affine):
            return None
        width = walk(net, width, 0)
    except (OverflowError, ValueError):
        return None
    uses_alone = len({name for pair in slots for name in pair}) == 2 * len(slots)
    sizes = [size for size in (SMALL, LARGE) if len(steps) <= size[0] and len(slots) <= size[1]]
    if not steps or not sizes or not uses_alone:
        return None
    loss_options = [] if loss is None else _options(loss, LOSSES)
    return sizes[0], steps, options, slots, width, loss_options


def _options(layer, cards):
    """The option values in the card's order, its default where the layer leaves one out."""
    card = cards[layer.kind]
    defaults = card.jax.__defaults__ or ()
    return [
        layer.options.get(name, default)
        for name, default in zip(card.options, defaults, strict=True)
    ]


def _on_machine(problem, program):
    size, steps, options, slots, width, loss_options = program
    _, params, x, y, loss, reg = problem
    dtype, N = x.dtype, len(x)
    code = np.full(3 * size[0] + 2, _NOTHING, dtype=np.int32)
    code[: 3 * len(steps)] = np.ravel(steps)
    code[3 * len(steps) + 2 : -2 : 3] = width
    code[-2:] = N, 0 if loss is None else 1 + _LOSSES.index(loss.kind)
    # All floats travel in one array: JAX spends more time on an argument than on its numbers.
    flat = np.zeros(_parts(None, size), dtype)
    rows, target, w, b, dials, numbers = _parts(flat, size)
    rows[:N, : x.size // N] = x.reshape(N, -1)
    target[:N, :width] = as_rows(y, (N, width), dtype)
    for (w_name, b_name), slot in slots.items():
        D, M = params[w_name].shape
        w[slot, :D, :M] = params[w_name]
        b[slot, :M] = params[b_name]
    dials[: len(options)] = options
    numbers[0] = 1 if loss is None else N if LOSSES[loss.kind].mean == "rows" else N * width
    numbers[1] = reg
    numbers[2 : 2 + len(loss_options)] = loss_options
    found = np.asarray(_machine(size)(flat, code))
    value, out, dflat = found[0], found[1 : 1 + rows.size], found[1 + rows.size :]
    drows, _, dw, db, _, _ = _parts(dflat, size)
    named = {}
    for (w_name, b_name), slot in slots.items():
        D, M = params[w_name].shape
        named[w_name], named[b_name] = dw[slot, :D, :M], db[slot, :M]
    result = out.reshape(ROWS, WIDTH)[:N, :width] if loss is None else np.asarray(value)
    return Gradients(result, drows[:N, : x.size // N].reshape(x.shape), named)


def _parts(flat: Any, size: tuple[int, int]) -> Any:
    """The arrays that travel as one, as views; without flat, how many numbers they hold."""
    steps, slots = size
    shapes = (
        (ROWS, WIDTH),  # the input
        (ROWS, WIDTH),  # the targets, or the upstream gradient
        (slots, WIDTH, WIDTH),  # w
        (slots, WIDTH),  # b
        (steps, 2),  # the options of each step
        (3,),  # what the loss is divided by, reg, the option of the loss
    )
    counts = [math.prod(shape) for shape in shapes]
    if flat is None:
        return sum(counts)
    starts = [sum(counts[:k]) for k in range(len(counts))]
    return [
        flat[start : start + count].reshape(shape)
        for start, count, shape in zip(starts, counts, shapes, strict=True)
    ]


@functools.cache
def _machine(size):
    import jax
    import jax.numpy as jnp
    from jax import lax

    columns, row_numbers = np.arange(WIDTH), np.arange(ROWS)[:, None]

    def run(flat, code):
        x, target, w, b, dials, numbers = _parts(flat, size)
        program, (N, which) = code[:-2].reshape(size[0], 3), code[-2:]
        width = program[-1, 2]
        largest = jnp.finfo(x.dtype).max

        def affine(x, saved, slot, width, dial):
            return LAYERS["affine"].jax(jnp, x, w[slot], b[slot]), saved

        def save(x, saved, slot, width, dial):
            return x, saved.at[slot].set(x)

        def add(x, saved, slot, width, dial):
            return saved[slot] + x, saved

        def nothing(x, saved, slot, width, dial):
            return x, saved

        def one_layer(card):
            def apply(x, saved, slot, width, dial):
                padded = jnp.where(columns < width, x, card.padding * largest)
                return card.jax(jnp, padded, *dial[: len(card.options)]), saved

            return apply

        instructions = [affine, save, add, nothing, *(one_layer(LAYERS[k]) for k in _KINDS)]

        def step(state, instruction):
            (op, slot, width), dial = instruction
            x, saved = lax.switch(op, instructions, *state, slot, width, dial)
            return (jnp.where(columns < width, x, 0.0), saved), None

        saved = jnp.zeros((DEPTH, ROWS, WIDTH), x.dtype)
        (out, _), _ = lax.scan(step, (x, saved), (tuple(program.T), dials))

        def loss_terms(card):
            def terms(out):
                padded = jnp.where(columns < width, out, card.padding * largest)
                return card.jax(jnp, padded, target, *numbers[2 : 2 + len(card.options)])

            return terms

        branches = [lambda out: out * target, *(loss_terms(LOSSES[kind]) for kind in _LOSSES)]
        terms = lax.switch(which, branches, out)
        here = (row_numbers < N) & (columns < width)
        penalty = numbers[1] / 2 * (w * w).sum()
        return jnp.where(here, terms, 0.0).sum() / numbers[0] + penalty, out

    def all_in_one(flat, code):
        (value, out), dflat = jax.value_and_grad(run, has_aux=True)(flat, code)
        return jnp.concatenate([value[None], out.ravel(), dflat])

    return jax.jit(all_in_one)
