"""CS231n, assignment 2: batch, layer, spatial batch and spatial group normalization."""

import numpy as np

from manual.batchnorm import batchnorm_backward as _batchnorm_backward
from manual.batchnorm import batchnorm_forward as _batchnorm_forward
from manual.batchnorm import running_statistics
from manual.groupnorm import groupnorm_backward, groupnorm_forward
from manual.layernorm import layernorm_backward as _layernorm_backward
from manual.layernorm import layernorm_forward as _layernorm_forward
from manual.standardize import standardize_backward, standardize_forward  # noqa: F401
from reference.grading.recipe import Problem, backward_of, forward_of


def batchnorm_forward(x, gamma, beta, bn_param):
    """x: (N, D). bn_param: mode ("train" or "test"), eps, momentum, running_mean, running_var.

    momentum is the share of the old running statistics that is kept, 0.9 unless given; both start
    at 0, and are written back into bn_param. Returns out, cache.
    """
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1]))
    if bn_param["mode"] == "train":
        out, cache = _batchnorm_forward(x, gamma, beta, eps=eps)
        mean, var = _statistics(cache, len(x))
        keep, take = momentum, 1 - momentum
        running_mean = keep * running_mean + take * mean
        running_var = keep * running_var + take * var
    else:
        out, cache = _batchnorm_forward(x, gamma, beta, (running_mean, running_var), eps)
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    return out, cache


def _statistics(cache, m):
    """Mean and variance of the m rows of a batch, from the forward's cache."""
    zeros = np.zeros(cache[0].shape[1])
    mean, var = running_statistics(cache, (zeros, zeros), momentum=1.0)
    return mean, var * (m - 1) / m  # running_statistics divides by m - 1, CS231n by m


def batchnorm_backward(dout, cache):
    """Returns dx, dgamma, dbeta."""
    return _batchnorm_backward(dout, cache)


def batchnorm_backward_alt(dout, cache):
    """The same, for the formula worked out on paper."""
    return batchnorm_backward(dout, cache)


def layernorm_forward(x, gamma, beta, ln_param):
    """x: (N, D), each row by itself. ln_param: eps. Returns out, cache."""
    eps = ln_param.get("eps", 1e-5)
    out, cache = _layernorm_forward(x, gamma, beta, eps)
    return out, (x, cache)


def layernorm_backward(dout, cache):
    """Returns dx, dgamma, dbeta."""
    x, cache = cache  # noqa: RUF059  (a mistake takes it)
    dx, dgamma, dbeta = _layernorm_backward(dout, cache)
    return dx, dgamma, dbeta


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """x: (N, C, H, W), every pixel a row of its C channels. Returns out, cache."""
    rows = _pixels(x)
    out, cache = batchnorm_forward(rows, gamma, beta, bn_param)
    out = _images(out, x.shape)
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    """Returns dx, dgamma, dbeta."""
    rows = _pixels(dout)
    dx, dgamma, dbeta = batchnorm_backward(rows, cache)
    dx = _images(dx, dout.shape)
    return dx, dgamma, dbeta


def _pixels(x):
    """(N, C, H, W) as rows (N H W, C)."""
    return _moved(x, (0, 2, 3, 1)).reshape(-1, x.shape[1])


def _images(rows, shape):
    """And back."""
    N, C, H, W = shape
    return _moved(rows.reshape(N, H, W, C), (0, 3, 1, 2)).reshape(shape)


def _moved(x, axes):
    return x.transpose(axes)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """x: (N, C, H, W), its channels in G groups. gamma, beta: (1, C, 1, 1). Returns out, cache."""
    eps = gn_param.get("eps", 1e-5)
    out, cache = groupnorm_forward(x, gamma.reshape(-1), beta.reshape(-1), G, eps)
    return out, (x, gamma, cache)


def spatial_groupnorm_backward(dout, cache):
    """Returns dx, dgamma, dbeta."""
    x, gamma, cache = cache  # noqa: RUF059
    dx, dgamma, dbeta = groupnorm_backward(dout, cache)
    return dx, dgamma.reshape(gamma.shape), dbeta.reshape(gamma.shape)


