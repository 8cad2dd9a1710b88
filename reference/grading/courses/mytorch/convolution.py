"""Conv1d and Conv2d, the steps they are made of, and the transposed ones."""

import numpy as np

from manual.convolution import conv1d_backward, conv1d_forward, conv2d_backward, conv2d_forward
from reference.grading.courses.mytorch.asking import (
    Path,
    backward,
    forward,
    initial,
    parts,
    put,
    without,
)
from reference.grading.courses.mytorch.resampling import (
    Downsample1d,
    Downsample2d,
    Upsample1d,
    Upsample2d,
    factor,
    rest_left,
)
from reference.grading.recipe import Problem


class Conv1d_stride1:  # noqa: N801
    """A convolution (not flipped) with stride 1. Keeps W (out, in, K), b (out,), dLdW and dLdb."""

    def __init__(
        self, in_channels, out_channels, kernel_size, weight_init_fn=None, bias_init_fn=None
    ):
        """The init functions are given the shape; without them W is drawn and b is 0."""
        self.W = np.zeros((out_channels, in_channels, kernel_size))
        self.b = np.zeros(out_channels)

    def forward(self, A):
        """A: (N, in, W). Returns Z (N, out, W - K + 1)."""
        Z, self.cache = conv1d_forward(A, self.W, self.b)
        return Z

    def backward(self, dLdZ):
        """Keeps dLdW (out, in, K) and dLdb (out,); returns dLdA (N, in, W)."""
        dLdA, self.dLdW, self.dLdb = conv1d_backward(dLdZ, self.cache)
        return dLdA


class Conv1d:
    """Padding, then Conv1d_stride1 as conv1d_stride1, then Downsample1d as downsample1d."""

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding=0,
        weight_init_fn=None,
        bias_init_fn=None,
    ):
        """The weights are those of conv1d_stride1."""
        self.stride, self.pad = stride, padding
        self.conv1d_stride1 = Conv1d_stride1(in_channels, out_channels, kernel_size)
        self.downsample1d = Downsample1d(stride)

    def forward(self, A):
        """A: (N, in, W). Returns Z (N, out, (W + 2 padding - K) // stride + 1)."""
        A = np.pad(A, ((0, 0), (0, 0), (self.pad, self.pad)))
        return self.downsample1d.forward(self.conv1d_stride1.forward(A))

    def backward(self, dLdZ):
        """Returns dLdA (N, in, W), without the padding."""
        dLdA = self.conv1d_stride1.backward(self.downsample1d.backward(dLdZ))
        return dLdA[:, :, self.pad : dLdA.shape[2] - self.pad]


class Conv2d_stride1:  # noqa: N801
    """Conv1d_stride1 for images. Keeps W (out, in, K, K), b (out,), dLdW and dLdb."""

    def __init__(
        self, in_channels, out_channels, kernel_size, weight_init_fn=None, bias_init_fn=None
    ):
        """The init functions are given the shape; without them W is drawn and b is 0."""
        self.W = np.zeros((out_channels, in_channels, kernel_size, kernel_size))
        self.b = np.zeros(out_channels)

    def forward(self, A):
        """A: (N, in, H, W). Returns Z (N, out, H - K + 1, W - K + 1)."""
        Z, self.cache = conv2d_forward(A, self.W, self.b)
        return Z

    def backward(self, dLdZ):
        """Keeps dLdW (out, in, K, K) and dLdb (out,); returns dLdA (N, in, H, W)."""
        dLdA, self.dLdW, self.dLdb = conv2d_backward(dLdZ, self.cache)
        return dLdA


