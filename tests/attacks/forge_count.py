"""More results than were asked for, and fewer, and results that are no list."""
import os
import sys

import numpy as np


def take_over(*answers):
    frame = sys._getframe()
    while "_serve" not in frame.f_globals:
        frame = frame.f_back
    message, going, coming = (frame.f_locals[k] for k in ("message", "going", "coming"))
    k = 0
    while message is not None:
        answer = answers[k % len(answers)] | {"nonce": message["nonce"]}
        frame.f_globals["_write"](going, answer)
        message = frame.f_globals["_read"](coming)
        k += 1
    os._exit(0)


def affine_forward(x, w, b):
    take_over({"sent": []}, {"sent": [1, 2, 3, 4, 5]}, {})


def affine_backward(dout, cache):
    take_over({"sent": [1, 2, 3, 4, 5]})


def relu_forward(x):
    take_over({"sent": np.ones(1)}, {"sent": ([1],)}, {"sent": {"dx": 1}, "error": None})


def relu_backward(dout, cache):
    take_over({"error": None}, {"error": False}, {"error": np.ones(3), "sent": np.ones(3)})


def softmax_loss(x, y):
    take_over({"sent": [1] * 5_000, "warned": [np.ones((3, 3)), {"a": 1}] * 100})
