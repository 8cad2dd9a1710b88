"""nan, inf, complex and 16-byte floats, whole numbers of any length."""
import numpy as np


def affine_forward(x, w, b):
    return np.full((x.shape[0], b.shape[0]), np.nan), (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    return x * np.inf, w.astype(np.complex128) * 1j, b.astype(np.longdouble) * 10

def relu_forward(x):
    return (-x).astype(np.longdouble) * np.longdouble("1e4000"), x


def relu_backward(dout, cache):
    return dout.astype(np.clongdouble)


def softmax_loss(x, y):
    return 10**400, [[10**30]]


def dropout_forward(x, dropout_param):
    return x + 0j * np.nan, (dropout_param, x)
