"""CS231n's layer_utils.py and fast_layers.py, which it gives its students: layers in a row."""

from manual.convolution import conv2d_backward, conv2d_forward
from manual.pooling import max_pool2d_backward, max_pool2d_forward
from manual.rectifiers import relu_backward, relu_forward
from reference.cards import Mistake
from reference.grading.courses.cs231n.norms import (
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from reference.grading.recipe import Problem, backward_of, forward_of


def conv_forward_fast(x, w, b, conv_param):
    """As conv_forward_naive. Returns out, cache."""
    return conv2d_forward(x, w, b, conv_param["stride"], conv_param["pad"])


def conv_backward_fast(dout, cache):
    """Returns dx, dw, db."""
    return conv2d_backward(dout, cache)


def max_pool_forward_fast(x, pool_param):
    """As max_pool_forward_naive. Returns out, cache."""
    kernel = (pool_param["pool_height"], pool_param["pool_width"])
    return max_pool2d_forward(x, kernel, pool_param["stride"])


def max_pool_backward_fast(dout, cache):
    """Returns dx."""
    return max_pool2d_backward(dout, cache)


def conv_relu_forward(x, w, b, conv_param):
    """Convolution, relu. Returns out, cache."""
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout, cache):
    """Returns dx, dw, db."""
    conv_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return conv_backward_fast(da, conv_cache)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    """Convolution, spatial batch norm, relu. Returns out, cache."""
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    an, bn_cache = spatial_batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(an)
    return out, (conv_cache, bn_cache, relu_cache)


def conv_bn_relu_backward(dout, cache):
    """Returns dx, dw, db, dgamma, dbeta."""
    conv_cache, bn_cache, relu_cache = cache
    dan = relu_backward(dout, relu_cache)
    da, dgamma, dbeta = spatial_batchnorm_backward(dan, bn_cache)
    dx, dw, db = conv_backward_fast(da, conv_cache)
    return dx, dw, db, dgamma, dbeta


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    """Convolution, relu, max pooling. Returns out, cache."""
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    s, relu_cache = relu_forward(a)
    out, pool_cache = max_pool_forward_fast(s, pool_param)
    return out, (conv_cache, relu_cache, pool_cache)


def conv_relu_pool_backward(dout, cache):
    """Returns dx, dw, db."""
    conv_cache, relu_cache, pool_cache = cache
    ds = max_pool_backward_fast(dout, pool_cache)
    da = relu_backward(ds, relu_cache)
    return conv_backward_fast(da, conv_cache)


FUNCTIONS = {
    "conv_forward_fast": conv_forward_fast,
    "conv_backward_fast": conv_backward_fast,
    "max_pool_forward_fast": max_pool_forward_fast,
    "max_pool_backward_fast": max_pool_backward_fast,
    "conv_relu_forward": conv_relu_forward,
    "conv_relu_backward": conv_relu_backward,
    "conv_bn_relu_forward": conv_bn_relu_forward,
    "conv_bn_relu_backward": conv_bn_relu_backward,
    "conv_relu_pool_forward": conv_relu_pool_forward,
    "conv_relu_pool_backward": conv_relu_pool_backward,
}


# What is drawn --------------------------------------------------------------------------------


