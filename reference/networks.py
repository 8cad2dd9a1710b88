"""Random networks, as Hypothesis strategies that anyone can import.

    from hypothesis import given
    from reference.networks import problems

    @given(problems())
    def test_mine(problem): ...

Hypothesis draws the structure, so that a failure shrinks to few layers and small sizes; the numbers
come from a drawn seed, which costs a tenth of drawing them one by one. In the first regime they are
nonzero half-integers from -3 to 3: what is left of a failure can be done by hand.
"""

import math
from itertools import product
from typing import Any

import numpy as np
from hypothesis import HealthCheck
from hypothesis import strategies as st

from manual.checks import Array
from manual.network import Layer, Net, layer, residual
from reference.cards import LAYERS, LOSSES
from reference.problem import Problem

# How the numbers are drawn. The later ones are where rounding, overflow and cancellation live.
REGIMES = ("halves", "normal", "saturated", "cancelling", "deep", "tiny", "huge", "float32")

# What a run of random networks is told: nothing here is slow or large by mistake.
PLAIN_RUN: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "report_multiple_bugs": False,
}

_SEEDS = st.integers(0, 2**32 - 1)
_SIZES, _EXTRA = range(1, 6), range(4)
# One draw where there could be three: Hypothesis takes its time over each.
_INPUTS = st.sampled_from(list(product(range(1, 5), _SIZES, _EXTRA)))


