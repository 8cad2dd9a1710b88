"""Texts of three megabytes: as a result, in a message, in a warning, as a type's name."""
import warnings

TEXT = "right " * 500_000


def affine_forward(x, w, b):
    return TEXT, (x, w, b)


def relu_forward(x):
    raise ValueError(TEXT)


def softmax_loss(x, y):
    warnings.warn(TEXT)
    return type("right " * 100_000, (), {})(), x


def relu_backward(dout, cache):
    return ["right" * 3] * 30_000
