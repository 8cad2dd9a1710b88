"""A small CNN, learnt three times: what keeps the three together, and what would part them.

Claim: convolutions trained by hand, by PyTorch and by JAX stay together for a whole training, as no
relu input is near enough to 0 to be positive in one program and negative in another. How near is
near enough can be counted beforehand; a start moved by a millionth is too far, and ends as another
network.

    backproof compare 19 [--plot DIR]
"""

# %%
import math

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import lax
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from comparisons.show import GRADIENT, PALE, THIRD, VALUE, drawing, figure, keep
from manual.network import layer, network_backward, network_forward
from manual.optimizers import momentum
from manual.softmax import softmax_loss
from reference.agreement import compare
from reference.problem import Problem

limits = threadpool_limits(1)  # matrices this small lose time when shared out
torch.set_num_threads(1)

# %% [markdown]
# ## The task
#
# The digits of script 18, split as they are there, but as images of 8 by 8 pixels. Two convolutions
# of 3 by 3 with relu, a max pool that halves the image, an affine layer. The update is momentum,
# with a learning rate that falls from epoch to epoch. All numbers are float64.

# %%
pixels, labels = load_digits(return_X_y=True)
split = train_test_split(pixels / 16, labels, test_size=0.25, stratify=labels, random_state=0)
x, x_test, y, y_test = (np.asarray(each) for each in split)
x, x_test = x.reshape(-1, 1, 8, 8), x_test.reshape(-1, 1, 8, 8)

convolutions = [layer("conv2d", "W1", "b1", padding=1), layer("relu")]
convolutions += [layer("conv2d", "W2", "b2", padding=1), layer("relu")]
net = [*convolutions, layer("max_pool2d"), layer("affine", "W3", "b3")]
rng = np.random.default_rng(0)
start = {}
for i, shape in [(1, (8, 1, 3, 3)), (2, (24, 8, 3, 3)), (3, (24 * 4 * 4, 10))]:
    inputs, outputs = (shape[0], shape[1]) if i == 3 else (math.prod(shape[1:]), shape[0])
    start[f"W{i}"] = rng.normal(scale=math.sqrt(2 / inputs), size=shape)
    start[f"b{i}"] = np.zeros(outputs)

EPOCHS, BATCH, MOMENTUM = 4, 32, 0.9
N = len(x)
batches = []  # of all epochs, one after the other: learning rate, images, labels
rng = np.random.default_rng(0)
for rate in (0.07, 0.0525, 0.035, 0.0175):
    rows = np.split(rng.permutation(N), range(BATCH, N, BATCH))
    batches += [(rate, x[each], y[each]) for each in rows]
