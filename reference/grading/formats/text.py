"""For a terminal: plain text, at most 100 columns."""

import textwrap
from collections import Counter

from reference.grading.formats.report import Context, Report, Row, feedback, report, spelled

WIDTH = 100
NAMES = 34  # columns for a name


def one(result: dict, context: Context) -> str:
    """What a student reads. Points stand there once they are released."""
    told = report(result)
    lines = [_wrapped(f"{told.title}: {told.submission}"), ""]
    if told.practice:
        lines += [_wrapped(told.practice[0].upper() + told.practice[1:] + "."), ""]
    for row in told.rows:
        lines.append(_line(row, context.released))
        if not row.passed:
            lines += [
                textwrap.indent(_each_wrapped(feedback(row, WIDTH - 4), WIDTH - 4), "    "),
                "",
            ]
        else:
            lines += [_wrapped(f"    remark: {remark}", "    ") for remark in row.remarks]
    while lines[-1] == "":
        lines.pop()
    lines += ["", _verdict(told, context.released)]
    if told.late_message and told.late is None:
        lines.append(_wrapped(told.late_message))
    lines += [_wrapped(f"remark: {remark}") for remark in told.remarks]
    return "\n".join(lines) + "\n"


def many(results: list[dict], context: Context) -> str:
    """What an instructor reads of a class: a line each, then the mistakes, and what to look at."""
    reports = [report(result) for result in results]
    if not reports:
        return "no submissions\n"
    title = f"{reports[0].title}: {len(reports)} submission{'s' * (len(reports) != 1)}"
    lines = [_wrapped(title), ""]
    names = min(max(len(told.submission) for told in reports), NAMES)
    for told in reports:
        bad = [f"{row.name} {row.verdict}" for row in told.rows if not row.passed]
        points = f"{spelled(told.score):>7} / {spelled(told.max_score)}"
        start = f"{_short(told.submission, names):{names}} {points}  "
        text = ", ".join(bad) or "all right"
        lines.append(
            start + textwrap.shorten(text, max(WIDTH - len(start), 20), placeholder=" ...")
        )
    counts = Counter(
        (row.name, row.mistake) for told in reports for row in told.functions if row.mistake
    )
    if counts:
        lines += ["", "mistakes"]
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        lines += [_wrapped(f"{n:5}  {name}: {mistake}", " " * 7) for (name, mistake), n in ordered]
    review = [(told.submission, each) for told in reports for each in told.review]
    if review:
        lines += ["", "for review (no points were taken for these)"]
        lines += [_wrapped(f"  {name}: {each}", "    ") for name, each in review]
    practice = sum(bool(told.practice) for told in reports)
    if practice:
        lines += ["", f"{practice} of {len(reports)} are practice runs and do not count"]
    return "\n".join(lines) + "\n"


def _verdict(told: Report, released: bool) -> str:
    right = sum(row.passed for row in told.functions)
    of = f"{right} of {len(told.functions)} function{'s' * (len(told.functions) != 1)} right"
    if not released:
        return f"{of}; points are not released yet"
    return f"{of}, {spelled(told.score)} of {spelled(told.max_score)} points"


def _line(row: Row, released: bool) -> str:
    points = f"{spelled(row.score)} / {spelled(row.max_score)}" if released else ""
    return f"{_short(row.name, 50):50} {row.verdict:17} {points:>14}".rstrip()


def _short(name: str, most: int) -> str:
    name = " ".join(name.split())
    return name if len(name) <= most else name[: most - 3] + "..."


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True
    )


def _each_wrapped(text: str, width: int) -> str:
    """Each line wrapped on its own; code, which is wrapped already, as it is."""
    lines = []
    for line in text.split("\n"):
        if len(line) <= width:
            lines.append(line)
        else:
            lines += textwrap.wrap(line, width, break_on_hyphens=False)
    return "\n".join(lines)
