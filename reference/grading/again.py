"""Once more: a share of the calls in a fresh worker, where the same must come out.

What differs from run to run gets no points, and nothing of it stands in a result, so that the same
submission has the same result on any day. A file that names a clock or the like is asked everything
again; its things lie elsewhere in memory, so that what depends on that differs too.
"""

import re
import secrets
from typing import Any

import numpy as np

from reference.grading.box.wire import Other
from reference.grading.recipe import Problem, Recipe
from reference.grading.sheet import Sheet
from reference.grading.smallest import smallest
from reference.grading.trial import Attempt, Judgement, attempt
from reference.grading.workers import Worker

# What may come out otherwise the next time.
CHANCE = re.compile(
    r"\b(?:time|datetime|urandom|secrets|uuid\w*|perf_counter\w*|monotonic\w*|process_time\w*"
    r"|getrandom|ctypes|gc|inspect|weakref|SystemRandom|tracemalloc|resource)\b"
    r"|\b(?:id|hash|object|set|frozenset|ndarray|as_strided|globals|locals|vars|getattr|eval"
    r"|exec)\s*\("
    r"|\b(?:global|nonlocal)\s|\bsys\._|__(?!init__|name__|main__|call__|future__|file__)\w+__"
)
FORGOTTEN = "the same call gave another result in a fresh process"


def by_chance(texts: list[str]) -> bool:
    """Whether a submission's files name anything that may differ from run to run."""
    return any(CHANCE.search(text) for text in texts)


def once_more(
    sheet: Sheet, problem: Problem, entry: dict[str, Any], worker: Worker, all_of_it: bool,
    right: Any = None,
) -> list[str]:  # fmt: skip
    """Run examples of an entry again; where something else comes out, it is forgotten.

    entry["_unlike"] is set where an error comes again, with another message.
    Returns what there is for review. Errors: WorkerError
    """
    judgement, recipe = entry["_judgement"], entry["_recipe"]
    review: list[str] = []
    for k in _examples(judgement, all_of_it):
        first = judgement.attempts[k]
        second = attempt(sheet, problem, recipe, worker, k, right, count=k == _counted(judgement))
        if not same(first, second):
            forget(entry)
            return []
        entry["_unlike"] = entry.get("_unlike", False) or first.error != second.error
        _keep_remarks(entry, first, second)
        review += _differences(sheet, problem, recipe, k, second)
    return review


def check_counterexample(
    sheet: Sheet, problem: Problem, entry: dict[str, Any], worker: Worker
) -> None:
    """Look for the smallest example once more; where it is another, the entry is forgotten."""
    found = smallest(sheet, problem, entry["_recipe"], entry["_judgement"], worker)
    if found is None or any(entry["counterexample"].get(k) != v for k, v in found.items()):
        forget(entry)


def _counted(judgement: Judgement) -> int:
    """The example in which calls are counted: a larger one, neither corner nor extreme."""
    return len(judgement.attempts) - 3


def _examples(judgement: Judgement, all_of_it: bool) -> list[int]:
    """Those to repeat, the last first; what raises has fewer, and is repeated more often."""
    run = [k for k, each in enumerate(judgement.attempts) if each.notes]
    run.reverse()
    if all_of_it:
        return run * (2 if judgement.error is None else 5)
    wanted = {_counted(judgement), 0}
    if judgement.error is not None:
        wanted.add(judgement.error["example"])
    return [k for k in run if k in wanted]


def forget(entry: dict[str, Any]) -> None:
    """The entry of a function that gives one thing now and another then: nothing of either."""
    parts = [each | {"verdict": "nondeterministic", "score": 0.0} for each in entry["parts"]]
    entry |= {
        "verdict": "nondeterministic", "score": 0.0, "mistake": None, "message": FORGOTTEN,
        "counterexample": None, "parts": parts, "remarks": [], "_unlike": False,
    }  # fmt: skip
    for name in ("category", "why"):
        entry.pop(name, None)


def _keep_remarks(entry: dict[str, Any], first: Attempt, second: Attempt) -> None:
    for kind in ("warned", "written"):
        gone = set(first.notes[kind]) - set(second.notes[kind])
        entry["remarks"] = [each for each in entry["remarks"] if each not in gone]


def _differences(
    sheet: Sheet, problem: Problem, recipe: Recipe, k: int, tried: Attempt
) -> list[str]:
    """Whether it calls its forward, or itself, far more often than it was asked to."""
    asked = len(sheet.program(problem, recipe, k)[0]["steps"])
    for name in filter(None, (problem.forward, problem.needs[-1])):
        calls = tried.notes["counts"].get(name, 0)
        if calls > asked + 3:
            return [f"{problem.name} calls {name} {calls - 1} times: a gradient by differences?"]
    return []


def same(one: Attempt, two: Attempt) -> bool:
    """Whether two runs of an example came out alike; errors by their kind and type."""
    if (one.error is None) != (two.error is None):
        return False
    if one.error is not None and two.error is not None:
        return all(one.error[each] == two.error[each] for each in ("kind", "type"))
    return set(one.outputs) == set(two.outputs) and all(
        _alike(value, two.outputs[name]) for name, value in one.outputs.items()
    )


def _alike(a: Any, b: Any) -> bool:
    words = (str, Other, type(None))
    if isinstance(a, words) or isinstance(b, words):
        return type(a) is type(b) and a == b
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype or a.dtype.kind not in "biufc":
        return bool(a.dtype.kind == b.dtype.kind == "O" and a == b)
    with np.errstate(all="ignore"):
        # Sums may end in other digits where arrays lie at other places in memory.
        scale = np.max(np.abs(a[np.isfinite(a)]), initial=0.0)
        return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9 * float(scale), equal_nan=True))


def shift() -> int:
    """A seed for where things lie in a worker's memory."""
    return 1 + secrets.randbelow(2**31)
