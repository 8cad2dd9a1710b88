"""What is uploaded to platforms: run as they run it, and what they get back when it fails."""

import importlib.metadata
import io
import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from reference.grading.assignment import assignment, find, text_of
from reference.grading.courses import course
from reference.grading.platforms import github_workflow, gradescope_zip
from reference.grading.platforms.gradescope import PACKAGES, packages

ROOT = Path(__file__).parent.parent
SECRET = b"a secret of the course's own"
TOML = """
title = "Homework 2"
course = "cs231n"
hints = ["category", "cause", "algebra"]
[points]
1 = ["affine_forward", "relu_forward"]
2 = ["affine_backward", "relu_backward"]
[late]
due = 2026-10-01T23:59:00Z
percent = 10
"""
RIGHT = """
import numpy as np
def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w, b)
def affine_backward(dout, cache):
    x, w, b = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(0)
def relu_forward(x):
    return np.maximum(x, 0), x
def relu_backward(dout, x):
    return dout * (x > 0)
"""


def unpacked(data, folder):
    """As unzip does it, modes and all."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            path = folder / entry.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(entry))
            path.chmod(stat.S_IMODE(entry.external_attr >> 16))


@pytest.fixture
def autograder(tmp_path):
    """/autograder as Gradescope documents it, after setup.sh."""
    for folder in ("source", "submission", "results"):
        (tmp_path / folder).mkdir()
    unpacked(gradescope_zip(TOML, "hw2", SECRET), tmp_path / "source")
    (tmp_path / "run_autograder").write_bytes((tmp_path / "source/run_autograder").read_bytes())
    (tmp_path / "venv").symlink_to(sys.prefix)
    return tmp_path


def run(root, **environ):
    """Run the autograder; what it leaves, and what it printed."""
    done = subprocess.run(
        ["bash", str(root / "run_autograder")], capture_output=True, text=True, timeout=120,
        cwd="/", env={**os.environ, "AUTOGRADER_ROOT": str(root), **environ},
    )  # fmt: skip
    assert done.returncode == 0
    return json.loads((root / "results/results.json").read_text(encoding="utf-8")), done


def metadata(previous, created="2026-10-01T16:00:00.000000-07:00"):
    return json.dumps({
        "id": 1, "created_at": created, "assignment": {"due_date": "2026-10-01T23:59:00-07:00"},
        "users": [{"email": "ada@x.edu", "id": 1, "name": "Ada"}],
        "previous_submissions": [{"score": 0.0}] * previous,
    })  # fmt: skip


# Gradescope -------------------------------------------------------------------------------------


def test_a_submission_is_graded_as_on_gradescope(autograder):
    (autograder / "submission/layers.py").write_text(RIGHT, encoding="utf-8")
    (autograder / "submission_metadata.json").write_text(metadata(0), encoding="utf-8")
    told, done = run(autograder)
    assert told["score"] == 6, done.stderr
    assert [test["status"] for test in told["tests"]] == ["passed"] * 4
    assert told["extra_data"]["official"] is True


def test_each_attempt_is_told_more_and_lateness_costs(autograder):
    text = RIGHT.replace("@ dout, dout.sum(0)", "@ dout / len(x), dout.sum(0)")
    (autograder / "submission/layers.py").write_text(text, encoding="utf-8")
    outputs = []
    for previous in range(3):
        late = metadata(previous, "2026-10-01T18:00:00.000000-07:00")
        (autograder / "submission_metadata.json").write_text(late, encoding="utf-8")
        told, done = run(autograder)
        assert told["tests"], done.stderr
        by_name = {test["name"]: test for test in told["tests"]}
        outputs.append(by_name["affine_backward"]["output"])
        assert by_name["late"]["score"] < 0
        assert told["score"] == pytest.approx(sum(test["score"] for test in told["tests"]))
    assert len(set(outputs)) == 3
    assert "could it be" in outputs[0] and "yours acts like" in outputs[2]


def test_the_secret_reaches_no_student(autograder):
    secret = autograder / "source/secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600 and secret.read_bytes() == SECRET
    reader = RIGHT.replace(
        "return np.maximum(x, 0), x", f"raise ValueError(open({str(secret)!r}).read())"
    )
    (autograder / "submission/layers.py").write_text(reader, encoding="utf-8")
    told, done = run(autograder)
    assert SECRET.decode() not in json.dumps(told) + done.stdout + done.stderr
    assert {t["name"]: t["status"] for t in told["tests"]}["relu_forward"] == "failed"
    assert (autograder / "source/secret").read_bytes() == SECRET


def test_several_files_of_a_student_are_one_submission(autograder):
    for name in ("layers.py", "layers_old.py"):
        (autograder / "submission" / name).write_text(RIGHT, encoding="utf-8")
    assert run(autograder)[0]["score"] == 6


def test_nothing_handed_in_is_no_failure_of_the_autograder(autograder):
    told, _ = run(autograder)
    assert told["score"] == 0 and len(told["tests"]) == 4
    assert "not defined" in told["tests"][0]["output"]


@pytest.mark.parametrize("harm", ["sources", "assignment", "metadata", "time", "python"])
def test_whatever_fails_a_valid_result_says_that_it_is_no_fault_of_the_students(autograder, harm):
    (autograder / "submission/layers.py").write_text(RIGHT, encoding="utf-8")
    environ = {}
    if harm == "sources":
        (autograder / "source/reference/grading/grade.py").write_text("1 / 0", encoding="utf-8")
    elif harm == "assignment":
        (autograder / "source/hw2.toml").write_text("course = 7", encoding="utf-8")
    elif harm == "metadata":
        (autograder / "submission_metadata.json").write_text("{", encoding="utf-8")
    elif harm == "time":
        environ = {"AUTOGRADER_SECONDS": "0.05"}
    else:
        (autograder / "venv").unlink()
        (autograder / "venv/bin").mkdir(parents=True)
        (autograder / "venv/bin/python").write_text("#!/bin/sh\nkill -9 $$\n", encoding="utf-8")
        (autograder / "venv/bin/python").chmod(0o755)
    told, done = run(autograder, **environ)
    assert "no fault of yours" in told["output"] and told["extra_data"] == {"failed": True}
    assert told["score"] == sum(test["score"] for test in told["tests"]) == 0
    assert "The grader ended with" in done.stderr
    assert os.listdir(autograder / "results") == ["results.json"]


def test_the_zip_is_the_same_each_time_and_holds_what_is_needed():
    first = gradescope_zip(TOML, "hw2", SECRET)
    assert gradescope_zip(TOML, "hw2", SECRET) == first and len(first) < 4 << 20
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        modes = {e.filename: stat.S_IMODE(e.external_attr >> 16) for e in archive.infolist()}
        assert archive.testzip() is None
        for script in ("setup.sh", "run_autograder"):
            text = archive.read(script).decode()
            assert "@" not in text.replace("[@]", "") and "\r" not in text
            assert subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0
        assert archive.read("hw2.toml").decode() == TOML
        setup = archive.read("setup.sh").decode()
    assert modes["secret"] == 0o600 and modes["setup.sh"] == modes["run_autograder"] == 0o755
    assert not [name for name in modes if "__pycache__" in name or name.startswith(("tests", "/"))]
    for name in ("manual/affine.py", "reference/grading/box/__main__.py",
                 "reference/grading/grade.py", "reference/grading/pages/student.html"):  # fmt: skip
        assert name in modes
    assert "torch" not in setup and "jax" not in setup


def test_a_name_cannot_break_the_script():
    data = gradescope_zip(TOML, "my hw; rm -rf /", SECRET)
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert "my-hw--rm--rf.toml" in names
    assert (
        "../x.toml"
        not in zipfile.ZipFile(io.BytesIO(gradescope_zip(TOML, "../x", SECRET))).namelist()
    )
    with pytest.raises(ValueError, match="secret is empty"):
        gradescope_zip(TOML, "hw2", b" \n")


def test_packages_are_those_of_the_project():
    import tomllib

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(PACKAGES) <= set(declared["project"]["dependencies"])
    assert f"hypothesis=={importlib.metadata.version('hypothesis')}" in packages()


def test_grading_imports_no_framework():
    code = """
