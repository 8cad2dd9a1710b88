"""Grading CMU 11-785's mytorch: hand-ins of five years pass, 400 wrong ones fail and are named.

submissions/mytorch/ holds hand-ins as students write them; wrong.txt the mistakes that are planted
in them, one at a time:

    ## Linear.backward | right_2023/mytorch/nn/linear.py | the mistake's name, - for any
    -a line of that file
    +what stands there instead
"""

from pathlib import Path

import numpy as np
import pytest

from manual.ctc import ctc_loss
from manual.softmax import softmax_backward, softmax_forward
from reference.grading.assignment import assignment, parsed
from reference.grading.courses import course
from reference.grading.grade import Grader
from reference.grading.naming import _own, _with
from reference.grading.sheet import Sheet
from reference.grading.submission import Submission, defines
from reference.grading.workers import Box
from reference.mistakes import MISTAKES

FOLDER = Path(__file__).parent / "submissions" / "mytorch"
RIGHT = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
COURSE = course("mytorch")


def read_wrong():
    """(problem, hand-in, file, right text, wrong text, name) of each planted mistake."""
    for block in (FOLDER / "wrong.txt").read_text(encoding="utf-8").split("## ")[1:]:
        head, *lines = block.rstrip("\n").split("\n")
        problem, where, name = (part.strip() for part in head.split(" | "))
        handed_in, _, file = where.partition("/")
        right, wrong = ("\n".join(line[1:] for line in lines if line[:1] == c) for c in "-+")
        yield problem, handed_in, file, right, wrong, None if name == "-" else name


WRONG = list(read_wrong())


def files(handed_in):
    root = FOLDER / handed_in
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*.py"))
    }


@pytest.fixture(scope="module")
def box():
    with Box() as box:
        yield box


@pytest.fixture(scope="module")
def whole(box):
    return Grader(Sheet(assignment("mytorch"), b"secret"), box)


def graded(grader, sources, name="x"):
    return {e["name"]: e for e in grader.grade(Submission(name, sources, []))["problems"]}


@pytest.mark.parametrize("handed_in", RIGHT)
def test_right_ones_are_right_in_all_they_define(whole, handed_in):
    sources = files(handed_in)
    entries = graded(whole, sources)
    defined = set().union(*map(defines, sources.values()))
    verdicts = {name: (entry["verdict"], entry["message"]) for name, entry in entries.items()}
    also = {alias: p.name for p in COURSE.problems.values() for alias in p.also}
    asked = {name.partition(".")[0] for name in verdicts} | set(also)
    assert defined & asked
    for name, (verdict, message) in verdicts.items():
        problem = COURSE.problems[name]
        if defined & {name.partition(".")[0], *problem.also}:
            assert verdict == "correct", (name, message)
        else:
            assert verdict == "missing"


def test_right_ones_are_right_with_another_secret(box):
    grader = Grader(Sheet(assignment("mytorch"), b"another"), box)
    for handed_in in RIGHT:
        for name, entry in graded(grader, files(handed_in)).items():
            assert entry["verdict"] in ("correct", "missing"), (handed_in, name, entry["message"])
            assert not any("single precision" in remark for remark in entry["remarks"])


@pytest.mark.parametrize("problem", sorted({each[0] for each in WRONG}))
def test_wrong_ones_fail_and_are_named(box, problem):
    text = f'title = "one"\ncourse = "mytorch"\nexamples = 6\n[points]\n1 = ["{problem}"]\n'
    grader = Grader(Sheet(parsed("one", text), b"secret"), box)
    for _, handed_in, file, right, wrong, name in [each for each in WRONG if each[0] == problem]:
        sources = files(handed_in)
        assert right in sources[file], f"{right!r} does not stand in {handed_in}/{file}"
        sources[file] = sources[file].replace(right, wrong)
        entry = graded(grader, sources)[problem]
        assert entry["verdict"] not in ("correct", "missing"), wrong
        assert entry["score"] < entry["max_score"]
        if name is not None:
            assert entry["mistake"] == name, (wrong, entry["message"])


def test_most_wrong_ones_are_named():
    assert len(WRONG) >= 390
    assert sum(each[-1] is not None for each in WRONG) >= 0.9 * len(WRONG)


def test_every_mistake_can_be_planted():
    names = [mistake.name for mistake in COURSE.mistakes]
    assert len(names) == len(set(names)) and not set(names) & set(MISTAKES)
    for mistake in COURSE.mistakes:
        function = _own(mistake.function, COURSE.functions)
        assert _with(mistake, function) is not function
        assert 3 <= len(mistake.says.split()) <= 25 and mistake.says.endswith("."), mistake.name


# What years differ in --------------------------------------------------------------------------

