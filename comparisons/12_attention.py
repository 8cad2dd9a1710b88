"""Attention by hand: three products and a softmax, and what its scale and its mask are for.

Claim: without 1 / sqrt(d), at d = 256, most queries are sure of one key and learn next to nothing,
while the mean gradient has doubled. A causal mask can be wrong forward or wrong backward; gradients
from an upstream at one place show both. A query that may see nothing makes gradients nan in PyTorch
and in JAX even where the output has been repaired. Swapped dq and dk cannot be seen if q = k = x.

    backproof compare 12 [--plot DIR]
"""

# %%
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from comparisons.show import GRADIENT, VALUE, drawing, figure, keep, side_by_side
from manual.attention import attention_backward, attention_forward
from manual.network import layer
from reference.agreement import compare
from reference.cards import MISTAKES
from reference.mistakes import with_mistake
from reference.paths import PATHS, path
from reference.problem import Problem

# %% [markdown]
# ## Forward, and backward from the last line to the first
#
#     s   = q k^T / sqrt(d)            (T, S) = (T, d) (d, S)      how well query t fits key s
#     p   = softmax(s), row by row     (T, S)                      the weights of query t
#     out = p v                        (T, M) = (T, S) (S, M)      the mean of v by these weights
#
# Two products, each with the backward of every product (05_shapes.py), and a softmax
# (07_softmax.py):
#
#     dp = dout v^T                    (T, S) = (T, M) (M, S)
#     dv = p^T dout                    (S, M) = (S, T) (T, M)
#     ds = p * (dp - sum_j p[j] dp[j])     (T, S)                  above the row's mean, or below it
#     dq = ds k / sqrt(d)              (T, d) = (T, S) (S, d)
#     dk = ds^T q / sqrt(d)            (S, d) = (S, T) (T, d)
#
# In words: a step downhill moves a key towards the query if its value serves better than what the
# query gets now, and away from it if not.
#
# ## By pencil
#
# Three tokens, d = 4, so sqrt(d) = 2. Choose scores that are logarithms of whole numbers, then the
# weights are fractions. All keys share a 1 in their last column; more of that below.
#
#         2 0 0 1           ln2  0   0  1         s = ln2  0   0     + 1/2    p = 1/2 1/4 1/4
#     q = 0 2 0 1       k =  0  ln2  0  1              0  ln2  0              1/4 1/2 1/4
#         0 0 2 1            0   0  ln3 1              0   0  ln3             1/5 1/5 3/5
#
#         4 0
#     v = 0 8       dout[0] = 1 -1
#         8 4
#
# For the first query: dp = 4, -8, 4. Its mean, by the weights, is 2 - 2 + 1 = 1. So dp less the
# mean is 3, -9, 3, and ds = 3/2, -9/4, 3/4. It sums to 0, as every row of ds must. Then
# dq[0] = ds k / 2 = (3/4 ln2, -9/8 ln2, 3/8 ln3, 0).
#
# The last 0 is no accident: what all keys share, here the 1, adds the same to every score of a row,
# and softmax does not see it.

# %%
ln2, ln3 = math.log(2), math.log(3)
q = np.array([[2.0, 0, 0, 1], [0, 2, 0, 1], [0, 0, 2, 1]])
k = np.array([[ln2, 0, 0, 1], [0, ln2, 0, 1], [0, 0, ln3, 1]])
v = np.array([[4.0, 0], [0, 8], [8, 4]])
dout = np.array([[1.0, -1], [2, 0], [-1, 1]])
_, cache = attention_forward(q, k, v)
dq, dk, dv = attention_backward(dout, cache)
p, ds = cache[3], dk[:, :3].T  # as q / 2 starts with the unit matrix
print("The weights p, and the gradient of the scores ds")
for weights, slopes in zip(p, ds, strict=True):
    print("".join(f"{a:8.4f}" for a in weights) + "    " + "".join(f"{a:8.4f}" for a in slopes))
