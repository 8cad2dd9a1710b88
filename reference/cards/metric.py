"""The triplet loss, for the other paths."""

from reference.cards import LossCard, Mistake


def _square(a, b):
    return ((a - b) ** 2).sum(-1)


def _torch(F, x, y, margin=1.0):
    a, p, n = x[y[:, 0]], x[y[:, 1]], x[y[:, 2]]
    return F.triplet_margin_with_distance_loss(a, p, n, distance_function=_square, margin=margin)


def _jax(jnp, x, y, margin=1.0):
    a, p, n = x[y[:, 0]], x[y[:, 1]], x[y[:, 2]]
    short = _square(a, p) - _square(a, n) + margin
    return jnp.where(short > 0, short, 0.0).mean()


def _short(x, y, margin=1.0):
    a, p, n = x[y[:, 0]], x[y[:, 1]], x[y[:, 2]]
    return _square(a, p) - _square(a, n) + margin


def _draw(rng, shape):
    options = {} if rng.integers(2) else {"margin": rng.choice([0.5, 4.0])}
    return rng.integers(shape[0], size=(rng.integers(1, 5), 3)), options


CARDS = [
    LossCard(
        "triplet",
        torch=_torch,
        jax=_jax,
        mean="whole",
        targets="own",
        kinks=_short,
        draw=_draw,
    )
]

MISTAKES: list[Mistake] = []
