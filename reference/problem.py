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
    dx: Array
    params: Params

    def named(self) -> dict[str, Array]:
        """{"loss or out": ..., "x": ..., "W1": ..., ...}: everything that is compared."""
        return {"value": np.asarray(self.value), "x": self.dx} | self.params


def _array(array: Array) -> str:
    dtype = "" if array.dtype in (np.float64, np.int64) else f", dtype=np.{array.dtype}"
    return f"np.array({array.tolist()}{dtype})"
