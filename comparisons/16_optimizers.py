"""One gradient, many updates: what each optimizer makes of it, and what Adam hides.

Claim: with the same settings our seven updates, torch.optim and the textbook formulas walk the same
way to the last digits; with each library's defaults they do not. Adam's first step is the learning
rate, whatever the gradient. So a gradient that is wrong by a constant factor, parameter by
parameter, trains under Adam as the right one does, bit for bit, and no loss curve can tell.

    backproof compare 16 [--plot DIR]
"""

# %%
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from comparisons.show import (
    FOURTH,
    GRADIENT,
    PALE,
    THIRD,
    VALUE,
    drawing,
    figure,
    keep,
    side_by_side,
)
from manual.network import layer, network_loss
from manual.optimizers import adagrad, adam, adamw, momentum, nesterov, rmsprop, sgd
from reference.paths import path
from reference.problem import Problem

# %% [markdown]
# ## Seven updates, three ways
#
# Training has two halves: gradients by the chain rule, then an update by SGD, RMSprop or Adam. This
# is about the second. The problem is a bowl, 25 times as steep along one axis as along the other:
#
#     f(w) = (w0^2 + 25 w1^2) / 2          df/dw = (w0, 25 w1)          start (-4, 1)
#
# By hand is manual/optimizers.py. PyTorch takes its own gradient, and torch.optim. JAX leaves
# optimizers to other libraries; its column takes JAX's gradient, and the formula as it is printed
# in textbooks: from w, g, the memories m and s, and the number of the step t, to new w, m, s.

# %%
START, STEPS = np.array([-4.0, 1.0]), 100
STEEP = np.array([1.0, 25.0])
optim = torch.optim


def bowl(w):
    return (w[0] * w[0] + 25 * w[1] * w[1]) / 2


def by_hand(update, rate, factor: Any = 1.0):
    """All points of a walk down the bowl; the gradient is multiplied by factor."""
    w, config, points = START, {"learning_rate": rate}, [START]
    for _ in range(STEPS):
        w, config = update(w, factor * STEEP * w, config)
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
    """memory: what s starts from."""

    def step(carry, t):
        w, m, s = carry
        after = formula(w, jax.grad(bowl)(w), m, s, t)
        return after, after[0]

    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        start = jnp.asarray(START)
        carry = start, 0 * start, 0 * start + memory
        _, points = jax.lax.scan(step, carry, jnp.arange(1.0, STEPS + 1))
        return np.array([START, *points])


def jax_sgd(w, g, m, s, t):
    return w - 0.03 * g, m, s


def jax_momentum(w, g, m, s, t):
    m = 0.9 * m + g
    return w - 0.01 * m, m, s


def jax_nesterov(w, g, m, s, t):
    m = 0.9 * m + g
    return w - 0.01 * (g + 0.9 * m), m, s


def jax_rmsprop(w, g, m, s, t, decay=0.99, inside=0.0, outside=1e-8):
    s = decay * s + (1 - decay) * g**2
    return w - 0.01 * g / (jnp.sqrt(s + inside) + outside), m, s


def jax_adagrad(w, g, m, s, t, inside=0.0, outside=1e-10):
    s = s + g**2
    return w - 0.1 * g / (jnp.sqrt(s + inside) + outside), m, s


def jax_adam(w, g, m, s, t):
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
    mhat, shat = m / (1 - 0.9**t), s / (1 - 0.999**t)
    return w - 0.1 * mhat / (jnp.sqrt(shat) + 1e-8), m, s


def jax_adamw(w, g, m, s, t, decay=0.01):
    return jax_adam(w - 0.1 * decay * w, g, m, s, t)


# %%
# fmt: off
seven = {
    "SGD": (sgd, optim.SGD, {"lr": 0.03}, jax_sgd),
    "momentum": (momentum, optim.SGD, {"lr": 0.01, "momentum": 0.9}, jax_momentum),
    "Nesterov": (nesterov, optim.SGD, {"lr": 0.01, "momentum": 0.9, "nesterov": True},
                 jax_nesterov),
    "RMSprop": (rmsprop, optim.RMSprop, {"lr": 0.01}, jax_rmsprop),
    "Adagrad": (adagrad, optim.Adagrad, {"lr": 0.1}, jax_adagrad),
    "Adam": (adam, optim.Adam, {"lr": 0.1}, jax_adam),
    "AdamW": (adamw, optim.AdamW, {"lr": 0.1}, jax_adamw),
}
# fmt: on


