"""Gradient descent: forward, loss, backward, update, again and again."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_array, expect_count, expect_finite
from manual.network import Layer, Net, Params, network_loss
from manual.optimizers import Step, clip_by_norm, sgd


def train(
    x: Array,
    y: Array,
    params: Params,
    net: Net,
    loss: Layer,
    *,
    optimizer: Callable[..., Step] = sgd,
    config: dict[str, Any] | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    shuffle: bool = False,
    seed: int = 0,
    tolerance: float = 0.0,
    reg: float = 0.0,
    max_norm: float | None = None,
    progress: Callable[[range], Iterable[int]] = iter,
) -> tuple[Params, list[float]]:
    """Train a network; return the new parameters and the history, one mean loss an epoch.

    x: (N, ...) and y: N targets    params, net, loss, reg: as network_loss takes them
    optimizer, config: a function of optimizers.py and its settings, the same for every parameter
    batch_size: how many rows make an update; 1 goes row by row, None takes all rows at once. The
                last batch may be smaller, and counts in the history by its rows
    shuffle: draw a new order of the rows every epoch, from seed; else they stay in order
    tolerance: stop after an epoch whose loss differs from the last one's by no more than this;
               0 runs through all epochs
    max_norm: clip the gradients of each update to this norm
    progress: wraps the range of epochs, to show a bar: rich.progress.track, for one

    An epoch's loss is the mean of what each row lost just before the update it took part in.
    Errors: those of network_loss; ValueError for bad settings or data; FloatingPointError when the
    loss overflows.
    Source: Robbins and Monro, 1951; with all rows at once, Cauchy, 1847.
    """
    _expect_trainable(x, y, params, batch_size, epochs, tolerance)
    N = len(x)
    batch_size = batch_size or N
    rng = np.random.default_rng(seed)
    params = dict(params)
    configs = dict.fromkeys(params, config)
    history = []
    for epoch in progress(range(epochs)):
        order = rng.permutation(N) if shuffle else np.arange(N)
        total = 0.0
        for start in range(0, N, batch_size):
            rows = order[start : start + batch_size]
            batch_loss, _, grads = network_loss(x[rows], y[rows], params, net, loss, reg)
            if not np.isfinite(batch_loss):
                raise FloatingPointError(
                    f"the loss became {batch_loss} in epoch {epoch + 1}: try a learning rate "
                    f"below {(config or {}).get('learning_rate', 'the default')}"
                )
            if max_norm is not None:
                grads, _ = clip_by_norm(grads, max_norm)
            for name, dparam in grads.items():
                params[name], configs[name] = optimizer(params[name], dparam, configs[name])
            total += float(batch_loss) * len(rows)
        history.append(total / N)
        if tolerance and len(history) > 1 and abs(history[-1] - history[-2]) <= tolerance:
            break
    return params, history


def _expect_trainable(
    x: Array, y: Array, params: Params, batch_size: int | None, epochs: int, tolerance: float
) -> None:
    """Raise for data and settings that no training can be right on."""
    expect("N*", x=x)
    expect_finite("x", x)
    for name, array in params.items():
        expect_finite(f"params[{name!r}]", array)
    expect_array("y", y)
    if y.shape[:1] != x.shape[:1]:
        raise ValueError(f"y has shape {y.shape}, expected {len(x)} targets, one for each row of x")
    if y.dtype.kind == "f":
        expect_finite("y", y)
    expect_count(epochs=epochs)
    if batch_size is not None:
        expect_count(batch_size=batch_size)
        if batch_size > len(x):
            raise ValueError(
                f"batch_size is {batch_size}, expected no more than {len(x)}, the rows of x"
            )
    if not tolerance >= 0:
        raise ValueError(f"tolerance is {tolerance}, expected 0 or more")
