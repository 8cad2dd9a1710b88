"""Every platform's format: field by field, points that add up, and nothing that breaks a reader."""

import base64
import csv
import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from xml.etree import ElementTree as Tree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.grading.courses import course
from reference.grading.examples import drawn
from reference.grading.formats import FORMATS, Context, Format
from reference.grading.formats.code import literal, shown
from reference.grading.formats.gradebooks import matched
from reference.grading.formats.report import apportioned, clean, report, safe
from reference.grading.formats.script import script
from reference.grading.recipe import Ours, program

NOW = datetime(2026, 10, 2, 9, 30, tzinfo=UTC)
CONTEXT = Context({}, NOW)
ONE = sorted(FORMATS)
# What stands in a result for instructors alone.
REVIEW, MISTAKE = "gradient by differences?", "affine dw over the batch size"


def entry(name, score, max_score=1.0, verdict=None, **more):
    verdict = verdict or ("correct" if score == max_score else "wrong")
    return {
        "name": name, "verdict": verdict, "score": score, "max_score": max_score, "mistake": None,
        "message": "right" if verdict == "correct" else f"{name} is wrong.",
        "counterexample": None, "parts": [], "remarks": [],
    } | more  # fmt: skip


def result(problems=None, **more):
    if problems is None:
        problems = [
            entry("affine_forward", 1.0),
            wrong(),
            entry("relu_forward", 0.0, verdict="raises"),
        ]
    return {
        "schema": "backproof/result/v1", "assignment": "hw1", "title": "Homework 1",
        "submission": "ada", "digest": "d" * 64, "isolation": ["limits", "landlock", "seccomp"],
        "official": True, "score": sum(p["score"] for p in problems),
        "max_score": sum(p["max_score"] for p in problems), "problems": problems,
        "remarks": [], "review": [REVIEW],
    } | more  # fmt: skip


def wrong():
    parts = [("dx", "correct"), ("dw", "wrong"), ("db", "correct")]
    return entry(
        "affine_backward", 1.333334, 2.0, mistake=MISTAKE, category="the scale",
        message="dw is wrong. Look at dw again: could it be the scale?",
        parts=[{"name": name, "verdict": each, "score": 0.666667 * (each == "correct"),
                "max_score": 0.666667} for name, each in parts],
        counterexample={
            "inputs": {"x": [[0.5, -1.0]], "mode": "train", "y": [0, 1], "w": "zeros (2, 1)"},
            "output": "dw", "expected": [[0.25], [4.25]], "got": [["nan"], [2.125]], "numbers": 6,
        },
        remarks=["RuntimeWarning: divide by zero"],
    )  # fmt: skip


def late(of, share=0.9):
    message = "1 h late, 1 day begun: 10 % of the points off"
    told = {"share": share, "message": message, "submitted": "2026-10-01T10:00:00+00:00"}
    return of | {"late": told, "final_score": round(of["score"] * share, 6)}


BAD = {
    "nan": result([entry("f", float("nan")), entry("g", float("inf")), entry("h", 1.0)]),
    "html": result([entry("f", 0.0, message="<script>alert('x')</script>]]>&amp; \"quoted\"")]),
    "huge": result([entry("f", 0.0, message="x" * 3_000_000, remarks=["y " * 300_000] * 30)] * 9),
    "unicode": result([entry("f", 0.0, message="\ud800 \x00 \x1b[31m \u202e\u5b66\ufffe\r\na\rb")]),
    "no problems": result([]),
    "fractions": result([entry(f"f{k}", 1 / 3 * (k % 4), 1.0) for k in range(7)]),
    "thirds of a point": result([entry("f", 0.1, 1 / 3), entry("g", 1 / 3, 1 / 3)]),
    "thousandths": result([entry("f", 0.001, 0.002), entry("g", 0.003, 0.003)]),
    "nearly all": result([entry("f", 0.999999, 1.0), entry("g", 1.0)]),
    "correct without points": result([entry("f", 0.0, verdict="correct")]),
    "wrong with points": result([entry("f", 1.0, verdict="wrong")]),
    "numpy": result([entry("f", np.float64(0.5), 1.0, counterexample={
        "inputs": {"x": np.ones((2, 2))}, "output": "dx", "expected": np.float32(1),
        "got": None})]),
    "strange": {"problems": [None, 3, {"name": None, "score": "1", "parts": 7, "remarks": "x",
                             "counterexample": {"inputs": 3}}], "late": 3, "official": False},
    "empty": {},
    "late": late(result()),
    "too late": late(result(), 0.0),
    "late, all right": late(result([entry("f", 1.0), entry("g", 2.0, 2.0)])),
    "late by NaN": result(late={"share": float("nan"), "message": None}, final_score=float("nan")),
}  # fmt: skip


