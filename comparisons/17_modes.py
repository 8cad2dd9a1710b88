"""All gradients for three forward passes: reverse mode against forward mode, counted.

Claim: a reverse pass takes twice the matrix products of a forward pass, to the last product,
however many parameters there are; forward mode, the complex step and differences take a pass or
more for each. With one input and many outputs it is the other way round. And one forward pass along
a random direction checks all entries of a gradient at once, each to 1e-6 and better.

    backproof compare 17 [--plot DIR]
"""

# %%
import time
import warnings
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.utils.flop_counter import FlopCounterMode

from comparisons.show import FOURTH, GRADIENT, PALE, THIRD, VALUE, drawing, figure, keep
from manual.network import Params, layer, mlp, network_backward, network_forward, network_loss
from manual.regression import mse_loss
from reference.agreement import ALLOWANCES, compare, rounding_allowances
from reference.numbers import UNIT
from reference.paths import path
from reference.paths.differences import directions
from reference.problem import Problem
from reference.tangent import moving, slope_of

# %% [markdown]
# ## Two directions
#
# The chain rule is a product of Jacobians, and a product can be worked off from either end.
#
#     forward mode   dh = dx W + x dW      beside the values    one direction, all outputs
#     reverse mode   dx = dh W.T, dW = x.T dh    from the end   one output, all directions
#
# Forward mode answers: the parameters move along v, how fast does the loss rise? It is v.g, g being
# the gradient, and with v = (0, .., 1, .., 0) one entry of g. Dual numbers do it by hand: a value
# and its slope through the forward of manual/ (reference/tangent.py). jax.jvp and torch.func.jvp do
# it in the libraries, and the complex step is the same with i h for the slope. A network 2-3-1 has
# 13 parameters, so 13 passes.


# %%
def problem_of(sizes: list[int], rows: int) -> Problem:
    net, params = mlp(sizes, "tanh")
    rng = np.random.default_rng(1)
    x, y = (rng.normal(size=(rows, size)) for size in (sizes[0], sizes[-1]))
    return Problem(net, params, x, y, layer("mse"))


def loss_in(tanh: Callable, problem: Problem) -> Callable:
    """The loss as a function of the parameters, in the words of JAX and of PyTorch alike."""
    depth = len(problem.params) // 2

    def loss(p: Any, x: Any, y: Any) -> Any:
        for k in range(1, depth + 1):
            x = x @ p[f"W{k}"] + p[f"b{k}"]
            x = tanh(x) if k < depth else x
        return ((x - y) ** 2).mean()

    return loss


def units(params: Params) -> list[Params]:
    """The directions in which one parameter moves by 1, and the others stay."""
    zeros = {name: np.zeros(w.shape) for name, w in params.items()}
    found = []
    for name, w in params.items():
        for index in np.ndindex(w.shape):
            found.append(zeros | {name: np.zeros(w.shape)})
            found[-1][name][index] = 1.0
    return found


def flat(grads: Params, params: Params) -> Any:
    return np.concatenate([np.ravel(grads[name]) for name in params])


def by_dual(problem: Problem, v: Params) -> tuple[float, float]:
    """The slope along v by dual numbers, and what rounding may have cost it, in units of u."""
    moved = {name: moving(w, v[name]) for name, w in problem.params.items()}
    out, _ = network_forward(moving(problem.x, 0.0), moved, problem.net)
    found = slope_of(mse_loss(out, problem.y)[0], np.ones(1))
    assert found is not None
    return found


def by_jax(problem: Problem, v: Params | None = None) -> Any:
    """The gradient by jax.grad; with v, the slope along v by jax.jvp."""
    loss = loss_in(jnp.tanh, problem)
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        params, x, y = jax.tree.map(jnp.asarray, problem[1:4])
        if v is None:
            return jax.tree.map(np.asarray, jax.grad(loss)(params, x, y))
        v = jax.tree.map(jnp.asarray, v)
        return float(jax.jvp(loss, (params, x, y), (v, 0 * x, 0 * y))[1])


