"""PrairieLearn: results/results.json, its score from 0 to 1, at most 1 MB."""

from decimal import Decimal

from reference.grading.formats.report import (
    Context,
    Report,
    cut,
    feedback,
    number,
    report,
    strict_json,
)

LARGEST = 900_000  # bytes
UNREAD = ("SyntaxError", "IndentationError", "TabError", "ValueError: source code")


def one(result: dict, context: Context) -> str:
    """results.json. Where nothing could be read it is not gradable, which costs no attempt."""
    told = report(result)
    for longest in (10_000, 2_000, 500, 100):
        text = _told(told, longest)
        if len(text.encode()) <= LARGEST:
            break
    return text


def unread(told: Report) -> list[str]:
    """Why nothing of a submission could be read; empty if any function was."""
    if not told.functions:
        return ["no function was graded", *told.remarks]
    broken = [row for row in told.functions if row.message.startswith(UNREAD)]
    missing = [
        row
        for row in told.functions
        if row.verdict == "missing" and row.message.endswith("is not defined in the submission")
    ]
    if len(broken) + len(missing) < len(told.functions):
        return []
    if not broken and not told.remarks:
        names = ", ".join(row.name for row in told.functions[:5])
        more = " ..." if len(told.functions) > 5 else ""
        return [f"none of the functions is defined in the files handed in: {names}{more}"]
    return list(dict.fromkeys([*told.remarks, *(row.message for row in broken)]))


def _told(told: Report, longest: int) -> str:
    errors = unread(told)
    if errors:
        errors = [cut(each, longest) for each in errors[:20]]
        return strict_json(
            {"gradable": False, "score": 0, "message": errors[0], "format_errors": errors}
        )
    lines = [line for line in (told.practice, told.late_message) if line]
    share = told.score / told.max_score if told.max_score else Decimal(0)
    return strict_json(
        {
            "gradable": True,
            "score": float(min(max(share, Decimal(0)), Decimal(1))),
            "message": "\n".join(lines),
            "output": "\n".join(cut(f"remark: {remark}", longest) for remark in told.remarks[:50]),
            "images": [],
            "tests": [
                {
                    "name": cut(row.name, 200),
                    "description": row.verdict,
                    "points": number(row.score),
                    "max_points": number(row.max_score),
                    "message": cut(row.message, longest),
                    "output": cut(feedback(row._replace(message="")), longest).strip("\n"),
                    "images": [],
                }
                for row in told.rows
            ],
        },
        indent=1,
    )
