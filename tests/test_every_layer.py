"""What holds for every layer that acts row by row, and every loss of rows or entries.

A new one is tested here at once; those of other shapes in test_every_shape.py. Each stands alone
here, on the check that anyone can use on their own code (reference.gradcheck).
"""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manual.catalog import find
from reference import gradcheck, labels, losscheck
from reference.cards import LAYERS, LOSSES
from reference.networks import numbers, targets
from reference.numbers import UNIT, allowances, rounding_array, values

SHAPES = {"affine": ("ND", "DM", "M")}
SIZES = {"N": 3, "D": 4, "M": 2}

ROWWISE = [k for k, card in sorted(LAYERS.items()) if card.by_entry or k in ("affine", "softmax")]
ROW_LOSSES = [kind for kind, card in sorted(LOSSES.items()) if card.draw is None]
kinds = pytest.mark.parametrize("kind", ROWWISE)
losses = pytest.mark.parametrize("kind", ROW_LOSSES)


def option_sets(card):
    """All defaults, and each value of each option."""
    values = [
        {name: value} for name, all_ in card.options.items() for value in all_ if value is not None
    ]
    return [{}, *values]


def layer_inputs(kind, rng, regime="normal"):
    words = SHAPES.get(kind, ("ND",))
    return [numbers(rng, tuple(SIZES[axis] for axis in word), regime) for word in words]


def as_tuple(grads):
    return grads if isinstance(grads, tuple) else (grads,)


@kinds
def test_backward_is_the_derivative_of_forward(kind):
    """On corners too: there each gradient lies between the slopes on both sides."""
    forward, backward = find(kind, "forward"), find(kind, "backward")
    for options in option_sets(LAYERS[kind]):
        words = SHAPES.get(kind, ("ND",))
        report = gradcheck(forward, backward, *words, corners="subgradient", **options)
        assert report and not report.cannot and not report.remarks, f"{options}: {report}"


@kinds
def test_any_number_of_axes(kind):
    forward, backward = find(kind, "forward"), find(kind, "backward")
    words = ("N23", "6M", "M") if kind == "affine" else ("AND",)
    assert gradcheck(forward, backward, *words, examples=30)
    if kind != "affine":
        assert gradcheck(forward, backward, "N", examples=30)
    if kind not in ("affine", "softmax"):  # by entry: a number without axes is one
        for value in (-0.75, 2.0):
            out, cache = forward(np.array([value]))
            alone, cache_alone = forward(np.array(value))
            assert alone == out[0]
            assert backward(np.array(3.0), cache_alone) == backward(np.array([3.0]), cache)[0]


@losses
def test_dx_is_the_derivative_of_the_loss(kind):
    loss, card = find(kind, "loss"), LOSSES[kind]
    rows = st.sampled_from([np.array([[0.25, 0.75, 0.0]]), np.array([[0.125, 0.375, 0.5]])])
    given_as = {
        "numbers": [("NC", "NC")],
        "labels": [("NC", labels("N", "C"))],
        "labels or rows": [("NC", labels("N", "C")), ("13", rows)],
        "probabilities": [("13", rows)],
        "rows": [("13", rows)],
    }
    for options in option_sets(card):
        for x, y in given_as[card.targets]:
            report = losscheck(loss, x, y, **options)
            assert report and not report.cannot, f"{options}, {y}: {report}"


@kinds
def test_linear_in_the_upstream(kind, rng):
    """A backward is a linear map: of 2 a + b it makes 2 of what it makes of a, and that of b."""
    forward, backward = find(kind, "forward"), find(kind, "backward")
    out, cache = forward(*layer_inputs(kind, rng))
    a, b = (numbers(rng, out.shape, "halves", upstream=True) for _ in range(2))
    together = as_tuple(backward(2 * a + b, cache))
    apart = zip(as_tuple(backward(a, cache)), as_tuple(backward(b, cache)), strict=True)
    for whole, (of_a, of_b) in zip(together, apart, strict=True):
        # A handful of roundings of the largest number that was added.
        room = 16 * 2.0**-53 * (2 * np.abs(of_a) + np.abs(of_b)).max()
        assert np.abs(whole - (2 * of_a + of_b)).max() <= room