import pkgutil, sys, importlib
import reference.grading
for each in pkgutil.walk_packages(reference.grading.__path__, "reference.grading."):
    if ".box" not in each.name and not each.name.endswith("__main__"):
        importlib.import_module(each.name)
from reference.grading.courses import course
print(sorted({"torch", "jax", "sklearn", "matplotlib"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


# GitHub -----------------------------------------------------------------------------------------


def test_the_workflow_is_one_with_the_least_permissions():
    yaml = pytest.importorskip("yaml")
    text = github_workflow(assignment("cs231n-a2"))
    told = yaml.safe_load(text)
    assert told["permissions"] == {"contents": "read", "actions": "read", "checks": "write"}
    assert "pull_request_target" not in text and set(told[True]) == {"push", "workflow_dispatch"}
    (job,) = told["jobs"].values()
    assert job["timeout-minutes"] <= 30
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert {each.partition("@")[0] for each in used} == {
        "actions/checkout", "actions/setup-python", "actions/upload-artifact",
        "classroom-resources/autograding-grading-reporter",
    }  # fmt: skip
    for each in used:
        assert each.partition("@")[2].removeprefix("v").isdigit(), "pinned by major version"
    for step in job["steps"]:
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
    (grade,) = [step for step in job["steps"] if step.get("id") == "grade"]
    assert grade["env"]["ASSIGNMENT"] == "cs231n-a2"
    assert [step for step in job["steps"] if "secrets.BACKPROOF_SECRET" in json.dumps(step)] == [
        grade
    ]
    reporter = job["steps"][-1]
    assert reporter["env"] == {"GRADE_RESULTS": "${{ steps.grade.outputs.result }}"}
    assert "${{" not in grade["run"], "nothing is pasted into a script"


def test_the_workflows_script_grades(tmp_path):
    yaml = pytest.importorskip("yaml")
    for folder in ("submission", "grader", "temp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "submission/layers.py").write_text(RIGHT, encoding="utf-8")
    for package in ("manual", "reference"):
        (tmp_path / "grader" / package).symlink_to(ROOT / package)
    (job,) = yaml.safe_load(github_workflow(assignment("cs231n-a2")))["jobs"].values()
    (grade,) = [step for step in job["steps"] if step.get("id") == "grade"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "GITHUB_OUTPUT": str(tmp_path / "output"),
               "RUNNER_TEMP": str(tmp_path / "temp"), "ASSIGNMENT": "cs231n-a2"}  # fmt: skip
    for secret, code in (("", 1), (SECRET.decode(), 0)):
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", grade["run"]], cwd=tmp_path / "grader",
            env=environ | {"BACKPROOF_SECRET": secret}, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, done.stderr + done.stdout
    assert "affine_forward" in done.stdout and SECRET.decode() not in done.stdout
    assert (tmp_path / "results/junit.xml").read_text(encoding="utf-8").startswith("<?xml")
    assert (tmp_path / "output").read_text(encoding="utf-8").startswith("result=")
    assert os.listdir(tmp_path / "temp") == []


def test_every_assignment_that_comes_along_can_be_uploaded():
    for name in ("cs231n-a2",):
        known = assignment(name)
        assert course(known.course.name) is known.course
        assert gradescope_zip(text_of(find(name)), name, SECRET)
        assert f'ASSIGNMENT: "{name}"' in github_workflow(known)
    own = known._replace(name="hw1", title="A\ntitle: #x")
    text = github_workflow(own)
    assert 'ASSIGNMENT: "hw1.toml"' in text and "\ntitle" not in text
