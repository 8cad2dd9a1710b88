"""What students write in place of layer, spatial batch and spatial group normalization."""

from reference.cards import Mistake
from reference.grading.courses.cs231n.batchnorm_mistakes import instead

_OUT = "    out = gamma * (x - mean) / np.sqrt(var + eps) + beta"
_LAYER = "out, cache = _layernorm_forward(x, gamma, beta, eps)"
_GROUP = "out, cache = groupnorm_forward(x, gamma.reshape(-1), beta.reshape(-1), G, eps)"

MISTAKES: list[Mistake] = [
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
            for name, m, v in (
                ("mean", "N", "D"), ("variance", "D", "N"), ("mean and variance", "N", "N"),
            )
        ),
        ("layernorm brackets missing",
         f"{_LAYER}\n    mean, var = x.mean(1, keepdims=True), x.var(1, keepdims=True)\n"
         "    out = gamma * (x - mean / np.sqrt(var + eps)) + beta",
         "Only the mean is divided by the std: the brackets around x - mean are missing."),
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
         "dgamma uses x - mean, not divided by the std; gamma multiplied xhat."),
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
             f"    mean, var = grouped.mean({axes}, keepdims=True), grouped.var({axes}, "
             f"keepdims=True)\n"
             "    xhat = ((grouped - mean) / np.sqrt(var + eps)).reshape(x.shape)\n"
             "    out = gamma * xhat + beta", says)
            for name, split, axes, says in (
                ("groups averaged together", "G, -1", "(1, 3, 4)",
                 "The mean runs over the groups, axis 1; the channels within one are axis 2."),
                ("channels dealt in turn", "-1, G", "(1, 3, 4)",
                 "The channels are dealt in turn; the first C / G of them are the first group."),
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
         "The sums in dx run over one channel each; they run over all channels of a group."),
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
                 "The paths are divided by N H W, as in batch norm; here by C / G H W."),
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
