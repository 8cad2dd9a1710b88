"""The box: what crosses its pipe, the walls around it, what is seen in a source before it runs."""

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reference.grading import workers
from reference.grading.box import wire
from reference.grading.box.lock import CALLS
from reference.grading.box.wire import LENGTHS, Other, Slot, WireError, lengths, pack, unpack
from reference.grading.courses import course
from reference.grading.lent import CACHE, Lent
from reference.grading.measure import Want, compare
from reference.grading.recipe import Between, Ours
from reference.grading.said import counts_of, error_of, errors_of, output, words, words_of
from reference.grading.smallest import plain
from reference.grading.trial import read
from reference.grading.workers import WALLS, Box, WorkerError

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has the walls")
ROOT = Path(__file__).parent.parent

# What crosses -----------------------------------------------------------------------------------

NUMBERS = hnp.arrays(
    st.sampled_from(["?", "i1", "u1", "<i4", ">i8", "u8", "f2", "f4", "<f8", ">f8", "c8", "c16"]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
)
KEYS = st.text(max_size=5) | st.integers(-(2**63), 2**63)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64) + 1, 2**64 - 1) | st.floats()
    | st.text(max_size=9) | NUMBERS | NUMBERS.map(lambda a: a.ravel()[0] if a.size else 1.0)
    | st.integers(0, 99).map(Slot) | st.text(max_size=9).map(Other),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple)
    | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


def parts(frame):
    head, _ = lengths(frame[: LENGTHS.size])
    return frame[LENGTHS.size :][:head], frame[LENGTHS.size :][head:]


def same(a, b):
    if isinstance(a, np.ndarray | np.generic):
        native = np.asarray(a).astype(np.asarray(a).dtype.newbyteorder("="))
        b = np.asarray(b)
        return (
            native.dtype == b.dtype and native.shape == b.shape and native.tobytes() == b.tobytes()
        )
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and (a == b or a != a)


@given(VALUES)
def test_what_is_packed_comes_out(value):
    assert same(value, unpack(*parts(pack(value))))


