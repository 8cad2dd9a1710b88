"""The grader's end of the pipe: starting a worker, asking it, and ending it.

A worker is never believed: it has time, memory and bytes up to a limit, and what it says is read as
arrays or not at all.
"""

import json
import math
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reference.grading.box.wire import ANSWER, LENGTHS, WireError, lengths, pack, unpack

BOX = Path(__file__).with_name("box")
# All walls of a box on Linux. Without the last, a run is practice.
WALLS = ("limits", "landlock", "seccomp")


class WorkerError(Exception):
    """The worker is gone: kind says how, as a verdict."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind, self.message = kind, message


class Box:
    """A process that has imported NumPy and forks a locked worker in some 15 ms."""

    def __init__(self, scipy: bool = False) -> None:
        """scipy: whether its workers may import SciPy, which takes half a second."""
        if not hasattr(os, "fork") or not hasattr(socket, "recv_fds"):
            raise OSError("grading needs Linux or macOS; on Windows, run it in WSL")
        self._folder = tempfile.TemporaryDirectory(prefix="box")
        ours, theirs = socket.socketpair()
        # Nothing of the grader's environment: no secret, no path to this project.
        keep = {k: v for k, v in os.environ.items() if k in ("LD_LIBRARY_PATH", "SYSTEMROOT")}
        env = keep | {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "LANG": "C.UTF-8"}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-B", str(BOX)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=env,
                cwd=self._folder.name,
                start_new_session=True,  # Ctrl-C is the grader's
            )
        self._door = ours
        self._beside: Box | None = None
        self._lines = ours.makefile("rb")
        from reference.grading.box.lock import hide  # not for Windows

        hide()
        if scipy:
            self._door.sendall(b"s")
            self._answer()

    def worker(self, memory: int, seconds: int, until: float = math.inf) -> "Worker":
        """A fresh, locked worker.

        memory: MiB beyond what NumPy takes
        seconds: of processor time
        until: of the clock time.monotonic, when it has to be done
        """
        there, coming = os.pipe()
        going, back = os.pipe()
        try:
            socket.send_fds(self._door, [b"f"], [there, back])
            pid = self._answer()["pid"]
        finally:
            os.close(there)
            os.close(back)
        return Worker(self, pid, coming, going, memory, seconds, until)

    def with_scipy(self) -> "Box":
        """A box beside this one, where SciPy is: what is loaded there nobody else may come upon."""
        if self._beside is None:
            self._beside = Box(scipy=True)
        return self._beside

    def end(self, pid: int, kill: bool) -> tuple[int, bool]:
        """End a worker, or wait for its end, but not for ever.

        Returns its exit code, or minus the signal that ended it; and whether it had to be killed.
        """
        self._door.sendall((b"k" if kill else b"w") + pid.to_bytes(4, "little"))
        answer = self._answer()
        return answer["status"], answer["killed"]

    def _answer(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise OSError("the box ended; is NumPy installed for this Python?")
        return json.loads(line)

    def close(self) -> None:
        """End the box."""
        if self._beside is not None:
            self._beside.close()
        self._lines.close()
        self._door.close()
        self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> "Box":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Worker:
    """One locked process with one submission. A context manager: at its end the process ends."""

    def __init__(
        self, box: Box, pid: int, coming: int, going: int, memory: int, seconds: int, until: float
    ):
        self._box, self._pid, self._to, self._from = box, pid, coming, going
        self._until = until
        self.alive = True
        deadline = time.monotonic() + 30.0
        self._send(pack({"memory": memory, "seconds": seconds}), deadline)
        self.walls: tuple[str, ...] = tuple(self._receive(deadline)["walls"])

    def ask(
        self, message: Any, seconds: float, right: Callable[[str, Any, Any], Any] | None = None
    ) -> dict[str, Any]:
        """Send a frame, return the answer.

        right: answers what the worker asks of the course's own functions
        Errors: WorkerError, and the worker is gone.
        """
        nonce, deadline = self._asked(message, seconds)
        while True:
            answer = self._answered(nonce, deadline)
            if "ask" not in answer:
                return answer
            if right is not None:
                self._send(pack(self._right(right, answer)), deadline)
            else:
                self._end("blocked", "the code speaks to the grader's pipe")

    def load(self, message: Any, seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
        """Load a submission. Returns what was seen in its sources, before any of it ran; and how
        that went.

        Errors: WorkerError, and the worker is gone.
        """
        nonce, deadline = self._asked(message, seconds)
        return self._answered(nonce, deadline), self._answered(nonce, deadline)

    def _asked(self, message: Any, seconds: float) -> tuple[int, float]:
        """Send a frame with a number that its answer has to repeat: none is there in advance."""
        if not self.alive:
            raise WorkerError("raises", "the worker has ended")
        nonce = secrets.randbits(62)
        deadline = min(time.monotonic() + seconds, self._until)
        self._send(pack(message | {"nonce": nonce}), deadline)
        return nonce, deadline

    def _answered(self, nonce: int, deadline: float) -> dict[str, Any]:
        answer = self._receive(deadline)
        if not isinstance(answer, dict):
            self._end("blocked", "the worker sent no answer of the grader's form")
        given = answer.pop("nonce", None)
        if type(given) is not int or given != nonce:
            self._end("blocked", "the code speaks to the grader's pipe")
        return answer

    @staticmethod
    def _right(right: Callable, answer: dict[str, Any]) -> dict[str, Any]:
        name, args, options = answer["ask"], answer.get("args"), answer.get("options")
        if (
            not isinstance(name, str)
            or not isinstance(args, tuple)
            or not isinstance(options, dict)
        ):
            return {"refused": "not a call"}
        try:
            return {"answer": right(name, args, options)}
        except Exception as error:
            return {"refused": f"{type(error).__name__}: {error}"[:300]}

    def _send(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        os.set_blocking(self._to, False)
        while rest:
            left = deadline - time.monotonic()
            if left <= 0:
                self._late()
            _, ready, _ = select.select([], [self._to], [], left)
            if ready:
                try:
                    rest = rest[os.write(self._to, rest[:65536]) :]
                except BrokenPipeError:
                    self._gone()

    def _receive(self, deadline: float) -> Any:
        try:
            head, body = lengths(self._exactly(LENGTHS.size, deadline), ANSWER)
            return unpack(self._exactly(head, deadline), self._exactly(body, deadline))
        except WireError as error:
            self._end("blocked", f"what the code sent is no array: {error}")

    def _exactly(self, count: int, deadline: float) -> bytes:
        parts: list[bytes] = []
        while count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._from], [], [], left)[0]:
                self._late()
            part = os.read(self._from, min(count, 1 << 20))
            if not part:
                self._gone()
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _gone(self) -> Any:
        """The worker ended by itself: say how. Its end of the pipe closes as it ends: let it."""
        status, killed = self._reap(kill=False)
        if killed:
            raise WorkerError("blocked", "the code closed the grader's pipe")
        if status == -signal.SIGXCPU or status == -signal.SIGKILL:
            raise WorkerError("timeout", "it used up its processor time")
        if status < 0:
            raise WorkerError("raises", f"the process died of {_signal(-status)}")
        raise WorkerError("raises", "the code ended the process")

    def _late(self) -> Any:
        if time.monotonic() >= self._until:
            self._end("timeout", "the submission's time is used up")
        self._end("timeout", "it took too long")

    def _end(self, kind: str, message: str) -> Any:
        self._reap()
        raise WorkerError(kind, message)

    def _reap(self, kill: bool = True) -> tuple[int, bool]:
        if not self.alive:
            return 0, False
        self.alive = False
        os.close(self._to)
        os.close(self._from)
        # By the box, whose child it is: its number cannot have passed to another process.
        return self._box.end(self._pid, kill)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._reap()


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
