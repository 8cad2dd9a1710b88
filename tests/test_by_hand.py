"""Every layer and every loss on numbers that can be checked with a pencil.

Those for images stand in test_by_hand_images.py, those for sequences in test_by_hand_sequences.py.
"""

import ast
import math
from pathlib import Path

import numpy as np
import pytest

from manual.catalog import find
from manual.network import (
    concatenate,
    layer,
    mlp,
    network_backward,
    network_forward,
    network_loss,
    residual,
)
from reference.cards import LAYERS, LOSSES
from reference.numbers import UNIT

HERE = Path(__file__).parent

e = math.e
X = np.array([[-2.0, 0.0, 3.0]])
DOUT = np.array([[4.0, 5.0, -6.0]])
S = 1 / (1 + e**-3)  # sigmoid(3)
S_ = 1 / (1 + e**2)  # sigmoid(-2)


def bell(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def normal(x):
    return (1 + math.erf(x / math.sqrt(2))) / 2


def tanh_of_gelu(x):
    u = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return math.tanh(u), math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)


def gelu_tanh(x):
    return x * (1 + tanh_of_gelu(x)[0]) / 2


def gelu_tanh_slope(x):
    t, du = tanh_of_gelu(x)
    return (1 + t) / 2 + x * (1 - t * t) * du / 2


# Each kind: options, out and slope at -2, 0 and 3.
ACTIVATIONS = {
    "identity": [({}, (-2, 0, 3), (1, 1, 1))],
    "relu": [({}, (0, 0, 3), (0, 0, 1))],
    "leaky_relu": [
        ({}, (-0.02, 0, 3), (0.01, 0.01, 1)),
        ({"slope": 0.5}, (-1, 0, 3), (0.5, 0.5, 1)),
    ],
    "elu": [
        ({}, (e**-2 - 1, 0, 3), (e**-2, 1, 1)),
        ({"alpha": 2.0}, (2 * e**-2 - 2, 0, 3), (2 * e**-2, 2, 1)),
    ],
    "sigmoid": [({}, (S_, 0.5, S), (S_ * (1 - S_), 0.25, S * (1 - S)))],
    "tanh": [
        (
            {},
            (math.tanh(-2), 0, math.tanh(3)),
            (math.cosh(2) ** -2, 1, math.cosh(3) ** -2),
        )
    ],
    "softplus": [({}, (math.log(1 + e**-2), math.log(2), math.log(1 + e**3)), (S_, 0.5, S))],
    "silu": [
        (
            {},
            (-2 * S_, 0, 3 * S),
            (S_ - 2 * S_ * (1 - S_), 0.5, S + 3 * S * (1 - S)),
        )
    ],
    "gelu": [
        (
            {},
            (-2 * normal(-2), 0, 3 * normal(3)),
            (normal(-2) - 2 * bell(2), 0.5, normal(3) + 3 * bell(3)),
        )
    ],
    "gelu_tanh": [
        (
            {},
            (gelu_tanh(-2), 0, gelu_tanh(3)),
            (gelu_tanh_slope(-2), 0.5, gelu_tanh_slope(3)),
        )
    ],
}
U16 = 16 * 2.0**-53  # a few roundings, of the test's own scalars too


@pytest.mark.parametrize("kind", sorted(ACTIVATIONS))
def test_activation(kind):
    for options, out, slope in ACTIVATIONS[kind]:
        got, cache = find(kind, "forward")(X, **options)
        dx = find(kind, "backward")(DOUT, cache)
        assert np.abs(got - np.array([out])).max() <= U16 * 4
        assert np.abs(dx - DOUT * np.array([slope])).max() <= U16 * 8


def test_small_results_keep_their_digits():
    """expm1 and log1p, where exp(x) - 1 and log(1 + x) would leave half of the digits or none."""
    x = np.array([-1e-10, -1e-5, -36.0, -100.0])

    def digits(found, expected):
        assert (np.abs(found - expected) <= 8 * 2.0**-53 * np.abs(expected)).all()

    digits(find("elu", "forward")(x)[0], [math.expm1(each) for each in x])
    digits(find("tanh", "forward")(x)[0], [math.tanh(each) for each in x])
    digits(find("softplus", "forward")(x)[0], [math.log1p(math.exp(each)) for each in x])
    for each in x:
        loss, _ = find("bce_with_logits", "loss")(np.array([each]), np.array([0.0]))
        digits(loss, math.log1p(math.exp(each)))