@kinds
def test_rows_do_not_see_each_other(kind, rng):
    """A batch is its rows: dx is that of each row alone, a parameter's gradient their sum."""
    forward, backward = find(kind, "forward"), find(kind, "backward")
    x, *params = layer_inputs(kind, rng)
    out, cache = forward(x, *params)
    dout = numbers(rng, out.shape, "normal", upstream=True)
    dx, *dparams = as_tuple(backward(dout, cache))
    alone = []
    for n in range(len(x)):
        row = slice(n, n + 1)
        out_n, cache_n = forward(x[row], *params)
        assert np.abs(out_n - out[row]).max() <= 32 * 2.0**-53 * np.abs(out).max()
        alone.append(as_tuple(backward(dout[row], cache_n)))
    for whole, each in zip([dx, *dparams], zip(*alone, strict=True), strict=True):
        joined = np.concatenate(each) if whole.shape == x.shape else np.sum(each, axis=0)
        # Sums of at most 4 terms, in another order.
        assert np.abs(whole - joined).max() <= 32 * 2.0**-53 * max(np.abs(e).max() for e in each)


@kinds
def test_a_thousand_rows(kind, rng):
    """The same rows, three hundred times over."""
    forward, backward = find(kind, "forward"), find(kind, "backward")
    x, *params = layer_inputs(kind, rng)
    many = np.tile(x, (300, 1))
    out, cache = forward(x, *params)
    out_many, cache_many = forward(many, *params)
    dout = numbers(rng, out.shape, "normal", upstream=True)
    dx, *dparams = as_tuple(backward(dout, cache))
    dx_many, *dparams_many = as_tuple(backward(np.tile(dout, (300, 1)), cache_many))
    u = 2.0**-53
    for found, expected in [(out_many, np.tile(out, (300, 1))), (dx_many, np.tile(dx, (300, 1)))]:
        assert np.abs(found - expected).max() <= 32 * u * np.abs(expected).max()
    for found, each in zip(dparams_many, dparams, strict=True):
        # Sums of 900 terms, each no larger than 4 * 4.
        assert np.abs(found - 300 * each).max() <= 900 * u * 900 * 16


@losses
def test_a_loss_of_a_thousand_rows(kind, rng):
    x, y = rng.normal(size=(3, 4)), targets(rng, (3, 4), kind, "normal")
    many = np.concatenate([y] * 300)
    loss, dx = find(kind, "loss")(x, y)
    loss_many, dx_many = find(kind, "loss")(np.tile(x, (300, 1)), many)
    # The mean of at most 3600 positive terms; divided by 300 once more.
    assert abs(loss_many - loss) <= 3600 * 2.0**-53 * loss
    assert np.abs(dx_many * 300 - np.tile(dx, (300, 1))).max() <= 16 * 2.0**-53


@kinds
def test_nothing_is_written_into(kind, rng):
    """Arguments, dout and cache are as they were, after every call."""
    forward, backward = find(kind, "forward"), find(kind, "backward")
    for options in option_sets(LAYERS[kind]):
        inputs = layer_inputs(kind, rng)
        before = [array.copy() for array in inputs]
        out, cache = forward(*inputs, **options)
        held = [array.copy() for array in arrays_in(cache)]
        dout = numbers(rng, out.shape, "normal", upstream=True)
        dout_before = dout.copy()
        backward(dout, cache)
        for was, now in zip(
            [*before, *held, dout_before], [*inputs, *arrays_in(cache), dout], strict=True
        ):
            assert np.array_equal(was, now)


@kinds
def test_results_are_arrays_of_their_own(kind, rng):
    """Writing into a result changes no argument. (identity says that it hands on what it gets.)"""
    if kind == "identity":
        return
    x, *params = [np.abs(array) for array in layer_inputs(kind, rng)]  # relu could hand these on
    for rows in (x, x[:1]):
        out, cache = find(kind, "forward")(rows, *params)
        dout = np.abs(out)
        grads = as_tuple(find(kind, "backward")(dout, cache))
        for result in (out, *grads):
            assert not any(np.shares_memory(result, array) for array in (rows, *params, dout))


@kinds
def test_nan_is_not_hidden(kind, rng):
    """Where it goes in, it comes out."""
    inputs = layer_inputs(kind, rng)
    out, cache = find(kind, "forward")(*inputs)
    for value in (np.nan, -np.nan):
        dout = numbers(rng, out.shape, "normal", upstream=True)
        dout[1, 1] = inputs[0][1, 1] = value
        with np.errstate(invalid="ignore"):
            dx, *_ = as_tuple(find(kind, "backward")(dout, cache))
            spoiled, _ = find(kind, "forward")(*inputs)
        for before, after in [(out, spoiled), (inputs[0], dx)]:
            assert np.isnan(after[1, 1]) and after.shape == before.shape
            assert np.isfinite(np.delete(after, 1, axis=0)).all()


