"""CS231n, assignments 1 and 2: the update rules of optim.py."""

import numpy as np

from manual.optimizers import adam as _adam
from manual.optimizers import rmsprop as _rmsprop
from manual.optimizers import sgd as _sgd
from reference.cards import Mistake
from reference.grading.recipe import Problem

STEPS = 3


def sgd(w, dw, config=None):
    """next_w = w - learning_rate dw. Returns next_w, config. Default: learning_rate 0.01."""
    return _sgd(w, dw, config)


def sgd_momentum(w, dw, config=None):
    """v <- momentum v - learning_rate dw;  next_w = w + v. Returns next_w, config.

    Defaults: learning_rate 0.01, momentum 0.9, velocity 0. manual's v is this one over
    -learning_rate; the course's own form is kept here, for its mistakes.
    """
    c = _with_defaults(config, learning_rate=1e-2, momentum=0.9, velocity=np.zeros_like(w))
    v = c["momentum"] * c["velocity"] - c["learning_rate"] * dw
    next_w = w + v
    return next_w, c | {"velocity": v}


def rmsprop(w, dw, config=None):
    """manual's, whose decay is decay_rate here, and s cache. Returns next_w, config."""
    held = _renamed(config or {}, {"decay_rate": "decay", "cache": "s"})
    next_w, held = _rmsprop(w, dw, held)
    return next_w, _renamed(held, {"decay": "decay_rate", "s": "cache"})


def adam(w, dw, config=None):
    """manual's, whose s is v here. t is incremented first. Returns next_w, config."""
    next_w, held = _adam(w, dw, _renamed(config or {}, {"v": "s"}))
    return next_w, _renamed(held, {"s": "v"})


def _with_defaults(config, **defaults):
    return defaults | (config or {})


def _renamed(config, names):
    return {names.get(name, name): value for name, value in config.items()}


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