def by_torch(problem: Problem, v: Params) -> float:
    loss = loss_in(torch.tanh, problem)
    x, y = torch.tensor(problem.x), torch.tensor(problem.y)
    params, along = ({n: torch.tensor(w) for n, w in d.items()} for d in (problem.params, v))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a part of PyTorch that it loads
        return float(torch.func.jvp(loss, (params, x, y), (along, 0 * x, 0 * y))[1])


small = problem_of([2, 3, 1], rows=4)
table = {
    "by hand": flat(path("by_hand")(small).params, small.params),
    "PyTorch": flat(path("pytorch")(small).params, small.params),
    "JAX": flat(by_jax(small), small.params),
    "dual": np.array([by_dual(small, v)[0] for v in units(small.params)]),
    "torch jvp": np.array([by_torch(small, v) for v in units(small.params)]),
    "jax jvp": np.array([by_jax(small, v) for v in units(small.params)]),
    "complex": flat(path("complex_step")(small).params, small.params),
}
print("          reverse mode: one pass              forward mode: 13 passes")
print("        " + "".join(f"{name:>12}" for name in table))
places = [f"d{n}{list(i)}" for n, w in small.params.items() for i in np.ndindex(w.shape)]
for place, *row in zip(places, *table.values(), strict=True):
    print(f"  {place.replace(' ', ''):<8}" + "".join(f"{number:12.8f}" for number in row))
s = flat(rounding_allowances(small).s, small.params)
for column in table.values():
    assert (np.abs(column - table["by hand"]) <= ALLOWANCES * UNIT[np.dtype(float)] * s).all()
assert all(each.agrees for each in compare(small, ("pytorch", "differences", "complex_step")))
assert len(places) == 13

# %% [markdown]
# ```text
#   dW1[0,0] -0.15984487 -0.15984487 -0.15984487 -0.15984487 -0.15984487 -0.15984487 -0.15984487
#   dW1[0,1] -0.09466784 -0.09466784 -0.09466784 -0.09466784 -0.09466784 -0.09466784 -0.09466784
# ```
#
# ## Prediction: what a pass costs
#
# Count products of numbers, the bulk of the work. For N rows an affine layer D -> M takes N D M of
# them forwards, and backwards N D M for dx and N D M for dw. So a reverse pass is two forward
# passes, and value and gradient together are three; one N D M less where dx of the first layer is
# not wanted. Beside these, tanh' = 1 - t t costs 2 products for each hidden number, mse 2 for each
# output, d d and 2 d. For a network of widths D0, H, .., C that is
#
#     by hand, dx included     3 N (D0 H + ..) + 2 N (H + ..) + 2 N C
#     PyTorch and JAX          3 N (D0 H + ..) - N D0 H                        matrix products alone
#
# Forward mode carries dx W + x dW beside x W: also three, less one as x of the first layer stays
# put. A pass of either mode costs the same. But forward mode takes one for each of the P
# parameters; a central difference two plain passes, the complex step one whose products are four
# products each.
#
# To count ours, numbers that count go through the code of manual/. PyTorch brings a counter of its
# own (of flops, two a product), and of JAX the program that it writes, its jaxpr, can be read.


# %%
class Counted(float):
    """A number that counts its products."""

    products = 0

    def __mul__(self, other: Any) -> Any:
        Counted.products += 1
        return Counted(float(self) * float(other))

    def __add__(self, other: Any) -> Any:
        return Counted(float(self) + float(other))

    def __sub__(self, other: Any) -> Any:
        return Counted(float(self) - float(other))

    def __rsub__(self, other: Any) -> Any:
        return Counted(float(other) - float(self))

    def __truediv__(self, other: Any) -> Any:
        return Counted(float(self) / float(other))

    def tanh(self) -> Any:
        return Counted(np.tanh(float(self)))

    __rmul__, __radd__ = __mul__, __add__


def counted_by_hand(problem: Problem) -> tuple[int, int]:
    """The products of a forward pass, and those of loss and gradients, dx included."""
    numbers: Any = np.frompyfunc(Counted, 1, 1)
    params = {name: numbers(w) for name, w in problem.params.items()}
    x, y = numbers(problem.x), numbers(problem.y)
    start = Counted.products
    network_forward(x, params, problem.net)
    middle = Counted.products
    network_loss(x, y, params, problem.net, layer("mse"))
    return middle - start, Counted.products - middle


