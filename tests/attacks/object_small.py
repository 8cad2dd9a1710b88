"""0-d arrays, numbers, booleans and nothing in place of arrays."""
import numpy as np


def affine_forward(x, w, b):
    return np.array(0.0), (x, w, b)


def affine_backward(dout, cache):
    return True, None, 0


def relu_forward(x):
    return np.bool_(True), x


def relu_backward(dout, cache):
    return np.zeros(0)


def softmax_loss(x, y):
    return np.zeros((0, 5)), np.zeros((1,) * 32)
