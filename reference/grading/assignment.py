"""Assignments are data: a TOML that says which functions of a course, for how many points.

title = "Homework 2"
course = "cs231n"                        # whose names and signatures: a folder of courses/
hints = ["category", "cause", "algebra"] # what the first, second, third attempt is told
ties = "remark"                          # or "strict": ties and kinks must follow our convention
outdated = "none"                        # or "full": points for code that is right but too old
examples = 10                            # for each function

[points]
1 = ["affine_forward", "relu_forward"]
2 = ["affine_backward", "relu_backward"]

[conventions]                            # of those a course leaves open; else found by behaviour
p_is = "keep"

[limits]
call = 5                                 # seconds
total = 60                               # seconds
memory = 512                             # MiB

[late]
due = 2026-10-01T23:59:00Z
percent = 10                             # a day begun; of the points
days = 3                                 # later ones count for nothing
"""

import fnmatch
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from reference.grading.courses import Course, course

SHIPPED = Path(__file__).with_name("assignments")
LEVELS = ("category", "cause", "algebra")
KEYS = {
    "title", "course", "hints", "ties", "extremes", "outdated", "examples", "points",
    "conventions", "limits", "late", "released",
}  # fmt: skip

CHOICES = {
    "ties": ("remark", "strict"),
    "extremes": ("strict", "remark"),
    "outdated": ("none", "full"),
}


class Limits(NamedTuple):
    """What a submission may use."""

    call: float = 5.0  # seconds for one example
    total: float = 60.0  # seconds for all
    memory: int = 512  # MiB


class Assignment(NamedTuple):
    """What is graded, and how."""

    name: str
    title: str
    course: Course
    points: dict[str, float]
    hints: tuple[str, ...] = LEVELS
    ties: str = "remark"
    extremes: str = "strict"
    outdated: str = "none"
    examples: int = 10
    conventions: dict[str, Any] = {}
    limits: Limits = Limits()
    late: dict[str, Any] = {}
    released: bool = True  # whether students' pages show points

    @property
    def max_score(self) -> float:
        """All points."""
        return sum(self.points.values())


def shipped() -> list[str]:
    """The names of the assignments that come along."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def assignment(name: str) -> Assignment:
    """An assignment that comes along, by name, or a TOML's by its path.

    Errors: ValueError that says what is wrong with it, and what was expected.
    """
    path = find(name)
    return parsed(path.stem, text_of(path))


def find(name: str) -> Path:
    """The TOML of an assignment. Errors: ValueError with the names there are."""
    path = Path(name)
    if not path.suffix and not path.is_file():
        path = SHIPPED / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(shipped())
        raise ValueError(f"there is no assignment {name!r}, expected a file or one of: {known}")
    return path


def text_of(path: Path) -> str:
    """A TOML's text. Errors: ValueError if it is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text: {error}") from error


def parsed(name: str, text: str) -> Assignment:
    """An assignment from the text of its TOML."""
    try:
        return _checked(name, tomllib.loads(text))
    except ValueError as error:  # TOMLDecodeError is one
        raise ValueError(f"assignment {name}: {error}") from error


def _checked(name: str, data: dict[str, Any]) -> Assignment:
    strange = sorted(set(data) - KEYS)
    if strange:
        raise ValueError(f"{strange[0]!r} is unknown, expected any of: {', '.join(sorted(KEYS))}")
    if not isinstance(data.get("course"), str):
        raise ValueError("course is missing, expected the name of one")
    found = course(data["course"])
    points: dict[str, float] = {}
    for worth, functions in _table(data, "points").items():
        try:
            each = float(worth)
        except ValueError:
            raise ValueError(f"[points] has {worth!r}, expected a number = [functions]") from None
        if not each > 0:
            raise ValueError(f"[points] has {worth}, expected a number above 0")
        if not isinstance(functions, list):
            raise ValueError(f"[points] {worth} is {functions!r}, expected a list of functions")
        for pattern in functions:
            matching = fnmatch.filter(found.problems, str(pattern))
            if not matching:
                near = _near(str(pattern), list(found.problems))
                raise ValueError(f"{found.name} has no function {pattern!r}{near}")
            for function in matching:
                if function in points and function == pattern:
                    raise ValueError(f"{function!r} stands twice in [points]")
                points.setdefault(function, each)
    if not points:
        raise ValueError("[points] is empty, expected a number = [functions]")
    hints = data.get("hints", list(LEVELS))
    if not isinstance(hints, list) or any(level not in LEVELS for level in hints):
        raise ValueError(f"hints is {hints!r}, expected some of {list(LEVELS)}")
    for key, allowed in CHOICES.items():
        if data.get(key, allowed[0]) not in allowed:
            raise ValueError(f"{key} is {data[key]!r}, expected one of {allowed}")
    examples = data.get("examples", 10)
    if not isinstance(examples, int) or not 6 <= examples <= 100:
        raise ValueError(f"examples is {examples!r}, expected a whole number from 6 to 100")
    order = list(found.problems).index
    return Assignment(
        name=name,
        title=str(data.get("title", name)),
        course=found,
        points={each: points[each] for each in sorted(points, key=order)},
        hints=tuple(hints),
        examples=examples,
        conventions=_conventions(found, _table(data, "conventions")),
        limits=_limits(_table(data, "limits")),
        late=_late(_table(data, "late")),
        released=bool(data.get("released", True)),
        **{key: data.get(key, allowed[0]) for key, allowed in CHOICES.items()},
    )


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    table = data.get(key, {})
    if not isinstance(table, dict):
        raise ValueError(f"{key} is {table!r}, expected a table: [{key}]")
    return table


def _late(table: dict[str, Any]) -> dict[str, Any]:
    """The rules for late days, checked."""
    from reference.grading.late import rules

    if table:
        rules(table)
    return table


def _conventions(found: Course, table: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, set[Any]] = {}
    for problem in found.problems.values():
        for key, values in problem.conventions.items():
            known.setdefault(key, set()).update(values)
    for key, value in table.items():
        if key not in known:
            raise ValueError(
                f"[conventions] has {key!r}, expected any of: {', '.join(sorted(known))}"
            )
        if value not in known[key]:
            wanted = ", ".join(map(repr, sorted(known[key], key=str)))
            raise ValueError(f"[conventions] {key} is {value!r}, expected one of: {wanted}")
    return table


def _limits(table: dict[str, Any]) -> Limits:
    for key, value in table.items():
        if key not in Limits._fields:
            raise ValueError(f"[limits] has {key!r}, expected any of: {', '.join(Limits._fields)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise ValueError(f"[limits] {key} is {value!r}, expected a number above 0")
    limits = Limits(**table)
    return limits._replace(memory=int(limits.memory))


def _near(word: str, words: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, words, 3)
    return (
        f", did you mean {' or '.join(near)}?" if near else f", expected any of: {', '.join(words)}"
    )
