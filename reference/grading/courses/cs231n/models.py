"""CS231n, assignments 1 and 2: whole networks, whose loss() gives the loss and all gradients."""

from manual.affine import affine_backward, affine_forward
from manual.dropout import dropout_backward as _dropout_backward
from manual.dropout import dropout_forward as _dropout_forward
from manual.network import l2_loss
from manual.rectifiers import relu_backward, relu_forward
from manual.softmax import softmax_forward as softmax_forward
from manual.softmax import softmax_loss
from reference.grading.courses.cs231n.norms import (
    batchnorm_backward,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
)
from reference.grading.courses.cs231n.sandwiches import (
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)


class TwoLayerNet:
    """affine - relu - affine - softmax. params: W1, b1, W2, b2.

    net_reg_is: "half" for the penalty 1/2 reg sum(W^2) of every W; "full" without the half, as the
    course's neural_net.py has it since 2017
    """

    def __init__(self, reg=0.0, *, net_reg_is="half"):
        self.params, self.reg, self.net_reg_is = {}, reg, net_reg_is

    def loss(self, X, y=None):
        """Scores (N, C) where y is None; else loss, grads. X: (N, d1, ..., dk)."""
        p = self.params
        a1, cache_a1 = affine_forward(X, p["W1"], p["b1"])
        h1, cache_h1 = relu_forward(a1)
        scores, cache = affine_forward(h1, p["W2"], p["b2"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        dh1, dW2, db2 = affine_backward(dscores, cache)
        da1 = relu_backward(dh1, cache_h1)
        _, dW1, db1 = affine_backward(da1, cache_a1)
        grads = {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
        return _penalised(loss, grads, p, self.reg, self.net_reg_is)


def two_layer_net(X, model, y=None, reg=0.0, *, net_reg_is="half"):
    """The same as a function, of 2015. model: the parameters."""
    net = TwoLayerNet(reg, net_reg_is=net_reg_is)
    net.params = model
    return net.loss(X, y)


class FullyConnectedNet:
    """(affine - norm - relu - dropout) for each hidden layer - affine - softmax.

    params: W1, b1, ... and with a norm gamma1, beta1, ... of the hidden layers
    normalization: None, "batchnorm" or "layernorm"
    masks: what each hidden layer's dropout keeps; None without dropout
    """

    def __init__(
        self, hidden_dims, normalization=None, keep=1.0, reg=0.0, *, masks=None, p_is="keep"
    ):
        self.params, self.reg, self.normalization = {}, reg, normalization
        self.masks, self.drop = masks, 1 - keep if p_is == "keep" else keep
        self.num_layers = len(hidden_dims) + 1

    def loss(self, X, y=None):
        """Scores (N, C) where y is None; else loss, grads. X: (N, d1, ..., dk)."""
        p, L, h = self.params, self.num_layers, X
        caches = {}
        for i in range(1, L):
            a, affine_cache = affine_forward(h, p[f"W{i}"], p[f"b{i}"])
            n, norm_cache = norm_forward(self.normalization, a, p, i, y is None)
            r, relu_cache = relu_forward(n)
            mask = self.masks[i - 1] if self.masks and y is not None else None
            h, drop_cache = _dropout_forward(r, self.drop, mask)
            caches[i] = affine_cache, norm_cache, relu_cache, drop_cache
        scores, cache = affine_forward(h, p[f"W{L}"], p[f"b{L}"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        grads = {}
        dh, grads[f"W{L}"], grads[f"b{L}"] = affine_backward(dscores, cache)
        for i in range(L - 1, 0, -1):
            affine_cache, norm_cache, relu_cache, drop_cache = caches[i]
            dr = _dropout_backward(dh, drop_cache)
            dn = relu_backward(dr, relu_cache)
            da, norm_grads = _norm_backward(self.normalization, dn, norm_cache, i)
            dh, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(da, affine_cache)
            grads.update(norm_grads)
        return _penalised(loss, grads, p, self.reg, "half")


def norm_forward(kind, a, p, i, test):
    """The norm of hidden layer i; without one, a as it is.

    In evaluation batch norm's running statistics are still 0: no training has gone before.
    """
    if kind is None:
        return a, None
    gamma, beta = p[f"gamma{i}"], p[f"beta{i}"]
    if kind == "layernorm":
        return layernorm_forward(a, gamma, beta, {})
    return batchnorm_forward(a, gamma, beta, {"mode": "test" if test else "train"})


def _norm_backward(kind, dn, cache, i):
    """Returns da, and the gradients of gamma and beta by name."""
    if kind is None:
        return dn, {}
    backward = layernorm_backward if kind == "layernorm" else batchnorm_backward
    da, dgamma, dbeta = backward(dn, cache)
    return da, {f"gamma{i}": dgamma, f"beta{i}": dbeta}


class ThreeLayerConvNet:
    """conv - relu - 2x2 max pool - affine - relu - affine - softmax.

    params: W1 (F, C, HH, WW), b1, W2, b2, W3, b3. The convolution keeps height and width.
    """

    def __init__(self, filter_size=7, reg=0.0):
        self.params, self.reg, self.pad = {}, reg, (filter_size - 1) // 2

    def loss(self, X, y=None):
        """Scores (N, classes) where y is None; else loss, grads. X: (N, C, H, W)."""
        p = self.params
        conv_param = {"stride": 1, "pad": self.pad}
        pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
        h1, cache1 = conv_relu_pool_forward(X, p["W1"], p["b1"], conv_param, pool_param)
        a2, cache_a2 = affine_forward(h1, p["W2"], p["b2"])
        h2, cache_h2 = relu_forward(a2)
        scores, cache = affine_forward(h2, p["W3"], p["b3"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        dh2, dW3, db3 = affine_backward(dscores, cache)
        da2 = relu_backward(dh2, cache_h2)
        dh1, dW2, db2 = affine_backward(da2, cache_a2)
        _, dW1, db1 = conv_relu_pool_backward(dh1, cache1)
        grads = {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2, "W3": dW3, "b3": db3}
        return _penalised(loss, grads, p, self.reg, "half")


def _penalised(loss, grads, params, reg, net_reg_is):
    """The penalty of every weight matrix in the loss, its gradient in grads; biases go free."""
    weights = [name for name in params if name[0] == "W"]
    for name in weights:
        penalty, dW = l2_loss(params[name], reg if net_reg_is == "half" else 2 * reg)
        loss = loss + penalty
        grads[name] = grads[name] + dW
    return loss, grads


FUNCTIONS = {
    "TwoLayerNet": TwoLayerNet,
    "two_layer_net": two_layer_net,
    "FullyConnectedNet": FullyConnectedNet,
    "ThreeLayerConvNet": ThreeLayerConvNet,
}
