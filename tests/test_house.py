"""The order of the house: what each room holds and may import, and that no layer is half built."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from manual.catalog import functions
from manual.checks import Array
from manual.network import Layer
from reference.cards import LAYERS, LOSSES

ROOT = Path(__file__).parent.parent
NOT_LAYERS = {"network", "salary", "concatenate"}  # they have a forward too
PLAIN = {"l2"}  # a loss of the weights, not of an output
HELPERS = {"manual.checks", "manual.catalog", "manual.layer"}  # they compute nothing
UPDATES = {"sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw"}
UPDATES |= {"clip_by_norm", "clip_by_value"}
SHAPE = re.compile(r"\((?:\.{3}|\d?[A-Z]{1,2}),|the shape of (?:x|out)\b|any shape")


def sources(room):
    return sorted((ROOT / room).rglob("*.py"))


def imports(path):
    """The top-level packages a file imports anywhere, and those it imports when it is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    at_once = {name for node in tree.body for name in names(node)}
    return {name for node in ast.walk(tree) for name in names(node)}, at_once


def names(node):
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").split(".")[0]}
    return set()


@pytest.mark.parametrize("path", sources("manual"), ids=lambda path: path.name)
def test_manual_imports_numpy_alone(path):
    anywhere, _ = imports(path)
    assert anywhere <= {"manual", "numpy", "scipy"} | sys.stdlib_module_names
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"random\.(\w+)", text)) <= {"default_rng", "Generator"}, (
        "a seed of one's own"
    )
    assert "scipy" not in text or re.findall(r"special\.(\w+)", text) == ["erf"]
    assert len(text.splitlines()) <= 180, "a file of manual/ is to be read aloud"


@pytest.mark.parametrize("path", sources("reference"), ids=lambda path: path.name)
def test_reference_imports_frameworks_when_they_are_used(path):
    anywhere, at_once = imports(path)
    drawn = {"matplotlib"} if path.name in ("summary.py", "page.py") else set()  # the plots
    assert not {"comparisons", "tests", "sklearn", "matplotlib"} & (anywhere - drawn)
    assert not {"torch", "jax", "matplotlib"} & at_once
    if "grading" in path.parts:
        assert not {"torch", "jax"} & anywhere, "grading needs neither"
    if "box" in path.parts:
        assert not {"manual", "reference", "hypothesis"} & anywhere, "the box knows no answers"


@pytest.mark.parametrize("path", sources("manual"), ids=lambda path: path.name)
def test_backward_stands_directly_below_forward(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    order = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    for name in order:
        if name.endswith("_forward"):
            below = order[order.index(name) + 1]
            assert below == name.replace("_forward", "_backward")
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert classes in ([], ["Layer"])
    decorated = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.decorator_list]
    assert not decorated


def test_every_layer_and_loss_has_a_card_and_every_card_a_layer():
    kinds = {name.removesuffix("_forward") for name in functions() if name.endswith("_forward")}
    assert kinds - NOT_LAYERS == set(LAYERS)
    losses = {name.removesuffix("_loss") for name in functions() if name.endswith("_loss")}
    assert losses - NOT_LAYERS - PLAIN == set(LOSSES)
    for kind in kinds:
        assert f"{kind}_backward" in functions()


@pytest.mark.parametrize("name", sorted(functions()))
def test_public_functions_are_documented_and_typed(name):
    thing = functions()[name]
    assert inspect.getdoc(thing), f"{name} has no docstring"
    if thing is Layer:
        return
    signature = inspect.signature(thing)
    untyped = [p.name for p in signature.parameters.values() if p.annotation is p.empty]
    assert not untyped and signature.return_annotation is not signature.empty


def docs(name):
    """The docstring of a function, and that of its file, which holds for all that stands in it."""
    thing = functions()[name]
    return inspect.getdoc(thing), inspect.getdoc(inspect.getmodule(thing))


