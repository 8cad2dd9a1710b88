"""What is asked of a function, said once: a recipe, which runs on our code and on a student's.

    def affine_backward(do, e):
        out, cache = do("affine_forward", e.x, e.w, e.b, parts=2)
        dx, dw, db = do("affine_backward", e.dout, cache, parts=3)
        return {"dx": dx, "dw": dw, "db": db}

With do = Ours(functions) the calls happen here, at once, and the results are arrays. With
do = Theirs() nothing happens: the calls are written down as a program, which a worker works off in
its box, and the results are slots. So right and graded code go through the same steps, and a cache
stays where it was made.
"""

import inspect
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from reference.grading.box.wire import Slot
from reference.grading.examples import Dice

# The drawn inputs by name: e.x, e.w. And e.corner, e.extreme, as in examples.Dice; e.excuse says
# why a failure of this example is a remark alone.
Example = SimpleNamespace
Recipe = Callable[[Any, Any], dict[str, Any]]


class Between(NamedTuple):
    """At a corner any number between the slopes on its two sides is right."""

    low: Any
    high: Any


class Problem(NamedTuple):
    """One graded function."""

    name: str  # as the course calls it: "affine_backward", "Linear.backward"
    draw: Callable[[Dice], dict[str, Any]]
    recipe: Recipe
    # The names of a submission that it calls, the graded one last.
    needs: tuple[str, ...]
    # Other ways to ask, tried where the first raises or finds something missing: other years'
    # signatures, or the backward alone, with the cache that the course's starter code makes.
    others: tuple[Recipe, ...] = ()
    # Course functions that the student's may call: it is also tried with ours in their place.
    uses: tuple[str, ...] = ()
    # Keywords that ours take, by what they change: every combination that the assignment admits is
    # tried, and one of them must explain all examples.
    conventions: dict[str, tuple[Any, ...]] = {}
    # Outputs of theirs that ours are given, as e.given: what chance made, as a dropout's mask. An
    # output whose name begins with _ is sent for that alone.
    given: tuple[str, ...] = ()
    # derive(e, theirs): more outputs of theirs, computed here.
    derive: Callable[[Any, dict[str, Any]], dict[str, Any]] | None = None
    # Outputs that may overflow in the extreme example: a wrong one is a remark there.
    remarks: tuple[str, ...] = ()
    # Other names that submissions have for it, taken where its own is missing.
    also: tuple[str, ...] = ()
    # The forward's problem, for a backward.
    forward: str = ""
    examples: int = 0  # 0 for the assignment's


class Held(dict):
    """A dict that functions may write into: they get it as it is, no copy."""


class Ours:
    """The course's functions as we have them, called at once."""

    ours = True

    def __init__(
        self, functions: Mapping[str, Callable], conventions: dict[str, Any] | None = None
    ):
        self.functions, self.conventions = functions, conventions or {}

    def __call__(self, name: str, *args: Any, parts: int = 0, **options: Any) -> Any:
        """Call a function of the course."""
        function = self.functions[name]
        result = function(*_copied(args), **_copied(options), **self._asked(function))
        return result

    def _asked(self, function: Callable) -> dict[str, Any]:
        if not self.conventions:
            return {}
        keywords = _keywords(function)
        return {k: v for k, v in self.conventions.items() if k in keywords}

    def method(self, thing: Any, name: str, *args: Any, parts: int = 0, **options: Any) -> Any:
        """Call a method."""
        return getattr(thing, name)(*_copied(args), **_copied(options))

    def value(self, value: Any) -> Any:
        """Something that a function may write into, to be looked at afterwards."""
        value = _copied(value)
        return Held(value) if type(value) is dict else value

    def key(self, thing: Any, key: str) -> Any:
        """thing[key], of a dict; None where a mistake leaves it out."""
        return thing.get(key) if isinstance(thing, Held) else thing[key]

    def take(self, thing: Any, parts: int) -> Any:
        """A result taken apart further."""
        return thing

    def get(self, thing: Any, name: str) -> Any:
        """thing.name"""
        return getattr(thing, name)

    def set(self, thing: Any, name: str, value: Any) -> None:
        """thing.name = value"""
        setattr(thing, name, _copied(value))

    def put(self, thing: Any, key: Any, value: Any) -> None:
        """thing[key] = value"""
        thing[key] = _copied(value)

    def make(self, **attributes: Any) -> Any:
        """A bare object with these attributes."""
        return SimpleNamespace(**_copied(attributes))


