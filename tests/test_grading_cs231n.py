"""CS231n's classifiers, layers of scores, networks and updates: right code passes, wrong code is
told which mistake it has. The submissions are data: text, in the styles of students."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from manual import optimizers
from reference.grading.assignment import assignment
from reference.grading.courses import course
from reference.grading.courses.cs231n import (
    classifiers,
    layers_mistakes,
    models_mistakes,
    optim,
    optim_mistakes,
    sandwiches,
)
from reference.grading.grade import Grader
from reference.grading.naming import _own
from reference.grading.sheet import Sheet
from reference.grading.submission import Submission
from reference.grading.workers import Box
from reference.mistakes import mistaken

FOLDER = Path(__file__).with_name("submissions") / "cs231n"

LAYERS = ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "softmax_loss",
          "svm_loss", "dropout_forward", "dropout_backward")  # fmt: skip
LINEAR = ("svm_loss_naive", "svm_loss_vectorized", "softmax_loss_naive", "softmax_loss_vectorized")
TWO, CONV, FULLY = "TwoLayerNet.loss", "ThreeLayerConvNet.loss", "FullyConnectedNet.loss"
BATCH, LAYER, DROP = (f"{FULLY} with {what}" for what in ("batchnorm", "layernorm", "dropout"))
UPDATES = ("sgd", "sgd_momentum", "rmsprop", "adam")
GRADED = (*LAYERS, *LINEAR, TWO, "two_layer_net", FULLY, BATCH, LAYER, DROP, CONV, *UPDATES)

# A file, and what is right in it.
RIGHT = {
    "a1_vectorized.py": (*LAYERS, *LINEAR, TWO, "sgd"),
    "a1_loops.py": (*LAYERS, *LINEAR, TWO, "sgd"),
    "a1_compact.py": (*LAYERS, *LINEAR, TWO, "sgd"),
    "a1_2015.py": ("svm_loss_naive", "softmax_loss_vectorized", "two_layer_net"),
    "a1_2016.py": (*LINEAR, TWO),
    "a1_2017_net.py": (TWO,),
    "models_fc_net.py": (TWO, FULLY, BATCH, LAYER, DROP),
    "models_cnn.py": (CONV,),
    "models_2016.py": (FULLY, BATCH, DROP, CONV),
    "models_by_hand.py": (FULLY, BATCH, LAYER, DROP, CONV),
    "optim_inplace.py": UPDATES,
    "optim_unpacked.py": UPDATES,
    "optim_folded.py": UPDATES,
}


class Graders:
    """One box and one sheet for all tests: a grader for each function."""

    def __init__(self, box, folder):
        self.box, self.folder = box, folder
        self.grader = cache(self._grader)

    def _grader(self, *functions):
        path = self.folder / f"{len(list(self.folder.iterdir()))}.toml"
        named = ", ".join(f'"{name}"' for name in functions)
        path.write_text(f'course = "cs231n"\n[points]\n1 = [{named}]\n')
        return Grader(Sheet(assignment(str(path)), b"a secret"), self.box)

    def grade(self, files, *functions):
        """The entries of a submission, by function."""
        graded = self.grader(*functions).grade(Submission("someone", files, []))
        return {entry["name"]: entry for entry in graded["problems"]}


@pytest.fixture(scope="module")
def graders(tmp_path_factory):
    with Box() as box:
        yield Graders(box, tmp_path_factory.mktemp("assignments"))


def _text(name):
    return (FOLDER / name).read_text()


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_is_correct(graders, name):
    entries = graders.grade({name: _text(name)}, *GRADED)
    for function in RIGHT[name]:
        assert entries[function]["verdict"] == "correct", entries[function]
        assert entries[function]["score"] == entries[function]["max_score"]


# Files beside each other ----------------------------------------------------------------------


def _tree(layers):
    """A submission as the course's folders have it: all layers in one file, the networks apart."""
    return {
        "cs231n/layers.py": layers,
        "cs231n/classifiers/fc_net.py": _text("models_fc_net.py"),
        "cs231n/classifiers/cnn.py": _text("models_cnn.py"),
    }


def _layers():
    scores = _text("a1_vectorized.py").partition("class TwoLayerNet")[0]
    text = _text("a2_vectorized.py") + "\n" + scores
    return re.sub(r"^(from \.\.|from past).*$", "", text, flags=re.M)


