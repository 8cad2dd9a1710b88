"""The proof: random networks, the hand-written gradients on every path, and a tally of it all.

Networks are drawn by Hypothesis in batches, each with a seed of its own made from the one given; so
the result depends on the seed and the number of networks, and not on how many processes share them.
"""

import functools
import importlib
import pkgutil
import platform
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from itertools import zip_longest
from typing import Any, NamedTuple

from hypothesis import Phase, Verbosity, given, seed, settings
from hypothesis.errors import HypothesisWarning, StopTest
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

import reference
from manual.catalog import functions
from reference.agreement import EDGES, UNDECIDED, Comparison, compare
from reference.cards import LAYERS, LOSSES
from reference.networks import PLAIN_RUN, STRUCTURES, kinds_of, problems
from reference.numbers import ALLOWANCES
from reference.paths import PATHS
from reference.problem import Problem

BATCH = 100  # networks a batch


class Cell(NamedTuple):
    """One layer on one path."""

    networks: int = 0  # with that layer in them, and compared
    gradients: int = 0  # arrays: each the gradient of one parameter or of the input
    worst: float = 0.0  # the largest error, in allowances


class Failure(NamedTuple):
    """The smallest network found on which the paths disagree."""

    problem: str  # code that builds it
    lines: list[str]  # path by path, what came out

    def code(self) -> str:
        """A program that shows the disagreement again."""
        return "\n".join(
            [
                "import numpy as np",
                "from manual.network import concatenate, layer, residual",
                "from reference.agreement import compare",
                "from reference.problem import Problem",
                "",
                f"problem = {self.problem}",
                "for comparison in compare(problem):",
                "    print(comparison)",
            ]
        )


class Tally(NamedTuple):
    """What a run of networks showed."""

    networks: int
    entries: dict[str, int]  # numbers compared, by path
    cells: dict[tuple[str, str], Cell]  # by (row, path)
    skipped: dict[tuple[str, str], int]  # numbers not compared, by (path, reason)
    failure: Failure | None
    spread: dict[
        str, tuple[int, ...]
    ] = {}  # by path: how many errors are 0, below each of EDGES...

    @property
    def agrees(self) -> bool:
        return self.failure is None

    def __add__(self, other: Any) -> "Tally":
        cells = dict(self.cells)
        for key, cell in other.cells.items():
            mine = cells.get(key, Cell())
            worst = max(mine.worst, cell.worst)
            cells[key] = Cell(mine.networks + cell.networks, mine.gradients + cell.gradients, worst)
        return Tally(
            self.networks + other.networks,
            dict(Counter(self.entries) + Counter(other.entries)),
            cells,
            dict(Counter(self.skipped) + Counter(other.skipped)),
            self.failure or other.failure,
            {
                path: tuple(map(sum, zip_longest(*both, fillvalue=0)))
                for path in {**self.spread, **other.spread}
                if (both := [tally.spread[path] for tally in (self, other) if path in tally.spread])
            },
        )


NOTHING = Tally(0, {}, {}, {}, None)

# Whether a branch lies too close to its corner is for the code on trial to say. Were it to say so
# of every network, nothing would be compared; a correct layer leaves out a few of a hundred.
HIDDEN = 0.3
FEW = 10  # networks: a share of fewer says nothing


def rows() -> list[str]:
    """The rows of the table: layers, what networks do with them, losses."""
    layers = [kind for kind in sorted(LAYERS) if LAYERS[kind].outputs == 1] + [*STRUCTURES]
    return layers + [f"{kind} loss" for kind in sorted(LOSSES)] + ["l2 loss"]


def chosen(names: tuple[str, ...]) -> dict[str, tuple[str, ...] | None]:
    """Names of the table as arguments of problems(): "relu", "residual", "svm loss" or "svm_loss".

    Layers alone keep all losses; losses alone come with affine layers only.
    Errors: ValueError for a name that is not in the table.
    """
    names = tuple(name.strip().replace("_loss", " loss") for name in names)
    for name in names:
        if name not in rows() or name == "l2 loss":
            wanted = ", ".join(row for row in rows() if row != "l2 loss")
            raise ValueError(f"there is no layer {name!r}, expected any of: {wanted}")
    layers = tuple(name for name in names if not name.endswith(" loss"))
    losses = tuple(name.removesuffix(" loss") for name in names if name.endswith(" loss"))
    return {"layers": layers or ("affine",), "losses": losses or None}


def prove(
    networks: int = 2000,
    seed: int = 0,
    layers: tuple[str, ...] = (),
    jobs: int = 1,
    paths: tuple[str, ...] = PATHS,
) -> Iterator[Tally]:
    """Compare on random networks; yield the tally of each batch as it is done.

    layers: rows of the table to draw from; empty for all
    jobs: processes that share the work
    Stops after the first batch with a disagreement.
    """
    kinds = chosen(layers) if layers else {}
    sizes = [min(BATCH, networks - start) for start in range(0, networks, BATCH)]
    work = (delayed(batch)(size, f"{seed} {k}", kinds, paths) for k, size in enumerate(sizes))
    for tally in shared_out(work, jobs, ordered=False):
        yield tally
        if not tally.agrees:
            break


