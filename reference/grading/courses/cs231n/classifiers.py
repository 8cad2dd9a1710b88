"""CS231n, assignment 1: the losses of a linear classifier, svm's and softmax's.

Naive (with loops) and vectorized are one function to us.
"""

import numpy as np

from manual.classification import svm_loss
from manual.network import l2_loss
from manual.softmax import softmax_loss
from reference.cards import Mistake
from reference.grading.recipe import Problem


def svm_loss_naive(W, X, y, reg, *, reg_is="full"):
    """The hinge loss of the scores X W, and the penalty. Returns loss, dW.

    W: (D, C)    X: (N, D)    y: (N,) labels
    reg_is: "full" for the penalty reg sum(W^2), since 2017; "half" for half of it, in years before
    """
    return _linear_loss(W, X, y, reg, reg_is, svm_loss)


def svm_loss_vectorized(W, X, y, reg, *, reg_is="full"):
    """The same."""
    return _linear_loss(W, X, y, reg, reg_is, svm_loss)


def softmax_loss_naive(W, X, y, reg, *, reg_is="full"):
    """The cross-entropy of softmax of the scores X W, and the penalty. Returns loss, dW."""
    return _linear_loss(W, X, y, reg, reg_is, softmax_loss)


def softmax_loss_vectorized(W, X, y, reg, *, reg_is="full"):
    """The same."""
    return _linear_loss(W, X, y, reg, reg_is, softmax_loss)


def _linear_loss(W, X, y, reg, reg_is, loss_of):
    """As in an affine layer without a bias: each score sums over features, dW over examples."""
    scores = X @ W
    loss, dscores = loss_of(scores, y)
    dW = X.T @ dscores
    penalty, dpenalty = l2_loss(W, 2 * reg if reg_is == "full" else reg)
    return loss + penalty, dW + dpenalty


FUNCTIONS = {
    "svm_loss_naive": svm_loss_naive,
    "svm_loss_vectorized": svm_loss_vectorized,
    "softmax_loss_naive": softmax_loss_naive,
    "softmax_loss_vectorized": softmax_loss_vectorized,
}


# What is drawn --------------------------------------------------------------------------------


def _linear(dice):
    N, D, C = dice.sizes(3)
    C = max(C, 2)
    y = dice.labels(N, C)
    while True:
        X, W = dice.array(N, D), dice.array(D, C)
        scores = X @ W
        if not (scores - scores[np.arange(N), y][:, None] == -1).any():  # off the hinge
            break
    return {"X": X, "W": W, "y": y, "reg": dice.pick(0.5, 0.1, 0.25, 2.0)}


def _linear_or_extreme(dice):
    e = _linear(dice)
    if dice.extreme:  # by the bias, the last row: exp overflows, and one shift for all rows will do
        e["X"][:, -1] = 1.0
        row = 400 * dice.array(e["W"].shape[1])
        e["W"][-1] = row + 1000 - row.max()
    return e | {"extreme": dice.extreme}


# What is asked --------------------------------------------------------------------------------


def _asked(name):
    def recipe(do, e):
        loss, dW = do(name, e.W, e.X, e.y, e.reg, parts=2)
        return {"loss": loss, "dW": dW}

    return recipe


def _asked_in_columns(name):
    """In 2015 an example was a column of X, and W (C, D)."""

    def recipe(do, e):
        loss, dW = do(name, e.W.T, e.X.T, e.y, e.reg, parts=2)
        return {"loss": loss, "dW": do.get(dW, "T")}

    return recipe


def _problem(name, draw, remarks=()):
    return Problem(
        name,
        draw,
        _asked(name),
        (name,),
        others=(_asked_in_columns(name),),
        conventions={"reg_is": ("full", "half")},
        remarks=remarks,
    )


PROBLEMS = [
    _problem("svm_loss_naive", _linear),
    _problem("svm_loss_vectorized", _linear),
    _problem("softmax_loss_naive", _linear_or_extreme, ("loss",)),
    _problem("softmax_loss_vectorized", _linear_or_extreme, ("loss",)),
]


# What students write instead ------------------------------------------------------------------

_SUM = "return loss + penalty, dW + dpenalty"


def _mistake(name: str, wrong: str, says: str, right: str = _SUM) -> Mistake:
    return Mistake(f"linear {name}", "_linear_loss", right, wrong, says)