# Fractions, but for the roundings of logarithms and exponentials.
assert np.allclose(p, [[1 / 2, 1 / 4, 1 / 4], [1 / 4, 1 / 2, 1 / 4], [1 / 5, 1 / 5, 3 / 5]])
assert np.allclose(ds, [[1.5, -2.25, 0.75], [0.5, -3, 2.5], [-0.48, 1.92, -1.44]])
assert np.allclose(dq[0], [3 / 4 * ln2, -9 / 8 * ln2, 3 / 8 * ln3, 0])
assert np.allclose(dv, [[0.8, -0.3], [1.05, -0.05], [0.15, 0.35]])
assert np.abs(dq[:, 3]).max() < 1e-15

pencil = Problem(
    [layer("attention", "k", "v")], {"k": k[None], "v": v[None]}, q[None], dout[None]
)  # fmt: skip
print("\nThe gradients; dx is dq here, the last line is in allowances, up to 8 is agreement")
found = side_by_side(pencil, rows=3, digits=6)
causal = pencil._replace(net=[layer("attention", "k", "v", causal=True)])
found += compare(causal)
assert all(each.agrees for each in found)

# %% [markdown]
# ```text
# The weights p, and the gradient of the scores ds
#   0.5000  0.2500  0.2500      1.5000 -2.2500  0.7500
#   0.2500  0.5000  0.2500      0.5000 -3.0000  2.5000
#   0.2000  0.2000  0.6000     -0.4800  1.9200 -1.4400
#
# The gradients; dx is dq here, the last line is in allowances, up to 8 is agreement
#                       by hand        PyTorch            JAX    differences   complex step
#   dx[0, 0, 0]        0.519860       0.519860       0.519860       0.519860       0.519860
#   dx[0, 0, 1]       -0.779791      -0.779791      -0.779791      -0.779791      -0.779791
#   dx[0, 0, 2]        0.411980       0.411980       0.411980       0.411980       0.411980
# ```
#
# ## Which gradient is wrong says where the mistake is
#
# dv is taken before the softmax, dq and dk after it. So a mistake in the softmax or in the scale
# spares dv, and a mistake in p^T spares the other two.

# %%
mistakes = (
    "attention scale missing in the backward",
    "attention scale missing in dq",
    "attention softmax mean missing",
    "attention softmax diagonal only",
    "attention softmax backward over the queries",
    "attention ds for ds^T",
    "attention dq and dk swapped",
    "attention p for p^T",
)
print("\n                                          dq      dk      dv")
for name in mistakes:
    wrong = with_mistake(MISTAKES[name])(dout, cache)
    right = [np.allclose(a, b) for a, b in zip(wrong, (dq, dk, dv), strict=True)]
    words = "".join("right   " if each else "wrong   " for each in right)
    print(f"  {name.removeprefix('attention '):<40}{words}".rstrip())
    assert not all(right) and right[2] == (name != "attention p for p^T")

# %% [markdown]
# ```text
#                                           dq      dk      dv
#   scale missing in the backward           wrong   wrong   right
#   scale missing in dq                     wrong   right   right
#   softmax mean missing                    wrong   wrong   right
#   softmax diagonal only                   wrong   wrong   right
#   softmax backward over the queries       wrong   wrong   right
#   ds for ds^T                             right   wrong   right
#   dq and dk swapped                       wrong   wrong   right
#   p for p^T                               right   right   wrong
# ```
#
# ## Prediction: why 1 / sqrt(d)
#
# A dot product of d independent terms of variance 1 has variance d. At d = 256 the scores spread by
# 16; between the best of 16 keys and the second best lie several units, and softmax gives the best
# all. Then p is 0 or 1, ds = p (dp - mean) is nearly 0, and the query stops learning.
#
# Most queries, that is. Now and then the two best keys lie within 1 of each other, the less often
# the larger d, and there dq = ds k is large, as |k| is sqrt(d). Few and large: the mean of |dq|
# need not fall. The median will. With the scale, d should make little difference to either.


# %%
def sizes(d: int, scaled: bool) -> tuple[float, np.ndarray, float]:
    """The variance of q k^T; |dq| of 1000 queries, each with 16 keys; how many of them are sure."""
    rng = np.random.default_rng(d)
    shapes = {"q": (1000, 1, d), "k": (1000, 16, d), "v": (1000, 16, 8), "dout": (1000, 1, 8)}
    q, k, v, dout = (rng.standard_normal(shape) for shape in shapes.values())
    factor = 1.0 if scaled else math.sqrt(d)  # undoes the division
    _, cache = attention_forward(q * factor, k, v)
    dq = attention_backward(dout, cache)[0] * factor
    sure = (cache[3].max(axis=-1) > 0.99).mean()
    return (q @ k.swapaxes(1, 2)).var(), np.linalg.norm(dq, axis=(1, 2)), float(sure)


