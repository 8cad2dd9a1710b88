"""Gradescope: results/results.json.

Before points are released, the functions' rows wait until grades are published, and what a student
may read at once stands in the output above them. Nothing for review is in it, not even in
extra_data, which comes back to the container of a later attempt.
"""

from reference.grading.formats.report import (
    Context,
    Report,
    cut,
    feedback,
    number,
    report,
    strict_json,
)

LONGEST = 10_000  # characters of one output
WHOLE = 60_000  # of the output above all


def one(result: dict, context: Context) -> str:
    """results.json: the rows' scores add up to score."""
    told = report(result)
    tests = []
    for k, row in enumerate(told.rows, start=1):
        tests.append(
            {
                "name": row.name,
                "name_format": "text",
                "number": str(k),
                "score": number(row.score),
                "max_score": number(row.max_score),
                "status": "passed" if row.passed else "failed",
                "output": cut(feedback(row), LONGEST),
                "output_format": "text",
                "visibility": "visible" if context.released else "after_published",
            }
        )
    return strict_json(
        {
            "score": number(told.score),
            "output": cut(_output(told, context.released), WHOLE),
            "output_format": "text",
            "test_output_format": "text",
            "test_name_format": "text",
            "stdout_visibility": "hidden",
            "extra_data": {"digest": told.digest, "official": not told.practice},
            "tests": tests,
        },
        indent=1,
    )


def _output(told: Report, released: bool) -> str:
    lines = [told.practice] if told.practice else []
    if not told.functions:
        lines.append("no function was graded")
    lines += [told.late_message] if told.late_message else []
    lines += [f"remark: {remark}" for remark in told.remarks]
    if not released:
        lines.append("Points are shown once grades are published.")
        for row in told.functions:
            lines += ["", f"{row.name}: {row.verdict}", cut(feedback(row), LONGEST)]
    return "\n".join(lines)
