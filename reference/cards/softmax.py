"""Softmax and its loss, for the other paths."""

from reference.cards import Card, LossCard, Mistake

# What pads a row of scores, as a share of the largest float: exp of it is 0, and 0 times it is 0.
NO_SCORE = -0.25


def _log_softmax(jnp, x):
    from jax.scipy.special import logsumexp

    return x - logsumexp(x, axis=-1, keepdims=True)


def _cross_entropy(jnp, x, t, smoothing=0.0):
    # Padded columns hold no class: they get no share of the smoothing.
    real = x > NO_SCORE / 2 * jnp.finfo(x.dtype).max
    classes = real.sum(axis=1, keepdims=True)
    t = jnp.where(real, (1 - smoothing) * t + smoothing / classes, 0.0)
    return -t * _log_softmax(jnp, x)


CARDS = [
    Card(
        "softmax",
        torch=lambda F, x: F.softmax(x, dim=-1),
        jax=lambda jnp, x: jnp.exp(_log_softmax(jnp, x)),
        padding=NO_SCORE,
    ),
    LossCard(
        "softmax",
        torch=lambda F, x, y, smoothing=0.0: F.cross_entropy(x, y, label_smoothing=smoothing),
        jax=_cross_entropy,
        mean="rows",
        targets="labels or rows",
        options={"smoothing": (None, 0.125, 1.0)},
        padding=NO_SCORE,
    ),
]

MISTAKES: list[Mistake] = []
