"""The examples that all students of an assignment face: drawn by Hypothesis, from a secret.

Hypothesis chooses sizes and options; the numbers come from generators whose seeds are an HMAC of
the secret, the function's name and the example's number. Who does not know the secret knows nothing
of them; who knows it draws the same again.

The first examples are small and plain, to be shown when they fail. The others have sizes that all
differ, two rows or more, numbers and upstream of both signs: an upstream of ones, a batch of one or
a square matrix hide mistakes.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations, product
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import seed as hypothesis_seed
from hypothesis import strategies as st

from manual.checks import Array
from reference.networks import PLAIN_RUN

if TYPE_CHECKING:
    from reference.grading.recipe import Problem

SMALL = 3  # so many small examples come first
# What Hypothesis chooses a size tuple from: no more than 100 each, or it prefers the first.
_DISTINCT = {
    n: list(permutations(range(2, 7), n))[:: 1 if n < 4 else 2][:100] for n in (1, 2, 3, 4, 5)
}
_SMALL = {n: list(product((2, 1), repeat=n))[:100] for n in (1, 2, 3, 4, 5)}


class Dice:
    """What is drawn for one example.

    small: it should fit into few numbers
    extreme: the last example of all; scores and the like may be huge there
    corner: the one before it; where there are kinks and ties, the numbers should lie on them
    """

    def __init__(self, data: Any, rng: np.random.Generator, k: int, count: int):
        self._data, self.rng, self.k = data, rng, k
        self.small = k < SMALL
        self.extreme, self.corner = k == count - 1, k == count - 2

    def sizes(self, n: int, at_least: int = 1) -> tuple[int, ...]:
        """n sizes, from 2 to 6 and no two alike; of a small example 1 or 2, the first one 2."""
        if self.small:
            found = self._data.draw(st.sampled_from(_SMALL[n][: 2 ** (n - 1)]))
            return tuple(max(size, at_least) for size in found)
        return tuple(max(s, at_least) for s in self._data.draw(st.sampled_from(_DISTINCT[n])))

    def pick(self, *choices: Any) -> Any:
        """One of the choices; the first, in the first example."""
        return choices[0] if self.k == 0 else self._data.draw(st.sampled_from(choices))

    def array(self, *shape: int, scale: float = 1.0) -> Array:
        """Numbers of both signs; of a small example, half-integers, none 0 and no two alike."""
        size = int(np.prod(shape))
        if self.small and size <= 24 and scale == 1.0:
            values = np.concatenate([np.arange(1, 13), -np.arange(1, 13)]) / 2
            top = values[np.abs(values) <= max(3, (size + 1) // 2 / 2 + 0.5)]
            return self.rng.permutation(top)[:size].reshape(shape)
        return scale * self.rng.normal(size=shape)

    def positive(self, *shape: int) -> Array:
        """Numbers from 0.5 to 2."""
        return 0.5 + 1.5 * self.rng.random(shape)

    def labels(self, N: int, C: int) -> Array:
        """N labels below C, all classes as often as can be."""
        return self.rng.permutation(np.arange(N) % C) if N >= C else self.rng.permutation(C)[:N]

    def integers(self, low: int, high: int, shape: tuple[int, ...]) -> Array:
        """Whole numbers from low to high, high not among them."""
        return self.rng.integers(low, high, size=shape)


def key(secret: bytes, *words: Any) -> int:
    """A number that only the secret's owner can know."""
    text = "\0".join(map(str, words)).encode()
    return int.from_bytes(hmac.new(secret, text, hashlib.sha256).digest()[:8], "little")


def drawn(problem: "Problem", secret: bytes, count: int) -> list[dict[str, Any]]:
    """count examples for a problem."""
    number = problem.examples or count
    examples: list[dict[str, Any]] = []

    # One example of Hypothesis is all of ours. Its first is made of first choices alone, and is
    # passed over for the second.
    @hypothesis_seed(key(secret, problem.name))
    @settings(max_examples=2, phases=[Phase.generate], **PLAIN_RUN)
    @given(st.data())
    def draw(data: Any) -> None:
        examples.clear()
        for k in range(number):
            rng = np.random.default_rng(key(secret, problem.name, k))
            examples.append(problem.draw(Dice(data, rng, k, number)))

    with _no_constants():
        draw()
    return examples


@contextmanager
def _no_constants() -> Iterator[None]:
    """Now and then Hypothesis draws a constant that it finds in the modules that are loaded.

    Here the same must be drawn whatever is loaded: by the command, in an autograder, anywhere.
    """
    from hypothesis.internal.conjecture.providers import HypothesisProvider as Provider

    kept = Provider._maybe_draw_constant
    Provider._maybe_draw_constant = lambda *_, **__: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        Provider._maybe_draw_constant = kept  # type: ignore[method-assign]