def show(name, way, walk):
    points = (np.round(walk[k], 6) + 0.0 for k in (1, 2, 3, STEPS))  # + 0 makes -0 a 0
    print(f"  {name:<8} {way:<7}" + "".join(f"{w0:10.6f}{w1:10.6f}" for w0, w1 in points))


print(f"{'':<18}" + "".join(f"{title:>20}" for title in ("after 1 step", 2, 3, STEPS)))
walks = {}
for name, (update, kind, options, formula) in seven.items():
    walks[name] = by_hand(update, options["lr"])
    others = {"PyTorch": by_torch(kind, **options), "JAX": by_jax(formula)}
    show(name, "by hand", walks[name])
    for way, walk in others.items():
        show("", way, walk)
        # A step rounds some ten times, numbers up to 4; momentum adds up ten steps; 100 steps.
        assert np.abs(walk - walks[name]).max() <= 10 * 4 * 10 * STEPS * 2.0**-53

# %% [markdown]
# ```text
#                           after 1 step                   2                   3                 100
#   SGD      by hand -3.880000  0.250000 -3.763600  0.062500 -3.650692  0.015625 -0.190210  0.000000
#            PyTorch -3.880000  0.250000 -3.763600  0.062500 -3.650692  0.015625 -0.190210  0.000000
#            JAX     -3.880000  0.250000 -3.763600  0.062500 -3.650692  0.015625 -0.190210  0.000000
# ```
#
# ```text
#   Adam     by hand -3.900000  0.900000 -3.800074  0.800412 -3.700274  0.701586  0.021430  0.002937
#            PyTorch -3.900000  0.900000 -3.800074  0.800412 -3.700274  0.701586  0.021430  0.002937
#            JAX     -3.900000  0.900000 -3.800074  0.800412 -3.700274  0.701586  0.021430  0.002937
# ```
#
# ## The defaults
#
# The settings above are PyTorch's defaults, but for the learning rate. optax has others (0.2, from
# its documentation; not run here): RMSprop decays by 0.9 and has eps inside the root; Adagrad's sum
# of squares starts at 0.1, with 1e-7 inside the root; AdamW's decay is 1e-4. With the same rates:

# %%
optax = {
    "RMSprop": by_jax(partial(jax_rmsprop, decay=0.9, inside=1e-8, outside=0.0)),
    "Adagrad": by_jax(partial(jax_adagrad, inside=1e-7, outside=0.0), memory=0.1),
    "AdamW": by_jax(partial(jax_adamw, decay=1e-4)),
}
print("\nPyTorch's defaults, and optax's below")
for name, walk in optax.items():
    show(name, "PyTorch", walks[name])
    show("", "optax", walk)
assert optax["RMSprop"][-1][1] > 7 * walks["RMSprop"][-1][1]
assert np.abs(optax["Adagrad"][-1] / walks["Adagrad"][-1] - 1).max() < 4e-4

# %% [markdown]
# ```text
#   RMSprop  PyTorch -3.900000  0.900000 -3.830010  0.832918 -3.773173  0.779982 -2.179141  0.011814
#            optax   -3.968377  0.968377 -3.945522  0.945788 -3.926428  0.927053 -2.932323  0.087587
#   Adagrad  PyTorch -3.900000  0.900000 -3.830190  0.833104 -3.773643  0.780456 -2.323548  0.027387
#            optax   -3.900311  0.900008 -3.830610  0.833114 -3.774122  0.780468 -2.324252  0.027390
#   AdamW    PyTorch -3.896000  0.899000 -3.792181  0.798519 -3.688598  0.698911  0.016165  0.003013
#            optax   -3.899960  0.899990 -3.799995  0.800393 -3.700157  0.701559  0.021375  0.002938
# ```
#
# RMSprop parts at the first step: 10 learning rates against 3.2, the next section says why. Adagrad
# seems not to care: beside gradients of 4 and 25, 0.1 is nothing. Beside small ones it is.
#
# ## Prediction: the first step
#
# Adam starts with m = 0 and s = 0. After one gradient g, m = 0.1 g and s = 0.001 g^2; the
# corrections divide by 0.1 and by 0.001:
#
#     mhat = g      shat = g^2      step = learning_rate g / (|g| + eps)
#
# So the first step is the learning rate with the sign of g, be g 1000 or 0.0001: eps = 1e-8 has no
# say, until g comes near it. At g = 1e-8 half the step is left, at 1e-9 an eleventh; and far below,
# Adam is SGD with a learning rate 1e8 times as large. The others:
#
# * eps before the correction, the "epsilon hat" of Kingma and Ba (2015), which Keras documents as
#   its own: as if eps were 1 / sqrt(0.001) = 32 times as large at first.
# * RMSprop corrects nothing: s = 0.01 g^2, and the step is 1 / sqrt(0.01) = 10 learning rates. With
#   optax's decay 0.9 it is 1 / sqrt(0.1) = 3.16.
# * eps inside the root: sqrt(0.1 g^2 + 1e-8) is never below 1e-4. Steps begin to shrink at
#   gradients ten thousand times as large as with eps outside.
# * Adagrad: s = g^2, one learning rate. From 0.1 on, g / sqrt(0.1 + g^2): about 3 g for small g.


