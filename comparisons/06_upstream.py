"""Why a test of a backward draws its upstream gradient, and does not take ones.

Claim: `out.sum().backward()`, an upstream gradient of ones, asks softmax and batch norm for a dx
of 0, so that zeros pass, and lets a backward ignore its upstream anywhere. Of 111 mistakes planted
in seven layers ones let 52 through, twos 43, positive numbers 8, and numbers of both signs none.

    backproof compare 06 [--plot DIR]
"""

# %%
import textwrap

import numpy as np
import torch

from comparisons.show import FOURTH, GRADIENT, THIRD, TITLES, VALUE, drawing, figure, keep
from manual.batchnorm import batchnorm_backward, batchnorm_forward
from manual.layernorm import layernorm_backward, layernorm_forward
from manual.network import layer
from manual.softmax import softmax_backward, softmax_forward
from reference.agreement import WIDE, compare, rounding_allowances
from reference.mistakes import MISTAKES, Mistake, planted, with_mistake
from reference.numbers import U
from reference.paths import path
from reference.problem import Problem

torch.set_num_threads(1)  # among matrices this small a second thread only costs time

# %% [markdown]
# ## A backward is a matrix
#
# Lay all outputs of a layer in one row, and all inputs in another. The Jacobian of the layer is
# J[j, k] = d out[j] / d x[k], and by the chain rule a backward takes an upstream gradient v to
#
#     dx[k] = sum_j v[j] J[j, k]          dx = J^T v
#
# It never builds J; but whoever tests it picks a v. Ones ask for J^T 1, the sums of the columns:
# how the sum of all outputs moves with each input. What else J holds they cannot see.
#
# Softmax at p = (1/4, 1/2, 1/4) has J = diag(p) - p p^T. Its backward gives J row by row, if v is 1
# in one place and 0 in the others:

# %%
scores = np.log(np.array([[1.0, 2.0, 1.0]]))
p, _ = softmax_forward(scores)
J = np.concatenate([softmax_backward(v[None], p) for v in np.eye(3)])
print("16 J of softmax, and the sums of its columns")
for row in [*J, J.sum(axis=0)]:
    print("".join(f"{round(16 * entry):6}" for entry in row))
# log and exp are no exact inverses: a few roundings of 1e-16 are allowed.
assert abs(p - np.array([0.25, 0.5, 0.25])).max() < 1e-15
assert abs(16 * J - np.array([[3, -2, -1], [-2, 4, -2], [-1, -2, 3]])).max() < 1e-14

# %% [markdown]
# ```text
# 16 J of softmax, and the sums of its columns
#      3    -2    -1
#     -2     4    -2
#     -1    -2     3
#      0     0     0
# ```
#
# The sums are 0 for any scores: the probabilities of a row add up to 1 whatever x is, and the
# gradient of a constant is 0. Batch norm is such a case too: its xhat add up to 0, so the outputs
# of a channel add up to N beta. So is layer norm if all gamma are equal, as they are at the start.
#
# Here is dx with ones, and with v = (4, 2, -4). By pencil: the mean of v weighted by p is 1, and dx
# is p (v - 1) = (3/4, 1/2, -5/4).

# %%
net = [layer("softmax")]
ones, v = np.ones((1, 3)), np.array([[4.0, 2.0, -4.0]])
problems = [Problem(net, {}, scores, upstream) for upstream in (ones, v)]
dxs = {title: [path(name)(each).dx for each in problems] for name, title in TITLES.items()}
dxs["dx = 0"] = [0 * scores, 0 * scores]
print("\n                     upstream 1, 1, 1             upstream 4, 2, -4")
for title, two in dxs.items():
    # Adding 0 makes a -0 of rounding a 0.
    numbers = [f"{number.round(6) + 0:9.6f}" for dx in two for number in np.ravel(dx)]
    print(f"  {title:<12}" + " ".join(numbers[:3]) + "  " + " ".join(numbers[3:]))
assert all(each.agrees for problem in problems for each in compare(problem))
assert np.abs(dxs["PyTorch"][0]).max() < 1e-15 and np.abs(dxs["JAX"][0]).max() < 1e-15

