"""Softmax and its loss, fused and apart: digits go at scores of 40, everything at 1000.

Claim: taken apart (softmax, then log, then pick) and fused (from scores to loss in one step),
softmax and cross-entropy have the same gradient. Apart it turns to nan at scores near 710, in our
code, in PyTorch and in JAX, whether or not the largest score is taken off first. Fused, it is off
by roundings of 1/N at any scores, and no entry is ever larger than 1/N.

    backproof compare 07 [--plot DIR]
"""

# %%
from decimal import Decimal, localcontext

import jax
import jax.numpy as jnp
import numpy as np
import torch

from comparisons.show import FOURTH, GRADIENT, PALE, THIRD, VALUE, drawing, figure, keep
from manual.affine import affine_backward, affine_forward
from manual.classification import bce_with_logits_loss
from manual.network import layer
from manual.softmax import softmax_backward, softmax_forward, softmax_loss
from reference.agreement import compare
from reference.paths import path
from reference.problem import Problem

F = torch.nn.functional

# %% [markdown]
# ## The derivation, twice
#
# A row of scores x, its probabilities p[j] = exp(x[j]) / sum_k exp(x[k]), the true class y, and the
# loss -log p[y], averaged over N rows. Write t for the row with 1 at y and 0 elsewhere.
#
# **Fused.** -log p[y] = log sum_k exp(x[k]) - x[y]. The first term has the derivative p[k], the
# second takes 1 off at y:
#
#     dx = (p - t) / N
#
# **Apart.** From the loss to p, then from p to x. Of p only p[y] counts, and softmax has a matrix
# of derivatives, dp[j]/dx[k] = p[j] ((j == k) - p[k]), to multiply with:
#
#     dp = -t / p / N
#     dx[k] = sum_j dp[j] p[j] ((j == k) - p[k]) = p[k] (dp[k] - sum_j dp[j] p[j])
#
# The sum is -1/N, so at y that is p[y] (-1/p[y] + 1) / N = (p[y] - 1) / N, and elsewhere p[k] / N:
# the same. But look what happens on the way: a division by p[y], then a product with it.
#
# Two rows, both of class 1. One has s at the wrong classes, the other at its own. With s = log 3 a
# pencil can follow: p = 3/10, 1/10, 6/10 and 1/5, 3/5, 1/5.

# %%
y, N = np.array([1, 1]), 2
t = np.eye(3)[y]


def scores(s: float) -> np.ndarray:
    return np.array([[s, 0, s + np.log(2)], [0, s, 0]])


def problem(x, net=()):
    return Problem(net, {}, x, y, layer("softmax"))


def bare(x):
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    return p, p


def apart(x, softmax=softmax_forward, epsilon=0.0):
    p, cache = softmax(x)  # softmax_forward takes the largest score of a row off first
    dp = -t.astype(x.dtype) / (p + epsilon) / N
    return -np.log(p[[0, 1], y] + epsilon).mean(), softmax_backward(dp, cache)


def in_torch(loss):
    def way(x):
        x = torch.tensor(x, requires_grad=True)
        value = loss(x, torch.tensor(y))
        return value.item(), torch.autograd.grad(value, x)[0].numpy()

    return way


def in_jax(log_p):
    def way(x):
        with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
            mean = jax.value_and_grad(lambda x: -log_p(x)[jnp.arange(2), y].mean())
            value, dx = mean(jnp.asarray(x))
            return float(value), np.asarray(dx)

    return way


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
    "apart, PyTorch": in_torch(lambda x, y: F.nll_loss(torch.log(torch.softmax(x, 1)), y)),
    "apart, JAX": in_jax(lambda x: jnp.log(jax.nn.softmax(x))),
    "apart, log(p + 1e-8)": lambda x: apart(x, epsilon=1e-8),
    "fused, by hand": lambda x: softmax_loss(x, y),
    "fused, PyTorch": in_torch(F.cross_entropy),
    "fused, JAX": in_jax(jax.nn.log_softmax),
    "complex step": lambda x: path("complex_step")(problem(x))[:2],
    "differences": lambda x: path("differences")(problem(x))[:2],
    "truth, 500 digits": truth,
}
APART, FUSED = list(WAYS)[:4], list(WAYS)[5:8]

