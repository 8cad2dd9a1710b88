"""A small CNN, learnt three times; how far the three drift apart, and what would part them.

Shows convolutions trained by hand, by PyTorch and by JAX from the same start on the same shifted
digits: one loss curve, gradients that agree along the way, parameters a rounding apart. Then what
a nudge of the start grows to, in its last digit and larger, up to the first one that turns a relu.

    python comparisons/03_cnn.py [--plot DIR]
"""

# %%
import math
import sys
from itertools import combinations, islice

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import lax
from rich.progress import track
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from manual.network import layer, network_backward, network_forward
from manual.optimizers import momentum
from manual.pooling import max_pool2d_backward
from manual.softmax import softmax_loss
from reference.agreement import ALLOWANCES, compare
from reference.paths import path
from reference.problem import Problem

plot_dir = sys.argv[sys.argv.index("--plot") + 1] if "--plot" in sys.argv else None
threadpool_limits(1)  # matrices this small lose time when shared out
torch.set_num_threads(1)

# %% [markdown]
# ## The task
#
# The digits of 02_digits.py, split as they are there, but as images of 8 by 8 pixels. Two
# convolutions of 3 by 3 with relu, a max pool that halves the image, an affine layer. The update is
# momentum, with a learning rate that falls in a straight line from 0.05 to 0. All numbers are
# float64.

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
    (1, (16, 1, 3, 3), 1 * 3 * 3, 16),
    (2, (32, 16, 3, 3), 16 * 3 * 3, 32),
    (3, (32 * 4 * 4, 10), 32 * 4 * 4, 10),
]:
    start[f"W{i}"] = rng.normal(scale=math.sqrt(2 / inputs), size=shape)
    start[f"b{i}"] = np.zeros(outputs)

EPOCHS, BATCH, RATE, MOMENTUM = 15, 32, 0.05, 0.9
N = len(x)
rates = [RATE * (1 - epoch / EPOCHS) for epoch in range(EPOCHS)]

# %% [markdown]
# Half of the digits, drawn anew every epoch, are moved by up to one pixel down or up and left or
# right. What leaves the image is lost, and what comes in is blank. Everything is drawn here, once,
# from a generator that is passed in, so that all three trainings see the same batches.


# %%
def shifted(images, rng):
    """The images (N, 1, 8, 8), half of them moved by -1, 0 or 1 pixel along each axis."""
    N, _, H, W = images.shape
    moves = rng.integers(-1, 2, size=(N, 2)) * (rng.random((N, 1)) < 0.5)
    padded = np.pad(images[:, 0], ((0, 0), (1, 1), (1, 1)))
    rows = 1 + moves[:, :1] + np.arange(H)
    columns = 1 + moves[:, 1:] + np.arange(W)
    return padded[np.arange(N)[:, None, None], rows[:, :, None], columns[:, None, :]][:, None]


batches = []  # of each epoch, a list of (images, labels)
rng = np.random.default_rng(0)
for _ in range(EPOCHS):
    order = rng.permutation(N)
    images, cuts = shifted(x[order], rng), range(BATCH, N, BATCH)
    batches.append(list(zip(np.split(images, cuts), np.split(y[order], cuts), strict=True)))
steps = sum(len(epoch) for epoch in batches)
print(f"{N} digits to train on, {len(x_test)} to test on")
print(f"{sum(w.size for w in start.values())} parameters, {steps} updates")

# %% [markdown]
# ## Three trainings
#
# By hand first: forward, loss, backward, update. The relus and the max pools take branches; `walk`
# notes which, for later.


# %%
def updates(params):
    """Train by hand: for every update, the parameters and the gradients that it starts from."""
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


def walk(params, title):
    """The parameters before and after every epoch, its losses, and the branches of every update."""
    marks, losses, branches = [], [], []
    run = updates(params)
    for epoch in track(batches, description=title):
        total = 0.0
        for k, (_, labels) in enumerate(epoch):
            params, _, cache, loss = next(run)
            if k == 0:
                marks.append(params)
            branches.append(taken(cache))
            total += loss * len(labels)
        losses.append(total / N)
    marks.append(next(run)[0])
    return marks, losses, branches


