"""A dict of a million entries, and one of long keys."""
MILLION = {k: k for k in range(10**6)}
LONG = {f"{k}" * 1000: {"a": [k] * 20} for k in range(3000)}


def affine_forward(x, w, b):
    return MILLION, (x, w, b)


def relu_forward(x):
    return LONG, x
