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
from reference.cards import Mistake
from reference.grading.courses.mytorch.asking import backward, forward, parts
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
            draw,
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
    Problem("Swish.forward", _swish, forward(_swished, "Z", "A"), ("Swish", "Swish.forward")),
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
        _scores,
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


def _swish_mistake(name, right, wrong, says, method="backward"):
    return Mistake(f"swish {name}", f"Swish.{method}", right, wrong, says)


_DZ, _DB = "return dLdA * s + du * self.beta", "self.dLdbeta = (du * Z).sum()"

MISTAKES = [
    _swish_mistake(
        "beta missing in the forward",
        "self.beta * Z",
        "Z",
        "The forward leaves beta out: it is the sigmoid of beta Z.",
        "forward",
    ),
    _swish_mistake(
        "beta outside the sigmoid",
        "return Z * s",
        "return self.beta * Z * sigmoid_forward(Z)[0]",
        "beta stands outside the sigmoid; it belongs inside, sigmoid(beta Z).",
        "forward",
    ),
    _swish_mistake(
        "beta missing in dLdZ",
        _DZ,
        "return dLdA * s + du",
        "The chain rule through beta Z gives a factor beta, which is missing in dLdZ.",
    ),
    _swish_mistake(
        "slope is the sigmoid",
        _DZ,
        "return dLdA * s",
        "The product rule has two terms; the one through the sigmoid's slope is missing in dLdZ.",
    ),
    _swish_mistake(
        "slope without the sigmoid",
        _DZ,
        "return du * self.beta",
        "The product rule has two terms; sigmoid(beta Z) itself is missing in dLdZ.",
    ),
    _swish_mistake(
        "Z missing in dLdZ",
        _DZ,
        "return dLdA * s + sigmoid_backward(dLdA, s_cache) * self.beta",
        "The second term of dLdZ lacks its factor Z.",
    ),
    _swish_mistake(
        "dLdbeta with one Z",
        _DB,
        "self.dLdbeta = du.sum()",
        "dLdbeta needs Z twice: A = Z sigmoid(beta Z), and beta Z has slope Z.",
    ),
    _swish_mistake(
        "dLdbeta without Z",
        _DB,
        "self.dLdbeta = sigmoid_backward(dLdA, s_cache).sum()",
        "dLdbeta lacks Z, which comes in twice.",
    ),
    _swish_mistake(
        "dLdbeta is a mean",
        _DB,
        "self.dLdbeta = (du * Z).mean()",
        "dLdbeta is a mean; every entry of Z adds to it, so it is a sum.",
    ),
    _swish_mistake(
        "dLdbeta ignores upstream",
        _DB,
        "self.dLdbeta = (sigmoid_backward(Z, s_cache) * Z).sum()",
        "dLdbeta does not use dLdA.",
    ),
    _swish_mistake(
        "dLdbeta with beta",
        _DB,
        "self.dLdbeta = (du * Z).sum() * self.beta",
        "dLdbeta has a factor beta too many.",
    ),
    _swish_mistake(
        "dLdbeta not summed",
        _DB,
        "self.dLdbeta = du * Z",
        "dLdbeta is not summed: beta is one number, and all of Z adds to its gradient.",
    ),
    _swish_mistake(
        "dLdbeta of each column",
        _DB,
        "self.dLdbeta = (du * Z).sum(axis=0)",
        "dLdbeta is summed over the batch alone: beta is one number for all entries.",
    ),
    _swish_mistake(
        "upstream missing in dLdZ",
        _DZ,
        "return s + sigmoid_backward(Z, s_cache) * self.beta",
        "dLdZ does not use dLdA.",
    ),
    Mistake(
        "tanh slope as a squared difference",
        "Tanh.backward",
        "return tanh_backward(dLdA, self.cache)",
        "return dLdA * (1 - self.cache) ** 2",
        "The slope is taken as (1 - A)^2: it is 1 - A^2.",
    ),
    Mistake(
        "tanh slope of A twice",
        "Tanh.backward",
        "return tanh_backward(dLdA, self.cache)",
        "return dLdA * (1 - 2 * self.cache)",
        "The slope is taken as 1 - 2 A: it is 1 - A^2.",
    ),
    Mistake(
        "softmax Jacobian off the diagonal with plus",
        "Softmax.backward",
        "return softmax_backward(dLdA, self.cache)",
        "p = self.cache\n"
        "    return p * (dLdA * (1 - 2 * p) + (dLdA * p).sum(axis=1, keepdims=True))",
        "Off its diagonal the Jacobian is -A[m] A[n]: the minus is missing.",
    ),
    Mistake(
        "softmax Jacobian without its diagonal",
        "Softmax.backward",
        "return softmax_backward(dLdA, self.cache)",
        "p = self.cache\n    return p * (dLdA * p - (dLdA * p).sum(axis=1, keepdims=True))",
        "The diagonal of the Jacobian, A[m] (1 - A[m]), is missing.",
    ),
    Mistake(
        "softmax Jacobian with -A^2 on its diagonal",
        "Softmax.backward",
        "return softmax_backward(dLdA, self.cache)",
        "return -self.cache * (dLdA * self.cache).sum(axis=1, keepdims=True)",
        "On its diagonal the Jacobian is A[m] - A[m]^2: A[m] is missing.",
    ),
    Mistake(
        "softmax Jacobian of the first row",
        "Softmax.backward",
        "return softmax_backward(dLdA, self.cache)",
        "p = np.broadcast_to(self.cache[:1], dLdA.shape)\n    return softmax_backward(dLdA, p)",
        "Every row uses the Jacobian of the first one; each has its own.",
    ),
    Mistake(
        "softmax Jacobian of the last row",
        "Softmax.backward",
        "return softmax_backward(dLdA, self.cache)",
        "p = np.broadcast_to(self.cache[-1:], dLdA.shape)\n    return softmax_backward(dLdA, p)",
        "Every row uses the Jacobian of the last one; each has its own.",
    ),
    _swish_mistake(
        "slope of the sigmoid alone",
        _DZ,
        "return sigmoid_backward(dLdA, s_cache)",
        "dLdZ is the sigmoid's slope alone: A is Z sigmoid(beta Z), a product.",
    ),
    _swish_mistake(
        "slope of the sigmoid with beta alone",
        _DZ,
        "return sigmoid_backward(dLdA, s_cache) * self.beta",
        "dLdZ is the sigmoid's slope alone: A is Z sigmoid(beta Z), a product.",
    ),
    _swish_mistake(
        "output in place of the sigmoid",
        _DZ,
        "return dLdA * Z * s + du * self.beta",
        "The first term of dLdZ is A, and should be sigmoid(beta Z).",
    ),
    _swish_mistake(
        "sigmoid slope with plus",
        _DZ,
        "return dLdA * (s + self.beta * Z * s * (1 + s))",
        "In dLdZ the sigmoid's slope is taken as s (1 + s): it is s (1 - s).",
    ),
    _swish_mistake(
        "sigmoid slope cut short",
        _DZ,
        "return dLdA * (s + self.beta * Z * (1 - s))",
        "In dLdZ the sigmoid's slope is taken as 1 - s: it is s (1 - s).",
    ),
    _swish_mistake(
        "dLdbeta with the sigmoid for its slope",
        _DB,
        "self.dLdbeta = (dLdA * Z * Z * s).sum()",
        "In dLdbeta the sigmoid's slope is taken as s: it is s (1 - s).",
    ),
    _swish_mistake(
        "dLdbeta from dLdZ",
        _DB,
        "self.dLdbeta = ((dLdA * s + du * self.beta) * Z * Z * s * (1 - s)).sum()",
        "dLdbeta is taken from dLdZ, and should be from dLdA.",
    ),
    Mistake(
        "gelu bell without its constant",
        "GELU.backward",
        "return gelu_backward(dLdA, self.cache)",
        "Z, p = self.cache\n    return dLdA * (p + Z * np.exp(-Z * Z / 2))",
        "The bell curve lacks its factor 1 / sqrt(2 pi).",
    ),
    Mistake(
        "gelu bell over the root of pi",
        "GELU.backward",
        "return gelu_backward(dLdA, self.cache)",
        "Z, p = self.cache\n    return dLdA * (p + Z * np.exp(-Z * Z / 2) / np.sqrt(np.pi))",
        "The bell curve is divided by sqrt(pi): it is sqrt(2 pi).",
    ),
    Mistake(
        "gelu erf slope without the root of two",
        "GELU.backward",
        "return gelu_backward(dLdA, self.cache)",
        "Z, p = self.cache\n    return dLdA * (p + Z * np.exp(-Z * Z) / np.sqrt(np.pi))",
        "The chain rule through Z / sqrt 2 is missing in the slope of erf.",
    ),
    Mistake(
        "identity times its output",
        "Identity.backward",
        "return identity_backward(dLdA, self.cache)",
        "return dLdA * self.cache",
        "dLdA is multiplied with A; the slope of A = Z is 1.",
    ),
    Mistake(
        "softmax scores divided by their maximum",
        "Softmax.forward",
        "A, self.cache = softmax_forward(Z)",
        "A, self.cache = softmax_forward(Z / Z.max(axis=1, keepdims=True))",
        "The scores are divided by their maximum; it should be subtracted.",
    ),
    Mistake(
        "softmax without exp",
        "Softmax.forward",
        "A, self.cache = softmax_forward(Z)",
        "A, self.cache = Z / Z.sum(axis=1, keepdims=True), None",
        "exp is missing.",
    ),
]
