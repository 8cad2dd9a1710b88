"""Softmax and its loss: fused they bear scores of 1000, apart they turn to nan.

Claim: on paper softmax and cross-entropy have one gradient, whether taken apart (softmax, then log,
then the entry of the true class) or fused (from the scores to the loss in one step). In floats,
apart, it is nan once the true class scores some 710 below another: in our code, in PyTorch and in
JAX, and even if the largest score is subtracted first. Fused, it is off by a few roundings of 1/N.

    backproof compare 07 [--plot DIR]
"""

# %%
from decimal import Decimal, localcontext

import jax
import jax.numpy as jnp
import numpy as np
import torch

from comparisons.show import FOURTH, GRADIENT, PALE, VALUE, drawing, figure, keep
from manual.network import layer
from manual.softmax import softmax_backward, softmax_forward, softmax_loss
from reference.agreement import compare
from reference.paths import path
from reference.problem import Problem

# %% [markdown]
# ## The derivation, twice
#
# A row of scores x, its probabilities p[j] = exp(x[j]) / sum_k exp(x[k]), and the true class y. The
# loss is -log p[y], averaged over the N rows of a batch. Let t be the row with 1 at y and 0
# elsewhere, and write dx and dp for the gradients of the loss with respect to x and p.
#
# **Fused.** As log p[y] = x[y] - log sum_j exp(x[j]), the loss of one row is
#
#     log sum_j exp(x[j]) - x[y]
#
# By x[k] the first term has the derivative exp(x[k]) / sum_j exp(x[j]) = p[k], and the second takes
# 1 off where k is y. Averaged over N rows:
#
#     dx = (p - t) / N          in NumPy: dx = p.copy(); dx[np.arange(N), y] -= 1; dx /= N
#
# **Apart.** From the loss to p: only p[y] counts, and -log p[y] has the derivative -1 / p[y].
#
#     dp[j] = -t[j] / p[j] / N
#
# From p to x: each score stands in the sum below every p[j], so it moves them all. By the quotient
# rule p[j] has the derivative p[j] ((j == k) - p[k]) by x[k], where (j == k) is 1 or 0. The chain
# rule adds up over all j:
#
#     dx[k] = sum_j dp[j] p[j] ((j == k) - p[k]) = p[k] (dp[k] - sum_j dp[j] p[j])
#
# Put dp in: dp[j] p[j] is -t[j] / N, and over j that sums to -1/N. So dx[k] = (-t[k] + p[k]) / N,
# the same. But on the way there is a division by p[y], and then a product with it.
#
# Two rows, both of class 1 (counted from 0). The first is a miss: its true class scores 0, the
# others s and s + log 2. The second is a hit: its true class scores s, the others 0. At s = log 3 a
# pencil can follow: the exp are 3, 1, 6 and 1, 3, 1, so p = 0.3, 0.1, 0.6 and 0.2, 0.6, 0.2, and
# dx = 0.15, -0.45, 0.3 and 0.1, -0.2, 0.1.

# %%
F = torch.nn.functional
y, N, t = np.array([1, 1]), 2, np.eye(3)[[1, 1]]
problem = Problem([], {}, np.zeros((2, 3)), y, layer("softmax"))


def scores(s: float) -> np.ndarray:
    return np.array([[s, 0, s + np.log(2)], [0, s, 0]])


def bare(x):
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    return p, p


def apart(x, softmax=softmax_forward, epsilon=0.0):
    """By hand; softmax_forward subtracts the largest score of a row first, bare does not."""
    p, cache = softmax(x)
    loss = -np.log(p[[0, 1], y] + epsilon).mean()
    dp = -t.astype(x.dtype) / (p + epsilon) / N
    return loss, softmax_backward(dp, cache)


def in_torch(loss, x):
    x = torch.tensor(x, requires_grad=True)
    value = loss(x, torch.tensor(y))
    return value.item(), torch.autograd.grad(value, x)[0].numpy()


def in_jax(log_p, x):
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        mean = jax.value_and_grad(lambda x: -log_p(x)[jnp.arange(2), y].mean())
        value, dx = mean(jnp.asarray(x))
        return float(value), np.asarray(dx)


