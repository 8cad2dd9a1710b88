"""A small GPT learns the Zen of Python by heart, three times, and recites it letter for letter.

Shows one transformer trained on the characters of one text, by hand, by PyTorch and by JAX: what
its loss counts and what it is worth, one loss curve, the same words while it learns and after. And
how far roundings carry the three apart, where they come from, and what makes them grow.

    python comparisons/04_gpt.py [--plot DIR]
"""

# %%
import codecs
import contextlib
import io
import math
import sys
from collections import Counter
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import torch
from rich.progress import track
from threadpoolctl import threadpool_limits

from manual.gpt import gpt
from manual.network import layer, network_forward, network_loss
from manual.optimizers import adam

plot_dir = sys.argv[sys.argv.index("--plot") + 1] if "--plot" in sys.argv else None
threadpool_limits(1)  # matrices this small lose time when shared out
torch.set_num_threads(1)

# %% [markdown]
# ## The text
#
# Every Python brings the Zen of Python along: `import this` prints it. The model reads characters,
# and is to say, at every place of the text, which one comes next.

# %%
with contextlib.redirect_stdout(io.StringIO()):
    import this
text = codecs.decode(this.s, "rot13")
vocabulary = sorted(set(text))
ids = np.array([vocabulary.index(character) for character in text])
V, LENGTH = len(vocabulary), len(text)
T, WIDTH, DEPTH, HEADS = 48, 32, 2, 4
net, start = gpt(V, T, WIDTH, DEPTH, HEADS, seed=0)
print(f"{LENGTH} characters, {V} different ones; {sum(w.size for w in start.values())} parameters")
assert text.startswith("The Zen of Python, by Tim Peters\n\nBeautiful is better than ugly.\n")

# %% [markdown]
# ## What the loss counts
#
# The model sees 48 characters at the most, so the text is cut into pieces of 48, at other places in
# every update. The first piece and the last are shorter. They are filled up with padding, and a
# mask says which places count. The loss is the mean over those, in nats: every character but the
# first is asked for once, so it divides by the length less 1, however the text is cut.


# %%
def cut(first):
    """The text in pieces, the first of them `first` characters long: x, y, mask, each (N, T)."""
    ends = [0, *range(first, LENGTH - 1, T), LENGTH - 1]
    x, y = np.zeros((2, len(ends) - 1, T), int)
    mask = np.zeros(x.shape, bool)
    for row, (a, b) in enumerate(pairwise(ends)):
        x[row, : b - a], y[row, : b - a] = ids[a:b], ids[a + 1 : b + 1]
        mask[row, : b - a] = True
    return x, y, mask


def loss_of(mask):
    return layer("temporal_softmax", mask=mask)


x, y, mask = cut(20)
loss, _, grads = network_loss(x, y, start, net, loss_of(mask))
other = np.where(mask, x, V - 1), np.where(mask, y, -1)
padded_loss, _, padded_grads = network_loss(*other, start, net, loss_of(mask))
print(f"\n{len(x)} pieces of {T} are {mask.size} places, of which {mask.sum()} count")
print(f"  the loss at the start                {loss:.15f}")
print(f"  with other characters as the padding {padded_loss:.15f}")
assert all(cut(first)[2].sum() == LENGTH - 1 for first in range(1, T + 1))
# A place sees those before it alone, and padding comes last: it has no way into the loss.
assert math.isclose(loss, padded_loss, rel_tol=1e-14)
assert all(np.allclose(grads[name], padded_grads[name], rtol=0, atol=1e-14) for name in grads)

# %% [markdown]
# ## Three models
#
# By hand, the model is a list of layers from manual/gpt.py. PyTorch has kernels of its own for
# attention, layer norm and gelu; JAX gets the formulas from the textbook. All numbers are float64.

# %%
print("\nThe model by hand")
for part in net:
    print(f"  {part!r}" if len(repr(part)) < 96 else f"  {repr(part)[:93]}...")


def manual_scores(w, x):
    return network_forward(x, w, net)[0]


def torch_scores(w, x):
    F = torch.nn.functional
    h = w["table"][x] + w["places"]
    for k in range(1, DEPTH + 1):
        g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2 = block_of(w, k)
        qkv = (F.layer_norm(h, (WIDTH,), g1, b1) @ wqkv + bqkv).chunk(3, dim=2)
        q, k, v = (each.unflatten(2, (HEADS, -1)).transpose(1, 2) for each in qkv)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = h + seen.transpose(1, 2).flatten(2) @ wo + bo
        h = h + F.gelu(F.layer_norm(h, (WIDTH,), g2, b2) @ w1 + c1) @ w2 + c2
    return F.layer_norm(h, (WIDTH,), w["g"], w["b"]) @ w["table"].T