def test_affine():
    """One student, CGPA 8 and IQ 9, two neurons."""
    x, w, b = np.array([[8.0, 9.0]]), np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([0.5, -0.5])
    out, cache = find("affine", "forward")(x, w, b)
    assert out.tolist() == [[8 + 27 + 0.5, 16 - 9 - 0.5]]
    dx, dw, db = find("affine", "backward")(np.array([[2.0, -3.0]]), cache)
    assert dx.tolist() == [[1 * 2 + 2 * -3, 3 * 2 + -1 * -3]]
    assert dw.tolist() == [[16.0, -24.0], [18.0, -27.0]]
    assert db.tolist() == [2.0, -3.0]


def test_affine_flattens_row_by_row():
    x = np.arange(12.0).reshape(2, 2, 3)
    w = np.arange(6.0).reshape(6, 1)
    out, cache = find("affine", "forward")(x, w, np.array([1.0]))
    assert out.tolist() == [[0 + 1 + 4 + 9 + 16 + 25 + 1.0], [6 * 0 + 7 + 16 + 27 + 40 + 55 + 1.0]]
    dx, dw, db = find("affine", "backward")(np.array([[1.5], [-2.0]]), cache)
    assert dx.tolist() == [
        [[0.0, 1.5, 3.0], [4.5, 6.0, 7.5]],
        [[0.0, -2.0, -4.0], [-6.0, -8.0, -10.0]],
    ]
    assert dw.ravel().tolist() == [1.5 * i - 2.0 * (6 + i) for i in range(6)]
    assert db.tolist() == [-0.5]


def test_affine_takes_the_rows_of_any_array():
    """Laid out by columns in memory, of four axes, or of one: the same rows, the same numbers."""
    w, b, dout = np.arange(8.0).reshape(8, 1), np.array([0.5]), np.array([[2.0], [-1.0]])
    flat = np.arange(16.0).reshape(2, 8)
    out, cache = find("affine", "forward")(flat, w, b)
    dx, dw, db = find("affine", "backward")(dout, cache)
    for x in (flat.reshape(2, 2, 4), flat.reshape(2, 2, 2, 2), np.asfortranarray(flat)):
        for each in (x, np.asfortranarray(x)):
            out_2, cache_2 = find("affine", "forward")(each, w, b)
            dx_2, dw_2, db_2 = find("affine", "backward")(dout, cache_2)
            assert np.array_equal(out_2, out) and np.array_equal(dx_2, dx.reshape(x.shape))
            assert np.array_equal(dw_2, dw) and np.array_equal(db_2, db)
    out, cache = find("affine", "forward")(np.array([3.0, 4.0]), w[1:2] + 1, b)
    assert out.tolist() == [[6.5], [8.5]]
    dx, dw, db = find("affine", "backward")(dout, cache)
    assert (dx.tolist(), dw.tolist(), db.tolist()) == ([4.0, -2.0], [[2.0]], [1.0])


def test_softmax():
    """Scores log 1, log 2, log 5: probabilities 1/8, 2/8, 5/8."""
    p, cache = find("softmax", "forward")(np.log(np.array([[1.0, 2.0, 5.0]])))
    assert np.abs(p - np.array([[1, 2, 5]]) / 8).max() <= U16
    dx = find("softmax", "backward")(np.array([[8.0, 0.0, -8.0]]), cache)
    # mean = 1 - 5 = -4:  p (dout - mean)
    assert np.abs(dx - np.array([[12 / 8, 2 * 4 / 8, 5 * -4 / 8]])).max() <= U16 * 8


LOGS = np.log(np.array([[1.0, 2.0, 5.0], [1.0, 3.0, 4.0]]))
P = np.array([[1, 2, 5], [1, 3, 4]]) / 8
D = np.array([[3.0, -0.5], [0.5, -4.0]])  # x - y
Y = np.array([[1.0, 2.0], [-3.0, 0.5]])
ROWS = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]])
NEARLY = ROWS * (1 - 2.0**-23)  # as float32 may have left them: taken as they are
SMOOTH = 0.75 * ROWS + 0.25 / 3
LABELS = np.array([2, 0])
ONE_HOT = np.array([[0, 0, 1], [1, 0, 0]])
YES = np.array([[1.0, 0.25]])
log = math.log

