"""The functions of each course under its own names and conventions, and their recipes.

A course is a folder of files, each with

    functions in the course's words, written with manual/'s: the right ones
    PROBLEMS   what is asked of each: inputs to draw, and a recipe
    MISTAKES   what students write instead, beyond the mistakes of reference/cards
    PROVIDED   sources that the course gives its students, for submissions that import them

Files are found by themselves. A course's function stands in one file only.
"""

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from reference.cards import Mistake
from reference.grading.recipe import Problem


class Course(NamedTuple):
    """All there is to know of a course."""

    name: str
    functions: dict[str, Callable]
    problems: dict[str, Problem]
    mistakes: list[Mistake]
    provided: dict[str, str]  # path -> source


@cache
def course(name: str) -> Course:
    """A course by its name. Errors: ValueError with the names there are."""
    given, name = name, name.replace("-", "_")
    names = [each.name for each in pkgutil.iter_modules(__path__)]
    if name not in names:
        there = ", ".join(names).replace("_", "-")
        raise ValueError(f"there is no course {given!r}, expected one of: {there}")
    found = Course(name, {}, {}, [], {})
    package = importlib.import_module(f"{__name__}.{name}")
    files = [importlib.import_module(f"{package.__name__}.{each.name}")
             for each in pkgutil.iter_modules(package.__path__)]  # fmt: skip
    for file in files:
        found.functions.update(getattr(file, "FUNCTIONS", {}))
        for problem in getattr(file, "PROBLEMS", ()):
            if problem.name in found.problems:
                raise ValueError(f"{name} has two problems {problem.name!r}")
            found.problems[problem.name] = problem
        found.mistakes.extend(getattr(file, "MISTAKES", ()))
        found.provided.update(getattr(file, "PROVIDED", {}))
    return found
