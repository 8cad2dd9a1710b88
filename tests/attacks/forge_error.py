"""Errors of the worker's form, with arrays, dicts and numbers where words should be."""
import os
import sys

import numpy as np

ODD = (np.ones(2), {"a": 1}, [1], 10**30, float("nan"), -5, True, ("a",), np.float64(3), "\ud800", None)


def take_over(first):
    frame = sys._getframe()
    while "_serve" not in frame.f_globals:
        frame = frame.f_back
    message, going, coming = (frame.f_locals[k] for k in ("message", "going", "coming"))
    words = ("kind", "type", "message", "path", "line", "function")
    k = first
    while message is not None:
        odd = ODD[k % len(ODD)]
        notes = {"warned": odd, "written": [odd], "said": odd, "counts": {"affine_forward": odd}}
        error = odd if k % 5 == 4 else dict.fromkeys(words, odd) | {"kind": "raises"}
        answer = {"error": error} | notes | {"nonce": message["nonce"]}
        frame.f_globals["_write"](going, answer)
        message = frame.f_globals["_read"](coming)
        k += 1
    os._exit(0)


def affine_forward(x, w, b):
    take_over(0)


def affine_backward(dout, cache):
    take_over(4)


def relu_forward(x):
    take_over(6)


def relu_backward(dout, cache):
    take_over(8)