@losses
def test_no_loss_hides_nan(kind, rng):
    x, y = rng.normal(size=(3, 4)), targets(rng, (3, 4), kind, "normal")
    x[1, 1] = np.nan
    with np.errstate(invalid="ignore"):
        loss, dx = find(kind, "loss")(x, y)
    assert np.isnan(loss) and np.isnan(dx[1, 1])


@losses
def test_no_loss_writes_into_its_arguments(kind, rng):
    card = LOSSES[kind]
    for options in option_sets(card):
        x = rng.normal(size=(3, 4))
        y = targets(rng, (3, 4), kind, "normal")
        x_before, y_before = x.copy(), y.copy()
        find(kind, "loss")(x, y, **options)
        assert np.array_equal(x, x_before) and np.array_equal(y, y_before)


@kinds
def test_two_forwards_do_not_disturb_each_other(kind, rng):
    """Nothing is kept outside the cache: forward a, forward b, backward a is as if b never ran."""
    forward, backward = find(kind, "forward"), find(kind, "backward")
    a, b = layer_inputs(kind, rng), layer_inputs(kind, rng)
    out, cache_a = forward(*a)
    dout = numbers(rng, out.shape, "normal", upstream=True)
    alone = as_tuple(backward(dout, cache_a))
    _, cache_a = forward(*a)
    out_b, cache_b = forward(*b)
    backward(out_b, cache_b)
    again = as_tuple(backward(dout, cache_a))
    thrice = as_tuple(backward(dout, cache_a))
    for one, two, three in zip(alone, again, thrice, strict=True):
        assert np.array_equal(one, two) and np.array_equal(one, three)


@kinds
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_the_number_type_stays(kind, dtype, rng):
    forward, backward = find(kind, "forward"), find(kind, "backward")
    for options in option_sets(LAYERS[kind]):
        inputs = [array.astype(dtype) for array in layer_inputs(kind, rng)]
        out, cache = forward(*inputs, **options)
        assert out.dtype == dtype
        for grad, array in zip(as_tuple(backward(out, cache)), inputs, strict=True):
            assert grad.dtype == dtype and grad.shape == array.shape


@losses
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_number_type_of_a_loss_stays(kind, dtype, rng):
    for options in option_sets(LOSSES[kind]):
        for seed in range(4):  # labels and rows both come
            y = targets(np.random.default_rng(seed), (3, 4), kind, "normal")
            x = rng.normal(size=(3, 4)).astype(dtype)
            loss, dx = find(kind, "loss")(x, y.astype(dtype) if y.ndim > 1 else y, **options)
            assert dx.dtype == dtype and loss.dtype == dtype and np.ndim(loss) == 0


@kinds
def test_no_overflow_far_out(kind):
    """At +-1000 and +-1e5 every activation and its slope are finite, without a warning."""
    if kind == "affine":
        return
    forward, backward = find(kind, "forward"), find(kind, "backward")
    x = np.array([[-1e5, -1000.0, -800.0, -40.0, 40.0, 800.0, 1000.0, 1e5]])
    for options in option_sets(LAYERS[kind]):
        out, cache = forward(x, **options)
        assert np.isfinite(out).all()
        assert np.isfinite(backward(x, cache)).all()


@losses
def test_no_loss_overflows_far_out(kind):
    x = np.array([[-1e5, 1000.0, 3.0, 1e5], [1000.0, -1000.0, 0.0, -3.0]])
    for seed in range(4):
        y = targets(np.random.default_rng(seed), x.shape, kind, "normal")
        loss, dx = find(kind, "loss")(x, y)
        assert np.isfinite(loss) and np.isfinite(dx).all()


