"""backproof grade and its neighbours, as they are typed: what they write, and what they refuse."""

import csv
import io
import json
import subprocess
import sys
import zipfile

import pytest
from typer.testing import CliRunner

from reference.command import app
from reference.grading.formats import FORMATS

HALF = """
import numpy as np

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, cache):
    return dout * (cache {sign} 0)
"""
TOML = 'course = "cs231n"\n[points]\n1 = ["relu_forward"]\n2 = ["relu_backward"]\n'


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A folder with an assignment, a secret and a class of three."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BACKPROOF_SECRET", raising=False)
    (tmp_path / "hw.toml").write_text(TOML)
    (tmp_path / "secret").write_bytes(b"known to the tests alone")
    (tmp_path / "class").mkdir()
    for name, sign in (("ada", ">"), ("bob", "<"), ("eve", ">=")):
        (tmp_path / "class" / f"{name}.py").write_text(HALF.format(sign=sign))
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def grade(*words):
    return run("grade", "-a", "hw.toml", "--secret", "secret", "-j", 1, *words)


def test_one_submission_to_the_screen(room):
    done = grade("class/bob.py", "-f", "json")
    result = json.loads(done.stdout)
    assert done.exit_code == 0 and result["submission"] == "bob" and result["official"]
    assert [p["verdict"] for p in result["problems"]] == ["correct", "wrong"]
    assert result["problems"][1]["mistake"] == "relu mask inverted"
    assert "relu_backward" in grade("class/bob.py").stdout


