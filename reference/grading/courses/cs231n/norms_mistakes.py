"""What students write in place of the normalizations of norms.py."""

from reference.cards import Mistake


def instead(function, right, *rows):
    """Mistakes at one place: (name, what stands there instead, what went wrong)."""
    return [Mistake(name, function, right, wrong, says) for name, wrong, says in rows]


# A normalization of CS231n's shape, of one line, for what may stand in its place.
_OUT = "    out = gamma * (x - mean) / np.sqrt(var + eps) + beta"
_BATCH = "mean, var = _statistics(cache, len(x))"
_LAYER = "out, cache = _layernorm_forward(x, gamma, beta, eps)"
_GROUP = "out, cache = groupnorm_forward(x, gamma.reshape(-1), beta.reshape(-1), G, eps)"

MISTAKES: list[Mistake] = [
    *instead(
        "batchnorm_forward",
        "keep, take = momentum, 1 - momentum",
        ("momentum for the new batch", "keep, take = 1 - momentum, momentum",
         "momentum is taken for the share of the new batch; it is the share of the old that is kept."),
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
         "Only the mean is divided by the standard deviation: brackets around x - mean are missing."),
        ("gamma and beta missing in training",
         f"{_BATCH}\n        out = (x - mean) / np.sqrt(var + eps)",
         "gamma and beta are not used in training."),
        ("gamma scales beta in training",
         f"{_BATCH}\n        out = gamma * ((x - mean) / np.sqrt(var + eps) + beta)",
         "gamma scales beta too; beta is added afterwards."),
        ("beta missing in training", f"{_BATCH}\n        out = gamma * (x - mean) / np.sqrt(var + eps)",
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
         "The path through the variance has the wrong sign: d(1/std) = -1/2 (var + eps)^(-3/2) dvar."),
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
         "return (dout - mean - along) / std / np.sqrt((xhat * xhat).mean(axis=axes, keepdims=True))",
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
         "dgamma uses x - mean, which is not divided by the standard deviation; gamma multiplied xhat."),
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
    *instead(
        "layernorm_forward",
        _LAYER,
        ("layernorm gamma and beta missing",
         f"{_LAYER}\n    out = cache[0]", "gamma and beta are not used."),
        ("layernorm one mean and variance",
         f"{_LAYER}\n    out = gamma * (x - x.mean()) / np.sqrt(x.var() + eps) + beta",
         "One mean and one variance of the whole array are used; each row has its own: axis=1."),
        *(
            (f"layernorm {name} over N", f"{_LAYER}\n    N, D = x.shape\n"
             f"    mean = x.sum(axis=1, keepdims=True) / {m}\n"
             f"    var = ((x - mean) ** 2).sum(axis=1, keepdims=True) / {v}\n{_OUT}",
             f"The {name} is divided by the number of rows N; divide by the length of a row, D.")
            for name, m, v in (("mean", "N", "D"), ("variance", "D", "N"), ("mean and variance", "N", "N"))
        ),
        ("layernorm brackets missing",
         f"{_LAYER}\n    mean, var = x.mean(1, keepdims=True), x.var(1, keepdims=True)\n"
         "    out = gamma * (x - mean / np.sqrt(var + eps)) + beta",
         "Only the mean is divided by the standard deviation: brackets around x - mean are missing."),
        ("layernorm gamma scales beta", f"{_LAYER}\n    out = gamma * (cache[0] + beta)",
         "gamma scales beta too; beta is added afterwards."),
    ),
    *instead(
        "layernorm_forward",
        'ln_param.get("eps", 1e-5)',
        ("layernorm eps 1e-6 by default", 'ln_param.get("eps", 1e-6)',
         "eps is 1e-6 unless given; it must be 1e-5."),
        ("layernorm eps 1e-8 by default", 'ln_param.get("eps", 1e-8)',
         "eps is 1e-8 unless given; it must be 1e-5."),
    ),
    *instead(
        "layernorm_backward",
        "dx, dgamma, dbeta = _layernorm_backward(dout, cache)",
        ("layernorm dgamma from x",
         "dx, _, dbeta = _layernorm_backward(dout, cache)\n    dgamma = (dout * x).sum(axis=0)",
         "dgamma uses x; gamma multiplied xhat."),
        ("layernorm dgamma from x - mean",
         "dx, _, dbeta = _layernorm_backward(dout, cache)\n"
         "    dgamma = (dout * cache[0] * cache[2][1]).sum(axis=0)",
         "dgamma uses x - mean, which is not divided by the standard deviation; gamma multiplied xhat."),
        ("layernorm gamma twice in dx",
         "dx, dgamma, dbeta = _layernorm_backward(dout, cache)\n    dx = dx * cache[1]",
         "gamma stands twice in dx."),
        ("layernorm N for D on the direct path",
         "dx, dgamma, dbeta = _layernorm_backward(dout, cache)\n"
         "    dx = dx + dout * cache[1] * (len(x) / x.shape[1] - 1) / cache[2][1]",
         "The direct path has the number of rows N where the length of a row, D, belongs."),
        ("layernorm paths down the batch",
         "_, dgamma, dbeta = _layernorm_backward(dout, cache)\n"
         "    xhat, gamma, (_, std, _) = cache\n"
         "    dx = standardize_backward(dout * gamma, (xhat, std, 0))",
         "The sums in dx run down the batch, as in batch norm; each row stands alone: axis=1."),
        ("layernorm sums down the batch",
         "dx, dgamma, dbeta = _layernorm_backward(dout, cache)\n"
         "    xhat, gamma, (_, std, _) = cache\n"
         "    d, D = dout * gamma, xhat.shape[1]\n"
         "    dx = (d - d.sum(axis=0) / D - xhat * (d * xhat).sum(axis=0) / D) / std",
         "The sums in dx run down the batch, axis=0; each row stands alone: axis=1."),
        ("layernorm dgamma from the scaled dout",
         "dx, dgamma, dbeta = _layernorm_backward(dout, cache)\n    dgamma = dgamma * cache[1]",
         "dgamma holds gamma itself; it needs dout as it came in."),
    ),
    *instead(
        "_moved",
        "return x.transpose(axes)",
        ("reshaped, never transposed", "return x",
         "The axes are never moved: reshape alone mixes the channels."),
    ),
    *instead(
        "_pixels",
        "_moved(x, (0, 2, 3, 1)).reshape(-1, x.shape[1])",
        ("pixels reshaped, not transposed", "x.reshape(-1, x.shape[1])",
         "x is reshaped to rows without moving the channels to the end first: channels mix."),
        ("pixels column by column", "x.transpose(0, 3, 2, 1).reshape(-1, x.shape[1])",
         "The pixels go in column by column and come out row by row."),
    ),
    *instead(
        "_images",
        "_moved(rows.reshape(N, H, W, C), (0, 3, 1, 2)).reshape(shape)",
        ("rows reshaped, not transposed", "rows.reshape(N, C, H, W)",
         "The rows are reshaped to images without moving the channels back: channels mix."),
        ("rows to columns", "rows.reshape(N, W, H, C).transpose(0, 3, 2, 1)",
         "The rows are read as (N, W, H, C); they lie as (N, H, W, C)."),
    ),
    *instead(
        "spatial_batchnorm_forward",
        "rows = _pixels(x)",
        ("x reshaped, not transposed", "rows = x.reshape(-1, x.shape[1])",
         "x is reshaped to rows without moving the channels to the end first: channels mix."),
        ("x column by column", "rows = _pixels(x.swapaxes(2, 3))",
         "x goes in column by column and comes out row by row."),
    ),
    *instead(
        "spatial_batchnorm_forward",
        "out = _images(out, x.shape)",
        ("out reshaped, not transposed", "out = out.reshape(x.shape)",
         "out is reshaped to images without moving the channels back: channels mix."),
        ("out row by column", "N, C, H, W = x.shape\n"
         "    out = out.reshape(N, W, H, C).transpose(0, 3, 2, 1)",
         "out is read as (N, W, H, C); its rows lie as (N, H, W, C)."),
    ),
    *instead(
        "spatial_batchnorm_backward",
        "rows = _pixels(dout)",
        ("dout reshaped, not transposed", "rows = dout.reshape(-1, dout.shape[1])",
         "dout is reshaped to rows without moving the channels to the end first: channels mix."),
        ("dout column by column", "rows = _pixels(dout.swapaxes(2, 3))",
         "dout goes in column by column; the rows of the forward lay row by row."),
    ),
    *instead(
        "spatial_batchnorm_backward",
        "dx = _images(dx, dout.shape)",
        ("dx reshaped, not transposed", "dx = dx.reshape(dout.shape)",
         "dx is reshaped to images without moving the channels back: channels mix."),
        ("dx row by column", "N, C, H, W = dout.shape\n"
         "    dx = dx.reshape(N, W, H, C).transpose(0, 3, 2, 1)",
         "dx is read as (N, W, H, C); its rows lie as (N, H, W, C)."),
    ),
    *(
        Mistake(f"spatial {way} never transposes", f"spatial_batchnorm_{way}", right, wrong,
                "The images are reshaped to rows and back, but never transposed: channels mix.")
        for way, right, wrong in (
            ("forward",
             "rows = _pixels(x)\n"
             "    out, cache = batchnorm_forward(rows, gamma, beta, bn_param)\n"
             "    out = _images(out, x.shape)",
             "rows = x.reshape(-1, x.shape[1])\n"
             "    out, cache = batchnorm_forward(rows, gamma, beta, bn_param)\n"
             "    out = out.reshape(x.shape)"),
            ("backward",
             "rows = _pixels(dout)\n"
             "    dx, dgamma, dbeta = batchnorm_backward(rows, cache)\n"
             "    dx = _images(dx, dout.shape)",
             "rows = dout.reshape(-1, dout.shape[1])\n"
             "    dx, dgamma, dbeta = batchnorm_backward(rows, cache)\n"
             "    dx = dx.reshape(dout.shape)"),
        )
    ),
    *instead(
        "spatial_groupnorm_forward",
        _GROUP,
        ("groupnorm gamma and beta missing", f"{_GROUP}\n    out = cache[0]",
         "gamma and beta are not used."),
        *(
            (name, f"{_GROUP}\n    grouped = x.reshape(len(x), {split}, *x.shape[2:])\n"
             f"    mean, var = grouped.mean({axes}, keepdims=True), grouped.var({axes}, keepdims=True)\n"
             "    xhat = ((grouped - mean) / np.sqrt(var + eps)).reshape(x.shape)\n"
             "    out = gamma * xhat + beta", says)
            for name, split, axes, says in (
                ("groups averaged together", "G, -1", "(1, 3, 4)",
                 "The mean runs over the groups and not over the channels of a group: axis 2, not 1."),
                ("channels dealt in turn", "-1, G", "(1, 3, 4)",
                 "The channels are dealt to the groups in turn; the first C / G are the first group."),
                ("pixels of a group apart", "G, -1", "2",
                 "The mean runs over the channels of a group alone; its pixels count too."),
                ("rows of a group apart", "G, -1", "(2, 4)",
                 "The mean leaves the height out; all pixels of the group count."),
                ("columns of a group apart", "G, -1", "(2, 3)",
                 "The mean leaves the width out; all pixels of the group count."),
                ("groups of the batch", "G, -1", "(0, 2, 3, 4)",
                 "The mean runs over the batch too; every image stands alone."),
                ("groups never split", "G, -1", "(1, 2, 3, 4)",
                 "The mean runs over all channels; each group has its own."),
            )
        ),
    ),
    *instead(
        "spatial_groupnorm_forward",
        'gn_param.get("eps", 1e-5)',
        ("groupnorm eps 1e-8 by default", 'gn_param.get("eps", 1e-8)',
         "eps is 1e-8 unless given; it must be 1e-5."),
        ("groupnorm eps fixed", "1e-5", "eps is fixed at 1e-5; gn_param may hold another."),
    ),
    *instead(
        "spatial_groupnorm_backward",
        "dx, dgamma, dbeta = groupnorm_backward(dout, cache)",
        ("groupnorm dgamma from x",
         "dx, _, dbeta = groupnorm_backward(dout, cache)\n"
         "    dgamma = (dout * x).sum(axis=(0, 2, 3))",
         "dgamma uses x; gamma multiplied xhat."),
        ("groupnorm sums channel by channel",
         "dx, dgamma, dbeta = groupnorm_backward(dout, cache)\n"
         "    xhat, (N, C, H, W), G = cache[0], x.shape, cache[3]\n"
         "    d, m = dout * gamma, C // G * H * W\n"
         "    sums = [a.sum(axis=(2, 3), keepdims=True) / m for a in (d, d * xhat)]\n"
         "    dx = (d - sums[0] - xhat * sums[1]) / cache[2][1].repeat(C // G, axis=1)[..., None]",
         "The sums in dx run over each channel; they run over the channels of a group: axis 2 too."),
        *(
            (name, "dx, dgamma, dbeta = groupnorm_backward(dout, cache)\n"
             "    N, C, H, W = x.shape\n"
             "    G = cache[3]\n"
             "    constant = dout * gamma / cache[2][1].repeat(C // G, axis=1)[..., None]\n"
             f"    dx = constant + (dx - constant) * (C // G * H * W) / ({count})", says)
            for name, count, says in (
                ("groupnorm over H W", "H * W",
                 "The paths are divided by H W; a group holds C / G H W numbers."),
                ("groupnorm over N H W", "N * H * W",
                 "The paths are divided by N H W, as in batch norm; a group holds C / G H W numbers."),
                ("groupnorm over C H W", "C * H * W",
                 "The paths are divided by C H W; a group holds C / G H W numbers."),
                ("groupnorm over C / G", "C // G",
                 "The paths are divided by C / G; a group holds C / G H W numbers."),
                ("groupnorm over N G", "N * G",
                 "The paths are divided by the number of groups; divide by the numbers in one."),
                ("groupnorm over G H W", "G * H * W",
                 "The paths are divided by G H W; a group holds C / G H W numbers."),
            )
        ),
    ),
]  # fmt: skip
