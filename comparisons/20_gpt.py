"""A GPT of one block learns nine lines by heart, three times, and recites them.

Claim: by hand, by PyTorch and by JAX a transformer learns alike: one loss curve, the same words at
every stage. Nearly all that lies between the three is where nobody looks, in the biases of the
keys, whose gradient is 0. The rest grows as any small nudge does, so float32 can be predicted.

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

from comparisons.show import FOURTH, GRADIENT, THIRD, VALUE, drawing, figure, keep
from manual.gpt import gpt
from manual.network import layer, network_forward, network_loss
from manual.optimizers import adam

limits = threadpool_limits(1)  # matrices this small lose time when shared out
torch.set_num_threads(1)

# %% [markdown]
# ## The text, and what the loss counts
#
# Every Python brings the Zen of Python along: `import this` prints it. The model learns its first
# nine lines, one of them empty. It reads at most 48 characters at a time, and is to say at every
# place which one comes next.
# So the text is cut into pieces of 48, at other places in every update. The first piece and the
# last are shorter and filled up; a mask says which places count. The loss is the mean over those.

# %%
with contextlib.redirect_stdout(io.StringIO()):
    import this
text = "\n".join(codecs.decode(this.s, "rot13").split("\n")[:9])
vocabulary = sorted(set(text))
ids = np.array([vocabulary.index(character) for character in text])
V, LENGTH = len(vocabulary), len(text)
T, WIDTH, HEADS = 48, 24, 4
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


def by_hand(w, x, y, mask):
    """The loss and the gradient of every parameter."""
    loss, _, grads = network_loss(x, y, w, net, layer("temporal_softmax", mask=mask))
    return float(loss), grads


x, y, mask = cut(20)
loss, grads = by_hand(start, x, y, mask)
other_loss, other = by_hand(start, np.where(mask, x, V - 1), np.where(mask, y, -1), mask)
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
NAMES = [name for name in start if name.startswith("block1")]  # g1 b1 wqkv bqkv wo bo g2 ...


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


def by_torch(w, x, y, mask):
    leaves = {name: torch.tensor(each, requires_grad=True) for name, each in w.items()}
    ignored = torch.tensor(np.where(mask, y, -100))  # cross_entropy's mark for what does not count
    scores = torch_scores(leaves, torch.tensor(x))
    loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), ignored.flatten())
    loss.backward()
    return loss.item(), {name: np.asarray(each.grad) for name, each in leaves.items()}


@jax.jit
@jax.value_and_grad
def jax_loss(w, x, y, mask):
    log_p = jax.nn.log_softmax(jax_scores(w, x))
    true = jnp.take_along_axis(log_p, y[..., None], axis=2)[..., 0]
    return -jnp.where(mask, true, 0).sum() / mask.sum()


def by_jax(w, x, y, mask):
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        loss, grads = jax_loss(w, x, y, mask)
    return float(loss), {name: np.asarray(each) for name, each in grads.items()}


# %% [markdown]
# ## Three trainings
#
# Adam, with a learning rate that falls in a straight line. Every update sees the whole text, cut
# anew. The update is one and the same code for all three (script 16 holds it against PyTorch's), so
# that whatever differs comes from the gradients.

# %%
UPDATES = 350
rng = np.random.default_rng(0)
batches = [cut(first) for first in rng.integers(1, T + 1, size=UPDATES)]
MARKS = [0, 1, 2, 3, 5, 7, *range(10, UPDATES + 1, 10)]  # after these, the parameters are kept


def trained(gradients, params):
    """The parameters at MARKS, and the losses."""
    path, losses, configs = {0: params}, [], {name: {} for name in params}
    for k, batch in enumerate(batches):
        loss, grads = gradients(params, *batch)
        losses.append(loss)
        params = dict(params)
        for name in params:
            config = configs[name] | {"learning_rate": 0.012 * (1 - k / UPDATES)}
            params[name], configs[name] = adam(params[name], grads[name], config)
        path |= {k + 1: params} if k + 1 in MARKS else {}
    return path, losses


three = {"by hand": by_hand, "PyTorch": by_torch, "JAX": by_jax}
runs = {name: trained(gradients, start) for name, gradients in three.items()}
losses = {name: curve for name, (_, curve) in runs.items()}

# %% [markdown]
# What is the loss worth? To know nothing costs the logarithm of the vocabulary. Counting helps: no
# model that looks at one character to foretell the next does better on this text than one that has
# counted how often each follows each.

# %%
pairs, firsts = Counter(pairwise(text)), Counter(text[:-1])
counting = sum(n * math.log(firsts[a] / n) for (a, _), n in pairs.items()) / pairs.total()
print("\nThe loss, in nats a character")
print("  update" + "".join(f"{name:>14}" for name in three))
for k in (1, 10, 50, 100, 200, UPDATES):
    print(f"  {k:6}" + "".join(f"{losses[name][k - 1]:14.6f}" for name in three))
print(f"  knowing nothing     {math.log(V):14.6f}")
print(f"  counting pairs      {counting:14.6f}")
assert all(len({f"{losses[name][k]:.6f}" for name in three}) == 1 for k in range(UPDATES))
assert losses["by hand"][-1] < counting / 10

# %% [markdown]
# ```text
#   update       by hand       PyTorch           JAX
#        1      3.491438      3.491438      3.491438
#       10      2.565966      2.565966      2.565966
#       50      1.189849      1.189849      1.189849
#      100      0.772949      0.772949      0.772949
# ```
#
# ## What it writes
#
# Each model goes on from the first character of the text, by its own program: it draws the next
# character with the chance that it gives it, from draws that the three share. In the end it takes
# the likeliest instead.


# %%
def write(scores, length, rng=None):
    """The first character of the text, and what the model adds: drawn, or the likeliest."""
    written = [int(ids[0])]
    while len(written) < length:
        seen = written[-T:]
        x = np.zeros((1, T), int)
        x[0, : len(seen)] = seen  # what comes behind is not looked at
        last = np.asarray(scores(x))[0, len(seen) - 1]
        sums = np.exp(last - last.max()).cumsum()
        draw = (
            np.searchsorted(sums, rng.random() * sums[-1], side="right") if rng else last.argmax()
        )
        written.append(int(draw))
    return "".join(vocabulary[each] for each in written)


def program(name, k):
    """The model's own code, with the parameters after update k: x (1, T) -> scores (1, T, V)."""
    w = runs[name][0][k]
    if name == "PyTorch":
        tensors = {key: torch.tensor(each) for key, each in w.items()}
        return lambda x: torch_scores(tensors, torch.tensor(x))
    return lambda x: jax_jitted(w, x) if name == "JAX" else network_forward(x, w, net)[0]


