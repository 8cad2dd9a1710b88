"""Writes a file where everybody may write."""


def affine_forward(x, w, b):
    with open("@PLACE@/written", "w") as file:
        file.write("here")
    return x, (x, w, b)
