"""What crosses the pipe: plain values, and arrays as raw bytes. No pickle, no word for a verdict.

A frame is two lengths (4 bytes each, little endian), a JSON text, and the bytes of its arrays. In the
text None, True, 1, 1.5 and "a" stand for themselves, everything else for a pair of a mark and what
it holds:

    ["tuple", [...]]   ["list", [...]]   ["dict", [[key, value], ...]]
    ["array", dtype, shape, length]   ["number", dtype, length]   ["slot", k]   ["other", type name]

The reader trusts nothing: marks, dtypes, shapes, lengths and depth are checked before an array is
made.
"""

import json
import struct
from typing import Any

import numpy as np

LENGTHS = struct.Struct("<II")
LARGEST = 1 << 26  # bytes in a frame: 64 MiB
DEPTH = 8
LONGEST = 100_000  # entries of a list or dict
DTYPES = "biufc"


class WireError(ValueError):
    """Not a frame."""


class Slot(int):
    """The k-th result of a program, which stays in the worker."""


class Other(str):
    """Something that does not cross: its type's name."""


def pack(value: Any) -> bytes:
    """A frame. What cannot cross goes as its type's name."""
    blobs: list[bytes] = []
    head = json.dumps(_marked(value, blobs, 0)).encode()
    body = b"".join(blobs)
    if len(head) + len(body) > LARGEST:
        return pack({"error": {"kind": "large", "message": f"more than {LARGEST} bytes"}})
    return LENGTHS.pack(len(head), len(body)) + head + body


def lengths(start: bytes) -> tuple[int, int]:
    """The lengths of the two parts, from the first 8 bytes. Errors: WireError if too long."""
    head, body = LENGTHS.unpack(start)
    if head + body > LARGEST:
        raise WireError(f"a frame of {head + body} bytes, expected at most {LARGEST}")
    return head, body


def unpack(head: bytes, body: bytes) -> Any:
    """The value of a frame. Errors: WireError for anything that pack does not write."""
    try:
        marked = json.loads(head)
    except (ValueError, RecursionError) as error:
        raise WireError(f"no JSON: {error}") from error
    rest = [memoryview(body)]
    value = _plain(marked, rest, 0)
    if rest[0].nbytes:
        raise WireError(f"{rest[0].nbytes} bytes too many")
    return value


def _marked(value: Any, blobs: list[bytes], depth: int) -> Any:
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind is float:
        return value
    if kind is int:
        return value if abs(value) < 1 << 63 else ["other", "int"]
    if kind is Slot:
        return ["slot", int(value)]
    if kind is Other:
        return ["other", str(value)]
    if isinstance(value, np.ndarray):
        return _array(value, blobs)
    if isinstance(value, np.generic):
        if value.dtype.kind not in DTYPES or value.dtype.itemsize > 16:
            return ["other", kind.__name__]
        blobs.append(value.tobytes())
        return ["number", value.dtype.str, len(blobs[-1])]
    if depth < DEPTH and isinstance(value, tuple | list | dict) and len(value) <= LONGEST:
        if isinstance(value, dict):
            items = [[_key(k), _marked(v, blobs, depth + 1)] for k, v in value.items()]
            return ["dict", items]
        mark = "tuple" if isinstance(value, tuple) else "list"
        return [mark, [_marked(each, blobs, depth + 1) for each in value]]
    return ["other", kind.__name__[:80]]


def _array(value: np.ndarray, blobs: list[bytes]) -> Any:
    shape = tuple(int(n) for n in value.shape)
    if value.dtype.kind not in DTYPES or value.dtype.itemsize > 16:
        return ["other", f"array of dtype {value.dtype}"[:80]]
    if value.nbytes > LARGEST // 4:
        return ["other", f"array of shape {shape}"[:80]]
    blobs.append(np.array(value, order="C", subok=False).tobytes())
    return ["array", value.dtype.newbyteorder("=").str, list(shape), len(blobs[-1])]


def _key(key: Any) -> Any:
    return key if type(key) in (str, int) else f"<{type(key).__name__}>"


def _plain(marked: Any, rest: list[memoryview], depth: int) -> Any:
    if marked is None or isinstance(marked, bool | int | float | str):
        return marked
    if not isinstance(marked, list) or not marked or not isinstance(marked[0], str):
        raise WireError("no mark")
    if depth > DEPTH + 2:
        raise WireError("too deep")
    mark, *parts = marked
    if mark in ("tuple", "list", "dict", "slot", "other") and len(parts) == 1:
        (held,) = parts
        if mark == "slot" and type(held) is int:
            return Slot(held)
        if mark == "other" and isinstance(held, str):
            return Other(held[:80])
        if not isinstance(held, list) or len(held) > LONGEST:
            raise WireError(f"a {mark} of {type(held).__name__}")
        if mark in ("tuple", "list"):
            values = [_plain(each, rest, depth + 1) for each in held]
            return tuple(values) if mark == "tuple" else values
        if mark == "dict":
            result = {}
            for pair in held:
                if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) not in (str, int):
                    raise WireError("no pair of a key and a value")
                result[pair[0]] = _plain(pair[1], rest, depth + 1)
            return result
    if mark == "array" and len(parts) == 3:
        return _bytes(parts[0], parts[1], parts[2], rest)
    if mark == "number" and len(parts) == 2:
        return _bytes(parts[0], [], parts[1], rest)[()]
    raise WireError(f"an unknown mark {mark[:20]!r}")


def _bytes(name: Any, shape: Any, length: Any, rest: list[memoryview]) -> np.ndarray:
    if not isinstance(name, str) or len(name) > 6 or not isinstance(shape, list) or len(shape) > 32:
        raise WireError("no dtype or no shape")
    if type(length) is not int or any(type(n) is not int or n < 0 for n in shape):
        raise WireError("no length or no size")
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError, SyntaxError) as error:
        raise WireError("no dtype") from error
    if dtype.kind not in DTYPES or not 0 < dtype.itemsize <= 16:
        raise WireError(f"dtype {name}")
    size = 1
    for n in shape:
        size *= n  # of whole numbers without limit: nothing can overflow
    if size * dtype.itemsize != length or length > rest[0].nbytes:
        raise WireError(f"{length} bytes for shape {shape}"[:100])
    data, rest[0] = rest[0][:length], rest[0][length:]
    try:
        return np.frombuffer(data, dtype=dtype).reshape(shape).copy()
    except ValueError as error:  # more axes or numbers than NumPy knows
        raise WireError(str(error)) from error
