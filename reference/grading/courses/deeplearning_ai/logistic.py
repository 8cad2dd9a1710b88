"""Course 1, weeks 2 and 3: logistic regression, and a network with one hidden layer of tanh."""

import numpy as np

from manual.optimizers import sgd
from manual.sigmoids import sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward
from manual.softmax import softmax_forward
from reference.grading.courses.deeplearning_ai.columns import (
    affine,
    affine_back,
    answers,
    cross_entropy,
    keys,
    layers,
    moderate,
    sizes,
)
from reference.grading.recipe import Problem


def sigmoid(z):
    """1 / (1 + exp(-z))."""
    s, _ = sigmoid_forward(z)
    return s


def sigmoid_derivative(x):
    """s (1 - s)."""
    s, cache = sigmoid_forward(x)
    return sigmoid_backward(np.ones_like(s), cache)


def softmax(x):
    """Of each row: this function alone has its examples in rows."""
    s, _ = softmax_forward(x)
    return s


def propagate(w, b, X, Y):
    """w (n, 1), b a number, X (n, m), Y (1, m). Returns grads {"dw", "db"}, cost."""
    m = X.shape[1]
    A = sigmoid(affine(X, w.T, np.array([[b]])))
    cost = cross_entropy(A, Y) / m
    dZ = A - Y
    _, dW, db = affine_back(dZ, X, w.T)
    return {"dw": dW.T / m, "db": db[0, 0] / m}, cost


def optimize(w, b, X, Y, num_iterations, learning_rate):
    """Steps of gradient descent. Returns params {"w", "b"}, and the grads of the last step."""
    config = {"learning_rate": learning_rate}
    grads = {}
    for _ in range(num_iterations):
        grads, _ = propagate(w, b, X, Y)
        w, _ = sgd(w, grads["dw"], config)
        b, _ = sgd(np.asarray(b), np.asarray(grads["db"]), config)
    return {"w": w, "b": b}, grads


def forward_propagation(X, parameters):
    """tanh, then a sigmoid. Returns A2, cache {"Z1", "A1", "Z2", "A2"}."""
    Z1 = affine(X, parameters["W1"], parameters["b1"])
    A1, _ = tanh_forward(Z1)
    Z2 = affine(A1, parameters["W2"], parameters["b2"])
    A2, _ = sigmoid_forward(Z2)
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def backward_propagation(parameters, cache, X, Y):
    """Returns grads {"dW1", "db1", "dW2", "db2"}."""
    m = X.shape[1]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = A2 - Y
    dA1, dW2, db2 = affine_back(dZ2, A1, parameters["W2"])
    dZ1 = tanh_backward(dA1, A1)
    _, dW1, db1 = affine_back(dZ1, X, parameters["W1"])
    return {"dW1": dW1 / m, "db1": db1 / m, "dW2": dW2 / m, "db2": db2 / m}


FUNCTIONS = {
    "sigmoid": sigmoid,
    "sigmoid_derivative": sigmoid_derivative,
    "softmax": softmax,
    "propagate": propagate,
    "optimize": optimize,
    "forward_propagation": forward_propagation,
    "backward_propagation": backward_propagation,
}


# What is drawn --------------------------------------------------------------------------------


def _numbers(dice):
    return {"z": dice.array(*dice.sizes(2))}


def _rows(dice):
    return {"x": dice.array(*dice.sizes(2, at_least=2))}


def _logistic(dice):
    m, n = dice.sizes(2)
    w, X = moderate(dice, n, 1), moderate(dice, n, m)
    b = float(moderate(dice, 1)[0])
    return {"w": w, "b": b, "X": X, "Y": answers(dice, m), "batch_axis": 1}


def _descent(dice):
    options = {"num_iterations": dice.pick(1, 2, 3, 5), "learning_rate": dice.pick(0.5, 0.1, 0.2)}
    return _logistic(dice) | options


def _one_hidden(dice):
    m, n_x, n_h = sizes(dice, 3)
    parameters, X = layers(dice, n_x, n_h, 1), moderate(dice, n_x, m)
    _, cache = forward_propagation(X, parameters)
    e = {"X": X, "parameters": parameters, "cache": cache, "Y": answers(dice, m)}
    return e | {"batch_axis": 1}


# What is asked --------------------------------------------------------------------------------


def _alone(name, arg, output):
    return lambda do, e: {output: do(name, getattr(e, arg))}


def _sigmoid_and_Z(do, e):  # noqa: N802
    """dnn_utils has one that returns Z too."""
    s, _ = do("sigmoid", e.z, parts=2)
    return {"s": s}


def _propagate(do, e):
    grads, cost = do("propagate", e.w, e.b, e.X, e.Y, parts=2)
    return keys(do, grads, "dw", "db") | {"cost": cost}


def _optimize(do, e):
    args = (e.w, e.b, e.X, e.Y, e.num_iterations, e.learning_rate)
    params, grads, *_ = do("optimize", *args, parts=3)
    return keys(do, params, "w", "b") | keys(do, grads, "dw", "db")


def _forward_propagation(do, e):
    A2, cache = do("forward_propagation", e.X, e.parameters, parts=2)
    return {"A2": A2} | {f'cache["{key}"]': do.key(cache, key) for key in ("Z1", "A1", "Z2", "A2")}


def _backward_propagation(do, e):
    grads = do("backward_propagation", e.parameters, e.cache, e.X, e.Y)
    return keys(do, grads, "dW1", "db1", "dW2", "db2")


PROBLEMS = [
    Problem(
        "sigmoid",
        _numbers,
        _alone("sigmoid", "z", "s"),
        ("sigmoid",),
        others=(_sigmoid_and_Z,),
        also=("basic_sigmoid",),
    ),
    Problem(
        "sigmoid_derivative",
        _numbers,
        _alone("sigmoid_derivative", "z", "ds"),
        ("sigmoid_derivative",),
        uses=("sigmoid",),
    ),
    Problem("softmax", _rows, _alone("softmax", "x", "s"), ("softmax",)),
    Problem("propagate", _logistic, _propagate, ("propagate",), uses=("sigmoid",)),
    Problem("optimize", _descent, _optimize, ("optimize",), uses=("propagate", "sigmoid")),
    Problem(
        "forward_propagation",
        _one_hidden,
        _forward_propagation,
        ("forward_propagation",),
        uses=("sigmoid",),
    ),
    Problem("backward_propagation", _one_hidden, _backward_propagation, ("backward_propagation",)),
]
