"""What every path is given, and what every path returns."""

from typing import NamedTuple

import numpy as np

from manual.checks import Array
from manual.network import Layer, Net, Params


class Problem(NamedTuple):
    """A network with numbers, and what its gradients are to be taken of.

    With a loss, y holds the targets and the gradient is that of the loss. Without, y is the
    upstream gradient, of the shape of the output, and the gradient is that of sum(out * y).
    """

    net: Net
    params: Params
    x: Array
    y: Array
    loss: Layer | None = None
    reg: float = 0.0

    @property
    def dtype(self) -> np.dtype:
        """The number type: that of the input, or of the parameters where the input is integers."""
        if self.x.dtype.kind == "f" or not self.params:
            return self.x.dtype
        return next(iter(self.params.values())).dtype

    def in_float64(self) -> "Problem":
        """The same numbers in float64; labels and ids as they are."""
        x, y = (a.astype(np.float64) if a.dtype.kind == "f" else a for a in (self.x, self.y))
        params = {name: array.astype(np.float64) for name, array in self.params.items()}
        return self._replace(x=x, y=y, params=params)

    def copied(self) -> "Problem":
        """The same with arrays of its own, for code that may write into them."""
        params = {name: array.copy() for name, array in self.params.items()}
        return self._replace(x=self.x.copy(), y=self.y.copy(), params=params)

    def __repr__(self) -> str:
        """The code that builds it again."""
        params = ", ".join(f"{name!r}: {_array(value)}" for name, value in self.params.items())
        lines = [f"net={self.net!r},", f"params={{{params}}},", f"x={_array(self.x)},"]
        lines += [f"y={_array(self.y)},"]
        lines += [f"loss={self.loss!r},"] if self.loss else []
        lines += [f"reg={self.reg!r},"] if self.reg else []
        return "Problem(\n    " + "\n    ".join(lines) + "\n)"


class Gradients(NamedTuple):
    """The loss (or the output), and its gradient for the input and for every parameter."""

    value: Array | float
    dx: Array | None  # None for an input of integers
    params: Params

    def named(self) -> dict[str, Array]:
        """{"loss or out": ..., "x": ..., "W1": ..., ...}: everything that is compared."""
        found = {"value": np.asarray(self.value)}
        return found | ({} if self.dx is None else {"x": self.dx}) | self.params


def kinds(net: Net) -> set[str]:
    """The kinds of layers in a network."""
    return {layer.kind for layer in net}.union(*(kinds(layer.body) for layer in net))


def uses(net: Net) -> list[str]:
    """The parameters in order of use, once for each use."""
    return [name for layer in net for name in [*layer.params, *uses(layer.body)]]


def _array(array: Array) -> str:
    dtype = "" if array.dtype in (np.float64, np.int64) else f", dtype=np.{array.dtype}"
    return f"np.array({array.tolist()}{dtype})"
