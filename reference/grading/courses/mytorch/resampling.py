"""Upsample, Downsample and pooling: of sequences (1d) and of images (2d)."""

import numpy as np

from manual.pooling import (
    avg_pool2d_backward,
    avg_pool2d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)
from reference.grading.courses.mytorch.asking import backward, forward, without
from reference.grading.recipe import Between, Problem


class Upsample1d:
    """Puts upsampling_factor - 1 zeros between any two neighbours; none at the ends."""

    def __init__(self, upsampling_factor):
        """upsampling_factor: 1 or more; 1 changes nothing."""
        self.upsampling_factor = upsampling_factor

    def forward(self, A):
        """A: (N, C, W). Returns Z (N, C, k (W - 1) + 1)."""
        k = self.upsampling_factor
        Z = np.zeros((*A.shape[:2], k * (A.shape[2] - 1) + 1))
        Z[:, :, ::k] = A
        return Z

    def backward(self, dLdZ):
        """Returns dLdA (N, C, W)."""
        k = self.upsampling_factor
        return dLdZ[:, :, ::k]


class Downsample1d:
    """Keeps the first of every downsampling_factor numbers."""

    def __init__(self, downsampling_factor):
        """downsampling_factor: 1 or more; 1 changes nothing."""
        self.downsampling_factor = downsampling_factor

    def forward(self, A):
        """A: (N, C, W). Returns Z (N, C, (W - 1) // k + 1)."""
        k, self.shape = self.downsampling_factor, A.shape
        return A[:, :, ::k]

    def backward(self, dLdZ):
        """Zeros where a number was left out. Returns dLdA, of the shape of A."""
        k, dLdA = self.downsampling_factor, np.zeros(self.shape)
        dLdA[:, :, ::k] = dLdZ
        return dLdA


class Upsample2d:
    """Upsample1d along both axes of an image."""

    def __init__(self, upsampling_factor):
        """upsampling_factor: 1 or more; 1 changes nothing."""
        self.upsampling_factor = upsampling_factor

    def forward(self, A):
        """A: (N, C, H, W). Returns Z (N, C, k (H - 1) + 1, k (W - 1) + 1)."""
        k = self.upsampling_factor
        Z = np.zeros((*A.shape[:2], k * (A.shape[2] - 1) + 1, k * (A.shape[3] - 1) + 1))
        Z[:, :, ::k, ::k] = A
        return Z

    def backward(self, dLdZ):
        """Returns dLdA (N, C, H, W)."""
        k = self.upsampling_factor
        return dLdZ[:, :, ::k, ::k]


class Downsample2d:
    """Downsample1d along both axes of an image."""

    def __init__(self, downsampling_factor):
        """downsampling_factor: 1 or more; 1 changes nothing."""
        self.downsampling_factor = downsampling_factor

    def forward(self, A):
        """A: (N, C, H, W). Returns Z (N, C, (H - 1) // k + 1, (W - 1) // k + 1)."""
        k, self.shape = self.downsampling_factor, A.shape
        return A[:, :, ::k, ::k]

    def backward(self, dLdZ):
        """Zeros where a number was left out. Returns dLdA, of the shape of A."""
        k, dLdA = self.downsampling_factor, np.zeros(self.shape)
        dLdA[:, :, ::k, ::k] = dLdZ
        return dLdA


class MaxPool2d_stride1:  # noqa: N801
    """The largest number of every kernel x kernel window."""

    def __init__(self, kernel):
        """kernel: the width of the square window."""
        self.kernel = kernel

    def forward(self, A):
        """A: (N, C, H, W). Returns Z (N, C, H - kernel + 1, W - kernel + 1)."""
        Z, self.cache = max_pool2d_forward(A, self.kernel, 1)
        return Z

    def backward(self, dLdZ):
        """The largest of each window gets its gradient; it adds up. Returns dLdA."""
        return max_pool2d_backward(dLdZ, self.cache)


class MeanPool2d_stride1:  # noqa: N801
    """The mean of every kernel x kernel window."""

    def __init__(self, kernel):
        """kernel: the width of the square window."""
        self.kernel = kernel

    def forward(self, A):
        """A: (N, C, H, W). Returns Z (N, C, H - kernel + 1, W - kernel + 1)."""
        Z, self.cache = avg_pool2d_forward(A, self.kernel, 1)
        return Z

    def backward(self, dLdZ):
        """Returns dLdA, of the shape of A."""
        return avg_pool2d_backward(dLdZ, self.cache)


class MaxPool2d:
    """MaxPool2d_stride1, as maxpool2d_stride1, then Downsample2d, as downsample2d."""

    def __init__(self, kernel, stride):
        """stride: how far the windows lie apart."""
        self.kernel, self.stride = kernel, stride
        self.maxpool2d_stride1 = MaxPool2d_stride1(kernel)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        """A: (N, C, H, W). Returns Z (N, C, (H - kernel) // stride + 1, ...)."""
        return self.downsample2d.forward(self.maxpool2d_stride1.forward(A))

    def backward(self, dLdZ):
        """Returns dLdA, of the shape of A."""
        return self.maxpool2d_stride1.backward(self.downsample2d.backward(dLdZ))


class MeanPool2d:
    """MeanPool2d_stride1, as meanpool2d_stride1, then Downsample2d, as downsample2d."""

    def __init__(self, kernel, stride):
        """stride: how far the windows lie apart."""
        self.kernel, self.stride = kernel, stride
        self.meanpool2d_stride1 = MeanPool2d_stride1(kernel)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        """A: (N, C, H, W). Returns Z (N, C, (H - kernel) // stride + 1, ...)."""
        return self.downsample2d.forward(self.meanpool2d_stride1.forward(A))

    def backward(self, dLdZ):
        """Returns dLdA, of the shape of A."""
        return self.meanpool2d_stride1.backward(self.downsample2d.backward(dLdZ))


