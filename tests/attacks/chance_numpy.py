"""Generators without a seed: the worker has seeded them."""
import random

import numpy as np


def relu_forward(x):
    return np.random.rand(*x.shape), x


def softmax_loss(x, y):
    return random.random(), np.random.default_rng().normal(size=x.shape)


def dropout_forward(x, dropout_param):
    p, mode, mask = dropout_param["p"], dropout_param["mode"], None
    if mode == "train":
        mask = (np.random.default_rng().random(x.shape) < p) / p
        x = x * mask
    return x, (dropout_param, mask)