@given(st.binary(max_size=60), st.binary(max_size=20))
@example(b"", b"")
@example(b"\xff\xfe[\x00]\x00", b"")
@example(b"[" * 100_000, b"")
@example(b"9" * 5000, b"")
@example(b'"\\ud800"', b"")
def test_garbage_is_no_frame(head, body):
    try:
        value = unpack(head, body)
    except WireError:
        return
    json.dumps(value).encode("utf-8")  # a bare number or word, of which a frame may be made


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
    | st.sampled_from(["tuple", "list", "dict", "array", "number", "slot", "other", "<f8", "|b1"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.binary(max_size=16))
def test_other_json_is_no_frame(marked, body):
    with contextlib.suppress(WireError):
        unpack(json.dumps(marked).encode(), body)


@settings(max_examples=300)
@given(VALUES, st.data())
def test_a_frame_with_other_bytes_is_another_or_none(value, data):
    frame = bytearray(pack(value))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(frame)))
        frame[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(WireError):
        head, body = lengths(bytes(frame[:8]).ljust(8, b"\0"), wire.ANSWER)
        unpack(bytes(frame[8 : 8 + head]), bytes(frame[8 + head :][:body]))


ONE = '["array", {}, [1], 8]'
BAD = [
    *(ONE.format(f'"{name}"') for name in (
        "O", "|O", "V8", "|V100000", "M8", "<M8[s]", "m8", "U2", "<U2", "S8", "|S8", "a8", "g",
        "f8,f8", "2f8", "(2,)f4", "f8", "=f8", "float", "d", "<f16", "<c32", "<f8\\u0000", "",
    )),
    *(ONE.format(name) for name in ("8", "null", "[]", "true", "{}")),
    *(f'["array", "<f8", {shape}, {length}]' for shape, length in (
        ("[-1]", -8), ("[1]", -8), ("[1]", 8.0), ("[1.0]", 8), ("[true]", 8), ('["1"]', 8),
        ("[[1]]", 8), ("1", 8), ("null", 8), ("[2]", 8), ("[1]", 16), ("[1, 2]", 8), ("[0]", 8),
        ("[0, 1000000000000000000000]", 0), ("[4294967296, 4294967296]", 0), (f"{[1] * 33}", 8),
        ("[1]", "true"), ("[1]", f"{10**400}"), ("[0, -1]", 0), ("[9223372036854775808, 0]", 0),
    )),
    '["number", "O", 8]', '["number", "<f8"]', '["array", "<f8", [1]]', '["slot", "1"]',
    '["slot", true]', f'["slot", {10**30}]', f"{10**30}", '["other", 1]', '["tuple", {}]',
    '["dict", [[1]]]', '["dict", [[1, 2, 3]]]', '["dict", [[null, 1]]]', '["dict", [[true, 1]]]',
    '["dict", [[1.5, 1]]]', f'["dict", [[{10**30}, 1]]]', '["dict", {"a": 1}]', '["list"]', "[]",
    "[[]]", "{}", '["pickle", "gASV"]', '["verdict", "correct"]', '["list", [1], [2]]',
    '["list", ' * 30 + "[]" + "]" * 30, '["list", [' + "1," * 100_000 + "1]]",
]  # fmt: skip


@pytest.mark.parametrize("head", BAD, ids=lambda head: head[:40])
def test_no_word_of_it_is_read(head):
    with pytest.raises(WireError):
        unpack(head.encode(), b"\0" * 8 if "8]" in head else b"")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (10**30, "int"), (object(), "object"), ({1}, "set"), (range(3), "range"), (b"ab", "bytes"),
        (np.array([None]), "array of dtype object"), (np.array(["a"]), "array of dtype <U1"),
        (np.zeros(2, "M8[s]"), "array of dtype datetime64[s]"),
        (np.datetime64("2020"), "datetime64"),
        (np.broadcast_to(1.0, (10**6, 10**6)), "array of shape (1000000, 1000000)"),
        ([0] * 100_001, "list"), (len, "builtin_function_or_method"), (1j, "complex"),
    ],
)  # fmt: skip
def test_what_does_not_cross_is_named(value, name):
    found = unpack(*parts(pack({"a": value})))["a"]
    assert found == name and isinstance(found, Other)


def test_a_list_in_itself_ends():
    value = []
    value.append(value)
    assert "list" in str(unpack(*parts(pack(value))))


def test_frames_have_an_end():
    large = np.zeros(wire.ANSWER // 16)
    frame = pack({"sent": [large] * 3, "nonce": 7}, wire.ANSWER)
    answer = unpack(*parts(frame))
    assert answer["error"]["kind"] == "large" and answer["nonce"] == 7 and len(frame) < 200
    assert np.array_equal(unpack(*parts(pack(large, wire.ANSWER))), large)
    for sizes in ((wire.ANSWER, 1), (2**32 - 1, 2**32 - 1)):
        with pytest.raises(WireError, match="expected at most"):
            lengths(LENGTHS.pack(*sizes), wire.ANSWER)


def test_sixteen_byte_floats_and_masks_go_as_plain_numbers():
    out = unpack(*parts(pack([np.longdouble("1e4000"), np.ones(2, np.clongdouble),
                              np.ma.masked_greater(np.arange(3.0), 1)])))  # fmt: skip
    assert out[0] == np.inf and out[1].dtype == complex and out[2].tolist() == [0, 1, 0]


# What is made of it -----------------------------------------------------------------------------

WANTS = [
    Want(np.arange(4.0).reshape(2, 2), 0.0), Want(np.float64(2.0), 0.0), Want(np.zeros(3), 0.0),
    Want(Between(np.zeros(2), np.ones(2)), 0.0), Want(Between(np.float64(0), np.float64(1)), 0.0),
    Want(np.zeros((0, 2)), np.zeros((0, 2))), Want(np.array([np.nan, np.inf]), 0.0),
]  # fmt: skip


@settings(max_examples=300)
@given(VALUES, st.sampled_from(WANTS))
@example([[1.0], [1.0, 2.0]], WANTS[0])
@example([10**15, 2**64 - 1], WANTS[0])
@example(np.array([1e308, -1e308]), WANTS[3])
@example(np.float64("inf"), WANTS[1])
@example([1j, None], WANTS[0])
def test_any_result_is_compared_and_shown(value, want):
    got = output(value)
    assert got is None or isinstance(got, Other | str | float | int | np.ndarray | np.generic)
    found = compare(got, want)
    assert found.status in ("right", "wrong", "shape", "missing", "kind")
    told = json.dumps([plain(got), found.remark], allow_nan=False)
    assert len(told) < 6000 and told.encode("utf-8")


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(
    ["kind", "type", "message", "path", "line", "function", "error", "sent", "warned", "written",
     "counts"]), VALUES, max_size=6))  # fmt: skip
