"""Course 2, week 2: gradient descent, momentum and Adam, on dicts of all parameters."""

import numpy as np

from manual.optimizers import adam, sgd
from reference.grading.courses.deeplearning_ai.columns import keys, layers
from reference.grading.recipe import Problem


def update_parameters_with_gd(parameters, grads, learning_rate):
    """W <- W - learning_rate dW, and b likewise, in all layers."""
    config = {"learning_rate": learning_rate}
    return {name: sgd(parameters[name], grads["d" + name], config)[0] for name in parameters}


def initialize_velocity(parameters):
    """Zeros for each parameter: v["dW1"], v["db1"], ..."""
    return {"d" + name: np.zeros_like(value) for name, value in parameters.items()}


def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    """v <- beta v + (1 - beta) dW;  W <- W - learning_rate v. Returns parameters, v."""
    config = {"learning_rate": learning_rate}
    new, new_v = {}, {}
    for name in parameters:
        velocity = beta * v["d" + name] + (1 - beta) * grads["d" + name]
        new[name], _ = sgd(parameters[name], velocity, config)
        new_v["d" + name] = velocity
    return new, new_v


def initialize_adam(parameters):
    """Returns v and s: zeros for each parameter."""
    v = {"d" + name: np.zeros_like(value) for name, value in parameters.items()}
    s = {"d" + name: np.zeros_like(value) for name, value in parameters.items()}
    return v, s


def update_parameters_with_adam(
    parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8
):
    """One step of Adam, t counted from 1. Returns parameters, v, s."""
    settings = {"learning_rate": learning_rate, "beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    new, new_v, new_s = {}, {}, {}
    for name in parameters:
        dW, memory = grads["d" + name], {"m": v["d" + name], "s": s["d" + name], "t": t - 1}
        new[name], memory = adam(parameters[name], dW, settings | memory)
        new_v["d" + name], new_s["d" + name] = memory["m"], memory["s"]
    return new, new_v, new_s


FUNCTIONS = {
    "update_parameters_with_gd": update_parameters_with_gd,
    "initialize_velocity": initialize_velocity,
    "update_parameters_with_momentum": update_parameters_with_momentum,
    "initialize_adam": initialize_adam,
    "update_parameters_with_adam": update_parameters_with_adam,
}


# What is drawn --------------------------------------------------------------------------------


def _update(dice):
    sizes = (*dice.sizes(2), 1)
    grads = {"d" + name: value for name, value in layers(dice, *sizes).items()}
    rate = (0.5, 0.1, 0.01, 0.2)[dice.k % 4]
    return {"parameters": layers(dice, *sizes), "grads": grads, "learning_rate": rate}


def _parameters(dice):
    return {"parameters": layers(dice, *dice.sizes(2), 1)}


def _momentum(dice):
    e = _update(dice)
    v = {name: dice.array(*grad.shape) for name, grad in e["grads"].items()}
    return e | {"v": v, "beta": (0.9, 0.5, 0.8, 0.95)[dice.k % 4]}


def _adam(dice):
    e = _update(dice)
    v = {name: dice.array(*grad.shape) for name, grad in e["grads"].items()}
    s = {name: dice.positive(*grad.shape) for name, grad in e["grads"].items()}
    e |= {"v": v, "s": s, "t": (2, 1, 3, 5)[dice.k % 4]}
    e |= {"beta1": (0.9, 0.5, 0.8)[dice.k % 3], "beta2": (0.999, 0.9, 0.95)[dice.k % 3]}
    return e | {"epsilon": (1e-8, 0.1)[dice.k % 2]}


# What is asked --------------------------------------------------------------------------------


def _gd(do, e):
    new = do("update_parameters_with_gd", e.parameters, e.grads, e.learning_rate)
    return keys(do, new, *e.parameters)


def _zeros(do, e):
    return keys(do, do("initialize_velocity", e.parameters), *("d" + name for name in e.parameters))


def _with_momentum(do, e):
    args = (e.parameters, e.grads, e.v, e.beta, e.learning_rate)
    new, v = do("update_parameters_with_momentum", *args, parts=2)
    return keys(do, new, *e.parameters) | _memory(do, "v", v, e)


def _two_of_zeros(do, e):
    v, s = do("initialize_adam", e.parameters, parts=2)
    return _memory(do, "v", v, e) | _memory(do, "s", s, e)


def _with_adam(parts):
    """Since 2021 it returns five: the corrected v and s too."""

    def recipe(do, e):
        args = (e.parameters, e.grads, e.v, e.s, e.t, e.learning_rate, e.beta1, e.beta2, e.epsilon)
        new, v, s, *_ = do("update_parameters_with_adam", *args, parts=parts)
        return keys(do, new, *e.parameters) | _memory(do, "v", v, e) | _memory(do, "s", s, e)

    return recipe


def _memory(do, letter, of, e):
    return {f'{letter}["d{name}"]': do.key(of, "d" + name) for name in e.parameters}


PROBLEMS = [
    Problem("update_parameters_with_gd", _update, _gd, ("update_parameters_with_gd",)),
    Problem("initialize_velocity", _parameters, _zeros, ("initialize_velocity",)),
    Problem(
        "update_parameters_with_momentum",
        _momentum,
        _with_momentum,
        ("update_parameters_with_momentum",),
    ),
    Problem("initialize_adam", _parameters, _two_of_zeros, ("initialize_adam",)),
    Problem(
        "update_parameters_with_adam",
        _adam,
        _with_adam(3),
        ("update_parameters_with_adam",),
        others=(_with_adam(5),),
    ),
]
