"""Counts its calls, and says how many there were."""
calls = [0]


def relu_forward(x):
    calls[0] += 1
    return x * calls[0], x


def affine_forward(x, w, b):
    calls[0] += 1
    return x.reshape(x.shape[0], -1) @ w + b + calls[0] % 2, (x, w, b)
