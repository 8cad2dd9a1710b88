"""Training: which rows make an update, in which order, what is recorded, and when it stops."""

import re
from typing import Any

import numpy as np
import pytest
import torch

from manual import optimizers
from manual.network import layer, mlp, network_loss
from manual.train import train
from reference.numbers import ALLOWANCES, UNIT, allowances, rounding_array

N = 7  # rows: with batches of 3 the last one has 1
MSE = layer("mse")
NAN, INF = float("nan"), float("inf")


def data(seed=0, rows=N):
    """Rows, seven of them unless told, a network with one hidden layer, and parameters."""
    rng = np.random.default_rng(seed)
    net, params = mlp([3, 4, 2], "tanh", seed=seed)
    return rng.normal(size=(rows, 3)), rng.normal(size=(rows, 2)), params, net


def plain_loop(x, y, params, net, batches, step=optimizers.sgd, config=None, reg=0.0, clip=None):
    """What train should do, written out. batches: for every epoch, lists of rows."""
    params, configs, history = dict(params), dict.fromkeys(params, config), []
    for epoch in batches:
        total = 0.0
        for rows in epoch:
            loss, _, grads = network_loss(x[rows], y[rows], params, net, MSE, reg)
            if clip is not None:
                grads, _ = optimizers.clip_by_norm(grads, clip)
            for name in grads:
                params[name], configs[name] = step(params[name], grads[name], configs[name])
            total = total + loss * len(rows)
        history.append(total / len(x))
    return params, history


def same(ours, theirs):
    """Two results of training, equal to the bit."""
    assert ours[1] == theirs[1]
    assert ours[0].keys() == theirs[0].keys()
    assert all((ours[0][name] == theirs[0][name]).all() for name in ours[0])


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


CASES: dict[str, dict[str, Any]] = {
    "sgd": {},
    "momentum": {"optimizer": optimizers.momentum, "config": {"learning_rate": 0.1}},
    "adam": {"optimizer": optimizers.adam},
    "reg": {"reg": 0.5},
    "max_norm": {"max_norm": 0.5},
    "both": {"reg": 0.5, "max_norm": 0.25, "config": {"learning_rate": 0.5}},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [None, 1, 3, N])
def test_what_a_plain_loop_gives(size, case):
    x, y, params, net = data()
    options = CASES[case]
    epoch = [list(range(i, min(i + (size or N), N))) for i in range(0, N, size or N)]
    words = {"optimizer": "step", "max_norm": "clip"}
    theirs: dict[str, Any] = {words.get(name, name): value for name, value in options.items()}
    same(
        train(x, y, params, net, MSE, epochs=4, batch_size=size, **options),
        plain_loop(x, y, params, net, [epoch] * 4, **theirs),
    )


@pytest.mark.parametrize("shuffle", [False, True])
def test_more_rows_than_seven(shuffle):
    """A hundred rows, the last batch of four; x may have more axes than two."""
    x, y, params, net = data(rows=100)
    rng = np.random.default_rng(0)
    orders = [rng.permutation(100) if shuffle else np.arange(100) for _ in range(3)]
    batches = [[order[i : i + 32] for i in range(0, 100, 32)] for order in orders]
    options = {"epochs": 3, "batch_size": 32, "shuffle": shuffle}
    expected = plain_loop(x, y, params, net, batches)
    same(train(x, y, params, net, MSE, **options), expected)
    same(train(x.reshape(100, 1, 3), y, params, net, MSE, **options), expected)


def test_two_hundred_epochs():
    """What holds in the first epochs holds in the last: strength, memory, clipping, history."""
    x, y, params, net = data()
    options = {"reg": 0.5, "config": {"learning_rate": 0.05}}
    epoch = [[0, 1, 2], [3, 4, 5], [6]]
    same(
        train(
            x, y, params, net, MSE, batch_size=3, epochs=200,
            optimizer=optimizers.momentum, max_norm=0.5, **options,
        ),
        plain_loop(
            x, y, params, net, [epoch] * 200, step=optimizers.momentum, clip=0.5, **options
        ),
    )  # fmt: skip


def test_history_is_a_list_of_floats():
    x, y, params, net = data()
    _, history = train(x, y, params, net, MSE, epochs=3)
    assert [type(loss) for loss in history] == [float] * 3


def test_defaults():
    """sgd at its own settings, 100 epochs, all rows at once, in order, no regularisation."""
    x, y, params, net = data()
    same(train(x, y, params, net, MSE), plain_loop(x, y, params, net, [[list(range(N))]] * 100))