@kinds
def test_corners_and_extremes_are_those_of_pytorch(kind):
    """At exact corners, at -0.0 and far out: the same number as PyTorch, within rounding."""
    import torch

    card = LAYERS[kind]
    if kind == "affine":
        return
    x = np.array([[0.0, -0.0, 1e-300, -1e-300, -700.0, 700.0, -36.0, 36.0, 25.0, -25.0]])
    dout = np.array([[1.5, -2.0, 0.5, 3.0, -0.5, 2.0, 2.5, -1.5, 0.5, 3.0]])
    for options in option_sets(card):
        tensor = torch.tensor(x, requires_grad=True)
        out = card.torch(torch.nn.functional, tensor, **options)
        (theirs,) = torch.autograd.grad(out, tensor, torch.tensor(dout))
        ours, cache = find(kind, "forward")(x, **options)
        dx = find(kind, "backward")(dout, cache)
        with_s, cache_s = find(kind, "forward")(rounding_array(x), **options)
        s = allowances(find(kind, "backward")(rounding_array(dout), cache_s))
        u, tiny = UNIT[x.dtype], np.finfo(float).tiny
        assert (np.abs(dx - theirs.numpy()) <= 8 * (u * s + tiny)).all()
        assert (np.abs(ours - out.detach().numpy()) <= 8 * (u * allowances(with_s) + tiny)).all()


@kinds
def test_no_digits_are_lost(kind):
    """From 1e-8 to 1e5: as many digits as PyTorch, whatever roundings our own code would need.

    Elsewhere the allowance is counted in the code on trial: one that loses digits, x + 1e6 - 1e6,
    is allowed more. Here it is 32 roundings of an output, and of a slope of about 1.
    """
    import torch

    card, u = LAYERS[kind], UNIT[np.dtype(float)]
    if kind == "affine":
        return
    sizes = 10.0 ** np.arange(-8, 5.25, 0.125)
    x = np.concatenate([sizes, -sizes])[None, :]
    dout = np.where(np.arange(x.size) % 2, 1.5, -0.75)[None, :]
    for options in option_sets(card):
        tensor = torch.tensor(x, requires_grad=True)
        theirs = card.torch(torch.nn.functional, tensor, **options)
        (slopes,) = torch.autograd.grad(theirs, tensor, torch.tensor(dout))
        expected = theirs.detach().numpy()
        ours, cache = find(kind, "forward")(x, **options)
        dx = find(kind, "backward")(dout, cache)
        assert (np.abs(ours - expected) <= 32 * u * np.maximum(1, np.abs(expected))).all()
        assert (np.abs(dx - slopes.numpy()) <= 32 * u * np.abs(dout)).all()


@losses
def test_no_digits_of_a_loss_are_lost(kind, rng):
    """The same of losses: 32 roundings of the loss, and of the largest slope."""
    import torch

    card, u = LOSSES[kind], UNIT[np.dtype(float)]
    x = 10 * rng.normal(size=(4, 8))  # 4 and 8: PyTorch divides by them without rounding
    y = targets(rng, x.shape, kind, "normal")
    for options in option_sets(card):
        tensor = torch.tensor(x, requires_grad=True)
        theirs = card.torch(torch.nn.functional, tensor, torch.tensor(y), **options)
        (slopes,) = torch.autograd.grad(theirs, tensor)
        loss, dx = find(kind, "loss")(x, y, **options)
        assert abs(loss - theirs.item()) <= 32 * u * loss
        assert np.abs(dx - slopes.numpy()).max() <= 32 * u * slopes.abs().max().item()


@kinds
def test_integers_are_taken_as_the_numbers_they_are(kind):
    """Blackboard numbers: np.array([[8, 8]]) gives what np.array([[8.0, 8.0]]) gives."""
    forward, backward = find(kind, "forward"), find(kind, "backward")
    words = SHAPES.get(kind, ("ND",))
    whole = [
        np.arange(-3, -3 + np.prod([SIZES[a] for a in word])).reshape([SIZES[a] for a in word])
        for word in words
    ]
    out, cache = forward(*whole)
    out_f, cache_f = forward(*(array.astype(float) for array in whole))
    assert np.array_equal(out, out_f)
    for one, two in zip(
        as_tuple(backward(out_f, cache)), as_tuple(backward(out_f, cache_f)), strict=True
    ):
        assert np.array_equal(one, two)