# Each kind: x, y, options, loss, dx.
LOSS_EXAMPLES = {
    "mse": [(Y + D, Y, {}, (9 + 0.25 + 0.25 + 16) / 4, D / 2)],
    "l1": [(Y + D, Y, {}, 8 / 4, np.sign(D) / 4)],
    "huber": [
        (Y + D, Y, {}, (2.5 + 0.125 + 0.125 + 3.5) / 4, np.array([[1, -0.5], [0.5, -1]]) / 4),
        (
            Y + D,
            Y,
            {"delta": 3.0},
            (4.5 + 0.125 + 0.125 + 7.5) / 4,
            np.array([[3, -0.5], [0.5, -3]]) / 4,
        ),
        (Y + D, Y, {"delta": 0.25}, 0.25 * (8 - 0.5) / 4, np.sign(D) / 16),
    ],
    "bce_with_logits": [
        (
            np.log(np.array([[3.0, 1 / 3]])),  # p = 3/4 and 1/4
            YES,
            {},
            (-log(3 / 4) - 0.25 * log(1 / 4) - 0.75 * log(3 / 4)) / 2,
            np.array([[-0.25, 0.0]]) / 2,
        )
    ],
    "softmax": [
        (LOGS, LABELS, {}, -(log(5 / 8) + log(1 / 8)) / 2, (P - ONE_HOT) / 2),
        (LOGS, ROWS, {}, -(ROWS * np.log(P)).sum() / 2, (P - ROWS) / 2),
        (LOGS, NEARLY, {}, -(NEARLY * np.log(P)).sum() / 2, (P - NEARLY) / 2),
        (LOGS, ROWS, {"smoothing": 0.25}, -(SMOOTH * np.log(P)).sum() / 2, (P - SMOOTH) / 2),
    ],
    "kl": [
        # student 1: half of 1/2 against 1/8, a quarter of 1/4 against 2/8, of 1/4 against 5/8
        (
            LOGS,
            ROWS,
            {},
            (log(4) / 2 + log(1) / 4 + log(2 / 5) / 4 - log(3 / 8)) / 2,
            (P - ROWS) / 2,
        ),
        (LOGS, P, {}, 0.0, 0 * P),
    ],
    "svm": [
        (
            np.array([[1.0, 2.0, 1.5], [0.0, 5.0, -3.0]]),
            np.array([0, 1]),
            {},
            (2 + 1.5) / 2,  # student 2 has no margin above 0
            np.array([[-2.0, 1.0, 1.0], [0.0, 0.0, 0.0]]) / 2,
        )
    ],
    "triplet": [
        # From (0, 0) the positive (3, 4) is 25 away, squared, the negative (1, 2) is 5.
        (
            np.array([[0.0, 0.0], [3.0, 4.0], [1.0, 2.0]]),
            np.array([[0, 1, 2]]),
            {},
            25 - 5 + 1,
            2 * np.array([[-3.0 + 1, -4 + 2], [3, 4], [-1, -2]]),
        ),
        # The second triplet is far enough apart: 5 - 25 + 2 is below 0. Both anchors are row 0.
        (
            np.array([[0.0, 0.0], [3.0, 4.0], [1.0, 2.0]]),
            np.array([[0, 1, 2], [0, 2, 1]]),
            {"margin": 2.0},
            (25 - 5 + 2) / 2,
            np.array([[-3.0 + 1, -4 + 2], [3, 4], [-1, -2]]),
        ),
        # Row 1 is a positive twice, at squared distances of 1 and 9, with the same negative.
        (
            np.array([[0.0], [1.0], [4.0], [2.0]]),
            np.array([[0, 1, 3], [2, 1, 3]]),
            {"margin": 8.0},
            ((1 - 4 + 8) + (9 - 4 + 8)) / 2,
            np.array([[-1.0 + 2], [1 - 3], [3 - 2], [-2 + 2]]),
        ),
    ],
}