# %%
def follow(update, gradients, start, config):
    """All points of a walk along given gradients, by hand; config(k) is what holds at step k."""
    w, kept, points = start, {}, [start]
    for k, g in enumerate(gradients):
        w, kept = update(w, g, kept | config(k))
        points.append(w)
    return np.array(points)


def follow_torch(kind, gradients, start, rate, **options):
    w = torch.tensor(start, requires_grad=True)
    optimizer, points = kind([w], lr=rate(0), **options), [start]
    for k, g in enumerate(gradients):
        optimizer.param_groups[0]["lr"] = rate(k)
        w.grad = torch.tensor(g)
        optimizer.step()
        points.append(w.detach().numpy().copy())
    return np.array(points)


def first_steps(g):
    """The first step from a gradient g, in learning rates, by optimizer."""

    def hand(update):
        return -follow(update, [g], 0 * g, lambda k: {"learning_rate": 1.0})[1]

    def pytorch(kind):
        return -follow_torch(kind, [g], 0 * g, lambda k: 1.0)[1]

    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        x = jnp.asarray(g)
        eps_hat = x / (abs(x) + 1e-8 / 0.001**0.5)
        inside, from_tenth = x / jnp.sqrt(0.1 * x**2 + 1e-8), x / jnp.sqrt(0.1 + x**2 + 1e-7)
    found = {"Adam": hand(adam), "PyTorch": pytorch(optim.Adam), "eps hat": eps_hat}
    found |= {"RMSprop": hand(rmsprop), "PyTorch ": pytorch(optim.RMSprop), "optax": inside}
    return found | {"Adagrad": hand(adagrad), "optax ": from_tenth}


sizes = np.array([1000, 1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-9, 1e-12])
found = first_steps(sizes)
print("\nThe first step, in learning rates")
print("  gradient  " + "".join(f"{title.strip():>10}" for title in found))
for k, g in enumerate(sizes):
    print(f"  {g:<10g}" + "".join(f"{each[k]:10.5f}" for each in found.values()))

expected = {"Adam": sizes / (sizes + 1e-8), "RMSprop": sizes / (sizes / 10 + 1e-8)}
expected |= {"PyTorch": expected["Adam"], "PyTorch ": expected["RMSprop"]}
expected["Adagrad"] = sizes / (sizes + 1e-10)
mirrored = first_steps(-sizes)
for name, steps in expected.items():  # some ten roundings
    assert np.allclose(found[name], steps, rtol=10 * 2.0**-53, atol=0)
    assert (mirrored[name] == -found[name]).all()