MISTAKES: list[Mistake] = [
    _mistake(
        "reg missing in dW",
        "return loss + penalty, dW",
        "The penalty is in the loss, but its gradient is missing in dW.",
    ),
    _mistake(
        "reg missing in the loss",
        "return loss, dW + dpenalty",
        "The gradient of the penalty is in dW, but the penalty is missing in the loss.",
    ),
    _mistake(
        "reg missing",
        "return loss, dW",
        "The penalty is missing, in the loss and in dW.",
    ),
    _mistake(
        "reg halved in dW",
        "return loss + penalty, dW + dpenalty / 2",
        "The penalty's gradient is half of what it should be: the derivative of W^2 is 2 W.",
    ),
    _mistake(
        "reg doubled in dW",
        "return loss + penalty, dW + 2 * dpenalty",
        "The penalty's gradient is twice what it should be: with 1/2 reg sum(W^2) it is reg W.",
    ),
    _mistake(
        "reg over the batch size in dW",
        "return loss + penalty, dW + dpenalty / len(X)",
        "The penalty's gradient is divided by the batch size: add it after that division.",
    ),
    _mistake(
        "reg over the batch size in the loss",
        "return loss + penalty / len(X), dW + dpenalty",
        "The penalty is divided by the batch size: add it after that division.",
    ),
    _mistake(
        "reg over the batch size",
        "return loss + penalty / len(X), dW + dpenalty / len(X)",
        "The penalty is divided by the batch size, in the loss and in dW: add it after that.",
    ),
    _mistake(
        "reg over the batch size, halved in dW",
        "return loss + penalty / len(X), dW + dpenalty / len(X) / 2",
        "The penalty is divided by the batch size, and in dW half of it is missing: it is 2 reg W.",
    ),
    _mistake(
        "reg of the bare sum",
        "return loss + reg * W.sum(), dW + dpenalty",
        "The penalty sums the weights, not their squares.",
    ),
    _mistake(
        "reg squared in dW",
        "return loss + penalty, dW + dpenalty * W",
        "The penalty's gradient has the squares of W; the derivative of W^2 is 2 W.",
    ),
    _mistake(
        "reg not times reg in dW",
        "return loss + penalty, dW + dpenalty / reg",
        "The penalty's gradient is not multiplied by reg.",
    ),
    _mistake(
        "reg subtracted in dW",
        "return loss + penalty, dW - dpenalty",
        "The penalty's gradient is subtracted from dW; it is added.",
    ),
    _mistake(
        "reg overwrites dW",
        "return loss + penalty, dpenalty",
        "dW is the penalty's gradient alone: add it to the gradient of the data (+=, not =).",
    ),
    _mistake(
        "data missing in the loss",
        "return penalty, dW + dpenalty",
        "The loss is the penalty alone: add it to the loss of the data (+=, not =).",
    ),
    _mistake(
        "dW over the batch size twice",
        "return loss + penalty, dW / len(X) + dpenalty",
        "dW is divided by the batch size twice.",
    ),
    _mistake(
        "loss over the batch size twice",
        "return loss / len(X) + penalty, dW + dpenalty",
        "The loss is divided by the batch size twice.",
    ),
    _mistake(
        "mean over the features",
        "ratio = len(X) / X.shape[1]\n    return ratio * loss + penalty, ratio * dW + dpenalty",
        "Loss and dW are divided by the number of features; divide by the number of examples.",
    ),
    _mistake(
        "dW over the features",
        "return loss + penalty, dW * len(X) / X.shape[1] + dpenalty",
        "dW is divided by the number of features; divide by the number of examples.",
    ),
    _mistake(
        "dW and reg not over the batch",
        "return loss + penalty, dW * len(X)",
        "dW is neither divided by the batch size nor given the penalty's gradient.",
    ),
    _mistake(
        "all over the batch size but reg",
        "return (loss * len(X)) + penalty, dW * len(X) + dpenalty",
        "Loss and dW are sums over the batch; take the mean.",
    ),
    _mistake(
        "dW of the last example",
        "dW = X[-1:].T @ dscores[-1:]",
        "dW holds the last example alone: the examples add up (+=, not =).",
        "dW = X.T @ dscores",
    ),
    _mistake(
        "dW of the last push",
        "dW = 0 * W\n    for n, c in zip(*np.nonzero(dscores), strict=True):\n"
        "        dW[:, c] = np.sign(dscores[n, c]) * X[n] / len(X)",
        "Each column of dW holds the last example that pushes it: they add up (+=, not =).",
        "dW = X.T @ dscores",
    ),
    _mistake(
        "dW of the sizes of the scores",
        "dW = X.T @ scores / len(X)",
        "dW is X^T times the scores; it is X^T times the gradient of the scores.",
        "dW = X.T @ dscores",
    ),
]