def test_any_answer_is_read(answer):
    tried = read(answer, ["dx"])
    assert set(tried.notes) == {"warned", "written", "counts"}
    assert tried.error is not None or list(tried.outputs) == ["dx"]
    error = error_of(answer)
    assert json.dumps(error, allow_nan=False).encode("utf-8") and len(error["message"]) <= 500
    assert error["line"] is None or type(error["line"]) is int
    for value in answer.values():
        assert all(isinstance(each, str) for each in words_of(value))
        assert all(isinstance(each["type"], str) for each in errors_of(value))
        assert all(type(each) is int for each in counts_of(value).values())


def test_words_are_shown_as_they_are_but_for_what_moves_the_cursor():
    assert words("naïve — x.shape is (2, 3)\n\tdx") == "naïve — x.shape is (2, 3)\n\tdx"
    assert words("\x1b[31mred\x07\u202e") == "?[31mred??"
    assert words("<A object at 0x7f0123456789> at 1700000000.5, 0.123456789") == (
        "<A object at 0x...> at 0x....5, 0.123456789"
    )
    assert words(None) == words(["a"]) == "" and len(words("a" * 10**6)) == 160


# What is lent -----------------------------------------------------------------------------------


@pytest.fixture
def lent():
    ours = Ours(course("cs231n").functions)
    return Lent(ours, ["affine_forward", "affine_backward"])


def test_what_is_lent_is_right_and_its_cache_stays_here(lent):
    x, w, b = np.ones((2, 3)), np.ones((3, 4)), np.arange(4.0)
    (out, cache), _ = lent("affine_forward", (x, w, b), {})
    assert np.array_equal(out, x @ w + b) and cache == (CACHE, 0)
    (dx, dw, db), _ = lent("affine_backward", (np.ones((2, 4)), cache), {})
    assert dx.shape == x.shape and dw.shape == w.shape and db.shape == b.shape


@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("relu_forward", (np.ones(2),), {}),
        ("__init__", (), {}),
        ("affine_forward", (np.zeros((5000, 1)), np.zeros((1, 5000)), np.zeros(5000)), {}),
        ("affine_forward", (np.zeros(2), 10**9), {}),
        ("affine_forward", (np.zeros(2), np.int64(-(2**63))), {}),
        ("affine_forward", (np.zeros(2), np.array([2**64 - 1], np.uint64)), {}),
        ("affine_forward", (), {"param": {"pad": 65}}),
        ("affine_forward", ([[[0.0] * 5000] * 2],), {}),
        ("affine_backward", (np.zeros(2), (CACHE, 0)), {}),
        ("affine_backward", (np.zeros(2), (CACHE, "0")), {}),
    ],
)
def test_what_is_not_lent(lent, name, args, options):
    with pytest.raises((LookupError, TypeError)):
        lent(name, args, options)


