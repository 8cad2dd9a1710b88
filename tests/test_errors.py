"""Bad input to the layers, losses and networks: each message is asserted word for word.

A message names the argument, says what it was, and what was expected.
"""

import inspect
import re
from typing import Any

import numpy as np
import pytest

from manual.affine import affine_forward
from manual.batchnorm import running_statistics
from manual.catalog import find, functions
from manual.checks import expect
from manual.gpt import gpt
from manual.network import (
    concatenate,
    l2_loss,
    layer,
    mlp,
    network_backward,
    network_forward,
    network_loss,
    residual,
)
from reference.cards import LAYERS, LOSSES, Dice, Fit
from reference.numbers import rounding_array

NAN, INF, EPS = float("nan"), float("inf"), 2.0**-23
TINY, OVER = 2.0**-1074, 1 + 2.0**-52  # the numbers next to 0 and next to 1
X, Y, W, B = np.ones((2, 3)), np.zeros((2, 3)), np.ones((3, 4)), np.ones(4)
LABELS = np.array([0, 2])
AFFINE = layer("affine", "W", "b")
PARAMS, COLUMN = {"W": W, "b": B}, {"W": W[:, :1], "b": B[:1]}
BY_LABEL, BY_ENTRY = ["svm", "softmax"], ["mse", "l1", "huber", "bce_with_logits"]


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# What is no array of numbers, and what is said of it.
NOT_NUMBERS = [
    ([1.0, 2.0], TypeError, "{} is a list, expected a NumPy array"),
    ("1.0", TypeError, "{} is a str, expected a NumPy array"),
    (1.0, TypeError, "{} is a float, expected a NumPy array"),
    (None, TypeError, "{} is a NoneType, expected a NumPy array"),
    (np.array(["1", "2"]), TypeError, "{0} has dtype <U1, expected a float: {0}.astype(float)"),
    (X > 0, TypeError, "{0} has dtype bool, expected a float: {0}.astype(float)"),
    (X.astype(np.uint8), TypeError, "{0} has dtype uint8, expected a float: {0}.astype(float)"),
    (
        np.ones(2, "m8[s]"),
        TypeError,
        "{0} has dtype timedelta64[s], expected a float: {0}.astype(float)",
    ),
    (np.ones((0, 3)), ValueError, "{} has shape (0, 3), expected at least one number"),
]


# An input of each kind, no two of its axes alike.
TAKES: dict[str, tuple[int, ...]] = {"NTD": (2, 3, 4), "NCL": (2, 3, 4), "NCHW": (2, 3, 4, 5)}


def example(kind, dtype=float):
    """What a layer takes, by name, and its options: what its card fits to an input."""
    forward, card = find(kind, "forward"), LAYERS[kind]
    shape = TAKES.get(card.takes, X.shape)
    fit = card.fit(shape, Dice(2, 0)) if card.fit else Fit(shape)
    params = list(fit.params.values())
    if kind == "lstm_step":
        params = [(2, 4), (2, 4), (3, 16), (4, 16), (16,)]
    x = np.zeros(shape, int) if card.takes == "ids" else np.ones(shape, dtype)
    names = inspect.signature(forward).parameters
    arrays = [x, *(np.ones(each, dtype) for each in params)]
    return dict(zip(names, arrays, strict=False)), fit.options


def backward(kind, dout, cache):
    """The calls that take a dout, by its name: lstm_step takes a pair."""
    run = find(kind, "backward")
    if LAYERS[kind].outputs == 1:
        return {"dout": lambda: run(dout, cache)}
    right = np.ones((2, 4))
    return {
        "dh_next": lambda: run((dout, right), cache),
        "dc_next": lambda: run((right, dout), cache),
    }


def loss_example(kind):
    card, rng = LOSSES[kind], np.random.default_rng(0)
    x = np.ones((2, 4, 3) if card.takes == "NTV" else (2, 3))
    if card.draw is not None:
        return x, card.draw(rng, x.shape)[0]
    return x, {"labels": LABELS, "labels or rows": LABELS, "rows": Y + 1 / 3}.get(card.targets, Y)


@pytest.mark.parametrize(("bad", "error", "message"), NOT_NUMBERS, ids=lambda case: repr(case)[:40])
def test_not_numbers(bad, error, message):
    """For x, every parameter and every dout of every layer; x and y of the losses."""
    for kind in LAYERS:
        inputs, options = example(kind)
        for name in inputs:
            if name != "ids":
                with raises(error, message.format(name)):
                    find(kind, "forward")(**inputs | {name: bad}, **options)
        _, cache = find(kind, "forward")(**inputs, **options)
        for name, call in backward(kind, bad, cache).items():
            with raises(error, message.format(name)):
                call()
    for kind in LOSSES:
        with raises(error, message.format("x")):
            find(kind, "loss")(bad, loss_example(kind)[1])
    for kind in BY_ENTRY:
        with raises(error, message.format("y")):
            find(kind, "loss")(X, bad)
    for name, call in [
        ("w", lambda: l2_loss(bad, 0.5)),
        ("xs[0]", lambda: find("concatenate", "forward")([bad, X])),
        ("xs[1]", lambda: find("concatenate", "forward")([X, bad])),
        ("dout", lambda: find("concatenate", "backward")(bad, CONCATENATED)),
        ("x", lambda: network_forward(bad, PARAMS, [AFFINE])),
        ("dout", lambda: network_backward(bad, network_forward(X, PARAMS, [AFFINE])[1])),
    ]:
        with raises(error, message.format(name)):
            call()


CONCATENATED = find("concatenate", "forward")([X, X])[1]


def near(shape):
    """Shapes that are not this one, those that NumPy would broadcast to it without a word first."""
    ones = [(*shape[:k], 1, *shape[k + 1 :]) for k in range(len(shape))]
    behind = [shape[k:] for k in range(1, len(shape) + 1)]
    more = [(1, *shape), (1, 1, *shape), (*shape, 1), (shape[0] + 1, *shape[1:]), shape[::-1]]
    return [each for each in [*ones, *behind, (1,) * len(shape), *more] if each != shape]


@pytest.mark.parametrize("kind", LAYERS)
def test_dout_of_another_shape(kind):
    """Those that NumPy would broadcast without a word, too."""
    inputs, options = example(kind)
    out, cache = find(kind, "forward")(**inputs, **options)
    right = out[0].shape if isinstance(out, tuple) else out.shape
    for shape in near(right):
        for name, call in backward(kind, np.ones(shape), cache).items():
            with raises(ValueError, f"{name} has shape {shape}, expected {right}"):
                call()


@pytest.mark.parametrize("kind", [*BY_ENTRY, "softmax", "kl"])
def test_targets_of_another_shape(kind):
    shapes = [(2, 1), (1, 3), (3, 2)]
    shapes += [(2, 3, 1), (1, 1, 2, 3)] * (kind != "kl") + [(3,), (2,), ()] * (kind in BY_ENTRY)
    for shape in shapes:
        with raises(ValueError, f"y has shape {shape}, expected (2, 3)"):
            find(kind, "loss")(X, np.zeros(shape))


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("kind", [*BY_ENTRY, "softmax", "kl"])
def test_targets_that_are_not_finite(kind, bad):
    """The first of them is named."""
    y = Y + 1 / 3
    y[0, 2] = y[1, 1] = bad
    with raises(ValueError, f"y[0, 2] is {bad}, expected finite numbers"):
        find(kind, "loss")(X, y)
    y = np.zeros((30, 30))
    y[29, 29] = bad
    with raises(ValueError, f"y[29, 29] is {bad}, expected finite numbers"):
        find(kind, "loss")(np.ones((30, 30)), y)


