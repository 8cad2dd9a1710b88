"""How many digits of a gradient are right, in float32 and in float64? Fractions tell.

Claim: a fixed tolerance such as allclose(1e-5) fails correct gradients in float32 and passes wrong
ones in float64. What a correct program may lose can be counted, entry by entry: it fails none of
the former and passes none of the latter. On small integers nothing may be lost at all, and three
programs give the same bits.

    backproof compare 15 [--plot DIR]
"""

# %%
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from comparisons.show import FOURTH, GRADIENT, THIRD, VALUE, drawing, figure, keep, side_by_side
from manual.affine import affine_backward, affine_forward
from manual.network import Params, layer, mlp, network_forward, network_loss
from reference.agreement import ALLOWANCES, rounding_allowances
from reference.mistakes import MISTAKES, planted
from reference.numbers import UNIT
from reference.paths import path
from reference.problem import Gradients, Problem

# %% [markdown]
# ## The truth, as fractions
#
# A relu network with mse is made of sums, products, comparisons and one division: on fractions it
# makes no error at all. Python's Fraction goes through the code of manual/ as it stands. Every
# float32 is a fraction, so one network has the same numbers in float32, in float64 and in
# fractions.

# %%
net, shapes = mlp([5, 7, 6, 4])
NAMES = ["x", *shapes]
fractions: Callable = np.frompyfunc(lambda number: Fraction(float(number)), 1, 1)


def draw(rng: np.random.Generator, number: Callable, trained: bool = False) -> Problem:
    """A network 5-7-6-4 in float32 with four examples; trained: targets within 1% of outputs."""
    params = {name: number(w.shape).astype(np.float32) for name, w in shapes.items()}
    x, y = (number((4, size)).astype(np.float32) for size in (5, 4))
    if trained:
        out, _ = network_forward(x, params, net)
        y = (out * (1 + 0.01 * rng.normal(size=y.shape))).astype(np.float32)
    return Problem(net, params, x, y, layer("mse"))


def flat(grads: dict[str, Any]) -> Any:
    """All gradients in one row: of x and of every parameter."""
    return np.concatenate([np.ravel(grads[name]) for name in NAMES])


def in_fractions(problem: Problem) -> Any:
    params = {name: fractions(w) for name, w in problem.params.items()}
    x, y = fractions(problem.x), fractions(problem.y)
    return flat(Gradients(*network_loss(x, y, params, net, layer("mse"))).named())


rng = np.random.default_rng(0)
one = draw(rng, lambda shape: rng.normal(size=shape))
truth = in_fractions(one)
print("One network in float64; in the last line, up to 8 allowances is agreement")
found = side_by_side(one.in_float64(), names=["b3"])
assert all(each.agrees for each in found)

# %% [markdown]
# That was the backward. A truth should not come from what it is to judge, so here is another way to
# it, from the forward alone. Move one parameter: between two corners the output is a straight line,
# so the loss is a parabola, and the central difference of a parabola is its derivative, without any
# error, for any h that crosses no corner. On fractions h may be 2^-60, and nothing rounds.

# %%
h, target, differences = Fraction(1, 2**60), fractions(one.y), []
exact: dict[str, Any] = {name: fractions(a) for name, a in {"x": one.x, **one.params}.items()}
for name in NAMES:
    for index in np.ndindex(exact[name].shape):
        losses = []
        for step in (h, -h):
            moved = exact | {name: exact[name].copy()}
            moved[name][index] += step
            out, _ = network_forward(moved["x"], moved, net)
            losses.append(((out - target) ** 2).sum() / out.size)
        differences.append((losses[0] - losses[1]) / (2 * h))
assert len(truth) == 138 and (np.array(differences) == truth).all()
print(f"\nOn fractions: {len(truth)} gradients by the backward == {len(truth)} by differences")

