"""What crosses the pipe: plain values, and arrays as raw bytes. No pickle, no word for a verdict.

A frame is two lengths (4 bytes each, little endian), a JSON text, and the bytes of its arrays. In
the text None, True, 1, 1.5 and "a" stand for themselves, everything else for a pair of a mark and
what it holds:

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
LARGEST = 1 << 26  # bytes in a frame to a worker, with all sources of a submission: 64 MiB
ANSWER = 1 << 21  # bytes in a frame from a worker: 2 MiB
DEPTH = 8
LONGEST = 100_000  # entries of a list or dict
INTEGERS = 1 << 64  # whole numbers are smaller than this, whatever their sign
# Names of dtypes that are read: bytes of numbers alone, of sizes that every machine has.
DTYPES = {
    np.dtype(f"{order}{kind}{size}").str
    for kind, sizes in {"b": (1,), "iu": (1, 2, 4, 8), "f": (2, 4, 8), "c": (8, 16)}.items()
    for kind in kind
    for size in sizes
    for order in "<>"
}


class WireError(ValueError):
    """Not a frame."""


class Slot(int):
    """The k-th result of a program, which stays in the worker."""


class Other(str):
    """Something that does not cross: its type's name."""


def pack(value: Any, most: int = LARGEST) -> bytes:
    """A frame of at most so many bytes. What cannot cross goes as its type's name."""
    blobs: list[bytes] = []
    head = json.dumps(_marked(value, blobs, 0, most // 2)).encode()
    body = b"".join(blobs)
    if len(head) + len(body) > most:
        large = {"error": {"kind": "large", "message": f"it is more than {most >> 20} MiB"}}
        nonce = value.get("nonce") if isinstance(value, dict) else None
        return pack(large if nonce is None else large | {"nonce": nonce})
    return LENGTHS.pack(len(head), len(body)) + head + body


def lengths(start: bytes, most: int = LARGEST) -> tuple[int, int]:
    """The lengths of the two parts, from the first 8 bytes. Errors: WireError if too long."""
    head, body = LENGTHS.unpack(start)
    if head + body > most:
        raise WireError(f"a frame of {head + body} bytes, expected at most {most}")
    return head, body


def unpack(head: bytes, body: bytes) -> Any:
    """The value of a frame. Errors: WireError for anything that pack does not write."""
    try:
        marked = json.loads(head)
    except (ValueError, RecursionError) as error:
        raise WireError(f"no JSON: {error}"[:200]) from error
    rest = [memoryview(body)]
    value = _plain(marked, rest, 0)
    if rest[0].nbytes:
        raise WireError(f"{rest[0].nbytes} bytes too many")
    return value


def text(value: str) -> str:
    """A text that every encoding of Unicode can write: halves of pairs become question marks."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _marked(value: Any, blobs: list[bytes], depth: int, most: int) -> Any:
    kind = type(value)
    if value is None or kind in (bool, str, float):
        return value
    if kind is int:
        return value if abs(value) < INTEGERS else ["other", "int"]
    if kind is Slot:
        return ["slot", int(value)]
    if kind is Other:
        return ["other", str(value)]
    if isinstance(value, np.ndarray):
        return _array(value, blobs, most)
    if isinstance(value, np.generic):
        number = _common(np.asarray(value))
        if number.dtype.str not in DTYPES:
            return ["other", kind.__name__[:80]]
        blobs.append(number.tobytes())
        return ["number", number.dtype.str, len(blobs[-1])]
    if depth < DEPTH and isinstance(value, tuple | list | dict) and len(value) <= LONGEST:
        if isinstance(value, dict):
            return [
                "dict",
                [[_key(k), _marked(v, blobs, depth + 1, most)] for k, v in value.items()],
            ]
        mark = "tuple" if isinstance(value, tuple) else "list"
        return [mark, [_marked(each, blobs, depth + 1, most) for each in value]]
    return ["other", kind.__name__[:80]]


def _array(value: np.ndarray, blobs: list[bytes], most: int) -> Any:
    shape = tuple(int(n) for n in value.shape)
    if value.dtype.kind not in "biufc":
        return ["other", f"array of dtype {value.dtype}"[:80]]
    if value.nbytes > most:
        return ["other", f"array of shape {shape}"[:80]]
    if isinstance(value, np.ma.MaskedArray):
        value = value.filled(0)
    plain = _common(np.array(value, order="C", subok=False))
    blobs.append(plain.tobytes())
    return ["array", plain.dtype.str, list(shape), len(blobs[-1])]


def _common(value: np.ndarray) -> np.ndarray:
    """Numbers in this machine's order of bytes, and of sizes that every machine has."""
    with np.errstate(all="ignore"):
        if value.dtype.kind in "fc" and value.dtype.str not in DTYPES:
            return value.astype(float if value.dtype.kind == "f" else complex)
        return value.astype(value.dtype.newbyteorder("="), copy=False)


def _key(key: Any) -> Any:
    if type(key) is str or (type(key) is int and abs(key) < INTEGERS):
        return key
    return f"<{type(key).__name__[:80]}>"


def _plain(marked: Any, rest: list[memoryview], depth: int) -> Any:
    if marked is None or isinstance(marked, bool | float):
        return marked
    if isinstance(marked, str):
        return text(marked)
    if isinstance(marked, int):
        return _integer(marked)
    if not isinstance(marked, list) or not marked or not isinstance(marked[0], str):
        raise WireError("no mark")
    if depth > DEPTH + 2:
        raise WireError("too deep")
    mark, *parts = marked
    if mark in ("tuple", "list", "dict", "slot", "other") and len(parts) == 1:
        (held,) = parts
        if mark == "slot" and type(held) is int:
            return Slot(_integer(held))
        if mark == "other" and isinstance(held, str):
            return Other(text(held[:80]))
        if not isinstance(held, list) or len(held) > LONGEST:
            raise WireError(f"a {mark} of {type(held).__name__}")
        if mark in ("tuple", "list"):
            values = [_plain(each, rest, depth + 1) for each in held]
            return tuple(values) if mark == "tuple" else values
        if mark == "dict":
            return dict(_pair(pair, rest, depth) for pair in held)
    if mark == "array" and len(parts) == 3:
        return _bytes(parts[0], parts[1], parts[2], rest)
    if mark == "number" and len(parts) == 2:
        return _bytes(parts[0], [], parts[1], rest)[()]
    raise WireError(f"an unknown mark {mark[:20]!r}")


def _integer(number: int) -> int:
    if abs(number) >= INTEGERS:
        raise WireError("a whole number of more than 64 bits")
    return number


def _pair(pair: Any, rest: list[memoryview], depth: int) -> tuple[str | int, Any]:
    if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) not in (str, int):
        raise WireError("no pair of a key and a value")
    key = text(pair[0]) if isinstance(pair[0], str) else _integer(pair[0])
    return key, _plain(pair[1], rest, depth + 1)


def _bytes(name: Any, shape: Any, length: Any, rest: list[memoryview]) -> np.ndarray:
    if not isinstance(name, str) or name not in DTYPES:
        raise WireError(f"dtype {name!r}"[:40])
    if not isinstance(shape, list) or len(shape) > 32:
        raise WireError("no shape")
    if type(length) is not int or any(type(n) is not int or not 0 <= n <= LARGEST for n in shape):
        raise WireError("no length or no size")
    size = 1
    for n in shape:
        size *= n  # of whole numbers without limit: nothing can overflow
    if size * np.dtype(name).itemsize != length or length > rest[0].nbytes:
        raise WireError(f"{length} bytes for shape {shape}"[:100])
    data, rest[0] = rest[0][:length], rest[0][length:]
    try:
        return np.frombuffer(data, dtype=np.dtype(name)).reshape(shape).copy()
    except (ValueError, MemoryError) as error:  # more axes or numbers than NumPy knows
        raise WireError(str(error)[:200]) from error


__all__ = [
    "ANSWER",
    "LARGEST",
    "LENGTHS",
    "Other",
    "Slot",
    "WireError",
    "lengths",
    "pack",
    "unpack",
]
