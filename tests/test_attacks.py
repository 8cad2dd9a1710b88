"""The grader against its students: code that attacks gains nothing, reads nothing, leaves nothing.

Each file of tests/attacks is laid over right code and graded, as this user and once more by a
grader that runs as nobody: the same bytes must come out.
"""

import contextlib
import copy
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from reference.grading import grade, trial, workers
from reference.grading.assignment import Limits, assignment
from reference.grading.grade import SCHEMA, Grader
from reference.grading.sheet import Sheet
from reference.grading.submission import Submission, defines
from reference.grading.workers import Box, Worker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has the walls")

ROOT = Path(__file__).parent.parent
ATTACKS = ROOT / "tests" / "attacks"
NAMES = sorted(path.stem for path in ATTACKS.glob("*.py"))
POINTS = {
    "affine_forward": 1.0, "affine_backward": 2.0, "relu_forward": 1.0, "relu_backward": 2.0,
    "affine_relu_forward": 1.0, "affine_relu_backward": 2.0, "softmax_loss": 1.0,
    "dropout_forward": 1.0, "dropout_backward": 2.0,
}  # fmt: skip
VERDICTS = {
    "correct", "wrong", "raises", "outdated", "timeout", "missing", "shape", "nondeterministic",
    "blocked",
}  # fmt: skip
# What is right all the same, and what a person is told to look at.
FLAGGED = {
    "differences": (
        {"affine_backward"},
        "times: a gradient by differences",
    ),
    "differences_lent": ({"affine_relu_forward", "affine_relu_backward"}, "forward in a loop"),
    "complex_step": ({"affine_backward"}, "a gradient by complex steps"),
    "right": (set(POINTS), ""),
}
# What takes the rest of its file along: the process is gone, or the world is another.
ALONE = ("load_", "world_", "forge_", "end_silent")
# What ends by the clock alone.
STALLS = (
    "stall_",
    "end_recursion",
    "load_assignment",
    "load_class_body",
    "object_dict",
    "forge_ask_flood",
)
QUICK = Limits(call=0.3, total=10.0, memory=128)
CALM = Limits(call=5.0, total=30.0, memory=128)
NOBODY = 65534


class Bench:
    """A grader, its box, and what went through the pipe."""

    def __init__(self, place: Path, port: int):
        self.place, self.port, self.frames = place, port, []
        whole = assignment("cs231n-a2")._replace(points=POINTS, limits=CALM)
        self.sheet = Sheet(whole, (place / "secret").read_bytes())
        self.box = Box()
        self.grader = Grader(self.sheet, self.box)
        read, frames = Worker._exactly, self.frames

        def kept(worker: Worker, count: int, deadline: float) -> bytes:
            frames.append(bytes(read(worker, count, deadline)))
            return frames[-1]

        self.read, Worker._exactly = read, kept

    def text(self, name: str) -> str:
        """An attack over right code."""
        attack = (ATTACKS / f"{name}.py").read_text()
        for mark, what in (("PLACE", self.place), ("ROOT", ROOT), ("PORT", self.port)):
            attack = attack.replace(f"@{mark}@", str(what))
        return f"{(ATTACKS / 'right.py').read_text()}\n\n{attack}"

    def grade(self, name: str) -> dict:
        """What comes of an attack: a result's JSON, what leaked, what is left running."""
        self.frames.clear()
        attacked = defines((ATTACKS / f"{name}.py").read_text())
        apart = ("relu_forward", "affine_forward", "softmax_loss", "dropout_forward")
        other = next((f for f in apart if f not in attacked), "")
        points = {f: n for f, n in POINTS.items() if f in attacked or f == other}
        stalls = name.startswith(STALLS)
        grader, sheet = copy.copy(self.grader), copy.copy(self.sheet)
        sheet.assignment = sheet.assignment._replace(
            points=points, limits=QUICK if stalls else CALM
        )
        sheet.problems = [sheet.assignment.course.problems[each] for each in points]
        grader.sheet = sheet
        result = grader.grade(Submission(name, {"layers.py": self.text(name)}, []))
        walls = result.pop("isolation")
        told = json.dumps(result, allow_nan=False)
        told.encode("utf-8")
        tokens = [path.read_bytes().strip() for path in self.place.glob("*canary*")]
        tokens.append(os.environ["CANARY"].encode())
        said = [told.encode(), *self.frames]
        leaked = any(token in each for each in said for token in tokens)
        return {
            "json": told,
            "leaked": leaked,
            "left": session(self.box._process.pid)[1:],
            "walls": list(walls),
        }

    def close(self) -> None:
        """The end of the box."""
        Worker._exactly = self.read
        self.box.close()


