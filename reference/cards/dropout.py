"""Dropout, for the other paths: with a given mask, as no two libraries draw the same."""

from reference.cards import Card, Fit, Mistake


def _torch(F, x, p=0.5, mask=None):
    import torch

    return x if mask is None else torch.where(torch.tensor(mask), x / (1 - p), 0.0)


def _jax(jnp, x, p=0.5, mask=None):
    return x if mask is None else jnp.where(mask, x / (1 - p), 0.0)


def _masked(shape, dice):
    options = {} if dice.plain else {"mask": dice.rng.integers(3, size=shape) > 0}
    p = dice.pick(None, 0.25, 0.1, 0.0)
    return Fit(shape, options=options | ({} if p is None else {"p": p}))


CARDS = [
    Card("dropout", torch=_torch, jax=_jax, fit=_masked, rows=lambda options: "mask" not in options)
]

MISTAKES: list[Mistake] = []
