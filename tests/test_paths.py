"""The independent paths themselves: steps, stacks, bounds, corners."""

import numpy as np
import pytest
from hypothesis import given, settings

from manual.network import layer, mlp, network_forward, residual
from reference.agreement import compare
from reference.mistakes import Mistake, planted
from reference.networks import problems
from reference.numbers import UNIT
from reference.paths import by_hand, path
from reference.paths.complex_step import steps
from reference.paths.differences import amplification, differences, directions, step_size
from reference.problem import Problem
from reference.stacks import _one_by_one, nudged_outputs

U = 2.0**-53


def network(seed=0):
    rng = np.random.default_rng(seed)
    net = [
        layer("affine", "W1", "b1"),
        layer("relu"),
        residual(layer("affine", "W2", "b2"), layer("gelu")),
        layer("softmax"),
        layer("affine", "W3", "b3"),
    ]
    shapes = {"W1": (3, 4), "b1": 4, "W2": (4, 4), "b2": 4, "W3": (4, 2), "b3": 2}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return net, params, rng.normal(size=(3, 3)), rng.normal(size=(3, 2))


def test_all_entries_in_one_pass_are_the_entries_one_by_one():
    net, params, x, _ = network()

    def nudges(array):
        return [np.full(array.shape, h) for h in (0.25, -0.25, 0.5)]

    for names, stack, corner in nudged_outputs(net, params, x, nudges):
        alone = [_one_by_one(net, params, x, name, nudges(params[name])) for name in names]
        whole = np.concatenate([each for each, _ in alone], axis=1)
        # Matrix products of other heights sum in another order.
        assert np.abs(stack - whole).max() <= 64 * U * np.abs(whole).max()
        assert np.array_equal(corner, np.concatenate([each for _, each in alone]))


def test_large_parameters_go_in_chunks(monkeypatch):
    from reference import stacks

    net, params, x, dout = network()
    problem = Problem(net, params, x, dout)
    whole = path("differences")(problem)
    monkeypatch.setattr(stacks, "CHUNK", 8)
    for name, array in path("differences")(problem).params.items():
        # Chunks are of other heights, and the rounding of a difference is divided by h.
        assert np.abs(array - whole.params[name]).max() <= 1e3 * U / np.cbrt(U)


def test_a_shared_parameter_moves_everywhere_at_once():
    rng = np.random.default_rng(1)
    net = [layer("affine", "W", "b"), layer("tanh"), layer("affine", "W", "b")]
    params = {"W": rng.normal(size=(2, 2)), "b": rng.normal(size=2)}
    problem = Problem(net, params, rng.normal(size=(1, 2)), rng.normal(size=(1, 2)))
    right = path("pytorch")(problem).params["W"]
    for name in ("differences", "complex_step"):
        assert np.abs(path(name)(problem).params["W"] - right).max() < np.cbrt(U) ** 2 * 10


# Layers that bend on a scale of 1, as steps are made for. (A norm's eps is one of its own, 1/300,
# and attention multiplies its input with itself: there bounds are as much wider.)
BENDING = ("tanh", "gelu", "softmax", "conv2d", "residual", "shared")


@settings(max_examples=60)
@given(problems(layers=BENDING, regimes=("normal",)))
def test_the_bound_of_a_difference_bounds_it(problem):
    """Against the complex step, within its eight allowances."""
    found, exact = differences(problem), steps(problem)
    for name, difference in found.params.items():
        use = ~(difference.corner | difference.coarse | exact.params[name].corner)
        error = np.abs(difference.value - exact.params[name].value)
        assert (
            error[use] <= 8 * difference.allowance[use] + 8 * exact.params[name].allowance[use]
        ).all()
        # And it is no empty promise: small beside what it bounds.
        size = np.abs(exact.params[name].value).max(initial=0)
        assert np.median(difference.allowance) <= 1e-2 * (1 + size)


def test_steps_are_powers_of_two_and_fit_their_dtype():
    for dtype in (np.float32, np.float64):
        array = np.array([0.0, 1e-8, 1.0, -3.0, 1e6], dtype=dtype)
        h = step_size(array)
        assert h.dtype == dtype
        assert np.array_equal(np.log2(h), np.round(np.log2(h)))
        cube_root = np.cbrt(UNIT[np.dtype(dtype)])
        relative = h / np.maximum(np.abs(array), 1)
        assert (relative >= cube_root / 1.5).all() and (relative <= cube_root * 1.5).all()
        assert ((array + h) - (array - h) > h).all()  # not lost in the last digits
    assert (step_size(np.ones(2), amplifies=1e6) <= 1.5 / 64 / 1e6).all()


def test_amplification_counts_a_parameter_at_every_use():
    params = {"W": np.array([[3.0, -4.0], [2.0, 1.0]]), "b": np.array([0.5, 2.0])}
    once, twice = [layer("affine", "W", "b")], [layer("affine", "W", "b")] * 2
    x = np.array([[0.5, -5.0]])
    assert amplification(x, params, once) == 5 * 5 * 2
    assert amplification(x, params, twice) == 5 * (5 * 2) ** 2


def test_a_difference_across_a_corner_is_marked():
    net = [layer("affine", "W", "b"), layer("relu")]
    params = {"W": np.array([[1.0, 2.0]]), "b": np.array([-1.0, 0.5])}
    problem = Problem(net, params, np.array([[1.0]]), np.array([[1.5, 2.5]]))
    for found in (differences(problem), steps(problem)):
        assert found.params["W"].corner.tolist() == [[True, False]]
        assert found.params["b"].corner.tolist() == [True, False]
        assert found.dx.corner.tolist() == [[True]]


