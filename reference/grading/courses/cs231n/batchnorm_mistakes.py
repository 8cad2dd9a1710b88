"""What students write in place of batch normalization, and of what all normalizations share."""

from reference.cards import Mistake


def instead(function, right, *rows):
    """Mistakes at one place: (name, what stands there instead, what went wrong)."""
    return [Mistake(name, function, right, wrong, says) for name, wrong, says in rows]


# A normalization of CS231n's shape, of one line, for what may stand in its place.
_OUT = "    out = gamma * (x - mean) / np.sqrt(var + eps) + beta"
_BATCH = "mean, var = _statistics(cache, len(x))"

MISTAKES: list[Mistake] = [
    *instead(
        "batchnorm_forward",
        "keep, take = momentum, 1 - momentum",
        ("momentum for the new batch", "keep, take = 1 - momentum, momentum",
         "momentum is taken for the share of the new batch; it is the share that the old keep."),
        ("running statistics never updated", "keep, take = 1, 0",
         "The running mean and variance never change; each training batch must move them."),
        ("running statistics of the last batch", "keep, take = 0, 1",
         "The running statistics are those of the last batch; the old ones keep their share."),
        ("old share not shrunk", "keep, take = 1, 1 - momentum",
         "The old running statistics keep their full weight; they are multiplied by momentum."),
        ("new share not shrunk", "keep, take = momentum, 1",
         "The batch's statistics are added with full weight; their share is 1 - momentum."),
        ("momentum for both shares", "keep, take = momentum, momentum",
         "Old and new are both multiplied by momentum; the new share is 1 - momentum."),
    ),
    *instead(
        "batchnorm_forward",
        'bn_param.get("momentum", 0.9)',
        ("momentum 0.99 by default", 'bn_param.get("momentum", 0.99)',
         "momentum is 0.99 unless given; it must be 0.9."),
        ("momentum 0.1 by default", 'bn_param.get("momentum", 0.1)',
         "momentum is 0.1 unless given; it must be 0.9, the share of the old."),
        ("momentum ignored", "0.9", "momentum is fixed at 0.9; bn_param may hold another."),
    ),
    *instead(
        "batchnorm_forward",
        'bn_param.get("eps", 1e-5)',
        ("batchnorm eps 1e-8 by default", 'bn_param.get("eps", 1e-8)',
         "eps is 1e-8 unless given; it must be 1e-5."),
        ("batchnorm eps 1e-4 by default", 'bn_param.get("eps", 1e-4)',
         "eps is 1e-4 unless given; it must be 1e-5."),
        ("batchnorm eps fixed", "1e-5", "eps is fixed at 1e-5; bn_param may hold another."),
    ),
    *instead(
        "batchnorm_forward",
        'bn_param.get("running_var", np.zeros(x.shape[1]))',
        ("running variance starts at one", 'bn_param.get("running_var", np.ones(x.shape[1]))',
         "The running variance starts at 1; here it starts at 0."),
    ),
    *instead(
        "batchnorm_forward",
        "running_mean = keep * running_mean + take * mean",
        ("running mean never updated", "pass", "The running mean never changes in training."),
        ("running mean with momentum reversed", "running_mean = take * running_mean + keep * mean",
         "The running mean keeps 1 - momentum of the old; it keeps momentum of it."),
        ("running mean with full weight", "running_mean = keep * running_mean + mean",
         "The batch's mean is added to the running mean with full weight, not with 1 - momentum."),
        ("running mean with one share", "running_mean = keep * running_mean + keep * mean",
         "The batch's mean is multiplied by momentum; its share is 1 - momentum."),
    ),
    *instead(
        "batchnorm_forward",
        "running_var = keep * running_var + take * var",
        ("running variance never updated", "pass", "The running variance never changes."),
        ("running variance with momentum reversed", "running_var = take * running_var + keep * var",
         "The running variance keeps 1 - momentum of the old; it keeps momentum of it."),
        ("running variance with full weight", "running_var = keep * running_var + var",
         "The batch's variance is added with full weight, not with 1 - momentum."),
        ("running variance with one share", "running_var = keep * running_var + keep * var",
         "The batch's variance is multiplied by momentum; its share is 1 - momentum."),
        ("normalized by the running statistics",
         "running_var = keep * running_var + take * var\n"
         "        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta",
         "Training uses the running statistics to normalize; it uses those of the batch."),
    ),
    *instead(
        "batchnorm_forward",
        _BATCH,
        ("one mean for all columns",
         f"mean, var = x.mean(), x.var(axis=0)\n    {_OUT}",
         "One mean of the whole array is subtracted; each column has its own: axis=0."),
        ("one variance for all columns",
         f"mean, var = x.mean(axis=0), x.var()\n    {_OUT}",
         "One variance of the whole array is used; each column has its own: axis=0."),
        ("one mean and variance for all columns", f"mean, var = x.mean(), x.var()\n    {_OUT}",
         "One mean and one variance of the whole array are used; each column has its own: axis=0."),
        ("batch variance with ddof 1",
         f"mean, var = x.mean(axis=0), x.var(axis=0, ddof=1)\n    {_OUT}",
         "The variance is divided by N - 1; here it is divided by N."),
        ("mean over D",
         f"mean = x.sum(axis=0) / x.shape[1]\n"
         f"        var = ((x - mean) ** 2).mean(axis=0)\n    {_OUT}",
         "The mean is divided by the number of columns D; divide by the number of rows N."),
        ("mean and variance over D",
         f"mean = x.sum(axis=0) / x.shape[1]\n"
         f"        var = ((x - mean) ** 2).sum(axis=0) / x.shape[1]\n    {_OUT}",
         "Mean and variance are divided by the number of columns D; divide by that of rows N."),
        ("variance over D",
         f"mean, var = x.mean(axis=0), x.var(axis=0) * len(x) / x.shape[1]\n    {_OUT}",
         "The variance is divided by the number of columns D; divide by the number of rows N."),
        ("divided by the variance without eps",
         f"{_BATCH}\n        out = gamma * (x - mean) / var + beta",
         "x - mean is divided by the variance; divide by sqrt(var + eps)."),
        ("std for the variance", f"mean, var = x.mean(axis=0), x.std(axis=0)\n    {_OUT}",
         "The standard deviation stands where the variance belongs: its root is taken twice."),
        ("batch not centred", f"{_BATCH}\n        out = gamma * x / np.sqrt(var + eps) + beta",
         "The mean is not subtracted in training."),
        ("brackets missing around x - mean",
         f"{_BATCH}\n        out = gamma * (x - mean / np.sqrt(var + eps)) + beta",
         "Only the mean is divided by the std: the brackets around x - mean are missing."),
        ("gamma and beta missing in training",
         f"{_BATCH}\n        out = (x - mean) / np.sqrt(var + eps)",
         "gamma and beta are not used in training."),
        ("gamma scales beta in training",
         f"{_BATCH}\n        out = gamma * ((x - mean) / np.sqrt(var + eps) + beta)",
         "gamma scales beta too; beta is added afterwards."),
        ("beta missing in training",
         f"{_BATCH}\n        out = gamma * (x - mean) / np.sqrt(var + eps)",
         "beta is not added in training."),
        ("gamma missing in training",
         f"{_BATCH}\n        out = (x - mean) / np.sqrt(var + eps) + beta",
         "gamma is not used in training."),
    ),
    *instead(
        "batchnorm_forward",
        "out, cache = _batchnorm_forward(x, gamma, beta, (running_mean, running_var), eps)",
        ("gamma and beta missing in test mode",
         "out, cache = (x - running_mean) / np.sqrt(running_var + eps), None",
         "gamma and beta are not used in test mode."),
        ("gamma missing in test mode",
         "out, cache = (x - running_mean) / np.sqrt(running_var + eps) + beta, None",
         "gamma is not used in test mode."),
        ("beta missing in test mode",
         "out, cache = gamma * (x - running_mean) / np.sqrt(running_var + eps), None",
         "beta is not added in test mode."),
        ("running mean added in test mode",
         "out, cache = gamma * (x + running_mean) / np.sqrt(running_var + eps) + beta, None",
         "The running mean is added in test mode; it is subtracted."),
        ("brackets missing in test mode",
         "out, cache = gamma * (x - running_mean / np.sqrt(running_var + eps)) + beta, None",
         "In test mode only the mean is divided: brackets around x - running_mean are missing."),
        ("batch mean in test mode",
         "out, cache = gamma * (x - x.mean(axis=0)) / np.sqrt(running_var + eps) + beta, None",
         "Test mode subtracts the mean of the batch; it subtracts the running mean."),
        ("running statistics updated in test mode",
         "out, cache = _batchnorm_forward(x, gamma, beta, (running_mean, running_var), eps)\n"
         "        running_mean = momentum * running_mean + (1 - momentum) * x.mean(axis=0)\n"
         "        running_var = momentum * running_var + (1 - momentum) * x.var(axis=0)",
         "The running statistics also change in test mode; only training may move them."),
    ),
    *instead(
        "_statistics",
        "return mean, var * (m - 1) / m",
        ("running variance unbiased", "return mean, var",
         "The running variance takes the batch's over N - 1; CS231n takes it over N."),
        ("running variance with eps", "return mean, var * (m - 1) / m + np.mean(cache[2][1] ** 2 "
         "- var * (m - 1) / m)",
         "The running variance holds eps; eps belongs under the root alone."),
        ("running standard deviation", "return mean, np.sqrt(var * (m - 1) / m)",
         "The running variance is moved by the batch's standard deviation; take its variance."),
    ),
    *instead(
        "standardize_forward",
        "np.sqrt((centred * centred).mean(axis=axes, keepdims=True) + eps)",
        ("standard deviation for the variance",
         "np.sqrt(np.sqrt((centred * centred).mean(axis=axes, keepdims=True)) + eps)",
         "The standard deviation stands where the variance belongs: its root is taken twice."),
        ("variance alone under x - mean", "(centred * centred).mean(axis=axes, keepdims=True)",
         "x - mean is divided by the variance; divide by sqrt(var + eps)."),
    ),
    *instead(
        "standardize_backward",
        "return (dout - mean - along) / std",
        ("variance path added", "return (dout - mean + along) / std",
         "The path through the variance has the wrong sign: 1 / std falls where var rises."),
        ("mean path added", "return (dout + mean - along) / std",
         "The path through the mean has the wrong sign: x - mean falls where the mean rises."),
        ("power -1 in the variance path", "return (dout - mean) / std - along",
         "The variance path has (var + eps)^-1; the derivative of 1 / std has the power -3/2."),
        ("power -1/2 in the variance path", "return (dout - mean) / std - along * std",
         "The variance path has (var + eps)^(-1/2); the derivative of that power has -3/2."),
        ("power -3 in the variance path", "return (dout - mean) / std - along / std**4",
         "The variance path has (var + eps)^-3; the derivative of 1 / std has the power -3/2."),
        ("upstream alone in the variance path", "return (dout - mean - xhat * mean / std) / std",
         "The gradient of the variance lacks the factor x - mean."),
        ("eps missing in the variance path",
         "s = std * np.sqrt((xhat * xhat).mean(axis=axes, keepdims=True))\n"
         "    return (dout - mean) / std - along * std**2 / s**3",
         "eps is missing under the power -3/2; the forward has var + eps there."),
        ("eps missing in the backward",
         "s = std * np.sqrt((xhat * xhat).mean(axis=axes, keepdims=True))\n"
         "    return (dout - mean) / s - along * std**2 / s**3",
         "The backward divides by sqrt(var); the forward divided by sqrt(var + eps)."),
        ("eps missing in the last factor",
         "return (dout - mean - along) / std / np.sqrt((xhat * xhat).mean(axis=axes, "
         "keepdims=True))",
         "dx is divided by sqrt(var); the forward divided by sqrt(var + eps)."),
        ("direct path not over std", "return dout - (mean + along) / std",
         "The direct path is not divided by the standard deviation."),
        ("direct path over m", "return (dout * mean.size / dout.size - mean - along) / std",
         "The direct path is divided by m too: with 1/m in front, dout needs the factor m."),
        ("paths times m", "return (dout - mean - along) / std * (dout.size // mean.size)",
         "The factor 1/m in front is missing."),
        ("mean path over the batch size",
         "return (dout - mean * (dout.size // mean.size) / len(dout) - along) / std",
         "The mean path is divided by the batch size; divide by how many numbers were averaged."),
        ("variance path over the batch size",
         "return (dout - mean - along * (dout.size // mean.size) / len(dout)) / std",
         "The variance path is divided by the batch size; divide by how many were averaged."),
        ("both paths over the batch size",
         "return (dout - (mean + along) * (dout.size // mean.size) / len(dout)) / std",
         "Both paths are divided by the batch size N; divide by how many numbers were averaged."),
        ("sum of everything in the mean path",
         "return (dout - dout.sum() * mean.size / dout.size - along) / std",
         "The sum in the mean path lacks its axis: it runs over the whole array."),
        ("sum of everything in the variance path",
         "return (dout - mean - xhat * (dout * xhat).sum() * mean.size / dout.size) / std",
         "The sum in the variance path lacks its axis: it runs over the whole array."),
    ),
    *instead(
        "batchnorm_backward",
        "return _batchnorm_backward(dout, cache)",
        ("batchnorm gamma on the direct path alone",
         "dx, dgamma, dbeta = _batchnorm_backward(dout, cache)\n"
         "    _, gamma, (xhat, std, _), *_ = cache\n"
         "    dx = (dout * gamma - dout.mean(axis=0) - xhat * (dout * xhat).mean(axis=0)) / std\n"
         "    return dx, dgamma, dbeta",
         "gamma is on the direct path alone; all three paths start from dout gamma."),
        *(
            (f"batchnorm gamma missing on the {path} path",
             "dx, dgamma, dbeta = _batchnorm_backward(dout, cache)\n"
             "    _, gamma, (xhat, std, _), *_ = cache\n"
             f"    return dx + {more} / std, dgamma, dbeta",
             f"The path {way} lacks the factor gamma.")
            for path, way, more in (
                ("direct", "straight to x", "dout * (1 - gamma)"),
                ("mean", "through the mean", "(dout * (gamma - 1)).mean(axis=0)"),
                ("variance", "through the variance",
                 "xhat * (dout * xhat * (gamma - 1)).mean(axis=0)"),
            )
        ),
        *(
            (f"batchnorm {what} along the row",
             "dx, dgamma, dbeta = _batchnorm_backward(dout, cache)\n"
             "    rows = (dout * cache[0]).sum(axis=1), dout.sum(axis=1)\n"
             f"    return dx, {grads}",
             f"{what} summed along the rows, axis=1; the sum runs down the batch, axis=0.")
            for what, grads in (
                ("dgamma is", "rows[0], dbeta"), ("dbeta is", "dgamma, rows[1]"),
                ("dgamma and dbeta are", "rows[0], rows[1]"),
            )
        ),
        ("batchnorm gamma twice in dx",
         "dx, dgamma, dbeta = _batchnorm_backward(dout, cache)\n"
         "    return dx * cache[1], dgamma, dbeta",
         "gamma stands twice in dx."),
        ("batchnorm dgamma from x - mean",
         "dx, dgamma, dbeta = _batchnorm_backward(dout, cache)\n"
         "    return dx, dgamma * cache[2][1].reshape(-1), dbeta",
         "dgamma uses x - mean, not divided by the std; gamma multiplied xhat."),
        ("batchnorm gamma twice on the direct path",
         "dx, dgamma, dbeta = _batchnorm_backward(dout, cache)\n"
         "    _, gamma, (_, std, _), *_ = cache\n"
         "    return dx + dout * gamma * (gamma - 1) / std, dgamma, dbeta",
         "gamma stands twice on the direct path: in dout gamma, and in the factor in front."),
        ("x for xhat in the variance path",
         "dx, dgamma, dbeta = _batchnorm_backward(dout, cache)\n"
         "    _, gamma, (xhat, std, _), x, _ = cache\n"
         "    return dx + (xhat - x) * (dout * gamma * xhat).mean(axis=0) / std, dgamma, dbeta",
         "The outer factor of the variance path is x; it is xhat."),
        ("x for x - mean in the variance path",
         "dx, dgamma, dbeta = _batchnorm_backward(dout, cache)\n"
         "    _, gamma, (xhat, std, _), x, _ = cache\n"
         "    more = xhat * (dout * gamma * (x / std - xhat)).mean(axis=0)\n"
         "    return dx - more / std, dgamma, dbeta",
         "The variance's gradient has x where x - mean belongs."),
    ),
]  # fmt: skip
