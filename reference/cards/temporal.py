"""Temporal affine, and cross-entropy over time, for the other paths."""

import numpy as np

from reference.cards import Card, Fit, LossCard, Mistake


def _affine(shape, dice):
    return Fit((*shape[:-1], dice.size), {"W": (shape[-1], dice.size), "b": (dice.size,)})


def _torch_loss(F, x, y, mask=None, mean="tokens"):
    import torch

    if mask is not None and not mask.any():
        return (0 * x).sum()  # PyTorch's mean of nothing is nan
    ignored = y if mask is None else torch.where(torch.tensor(mask), y, -100)
    total = F.cross_entropy(x.flatten(0, 1), ignored.flatten(), reduction="sum")
    return total / (len(x) if mean == "examples" else (ignored != -100).sum())


def _jax_loss(jnp, x, y, mask=None, mean="tokens"):
    mask = np.ones(y.shape, bool) if mask is None else mask
    shifted = x - jnp.max(x, axis=-1, keepdims=True)
    log_p = shifted - jnp.log(jnp.exp(shifted).sum(axis=-1, keepdims=True))
    true = jnp.take_along_axis(log_p, jnp.where(mask, y, 0)[..., None], axis=-1)[..., 0]
    divisor = x.shape[0] if mean == "examples" else max(1, mask.sum())
    return -jnp.where(mask, true, 0.0).sum() / divisor


def _draw(rng, shape):
    N, T, V = shape
    y, options = rng.integers(V, size=(N, T)), {}
    if rng.integers(2):
        options["mean"] = "examples"
    if rng.integers(2):
        options["mask"] = rng.integers(rng.integers(1, 5), size=(N, T)) > 0
        y = np.where(options["mask"], y, rng.choice([-100, -1, V]))  # is not looked at there
    return y, options


CARDS = [
    Card(
        "temporal_affine",
        torch=lambda F, x, w, b: F.linear(x, w.T, b),
        jax=lambda jnp, x, w, b: jnp.einsum("...d,dm->...m", x, w) + b,
        takes="ND*",
        fit=_affine,
    ),
    LossCard(
        "temporal_softmax",
        torch=_torch_loss,
        jax=_jax_loss,
        mean="whole",
        targets="own",
        takes="NTV",
        draw=_draw,
    ),
]

MISTAKES: list[Mistake] = []