class Theirs:
    """The same words, written down as a program for a worker."""

    ours = False

    def __init__(self) -> None:
        self.steps: list[list[Any]] = []

    def _step(self, *step: Any) -> Slot:
        self.steps.append(list(step))
        return Slot(len(self.steps) - 1)

    def _taken_apart(self, slot: Slot, parts: int) -> Any:
        if not parts:
            return slot
        return tuple(self._step("item", slot, k, parts) for k in range(parts))

    def __call__(self, name: str, *args: Any, parts: int = 0, **options: Any) -> Any:
        """A call of a function of the submission."""
        return self._taken_apart(self._step("call", name, args, options), parts)

    def method(self, thing: Any, name: str, *args: Any, parts: int = 0, **options: Any) -> Any:
        """A call of a method."""
        return self._taken_apart(self._step("method", thing, name, args, options), parts)

    def value(self, value: Any) -> Any:
        """A value that stays, and may be written into."""
        return self._step("value", value)

    def key(self, thing: Any, key: str) -> Any:
        """thing[key]"""
        return self._step("item", thing, key, 0)

    def take(self, thing: Any, parts: int) -> Any:
        """A result taken apart further."""
        return self._taken_apart(thing, parts)

    def get(self, thing: Any, name: str) -> Any:
        """thing.name"""
        return self._step("attr", thing, name)

    def set(self, thing: Any, name: str, value: Any) -> None:
        """thing.name = value"""
        self._step("set", thing, name, value)

    def put(self, thing: Any, key: Any, value: Any) -> None:
        """thing[key] = value"""
        self._step("put", thing, key, value)

    def make(self, **attributes: Any) -> Any:
        """A bare object with these attributes."""
        return self._step("make", "", attributes)


def forward_of(name: str, *args: str, parts: int = 2) -> Recipe:
    """name(e.x, ...) -> out, cache: out is asked for. parts 0: it returns out alone."""

    def recipe(do: Any, e: Any) -> dict[str, Any]:
        result = do(name, *(getattr(e, arg) for arg in args), parts=parts)
        out: Any = result[0] if parts else result
        return {"out": out}

    return recipe


def backward_of(forward: str, backward: str, args: tuple[str, ...], *grads: str) -> Recipe:
    """The gradients, from the cache of the student's own forward."""

    def recipe(do: Any, e: Any) -> dict[str, Any]:
        _, cache = do(forward, *(getattr(e, arg) for arg in args), parts=2)
        return _grads(do, backward, (e.dout, cache), grads)

    return recipe


def backward_from(backward: str, cache: tuple[str, ...], *grads: str) -> Recipe:
    """The backward alone, with the cache of the course's starter code: some of the inputs.

    Ours, whose cache has another form, is called with that of our forward by the recipe before.
    """

    def recipe(do: Any, e: Any) -> dict[str, Any]:
        held: list[Any] = [getattr(e, name) for name in cache]
        return _grads(do, backward, (e.dout, tuple(held) if len(held) > 1 else held[0]), grads)

    return recipe


def _grads(do: Any, backward: str, args: tuple[Any, ...], grads: tuple[str, ...]) -> dict[str, Any]:
    if len(grads) == 1:
        return {grads[0]: do(backward, *args)}
    return dict(zip(grads, do(backward, *args, parts=len(grads)), strict=True))


def program(recipe: Recipe, example: Example, seed: int) -> tuple[dict[str, Any], list[str]]:
    """A recipe as a program, and the names of the outputs it sends."""
    theirs = Theirs()
    outputs = recipe(theirs, example)
    return {"steps": theirs.steps, "send": list(outputs.values()), "seed": seed}, list(outputs)


def _copied(value: Any) -> Any:
    """Fresh copies of what comes from an example. Objects and caches pass as they are."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (tuple, list):
        return type(value)(_copied(each) for each in value)
    if type(value) is dict:
        return {key: _copied(each) for key, each in value.items()}
    return value


_known: dict[Any, frozenset[str]] = {}


def _keywords(function: Callable) -> frozenset[str]:
    """The keyword-only names of a function's signature."""
    key = getattr(function, "__wrapped__", function)
    if key not in _known:
        every = inspect.signature(function).parameters.values()
        _known[key] = frozenset(each.name for each in every if each.kind is each.KEYWORD_ONLY)
    return _known[key]