def strict(text):
    """JSON as the strictest reader takes it."""

    def refuse(word):
        raise ValueError(word)

    return json.loads(text, parse_constant=refuse)


def read_reporter(text):
    assert re.fullmatch(r"result=[A-Za-z0-9+/=]+\n", text)
    return strict(base64.b64decode(text.removeprefix("result=")))


# All of them ------------------------------------------------------------------------------------


def test_formats_are_the_ones_that_platforms_have():
    assert list(FORMATS) == [
        "text", "json", "html", "junit", "gradescope", "classroom50", "classroom-reporter",
        "prairielearn", "autolab", "nbgrader", "canvas",
    ]  # fmt: skip
    for name, each in FORMATS.items():
        assert isinstance(each, Format) and each.name == name and each.ending.startswith(".")
    many = {name for name, each in FORMATS.items() if each.many}
    assert many == {"text", "json", "html", "junit", "nbgrader", "canvas"}


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("bad", BAD)
def test_no_result_breaks_a_format(name, bad):
    for released in (True, False):
        text = FORMATS[name].one(BAD[bad], CONTEXT._replace(released=released))
        text.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202e]", text)
        assert len(text) < 1_100_000 or name == "json"
    many = FORMATS[name].many
    if many:
        other = BAD[bad] | {"submission": "another"}
        assert many([BAD[bad], other], CONTEXT) and many([], CONTEXT)


@pytest.mark.parametrize("name", [name for name in ONE if name != "json"])
@pytest.mark.parametrize("released", [True, False])
def test_what_is_for_instructors_reaches_no_student(name, released):
    text = FORMATS[name].one(late(result()), CONTEXT._replace(released=released))
    if name == "classroom-reporter":
        text = base64.b64decode(text.removeprefix("result=")).decode()
    assert REVIEW not in text and "differences" not in text
    assert MISTAKE not in text, "the name of a mistake says more than the hint"


def test_json_keeps_all_for_instructors():
    told = strict(FORMATS["json"].one(result(), CONTEXT))
    assert told == clean(result()) and told["review"] == [REVIEW]
    assert FORMATS["json"].many is not None
    assert strict(FORMATS["json"].many([result()] * 3000, CONTEXT))[2999]["submission"] == "ada"


# Points -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", BAD)
def test_points_add_up_exactly_and_only_full_points_pass(bad):
    told = report(BAD[bad])
    for rows in (told.rows, told.spread()):
        assert sum((row.score for row in rows), Decimal(0)) == told.score
        assert all(row.score == row.max_score for row in rows if row.passed)
        assert not all(row.passed for row in rows) or told.score == told.max_score
    assert sum((row.max_score for row in told.rows), Decimal(0)) == told.max_score
    assert 0 <= told.score <= told.raw <= told.max_score


@pytest.mark.parametrize("bad", BAD)
def test_every_platform_tells_the_same_points(bad):
    told = report(BAD[bad])
    gradescope = strict(FORMATS["gradescope"].one(BAD[bad], CONTEXT))
    assert Decimal(str(gradescope["score"])) == told.score
    assert sum(Decimal(str(t["score"])) for t in gradescope["tests"]) == told.score
    for test in gradescope["tests"]:
        assert test["status"] == "failed" or test["score"] == test["max_score"]
    classroom = strict(FORMATS["classroom50"].one(BAD[bad], CONTEXT))
    assert Decimal(classroom["score"]) / told.unit == told.score
    for key in ("score", "max-score"):
        assert sum(t[key] for t in classroom["tests"]) == classroom[key]
        assert all(type(t[key]) is int and t[key] >= 0 for t in (*classroom["tests"], classroom))
    assert all(not t["passed"] or t["score"] == t["max-score"] for t in classroom["tests"])
    reporter = read_reporter(FORMATS["classroom-reporter"].one(BAD[bad], CONTEXT))
    assert sum(Decimal(str(t["score"])) for t in reporter["tests"]) == told.score
    assert (reporter["status"] == "pass") == told.passed
    autolab = FORMATS["autolab"].one(BAD[bad], CONTEXT).splitlines()
    if bad != "huge":  # its functions all have one name
        scores = strict(autolab[-1])["scores"]
        assert sum((Decimal(str(s)) for s in scores.values()), Decimal(0)) == told.score
    prairie = strict(FORMATS["prairielearn"].one(BAD[bad], CONTEXT))
    if prairie["gradable"] and told.max_score:
        assert 0 <= prairie["score"] <= 1
        points = sum(t["points"] for t in prairie["tests"])
        most = sum(t["max_points"] for t in prairie["tests"])
        assert prairie["score"] == pytest.approx(points / most)


