"""A result, read for those who show it: text that is safe to show, and points that add up.

Points are counted in whole units, hundredths as a rule: what a right output out of three is worth
is rounded so that the functions' points add up to the total (by largest remainder), and so that
nothing but a right function shows full points. Every format tells these points, so none tells
another grade.

What is for review, and the names of mistakes, are not for students: a name says more than the hint
that an attempt is due. Formats that students read take rows and feedback, and neither of these.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from reference.grading.formats import code

LONGEST = 20_000  # characters of one text
MOST = 2_000  # entries of one list or dict
DEPTH = 30
REMARKS, REMARK = 30, 1_000  # how many, and characters of one
FULL = ("correct", "outdated")  # verdicts that may stand beside full points
LATE = "late"

# Nothing that XML, a terminal or a database takes ill: control characters (an escape sequence may
# repaint a terminal), halves of surrogate pairs, and marks that turn the direction of writing.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufffe\uffff]"
)


class Context(NamedTuple):
    """What a format may need besides the result."""

    environ: Mapping[str, str] = {}  # CLASSROOM, ASSIGNMENT, COMMIT_URL and the like
    now: datetime | None = None
    roster: list[dict[str, str]] = []  # a row a student: submission, student_id, last_name, ...
    metadata: dict[str, Any] = {}  # Gradescope's submission_metadata.json
    released: bool = True  # whether students may see points


class Format(NamedTuple):
    """How one kind of reader wants it."""

    name: str
    ending: str
    one: Callable[[dict, Context], str]
    many: Callable[[list[dict], Context], str] | None  # None: it knows one submission only


class Row(NamedTuple):
    """One function of a result; or what lateness takes, the last."""

    name: str
    verdict: str
    score: Decimal
    max_score: Decimal
    passed: bool  # full points, and right
    message: str = ""
    mistake: str = ""  # for instructors
    category: str = ""
    counterexample: dict[str, Any] | None = None
    parts: list[tuple[str, str]] = []  # output, verdict
    remarks: list[str] = []


class Report(NamedTuple):
    """A result, safe to show. The scores of functions and late add up to score."""

    assignment: str
    title: str
    submission: str
    digest: str
    practice: str  # why it does not count, "" if it does
    functions: list[Row]
    late: Row | None  # what lateness takes: a score below 0, out of 0
    late_message: str
    submitted: str
    raw: Decimal  # before lateness
    score: Decimal
    max_score: Decimal
    unit: int  # units a point
    remarks: list[str]
    review: list[str]  # for instructors

    @property
    def rows(self) -> list[Row]:
        """The functions, and lateness where it costs."""
        return self.functions + ([self.late] if self.late else [])

    @property
    def passed(self) -> bool:
        """Whether every row is."""
        return bool(self.functions) and all(row.passed for row in self.rows)

    def spread(self) -> list[Row]:
        """The functions, lateness taken from each by its points: where there is no row for it."""
        if self.late is None:
            return self.functions
        units = [int(row.score * self.unit) for row in self.functions]
        total = int(self.score * self.unit)
        raw = sum(units)
        values = [Fraction(each * total, raw) if raw else Fraction(0) for each in units]
        fewer = apportioned(values, units, total)
        return [
            row._replace(
                score=_points(now, self.unit),
                passed=False,
                message=f"{row.message} [{self.late_message}]" if was else row.message,
            )
            if now < was or not row.passed
            else row
            for row, was, now in zip(self.functions, units, fewer, strict=True)
        ]


def report(result: Any) -> Report:
    """Read a result. Nothing of it is taken for granted: what is not as it should be is worth 0."""
    result = clean(result)
    result = result if isinstance(result, dict) else {}
    found = [each for each in _list(result.get("problems")) if isinstance(each, dict)]
    unit = _unit([_number(each.get("max_score")) for each in found])
    tops = [_units(_number(each.get("max_score")), unit) for each in found]
    values, caps, full = [], [], []
    for each, top in zip(found, tops, strict=True):
        most = _number(each.get("max_score"))
        value = min(_number(each.get("score")), most)
        all_of_it = value >= most and each.get("verdict") in FULL
        full.append(all_of_it)
        values.append(Fraction(top) if all_of_it else value * unit)
        caps.append(top if all_of_it else max(top - 1, 0))
    scores = apportioned(values, caps, _whole(sum(values, Fraction(0))))
    rows = [
        _row(each, _points(score, unit), _points(top, unit), passed)
        for each, score, top, passed in zip(found, scores, tops, full, strict=True)
    ]
    raw = sum(scores)
    late, final = result.get("late"), raw
    told = _text(late.get("message")) if isinstance(late, dict) else ""
    if isinstance(late, dict):
        final = _final(result, late, raw, unit)
    taken = None
    if final < raw:
        taken = Row(
            LATE, LATE, _points(final - raw, unit), Decimal(0), False, told or "handed in late"
        )
    return Report(
        _text(result.get("assignment")) or "assignment",
        _text(result.get("title")) or _text(result.get("assignment")) or "Assignment",
        _text(result.get("submission")) or "submission",
        _text(result.get("digest")),
        _practice(result),
        rows,
        taken,
        told,
        _text(late.get("submitted")) if isinstance(late, dict) else "",
        _points(raw, unit),
        _points(final, unit),
        _points(sum(tops), unit),
        unit,
        _remarks(result.get("remarks")),
        [_text(each) for each in _list(result.get("review")) if each],
    )


def _row(entry: dict[str, Any], score: Decimal, top: Decimal, passed: bool) -> Row:
    shown = entry.get("counterexample")
    verdict, message = _text(entry.get("verdict")) or "wrong", _text(entry.get("message"))
    if verdict == "correct" and not passed:
        verdict, message = "undecided", "right, but not all points were given: ask your instructor"
    return Row(
        _text(entry.get("name")) or "function",
        verdict,
        score,
        top,
        passed,
        message,
        _text(entry.get("mistake")),
        _text(entry.get("category")),
        shown if isinstance(shown, dict) else None,
        [
            (_text(part.get("name")), _text(part.get("verdict")))
            for part in _list(entry.get("parts"))
            if isinstance(part, dict)
        ],
        _remarks(entry.get("remarks")),
    )


def _remarks(value: Any) -> list[str]:
    return [cut(_text(each), REMARK) for each in _list(value)[:REMARKS] if each]


def _practice(result: dict[str, Any]) -> str:
    """Why a result does not count."""
    if result.get("official", True):
        return ""
    walls = [_text(each) for each in _list(result.get("isolation"))]
    if "seccomp" in walls and "landlock" in walls:
        return "practice: the examples can be drawn by anyone"
    return "practice: this system could not lock the code in"


def _final(result: dict[str, Any], late: dict[str, Any], raw: int, unit: int) -> int:
    """The units that lateness leaves; below raw if it takes anything at all."""
    if _is_number(result.get("final_score")):
        return min(raw, _whole(_number(result["final_score"]) * unit))
    share = late.get("share")
    kept = min(_number(share), Fraction(1)) if _is_number(share) else Fraction(1)
    return min(raw, _whole(raw * kept))


# Points -----------------------------------------------------------------------------------------


def apportioned(values: list[Fraction], caps: list[int], total: int) -> list[int]:
    """Whole numbers near the values, none above its cap, that add up to total where the caps allow.

    By largest remainder: rounded down first, and what is missing goes to those that lost most.
    """
    whole = [min(int(value), cap) for value, cap in zip(values, caps, strict=True)]
    missing = min(total, sum(caps)) - sum(whole)
    order = sorted(range(len(values)), key=lambda k: (whole[k] - values[k], k))
    while missing > 0:
        for k in order:
            if missing > 0 and whole[k] < caps[k]:
                whole[k] += 1
                missing -= 1
    return whole


def _unit(tops: list[Fraction]) -> int:
    """Units a point: hundredths, or finer if the assignment gives points that are."""
    for unit in (100, 1_000, 10_000, 100_000):
        if all((top * unit).denominator == 1 for top in tops):
            return unit
    return 1_000_000


def _units(value: Fraction, unit: int) -> int:
    return max(_whole(value * unit), 1 if value else 0)


def _whole(value: Fraction) -> int:
    """To the nearest, halves up."""
    return math.floor(value + Fraction(1, 2))


def _points(units: int, unit: int) -> Decimal:
    return Decimal(units) / unit


def _number(value: Any) -> Fraction:
    """A number of points; anything else is none."""
    return Fraction(str(round(value, 6))) if _is_number(value) and 0 < value < 1e9 else Fraction(0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def spelled(points: Decimal) -> str:
    """Points as people write them: 2, 1.33, 0.5."""
    text = f"{points:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def number(points: Decimal) -> int | float:
    """Points as JSON writes them."""
    return int(points) if points == points.to_integral_value() else float(points)


# Text -------------------------------------------------------------------------------------------


def clean(value: Any, depth: int = 0) -> Any:
    """A copy of plain data that any reader takes: finite numbers, safe text, an end to it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 1 << 53 else str(value)[:40]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, str):
        return safe(value)
    if depth > DEPTH:
        return "..."
    if isinstance(value, Mapping):
        return {safe(str(k))[:200]: clean(v, depth + 1) for k, v in list(value.items())[:MOST]}
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(each, depth + 1) for each in list(value)[:MOST]]
    if hasattr(value, "tolist"):  # of NumPy
        return clean(value.tolist(), depth)
    return safe(str(value))