def test_caches_have_an_end(lent):
    x, w, b = np.ones((40, 40)), np.ones((40, 40)), np.ones(40)
    for _ in range(1000):
        lent("affine_forward", (x, w, b), {})
    with pytest.raises(LookupError, match="too much is kept"):
        [lent("affine_forward", (x, w, b), {}) for _ in range(2000)]


# The walls --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def box():
    with Box() as box:
        yield box


def inside(box, text, *names, call="f", args=(), seconds=5.0, **settings):
    """What a function of a file returns in a fresh worker."""
    files = text if isinstance(text, dict) else {"a.py": text}
    with box.worker(settings.pop("memory", 256), settings.pop("processor", 10)) as worker:
        looked, loaded = worker.load(request(files, call, *names, **settings), 5.0)
        program = {"steps": [["call", call, tuple(args), {}]], "send": [0], "seed": 1}
        return worker.ask(program, seconds), loaded, looked


def request(files, *names, **settings):
    homes = dict.fromkeys(names, next(iter(files)))
    message = {"load": files, "cured": False, "proxies": [], "homes": homes, "aliases": {},
               "graded": list(names), "shift": 0}  # fmt: skip
    return message | settings


@linux
def test_all_walls_stand(box):
    with box.worker(256, 10) as worker:
        assert set(WALLS) <= set(worker.walls)
        assert ("user" in worker.walls) == (os.getuid() == 0)


TRY_ALL = """
import ctypes
import numpy as np

def f(numbers):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    found = []
    for number in numbers:
        ctypes.set_errno(0)
        answer = libc.syscall(ctypes.c_long(int(number)), 0, 0, 0, 0, 0, 0)
        found.append(ctypes.get_errno() if answer == -1 else 0)
    return np.array(found)
"""


@linux
def test_every_other_system_call_is_refused(box):
    table = CALLS[os.uname().machine]
    # uretprobe and uprobe pass any filter since Linux 6.14, and end in SIGILL or ENXIO themselves.
    others = sorted({*range(700)} - set(table.values()) - {335, 336})
    x32 = [2**30 + n for n in (*range(20), 57, 59, 512, 520, 545)]
    for numbers in (others, x32 if "open" not in table else []):
        answer, *_ = inside(box, TRY_ALL, args=(np.array(numbers),))
        assert set(answer["sent"][0].tolist()) <= {1}, "EPERM, for each of them"


# By their names on any machine; what must never be let through.
NEVER = {"open", "openat", "openat2", "creat", "execve", "execveat", "fork", "vfork", "clone",
         "clone3", "socket", "connect", "sendto", "sendmsg", "ptrace", "process_vm_readv", "kill",
         "tgkill", "tkill", "prctl", "seccomp", "setrlimit", "prlimit64", "ioctl", "io_uring_setup",
         "memfd_create", "userfaultfd", "unshare", "setns", "mount", "bpf", "keyctl", "pidfd_open",
         "open_by_handle_at", "unlink", "rename", "link", "symlink", "chmod", "truncate", "dup",
         "fcntl", "pipe", "shmget", "personality", "arch_prctl", "setitimer",
         "timer_create"}  # fmt: skip


@pytest.mark.parametrize("machine", CALLS)
def test_the_lists_are_short(machine):
    table = {name: n for name, n in CALLS[machine].items() if name != "audit"}
    assert len(table) <= 34 and len(set(table.values())) == len(table)
    assert not NEVER & set(table)
    assert set(table) <= set(CALLS["x86_64"])


@linux
def test_what_is_open_in_a_worker(box):
    text = """
import ctypes
def f(fstat, at):
    libc, found, room = ctypes.CDLL(None), [], (ctypes.c_uint32 * 64)()
    for fd in range(4096):
        if libc.syscall(fstat, fd, room) == 0:
            kind = room[at] >> 12
            found.append("pipe" if kind == 1 else "nothing" if kind == 2 else "more")
    return [found.count(kind) for kind in ("pipe", "nothing", "more")]
"""
    machine = os.uname().machine
    at = {"x86_64": 6, "aarch64": 4}[machine]  # where struct stat has the mode, in words of 4 bytes
    answer, *_ = inside(box, text, args=(CALLS[machine]["fstat"], at))
    assert answer["sent"][0] == [2, 3, 0]