def test_a_third_is_rounded_the_same_everywhere():
    told = report(result([entry(f"f{k}", 2 / 3, 1.0) for k in range(3)]))
    assert [str(row.score) for row in told.rows] == ["0.67", "0.67", "0.66"]
    assert told.score == 2


def test_nearly_full_points_never_read_as_full():
    told = report(BAD["nearly all"])
    assert told.functions[0].score == Decimal("0.99") and not told.passed


def test_what_lateness_takes_is_a_row_of_its_own():
    told = report(late(result([entry("f", 1.0), entry("g", 2.0, 2.0)])))
    assert told.late is not None and told.late.score == Decimal("-0.3") and not told.late.passed
    assert told.score == Decimal("2.7") and not told.passed
    spread = told.spread()
    assert [row.score for row in spread] == [Decimal("0.9"), Decimal("1.8")]
    assert not any(row.passed for row in spread) and "late" in spread[0].message


def test_code_for_an_older_numpy_passes_only_where_it_has_full_points():
    for score, passed in ((1.0, True), (0.0, False)):
        told = report(result([entry("f", score, verdict="outdated")]))
        assert told.functions[0].passed is passed


@given(st.lists(st.tuples(st.integers(1, 500), st.fractions(0, 1)), min_size=1, max_size=8))
def test_apportioning_adds_up_and_keeps_caps(pairs):
    values = [top * share for top, share in pairs]
    caps = [top for top, _ in pairs]
    total = round(sum(values, Fraction(0)))
    found = apportioned(values, caps, total)
    assert sum(found) == min(total, sum(caps))
    assert all(0 <= each <= cap for each, cap in zip(found, caps, strict=True))
    assert all(abs(each - value) < 2 for each, value in zip(found, values, strict=True))


@given(st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
))  # fmt: skip
def test_anything_plain_becomes_strict_json(value):
    text = FORMATS["json"].one({"value": value}, CONTEXT)
    strict(text)
    text.encode("utf-8")


# Gradescope -------------------------------------------------------------------------------------


def test_gradescope_has_its_fields():
    told = strict(FORMATS["gradescope"].one(result(), CONTEXT))
    known = {"score", "execution_time", "output", "output_format", "test_output_format",
             "test_name_format", "visibility", "stdout_visibility", "extra_data", "tests",
             "leaderboard"}  # fmt: skip
    assert set(told) <= known
    fields = {"score", "max_score", "status", "name", "name_format", "number", "output",
              "output_format", "tags", "visibility", "extra_data"}  # fmt: skip
    for test in told["tests"]:
        assert set(test) <= fields and test["status"] in ("passed", "failed")
        assert test["output_format"] == "text" and test["visibility"] == "visible"
    assert told["tests"][1]["name"] == "affine_backward" and told["tests"][1]["score"] == 1.33
    assert "expected dw = np.array([[0.25], [4.25]])" in told["tests"][1]["output"]
    assert told["stdout_visibility"] == "hidden"


def test_gradescope_shows_hints_but_no_points_before_they_are_released():
    told = strict(FORMATS["gradescope"].one(result(), CONTEXT._replace(released=False)))
    assert all(test["visibility"] == "after_published" for test in told["tests"])
    assert "dw is wrong" in told["output"] and "1.33" not in told["output"]


# GitHub -----------------------------------------------------------------------------------------


