"""Flatten, reshape, transpose, for the other paths."""

import math

from reference.cards import Card, Fit, Mistake


def split(size, dice, count):
    """A shape of so many axes that holds size numbers."""
    axes = []
    for _ in range(count - 1):
        axes.append(dice.pick(*[k for k in range(1, size + 1) if size % k == 0]))
        size //= axes[-1]
    return (*axes, size)


def _reshape(shape, dice):
    new = split(math.prod(shape[1:]), dice, dice.pick(2, 1, 3))
    return Fit((shape[0], *new), options={"shape": new})


def _transpose(shape, dice):
    behind = list(range(1, len(shape)))
    axes = (0, *behind[::-1]) if dice.plain else (0, *map(int, dice.rng.permutation(behind)))
    return Fit(tuple(shape[axis] for axis in axes), options={"axes": axes})


CARDS = [
    Card(
        "flatten",
        torch=lambda F, x: x.flatten(1),
        jax=lambda jnp, x: x.reshape(x.shape[0], -1),
        takes="N*",
        fit=lambda shape, dice: Fit((shape[0], math.prod(shape[1:]))),
    ),
    Card(
        "reshape",
        torch=lambda F, x, shape: x.reshape(x.shape[0], *shape),
        jax=lambda jnp, x, shape: jnp.reshape(x, (x.shape[0], *shape)),
        fit=_reshape,
    ),
    Card(
        "transpose",
        torch=lambda F, x, axes: x.permute(axes),
        jax=lambda jnp, x, axes: jnp.transpose(x, axes),
        fit=_transpose,
    ),
]

MISTAKES: list[Mistake] = []