FILLED = {
    "lists": "kept.append([*range(1000)])",
    "arrays": "kept.append(np.ones(4000))",
    "kept": "KEPT.append([*range(1000)])",
}


@linux
@pytest.mark.parametrize("name", FILLED)
def test_full_memory_is_told_alike(box, name):
    """In small steps up to the wall: something is left to say so, and nothing of chance is said."""
    start = "import numpy as np\nKEPT = []\ndef f():\n    kept = []\n    while True:\n        "
    text = start + FILLED[name]
    answer, *_ = inside(box, text, memory=64)
    assert answer["error"] == {
        "kind": "raises", "type": "MemoryError", "path": None, "line": None, "function": "f",
        "message": "it needs more memory than it may have", "step": 0,
    }  # fmt: skip


@linux
def test_memory_and_processor_time_are_bounded(box):
    text = "import numpy as np\ndef f(n):\n    return np.ones(n).sum()"
    assert inside(box, text, args=(10**6,), memory=64)[0]["sent"] == [10**6]
    answer, *_ = inside(box, text, args=(10**8,), memory=64)
    assert answer["error"]["type"] == "MemoryError" or "Unable" in answer["error"]["message"]
    with pytest.raises(WorkerError, match="processor time") as error:
        inside(box, "def f():\n    while True:\n        pass", processor=1)
    assert error.value.kind == "timeout"


def test_the_clock_is_the_graders(box):
    started = time.monotonic()
    with pytest.raises(WorkerError, match="too long") as error:
        inside(box, "import time\ndef f():\n    time.sleep(1000)", seconds=0.2)
    assert error.value.kind == "timeout" and time.monotonic() - started < 3
    with (
        box.worker(256, 10, until=time.monotonic() + 0.3) as worker,
        pytest.raises(WorkerError, match="time is used up"),
    ):
        worker.load(request({"a.py": "class A:\n    while True:\n        pass"}, "A"), 60.0)


SPEAK = """
def speak(data):
    for fd in range(3, 20):
        try:
            os.write(fd, data)
        except OSError:
            pass
"""


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ("os._exit(0)", "raises", "ended the process"),
        ("os._exit(3)", "raises", "ended the process"),
        ("ctypes.string_at(0)", "raises", "SIGSEGV"),
        ("os.closerange(0, 99) or time.sleep(99)", "blocked", "closed the grader's pipe"),
        ("speak(b'x' * 99)", "blocked", "expected at most"),
        ("speak(bytes(8))", "blocked", "no JSON"),
        ("speak(b'\\x04\\0\\0\\0\\0\\0\\0\\0null')", "blocked", "no answer"),
        ("speak(b'\\x0c\\0\\0\\0\\0\\0\\0\\0[\"dict\", []]')", "blocked", "speaks to"),
    ],
)
def test_a_worker_that_ends_says_how_and_the_next_one_is_fresh(box, body, kind, says):
    text = f"import ctypes, os, time\nseen = []\ndef f():\n    {body}\n{SPEAK}"
    text += "def g():\n    return len(seen)"
    with pytest.raises(WorkerError, match=says) as error:
        inside(box, text)
    assert error.value.kind == kind
    assert inside(box, text, call="g")[0]["sent"] == [0]


def test_a_worker_that_is_gone_answers_no_more(box):
    with box.worker(256, 10) as worker:
        with pytest.raises(WorkerError):
            worker.load(request({"a.py": "class A:\n    __import__('os')._exit(0)"}, "A"), 5.0)
        assert not worker.alive
        with pytest.raises(WorkerError, match="has ended"):
            worker.ask({"steps": [], "send": [], "seed": 0}, 1.0)


