"""Opens a file that everybody may read, and says what is in it."""


def affine_forward(x, w, b):
    raise ValueError(open("@PLACE@/canary").read())
