"""A GPT of one block learns nine lines by heart, three times, and recites them letter for letter.

Claim: by hand, by PyTorch and by JAX a transformer learns alike: one loss curve, the same words at
every stage. Nearly all that lies between the three is where nobody looks, in the biases of the
keys, whose gradient is 0; the rest grows as any small nudge does, and in float32 2**29 times as far.

    backproof compare 20 [--plot DIR]
"""

# %%
import codecs
import contextlib
import io
import math
from collections import Counter
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import torch
from threadpoolctl import threadpool_limits

from comparisons.show import FOURTH, GRADIENT, PALE, THIRD, VALUE, drawing, figure, keep
from manual.gpt import gpt
from manual.network import layer, network_forward, network_loss
from manual.optimizers import adam

threadpool_limits(1)  # matrices this small lose time when shared out
torch.set_num_threads(1)

# %% [markdown]
# ## The text, and what the loss counts
#
# Every Python brings the Zen of Python along: `import this` prints it. The model reads characters
# of its first nine lines, at most 48 of them, and is to say at every place which one comes next.
# So the text is cut into pieces of 48, at other places in every update. The first piece and the
# last are shorter and filled up; a mask says which places count. The loss is the mean over those.

# %%
with contextlib.redirect_stdout(io.StringIO()):
    import this
text = "\n".join(codecs.decode(this.s, "rot13").split("\n")[:9])
vocabulary = sorted(set(text))
ids = np.array([vocabulary.index(character) for character in text])
V, LENGTH = len(vocabulary), len(text)
T, WIDTH, HEADS = 48, 32, 4
net, start = gpt(V, T, WIDTH, depth=1, heads=HEADS, seed=0)
print(f"{LENGTH} characters, {V} different ones; {sum(w.size for w in start.values())} parameters")


def cut(first):
    """The text in pieces, the first of them `first` characters long: x, y, mask, each (N, T)."""
    ends = [0, *range(first, LENGTH - 1, T), LENGTH - 1]
    x, y = np.zeros((2, len(ends) - 1, T), int)
    mask = np.zeros(x.shape, bool)
    for row, (a, b) in enumerate(pairwise(ends)):
        x[row, : b - a], y[row, : b - a] = ids[a:b], ids[a + 1 : b + 1]
        mask[row, : b - a] = True
    return x, y, mask


def manual_loss(w, x, y, mask):
    """The loss and all gradients."""
    loss, _, grads = network_loss(x, y, w, net, layer("temporal_softmax", mask=mask))
    return float(loss), grads


x, y, mask = cut(20)
loss, grads = manual_loss(start, x, y, mask)
other_loss, other = manual_loss(start, np.where(mask, x, V - 1), np.where(mask, y, -1), mask)
print(f"{len(x)} pieces of {T} are {mask.size} places, of which {mask.sum()} count")
# Every character but the first is asked for once, however the text is cut. A place sees those
# before it alone, and the filling comes last: other characters there do not change the loss.
assert all(cut(first)[2].sum() == LENGTH - 1 for first in range(1, T + 1))
assert math.isclose(loss, other_loss, rel_tol=1e-14)
assert all(np.allclose(grads[name], other[name], rtol=0, atol=1e-14) for name in grads)

# %% [markdown]
# ## Three models
#
# By hand, the model is a list of layers from manual/gpt.py. PyTorch has kernels of its own for
# attention, layer norm and gelu; JAX gets the formulas from the textbook. All numbers are float64.

# %%
NAMES = [f"block1.{name}" for name in "g1 b1 wqkv bqkv wo bo g2 b2 w1 c1 w2 c2".split()]


def manual_scores(w, x):
    return network_forward(x, w, net)[0]


def torch_scores(w, x):
    F = torch.nn.functional
    g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2 = (w[name] for name in NAMES)
    h = w["table"][x] + w["places"]
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

    g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2 = (w[name] for name in NAMES)
    h = w["table"][x] + w["places"]
    q, k, v = map(heads, jnp.split(norm(h, g1, b1) @ wqkv + bqkv, 3, axis=2))
    s = q @ k.swapaxes(2, 3) / math.sqrt(WIDTH // HEADS)
    p = jax.nn.softmax(jnp.where(np.tri(T, dtype=bool), s, -jnp.inf))
    h = h + (p @ v).transpose(0, 2, 1, 3).reshape(h.shape) @ wo + bo
    z = norm(h, g2, b2) @ w1 + c1
    h = h + z * (1 + jax.scipy.special.erf(z / math.sqrt(2))) / 2 @ w2 + c2
    return norm(h, w["g"], w["b"]) @ w["table"].T


def torch_loss(w, x, y, mask):
    """The loss and all gradients, in the number type of w."""
    leaves = {name: each.detach().requires_grad_() for name, each in w.items()}
    ignored = torch.tensor(np.where(mask, y, -100))  # cross_entropy's mark for what does not count
    scores = torch_scores(leaves, torch.tensor(x))
    loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), ignored.flatten())
    slopes = torch.autograd.grad(loss, list(leaves.values()))
    return loss.item(), dict(zip(leaves, slopes, strict=True))


