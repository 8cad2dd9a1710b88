"""What no random network shows: a step with two outputs, wide heads, long texts, arrays kept whole.

Of tokens, recurrence, attention and the losses of sequences; and of branches along any axis.
"""

import numpy as np
import pytest
import torch

from manual.catalog import find
from manual.network import concatenate, layer, network_forward
from reference import gradcheck
from reference.agreement import compare
from reference.cards import LAYERS, LOSSES, Dice, attention, embedding, recurrent, temporal
from reference.networks import numbers, one_layer, targets
from reference.numbers import ALLOWANCES, UNIT, allowances, rounding_array
from reference.problem import Problem
from reference.prove import describe

FAMILIES = embedding, recurrent, attention, temporal
KINDS = sorted(card.kind for family in FAMILIES for card in family.CARDS if card.kind in LAYERS)
LOSS_KINDS = ["ctc", "kl", "temporal_softmax", "triplet"]

kinds = pytest.mark.parametrize("kind", KINDS)
losses = pytest.mark.parametrize("kind", LOSS_KINDS)


def layers(kind):
    """Layers of a kind, as random networks draw them: their inputs, options and dout."""
    if kind == "lstm_step":
        for (x, *rest), options, dout in layers("lstm"):
            yield [x[:, 0].copy(), *rest], options, (dout[:, 0].copy(), dout[::-1, -1].copy())
        return
    for extra in range(10):
        problem = one_layer(kind, 1 + extra % 3, Dice(1 + extra % 5, extra), extra)
        if problem.net and problem.net[-1].kind == kind:
            this = problem.net[-1]
            x, _ = network_forward(problem.x, problem.params, problem.net[:-1])
            inputs = [np.array(x), *(problem.params[name] for name in this.params)]
            yield inputs, this.options, problem.y


def sequences(kind):
    """A loss by itself on sequences of up to five steps, or on as many rows."""
    card = LOSSES[kind]
    for seed in range(30):
        rng = np.random.default_rng(seed)
        shape = tuple(int(size) for size in rng.integers((1, 2, 1), (4, 6, 5)))
        shape = shape if card.takes == "NTV" else shape[1:]
        x = numbers(rng, shape, ("normal", "halves", "huge")[seed % 3])
        y, options = card.draw(rng, shape) if card.draw else (targets(rng, shape, kind, ""), {})
        yield Problem([], {}, x, y, layer(kind, **options))


def agrees(problem, *paths):
    for each in compare(problem, paths):
        assert each.agrees and (each.entries or each.skipped), f"{problem}\n{describe(each)}"


def arrays_in(thing):
    if isinstance(thing, np.ndarray):
        return [thing]
    if isinstance(thing, tuple | list):
        return [array for each in thing for array in arrays_in(each)]
    return []


def copies(arrays):
    return [array.copy() for array in arrays]


def same(some, others):
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


# Layers -----------------------------------------------------------------------------------------


@kinds
def test_nothing_is_written_into(kind):
    """Arguments, masks, dout, cache and output are as they were, after forward and backward."""
    for inputs, options, dout in layers(kind):
        given = [*inputs, *arrays_in(tuple(options.values())), *arrays_in(dout)]
        before = copies(given)
        out, cache = find(kind, "forward")(*inputs, **options)
        held = arrays_in((out, cache))
        held_before = copies(held)
        find(kind, "backward")(dout, cache)
        assert same(before, given) and same(held_before, held)


@kinds
def test_one_cache_serves_twice(kind):
    """Forward and backward give the same again, other numbers having passed in between."""
    forward, backward = find(kind, "forward"), find(kind, "backward")
    for inputs, options, dout in layers(kind):
        out, cache = forward(*inputs, **options)
        once = copies(arrays_in((out, backward(dout, cache))))
        _, other = forward(*(array[::-1].copy() for array in inputs), **options)
        backward(dout, other)
        again, _ = forward(*inputs, **options)
        assert same(once, arrays_in((again, backward(dout, cache))))


@kinds
def test_the_number_type_stays(kind):
    for dtype in (np.float32, np.float64):
        for inputs, options, dout in layers(kind):
            cast = [a.astype(dtype) if a.dtype.kind == "f" else a for a in inputs]
            out, cache = find(kind, "forward")(*cast, **options)
            given = [array.astype(dtype) for array in arrays_in(dout)]
            grads = find(kind, "backward")(tuple(given) if kind == "lstm_step" else given[0], cache)
            assert all(array.dtype == dtype for array in arrays_in((out, grads)))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "lstm_step"])