LINEAR, LOSS = "mytorch/nn/linear.py", "mytorch/nn/loss.py"
MEAN_IN_LINEAR = (
    ("self.dLdW = dLdZ.T @ self.A", "self.dLdW = dLdZ.T @ self.A / self.N"),
    (
        "self.dLdb = dLdZ.T @ self.Ones",
        "self.dLdb = dLdZ.T @ self.Ones / self.N",
    ),
)
SUM_IN_LOSS = (
    ("(self.softmax - self.Y) / self.A.shape[0]", "self.softmax - self.Y"),
    ("2 * (self.A - self.Y) / (self.N * self.C)", "self.A - self.Y"),
)


def changed(sources, file, changes):
    for right, wrong in changes:
        assert right in sources[file]
        sources = sources | {file: sources[file].replace(right, wrong)}
    return sources


def losses(grader, sources):
    entries = graded(grader, sources)
    names = ("Linear.backward", "MSELoss.backward", "CrossEntropyLoss.backward")
    return [entries[name]["verdict"] for name in names]


def test_the_mean_is_taken_once_in_linear_or_in_the_loss(whole):
    sources = files("right_2023")
    both = changed(sources, LINEAR, MEAN_IN_LINEAR)
    early = changed(both, LOSS, SUM_IN_LOSS)
    never = changed(sources, LOSS, SUM_IN_LOSS)
    assert losses(whole, early) == ["correct"] * 3
    assert losses(whole, never) == ["correct", "wrong", "wrong"]


def test_a_loss_without_its_linear_takes_the_mean_itself(whole):
    alone = {LOSS: files("right_2023")[LOSS]}
    assert losses(whole, alone) == ["missing", "correct", "correct"]
    never = changed(alone, LOSS, SUM_IN_LOSS)
    assert losses(whole, never) == ["missing", "wrong", "wrong"]


def test_an_assignment_may_say_where_the_mean_is(box):
    text = 'title = "one"\ncourse = "mytorch"\n[points]\n1 = ["Linear.backward"]\n'
    text += '[conventions]\nmean_in = "linear"\n'
    grader = Grader(Sheet(parsed("one", text), b"secret"), box)
    sources = files("right_2023")
    assert graded(grader, sources)["Linear.backward"]["verdict"] == "wrong"
    early = changed(sources, LINEAR, MEAN_IN_LINEAR)
    assert graded(grader, early)["Linear.backward"]["verdict"] == "correct"


def test_no_padding_option_is_no_excuse_for_wrong_padding(whole):
    """The spring of 2022 had none: such classes are asked without, and others are not."""
    sources = files("right_2023")
    wrong = changed(
        sources,
        "mytorch/nn/Conv1d.py",
        [("            dLdA = dLdA[:, :, self.pad:-self.pad]", "            pass")],
    )
    assert graded(whole, files("right_2022"))["Conv1d.backward"]["verdict"] == "correct"
    assert graded(whole, wrong)["Conv1d.backward"]["verdict"] == "shape"


def test_a_gradient_that_is_not_kept_costs_its_share(whole):
    sources = changed(
        files("right_2023"),
        LINEAR,
        [("self.dLdb = dLdZ.T @ self.Ones", "dLdb = dLdZ.T @ self.Ones")],
    )
    entry = graded(whole, sources)["Linear.backward"]
    verdicts = {part["name"]: part["verdict"] for part in entry["parts"]}
    assert verdicts == {"dLdA": "correct", "dLdW": "correct", "dLdb": "missing"}
    assert 0 < entry["score"] < entry["max_score"]


# Our own -----------------------------------------------------------------------------------------


def test_our_ctc_is_that_of_manual():
    """d(-log P) / dy, passed through softmax's backward, is manual/'s dx."""
    rng = np.random.default_rng(0)
    N, T, C = 3, 8, 5
    scores = rng.normal(size=(N, T, C))
    texts = np.array([[1, 2, 2], [3, 1, -1], [4, -1, -1]])
    steps, lengths = np.array([8, 6, 3]), np.array([3, 2, 1])
    _, dx = ctc_loss(scores, texts, steps)
    y, cache = softmax_forward(scores)
    ours = COURSE.functions["CTCLoss"]()
    ours.forward(y.swapaxes(0, 1), np.maximum(texts, 0), steps, lengths)
    found = softmax_backward(ours.backward().swapaxes(0, 1), cache) / N
    assert np.allclose(found, dx, rtol=1e-9, atol=1e-12)


def test_our_resampling_is_its_own_transpose():
    rng = np.random.default_rng(0)
    for d in (1, 2):
        for kind in ("Upsample", "Downsample"):
            for k in (1, 2, 3):
                A = rng.normal(size=(2, 3, 5, 6)[: 2 + d])
                layer = COURSE.functions[f"{kind}{d}d"](k)
                Z = layer.forward(A)
                dLdZ = rng.normal(size=Z.shape)
                assert np.isclose((Z * dLdZ).sum(), (A * layer.backward(dLdZ)).sum())
