"""Files that the course gives with its notebooks, as far as graded functions need them."""

_START = """
import numpy as np


def __getattr__(name):  # what draws, loads or checks
    if name.startswith("__"):
        raise AttributeError(name)

    def absent(*args, **options):
        raise NameError(f"{name} is not here: nothing that is graded should need it")

    return absent
"""

_SIGMOID = """

def sigmoid(x):
    return 1 / (1 + np.exp(-x))
"""

_RELU = """

def relu(x):
    return np.maximum(0, x)
"""

_LAYERS = """

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

_COST = """

def compute_cost(a3, Y):
    return -np.nansum(Y * np.log(a3) + (1 - Y) * np.log(1 - a3)) / Y.shape[1]
"""

# The network of gradient checking has 4, 5, 3 and 1 units.
_VECTORS = """

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")
SHAPES = ((5, 4), (5, 1), (3, 5), (3, 1), (1, 3), (1, 1))


def dictionary_to_vector(parameters):
    parts = [np.reshape(parameters[name], (-1, 1)) for name in NAMES]
    return np.concatenate(parts), [n for n, part in zip(NAMES, parts) for _ in part]


def vector_to_dictionary(theta):
    ends = np.cumsum([rows * columns for rows, columns in SHAPES])
    parts = np.split(theta, ends[:-1])
    return {n: np.reshape(part, shape) for n, part, shape in zip(NAMES, parts, SHAPES)}


def gradients_to_vector(gradients):
    return np.concatenate([np.reshape(gradients["d" + name], (-1, 1)) for name in NAMES])
"""

_SOFTMAX = """

def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum(axis=0)
"""

PROVIDED = {
    "dnn_utils.py": _START + _LAYERS,
    "dnn_utils_v2.py": _START + _LAYERS,
    "planar_utils.py": _START + _SIGMOID,
    "reg_utils.py": _START + _SIGMOID + _RELU + _COST,
    "gc_utils.py": _START + _SIGMOID + _RELU + _VECTORS,
    # These hold the answers of earlier weeks: what a notebook defines itself is graded there.
    "dnn_app_utils_v2.py": _START,
    "dnn_app_utils_v3.py": _START,
    "init_utils.py": _START,
    "opt_utils.py": _START,
    "opt_utils_v1a.py": _START,
    "utils.py": _START,
    "rnn_utils.py": _START + _SIGMOID + _SOFTMAX,
}