def test_a_loss_on_its_corner_marks_what_moves_it():
    net = [layer("affine", "W", "b")]
    params = {"W": np.array([[1.0, 2.0]]), "b": np.array([0.0, 0.0])}
    problem = Problem(net, params, np.array([[3.0]]), np.array([[3.0, 1.0]]), layer("l1"))
    for found in (differences(problem), steps(problem)):
        assert found.params["W"].corner.tolist() == [[True, False]]
        assert found.dx.corner.tolist() == [[True]]


def test_a_step_too_coarse_is_marked():
    """A number of 1e13 has no digits left for a step that moves its neighbours by 1/64."""
    net = [layer("affine", "W", "b"), layer("tanh")]
    params = {"W": np.array([[1e13]]), "b": np.array([0.5])}
    found = differences(Problem(net, params, np.array([[1e3]]), np.array([[1.5]])))
    assert found.params["W"].coarse.all()


def test_directions_agree_with_backprop_and_see_a_mistake():
    net, params = mlp([20, 30, 5], "tanh", seed=1)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 20)), rng.integers(5, size=4)
    problem = Problem(net, params, x, y, layer("softmax"), 0.01)
    found = directions(problem, 10)
    assert found.shape == (10, 2)
    # Truncation h^2 f''' and rounding u / h, each about 4e-11 with h near 6e-6.
    assert np.abs(found[:, 0] - found[:, 1]).max() <= 1e-8
    assert np.abs(found).min() > 1e-3
    assert np.unique(np.sign(found[:, 0])).tolist() == [-1, 1]


def test_float32_problems_come_back_in_float32():
    net, params, x, dout = network()
    small = Problem(
        net,
        {n: w.astype(np.float32) for n, w in params.items()},
        x.astype(np.float32),
        dout.astype(np.float32),
    )
    for name in ("by_hand", "pytorch", "jax"):
        found = path(name)(small)
        assert {array.dtype for array in found.named().values()} == {np.dtype(np.float32)}, name
    for name in ("differences", "complex_step"):  # taken in float64 all the same
        found = path(name)(small)
        assert {array.dtype for array in found.named().values()} == {np.dtype(np.float64)}, name


def test_integer_targets_of_a_regression_are_numbers():
    net, params, x, _ = network()
    problem = Problem(net, params, x, np.array([[3, 1], [0, 2], [5, -1]]), layer("mse"))
    right = by_hand.gradients(problem)
    for name in ("pytorch", "jax", "differences", "complex_step"):
        found = path(name)(problem)
        assert np.abs(found.params["W1"] - right.params["W1"]).max() < 1e-8, name


def test_paths_leave_the_problem_as_it_was():
    net, params, x, dout = network()
    before = {name: array.copy() for name, array in params.items()} | {
        "x": x.copy(),
        "y": dout.copy(),
    }
    for name in ("by_hand", "pytorch", "jax", "differences", "complex_step"):
        path(name)(Problem(net, params, x, dout))
        for key, array in (params | {"x": x, "y": dout}).items():
            assert np.array_equal(array, before[key]), (name, key)
    assert network_forward(x, params, net)[0].shape == (3, 2)


def test_jax_keeps_the_users_precision():
    import jax
    import jax.numpy as jnp

    net, params, x, dout = network()
    path("jax")(Problem(net, params, x, dout))
    assert jnp.zeros(1).dtype == (jnp.float64 if jax.config.jax_enable_x64 else jnp.float32)
    assert not jax.config.jax_enable_x64


@pytest.mark.parametrize("name", ["pytorch", "jax"])
def test_regularisation_on_the_frameworks(name):
    net, params, x, _ = network()
    loss = layer("huber", delta=0.5)
    with_reg = path(name)(Problem(net, params, x, np.ones((3, 2)) / 4, loss, 0.5))
    without = path(name)(Problem(net, params, x, np.ones((3, 2)) / 4, loss))
    for key, w in params.items():
        added = with_reg.params[key] - without.params[key]
        assert np.abs(added - (0.5 * w if w.ndim > 1 else 0)).max() <= 16 * U * np.abs(w).max()


def test_what_cancels_exactly_backwards_need_not_forwards():
    """Two rows, nearly the same, standardized: dW2 is exactly 0 by hand; forwards, 1e-9 cancels."""
    net = [layer("affine", "W1", "b1"), layer("affine", "W2", "b2"), layer("standardize", axes=0)]
    params = {"W1": np.array([[1.257302210933933e-09]]), "b1": np.array([-1.3210486329130189e-09])}
    params |= {"W2": np.array([[6.40422650443282e-09]]), "b2": np.array([1.049001171530397e-09])}
    x = np.array([[-5.3566937316111095e-09], [3.6159505490948476e-09]])
    y = np.array([[1.3040000451301372e-08], [9.470809631292423e-09]])
    problem = Problem(net, params, x, y, layer("l1"))
    assert all(each.agrees for each in compare(problem))
    # And a zero that is no cancellation is seen all the same.
    zero = Mistake("zero", "affine_backward", "x.reshape(len(x), -1).T @ dout", "0 * w", "")
    wide = problem._replace(y=np.array([[1.0], [-1.0]]))
    with planted(zero):
        off = {each.path for each in compare(wide) if not each.agrees}
    assert off >= {"pytorch", "jax", "complex_step"}
    assert all(each.agrees for each in compare(wide))
