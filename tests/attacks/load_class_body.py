"""Works while it is loaded: a class body without end."""


class Train:
    while True:
        pass


def affine_forward(x, w, b):
    return b, (x, w, b)
