"""Course 2, week 1: L2 regularization, dropout and gradient checking, on relu, relu, sigmoid."""

import numpy as np

from manual.dropout import dropout_backward, dropout_forward
from manual.network import l2_loss
from manual.rectifiers import relu_backward, relu_forward
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
    sizes,
)
from reference.grading.recipe import Problem

_NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")


def three_layers(X, parameters, masks, keep_prob):
    """Returns A3, and Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3."""
    W1, b1, W2, b2, W3, b3 = (parameters[name] for name in _NAMES)
    Z1 = affine(X, W1, b1)
    A1, _ = relu_forward(Z1)
    A1, _ = dropout_forward(A1, 1 - keep_prob, masks[0])
    Z2 = affine(A1, W2, b2)
    A2, _ = relu_forward(Z2)
    A2, _ = dropout_forward(A2, 1 - keep_prob, masks[1])
    Z3 = affine(A2, W3, b3)
    A3, _ = sigmoid_forward(Z3)
    return A3, (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3)


def three_layers_back(X, Y, cache, masks, keep_prob):
    """Returns a dict: dW1, db1, ..."""
    Z1, A1, W1, _, Z2, A2, W2, _, _, A3, W3, _ = cache
    m = X.shape[1]
    dZ3 = A3 - Y
    dA2, dW3, db3 = affine_back(dZ3, A2, W3)
    dA2 = dropout_backward(dA2, (masks[1], 1 - keep_prob, A2.shape))
    dZ2 = relu_backward(dA2, Z2)
    dA1, dW2, db2 = affine_back(dZ2, A1, W2)
    dA1 = dropout_backward(dA1, (masks[0], 1 - keep_prob, A1.shape))
    dZ1 = relu_backward(dA1, Z1)
    _, dW1, db1 = affine_back(dZ1, X, W1)
    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2, "dW3": dW3, "db3": db3}
    return {name: grad / m for name, grad in grads.items()}


_ALL_KEPT = (np.True_, np.True_)


def compute_cost_with_regularization(A3, Y, parameters, lambd):
    """The cross-entropy's mean, and lambd / 2m times the sum of all squared weights."""
    m = Y.shape[1]
    cost = cross_entropy(A3, Y) / m
    penalty = 0
    for k in (1, 2, 3):
        penalty += l2_loss(parameters[f"W{k}"], lambd / m)[0]
    return cost + penalty


def backward_propagation_with_regularization(X, Y, cache, lambd):
    """cache: as three_layers gives it. Returns a dict: dW1, db1, ..."""
    m = X.shape[1]
    grads = three_layers_back(X, Y, cache, _ALL_KEPT, 1.0)
    for k, W in enumerate((cache[2], cache[6], cache[10]), start=1):
        grads[f"dW{k}"] = grads[f"dW{k}"] + l2_loss(W, lambd / m)[1]
    return grads


def forward_propagation_with_dropout(X, parameters, keep_prob=0.5, *, masks=None):
    """masks: D1, D2. Returns A3, cache: Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3."""
    D1, D2 = masks or _ALL_KEPT
    A3, (Z1, *one, Z2, A2, W2, b2, Z3, _, W3, b3) = three_layers(X, parameters, (D1, D2), keep_prob)
    return A3, (Z1, D1, *one, Z2, D2, A2, W2, b2, Z3, A3, W3, b3)


def share_kept(keep_prob):
    """What share of the units stays."""
    return keep_prob


def backward_propagation_with_dropout(X, Y, cache, keep_prob):
    """Returns a dict: dW1, db1, ..."""
    Z1, D1, A1, W1, b1, Z2, D2, *rest = cache
    grads = three_layers_back(X, Y, (Z1, A1, W1, b1, Z2, *rest), (D1, D2), keep_prob)
    return grads


def forward_propagation_n(X, Y, parameters):
    """Returns cost, cache."""
    m = X.shape[1]
    A3, cache = three_layers(X, parameters, _ALL_KEPT, 1.0)
    return cross_entropy(A3, Y) / m, cache


def backward_propagation_n(X, Y, cache):
    """Returns a dict: dW1, db1, ..."""
    grads = three_layers_back(X, Y, cache, _ALL_KEPT, 1.0)
    return grads