# %% [markdown]
# ```text
# On fractions: 138 gradients by the backward == 138 by differences
# ```
#
# ## Prediction
#
# One rounding costs up to u, 6e-8 in float32 and 1e-16 in float64. An entry of a gradient has been
# through some dozens of roundings, which mostly cancel, so a typical one will be right to the last
# digit or two. But a sum whose terms cancel keeps the roundings of its terms while it gets small
# itself, and then any number of its digits may be wrong, in a correct program. No look at the entry
# tells. It has to be counted: reference/numbers.py sends numbers through the code that carry along
# what they may have lost, in units of u. That is one allowance.
#
# So: relative errors will spread over many powers of ten, and the two types will lie nine powers
# apart. In allowances the two will be the same, all below 1.


# %%
def textbook(params: Params, x: Any, y: Any) -> Any:
    out = jax.nn.relu(x @ params["W1"] + params["b1"])
    out = jax.nn.relu(out @ params["W2"] + params["b2"]) @ params["W3"] + params["b3"]
    return ((out - y) ** 2).mean()


compiled = jax.jit(jax.grad(textbook, argnums=(0, 1)))


def by_jax(problem: Problem) -> dict[str, Any]:
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        params, x, y = jax.tree.map(jnp.asarray, problem[1:4])
        grads, dx = jax.tree.map(np.asarray, compiled(params, x, y))
    return {"x": dx, **grads}


PROGRAMS: dict[str, Callable[[Problem], dict[str, Any]]] = {
    "by hand": lambda problem: path("by_hand")(problem).named(),
    "PyTorch": lambda problem: path("pytorch")(problem).named(),
    "JAX": by_jax,
}
COUNT = 50
networks = [draw(rng, lambda shape: rng.normal(size=shape)) for _ in range(COUNT)]
truths = [in_fractions(problem) for problem in networks]
s = [flat(rounding_allowances(problem, exact=False).s) for problem in networks]


def errors(gradients: list[Any], truths: list[Any]) -> Any:
    """Absolute errors: the subtraction on fractions, and only its result as a float."""
    pairs = zip(gradients, truths, strict=True)
    return [np.abs((fractions(g) - truth).astype(float)) for g, truth in pairs]


gradients, relative, counted = {}, {}, {}
sizes = np.abs(np.concatenate(truths).astype(float))
for dtype in (np.float32, np.float64):
    unit, asked = UNIT[np.dtype(dtype)], networks
    if dtype == np.float64:
        asked = [problem.in_float64() for problem in networks]
    for name, program in PROGRAMS.items():
        key = name, np.dtype(dtype).name
        gradients[key] = [flat(program(problem)) for problem in asked]
        assert all(g.dtype == dtype for g in gradients[key])
        off = np.concatenate(errors(gradients[key], truths))
        nonzero = (off > 0) & (sizes > 0)
        relative[key] = off[nonzero] / sizes[nonzero]
        counted[key] = off[off > 0] / (unit * np.concatenate(s)[off > 0])

print(f"\n{COUNT} networks, {sizes.size} gradients: how far from the fractions")
print("                        relative error: median, worst    in allowances: worst")
for (name, kind), each in relative.items():
    worst = counted[name, kind].max()
    print(f"  {name:<8}{kind:<12}{np.median(each):17.0e}{each.max():8.0e}{worst:22.2f}")
    assert worst < 1
    # A typical entry has half a dozen roundings or fewer, the worst has lost a hundred times that.
    assert np.median(each) < 6 * UNIT[np.dtype(kind)] and each.max() > 100 * np.median(each)

# %% [markdown]
# The worst entry is off by hundreds of times as much as a typical one, and no program is at fault.
# Nor are the three programs the same: they add in different orders. Is it a bug when two of them
# disagree? Where by hand and PyTorch differ, each should be nearer to the truth about as often as
# the other.

