"""gradcheck: anyone's forward and backward in NumPy, held against the forward's derivative.

    from reference import gradcheck

    print(gradcheck(affine_forward, affine_backward, "ND", "DM", "M"))

A word is the shape of an input, a letter an axis: the sizes are drawn, and so are the numbers and
the upstream gradient, by Hypothesis; a failure shrinks to the smallest input that shows it. An
array in place of a word is taken as it is. labels("N", "C") draws integers below C, which have no
gradient.

The same check proves the layers of manual/ in tests/.
"""

import inspect
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from manual.checks import Array
from reference import oracle
from reference.networks import PLAIN_RUN, numbers
from reference.networks import REGIMES as ALL_REGIMES
from reference.numbers import ALLOWANCES, UNIT, allowances, counting, rounding_array
from reference.report import Counterexample, Report

REGIMES = ("halves", "normal", "saturated", "tiny", "huge")
MANY = 200  # entries: above, random directions stand for all coordinates
DIRECTIONS = 12
LARGE = 4000  # entries: above, rounding is estimated, as object arrays take too long


class labels(NamedTuple):  # noqa: N801  reads as a function, and is a value
    """Integer labels as an input: labels("N", "C") has shape (N,) and runs from 0 to C - 1."""

    shape: str
    classes: str


def gradcheck(
    forward: Callable,
    backward: Callable,
    *inputs: Any,
    examples: int = 100,
    seed: int = 0,
    corners: str = "skip",
    regimes: tuple[str, ...] = REGIMES,
    wrt: tuple[int, ...] | None = None,
    **options: Any,
) -> Report:
    """Whether backward returns the gradients of forward.

    forward(*inputs, **options) -> out, cache
    backward(dout, cache) -> the gradient of each floating-point input, in order
    inputs: for each input of forward a word ("ND"), an array, labels(...), or a Hypothesis strategy
            that draws an array; digits in a word are sizes ("N3")
    examples: how many inputs to draw    seed: of the draw; the same seed gives the same report
    corners: "skip" leaves out what sits on a corner, where every subgradient is right;
             "subgradient" asks for a number between the slopes on both sides: right for one layer,
             not for a network, whose backward need not be a subgradient where branches tie
    regimes: how drawn numbers look, of reference.networks.REGIMES
    wrt: the positions of the inputs whose gradients are checked; None for all that are floats

    Errors: ValueError for inputs that are none of these.
    """
    if corners not in ("skip", "subgradient"):
        raise ValueError(f"corners is {corners!r}, expected 'skip' or 'subgradient'")
    for regime in regimes:
        if regime not in ALL_REGIMES:
            raise ValueError(f"regimes has {regime!r}, expected any of: {', '.join(ALL_REGIMES)}")
    for i in wrt or ():
        if not 0 <= i < len(inputs):
            raise ValueError(f"wrt has {i}, expected positions of inputs, 0 to {len(inputs) - 1}")
    if all(isinstance(each, np.ndarray) and each.dtype.kind != "f" for each in inputs):
        raise ValueError("no input holds floats, so there is no gradient: give x.astype(float)")
    check = _Check(forward, backward, corners, wrt, options)
    strategy = _examples(inputs, regimes, check.names(len(inputs)))
    fixed = all(isinstance(each, np.ndarray) for each in inputs)
    if fixed and sum(each.size for each in inputs) > LARGE:
        examples = min(examples, 2)

    @_seeded(seed)
    @settings(
        max_examples=min(examples, 10) if fixed else examples,
        phases=[Phase.generate, Phase.shrink],
        **PLAIN_RUN,
    )
    @given(strategy)
    def run(example: tuple[list[Array], int]) -> None:
        check.one(*example)

    with suppress(_FoundError):
        run()
    return check.report()


