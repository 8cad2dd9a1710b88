"""Affine, for the other paths."""

from reference.cards import Card, Mistake

CARDS = [
    Card(
        "affine",
        torch=lambda F, x, w, b: F.linear(x.flatten(1), w.T, b),
        jax=lambda jnp, x, w, b: jnp.dot(x.reshape(x.shape[0], -1), w) + b,
    ),
]

MISTAKES: list[Mistake] = []
