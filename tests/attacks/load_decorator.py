"""Code that runs when a function is defined: decorators and defaults that end the process."""
import os
import sys


def now(function):
    sys.exit(0)


@now
def helper():
    pass


def affine_forward(x, w, b, later=os._exit(0)):
    return b, (x, w, b)
