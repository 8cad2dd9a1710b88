"""Why a test of a backward draws its upstream gradient, and does not take ones.

Claim: `out.sum().backward()`, an upstream gradient of ones, asks softmax and batch norm for a dx
of 0, so that zeros pass, and lets a backward ignore its upstream anywhere. Of 76 classic mistakes
in seven layers ones let 21 through, twos 17, positive numbers 1, and numbers of both signs none. Of
35 more, which ignore or mix up the upstream or return 0, ones let 31 through.

    backproof compare 06 [--plot DIR]
"""

# %%
import math
import textwrap

import numpy as np
import torch

from comparisons.show import FOURTH, GRADIENT, THIRD, TITLES, VALUE, drawing, figure, keep
from manual.batchnorm import batchnorm_backward, batchnorm_forward
from manual.layernorm import layernorm_backward, layernorm_forward
from manual.network import layer
from manual.softmax import softmax_backward, softmax_forward
from reference.agreement import compare
from reference.mistakes import MISTAKES, Mistake, planted, with_mistake
from reference.paths import path
from reference.problem import Problem

torch.set_num_threads(1)  # among matrices this small a second thread only costs time

# %% [markdown]
# ## A backward is a matrix
#
# Lay all outputs of a layer in one row, and all inputs in another. The Jacobian of the layer is
# J[j, k] = d out[j] / d x[k]. A backward is given the upstream gradient v, where v[j] says how much
# the loss moves with out[j], and by the chain rule it returns
#
#     dx[k] = sum_j v[j] J[j, k]          dx = J^T v
#
# In a network v comes from the layer above. In a test of one layer there is none, and the tester
# picks v. `out.sum().backward()` picks ones. They ask for J^T 1, the sums of J's columns: how the
# sum of all outputs moves with each input. What else J holds they cannot see.
#
# Softmax at p = (1/4, 1/2, 1/4) has J = diag(p) - p p^T. Its backward gives J row by row, if v is 1
# in one place and 0 in the others. Here is 16 J, and below it the sums of its columns:

# %%
scores = np.log(np.array([[1.0, 2.0, 1.0]]))
p, _ = softmax_forward(scores)
J = np.concatenate([softmax_backward(v[None], p) for v in np.eye(3)])
print("16 J of softmax")
for row in [*J, J.sum(axis=0)]:
    print("".join(f"{round(16 * entry):6}" for entry in row))
# log and exp are no exact inverses: a few roundings of 1e-16 are allowed.
assert abs(p - np.array([0.25, 0.5, 0.25])).max() < 1e-15
assert abs(16 * J - np.array([[3, -2, -1], [-2, 4, -2], [-1, -2, 3]])).max() < 1e-14

# %% [markdown]
# ```text
# 16 J of softmax
#      3    -2    -1
#     -2     4    -2
#     -1    -2     3
#      0     0     0
# ```
#
# The sums are 0 for any scores: the probabilities of a row add up to 1 whatever x is, and the
# gradient of a constant is 0. Batch norm is such a case too: the N normalised numbers of a channel
# add up to 0, so its outputs add up to N beta. So is layer norm if all gamma are equal, as they are
# at the start.
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
# A wrong backward mostly answers J'^T v, with another matrix J'. It passes if (J' - J)^T v = 0.
#
# - Ones are one v. They miss every J' whose columns have the sums of J's.
# - Twos are twice the same v: such a J' passes with both. They tell more only about a backward that
#   ignores v: it answers J^T 1, where 2 J^T 1 is right. (If J^T 1 is 0, so is its double, and twos
#   miss it too.)
# - For any drawn v, (J' - J)^T v = 0 has probability 0: v would lie in a certain plane through 0,
#   or in something smaller.
# - The signs matter for mistakes that are no matrix: |v| in place of v is right for every positive
#   v. So is a relu that lets pass only where both x and v are above 0.
#
# In numbers: five mistakes that any layer can have, in seven layers. Four of them are v ignored, v
# of another row, v averaged, and v without its signs: ones should miss these in all seven. The
# fifth is dx = 0, which they should miss where J^T 1 = 0: in softmax, in batch norm, and in
# standardize, (x - mean) / std, which is what the norms share: 4 * 7 + 3 = 31 of 35. Twos catch v
# ignored, but for softmax and standardize, where both are 0: they should miss 31 - 5 = 26. Positive
# numbers should miss the signs, 7, and numbers of both signs nothing. These 35 are built so that
# ones miss most. The other group are 76 classic mistakes, all that reference/cards lists for the
# seven layers and a v can show.

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
# Left out are mistakes that no v can show: to write into v, to be wrong in evaluation alone.
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