# %% [markdown]
# ```text
#                      upstream 1, 1, 1             upstream 4, 2, -4
#   by hand      0.000000  0.000000  0.000000   0.750000  0.500000 -1.250000
#   PyTorch      0.000000  0.000000  0.000000   0.750000  0.500000 -1.250000
#   JAX          0.000000  0.000000  0.000000   0.750000  0.500000 -1.250000
#   differences  0.000000  0.000000  0.000000   0.750000  0.500000 -1.250000
#   complex step 0.000000  0.000000  0.000000   0.750000  0.500000 -1.250000
#   dx = 0       0.000000  0.000000  0.000000   0.000000  0.000000  0.000000
# ```
#
# With ones, zeros agree with every path, and so do twice the right dx, or its negative.
#
# ## Prediction
#
# A wrong backward that is itself a matrix, J', passes with v if (J' - J)^T v = 0.
#
# - Ones are one v. They miss all that cancels along the columns of J' - J.
# - Twos are no other v: a matrix passes with both or with neither. They only add those that ignore
#   v, which answer J^T 1 where 2 J^T 1 was asked for; unless that is 0 twice.
# - Positive numbers miss what goes wrong at negative ones.
# - For v drawn with both signs, (J' - J)^T v = 0 says that v lies on a certain plane through 0.
#   That has probability 0.
#
# In numbers: five mistakes that any layer can have, in seven layers. Ones should miss v ignored, v
# of another row, v averaged and v without its signs in all seven, and dx = 0 where J^T 1 = 0: in
# softmax, batch norm, and standardize, which is what the norms share. 4 * 7 + 3 = 31 of 35. Twos
# catch v ignored but for softmax and standardize, so they miss 26; positive numbers miss the signs,
# 7; and drawn ones nothing. To these we add 76 classic mistakes of reference/cards.

# %%
rng = np.random.default_rng(0)
x = rng.normal(size=(2, 3, 4))
x[0, 0, 0] = 0.0  # the corner of relu, where two of its mistakes show


def problem(kind: str, **shapes: tuple[int, ...]) -> Problem:
    """One layer on x, with drawn parameters."""
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return Problem([layer(kind, *params)], params, x, x)


# Each layer, a piece of its backward, and what stands there to make dx zero.
LAYERS = {
    "affine": (problem("affine", w=(12, 5), b=(5,)), "return dx", "return 0 * dx"),
    "relu": (problem("relu"), "dout * (x > 0)", "0 * x"),
    "tanh": (problem("tanh"), "dout * (1 - t * t)", "0 * t"),
    "softmax": (problem("softmax"), "p * (dout - mean)", "0 * p"),
    "standardize": (problem("standardize"), "(dout - mean - along) / std", "0 * xhat"),
    "batchnorm": (problem("batchnorm", g=(3,), b=(3,)), "return dx", "return 0 * dx"),
    "layernorm": (problem("layernorm", g=(4,), b=(4,)), "return standard", "return 0 * standard"),
}
ANYWHERE = {
    "v ignored": "0 * dout + 1",
    "v of another row": "dout[::-1]",
    "v averaged": "0 * dout + dout.mean()",
    "v without its signs": "abs(dout)",
}
drawn = rng.normal(size=x.shape)
UPSTREAMS = {"ones": 0 * drawn + 1, "twos": 0 * drawn + 2, "positive": abs(drawn), "drawn": drawn}
# To write into v, or to be wrong in evaluation alone, is not for an upstream to show.
ELSEWHERE = ("in place", "overwrites", "evaluation")


def mistakes_of(kind: str) -> list[Mistake]:
    """The classic ones of a layer's backward, and the five."""
    function, (_, old, new) = f"{kind}_backward", LAYERS[kind]
    cards = [m for m in MISTAKES.values() if m.function == function]
    cards = [m for m in cards if not any(word in m.name for word in ELSEWHERE)]
    five = [Mistake("dx = 0", function, old, new, "")]
    for name, code in ANYWHERE.items():
        five.append(Mistake(name, function, "dout=dout)", f"dout=dout)\n    dout = {code}", ""))
    return five + cards


def within(allowances: float, problem: Problem, right: dict, s: dict) -> bool:
    """Whether the gradients, by hand, are the right ones up to so many rounding allowances."""
    try:
        mine = path("by_hand")(problem).named()
    except ValueError:  # shapes that do not fit
        return False
    same = all(mine[n].shape == a.shape and mine[n].dtype == a.dtype for n, a in right.items())
    return same and all((abs(mine[n] - right[n]) <= allowances * U * s[n]).all() for n in right)


