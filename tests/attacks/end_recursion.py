"""Calls itself with the limit lifted, until the stack is full."""
import sys


def affine_forward(x, w, b):
    sys.setrecursionlimit(10**9)

    def deeper(n):
        return deeper(n + 1)

    return deeper(0)
