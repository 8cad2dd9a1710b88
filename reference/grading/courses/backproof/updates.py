"""The optimizers of manual/, three steps each, the memory handed on; clipping; an LSTM's step."""

from functools import partial

from manual import optimizers
from manual.lstm import lstm_step_backward, lstm_step_forward
from reference.grading.recipe import Problem

UPDATES = ("sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw")
SETTINGS = {"sgd": {}, "momentum": {"momentum": 0.8}, "nesterov": {"momentum": 0.7},
            "rmsprop": {"decay": 0.9}, "adagrad": {}, "adam": {"beta1": 0.8},
            "adamw": {"weight_decay": 0.1}}  # fmt: skip

FUNCTIONS = {
    name: getattr(optimizers, name) for name in (*UPDATES, "clip_by_norm", "clip_by_value")
}
FUNCTIONS |= {
    "lstm_step_forward": lstm_step_forward,
    "lstm_step_backward": lstm_step_backward,
}


def _weights(name, dice):
    shape = dice.sizes(2)
    config = None if dice.k == 0 else {"learning_rate": dice.pick(0.1, 0.01)} | SETTINGS[name]
    return {
        "w": dice.array(*shape),
        "dws": [dice.array(*shape) for _ in range(3)],
        "config": config,
    }


def _steps(name):
    def recipe(do, e):
        w, config, found = e.w, e.config, {}
        for k, dw in enumerate(e.dws, start=1):
            w, config = do(name, w, dw, config, parts=2)
            found[f"w after step {k}"] = w
        return found

    return recipe


def _grads(dice):
    a, b = dice.sizes(2)
    grads = {"W": dice.array(a, b), "b": dice.array(b)}
    return {"grads": grads, "limit": dice.pick(0.5, 1.5, 100.0)}


def _by_norm(do, e):
    clipped, norm = do("clip_by_norm", e.grads, e.limit, parts=2)
    return {"W": do.key(clipped, "W"), "b": do.key(clipped, "b"), "norm": norm}


def _by_value(do, e):
    clipped = do("clip_by_value", e.grads, e.limit)
    return {"W": do.key(clipped, "W"), "b": do.key(clipped, "b")}


def _lstm(dice):
    N, D, H = (1, 1, 1) if dice.small else dice.sizes(3)
    shapes = {"x": (N, D), "h": (N, H), "c": (N, H), "wx": (D, 4 * H), "wh": (H, 4 * H)}
    shapes |= {"b": (4 * H,), "dh": (N, H), "dc": (N, H)}
    return {name: dice.array(*shape) for name, shape in shapes.items()}


def _lstm_forward(do, e):
    (out, _) = do("lstm_step_forward", e.x, e.h, e.c, e.wx, e.wh, e.b, parts=2)
    h, c = do.take(out, 2)
    return {"h": h, "c": c}


def _lstm_backward(do, e):
    _, cache = do("lstm_step_forward", e.x, e.h, e.c, e.wx, e.wh, e.b, parts=2)
    grads = do("lstm_step_backward", (e.dh, e.dc), cache, parts=6)
    names = ["dx", "dh", "dc", "dwx", "dwh", "db"]
    return dict(zip(names, grads, strict=True))


PROBLEMS = [Problem(name, partial(_weights, name), _steps(name), (name,)) for name in UPDATES]
PROBLEMS += [
    Problem("clip_by_norm", _grads, _by_norm, ("clip_by_norm",)),
    Problem("clip_by_value", _grads, _by_value, ("clip_by_value",)),
    Problem("lstm_step_forward", _lstm, _lstm_forward, ("lstm_step_forward",)),
    Problem(
        "lstm_step_backward",
        _lstm,
        _lstm_backward,
        ("lstm_step_forward", "lstm_step_backward"),
        forward="lstm_step_forward",
    ),
]
