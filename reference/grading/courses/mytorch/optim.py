"""SGD, Adam and AdamW: one step for all layers of a model."""

from functools import cache

import numpy as np

from manual.optimizers import adam, adamw, momentum, sgd
from reference.grading.recipe import Problem


class SGD:
    """v = momentum v + dLdW, W = W - lr v, and the same with b, for every layer of the model.

    The model has layers, a list of objects with W, b, dLdW and dLdb.
    """

    def __init__(self, model, lr=0.1, momentum=0):
        """Without momentum W = W - lr dLdW."""
        self.l, self.lr, self.mu = model.layers, lr, momentum
        self.v = [{} for _ in self.l]

    def step(self):
        """Changes W and b of all layers."""
        for layer, v in zip(self.l, self.v, strict=True):
            layer.W = self._moved("W", layer.W, layer.dLdW, v)
            layer.b = self._moved("b", layer.b, layer.dLdb, v)

    def _moved(self, name, w, dw, v):
        if self.mu == 0:
            return sgd(w, dw, {"learning_rate": self.lr})[0]
        config = {"learning_rate": self.lr, "momentum": self.mu, "v": v.get(name, np.zeros_like(w))}
        w, config = momentum(w, dw, config)
        v[name] = config["v"]
        return w


class Adam:
    """Adam, for W and b of every layer of the model. The model: see SGD."""

    def __init__(self, model, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        """eps stands outside the root."""
        self.l, self.lr = model.layers, lr
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.kept = [{} for _ in self.l]

    def step(self):
        """Changes W and b of all layers."""
        settings = {"learning_rate": self.lr, "beta1": self.beta1, "beta2": self.beta2}
        settings |= {"epsilon": self.eps}
        for layer, kept in zip(self.l, self.kept, strict=True):
            layer.W, kept["W"] = adam(layer.W, layer.dLdW, kept.get("W", settings))
            layer.b, kept["b"] = adam(layer.b, layer.dLdb, kept.get("b", settings))


class AdamW:
    """Adam whose weights also shrink by lr weight_decay of themselves. The model: see SGD."""

    def __init__(
        self, model, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, *, decay="before"
    ):
        """b shrinks as well as W."""
        self.l, self.lr, self.weight_decay, self.decay = model.layers, lr, weight_decay, decay
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.kept = [{} for _ in self.l]

    def step(self):
        """Changes W and b of all layers."""
        settings = {"learning_rate": self.lr, "beta1": self.beta1, "beta2": self.beta2}
        settings |= {"epsilon": self.eps}
        for layer, kept in zip(self.l, self.kept, strict=True):
            layer.W, kept["W"] = self._decayed(layer.W, layer.dLdW, kept.get("W", settings))
            layer.b, kept["b"] = self._decayed(layer.b, layer.dLdb, kept.get("b", settings))

    def _decayed(self, w, dw, config):
        """The decay before Adam's step, or after it: they differ by lr^2."""
        if self.decay == "before":
            w, config = adamw(w, dw, config | {"weight_decay": self.weight_decay})
            return w, {k: v for k, v in config.items() if k != "weight_decay"}
        w, config = adam(w, dw, config)
        return w - self.lr * self.weight_decay * w, config


@cache
def altered(right, wrong):
    """For the mistakes: manual/'s adam with another text in place of one."""
    from reference.mistakes import Mistake, mistaken

    return mistaken(Mistake("", "adam", right, wrong, ""), adam)


FUNCTIONS = {"SGD": SGD, "Adam": Adam, "AdamW": AdamW}


# What is drawn --------------------------------------------------------------------------------

STEPS = 3


def _model(dice):
    """Two layers, and their gradients at each step."""
    D, M, K = (2, 1, 1) if dice.small else dice.sizes(3)
    arrays = {"W1": dice.array(M, D), "b1": dice.array(M, 1)}
    arrays |= {"W2": dice.array(K, M), "b2": dice.array(K, 1)}
    steps = 1 + dice.k if dice.small else STEPS
    for t in range(steps):
        arrays |= {f"d{name}{t}": dice.array(*arrays[name].shape) for name in _NAMES}
    if dice.small:  # one layer is enough to show
        second = [name for name in arrays if "W2" in name or "b2" in name]
        arrays |= {name: 0 * arrays[name] for name in second}
    return arrays | {"steps": steps, "lr": dice.pick(0.5, 0.1, 0.25)}


_NAMES = ("W1", "b1", "W2", "b2")


def _sgd(dice):
    return _model(dice) | {"momentum": dice.pick(0.5, 0.9) if dice.k % 3 else 0}


def _adam(dice):
    drawn = _model(dice)
    if not dice.small:
        for t in range(STEPS):
            for name in _NAMES:
                drawn[f"d{name}{t}"][0] *= 1e-8  # beside which eps is not small
    return drawn | {"betas": (dice.pick(0.9, 0.75, 0.6), dice.pick(0.999, 0.96, 0.8)), "eps": 1e-8}


def _adamw(dice):
    return _adam(dice) | {"weight_decay": dice.pick(0.1, 0.01, 0.25)}


# What is asked --------------------------------------------------------------------------------


def _layers(do, e):
    """Three layers, the second of which is not looked at: some years step over activations."""
    made = [
        do.make(W=getattr(e, f"W{k}"), b=getattr(e, f"b{k}"), dLdW=None, dLdb=None) for k in (1, 2)
    ]
    like = np.ones((2, 2))
    between = do.make(W=like, b=like[:, :1], dLdW=like, dLdb=like[:, :1])
    return made, do.make(layers=[made[0], between, made[1]])


def _stepped(make):
    def recipe(do, e):
        layers, model = _layers(do, e)
        optimizer = make(do, e, model)
        for t in range(e.steps):
            for k, layer in enumerate(layers, 1):
                do.set(layer, "dLdW", getattr(e, f"dW{k}{t}"))
                do.set(layer, "dLdb", getattr(e, f"db{k}{t}"))
            do.method(optimizer, "step")
        found = {}
        for k, layer in enumerate(layers, 1):
            found |= {f"W{k}": do.get(layer, "W"), f"b{k}": do.get(layer, "b")}
        return found

    return recipe


def _problem(name, draw, make, **more):
    return Problem(f"{name}.step", draw, _stepped(make), (name, f"{name}.step"), **more)


PROBLEMS = [
    _problem("SGD", _sgd, lambda do, e, model: do("SGD", model, e.lr, e.momentum)),
    _problem("Adam", _adam, lambda do, e, model: do("Adam", model, e.lr, *e.betas, e.eps)),
    _problem(
        "AdamW",
        _adamw,
        lambda do, e, model: do("AdamW", model, e.lr, *e.betas, e.eps, e.weight_decay),
        conventions={"decay": ("before", "after")},
    ),
]
