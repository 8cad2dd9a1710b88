"""Pooling and upsampling, for the other paths."""

import numpy as np

from reference.cards import Card, Fit, Mistake
from reference.cards.convolution import _both as both


def _pool(shape, dice):
    N, C, *sizes = shape
    kernel = [dice.pick(1, 2, 2, 3, size) for size in sizes]
    padding = [min(dice.pick(0, 0, 1, 2), k // 2) for k in kernel]
    kernel = [min(k, size + 2 * p) for k, size, p in zip(kernel, sizes, padding, strict=True)]
    padding = [min(p, k // 2) for k, p in zip(kernel, padding, strict=True)]
    stride = [dice.pick(k, 1, 2, k + 1) for k in kernel]
    axes = zip(sizes, kernel, stride, padding, strict=True)
    places = [(size + 2 * p - k) // s + 1 for size, k, s, p in axes]
    options = {"kernel": tuple(kernel)}
    if stride != kernel:
        options["stride"] = tuple(stride)
    if any(padding):
        options["padding"] = tuple(padding)
    return Fit((N, C, *places), options=options)


def _windows(jnp, x, kernel, stride, padding, start, reduce):
    from jax import lax

    (ph, pw), stride = both(padding), both(kernel if stride is None else stride)
    edges = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    return lax.reduce_window(x, start, reduce, (1, 1, *both(kernel)), (1, 1, *stride), edges)


def _jax_max(jnp, x, kernel=2, stride=None, padding=0):
    from jax import lax

    return _windows(jnp, x, kernel, stride, padding, np.array(-np.inf, x.dtype)[()], lax.max)


def _jax_avg(jnp, x, kernel=2, stride=None, padding=0):
    from jax import lax

    total = _windows(jnp, x, kernel, stride, padding, np.zeros((), x.dtype)[()], lax.add)
    return total / (both(kernel)[0] * both(kernel)[1])


def _ahead(cache):
    """How far each number of a window lies above the best other one: only the winner does."""
    candidates = cache[0]
    if candidates.shape[-1] == 1:
        return np.ones(candidates.shape)
    others = np.stack(
        [np.delete(candidates, k, axis=-1).max(axis=-1) for k in range(candidates.shape[-1])], -1
    )
    return candidates - others


def _scale(shape, dice):
    N, C, H, W = shape
    scale = dice.pick((1, 2), (2, 1), (2, 2), (3, 2))
    return Fit((N, C, H * scale[0], W * scale[1]), options={"scale": scale})


CARDS = [
    Card(
        "max_pool2d",
        torch=lambda F, x, kernel=2, stride=None, padding=0: F.max_pool2d(
            x, kernel, stride, padding
        ),
        jax=_jax_max,
        kinks=_ahead,
        takes="NCHW",
        fit=_pool,
    ),
    Card(
        "avg_pool2d",
        torch=lambda F, x, kernel=2, stride=None, padding=0: F.avg_pool2d(
            x, kernel, stride, padding
        ),
        jax=_jax_avg,
        takes="NCHW",
        fit=_pool,
    ),
    Card(
        "global_avg_pool",
        torch=lambda F, x: F.adaptive_avg_pool2d(x, 1).flatten(1),
        jax=lambda jnp, x: x.mean(axis=(2, 3)),
        takes="NCHW",
        fit=lambda shape, dice: Fit(shape[:2]),
    ),
    Card(
        "upsample_nearest",
        torch=lambda F, x, scale=2: F.interpolate(
            x, scale_factor=tuple(map(float, both(scale))), mode="nearest"
        ),
        jax=lambda jnp, x, scale=2: jnp.kron(x, jnp.ones((1, 1, *both(scale)), x.dtype)),
        takes="NCHW",
        fit=_scale,
    ),
]

MISTAKES: list[Mistake] = []
