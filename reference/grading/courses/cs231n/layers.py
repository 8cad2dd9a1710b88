"""CS231n, assignments 1 and 2: affine, relu, dropout and the losses of scores."""

import numpy as np

from manual.affine import affine_backward, affine_forward
from manual.classification import svm_loss
from manual.dropout import dropout_backward as _dropout_backward
from manual.dropout import dropout_forward as _dropout_forward
from manual.rectifiers import relu_backward, relu_forward
from manual.softmax import softmax_loss
from reference.grading.recipe import Between, Problem, backward_from, backward_of, forward_of


def affine_relu_forward(x, w, b):
    """An affine layer, then relu. Returns out, (fc_cache, relu_cache)."""
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (fc_cache, relu_cache)


def affine_relu_backward(dout, cache):
    """Returns dx, dw, db."""
    fc_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return affine_backward(da, fc_cache)


def dropout_forward(x, dropout_param, *, p_is="keep", mask=None):
    """Inverted dropout. dropout_param: p, mode ("train" or "test"), seed.

    p is the chance to keep a number, since 2017; to drop it, in the years before (p_is "drop").
    Returns out, (dropout_param, mask).
    """
    p = dropout_param["p"]
    drop = 1 - p if p_is == "keep" else p
    if dropout_param["mode"] == "test":
        return x.copy(), ("test", None)
    seeded = np.random.default_rng(dropout_param.get("seed"))
    out, cache = _dropout_forward(x, drop, mask, seeded)
    return out, ("train", cache)


def dropout_backward(dout, cache):
    """Returns dx."""
    mode, cache = cache
    return _dropout_backward(dout, cache) if mode == "train" else dout


FUNCTIONS = {
    "affine_forward": affine_forward,
    "affine_backward": affine_backward,
    "relu_forward": relu_forward,
    "relu_backward": relu_backward,
    "affine_relu_forward": affine_relu_forward,
    "affine_relu_backward": affine_relu_backward,
    "softmax_loss": softmax_loss,
    "svm_loss": svm_loss,
    "dropout_forward": dropout_forward,
    "dropout_backward": dropout_backward,
}


# What is drawn --------------------------------------------------------------------------------


def _affine(dice):
    N, D, M = dice.sizes(3)
    shape = (N, D) if dice.small or dice.k % 2 else (N, D, 2)
    w = dice.array(int(np.prod(shape[1:])), M)
    return {"x": dice.array(*shape), "w": w, "b": dice.array(M), "dout": dice.array(N, M)}


def _relu(dice):
    shape = dice.sizes(2)
    x = dice.array(*shape)
    if dice.corner:
        x[dice.rng.random(shape) < 0.5] = 0.0
    return {"x": x, "dout": dice.array(*shape), "corner": dice.corner}


def _scores(dice):
    N, C = (2, 3) if dice.extreme else dice.sizes(2, at_least=2)
    x, y = dice.array(N, C), dice.labels(N, C)
    while (x - x[np.arange(N), y][:, None] == -1).any():  # at the hinge
        x = dice.array(N, C)
    if dice.extreme:  # exp overflows; the best of each row lie close enough for one shift for all
        x = 400 * x
        x += 1000 + 5 * dice.array(N, 1) - x.max(axis=1, keepdims=True)
    return {"x": x, "y": y, "extreme": dice.extreme}


def _dropout(dice):
    p = dice.pick(0.3, 0.7, 0.2, 0.75)
    mode = "test" if dice.k % 4 == 3 else "train"
    x = dice.array(2, 3) if dice.small else dice.array(20, 31)
    seed = int(dice.rng.integers(1000))
    param = {"p": p, "mode": mode, "seed": seed}
    return {"x": x, "param": param, "dout": dice.array(*x.shape)}


# What is asked --------------------------------------------------------------------------------


def _relu_backward(do, e):
    _, cache = do("relu_forward", e.x, parts=2)
    dx = do("relu_backward", e.dout, cache)
    if do.ours and e.corner:  # at 0, where relu has its corner, any share of dout is right
        zero = np.where(e.x == 0, e.dout, 0.0)
        return {"dx": Between(np.minimum(dx, dx + zero), np.maximum(dx, dx + zero))}
    return {"dx": dx}


def _mask(e, out):
    """What chance has dropped, as seen in the student's output."""
    if not isinstance(out, np.ndarray) or out.shape != e.x.shape:
        return {}
    if out.size >= 100 and e.param["mode"] == "train" and not out.any():
        raise ValueError("all is dropped: any gradient is right where it is zero")
    return {"mask": out != 0}


