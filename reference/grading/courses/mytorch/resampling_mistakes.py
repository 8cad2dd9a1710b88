"""What students write in resampling and pooling."""

from collections.abc import Callable

from reference.cards import Mistake

FUNCTIONS: dict[str, Callable] = {}
PROBLEMS: list = []

_BOTH = {1: "[:, :, ::k]", 2: "[:, :, ::k, ::k]"}


def _up(name, dimension, method, right, wrong, says):
    return Mistake(
        f"upsample {dimension}d {name}", f"Upsample{dimension}d.{method}", right, wrong, says
    )


def _down(name, dimension, method, right, wrong, says):
    function = f"Downsample{dimension}d.{method}"
    return Mistake(f"downsample {dimension}d {name}", function, right, wrong, says)


MISTAKES: list[Mistake] = []
for _d, _index in _BOTH.items():
    MISTAKES += [
        _up(
            "zeros at the end",
            _d,
            "forward",
            "return Z",
            f"more = [(0, 0), (0, 0)] + [(0, k - 1)] * {_d}\n    return np.pad(Z, more)",
            "The output is k - 1 too long: zeros go between the numbers only, so k W - (k - 1).",
        ),
        _up(
            "repeats the numbers",
            _d,
            "forward",
            "return Z",
            "Z = A\n"
            + "".join(f"    Z = Z.repeat(k, axis={axis})\n" for axis in range(2, 2 + _d))
            + "    return Z",
            "The numbers are repeated; upsampling here puts zeros between them.",
        ),
        _up(
            "repeats the numbers, cut",
            _d,
            "forward",
            "return Z",
            "size, Z = Z.shape, A\n"
            + "".join(f"    Z = Z.repeat(k, axis={axis})\n" for axis in range(2, 2 + _d))
            + "    return Z[tuple(slice(n) for n in size)]",
            "The numbers are repeated; upsampling here puts zeros between them.",
        ),
        _up(
            "numbers side by side",
            _d,
            "forward",
            "return Z",
            "Z[:] = 0\n"
            "    Z[(..., *(slice(n) for n in A.shape[2:]))] = A\n    return Z",
            "The numbers stand side by side, and all zeros behind them.",
        ),
        _up(
            "backward over the factor",
            _d,
            "backward",
            f"return dLdZ{_index}",
            f"return dLdZ{_index} / k**{_d}",
            "dLdA is divided by the factor; each number stands in Z once.",
        ),
        _up(
            "backward one short",
            _d,
            "backward",
            f"return dLdZ{_index}",
            f"dLdA = dLdZ{_index}\n"
            f"    size = [n // k for n in dLdZ.shape[2:]]\n"
            "    return dLdA[(..., *(slice(n) for n in size))]",
            "dLdA has W_out // k numbers: W_out is k (W - 1) + 1, so that W is W_out // k + 1.",
        ),
        _up(
            "backward sums the blocks",
            _d,
            "backward",
            f"return dLdZ{_index}",
            "dLdA = dLdZ\n"
            + "".join(
                f"    dLdA = np.add.reduceat(dLdA, range(0, dLdA.shape[{axis}], k), axis={axis})\n"
                for axis in range(2, 2 + _d)
            )
            + "    return dLdA",
            "The gradients of the zeros are added; they come from no number of A.",
        ),
        _down(
            "starts late",
            _d,
            "forward",
            f"return A{_index}",
            f"return A[(..., *[slice(k - 1, None, k)] * {_d})]",
            "It keeps the last of every k numbers, and should keep the first.",
        ),
        _down(
            "one short",
            _d,
            "forward",
            f"return A{_index}",
            f"return A{_index}[(..., *(slice(n // k) for n in A.shape[2:]))]",
            "The output has W // k numbers: where W is no multiple of k it needs one more.",
        ),
        _down(
            "takes the mean",
            _d,
            "forward",
            f"return A{_index}",
            "Z = A\n"
            + "".join(
                f"    at = range(0, Z.shape[{axis}], k)\n"
                f"    Z = np.add.reduceat(Z, at, axis={axis}) / k\n"
                for axis in range(2, 2 + _d)
            )
            + "    return Z",
            "It takes the mean of every k numbers, and should keep the first.",
        ),
        _down(
            "backward forgets the size",
            _d,
            "backward",
            "return dLdA",
            "ends = [k * (n - 1) + 1 for n in dLdZ.shape[2:]]\n"
            "    return dLdA[(..., *(slice(n) for n in ends))]",
            "dLdA has lost the numbers behind the last one kept: remember the size of A.",
        ),
        _down(
            "backward k times as long",
            _d,
            "backward",
            "return dLdA",
            "wide = np.zeros((*dLdZ.shape[:2], *(k * n for n in dLdZ.shape[2:])))\n"
            f"    wide{_index} = dLdZ\n    return wide",
            "dLdA is k times as long as dLdZ: it should have the size of A, which is remembered.",
        ),
        _down(
            "backward fills from the start",
            _d,
            "backward",
            "return dLdA",
            "dLdA[:] = 0\n"
            "    dLdA[(..., *(slice(n) for n in dLdZ.shape[2:]))] = dLdZ\n    return dLdA",
            "dLdZ stands side by side at the start of dLdA: it belongs to every k-th place.",
        ),
        _down(
            "backward repeats",
            _d,
            "backward",
            "return dLdA",
            "size, dLdA = dLdA.shape, dLdZ\n"
            + "".join(f"    dLdA = dLdA.repeat(k, axis={axis})\n" for axis in range(2, 2 + _d))
            + "    return dLdA[tuple(slice(n) for n in size)]",
            "The gradient is repeated; the numbers that were left out get zero.",
        ),
    ]  # fmt: skip

