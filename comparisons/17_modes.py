"""All gradients for three forward passes: reverse mode against forward mode, counted.

Claim: a reverse pass takes exactly twice the matrix products of a forward pass (less those for dx
of the first layer, where nobody asks for it), however many parameters there are; forward mode, the
complex step and differences take a pass or more for each. With one input and many outputs it is the
other way round. And one pass of forward mode along a random direction checks all entries of a
gradient at once: here 50 entries, to 1e-6 of each and better.

    backproof compare 17 [--plot DIR]
"""

# %%
import time
from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.utils.flop_counter import FlopCounterMode

from comparisons.show import FOURTH, GRADIENT, THIRD, TITLES, VALUE, drawing, figure, keep
from manual.network import Params, layer, mlp, network_backward, network_forward, network_loss
from manual.regression import mse_loss
from reference.agreement import ALLOWANCES, compare, rounding_allowances
from reference.numbers import UNIT
from reference.paths import path
from reference.problem import Problem
from reference.tangent import moving, slope_of

# %% [markdown]
# ## Two directions
#
# A loss is a chain, such as f3(f2(f1(p))), and its derivative a product of Jacobians, J3 J2 J1. The
# Jacobian of a function holds its slopes: a row for each output, a column for each input. J3 is a
# single row, as there is one loss. The product can be worked off from either end:
#
#     reverse mode    (J3 J2) J1        a row times a matrix, again and again: the whole gradient g
#     forward mode    J3 (J2 (J1 v))    a matrix times a column v: one number, v.g
#
# Let 1000 parameters go to 100 numbers, to 100 numbers, to one loss. From the left every result is
# a row; from the right, for all parameters at once, it is a matrix:
#
#     (J3 J2) J1    1x100 by 100x100 is 1x100,         by 100x1000 is 1x1000       110,000 products
#     J3 (J2 J1)    100x100 by 100x1000 is 100x1000,   1x100 by it is 1x1000    10,100,000 products
#     J3 (J2 (J1 v))   100x1000 by 1000x1 is 100x1,    and so on to 1x1            110,100 products
#
# v.g says how fast the loss rises while the parameters move along v. With v = (0, .., 1, .., 0) it
# is one entry of g. JAX and PyTorch call forward mode jvp, Jacobian times vector. By hand, dual
# numbers do it: a value and its slope go through the forward of manual/ as it stands
# (reference/tangent.py). The complex step is the same, with i h for the slope. A network 2-3-1 has
# 13 parameters, so forward mode takes 13 passes.


# %%
def problem_of(sizes: list[int], rows: int) -> Problem:
    net, params = mlp(sizes, "tanh")
    rng = np.random.default_rng(1)
    x, y = (rng.normal(size=(rows, size)) for size in (sizes[0], sizes[-1]))
    return Problem(net, params, x, y, layer("mse"))


def flat(grads: Params, params: Params) -> Any:
    return np.concatenate([np.ravel(grads[name]) for name in params])


def shaped(v: Any, params: Params) -> Params:
    """A direction for all parameters from one row of numbers: the reverse of flat."""
    parts = iter(np.split(v, np.cumsum([w.size for w in params.values()])))
    return {name: next(parts).reshape(w.shape) for name, w in params.items()}


def by_dual(problem: Problem, v: Params) -> tuple[float, float]:
    """The slope along v by dual numbers, and what rounding may have cost it, in units of u."""
    moved = {name: moving(w, v[name]) for name, w in problem.params.items()}
    out, _ = network_forward(moving(problem.x, 0.0), moved, problem.net)
    return slope_of(mse_loss(out, problem.y)[0], np.ones(1)) or (np.nan, np.nan)


