"""Assignments that compute: a sum without end."""
total = sum(iter(int, 1))


def affine_forward(x, w, b):
    return b, (x, w, b)