@pytest.mark.parametrize("kind", sorted(LOSS_EXAMPLES))
def test_loss(kind):
    for x, y, options, loss, dx in LOSS_EXAMPLES[kind]:
        got, dgot = find(kind, "loss")(x, y, **options)
        assert abs(got - loss) <= U16 * 4
        assert np.abs(dgot - dx).max() <= U16
        x, y = (array.astype(np.float32) if array.dtype == float else array for array in (x, y))
        got, dgot = find(kind, "loss")(x, y, **options)
        u = 2.0**-24  # the same few roundings, of float32
        assert abs(got - loss) <= 16 * u * max(1, loss)
        assert np.abs(dgot - dx).max() <= 8 * u


def test_corners_push_nothing():
    """At exact corners: l1 at x = y, hinge at a margin of 0."""
    _, dx = find("l1", "loss")(np.array([[2.0, 3.0]]), np.array([[2.0, 1.0]]))
    assert dx.tolist() == [[0.0, 0.5]]
    _, dx = find("svm", "loss")(np.array([[2.0, 1.0, 1.5]]), np.array([0]))
    assert dx.tolist() == [[-1.0, 0.0, 1.0]]
    loss, dx = find("svm", "loss")(np.array([[2.0, 1.0 + 2.0**-52]]), np.array([0]))
    assert loss == 2.0**-52 and dx.tolist() == [[-1.0, 1.0]]  # and a margin above it, however small
    _, dx = find("l1", "loss")(np.array([[2.0 + 2.0**-51, -(2.0**-1074)]]), np.array([[2.0, 0.0]]))
    assert dx.tolist() == [[0.5, -0.5]]
    _, dx = find("huber", "loss")(np.array([[1.0, -1.0]]), np.array([[0.0, 0.0]]))
    assert dx.tolist() == [[0.5, -0.5]]


def test_targets_of_one_class_are_labels():
    assert np.array_equal(
        find("softmax", "loss")(LOGS, LABELS)[1], find("softmax", "loss")(LOGS, ONE_HOT * 1.0)[1]
    )


def test_l2():
    loss, dw = find("l2", "loss")(np.array([[3.0, -4.0]]), 0.5)
    assert loss == 0.5 / 2 * 25 and dw.tolist() == [[1.5, -2.0]]
    loss, dw = find("l2", "loss")(np.array([[3.0, -4.0]]), 0.0)
    assert loss == 0 and not dw.any()
    loss, dw = find("l2", "loss")(np.array([[5.0]]), 0.1)
    assert loss == 1.25 and dw.tolist() == [[0.5]]


def shows(kind, inputs, out, dout, grads, room=0, **options):
    """A layer gives out, and from dout these gradients; in float64, and in float32, which stays.

    It writes into nothing that it is given, and its cache serves twice.

    inputs: x and the parameters    grads: a gradient for each of them, None for ids
    room: the roundings, of the largest number, that the test's own scalars need; 0 asks for the bit
    """
    for dtype in (np.float64, np.float32):
        *given, upstream = as_type((*inputs, dout), dtype)
        got, cache = find(kind, "forward")(*given, **as_type(options, dtype))
        close(got, out, room, dtype)
        for _ in range(2):
            got_grads = find(kind, "backward")(upstream, cache)
            close(got_grads, grads[0] if len(grads) == 1 else tuple(grads), room, dtype)
        close((*given, upstream), as_type((*inputs, dout), dtype), 0, None)


def shows_loss(kind, x, y, loss, dx, room=0, **options):
    """The same of a loss: labels stay labels, a mask stays a mask."""
    for dtype in (np.float64, np.float32):
        given = as_type(x, dtype), as_type(y, dtype)
        got, dgot = find(kind, "loss")(*given, **as_type(options, dtype))
        close(got, loss, room, dtype)
        close(dgot, dx, room, dtype)


def as_type(thing, dtype):
    """New arrays: lists and floats as dtype, through tuples and dicts; integers and masks stay."""
    if isinstance(thing, tuple):
        return tuple(as_type(each, dtype) for each in thing)
    if isinstance(thing, dict):
        return {name: as_type(each, dtype) for name, each in thing.items()}
    if isinstance(thing, list):
        thing = np.array(thing, float)
    floats = isinstance(thing, np.ndarray) and thing.dtype.kind == "f"
    return thing.astype(dtype) if floats else thing


