"""The smallest example that shows a mistake: at most 12 numbers where the function allows it."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from reference.grading.examples import SMALL
from reference.grading.formats.script import script
from reference.grading.measure import compare
from reference.grading.recipe import Between, Problem, Recipe, program
from reference.grading.sheet import Sheet, wanted
from reference.grading.trial import Judgement, derived, read
from reference.grading.workers import Worker

NUMBERS = 12  # to be shown
TRIES = 24  # calls spent on making it smaller


def smallest(
    sheet: Sheet, problem: Problem, recipe: Recipe, judgement: Judgement, worker: Worker
) -> dict[str, Any] | None:
    """Inputs, the output that is wrong, what was expected and what came: plain data.

    Starts from the failing example with the fewest numbers, and sets arrays and numbers to zero,
    one by one, as long as it still fails. Of the larger examples nothing is shown as it is: their
    answers could be collected, and handed in.
    """
    failing = []
    for name, every in judgement.found.items():
        for k, each in enumerate(every):
            if each is not None and each.status != "right":
                failing.append((count(sheet.examples(problem)[k]), k, name))
    shown = None
    for _, k, name in sorted(failing)[:TRIES]:
        example = sheet.examples(problem)[k]
        if k >= SMALL:
            example = _of_few_digits(example)
        shown = _shown(sheet, problem, recipe, judgement, worker, example, name)
        if shown is not None:
            break
    else:
        return None
    for smaller in _smaller(example) if k < SMALL else ():
        found = _shown(sheet, problem, recipe, judgement, worker, smaller(example), name)
        if found is not None:
            example, shown = smaller(example), found
    return shown


def _of_few_digits(value: Any) -> Any:
    """An example with its numbers rounded to three digits: short to read, and another example."""
    if isinstance(value, SimpleNamespace):
        return SimpleNamespace(**_of_few_digits(vars(value)))
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.array([float(f"{x:.3g}") for x in value.flat]).reshape(value.shape)
    if isinstance(value, dict):
        return {key: _of_few_digits(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_of_few_digits, value))
    return value


def count(example: SimpleNamespace) -> int:
    """How many numbers it takes to write an example down; arrays of zeros are free."""
    arrays = [each for each in _arrays(example) if np.any(each)]
    return sum(each.size for each in arrays)


def _arrays(value: Any) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, SimpleNamespace):
        value = vars(value)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [array for each in value for array in _arrays(each)]
    return []


def _smaller(example: SimpleNamespace) -> list[Any]:
    """Ways to make an example simpler."""
    ways = []
    names = [
        n for n, v in vars(example).items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"
    ]

    def zeros(name: str) -> Any:
        return lambda e: SimpleNamespace(**(vars(e) | {name: np.zeros_like(getattr(e, name))}))

    def alone(name: str, k: int) -> Any:
        def way(e: SimpleNamespace) -> SimpleNamespace:
            array = getattr(e, name).copy()
            array.flat[k] = 0.0
            return SimpleNamespace(**(vars(e) | {name: array}))

        return way

    if count(example) > NUMBERS:
        ways += [zeros(name) for name in reversed(names)]
        ways += [
            alone(name, k) for name in names for k in range(min(getattr(example, name).size, 6))
        ]
    return ways[:TRIES]


def _shown(sheet, problem, recipe, judgement, worker, example, name) -> dict[str, Any] | None:
    """What a failing example shows; None if it does not fail."""
    steps, names = program(recipe, example, 1)
    tried = read(worker.ask(steps, sheet.assignment.limits.call), names)
    if tried.error is not None:
        return None
    theirs = dict(tried.outputs)
    theirs |= derived(problem, example, theirs)
    try:
        wants = wanted(problem, example, sheet.functions, judgement.convention, theirs)
    except Exception:
        return None
    if wants is None or name not in wants:
        return None
    found = compare(theirs.get(name), wants[name])
    if found.status == "right":
        return None
    inputs = {
        key: plain(value)
        for key, value in vars(example).items()
        if key not in ("corner", "extreme", "excuse", "batch_axis")
    }
    want = wants[name].value
    sent = dict(zip(names, steps["send"], strict=True))
    calls = script(steps["steps"], sent, vars(example), name)
    return {
        "inputs": inputs,
        "calls": calls,
        "output": name,
        "expected": plain([want.low, want.high]) if isinstance(want, Between) else plain(want),
        "got": plain(theirs.get(name)),
        "numbers": count(example),
    }


def plain(value: Any) -> Any:
    """Arrays as nested lists; large ones and zeros in words."""
    if isinstance(value, np.ndarray):
        if value.size > 1 and not np.any(value):
            return f"zeros {value.shape}"
        if value.size > 4 * NUMBERS:
            return f"an array of shape {value.shape}"
        with np.errstate(all="ignore"):
            rounded = np.round(value, 6) + 0.0 if value.dtype.kind == "f" else value
        return plain(rounded.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, complex) or (isinstance(value, float) and not np.isfinite(value)):
        return str(value)  # JSON has no word for it
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)[:80]
