"""CS231n, assignments 1 and 2: the update rules of optim.py."""

import numpy as np

from manual.optimizers import sgd
from reference.cards import Mistake
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


# What students write instead ------------------------------------------------------------------


def _mistakes(function: str, *each: tuple[str, str, str, str]) -> list[Mistake]:
    """name, right, wrong, says."""
    return [Mistake(f"{function} {name}", function, *rest) for name, *rest in each]


_V = 'v = c["momentum"] * c["velocity"] - c["learning_rate"] * dw'
_NEXT = "next_w = w + v"
_BOTH = f"{_V}\n    {_NEXT}"
_CACHE = 'c["decay_rate"] * c["cache"] + (1 - c["decay_rate"]) * dw**2'
_M = 'c["beta1"] * c["m"] + (1 - c["beta1"]) * dw\n'
_S = 'c["beta2"] * c["v"] + (1 - c["beta2"]) * dw**2'
_MT, _VT = 'mt = m / (1 - c["beta1"] ** t)', 'vt = v / (1 - c["beta2"] ** t)'

MISTAKES: list[Mistake] = [
    *_mistakes(
        "sgd",
        ("config ignored", "config, learning_rate", "None, learning_rate",
         "The learning rate of config is not used: every step takes the default."),
    ),
    *_mistakes(
        "sgd_momentum",
        ("velocity along the gradient", _BOTH,
         'v = c["momentum"] * c["velocity"] + c["learning_rate"] * dw\n    next_w = w - v',
         "The velocity gathers the gradient with a plus, and w subtracts it: the course's velocity "
         "points downhill and is added."),
        ("uphill", _V, 'v = c["momentum"] * c["velocity"] + c["learning_rate"] * dw',
         "The velocity goes along the gradient, uphill: subtract learning_rate dw."),
        ("velocity subtracted", _NEXT, "next_w = w - v",
         "The velocity is subtracted from w; it holds a minus already, so add it."),
        ("learning rate outside", _BOTH,
         'v = c["momentum"] * c["velocity"] - dw\n    next_w = w + c["learning_rate"] * v',
         "The learning rate multiplies the step; in the course it multiplies dw inside v."),
        ("as in PyTorch", _BOTH,
         'v = c["momentum"] * c["velocity"] + dw\n    next_w = w - c["learning_rate"] * v',
         "v gathers dw, and the step is -learning_rate v, as in PyTorch; in the course "
         "v = momentum v - learning_rate dw is added to w."),
        ("learning rate twice", _NEXT, 'next_w = w + c["learning_rate"] * v',
         "The learning rate comes in twice: v holds it already."),
        ("learning rate missing", "- c[\"learning_rate\"] * dw", "- dw",
         "The learning rate is missing."),
        ("learning rate on both", _V,
         'v = c["learning_rate"] * (c["momentum"] * c["velocity"] - dw)',
         "The learning rate multiplies the old velocity too; it belongs to dw alone."),
        ("an average", _V,
         'v = c["momentum"] * c["velocity"] - (1 - c["momentum"]) * c["learning_rate"] * dw',
         "The gradient is multiplied by 1 - momentum; here it is not."),
        ("average as in the lectures on Adam", _BOTH,
         'v = c["momentum"] * c["velocity"] + (1 - c["momentum"]) * dw\n'
         '    next_w = w - c["learning_rate"] * v',
         "v is a running average of dw; in the course v = momentum v - learning_rate dw."),
        ("momentum missing", 'c["momentum"] * c["velocity"] -', 'c["velocity"] -',
         "The old velocity is not multiplied by momentum: nothing slows it down."),
        ("momentum on the gradient too", _V,
         'v = c["momentum"] * (c["velocity"] - c["learning_rate"] * dw)',
         "momentum multiplies the gradient too; it belongs to the old velocity alone."),
        ("momentum subtracted", _V,
         'v = -c["momentum"] * c["velocity"] - c["learning_rate"] * dw',
         "The old velocity is subtracted; it is added."),
        ("not used", _NEXT, 'next_w = w - c["learning_rate"] * dw',
         "The step is that of plain sgd: v is computed and not used."),
        ("one step late", _NEXT, 'next_w = w + c["velocity"]',
         "The step uses the old velocity; use the one that holds today's gradient."),
        ("looks ahead", _NEXT,
         'next_w = w + c["momentum"] * v - c["learning_rate"] * dw',
         "This is Nesterov's momentum, which looks a step ahead; here next_w = w + v."),
        ("forgotten", 'c | {"velocity": v}', "c",
         "The new velocity is not kept in config: every step starts from the old one."),
        ("momentum and learning rate swapped", _V,
         'v = c["learning_rate"] * c["velocity"] - c["momentum"] * dw',
         "momentum and learning_rate are swapped."),
    ),
    *_mistakes(
        "rmsprop",
        ("decay swapped", _CACHE, '(1 - c["decay_rate"]) * c["cache"] + c["decay_rate"] * dw**2',
         "decay_rate and 1 - decay_rate are swapped: the memory is lost at once."),
        ("share of the new missing", "(1 - c[\"decay_rate\"]) * dw**2", "dw**2",
         "dw^2 is not multiplied by 1 - decay_rate."),
        ("decay missing", _CACHE, 'c["cache"] + dw**2',
         "The cache only grows: that is adagrad; rmsprop forgets old squares."),
        ("old cache not decayed", 'c["decay_rate"] * c["cache"] +', 'c["cache"] +',
         "The old cache is not multiplied by decay_rate: it only grows."),
        ("square missing", "* dw**2", "* dw",
         "The cache gathers the gradients; it gathers their squares."),
        ("squares not kept", _CACHE, "dw**2",
         "The cache is the square of today's gradient alone: nothing is remembered."),
        ("root missing", "np.sqrt(cache) +", "cache +",
         "The step is divided by the cache; it is divided by its root."),
        ("epsilon inside the root", 'np.sqrt(cache) + c["epsilon"]',
         'np.sqrt(cache + c["epsilon"])',
         "epsilon stands inside the root; here it stands outside."),
        ("epsilon missing", ' + c["epsilon"])', ")", "The epsilon is missing."),
        ("epsilon by hand", ' + c["epsilon"])', " + 1e-8)",
         "epsilon is always 1e-8; take the one in config."),
        ("epsilon not in brackets", '(np.sqrt(cache) + c["epsilon"])',
         'np.sqrt(cache) + c["epsilon"]',
         "Brackets are missing: epsilon is added to w, not to the root under the fraction."),
        ("one step late", "np.sqrt(cache)", 'np.sqrt(c["cache"])',
         "The step is divided by the old cache; use the one that holds today's gradient."),
        ("forgotten", 'c | {"cache": cache}', "c",
         "The new cache is not kept in config: every step starts from the old one."),
        ("uphill", "w - c[", "w + c[",
         "The step goes along the gradient, uphill; subtract it."),
        ("learning rate missing", 'c["learning_rate"] * dw /', "dw /",
         "The learning rate is missing."),
        ("gradient missing", "* dw / (", "/ (",
         "The step is learning_rate over the root; the gradient dw is missing on top."),
        ("multiplies", "dw / (np", "dw * (np",
         "The step is multiplied by the root of the cache; it is divided by it."),
    ),
    *_mistakes(
        "adam",
        ("t counted too late", f"{_MT}\n    {_VT}",
         'mt = m / (1 - c["beta1"] ** c["t"])\n    vt = v / (1 - c["beta2"] ** c["t"])',
         "t is used before it is incremented: at the first step it is 0, and 1 - beta^0 is 0."),
        ("t never counts", 't = c["t"] + 1', 't = c["t"]',
         "t is not incremented: add 1 to it before you use it."),
        ("t not kept", '"t": t}', '"t": c["t"]}',
         "t is not kept in config: every step is corrected like the first."),
        ("t counts double", 't = c["t"] + 1', 't = c["t"] + 2',
         "t is incremented twice a step."),
        ("bias correction missing", f"{_MT}\n    {_VT}", "mt, vt = m, v",
         "m and v are not corrected for having started at 0."),
        ("m not corrected", _MT, "mt = m", "m is not corrected for having started at 0."),
        ("v not corrected", _VT, "vt = v", "v is not corrected for having started at 0."),
        ("correction without t", f"{_MT}\n    {_VT}",
         'mt = m / (1 - c["beta1"])\n    vt = v / (1 - c["beta2"])',
         "The correction is 1 - beta^t; the power t is missing."),
        ("correction times t", f"{_MT}\n    {_VT}",
         'mt = m / (1 - c["beta1"] * t)\n    vt = v / (1 - c["beta2"] * t)',
         "beta is multiplied by t in the correction; it is raised to the power t."),
        ("power outside the bracket", f"{_MT}\n    {_VT}",
         'mt = m / (1 - c["beta1"]) ** t\n    vt = v / (1 - c["beta2"]) ** t',
         "The power t belongs to beta alone, not to 1 - beta."),
        ("corrections swapped", f"{_MT}\n    {_VT}",
         'mt = m / (1 - c["beta2"] ** t)\n    vt = v / (1 - c["beta1"] ** t)',
         "m is corrected with beta2 and v with beta1: swap them."),
        ("v corrected with beta1", _VT, 'vt = v / (1 - c["beta1"] ** t)',
         "v is corrected with beta1; its own is beta2."),
        ("correction multiplied", f"{_MT}\n    {_VT}",
         'mt = m * (1 - c["beta1"] ** t)\n    vt = v * (1 - c["beta2"] ** t)',
         "m and v are multiplied by their corrections; divide by them."),
        ("corrected m and v kept", '{"m": m, "v": v,', '{"m": mt, "v": vt,',
         "The corrected m and v are kept, and corrected again at the next step; keep m and v."),
        ("m and v not kept", 'c | {"m": m, "v": v, "t": t}', 'c | {"t": t}',
         "The new m and v are not kept in config: every step starts from the old ones."),
        ("nothing kept", 'c | {"m": m, "v": v, "t": t}', "c",
         "The new m, v and t are not kept in config: every step is like the first."),
        ("betas swapped", f"{_M}    v = {_S}",
         'c["beta2"] * c["m"] + (1 - c["beta2"]) * dw\n'
         '    v = c["beta1"] * c["v"] + (1 - c["beta1"]) * dw**2',
         "beta1 and beta2 are swapped: beta1 belongs to m, beta2 to v."),
        ("beta1 for v", _S, 'c["beta1"] * c["v"] + (1 - c["beta1"]) * dw**2',
         "v is averaged with beta1; its own is beta2."),
        ("beta and 1 - beta swapped", f"{_M}    v = {_S}",
         '(1 - c["beta1"]) * c["m"] + c["beta1"] * dw\n'
         '    v = (1 - c["beta2"]) * c["v"] + c["beta2"] * dw**2',
         "beta and 1 - beta are swapped: m and v forget almost everything."),
        ("share of the new missing", f"{_M}    v = {_S}",
         'c["beta1"] * c["m"] + dw\n    v = c["beta2"] * c["v"] + dw**2',
         "dw and dw^2 are not multiplied by 1 - beta."),
        ("square missing", "* dw**2", "* dw",
         "v gathers the gradients; it gathers their squares."),
        ("square of m", "* dw**2", "* m**2",
         "v gathers the squares of m; it gathers those of the gradient."),
        ("root missing", "np.sqrt(vt) +", "vt +",
         "The step is divided by vt; it is divided by its root."),
        ("epsilon inside the root", 'np.sqrt(vt) + c["epsilon"]', 'np.sqrt(vt + c["epsilon"])',
         "epsilon stands inside the root; it stands outside."),
        ("epsilon missing", ' + c["epsilon"])', ")", "The epsilon is missing."),
        ("epsilon by hand", ' + c["epsilon"])', " + 1e-8)",
         "epsilon is always 1e-8; take the one in config."),
        ("epsilon not in brackets", '(np.sqrt(vt) + c["epsilon"])', 'np.sqrt(vt) + c["epsilon"]',
         "Brackets are missing: epsilon is added to w, not to the root under the fraction."),
        ("corrections not used", "* mt / (np.sqrt(vt)", "* m / (np.sqrt(v)",
         "The step uses m and v as they are: their corrections are computed and not used."),
        ("momentum not used", "* mt / (", "* dw / (",
         "The step is along dw; it is along the corrected m."),
        ("uphill", "w - c[", "w + c[", "The step goes along the gradient, uphill; subtract it."),
        ("learning rate missing", 'c["learning_rate"] * mt', "mt",
         "The learning rate is missing."),
    ),
]  # fmt: skip