def close(got, expected, room, dtype):
    if isinstance(expected, tuple):
        assert isinstance(got, tuple)
        for one, two in zip(got, expected, strict=True):
            close(one, two, room, dtype)
    elif expected is None:
        assert got is None
    else:
        expected = np.asarray(expected, float)
        assert got.shape == expected.shape and dtype in (None, got.dtype)
        bound = room and room * UNIT[np.dtype(dtype)] * max(1.0, np.abs(expected).max())
        assert (np.abs(got - expected) <= bound).all(), f"{got}, expected {expected}"


def shown(file, by="shows"):
    """The kinds that a file of tests shows: what its tests call shows("...") with."""
    tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
    tests = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    calls = [n for test in tests for n in ast.walk(test) if isinstance(n, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == by]
    return {call.args[0].value for call in named if isinstance(call.args[0], ast.Constant)}


FILES = ("test_by_hand.py", "test_by_hand_images.py", "test_by_hand_sequences.py")


def test_every_layer_and_loss_has_an_example():
    """A new layer needs one: add it to ACTIVATIONS or LOSS_EXAMPLES, or a test that shows it."""
    layers = {kind for file in FILES for kind in shown(file)}
    assert set(LAYERS) == {*ACTIVATIONS, "affine", "softmax"} | layers
    losses = {kind for file in FILES for kind in shown(file, by="shows_loss")}
    assert set(LOSSES) == set(LOSS_EXAMPLES) | losses


# Networks ---------------------------------------------------------------------------------------


def test_a_branch_that_rejoins():
    """out = x + 3 x: two ways from x to out, and their gradients add."""
    net = [residual(layer("affine", "W", "b"))]
    params = {"W": np.array([[3.0]]), "b": np.array([1.0])}
    out, cache = network_forward(np.array([[2.0]]), params, net)
    assert out.tolist() == [[2 + 6 + 1]]
    dx, grads = network_backward(np.array([[5.0]]), cache)
    assert dx.tolist() == [[5 + 15]]
    assert grads["W"].tolist() == [[10.0]] and grads["b"].tolist() == [5.0]


def test_a_branch_that_rejoins_in_three_axes():
    x, dout = np.array([[[2.0, -3.0]], [[-1.0, 0.5]]]), np.array([[[4.0, 5.0]], [[-6.0, 7.0]]])
    out, cache = network_forward(x, {}, [residual(layer("relu"))])
    assert out.tolist() == [[[4.0, -3.0]], [[-1.0, 1.0]]]
    assert network_backward(dout, cache)[0].tolist() == [[[8.0, 5.0]], [[-6.0, 14.0]]]


def test_a_branch_laid_beside_its_input():
    """out = x and 3 x + 1, side by side: x gets the gradient of its copy, and of the branch."""
    net = [concatenate(layer("affine", "W", "b"))]
    params = {"W": np.array([[3.0], [-1.0]]), "b": np.array([1.0])}
    out, cache = network_forward(np.array([[2.0, 4.0]]), params, net)
    assert out.tolist() == [[2.0, 4.0, 6 - 4 + 1]]
    dx, grads = network_backward(np.array([[5.0, -2.0, 7.0]]), cache)
    assert dx.tolist() == [[5 + 3 * 7, -2 - 1 * 7]]
    assert grads["W"].tolist() == [[2.0 * 7], [4.0 * 7]] and grads["b"].tolist() == [7.0]


def test_branches_laid_side_by_side_one_in_the_other():
    """DenseNet: each sees all before it. out = x, |x|, and the relu of both, along the channels."""
    net = [concatenate(layer("leaky_relu", slope=-1.0)), concatenate(layer("relu"), axis=1)]
    out, cache = network_forward(np.array([[[3.0, -2.0]]]), {}, net)
    assert out.tolist() == [[[3, -2], [3, 2], [3, 0], [3, 2]]]
    dx, _ = network_backward(np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]]), cache)
    # The first number comes back from all four rows; the second from three, and twice with a minus.
    assert dx.tolist() == [[[1 + 3 + 5 + 7, 2 - 4 - 8]]]


