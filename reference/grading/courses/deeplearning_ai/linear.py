"""Course 1, week 4: a network of any depth, its layers in pieces. And what other weeks share.

Columns are examples: A (n, m), W (n, n_prev), b (n, 1). The cost is a mean over the m examples, and
it is dW and db that carry its 1/m: what goes from layer to layer, dA and dZ, is m times the slope.
"""

import numpy as np

from manual.affine import affine_backward as _affine_backward
from manual.affine import affine_forward as _affine_forward
from manual.classification import bce_with_logits_loss
from manual.optimizers import sgd
from manual.rectifiers import relu_backward, relu_forward
from manual.sigmoids import sigmoid_backward as _sigmoid_backward
from manual.sigmoids import sigmoid_forward
from reference.cards import Mistake
from reference.grading.recipe import Between, Problem


def affine(A, W, b):
    """Z = W A + b."""
    return _affine_forward(A.T, W.T, b[:, 0])[0].T


def affine_back(dZ, A, W):
    """dA, and dW and db summed over the examples."""
    dA, dW, db = _affine_backward(dZ.T, (A.T, W.T))
    return dA.T, dW.T, db[:, None]


def cross_entropy(A, Y):
    """The sum of -Y log A - (1 - Y) log(1 - A) over the examples."""
    loss, _ = bce_with_logits_loss(np.log(A) - np.log(1 - A), Y)
    return loss * Y.size


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
    "relu_forward": relu_forward,
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


def moderate(dice, *shape):
    """Numbers small enough that sums of their products do not saturate a sigmoid."""
    return dice.array(*shape) / 2


def layers(dice, *sizes):
    """W1, b1, W2, ... of a network with these sizes, the input's first."""
    parameters = {}
    for k, (n_prev, n) in enumerate(zip(sizes, sizes[1:], strict=False), start=1):
        parameters[f"W{k}"] = moderate(dice, n, n_prev)
        parameters[f"b{k}"] = moderate(dice, n, 1)
    return parameters


def answers(dice, m):
    """Y (1, m): zeros and ones."""
    return dice.labels(m, 2)[None, :]


def clear(draw):
    """Drawn again until no pre-activation lies on relu's corner: draw() -> anything, [Z, ...]."""
    for _ in range(100):
        found, pre_activations = draw()
        if min(np.abs(Z).min() for Z in pre_activations) > 0.02:
            break
    return found


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
    Z, cache = do("linear_forward", e.A_prev, e.W, e.b, parts=2)
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
    names = ("dA_prev", "dW", "db")
    return dict(zip(names, do("linear_backward", e.dZ, (e.A_prev, e.W, e.b), parts=3), strict=True))


def _linear_backward_own(do, e):
    """With the cache of the student's own forward."""
    _, cache = do("linear_forward", e.A_prev, e.W, e.b, parts=2)
    names = ("dA_prev", "dW", "db")
    return dict(zip(names, do("linear_backward", e.dZ, cache, parts=3), strict=True))


def _of_Z(name):  # noqa: N802
    def recipe(do, e):
        dZ = do(name, e.dA, e.Z)
        if do.ours and e.corner and name == "relu_backward":
            zero = np.where(e.Z == 0, e.dA, 0.0)  # at the corner any share of dA is right
            return {"dZ": Between(np.minimum(dZ, dZ + zero), np.maximum(dZ, dZ + zero))}
        return {"dZ": dZ}

    return recipe


def _linear_activation_backward(do, e):
    cache = ((e.A_prev, e.W, e.b), e.Z)
    name = "linear_activation_backward"
    results = do(name, e.dA, cache, e.activation, parts=3)
    if do.ours:
        return dict(zip(("dA_prev", "dW", "db"), results, strict=True))
    dA_prev, dW, db = results
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
    names = [f"d{letter}{k}" for k in range(1, L + 1) for letter in "Wb"]
    return {name: do.key(grads, name) for name in names}


def _update_parameters(do, e):
    new = do("update_parameters", e.parameters, e.grads, e.learning_rate)
    return {name: do.key(new, name) for name in e.parameters}


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


# What is written instead -----------------------------------------------------------------------


def mistakes(function, *each):
    """Mistakes of one function: (name, right, wrong, says)."""
    return [Mistake(f"{function} {name}", function, *rest) for name, *rest in each]


