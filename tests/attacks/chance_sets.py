"""The order of sets of texts, and the hash of a text."""


def relu_forward(x):
    return x * hash("some words"), x


def softmax_loss(x, y):
    return float("".join(set("right")).index("g")), x
