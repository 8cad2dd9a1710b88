"""Depends on the clock, in what it returns and in what it says."""
import time
import warnings


def affine_forward(x, w, b):
    return x * time.time_ns() % 1000, (x, w, b)


def relu_forward(x):
    warnings.warn(f"it is {time.time_ns()}")
    raise ValueError(f"it is {time.time_ns()} {time.perf_counter()}")


def softmax_loss(x, y):
    return time.perf_counter(), x


def relu_backward(dout, cache):
    if time.perf_counter_ns() % 2:
        raise KeyError("by chance")
    return dout