def textbook(p: Any, x: Any, tanh: Callable = jnp.tanh) -> Any:
    """The output, in the words of JAX and of PyTorch alike."""
    *hidden, last = range(1, len(p) // 2 + 1)
    for k in hidden:
        x = tanh(x @ p[f"W{k}"] + p[f"b{k}"])
    return x @ p[f"W{last}"] + p[f"b{last}"]


def loss(p: Any, x: Any, y: Any, tanh: Callable = jnp.tanh) -> Any:
    return ((textbook(p, x, tanh) - y) ** 2).mean()


def jvp(p: Any, x: Any, y: Any, v: Any) -> Any:
    return jax.jvp(lambda p: loss(p, x, y), (p,), (v,))


CPU, u = jax.devices("cpu")[0], UNIT[np.dtype(float)]
small = problem_of([2, 3, 1], rows=4)
units = [shaped(row, small.params) for row in np.eye(13)]
with jax.enable_x64(True), jax.default_device(CPU):
    in_jax = {"jax": jax.grad(loss)(*small[1:4])}
    by_jvp = np.array([float(jvp(*small[1:4], v)[1]) for v in units])
names = [n for n in TITLES if n != "differences"]
table = {TITLES[n]: flat(in_jax.get(n) or path(n)(small).params, small.params) for n in names}
table |= {"dual": np.array([by_dual(small, v)[0] for v in units]), "jvp": by_jvp}
print(" " * 13 + "reverse mode: one pass" + " " * 17 + "forward mode: 13 passes")
print(" " * 10 + "".join(f"{name:>13}" for name in table))
places = [f"d{n}{list(i)}" for n, w in small.params.items() for i in np.ndindex(w.shape)]
for place, *row in zip(places, *table.values(), strict=True):
    print(f"{place:<10}" + "".join(f"{number:13.8f}" for number in row))
s = flat(rounding_allowances(small).s, small.params)  # 15 says what that is
assert (np.ptp([*table.values()], axis=0) <= ALLOWANCES * u * s).all()
assert all(each.agrees for each in compare(small, ("pytorch", "differences", "complex_step")))

# %% [markdown]
# ```text
#              reverse mode: one pass                 forward mode: 13 passes
#                 by hand      PyTorch          JAX complex step         dual          jvp
# dW1[0, 0]   -0.15984487  -0.15984487  -0.15984487  -0.15984487  -0.15984487  -0.15984487
# dW1[0, 1]   -0.09466784  -0.09466784  -0.09466784  -0.09466784  -0.09466784  -0.09466784
# ```
#
# ## Prediction: what a pass costs
#
# Count products of numbers in matrix products, the bulk of the work. An affine layer D -> M, with N
# rows, takes
#
#     the value       h = x W                                 N D M
#     reverse mode    dx = dh W.T  and  dW = x.T dh         2 N D M, after the value
#     forward mode    h' = x' W + x W'    (slopes)          2 N D M, beside the value
#
# So with F products in a forward pass, either mode takes 3 F, the value included. Without dx of the
# first layer it is N D M less; forward mode saves as much, since x does not move. But forward mode
# carries one slope at a time here, so it takes such a pass for each of P parameters. (All slopes in
# one pass would share the value, and nothing else.) A central difference takes two plain passes for
# each, the complex step one whose products are four products each.
#
# To count ours, arrays that count go through the code of manual/. PyTorch brings a counter (of
# flops, two a product), and of JAX the program that it writes, its jaxpr, can be read.


# %%
class Counted(np.ndarray):
    """An array that counts the products in its matrix products."""

    products = 0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(each) for each in inputs]
        if ufunc is np.matmul:
            Counted.products += plain[0].size * plain[1].shape[-1]
        return np.asarray(getattr(ufunc, method)(*plain, **options)).view(Counted)


def passes(problem: Problem) -> dict[str, tuple[Callable, Callable]]:
    """For each program a pass for the loss, and one for the loss and its derivatives."""
    net, params, x, y = problem[:4]
    tensors = {name: torch.tensor(w, requires_grad=True) for name, w in params.items()}
    given = tensors, torch.tensor(x), torch.tensor(y), torch.tanh
    at = jax.device_put((params, np.asarray(x), np.asarray(y)), CPU)
    value, both, slope = map(jax.jit, (loss, jax.value_and_grad(loss), jvp))
    return {
        "by hand": (
            lambda: mse_loss(network_forward(x, params, net)[0], y),
            lambda: network_loss(x, y, params, net, layer("mse")),
        ),
        "PyTorch": (
            torch.no_grad()(lambda: loss(*given)),
            lambda: torch.autograd.grad(loss(*given), [*tensors.values()]),
        ),
        "JAX": (lambda: value(*at), lambda: both(*at)),
        "one jvp": (lambda: value(*at), lambda: slope(*at, at[0])),
    }


