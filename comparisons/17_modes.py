"""All gradients for the price of three forward passes: reverse mode against forward mode, counted.

Claim: one reverse pass costs twice the products of a forward pass, to the last product, however many
parameters there are; forward mode, the complex step and differences cost a pass or more for each.
With one input and many outputs it is the other way round. And one forward pass along a random
direction checks a whole gradient to 1e-6 of any one entry.

    backproof compare 17 [--plot DIR]
"""

# %%
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
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
#     forward mode   dh = dx W + x dW,  layer after layer, beside the values:    one direction, all outputs
#     reverse mode   dx = dh W.T,  dW = x.T dh,  from the loss back:             one output, all directions
#
# Forward mode answers: the parameters move along v, how fast does the loss rise? It is v . gradient,
# and with v = (0, .., 1, .., 0) one entry. Dual numbers do it by hand: a value and its slope through
# the forward of manual/ (reference/tangent.py). jax.jvp and torch.func.jvp do it in the libraries, and
# the complex step is the same with i h for the slope. A network 2-3-1 has 13 parameters, so 13 passes.


# %%
def problem_of(sizes: list[int], rows: int) -> Problem:
    net, params = mlp(sizes, "tanh")
    rng = np.random.default_rng(0)
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


def by_jax(problem: Problem, v: Params) -> float:
    loss = loss_in(jnp.tanh, problem)
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        params, v, x, y = jax.tree.map(jnp.asarray, (problem.params, v, problem.x, problem.y))
        return float(jax.jvp(lambda p: loss(p, x, y), (params,), (v,))[1])


def by_torch(problem: Problem, v: Params) -> float:
    loss = loss_in(torch.tanh, problem)
    x, y = torch.tensor(problem.x), torch.tensor(problem.y)
    params, v = ({n: torch.tensor(w) for n, w in each.items()} for each in (problem.params, v))
    return float(torch.func.jvp(lambda p: loss(p, x, y), (params,), (v,))[1])


small = problem_of([2, 3, 1], rows=4)
table = {
    "by hand": flat(path("by_hand")(small).params, small.params),
    "PyTorch": flat(path("pytorch")(small).params, small.params),
    "JAX": flat(path("jax")(small).params, small.params),
    "dual": np.array([by_dual(small, v)[0] for v in units(small.params)]),
    "torch jvp": np.array([by_torch(small, v) for v in units(small.params)]),
    "jax jvp": np.array([by_jax(small, v) for v in units(small.params)]),
    "complex": flat(path("complex_step")(small).params, small.params),
}
print("          reverse mode: one pass                 forward mode: 13 passes")
print("        " + "".join(f"{name:>13}" for name in table))
places = [f"d{n}{list(i)}" for n, w in small.params.items() for i in np.ndindex(w.shape)]
for place, *row in zip(places, *table.values(), strict=True):
    print(f"  {place.replace(' ', ''):<8}" + "".join(f"{number:13.9f}" for number in row))
s = flat(rounding_allowances(small).s, small.params)
for column in table.values():
    assert (np.abs(column - table["by hand"]) <= ALLOWANCES * UNIT[np.dtype(float)] * s).all()
assert all(each.agrees for each in compare(small)) and len(places) == 13