def taken(cache):
    """The branches of a forward pass: which relus are on, and which of the last the pool keeps."""
    (*_, pool, _), _ = cache
    kept = max_pool2d_backward(np.ones(pool[1].shape[:-1]), pool)  # 1 at each window's winner
    return relu_inputs(cache) > 0, kept.ravel() > 0


def relu_inputs(cache):
    """What the two relus get, as one long vector: a relu's cache is its input."""
    (_, first, _, second, *_), _ = cache
    return np.concatenate([first.ravel(), second.ravel()])


paths, losses = {}, {}
paths["by hand"], losses["by hand"], branches = walk(start, "by hand")


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
for epoch in track(range(EPOCHS), description="PyTorch"):
    optimizer.param_groups[0]["lr"] = rates[epoch]
    total = 0.0
    for images, labels in batches[epoch]:
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
    for epoch in track(range(EPOCHS), description="JAX    "):
        total = 0.0
        for images, labels in batches[epoch]:
            w, v, loss = jax_step(w, v, images, labels, rates[epoch])
            total += float(loss) * len(labels)
        paths["JAX"].append({name: np.asarray(each) for name, each in w.items()})
        losses["JAX"].append(total / N)

# %%
print("\nThe mean loss of an epoch, in nats")
print("  epoch" + "".join(f"{name:>22}" for name in losses))
for epoch in (1, 2, 5, 10, 15):
    print(f"  {epoch:5}" + "".join(f"{curve[epoch - 1]:22.17f}" for curve in losses.values()))

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
assert blank > 0.1 * inputs.size

w = {name: torch.tensor(array, requires_grad=True) for name, array in start.items()}
torch_loss(w, torch.tensor(images), torch.tensor(labels)).backward()
columns = {"by hand": grads["b1"], "PyTorch": np.asarray(w["b1"].grad)}
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
    for title, relu in {
        "jax.nn.relu": jax.nn.relu,
        "jnp.maximum": lambda x: jnp.maximum(x, 0),
    }.items():
        columns[title] = np.asarray(jax.grad(jax_loss)(start, images, labels, relu)["b1"])

print("  db1    " + "".join(f"{title:>16}" for title in columns))
for k in range(4):
    print(f"  [{k}]    " + "".join(f"{column[k]:16.12f}" for column in columns.values()))
size = np.abs(grads["b1"]).max()
apart = {title: np.abs(column - grads["b1"]).max() for title, column in columns.items()}
# Sums of 32 * 64 numbers that go up and down, each with a few roundings.
assert all(apart[title] < 1e-13 * size for title in ("PyTorch", "jax.nn.relu"))
assert apart["jnp.maximum"] > 0.1 * size

# %% [markdown]
# ## The gradients along the way
#
# At three points of PyTorch's training, the first 2 rows of the batch that comes next: every number
# of the hand-written pass (the loss, its slope for each pixel and for each parameter) against
# PyTorch and JAX. The unit is an allowance, what rounding may do to that number in a right program;
# up to 8 is agreement. Differences and the complex step run the forward once for every number,
# minutes here; they hold convolutions to account on smaller images, in `make prove`.

# %%
softmax = layer("softmax")
size = 1 + 2 * 64 + sum(each.size for each in start.values())
found = {}
for epoch in (1, 2, 15):
    images, labels = (each[:2] for each in batches[epoch - 1][0])
    problem = Problem(net, paths["PyTorch"][epoch - 1], images, labels, softmax)
    found[epoch] = list(compare(problem, ("pytorch", "jax")))

print(f"\nThe largest of {size} differences, in allowances (agreement: at most {ALLOWANCES})")
print("  before epoch        PyTorch            JAX")
for epoch, row in found.items():
    print(f"  {epoch:12}" + "".join(f"{each.worst:15.4f}" for each in row))
    assert all(each.agrees and each.entries == size for each in row)

# %% [markdown]
# ## Where the three end
#
# Every library adds up a product in an order of its own, so every update differs in its last
# digits. What becomes of that? Train by hand again, from starts in which every weight is changed by
# a share of itself, up or down: by one unit of the last digit (2**-52), by 1e-8 and by 1e-6.


# %%
def distance(a, b):
    """The length of a - b, all parameters taken as one long vector."""
    return float(np.sqrt(sum(((a[name] - b[name]) ** 2).sum() for name in a)))


