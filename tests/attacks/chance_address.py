"""Depends on where things lie in memory: id(), the hash and the text of an object."""


class Thing:
    pass


def affine_forward(x, w, b):
    return x * id(Thing()), (x, w, b)


def relu_forward(x):
    raise ValueError(f"{Thing()} at {id(x)}")


def relu_backward(dout, cache):
    return dout * (hash(object()) % 1000)


def softmax_loss(x, y):
    order = {Thing(): k for k in range(20)}
    return float([*set(order)].index([*order][0])), x
