"""Results as pages."""

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from reference.grading.formats import code
from reference.grading.formats.report import Context, Report, Row, clean, cut, report, spelled
from reference.grading.summary import summary

WORDS = {
    "correct": "right",
    "wrong": "wrong",
    "shape": "wrong shape",
    "raises": "raises an error",
    "missing": "not written",
    "outdated": "out of date",
    "timeout": "too slow",
    "nondeterministic": "not repeatable",
    "blocked": "not allowed",
    "late": "late",
}
LONGEST = 4_000  # characters of one text
MISTAKES = 40  # rows of the class's table of mistakes
WIDTH = 72
SHORT = 16  # lines of code that are shown at once


class Cell(NamedTuple):
    """One number of a table."""

    text: str
    off: bool  # not what was expected


def student(result: dict[str, Any], context: Context) -> str:
    """What a student looks at. Points stand there once they are released."""
    told = report(result)
    return _page(
        "student.html",
        told=told,
        rows=[_shown(row) for row in told.rows],
        right=sum(row.passed for row in told.functions),
        percent=_percent(told),
        released=context.released,
    )


def klass(
    results: list[dict[str, Any]],
    context: Context,
    pairs: list[tuple[str, str, float]],
    pages: dict[str, str] | None = None,
) -> str:
    """What the instructor looks at: scores, mistakes, and what to look into. Not for students.

    pages: the file of each submission's page, where there is one
    """
    reports = [report(result) for result in results]
    found = summary(results)
    names = list(dict.fromkeys(row.name for told in reports for row in told.functions))
    lines = []
    for told in sorted(reports, key=lambda told: told.submission.lower()):
        rows = {row.name: row for row in told.functions}
        lines.append((told, [rows.get(name) for name in names]))
    mistakes = sorted(
        ((count, function, mistake)
         for function, counts in found["mistakes"].items() for mistake, count in counts.items()),
        key=lambda item: (-item[0], item[1], item[2]),
    )  # fmt: skip
    highest = max((each["count"] for each in found["scores"]["distribution"]), default=0)
    return _page(
        "class.html",
        title=reports[0].title if reports else "No submissions",
        found=found,
        names=names,
        pages=pages or {},
        lines=lines,
        mistakes=mistakes[:MISTAKES],
        more_mistakes=max(len(mistakes) - MISTAKES, 0),
        highest=highest or 1,
        pairs=[(clean(str(one)), clean(str(two)), share) for one, two, share in pairs],
        review=[(told.submission, told.review) for told in reports if told.review],
        practice=next((told.practice for told in reports if told.practice), ""),
        late=any(told.late for told in reports),
        now=context.now.strftime("%Y-%m-%d %H:%M %Z").strip() if context.now else "",
    )


def _shown(row: Row) -> dict[str, Any]:
    """A row with its counterexample, in what a template needs."""
    shown: dict[str, Any] = {"row": row, "example": None}
    if row.counterexample is not None:
        given = row.counterexample
        output = str(given.get("output") or "the result")
        calls = code.calls(given, WIDTH) or [f"# then call {row.name}; look at {output}"]
        lines = [*code.inputs(given, WIDTH), *calls]
        expected, got = tables(given.get("expected"), given.get("got"))
        shown["example"] = {
            "output": output,
            "code": cut("\n".join(lines), 4 * LONGEST),
            "short": len(lines) <= SHORT,
            "expected": expected,
            "got": got,
            "expected_text": cut(code.readable(given.get("expected"), WIDTH), LONGEST),
            "got_text": cut(code.readable(given.get("got"), WIDTH), LONGEST),
        }
    return shown


def tables(expected: Any, got: Any) -> tuple[list[list[Cell]] | None, list[list[Cell]] | None]:
    """Both as tables where both are numbers of at most two axes, and the same shape; else None."""
    shape = code.shape(expected)
    if shape is None or shape != code.shape(got) or len(shape) > 2 or any(n > 12 for n in shape):
        return None, None
    right, theirs = _rows(expected, len(shape)), _rows(got, len(shape))
    scale = max((abs(v) for row in right for v in row if isinstance(v, int | float)), default=0)
    off = [
        [_off(a, b, scale) for a, b in zip(one, two, strict=True)]
        for one, two in zip(right, theirs, strict=True)
    ]

    def drawn(rows: list[list[Any]]) -> list[list[Cell]]:
        return [
            [Cell(_number(value), bad) for value, bad in zip(row, bads, strict=True)]
            for row, bads in zip(rows, off, strict=True)
        ]

    return drawn(right), drawn(theirs)


def _rows(value: Any, axes: int) -> list[list[Any]]:
    return [[value]] if axes == 0 else [value] if axes == 1 else value


def _off(one: Any, two: Any, scale: float) -> bool:
    if isinstance(one, str) or isinstance(two, str):
        return one != two
    return abs(one - two) > 1e-6 * (scale or 1.0)


def _number(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _spoken(text: str) -> Any:
    """A message, what stands between backticks as code; the rest, and that, escaped."""
    from markupsafe import Markup, escape

    parts = cut(text, LONGEST).split("`")
    if len(parts) % 2 == 0:
        return escape("`".join(parts))
    marked = [Markup("<code>{}</code>").format(part) if k % 2 else escape(part)
              for k, part in enumerate(parts)]  # fmt: skip
    return Markup("").join(marked)


def _breakable(name: str) -> Any:
    """A name that may go on in the next line after an underscore or a dot."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"([_.])(?=\w)", r"\1<wbr>", str(escape(cut(name, 200)))))


def _percent(told: Report) -> float:
    return round(100 * float(told.score / told.max_score), 1) if told.max_score else 0.0


def _page(name: str, **values: Any) -> str:
    return _templates().get_template(name).render(**values)


@cache
def _templates() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["points"] = spelled
    made.filters["word"] = lambda verdict: WORDS.get(verdict, verdict)
    made.filters["kind"] = lambda verdict: verdict if verdict in WORDS else "wrong"
    made.filters["breakable"] = _breakable
    made.filters["spoken"] = _spoken
    made.filters["cut"] = lambda text: cut(text, LONGEST)
    return made
