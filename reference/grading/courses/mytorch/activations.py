"""Identity, Sigmoid, Tanh, ReLU, GELU, Swish and Softmax."""

import numpy as np

from manual.rectifiers import identity_backward, identity_forward, relu_backward, relu_forward
from manual.sigmoids import (
    gelu_backward,
    gelu_forward,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
from manual.softmax import softmax_backward, softmax_forward
from reference.grading.courses.mytorch.asking import backward, forward, parts, without
from reference.grading.recipe import Between, Problem


class Identity:
    """A = Z."""

    def forward(self, Z):
        """Z: any shape. Returns A like it."""
        A, self.cache = identity_forward(Z)
        return A

    def backward(self, dLdA):
        """Returns dLdZ."""
        return identity_backward(dLdA, self.cache)


class Sigmoid:
    """A = 1 / (1 + exp(-Z))."""

    def forward(self, Z):
        """Z: any shape. Returns A like it."""
        A, self.cache = sigmoid_forward(Z)
        return A

    def backward(self, dLdA):
        """Returns dLdZ."""
        return sigmoid_backward(dLdA, self.cache)


class Tanh:
    """A = tanh(Z)."""

    def forward(self, Z):
        """Z: any shape. Returns A like it."""
        A, self.cache = tanh_forward(Z)
        return A

    def backward(self, dLdA):
        """Returns dLdZ."""
        return tanh_backward(dLdA, self.cache)


class ReLU:
    """A = max(Z, 0)."""

    def forward(self, Z):
        """Z: any shape. Returns A like it."""
        A, self.cache = relu_forward(Z)
        return A

    def backward(self, dLdA):
        """Returns dLdZ."""
        return relu_backward(dLdA, self.cache)


class GELU:
    """A = Z (1 + erf(Z / sqrt 2)) / 2."""

    def forward(self, Z):
        """Z: any shape. Returns A like it."""
        A, self.cache = gelu_forward(Z)
        return A

    def backward(self, dLdA):
        """Returns dLdZ."""
        return gelu_backward(dLdA, self.cache)


class Swish:
    """A = Z sigmoid(beta Z). Keeps beta, a number, and after a backward dLdbeta."""

    def __init__(self, beta=1.0):
        """beta is learned with the weights."""
        self.beta = beta

    def forward(self, Z):
        """Z: any shape. Returns A like it."""
        s, s_cache = sigmoid_forward(self.beta * Z)
        self.cache = Z, s, s_cache
        return Z * s

    def backward(self, dLdA):
        """Keeps dLdbeta, the sum over all of Z; returns dLdZ."""
        Z, s, s_cache = self.cache
        du = sigmoid_backward(dLdA * Z, s_cache)  # u = beta Z
        self.dLdbeta = (du * Z).sum()
        return dLdA * s + du * self.beta


class Softmax:
    """A = exp(Z) / sum exp(Z), along the last axis."""

    def forward(self, Z):
        """Z: (N, C). Returns A like it."""
        A, self.cache = softmax_forward(Z)
        return A

    def backward(self, dLdA):
        """Every number of a row of A depends on all of that row of Z. Returns dLdZ (N, C)."""
        return softmax_backward(dLdA, self.cache)


BY_ENTRY = (Identity, Sigmoid, Tanh, ReLU, GELU)
FUNCTIONS = {each.__name__: each for each in (*BY_ENTRY, Swish, Softmax)}


# What is drawn --------------------------------------------------------------------------------


def _numbers(dice):
    shape = dice.sizes(2)
    return {"Z": dice.array(*shape), "dLdA": dice.array(*shape)}


def _kinks(dice):
    drawn = _numbers(dice)
    if dice.corner:
        drawn["Z"][dice.rng.random(drawn["Z"].shape) < 0.5] = 0.0
    return drawn | {"corner": dice.corner}


def _swish(dice):
    return _numbers(dice) | {"beta": dice.pick(1.5, 0.5, 2.0, 1.0, -0.5)}


def _rows(dice):
    N, C = dice.sizes(2, at_least=2)
    return {"Z": dice.array(N, C), "dLdA": dice.array(N, C)}


def _scores(dice):
    drawn = _rows(dice)
    drawn["Z"] *= 500 if dice.extreme else 1
    return drawn | {"extreme": dice.extreme}


# What is asked --------------------------------------------------------------------------------


def _made(name):
    return lambda do, e: do(name)


def _swished(do, e):
    return do("Swish", e.beta)


def _backward(name):
    """backward(dLdA); in 2022 and before backward() or derivative(), which give dAdZ."""
    asked = backward(_made(name), "dLdZ", x="Z", upstream="dLdA")

    def recipe(do, e):
        if do.ours and e.given["dAdZ"] is not None:
            if name == "Identity" and np.size(e.given["dAdZ"]) == 1:
                return {"dAdZ": 1.0}  # the number alone
            slope = type(e)(**(vars(e) | {"dLdA": np.ones_like(e.Z)}))
            return {"dAdZ": _at_kinks(name, asked(do, slope)["dLdZ"], slope)}
        outputs = asked(do, e)
        return {"dLdZ": _at_kinks(name, outputs["dLdZ"], e)} if do.ours else outputs

    return recipe


def _at_kinks(name, dLdZ, e):
    """At 0, where relu has its corner, any share of the upstream is right."""
    if name != "ReLU" or not e.corner:
        return dLdZ
    zero = np.where(e.Z == 0, e.dLdA, 0.0)
    return Between(np.minimum(dLdZ, dLdZ + zero), np.maximum(dLdZ, dLdZ + zero))


def _slope(name, method):
    def recipe(do, e):
        thing = do(name)
        do.method(thing, "forward", e.Z)
        return {"dAdZ": do.method(thing, method)}

    return recipe


def _both(name, draw=_numbers):
    return [
        Problem(
            f"{name}.forward",
            without(draw, "dLdA"),
            forward(_made(name), "Z", "A"),
            (name, f"{name}.forward"),
        ),
        Problem(
            f"{name}.backward",
            draw,
            _backward(name),
            (name, f"{name}.backward"),
            others=(_slope(name, "backward"), _slope(name, "derivative")),
            given=("dAdZ",),
            forward=f"{name}.forward",
        ),
    ]


_DBETA = {"dLdbeta": ("dLdbeta",)}

PROBLEMS = [
    *_both("Identity"),
    *_both("Sigmoid"),
    *_both("Tanh"),
    *_both("ReLU", _kinks),
    *_both("GELU"),
    Problem(
        "Swish.forward",
        without(_swish, "dLdA"),
        forward(_swished, "Z", "A"),
        ("Swish", "Swish.forward"),
    ),
    Problem(
        "Swish.backward",
        _swish,
        backward(_swished, "dLdZ", _DBETA, "Z", "dLdA"),
        ("Swish", "Swish.backward"),
        others=parts(_swished, "dLdZ", _DBETA, "Z", "dLdA"),
        forward="Swish.forward",
    ),
    Problem(
        "Softmax.forward",
        without(_scores, "dLdA"),
        forward(_made("Softmax"), "Z", "A"),
        ("Softmax", "Softmax.forward"),
        remarks=("A",),
    ),
    Problem(
        "Softmax.backward",
        _rows,
        backward(_made("Softmax"), "dLdZ", x="Z", upstream="dLdA"),
        ("Softmax", "Softmax.backward"),
        forward="Softmax.forward",
    ),
]
