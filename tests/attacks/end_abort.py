"""Aborts, with a trap and a core."""
import os


def affine_forward(x, w, b):
    os.abort()
