"""What the check would miss, and what others would: every classic mistake, planted and looked for.

A mistake in a layer is planted, and each of these is asked about the same random inputs, one layer
at a time, as in a unit test:

    pytorch ... complex_step   our four paths, an upstream gradient of both signs, 8 allowances
    allclose    the gradients of PyTorch within rtol=1e-5, atol=1e-8, and the drawn upstream
    ones        the same, but with an upstream of ones, as in out.sum().backward()
    gradcheck   torch.autograd.gradcheck, defaults, on the hand-written forward and backward

What no path catches there, and mistakes in losses and networks, are looked for on random networks.
"""

import functools
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from manual.network import network_backward, network_forward
from reference.agreement import compare
from reference.cards import MISTAKES, Dice, Mistake
from reference.mistakes import caught_by, planted, scope
from reference.networks import one_layer
from reference.paths import PATHS, by_hand, path
from reference.problem import Problem, kinds

INPUTS = 10  # of one layer, for each mistake
NETWORKS = 100  # random networks, for what those do not show
OTHERS = ("allclose", "ones", "gradcheck")


class Evidence(NamedTuple):
    """Who catches one planted mistake."""

    mistake: str
    function: str
    caught: frozenset[str]  # of PATHS
    others: frozenset[str] | None  # of OTHERS; None where they were not asked
    where: str  # "layer": on inputs of one layer; "networks": on random networks


def asked() -> list[Mistake]:
    """The mistakes that networks can show: not those of optimizers, clipping, and the like."""
    return [mistake for mistake in MISTAKES.values() if scope(mistake) is not None]


def sample(count: int | None = None) -> list[Mistake]:
    """So many of them, evenly from the whole catalogue; None for all."""
    every = asked()
    if count is None or count >= len(every):
        return every
    return [every[k * len(every) // count] for k in range(count)]


def evidence(name: str, inputs: int = INPUTS, networks: int = NETWORKS) -> Evidence:
    """Plant the mistake of that name, and see who catches it."""
    mistake = MISTAKES[name]
    kind = _layer_of(mistake)
    caught: set[str] = set()
    others: set[str] | None = None
    if kind is not None:
        problems = _problems(kind, inputs)
        others = set()
        with planted(mistake), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for problem in problems:
                caught |= _paths_that_catch(problem, tuple(p for p in PATHS if p not in caught))
                others |= {each for each in OTHERS if each not in others and CATCHES[each](problem)}
    if caught:
        return Evidence(name, mistake.function, frozenset(caught), frozenset(others or ()), "layer")
    found = frozenset(caught_by(mistake, networks))
    kept = None if others is None else frozenset(others)
    return Evidence(name, mistake.function, found, kept, "networks")


def is_fair(kind: str, inputs: int = INPUTS) -> set[str]:
    """Who fails the right code of a layer on those inputs: nobody should."""
    with np.errstate(all="ignore"):
        problems = _problems(kind, inputs)
        failed = {each for each in OTHERS if any(CATCHES[each](problem) for problem in problems)}
        return failed.union(*(_paths_that_catch(problem, PATHS) for problem in problems))


def layers() -> list[str]:
    """The layers that mistakes are planted in one at a time."""
    return sorted({kind for mistake in asked() if (kind := _layer_of(mistake)) is not None})


def _layer_of(mistake: Mistake) -> str | None:
    """The layer whose mistake it is, if it is one layer's."""
    drawn = scope(mistake) or {}
    one = "losses" not in drawn and len(drawn.get("layers", ())) == 1
    return drawn["layers"][0] if one else None


@functools.lru_cache(maxsize=4)
def _problems(kind: str, inputs: int) -> list[Problem]:
    """Inputs of a layer, of two examples or more, that no branch within rounding makes useless."""
    found: list[Problem] = []
    seed = 0
    while len(found) < inputs and seed < 10 * inputs:
        rng = np.random.default_rng([seed, 7])
        dice = Dice(int(rng.integers(2, 6)), int(rng.integers(25)))
        seed += 1
        with suppress(ValueError):  # a shape that the layer does not take
            problem = one_layer(kind, 2 + seed % 3, dice, seed)
            compared = compare(problem, ("pytorch",))
            if kind in kinds(problem.net) and all(each.entries for each in compared):
                found.append(problem)
    return found


def _paths_that_catch(problem: Problem, paths: tuple[str, ...]) -> set[str]:
    try:
        return {each.path for each in compare(problem, paths) if not each.agrees}
    except Exception:  # the mistaken code itself breaks: everybody sees that
        return set(paths)


def _ones(problem: Problem) -> bool:
    return _allclose(problem._replace(y=np.ones_like(problem.y)))


def _allclose(problem: Problem) -> bool:
    try:
        theirs = path("pytorch")(problem).named()
        ours = by_hand.gradients(problem.copied()).named()
        return not all(
            np.shape(ours[name]) == theirs[name].shape
            and np.allclose(ours[name], theirs[name], rtol=1e-5, atol=1e-8)
            for name in theirs
        )
    except Exception:
        return True


def _gradcheck(problem: Problem) -> bool:
    """Whether torch.autograd.gradcheck fails the layer's own forward and backward."""
    import torch

    net, params, x, *_ = problem.copied()
    of_x = x.dtype.kind == "f"

    class ByHand(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            arrays = [tensor.detach().numpy() for tensor in tensors]
            start = arrays.pop(0) if of_x else x
            numbers = dict(zip(params, arrays, strict=True))
            out, ctx.cache = network_forward(start, numbers, net)
            return torch.tensor(out)

        @staticmethod
        def backward(ctx: Any, dout: Any) -> Any:
            dx, grads = network_backward(dout.numpy(), ctx.cache)
            found = [*([dx] if of_x else []), *(grads[name] for name in params)]
            return tuple(torch.tensor(each) for each in found)

    arrays = [*([x] if of_x else []), *params.values()]
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    try:
        return not torch.autograd.gradcheck(ByHand.apply, tensors, raise_exception=False)
    except Exception:
        return True


CATCHES: dict[str, Callable[[Problem], bool]] = {
    "allclose": _allclose,
    "ones": _ones,
    "gradcheck": _gradcheck,
}
