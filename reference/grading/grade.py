"""Grading one submission: function by function, in the box, to a result that is plain data."""

import re
import time
from pathlib import PurePosixPath
from typing import Any

from reference.grading.again import by_chance, check_counterexample, forget, once_more, same, shift
from reference.grading.assignment import LEVELS
from reference.grading.hints import category, hint
from reference.grading.interleave import SAYS, STALE, interleaved
from reference.grading.lent import OFTEN, Lent
from reference.grading.naming import Named, Namer
from reference.grading.outdated import DIVISION, ONE_NUMBER, PERHAPS, cure, cure_of_text
from reference.grading.recipe import Ours, Problem, Recipe
from reference.grading.said import error_of, errors_of, words, words_of
from reference.grading.sheet import Sheet
from reference.grading.smallest import smallest
from reference.grading.submission import Submission
from reference.grading.trial import Judgement, read, trial
from reference.grading.workers import WALLS, Box, Worker, WorkerError

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
        with Desk(self, submission) as desk:
            problems = [desk.problem(problem) for problem in self.sheet.problems]
            desk.replay(problems)
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


class Desk:
    """One submission on the desk, and the workers that run it."""

    def __init__(self, grader: Grader, submission: Submission):
        self.grader, self.sheet, self.submission = grader, grader.sheet, submission
        self.remarks: list[str] = []
        self.review: list[str] = []
        names = {name for problem in self.sheet.problems for name in _names(problem)}
        given = {PurePosixPath(path).name for path in self.sheet.assignment.course.provided}
        self.homes = submission.homes(names, given)
        self.aliases: dict[str, str] = {}
        for problem in self.sheet.problems:
            name = problem.needs[-1].partition(".")[0]
            found = [each for each in problem.also if each in self.homes]
            if name not in self.homes and found:
                self.aliases[name] = found[0]
                self.homes[name] = self.homes[found[0]]
        tops = [problem.needs[-1].partition(".") for problem in self.sheet.problems]
        self._graded = [self.aliases.get(top, top) + dot + rest for top, dot, rest in tops]
        if not self.homes:
            files = ", ".join(sorted(submission.files)[:5]) or "no Python file was found"
            self.remarks.append(f"none of the functions is defined in the submission: {files}")
        self._scipy = any("scipy" in text for text in submission.files.values())
        self._worker: Worker | None = None
        self._unloadable: WorkerError | None = None
        self._broken: list[dict[str, Any]] = []  # statements that raised when they were loaded
        self._missing: set[str] = set()
        self._spent = 0.0
        self._end = time.monotonic() + self.sheet.assignment.limits.total

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()

    # Workers -----------------------------------------------------------------------------------

    def _files(self) -> dict[str, str]:
        """The submission's files, and of what the course gives its students that which it lacks."""
        files = dict(self.submission.files)
        own = {path.rpartition("/")[2] for path in files}
        for path, text in self.sheet.assignment.course.provided.items():
            if path.rpartition("/")[2] not in own:
                files[path] = text
        return files

    def _fresh(
        self, cured: str = "", proxies: list[str] | None = None, shift: int = 0
    ) -> tuple[Worker, dict]:
        """A new worker with the submission loaded.

        shift: a seed for where things lie in its memory; 0 for where they lie anyway
        """
        limits = self.sheet.assignment.limits
        box = self.grader.box.with_scipy() if self._scipy else self.grader.box
        worker = box.worker(limits.memory, int(limits.total) + 1, self._end)
        message = {"load": self._files(), "cured": cured, "proxies": proxies or []}
        message |= {"homes": self.homes, "aliases": self.aliases, "graded": self._graded}
        message |= {"shift": shift}
        try:
            looked, loaded = worker.load(message, limits.call * 2)
            self.review += words_of(looked.get("looked"))
            return worker, loaded
        except WorkerError:
            worker.__exit__()
            raise

    def worker(self) -> Worker:
        """The worker of this submission, a new one if the last has ended."""
        if self._unloadable is not None:
            raise self._unloadable
        if self._worker is None or not self._worker.alive:
            try:
                self._worker, loaded = self._fresh()
            except WorkerError as error:
                self._unloadable = error
                raise
            self._broken = errors_of(loaded.get("problems"))
            self._missing = set(words_of(loaded.get("missing"), 1000))
            self.remarks += [each for each in self._told(loaded) if each not in self.remarks]
            self.review += [f"imports {name}" for name in words_of(loaded.get("blocked"))]
        return self._worker

    def _told(self, loaded: dict[str, Any]) -> list[str]:
        """What went wrong when the files were loaded; of notebooks, most is of no interest."""
        return [
            f"{each['path']}, line {each['line']}: {each['type']}: {each['message']}"[:300]
            for each in errors_of(loaded.get("problems"))
            if not str(each["path"]).endswith(".ipynb")
        ]

    def _drop(self) -> None:
        if self._worker is not None:
            self._worker.__exit__()
            self._worker = None

    # One function ------------------------------------------------------------------------------

    def problem(self, problem: Problem) -> dict[str, Any]:
        """A function's entry in the result."""
        points = self.sheet.assignment.points[problem.name]
        entry: dict[str, Any] = {
            "name": self.aliases.get(problem.name, problem.name),
            "verdict": "correct", "score": 0.0, "max_score": points,
            "mistake": None, "message": "", "counterexample": None, "parts": [], "remarks": [],
        }  # fmt: skip
        if time.monotonic() > self._end:
            return entry | {
                "verdict": "timeout",
                "message": "not run: the submission's time is used up",
            }
        if problem.needs[-1].partition(".")[0] not in self.homes:
            message = f"{problem.needs[-1]} is not defined in the submission"
            return entry | {"verdict": "missing", "message": message}
        try:
            self.worker()
            broken = self._why_missing(problem)
            if broken is not None:
                return self._unreadable(entry, problem, broken)
            judgement, recipe, note = self._tried(problem)
        except WorkerError as gone:
            limit = f" (limit: {self.sheet.assignment.limits.call:g} s a call)"
            told = gone.message + limit * (gone.kind == "timeout")
            return entry | {"verdict": gone.kind, "message": f"{problem.name}: {told}"}
        entry |= {"_judgement": judgement, "_recipe": recipe, "_lent": bool(note)}
        if judgement.error is not None:
            return self._raised(entry, problem, judgement, recipe)
        return self._weighed(entry, problem, judgement, recipe, note)

    def _why_missing(self, problem: Problem) -> dict[str, Any] | None:
        """The error of loading, where that is why the function is not there."""
        name = problem.needs[-1].partition(".")[0]
        if name not in self._missing:
            return None
        found = [each for each in self._broken if each["path"] == self.homes[name]]
        missing = error_of({"type": "NameError", "message": f"{name} is not defined"})
        return found[-1] if found else missing | {"path": self.homes[name]}

    def _unreadable(self, entry: dict[str, Any], problem: Problem, error: dict[str, Any]) -> dict:
        text = self.submission.files[self.homes[problem.needs[-1].partition(".")[0]]]
        cured = cure(error, self.submission.files)
        if not cured and error["type"] in ("SyntaxError", "TabError", "IndentationError"):
            cured = cure_of_text(text)
        where = self._line(error)
        if cured:
            return self._outdated(entry, problem, problem.recipe, cured, where)
        verdict = "blocked" if error["type"] == "BlockedError" else "raises"
        return entry | {
            "verdict": verdict,
            "message": f"{error['type']}: {error['message']}{where}"[:600],
        }

    def _tried(self, problem: Problem) -> tuple[Judgement, Recipe, str]:
        """The best judgement over the ways to ask; the student's own functions first."""
        best: tuple[Judgement, Recipe, str] | None = None
        gone: WorkerError | None = None
        own = problem.needs[-1].partition(".")[2] or problem.needs[-1]
        for recipe in (problem.recipe, *problem.others):
            try:
                judgement = trial(self.sheet, problem, recipe, self.worker())
                if _full(judgement):
                    self._drop()
            except WorkerError as error:
                gone = gone or error
                if error.kind == "timeout":
                    break
                continue
            if best is None or _better(judgement, best[0], own):
                best = judgement, recipe, ""
            if judgement.correct:
                return best
        helped = self._with_ours(problem)
        if helped is not None and (
            best is None
            or _better(helped[0], best[0], own)
            or (_lacks(best[0]) and not _lacks(helped[0]))
        ):
            best = helped
        if best is None:
            assert gone is not None
            raise gone
        return best

    def _with_ours(self, problem: Problem) -> tuple[Judgement, Recipe, str] | None:
        """The same with the right functions in place of those of the student's that it calls."""
        lent = self._lent(problem)
        if not lent.names:
            return None
        own = problem.needs[-1].rpartition(".")[2]
        best: tuple[Judgement, Recipe] | None = None
        try:
            worker, _ = self._fresh(proxies=lent.names)
            with worker:
                for recipe in (problem.recipe, *problem.others):
                    judgement = trial(self.sheet, problem, recipe, worker, lent)
                    if best is None or _better(judgement, best[0], own):
                        best = judgement, recipe
                    if judgement.correct:
                        break
        except WorkerError:
            return None
        assert best is not None
        names = ", ".join(list(lent.asked)[:4])
        return *best, f"graded with the right {names} in place of yours"

    def _lent(self, problem: Problem) -> Lent:
        """The course's functions that a problem admits and the student's code calls."""
        # In any file: what it calls may stand in a helper of the student's beside it.
        text = "\n".join(self.submission.files.values())
        # A name without brackets may be called later: f = rnn_forward if ... else lstm_forward
        called = [name for name in problem.uses if re.search(rf"(?<!def )\b{name}\b", text)]
        called += [n for n in problem.uses if n not in called and self._provided_calls(n, text)]
        return Lent(Ours(self.sheet.functions, self.sheet.conventions(problem)[0]), called)

    def _provided_calls(self, name: str, text: str) -> bool:
        """Whether the text calls something that the course provides, which calls name."""
        for source in self.sheet.assignment.course.provided.values():
            for part in re.split(r"^(?=def )", source, flags=re.M):
                defined = re.match(r"def (\w+)", part)
                if defined and defined[1] in text and re.search(rf"\b{name}\s*\(", part):
                    return True
        return False

    # Verdicts ----------------------------------------------------------------------------------

    def _raised(
        self, entry: dict[str, Any], problem: Problem, judgement: Judgement, recipe: Recipe
    ) -> dict:
        error = judgement.error
        assert error is not None
        own = problem.needs[-1].partition(".")[2] or problem.needs[-1]
        verdict = {"blocked": "blocked", "structure": "shape", "large": "shape"}.get(
            error["kind"], "raises"
        )
        where = self._line(error)
        what = (
            f"{error['type']}: {error['message']}"
            if error["kind"] == "raises"
            else error["message"]
        )
        if error["function"] and error["function"] != own and error["kind"] != "structure":
            what = f"{error['function']} fails, and {problem.name} needs it: {what}"
        if error["kind"] == "structure" and "returns None" in what:
            verdict, what = "missing", f"{problem.name}: {what}"
        cured = cure(error, self.submission.files)
        if verdict == "raises" and cured:
            return self._outdated(entry, problem, recipe, cured, where)
        if verdict == "raises" and re.search(PERHAPS, error["message"]):
            aged = self._outdated(dict(entry), problem, recipe, ONE_NUMBER, where)
            if aged["message"].endswith("so cured it is right"):
                return aged
        if verdict == "raises" and self._unwritten(error):
            verdict, what = "missing", f"{problem.name} is not written yet"
        return entry | {"verdict": verdict, "message": f"{what}{where}"[:600]}

    def _unwritten(self, error: dict[str, Any]) -> bool:
        return error["type"] == "NotImplementedError"

    def _line(self, error: dict[str, Any]) -> str:
        """The student's line that an error came from."""
        path, line = error["path"], error["line"]
        if path not in self.submission.files or line is None:
            return ""
        lines = self.submission.files[path].split("\n")
        text = words(lines[line - 1].strip(), 80) if 0 < line <= len(lines) else ""
        return f" ({path.rpartition('/')[2]}, line {line}: {text})"

    def _outdated(
        self, entry: dict[str, Any], problem: Problem, recipe: Recipe, cured: str, where: str
    ) -> dict:
        """What only an older Python or NumPy runs: its cure, and whether it is right then."""
        try:
            worker, _ = self._fresh(cured="division" if cured == DIVISION else "names")
            with worker:
                judgement = trial(self.sheet, problem, recipe, worker)
        except WorkerError:
            judgement = None
        told = (
            "so cured it is right"
            if judgement and judgement.correct
            else "so cured it is not right yet"
        )
        if judgement and judgement.error and cure(judgement.error, self.submission.files):
            told = "whether it is right then could not be tried"
        entry |= {"verdict": "outdated", "message": f"{cured}{where}; {told}"}
        if judgement and judgement.correct and self.sheet.assignment.outdated == "full":
            entry["score"] = entry["max_score"]
        return entry

    def _weighed(
        self,
        entry: dict[str, Any],
        problem: Problem,
        judgement: Judgement,
        recipe: Recipe,
        note: str,
    ) -> dict[str, Any]:
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
            entry["message"] = "; ".join(
                [f"all {len(names)} outputs are right" if len(names) > 1 else "right"]
            )
            # A loss is so where a small number stands inside its logarithm: nothing to look into.
            if any(r[:1] == "d" and "single precision" in r for r in judgement.remarks):
                self.review.append(
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
        named: list[Named] = []
        for convention in (judgement.convention, *self.sheet.conventions(problem)):
            named = named or self.grader.namer.name(
                problem, judgement._replace(convention=convention)
            )
        self._explain(entry, problem, judgement, recipe, named)
        return entry

    def _explain(
        self,
        entry: dict[str, Any],
        problem: Problem,
        judgement: Judgement,
        recipe: Recipe,
        named: list[Named],
    ) -> None:
        """The message: the mistake if one is known, else the smallest example that shows it."""
        bad = [name for name in judgement.found if judgement.status(name) != "right"]
        verb = "is" if len(bad) == 1 else "are"
        wrong = f"{' and '.join(bad)} {verb} wrong."
        lines = [_shapes(judgement) or wrong]
        if named:
            entry["mistake"] = "; ".join(each.name for each in named)
            entry["why"] = " ".join(each.says for each in named)
            entry["category"] = category(named[0])
            alone = len(named) == 1 and set(named[0].outputs) == set(bad)
            lines += [hint(each, self.grader.level, alone) for each in named]
        else:
            entry["mistake"] = "unknown"
        try:
            entry["counterexample"] = smallest(
                self.sheet, problem, recipe, judgement, self.worker()
            )
        except WorkerError:
            entry["counterexample"] = None
        if problem.forward and not named:
            from reference.grading.own import matches_own_forward

            try:
                if matches_own_forward(self.sheet, problem, recipe, self.worker()):
                    lines.append("Your backward matches your forward; the forward is wrong.")
            except WorkerError:
                pass
        entry["message"] = " ".join(lines)

    # Once more ---------------------------------------------------------------------------------

    def replay(self, entries: list[dict[str, Any]]) -> None:
        """A share of the calls once more, in a fresh worker: the same must come out."""
        again = [
            (p, e) for p, e in zip(self.sheet.problems, entries, strict=True) if "_judgement" in e
        ]
        all_of_it = by_chance(list(self.submission.files.values()))
        worker: Worker | None = None
        try:
            for problem, entry in reversed(again):
                if worker is None or not worker.alive:
                    worker, loaded = self._fresh(shift=shift())
                    told = self._told(loaded)
                    self.remarks = [each for each in self.remarks if each in told]
                self._once_more(problem, entry, worker, all_of_it)
        except WorkerError:
            return
        finally:
            if worker is not None:
                worker.__exit__()

    def _once_more(self, problem: Problem, entry: dict, worker: Worker, all_of_it: bool) -> None:
        try:
            if entry["_lent"]:
                lent = self._lent(problem)
                there, _ = self._fresh(proxies=lent.names, shift=shift())
                with there:
                    once_more(self.sheet, problem, entry, there, all_of_it, lent)
                if any(n > OFTEN * len(entry["_judgement"].attempts) for n in lent.asked.values()):
                    self.review.append(f"{problem.name} asks for what is lent again and again")
            else:
                self.review += once_more(self.sheet, problem, entry, worker, all_of_it)
            if all_of_it and entry["counterexample"]:
                check_counterexample(self.sheet, problem, entry, worker)
        except WorkerError as gone:
            if gone.kind != "timeout":
                forget(entry)
            return
        if _full(entry["_judgement"]):
            worker.__exit__()
        if entry.pop("_unlike", False):
            error = entry["_judgement"].error | {"message": "(its message differs each time)"}
            judgement = entry["_judgement"]._replace(error=error)
            entry |= self._raised(entry, problem, judgement, entry["_recipe"])
        if entry["verdict"] == "correct" and not entry["_lent"]:
            self._interleaved(problem, entry, worker, len(entry["_judgement"].attempts) - 3)

    def _interleaved(self, problem: Problem, entry: dict, worker: Worker, k: int) -> None:
        """The k-th example with another through it: a stale cache shows."""
        one, names = self.sheet.program(problem, entry["_recipe"], k)
        two, _ = self.sheet.program(problem, entry["_recipe"], k - 1)
        mixed = interleaved(one, two, problem.needs[-1] if problem.forward else "")
        if mixed is None:
            return
        try:
            again = read(worker.ask(mixed, self.sheet.assignment.limits.call), names)
        except WorkerError:
            return
        first = entry["_judgement"].attempts[k]
        if not same(first, again):
            parts = [each | {"verdict": "wrong", "score": 0.0} for each in entry["parts"]]
            entry |= {"verdict": "wrong", "score": 0.0, "mistake": STALE, "message": SAYS}
            entry["parts"] = parts


def _full(judgement: Judgement) -> bool:
    """Whether its memory was full, and may still be: another function is not to blame for that."""
    return judgement.error is not None and judgement.error["type"] == "MemoryError"


def _lacks(judgement: Judgement) -> bool:
    """Whether it fails for want of something that another file has."""
    error = judgement.error
    return error is not None and error["type"] in ("NameError", "ModuleNotFoundError")


def _better(one: Judgement, two: Judgement, name: str) -> bool:
    """Whether the first says more for the student: of two errors, the graded function's own."""

    def rank(judgement: Judgement) -> tuple[bool, int, bool, bool]:
        error = judgement.error
        if error is None:
            return True, len(judgement.right), True, True
        # Another year's way to ask is answered so: that says nothing of the code.
        other = error["type"] == "TypeError" and "() got an unexpected" in error["message"]
        return False, len(judgement.right), not other, error["function"] == name

    return rank(one) > rank(two)


def _shapes(judgement: Judgement) -> str:
    for name, every in judgement.found.items():
        for each in every:
            if each is not None and each.status in ("shape", "kind"):
                return f"{name}: {each.remark}."
    return ""


def _names(problem: Problem) -> list[str]:
    return [name.partition(".")[0] for name in (*problem.needs, *problem.uses, *problem.also)]


__all__ = ["Grader"]
