"""Whether a backward is right for the student's own forward, when that forward is wrong."""

import numpy as np

from reference.grading.recipe import Problem, Recipe
from reference.grading.sheet import Sheet
from reference.grading.workers import Worker


def matches_own_forward(sheet: Sheet, problem: Problem, recipe: Recipe, worker: Worker) -> bool:
    """Central differences of the student's forward, along a drawn direction, against the backward.

    It says what happened and gives no points: a forward that does little has an easy backward.
    """
    forward = sheet.assignment.course.problems.get(problem.forward)
    if forward is None:
        return False
    call = sheet.assignment.limits.call
    seen = False
    for k in range(3, 6):
        e = sheet.examples(problem)[k]
        steps, names = sheet.program(problem, recipe, k)
        answer = worker.ask(steps, call)
        if "sent" not in answer or not isinstance(getattr(e, "dout", None), np.ndarray):
            return False
        grads = dict(zip(names, answer["sent"], strict=True))
        rng = np.random.default_rng(k)
        for name, grad in grads.items():
            array = getattr(e, name[1:], None)
            if not isinstance(array, np.ndarray) or not isinstance(grad, np.ndarray):
                continue
            if grad.shape != array.shape:
                return False
            v = rng.normal(size=array.shape)
            ends = []
            for step in (1e-6, -1e-6):
                moved = type(e)(**(vars(e) | {name[1:]: array + step * v}))
                from reference.grading.recipe import program

                there, outputs = program(forward.recipe, moved, 1)
                out = worker.ask(there, call)
                if "sent" not in out or "out" not in outputs:
                    return False
                found = out["sent"][outputs.index("out")]
                if not isinstance(found, np.ndarray) or found.shape != e.dout.shape:
                    return False
                ends.append(float((found * e.dout).sum()))
            slope = (ends[0] - ends[1]) / 2e-6
            got = float((grad * v).sum())
            if abs(slope) < 1e-6 or not abs(got - slope) <= 1e-4 * abs(slope):
                return False
            seen = True
    return seen
