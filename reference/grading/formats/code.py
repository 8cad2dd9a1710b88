"""A counterexample as NumPy code, to be pasted and run."""

import re
import textwrap
from typing import Any

INDENT = "    "
_ZEROS = re.compile(r"zeros \((\d+(?:, ?\d+)*),?\)")
_SPECIAL = {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}


def shown(counterexample: dict[str, Any], function: str, width: int = 100) -> list[str]:
    """The inputs as code, what was expected, and what came."""
    output = str(counterexample.get("output") or "the result")
    lines = ["The smallest example found that shows it:", ""]
    lines += [INDENT + line for line in inputs(counterexample, width - len(INDENT))]
    called = calls(counterexample, width - len(INDENT))
    lines += [INDENT + line for line in called or [f"# then call {function}; look at {output}"]]
    for label, key in (("expected", "expected"), ("your    ", "got")):
        lines += _labelled(f"{label} {output} = ", counterexample.get(key), width)
    return lines


def inputs(counterexample: dict[str, Any], width: int = 96) -> list[str]:
    """The inputs as lines of code."""
    lines = ["import numpy as np"]
    given = counterexample.get("inputs")
    for name, value in given.items() if isinstance(given, dict) else ():
        start = f"{name} = " if str(name).isidentifier() else f"# {name}: "
        lines += _statement(start, value, width)
    return lines


def calls(counterexample: dict[str, Any], width: int = 96) -> list[str]:
    """The calls that lead to the output, where the result has them (script.script)."""
    found = counterexample.get("calls")
    return [
        part  # long ones go on in the next line, which between brackets is code as well
        for line in (found if isinstance(found, list) else ())
        for part in textwrap.wrap(
            str(line),
            width,
            subsequent_indent=INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


def literal(value: Any, width: int = 96) -> str:
    """A value as code, over several lines where it is too long for one."""
    if isinstance(value, str) and _ZEROS.fullmatch(value):
        return f"np.{value.replace('zeros ', 'zeros(')})"
    if is_array(value):
        flat = f"np.array({_flat(value)})"
        if len(flat) <= width:
            return flat
        return f"np.array(\n{textwrap.indent(_rows(value, width - 8), INDENT)}\n)"
    return _plain(value)


def readable(value: Any, width: int = 96) -> str:
    """What came out: code where it is an array or a number, else the words there are for it."""
    if isinstance(value, str) and not _ZEROS.fullmatch(value):
        return _SPECIAL.get(value, value)
    return literal(value, width)


def is_array(value: Any) -> bool:
    """Whether nested lists are an array: of one shape, and numbers alone."""
    return shape(value) not in (None, ())


def shape(value: Any) -> tuple[int, ...] | None:
    """The shape of nested lists; () for a number, None where there is none."""
    if isinstance(value, bool | int | float) or (isinstance(value, str) and value in _SPECIAL):
        return ()
    if not isinstance(value, list) or not value:
        return None
    below = {shape(each) for each in value}
    inner = below.pop()
    return None if below or inner is None else (len(value), *inner)


def _statement(start: str, value: Any, width: int) -> list[str]:
    if isinstance(value, str) and value.startswith("an array of shape"):
        return [f"# {start.strip(' =#:')}: {value}, too large to show"]
    text = literal(value, width - len(start))
    if start.startswith("#"):
        return [start + " ".join(text.split())]
    return (start + text).split("\n")


def _labelled(label: str, value: Any, width: int) -> list[str]:
    text = readable(value, width - len(label))
    if "\n" not in text and len(label) + len(text) <= width:
        return [label + text]
    wrapped = text.split("\n")
    if "\n" not in text:
        wrapped = textwrap.wrap(text, width - len(INDENT)) or [""]
    if "\n" in text:
        return [label + wrapped[0], *wrapped[1:]]
    return [label.rstrip(), *(INDENT + line for line in wrapped)]


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_flat, value))}]"
    return _SPECIAL.get(value, str(value)) if isinstance(value, str) else repr(value)


def _rows(value: Any, width: int) -> str:
    """An array over several lines: one a row, or as many numbers as fit."""
    flat = _flat(value)
    if len(flat) <= width:
        return flat
    if isinstance(value[0], list):
        inner = ",\n".join(_rows(each, width - len(INDENT)) for each in value)
    else:
        inner = textwrap.fill(", ".join(map(_flat, value)), max(width - len(INDENT), 20))
    return f"[\n{textwrap.indent(inner, INDENT)},\n]"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {literal(each, 10**9)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(literal(each, 10**9) for each in value)}]"
    if isinstance(value, str) and value in _SPECIAL:
        return _SPECIAL[value]
    return repr(value)