A_ROW = "expected (2,), a label for each row of x"
INTEGERS = "expected a NumPy array of integer labels"


@pytest.mark.parametrize("kind", BY_LABEL)
@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.array([0, 3]), ValueError, "y[1] is 3, expected a label from 0 to 2"),
        (np.array([-1, 5]), ValueError, "y[0] is -1, expected a label from 0 to 2"),
        (np.array([0, 1, 2]), ValueError, f"y has shape (3,), {A_ROW}"),
        (np.array([0]), ValueError, f"y has shape (1,), {A_ROW}"),
        (np.array(0), ValueError, f"y has shape (), {A_ROW}"),
        (np.array([0.0, 2.0]), TypeError, f"y has dtype float64, {INTEGERS}"),
        (np.array([True, False]), TypeError, f"y has dtype bool, {INTEGERS}"),
        (np.array(["a", "b"]), TypeError, f"y has dtype <U1, {INTEGERS}"),
        ([0, 2], TypeError, f"y has type list, {INTEGERS}"),
        (2, TypeError, f"y has type int, {INTEGERS}"),
    ],
    ids=repr,
)  # fmt: skip
def test_labels(kind, y, error, message):
    with raises(error, message):
        find(kind, "loss")(X, y)


IDS = "expected a NumPy array of integers"
TEXTS = np.array([[1, 2], [2, -1]])
WHOLE = [  # what takes integers: by name, a good one, and the call
    ("ids", LABELS, lambda ids: find("embedding", "forward")(ids, np.ones((3, 2)))),
    ("y", np.array([[0, 1, 2]]), lambda y: find("triplet", "loss")(np.ones((3, 2)), y)),
    ("y", TEXTS, lambda y: find("ctc", "loss")(np.ones((2, 2, 3)), y)),
    ("y", np.ones((2, 4), int), lambda y: find("temporal_softmax", "loss")(np.ones((2, 4, 3)), y)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "good", "call"), WHOLE)
def test_whole_numbers(name, good, call):
    """Ids, labels and rows: floats that happen to be whole are refused too."""
    for dtype in (float, np.float32, bool, complex, object, "U3"):
        bad = good.astype(dtype)
        with raises(TypeError, f"{name} has dtype {bad.dtype}, {IDS}"):
            call(bad)
    for dtype in (np.int8, np.int32):
        call(good.astype(dtype))


@pytest.mark.parametrize(("name", "good", "call"), WHOLE[:3])
def test_whole_numbers_that_are_no_array(name, good, call):
    for bad in (good.tolist(), 2, "a", np.int64(2), (1, 2)):
        with raises(TypeError, f"{name} has type {type(bad).__name__}, {IDS}"):
            call(bad)


STEPS = "expected 2 whole numbers from 1 to 2"
NO_STEPS = [
    (np.array([2.0, 2.0]), ValueError, f"steps is [2. 2.], {STEPS}"),
    (np.array([1.5, 2.0], np.float32), ValueError, f"steps is [1.5 2. ], {STEPS}"),
    (np.array([1.0, NAN]), ValueError, f"steps is [ 1. nan], {STEPS}"),
    (np.array([True, True]), ValueError, f"steps is [ True  True], {STEPS}"),
    (np.array([2 + 0j, 1 + 0j]), ValueError, f"steps is [2.+0.j 1.+0.j], {STEPS}"),
    (np.array([2, None]), ValueError, f"steps is [2 None], {STEPS}"),
    (np.array(["2", "2"]), ValueError, f"steps is ['2' '2'], {STEPS}"),
    (np.array([2]), ValueError, f"steps is [2], {STEPS}"),
    (np.array([2, 2, 2]), ValueError, f"steps is [2 2 2], {STEPS}"),
    (np.array([[2, 2]]), ValueError, f"steps is [[2 2]], {STEPS}"),
    (np.array([]), ValueError, f"steps is [], {STEPS}"),
    (np.array(2), ValueError, f"steps is 2, {STEPS}"),
    (np.int64(2), ValueError, f"steps is 2, {STEPS}"),
    ([2, 2], TypeError, "steps is a list, expected a NumPy array"),
    ((2, 2), TypeError, "steps is a tuple, expected a NumPy array"),
    (2, TypeError, "steps is a int, expected a NumPy array"),
    (2.0, TypeError, "steps is a float, expected a NumPy array"),
    ("a", TypeError, "steps is a str, expected a NumPy array"),
]


@pytest.mark.parametrize(("steps", "error", "message"), NO_STEPS, ids=repr)
def test_steps_of_ctc(steps, error, message):
    with raises(error, message):
        find("ctc", "loss")(np.ones((2, 2, 3)), TEXTS, steps=steps)


MASKED = [  # what takes a mask: its shape, one that does not fit, and the call
    ((2, 3), (2, 1, 3), lambda m: find("dropout", "forward")(X, mask=m)),
    ((2, 2), (3, 2), lambda m: find("attention", "forward")(X, X, X, mask=m)),
    ((2, 1, 2, 2), (3, 2), lambda m: find("multihead_attention", "forward")(*HEADS, mask=m)),
    *[
        ((2, 3), short, lambda m: find("temporal_softmax", "loss")(X[..., None], Y.astype(int), m))
        for short in [(2,), (3,), (1,), (1, 3), (2, 1), (1, 1), ()]
    ],
]
HEADS = np.ones((2, 2, 3)), np.ones((3, 9)), np.ones(9), np.ones((3, 3)), np.ones(3)


@pytest.mark.parametrize(("shape", "other", "call"), MASKED)
def test_masks(shape, other, call):
    """Booleans: zeros and ones are refused, as are other shapes, more axes, and lists."""
    for dtype in (float, int, np.uint8):
        with raises(TypeError, f"mask has dtype {np.dtype(dtype)}, expected bool"):
            call(np.ones(shape, dtype))
    for bad in ([True], True, "all"):
        with raises(TypeError, f"mask is a {type(bad).__name__}, expected a NumPy array"):
            call(bad)
    for bad in (other, (1, *shape), (shape[0] + 1, *shape[1:]), (5,)):
        with raises(ValueError, f"mask has shape {bad}, expected {shape}"):
            call(np.ones(bad, bool))
    call(np.ones(shape, bool))


def rows(*second):
    return np.array([[0.0, 1.0, 0.0], second])


def loss(kind, x, y, **options):
    return lambda: find(kind, "loss")(x, y, **options)


def forward(kind, *shapes, **options):
    """A layer on ones of these shapes; other arguments as they are."""
    inputs = [np.ones(each) if isinstance(each, tuple) else each for each in shapes]
    return lambda: find(kind, "forward")(*inputs, **options)


def conv(kind="conv2d", x=(1, 1, 3, 3), w=(1, 1, 2, 2), b=(1,), **options):
    return forward(kind, x, w, b, **options)


def conv1d(x=(1, 1, 3), w=(1, 1, 2), b=(1,), **options):
    return forward("conv1d", x, w, b, **options)


def behind(kind, dout, *shapes, **options):
    """A layer's backward on this dout, after its forward on ones."""
    _, cache = forward(kind, *shapes, **options)()
    return lambda: find(kind, "backward")(dout, cache)


def lstm_step(dout):
    return behind("lstm_step", dout, (2, 3), (2, 4), (2, 4), (3, 16), (4, 16), (16,))


def gru_step(dout):
    return behind("gru_step", dout, (2, 3), (2, 4), (3, 12), (4, 12), (12,), (12,))