MISTAKES += [
    _up(
        "backward along one axis",
        2,
        "backward",
        "return dLdZ[:, :, ::k, ::k]",
        "return dLdZ[:, :, ::k]",
        "The zeros are taken out along one axis only.",
    ),
    _down(
        "along one axis",
        2,
        "forward",
        "return A[:, :, ::k, ::k]",
        "return A[:, :, ::k]",
        "Rows are left out, but no columns.",
    ),
]

_WON = "np.unravel_index(winner[n, c, i, j, 0], (self.kernel, self.kernel))"

MISTAKES += [
    Mistake(
        "max pool overlaps overwritten",
        "MaxPool2d_stride1.backward",
        "return max_pool2d_backward(dLdZ, self.cache)",
        "dLdA, winner = np.zeros(self.cache[2]), self.cache[1]\n"
        "    for (n, c, i, j), d in np.ndenumerate(dLdZ):\n"
        f"        k, m = {_WON}\n"
        "        dLdA[n, c, i + k, j + m] = d\n"
        "    return dLdA",
        "A pixel that wins several windows gets the gradient of the last: use += in place of =.",
    ),
    Mistake(
        "max pool windows overwritten",
        "MaxPool2d_stride1.backward",
        "return max_pool2d_backward(dLdZ, self.cache)",
        "(candidates, winner), K = self.cache[:2], self.kernel\n"
        "    dLdA, won = np.zeros(self.cache[2]), np.zeros(candidates.shape)\n"
        "    np.put_along_axis(won, winner, dLdZ[..., None], axis=-1)\n"
        "    for i, j in np.ndindex(dLdZ.shape[2:]):\n"
        "        window = won[:, :, i, j].reshape(*dLdZ.shape[:2], K, K)\n"
        "        dLdA[:, :, i : i + K, j : j + K] = window\n"
        "    return dLdA",
        "Each window overwrites what others gave its pixels: use += in place of =.",
    ),
    Mistake(
        "max pool maximum over all images",
        "MaxPool2d_stride1.backward",
        "return max_pool2d_backward(dLdZ, self.cache)",
        "candidates, winner, *rest = self.cache\n"
        "    best = candidates.max(axis=(0, 1, 4), keepdims=True) == candidates.max(\n"
        "        axis=4, keepdims=True\n"
        "    )\n"
        "    return max_pool2d_backward(dLdZ * best[..., 0], self.cache)",
        "The maximum goes over all images and channels; each has its own.",
    ),
    Mistake(
        "max pool gradient over the window",
        "MaxPool2d_stride1.backward",
        "return max_pool2d_backward(dLdZ, self.cache)",
        "return max_pool2d_backward(dLdZ, self.cache) / self.kernel**2",
        "The gradient is divided by the size of the window, as for a mean.",
    ),
    Mistake(
        "max pool gradient to the window's corner",
        "MaxPool2d_stride1.backward",
        "return max_pool2d_backward(dLdZ, self.cache)",
        "edge = self.kernel - 1\n    return np.pad(dLdZ, ((0, 0), (0, 0), (0, edge), (0, edge)))",
        "The gradient goes to the first pixel of each window; it belongs to the largest.",
    ),
    Mistake(
        "max pool place in the window taken for the image",
        "MaxPool2d_stride1.backward",
        "return max_pool2d_backward(dLdZ, self.cache)",
        "dLdA, winner = np.zeros(self.cache[2]), self.cache[1]\n"
        "    for (n, c, i, j), d in np.ndenumerate(dLdZ):\n"
        f"        k, m = {_WON}\n"
        "        dLdA[n, c, k, m] += d\n"
        "    return dLdA",
        "argmax gives the place within the window: i and j have to be added.",
    ),
    Mistake(
        "max pool index rows and columns swapped",
        "MaxPool2d_stride1.backward",
        "return max_pool2d_backward(dLdZ, self.cache)",
        "dLdA, winner = np.zeros(self.cache[2]), self.cache[1]\n"
        "    for (n, c, i, j), d in np.ndenumerate(dLdZ):\n"
        f"        k, m = {_WON}\n"
        "        dLdA[n, c, i + m, j + k] += d\n"
        "    return dLdA",
        "Row and column of the largest number are swapped.",
    ),
    Mistake(
        "mean pool gradient over the width alone",
        "MeanPool2d_stride1.backward",
        "return avg_pool2d_backward(dLdZ, self.cache)",
        "return avg_pool2d_backward(dLdZ, self.cache) * self.kernel",
        "The gradient is divided by the kernel's width; the window has kernel^2 numbers.",
    ),
    Mistake(
        "mean pool gradient divided twice",
        "MeanPool2d_stride1.backward",
        "return avg_pool2d_backward(dLdZ, self.cache)",
        "return avg_pool2d_backward(dLdZ, self.cache) / self.kernel**2",
        "The gradient is divided by the size of the window twice.",
    ),
    Mistake(
        "mean pool over the width alone",
        "MeanPool2d_stride1.forward",
        "return Z",
        "return Z * self.kernel",
        "The sum is divided by the kernel's width; the window has kernel^2 numbers.",
    ),
    Mistake(
        "mean pool overlaps overwritten",
        "MeanPool2d_stride1.backward",
        "return avg_pool2d_backward(dLdZ, self.cache)",
        "K, dLdA = self.kernel, np.zeros(self.cache[0])\n"
        "    for i, j in np.ndindex(dLdZ.shape[2:]):\n"
        "        dLdA[:, :, i : i + K, j : j + K] = dLdZ[:, :, i : i + 1, j : j + 1] / K**2\n"
        "    return dLdA",
        "Windows overlap, and a pixel gets the gradient of the last: use += in place of =.",
    ),
]

for _kind in ("Max", "Mean"):
    _inner = f"self.{_kind.lower()}pool2d_stride1"
    MISTAKES += [
        Mistake(
            f"{_kind.lower()} pool stride ignored",
            f"{_kind}Pool2d.forward",
            f"return self.downsample2d.forward({_inner}.forward(A))",
            f"return {_inner}.forward(A)",
            "The stride is ignored: the downsampling is missing.",
        ),
        Mistake(
            f"{_kind.lower()} pool stride ignored in the backward",
            f"{_kind}Pool2d.backward",
            f"return {_inner}.backward(self.downsample2d.backward(dLdZ))",
            "wide = np.zeros(self.downsample2d.shape)\n"
            "    wide[(..., *(slice(n) for n in dLdZ.shape[2:]))] = dLdZ\n"
            f"    return {_inner}.backward(wide)",
            "The backward of the downsampling is missing.",
        ),
    ]