def jax_scores(w, x):
    def norm(x, gamma, beta):
        mean = x.mean(axis=-1, keepdims=True)
        var = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
        return gamma * (x - mean) / jnp.sqrt(var + 1e-5) + beta

    def heads(x):
        return x.reshape(*x.shape[:2], HEADS, -1).transpose(0, 2, 1, 3)

    h = w["table"][x] + w["places"]
    for k in range(1, DEPTH + 1):
        g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2 = block_of(w, k)
        q, k, v = map(heads, jnp.split(norm(h, g1, b1) @ wqkv + bqkv, 3, axis=2))
        s = q @ k.swapaxes(2, 3) / math.sqrt(WIDTH // HEADS)
        p = jax.nn.softmax(jnp.where(np.tri(T, dtype=bool), s, -jnp.inf))
        h = h + (p @ v).transpose(0, 2, 1, 3).reshape(h.shape) @ wo + bo
        z = norm(h, g2, b2) @ w1 + c1
        h = h + z * (1 + jax.scipy.special.erf(z / math.sqrt(2))) / 2 @ w2 + c2
    return norm(h, w["g"], w["b"]) @ w["table"].T


def block_of(w, k):
    names = "g1 b1 wqkv bqkv wo bo g2 b2 w1 c1 w2 c2"
    return [w[f"block{k}.{name}"] for name in names.split()]


def torch_loss(w, x, y, mask):
    ignored = torch.tensor(np.where(mask, y, -100))  # cross_entropy's mark for what does not count
    scores = torch_scores(w, torch.tensor(x))
    return torch.nn.functional.cross_entropy(scores.flatten(0, 1), ignored.flatten())


def jax_loss(w, x, y, mask):
    log_p = jax.nn.log_softmax(jax_scores(w, x))
    true = jnp.take_along_axis(log_p, y[..., None], axis=2)[..., 0]
    return -jnp.where(mask, true, 0).sum() / mask.sum()


# %% [markdown]
# ## Three trainings
#
# Adam, with a learning rate that falls in a straight line from 0.008 to 0. Every update sees the
# whole text, cut anew, so an update is an epoch.

# %%
UPDATES, RATE, BETAS, EPSILON = 600, 0.008, (0.9, 0.999), 1e-8
rng = np.random.default_rng(0)
batches = [cut(first) for first in rng.integers(1, T + 1, size=UPDATES)]
rates = [RATE * (1 - k / UPDATES) for k in range(UPDATES)]
MARKS = {0, 1, 2, 3, 5, 7, *range(10, UPDATES + 1, 10)}  # after these, the parameters are kept


def by_hand(params, title):
    """The parameters at MARKS, and the losses."""
    path, losses = {0: params}, []
    configs = {name: {"beta1": BETAS[0], "beta2": BETAS[1]} for name in params}
    for k in track(range(UPDATES), description=title):
        x, y, mask = batches[k]
        loss, _, grads = network_loss(x, y, params, net, loss_of(mask))
        params = dict(params)
        for name, dw in grads.items():
            config = configs[name] | {"learning_rate": rates[k], "epsilon": EPSILON}
            params[name], configs[name] = adam(params[name], dw, config)
        losses.append(float(loss))
        if k + 1 in MARKS:
            path[k + 1] = params
    return path, losses


paths, losses = {}, {}
paths["by hand"], losses["by hand"] = by_hand(start, "by hand")


# %%
def by_torch(params, title, dtype=torch.float64):
    w = {name: torch.tensor(each, dtype=dtype, requires_grad=True) for name, each in params.items()}
    optimizer = torch.optim.Adam(w.values(), betas=BETAS, eps=EPSILON)
    path, losses = {0: params}, []
    for k in track(range(UPDATES), description=title):
        optimizer.param_groups[0]["lr"] = rates[k]
        loss = torch_loss(w, *batches[k])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if k + 1 in MARKS:
            path[k + 1] = {name: each.detach().numpy().copy() for name, each in w.items()}
    return path, losses


paths["PyTorch"], losses["PyTorch"] = by_torch(start, "PyTorch")


# %%
@jax.jit
def jax_step(w, m, s, t, rate, x, y, mask):
    loss, dw = jax.value_and_grad(jax_loss)(w, x, y, mask)
    beta1, beta2 = BETAS
    m = {name: beta1 * m[name] + (1 - beta1) * dw[name] for name in w}
    s = {name: beta2 * s[name] + (1 - beta2) * dw[name] ** 2 for name in w}
    for name in w:
        mhat, shat = m[name] / (1 - beta1**t), s[name] / (1 - beta2**t)
        w = w | {name: w[name] - rate * mhat / (jnp.sqrt(shat) + EPSILON)}
    return w, m, s, loss


paths["JAX"], losses["JAX"] = {0: start}, []
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
    w = {name: jnp.asarray(array) for name, array in start.items()}
    m = s = {name: jnp.zeros_like(array) for name, array in w.items()}
    for k in track(range(UPDATES), description="JAX    "):
        w, m, s, loss = jax_step(w, m, s, k + 1.0, rates[k], *batches[k])
        losses["JAX"].append(float(loss))
        if k + 1 in MARKS:
            paths["JAX"][k + 1] = {name: np.asarray(each) for name, each in w.items()}

# %%
print("\nThe loss, in nats")
print("  update" + "".join(f"{name:>22}" for name in losses))
for k in (1, 2, 10, 50, 100, 200, 300, 600):
    print(f"  {k:6}" + "".join(f"{curve[k - 1]:22.17f}" for curve in losses.values()))

# %% [markdown]
# ## What the loss is worth
#
# To know nothing costs the logarithm of the vocabulary. Counting helps: how often a character
# stands in this text, and how often it follows another. No model of single characters or of pairs
# can do better on this text than these two. And no model that is shown pieces can do better than
# one that knows the text by heart: what is left to it is to guess where in the text a piece began,
# which its first few characters do not tell.
#
# The models' losses are means over all 48 ways to cut the text.


# %%
def entropy(pairs):
    """What is left to know of the next character after the context, in nats a character."""
    contexts = Counter()
    for (context, _), count in pairs.items():
        contexts[context] += count
    left = sum(n * math.log(contexts[context] / n) for (context, _), n in pairs.items())
    return left / pairs.total()


unigrams = Counter(("", character) for character in text[1:])
bigrams = Counter(pairwise(text))
in_pieces = Counter()
for first in range(1, T + 1):
    for a in (0, *range(first, LENGTH - 1, T)):
        b = min(first if a == 0 else a + T, LENGTH - 1)
        in_pieces.update((text[a : k + 1], text[k + 1]) for k in range(a, b))

baselines = {
    "knowing nothing": math.log(V),
    "counting characters": entropy(unigrams),
    "counting pairs": entropy(bigrams),
    "by heart": entropy(in_pieces),
}
cuts = [cut(first) for first in range(1, T + 1)]
ends = {name: path[UPDATES] for name, path in paths.items()}
final = {
    "by hand": [network_loss(x, y, ends["by hand"], net, loss_of(m))[0] for x, y, m in cuts],
    "PyTorch": [
        torch_loss({name: torch.tensor(w) for name, w in ends["PyTorch"].items()}, *each).item()
        for each in cuts
    ],
}
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
    compiled = jax.jit(jax_loss)
    final["JAX"] = [float(compiled(ends["JAX"], *each)) for each in cuts]
final = {name: float(np.mean(each)) for name, each in final.items()}

print("\nNats for a character")
for name, value in (baselines | final).items():
    print(f"  {name:<22}{value:14.9f}")
assert all(baselines["by heart"] <= value < 2 * baselines["by heart"] for value in final.values())
assert 2 * baselines["by heart"] < baselines["counting pairs"] / 5

# %% [markdown]
# The model is far below what pairs can give, and near what the text allows. It has learnt it by
# heart: nothing is said here of other texts.
#
# ## What it writes
#
# Each model goes on from the first character of the text, by its own program: it draws the next
# character with the chance that it gives it, from draws that the three share.


# %%
def program(name, w):
    """x (1, T) -> scores (T, V), by the model's own code."""
    if name == "PyTorch":
        w = {key: torch.tensor(each) for key, each in w.items()}
        return lambda x: torch_scores(w, torch.tensor(x))[0].numpy()
    if name == "JAX":
        return lambda x: np.asarray(jax_jitted(w, x)[0])
    return lambda x: manual_scores(w, x)[0]


jax_jitted = jax.jit(jax_scores)


def write(scores, length, choose):
    """The first character of the text, and what the model adds to it."""
    written = [int(ids[0])]
    while len(written) < length:
        seen = written[-T:]
        x = np.zeros((1, T), int)
        x[0, : len(seen)] = seen  # what comes behind is not looked at
        written.append(int(choose(scores(x)[len(seen) - 1])))
    return "".join(vocabulary[each] for each in written)


def drawing(rng, margins):
    """Chooses by chance, and notes how near the draw came to another character."""

    def choose(scores):
        chances = np.exp(scores - scores.max()).cumsum()
        draw = rng.random() * chances[-1]
        margins.append(np.abs(chances - draw).min() / chances[-1])
        return np.searchsorted(chances, draw, side="right")

    return choose


print("\nWhat it writes after so many updates, with the draws of a seed")
three = ("by hand", "PyTorch", "JAX")
margins = []
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]), torch.no_grad():
    for k, seed in [*((k, 1) for k in (0, 20, 50, 100, 150, 200, 300, 600)), (600, 2), (600, 3)]:
        draws = [drawing(np.random.default_rng(seed), margins) for _ in three]
        drawn = [write(program(three[i], paths[three[i]][k]), 66, draws[i]) for i in range(3)]
        print(f"  {k:4} {seed:2}  {drawn[0]!r}")
        assert drawn[0] == drawn[1] == drawn[2]
