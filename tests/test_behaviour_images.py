"""What no gradient of a network shows: ties, draws, running statistics, and nothing written into.

Of convolutions, pooling, norms, dropout and the layers that move numbers.
"""

import numpy as np
import pytest
import torch

from manual.batchnorm import batchnorm_forward, running_statistics
from manual.catalog import find
from manual.dropout import dropout_forward
from manual.pooling import max_pool2d_backward, max_pool2d_forward
from manual.shapes import concatenate_backward, concatenate_forward
from manual.standardize import standardize_forward
from reference.cards import LAYERS, Dice, convolution, dropout, norms, pooling, shapes
from reference.networks import input_shape, numbers

FAMILIES = convolution, pooling, norms, dropout, shapes
KINDS = sorted(card.kind for family in FAMILIES for card in family.CARDS)

kinds = pytest.mark.parametrize("kind", KINDS)


def layers(kind):
    """Forty layers of a kind, as random networks draw them: arguments and options."""
    for extra in range(40):
        dice, rng = Dice(1 + extra % 5, extra), np.random.default_rng(extra)
        shape = input_shape(kind, 1 + extra % 3, dice)
        fit = LAYERS[kind].fit(shape, dice)
        if fit is not None:
            sizes = shape, *fit.params.values()
            yield [numbers(rng, size, "normal") for size in sizes], fit.options, rng


def as_tuple(grads):
    return grads if isinstance(grads, tuple) else (grads,)


def arrays_in(thing):
    if isinstance(thing, np.ndarray):
        return [thing]
    if isinstance(thing, tuple | list):
        return [array for each in thing for array in arrays_in(each)]
    return []


@kinds
def test_nothing_is_written_into(kind):
    """Arguments, options, dout and cache are as they were, after forward and backward."""
    for inputs, options, rng in layers(kind):
        given = [*inputs, *arrays_in(tuple(options.values()))]
        before = [array.copy() for array in given]
        out, cache = find(kind, "forward")(*inputs, **options)
        dout = numbers(rng, out.shape, "normal", upstream=True)
        held = [*arrays_in(cache), dout]
        held_before = [array.copy() for array in held]
        find(kind, "backward")(dout, cache)
        for was, now in zip([*before, *held_before], [*given, *held], strict=True):
            assert np.array_equal(was, now)


@kinds
def test_one_cache_serves_twice(kind):
    """A backward gives the same again, another forward and backward having run in between."""
    forward, backward = find(kind, "forward"), find(kind, "backward")
    for inputs, options, rng in layers(kind):
        out, cache = forward(*inputs, **options)
        dout = numbers(rng, out.shape, "normal", upstream=True)
        once = [grad.copy() for grad in as_tuple(backward(dout, cache))]
        other, other_cache = forward(*(array[::-1] - 1 for array in inputs), **options)
        backward(other, other_cache)
        again, out_again = as_tuple(backward(dout, cache)), forward(*inputs, **options)[0]
        assert np.array_equal(out, out_again)
        assert all(map(np.array_equal, once, again))


@kinds
def test_gradients_can_be_written_into(kind):
    """An optimizer that clips in place must be able to."""
    for inputs, options, _ in layers(kind):
        out, cache = find(kind, "forward")(*inputs, **options)
        assert all(grad.flags.writeable for grad in as_tuple(find(kind, "backward")(out, cache)))


def test_the_first_of_several_largest_wins():
    """Images of three different numbers tie in most windows: the same dx as PyTorch, to the bit."""
    rng = np.random.default_rng(0)
    for kernel, stride, padding in [(2, 2, 0), (3, 1, 1), ((2, 3), (1, 2), (1, 0)), (4, 3, 2)]:
        x = rng.integers(-3, 0, size=(2, 3, 7, 8)).astype(float)
        out, cache = max_pool2d_forward(x, kernel, stride, padding)
        dout = numbers(rng, out.shape, "halves", upstream=True)
        tensor = torch.tensor(x, requires_grad=True)
        theirs = torch.nn.functional.max_pool2d(tensor, kernel, stride, padding)
        (dx,) = torch.autograd.grad(theirs, tensor, torch.tensor(dout))
        assert np.array_equal(out, theirs.detach())
        assert np.array_equal(max_pool2d_backward(dout, cache), dx)


def test_standardize_far_from_zero():
    """Whole numbers moved by 2**30 have the same xhat: not one digit is lost."""
    x = np.array([[1.0, 2.0, 4.0, 9.0], [-3.0, 0.0, 5.0, 6.0]])
    assert np.array_equal(standardize_forward(x + 2.0**30)[0], standardize_forward(x)[0])


