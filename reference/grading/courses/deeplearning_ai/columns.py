"""What the weeks share. An example is a column: A (n, m), W (n, n_prev), b (n, 1), Y (1, m)."""

import itertools

import numpy as np

from manual.affine import affine_backward, affine_forward
from manual.classification import bce_with_logits_loss
from reference.cards import Mistake


def affine(A, W, b):
    """Z = W A + b."""
    return affine_forward(A.T, W.T, b[:, 0])[0].T


def affine_back(dZ, A, W):
    """dA, and dW and db summed over the examples."""
    dA, dW, db = affine_backward(dZ.T, (A.T, W.T))
    return dA.T, dW.T, db[:, None]


def cross_entropy(A, Y):
    """The sum of -Y log A - (1 - Y) log(1 - A) over the examples."""
    loss, _ = bce_with_logits_loss(np.log(A) - np.log(1 - A), Y)
    return loss * Y.size


# What is drawn --------------------------------------------------------------------------------


def sizes(dice, n):
    """n sizes; all 1 but the first, in the first example: those can be shown."""
    return (2, *[1] * (n - 1)) if dice.k == 0 else dice.sizes(n)


def moderate(dice, *shape):
    """Numbers small enough that sums of their products do not saturate a sigmoid."""
    return dice.array(*shape) / 2


def layers(dice, *sizes, numbers=moderate):
    """W1, b1, W2, ... of a network with these sizes, the input's first."""
    parameters = {}
    for k, (n_prev, n) in enumerate(itertools.pairwise(sizes), start=1):
        parameters[f"W{k}"] = numbers(dice, n, n_prev)
        parameters[f"b{k}"] = numbers(dice, n, 1)
    return parameters


def answers(dice, m):
    """Y (1, m): zeros and ones."""
    return dice.labels(m, 2)[None, :]


def clear(draw):
    """draw() -> anything, [Z, ...]: repeated until no Z lies near relu's corner."""
    for _ in range(100):
        found, pre_activations = draw()
        if min(np.abs(Z).min() for Z in pre_activations) > 0.02:
            break
    return found


# What is asked, and what is written instead -----------------------------------------------------


def keys(do, of, *names):
    """These entries of a dict, as outputs."""
    return {name: do.key(of, name) for name in names}


def mistakes(function, *each):
    """Mistakes in one function: (name, right, wrong, says)."""
    return [Mistake(f"{function}: {name}", function, *rest) for name, *rest in each]
