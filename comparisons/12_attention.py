"""Attention by hand: three products and a softmax, and what its scale and its mask are for.

Claim: without 1 / sqrt(d), at d = 256, most queries are sure of one key and learn next to nothing,
while the mean gradient is more than twice that of d = 4. A query that may see nothing can make the
gradient of every key nan where the output has been repaired. A causal mask can be wrong forward or
wrong backward; gradients from an upstream at one place show both.

    backproof compare 12 [--plot DIR]
"""

# %%
import math
from collections.abc import Callable
from functools import partial
from typing import Any

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
# T queries q and S keys k of width d; each key has a value, a row of v, of width M.
#
#     s   = q k^T / sqrt(d)            (T, S) = (T, d) (d, S)      how well query t fits key j
#     p   = softmax(s), row by row     (T, S)                      the weights of query t
#     out = p v                        (T, M) = (T, S) (S, M)      the mean of v by these weights
#
# Two products, each with the backward of every product (05_shapes.py), and a softmax
# (07_softmax.py). From dout, the upstream, which is what the loss sends back to out:
#
#     dp = dout v^T                    (T, S) = (T, M) (M, S)
#     dv = p^T dout                    (S, M) = (S, T) (T, M)
#     ds = p * (dp - mean)             (T, S)       mean = sum_j p[t, j] dp[t, j], one for each row
#     dq = ds k / sqrt(d)              (T, d) = (T, S) (S, d)
#     dk = ds^T q / sqrt(d)            (S, d) = (S, T) (T, d)
#
# In words: a step downhill moves key j towards the query if value j would lower the loss more than
# the output the query has now, and away from it if less.
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
# and softmax does not see it. (Errors below are counted in allowances: one is what rounding may
# cost a correct program at that entry, and up to 8 is agreement.)

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
assert np.allclose(dq[0], [3 / 4 * ln2, -9 / 8 * ln2, 3 / 8 * ln3, 0], rtol=1e-14, atol=1e-15)

net, params = [layer("attention", "k", "v")], {"k": k[None], "v": v[None]}
pencil = Problem(net, params, q[None], dout[None])
print("\nThe gradients; dx is dq here, the last line is in allowances")
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
# The gradients; dx is dq here, the last line is in allowances
#                       by hand        PyTorch            JAX    differences   complex step
#   dx[0, 0, 0]        0.519860       0.519860       0.519860       0.519860       0.519860
#   dx[0, 0, 1]       -0.779791      -0.779791      -0.779791      -0.779791      -0.779791
#   dx[0, 0, 2]        0.411980       0.411980       0.411980       0.411980       0.411980
# ```
#
# ## Prediction: why 1 / sqrt(d)
#
# A dot product of d independent terms of variance 1 has variance d. At d = 256 the scores spread by
# 16; between the best of 16 keys and the second best lie several units, and softmax gives the best
# all. Then p is 0 or 1, ds = p (dp - mean) is nearly 0, and the query stops learning.
#
# Most queries, that is. Now and then the two best keys have scores that differ by less than 1, the
# less often the larger d. There ds is not small, and dq = ds k is large, as |k| is sqrt(d). Such
# queries are few but their gradients are large, so the mean of |dq| need not fall. The median will.
# With the scale, d should matter little to either.


# %%
def sizes(d: int, scaled: bool) -> tuple[float, np.ndarray, np.ndarray]:
    """The variance of q k^T; |dq| of 1000 queries, each with 16 keys; which of them are sure."""
    rng = np.random.default_rng(d)
    shapes = {"q": (1000, 1, d), "k": (1000, 16, d), "v": (1000, 16, 8), "dout": (1000, 1, 8)}
    q, k, v, dout = (rng.standard_normal(shape) for shape in shapes.values())
    factor = 1.0 if scaled else math.sqrt(d)  # undoes the division
    _, cache = attention_forward(q * factor, k, v)
    dq = attention_backward(dout, cache)[0] * factor
    sure = cache[3].max(axis=(1, 2)) > 0.99
    return (q @ k.swapaxes(1, 2)).var(), np.linalg.norm(dq, axis=(1, 2)), sure


widths, table = (4, 16, 64, 256), {}
print("\n                      with 1 / sqrt(d)             without")
print("     d  variance      mean  median    sure      mean  median    sure")
for d in widths:
    (variance, by_scale, sure), (_, bare, bare_sure) = sizes(d, True), sizes(d, False)
    table[d] = [by_scale.mean(), np.median(by_scale), bare.mean(), np.median(bare)]
    print(f"  {d:4}{variance:10.1f}{table[d][0]:10.2f}{table[d][1]:8.2f}{sure.mean():8.1%}", end="")
    print(f"{table[d][2]:10.2f}{table[d][3]:8.2f}{bare_sure.mean():8.1%}")