widths, table = (4, 16, 64, 256), {}
print("\n                      with 1 / sqrt(d)             without")
print("     d  variance      mean  median    sure      mean  median    sure")
for d in widths:
    variance, by_scale, sure = sizes(d, True)
    _, bare, bare_sure = sizes(d, False)
    table[d] = [by_scale.mean(), np.median(by_scale), bare.mean(), np.median(bare)]
    print(f"  {d:4}{variance:10.1f}{table[d][0]:10.2f}{table[d][1]:8.2f}{sure:8.1%}", end="")
    print(f"{table[d][2]:10.2f}{table[d][3]:8.2f}{bare_sure:8.1%}")
assert all(0.6 < each < 0.8 for row in table.values() for each in row[:2])
assert table[256][2] > 2 * table[4][2] and table[256][3] < 0.2 * table[4][3] and bare_sure > 0.5

# %% [markdown]
# ```text
#      d  variance      mean  median    sure      mean  median    sure
#      4       4.0      0.73    0.62    0.0%      1.40    1.15    0.3%
#     16      15.7      0.77    0.69    0.0%      2.45    1.79    4.8%
#     64      63.3      0.77    0.70    0.0%      2.89    0.80   34.6%
#    256     249.9      0.79    0.73    0.0%      3.39    0.13   57.5%
# ```
#
# A query is called sure where one weight is above 0.99. Whoever measures the mean gradient alone
# sees it double, and concludes that nothing vanishes.
#
# ## Prediction: what a mask lets through
#
# A masked weight is exactly 0, so ds = p (dp - mean) is exactly 0 there, and a key that no query
# looks at gets exactly 0 for dk and dv. Not nearly 0, and not on one path only: two masks that hide
# the third key, one as filling, one as causal with an upstream for the first two queries.

# %%
filling = layer("attention", "k", "v", mask=np.array([[True, True, False]]))
first_two = dout[None] * np.array([[1], [1], [0]])
for problem in (pencil._replace(net=[filling]), causal._replace(y=first_two)):
    assert all(each.agrees for each in compare(problem))
    for name in ("by_hand", *PATHS):
        grads = path(name)(problem).params
        assert not grads["k"][0, 2].any() and not grads["v"][0, 2].any()
        assert grads["k"][0, 1].any() and grads["v"][0, 1].any()

# %% [markdown]
# What if a query may see nothing? The textbook adds -inf to masked scores, and of a row of -inf
# softmax makes nan: -inf - (-inf). The usual repair puts 0 for such weights, by where, and the
# output is right. The backward is not: where hands 0 back to softmax, softmax multiplies it by its
# nan, and 0 * nan = nan. If the mask was set by where(seen, s, -inf), that where drops the nan on
# its way back. If -inf was added, nothing does. By hand, p is 0 there, and so is all that follows.

# %%
blind = np.array([[True, False, False], [True, True, False], [False, False, False]])


def textbook(lib: Any, softmax: Any, added: bool, repaired: bool, q: Any, k: Any, v: Any) -> Any:
    """Attention as torch and jax.numpy write it; lib is one of the two."""
    seen, s = lib.asarray(blind), q @ k.T / 2
    s = s + lib.where(seen, 0.0, -math.inf) if added else lib.where(seen, s, -math.inf)
    p = softmax(s, -1)
    return (lib.where(seen.any(-1)[:, None], p, 0.0) if repaired else p) @ v


def in_torch(*how: bool) -> list[np.ndarray]:
    moving = [torch.tensor(each, requires_grad=True) for each in (q, k, v)]
    out = textbook(torch, torch.softmax, *how, *moving)
    (out * torch.tensor(dout)).sum().backward()
    return [out.detach().numpy(), *(np.asarray(each.grad) for each in moving)]


def in_jax(*how: bool) -> list[np.ndarray]:
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        out, back = jax.vjp(partial(textbook, jnp, jax.nn.softmax, *how), q, k, v)
        return [np.asarray(each) for each in (out, *back(jnp.asarray(dout)))]