def problems(
    layers: tuple[str, ...] | None = None,
    losses: tuple[str, ...] | None = None,
    regimes: tuple[str, ...] = REGIMES,
) -> st.SearchStrategy[Problem]:
    """Networks with numbers, and a loss with its targets or an upstream gradient.

    layers: the kinds to draw from, beside affine, "residual" and "shared" (a parameter used twice);
            None for all of them
    losses: the losses to draw from, "upstream" for an upstream gradient of both signs and no loss;
            None for all of them
    """
    _expect_known("layers", layers, {*LAYERS, "residual", "shared"})
    _expect_known("losses", losses, {*LOSSES, "upstream"})
    _expect_known("regimes", regimes, set(REGIMES))
    kinds = list(layers) if layers is not None else [*sorted(LAYERS), "residual", "shared"]
    heads = list(losses) if losses is not None else ["upstream", *sorted(LOSSES)]
    # Affine first: what Hypothesis shrinks towards, and half of what it draws.
    menu = ["affine"] * max(1, len(kinds) // 2) + [kind for kind in kinds if kind != "affine"]
    steps = st.sampled_from(list(product(menu, _SIZES, _EXTRA)))
    return _problems(
        st.sampled_from(regimes),
        st.lists(steps, min_size=1, max_size=6),
        st.lists(steps, min_size=6, max_size=10),
        st.sampled_from(list(product(heads, _EXTRA))),
    )


@st.composite
def _problems(draw: Any, regimes: Any, steps: Any, many_steps: Any, heads: Any) -> Problem:
    regime = draw(regimes)
    N, D, split = draw(_INPUTS)
    drawn = draw(many_steps if regime == "deep" else steps)
    head, option = draw(heads)
    rng = np.random.default_rng(draw(_SEEDS))
    net, shapes, out_size = build(drawn, D)
    params = {name: numbers(rng, shape, regime) for name, shape in shapes.items()}
    x = numbers(rng, (N, D), regime)
    if regime == "halves" and split % 2:
        x *= rng.integers(4, size=x.shape) > 0  # zeros: corners of the first layer
    if split >= 2 and D == 4 and net[0].kind == "affine":
        x = x.reshape(N, 2, 2)  # affine flattens its input
    if head == "upstream":
        return Problem(net, params, x, numbers(rng, (N, out_size), regime, upstream=True))
    loss = layer(head, **_options(LOSSES[head].options, option))
    reg = (0.0, 0.0, 0.5, 0.125)[option] if any(w.ndim > 1 for w in params.values()) else 0.0
    return Problem(net, params, x, targets(rng, (N, out_size), head, regime), loss, reg)


def build(steps: list[tuple[str, int, int]], D: int) -> tuple[Net, dict[str, Any], int]:
    """Turn drawn steps (kind, size, extra) into a network on inputs of size D.

    Any list of steps is a network, as each layer takes the size that the one before it gives: when
    Hypothesis deletes a step, what is left still fits. Returns net, shapes, output size.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def affine(D, M):
        k = len(shapes) // 2 + 1
        shapes[f"W{k}"], shapes[f"b{k}"] = (D, M), (M,)
        return layer("affine", f"W{k}", f"b{k}"), M

    def shared(D, fits=lambda columns: True):
        """The affine layer last made for inputs of size D, once more; else a square one."""
        for name, (rows, *columns) in reversed(shapes.items()):
            if columns and rows == D and fits(columns[0]):
                return layer("affine", name, name.replace("W", "b")), columns[0]
        return affine(D, D)

    def body(D, size, extra):
        """x + f(x): an affine layer, a bottleneck, one in another, or with no parameter at all."""
        if extra == 0:
            return [affine(D, D)[0]]
        if extra == 1:
            down, narrow = affine(D, size)
            return [down, layer("tanh"), affine(narrow, D)[0]]
        if extra == 2:
            return [shared(D, lambda columns: columns == D)[0], residual(affine(D, D)[0])]
        return [layer("identity")]

    net = []
    for kind, size, extra in steps:
        if kind == "affine":
            new, D = affine(D, size)
        elif kind == "shared":
            new, D = shared(D)
        elif kind == "residual":
            new = residual(*body(D, size, extra))
        else:
            new = layer(kind, **_options(LAYERS[kind].options, extra))
        net.append(new)
    return net, shapes, D


def numbers(
    rng: np.random.Generator, shape: tuple[int, ...], regime: str, upstream: bool = False
) -> Array:
    """Random numbers of both signs. An upstream gradient holds no 1: ones are blind to mistakes."""
    count = math.prod(shape)
    if regime == "halves":
        steps = np.array([0.5, 1.5, 2.0, 2.5, 3.0] if upstream else [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
        return (steps[rng.integers(len(steps), size=count)] * _signs(rng, count)).reshape(shape)
    array = rng.normal(size=count)
    if regime == "saturated":
        array *= 10
    elif regime == "tiny":
        array *= 1e-8
    elif regime == "huge":
        array *= 10.0 ** rng.integers(0, 7)
    elif regime == "cancelling" and count > 1:
        # Pairs that cancel up to a millionth, up and down the array and across it.
        half = count // 2
        array[half : 2 * half] = -array[:half] * (1 + 1e-6 * rng.normal(size=half))
    array = array.reshape(shape)
    return array.astype(np.float32) if regime == "float32" else array


def targets(rng: np.random.Generator, shape: tuple[int, int], kind: str, regime: str) -> Array:
    """Targets that fit a loss, for outputs (N, C)."""
    N, C = shape
    wants = LOSSES[kind].targets
    dtype = np.float32 if regime == "float32" else np.float64
    if wants == "labels" or (wants == "labels or rows" and rng.integers(2)):
        return rng.integers(C, size=N)
    if wants == "labels or rows":
        rows = rng.exponential(size=shape)
        return (rows / rows.sum(axis=1, keepdims=True)).astype(dtype)
    if wants == "probabilities":
        return (rng.integers(0, 5, size=shape) / 4).astype(dtype)
    return numbers(rng, shape, regime)


def _signs(rng, count):
    return rng.integers(2, size=count) * 2 - 1


def _options(choices: dict[str, tuple[Any, ...]], extra: int) -> dict[str, Any]:
    """One value of each option, None leaving it at its default."""
    picked = {name: values[extra % len(values)] for name, values in choices.items()}
    return {name: value for name, value in picked.items() if value is not None}


def _expect_known(what: str, given: tuple[str, ...] | None, known: set[str]) -> None:
    for name in given or ():
        if name not in known:
            raise ValueError(f"{what} has {name!r}, expected any of: {', '.join(sorted(known))}")


def kinds_of(problem: Problem) -> set[str]:
    """The rows of the table that a problem counts for: its layers, its loss, and what it does."""
    found: set[str] = set()
    uses: list[str] = []

    def walk(net: Net | tuple[Layer, ...]) -> None:
        for each in net:
            found.add(each.kind)
            uses.extend(each.params)
            walk(each.body)

    walk(problem.net)
    if len(set(uses)) < len(uses):
        found.add("shared")
    if problem.loss is not None:
        found.add(f"{problem.loss.kind} loss")
    if problem.reg:
        found.add("l2 loss")
    return found
