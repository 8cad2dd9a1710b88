"""The grader on one submission: its verdicts, what it forgives, what it says, every time."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reference.cards import MISTAKES
from reference.grading.assignment import assignment, parsed, shipped
from reference.grading.classroom import Order, graded
from reference.grading.examples import drawn
from reference.grading.grade import Grader
from reference.grading.hints import WORDS, hint
from reference.grading.naming import Named
from reference.grading.sheet import Sheet
from reference.grading.starter import chosen, starter, toml
from reference.grading.submission import Place, Submission
from reference.grading.workers import Box

SECRET = b"a secret of the tests"
TOML = """
course = "cs231n"
[points]
1 = ["affine_forward", "relu_forward", "affine_relu_forward"]
3 = ["affine_backward", "relu_backward", "affine_relu_backward", "softmax_loss"]
[limits]
call = 1
"""
RIGHT = """
import numpy as np

def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    cache = (x, w, b)
    return out, cache

def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db

def relu_forward(x):
    out = np.maximum(0, x)
    cache = x
    return out, cache

def relu_backward(dout, cache):
    dx = dout * (cache > 0)
    return dx

def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (fc_cache, relu_cache)

def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return affine_backward(da, fc_cache)

def softmax_loss(x, y):
    shifted = x - x.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    N = x.shape[0]
    loss = -logp[np.arange(N), y].mean()
    dx = np.exp(logp)
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx
"""


@pytest.fixture(scope="module")
def box():
    with Box() as box:
        yield box


@pytest.fixture(scope="module")
def grader(box):
    return Grader(Sheet(parsed("tests", TOML), SECRET), box)


def by_name(result):
    return {problem["name"]: problem for problem in result["problems"]}


def grade(grader, text, **files):
    return grader.grade(Submission("x", {"layers.py": text, **files}, []))


def changed(*pairs):
    """The right file with texts replaced."""
    text = RIGHT
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_right_code_gets_all_points(grader):
    result = grade(grader, RIGHT)
    assert [p["verdict"] for p in result["problems"]] == ["correct"] * 7
    assert result["score"] == result["max_score"] == 15
    assert result["remarks"] == [] and result["review"] == []
    assert result["official"] == grader.isolated


# Verdicts -------------------------------------------------------------------------------------

AFFINE = "    dw = x.reshape(x.shape[0], -1).T.dot(dout)\n"
VERDICTS = {
    "wrong": (AFFINE, AFFINE.rstrip() + " / len(x)\n"),
    "raises": (AFFINE, "    dw = x.T.dot(nothing)\n"),
    "outdated": (AFFINE, AFFINE + "    for k in xrange(3): pass\n"),
    "timeout": (AFFINE, AFFINE + "    while True: pass\n"),
    "shape": (AFFINE, AFFINE + "    dw = dw.T\n"),
    "missing": ("    return dx, dw, db\n", "    return None, None, None\n"),
    "nondeterministic": (AFFINE, AFFINE + "    dw = dw + 1e-13 * (id(dw) + hash(object()))\n"),
    "blocked": (AFFINE, "    import torch\n    dw = torch.tensor(x)\n"),
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict(grader, verdict):
    found = by_name(grade(grader, changed(VERDICTS[verdict])))
    assert found["affine_backward"]["verdict"] == verdict
    assert found["affine_backward"]["message"]
    # The others stand by themselves: a fresh worker comes after a stall, and the composite, which
    # calls the function, is tried with the right one in its place.
    others = [p["verdict"] for name, p in found.items() if name != "affine_backward"]
    assert others == ["correct"] * 6
    if verdict not in ("wrong", "shape"):
        assert found["affine_backward"]["score"] == 0


def test_a_function_that_is_not_there(grader):
    text = RIGHT.replace("def relu_backward", "def my_relu_backward")
    found = by_name(grade(grader, text))
    assert found["relu_backward"]["verdict"] == "missing"
    assert "not defined" in found["relu_backward"]["message"]


def test_no_code_at_all(grader):
    for text in ("", "x = 1\n", "def affine_forward(:\n", "\0\0\0", "import antigravity\n"):
        result = grade(grader, text)
        assert result["score"] == 0 and len(result["problems"]) == 7
        json.dumps(result, allow_nan=False)


def test_a_file_that_does_not_compile_says_where(grader):
    problem = by_name(grade(grader, RIGHT + "\ndef broken(:\n"))["affine_forward"]
    assert problem["verdict"] == "raises" and "SyntaxError" in problem["message"]
    assert "line" in problem["message"]


def test_not_written_yet(grader):
    raising = ("    return dx, dw, db\n", "    raise NotImplementedError\n")
    assert by_name(grade(grader, changed(raising)))["affine_backward"]["verdict"] == "missing"


# Fair -----------------------------------------------------------------------------------------

FAIR = {
    "upstream overwritten": (
        "    dx = dout * (cache > 0)\n    return dx",
        "    dout[cache <= 0] = 0\n    return dout",
    ),
    "relu's other convention": ("(cache > 0)", "(cache >= 0)"),
    "relu half at 0": ("(cache > 0)", "np.where(cache == 0, .5, cache > 0)"),
    "a bias of (1, M)": ("np.sum(dout, axis=0)", "np.sum(dout, axis=0, keepdims=True)"),
    "float32": (AFFINE, AFFINE + "    dw = dw.astype(np.float32)\n"),
    "lists": ("    return dx, dw, db\n", "    return [dx, dw.tolist(), db]\n"),
    "an inf loss at large scores": (
        "loss = -logp[np.arange(N), y].mean()",
        "p = np.exp(logp)\n    loss = -np.log(p[np.arange(N), y]).mean()",
    ),
    "warnings": (AFFINE, AFFINE + "    np.float64(0) / np.float64(0)\n    print('debug', dw)\n"),
    "a cache of another form": (
        "    cache = (x, w, b)\n    return out, cache",
        "    class Bag: pass\n    bag = Bag()\n    bag.held = iter([x, w, b])\n    return out, bag",
    ),
    "loops": (
        "    db = np.sum(dout, axis=0)\n",
        "    db = np.zeros(dout.shape[1])\n    for row in dout:\n"
        "        for m, d in enumerate(row):\n            db[m] += d\n",
    ),
    "matrix products": (AFFINE, "    dw = np.einsum('nd,nm->dm', x.reshape(len(x), -1), dout)\n"),
}


@pytest.mark.parametrize("name", FAIR)
def test_correct_but_different(grader, name):
    pairs = [FAIR[name]]
    if name == "a cache of another form":
        pairs.append(("    x, w, b = cache\n", "    x, w, b = list(cache.held)\n"))
    result = grade(grader, changed(*pairs))
    wrong = {p["name"]: p["message"] for p in result["problems"] if p["verdict"] != "correct"}
    assert not wrong
    assert result["score"] == 15


def test_what_is_forgiven_is_remarked(grader):
    def remarks(name, function):
        return " ".join(by_name(grade(grader, changed(FAIR[name])))[function]["remarks"])

    assert "writes into" in remarks("upstream overwritten", "relu_backward")
    assert "axis of 1" in remarks("a bias of (1, M)", "affine_backward")
    assert "single precision" in remarks("float32", "affine_backward")
    assert "overflows" in remarks("an inf loss at large scores", "softmax_loss")
    assert "RuntimeWarning" in remarks("warnings", "affine_backward")


OLD = {
    "xrange": (AFFINE, AFFINE + "    for k in xrange(2): pass\n", "write range"),
    "print": (AFFINE, AFFINE + '    print "dw", dw.shape\n', "print("),
    "np.int": (AFFINE, AFFINE + "    k = np.int(3)\n", "np.int was removed"),
    "integer division": (AFFINE, AFFINE + "    half = dw[:len(dw) / 2]\n", "write //"),
    "iteritems": (AFFINE, AFFINE + "    for k, v in {1: 2}.iteritems(): pass\n", ".items()"),
    "tabs": (AFFINE, AFFINE + "    if True:\n\tdb = 0\n        db = 1\n", "tabs and spaces"),
}


@pytest.mark.parametrize("name", OLD)
def test_old_code_is_told_its_cure(box, grader, name):
    old, new, cure = OLD[name]
    found = by_name(grade(grader, changed((old, new))))["affine_backward"]
    assert found["verdict"] == "outdated" and cure in found["message"]
    assert "so cured it is right" in found["message"] and found["score"] == 0
    paid = Grader(Sheet(parsed("tests", 'outdated = "full"\n' + TOML), SECRET), box)
    assert by_name(grade(paid, changed((old, new))))["affine_backward"]["score"] == 3


def test_old_code_that_is_wrong_too(grader):
    text = changed(
        (AFFINE, "    for k in xrange(2): pass\n    dw = 2 * x.reshape(len(x), -1).T.dot(dout)\n")
    )
    found = by_name(grade(grader, text))["affine_backward"]
    assert found["verdict"] == "outdated" and "not right yet" in found["message"]


def test_a_function_is_graded_on_its_own_merits(grader):
    found = by_name(grade(grader, changed(VERDICTS["wrong"])))
    assert found["affine_backward"]["verdict"] == "wrong"
    assert found["affine_relu_backward"]["verdict"] == "correct"
    assert any("graded with the right" in r for r in found["affine_relu_backward"]["remarks"])
    both = changed(
        VERDICTS["wrong"],
        ("    return affine_backward(da, fc_cache)", "    return affine_backward(-da, fc_cache)"),
    )
    assert by_name(grade(grader, both))["affine_relu_backward"]["verdict"] == "wrong"


def test_partial_credit_gradient_by_gradient(grader):
    found = by_name(grade(grader, changed(VERDICTS["wrong"])))["affine_backward"]
    assert {part["name"]: part["score"] for part in found["parts"]} == {"dx": 1, "dw": 0, "db": 1}
    assert found["score"] == 2


def test_a_backward_that_fits_a_wrong_forward(grader):
    text = changed(
        (
            "    out = x.reshape(x.shape[0], -1).dot(w) + b\n",
            "    out = np.sin(x.reshape(x.shape[0], -1).dot(w) + b)\n",
        ),
        (
            "    x, w, b = cache\n",
            "    x, w, b = cache\n    dout = dout * np.cos(x.reshape(len(x), -1).dot(w) + b)\n",
        ),
    )
    found = by_name(grade(grader, text))
    assert found["affine_forward"]["verdict"] == found["affine_backward"]["verdict"] == "wrong"
    assert "Your backward matches your forward" in found["affine_backward"]["message"]
    assert (
        "matches your forward"
        not in by_name(grade(grader, changed(VERDICTS["wrong"])))["affine_backward"]["message"]
    )


def test_a_stale_cache_shows_when_forwards_interleave(grader):
    text = changed(
        ("    cache = x\n", "    global last\n    last = x\n    cache = x\n"),
        ("    dx = dout * (cache > 0)\n", "    dx = dout * (last > 0)\n"),
    )
    found = by_name(grade(grader, text))["relu_backward"]
    assert found["verdict"] == "wrong" and found["mistake"] == "stale cache"
    assert found["score"] == 0


def test_gradients_that_add_up_over_calls(grader):
    text = changed(
        ("def affine_backward(dout, cache):", "total = []\ndef affine_backward(dout, cache):"),
        (
            "    return dx, dw, db\n",
            "    total.append(db.sum())\n    return dx, dw + sum(total[:-1]), db\n",
        ),
    )
    found = by_name(grade(grader, text))["affine_backward"]
    assert found["verdict"] in ("wrong", "nondeterministic") and found["score"] <= 2


def test_a_right_backward_behind_a_forward_that_fails(grader):
    text = changed(("    out = x.reshape(x.shape[0], -1).dot(w) + b\n", "    out = undefined\n"))
    found = by_name(grade(grader, text))
    assert found["affine_forward"]["verdict"] == "raises"
    assert found["affine_backward"]["verdict"] == "correct"  # with the starter's cache


# What is said ---------------------------------------------------------------------------------


def test_the_mistake_is_named(grader):
    found = by_name(grade(grader, changed(VERDICTS["wrong"])))["affine_backward"]
    assert found["mistake"] == "affine dw over the batch size"
    other = changed((AFFINE, AFFINE + "    dw[0, 0] += 0.37 * x.flat[0] ** 3\n"))
    assert by_name(grade(grader, other))["affine_backward"]["mistake"] == "unknown"


def test_two_mistakes_are_named_apart(grader):
    text = changed(VERDICTS["wrong"], ("np.sum(dout, axis=0)", "np.ones_like(dout).sum(axis=0)"))
    found = by_name(grade(grader, text))["affine_backward"]
    assert found["mistake"] == "affine dw over the batch size; affine db counts the rows"
    text = changed(VERDICTS["wrong"], ("np.sum(dout, axis=0)", "np.mean(dout, axis=0)"))
    found = by_name(grade(grader, text))["affine_backward"]
    assert found["mistake"] == "over the batch size"  # one mistake that explains both


def test_the_counterexample_is_small_and_shows_it(grader):
    found = by_name(grade(grader, changed(VERDICTS["wrong"])))["affine_backward"]["counterexample"]
    assert found["numbers"] <= 12 and found["output"] == "dw"
    x, dout = (np.array(found["inputs"][name]) for name in ("x", "dout"))
    assert np.allclose(found["expected"], x.T @ dout)
    assert np.allclose(found["got"], x.T @ dout / len(x))


def test_each_attempt_is_told_a_little_more(box):
    sheet = Sheet(parsed("tests", TOML), SECRET)
    told = []
    for attempt in (1, 2, 3, 9):
        result = grade(Grader(sheet, box, attempt), changed(VERDICTS["wrong"]))
        told.append(by_name(result)["affine_backward"]["message"])
    assert "scale" in told[0] and "batch size" not in told[0]
    assert "batch size" in told[1] and "len(x)" not in told[1]
    assert "len(x)" in told[2] and told[3] == told[2]


@pytest.mark.parametrize("level", ["category", "cause", "algebra"])
def test_hints_are_questions_of_at_most_40_words(level):
    for m in MISTAKES.values():
        text = hint(Named(m.name, m.says, m.function, m.right, m.wrong, ("dx", "dw", "db")), level)
        assert len(text.split()) <= WORDS, text
        assert text.rstrip().endswith("?"), text


# The same for all, and every time ---------------------------------------------------------------


def test_the_same_bytes_each_time_on_any_number_of_jobs(tmp_path):
    pairs = [VERDICTS[v] for v in ("wrong", "raises", "outdated", "shape", "missing")]
    for k, pair in enumerate(pairs):
        (tmp_path / f"s{k}.py").write_text(changed(pair))
    places = [Place(path.stem, path) for path in sorted(tmp_path.glob("*.py"))]
    order = Order("tests", TOML, SECRET)
    alone = [json.dumps(result) for result in graded(order, places, jobs=1)]
    backwards = [json.dumps(result) for result in graded(order, places[::-1], jobs=2)][::-1]
    assert alone == backwards


def test_examples_come_from_the_secret_alone():
    problem = assignment("cs231n-a2").course.problems["affine_forward"]

    def first(secret):
        return [e["x"].tolist() for e in drawn(problem, secret, 10)]

    assert first(b"one secret") == first(b"one secret") != first(b"another")
    for example in drawn(problem, b"one secret", 10)[3:]:
        assert len(example["x"]) >= 2 and len(set(example["w"].shape)) == 2
        assert (example["dout"] < 0).any() and (example["dout"] > 0).any()


def test_examples_do_not_depend_on_what_is_loaded(tmp_path):
    """Hypothesis takes constants from loaded modules, unless it is kept from it."""
    (tmp_path / "constants.py").write_text(f"FOUND = {list(range(2, 100))}\n")
    code = (
        "{}; from reference.grading.assignment import assignment as a;"
        "from reference.grading.examples import drawn; c = a('cs231n-a2').course;"
        "print([[str(sorted(e)) + str([getattr(v, 'shape', v) for v in e.values()])"
        " for e in drawn(p, b'secret', 12)] for p in c.problems.values()])"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code.format(first)],
            capture_output=True, text=True, check=True, cwd=tmp_path,
        ).stdout
        for first in ("pass", "import constants, reference.mistakes, reference.prove")
    ]  # fmt: skip
    assert said[0] == said[1]


# Assignments ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped())
def test_shipped_assignments_are_short_and_whole(name):
    found = assignment(name)
    lines = (Path(__file__).parents[1] / f"reference/grading/assignments/{name}.toml").read_text()
    assert len([line for line in lines.splitlines() if line.strip()]) <= 20
    assert found.max_score > 0


BAD = {
    'course = "cs231m"': "there is no course 'cs231m'",
    'course = "cs231n"\n[points]\n1 = ["afine_forward"]': "did you mean affine_forward",
    'course = "cs231n"\n[points]\nx = ["affine_forward"]': "expected a number",
    'course = "cs231n"\n[points]\n0 = ["affine_forward"]': "above 0",
    'course = "cs231n"': "[points] is empty",
    "cours = 1": "'cours' is unknown",
    'course = "cs231n"\nhints = ["all"]\n[points]\n1 = ["relu_forward"]': "hints is ['all']",
    'course = "cs231n"\n[points]\n1 = ["relu_forward"]\n[limits]\ncall = 0': "call is 0",
    'course = "cs231n"\n[points]\n1 = ["relu_forward"]\n[limits]\ncalls = 1': "'calls'",
    'course = "cs231n"\n[points]\n1 = ["dropout_forward"]\n[conventions]\np_is = 1': "p_is is 1",
    'course = "cs231n"\n[points]\n1 = ["relu_forward", "relu_forward"]': "stands twice",
    "course = [": "assignment x",
    'course = "cs231n"\nexamples = 1\n[points]\n1 = ["relu_forward"]': "examples is 1",
}  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_a_bad_assignment_says_what_is_wrong(text):
    with pytest.raises(ValueError, match=re.escape(BAD[text])):
        parsed("x", text)


def test_a_new_assignment(grader, box):
    course = assignment("cs231n-a2").course
    problems = chosen(course, ["affine_*", "relu_backward"])
    text = starter("hw1", course, problems)
    assert "Source: the course convention" in text and "x.reshape" not in text
    assert text.count("raise NotImplementedError") == 5
    fresh = Grader(Sheet(parsed("hw1", toml("hw1", course, problems)), SECRET), box)
    result = grade(fresh, text)
    assert [p["verdict"] for p in result["problems"]] == ["missing"] * len(problems)
    assert grade(fresh, RIGHT)["score"] == result["max_score"]
    with pytest.raises(ValueError, match="did you mean"):
        chosen(course, ["affine_forwards"])
