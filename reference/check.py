"""gradcheck: anyone's forward and backward in NumPy, held against the forward's derivative.

    from reference import gradcheck

    print(gradcheck(affine_forward, affine_backward, "ND", "DM", "M"))

A word is the shape of an input, a letter an axis: the sizes are drawn, and so are the numbers and
the upstream gradient, by Hypothesis; a failure shrinks to the smallest input that shows it. An
array in place of a word is taken as it is. labels("N", "C") draws integers below C, which have no
gradient.

A forward may have more outputs than one, as a step of an LSTM has; each gets an upstream of its
own. Both ways to write it are taken:

    (h, c), cache = forward(x, h, c, w)      dx, dh, dc, dw = backward((dh, dc), cache)
    h, c, cache = forward(x, h, c, w)        dx, dh, dc, dw = backward(dh, dc, cache)

The same check proves the layers of manual/ in tests/.
"""

import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from hypothesis import Phase, given, seed, settings

from manual.checks import Array
from reference.inputs import examples_of, labels
from reference.judge import FoundError, Judge
from reference.networks import PLAIN_RUN
from reference.networks import REGIMES as ALL_REGIMES
from reference.pair import Pair
from reference.report import Report
from reference.roundings import LARGE

__all__ = ["gradcheck", "labels", "losscheck"]

REGIMES = ("halves", "normal", "saturated", "tiny", "huge")


def gradcheck(
    forward: Callable,
    backward: Callable,
    *inputs: Any,
    examples: int = 100,
    seed: int = 0,
    corners: str = "skip",
    regimes: tuple[str, ...] = REGIMES,
    wrt: tuple[int, ...] | None = None,
    **options: Any,
) -> Report:
    """Whether backward returns the gradients of forward.

    forward(*inputs, **options) -> out, cache
            out: an array, or a tuple of arrays. Where forward returns more than two values, all but
            the last are outputs, and the last is the cache.
    backward(dout, cache) -> the gradients in the order of the inputs
            dout: an array, or a tuple of them if out is one. If forward returns h, c, cache, it is
            called as backward(dh, dc, cache).
            An input that holds no floats (ids, a mask) has no gradient: None stands for it, or
            nothing does.
    inputs: for each input of forward a word ("ND"), an array, labels(...), or a Hypothesis strategy
            that draws an array; digits in a word are sizes ("N3")
    examples: how many inputs to draw    seed: of the draw; the same seed gives the same report
    corners: "skip" leaves out what sits on a corner, where every subgradient is right;
             "subgradient" asks for a number between the slopes on both sides: right for one layer,
             not for a network, whose backward need not be a subgradient where branches tie
    regimes: how drawn numbers look, of reference.networks.REGIMES
    wrt: the positions of the inputs whose gradients are checked; None for all that are floats

    Errors: ValueError for inputs that are none of these. A forward that returns anything else is
            reported: the verdict is "raises".
    """
    if corners not in ("skip", "subgradient"):
        raise ValueError(f"corners is {corners!r}, expected 'skip' or 'subgradient'")
    for regime in regimes:
        if regime not in ALL_REGIMES:
            raise ValueError(f"regimes has {regime!r}, expected any of: {', '.join(ALL_REGIMES)}")
    for i in wrt or ():
        if not 0 <= i < len(inputs):
            raise ValueError(f"wrt has {i}, expected positions of inputs, 0 to {len(inputs) - 1}")
    if all(isinstance(each, np.ndarray) and each.dtype.kind != "f" for each in inputs):
        raise ValueError("no input holds floats, so there is no gradient: give x.astype(float)")
    pair = Pair(forward, backward, options)
    judge = Judge(pair, corners, wrt, is_loss=getattr(forward, "is_loss", False))
    strategy = examples_of(inputs, regimes, pair.names(len(inputs)))
    fixed = all(isinstance(each, np.ndarray) for each in inputs)
    if fixed and sum(each.size for each in inputs) > LARGE:
        examples = min(examples, 2)

    @_seeded(seed)
    @settings(
        max_examples=min(examples, 10) if fixed else examples,
        phases=[Phase.generate, Phase.shrink],
        **PLAIN_RUN,
    )
    @given(strategy)
    def run(example: tuple[list[Array], int]) -> None:
        with np.errstate(all="ignore"):
            judge.one(*example)

    with suppress(FoundError):
        run()
    return judge.report()


def losscheck(loss: Callable, *inputs: Any, **keywords: Any) -> Report:
    """gradcheck for a loss(x, *targets) -> loss, dx: x first, then what it is compared with."""

    def forward(x: Array, *rest: Array, **options: Any) -> tuple[Any, Any]:
        total, dx = loss(x, *rest, **options)
        if np.ndim(total) != 0:
            shape = np.shape(total)
            raise ValueError(f"the loss has shape {shape}, expected one number, and then dx")
        return np.asarray(total), dx

    def backward(dout: Array, cache: Any) -> Array:
        return dout * cache

    forward.__signature__ = inspect.signature(loss)  # type: ignore[attr-defined]
    forward.is_loss = True  # type: ignore[attr-defined]
    return gradcheck(forward, backward, *inputs, wrt=(0,), **keywords)


_seeded = seed