# %% [markdown]
# ```text
#   gradient        Adam   PyTorch   eps hat   RMSprop   PyTorch     optax   Adagrad     optax
#   1000         1.00000   1.00000   1.00000  10.00000  10.00000   3.16228   1.00000   1.00000
#   1            1.00000   1.00000   1.00000  10.00000  10.00000   3.16228   1.00000   0.95346
#   0.01         1.00000   1.00000   0.99997   9.99990   9.99990   3.16070   1.00000   0.03161
#   0.0001       0.99990   0.99990   0.99685   9.99001   9.99001   0.95346   1.00000   0.00032
#   1e-06        0.99010   0.99010   0.75975   9.09091   9.09091   0.01000   0.99990   0.00000
#   1e-08        0.50000   0.50000   0.03065   0.90909   0.90909   0.00010   0.99010   0.00000
#   1e-09        0.09091   0.09091   0.00315   0.09901   0.09901   0.00001   0.90909   0.00000
#   1e-12        0.00010   0.00010   0.00000   0.00010   0.00010   0.00000   0.00990   0.00000
# ```
#
# ## Prediction: what Adam hides
#
# Multiply every gradient by c. Then m is c times as large, s is c^2 times as large, and
# mhat / sqrt(shat) is what it was: but for eps, c has gone. That holds entry by entry, so c need
# not even be the same for all parameters. To SGD, c is another learning rate.
#
# deeplearning.ai's exercise on gradient checking plants two faults in a network: dW2 is doubled,
# and db1 is four times too large. Students find them by finite differences. Could they have seen
# them in the training? Under Adam with eps = 0 both walks must be equal; and 2 and 4 being powers
# of 2, equal in every bit. So is that of a mean's forgotten 1/N, with N = 16.

# %%
rng = np.random.default_rng(0)
x, y = rng.normal(size=(16, 3)), rng.normal(size=(16, 2))
net, mse = [layer("affine", "W1", "b1"), layer("tanh"), layer("affine", "W2", "b2")], layer("mse")
weights = {"W1": rng.normal(size=(3, 4)), "b1": np.zeros(4)}
weights |= {"W2": rng.normal(size=(4, 2)), "b2": np.zeros(2)}


def train(update, config, factors, penalty=0.0):
    """The losses and the last parameters of a training whose gradients are off by factors."""
    params, configs, losses = dict(weights), dict.fromkeys(weights, config), []
    for _ in range(STEPS):
        loss, _, grads = network_loss(x, y, params, net, mse)
        losses.append(loss)
        for name, grad in grads.items():
            wrong = factors.get(name, 1) * grad + penalty * params[name]
            params[name], configs[name] = update(params[name], wrong, configs[name])
    return np.array(losses), np.concatenate([each.ravel() for each in params.values()])


faults = {
    "right": {},
    "all doubled": dict.fromkeys(weights, 2),
    "dW2 * 2, db1 * 4": {"W2": 2, "b1": 4},
    "1/N missing": dict.fromkeys(weights, 16),
    "dW2 reversed": {"W2": -1},
}
ADAM, EXACT = {"learning_rate": 0.01}, {"learning_rate": 0.01, "epsilon": 0.0}
print(f"\nThe loss before update {STEPS}, and with eps = 0 the bits of all parameters after it")
print(f"  {'':<18}" + "".join(f"{title:>12}" for title in ("SGD", "Adam", "eps = 0", "bits")))
last = {}
for fault, factors in faults.items():
    sgd_losses, _ = train(sgd, {"learning_rate": 0.1}, factors)
    adam_losses, _ = train(adam, ADAM, factors)
    exact_losses, end = train(adam, EXACT, factors)
    last[fault] = sgd_losses[-1], adam_losses, end
    same = np.array_equal(end, last["right"][2])
    numbers = sgd_losses[-1], adam_losses[-1], exact_losses[-1]
    printed = "".join(f"{loss:12.6f}" if loss < 1e6 else f"{loss:12.0e}" for loss in numbers)
    print(f"  {fault:<18}{printed}{'equal' if same else 'differ':>12}")
    assert same == (fault != "dW2 reversed")
    # With eps = 1e-8, beside gradients of 1e-4 and more, all but equal.
    assert not same or np.allclose(adam_losses, last["right"][1], rtol=1e-6, atol=0)
on_sgd = {fault: loss for fault, (loss, _, _) in last.items()}
assert on_sgd["all doubled"] < on_sgd["dW2 * 2, db1 * 4"] < on_sgd["right"] < 1
assert on_sgd["1/N missing"] > 1e60