@jax.jit
@jax.value_and_grad
def jax_loss(w, x, y, mask):
    log_p = jax.nn.log_softmax(jax_scores(w, x))
    true = jnp.take_along_axis(log_p, y[..., None], axis=2)[..., 0]
    return -jnp.where(mask, true, 0).sum() / mask.sum()


# %% [markdown]
# ## Three trainings
#
# Adam, with a learning rate that falls in a straight line. Every update sees the whole text, cut
# anew.

# %%
UPDATES, RATE, EPSILON = 400, 0.015, 1e-8
rng = np.random.default_rng(0)
batches = [cut(first) for first in rng.integers(1, T + 1, size=UPDATES)]
rates = [RATE * (1 - k / UPDATES) for k in range(UPDATES)]
MARKS = [0, 1, 2, 3, 5, 7, *range(10, UPDATES + 1, 10)]  # after these, the parameters are kept


def by_hand(params):
    """The parameters at MARKS, and the losses."""
    path, losses, configs = {0: params}, [], dict.fromkeys(params, {})
    for k in range(UPDATES):
        loss, grads = manual_loss(params, *batches[k])
        params = dict(params)
        for name, dw in grads.items():
            config = configs[name] | {"learning_rate": rates[k], "epsilon": EPSILON}
            params[name], configs[name] = adam(params[name], dw, config)
        losses.append(loss)
        path |= {k + 1: params} if k + 1 in MARKS else {}
    return path, losses


def by_torch(dtype):
    w = {name: torch.tensor(each, dtype=dtype) for name, each in start.items()}
    optimizer = torch.optim.Adam(w.values(), eps=EPSILON)
    path, losses = {0: start}, []
    for k in range(UPDATES):
        optimizer.param_groups[0]["lr"] = rates[k]
        loss, slopes = torch_loss(w, *batches[k])
        for name, each in w.items():
            each.grad = slopes[name]
        optimizer.step()
        losses.append(loss)
        if k + 1 in MARKS:
            path[k + 1] = {name: each.numpy().astype(np.float64) for name, each in w.items()}
    return path, losses


def by_jax():
    w, path, losses = start, {0: start}, []
    m = s = {name: 0 * array for name, array in start.items()}
    for k in range(UPDATES):
        loss, dw = jax_loss(w, *batches[k])
        dw = {name: np.asarray(each) for name, each in dw.items()}
        m = {name: 0.9 * m[name] + 0.1 * dw[name] for name in w}
        s = {name: 0.999 * s[name] + 0.001 * dw[name] ** 2 for name in w}
        share, square = 1 - 0.9 ** (k + 1), 1 - 0.999 ** (k + 1)
        steps = {name: m[name] / share / (np.sqrt(s[name] / square) + EPSILON) for name in w}
        w = {name: w[name] - rates[k] * steps[name] for name in w}
        losses.append(float(loss))
        path |= {k + 1: w} if k + 1 in MARKS else {}
    return path, losses


paths, losses = {}, {}
paths["by hand"], losses["by hand"] = by_hand(start)
paths["PyTorch"], losses["PyTorch"] = by_torch(torch.float64)
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
    paths["JAX"], losses["JAX"] = by_jax()
three = ("by hand", "PyTorch", "JAX")

# %% [markdown]
# To know nothing costs the logarithm of the vocabulary. Counting helps: how often a character
# stands in this text, and how often it follows another. No model of single characters or of pairs
# can do better on this text than these two.


# %%
def entropy(pairs):
    """What is left to know of the next character after the context, in nats a character."""
    contexts = Counter()
    for (context, _), count in pairs.items():
        contexts[context] += count
    left = sum(n * math.log(contexts[context] / n) for (context, _), n in pairs.items())
    return left / pairs.total()


print("\nThe loss, in nats a character")
print("  update" + "".join(f"{name:>14}" for name in three))
for k in (1, 10, 50, 100, 200, 400):
    print(f"  {k:6}" + "".join(f"{losses[name][k - 1]:14.6f}" for name in three))
print(f"  knowing nothing     {math.log(V):14.6f}")
print(f"  counting characters {entropy(Counter(('', each) for each in text[1:])):14.6f}")
print(f"  counting pairs      {entropy(Counter(pairwise(text))):14.6f}")
assert all(len({f"{losses[name][k]:.6f}" for name in three}) == 1 for k in range(UPDATES))
assert losses["by hand"][-1] < entropy(Counter(pairwise(text))) / 10

