"""CS231n, assignments 1 and 2: whole networks, whose loss() gives the loss and all gradients."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from manual.affine import affine_backward, affine_forward
from manual.convolution import conv2d_forward
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
    CONV,
    POOL,
    RELU,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from reference.grading.recipe import Problem


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
            n, norm_cache = _norm_forward(self.normalization, a, p, i, y is None)
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


def _norm_forward(kind, a, p, i, test):
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


# What is drawn --------------------------------------------------------------------------------


def _dense(dice, N, widths, norm=None):
    """X, y, reg and the parameters, W1, b1, ..., with no pre-activation at relu's corner."""
    scale = 1.0 if dice.small and norm is None else 0.7
    hidden = range(1, len(widths) - 1)
    while True:
        e = {"X": dice.array(N, widths[0], scale=scale)}
        for i, (D, M) in enumerate(pairwise(widths), start=1):
            e |= {f"W{i}": dice.array(D, M, scale=scale), f"b{i}": dice.array(M, scale=scale)}
            if norm is not None and i in hidden:
                e |= {f"gamma{i}": dice.array(M, scale=scale), f"beta{i}": dice.array(M)}
        if all(_off_corners(e, hidden, norm, test) for test in (False, True)):
            break
    y = dice.labels(N, widths[-1])
    return e | {"y": y, "reg": dice.pick(0.5, 0.1, 0.25), "hidden_dims": list(widths[1:-1])}


def _off_corners(e, hidden, norm, test):
    h = e["X"]
    for i in hidden:
        n, _ = _norm_forward(norm, h @ e[f"W{i}"] + e[f"b{i}"], e, i, test)
        if np.abs(n).min() < 1e-2 or n.max() < 0:
            return False
        h = n * (n > 0)
    return True