def shared_out(work: Iterable[Any], jobs: int, ordered: bool = True) -> Iterator[Any]:
    """The results of joblib's delayed calls, by so many processes, as they come.

    Errors: ChildProcessError where a process ends in the middle of its work
    """
    kind = "generator" if ordered else "generator_unordered"
    results: Any = Parallel(n_jobs=jobs, return_as=kind)(work)
    try:
        yield from results
    except TerminatedWorkerError:
        raise ChildProcessError(
            "a process that shared the work ended in the middle of it: the memory was full, "
            "or a library ended it. --jobs 1 does the work in one process, and "
            "PYTHONFAULTHANDLER=1 before the command names the line"
        ) from None


def batch(
    networks: int,
    seed_of_batch: str,
    kinds: dict[str, Any],
    paths: tuple[str, ...] = PATHS,
    shrink: bool = True,
) -> Tally:
    """One batch of networks; the failure in it, if any, shrunk."""
    _load_everything()
    if "pytorch" in paths:
        import torch

        torch.set_num_threads(1)  # waking a second thread costs more than such a network
    tally = NOTHING
    found: dict[str, Any] = {}

    def test(problem: Problem) -> None:
        nonlocal tally
        try:
            comparisons = list(compare(problem, paths))
        except StopTest:
            raise
        except Exception as error:
            found["failure"] = Failure(repr(problem), [f"{type(error).__name__}: {error}"])
            raise _DisagreementError from error
        if not found:
            tally += _tally(problem, comparisons)
        if not all(comparison.agrees for comparison in comparisons):
            found["failure"] = Failure(repr(problem), [describe(each) for each in comparisons])
            raise _DisagreementError

    _drawn(test, networks, seed_of_batch, kinds, shrink)
    return tally._replace(failure=found.get("failure"))


# The grader's box is a program of its own, whose files find each other only there.
_BOX = "reference.grading.box."
NOT_IMPORTED = {_BOX + name for name in ("__main__", "load", "lock", "look", "run")}


@functools.cache
def _load_everything() -> None:
    """Import all of manual/ and reference/ before the first draw.

    Hypothesis tries constants that it finds in those modules of the project that are loaded: were
    they not the same in every process, the same seed would draw other networks there.
    """
    functions()
    for file in pkgutil.walk_packages(reference.__path__, "reference."):
        if file.name not in NOT_IMPORTED:
            importlib.import_module(file.name)


def _drawn(test: Callable, networks: int, seed_of_batch: str, kinds: dict, shrink: bool) -> None:
    run = given(problems(**kinds))(test)
    run = settings(
        max_examples=networks,
        verbosity=Verbosity.quiet,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        **PLAIN_RUN,
    )(run)
    with suppress(_DisagreementError), warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)  # of networks that print long
        seed(seed_of_batch)(run)()


class _DisagreementError(AssertionError):
    pass


def _tally(problem: Problem, comparisons: list[Comparison]) -> Tally:
    cells, entries, skipped = {}, {}, {}
    for each in comparisons:
        entries[each.path] = each.entries
        for reason, count in each.skipped.items():
            skipped[each.path, reason] = count
        for row in kinds_of(problem):
            if each.entries:
                cells[row, each.path] = Cell(1, each.arrays, each.worst)
            elif UNDECIDED in each.skipped:
                cells[row, UNDECIDED] = Cell(1)
    spread = {each.path: each.spread for each in comparisons if each.spread}
    return Tally(1, entries, cells, skipped, None, spread)


def describe(each: Comparison) -> str:
    """One path's outcome in a line."""
    if not each.entries and each.agrees:
        return f"{each.path:13} not compared: {', '.join(each.skipped)}"
    if each.agrees:
        return f"{each.path:13} agrees, worst {each.worst:.2g} allowances"
    if not each.entries:
        return f"{each.path:13} DISAGREES: {each.where}"
    return (
        f"{each.path:13} DISAGREES: {each.where} is {each.got!r} by hand, {each.expected!r} there, "
        f"{each.worst:.3g} allowances apart ({ALLOWANCES} are allowed)"
    )


def versions() -> dict[str, str]:
    """What the proof ran on."""
    packages = ("numpy", "scipy", "torch", "jax", "hypothesis")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def hidden(tally: Tally) -> list[str]:
    """The rows of which too large a share was left out as undecided to call anything proved."""
    found = []
    for row in rows():
        undecided, compared = undecided_of(tally, row)
        if undecided > FEW and undecided > HIDDEN * (undecided + compared):
            found.append(f"{row}: {undecided} networks of {undecided + compared} undecided")
    return found


def undecided_of(tally: Tally, row: str) -> tuple[int, int]:
    """Of the networks with a row's layer: how many were undecided, how many were compared."""
    undecided = tally.cells.get((row, UNDECIDED), Cell()).networks
    return undecided, tally.cells.get((row, "pytorch"), Cell()).networks


def as_json(tally: Tally, seed: int, layers: tuple[str, ...]) -> dict[str, Any]:
    """The tally for a file: plain lists and dicts."""
    return {
        "agrees": tally.agrees and not hidden(tally),
        "networks": tally.networks,
        "seed": seed,
        "layers": [name.strip().replace("_loss", " loss") for name in layers],
        "allowed": ALLOWANCES,
        "versions": versions(),
        "compared": tally.entries,
        "cells": [
            {"layer": row, "path": path, **cell._asdict()}
            for (row, path), cell in sorted(tally.cells.items())
            if path != UNDECIDED
        ],
        "skipped": [
            {"path": path, "reason": reason, "numbers": count}
            for (path, reason), count in sorted(tally.skipped.items())
        ],
        "errors": {"edges": EDGES, "counts": tally.spread},
        "failure": tally.failure and {"code": tally.failure.code(), "paths": tally.failure.lines},
    }