def test_concatenate_along_the_last_axis():
    net = [concatenate(layer("leaky_relu", slope=0.5), axis=2)]
    out, cache = network_forward(np.array([[[4.0], [-2.0]]]), {}, net)
    assert out.tolist() == [[[4.0, 4.0], [-2.0, -1.0]]]
    dx, _ = network_backward(np.array([[[1.0, 2.0], [3.0, 8.0]]]), cache)
    assert dx.tolist() == [[[1 + 2], [3 + 8 / 2]]]


def test_concatenate_takes_any_number_of_arrays():
    """Each of its own width; the backward cuts where they met."""
    xs = [np.array([[1.0, 2.0]]), np.array([[3.0]]), np.array([[4.0, 5.0, 6.0]])]
    out, cache = find("concatenate", "forward")(xs)
    assert out.tolist() == [[1, 2, 3, 4, 5, 6]]
    dxs = find("concatenate", "backward")(10 * out, cache)
    assert [dx.tolist() for dx in dxs] == [[[10, 20]], [[30]], [[40, 50, 60]]]
    out, cache = find("concatenate", "forward")([x[:, :1] for x in xs], axis=0)
    assert out.tolist() == [[1], [3], [4]]
    assert [dx.tolist() for dx in find("concatenate", "backward")(-out, cache)] == [
        [[-1]], [[-3]], [[-4]],
    ]  # fmt: skip


def test_a_parameter_used_twice():
    """out = 3 (3 x + 1) + 1 with x = 2: dW = dout (h + 3 x) = dout (7 + 6)."""
    net = [layer("affine", "W", "b"), layer("affine", "W", "b")]
    params = {"W": np.array([[3.0]]), "b": np.array([1.0])}
    out, cache = network_forward(np.array([[2.0]]), params, net)
    assert out.tolist() == [[22.0]]
    dx, grads = network_backward(np.array([[5.0]]), cache)
    assert dx.tolist() == [[45.0]]
    assert grads["W"].tolist() == [[5.0 * (7 + 3 * 2)]] and grads["b"].tolist() == [5 + 15]


def test_regularisation_is_for_weights_alone():
    net = [layer("affine", "W", "b")]
    params = {"W": np.array([[3.0]]), "b": np.array([2.0])}
    x, y = np.array([[1.0]]), np.array([[4.0]])
    loss, dx, grads = network_loss(x, y, params, net, layer("mse"), reg=0.5)
    assert loss == 1 + 0.25 * 9
    assert dx.tolist() == [[6.0]]
    assert grads["W"].tolist() == [[2 + 1.5]] and grads["b"].tolist() == [2.0]


def test_regularisation_reads_the_strength_and_the_axes():
    """However small, under any name, and only of the parameters that the network uses."""
    net = [layer("affine", "b", "W")]  # the weights are called b
    params = {"b": np.array([[3.0]]), "W": np.array([2.0]), "spare": np.ones((2, 2))}
    x, y = np.array([[1.0]]), np.array([[4.0]])
    loss, _, grads = network_loss(x, y, params, net, layer("mse"), reg=2.0**-40)
    assert loss == 1 + 2.0**-41 * 9
    assert grads == {"b": [[2 + 3 * 2.0**-40]], "W": [2.0]}


def test_regularisation_reaches_every_layer():
    net, params = mlp([2, 2, 2, 2, 2, 2, 2, 1], "identity")
    given = np.ones((1, 2)), np.zeros((1, 1)), params, net, layer("mse")
    plain, _, grads = network_loss(*given)
    total, _, pulled = network_loss(*given, reg=0.5)
    weights = [name for name in params if name.startswith("W")]
    assert len(weights) == 7
    for name, grad in grads.items():
        extra = 0.5 * params[name] if name in weights else 0
        assert np.array_equal(pulled[name], grad + extra)
    for name in weights:
        plain += 0.5 * (params[name] * params[name]).sum() / 2
    assert total == plain


def test_options_reach_the_layer_and_the_loss():
    net, x = [layer("leaky_relu", slope=0.25)], np.array([[-8.0]])
    assert network_forward(x, {}, net)[0].tolist() == [[-2.0]]
    loss, dx, _ = network_loss(x, np.array([[0.0]]), {}, net, layer("huber", delta=0.5))
    assert loss == 0.5 * (2 - 0.25) and dx.tolist() == [[-0.5 * 0.25]]