NETWORKS = (TWO, FULLY, BATCH, LAYER, DROP, CONV)


def test_networks_with_their_own_layers(graders):
    """The layers beside them are found, and the layers in a row that the course provides."""
    for name, entry in graders.grade(_tree(_layers()), *NETWORKS).items():
        assert (entry["verdict"], entry["remarks"]) == ("correct", []), name


def test_right_networks_on_wrong_layers(graders):
    """Layers that are wrong cost points where they are graded, and none in the networks."""
    wrong = planted(_layers(), "affine_backward", ("np.sum(dout, axis=0)", "dout.mean(axis=0)"))
    wrong = planted(wrong, "relu_forward", ("np.maximum(0, x)", "np.maximum(0.1 * x, x)"))
    entries = graders.grade(_tree(wrong), "affine_backward", *NETWORKS)
    assert entries.pop("affine_backward")["mistake"] == "affine db is a mean"
    for name, entry in entries.items():
        assert entry["verdict"] == "correct", name
        assert "graded with the right" in entry["remarks"][-1]


def test_dropout_of_2016(graders):
    """p was the chance to drop: the layer and the network agree on it."""
    layers = planted(_layers(), "dropout_forward", ("< p) / p", ">= p) / (1 - p)"))
    files = {"cs231n/layers.py": layers, "fc_net.py": _text("models_2016.py")}
    for name, entry in graders.grade(files, FULLY, DROP, "dropout_forward").items():
        assert (entry["verdict"], entry["remarks"]) == ("correct", []), name


def test_wrong_networks_on_wrong_layers(graders):
    """The network's own mistake is named, not that of the layers."""
    files = _tree(planted(_layers(), "affine_forward", (" + b", "")))
    right, wrong = 'grads["W1"] += self.reg * W1', 'grads["W1"] = self.reg * W1'
    path = "cs231n/classifiers/cnn.py"
    files[path] = planted(files[path], CONV, (right, wrong))
    entry = graders.grade(files, CONV)[CONV]
    assert [part["name"] for part in entry["parts"] if part["verdict"] != "correct"] == ["dW1"]
    assert 0 < entry["score"] < entry["max_score"]


def test_the_shipped_assignment(graders):
    """Assignment 1 as it comes: every function is in the files of a student, or missing there."""
    sheet = Sheet(assignment("cs231n-a1"), b"a secret")
    files = {"a1.py": _text("a1_vectorized.py")}
    result = Grader(sheet, graders.box).grade(Submission("someone", files, []))
    assert result["score"] == result["max_score"], result


# Loss and gradient apart ----------------------------------------------------------------------


@pytest.mark.parametrize("function", LINEAR)
def test_loss_and_gradient_are_told_apart(graders, function):
    """A penalty forgotten in one of the two leaves the points of the other."""
    text = _text("a1_loops.py")
    penalty = {
        "svm_loss_naive": (" + reg * np.sum(W ** 2)", " + reg * 2 * W"),
        "svm_loss_vectorized": (" + reg * np.linalg.norm(W) ** 2", "    dW += reg * 2 * W\n"),
        "softmax_loss_naive": ("            loss += reg * W[d, c] * W[d, c]\n",
                               "            dW[d, c] += 2 * reg * W[d, c]\n"),
        "softmax_loss_vectorized": ("    loss += reg * np.sum(np.square(W))\n",
                                    "    dW += 2 * reg * W\n"),
    }  # fmt: skip
    for right, wrong, other in zip(penalty[function], ("loss", "dW"), ("dW", "loss"), strict=True):
        files = {"linear.py": planted(text, function, (right, ""))}
        parts = {each["name"]: each for each in graders.grade(files, function)[function]["parts"]}
        assert (parts[wrong]["verdict"], parts[other]["verdict"]) == ("wrong", "correct")


def test_an_infinite_loss_is_a_remark(graders):
    """log of a probability that underflows: the gradient is right, and the points are kept."""
    entry = graders.grade({"a1.py": _text("a1_vectorized.py")}, LINEAR[3])[LINEAR[3]]
    assert entry["verdict"] == "correct" and any("overflows" in each for each in entry["remarks"])


def test_one_shift_for_all_rows_is_right(graders):
    """The largest score of the whole batch may be subtracted from all of it."""
    assert graders.grade({"a1.py": _text("a1_loops.py")}, LINEAR[3])[LINEAR[3]]["score"] == 1