def _kept(p, p_is, size):
    """The share of numbers that dropout keeps, and of rows and columns that no other is like."""
    keep = p if p_is == "keep" else 1 - p
    room = 5 * np.sqrt(keep * (1 - keep) / size)  # five standard deviations
    return Between(np.array([keep - room, 0.6, 0.6]), np.array([keep + room, 1, 1]))


def _dropout_forward_recipe(do, e):
    mask = _mask(e, e.given["out"]) if do.ours else {}
    out, _ = do("dropout_forward", e.x, e.param, parts=2, **mask)
    if not do.ours or e.x.size < 100 or e.param["mode"] == "test":
        return {"out": out}
    return {"out": out, "kept": _kept(e.param["p"], do.conventions["p_is"], e.x.size)}


def _dropout_kept(e, theirs):
    """What the student's dropout kept, as _kept has it."""
    out = theirs["out"]
    if not isinstance(out, np.ndarray) or out.shape != e.x.shape:
        return {}
    if e.x.size < 100 or e.param["mode"] == "test":
        return {}
    kept = out != 0
    rows, columns = len(np.unique(kept, axis=0)), len(np.unique(kept.T, axis=0))
    return {"kept": np.array([kept.mean(), rows / len(kept), columns / len(kept.T)])}


def _dropout_backward_recipe(do, e):
    mask = _mask(e, e.given["_out"]) if do.ours else {}
    if mask and mask["mask"].any():
        _expect_same_p(e, do.conventions["p_is"], mask["mask"])
    out, cache = do("dropout_forward", e.x, e.param, parts=2, **mask)
    return {"_out": out, "dx": do("dropout_backward", e.dout, cache)}


def _expect_same_p(e, p_is, mask):
    """The student's forward says which p it takes: its backward is held to the same.

    Errors: ValueError where the forward divides as the other convention has it.
    """
    scale = np.median(e.given["_out"][mask] / e.x[mask])
    keep, drop = 1 / e.param["p"], 1 / (1 - e.param["p"])
    if np.isclose(scale, drop if p_is == "keep" else keep):
        raise ValueError(f"the forward's p is not the chance to {p_is}")


def _loss(name):
    def recipe(do, e):
        loss, dx = do(name, e.x, e.y, parts=2)
        return {"loss": loss, "dx": dx}

    return recipe


_AFFINE = ("x", "w", "b")
_KEEP_OR_DROP = {"p_is": ("keep", "drop")}

PROBLEMS = [
    Problem("affine_forward", _affine, forward_of("affine_forward", *_AFFINE), ("affine_forward",)),
    Problem(
        "affine_backward",
        _affine,
        backward_of("affine_forward", "affine_backward", _AFFINE, "dx", "dw", "db"),
        ("affine_forward", "affine_backward"),
        others=(backward_from("affine_backward", _AFFINE, "dx", "dw", "db"),),
        forward="affine_forward",
    ),
    Problem("relu_forward", _relu, forward_of("relu_forward", "x"), ("relu_forward",)),
    Problem(
        "relu_backward",
        _relu,
        _relu_backward,
        ("relu_forward", "relu_backward"),
        others=(backward_from("relu_backward", ("x",), "dx"),),
        forward="relu_forward",
    ),
    Problem(
        "affine_relu_forward",
        _affine,
        forward_of("affine_relu_forward", *_AFFINE),
        ("affine_relu_forward",),
        uses=("affine_forward", "relu_forward"),
    ),
    Problem(
        "affine_relu_backward",
        _affine,
        backward_of("affine_relu_forward", "affine_relu_backward", _AFFINE, "dx", "dw", "db"),
        ("affine_relu_forward", "affine_relu_backward"),
        uses=("affine_forward", "relu_forward", "affine_backward", "relu_backward"),
        forward="affine_relu_forward",
    ),
    Problem("softmax_loss", _scores, _loss("softmax_loss"), ("softmax_loss",), remarks=("loss",)),
    Problem("svm_loss", _scores, _loss("svm_loss"), ("svm_loss",)),
    Problem(
        "dropout_forward",
        _dropout,
        _dropout_forward_recipe,
        ("dropout_forward",),
        conventions=_KEEP_OR_DROP,
        given=("out",),
        derive=_dropout_kept,
    ),
    Problem(
        "dropout_backward",
        _dropout,
        _dropout_backward_recipe,
        ("dropout_forward", "dropout_backward"),
        conventions=_KEEP_OR_DROP,
        given=("_out",),
        forward="dropout_forward",
    ),
]
