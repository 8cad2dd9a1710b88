"""CS231n's normalizations, convolution, pooling and recurrent layers: right code passes, wrong code
is told which mistake it has. The submissions are data: text, in the styles of students."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from reference.grading.assignment import assignment, parsed
from reference.grading.courses import course
from reference.grading.courses.cs231n import (
    batchnorm_mistakes,
    captioning,
    images,
    images_mistakes,
    norms,
    norms_mistakes,
    recurrent,
    recurrent_mistakes,
)
from reference.grading.grade import Grader
from reference.grading.naming import _own
from reference.grading.sheet import Sheet
from reference.grading.smallest import count
from reference.grading.submission import Submission
from reference.grading.workers import Box
from reference.mistakes import mistaken

FOLDER = Path(__file__).with_name("submissions") / "cs231n"
SECRET = b"a secret"
SECOND = tuple(problem.name for file in (norms, images) for problem in file.PROBLEMS)
THIRD = tuple(problem.name for file in (recurrent, captioning) for problem in file.PROBLEMS)
LOSS = "CaptioningRNN.loss"
RIGHT = {
    **dict.fromkeys(("a2_loops", "a2_vectorized", "a2_graph", "a2_packed"), SECOND),
    **dict.fromkeys(("a3_loops", "a3_vectorized", "a3_graph"), THIRD),
}
# As the course has them: the layers in one file, the network in another.
BESIDE = {"a3_vectorized": "cs231n/rnn_layers.py", "a3_vectorized_rnn": "cs231n/classifiers/rnn.py"}


class Graders:
    """One box for all tests, and a grader for every choice of functions."""

    def __init__(self, box):
        self.box = box
        self.of = cache(self._of)

    def _of(self, functions, more=""):
        listed = ", ".join(f'"{name}"' for name in functions)
        text = f'course = "cs231n"\n{more}\n[points]\n1 = [{listed}]'
        return Grader(Sheet(parsed("layers", text), SECRET), self.box)

    def grade(self, files, *functions, more=""):
        """The entries of a submission, by function."""
        result = self.of(functions, more).grade(Submission("someone", files, []))
        return {entry["name"]: entry for entry in result["problems"]}


@pytest.fixture(scope="module")
def graders():
    with Box() as box:
        yield Graders(box)


@cache
def text_of(name):
    return (FOLDER / f"{name}.py").read_text()


def files_of(name, changed=None):
    """A submission: the file and what stands beside it, with another text for one of them."""
    names = list(BESIDE) if name in BESIDE else [name]
    files = {BESIDE.get(each, f"{each}.py"): text_of(each) for each in names}
    return files | ({} if changed is None else {BESIDE.get(name, f"{name}.py"): changed})


def planted(text, function, right, wrong):
    """The file with another text in one of its functions, or in a method of a class."""
    owner, _, method = function.partition(".")
    first = re.search(rf"^(def|class) {owner}\b", text, re.M)
    if method:
        first = re.compile(rf"^ +def {method}\b", re.M).search(text, first.end())
    ends = re.compile(r"^(?=def |class | +def )" if method else r"^(?=def |class )", re.M)
    end = ends.search(text, first.end())
    start, end = first.start(), end.start() if end else len(text)
    block = text[start:end]
    assert block.count(right) == 1, f"{right!r} stands {block.count(right)} times"
    return text[:start] + block.replace(right, wrong) + text[end:]


# Right code -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_is_correct(graders, name):
    for function, entry in graders.grade(files_of(name), *RIGHT[name]).items():
        assert entry["verdict"] == "correct", (function, entry["message"], entry["parts"])
        assert entry["score"] == 1
        assert not any("graded with" in remark for remark in entry["remarks"]), function


def test_the_shipped_assignment_three(graders):
    grader = Grader(Sheet(assignment("cs231n-a3"), SECRET), graders.box)
    for name in ("a3_loops", "a3_graph"):
        result = grader.grade(Submission(name, files_of(name), []))
        assert result["score"] == result["max_score"] == 22


def test_gamma_and_beta_without_axes_of_one(graders):
    """One year's text gives spatial_groupnorm's gamma the shape (C,)."""
    text = text_of("a2_loops").replace(
        "xn * gamma + beta", "xn * gamma[:, None, None] + beta[:, None, None]"
    )
    text = text.replace("d = dout * gamma", "d = dout * gamma[:, None, None]")
    text = text.replace("axis=(0, 2, 3), keepdims=True", "axis=(0, 2, 3)")
    names = ("spatial_groupnorm_forward", "spatial_groupnorm_backward")
    for entry in graders.grade({"layers.py": text}, *names).values():
        assert entry["verdict"] == "correct", entry["message"]


def test_all_that_tie_may_be_called_the_largest(graders):
    """x == max gives the gradient to all of them: a remark, but wrong where ties are strict."""
    names = ("max_pool_forward_naive", "max_pool_backward_naive")
    entry = graders.grade(files_of("a2_graph"), *names)[names[1]]
    assert entry["verdict"] == "correct" and "tie" in entry["remarks"][0]
    strict = graders.grade(files_of("a2_graph"), *names, more='ties = "strict"')[names[1]]
    assert strict["verdict"] == "wrong"
    first = graders.grade(files_of("a2_vectorized"), *names, more='ties = "strict"')[names[1]]
    assert first["verdict"] == "correct"


def test_the_backward_alone_with_the_cache_of_the_starter_code(graders):
    """A forward that is not written leaves the points of conv, pool, embedding and affine."""
    for name, forward, backward in (
        ("a2_vectorized", "conv_forward_naive", "conv_backward_naive"),
        ("a2_vectorized", "max_pool_forward_naive", "max_pool_backward_naive"),
        ("a3_vectorized", "word_embedding_forward", "word_embedding_backward"),
        ("a3_vectorized", "temporal_affine_forward", "temporal_affine_backward"),
    ):
        files = files_of(name)
        path, text = next((p, t) for p, t in files.items() if f"def {forward}" in t)
        files[path] = re.sub(
            rf"(def {forward}\(.*\):\n)", r"\1    raise NotImplementedError\n", text
        )
        entries = graders.grade(files, forward, backward)
        assert entries[forward]["verdict"] == "missing"
        assert entries[backward]["verdict"] == "correct", entries[backward]["message"]


def test_the_fast_ones_will_do(graders):
    """Where conv_forward_naive is not there, conv_forward_im2col is."""
    text = text_of("a2_graph").replace("_naive(", "_im2col(")
    entries = graders.grade({"im2col.py": text}, *(p.name for p in images.PROBLEMS))
    assert {entry["verdict"] for entry in entries.values()} == {"correct"}


# Ours in place of theirs ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_a_wrong_step_costs_nothing_in_the_sequence(graders, kind):
    step = f"{kind}_step_backward"
    right, wrong = {
        "rnn": ("daffine = dt * (-2.0 * t)", "daffine = dt * (2.0 * t)"),
        "lstm": ("dc * g * i * (1 - i)", "dc * g * i"),
    }[kind]
    files = {"rnn_layers.py": planted(text_of("a3_graph"), step, right, wrong)}
    entries = graders.grade(files, step, f"{kind}_backward", LOSS)
    assert entries[step]["verdict"] == "wrong"
    for name in (f"{kind}_backward", LOSS):
        assert entries[name]["verdict"] == "correct", entries[name]["message"]
        assert "graded with the right" in entries[name]["remarks"][-1]


def test_wrong_running_statistics_cost_nothing_in_the_spatial_one(graders):
    """What the lent batchnorm_forward writes into bn_param arrives in the student's own."""
    wrong = planted(
        text_of("a2_vectorized"), "batchnorm_forward", "running_mean + (1 - ", "running_mean + ("
    )
    names = ("batchnorm_forward", "spatial_batchnorm_forward", "spatial_batchnorm_backward")
    entries = graders.grade({"layers.py": wrong}, *names)
    parts = {part["name"]: part["verdict"] for part in entries[names[0]]["parts"]}
    assert parts["out"] == parts["running_var"] == "correct"
    assert parts["running_mean"] == "wrong"
    assert [entries[name]["verdict"] for name in names[1:]] == ["correct", "correct"]