def test_wide_layers_are_those_of_pytorch(kind):
    """Four steps of six columns: heads of two columns and of three, turned by several angles."""
    card = LAYERS[kind]
    for extra in range(40):
        rng, regime = np.random.default_rng(extra), ("normal", "halves", "huge")[extra % 3]
        shape = {"ND": (3, 6), "ids": (2, 4)}.get(card.takes, (2, 4, 6))
        fit = card.fit(shape, Dice(3, extra))
        params = {name: numbers(rng, each, regime) for name, each in fit.params.items()}
        x = rng.integers(3, size=shape) if kind == "embedding" else numbers(rng, shape, regime)
        y = numbers(rng, fit.out, "normal", upstream=True)
        agrees(Problem([layer(kind, *params, **fit.options)], params, x, y), "pytorch")


def test_any_axes_in_front():
    """Where a docstring says "any shape" or "(...)": fewer axes than (N, T, D), and more."""
    rng = np.random.default_rng(0)
    for lead in [(), (3,), (2, 1, 2)]:
        for kind, end, sizes, out in [
            ("embedding", (), {"w": (4, 3)}, (3,)),
            ("unembedding", (3,), {"w": (4, 3)}, (4,)),
            ("temporal_affine", (3,), {"w": (3, 2), "b": (2,)}, (2,)),
            ("attention", (3, 4), {"k": (*lead, 2, 4), "v": (*lead, 2, 3)}, (3, 3)),
            ("rotary", (3, 4), {}, (3, 4)),
        ]:
            x = rng.integers(4, size=(*lead, *end)) if kind == "embedding" else None
            x = rng.normal(size=(*lead, *end)) if x is None else np.asarray(x)
            params = {name: rng.normal(size=size) for name, size in sizes.items()}
            y = rng.normal(size=(*lead, *out))
            agrees(Problem([layer(kind, *params)], params, x, y), "pytorch")


# A step of the LSTM: two outputs, and so no layer of a network -----------------------------------


def test_lstm_step_backward_is_the_derivative_of_forward():
    pair = find("lstm_step", "forward"), find("lstm_step", "backward")
    for words in (("ND", "N1", "N1", "D4", "14", "4"), ("ND", "N2", "N2", "D8", "28", "8")):
        report = gradcheck(*pair, *words, examples=15)
        assert report and not report.cannot and not report.remarks, report


def test_lstm_step_is_the_cell_of_pytorch():
    """Both outputs, and all gradients where each output has an upstream of its own."""
    for inputs, _, douts in layers("lstm_step"):
        tensors = [torch.tensor(array, requires_grad=True) for array in inputs]
        outs = LAYERS["lstm_step"].torch(torch.nn.functional, *tensors)
        grads = torch.autograd.grad(outs, tensors, [torch.tensor(dout) for dout in douts])
        holds_lstm_step(inputs, douts, [each.detach().numpy() for each in (*outs, *grads)])


def test_lstm_step_is_the_formula_in_jax():
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        for inputs, _, douts in list(layers("lstm_step"))[:3]:
            run = lambda *arrays: LAYERS["lstm_step"].jax(jnp, *arrays)  # noqa: E731
            outs, back = jax.vjp(run, *map(jnp.asarray, inputs))
            grads = back(tuple(map(jnp.asarray, douts)))
            holds_lstm_step(inputs, douts, [np.asarray(each) for each in (*outs, *grads)])


def holds_lstm_step(inputs, douts, expected):
    """Within the rounding allowances of the hand-written code."""
    forward, backward = find("lstm_step", "forward"), find("lstm_step", "backward")
    outs, cache = forward(*inputs)
    counted, counted_cache = forward(*map(rounding_array, inputs))
    found = *outs, *backward(douts, cache)
    s = *counted, *backward(tuple(map(rounding_array, douts)), counted_cache)
    unit, tiny = UNIT[np.dtype(float)], np.finfo(float).tiny
    for ours, theirs, each in zip(found, expected, s, strict=True):
        assert ours.shape == theirs.shape
        assert (np.abs(ours - theirs) <= ALLOWANCES * (unit * allowances(each) + tiny)).all()


