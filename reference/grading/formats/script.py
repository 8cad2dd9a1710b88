"""The steps of a recipe as lines of code, to be pasted below the inputs.

    out, cache = affine_forward(x, w, b)
    dx, dw, db = affine_backward(dout, cache)
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from reference.grading.box.wire import Slot
from reference.grading.formats.code import literal


def script(
    steps: list[list[Any]], outputs: Mapping[str, Any], inputs: Mapping[str, Any]
) -> list[str]:
    """Lines of code for the steps of a program (recipe.program), results under their outputs' names.

    inputs: the example by name; a value of it is called by that name where it is passed on
    """
    return _Writer(steps, outputs, inputs).lines()


class _Writer:
    def __init__(
        self, steps: list[list[Any]], outputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ):
        self.steps = steps
        self.inputs = {
            id(value): name for name, value in inputs.items() if not _is_plain(value)
        }
        self.plain = [(name, value) for name, value in inputs.items() if _is_plain(value)]
        self.taken = set(inputs)
        self.names: dict[int, str] = {}
        for name, slot in outputs.items():
            if isinstance(slot, Slot) and name.isidentifier():
                self.names.setdefault(int(slot), name)
        self.taken |= set(self.names.values())

    def lines(self) -> list[str]:
        """One a call; taking results apart goes with the call."""
        found = []
        for k, step in enumerate(self.steps):
            line = self._line(k, step)
            if line:
                found.append(line)
        return found

    def _line(self, k: int, step: list[Any]) -> str:
        word, *rest = step
        if word == "call":
            return f"{self._left(k)}{rest[0]}({self._args(rest[1], rest[2])})"
        if word == "method":
            slot, name, args, options = rest
            return f"{self._left(k)}{self._value(slot)}.{name}({self._args(args, options)})"
        if word == "item":
            if k in self.names and rest[2]:
                return ""  # named where it was returned
            return f"{self._name(k, 'part')} = {self._value(rest[0])}[{rest[1]!r}]"
        if word == "attr":
            return f"{self._name(k, rest[1])} = {self._value(rest[0])}.{rest[1]}"
        if word == "set":
            return f"{self._value(rest[0])}.{rest[1]} = {self._value(rest[2])}"
        if word == "put":
            return f"{self._value(rest[0])}[{rest[1]!r}] = {self._value(rest[2])}"
        if word == "make":
            given = ", ".join(f"{name}={self._value(value)}" for name, value in rest[1].items())
            return f"{self._name(k, 'thing')} = types.SimpleNamespace({given})"
        return f"{self._name(k, 'value')} = {self._value(rest[0])}"

    def _left(self, k: int) -> str:
        """What a call's results are called: each, if the next steps take it apart."""
        items = [
            (at, step) for at, step in enumerate(self.steps)
            if step[0] == "item" and step[1] == k and isinstance(step[1], Slot) and step[3]
        ]  # fmt: skip
        if not items:
            return f"{self._name(k, 'result')} = " if self._used(k) else ""
        names = ["_"] * items[0][1][3]
        for at, step in items:
            if at in self.names or self._used(at):
                names[step[2]] = self._name(at, "cache" if step[2] == len(names) - 1 else "part")
            else:
                self.names[at] = "_"
        return f"{', '.join(names)} = "

    def _used(self, k: int) -> bool:
        """Whether anything comes of a result."""
        return k in self.names or any(
            _mentions(each, k) for step in self.steps for each in step[1:]
        )

    def _name(self, k: int, otherwise: str) -> str:
        if k not in self.names:
            name, number = otherwise, 1
            while name in self.taken:
                number += 1
                name = f"{otherwise}{number}"
            self.taken.add(name)
            self.names[k] = name
        return self.names[k]

    def _args(self, args: Any, options: Mapping[str, Any]) -> str:
        given = [self._value(each) for each in args]
        return ", ".join(given + [f"{name}={self._value(v)}" for name, v in options.items()])

    def _value(self, value: Any) -> str:
        if isinstance(value, Slot):
            return self._name(int(value), "result")
        if id(value) in self.inputs:
            return self.inputs[id(value)]
        if isinstance(value, np.ndarray):
            for name, other in self.plain:
                if other is value:
                    return name
            return literal(value.tolist(), 10**9) if value.size <= 48 else "..."
        if isinstance(value, dict):
            return f"{{{', '.join(f'{k!r}: {self._value(v)}' for k, v in value.items())}}}"
        if isinstance(value, tuple):
            return f"({', '.join(map(self._value, value))}{',' * (len(value) == 1)})"
        if isinstance(value, list):
            return f"[{', '.join(map(self._value, value))}]"
        if isinstance(value, np.generic):
            value = value.item()
        for name, other in self.plain:
            if type(other) is type(value) and not isinstance(value, bool | None) and other == value:
                return name
        return repr(value)


def _is_plain(value: Any) -> bool:
    """A number or a word: equal ones are one object, so it is known by what it is."""
    return value is None or isinstance(value, bool | int | float | str | np.generic)


def _mentions(value: Any, k: int) -> bool:
    if isinstance(value, Slot):
        return int(value) == k
    if isinstance(value, dict):
        return any(_mentions(each, k) for each in value.values())
    if isinstance(value, tuple | list):
        return any(_mentions(each, k) for each in value)
    return False