# %% [markdown]
# ## Prediction
#
# At s = log 3 all ways give the same. At s = 1000:
#
# * The bare exp overflows: inf / inf = nan.
# * Apart, with the largest score taken off, p is right: 1/3, 0, 2/3. But then log 0 = -inf comes,
#   and on the way back -1/0, times a p of 0: nan. The other row is lost too, though its p[y] is 1:
#   for its other two classes dp = 0/0.
# * That must begin before p is 0. In float64 1/p = exp(s) overflows at s = log(1.8e308) = 709.8,
#   just where the bare exp does; in float32 at 88.7. Taking the largest off saves a row whose
#   scores are all large. A large difference it cannot save: exp(s) comes back as 1 / exp(-s).
# * Fused, nothing is divided by p[y]. As 0 <= p <= 1, no entry of dx is larger than 1/N.
# * The popular cure, log(p + 1e-8), gives no nan. It does worse: dx gets a factor
#   p[y] / (p[y] + 1e-8), and fades to nothing just where the network is most wrong.
#
# At s = 40 digits go. In the second row p[y] = 1 - 2 exp(-40) rounds to 1, as exp(-40) = 4e-18 is
# less than half a last digit of 1. Then p[y] - 1 is 0, and no digit of that entry is right.


# %%
def shown(number) -> str:
    if isinstance(number, Decimal) and 0 < abs(number) < Decimal("1e-300"):
        return f"{number:.2e}".replace("E", "e")
    return f"{float(number) + 0:.4g}"


results = {}
for size, s in {"log 3": np.log(3), "40": 40.0, "1000": 1000.0}.items():
    with np.errstate(all="ignore"):  # overflow and 0/0 are what this is about
        results[size] = {way: function(scores(s)) for way, function in WAYS.items()}
    print(f"\n{f's = {size}':<26}loss  dx: the row that is wrong         the row that is right")
    for way, (value, dx) in results[size].items():
        entries = "".join(f"{shown(each):>11}" for row in dx for each in row)
        print(f"  {way:<20}{shown(value):>8}" + entries)
    assert all(each.agrees for each in compare(problem(scores(s))))

on_paper = np.array([[0.15, -0.45, 0.3], [0.1, -0.2, 0.1]])
for way, (_, dx) in results["log 3"].items():
    # The epsilon is 1e-7 of p[y]; a difference has some ten digits; the others lose few roundings.
    allowed = {"apart, log(p + 1e-8)": 1e-7, "differences": 1e-9}.get(way, 1e-15)
    assert np.abs(np.array(dx, float) - on_paper).max() < allowed
for way, (_, dx) in results["1000"].items():
    assert (np.isnan if way in APART else np.isfinite)(np.array(dx, float)).all()

# %% [markdown]
# ```text
# s = 1000                  loss  dx: the row that is wrong         the row that is right
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
# 2.54e-435 is 0 in float64, which ends at 5e-324: fused, all is right. Now the claims about any
# scores, and about where nan begins, with rows [s, 0, 0]. It begins within 2 of the predicted s:
# PyTorch divides by N before it divides by p, and has more room; JAX has less, wherever its CPU
# code takes a p below the smallest normal number, 2.2e-308, for 0.

# %%
assert [f"{np.log(np.finfo(dtype).max):.1f}" for dtype in ("f8", "f4")] == ["709.8", "88.7"]
with np.errstate(all="ignore"):
    for way in APART:
        for dtype, right, wrong in (("f8", 708, 711), ("f4", 87, 90)):
            rows = (np.array([[s, 0, 0]] * 2, dtype) for s in (right, wrong))
            assert [bool(np.isfinite(WAYS[way](x)[1]).all()) for x in rows] == [True, False]
assert np.isfinite(apart(scores(3) + 1000)[1]).all()  # a row whose scores are all large

rng = np.random.default_rng(0)
for size in (1e-3, 1, 40, 700, 1e4):
    x = size * rng.normal(size=(2, 3))
    dx = WAYS["fused, by hand"](x)[1]
    # A unit of 2^-52 in exp, a sum of three, a division, a difference: 8 roundings of 2^-53.
    assert np.abs(dx - np.array(truth(x)[1], float)).max() <= 8 * 2.0**-53 / N
    assert np.abs(dx).max() <= 1 / N