def truth(x):
    """With 500 digits, from the floats as they stand in x."""
    with localcontext() as context:
        context.prec = 500
        e = [[Decimal(float(each)).exp() for each in row] for row in x]
        p = [[each / sum(row) for each in row] for row in e]
        value = -sum(row[1].ln() for row in p) / N
        return value, [[(row[k] - (k == 1)) / N for k in range(3)] for row in p]


WAYS = {
    "apart, bare exp": lambda x: apart(x, bare),
    "apart, by hand": apart,
    "apart, PyTorch": lambda x: in_torch(lambda x, y: F.nll_loss(torch.softmax(x, 1).log(), y), x),
    "apart, JAX": lambda x: in_jax(lambda x: jnp.log(jax.nn.softmax(x)), x),
    "apart, log(p + 1e-8)": lambda x: apart(x, epsilon=1e-8),
    "fused, by hand": lambda x: softmax_loss(x, y),
    "fused, PyTorch": lambda x: in_torch(F.cross_entropy, x),
    "fused, JAX": lambda x: in_jax(jax.nn.log_softmax, x),
    # Both run our fused forward alone: Im f(x + ih) / h, and (f(x + h) - f(x - h)) / 2h.
    "complex step": lambda x: path("complex_step")(problem._replace(x=x))[:2],
    "differences": lambda x: path("differences")(problem._replace(x=x))[:2],
    "truth, 500 digits": truth,
}
APART, FUSED = list(WAYS)[:4], list(WAYS)[5:8]

# %% [markdown]
# ## Prediction
#
# At s = log 3 all ways give the same. At s = 40 one entry is lost: the p[y] of the hit is
# 1 / (1 + 2 exp(-40)), and 2 exp(-40) = 8.5e-18 is too small to change the 1 beside it. So
# p[y] - 1 comes out as 0, where -8.5e-18 is right. At s = 1000:
#
# * **Bare exp.** exp(1000) overflows, and inf / inf is nan.
# * **Apart, the largest score subtracted first**, as is often advised. Now p is right: 1/3, 0, 2/3
#   in the miss. But the loss meets log 0 = -inf, and on the way back -1/0 is multiplied with a p of
#   0: nan. The hit is lost as well, though its p[y] is 1: its other p are 0, and their dp is 0/0.
# * **log(p + 1e-8)**, a popular cure, gives no nan, and does worse. As dp[y] is now
#   -1 / (p[y] + 1e-8) / N, the right dx gets a factor of p[y] / (p[y] + 1e-8): where the network is
#   most wrong, p[y] is far below 1e-8, and the gradient fades to nothing.
# * **Fused**, nothing is divided by p[y], and as 0 <= p <= 1 no entry of dx is larger than 1/N.
#
# Apart, where does nan begin? As soon as 1/p[y] overflows, before p[y] is 0. In a row of s, 0, 0
# whose true class scores 0, p[y] is as good as exp(-s), so 1/p[y] = exp(s). The largest float64 is
# 1.8e308, so that is at s = log(1.8e308) = 709.8, where the bare exp fails too; in float32 at 88.7.
# Subtracting the largest score saves a row of large scores, not one of scores that lie far apart.


# %%
def shown(number) -> str:
    tiny = isinstance(number, Decimal) and 0 < abs(number) < Decimal("1e-300")
    return f"{number:.2e}".lower() if tiny else f"{float(number) + 0:.4g}"


results = {}
for size, s in {"log 3": np.log(3), "40": 40.0, "1000": 1000.0}.items():
    with np.errstate(all="ignore"):  # overflow and 0/0 are what this is about
        results[size] = {way: function(scores(s)) for way, function in WAYS.items()}
    print(f"\n{f's = {size}':<26}loss  dx of the miss                   dx of the hit")
    for way, (value, dx) in results[size].items():
        entries = "".join(f"{shown(each):>11}" for row in dx for each in row)
        print(f"  {way:<20}{shown(value):>8}" + entries)
    # Fused, by hand, against PyTorch, JAX, differences and the complex step, up to roundings.
    assert all(each.agrees for each in compare(problem._replace(x=scores(s))))