jax_jitted = jax.jit(jax_scores)
print("\nWhat it writes after so many updates, with the draws of a seed")
with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
    for k in (0, 50, 100, 200, UPDATES):
        said = [write(program(name, k), 64, np.random.default_rng(1)) for name in three]
        print(f"  {k:4}  {said[0]!r}")
        assert said[0] == said[1] == said[2]
    recited = [write(program(name, UPDATES), LENGTH) for name in three]
print(f"\n{recited[0]}")
assert all(each == text for each in recited)

# %% [markdown]
# ```text
#      0  'TdxBxSarZf neToRcBaEPnRcyynfRCxeBiohu ec,isgPrdeoCrlpEpE,rstdR\ni'
#     50  'Thhex Zen Benim Tim Pim tthom thaners\nEx futethan omplifattter i'
#    100  'The ulex cated.\nFlat is uter der than d.\nSpar is compar betten t'
#    200  'The Zen of Python, by Tim Peters\n\nBeautiful is better than uglat'
#    350  'The Zen of Python, by Tim Peters\n\nBeautiful is better than uglex'
# ```
#
# The likeliest character each time, after the last update:
#
# ```text
# The Zen of Python, by Tim Peters
#
# Beautiful is better than ugly.
# Explicit is better than implicit.
# Simple is better than complex.
# Complex is better than complicated.
# Flat is better than nested.
# Sparse is better than dense.
# Readability counts.
# ```
#
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
# which makes a step of rate times 1e-12. That is more than a rounding moves anything else. So most
# of what lies between the three will be in these 24 of 9,216 numbers, and it does no harm, as
# softmax does not see where they end up either. In float32 dust is 2**29 times as large, and not so
# far below epsilon: Adam will make steps of it that anybody can see.
#
# The others get the roundings. A gelu has no corner, so nothing jumps as in script 19; but where a
# network moves far, what lies between two runs is carried along. Roundings, and a nudge of the
# start by a trillionth, should grow by the same factor: while they are small, only their size
# counts. And float32, whose unit is 2**29 times as large, should end 2**29 times as far away.