def test_classroom50_has_its_fields():
    environ = {"CLASSROOM": "ml", "ASSIGNMENT": "hw", "SUBMISSION_TAG": "submission/7",
               "COMMIT_URL": "c", "RELEASE_URL": "r", "REVIEW_URL": "v"}  # fmt: skip
    told = strict(FORMATS["classroom50"].one(result(), Context(environ, NOW)))
    tests = told.pop("tests")
    assert told == {
        "schema": "classroom50/result/v1", "classroom": "ml", "assignment": "hw",
        "submission": "submission/7", "commit": "c", "release": "r", "review": "v",
        "datetime": "2026-10-02T09:30:00+00:00", "score": 233, "max-score": 400,
    }  # fmt: skip
    assert [t["test-name"] for t in tests] == ["affine_forward", "affine_backward", "relu_forward"]
    assert [t["passed"] for t in tests] == [True, False, False]
    assert [t["score"] for t in tests] == [100, 133, 0]


def test_classroom_reporter_has_its_fields():
    told = read_reporter(FORMATS["classroom-reporter"].one(result(), CONTEXT))
    assert told["version"] == 1 and told["status"] == "fail" and told["max_score"] == 4
    keys = {"name", "status", "score", "message", "test_code", "filename", "line_no", "duration"}
    assert all(set(test) == keys for test in told["tests"])
    assert [test["status"] for test in told["tests"]] == ["pass", "fail", "fail"]
    nothing = read_reporter(FORMATS["classroom-reporter"].one(result([]), CONTEXT))
    assert nothing["status"] == "error" and nothing["tests"] == []


def test_classroom_reporter_fits_into_an_environment_variable():
    many = result([entry(f"f{k}", 0.0, message="m" * 20_000) for k in range(60)])
    assert len(FORMATS["classroom-reporter"].one(many, CONTEXT)) < 128 * 1024


# PrairieLearn, Autolab --------------------------------------------------------------------------


def test_prairielearn_has_its_fields():
    told = strict(FORMATS["prairielearn"].one(result(), CONTEXT))
    assert set(told) <= {
        "gradable",
        "score",
        "message",
        "output",
        "format_errors",
        "images",
        "tests",
    }
    assert told["gradable"] is True and told["score"] == pytest.approx(2.33 / 4)
    keys = {"name", "description", "points", "max_points", "message", "output", "images"}
    assert all(set(test) == keys for test in told["tests"])


def test_prairielearn_takes_no_attempt_where_nothing_could_be_read():
    gone = "{} is not defined in the submission"
    broken = "SyntaxError: '(' was never closed (layers.py, line 1)"
    nothing = [entry(f, 0.0, verdict="missing", message=gone.format(f)) for f in "fg"]
    one = strict(FORMATS["prairielearn"].one(result(nothing), CONTEXT))
    assert one["gradable"] is False and "f, g" in one["format_errors"][0]
    unreadable = entry("f", 0.0, verdict="raises", message=broken)
    two = strict(FORMATS["prairielearn"].one(result([unreadable, nothing[1]]), CONTEXT))
    assert two["gradable"] is False and "never closed" in two["format_errors"][0]
    unwritten = entry("f", 0.0, verdict="missing", message="f is not written yet")
    three = strict(FORMATS["prairielearn"].one(result([unwritten, nothing[1]]), CONTEXT))
    assert three["gradable"] is True and three["score"] == 0


def test_prairielearn_stays_below_a_megabyte():
    many = result([entry(f"f{k}", 0.0, message="\u5b66" * 20_000) for k in range(100)])
    assert len(FORMATS["prairielearn"].one(many, CONTEXT).encode()) < 1_000_000


def test_autolab_ends_with_the_scores():
    lines = FORMATS["autolab"].one(result(), CONTEXT).splitlines()
    assert len(lines) == 2
    shown_, scores = strict(lines[0]), strict(lines[1])
    assert scores == {"scores": {"affine_forward": 1, "affine_backward": 1.33, "relu_forward": 0}}
    assert shown_["_presentation"] == "semantic" and shown_["stages"] == ["Functions"]
    assert shown_["Functions"]["affine_forward"] == {"passed": True}
    assert "dw is wrong" in shown_["Functions"]["affine_backward"]["hint"]