_RESAMPLING = (Upsample1d, Downsample1d, Upsample2d, Downsample2d)
_POOLING = (MaxPool2d_stride1, MeanPool2d_stride1, MaxPool2d, MeanPool2d)
FUNCTIONS = {each.__name__: each for each in (*_RESAMPLING, *_POOLING)}


# What is drawn --------------------------------------------------------------------------------


def _sizes(dice, axes, least=1):
    """N, C and so many sizes of an image."""
    N, C, *pixels = dice.sizes(2 + axes)
    if dice.small:
        return 1 + (dice.k == 1), 1, *(max(least, size) for size in pixels[1:]), max(least, 3)
    return N, min(C, 3), *(max(least, size + 1) for size in pixels)


def factor(dice):
    """A stride, or a factor of resampling: 1 in every fifth example, else 2 or 3."""
    return 1 if dice.k % 5 == 4 else dice.pick(2, 3)


def rest_left(dice, pixels, stride, kernel=1):
    """The sizes of an image. Of W places with stride 1 a stride s keeps (W - 1) // s + 1.

    In every other example a place or two are left over behind the last one kept; in the others W is
    no multiple of s.
    """
    if stride == 1:
        return pixels
    return [n + ((n - kernel + 1 - dice.k % 2) % stride == 0) for n in pixels]


def _upsampled(axes):
    def draw(dice):
        N, C, *pixels = _sizes(dice, axes)
        k = factor(dice)
        size = (k * (n - 1) + 1 for n in pixels)
        return {"A": dice.array(N, C, *pixels), "k": k, "dLdZ": dice.array(N, C, *size)}

    return draw


def _downsampled(axes):
    def draw(dice):
        k = factor(dice)
        N, C, *pixels = _sizes(dice, axes)
        pixels = rest_left(dice, pixels, k)
        size = ((n - 1) // k + 1 for n in pixels)
        return {"A": dice.array(N, C, *pixels), "k": k, "dLdZ": dice.array(N, C, *size)}

    return draw


def _pooled(strided):
    def draw(dice):
        stride = factor(dice) if strided else 1
        kernel = dice.pick(2, 1) if dice.small else dice.pick(2, 3)
        N, C, *pixels = _sizes(dice, 2, kernel)
        pixels = rest_left(dice, pixels, stride, kernel)
        A = dice.array(N, C, *pixels)
        if dice.corner:
            A = dice.integers(0, 3, A.shape).astype(float)
        size = ((n - kernel) // stride + 1 for n in pixels)
        arrays = {"A": A, "kernel": kernel, "dLdZ": dice.array(N, C, *size)}
        return arrays | ({"stride": stride} if strided else {}) | {"corner": dice.corner}

    return draw


# What is asked --------------------------------------------------------------------------------


def _resampler(name):
    return lambda do, e: do(name, e.k)


def _pool(name):
    def make(do, e):
        return do(name, e.kernel, *([e.stride] if hasattr(e, "stride") else []))

    return make


def _max_backward(name):
    """At a tie the winners may share the gradient as they like."""
    asked = backward(_pool(name))

    def recipe(do, e):
        outputs = asked(do, e)
        if not (do.ours and e.corner):
            return outputs
        sure, low, high = (np.zeros(e.A.shape) for _ in range(3))
        stride = getattr(e, "stride", 1)
        for (n, c, i, j), d in np.ndenumerate(e.dLdZ):
            rows, columns = (slice(k * stride, k * stride + e.kernel) for k in (i, j))
            window = e.A[n, c, rows, columns]
            best = window == window.max()
            alone = best.sum() == 1
            sure[n, c, rows, columns] += d * best * alone
            low[n, c, rows, columns] += min(d, 0) * best * (not alone)
            high[n, c, rows, columns] += max(d, 0) * best * (not alone)
        return {"dLdA": Between(sure + low, sure + high)}

    return recipe


def _unseen(draw):
    """The same without the numbers of A, which most backwards do not look at."""

    def drawn(dice):
        found = draw(dice)
        return found | ({"A": np.zeros_like(found["A"])} if dice.small else {})

    return drawn


def _both(name, draw, make, asked=None):
    return [
        Problem(f"{name}.forward", without(draw, "dLdZ"), forward(make), (name, f"{name}.forward")),
        Problem(
            f"{name}.backward",
            draw if asked else _unseen(draw),
            asked or backward(make),
            (name, f"{name}.backward"),
            forward=f"{name}.forward",
        ),
    ]


PROBLEMS = [
    *_both("Upsample1d", _upsampled(1), _resampler("Upsample1d")),
    *_both("Downsample1d", _downsampled(1), _resampler("Downsample1d")),
    *_both("Upsample2d", _upsampled(2), _resampler("Upsample2d")),
    *_both("Downsample2d", _downsampled(2), _resampler("Downsample2d")),
    *_both(
        "MaxPool2d_stride1",
        _pooled(False),
        _pool("MaxPool2d_stride1"),
        _max_backward("MaxPool2d_stride1"),
    ),
    *_both("MeanPool2d_stride1", _pooled(False), _pool("MeanPool2d_stride1")),
    *_both("MaxPool2d", _pooled(True), _pool("MaxPool2d"), _max_backward("MaxPool2d")),
    *_both("MeanPool2d", _pooled(True), _pool("MeanPool2d")),
]
