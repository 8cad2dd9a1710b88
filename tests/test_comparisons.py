"""The scripts to read: each runs, says what stands in it, draws its pictures, and can go wrong."""

import ast
import io
import re
import runpy
import sys
import types
import xml.etree.ElementTree as ET
from contextlib import redirect_stdout
from functools import cache

import jupytext
import numpy as np
import pytest
from typer.testing import CliRunner

from comparisons import show
from comparisons.conventions import CONVENTIONS, Row, answers
from comparisons.show import TITLES
from manual.network import layer
from reference.agreement import compare
from reference.cards import MISTAKES
from reference.command import app
from reference.mistakes import planted
from reference.paths import PATHS, path
from reference.problem import Problem
from reference.scripts import as_notebook, chosen, headline, scripts

SCRIPTS = scripts()
FOLDER = SCRIPTS[0].parent
PICTURES = FOLDER / "pictures"
SVG = "{http://www.w3.org/2000/svg}"
# Of pictures of measured times or of rounding, the numbers at the axes may be others elsewhere.
NOISY = ("14", "15", "17", "18", "19", "20")
run = CliRunner().invoke

STILL = {"clip (3e-6, 4e-6) to 5e-6"}  # its length is the limit, there and elsewhere
WITHOUT_PICTURES = {"21_published"}  # a table of what others have printed

# A mistake in manual/ that turns an assert of the script red.
BREAKS: dict[str, str] = {
    "01_salary": "salary derivatives crossed",
    "02_mazur": "sigmoid slope is s",
    "03_neuron": "tanh ignores upstream",
    "04_graph": "network shared overwritten",
    "05_shapes": "affine dw transposed",
    "06_upstream": "softmax mean missing",
    "07_softmax": "softmax diagonal only",
    "08_batchnorm": "standardize path through the variance dropped",
    "09_convolution": "conv2d dw flipped",
    "10_pooling": "max_pool2d last of several",
    "11_time": "rnn weights of the last step",
    "12_attention": "attention mask ignored in the backward",
    "13_frameworks": "relu slope one at the corner",
    "14_steps": "tanh square missing",
    "15_precision": "mse dx reversed",
    "16_optimizers": "adam epsilon before the correction",
    "17_modes": "affine db is a mean",
    "18_digits": "affine dw over the batch size",
    "19_cnn": "conv2d dx kernel flipped",
    "20_gpt": "gelu slope is p",
    "21_published": "sigmoid slope is s",
}


def each(test):
    return pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)(test)


@cache
def written(script):
    return script.read_text(encoding="utf-8")


def prose(script):
    """The text cells, without their comment signs."""
    cells = re.findall(r"^# %% \[markdown\]\n((?:#.*\n)*)", written(script), re.M)
    return "\n".join(re.sub(r"^# ?", "", cell, flags=re.M) for cell in cells)


