"""What students write in the convolutions."""

from collections.abc import Callable

from reference.cards import Mistake

FUNCTIONS: dict[str, Callable] = {}
PROBLEMS: list = []


def _stride1(name, d, code, says, method="backward"):
    """A slip in ConvNd_stride1: what it leaves instead of our result."""
    result = "dLdA" if method == "backward" else "Z"
    function, right = f"Conv{d}d_stride1.{method}", f"return {result}"
    return Mistake(
        f"Conv{d}d_stride1 {name}", function, right, f"{code}\n    return {result}", says
    )


# By dimension: the places of the output; a window; and the window at i (and j) as a slice.
_PLACES = {1: "(i,) in np.ndindex(dLdZ.shape[2:])", 2: "(i, j) in np.ndindex(dLdZ.shape[2:])"}
_AT = {1: "i : i + K", 2: "i : i + K, j : j + K"}
_I = {1: "i", 2: "i, j"}
_KERNEL = {1: "k", 2: "km"}
_LAST = {1: "1 :", 2: "2 :"}
_PIXELS = {1: (2,), 2: (2, 3)}

MISTAKES: list[Mistake] = []
for _d in (1, 2):
    _k, _px = _KERNEL[_d], _PIXELS[_d]
    _start = "K, A = self.W.shape[2], self.cache[0][0] if self.W.ndim == 3 else self.cache[0]\n"
    _start += "    A = A.reshape(dLdA.shape)\n"
    _loop = f"    for {_PLACES[_d]}:\n"
    _here = f"dLdA[:, :, {_AT[_d]}]"
    _seen = f"A[:, :, {_AT[_d]}]"
    _all = f"np.einsum('nf,fc{_k}->nc{_k}', dLdZ[:, :, {_I[_d]}], self.W)"
    _one = f"np.einsum('n,c{_k}->nc{_k}', dLdZ[:, -1, {_I[_d]}], self.W[-1])"
    _dw = f"np.einsum('nf,nc{_k}->fc{_k}', dLdZ[:, :, {_I[_d]}], {_seen})"
    _axes = ", ".join(map(str, _px))
    _flip = "".join(", ::-1" for _ in _px)
    MISTAKES += [
        _stride1(
            "dLdb over the filters",
            _d,
            f"self.dLdb = dLdZ.sum(axis=(1, {_axes}))",
            "dLdb is summed over the filters in place of the batch: axis 1 is what has to stay.",
        ),
        _stride1(
            "dLdb of the last example",
            _d,
            f"self.dLdb = dLdZ[-1].sum(axis=tuple(range(1, {_d + 1})))",
            "dLdb is that of the last example alone.",
        ),
        _stride1(
            "dLdb of the last example and window",
            _d,
            "self.dLdb = dLdZ[-1].reshape(dLdZ.shape[1], -1)[:, -1]",
            "Each window and example overwrites dLdb, and the last ones stay: use += for =.",
        ),
        _stride1(
            "dLdb a mean over the batch",
            _d,
            "self.dLdb = self.dLdb / len(dLdZ)",
            "dLdb is divided by the batch size, and should not be.",
        ),
        _stride1(
            "dLdA windows overwritten",
            _d,
            f"{_start}    dLdA = np.zeros_like(dLdA)\n{_loop}        {_here} = {_all}",
            "Windows overlap, and dLdA keeps the last one: use += in place of =.",
        ),
        _stride1(
            "dLdA windows and filters overwritten",
            _d,
            f"{_start}    dLdA = np.zeros_like(dLdA)\n{_loop}        {_here} = {_one}",
            "Each window and filter overwrites dLdA, so that the last ones stay: use += for =.",
        ),
        _stride1(
            "dLdA of the last filter",
            _d,
            f"{_start}    dLdA = np.zeros_like(dLdA)\n{_loop}        {_here} += {_one}",
            "Each filter overwrites dLdA, and the last one stays: they add up.",
        ),
        _stride1(
            "dLdW of the last window",
            _d,
            f"{_start}{_loop}        self.dLdW = {_dw}",
            "Each window overwrites dLdW, and the last one stays: use += in place of =.",
        ),
        _stride1(
            "dLdW of the last window and example",
            _d,
            f"{_start}    A, dLdZ = A[-1:], dLdZ[-1:]\n{_loop}        self.dLdW = {_dw}",
            "Each window and example overwrites dLdW, so that the last ones stay: use += for =.",
        ),
        _stride1(
            "dLdW of the last example",
            _d,
            f"{_start}    A, dLdZ, self.dLdW = A[-1:], dLdZ[-1:], 0\n{_loop}"
            f"        self.dLdW = self.dLdW + {_dw}",
            "Each example overwrites dLdW, and the last one stays: use += in place of =.",
        ),
        _stride1(
            "dLdZ padded behind only",
            _d,
            "K, full = self.W.shape[2], dLdA\n"
            "    dLdA = np.zeros_like(full)\n"
            "    n = [size - K + 1 for size in full.shape[2:]]\n"
            "    here = [slice(m) for m in n]\n"
            "    there = [slice(K - 1, K - 1 + m) for m in n]\n"
            "    dLdA[(..., *here)] = full[(..., *there)]",
            "dLdZ is padded at its end alone; it needs K - 1 zeros on both sides.",
        ),
        _stride1(
            "dLdA without the padding of dLdZ",
            _d,
            "K = self.W.shape[2]\n"
            "    dLdA = dLdA[(..., *(slice(K - 1, n - K + 1) for n in dLdA.shape[2:]))]",
            "dLdZ is not padded: it needs K - 1 zeros on both sides before the convolution.",
        ),
        _stride1(
            "dLdA over the batch size",
            _d,
            "dLdA = dLdA / len(dLdZ)",
            "dLdA is divided by the batch size, and should not be.",
        ),
        _stride1(
            "dLdW and dLdb over the batch size",
            _d,
            "self.dLdW, self.dLdb = self.dLdW / len(dLdZ), self.dLdb / len(dLdZ)",
            "dLdW and dLdb are divided by the batch size, and should not be.",
        ),
        _stride1(
            "output one short",
            _d,
            "Z = Z[(..., *(slice(n - 1) for n in Z.shape[2:]))]",
            "The output is one short: it has W - K + 1 places.",
            "forward",
        ),
        _stride1(
            "bias left out of all but the first filter",
            _d,
            "b = self.b.reshape(-1, *[1] * (Z.ndim - 2))\n    Z = Z - b + self.b[0]",
            "All filters get the bias of the first one.",
            "forward",
        ),
        _stride1(
            "bias once a window entry",
            _d,
            "b = self.b.reshape(-1, *[1] * (Z.ndim - 2))\n    Z = Z + (self.W[0].size - 1) * b",
            "The bias is added inside the sum over the window; it belongs outside, once.",
            "forward",
        ),
        _stride1(
            "bias once a channel",
            _d,
            "b = self.b.reshape(-1, *[1] * (Z.ndim - 2))\n    Z = Z + (self.W.shape[1] - 1) * b",
            "The bias is added for every channel; it should be added once.",
            "forward",
        ),
    ]

