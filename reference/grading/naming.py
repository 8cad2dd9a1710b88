"""Which mistake it is: the right code with one classic mistake planted, against what came out.

A variant is one mistake of reference/cards or of the course, planted in a function that the recipe
calls; or one of a few that fit any output (negated, doubled, transposed, left at zero). It is named
if its outputs are the student's on every example, and no other variant's are. Two variants that do
the same on every example are one, under the first name.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from reference.cards import Mistake
from reference.grading.measure import Want, compare
from reference.grading.recipe import Between, Problem
from reference.grading.sheet import Sheet, given_numbers, run
from reference.grading.trial import Judgement, derived


class Named(NamedTuple):
    """A mistake, as it is told."""

    name: str
    says: str  # what went wrong
    function: str  # where
    right: str  # the line as it should be, "" where there is none
    wrong: str
    outputs: tuple[str, ...]  # what it explains


class Namer:
    """Knows the variants of each problem, and what they give on each example."""

    def __init__(self, sheet: Sheet):
        self.sheet = sheet
        self._variants: dict[str, list[Variant]] = {}
        self._outputs: dict[Any, Any] = {}

    def name(self, problem: Problem, judgement: Judgement) -> list[Named]:
        """The mistakes that explain what was found: one for all, one for each output, or none."""
        bad = [output for output in judgement.found if judgement.status(output) != "right"]
        if not bad or judgement.error:
            return []
        gone = tuple(output for output in bad if judgement.status(output) == "missing")
        if gone:
            there = {name: each for name, each in judgement.found.items() if name not in gone}
            left_out = Named("left out", "It is not among the results.", "", "", "", gone)
            return [left_out, *self.name(problem, judgement._replace(found=there))]
        survivors = self._survivors(problem, judgement, list(judgement.found))
        if len(survivors) == 1:
            return [_told(survivors[0], tuple(bad))]
        if len(survivors) > 1 or (len(bad) == 1 and len(judgement.found) == 1):
            return []
        named = []
        for output in bad:
            alone = self._survivors(problem, judgement, [output, *judgement.right])
            if len(alone) != 1:
                continue
            named.append(_told(alone[0], (output,)))
        merged: dict[str, Named] = {}
        for each in named:
            old = merged.get(each.name)
            merged[each.name] = (
                each if old is None else old._replace(outputs=old.outputs + each.outputs)
            )
        return list(merged.values())

    def _survivors(
        self, problem: Problem, judgement: Judgement, outputs: list[str]
    ) -> "list[Variant]":
        """The variants that give what the student's code gives, the last example included.

        Code with a mistake may overflow there too: then the other examples say which it is, if any
        of them fails.
        """
        for extreme in (True, False):
            if self._fails(problem, judgement, outputs, extreme):
                alive = self._alive(problem, judgement, outputs, extreme)
                if alive:
                    return alive
        return []

    def _fails(self, problem, judgement: Judgement, outputs: list[str], extreme: bool) -> bool:
        """Whether an output is wrong on an example that variants are held against."""
        for k, e in enumerate(self.sheet.examples(problem)):
            found = [judgement.found[output][k] for output in outputs]
            bad = any(each is not None and each.status != "right" for each in found)
            if bad and not e.corner and (extreme or not e.extreme):
                return True
        return False

    def _alive(
        self, problem: Problem, judgement: Judgement, outputs: list[str], extreme: bool
    ) -> "list[Variant]":
        alive: list[Variant] = []
        for variant in self.variants(problem):
            # What fits any output is done to the wrong ones alone.
            held = [o for o in outputs if not variant.generic or o not in judgement.right]
            if self._matches(problem, variant, judgement, held, extreme):
                if any(self._same(problem, variant, other, judgement, held) for other in alive):
                    continue
                alive.append(variant)
        return alive

    def _same(self, problem, one: "Variant", two: "Variant", judgement: Judgement, outputs) -> bool:
        """Whether two variants give the same to the last bits, on every example."""
        for k, tried in enumerate(judgement.attempts):
            if not tried.outputs or self.sheet.examples(problem)[k].corner:
                continue
            a = self._values(problem, one, k, judgement, tried.outputs)
            b = self._values(problem, two, k, judgement, tried.outputs)
            for output in outputs:
                if a is None or b is None or (output in a) != (output in b):
                    return False
                if output not in a or (a[output] is None and b[output] is None):
                    continue
                if a[output] is None or b[output] is None:
                    return False
                if isinstance(a[output], Between) or isinstance(b[output], Between):
                    if not np.array_equal(a[output], b[output]):
                        return False
                    continue
                x, y = np.asarray(a[output]), np.asarray(b[output])
                if x.shape != y.shape:
                    return False
                scale = np.max(np.abs(x[np.isfinite(x)]), initial=0.0)
                with np.errstate(all="ignore"):
                    # Two ways to the same number: some thousand roundings, and below what
                    # compare() allows a student.
                    if not np.allclose(x, y, rtol=0, atol=1e-11 * scale, equal_nan=True):
                        return False
        return True

    def variants(self, problem: Problem) -> "list[Variant]":
        """All variants of a problem, the course's own first."""
        if problem.name not in self._variants:
            called = self._called(problem)
            planted = list(_planted(self.sheet, called, problem))
            self._variants[problem.name] = planted + [Variant(generic=g) for g in GENERIC]
        return self._variants[problem.name]

    def _called(self, problem: Problem) -> set[str]:
        """The names of the functions that the recipe calls on our side."""
        names: set[str] = set()

        def profile(frame: Any, event: str, _: Any) -> None:
            if event == "call":
                names.update((frame.f_code.co_name, frame.f_code.co_qualname))

        for k in range(len(self.sheet.examples(problem))):
            sys.setprofile(profile)
            try:
                for convention in self.sheet.conventions(problem)[:1]:
                    run(
                        problem,
                        self.sheet.examples(problem)[k],
                        self.sheet.functions,
                        convention,
                        {},
                    )
            finally:
                sys.setprofile(None)
        return names

    def _matches(
        self, problem, variant: "Variant", judgement: Judgement, outputs: list[str], extreme: bool
    ) -> bool:
        seen = 0
        for k, tried in enumerate(judgement.attempts):
            wants, example = judgement.wants[k], self.sheet.examples(problem)[k]
            if wants is None or not tried.outputs or example.corner:
                continue
            if example.extreme and not extreme:
                continue
            theirs = tried.outputs
            theirs = theirs | derived(problem, example, theirs)
            values = self._values(problem, variant, k, judgement, tried.outputs)
            if values is None:
                return False
            for output in outputs:
                if output not in wants or (example.extreme and output in problem.remarks):
                    continue
                if output not in values:
                    return False
                if values[output] is None and theirs.get(output) is None:
                    continue  # left out, as the student's is
                if values[output] is None:
                    return False
                want = Want(values[output], wants[output].moved)
                if isinstance(wants[output].value, Between):
                    if compare(theirs.get(output), want).status != "right":
                        return False
                    continue
                moved = (
                    want.moved
                    if np.shape(want.moved) == np.shape(want.value)
                    else np.max(want.moved, initial=0)
                )
                got = theirs.get(output)
                if got is None or (
                    np.shape(got) != np.shape(want.value)
                    and np.squeeze(got).shape != np.squeeze(want.value).shape
                ):
                    return False
                if compare(got, Want(want.value, moved)).status != "right":
                    return False
            seen += 1
        return seen > 0

    def _values(
        self, problem, variant: "Variant", k: int, judgement: Judgement, theirs: Any
    ) -> Any:
        convention = judgement.convention
        given = given_numbers(problem, theirs)
        at = (problem.name, variant.key, k, tuple(convention.items()), given)
        if given is None or at not in self._outputs:
            example = self.sheet.examples(problem)[k]
            values = variant.run(problem, example, self.sheet, convention, theirs)
            if given is None:
                return values
            self._outputs[at] = values
        return self._outputs[at]


