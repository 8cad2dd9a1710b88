"""An array of 10^12 numbers that takes 8 bytes."""
import numpy as np


def affine_forward(x, w, b):
    return np.broadcast_to(b[:1], (10**6, 10**6)), (x, w, b)


def relu_forward(x):
    return np.lib.stride_tricks.as_strided(x, (10**15,), (0,)), x