on_paper = np.array([[0.15, -0.45, 0.3], [0.1, -0.2, 0.1]])
for way, (_, dx) in results["log 3"].items():
    # The epsilon is 1e-7 of p[y]; a difference has some ten digits; the others lose few roundings.
    allowed = {"apart, log(p + 1e-8)": 1e-7, "differences": 1e-9}.get(way, 1e-15)
    assert np.abs(np.array(dx, float) - on_paper).max() < allowed
for way, (_, dx) in results["1000"].items():
    assert (np.isnan if way in APART else np.isfinite)(np.array(dx, float)).all()

# %% [markdown]
# ```text
# s = 1000                  loss  dx of the miss                   dx of the hit
#   apart, bare exp          nan        nan        nan        nan        nan        nan        nan
#   apart, by hand           inf        nan        nan        nan        nan        nan        nan
#   apart, PyTorch           inf        nan        nan        nan        nan        nan        nan
#   apart, JAX               inf        nan        nan        nan        nan        nan        nan
#   apart, log(p + 1e-8)    9.21          0          0          0          0          0          0
#   fused, by hand         500.5     0.1667       -0.5     0.3333          0          0          0
#   fused, PyTorch         500.5     0.1667       -0.5     0.3333          0          0          0
#   fused, JAX             500.5     0.1667       -0.5     0.3333          0          0          0
#   complex step           500.5     0.1667       -0.5     0.3333          0          0          0
#   differences            500.5     0.1667       -0.5     0.3333          0          0          0
#   truth, 500 digits      500.5     0.1667       -0.5     0.3333  2.54e-435 -5.08e-435  2.54e-435
# ```
#
# No float64 but 0 is below 5e-324, so fused all is right. Next, where nan begins: within 2 of the
# predicted s. And the claim about roundings, with scores of the size of 0.001 to 10,000.

# %%
assert [f"{np.log(np.finfo(dtype).max):.1f}" for dtype in ("f8", "f4")] == ["709.8", "88.7"]
with np.errstate(all="ignore"):
    for way in APART:
        for dtype, before, beyond in (("f8", 708, 711), ("f4", 87, 90)):
            rows = (np.array([[s, 0, 0]] * 2, dtype) for s in (before, beyond))
            assert [bool(np.isfinite(WAYS[way](x)[1]).all()) for x in rows] == [True, False]
    assert np.isnan(apart(scores(3) + 1000, bare)[1]).all()  # a row whose scores are all large
    assert np.isfinite(apart(scores(3) + 1000)[1]).all()

for size in (1e-3, 1, 40, 700, 1e4):
    x = size * np.random.default_rng(0).normal(size=(2, 3))
    _, dx = softmax_loss(x, y)
    # A unit of 2^-52 in exp, a sum of three, a division, a difference: 8 roundings of 2^-53.
    assert np.abs(dx - np.array(truth(x)[1], float)).max() <= 8 * 2.0**-53 / N
    assert np.abs(dx).max() <= 1 / N

# %% [markdown]
# ## The digits lost at 40, and a way to keep them
#
# ```text
#   fused, by hand         20.55     0.1667       -0.5     0.3333  2.124e-18          0  2.124e-18
#   fused, PyTorch         20.55     0.1667       -0.5     0.3333  2.124e-18          0  2.124e-18
#   fused, JAX             20.55     0.1667       -0.5     0.3333  2.124e-18          0  2.124e-18
#   complex step           20.55     0.1667       -0.5     0.3333  2.124e-18 -4.248e-18  2.124e-18
#   differences            20.55     0.1667       -0.5     0.3333          0          0          0
#   truth, 500 digits      20.55     0.1667       -0.5     0.3333  2.124e-18 -4.248e-18  2.124e-18
# ```
#
# The 0 was predicted, and is harmless: nobody misses 4e-18, and the differences of a loss of 20
# cannot see it. But the complex step has it, to all digits, from our own forward. How?
#
# That forward works on z = x - max(x), and the backwards take the max for a constant. What do they
# leave out? By the chain rule the largest score should also get minus the sum of dz over its row.
# But dz = (p - t) / N, and that sums to (1 - 1) / N = 0: the max has no gradient. (Seen forwards:
# the same number added to all scores of a row changes none of its probabilities.)
#
# In floats, though, the dz of the hit sum to 2.124e-18 + 0 + 2.124e-18, and minus that is just what
# its largest score lacks. The complex step goes through the max, and so brings it back. PyTorch
# does too, if the max is left in its graph:

# %%
# 2e-15 leaves room for the few roundings of an exp, a sum and a division.
hit = [float(each) for each in results["40"]["truth, 500 digits"][1][1]]
lost = [hit[0], 0, hit[2]]
for way in (*APART, *FUSED, "complex step"):
    wanted = hit if way == "complex step" else lost
    assert np.allclose(results["40"][way][1][1], wanted, rtol=2e-15, atol=0)
assert f"{2 * np.exp(-40):.1e}" == "8.5e-18" and 1 + 2 * np.exp(-40) == 1

print("\nThe hit at 40, in PyTorch")
for title, wanted in (("max as a constant", lost), ("through the max", hit)):
    x = torch.tensor([0.0, 40.0, 0.0], dtype=torch.float64, requires_grad=True)
    z = x - (x.max().detach() if wanted == lost else x.max())
    loss = (torch.log(torch.exp(z).sum()) - z[1]) / N
    dx = torch.autograd.grad(loss, x)[0].numpy()
    print(f"  {title:<18}" + "".join(f"{shown(each):>11}" for each in dx))
    assert np.allclose(dx, wanted, rtol=2e-15, atol=0)

# %% [markdown]
# ```text
#   max as a constant   2.124e-18          0  2.124e-18
#   through the max     2.124e-18 -4.248e-18  2.124e-18
# ```
#
# ## Two relatives
#
# **Sigmoid and binary cross-entropy.** PyTorch's binary_cross_entropy is given p, and divides by no
# less than 1e-12. So its gradient fades as with the epsilon: for a target of 0, dx is 0.093 at a
# score of 30 and 0 at 40, where 1 is right.
#
# **Softmax twice.** A fused loss that is given probabilities takes them for scores. No gradient
# check complains: the gradient is right, but of a loss that nobody meant. As these scores lie
# between 0 and 1, that loss cannot fall below log(1 + (C - 1) / e): 1.4612 for ten classes.

# %%
for score, faded in ((30.0, "0.093"), (40.0, "0")):
    x = torch.tensor([score], dtype=torch.float64, requires_grad=True)
    from_p = F.binary_cross_entropy(x.sigmoid(), torch.zeros_like(x))
    from_score = F.binary_cross_entropy_with_logits(x, torch.zeros_like(x))
    dxs = [torch.autograd.grad(loss, x)[0].item() for loss in (from_p, from_score)]
    assert [f"{dx:.2g}" for dx in dxs] == [faded, "1"]
perfect = torch.softmax(1000 * torch.eye(10), dim=1)
assert f"{F.cross_entropy(perfect, torch.arange(10)):.4f}" == "1.4612"

# %% [markdown]
# ## What to remember
#
# Give the loss the scores, never the probabilities: nothing in (p - t) / N can overflow. Subtract
# the largest score: it costs no gradient, but apart it is not enough. An epsilon in the log trades
# a loud nan for a gradient that is silently 0.

# %%
if drawing():
    drawn, axes = figure(8, 4)
    s = np.geomspace(1, 2000, 400)
    for way, dtype, end, color, width in (
        ("fused, by hand", "f8", 0, PALE, 9),
        ("apart, by hand", "f4", 88.7, VALUE, 4),
        ("apart, by hand", "f8", 709.8, GRADIENT, 1.6),
        ("apart, log(p + 1e-8)", "f8", 0, FOURTH, 1.6),
    ):
        with np.errstate(all="ignore"):
            dx = [WAYS[way](np.array([[each, 0, 0]] * 2, dtype))[1][0, 1] for each in s]
        label = f"{way}, float{8 * int(dtype[1])}"
        axes.semilogx(s, dx, color=color, linewidth=width, label=label)
        if end:
            axes.plot(end, -0.5, "X", color=color, markersize=10)
            axes.text(end, -0.48, f"nan from\n{end} on", ha="center", color=color)
    axes.set(xlabel="s, the lead of a wrong class over the true one", ylabel="dx at the true class")
    axes.set_title("A miss, one of two rows: the score of the true class has to go up")
    axes.legend(loc="upper left", bbox_to_anchor=(0, 0.85), fontsize=9)
    keep(drawn, "07_softmax_miss")