# %% [markdown]
# ## Where the digits go, and where the largest score goes
#
# At s = 40, how many leading digits of each entry are right? (15 stands for 15 or more.)


# %%
def right_digits(got, true, most=15.0) -> float:
    error = abs(Decimal(float(got)) / true - 1) if np.isfinite(got) else Decimal(1)
    return float(min(most, max(0, -error.log10()))) if error else most


_, true = results["40"]["truth, 500 digits"]
digits = {}
for way, (_, dx) in list(results["40"].items())[:-1]:
    pairs = zip(np.ravel(dx), np.ravel(true), strict=True)
    digits[way] = [int(right_digits(got, each)) for got, each in pairs]
    print(f"  {way:<20}" + "".join(f"{each:6}" for each in digits[way]))
for way in [*APART, *FUSED]:
    assert digits[way] == [15, 15, 15, 15, 0, 15]
assert digits["complex step"] == [15] * 6
assert digits["apart, log(p + 1e-8)"] == [0, 0, 0, 8, 0, 8]

# %% [markdown]
# ```text
#   apart, log(p + 1e-8)     0     0     0     8     0     8
#   fused, by hand          15    15    15    15     0    15
#   fused, PyTorch          15    15    15    15     0    15
#   fused, JAX              15    15    15    15     0    15
#   complex step            15    15    15    15    15    15
# ```
#
# Nobody misses what the 0 stands for, 4e-18. But the complex step has all digits, of our own
# forward. How? It goes through the max.
#
# softmax_loss works on x - max(x), and its backward takes that max for a constant. By the chain
# rule the largest score also gets minus the sum of the row's gradients; and p - t sums to 1 - 1 = 0
# over a row. (Or: the same number added to all scores changes no probability.) So nothing is
# missing. In floats, though, the sum over the second row is 2 exp(-40) + 0: to the last digit what
# was lost at the max. PyTorch, told to go through the max, shows the same:


# %%
def by_shift(constant):
    def loss(x, y):
        top = x.max(dim=1, keepdim=True).values
        z = x - (top.detach() if constant else top)
        return (torch.log(torch.exp(z).sum(dim=1)) - z[[0, 1], y]).mean()

    return in_torch(loss)


print("\nThe row that is right at 40, in PyTorch")
for title, constant, right in (("max as a constant", True, 0), ("through the max", False, 15)):
    _, dx = by_shift(constant)(scores(40.0))
    print(f"  {title:<18}" + "".join(f"{shown(each):>11}" for each in dx[1]))
    assert right_digits(dx[1, 1], true[1][1]) == right
    # Elsewhere the two are the same, but for the rounding of a sum of three.
    assert np.abs(by_shift(constant)(scores(np.log(3)))[1] - on_paper).max() < 1e-15

# %% [markdown]
# ```text
#   max as a constant   2.124e-18          0  2.124e-18
#   through the max     2.124e-18 -4.248e-18  2.124e-18
# ```
#
# ## What a loss curve hides
#
# Six ways to get it wrong, and what training says to them: 60 points in the plane, three classes,
# one affine layer that starts at 0, rate 0.1, all points in every update. "Off by" holds the
# gradient against the complex step of the loss it belongs to, at the two rows with s = log 3.
# Prediction: whatever points roughly downhill lets the loss fall; at first only t - p shows.

# %%
labels = np.arange(60) % 3
rng = np.random.default_rng(0)
points = np.array([[2, 0], [-1, 1.5], [-1, -1.5]])[labels] + rng.normal(size=(60, 2))
RULES = {
    "right": lambda p, t: (p - t) / len(p),
    "1/N missing": lambda p, t: p - t,
    "over N C": lambda p, t: (p - t) / p.size,
    "true class only": lambda p, t: t * (p - t) / len(p),
    "softmax twice in dx": lambda p, t: (softmax_forward(p)[0] - t) / len(p),
    "softmax twice": lambda p, t: softmax_backward(softmax_loss(p, t)[1], p),
    "t - p": lambda p, t: (t - p) / len(p),
}


