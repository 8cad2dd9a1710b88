"""Course 1, week 4: a network of any depth, its layers in pieces. And what other weeks share.

Columns are examples: A (n, m), W (n, n_prev), b (n, 1). The cost is a mean over the m examples, and
it is dW and db that carry its 1/m: what goes from layer to layer, dA and dZ, is m times the slope.
"""

import numpy as np

from manual.optimizers import sgd
from manual.rectifiers import relu_backward, relu_forward
from manual.sigmoids import sigmoid_backward as _sigmoid_backward
from manual.sigmoids import sigmoid_forward
from reference.grading.courses.deeplearning_ai.columns import (
    affine,
    affine_back,
    answers,
    clear,
    cross_entropy,
    keys,
    layers,
    moderate,
)
from reference.grading.recipe import Between, Problem


def linear_forward(A, W, b):
    """Returns Z, cache."""
    return affine(A, W, b), (A, W, b)


def linear_activation_forward(A_prev, W, b, activation):
    """activation: "sigmoid" or "relu". Returns A, (linear_cache, Z)."""
    Z, linear_cache = linear_forward(A_prev, W, b)
    A, _ = sigmoid_forward(Z) if activation == "sigmoid" else relu_forward(Z)
    return A, (linear_cache, Z)


def L_model_forward(X, parameters):  # noqa: N802
    """relu in all layers but the last, which has a sigmoid. Returns AL, caches: a list."""
    L = len(parameters) // 2
    A, caches = X, []
    for k in range(1, L + 1):
        activation = "sigmoid" if k == L else "relu"
        W, b = parameters[f"W{k}"], parameters[f"b{k}"]
        A, cache = linear_activation_forward(A, W, b, activation)
        caches.append(cache)
    return A, caches


def compute_cost(AL, Y):
    """-1/m sum of Y log AL + (1 - Y) log(1 - AL)."""
    m = Y.shape[1]
    return cross_entropy(AL, Y) / m


def linear_backward(dZ, cache):
    """Returns dA_prev, dW, db. The mean's 1/m stands in dW and db, not in dA_prev."""
    A_prev, W, _ = cache
    m = A_prev.shape[1]
    dA_prev, dW, db = affine_back(dZ, A_prev, W)
    return dA_prev, dW / m, db / m


def sigmoid_backward(dA, cache):
    """cache: Z. Returns dZ."""
    A, _ = sigmoid_forward(cache)
    return _sigmoid_backward(dA, A)


def linear_activation_backward(dA, cache, activation):
    """Returns dA_prev, dW, db."""
    linear_cache, Z = cache
    dZ = sigmoid_backward(dA, Z) if activation == "sigmoid" else relu_backward(dA, Z)
    return linear_backward(dZ, linear_cache)


def L_model_backward(AL, Y, caches):  # noqa: N802
    """Returns a dict: dW1, db1, ... (The names of the dA have changed with the years.)"""
    L, grads = len(caches), {}
    dA = -(Y / AL - (1 - Y) / (1 - AL))
    for k in reversed(range(1, L + 1)):
        activation = "sigmoid" if k == L else "relu"
        dA, dW, db = linear_activation_backward(dA, caches[k - 1], activation)
        grads[f"dW{k}"], grads[f"db{k}"] = dW, db
    return grads


def update_parameters(parameters, grads, learning_rate):
    """W <- W - learning_rate dW, and b likewise, in all layers."""
    config = {"learning_rate": learning_rate}
    return {name: sgd(parameters[name], grads["d" + name], config)[0] for name in parameters}


FUNCTIONS = {
    "linear_forward": linear_forward,
    "linear_activation_forward": linear_activation_forward,
    "L_model_forward": L_model_forward,
    "compute_cost": compute_cost,
    "linear_backward": linear_backward,
    "relu_backward": relu_backward,
    "sigmoid_backward": sigmoid_backward,
    "linear_activation_backward": linear_activation_backward,
    "L_model_backward": L_model_backward,
    "update_parameters": update_parameters,
}


# What is drawn --------------------------------------------------------------------------------


def _one_layer(dice):
    m, n_prev, n = dice.sizes(3)
    e = {"A_prev": dice.array(n_prev, m), "W": dice.array(n, n_prev), "b": dice.array(n, 1)}
    return e | {"dZ": dice.array(n, m), "batch_axis": 1}


def _activated(dice):
    def draw():
        m, n_prev, n = sizes
        e = {"A_prev": moderate(dice, n_prev, m), "W": moderate(dice, n, n_prev)}
        e |= {"b": moderate(dice, n, 1)}
        e["Z"] = affine(e["A_prev"], e["W"], e["b"])
        return e | {"dA": dice.array(n, m), "activation": activation, "batch_axis": 1}, [e["Z"]]

    sizes = dice.sizes(3)
    activation = ("relu", "sigmoid")[dice.k % 2]
    return clear(draw)


def _Z(dice):  # noqa: N802
    shape = dice.sizes(2)
    Z = dice.array(*shape)
    if dice.corner:
        Z[dice.rng.random(shape) < 0.5] = 0.0
    return {"Z": Z, "dA": dice.array(*shape), "corner": dice.corner}


def _deep(dice):
    def draw():
        parameters = layers(dice, *sizes, 1)
        X = moderate(dice, sizes[0], m)
        AL, caches = L_model_forward(X, parameters)
        e = {"X": X, "parameters": parameters, "AL": AL, "Y": answers(dice, m)}
        e["Z"] = [Z for _, Z in caches]
        return e, e["Z"]

    m, *sizes = dice.sizes(3) if dice.small or dice.k % 2 else dice.sizes(4)
    return clear(draw)