through: dict[tuple[str, str], list[bool]] = {}  # layer, mistake: let through by each upstream
blank = {}  # with ones: how many numbers are no larger than rounding may make them
for kind, (base, _, _) in LAYERS.items():
    truths = []
    for upstream in UPSTREAMS.values():
        here = base._replace(y=upstream.reshape(2, 12)[:, :5] if kind == "affine" else upstream)
        found = list(compare(here))
        assert all(each.agrees for each in found)
        truths.append((here, path("by_hand")(here).named(), rounding_allowances(here).s))
        blank.setdefault(kind, found[0].skipped.get(WIDE, 0))
    for mistake in mistakes_of(kind):
        with planted(mistake):
            through[kind, mistake.name] = [within(100, *truth) for truth in truths]
            # 100 for 8: where J^T 1 cancels, a wrong code may enlarge what rounding leaves. None
            # lies near that border.
            assert through[kind, mistake.name] == [within(1e6, *truth) for truth in truths]

FIVE = ("dx = 0", *ANYWHERE)
rows = {f"{name}, anywhere": [k for k in through if k[1] == name] for name in FIVE}
classic = [key for key in through if key[1] not in FIVE]
rows |= {f"{kind}, classic": [k for k in classic if k[0] == kind] for kind in LAYERS}
rows |= {"all": list(through)}
sums = {title: np.sum([through[k] for k in keys], axis=0).tolist() for title, keys in rows.items()}
print("\nLet through                      of" + "".join(f"{title:>10}" for title in UPSTREAMS))
for title, keys in rows.items():
    print(f"  {title:<29}{len(keys):4}" + "".join(f"{count:10}" for count in sums[title]))
assert np.sum([sums[f"{name}, anywhere"] for name in FIVE], axis=0).tolist() == [31, 26, 7, 0]
assert len(through) == 111 and sums["all"] == [52, 43, 8, 0]

# %% [markdown]
# ```text
# Let through                      of      ones      twos  positive     drawn
#   dx = 0, anywhere                7         3         3         0         0
#   v ignored, anywhere             7         7         2         0         0
#   v of another row, anywhere      7         7         7         0         0
#   v averaged, anywhere            7         7         7         0         0
#   v without its signs, anywhere   7         7         7         7         0
#   affine, classic                16         2         0         0         0
#   relu, classic                   9         2         1         1         0
#   tanh, classic                   6         1         0         0         0
#   softmax, classic                8         2         2         0         0
#   standardize, classic           15         9         9         0         0
#   batchnorm, classic             12         5         5         0         0
#   layernorm, classic             10         0         0         0         0
#   all                           111        52        43         8         0
# ```
#
# The five give 31, 26, 7 and 0, as predicted. Of the 15 classic mistakes in standardize, the hard
# part of every norm, ones let nine through: the path through the variance may be dropped, doubled
# or halved.

# %%
print("\nClassic mistakes that ones let through")
for kind in LAYERS:
    names = [name.removeprefix(kind) for k, name in classic if k == kind and through[k, name][0]]
    print(textwrap.fill(f"  {kind}:{','.join(names) or ' none'}", 98, subsequent_indent="    "))
paths = ["path through the variance dropped", "variance path twice", "variance path without its 2"]
assert all(through["standardize", f"standardize {name}"][0] for name in paths)
assert {kind for kind, count in blank.items() if count} == {"softmax", "standardize", "batchnorm"}
assert (blank["softmax"], blank["standardize"], blank["batchnorm"]) == (24, 24, 27)

# %% [markdown]
# The checker of this project says so: with ones it leaves out all 24 numbers of dx in softmax and
# standardize, and in batch norm those of dgamma as well (with ones dgamma is the sum of xhat, 0
# again), and gives the reason: "a bound wider than all the gradient".
#
# In layer norm dx = 0 was caught, as the gamma are drawn. At gamma = 1, where training starts, ones
# let it through. And squares do little better for a norm. sum(out^2) has v = 2 out, which is no
# constant, but the loss is one, up to eps. What is left of dx is of the order of eps, and a
# tolerance of 1e-4 takes it for 0.

# %%
_, cache = layernorm_forward(x[0], np.ones(4), np.zeros(4))
assert abs(layernorm_backward(np.ones((3, 4)), cache)[0]).max() < 1e-14  # roundings of ones
out, cache = batchnorm_forward(rng.normal(size=(8, 3)), *rng.normal(size=(2, 3)))
print("\nThe largest number in dx of a batch norm")
largest = {}
for name, v in (("ones", 0 * out + 1), ("2 out", 2 * out), ("drawn", rng.normal(size=(8, 3)))):
    largest[name] = abs(batchnorm_backward(v, cache)[0]).max()
    print(f"  with {name:<6}{largest[name]:9.6f}")
