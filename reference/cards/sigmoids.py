"""Sigmoid, tanh, softplus, silu and both gelus, for the other paths."""

import math

from reference.cards import Card, Mistake


def _sigmoid(jnp, x):
    return jnp.exp(-jnp.logaddexp(0.0, -x))  # 1 / (1 + e^-x), without overflow


def _gelu(jnp, x):
    from jax.scipy.special import erfc

    return x * erfc(-x / math.sqrt(2)) / 2


def _gelu_tanh(jnp, x):
    return 0.5 * x * (1 + jnp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


CARDS = [
    Card("sigmoid", torch=lambda F, x: F.sigmoid(x), jax=_sigmoid, by_entry=True),
    Card("tanh", torch=lambda F, x: F.tanh(x), jax=lambda jnp, x: jnp.tanh(x), by_entry=True),
    Card(
        "softplus",
        # Above its threshold PyTorch returns x itself: at 20, the default, that is off by 2e-9, at
        # 40 by less than float64 can hold.
        torch=lambda F, x: F.softplus(x, threshold=40.0),
        jax=lambda jnp, x: jnp.logaddexp(x, 0.0),
        by_entry=True,
    ),
    Card(
        "silu", torch=lambda F, x: F.silu(x), jax=lambda jnp, x: x * _sigmoid(jnp, x), by_entry=True
    ),
    Card("gelu", torch=lambda F, x: F.gelu(x), jax=_gelu, by_entry=True),
    Card(
        "gelu_tanh", torch=lambda F, x: F.gelu(x, approximate="tanh"), jax=_gelu_tanh, by_entry=True
    ),
]

MISTAKES: list[Mistake] = []