nudges = {"the last digit": 2.0**-52, "1e-8": 1e-8, "1e-6": 1e-6}
turned = {}  # of each update: relus, those among them that the pool passes over, windows
for title, nudge in nudges.items():
    signs = np.random.default_rng(1)
    near = {name: w * (1 + nudge * signs.choice([-1, 1], w.shape)) for name, w in start.items()}
    paths[title], losses[title], theirs = walk(near, f"nudged by {title}")
    turned[title] = []
    for (a, a_kept), (b, b_kept) in zip(branches, theirs, strict=True):
        idle = (a != b)[-len(a_kept) :] & ~a_kept & ~b_kept
        counts = (a != b).sum(), idle.sum(), (a_kept != b_kept).sum() / 2
        turned[title].append([int(count) for count in counts])

others = [name for name in paths if name != "by hand"]
drift = {
    name: [distance(a, b) for a, b in zip(paths["by hand"], paths[name], strict=True)]
    for name in others
}
heads = {"PyTorch": "PyTorch", "JAX": "JAX"} | {name: f"nudged {name}" for name in nudges}
heads["the last digit"] = "nudged 2**-52"
print("\nHow far from the parameters trained by hand")
print("  after epoch" + "".join(f"{heads[name]:>15}" for name in others))
for epoch in (0, 1, 2, 5, 10, 15):
    print(f"  {epoch:11}" + "".join(f"{drift[name][epoch]:15.2e}" for name in others))

all_relus = sum(on.size for on, _ in branches)
all_windows = sum(int(kept.sum()) for _, kept in branches)
print("\nBranches that differ from those by hand")
print("                          relus     passed over by the pool     windows of the pool")
print(f"  of               {all_relus:12,}{all_windows:52,}")
for title, counts in turned.items():
    relus, idle, windows = np.sum(counts, axis=0)
    print(f"  {heads[title]:<15}{relus:14,}{idle:28,}{windows:24,}")
    assert (relus == idle) == (title != "1e-6")
    assert (relus == 0) == (title == "the last digit")

# %% [markdown]
# The run nudged in the last digit ends as far away as PyTorch and JAX do: they are its equals. No
# relu turned in it, so nothing jumped; its distance comes from the roundings of the updates, and
# from what the training makes of them. What it makes of them can be read off the run nudged by
# 1e-8, where the nudge drowns the roundings. It ends a few times farther away than it began. The
# one relu that turned in it had lost its window to a neighbour, and no gradient passes there.
#
# Two things are new in each update. Each training rounds every weight, which moves all of them
# together by up to u |w|, with u = 2**-53 and |w| the length of the weights as one vector. And the
# two gradients differ by some e, which gets into w at most 0.05 / (1 - 0.9) = 0.5 times. If all of
# this pulled the same way in every update, and grew as the nudge did, two trainings would end
#
#     (2 u |w| + 0.5 e) * updates * growth
#
# apart. It pulls up as often as down and mostly cancels: steps at random get as far as the root of
# their number.

# %%
U = 2.0**-53
zero = {name: 0 * each for name, each in start.items()}
length = max(distance(each, zero) for each in paths["by hand"])
e = 0.0  # the largest, between any two, on whole batches
for epoch in (1, 2, 15):
    images, labels = batches[epoch - 1][0]
    problem = Problem(net, paths["PyTorch"][epoch - 1], images, labels, softmax)
    grads = [path(name)(problem).params for name in ("by_hand", "pytorch", "jax")]
    e = max(e, *(distance(a, b) for a, b in combinations(grads, 2)))
growth = max(drift["1e-8"]) / drift["1e-8"][0]
bound = (2 * U * length + RATE / (1 - MOMENTUM) * e) * steps * growth

print(f"\nu |w| is at most {U * length:.1e}, e is {e:.1e}, and a nudge grows {growth:.2f} times")
print("Parameters apart in the end")
for name in ("PyTorch", "JAX", "the last digit"):
    print(f"  {heads[name]:<24}{drift[name][-1]:9.1e}")
    assert 0 < drift[name][-1] <= max(drift[name]) <= bound
