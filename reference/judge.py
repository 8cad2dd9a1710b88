"""One example of gradcheck after another: held against the oracle, counted, and the verdict."""

import traceback
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from manual.checks import Array
from reference import oracle, roundings
from reference.networks import numbers
from reference.numbers import ALLOWANCES, UNIT
from reference.pair import Pair, floats, joined, misfit, places, shown, taken_apart
from reference.report import Counterexample, Report
from reference.roundings import LARGE, widened


class FoundError(AssertionError):
    """A mistake, for Hypothesis to shrink."""


class Judge:
    """The running count over all examples."""

    def __init__(
        self, pair: Pair, corners: str, wrt: tuple[int, ...] | None, is_loss: bool = False
    ):
        """is_loss: the upstream is 1, and not shown."""
        self.pair, self.corners, self.wrt, self.is_loss = pair, corners, wrt, is_loss
        self.unit = oracle.U  # what the forward computes with
        self.examples = self.entries = 0
        self.worst = 0.0
        self.skipped: dict[str, int] = {}
        self.cannot: dict[str, str] = {}
        self.remarks: list[str] = []
        self.example: tuple[dict[str, Array], Any] = {}, None  # the inputs and dout
        self.found: tuple[str, str, Counterexample | None] | None = None

    def report(self) -> Report:
        """What was found so far."""
        numbers = self.examples, self.entries, self.worst, self.skipped, self.cannot, self.remarks
        if self.found is not None:
            verdict, why, counterexample = self.found
            return Report(verdict, why, *numbers, counterexample)
        if not self.entries:
            return Report("undecided", "nothing could be compared", *numbers, None)
        why = f"{self.entries} numbers in {self.examples} examples within {ALLOWANCES} rounding "
        return Report("correct", why + f"allowances, the worst {self.worst:.2g}", *numbers, None)

    def one(self, inputs: list[Array], draw: int) -> None:
        """Check one example; raise FoundError on a mistake."""
        rng = np.random.default_rng(draw)
        names = self.pair.names(len(inputs))
        asked = self._asked(inputs, names)
        outs = self._forward(inputs, names)
        if outs is None:
            return
        regime = ("halves", "normal")[draw % 2]
        douts = [numbers(rng, out.shape, regime, upstream=True).astype(out.dtype) for out in outs]
        if self.is_loss:
            douts = [np.ones_like(out) for out in outs]
        grads = self._backward(inputs, names, outs, douts, asked)
        self.examples += 1
        grads = self._matched(grads, inputs, asked, names)
        s = self._allowances(inputs, douts, asked)
        if s is None:
            return
        run = self.pair.run
        wide = list(map(widened, inputs))
        dout = joined(douts).astype(np.float64)
        small = sum(array.size for array in inputs) <= LARGE
        s_out = oracle.output_allowance(run, wide) if small else None
        if s_out is None:
            s_out = 64 * np.abs(np.asarray(run(*wide), dtype=np.float64)) + 64
        self._note_precision(wide)
        unit = max(UNIT[np.result_type(*(inputs[i] for i in asked))], self.unit)
        for i, grad, s_grad in zip(asked, grads, s, strict=True):
            for v, place in oracle.probes(inputs[i], rng):
                trust = "complex" not in self.cannot
                found = oracle.slope(run, wide, i, v, dout, s_out, trust, self.unit)
                got = float((grad * v).sum())
                bound = unit * float((s_grad * np.abs(v)).sum()) + found.allowance
                if found.oracle == "difference" and "complex" not in self.cannot:
                    self._note_complex(wide, i, v)
                if found.oracle == "difference" and not found.smooth and np.isfinite(got):
                    self._at_corner(found, got, place, names[i])
                    continue
                if np.isfinite(got) and not np.isfinite(bound):
                    self._skip("rounding has no bound there", 1)
                    continue
                error = abs(got - found.value)
                off = 0.0 if error == 0 else error / bound if bound else np.inf
                if off > ALLOWANCES and np.isfinite(got) and small:
                    other = oracle.second_opinion(run, wide, i, v, dout)
                    if other is not None:
                        value, allowance = other
                        error = abs(got - value)
                        off = error / (bound + allowance) if bound + allowance else off
                if off > ALLOWANCES or not np.isfinite(got):
                    if self._corner(wide, i, v, found, small):
                        self._at_corner(found, got, place, names[i])
                        continue
                    what = f"d{names[i]}{place}"
                    why = f"{what} is {got:.6g}, expected {found.value:.6g}"
                    self._fail(why, what, found.value, got, off, f"the {found.oracle}")
                self.entries += 1
                self.worst = max(self.worst, off)

    # One example, step by step -------------------------------------------------------------------

    def _asked(self, inputs, names) -> list[int]:
        """The positions of the inputs whose gradients are checked."""
        asked = floats(inputs) if self.wrt is None else list(self.wrt)
        if not asked:
            raise ValueError("no input holds floats, so there is no gradient: give x.astype(float)")
        for i in asked:
            if inputs[i].dtype.kind != "f":
                dtype = inputs[i].dtype
                raise ValueError(f"wrt has {i}, but {names[i]} has dtype {dtype}, expected floats")
        return asked

    def _forward(self, inputs, names) -> list[Array] | None:
        """The outputs, or None where the forward is not finite: outside its domain."""
        copies = [array.copy() for array in inputs]
        try:
            with np.errstate(all="ignore"):
                result = self.pair.call(copies)
        except Exception as problem:
            self._raises(f"forward raises {type(problem).__name__}: {problem}", problem)
        self._remark_written(names, copies, inputs, "forward writes into its argument {}")
        if why := misfit(result):
            self._raises(why)
        outs = [np.asarray(out) for out in taken_apart(result).outs]
        if not all(np.isfinite(out).all() for out in outs):
            self._skip("the forward is not finite there", sum(out.size for out in outs))
            return None
        return outs

    def _same_again(self, outs, again) -> None:
        """A forward that draws has no derivative to speak of."""
        for one, two in zip(outs, map(np.asarray, again), strict=True):
            rtol = float(np.sqrt(UNIT.get(one.dtype, oracle.U)))
            if one.shape != two.shape or not np.allclose(one, two, rtol=rtol, atol=rtol):
                why = "forward returns another output for the same input: does it draw numbers? "
                self.found = "undecided", why + "give it a seed, or its mask as an input", None
                raise FoundError(why)

    def _note_precision(self, wide) -> None:
        """A forward that casts to float32 on its way is compared as float32 is."""
        for scale in (1.0, 1 / 16):  # what saturates does not move
            scaled = [x * scale if x.dtype.kind == "f" else x for x in wide]
            with suppress(Exception):  # smaller numbers may be outside its domain
                self.unit = max(self.unit, oracle.unit_of(self.pair.run, scaled))
        if self.unit > oracle.U:
            kind = "float32" if self.unit == oracle.SINGLE else "float16"
            self.remarks = [each for each in self.remarks if "forward computes in" not in each]
            self._remark(f"forward computes in {kind}, or in steps as large, and is compared so")

    def _backward(self, inputs, names, outs, douts, asked):
        """The gradients, twice from one cache: they must not depend on how often one asks."""
        copies = [array.copy() for array in inputs]
        returned = taken_apart(self.pair.call(copies))
        self._same_again(outs, returned.outs)
        dout = shown(returned, douts)
        self.example = dict(zip(names, inputs, strict=True)), dout
        given = [each.copy() for each in douts]
        try:
            with np.errstate(all="ignore"):
                grads = self.pair.back(returned, given)
        except Exception as problem:
            self._raises(f"backward raises {type(problem).__name__}: {problem}", problem)
        first = [np.array(grad) if grad is not None else None for grad in grads]
        found = places(len(first), inputs, asked) or range(len(inputs))
        named = [(k, names[i]) for k, i in enumerate(found) if inputs[i].dtype.kind == "f"]
        named = [(k, name) for k, name in named if k < len(first)]
        for k, name in named:
            grad = first[k]
            if grad is not None and grad.dtype.kind not in "fic":
                self._fail(f"d{name} has dtype {grad.dtype}", f"d{name}", "floats", grad.dtype)
        written = [k for k in range(len(douts)) if not np.array_equal(given[k], douts[k])]
        for k in written:
            place = f"[{k}]" if isinstance(dout, tuple) else ""
            self._remark(f"backward writes into dout{place}")
        self._remark_written(
            names, copies, inputs, "backward writes into the argument {} of forward"
        )
        try:
            with np.errstate(all="ignore"):
                again = self.pair.back(returned, [each.copy() for each in douts])
        except Exception:
            self._remark("backward cannot be called twice with one cache")
            again = first
        for k, name in named:
            one, two = first[k], again[k] if k < len(again) else None
            same = (
                one is None or two is None or np.array_equal(one, np.asarray(two), equal_nan=True)
            )
            if not same and not written:
                why = f"a second call with the same cache returns another d{name}"
                self._fail(why, f"d{name}", one, two, np.nan, "the first call")
        return first

    def _matched(self, grads, inputs, asked, names):
        """The gradients asked for, each of the shape of its input."""
        found = places(len(grads), inputs, asked)
        if found is None:
            wanted = ", ".join(f"d{names[i]}" for i in asked)
            rest = [names[i] for i in range(len(inputs)) if i not in floats(inputs)]
            other = f"; or {len(inputs)}, None for {' and '.join(rest)}" if rest else ""
            why = f"backward returns {len(grads)} gradients, expected {len(asked)}: {wanted}{other}"
            self._fail(why, "the gradients", len(asked), len(grads))
        grads = [grads[found.index(i)] for i in asked]
        for i, grad in zip(asked, grads, strict=True):
            what = f"d{names[i]}"
            if grad is None:
                self._fail(f"{what} is None", what, "an array", None)
            if grad.shape != inputs[i].shape:
                why = f"{what} has shape {grad.shape}, expected {inputs[i].shape}"
                self._fail(why, f"the shape of {what}", inputs[i].shape, grad.shape)
            if grad.dtype.kind not in "fi":
                self._fail(f"{what} has dtype {grad.dtype}", what, "floats", grad.dtype)
        return grads

    def _allowances(self, inputs, douts, asked) -> list[Array] | None:
        """s for every gradient; None where a branch lies within rounding of its corner."""
        if "rounding" not in self.cannot and sum(a.size for a in inputs) <= LARGE:
            try:
                s, undecided = roundings.counted(self.pair, inputs, douts, asked)
                if undecided:
                    self._skip("a branch within rounding of its corner", sum(a.size for a in s))
                    return None
                return s
            except Exception as problem:
                self.cannot["rounding"] = f"{type(problem).__name__}: {problem}"
        return roundings.estimated(self.pair, inputs, douts, asked)

    def _corner(self, wide, i, v, found, small) -> bool:
        """Whether the direction leads across a corner."""
        same = oracle.same_branches(self.pair.run, wide, i, v, found.step) if small else None
        return not found.smooth if same is None else not same

    def _at_corner(self, found, got, place, name) -> None:
        low, high = sorted((found.left, found.right))
        room = ALLOWANCES * found.allowance + 1e-4 * (abs(low) + abs(high))
        if self.corners == "subgradient" and not low - room <= got <= high + room:
            what = f"d{name}{place}"
            why = f"{what} is {got:.6g} at a corner, expected from {low:.6g} to {high:.6g}"
            self._fail(why, what, f"from {low:.6g} to {high:.6g}", got, np.nan, "the slopes")
        if self.corners == "subgradient":
            self.entries += 1
        else:
            self._skip("on a corner, or where no difference settles", 1)

    def _note_complex(self, wide, i, v) -> None:
        """Say once why the complex step could not be taken."""
        moved, turned = list(wide), list(wide)
        moved[i], turned[i] = wide[i] + 1j * oracle.H * v, wide[i] - 1j * oracle.H * v
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                out = np.asarray(self.pair.run(*moved))
                if out.dtype.kind == "c" and oracle.on_a_tie(out, self.pair.run(*turned)):
                    return
            lost = "the imaginary part gets lost (np.abs, var, std, norm? a float buffer?)"
            self.cannot["complex"] = lost if out.dtype.kind == "c" else f"it returns {out.dtype}"
        except Exception as problem:
            self.cannot["complex"] = f"{type(problem).__name__}: {problem}"

    def _remark_written(self, names, copies, inputs, words) -> None:
        for name, copy, array in zip(names, copies, inputs, strict=True):
            if not np.array_equal(copy, array, equal_nan=array.dtype.kind == "f"):
                self._remark(words.format(name))

    def _fail(self, why, what, expected, got, off=np.nan, by="") -> NoReturn:
        inputs, dout = self.example
        dout = None if self.is_loss else dout  # it is 1
        self.found = "wrong", why, Counterexample(what, expected, got, off, by, inputs, dout)
        raise FoundError(why)

    def _raises(self, why: str, problem: Exception | None = None) -> NoReturn:
        self.found = "raises", why + _line(problem), None
        raise FoundError from problem

    def _skip(self, why: str, count: int) -> None:
        self.skipped[why] = self.skipped.get(why, 0) + count

    def _remark(self, remark: str) -> None:
        if remark not in self.remarks:
            self.remarks.append(remark)


def _line(problem: Exception | None) -> str:
    """Where an error comes from, in code that is not this project's."""
    here = Path(__file__).parent
    frames = traceback.extract_tb(problem.__traceback__) if problem is not None else []
    theirs = [each for each in frames if here not in Path(each.filename).parents]
    theirs = [each for each in theirs if "site-packages" not in each.filename]
    if not theirs:
        return ""
    last = theirs[-1]
    text = f": {last.line}" if last.line else ""
    return f" ({Path(last.filename).name}, line {last.lineno}{text})"