@each
def test_it_runs_says_what_it_quotes_and_draws(script, tmp_path):
    out = io.StringIO()
    with redirect_stdout(out):
        result = run(app, ["compare", script.stem, "--plot", str(tmp_path)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    lines = [line.strip() for line in (result.output + out.getvalue()).splitlines()]
    for noise, quote in re.findall(r"^```text( noise)?\n(.*?)^```$", prose(script), re.S | re.M):
        wanted = quote.strip("\n").splitlines()
        starts = range(len(lines) - len(wanted) + 1)
        same = alike if noise else verbatim
        assert any(all(map(same, wanted, lines[k:])) for k in starts), f"not printed:\n{quote}"
    drawn = {file.name: file.read_text() for file in tmp_path.glob("*")}
    assert drawn or script.stem in WITHOUT_PICTURES
    kept = {file.name: file.read_text() for file in PICTURES.glob(f"{script.stem}*")}
    assert drawn.keys() == kept.keys(), "backproof compare all --plot comparisons/pictures"
    for name, svg in drawn.items():
        assert len(svg) < 200_000 and name.startswith(script.stem)
        assert texts(svg, name) == texts(kept[name], name), name
        assert same_shapes(svg, kept[name], name), f"{name} is drawn otherwise than it was kept"


def verbatim(quoted, printed):
    return quoted.strip() == printed.strip()


def alike(quoted, printed):
    """The same but for rounding noise: powers of ten within a factor of ten, or below 1e-12."""
    quoted, printed = quoted.split(), printed.split()
    return len(quoted) == len(printed) and all(map(_alike, quoted, printed))


def _alike(one, two):
    power = re.compile(r"\d(\.\d+)?e[+-]\d\d")
    if not (power.fullmatch(one) and power.fullmatch(two)):
        return one == two
    small, large = sorted(map(float, (one, two)))
    return large < 10 * small or large < 1e-12


def test_alike():
    assert alike("  h 1e-05  1.5e-11 12", "h 1e-05 3.1e-11 12") and alike("1.1e-16", "0.0e+00")
    for printed in ("h 1e-05 1.6e-10 12", "h 1e-05 1.5e-11 13", "h 1e-05 1.5e-11", "b 1e-05"):
        assert not alike("h 1e-05 1.5e-11 12", printed)
    assert verbatim(" a 1e-16", "a 1e-16 ") and not verbatim("a 1e-16", "a 2e-16")


def shapes(svg):
    """What is drawn, one by one: its colours and dashes, and the numbers of its line or place."""
    found = []
    for each in ET.fromstring(svg).iter():
        if each.tag in (f"{SVG}path", f"{SVG}use", f"{SVG}image"):
            style = each.get("style", "")
            words = [each.get(key) or "0" for key in ("d", "x", "y", "width", "height")]
            numbers = re.findall(r"-?[\d.]+(?:e-?\d+)?", " ".join(words))
            look = tuple(re.findall(r"(?:stroke|fill|stroke-dasharray): [^;]+", style))
            found.append((each.tag, look, np.array(numbers, float)))
    return found


def same_shapes(one, two, name, far=0.6):
    """Whether two pictures show the same; of what is noise or measured, the looks alone.

    far: points that a line may be elsewhere: a hundredth of an inch
    """
    one, two = shapes(one), shapes(two)
    if len(one) != len(two) and not name.startswith(NOISY):
        return False
    if name.startswith(NOISY):
        return {each[:2] for each in one} == {each[:2] for each in two}
    return all(
        a[:2] == b[:2] and a[2].shape == b[2].shape and np.allclose(a[2], b[2], rtol=0, atol=far)
        for a, b in zip(one, two, strict=True)
    )


def test_another_picture_is_seen():
    """A line elsewhere, in another colour, or one more."""
    svg = (PICTURES / "01_salary.svg").read_text()
    assert same_shapes(svg, svg, "01")
    root = ET.fromstring(svg)
    line = max(root.iter(f"{SVG}path"), key=lambda path: len(path.get("d")))
    for key, old, new in (("d", r"[\d.]+", "1"), ("style", "#[0-9a-f]{6}", "#123456")):
        kept = line.get(key)
        line.set(key, re.sub(old, new, kept, count=1))
        assert line.get(key) != kept
        assert not same_shapes(ET.tostring(root, encoding="unicode"), svg, "01")
        line.set(key, kept)
    assert same_shapes(ET.tostring(root, encoding="unicode"), svg, "01")
    line.set("style", re.sub("#[0-9a-f]{6}", "#123456", line.get("style"), count=1))
    assert not same_shapes(ET.tostring(root, encoding="unicode"), svg, "14")


def texts(svg, name):
    """All that is written in a picture; less numbers alone, where they are noise."""
    root = ET.fromstring(svg)
    found = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    shapes = [*root.iter(f"{SVG}path"), *root.iter(f"{SVG}image")]
    assert len(found) > 3 and len(shapes) > 3, "an empty picture"
    number = re.compile(r"[\s\d.,eE+\u2212-]*")
    return [each for each in found if not (name.startswith(NOISY) and number.fullmatch(each))]


@each
def test_its_form(script):
    """A claim, a prediction, the code, every path side by side, a picture, asserts, a last word."""
    text, tree = written(script), ast.parse(written(script))
    doc = ast.get_docstring(tree) or ""
    assert len(headline(script)) <= 100 and "\nClaim: " in doc, doc
    assert f"backproof compare {script.stem[:2]}" in doc
    assert "## Prediction" in prose(script) and "## What to remember" in prose(script)
    assert prose(script).index("## Prediction") < prose(script).index("## What to remember")
    assert sum(isinstance(node, ast.Assert) for node in ast.walk(tree)) >= 5
    shared = {"side_by_side", "compare", "PATHS", "TITLES", "worst_errors"}
    assert shared & set(re.findall(r"\w+", text)) or {*PATHS} <= set(re.findall(r"\w+", text))
    assert "```text" in prose(script), "nothing to read without running it"
    assert not re.search(r"—|!$", prose(script), re.M)


@pytest.mark.parametrize("stem", sorted(BREAKS))
def test_it_can_go_wrong(stem, monkeypatch):
    (script,) = chosen([stem])
    monkeypatch.setattr(sys, "argv", [str(script)])
    with planted(MISTAKES[BREAKS[stem]]), redirect_stdout(io.StringIO()):
        with pytest.raises(AssertionError) as raised:
            runpy.run_path(str(script), run_name="__main__")
        at = [entry.frame.code.path for entry in raised.traceback]
        assert script in at, "it must be the script that notices"


def test_every_script_is_seen_to_go_wrong():
    assert {script.stem for script in SCRIPTS} == BREAKS.keys()


def test_they_are_numbered_and_listed():
    numbers = [int(script.stem[:2]) for script in SCRIPTS]
    assert numbers == list(range(1, len(SCRIPTS) + 1)) and len(SCRIPTS) >= 16
    listed = run(app, ["compare"]).output.splitlines()
    assert listed == [f"{script.stem[:2]}  {headline(script)}" for script in SCRIPTS]


def test_scripts_are_meant_by_number_or_name():
    assert [s.stem for s in chosen(["2", "salary", "02_mazur"])] == ["02_mazur", "01_salary"]
    assert chosen(["04", "all"]) == SCRIPTS
    assert chosen(["all"]) == SCRIPTS
    with pytest.raises(ValueError, match="there is no comparison '99', expected 'all' or any of: "):
        chosen(["99"])


@each
def test_a_notebook_has_the_same_cells(script, tmp_path):
    notebook = jupytext.read(as_notebook(script, tmp_path / "new"))
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds[0] == "markdown" and kinds.count("code") >= 3
    assert notebook.cells[0].source.startswith(f"# {headline(script)}")
    doc = ast.get_docstring(ast.parse(written(script)))
    assert notebook.cells[0].source.split() == ["#", *doc.split()]
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    words = " ".join(cell.source for cell in notebook.cells[1:] if cell.cell_type == "markdown")
    assert words.split() == prose(script).split()
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    whole = ast.parse(written(script))
    assert ast.dump(ast.parse(code)) == ast.dump(ast.Module(whole.body[1:], []))


def test_a_notebook_is_written_by_the_command(tmp_path):
    result = run(app, ["compare", "02", "--notebook", str(tmp_path / "books")])
    assert result.exit_code == 0 and (tmp_path / "books" / "02_mazur.ipynb").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["99"], "there is no comparison '99'"),
        (["--plot", "x"], "of which?"),
        (["02", "--plot", "{file}"], "is a file, expected a folder"),
        (["02", "--notebook", "{file}"], "is a file, expected a folder"),
        (["02", "--plot", "{file}/below"], "is a file, expected a folder"),
        (["02", "--notebook", "{file}/below"], "is a file, expected a folder"),
        (["02", "--notebook", "new", "--plot", "new"], "a notebook is written, not run"),
    ],
)
def test_bad_arguments_name_what_was_wrong(arguments, message, tmp_path):
    (tmp_path / "file").write_text("mine")
    result = run(app, ["compare", *(a.format(file=tmp_path / "file") for a in arguments)])
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
    assert (tmp_path / "file").read_text() == "mine"