def test_no_layers_at_all():
    x, dout = np.array([[2.0]]), np.array([[5.0]])
    out, cache = network_forward(x, {}, [])
    assert (out, network_backward(dout, cache)) == (x, (dout, {}))


def test_a_network_is_a_value():
    net = [layer("affine", "W1", "b1"), residual(layer("leaky_relu", slope=0.5)), layer("relu")]
    assert net == [
        layer("affine", "W1", "b1"),
        residual(layer("leaky_relu", slope=0.5)),
        layer("relu"),
    ]
    assert net != [layer("affine", "W1", "b2"), *net[1:]]
    assert repr(net) == (
        "[layer('affine', 'W1', 'b1'), residual(layer('leaky_relu', slope=0.5)), layer('relu')]"
    )
    assert eval(repr(net)) == net


def test_a_branch_beside_its_input_is_a_value():
    net = [
        concatenate(layer("affine", "W1", "b1"), layer("relu")),
        concatenate(layer("tanh"), axis=2),
    ]
    assert repr(net) == (
        "[concatenate(layer('affine', 'W1', 'b1'), layer('relu'), axis=1), "
        "concatenate(layer('tanh'), axis=2)]"
    )
    assert eval(repr(net)) == net
    assert net[1] != concatenate(layer("tanh"))
    assert concatenate(layer("tanh")) == concatenate(layer("tanh"), axis=1)
    assert residual(layer("tanh")) != concatenate(layer("tanh"))


def test_arrays_in_options_are_printed_whole():
    """No dots in the middle, tuples as tuples: eval builds them again, number by number."""
    mask = np.arange(2000).reshape(2, 1000) % 3 > 0
    this = layer("dropout", p=0.25, mask=mask)
    again = eval(repr(this))
    assert again.kind == "dropout" and again.options["p"] == 0.25
    assert again.options["mask"].dtype == bool and np.array_equal(again.options["mask"], mask)
    running = np.array([0.1, 1 / 3]), np.array([1.0, 2.0])
    this = layer("batchnorm", "g", "b", running=running)
    assert repr(this) == (
        "layer('batchnorm', 'g', 'b', running=(np.array([0.1, 0.3333333333333333]), "
        "np.array([1.0, 2.0])))"
    )
    again = eval(repr(this)).options["running"]
    assert isinstance(again, tuple) and all(map(np.array_equal, again, running))
    assert repr(layer("reshape", shape=(6,))) == "layer('reshape', shape=(6,))"
    assert repr(layer("conv2d", "w", "b", stride=(1, 2))) == (
        "layer('conv2d', 'w', 'b', stride=(1, 2))"
    )


def test_mlp():
    net, params = mlp([3, 400, 2], "tanh", seed=4)
    assert net == [layer("affine", "W1", "b1"), layer("tanh"), layer("affine", "W2", "b2")]
    assert {name: array.shape for name, array in params.items()} == {
        "W1": (3, 400), "b1": (400,), "W2": (400, 2), "b2": (2,),
    }  # fmt: skip
    assert not params["b1"].any() and not params["b2"].any()
    # 1200 and 800 draws: their spread is within a tenth of sqrt(2 / inputs), four of its errors.
    assert abs(params["W1"].std() / math.sqrt(2 / 3) - 1) < 0.1
    assert abs(params["W2"].std() / math.sqrt(2 / 400) - 1) < 0.1
    draws = np.random.default_rng(4)  # one generator, layer by layer
    assert np.array_equal(params["W1"], draws.normal(scale=math.sqrt(2 / 3), size=(3, 400)))
    assert np.array_equal(params["W2"], draws.normal(scale=math.sqrt(2 / 400), size=(400, 2)))
    again = mlp([3, 400, 2], "tanh", seed=4)[1]
    other = mlp([3, 400, 2], "tanh", seed=5)[1]
    assert np.array_equal(again["W1"], params["W1"]) and not np.array_equal(
        other["W1"], params["W1"]
    )
    assert mlp([2, 1])[0] == [layer("affine", "W1", "b1")]
    assert mlp([2, 2, 1])[0][1] == layer("relu")
    assert [each.kind for each in mlp([2, 2, 3, 1], "elu")[0]] == ["affine", "elu"] * 2 + ["affine"]
    assert np.array_equal(mlp([2, 1])[1]["W1"], mlp([2, 1], seed=0)[1]["W1"])
