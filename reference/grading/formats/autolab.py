"""Autolab: the last line of stdout holds the scores; the line before it, what is shown.

The assessment's problems are called as the functions are. Autolab refuses scores of problems that
it does not know: what lateness takes is taken from the functions, by their points.
"""

from reference.grading.formats.report import Context, cut, feedback, number, report, strict_json


def one(result: dict, context: Context) -> str:
    """Two lines."""
    told = report(result)
    rows = told.spread()
    tests = {}
    for row in rows:
        tests[row.name] = {"passed": row.passed}
        if not row.passed:
            tests[row.name]["hint"] = cut(feedback(row), 4_000)
    shown = {"_presentation": "semantic", "stages": ["Functions"], "Functions": tests}
    scores = {"scores": {row.name: number(row.score) for row in rows}}
    return f"{strict_json(shown)}\n{strict_json(scores)}\n"
