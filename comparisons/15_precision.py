"""How many digits of a gradient are right, in float32 and in float64? Fractions tell.

Claim: a fixed tolerance such as allclose(1e-5) fails correct gradients in float32 and passes wrong
ones in float64; 1e-10 fails correct ones in float64 too. An allowance that is counted entry by
entry fails no correct gradient in float32 and passes no wrong one in float64. On small integers
nothing may be lost at all, and three programs give the same bits.

    backproof compare 15 [--plot DIR]
"""

# %%
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from comparisons.show import GRADIENT, VALUE, drawing, figure, keep, side_by_side
from manual.affine import affine_backward, affine_forward
from manual.network import Params, layer, mlp, network_forward
from reference.agreement import ALLOWANCES, compare, rounding_allowances
from reference.mistakes import MISTAKES, planted
from reference.numbers import UNIT
from reference.paths import path
from reference.problem import Problem

# %% [markdown]
# ## The truth, as fractions
#
# A relu network with mse is made of sums, products, comparisons and one division: on fractions it
# makes no error at all. Python's Fraction goes through the code of manual/ as it stands. Every
# float32 is a fraction, so one network can be asked in float32, in float64 and in fractions.

# %%
net, shapes = mlp([5, 7, 6, 4])
NAMES, rng = sorted(["x", *shapes]), np.random.default_rng(0)
fractions: Callable = np.frompyfunc(lambda number: Fraction(float(number)), 1, 1)


def draw(number: Callable, trained: bool = False) -> Problem:
    """A network 5-7-6-4 in float32 with four examples; trained: targets within 1% of outputs."""
    params = {name: number(size=w.shape).astype(np.float32) for name, w in shapes.items()}
    x, y = (number(size=(4, width)).astype(np.float32) for width in (5, 4))
    if trained:
        out, _ = network_forward(x, params, net)
        y = (out * (1 + 0.01 * rng.normal(size=y.shape))).astype(np.float32)
    return Problem(net, params, x, y, layer("mse"))


def flat(grads: dict[str, Any]) -> Any:
    """All gradients in one row: of every parameter and of x, by name."""
    return np.concatenate([np.ravel(grads[name]) for name in sorted({*grads} - {"value"})])


def in_fractions(problem: Problem) -> Problem:
    params = {name: fractions(w) for name, w in problem.params.items()}
    return problem._replace(params=params, x=fractions(problem.x), y=fractions(problem.y))


def along(name: str, problem: Problem) -> Any:
    return flat(path(name)(problem).named())


by_hand, by_pytorch = partial(along, "by_hand"), partial(along, "pytorch")
one = draw(rng.normal)
truth = by_hand(in_fractions(one))
print("One network in float64; of the last line, up to 8 is agreement (see below)")
found = side_by_side(one.in_float64(), names=["b3"])
assert all(each.agrees for each in found)

# %% [markdown]
# That was the backward. A truth should not come from what it is to judge, so here it is from the
# forward alone. While one parameter moves, and no relu turns over, the output is a straight line
# and the loss a parabola. The central difference of a parabola is its derivative, for any h; on
# fractions h may be 2^-60, and nothing rounds. All 138 gradients are the same fractions.

# %%
exact, h, differences = in_fractions(one), Fraction(1, 2**60), []
arrays = {"x": exact.x, **exact.params}
for name in NAMES:
    for index in np.ndindex(arrays[name].shape):
        losses = []
        for step in (h, -h):
            moved = arrays | {name: arrays[name].copy()}
            moved[name][index] += step
            out, _ = network_forward(moved["x"], moved, net)
            losses.append(((out - exact.y) ** 2).sum() / out.size)
        differences.append((losses[0] - losses[1]) / (2 * h))
assert len(truth) == 138 and (np.array(differences) == truth).all()

# %% [markdown]
# ## Prediction
#
# One rounding changes a number by one part in 2^24 at the most in float32, in 2^53 in float64. That
# is the unit roundoff: u = 6e-08 and u = 1e-16. An entry of a gradient has been through dozens of
# roundings, which mostly cancel, so a typical one will be right to the last digit or two. But
# where terms cancel, as in 1.234567 - 1.234561 = 0.000006, their roundings stay and the number gets
# small: one digit is left of seven, in a correct program. The entry does not show it.
#
# So it has to be counted. The code runs on numbers that carry, beside the value, a sum s of what
# was rounded on the way: s(a + b) = s(a) + s(b) + |a + b|, and so on (reference/numbers.py). Then
# u s is one allowance: the error if all roundings pull the same way. Two programs, each with an
# order of its own, agree if they are within 8.
#
# So: relative errors will spread over many powers of ten, and the two types will lie nine powers
# apart, as their u do. In allowances the two will be the same, all below 1.