# %% [markdown]
# ```text
#   update       by hand       PyTorch           JAX
#        1      3.492685      3.492685      3.492685
#       10      2.570559      2.570559      2.570559
#       50      1.133875      1.133875      1.133875
# ```
#
# ## What it writes
#
# Each model goes on from the first character of the text, by its own program: it draws the next
# character with the chance that it gives it, from draws that the three share. In the end it takes
# the likeliest instead.


# %%
def write(scores, length, choose):
    """The first character of the text, and what the model adds to it."""
    written = [int(ids[0])]
    while len(written) < length:
        seen = written[-T:]
        x = np.zeros((1, T), int)
        x[0, : len(seen)] = seen  # what comes behind is not looked at
        written.append(int(choose(np.asarray(scores(x))[0, len(seen) - 1])))
    return "".join(vocabulary[each] for each in written)


def program(name, k):
    """The model's own code, with the parameters after update k: x (1, T) -> scores (1, T, V)."""
    w = paths[name][k]
    if name == "PyTorch":
        tensors = {key: torch.tensor(each) for key, each in w.items()}
        return lambda x: torch_scores(tensors, torch.tensor(x))
    return lambda x: (manual_scores if name == "by hand" else jax_jitted)(w, x)


def drawn_by(rng):
    def choose(scores):
        chances = np.exp(scores - scores.max()).cumsum()
        return np.searchsorted(chances, rng.random() * chances[-1], side="right")

    return choose


jax_jitted = jax.jit(jax_scores)
print("\nWhat it writes after so many updates, with the draws of a seed")
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
    for k in (0, 50, 100, 200, 400):
        said = [write(program(name, k), 64, drawn_by(np.random.default_rng(1))) for name in three]
        print(f"  {k:4}  {said[0]!r}")
        assert said[0] == said[1] == said[2]
    recited = [write(program(name, UPDATES), LENGTH, np.argmax) for name in three]
print(f"\n{recited[0]}")
assert all(each == text for each in recited)

# %% [markdown]
# The same words at every stage, and in the end all 242 characters as in the text, from all three.
# It has learnt them by heart: nothing is said here of other texts.
#
# ## Prediction
#
# Where will the three differ? Each rounds in its own way, so everywhere, by parts in 1e16. But look
# at the biases of the keys. A bias that is added to all keys adds one number to all scores of a
# query, and softmax does not see it: the gradient is exactly 0. What comes out in its place is a
# sum that cancels, the dust of its roundings, and each of the three has its own dust. SGD would
# leave it at that. Adam divides a gradient by its usual size plus epsilon: dust of 1e-20 by 1e-8,
# which makes a step of 1e-12 times the rate. That is more than a rounding moves anything else. So
# most of what lies between the three will be in these 32 of 15,360 numbers, and it does no harm, as
# softmax does not see where they end up either.
#
# The others get the roundings. A gelu has no corner, so nothing jumps as in script 19; but where a
# network moves far, what lies between two runs is carried along. A nudge of the start by a
# trillionth and the roundings should grow alike: their quotient should stand still, from the first
# update to the last. And float32, whose unit is 2**29 times as large, should end 2**29 times as far
# away, a few parts in a thousand.


# %%
def distance(a, b):
    """The length of a - b: of the biases of the keys alone, and of all other parameters."""
    middle = slice(WIDTH, 2 * WIDTH)  # bqkv holds the biases of queries, keys and values
    alone = float(np.sum((a["block1.bqkv"] - b["block1.bqkv"])[middle] ** 2))
    both = sum(float(np.sum((a[name] - np.asarray(b[name])) ** 2)) for name in a)
    return math.sqrt(alone), math.sqrt(max(both - alone, 0.0))


zero = {name: 0 * each for name, each in start.items()}
print("\nGradients: their length in the biases of the keys, in the others; how far from by hand")
for k in (0, UPDATES - 100):
    w, batch = paths["by hand"][k], batches[k]
    slopes = {"by hand": manual_loss(w, *batch)[1]}
    tensors = {name: torch.tensor(each) for name, each in w.items()}
    slopes["PyTorch"] = {
        name: each.numpy() for name, each in torch_loss(tensors, *batch)[1].items()
    }
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        slopes["JAX"] = {name: np.asarray(each) for name, each in jax_loss(w, *batch)[1].items()}
    for name in three:
        dust, size = distance(slopes[name], zero)
        _, off = distance(slopes["by hand"], slopes[name])
        print(f"  after update {k:3}   {name:<8}{dust:12.1e}{size:12.6f}{off:10.1e}")
        assert dust < 1e-14 * size and off < 1e-13 * size

ones = np.repeat([0.0, 1.0, 0.0], WIDTH)
moved = {name: w + ones if name.endswith("bqkv") else w for name, w in start.items()}
assert math.isclose(manual_loss(moved, *cut(20))[0], loss, rel_tol=1e-12)  # unseen