def losscheck(loss: Callable, *inputs: Any, **keywords: Any) -> Report:
    """gradcheck for a loss(x, *targets) -> loss, dx: x first, then what it is compared with."""

    def forward(x: Array, *rest: Array, **options: Any) -> tuple[Any, Any]:
        total, dx = loss(x, *rest, **options)
        if np.ndim(total) != 0:
            shape = np.shape(total)
            raise ValueError(f"the loss has shape {shape}, expected one number, and then dx")
        return total, dx

    def backward(dout: Array, cache: Any) -> Array:
        return dout * cache

    forward.__signature__ = inspect.signature(loss)  # type: ignore[attr-defined]
    return gradcheck(forward, backward, *inputs, wrt=(0,), **keywords)


class _FoundError(AssertionError):
    """A mistake, for Hypothesis to shrink."""


class _Check:
    """The running count over all examples."""

    def __init__(self, forward, backward, corners, wrt, options):
        self.forward, self.backward, self.wrt = forward, backward, wrt
        self.corners, self.options = corners, options
        self.examples = self.entries = 0
        self.worst = 0.0
        self.skipped: dict[str, int] = {}
        self.cannot: dict[str, str] = {}
        self.remarks: list[str] = []
        self.found: tuple[str, str, Counterexample | None] | None = None

    def names(self, count):
        """The names of forward's arguments, where it tells."""
        try:
            parameters = list(inspect.signature(self.forward).parameters)
        except (TypeError, ValueError):
            parameters = []
        return (parameters + [f"input{i}" for i in range(len(parameters), count)])[:count]

    def report(self) -> Report:
        numbers = self.examples, self.entries, self.worst, self.skipped, self.cannot, self.remarks
        if self.found is not None:
            verdict, why, counterexample = self.found
            return Report(verdict, why, *numbers, counterexample)
        if not self.entries:
            return Report("undecided", "nothing could be compared", *numbers, None)
        why = f"{self.entries} numbers in {self.examples} examples within {ALLOWANCES} rounding "
        return Report("correct", why + f"allowances, the worst {self.worst:.2g}", *numbers, None)

    def one(self, inputs: list[Array], draw: int) -> None:
        """Check one example; raise _FoundError on a mistake."""
        rng = np.random.default_rng(draw)
        names = self.names(len(inputs))
        out = self._forward(inputs, names)
        if out is None:
            return
        dout = numbers(rng, out.shape, ("halves", "normal")[draw % 2], upstream=True)
        dout = dout.astype(out.dtype)
        shown = dict(zip(names, inputs, strict=True))

        def fail(verdict, why, what="", expected=None, got=None, off=np.nan, by="") -> None:
            example = Counterexample(what, expected, got, off, by, shown, dout) if what else None
            self.found = verdict, why, example
            raise _FoundError(why)

        grads = self._backward(inputs, names, dout, fail)
        self.examples += 1
        floats = [i for i, array in enumerate(inputs) if array.dtype.kind == "f"]
        differentiable = floats if self.wrt is None else list(self.wrt)
        grads = self._matched(grads, inputs, differentiable, names, fail)
        s = self._allowances(inputs, dout, len(grads))
        if s is None:
            return
        wide = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in inputs]
        wide_dout = dout.astype(np.float64)
        small = sum(array.size for array in inputs) <= LARGE
        s_out = oracle.output_allowance(self._run, wide) if small else None
        if s_out is None:
            s_out = 64 * np.abs(np.asarray(self._run(*wide), dtype=np.float64)) + 64
        unit = UNIT[np.result_type(*(inputs[i] for i in differentiable))]
        for i, grad, s_grad in zip(differentiable, grads, s, strict=True):
            for v, place in _probes(inputs[i], rng):
                found = oracle.slope(
                    self._run, wide, i, v, wide_dout, s_out, "complex" not in self.cannot
                )
                got = float((grad * v).sum())
                bound = unit * float((s_grad * np.abs(v)).sum()) + found.allowance
                if found.oracle == "difference" and "complex" not in self.cannot:
                    self._note_complex(wide, i, v)
                if found.oracle == "difference" and not found.smooth and np.isfinite(got):
                    self._at_corner(found, got, place, names[i], fail)
                    continue
                if np.isfinite(got) and not np.isfinite(bound):
                    self._skip("rounding has no bound there", 1)
                    continue
                error = abs(got - found.value)
                off = 0.0 if error == 0 else error / bound if bound else np.inf
                if off > ALLOWANCES and np.isfinite(got) and small:
                    other = oracle.second_opinion(self._run, wide, i, v, wide_dout)
                    if other is not None:
                        value, allowance = other
                        error = abs(got - value)
                        off = error / (bound + allowance) if bound + allowance else off
                if off > ALLOWANCES or not np.isfinite(got):
                    if self._corner(wide, i, v, found, small):
                        self._at_corner(found, got, place, names[i], fail)
                        continue
                    what = f"d{names[i]}{place}"
                    why = f"{what} is {got:.6g}, expected {found.value:.6g}"
                    fail("wrong", why, what, found.value, got, off, f"the {found.oracle}")
                self.entries += 1
                self.worst = max(self.worst, off)

    # One example, step by step -------------------------------------------------------------------

    def _run(self, *inputs: Array) -> Array:
        return self.forward(*inputs, **self.options)[0]

    def _copies(self, inputs):
        return [array.copy() for array in inputs]

    def _forward(self, inputs, names) -> Array | None:
        """The output, or None where the forward is not finite: outside its domain."""
        copies = self._copies(inputs)
        try:
            with np.errstate(all="ignore"):
                result = self.forward(*copies, **self.options)
            out, _ = result
        except Exception as problem:
            self.found = "raises", f"forward raises {type(problem).__name__}: {problem}", None
            raise _FoundError from problem
        for name, copy, array in zip(names, copies, inputs, strict=True):
            if not np.array_equal(copy, array, equal_nan=array.dtype.kind == "f"):
                self._remark(f"forward writes into its argument {name}")
        out = np.asarray(out)
        if out.dtype.kind != "f":
            self.found = (
                "raises",
                f"forward returns dtype {out.dtype}, expected floats",
                None,
            )
            raise _FoundError
        if not np.isfinite(out).all():
            self._skip("the forward is not finite there", out.size)
            return None
        return out

    def _backward(self, inputs, names, dout, fail):
        """The gradients, twice from one cache: they must not depend on how often one asks."""
        copies = self._copies(inputs)
        _, cache = self.forward(*copies, **self.options)
        given = dout.copy()
        try:
            with np.errstate(all="ignore"):
                grads = _as_tuple(self.backward(given, cache))
        except Exception as problem:
            self.found = "raises", f"backward raises {type(problem).__name__}: {problem}", None
            raise _FoundError from problem
        first = [np.array(grad) if grad is not None else None for grad in grads]
        for name, grad in zip(names, first, strict=False):
            if grad is not None and grad.dtype.kind not in "fic":
                fail("wrong", f"d{name} has dtype {grad.dtype}", f"d{name}", "floats", grad.dtype)
        if not np.array_equal(given, dout):
            self._remark("backward writes into dout")
        for name, copy, array in zip(names, copies, inputs, strict=True):
            if not np.array_equal(copy, array, equal_nan=array.dtype.kind == "f"):
                self._remark(f"backward writes into the argument {name} of forward")
        try:
            with np.errstate(all="ignore"):
                again = _as_tuple(self.backward(dout.copy(), cache))
        except Exception:
            self._remark("backward cannot be called twice with one cache")
            again = first
        for name, one, two in zip(names, first, again, strict=False):
            same = (
                one is None or two is None or np.array_equal(one, np.asarray(two), equal_nan=True)
            )
            if not same and np.array_equal(given, dout):
                why = f"a second call with the same cache returns another d{name}"
                fail("wrong", why, f"d{name}", one, two, np.nan, "the first call")
        return first

    def _matched(self, grads, inputs, differentiable, names, fail):
        """One gradient for each floating-point input, each of its shape."""
        if len(grads) == len(inputs):
            grads = [grads[i] for i in differentiable]
        if len(grads) != len(differentiable):
            wanted = ", ".join(f"d{names[i]}" for i in differentiable)
            why = (
                f"backward returns {len(grads)} gradients, expected {len(differentiable)}: {wanted}"
            )
            fail("wrong", why, "the gradients", len(differentiable), len(grads))
        for i, grad in zip(differentiable, grads, strict=True):
            what = f"d{names[i]}"
            if grad is None:
                fail("wrong", f"{what} is None", what, "an array", None)
                return grads
            if grad.shape != inputs[i].shape:
                why = f"{what} has shape {grad.shape}, expected {inputs[i].shape}"
                fail("wrong", why, f"the shape of {what}", inputs[i].shape, grad.shape)
            if grad.dtype.kind not in "fi":
                fail("wrong", f"{what} has dtype {grad.dtype}", what, "floats", grad.dtype)
        return grads

    def _allowances(self, inputs, dout, count) -> list[Array] | None:
        """s for every gradient; None where a branch lies within rounding of its corner."""
        if "rounding" not in self.cannot and sum(a.size for a in inputs) <= LARGE:
            try:
                with counting(
                    inputs[0].dtype if inputs[0].dtype in UNIT else np.float64
                ) as counted:
                    _, cache = self.forward(*map(oracle.as_numbers, inputs), **self.options)
                    grads = _as_tuple(self.backward(rounding_array(dout), cache))
                    s = [allowances(grad) for grad in grads if grad is not None][:count]
                    undecided = counted.undecided
                if undecided:
                    self._skip("a branch within rounding of its corner", sum(a.size for a in s))
                    return None
                return s
            except Exception as problem:
                self.cannot["rounding"] = f"{type(problem).__name__}: {problem}"
        return self._estimated(inputs, dout, count)

    def _estimated(self, inputs, dout, count) -> list[Array]:
        """s from runs in float32 and float64 on the same numbers: a coarse stand-in.

        Each run is nudged in its last digit; what float32 loses, in units of its u, is what s would
        be, up to luck. The largest of eight, with a margin of 64.
        """
        rng = np.random.default_rng(0)
        single, double = UNIT[np.dtype(np.float32)], UNIT[np.dtype(np.float64)]
        losses = []
        for _ in range(8):
            moved = [
                (a * (1 + 2 * single * rng.choice([-1, 1], a.shape))).astype(np.float32)
                if a.dtype.kind == "f"
                else a
                for a in inputs
            ]
            in_32, in_64, nudged = (
                self._grads(list(map(change, moved)), dout.astype(dtype), count)
                for change, dtype in (
                    (lambda a: a.copy(), np.float32),
                    (_widened, np.float64),
                    (lambda a: _widened(a) * (1 + 2 * double) if a.dtype.kind == "f" else a, float),
                )
            )
            losses.append(
                [
                    np.abs(a - b) / single + np.abs(b - c) / double + np.abs(b)
                    for a, b, c in zip(in_32, in_64, nudged, strict=True)
                ]
            )
        found = [np.max(np.array(each), axis=0) for each in zip(*losses, strict=True)]
        return [64 * (each + each.max() / 64) for each in found]

    def _grads(self, inputs, dout, count) -> list[Array]:
        with np.errstate(all="ignore"):
            _, cache = self.forward(*inputs, **self.options)
            grads = [g for g in _as_tuple(self.backward(dout, cache)) if g is not None]
        return [np.asarray(grad, dtype=np.float64) for grad in grads[:count]]

    def _corner(self, wide, i, v, found, small) -> bool:
        """Whether the direction leads across a corner."""
        same = oracle.same_branches(self._run, wide, i, v, found.step) if small else None
        return not found.smooth if same is None else not same

    def _at_corner(self, found, got, place, name, fail) -> None:
        low, high = sorted((found.left, found.right))
        room = ALLOWANCES * found.allowance + 1e-4 * (abs(low) + abs(high))
        if self.corners == "subgradient" and not low - room <= got <= high + room:
            what = f"d{name}{place}"
            why = f"{what} is {got:.6g} at a corner, expected from {low:.6g} to {high:.6g}"
            fail("wrong", why, what, f"from {low:.6g} to {high:.6g}", got, np.nan, "the slopes")
        if self.corners == "subgradient":
            self.entries += 1
        else:
            self._skip("on a corner, or where no difference settles", 1)

    def _note_complex(self, wide, i, v) -> None:
        """Say once why the complex step could not be taken."""
        moved = list(wide)
        moved[i] = wide[i] + 1j * 2.0**-200 * v
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                out = np.asarray(self._run(*moved))
            lost = "the imaginary part gets lost (np.abs? a float buffer?)"
            self.cannot["complex"] = lost if out.dtype.kind == "c" else f"it returns {out.dtype}"
        except Exception as problem:
            self.cannot["complex"] = f"{type(problem).__name__}: {problem}"

    def _skip(self, why: str, count: int) -> None:
        self.skipped[why] = self.skipped.get(why, 0) + count

    def _remark(self, remark: str) -> None:
        if remark not in self.remarks:
            self.remarks.append(remark)


