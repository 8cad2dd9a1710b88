"""One function on trial: its examples in the box, its outputs held against what is right."""

from typing import Any, NamedTuple

import numpy as np

from reference.grading.examples import SMALL, key
from reference.grading.measure import Found, compare
from reference.grading.recipe import Problem, Recipe
from reference.grading.said import counts_of, error_of, output, words_of
from reference.grading.sheet import Sheet, Wants
from reference.grading.workers import Worker, WorkerError

GRADE_BAD = ("wrong", "shape", "missing", "kind")


class Attempt(NamedTuple):
    """What came of one example."""

    outputs: dict[str, Any]
    error: dict[str, Any] | None  # kind, type, message, path, line, function
    notes: dict[str, Any]  # warned, written, counts; empty where the example was not run


class Judgement(NamedTuple):
    """What a run of all examples says."""

    attempts: list[Attempt]
    wants: list[Wants | None]
    found: dict[str, list[Found | None]]  # by output, one an example
    convention: dict[str, Any]
    error: dict[str, Any] | None  # the first
    remarks: list[str]

    def status(self, output: str) -> str:
        """The worst that was found of an output."""
        every = [each.status for each in self.found[output] if each is not None]
        for status in ("kind", "shape", "wrong", "missing"):
            if status in every:
                return status
        return "right" if every else "missing"

    @property
    def right(self) -> list[str]:
        """The outputs that are right."""
        return [] if self.error else [name for name in self.found if self.status(name) == "right"]

    @property
    def correct(self) -> bool:
        """Whether all is."""
        return not self.error and bool(self.found) and len(self.right) == len(self.found)


def attempt(
    sheet: Sheet, problem: Problem, recipe: Recipe, worker: Worker, k: int, right: Any = None,
    count: bool = False,
) -> Attempt:  # fmt: skip
    """The k-th example in the box. Errors: WorkerError where that ends the worker."""
    steps, names = sheet.program(problem, recipe, k)
    message = steps | {"count": True} if count else steps
    answer = worker.ask(message, sheet.assignment.limits.call, right)
    return read(answer, names)


def read(answer: dict[str, Any], names: list[str]) -> Attempt:
    """A worker's answer, of which nothing is believed."""
    notes: dict[str, Any] = {each: words_of(answer.get(each)) for each in ("warned", "written")}
    notes["counts"] = counts_of(answer.get("counts"))
    error, sent = answer.get("error"), answer.get("sent")
    if error is not None or not isinstance(sent, list) or len(sent) != len(names):
        told = error if isinstance(error, dict) else {"kind": "blocked", "message": "no answer"}
        return Attempt({}, error_of(told), notes)
    return Attempt(dict(zip(names, map(output, sent), strict=True)), None, notes)


def trial(
    sheet: Sheet, problem: Problem, recipe: Recipe, worker: Worker, right: Any = None
) -> Judgement:
    """All examples of a problem, in an order of the secret's."""
    count = len(sheet.examples(problem))
    order = np.random.default_rng(key(sheet.secret, "order", problem.name)).permutation(count)
    attempts: dict[int, Attempt] = {}
    for k in order:
        attempts[int(k)] = attempt(sheet, problem, recipe, worker, int(k), right)
        failed = attempts[int(k)].error is not None and not sheet.examples(problem)[int(k)].excuse
        if failed and len(attempts) > SMALL:
            break  # it raises: no need to see it raise again
    return judged(sheet, problem, [attempts.get(k) for k in range(count)])


def judged(sheet: Sheet, problem: Problem, attempts: list[Attempt | None]) -> Judgement:
    """The best judgement over the conventions that the assignment admits."""
    best: Judgement | None = None
    for convention in sheet.conventions(problem):
        each = _judged(sheet, problem, attempts, convention)
        if best is None or _rank(each) > _rank(best):
            best = each
        if best.correct:
            break
    assert best is not None
    return best


def _rank(judgement: Judgement) -> tuple[int, int]:
    right = sum(f.status == "right" for every in judgement.found.values() for f in every if f)
    return len(judgement.right), right


def _judged(
    sheet: Sheet, problem: Problem, attempts: list[Attempt | None], convention: Any
) -> Judgement:
    found: dict[str, list[Found | None]] = {}
    all_wants: list[Wants | None] = []
    remarks: list[str] = []
    error = None
    done: list[Attempt] = []
    for k, (example, tried) in enumerate(zip(sheet.examples(problem), attempts, strict=True)):
        if tried is None:
            all_wants.append(None)
            continue
        done.append(tried)
        if tried.error is not None:
            if example.excuse:
                remarks.append(f"it raises: {example.excuse}")
            else:
                error = error or tried.error | {"example": k}
            all_wants.append(None)
            continue
        theirs = dict(tried.outputs)
        theirs |= derived(problem, example, theirs)
        wants = sheet.wants(problem, k, convention, theirs)
        all_wants.append(wants)
        if wants is None:
            for name in theirs:
                if not name.startswith("_"):
                    found.setdefault(name, []).append(Found("wrong", "no convention explains it"))
            continue
        for name, want in wants.items():
            if name.startswith("_"):
                continue
            each = compare(theirs.get(name), want)
            every = found.setdefault(name, [None] * k)
            every.extend([None] * (k - len(every)))
            excused = _excused(sheet, problem, example, name)
            if each.status in GRADE_BAD and excused:
                remarks.append(excused)
                each = Found("right", "")
            elif each.remark and each.status == "right":
                said = any(told.startswith(f"{name}: it has shape") for told in remarks)
                remarks += [] if said else [f"{name}: {each.remark}"]
            every.append(each)
    for note in done:
        for kind in ("warned", "written"):
            remarks += note.notes[kind]
    count = len(attempts)
    padded = {name: every + [None] * (count - len(every)) for name, every in found.items()}
    kept = [attempt if attempt is not None else Attempt({}, None, {}) for attempt in attempts]
    return Judgement(kept, all_wants, padded, convention, error, list(dict.fromkeys(remarks)))


def derived(problem: Problem, example: Any, theirs: dict[str, Any]) -> dict[str, Any]:
    """More outputs of theirs, computed here; none where what they returned is no array."""
    try:
        with np.errstate(all="ignore"):
            return problem.derive(example, theirs) if problem.derive is not None else {}
    except Exception:
        return {}


def _excused(sheet: Sheet, problem: Problem, example: Any, output: str) -> str:
    """Why a wrong output of this example is a remark; "" where it is not."""
    if example.excuse:
        return f"{output}: {example.excuse}"
    if example.corner and sheet.assignment.ties == "remark":
        return f"{output}: at a tie or corner it is no slope between the two sides"
    forgiven = output in problem.remarks or sheet.assignment.extremes == "remark"
    if example.extreme and forgiven:
        return f"{output}: it overflows where scores are as large as 1000"
    return ""


__all__ = ["Attempt", "Judgement", "WorkerError", "attempt", "judged", "read", "trial"]