print(f"  of those that are sure at d = 256, without: median {np.median(bare[bare_sure]):.3f}")
assert all(0.6 < each < 0.8 for row in table.values() for each in row[:2])
assert (
    table[256][2] > 2 * table[4][2] and table[256][3] < 0.2 * table[4][3] and bare_sure.mean() > 0.5
)

# %% [markdown]
# ```text
#      d  variance      mean  median    sure      mean  median    sure
#      4       4.0      0.73    0.62    0.0%      1.40    1.15    0.3%
#     16      15.7      0.77    0.69    0.0%      2.45    1.79    4.8%
#     64      63.3      0.77    0.70    0.0%      2.89    0.80   34.6%
#    256     249.9      0.79    0.73    0.0%      3.39    0.13   57.5%
#   of those that are sure at d = 256, without: median 0.002
# ```
#
# A query is called sure where one weight is above 0.99. Whoever measures the mean gradient alone
# sees it more than double, and concludes that nothing vanishes.
#
# ## Prediction: what a mask lets through
#
# A masked weight is exactly 0, so ds = p (dp - mean) is exactly 0 there. So a key that no query
# looks at has dk = 0 and dv = 0, exactly, on every path. Two ways to hide the third key: a mask for
# all queries, and the causal one with an upstream at the first two queries only.

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
# What if a query may see nothing, as in a batch filled up with empty places? The textbook adds -inf
# to masked scores, and of a row of -inf softmax makes nan, by -inf - (-inf). The usual repair puts
# 0 in place of such weights, by where(seen, p, 0), and the output is right. The backward is not:
# where hands 0 back to softmax, softmax multiplies it by its nan, and 0 * nan = nan. If the mask
# was set by where(seen, s, -inf), the backward of that second where puts 0 in place of the nan. If
# -inf was added, nothing does: dq will be nan for this query, and dk for every key. By hand, p is 0
# in such a row, and so is all that follows.

# %%
blind = np.array([[True, False, False], [True, True, False], [False, False, False]])
seen, (ours, cache) = torch.tensor(blind), attention_forward(q, k, v, mask=blind)
print("\nHow many numbers of PyTorch's dq, dk and dv are nan")
for name in ("-inf added", "-inf by where"):
    moving = [torch.tensor(each, requires_grad=True) for each in (q, k, v)]
    s = moving[0] @ moving[1].T / 2
    added = s + torch.where(seen, 0.0, -math.inf)
    weights = torch.softmax(added if name == "-inf added" else s.where(seen, -math.inf), -1)
    out = torch.where(seen.any(-1)[:, None], weights, 0.0) @ moving[2]
    (out * torch.tensor(dout)).sum().backward()
    nans = [int(np.isnan(np.asarray(each.grad)).sum()) for each in moving]
    print(f"  {name:<15}{nans}")
    assert nans == ([4, 12, 0] if name == "-inf added" else [0, 0, 0])
    assert np.allclose(out.detach(), ours)
assert all(np.isfinite(each).all() for each in attention_backward(dout, cache))

# %% [markdown]
# ```text
#   -inf added     [4, 12, 0]
#   -inf by where  [0, 0, 0]
# ```
#
# ## Prediction: causality is a property of gradients
#
# Let every token be query, key and value: q = k = v = x, so dx = dq + dk + dv. Causal means that
# out[t] does not depend on x[s] for s > t. In gradients: send an upstream to place t alone, then
# dx[s] is exactly 0 for s > t. Four upstreams make a table, and its upper triangle must be 0. (An
# upstream at all places reaches every token, and shows nothing.) Two mistakes:
#
# * The mask after softmax. The weights of later tokens are set to 0, but their scores stand in the
#   denominator still. As a value a later token has no influence; as a key it has.
# * The mask forgotten in the backward. Ours has none to forget: its p, from the cache, holds the
#   zeros. But a backward may compute the weights again, to save memory, and leave the mask out.
#   The output is right, so no test of outputs can see it. The table can.

# %%
rng = np.random.default_rng(1)
x, dout = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
_, cache = attention_forward(x, x, x, causal=True)