def _probes(array: Array, rng: np.random.Generator) -> list[tuple[Array, str]]:
    """The directions to take derivatives in: every entry, or random ones where there are many."""
    if array.size <= MANY:
        found = []
        for index in np.ndindex(array.shape):
            v = np.zeros(array.shape)
            v[index] = 1.0
            found.append((v, f"[{', '.join(map(str, index))}]" if index else ""))
        return found
    found = [(rng.normal(size=array.shape), " . v, along a random v") for _ in range(DIRECTIONS)]
    for place in rng.choice(array.size, size=DIRECTIONS, replace=False):
        index = np.unravel_index(place, array.shape)
        v = np.zeros(array.shape)
        v[index] = 1.0
        found.append((v, f"[{', '.join(str(int(i)) for i in index)}]"))
    return found


def _examples(inputs, regimes, names) -> st.SearchStrategy:
    """Draw (inputs, a seed for the upstream)."""
    letters = set()
    for each, name in zip(inputs, names, strict=True):
        words = [*each] if isinstance(each, labels) else [each] if isinstance(each, str) else []
        for word in words:
            if word and not word.isalnum():
                raise ValueError(f"{name} is given as {word!r}, expected letters and digits: 'ND'")
            letters |= set(word)
        if words or isinstance(each, str):
            continue
        if not isinstance(each, np.ndarray | st.SearchStrategy):
            raise ValueError(
                f"{name} is given as {each!r}, expected a word of axes such as 'ND', an array, "
                "labels(...) or a Hypothesis strategy"
            )
    axes = sorted(letter for letter in letters if not letter.isdigit())

    @st.composite
    def example(draw: Any) -> tuple[list[Array], int]:
        sizes = {axis: draw(st.integers(1, 4)) for axis in axes}
        regime = draw(st.sampled_from(regimes))
        rng = np.random.default_rng(draw(st.integers(0, 2**20 - 1)))

        def shape(word):
            return tuple(int(axis) if axis.isdigit() else sizes[axis] for axis in word)

        arrays = []
        for each in inputs:
            if isinstance(each, labels):
                arrays.append(rng.integers(shape(each.classes)[0], size=shape(each.shape)))
            elif isinstance(each, str):
                arrays.append(numbers(rng, shape(each), regime))
            else:
                arrays.append(each if isinstance(each, np.ndarray) else draw(each))
        return arrays, draw(st.integers(0, 2**16))

    return example()


def _widened(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _as_tuple(grads: Any) -> tuple[Any, ...]:
    return tuple(grads) if isinstance(grads, tuple | list) else (grads,)


_seeded = seed