def gradient_check_n(parameters, gradients, X, Y):
    """|g - h| / (|g| + |h|) of gradients g and what they should be, h: no differences are taken."""
    _, cache = forward_propagation_n(X, Y, parameters)
    true = backward_propagation_n(X, Y, cache)
    grad = np.concatenate([gradients["d" + name].ravel() for name in _NAMES])
    gradapprox = np.concatenate([true["d" + name].ravel() for name in _NAMES])
    numerator = np.linalg.norm(grad - gradapprox)
    denominator = np.linalg.norm(grad) + np.linalg.norm(gradapprox)
    return numerator / denominator


# Gradient checking begins with one number, J = theta x, under two names of course 1.


def forward_propagation_1d(x, theta):
    """Returns J."""
    return theta * x


def backward_propagation_1d(x, theta):
    """Returns dtheta."""
    return x + 0 * theta


FUNCTIONS = {
    "compute_cost_with_regularization": compute_cost_with_regularization,
    "backward_propagation_with_regularization": backward_propagation_with_regularization,
    "forward_propagation_with_dropout": forward_propagation_with_dropout,
    "backward_propagation_with_dropout": backward_propagation_with_dropout,
    "forward_propagation_n": forward_propagation_n,
    "backward_propagation_n": backward_propagation_n,
    "gradient_check_n": gradient_check_n,
    "forward_propagation (1-D)": forward_propagation_1d,
    "backward_propagation (1-D)": backward_propagation_1d,
}


# What is drawn --------------------------------------------------------------------------------

_HELD = ("Z1", "A1", "W1", "b1", "Z2", "A2", "W2", "b2", "Z3", "A3", "W3", "b3")


def _network(dice, units, m, masks=_ALL_KEPT, keep_prob=1.0, numbers=moderate):
    """X, Y, parameters and the forward's cache, as a dict."""

    def draw():
        parameters, X = layers(dice, *units, 1, numbers=numbers), numbers(dice, units[0], m)
        _, cache = three_layers(X, parameters, masks, keep_prob)
        cache = dict(zip(_HELD, cache, strict=True))
        e = {"X": X, "Y": Y, "parameters": parameters, "cache": cache, "batch_axis": 1}
        return e, [cache["Z1"], cache["Z2"]]

    Y = answers(dice, m)
    return clear(draw)


def _three(dice):
    m, *units = sizes(dice, 4)
    return _network(dice, units, m)


def _regularized(dice):
    return _three(dice) | {"lambd": (0.5, 0.1, 0.7, 2.0)[dice.k % 4]}


def _dropped(dice):
    m, n, *hidden = sizes(dice, 4)
    # Some units kept, some dropped.
    D1, D2 = (dice.rng.permutation(np.arange(k * m) % 3 > 0).reshape(k, m) for k in hidden)
    keep_prob = (0.5, 0.8, 0.7, 0.86)[dice.k % 4]
    e = _network(dice, (n, *hidden), m, (D1, D2), keep_prob)
    return e | {"D1": D1, "D2": D2, "keep_prob": keep_prob}


def _chance(dice):
    m, *units = sizes(dice, 4)
    m = m if dice.small else 60
    e = {"X": moderate(dice, units[0], m), "parameters": layers(dice, *units, 1)}
    return e | {"keep_prob": (0.5, 0.8, 0.7, 0.3)[dice.k % 4], "batch_axis": 1}


def _checked(dice):
    """The course's network, and gradients that are off."""
    e = _network(dice, (4, 5, 3), 2 + dice.k % 2, numbers=_tame)
    true = backward_propagation_n(e["X"], e["Y"], tuple(e.pop("cache").values()))
    off = 1 + 0.5 * dice.rng.normal(size=6)
    gradients = {name: grad * f for (name, grad), f in zip(true.items(), off, strict=True)}
    return e | {"gradients": gradients}


def _tame(dice, *shape):
    """Numbers for which differences are exact to six digits and more."""
    return np.round(0.6 * dice.rng.normal(size=shape), 2)


def _line(dice):
    x, theta = dice.array(2)
    return {"x": float(x), "theta": float(theta)}


# What is asked --------------------------------------------------------------------------------

_GRADS = ("dW1", "db1", "dW2", "db2", "dW3", "db3")


def _cost_with_regularization(do, e):
    name = "compute_cost_with_regularization"
    return {"cost": do(name, e.cache["A3"], e.Y, e.parameters, e.lambd)}


def _back_with_regularization(do, e):
    name = "backward_propagation_with_regularization"
    return keys(do, do(name, e.X, e.Y, tuple(e.cache.values()), e.lambd), *_GRADS)


