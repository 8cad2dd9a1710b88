"""Identity, relu, leaky relu and elu, for the other paths.

All take the left slope at the corner, as PyTorch does; hence jnp.where with a strict x > 0.
"""

from reference.cards import Card, Mistake


def _elu(jnp, x, alpha=1.0):
    # What is not taken must not overflow: its gradient would be 0 * inf. Near 0, expm1 keeps the
    # digits; far from it, exp does, whose slope is not 1 - (nearly 1).
    below = jnp.where(x > 0, 0.0, x)
    lowered = jnp.where(below < -0.5, jnp.exp(below) - 1, jnp.expm1(below))
    return jnp.where(x > 0, x, alpha * lowered)


CARDS = [
    Card("identity", torch=lambda F, x: x, jax=lambda jnp, x: x, by_entry=True),
    Card(
        "relu",
        torch=lambda F, x: F.relu(x),
        jax=lambda jnp, x: jnp.where(x > 0, x, 0.0),
        kinks=lambda cache: cache,
        by_entry=True,
    ),
    Card(
        "leaky_relu",
        torch=lambda F, x, slope=0.01: F.leaky_relu(x, slope),
        jax=lambda jnp, x, slope=0.01: jnp.where(x > 0, x, slope * x),
        options={"slope": (None, 0.25, 1.5, -0.5)},
        kinks=lambda cache: cache[0],
        by_entry=True,
    ),
    Card(
        "elu",
        torch=lambda F, x, alpha=1.0: F.elu(x, alpha),
        jax=_elu,
        options={"alpha": (None, 0.5, 2.0)},
        kinks=lambda cache: cache[0],
        by_entry=True,
    ),
]

MISTAKES: list[Mistake] = []
