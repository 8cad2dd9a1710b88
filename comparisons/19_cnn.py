"""A small CNN, learnt three times: what keeps the three together, and what would part them.

Claim: convolutions trained by hand, by PyTorch and by JAX stay together for a whole training, as no
relu stands near enough to its corner to turn in one and not in another. How near is near enough can
be counted beforehand; a start moved by a millionth is too far, and ends as another network.

    backproof compare 19 [--plot DIR]
"""

# %%
import math
from functools import partial
from itertools import islice

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import lax
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from comparisons.show import (
    FOURTH,
    GRADIENT,
    PALE,
    THIRD,
    VALUE,
    drawing,
    figure,
    keep,
)
from manual.network import layer, network_backward, network_forward
from manual.optimizers import momentum
from manual.softmax import softmax_loss
from reference.agreement import compare
from reference.problem import Problem

threadpool_limits(1)  # matrices this small lose time when shared out
torch.set_num_threads(1)

# %% [markdown]
# ## The task
#
# The digits of script 18, split as they are there, but as images of 8 by 8 pixels. Two convolutions
# of 3 by 3 with relu, a max pool that halves the image, an affine layer. The update is momentum,
# with a learning rate that falls in a straight line from 0.07 to 0. All numbers are float64.

# %%
pixels, labels = load_digits(return_X_y=True)
split = train_test_split(pixels / 16, labels, test_size=0.25, stratify=labels, random_state=0)
x, x_test, y, y_test = (np.asarray(each) for each in split)
x, x_test = x.reshape(-1, 1, 8, 8), x_test.reshape(-1, 1, 8, 8)

net = [
    layer("conv2d", "W1", "b1", padding=1),
    layer("relu"),
    layer("conv2d", "W2", "b2", padding=1),
    layer("relu"),
    layer("max_pool2d"),
    layer("affine", "W3", "b3"),
]
rng = np.random.default_rng(0)
start = {}
for i, shape, inputs, outputs in [
    (1, (8, 1, 3, 3), 1 * 3 * 3, 8),
    (2, (24, 8, 3, 3), 8 * 3 * 3, 24),
    (3, (24 * 4 * 4, 10), 24 * 4 * 4, 10),
]:
    start[f"W{i}"] = rng.normal(scale=math.sqrt(2 / inputs), size=shape)
    start[f"b{i}"] = np.zeros(outputs)

EPOCHS, BATCH, RATE, MOMENTUM = 4, 32, 0.07, 0.9
N = len(x)
batches = []  # of each epoch, a list of (images, labels)
rng = np.random.default_rng(0)
for _ in range(EPOCHS):
    rows = np.split(rng.permutation(N), range(BATCH, N, BATCH))
    batches.append([(x[each], y[each]) for each in rows])
rates = [RATE * (1 - epoch / EPOCHS) for epoch in range(EPOCHS)]
steps = sum(len(epoch) for epoch in batches)
print(f"{N} digits to train on, {len(x_test)} to test on")
print(f"{sum(w.size for w in start.values())} parameters, {steps} updates")

# %% [markdown]
# ## Three trainings
#
# By hand first: forward, loss, backward, update. A relu is on or off, and a max pool has a winner
# in each window: these are branches. `walk` notes which are taken, for later.


# %%
def updates(params):
    """Train by hand: for every update what it starts from, its gradients, its cache, its loss."""
    params, configs = dict(params), {name: {"momentum": MOMENTUM} for name in params}
    for rate, epoch in zip(rates, batches, strict=True):
        for images, labels in epoch:
            logits, cache = network_forward(images, params, net)
            loss, dlogits = softmax_loss(logits, labels)
            _, grads = network_backward(dlogits, cache)
            yield dict(params), grads, cache, float(loss)
            for name, dw in grads.items():
                config = configs[name] | {"learning_rate": rate}
                params[name], configs[name] = momentum(params[name], dw, config)
    yield params, {}, None, 0.0  # where it ends


def relu_inputs(cache):
    """What the two relus get, as one long vector: a relu's cache is its input."""
    (_, first, _, second, *_), _ = cache
    return np.concatenate([first.ravel(), second.ravel()])


def taken(cache):
    """The branches of a forward pass: which relus are on, and the winner of each window."""
    (*_, (_, winner, *_), _), _ = cache
    return relu_inputs(cache) > 0, winner


