"""A dict of a million entries, and one of long keys."""


def affine_forward(x, w, b):
    return {k: k for k in range(10**6)}, (x, w, b)


def relu_forward(x):
    return {f"{k}" * 1000: {"a": [k] * 20} for k in range(3000)}, x
