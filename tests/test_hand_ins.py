"""Hand-ins made to break a grader: zips that bite, folders without floor, texts without end."""

import json
import os
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from reference.grading.assignment import Limits, assignment
from reference.grading.grade import Grader
from reference.grading.sheet import Sheet
from reference.grading.submission import submissions
from reference.grading.workers import Box

RIGHT = (Path(__file__).with_name("attacks") / "right.py").read_text()
POINTS = {"relu_forward": 1.0}
WRONG = "\ndef relu_forward(x):\n    return -x, x\n"


def zipped(path, **files):
    """A zip with these names; a bytes value as it is, a pair as a link."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if isinstance(data, tuple):
                entry.external_attr, (data,) = 0o120777 << 16, data
            archive.writestr(entry, data)
    return path


def encrypted(path):
    zipped(path, **{"layers.py": RIGHT})
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)
    return path


def broken(path):
    zipped(path, **{"layers.py": RIGHT})
    path.write_bytes(path.read_bytes()[:200])
    return path


def written(path, data):
    path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return path


def folder(path, **files):
    for name, data in files.items():
        here = path / name
        here.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, Path):
            here.symlink_to(data)
        else:
            here.write_bytes(data.encode())
    return path


def deep(path):
    """Folders in folders, as deep as a path can be, and deeper."""
    path.mkdir()
    (path / "layers.py").write_text(RIGHT)
    here = os.open(path, os.O_RDONLY)
    for _ in range(2100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    return path


def sparse(path):
    with path.open("wb") as file:
        file.write(RIGHT.encode())
        file.truncate(100 << 20)
    return path


def pipe(path):
    folder(path, **{"layers.py": RIGHT})
    os.mkfifo(path / "waits.py")
    return path


def file(data):
    return lambda at, away: written(at / "layers.py", data)


def book(data):
    return lambda at, away: written(at / "a.ipynb", data)


def cells(*sources):
    code = [{"cell_type": "code", "source": each} for each in sources]
    return book(json.dumps({"cells": code}))


# What is handed in; whether its relu_forward is right, None where there is none; what is remarked.
HANDED_IN = {
    "a path that climbs": (
        lambda at, c: zipped(at / "a.zip", **{"../../up/layers.py": RIGHT}), True, ""),
    "a path from the root": (
        lambda at, c: zipped(at / "a.zip", **{"/etc/layers.py": RIGHT}), True, ""),
    "a link in a zip": (
        lambda at, c: zipped(at / "a.zip", **{"layers.py": RIGHT, "b.py": (str(c),)}), True, ""),
    "links in a folder": (
        lambda at, c: folder(at / "a", **{"layers.py": RIGHT, "b.py": c, "c": c.parent}), True, ""),
    "a bomb": (
        lambda at, c: zipped(at / "a.zip", **{"layers.py": RIGHT, "b.py": " " * (50 << 20)}), True,
        "larger than"),
    "many bombs": (
        lambda at, c: zipped(at / "a.zip", **{f"{k}.py": "#" * (3 << 20) for k in range(5)}), None,
        "more than 8 MiB"),
    "an encrypted zip": (lambda at, c: encrypted(at / "a.zip"), None, "encrypted"),
    "half a zip": (lambda at, c: broken(at / "a.zip"), None, "no zip"),
    "no zip": (lambda at, c: written(at / "a.zip", b"PK\3\4" * 99), None, "no zip"),
    "100 megabytes": (lambda at, c: sparse(at / "layers.py"), None, "larger than"),
    "10,000 files": (
        lambda at, c: zipped(at / "a.zip", **{"layers.py": RIGHT},
                             **{f"m{k}.py": "x = 1" for k in range(9_999)}), True, "more than 400"),
    "a notebook that is none": (book('{"cells": ['), None, "no notebook"),
    "a notebook of lists": (book("[" * 10**5), None, "no notebook"),
    "a notebook of numbers": (book('{"cells": 5}'), None, "no notebook"),
    "a notebook of halves": (cells(RIGHT, "s = '\ud800'"), True, ""),
    "a notebook with a cell of data": (
        cells(RIGHT, "x = [" + "1," * 10**6 + "]"), True, ""),
    "a notebook with a cell that nests": (
        cells(RIGHT, "def f():\n  x = " + "-" * 90_000 + "1"), False, ""),
    "null bytes": (file(RIGHT.replace("\n", "\0\n")), True, ""),
    "a byte order mark": (file(b"\xef\xbb\xbf" + RIGHT.encode()), True, ""),
    "two bytes a letter": (file(RIGHT.encode("utf-16")), True, ""),
    "latin-1": (file(RIGHT.encode() + b"# caf\xe9"), True, ""),
    "carriage returns": (file(RIGHT.replace("\n", "\r")), True, ""),
    "deep folders": (lambda at, c: deep(at / "a"), True, "cannot be read"),
    "a pipe": (lambda at, c: pipe(at / "a"), True, ""),
    "names of modules": (
        lambda at, c: folder(at / "a", **{"layers.py": RIGHT}, **dict.fromkeys(
            ("numpy.py", "json.py", "sitecustomize.py", "__init__.py", "usercustomize.py", "run.py",
             "__main__.py", "encodings/__init__.py"), "raise SystemExit")), True, ""),
    "names that move the cursor": (
        lambda at, c: folder(at / "a\x1b[2J", **{"layers.py": RIGHT, "\x1b\u202e\udcff.py": "x"}),
        True, ""),
    "blank lines without end": (
        file("x = (" + "\n" * 500_000 + WRONG), False, ""),
    "spaces without end": (
        file("print " + " " * 500_000 + "\nexcept " * 10**5 + WRONG),
        False, ""),
    "a line without end": (
        file(RIGHT + "x = '" + "y" * (3 << 20) + "'\n"), True, ""),
    "a sum without end": (
        file(RIGHT + "x = 1" + "+1" * 10**5 + "\n"), False, ""),
    "brackets without end": (
        file(RIGHT + "x = " + "(" * 10**5 + "\n"), False, ""),
    "words without end": (
        file(RIGHT + "# " + "relu_forward" * 10**5), True, ""),
    "nothing": (file(""), None, ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def grader():
    few = assignment("cs231n-a2")._replace(points=POINTS, limits=Limits(memory=256))
    with Box() as box:
        yield Grader(Sheet(few, b"secret"), box)


@pytest.mark.parametrize("what", HANDED_IN)
def test_a_hand_in_breaks_nothing(grader, tmp_path, request, what):
    make, right, remark = HANDED_IN[what]
    request.addfinalizer(lambda: subprocess.run(["rm", "-rf", tmp_path / "here"], check=True))
    away, here = tmp_path / "away", tmp_path / "here"
    away.mkdir(), here.mkdir()
    (away / "canary.py").write_text("canary = 'in the mine'")
    started = time.monotonic()
    path = make(here, away / "canary.py")
    before = sorted(tmp_path.glob("*/*"))
    (found,) = submissions([path], set(POINTS), many=False)
    read = found.read()
    result = grader.grade(read)
    told = json.dumps([result, read.files], allow_nan=False)
    assert told.encode("utf-8") and "in the mine" not in told
    assert "\\u001b" not in json.dumps([result, *read.files, *read.problems])
    assert time.monotonic() - started < 20 and sorted(tmp_path.glob("*/*")) == before
    assert not any(each.startswith("/") or ".." in each for each in read.files)
    (relu,) = result["problems"]
    expected = {True: ("correct",), False: ("raises", "outdated", "wrong"), None: ("missing",)}
    assert relu["verdict"] in expected[right], relu
    assert remark in " ".join(result["remarks"])


def test_a_class_with_a_bomb_in_it(tmp_path):
    """Whether a zip holds one submission or many is found without keeping what it holds."""
    files = {f"{name}/layers.py": RIGHT for name in ("ada", "ben")}
    files |= {f"eve/{k}.py": "#" * (3 << 20) for k in range(12)}
    places = submissions([zipped(tmp_path / "class.zip", **files)], set(POINTS))
    assert [each.name for each in places] == ["ada", "ben", "eve"]
    assert sum(map(len, places[2].read().files.values())) <= 8 << 20
