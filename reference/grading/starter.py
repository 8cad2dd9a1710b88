"""A new assignment: a starter file for students, the bodies removed, and the TOML beside it."""

import ast
import inspect
import textwrap
from collections.abc import Callable

from reference.grading.assignment import parsed
from reference.grading.courses import Course

LONGEST = 20  # lines of a TOML


def chosen(course: Course, wanted: list[str]) -> list[str]:
    """The problems of a course that the names or patterns mean, in the course's order.

    Errors: ValueError for a name that fits none.
    """
    import fnmatch
    from difflib import get_close_matches

    found: set[str] = set()
    for pattern in wanted or ["*"]:
        fitting = fnmatch.filter(course.problems, pattern)
        if not fitting:
            near = get_close_matches(pattern, list(course.problems), 3)
            told = f", did you mean {' or '.join(near)}?" if near else ""
            raise ValueError(f"{course.name} has no function {pattern!r}{told}")
        found.update(fitting)
    return [name for name in course.problems if name in found]


def toml(name: str, course: Course, problems: list[str]) -> str:
    """The TOML of an assignment: forwards for 1 point, everything else for 2."""
    ones = [each for each in problems if "forward" in each]
    twos = [each for each in problems if each not in ones]
    lines = [f'title = "{name}"', f'course = "{course.name}"']
    lines += ['hints = ["category", "cause", "algebra"]  # told at the 1st, 2nd, 3rd attempt', ""]
    lines += ["[points]"]
    lines += [f"{worth} = {_listed(names)}" for worth, names in ((1, ones), (2, twos)) if names]
    lines += ["", "[limits]", "call = 5  # seconds", "total = 60", "memory = 512  # MiB", ""]
    text = "\n".join(lines)
    parsed(name, text)
    return text


def starter(name: str, course: Course, problems: list[str]) -> str:
    """The file that students fill in: signatures and docstrings, and nothing below them."""
    wanted = [each.partition(".")[0] for each in problems]
    parts = [f'"""{name}: write what raises NotImplementedError. NumPy is all you need."""', ""]
    parts += ["import numpy as np"]
    for function in dict.fromkeys(wanted):
        parts += ["", "", _emptied(course.functions[function])]
    return "\n".join(parts) + "\n"


def _emptied(thing: Callable) -> str:
    """The source of a function or class, its bodies removed, docstrings kept."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]
    if isinstance(tree, ast.ClassDef):
        tree.body = [each for each in tree.body if not _private(each)]
        for each in tree.body:
            if isinstance(each, ast.FunctionDef):
                _empty(each)
    elif isinstance(tree, ast.FunctionDef):
        _empty(tree)
    return _spelled(tree)


def _private(node: ast.stmt) -> bool:
    name = node.name if isinstance(node, ast.FunctionDef) else ""
    return name.startswith("_") and name != "__init__"


def _empty(function: ast.FunctionDef) -> None:
    """Take the body and the types away, and the keywords that only our own side has."""
    docstring = ast.get_docstring(function) or ""
    function.returns = None
    args = function.args
    args.kwonlyargs, args.kw_defaults = [], []
    for each in (*args.posonlyargs, *args.args):
        each.annotation = None
    function.body = [] if not docstring else [function.body[0]]
    error = f'raise NotImplementedError("write {function.name} here")'
    function.body.append(ast.parse(error).body[0])


def _spelled(tree: ast.AST) -> str:
    """The source of a tree, with docstrings as they were written."""
    ast.fix_missing_locations(tree)
    return ast.unparse(tree)


def _listed(names: list[str]) -> str:
    """A TOML list, a few names a line."""
    text = ", ".join(f'"{name}"' for name in names)
    return f"[{text}]"
