"""The steps of a recipe as lines of code, to be pasted below the inputs.

_, cache = affine_forward(x, w, b)
dx, dw, db = affine_backward(dout, cache)
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from reference.grading.box.wire import Slot
from reference.grading.formats.code import literal

ROUNDED = 6  # decimals, as the inputs are shown with
Step = list[Any]  # a word, and what it takes: recipe.Theirs


def script(
    steps: list[Step], outputs: Mapping[str, Any], inputs: Mapping[str, Any], output: str = ""
) -> list[str]:
    """Lines of code for the steps of a program (recipe.program), results by their outputs' names.

    inputs: the example by name; a value of it goes by that name where it is passed on
    output: leave out the steps that this output does not need
    """
    wanted = outputs.get(output)
    needed = _needed(steps, int(wanted)) if isinstance(wanted, Slot) else set(range(len(steps)))
    return list(_Writer(steps, outputs, inputs, needed).lines())


class _Writer:
    """Writes a program down, and remembers what each result is called."""

    def __init__(
        self, steps: list[Step], outputs: Mapping[str, Any], inputs: Mapping[str, Any],
        needed: set[int],
    ):  # fmt: skip
        self.steps, self.needed = steps, needed
        self.inputs = {id(value): name for name, value in inputs.items() if not _is_word(value)}
        self.words = [(name, value) for name, value in inputs.items() if _is_word(value)]
        self.taken = set(inputs)
        self.names: dict[int, str] = {}
        for name, slot in outputs.items():
            if isinstance(slot, Slot) and int(slot) not in self.names and int(slot) in needed:
                self.names[int(slot)] = re.sub(r"\W", "_", name)
        self.taken |= set(self.names.values())

    def lines(self) -> Iterator[str]:
        """One a call; taking its results apart goes with it."""
        for k, step in enumerate(self.steps):
            if k not in self.needed:
                continue
            word, *rest = step
            parts = self._parts(k)
            if word == "set":
                yield f"{self._value(rest[0])}.{rest[1]} = {self._value(rest[2])}"
            elif word == "put":
                yield f"{self._value(rest[0])}[{rest[1]!r}] = {self._value(rest[2])}"
            elif word == "item" and rest[2]:
                if parts:
                    yield f"{parts} = {self._name(k)}"
            elif word in ("call", "method"):
                left = parts or (self._name(k) if self._used(k) else "")
                yield f"{left} = {self._right(step)}" if left else self._right(step)
            elif self._used(k):
                yield f"{self._name(k)} = {self._right(step)}"

    def _right(self, step: Step) -> str:
        word, *rest = step
        if word == "call":
            return f"{rest[0]}({self._args(rest[1], rest[2])})"
        if word == "method":
            return f"{self._value(rest[0])}.{rest[1]}({self._args(rest[2], rest[3])})"
        if word == "item":
            return f"{self._value(rest[0])}[{rest[1]!r}]"
        if word == "attr":
            return f"{self._value(rest[0])}.{rest[1]}"
        if word == "make":
            return f"types.SimpleNamespace({self._args((), rest[1])})"
        return self._value(rest[0])

    def _parts(self, k: int) -> str:
        """What the parts of a result are called, where the next steps take it apart."""
        items = [
            (at, step) for at, step in enumerate(self.steps)
            if step[0] == "item" and step[3] and isinstance(step[1], Slot) and int(step[1]) == k
        ]  # fmt: skip
        used = [(at, step) for at, step in items if at in self.needed and self._used(at)]
        if not used:
            return ""
        names = ["_"] * used[0][1][3]
        for at, step in used:
            names[step[2]] = self._name(at)
        return ", ".join(names)

    def _used(self, k: int) -> bool:
        """Whether anything is made of a result."""
        return k in self.names or any(
            k in _mentioned(self.steps[at]) for at in self.needed if at > k
        )

    def _name(self, k: int) -> str:
        if k not in self.names:
            first, number = self._first_choice(self.steps[k]), 1
            name = first
            while name in self.taken:
                number += 1
                name = f"{first}{number}"
            self.taken.add(name)
            self.names[k] = name
        return self.names[k]

    def _first_choice(self, step: Step) -> str:
        word, *rest = step
        if word == "attr":
            return rest[1]
        if word == "item":
            key = re.sub(r"\W", "_", str(rest[1]))
            if not rest[2]:
                return key if key.isidentifier() else "part"
            return "cache" if rest[1] == rest[2] - 1 else "part"
        if word == "call" and rest[0][:1].isupper():
            return rest[0].lower()
        return {"make": "thing", "value": "held"}.get(word, "result")

    def _args(self, args: Any, options: Mapping[str, Any]) -> str:
        given = [self._value(each) for each in args]
        return ", ".join(given + [f"{name}={self._value(v)}" for name, v in options.items()])

    def _value(self, value: Any) -> str:
        if isinstance(value, Slot):
            return self._name(int(value))
        if id(value) in self.inputs:
            return self.inputs[id(value)]
        if isinstance(value, np.ndarray | np.generic):
            value = np.asarray(value)
            if value.size > 48:
                return "..."
            rounded = np.round(value, ROUNDED) if value.dtype.kind == "f" else value
            return literal(rounded.tolist(), 10**9)
        if isinstance(value, dict):
            return f"{{{', '.join(f'{k!r}: {self._value(v)}' for k, v in value.items())}}}"
        if isinstance(value, tuple):
            return f"({', '.join(map(self._value, value))}{',' * (len(value) == 1)})"
        if isinstance(value, list):
            return f"[{', '.join(map(self._value, value))}]"
        same = [n for n, other in self.words if type(other) is type(value) and other == value]
        if len(same) == 1 and isinstance(value, float | str):
            return same[0]
        return repr(value)


def _needed(steps: list[Step], wanted: int) -> set[int]:
    """The steps that a result needs: they make what it is made of, or may change it on the way."""
    # A thing, its parts and what its methods return may change one with another: they are one.
    groups = list(range(len(steps)))
    for k, step in enumerate(steps):
        if step[0] in ("item", "attr", "method") and isinstance(step[1], Slot):
            groups[k] = groups[int(step[1])]
    needed, live = set(), {groups[wanted]}
    for k in range(wanted, -1, -1):
        mentioned = _mentioned(steps[k])
        if groups[k] in live or any(groups[each] in live for each in mentioned):
            if steps[k][0] in ("item", "attr") and k != wanted and not _reads(steps, k, needed):
                continue
            needed.add(k)
            live |= {groups[each] for each in mentioned}
    return needed


def _reads(steps: list[Step], k: int, needed: set[int]) -> bool:
    return any(k in _mentioned(steps[at]) for at in needed)


def _mentioned(value: Any) -> set[int]:
    """The results that a step, or a value in it, mentions."""
    if isinstance(value, Slot):
        return {int(value)}
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return {k for each in value for k in _mentioned(each)}
    return set()


def _is_word(value: Any) -> bool:
    """A number or a word: equal ones may be one object, so it is not known by which it is."""
    return value is None or isinstance(value, bool | int | float | str | np.generic)