@losses
def test_losses_take_integers_as_the_numbers_they_are(kind):
    loss, x = find(kind, "loss"), np.arange(-3, 9).reshape(3, 4)
    given_as = {"numbers": x[::-1], "probabilities": x % 2, "rows": np.eye(3, 4, dtype=int)}
    whole = given_as.get(LOSSES[kind].targets, np.arange(3))
    rows = np.eye(3, 4) / 2 + np.eye(3, 4, k=1) / 2
    for y in (whole, rows) if "rows" in LOSSES[kind].targets else (whole,):
        float_y = y.astype(float) if y.ndim > 1 else y
        for options in option_sets(LOSSES[kind]):
            expected = loss(x.astype(float), float_y, **options)
            for one in (loss(x, y, **options), loss(x, float_y, **options)):
                assert one[0] == expected[0] and np.array_equal(one[1], expected[1])


@losses
def test_losses_by_entry_take_any_shape(kind, rng):
    """The mean is over all entries, however they are arranged."""
    if LOSSES[kind].mean != "entries":
        return
    x, y = rng.normal(size=(3, 8)), targets(rng, (3, 8), kind, "normal")
    loss, dx = find(kind, "loss")(x, y)
    for shape in [(24,), (24, 1), (2, 3, 4), (2, 3, 2, 2)]:
        again, dx_again = find(kind, "loss")(x.reshape(shape), y.reshape(shape))
        assert again == loss and np.array_equal(dx_again, dx.reshape(shape))


@kinds
def test_numbers_that_count_are_the_same_numbers(kind, rng):
    """On arrays of number objects, each function gives what it gives on floats."""
    forward, backward = find(kind, "forward"), find(kind, "backward")
    inputs = layer_inputs(kind, rng)
    out, cache = forward(*inputs)
    counted, counted_cache = forward(*map(rounding_array, inputs))
    dout = numbers(rng, out.shape, "normal", upstream=True)
    grads = as_tuple(backward(dout, cache))
    counted_grads = as_tuple(backward(rounding_array(dout), counted_cache))
    for one, two in zip((out, *grads), (counted, *counted_grads), strict=True):
        # math's functions against NumPy's: a few roundings of numbers up to 4.
        assert np.abs(one - values(two)).max() <= 64 * 2.0**-53 * max(1, np.abs(one).max())


@kinds
def test_views_and_transposes_are_taken(kind, rng):
    forward, backward = find(kind, "forward"), find(kind, "backward")
    inputs = layer_inputs(kind, rng)
    strided = [np.repeat(array, 2, axis=0)[::2] for array in inputs]
    turned = [np.asfortranarray(array) for array in inputs]
    out, cache = forward(*inputs)
    dout = numbers(rng, out.shape, "normal", upstream=True)
    for others in (strided, turned):
        out_2, cache_2 = forward(*others)
        room = 32 * 2.0**-53
        assert np.abs(out - out_2).max() <= room * np.abs(out).max()
        for one, two in zip(
            as_tuple(backward(dout, cache)), as_tuple(backward(dout, cache_2)), strict=True
        ):
            assert np.abs(one - two).max() <= room * np.abs(one).max()


def test_options_have_the_documented_defaults():
    defaults = {
        "leaky_relu_forward": {"slope": 0.01},
        "elu_forward": {"alpha": 1.0},
        "softmax_loss": {"smoothing": 0.0},
        "huber_loss": {"delta": 1.0},
    }
    for kind in ROWWISE:
        check_defaults(find(kind, "forward"), defaults)
    for kind in ROW_LOSSES:
        check_defaults(find(kind, "loss"), defaults)


def check_defaults(function, defaults):
    parameters = inspect.signature(function).parameters.values()
    found = {p.name: p.default for p in parameters if p.default is not p.empty}
    assert found == defaults.get(function.__name__, {})


@given(st.integers(0, 2**32 - 1), st.sampled_from(ROW_LOSSES))
def test_losses_of_a_batch_are_the_mean_of_its_rows(seed, kind):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(3, 4)), targets(rng, (3, 4), kind, "normal")
    loss = find(kind, "loss")
    whole, dx = loss(x, y)
    each = [loss(x[n : n + 1], y[n : n + 1]) for n in range(3)]
    # Some twenty roundings of numbers of the size of the terms, which may cancel.
    room = 64 * 2.0**-53 * (1 + np.abs(x).max())
    assert abs(whole - sum(total for total, _ in each) / 3) <= room
    assert np.abs(dx - np.concatenate([d for _, d in each]) / 3).max() <= room


def arrays_in(thing):
    if isinstance(thing, np.ndarray):
        return [thing]
    if isinstance(thing, tuple | list):
        return [array for each in thing for array in arrays_in(each)]
    return []