def stamps(**options):
    return conv("conv_transpose2d", **options)


def recurrent(kind, **changes):
    """x (2, 3, 4) or (2, 4) for a step, states (2, 5), and one shape changed."""
    of, _, step = kind.partition("_")
    gates, states, biases = {"rnn": (1, "h", "b"), "lstm": (4, "hc", "b"), "gru": (3, "h", "xh")}[
        of
    ]
    shapes = {"x": (2, 4) if step else (2, 3, 4)}
    shapes |= {state if step else f"{state}0": (2, 5) for state in states}
    shapes |= {"wx": (4, 5 * gates), "wh": (5, 5 * gates)}
    shapes |= {"b" if b == "b" else f"b{b}": (5 * gates,) for b in biases}
    return forward(kind, *(shapes | changes).values())


def heads(x=(2, 3, 4), wqkv=(4, 12), bqkv=(12,), wo=(4, 4), bo=(4,), **options):
    return forward("multihead_attention", x, wqkv, bqkv, wo, bo, **options)


def images(kind, gamma=(3,), beta=(3,), x=(2, 3, 1, 1), **options):
    return forward(kind, x, gamma, beta, **options)


def batches(gamma=(3,), beta=(3,), x=(2, 3), running=None, **options):
    running = running and tuple(map(np.ones, running))
    return forward("batchnorm", x, gamma, beta, running=running, **options)


RUNNING = np.zeros(3), np.ones(3)


def statistics(N=2, seen=None, running=RUNNING, **options):
    _, cache = find("batchnorm", "forward")(np.ones((N, 3)), np.ones(3), np.ones(3), seen)
    return lambda: running_statistics(cache, running, **options)


def evaluation(running):
    """The two calls that take running statistics."""
    ones = np.ones((2, 3)), np.ones(3), np.ones(3)
    return [lambda: find("batchnorm", "forward")(*ones, running), statistics(running=running)]


def temporal(x=(2, 3, 4), y=(2, 3), **options):
    return loss("temporal_softmax", np.ones(x), np.ones(y, int), **options)


def triplets(*y, x=(3, 2), **options):
    return loss("triplet", np.ones(x), np.array(y, int), **options)


def texts(*y, x=(2, 3, 3), **options):
    return loss("ctc", np.ones(x), np.array(y), **options)


def tokens(*ids, rotary=False, **changes):
    net, params = gpt(3, 4, width=6, depth=1, **{"heads": 2, "rotary": rotary} | changes)
    return lambda: network_forward(np.array(ids), params, net)


def affine(x=X, w=W, b=B):
    return lambda: affine_forward(x, w, b)


def sizes(*widths: Any):
    return lambda: mlp(list(widths))


def network(*net, **changes):
    given = {"params": PARAMS, "net": net or [AFFINE], "loss": layer("mse")} | changes
    return lambda: network_loss(X, np.zeros((2, 4)), **given)


