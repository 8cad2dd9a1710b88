"""CS231n, assignments 1 and 2: the update rules of optim.py."""

import numpy as np

from manual.optimizers import sgd
from reference.grading.recipe import Problem

STEPS = 3


def sgd_momentum(w, dw, config=None):
    """v <- momentum v - learning_rate dw;  next_w = w + v. Returns next_w, config.

    Defaults: learning_rate 0.01, momentum 0.9, velocity 0. The v of manual's momentum is this one
    over -learning_rate.
    """
    c = _with_defaults(config, learning_rate=1e-2, momentum=0.9, velocity=np.zeros_like(w))
    v = c["momentum"] * c["velocity"] - c["learning_rate"] * dw
    next_w = w + v
    return next_w, c | {"velocity": v}


def rmsprop(w, dw, config=None):
    """manual's, whose decay and s the course calls decay_rate and cache. Returns next_w, config."""
    c = _with_defaults(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    c = _with_defaults(c, cache=np.zeros_like(w))
    cache = c["decay_rate"] * c["cache"] + (1 - c["decay_rate"]) * dw**2
    next_w = w - c["learning_rate"] * dw / (np.sqrt(cache) + c["epsilon"])
    return next_w, c | {"cache": cache}


def adam(w, dw, config=None):
    """manual's, whose s the course calls v. t is incremented first. Returns next_w, config."""
    c = _with_defaults(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8)
    c = _with_defaults(c, m=np.zeros_like(w), v=np.zeros_like(w), t=0)
    t = c["t"] + 1
    m = c["beta1"] * c["m"] + (1 - c["beta1"]) * dw
    v = c["beta2"] * c["v"] + (1 - c["beta2"]) * dw**2
    mt = m / (1 - c["beta1"] ** t)
    vt = v / (1 - c["beta2"] ** t)
    next_w = w - c["learning_rate"] * mt / (np.sqrt(vt) + c["epsilon"])
    return next_w, c | {"m": m, "v": v, "t": t}


def _with_defaults(config, **defaults):
    return defaults | (config or {})


FUNCTIONS = {"sgd": sgd, "sgd_momentum": sgd_momentum, "rmsprop": rmsprop, "adam": adam}


# What is drawn --------------------------------------------------------------------------------


def _steps(dice, config, held):
    """w, a gradient for each step, and a config; with a memory that is not 0 in every other one.

    config: settings    held(shape): the memory
    """
    shape = (dice.pick(2, 1),) if dice.small else dice.sizes(dice.pick(2, 1, 3))
    e = {"w": dice.array(*shape)} | {f"dw{k + 1}": dice.array(*shape) for k in range(STEPS)}
    if dice.k % 4 == 3:  # no config: the defaults, the epsilon of 1e-8 among them
        # Gradients of all sizes down to epsilon's, the same in each step, so that it is seen.
        size = 10.0 ** -np.linspace(0, 9, e["w"].size).reshape(shape)
        return e | {f"dw{k + 1}": size * e[f"dw{k + 1}"] for k in range(STEPS)} | {"config": None}
    if dice.k % 4 in (1, 2):
        config |= held(shape)
    return e | {"config": config}


def _sgd_drawn(dice):
    return _steps(dice, {"learning_rate": dice.pick(0.5, 0.1, 0.01)}, lambda shape: {})


def _momentum_drawn(dice):
    config = {"learning_rate": dice.pick(0.5, 0.1, 0.01)}
    if dice.k % 3:
        config["momentum"] = dice.pick(0.5, 0.75, 0.99)
    return _steps(dice, config, lambda shape: {"velocity": dice.array(*shape)})


def _rmsprop_drawn(dice):
    config = {"learning_rate": dice.pick(0.5, 0.1, 0.01), "epsilon": dice.pick(0.1, 0.5, 0.01)}
    if dice.k % 3:
        config["decay_rate"] = dice.pick(0.5, 0.75, 0.9)
    return _steps(dice, config, lambda shape: {"cache": dice.positive(*shape)})


def _adam_drawn(dice):
    config = {"learning_rate": dice.pick(0.5, 0.1, 0.01), "epsilon": dice.pick(0.1, 0.5, 0.01)}
    if dice.k % 3:
        config |= {"beta1": dice.pick(0.5, 0.75, 0.8), "beta2": dice.pick(0.75, 0.9, 0.95)}

    def held(shape):
        return {"m": dice.array(*shape), "v": dice.positive(*shape), "t": int(dice.pick(5, 1, 2))}

    return _steps(dice, config, held)


# What is asked --------------------------------------------------------------------------------


def _updates(name, *memory):
    """One step, two and three, each from the start: a step may write into its w."""

    def recipe(do, e):
        outputs = {}
        for steps in range(1, STEPS + 1):
            w, config = e.w, e.config
            for k in range(1, steps + 1):
                args = (w, getattr(e, f"dw{k}")) + (() if config is None else (config,))
                w, config = do(name, *args, parts=2)
            outputs["next_w" if steps == 1 else f"next_w after {steps} steps"] = w
            if steps == STEPS:
                for key in memory:
                    outputs[f"config[{key!r}]"] = do.key(config, key)
        return outputs

    return recipe


PROBLEMS = [
    Problem("sgd", _sgd_drawn, _updates("sgd"), ("sgd",)),
    Problem("sgd_momentum", _momentum_drawn, _updates("sgd_momentum", "velocity"),
            ("sgd_momentum",)),
    Problem("rmsprop", _rmsprop_drawn, _updates("rmsprop", "cache"), ("rmsprop",)),
    Problem("adam", _adam_drawn, _updates("adam", "m", "v", "t"), ("adam",)),
]  # fmt: skip