# %%
ours, theirs = (np.concatenate(gradients[name, "float32"]) for name in ("by hand", "PyTorch"))
apart = ours != theirs
mine, other = (
    np.concatenate(errors(gradients[n, "float32"], truths)) for n in PROGRAMS if n != "JAX"
)
nearer, farther = int((mine < other).sum()), int((mine > other).sum())
print(f"\nIn float32 by hand and PyTorch differ in {apart.mean():.0%} of the entries;")
print(f"by hand is nearer to the truth in {nearer}, PyTorch in {farther}")
# Chance would leave either some half of them.
assert 0 < apart.mean() < 1 and 1 / 4 < nearer / (nearer + farther) < 3 / 4

# %% [markdown]
# No bug, then, and no winner: to ask two float32 programs for the same bits is to ask them for the
# same order of sums.
#
# ## A fixed tolerance, against one that is counted
#
# np.allclose(g, truth) with its default, rtol=1e-5. Correct float32 code: 1e-5 is 168 u, more than
# a typical entry loses, but a network has 138 entries and one that cancels is enough. Worse in a
# network that is nearly trained: with outputs within 1% of their targets, out - y starts every
# gradient two digits short. Wrong float64 code: three mistakes are planted in affine_backward, dw
# too large by 1e-6, by 1e-7, and dw that passes through float32 on its way. All are far below 1e-5.

# %%
MISTAKE = MISTAKES["affine dw off by 1e-7"]
MISTAKEN = {
    "dw off by 1e-6": MISTAKE._replace(wrong=MISTAKE.wrong.replace("1e-7", "1e-6")),
    "dw off by 1e-7": MISTAKE,
    "dw through float32": MISTAKES["affine dw rounded to float32"],
}
near = [draw(rng, lambda shape: rng.normal(size=shape), trained=True) for _ in range(COUNT)]
near_truths = [in_fractions(problem) for problem in near]
near_s = [flat(rounding_allowances(problem, exact=False).s) for problem in near]
assert round(1e-5 / UNIT[np.dtype(np.float32)]) == 168


def failed(title: str, problems: list[Problem], truths: list[Any], s: list[Any]) -> Any:
    """Print and return the shares of networks that each criterion fails."""
    found = [flat(PROGRAMS["by hand"](problem)) for problem in problems]
    true = [truth.astype(float) for truth in truths]
    unit = UNIT[problems[0].dtype]
    close = [np.allclose(g, t, rtol=1e-5) for g, t in zip(found, true, strict=True)]
    off = zip(errors(found, truths), s, strict=True)
    within = [bool((e <= ALLOWANCES * unit * each).all()) for e, each in off]
    shares = 1 - np.mean(close), 1 - np.mean(within)
    print(f"  {title:<38}{shares[0]:10.0%}{shares[1]:18.0%}")
    return shares


print("\nShare of networks failed by            allclose(1e-5)   8 allowances")
doubles, near_doubles = ([p.in_float64() for p in each] for each in (networks, near))
plain = failed("correct, float32", networks, truths, s)
trained = failed("correct, float32, nearly trained", near, near_truths, near_s)
right = failed("correct, float64", doubles, truths, s)
assert 0.05 < plain[0] < 0.5 < 0.9 < trained[0] and plain[1] == trained[1] == 0 == sum(right)
for title, mistake in MISTAKEN.items():
    with planted(mistake):
        wrong = failed(f"wrong, float64, {title}", near_doubles, near_truths, near_s)
    assert wrong[0] == 0 and wrong[1] == 1
with planted(MISTAKE):
    unseen = failed("wrong, float32, dw off by 1e-7", near, near_truths, near_s)
assert unseen[1] == 0

# %% [markdown]
# ```text
#   correct, float64                              0%                0%
#   wrong, float64, dw off by 1e-6                0%              100%
#   wrong, float64, dw off by 1e-7                0%              100%
#   wrong, float64, dw through float32            0%              100%
# ```
#
# The last line, a mistake of 1e-7 in float32, is below what correct programs lose there, and no
# tolerance can tell. So gradients are proved in float64, and on numbers that do not round at all:
#
# ## To the bit
#
# With weights, inputs and targets from -3 to 3, all whole, every product and every sum is a whole
# number of eighths: the mean makes them, as 2 (out - y) / 16. Below 2^24 eighths float32 has them
# all, so whatever the order, nothing rounds. Prediction: three programs, two types and the
# fractions agree in all 6,900 entries, bit for bit. And 1e-7 in float32 will show.


