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
    ones = [shape[:k] + (1,) + shape[k + 1 :] for k in range(len(shape))]
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


@pytest.mark.parametrize("kind", [*BY_ENTRY, "softmax"])
def test_targets_of_another_shape(kind):
    shapes = [(2, 1), (1, 3), (3, 2), (2, 3, 1), (1, 1, 2, 3)] + [(3,), (2,), ()] * (
        kind in BY_ENTRY
    )
    for shape in shapes:
        with raises(ValueError, f"y has shape {shape}, expected (2, 3)"):
            find(kind, "loss")(X, np.zeros(shape))


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("kind", [*BY_ENTRY, "softmax"])
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


def rows(*second):
    return np.array([[0.0, 1.0, 0.0], second])


def loss(kind, x, y, **options):
    return lambda: find(kind, "loss")(x, y, **options)


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
TYPES = [
    ("a part of net is 'relu', " + LAYER, network("relu")),
    ("a part of net is 'relu', " + LAYER, network(net=layer("relu"))),
    ("a part of net is 'relu', " + LAYER, network(residual(*NO_LAYERS))),
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
            out, cache = find(kind, "forward")(X.astype(dtype), *with_params(kind))
            find(kind, "backward")(out.astype(dtype), cache)
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