def by_hand(backward: Callable[..., Any], dout: np.ndarray) -> np.ndarray:
    dq, dk, dv = backward(dout, cache)
    return dq + dk + dv


def mask_late(dout: np.ndarray) -> np.ndarray:
    moving = torch.tensor(x, requires_grad=True)
    weights = torch.tril(torch.softmax(moving @ moving.T / math.sqrt(3), -1))
    (weights @ moving * torch.tensor(dout)).sum().backward()
    return np.asarray(moving.grad)


forgetful = with_mistake(MISTAKES["attention mask ignored in the backward"])
alone = [np.eye(4)[:, [t]] * dout for t in range(4)]  # row t of dout, and zeros
ways = {
    "right": partial(by_hand, attention_backward),
    "mask after softmax": mask_late,
    "mask forgotten in backward": partial(by_hand, forgetful),
}
reach = {name: np.array([np.abs(f(each)).max(1) for each in alone]) for name, f in ways.items()}
print("\nThe largest of |dx[s]|, s = 0 to 3, for an upstream at place t alone")
print("     " + "".join(f"{title:>30}" for title in reach))
for t in range(4):
    rows = ("".join(f"{n:7.3f}" if n else "      0" for n in each[t]) for each in reach.values())
    print(f"  t = {t}  " + "  ".join(rows))
later = np.triu(np.ones((4, 4), bool), 1)
assert [bool(each[later].any()) for each in reach.values()] == [False, True, True]
assert all(each[~later].all() for each in reach.values())
assert all(np.allclose(each[3], reach["right"][3]) for each in reach.values())

# %% [markdown]
# ```text
#                               right            mask after softmax    mask forgotten in backward
#   t = 0    0.736      0      0      0    0.311  0.019  0.019  0.018    0.439  0.141  0.161  0.178
#   t = 1    0.097  0.762      0      0    0.048  0.646  0.079  0.033    0.055  0.599  0.122  0.033
#   t = 2    0.135  0.411  0.431      0    0.115  0.347  0.386  0.015    0.118  0.351  0.407  0.109
#   t = 3    0.350  0.277  0.303  0.461    0.350  0.277  0.303  0.461    0.350  0.277  0.303  0.461
# ```
#
# The third table comes with a right output. The second comes with right gradients, PyTorch's, of
# the wrong function. The last row is the same in all three, as the last token may see everything:
# a test that sends its upstream there passes both mistakes.
#
# ## What to remember
#
# dv needs the weights alone; dq and dk pass the softmax, which depends only on the differences
# between the scores of a row. The scale keeps that softmax awake: look at the typical query, not at
# the mean. And a mask is proved by exact zeros of the gradient, from an upstream at one place at a
# time.

# %%
if drawing():
    picture, axes = figure(9, 3.3, columns=3)
    for ax, (title, numbers) in zip(axes, reach.items(), strict=True):
        for (t, s), number in np.ndenumerate(numbers):
            color = (GRADIENT if s > t else VALUE) if number else "0.4"
            text = f"{number:.2f}" if number else "0"
            ax.text(s + 0.5, t + 0.5, text, ha="center", va="center", color=color)
        ax.pcolormesh(np.triu(np.ones((4, 4)), 1), cmap="Greys", vmax=8)
        ax.set(ylim=(4, 0), aspect="equal", xlabel="s, the token")
        ax.set_title(title, fontsize=11)
        ax.set_xticks(np.arange(4) + 0.5, list("0123"))
        ax.set_yticks(np.arange(4) + 0.5, list("0123"))
    axes[0].set_ylabel("t, where the upstream is")
    keep(picture, "12_attention_causality")

    picture, axes = figure(7, 4)
    for column, name in enumerate(("with 1 / sqrt(d)", "without")):
        for kind, dashes in enumerate(("--", "-")):
            line = [table[d][2 * column + kind] for d in widths]
            look = {"marker": "o", "color": (VALUE, GRADIENT)[column]}
            axes.loglog(widths, line, dashes, label=f"{('mean', 'median')[kind]}, {name}", **look)
    axes.set(xlabel="d, the width of queries and keys", ylabel="|dq|, the length of the gradient")
    axes.set_title("The gradient of a query: 1000 of them, 16 keys each")
    axes.set_xticks(widths, [str(d) for d in widths])
    axes.set_yticks([0.1, 0.2, 0.5, 1, 2, 4], ["0.1", "0.2", "0.5", "1", "2", "4"])
    axes.minorticks_off()
    axes.legend(frameon=False)
    keep(picture, "12_attention_scale")