# %%
def whole(shape: tuple[int, ...]) -> Any:
    return rng.integers(1, 4, size=shape) * rng.choice([-1, 1], size=shape)


integers = [draw(rng, whole) for _ in range(COUNT)]
answer = np.concatenate([in_fractions(problem) for problem in integers]).astype(float)
assert (answer * 8 % 1 == 0).all() and np.abs(answer * 8).max() < 2**24
print("\nWhole numbers: entries that are the very bits of the fraction")
for kind in ("float32", "float64"):
    asked = integers if kind == "float32" else [p.in_float64() for p in integers]
    for name, program in PROGRAMS.items():
        equal = np.concatenate([flat(program(problem)) for problem in asked]) == answer
        print(f"  {name:<8}{kind:<8}{equal.sum():8,} of {equal.size:,}")
        assert equal.all()
with planted(MISTAKE):
    equal = np.concatenate([flat(PROGRAMS["by hand"](problem)) for problem in integers]) == answer
print(f"  off by 1e-7, in float32: {COUNT} of {COUNT} networks differ")
assert not equal.reshape(COUNT, -1).all(axis=1).any()

# %% [markdown]
# ```text
#   by hand float32    6,900 of 6,900
#   PyTorch float32    6,900 of 6,900
#   JAX     float32    6,900 of 6,900
#   by hand float64    6,900 of 6,900
#   PyTorch float64    6,900 of 6,900
#   JAX     float64    6,900 of 6,900
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
# The second is a long sum, such as that of a bias over a million rows. A running total t rounds by
# up to u t each time: at worst N u of the whole. Roundings up and down make it sqrt(N) u,
# typically. But equal terms round the same way for as long as the total stays between two powers of
# 2.

# %%
assert np.float32(1e8) + np.float32(1) == np.float32(1e8)  # neighbours are 8 apart there
u = UNIT[np.dtype(np.float32)]
base, up = rng.normal(size=(4, 6)), rng.normal(size=(4, 6)).astype(np.float32)
scale = {"gamma": np.ones(6, np.float32), "beta": np.zeros(6, np.float32)}
print("\ndx of a layer norm in float32, relative error; and the variance by E[x^2] - E[x]^2")
print("  mean       u m     by hand   PyTorch       JAX     u m^2  variance")
for m in (1e2, 1e4, 1e6):
    problem = Problem([layer("layernorm", *scale)], scale, (base + m).astype(np.float32), up)
    # float64 has nine digits more to lose: it is as good as the truth here.
    true, x = path("by_hand")(problem.in_float64()).dx, problem.x
    lost = [
        np.linalg.norm(path(name)(problem, **way).dx - true) / np.linalg.norm(true)
        for name, way in (("by_hand", {}), ("pytorch", {}), ("jax", {"way": "op by op"}))
    ]
    one_pass = (x * x).mean(axis=1) - x.mean(axis=1) ** 2
    worst = np.abs(one_pass / x.astype(float).var(axis=1) - 1).max()
    row = "".join(f"{each:10.0e}" for each in (u * m, *lost, u * m * m, worst))
    print(f"  {m:.0e}{row}")
    # Up to the dozen of roundings in a row of six, and the luck of four rows.
    assert all(u * m / 30 < each < 30 * u * m for each in lost)
    assert u * m * m / 30 < worst < 30 * u * m * m

