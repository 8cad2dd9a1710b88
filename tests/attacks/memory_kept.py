"""A list that grows, and is kept."""

KEPT = []


def affine_forward(x, w, b):
    while True:
        KEPT.append([*range(1000)])