def columns(line):
    """A printed line in the columns of side_by_side: the words, and 15 characters a number."""
    return [line[-15 * k :][:15].strip() for k in range(len(TITLES), 0, -1)]


def test_every_column_is_under_its_path(monkeypatch, capsys):
    """Each path's gradients moved by a number of its own: that number stands in its column."""
    moves = {name: 100.0 * k for k, name in enumerate(TITLES)}

    def moved(name):
        def run(problem):
            found = path(name)(problem)
            return found._replace(dx=found.dx + moves[name])

        return run

    def compared(problem, **keywords):
        found = compare(problem, **keywords)
        return [each._replace(worst=moves[each.path]) for each in found]

    problem = Problem([layer("tanh")], {}, np.array([[0.25]]), np.array([[1.0]]))
    monkeypatch.setattr(show, "path", moved)
    monkeypatch.setattr(show, "compare", compared)
    found = show.side_by_side(problem)
    show.worst_errors({"row": found}, "title")
    heads, numbers, worst, again, row = capsys.readouterr().out.splitlines()
    assert columns(heads) == list(TITLES.values())
    wanted = [1 - np.tanh(0.25) ** 2 + move for move in moves.values()]
    assert np.allclose([float(each) for each in columns(numbers)], wanted)
    assert columns(worst)[1:] == columns(row)[1:] == [f"{moves[name]:.3f}" for name in PATHS]
    assert columns(again)[1:] == [TITLES[name] for name in PATHS]


