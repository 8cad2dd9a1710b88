"""Linear and Flatten."""

import numpy as np

from manual.affine import affine_backward, affine_forward
from manual.shapes import flatten_backward, flatten_forward
from reference.cards import Mistake
from reference.grading.courses.mytorch.asking import (
    backward,
    fill,
    forward,
    initial,
    parts,
    put,
    without,
)
from reference.grading.recipe import Problem


class Linear:
    """Z = A W^T + b. Keeps W (out, in), b (out, 1), and after a backward dLdW and dLdb like them.

    In the spring of 2022 and before, dLdW and dLdb are means over the batch (mean_in "linear"), and
    the losses' gradients are not; since then it is the other way round (mean_in "loss").
    """

    def __init__(self, in_features, out_features, debug=False, *, mean_in="loss"):
        """All weights are zeros."""
        self.W = np.zeros((out_features, in_features))
        self.b = np.zeros((out_features, 1))
        self.mean_in = mean_in

    def forward(self, A):
        """A: (N, in). Returns Z (N, out)."""
        Z, self.cache = affine_forward(A, self.W.T, self.b[:, 0])
        return Z

    def backward(self, dLdZ):
        """dLdZ: (N, out). Keeps dLdW (out, in) and dLdb (out, 1); returns dLdA (N, in)."""
        dLdA, dW, db = affine_backward(dLdZ, self.cache)
        count = len(dLdZ) if self.mean_in == "linear" else 1
        self.dLdW = dW.T / count
        self.dLdb = db[:, None] / count
        return dLdA


class Flatten:
    """Every example as one row."""

    def forward(self, A):
        """A: (N, C, W). Returns Z (N, C W)."""
        Z, self.cache = flatten_forward(A)
        return Z

    def backward(self, dLdZ):
        """Returns dLdA, of the shape of A."""
        return flatten_backward(dLdZ, self.cache)


FUNCTIONS = {"Linear": Linear, "Flatten": Flatten}


def _linear(dice):
    N, D, M = dice.sizes(3)
    arrays = {"A": dice.array(N, D), "W": dice.array(M, D), "b": dice.array(M)}
    return arrays | {"dLdZ": dice.array(N, M)}


def _linear_back(dice):
    drawn = _linear(dice)
    if dice.small:
        drawn["b"] = np.zeros_like(drawn["b"])  # which the backward does not see
    return drawn


def _flatten(dice):
    N, C, W = dice.sizes(3)
    return {"A": dice.array(N, C, W), "dLdZ": dice.array(N, C * W)}


def _flatten_back(dice):
    drawn = _flatten(dice)
    return drawn | ({"A": np.zeros_like(drawn["A"])} if dice.small else {})


def _made(do, e):
    linear = do("Linear", e.W.shape[1], e.W.shape[0])
    put(do, linear, W=e.W)
    fill(do, linear, b=e.b)
    return linear


def _old(do, e):
    """2021 and before: functions that make the weights W (in, out) and b (1, out)."""
    made = initial(do, e.W.T), initial(do, e.b)
    return do("Linear", e.W.shape[1], e.W.shape[0], *made)


def _backward(do, e):
    """In the oldest years the gradients are called dW (in, out) and db, and are always means."""
    found = backward(_made, grads=_GRADS)(do, e)
    if do.ours and e.given["_old"] is not None:
        found["dLdW"] = found["dLdW"].T
    return found


def _old_backward(do, e):
    linear = _old(do, e)
    do.method(linear, "forward", e.A)
    dLdA = do.method(linear, "backward", e.dLdZ)
    dW, db = do.get(linear, "dW"), do.get(linear, "db")
    return {"dLdA": dLdA, "dLdW": dW, "dLdb": db, "_old": do.value(1)}


def _flat(do, e):
    return do("Flatten")


_GRADS = {"dLdW": ("dLdW",), "dLdb": ("dLdb",)}

