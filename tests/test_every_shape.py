"""What holds for every layer at every shape that random networks draw: the edges among them.

For each layer, 25 dice: kernels as large as the image and strides beyond them, one channel, one
step, one head, groups, masks with nothing to look at; and batches of one, two and three.
"""

import numpy as np
import pytest

from manual.catalog import find
from manual.network import network_backward, network_forward
from reference import gradcheck, losscheck
from reference.agreement import compare
from reference.cards import LAYERS, LOSSES, Dice
from reference.networks import one_layer, problems
from reference.numbers import rounding_array, values
from reference.prove import describe
from reference.stacks import by_rows

KINDS = [kind for kind in sorted(LAYERS) if LAYERS[kind].outputs == 1]
kinds = pytest.mark.parametrize("kind", KINDS)
U = 2.0**-53


def examples(kind, regime="normal", every=1):
    """One layer at 25 shapes, where the dice have one for it."""
    found = []
    for extra in range(0, 25, every):
        dice = Dice(1 + extra % 5, extra)
        problem = one_layer(kind, 1 + extra % 3, dice, extra, regime)
        if problem.net and problem.net[-1].kind == kind:
            found.append(problem)
    assert len(found) >= 10 // every
    return found


def arrays_in(thing):
    if isinstance(thing, np.ndarray):
        return [thing]
    if isinstance(thing, tuple | list):
        return [array for each in thing for array in arrays_in(each)]
    return []


def passed(problem, dout=None):
    """The output, dx and the gradients of the parameters, in the order of the inputs."""
    out, cache = network_forward(problem.x, problem.params, problem.net)
    dx, grads = network_backward(problem.y if dout is None else dout, cache)
    return [out, *([] if dx is None else [dx]), *(grads[name] for name in problem.params)]


def close(found, expected, room):
    for one, two in zip(found, expected, strict=True):
        assert one.shape == two.shape
        assert np.abs(one - two).max() <= room * max(1, np.abs(two).max())


@kinds
def test_every_path_agrees(kind):
    for problem in examples(kind):
        for each in compare(problem):
            assert each.agrees, f"{problem}\n{describe(each)}"


@kinds
def test_backward_is_the_derivative_of_forward(kind):
    """By gradcheck, which knows nothing of networks and of cards; at corners a subgradient."""
    for problem in examples(kind, every=3):
        this = problem.net[-1]
        x, _ = network_forward(problem.x, problem.params, problem.net[:-1])
        inputs = [np.array(x), *(problem.params[name] for name in this.params)]
        pair = find(kind, "forward"), find(kind, "backward")
        report = gradcheck(*pair, *inputs, corners="subgradient", examples=3, **this.options)
        assert report and not report.cannot and not report.remarks, f"{problem}\n{report}"


@kinds
def test_the_output_has_the_shape_that_the_card_foretells(kind):
    for problem in examples(kind):
        assert passed(problem)[0].shape == problem.y.shape


@kinds
def test_nothing_is_written_into(kind):
    """Arguments, options, dout and cache are as they were, after every call."""
    for problem in examples(kind, every=2):
        out, cache = network_forward(problem.x, problem.params, problem.net)
        options = [each.options.values() for each in problem.net]
        held = [problem.x, *problem.params.values(), problem.y, out]
        held += arrays_in(cache[0]) + [a for each in options for a in arrays_in(tuple(each))]
        before = [array.copy() for array in held]
        network_backward(problem.y, cache)
        network_forward(problem.x, problem.params, problem.net)
        assert all(np.array_equal(was, now) for was, now in zip(before, held, strict=True))


@kinds
def test_two_forwards_do_not_disturb_each_other(kind):
    for problem in examples(kind, every=2):
        _, cache = network_forward(problem.x, problem.params, problem.net)
        alone = passed(problem)[1:]
        other = problem._replace(params={n: 2 * a for n, a in problem.params.items()})
        passed(other, 3 * problem.y)
        dx, grads = network_backward(problem.y, cache)
        again = [*([] if dx is None else [dx]), *(grads[name] for name in problem.params)]
        assert all(np.array_equal(one, two) for one, two in zip(alone, again, strict=True))


@kinds
def test_linear_in_the_upstream(kind):
    for problem in examples(kind, every=2):
        a, b = problem.y, np.random.default_rng(1).normal(size=problem.y.shape)
        whole = passed(problem, 2 * a + b)[1:]
        parts = zip(passed(problem, a)[1:], passed(problem, b)[1:], strict=True)
        # A few dozen roundings of sums of at most some hundred terms; norms divide by 1/300.
        close(whole, [2 * one + two for one, two in parts], 1e4 * U)


