"""Becomes another program."""
import os


def affine_forward(x, w, b):
    for go in (
        lambda: os.execv("/bin/sh", ["sh", "-c", "echo here > @PLACE@/written"]),
        lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "echo here > @PLACE@/written"], {}),
    ):
        try:
            go()
        except OSError:
            pass
    return b, (x, w, b)