# %%
@jax.jit
@partial(jax.grad, argnums=(0, 1))
def gradients_in_jax(params: Params, x: Any, y: Any) -> Any:
    out = jax.nn.relu(x @ params["W1"] + params["b1"])
    out = jax.nn.relu(out @ params["W2"] + params["b2"]) @ params["W3"] + params["b3"]
    return ((out - y) ** 2).mean()


def by_jax(problem: Problem) -> Any:
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        grads, dx = gradients_in_jax(*jax.tree.map(jnp.asarray, problem[1:4]))
        return flat({"x": dx, **grads})


PROGRAMS = {"by hand": by_hand, "PyTorch": by_pytorch, "JAX": by_jax}
COUNT, UNITS = 50, {kind: UNIT[np.dtype(kind)] for kind in ("float32", "float64")}
networks = [draw(rng.normal) for _ in range(COUNT)]
doubles = [problem.in_float64() for problem in networks]
truths = [by_hand(in_fractions(problem)) for problem in networks]
sizes = np.abs(np.concatenate(truths).astype(float))
s = np.concatenate([flat(rounding_allowances(problem).s) for problem in networks])


def errors(gradients: list[Any]) -> Any:
    """Absolute errors: the subtraction on fractions, and only its result as a float."""
    off = np.concatenate([fractions(g) - truth for g, truth in zip(gradients, truths, strict=True)])
    return np.abs(off.astype(float))


off, relative, counted = {}, {}, {}
print(f"\n{COUNT} networks, {sizes.size} gradients: how far from the fractions")
print("                        relative error: median, worst    in allowances: worst")
for kind, problems in {"float32": networks, "float64": doubles}.items():
    for name, program in PROGRAMS.items():
        key, gradients = f"{name}, {kind}", [program(problem) for problem in problems]
        assert all(g.dtype == kind for g in gradients)
        off[key] = errors(gradients)
        some = (off[key] > 0) & (sizes > 0)
        relative[key] = off[key][some] / sizes[some]
        counted[key] = off[key][off[key] > 0] / (UNITS[kind] * s[off[key] > 0])
        median, most = np.median(relative[key]), relative[key].max()
        print(f"  {key:<20}{median:17.0e}{most:8.0e}{counted[key].max():22.2f}")
        # A typical entry is off by half a dozen u or less, the worst by a hundred times that.
        assert median < 6 * UNITS[kind] and most > 100 * median and counted[key].max() < 1
assert (off["by hand, float32"] != off["PyTorch, float32"]).any()

# %% [markdown]
# The worst entry is off by hundreds of times as much as a typical one, and no program is at fault.
# Nor are they the same, as they add in different orders. To ask two float32 programs for the same
# bits is to ask them for the same order of sums.
#
# ## A fixed tolerance, against one that is counted
#
# np.allclose(g, truth) asks, by default, |g - truth| <= 1e-8 + 1e-5 |truth|. Take correct code in
# float32: 1e-5 is 168 u, more than a typical entry loses, but a network has 138 entries and one
# that cancels is enough. It is worse in a network that is nearly trained: with outputs within 1% of
# their targets, out - y starts every gradient two digits short. Take wrong code in float64: two
# mistakes are planted in affine_backward, dw too large by 1e-7, and dw that passes through float32
# on its way. Prediction: allclose fails some of the correct, and passes all of the wrong. compare()
# of this project does neither, and needs no truth: here it holds the code against PyTorch, within 8
# allowances.

# %%
MISTAKE = MISTAKES["affine dw off by 1e-7"]
near = [draw(rng.normal, trained=True) for _ in range(COUNT)]
near_truths = [by_hand(in_fractions(problem)) for problem in near]
assert round(1e-5 / UNITS["float32"]) == 168


def failed(
    title: str, problems: list[Problem], truths: list[Any], rtol: float = 1e-5, atol: float = 1e-8
) -> Any:
    """Print and return the shares of networks that each criterion fails."""
    pairs = zip(problems, truths, strict=True)
    close = [np.allclose(by_hand(p), truth.astype(float), rtol, atol) for p, truth in pairs]
    agrees = [all(each.agrees for each in compare(p, ("pytorch",))) for p in problems]
    shares = 1 - np.mean(close), 1 - np.mean(agrees)
    print(f"  {title:<38}{shares[0]:10.0%}{shares[1]:13.0%}")
    return shares


