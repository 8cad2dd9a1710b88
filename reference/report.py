"""What gradcheck says: a verdict, and the smallest input that shows a mistake."""

from typing import Any, NamedTuple

import numpy as np

from manual.checks import Array


class Counterexample(NamedTuple):
    """The smallest inputs found that show a mistake."""

    what: str  # "dw[0, 1]"
    expected: Any
    got: Any
    allowances: float  # the error, in rounding allowances
    oracle: str
    inputs: dict[str, Array]
    dout: Array | tuple[Array, ...] | None  # a tuple where forward has several outputs

    def __str__(self) -> str:
        lines = [f"{name} = {_code(array)}" for name, array in self.inputs.items()]
        lines += [f"dout = {_code(self.dout)}"] if self.dout is not None else []
        by = f" ({self.oracle})" if self.oracle else ""
        lines += [f"{self.what}: expected {self.expected}{by}"]
        off = "" if np.isnan(self.allowances) else f", {self.allowances:.3g} allowances off"
        lines += [" " * len(self.what) + f"  got      {self.got}{off}"]
        return "\n".join("    " + line for line in lines)


class Report(NamedTuple):
    """What gradcheck found. True if, and only if, the verdict is "correct"."""

    verdict: str  # "correct", "wrong", "raises", or "undecided" if nothing could be compared
    why: str
    examples: int
    entries: int  # numbers compared
    worst: float  # the largest error, in allowances; beyond 8 it is a mistake
    skipped: dict[str, int]  # entries not compared, by reason
    cannot: dict[str, str]  # number types that the functions do not run on, and why
    remarks: list[str]
    counterexample: Counterexample | None

    def __bool__(self) -> bool:
        return self.verdict == "correct"

    def __str__(self) -> str:
        lines = [f"{self.verdict}: {self.why}"]
        if self.counterexample is not None:
            lines += ["the smallest input that shows it:", str(self.counterexample)]
        lines += [f"not compared: {count} entries, {why}" for why, count in self.skipped.items()]
        lines += [f"cannot run on {kind} numbers: {why}" for kind, why in self.cannot.items()]
        return "\n".join(lines + [f"remark: {remark}" for remark in self.remarks])


def _code(array: Array | tuple[Array, ...]) -> str:
    if isinstance(array, tuple):
        return f"({', '.join(map(_code, array))}{',' * (len(array) == 1)})"
    return f"np.array({array.tolist()})" if array.size <= 60 else f"an array of shape {array.shape}"
