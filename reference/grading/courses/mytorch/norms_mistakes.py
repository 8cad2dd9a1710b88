"""What students write in BatchNorm1d, BatchNorm2d and the dropouts."""

from collections.abc import Callable

from reference.cards import Mistake

FUNCTIONS: dict[str, Callable] = {}
PROBLEMS: list = []


def _both(name, method, right, wrong, says, classes=(1, 2)):
    """The same slip in both classes."""
    return [
        Mistake(f"BatchNorm{each}d {name}", f"BatchNorm{each}d.{method}", right, wrong, says)
        for each in classes
    ]


def _gradient(name, code, says, classes=(1, 2)):
    """A slip in backward: what it leaves instead. In the code d is dLdNZ, c is Z - M."""
    start = """NZ, gamma, (_, std, axes), Z, _ = self.cache
    m = Z.size // Z.shape[1]
    d, e, c = dLdBZ * gamma, dLdBZ, NZ * std
    mean = d.mean(axes, keepdims=True)
    along = NZ * (d * NZ).mean(axes, keepdims=True)
    """
    return _both(name, "backward", "return dLdZ", f"{start}{code}\n    return dLdZ", says, classes)


_M = "self.running_M = self.alpha * self.running_M + (1 - self.alpha) * M"
_V = "self.running_V = self.alpha * self.running_V + (1 - self.alpha) * V"
_MV = f"{_M}\n        {_V}"
_RUNNING = "if not eval:"