def session(box: int) -> list[int]:
    """The processes that came from a box, itself the first."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, leader = stat.read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(leader) == box and state != "Z":
            found.append(int(stat.parent.name))
    return sorted(found)


class Other:
    """Another bench, in a process of its own, as nobody where that can be."""

    def __init__(self, place: Path, port: int):
        self.reason, command = "", [sys.executable, "-W", "error", "-B", __file__, place, str(port)]
        prefix = _as_nobody(place)
        if isinstance(prefix, str):
            self.reason, prefix = prefix, []
        self.process = subprocess.Popen(
            [*prefix, *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.uid = int(self._line())

    def grade(self, name: str) -> dict:
        """What comes of an attack there."""
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        return json.loads(self._line())

    def _line(self) -> str:
        line = self.process.stdout.readline()
        assert line, "the other grader has ended"
        return line

    def close(self) -> None:
        """The end of it."""
        self.process.communicate()


def _as_nobody(place: Path) -> list[str] | str:
    """What makes a command run as nobody, or why it cannot.

    Where this Python lies in a folder that is closed to others, as below /root, it is bound to its
    place in a mount namespace whose /root is empty and open.
    """
    if os.getuid() != 0:
        return "not root: all of it ran as an ordinary user"
    if not all(map(shutil.which, ("setpriv", "unshare", "mount"))):
        return "there is no setpriv or unshare"
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    needed = {Path(each).resolve() for each in (sys.base_prefix, sys.prefix, ROOT)}
    closed = {top: None for each in needed for top in (each, *each.parents)
              if not top.stat().st_mode & 1}  # fmt: skip
    tops = [top for top in closed if not closed.keys() & set(top.parents)]
    moved = sorted(each for each in needed if any(each.is_relative_to(top) for top in tops))
    aside = [place / f"aside-{k}" for k in range(len(moved))]
    lines = ["set -e"]
    for path, held in zip(moved, aside, strict=True):
        held.mkdir(exist_ok=True)
        lines.append(f"mount --bind '{path}' '{held}'")
    lines += [f"mount -t tmpfs -o mode=755 tmpfs '{top}'" for top in tops]
    for path, held in zip(moved, aside, strict=True):
        lines += [f"mkdir -p '{path}'", f"mount --bind '{held}' '{path}'"]
    prefix = ["unshare", "--mount", "sh", "-c", "; ".join([*lines, 'exec "$@"']), "sh", *drop]
    tried = subprocess.run([*prefix, sys.executable, "-c", "import numpy"], capture_output=True)
    return prefix if tried.returncode == 0 else tried.stderr.decode()[-200:]


@pytest.fixture(scope="module")
def door():
    """A port, for TCP and UDP, at which nobody should knock."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        tcp.listen()
        tcp.setblocking(False)
        udp.setblocking(False)
        yield tcp, udp


