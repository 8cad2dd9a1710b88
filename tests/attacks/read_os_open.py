"""The same through os.open and os.read."""
import os


def affine_forward(x, w, b):
    raise ValueError(os.read(os.open("@PLACE@/canary", os.O_RDONLY), 100).decode())
