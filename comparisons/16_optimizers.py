"""One gradient, many updates: what each optimizer does with it, and what Adam hides.

Claim: with the same settings, our seven updates, torch.optim and the textbook formulas walk the
same way to the last digits; with each library's defaults they do not. Adam's first step is the
learning rate, whatever the gradient. So a gradient that is wrong by a constant factor, parameter by
parameter, trains under Adam exactly as the right one does, bit for bit, and no loss curve tells.

    backproof compare 16 [--plot DIR]
"""

# %%
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from comparisons.show import FOURTH, GRADIENT, PALE, THIRD, VALUE, drawing, figure, keep
from manual.network import layer, network_loss
from manual.optimizers import adagrad, adam, adamw, momentum, nesterov, rmsprop, sgd
from reference.paths import path
from reference.problem import Problem

# %% [markdown]
# ## Seven updates, three ways
#
# Training has two halves: gradients by the chain rule, then an update by SGD, RMSprop or Adam. This
# is the second. The problem is a bowl that is 25 times as steep along one axis as along the other:
#
#     f(w) = (w0^2 + 25 w1^2) / 2          df/dw = (w0, 25 w1)          start (-4, 1)
#
# By hand is manual/optimizers.py. PyTorch takes its own gradient and torch.optim. For JAX, which
# leaves optimizers to other libraries, the update is the formula, written out below.

# %%
START, STEPS = np.array([-4.0, 1.0]), 100


def bowl(w):
    return (w[0] * w[0] + 25 * w[1] * w[1]) / 2


def by_hand(update, config, factor: Any = 1.0, start=START):
    """All points of a walk down the bowl; factor: what the gradient is multiplied with."""
    w, points = start, [start]
    for _ in range(STEPS):
        w, config = update(w, factor * np.array([1.0, 25.0]) * w, config)
        points.append(w)
    return np.array(points)


def by_torch(kind, **options):
    w = torch.tensor(START, requires_grad=True)
    optimizer, points = kind([w], **options), [START]
    for _ in range(STEPS):
        optimizer.zero_grad()
        bowl(w).backward()
        optimizer.step()
        points.append(w.detach().numpy().copy())
    return np.array(points)


def by_jax(formula, memory=0.0):
    """formula(w, g, m, s, t) -> w, m, s, at step t; m and s are its memory, s starts at `memory`."""

    def step(carry, t):
        w, m, s = carry
        after = formula(w, jax.grad(bowl)(w), m, s, t)
        return after, after[0]

    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        start = jnp.asarray(START)
        carry = start, jnp.zeros_like(start), jnp.full_like(start, memory)
        _, points = jax.lax.scan(step, carry, jnp.arange(1.0, STEPS + 1))
        return np.array([START, *points])


def jax_momentum(w, g, m, s, t):
    m = 0.9 * m + g
    return w - 0.01 * m, m, s


def jax_nesterov(w, g, m, s, t):
    m = 0.9 * m + g
    return w - 0.01 * (g + 0.9 * m), m, s


def jax_rmsprop(w, g, m, s, t):
    s = 0.99 * s + 0.01 * g**2
    return w - 0.01 * g / (jnp.sqrt(s) + 1e-8), m, s


def jax_adagrad(w, g, m, s, t):
    s = s + g**2
    return w - 0.1 * g / (jnp.sqrt(s) + 1e-10), m, s


def jax_adam(w, g, m, s, t):
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
    mhat, shat = m / (1 - 0.9**t), s / (1 - 0.999**t)
    return w - 0.1 * mhat / (jnp.sqrt(shat) + 1e-8), m, s


def jax_adamw(decay):
    return lambda w, g, m, s, t: jax_adam(w * (1 - 0.1 * decay), g, m, s, t)


# %%
optim = torch.optim
walks = {
    "SGD": (
        by_hand(sgd, {"learning_rate": 0.03}),
        by_torch(optim.SGD, lr=0.03),
        by_jax(lambda w, g, m, s, t: (w - 0.03 * g, m, s)),
    ),
    "momentum": (
        by_hand(momentum, {"learning_rate": 0.01}),
        by_torch(optim.SGD, lr=0.01, momentum=0.9),
        by_jax(jax_momentum),
    ),
    "Nesterov": (
        by_hand(nesterov, {"learning_rate": 0.01}),
        by_torch(optim.SGD, lr=0.01, momentum=0.9, nesterov=True),
        by_jax(jax_nesterov),
    ),
    "RMSprop": (
        by_hand(rmsprop, {"learning_rate": 0.01}),
        by_torch(optim.RMSprop, lr=0.01),
        by_jax(jax_rmsprop),
    ),
    "Adagrad": (
        by_hand(adagrad, {"learning_rate": 0.1}),
        by_torch(optim.Adagrad, lr=0.1),
        by_jax(jax_adagrad),
    ),
    "Adam": (
        by_hand(adam, {"learning_rate": 0.1}),
        by_torch(optim.Adam, lr=0.1),
        by_jax(jax_adam),
    ),
    "AdamW": (
        by_hand(adamw, {"learning_rate": 0.1}),
        by_torch(optim.AdamW, lr=0.1),
        by_jax(jax_adamw(0.01)),
    ),
}


def points_of(walk):
    return "".join(f"   {walk[k][0]:9.6f} {walk[k][1]:9.6f}" for k in (1, 2, 3, STEPS))


print(" " * 22 + "".join(f"{title:>19}   " for title in ("w, step 1", "2", "3", STEPS)).rstrip())
for name, three in walks.items():
    for way, walk in zip(("by hand", "PyTorch", "JAX"), three, strict=True):
        print(f"  {name if way == 'by hand' else '':<9} {way:<8}" + points_of(walk))
    # A step rounds some ten times, numbers up to 4; momentum sums ten steps; and a hundred steps.
    for walk in three[1:]:
        assert np.abs(walk - three[0]).max() <= 10 * 10 * 4 * STEPS * 2.0**-53

# %% [markdown]
# ## The defaults
#
# The settings above are PyTorch's, but for the learning rate. optax's documentation has others
# (0.2; not run here): RMSprop with decay 0.9 and eps inside the root; Adagrad with a sum of squares
# that starts at 0.1, and 1e-7 inside the root; AdamW with a decay of 1e-4. As formulas, with the
# same learning rates:


# %%
def optax_rmsprop(w, g, m, s, t):
    s = 0.9 * s + 0.1 * g**2
    return w - 0.01 * g / jnp.sqrt(s + 1e-8), m, s


def optax_adagrad(w, g, m, s, t):
    s = s + g**2
    return w - 0.1 * g / jnp.sqrt(s + 1e-7), m, s


optax = {
    "RMSprop": by_jax(optax_rmsprop),
    "Adagrad": by_jax(optax_adagrad, memory=0.1),
    "AdamW": by_jax(jax_adamw(1e-4)),
}
print("\nPyTorch's defaults above, optax's below")
for name, walk in optax.items():
    print(f"  {name:<18}" + points_of(walks[name][1]))
    print(f"  {'':<18}" + points_of(walk))
