"""What a network is made of: layers as values, which can be printed, compared and built again."""

from typing import Any, NamedTuple

import numpy as np


class Layer(NamedTuple):
    """One layer of a network: a value, printed as the call that builds it."""

    kind: str
    params: tuple[str, ...] = ()
    options: dict[str, Any] = {}
    body: tuple["Layer", ...] = ()

    def __repr__(self) -> str:
        options = [f"{name}={_code(value)}" for name, value in self.options.items()]
        if self.body:
            return f"{self.kind}({', '.join([*map(repr, self.body), *options])})"
        return f"layer({', '.join([*map(repr, (self.kind, *self.params)), *options])})"


def layer(kind: str, *params: str, **options: Any) -> Layer:
    """A kind, parameters, options: layer("affine", "W1", "b1"), layer("elu", alpha=0.5)."""
    return Layer(kind, params, options)


def residual(*body: Layer) -> Layer:
    """A branch that rejoins: out = x + body(x). The body must keep the shape of x.

    Source: He et al., 2016.
    """
    return Layer("residual", body=body)


def concatenate(*body: Layer, axis: int = 1) -> Layer:
    """A branch laid beside x: out = x and body(x), joined along an axis.

    Source: Huang et al., 2017 (DenseNet).
    """
    return Layer("concatenate", options={"axis": axis}, body=body)


def _code(value: Any) -> str:
    """The code that builds an option again, arrays whole."""
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()})"
    if isinstance(value, tuple):
        inner = ", ".join(map(_code, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)