def test_conventions_are_asked_and_not_quoted():
    """Three functions, three answers; what is said of them has no say."""
    row = Row("w", 1.0, lambda x: 2 * x, lambda x: 3 * x, lambda x: 4 * x, "7 | 7 | 7", "")
    assert answers([row], gradients=False) == [["2", "3", "4"]]
    assert answers([row]) == [["2", "3", "4"]]

    def raises(x):
        raise IndexError(x)

    row = row._replace(torch=raises, jax=raises, manual=None)
    assert answers([row]) == [["IndexError", "IndexError", "-"]]


@pytest.mark.parametrize("row", CONVENTIONS, ids=lambda row: row.what)
def test_no_convention_is_a_constant(row):
    """At another place it is another number; or it raises, or is a shape of zeros."""
    at = np.asarray(row.at, float)
    elsewhere = row._replace(at=(-0.3 * at + 0.01 * np.arange(1, at.size + 1).reshape(at.shape)))
    here, there = (answers([each], gradients=False)[0] for each in (row, elsewhere))
    for one, two in zip(here, there, strict=True):
        words = one.replace("-", "").isalpha() or one in ("-", "0 0 0")
        assert one != two or words or row.what in STILL


def test_several_scripts_run_in_turn(monkeypatch, tmp_path):
    """Each once, under its own title; a notebook runs none."""
    ran = []
    monkeypatch.setattr("reference.scripts.runpy.run_path", lambda file, **_: ran.append(file))
    before = list(sys.argv)
    result = run(app, ["compare", "03", "02", "3", "--plot", str(tmp_path)])
    assert result.exit_code == 0 and sys.argv == before
    assert ran == [str(script) for script in (SCRIPTS[2], SCRIPTS[1])]
    third, second = (
        result.output.index(f"===== {s.stem}: {headline(s)}") for s in chosen(["3", "2"])
    )
    assert third < second
    assert run(app, ["compare", "04", "--notebook", str(tmp_path)]).exit_code == 0
    assert len(ran) == 2


def test_pictures_show_in_a_notebook(monkeypatch):
    shown = []
    picture, axes = show.figure(2, 2)
    axes.plot([0, 1], [1, 0])
    shell = types.SimpleNamespace(kernel=None)
    ipython = types.SimpleNamespace(get_ipython=lambda: shell, version_info=(9, 0))
    fake = types.SimpleNamespace(SVG=lambda text: text, display=shown.append)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    monkeypatch.setattr(sys, "argv", ["script"])
    assert show.drawing()
    show.keep(picture, "none")
    assert len(shown) == 1 and b"<svg" in shown[0]
