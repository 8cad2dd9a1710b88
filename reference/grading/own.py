"""Whether a backward is right for the student's own forward, when that forward is wrong."""

from typing import Any

import numpy as np

from reference.grading.recipe import Problem, Recipe, program
from reference.grading.sheet import Sheet
from reference.grading.trial import read
from reference.grading.workers import Worker


def matches_own_forward(sheet: Sheet, problem: Problem, recipe: Recipe, worker: Worker) -> bool:
    """Central differences of the student's forward, along a drawn direction, against the backward.

    It says what happened and gives no points: a forward that does little has an easy backward.
    """
    forward = sheet.assignment.course.problems.get(problem.forward)
    if forward is None:
        return False
    with np.errstate(all="ignore"):
        return _matches(sheet, problem, forward, recipe, worker)


def _matches(
    sheet: Sheet, problem: Problem, forward: Problem, recipe: Recipe, worker: Worker
) -> bool:
    call = sheet.assignment.limits.call
    seen = False
    for k in range(3, 6):
        e = sheet.examples(problem)[k]
        steps, names = sheet.program(problem, recipe, k)
        grads = read(worker.ask(steps, call), names).outputs
        if not grads or not isinstance(getattr(e, "dout", None), np.ndarray):
            return False
        rng = np.random.default_rng(k)
        for name, grad in grads.items():
            array = getattr(e, name[1:], None)
            if not isinstance(array, np.ndarray):
                continue
            if not _real(grad, array.shape):
                return False
            v = rng.normal(size=array.shape)
            ends = []
            for step in (1e-6, -1e-6):
                moved = type(e)(**(vars(e) | {name[1:]: array + step * v}))
                there, outputs = program(forward.recipe, moved, 1)
                found = read(worker.ask(there, call), outputs).outputs.get("out")
                if not _real(found, e.dout.shape):
                    return False
                ends.append(float((found * e.dout).sum()))
            slope = (ends[0] - ends[1]) / 2e-6
            got = float((grad * v).sum())
            if abs(slope) < 1e-6 or not abs(got - slope) <= 1e-4 * abs(slope):
                return False
            seen = True
    return seen


def _real(value: Any, shape: tuple[int, ...]) -> bool:
    """Whether it is an array of this shape, of real numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.shape == shape
