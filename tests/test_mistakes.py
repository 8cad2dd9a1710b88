"""Tests of the tests: every classic mistake, planted in manual/, must be caught by the checks.

`backproof mistakes` prints which path catches which.
"""

import numpy as np
import pytest
import test_behaviour_images
import test_behaviour_sequences
import test_by_hand
import test_every_layer
import test_networks
import test_optimizers
import test_salary

from manual.catalog import find, functions
from reference import gradcheck
from reference.cards import LAYERS
from reference.mistakes import (
    MISTAKES,
    Mistake,
    caught_by,
    held,
    planted,
    scope,
    with_mistake,
)

everyone = pytest.mark.parametrize("name", sorted(MISTAKES))
ACTIVATIONS = {kind for kind, card in LAYERS.items() if card.by_entry} | {"softmax"}


@everyone
def test_it_is_caught(name):
    """By a path within 100 random networks; or by the tests of what no gradient shows.

    PyTorch is asked first, which catches nearly all, then those tests, then the other paths.
    """
    mistake = MISTAKES[name]
    if scope(mistake) is not None and caught_by(mistake, first=True, paths=("pytorch",)):
        return
    if not turns_red(mistake):
        assert scope(mistake) is not None and caught_by(mistake, first=True), "nobody noticed"


@pytest.mark.parametrize("function", sorted({m.function for m in MISTAKES.values()}))
def test_those_tests_are_green_on_the_right_code(function):
    """So that red is the mistake's doing."""
    run(other_tests(Mistake("none", function, "", "", "")))


def turns_red(mistake):
    with planted(mistake):
        try:
            run(other_tests(mistake))
        except (AssertionError, RuntimeWarning, ValueError, TypeError, AttributeError):
            return True
    return False


def run(tests):
    for test in tests:
        test()


def other_tests(mistake):
    """The tests of corners, purity, published numbers and optimizers that a function is in."""
    function = mistake.function
    kind, _, verb = function.rpartition("_")
    rng = np.random.default_rng(0)
    yield from test_behaviour_images.red_for(function)
    yield from test_behaviour_sequences.red_for(function)
    if kind in test_every_layer.ROWWISE and verb in ("forward", "backward"):
        yield lambda: test_every_layer.test_nothing_is_written_into(kind, rng)
        yield lambda: test_every_layer.test_two_forwards_do_not_disturb_each_other(kind, rng)
        yield lambda: test_every_layer.test_corners_and_extremes_are_those_of_pytorch(kind)
        yield lambda: test_every_layer.test_backward_is_the_derivative_of_forward(kind)
    elif verb == "loss" and kind in test_every_layer.ROW_LOSSES:
        yield lambda: test_every_layer.test_no_loss_writes_into_its_arguments(kind, rng)
        yield lambda: test_by_hand.test_corners_push_nothing()
    elif kind == "network" or function == "l2_loss":
        yield test_networks.test_one_cache_serves_twice
        yield test_networks.test_nothing_is_written_into
    elif kind == "salary":
        yield test_salary.test_nine_derivatives_of_the_first_student
        yield test_salary.test_blackboard
        yield test_salary.test_step_takes_the_old_parameters
        yield test_salary.test_complex_step
        yield test_salary.test_steps_are_what_training_does
    elif function in test_optimizers.TORCH:
        for seed in (None, 0, 1):
            for shape in test_optimizers.SHAPES:
                yield lambda seed=seed, shape=shape: test_optimizers.test_ten_steps_of_torch(
                    function, shape, np.float64, seed
                )
        yield lambda: test_optimizers.test_arguments_stay_as_they_were(function)
    elif function.startswith("clip"):
        for scale in (1e-5, 1.0, 1e5):
            for limit in (1e-3, 1.0, 1e3):
                yield lambda scale=scale, limit=limit: test_optimizers.test_clip_by_norm(
                    np.float64, limit, scale
                )
        for limit in (0.1, 1.0, 30.0):
            yield lambda limit=limit: test_optimizers.test_clip_by_value(np.float64, limit)


@pytest.mark.parametrize("function", sorted(functions()))
def test_every_calculation_has_mistakes(function):
    """At least two for each forward, backward, loss and optimizer."""
    verb = function.rpartition("_")[2]
    if verb in ("forward", "backward", "loss") or function in test_optimizers.TORCH:
        assert sum(mistake.function == function for mistake in MISTAKES.values()) >= 2


def test_the_catalogue_is_large_and_says_what_went_wrong():
    assert len(MISTAKES) >= 900
    for mistake in MISTAKES.values():
        assert mistake.right != mistake.wrong
        assert 3 <= len(mistake.says.split()) <= 25 and mistake.says.endswith("."), mistake.name
        assert with_mistake(mistake) is not held(mistake.function)


def test_planting_is_undone():
    relu_backward = find("relu", "backward")
    right = relu_backward.__code__
    mistake = Mistake("upside down", "relu_backward", "x > 0", "x < 0", "The mask is upside down.")
    forward = find("relu", "forward")
    with planted(mistake):
        assert relu_backward.__code__ is not right
        assert not gradcheck(forward, relu_backward, "ND")
    assert relu_backward.__code__ is right
    assert gradcheck(forward, relu_backward, "ND")


def test_a_text_that_does_not_stand_once_is_refused():
    with pytest.raises(ValueError, match="stands 0 times in relu_backward, expected once"):
        with_mistake(Mistake("lost", "relu_backward", "np.exp", "np.log", ""))


def test_gradcheck_catches_what_the_networks_catch():
    """The check that anyone can use is as sharp, layer by layer."""
    missed = []
    for mistake in MISTAKES.values():
        kind, _, verb = mistake.function.rpartition("_")
        if kind in ACTIVATIONS and verb == "backward":
            options = {o: v[1] for o, v in LAYERS[kind].options.items()}
            with planted(mistake), np.errstate(all="ignore"):
                words = ("ND",) if kind != "affine" else ("ND", "DM", "M")
                pair = find(kind, "forward"), find(kind, "backward")
                reports = [
                    gradcheck(*pair, *words, corners="subgradient", examples=60, **o)
                    for o in ({}, options)
                ]
            if all(reports) and not any(report.remarks for report in reports):
                missed.append(mistake.name)
    # At a corner another subgradient is right too; PyTorch's choice is what the networks ask for.
    assert all("at the corner" in name for name in missed), missed
