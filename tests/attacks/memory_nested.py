"""A list in itself, and one a hundred thousand deep."""


def affine_forward(x, w, b):
    out = []
    out.append(out)
    return out, (x, w, b)


def relu_forward(x):
    out = []
    for _ in range(100_000):
        out = [out]
    return out, x


def softmax_loss(x, y):
    loss = {}
    loss["loss"] = loss
    return loss, [[[[[[[x.tolist()]]]]]]]