steps = len(batches)
epoch_ends = range(0, steps + 1, steps // EPOCHS)
print(f"{N} digits to train on, {len(x_test)} to test on")
print(f"{sum(w.size for w in start.values())} parameters, {steps} updates")

# %% [markdown]
# ## Three trainings
#
# By hand first: forward, loss, backward, update. A relu is on or off, and a window of the max pool
# has a winner: these are branches. Which are taken is noted, for later.


# %%
def relu_inputs(cache):
    """What the two relus get, as one long vector: a relu's cache is its input."""
    (_, first, _, second, *_), _ = cache
    return np.concatenate([first.ravel(), second.ravel()])


def taken(cache):
    """The branches of a forward pass: which relus are on, and the winner of each window."""
    (*_, (_, winner, *_), _), _ = cache
    return relu_inputs(cache) > 0, winner


def by_hand(params):
    """Parameters before every update and in the end; losses, gradients and branches."""
    path, losses, slopes, branches = [params], [], [], []
    configs = {name: {"momentum": MOMENTUM} for name in params}
    for rate, images, labels in batches:
        logits, cache = network_forward(images, path[-1], net)
        loss, dlogits = softmax_loss(logits, labels)
        _, grads = network_backward(dlogits, cache)
        path.append({})
        for name, dw in grads.items():
            config = configs[name] | {"learning_rate": rate}
            path[-1][name], configs[name] = momentum(path[-2][name], dw, config)
        losses.append(float(loss))
        slopes.append(grads)
        branches.append(taken(cache))
    return path, losses, slopes, branches


paths, losses = {}, {}
paths["by hand"], losses["by hand"], slopes, branches = by_hand(start)


# %%
def torch_loss(w, x, y):
    F = torch.nn.functional
    h = F.relu(F.conv2d(x, w["W1"], w["b1"], padding=1))
    h = F.relu(F.conv2d(h, w["W2"], w["b2"], padding=1))
    logits = F.max_pool2d(h, 2).flatten(1) @ w["W3"] + w["b3"]
    return F.cross_entropy(logits, y)


w = {name: torch.tensor(array, requires_grad=True) for name, array in start.items()}
optimizer = torch.optim.SGD(w.values(), momentum=MOMENTUM)
paths["PyTorch"], losses["PyTorch"] = [start], []
for rate, images, labels in batches:
    optimizer.param_groups[0]["lr"] = rate
    loss = torch_loss(w, torch.tensor(images), torch.tensor(labels))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    paths["PyTorch"].append({name: each.detach().numpy().copy() for name, each in w.items()})
    losses["PyTorch"].append(loss.item())


# %%
def jax_loss(w, x, y, relu):
    for k in ("1", "2"):
        x = lax.conv_general_dilated(x, w["W" + k], (1, 1), ((1, 1), (1, 1)))
        x = relu(x + w["b" + k][:, None, None])
    x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    logits = x.reshape(len(x), -1) @ w["W3"] + w["b3"]
    return -jax.nn.log_softmax(logits)[jnp.arange(len(y)), y].mean()


def jax_gradients(relu):
    return jax.jit(lambda w, x, y: jax.value_and_grad(jax_loss)(w, x, y, relu))


jax_relu, textbook_relu = jax_gradients(jax.nn.relu), jax_gradients(lambda x: jnp.maximum(x, 0))
paths["JAX"], losses["JAX"] = [start], []
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
    w, v = start, {name: 0 * array for name, array in start.items()}
    for rate, images, labels in batches:
        loss, dw = jax_relu(w, images, labels)
        v = {name: MOMENTUM * v[name] + np.asarray(dw[name]) for name in w}
        w = {name: w[name] - rate * v[name] for name in w}
        paths["JAX"].append(w)
        losses["JAX"].append(float(loss))

# %%
print("\nThe mean loss of an epoch's batches, in nats")
print("  epoch" + "".join(f"{name:>16}" for name in losses))
for epoch in range(1, EPOCHS + 1):
    means = [np.mean(curve[epoch_ends[epoch - 1] : epoch_ends[epoch]]) for curve in losses.values()]
    print(f"  {epoch:5}" + "".join(f"{mean:16.10f}" for mean in means))
    assert len({f"{mean:.10f}" for mean in means}) == 1

# %% [markdown]
# ## A corner that is hit
#
# At first all biases are 0, and most digits have blank pixels around them. Where a window is blank,
# the relu behind it gets 0 exactly: its corner. PyTorch, jax.nn.relu and the hand-written code take
# the slope 0 there. jnp.maximum(x, 0), the textbook's relu, takes 1/2 in JAX. The loss is the same,
# and the gradient of b1, to which every blank window adds, is not.

# %%
_, images, labels = batches[0]
_, cache = network_forward(images, start, net)
blank = np.mean(cache[0][1] == 0)
columns = {"by hand": slopes[0]["b1"]}
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
    columns["jax.nn.relu"] = np.asarray(jax_relu(start, images, labels)[1]["b1"])
    columns["jnp.maximum"] = np.asarray(textbook_relu(start, images, labels)[1]["b1"])
print(f"\nIn the first batch, {blank:.0%} of the inputs of the first relu are exactly 0")
print("         " + "".join(f"{title:>14}" for title in columns))
for k in range(4):
    print(f"  db1[{k}] " + "".join(f"{column[k]:14.10f}" for column in columns.values()))
ours, same, other = columns.values()
# Sums of 32 * 64 numbers that go up and down, each with a few roundings.
assert np.abs(same - ours).max() < 1e-13 * np.abs(ours).max() and blank > 0.1
assert np.abs(other - ours).max() > 0.1 * np.abs(ours).max()

# %% [markdown]
# ```text
#                 by hand   jax.nn.relu   jnp.maximum
#   db1[0]   0.0735266073  0.0735266073  0.0590514504
#   db1[1]  -0.0152075896 -0.0152075896 -0.0260087150
# ```
#
# Who writes the textbook's relu in JAX trains another network from the first update on.
#
# In the middle of the training, every number of the hand-written pass over one row, in allowances.
# Differences and the complex step run the forward once for every number, too long here; script 09
# and `make prove` hold convolutions to account by them on smaller images.

# %%
_, images, labels = batches[steps // 2]
middle = Problem(net, paths["PyTorch"][steps // 2], images[:1], labels[:1], layer("softmax"))
found = list(compare(middle, ("pytorch", "jax")))
size = 1 + 64 + sum(each.size for each in start.values())
print(f"\nOf {size} numbers in the middle the worst, in allowances:")
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
# those near 0 in one forward pass: that gives their density there. If two runs have inputs that
# differ by d, about so many relus are on in one and off in the other:
#
#     turned = density * number of inputs * d        0.98 * 11 million * d here
#
# For runs that differ by roundings, d is some 1e-15, and that is a hundred-millionth of a relu:
# none. Move the start by a millionth of itself, and it is about ten, before those that turn push
# the runs farther apart. Moved by 1e-8, it is a tenth of one: probably none.

# %%
inputs = relu_inputs(cache)
near = ((inputs != 0) & (np.abs(inputs) < 0.01)).sum() / inputs.size / 0.02
seen = sum(on.size for on, _ in branches)
print(f"\nInputs of relus in all: {seen:,}; near 0, {near:.2f} of them in an interval of 1")
print("  a difference in the inputs of     turns about")
for d in (1e-15, 1e-8, 1e-6):
    print(f"  {d:29.0e}{near * seen * d:16.0e}")
assert round(near * seen / 1e7, 1) == 1.1

# %% [markdown]
# ## Where they end


# %%
def distance(a, b):
    """The length of a - b, all parameters taken as one long vector."""
    return float(np.sqrt(sum(((a[name] - b[name]) ** 2).sum() for name in a)))


turned, gaps = {}, {}  # of every update: what turned, and how far the gradients are apart
for nudge in (1e-8, 1e-6):
    title, signs = f"nudged {nudge:.0e}", np.random.default_rng(1)
    moved = {name: w * (1 + nudge * signs.choice([-1, 1], w.shape)) for name, w in start.items()}
    paths[title], _, theirs, other = by_hand(moved)
    turned[title] = [
        (int((a != b).sum()), int((a_won != b_won).sum()))
        for (a, a_won), (b, b_won) in zip(branches, other, strict=True)
    ]
    gaps[title] = [distance(a, b) for a, b in zip(slopes, theirs, strict=True)]
drift = {
    name: [distance(a, b) for a, b in zip(paths["by hand"], paths[name], strict=True)]
    for name in paths
    if name != "by hand"
}

print("\nHow far from the parameters trained by hand")
print("  after epoch" + "".join(f"{name:>15}" for name in drift))
for epoch, k in enumerate(epoch_ends):
    print(f"  {epoch:11}" + "".join(f"{each[k]:15.1e}" for each in drift.values()))
print(f"Turned, of {seen:,} relus and {sum(won.size for _, won in branches):,} winners of the pool")
for title, counts in turned.items():
    print("  {:<15}{:12,}{:12,}".format(title, *np.sum(counts, axis=0)))
quiet, loud = drift["nudged 1e-08"], drift["nudged 1e-06"]
assert not np.any(turned["nudged 1e-08"])
assert 2 < quiet[-1] / quiet[0] < 4 and loud[-1] > 1e4 * loud[0]
assert all(0 < 1e7 * max(drift[name]) < quiet[-1] for name in ("PyTorch", "JAX"))

# %% [markdown]
# ```text noise
# How far from the parameters trained by hand
#   after epoch        PyTorch            JAX   nudged 1e-08   nudged 1e-06
#             0        0.0e+00        0.0e+00        9.0e-08        9.0e-06
#             1        6.1e-15        5.6e-15        2.3e-07        5.8e-05
#             2        8.0e-15        7.8e-15        2.6e-07        8.5e-02
#             3        8.6e-15        8.3e-15        2.7e-07        1.5e-01
#             4        8.8e-15        8.7e-15        2.7e-07        1.6e-01
# ```
#
# As predicted. The start moved by 1e-8 ends three times as far away as it began, more than ten
# million times as far as PyTorch and JAX, and not one relu turned. The one moved by 1e-6 has become
# another network. When?

# %%
counts, gap = turned["nudged 1e-06"], gaps["nudged 1e-06"]
first = next(k for k in range(steps) if counts[k][0])
jump = next(k for k in range(1, steps) if gap[k] > 100 * gap[k - 1])
print("\nNudged by 1e-6: the first relu that turns, and the first that counts")
print("  update   parameters apart   gradients apart   relus turned   winners")
for k in (first - 1, first, first + 1, *range(jump - 2, jump + 5)):
    print("  {:6}{:19.1e}{:18.1e}{:15}{:10}".format(k + 1, loud[k], gap[k], *counts[k]))
until = sum(relus for relus, _ in counts[:jump])
print(f"Before update {jump + 1}, {until} relus had turned.")
assert gap[first] < 10 * gap[first - 1]
assert 1 <= until <= 20

# %% [markdown]
# ```text noise
#       51            6.3e-05           2.3e-05              0         0
#       52            6.3e-05           1.7e-05              0         0
#       53            6.4e-05           1.5e-02              2         0
# ```
#
# The first relus that turn change little: a relu whose output is not the maximum of its pool window
# passes no gradient, on or off. Then, at update 53, one turns that matters. Within one update the
# gradients are hundreds of times farther apart, and the parameters follow. That carries more relus
# across, which pull the runs farther apart, and so on.
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
    differ = int((sides[name] != sides["by hand"]).sum())
    print(f"  {name:<15}{right:5} of {len(y_test)}   {right / len(y_test):.1%}", end="")
    print(f"{differ:10,} of {sides[name].size:,} relus differ from by hand")
    assert right >= 0.98 * len(y_test)
    assert differ > 1000 if name == "nudged 1e-06" else differ == 0
for name in ("PyTorch", "JAX"):
    assert np.array_equal(guesses[name], guesses["by hand"])

# %% [markdown]
# ## What to remember
#
# Between its corners a training forgives: what differs by roundings stays so. At a corner it does
# not. Before two trainings are compared, ask how far apart they are, and how many corners lie that
# near. In float64 none does here. A rounding in float32 is 6e-8 of a number, and in a longer
# training than this some relus will lie that near: then compare gradients, at one and the same
# point.

# %%
if drawing():
    drawn, axes = figure(8, 4.2)
    update = np.arange(1, steps + 1)
    axes.semilogy(update, loud[1:], color=GRADIENT, label="by hand, nudged by 1e-6")
    axes.semilogy(update, quiet[1:], color=VALUE, label="by hand, nudged by 1e-8")
    axes.semilogy(update, drift["PyTorch"][1:], color=THIRD, linewidth=3, label="PyTorch")
    axes.semilogy(update, drift["JAX"][1:], "--", color="0.1", linewidth=1.2, label="JAX")
    axes.axvline(jump + 1, color=PALE, zorder=0)
    axes.annotate("here a relu\nthat matters turns", (jump + 3, 1e-3), color=GRADIENT, va="top")
    axes.set(xlabel="update", ylabel="distance from the parameters by hand", ylim=(1e-16, 10))
    axes.set_title("Small distances stay small, until a relu turns")
    axes.legend(loc="center right", bbox_to_anchor=(1, 0.33))
    keep(drawn, "19_cnn_drift")

limits.restore_original_limits()
