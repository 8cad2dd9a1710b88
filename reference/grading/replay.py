"""Once more, from the last function to the first, in a worker where things lie elsewhere."""

from typing import Any

from reference.grading.again import by_chance, check_counterexample, forget, once_more, same, shift
from reference.grading.desk import Desk, full
from reference.grading.interleave import SAYS, STALE, interleaved
from reference.grading.lent import OFTEN
from reference.grading.recipe import Problem
from reference.grading.trial import read
from reference.grading.verdict import raised
from reference.grading.workers import Worker, WorkerError


def replay(desk: Desk, entries: list[dict[str, Any]]) -> None:
    """A share of the calls once more, in a fresh worker: the same must come out."""
    again = [(p, e) for p, e in zip(desk.sheet.problems, entries, strict=True) if "_judgement" in e]
    all_of_it = by_chance(list(desk.submission.files.values()))
    worker: Worker | None = None
    try:
        for problem, entry in reversed(again):
            if worker is None or not worker.alive:
                worker, loaded = desk.fresh(shift=shift())
                told = desk.told(loaded)
                desk.remarks = [each for each in desk.remarks if each in told]
            _once_more(desk, problem, entry, worker, all_of_it)
    except WorkerError:
        return
    finally:
        if worker is not None:
            worker.__exit__()


def _once_more(desk: Desk, problem: Problem, entry: dict, worker: Worker, all_of_it: bool) -> None:
    try:
        if entry["_lent"]:
            lent = desk.lent(problem)
            there, _ = desk.fresh(proxies=lent.names, shift=shift())
            with there:
                once_more(desk.sheet, problem, entry, there, all_of_it, lent)
            if any(n > OFTEN * len(entry["_judgement"].attempts) for n in lent.asked.values()):
                desk.review.append(f"{problem.name} asks for what is lent again and again")
        else:
            desk.review += once_more(desk.sheet, problem, entry, worker, all_of_it)
        if all_of_it and entry["counterexample"]:
            check_counterexample(desk.sheet, problem, entry, worker)
    except WorkerError as gone:
        if gone.kind != "timeout":
            forget(entry)
        return
    if full(entry["_judgement"]):
        worker.__exit__()
    if entry.pop("_unlike", False):
        error = entry["_judgement"].error | {"message": "(its message differs each time)"}
        judgement = entry["_judgement"]._replace(error=error)
        entry |= raised(desk, entry, problem, judgement, entry["_recipe"])
    if entry["verdict"] == "correct" and not entry["_lent"]:
        _interleaved(desk, problem, entry, worker, len(entry["_judgement"].attempts) - 3)


def _interleaved(desk: Desk, problem: Problem, entry: dict, worker: Worker, k: int) -> None:
    """The k-th example with another through it: a stale cache shows."""
    one, names = desk.sheet.program(problem, entry["_recipe"], k)
    two, _ = desk.sheet.program(problem, entry["_recipe"], k - 1)
    mixed = interleaved(one, two, problem.needs[-1] if problem.forward else "")
    if mixed is None:
        return
    try:
        again = read(worker.ask(mixed, desk.sheet.assignment.limits.call), names)
    except WorkerError:
        return
    first = entry["_judgement"].attempts[k]
    if not same(first, again):
        parts = [each | {"verdict": "wrong", "score": 0.0} for each in entry["parts"]]
        entry |= {"verdict": "wrong", "score": 0.0, "mistake": STALE, "message": SAYS}
        entry["parts"] = parts