def test_without_a_secret_it_is_practice(room):
    result = json.loads(run("grade", "-a", "hw.toml", "-f", "json", "class/ada.py").stdout)
    assert result["score"] == 3 and not result["official"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_one_and_of_a_class(room, name):
    assert grade("class/ada.py", "-f", name, "-o", "one").exit_code == 0
    assert (room / "one").read_text()
    assert grade("class", "-f", name, "-o", "all").exit_code == 0
    texts = [path.read_text() for path in (room / "all").iterdir()]
    assert len(texts) >= (1 if name in ("nbgrader", "canvas") else 3) and all(texts)


def test_a_class_of_a_folder_and_of_a_zip(room):
    with zipfile.ZipFile(room / "class.zip", "w") as archive:
        for path in (room / "class").iterdir():
            archive.write(path, f"{path.stem}/layers.py")
    for place in ("class", "class.zip"):
        results = json.loads(grade(place, "-f", "json").stdout)
        assert [r["submission"] for r in results] == ["ada", "bob", "eve"]
        assert [r["score"] for r in results] == [3, 1, 3]
    one = json.loads(grade("class", "--one", "-f", "json").stdout)
    assert one["submission"] == "class"


def test_late_days(room):
    (room / "hw.toml").write_text(
        TOML + "[late]\ndue = 2026-10-01T12:00:00Z\npercent = 10\ndays = 2\n"
    )
    (room / "times.csv").write_text("submission,submitted\nada,2026-10-02T11:00:00Z\n")
    results = json.loads(grade("class", "-f", "json", "--times", "times.csv").stdout)
    assert results[0]["late"]["share"] == 0.9 and results[0]["final_score"] == 2.7
    assert "late" not in results[1]
    (room / "hw.toml").write_text(TOML + "[late]\ndue = 'soon'\npercent = 10\n")
    assert "soon" in grade("class/ada.py").stderr


def test_a_gradebook(room):
    (room / "roster.csv").write_text(
        "submission,student_id,last_name,first_name,email\nada,17,L,Ada,a@example.org\n"
    )
    done = grade("class", "-f", "nbgrader", "--roster", "roster.csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows[0]["student_id"] == "17" and float(rows[0]["score"]) == 3


def test_a_page_for_each_and_one_for_the_class(room):
    assert (
        grade("class", "-f", "html", "-o", "pages", "--similar", "--plot", "plot.svg").exit_code
        == 0
    )
    names = {path.name for path in (room / "pages").iterdir()}
    assert names == {"ada.html", "bob.html", "eve.html", "index.html"}
    assert (room / "plot.svg").read_text().lstrip().startswith("<?xml")
    assert 'href="bob.html"' in (room / "pages" / "index.html").read_text()


REFUSED = {
    "nobody.py": "there is no nobody.py",
    "empty": "no Python file or notebook in empty",
    "hw.toml -f gradescope class": "knows one submission",
    "class --submitted yesterday": "'yesterday' is no time",
    "class --metadata hw.toml": "is no JSON",
    "class --secret hw": "hw: No such file or directory",
    "class -f pdf": "there is no format 'pdf'",
    "class --plot a.gif": "expected .svg",
    "class --times strangers.csv": "'zoe', which is no submission's name",
    "class --times roster.csv": "expected submission too",
    "class --roster times.csv": "expected one of",
    "class/ada.py --out class/ada.py": "--out class/ada.py would overwrite class/ada.py",
    "class --out class/ada.py -f json": "--out class/ada.py would overwrite class",
    "class --secret times.csv --out times.csv -f json": "would overwrite times.csv",
}


@pytest.mark.parametrize("words", REFUSED)
def test_bad_input_is_named_and_nothing_is_lost(room, words):
    (room / "empty").mkdir()
    (room / "strangers.csv").write_text("submission,submitted\nzoe,2026-10-01T10:00:00Z\n")
    (room / "roster.csv").write_text("who,when\na,b\n")
    (room / "times.csv").write_text("who,when\na,b\n")
    done = grade(*words.split())
    assert done.exit_code == 2 and REFUSED[words] in done.stderr
    assert sorted(p.name for p in (room / "class").iterdir()) == ["ada.py", "bob.py", "eve.py"]
    assert "def " in (room / "class" / "ada.py").read_text()


def test_an_unknown_assignment_says_which_there_are(room):
    done = run("grade", "-a", "cs231n-a9", "class")
    assert done.exit_code == 2 and "cs231n-a1" in done.stderr


def test_where_the_code_cannot_be_locked_in(room, monkeypatch):
    monkeypatch.setattr("reference.grading.grade.WALLS", ("limits", "a wall there is not"))
    refused = grade("class/ada.py")
    assert refused.exit_code == 2 and "--practice" in refused.stderr
    result = json.loads(grade("class/ada.py", "--practice", "-f", "json").stdout)
    assert result["score"] == 3 and not result["official"]


def test_a_scheduler_without_dask_says_what_is_missing(room, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    done = grade("class", "--scheduler", "tcp://127.0.0.1:1")
    assert done.exit_code == 2 and "pip install" in done.stderr


def test_assignments_are_listed_and_begun(room):
    assert "cs231n-a2" in run("assignment", "list").stdout
    assert "conv_backward_naive" in run("assignment", "list", "cs231n-a2").stdout
    assert run("assignment", "new", "a/b").exit_code == 2
    begun = run("assignment", "new", "hw1", "--course", "cs231n", "--functions", "relu_*")
    assert begun.exit_code == 0 and begun.stdout.split() == ["hw1.py", "hw1.toml"]
    graded = run("grade", "-a", "hw1.toml", "hw1.py", "-f", "json")
    assert {p["verdict"] for p in json.loads(graded.stdout)["problems"]} == {"missing"}
    again = run("assignment", "new", "hw1", "--course", "cs231n")
    assert again.exit_code == 2 and "is there already" in again.stderr
    assert "did you mean" in run("assignment", "new", "hw2", "--functions", "relu_forwards").stderr


def test_the_autograder_and_the_workflow(room):
    assert run("gradescope", "hw.toml").exit_code == 2  # no secret
    assert run("gradescope", "hw.toml", "--secret", "secret", "-o", "a.zip").exit_code == 0
    with zipfile.ZipFile(room / "a.zip") as archive:
        assert {"setup.sh", "run_autograder"} <= set(archive.namelist())
    assert "actions/checkout" in run("github", "cs231n-a2").stdout


def test_grading_loads_neither_torch_nor_jax(room):
    code = "import sys, reference.grading.command; "
    code += "print(sorted({'torch', 'jax', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