# %% [markdown]
# ```text
#                              SGD        Adam     eps = 0        bits
#   right                 0.695021    0.699931    0.699931       equal
#   all doubled           0.605817    0.699931    0.699931       equal
#   dW2 * 2, db1 * 4      0.685341    0.699931    0.699931       equal
# ```
#
# Every bit. SGD tells the missing 1/N, by numbers that explode. The other two faults it rewards:
# they act as larger learning rates, and end with a lower loss than the right gradient. A reversed
# sign does not cancel. Nor does a factor on a part of the gradient: with an L2 penalty beside it,
# which is not doubled, the doubled gradient walks another way.
#
# What tells at once is the gradient itself. Here is the right one on every path, and then each
# fault beside the differences:

# %%
problem = Problem(net, weights, x, y, mse)
print("\nThe right gradient; the last line in allowances, up to 8 is agreement")
assert all(each.agrees for each in side_by_side(problem, names=["b2"]))
differences = path("differences")(problem).params
_, _, gradients = network_loss(x, y, weights, net, mse)
print("\nThe gradient over the difference, at the first entry of each parameter")
print("  " + " " * 18 + "".join(f"{name:>10}" for name in weights))
for fault, factors in faults.items():
    wrong = {name: factors.get(name, 1) * gradients[name].flat[0] for name in weights}
    ratios = {name: wrong[name] / differences[name].flat[0] for name in weights}
    print(f"  {fault:<18}" + "".join(f"{ratio:10.5f}" for ratio in ratios.values()))
    # A difference errs by some 1e-10; these gradients are 0.01 and more.
    assert all(abs(ratios[name] / factors.get(name, 1) - 1) < 1e-6 for name in weights)
ends = [train(adam, EXACT, faults[fault], penalty=0.1)[1] for fault in ("right", "all doubled")]
assert np.abs(ends[0] - ends[1]).max() > 0.01

# %% [markdown]
# ```text
#                             W1        b1        W2        b2
#   right                1.00000   1.00000   1.00000   1.00000
#   all doubled          2.00000   2.00000   2.00000   2.00000
#   dW2 * 2, db1 * 4     1.00000   4.00000   2.00000   1.00000
#   1/N missing         16.00000  16.00000  16.00000  16.00000
#   dW2 reversed         1.00000   1.00000  -1.00000   1.00000
# ```
#
# ## Prediction: decay in the gradient, or beside it
#
# An L2 penalty adds decay * w to the gradient. Under SGD that shrinks w. Under Adam it is divided,
# with all the rest, by the size of the gradients: where they are 100, a hundredth is left. AdamW
# shrinks w itself, by learning_rate * decay, whatever the gradients are.
#
# Three weights start at 1. Their gradients alternate between +g and -g, with g = 0.01, 1 and 100,
# and lead nowhere. The learning rate is 0.01, the decay 0.1. AdamW takes some 1 - 0.999^100 = 0.095
# from each in 100 steps. The penalty should take as much from the second, and a hundredth of that
# from the third. From the first, whose gradient it outweighs, it takes up to a learning rate a
# step, which in 100 steps is most of the weight.

# %%
zigzag = [(-1) ** k * np.array([0.01, 1.0, 100.0]) for k in range(STEPS)]
ones, DECAY = np.ones(3), 0.1


def penalised(w, g, config):
    return adam(w, g + DECAY * w, config)


def lost(walk, without):
    return without[-1] - walk[-1]


def constant(**config):
    return lambda k: {"learning_rate": 0.01} | config


plain = follow(adam, zigzag, ones, constant())
beside, inside = (
    follow_torch(kind, zigzag, ones, lambda k: 0.01, weight_decay=DECAY)
    for kind in (optim.AdamW, optim.Adam)
)
losses = {
    "AdamW, by hand": lost(follow(adamw, zigzag, ones, constant(weight_decay=DECAY)), plain),
    "AdamW, PyTorch": lost(beside, plain),
    "penalty in Adam, by hand": lost(follow(penalised, zigzag, ones, constant()), plain),
    "Adam(weight_decay), PyTorch": lost(inside, plain),
}
print(f"\nLost to decay in {STEPS} steps")
print(f"  {'gradients of size':<28}" + "".join(f"{g:>10}" for g in (0.01, 1, 100)))
for name, each in losses.items():
    print(f"  {name:<28}" + "".join(f"{number:10.5f}" for number in each))