class Variant(NamedTuple):
    """The right code with one mistake: planted in a function, or done to an output."""

    mistake: Mistake | None = None
    function: Callable | None = None  # where it is planted
    generic: "Generic | None" = None

    @property
    def key(self) -> str:
        """Its name."""
        return self.mistake.name if self.mistake else self.generic.name  # type: ignore[union-attr]

    def run(
        self, problem: Problem, example: Any, sheet: Sheet, convention: Any, theirs: Any
    ) -> Any:
        """Its outputs; None where it raises."""
        try:
            if self.mistake is not None and self.function is not None:
                with planted(self.mistake, self.function):
                    return run(problem, example, sheet.functions, convention, theirs)
            values = run(problem, example, sheet.functions, convention, theirs)
            return self.generic.apply(values, problem, example, sheet, convention, theirs)  # type: ignore[union-attr]
        except Exception:
            return None


class Generic(NamedTuple):
    """A mistake that any gradient can have."""

    name: str
    says: str
    does: Callable[[Any, SimpleNamespace], Any]  # (output, example) -> output, or None

    def apply(self, values, problem, example, sheet, convention, theirs) -> dict[str, Any]:
        """The outputs, each changed; what cannot be changed so is left out."""
        changed = {}
        for name, value in values.items():
            if isinstance(value, Between):
                changed[name] = value
                continue
            new = self.does(np.asarray(value, dtype=float), example)
            if new is not None:
                changed[name] = new
        return changed


