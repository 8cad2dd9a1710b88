"""Grading one submission: function by function, in the box, to a result that is plain data."""

import time
from typing import Any

from reference.grading.assignment import LEVELS
from reference.grading.desk import Desk
from reference.grading.naming import Namer
from reference.grading.recipe import Problem
from reference.grading.replay import replay
from reference.grading.said import error_of
from reference.grading.sheet import Sheet
from reference.grading.submission import Submission
from reference.grading.verdict import explain, raised, unreadable, weighed
from reference.grading.workers import WALLS, Box, WorkerError

SCHEMA = "backproof/result/v1"


class Grader:
    """Grades submissions of one assignment, one after another."""

    def __init__(self, sheet: Sheet, box: Box, attempt: int = 0):
        """attempt: how often the student has tried, from 1; 0 tells all that may be told."""
        self.sheet, self.box = sheet, box
        self.namer = Namer(sheet)
        levels = sheet.assignment.hints or LEVELS[:1]
        self.level = levels[min(attempt, len(levels)) - 1] if attempt else levels[-1]
        # A worker that has all walls, or none of it counts.
        with box.worker(sheet.assignment.limits.memory, 10) as worker:
            self.walls = worker.walls

    @property
    def isolated(self) -> bool:
        """Whether the student's code is locked in."""
        return set(WALLS) <= set(self.walls)

    def grade(self, submission: Submission) -> dict[str, Any]:
        """The result of a submission: of its files, the assignment and the secret alone."""
        assignment = self.sheet.assignment
        with Desk(self.sheet, self.box, submission) as desk:
            problems = [self._entry(desk, problem) for problem in self.sheet.problems]
            replay(desk, problems)
        problems = [{k: v for k, v in each.items() if k[0] != "_"} for each in problems]
        score = round(sum(each["score"] for each in problems), 6)
        return {
            "schema": SCHEMA,
            "assignment": assignment.name,
            "title": assignment.title,
            "submission": submission.name,
            "digest": submission.digest,
            "isolation": list(self.walls),
            "official": self.isolated,
            "score": score,
            "max_score": assignment.max_score,
            "problems": problems,
            "remarks": submission.problems + desk.remarks,
            "review": sorted(set(desk.review)),
        }

    def _entry(self, desk: Desk, problem: Problem) -> dict[str, Any]:
        """A function's entry in the result."""
        points = self.sheet.assignment.points[problem.name]
        entry: dict[str, Any] = {
            "name": desk.aliases.get(problem.name, problem.name),
            "verdict": "correct", "score": 0.0, "max_score": points,
            "mistake": None, "message": "", "counterexample": None, "parts": [], "remarks": [],
        }  # fmt: skip
        if time.monotonic() > desk.end:
            return entry | {
                "verdict": "timeout",
                "message": "not run: the submission's time is used up",
            }
        if problem.needs[-1].partition(".")[0] not in desk.homes:
            message = f"{problem.needs[-1]} is not defined in the submission"
            return entry | {"verdict": "missing", "message": message}
        try:
            desk.worker()
            broken = _why_missing(desk, problem)
            if broken is not None:
                return unreadable(desk, entry, problem, broken)
            judgement, recipe, note = desk.tried(problem)
        except WorkerError as gone:
            limit = f" (limit: {self.sheet.assignment.limits.call:g} s a call)"
            told = gone.message + limit * (gone.kind == "timeout")
            return entry | {"verdict": gone.kind, "message": f"{problem.name}: {told}"}
        entry |= {"_judgement": judgement, "_recipe": recipe, "_lent": bool(note)}
        if judgement.error is not None:
            return raised(desk, entry, problem, judgement, recipe)
        entry = weighed(desk, entry, problem, judgement, note)
        if entry["verdict"] not in ("wrong", "shape"):
            return entry
        return explain(desk, entry, problem, judgement, recipe, self.namer, self.level)


def _why_missing(desk: Desk, problem: Problem) -> dict[str, Any] | None:
    """The error of loading, where that is why the function is not there."""
    name = problem.needs[-1].partition(".")[0]
    if name not in desk.missing:
        return None
    found = [each for each in desk.broken if each["path"] == desk.homes[name]]
    missing = error_of({"type": "NameError", "message": f"{name} is not defined"})
    return found[-1] if found else missing | {"path": desk.homes[name]}