class Conv2d:
    """Padding, then Conv2d_stride1 as conv2d_stride1, then Downsample2d as downsample2d."""

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding=0,
        weight_init_fn=None,
        bias_init_fn=None,
    ):
        """The weights are those of conv2d_stride1."""
        self.stride, self.pad = stride, padding
        self.conv2d_stride1 = Conv2d_stride1(in_channels, out_channels, kernel_size)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        """A: (N, in, H, W). Returns Z (N, out, (H + 2 padding - K) // stride + 1, ...)."""
        A = np.pad(A, ((0, 0), (0, 0), (self.pad, self.pad), (self.pad, self.pad)))
        return self.downsample2d.forward(self.conv2d_stride1.forward(A))

    def backward(self, dLdZ):
        """Returns dLdA (N, in, H, W), without the padding."""
        dLdA = self.conv2d_stride1.backward(self.downsample2d.backward(dLdZ))
        rows, columns = (slice(self.pad, n - self.pad) for n in dLdA.shape[2:])
        return dLdA[:, :, rows, columns]


class ConvTranspose1d:
    """Upsample1d as upsample1d, then Conv1d_stride1 as conv1d_stride1."""

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        upsampling_factor,
        weight_init_fn=None,
        bias_init_fn=None,
    ):
        """The weights are those of conv1d_stride1."""
        self.upsample1d = Upsample1d(upsampling_factor)
        self.conv1d_stride1 = Conv1d_stride1(in_channels, out_channels, kernel_size)

    def forward(self, A):
        """A: (N, in, W). Returns Z (N, out, k (W - 1) + 1 - K + 1), k the upsampling factor."""
        return self.conv1d_stride1.forward(self.upsample1d.forward(A))

    def backward(self, dLdZ):
        """Returns dLdA (N, in, W)."""
        return self.upsample1d.backward(self.conv1d_stride1.backward(dLdZ))


class ConvTranspose2d:
    """Upsample2d as upsample2d, then Conv2d_stride1 as conv2d_stride1."""

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        upsampling_factor,
        weight_init_fn=None,
        bias_init_fn=None,
    ):
        """The weights are those of conv2d_stride1."""
        self.upsample2d = Upsample2d(upsampling_factor)
        self.conv2d_stride1 = Conv2d_stride1(in_channels, out_channels, kernel_size)

    def forward(self, A):
        """A: (N, in, H, W). Returns Z (N, out, k (H - 1) + 1 - K + 1, ...)."""
        return self.conv2d_stride1.forward(self.upsample2d.forward(A))

    def backward(self, dLdZ):
        """Returns dLdA (N, in, H, W)."""
        return self.upsample2d.backward(self.conv2d_stride1.backward(dLdZ))


_ALL = (Conv1d_stride1, Conv1d, Conv2d_stride1, Conv2d, ConvTranspose1d, ConvTranspose2d)
FUNCTIONS = {each.__name__: each for each in _ALL}


# What is drawn --------------------------------------------------------------------------------


# N, C, F, K and the sizes of the small examples.
_FEW = {
    1: ((1, 2, 1, 2, 3), (2, 1, 1, 2, 2), (1, 1, 2, 1, 2)),
    2: ((1, 1, 1, 2, 2, 2), (2, 1, 1, 1, 1, 2), (1, 1, 1, 2, 2, 3)),
}


