"""BatchNorm1d, BatchNorm2d, Dropout and Dropout2d."""

import numpy as np

from manual.batchnorm import batchnorm_backward, batchnorm_forward
from manual.dropout import dropout_backward, dropout_forward
from reference.grading.courses.mytorch.asking import backward, fill, parts, put, without
from reference.grading.recipe import Between, Problem


class BatchNorm1d:
    """BZ = BW NZ + Bb, with NZ = (Z - M) / sqrt(V + eps), M and V over the batch, V with 1/N.

    Keeps BW, Bb, running_M and running_V, all (1, C), and after a backward dLdBW and dLdBb.
    """

    def __init__(self, num_features, alpha=0.9):
        """alpha: the share of the old in the running statistics, which start at 0 and 1."""
        self.alpha, self.eps = alpha, 1e-8
        self.BW, self.Bb = np.ones((1, num_features)), np.zeros((1, num_features))
        self.running_M, self.running_V = np.zeros((1, num_features)), np.ones((1, num_features))

    def forward(self, Z, eval=False):
        """Z: (N, C). In evaluation the running statistics serve, and stay. Returns BZ (N, C)."""
        M, V = Z.mean(axis=0), Z.var(axis=0)
        running = (self.running_M[0], self.running_V[0]) if eval else None
        if not eval:
            self.running_M = self.alpha * self.running_M + (1 - self.alpha) * M
            self.running_V = self.alpha * self.running_V + (1 - self.alpha) * V
        BZ, self.cache = batchnorm_forward(Z, self.BW[0], self.Bb[0], running, self.eps)
        return BZ

    def backward(self, dLdBZ):
        """After a forward in training. Keeps dLdBW and dLdBb (1, C); returns dLdZ (N, C)."""
        dLdZ, dLdBW, dLdBb = batchnorm_backward(dLdBZ, self.cache)
        self.dLdBW, self.dLdBb = dLdBW[None], dLdBb[None]
        return dLdZ


class BatchNorm2d:
    """BatchNorm1d for images: M and V go over the batch and the pixels; all is (1, C, 1, 1)."""

    def __init__(self, num_features, alpha=0.9):
        """alpha: the share of the old in the running statistics, which start at 0 and 1."""
        shape = (1, num_features, 1, 1)
        self.alpha, self.eps = alpha, 1e-8
        self.BW, self.Bb = np.ones(shape), np.zeros(shape)
        self.running_M, self.running_V = np.zeros(shape), np.ones(shape)

    def forward(self, Z, eval=False):
        """Z: (N, C, H, W). Returns BZ like it."""
        M = Z.mean(axis=(0, 2, 3), keepdims=True)
        V = Z.var(axis=(0, 2, 3), keepdims=True)
        running = (self.running_M.ravel(), self.running_V.ravel()) if eval else None
        if not eval:
            self.running_M = self.alpha * self.running_M + (1 - self.alpha) * M
            self.running_V = self.alpha * self.running_V + (1 - self.alpha) * V
        weights = self.BW.ravel(), self.Bb.ravel()
        BZ, self.cache = batchnorm_forward(Z, *weights, running, self.eps)
        return BZ

    def backward(self, dLdBZ):
        """Keeps dLdBW and dLdBb (1, C, 1, 1); returns dLdZ (N, C, H, W)."""
        dLdZ, dLdBW, dLdBb = batchnorm_backward(dLdBZ, self.cache)
        self.dLdBW, self.dLdBb = dLdBW.reshape(self.BW.shape), dLdBb.reshape(self.Bb.shape)
        return dLdZ


class Dropout:
    """Each number is dropped with chance p in training; the rest is divided by 1 - p."""

    def __init__(self, p=0.5):
        """p: the chance to drop."""
        self.p = p

    def forward(self, x, train=True, *, mask=None):
        """x: any shape. Returns it with the mask on in training, else x as it is."""
        out, self.cache = dropout_forward(x, self.p, mask if train else None)
        return out

    def backward(self, delta):
        """After a forward in training. Returns dx."""
        return dropout_backward(delta, self.cache)


