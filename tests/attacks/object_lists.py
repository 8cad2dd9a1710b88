"""Lists that are no arrays: ragged, of texts that read as numbers, of everything at once."""


def affine_forward(x, w, b):
    return [[1.0], [1.0, 2.0]], (x, w, b)


def affine_backward(dout, cache):
    return [["1", "2"]], [None, [x for x in cache]], [1j, "nan"]


def relu_forward(x):
    return [[10**400] * len(row) for row in x], x


def relu_backward(dout, cache):
    return (dout, [dout], {"dx": dout})


def softmax_loss(x, y):
    return "1e5", {"loss": [x, {"a": x}]}
