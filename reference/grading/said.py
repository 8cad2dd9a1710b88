"""What a worker says, read as words, numbers and arrays: nothing of it is believed."""

import re
import warnings
from typing import Any

import numpy as np

from reference.grading.box.wire import Other

VOWELS = tuple("aeiou")
KINDS = ("raises", "structure", "blocked", "large")
# What moves a cursor or turns a line around; and where things lay in memory, or when that was.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PLACE = re.compile(r"\b0x[0-9a-fA-F]{6,}\b|(?<![.\d])\d{9,}")


def words(value: Any, most: int = 160) -> str:
    """A text of at most so many characters; "" for what is none."""
    if not isinstance(value, str):
        return ""
    return _PLACE.sub("0x...", _UNSEEN.sub("?", value[: 4 * most]))[:most]


def words_of(value: Any, most: int = 20) -> list[str]:
    """The first texts of a list."""
    every = value[:most] if isinstance(value, list) else []
    return [words(each) for each in every if isinstance(each, str)]


def errors_of(value: Any) -> list[dict[str, Any]]:
    """The first errors of a list."""
    every = value[:20] if isinstance(value, list) else []
    return [error_of(each) for each in every if isinstance(each, dict)]


def error_of(error: dict[str, Any]) -> dict[str, Any]:
    """An error: its kind, type, message, path, line and function."""
    kind, path, line = error.get("kind"), error.get("path"), error.get("line")
    return {
        "kind": kind if isinstance(kind, str) and kind in KINDS else "raises",
        "type": words(error.get("type"), 80) or "Error",
        "message": words(error.get("message"), 500),
        "path": str(path) if isinstance(path, str) else None,
        "line": line if type(line) is int and 0 < line < 10**7 else None,
        "function": words(error.get("function"), 80),
    }


def counts_of(value: Any) -> dict[str, int]:
    """How often what was called."""
    every = value.items() if isinstance(value, dict) else ()
    return {name: n for name, n in every if isinstance(name, str) and type(n) is int}


def output(value: Any) -> Any:
    """A result: None, a number, an array, a short text, or Other for what is no array."""
    other = isinstance(value, Other)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, dict):
        return Other("a dict")
    if isinstance(value, str):
        told = words(value, 80)
        return Other(f"{'an' if told[:1].lower() in VOWELS else 'a'} {told}") if other else told
    if isinstance(value, list | tuple):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return np.asarray(value, dtype=float)
        except (ValueError, TypeError, OverflowError):
            return Other(f"a {type(value).__name__}")
    return value


__all__ = ["counts_of", "error_of", "errors_of", "output", "words", "words_of"]
