"""What students write in the activations."""

from collections.abc import Callable

from reference.cards import Mistake

FUNCTIONS: dict[str, Callable] = {}
PROBLEMS: list = []


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
        "softmax scores divided by their maximum",
        "Softmax.forward",
        "A, self.cache = softmax_forward(Z)",
        "A, self.cache = softmax_forward(Z / Z.max(axis=1, keepdims=True))",
        "The scores are divided by their maximum; it should be subtracted.",
    ),
    Mistake(
        "softmax over all rows at once",
        "Softmax.forward",
        "A, self.cache = softmax_forward(Z)",
        "A, self.cache = np.exp(Z - Z.max()) / np.exp(Z - Z.max()).sum(), None",
        "exp(Z) is divided by the sum over all rows; each row has its own sum.",
    ),
    Mistake(
        "softmax without exp",
        "Softmax.forward",
        "A, self.cache = softmax_forward(Z)",
        "A, self.cache = Z / Z.sum(axis=1, keepdims=True), None",
        "exp is missing.",
    ),
    _swish_mistake(
        "sigmoid's slope is the sigmoid",
        _DZ,
        "return dLdA * (s + self.beta * Z * s)",
        "In dLdZ the sigmoid's slope is taken as s: it is s (1 - s).",
    ),
    Mistake(
        "tanh slope with its root",
        "Tanh.backward",
        "return tanh_backward(dLdA, self.cache)",
        "return dLdA * np.sqrt(1 - self.cache**2)",
        "The slope is taken as 1 / cosh: it is 1 / cosh^2, which is 1 - A^2.",
    ),
    Mistake(
        "gelu upstream on the first term alone",
        "GELU.backward",
        "return gelu_backward(dLdA, self.cache)",
        "Z, p = self.cache\n    return dLdA * p + gelu_backward(1 + 0 * dLdA, self.cache) - p",
        "dLdA multiplies the first term alone, and should multiply both.",
    ),
    Mistake(
        "gelu bell upside down",
        "GELU.backward",
        "return gelu_backward(dLdA, self.cache)",
        "Z, p = self.cache\n    return dLdA * (p + Z * np.exp(Z * Z / 2) / np.sqrt(2 * np.pi))",
        "The minus in exp(-Z^2 / 2) is missing.",
    ),
]

_SOFTMAX = "return softmax_backward(dLdA, self.cache)"
for _name, _code, _says in (
    (
        "A[m] (1 - A[n]) everywhere",
        "(1 - p) * (dLdA * p).sum(axis=1, keepdims=True)",
        "The Jacobian is A[m] (1 - A[n]) everywhere; off its diagonal it is -A[m] A[n].",
    ),
    (
        "A[m] (1 - A[n]) everywhere, transposed",
        "p * (dLdA * (1 - p)).sum(axis=1, keepdims=True)",
        "The Jacobian is A[m] (1 - A[n]) everywhere; off its diagonal it is -A[m] A[n].",
    ),
    (
        "squares for the outer product",
        "p * dLdA - p * p * dLdA.sum(axis=1, keepdims=True)",
        "A A stands for the outer product of A with itself: it is -A[m] A[n] at m, n.",
    ),
    (
        "squares for the outer product, transposed",
        "p * dLdA - (p * p * dLdA).sum(axis=1, keepdims=True)",
        "A A stands for the outer product of A with itself: it is -A[m] A[n] at m, n.",
    ),
):
    MISTAKES.append(
        Mistake(
            f"softmax Jacobian {_name}",
            "Softmax.backward",
            _SOFTMAX,
            f"p = self.cache\n    return {_code}",
            _says,
        )
    )
