"""Two examples through one another: a second forward between a first forward and its backward.

A backward that reads what the last forward left behind (a global, an attribute of the function) is
right until a network has two layers of the kind. Its own cache would have told it.
"""

from collections.abc import Callable
from typing import Any

from reference.grading.box.wire import Slot

STALE = "stale cache"
SAYS = (
    "The backward takes what the last forward left behind, not the cache it is given: with another "
    "forward in between its gradients are those of the wrong layer."
)


def interleaved(one: dict[str, Any], two: dict[str, Any], graded: str) -> dict[str, Any] | None:
    """The steps of one up to its first call of the graded function, all of two, the rest of one.

    None where that call comes first: there is no forward before it.
    """
    name = graded.rpartition(".")[2]
    calls = [k for k, step in enumerate(one["steps"]) if _called(step) == name]
    if not calls or not any(_called(step) for step in one["steps"][: calls[0]]):
        return None
    at, more = calls[0], len(two["steps"])
    middle = [_moved(step, lambda slot: slot + at) for step in two["steps"]]
    later = [_moved(step, lambda slot: slot + more * (slot >= at)) for step in one["steps"][at:]]
    send = [Slot(slot + more * (slot >= at)) for slot in one["send"]]
    return one | {"steps": [*one["steps"][:at], *middle, *later], "send": send}


def _called(step: list[Any]) -> str:
    """The function or method that a step calls; "" for one that calls none."""
    at = {"call": 1, "method": 2}.get(step[0])
    return step[at] if at else ""


def _moved(value: Any, move: Callable[[int], int]) -> Any:
    """A step with its slots renumbered."""
    if isinstance(value, Slot):
        return Slot(move(value))
    if isinstance(value, list | tuple):
        return type(value)(_moved(each, move) for each in value)
    if isinstance(value, dict):
        return {key: _moved(each, move) for key, each in value.items()}
    return value