def walk(name):
    w, b, losses, right = np.zeros((2, 3)), np.zeros(3), [], 0
    for _ in range(301):
        z, cache = affine_forward(points, w, b)
        p, _ = softmax_forward(z)
        losses.append(softmax_loss(p if name == "softmax twice" else z, labels)[0])
        right = int((p.argmax(axis=1) == labels).sum())
        _, dw, db = affine_backward(RULES[name](p, np.eye(3)[labels]), cache)
        w, b = w - 0.1 * dw, b - 0.1 * db
    return losses, right


def off_by(got, wanted):
    return np.linalg.norm(got - wanted) / np.linalg.norm(wanted)


curves, off = {}, {}
x = scores(np.log(3))
p, _ = softmax_forward(x)
print("\nThe loss after so many updates      1       10      100      300   right of 60   off by")
for name, rule in RULES.items():
    slope = path("complex_step")(problem(x, [layer("softmax")] * (name == "softmax twice"))).dx
    off[name] = off_by(rule(p, t), slope)
    curves[name], right = walk(name)
    numbers = "".join(f"{curves[name][k]:9.4f}" for k in (1, 10, 100, 300))
    print(f"  {name:<26}" + numbers + f"{right:14}{off[name]:9.0%}")

ends = {name: curve[300] for name, curve in curves.items()}
assert [name for name in curves if curves[name][10] > curves[name][0]] == ["t - p"]
assert ends["1/N missing"] < ends["right"] < ends["true class only"] < 1.05 * ends["right"]
diagonal = -t / p / N * (p * (1 - p))
assert np.allclose(RULES["true class only"](p, t), diagonal, rtol=0, atol=1e-15)
assert curves["softmax twice in dx"][10] < curves["right"][10]
assert [name for name in off if off[name] < 1e-14] == ["right", "softmax twice"]  # roundings
assert off_by(RULES["softmax twice"](p, t), results["log 3"]["fused, PyTorch"][1]) > 0.5

# %% [markdown]
# ```text
# The loss after so many updates      1       10      100      300   right of 60   off by
#   right                        1.0095   0.6322   0.3460   0.3165            53       0%
#   1/N missing                  0.4228   0.3244   0.3114   0.3114            53     100%
#   over N C                     1.0680   0.8602   0.4348   0.3464            52      67%
#   true class only              1.0383   0.7100   0.3531   0.3278            52      59%
#   softmax twice in dx          1.0095   0.5671   0.4261   1.0221            53      26%
#   softmax twice                1.0882   0.9962   0.7581   0.7114            53       0%
#   t - p                        1.1957   2.9487  36.8343 114.3559             3     200%
# ```
#
# 1/N missing is only a larger rate, and wins. "True class only" is what the diagonal of softmax's
# matrix alone gives. "Softmax twice in dx" is ahead at update 10, and climbs later. "Softmax twice"
# passes any gradient check of its own: its gradient is right, its loss is not the one that was
# meant, and only somebody else's loss can say so (F.cross_entropy on the raw scores: off by more
# than half). Its mark is a floor: as probabilities are all the scores it has, its loss cannot fall
# below log(1 + (C - 1) / e), 0.5514 for three classes and 1.4612 for ten.

# %%
floors = [softmax_loss(np.eye(C)[:1], np.array([0]))[0] for C in (3, 10)]
assert [f"{floor:.4f}" for floor in floors] == ["0.5514", "1.4612"]
assert curves["softmax twice"][300] > floors[0]

# %% [markdown]
# ## Two classes: sigmoid and binary cross-entropy
#
# The same story with a worse end, for a logit x and the target 0. Apart, -log(1 - p): once p rounds
# to 1, near x = 37, that is log 0. PyTorch's binary_cross_entropy guards against it: no log below
# -100, no division by less than 1e-12. So its gradient fades in silence, from exp(-x) = 1e-12 on,
# x = 27.6. Fused, the loss is log(1 + exp(x)) - x y and its gradient p - y. The form that cannot
# overflow, max(x, 0) - x y + log(1 + exp(-|x|)), has a trap at x = 0: that is for script 13.

