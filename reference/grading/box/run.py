"""Working off programs: lists of calls to a student's functions, whose results stay here.

A program is {"steps": [...], "send": [...], "seed": n}. A step makes the next slot:

    ["call", name, args, options]           a function of the submission
    ["method", slot, name, args, options]   of an object
    ["item", slot, k, of]                   the k-th of so many results; or a key of a dict
    ["attr", slot, name]
    ["set", slot, name, value]              an attribute
    ["put", slot, key, value]               an entry of a dict
    ["value", value]
    ["make", name, {attribute: value}]      a bare object, for what a course hands to a class

Arguments may hold slots. What "send" lists is answered, as it came out. Nothing here knows what is
right.
"""

import functools
import io
import mmap
import random
import re
import sys
import traceback
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from load import BlockedError, Finder, Stub, message_of  # pyright: ignore[reportAttributeAccessIssue]
from wire import Slot  # pyright: ignore[reportAttributeAccessIssue]

SAID = 2000  # characters kept of what a program prints
RESERVE = 8 * 2**20  # bytes set aside: who fills the memory leaves enough to say so
# What is said at the wall, reached in small steps; a large array's own message is worth more.
FULL = re.compile(r"(?:Unable to allocate [\d.]+ (?:bytes|KiB) .*)?", re.DOTALL)


class StructureError(TypeError):
    """A result that cannot be taken apart as the course says."""


class NoKeyError(StructureError):
    """A dict without an entry that the course says it has."""


class Capped(io.TextIOBase):
    """Standard output: what comes first is kept, the flood is not."""

    def __init__(self):
        self.kept = ""

    def write(self, text: str) -> int:
        """Keep what fits."""
        if len(self.kept) < SAID:
            self.kept += str(text)[: SAID - len(self.kept)]
        return len(text)


class Runner:
    """The submission, loaded, and what is asked of it."""

    def __init__(self, finder: Finder, ask: Callable[[str, Any, Any], Any]):
        self.finder, self.ask = finder, ask
        self.homes: dict[str, types.ModuleType] = {}
        self.aliases: dict[str, str] = {}
        self.lent: dict[str, Callable] = {}

    def load(
        self, homes: dict[str, str], aliases: dict[str, str], proxies: list[str]
    ) -> dict[str, Any]:
        """Run the files that define the names; put the course's own functions in place of proxies.

        homes: the file of each name
        aliases: what the submission calls it, where that is another name
        """
        said = sys.stdout = Capped()
        np.empty, np.empty_like = _marked(np.empty), _marked(np.empty_like)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for path in dict.fromkeys(homes.values()):
                self.finder.module(path)
        self.homes = {name: self.finder.modules[path] for name, path in homes.items()}
        self.aliases = aliases
        self.lent = {name: self._proxy(name) for name in proxies}
        for name in proxies:
            for module in self.finder.modules.values():
                setattr(module, name, self.lent[name])
        missing = [n for n, module in self.homes.items() if aliases.get(n, n) not in vars(module)]
        return {
            "missing": missing,
            "problems": self.finder.problems[:20],
            "blocked": self.finder.blocked[:20],
            "not here": self.finder.missing[:40],
            "said": said.kept,
        }

    def _proxy(self, name: str) -> Callable:
        def right(*args: Any, **options: Any) -> Any:
            value, written = self.ask(name, args, options)
            for mine, new in zip(args, written, strict=True):
                if isinstance(mine, dict):
                    mine.update(new)
            return value

        right.__name__ = name
        return right

    def run(self, program: dict[str, Any]) -> dict[str, Any]:
        """The results asked for, or the error; and what was noticed by the way."""
        try:
            reserve = mmap.mmap(-1, RESERVE)  # bytes() might keep it from the system when freed
        except OSError:  # an earlier call has kept all there is
            first = next(each for each in program["steps"] if each[0] in ("call", "method"))
            return {"error": _told(MemoryError(), first, {})}
        said = sys.stdout = sys.stderr = Capped()
        random.seed(program["seed"])
        np.random.seed(program["seed"])  # noqa: NPY002
        # What default_rng() takes its seed from: chance is the same in every worker.
        random._urandom = random.Random(program["seed"]).randbytes  # pyright: ignore
        self.written: list[str] = []
        slots: list[Any] = []
        answer: dict[str, Any] = {}
        counts: dict[str, int] = {}
        step: list[Any] = []
        with (
            warnings.catch_warnings(record=True) as caught,
            np.errstate(all="warn", under="ignore"),
        ):
            warnings.simplefilter("always")
            if program.get("count"):
                sys.setprofile(_counter(counts))
            try:
                for step in program["steps"]:
                    try:
                        slots.append(self._step(step, slots))
                    except NoKeyError:
                        if len(slots) not in program["send"]:
                            raise
                        slots.append(None)  # one output is missing, the others count
            except BaseException as error:  # SystemExit, KeyboardInterrupt: of the student's making
                reserve.close()
                answer["error"] = _told(error, step, self.finder.files)
            finally:
                sys.setprofile(None)
                reserve.close()
        if "error" not in answer:
            answer["sent"] = [slots[k] for k in program["send"]]
        else:
            answer["error"]["step"] = len(slots)
        warned = {f"{each.category.__name__}: {message_of(each.message)}"[:150] for each in caught}
        return answer | {
            "warned": sorted(warned)[:5],
            "written": self.written[:5],
            "said": said.kept,
            "counts": counts,
        }

    def _step(self, step: list[Any], slots: list[Any]) -> Any:
        word, *rest = step
        if word == "call":
            name, args, options = rest
            return self._call(self._function(name), name, _filled(args, slots), options, slots)
        if word == "method":
            slot, name, args, options = rest
            method = getattr(slots[slot], name)
            return self._call(method, name, _filled(args, slots), options, slots)
        if word == "item":
            return _item(slots[rest[0]], rest[1], rest[2])
        if word == "attr":
            return getattr(slots[rest[0]], rest[1])
        if word == "set":
            setattr(slots[rest[0]], rest[1], _filled(rest[2], slots))
            return None
        if word == "put":
            slots[rest[0]][rest[1]] = _filled(rest[2], slots)
            return None
        if word == "make":
            return types.SimpleNamespace(**_filled(rest[1], slots))
        return _filled(rest[0], slots)  # "value"

    def _function(self, name: str) -> Any:
        module, called = self.homes.get(name), self.aliases.get(name, name)
        if module is None and name in self.lent:
            return self.lent[name]
        if module is None or called not in vars(module):
            raise NameError(f"{name} is not defined in the submission")
        found = vars(module)[called]
        if isinstance(found, Stub):
            raise BlockedError(f"{name} comes from {found.__name__}, which may not be used here")
        return found

    def _call(self, function: Any, name: str, args: Any, options: Any, slots: list[Any]) -> Any:
        options = _filled(options, slots)
        given = [each for each in (*args, *options.values()) if isinstance(each, np.ndarray)]
        before = [each.copy() for each in given]
        result = function(*args, **options)
        for k, (old, new) in enumerate(zip(before, given, strict=True)):
            if old.shape != new.shape or not np.array_equal(
                old, new, equal_nan=old.dtype.kind == "f"
            ):
                self.written.append(f"{name} writes into its argument {k + 1}")
        return result