SUM = "expected probabilities >= 0 that sum to 1"
YES = "expected probabilities from 0 to 1"
STRENGTH = "expected a strength of 0 or more"
COUNT = "expected a whole number, 1 or more"
LAYER = "expected a layer, such as layer('relu')"
NO_LAYERS: Any = ["relu"]
SINCE_X = "since x has shape (2, 3)"
SINCE_W = f"{SINCE_X} and w has shape (3, 4)"
VALUES = [
    ("y[1] is [0.5 0.  0. ], " + SUM, loss("softmax", X, rows(0.5, 0.0, 0.0))),
    ("y[1] is [0.5 0.5 0.5], " + SUM, loss("softmax", X, rows(0.5, 0.5, 0.5))),
    ("y[1] is [ 1.5 -0.5  0. ], " + SUM, loss("softmax", X, rows(1.5, -0.5, 0.0))),
    ("y[1] is [-0.5  0.5  0. ], " + SUM, loss("softmax", X, rows(-0.5, 0.5, 0.0))),
    (
        "y[1] is [0.99999952 0.         0.        ], " + SUM,
        loss("softmax", X, rows(1 - 4 * EPS, 0, 0)),
    ),
    ("y runs from -0.5 to 1.0, " + YES, loss("bce_with_logits", X, rows(0.5, -0.5, 0.0))),
    ("y runs from 0.0 to 1.5, " + YES, loss("bce_with_logits", X, rows(0.5, 1.5, 0.0))),
    (f"y[1] is {rows(1.0, -TINY, 0.0)[1]}, " + SUM, loss("softmax", X, rows(1.0, -TINY, 0.0))),
    (f"y runs from {-TINY} to 1.0, " + YES, loss("bce_with_logits", X, rows(0.5, -TINY, 0.0))),
    (f"y runs from 0.0 to {OVER}, " + YES, loss("bce_with_logits", X, rows(0.5, OVER, 0.0))),
    # The first row is off too, by no more than rounding.
    (
        "y[1] is [0.5 0.5 0.5], " + SUM,
        loss("softmax", X, np.array([[1 - 2 * EPS, 0, 0], [0.5, 0.5, 0.5]])),
    ),
    ("smoothing is -0.25, expected a share from 0 to 1", loss("softmax", X, Y, smoothing=-0.25)),
    ("smoothing is 1.25, expected a share from 0 to 1", loss("softmax", X, Y, smoothing=1.25)),
    ("smoothing is nan, expected a share from 0 to 1", loss("softmax", X, Y, smoothing=NAN)),
    ("delta is 0, expected a number above 0", loss("huber", X, Y, delta=0)),
    ("delta is -1, expected a number above 0", loss("huber", X, Y, delta=-1)),
    ("delta is -1.5, expected a number above 0", loss("huber", X, Y, delta=-1.5)),
    ("delta is nan, expected a number above 0", loss("huber", X, Y, delta=NAN)),
    ("reg is -0.5, " + STRENGTH, lambda: l2_loss(W, -0.5)),
    ("reg is nan, " + STRENGTH, lambda: l2_loss(W, NAN)),
    ("reg is -0.5, " + STRENGTH, network(reg=-0.5)),
    ("x has shape (3,), expected (N, C)", loss("softmax", X[0], LABELS)),
    ("y[1] is 2, expected a label from 0 to 1", loss("svm", X[:, :2], LABELS)),
    ("y[1] is 2, expected a label from 0 to 0", loss("softmax", X[:, :1], LABELS)),
    ("y has shape (2, 1), " + A_ROW, loss("svm", X, LABELS[:, None])),
    ("x has shape (3,), expected (N, C)", loss("svm", X[0], LABELS)),
    ("x has shape (1, 2, 3), expected (N, C)", loss("svm", X[None], LABELS)),
    ("x has shape (), expected (N, ...)", affine(x=np.array(1.0))),
    ("w has shape (2, 4), expected (3, M), " + SINCE_X, affine(w=W[:2])),
    ("w has shape (1, 4), expected (3, M), " + SINCE_X, affine(w=W[:1])),
    ("w has shape (3,), expected (3, M), " + SINCE_X, affine(w=W[:, 0])),
    ("w has shape (3, 4, 1), expected (3, M), " + SINCE_X, affine(w=W[:, :, None])),
    ("b has shape (3,), expected (4,), " + SINCE_W, affine(b=B[:3])),
    ("b has shape (1,), expected (4,), " + SINCE_W, affine(b=B[:1])),
    ("b has shape (1, 4), expected (4,), " + SINCE_W, affine(b=B[None])),
    ("b has shape (), expected (4,), " + SINCE_W, affine(b=B[0])),
    ("residual_branch has shape (2, 4), expected (2, 3)", network(residual(AFFINE))),
    ("residual_branch has shape (2, 1), expected (2, 3)", network(residual(AFFINE), params=COLUMN)),
    ("sizes is [], expected two widths or more", sizes()),
    ("sizes is [3], expected two widths or more", sizes(3)),
    ("sizes[1] is -1, " + COUNT, sizes(3, -1, 2)),
    ("sizes[0] is 3.0, " + COUNT, sizes(3.0, 1)),
    ("sizes[1] is 0, " + COUNT, sizes(3, 0, 2)),
    ("sizes[2] is 2.5, " + COUNT, sizes(3, 1, 2.5)),
    ("sizes[0] is '3', " + COUNT, sizes("3", 1)),
]
PAIR = "a whole number, 1 or more, or a pair"
IMAGE = "expected (N, C, H, W)"
VALUES += [
    # Windows
    (f"x has shape (2, 3, 3), {IMAGE}", conv(x=(2, 3, 3))),
    (f"x has shape (2, 3, 3), {IMAGE}", stamps(x=(2, 3, 3))),
    ("x has shape (1, 3), expected (N, C, L)", conv1d(x=(1, 3))),
    ("w has shape (1, 2, 2, 2), expected (1, 1, 2, 2)", conv(w=(1, 2, 2, 2))),
    ("w has shape (2, 4, 2, 2), expected (2, 2, 2, 2)",
     conv(x=(1, 4, 3, 3), w=(2, 4, 2, 2), b=(2,), groups=2)),
    ("b has shape (2,), expected (1,), since x has shape (1, 1, 3, 3) and w has shape (1, 1, 2, 2)",
     conv(b=(2,))),
    ("b has shape (2,), expected (1,), since x has shape (1, 1, 3) and w has shape (1, 1, 2)",
     conv1d(b=(2,))),
    *[(f"w has shape {bad}, expected {right}, since x has shape {x}",
       conv1d(x=x, w=bad, b=bad[:1], groups=groups))
      for bad, right, x, groups in [
          ((1, 2, 2), (1, 1, 2), (1, 1, 3), 1), ((3, 1, 2), (3, 2, 2), (1, 2, 3), 1),
          ((2, 4, 3), (2, 2, 3), (1, 4, 3), 2), ((2, 1, 3), (2, 2, 3), (1, 4, 3), np.int64(2)),
      ]],
    ("w has shape (1, 2), expected (F, G, K), since x has shape (1, 1, 3)", conv1d(w=(1, 2))),
    *[(f"dout has shape {np.shape(bad)}, expected (2, 1, 3)",
       behind("conv1d", bad, (2, 1, 4), (1, 1, 2), (1,)))
      for bad in (np.array(1.0), np.float64(1.0), np.ones(3), np.ones((1, 3)), np.ones((2, 1, 1)),
                  np.ones((1, 1, 3)), np.ones((2, 1, 4)), np.ones((2, 1, 1, 3)))],
    ("b has shape (2,), expected (1,)", stamps(b=(2,))),
    ("b has shape (1,), expected (2,)", stamps(x=(1, 2, 3, 3), w=(2, 1, 2, 2), groups=2)),
    ("groups is 2, expected a divisor of the 3 channels", conv(x=(1, 3, 3, 3), groups=2)),
    ("groups is 2, expected a divisor of the 3 channels", conv1d(x=(1, 3, 3), groups=2)),
    ("groups is 2, expected a divisor of the 3 channels",
     stamps(x=(1, 3, 3, 3), w=(3, 1, 2, 2), groups=2)),
    ("groups is 2, expected a divisor of the 3 filters",
     conv(x=(1, 2, 3, 3), w=(3, 1, 2, 2), b=(3,), groups=2)),
    (f"groups is 0, {COUNT}", conv(groups=0)),
    *[(f"groups is {bad!r}, {COUNT}", conv1d(groups=bad))
      for bad in (0, -1, 1.0, None, "1", (1, 1), [1], np.array(1))],
    ("groups is 2, expected a divisor of the 3 filters",
     conv1d(x=(1, 2, 3), w=(3, 1, 2), b=(3,), groups=2)),
    (f"groups is 1.0, {COUNT}", stamps(groups=1.0)),
    ("the window reaches over 4 pixels, expected at most 3, x with its padding",
     conv(w=(1, 1, 4, 1))),
    ("the window reaches over 6 pixels, expected at most 5, x with its padding",
     conv(w=(1, 1, 1, 6), padding=1)),
    ("the window reaches over 4 pixels, expected at most 3, x with its padding", conv(dilation=3)),
    ("the window reaches over 4 pixels, expected at most 3, x with its padding",
     conv1d(w=(1, 1, 4))),
    ("the window reaches over 4 pixels, expected at most 3, x with its padding",
     forward("max_pool2d", (1, 1, 3, 3), kernel=4)),
    ("the window reaches over 4 pixels, expected at most 3, x with its padding",
     forward("avg_pool2d", (1, 1, 3, 3), kernel=(1, 4))),
    *[(f"{name} is {bad!r}, {COUNT}", conv1d(**{name: bad}))
      for name in ("stride", "dilation")
      for bad in (0, -1, 1.5, NAN, None, "1", (1, 2), (), [1], np.array(1), np.array([1, 2]))],
    *[(f"{name} is {bad!r}, expected {PAIR}", call(**{name: bad}))
      for call in (conv, stamps)
      for name in ("stride", "dilation")
      for bad in (0, -1, 1.5, None, "2", (1, 0), (1, -1), (1,), (1, 1, 1), (), [1, 1], (1, 2.0))],
    *[(f"padding is {bad!r}, expected a whole number, 0 or more, or a pair", call(padding=bad))
      for call in (conv, stamps)
      for bad in (-1, 0.5, None, "same", (0, -1), (1, 1, 1), [0, 0])],
    ("output_padding is 1, expected less than the stride or dilation", stamps(output_padding=1)),
    ("output_padding is (1, 2), expected less than the stride or dilation",
     stamps(stride=2, output_padding=(1, 2))),
    ("output_padding is -1, expected a whole number, 0 or more, or a pair",
     stamps(stride=2, output_padding=-1)),
    ("the output would have shape (2, 0), expected one pixel or more",
     stamps(x=(1, 1, 1, 1), padding=(0, 1))),
    # Pooling
    *[(f"{name} is {bad!r}, expected {PAIR}", forward(kind, (1, 1, 3, 3), **{name: bad}))
      for kind in ("max_pool2d", "avg_pool2d")
      for name in ("kernel", "stride")
      for bad in (0, -1, 2.0, (2, 0), [2, 2])],
    *[(message, forward(kind, (1, 1, 4, 4), **options))
      for kind in ("max_pool2d", "avg_pool2d")
      for message, options in [
          ("padding is -1, expected a whole number, 0 or more, or a pair", {"padding": -1}),
          ("padding is 2, expected at most half the kernel, (2, 2)", {"padding": 2}),
          ("padding is 2, expected at most half the kernel, (3, 3)", {"padding": 2, "kernel": 3}),
          ("padding is (0, 1), expected at most half the kernel, (2, 1)",
           {"padding": (0, 1), "kernel": (2, 1)}),
      ]],
    *[(f"scale is {bad!r}, expected {PAIR}", forward("upsample_nearest", (1, 1, 3, 3), scale=bad))
      for bad in (0, 1.5, (2, 0), None)],
    *[(f"x has shape (1, 3, 3), {IMAGE}", forward(kind, (1, 3, 3)))
      for kind in ("max_pool2d", "avg_pool2d", "global_avg_pool", "upsample_nearest")],
    # Norms
    ("x has shape (3,), expected (N, C, ...)", batches(x=(3,))),
    ("gamma has shape (2,), expected (3,)", batches(gamma=(2,))),
    ("gamma has shape (3, 1), expected (3,)", batches(gamma=(3, 1))),
    ("beta has shape (1, 3), expected (3,)", batches(beta=(1, 3))),
    ("beta has shape (1,), expected (3,)", batches(beta=(1,), x=(2, 3, 4, 5))),
    ("running_mean has shape (2,), expected (3,)", batches(running=[(2,), (3,)])),
    ("running_mean has shape (1, 3), expected (3,)", batches(running=[(1, 3), (3,)])),
    ("running_var has shape (1,), expected (3,)", batches(running=[(3,), (1,)])),
    ("the cache is that of an evaluation, expected one of training",
     statistics(seen=RUNNING)),
    ("the batch has 1 number a channel, expected 2 or more for a variance", statistics(1)),
    *[(f"momentum is {bad}, expected a share from 0 to 1", statistics(momentum=bad))
      for bad in (-0.1, 1.5, -TINY, OVER, NAN, INF, np.array(2.0))],
    *[(message, call)
      for message, running in [
          ("running_mean has shape (2,), expected (3,)", (np.ones(2), np.ones(3))),
          ("running_mean has shape (), expected (3,)", (np.array(0.0), np.ones(3))),
          ("running_var has shape (1,), expected (3,)", (np.ones(3), np.ones(1))),
          ("running_var has shape (1, 3), expected (3,)", (np.ones(3), np.ones((1, 3)))),
          ("running_var has shape (), expected (3,)", (np.ones(3), np.float64(1.0))),
          ("running_var is [ 1.  1. -1.], expected numbers of 0 or more",
           (np.ones(3), np.array([1.0, 1.0, -1.0]))),
          ("running_var is [-5.e-324  1.e+000  1.e+000], expected numbers of 0 or more",
           (np.ones(3), np.array([-TINY, 1.0, 1.0]))),
          ("running_var is [-1  0  1], expected numbers of 0 or more",
           (np.ones(3), np.array([-1, 0, 1]))),
      ]
      for call in evaluation(running)],
    *[("x has shape (), expected an axis or more", forward(kind, bad, *shapes))
      for kind, *shapes in [("standardize",), ("layernorm", (1,), (1,)), ("rmsnorm", (1,))]
      for bad in (np.array(1.0), np.float64(1.0))],
    ("gamma has shape (2,), expected (3,)", forward("layernorm", (2, 3), (2,), (3,))),
    ("gamma has shape (2, 3), expected (3,)", forward("layernorm", (2, 3), (2, 3), (3,))),
    ("beta has shape (1,), expected (3,)", forward("layernorm", (2, 3), (3,), (1,))),
    ("gamma has shape (1,), expected (3,)", forward("rmsnorm", (2, 3), (1,))),
    *[(f"x has shape {bad}, {IMAGE}", images(kind, x=bad))
      for kind in ("groupnorm", "instancenorm")
      for bad in ((), (3,), (2, 3), (2, 3, 1), (2, 3, 1, 1, 1))],
    *[("gamma has shape (1,), expected (3,)", images(kind, gamma=(1,)))
      for kind in ("groupnorm", "instancenorm")],
    *[("beta has shape (2,), expected (3,)", images(kind, beta=(2,)))
      for kind in ("groupnorm", "instancenorm")],
    ("groups is 2, expected a divisor of the 3 channels", images("groupnorm", groups=2)),
    ("groups is 6, expected a divisor of the 3 channels", images("groupnorm", groups=6)),
    (f"groups is 0, {COUNT}", images("groupnorm", groups=0)),
    *[(f"eps is {eps}, expected a number above 0", call(eps=eps))
      for eps in (0, -1e-5, NAN)
      for call in (
          batches,
          lambda **options: batches(running=[(3,), (3,)], **options),
          lambda **options: forward("standardize", (2, 3), **options),
          lambda **options: forward("layernorm", (2, 3), (3,), (3,), **options),
          lambda **options: forward("rmsnorm", (2, 3), (3,), **options),
          lambda **options: images("groupnorm", **options),
          lambda **options: images("instancenorm", **options),
      )],
    # Dropout
    *[(f"p is {p}, expected a chance to drop, 0 or more and below 1", forward("dropout", (2,), p=p))
      for p in (1, 1.5, -0.1, NAN)],
    # Tokens
    ("w has shape (3,), expected (V, D)", forward("embedding", LABELS, (3,))),
    ("ids[1] is 2, expected 0 to 1", forward("embedding", LABELS, (2, 4))),
    ("ids[1, 0] is -1, expected 0 to 2",
     forward("embedding", np.array([[0, 1], [-1, 5]]), (3, 2))),
    ("x has 4 steps, expected at most 3, the rows of p", forward("positions", (1, 4, 2), (3, 2))),
    ("p has shape (3, 3), expected (3, 2), since x has shape (1, 2, 2)",
     forward("positions", (1, 2, 2), (3, 3))),
    ("x has shape (2, 2), expected (N, T, D)", forward("positions", (2, 2), (3, 2))),
    ("x has shape (), expected an axis or more", forward("unembedding", (), (2, 3))),
    ("w has shape (2, 3, 1), expected (V, 3), since x has shape (2, 3)",
     forward("unembedding", (2, 3), (2, 3, 1))),
    ("w has shape (3,), expected (V, 3), since x has shape (2, 3)",
     forward("unembedding", (2, 3), (3,))),
    ("w has shape (4, 2), expected (4, 3), since x has shape (2, 3)",
     forward("unembedding", (2, 3), (4, 2))),
    ("x has shape (), expected an axis or more", forward("temporal_affine", (), (3, 2), (2,))),
    ("w has shape (4, 2), expected (3, M), since x has shape (2, 3)",
     forward("temporal_affine", (2, 3), (4, 2), (2,))),
    ("w has shape (3,), expected (3, M), since x has shape (2, 3)",
     forward("temporal_affine", (2, 3), (3,), (2,))),
    ("b has shape (3,), expected (2,), since x has shape (2, 3) and w has shape (3, 2)",
     forward("temporal_affine", (2, 3), (3, 2), (3,))),
    # Shapes
    ("x has shape (), expected (N, ...)", forward("flatten", ())),
    ("x has shape (), expected (N, ...)", forward("reshape", (), shape=(1,))),
    ("x has shape (2, 3), expected examples of 4", forward("reshape", (2, 3), shape=(2, 2))),
    ("x has shape (2, 3), expected examples of 6", forward("reshape", (2, 3), shape=(6,))),
    *[(f"shape[{i}] is {shape[i]!r}, {COUNT}", forward("reshape", (2, 3), shape=shape))
      for i, shape in [(0, (-1,)), (1, (3, 0)), (1, [3, -1]), (0, (3.0,)), (0, (None, 3)),
                       (1, (1, "3")), (0, ((3,),)), (0, ([3],)), (0, (np.array(3),))]],
    *[(f"axes is {axes}, expected 0 to 1, each once", forward("transpose", (2, 3), axes=axes))
      for axes in ((0,), (1, 1), (0, -1), (1, 2), (0, 1, 2), (), [0], (0, 0.5), (0, NAN),
                   0, 1, 1.0, None, True, "01", {0, 1}, np.array(1), np.array([1, 0]))],
    ("xs is [], expected a list of one array or more", forward("concatenate", [])),
    ("xs is (), expected a list of one array or more", lambda: find("concatenate", "forward")(())),
    *[(f"xs[{i}] has shape {np.shape(xs[i])}, expected {wanted}",
       forward("concatenate", xs, **options))
      for i, wanted, xs, options in [
          (0, "2 axes or more", [np.array(1.0)], {}), (0, "2 axes or more", [np.ones(3)], {}),
          (1, "2 axes or more", [X, np.float64(1.0)], {}), (1, "2 axes or more", [X, X[0]], {}),
          (0, "an axis or more", [np.array(1.0)] * 2, {"axis": 0}),
          (1, "an axis or more", [X, np.array(1.0)], {"axis": 0}),
          (0, "3 axes or more", [X, X], {"axis": 2}),
      ]],
    ("xs[1] has shape (3, 3), expected that of xs[0], (2, 3), but for axis 1",
     forward("concatenate", [X, np.ones((3, 3))])),
    ("xs[2] has shape (2, 3, 1), expected that of xs[0], (2, 3), but for axis 0",
     forward("concatenate", [X, X, X[..., None]], axis=0)),
    ("xs[1] has shape (2, 4), expected that of xs[0], (2, 3), but for axis 0",
     network(concatenate(AFFINE, axis=0))),
    ("dout has shape (2, 3), expected (2, 6)",
     lambda: find("concatenate", "backward")(X, CONCATENATED)),
    # Recurrent
    ("x has shape (2, 4), expected (N, T, D)", recurrent("rnn", x=(2, 4))),
    ("h0 has shape (1, 5), expected (2, H), since x has shape (2, 3, 4)",
     recurrent("rnn", h0=(1, 5))),
    ("h0 has shape (5,), expected (2, H), since x has shape (2, 3, 4)", recurrent("rnn", h0=(5,))),
    ("wh has shape (5, 4), expected (5, 5), since x has shape (2, 3, 4) and h0 has shape (2, 5) "
     "and wx has shape (4, 5)", recurrent("rnn", wh=(5, 4))),
    ("x has shape (2, 3, 4), expected (N, D)", recurrent("rnn_step", x=(2, 3, 4))),
    ("h has shape (1, 5), expected (2, H), since x has shape (2, 4)",
     recurrent("rnn_step", h=(1, 5))),
    ("wx has shape (4, 5), expected (4, 6), since x has shape (2, 4) and h has shape (2, 6)",
     recurrent("rnn_step", h=(2, 6))),
    ("b has shape (1,), expected (5,), since x has shape (2, 4) and h has shape (2, 5) and "
     "wx has shape (4, 5) and wh has shape (5, 5)", recurrent("rnn_step", b=(1,))),
    ("x has shape (2, 4), expected (N, T, D)", recurrent("lstm", x=(2, 4))),
    ("h0 has shape (1, 5), expected (2, H), since x has shape (2, 3, 4)",
     recurrent("lstm", h0=(1, 5))),
    ("h0 has shape (5,), expected (2, H), since x has shape (2, 3, 4)", recurrent("lstm", h0=(5,))),
    ("c0 has shape (2, 6), expected (2, 5), since x has shape (2, 3, 4) and h0 has shape (2, 5)",
     recurrent("lstm", c0=(2, 6))),
    ("c has shape (1, 5), expected (2, 5), since x has shape (2, 4) and h has shape (2, 5)",
     recurrent("lstm_step", c=(1, 5))),
    *[(f"{name} has shape {bad}, expected {right}", recurrent(kind, **{name: bad}))
      for kind in ("lstm", "lstm_step")
      for name, right, *shapes in [
          ("wx", (4, 20), (4, 15), (4, 21), (3, 20), (1, 20), (20,), (1, 4, 20)),
          ("wh", (5, 20), (5, 15), (5, 5), (4, 20), (1, 20), (20,), ()),
          ("b", (20,), (15,), (5,), (1,), (1, 20), (20, 1), ()),
      ]
      for bad in shapes],
    ("wx has shape (4, 15), expected (4, 20)",
     recurrent("lstm", wx=(4, 15), wh=(5, 15), b=(15,))),
    ("wx has shape (4, 15), expected (4, 20)",
     recurrent("lstm_step", wx=(4, 15), wh=(5, 15), b=(15,))),
    ("x has shape (2, 4), expected (N, T, D)", recurrent("gru", x=(2, 4))),
    ("h0 has shape (1, 5), expected (2, H), since x has shape (2, 3, 4)",
     recurrent("gru", h0=(1, 5))),
    ("h has shape (1, 5), expected (2, H), since x has shape (2, 4)",
     recurrent("gru_step", h=(1, 5))),
    *[(f"{name} has shape {bad}, expected {right}", recurrent(kind, **{name: bad}))
      for kind in ("gru", "gru_step")
      for name, right, *shapes in [
          ("wx", (4, 15), (4, 20), (4, 16), (3, 15), (1, 15), (15,), (1, 4, 15)),
          ("wh", (5, 15), (5, 20), (5, 5), (4, 15), (1, 15), (15,), ()),
          ("bx", (15,), (20,), (5,), (1,), (1, 15), (15, 1), ()),
          ("bh", (15,), (20,), (5,), (1,), (1, 15), (15, 1), ()),
      ]
      for bad in shapes],
    ("wx has shape (4, 20), expected (4, 15)",
     recurrent("gru", wx=(4, 20), wh=(5, 20), bx=(20,), bh=(20,))),
    ("wx has shape (4, 20), expected (4, 15)",
     recurrent("gru_step", wx=(4, 20), wh=(5, 20), bx=(20,), bh=(20,))),
    *[(f"dout has shape {np.shape(bad)}, expected (2, 4)", gru_step(bad))
      for bad in (np.array(1.0), np.float64(1.0), np.ones(4), np.ones((2, 1)), np.ones((1, 2, 4)))],
    # Attention
    *[(f"{'qkv'[i]} has shape {bad}, expected 2 axes or more",
       forward("attention", *[(3, 3)] * i, bad, *[(3, 3)] * (2 - i)))
      for i in range(3) for bad in ((), (3,))],
    ("k has shape (3, 4), expected (2, 3, 4)",
     forward("attention", (2, 3, 4), (3, 4), (3, 4))),
    ("k has shape (2, 3, 5), expected (2, 3, 4)",
     forward("attention", (2, 3, 4), (2, 3, 5), (2, 3, 4))),
    ("k has shape (1, 3, 4), expected (2, 3, 4)",
     forward("attention", (2, 3, 4), (1, 3, 4), (1, 3, 4))),
    ("v has shape (2, 4, 4), expected (2, 3, 4)",
     forward("attention", (2, 3, 4), (2, 3, 4), (2, 4, 4))),
    ("v has shape (3, 4), expected (2, 3, 4)",
     forward("attention", (2, 3, 4), (2, 3, 4), (3, 4))),
    ("x has shape (2, 3), expected an even last axis", forward("rotary", (2, 3))),
    *[(f"x has shape {np.shape(bad)}, expected 2 axes or more", forward("rotary", bad))
      for bad in (np.array(1.0), np.float64(1.0), np.ones(4))],
    *[(f"base is {bad}, expected a number above 0", forward("rotary", (2, 4), base=bad))
      for bad in (0, 0.0, -1, -TINY, -INF, NAN, np.array(0.0))],
    ("x has shape (3, 4), expected (N, T, D)", heads(x=(3, 4))),
    ("wqkv has shape (4, 8), expected (4, 12)", heads(wqkv=(4, 8), bqkv=(8,))),
    ("bqkv has shape (4,), expected (12,), since x has shape (2, 3, 4) and wqkv has shape (4, 12)",
     heads(bqkv=(4,))),
    ("wo has shape (4, 5), expected (4, 4), since x has shape (2, 3, 4) and wqkv has shape (4, 12) "
     "and bqkv has shape (12,)", heads(wo=(4, 5))),
    ("bo has shape (1,), expected (4,), since x has shape (2, 3, 4) and wqkv has shape (4, 12) and "
     "bqkv has shape (12,) and wo has shape (4, 4)", heads(bo=(1,))),
    ("heads is 3, expected a divisor of the 4 columns of x", heads(heads=3)),
    ("heads is 8, expected a divisor of the 4 columns of x", heads(heads=8)),
    *[(f"heads is {bad!r}, {COUNT}", heads(heads=bad)) for bad in (0, -2, 2.0, "2", None)],
    *[(f"mask has shape {bad}, expected (T, T) or (N, 1, T, T): a mask of each example needs an "
       "axis for the heads", heads(mask=np.ones(bad, kind), **options))
      for bad in ((2, 3, 3), (1, 3, 3), (1, 1, 1), (3, 3, 3), (2, 1, 3))
      for kind, options in [(bool, {}), (bool, {"heads": 2, "causal": True}), (float, {})]],
    # GPT
    (f"vocabulary is 0, {COUNT}", lambda: gpt(0, 3)),
    (f"steps is 2.5, {COUNT}", lambda: gpt(3, 2.5)),
    (f"width is -4, {COUNT}", lambda: gpt(3, 2, width=-4)),
    (f"depth is 0, {COUNT}", lambda: gpt(3, 2, depth=0)),
    (f"heads is '2', {COUNT}", lambda: gpt(3, 2, heads="2")),
    *[(f"heads is {heads}, expected a divisor of the width, {width}",
       lambda width=width, heads=heads: gpt(3, 4, width=width, heads=heads))
      for heads, width in [(4, 6), (12, 6), (2, 1), (np.int64(3), 32)]],
    *[(f"heads is {heads}, expected a divisor of the width with an even quotient, {width}",
       lambda width=width, heads=heads: gpt(3, 4, width=width, heads=heads, rotary=True))
      for heads, width in [(2, 6), (6, 6), (4, 6), (1, 5)]],
    *[(f"heads is {bad!r}, {COUNT}", lambda bad=bad: gpt(3, 2, heads=bad))
      for bad in (0, -1, 4.0, None, [4], (4,), np.array(4))],
    ("x has 5 steps, expected at most 4, the rows of p", tokens([0, 1, 2, 0, 1])),
    ("ids[0, 1] is 3, expected 0 to 2", tokens([0, 3])),
    # Losses
    ("x has shape (2, 3), expected (N, T, V)", temporal(x=(2, 3))),
    ("y has shape (2, 2), expected (2, 3), a label for each step of x", temporal(y=(2, 2))),
    ("y has shape (3,), expected (2, 3), a label for each step of x", temporal(y=(3,))),
    ("y has shape (1, 3), expected (2, 3), a label for each step of x", temporal(y=(1, 3))),
    ("y[0, 0] is 1, expected 0 to 0", temporal(x=(2, 3, 1))),
    ("mean is 'sum', expected 'tokens' or 'examples'", temporal(mean="sum")),
    ("mean is None, expected 'tokens' or 'examples'", temporal(mean=None)),
    *[(f"y has shape {np.shape(bad)}, expected (M, 3): anchor, positive, negative", triplets(*bad))
      for bad in ([0, 1, 2], [[0, 1]], [[[0, 1, 2]]], [])],
    ("y[0, 2] is 3, expected 0 to 2", triplets([0, 1, 3])),
    ("y[1, 0] is -1, expected 0 to 2", triplets([0, 1, 2], [-1, 0, 1])),
    ("x has shape (3,), expected (N, D)", triplets([0, 1, 2], x=(3,))),
    *[(f"margin is {bad}, expected a number above 0", triplets([0, 1, 2], margin=bad))
      for bad in (0, -1.5, NAN)],
    ("y has shape (2,), expected rows of probabilities (N, C)", loss("kl", X, LABELS)),
    ("y has shape (), expected rows of probabilities (N, C)", loss("kl", X, np.array(1))),
    ("y has shape (), expected rows of probabilities (N, C)", loss("kl", X, np.float64(1.0))),
    ("y has shape (1, 2, 3), expected rows of probabilities (N, C)", loss("kl", X, Y[None])),
    ("y[1] is [0.5 0.5 0.5], " + SUM, loss("kl", X, rows(0.5, 0.5, 0.5))),
    ("y[1] is [ 1.5 -0.5  0. ], " + SUM, loss("kl", X, rows(1.5, -0.5, 0.0))),
    ("x has shape (3, 3), expected (N, T, C)", texts([1], [2], x=(3, 3))),
    ("y[1, 0] is 3, expected 0 to 2", texts([1], [3])),
    ("y has shape (2,), expected (2, L), the labels of each example", texts(1, 2)),
    ("y has shape (1, 2), expected (2, L), the labels of each example", texts([1, 2])),
    ("y holds 0, the blank, which nobody says; pad with -1", texts([1], [0])),
    ("y holds 2, the blank, which nobody says; pad with -1", texts([1], [2], blank=2)),
    ("y[0] is [ 1 -1  2], expected -1 at the end only", texts([1, -1, 2], [1, 1, -1])),
    ("y[1] is [-1  2], expected -1 at the end only", texts([1, -1], [-1, 2])),
    ("steps[0] is 3, expected 4 or more to say y[0]", texts([1, 2, 1, 2], [1, -1, -1, -1])),
    ("steps[1] is 3, expected 4 or more to say y[1]", texts([1, -1, -1], [2, 2, 1])),
    ("steps[0] is 1, expected 2 or more to say y[0]",
     texts([1, 2], [1, 2], steps=np.array([1, 3]))),
    *[(f"steps is {wrong}, expected 2 whole numbers from 1 to 3",
       texts([1], [-1], steps=np.array(steps)))
      for wrong, steps in [("[0 3]", [0, 3]), ("[3 0]", [3, 0]), ("[3 4]", [3, 4]),
                           ("[-1  3]", [-1, 3])]],
    *[(f"blank is {bad!r}, expected a label from 0 to 2", texts([1], [2], blank=bad))
      for bad in (3, -1, np.int64(3), 0.0, NAN, None, "0", [0], np.array(0), np.array([0]))],
    ("blank is -1, expected a label from 0 to 2", texts([1, -1], [2, 1], blank=-1)),
]  # fmt: skip
TYPES = [
    ("a part of net is 'relu', " + LAYER, network("relu")),
    ("a part of net is 'relu', " + LAYER, network(net=layer("relu"))),
    ("a part of net is 'relu', " + LAYER, network(residual(*NO_LAYERS))),
    ("a part of net is 'relu', " + LAYER, network(concatenate(*NO_LAYERS))),
    ("y is a list, expected a NumPy array", loss("temporal_softmax", np.ones((1, 2, 3)), [[0, 1]])),
    *[
        (f"running is a {what}, expected a pair: (mean, var)", call)
        for what, running in [
            ("list", [np.ones(3), np.ones(3)]),
            ("ndarray", np.ones((2, 3))),
            ("ndarray", np.ones(3)),
            ("ndarray", np.array(1.0)),
            ("float64", np.float64(1.0)),
            ("int", 0),
            ("float", 1.0),
            ("str", "ab"),
            ("dict", {}),
            ("bool", False),
            ("tuple", ()),
            ("tuple", (np.ones(3),)),
            ("tuple", (np.ones(3),) * 3),
        ]
        for call in evaluation(running)
    ],
    *[
        (f"running_{name} is a {what}, expected a NumPy array", call)
        for what, bad in [("list", [1.0, 1.0, 1.0]), ("NoneType", None), ("float", 1.0)]
        for name, running in [("mean", (bad, np.ones(3))), ("var", (np.ones(3), bad))]
        for call in evaluation(running)
    ],
    ("running is a NoneType, expected a pair: (mean, var)", statistics(running=None)),
    *[
        (f"dout is a {what}, expected a pair: (dh_next, dc_next)", lstm_step(dout))
        for what, dout in [
            ("ndarray", np.ones((2, 4))),
            ("ndarray", np.ones((2, 2, 4))),
            ("ndarray", np.array(1.0)),
            ("float64", np.float64(1.0)),
            ("list", [np.ones((2, 4))] * 2),
            ("NoneType", None),
            ("float", 1.0),
            ("int", 0),
            ("tuple", ()),
            ("tuple", (np.ones((2, 4)),)),
            ("tuple", (np.ones((2, 4)),) * 3),
        ]
    ],
    *[
        (
            f"rng is {rng!r}, expected a generator: np.random.default_rng({rng!r})",
            forward("dropout", (2, 3), rng=rng, **options),
        )
        for rng in (0, 1, 2.0, True, False, "0", [1, 2], (0,), np.int64(0), np.array(0))
        for options in ({}, {"mask": X > 0})
    ],
    *[
        (
            f"shape is {shape!r}, expected the sizes of an example's axes: a tuple",
            forward("reshape", (2, 3), shape=shape),
        )
        for shape in (3, 3.0, -1, None, "3", {3}, np.array(3), np.array([3]), range(3, 4))
    ],
    *[
        (f"y is a {type(y).__name__}, expected a NumPy array", loss("kl", X, y))
        for y in ([0, 2], [[0.5, 0.5, 0.0]] * 2, (0, 2), 1.0, 0, None, "a")
    ],
    ("loss is 'mse', " + LAYER, network(loss="mse")),
    ("loss is None, " + LAYER, network(loss=None)),
]


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [(ValueError, *case) for case in VALUES] + [(TypeError, *case) for case in TYPES],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_message(error, message, call):
    with raises(error, message):
        call()


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: find("rleu", "forward"), "rleu_forward"),
        (lambda: find("rleu", "backward"), "rleu_backward"),
        (lambda: find("mes", "loss"), "mes_loss"),
        (network(layer("rleu")), "rleu_forward"),
        (network(loss=layer("mes")), "mes_loss"),
        (lambda: mlp([3, 2], "rleu"), "rleu_forward"),
    ],
)
def test_a_kind_nobody_wrote(call, what):
    """The message lists those that there are."""
    with pytest.raises(ValueError, match=f"^there is no {what}; expected one of: ") as raised:
        call()
    known = str(raised.value).split(": ")[1].split(", ")
    assert known == sorted(known)
    verb = what.rpartition("_")[2]
    assert all(f"{kind}_{verb}" in functions() for kind in known)
    assert set(known) >= set(LOSSES if what.endswith("loss") else LAYERS)