print("\nShare of networks failed by              allclose    compare")
right = failed("correct, float64", doubles, truths)
with planted(MISTAKE):
    assert failed("wrong, float64, dw off by 1e-7", doubles, truths) == (0, 1)
with planted(MISTAKES["affine dw rounded to float32"]):
    assert failed("wrong, float64, dw in float32", doubles, truths) == (0, 1)
plain = failed("correct, float32", networks, truths)
trained = failed("correct, float32, nearly trained", near, near_truths)
with planted(MISTAKE):
    assert failed("wrong, float32, dw off by 1e-7", networks, truths)[1] == 0
assert 0.05 < plain[0] < 0.5 < 0.9 < trained[0] and plain[1] == trained[1] == 0 == sum(right)

# %% [markdown]
# ```text
# Share of networks failed by              allclose    compare
#   correct, float64                              0%           0%
#   wrong, float64, dw off by 1e-7                0%         100%
#   wrong, float64, dw in float32                 0%         100%
# ```
#
# In float32 allclose fails some of the correct networks, and nearly all that are nearly trained;
# compare() fails none. It does pass the mistake of 1e-7 in float32: that is below what correct
# programs lose there, and no tolerance can tell. So gradients are proved in float64.
#
# ## Then 1e-10, in float64?
#
# It divides these networks: the right ones are within 1e-10, those off by 1e-7 are not. But that
# line belongs to them. A layer norm subtracts the mean of its numbers. Where that mean is 1e8,
# eight of sixteen digits go, in any program. Prediction: 1e-10 fails correct code there, held
# against PyTorch; compare() does not, since its allowances grow with the numbers subtracted.

# %%
narrow = {"rtol": 1e-10, "atol": 1e-10}
units = {"gamma": np.ones(6), "beta": np.zeros(6)}
norms = [
    Problem([layer("layernorm", *units)], units, rng.normal(1e8, size=(4, 6)), y)
    for y in rng.normal(size=(COUNT, 4, 6))
]
print("\nShare of networks failed by       allclose(1e-10)    compare")
assert failed("correct, float64", doubles, truths, **narrow) == (0, 0)
with planted(MISTAKE):
    assert failed("wrong, float64, dw off by 1e-7", doubles, truths, **narrow) == (1, 1)
in_torch = [by_pytorch(problem) for problem in norms]
assert failed("correct, layer norm, mean 1e8", norms, in_torch, **narrow) == (1, 0)

# %% [markdown]
# ```text
# Share of networks failed by       allclose(1e-10)    compare
#   correct, float64                              0%           0%
#   wrong, float64, dw off by 1e-7              100%         100%
#   correct, layer norm, mean 1e8               100%           0%
# ```
#
# There is one more way: numbers that do not round at all.
#
# ## To the bit
#
# With weights, inputs and targets from -3 to 3, all whole, every product and every sum is a whole
# number of eighths: the mean makes them, as 2 (out - y) / 16. Below 2^24 eighths float32 has them
# all, so whatever the order, nothing rounds. Prediction: three programs, two types and the
# fractions agree in all 6,900 entries, bit for bit. And 1e-7 in float32 will show.

# %%
integers = [
    draw(lambda size: rng.integers(1, 4, size) * rng.choice([-1, 1], size)) for _ in range(COUNT)
]
answer = np.concatenate([by_hand(in_fractions(p)) for p in integers]).astype(float)
assert (answer * 8 % 1 == 0).all() and np.abs(answer * 8).max() < 2**24
print("\nWhole numbers: entries that are the very bits of the fraction, in float32 and in float64")
for name, program in PROGRAMS.items():
    asked = integers, [problem.in_float64() for problem in integers]
    equal = np.array([np.concatenate([*map(program, problems)]) == answer for problems in asked])
    print(f"  {name:<8}{equal[0].sum():8,}{equal[1].sum():8,}   of {answer.size:,}")
    assert equal.all()
with planted(MISTAKE):
    equal = np.concatenate([by_hand(problem) for problem in integers]) == answer
print(f"  off by 1e-7, in float32: {COUNT} of {COUNT} networks differ")
assert not equal.reshape(COUNT, -1).all(axis=1).any()

# %% [markdown]
# ```text
#   by hand    6,900   6,900   of 6,900
#   PyTorch    6,900   6,900   of 6,900
#   JAX        6,900   6,900   of 6,900
#   off by 1e-7, in float32: 50 of 50 networks differ
# ```
#
# ## Where digits go
#
# Two places account for most of what is lost. The first is a subtraction of large numbers that are
# nearly equal, such as x - mean in a norm layer. With a mean of m and a spread of 1 the mean is off
# by about u m, and so is everything after it: float32 has log10(m) digits less. The variance as
# E[x^2] - E[x]^2 subtracts numbers of the size m^2 and loses twice as many.
#
# The second is a long sum, such as that of a bias over N rows. A running total t rounds by up to
# u t each time: at worst N u of the whole. Up and down mostly cancel. But equal terms round the
# same way for as long as the total stays between two powers of 2.

