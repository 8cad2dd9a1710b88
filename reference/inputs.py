"""The inputs of gradcheck: drawn from words and labels, or as they are given."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from manual.checks import Array
from reference.networks import numbers


class labels(NamedTuple):  # noqa: N801  reads as a function, and is a value
    """Integer labels as an input: labels("N", "C") has shape (N,) and runs from 0 to C - 1."""

    shape: str
    classes: str


def examples_of(
    inputs: Sequence[Any], regimes: tuple[str, ...], names: list[str]
) -> st.SearchStrategy[tuple[list[Array], int]]:
    """Draw (inputs, a seed for the upstream).

    Errors: ValueError, naming the input, for what is no word, array, labels or strategy, and for a
    strategy that draws no array.
    """
    axes = sorted(letter for letter in _letters(inputs, names) if not letter.isdigit())

    @st.composite
    def example(draw: Any) -> tuple[list[Array], int]:
        sizes = {axis: draw(st.integers(1, 4)) for axis in axes}
        regime = draw(st.sampled_from(regimes))
        rng = np.random.default_rng(draw(st.integers(0, 2**20 - 1)))

        def shape(word):
            return tuple(int(axis) if axis.isdigit() else sizes[axis] for axis in word)

        arrays = []
        for each, name in zip(inputs, names, strict=True):
            if isinstance(each, labels):
                arrays.append(rng.integers(shape(each.classes)[0], size=shape(each.shape)))
            elif isinstance(each, str):
                arrays.append(numbers(rng, shape(each), regime))
            else:
                array = each if isinstance(each, np.ndarray) else draw(each)
                if not isinstance(array, np.ndarray):
                    raise ValueError(f"the strategy for {name} draws {array!r}, expected an array")
                arrays.append(array)
        return arrays, draw(st.integers(0, 2**16))

    return example()


def _letters(inputs: Sequence[Any], names: list[str]) -> set[str]:
    """All letters and digits of the words."""
    letters = set()
    for each, name in zip(inputs, names, strict=True):
        words = [*each] if isinstance(each, labels) else [each] if isinstance(each, str) else []
        for word in words:
            if word and not word.isalnum():
                raise ValueError(f"{name} is given as {word!r}, expected letters and digits: 'ND'")
            letters |= set(word)
        if words or isinstance(each, str):
            continue
        if not isinstance(each, np.ndarray | st.SearchStrategy):
            raise ValueError(
                f"{name} is given as {each!r}, expected a word of axes such as 'ND', an array, "
                "labels(...) or a Hypothesis strategy"
            )
    return letters
