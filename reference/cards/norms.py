"""Batch, layer, RMS, group and instance norm, and what they share, for the other paths."""

from typing import Any

import numpy as np

from reference.cards import Card, Fit, Mistake


def _standardize(jnp, x, axes: Any = -1, eps=1e-5):
    centred = x - x.mean(axis=axes, keepdims=True)
    return centred / jnp.sqrt((centred * centred).mean(axis=axes, keepdims=True) + eps)


def _channels(x, array):
    return array.reshape(-1, *(1,) * (x.ndim - 2))


def _jax_batchnorm(jnp, x, gamma, beta, running=None, eps=1e-5):
    if running is None:
        xhat = _standardize(jnp, x, (0, *range(2, x.ndim)), eps)
    else:
        mean, var = (jnp.asarray(each, x.dtype) for each in running)
        xhat = (x - _channels(x, mean)) / jnp.sqrt(_channels(x, var) + eps)
    return _channels(x, gamma) * xhat + _channels(x, beta)


def _pixels_in_a_row(x):
    """Images (N, C, H, W) as (N, C, H W): the same numbers for a norm of channels.

    PyTorch 2.13 needs it. On the CPU the backward of its batch norm, F.batch_norm's too, is wrong
    for some images of one pixel in height or width: shape (1, 2, 2, 1) with strides (4, 1, 2, 4),
    or an upstream that lies so in memory. The output is right, the gradients are mixed up.
    """
    return x.flatten(2) if x.ndim == 4 else x


def _torch_batchnorm(F, x, gamma, beta, running=None, eps=1e-5):
    import torch

    # The function behind F.batch_norm, which refuses a batch of one in training.
    mean, var = (None, None) if running is None else (torch.tensor(r).to(x) for r in running)
    rows = _pixels_in_a_row(x)
    out = torch.batch_norm(rows, gamma, beta, mean, var, running is None, 0.1, eps, False)
    return out.reshape(x.shape)


def _torch_standardize(F, x, axes=-1, eps=1e-5):
    import torch

    if axes == -1:
        return F.layer_norm(x, x.shape[-1:], eps=eps)
    columns = torch.batch_norm(x.reshape(len(x), -1), None, None, None, None, True, 0.1, eps, False)
    return columns.reshape(x.shape)


def _jax_groupnorm(jnp, x, gamma, beta, groups=1, eps=1e-5):
    xhat = _standardize(jnp, x.reshape(x.shape[0], groups, -1), -1, eps).reshape(x.shape)
    return _channels(x, gamma) * xhat + _channels(x, beta)


def _torch_groupnorm(F, x, gamma, beta, groups=1, eps=1e-5):
    import torch

    # The function behind F.group_norm, which refuses a group of one number.
    return torch.group_norm(x, groups, gamma, beta, eps, False)


def _torch_instancenorm(F, x, gamma, beta, eps=1e-5):
    import torch

    # The function behind F.instance_norm, which refuses an image of one pixel.
    rows = _pixels_in_a_row(x)
    return torch.instance_norm(rows, gamma, beta, None, None, True, 0.1, eps, False).reshape(
        x.shape
    )


def _eps(dice):
    eps = dice.pick(None, None, 1e-3, 0.25)
    return {} if eps is None else {"eps": eps}


def _batchnorm(shape, dice):
    C = shape[1]
    options = _eps(dice)
    if dice.pick(False, False, True):
        options["running"] = (dice.rng.normal(size=C), dice.rng.exponential(size=C) + 0.125)
    return Fit(shape, {"g": (C,), "b": (C,)}, options)


def _groupnorm(shape, dice):
    C = shape[1]
    groups = dice.pick(*[g for g in range(1, C + 1) if C % g == 0])
    options = _eps(dice) | ({"groups": groups} if groups > 1 else {})
    return Fit(shape, {"g": (C,), "b": (C,)}, options)


def _along_last(shape, dice):
    return Fit(shape, {"g": shape[-1:], "b": shape[-1:]}, _eps(dice))


def _rms(shape, dice):
    return Fit(shape, {"g": shape[-1:]}, _eps(dice))


def _axes(shape, dice):
    axes = dice.pick(-1, 0)
    return Fit(shape, options=_eps(dice) | ({} if axes == -1 else {"axes": axes}))


def _stretch(std):
    return float(1 / np.min(std))


