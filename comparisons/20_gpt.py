"""A GPT of one block learns nine lines by heart, three times, and recites them letter for letter.

Claim: by hand, by PyTorch and by JAX a transformer learns alike: one loss curve, the same words at
every stage. What lies between the three first gathers where nobody looks, in the biases of the
keys, whose gradient is 0; then training multiplies it, by the same factor as any small nudge.

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