# %%
u = UNITS["float32"]
base, up = rng.normal(size=(4, 6)), rng.normal(size=(4, 6)).astype(np.float32)
scale = {"gamma": np.ones(6, np.float32), "beta": np.zeros(6, np.float32)}
print("\nRelative errors in float32: dx of a layer norm, and the variance by E[x^2] - E[x]^2")
print("  mean       u m        dx     u m^2  variance")
for m in (1e2, 1e4, 1e6):
    x = (base + m).astype(np.float32)
    problem = Problem([layer("layernorm", *scale)], scale, x, up)
    # float64 has nine digits more to lose: it is as good as the truth here.
    true = path("by_hand")(problem.in_float64()).dx
    lost = np.linalg.norm(path("by_hand")(problem).dx - true) / np.linalg.norm(true)
    one_pass = (x * x).mean(axis=1) - x.mean(axis=1) ** 2
    worst = np.abs(one_pass / x.astype(float).var(axis=1) - 1).max()
    print(f"  {m:.0e}{u * m:10.0e}{lost:10.0e}{u * m * m:10.0e}{worst:10.0e}")
    # Up to the dozen of roundings in a row of six, and the luck of four rows.
    assert all(1 / 30 < each < 30 for each in (lost / (u * m), worst / (u * m * m)))

dout = np.full((1_000_000, 5), 0.1, np.float32)
_, cache = affine_forward(np.ones((len(dout), 1), np.float32), up[:1, :5], up[0, :5])
_, _, db = affine_backward(dout, cache)
print(f"A million times 0.1, one after the other: {db[0]:.2f}")
assert f"{db[0]:.2f}" == "100958.34" and db[0] / 1e5 - 1 < 1_000_000 * u
for total in (torch.from_numpy(dout).sum(0), jnp.asarray(dout).sum(0), dout.T.copy().sum(axis=1)):
    assert abs(float(total[0]) / 1e5 - 1) < 1e-5

# %% [markdown]
# It should be 100,000: off by 1%. NumPy adds the rows of an array one after the other,
# as here; along the last axis, and in PyTorch and JAX, sums go in blocks, and lose far less.
#
# ## What to remember
#
# A typical entry of a gradient is right to its last digit, and a rare one has lost two or three
# more, in every correct program. One tolerance for all is too strict for the second and too lax for
# the first. Count what each may lose, in float64; where you can, take whole numbers and ==.

# %%
if drawing():
    shown = ["by hand, float32", "by hand, float64"]  # PyTorch's and JAX's lie upon them
    relative, counted = ({key: each[key] for key in shown} for each in (relative, counted))
    wrong, some = errors([by_hand(problem) * (1 + 1e-7) for problem in doubles]), sizes > 0
    relative["wrong, float64, 1e-7"] = wrong[some] / sizes[some]
    counted["wrong, float64, 1e-7"] = wrong[some] / (UNITS["float64"] * s[some])
    colors = {"by hand": VALUE, "wrong": GRADIENT}
    drawn, panels = figure(9, 4.4, columns=2, sharey=True)
    for axes, each, least, line in zip(
        panels, (relative, counted), (-18, -6), (1e-5, ALLOWANCES), strict=True
    ):
        edges = 10.0 ** np.arange(least, least + 16.1, 0.25)
        for key, row in each.items():
            look: dict[str, Any] = {"linestyle": "-" if "32" in key else "--", "label": key}
            look |= {"fill": True, "alpha": 0.4} if "wrong" in key else {}
            axes.stairs(np.histogram(row, edges)[0], edges, color=colors[key.split(",")[0]], **look)
        axes.axvline(line, color="k", linewidth=0.8)
        axes.annotate(f" {line:g}", (line, 2500))
        axes.set(xscale="log", yscale="log", ylim=(0.7, 4000), xticks=edges[::16])
    panels[0].set(xlabel="error, relative to the entry", ylabel="entries")
    panels[0].set_title("Relative errors: no one line for both types", fontsize=10)
    panels[1].set(xlabel="error, in allowances")
    panels[1].set_title("In allowances: right below 1, wrong above 8", fontsize=10)
    labels = panels[0].get_legend_handles_labels()
    drawn.legend(*labels, loc="outside lower center", ncols=4, fontsize=8)
    keep(drawn, "15_precision")
