"""The order of the house: what each room holds and may import, and that no layer is half built."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from manual.catalog import functions
from manual.network import Layer
from reference.cards import LAYERS, LOSSES

ROOT = Path(__file__).parent.parent
NOT_LAYERS = {"network", "salary", "concatenate"}  # they have a forward too
PLAIN = {"l2"}  # a loss of the weights, not of an output


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