print("\ndb over N rows in float32, relative error; of terms from 0 to 1, and of 0.1 alone")
print("        N   sqrt(N) u    0 to 1       N u       0.1")
for N in (100, 10_000, 1_000_000):
    ones, w = np.ones((N, 1), np.float32), np.ones((1, 5), np.float32)
    _, cache = affine_forward(ones, w, w[0])
    dout = rng.uniform(size=(N, 5)).astype(np.float32)
    dout[:, 4] = 0.1
    _, _, db = affine_backward(dout, cache)
    lost = np.abs(db / dout.sum(axis=0, dtype=float) - 1)
    typical = np.sqrt((lost[:4] ** 2).mean())
    print(f"{N:9,}{N**0.5 * u:12.0e}{typical:10.0e}{N * u:10.0e}{lost[4]:10.0e}")
    assert typical < 3 * N**0.5 * u and lost[4] < N * u
assert lost[4] > 100 * typical
blocks = [torch.from_numpy(dout).sum(0), jnp.asarray(dout).sum(0), dout.T.copy().sum(axis=1)]
for total in blocks:
    assert abs(float(total[4]) / 1e5 - 1) < lost[4] / 1000
print(f"A million times 0.1, one after the other: {db[4]:.2f}")
assert f"{db[4]:.2f}" == "100958.34"

# %% [markdown]
# ```text
# A million times 0.1, one after the other: 100958.34
# ```
#
# That is off in the third digit. NumPy adds the rows of an array one after the other, as here;
# along the last axis, and in PyTorch and JAX, sums go in blocks, and lose far less.
#
# ## What to remember
#
# A typical entry of a gradient is right to its last digit, and a rare one has lost two or three
# more, in every correct program. A tolerance for all entries is too strict for the second and too
# lax for the first. Count what each may lose; prove in float64; and where you can, on whole
# numbers, with ==.

# %%
if drawing():
    with planted(MISTAKE):
        wrong = errors([flat(PROGRAMS["by hand"](problem)) for problem in doubles], truths)
    dw = flat({name: np.full(w.shape, "W" in name) for name, w in exact.items()})
    off, size, loss = (np.array(each)[:, dw].astype(float).ravel() for each in (wrong, truths, s))
    off, size, loss = (each[size != 0] for each in (off, np.abs(size), loss))
    looks = {"by hand": VALUE, "PyTorch": FOURTH, "JAX": THIRD}
    drawn, panels = figure(9, 4.4, columns=2, sharey=True)
    for axes, each, mistaken, edges in zip(
        panels,
        (relative, counted),
        (off / size, off / (UNIT[np.dtype(np.float64)] * loss)),
        (10.0 ** np.arange(-18, -1.9, 0.25), 10.0 ** np.arange(-6, 10.1, 0.25)),
        strict=True,
    ):
        wrong_look = {"fill": True, "alpha": 0.4, "label": "wrong: float64, dw off by 1e-7"}
        axes.stairs(np.histogram(mistaken, edges)[0], edges, color=GRADIENT, **wrong_look)
        for name, color in looks.items():
            for kind, style in (("float32", "-"), ("float64", "--")):
                counts, _ = np.histogram(each[name, kind], edges)
                look = {"color": color, "linestyle": style, "label": f"{name}, {kind}"}
                axes.stairs(counts, edges, **look)
        axes.set(xscale="log", yscale="log", ylim=(0.7, 4000))
        axes.set_xticks(edges[::16])
    for axes, place, text in zip(panels, (1e-5, ALLOWANCES), (" 1e-5", " 8"), strict=True):
        axes.axvline(place, color="k", linewidth=0.8)
        axes.annotate(text, (place, 0.94), xycoords=("data", "axes fraction"))
    panels[0].set(xlabel="error, relative to the entry", ylabel="entries")
    panels[1].set(xlabel="error, in allowances")
    panels[0].set_title("Errors against the fractions: no line divides them", fontsize=10)
    panels[1].set_title("The same in allowances: right below 1, wrong above 8", fontsize=10)
    handles, labels = panels[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
    keep(drawn, "15_precision")