def untold(name, own, file):
    """What the two docstrings of a function do not say: arrays, a shape, errors, the source."""
    thing, said = functions()[name], f"{own}\n{file}"
    code, of = inspect.getsource(thing), inspect.signature(thing).parameters
    computes = name.endswith(("_forward", "_backward", "_loss")) or name in UPDATES
    missing = []
    if computes:
        arrays = [p.name for p in of.values() if p.annotation in (Array, Array | None)]
        arrays += gradients(name)
        missing += [each for each in arrays if not re.search(rf"\b{each}\b", said)]
        entry_by_entry = "any shape" in file or "in scalars" in file
        missing += ["a shape"] * (not SHAPE.search(own) and not entry_by_entry)
    errors = {each for text in (own, file) for each in re.findall(r"\w+Error\b", after(text))}
    if computes or re.search(r"\b(?:raise|expect\w*|pair|find)\b", code):
        missing += ["errors"] * (not errors)
        missing += sorted(set(re.findall(r"\braise (\w+)\(", code)) - errors)
    forward = docs(name.replace("_backward", "_forward"))[0] if name.endswith("_backward") else ""
    if thing.__module__ not in HELPERS and not re.search(r"Source: \S", said + forward):
        missing.append("the source")
    return missing


def after(text):
    """What stands behind "Errors:"."""
    return text.partition("Errors:")[2]


def gradients(name):
    """The gradients of every array that the function, or its forward, takes; ids have none."""
    if name.endswith("_loss"):
        return ["dw"] if name == "l2_loss" else ["dx"]
    if not name.endswith("_backward"):
        return []
    of = inspect.signature(functions()[name.replace("_backward", "_forward")]).parameters
    return [f"d{p.name}" for p in of.values() if p.annotation == Array and p.name != "ids"]


@pytest.mark.parametrize("name", sorted(functions()))
def test_docstrings_tell_shapes_errors_and_sources(name):
    assert untold(name, *docs(name)) == []


@pytest.mark.parametrize(
    ("name", "cut", "what"),
    [
        ("conv1d_forward", r"\(N, C, L\)|\(F, C / groups, K\)|\(F,\)|\(N, F, OL\)", ["a shape"]),
        ("relu_forward", "any shape", ["a shape"]),
        ("relu_backward", "any shape", ["a shape"]),
        ("salary_forward", "in scalars", ["a shape"]),
        ("batchnorm_backward", "dgamma", ["dgamma"]),
        ("adam", r"\bdw\b", ["dw"]),
        ("mse_loss", r"\bdx\b", ["dx"]),
        ("softmax_loss", "Errors:", ["errors", "ValueError"]),
        ("unfold", "Errors:", ["errors"]),
        ("expect_count", "ValueError", ["ValueError"]),
        ("train", "FloatingPointError", ["FloatingPointError"]),
        ("max_pool2d_forward", "Source:", ["the source"]),
        ("max_pool2d_backward", "Errors:", ["errors"]),
        ("fold", "Source: .*", ["the source"]),
        ("sgd", "Source:", ["the source"]),
    ],
)
def test_a_docstring_that_tells_less_is_caught(name, cut, what):
    less = [re.sub(cut, "", text) for text in docs(name)]
    assert untold(name, *less) == what


def test_no_docstring_at_all_is_caught():
    for name, function in functions().items():
        if name.endswith(("_forward", "_loss")):
            missing = untold(name, "", "")
            assert {"a shape", "errors", "the source"} <= set(missing), function


def undocumented(text):
    """The public functions and classes of a file, at its top level, that have no docstring."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    public = [n for n in ast.parse(text).body if isinstance(n, kinds) and n.name[0] != "_"]
    return [node.name for node in public if not ast.get_docstring(node)]


@pytest.mark.parametrize("path", sources("reference"), ids=lambda path: path.name)
def test_reference_is_documented(path):
    assert undocumented(path.read_text(encoding="utf-8")) == []


def test_what_is_undocumented_is_seen():
    bare = "def f():\n    return 1\n\n\nclass A:\n    x = 1\n\n\ndef _f():\n    return 2\n"
    assert undocumented(bare) == ["f", "A"]
    assert undocumented('def f():\n    """One."""\n') == []


def test_top_level_is_the_four_rooms():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    folders = {line.split("/")[0] for line in tracked.stdout.splitlines() if "/" in line}
    assert folders <= {"manual", "reference", "comparisons", "tests", ".ci", ".github"}


def test_manual_runs_without_torch_jax_and_reference():
    code = "import sys; from manual.catalog import functions; functions(); import manual.train; "
    code += "print(sorted({'torch', 'jax', 'reference', 'hypothesis'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