# %%
def distance(a, b):
    """The length of a - b: of the biases of the keys alone, and of all other parameters."""
    middle = slice(WIDTH, 2 * WIDTH)  # bqkv holds the biases of queries, keys and values
    alone = float(np.sum((a["block1.bqkv"] - b["block1.bqkv"])[middle] ** 2))
    both = sum(float(np.sum((a[name] - np.asarray(b[name])) ** 2)) for name in a)
    return math.sqrt(alone), math.sqrt(max(both - alone, 0.0))


zero = {name: 0 * each for name, each in start.items()}
slopes = {name: gradients(start, *batches[0])[1] for name, gradients in three.items()}
print("\nThe length of the first gradient")
for name, each in slopes.items():
    dust, size = distance(each, zero)
    print(f"  {name:<8}{size:9.6f}, and in the biases of the keys{dust:9.1e}")
    # Sums of 288 products, of which few round the same way.
    assert dust < 1e-15 * size and distance(each, slopes["by hand"])[1] < 1e-14 * size
ones = np.repeat([0.0, 1.0, 0.0], WIDTH)
moved = {name: w + ones if name.endswith("bqkv") else w for name, w in start.items()}
assert math.isclose(by_hand(moved, *cut(20))[0], loss, rel_tol=1e-12)  # unseen

signs = np.random.default_rng(1)
near = {name: w * (1 + 1e-12 * signs.choice([-1, 1], w.shape)) for name, w in start.items()}
runs["nudged 1e-12"] = trained(by_hand, near)
runs["float32"] = trained(by_torch, {name: w.astype(np.float32) for name, w in start.items()})
paths = {name: path for name, (path, _) in runs.items()}
keys = np.s_[:, WIDTH : 2 * WIDTH]
print("\nThe length of the gradient of the keys' weights, and of the keys' biases")
print("  update      weights       biases   in float32")
for k in (0, 10, 100, 200):
    grads = by_hand(paths["by hand"][k], *batches[k])[1]
    seen, dust = float(np.linalg.norm(grads["block1.wqkv"][keys])), distance(grads, zero)[0]
    coarse = distance(by_torch(paths["float32"][k], *batches[k])[1], zero)[0]
    print(f"  {k:6}{seen:13.1e}{dust:13.1e}{coarse:13.1e}")
    assert 0.05 < dust / seen * 2**53 < 5 and 0.05 < coarse / seen * 2**24 < 5
end = {name: w.astype(float) for name, w in paths["float32"][UPDATES].items()}
without = end | {"block1.bqkv": end["block1.bqkv"] * np.repeat([1.0, 0.0, 1.0], WIDTH)}
with_them, without_them = (by_hand(w, *cut(20))[0] for w in (end, without))
assert math.isclose(with_them, without_them, rel_tol=1e-12)  # unseen, wherever they went
drift = {
    name: {k: distance(paths["by hand"][k], paths[name][k]) for k in MARKS}
    for name in ("PyTorch", "JAX", "nudged 1e-12", "float32")
}
print("\nParameters, how far from by hand: in the biases of the keys, and in the others")
print("  update" + "".join(f"{name:>22}" for name in drift))
for k in (0, 1, 5, 10, 50, 100, 200, UPDATES):
    print(f"  {k:6}" + "".join("{:13.1e}{:9.1e}".format(*each[k]) for each in drift.values()))
for name in ("PyTorch", "JAX"):
    assert all(drift[name][k][0] > 10 * drift[name][k][1] for k in MARKS if k >= 10)

nudged = [drift["nudged 1e-12"][k][1] for k in MARKS[1:]]
print(f"\nAfter the first update the others, nudged, grow {nudged[-1] / nudged[0]:.0f} times")
for name in ("PyTorch", "JAX"):
    shares = [drift[name][k][1] / each for k, each in zip(MARKS[1:], nudged, strict=True)]
    print(f"  {name:<8} has from {min(shares):.1e} to {max(shares):.1e} of that at any time")
    assert max(shares) < 10 * min(shares)
quotient = drift["float32"][UPDATES][1] / drift["PyTorch"][UPDATES][1] / 2**29
print(f"  float32  ends {quotient:.1f} times 2**29 times as far away as PyTorch in float64")
assert nudged[-1] > 30 * nudged[0]
assert 0.1 < quotient < 10  # roundings go up and down: no more than their size can be foretold
assert f"{runs['float32'][1][-1]:.4f}" == f"{losses['by hand'][-1]:.4f}"