def _marked(make: Callable) -> Callable:
    """np.empty with nan in it: what nobody writes shows, and is the same each time."""

    @functools.wraps(make)
    def marked(*args: Any, **options: Any) -> Any:
        array = make(*args, **options)
        if array.dtype.kind in "biufc":
            array.fill(np.nan if array.dtype.kind in "fc" else 85)
        return array

    return marked


def _filled(value: Any, slots: list[Any]) -> Any:
    """A fresh copy of a value, its slots filled in."""
    if isinstance(value, Slot):
        return slots[value]
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple):
        return tuple(_filled(each, slots) for each in value)
    if isinstance(value, list):
        return [_filled(each, slots) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, slots) for key, each in value.items()}
    return value


def _item(result: Any, k: Any, of: int) -> Any:
    if isinstance(k, str):
        if not isinstance(result, dict):
            raise StructureError(f"it returns {_kind(result)}, expected a dict with {k!r}")
        if k not in result:
            raise NoKeyError(
                f"the dict it returns has no {k!r}, only {', '.join(map(str, result))}"
            )
        return result[k]
    if not isinstance(result, tuple | list) or len(result) != of:
        raise StructureError(f"it returns {_kind(result)}, expected {of} results")
    return result[k]


def _kind(result: Any) -> str:
    if result is None:
        return "None"
    if isinstance(result, tuple | list):
        return f"{len(result)} results"
    return f"one {type(result).__name__}"


def _told(error: BaseException, step: list[Any], files: dict[str, str]) -> dict[str, Any]:
    """An error as plain words: its type, its message, and the student's own line it came from."""
    line, path, message = None, None, message_of(error)
    if isinstance(error, MemoryError) and FULL.fullmatch(message):
        # Whether its traceback still finds room is chance: no line is told.
        traceback.clear_frames(error.__traceback__)
        message = "it needs more memory than it may have"
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename in files:
                line, path = frame.lineno, frame.filename
    kind = "blocked" if isinstance(error, BlockedError) else "raises"
    kind = "structure" if isinstance(error, StructureError) else kind
    word = step[0] if step else ""
    where = step[1] if word == "call" else step[2] if word in ("method", "attr") else ""
    return {
        "kind": kind,
        "type": type(error).__name__[:80],
        "message": message,
        "path": path,
        "line": line,
        "function": where,
    }


def _counter(counts: dict[str, int]) -> Callable:
    """How often each function of the submission is called: a gradient by differences shows."""

    def profile(frame: Any, event: str, _: Any) -> None:
        if event == "call" and len(counts) < 200:
            name = frame.f_code.co_qualname
            counts[name] = counts.get(name, 0) + 1

    return profile