def _cost(dice):
    (m,) = dice.sizes(1)
    AL = 0.05 + 0.9 * dice.rng.random((1, m))
    return {"AL": np.round(AL, 2) if dice.small else AL, "Y": answers(dice, m)}


def _update(dice):
    sizes = (*dice.sizes(2), 1)
    parameters, grads = layers(dice, *sizes), layers(dice, *sizes)
    grads = {"d" + name: value for name, value in grads.items()}
    rate = dice.pick(0.5, 1.2, 0.01, 0.0075, 0.1)
    return {"parameters": parameters, "grads": grads, "learning_rate": rate}


# What is asked --------------------------------------------------------------------------------


def _linear_forward(do, e):
    Z, _ = do("linear_forward", e.A_prev, e.W, e.b, parts=2)
    return {"Z": Z}


def _linear_activation_forward(do, e):
    name = "linear_activation_forward"
    A, _ = do(name, e.A_prev, e.W, e.b, e.activation, parts=2)
    return {"A": A}


def _L_model_forward(do, e):  # noqa: N802
    AL, caches = do("L_model_forward", e.X, e.parameters, parts=2)
    return {"AL": AL, "len(caches)": do.method(caches, "__len__")}


def _compute_cost(do, e):
    return {"cost": do("compute_cost", e.AL, e.Y)}


def _compute_cost_older(do, e):
    """Before 2020, week 3's took the parameters too."""
    parameters = {"W1": np.ones((2, 2)), "b1": np.ones((2, 1))}
    parameters |= {"W2": np.ones((1, 2)), "b2": np.ones((1, 1))}
    return {"cost": do("compute_cost", e.AL, e.Y, parameters)}


def _linear_backward(do, e):
    dA_prev, dW, db = do("linear_backward", e.dZ, (e.A_prev, e.W, e.b), parts=3)
    return {"dA_prev": dA_prev, "dW": dW, "db": db}


def _linear_backward_own(do, e):
    """With the cache of the student's own forward."""
    _, cache = do("linear_forward", e.A_prev, e.W, e.b, parts=2)
    dA_prev, dW, db = do("linear_backward", e.dZ, cache, parts=3)
    return {"dA_prev": dA_prev, "dW": dW, "db": db}


def _of_Z(name):  # noqa: N802
    def recipe(do, e):
        dZ = do(name, e.dA, e.Z)
        if do.ours and e.corner and name == "relu_backward":
            zero = np.where(e.Z == 0, e.dA, 0.0)  # at the corner any share of dA is right
            return {"dZ": Between(np.minimum(dZ, dZ + zero), np.maximum(dZ, dZ + zero))}
        return {"dZ": dZ}

    return recipe


def _linear_activation_backward(do, e):
    name, cache = "linear_activation_backward", ((e.A_prev, e.W, e.b), e.Z)
    dA_prev, dW, db = do(name, e.dA, cache, e.activation, parts=3)
    return {"dA_prev": dA_prev, "dW": dW, "db": db}


def _caches(e):
    A, caches = e.X, []
    for k, Z in enumerate(e.Z, start=1):
        caches.append(((A, e.parameters[f"W{k}"], e.parameters[f"b{k}"]), Z))
        A = np.maximum(Z, 0)
    return caches


def _L_model_backward(do, e):  # noqa: N802
    return _grads(do, do("L_model_backward", e.AL, e.Y, _caches(e)), len(e.Z))


def _L_model_backward_own(do, e):  # noqa: N802
    AL, caches = do("L_model_forward", e.X, e.parameters, parts=2)
    return _grads(do, do("L_model_backward", AL, e.Y, caches), len(e.Z))


def _grads(do, grads, L):
    return keys(do, grads, *(f"d{letter}{k}" for k in range(1, L + 1) for letter in "Wb"))


def _update_parameters(do, e):
    return keys(do, do("update_parameters", e.parameters, e.grads, e.learning_rate), *e.parameters)


PROBLEMS = [
    Problem("linear_forward", _one_layer, _linear_forward, ("linear_forward",)),
    Problem(
        "linear_activation_forward",
        _activated,
        _linear_activation_forward,
        ("linear_activation_forward",),
        uses=("linear_forward",),
    ),
    Problem(
        "L_model_forward",
        _deep,
        _L_model_forward,
        ("L_model_forward",),
        uses=("linear_activation_forward", "linear_forward"),
    ),
    Problem("compute_cost", _cost, _compute_cost, ("compute_cost",), others=(_compute_cost_older,)),
    Problem(
        "linear_backward",
        _one_layer,
        _linear_backward,
        ("linear_backward",),
        others=(_linear_backward_own,),
    ),
    Problem("relu_backward", _Z, _of_Z("relu_backward"), ("relu_backward",)),
    Problem("sigmoid_backward", _Z, _of_Z("sigmoid_backward"), ("sigmoid_backward",)),
    Problem(
        "linear_activation_backward",
        _activated,
        _linear_activation_backward,
        ("linear_activation_backward",),
        uses=("linear_backward", "relu_backward", "sigmoid_backward"),
    ),
    Problem(
        "L_model_backward",
        _deep,
        _L_model_backward,
        ("L_model_backward",),
        others=(_L_model_backward_own,),
        uses=(
            "linear_activation_backward",
            "linear_backward",
            "relu_backward",
            "sigmoid_backward",
        ),
    ),
    Problem("update_parameters", _update, _update_parameters, ("update_parameters",)),
]