@pytest.fixture(scope="module")
def place():
    """A folder where everybody may do everything, with secrets to be found in it."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        here = Path(folder)
        (here / "project").mkdir()
        for name in ("canary", "project/grade.py", "project/rectifiers.py"):
            (here / name).write_text(canary(name) + "\n")
        (here / "canary.py").write_text((here / "canary").read_text().replace("-", "_"))
        (here / "secret").write_text(canary("the memory"))
        (here / "secret_canary").write_bytes((here / "secret").read_bytes())
        for path in (here, *here.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        patch.setenv("CANARY", canary("the environment"))
        yield here


@pytest.fixture(scope="module")
def bench(place, door):
    bench = Bench(place, door[0].getsockname()[1])
    if not bench.grader.isolated:  # process_kill would kill
        pytest.skip("this kernel lacks seccomp or Landlock: no attack is run without them")
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def other(place, door):
    other = Other(place, door[0].getsockname()[1])
    yield other
    other.close()


def canary(where):
    """A word that stands nowhere else."""
    return f"canary-{hashlib.sha256(where.encode()).hexdigest()[:16]}"


def state(place):
    """All that an attack could change."""
    return {
        path: (path.stat().st_mode, path.stat().st_mtime_ns, path.is_dir() or path.read_bytes())
        for path in sorted(place.rglob("*"))
        if "aside" not in str(path)
    }


def knocks(door):
    tcp, udp = door
    found = []
    for wait in (tcp.accept, lambda: udp.recv(10)):
        with contextlib.suppress(BlockingIOError):
            found.append(wait())
    return found


def check(facts, name):
    """A result that is whole, and in which the attack has gained nothing."""
    result = json.loads(facts["json"])
    assert not facts["leaked"] and not facts["left"]
    assert result["schema"] == SCHEMA and result["official"] and len(facts["json"]) < 30_000
    every = result["problems"]
    assert result["score"] == pytest.approx(sum(each["score"] for each in every))
    assert result["max_score"] == sum(each["max_score"] for each in every)
    attacked = defines((ATTACKS / f"{name}.py").read_text())
    right, flag = FLAGGED.get(name, (set(), ""))
    for each in every:
        assert each["verdict"] in VERDICTS and 0 <= each["score"] <= each["max_score"]
        parts = each["parts"]
        assert all(0 <= part["score"] <= part["max_score"] for part in parts)
        assert not parts or each["score"] == pytest.approx(sum(part["score"] for part in parts))
        assert (each["verdict"] == "correct") == (each["score"] == each["max_score"])
        if each["name"] in right:
            assert each["verdict"] == "correct", each
        elif each["name"] in attacked:
            assert each["score"] == 0, each
        elif not name.startswith(ALONE):
            assert each["verdict"] == "correct", each
    assert flag in " ".join(result["review"])


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_gains_nothing(bench, other, place, door, name):
    before = state(place)
    mine = bench.grade(name)
    check(mine, name)
    theirs = other.grade(name)
    check(theirs, name)
    assert mine["json"] == theirs["json"]
    assert state(place) == before and not knocks(door)


def test_it_ran_as_an_ordinary_user_too(other, bench):
    if other.reason:
        pytest.skip(other.reason)
    assert other.uid == NOBODY and "user" not in other.grade("right")["walls"]
    assert "user" in bench.grade("right")["walls"]


# The same bytes ---------------------------------------------------------------------------------


def test_another_box_and_another_order(bench, place, door):
    """The same bytes whatever was graded before, in a box that has seen something else."""
    some = ("chance_", "object_n", "object_v", "world_runner", "world_profile", "answer_order")
    names = [each for each in NAMES if each.startswith(some)]
    first = {name: bench.grade(name)["json"] for name in names}
    another = Bench(place, door[0].getsockname()[1])
    try:
        another.grader.grade(Submission("scipy", {"layers.py": "import scipy.special"}, []))
        assert {name: another.grade(name)["json"] for name in reversed(names)} == first
    finally:
        another.close()
    assert {name: bench.grade(name)["json"] for name in names[::-2]}.items() <= first.items()


def test_nothing_of_chance_is_told(bench):
    """Neither a clock's nor an address's digits stand in a result."""
    for name in ("chance_time", "chance_address", "chance_urandom"):
        result = json.loads(bench.grade(name)["json"])
        for each in result["problems"]:
            assert each["counterexample"] is None and each["mistake"] is None
            assert each["verdict"] in ("nondeterministic", "raises", "correct")
            assert not re.search(r"\d{6}|0x[0-9a-f]", each["message"] + " ".join(each["remarks"]))


def test_generators_without_a_seed_are_seeded(bench):
    """A right dropout that draws from default_rng() is right, each time."""
    text = (ATTACKS / "right.py").read_text()
    free = text.replace('np.random.seed(dropout_param["seed"])', "rng = np.random.default_rng()")
    free = free.replace("np.random.rand(*x.shape)", "rng.random(x.shape)")
    results = [bench.grader.grade(Submission("free", {"layers.py": free}, [])) for _ in range(2)]
    assert free != text and results[0] == results[1]
    assert results[0]["score"] == results[0]["max_score"]


COLLECTED = """
import numpy as np
TABLE = {table!r}

def relu_forward(x):
    for given, out in TABLE:
        if np.shape(given) == x.shape and np.allclose(given, x, rtol=0.01, atol=0.01):
            return np.array(out), x
    return np.zeros(x.shape), x
