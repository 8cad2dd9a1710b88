"""What is asked of the networks of models.py, in the forms of all years: examples and recipes."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from manual.convolution import conv2d_forward
from reference.grading.courses.cs231n.models import norm_forward
from reference.grading.courses.cs231n.sandwiches import CONV, POOL, RELU
from reference.grading.recipe import Problem

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
        n, _ = norm_forward(norm, h @ e[f"W{i}"] + e[f"b{i}"], e, i, test)
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