# %%
assert [1 - 1 / (1 + np.exp(-x)) > 0 for x in (36.0, 37.0)] == [True, False]
assert f"{-np.log(1e-12):.1f}" == "27.6"
print("\ndx, of sigmoid and binary cross-entropy")
losses = (lambda x, y: F.binary_cross_entropy(x.sigmoid(), y), F.binary_cross_entropy_with_logits)
for logit in (5.0, 30.0, 40.0, 1000.0):
    x = torch.tensor([logit], dtype=torch.float64, requires_grad=True)
    values = [loss(x, torch.zeros_like(x)) for loss in losses]
    columns = [torch.autograd.grad(value, x)[0].item() for value in values]
    columns.append(float(bce_with_logits_loss(np.array([logit]), np.zeros(1))[1][0]))
    titles = ("apart, PyTorch", "fused, PyTorch", "fused, by hand")
    entries = (f"{title} {dx:.2f}" for title, dx in zip(titles, columns, strict=True))
    print(f"  x = {logit:<7g}" + "   ".join(entries))
    assert np.allclose(columns[1:], 1 / (1 + np.exp(-logit)), rtol=1e-15, atol=0)
    assert (columns[0] < 0.1) == (logit >= 30) and (columns[0] == 0) == (logit >= 40)

# %% [markdown]
# ```text
#   x = 5      apart, PyTorch 0.99   fused, PyTorch 0.99   fused, by hand 0.99
#   x = 30     apart, PyTorch 0.09   fused, PyTorch 1.00   fused, by hand 1.00
#   x = 40     apart, PyTorch 0.00   fused, PyTorch 1.00   fused, by hand 1.00
#   x = 1000   apart, PyTorch 0.00   fused, PyTorch 1.00   fused, by hand 1.00
# ```
#
# ## What to remember
#
# Give the loss the scores, never the probabilities: (p - t) / N has nothing in it that can
# overflow. An epsilon in the log trades a loud nan for a gradient that is silently 0. And a loss
# that falls would have let five of six mistakes through.

# %%
if drawing():
    drawn, panels = figure(9, 4.2, columns=2, sharey=True)
    for axes, dtype, most, end in zip(panels, ("f8", "f4"), (15, 6), (709.8, 88.7), strict=True):
        s = np.geomspace(1, 1100, 70)
        rows = [np.array([[each, 0, 0], [0, each, 0]], dtype) for each in s]
        exact = [truth(x)[1] for x in rows]
        lines = [
            ("fused: the row that is wrong", "fused, by hand", 0, PALE, 7, "-"),
            ("apart: the row that is wrong", "apart, by hand", 0, GRADIENT, 1.6, "-"),
            ("with log(p + 1e-8)", "apart, log(p + 1e-8)", 0, FOURTH, 1.6, "-"),
            ("fused: the row that is right", "fused, by hand", 1, VALUE, 1.2, "--"),
        ]
        for label, way, row, color, width, style in lines:
            with np.errstate(all="ignore"):
                found = [WAYS[way](x)[1][row, 1] for x in rows]
            right = [right_digits(a, b[row][1], most) for a, b in zip(found, exact, strict=True)]
            axes.semilogx(s, right, style, color=color, linewidth=width, label=label)
        axes.set(title=f"float{8 * int(dtype[1])}", xlabel="s, how far apart the scores are")
        axes.text(end * 0.88, most / 2, f"nan from\n{end} on", ha="right", color=GRADIENT)
    panels[0].set_ylabel("right digits of dx at the true class")
    panels[1].legend(loc="upper right", fontsize=9)
    keep(drawn, "07_softmax_digits")

    drawn, axes = figure(8, 4)
    styles = ((PALE, 7), (GRADIENT, 1.4), (THIRD, 1.4), (VALUE, 1.4), (FOURTH, 1.4), ("0.3", 1.4))
    for (name, curve), (color, width) in zip(list(curves.items())[:6], styles, strict=True):
        axes.semilogx(range(1, 302), curve, color=color, linewidth=width, label=name)
    axes.axhline(floors[0], color="0.3", linestyle=":", linewidth=1)
    axes.text(2.2, floors[0] + 0.01, "floor of softmax twice", fontsize=8)
    axes.set(
        xlabel="before which update",
        ylabel="loss, in nats",
        title="One of these gradients is right, and another only of its own loss",
    )
    axes.legend(fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
    keep(drawn, "07_softmax_curves")
