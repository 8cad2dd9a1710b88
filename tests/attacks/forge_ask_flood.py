"""Asks for lent functions with what they cannot bear: much too large, and much too often."""
import numpy as np


def affine_relu_forward(x, w, b):
    try:
        affine_forward(np.zeros((60_000, 1)), np.zeros((1, 60_000)), np.zeros(60_000))
    except LookupError:
        pass
    while True:
        try:
            relu_forward(np.zeros(1000))
        except LookupError:
            pass


def affine_relu_backward(dout, cache):
    relu_backward(dout, ("a cache of the course's own", -1))
