"""Sigmoid, tanh, softplus, silu and both gelus, for the other paths."""

import math

from reference.cards import Card, Mistake


def _sigmoid(jnp, x):
    return jnp.exp(-jnp.logaddexp(0.0, -x))  # 1 / (1 + e^-x), without overflow


def _gelu(jnp, x):
    from jax.scipy.special import erfc

    return x * erfc(-x / math.sqrt(2)) / 2


def _gelu_tanh(jnp, x):
    return 0.5 * x * (1 + jnp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


CARDS = [
    Card("sigmoid", torch=lambda F, x: F.sigmoid(x), jax=_sigmoid, by_entry=True),
    Card("tanh", torch=lambda F, x: F.tanh(x), jax=lambda jnp, x: jnp.tanh(x), by_entry=True),
    Card(
        "softplus",
        # Above its threshold PyTorch returns x itself: at 20, the default, that is off by 2e-9, at
        # 40 by less than float64 can hold.
        torch=lambda F, x: F.softplus(x, threshold=40.0),
        jax=lambda jnp, x: jnp.logaddexp(x, 0.0),
        by_entry=True,
    ),
    Card(
        "silu", torch=lambda F, x: F.silu(x), jax=lambda jnp, x: x * _sigmoid(jnp, x), by_entry=True
    ),
    Card("gelu", torch=lambda F, x: F.gelu(x), jax=_gelu, by_entry=True),
    Card(
        "gelu_tanh", torch=lambda F, x: F.gelu(x, approximate="tanh"), jax=_gelu_tanh, by_entry=True
    ),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "sigmoid of minus x",
        "sigmoid_forward",
        "(1 + np.tanh(x / 2)) / 2",
        "(1 - np.tanh(x / 2)) / 2",
        "The sign of x is lost: out falls where it should rise.",
    ),
    Mistake(
        "sigmoid of two x",
        "sigmoid_forward",
        "np.tanh(x / 2)",
        "np.tanh(x)",
        "tanh takes x / 2; without the half, out is the sigmoid of 2 x.",
    ),
    Mistake(
        "sigmoid overflows",
        "sigmoid_forward",
        "(1 + np.tanh(x / 2)) / 2",
        "np.exp(x) / (1 + np.exp(x))",
        "For large x exp overflows, and infinity over infinity is nan.",
    ),
    Mistake(
        "sigmoid clipped",
        "sigmoid_forward",
        "(1 + np.tanh(x / 2)) / 2",
        "1 / (1 + np.exp(-(0 * x + np.clip(x, -20, 20))))",
        "x is cut to -20 and 20 against overflow; out is wrong beyond.",
    ),
    Mistake(
        "sigmoid caches x",
        "sigmoid_forward",
        "return out, out",
        "return out, x",
        "The cache holds x, but the backward takes s (1 - s) of the output.",
    ),
    Mistake(
        "sigmoid slope missing",
        "sigmoid_backward",
        "dout * (s * (1 - s))",
        "dout + 0 * s",
        "The slope s (1 - s) is missing: dout passes unchanged.",
    ),
    Mistake(
        "sigmoid slope is s",
        "sigmoid_backward",
        "s * (1 - s)",
        "s",
        "The slope is s (1 - s); the 1 - s is missing.",
    ),
    Mistake(
        "sigmoid slope is one minus s",
        "sigmoid_backward",
        "s * (1 - s)",
        "1 - s",
        "The slope is s (1 - s); the s in front is missing.",
    ),
    Mistake(
        "sigmoid slope with plus",
        "sigmoid_backward",
        "s * (1 - s)",
        "s * (1 + s)",
        "The slope is s (1 - s), with a minus.",
    ),
    Mistake(
        "sigmoid slope of tanh",
        "sigmoid_backward",
        "s * (1 - s)",
        "1 - s * s",
        "1 - s^2 is the slope of tanh; the sigmoid's is s (1 - s).",
    ),
    Mistake(
        "sigmoid applied twice",
        "sigmoid_backward",
        "s = cache",
        "s, _ = sigmoid_forward(cache)",
        "The sigmoid is applied once more to the output, which is in the cache already.",
    ),
    Mistake(
        "sigmoid ignores upstream",
        "sigmoid_backward",
        "dout * (s * (1 - s))",
        "0 * dout + s * (1 - s)",
        "dx is the slope alone; it must be multiplied by dout.",
    ),
    Mistake(
        "sigmoid cache in float32",
        "sigmoid_backward",
        "s = cache",
        "s = cache.astype(np.float32).astype(cache.dtype) if cache.dtype == float else cache",
        "The output passes through float32 and loses half its digits.",
    ),
    Mistake(
        "tanh of half x",
        "tanh_forward",
        "np.tanh(x)",
        "np.tanh(x / 2)",
        "out is 2 sigmoid(x) - 1, which is tanh of x / 2; tanh(x) is 2 sigmoid(2 x) - 1.",
    ),
    Mistake(
        "tanh overflows",
        "tanh_forward",
        "np.tanh(x)",
        "(np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))",
        "For large x exp overflows, and infinity over infinity is nan.",
    ),
    Mistake(
        "tanh caches x",
        "tanh_forward",
        "return out, out",
        "return out, x",
        "The cache holds x, but the backward takes 1 - t^2 of the output.",
    ),
    Mistake(
        "tanh overwrites x",
        "tanh_forward",
        "out = np.tanh(x)",
        "out = np.tanh(x, out=x)",
        "The forward writes into x, which the layer before may keep in its cache.",
    ),
    Mistake(
        "tanh slope missing",
        "tanh_backward",
        "dout * (1 - t * t)",
        "dout + 0 * t",
        "The slope 1 - t^2 is missing: dout passes unchanged.",
    ),
    Mistake(
        "tanh square missing",
        "tanh_backward",
        "1 - t * t",
        "1 - t",
        "The slope is 1 - t^2; the square is missing.",
    ),
    Mistake(
        "tanh slope with plus",
        "tanh_backward",
        "1 - t * t",
        "1 + t * t",
        "The slope is 1 - t^2, with a minus.",
    ),
    Mistake(
        "tanh slope of the sigmoid",
        "tanh_backward",
        "1 - t * t",
        "t * (1 - t)",
        "t (1 - t) is the slope of the sigmoid; tanh's is 1 - t^2.",
    ),
    Mistake(
        "tanh applied twice",
        "tanh_backward",
        "t = cache",
        "t = np.tanh(cache)",
        "tanh is applied once more to the output, which is in the cache already.",
    ),
    Mistake(
        "tanh ignores upstream",
        "tanh_backward",
        "dout * (1 - t * t)",
        "0 * dout + (1 - t * t)",
        "dx is the slope alone; it must be multiplied by dout.",
    ),
    Mistake(
        "tanh overwrites its cache",
        "tanh_backward",
        "return dout * (1 - t * t)",
        "t *= t\n    return dout * (1 - t)",
        "The backward squares the cache in place, and the cache is the output itself.",
    ),
    Mistake(
        "softplus overflows",
        "softplus_forward",
        "x * (x > 0) + np.log1p(np.exp(-size))",
        "np.log(1 + np.exp(x))",
        "For large x exp overflows, and out is infinite; it should be nearly x.",
    ),
    Mistake(
        "softplus relu missing",
        "softplus_forward",
        "x * (x > 0) + np.log1p(np.exp(-size))",
        "np.log1p(np.exp(-size))",
        "The part max(x, 0) is missing.",
    ),
    Mistake(
        "softplus in bits",
        "softplus_forward",
        "np.log1p(np.exp(-size))",
        "np.log1p(np.exp(-size)) / math.log(2)",
        "The logarithm is to base 2; it must be the natural one.",
    ),
    Mistake(
        "softplus cut at 20",
        "softplus_forward",
        "x * (x > 0) + np.log1p(np.exp(-size))",
        "x * (x > 0) + np.log1p(np.exp(-size)) * (x <= 20)",
        "Above 20 out is x itself, which is off by up to 2e-9.",
    ),
    Mistake(
        "softplus slope reversed",
        "softplus_backward",
        "sigmoid_forward(x)",
        "sigmoid_forward(-x)",
        "The slope is the sigmoid of x, not of -x.",
    ),
    Mistake(
        "softplus slope of the sigmoid",
        "softplus_backward",
        "dout * s",
        "dout * (s * (1 - s))",
        "The slope is the sigmoid itself, not the slope of the sigmoid.",
    ),
    Mistake(
        "softplus slope of relu",
        "softplus_backward",
        "dout * s",
        "dout * (x > 0)",
        "The slope is relu's, 0 or 1; it must be the sigmoid of x.",
    ),
    Mistake(
        "softplus ignores upstream",
        "softplus_backward",
        "dout * s",
        "0 * dout + s",
        "dx is the slope alone; it must be multiplied by dout.",
    ),
    Mistake(
        "softplus slope by a difference",
        "softplus_backward",
        "s, _ = sigmoid_forward(x)",
        "s = (softplus_forward(x + 1e-6)[0] - softplus_forward(x)[0]) / 1e-6",
        "The slope is a finite difference: it is off by about 1e-7. Take the sigmoid of x.",
    ),
    Mistake(
        "silu x missing",
        "silu_forward",
        "return x * s,",
        "return s,",
        "out is the sigmoid alone; it must be multiplied by x.",
    ),
    Mistake(
        "silu of 1.702 x",
        "silu_forward",
        "sigmoid_forward(x)",
        "sigmoid_forward(1.702 * x)",
        "The factor 1.702 belongs to an approximation of gelu; silu has none.",
    ),
    Mistake(
        "silu cut below zero",
        "silu_forward",
        "return x * s,",
        "return x * (x > 0) * s,",
        "Negative x give 0; silu dips below 0 there.",
    ),
    Mistake(
        "silu overflows",
        "silu_forward",
        "s, _ = sigmoid_forward(x)",
        "s = np.exp(x) / (1 + np.exp(x))",
        "For large x exp overflows, and infinity over infinity is nan.",
    ),
    Mistake(
        "silu cache swapped",
        "silu_forward",
        "(x, s)",
        "(s, x)",
        "The cache holds s and x in the wrong order.",
    ),
    Mistake(
        "silu slope is s",
        "silu_backward",
        "s + x * (s * (1 - s))",
        "s",
        "The product rule has two terms; x s' is missing.",
    ),
    Mistake(
        "silu slope without s",
        "silu_backward",
        "s + x * (s * (1 - s))",
        "x * (s * (1 - s))",
        "The product rule has two terms; the first, s, is missing.",
    ),
    Mistake(
        "silu slope without x",
        "silu_backward",
        "x * (s * (1 - s))",
        "s * (1 - s)",
        "The second term of the product rule is x s'; the x is missing.",
    ),
    Mistake(
        "silu slope with minus",
        "silu_backward",
        "s + x *",
        "s - x *",
        "The two terms of the product rule are added, not subtracted.",
    ),
    Mistake(
        "silu sigmoid slope cut short",
        "silu_backward",
        "s * (1 - s)",
        "1 - s",
        "The slope of the sigmoid is s (1 - s); the s is missing.",
    ),
    Mistake(
        "silu upstream on one term",
        "silu_backward",
        "dout * (s + x * (s * (1 - s)))",
        "dout * s + x * (s * (1 - s))",
        "dout multiplies only the first term; it must multiply both.",
    ),
    Mistake(
        "gelu root of two missing",
        "gelu_forward",
        "x / math.sqrt(2)",
        "x",
        "erf takes x / sqrt(2); the root is missing.",
    ),
    Mistake(
        "gelu root of two outside",
        "gelu_forward",
        "erf(x / math.sqrt(2))",
        "erf(x) / math.sqrt(2)",
        "The division by sqrt(2) belongs inside erf.",
    ),
    Mistake(
        "gelu half missing",
        "gelu_forward",
        "(1 + erf(x / math.sqrt(2))) / 2",
        "1 + erf(x / math.sqrt(2))",
        "The 1/2 is missing: a probability cannot exceed 1.",
    ),
    Mistake(
        "gelu x missing",
        "gelu_forward",
        "return x * p,",
        "return p,",
        "out is the probability alone; it must be multiplied by x.",
    ),
    Mistake(
        "gelu by tanh",
        "gelu_forward",
        "erf(x / math.sqrt(2))",
        "np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))",
        "out is the approximation by tanh; gelu is the exact form, by erf.",
    ),
    Mistake(
        "gelu by a sigmoid",
        "gelu_forward",
        "p = (1 + erf(x / math.sqrt(2))) / 2",
        "p, _ = sigmoid_forward(1.702 * x)",
        "out is the approximation x sigmoid(1.702 x); gelu is the exact form, by erf.",
    ),
    Mistake(
        "gelu slope is p",
        "gelu_backward",
        "p + x * bell",
        "p",
        "The product rule has two terms; x P' is missing.",
    ),
    Mistake(
        "gelu slope without p",
        "gelu_backward",
        "p + x * bell",
        "x * bell",
        "The product rule has two terms; the first, P, is missing.",
    ),
    Mistake(
        "gelu slope without x",
        "gelu_backward",
        "p + x * bell",
        "p + bell",
        "The second term of the product rule is x P'; the x is missing.",
    ),
    Mistake(
        "gelu bell too narrow",
        "gelu_backward",
        "-x * x / 2",
        "-x * x",
        "The exponent of the bell curve is -x^2 / 2; the half is missing.",
    ),
    Mistake(
        "gelu bell without root",
        "gelu_backward",
        "math.sqrt(2 * math.pi)",
        "(2 * math.pi)",
        "The bell curve is divided by sqrt(2 pi); the root is missing.",
    ),
    Mistake(
        "gelu bell constant cut short",
        "gelu_backward",
        "np.exp(-x * x / 2) / math.sqrt(2 * math.pi)",
        "np.exp(-x * x / 2) * 0.3989423",
        "1 / sqrt(2 pi) is typed with seven digits: the slope is off by 5e-8.",
    ),
    Mistake(
        "gelu tanh half missing",
        "gelu_tanh_forward",
        "x * (1 + t) / 2",
        "x * (1 + t)",
        "The 1/2 is missing: out is twice as large.",
    ),
    Mistake(
        "gelu tanh square for cube",
        "gelu_tanh_forward",
        "(x * x * x)",
        "(x * x)",
        "The term is 0.044715 x^3; yours has x^2.",
    ),
    Mistake(
        "gelu tanh root missing",
        "gelu_tanh_forward",
        "math.sqrt(2 / math.pi)",
        "2 / math.pi",
        "The factor is sqrt(2 / pi); the root is missing.",
    ),
    Mistake(
        "gelu tanh constant cut short",
        "gelu_tanh_forward",
        "0.044715",
        "0.0447",
        "The constant is 0.044715; yours is cut short.",
    ),
    Mistake(
        "gelu tanh constant in float32",
        "gelu_tanh_forward",
        "0.044715",
        "float(np.float32(0.044715))",
        "The constant has passed through float32 and kept only seven digits.",
    ),
    Mistake(
        "gelu tanh three missing",
        "gelu_tanh_backward",
        "3 * 0.044715",
        "0.044715",
        "The derivative of x^3 is 3 x^2; the 3 is missing.",
    ),
    Mistake(
        "gelu tanh inner slope missing",
        "gelu_tanh_backward",
        "(1 - t * t) * du",
        "1 - t * t",
        "The chain rule goes on inside tanh: the factor u' is missing.",
    ),
    Mistake(
        "gelu tanh outer slope missing",
        "gelu_tanh_backward",
        "(1 - t * t) * du",
        "du",
        "The slope of tanh, 1 - t^2, is missing.",
    ),
    Mistake(
        "gelu tanh inner root missing",
        "gelu_tanh_backward",
        "math.sqrt(2 / math.pi) * (1",
        "(1",
        "The factor sqrt(2 / pi) is missing from u'.",
    ),
    Mistake(
        "gelu tanh inner root cut short",
        "gelu_tanh_backward",
        "math.sqrt(2 / math.pi)",
        "0.7978846",
        "sqrt(2 / pi) is typed with seven digits: the slope is off by 5e-8.",
    ),
    Mistake(
        "gelu tanh second half missing",
        "gelu_tanh_backward",
        "((1 - t * t) * du) / 2",
        "((1 - t * t) * du)",
        "The 1/2 is missing from the second term of the product rule.",
    ),
    Mistake(
        "gelu tanh slope of one term",
        "gelu_tanh_backward",
        "(1 + t) / 2 + x * ((1 - t * t) * du) / 2",
        "(1 + t) / 2",
        "The product rule has two terms; x t' / 2 is missing.",
    ),
    Mistake(
        "gelu tanh slope of the exact gelu",
        "gelu_tanh_backward",
        "(1 + t) / 2 + x * ((1 - t * t) * du) / 2",
        "(1 + erf(x / math.sqrt(2))) / 2 + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)",
        "This is the slope of the exact gelu; the forward computes the form by tanh.",
    ),
    Mistake(
        "erf approximated",
        "erf",
        "return scipy.special.erf(x)",
        "z = np.where(x > 0, x, -x)\n"
        "    t = 1 / (1 + 0.3275911 * z)\n"
        "    poly = 1.421413741 + t * (-1.453152027 + t * 1.061405429)\n"
        "    poly = t * (0.254829592 + t * (-0.284496736 + t * poly))\n"
        "    return np.where(x > 0, 1, -1) * (1 - poly * np.exp(-z * z))",
        "erf is a table-book approximation, good to 1.5e-7 only.",
    ),
]