def test_updates_are_manuals():
    """rmsprop and adam stand in the course's words; their steps are those of manual/."""
    rng = np.random.default_rng(0)
    for ours, theirs, names in (
        (optim.rmsprop, optimizers.rmsprop, {"decay_rate": "decay", "cache": "s"}),
        (optim.adam, optimizers.adam, {"v": "s"}),
    ):
        w, mine, manuals = rng.normal(size=(3, 2)), None, None
        for _ in range(4):
            dw = rng.normal(size=(3, 2))
            next_w, mine = ours(w, dw, mine)
            w, manuals = theirs(w, dw, manuals)
            np.testing.assert_allclose(next_w, w, rtol=1e-13)
        assert {names.get(key, key) for key in mine} == set(manuals)


def test_momentum_is_manuals():
    """The course's velocity is manual's v times -learning_rate."""
    rng = np.random.default_rng(0)
    w, mine, manuals = rng.normal(size=(3, 2)), {"learning_rate": 0.25}, {"learning_rate": 0.25}
    for _ in range(4):
        dw = rng.normal(size=(3, 2))
        next_w, mine = optim.sgd_momentum(w, dw, mine)
        w, manuals = optimizers.momentum(w, dw, manuals)
        np.testing.assert_allclose(next_w, w, rtol=1e-13)
        np.testing.assert_allclose(mine["velocity"], -0.25 * manuals["v"], rtol=1e-13)


# Planted mistakes -----------------------------------------------------------------------------


def planted(text, function, *edits):
    """The file with other texts in one of its functions, or in a method of a class."""
    owner, _, method = function.partition(" ")[0].partition(".")
    first = re.search(rf"^(def|class) {owner}\b", text, re.M)
    if method:
        first = re.compile(rf"^ +def {method}\b", re.M).search(text, first.end())
    ends = re.compile(r"^(?=def |class | +def )" if method else r"^(?=def |class )", re.M)
    end = ends.search(text, first.end())
    start, end = first.start(), end.start() if end else len(text)
    block = text[start:end]
    for right, wrong in edits:
        assert block.count(right) == 1, f"{right!r} stands {block.count(right)} times"
        block = block.replace(right, wrong)
    return text[:start] + block + text[end:]


def _cases():
    """The mistakes of a1_planted.diff: file, function, where it stands, its name, the edits."""
    for part in re.split(r"^=== ", _text("a1_planted.diff"), flags=re.M)[1:]:
        head, *cases = re.split(r"^@@ ", part, flags=re.M)
        file, function, where = re.fullmatch(r"(\S+): (.+?)(?:, in (\S+))?\s*", head).groups()
        for case in cases:
            name, _, hunks = case.partition("\n")
            edits = [_edit(hunk) for hunk in re.split(r"^\.\.\.\n", hunks, flags=re.M)]
            yield file, function, where or function, name, edits


def _edit(hunk):
    """What stands there, and what comes in its place; an empty line stays."""
    lines = [line or " " for line in hunk.rstrip("\n").split("\n")]
    right, wrong = (
        "".join(f"{line[1:]}\n" for line in lines if line[0] in signs) for signs in (" -", " +")
    )
    return right, wrong


CASES = list(_cases())


@pytest.mark.parametrize(
    ("file", "function", "where", "name", "edits"),
    CASES,
    ids=[f"{case[0]}-{case[1]}-{case[3]}-{k}" for k, case in enumerate(CASES)],
)
def test_planted_mistake(graders, file, function, where, name, edits):
    entry = graders.grade({file: planted(_text(file), where, *edits)}, function)[function]
    assert entry["verdict"] != "correct" and entry["score"] < entry["max_score"]
    if name != "?":
        assert name in entry["mistake"].split("; "), entry["message"]


def test_most_are_named():
    named = sum(case[3] != "?" for case in CASES)
    assert len(CASES) > 200 and named > 0.8 * len(CASES)


@pytest.mark.parametrize(
    "file", [layers_mistakes, classifiers, optim_mistakes, models_mistakes, sandwiches]
)
def test_every_mistake_can_be_planted(file):
    """Its text stands once in its function, and what stands there instead compiles."""
    for mistake in file.MISTAKES:
        function = _own(mistake.function, course("cs231n").functions)
        assert callable(mistaken(mistake, function)), mistake.name
