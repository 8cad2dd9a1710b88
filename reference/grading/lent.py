"""The course's functions, lent: a student's code that calls its own wrong ones is asked again with these.

They run here, in the grader, on whatever the worker sends. So what they are given is small, and what
they keep is counted.
"""

from collections import Counter
from typing import Any

import numpy as np

from reference.grading.recipe import Ours

NUMBERS = 1 << 13  # in all arguments of a call; an honest one has some hundreds
SIZE = 64  # of a whole number, which may be a padding or a count of classes
KEPT = 1 << 26  # bytes of all caches: 64 MiB
OFTEN = 40  # calls of one function in one example, more than any honest loop makes
CACHE = "a cache of the course's own"


class Lent:
    """Answers for the lent names, and for no others."""

    def __init__(self, ours: Ours, names: list[str]):
        self._ours, self._names = ours, names
        self._caches: list[Any] = []
        self._room = KEPT
        self.asked: Counter[str] = Counter()

    def __call__(self, name: str, args: tuple, options: dict) -> Any:
        """What the function gives; a cache goes as its number here. Errors: LookupError."""
        if name not in self._names:
            raise LookupError("this function is not lent")
        if _numbers((args, options)) > NUMBERS:
            raise LookupError("too much for a function that is lent")
        self.asked[name] += 1
        given, named = self._returned(args), self._returned(options)
        with np.errstate(all="ignore"):
            return self._kept(self._ours(name, *given, **named))

    def _kept(self, value: Any) -> Any:
        """Our result, for the box: arrays as they are, caches as a number of ours."""
        if isinstance(value, tuple) and len(value) == 2 and not isinstance(value[1], np.ndarray):
            self._room -= _bytes(value[1])
            if self._room < 0 or len(self._caches) > 10_000:
                raise LookupError("too much is kept of what was lent")
            self._caches.append(value[1])
            return value[0], (CACHE, len(self._caches) - 1)
        return value

    def _returned(self, value: Any) -> Any:
        """What came back from the box: the number of a cache as the cache."""
        if isinstance(value, tuple):
            if len(value) == 2 and isinstance(value[0], str) and value[0] == CACHE:
                return self._caches[value[1]]
            return tuple(self._returned(each) for each in value)
        if isinstance(value, list):
            return [self._returned(each) for each in value]
        if isinstance(value, dict):
            return {key: self._returned(each) for key, each in value.items()}
        return value


def _numbers(value: Any, key: Any = "") -> int:
    """How many numbers there are. Errors: LookupError for one that may be a size, and is too large."""
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind in "iu" and np.max(np.abs(value), initial=0) > SIZE * SIZE:
            raise LookupError("a whole number too large for a function that is lent")
        if np.ndim(value):
            return value.size
    if isinstance(value, int | np.integer) and key != "seed" and abs(int(value)) > SIZE:
        raise LookupError("a whole number too large for a function that is lent")
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        return 1  # a cache
    if isinstance(value, dict):
        return 1 + sum(_numbers(each, name) for name, each in value.items())
    if isinstance(value, tuple | list):
        return 1 + sum(_numbers(each) for each in value)
    return 1


def _bytes(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        value = list(value.values())
    return 64 + sum(map(_bytes, value)) if isinstance(value, tuple | list) else 64


__all__ = ["OFTEN", "Lent"]