MISTAKES += [
    _stride1(
        f"dLdA kernel flipped along {axis} alone",
        2,
        f"W = self.W[{index}]\n"
        "    cache = (self.cache[0], W, *self.cache[2:])\n"
        "    dLdA = conv2d_backward(dLdZ, cache)[0]",
        f"The kernel is flipped along its {axis} alone; it has to be along both axes.",
    )
    for axis, index in (("rows", ":, :, :, ::-1"), ("columns", ":, :, ::-1"))
]
MISTAKES += [
    Mistake(
        f"Conv2d padding of the {axis} cut off in front only",
        "Conv2d.backward",
        "return dLdA[:, :, rows, columns]",
        f"{axis} = slice(self.pad, None)\n    return dLdA[:, :, rows, columns]",
        f"Of the {axis} the padding is cut off in front, but not at the end.",
    )
    for axis in ("rows", "columns")
]
MISTAKES += [
    _stride1(
        "dLdA kernel transposed",
        2,
        "cache = (self.cache[0], self.W.swapaxes(2, 3), *self.cache[2:])\n"
        "    dLdA = conv2d_backward(dLdZ, cache)[0]",
        "Rows and columns of the kernel are swapped in dLdA.",
    ),
    _stride1(
        "dLdW kernel transposed",
        2,
        "self.dLdW = self.dLdW.swapaxes(2, 3)",
        "Rows and columns of the kernel are swapped in dLdW.",
    ),
    _stride1(
        "kernel transposed",
        2,
        "Z = conv2d_forward(self.cache[0], self.W.swapaxes(2, 3), self.b)[0]",
        "Rows and columns of the kernel are swapped.",
        "forward",
    ),
    Mistake(
        "Conv1d_stride1 dLdW over the pixels",
        "Conv1d_stride1.backward",
        "return dLdA",
        "self.dLdW = self.dLdW / dLdZ.shape[2]\n    return dLdA",
        "dLdW is a mean over the places; it should be a sum.",
    ),
]

