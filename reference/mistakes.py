"""Planting classic mistakes in manual/, one at a time, to see the checks fail.

The mistakes stand in reference/cards/, beside the layer they belong to: a text in one function, and
what stands there instead.

    with planted(MISTAKES["affine dw transposed"]):
        ...  # everybody who calls affine_backward now runs the mistake
"""

import ast
import inspect
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np
from hypothesis import Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning

from manual.catalog import functions
from reference.agreement import compare
from reference.cards import LAYERS, LOSSES, MISTAKES, Mistake
from reference.networks import PLAIN_RUN, problems
from reference.paths import PATHS
from reference.problem import Problem

__all__ = [
    "MISTAKES",
    "Mistake",
    "caught_by",
    "caught_by_name",
    "held",
    "mistaken",
    "planted",
    "planted_in",
    "scope",
    "with_mistake",
]


def with_mistake(mistake: Mistake) -> Callable:
    """The function of manual/ with the mistake in it; the right one stays as it is.

    Errors: ValueError if the right text does not stand exactly once in the function, its docstring
    apart.
    """
    return mistaken(mistake, held(mistake.function))


def mistaken(mistake: Mistake, function: Callable) -> Callable:
    """The same for a function that is given."""
    signature, docstring, body = _parts(function)
    count = signature.count(mistake.right) + body.count(mistake.right)
    if count != 1:
        raise ValueError(
            f"{mistake.name!r}: {mistake.right!r} stands {count} times in {mistake.function}, "
            "expected once"
        )
    wrong = docstring.join(part.replace(mistake.right, mistake.wrong) for part in (signature, body))
    names = dict(function.__globals__)
    exec(compile(wrong, f"<mistake: {mistake.name}>", "exec"), names)
    return names[function.__name__]


@contextmanager
def planted(mistake: Mistake) -> Iterator[None]:
    """Run with the mistake in place, for everyone who holds the function; then put it right."""
    with planted_in(held(mistake.function), with_mistake(mistake)):
        yield


@contextmanager
def planted_in(function: Callable, wrong: Callable) -> Iterator[None]:
    """Run with one function doing what another does, for everyone who holds it."""
    right = function.__code__, function.__defaults__, function.__kwdefaults__
    function.__code__ = wrong.__code__
    function.__defaults__, function.__kwdefaults__ = wrong.__defaults__, wrong.__kwdefaults__
    try:
        yield
    finally:
        function.__code__, function.__defaults__, function.__kwdefaults__ = right
        vars(function).clear()  # what a mistake has kept between calls


def held(name: str) -> Callable:
    """A function of manual/ by name: a public one, or a file's own helper, which begins with _."""
    if not name.startswith("_"):
        return functions()[name]
    modules = {sys.modules[function.__module__] for function in functions().values()}
    found = [vars(module)[name] for module in modules if name in vars(module)]
    if len(found) != 1:
        raise ValueError(f"{name} stands in {len(found)} files of manual/, expected one")
    return found[0]


# Which networks show a function that is no layer or loss itself.
HELPERS = {
    "targets": ("softmax", "loss"),
    "sign": ("l1", "loss"),
    "erf": ("gelu", "forward"),
    "unfold": ("conv2d", "forward"),
    "fold": ("conv2d", "backward"),
    "pair": ("conv2d", "forward"),
    "_rows": ("conv2d", "forward"),
    "_size": ("conv_transpose2d", "forward"),
    "_apart": ("multihead_attention", "forward"),
    "_joined": ("multihead_attention", "forward"),
    "_ways": ("ctc", "loss"),
    "_forward_ways": ("ctc", "loss"),
    "_log_sum": ("ctc", "loss"),
    "lstm_step_forward": ("lstm", "forward"),
    "lstm_step_backward": ("lstm", "backward"),
}


def scope(mistake: Mistake) -> dict[str, tuple[str, ...]] | None:
    """The networks that can show a mistake, as arguments of problems(); None if none can."""
    kind, _, verb = mistake.function.rpartition("_")
    kind, verb = HELPERS.get(mistake.function, (kind, verb))
    if mistake.function in ("network_loss", "l2_loss"):
        return {"layers": ("affine", "tanh"), "losses": tuple(LOSSES)}
    if kind == "network":
        return {
            "layers": (
                "affine",
                "leaky_relu",
                "temporal_affine",
                "residual",
                "concatenate",
                "shared",
            )
        }
    if kind == "concatenate":
        return {"layers": ("concatenate", "reshape")}
    if verb == "loss" and kind in LOSSES:
        return {"layers": ("affine",), "losses": (kind,)}
    return {"layers": (kind,)} if kind in LAYERS and LAYERS[kind].outputs == 1 else None


def caught_by(
    mistake: Mistake,
    networks: int = 100,
    first: bool = False,
    paths: tuple[str, ...] = PATHS,
) -> set[str]:
    """The paths that catch a mistake within so many random networks.

    first: stop with the first path that does
    """
    kinds = scope(mistake)
    caught: set[str] = set()
    if kinds is None:
        return caught

    @seed(0)
    @settings(max_examples=networks, phases=[Phase.generate], **PLAIN_RUN)
    @given(problems(**kinds))
    def run(problem: Problem) -> None:
        try:
            for each in compare(problem, paths):
                caught.update(() if each.agrees else {each.path})
                if first and caught:
                    raise _EnoughError
        except _EnoughError:
            raise
        except Exception:  # the mistaken code itself breaks: everybody sees that
            caught.update(paths)
        if len(caught) == len(paths) or (first and caught):
            raise _EnoughError

    with (
        planted(mistake),
        suppress(_EnoughError),
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", HypothesisWarning)  # of networks that print long
        run()
    return caught


def caught_by_name(name: str, networks: int = 100) -> set[str]:
    """The same by name, for other processes."""
    return caught_by(MISTAKES[name], networks)


class _EnoughError(AssertionError):
    """All that was asked has been seen."""


def _parts(function: Callable) -> tuple[str, str, str]:
    """A function's source in three parts: its signature, its docstring, its body."""
    source = textwrap.dedent(inspect.getsource(function))
    first = ast.parse(source).body[0].body[0]  # type: ignore[attr-defined]
    lines = source.splitlines(keepends=True)
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    start, end = first.lineno - 1, (first.end_lineno if is_docstring else first.lineno - 1)
    return "".join(lines[:start]), "".join(lines[start:end]), "".join(lines[end:])
