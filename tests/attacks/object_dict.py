"""Dicts, lists and tuples of its own making, endless or lying about their length."""


class Evil(dict):
    def items(self):
        while True:
            yield "dx", 1

    def __len__(self):
        return 2


class Long(list):
    def __len__(self):
        return 2

    def __iter__(self):
        while True:
            yield 0


class Two(tuple):
    def __len__(self):
        return 2


def affine_forward(x, w, b):
    return Evil(), (x, w, b)


def relu_forward(x):
    return Two((x,))


def softmax_loss(x, y):
    return Long([0.0]), x