for _d in (1, 2):
    _inner, _down = f"self.conv{_d}d_stride1", f"self.downsample{_d}d"
    _pads = ", ".join(["(self.pad, self.pad)"] * _d)
    _padding = f"A = np.pad(A, ((0, 0), (0, 0), {_pads}))"
    _crop = {
        1: "return dLdA[:, :, self.pad : dLdA.shape[2] - self.pad]",
        2: "return dLdA[:, :, rows, columns]",
    }[_d]
    _forward = f"return {_down}.forward({_inner}.forward(A))"
    _backward = f"dLdA = {_inner}.backward({_down}.backward(dLdZ))"
    for _name, _method, _right, _wrong, _says in (
        ("padding ignored", "forward", _padding, "pass", "The padding is ignored."),
        (
            "padding with the edge",
            "forward",
            _padding,
            _padding[:-1] + ', "edge")',
            "The padding repeats the edge; it should be zeros.",
        ),
        (
            "padding behind only",
            "forward",
            _padding,
            _padding.replace("(self.pad, self.pad)", "(0, 2 * self.pad)"),
            "All zeros of the padding stand at the end; half of them belong in front.",
        ),
        (
            "padding on one side",
            "forward",
            _padding,
            _padding.replace("(self.pad, self.pad)", "(self.pad, 0)"),
            "The padding stands in front only; it belongs on both sides.",
        ),
        (
            "stride ignored",
            "forward",
            _forward,
            f"return {_inner}.forward(A)",
            "The stride is ignored: the downsampling is missing.",
        ),
        (
            "windows one apart",
            "forward",
            _forward,
            f"Z = {_inner}.forward(A)\n"
            f"    size = {_down}.forward(Z).shape[2:]\n"
            "    return Z[(..., *(slice(n) for n in size))]",
            "The windows lie one apart; their place is the stride times that of the output.",
        ),
        (
            "dLdb over the batch only",
            "backward",
            _backward,
            f"{_backward}\n    {_inner}.dLdb = dLdZ.sum(axis=0)",
            "dLdb is summed over the batch alone, and should be over the places too.",
        ),
        (
            "dLdb over the places only",
            "backward",
            _backward,
            f"{_backward}\n    {_inner}.dLdb = dLdZ.sum(axis=tuple(range(2, dLdZ.ndim)))",
            "dLdb is summed over the places alone, and should be over the batch too.",
        ),
        (
            "dLdW of the last window",
            "backward",
            _backward,
            f"{_backward}\n    last = np.zeros_like(dLdZ)\n"
            f"    last[:, :{', -1' * _d}] = dLdZ[:, :{', -1' * _d}]\n"
            f"    {_inner}.backward({_down}.backward(last))\n"
            f"    {_inner}.dLdb = dLdZ.sum(axis=(0, *range(2, dLdZ.ndim)))",
            "Each window overwrites dLdW, and the last one stays: use += in place of =.",
        ),
        (
            "dLdA windows overwritten",
            "backward",
            _crop,
            f"W, s = {_inner}.W, self.stride\n"
            "    K, dLdA = W.shape[2], np.zeros_like(dLdA)\n"
            "    for at in np.ndindex(dLdZ.shape[2:]):\n"
            "        here = (..., *(slice(i * s, i * s + K) for i in at))\n"
            "        dLdA[here] = np.tensordot(dLdZ[(slice(None), slice(None), *at)], W, 1)\n"
            f"    {_crop if _d == 1 else 'return dLdA[:, :, rows, columns]'}",
            "Windows overlap, and dLdA keeps the last one: use += in place of =.",
        ),
        (
            "padding not cut off",
            "backward",
            _crop,
            "return dLdA",
            "dLdA still has the padding: cut it off.",
        ),
        (
            "padding cut off in front only",
            "backward",
            _crop,
            f"return dLdA[(..., *[slice(self.pad, None)] * {_d})]",
            "The padding is cut off in front, but not at the end.",
        ),
        (
            "padding cut off at the end only",
            "backward",
            _crop,
            "return dLdA[(..., *(slice(n - 2 * self.pad) for n in dLdA.shape[2:]))]",
            "All of the padding is cut off at the end; half of it stands in front.",
        ),
        (
            "padding cut off as -0",
            "backward",
            _crop,
            f"return dLdA[(..., *[slice(self.pad, -self.pad)] * {_d})]",
            "Without padding dLdA is empty: -0 is 0, and x[0:-0] holds nothing.",
        ),
        (
            "stride ignored in the backward",
            "backward",
            _backward,
            f"wide = np.zeros({_down}.shape)\n"
            "    wide[(..., *(slice(n) for n in dLdZ.shape[2:]))] = dLdZ\n"
            f"    dLdA = {_inner}.backward(wide)",
            "The backward of the downsampling is missing.",
        ),
    ):
        MISTAKES.append(
            Mistake(f"Conv{_d}d {_name}", f"Conv{_d}d.{_method}", _right, _wrong, _says)
        )
    _up = f"self.upsample{_d}d"
    MISTAKES += [
        Mistake(
            f"ConvTranspose{_d}d not upsampled",
            f"ConvTranspose{_d}d.forward",
            f"return {_inner}.forward({_up}.forward(A))",
            f"return {_inner}.forward(A)",
            "The upsampling is missing.",
        ),
        Mistake(
            f"ConvTranspose{_d}d upsampled after",
            f"ConvTranspose{_d}d.forward",
            f"return {_inner}.forward({_up}.forward(A))",
            f"return {_up}.forward({_inner}.forward(A))",
            "It is upsampled after the convolution, and should be before it.",
        ),
        Mistake(
            f"ConvTranspose{_d}d upsampling missing in the backward",
            f"ConvTranspose{_d}d.backward",
            f"return {_up}.backward({_inner}.backward(dLdZ))",
            f"return {_inner}.backward(dLdZ)",
            "The backward of the upsampling is missing.",
        ),
    ]