@pytest.mark.parametrize("size", [1, 3, None])
def test_shuffle_visits_every_row_once_an_epoch(size):
    """The rows are told apart by their numbers, and seen in a new order every epoch."""
    seen = []

    def spy(w, dw, config):
        if w.ndim == 2:
            seen.append(dw.item())
        return w, config

    x = 2.0 ** np.arange(N)[:, None]  # powers of 2: a sum tells which rows are in it
    net, params = [layer("affine", "W", "b")], {"W": np.zeros((1, 1)), "b": np.zeros(1)}
    y = np.full((N, 1), -0.5)  # the slope of (0 - y)^2 is 1, so dW is the mean of the batch's x
    train(x, y, params, net, MSE, optimizer=spy, epochs=3, batch_size=size, shuffle=True)
    sizes = [min(size or N, N - i) for i in range(0, N, size or N)]
    batches = [round(dw * n) for dw, n in zip(seen, sizes * 3, strict=True)]
    epochs = np.array(batches).reshape(3, -1)
    assert (epochs.sum(axis=1) == 2**N - 1).all()
    assert [bin(batch).count("1") for batch in batches] == sizes * 3
    assert size is None or len({tuple(epoch) for epoch in epochs}) == 3


def test_shuffle_follows_the_seed():
    """The rows of default_rng(seed), 0 unless told, are what a plain loop over them gives."""
    x, y, params, net = data()

    def run(**options):
        return train(x, y, params, net, MSE, epochs=3, batch_size=2, **options)

    for seed in [0, 1]:
        rng = np.random.default_rng(seed)
        orders = [rng.permutation(N) for _ in range(3)]
        batches = [[order[i : i + 2] for i in range(0, N, 2)] for order in orders]
        expected = plain_loop(x, y, params, net, batches)
        same(run(shuffle=True, seed=seed), expected)
        same(run(shuffle=True, seed=seed), expected)
    same(run(shuffle=True), run(shuffle=True, seed=0))
    assert run(shuffle=True, seed=1)[1] != run(shuffle=True, seed=0)[1]
    same(run(seed=1), run(seed=0))


def scripted(losses):
    """Arguments of train() that make it record these losses: an optimizer that sets the bias."""
    coming = iter([*losses[1:], 0.0])
    params = {"W": np.zeros((1, 1)), "b": np.sqrt(losses[:1])}
    zero = np.zeros((1, 1))

    def step(w, dw, config):
        return (np.sqrt([next(coming)]) if w.ndim == 1 else w), config

    arguments = (zero, zero, params, [layer("affine", "W", "b")], MSE)
    return arguments, {"optimizer": step, "epochs": len(losses)}


@pytest.mark.parametrize(
    ("losses", "tolerance", "epochs"),
    [
        ([16, 9, 4, 1, 0.25], 3, 4),  # falls by 7, by 5, and by no more than 3
        ([16, 9, 4, 1, 0.25], 3 - 2.0**-51, 5),  # the number next to 3
        ([16, 12.25, 4, 1, 0.25], 3.75, 2),  # at the second epoch, the earliest
        ([1, 9, 12.25, 16, 25], 3.25, 3),  # a small rise stops it, and a large one does not
        ([9, 16, 9, 16, 9], 1, 5),  # two epochs in a row are compared, no others
        ([4, 4, 4, 4, 4], 0, 5),  # 0 never stops
        ([4, 4, 4, 4, 4], 1e-300, 2),
    ],
)
def test_tolerance(losses, tolerance, epochs):
    arguments, options = scripted(losses)
    assert train(*arguments, **options, tolerance=tolerance)[1] == losses[:epochs]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1, 3, N])
def test_sgd_of_torch(size, dtype):
    """A run through PyTorch: the loss of every epoch and the parameters at the end.

    As close as the same run comes on numbers that count their roundings.
    """
    x, y, params, net = data()
    x, y = x.astype(dtype), y.astype(dtype)
    params = {name: array.astype(dtype) for name, array in params.items()}
    ours, history = train(
        x, y, params, net, MSE, batch_size=size, epochs=5, config={"learning_rate": 0.1}
    )
    epoch = [slice(i, min(i + size, N)) for i in range(0, N, size)]
    theirs = {name: torch.nn.Parameter(torch.tensor(array)) for name, array in params.items()}
    optimizer, losses = torch.optim.SGD(theirs.values(), lr=0.1), []
    for _ in range(5):
        total = 0.0
        for rows in epoch:
            optimizer.zero_grad()
            hidden = torch.tanh(torch.tensor(x[rows]) @ theirs["W1"] + theirs["b1"])
            out = hidden @ theirs["W2"] + theirs["b2"]
            loss = torch.nn.functional.mse_loss(out, torch.tensor(y[rows]))
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x[rows])
        losses.append(total / N)

    numbers = {name: rounding_array(array) for name, array in params.items()}
    epochs = [[list(range(N))[rows] for rows in epoch]] * 5
    counted, counted_history = plain_loop(
        rounding_array(x), rounding_array(y), numbers, net, epochs, config={"learning_rate": 0.1}
    )
    unit = UNIT[np.dtype(dtype)]
    bound = ALLOWANCES * unit * allowances(np.array(counted_history))
    assert (np.abs(np.subtract(history, losses)) <= bound).all()
    for name, array in ours.items():
        bound = ALLOWANCES * unit * allowances(counted[name])
        assert (np.abs(array - theirs[name].detach().numpy()) <= bound).all()
        assert array.dtype == dtype


