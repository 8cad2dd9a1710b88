"""The sheet of an assignment: its examples, and what is right for each; made once for a class."""

from collections.abc import Callable
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np

from reference.grading.assignment import Assignment
from reference.grading.box.wire import Slot
from reference.grading.examples import drawn, key
from reference.grading.measure import NUDGE, Want
from reference.grading.recipe import Between, Ours, Problem, Recipe, program

Wants = dict[str, Want]


class Sheet:
    """All that students are held against. It never leaves the grader's process."""

    def __init__(self, assignment: Assignment, secret: bytes):
        self.assignment, self.secret = assignment, secret
        self.problems = [assignment.course.problems[name] for name in assignment.points]
        self._examples: dict[str, list[SimpleNamespace]] = {}
        self._wants: dict[Any, Wants | None] = {}
        self._programs: dict[Any, Any] = {}

    def examples(self, problem: Problem) -> list[SimpleNamespace]:
        """The examples of a problem."""
        if problem.name not in self._examples:
            examples = drawn(problem, self.secret, self.assignment.examples)
            self._examples[problem.name] = [SimpleNamespace(**_flagged(each)) for each in examples]
        return self._examples[problem.name]

    def program(self, problem: Problem, recipe: Recipe, k: int) -> tuple[dict[str, Any], list[str]]:
        """The k-th example as a program for a worker."""
        at = (problem.name, id(recipe), k)
        if at not in self._programs:
            seed = key(self.secret, "seed", problem.name, k) % 2**32
            self._programs[at] = program(recipe, self.examples(problem)[k], seed)
        return self._programs[at]

    def conventions(self, problem: Problem) -> list[dict[str, Any]]:
        """The combinations of conventions that this assignment admits, the declared ones alone."""
        declared = self.assignment.conventions
        choices = [
            [(name, value) for value in values if declared.get(name, value) == value]
            for name, values in problem.conventions.items()
        ]
        return [dict(combination) for combination in product(*choices)]

    def wants(
        self, problem: Problem, k: int, convention: dict[str, Any], theirs: dict[str, Any]
    ) -> Wants | None:
        """What is right; None where this convention cannot explain what chance made of theirs."""
        example, given = self.examples(problem)[k], given_numbers(problem, theirs)
        if given is None:
            return wanted(problem, example, self.functions, convention, theirs)
        at = (problem.name, k, tuple(convention.items()), given)
        if at not in self._wants:
            self._wants[at] = wanted(problem, example, self.functions, convention, theirs)
        return self._wants[at]

    @property
    def functions(self) -> dict[str, Callable]:
        """The course's functions, right."""
        return self.assignment.course.functions


def given_numbers(problem: Problem, theirs: dict[str, Any]) -> tuple[Any, ...] | None:
    """What ours are given, where it is small numbers, so that results can be kept; else None."""
    given = tuple(theirs.get(name) for name in problem.given)
    small = all(type(value) is int and -9 <= value <= 9 for value in given)
    return given if small else None


def wanted(
    problem: Problem, example: Any, functions: Any, convention: Any, theirs: Any
) -> Wants | None:
    """A recipe on our functions, and how far its outputs move when its inputs are nudged."""
    values = run(problem, example, functions, convention, theirs)
    if values is None:
        return None
    moved: dict[str, Any] = dict.fromkeys(values, 0.0)
    for k in range(2):
        other = run(problem, nudged(example, k), functions, convention, theirs)
        for name, value in values.items():
            if other is not None and not isinstance(value, Between):
                with np.errstate(invalid="ignore"):  # inf - inf
                    change = np.abs(np.asarray(other[name]) - np.asarray(value))
                moved[name] = np.maximum(moved[name], np.where(np.isfinite(change), change, 0.0))
    return {name: Want(value, moved[name]) for name, value in values.items()}


def run(problem: Problem, example: Any, functions: Any, convention: Any, theirs: Any) -> Any:
    """A recipe on our functions: its outputs; None where it cannot be run on what is given."""
    e = SimpleNamespace(**vars(example), given={name: theirs.get(name) for name in problem.given})
    try:
        with np.errstate(all="ignore"):
            return problem.recipe(Ours(functions, convention), e)
    except Exception:
        if problem.given:
            return None
        raise


def nudged(example: SimpleNamespace, k: int) -> SimpleNamespace:
    """An example with every float a little off, by 2^-40 of itself."""
    rng = np.random.default_rng(k)

    def off(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            return value * (1 + NUDGE * rng.uniform(-1, 1, value.shape))
        if isinstance(value, dict):
            return {name: off(each) for name, each in value.items()}
        if isinstance(value, list):
            return [off(each) for each in value]
        return value

    still = ("y", "Y", "options", "given")  # targets, which may not leave their range
    return SimpleNamespace(
        **{name: value if name in still else off(value) for name, value in vars(example).items()}
    )


def _flagged(example: dict[str, Any]) -> dict[str, Any]:
    return {"extreme": False, "corner": False, "excuse": ""} | example


__all__ = ["Sheet", "Slot", "run", "wanted"]
