"""One call of C that never comes back: a regular expression, and a power."""
import re


def affine_forward(x, w, b):
    return re.match(r"(a+)+$", "a" * 60 + "b"), (x, w, b)


def relu_forward(x):
    return 7 ** (10**9), x