# JUnit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", BAD)
def test_junit_is_xml_whose_counts_are_true(bad):
    assert FORMATS["junit"].many is not None
    root = Tree.fromstring(FORMATS["junit"].many([BAD[bad], result()], CONTEXT).encode())
    assert root.tag == "testsuites"
    suites = root.findall("testsuite")
    assert len(suites) == 2
    for each in (root, *suites):
        cases = list(each.iter("testcase"))
        assert int(each.get("tests")) == len(cases)
        for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(each.get(key)) == sum(case.find(tag) is not None for case in cases)
    assert all(case.get("name") and case.get("classname") for case in root.iter("testcase"))


def test_junit_tells_failures_from_errors():
    root = Tree.fromstring(FORMATS["junit"].one(result(), CONTEXT).encode())
    kinds = [[child.tag for child in case] for case in root.iter("testcase")]
    assert kinds == [[], ["failure"], ["error"]]
    values = {p.get("name"): p.get("value") for p in root.iter("property")}
    assert values["score"] == "2.33" and values["max_score"] == "4"
    hidden = FORMATS["junit"].one(result(), CONTEXT._replace(released=False))
    assert "2.33" not in hidden


# Gradebooks -------------------------------------------------------------------------------------


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


ROSTER = [
    {"student_id": "ada", "last_name": "Lovelace", "first_name": "Ada", "email": "ada@x.edu"},
    {
        "student_id": "s2",
        "last_name": "=cmd|' /C calc'!A0",
        "first_name": "+1",
        "email": "bo@x.edu",
    },
    {"student_id": "s3", "last_name": "Noether", "first_name": "Emmy", "email": "e@x.edu"},
]


def test_nbgrader_has_its_columns():
    made = FORMATS["nbgrader"].many
    assert made is not None
    text = made([late(result()), result(submission="bo")], Context({}, NOW, ROSTER))
    rows = rows_of(text)
    header = "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"
    assert text.splitlines()[0] == header + "late_submission_penalty,score,max_score"
    assert rows[1] == ["hw1", "", "2026-10-01T10:00:00+00:00", "ada", "Lovelace", "Ada",
                       "ada@x.edu", "2.33", "0.23", "2.1", "4"]  # fmt: skip
    assert rows[2][3] == "s2" and rows[2][9] == "2.33"  # by e-mail
    assert rows[3][3] == "s3" and rows[3][7:] == ["0", "0", "0", "4"]


def test_no_cell_begins_a_formula():
    for name in ("nbgrader", "canvas"):
        made = FORMATS[name].many
        assert made is not None
        names = ["=1+1", "+1", "-x", "@SUM(A1)", "\t=1", "\r=1", " =1", "|calc", "\uff1d1"]
        results = [result(submission=each, title="=HYPERLINK(1)") for each in names]
        for row in rows_of(made(results, Context({}, NOW, ROSTER))):
            assert not [cell for cell in row if re.match(r"\s*[=+@|\uff1d-]", cell)], row


def test_canvas_has_its_columns():
    roster = [
        {"Student": "Points Possible", "ID": "", "SIS User ID": "", "SIS Login ID": ""},
        {"Student": "Lovelace, Ada", "ID": "101", "SIS User ID": "u1", "SIS Login ID": "al1",
         "Section": "A"},
        {"Student": "Noether, Emmy", "ID": "102", "SIS User ID": "u2", "SIS Login ID": "en1",
         "Section": "A"},
    ]  # fmt: skip
    made = FORMATS["canvas"].many
    assert made is not None
    context = Context({"CANVAS_ASSIGNMENT_ID": "77"}, NOW, roster)
    rows = rows_of(made([result(submission="lovelaceada_LATE_101_5512_layers")], context))
    assert rows == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 1 (77)"],
        ["Points Possible", "", "", "", "", "4"],
        ["Lovelace, Ada", "101", "u1", "al1", "A", "2.33"],
        ["Noether, Emmy", "102", "u2", "en1", "A", ""],
    ]


@pytest.mark.parametrize("name", ["ada", "ADA", "ada@x.edu", "Ada Lovelace", "lovelace_ada"])
def test_a_submission_finds_its_student(name):
    pairs = matched([report(result(submission=name))], ROSTER)
    assert [told.submission if told else None for _, told in pairs] == [name, None, None]


