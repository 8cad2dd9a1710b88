"""GitHub: result.json of Classroom 50, and the step output that the Classroom reporter reads."""

import base64
from datetime import UTC, datetime

from reference.grading.formats.report import (
    Context,
    Report,
    Row,
    cut,
    feedback,
    number,
    report,
    strict_json,
)

# The reporter gets it through an environment variable, and Linux ends those at 128 KiB.
LARGEST = 90_000  # bytes of JSON, before base64


def classroom50(result: dict, context: Context) -> str:
    """result.json. Its scores are whole numbers, so points are counted in hundredths: 200 for 2.

    Hundredths for every assignment whose points have no more than two decimals; in finer units if
    they have more. What lateness takes is taken from the functions, by their points.
    """
    told = report(result)

    def asked(name: str, otherwise: str = "") -> str:
        return context.environ.get(name) or otherwise

    def whole(points) -> int:
        return int(points * told.unit)

    rows = told.spread()
    now = context.now or datetime.now(UTC)
    return strict_json(
        {
            "schema": "classroom50/result/v1",
            "classroom": asked("CLASSROOM"),
            "assignment": asked("ASSIGNMENT", told.assignment),
            "submission": asked("SUBMISSION_TAG", told.submission),
            "commit": asked("COMMIT_URL"),
            "release": asked("RELEASE_URL"),
            "review": asked("REVIEW_URL"),
            "datetime": now.isoformat(timespec="seconds"),
            "score": whole(told.score),
            "max-score": whole(told.max_score),
            "tests": [
                {
                    "test-name": row.name,
                    "passed": row.passed,
                    "score": whole(row.score),
                    "max-score": whole(row.max_score),
                    "message": cut(feedback(row), 5_000),
                }
                for row in rows
            ],
        },
        indent=1,
    )


def reporter(result: dict, context: Context) -> str:
    """A line for the file that GITHUB_OUTPUT names: result= and base64 of the reporter's JSON."""
    told = report(result)
    for longest in (8_000, 2_000, 500, 0):
        text = _reported(told, longest)
        if len(text.encode()) <= LARGEST:
            break
    return f"result={base64.b64encode(text.encode()).decode()}\n"


def _reported(told: Report, longest: int) -> str:
    status = "pass" if told.passed else "fail" if told.functions else "error"
    return strict_json(
        {
            "version": 1,
            "status": status,
            "max_score": number(told.max_score),
            "tests": [_test(row, longest) for row in told.rows],
        }
    )


def _test(row: Row, longest: int) -> dict:
    return {
        "name": cut(row.name, 100),
        "status": "pass" if row.passed else "fail",
        "score": number(row.score),
        "message": cut(feedback(row), longest) if longest else "",
        "test_code": cut(row.name, 100),
        "filename": "",
        "line_no": 0,
        "duration": 0,
    }