print(f"  No draw came nearer to another character than a chance of {min(margins):.1e}.")

# %% [markdown]
# The same words at every stage from all three. In the end some draws keep to the text. Others leave
# it, to where the model has never been, and do not find back at once. Now let each take the
# likeliest character instead, 855 times in a row.

# %%
recited, seen_scores = {}, {}
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]), torch.no_grad():
    for name in three:
        seen_scores[name] = []

        def likeliest(scores, kept=seen_scores[name]):
            kept.append(scores)
            return scores.argmax()

        recited[name] = write(program(name, ends[name]), LENGTH, likeliest)

tops = np.sort(seen_scores["by hand"], axis=1)[:, -2:]
gap = float((tops[:, 1] - tops[:, 0]).min())
apart = max(
    float(np.abs(np.subtract(seen_scores[name], seen_scores["by hand"])).max())
    for name in ("PyTorch", "JAX")
)
print("\n" + recited["by hand"])
print("\nRecited: characters as in the text")
for name in three:
    right = sum(a == b for a, b in zip(recited[name], text, strict=True))
    print(f"  {name:<8}{right:4} of {LENGTH}")
    assert recited[name] == text
print(f"The likeliest score leads by {gap:.2f} or more; the three differ by {apart:.1e} at most.")
assert gap > 1000 * apart

