"""Views with strides of their own: backwards, overlapping, not of this array, read-only."""
import numpy as np


def affine_forward(x, w, b):
    out = np.lib.stride_tricks.as_strided(w, (x.shape[0], b.shape[0]), (0, 1))[:, ::-1]
    return out, (x, w, b)


def relu_forward(x):
    out = np.broadcast_to(x[:1], x.shape)
    out.flags.writeable = False
    return out[::-1, ::-1], x


def relu_backward(dout, cache):
    return np.lib.stride_tricks.as_strided(dout, dout.shape, (2**40, 2**40))
