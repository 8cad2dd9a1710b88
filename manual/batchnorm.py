"""Batch norm: every channel to mean 0 and variance 1 over the batch, then scaled and shifted.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit,
or an eps that is not above 0.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_positive, expect_shape
from manual.standardize import standardize_backward, standardize_forward

Running = tuple[Array, Array]  # mean (C,) and variance (C,), averaged over the batches seen


def batchnorm_forward(
    x: Array, gamma: Array, beta: Array, running: Running | None = None, eps: float = 1e-5
) -> tuple[Array, Any]:
    """out = gamma xhat + beta, xhat = (x - mean) / sqrt(var + eps), channel by channel.

    x: (N, C), or images (N, C, H, W), whose channels are averaged over the pixels too ("spatial")
    gamma, beta: (C,)
    running: None in training: mean and var are those of this batch, with 1/m, m = N or N H W;
             in evaluation the running statistics, which are constants, each (C,)
    Returns out (the shape of x), and the cache, from which running_statistics takes its own.
    Errors: also TypeError for running that is no pair, ValueError for a negative variance in it.
    Source: Ioffe and Szegedy, 2015.
    """
    expect("NC*", x=x)
    expect_shape(x.shape[1:2], gamma=gamma, beta=beta)
    expect_positive(eps=eps)
    column = (-1,) + (1,) * (x.ndim - 2)  # a number a channel, to stand beside (N, C, H, W)
    if running is None:
        xhat, inner = standardize_forward(x, (0, *range(2, x.ndim)), eps)
    else:
        _expect_running(running, x.shape[1])
        mean, var = running
        inner = np.sqrt(var + eps).reshape(column)
        xhat = (x - mean.reshape(column)) / inner
    out = gamma.reshape(column) * xhat + beta.reshape(column)
    return out, (xhat, gamma.reshape(column), inner, x, running is None)


def batchnorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """gamma and beta act as in affine, and meet every number of their channel:

        dbeta = sum dout          dgamma = sum dout xhat          dxhat = dout gamma

    In training, dx is standardize's: each x moves the mean and the variance of its batch. In
    evaluation these are constants, and dx = dxhat / std.

    dout: the shape of x
    Returns dx (the shape of x), dgamma (C,), dbeta (C,).
    """
    xhat, gamma, inner, _, training = cache
    expect_shape(xhat.shape, dout=dout)
    axes = (0, *range(2, xhat.ndim))
    dgamma = (dout * xhat).sum(axis=axes)
    dbeta = dout.sum(axis=axes)
    dxhat = dout * gamma
    dx = standardize_backward(dxhat, inner) if training else dxhat / inner
    return dx, dgamma, dbeta


def running_statistics(cache: Any, running: Running, momentum: float = 0.1) -> Running:
    """The running mean and variance after one more batch, from the cache of a training forward.

        running = (1 - momentum) running + momentum (the batch's)

    momentum is the share of the new batch, and the variance kept is the unbiased one, over m - 1
    where the forward has m: PyTorch's conventions. (CS231n's momentum is the share of the old, 0.9,
    and its variance the biased one.) Both start at mean 0 and variance 1.

    running, and what is returned: (mean, var), each (C,)
    Errors: also those of running above; ValueError for a cache of evaluation, a batch of one number
    a channel, a momentum outside of [0, 1].
    Source: Ioffe and Szegedy, 2015, algorithm 2 (the unbiased variance).
    """
    *_, x, training = cache
    if not training:
        raise ValueError("the cache is that of an evaluation, expected one of training")
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum is {momentum}, expected a share from 0 to 1")
    _expect_running(running, x.shape[1])
    m = x.size // x.shape[1]
    if m < 2:
        raise ValueError("the batch has 1 number a channel, expected 2 or more for a variance")
    channels = x.swapaxes(0, 1).reshape(x.shape[1], m)
    mean = channels.mean(axis=1)
    centred = channels - mean[:, None]
    var = (centred * centred).sum(axis=1) / (m - 1)
    old_mean, old_var = running
    new_mean = (1 - momentum) * old_mean + momentum * mean
    new_var = (1 - momentum) * old_var + momentum * var
    return new_mean, new_var


def _expect_running(running: Running, C: int) -> None:
    if not isinstance(running, tuple) or len(running) != 2:
        raise TypeError(f"running is a {type(running).__name__}, expected a pair: (mean, var)")
    mean, var = running
    expect_shape((C,), running_mean=mean, running_var=var)
    if (var < 0).any():
        raise ValueError(f"running_var is {var}, expected numbers of 0 or more")
