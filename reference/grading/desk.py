"""One submission on the desk: the workers that run it, and the trial of one of its functions."""

import re
import time
from pathlib import PurePosixPath
from typing import Any

from reference.grading.lent import Lent
from reference.grading.recipe import Ours, Problem, Recipe
from reference.grading.said import errors_of, words_of
from reference.grading.sheet import Sheet
from reference.grading.submission import Submission
from reference.grading.trial import Judgement, trial
from reference.grading.workers import Box, Worker, WorkerError


class Desk:
    """A submission, its workers, and what was noticed of it by the way."""

    def __init__(self, sheet: Sheet, box: Box, submission: Submission):
        self.sheet, self.submission = sheet, submission
        self._box = box
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
        self.broken: list[dict[str, Any]] = []  # statements that raised when they were loaded
        self.missing: set[str] = set()
        self.end = time.monotonic() + self.sheet.assignment.limits.total

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def _files(self) -> dict[str, str]:
        """The submission's files, and of what the course gives its students that which it lacks."""
        files = dict(self.submission.files)
        own = {path.rpartition("/")[2] for path in files}
        for path, text in self.sheet.assignment.course.provided.items():
            if path.rpartition("/")[2] not in own:
                files[path] = text
        return files

    def fresh(
        self, cured: str = "", proxies: list[str] | None = None, shift: int = 0
    ) -> tuple[Worker, dict]:
        """A new worker with the submission loaded.

        shift: a seed for where things lie in its memory; 0 for where they lie anyway
        """
        limits = self.sheet.assignment.limits
        box = self._box.with_scipy() if self._scipy else self._box
        worker = box.worker(limits.memory, int(limits.total) + 1, self.end)
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
                self._worker, loaded = self.fresh()
            except WorkerError as error:
                self._unloadable = error
                raise
            self.broken = errors_of(loaded.get("problems"))
            self.missing = set(words_of(loaded.get("missing"), 1000))
            self.remarks += [each for each in self.told(loaded) if each not in self.remarks]
            self.review += [f"imports {name}" for name in words_of(loaded.get("blocked"))]
        return self._worker

    def told(self, loaded: dict[str, Any]) -> list[str]:
        """What went wrong when the files were loaded; of notebooks, most is of no interest."""
        return [
            f"{each['path']}, line {each['line']}: {each['type']}: {each['message']}"[:300]
            for each in errors_of(loaded.get("problems"))
            if not str(each["path"]).endswith(".ipynb")
        ]

    def drop(self) -> None:
        if self._worker is not None:
            self._worker.__exit__()
            self._worker = None

    def tried(self, problem: Problem) -> tuple[Judgement, Recipe, str]:
        """The best judgement over the ways to ask; the student's own functions first."""
        best: tuple[Judgement, Recipe, str] | None = None
        gone: WorkerError | None = None
        own = problem.needs[-1].partition(".")[2] or problem.needs[-1]
        for recipe in (problem.recipe, *problem.others):
            try:
                judgement = trial(self.sheet, problem, recipe, self.worker())
                if full(judgement):
                    self.drop()
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
        lent = self.lent(problem)
        if not lent.names:
            return None
        own = problem.needs[-1].rpartition(".")[2]
        best: tuple[Judgement, Recipe] | None = None
        try:
            worker, _ = self.fresh(proxies=lent.names)
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

    def lent(self, problem: Problem) -> Lent:
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


def full(judgement: Judgement) -> bool:
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


def _names(problem: Problem) -> list[str]:
    return [name.partition(".")[0] for name in (*problem.needs, *problem.uses, *problem.also)]
