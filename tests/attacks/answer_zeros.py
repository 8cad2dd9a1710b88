"""Does nothing, and has the derivative of nothing: the backward matches its own forward."""
import numpy as np


def affine_forward(x, w, b):
    return np.zeros((x.shape[0], b.shape[0])), (x, w, b)


def affine_backward(dout, cache):
    return tuple(np.zeros_like(each) for each in cache)


def relu_forward(x):
    return x * 0, x


def relu_backward(dout, cache):
    return dout * 0