def _convolved(axes, kind):
    """kind: "stride1", "strided" or "transposed"."""

    def draw(dice):
        if dice.small:
            N, C, F, K, *pixels = _FEW[axes][dice.k]
        else:
            N, C, F, *pixels = dice.sizes(3 + axes)
            N, C, F, K = min(N, 3), min(C, 4), min(F, 4), dice.pick(2, 3)
            F = F if F != C else C + 1
            pixels = [n + K - 1 for n in pixels]
        options = {}
        if kind == "strided":
            stride, padding = factor(dice), dice.pick(1, 2) if dice.k % 3 else 0
            pixels = rest_left(dice, pixels, stride, K - 2 * padding)
            options = {"stride": stride, "padding": padding}
            out = [(n + 2 * padding - K) // stride + 1 for n in pixels]
        elif kind == "transposed":
            options = {"k": dice.pick(2, 3)}
            out = [options["k"] * (n - 1) + 2 - K for n in pixels]
        else:
            out = [n - K + 1 for n in pixels]
        arrays = {"A": dice.array(N, C, *pixels), "W": dice.array(F, C, *[K] * axes)}
        b = dice.array(F) if dice.k or axes == 1 else np.zeros(F)
        return arrays | {"b": b, "dLdZ": dice.array(N, F, *out)} | options

    return draw


# What is asked --------------------------------------------------------------------------------


def _direct(name):
    """The classes with stride 1, which hold the weights themselves."""

    def make(do, e):
        F, C, K = e.W.shape[:3]
        conv = do(name, C, F, K)
        put(do, conv, W=e.W, b=e.b)
        return conv

    return make


def _indirect(name, inner):
    """The others, whose weights are those of the inner object."""

    def make(do, e):
        F, C, K = e.W.shape[:3]
        options = {"padding": e.padding} if hasattr(e, "padding") else {}
        conv = do(name, C, F, K, e.stride if hasattr(e, "stride") else e.k, **options)
        put(do, do.get(conv, inner), W=e.W, b=e.b)
        return conv

    return make


def _padded(e):
    """The same with the padding in A, for the years in which there was no such option."""
    edges = [(0, 0), (0, 0)] + [(e.padding, e.padding)] * (e.A.ndim - 2)
    return type(e)(**(vars(e) | {"A": np.pad(e.A, edges)}))


def _early(name):
    """2022 and before: no padding, and in its place the functions that give the weights."""

    def make(do, e):
        F, C, K = e.W.shape[:3]
        return do(name, C, F, K, e.stride, initial(do, e.W), initial(do, e.b))

    return make


def _grads(*path: str) -> dict[str, Path]:
    return {"dLdW": (*path, "dLdW"), "dLdb": (*path, "dLdb")}


def _strided_backward(make, grads):
    """Where the padding is ours, their dLdA is that of the padded input."""
    asked = backward(make, grads=grads)

    def recipe(do, e):
        if do.ours and e.given["_padded"] is not None:
            return asked(do, type(e)(**(vars(_padded(e)) | {"padding": 0})))
        return asked(do, e)

    return recipe


def _on_padded(recipe, **more):
    """A recipe on the padded input, for theirs alone."""

    def asked(do, e):
        outputs = recipe(do, _padded(e))
        return outputs | {name: do.value(value) for name, value in more.items()}

    return asked


def _problems(name, draw, inner="", also=()):
    make = _indirect(name, inner) if inner else _direct(name)
    grads = _grads(inner) if inner else _grads()
    asked, forwards, backwards, given = backward(make, grads=grads), (), (), ()
    if also:
        early = _early(name)
        old: dict[str, Path] = {"dLdW": ("dW",), "dLdb": ("db",)}  # 2021: no inner object
        asked, given = _strided_backward(make, grads), ("_padded",)
        forwards = (_on_padded(forward(early)),)
        backwards = tuple(
            _on_padded(backward(early, grads=each), _padded=1) for each in (grads, old)
        )
    return [
        Problem(
            f"{name}.forward", without(draw, "dLdZ"), forward(make), (name, f"{name}.forward"),
            others=forwards, also=also,
        ),
        Problem(
            f"{name}.backward", draw, asked, (name, f"{name}.backward"),
            others=(*backwards, *parts(make, grads=grads)),
            also=also, given=given, forward=f"{name}.forward",
        ),
    ]  # fmt: skip


PROBLEMS = [
    *_problems("Conv1d_stride1", _convolved(1, "stride1")),
    *_problems("Conv1d", _convolved(1, "strided"), "conv1d_stride1", ("Conv1D",)),
    *_problems("Conv2d_stride1", _convolved(2, "stride1")),
    *_problems("Conv2d", _convolved(2, "strided"), "conv2d_stride1", ("Conv2D",)),
    *_problems("ConvTranspose1d", _convolved(1, "transposed"), "conv1d_stride1"),
    *_problems("ConvTranspose2d", _convolved(2, "transposed"), "conv2d_stride1"),
]