CARDS = [
    Card(
        "standardize",
        torch=_torch_standardize,
        jax=_standardize,
        takes="ND*",
        fit=_axes,
        rows=lambda options: options.get("axes", -1) == -1,
        torch_rounds=True,
        stretch=lambda cache: _stretch(cache[1]),
    ),
    Card(
        "batchnorm",
        torch=_torch_batchnorm,
        jax=_jax_batchnorm,
        takes="ND*",
        fit=_batchnorm,
        rows=lambda options: "running" in options,
        torch_rounds=True,
        stretch=lambda cache: _stretch(cache[2][1] if cache[4] else cache[2]),
    ),
    Card(
        "layernorm",
        torch=lambda F, x, gamma, beta, eps=1e-5: F.layer_norm(x, gamma.shape, gamma, beta, eps),
        jax=lambda jnp, x, gamma, beta, eps=1e-5: gamma * _standardize(jnp, x, -1, eps) + beta,
        takes="ND*",
        fit=_along_last,
        torch_rounds=True,
        stretch=lambda cache: _stretch(cache[2][1]),
    ),
    Card(
        "rmsnorm",
        torch=lambda F, x, gamma, eps=1e-5: F.rms_norm(x, gamma.shape, gamma, eps),
        jax=lambda jnp, x, gamma, eps=1e-5: (
            gamma * x / jnp.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
        ),
        takes="ND*",
        fit=_rms,
        stretch=lambda cache: _stretch(cache[2]),
    ),
    Card(
        "groupnorm",
        torch=_torch_groupnorm,
        jax=_jax_groupnorm,
        takes="NCHW",
        fit=_groupnorm,
        torch_rounds=True,
        stretch=lambda cache: _stretch(cache[2][1]),
    ),
    Card(
        "instancenorm",
        torch=_torch_instancenorm,
        jax=lambda jnp, x, gamma, beta, eps=1e-5: _jax_groupnorm(
            jnp, x, gamma, beta, x.shape[1], eps
        ),
        takes="NCHW",
        fit=lambda shape, dice: Fit(shape, {"g": shape[1:2], "b": shape[1:2]}, _eps(dice)),
        torch_rounds=True,
        stretch=lambda cache: _stretch(cache[2][1]),
    ),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "standardize mean not subtracted",
        "standardize_forward",
        "centred = x - x.mean(axis=axes, keepdims=True)",
        "centred = x",
        "The mean is not subtracted.",
    ),
    Mistake(
        "standardize mean of everything",
        "standardize_forward",
        "x.mean(axis=axes, keepdims=True)",
        "x.mean()",
        "One mean of the whole array is subtracted; the axes say what is averaged over.",
    ),
    Mistake(
        "standardize variance of everything",
        "standardize_forward",
        "(centred * centred).mean(axis=axes, keepdims=True)",
        "(centred * centred).mean()",
        "One variance of the whole array is used; the axes say what is averaged over.",
    ),
    Mistake(
        "standardize ddof 1",
        "standardize_forward",
        "(centred * centred).mean(axis=axes, keepdims=True)",
        "(centred * centred).sum(axis=axes, keepdims=True) / max(x.size // "
        "x.mean(axis=axes).size - 1, 1)",
        "The variance is divided by m - 1; here, as in every norm, by m.",
    ),
    Mistake(
        "standardize variance not centred",
        "standardize_forward",
        "(centred * centred)",
        "(x * x)",
        "The variance is the mean of the squares of x; the mean must be taken off first.",
    ),
    Mistake(
        "standardize variance by difference",
        "standardize_forward",
        "(centred * centred).mean(axis=axes, keepdims=True)",
        "((x * x).mean(axis=axes, keepdims=True) - (x - centred) * (x - centred))",
        "mean(x^2) - mean(x)^2 loses all digits where the mean is large; average (x - mean)^2.",
    ),
    Mistake(
        "standardize variance for std",
        "standardize_forward",
        "np.sqrt(",
        "(",
        "x is divided by the variance; divide by its square root.",
    ),
    Mistake(
        "standardize sum for mean",
        "standardize_forward",
        "(centred * centred).mean(axis=axes, keepdims=True)",
        "(centred * centred).sum(axis=axes, keepdims=True)",
        "The squares are summed but not divided by m.",
    ),
    Mistake(
        "standardize mean distance for std",
        "standardize_forward",
        "np.sqrt((centred * centred).mean(axis=axes, keepdims=True) + eps)",
        "np.abs(centred).mean(axis=axes, keepdims=True) + eps",
        "The mean distance from the mean is taken for the standard deviation.",
    ),
    Mistake(
        "standardize eps missing",
        "standardize_forward",
        "keepdims=True) + eps)",
        "keepdims=True))",
        "eps is left out: equal numbers give 0 / 0.",
    ),
    Mistake(
        "standardize eps outside the root",
        "standardize_forward",
        "keepdims=True) + eps)",
        "keepdims=True)) + eps",
        "eps is added to the root; it is added to the variance under the root.",
    ),
    Mistake(
        "standardize eps to the numbers",
        "standardize_forward",
        "centred / std",
        "(centred + eps) / std",
        "eps is added to the numbers as well; it only keeps std off 0.",
    ),
    Mistake(
        "standardize wrong default eps",
        "standardize_forward",
        "eps: float = 1e-5",
        "eps: float = 1e-8",
        "eps is 1e-8 unless given; it must be 1e-5.",
    ),
    Mistake(
        "standardize wrong default axes",
        "standardize_forward",
        "axes: Axes = -1",
        "axes: Axes = 0",
        "Unless axes are given the columns are averaged over; it must be the last axis.",
    ),
    Mistake(
        "standardize statistics taken as constants",
        "standardize_backward",
        "return (dout - mean - along) / std",
        "return dout / std",
        "The mean and the variance are taken as constants; both depend on every number.",
    ),
    Mistake(
        "standardize path through the variance dropped",
        "standardize_backward",
        "return (dout - mean - along) / std",
        "return (dout - mean) / std",
        "The path through the variance is missing: each number moves the std of all.",
    ),
    Mistake(
        "standardize path through the mean dropped",
        "standardize_backward",
        "return (dout - mean - along) / std",
        "return (dout - along) / std",
        "The path through the mean is missing: each number moves the mean of all.",
    ),
    Mistake(
        "standardize paths added",
        "standardize_backward",
        "dout - mean - along",
        "dout + mean + along",
        "The paths through mean and variance are added; both are subtracted.",
    ),
    Mistake(
        "standardize dx not over std",
        "standardize_backward",
        "return (dout - mean - along) / std",
        "return dout - mean - along",
        "The division by std is missing.",
    ),
    Mistake(
        "standardize dx over the variance",
        "standardize_backward",
        "return (dout - mean - along) / std",
        "return (dout - mean - along) / (std * std)",
        "dx is divided by the variance; divide by std.",
    ),
    Mistake(
        "standardize std on the direct path alone",
        "standardize_backward",
        "return (dout - mean - along) / std",
        "return dout / std - mean - along",
        "Only the direct path is divided by std; all three are.",
    ),
    Mistake(
        "standardize sum for mean in the variance path",
        "standardize_backward",
        "(dout * xhat).mean(",
        "(dout * xhat).sum(",
        "The path through the variance has a sum where it needs a mean.",
    ),
    Mistake(
        "standardize sum for mean in the mean path",
        "standardize_backward",
        "dout.mean(axis=axes, keepdims=True)",
        "dout.sum(axis=axes, keepdims=True)",
        "The path through the mean has a sum where it needs a mean.",
    ),
    Mistake(
        "standardize dx mean of everything",
        "standardize_backward",
        "dout.mean(axis=axes, keepdims=True)",
        "dout.mean()",
        "The mean of dout runs over the whole array; it runs over the axes that were averaged.",
    ),
    Mistake(
        "standardize xhat missing in the variance path",
        "standardize_backward",
        "along = xhat * (",
        "along = (",
        "The path through the variance lacks its outer factor xhat.",
    ),
    Mistake(
        "standardize variance path not weighted",
        "standardize_backward",
        "(dout * xhat).mean",
        "dout.mean",
        "The mean in the variance path must weigh dout by xhat.",
    ),
    Mistake(
        "standardize variance path twice",
        "standardize_backward",
        "along = xhat",
        "along = 2 * xhat",
        "The 2 of the square and the 1/2 of the root cancel; yours kept the 2.",
    ),
    Mistake(
        "standardize variance path without its 2",
        "standardize_backward",
        "along = xhat",
        "along = xhat / 2",
        "The 2 of the square and the 1/2 of the root cancel; yours kept the 1/2.",
    ),
    Mistake(
        "standardize xhat divided again",
        "standardize_backward",
        "along = xhat",
        "along = xhat / std",
        "xhat has been divided by std already.",
    ),
    Mistake(
        "standardize dout centred in place",
        "standardize_backward",
        "return (dout - mean - along) / std",
        "dout -= mean + along\n    return dout / std",
        "dout is written into: the caller's array is spoiled.",
    ),
    Mistake(
        "batchnorm gamma missing",
        "batchnorm_forward",
        "out = gamma.reshape(column) * xhat + beta.reshape(column)",
        "out = xhat + beta.reshape(column)",
        "gamma is never used.",
    ),
    Mistake(
        "batchnorm beta missing",
        "batchnorm_forward",
        "out = gamma.reshape(column) * xhat + beta.reshape(column)",
        "out = gamma.reshape(column) * xhat",
        "beta is never added.",
    ),
    Mistake(
        "batchnorm gamma and beta swapped",
        "batchnorm_forward",
        "out = gamma.reshape(column) * xhat + beta.reshape(column)",
        "out = beta.reshape(column) * xhat + gamma.reshape(column)",
        "gamma and beta are swapped: gamma scales, beta shifts.",
    ),
    Mistake(
        "batchnorm gamma scales beta too",
        "batchnorm_forward",
        "out = gamma.reshape(column) * xhat + beta.reshape(column)",
        "out = gamma.reshape(column) * (xhat + beta.reshape(column))",
        "gamma scales beta too; beta is added afterwards.",
    ),
    Mistake(
        "batchnorm gamma along the width",
        "batchnorm_forward",
        "(-1,) + (1,) * (x.ndim - 2)",
        "(-1,)",
        "gamma and beta are laid along the last axis; they belong to the channels.",
    ),
    Mistake(
        "batchnorm averaged over each example",
        "batchnorm_forward",
        "(0, *range(2, x.ndim))",
        "tuple(range(1, x.ndim))",
        "Each example is averaged by itself, as in layer norm; the batch must be averaged over.",
    ),
    Mistake(
        "batchnorm pixels not averaged",
        "batchnorm_forward",
        "(0, *range(2, x.ndim))",
        "0",
        "Only the batch is averaged over; the pixels of a channel belong together.",
    ),
    Mistake(
        "batchnorm over everything",
        "batchnorm_forward",
        "(0, *range(2, x.ndim))",
        "tuple(range(x.ndim))",
        "One mean and one variance serve all channels; each channel has its own.",
    ),
    Mistake(
        "batchnorm eps ignored",
        "batchnorm_forward",
        "range(2, x.ndim)), eps)",
        "range(2, x.ndim)))",
        "The option eps has no effect in training.",
    ),
    Mistake(
        "batchnorm wrong default eps",
        "batchnorm_forward",
        "eps: float = 1e-5",
        "eps: float = 1e-3",
        "eps is 1e-3 unless given; it must be 1e-5.",
    ),
    Mistake(
        "batchnorm running statistics ignored",
        "batchnorm_forward",
        "if running is None:",
        "running = None\n    if running is None:",
        "In evaluation the statistics are still those of the batch; use the running ones.",
    ),
    Mistake(
        "batchnorm running mean ignored",
        "batchnorm_forward",
        "(x - mean.reshape(column))",
        "x",
        "The running mean is not subtracted in evaluation.",
    ),
    Mistake(
        "batchnorm running variance for std",
        "batchnorm_forward",
        "np.sqrt(var + eps)",
        "(var + eps)",
        "In evaluation x is divided by the running variance; divide by its square root.",
    ),
    Mistake(
        "batchnorm eps missing in evaluation",
        "batchnorm_forward",
        "np.sqrt(var + eps)",
        "np.sqrt(var)",
        "eps is left out in evaluation.",
    ),
    Mistake(
        "batchnorm eps outside the root in evaluation",
        "batchnorm_forward",
        "np.sqrt(var + eps)",
        "(np.sqrt(var) + eps)",
        "eps is added to the root; it is added to the variance under the root.",
    ),
    Mistake(
        "batchnorm mean and variance swapped",
        "batchnorm_forward",
        "mean, var = running",
        "var, mean = running",
        "The running mean and the running variance are swapped.",
    ),
    Mistake(
        "batchnorm xhat kept for x",
        "batchnorm_forward",
        "inner, x, running is None",
        "inner, xhat, running is None",
        "The cache keeps xhat for x: running_statistics then sees mean 0 and variance 1.",
    ),
    Mistake(
        "batchnorm gamma missing in dx",
        "batchnorm_backward",
        "dxhat = dout * gamma",
        "dxhat = dout",
        "dx lacks the factor gamma.",
    ),
    Mistake(
        "batchnorm gamma divides",
        "batchnorm_backward",
        "dxhat = dout * gamma",
        "dxhat = dout / gamma",
        "dout is divided by gamma; it is multiplied by it.",
    ),
    Mistake(
        "batchnorm dgamma from x",
        "batchnorm_backward",
        "(dout * xhat)",
        "(dout * cache[3])",
        "dgamma uses x; gamma multiplied xhat.",
    ),
    Mistake(
        "batchnorm dgamma without xhat",
        "batchnorm_backward",
        "(dout * xhat)",
        "dout",
        "dgamma lacks the factor xhat.",
    ),
    Mistake(
        "batchnorm dgamma is a mean",
        "batchnorm_backward",
        "(dout * xhat).sum(axis=axes)",
        "(dout * xhat).mean(axis=axes)",
        "dgamma is a mean; it is the sum, as gamma meets every number of its channel.",
    ),
    Mistake(
        "batchnorm dgamma from the scaled dout",
        "batchnorm_backward",
        "(dout * xhat)",
        "(dout * gamma * xhat)",
        "dgamma holds gamma itself; it needs dout as it came in.",
    ),
    Mistake(
        "batchnorm dbeta is a mean",
        "batchnorm_backward",
        "dbeta = dout.sum(axis=axes)",
        "dbeta = dout.mean(axis=axes)",
        "dbeta is a mean; it is the sum, as beta meets every number of its channel.",
    ),
    Mistake(
        "batchnorm dbeta from the scaled dout",
        "batchnorm_backward",
        "dbeta = dout.sum(axis=axes)",
        "dbeta = (dout * gamma).sum(axis=axes)",
        "dbeta holds gamma; beta is added after gamma has scaled.",
    ),
    Mistake(
        "batchnorm dgamma over the batch only",
        "batchnorm_backward",
        "(0, *range(2, xhat.ndim))",
        "0",
        "dgamma and dbeta are summed over the batch only; the pixels count too.",
    ),
    Mistake(
        "batchnorm statistics taken as constants",
        "batchnorm_backward",
        "standardize_backward(dxhat, inner) if training else dxhat / inner",
        "dxhat / (inner[1] if training else inner)",
        "The mean and the variance of the batch are taken as constants; every example moves them.",
    ),
    Mistake(
        "batchnorm evaluation as in training",
        "batchnorm_backward",
        "standardize_backward(dxhat, inner) if training else dxhat / inner",
        "standardize_backward(dxhat, inner if training else (xhat, inner, axes))",
        "In evaluation the statistics are constants: no paths through mean and variance.",
    ),
    Mistake(
        "batchnorm dx not over std in evaluation",
        "batchnorm_backward",
        "else dxhat / inner",
        "else dxhat",
        "In evaluation dx lacks the division by std.",
    ),
    Mistake(
        "batchnorm dx over the batch size",
        "batchnorm_backward",
        "return dx, dgamma",
        "return dx / len(dout), dgamma",
        "dx is divided by the batch size, but the loss has done that already.",
    ),
    Mistake(
        "batchnorm dgamma and dbeta swapped",
        "batchnorm_backward",
        "return dx, dgamma, dbeta",
        "return dx, dbeta, dgamma",
        "The gradients come back as dx, dbeta, dgamma; the order is that of the arguments.",
    ),
    Mistake(
        "batchnorm dout scaled in place",
        "batchnorm_backward",
        "dxhat = dout * gamma",
        "dout *= gamma\n    dxhat = dout",
        "dout is written into: the caller's array is spoiled.",
    ),
    Mistake(
        "running statistics momentum reversed",
        "running_statistics",
        "new_mean = (1 - momentum) * old_mean + momentum * mean\n"
        "    new_var = (1 - momentum) * old_var + momentum * var",
        "new_mean = momentum * old_mean + (1 - momentum) * mean\n"
        "    new_var = momentum * old_var + (1 - momentum) * var",
        "momentum is taken for the share of the old, as in CS231n; here it is that of the new "
        "batch.",
    ),
    Mistake(
        "running statistics wrong default momentum",
        "running_statistics",
        "momentum: float = 0.1",
        "momentum: float = 0.9",
        "momentum is 0.9 unless given; it must be 0.1, the share of the new batch.",
    ),
    Mistake(
        "running statistics biased variance",
        "running_statistics",
        "/ (m - 1)",
        "/ m",
        "The variance kept is over m; here, as in PyTorch, it is over m - 1.",
    ),
    Mistake(
        "running statistics std for variance",
        "running_statistics",
        "momentum * var",
        "momentum * np.sqrt(var)",
        "The standard deviation of the batch is kept; keep its variance.",
    ),
    Mistake(
        "running statistics std averaged",
        "running_statistics",
        "new_var = (1 - momentum) * old_var + momentum * var",
        "new_var = ((1 - momentum) * np.sqrt(old_var) + momentum * np.sqrt(var)) ** 2",
        "The standard deviations are averaged; average the variances.",
    ),
    Mistake(
        "running statistics of the batch alone",
        "running_statistics",
        "(1 - momentum) * old_mean + momentum * mean",
        "mean",
        "The mean of the last batch replaces the running mean.",
    ),
    Mistake(
        "running statistics old not shrunk",
        "running_statistics",
        "(1 - momentum) * old_var",
        "old_var",
        "The old variance keeps its full weight and grows with every batch; it keeps 1 - "
        "momentum of it.",
    ),
    Mistake(
        "running statistics channels mixed",
        "running_statistics",
        "x.swapaxes(0, 1).reshape(x.shape[1], m)",
        "x.reshape(x.shape[1], m)",
        "x is reshaped without moving its channels to the front: channels mix.",
    ),
    Mistake(
        "running statistics var not centred",
        "running_statistics",
        "centred = channels - mean[:, None]",
        "centred = channels",
        "The variance is that of x around 0; the mean must be taken off first.",
    ),
    Mistake(
        "running statistics updated in place",
        "running_statistics",
        "new_mean = (1 - momentum) * old_mean + momentum * mean",
        "old_mean *= 1 - momentum\n    old_mean += momentum * mean\n    new_mean = old_mean",
        "The old running mean is written into; hand back new arrays.",
    ),
    Mistake(
        "running statistics in evaluation",
        "running_statistics",
        "if not training:",
        "if False:",
        "The running statistics also change in evaluation; only training may move them.",
    ),
    Mistake(
        "running statistics of one number",
        "running_statistics",
        "if m < 2:",
        "if m < 1:",
        "One number a channel has no variance: 0 / 0 spoils the running one.",
    ),
    Mistake(
        "layernorm down the batch",
        "layernorm_forward",
        "standardize_forward(x, -1, eps)",
        "standardize_forward(x, 0, eps)",
        "The columns are normalised over the batch, as in batch norm; each row stands alone.",
    ),
    Mistake(
        "layernorm over the whole example",
        "layernorm_forward",
        "standardize_forward(x, -1, eps)",
        "standardize_forward(x, tuple(range(1, x.ndim)), eps)",
        "A whole example is averaged over; each row along the last axis stands alone.",
    ),
    Mistake(
        "layernorm eps ignored",
        "layernorm_forward",
        "standardize_forward(x, -1, eps)",
        "standardize_forward(x, -1)",
        "The option eps has no effect.",
    ),
    Mistake(
        "layernorm wrong default eps",
        "layernorm_forward",
        "eps: float = 1e-5",
        "eps: float = 1e-6",
        "eps is 1e-6 unless given; it must be 1e-5.",
    ),
    Mistake(
        "layernorm gamma missing",
        "layernorm_forward",
        "gamma * xhat + beta",
        "xhat + beta",
        "gamma is never used.",
    ),
    Mistake(
        "layernorm beta missing",
        "layernorm_forward",
        "gamma * xhat + beta",
        "gamma * xhat",
        "beta is never added.",
    ),
    Mistake(
        "layernorm gamma by row",
        "layernorm_forward",
        "gamma * xhat + beta",
        "gamma[:, None] * xhat + beta",
        "gamma[n] scales row n; it belongs to column n, the same in every row.",
    ),
    Mistake(
        "layernorm gamma scales beta too",
        "layernorm_forward",
        "gamma * xhat + beta",
        "gamma * (xhat + beta)",
        "gamma scales beta too; beta is added afterwards.",
    ),
    Mistake(
        "layernorm gamma before the norm",
        "layernorm_forward",
        "standardize_forward(x, -1, eps)",
        "standardize_forward(gamma * x, -1, eps)",
        "x is scaled by gamma before it is normalised too; gamma scales xhat.",
    ),
    Mistake(
        "layernorm gamma missing in dx",
        "layernorm_backward",
        "dout * gamma, inner",
        "dout, inner",
        "dx lacks the factor gamma.",
    ),
    Mistake(
        "layernorm gamma after the norm",
        "layernorm_backward",
        "standardize_backward(dout * gamma, inner)",
        "standardize_backward(dout, inner) * gamma",
        "dout is multiplied by gamma at the end; it comes first, before the paths mix the columns.",
    ),
    Mistake(
        "layernorm statistics taken as constants",
        "layernorm_backward",
        "standardize_backward(dout * gamma, inner)",
        "dout * gamma / inner[1]",
        "The mean and the variance are taken as constants; every number of the row moves them.",
    ),
    Mistake(
        "layernorm dgamma without xhat",
        "layernorm_backward",
        "(dout * xhat)",
        "dout",
        "dgamma lacks the factor xhat.",
    ),
    Mistake(
        "layernorm dgamma from the output",
        "layernorm_backward",
        "(dout * xhat)",
        "(dout * xhat * gamma)",
        "dgamma uses the scaled output; gamma multiplied xhat.",
    ),
    Mistake(
        "layernorm dgamma is a mean",
        "layernorm_backward",
        "(dout * xhat).sum(axis=rows)",
        "(dout * xhat).mean(axis=rows)",
        "dgamma is a mean; it is the sum, as gamma meets every row.",
    ),
    Mistake(
        "layernorm dbeta is a mean",
        "layernorm_backward",
        "dbeta = dout.sum(axis=rows)",
        "dbeta = dout.mean(axis=rows)",
        "dbeta is a mean; it is the sum, as beta meets every row.",
    ),
    Mistake(
        "layernorm sums over the batch only",
        "layernorm_backward",
        "tuple(range(xhat.ndim - 1))",
        "0",
        "dgamma and dbeta are summed over the batch only; every row of each example counts.",
    ),
    Mistake(
        "layernorm sums along the row",
        "layernorm_backward",
        "tuple(range(xhat.ndim - 1))",
        "-1",
        "dgamma and dbeta are summed along the row; they are summed over the rows.",
    ),
    Mistake(
        "layernorm dgamma and dbeta swapped",
        "layernorm_backward",
        "inner), dgamma, dbeta",
        "inner), dbeta, dgamma",
        "The gradients come back as dx, dbeta, dgamma; the order is that of the arguments.",
    ),
    Mistake(
        "layernorm dout scaled in place",
        "layernorm_backward",
        "return standardize_backward(dout * gamma, inner)",
        "dout *= gamma\n    return standardize_backward(dout, inner)",
        "dout is written into: the caller's array is spoiled.",
    ),
    Mistake(
        "rmsnorm mean subtracted",
        "rmsnorm_forward",
        "rms = np.sqrt",
        "x = x - x.mean(axis=-1, keepdims=True)\n    rms = np.sqrt",
        "The mean is subtracted, as in layer norm; RMS norm leaves it in.",
    ),
    Mistake(
        "rmsnorm square root missing",
        "rmsnorm_forward",
        "np.sqrt(",
        "(",
        "x is divided by the mean square; divide by its square root.",
    ),
    Mistake(
        "rmsnorm sum for mean",
        "rmsnorm_forward",
        "(x * x).mean(",
        "(x * x).sum(",
        "x is divided by its length; the squares are averaged, not summed.",
    ),
    Mistake(
        "rmsnorm down the batch",
        "rmsnorm_forward",
        "axis=-1",
        "axis=0",
        "The columns are normalised over the batch; each row stands alone.",
    ),
    Mistake(
        "rmsnorm eps missing",
        "rmsnorm_forward",
        "keepdims=True) + eps)",
        "keepdims=True))",
        "eps is left out: a row of zeros gives 0 / 0.",
    ),
    Mistake(
        "rmsnorm eps outside the root",
        "rmsnorm_forward",
        "keepdims=True) + eps)",
        "keepdims=True)) + eps",
        "eps is added to the root; it is added to the mean square under the root.",
    ),
    Mistake(
        "rmsnorm wrong default eps",
        "rmsnorm_forward",
        "eps: float = 1e-5",
        "eps: float = 1e-6",
        "eps is 1e-6 unless given; it must be 1e-5.",
    ),
    Mistake(
        "rmsnorm gamma missing",
        "rmsnorm_forward",
        "gamma * xhat, (",
        "xhat, (",
        "gamma is never used.",
    ),
    Mistake(
        "rmsnorm gamma plus one",
        "rmsnorm_forward",
        "gamma * xhat, (",
        "(1 + gamma) * xhat, (",
        "xhat is scaled by 1 + gamma, as in some models; here by gamma.",
    ),
    Mistake(
        "rmsnorm rms taken as a constant",
        "rmsnorm_backward",
        "(dxhat - xhat * (dxhat * xhat).mean(axis=-1, keepdims=True))",
        "dxhat",
        "The rms is taken as a constant; every number of the row moves it.",
    ),
    Mistake(
        "rmsnorm path through a mean",
        "rmsnorm_backward",
        "(dxhat - xhat *",
        "(dxhat - dxhat.mean(axis=-1, keepdims=True) - xhat *",
        "dx has a path through the mean, as in layer norm; RMS norm takes no mean.",
    ),
    Mistake(
        "rmsnorm sum for mean in dx",
        "rmsnorm_backward",
        "(dxhat * xhat).mean(",
        "(dxhat * xhat).sum(",
        "The path through the rms has a sum where it needs a mean.",
    ),
    Mistake(
        "rmsnorm xhat missing in dx",
        "rmsnorm_backward",
        "dxhat - xhat * (",
        "dxhat - (",
        "The path through the rms lacks its outer factor xhat.",
    ),
    Mistake(
        "rmsnorm path added",
        "rmsnorm_backward",
        "dxhat - xhat *",
        "dxhat + xhat *",
        "The path through the rms is added; it is subtracted.",
    ),
    Mistake(
        "rmsnorm dx not over rms",
        "rmsnorm_backward",
        ") / rms",
        ")",
        "The division by rms is missing.",
    ),
    Mistake(
        "rmsnorm gamma missing in dx",
        "rmsnorm_backward",
        "dxhat = dout * gamma",
        "dxhat = dout",
        "dx lacks the factor gamma.",
    ),
    Mistake(
        "rmsnorm gamma after the norm",
        "rmsnorm_backward",
        "dxhat = dout * gamma\n    dx = (dxhat",
        "dxhat = dout\n    dx = gamma * (dxhat",
        "dout is multiplied by gamma at the end; it comes first, before the path mixes the "
        "columns.",
    ),
    Mistake(
        "rmsnorm dgamma from x",
        "rmsnorm_backward",
        "dgamma = (dout * xhat)",
        "dgamma = (dout * xhat * rms)",
        "dgamma uses x; gamma multiplied x / rms.",
    ),
    Mistake(
        "rmsnorm dgamma over the batch only",
        "rmsnorm_backward",
        "tuple(range(xhat.ndim - 1))",
        "0",
        "dgamma is summed over the batch only; every row of each example counts.",
    ),
    Mistake(
        "rmsnorm dout scaled in place",
        "rmsnorm_backward",
        "dxhat = dout * gamma",
        "dout *= gamma\n    dxhat = dout",
        "dout is written into: the caller's array is spoiled.",
    ),
    Mistake(
        "groupnorm groups ignored",
        "groupnorm_forward",
        "expect_groups(groups, C, C)",
        "expect_groups(groups, C, C)\n    groups = 1",
        "The option groups has no effect: all channels are one group.",
    ),
    Mistake(
        "groupnorm each channel alone",
        "groupnorm_forward",
        "expect_groups(groups, C, C)",
        "expect_groups(groups, C, C)\n    groups = C",
        "Each channel is normalised by itself, as in instance norm; the groups belong together.",
    ),
    Mistake(
        "groupnorm groups of so many channels",
        "groupnorm_forward",
        "expect_groups(groups, C, C)",
        "expect_groups(groups, C, C)\n    groups = C // groups",
        "groups is read as the channels a group; it is how many groups there are.",
    ),
    Mistake(
        "groupnorm over the batch too",
        "groupnorm_forward",
        "standardize_forward(x.reshape(N, groups, -1), -1, eps)",
        "standardize_forward(x.reshape(N, groups, -1), (0, -1), eps)",
        "The batch is averaged over too, as in batch norm; every image stands alone.",
    ),
    Mistake(
        "groupnorm over the groups",
        "groupnorm_forward",
        "standardize_forward(x.reshape(N, groups, -1), -1, eps)",
        "standardize_forward(x.reshape(N, groups, -1), 1, eps)",
        "The groups are averaged over; average over what is in a group.",
    ),
    Mistake(
        "groupnorm eps ignored",
        "groupnorm_forward",
        "standardize_forward(x.reshape(N, groups, -1), -1, eps)",
        "standardize_forward(x.reshape(N, groups, -1), -1)",
        "The option eps has no effect.",
    ),
    Mistake(
        "groupnorm gamma missing",
        "groupnorm_forward",
        "gamma.reshape(C, 1, 1) * xhat + beta.reshape(C, 1, 1)",
        "xhat + beta.reshape(C, 1, 1)",
        "gamma is never used.",
    ),
    Mistake(
        "groupnorm beta missing",
        "groupnorm_forward",
        "gamma.reshape(C, 1, 1) * xhat + beta.reshape(C, 1, 1)",
        "gamma.reshape(C, 1, 1) * xhat",
        "beta is never added.",
    ),
    Mistake(
        "groupnorm gamma along the width",
        "groupnorm_forward",
        "gamma.reshape(C, 1, 1) * xhat + beta.reshape(C, 1, 1)",
        "gamma * xhat + beta",
        "gamma and beta are laid along the width; they belong to the channels.",
    ),
    Mistake(
        "groupnorm gamma a group",
        "groupnorm_forward",
        "gamma.reshape(C, 1, 1) * xhat",
        "gamma[: C // groups].repeat(groups).reshape(C, 1, 1) * xhat",
        "The channels of a group share one gamma; each channel has its own.",
    ),
    Mistake(
        "groupnorm wrong default groups",
        "groupnorm_forward",
        "groups: int = 1",
        "groups: int = 2",
        "There are 2 groups unless given; it must be 1.",
    ),
    Mistake(
        "groupnorm gamma missing in dx",
        "groupnorm_backward",
        "dout * gamma.reshape(-1, 1, 1)",
        "dout",
        "dx lacks the factor gamma.",
    ),
    Mistake(
        "groupnorm gamma after the norm",
        "groupnorm_backward",
        "dxhat = dout * gamma.reshape(-1, 1, 1)\n"
        "    dx = standardize_backward(dxhat.reshape(len(dout), groups, -1), inner)",
        "dx = standardize_backward(dout.reshape(len(dout), groups, -1), inner)\n"
        "    dx = dx.reshape(dout.shape) * gamma.reshape(-1, 1, 1)",
        "dout is multiplied by gamma at the end; it comes first, before the paths mix the "
        "channels.",
    ),
    Mistake(
        "groupnorm statistics taken as constants",
        "groupnorm_backward",
        "standardize_backward(dxhat.reshape(len(dout), groups, -1), inner)",
        "dxhat.reshape(len(dout), groups, -1) / inner[1]",
        "The mean and the variance are taken as constants; every number of the group moves them.",
    ),
    Mistake(
        "groupnorm dx channel by channel",
        "groupnorm_backward",
        "standardize_backward(dxhat.reshape(len(dout), groups, -1), inner)",
        "standardize_backward(\n"
        "        dxhat.reshape(len(dout), len(gamma), -1),\n"
        "        (xhat.reshape(len(dout), len(gamma), -1), inner[1].repeat(len(gamma) // "
        "groups, axis=1), -1),\n"
        "    )",
        "dx goes channel by channel; the channels of a group moved the same mean and variance.",
    ),
    Mistake(
        "groupnorm dgamma without xhat",
        "groupnorm_backward",
        "(dout * xhat)",
        "dout",
        "dgamma lacks the factor xhat.",
    ),
    Mistake(
        "groupnorm dgamma over the batch only",
        "groupnorm_backward",
        "(dout * xhat).sum(axis=(0, 2, 3))",
        "(dout * xhat).sum(axis=0)",
        "dgamma is summed over the batch only; the pixels of a channel count too.",
    ),
    Mistake(
        "groupnorm dgamma is a mean",
        "groupnorm_backward",
        "(dout * xhat).sum(axis=(0, 2, 3))",
        "(dout * xhat).mean(axis=(0, 2, 3))",
        "dgamma is a mean; it is the sum, as gamma meets every number of its channel.",
    ),
    Mistake(
        "groupnorm dbeta is a mean",
        "groupnorm_backward",
        "dbeta = dout.sum(axis=(0, 2, 3))",
        "dbeta = dout.mean(axis=(0, 2, 3))",
        "dbeta is a mean; it is the sum, as beta meets every number of its channel.",
    ),
    Mistake(
        "groupnorm dx over the batch size",
        "groupnorm_backward",
        "return dx.reshape",
        "return 1 / len(dout) * dx.reshape",
        "dx is divided by the batch size, but the loss has done that already.",
    ),
    Mistake(
        "groupnorm dout scaled in place",
        "groupnorm_backward",
        "dxhat = dout * gamma.reshape(-1, 1, 1)",
        "dout *= gamma.reshape(-1, 1, 1)\n    dxhat = dout",
        "dout is written into: the caller's array is spoiled.",
    ),
    Mistake(
        "instancenorm channels together",
        "instancenorm_forward",
        "x.shape[1], eps",
        "1, eps",
        "All channels are one group; each channel is normalised by itself.",
    ),
    Mistake(
        "instancenorm eps ignored",
        "instancenorm_forward",
        "x.shape[1], eps",
        "x.shape[1]",
        "The option eps has no effect.",
    ),
    Mistake(
        "instancenorm gamma and beta swapped",
        "instancenorm_forward",
        "x, gamma, beta, x.shape[1]",
        "x, beta, gamma, x.shape[1]",
        "gamma and beta are swapped: gamma scales, beta shifts.",
    ),
    Mistake(
        "instancenorm wrong default eps",
        "instancenorm_forward",
        "eps: float = 1e-5",
        "eps: float = 1e-3",
        "eps is 1e-3 unless given; it must be 1e-5.",
    ),
    Mistake(
        "instancenorm gamma missing",
        "instancenorm_forward",
        "x, gamma, beta, x.shape[1]",
        "x, 0 * gamma + 1, beta, x.shape[1]",
        "gamma is never used.",
    ),
    Mistake(
        "instancenorm statistics taken as constants",
        "instancenorm_backward",
        "return groupnorm_backward(dout, cache)",
        "_, dgamma, dbeta = groupnorm_backward(dout, cache)\n"
        "    std = cache[2][1].reshape(*dout.shape[:2], 1, 1)\n"
        "    return dout * cache[1].reshape(-1, 1, 1) / std, dgamma, dbeta",
        "The mean and the variance are taken as constants; every pixel of the channel moves them.",
    ),
    Mistake(
        "instancenorm dgamma and dbeta swapped",
        "instancenorm_backward",
        "return groupnorm_backward(dout, cache)",
        "dx, dgamma, dbeta = groupnorm_backward(dout, cache)\n    return dx, dbeta, dgamma",
        "The gradients come back as dx, dbeta, dgamma; the order is that of the arguments.",
    ),
    Mistake(
        "instancenorm all over the batch size",
        "instancenorm_backward",
        "groupnorm_backward(dout, cache)",
        "groupnorm_backward(dout / len(dout), cache)",
        "dout is divided by the batch size, but the loss has done that already.",
    ),
]
