"""Mse, l1, huber, binary cross-entropy and the hinge loss, for the other paths."""

import numpy as np

from reference.cards import LossCard, Mistake


def _absolute(jnp, d):
    # Slope 0 at d = 0, as PyTorch's l1_loss; jnp.abs has 1 there.
    return jnp.where(d > 0, d, jnp.where(d < 0, -d, 0.0))


def _huber(jnp, x, t, delta=1.0):
    size = _absolute(jnp, x - t)
    return jnp.where(size <= delta, size * size / 2, delta * size - delta * delta / 2)


def _hinge(jnp, x, t):
    true = (t * x).sum(axis=1, keepdims=True)
    margins = x - true + 1
    return (1 - t) * jnp.where(margins > 0, margins, 0.0)


def _margins(x, y):
    margins = x - x[np.arange(len(y)), y][:, None] + 1
    margins[np.arange(len(y)), y] = 1  # the true class has no corner
    return margins


CARDS = [
    LossCard(
        "mse",
        torch=lambda F, x, y: F.mse_loss(x, y),
        jax=lambda jnp, x, t: (x - t) ** 2,
        mean="entries",
        targets="numbers",
    ),
    LossCard(
        "l1",
        torch=lambda F, x, y: F.l1_loss(x, y),
        jax=lambda jnp, x, t: _absolute(jnp, x - t),
        mean="entries",
        targets="numbers",
        kinks=lambda x, y: x - y,
    ),
    LossCard(
        "huber",
        torch=lambda F, x, y, delta=1.0: F.huber_loss(x, y, delta=delta),
        jax=_huber,
        mean="entries",
        targets="numbers",
        options={"delta": (None, 0.5, 2.0)},
        # No corner in the loss, but one in its slope, which bends a difference as well.
        kinks=lambda x, y, delta=1.0: np.where(x - y > 0, x - y, y - x) - delta,
    ),
    LossCard(
        "bce_with_logits",
        torch=lambda F, x, y: F.binary_cross_entropy_with_logits(x, y),
        jax=lambda jnp, x, t: jnp.logaddexp(0.0, x) - x * t,
        mean="entries",
        targets="probabilities",
        torch_value=1,  # log(1 + e) without log1p
    ),
    LossCard(
        "svm",
        # PyTorch divides by the number of classes, the course does not: times C again.
        torch=lambda F, x, y: F.multi_margin_loss(x, y) * x.shape[1],
        torch_scale=2,
        jax=_hinge,
        mean="rows",
        targets="labels",
        kinks=_margins,
    ),
]

MISTAKES: list[Mistake] = []
