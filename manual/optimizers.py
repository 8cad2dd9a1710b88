"""One update of one parameter: how far along its gradient, and with what memory.

Each is a pure function with the course's signature (CS231n, assignment 2):

    next_w, next_config = adam(w, dw, config)

w, dw, next_w and the memory have one shape, any shape. config is a dict with the settings and the
memory; what is missing takes its default. It is returned anew, never changed: pass it to the next
step. The updates are those of torch.optim, to rounding.
Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit,
a name that config may not hold, or a limit of clipping that is not above 0.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_shape

Config = dict[str, Any]
Step = tuple[Array, Config]


def sgd(w: Array, dw: Array, config: Config | None = None) -> Step:
    """w <- w - learning_rate dw. Defaults: learning_rate 0.01. Source: Robbins and Monro, 1951."""
    c = _settings(w, dw, config, learning_rate=1e-2)
    return w - c["learning_rate"] * dw, c


def momentum(w: Array, dw: Array, config: Config | None = None) -> Step:
    """v <- momentum v + dw;  w <- w - learning_rate v. Defaults: 0.01, momentum 0.9.

    PyTorch's convention. CS231n keeps v times -learning_rate instead: the same path as long as the
    learning rate stays. Source: Polyak, 1964.
    """
    c = _settings(w, dw, config, learning_rate=1e-2, momentum=0.9, v=np.zeros_like(w))
    v = c["momentum"] * c["v"] + dw
    return w - c["learning_rate"] * v, c | {"v": v}


def nesterov(w: Array, dw: Array, config: Config | None = None) -> Step:
    """v <- momentum v + dw;  w <- w - learning_rate (dw + momentum v). Defaults: 0.01, 0.9.

    The step looks ahead: it counts today's gradient once for itself and once within v.
    Source: Nesterov, 1983; PyTorch's form (Sutskever et al., 2013, shifted by half a step).
    """
    c = _settings(w, dw, config, learning_rate=1e-2, momentum=0.9, v=np.zeros_like(w))
    v = c["momentum"] * c["v"] + dw
    return w - c["learning_rate"] * (dw + c["momentum"] * v), c | {"v": v}


def rmsprop(w: Array, dw: Array, config: Config | None = None) -> Step:
    """s <- decay s + (1 - decay) dw^2;  w <- w - learning_rate dw / (sqrt(s) + epsilon).

    Defaults: learning_rate 0.01, decay 0.99, epsilon 1e-8. PyTorch's and CS231n's convention:
    epsilon outside the root (optax: inside, decay 0.9). Source: Hinton, Coursera lecture 6e, 2012.
    """
    c = _settings(w, dw, config, learning_rate=1e-2, decay=0.99, epsilon=1e-8, s=np.zeros_like(w))
    s = c["decay"] * c["s"] + (1 - c["decay"]) * (dw * dw)
    return w - c["learning_rate"] * dw / (np.sqrt(s) + c["epsilon"]), c | {"s": s}


def adagrad(w: Array, dw: Array, config: Config | None = None) -> Step:
    """s <- s + dw^2;  w <- w - learning_rate dw / (sqrt(s) + epsilon).

    Defaults: learning_rate 0.01, epsilon 1e-10. PyTorch's convention: s starts at 0 (optax: 0.1).
    Source: Duchi, Hazan and Singer, 2011.
    """
    c = _settings(w, dw, config, learning_rate=1e-2, epsilon=1e-10, s=np.zeros_like(w))
    s = c["s"] + dw * dw
    return w - c["learning_rate"] * dw / (np.sqrt(s) + c["epsilon"]), c | {"s": s}


def adam(w: Array, dw: Array, config: Config | None = None) -> Step:
    """Momentum over rmsprop, both corrected for having started at 0:

        m <- beta1 m + (1 - beta1) dw           mhat = m / (1 - beta1^t)
        s <- beta2 s + (1 - beta2) dw^2         shat = s / (1 - beta2^t)
        w <- w - learning_rate mhat / (sqrt(shat) + epsilon),      t = 1 at the first step

    Defaults: learning_rate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8.
    Source: Kingma and Ba, 2015, algorithm 1; PyTorch and CS231n agree.
    """
    c = _settings(w, dw, config, **_adam_defaults(w))
    t = c["t"] + 1
    m = c["beta1"] * c["m"] + (1 - c["beta1"]) * dw
    s = c["beta2"] * c["s"] + (1 - c["beta2"]) * (dw * dw)
    mhat = m / (1 - c["beta1"] ** t)
    shat = s / (1 - c["beta2"] ** t)
    return w - c["learning_rate"] * mhat / (np.sqrt(shat) + c["epsilon"]), c | {
        "m": m,
        "s": s,
        "t": t,
    }


def adamw(w: Array, dw: Array, config: Config | None = None) -> Step:
    """w <- w - learning_rate weight_decay w, then an adam step that does not see the decay.

    Defaults: adam's, and weight_decay 0.01, PyTorch's (optax: 1e-4).
    Source: Loshchilov and Hutter, 2019.
    """
    c = _settings(w, dw, config, **_adam_defaults(w), weight_decay=1e-2)
    weight_decay = c.pop("weight_decay")
    shrunk = w - c["learning_rate"] * weight_decay * w
    next_w, next_config = adam(shrunk, dw, c)
    return next_w, next_config | {"weight_decay": weight_decay}


def clip_by_norm(grads: dict[str, Array], max_norm: float) -> tuple[dict[str, Array], float]:
    """Scale all gradients by one factor so that together their norm is at most max_norm.

    grads: arrays of any shape. norm = sqrt of the sum of squares over all of them. The factor is
    min(1, max_norm / (norm + 1e-6)), as in PyTorch's clip_grad_norm_. Returns the clipped ones,
    and the norm before. Source: Pascanu, Mikolov and Bengio, 2013.
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}, expected a number above 0")
    norm = np.sqrt(sum((g * g).sum() for g in grads.values()))
    factor = max_norm / (norm + 1e-6)
    if factor >= 1:
        return dict(grads), norm
    return {name: g * factor for name, g in grads.items()}, norm


def clip_by_value(grads: dict[str, Array], limit: float) -> dict[str, Array]:
    """Every g of grads becomes min(max(g, -limit), limit). Source: torch's clip_grad_value_."""
    if not limit > 0:
        raise ValueError(f"limit is {limit}, expected a number above 0")
    return {name: np.clip(g, -limit, limit) for name, g in grads.items()}


def _adam_defaults(w: Array) -> Config:
    settings = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    return settings | {"m": np.zeros_like(w), "s": np.zeros_like(w), "t": 0}


def _settings(w: Array, dw: Array, config: Config | None, **defaults: Any) -> Config:
    """The defaults with config's entries in their place.

    Errors: for a misspelt name, and for a memory that belongs to a parameter of another shape.
    """
    expect("*", w=w)
    expect_shape(w.shape, dw=dw)
    for name, value in (config or {}).items():
        if name not in defaults:
            raise ValueError(f"config has {name!r}, expected any of: {', '.join(defaults)}")
        if isinstance(defaults[name], np.ndarray):
            expect_shape(w.shape, **{f"config[{name!r}]": value})
    return defaults | (config or {})