def counted_in_torch(problem: Problem) -> int:
    params = {name: torch.tensor(w, requires_grad=True) for name, w in problem.params.items()}
    with FlopCounterMode(display=False) as counter:
        loss = loss_in(torch.tanh, problem)(
            params, torch.tensor(problem.x), torch.tensor(problem.y)
        )
        torch.autograd.grad(loss, [*params.values()])
    return counter.get_total_flops() // 2


def counted_in_jax(run: Callable, *arguments: Any) -> int:
    """The products in all matrix products of the program that JAX writes for a function."""
    count, programs = 0, [jax.make_jaxpr(run)(*arguments).jaxpr]
    while programs:
        for step in programs.pop().eqns:
            if step.primitive.name == "dot_general":
                (summed, _), _ = step.params["dimension_numbers"]
                terms = [step.invars[0].aval.shape[axis] for axis in summed]
                count += prod(step.outvars[0].aval.shape) * prod(terms)
            inner = (getattr(each, "jaxpr", None) for each in step.params.values())
            programs += [each for each in inner if each is not None]
    return count


def jvp(loss: Callable, p: Params, x: Any, y: Any) -> Any:
    """The loss and its slope, the parameters moving along p itself."""
    return jax.jvp(lambda moving: loss(moving, x, y), (p,), (p,))


N, counts = 2, {}
print("\nProducts, counted; networks D-D-D-2 on two rows")
print("                 one   value and gradient                                 all by jvp,")
print("    D       P   forward    by hand  / forward   PyTorch       JAX   one jvp    / forward")
for D in (4, 8, 16, 32, 64, 128):
    problem, widths = problem_of([D, D, D, 2], N), [D, D, D, 2]
    P = sum(w.size for w in problem.params.values())
    loss, at = loss_in(jnp.tanh, problem), (problem.params, problem.x, problem.y)
    forward, ours = counted_by_hand(problem)
    in_torch, in_jax = counted_in_torch(problem), counted_in_jax(jax.grad(loss), *at)
    along = counted_in_jax(partial(jvp, loss), *at)
    assert forward == N * sum(d * m for d, m in pairwise(widths)) == counted_in_jax(loss, *at)
    assert ours == 3 * forward + 2 * N * (D + D) + 2 * N * 2
    assert in_torch == in_jax == along == 3 * forward - N * D * D
    counts[P] = in_jax / forward, P * along / forward
    row = f"{forward:10,}{ours:11,}{ours / forward:11.2f}{in_torch:10,}{in_jax:10,}{along:10,}"
    print(f"{D:5}{P:8,}{row}{P * along / forward:13,.0f}")

# %% [markdown]
# ```text
#    16     578     1,088      3,400       3.12     2,752     2,752     2,752        1,462
#    32   2,178     4,224     12,936       3.06    10,624    10,624    10,624        5,478
#    64   8,450    16,640     50,440       3.03    41,728    41,728    41,728       21,190
# ```
#
# Baur and Strassen (1983) proved it of every program made of sums, products and quotients: all
# derivatives cost no more than a fixed multiple of the value, whatever their number. Nobody would
# train a network of a million parameters without that. Reverse mode pays with memory: it begins at
# the end, so it keeps the input of every layer until it comes back there; forward mode drops it.

# %% [markdown]
# ## Measured
#
# Products are not seconds: small networks spend their time on calls, large ones on memory. Still,
# the ratio to a forward pass of the same program should stay near 3 for reverse mode however P
# grows, and grow as P for forward mode. Ten central differences along random directions, the cheap
# check of `reference.paths.differences.directions`, are 20 forward passes at any size, a gradient,
# and ten random numbers a parameter, which with few rows take as long as the passes.


# %%
def ratio(run: Callable[[], Any], forward: Callable[[], Any], rounds: int = 9) -> float:
    """How many times as long as a forward pass; in turns, the least disturbed of each."""
    best = [float("inf")] * 2
    for _ in range(rounds):
        for k, each in enumerate((run, run, forward, forward, forward)):  # the first ones warm up
            start = time.perf_counter()
            each()
            best[k > 1] = min(best[k > 1], time.perf_counter() - start)
    return best[0] / best[1]


