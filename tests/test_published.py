"""Published answers: what agrees, what is wrong and by which fault; and that this test can fail.

The salary notebooks have a file of their own, which takes their faults apart: test_salary.py.
"""

import ast
import bisect
import contextlib
import functools
import re
from functools import cache
from pathlib import Path

import jax
import numpy as np
import pytest

from comparisons import published
from comparisons.published import EXAMPLES, Example, reproduced
from reference.cards import MISTAKES
from reference.mistakes import planted

NUMBERS = [
    pytest.param(k, what, printed, id=f"{example.source.partition(',')[0]}: {what} {printed}")
    for k, example in enumerate(EXAMPLES)
    for what, printed in example.numbers().items()
]
SHORT = [example for example in EXAMPLES if "10,000" not in example.inputs]

# All mistakes of these functions turn a number red, but for those that no printed number can show:
# they need an image, large numbers, a corner, an upstream other than 1, arrays that are used again.
FUNCTIONS = (
    "affine_forward", "affine_backward", "sigmoid_forward", "sigmoid_backward", "tanh_forward",
    "tanh_backward", "relu_forward", "relu_backward", "mse_loss",
)  # fmt: skip
UNSEEN = {
    "affine dx stays flat", "sigmoid overflows", "sigmoid clipped", "tanh overflows",
    "tanh overwrites x", "tanh ignores upstream", "relu overwrites x", "relu overwrites dout",
    "relu slope one at the corner", "relu slope half at the corner",
}  # fmt: skip
SEEN = [m for m in MISTAKES.values() if m.function in FUNCTIONS and m.name not in UNSEEN]


@cache
def by_hand(k):
    return EXAMPLES[k].by_hand()


@cache
def faulty(k):
    return EXAMPLES[k].faulty()


@cache
def elsewhere(k, way):
    return EXAMPLES[k].others(way)


def changed(printed):
    """The printed number with its last digit that counts up by one, and down by one."""
    place = re.search(r"(\d)(\(\d+\))?(e.*)?$", printed).start(1)
    digit = int(printed[place])
    return [f"{printed[:place]}{(digit + d) % 10}{printed[place + 1 :]}" for d in (1, -1)]


@pytest.mark.parametrize(("k", "what", "printed"), NUMBERS)
def test_published_numbers(k, what, printed):
    """It agrees, and needs no fault; or it does not, and the fault alone gives all its digits."""
    example = EXAMPLES[k]
    assert reproduced(by_hand(k)[what], printed) == (example.verdict == "agrees")
    assert (example.verdict == "agrees") == (example.faulty is None) == (not example.fault)
    given = by_hand(k) if example.faulty is None else faulty(k)
    assert reproduced(given[what], printed)
    assert not any(reproduced(given[what], other) for other in changed(printed))


@pytest.mark.parametrize("way", ["pytorch", "jax"])
@pytest.mark.parametrize("k", [k for k, example in enumerate(EXAMPLES) if example.others])
def test_frameworks_agree(k, way):
    """On the value and every gradient that they can take."""
    taken = EXAMPLES[k].numbers().keys() & elsewhere(k, way).keys()
    assert taken
    for what in taken:
        assert reproduced(elsewhere(k, way)[what], EXAMPLES[k].numbers()[what]), what


def test_every_printed_gradient_is_taken_by_all_three():
    """All but one: the lecture's L has a gradient at d = ab + c, which is no input."""
    alone = {
        what
        for k, example in enumerate(EXAMPLES)
        for what in example.numbers()
        if what.startswith(("d", "delta"))
        and not (example.others and what in elsewhere(k, "pytorch"))
    }
    assert alone == {"dL/dd"}


@pytest.mark.parametrize(
    ("value", "printed", "verdict"),
    [
        (0.0821665, "0.082167", True),
        (0.0821664, "0.082167", False),
        (-1.4999999, "-1.5", True),
        (0.25, "0.2", True),
        (6.0, "6", True),
        (6.0 + 1e-15, "6", False),  # a whole number is meant
        (1.19e-07, "1.1(890913)e-07", True),  # what is in parentheses does not count,
        (1.23e-07, "1.1(890913)e-07", True),  # but half a unit around the number does
        (1.25e-07, "1.1(890913)e-07", False),
        (np.nan, "0.5", False),
        (np.inf, "0.5", False),
    ],
)
def test_reproduced(value, printed, verdict):
    assert reproduced(value, printed) == verdict