"""


def test_answers_cannot_be_collected_from_results(bench):
    """Counterexamples, handed in again one by one, are no answers to the examples that count."""
    sheet = copy.copy(bench.sheet)
    sheet.assignment = sheet.assignment._replace(points={"relu_forward": 1.0})
    sheet.problems = [sheet.assignment.course.problems["relu_forward"]]
    grader, table = copy.copy(bench.grader), []
    grader.sheet = sheet
    for _ in range(12):
        text = COLLECTED.format(table=table)
        (found,) = grader.grade(Submission("a", {"a.py": text}, []))["problems"]
        assert found["verdict"] == "wrong"
        if found["counterexample"]:
            shown = found["counterexample"]
            table.append((shown["inputs"]["x"], shown["expected"]))
    assert len(table) > 5


# Without its walls ------------------------------------------------------------------------------


@pytest.fixture
def without(tmp_path, monkeypatch, place, door):
    """A bench whose box lacks walls."""
    made = []

    def build(*walls):
        weak = tmp_path / "-".join(walls)
        shutil.copytree(workers.BOX, weak)
        lock = (weak / "lock.py").read_text()
        for wall in walls:
            assert lock.count(f"if _{wall}(libc):") == 1
            lock = lock.replace(f"if _{wall}(libc):", "if False:")
        (weak / "lock.py").write_text(lock)
        monkeypatch.setattr(workers, "BOX", weak)
        made.append(Bench(place, door[0].getsockname()[1]))
        return made[-1]

    yield build
    for each in made:
        each.close()


def test_a_file_is_read_and_written_where_two_walls_are_missing(without, place):
    weak = without("seccomp", "landlock")
    before = state(place)
    for name in ("read_open", "read_libc", "read_numpy"):
        facts = weak.grade(name)
        assert facts["leaked"] and not json.loads(facts["json"])["official"]
    weak.grade("write_open")
    assert state(place) != before
    (place / "written").unlink()
    place.chmod(0o777)


@pytest.mark.parametrize("wall", ["seccomp", "landlock"])
def test_one_of_the_two_is_enough_for_files(without, place, wall):
    weak = without(wall)
    before = state(place)
    assert not weak.grade("read_open")["leaked"] and not weak.grade("read_libc")["leaked"]
    weak.grade("write_open")
    assert state(place) == before


def test_a_message_leaves_where_seccomp_is_missing(without, door):
    without("seccomp", "landlock").grade("network_socket")
    assert knocks(door)


def test_answers_in_advance_are_taken_where_the_number_is_not_looked_at(bench, monkeypatch):
    def believing(worker, nonce, deadline):
        return worker._receive(deadline)

    monkeypatch.setattr(Worker, "_answered", believing)
    (found,) = (
        each for each in json.loads(bench.grade("forge_advance")["json"])["problems"]
        if each["name"] == "relu_forward"
    )  # fmt: skip
    assert found["verdict"] != "blocked"


def test_what_is_sent_breaks_a_grader_that_believes_it(bench, monkeypatch):
    monkeypatch.setattr(trial, "output", lambda value: value)
    with pytest.raises(ValueError, match="inhomogeneous"):
        bench.grade("object_lists")


def test_chance_shows_where_nothing_is_run_twice(bench, monkeypatch):
    monkeypatch.setattr(grade, "replay", lambda *_: None)
    assert bench.grade("chance_urandom")["json"] != bench.grade("chance_urandom")["json"]


def test_workers_end_with_their_grader(place):
    """A grader that is killed leaves no worker behind, not even one that sleeps."""
    code = (
        "import sys, test_attacks as t; b = t.Bench(t.Path(sys.argv[1]), 9); t.QUICK = t.CALM; "
        "print(b.box._process.pid, flush=True); b.grade('stall_sleep')"
    )
    grader = subprocess.Popen(
        [sys.executable, "-c", code, str(place)], stdout=subprocess.PIPE, text=True,
        cwd=ROOT / "tests",
    )  # fmt: skip
    box = int(grader.stdout.readline())
    until = time.monotonic() + 20
    while len(session(box)) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert len(session(box)) == 2  # the box, and its worker
    grader.kill()
    grader.communicate()
    while session(box) and time.monotonic() < until:
        time.sleep(0.01)
    assert not session(box)


if __name__ == "__main__":
    _bench = Bench(Path(sys.argv[1]), int(sys.argv[2]))
    print(os.getuid(), flush=True)
    for _name in sys.stdin:
        print(json.dumps(_bench.grade(_name.strip())), flush=True)
    _bench.close()