def test_running_statistics_are_those_of_pytorch():
    """After each of three batches, of rows and of images; momentum 0.1 where none is given."""
    rng = np.random.default_rng(0)
    for shape in [(5, 3), (2, 3, 4, 2), (1, 3, 1, 2)]:
        for options in ({}, {"momentum": 0.3}, {"momentum": 1.0}):
            running = np.zeros(3), np.ones(3)
            mean, var = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
            for _ in range(3):
                x = rng.normal(2.0, 3.0, size=shape)
                _, cache = batchnorm_forward(x, np.ones(3), np.zeros(3))
                running = running_statistics(cache, running, **options)
                torch.nn.functional.batch_norm(
                    torch.tensor(x), mean, var, None, None, True, **options
                )
                # Sums of at most 16 terms, each no larger than a few times the variance.
                for ours, theirs in zip(running, (mean, var), strict=True):
                    assert np.abs(ours - theirs.numpy()).max() <= 64 * 2.0**-53 * 100


def test_running_statistics_leave_the_old_ones():
    _, cache = batchnorm_forward(np.arange(6.0).reshape(3, 2), np.ones(2), np.zeros(2))
    old = np.zeros(2), np.ones(2)
    new = running_statistics(cache, old)
    assert np.array_equal(old, (np.zeros(2), np.ones(2)))
    assert not any(np.shares_memory(a, b) for a, b in zip(old, new, strict=True))


def test_running_statistics_want_a_batch_of_training():
    x, running = np.arange(6.0).reshape(3, 2), (np.zeros(2), np.ones(2))
    _, evaluation = batchnorm_forward(x, np.ones(2), np.zeros(2), running)
    _, alone = batchnorm_forward(x[:1], np.ones(2), np.zeros(2))
    for cache, words in [(evaluation, "evaluation"), (alone, "2 or more")]:
        try:
            refusal = f"none, but {running_statistics(cache, running)}"
        except ValueError as error:
            refusal = str(error)
        assert words in refusal


def test_dropout_drops_each_number_with_chance_p():
    """The share that is dropped, within five standard deviations: all over, by row, by column."""
    rows, columns = 400, 300
    for p in (0.1, 0.5, 0.8):
        out, _ = dropout_forward(np.ones((rows, columns)), p, rng=np.random.default_rng(0))
        dropped = out == 0
        assert np.array_equal(out[~dropped], np.full((~dropped).sum(), 1 / (1 - p)))
        for share, count in [
            (dropped.mean(), rows * columns),
            (dropped.mean(axis=0), rows),
            (dropped.mean(axis=1), columns),
        ]:
            assert (np.abs(share - p) <= 5 * np.sqrt(p * (1 - p) / count)).all()


def test_dropout_draws_from_the_generator_it_is_given():
    """The same seed drops the same again; a generator that goes on drops others."""
    x = np.ones((8, 9))
    one, other = (np.random.default_rng(7) for _ in range(2))
    first = dropout_forward(x, rng=one)[0]
    assert np.array_equal(first, dropout_forward(x, rng=other)[0])
    assert not np.array_equal(first, dropout_forward(x, rng=one)[0])
    assert not np.array_equal(first, dropout_forward(x, rng=np.random.default_rng(8))[0])


def test_three_arrays_of_different_widths_are_joined_and_cut():
    """Along any axis, and along axis 1 where none is given: what PyTorch does, to the bit."""
    rng = np.random.default_rng(0)
    for axis, options in [(1, {}), (0, {"axis": 0}), (1, {"axis": 1}), (2, {"axis": 2})]:
        sizes = [[4, 3, 5] for _ in range(3)]
        for width, size in zip((2, 1, 4), sizes, strict=True):
            size[axis] = width
        xs = [rng.normal(size=size) for size in sizes]
        out, cache = concatenate_forward(xs, **options)
        assert np.array_equal(out, torch.cat([torch.tensor(x) for x in xs], dim=axis))
        for back, x in zip(concatenate_backward(out, cache), xs, strict=True):
            assert np.array_equal(back, x)


# Which of these tests a function is in, beside those of its kind.
TESTS = {
    "max_pool2d_forward": (test_the_first_of_several_largest_wins,),
    "max_pool2d_backward": (test_the_first_of_several_largest_wins,),
    "standardize_forward": (test_standardize_far_from_zero,),
    "batchnorm_forward": (test_running_statistics_are_those_of_pytorch,),
    "running_statistics": (
        test_running_statistics_are_those_of_pytorch,
        test_running_statistics_leave_the_old_ones,
        test_running_statistics_want_a_batch_of_training,
    ),
    "dropout_forward": (
        test_dropout_drops_each_number_with_chance_p,
        test_dropout_draws_from_the_generator_it_is_given,
    ),
    "concatenate_forward": (test_three_arrays_of_different_widths_are_joined_and_cut,),
    "concatenate_backward": (test_three_arrays_of_different_widths_are_joined_and_cut,),
}


def red_for(function):
    """All the tests here that a function of manual/ is in; for the tests of the tests."""
    yield from TESTS.get(function, ())
    kind, _, verb = function.rpartition("_")
    if kind in KINDS and verb in ("forward", "backward"):
        yield lambda: test_nothing_is_written_into(kind)
        yield lambda: test_one_cache_serves_twice(kind)
        yield lambda: test_gradients_can_be_written_into(kind)
