from builtins import range
from builtins import object
import os
import numpy as np

from ..layers import *
from ..layer_utils import *


class TwoLayerNet(object):
    def __init__(
        self,
        input_dim=3 * 32 * 32,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
    ):
        self.params = {}
        self.reg = reg
        self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dim)
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params["b2"] = np.zeros(num_classes)

    def loss(self, X, y=None):
        scores = None
        W1, b1, W2, b2 = self.params.values()
        out1, cache1 = affine_relu_forward(X, W1, b1)
        scores, cache2 = affine_forward(out1, W2, b2)

        # If y is None then we are in test mode so just return scores
        if y is None:
            return scores

        loss, grads = 0, {}
        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2))
        dout1, dW2, db2 = affine_backward(dscores, cache2)
        dX, dW1, db1 = affine_relu_backward(dout1, cache1)
        dW1 += self.reg * W1
        dW2 += self.reg * W2
        grads = {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
        return loss, grads

    def save(self, fname):
        fpath = os.path.join(os.path.dirname(__file__), "../saved/", fname)
        np.save(fpath, self.params)


class FullyConnectedNet(object):
    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout_keep_ratio=1,
        normalization=None,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        self.normalization = normalization
        self.use_dropout = dropout_keep_ratio != 1
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        for l, (i, j) in enumerate(zip([input_dim, *hidden_dims], [*hidden_dims, num_classes])):
            self.params[f"W{l+1}"] = np.random.randn(i, j) * weight_scale
            self.params[f"b{l+1}"] = np.zeros(j)
            if self.normalization and l < self.num_layers - 1:
                self.params[f"gamma{l+1}"] = np.ones(j)
                self.params[f"beta{l+1}"] = np.zeros(j)

        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout_keep_ratio}
            if seed is not None:
                self.dropout_param["seed"] = seed

        self.bn_params = []
        if self.normalization == "batchnorm":
            self.bn_params = [{"mode": "train"} for i in range(self.num_layers - 1)]
        if self.normalization == "layernorm":
            self.bn_params = [{} for i in range(self.num_layers - 1)]

        # Cast all parameters to the correct datatype.
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"

        # Set train/test mode for batchnorm params and dropout param since they
        # behave differently during training and testing.
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode
        scores = None
        cache = {}
        out = X
        for l in range(self.num_layers - 1):
            keys = [f"W{l+1}", f"b{l+1}"]
            w, b = (self.params[k] for k in keys)
            if self.normalization:
                gamma, beta = self.params[f"gamma{l+1}"], self.params[f"beta{l+1}"]
                bn_param = self.bn_params[l]
            else:
                gamma, beta, bn_param = None, None, None
            out, cache[l] = generic_forward(
                out, w, b, gamma, beta, bn_param, self.normalization, self.use_dropout, self.dropout_param
            )
        w, b = self.params[f"W{self.num_layers}"], self.params[f"b{self.num_layers}"]
        scores, cache[self.num_layers - 1] = affine_forward(out, w, b)

        # If test mode return early.
        if mode == "test":
            return scores

        loss, grads = 0.0, {}
        loss, dout = softmax_loss(scores, y)
        for l in range(self.num_layers):
            loss += 0.5 * self.reg * np.sum(self.params[f"W{l+1}"] ** 2)

        L = self.num_layers
        dout, dW, db = affine_backward(dout, cache[L - 1])
        grads[f"W{L}"] = dW + self.reg * self.params[f"W{L}"]
        grads[f"b{L}"] = db
        for l in reversed(range(L - 1)):
            dout, dW, db, dgamma, dbeta = generic_backward(dout, cache[l], self.normalization, self.use_dropout)
            grads[f"W{l+1}"] = dW + self.reg * self.params[f"W{l+1}"]
            grads[f"b{l+1}"] = db
            if self.normalization:
                grads[f"gamma{l+1}"] = dgamma
                grads[f"beta{l+1}"] = dbeta
        return loss, grads


def generic_forward(x, w, b, gamma, beta, bn_param, normalization, use_dropout, dropout_param):
    bn_cache, ln_cache, dropout_cache = None, None, None
    out, fc_cache = affine_forward(x, w, b)
    if normalization == "batchnorm":
        out, bn_cache = batchnorm_forward(out, gamma, beta, bn_param)
    elif normalization == "layernorm":
        out, ln_cache = layernorm_forward(out, gamma, beta, bn_param)
    out, relu_cache = relu_forward(out)
    if use_dropout:
        out, dropout_cache = dropout_forward(out, dropout_param)
    return out, (fc_cache, bn_cache, ln_cache, relu_cache, dropout_cache)


def generic_backward(dout, cache, normalization, use_dropout):
    fc_cache, bn_cache, ln_cache, relu_cache, dropout_cache = cache
    dgamma, dbeta = None, None
    if use_dropout:
        dout = dropout_backward(dout, dropout_cache)
    dout = relu_backward(dout, relu_cache)
    if normalization == "batchnorm":
        dout, dgamma, dbeta = batchnorm_backward_alt(dout, bn_cache)
    elif normalization == "layernorm":
        dout, dgamma, dbeta = layernorm_backward(dout, ln_cache)
    dx, dw, db = affine_backward(dout, fc_cache)
    return dx, dw, db, dgamma, dbeta
