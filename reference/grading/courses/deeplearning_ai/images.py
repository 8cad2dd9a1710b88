"""Course 4, week 1: convolution and pooling.

Images are (m, n_H, n_W, n_C), kernels (f, f, n_C_prev, n_C).
"""

import numpy as np

from manual.convolution import conv2d_backward, conv2d_forward
from manual.pooling import (
    avg_pool2d_backward,
    avg_pool2d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)
from reference.grading.recipe import Problem


def channels_first(images):
    """(m, n_H, n_W, n_C) as (m, n_C, n_H, n_W)."""
    return images.transpose(0, 3, 1, 2)


def channels_last(images):
    """And back."""
    return images.transpose(0, 2, 3, 1)


def zero_pad(X, pad):
    """Zeros around the height and the width."""
    return np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))


def conv_single_step(a_slice_prev, W, b):
    """One window and one kernel, both (f, f, n_C_prev); b (1, 1, 1). Returns a number."""
    x, w = channels_first(a_slice_prev[None]), channels_first(W[None])
    Z, _ = conv2d_forward(x, w, b.ravel())
    return Z[0, 0, 0, 0]


def conv_forward(A_prev, W, b, hparameters):
    """b (1, 1, 1, n_C); hparameters: stride, pad. Returns Z, cache."""
    stride, pad = hparameters["stride"], hparameters["pad"]
    Z, _ = conv2d_forward(channels_first(A_prev), W.transpose(3, 2, 0, 1), b.ravel(), stride, pad)
    return channels_last(Z), (A_prev, W, b, hparameters)


def conv_backward(dZ, cache):
    """Returns dA_prev, dW, db (1, 1, 1, n_C)."""
    A_prev, W, b, hparameters = cache
    stride, pad = hparameters["stride"], hparameters["pad"]
    x, w, dout = channels_first(A_prev), W.transpose(3, 2, 0, 1), channels_first(dZ)
    _, inner = conv2d_forward(x, w, b.ravel(), stride, pad)
    dA_prev, dW, db = conv2d_backward(dout, inner)
    return channels_last(dA_prev), dW.transpose(2, 3, 1, 0), db.reshape(1, 1, 1, -1)


def pool_forward(A_prev, hparameters, mode="max"):
    """hparameters: f, stride. mode: "max" or "average". Returns A, cache."""
    f, stride = hparameters["f"], hparameters["stride"]
    forward = max_pool2d_forward if mode == "max" else avg_pool2d_forward
    A, _ = forward(channels_first(A_prev), f, stride)
    return channels_last(A), (A_prev, hparameters)


def create_mask_from_window(x):
    """1 at the largest number of x, 0 elsewhere."""
    _, inner = max_pool2d_forward(x[None, None], x.shape)
    return max_pool2d_backward(np.ones((1, 1, 1, 1)), inner)[0, 0]


def distribute_value(dz, shape):
    """dz in equal shares over a window of this shape."""
    _, inner = avg_pool2d_forward(np.zeros((1, 1, *shape)), tuple(shape))
    return avg_pool2d_backward(np.full((1, 1, 1, 1), dz), inner)[0, 0]


def pool_backward(dA, cache, mode="max"):
    """Returns dA_prev."""
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    if mode == "max":
        forward, back = max_pool2d_forward, max_pool2d_backward
    else:
        forward, back = avg_pool2d_forward, avg_pool2d_backward
    x, dout = channels_first(A_prev), channels_first(dA)
    _, inner = forward(x, f, stride)
    dx = back(dout, inner)
    return channels_last(dx)


FUNCTIONS = {
    "zero_pad": zero_pad,
    "conv_single_step": conv_single_step,
    "conv_forward": conv_forward,
    "pool_forward": pool_forward,
    "conv_backward": conv_backward,
    "create_mask_from_window": create_mask_from_window,
    "distribute_value": distribute_value,
    "pool_backward": pool_backward,
}


# What is drawn --------------------------------------------------------------------------------


def _images(dice):
    m, n_H, n_W, n_C = dice.sizes(4)
    return {"X": dice.array(m, n_H, n_W, n_C), "pad": (1, 2, 3)[dice.k % 3]}


def _window(dice):
    f, n_C = dice.sizes(2)
    return {
        "a_slice_prev": dice.array(f, f, n_C),
        "W": dice.array(f, f, n_C),
        "b": dice.array(1, 1, 1),
    }