@kinds
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_the_number_type_stays(kind, dtype):
    for problem in examples(kind, every=3):
        params = {name: array.astype(dtype) for name, array in problem.params.items()}
        x = problem.x if kind == "embedding" else problem.x.astype(dtype)
        net = [
            each._replace(options=each.options | {"running": _running(each, dtype)})
            if "running" in each.options
            else each
            for each in problem.net
        ]
        cast = problem._replace(net=net, params=params, x=x)
        for array in passed(cast, problem.y.astype(dtype)):
            assert array.dtype == dtype


def _running(each, dtype):
    return tuple(
        array.astype(np.float32 if dtype == np.float32 else float)
        for array in each.options["running"]
    )


@kinds
def test_numbers_that_count_are_the_same_numbers(kind):
    """On arrays of number objects, each function gives what it gives on floats."""
    for problem in examples(kind, every=3):
        x = problem.x if kind == "embedding" else rounding_array(problem.x)
        params = {name: rounding_array(array) for name, array in problem.params.items()}
        counted = passed(problem._replace(x=x, params=params), rounding_array(problem.y))
        # math's functions against NumPy's, and sums in another order; norms divide by 1/300.
        close([values(array) for array in counted], passed(problem), 1e4 * U)


@kinds
def test_views_and_transposes_are_taken(kind):
    """Arrays laid out in memory in any way are the same numbers."""
    for problem in examples(kind, every=2):
        for lay in (np.asfortranarray, lambda a: np.repeat(a, 2, axis=0)[::2]):
            params = {name: lay(array) for name, array in problem.params.items()}
            turned = problem._replace(x=lay(problem.x), params=params)
            close(passed(turned, lay(problem.y)), passed(problem), 1e4 * U)


@kinds
def test_whole_numbers_are_taken_as_the_numbers_they_are(kind):
    for problem in examples(kind, "halves", every=2):
        floats = problem._replace(
            x=problem.x if kind == "embedding" else 2 * problem.x,
            params={name: 2 * array for name, array in problem.params.items()},
        )
        whole = floats._replace(
            x=floats.x.astype(int),
            params={name: array.astype(int) for name, array in floats.params.items()},
        )
        close(passed(whole), passed(floats), 16 * U)


@kinds
def test_examples_see_each_other_only_where_the_card_says_so(kind):
    """Of a batch twice over: the same output twice, and half of what the parameters get."""
    for problem in examples(kind, every=2):
        own = [n for each in problem.net for n in each.params[: LAYERS[each.kind].own]]
        if not all(by_rows(each) for each in problem.net):
            continue
        twice = problem._replace(
            x=np.concatenate([problem.x, problem.x]),
            params={
                name: np.concatenate([array, array]) if name in own else array
                for name, array in problem.params.items()
            },
        )
        out = passed(problem)[0]
        both = passed(twice, np.concatenate([problem.y, 0 * problem.y]))
        close([both[0]], [np.concatenate([out, out])], 64 * U)
        whole = both[2:] if kind != "embedding" else both[1:]
        alone = passed(problem)[2:] if kind != "embedding" else passed(problem)[1:]
        names = list(problem.params)
        kept = [g[: len(problem.x)] if n in own else g for n, g in zip(names, whole, strict=True)]
        close(kept, alone, 1e3 * U)


OWN_LOSSES = [kind for kind in sorted(LOSSES) if LOSSES[kind].draw is not None]
own_losses = pytest.mark.parametrize("kind", OWN_LOSSES)


