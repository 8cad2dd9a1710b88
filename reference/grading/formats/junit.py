"""JUnit XML, what every CI reads: a suite a submission, a case a function.

Failures are wrong or missing, errors did not run to their end. Points stand in the suite's
properties.
"""

from collections.abc import Iterable
from xml.etree import ElementTree as Tree

from reference.grading.formats.report import Context, Report, cut, feedback, report, spelled

ERRORS = ("raises", "timeout", "blocked")
LONGEST = 10_000


def one(result: dict, context: Context) -> str:
    """One submission."""
    return many([result], context)


def many(results: list[dict], context: Context) -> str:
    """A class."""
    suites = [_suite(report(result), context) for result in results]
    root = Tree.Element("testsuites", _counts(suites))
    root.extend(suites)
    Tree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Tree.tostring(root, encoding="unicode")}\n'


def _suite(told: Report, context: Context) -> Tree.Element:
    suite = Tree.Element("testsuite", {"name": cut(told.submission, 200)})
    properties = Tree.SubElement(suite, "properties")
    facts = {"assignment": told.assignment, "official": "false" if told.practice else "true"}
    if context.released:
        facts |= {"score": spelled(told.score), "max_score": spelled(told.max_score)}
    for name, value in facts.items():
        Tree.SubElement(properties, "property", {"name": name, "value": value})
    for row in told.rows:
        about = {"name": cut(row.name, 200), "classname": told.assignment, "time": "0"}
        case = Tree.SubElement(suite, "testcase", about)
        if row.passed:
            continue
        kind = "error" if row.verdict in ERRORS else "failure"
        head = cut(" ".join(row.message.split()), 300)
        found = Tree.SubElement(case, kind, {"message": head, "type": row.verdict})
        found.text = cut(feedback(row), LONGEST)
    if not told.rows:
        case = Tree.SubElement(suite, "testcase", {"name": "grading", "classname": told.assignment})
        Tree.SubElement(case, "error", {"message": "no function was graded", "type": "missing"})
    for key, value in _counts([suite]).items():
        suite.set(key, value)
    said = "\n".join(filter(None, [told.practice, told.late_message, *told.remarks]))
    if said:
        Tree.SubElement(suite, "system-out").text = cut(said, LONGEST)
    return suite


def _counts(suites: Iterable[Tree.Element]) -> dict[str, str]:
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in suites:
        for case in suite.iter("testcase"):
            counts["tests"] += 1
            for word in ("failure", "error", "skipped"):
                counts[{"failure": "failures", "error": "errors"}.get(word, word)] += (
                    case.find(word) is not None
                )
    return {key: str(count) for key, count in counts.items()} | {"time": "0"}