def walk(params):
    """The parameters before and after every epoch, its losses, the branches of every update."""
    marks, losses, branches = [], [], []
    run = updates(params)
    for epoch in batches:
        each = list(islice(run, len(epoch)))
        marks.append(each[0][0])
        branches += [taken(cache) for _, _, cache, _ in each]
        sizes = [len(labels) for _, labels in epoch]
        losses.append(np.average([loss for *_, loss in each], weights=sizes))
    return [*marks, next(run)[0]], losses, branches


paths, losses = {}, {}
paths["by hand"], losses["by hand"], branches = walk(start)


# %%
def torch_loss(w, x, y):
    F = torch.nn.functional
    h = F.relu(F.conv2d(x, w["W1"], w["b1"], padding=1))
    h = F.relu(F.conv2d(h, w["W2"], w["b2"], padding=1))
    logits = F.max_pool2d(h, 2).flatten(1) @ w["W3"] + w["b3"]
    return F.cross_entropy(logits, y)


w = {name: torch.tensor(array, requires_grad=True) for name, array in start.items()}
optimizer = torch.optim.SGD(w.values(), lr=RATE, momentum=MOMENTUM)
paths["PyTorch"], losses["PyTorch"] = [start], []
for rate, epoch in zip(rates, batches, strict=True):
    optimizer.param_groups[0]["lr"] = rate
    total = 0.0
    for images, labels in epoch:
        loss = torch_loss(w, torch.tensor(images), torch.tensor(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    paths["PyTorch"].append({name: each.detach().numpy().copy() for name, each in w.items()})
    losses["PyTorch"].append(total / N)


# %%
def jax_loss(w, x, y, relu=jax.nn.relu):
    for k in ("1", "2"):
        x = lax.conv_general_dilated(x, w["W" + k], (1, 1), ((1, 1), (1, 1)))
        x = relu(x + w["b" + k][:, None, None])
    x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    logits = x.reshape(len(x), -1) @ w["W3"] + w["b3"]
    return -jax.nn.log_softmax(logits)[jnp.arange(len(y)), y].mean()


@jax.jit
def jax_step(w, v, x, y, rate):
    loss, dw = jax.value_and_grad(jax_loss)(w, x, y)
    v = {name: MOMENTUM * v[name] + dw[name] for name in w}
    return {name: w[name] - rate * v[name] for name in w}, v, loss


paths["JAX"], losses["JAX"] = [start], []
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
    w = {name: jnp.asarray(array) for name, array in start.items()}
    v = {name: jnp.zeros_like(array) for name, array in w.items()}
    for rate, epoch in zip(rates, batches, strict=True):
        total = 0.0
        for images, labels in epoch:
            w, v, loss = jax_step(w, v, images, labels, rate)
            total += float(loss) * len(labels)
        paths["JAX"].append({name: np.asarray(each) for name, each in w.items()})
        losses["JAX"].append(total / N)

# %%
print("\nThe mean loss of an epoch, in nats")
print("  epoch" + "".join(f"{name:>16}" for name in losses))
for epoch in range(1, EPOCHS + 1):
    print(f"  {epoch:5}" + "".join(f"{curve[epoch - 1]:16.10f}" for curve in losses.values()))
assert all(len({f"{curve[k]:.10f}" for curve in losses.values()}) == 1 for k in range(EPOCHS))

# %% [markdown]
# ## A corner that is hit
#
# At first all biases are 0, and most digits have blank pixels around them. Where a window is blank,
# the relu behind it gets 0 exactly: its corner. PyTorch, jax.nn.relu and the hand-written code take
# the slope 0 there. jnp.maximum(x, 0), the textbook's relu, takes 1/2 in JAX. The loss is the same,
# and the gradient of b1, to which every blank window adds, is not.

# %%
images, labels = batches[0][0]
logits, cache = network_forward(images, start, net)
_, grads = network_backward(softmax_loss(logits, labels)[1], cache)
inputs = cache[0][1]
blank = int((inputs == 0).sum())
print(f"\nIn the first batch, {blank} of {inputs.size} inputs of the first relu are exactly 0")

w = {name: torch.tensor(array, requires_grad=True) for name, array in start.items()}
torch_loss(w, torch.tensor(images), torch.tensor(labels)).backward()
columns = {"by hand": grads["b1"], "PyTorch": np.asarray(w["b1"].grad)}
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
    zero = {name: np.zeros_like(array) for name, array in start.items()}
    _, slopes, _ = jax_step(start, zero, images, labels, 0.0)  # v after one update from v = 0
    columns["jax.nn.relu"] = np.asarray(slopes["b1"])
    other = jax.jit(jax.grad(partial(jax_loss, relu=lambda x: jnp.maximum(x, 0))))
    columns["jnp.maximum"] = np.asarray(other(start, images, labels)["b1"])

print("         " + "".join(f"{title:>14}" for title in columns))
for k in range(4):
    print(f"  db1[{k}] " + "".join(f"{column[k]:14.10f}" for column in columns.values()))
size = np.abs(grads["b1"]).max()
apart = {title: np.abs(column - grads["b1"]).max() for title, column in columns.items()}
# Sums of 32 * 64 numbers that go up and down, each with a few roundings.
assert all(apart[title] < 1e-13 * size for title in ("PyTorch", "jax.nn.relu"))
assert apart["jnp.maximum"] > 0.1 * size
assert blank > 0.1 * inputs.size

# %% [markdown]
# ## The gradients along the way
#
# In the middle of PyTorch's training, the first row of the batch that comes next: every number of
# the hand-written pass against PyTorch and JAX, in allowances. Differences and the complex step run
# the forward once for every number, too long here; script 09 and `make prove` hold convolutions to
# account by them on smaller images.

# %%
size = 1 + 64 + sum(each.size for each in start.values())
images, labels = (each[:1] for each in batches[2][0])
middle = Problem(net, paths["PyTorch"][2], images, labels, layer("softmax"))
found = list(compare(middle, ("pytorch", "jax")))
print(f"\nOf {size} numbers before epoch 3 the worst, in allowances:")
print("  " + ", ".join(f"{each.worst:.3f} ({each.path})" for each in found))
assert all(each.agrees and each.entries == size for each in found)

# %% [markdown]
# ## Prediction
#
# Between its corners a network is smooth, and a small distance grows by a small factor, as in
# script 18. At a corner it is not: a relu that is on in one run and off in another lets a gradient
# through here and not there, and the gradients differ by an amount that does not shrink with the
# distance of the runs.
#
# So the question is whether a relu turns. The relus get 11 million inputs in this training. Count
# those near 0 in one forward pass: that gives their density there, and a difference of d in the
# inputs turns about density times inputs times d of them. For runs that differ by roundings, some
# 1e-15, that is a hundred-millionth of a relu: none. Move the start by a millionth of itself, and
# it is about ten, before those that turn push the runs farther apart. Moved by 1e-8, it is a tenth
# of one: probably none.

# %%
inputs = relu_inputs(cache)
near = ((inputs != 0) & (np.abs(inputs) < 0.01)).sum() / inputs.size / 0.02
seen = sum(on.size for on, _ in branches)
print(f"\nInputs of relus in all: {seen:,}; near 0, {near:.2f} of them in an interval of 1")
print("  a difference in the inputs of     turns about")
for d in (1e-15, 1e-8, 1e-6):
    print(f"  {d:29.0e}{near * seen * d:16.0e}")
assert 1e-8 < near * seen * 1e-15 < 1.2e-8

# %% [markdown]
# ## Where they end


# %%
def distance(a, b):
    """The length of a - b, all parameters taken as one long vector."""
    return float(np.sqrt(sum(((a[name] - b[name]) ** 2).sum() for name in a)))


nudges = {"nudged 1e-8": 1e-8, "nudged 1e-6": 1e-6}
turned = {}  # relus and winners that differ from those by hand, for every update
for title, nudge in nudges.items():
    signs = np.random.default_rng(1)
    near = {name: w * (1 + nudge * signs.choice([-1, 1], w.shape)) for name, w in start.items()}
    paths[title], losses[title], theirs = walk(near)
    turned[title] = [
        (int((a != b).sum()), int((a_won != b_won).sum()))
        for (a, a_won), (b, b_won) in zip(branches, theirs, strict=True)
    ]

others = [name for name in paths if name != "by hand"]
drift = {
    name: [distance(a, b) for a, b in zip(paths["by hand"], paths[name], strict=True)]
    for name in others
}
print("\nHow far from the parameters trained by hand")
print("  after epoch" + "".join(f"{name:>14}" for name in others))
for epoch in range(EPOCHS + 1):
    print(f"  {epoch:11}" + "".join(f"{drift[name][epoch]:14.1e}" for name in others))

print(
    f"\nTurned, of {seen:,} relus and {sum(won.size for _, won in branches):,} winners of the pool"
)
for title, counts in turned.items():
    relus, winners = np.sum(counts, axis=0)
    print(f"  {title:<15}{relus:12,}{winners:12,}")
assert not np.any(turned["nudged 1e-8"])
assert all(0 < max(drift[name]) < 1e-13 for name in ("PyTorch", "JAX"))
assert drift["nudged 1e-8"][-1] < 10 * drift["nudged 1e-8"][0]
assert drift["nudged 1e-6"][-1] > 1e4 * drift["nudged 1e-6"][0]

# %% [markdown]
# ```text
#   nudged 1e-8               0           0
# ```
#
# As predicted. A start moved by 1e-8 ends three times as far away as it began, ten million times as
# far as PyTorch and JAX, and not one relu turned. Moved by 1e-6, it is another network. When did
# that happen?

# %%
both = [updates(paths[each][0]) for each in ("by hand", "nudged 1e-6")]
rows = [
    (distance(a, b), distance(da, db), *counts)
    for (a, da, *_), (b, db, *_), counts in zip(*both, turned["nudged 1e-6"], strict=False)
]
gaps = [row[1] for row in rows]
jump = next(k for k in range(1, steps) if gaps[k] > 100 * gaps[k - 1])
first = next(k for k, row in enumerate(rows) if row[2])
print("\nNudged by 1e-6: the first relu that turns, and the first that counts")
print("  update   parameters apart   gradients apart   relus turned   winners")
for k in (first - 1, first, first + 1, *range(jump - 2, jump + 5)):
    print("  {:6}{:19.1e}{:18.1e}{:15}{:10}".format(k + 1, *rows[k]))
until = sum(row[2] for row in rows[:jump])
print(f"Before update {jump + 1}, {until} relus had turned.")
assert gaps[first] < 10 * gaps[first - 1]
assert 1 <= until <= 20

# %% [markdown]
# The first relus that turn change nothing. Their windows lose to a neighbour in the max pool, and
# no gradient passes there. Then one turns that counts: within one update the gradients are a
# thousand times farther apart, and the parameters follow. That carries more relus across, which
# pull the runs farther apart, and so on.
#
# ## The test
#
# Three networks a rounding apart read all 450 test digits alike, with every relu on the same side.
# The run nudged by 1e-6 has become another network, not a worse one.

# %%
print("\nTest digits read right")
guesses, sides = {}, {}
for name, each in paths.items():
    logits, cache = network_forward(x_test, each[-1], net)
    guesses[name], (sides[name], _) = logits.argmax(axis=1), taken(cache)
    right = int((guesses[name] == y_test).sum())
    other = int((sides[name] != sides["by hand"]).sum())
    print(f"  {name:<15}{right:5} of {len(y_test)}   {right / len(y_test):.1%}", end="")
    print(f"{other:10,} of {sides[name].size:,} relus differ from by hand")
    assert right >= 0.98 * len(y_test)
for name in ("PyTorch", "JAX"):
    assert np.array_equal(guesses[name], guesses["by hand"])
    assert np.array_equal(sides[name], sides["by hand"])
assert other > 1000

# %% [markdown]
# ## What to remember
#
# Between its corners a training forgives: what differs by roundings stays so. At a corner it does
# not. Before you compare two trainings for equality, ask how far apart they are and how many
# corners lie that near. In float64 none does, here; a rounding in float32 is 6e-8 of a number, and
# after a longer training than this one some will. Then compare gradients at one and the same point.

# %%
if drawing():
    drawn, (left, right) = figure(9.5, 4, columns=2)
    looks = {"by hand": (PALE, 9, "-"), "PyTorch": (THIRD, 3, "-"), "JAX": ("0.1", 1.2, "--")}
    for name, (color, width, dashes) in looks.items():
        epochs = np.arange(1, EPOCHS + 1)
        left.semilogy(epochs, losses[name], dashes, color=color, linewidth=width, label=name)
    left.set(xlabel="epoch", ylabel="mean loss (nats)", title="Three trainings, one curve")
    left.set_xticks(range(1, EPOCHS + 1))
    left.legend()
    looks |= {"nudged 1e-6": (GRADIENT, 1.5, "-"), "nudged 1e-8": (VALUE, 1.5, "-")}
    for name in ("nudged 1e-6", "nudged 1e-8", "PyTorch", "JAX"):
        color, width, dashes = looks[name]
        after = [each or math.nan for each in drift[name]]  # a log scale has no 0
        right.semilogy(after, dashes, color=color, linewidth=width, marker="o", label=name)
    right.set(xlabel="after epoch", ylabel="distance from the parameters by hand")
    right.set(title="Small distances stay small, until a relu turns", ylim=(1e-16, 10))
    right.set_xticks(range(EPOCHS + 1))
    right.legend(loc="center right", bbox_to_anchor=(1, 0.35))
    keep(drawn, "19_cnn_drift")
