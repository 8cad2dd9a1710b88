"""MSELoss and CrossEntropyLoss."""

import numpy as np

from manual.regression import mse_loss
from manual.softmax import softmax_loss
from reference.cards import Mistake
from reference.grading.recipe import Problem


class MSELoss:
    """The mean of (A - Y)^2 over all entries; of half of it, in some years (half).

    In the spring of 2022 and before, where Linear takes the mean, the gradient is A - Y.
    """

    def __init__(self, *, half=False, mean_in="loss"):
        """Nothing is kept before the first forward."""
        self.half, self.mean_in = half, mean_in

    def forward(self, A, Y):
        """A, Y: (N, C). Returns the loss, a number."""
        self.A, self.Y = A, Y
        L, self.dLdA = mse_loss(A, Y)
        return L / 2 if self.half else L

    def backward(self):
        """Returns dLdA (N, C)."""
        if self.mean_in == "linear":
            return self.A - self.Y
        return self.dLdA / 2 if self.half else self.dLdA


class CrossEntropyLoss:
    """-sum Y log softmax(A), the mean over the batch.

    In the spring of 2022 and before, where Linear takes the mean, the gradient is that of the sum.
    """

    def __init__(self, *, mean_in="loss"):
        """Nothing is kept before the first forward."""
        self.mean_in = mean_in

    def forward(self, A, Y):
        """A: (N, C), scores. Y: (N, C), rows with a single 1. Returns the loss, a number."""
        L, self.dLdA = softmax_loss(A, Y)
        self.Y = Y
        return L

    def backward(self):
        """Returns dLdA (N, C)."""
        return self.dLdA * (len(self.dLdA) if self.mean_in == "linear" else 1)


FUNCTIONS = {"MSELoss": MSELoss, "CrossEntropyLoss": CrossEntropyLoss}


def _numbers(dice):
    N, C = dice.sizes(2)
    return {"A": dice.array(N, C), "Y": dice.array(N, C)}


def _one_hot(dice):
    N, C = dice.sizes(2, at_least=2)
    Y = np.eye(C)[dice.labels(N, C)]
    return {"A": dice.array(N, C) * (500 if dice.extreme else 1), "Y": Y, "extreme": dice.extreme}


def _moderate(dice):
    N, C = dice.sizes(2, at_least=2)
    return {"A": dice.array(N, C), "Y": np.eye(C)[dice.labels(N, C)]}


_THREE = np.array([[1.0], [2.0], [3.0]])


def _dLdb(do):  # noqa: N802
    """What their Linear gives for dLdb where the sum is 6 and the mean 2."""
    linear = do("Linear", 1, 1)
    do.method(linear, "forward", np.ones((3, 1)))
    do.method(linear, "backward", _THREE)
    return do.get(linear, "dLdb")


def _mean_in(e):
    """Where the submission takes the mean over the batch: in its Linear, or in the loss."""
    dLdb = e.given["_dLdb"]
    in_linear = isinstance(dLdb, np.ndarray) and dLdb.size == 1 and abs(dLdb.item() - 2) < 1e-9
    return "linear" if in_linear else "loss"


def _loss(name):
    def recipe(do, e):
        return {"L": do.method(do(name), "forward", e.A, e.Y)}

    return recipe


def _half(e):
    """Whether their mean squared error is half of the mean."""
    L, size = e.given["_L"], e.A.size
    ours = ((e.A - e.Y) ** 2).sum() / size / 2
    return isinstance(L, np.ndarray | float) and np.size(L) == 1 and np.allclose(L, ours, 1e-9, 0)


def _mse_backward(do, e):
    if do.ours:
        mse = do("MSELoss", half=_half(e), mean_in=_mean_in(e))
        return {"_L": do.method(mse, "forward", e.A, e.Y), "dLdA": do.method(mse, "backward")}
    return {"_dLdb": _dLdb(do)} | _mse_alone(do, e)


def _mse_alone(do, e):
    mse = do("MSELoss")
    return {"_L": do.method(mse, "forward", e.A, e.Y), "dLdA": do.method(mse, "backward")}


def _cross_entropy_backward(do, e):
    if do.ours:
        cross = do("CrossEntropyLoss", mean_in=_mean_in(e))
        do.method(cross, "forward", e.A, e.Y)
        return {"dLdA": do.method(cross, "backward")}
    return {"_dLdb": _dLdb(do)} | _cross_entropy_alone(do, e)


def _cross_entropy_alone(do, e):
    cross = do("CrossEntropyLoss")
    do.method(cross, "forward", e.A, e.Y)
    return {"dLdA": do.method(cross, "backward")}


PROBLEMS = [
    Problem(
        "MSELoss.forward",
        _numbers,
        _loss("MSELoss"),
        ("MSELoss", "MSELoss.forward"),
        conventions={"half": (False, True)},
    ),
    Problem(
        "MSELoss.backward",
        _numbers,
        _mse_backward,
        ("Linear", "MSELoss", "MSELoss.backward"),
        others=(_mse_alone,),
        given=("_L", "_dLdb"),
        forward="MSELoss.forward",
    ),
    Problem(
        "CrossEntropyLoss.forward",
        _one_hot,
        _loss("CrossEntropyLoss"),
        ("CrossEntropyLoss", "CrossEntropyLoss.forward"),
        remarks=("L",),
    ),
    Problem(
        "CrossEntropyLoss.backward",
        _moderate,
        _cross_entropy_backward,
        ("Linear", "CrossEntropyLoss", "CrossEntropyLoss.backward"),
        others=(_cross_entropy_alone,),
        given=("_dLdb",),
        forward="CrossEntropyLoss.forward",
    ),
]