assert largest["ones"] < 1e-14 and 1e-5 < largest["2 out"] < 1e-4 < 1 < largest["drawn"]

# %% [markdown]
# ## How near a drawn v comes
#
# Probability 0 is for real numbers; a test has a tolerance. Softmax without its mean, dx = p v, is
# off by p (p . v), so it passes where p . v = 0: on a plane, which the tolerance makes a slab. Of a
# million drawn v, how many are off by less than 0.1, 0.01, ...?

# %%
without_mean = with_mistake(MISTAKES["softmax mean missing"])
v = np.random.default_rng(0).normal(size=(1_000_000, 3))
many = np.repeat(p, len(v), axis=0)
off = abs(without_mean(v, many) - softmax_backward(v, many)).max(axis=1)
bound = 8 * U * float(rounding_allowances(problems[1]).s["x"].max())
near = {within: int((off < within).sum()) for within in (1e-1, 1e-2, 1e-3, 1e-4)}
print("\nOff by less than, of 1,000,000")
for distance, count in near.items():
    print(f"  {distance:<8g}{count:8}")
print(f"  8 allowances of v = (4, 2, -4) are {bound:.0e}")
assert all(2 < count / distance / 1e6 < 3 for distance, count in near.items())
assert 1e-15 < bound < 1e-13

# %% [markdown]
# ```text
# Off by less than, of 1,000,000
#   0.1       255534
#   0.01       25861
#   0.001       2563
#   0.0001       228
# ```
#
# A tenth as wide, a tenth as many: 2.5 times the width. 8 allowances are near 1e-14, so a drawn v
# lets this mistake through about once in 1e13 tests. Ones let theirs through each time.
#
# ## What to remember
#
# A backward is J^T, and a test sees it through one v. Ones see the sums of J's columns, and where
# the outputs have a constant sum they see nothing. Draw v, with both signs, anew for each test:
# `out.backward(torch.randn_like(out))` in place of `out.sum().backward()`.

# %%
if drawing():
    import matplotlib.colors

    shades = matplotlib.colors.LinearSegmentedColormap.from_list("", ["white", GRADIENT])
    drawn_, axes = figure(7, 5)
    for row, (title, keys) in enumerate(rows.items()):
        for column, count in enumerate(sums[title]):
            share = count / len(keys)
            axes.barh(row, 0.94, 0.9, column - 0.47, color=shades(share), edgecolor="0.85")
            axes.text(
                column, row, f"{count} of {len(keys)}", ha="center", va="center",
                color="white" if share > 0.7 else "0.2", fontsize=9,
            )  # fmt: skip
    axes.set_xticks(range(4), list(UPSTREAMS))
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set(xlim=(-0.5, 3.5), ylim=(len(rows) - 0.5, -0.5))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.set_title("Mistakes that an upstream gradient lets through")
    keep(drawn_, "06_upstream")

    # Softmax of two scores, p = (1/4, 3/4), with v = (cos a, sin a).
    angles = np.arange(0, 361)
    around = np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], axis=1)
    two = np.repeat([[0.25, 0.75]], len(angles), axis=0)
    right = softmax_backward(around, two)
    wrong = {"dx = 0": (0 * right, VALUE)}
    for name, color in (
        ("outer p missing", THIRD),
        ("mean missing", FOURTH),
        ("diagonal only", "0.4"),
    ):
        wrong[name] = with_mistake(MISTAKES[f"softmax {name}"])(around, two), color
    drawn_, axes = figure(8, 4)
    for name, (dx, color) in wrong.items():
        axes.plot(angles, abs(dx - right).max(axis=1), color=color, label=name)
    axes.vlines((45, 225), 0, 1, color=GRADIENT, linestyle="--", linewidth=1)
    axes.text(48, 0.93, "ones", color=GRADIENT)
    axes.text(228, 0.93, "minus ones", color=GRADIENT)
    axes.set(
        xlabel="direction of v, degrees", ylabel="largest error of dx", ylim=(0, 1.15),
        title="Softmax of two scores: a mistake passes in two directions of v, or in none",
    )  # fmt: skip
    axes.set_xticks(range(0, 361, 45))
    axes.legend(loc="upper center", ncols=4, frameon=False)
    keep(drawn_, "06_upstream_directions")