def test_a_parameter_that_is_missing():
    with pytest.raises(KeyError) as raised:
        network_forward(X, {"b": B, "a": B}, [AFFINE])
    assert raised.value.args == (
        "params has no 'W', which layer('affine', 'W', 'b') uses; it has ['a', 'b']",
    )


def test_a_word_for_each_array():
    with pytest.raises(ValueError, match=r"zip\(\) argument 2 is longer"):
        expect("ND", x=X, w=W)


def test_what_is_allowed():
    """The bounds themselves, and every type of number that the messages do not refuse."""
    for dtype in [np.float16, np.float32, np.int64, np.complex64, np.complex128]:
        for kind in LAYERS:
            inputs, options = example(kind, dtype)
            out, cache = find(kind, "forward")(**inputs, **options)
            for call in backward(
                kind, out[0] if LAYERS[kind].outputs == 2 else out, cache
            ).values():
                call()
    find("relu", "forward")(np.float64(1.0))
    find("mse", "loss")(rounding_array(X), rounding_array(Y))
    for dtype in [np.int8, np.uint8, np.int64]:
        for kind in BY_LABEL:
            find(kind, "loss")(X, LABELS.astype(dtype))
    for smoothing in [0, 1]:
        find("softmax", "loss")(X, LABELS, smoothing=smoothing)
    find("softmax", "loss")(X, rows(1 - 3 * EPS, 0, 0))  # the rounding of 3 float32 numbers
    find("huber", "loss")(X, Y, delta=1e-300)
    find("bce_with_logits", "loss")(X, rows(1.0, 0.0, 1.0))
    l2_loss(W, 0)
    mlp([1, np.int64(1)])


