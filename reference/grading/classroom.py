"""A class: many submissions, in as many processes as wanted, the same results on any number."""

import atexit
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from reference.grading.assignment import Assignment, parsed
from reference.grading.grade import Grader
from reference.grading.late import penalty
from reference.grading.sheet import Sheet
from reference.grading.submission import Place
from reference.grading.workers import Box

PUBLIC = b"backproof: these examples are for practice, anyone can draw them"


class Order(NamedTuple):
    """What every process needs to know: plain data, so that it can be sent to another machine."""

    name: str
    toml: str
    secret: bytes
    attempt: int = 0


def graded(
    order: Order, places: list[Place], jobs: int = 1, scheduler: str = ""
) -> Iterator[dict[str, Any]]:
    """The results of all submissions, in their order, as they come.

    jobs: processes on this machine
    scheduler: the address of a Dask scheduler, whose workers are used instead
    """
    if scheduler:
        yield from _on_a_cluster(order, places, scheduler)
    elif jobs == 1 or len(places) == 1:
        yield from (one(order, place) for place in places)
    else:
        from joblib import Parallel, delayed

        parallel: Any = Parallel(n_jobs=min(jobs, len(places)), return_as="generator")
        yield from parallel(delayed(one)(order, place) for place in places)


def _on_a_cluster(order: Order, places: list[Place], scheduler: str) -> Iterator[dict[str, Any]]:
    try:
        from dask.distributed import Client  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ValueError("--scheduler needs Dask: pip install dask distributed") from None
    from joblib import Parallel, delayed, parallel_config

    with Client(scheduler), parallel_config("dask"):
        parallel: Any = Parallel(return_as="generator")
        yield from parallel(delayed(one)(order, place) for place in places)


def one(order: Order, place: Place) -> dict[str, Any]:
    """The result of one submission, by this process's grader."""
    return grader(order).grade(place.read())


_graders: dict[Order, Grader] = {}


def grader(order: Order) -> Grader:
    """This process's grader for an assignment: its box is started once, its examples drawn once."""
    if order not in _graders:
        sheet = Sheet(parsed(order.name, order.toml), order.secret)
        box = Box()
        atexit.register(box.close)
        _graders[order] = Grader(sheet, box, order.attempt)
    return _graders[order]


def handed_in(
    result: dict[str, Any], assignment: Assignment, submitted: datetime | None
) -> dict[str, Any]:
    """The result with what lateness costs."""
    if not assignment.late or submitted is None:
        return result
    share, message = penalty(assignment, submitted)
    late = {"share": share, "message": message, "submitted": submitted.isoformat()}
    return result | {"late": late, "final_score": round(result["score"] * share, 6)}
