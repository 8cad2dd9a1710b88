"""Dropout, for the other paths: with a given mask, as no two libraries draw the same."""

from reference.cards import Card, Fit, Mistake


def _torch(F, x, p=0.5, mask=None):
    import torch

    return x if mask is None else torch.where(torch.tensor(mask), x / (1 - p), 0.0)


def _jax(jnp, x, p=0.5, mask=None):
    return x if mask is None else jnp.where(mask, x / (1 - p), 0.0)


def _masked(shape, dice):
    options = {} if dice.plain else {"mask": dice.rng.integers(3, size=shape) > 0}
    p = dice.pick(None, 0.25, 0.1, 0.0)
    return Fit(shape, options=options | ({} if p is None else {"p": p}))


CARDS = [
    Card("dropout", torch=_torch, jax=_jax, fit=_masked, rows=lambda options: "mask" not in options)
]

MISTAKES: list[Mistake] = [
    Mistake(
        "dropout not scaled",
        "dropout_forward",
        "x * mask / (1 - p), (mask",
        "x * mask, (mask",
        "The numbers that stay are not divided by 1 - p: the mean shrinks in training.",
    ),
    Mistake(
        "dropout scaled by p",
        "dropout_forward",
        "x * mask / (1 - p), (mask",
        "x * mask / p, (mask",
        "x is divided by p, the chance to drop; divide by 1 - p, the chance to keep.",
    ),
    Mistake(
        "dropout scale inverted",
        "dropout_forward",
        "x * mask / (1 - p), (mask",
        "x * mask * (1 - p), (mask",
        "x is multiplied by 1 - p; it is divided by it.",
    ),
    Mistake(
        "dropout scaled twice",
        "dropout_forward",
        "x * mask / (1 - p), (mask",
        "x * mask / (1 - p) ** 2, (mask",
        "x is divided by 1 - p twice.",
    ),
    Mistake(
        "dropout mask inverted",
        "dropout_forward",
        "x * mask / (1 - p), (mask",
        "x * ~mask / (1 - p), (mask",
        "The kept numbers are dropped and the dropped ones kept: True means kept.",
    ),
    Mistake(
        "dropout mask ignored",
        "dropout_forward",
        "x * mask / (1 - p), (mask",
        "x / (1 - p), (mask",
        "The mask has no effect.",
    ),
    Mistake(
        "dropout everything dropped where one is",
        "dropout_forward",
        "x * mask / (1 - p), (mask",
        "x * mask.all(axis=-1, keepdims=True) / (1 - p), (mask",
        "A whole row is dropped with one of its numbers; each number goes by itself.",
    ),
    Mistake(
        "dropout wrong default p",
        "dropout_forward",
        "p: float = 0.5",
        "p: float = 0.2",
        "p is 0.2 unless given; it must be 0.5.",
    ),
    Mistake(
        "dropout scaled in evaluation",
        "dropout_forward",
        "return x, (np.True_",
        "return x * (1 - p), (np.True_",
        "In evaluation x is scaled by 1 - p too; training has done that already.",
    ),
    Mistake(
        "dropout scaled up in evaluation",
        "dropout_forward",
        "return x, (np.True_, 0.0",
        "return x / (1 - p), (np.True_, p",
        "In evaluation x is divided by 1 - p; nothing is dropped there, and nothing scaled.",
    ),
    Mistake(
        "dropout p kept for p dropped",
        "dropout_forward",
        "rng.random(x.shape) >= p",
        "rng.random(x.shape) < p",
        "p is taken for the chance to keep, as in CS231n; here it is the chance to drop.",
    ),
    Mistake(
        "dropout from the global random state",
        "dropout_forward",
        "rng.random(x.shape) >= p",
        "np.random.random(x.shape) >= p",
        "The mask comes from the global random state; draw from the rng of the caller.",
    ),
    Mistake(
        "dropout the same seed every time",
        "dropout_forward",
        "rng.random(x.shape) >= p",
        "np.random.default_rng(0).random(x.shape) >= p",
        "A new generator of seed 0 drops the same numbers every time; draw from the one given.",
    ),
    Mistake(
        "dropout one mask for the batch",
        "dropout_forward",
        "rng.random(x.shape) >= p",
        "rng.random(x.shape[1:]) >= p",
        "All examples lose the same numbers; each needs draws of its own.",
    ),
    Mistake(
        "dropout one draw an example",
        "dropout_forward",
        "rng.random(x.shape) >= p",
        "rng.random((len(x),) + (1,) * (x.ndim - 1)) >= p",
        "A whole example is dropped at once; each number is dropped by itself.",
    ),
    Mistake(
        "dropout normal draws",
        "dropout_forward",
        "rng.random(x.shape) >= p",
        "rng.normal(size=x.shape) >= p",
        "The draws are normal; a uniform one lies below p with chance p.",
    ),
    Mistake(
        "dropout keeps its first mask",
        "dropout_forward",
        "mask = rng.random(x.shape) >= p",
        'mask = vars(dropout_forward).setdefault("mask", rng.random(x.shape) >= p)',
        "The mask is kept between calls: every batch loses the same numbers.",
    ),
    Mistake(
        "dropout evaluates with a mask",
        "dropout_forward",
        "if mask is None and rng is not None:",
        "if mask is None:\n        rng = rng or np.random.default_rng()",
        "Numbers are dropped in evaluation too; without mask and rng nothing is dropped.",
    ),
    Mistake(
        "dropout x masked in place",
        "dropout_forward",
        "return x * mask / (1 - p)",
        "x *= mask\n    return x / (1 - p)",
        "x is written into: the caller's numbers are gone.",
    ),
    Mistake(
        "dropout mask missing in dx",
        "dropout_backward",
        "dout * mask / (1 - p)",
        "dout / (1 - p)",
        "dx lacks the mask: dropped numbers get a gradient.",
    ),
    Mistake(
        "dropout dx is dout",
        "dropout_backward",
        "dout * mask / (1 - p)",
        "0 + dout",
        "dx is dout as it came; the forward multiplied by mask / (1 - p).",
    ),
    Mistake(
        "dropout scale missing in dx",
        "dropout_backward",
        "dout * mask / (1 - p)",
        "dout * mask",
        "dx lacks the division by 1 - p.",
    ),
    Mistake(
        "dropout dx scaled by p",
        "dropout_backward",
        "dout * mask / (1 - p)",
        "dout * mask / p",
        "dx is divided by p; divide by 1 - p, as in the forward.",
    ),
    Mistake(
        "dropout dx scale inverted",
        "dropout_backward",
        "dout * mask / (1 - p)",
        "dout * mask * (1 - p)",
        "dx is multiplied by 1 - p; it is divided by it, as in the forward.",
    ),
    Mistake(
        "dropout dx scaled twice",
        "dropout_backward",
        "dout * mask / (1 - p)",
        "dout * mask / (1 - p) ** 2",
        "dx is divided by 1 - p twice.",
    ),
    Mistake(
        "dropout dx mask inverted",
        "dropout_backward",
        "dout * mask / (1 - p)",
        "dout * ~mask / (1 - p)",
        "The dropped numbers get the gradients of the kept ones.",
    ),
    Mistake(
        "dropout a new mask for dx",
        "dropout_backward",
        "dout * mask / (1 - p)",
        "dout * (np.random.default_rng(1).random(dout.shape) >= p) / (1 - p)",
        "dx is dropped with a mask of its own; it needs that of the forward.",
    ),
    Mistake(
        "dropout dout masked in place",
        "dropout_backward",
        "return dout * mask / (1 - p)",
        "dout *= mask\n    return dout / (1 - p)",
        "dout is written into: the caller's array is spoiled.",
    ),
]