# %% [markdown]
# ```text noise
# The length of the first gradient
#   by hand  1.325247, and in the biases of the keys  1.1e-20
#   PyTorch  1.325247, and in the biases of the keys  1.5e-20
#   JAX      1.325247, and in the biases of the keys  1.3e-20
#
# The length of the gradient of the keys' weights, and of the keys' biases
#   update      weights       biases   in float32
#        0      3.5e-04      1.1e-20      7.5e-12
#       10      5.6e-03      1.8e-19      1.6e-10
#      100      4.0e-01      2.7e-17      1.6e-08
#      200      2.3e-01      1.4e-17      8.7e-09
# ```
#
# ```text noise
# Parameters, how far from by hand: in the biases of the keys, and in the others
#   update               PyTorch                   JAX          nudged 1e-12               float32
#        0      0.0e+00  0.0e+00      0.0e+00  0.0e+00      0.0e+00  8.7e-12      0.0e+00  4.3e-08
#        1      2.2e-14  2.9e-15      1.9e-14  2.5e-15      2.1e-14  9.5e-12      9.0e-06  7.5e-07
#        5      2.1e-13  3.7e-15      3.0e-13  3.6e-15      1.9e-13  1.4e-11      1.0e-04  1.7e-06
#       10      8.6e-13  5.5e-15      1.1e-12  5.3e-15      7.7e-13  2.1e-11      4.2e-04  2.9e-06
#       50      2.4e-11  3.6e-14      2.3e-11  3.7e-14      3.2e-11  1.0e-10      1.3e-02  1.5e-05
#      100      2.2e-10  7.7e-14      1.4e-10  9.4e-14      1.2e-10  2.4e-10      4.4e-02  3.5e-05
#      200      4.0e-10  1.6e-13      2.1e-10  2.6e-13      3.0e-10  5.7e-10      8.5e-02  7.1e-05
#      350      3.4e-10  2.8e-13      2.3e-10  2.8e-13      2.8e-10  6.8e-10      9.3e-02  8.9e-05
# ```
#
# As predicted. From the tenth update on the biases of the keys hold more than nine tenths of what
# lies between the three. But a step of rate times 1e-12 is that of the first update alone. Dust is
# about a rounding of the numbers that cancel. They grow as the gradient of the keys' weights does,
# a thousandfold in 100 updates, and Adam's steps with them: after 100 the three are 2e-10 apart.
#
# In float32 the dust comes near epsilon: 1.6e-8 in 24 numbers is 3e-9 in each. Adam's steps there
# are then some twentieth of the rate, a quarter of those that the biases of the queries make of
# their gradient. So the biases of the keys end 9e-2 away, a thousand times as far as all the others
# together. The loss does not see it: set them to 0, and it stays the same to 12 digits.
#
# The others grow by a factor of seventy, and stay about the same share of the nudge: the training
# multiplies what is there, whoever put it there.
#
# ## What to remember
#
# Before you conclude from two parameters that differ that a gradient is wrong, ask whether the loss
# can see them. Adam turns a gradient of 0 and its dust into steps; it has no way to tell them from
# a gradient that is small. Compare gradients, not where they have led.

# %%
if drawing():
    drawn, axes = figure(8, 4.4)
    looks = {
        "float32": (GRADIENT, 1.5, "-"),
        "nudged 1e-12": (VALUE, 1.5, "-"),
        "PyTorch": (THIRD, 2.5, "-"),
        "JAX": ("0.1", 1, "--"),
    }
    for name, (color, width, dashes) in looks.items():
        others = [drift[name][k][1] for k in MARKS[1:]]
        axes.loglog(MARKS[1:], others, dashes, color=color, linewidth=width, label=name)
    for name, color in (("float32", GRADIENT), ("PyTorch", FOURTH)):
        alone = [drift[name][k][0] for k in MARKS[1:]]
        axes.loglog(MARKS[1:], alone, ":", color=color, label=f"{name}, biases of the keys")
    axes.set(xlabel="update", ylabel="distance from the parameters by hand", ylim=(1e-15, 1e2))
    axes.set_title("All grow alike, but for the biases of the keys: gradient 0, and Adam's steps")
    axes.legend(fontsize=8, ncols=3, loc="upper left")
    keep(drawn, "20_gpt_drift")

limits.restore_original_limits()
