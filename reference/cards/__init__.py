"""What the references need to know of each layer: one card a layer, one file a family.

A card holds the layer twice, in PyTorch's words and in JAX's, each one line; the values its options
are drawn from; and where its corners are. The family's classic mistakes stand in the same file.
Files are found by themselves: a new layer is one new file here, beside its one in manual/.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from manual.checks import Array

Shape = tuple[int, ...]


class Dice:
    """What Hypothesis drew for one layer: a size from 1 to 5, and the rest as one number, extra.

    With extra = 0 every choice is its first, the plainest: what a failure shrinks to.
    """

    def __init__(self, size: int, extra: int):
        self.size, self.plain = size, extra == 0
        self.rng = np.random.default_rng([size, extra])

    def pick(self, *choices: Any) -> Any:
        """One of the choices; the next question gets an answer of its own."""
        return choices[0] if self.plain else choices[self.rng.integers(len(choices))]


class Fit(NamedTuple):
    """A layer for an input of a certain shape: what it gives, what it needs."""

    out: Shape
    params: dict[str, Shape] = {}
    options: dict[str, Any] = {}


class Card(NamedTuple):
    """A layer x_forward(x, *params, **options), as the other paths know it."""

    kind: str
    # torch(F, x, *params, **options), with F = torch.nn.functional: PyTorch's own kernel.
    torch: Callable[..., Any]
    # jax(jnp, x, *params, **options): the textbook formula.
    jax: Callable[..., Any]
    # The values that random networks draw each option from. None leaves the option out: the
    # defaults are compared too.
    options: dict[str, tuple[Any, ...]] = {}
    # From the forward's cache, the numbers whose sign picks a branch; None for a smooth layer.
    kinks: Callable[[Any], Array] | None = None
    # Whether each output depends on the entry of x at its own place and on nothing else.
    by_entry: bool = False
    # What it takes: a letter an axis, "*" for any input, "N*" for any that it flattens itself,
    # "ids" for integers.
    takes: str = "*"
    # What its last axis must be a multiple of.
    multiple: int = 1
    # fit(shape, dice): a layer for that input, or None if there is none. Without it: no parameters,
    # options as above, out of the shape of the input.
    fit: Callable[[Shape, Dice], Fit | None] | None = None
    # rows(options): whether each example of the output depends on that example of x alone, so that
    # examples of many runs may stand in one batch.
    rows: Callable[[dict[str, Any]], bool] = lambda options: True
    # How many of its parameters, the first ones, hold something for each example: first states.
    own: int = 0
    # From the forward's cache, how much it stretches a nudge of its input, beside its parameters.
    stretch: Callable[[Any], float] | None = None
    # A kind whose parameter it may share.
    ties: str = ""
    # How many arrays it gives. A network is a row of layers with one: it holds none with two.
    outputs: int = 1
    # Whether PyTorch's kernel rounds where ours has nothing to round: x rstd - mean rstd for
    # (x - mean) rstd, which is not 0 where x is the mean.
    torch_rounds: bool = False
    # What fills up a row for JAX's padded networks so that the formula does not see it, as a share
    # of the largest float.
    padding: float = 0.0


class LossCard(NamedTuple):
    """A loss x_loss(x, y, **options)."""

    kind: str
    # torch(F, x, y, **options): the loss.
    torch: Callable[..., Any]
    # jax(jnp, x, t, **options): one term an entry, t being the target as an (N, C) array.
    jax: Callable[..., Any]
    # What the sum of the terms is divided by.
    mean: str  # "rows" or "entries"; "whole": jax(jnp, x, y, **options) is the loss itself
    # What the targets are: numbers, labels, probabilities of a yes, rows of probabilities.
    targets: str  # "numbers", "labels", "labels or rows", "probabilities", "rows", or "own": draw
    options: dict[str, tuple[Any, ...]] = {}
    kinks: Callable[..., Array] | None = None  # kinks(x, y, **options)
    padding: float = 0.0
    # Roundings that PyTorch's kernel needs and ours does not: of the scale of all gradients, and of
    # the loss itself, beside a 1.
    torch_scale: int = 0
    torch_value: int = 0
    # Roundings of the scale of all gradients in JAX.
    jax_scale: int = 0
    # Whether PyTorch's kernel rounds where ours has nothing to round: exp(log p) for p.
    torch_rounds: bool = False
    takes: str = "NC"
    # draw(rng, shape): targets and options for outputs of that shape.
    draw: Callable[[np.random.Generator, Shape], tuple[Array, dict[str, Any]]] | None = None


class Mistake(NamedTuple):
    """One classic mistake: a text in one function of manual/, and what stands there instead."""

    name: str
    function: str
    right: str
    wrong: str
    says: str  # what went wrong, for the one who made it


LAYERS: dict[str, Card] = {}
LOSSES: dict[str, LossCard] = {}
MISTAKES: dict[str, Mistake] = {}


def _collect() -> None:
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        for card in getattr(module, "CARDS", ()):
            (LOSSES if isinstance(card, LossCard) else LAYERS)[card.kind] = card
        for mistake in getattr(module, "MISTAKES", ()):
            if mistake.name in MISTAKES:
                raise ValueError(f"two mistakes are called {mistake.name!r}")
            MISTAKES[mistake.name] = mistake


_collect()