def _batch(e: SimpleNamespace) -> int:
    """The number of examples in the batch: of the upstream, the input or the labels."""
    for name in ("dout", "x", "X", "A", "Z", "y"):
        array = getattr(e, name, None)
        if isinstance(array, np.ndarray) and array.ndim:
            return array.shape[getattr(e, "batch_axis", 0)]
    return 1


GENERIC = [
    Generic("negated", "The sign is wrong: it is the negative of the right one.", lambda g, e: -g),
    Generic("doubled", "It is twice what it should be.", lambda g, e: 2 * g),
    Generic("halved", "It is half of what it should be.", lambda g, e: g / 2),
    Generic("over the batch size", "It is divided by the batch size, and should not be.",
            lambda g, e: g / _batch(e)),
    Generic("times the batch size", "The division by the batch size is missing.",
            lambda g, e: g * _batch(e)),
    Generic("left at zero", "It is all zeros: never filled in.", lambda g, e: np.zeros_like(g)),
    Generic("summed to one number", "It is summed over all its axes, to one number.",
            lambda g, e: g.sum()),
    Generic("transposed", "It is the transpose of what it should be.",
            lambda g, e: g.T if g.ndim > 1 else None),
    Generic("upstream for gradient", "It is the upstream gradient, passed through unchanged.",
            lambda g, e: getattr(e, "dout", None)),
]  # fmt: skip


def _told(variant: Variant, outputs: tuple[str, ...]) -> Named:
    mistake = variant.mistake
    if mistake is not None:
        return Named(
            mistake.name, mistake.says, mistake.function, mistake.right, mistake.wrong, outputs
        )
    generic = variant.generic
    assert generic is not None
    return Named(generic.name, generic.says, "", "", "", outputs)


def _planted(sheet: Sheet, called: set[str], problem: Problem) -> Iterator[Variant]:
    """The course's own mistakes in its own functions, then those of the cards in manual/'s.

    Those in the graded function come first: the same mistake may also stand in one that it calls.
    """
    from reference.mistakes import MISTAKES, held

    functions = sheet.functions
    every: list[Variant] = []
    for mistake in sheet.assignment.course.mistakes:
        # A file may hold manual/'s function as _name, beside its own.
        if called & {mistake.function, mistake.function.removeprefix("_")}:
            every.append(Variant(mistake, _own(mistake.function, functions)))
    for mistake in sorted(MISTAKES.values(), key=lambda m: m.function not in problem.needs):
        if mistake.function in called:
            every.append(Variant(mistake, held(mistake.function)))
    graded = problem.needs[-1]
    yield from sorted(every, key=lambda v: v.mistake.function.removeprefix("_") != graded)  # type: ignore[union-attr]


def _own(name: str, functions: dict[str, Callable]) -> Callable:
    """A course's function, a method of one of its classes, or a helper in one of its files."""
    name, _, method = name.partition(".")
    if name in functions:
        return getattr(functions[name], method) if method else functions[name]
    for function in functions.values():
        file = vars(sys.modules[function.__module__])
        if name in file and function.__module__.startswith(__package__ or ""):
            return file[name]
    raise ValueError(f"the course has no function {name!r} to plant a mistake in")


@contextmanager
def planted(mistake: Mistake, function: Callable) -> Iterator[None]:
    """A function with the mistake in it."""
    from reference.mistakes import planted_in

    with planted_in(function, _with(mistake, function)):
        yield


@cache
def _with(mistake: Mistake, function: Callable) -> Callable:
    from reference.mistakes import mistaken

    return mistaken(mistake, function)


__all__ = ["Named", "Namer", "planted"]