adamw_hand, adamw_torch, penalty_hand, penalty_torch = losses.values()
assert np.allclose(adamw_hand, adamw_torch, rtol=1e-12)  # 100 steps of roundings
assert np.allclose(penalty_hand, penalty_torch, rtol=1e-12)
assert np.allclose(adamw_hand, 0.095, atol=0.002) and np.ptp(adamw_hand) < 1e-6
assert penalty_hand[0] > 0.7 and 0.09 < penalty_hand[1] < 0.1
assert 90 < penalty_hand[1] / penalty_hand[2] < 110

# %% [markdown]
# ```text
#   gradients of size                 0.01         1       100
#   AdamW, by hand                 0.09358   0.09358   0.09358
#   AdamW, PyTorch                 0.09358   0.09358   0.09358
#   penalty in Adam, by hand       0.75286   0.09257   0.00097
#   Adam(weight_decay), PyTorch    0.75286   0.09257   0.00097
# ```
#
# ## Prediction: momentum, spelt twice
#
#     v <- mu v + g,          w <- w - rate v         PyTorch, optax, manual/
#     v <- mu v - rate g,     w <- w + v              Sutskever et al. (2013), CS231n
#
# The same path while the rate stays: the second v is -rate times the first. Now let the rate fall
# from 0.1 to 0.01 after step 20, as schedules do, with g = 1 all the time and mu = 0.9. By then v
# is near 1 / (1 - mu) = 10, and a step near 1. The first form's next step is a tenth of that. The
# second's is nine tenths, and it coasts on for dozens of steps.


# %%
def rate(k):
    return 0.1 if k < 20 else 0.01


pushes, origin = [np.ones(1)] * 60, np.zeros(1)
first = np.diff(follow(momentum, pushes, origin, lambda k: {"learning_rate": rate(k)})[:, 0])
second = np.diff(follow_torch(optim.SGD, pushes, origin, rate, momentum=0.9)[:, 0])
v, coasting = 0.0, []
for k in range(60):
    v = 0.9 * v - rate(k) * 1.0
    coasting.append(v)
forms = {"by hand": -first, "PyTorch": -second, "CS231n's form": -np.array(coasting)}
print("\nThe length of a step; the rate falls after step 20")
print("  step" + "".join(f"{title:>16}" for title in forms))
for k in (1, 2, 20, 21, 22, 30, 40, 60):
    print(f"  {k:<4}" + "".join(f"{taken[k - 1]:16.5f}" for taken in forms.values()))
ours, theirs, other = forms.values()
# Sixty steps of a few roundings, of numbers up to 20.
assert np.abs(ours - theirs).max() < 1e-12 > np.abs(ours - other)[:20].max()
assert 0.1 < ours[20] / ours[19] < 0.11 and 0.9 < other[20] / other[19] < 0.92
assert other.sum() - ours.sum() > 7

# %% [markdown]
# ```text
#   step         by hand         PyTorch   CS231n's form
#   1            0.10000         0.10000         0.10000
#   2            0.19000         0.19000         0.19000
#   20           0.87842         0.87842         0.87842
#   21           0.08906         0.08906         0.80058
#   22           0.09015         0.09015         0.73052
#   30           0.09576         0.09576         0.37142
# ```
#
# Nesterov's gradient is taken ahead, at w + mu v, where momentum alone would carry w (second form):
#
#     v <- mu v - rate g(w + mu v),     w <- w + v
#
# PyTorch never asks for a gradient elsewhere than at the weights. It keeps y = w + mu v instead,
# the point ahead, and calls that the weights. With u = -v / rate the two lines become manual's:
#
#     u <- mu u + g(y),     y <- y - rate (g(y) + mu u)
#
# So what PyTorch gives out, and evaluates, is the point ahead. Here is the original beside it.

# %%
w, v, ahead, behind = START, np.zeros(2), [START], [START]
for _ in range(STEPS):
    v = 0.9 * v - 0.01 * STEEP * (w + 0.9 * v)
    w = w + v
    ahead.append(w + 0.9 * v)
    behind.append(w)
kept = walks["Nesterov"]
print("\nNesterov        w1 after step 1         2         3        10")
for title, walk in {"manual's w": kept, "w + mu v": ahead, "Sutskever's w": behind}.items():
    first_two = "".join(f"{walk[k][1]:10.6f}" for k in (2, 3, 10))
    print(f"  {title:<13}{walk[1][1]:16.6f}{first_two}")
assert np.abs(np.array(ahead) - kept).max() < 1e-12  # roundings, as of the walks above
assert np.abs(np.array(behind) - kept).max() > 0.2