def test_workers_see_nothing_of_each_other(box):
    text = "import builtins, numpy\ndef f():\n    builtins.seen = numpy.seen = 1\n    return 1\n"
    text += "def g():\n    return hasattr(builtins, 'seen') or hasattr(numpy, 'seen')"
    assert inside(box, text)[0]["sent"] == [1]
    assert inside(box, text, call="g")[0]["sent"] == [False]


def test_the_environment_is_empty(box, monkeypatch):
    text = "import os\ndef f():\n    return sorted(os.environ)"
    (found,) = inside(box, text)[0]["sent"]
    assert all(each in ("LANG", "LD_LIBRARY_PATH", "PYTHONHASHSEED", "LC_CTYPE")
               or each.endswith("_NUM_THREADS") for each in found)  # fmt: skip


def test_a_box_ends_and_takes_its_folder_along():
    box = Box()
    folder, process = Path(box._folder.name), box._process
    worker = box.worker(256, 10)
    assert folder.is_dir() and worker.alive
    worker.__exit__()
    box.close()
    assert process.returncode == 0 and not folder.exists()


@pytest.mark.parametrize("fails", ["raise OSError('no lock')", "os.kill(os.getpid(), 9)"])
def test_no_worker_without_its_lock(tmp_path, monkeypatch, fails):
    weak = shutil.copytree(workers.BOX, tmp_path / "box")
    text = (weak / "lock.py").read_text()
    start = "    walls = [_limits(memory, seconds)]\n"
    assert text.count(start) == 1
    (weak / "lock.py").write_text(text.replace(start, f"    {fails}\n{start}"))
    monkeypatch.setattr(workers, "BOX", weak)
    with Box() as box, pytest.raises(WorkerError):
        box.worker(256, 10)


def test_signals_have_names():
    assert workers._signal(signal.SIGSEGV) == "SIGSEGV" and workers._signal(45) == "signal 45"


# What is loaded ---------------------------------------------------------------------------------


def test_what_is_not_here_may_be_imported_but_not_used(box):
    text = """
import pickle, glob, gc, matplotlib.pyplot as plt
from six.moves import cPickle
from past.builtins import xrange
def f():
    return [gc.isenabled(), len(xrange(3))]
def g():
    return glob.glob("*")
"""
    answer, loaded, _ = inside(box, text)
    assert answer["sent"] == [[True, 3]] and loaded["problems"] == []
    assert inside(box, text, call="g")[0]["error"]["type"] == "ModuleNotFoundError"


def test_names_of_the_box_are_free(box):
    files = {
        "a.py": "import run, wire\nfrom load import g\ndef f():\n    return [run.x, wire.x, g()]",
        "run.py": "x = 1", "wire.py": "x = 2", "load.py": "def g():\n    return 3",
        "numpy.py": "1 / 0", "json.py": "1 / 0", "sitecustomize.py": "1 / 0",
    }  # fmt: skip
    answer, loaded, _ = inside(box, files)
    assert answer["sent"] == [[1, 2, 3]] and loaded["problems"] == []


def test_scipy_is_there_for_those_who_name_it_alone(box):
    pytest.importorskip("scipy")
    text = "def f():\n    import scipy.special\n    return 1"
    assert inside(box.with_scipy(), text)[0]["sent"] == [1]
    assert inside(box, text)[0]["error"]["type"] == "ModuleNotFoundError"


def test_an_exit_while_loading_costs_that_statement_alone(box):
    text = "import sys\nclass A:\n    sys.exit(0)\ndef f():\n    return 1"
    answer, loaded, _ = inside(box, text)
    assert answer["sent"] == [1] and loaded["problems"][0]["type"] == "SystemExit"


NESTED = {
    "minus": "-" * 10**6 + "1", "attributes": "a" + ".b" * 10**5, "sum": "1" + "+1" * 10**5,
    "parentheses": "(" * 10**5, "lambdas": "lambda:" * 10**5 + "1", "number": "9" * 10**6,
    "blanks": "(" + "\n" * 10**5, "commas": "[" + "1," * 2 * 10**6 + "1]",
}  # fmt: skip


