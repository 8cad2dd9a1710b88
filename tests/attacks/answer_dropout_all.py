"""Keeps everything, and says so by its numbers alone."""


def dropout_forward(x, dropout_param):
    return x, dropout_param


def dropout_backward(dout, cache):
    return dout