def _conv(dice):
    """Numbers of two digits: none is drawn twice in a window, and no sum of them is 0."""
    N, C, F = (2, 1, 1) if dice.small else dice.pick((2, 3, 4), (3, 2, 4), (2, 4, 3))
    H, W, HH = (2, 2, 1) if dice.k == 0 else dice.pick((4, 6, 3), (6, 4, 3), (4, 2, 3))
    return {
        "x": dice.array(N, C, H, W, scale=0.7),
        "w": dice.array(F, C, HH, HH, scale=0.7),
        "b": dice.array(F),
        "conv_param": {"stride": 1, "pad": (HH - 1) // 2},
        "dout": dice.array(N, F, H, W),
    }


def _conv_bn(dice):
    e = _conv(dice)
    F = len(e["b"])
    e |= {"gamma": dice.array(F), "beta": dice.array(F)}
    return e | {"bn_param": {"mode": "train", "eps": 0.1}}


def _conv_pool(dice):
    e = _conv(dice)
    pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    return e | {"pool_param": pool_param, "dout": e["dout"][:, :, ::2, ::2].copy()}


# What is asked --------------------------------------------------------------------------------

CONV = ("conv_forward_fast", "conv_backward_fast", "conv_forward_naive", "conv_backward_naive")
RELU = ("relu_forward", "relu_backward")
POOL = ("max_pool_forward_fast", "max_pool_backward_fast", "max_pool_forward_naive",
        "max_pool_backward_naive")  # fmt: skip
SPATIAL = ("spatial_batchnorm_forward", "spatial_batchnorm_backward", "batchnorm_forward",
           "batchnorm_backward", "batchnorm_backward_alt")  # fmt: skip


def _both(name, draw, args, grads, uses):
    forward, backward = f"{name}_forward", f"{name}_backward"
    recipe = backward_of(forward, backward, args, *grads)
    return [
        Problem(forward, draw, forward_of(forward, *args), (forward,), uses=uses),
        Problem(backward, draw, recipe, (forward, backward), uses=uses, forward=forward),
    ]


_ARGS, _GRADS = ("x", "w", "b"), ("dx", "dw", "db")

PROBLEMS = [
    *_both("conv_relu", _conv, (*_ARGS, "conv_param"), _GRADS, CONV + RELU),
    *_both("conv_bn_relu", _conv_bn, (*_ARGS, "gamma", "beta", "conv_param", "bn_param"),
           (*_GRADS, "dgamma", "dbeta"), CONV + SPATIAL + RELU),
    *_both("conv_relu_pool", _conv_pool, (*_ARGS, "conv_param", "pool_param"), _GRADS,
           CONV + RELU + POOL),
]  # fmt: skip

MISTAKES: list[Mistake] = [
    Mistake(
        "conv relu pool pools before relu",
        "conv_relu_pool_backward",
        "da = relu_backward(ds, relu_cache)",
        "da = ds",
        "The gradient goes from the pooling to the convolution past relu: its mask is missing.",
    ),
    Mistake(
        "conv bn relu skips batch norm in the backward",
        "conv_bn_relu_backward",
        "conv_backward_fast(da, conv_cache)",
        "conv_backward_fast(dan, conv_cache)",
        "The gradient goes from relu to the convolution past batch norm.",
    ),
    Mistake(
        "conv bn relu dgamma and dbeta swapped",
        "conv_bn_relu_backward",
        "da, dgamma, dbeta =",
        "da, dbeta, dgamma =",
        "dgamma and dbeta are swapped.",
    ),
]

# What the course gives its students, in our words. Both look for the student's layers.py.
PROVIDED = {
    "cs231n/fast_layers.py": '''
"""Fast layers: here they are the naive ones under another name."""
from .layers import *


def conv_forward_fast(x, w, b, conv_param):
    return conv_forward_naive(x, w, b, conv_param)


def conv_backward_fast(dout, cache):
    return conv_backward_naive(dout, cache)


conv_forward_im2col = conv_forward_strides = conv_forward_fast
conv_backward_im2col = conv_backward_strides = conv_backward_fast


def max_pool_forward_fast(x, pool_param):
    return max_pool_forward_naive(x, pool_param)


def max_pool_backward_fast(dout, cache):
    return max_pool_backward_naive(dout, cache)
''',
    "cs231n/layer_utils.py": '''
"""Layers that often follow each other."""
from .layers import *
from .fast_layers import *


def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (fc_cache, relu_cache)


def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return affine_backward(da, fc_cache)


def conv_relu_forward(x, w, b, conv_param):
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout, cache):
    conv_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return conv_backward_fast(da, conv_cache)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    an, bn_cache = spatial_batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(an)
    return out, (conv_cache, bn_cache, relu_cache)


def conv_bn_relu_backward(dout, cache):
    conv_cache, bn_cache, relu_cache = cache
    dan = relu_backward(dout, relu_cache)
    da, dgamma, dbeta = spatial_batchnorm_backward(dan, bn_cache)
    dx, dw, db = conv_backward_fast(da, conv_cache)
    return dx, dw, db, dgamma, dbeta


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    s, relu_cache = relu_forward(a)
    out, pool_cache = max_pool_forward_fast(s, pool_param)
    return out, (conv_cache, relu_cache, pool_cache)


def conv_relu_pool_backward(dout, cache):
    conv_cache, relu_cache, pool_cache = cache
    ds = max_pool_backward_fast(dout, pool_cache)
    da = relu_backward(ds, relu_cache)
    return conv_backward_fast(da, conv_cache)
''',
}