def error(right: dict, problem: Problem) -> float:
    """The largest error of the gradients by hand, as a share of the largest number."""
    try:
        mine = path("by_hand")(problem).named()
    except ValueError:  # shapes that do not fit
        return np.inf
    if any(mine[n].shape != a.shape or mine[n].dtype != a.dtype for n, a in right.items()):
        return np.inf
    return max(abs(mine[n] - a).max() / (1 + abs(a).max()) for n, a in right.items())


through: dict[tuple[str, str], list[bool]] = {}  # layer, mistake: let through by each upstream
for kind, (base, _, _) in LAYERS.items():
    truths = []
    for upstream in UPSTREAMS.values():
        here = base._replace(y=upstream.reshape(2, 12)[:, :5] if kind == "affine" else upstream)
        assert all(each.agrees for each in compare(here))
        truths.append((path("by_hand")(here).named(), here))
    for mistake in mistakes_of(kind):
        with planted(mistake):
            errors = [error(*truth) for truth in truths]
        # Roundings leave 1e-16 or so, the smallest mistake, dw rounded to float32, 1e-8.
        assert all(each < 1e-13 or each > 1e-9 for each in errors)
        through[kind, mistake.name] = [each < 1e-13 for each in errors]

FIVE = ("dx = 0", *ANYWHERE)
rows = {f"{name}, anywhere": [k for k in through if k[1] == name] for name in FIVE}
classic = [key for key in through if key[1] not in FIVE]
rows |= {f"{kind}, classic": [k for k in classic if k[0] == kind] for kind in LAYERS}
rows |= {"the five": [key for key in through if key[1] in FIVE], "classic": classic}
sums = {title: np.sum([through[k] for k in keys], axis=0).tolist() for title, keys in rows.items()}
print("\nLet through                      of" + "".join(f"{title:>10}" for title in UPSTREAMS))
for title, keys in rows.items():
    print(f"  {title:<29}{len(keys):4}" + "".join(f"{count:10}" for count in sums[title]))
assert len(rows["the five"]) == 35 and sums["the five"] == [31, 26, 7, 0]
assert len(classic) == 76 and sums["classic"] == [21, 17, 1, 0]

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
#   the five                       35        31        26         7         0
#   classic                        76        21        17         1         0
# ```
#
# The five give 31, 26, 7 and 0, as predicted. Of the 76 classic mistakes ones let 21 through, more
# than a quarter. Positive numbers let one through, relu's mask from both. Of the 15 in standardize,
# the hard part of every norm, ones let nine through: what goes through the variance may be dropped,
# doubled or halved.

# %%
print("\nClassic mistakes that ones let through")
for kind in LAYERS:
    names = [name.removeprefix(kind) for k, name in classic if k == kind and through[k, name][0]]
    print(textwrap.fill(f"  {kind}:{','.join(names) or ' none'}", 98, subsequent_indent="    "))
paths = ["path through the variance dropped", "variance path twice", "variance path without its 2"]
assert all(through["standardize", f"standardize {name}"][0] for name in paths)
assert [name for kind, name in classic if through[kind, name][2]] == ["relu mask from both"]

# %% [markdown]
# In layer norm dx = 0 was caught, as the gamma are drawn. At gamma = 1, where training starts, ones
# let it through. And squares do little better for batch norm, and for layer norm with gamma = 1 and
# beta = 0. sum(out^2) has v = 2 out, which is no constant, but the loss is one, up to the eps that
# a norm adds to the variance. What is left of dx is small with eps, and a tolerance of 1e-3 takes
# it for 0 here. In layer norm with drawn gamma and beta sum(out^2) is no constant.