out, cache = attention_forward(q, k, v, mask=blind)
ours = [out, *attention_backward(dout, cache)]
print("\nHow many numbers are nan, where the third query may see nothing")
print("                                 PyTorch                   JAX")
print("                            out  dq  dk  dv       out  dq  dk  dv")
for added, repaired in ((True, False), (True, True), (False, False), (False, True)):
    name = ("-inf added" if added else "-inf by where") + (", p repaired" if repaired else "")
    both = in_torch(added, repaired), in_jax(added, repaired)
    counts = [[int(np.isnan(each).sum()) for each in found] for found in both]
    print(f"  {name:<25}" + "      ".join("".join(f"{n:4}" for n in row) for row in counts))
    assert counts == 2 * [[2 * (not repaired), 4 * added, 12 * added, 6 * (not repaired)]]
    for theirs, mine in zip([*both[0], *both[1]], 2 * ours, strict=True):
        assert (np.isclose(theirs, mine) | np.isnan(theirs)).all()

q32, k32 = (each.astype(np.float32)[None, :, None] for each in (q, k))
of_jax = jax.nn.dot_product_attention(q32, k32, k32, mask=blind[None, None])[0, 2, 0]
q64, k64 = torch.tensor(q), torch.tensor(k)
of_torch = torch.nn.functional.scaled_dot_product_attention(q64, k64, k64, torch.tensor(blind))[2]
assert not out[2].any() and not of_torch.any() and np.allclose(of_jax, k.mean(axis=0), rtol=1e-6)

# %% [markdown]
# ```text
#   -inf added                  2   4  12   6         2   4  12   6
#   -inf added, p repaired      0   4  12   0         0   4  12   0
#   -inf by where               2   0   0   6         2   0   0   6
#   -inf by where, p repaired   0   0   0   0         0   0   0   0
# ```
#
# With -inf added, one blind query makes the gradient of every key nan. The libraries' own functions
# avoid nan, and disagree: for such a query PyTorch's scaled_dot_product_attention gives 0, as we
# do, JAX's dot_product_attention the mean of all values, seen or not.
#
# ## Prediction: causality is a property of gradients
#
# Let every token be query, key and value: q = k = v = x, dx = dq + dk + dv. Causal means that
# out[t] does not depend on x[s] for s > t. In gradients: send an upstream to place t alone, then
# dx[s] is exactly 0 for s > t. Four upstreams make a table, and it must be triangular. (An upstream
# everywhere reaches every token, and shows nothing.) Two mistakes:
#
# The mask after softmax. The weights of later tokens are set to 0, but their scores stand in the
# denominator still. Change the value of a later token, and nothing happens; its gradient as a key
# is not 0.
#
# The mask forgotten in the backward. The output is right, so no test of outputs can see it.
# The table can.

# %%
rng = np.random.default_rng(1)
x, dout = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
_, cache = attention_forward(x, x, x, causal=True)


def by_hand(backward: Callable[..., Any], dout: np.ndarray) -> np.ndarray:
    dq, dk, dv = backward(dout, cache)
    return dq + dk + dv


def late(qk: Any, v: Any) -> Any:
    return torch.tril(torch.softmax(qk @ qk.T / math.sqrt(3), -1)) @ v


def of_late(dout: np.ndarray) -> np.ndarray:
    moving = torch.tensor(x, requires_grad=True)
    (late(moving, moving) * torch.tensor(dout)).sum().backward()
    return np.asarray(moving.grad)


forgetful = with_mistake(MISTAKES["attention mask ignored in the backward"])
print("\nThe largest of |dx[s]|, for an upstream at place t alone")
reach = {}
for title, backward in (
    ("right", partial(by_hand, attention_backward)),
    ("mask after softmax", of_late),
    ("mask forgotten in the backward", partial(by_hand, forgetful)),
):
    alone = [np.eye(4)[:, [t]] * dout for t in range(4)]  # row t of dout, and zeros
    reach[title] = np.array([np.abs(backward(each)).max(axis=1) for each in alone])
    print(f"  {title:<32}" + "".join(f"   s = {s}" for s in range(4)))
    for t, row in enumerate(reach[title]):
        print(f"{'t = ' + str(t):>34}" + "".join(f"{n:8.4f}" if n else "       0" for n in row))