FUNCTIONS = {
    "batchnorm_forward": batchnorm_forward,
    "batchnorm_backward": batchnorm_backward,
    "batchnorm_backward_alt": batchnorm_backward_alt,
    "layernorm_forward": layernorm_forward,
    "layernorm_backward": layernorm_backward,
    "spatial_batchnorm_forward": spatial_batchnorm_forward,
    "spatial_batchnorm_backward": spatial_batchnorm_backward,
    "spatial_groupnorm_forward": spatial_groupnorm_forward,
    "spatial_groupnorm_backward": spatial_groupnorm_backward,
}


# What is drawn --------------------------------------------------------------------------------


def _numbers(dice, *shape):
    """Of every size, and small ones among them, so that eps shows."""
    scale = 1.0 if dice.small else dice.pick(1.0, 0.1, 0.02)
    return scale, dice.array(*shape, scale=scale)


def _eps(dice):
    eps = dice.pick(None, None, 1e-3, 0.02)
    return {} if eps is None else {"eps": eps}


def _batch(dice, *shape):
    """A batch, what scales and shifts it, and bn_param with running statistics of other batches."""
    C = shape[1]
    scale, x = _numbers(dice, *shape)
    x = x + (0 if dice.small else scale * dice.array(1, C, *(1,) * (len(shape) - 2)))
    options = _eps(dice)
    momentum = dice.pick(None, 0.8, None, 0.25)
    options |= {} if momentum is None else {"momentum": momentum}
    running = {"running_mean": scale * dice.array(C), "running_var": scale**2 * dice.positive(C)}
    # Batches that come after each other, from a bn_param that holds no statistics yet.
    later = {"then": x[::-1] * 1.5} if dice.k % 4 == 1 else {}
    return {
        "x": x,
        "gamma": dice.array(C),
        "beta": dice.array(C),
        "bn_param": options | running,
        "dout": dice.array(*shape),
    } | later


# Three rows or more: two are normalized to 1 and -1 whatever they were, and dx is 0 but for eps.
_ROWS = ((3, 2), (4, 3), (5, 2), (3, 4), (6, 3), (4, 5), (5, 6), (3, 6))


def _batchnorm(dice):
    return _batch(dice, *(dice.pick((3, 1), (4, 1)) if dice.small else dice.pick(*_ROWS)))


def _spatial(dice):
    if dice.small:
        return _batch(dice, *dice.pick((2, 1, 1, 2), (2, 2, 2, 1)))
    return _batch(dice, *dice.pick((2, 3, 4, 3), (3, 2, 3, 4), (4, 3, 2, 3), (2, 4, 3, 5)))


def _layernorm(dice):
    D, N = dice.pick((3, 1), (3, 2)) if dice.small else dice.pick(*_ROWS)
    _, x = _numbers(dice, N, D)
    return {
        "x": x,
        "gamma": dice.array(D),
        "beta": dice.array(D),
        "ln_param": _eps(dice),
        "dout": dice.array(N, D),
    }


_GROUPS = (((2, 4, 3, 2), 2), ((3, 6, 2, 3), 3), ((2, 6, 3, 2), 2), ((3, 4, 2, 3), 1),
           ((2, 3, 2, 4), 3), ((3, 6, 1, 2), 3))  # fmt: skip


def _groupnorm(dice):
    small = (((1, 2, 1, 2), 1), ((2, 2, 2, 2), 2))
    shape, G = dice.pick(*small) if dice.small else dice.pick(*_GROUPS)
    _, x = _numbers(dice, *shape)
    C = shape[1]
    return {
        "x": x,
        "gamma": dice.array(1, C, 1, 1),
        "beta": dice.array(1, C, 1, 1),
        "G": G,
        "gn_param": _eps(dice),
        "dout": dice.array(*shape),
    }


# What is asked --------------------------------------------------------------------------------