# %%
_, cache = layernorm_forward(x[0], np.ones(4), np.zeros(4))
assert abs(layernorm_backward(np.ones((3, 4)), cache)[0]).max() < 1e-14  # roundings of ones
numbers, batch_params = rng.normal(size=(8, 3)), rng.normal(size=(2, 3))
drawn_v, row_params = rng.normal(size=(8, 3)), rng.normal(size=(2, 8))
batch, row = (batchnorm_forward, batchnorm_backward), (layernorm_forward, layernorm_backward)
trials = {
    "batch norm": (batch, numbers, batch_params, drawn_v),
    "layer norm, gamma 1, beta 0": (row, numbers.T, (np.ones(8), np.zeros(8)), drawn_v.T),
    "layer norm, both drawn": (row, numbers.T, row_params, drawn_v.T),
}
print("\nThe largest number in dx             ones       2 out       drawn")
for title, ((forward, backward), at, params, v) in trials.items():
    out, cache = forward(at, *params)
    largest = [abs(backward(up, cache)[0]).max() for up in (0 * out + 1, 2 * out, v)]
    print(f"  {title:<27}" + "".join(f"{each:12.6f}" for each in largest))
    if title == "layer norm, both drawn":
        assert min(largest) > 0.1
    else:
        assert largest[0] < 1e-14 and 1e-6 < largest[1] < 1e-3 and largest[2] > 0.1

# %% [markdown]
# ```text
# The largest number in dx             ones       2 out       drawn
#   batch norm                     0.000000    0.000041    1.882929
#   layer norm, gamma 1, beta 0    0.000000    0.000057    2.586287
#   layer norm, both drawn         1.461783    4.794553    2.124162
# ```
#
# ## How near a drawn v comes
#
# Probability 0 is for real numbers; a test has a tolerance. Softmax without its mean, dx = p v, is
# off by p (p . v), at the most by (p . v) / 2 here. p . v is a normal number with a spread of
# |p| = 0.61, so it lies within 2 t of 0 with probability 2 * 2 t / (0.61 sqrt(2 pi)) = 2.6 t: of a
# million drawn v, a tolerance t = 0.001 should let some 2600 through.

# %%
without_mean = with_mistake(MISTAKES["softmax mean missing"])
v = np.random.default_rng(0).normal(size=(1_000_000, 3))
many = np.repeat(p, len(v), axis=0)
off = abs(without_mean(v, many) - softmax_backward(v, many)).max(axis=1)
near = {t: int((off < t).sum()) for t in (1e-2, 1e-3)}
print(f"\nOff by less than 0.01, and 0.001, of 1,000,000: {near[1e-2]}, {near[1e-3]}")
for t, count in near.items():
    assert abs(count - 2.606e6 * t) < 4 * math.sqrt(2.606e6 * t)  # four standard deviations

# %% [markdown]
# At t = 1e-13, wide for roundings, that is one test in 4e12. Mistakes that ones cannot see they let
# through every time.
#
# ## What to remember
#
# A backward is J^T, and a test sees it through one v. Ones see the sums of J's columns, and where
# the outputs have a constant sum they see nothing. Draw v, with both signs, anew for each test:
# `out.backward(torch.randn_like(out))` in place of `out.sum().backward()`.

# %%
if drawing():
    # Softmax of two scores, p = (1/4, 3/4), with v = (cos a, sin a).
    angles = np.arange(0, 361)
    around = np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], axis=1)
    two = np.repeat([[0.25, 0.75]], len(angles), axis=0)
    right = softmax_backward(around, two)
    wrong = {"dx = 0": (0 * right, VALUE)}
    names = "outer p missing", "mean missing", "diagonal only"
    for name, color in zip(names, (THIRD, FOURTH, "0.4"), strict=True):
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