def test_what_options_allow():
    """The bounds themselves: none of these is refused."""
    one = np.int64(1)
    for call in (
        conv(w=(1, 1, 3, 3)),
        conv(w=(1, 1, 7, 7), padding=2),
        conv(stride=(one, 9), padding=(one, 0), dilation=(2, one)),
        conv(x=(1, 3, 3, 3), w=(3, 1, 2, 2), b=(3,), groups=np.int64(3)),
        conv1d(stride=3, padding=5, dilation=2),
        stamps(stride=2, output_padding=1),
        stamps(dilation=2, output_padding=(1, 0)),
        stamps(x=(1, 1, 2, 2), padding=1),
        forward("max_pool2d", (1, 1, 2, 2), kernel=4, padding=1),
        forward("avg_pool2d", (1, 1, 2, 2), kernel=(4, 2), padding=(2, 1), stride=(one, 5)),
        forward("upsample_nearest", (1, 1, 2, 2), scale=(one, 3)),
        batches(eps=1e-300),
        *evaluation((np.zeros(3), np.zeros(3))),
        *evaluation((np.zeros(3, int), np.array([0.0, -0.0, 1e300]))),
        statistics(momentum=0),
        statistics(momentum=1),
        batches(x=(1, 3)),
        batches(x=(1, 3, 5)),
        images("groupnorm", groups=3),
        forward("dropout", (2, 3), p=0),
        forward("dropout", (2, 3), p=OVER - 2.0**-51),
        forward("embedding", np.array(2), (3, 2)),
        forward("positions", (1, 3, 2), (3, 2)),
        forward("reshape", (2, 1), shape=()),
        forward("reshape", (2, 6), shape=[3, np.int64(2)]),
        forward("transpose", (2, 3), axes=[1, 0]),
        forward("concatenate", [X]),
        forward("concatenate", [X, X], axis=-1),
        forward("attention", (4, 3), (1, 3), (1, 5), mask=np.array([True])),
        heads(heads=np.int64(4), mask=np.ones((2, 1, 1, 3), bool)),
        heads(heads=2, rotary=True, causal=True),
        tokens([0, 1, 2, 0]),
        tokens([0, 1], [2, 2], rotary=True, heads=3),
        temporal(mask=np.zeros((2, 3), bool)),
        triplets([0, 0, 0], margin=TINY),
        loss("kl", X, rows(1.0, 0.0, 0.0)),
        texts([-1], [-1]),
        texts([1, 1], [1, 2], steps=np.array([3, 2], np.int8), blank=np.int64(0)),
        texts([1, 0], [1, -1], blank=2),
        texts([1], [1], steps=np.array([1, 3], np.uint8)),
        texts([1], [1], steps=np.array([1, 3], np.int32)),
    ):
        call()
