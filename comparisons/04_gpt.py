"""A small GPT learns the Zen of Python by heart, three times, and recites it letter for letter.

Shows one transformer trained on the characters of one text, by hand, by PyTorch and by JAX: what
its loss counts and what it is worth, one loss curve, the same words while it learns and after, and
why a hundred millionth part lies between the three in the end where a rounding did at first.

    python comparisons/04_gpt.py [--plot DIR]
"""

# %%
import codecs
import contextlib
import io
import math
import sys
from collections import Counter
from functools import partial

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
net, start = gpt(V, steps=48, width=32, depth=2, heads=4, seed=0)
T, WIDTH, DEPTH, HEADS = 48, 32, 2, 4
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
    for row, (a, b) in enumerate(zip(ends, ends[1:], strict=False)):
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
MARKS = {0, 1, 2, 5, *range(10, UPDATES + 1, 10)}  # after these, the parameters are kept


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


in_x64 = partial(jax.enable_x64, True)
paths["JAX"], losses["JAX"] = {0: start}, []
with in_x64(), jax.default_device(jax.devices("cpu")[0]):
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
# one that knows the text by heart and where a piece has its first character in it as far as the
# piece tells: at the start of a piece that is little.
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
bigrams = Counter(zip(text, text[1:], strict=False))
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
with in_x64(), jax.default_device(jax.devices("cpu")[0]):
    final["JAX"] = [float(jax.jit(jax_loss)(ends["JAX"], *each)) for each in cuts]
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


def drawing(rng):
    """Chooses by chance."""

    def choose(scores):
        chances = np.exp(scores - scores.max()).cumsum()
        return np.searchsorted(chances, rng.random() * chances[-1], side="right")

    return choose


print("\nWhile it learns")
trained = ("by hand", "PyTorch", "JAX")
with in_x64(), jax.default_device(jax.devices("cpu")[0]), torch.no_grad():
    for k in (0, 20, 50, 100, 150, 200, 300, 600):
        drawn = [
            write(program(name, paths[name][k]), 66, drawing(np.random.default_rng(0)))
            for name in trained
        ]
        print(f"  {k:4}  {drawn[0]!r}")
        assert drawn[0] == drawn[1] == drawn[2]

# %% [markdown]
# The same words at every stage from all three. At last, let each take the likeliest character every
# time, 855 times in a row.

# %%
recited, seen_scores = {}, {}
with in_x64(), jax.default_device(jax.devices("cpu")[0]), torch.no_grad():
    for name in trained:
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
for name in trained:
    right = sum(a == b for a, b in zip(recited[name], text, strict=True))
    print(f"  {name:<8}{right:4} of {LENGTH}")
    assert recited[name] == text
print(f"The likeliest score leads by {gap:.2f} or more; the three differ by {apart:.1e} at most.")
assert gap > 1000 * apart