def safe(text: str) -> str:
    """Text without what a terminal, XML or a database takes ill, and not too long."""
    text = text[: LONGEST + 1].replace("\r\n", "\n").replace("\r", "\n")
    text = _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= LONGEST else text[: LONGEST - 14] + " ... (cut off)"


def strict_json(value: Any, **options: Any) -> str:
    """JSON that every reader takes: no NaN, no Infinity."""
    return json.dumps(clean(value), allow_nan=False, ensure_ascii=False, **options)


def cut(text: str, most: int) -> str:
    """At most so many characters of a text."""
    return text if len(text) <= most else text[: max(most - 14, 0)] + " ... (cut off)"


def feedback(row: Row, width: int = 100) -> str:
    """What a student reads about a function: message, example, remarks. No points."""
    lines = [row.message] if row.message else []
    wrong = [f"{name} {verdict}" for name, verdict in row.parts if verdict != "correct"]
    if len(row.parts) > 1 and wrong and len(wrong) < len(row.parts):
        right = [name for name, verdict in row.parts if verdict == "correct"]
        lines.append(f"right: {', '.join(right)}; not yet: {', '.join(wrong)}")
    if row.counterexample is not None:
        lines += ["", *code.shown(row.counterexample, row.name, width)]
    if row.remarks:
        lines += [""] if row.counterexample is not None else []
        lines += [f"remark: {remark}" for remark in row.remarks]
    return "\n".join(lines)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, bool | dict | list) else str(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
