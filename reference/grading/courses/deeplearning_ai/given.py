"""Files that the course gives with its notebooks, as far as graded functions need them."""

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