class Dropout2d:
    """Dropout of whole channels: a channel of an image stays whole or goes whole."""

    def __init__(self, p=0.5):
        """p: the chance to drop."""
        self.p = p

    def forward(self, x, eval=False, *, mask=None):
        """x: (N, C, H, W). Returns it with the mask on in training, else x as it is."""
        if mask is not None:
            mask = mask.any(axis=(2, 3), keepdims=True)
        out, self.cache = dropout_forward(x, self.p, None if eval else mask)
        return out

    def backward(self, delta):
        """After a forward in training. Returns dx."""
        return dropout_backward(delta, self.cache)


FUNCTIONS = {
    "BatchNorm1d": BatchNorm1d,
    "BatchNorm2d": BatchNorm2d,
    "Dropout": Dropout,
    "Dropout2d": Dropout2d,
}


# What is drawn --------------------------------------------------------------------------------


def _batchnorm(dice, *pixels):
    N, C = dice.sizes(2)
    N, C = (3 - len(pixels) // 2, 1) if dice.small else (N if N > 2 else 7, C)
    Z = dice.array(N, C, *pixels)
    if not dice.small:
        Z[:, 0] *= 1e-5  # a variance that eps is not small beside
    arrays = {"Z": Z, "BW": dice.array(C), "Bb": dice.array(C), "dLdBZ": dice.array(*Z.shape)}
    running = {"running_M": dice.array(C), "running_V": dice.positive(C)}
    if not dice.small:
        running["running_V"][0] *= 1e-8
    return arrays | running | {"alpha": dice.pick(0.9, 0.75, 0.4), "eval": dice.k in (1, 4, 7)}


def _batchnorm2d(dice):
    return _batchnorm(dice, *((1, 2) if dice.small else dice.pick((2, 3), (3, 2), (4, 2))))


def _dropout(dice):
    x = dice.array(2, 3) if dice.small else dice.array(20, 31)
    return _chances(dice, x)


def _dropout2d(dice):
    x = dice.array(1, 3, 1, 2) if dice.small else dice.array(15, 17, 2, 3)
    return _chances(dice, x)


def _chances(dice, x):
    p = dice.pick(0.3, 0.7, 0.2, 0.75)
    return {"x": x, "p": p, "train": dice.k % 4 != 3, "delta": dice.array(*x.shape)}


# What is asked --------------------------------------------------------------------------------


def _normed(name):
    def make(do, e):
        norm = do(name, e.BW.size, e.alpha)
        fill(do, norm, BW=e.BW, Bb=e.Bb, running_M=e.running_M, running_V=e.running_V)
        return norm

    return make


def _batchnorm_forward(name):
    def recipe(do, e):
        norm = _normed(name)(do, e)
        BZ = do.method(norm, "forward", e.Z, **({"eval": True} if e.eval else {}))
        return _with_running(do, norm, BZ, "running_M", "running_V")

    return recipe


def _with_running(do, norm, BZ, mean, var):
    return {"BZ": BZ, "running_M": do.get(norm, mean), "running_V": do.get(norm, var)}


def _old(do, e):
    """2021 and before: BatchNorm, with gamma and beta."""
    norm = do("BatchNorm1d", e.BW.size, e.alpha)
    row = (1, e.BW.size)
    put(do, norm, gamma=e.BW.reshape(row), beta=e.Bb.reshape(row))
    put(do, norm, running_mean=e.running_M.reshape(row), running_var=e.running_V.reshape(row))
    return norm


def _old_forward(do, e):
    norm = _old(do, e)
    BZ = do.method(norm, "forward", e.Z, **({"eval": True} if e.eval else {}))
    return _with_running(do, norm, BZ, "running_mean", "running_var")


def _masked(do, e, out):
    """What chance has dropped, as seen in the student's output."""
    if not do.ours:
        return {}
    seen = isinstance(out, np.ndarray) and out.shape == e.x.shape
    if seen and out.size >= 100 and not out.any():
        raise ValueError("all is dropped: any gradient is right where it is zero")
    return {"mask": out != 0 if seen else np.ones(e.x.shape, bool)}


def _dropped(name, off, axes):
    """off: the words that turn dropout off."""

    def recipe(do, e):
        mask = _masked(do, e, e.given["out"]) if do.ours else {}
        words = {} if e.train else off
        out = do.method(do(name, e.p), "forward", e.x, **words, **mask)
        if not do.ours or e.x.size < 100 or not e.train:
            return {"out": out}
        together = np.prod([e.x.shape[axis] for axis in axes], dtype=int)
        room = 5 * np.sqrt(e.p * (1 - e.p) * together / e.x.size)  # five standard deviations
        return {"out": out, "share kept": Between(1 - e.p - room, 1 - e.p + room)}

    return recipe


def _dropped_back(name):
    def recipe(do, e):
        mask = _masked(do, e, e.given["_out"]) if do.ours else {}
        thing = do(name, e.p)
        out = do.method(thing, "forward", e.x, **mask)
        return {"_out": out, "dx": do.method(thing, "backward", e.delta)}

    return recipe


def _share(axes):
    """The share of numbers, or of channels, that the student's dropout kept."""

    def derive(e, theirs):
        out = theirs["out"]
        if not isinstance(out, np.ndarray) or out.shape != e.x.shape:
            return {}
        if e.x.size < 100 or not e.train:
            return {}
        return {"share kept": np.asarray((out != 0).any(axis=axes).mean())}

    return derive


def _training(draw):
    return lambda dice: draw(dice) | {"train": True}


_NORM_GRADS = {"dLdBW": ("dLdBW",), "dLdBb": ("dLdBb",)}
_OLD_GRADS = {"dLdBW": ("dgamma",), "dLdBb": ("dbeta",)}


def _gradients(make, grads=_NORM_GRADS):
    return backward(make, "dLdZ", grads, "Z", "dLdBZ")


def _fewer(make):
    return parts(make, "dLdZ", _NORM_GRADS, "Z", "dLdBZ")


def _norm_problems(name, draw, also=(), forwards=(), backwards=()):
    made = _normed(name)
    return [
        Problem(
            f"{name}.forward",
            without(draw, "dLdBZ"),
            _batchnorm_forward(name),
            (name, f"{name}.forward"),
            others=forwards,
            also=also,
        ),
        Problem(
            f"{name}.backward",
            draw,
            _gradients(made),
            (name, f"{name}.backward"),
            others=(*backwards, *_fewer(made)),
            also=also,
            forward=f"{name}.forward",
        ),
    ]


def _dropout_problems(name, draw, axes):
    on, off = {"train": False}, {"eval": True}
    first, second = (on, off) if name == "Dropout" else (off, on)
    return [
        Problem(
            f"{name}.forward",
            without(draw, "delta"),
            _dropped(name, first, axes),
            (name, f"{name}.forward"),
            others=(_dropped(name, second, axes),),
            given=("out",),
            derive=_share(axes),
        ),
        Problem(
            f"{name}.backward",
            _training(draw),
            _dropped_back(name),
            (name, f"{name}.backward"),
            given=("_out",),
            forward=f"{name}.forward",
        ),
    ]


PROBLEMS = [
    *_norm_problems(
        "BatchNorm1d",
        _batchnorm,
        ("BatchNorm",),
        (_old_forward,),
        (_gradients(_old, _OLD_GRADS),),
    ),
    *_norm_problems("BatchNorm2d", _batchnorm2d),
    *_dropout_problems("Dropout", _dropout, ()),
    *_dropout_problems("Dropout2d", _dropout2d, (2, 3)),
]