_COST = "cross_entropy(AL, Y) / m"
_DA = "-(Y / AL - (1 - Y) / (1 - AL))"
_OVER_M = "dA_prev, dW / m, db / m"
_ACTIVATED = 'A, _ = sigmoid_forward(Z) if activation == "sigmoid" else relu_forward(Z)'
_WHICH = '"sigmoid" if k == L else "relu"'
_STEP = 'sgd(parameters[name], grads["d" + name], config)[0]'

MISTAKES = [
    *mistakes(
        "linear_activation_forward",
        ("activations swapped", 'activation == "sigmoid"', 'activation == "relu"',
         "relu and sigmoid are swapped."),
        ("sigmoid for both", _ACTIVATED, "A, _ = sigmoid_forward(Z)",
         "The sigmoid is taken for relu too."),
        ("relu for both", _ACTIVATED, "A, _ = relu_forward(Z)",
         "relu is taken for the sigmoid too."),
        ("no activation", _ACTIVATED, "A = Z", "Z is returned; it must pass the activation."),
        ("tanh for the sigmoid", "sigmoid_forward(Z) if", "(np.tanh(Z), None) if",
         "tanh is taken where the sigmoid belongs."),
    ),
    *mistakes(
        "L_model_forward",
        ("relu in the last layer", _WHICH, '"relu"',
         "The last layer has relu; it needs the sigmoid, for a probability."),
        ("sigmoid in all layers", _WHICH, '"sigmoid"', "The hidden layers have the sigmoid, not relu."),
        ("activations swapped", "k == L", "k != L",
         "The hidden layers have the sigmoid and the last one relu: swapped."),
        ("last cache missing", "caches.append(cache)", "caches += [cache] * (k < L)",
         "The last layer's cache is not appended."),
        ("last cache alone", "caches.append(cache)", "caches = [cache]",
         "Only the last layer's cache is kept; append each of them."),
        ("hidden caches twice", "caches.append(cache)", "caches += [cache] * (1 + (k < L))",
         "The hidden layers' caches are appended twice."),
    ),
    *mistakes(
        "compute_cost",
        ("with the wrong sign", _COST, "-" + _COST, "The minus in front of the sum is missing."),
        ("without 1/m", _COST, "cross_entropy(AL, Y)",
         "The sum is not divided by m, the number of examples."),
        ("without its second term", _COST, "-(Y * np.log(AL)).sum() / m",
         "The term of the zeros, (1 - Y) log(1 - AL), is missing."),
        ("without its first term", _COST, "-((1 - Y) * np.log(1 - AL)).sum() / m",
         "The term of the ones, Y log AL, is missing."),
        ("with log AL twice", _COST, "-(Y * np.log(AL) + (1 - Y) * np.log(AL)).sum() / m",
         "The second term has log AL; it is the log of 1 - AL."),
        ("with Y twice", _COST, "-(Y * np.log(AL) + Y * np.log(1 - AL)).sum() / m",
         "Both terms are multiplied by Y; the second belongs to 1 - Y."),
        ("with a minus between its terms", _COST,
         "-(Y * np.log(AL) - (1 - Y) * np.log(1 - AL)).sum() / m",
         "The second term is subtracted; the two are added."),
        ("with Y and AL swapped", _COST, "-(AL * Y + (1 - Y) * (1 - AL)).sum() / m",
         "The logarithms are missing."),
        ("as a mean square", _COST, "((AL - Y) ** 2).sum() / m",
         "It is the mean squared error; the cost is the cross-entropy."),
        ("as half a mean square", _COST, "((AL - Y) ** 2).sum() / (2 * m)",
         "It is half the mean squared error; the cost is the cross-entropy."),
        ("in base 2", _COST, _COST + " / np.log(2)", "log is taken to base 2; it is the natural one."),
        ("in base 10", _COST, _COST + " / np.log(10)",
         "log is taken to base 10; it is the natural one."),
        ("not summed", _COST, "-(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / m",
         "The sum over the examples is missing."),
    ),
    *mistakes(
        "linear_backward",
        ("without 1/m", _OVER_M, "dA_prev, dW, db",
         "dW and db are not divided by m, the number of examples."),
        ("dW without 1/m", _OVER_M, "dA_prev, dW, db / m",
         "dW is not divided by m, the number of examples."),
        ("db without 1/m", _OVER_M, "dA_prev, dW / m, db",
         "db is not divided by m, the number of examples."),
        ("dA_prev over m", _OVER_M, "dA_prev / m, dW / m, db / m",
         "dA_prev is divided by m too; 1/m belongs to dW and db alone."),
        ("m of the rows", "A_prev.shape[1]", "A_prev.shape[0]",
         "m is taken from the rows of A_prev, its features; the examples are its columns."),
        ("m of the rows of W", "A_prev.shape[1]", "W.shape[0]",
         "m is taken from W; it is the number of examples, the columns of A_prev."),
        ("dW transposed", _OVER_M, "dA_prev, dW.T / m, db / m",
         "dW is transposed: it is dZ A_prev^T, of the shape of W."),
        ("db in one number", _OVER_M, "dA_prev, dW / m, db.sum() / m",
         "db is summed over all of dZ: without axis=1 the rows fall together."),
        ("db in one mean", _OVER_M, "dA_prev, dW / m, db.sum() / m / len(db)",
         "db is the mean of all of dZ; it is the mean over the examples, a row each."),
        ("db over m twice", _OVER_M, "dA_prev, dW / m, db / m / m", "db is divided by m twice."),
        ("db over the wrong axis", _OVER_M, "dA_prev, dW / m, dZ.sum(axis=0, keepdims=True) / m",
         "db is summed over axis 0; the examples are axis 1."),
        ("db not summed", _OVER_M, "dA_prev, dW / m, dZ / m",
         "db is not summed over the examples."),
        ("dA_prev transposed", _OVER_M, "dA_prev.T, dW / m, db / m", "dA_prev is transposed."),
        ("over the layer's width", "m = A_prev.shape[1]", "m = dZ.shape[0]",
         "It is divided by the rows of dZ; the examples are its columns."),
    ),
    *mistakes(
        "sigmoid_backward",
        ("slope of Z", "_sigmoid_backward(dA, A)", "dA * cache * (1 - cache)",
         "Z stands where sigmoid(Z) belongs in s (1 - s)."),
        ("slope is one minus A", "_sigmoid_backward(dA, A)", "dA * (1 - A)",
         "The slope is s (1 - s); the factor s is missing."),
        ("slope is A", "_sigmoid_backward(dA, A)", "dA * A",
         "The slope is s (1 - s); the factor 1 - s is missing."),
        ("without dA", "_sigmoid_backward(dA, A)", "A * (1 - A)",
         "dA is missing: the chain rule multiplies by it."),
        ("with tanh's slope", "_sigmoid_backward(dA, A)", "dA * (1 - A * A)",
         "1 - A^2 is the slope of tanh; the sigmoid's is A (1 - A)."),
        ("from tanh", "_sigmoid_backward(dA, A)", "dA * (1 - np.tanh(cache) ** 2)",
         "It is the slope of tanh; the sigmoid's is s (1 - s)."),
        ("with relu's slope", "_sigmoid_backward(dA, A)", "dA * (cache > 0)",
         "It is the slope of relu; the sigmoid's is s (1 - s)."),
    ),
    *mistakes(
        "relu_backward",
        ("mask for a gradient", "dout * (x > 0)", "1.0 * (x > 0)",
         "The mask alone is returned; dA is missing."),
        ("mask of dA", "dout * (x > 0)", "dout * (dout > 0)",
         "dA is cut off where dA is negative; it is Z that decides."),
        ("mask inverted", "dout * (x > 0)", "dout * (x <= 0)",
         "dA is kept where Z is negative; there relu's slope is 0."),
        ("no mask", "dout * (x > 0)", "dout", "dZ is dA unchanged: where Z <= 0 it must be 0."),
        ("times Z", "dout * (x > 0)", "dout * x * (x > 0)",
         "dA is multiplied by relu(Z); its slope is 1 where Z > 0."),
        ("ones where negative", "dout * (x > 0)", "np.where(x > 0, dout, 1.0)",
         "Where Z <= 0 the gradient is set to 1; it is 0."),
    ),
    *mistakes(
        "linear_activation_backward",
        ("activations swapped", 'activation == "sigmoid"', 'activation == "relu"',
         "The slopes of relu and sigmoid are swapped."),
        ("sigmoid for both", 'if activation == "sigmoid" else relu_backward(dA, Z)', "",
         "The slope of the sigmoid is taken for relu too."),
        ("relu for both", 'sigmoid_backward(dA, Z) if activation == "sigmoid" else', "",
         "The slope of relu is taken for the sigmoid too."),
        ("no slope", "return linear_backward(dZ,", "return linear_backward(dA,",
         "dA goes on without the activation's slope: pass dZ."),
    ),
    *mistakes(
        "L_model_backward",
        ("dAL with the wrong sign", _DA, _DA[1:],
         "dAL has the wrong sign: it is -(Y / AL - (1 - Y) / (1 - AL))."),
        ("dAL with a plus", _DA, "-(Y / AL + (1 - Y) / (1 - AL))",
         "Between the two parts of dAL stands a plus; it is a minus."),
        ("dAL without its second part", _DA, "-(Y / AL)",
         "dAL lacks (1 - Y) / (1 - AL), the part of the zeros."),
        ("dAL without its first part", _DA, "(1 - Y) / (1 - AL)",
         "dAL lacks -Y / AL, the part of the ones."),
        ("AL - Y for dAL", _DA, "AL - Y",
         "AL - Y is dZ of the last layer; as dAL it passes the sigmoid's slope once more."),
        ("Y - AL for dAL", _DA, "Y - AL",
         "dAL is the cost's slope, -(Y / AL - (1 - Y) / (1 - AL)), not Y - AL."),
        ("dAL over m", _DA, _DA + " / Y.shape[1]",
         "dAL is divided by m, and dW and db are so again: 1/m counts once."),
        ("relu in the last layer", _WHICH, '"relu"',
         "The last layer goes back through relu; it has the sigmoid."),
        ("sigmoid in all layers", _WHICH, '"sigmoid"',
         "The hidden layers go back through the sigmoid; they have relu."),
        ("activations swapped", "k == L", "k != L",
         "Hidden layers go back through the sigmoid, the last through relu: swapped."),
        ("hidden gradients of the last layer", "caches[k - 1]", "caches[L - 1]",
         "Every layer goes back with the last layer's cache."),
    ),
    *mistakes(
        "update_parameters",
        ("uphill", "sgd(", "(lambda w, dw, c: (2 * w - sgd(w, dw, c)[0], c))(",
         "The step is added; it is subtracted, down the slope."),
        ("without the learning rate", "learning_rate}", "1.0}", "The learning rate is missing."),
        ("leaves b", _STEP, _STEP + ' if name[0] == "W" else parameters[name]',
         "b is not updated."),
        ("leaves W", _STEP, _STEP + ' if name[0] == "b" else parameters[name]',
         "W is not updated."),
        ("leaves the last layer", _STEP,
         _STEP + ' if int(name[1:]) < len(parameters) // 2 else parameters[name]',
         "The last layer is not updated: the loop ends one too early."),
        ("leaves the first layer", _STEP, _STEP + ' if name[1:] != "1" else parameters[name]',
         "The first layer is not updated: the loop begins one too late."),
        ("with a learning rate of its own", '"learning_rate": learning_rate', '"learning_rate": 1.2',
         "The learning rate is 1.2 whatever is asked for."),
        ("with another learning rate of its own", '"learning_rate": learning_rate',
         '"learning_rate": 0.01', "The learning rate is 0.01 whatever is asked for."),
        ("returns the gradients", _STEP, 'grads["d" + name]',
         "The gradients are returned in place of the parameters."),
        ("takes db for dW", 'grads["d" + name]', 'np.broadcast_to(grads["db" + name[1:]], parameters[name].shape)',
         "W is moved by db; it is moved by dW."),
    ),
]  # fmt: skip


# What the course gives --------------------------------------------------------------------------

# Files of the course hold more than the functions graded need: what draws, loads or checks.
REST = """
def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)

    def absent(*args, **options):
        raise NameError(f"{name} is not here: nothing that is graded should need it")

    return absent
"""

_DNN_UTILS = (
    """import numpy as np


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z)), Z


def relu(Z):
    return np.maximum(0, Z), Z


def relu_backward(dA, cache):
    return np.where(cache > 0, dA, 0.0)


def sigmoid_backward(dA, cache):
    s, _ = sigmoid(cache)
    return dA * s * (1 - s)

"""
    + REST
)

PROVIDED = {"dnn_utils.py": _DNN_UTILS, "dnn_utils_v2.py": _DNN_UTILS}
