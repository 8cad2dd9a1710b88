"""Naming, on the catalogue itself: manual/ as a student's hand-in, with one mistake planted in it.

Every fifth of the mistakes that a function of the backproof assignment can show. What comes back
must be that mistake, or be one that a grader forgives: overwritten arguments, float32, a kink.
"""

import inspect
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import manual
from reference.cards import MISTAKES
from reference.grading.assignment import parsed
from reference.grading.courses import course
from reference.grading.grade import Grader
from reference.grading.sheet import Sheet
from reference.grading.submission import Submission
from reference.grading.workers import Box
from reference.mistakes import held

FILES = {
    "my" + path.name: path.read_text().replace("from manual.", "from my")
    for path in Path(manual.__path__[0]).glob("*.py")
}
PROBLEMS = course("backproof").problems
# What the grader passes, with a remark or by its choice of examples: these are no wrong gradients.
FORGIVEN = (
    "in place", "overwrit", "changed", "written",
    "float32", "off by 1e-7", "by difference", "by a difference", "cut short", "cut at 20",
    "epsilon",
    "corner", "largest", "winner", "overflows", "infinite", "log of zero", "clipped",
    "keeps an axis", "random state", "same seed", "one mask",
)  # fmt: skip


def patterns(mistake):
    """The problems of the function's layer."""
    kind = mistake.function.rpartition("_")[0] or mistake.function
    return tuple(p for p in PROBLEMS if p.startswith(kind + "_") or p == mistake.function)


def handed_in(mistake):
    """manual/ under other names, with the mistake in its place."""
    function = held(mistake.function)
    path = "my" + Path(inspect.getsourcefile(function) or "").name
    source = inspect.getsource(function).replace("from manual.", "from my")
    head, quotes, rest = source.partition('"""')
    docstring, _, body = rest.partition('"""')
    wrong = head.replace(mistake.right, mistake.wrong) + quotes + docstring + '"""'
    wrong += body.replace(mistake.right, mistake.wrong)
    assert FILES[path].count(source) == 1
    return FILES | {path: FILES[path].replace(source, wrong)}


CHOSEN = [m for m in MISTAKES.values() if not m.function.startswith("_") and patterns(m)][::5]


@pytest.fixture(scope="module")
def grader():
    with Box() as box:

        @cache
        def of(names):
            listed = ", ".join(f'"{name}"' for name in names)
            text = f'course = "backproof"\n[points]\n1 = [{listed}]'
            return Grader(Sheet(parsed("naming", text), b"a secret of the tests"), box)

        yield of


@pytest.fixture(scope="module")
def outcomes(grader):
    found = {}
    for mistake in CHOSEN:
        result = grader(patterns(mistake)).grade(Submission("x", handed_in(mistake), []))
        bad = [p for p in result["problems"] if p["verdict"] != "correct"]
        names = {name for p in bad for name in (p["mistake"] or p["verdict"]).split("; ")}
        found[mistake.name] = names
    return found


def test_planted_mistakes_do_not_pass(outcomes):
    passed = [name for name, said in outcomes.items() if not said]
    unforgiven = [name for name in passed if not any(word in name for word in FORGIVEN)]
    assert not unforgiven, "\n".join(unforgiven)


def test_planted_mistakes_are_named(outcomes):
    """Of those that give wrong numbers: what raises or has another shape says so itself."""
    wrong = {name: said for name, said in outcomes.items() if said - {"raises", "shape", "timeout"}}
    said = Counter("true" if name in names else "unknown" if names == {"unknown"} else "other"
                   for name, names in wrong.items())  # fmt: skip
    assert said["true"] >= 0.9 * len(wrong), {n: s for n, s in wrong.items() if n not in s}
    assert len(wrong) > 100
