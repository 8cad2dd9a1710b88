"""CS231n's classifiers, layers of scores, networks and updates: right code passes, wrong code is
told which mistake it has. The submissions are data: text, in the styles of students."""

import re
from functools import cache
from pathlib import Path

import pytest

from reference.grading.assignment import assignment
from reference.grading.grade import Grader
from reference.grading.sheet import Sheet
from reference.grading.submission import Submission
from reference.grading.workers import Box

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


# Planted mistakes -----------------------------------------------------------------------------


def planted(text, function, right, wrong):
    """The file with another text in one of its functions, or in the method of a class."""
    owner, _, method = function.partition(" ")[0].partition(".")
    start = re.search(rf"^(def|class) {owner}\b", text, re.M).start()
    if method:
        start = re.compile(rf"^ +def {method}\b", re.M).search(text, start).start()
    end = re.compile(r"^(?=def |class )| +def ", re.M).search(text, start + 12)
    end = end.start() if end else len(text)
    block = text[start:end]
    assert block.count(right) == 1, f"{right!r} stands {block.count(right)} times in {function}"
    return text[:start] + block.replace(right, wrong) + text[end:]


# file, function, what stands there, what the student wrote, the name of the mistake or None
WRONG = []
