"""The independent ways to the same gradient, one a file, each with the same verb.

    gradients(problem) -> Gradients

by_hand is what is on trial; pytorch, jax, differences and complex_step are what it is held against.
torch and jax are imported when their path is first used, and not before.
"""

import importlib
from collections.abc import Callable
from typing import Any

PATHS = ("pytorch", "jax", "differences", "complex_step")


def path(name: str) -> Callable[..., Any]:
    """The verb of a path: path("pytorch")(problem) -> Gradients."""
    if name not in (*PATHS, "by_hand"):
        raise ValueError(f"there is no path {name!r}, expected one of: by_hand, {', '.join(PATHS)}")
    return importlib.import_module(f"reference.paths.{name}").gradients