PROBLEMS = [
    Problem(
        "Linear.forward",
        without(_linear, "dLdZ"),
        forward(_made),
        ("Linear", "Linear.forward"),
        others=(forward(_old),),
    ),
    Problem(
        "Linear.backward",
        _linear_back,
        _backward,
        ("Linear", "Linear.backward"),
        others=(_old_backward, *parts(_made, grads=_GRADS)),
        conventions={"mean_in": ("loss", "linear")},
        given=("_old",),
        forward="Linear.forward",
    ),
    Problem(
        "Flatten.forward", without(_flatten, "dLdZ"), forward(_flat), ("Flatten", "Flatten.forward")
    ),
    Problem(
        "Flatten.backward",
        _flatten_back,
        backward(_flat),
        ("Flatten", "Flatten.backward"),
        forward="Flatten.forward",
    ),
]


def _linear_mistake(name, method, right, wrong, says):
    return Mistake(f"linear {name}", f"Linear.{method}", right, wrong, says)


_RETURN = "return dLdA"
_W, _B = "self.dLdW = dW.T / count", "self.dLdb = db[:, None] / count"

MISTAKES = [
    _linear_mistake(
        "dLdW alone over the batch size",
        "backward",
        _W,
        "self.dLdW = dW.T / len(dLdZ)",
        "dLdW is divided by the batch size, and dLdb is not.",
    ),
    _linear_mistake(
        "dLdb alone over the batch size",
        "backward",
        _B,
        "self.dLdb = db[:, None] / len(dLdZ)",
        "dLdb is divided by the batch size, and dLdW is not.",
    ),
    _linear_mistake(
        "dLdA over the batch size",
        "backward",
        _RETURN,
        "return dLdA / len(dLdZ)",
        "dLdA is divided by the batch size: only the weights' gradients may be means.",
    ),
    _linear_mistake(
        "dLdW and dLdb over the batch size twice",
        "backward",
        _RETURN,
        "self.dLdW, self.dLdb = self.dLdW / len(dLdZ) ** 2, self.dLdb / len(dLdZ) ** 2\n"
        "    return dLdA",
        "dLdW and dLdb are divided by the batch size twice.",
    ),
    _linear_mistake(
        "bias added as a column",
        "forward",
        "Z, self.cache = affine_forward(A, self.W.T, self.b[:, 0])",
        "Z = A @ self.W.T + self.b",
        "b is a column (out, 1): it has to be transposed before it is added to the rows of Z.",
    ),
    _linear_mistake(
        "dLdb of the last row",
        "backward",
        _RETURN,
        "self.dLdb = dLdZ[-1:].T\n    return dLdA",
        "dLdb is the last row of dLdZ; it should be the sum over all rows.",
    ),
    _linear_mistake(
        "dLdb of the first row",
        "backward",
        _RETURN,
        "self.dLdb = dLdZ[:1].T\n    return dLdA",
        "dLdb is the first row of dLdZ; it should be the sum over all rows.",
    ),
    Mistake(
        "flatten loses the batch",
        "Flatten.forward",
        "return Z",
        "return A.reshape(-1, A.shape[2])",
        "The batch and the channels are made one axis; the batch has to stay.",
    ),
    Mistake(
        "flatten into one row",
        "Flatten.forward",
        "return Z",
        "return A.reshape(-1)",
        "The batch is flattened too; it has to stay.",
    ),
    _linear_mistake(
        "dLdW and dLdb over all entries",
        "backward",
        _RETURN,
        "self.dLdW, self.dLdb = self.dLdW / dLdZ.size, self.dLdb / dLdZ.size\n    return dLdA",
        "dLdW and dLdb are divided by N times the number of outputs.",
    ),
    _linear_mistake(
        "dLdW with its sign",
        "backward",
        _RETURN,
        "self.dLdW, self.dLdb = -self.dLdW, -self.dLdb\n    return dLdA",
        "dLdW and dLdb are negative: the optimizer subtracts, not the layer.",
    ),
    _linear_mistake(
        "dLdA of the last output",
        "backward",
        _RETURN,
        "return dLdZ[:, -1:] * self.W[-1:]",
        "dLdA is overwritten by each output, and the last one stays: they add up.",
    ),
    _linear_mistake(
        "dLdb once an input",
        "backward",
        _RETURN,
        "self.dLdb = self.dLdb * dLdA.shape[1]\n    return dLdA",
        "dLdb is added once for every input; it should be added once.",
    ),
]
