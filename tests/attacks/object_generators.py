"""Generators, iterators, views, sets and functions in place of arrays."""


def affine_forward(x, w, b):
    return (k for k in iter(int, 1)), (x, w, b)


def affine_backward(dout, cache):
    return map(abs, dout), {1, 2}, print


def relu_forward(x):
    return memoryview(x), x


def relu_backward(dout, cache):
    return iter(dout)


def softmax_loss(x, y):
    yield 1