# %% [markdown]
# ## Where the three end
#
# First the gradients, on whole batches, at four points of PyTorch's training: how far the others
# are from the hand-written ones, for the length of those.


# %%
def distance(a, b):
    """The length of a - b, all parameters taken as one long vector."""
    return float(np.sqrt(sum(((a[name] - b[name]) ** 2).sum() for name in a)))


zero = {name: 0 * each for name, each in start.items()}
print("\nGradients apart, relative to their length")
print("  before update        PyTorch            JAX")
for k in (0, 100, 300, 590):
    w, batch = paths["PyTorch"][k], batches[k]
    ours = network_loss(*batch[:2], w, net, loss_of(batch[2]))[2]
    leaves = {name: torch.tensor(each, requires_grad=True) for name, each in w.items()}
    torch_loss(leaves, *batch).backward()
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        jax_grads = jax.jit(jax.grad(jax_loss))(w, *batch)
    torch_grads = {name: np.asarray(each.grad) for name, each in leaves.items()}
    theirs = [{name: np.asarray(each[name]) for name in w} for each in (torch_grads, jax_grads)]
    off = [distance(ours, each) / distance(ours, zero) for each in theirs]
    print(f"  {k + 1:13}" + "".join(f"{each:15.1e}" for each in off))
    assert max(off) < 1e-13
    if k == 0:
        at_first = dict(zip(three, [ours, *theirs], strict=True))

# %% [markdown]
# Then the parameters. For comparison, by hand again from starts in which every weight is changed by
# a share of itself, up or down: one unit of the last digit (2**-52), and a trillionth. And PyTorch
# again in float32.