def measured(problem: Problem) -> dict[str, float]:
    """Value and gradient, over a forward pass by the same program."""
    net, params, x, y = problem[:4]

    def forward() -> float:
        return mse_loss(network_forward(x, params, net)[0], y)[0]

    tensors = {name: torch.tensor(w, requires_grad=True) for name, w in params.items()}
    tx, ty, loss = torch.tensor(x), torch.tensor(y), loss_in(torch.tanh, problem)

    def torch_forward() -> Any:
        with torch.no_grad():
            return loss(tensors, tx, ty)

    def torch_both() -> Any:
        return torch.autograd.grad(loss(tensors, tx, ty), [*tensors.values()])

    found = {
        "by hand": ratio(lambda: network_loss(x, y, params, net, layer("mse")), forward),
        "ten directions": ratio(lambda: directions(problem, 10), forward),
        "PyTorch": ratio(torch_both, torch_forward),
    }
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        at, loss_of = jax.tree.map(jnp.asarray, (params, x, y)), loss_in(jnp.tanh, problem)
        value, both = jax.jit(loss_of), jax.jit(jax.value_and_grad(loss_of))

        def jax_forward() -> Any:
            return jax.block_until_ready(value(*at))

        found["JAX"] = ratio(lambda: jax.block_until_ready(both(*at)), jax_forward)
        if sum(w.size for w in params.values()) < 1000:
            slope = jax.jit(lambda v: jax.jvp(lambda p: loss_of(p, *at[1:]), at[:1], (v,))[1])
            vs = [jax.tree.map(jnp.asarray, v) for v in units(params)]
            every = ratio(lambda: [slope(v).block_until_ready() for v in vs], jax_forward, 3)
            found["all by jvp (JAX)"] = every
    return found


times = {}
for D in (8, 16, 64, 128):
    problem = problem_of([D, D, D, 2], rows=64)
    with threadpool_limits(1):  # of NumPy's products; two threads that wait for each other err more
        times[sum(w.size for w in problem.params.values())] = measured(problem)
print("\nMeasured, in forward passes of the same program, 64 rows")
names = list(times[162])
print("        P" + "".join(f"{name:>18}" for name in names))
for P, found in times.items():
    row = (f"{found[name]:18.1f}" if name in found else f"{'':18}" for name in names)
    print(f"{P:9,}" + "".join(row))
    # Loose: clocks of busy machines. Reverse mode is far below a pass for each parameter.
    assert all(found[name] < 30 for name in ("by hand", "PyTorch", "JAX"))
    assert found.get("all by jvp (JAX)", P) > 5 * found["JAX"]

# %% [markdown]
# ## When forward mode wins
#
# A curve: one input t, m outputs, by a network 1-16-16-50. Its Jacobian is a column: one direction,
# so one pass of forward mode, or m passes of reverse mode, one for each output. With F products in
# a forward pass, prediction: 2 F forwards (W h and W dh), and F + m F back (dh W.T for each
# output).

# %%
curve, m = problem_of([1, 16, 16, 50], rows=1), 50
out, cache = network_forward(curve.x, curve.params, curve.net)
reverse = [network_backward(row[None], cache)[0].item() for row in np.eye(m)]
moved, _ = network_forward(moving(curve.x, 1.0), curve.params, curve.net)
dual = [number.slope for number in moved.ravel()]


