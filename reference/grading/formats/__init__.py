"""What platforms and people read: a result, or a class's, as text in the form that each expects.

report reads a result and weighs it in whole units, so that every format tells the same points; each
of the other files writes for one kind of reader.
"""

from reference.grading.formats import (
    autolab,
    classrooms,
    gradebooks,
    gradescope,
    junit,
    prairielearn,
    text,
)
from reference.grading.formats.report import Context, Format, strict_json

__all__ = ["FORMATS", "Context", "Format"]


def _json_one(result: dict, context: Context) -> str:
    """The result as it is, for programs and instructors: what is for review stands in it."""
    return strict_json(result, indent=1)


def _json_many(results: list[dict], context: Context) -> str:
    """A list of results."""
    return f"[{','.join(strict_json(result, indent=1) for result in results)}]"


def _html_one(result: dict, context: Context) -> str:
    from reference.grading.pages import student

    return student(result, context)


def _html_many(results: list[dict], context: Context) -> str:
    from reference.grading.pages import klass

    return klass(results, context, [])


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("text", ".txt", text.one, text.many),
        Format("json", ".json", _json_one, _json_many),
        Format("html", ".html", _html_one, _html_many),
        Format("junit", ".xml", junit.one, junit.many),
        Format("gradescope", ".json", gradescope.one, None),
        Format("classroom50", ".json", classrooms.classroom50, None),
        Format("classroom-reporter", ".txt", classrooms.reporter, None),
        Format("prairielearn", ".json", prairielearn.one, None),
        Format("autolab", ".txt", autolab.one, None),
        Format("nbgrader", ".csv", gradebooks.nbgrader_one, gradebooks.nbgrader),
        Format("canvas", ".csv", gradebooks.canvas_one, gradebooks.canvas),
    )
}
