"""Every optimizer against torch.optim, its settings and memory, and both ways to clip gradients.

No tolerance is chosen: the same optimizer runs once more on numbers that count their roundings.
"""

import re
from typing import Any

import numpy as np
import pytest
import torch

from manual import optimizers
from reference.numbers import ALLOWANCES, UNIT, allowances, rounding_array

STEPS = 10
SHAPES = [(3, 4), (5,), (2, 1, 3), (1,), (2, 1, 2, 2)]
DTYPES = [np.float64, np.float32]

# Our name -> torch's class, its fixed arguments, {our setting: torch's}, {our memory: torch's}.
LR = {"learning_rate": "lr"}
SGD = {**LR, "momentum": "momentum"}
EPS = {**LR, "epsilon": "eps"}
ADAM = {**EPS, "beta1": "beta1", "beta2": "beta2"}
MOMENTS = {"m": "exp_avg", "s": "exp_avg_sq", "t": "step"}
TORCH = {
    "sgd": (torch.optim.SGD, {}, LR, {}),
    "momentum": (torch.optim.SGD, {}, SGD, {"v": "momentum_buffer"}),
    "nesterov": (torch.optim.SGD, {"nesterov": True}, SGD, {"v": "momentum_buffer"}),
    "rmsprop": (torch.optim.RMSprop, {}, {**EPS, "decay": "alpha"}, {"s": "square_avg"}),
    "adagrad": (torch.optim.Adagrad, {}, EPS, {"s": "sum"}),
    "adam": (torch.optim.Adam, {}, ADAM, MOMENTS),
    "adamw": (torch.optim.AdamW, {}, {**ADAM, "weight_decay": "weight_decay"}, MOMENTS),
}

