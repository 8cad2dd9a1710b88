"""Gradebooks as CSV: nbgrader's and Canvas's. The roster says whose submission is whose.

A roster's row may have the columns of nbgrader (student_id, last_name, first_name, email) or of a
Canvas export (Student, ID, SIS User ID, SIS Login ID, Section), and one called submission with the
name that the submission goes by. Without that, a submission is a student's whose id, login, e-mail
or name it is called by, or whose Canvas id stands in the name as Canvas gives it to a download:
doejane_LATE_12345_67890_layers.
"""

import csv
import io
import re
from typing import Any

from reference.grading.formats.report import Context, Report, report, spelled

NBGRADER = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
            "raw_score", "late_submission_penalty", "score", "max_score")  # fmt: skip
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
KEYS = ("submission", "studentid", "id", "sisuserid", "sisloginid", "login", "email")


def nbgrader_one(result: dict, context: Context) -> str:
    """One submission, and a row for each of the others on the roster."""
    return nbgrader([result], context)


def nbgrader(results: list[dict], context: Context) -> str:
    """As nbgrader export writes it; who handed in nothing has 0 points and no timestamp.

    Errors: ValueError where two submissions are one student's.
    """
    reports = [report(result) for result in results]
    if not reports:
        return _csv([NBGRADER])
    due = str(context.metadata.get("due", ""))
    lines: list[Any] = [NBGRADER]
    for student, told in matched(reports, context.roster):
        known = {_key(name): value for name, value in student.items()}
        last, first = _named(known)
        who = known.get("studentid") or known.get("sisloginid") or known.get("id")
        who = who or (told.submission if told else "")
        points = ["0", "0", "0"]
        if told is not None:
            points = [told.raw, told.raw - told.score, told.score]
            points = [spelled(each) for each in points]
        lines.append(
            [reports[0].assignment, due, told.submitted if told else "", who, last, first,
             known.get("email", ""), *points, spelled(reports[0].max_score)]
        )  # fmt: skip
    return _csv(lines)


def canvas_one(result: dict, context: Context) -> str:
    """One submission, and a row for each of the others on the roster."""
    return canvas([result], context)


def canvas(results: list[dict], context: Context) -> str:
    """As Canvas imports it. Who handed in nothing has an empty cell, which changes nothing there.

    CANVAS_ASSIGNMENT_ID in the environment is the number that the column's title ends with; without
    it Canvas asks on import which assignment is meant.
    Errors: ValueError where two submissions are one student's.
    """
    reports = [report(result) for result in results]
    if not reports:
        return _csv([CANVAS])
    number = str(context.environ.get("CANVAS_ASSIGNMENT_ID") or "").strip()
    title = f"{reports[0].title} ({number})" if number else reports[0].title
    lines: list[Any] = [[*CANVAS, title]]
    lines.append(["Points Possible", "", "", "", "", spelled(reports[0].max_score)])
    for student, told in matched(reports, context.roster):
        known = {_key(name): value for name, value in student.items()}
        last, first = _named(known)
        name = known.get("student") or ", ".join(filter(None, (last, first)))
        name = name or (told.submission if told else "") or known.get("studentid", "")
        lines.append(
            [name, known.get("id", ""), known.get("sisuserid") or known.get("studentid", ""),
             known.get("sisloginid", ""), known.get("section", ""),
             spelled(told.score) if told else ""]
        )  # fmt: skip
    return _csv(lines)


def matched(
    reports: list[Report], roster: list[dict[str, str]]
) -> list[tuple[dict[str, str], Report | None]]:
    """Each student with their submission, if there is one; then the submissions that are nobody's.

    Errors: ValueError where two submissions are one student's.
    """
    rows = [{str(k): str(v or "").strip() for k, v in row.items() if k} for row in roster]
    rows = [row for row in rows if not _is_heading(row)]
    found: dict[int, Report] = {}
    nobody: list[Report] = []
    names = _index(rows)
    for told in reports:
        k = _whose(told.submission, names, rows)
        if k is None:
            nobody.append(told)
        elif k in found:
            one, two = found[k].submission, told.submission
            raise ValueError(f"{one!r} and {two!r} are both of one student: {_about(rows[k])}")
        else:
            found[k] = told
    pairs: list[tuple[dict[str, str], Report | None]] = [
        (row, found.get(k)) for k, row in enumerate(rows)
    ]
    return pairs + [({}, told) for told in nobody]


def _index(rows: list[dict[str, str]]) -> dict[str, set[int]]:
    """Where each of the words that a student goes by leads to."""
    names: dict[str, set[int]] = {}
    for k, row in enumerate(rows):
        known = {_key(name): value for name, value in row.items()}
        last, first = _named(known)
        words = {known.get(key, "") for key in KEYS} | {known.get("student", "")}
        words |= {
            known.get("email", "").partition("@")[0],
            known.get("sisloginid", "").partition("@")[0],
        }
        words |= {f"{first} {last}", f"{last} {first}"} if last and first else set()
        for word in words:
            if _plain(word):
                names.setdefault(_plain(word), set()).add(k)
    return names


def _whose(submission: str, names: dict[str, set[int]], rows: list[dict[str, str]]) -> int | None:
    found = names.get(_plain(submission), set())
    if len(found) > 1:  # the column made for it decides
        exact = {k for k in found if rows[k].get("submission", "") == submission}
        found = exact or found
    download = re.match(r"[^_]+(?:_LATE)?_(\d+)_\d+(?:_|$)", submission)
    if not found and download:
        found = {k for k, row in enumerate(rows) if row.get("ID") == download[1]}
    return found.pop() if len(found) == 1 else None


def _named(known: dict[str, str]) -> tuple[str, str]:
    """Last and first name."""
    if known.get("lastname") or known.get("firstname"):
        return known.get("lastname", ""), known.get("firstname", "")
    name = known.get("student") or known.get("name") or ""
    if "," in name:
        last, _, first = name.partition(",")
        return last.strip(), first.strip()
    first, _, last = name.rpartition(" ")
    return last, first


def _is_heading(row: dict[str, str]) -> bool:
    """The row of Canvas's that holds the points possible is nobody."""
    return row.get("Student", "").strip().lower() in ("points possible", "student, test")


def _about(row: dict[str, str]) -> str:
    return ", ".join(value for value in list(row.values())[:4] if value)


def _key(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", " ", word).strip().lower()


def _csv(lines: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(
        [[_cell(each) for each in row] for row in lines]
    )
    return out.getvalue()


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = re.sub(r"[\r\n\t\0]+", " ", str(value)).strip()
    return (
        f"'{text}"
        if re.match(r"[=+\-@|%\uff1d\uff0b\uff0d\uff20]", text) and not _is_points(text)
        else text
    )


def _is_points(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None