def loss_examples(kind):
    """Scores and targets at 20 shapes, in the words of the loss's card."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        shape = tuple(int(n) for n in rng.integers(1, 5, size=len(LOSSES[kind].takes)))
        y, options = LOSSES[kind].draw(rng, shape)
        yield rng.normal(size=shape) * 3, y, options


@own_losses
def test_dx_is_the_derivative_of_the_loss(kind):
    for x, y, options in loss_examples(kind):
        report = losscheck(find(kind, "loss"), x, y, corners="subgradient", **options)
        assert report and not report.cannot and not report.remarks, f"{x}, {y}, {options}: {report}"


@own_losses
def test_no_loss_writes_into_its_arguments(kind):
    for x, y, options in loss_examples(kind):
        held = [x, y, *arrays_in(tuple(options.values()))]
        before = [array.copy() for array in held]
        first = find(kind, "loss")(x, y, **options)
        again = find(kind, "loss")(x, y, **options)
        assert first[0] == again[0] and np.array_equal(first[1], again[1])
        assert all(np.array_equal(was, now) for was, now in zip(before, held, strict=True))


@own_losses
def test_the_number_type_of_a_loss_stays(kind):
    for x, y, options in loss_examples(kind):
        for dtype in (np.float32, np.float64):
            loss, dx = find(kind, "loss")(x.astype(dtype), y, **options)
            assert dx.dtype == dtype and np.asarray(loss).dtype == dtype and np.ndim(loss) == 0
        counted, dx_counted = find(kind, "loss")(rounding_array(x), y, **options)
        loss, dx = find(kind, "loss")(x, y, **options)
        close([values(counted), values(dx_counted)], [np.asarray(loss), dx], 1e3 * U)
        whole = np.round(x)
        loss, dx = find(kind, "loss")(whole, y, **options)
        loss_2, dx_2 = find(kind, "loss")(whole.astype(int), y, **options)
        assert loss == loss_2 and np.array_equal(dx, dx_2)


@own_losses
def test_no_loss_overflows_far_out(kind):
    for x, y, options in loss_examples(kind):
        loss, dx = find(kind, "loss")(x * 300, y, **options)
        assert np.isfinite(loss) and np.isfinite(dx).all()


def test_edges_are_drawn():
    """What hides mistakes, or shows them: each of these comes among 2,000 random networks."""
    from hypothesis import Phase, given, settings

    from reference.networks import PLAIN_RUN

    seen = set()

    def look(net, params):
        for this in net:
            options = this.options
            if this.body:
                look(this.body, params)
            if this.kind == "conv2d":
                kernel = params[this.params[0]].shape[2:]
                if np.min(options.get("stride", 1)) > max(kernel):
                    seen.add("stride beyond the kernel")
            for name in ("stride", "padding", "dilation", "kernel", "scale"):
                value = options.get(name)
                if isinstance(value, tuple) and value[0] != value[1]:
                    seen.add(f"{name} not square")
                if name in options and np.max(value) > 1:
                    seen.add(f"{this.kind} {name} > 1")
            if options.get("groups", 1) > 1:
                seen.add(f"{this.kind} groups")
            mask = options.get("mask")
            if mask is not None and not mask.all():
                seen.add(f"{this.kind} mask")
                if "attention" in this.kind and not mask.any(axis=-1).all():
                    seen.add("a row that sees nothing")
            for name in ("causal", "rotary"):
                if options.get(name):
                    seen.add(name)
            if this.kind == "multihead_attention":
                seen.add("heads" if options.get("heads", 1) > 1 else "one head")

    @settings(max_examples=2000, phases=[Phase.generate], **PLAIN_RUN)
    @given(problems())
    def run(problem):
        look(problem.net, problem.params)
        N, *rest = problem.x.shape
        seen.add("batch of one" if N == 1 else "batch of many")
        if problem.net and problem.net[0].kind in ("rnn", "lstm", "gru") and rest[0] == 1:
            seen.add("one step")
        if problem.net and problem.net[0].kind == "conv2d":
            seen.add("one channel" if rest[0] == 1 else "channels")
            seen.add("square image" if rest[1] == rest[2] else "image not square")
            w = problem.params[problem.net[0].params[0]]
            if w.shape[2] == rest[1] > 1:
                seen.add("kernel as large as the image")

    run()
    wanted = {
        "batch of one",
        "batch of many",
        "one step",
        "one channel",
        "channels",
        "square image",
    }
    wanted |= {"image not square", "kernel as large as the image", "stride beyond the kernel"}
    wanted |= {
        f"{name} not square" for name in ("stride", "padding", "dilation", "kernel", "scale")
    }
    wanted |= {"conv2d groups", "conv1d groups", "conv_transpose2d groups", "groupnorm groups"}
    wanted |= {
        "conv2d padding > 1",
        "conv1d padding > 1",
        "conv2d stride > 1",
        "conv2d dilation > 1",
    }
    wanted |= {"attention mask", "multihead_attention mask", "dropout mask", "causal", "rotary"}
    wanted |= {"a row that sees nothing", "heads", "one head", "max_pool2d padding > 1"}
    assert wanted <= seen, wanted - seen
