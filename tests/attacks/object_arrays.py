"""Masked arrays, arrays of objects, of texts, of dates, of records, and matrices."""
import numpy as np


def affine_forward(x, w, b):
    return np.ma.masked_all((x.shape[0], b.shape[0])), (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    return np.array([object()] * 3), np.array(["2020"], "M8[D]"), np.array(["right"])


def relu_forward(x):
    return np.matrix(-x), x


def relu_backward(dout, cache):
    return np.zeros(dout.shape, [("a", "f8"), ("b", "O")])


def softmax_loss(x, y):
    return np.array(None), np.rec.array(-x)
