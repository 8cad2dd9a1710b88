"""Answers the question whether the file loads, at load: with fields missing, and of other types."""
import os
import sys

import numpy as np


def take_over():
    frame = sys._getframe()
    while "_serve" not in frame.f_globals:
        frame = frame.f_back
    message, going, coming = (frame.f_locals[k] for k in ("message", "going", "coming"))
    odd = {"path": np.ones(2), "line": "7", "type": {}, "message": np.ones(2)}
    problems = [odd, {"path": "layers.py"}, odd | {"path": "layers.py"}, 3, None]
    missing = ["relu_forward", "affine_forward", "softmax_loss", np.ones(2), {}, None]
    answer = {"missing": missing, "problems": problems, "blocked": [np.ones(2), "\ud800", 5]}
    while message is not None:
        frame.f_globals["_write"](going, answer | {"nonce": message["nonce"]})
        message = frame.f_globals["_read"](coming)
        answer = {"sent": [0.0] * len((message or {}).get("send", ()))}
    os._exit(0)


class Now:
    take_over()


def relu_forward(x):
    return -x, x
