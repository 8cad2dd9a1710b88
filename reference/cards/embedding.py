"""Embedding, positions, unembedding, for the other paths."""

from reference.cards import Card, Fit, Mistake


def _embedding(shape, dice):
    return Fit((*shape, dice.size), {"table": (dice.pick(3, 4, 5), dice.size)})


def _positions(shape, dice):
    _, T, D = shape
    return Fit(shape, {"places": (T + dice.pick(0, 1, 2), D)})


def _unembedding(shape, dice):
    return Fit((*shape[:-1], dice.size), {"table": (dice.size, shape[-1])})


CARDS = [
    Card(
        "embedding",
        torch=lambda F, ids, w: F.embedding(ids, w),
        jax=lambda jnp, ids, w: jnp.take(w, ids, axis=0),
        takes="ids",
        fit=_embedding,
    ),
    Card(
        "positions",
        torch=lambda F, x, p: x + p[: x.shape[1]],
        jax=lambda jnp, x, p: x + p[: x.shape[1]],
        takes="NTD",
        fit=_positions,
    ),
    Card(
        "unembedding",
        torch=lambda F, x, w: F.linear(x, w),
        jax=lambda jnp, x, w: jnp.einsum("...d,vd->...v", x, w),
        takes="NTD",
        fit=_unembedding,
        ties="embedding",
    ),
]

MISTAKES: list[Mistake] = []
