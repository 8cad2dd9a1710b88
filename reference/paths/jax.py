"""JAX grad, in x64, over textbook jax.numpy formulas.

JAX compiles anew for every network it has not seen, half a second each. So small networks of
row-by-row layers run on a machine that is compiled once: an interpreter, written in JAX and
differentiated by JAX, whose program and numbers are data. Everything is padded to one size, and
what the padding holds is masked out. Any other network goes layer by layer, uncompiled.
"""

import functools
from typing import Any

import numpy as np

from manual.checks import Array
from reference.cards import LAYERS, LOSSES
from reference.problem import Gradients, Problem

ROWS, WIDTH, STEPS, SLOTS, DEPTH = 4, 6, 32, 12, 3  # what the machine holds


def gradients(problem: Problem, machine: bool | None = None) -> Gradients:
    """The loss (or output) and all gradients by jax.grad, on the CPU, in the problem's dtype.

    machine: None takes the compiled machine where the network fits into it.
    """
    import jax

    program = compiled(problem) if machine in (None, True) else None
    if program is None and machine:
        raise ValueError(f"the machine does not hold this network: {problem.net!r}")
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        return _plain(problem) if program is None else _on_machine(problem, program)


def forward(jnp, x, params, net):
    """The network's output, for JAX to differentiate: textbook formulas, in a row."""
    for layer in net:
        if layer.kind == "residual":
            x = x + forward(jnp, x, params, layer.body)
        else:
            weights = [params[name] for name in layer.params]
            x = LAYERS[layer.kind].jax(jnp, x, *weights, **layer.options)
    return x


def mean_loss(jnp, out, t, loss):
    """The loss of an output (N, C) against targets (N, C)."""
    card = LOSSES[loss.kind]
    terms = card.jax(jnp, out, t, **loss.options)
    return terms.sum() / (out.shape[0] if card.mean == "rows" else out.size)


def as_rows(y: Array, out_shape: tuple[int, ...], dtype: Any) -> Array:
    """Targets as an array of the output's shape: a label becomes a row with a 1 at its class."""
    return np.eye(out_shape[1], dtype=dtype)[y] if y.dtype.kind in "iu" else y


def _plain(problem):
    import jax
    import jax.numpy as jnp

    net, params, x, y, loss, reg = problem

    def objective(x, params):
        value = out = forward(jnp, x, params, net)
        if loss is None:
            return (out * y).sum(), out
        value = mean_loss(jnp, out, as_rows(y, out.shape, x.dtype), loss)
        if reg:
            value = value + reg / 2 * sum((w * w).sum() for w in params.values() if w.ndim > 1)
        return value, value

    start = jnp.asarray(x), {name: jnp.asarray(array) for name, array in params.items()}
    (_, value), (dx, grads) = jax.value_and_grad(objective, argnums=(0, 1), has_aux=True)(*start)
    return Gradients(
        np.asarray(value), np.asarray(dx), {name: np.asarray(g) for name, g in grads.items()}
    )


# The machine -----------------------------------------------------------------------------------

_AFFINE, _SAVE, _ADD, _NOTHING = range(4)
_KINDS = sorted(set(LAYERS) - {"affine"})
_LOSSES = sorted(LOSSES)


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
            else:
                add(_NOTHING + 1 + _KINDS.index(layer.kind), 0, width, _options(layer, LAYERS))
            if width > WIDTH or depth > DEPTH - 1:
                raise OverflowError
        return width

    first_is_affine = bool(net) and net[0].kind == "affine"
    width = x.size // len(x)
    try:
        if len(x) > ROWS or width > WIDTH or not (x.ndim == 2 or first_is_affine):
            return None
        width = walk(net, width, 0)
    except (OverflowError, ValueError):
        return None
    uses_alone = len({name for pair in slots for name in pair}) == 2 * len(slots)
    if len(steps) > STEPS or len(slots) > SLOTS or not uses_alone:
        return None
    loss_options = [] if loss is None else _options(loss, LOSSES)
    return steps, options, slots, width, loss_options