def _with_axes(dice, e):
    """Every other X has more axes: the first layer flattens it."""
    N, D = e["X"].shape
    if D % 2 == 0 and dice.k % 2:
        e["X"] = e["X"].reshape(N, D // 2, 2)
    return e


def _two_layers(dice):
    N, D, H, C = dice.sizes(4)
    return _with_axes(dice, _dense(dice, N, (D, H, max(C, 2))))


def _two_layers_flat(dice):
    N, D, H, C = dice.sizes(4)
    return _dense(dice, N, (D, H, max(C, 2)))


def _layers(dice):
    if dice.small:
        N, widths = 2, dice.pick((1, 1, 2, 2), (1, 2, 1, 2), (2, 1, 1, 2))
    else:
        N, widths = dice.pick((4, (6, 3, 5, 2)), (3, (4, 5, 2, 6, 3)), (5, (2, 4, 3)))
    return _with_axes(dice, _dense(dice, N, widths))


def _layers_with(norm):
    def draw(dice):
        if dice.small:
            N, widths = 3, dice.pick((1, 3, 3, 2), (1, 3, 2), (2, 3, 2))
        else:
            N, widths = dice.pick((5, (6, 3, 4, 2)), (4, (2, 5, 3, 6, 3)), (6, (4, 5, 3)))
        return _dense(dice, N, widths, norm)

    return draw


def _layers_with_dropout(dice):
    N, widths = (2, (1, 2, 2)) if dice.small else dice.pick((4, (6, 5, 3, 2)), (3, (4, 6, 5, 3)))
    e = _dense(dice, N, widths)
    return e | {"keep": dice.pick(0.75, 0.4, 0.6), "seed": int(dice.rng.integers(1000))}


def _images(dice):
    """Numbers of many digits: no two in a pooling window are alike, unless both are 0."""
    if dice.small:
        N, C, H, W, F, S, M, K = 2, 1, 2, 2, 1, 1 if dice.k == 0 else 3, 1, 2
    else:
        N, C, H, W, F, S, M, K = dice.pick((2, 3, 4, 6, 4, 3, 5, 3), (3, 2, 6, 4, 3, 5, 4, 2))
    shapes = {"W1": (F, C, S, S), "b1": (F,), "W2": (F * H * W // 4, M), "b2": (M,)}
    shapes |= {"W3": (M, K), "b3": (K,)}
    while True:
        X = dice.array(N, C, H, W, scale=0.7)
        e = {name: dice.array(*shape, scale=0.5) for name, shape in shapes.items()}
        a1, _ = conv2d_forward(X, e["W1"], e["b1"], 1, S // 2)
        pooled = (a1 * (a1 > 0)).reshape(N, F, H // 2, 2, W // 2, 2).max(axis=(3, 5))
        a2 = pooled.reshape(N, -1) @ e["W2"] + e["b2"]
        if min(np.abs(a1).min(), np.abs(a2).min()) > 1e-3 and a1.max() > 0 and a2.max() > 0:
            break
    return e | {"X": X, "y": dice.labels(N, K), "reg": dice.pick(0.5, 0.1, 0.25)}


# What is asked --------------------------------------------------------------------------------


def _params(e):
    return [name for name in vars(e) if name[:-1] in ("W", "b", "gamma", "beta")]


def _graded(do, model, e, names=None, **options):
    """Scores, loss and gradients, with the example's parameters in place of the model's own.

    The scores come first: batch norm's running statistics are still 0 then.
    """
    held = do.get(model, "params")
    for name in _params(e):
        do.put(held, name, getattr(e, name))
    scores = do.method(model, "loss", e.X)
    loss, grads = do.method(model, "loss", e.X, e.y, parts=2, **options)
    graded = {f"d{name}": do.key(grads, name) for name in names or _params(e)}
    return {"scores": scores, "loss": loss} | graded


def _sizes(e):
    return int(np.prod(e.X.shape[1:])), e.W1.shape[1], e.W2.shape[1]


def _two_layer_net(do, e):
    """Since 2020, and in assignment 2: sizes and reg go to the constructor."""
    if do.ours:
        if not e.given["_old"] and do.conventions["net_reg_is"] == "full":
            raise ValueError("only the old form has a penalty without the half")
        return _graded(do, do("TwoLayerNet", e.reg), e)
    D, H, C = _sizes(e)
    model = do("TwoLayerNet", input_dim=D, hidden_dim=H, num_classes=C, reg=e.reg)
    return _graded(do, model, e) | {"_old": do.value(0)}


def _neural_net(do, e):
    """neural_net.py of 2016 to 2019: reg goes to loss, X is (N, D)."""
    flat = SimpleNamespace(**vars(e) | {"X": e.X.reshape(len(e.X), -1)})
    model = do("TwoLayerNet", *_sizes(e))
    return _graded(do, model, flat, reg=e.reg) | {"_old": do.value(1)}


def _two_layer_net_of_2015(do, e):
    model = {name: getattr(e, name) for name in _params(e)}
    loss, grads = do("two_layer_net", e.X, model, e.y, e.reg, parts=2)
    graded = {f"d{name}": do.key(grads, name) for name in model}
    return {"scores": do("two_layer_net", e.X, model), "loss": loss} | graded


def _fully_connected(norm=None, dtype=True, **options):
    """options: what the submission's constructor takes for the same."""

    def recipe(do, e):
        names = _params(e)
        if norm == "batchnorm":  # which takes the mean off: a bias before it does nothing
            idle = [f"b{i + 1}" for i in range(len(e.hidden_dims))]
            names = [name for name in names if name not in idle]
        if do.ours:
            model = do("FullyConnectedNet", e.hidden_dims, norm, reg=e.reg)
            return _graded(do, model, e, names)
        return _graded(do, _constructed(do, e, dtype, options), e, names)

    return recipe


def _constructed(do, e, dtype, options):
    """The submission's FullyConnectedNet, in float64."""
    D, C = int(np.prod(e.X.shape[1:])), getattr(e, f"W{len(e.hidden_dims) + 1}").shape[1]
    options = {"input_dim": D, "num_classes": C, "reg": e.reg} | options
    if dtype:
        return do("FullyConnectedNet", e.hidden_dims, dtype="float64", **options)
    model = do("FullyConnectedNet", e.hidden_dims, **options)
    do.set(model, "dtype", "float64")
    return model


def _with_dropout(keyword):
    """The masks are those that the submission's dropout draws from the seed."""

    def recipe(do, e):
        if do.ours:
            given = [e.given[name] for name in _masks(e)]
            masks = [out != 0 for out in given if isinstance(out, np.ndarray)]
            model = do("FullyConnectedNet", e.hidden_dims, keep=e.keep, reg=e.reg, masks=masks)
            return _graded(do, model, e)
        masks, param = {}, {"mode": "train", "p": e.keep, "seed": e.seed}
        for name, M in zip(_masks(e), e.hidden_dims, strict=True):
            masks[name], _ = do("dropout_forward", np.ones((len(e.X), M)), param, parts=2)
        model = _constructed(do, e, True, {keyword: e.keep, "seed": e.seed})
        return _graded(do, model, e) | masks

    return recipe


def _masks(e):
    return [f"_mask{i}" for i in range(1, len(e.hidden_dims) + 1)]


def _three_layer_conv_net(dtype=True):
    def recipe(do, e):
        if do.ours:
            return _graded(do, do("ThreeLayerConvNet", e.W1.shape[2], e.reg), e)
        options = {"input_dim": e.X.shape[1:], "num_filters": len(e.W1), "reg": e.reg,
                   "filter_size": e.W1.shape[2], "hidden_dim": len(e.b2),
                   "num_classes": len(e.b3)} | ({"dtype": "float64"} if dtype else {})  # fmt: skip
        model = do("ThreeLayerConvNet", **options)
        if not dtype:
            do.set(model, "dtype", "float64")
        return _graded(do, model, e)

    return recipe


_DENSE = ("affine_forward", "affine_backward", *RELU, "affine_relu_forward",
          "affine_relu_backward", "softmax_loss")  # fmt: skip
_HALF_OR_FULL = {"net_reg_is": ("half", "full")}
_DROPOUT = ("dropout_forward", "dropout_backward")


def _fully_connected_problem(what, draw, *recipes, uses=()):
    name = "FullyConnectedNet.loss" + (f" with {what}" if what else "")
    needs = ("FullyConnectedNet.loss",)
    return Problem(name, draw, recipes[0], needs, recipes[1:], _DENSE + uses, examples=6)


def _norm_problem(norm, *recipes):
    uses = (f"{norm}_forward", f"{norm}_backward", f"{norm}_backward_alt")
    uses = uses if norm == "batchnorm" else uses[:2]
    return _fully_connected_problem(norm, _layers_with(norm), *recipes, uses=uses)


PROBLEMS = [
    Problem("TwoLayerNet.loss", _two_layers, _two_layer_net, ("TwoLayerNet.loss",),
            (_neural_net,), _DENSE, _HALF_OR_FULL, ("_old",), examples=6),
    Problem("two_layer_net", _two_layers_flat, _two_layer_net_of_2015, ("two_layer_net",),
            (), (), _HALF_OR_FULL, examples=6),
    _fully_connected_problem("", _layers, _fully_connected(), _fully_connected(dtype=False)),
    _norm_problem("batchnorm", _fully_connected("batchnorm", normalization="batchnorm"),
                  _fully_connected("batchnorm", use_batchnorm=True)),
    _norm_problem("layernorm", _fully_connected("layernorm", normalization="layernorm")),
    Problem("FullyConnectedNet.loss with dropout", _layers_with_dropout,
            _with_dropout("dropout_keep_ratio"), ("dropout_forward", "FullyConnectedNet.loss"),
            (_with_dropout("dropout"),), _DENSE + _DROPOUT, {"p_is": ("keep", "drop")},
            ("_mask1", "_mask2"), examples=6),
    Problem("ThreeLayerConvNet.loss", _images, _three_layer_conv_net(),
            ("ThreeLayerConvNet.loss",), (_three_layer_conv_net(dtype=False),),
            _DENSE + CONV + POOL + ("conv_relu_forward", "conv_relu_backward",
                                    "conv_relu_pool_forward", "conv_relu_pool_backward"),
            examples=6),
]  # fmt: skip
