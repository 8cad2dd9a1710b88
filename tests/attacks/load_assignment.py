"""Assignments that compute: a list without end."""
weights = [k for k in iter(int, 1)]


def affine_forward(x, w, b):
    return b, (x, w, b)