print(f"  {f'root of {steps} updates':<24}{bound / math.sqrt(steps):9.1e}")
print(f"  {'bound, all one way':<24}{bound:9.1e}")
assert 1 < growth < 10

# %% [markdown]
# ## What would part them
#
# Between its branches a network is smooth, and a small distance stays small. A relu that turns is
# another thing: the gradient jumps, by an amount that does not depend on how near the two runs are.
# In the run nudged by 1e-6 a relu turns in the first epoch. Its jump carries the run farther away,
# where more relus turn, and so on.

# %%
first = next(k for k, counts in enumerate(turned["1e-6"]) if counts[0])
traces = [list(islice(updates(paths[each][0]), first + 6)) for each in ("by hand", "1e-6")]
print("\nNudged by 1e-6, around the first relu that turns")
print("  update   parameters apart   gradients apart   relus turned")
for k in range(first - 2, first + 6):
    (a, da, *_), (b, db, *_) = (trace[k] for trace in traces)
    print(f"  {k + 1:6}{distance(a, b):19.1e}{distance(da, db):18.1e}{turned['1e-6'][k][0]:15}")
ours, theirs = (relu_inputs(trace[first][2]) for trace in traces)
here = np.argmax((ours > 0) != (theirs > 0))
print(f"  The first one gets {ours[here]:.1e} in one run and {theirs[here]:.1e} in the other.")
before, after = (distance(*(trace[k][1] for trace in traces)) for k in (first - 1, first))
assert after > 10 * before
assert drift["1e-6"][-1] / drift["1e-6"][0] > 100 * growth
assert drift["1e-8"][0] > 1e6 * max(drift["PyTorch"][-1], drift["JAX"][-1])

# %% [markdown]
# So trainings with relus keep together as long as no relu that counts stands within their distance
# of its corner. By hand, PyTorch and JAX are 1e-14 apart, and a nudge more than a million times as
# large turned none. But a rounding in float32 is 6e-8 of a number, which is among the nudges here.
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
    title = heads.get(name, name)
    print(f"  {title:<15}{right:5} of {len(y_test)}   {right / len(y_test):.1%}", end="")
    print(f"{other:12,} of {sides[name].size:,} relus differ from by hand")
    assert right >= 0.985 * len(y_test)
for name in ("PyTorch", "JAX"):
    assert np.array_equal(guesses[name], guesses["by hand"])
    assert np.array_equal(sides[name], sides["by hand"])

# %%
if plot_dir:
    import matplotlib

    matplotlib.use("Agg")
    from pathlib import Path

    import matplotlib.pyplot as plt

    figure, (top, below) = plt.subplots(2, 1, figsize=(8, 8), sharex=True, layout="constrained")
    epochs = np.arange(1, EPOCHS + 1)
    looks = {
        "by hand": ("#c6dbef", 9, "-"),
        "PyTorch": ("tab:orange", 3.5, "-"),
        "JAX": ("k", 1.2, "--"),
    }
    for name, (color, width, dashes) in looks.items():
        top.semilogy(epochs, losses[name], dashes, color=color, linewidth=width, label=name)
    top.set(ylabel="mean loss of the epoch (nats)", title="Three trainings, one curve")
    looks |= {
        "1e-6": ("tab:red", 1.5, "-"),
        "1e-8": ("tab:green", 1.5, "-"),
        "the last digit": ("tab:blue", 1.5, "-"),
    }
    for name in ("1e-6", "1e-8", "the last digit", "PyTorch", "JAX"):
        color, width, dashes = looks[name]
        label = name if name in ("PyTorch", "JAX") else f"by hand, nudged by {name}"
        after = [each or math.nan for each in drift[name]]  # a log scale has no 0
        below.semilogy(after, dashes, color=color, linewidth=width, label=label)
    below.axhline(bound, color="tab:gray", linewidth=1, linestyle=":", label="bound")
    below.set(xlabel="epoch", ylabel="distance of the parameters from by hand")
    below.set_title("How far apart: roundings stay small, until a relu turns")
    top.legend()
    below.legend(loc="center right", bbox_to_anchor=(1, 0.76), fontsize="small")
    Path(plot_dir).mkdir(parents=True, exist_ok=True)
    figure.savefig(Path(plot_dir) / "cnn.png", dpi=150)
