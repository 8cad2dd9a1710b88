"""What a trial means: verdict, points and message of a function's entry in the result."""

import re
from typing import Any

from reference.grading.desk import Desk
from reference.grading.hints import category, hint
from reference.grading.naming import Named, Namer
from reference.grading.outdated import DIVISION, ONE_NUMBER, PERHAPS, cure, cure_of_text
from reference.grading.recipe import Problem, Recipe
from reference.grading.said import words
from reference.grading.smallest import smallest
from reference.grading.trial import Judgement, trial
from reference.grading.workers import WorkerError


def unreadable(desk: Desk, entry: dict[str, Any], problem: Problem, error: dict[str, Any]) -> dict:
    """Its file, or its statement in it, could not be run."""
    text = desk.submission.files[desk.homes[problem.needs[-1].partition(".")[0]]]
    cured = cure(error, desk.submission.files)
    if not cured and error["type"] in ("SyntaxError", "TabError", "IndentationError"):
        cured = cure_of_text(text)
    where = _line(desk, error)
    if cured:
        return _outdated(desk, entry, problem, problem.recipe, cured, where)
    verdict = "blocked" if error["type"] == "BlockedError" else "raises"
    return entry | {
        "verdict": verdict,
        "message": f"{error['type']}: {error['message']}{where}"[:600],
    }


def raised(
    desk: Desk, entry: dict[str, Any], problem: Problem, judgement: Judgement, recipe: Recipe
) -> dict:
    """It raises: with what, where, and whether an older Python or NumPy would have run it."""
    error = judgement.error
    assert error is not None
    own = problem.needs[-1].partition(".")[2] or problem.needs[-1]
    verdict = {"blocked": "blocked", "structure": "shape", "large": "shape"}.get(
        error["kind"], "raises"
    )
    where = _line(desk, error)
    what = f"{error['type']}: {error['message']}" if error["kind"] == "raises" else error["message"]
    if error["function"] and error["function"] != own and error["kind"] != "structure":
        what = f"{error['function']} fails, and {problem.name} needs it: {what}"
    if error["kind"] == "structure" and "returns None" in what:
        verdict, what = "missing", f"{problem.name}: {what}"
    cured = cure(error, desk.submission.files)
    if verdict == "raises" and cured:
        return _outdated(desk, entry, problem, recipe, cured, where)
    if verdict == "raises" and re.search(PERHAPS, error["message"]):
        aged = _outdated(desk, dict(entry), problem, recipe, ONE_NUMBER, where)
        if aged["message"].endswith("so cured it is right"):
            return aged
    if verdict == "raises" and error["type"] == "NotImplementedError":
        verdict, what = "missing", f"{problem.name} is not written yet"
    return entry | {"verdict": verdict, "message": f"{what}{where}"[:600]}


def _line(desk: Desk, error: dict[str, Any]) -> str:
    """The student's line that an error came from."""
    path, line = error["path"], error["line"]
    if path not in desk.submission.files or line is None:
        return ""
    lines = desk.submission.files[path].split("\n")
    text = words(lines[line - 1].strip(), 80) if 0 < line <= len(lines) else ""
    return f" ({path.rpartition('/')[2]}, line {line}: {text})"


def _outdated(
    desk: Desk, entry: dict[str, Any], problem: Problem, recipe: Recipe, cured: str, where: str
) -> dict:
    """What only an older Python or NumPy runs: its cure, and whether it is right then."""
    try:
        worker, _ = desk.fresh(cured="division" if cured == DIVISION else "names")
        with worker:
            judgement = trial(desk.sheet, problem, recipe, worker)
    except WorkerError:
        judgement = None
    told = (
        "so cured it is right"
        if judgement and judgement.correct
        else "so cured it is not right yet"
    )
    if judgement and judgement.error and cure(judgement.error, desk.submission.files):
        told = "whether it is right then could not be tried"
    entry |= {"verdict": "outdated", "message": f"{cured}{where}; {told}"}
    if judgement and judgement.correct and desk.sheet.assignment.outdated == "full":
        entry["score"] = entry["max_score"]
    return entry


def weighed(
    desk: Desk,
    entry: dict[str, Any],
    problem: Problem,
    judgement: Judgement,
    note: str,
) -> dict[str, Any]:
    """What is right gets its points; remarks, and what a person should look at."""
    names = list(judgement.found)
    share = entry["max_score"] / len(names)
    for name in names:
        status = judgement.status(name)
        status = {"kind": "shape", "right": "correct"}.get(status, status)
        score = round(share if status == "correct" else 0.0, 6)
        entry["parts"].append(
            {"name": name, "verdict": status, "score": score, "max_score": round(share, 6)}
        )
    entry["remarks"] = judgement.remarks + ([note] if note else [])
    if judgement.correct:
        entry["score"] = entry["max_score"]
        entry["message"] = f"all {len(names)} outputs are right" if len(names) > 1 else "right"
        # A loss is so where a small number stands inside its logarithm: nothing to look into.
        if any(r[:1] == "d" and "single precision" in r for r in judgement.remarks):
            desk.review.append(
                f"{problem.name}: right to single precision alone: float32, or differences?"
            )
        return entry
    entry["score"] = round(sum(part["score"] for part in entry["parts"]), 6)
    bad = [part["verdict"] for part in entry["parts"] if part["verdict"] != "correct"]
    if all(verdict == "missing" for verdict in bad) and len(bad) == len(names):
        return entry | {
            "verdict": "missing",
            "message": f"{problem.name} returns None: it is not written yet",
        }
    entry["verdict"] = "shape" if all(v == "shape" for v in bad) else "wrong"
    return entry


def explain(
    desk: Desk,
    entry: dict[str, Any],
    problem: Problem,
    judgement: Judgement,
    recipe: Recipe,
    namer: Namer,
    level: str,
) -> dict[str, Any]:
    """The message: the mistake if one is known, else the smallest example that shows it.

    level: how much of a mistake is told, see hints.py
    """
    named: list[Named] = []
    for convention in (judgement.convention, *desk.sheet.conventions(problem)):
        named = named or namer.name(problem, judgement._replace(convention=convention))
    bad = [name for name in judgement.found if judgement.status(name) != "right"]
    verb = "is" if len(bad) == 1 else "are"
    wrong = f"{' and '.join(bad)} {verb} wrong."
    lines = [_shapes(judgement) or wrong]
    if named:
        entry["mistake"] = "; ".join(each.name for each in named)
        entry["why"] = " ".join(each.says for each in named)
        entry["category"] = category(named[0])
        alone = len(named) == 1 and set(named[0].outputs) == set(bad)
        lines += [hint(each, level, alone) for each in named]
    else:
        entry["mistake"] = "unknown"
    try:
        entry["counterexample"] = smallest(desk.sheet, problem, recipe, judgement, desk.worker())
    except WorkerError:
        entry["counterexample"] = None
    if problem.forward and not named:
        from reference.grading.own import matches_own_forward

        try:
            if matches_own_forward(desk.sheet, problem, recipe, desk.worker()):
                lines.append("Your backward matches your forward; the forward is wrong.")
        except WorkerError:
            pass
    return entry | {"message": " ".join(lines)}


def _shapes(judgement: Judgement) -> str:
    for name, every in judgement.found.items():
        for each in every:
            if each is not None and each.status in ("shape", "kind"):
                return f"{name}: {each.remark}."
    return ""
