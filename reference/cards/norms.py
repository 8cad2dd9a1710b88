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

MISTAKES: list[Mistake] = []
