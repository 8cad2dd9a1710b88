"""A list that grows."""


def affine_forward(x, w, b):
    found = []
    while True:
        found.append([*range(1000)])
