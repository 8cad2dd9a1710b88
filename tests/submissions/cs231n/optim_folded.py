import numpy as np


def defaults(config, **values):
    config = dict(config or {})
    for key in values:
        if key not in config:
            config[key] = values[key]
    return config


def sgd(w, dw, config=None):
    config = defaults(config, learning_rate=1e-2)
    return np.subtract(w, np.multiply(config["learning_rate"], dw)), config


def sgd_momentum(w, dw, config=None):
    config = defaults(config, learning_rate=1e-2, momentum=0.9, velocity=0.0 * w)
    config["velocity"] = -config["learning_rate"] * dw + config["momentum"] * config["velocity"]
    return w + config["velocity"], config


def rmsprop(w, dw, config=None):
    config = defaults(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=0.0 * w)
    cache = config["cache"]
    cache *= config["decay_rate"]
    cache += (1 - config["decay_rate"]) * dw * dw
    step = config["learning_rate"] / (cache ** 0.5 + config["epsilon"])
    return w - step * dw, config


def adam(w, dw, config=None):
    config = defaults(
        config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, m=0.0 * w, v=0.0 * w, t=0
    )
    config["t"] = config["t"] + 1
    b1, b2, t = config["beta1"], config["beta2"], config["t"]
    config["m"] += (1 - b1) * (dw - config["m"])
    config["v"] += (1 - b2) * (dw * dw - config["v"])
    # both corrections in one learning rate
    root = np.sqrt(config["v"]) / np.sqrt(1 - b2 ** t) + config["epsilon"]
    rate = config["learning_rate"] / (1 - b1 ** t)
    return w - rate * config["m"] / root, config