# %% [markdown]
# ```text
# Nesterov        w1 after step 1         2         3        10
#   manual's w           0.525000  0.073125 -0.250172  0.123499
#   w + mu v             0.525000  0.073125 -0.250172  0.123499
#   Sutskever's w        0.750000  0.393750  0.054844  0.055844
# ```
#
# Last, dampening: PyTorch's v <- mu v + (1 - dampening) g. With dampening = mu that looks like a
# running mean from v = 0, as Adam's m is. But the first gradient is taken whole.

# %%
dampened = follow_torch(
    optim.SGD, pushes[:3], origin, lambda k: 1.0, momentum=0.9, dampening=0.9
)  # fmt: skip
columns = {"plain": ours[:3] / 0.1, "dampened": -np.diff(dampened[:, 0])}
columns["a mean from 0"] = 1 - 0.9 ** np.arange(1, 4)
print("\nThe first three v, for g = 1")
print("  step" + "".join(f"{title:>16}" for title in columns))
for k in range(3):
    print(f"  {k + 1:<4}" + "".join(f"{column[k]:16.3f}" for column in columns.values()))
assert np.allclose(columns["dampened"], 1, rtol=1e-15, atol=0)  # 0.9 + 0.1, rounded twice
assert np.allclose(columns["plain"], 10 * columns["a mean from 0"], rtol=1e-14)

# %% [markdown]
# ```text
#   step           plain        dampened   a mean from 0
#   1              1.000           1.000           0.100
#   2              1.900           1.000           0.190
#   3              2.710           1.000           0.271
# ```
#
# ## What to remember
#
# The name of an optimizer is not its formula: eps inside or outside the root, a decay of 0.9 or
# 0.99, a rate inside v or outside change the walk, and a port has to carry them over one by one.
# And no optimizer is a test of the gradient. Adam trains just as well with one that is 16 times too
# large; SGD may even prefer it doubled. Check the gradient itself.

# %%
if drawing():
    drawn, axes = figure(9, 4, columns=2, sharey=True)
    grid = np.meshgrid(np.linspace(-4.4, 1.2, 40), np.linspace(-1.4, 1.3, 40))
    for ax, update, speed, title in (
        (axes[0], sgd, 0.03, "SGD, learning rate 0.03"),
        (axes[1], adam, 0.1, "Adam, learning rate 0.1"),
    ):
        ax.contour(*grid, bowl(grid), levels=[0.5, 2, 5, 10, 17], colors="0.85", linewidths=0.8)
        right, doubled = by_hand(update, speed)[:60], by_hand(update, speed, factor=2.0)[:60]
        ax.plot(*right.T, "o-", color=PALE, linewidth=5, markersize=7, label="right gradient")
        ax.plot(*doubled.T, "o-", color=GRADIENT, linewidth=1, markersize=2.5, label="doubled")
        ax.set(title=title, xlabel="w0", xlim=(-4.4, 1.2), ylim=(-1.4, 1.3))
    axes[0].set_ylabel("w1")
    axes[0].legend(loc="lower right", fontsize=9)
    drawn.suptitle("Sixty steps down the bowl, from (-4, 1)", fontsize=11)
    keep(drawn, "16_optimizers_doubled")

    drawn, ax = figure(8, 4.4)
    sizes = np.logspace(-11, 1, 121)
    lines = first_steps(sizes)
    for name, color, label in (
        ("RMSprop", THIRD, "RMSprop: decay 0.99, eps outside"),
        ("optax", FOURTH, "RMSprop of optax: decay 0.9, eps inside"),
        ("Adam", GRADIENT, "Adam"),
        ("eps hat", VALUE, "Adam, eps before the correction"),
    ):
        ax.loglog(sizes, lines[name], color=color, linewidth=1.8, label=label)
    ax.axvline(1e-8, color="0.8", linewidth=0.8)
    ax.text(1.2e-8, 2e-5, "eps", color="0.5", fontsize=9)
    ax.set(xlabel="size of the gradient", ylabel="first step, in learning rates", ylim=(1e-5, 30))
    ax.set_title("The first step does not depend on the gradient, down to eps", fontsize=11)
    ax.legend(loc="lower right", fontsize=8, frameon=False)
    keep(drawn, "16_optimizers_first_step")
