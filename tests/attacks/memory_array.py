"""Asks for 8 terabytes, then for all there is."""
import numpy as np


def affine_forward(x, w, b):
    try:
        return np.ones(10**12), (x, w, b)
    except MemoryError:
        return [np.ones(10**7) for _ in range(10**6)], (x, w, b)
