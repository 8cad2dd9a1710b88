"""Raises what is no Exception, and an exception whose text cannot be had."""


class Silent(BaseException):
    def __str__(self):
        raise KeyboardInterrupt("from within the message")


def affine_forward(x, w, b):
    raise KeyboardInterrupt


def affine_backward(dout, cache):
    raise GeneratorExit


def relu_forward(x):
    raise Silent
