"""How a class with state is asked: make an object, set its weights, forward, backward, read it."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

from reference.grading.recipe import Recipe

FUNCTIONS: dict[str, Callable] = {}
PROBLEMS: list[Any] = []

Make = Callable[[Any, Any], Any]  # (do, e) -> the object, its weights set
Path = tuple[str, ...]  # an attribute, of an attribute, of the object


def fill(do: Any, thing: Any, **arrays: Any) -> None:
    """Set attributes, each in the shape that it has there: (C,), (1, C) and (C, 1) are in use."""
    for name, array in arrays.items():
        shape = do.get(do.get(thing, name), "shape")
        do.set(thing, name, do.method(do.value(array), "reshape", shape))


def put(do: Any, thing: Any, **arrays: Any) -> None:
    """Set attributes, as they are."""
    for name, array in arrays.items():
        do.set(thing, name, array)


def at(do: Any, thing: Any, path: Path) -> Any:
    """thing.a.b"""
    for name in path:
        thing = do.get(thing, name)
    return thing


def first(do: Any, things: Any, k: int = 0) -> Any:
    """things[k], of a list of any length."""
    return do.method(things, "__getitem__", k)


def initial(do: Any, array: Any) -> Any:
    """What the oldest years hand to a constructor: a function of a shape that gives the weights."""
    return do.get(do.value(array.ravel()), "reshape")


def without(draw: Callable, *names: str) -> Callable:
    """The same examples without what only the backward needs."""

    def drawn(dice: Any) -> dict[str, Any]:
        return {name: value for name, value in draw(dice).items() if name not in names}

    return drawn


def forward(make: Make, x: str = "A", out: str = "Z", **options: Any) -> Recipe:
    """The object's forward of e.x."""

    def recipe(do: Any, e: Any) -> dict[str, Any]:
        return {out: do.method(make(do, e), "forward", getattr(e, x), **options)}

    return recipe


def backward(
    make: Make,
    dx: str = "dLdA",
    grads: dict[str, Path] | None = None,
    x: str = "A",
    upstream: str = "dLdZ",
) -> Recipe:
    """The object's forward, then its backward; grads are read from the object, by their paths."""

    def recipe(do: Any, e: Any) -> dict[str, Any]:
        thing = make(do, e)
        do.method(thing, "forward", getattr(e, x))
        outputs = {dx: do.method(thing, "backward", getattr(e, upstream))}
        return outputs | {name: at(do, thing, path) for name, path in (grads or {}).items()}

    return recipe


def parts(
    make: Make,
    dx: str = "dLdA",
    grads: dict[str, Path] | None = None,
    x: str = "A",
    upstream: str = "dLdZ",
) -> tuple[Recipe, ...]:
    """The same without one or more of the grads, for classes that forget to keep them."""
    grads = grads or {}
    fewer = [kept for n in reversed(range(len(grads))) for kept in combinations(grads, n)]
    return tuple(backward(make, dx, {k: grads[k] for k in kept}, x, upstream) for kept in fewer)
