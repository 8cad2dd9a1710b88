"""Answers of changing number and kind while the grader holds a backward against its own forward."""
import os
import sys

import numpy as np

calls = []


def affine_forward(x, w, b):
    return (x.reshape(len(x), -1) @ w + b) * 2, (x, w, b)


def affine_backward(dout, cache):
    calls.append(0)
    x, w, b = cache
    if len(calls) < 12:
        return (dout @ w.T).reshape(x.shape) * 7, x * 3, b
    frame = sys._getframe()
    while "_serve" not in frame.f_globals:
        frame = frame.f_back
    message, going, coming = (frame.f_locals[k] for k in ("message", "going", "coming"))
    k = 0
    while message is not None:
        sent = [1j * np.ones((2, 2)), 1e308 * np.ones(x.shape), "right", x][k % 4 :]
        sent = (sent * 4)[: len(message["send"]) + (k % 3 == 2)]
        frame.f_globals["_write"](going, {"sent": sent, "nonce": message["nonce"]})
        message = frame.f_globals["_read"](coming)
        k += 1
    os._exit(0)
