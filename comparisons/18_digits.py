"""Handwritten digits, learnt three times: by our backprop, by PyTorch and by JAX.

Shows one network trained from the same start on the same batches with three gradients: the loss
curves coincide, the gradients agree along the way, and the parameters end a hair apart. Why not
in the same place, and how wide the hair may be, is worked out and asserted.

    python comparisons/02_digits.py [--plot DIR]
"""

# %%
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import torch
from rich.progress import track
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from manual.network import layer, mlp, network_forward
from manual.optimizers import momentum
from manual.train import train
from reference.agreement import ALLOWANCES, compare
from reference.paths import PATHS, path
from reference.problem import Problem

plot_dir = sys.argv[sys.argv.index("--plot") + 1] if "--plot" in sys.argv else None

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
EPOCHS, BATCH, RATE, MOMENTUM = 30, 32, 0.1, 0.9
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
ends["by hand"], losses["by hand"] = by_hand(start, progress=partial(track, description="by hand"))

rng = np.random.default_rng(0)
orders = [rng.permutation(N) for _ in range(EPOCHS)]

# %%
torch.set_num_threads(1)  # matrices this small lose time when shared out
w = {name: torch.tensor(array, requires_grad=True) for name, array in start.items()}
optimizer = torch.optim.SGD(w.values(), lr=RATE, momentum=MOMENTUM)
x_torch, y_torch = torch.tensor(x), torch.tensor(y)
snapshots, losses["PyTorch"] = [], []
for order in track(orders, description="PyTorch"):
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
    for order in track(orders, description="JAX    "):
        total = 0.0
        for rows in np.split(order, batches):
            w, v, loss = jax_step(w, v, x[rows], y[rows])
            total += float(loss) * len(rows)
        losses["JAX"].append(total / N)
    ends["JAX"] = {name: np.asarray(each) for name, each in w.items()}

# %%
print("\nThe mean loss of an epoch, in nats")
print("  epoch" + "".join(f"{name:>22}" for name in losses))
for epoch in (1, 2, 5, 10, 20, 30):
    print(f"  {epoch:5}" + "".join(f"{curve[epoch - 1]:22.17f}" for curve in losses.values()))

# %% [markdown]
# ## The gradients along the way
#
# At four points of PyTorch's training, the first 4 rows of the batch that comes next: every number
# of the hand-written pass (the loss, its slope for each pixel and for each parameter) against four
# other ways to it. The unit is an allowance, what rounding may do to that number in a right
# program; up to 8 is agreement.

# %%
size = 1 + 4 * 64 + sum(each.size for each in start.values())
found = {}
for epoch in (1, 2, 10, 30):
    rows = orders[epoch - 1][:4]
    found[epoch] = list(compare(Problem(net, snapshots[epoch - 1], x[rows], y[rows], softmax)))

print(f"\nThe largest of {size} differences, in allowances (agreement: at most {ALLOWANCES})")
print("  before epoch" + "".join(f"{name:>15}" for name in PATHS))
for epoch, row in found.items():
    print(f"  {epoch:12}" + "".join(f"{each.worst:15.4f}" for each in row))
    assert all(each.agrees for each in row)
    # Where a finite difference would step over a relu's corner it has no say, and is left out.
    assert all(each.entries == size for each in row if each.path != "differences")
    assert all(each.entries >= 0.99 * size for each in row)

first = found[1][0]
print(f"\n  the largest against PyTorch before epoch 1, at {first.where}:")
print(f"    by hand {first.got:.18f}\n    PyTorch {first.expected:.18f}")

# %% [markdown]
# They are not equal because a sum of floats depends on its order: (a + b) + c and a + (b + c) may
# differ in the last digit, and every library adds up a matrix product in an order of its own.

# %%
assert (0.1 + 0.2) + 0.3 != 0.1 + (0.2 + 0.3)

# %% [markdown]
# ## Where the three end
#
# Such differences travel with the training. To see what it makes of them, train by hand once more
# from a start in which every weight is changed by a trillionth of itself, and compare: how far are
# the starts apart, and how far the ends?
#
# An update rounds every weight, which moves all of them together by up to u |w|, with u = 2**-53
# and |w| the length of the weights as one vector. The gradient's own error gets into w in full, as
# 0.1 / (1 - 0.9) = 1, but it is below u |w|, as whole batches show. If all these errors pulled the
# same way in every update, and grew as the changed start did, two trainings would end
#
#     2 * 2 * u |w| * updates * growth
#
# apart: two errors an update, in each of the two trainings. They go up as often as down and mostly
# cancel, so this is generous. The losses get the same bound, with a growth of their own.


# %%
def distance(a, b):
    """The length of a - b, all parameters taken as one long vector."""
    return float(np.sqrt(sum(((a[name] - b[name]) ** 2).sum() for name in a)))


U = 2.0**-53
length = max(distance(end, {name: 0 * each for name, each in end.items()}) for end in ends.values())
for epoch in found:
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
bound = 2 * 2 * U * length * steps * growth
loss_bound = 2 * 2 * U * length * steps * loss_growth

print(
    f"\nThe parameters travel {distance(start, ends['by hand']):.1f}, to a length of {length:.1f}."
)
print(f"A small change of the start is {growth:.1f} times as large at the end.")
print("\n                       parameters apart     losses apart (relative, worst epoch)")
for a, b in (("by hand", "PyTorch"), ("by hand", "JAX"), ("PyTorch", "JAX")):
    drift = distance(ends[a], ends[b])
    loss_drift = np.max(np.abs(curves[a] / curves[b] - 1))
    print(f"  {a + ', ' + b:<20}{drift:12.1e}{loss_drift:21.1e}")
    assert 0 < drift <= bound
    assert loss_drift <= loss_bound
print(f"  {'bound':<20}{bound:12.1e}{loss_bound:21.1e}")

# %% [markdown]
# ## The test
#
# Three networks a hair apart read all 450 test digits alike.

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

# %%
if plot_dir:
    import matplotlib

    matplotlib.use("Agg")
    from pathlib import Path

    import matplotlib.pyplot as plt

    figure, (top, below) = plt.subplots(2, 1, figsize=(8, 7), sharex=True, layout="constrained")
    epochs = np.arange(1, EPOCHS + 1)
    looks = {
        "by hand": ("#c6dbef", 9, "-"),
        "PyTorch": ("tab:orange", 3.5, "-"),
        "JAX": ("k", 1.2, "--"),
    }
    for name, (color, width, dashes) in looks.items():
        top.semilogy(epochs, curves[name], dashes, color=color, linewidth=width, label=name)
    top.set(ylabel="mean loss of the epoch (nats)", title="Three trainings, one curve")
    for name in ("PyTorch", "JAX"):
        color, _, dashes = looks[name]
        gap = (curves[name] / curves["by hand"] - 1) * 1e15
        below.plot(epochs, gap, dashes, marker="o", markersize=3, color=color, label=name)
    below.set(xlabel="epoch", title="What lies between them")
    below.set_ylabel("loss, relative to by hand, minus 1\n(in units of 10⁻¹⁵)")
    below.axhline(0, color="#c6dbef", linewidth=4, zorder=0, label="by hand")
    top.legend()
    below.legend()
    Path(plot_dir).mkdir(parents=True, exist_ok=True)
    figure.savefig(Path(plot_dir) / "digits.png", dpi=150)