def test_an_lstm_of_one_step_is_that_step():
    for (x, h, c, wx, wh, b), _, dout in layers("lstm"):
        whole, cache = find("lstm", "forward")(x[:, :1], h, c, wx, wh, b)
        (out, _), step_cache = find("lstm_step", "forward")(x[:, 0], h, c, wx, wh, b)
        assert np.array_equal(whole[:, 0], out)
        dx, *grads = find("lstm", "backward")(dout[:, :1], cache)
        nothing = np.zeros_like(c)  # comes back for the last cell
        step_dx, *step_grads = find("lstm_step", "backward")((dout[:, 0], nothing), step_cache)
        assert np.array_equal(dx[:, 0], step_dx) and same(grads, step_grads)


# Losses -----------------------------------------------------------------------------------------


@losses
def test_losses_of_whole_sequences(kind):
    """Texts of several labels, equal ones side by side; masks with holes; rows in many triplets."""
    for problem in sequences(kind):
        agrees(problem, "pytorch", "jax")


@losses
def test_no_loss_writes_into_its_arguments(kind):
    for problem in sequences(kind):
        options = problem.loss.options
        given = [problem.x, problem.y, *arrays_in(tuple(options.values()))]
        before = copies(given)
        find(kind, "loss")(problem.x, problem.y, **options)
        assert same(before, given)


@losses
def test_the_number_type_of_a_loss_stays(kind):
    for problem in sequences(kind):
        for dtype in (np.float32, np.float64):
            y = problem.y.astype(dtype) if problem.y.dtype.kind == "f" else problem.y
            loss, dx = find(kind, "loss")(problem.x.astype(dtype), y, **problem.loss.options)
            assert loss.dtype == dtype and dx.dtype == dtype and np.ndim(loss) == 0


# Networks ---------------------------------------------------------------------------------------


def test_branches_are_laid_beside_x_along_any_axis():
    """A branch as wide as x along time, and a narrower one along the columns."""
    rng = np.random.default_rng(0)
    for axis, width in [(1, 4), (2, 4), (2, 3)]:
        params = {"W": rng.normal(size=(4, width)), "b": rng.normal(size=width)}
        net = [concatenate(layer("temporal_affine", "W", "b"), axis=axis), layer("tanh")]
        out = (2, 6, 4) if axis == 1 else (2, 3, 4 + width)
        problem = Problem(net, params, rng.normal(size=(2, 3, 4)), rng.normal(size=out))
        agrees(problem, "pytorch", "jax", "differences", "complex_step")


# Which of these tests a function is in, beside those of its kind.
LSTM_STEP = (
    test_lstm_step_is_the_cell_of_pytorch,
    test_lstm_step_backward_is_the_derivative_of_forward,
    test_lstm_step_is_the_formula_in_jax,
    test_an_lstm_of_one_step_is_that_step,
)
TESTS = {
    "lstm_step_forward": LSTM_STEP,
    "lstm_step_backward": LSTM_STEP,
    "network_forward": (test_branches_are_laid_beside_x_along_any_axis,),
    "network_backward": (test_branches_are_laid_beside_x_along_any_axis,),
}
HELPERS = {"_apart": "multihead_attention", "_joined": "multihead_attention"} | dict.fromkeys(
    ("_ways", "_forward_ways", "_log_sum"), "ctc"
)
IN_FRONT = ("embedding", "unembedding", "temporal_affine", "attention", "rotary")


def red_for(function):
    """All the tests here that a function of manual/ is in; for the tests of the tests."""
    yield from TESTS.get(function, ())
    kind, _, verb = function.rpartition("_")
    kind = HELPERS.get(function, kind)
    if kind in KINDS and verb != "loss":
        yield lambda: test_the_number_type_stays(kind)
        yield lambda: test_nothing_is_written_into(kind)
        yield lambda: test_one_cache_serves_twice(kind)
        if kind != "lstm_step":
            yield lambda: test_wide_layers_are_those_of_pytorch(kind)
    if kind in IN_FRONT and verb != "loss":
        yield test_any_axes_in_front
    if kind in LOSS_KINDS:
        yield lambda: test_losses_of_whole_sequences(kind)
        yield lambda: test_no_loss_writes_into_its_arguments(kind)
        yield lambda: test_the_number_type_of_a_loss_stays(kind)