def points(x: Any) -> Any:
    p = curve.params
    h = jnp.tanh(jnp.tanh(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"])
    return (h @ p["W3"] + p["b3"])[0]


F = sum(w.size for w in curve.params.values() if w.ndim > 1)
costs = {
    "a forward pass": counted_in_jax(points, curve.x),
    "the Jacobian in forward mode": counted_in_jax(jax.jacfwd(points), curve.x),
    "the Jacobian in reverse mode": counted_in_jax(jax.jacrev(points), curve.x),
}
print("\nA curve with 50 coordinates: products in JAX")
for title, count in costs.items():
    print(f"  {title:<30}{count:8,}")
assert list(costs.values()) == [F, 2 * F, F + m * F]
u = UNIT[np.dtype(float)]
for number, back in zip(dual, reverse, strict=True):
    # Both ways round each entry at most as often as the forward pass counts, and once a unit.
    assert abs(number.value - back) <= ALLOWANCES * u * (number.s + 16 * abs(back))

# %% [markdown]
# ```text
#   a forward pass                   1,072
#   the Jacobian in forward mode     2,144
#   the Jacobian in reverse mode    54,672
# ```
#
# ## One direction checks them all
#
# So one forward pass with dual numbers gives v.g for any v, without a step, right to the last
# digits. Draw v at random and compare with v times the backward: two passes, whatever P. A gradient
# that is wrong by e is missed only where v.e = 0, a plane in the space of all v: with probability
# 0, and in practice where v.e is below what rounding may do. Prediction: a mistake of 1e-6 of a
# single entry, in any of the 50, stands out from rounding by orders of magnitude. Differences along
# v have an error of their own, about u^(2/3) and not u, and are blind by so much sooner.

# %%
small = problem_of([4, 4, 4, 2], N)
grads, rng = flat(path("by_hand")(small).params, small.params), np.random.default_rng(2)
v = {name: rng.normal(size=w.shape) for name, w in small.params.items()}
slope, s_slope = by_dual(small, v)
along, s = flat(v, small.params), flat(rounding_allowances(small).s, small.params)
# The roundings of the slope, of each entry, and of the sum of 50 products.
allowance = u * (s_slope + np.abs(along) @ s + len(grads) * np.abs(along) @ np.abs(grads))
honest = abs(slope - along @ grads) / allowance
planted_errors = []
for i in range(len(grads)):
    wrong = grads.copy()
    wrong[i] *= 1 + 1e-6
    planted_errors.append(abs(slope - along @ wrong) / allowance)
by_difference = np.abs(np.diff(directions(small, 10), axis=1)).max()
print(f"\nv.g, dual numbers against the backward: {honest:.3f} allowances apart")
print(f"one of {len(grads)} entries off by 1e-6: {min(planted_errors):.0f} apart or more")
print(
    f"the same by differences, the worst of ten directions: {by_difference / allowance:.0f} apart"
)
assert 100 * honest < 100 * ALLOWANCES < min(planted_errors)
assert by_difference / allowance > 10 * ALLOWANCES

# %% [markdown]
# ## What to remember
#
# One output and many inputs: reverse mode, three forward passes for all. One input and many
# outputs: forward mode. A loss is one output, and that is why training is backprop. To check a
# backward, one random direction by dual numbers, jax.jvp or torch.func.jvp is two passes for all
# entries at once.

# %%
if drawing():
    drawn, axes = figure(8, 5)
    span = np.array([min(counts), max(times)])
    axes.loglog(span, 2 * span, "--", color=PALE, label="central differences, counted")
    axes.loglog(*zip(*((P, c[1]) for P, c in counts.items()), strict=True), color=VALUE)
    axes.loglog(*zip(*((P, c[0]) for P, c in counts.items()), strict=True), color=GRADIENT)
    axes.plot([], color=VALUE, label="forward mode, counted")
    axes.plot([], color=GRADIENT, label="reverse mode, counted")
    looks = {
        "by hand": ("o", GRADIENT),
        "PyTorch": ("s", FOURTH),
        "JAX": ("^", THIRD),
        "all by jvp (JAX)": ("v", VALUE),
        "ten directions": ("d", "0.5"),
    }
    for name, (marker, color) in looks.items():
        dots = [(P, found[name]) for P, found in times.items() if name in found]
        look = {"color": color, "linestyle": "none", "label": f"{name}, measured"}
        axes.loglog(*zip(*dots, strict=True), marker, **look)
    axes.set(xlabel="parameters", ylabel="cost, in forward passes", ylim=(0.5, 2 * span[1]))
    axes.set_title("The price of a gradient: flat in reverse mode, linear in forward mode")
    axes.legend(loc="upper left", fontsize=8)
    keep(drawn, "17_modes")