later = np.triu(np.ones((4, 4), bool), 1)
assert [bool(each[later].any()) for each in reach.values()] == [False, True, True]
assert all(each[~later].all() for each in reach.values())
assert all(np.allclose(each[3], reach["right"][3]) for each in reach.values())
changed = x + np.array([[0], [0], [0], [1]])  # a later token
before, after = (torch.tensor(each) for each in (x, changed))
assert torch.equal(late(before, after)[:3], late(before, before)[:3])  # only as a value
assert not torch.isclose(late(after, after)[:3], late(before, before)[:3]).any()

# %% [markdown]
# ```text
#   right                              s = 0   s = 1   s = 2   s = 3
#                              t = 0  0.7365       0       0       0
#                              t = 1  0.0972  0.7616       0       0
#                              t = 2  0.1349  0.4107  0.4309       0
#                              t = 3  0.3502  0.2773  0.3034  0.4608
#   mask after softmax                 s = 0   s = 1   s = 2   s = 3
#                              t = 0  0.3112  0.0191  0.0188  0.0177
# ```
#
# The third table comes with a right output. The second comes with right gradients, PyTorch's, of
# the wrong function. The last row is the same in all three, as the last token may see everything:
# a test that sends its upstream there passes both mistakes.
#
# ## Prediction: a mistake that q = k = x hides
#
# Swap dq and dk. Where queries and keys differ in number the shapes object; where they are as many,
# the numbers do, for dq = ds k and dk = ds^T q differ even for q = k, as ds is not symmetric. But
# where one x is both, dx = dq + dk + dv, and a sum does not tell who is who: the swap is invisible.

# %%
swapped = with_mistake(MISTAKES["attention dq and dk swapped"])
assert np.array_equal(by_hand(swapped, dout), by_hand(attention_backward, dout))
dq, dk, _ = attention_backward(dout, cache)
print(f"\nq = k = x: |dq - dk| up to {np.abs(dq - dk).max():.4f}, and the same dx, swapped or not")
assert not np.isclose(dq, dk).any()

# %% [markdown]
# ## What to remember
#
# dv needs the weights alone; dq and dk pass the softmax, which lives on differences within a row.
# The scale keeps that softmax awake: look at the typical query, not at the mean. And a mask is
# proved by exact zeros of the gradient, from an upstream at one place at a time.

# %%
if drawing():
    picture, axes = figure(8, 3.9, columns=2)
    for ax, numbers, colors, low, high, title in (
        (axes[0], p, "Blues", 0, 1, "the weights p"),
        (axes[1], ds, "RdBu_r", -4, 4, "the gradient of the scores, ds"),
    ):
        ax.pcolormesh(numbers, cmap=colors, vmin=low, vmax=high)
        for (t, s), number in np.ndenumerate(numbers):
            ax.text(s + 0.5, t + 0.5, f"{number:.2f}", ha="center", va="center")
        ax.set(xlabel="key", ylabel="query", title=title, aspect="equal")
        ax.set_xticks([0.5, 1.5, 2.5], ["0", "1", "2"])
        ax.set_yticks([0.5, 1.5, 2.5], ["0", "1", "2"])
        ax.invert_yaxis()
    keep(picture, "12_attention_weights")

    picture, axes = figure(7, 4)
    for column, (name, color, dashes) in enumerate((
        ("mean, with 1 / sqrt(d)", VALUE, "--"),
        ("median, with 1 / sqrt(d)", VALUE, "-"),
        ("mean, without", GRADIENT, "--"),
        ("median, without", GRADIENT, "-"),
    )):  # fmt: skip
        line = [table[d][column] for d in widths]
        axes.loglog(widths, line, dashes, marker="o", color=color, label=name)
    axes.set(xlabel="d, the width of queries and keys", ylabel="|dq|, the length of the gradient")
    axes.set_title("The gradient of a query: 1000 of them, 16 keys each")
    axes.set_xticks(widths, [str(d) for d in widths])
    axes.set_yticks([0.1, 0.2, 0.5, 1, 2, 4], ["0.1", "0.2", "0.5", "1", "2", "4"])
    axes.minorticks_off()
    axes.legend(frameon=False)
    keep(picture, "12_attention_scale")