def red(example: Example) -> bool:
    """Whether a number of the example no longer gets its verdict."""
    try:
        numbers = example.by_hand()
    except Exception:  # a mistake may break the calculation: everybody sees that
        return True
    agrees = example.verdict == "agrees"
    return any(reproduced(numbers[k], text) != agrees for k, text in example.numbers().items())


@pytest.mark.parametrize("mistake", SEEN, ids=lambda mistake: mistake.name)
def test_mistakes_turn_numbers_red(mistake):
    with planted(mistake), np.errstate(all="ignore"):
        assert any(red(example) for example in SHORT)


def test_what_no_number_shows_is_named():
    """No mistake is on that list that some number does show; and nothing is red without one."""
    assert MISTAKES.keys() >= UNSEEN
    for name in sorted(UNSEEN):
        with planted(MISTAKES[name]), np.errstate(all="ignore"):
            assert not any(red(example) for example in SHORT), name
    assert not any(red(example) for example in SHORT)


def inputs_out_of_nowhere(text, inputs):
    """Numbers in the words of an example that its source's code does not calculate with."""
    starts = [k for k, line in enumerate(text.splitlines(), 1) if line.endswith("-----")]
    section = functools.partial(bisect.bisect, starts)
    tree = ast.parse(text)
    used = {
        (section(node.lineno), float(node.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        number
        for call in calls
        for each in call.args
        if isinstance(each, ast.Constant) and each.value in inputs
        for number in re.findall(r"(?<![\w.])\d[\d.,]*(?<![.,])", each.value)
        if (section(each.lineno), float(number.replace(",", ""))) not in used
    ]


def test_inputs_in_words_are_the_inputs():
    text = Path(published.__file__).read_text()
    inputs = {each.inputs for each in EXAMPLES}
    assert inputs_out_of_nowhere(text, inputs) == []
    for right, wrong in (("0.001", "0.01"), ("t = 0.01", "t = 0.02"), ("10,000", "20,000")):
        slip = {each.replace(right, wrong) for each in inputs}
        slipped = text
        for each in inputs:
            slipped = slipped.replace(f'"{each}"', f'"{each.replace(right, wrong)}"')
        assert wrong.split()[-1] in inputs_out_of_nowhere(slipped, slip)


@pytest.mark.parametrize("way", ["pytorch", "jax"])
def test_each_framework_is_asked_itself(way, monkeypatch):
    """With the other one broken, it answers; broken itself, it does not."""

    def broken(*_, **__):
        raise ZeroDivisionError

    def ask(k):
        with contextlib.suppress(ZeroDivisionError):
            return bool(EXAMPLES[k].others(way))
        return False

    asked = [k for k, example in enumerate(EXAMPLES) if example.others]
    for name in ("pytorch", "jax"):
        with monkeypatch.context() as patch:
            patch.setattr("torch.autograd.grad" if name == "pytorch" else "jax.grad", broken)
            patch.setattr("torch.Tensor.backward" if name == "pytorch" else "jax.vjp", broken)
            patch.setattr("jax.value_and_grad", broken if name == "jax" else jax.value_and_grad)
            assert [ask(k) for k in asked] == [name != way] * len(asked)


def test_frameworks_do_not_take_our_word():
    """A mistake of ours is ours alone."""
    k = next(k for k, each in enumerate(EXAMPLES) if "dE/dw5" in each.numbers())
    with planted(MISTAKES["sigmoid slope is s"]):
        assert red(EXAMPLES[k])
        for way in ("pytorch", "jax"):
            for what, number in EXAMPLES[k].others(way).items():
                assert reproduced(number, EXAMPLES[k].numbers()[what])


def test_formulas_are_taken_at_the_numbers_that_they_name():
    """Those of expressions: "e = (a + b) (b + 1) at 2, 1"."""
    checked = 0
    for example in EXAMPLES:
        at = getattr(example.by_hand, "keywords", {})
        if at and " at " in example.inputs:
            words = example.inputs.rpartition(" at ")[2]
            numbers = [float(word) for word in re.findall(r"(?<![\w.])-?\d[\d.]*", words)]
            assert numbers == np.hstack([*at.values()]).tolist()
            checked += 1
    assert checked >= 7


def test_few_digits_are_called_noise():
    for example in EXAMPLES:
        assert all(len(noise) <= 10 for noise in re.findall(r"\((\d+)\)", example.published))