signs = np.random.default_rng(1)
near = {name: w * (1 + 1e-12 * signs.choice([-1, 1], w.shape)) for name, w in start.items()}
paths["nudged 1e-12"], losses["nudged 1e-12"] = by_hand(near)
paths["float32"], losses["float32"] = by_torch(torch.float32)
drift = {
    name: {k: distance(paths["by hand"][k], paths[name][k]) for k in MARKS}
    for name in ("PyTorch", "JAX", "nudged 1e-12", "float32")
}
print("\nParameters, how far from by hand: in the biases of the keys, and in the others")
print("  update" + "".join(f"{name:>22}" for name in drift))
for k in (1, 5, 10, 50, 100, 200, 400):
    print(f"  {k:6}" + "".join("{:13.1e}{:9.1e}".format(*each[k]) for each in drift.values()))
for name in ("PyTorch", "JAX"):
    assert all(drift[name][k][0] > 10 * drift[name][k][1] for k in MARKS if k >= 10)

# %% [markdown]
# As predicted: from the tenth update on the biases of the keys hold more than nine tenths of what
# lies between the three. Now the others, in shares of what the nudge has become.

# %%
nudged = {k: drift["nudged 1e-12"][k][1] for k in MARKS}
print("\nThe others, nudged by 1e-12; and in shares of that")
print("  update   nudged 1e-12        PyTorch            JAX        float32")
shares = {name: [drift[name][k][1] / nudged[k] for k in MARKS[1:]] for name in drift}
for k in (1, 10, 50, 100, 200, 400):
    row = [shares[name][MARKS.index(k) - 1] for name in ("PyTorch", "JAX", "float32")]
    print(f"  {k:6}{nudged[k]:15.1e}" + "".join(f"{share:15.1e}" for share in row))
_, travelled = distance(start, paths["by hand"][UPDATES])
quotient = drift["float32"][UPDATES][1] / drift["PyTorch"][UPDATES][1]
print(
    f"The others travel {travelled:.1f}. The nudge grows {nudged[UPDATES] / nudged[0]:.0f} times."
)
print(f"In float32 they end {quotient / 2**29:.1f} times 2**29 times as far away as in float64.")
assert nudged[UPDATES] > 100 * nudged[0]
assert all(max(shares[name]) < 3 * min(shares[name]) for name in ("PyTorch", "JAX"))
# Roundings up and down, so a power of ten is all that can be asked.
assert 0.1 < quotient / 2**29 < 10
assert f"{losses['float32'][-1]:.3f}" == f"{losses['by hand'][-1]:.3f}"

# %% [markdown]
# The nudge grows a few hundred times, and the roundings keep their share of it all the way: the
# training multiplies what is there, whoever put it there. In float64 that leaves some twelve of
# sixteen digits, in float32 three of seven, enough for one loss and one text.
#
# ## What to remember
#
# Before you conclude from two parameters that differ that a gradient is wrong, ask whether the loss
# can see them. Adam turns a gradient of 0 and its dust into steps; it has no way to tell them from
# a gradient that is small. Compare gradients, not where they have led.

# %%
if drawing():
    drawn, (left, right) = figure(9.5, 4.2, columns=2)
    looks = {"by hand": (PALE, 7, "-"), "PyTorch": (THIRD, 2.5, "-"), "JAX": ("0.1", 1, "--")}
    for name, (color, width, dashes) in looks.items():
        means = [np.mean(losses[name][a:b]) for a, b in pairwise(MARKS)]  # since the last mark
        left.loglog(MARKS[1:], means, dashes, color=color, linewidth=width, label=name)
    pairs = entropy(Counter(pairwise(text)))
    left.axhline(pairs, color="0.6", linewidth=1, linestyle=":")
    left.annotate("counting pairs", (1, pairs * 0.9), color="0.4", fontsize=8, va="top")
    left.set(xlabel="update", ylabel="loss (nats a character)", title="Three trainings, one curve")
    left.legend()
    looks |= {"float32": (GRADIENT, 1.5, "-"), "nudged 1e-12": (VALUE, 1.5, "-")}
    for name in ("float32", "nudged 1e-12", "PyTorch", "JAX"):
        color, width, dashes = looks[name]
        right.loglog(MARKS[1:], [drift[name][k][1] for k in MARKS[1:]], dashes,
                     color=color, linewidth=width, label=name)  # fmt: skip
    keys = [drift["PyTorch"][k][0] for k in MARKS[1:]]
    right.loglog(MARKS[1:], keys, ":", color=FOURTH, label="PyTorch, biases of the keys")
    right.set(xlabel="update", ylabel="distance from the parameters by hand", ylim=(1e-15, 1e2))
    right.set_title("What lies between them")
    right.legend(fontsize=8, ncols=2, loc="upper left")
    keep(drawn, "20_gpt_curves")