def test_the_alternative_must_stand_by_itself(graders):
    """batchnorm_backward_alt is not lent the other backward."""
    wrong = planted(text_of("a2_vectorized"), "batchnorm_backward", " + dmean / N", "")
    start, end = wrong.index("def batchnorm_backward_alt"), wrong.index("def layernorm_forward")
    alt = (
        "def batchnorm_backward_alt(dout, cache):\n    return batchnorm_backward(dout, cache)\n\n\n"
    )
    files = {"layers.py": wrong[:start] + alt + wrong[end:]}
    entry = graders.grade(files, "batchnorm_backward_alt")["batchnorm_backward_alt"]
    assert entry["verdict"] == "wrong"
    assert entry["mistake"] == "standardize path through the mean dropped"


def test_a_network_without_its_layers(graders):
    """Handed in alone, with layers under other names in it: graded with ours."""
    files = {"classifiers/rnn.py": text_of("a3_vectorized_rnn")}
    entry = graders.grade(files, LOSS)[LOSS]
    assert entry["verdict"] == "correct" and "graded with the right" in entry["remarks"][-1]


# The course's own functions -------------------------------------------------------------------


def test_running_statistics_are_biased_and_start_at_zero():
    x, param = np.array([[1.0], [2.0], [6.0]]), {"mode": "train"}
    norms.batchnorm_forward(x, np.ones(1), np.zeros(1), param)
    np.testing.assert_allclose(param["running_mean"], [0.3], rtol=1e-14)
    np.testing.assert_allclose(param["running_var"], [0.1 * 14 / 3], rtol=1e-14)
    out, _ = norms.batchnorm_forward(x, np.ones(1), np.zeros(1), param | {"mode": "test"})
    np.testing.assert_allclose(out, (x - 0.3) / np.sqrt(1.4 / 3 + 1e-5), rtol=1e-14)