MISTAKES = [
    *_both(
        "running statistics with alpha swapped",
        "forward",
        _MV,
        "self.running_M = (1 - self.alpha) * self.running_M + self.alpha * M\n"
        "        self.running_V = (1 - self.alpha) * self.running_V + self.alpha * V",
        "alpha is the share of the old running statistics, and 1 - alpha that of the batch.",
    ),
    *_both(
        "running mean with alpha swapped",
        "forward",
        _M,
        "self.running_M = (1 - self.alpha) * self.running_M + self.alpha * M",
        "In running_M alpha and 1 - alpha are swapped.",
    ),
    *_both(
        "running variance with alpha swapped",
        "forward",
        _V,
        "self.running_V = (1 - self.alpha) * self.running_V + self.alpha * V",
        "In running_V alpha and 1 - alpha are swapped.",
    ),
    *_both(
        "running variance unbiased",
        "forward",
        _V,
        "m = Z.size // Z.shape[1]\n"
        "        self.running_V = self.alpha * self.running_V + (1 - self.alpha) * V * m / (m - 1)",
        "running_V takes the variance with 1/(N - 1); the course keeps the one with 1/N.",
    ),
    *_both(
        "running variance of the deviation",
        "forward",
        _V,
        "self.running_V = self.alpha * self.running_V + (1 - self.alpha) * np.sqrt(V)",
        "running_V is fed with the standard deviation, not with the variance.",
    ),
    *_both(
        "running statistics never updated",
        "forward",
        _MV,
        "pass",
        "running_M and running_V are never updated.",
    ),
    *_both("running mean never updated", "forward", _M, "pass", "running_M is never updated."),
    *_both("running variance never updated", "forward", _V, "pass", "running_V is never updated."),
    *_both(
        "running statistics of the last batch",
        "forward",
        _MV,
        "self.running_M = M + 0 * self.running_M\n        self.running_V = V + 0 * self.running_V",
        "running_M and running_V are those of the last batch; they should be moving averages.",
    ),
    *_both(
        "running statistics updated in evaluation",
        "forward",
        _RUNNING,
        "if True:",
        "Evaluation changes running_M and running_V, which only training may.",
    ),
    *_both(
        "running statistics updated first in evaluation",
        "forward",
        _RUNNING,
        "if eval:\n"
        f"        {_MV}\n"
        "        running = (self.running_M.ravel(), self.running_V.ravel())\n"
        "    if not eval:",
        "Evaluation changes running_M and running_V before it uses them.",
    ),
    *_both(
        "evaluation without scale and shift",
        "forward",
        "return BZ",
        "if eval:\n        BZ = self.cache[0]\n    return BZ",
        "In evaluation BW and Bb are left out.",
    ),
    *_both(
        "evaluation over the variance",
        "forward",
        "return BZ",
        "if eval:\n        shape, eps = self.BW.shape, self.eps\n"
        "        V = self.running_V.reshape(shape)\n"
        "        BZ = self.BW * (Z - self.running_M) / (V + eps) + self.Bb\n    return BZ",
        "In evaluation the root is missing: Z - M is divided by the variance.",
    ),
    *_both(
        "evaluation without eps",
        "forward",
        "return BZ",
        "if eval:\n        V = self.running_V\n"
        "        BZ = self.BW * (Z - self.running_M) / np.sqrt(V) + self.Bb\n    return BZ",
        "In evaluation eps is missing beside running_V.",
    ),
    *_both(
        "variance over the batch only",
        "forward",
        "return BZ",
        "if not eval:\n"
        "        N, n = len(Z), Z.size // Z.shape[1]\n"
        "        self.running_V = self.running_V + (1 - self.alpha) * V * (n / N - 1)\n"
        "        NZ = (Z - M) / np.sqrt(V * n / N + self.eps)\n"
        "        BZ = self.BW * NZ + self.Bb\n    return BZ",
        "The variance is divided by the batch size; it goes over the pixels too.",
        (2,),
    ),
    *_both(
        "sums over the batch only",
        "forward",
        "return BZ",
        "if not eval:\n"
        "        n = Z.shape[2] * Z.shape[3]\n"
        "        wide = ((Z - n * M) ** 2).sum(axis=(0, 2, 3), keepdims=True) / len(Z)\n"
        "        self.running_M = self.running_M + (1 - self.alpha) * (n - 1) * M\n"
        "        self.running_V = self.running_V + (1 - self.alpha) * (wide - V)\n"
        "        BZ = self.BW * (Z - n * M) / np.sqrt(wide + self.eps) + self.Bb\n    return BZ",
        "Mean and variance are divided by the batch size; they go over the pixels too.",
        (2,),
    ),
    *_gradient(
        "dLdV with the wrong sign",
        "dLdZ = (d - mean + along) / std",
        "The sign of dLdV is wrong: the variance stands below the line, so it is negative.",
    ),
    *_gradient(
        "dLdM with the wrong sign",
        "dLdZ = (d + mean - along) / std",
        "The sign of dLdM is wrong: the mean is subtracted, so it is negative.",
    ),
    *_gradient(
        "dLdV with the power -1/2",
        "v = -0.5 * (d * c / std).sum(axes, keepdims=True)\n"
        "    dLdZ = (d - mean) / std + 2 * v * c / m",
        "dLdV has the power -1/2: the derivative of (V + eps)^(-1/2) has -3/2.",
    ),
    *_gradient(
        "dLdV with the power 3/2",
        "v = -0.5 * (d * c * std**3).sum(axes, keepdims=True)\n"
        "    dLdZ = (d - mean) / std + 2 * v * c / m",
        "dLdV has the power 3/2 in place of -3/2.",
    ),
    *_gradient(
        "dLdV without its half",
        "dLdZ = (d - mean - 2 * along) / std",
        "The 1/2 of the power -1/2 is missing in dLdV.",
    ),
    *_gradient(
        "scale missing on the direct path",
        "dLdZ = dLdZ + (dLdBZ - d) / std",
        "The direct path takes dLdBZ: it should be dLdNZ, with BW.",
    ),
    *_gradient(
        "scale missing in dLdV",
        "dLdZ = (d - mean - NZ * (e * NZ).mean(axes, keepdims=True)) / std",
        "dLdV takes dLdBZ: it should be dLdNZ, with BW.",
    ),
    *_gradient(
        "scale missing in dLdM",
        "dLdZ = (d - e.mean(axes, keepdims=True) - along) / std",
        "dLdM takes dLdBZ: it should be dLdNZ, with BW.",
    ),
    *_gradient(
        "dLdBW from the output",
        "BZ = gamma * NZ + self.Bb.reshape(gamma.shape)\n"
        "    self.dLdBW = (dLdBZ * BZ).sum(axes).reshape(self.BW.shape)",
        "dLdBW is taken from the output BZ; what BW multiplies is NZ.",
    ),
    *_gradient(
        "dLdBW over the batch only",
        "self.dLdBW = (dLdBZ * NZ).sum(axis=0, keepdims=True)",
        "dLdBW is summed over the batch alone, and should be over the pixels too.",
        (2,),
    ),
    *_gradient(
        "dLdBb over the batch only",
        "self.dLdBb = dLdBZ.sum(axis=0, keepdims=True)",
        "dLdBb is summed over the batch alone, and should be over the pixels too.",
        (2,),
    ),
    *_gradient(
        "dLdM over the batch size",
        "n = m / len(Z)\n    dLdZ = (d - n * mean - along) / std",
        "dLdM is divided by the batch size; M is a mean over the pixels too.",
        (2,),
    ),
    *_gradient(
        "dLdV over the batch size",
        "n = m / len(Z)\n    dLdZ = (d - mean - n * along) / std",
        "dLdV is divided by the batch size; V is a mean over the pixels too.",
        (2,),
    ),
    *_gradient(
        "gradients over the batch size",
        "n = m / len(Z)\n    dLdZ = (d - n * mean - n * along) / std",
        "dLdM and dLdV are divided by the batch size; M and V are means over the pixels too.",
        (2,),
    ),
    Mistake(
        "dropout 2d drops pixels",
        "Dropout2d.forward",
        "mask = mask.any(axis=(2, 3), keepdims=True)",
        "pass",
        "Single pixels are dropped; a channel should be dropped or kept whole.",
    ),
    *_gradient(
        "dLdV with the power -1",
        "v = -0.5 * (d * c / std**2).sum(axes, keepdims=True)\n"
        "    dLdZ = (d - mean) / std + 2 * v * c / m",
        "dLdV has the power -1: the derivative of (V + eps)^(-1/2) has -3/2.",
    ),
    *_gradient(
        "Z for Z - M in the path of the variance",
        "v = -0.5 * (d * c / std**3).sum(axes, keepdims=True)\n"
        "    dLdZ = (d - mean) / std + 2 * v * Z / m",
        "The slope of V is 2 (Z - M) / N: M is not subtracted.",
    ),
    *_gradient(
        "Z for Z - M in dLdV",
        "v = -0.5 * (d * Z / std**3).sum(axes, keepdims=True)\n"
        "    dLdZ = (d - mean) / std + 2 * v * c / m",
        "dLdV takes Z, and should take Z - M.",
    ),
    *_gradient(
        "direct path not over the deviation",
        "dLdZ = d - (mean + along) / std",
        "The direct path is not divided by sqrt(V + eps).",
    ),
    *_gradient(
        "direct path left out",
        "dLdZ = -(mean + along) / std",
        "The direct path, dLdNZ / sqrt(V + eps), is missing.",
    ),
    Mistake(
        "Dropout drops in evaluation",
        "Dropout.forward",
        "mask if train else None",
        "mask",
        "It drops in evaluation too; there x passes as it is.",
    ),
    Mistake(
        "Dropout2d drops in evaluation",
        "Dropout2d.forward",
        "None if eval else mask",
        "mask",
        "It drops in evaluation too; there x passes as it is.",
    ),
    *_both(
        "shift before the scale",
        "forward",
        "return BZ",
        "if not eval:\n        BZ = BZ + (self.BW - 1) * self.Bb\n    return BZ",
        "Bb is added before the product with BW, and should be after it.",
    ),
    *_both(
        "training and evaluation swapped",
        "forward",
        "running = (",
        "eval = not eval\n    running = (",
        "eval does the opposite: the statistics of the batch belong to training.",
    ),
    *_gradient(
        "dLdM twice",
        "dLdZ = (d - 2 * mean - along) / std",
        "dLdM is counted twice.",
    ),
    *_gradient(
        "dLdM and dLdV left out",
        "dLdZ = d / std",
        "dLdM and dLdV are missing: M and V depend on all of Z.",
    ),
    *_gradient(
        "direct path over N",
        "dLdZ = (d / m - mean - along) / std",
        "The direct path is divided by N as well; only those of M and V are.",
    ),
    *_both(
        "running statistics with alpha twice",
        "forward",
        _MV,
        f"{_MV}".replace("1 - self.alpha", "self.alpha"),
        "The batch's share in the running statistics is alpha, and should be 1 - alpha.",
    ),
    *_both(
        "running mean with alpha twice",
        "forward",
        _M,
        _M.replace("1 - self.alpha", "self.alpha"),
        "The batch's share in running_M is alpha, and should be 1 - alpha.",
    ),
    *_both(
        "running variance with alpha twice",
        "forward",
        _V,
        _V.replace("1 - self.alpha", "self.alpha"),
        "The batch's share in running_V is alpha, and should be 1 - alpha.",
    ),
    Mistake(
        "Dropout scales by p in evaluation",
        "Dropout.forward",
        "return out",
        "return out if train else x * self.p",
        "In evaluation x is multiplied with p; there it passes as it is.",
    ),
]