def products(name: str, run: Callable, *arguments: Any) -> int:
    """The products in all matrix products of a pass."""
    if name == "by hand":
        before, _ = Counted.products, run()
        return Counted.products - before
    if name == "PyTorch":
        with FlopCounterMode(display=False) as counter:
            run()
        return counter.get_total_flops() // 2
    count, programs = 0, [jax.make_jaxpr(run)(*arguments).jaxpr]
    while programs:
        for step in programs.pop().eqns:
            if step.primitive.name == "dot_general":
                (summed, _), _ = step.params["dimension_numbers"]
                terms = [step.invars[0].aval.shape[axis] for axis in summed]
                count += prod(step.outvars[0].aval.shape) * prod(terms)
            programs += [each.jaxpr for each in step.params.values() if hasattr(each, "jaxpr")]
    return count


N, counts = 2, {}
print("\nProducts in matrix products; networks D-D-D-2, two rows")
print("    D       P   forward   by hand   PyTorch       JAX   one jvp    P jvps / forward")
for D in (4, 8, 16, 32, 64, 128):
    problem = problem_of([D, D, D, 2], N)
    P, F = sum(w.size for w in problem.params.values()), N * (D * D + D * D + D * 2)
    problem = problem._replace(x=problem.x.view(Counted), y=problem.y.view(Counted))
    found = {name: [products(name, run) for run in pair] for name, pair in passes(problem).items()}
    row = "".join(f"{both:10,}" for _, both in found.values())
    counts[P] = found["JAX"][1] / F, P * found["one jvp"][1] / F
    print(f"{D:5}{P:8,}{F:10,}{row}{counts[P][1]:20,.0f}")
    assert found.pop("by hand") == [F, 3 * F]
    assert all(each == [F, 3 * F - N * D * D] for each in found.values())

# %% [markdown]
# ```text
#     D       P   forward   by hand   PyTorch       JAX   one jvp    P jvps / forward
#     4      50        80       240       208       208       208                 130
#     8     162       288       864       736       736       736                 414
#    16     578     1,088     3,264     2,752     2,752     2,752               1,462
# ```
#
# Baur and Strassen (1983) proved it of every program of sums, products and quotients: a gradient
# costs no more than a fixed multiple of the value. Reverse mode pays with memory: it begins at the
# end, and keeps the input of every layer until it comes back there; forward mode drops it.
#
# ## Measured
#
# Products are not seconds: small networks spend their time on calls, large ones on memory. Still,
# beside a forward pass of the same program, a gradient should stay near 3, however P grows. So
# should a jvp; P jvps, one for each entry, are P times the one that is measured.


# %%
def ratio(forward: Callable[[], Any], both: Callable[[], Any]) -> float:
    """How many times as long as a forward pass; in turns, the least disturbed of each."""
    best = {forward: float("inf"), both: float("inf")}
    for _ in range(9):
        for run in (both, both, forward, forward, forward):
            start = time.perf_counter()
            jax.block_until_ready(run())
            best[run] = min(best[run], time.perf_counter() - start)
    return best[both] / best[forward]


times = {}
print("\nMeasured, in forward passes of the same program, 64 rows")
print("        P   by hand   PyTorch       JAX   one jvp    P jvps")
for D in (8, 16, 64, 128):
    problem = problem_of([D, D, D, 2], rows=64)
    P = sum(w.size for w in problem.params.values())
    with threadpool_limits(1), jax.enable_x64(True):
        found = {name: ratio(*pair) for name, pair in passes(problem).items()}
    times[P] = found | {"P jvps": P * found["one jvp"]}
    print(f"{P:9,}" + "".join(f"{each:10,.1f}" for each in times[P].values()))
    # Loose: clocks of busy machines. Reverse mode is far below a pass for each parameter.
    assert max(found.values()) < 30 and times[P]["P jvps"] > 5 * found["JAX"]

# %% [markdown]
# ## When forward mode wins
#
# A curve: one input t, m = 50 outputs, by a network 1-16-16-50. Its Jacobian is a column: one pass
# of forward mode, or m passes of reverse mode, one for each output. t alone moves, so each number
# carries one slope, h' = x' W without x W'; back, dx alone is asked for. With F products in a
# forward pass, prediction: the point and its slopes take 2 F in forward mode, F + m F in reverse.