def _forward_with_dropout(do, e):
    name, masks = "forward_propagation_with_dropout", {}
    if do.ours:
        masks = {"masks": [np.asarray(e.given[name]).astype(bool) for name in ("_D1", "_D2")]}
        drawn = all(each is not None for each in e.given.values())
        if drawn and e.X.shape[1] > 50 and not all(mask.any() for mask in masks["masks"]):
            raise ValueError("all is dropped: nothing is left to be wrong")
    A3, cache = do(name, e.X, e.parameters, e.keep_prob, parts=2, **masks)
    D1, A1, D2, A2 = (do.method(cache, "__getitem__", k) for k in (1, 2, 6, 7))
    outputs = {"A3": A3, "A1": A1, "A2": A2}
    if not do.ours:
        return outputs | {"_D1": D1, "_D2": D2}
    return outputs | ({"share kept": share_kept(e.keep_prob)} if e.X.shape[1] > 50 else {})


def _share_kept(e, theirs):
    """The share of units that stay; a round number where it lies within five deviations of it."""
    masks = [theirs.get(name) for name in ("_D1", "_D2")]
    if e.X.shape[1] <= 50 or not all(isinstance(D, np.ndarray) for D in masks):
        return {}
    kept = np.concatenate([np.asarray(D).ravel() != 0 for D in masks])
    for p in (e.keep_prob, 1 - e.keep_prob):
        if abs(kept.mean() - p) < 5 * np.sqrt(p * (1 - p) / kept.size):
            return {"share kept": np.asarray(p)}
    return {"share kept": np.asarray(kept.mean())}


def _back_with_dropout(do, e):
    name, (Z1, A1, W1, b1, Z2, *rest) = "backward_propagation_with_dropout", e.cache.values()
    cache = (Z1, e.D1, A1, W1, b1, Z2, e.D2, *rest)
    return keys(do, do(name, e.X, e.Y, cache, e.keep_prob), *_GRADS)


def _forward_n(do, e):
    cost, _ = do("forward_propagation_n", e.X, e.Y, e.parameters, parts=2)
    return {"cost": cost}


def _backward_n(do, e):
    return keys(do, do("backward_propagation_n", e.X, e.Y, tuple(e.cache.values())), *_GRADS)


def _gradient_check_n(do, e):
    found = do("gradient_check_n", e.parameters, e.gradients, e.X, e.Y)
    return {"difference": found} if do.ours else {"_difference": found}


def _nearly(e, theirs):
    """Differences are no slopes: what is as near as they come counts as the true number."""
    theirs = theirs.get("_difference")
    if not isinstance(theirs, float | np.ndarray) or np.size(theirs) != 1:
        return {}
    true = gradient_check_n(e.parameters, e.gradients, e.X, e.Y)
    near = abs(np.asarray(theirs).item() - true) < 1e-4 * true
    return {"difference": np.asarray(true if near else theirs)}


def _of_a_line(name, output):
    def recipe(do, e):
        return {output: do(f"{name} (1-D)" if do.ours else name, e.x, e.theta)}

    return recipe


PROBLEMS = [
    Problem(
        "compute_cost_with_regularization",
        _regularized,
        _cost_with_regularization,
        ("compute_cost_with_regularization",),
        uses=("compute_cost",),
    ),
    Problem(
        "backward_propagation_with_regularization",
        _regularized,
        _back_with_regularization,
        ("backward_propagation_with_regularization",),
    ),
    Problem(
        "forward_propagation_with_dropout",
        _chance,
        _forward_with_dropout,
        ("forward_propagation_with_dropout",),
        given=("_D1", "_D2"),
        derive=_share_kept,
    ),
    Problem(
        "backward_propagation_with_dropout",
        _dropped,
        _back_with_dropout,
        ("backward_propagation_with_dropout",),
    ),
    Problem("forward_propagation_n", _three, _forward_n, ("forward_propagation_n",)),
    Problem("backward_propagation_n", _three, _backward_n, ("backward_propagation_n",)),
    Problem(
        "gradient_check_n",
        _checked,
        _gradient_check_n,
        ("gradient_check_n",),
        uses=("forward_propagation_n",),
        derive=_nearly,
        examples=6,
    ),
    Problem(
        "forward_propagation (1-D)",
        _line,
        _of_a_line("forward_propagation", "J"),
        ("forward_propagation",),
    ),
    Problem(
        "backward_propagation (1-D)",
        _line,
        _of_a_line("backward_propagation", "dtheta"),
        ("backward_propagation",),
    ),
]
