"""Errors of the worker's form, with arrays, dicts and numbers where words should be."""
import gc

import numpy as np

ODD = (np.ones(2), {"a": 1}, [1], 10**30, float("nan"), -5, True, ("a",), np.float64(3), "\ud800")
asked = []


def write(value):
    for found in gc.get_objects():
        if callable(found) and getattr(found, "__name__", "") == "_write":
            for fd in range(3, 20):
                try:
                    found(fd, value)
                except OSError:
                    pass


def answer():
    asked.append(0)
    odd = ODD[len(asked) % len(ODD)]
    words = ("kind", "type", "message", "path", "line", "function")
    notes = {"warned": odd, "written": [odd], "said": odd, "counts": {"affine_forward": odd}}
    write({"error": dict.fromkeys(words, odd)} | notes)


def affine_forward(x, w, b):
    answer()


def affine_backward(dout, cache):
    answer()


def relu_forward(x):
    answer()


def relu_backward(dout, cache):
    answer()


def softmax_loss(x, y):
    answer()


def dropout_forward(x, dropout_param):
    write({"error": np.ones(3), "sent": np.ones(3)})


def affine_relu_forward(x, w, b):
    write({"sent": [1], "warned": [np.ones((3, 3)), {"a": 1}] * 100, "counts": {"a": [1]}})
