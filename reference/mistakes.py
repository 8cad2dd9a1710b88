"""Planting classic mistakes in manual/, one at a time, to see the checks fail.

The mistakes stand in reference/cards/, beside the layer they belong to: a text in one function, and
what stands there instead.

    with planted(MISTAKES["affine dw transposed"]):
        ...  # everybody who calls affine_backward now runs the mistake
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from manual.catalog import functions
from reference.cards import MISTAKES, Mistake

__all__ = ["MISTAKES", "Mistake", "planted", "with_mistake"]


def with_mistake(mistake: Mistake) -> Callable:
    """The function of manual/ with the mistake in it; the right one stays as it is.

    Errors: ValueError if the right text does not stand exactly once in the function's code.
    """
    function = functions()[mistake.function]
    code, start = _code(function)
    if code[start:].count(mistake.right) != 1:
        raise ValueError(
            f"{mistake.name!r}: {mistake.right!r} stands {code[start:].count(mistake.right)} times "
            f"in {mistake.function}, expected once"
        )
    wrong = code[:start] + code[start:].replace(mistake.right, mistake.wrong)
    names = dict(function.__globals__)
    exec(compile(wrong, f"<mistake: {mistake.name}>", "exec"), names)
    return names[mistake.function]


@contextmanager
def planted(mistake: Mistake) -> Iterator[None]:
    """Run with the mistake in place, for everyone who holds the function; then put it right."""
    function, wrong = functions()[mistake.function], with_mistake(mistake)
    right = function.__code__, function.__defaults__, function.__kwdefaults__
    function.__code__ = wrong.__code__
    function.__defaults__, function.__kwdefaults__ = wrong.__defaults__, wrong.__kwdefaults__
    try:
        yield
    finally:
        function.__code__, function.__defaults__, function.__kwdefaults__ = right


def _code(function: Callable) -> tuple[str, int]:
    """A function's source, and where its signature or, behind the docstring, its body starts."""
    source = textwrap.dedent(inspect.getsource(function))
    body = ast.parse(source).body[0].body  # type: ignore[attr-defined]
    first = body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    line = first.end_lineno if is_docstring else 0
    return source, len("".join(source.splitlines(keepends=True)[:line]))
