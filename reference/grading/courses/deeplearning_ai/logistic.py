"""Course 1, weeks 2 and 3: logistic regression, and a network with one hidden layer of tanh."""

import numpy as np

from manual.optimizers import sgd
from manual.sigmoids import sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward
from manual.softmax import softmax_forward
from reference.grading.courses.deeplearning_ai.linear import (
    REST,
    affine,
    affine_back,
    answers,
    cross_entropy,
    layers,
    mistakes,
    moderate,
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
    m, *sizes = dice.sizes(3)
    parameters, X = layers(dice, *sizes, 1), moderate(dice, sizes[0], m)
    _, cache = forward_propagation(X, parameters)
    e = {"X": X, "parameters": parameters, "cache": cache, "Y": answers(dice, m)}
    return e | {"batch_axis": 1}


# What is asked --------------------------------------------------------------------------------


def _alone(name, output):
    return lambda do, e: {output: do(name, next(iter(vars(e).values())))}


def _sigmoid_and_Z(do, e):  # noqa: N802
    """dnn_utils has one that returns Z too."""
    s, _ = do("sigmoid", e.z, parts=2)
    return {"s": s}


def _propagate(do, e):
    grads, cost = do("propagate", e.w, e.b, e.X, e.Y, parts=2)
    return {"dw": do.key(grads, "dw"), "db": do.key(grads, "db"), "cost": cost}


def _optimize(do, e):
    args = (e.w, e.b, e.X, e.Y, e.num_iterations, e.learning_rate)
    params, grads, *_ = do("optimize", *args, parts=3)
    new = {"w": do.key(params, "w"), "b": do.key(params, "b")}
    return new | {"dw": do.key(grads, "dw"), "db": do.key(grads, "db")}


def _forward_propagation(do, e):
    A2, cache = do("forward_propagation", e.X, e.parameters, parts=2)
    return {"A2": A2} | {f'cache["{key}"]': do.key(cache, key) for key in ("Z1", "A1", "Z2", "A2")}


def _backward_propagation(do, e):
    grads = do("backward_propagation", e.parameters, e.cache, e.X, e.Y)
    return {name: do.key(grads, name) for name in ("dW1", "db1", "dW2", "db2")}


PROBLEMS = [
    Problem(
        "sigmoid",
        _numbers,
        _alone("sigmoid", "s"),
        ("sigmoid",),
        others=(_sigmoid_and_Z,),
        also=("basic_sigmoid",),
    ),
    Problem(
        "sigmoid_derivative",
        _numbers,
        _alone("sigmoid_derivative", "ds"),
        ("sigmoid_derivative",),
        uses=("sigmoid",),
    ),
    Problem("softmax", _rows, _alone("softmax", "s"), ("softmax",)),
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


# What is written instead -----------------------------------------------------------------------

_COST = "cross_entropy(A, Y) / m"
_GRADS = '"dw": dW.T / m, "db": db[0, 0] / m'
_ALL = '"dW1": dW1 / m, "db1": db1 / m, "dW2": dW2 / m, "db2": db2 / m'

MISTAKES = [
    *mistakes(
        "sigmoid",
        ("of minus z", "sigmoid_forward(z)", "sigmoid_forward(-z)",
         "exp(z) stands where exp(-z) belongs: it is the sigmoid of -z."),
        ("without the one", "return s", "return np.exp(z)", "1 + is missing in the denominator."),
        ("minus in the denominator", "return s", "return 1 / (1 - np.exp(-z))",
         "A minus stands in the denominator; it is 1 + exp(-z)."),
        ("is tanh", "return s", "return np.tanh(z)", "It is tanh, not the sigmoid."),
        ("without brackets", "return s", "return 1 / 1 + np.exp(-z)",
         "The denominator needs brackets: 1 / (1 + exp(-z))."),
    ),
    *mistakes(
        "sigmoid_derivative",
        ("of x", "sigmoid_backward(np.ones_like(s), cache)", "x * (1 - x)",
         "x stands where sigmoid(x) belongs in s (1 - s)."),
        ("is one minus s", "sigmoid_backward(np.ones_like(s), cache)", "1 - s",
         "The derivative is s (1 - s); the factor s is missing."),
        ("is s", "sigmoid_backward(np.ones_like(s), cache)", "s",
         "It is the sigmoid itself; its derivative is s (1 - s)."),
        ("is tanh's", "sigmoid_backward(np.ones_like(s), cache)", "1 - s * s",
         "1 - s^2 is the derivative of tanh; the sigmoid's is s (1 - s)."),
        ("with plus", "sigmoid_backward(np.ones_like(s), cache)", "s * (1 + s)",
         "A plus stands in s (1 - s)."),
    ),
    *mistakes(
        "softmax",
        ("over the columns", "softmax_forward(x)", "[a.T for a in softmax_forward(x.T)]",
         "The sum runs over axis 0; each row is a distribution of its own, axis 1."),
        ("over all", "return s", "return np.exp(x) / np.exp(x).sum()",
         "The sum runs over the whole matrix; each row has its own."),
        ("not divided", "return s", "return np.exp(x)", "The division by the sum is missing."),
        ("over the sum of x", "return s", "return np.exp(x) / x.sum(axis=1, keepdims=True)",
         "It is divided by the sum of x; divide by the sum of exp(x)."),
    ),
    *mistakes(
        "propagate",
        ("without any 1/m", "m = X.shape[1]", "m = 1", "1/m is missing in the gradients and the cost."),
        ("gradients without 1/m", _GRADS, '"dw": dW.T, "db": db[0, 0]',
         "dw and db are not divided by m, the number of examples."),
        ("dw without 1/m", _GRADS, '"dw": dW.T, "db": db[0, 0] / m', "dw is not divided by m."),
        ("db without 1/m", _GRADS, '"dw": dW.T / m, "db": db[0, 0]', "db is not divided by m."),
        ("cost without 1/m", _COST, "cross_entropy(A, Y)", "The cost is not divided by m."),
        ("m of the rows", "X.shape[1]", "X.shape[0]",
         "m is the number of rows of X, its features; the examples are its columns."),
        ("cost with the wrong sign", _COST, "-" + _COST, "The minus in front of the cost is missing."),
        ("cost without its second term", _COST, "-(Y * np.log(A)).sum() / m",
         "The cost lacks (1 - Y) log(1 - A), the term of the zeros."),
        ("cost with a minus between its terms", _COST,
         "-(Y * np.log(A) - (1 - Y) * np.log(1 - A)).sum() / m",
         "The cost's second term is subtracted; the two are added."),
        ("cost with log A twice", _COST, "-(Y * np.log(A) + (1 - Y) * np.log(A)).sum() / m",
         "The cost's second term has log A; it is the log of 1 - A."),
        ("Y - A", "dZ = A - Y", "dZ = Y - A", "The gradient starts with Y - A; it is A - Y."),
        ("with the sigmoid's slope", "dZ = A - Y", "dZ = (A - Y) * A * (1 - A)",
         "A - Y holds the sigmoid's slope already; it is multiplied by A (1 - A) once more."),
        ("A for A - Y", "dZ = A - Y", "dZ = A", "Y is not subtracted from A."),
        ("without b", "np.array([[b]])", "np.array([[0.0]])", "b is not added."),
        ("without the sigmoid", "sigmoid(affine(X, w.T, np.array([[b]])))",
         "affine(X, w.T, np.array([[b]]))", "The sigmoid is missing."),
        ("with tanh", "sigmoid(affine(X, w.T, np.array([[b]])))",
         "np.tanh(affine(X, w.T, np.array([[b]])))", "tanh stands where the sigmoid belongs."),
        ("dw transposed", _GRADS, '"dw": dW / m, "db": db[0, 0] / m', "dw is transposed."),
    ),
    *mistakes(
        "optimize",
        ("uphill", '"learning_rate": learning_rate', '"learning_rate": -learning_rate',
         "The step is added; it is subtracted, down the slope."),
        ("without the learning rate", '"learning_rate": learning_rate', '"learning_rate": 1.0',
         "The learning rate is missing."),
        ("leaves b", "b, _ = sgd(np", "_ = sgd(np", "b is not updated."),
        ("leaves w", "w, _ = sgd(", "_ = sgd(", "w is not updated."),
        ("one step too few", "range(num_iterations)", "range(max(num_iterations - 1, 1))",
         "There is one step too few."),
        ("one step too many", "range(num_iterations)", "range(num_iterations + 1)",
         "There is one step too many."),
        ("one step only", "range(num_iterations)", "range(1)",
         "Only one step is made: is the return inside the loop?"),
        ("gradients computed once", "grads, _ = propagate(w, b, X, Y)",
         "grads = grads or propagate(w, b, X, Y)[0]",
         "The gradients are computed once; every step needs its own."),
        ("grads after the last step", 'return {"w": w, "b": b}, grads',
         'return {"w": w, "b": b}, propagate(w, b, X, Y)[0]',
         "The grads are those after the last step; return those that it was made with."),
    ),
    *mistakes(
        "forward_propagation",
        ("sigmoid for tanh", "A1, _ = tanh_forward(Z1)", "A1, _ = sigmoid_forward(Z1)",
         "The hidden layer has the sigmoid; it is tanh."),
        ("relu for tanh", "A1, _ = tanh_forward(Z1)", "A1 = np.maximum(0, Z1)",
         "The hidden layer has relu; it is tanh."),
        ("tanh at the end", "A2, _ = sigmoid_forward(Z2)", "A2 = np.tanh(Z2)",
         "The output has tanh; it needs the sigmoid, for a probability."),
        ("no activation in the hidden layer", "A1, _ = tanh_forward(Z1)", "A1 = Z1",
         "The hidden layer has no activation; it is tanh."),
        ("Z1 into the second layer", "Z2 = affine(A1,", "Z2 = affine(Z1,",
         "The second layer takes Z1; it takes A1."),
        ("no sigmoid at the end", "A2, _ = sigmoid_forward(Z2)", "A2 = Z2",
         "The sigmoid at the end is missing."),
        ("without b1", 'parameters["b1"]', '0 * parameters["b1"]', "b1 is not added."),
        ("without b2", 'parameters["b2"]', '0 * parameters["b2"]', "b2 is not added."),
        ("without b1 and b2", "Z1 = affine(X,",
         'parameters = parameters | {"b1": 0 * parameters["b1"], "b2": 0 * parameters["b2"]}\n'
         "    Z1 = affine(X,", "b1 and b2 are not added."),
    ),
    *mistakes(
        "backward_propagation",
        ("without 1/m", "m = X.shape[1]", "m = 1", "1/m is missing in all four."),
        ("m of the rows", "m = X.shape[1]", "m = X.shape[0]",
         "m is the number of rows of X, its features; the examples are its columns."),
        ("dW without 1/m", _ALL, '"dW1": dW1, "db1": db1 / m, "dW2": dW2, "db2": db2 / m',
         "dW1 and dW2 are not divided by m."),
        ("db without 1/m", _ALL, '"dW1": dW1 / m, "db1": db1, "dW2": dW2 / m, "db2": db2',
         "db1 and db2 are not divided by m."),
        ("layer 1 without 1/m", _ALL, '"dW1": dW1, "db1": db1, "dW2": dW2 / m, "db2": db2 / m',
         "dW1 and db1 are not divided by m."),
        ("layer 2 without 1/m", _ALL, '"dW1": dW1 / m, "db1": db1 / m, "dW2": dW2, "db2": db2',
         "dW2 and db2 are not divided by m."),
        ("dW1 without 1/m", '"dW1": dW1 / m', '"dW1": dW1', "dW1 is not divided by m."),
        ("dW2 without 1/m", '"dW2": dW2 / m', '"dW2": dW2', "dW2 is not divided by m."),
        ("db1 without 1/m", '"db1": db1 / m', '"db1": db1', "db1 is not divided by m."),
        ("db2 without 1/m", '"db2": db2 / m', '"db2": db2', "db2 is not divided by m."),
        ("Y - A2", "dZ2 = A2 - Y", "dZ2 = Y - A2", "dZ2 is Y - A2; it is A2 - Y."),
        ("dZ2 with the sigmoid's slope", "dZ2 = A2 - Y", "dZ2 = (A2 - Y) * A2 * (1 - A2)",
         "dZ2 = A2 - Y holds the sigmoid's slope already; it is multiplied by A2 (1 - A2) again."),
        ("without the square of A1", "tanh_backward(dA1, A1)", "dA1 * (1 - A1)",
         "The slope of tanh is 1 - A1^2; the square is missing."),
        ("with the sigmoid's slope", "tanh_backward(dA1, A1)", "dA1 * A1 * (1 - A1)",
         "A1 (1 - A1) is the slope of the sigmoid; A1 came out of tanh: 1 - A1^2."),
        ("with relu's slope", "tanh_backward(dA1, A1)", "dA1 * (A1 > 0)",
         "It is relu's slope; A1 came out of tanh: 1 - A1^2."),
        ("without tanh's slope", "tanh_backward(dA1, A1)", "dA1",
         "The slope of tanh, 1 - A1^2, is missing in dZ1."),
        ("slope of Z1", "tanh_backward(dA1, A1)", 'dA1 * (1 - cache["Z1"] ** 2)',
         "1 - Z1^2 stands where 1 - A1^2 belongs."),
        ("slope of tanh of A1", "tanh_backward(dA1, A1)", "dA1 * (1 - np.tanh(A1) ** 2)",
         "tanh is taken once more: A1 is the tanh already."),
        ("slope of A2", "tanh_backward(dA1, A1)", "dA1 * (1 - A2 ** 2)",
         "dZ1 takes the slope at A2; it is that at A1."),
        ("db1 in one number", '"db1": db1 / m', '"db1": db1.sum() / m',
         "db1 is summed over all of dZ1: without axis=1 its rows fall together."),
        ("db1 over the wrong axis", '"db1": db1 / m', '"db1": dZ1.sum(axis=0, keepdims=True) / m',
         "db1 is summed over axis 0; the examples are axis 1."),
        ("dW1 of dA1", "affine_back(dZ1, X", "affine_back(dA1, X",
         "dW1 and db1 take dA1; they take dZ1, after tanh's slope."),
    ),
]  # fmt: skip

# What the course gives --------------------------------------------------------------------------

PROVIDED = {
    "planar_utils.py": "import numpy as np\n\n\n"
    "def sigmoid(x):\n    return 1 / (1 + np.exp(-x))\n" + REST
}