def test_arguments_stay_as_they_were():
    """A parameter that the network does not use comes back as it was given."""
    x, y, params, net = data()
    params["spare"] = np.ones(2)
    config = {"learning_rate": 0.1}
    before = [each.copy() for each in (x, y, *params.values())]
    found, _ = train(x, y, params, net, MSE, epochs=2, config=config, shuffle=True)
    after = (x, y, *params.values())
    assert all((old == new).all() for old, new in zip(before, after, strict=True))
    assert config == {"learning_rate": 0.1}
    assert found["spare"] is params["spare"]
    assert (found["W1"] != params["W1"]).all()


def test_progress_wraps_the_epochs():
    x, y, params, net = data()
    shown = []

    def progress(epochs):
        shown.append(epochs)
        return (shown.append(epoch) or epoch for epoch in epochs)

    train(x, y, params, net, MSE, epochs=3, progress=progress)
    assert shown == [range(3), 0, 1, 2]


def spoiled(array, value, at=(2, 1)):
    array = array.copy()
    array[at] = value
    return array


X, Y, PARAMS, NET = data()
WRONG = [
    ({"batch_size": 0}, "batch_size is 0, expected a whole number, 1 or more"),
    ({"batch_size": 2.5}, "batch_size is 2.5, expected a whole number, 1 or more"),
    ({"batch_size": 8}, "batch_size is 8, expected no more than 7, the rows of x"),
    ({"epochs": 0}, "epochs is 0, expected a whole number, 1 or more"),
    ({"epochs": 1.5}, "epochs is 1.5, expected a whole number, 1 or more"),
    ({"tolerance": -0.5}, "tolerance is -0.5, expected 0 or more"),
    ({"tolerance": NAN}, "tolerance is nan, expected 0 or more"),
    ({"reg": -0.5}, "reg is -0.5, expected a strength of 0 or more"),
    ({"max_norm": 0}, "max_norm is 0, expected a number above 0"),
    ({"x": spoiled(X, NAN)}, "x[2, 1] is nan, expected finite numbers"),
    ({"x": spoiled(X, INF, (6, 2))}, "x[6, 2] is inf, expected finite numbers"),
    (
        {"y": spoiled(Y, NAN, (6, 1)).astype(np.float32), "batch_size": 2},
        "y[6, 1] is nan, expected finite numbers",
    ),
    (
        {"params": {**PARAMS, "b2": spoiled(PARAMS["b2"], INF, 1)}},
        "params['b2'][1] is inf, expected finite numbers",
    ),
    ({"x": X.tolist()}, "x is a list, expected a NumPy array"),
    ({"x": np.array(1.0)}, "x has shape (), expected (N, ...)"),
    ({"y": spoiled(Y, -INF), "batch_size": 2}, "y[2, 1] is -inf, expected finite numbers"),
    ({"y": Y[:5]}, "y has shape (5, 2), expected 7 targets, one for each row of x"),
    ({"y": np.array(1.0)}, "y has shape (), expected 7 targets, one for each row of x"),
    ({"y": Y.tolist()}, "y is a list, expected a NumPy array"),
    (
        {"params": {**PARAMS, "W1": spoiled(PARAMS["W1"], NAN)}},
        "params['W1'][2, 1] is nan, expected finite numbers",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[message for _, message in WRONG])
def test_wrong_arguments(arguments, message):
    error = TypeError if "is a list" in message else ValueError
    with raises(error, message):
        train(**{"x": X, "y": Y, "params": PARAMS, "net": NET, "loss": MSE, **arguments})


def test_bounds_that_are_allowed():
    """One row an update, all rows at once, one epoch; labels may be unsigned."""
    for options in [{"batch_size": 1}, {"batch_size": N}, {"batch_size": np.int64(2)}]:
        assert len(train(X, Y, PARAMS, NET, MSE, epochs=1, **options)[1]) == 1
    train(X, np.zeros(N, np.uint8), PARAMS, NET, layer("softmax"), epochs=1)


def test_overflow_in_the_last_batch():
    """Each of seven batches is looked at, not the sum of an epoch, nor the first."""
    x, y, params, net = data()
    y[6] = 1e200
    with (
        np.errstate(over="ignore"),
        raises(
            FloatingPointError,
            "the loss became inf in epoch 1: try a learning rate below the default",
        ),
    ):
        train(x, y, params, net, MSE, batch_size=1, epochs=1)


@pytest.mark.parametrize(
    ("losses", "config", "said"),
    [
        ([1, 4, INF], {"learning_rate": 0.5}, "inf in epoch 3: try a learning rate below 0.5"),
        ([INF], {"momentum": 0.5}, "inf in epoch 1: try a learning rate below the default"),
        ([4, NAN], None, "nan in epoch 2: try a learning rate below the default"),
    ],
)
def test_overflow(losses, config, said):
    arguments, options = scripted(losses)
    arguments[2]["b"] = np.minimum(arguments[2]["b"], 1e200)  # finite, with an infinite square
    with np.errstate(all="ignore"), raises(FloatingPointError, f"the loss became {said}"):
        train(*arguments, **options, config=config)
