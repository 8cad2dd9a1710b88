"""Anyone's forward and backward, called alike however many outputs there are.

out, cache = forward(x)          dx = backward(dout, cache)
(h, c), cache = forward(x)       dx = backward((dh, dc), cache)      out is a tuple
h, c, cache = forward(x)         dx = backward(dh, dc, cache)        three values or more
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from manual.checks import Array


class Returned(NamedTuple):
    """What a forward returned, taken apart."""

    outs: tuple[Any, ...]
    cache: Any
    together: Callable | None  # makes a tuple of the upstreams, where out is one; else None


class Pair:
    """A forward and its backward, with the options of the forward."""

    def __init__(self, forward: Callable, backward: Callable, options: dict[str, Any]):
        self.forward, self.backward, self.options = forward, backward, options

    def names(self, count: int) -> list[str]:
        """The names of forward's arguments, where it tells."""
        try:
            parameters = list(inspect.signature(self.forward).parameters)
        except (TypeError, ValueError):
            parameters = []
        return (parameters + [f"input{i}" for i in range(len(parameters), count)])[:count]

    def call(self, inputs: Sequence[Array]) -> Any:
        """What forward returns, as it is."""
        return self.forward(*inputs, **self.options)

    def run(self, *inputs: Array) -> Array:
        """The output; of several outputs, all entries in one row."""
        return joined(taken_apart(self.call(inputs)).outs)

    def back(self, returned: Returned, douts: Sequence[Array]) -> tuple[Any, ...]:
        """What backward returns for these upstreams, one an output; one gradient as a tuple too."""
        given = douts if returned.together is None else [returned.together(douts)]
        grads = self.backward(*given, returned.cache)
        return tuple(grads) if isinstance(grads, tuple | list) else (grads,)

    def gradients(self, inputs: Sequence[Array], douts: Sequence[Array]) -> tuple[Any, ...]:
        """Forward, then backward."""
        return self.back(taken_apart(self.call(inputs)), douts)


def taken_apart(result: Any) -> Returned:
    """The outputs and the cache of what a forward returned, where misfit has nothing to say."""
    *outs, cache = result
    if len(outs) == 1 and isinstance(outs[0], tuple):
        return Returned(outs[0], cache, getattr(outs[0], "_make", tuple))
    return Returned(tuple(outs), cache, None)


def joined(arrays: Sequence[Array]) -> Array:
    """All entries in one row; a single array as it is."""
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.ravel(a) for a in arrays])


def shown(returned: Returned, douts: Sequence[Array]) -> Array | tuple[Array, ...]:
    """The upstream as a reader is to see it: a tuple unless out is a single array."""
    single = returned.together is None and len(douts) == 1
    return douts[0] if single else tuple(douts)


def misfit(result: Any) -> str:
    """Why this cannot be what a forward returns; "" if it can."""
    if not isinstance(result, tuple | list) or len(result) < 2:
        return f"forward returns {_a(result)}, expected (out, cache)"
    outs, _, together = taken_apart(result)
    single = together is None and len(outs) == 1
    if single and not _is_array(outs[0]):
        wanted = "an array of floats, or a tuple of them"
        hint = {float: ": np.asarray(out)", list: ": tuple(out)"}.get(type(outs[0]), "")
        return f"forward returns {_a(outs[0])} as out, expected {wanted}{hint}"
    if not outs:
        return "forward returns an empty tuple as out, expected an array in it"
    several = f", as the cache is the last of the {len(result)} values" if len(result) > 2 else ""
    for k, out in enumerate(outs):
        place = "" if single else f" as out[{k}]"
        if not _is_array(out):
            return f"forward returns {_a(out)}{place}, expected an array of floats{several}"
        if out.dtype.kind != "f":
            return f"forward returns dtype {out.dtype}{place}, expected floats{several}"
    return ""


def places(count: int, inputs: Sequence[Array], asked: list[int]) -> list[int] | None:
    """The positions of the inputs whose gradients these are, in order.

    As many as there are inputs (what stands for integers is not looked at), or as many as hold
    floats, or as many as were asked for. None for any other count.
    """
    for found in (list(range(len(inputs))), floats(inputs), asked):
        if count == len(found):
            return found
    return None


def floats(inputs: Sequence[Array]) -> list[int]:
    """The positions of the inputs that have a gradient."""
    return [i for i, array in enumerate(inputs) if array.dtype.kind == "f"]


def _is_array(out: Any) -> bool:
    return isinstance(out, np.ndarray | np.generic)


def _a(thing: Any) -> str:
    """A dict, an array, a tuple of 3."""
    if thing is None:
        return "None"
    name = "array" if isinstance(thing, np.ndarray) else type(thing).__name__
    size = f" of {len(thing)}" if isinstance(thing, tuple | list) else ""
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}{size}"
