"""Handwritten digits, learnt three times from one start: one loss curve, and how far apart.

Claim: trained on the same batches by hand, by PyTorch and by JAX, a network follows one loss curve
and reads every test digit alike. The three do not end in the same place, as each sums in a
different order. How far apart rounding may take them can be estimated, and they end far nearer; a
training with a dW2 that is wrong by a relative 1e-11 ends farther away.

    backproof compare 18 [--plot DIR]
"""

# %%
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from comparisons.show import PALE, THIRD, drawing, figure, keep, worst_errors
from manual.network import layer, mlp, network_forward
from manual.optimizers import momentum
from manual.train import train
from reference.agreement import compare
from reference.paths import path
from reference.problem import Problem

# %% [markdown]
# ## The task
#
# scikit-learn brings 1797 digits of 8 by 8 pixels, each pixel from 0 to 16. A quarter is kept for
# the test. The network has 64 hidden relu units; its loss is softmax cross-entropy; the update is
# momentum, v <- 0.9 v + dw and w <- w - 0.1 v. All numbers are float64.

# %%
pixels, labels = load_digits(return_X_y=True)
split = train_test_split(pixels / 16, labels, test_size=0.25, stratify=labels, random_state=0)
x, x_test, y, y_test = (np.asarray(each) for each in split)
net, start = mlp([64, 64, 10], seed=0)
softmax = layer("softmax")
EPOCHS, BATCH, RATE, MOMENTUM = 20, 32, 0.1, 0.9
N = len(x)
batches = range(BATCH, N, BATCH)  # where one batch ends and the next begins
steps = EPOCHS * (len(batches) + 1)
assert pixels.shape == (1797, 64)
assert (pixels.min(), pixels.max()) == (0, 16)
print(f"{N} digits to train on, {len(x_test)} to test on")
print(f"{sum(w.size for w in start.values())} parameters, {steps} updates")

# %% [markdown]
# ## Three trainings
#
# By hand first. `train` draws a new order of the rows every epoch, from its seed; the same draws
# give the other two the same batches.

# %%
by_hand = partial(
    train, x, y, net=net, loss=softmax, optimizer=momentum, epochs=EPOCHS, batch_size=BATCH,
    config={"learning_rate": RATE, "momentum": MOMENTUM}, shuffle=True, seed=0,
)  # fmt: skip
ends, losses = {}, {}
ends["by hand"], losses["by hand"] = by_hand(start)

rng = np.random.default_rng(0)
orders = [rng.permutation(N) for _ in range(EPOCHS)]