def test_spatial_batchnorm_is_manuals_on_images():
    rng = np.random.default_rng(0)
    x, dout = rng.normal(size=(2, 2, 3, 4, 5))
    gamma, beta = rng.normal(size=(2, 3))
    out, cache = norms.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    manual_out, manual_cache = norms._batchnorm_forward(x, gamma, beta)
    np.testing.assert_allclose(out, manual_out, rtol=1e-12)
    ours = norms.spatial_batchnorm_backward(dout, cache)
    for mine, manuals in zip(ours, norms._batchnorm_backward(dout, manual_cache), strict=True):
        np.testing.assert_allclose(mine, manuals, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("function", SECOND + THIRD)
def test_a_counterexample_is_small(graders, function):
    """The first example can be read: 12 numbers, or 21 where a whole network needs them."""
    grader = graders.of((function,))
    problem = course("cs231n").problems[function]
    examples = grader.sheet.examples(problem)
    assert count(examples[0]) <= (12 if "lstm" not in function and function != LOSS else 21)
    arrays = [
        each for e in examples[3:] for each in vars(e).values() if isinstance(each, np.ndarray)
    ]
    assert all(array.size <= 320 for array in arrays), "tiny arrays keep it fast"


# Planted mistakes -----------------------------------------------------------------------------


def _cases():
    """The mistakes of the two .diff files: file, function, the mistake's name, what for what."""
    for name in ("a2_planted", "a3_planted"):
        text = (FOLDER / f"{name}.diff").read_text()
        for part in re.split(r"^=== ", text, flags=re.M)[1:]:
            head, *cases = re.split(r"^@@ ", part, flags=re.M)
            file, function = head.strip().removesuffix(":").split(".py: ")
            for case in cases:
                mistake, _, hunk = case.partition("\n")
                lines = hunk.rstrip("\n").split("\n")
                right = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " -")
                wrong = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " +")
                yield file, function, mistake, right, wrong


CASES = list(_cases())


@pytest.mark.parametrize(
    ("file", "function", "mistake", "right", "wrong"),
    CASES,
    ids=[f"{case[0]}-{case[1]}-{k}" for k, case in enumerate(CASES)],
)
def test_planted_mistake(graders, file, function, mistake, right, wrong):
    files = files_of(file, planted(text_of(file), function, right, wrong))
    entry = graders.grade(files, function)[function]
    assert entry["verdict"] != "correct" and entry["score"] < 1
    if mistake != "?":
        assert mistake in entry["mistake"].split("; "), entry["message"]


def test_most_are_named():
    named = sum(case[2] != "?" for case in CASES)
    assert len(CASES) > 400 and named > 0.9 * len(CASES)


@pytest.mark.parametrize(
    "file",
    [batchnorm_mistakes, norms_mistakes, images_mistakes, recurrent_mistakes, captioning],
    ids=lambda file: file.__name__.rpartition(".")[2],
)
def test_every_mistake_can_be_planted(file):
    """Its text stands once in its function, and what stands there instead compiles."""
    for mistake in file.MISTAKES:
        function = _own(mistake.function, course("cs231n").functions)
        assert callable(mistaken(mistake, function)), mistake.name
