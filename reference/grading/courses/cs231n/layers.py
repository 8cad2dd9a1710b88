"""CS231n, assignments 1 and 2: affine, relu, dropout and the losses of scores."""

import numpy as np

from manual.affine import affine_backward, affine_forward
from manual.classification import svm_loss
from manual.dropout import dropout_backward as _dropout_backward
from manual.dropout import dropout_forward as _dropout_forward
from manual.rectifiers import relu_backward, relu_forward
from manual.softmax import softmax_loss
from reference.cards import Mistake
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
    out, cache = do("dropout_forward", e.x, e.param, parts=2, **mask)
    return {"_out": out, "dx": do("dropout_backward", e.dout, cache)}


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

MISTAKES: list[Mistake] = [
    Mistake(
        "affine db of all entries",
        "affine_backward",
        "dout.sum(axis=0)",
        "0 * dout[0] + dout.sum()",
        "db is one sum over all entries of dout; each b[m] gets the sum of its own column.",
    ),
    Mistake(
        "affine dx from x",
        "affine_backward",
        "(dout @ w.T).reshape(x.shape)",
        "(dout @ w.T).reshape(x.shape) * x",
        "dx is multiplied by x; the slope of x w in x is w alone.",
    ),
    Mistake(
        "relu leaks",
        "relu_forward",
        "x * (x > 0)",
        "np.where(x > 0, x, 0.01 * x)",
        "Negative numbers keep a hundredth of themselves: that is a leaky relu; they become 0.",
    ),
    Mistake(
        "relu leaks in dx",
        "relu_backward",
        "dout * (x > 0)",
        "np.where(x > 0, dout, 0.01 * dout)",
        "dx has a slope of 0.01 where x is negative: that is a leaky relu's; here it is 0.",
    ),
    Mistake(
        "softmax loss true class missing in dx",
        "softmax_loss",
        "(e / total - t) / N",
        "e / total / N",
        "dx is p alone; at the true class 1 must be subtracted from it.",
    ),
    Mistake(
        "softmax loss one subtracted after the division",
        "softmax_loss",
        "(e / total - t) / N",
        "e / total / N - t",
        "p is divided by the batch size and the 1 of the true class is not: divide after "
        "subtracting.",
    ),
    Mistake(
        "softmax loss one subtracted before the division",
        "softmax_loss",
        "(e / total - t) / N",
        "(e - t) / total / N",
        "The 1 of the true class is subtracted from the exponentials; subtract it from p.",
    ),
    Mistake(
        "softmax loss true class set to minus one",
        "softmax_loss",
        "(e / total - t) / N",
        "(e / total * (1 - t) - t) / N",
        "At the true class dx is -1; it is p - 1: subtract the 1, do not write over p.",
    ),
    Mistake(
        "softmax loss dx not normalised",
        "softmax_loss",
        "(e / total - t) / N",
        "(e - t) / N",
        "dx has the exponentials in place of p: they are not divided by their sum.",
    ),
    Mistake(
        "softmax loss one subtracted in every row",
        "softmax_loss",
        "(e / total - t) / N",
        "(e / total - (t.max(axis=0) > 0)) / N",
        "dx[:, y] touches every row; pair each row with its own label.",
    ),
    Mistake(
        "softmax loss of every label in every row",
        "softmax_loss",
        "-(t * (shifted - np.log(total))).sum() / N",
        "-((shifted - np.log(total)) * t.sum(axis=0)).sum() / N",
        "log p[:, y] picks every label in every row; pair each row with its own label.",
    ),
    Mistake(
        "softmax loss sum over everything",
        "softmax_loss",
        "e.sum(axis=1, keepdims=True)",
        "e.sum() + 0 * x[:, :1]",
        "The sum under p runs over the whole batch; it runs along each row.",
    ),
    Mistake(
        "softmax loss overflows in log p",
        "softmax_loss",
        "shifted = x - x.max(axis=1, keepdims=True)\n    e = np.exp(shifted)\n"
        "    total = e.sum(axis=1, keepdims=True)  # (N, 1)\n"
        "    loss = -(t * (shifted - np.log(total))).sum() / N\n    dx = (e / total - t) / N",
        "shifted = x - np.log(np.exp(x).sum(axis=1, keepdims=True))\n"
        "    loss = -(t * shifted).sum() / N\n    dx = (np.exp(shifted) - t) / N",
        "For large scores exp overflows; subtract the largest score of each row first.",
    ),
    Mistake(
        "softmax loss minus missing",
        "softmax_loss",
        "loss = -(t",
        "loss = (t",
        "The loss is the sum of log p and so negative; the minus is missing.",
    ),
    Mistake(
        "softmax loss not over the batch",
        "softmax_loss",
        "(t * (shifted - np.log(total))).sum() / N",
        "(t * (shifted - np.log(total))).sum()",
        "The loss is a sum over the batch and dx the gradient of the mean: divide the loss by N.",
    ),
    Mistake(
        "softmax loss over all classes",
        "softmax_loss",
        "-(t * (shifted - np.log(total))).sum() / N",
        "-(shifted - np.log(total)).sum() / N",
        "The loss adds up log p of every class; only that of the true class counts.",
    ),
    Mistake(
        "softmax loss log missing",
        "softmax_loss",
        "(t * (shifted - np.log(total))).sum() / N",
        "(t * e / total).sum() / N",
        "The loss is the mean of p; the logarithm is missing.",
    ),
    Mistake(
        "softmax loss shifted in one place",
        "softmax_loss",
        "(t * (shifted - np.log(total))).sum() / N",
        "(t * (x - np.log(total))).sum() / N",
        "The largest score is taken off inside the exponentials, but not off the true score.",
    ),
    Mistake(
        "softmax loss to base ten",
        "softmax_loss",
        "(t * (shifted - np.log(total))).sum() / N",
        "(t * (shifted - np.log(total))).sum() / N / np.log(10)",
        "The logarithm is to base 10; it is the natural one.",
    ),
    Mistake(
        "softmax loss divided by classes",
        "softmax_loss",
        "loss = -(t * (shifted - np.log(total))).sum() / N\n    dx = (e / total - t) / N",
        "loss = -(t * (shifted - np.log(total))).sum() / C\n    dx = (e / total - t) / C",
        "Loss and gradient are divided by the number of classes; divide by the batch size N.",
    ),
    Mistake(
        "svm summed",
        "svm_loss",
        "loss = (margins * above).sum() / N",
        "loss, N = (margins * above).sum(), 1",
        "Loss and gradient are summed over the batch; take the mean.",
    ),
    Mistake(
        "svm loss not over the batch",
        "svm_loss",
        "(margins * above).sum() / N",
        "(margins * above).sum()",
        "The loss is a sum over the batch; divide it by N, as the gradient is.",
    ),
    Mistake(
        "svm true class counted in the loss",
        "svm_loss",
        "(margins * above).sum() / N",
        "(margins * above).sum() / N + 1",
        "The true class counts as its own rival in the loss: its margin of 1 must be left out.",
    ),
    Mistake(
        "svm true class counted in dx",
        "svm_loss",
        "-= above.sum(axis=1)",
        "-= above.sum(axis=1) + 1",
        "The true class is pushed once too often: its own margin of 1 is counted as a rival's.",
    ),
    Mistake(
        "svm every rival pushed",
        "svm_loss",
        "push = 0 * x + above",
        "above[:] = True\n    above[n, y] = False\n    push = 0 * x + above",
        "Every rival gets a gradient; only those whose margin is above 0 do.",
    ),
    Mistake(
        "svm true class pushed for every rival",
        "svm_loss",
        "-= above.sum(axis=1)",
        "-= x.shape[1] - 1",
        "The true class is pushed once for every rival; only margins above 0 push.",
    ),
    Mistake(
        "svm true class pushed up",
        "svm_loss",
        "push[n, y] -=",
        "push[n, y] +=",
        "The gradient of the true score has the wrong sign: each margin above 0 subtracts it.",
    ),
    Mistake(
        "svm without the max",
        "svm_loss",
        "above = margins > 0",
        "above = margins > -np.inf",
        "Every margin counts, those below 0 too: the max with 0 is missing.",
    ),
    Mistake(
        "svm dx of the margins",
        "svm_loss",
        "push[n, y] -= above.sum(axis=1)\n    return loss, push / N",
        "push = margins * above\n    push[n, y] -= push.sum(axis=1)\n    return loss, push / N",
        "The gradient adds up the margins; each margin above 0 counts as 1, whatever its size.",
    ),
    Mistake(
        "svm loss over the classes too",
        "svm_loss",
        "(margins * above).sum() / N",
        "(margins * above).mean()",
        "The loss is a mean over the classes too; divide the sum by the batch size alone.",
    ),
    Mistake(
        "svm negative margins counted",
        "svm_loss",
        "(margins * above).sum() / N",
        "(margins.sum() - N) / N",
        "Margins below 0 count as well: the max with 0 is missing.",
    ),
    Mistake(
        "svm squared hinge",
        "svm_loss",
        "push[n, y] -= above.sum(axis=1)\n    return loss, push / N",
        "loss, push = (margins * margins * above).sum() / N, 2 * margins * above\n"
        "    push[n, y] -= push.sum(axis=1)\n    return loss, push / N",
        "Loss and gradient are those of the squared hinge; here the margins are not squared.",
    ),
    Mistake(
        "dropout left to evaluation",
        "dropout_forward",
        'return x.copy(), ("test", None)\n'
        '    seeded = np.random.default_rng(dropout_param.get("seed"))\n'
        "    out, cache = _dropout_forward(x, drop, mask, seeded)",
        'return x * (1 - drop), ("test", None)\n    out, cache = x * mask, (mask, 0.0, x.shape)',
        "x is scaled in evaluation, in place of in training; inverted dropout divides in training.",
    ),
    Mistake(
        "dropout scales in evaluation",
        "dropout_forward",
        "return x.copy()",
        "return x * (1 - drop)",
        "In evaluation x is multiplied by the chance to keep; training has seen to that already.",
    ),
    Mistake(
        "dropout divides in evaluation",
        "dropout_forward",
        "return x.copy()",
        "return x / (1 - drop)",
        "In evaluation x is divided by the chance to keep; there, x stays as it is.",
    ),
    Mistake(
        "dropout drops in evaluation",
        "dropout_forward",
        'return x.copy(), ("test", None)',
        "return _dropout_forward(x, drop, mask)",
        "Numbers are dropped in evaluation too; there, x stays as it is.",
    ),
    Mistake(
        "dropout keeps what it should drop",
        "_kept",
        'p if p_is == "keep" else 1 - p',
        '1 - p if p_is == "keep" else p',
        "The share of numbers kept is the share to be dropped: p is taken the other way round.",
    ),
    Mistake(
        "dropout mask from normal draws",
        "_kept",
        'keep = p if p_is == "keep" else 1 - p',
        "keep = np.mean(np.random.default_rng(0).normal(size=10000) < p)",
        "The mask comes from normal draws, of which another share lies below p; draw uniform ones.",
    ),
    Mistake(
        "dropout half of everything",
        "_kept",
        'keep = p if p_is == "keep" else 1 - p',
        "keep = 0.5",
        "Half of the numbers are dropped, whatever p says.",
    ),
    Mistake(
        "dropout nothing dropped",
        "_kept",
        'keep = p if p_is == "keep" else 1 - p',
        "return Between(np.array([1, 0, 0]), np.array([1, 1, 1]))",
        "No number is dropped in training.",
    ),
    Mistake(
        "dropout one mask for all examples",
        "_kept",
        "return Between(np.array([keep - room, 0.6, 0.6]), np.array([keep + room, 1, 1]))",
        "return Between(np.array([0, 0, 0]), np.array([1, 0.06, 0.1]))",
        "All examples lose the same numbers; the mask must have the shape of x.",
    ),
    Mistake(
        "dropout whole examples dropped",
        "_kept",
        "return Between(np.array([keep - room, 0.6, 0.6]), np.array([keep + room, 1, 1]))",
        "return Between(np.array([0, 0.08, 0]), np.array([1, 0.1, 0.06]))",
        "A whole example is dropped or kept; the mask must have the shape of x.",
    ),
]