def test_a_column_of_the_roster_decides():
    roster = [row | {"submission": f"submission_{k}"} for k, row in enumerate(ROSTER)]
    pairs = matched([report(result(submission="submission_2"))], roster)
    assert [told is not None for _, told in pairs] == [False, False, True]


def test_nobodys_submission_is_listed_and_two_of_one_student_are_refused():
    pairs = matched([report(result(submission="stranger"))], ROSTER)
    assert pairs[-1][0] == {} and len(pairs) == 4
    with pytest.raises(ValueError, match="are both of one student"):
        matched([report(result()), report(result(submission="ada@x.edu"))], ROSTER)


# Text and code ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", BAD)
def test_text_fits_a_terminal(bad):
    for text in (FORMATS["text"].one(BAD[bad], CONTEXT), FORMATS["text"].many([BAD[bad]], CONTEXT)):
        assert max(len(line) for line in text.split("\n")) <= 100
        assert "\x1b" not in text


def test_text_shows_expected_got_and_code():
    text = FORMATS["text"].one(result(), CONTEXT)
    assert "x = np.array([[0.5, -1.0]])" in text and "w = np.zeros((2, 1))" in text
    assert "mode = 'train'" in text
    assert "expected dw = np.array([[0.25], [4.25]])" in text
    assert "your     dw = np.array([[np.nan], [2.125]])" in text
    assert "1 of 3 functions right, 2.33 of 4 points" in text
    hidden = FORMATS["text"].one(result(), CONTEXT._replace(released=False))
    assert "2.33" not in hidden and "/ 2" not in hidden and "not released" in hidden


def test_text_says_what_is_practice():
    told = result(official=False, isolation=["limits"])
    assert "Practice: this system could not lock the code in" in FORMATS["text"].one(told, CONTEXT)
    told = result(official=False)
    assert "Practice: the examples can be drawn" in FORMATS["text"].one(told, CONTEXT)


def test_text_of_a_class_lists_mistakes_and_what_is_for_review():
    text = FORMATS["text"].many([result(), result(submission="bo")], CONTEXT)
    assert f"2  affine_backward: {MISTAKE}" in text and f"bo: {REVIEW}" in text


@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.integers(1, 5), min_size=n, max_size=n)),
       st.integers(20, 100))  # fmt: skip
def test_literals_are_the_arrays_they_show(shape, width):
    array = np.random.default_rng(0).normal(size=shape).round(6)
    text = literal(array.tolist(), width)
    assert np.array_equal(eval(text, {"np": np}), array)


def test_shown_code_runs():
    lines = shown(wrong()["counterexample"], "affine_backward")
    code = "\n".join(line[4:] for line in lines if line.startswith("    "))
    space = {}
    exec(code, space)
    assert space["x"].tolist() == [[0.5, -1.0]] and space["w"].shape == (2, 1)
    assert space["mode"] == "train" and space["y"].dtype.kind == "i"


SCRIPTS = {
    "backproof": ("affine_backward", "adam", "clip_by_norm", "lstm_step_forward", "svm_loss"),
    "cs231n": ("affine_backward", "batchnorm_forward", "conv_backward_naive", "sgd_momentum"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_of_recipes_lead_to_their_outputs(name):
    known = course(name)
    for problem in (known.problems[each] for each in SCRIPTS[name]):
        example = {"extreme": False, "corner": False} | drawn(problem, b"secret", 6)[0]
        e = SimpleNamespace(**example)
        steps, names = program(problem.recipe, e, 1)
        right = problem.recipe(Ours(known.functions), e)
        for output in names:
            outputs = dict(zip(names, steps["send"], strict=True))
            lines = script(steps["steps"], outputs, example, output)
            space = {"np": np} | known.functions | example
            exec("\n".join(lines), space)
            got = space[re.sub(r"\W", "_", output)]
            np.testing.assert_allclose(got, right[output], rtol=1e-4, atol=1e-4, err_msg=str(lines))


def test_safe_text_keeps_what_can_be_read():
    assert safe("a\tb\nc 学生 😀 é") == "a\tb\nc 学生 😀 é"
    assert safe("\x1b[2J") == "\N{REPLACEMENT CHARACTER}[2J"
    assert len(safe("x" * 10**6)) == 20_000
