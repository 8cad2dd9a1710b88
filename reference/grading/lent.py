"""The course's functions, lent: code that calls wrong ones of its own is asked again with these.

They run here, in the grader, on whatever the worker sends. So what they are given is small, and
what they keep is counted.
"""

from collections import Counter
from typing import Any

import numpy as np

from reference.grading.recipe import Held, Ours

NUMBERS = 1 << 13  # in all arguments of a call; an honest one has some hundreds
SIZE = 64  # of a whole number, which may be a padding or a count of classes
KEPT = 1 << 26  # bytes of all caches: 64 MiB
OFTEN = 40  # calls of one function in one example, more than any honest loop makes
CACHE = "a cache of the course's own"


class Lent:
    """Answers for the lent names, and for no others."""

    def __init__(self, ours: Ours, names: list[str]):
        self._ours, self.names = ours, names
        self._caches: list[Any] = []
        self._room = KEPT
        self.asked: Counter[str] = Counter()

    def __call__(self, name: str, args: tuple, options: dict) -> Any:
        """What the function gives, and what it has written into its dicts. Errors: LookupError."""
        if name not in self.names:
            raise LookupError("this function is not lent")
        if _numbers((args, options)) > NUMBERS:
            raise LookupError("too much for a function that is lent")
        self.asked[name] += 1
        given = [self._returned(each) for each in args]
        given = [Held(each) if isinstance(each, dict) else each for each in given]
        before = [dict(each) if isinstance(each, Held) else {} for each in given]
        with np.errstate(all="ignore"):
            value = self._kept(self._ours(name, *given, **self._returned(options)))
        return value, [
            {key: new for key, new in each.items() if new is not old.get(key)}
            if isinstance(each, Held)
            else {}
            for each, old in zip(given, before, strict=True)
        ]

    def _kept(self, value: Any) -> Any:
        """Our result, for the box: arrays as they are, a cache as its number."""
        if isinstance(value, tuple) and len(value) == 2 and not isinstance(value[1], np.ndarray):
            self._room -= _bytes(value[1])
            if self._room < 0:
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
        if isinstance(value, dict):
            return {key: self._returned(each) for key, each in value.items()}
        return value


def _numbers(value: Any, key: Any = "") -> int:
    """How many numbers there are. Errors: LookupError for a large one that may be a size."""
    if isinstance(value, np.ndarray | np.generic):
        whole = value.dtype.kind in "iu" and key != "seed"
        if (
            whole
            and np.size(value)
            and not (abs(int(value.max())) <= SIZE >= abs(int(value.min())))
        ):
            raise LookupError("a whole number too large for a function that is lent")
        return np.size(value)
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        return 1  # a cache
    if isinstance(value, int) and key != "seed" and abs(value) > SIZE:
        raise LookupError("a whole number too large for a function that is lent")
    if isinstance(value, dict):
        return 1 + sum(_numbers(each, name) for name, each in value.items())
    if isinstance(value, tuple | list):
        return 1 + sum(map(_numbers, value))
    return 1


def _bytes(value: Any) -> int:
    """About what a cache takes, which is made of arrays; twice what it holds twice."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        value = list(value.values())
    return 1000 + sum(map(_bytes, value)) if isinstance(value, tuple | list) else 1000


__all__ = ["OFTEN", "Lent"]
