"""Asks for what is lent in every wrong way: other names, no arguments, caches of nobody."""
import sys

import numpy as np


def affine_relu_backward(dout, cache):
    # affine_forward( relu_forward( affine_backward( relu_backward(
    frame = sys._getframe()
    while "_serve" not in frame.f_globals:
        frame = frame.f_back
    ask, held = frame.f_locals["ask"], "a cache of the course's own"
    for name, args, options in (
        ("affine_relu_backward", (dout, cache), {}),
        ("__class__", (), {}),
        ("relu_backward", (dout, (held, -1)), {}),
        ("relu_backward", (dout, (held, "x")), {}),
        ("relu_backward", (dout, (held, np.ones(2))), {}),
        ("relu_backward", (), {"self": 1, "name": 2}),
        ("affine_forward", [dout], {}),
        ("affine_forward", (dout,) * 3, {1: 2}),
        ("affine_forward", (np.zeros((8000, 1)), np.zeros((1, 8000)), np.zeros(1)), {}),
        (np.ones(3), (), ()),
        (("a", "b"), (), {}),
    ):
        try:
            ask(name, args, options)
        except LookupError:
            pass
    return dout, dout, dout