MISTAKES = [
    Mistake(
        "mse gradient two missing",
        "MSELoss.backward",
        "self.dLdA / 2 if self.half else self.dLdA",
        "self.dLdA / 2",
        "The factor 2 of the square is missing in dLdA.",
    ),
    Mistake(
        "mse gradient two too many",
        "MSELoss.backward",
        "self.dLdA / 2 if self.half else self.dLdA",
        "self.dLdA",
        "dLdA has a factor 2 that the half in the loss takes away.",
    ),
    Mistake(
        "mse gradient not divided",
        "MSELoss.backward",
        "self.dLdA / 2 if self.half else self.dLdA",
        "self.A - self.Y",
        "dLdA is A - Y alone: the loss is a mean, so that 2 / (N C) is missing.",
    ),
    Mistake(
        "mse gradient over N alone",
        "MSELoss.backward",
        "self.dLdA / 2 if self.half else self.dLdA",
        "(self.A - self.Y) / len(self.A)",
        "dLdA is (A - Y) / N: the loss divides by N C, and the square gives a 2.",
    ),
    Mistake(
        "mse gradient divided by N too",
        "MSELoss.backward",
        "return self.A - self.Y",
        "return (self.A - self.Y) / len(self.A)",
        "dLdA is divided by the batch size, which your Linear does as well.",
    ),
    Mistake(
        "mse gradient divided by all too",
        "MSELoss.backward",
        "return self.A - self.Y",
        "return 2 * (self.A - self.Y) / self.A.size",
        "dLdA is divided by N C, and your Linear divides by N as well.",
    ),
    Mistake(
        "mse gradient reversed",
        "MSELoss.backward",
        "self.dLdA / 2 if self.half else self.dLdA",
        "-self.dLdA / 2 if self.half else -self.dLdA",
        "The sign of dLdA is wrong: it is that of Y - A.",
    ),
    Mistake(
        "mse forward not over the columns",
        "MSELoss.forward",
        "return L / 2 if self.half else L",
        "return L * A.shape[1] / (2 if self.half else 1)",
        "The loss is divided by N alone; the mean goes over all N C entries.",
    ),
    Mistake(
        "mse forward not divided",
        "MSELoss.forward",
        "return L / 2 if self.half else L",
        "return L * A.size / (2 if self.half else 1)",
        "The loss is a sum; it should be divided by N C.",
    ),
    Mistake(
        "cross entropy gradient not over the batch",
        "CrossEntropyLoss.backward",
        '(len(self.dLdA) if self.mean_in == "linear" else 1)',
        "len(self.dLdA)",
        "The loss is a mean over the batch: the 1/N is missing in dLdA.",
    ),
    Mistake(
        "cross entropy gradient over the batch twice",
        "CrossEntropyLoss.backward",
        '(len(self.dLdA) if self.mean_in == "linear" else 1)',
        "1",
        "dLdA is divided by the batch size, which your Linear does as well.",
    ),
    Mistake(
        "cross entropy softmax over everything",
        "CrossEntropyLoss.forward",
        "L, self.dLdA = softmax_loss(A, Y)",
        "L, self.dLdA = -(Y * np.log(np.exp(A) / np.exp(A).sum())).sum() / len(A), None",
        "exp(A) is divided by the sum over all rows; each row has its own sum.",
    ),
    Mistake(
        "cross entropy without the log",
        "CrossEntropyLoss.forward",
        "L, self.dLdA = softmax_loss(A, Y)",
        "e = np.exp(A - A.max(axis=1, keepdims=True))\n"
        "    L, self.dLdA = -(Y * e / e.sum(axis=1, keepdims=True)).sum() / len(A), None",
        "The logarithm of the softmax is missing.",
    ),
    Mistake(
        "mse of absolute errors",
        "MSELoss.forward",
        "return L / 2 if self.half else L",
        "return np.abs(A - Y).mean() / (2 if self.half else 1)",
        "The errors are not squared.",
    ),
    Mistake(
        "cross entropy gradient over the classes",
        "CrossEntropyLoss.backward",
        "return self.dLdA * (",
        "return self.dLdA * len(self.dLdA) / self.dLdA.shape[1] + 0 * (",
        "dLdA is divided by the number of classes, and should be by the batch size.",
    ),
    Mistake(
        "cross entropy of each class by itself",
        "CrossEntropyLoss.forward",
        "L, self.dLdA = softmax_loss(A, Y)",
        "L, self.dLdA = softmax_loss(A, Y)\n"
        "    e = np.exp(A - A.max(axis=1, keepdims=True))\n"
        "    L = L - ((1 - Y) * np.log(1 - e / e.sum(axis=1, keepdims=True))).sum() / len(A)",
        "The terms of the wrong classes are added; only the true class counts.",
    ),
    Mistake(
        "mse gradient without the target",
        "MSELoss.backward",
        "self.dLdA / 2 if self.half else self.dLdA",
        "2 * self.A / self.A.size / (1 + self.half)",
        "Y is missing in dLdA.",
    ),
    Mistake(
        "cross entropy gradient without the target",
        "CrossEntropyLoss.backward",
        "return self.dLdA * (",
        'N = len(self.Y) if self.mean_in == "loss" else 1\n'
        "    return self.dLdA * len(self.dLdA) / N + self.Y / N + 0 * (",
        "Y is missing in dLdA: it is softmax(A) - Y.",
    ),
]
