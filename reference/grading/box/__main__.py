"""The box, started: it waits at its socket, and forks a worker when told to.

Through standard input, a socket, come single letters: f, with two pipes, for a new worker; w and a
number to wait for that one, k and a number to end it; s for SciPy. Answers are lines of JSON.
Nothing of a submission is read by this process: its workers, which are locked before they read,
see nothing of each other.
"""
# ruff: noqa: E402, NPY002  (imports, in their order)

import json
import os
import socket
import sys

for _name in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM", "NUMEXPR"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"

# Before the lock: whatever NumPy and a student's file may import later, as no file opens then.
import __future__  # noqa: F401

import abc  # noqa: F401
import collections.abc  # noqa: F401
import contextlib
import copy  # noqa: F401
import dataclasses  # noqa: F401
import datetime  # noqa: F401
import decimal  # noqa: F401
import enum  # noqa: F401
import fractions  # noqa: F401
import functools  # noqa: F401
import heapq  # noqa: F401
import io
import itertools  # noqa: F401
import logging  # noqa: F401
import math  # noqa: F401
import operator  # noqa: F401
import pprint  # noqa: F401
import random
import re  # noqa: F401
import signal
import statistics  # noqa: F401
import string  # noqa: F401
import time
import typing  # noqa: F401
import warnings
from typing import Any

import numpy as np
import numpy.char
import numpy.fft
import numpy.lib.stride_tricks
import numpy.linalg
import numpy.ma
import numpy.polynomial
import numpy.random
import numpy.rec
import numpy.strings
from load import enclose  # pyright: ignore[reportAttributeAccessIssue]
from lock import hide, lock  # pyright: ignore[reportAttributeAccessIssue]
from look import look  # pyright: ignore[reportAttributeAccessIssue]
from run import Runner  # pyright: ignore[reportAttributeAccessIssue]
from wire import (  # pyright: ignore[reportAttributeAccessIssue]
    ANSWER,
    LENGTHS,
    lengths,
    pack,
    unpack,
)

PATIENCE = 1.0  # seconds that a worker has for its end, once it has closed its pipe


def main() -> None:
    """Serve until the socket closes."""
    door = socket.socket(fileno=0)
    hide()
    _warm()
    while True:
        letter, pipes, _, _ = socket.recv_fds(door, 1, 2)
        if not letter:
            return
        if letter == b"s":  # SciPy, for submissions that want it
            with contextlib.suppress(ImportError):
                import scipy.signal
                import scipy.special  # noqa: F401
            door.sendall(b"{}\n")
        elif letter == b"f":
            child = os.fork()
            if child == 0:
                door.detach()
                _become_worker(*pipes)
            for pipe in pipes:
                os.close(pipe)
            door.sendall(json.dumps({"pid": child}).encode() + b"\n")
        elif letter in (b"w", b"k"):
            pid = int.from_bytes(door.recv(4), "little")
            ended = _ended(pid, PATIENCE if letter == b"w" else 0.0)
            door.sendall(json.dumps(ended).encode() + b"\n")


def _ended(pid: int, patience: float) -> dict[str, Any]:
    """Wait for a worker, a child of this process, that long; then end it. How it ended."""
    until = time.monotonic() + patience
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return {"status": os.waitstatus_to_exitcode(status), "killed": False}
        if time.monotonic() >= until:
            break
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return {"status": os.waitstatus_to_exitcode(status), "killed": True}


def _warm() -> None:
    """Do once what NumPy does at the first use: it may open files."""
    a = np.arange(6.0).reshape(2, 3)
    np.random.seed(0)
    np.einsum("nd,md->nm", a, a)
    np.random.default_rng(0).normal(size=2)
    numpy.linalg.norm(a @ a.T)
    numpy.lib.stride_tricks.as_strided(a, (2, 2), (8, 8))
    print(str(a), repr(a), f"{a[0, 0]:.3f}", file=io.StringIO())
    with contextlib.suppress(FloatingPointError), np.errstate(all="ignore"):
        np.log(a - 9)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
    traceback_of_nothing()


def traceback_of_nothing() -> None:
    """Format one error, so that what formatting needs is loaded."""
    import linecache
    import traceback

    linecache.updatecache = lambda *_, **__: []  # no file will open: do not try
    try:
        raise ValueError
    except ValueError as error:
        traceback.extract_tb(error.__traceback__)


def _become_worker(coming: int, going: int) -> None:
    """The child's whole life. The first frame, before the lock, is the grader's alone."""
    try:
        settings = _read(coming)
        walls: list[str] = []
        nothing = os.open(os.devnull, os.O_RDWR)
        for k in range(3):
            os.dup2(nothing, k)
        low, high = sorted((coming, going))
        for first, last in ((3, low), (low + 1, high), (high + 1, 1024)):
            os.closerange(first, last)
        walls = lock(settings["memory"], settings["seconds"])
        sys.setrecursionlimit(2000)
        _write(going, {"walls": walls})
        _serve(coming, going)
    finally:
        os._exit(0)


def _serve(coming: int, going: int) -> None:
    """Answer until the pipe closes. The nonce of each question, a number, is in its answer."""
    runner, kept, nonce = None, [], 0

    def ask(name: str, args: object, options: object) -> object:
        _write(going, {"ask": name, "args": args, "options": options, "nonce": nonce})
        answer = _read(coming)
        if "answer" not in answer:
            raise LookupError(f"{name}: {answer.get('refused')}")
        return answer["answer"]

    while True:
        message = _read(coming)
        if message is None:
            return
        nonce = message["nonce"]
        if "load" in message:
            kept += _shifted(message["shift"], 1)
            finder = enclose(message["load"], message["cured"])
            found = look(finder, message["homes"], message["graded"])
            _write(going, found | {"nonce": nonce})  # before any of the student's code has run
            runner = Runner(finder, ask)
            loaded = runner.load(message["homes"], message["aliases"], message["proxies"])
            kept += _shifted(message["shift"], 2)
            _write(going, loaded | {"nonce": nonce})
        elif runner is not None:
            _write(going, runner.run(message) | {"nonce": nonce})


def _shifted(seed: int, time: int) -> list[bytes]:
    """What is kept so that the rest lies elsewhere in memory, and what depends on that differs.

    seed: 0 for nothing
    """
    rng = random.Random(f"{seed} {time}")
    sizes = [*range(0, 480, 16), 1000, 3000] if seed else []
    return [bytes(size) for size in sizes for _ in range(rng.randrange(1, 300))]


def _read(pipe: int) -> Any:
    start = _exactly(pipe, LENGTHS.size)
    if not start:
        return None
    head, body = lengths(start)
    return unpack(_exactly(pipe, head), _exactly(pipe, body))


def _exactly(pipe: int, count: int) -> bytes:
    parts = []
    while count:
        part = os.read(pipe, count)
        if not part:
            return b""
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _write(pipe: int, value: object) -> None:
    rest = memoryview(pack(value, ANSWER))
    while rest:
        rest = rest[os.write(pipe, rest) :]


if __name__ == "__main__":
    main()