def _training_and_test(name):
    """out in training, what it leaves in bn_param, and out in test mode, at the second call."""

    def recipe(do, e):
        param = do.value(e.bn_param | {"mode": "train"})
        out, _ = do(name, e.x, e.gamma, e.beta, param, parts=2)
        outputs = {"out": out}
        if hasattr(e, "then"):  # from nothing, two batches
            options = {k: v for k, v in e.bn_param.items() if not k.startswith("running")}
            param = do.value(options | {"mode": "train"})
            do(name, e.then, e.gamma, e.beta, param, parts=2)
            do(name, e.x, e.gamma, e.beta, param, parts=2)
        outputs |= {key: do.key(param, key) for key in ("running_mean", "running_var")}
        # With statistics that are given: those of a wrong training would cost the points twice.
        param = do.value(e.bn_param | {"mode": "test"})
        do(name, e.x, e.gamma, e.beta, param, parts=2)
        out, _ = do(name, e.x, e.gamma, e.beta, param, parts=2)
        return outputs | {"out in test mode": out}

    return recipe


def _after_training(forward, backward):
    def recipe(do, e):
        param = do.value(e.bn_param | {"mode": "train"})
        _, cache = do(forward, e.x, e.gamma, e.beta, param, parts=2)
        dx, dgamma, dbeta = do(backward, e.dout, cache, parts=3)
        return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}

    return recipe


def _flat(recipe):
    """The same with gamma and beta of shape (C,), as one year's text has them."""

    def flat(do, e):
        e = type(e)(**vars(e) | {"gamma": e.gamma.reshape(-1), "beta": e.beta.reshape(-1)})
        return recipe(do, e)

    return flat


_GRADS = ("dx", "dgamma", "dbeta")
_ROWS_FORWARD = ("batchnorm_forward", "layernorm_forward")
_ROWS_BACKWARD = ("batchnorm_backward", "batchnorm_backward_alt", "layernorm_backward")
_LN = ("x", "gamma", "beta", "ln_param")
_GN = ("x", "gamma", "beta", "G", "gn_param")
_group_forward = forward_of("spatial_groupnorm_forward", *_GN)
_group_backward = backward_of(
    "spatial_groupnorm_forward", "spatial_groupnorm_backward", _GN, *_GRADS
)

PROBLEMS = [
    Problem(
        "batchnorm_forward",
        _batchnorm,
        _training_and_test("batchnorm_forward"),
        ("batchnorm_forward",),
    ),
    *(
        Problem(
            name,
            _batchnorm,
            _after_training("batchnorm_forward", name),
            ("batchnorm_forward", name),
            forward="batchnorm_forward",
        )
        for name in ("batchnorm_backward", "batchnorm_backward_alt")
    ),
    Problem(
        "layernorm_forward",
        _layernorm,
        forward_of("layernorm_forward", *_LN),
        ("layernorm_forward",),
        uses=("batchnorm_forward",),
    ),
    Problem(
        "layernorm_backward",
        _layernorm,
        backward_of("layernorm_forward", "layernorm_backward", _LN, *_GRADS),
        ("layernorm_forward", "layernorm_backward"),
        forward="layernorm_forward",
    ),
    Problem(
        "spatial_batchnorm_forward",
        _spatial,
        _training_and_test("spatial_batchnorm_forward"),
        ("spatial_batchnorm_forward",),
        uses=("batchnorm_forward",),
    ),
    Problem(
        "spatial_batchnorm_backward",
        _spatial,
        _after_training("spatial_batchnorm_forward", "spatial_batchnorm_backward"),
        ("spatial_batchnorm_forward", "spatial_batchnorm_backward"),
        uses=("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"),
        forward="spatial_batchnorm_forward",
    ),
    Problem(
        "spatial_groupnorm_forward",
        _groupnorm,
        _group_forward,
        ("spatial_groupnorm_forward",),
        others=(_flat(_group_forward),),
        uses=_ROWS_FORWARD,
    ),
    Problem(
        "spatial_groupnorm_backward",
        _groupnorm,
        _group_backward,
        ("spatial_groupnorm_forward", "spatial_groupnorm_backward"),
        others=(_flat(_group_backward),),
        uses=_ROWS_FORWARD + _ROWS_BACKWARD,
        forward="spatial_groupnorm_forward",
    ),
]
