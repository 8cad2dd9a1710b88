"""CS231n, assignment 2: convolution and max pooling."""

import numpy as np

from manual.convolution import conv2d_backward, conv2d_forward
from manual.pooling import max_pool2d_backward, max_pool2d_forward
from manual.windows import fold, unfold  # noqa: F401  (mistakes are planted in them)
from reference.grading.recipe import Problem, backward_from, backward_of, forward_of


def conv_forward_naive(x, w, b, conv_param):
    """x: (N, C, H, W), w: (F, C, HH, WW), b: (F,). conv_param: stride, pad. Returns out, cache."""
    out, cache = conv2d_forward(x, w, b, conv_param["stride"], conv_param["pad"])
    return out, cache


def conv_backward_naive(dout, cache):
    """Returns dx, dw, db."""
    dx, dw, db = conv2d_backward(dout, cache)
    return dx, dw, db


def _places(OH, OW, stride, HH, WW):
    """Where each window lies, in the order of a loop over the output: i, j, window."""
    for i, j in np.ndindex(OH, OW):
        yield i, j, np.s_[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW]


def max_pool_forward_naive(x, pool_param):
    """x: (N, C, H, W). pool_param: pool_height, pool_width, stride. Returns out, cache."""
    kernel = (pool_param["pool_height"], pool_param["pool_width"])
    out, cache = max_pool2d_forward(x, kernel, pool_param["stride"])
    return out, cache


def max_pool_backward_naive(dout, cache):
    """Returns dx."""
    dx = max_pool2d_backward(dout, cache)
    return dx


FUNCTIONS = {
    "conv_forward_naive": conv_forward_naive,
    "conv_backward_naive": conv_backward_naive,
    "max_pool_forward_naive": max_pool_forward_naive,
    "max_pool_backward_naive": max_pool_backward_naive,
}


# What is drawn --------------------------------------------------------------------------------

# H, W, HH, WW, stride, pad: as the course promises, the stride divides H + 2 pad - HH, and so in W.
_SMALL_WINDOWS = ((1, 1, 2, 2, 1, 1), (1, 1, 1, 2, 1, 1), (2, 1, 2, 3, 2, 1))
_WINDOWS = (
    (4, 5, 3, 2, 1, 1),
    (5, 6, 3, 2, 2, 1),
    (2, 3, 2, 3, 1, 2),
    (5, 4, 3, 4, 2, 1),
    (4, 3, 2, 3, 1, 1),
    (4, 6, 3, 2, 3, 1),
    (4, 5, 3, 3, 1, 1),
)
_NO_PAD = (5, 6, 3, 4, 2, 0)  # x[pad:-pad] is empty there
# H, W, pool_height, pool_width, stride
_SMALL_POOLS = ((2, 2, 2, 2, 2), (2, 3, 2, 2, 1), (1, 3, 1, 2, 1))
_POOLS = (
    (4, 6, 2, 2, 2),
    (4, 5, 3, 2, 1),
    (5, 6, 3, 2, 2),
    (4, 6, 2, 3, 1),
    (5, 8, 2, 2, 3),
    (3, 7, 3, 1, 2),
)


def _conv(dice):
    if dice.small:
        N, C, F, (H, W, HH, WW, stride, pad) = 1, 1, 1, _SMALL_WINDOWS[dice.k]
    else:
        N, C, F = dice.pick((2, 3, 4), (3, 2, 4), (2, 4, 3))
        # The first five of them in any case.
        windows = _WINDOWS[dice.k - 3] if dice.k < 8 else dice.pick(*_WINDOWS)
        H, W, HH, WW, stride, pad = _NO_PAD if dice.corner else windows
    OH, OW = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW) // stride + 1
    return {
        "x": dice.array(N, C, H, W),
        "w": dice.array(F, C, HH, WW),
        "b": dice.array(F),
        "conv_param": {"stride": stride, "pad": pad},
        "dout": dice.array(N, F, OH, OW),
        "corner": dice.corner,
        "excuse": "where pad is 0, which no course's check tries" if dice.corner else "",
    }


def _pool(dice):
    if dice.small:
        N, C, (H, W, PH, PW, stride) = 1, 1, _SMALL_POOLS[dice.k]
    else:
        N, C = dice.pick((2, 3), (3, 2), (2, 4))
        H, W, PH, PW, stride = _POOLS[dice.k - 3] if dice.k < 9 else dice.pick(*_POOLS)
    x = dice.array(N, C, H, W)
    if dice.corner:
        x = np.rint(x)
    return {
        "x": x,
        "pool_param": {"pool_height": PH, "pool_width": PW, "stride": stride},
        "dout": dice.array(N, C, (H - PH) // stride + 1, (W - PW) // stride + 1),
        "corner": dice.corner,
    }


# What is asked --------------------------------------------------------------------------------

_CONV = ("x", "w", "b", "conv_param")
_POOL = ("x", "pool_param")


def _fast(name, *endings):
    return tuple(name.replace("naive", ending) for ending in endings)


PROBLEMS = [
    Problem(
        "conv_forward_naive",
        _conv,
        forward_of("conv_forward_naive", *_CONV),
        ("conv_forward_naive",),
        also=_fast("conv_forward_naive", "fast", "im2col", "strides"),
    ),
    Problem(
        "conv_backward_naive",
        _conv,
        backward_of("conv_forward_naive", "conv_backward_naive", _CONV, "dx", "dw", "db"),
        ("conv_forward_naive", "conv_backward_naive"),
        others=(backward_from("conv_backward_naive", _CONV, "dx", "dw", "db"),),
        also=_fast("conv_backward_naive", "fast", "im2col", "strides"),
        forward="conv_forward_naive",
    ),
    Problem(
        "max_pool_forward_naive",
        _pool,
        forward_of("max_pool_forward_naive", *_POOL),
        ("max_pool_forward_naive",),
        also=_fast("max_pool_forward_naive", "fast", "im2col"),
    ),
    Problem(
        "max_pool_backward_naive",
        _pool,
        backward_of("max_pool_forward_naive", "max_pool_backward_naive", _POOL, "dx"),
        ("max_pool_forward_naive", "max_pool_backward_naive"),
        others=(backward_from("max_pool_backward_naive", _POOL, "dx"),),
        also=_fast("max_pool_backward_naive", "fast", "im2col"),
        forward="max_pool_forward_naive",
    ),
]
