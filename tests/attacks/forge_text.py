"""Lone surrogates, control characters and bare NaNs, wherever a text is taken."""
import warnings


def affine_forward(x, w, b):
    raise ValueError("\ud800 \x1b[2J \x00 \u202e right")


def relu_forward(x):
    warnings.warn("\udfff\x1b]0;here\x07")
    return "\ud800\x1b[31m", x


def softmax_loss(x, y):
    return {"\ud800": float("nan"), float("nan"): 1, (1, 2): 2, None: 3}, float("inf")


class Evil(Exception):
    __name__ = "\ud800"


Evil.__qualname__ = "\ud800"
try:
    Evil.__name__ = "\ud800"
except (UnicodeError, TypeError):
    Evil.__name__ = "</script>"


def affine_backward(dout, cache):
    raise Evil("<script>alert(1)</script>")