# %%
runs = {}
for title, nudge in {"2**-52": 2.0**-52, "1e-12": 1e-12}.items():
    signs = np.random.default_rng(1)
    near = {name: w * (1 + nudge * signs.choice([-1, 1], w.shape)) for name, w in start.items()}
    runs[f"nudged {title}"] = by_hand(near, f"by hand, nudged by {title}")
runs["float32"] = by_torch(start, "PyTorch, float32", torch.float32)
paths |= {name: path for name, (path, _) in runs.items()}
losses |= {name: curve for name, (_, curve) in runs.items()}
others = [name for name in paths if name != "by hand"]
drift = {
    name: {k: distance(paths["by hand"][k], paths[name][k]) for k in sorted(MARKS)}
    for name in others
}
print("\nHow far from the parameters trained by hand")
print("  after update" + "".join(f"{name:>15}" for name in others))
for k in (0, 1, 5, 10, 20, 50, 100, 200, 300, 600):
    print(f"  {k:12}" + "".join(f"{drift[name][k]:15.1e}" for name in others))
print(f"  {'loss':>12}" + "".join(f"{losses[name][-1]:15.9f}" for name in others))
travelled = distance(start, ends["by hand"])
print(f"  The parameters travel {travelled:.1f}.")
assert all(0 < drift[name][1] < 1e-12 for name in ("PyTorch", "JAX"))

# %% [markdown]
# ## Where nobody looks
#
# At first most of what lies between the three is in 64 of the 28,448 numbers: the biases of the
# keys. A bias that is added to all keys adds one number to all scores of a query, and
# softmax does not see it. So its gradient is 0. But a sum that should be 0 comes out as the dust of
# its roundings, and each of the three has its own dust. Adam divides a gradient by its usual size
# plus epsilon: dust by epsilon alone, by 1e-8, which makes it a hundred million times as large.
# It does no harm: softmax does not see where these biases end up either. Move all of them by 1, and
# the loss stays as it is.


# %%
def keys_and_rest(a, b):
    """The distance of the key biases alone, and that of all other parameters."""
    middle = slice(WIDTH, 2 * WIDTH)  # bqkv holds the biases of queries, keys and values
    keys = [a[name][middle] - b[name][middle] for name in a if name.endswith("bqkv")]
    alone = math.sqrt(sum(float((each**2).sum()) for each in keys))
    return alone, math.sqrt(distance(a, b) ** 2 - alone**2)


ones = np.repeat([0.0, 1.0, 0.0], WIDTH)
moved = {name: w + ones if name.endswith("bqkv") else w for name, w in ends["by hand"].items()}
x, y, mask = batches[0]
print("\nThe loss in the end, and with the biases of all keys moved by 1")
both = [network_loss(x, y, w, net, loss_of(mask))[0] for w in (ends["by hand"], moved)]
print("  {:.16f}\n  {:.16f}".format(*both))
assert math.isclose(*both, rel_tol=1e-12)
print("\nThe length of the first gradient")
for name, each in at_first.items():
    dust, rest = keys_and_rest(each, zero)
    print(f"  {name:<8}{rest:9.6f} and {dust:.1e} in the biases of the keys")
    assert dust < 1e-15 * rest
parts = {
    name: {k: keys_and_rest(paths["by hand"][k], paths[name][k]) for k in sorted(MARKS)}
    for name in others
}
biases = DEPTH * WIDTH
others_of = sum(w.size for w in start.values()) - biases
print(f"\nThe same in two parts: the {biases} biases of the keys, and the {others_of:,} others")
print("  after update               PyTorch                   JAX         nudged 2**-52")
for k in (1, 5, 10, 20, 50, 100, 600):
    print(f"  {k:12}", end="")
    for name in ("PyTorch", "JAX", "nudged 2**-52"):
        print("{:12.1e}{:10.1e}".format(*parts[name][k]), end="")
    print()
assert all(parts[name][10][0] > 5 * parts[name][10][1] for name in ("PyTorch", "JAX"))

# %% [markdown]
# ## What makes roundings grow
#
# The others grow by many powers of ten, while the model learns the most. A nudge of a trillionth
# grows too. How large a share of it is what lies between by hand and PyTorch?