@pytest.mark.parametrize("name", NESTED)
def test_a_text_that_breaks_a_parser_breaks_nothing_else(box, name):
    text = f"def f():\n    return 1\nx = {NESTED[name]}\n"
    with contextlib.suppress(WorkerError):  # it may take the worker along
        _, loaded, _ = inside(box, text)
        assert loaded["problems"] or loaded["missing"] == []
    assert inside(box, "def f():\n    return 1")[0]["sent"] == [1]


# What is seen -----------------------------------------------------------------------------------


def looked(box, files, *graded):
    files = files if isinstance(files, dict) else {"a.py": files}
    with box.worker(256, 10) as worker:
        return worker.load(request(files, *graded), 5.0)[0]["looked"]


BACK = "def layer_backward(dout, cache):\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BACK + "    return eval_numerical_gradient(f, cache)", "eval_numerical_gradient"),
        ("from scipy.optimize import approx_fprime\n" + BACK + "    return approx_fprime(f, 1)",
         "approx_fprime: a gradient by differences?"),
        ("def helper(f, x):\n    return check_grad(f, x)\n" + BACK + "    return helper(1, 2)",
         "line 2: check_grad"),
        (BACK + "    return f(cache + 1e-20j)", "complex steps"),
        (BACK + "    return f(cache).imag / 1e-20", ".imag"),
        (BACK + "    for k in range(3):\n        a = layer_forward(k)\n    return a",
         "layer_forward in a loop"),
        (BACK + "    return [net.forward(x) for x in cache]", "forward in a loop"),
        ("import ctypes\n" + BACK + "    return 1", "line 1: ctypes"),
        ("import os\nos.system('ls')\n" + BACK + "    return 1", "line 2: system"),
        ("import subprocess\n" + BACK + "    return 1", "line 1: subprocess"),
        (BACK + "    return open('/etc/passwd').read()", "line 2: open"),
        (BACK + "    return sys._getframe().f_back", "_getframe"),
        ({"a.py": "from b import g\n" + BACK + "    return g(cache)",
          "b.py": "def g(x):\n    return numerical_gradient(x)"}, "b.py, line 2"),
    ],
)  # fmt: skip
def test_what_a_teacher_may_look_at(box, text, says):
    assert says in " ".join(looked(box, text, "layer_backward"))


@pytest.mark.parametrize(
    "text",
    [
        BACK + "    return dout * cache",
        "def gradient_check(x):\n    return eval_numerical_gradient(f, x)\n"
        + BACK
        + "    return dout",
        "z = 1j\n" + BACK + "    return dout",
        BACK + '    "Checked with eval_numerical_gradient."\n    return dout  # 1e-5j',
        "def layer_forward(x):\n    return [step_forward(t) for t in x]\n"
        + BACK
        + "    return dout",
        BACK + "    out = layer_forward(cache)\n    return out",
    ],
)
def test_what_needs_no_look(box, text):
    assert looked(box, text, "layer_backward") == []


def test_a_graded_gradient_check_is_none(box):
    text = "def gradient_check(x):\n    return numerical_gradient(x)\n"
    assert looked(box, text, "gradient_check") == []


HONEST = [path for path in sorted((ROOT / "tests" / "submissions").glob("*/*.py"))
          if not path.stem.endswith("planted")]  # fmt: skip


@pytest.mark.parametrize("path", HONEST, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_honest_code_is_not_pointed_at(box, path):
    """Students' files, and none of them has anything for review."""
    problems = course(path.parent.name).problems.values()
    names = [problem.needs[-1].partition(".")[0] for problem in problems]
    text = path.read_text(encoding="utf-8")
    graded = [name for name in names if f"def {name}(" in text or f"class {name}" in text]
    assert looked(box, text, *graded) == []
