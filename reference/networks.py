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
from manual.network import Layer, concatenate, layer, residual
from reference.cards import LAYERS, LOSSES, Dice, Fit, Shape, shapes
from reference.problem import Problem, kinds, uses

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
_SIZES, _EXTRA = range(1, 6), range(25)
# One draw where there could be two: Hypothesis takes its time over each. But no list of more than
# 127: from a longer one it draws the first entries far too often.
_INPUTS = st.sampled_from(list(product(_SIZES, _EXTRA)))
_ROWS = st.integers(1, 4)

# What networks do with layers, beside putting them in a row.
STRUCTURES = ("residual", "concatenate", "shared", "transformer")
LARGEST = 50  # numbers an example: a layer that would give more is left out


def problems(
    layers: tuple[str, ...] | None = None,
    losses: tuple[str, ...] | None = None,
    regimes: tuple[str, ...] = REGIMES,
) -> st.SearchStrategy[Problem]:
    """Networks with numbers, and a loss with its targets or an upstream gradient.

    layers: the kinds to draw from, beside affine: layers, and "residual", "concatenate", "shared"
            (a parameter used twice), "transformer" (a block); None for all of them
    losses: the losses to draw from, "upstream" for an upstream gradient of both signs and no loss;
            None for all of them
    """
    every = [*(kind for kind in sorted(LAYERS) if LAYERS[kind].outputs == 1), *STRUCTURES]
    _expect_known("layers", layers, set(every))
    _expect_known("losses", losses, {*LOSSES, "upstream"})
    _expect_known("regimes", regimes, set(REGIMES))
    drawn = every if layers is None else list(layers)
    heads = list(losses) if losses is not None else ["upstream", *sorted(LOSSES)]
    # Affine first: what Hypothesis shrinks towards, and a fifth of what it draws, or half.
    menu = ["affine"] * max(1, len(drawn) // (2 if len(drawn) < 8 else 6))
    menu += [kind for kind in drawn if kind != "affine"]
    if "embedding" in drawn and len(drawn) > 8:
        menu += ["embedding"] * 3  # which can come first only
    steps = st.tuples(st.sampled_from(menu), _INPUTS)
    return _problems(
        st.sampled_from(regimes),
        st.lists(steps, min_size=1, max_size=6),
        st.lists(steps, min_size=6, max_size=10),
        st.tuples(st.sampled_from(heads), st.sampled_from(_EXTRA)),
    )


@st.composite
def _problems(draw: Any, regimes: Any, steps: Any, many_steps: Any, heads: Any) -> Problem:
    regime = draw(regimes)
    N, (size, extra) = draw(_ROWS), draw(_INPUTS)
    steps = draw(many_steps if regime == "deep" else steps)
    drawn = [(kind, Dice(*numbers)) for kind, numbers in steps]
    head, option = draw(heads)
    rng = np.random.default_rng(draw(_SEEDS))
    shape = input_shape(drawn[0][0], N, Dice(size, extra))
    scores = (
        (1 + option % 4, 2 + option % 3)
        if head != "upstream" and LOSSES[head].takes == "NTV"
        else None
    )
    net, sizes, out = build(drawn, shape, scores)
    if head != "upstream":
        adapters, out = adapted(out, LOSSES[head].takes, Dice(1, option))
        net += adapters
    if regime == "float32":
        net = [_in_float32(each) for each in net]
    params = {name: numbers(rng, each, regime) for name, each in sizes.items()}
    x = numbers(rng, shape, regime)
    if regime == "halves" and extra % 2:
        x *= rng.integers(4, size=x.shape) > 0  # zeros: corners of the first layer
    if net and net[0].kind == "embedding":
        x = rng.integers(len(params[net[0].params[0]]), size=shape)  # some tokens twice
    if head == "upstream":
        return Problem(net, params, x, numbers(rng, out, regime, upstream=True))
    if (own := LOSSES[head].draw) is not None:
        y, options = own(rng, out)
    else:
        y, options = targets(rng, out, head, regime), _options(LOSSES[head].options, option)
    loss = layer(head, **options)
    weights = any(w.ndim > 1 for w in params.values())
    reg = (0.0, 0.0, 0.5, 0.125)[option % 4] if weights else 0.0
    return Problem(net, params, x, y, loss, reg)


def one_layer(kind: str, N: int, dice: Dice, seed: int = 0, regime: str = "normal") -> Problem:
    """A network of one layer, N examples, with an upstream gradient."""
    shape = input_shape(kind, N, dice)
    net, sizes, out = build([(kind, dice)], shape)
    rng = np.random.default_rng(seed)
    params = {name: numbers(rng, each, regime) for name, each in sizes.items()}
    x = numbers(rng, shape, regime)
    if kind == "embedding":
        x = rng.integers(len(params[net[0].params[0]]), size=shape)
    return Problem(net, params, x, numbers(rng, out, regime, upstream=True))


def input_shape(kind: str, N: int, dice: Dice) -> Shape:
    """The shape of an input that a first layer of this kind can take, N examples of it."""
    takes = LAYERS[kind].takes if kind in LAYERS else "NTD" if kind == "transformer" else "ND"
    if takes == "N*" and dice.size == 4 and dice.pick(False, True):
        return N, 2, 2  # affine flattens its input
    if takes in ("NTD", "NCL", "ids"):
        multiple = LAYERS[kind].multiple if kind in LAYERS else 1
        shape = N, dice.pick(2, 1, 2, 3, 4), dice.size * multiple
        return shape[:2] if takes == "ids" else shape
    if takes == "NCHW":
        C, H, W = dice.pick(1, 2, 3, 4), dice.size, dice.pick(1, 2, 3, 4, 5)
        return N, (C if C * H * W <= LARGEST else 1), H, W
    if takes == "ND*" or (takes == "*" and LAYERS.get(kind) and LAYERS[kind].fit):
        return N, *shapes.split(dice.size * dice.pick(1, 2, 3), dice, dice.pick(1, 2, 3))
    return N, dice.size


def adapted(shape: Shape, takes: str, dice: Dice) -> tuple[list[Layer], Shape]:
    """Layers that bring an input of any shape into the one wanted, and that shape."""
    wanted = 0 if "*" in takes else len(takes)
    if wanted in (0, len(shape)):
        return [], shape
    N, size = shape[0], math.prod(shape[1:])
    if wanted == 2:
        return [layer("flatten")], (N, size)
    found = []
    if len(shape) == 4 and wanted == 3:  # an image as a sequence, of pixels or of channels
        new = shape[1], shape[2] * shape[3]
    else:
        new = shapes.split(size, dice, wanted - 1)
    found.append(layer("reshape", shape=new))
    if wanted == 3 and dice.pick(False, True):
        found.append(layer("transpose", axes=(0, 2, 1)))
        new = new[::-1]
    return found, (N, *new)


def build(
    steps: list[tuple[str, Dice]], shape: Shape, scores: tuple[int, int] | None = None
) -> tuple[list[Layer], dict[str, Shape], Shape]:
    """Turn drawn steps, kind and dice, into a network on inputs of a shape.

    Any list of steps is a network, as each layer takes the shape that the one before it gives, if
    need be reshaped: when Hypothesis deletes a step, what is left still fits.
    scores: the (T, V) that a loss over time wants; where the network ends in fewer steps or scores,
            an affine layer brings it there
    Returns net, the shapes of its parameters, the shape of its output.
    """
    builder = _Builder()
    net: list[Layer] = []
    for kind, dice in steps:
        new, out = builder.step(kind, shape, dice, first=not net)
        if math.prod(out[1:]) <= LARGEST:
            net, shape = net + new, out
    if scores and (len(shape) != 3 or shape[1] < scores[0] or shape[2] < 2):
        last, _ = builder.one("affine", shape, Dice(math.prod(scores), 0))
        net, shape = [*net, *last, layer("reshape", shape=scores)], (shape[0], *scores)
    used = uses(net)
    return net, {name: each for name, each in builder.shapes.items() if name in used}, shape


class _Builder:
    """Names the parameters, and knows the layers made so far."""

    def __init__(self) -> None:
        self.shapes: dict[str, Shape] = {}
        self.made: list[tuple[Layer, Shape, Shape]] = []  # with parameters: layer, input, output
        self.count = 0

    def step(
        self, kind: str, shape: Shape, dice: Dice, first: bool = False
    ) -> tuple[list[Layer], Shape]:
        if kind == "shared":
            return self.shared(shape)
        if kind == "residual":
            return [residual(*self.body(shape, dice))], shape
        if kind == "concatenate":
            axis = 1 if dice.plain else int(dice.rng.integers(1, len(shape)))
            body = self.body(shape, dice)
            out = (*shape[:axis], 2 * shape[axis], *shape[axis + 1 :])
            return [concatenate(*body, axis=axis)], out
        if kind == "transformer":
            adapters, shape = adapted(shape, "NTD", dice)
            return adapters + self.transformer(shape, dice), shape
        card = LAYERS[kind]
        if card.takes == "ids":
            if not first:
                return [], shape
            adapters = []
        else:
            adapters, shape = adapted(shape, card.takes, dice)
        new, out = self.one(kind, shape, dice)
        return adapters + new, out

    def one(self, kind: str, shape: Shape, dice: Dice) -> tuple[list[Layer], Shape]:
        """One layer on exactly this shape; none if it has nothing for it."""
        card = LAYERS[kind]
        if card.fit is None:
            return [layer(kind, **_options(card.options, int(dice.rng.integers(64))))], shape
        fit = card.fit(shape, dice)
        if fit is None:
            return [], shape
        if card.ties and dice.pick(True, True, False):
            for old, _, _ in reversed(self.made):
                table = old.params[0]
                if old.kind in (card.ties, kind) and self.shapes[table][1] == shape[-1]:
                    fit = Fit((*shape[:-1], self.shapes[table][0]), {table: self.shapes[table]})
                    return [self.add(layer(kind, table), shape, fit.out)], fit.out
        self.count += bool(fit.params)
        names = {name: f"{name}{self.count}" for name in fit.params}
        self.shapes |= {names[name]: each for name, each in fit.params.items()}
        return [self.add(layer(kind, *names.values(), **fit.options), shape, fit.out)], fit.out

    def add(self, new: Layer, shape: Shape, out: Shape) -> Layer:
        if new.params:
            self.made.append((new, shape, out))
        return new

    def shared(self, shape: Shape, keeps: bool = False) -> tuple[list[Layer], Shape]:
        """The layer last made for inputs of this shape, once more; else a new one, twice."""
        for old, took, gave in reversed(self.made):
            if LAYERS[old.kind].takes == "ids":
                continue  # it takes integers, which come first only
            if old.kind == "affine":
                took, gave = (took[0], math.prod(took[1:])), gave
                fits = took[1] == math.prod(shape[1:])
            else:
                fits = took == shape
            if fits and (not keeps or gave == shape):
                return [old], gave
        return self.keeper(shape) * 2, shape

    def keeper(self, shape: Shape, dice: Dice | None = None) -> list[Layer]:
        """A layer with parameters that keeps the shape."""
        kind = "affine" if len(shape) == 2 else "temporal_affine"
        return self.one(kind, shape, Dice(shape[-1], 0))[0]

    def body(self, shape: Shape, dice: Dice) -> list[Layer]:
        """f(x) of the shape of x: one layer, a bottleneck, one in another, or no parameters."""
        kind = "affine" if len(shape) == 2 else "temporal_affine"
        which = dice.pick("one", "bottleneck", "nested", "nothing", "norm")
        if which == "bottleneck":
            down, narrow = self.one(kind, shape, dice)
            return [*down, layer("tanh"), *self.one(kind, narrow, Dice(shape[-1], 0))[0]]
        if which == "nested":
            return [*self.shared(shape, keeps=True)[0], residual(*self.keeper(shape))]
        if which == "nothing":
            return [layer("identity")]
        if which == "norm":
            return [*self.one("layernorm", shape, dice)[0], *self.keeper(shape)]
        return self.keeper(shape)

    def transformer(self, shape: Shape, dice: Dice) -> list[Layer]:
        """A block, pre-norm: attention, then each place by itself."""
        attention = self.one("multihead_attention", shape, dice)[0]
        wide, middle = self.one("temporal_affine", shape, dice)
        narrow, _ = self.one("temporal_affine", middle, Dice(shape[-1], 0))
        norms = [self.one("layernorm", shape, Dice(1, 0))[0] for _ in range(2)]
        mlp = residual(*norms[1], *wide, layer("gelu"), *narrow)
        return [residual(*norms[0], *attention), mlp]


def numbers(rng: np.random.Generator, shape: Shape, regime: str, upstream: bool = False) -> Array:
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


def targets(rng: np.random.Generator, shape: Shape, kind: str, regime: str) -> Array:
    """Targets that fit a loss, for outputs of a shape, (N, C) where it wants labels or rows."""
    wants = LOSSES[kind].targets
    dtype = np.float32 if regime == "float32" else np.float64
    if wants == "labels" or (wants == "labels or rows" and rng.integers(2)):
        return rng.integers(shape[1], size=shape[0])
    if wants in ("labels or rows", "rows"):
        rows = rng.exponential(size=shape)
        if wants == "rows":
            rows *= rng.integers(3, size=shape) > 0  # a share of 0 has a logarithm of its own
            rows[:, 0] += rows.sum(axis=1) == 0
        return (rows / rows.sum(axis=1, keepdims=True)).astype(dtype)
    if wants == "probabilities":
        return (rng.integers(0, 5, size=shape) / 4).astype(dtype)
    return numbers(rng, shape, regime)


def _in_float32(this: Layer) -> Layer:
    """A layer whose options hold no float64 arrays."""

    def cast(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(cast, value))
        floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return value.astype(np.float32) if floats else value

    options = {name: cast(value) for name, value in this.options.items()}
    return this._replace(options=options, body=tuple(map(_in_float32, this.body)))


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
    found = kinds(problem.net)
    names = uses(problem.net)
    if len(set(names)) < len(names):
        found.add("shared")
    if {"multihead_attention", "layernorm", "residual"} <= found:
        found.add("transformer")
    if problem.loss is not None:
        found.add(f"{problem.loss.kind} loss")
    if problem.reg:
        found.add("l2 loss")
    return found