# %%
torch.set_num_threads(1)  # matrices this small lose time when shared out
w = {name: torch.tensor(array, requires_grad=True) for name, array in start.items()}
optimizer = torch.optim.SGD(w.values(), lr=RATE, momentum=MOMENTUM)
x_torch, y_torch = torch.tensor(x), torch.tensor(y)
snapshots, losses["PyTorch"] = [], []
for order in orders:
    snapshots.append({name: each.detach().numpy().copy() for name, each in w.items()})
    total = 0.0
    for rows in np.split(order, batches):
        logits = torch.relu(x_torch[rows] @ w["W1"] + w["b1"]) @ w["W2"] + w["b2"]
        loss = torch.nn.functional.cross_entropy(logits, y_torch[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    losses["PyTorch"].append(total / N)
ends["PyTorch"] = {name: each.detach().numpy() for name, each in w.items()}


# %%
def jax_loss(w, x, y):
    logits = jnp.maximum(x @ w["W1"] + w["b1"], 0) @ w["W2"] + w["b2"]
    return -jax.nn.log_softmax(logits)[jnp.arange(len(y)), y].mean()


@jax.jit
def jax_step(w, v, x, y):
    loss, dw = jax.value_and_grad(jax_loss)(w, x, y)
    v = {name: MOMENTUM * v[name] + dw[name] for name in w}
    return {name: w[name] - RATE * v[name] for name in w}, v, loss


losses["JAX"] = []
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
    w = {name: jnp.asarray(array) for name, array in start.items()}
    v = {name: jnp.zeros_like(array) for name, array in w.items()}
    for order in orders:
        total = 0.0
        for rows in np.split(order, batches):
            w, v, loss = jax_step(w, v, x[rows], y[rows])
            total += float(loss) * len(rows)
        losses["JAX"].append(total / N)
    ends["JAX"] = {name: np.asarray(each) for name, each in w.items()}

# %% [markdown]
# ## One curve

# %%
print("\nThe mean loss of an epoch, in nats")
print("  epoch" + "".join(f"{name:>16}" for name in losses))
for epoch in (1, 2, 5, 10, 20):
    print(f"  {epoch:5}" + "".join(f"{curve[epoch - 1]:16.10f}" for curve in losses.values()))
assert all(len({f"{curve[k]:.10f}" for curve in losses.values()}) == 1 for k in range(EPOCHS))

# %% [markdown]
# ```text
#   epoch         by hand         PyTorch             JAX
#       1    0.9191355796    0.9191355796    0.9191355796
#       2    0.2474724857    0.2474724857    0.2474724857
#       5    0.0698582415    0.0698582415    0.0698582415
# ```
#
# ## The gradients along the way
#
# A curve proves nothing, so the gradients too. At three points of PyTorch's training, the first 4
# rows of the batch that comes next: every number of the hand-written pass (the loss, its slope for
# each pixel and for each parameter) against four other ways to it. The unit is an allowance, what
# rounding may do to that number in a right program; up to 8 is agreement.

# %%
size = 1 + 4 * 64 + sum(each.size for each in start.values())
found = {}
for epoch in (1, 10, 20):
    rows = orders[epoch - 1][:4]
    point = Problem(net, snapshots[epoch - 1], x[rows], y[rows], softmax)
    found[f"before epoch {epoch}"] = list(compare(point))

print()
worst_errors(found, f"the worst of {size} numbers")
for row in found.values():
    assert all(each.agrees for each in row)
    # Where a finite difference would step over a relu's corner it has no say, and is left out.
    assert all(each.entries == size for each in row if each.path != "differences")
    assert all(each.entries >= 0.99 * size for each in row)

first = found["before epoch 1"][0]
print(f"\n  the largest against PyTorch before epoch 1, at {first.where}:")
print(f"    by hand {first.got:.18f}\n    PyTorch {first.expected:.18f}")

# %% [markdown]
# They are not equal because a sum of floats depends on its order: (a + b) + c and a + (b + c) may
# differ in the last digit, and every library sums a matrix product in a different order.

# %%
assert (0.1 + 0.2) + 0.3 != 0.1 + (0.2 + 0.3)

# %% [markdown]
# ## Prediction
#
# Such differences travel with the training. How far apart will the three end?
#
# An update rounds every weight, which moves all of them together by up to u |w|, with u = 2**-53
# and |w| the length of the weights as one vector. A gradient error e moves w by 0.1 e at once, and
# by 0.1 e / (1 - 0.9) = e in the end. Below we measure that e is under u |w|. What is off by now,
# the updates to come may magnify. To see by how much, train by hand once more from a start in which
# every weight is changed by a trillionth of itself: how far are the starts apart, and the ends?
#
# If all errors pulled the same way in every update, and all grew like that, two trainings would end
#
#     2 * 2 * u |w| * updates * growth
#
# apart: two errors an update, in each of the two trainings. With |w| = 20, some 900 updates and a
# growth of 3, that is 4 * 1.1e-16 * 20 * 900 * 3 = 2e-11. Errors go up as often as down and mostly
# cancel, so expect far less. The losses get the same estimate, with a growth of their own.
#
# It is an estimate and no bound. One random change is not the one that grows most, and |w| and the
# growth are read off finished trainings. Two more changes show how much depends on the direction:
# in W2 alone, and along the difference of the ends that the first change made.


# %%
def distance(a, b):
    """The length of a - b, all parameters taken as one long vector."""
    return float(np.sqrt(sum(((a[name] - b[name]) ** 2).sum() for name in a)))


U = 2.0**-53
length = max(distance(end, {name: 0 * each for name, each in end.items()}) for end in ends.values())
for epoch in (1, 2, 10, 20):
    rows = orders[epoch - 1][:BATCH]
    problem = Problem(net, snapshots[epoch - 1], x[rows], y[rows], softmax)
    ours, theirs = (path(name)(problem).params for name in ("by_hand", "pytorch"))
    assert distance(ours, theirs) < U * length

signs = np.random.default_rng(1)
changed = {name: w * (1 + 1e-12 * signs.choice([-1, 1], w.shape)) for name, w in start.items()}
changed_end, changed_losses = by_hand(changed)
curves = {name: np.array(curve) for name, curve in losses.items()}
apart = distance(start, changed)
growth = distance(ends["by hand"], changed_end) / apart
loss_growth = np.max(np.abs(changed_losses / curves["by hand"] - 1)) / apart
estimate = 2 * 2 * U * length * steps * growth
loss_estimate = 2 * 2 * U * length * steps * loss_growth

print(
    f"\nThe parameters travel {distance(start, ends['by hand']):.1f}, to a length of {length:.1f}"
)
along = {name: changed_end[name] - each for name, each in ends["by hand"].items()}
directions = {
    "by signs at random": changed,
    "by signs, W2 alone": start | {"W2": changed["W2"]},
    "along the difference of the ends": {name: w + along[name] for name, w in start.items()},
}
print("A small change of the start, and how many times as large it is at the end")
grown = []
for title, other in directions.items():
    grown.append(distance(ends["by hand"], by_hand(other)[0]) / distance(start, other))
    print(f"  {title:<34}{grown[-1]:4.1f}")
assert 1 < grown[0] < grown[1] < 10 < grown[2] < 50

print("\n                       parameters apart     losses apart (relative, worst epoch)")
for a, b in (("by hand", "PyTorch"), ("by hand", "JAX"), ("PyTorch", "JAX")):
    drift = distance(ends[a], ends[b])
    loss_drift = np.max(np.abs(curves[a] / curves[b] - 1))
    print(f"  {a + ', ' + b:<20}{drift:12.1e}{loss_drift:21.1e}")
    assert 0 < drift <= estimate
    assert loss_drift <= loss_estimate
print(f"  {'estimate':<20}{estimate:12.1e}{loss_estimate:21.1e}")
assert 18 < length < 22 and 2 < growth < 4 and 1e-11 < estimate < 4e-11

# %% [markdown]
# ```text noise
#   by signs at random                 2.8
#   by signs, W2 alone                 3.3
#   along the difference of the ends  20.5
#
#                        parameters apart     losses apart (relative, worst epoch)
#   by hand, PyTorch         1.8e-14              2.0e-15
#   by hand, JAX             1.7e-14              1.8e-15
#   PyTorch, JAX             1.7e-14              2.2e-15
#   estimate                 2.2e-11              8.2e-13
# ```
#
# The three are a thousandth of the estimate apart, which leaves room for directions that grow more.
#
# ## What this would catch
#
# Train by hand with a dW2 that is wrong by a constant share. Prediction: the error does not cancel
# over the updates, so the end is off in proportion to the share, and a share that takes it beyond
# the estimate is caught.


# %%
def off(share):
    """How far from by hand a training ends whose dW2 is wrong by so much of itself."""

    def update(w, dw, config):
        return momentum(w, dw * (1 + share) if w.shape == start["W2"].shape else dw, config)

    return distance(ends["by hand"], by_hand(start, optimizer=update)[0])


print("\ndW2 wrong by a relative     the ends apart")
shares = {share: off(share) for share in (1e-13, 1e-12, 1e-11)}
for share, gap in shares.items():
    print(f"  {share:25.0e}{gap:15.0e}   {'caught' if gap > estimate else 'not caught'}")
    assert 5 < gap / share < 15
print(f"Caught from about {estimate / shares[1e-11] * 1e-11:.0e} on")
assert shares[1e-12] < estimate < shares[1e-11]

# %% [markdown]
# ```text noise
# dW2 wrong by a relative     the ends apart
#                       1e-13          9e-13   not caught
#                       1e-12          9e-12   not caught
#                       1e-11          9e-11   caught
# Caught from about 3e-12 on
# ```
#
# ## The test
#
# Three networks a hair apart read all 450 test digits alike, the wrong ones too.

# %%
print("\nTest digits read right")
guesses = {}
for name, end in ends.items():
    logits, _ = network_forward(x_test, end, net)
    guesses[name] = logits.argmax(axis=1)
    right = int((guesses[name] == y_test).sum())
    print(f"  {name:<8}{right:5} of {len(y_test)}   {right / len(y_test):.1%}")
    assert right >= 0.97 * len(y_test)
    assert np.array_equal(guesses[name], guesses["by hand"])

# %% [markdown]
# ## What to remember
#
# Right gradients from different programs are not equal, and need not be: they differ by what the
# order of a sum does. What that comes to after a whole training can be estimated, from one training
# with a changed start. If two programs end farther apart than that, look at both: one is wrong, or
# a corner has been crossed. The next script shows what a corner does.

# %%
if drawing():
    drawn, (left, right) = figure(9.5, 3.8, columns=2)
    epochs = np.arange(1, EPOCHS + 1)
    looks = {"by hand": (PALE, 9, "-"), "PyTorch": (THIRD, 3, "-"), "JAX": ("0.1", 1.2, "--")}
    for name, (color, width, dashes) in looks.items():
        left.semilogy(epochs, curves[name], dashes, color=color, linewidth=width, label=name)
    left.set(xlabel="epoch", ylabel="mean loss (nats)", title="Three trainings, one curve")
    left.set_xticks([1, 5, 10, 15, 20])
    left.legend()
    right.axhline(0, color=PALE, linewidth=4, zorder=0, label="by hand")
    for name in ("PyTorch", "JAX"):
        color, _, dashes = looks[name]
        gap = (curves[name] / curves["by hand"] - 1) * 1e15
        right.plot(epochs, gap, dashes, marker="o", markersize=3, color=color, label=name)
    right.set(xlabel="epoch", title="What lies between them")
    right.set_ylabel("loss over that by hand, less 1 (units of 1e-15)")
    right.set_xticks([1, 5, 10, 15, 20])
    right.legend()
    keep(drawn, "18_digits_curves")

    misread = np.flatnonzero(guesses["by hand"] != y_test)
    drawn, axes = figure(9, 1.9, columns=len(misread))
    for each, k in zip(axes, misread, strict=True):
        each.imshow(x_test[k].reshape(8, 8), cmap="gray_r", interpolation="none")
        each.set_title(f"a {y_test[k]}\nread as {guesses['by hand'][k]}", fontsize=9)
        each.set_axis_off()
    drawn.suptitle("The test digits that all three misread, in the same way", fontsize=11)
    keep(drawn, "18_digits_misread")