def _options(layer, cards):
    """The option values in the card's order, its default where the layer leaves one out."""
    card = cards[layer.kind]
    defaults = card.jax.__defaults__ or ()
    return [
        layer.options.get(name, default)
        for name, default in zip(card.options, defaults, strict=True)
    ]


def _on_machine(problem, program):
    steps, options, slots, width, loss_options = program
    _, params, x, y, loss, reg = problem
    dtype, N = x.dtype, len(x)
    code = np.full((STEPS, 3), _NOTHING, dtype=np.int32)
    code[: len(steps)] = steps
    code[len(steps) :, 2] = width
    dials = np.zeros((STEPS, 2), dtype)
    dials[: len(options)] = options
    rows = np.zeros((ROWS, WIDTH), dtype)
    rows[:N, : x.size // N] = x.reshape(N, -1)
    target = np.zeros((ROWS, WIDTH), dtype)
    target[:N, :width] = as_rows(y, (N, width), dtype)
    w = np.zeros((SLOTS, WIDTH, WIDTH), dtype)
    b = np.zeros((SLOTS, WIDTH), dtype)
    for (w_name, b_name), slot in slots.items():
        D, M = params[w_name].shape
        w[slot, :D, :M] = params[w_name]
        b[slot, :M] = params[b_name]
    scale = 1 if loss is None else N if LOSSES[loss.kind].mean == "rows" else N * width
    sizes = np.array([N, 0 if loss is None else 1 + _LOSSES.index(loss.kind)], np.int32)
    numbers = np.array([scale, reg, *loss_options, 0.0][:3], dtype)
    (value, out), grads = _machine()(rows, w, b, code, dials, target, sizes, numbers)
    drows, dw, db = (np.asarray(g) for g in grads)
    named = {}
    for (w_name, b_name), slot in slots.items():
        D, M = params[w_name].shape
        named[w_name], named[b_name] = dw[slot, :D, :M], db[slot, :M]
    result = np.asarray(out)[:N, :width] if loss is None else np.asarray(value)
    return Gradients(result, drows[:N, : x.size // N].reshape(x.shape), named)


@functools.cache
def _machine():
    import jax
    import jax.numpy as jnp
    from jax import lax

    columns, row_numbers = np.arange(WIDTH), np.arange(ROWS)[:, None]

    def run(x, w, b, code, dials, target, sizes, numbers):
        largest = jnp.finfo(x.dtype).max

        def affine(x, saved, slot, width, dial):
            return LAYERS["affine"].jax(jnp, x, w[slot], b[slot]), saved

        def save(x, saved, slot, width, dial):
            return x, saved.at[slot].set(x)

        def add(x, saved, slot, width, dial):
            return saved[slot] + x, saved

        def nothing(x, saved, slot, width, dial):
            return x, saved

        def elementwise(card):
            def apply(x, saved, slot, width, dial):
                padded = jnp.where(columns < width, x, card.padding * largest)
                return card.jax(jnp, padded, *dial[: len(card.options)]), saved

            return apply

        instructions = [affine, save, add, nothing, *(elementwise(LAYERS[k]) for k in _KINDS)]

        def step(state, instruction):
            (op, slot, width), dial = instruction
            x, saved = lax.switch(op, instructions, *state, slot, width, dial)
            return (jnp.where(columns < width, x, 0.0), saved), None

        saved = jnp.zeros((DEPTH, ROWS, WIDTH), x.dtype)
        (out, _), _ = lax.scan(step, (x, saved), (tuple(code.T), dials))
        N, which = sizes
        here = (row_numbers < N) & (columns < code[-1, 2])

        def loss_terms(card):
            def terms(out):
                padded = jnp.where(columns < code[-1, 2], out, card.padding * largest)
                return card.jax(jnp, padded, target, *numbers[2 : 2 + len(card.options)])

            return terms

        branches = [lambda out: out * target, *(loss_terms(LOSSES[kind]) for kind in _LOSSES)]
        terms = lax.switch(which, branches, out)
        penalty = numbers[1] / 2 * (w * w).sum()
        return jnp.where(here, terms, 0.0).sum() / numbers[0] + penalty, out

    return jax.jit(jax.value_and_grad(run, argnums=(0, 1, 2), has_aux=True))