def _sizes(dice):
    """m, n_H, n_W, n_C_prev, n_C, f."""
    if dice.small:
        return 2, 2, 1 + dice.k % 2, 1, 1, 2
    m, n_C_prev, n_C = ((2, 3, 4), (3, 2, 1), (2, 4, 3))[dice.k % 3]
    return m, *((4, 3), (3, 5))[dice.k % 2], n_C_prev, n_C, (2, 3)[dice.k // 2 % 2]


def _convolution(dice):
    m, n_H, n_W, n_C_prev, n_C, f = _sizes(dice)
    stride, pad = ((1, 1), (2, 1), (2, 2))[dice.k % 3]
    A_prev, W = dice.array(m, n_H, n_W, n_C_prev), dice.array(f, f, n_C_prev, n_C)
    e = {"A_prev": A_prev, "W": W, "b": dice.array(1, 1, 1, n_C)}
    e["hparameters"] = {"stride": stride, "pad": pad}
    rows, columns = ((n + 2 * pad - f) // stride + 1 for n in (n_H, n_W))
    return e | {"dZ": dice.array(m, rows, columns, n_C)}


def _convolution_forward(dice):
    e = _convolution(dice)
    del e["dZ"]
    if dice.k % 5 == 4:
        e["hparameters"]["pad"] = 0
    return e


def _pooling(dice):
    m, n_H, n_W, n_C, _, f = _sizes(dice)
    if dice.small:
        n_H, n_W = 2, 2 + dice.k % 2
    e = {"A_prev": dice.array(m, n_H, n_W, n_C), "hparameters": {"f": f}}
    stride = e["hparameters"]["stride"] = (1, 2, 3)[dice.k % 3]
    rows, columns = ((n - f) // stride + 1 for n in (n_H, n_W))
    mode = ("max", "average")[(dice.k + dice.k // 6) % 2]
    return e | {"mode": mode, "dA": dice.array(m, rows, columns, n_C)}


def _pooling_forward(dice):
    e = _pooling(dice)
    del e["dA"]
    return e


def _mask(dice):
    return {"x": dice.array(*dice.sizes(2))}


def _value(dice):
    shape = dice.sizes(2)
    return {"dz": float(dice.array(1)[0]), "shape": shape}


# What is asked --------------------------------------------------------------------------------


def _conv_forward(do, e):
    Z, _ = do("conv_forward", e.A_prev, e.W, e.b, e.hparameters, parts=2)
    return {"Z": Z}


def _conv_backward(do, e):
    dA_prev, dW, db = do("conv_backward", e.dZ, (e.A_prev, e.W, e.b, e.hparameters), parts=3)
    return {"dA_prev": dA_prev, "dW": dW, "db": db}


def _conv_backward_own(do, e):
    """With the cache of the student's own forward."""
    _, cache = do("conv_forward", e.A_prev, e.W, e.b, e.hparameters, parts=2)
    dA_prev, dW, db = do("conv_backward", e.dZ, cache, parts=3)
    return {"dA_prev": dA_prev, "dW": dW, "db": db}


def _pool_forward(do, e):
    A, _ = do("pool_forward", e.A_prev, e.hparameters, e.mode, parts=2)
    return {"A": A}


def _pool_backward(do, e):
    return {"dA_prev": do("pool_backward", e.dA, (e.A_prev, e.hparameters), e.mode)}


def _single_step_with_a_number(do, e):
    """float(b) of an array (1, 1, 1) worked until 2025."""
    return {"Z": do("conv_single_step", e.a_slice_prev, e.W, e.b[0, 0, 0])}


def _alone(name, output, *args):
    return lambda do, e: {output: do(name, *(getattr(e, arg) for arg in args))}


PROBLEMS = [
    Problem("zero_pad", _images, _alone("zero_pad", "X_pad", "X", "pad"), ("zero_pad",)),
    Problem(
        "conv_single_step",
        _window,
        _alone("conv_single_step", "Z", "a_slice_prev", "W", "b"),
        ("conv_single_step",),
        others=(_single_step_with_a_number,),
    ),
    Problem(
        "conv_forward",
        _convolution_forward,
        _conv_forward,
        ("conv_forward",),
        uses=("zero_pad", "conv_single_step"),
    ),
    Problem("pool_forward", _pooling_forward, _pool_forward, ("pool_forward",)),
    Problem(
        "conv_backward",
        _convolution,
        _conv_backward,
        ("conv_backward",),
        others=(_conv_backward_own,),
        uses=("zero_pad",),
    ),
    Problem(
        "create_mask_from_window",
        _mask,
        _alone("create_mask_from_window", "mask", "x"),
        ("create_mask_from_window",),
    ),
    Problem(
        "distribute_value",
        _value,
        _alone("distribute_value", "a", "dz", "shape"),
        ("distribute_value",),
    ),
    Problem(
        "pool_backward",
        _pooling,
        _pool_backward,
        ("pool_backward",),
        uses=("create_mask_from_window", "distribute_value"),
    ),
]