ADAM_DEFAULTS = {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
DEFAULTS = {
    "sgd": {"learning_rate": 0.01},
    "momentum": {"learning_rate": 0.01, "momentum": 0.9},
    "nesterov": {"learning_rate": 0.01, "momentum": 0.9},
    "rmsprop": {"learning_rate": 0.01, "decay": 0.99, "epsilon": 1e-8},
    "adagrad": {"learning_rate": 0.01, "epsilon": 1e-10},
    "adam": ADAM_DEFAULTS,
    "adamw": {**ADAM_DEFAULTS, "weight_decay": 0.01},
}

every_optimizer = pytest.mark.parametrize("name", TORCH)


def drawn_settings(name, seed):
    """A value for every setting, far from its default and from every other."""
    rng = np.random.default_rng(seed)
    return {setting: float(rng.uniform(0.1, 0.8)) for setting in DEFAULTS[name]}


def torch_settings(name, settings) -> dict[str, Any]:
    """The same settings in torch's words."""
    words: dict[str, Any] = {TORCH[name][2][ours]: value for ours, value in settings.items()}
    if "beta1" in words:
        words["betas"] = (words.pop("beta1"), words.pop("beta2"))
    return words


def drawn_gradients(shape, dtype, seed):
    """A gradient a step, of sizes from 1e-4 up. The first entry is always 0, the last one once."""
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.uniform(-4, 1, size=shape)
    grads = (scale * rng.normal(size=(STEPS, *shape))).astype(dtype)
    if grads[0].size > 1:
        grads.reshape(STEPS, -1)[:, 0] = 0.0
    grads.reshape(STEPS, -1)[STEPS // 2, -1] = 0.0
    return grads


def run_by_hand(name, w, grads, config):
    """All steps of one optimizer: what w and the config were after each."""
    path = []
    for dw in grads:
        w, config = getattr(optimizers, name)(w, dw, config)
        path.append((w, config))
    return path


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def agree(ours, theirs, counted, unit):
    """Within the rounding allowances of the same program on numbers that count their roundings."""
    assert np.shape(ours) == np.shape(theirs)
    assert (np.abs(ours - np.asarray(theirs)) <= ALLOWANCES * unit * allowances(counted)).all()


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@every_optimizer
def test_ten_steps_of_torch(name, shape, dtype, seed):
    """The parameters and the memory after every step; seed None runs the defaults of both sides."""
    config = None if seed is None else drawn_settings(name, seed)
    kind, fixed, _, memory = TORCH[name]
    settings = torch_settings(name, config or DEFAULTS[name])
    if config is None and kind is not torch.optim.SGD:
        settings = {}  # torch's own defaults; its SGD has others than ours
    w = np.random.default_rng(99).normal(size=shape).astype(dtype)
    grads = drawn_gradients(shape, dtype, 7 if seed is None else seed)
    path = run_by_hand(name, w, grads, config)
    counted = run_by_hand(name, rounding_array(w), map(rounding_array, grads), config)

    parameter = torch.nn.Parameter(torch.tensor(w))
    optimizer = kind([parameter], **fixed, **settings)
    for dw, ours, numbers in zip(grads, path, counted, strict=True):
        parameter.grad = torch.tensor(dw)
        optimizer.step()
        agree(ours[0], parameter.detach().numpy(), numbers[0], UNIT[w.dtype])
        assert ours[0].dtype == dtype
        for our, their in memory.items():
            state = optimizer.state[parameter][their].numpy()
            agree(ours[1][our], state, numbers[1][our], UNIT[w.dtype])
            assert our == "t" or ours[1][our].dtype == dtype


@every_optimizer
def test_a_gradient_of_zero_moves_nothing(name):
    """Not even by a rounding, but for adamw, which shrinks every weight."""
    w = np.array([1.0, -2.5, 1e-9])
    expected = w - 0.001 * 0.01 * w if name == "adamw" else w
    assert (getattr(optimizers, name)(w, np.zeros(3))[0] == expected).all()


@every_optimizer
def test_a_thousand_steps_of_torch(name):
    """Corrections for the first steps fade, and do not stop short."""
    kind, fixed, _, memory = TORCH[name]
    w, grads = np.array([0.5, -2.0]), np.random.default_rng(11).normal(size=(1000, 2))
    ours, config = run_by_hand(name, w, grads, None)[-1]
    counted, counted_config = run_by_hand(
        name, rounding_array(w), map(rounding_array, grads), None
    )[-1]
    parameter = torch.nn.Parameter(torch.tensor(w))
    optimizer = kind([parameter], **fixed, **torch_settings(name, DEFAULTS[name]))
    for dw in grads:
        parameter.grad = torch.tensor(dw)
        optimizer.step()
    agree(ours, parameter.detach().numpy(), counted, UNIT[w.dtype])
    for our, their in memory.items():
        state = optimizer.state[parameter][their].numpy()
        agree(config[our], state, counted_config[our], UNIT[w.dtype])


def test_a_setting_of_zero_is_a_setting():
    """Zero is no missing value: without memory, or without decay, each is a simpler one."""
    w, grads = np.array([1.5, -2.0]), np.random.default_rng(12).normal(size=(3, 2))
    sgd = run_by_hand("sgd", w, grads, {"learning_rate": 0.01})[-1][0]
    adam = run_by_hand("adam", w, grads, None)[-1][0]
    for name in ("momentum", "nesterov"):
        assert (run_by_hand(name, w, grads, {"momentum": 0.0})[-1][0] == sgd).all()
    assert (run_by_hand("adamw", w, grads, {"weight_decay": 0.0})[-1][0] == adam).all()
    for name in TORCH:
        assert (run_by_hand(name, w, grads, {"learning_rate": 0.0})[-1][0] == w).all()
    for name, settings in [("rmsprop", ["decay"]), ("adam", ["beta1", "beta2"])]:
        # All that is left of the memory is this step: dw / |dw|.
        config = dict.fromkeys([*settings, "epsilon"], 0.0) | {"learning_rate": 0.5}
        stepped = run_by_hand(name, w, grads[:1], config)[-1][0]
        assert (stepped == w - 0.5 * np.sign(grads[0])).all()


@every_optimizer
def test_a_single_number_is_a_parameter(name):
    """A parameter without axes moves as one of one entry does."""
    grads = np.random.default_rng(13).normal(size=(STEPS, 1))
    path = run_by_hand(name, np.array([1.5]), grads, None)
    alone = run_by_hand(name, np.array(1.5), [np.array(dw[0]) for dw in grads], None)
    for (w, config), (w_alone, config_alone) in zip(path, alone, strict=True):
        assert np.shape(w_alone) == () and w_alone == w[0]
        assert all(np.all(config_alone[key] == config[key]) for key in config)
    clipped, norm = optimizers.clip_by_norm({"a": np.array(3.0), "b": np.array([4.0])}, 2.5)
    assert norm == 5 and clipped["a"] == 3 * (2.5 / (5 + 1e-6))
    assert optimizers.clip_by_value({"a": np.array(3.0)}, 2.5) == {"a": 2.5}


@every_optimizer
def test_results_are_arrays_of_their_own(name):
    """Not the w and dw of the caller, who may go on writing into them."""
    w = np.array([1.0, 2.0])
    for dw in (np.array([0.5, -0.5]), np.zeros(2)):
        next_w, config = getattr(optimizers, name)(w, dw)
        for result in (next_w, *(config[key] for key in TORCH[name][3])):
            assert not np.shares_memory(result, w) and not np.shares_memory(result, dw)


@every_optimizer
def test_defaults_are_those_of_the_docstring(name):
    _, config = getattr(optimizers, name)(np.ones(2), np.ones(2))
    assert {setting: config[setting] for setting in DEFAULTS[name]} == DEFAULTS[name]
    stated = getattr(optimizers, name).__doc__.split("Defaults:")[1]
    numbers = re.findall(r"(?<![\w.])\d+\.?\d*(?:e-\d+)?", stated)
    own = [0.01] if name == "adamw" else list(DEFAULTS[name].values())
    assert [float(number) for number in numbers[: len(own)]] == own


@every_optimizer
def test_arguments_stay_as_they_were(name):
    """Neither w, dw nor anything in config is written to; the memory comes back in a new config."""
    w, dw = np.array([1.0, 2.0]), np.array([0.5, -0.5])
    _, first = getattr(optimizers, name)(w, dw, {"learning_rate": 0.25})
    before = {key: np.copy(value) for key, value in first.items()}
    _, second = getattr(optimizers, name)(w, dw, first)
    assert second is not first
    assert first.keys() == before.keys() == {*DEFAULTS[name], *TORCH[name][3]}
    assert all((first[key] == before[key]).all() for key in first)
    assert second["learning_rate"] == 0.25
    assert (w == [1.0, 2.0]).all()
    assert (dw == [0.5, -0.5]).all()
    for key in TORCH[name][3]:
        assert not np.array_equal(second[key], first[key])


@every_optimizer
def test_wrong_arguments(name):
    function, w = getattr(optimizers, name), np.ones((2, 3))
    known = [*DEFAULTS[name], *TORCH[name][3]]
    with pytest.raises(
        ValueError, match=r"^config has 'learning_rte', expected any of: "
    ) as raised:
        function(w, w, {"learning_rte": 0.1})
    assert sorted(str(raised.value).split(": ")[1].split(", ")) == sorted(known)
    with raises(ValueError, "dw has shape (3,), expected (2, 3)"):
        function(w, w[0])
    with raises(TypeError, "w is a list, expected a NumPy array"):
        function([1.0], np.ones(1))
    with raises(TypeError, "dw is a list, expected a NumPy array"):
        function(np.ones(1), [1.0])
    for key in set(TORCH[name][3]) - {"t"}:
        with raises(ValueError, f"config[{key!r}] has shape (3,), expected (2, 3)"):
            function(w, w, {key: np.ones(3)})


def gradients_of_size(scale, dtype):
    rng = np.random.default_rng(3)
    return {f"p{i}": (scale * rng.normal(size=s)).astype(dtype) for i, s in enumerate(SHAPES)}


def clipped_by_torch(function, grads, limit):
    """torch clips in place: the gradients after, and what it returned."""
    parameters = [torch.nn.Parameter(torch.tensor(g)) for g in grads.values()]
    for parameter, g in zip(parameters, grads.values(), strict=True):
        parameter.grad = torch.tensor(g)
    returned = function(parameters, limit)
    found = (parameter.grad.numpy() for parameter in parameters if parameter.grad is not None)
    return dict(zip(grads, found, strict=True)), returned


@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e5])
@pytest.mark.parametrize("max_norm", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_clip_by_norm(dtype, max_norm, scale):
    grads = gradients_of_size(scale, dtype)
    before = {name: g.copy() for name, g in grads.items()}
    clipped, norm = optimizers.clip_by_norm(grads, max_norm)
    numbers = {name: rounding_array(g) for name, g in grads.items()}
    counted, counted_norm = optimizers.clip_by_norm(numbers, max_norm)
    theirs, their_norm = clipped_by_torch(torch.nn.utils.clip_grad_norm_, grads, max_norm)
    unit = UNIT[np.dtype(dtype)]
    agree(norm, their_norm.numpy(), counted_norm, unit)
    for name, g in grads.items():
        agree(clipped[name], theirs[name], counted[name], unit)
        assert clipped[name].dtype == dtype
        assert (g == before[name]).all()
        assert norm > max_norm or clipped[name] is g  # below the limit nothing changes


def test_clip_by_norm_at_the_limit():
    """The factor max_norm / (norm + 1e-6) may be 1 at most: at exactly 1 all stays as it is."""
    grads = {"w": np.array([3.0]), "b": np.array([4.0])}
    for max_norm, same in [(5 + 1e-6, True), (5.0, False)]:
        clipped, norm = optimizers.clip_by_norm(grads, max_norm)
        assert norm == 5
        assert clipped is not grads
        assert (clipped["w"] is grads["w"]) == same
        assert (clipped["w"] == 3) == same


@pytest.mark.parametrize("limit", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_clip_by_value(dtype, limit):
    """No rounding in here: equality to the bit."""
    grads = gradients_of_size(1.0, dtype)
    before = {name: g.copy() for name, g in grads.items()}
    clipped = optimizers.clip_by_value(grads, limit)
    theirs, _ = clipped_by_torch(torch.nn.utils.clip_grad_value_, grads, limit)
    for name, g in grads.items():
        assert (clipped[name] == theirs[name]).all()
        assert clipped[name].dtype == dtype
        assert (g == before[name]).all()


@pytest.mark.parametrize("limit", [0, -1.5, float("nan")])
def test_a_limit_must_be_above_zero(limit):
    grads = {"w": np.ones(2)}
    with raises(ValueError, f"max_norm is {limit}, expected a number above 0"):
        optimizers.clip_by_norm(grads, limit)
    with raises(ValueError, f"limit is {limit}, expected a number above 0"):
        optimizers.clip_by_value(grads, limit)
