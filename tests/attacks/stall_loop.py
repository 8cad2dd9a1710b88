"""Never ends."""


def affine_forward(x, w, b):
    while True:
        pass