# %%
share = {
    name: {k: parts[name][k][1] / parts["nudged 1e-12"][k][1] for k in sorted(MARKS)}
    for name in ("PyTorch", "JAX", "nudged 2**-52")
}
print("\nThe others, in the run nudged by 1e-12; and in shares of that")
print("  after update   nudged 1e-12" + "".join(f"{name:>15}" for name in share))
for k in (1, 10, 20, 30, 50, 100, 200, 300, 600):
    print(f"  {k:12}{parts['nudged 1e-12'][k][1]:15.1e}", end="")
    print("".join(f"{share[name][k]:15.2e}" for name in share))
growth = parts["nudged 1e-12"][600][1] / parts["nudged 1e-12"][0][1]
since = parts["PyTorch"][600][1] / parts["PyTorch"][50][1]
print(f"  From the start to the end the nudge grows {growth:.1e} times;")
print(f"  after update 50 what lies between by hand and PyTorch grows {since:.1e} times.")
for name in share:
    steady = [share[name][k] for k in MARKS if k >= 50]
    assert max(steady) < 1.5 * min(steady)
assert growth > 1e6 and since > 1e3

# %% [markdown]
# From update 50 on the shares stand still: what is rounded after that no longer counts. The
# training multiplies what lies between two runs, roundings and nudge alike. And it never jumps, as
# in 03_cnn.py: there is no corner in this network.
#
# In the end the three have about half of float64's sixteen digits in common, enough for one curve
# and one text. A rounding in float32 is 2**29 times as large, and as much growth leaves hardly a
# digit: that run ends as another network, which has learnt the text as well. How far off depends on
# the machine.

# %%
assert 1e-9 < max(drift[name][600] for name in ("PyTorch", "JAX")) / travelled < 1e-5
assert drift["float32"][600] > 0.01 * travelled
assert losses["float32"][-1] < 2 * losses["by hand"][-1]

# %%
if plot_dir:
    import matplotlib

    matplotlib.use("Agg")
    from pathlib import Path

    import matplotlib.pyplot as plt

    figure, (top, below) = plt.subplots(2, 1, figsize=(8, 8.5), sharex=True, layout="constrained")
    marks = sorted(MARKS)
    looks = {
        "by hand": ("#c6dbef", 9, "-"),
        "PyTorch": ("tab:orange", 3.5, "-"),
        "JAX": ("k", 1.2, "--"),
        "float32": ("tab:red", 1.5, "-"),
        "nudged 1e-12": ("tab:green", 1.5, "-"),
        "nudged 2**-52": ("tab:blue", 1.5, "-"),
    }
    for name in three:
        color, width, dashes = looks[name]
        means = [np.mean(losses[name][a:b]) for a, b in pairwise(marks)]  # since the last mark
        top.loglog(marks[1:], means, dashes, color=color, linewidth=width, label=name)
    for name in ("counting pairs", "by heart"):
        top.axhline(baselines[name], color="tab:gray", linewidth=1, linestyle=":")
        top.annotate(name, (1, baselines[name] * 1.04), color="tab:gray", fontsize="small")
    top.set(ylabel="loss (nats a character)", title="Three trainings, one curve")
    labels = {
        "float32": "PyTorch in float32",
        "nudged 1e-12": "by hand, nudged by 1e-12",
        "nudged 2**-52": "by hand, nudged by 2**-52",
    }
    for name in ("float32", "nudged 1e-12", "nudged 2**-52", "PyTorch", "JAX"):
        color, width, dashes = looks[name]
        curve = [drift[name][k] for k in marks[1:]]
        title = labels.get(name, name)
        below.loglog(marks[1:], curve, dashes, color=color, linewidth=width, label=title)
    curve = [parts["PyTorch"][k][1] for k in marks[1:]]
    below.loglog(marks[1:], curve, color="tab:orange", linewidth=1, linestyle=":")
    below.annotate(
        "PyTorch without\nthe biases of the keys", (9, 0.6 * parts["PyTorch"][10][1]),
        color="tab:orange", fontsize="small", va="top",
    )  # fmt: skip
    below.axhline(travelled, color="tab:gray", linewidth=1, linestyle=":")
    below.annotate(
        "the way from start to end", (1, travelled * 0.2), color="tab:gray", fontsize="small"
    )
    below.set(xlabel="update", ylim=(1e-16, 300), ylabel="distance of the parameters from by hand")
    below.set_title("What lies between them")
    top.legend()
    below.legend(fontsize="small")
    Path(plot_dir).mkdir(parents=True, exist_ok=True)
    figure.savefig(Path(plot_dir) / "gpt.png", dpi=150)