# %%
curve, m = problem_of([1, 16, 16, 50], rows=1), 50
out, cache = network_forward(curve.x, curve.params, curve.net)
reverse = [network_backward(row[None], cache)[0].item() for row in np.eye(m)]
moved, _ = network_forward(moving(curve.x, 1.0), curve.params, curve.net)
slopes = [number.slope.value for number in moved.ravel()]
assert np.allclose(slopes, reverse, rtol=1e-12, atol=0)  # with room for a cancelled digit or two
point, F = partial(textbook, curve.params), 16 + 16 * 16 + 16 * m
titles = "the point", "with slopes, forward mode", "with slopes, reverse mode"
costs = [products("JAX", run, curve.x) for run in (point, jax.jacfwd(point), jax.jacrev(point))]
print("\nA curve with 50 coordinates: products in JAX")
for title, cost in zip(titles, costs, strict=True):
    print(f"  {title:<28}{cost:8,}")
assert costs == [F, 2 * F, F + m * F]

# %% [markdown]
# ```text
#   the point                      1,072
#   with slopes, forward mode      2,144
#   with slopes, reverse mode     54,672
# ```
#
# ## One direction checks them all
#
# One pass with dual numbers gives v.g for any v, without a step, right to the last digits. Draw v
# at random and compare with v times the gradient of the backward: two passes, whatever P. A
# gradient that is wrong by e slips through only where v.e is below what rounding may do. v.e = 0
# holds only for v in one hyperplane, which a random v misses. Prediction: a mistake of 1e-6 of a
# single entry, in any of the 50, shows in each of 20 draws of v.
#
# What rounding may do is summed over all entries. With more parameters it grows, and the share of
# one entry in v.g does not: some such mistakes in 578 parameters must stay below it.

# %%
print("\nv.g, dual numbers against the backward, in allowances; up to 8 is agreement")
print("    P   right, at most   mistakes    unseen   share")
for D in (4, 16):
    small = problem_of([D, D, D, 2], N)
    grads = flat(path("by_hand")(small).params, small.params)
    s, right, wrong = flat(rounding_allowances(small).s, small.params), [], []
    for v in np.random.default_rng(2).normal(size=(20, len(grads))):
        slope, s_slope = by_dual(small, shaped(v, small.params))
        # The roundings of the slope, of each entry, and of the sum of P products.
        allowance = u * (s_slope + np.abs(v) @ s + len(grads) * np.abs(v) @ np.abs(grads))
        right.append(abs(slope - v @ grads) / allowance)
        each_wrong = grads * (1 + 1e-6 * np.eye(len(grads)))  # a row for each mistake
        wrong += [*np.abs(slope - each_wrong @ v) / allowance]
    unseen = np.mean(np.array(wrong) <= ALLOWANCES)
    row = f"{len(grads):5}{max(right):17.0e}{len(wrong):11,}"
    print(f"{row}{unseen * len(wrong):10.0f}{unseen:8.1%}")
    assert max(right) < 1
    assert unseen == 0 if D == 4 else 0 < unseen < 0.02

# %% [markdown]
# ```text noise
#     P   right, at most   mistakes    unseen   share
#    50            1e-02      1,000         0    0.0%
# ```
#
# With 578 parameters one in two hundred is unseen; with 8,450 (64-64-64-2) more than a quarter of
# mistakes as small as these are unseen.
#
# ## What to remember
#
# One output and many inputs: reverse mode, three forward passes for all. One input and many
# outputs: forward mode. A loss is one output, and that is why training is backprop. To check a
# backward, take one random direction by dual numbers, jax.jvp or torch.func.jvp: two passes.

# %%
if drawing():
    drawn, axes = figure(8, 5)
    for k, (color, mode) in enumerate(((GRADIENT, "reverse"), (VALUE, "forward"))):
        line = [each[k] for each in counts.values()]
        axes.loglog([*counts], line, color=color, label=f"{mode} mode, counted (2 rows)")
    looks = {"by hand": ("o", GRADIENT), "PyTorch": ("s", FOURTH), "JAX": ("^", THIRD)}
    for name, (marker, color) in (looks | {"P jvps": ("v", VALUE)}).items():
        dots = [found[name] for found in times.values()]
        axes.loglog([*times], dots, marker, color=color, label=f"{name}, measured (64 rows)")
    axes.set(xlabel="parameters", ylabel="cost, in forward passes", ylim=(0.5, 2e5))
    axes.set_title("The price of a gradient: flat in reverse mode, linear in forward mode")
    axes.legend(loc="upper left", fontsize=8)
    keep(drawn, "17_modes")
