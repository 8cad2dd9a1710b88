"""Softmax and its loss, for the other paths."""

from reference.cards import Card, LossCard, Mistake

# What pads a row of scores, as a share of the largest float: exp of it is 0, and 0 times it is 0.
NO_SCORE = -0.25


def _shifted(jnp, x):
    """The largest score of each row brought to 0; a constant, as far as derivatives go."""
    from jax.lax import stop_gradient

    return x - stop_gradient(x.max(axis=-1, keepdims=True))


def _softmax(jnp, x):
    e = jnp.exp(_shifted(jnp, x))
    return e / e.sum(axis=-1, keepdims=True)


def _log_softmax(jnp, x):
    x = _shifted(jnp, x)
    return x - jnp.log(jnp.exp(x).sum(axis=-1, keepdims=True))


def _cross_entropy(jnp, x, t, smoothing=0.0):
    # Padded columns hold no class: they get no share of the smoothing.
    real = x > NO_SCORE / 2 * jnp.finfo(x.dtype).max
    classes = real.sum(axis=1, keepdims=True)
    t = jnp.where(real, (1 - smoothing) * t + smoothing / classes, 0.0)
    return -t * _log_softmax(jnp, x)


def _kl(jnp, x, t):
    entropy = -t * jnp.log(jnp.where(t > 0, t, 1.0))
    return (-t * _log_softmax(jnp, x) - entropy).sum() / x.shape[0]


CARDS = [
    Card(
        "softmax",
        torch=lambda F, x: F.softmax(x, dim=-1),
        jax=_softmax,
        padding=NO_SCORE,
        takes="ND*",
    ),
    LossCard(
        "softmax",
        torch=lambda F, x, y, smoothing=0.0: F.cross_entropy(x, y, label_smoothing=smoothing),
        jax=_cross_entropy,
        mean="rows",
        torch_rounds=True,
        targets="labels or rows",
        options={"smoothing": (None, 0.125, 1.0)},
        padding=NO_SCORE,
    ),
    LossCard(
        "kl",
        torch=lambda F, x, y: F.kl_div(F.log_softmax(x, dim=-1), y, reduction="batchmean"),
        jax=_kl,
        mean="whole",
        torch_rounds=True,
        targets="rows",
    ),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "softmax down the batch",
        "softmax_forward",
        "e.sum(axis=-1, keepdims=True)",
        "e.sum(axis=0, keepdims=True)",
        "The sum runs down the batch; each row must sum to 1.",
    ),
    Mistake(
        "softmax over everything",
        "softmax_forward",
        "e.sum(axis=-1, keepdims=True)",
        "e.sum()",
        "The sum runs over the whole batch; each row must sum to 1.",
    ),
    Mistake(
        "softmax over the largest",
        "softmax_forward",
        "e.sum(axis=-1, keepdims=True)",
        "e.max(axis=-1, keepdims=True)",
        "Each row is divided by its largest entry; it must be divided by its sum.",
    ),
    Mistake(
        "softmax overflows",
        "softmax_forward",
        "np.exp(x - x.max(axis=-1, keepdims=True))",
        "np.exp(x)",
        "For large scores exp overflows; subtract the largest score of each row first.",
    ),
    Mistake(
        "softmax shifted by one number",
        "softmax_forward",
        "x.max(axis=-1, keepdims=True)",
        "x.max()",
        "The largest score of the whole batch is subtracted: a row far below it becomes 0 / 0.",
    ),
    Mistake(
        "softmax epsilon",
        "softmax_forward",
        "e.sum(axis=-1, keepdims=True)",
        "(e.sum(axis=-1, keepdims=True) + 1e-8)",
        "The epsilon in the denominator is not needed, and the rows no longer sum to 1.",
    ),
    Mistake(
        "softmax mean missing",
        "softmax_backward",
        "dout - mean",
        "dout",
        "The mean term is missing: every output depends on every score of its row.",
    ),
    Mistake(
        "softmax diagonal only",
        "softmax_backward",
        "p * (dout - mean)",
        "dout * (p * (1 - p))",
        "p (1 - p) is only the diagonal of the Jacobian; the other entries are -p[j] p[k].",
    ),
    Mistake(
        "softmax mean with plus",
        "softmax_backward",
        "dout - mean",
        "dout + mean",
        "The mean term is subtracted, not added.",
    ),
    Mistake(
        "softmax mean down the batch",
        "softmax_backward",
        "axis=-1",
        "axis=0",
        "The mean runs down the batch; it runs along each row.",
    ),
    Mistake(
        "softmax mean is a sum",
        "softmax_backward",
        "(dout * p).sum",
        "dout.sum",
        "dout is summed without the weights p; take the dot product of dout and p.",
    ),
    Mistake(
        "softmax mean not weighted",
        "softmax_backward",
        "(dout * p).sum",
        "dout.mean",
        "The mean of dout must be weighted by p.",
    ),
    Mistake(
        "softmax outer p missing",
        "softmax_backward",
        "p * (dout - mean)",
        "dout - mean",
        "The factor p in front is missing.",
    ),
    Mistake(
        "softmax dout taken for the target",
        "softmax_backward",
        "p * (dout - mean)",
        "p - dout",
        "p - t is for softmax and cross-entropy together; here dout is any upstream gradient.",
    ),
    Mistake(
        "softmax loss dx not over the batch",
        "softmax_loss",
        "(e / total - t) / N",
        "e / total - t",
        "The loss is a mean over the batch, so dx is divided by N.",
    ),
    Mistake(
        "softmax loss dx over all entries",
        "softmax_loss",
        "(e / total - t) / N",
        "(e / total - t) / x.size",
        "dx is divided by N C; the mean runs over the N rows only.",
    ),
    Mistake(
        "softmax loss summed",
        "softmax_loss",
        "loss = -(t * (shifted - np.log(total))).sum() / N\n    dx = (e / total - t) / N",
        "loss = -(t * (shifted - np.log(total))).sum()\n    dx = e / total - t",
        "Loss and gradient are summed over the batch; take the mean.",
    ),
    Mistake(
        "softmax loss mean over all entries",
        "softmax_loss",
        "loss = -(t * (shifted - np.log(total))).sum() / N\n    dx = (e / total - t) / N",
        "loss = -(t * (shifted - np.log(total))).mean()\n    dx = (e / total - t) / x.size",
        "Loss and gradient are divided by N C; the mean runs over the N rows only.",
    ),
    Mistake(
        "softmax loss dx reversed",
        "softmax_loss",
        "e / total - t)",
        "t - e / total)",
        "dx is p - t; yours is t - p and leads uphill.",
    ),
    Mistake(
        "softmax loss softmax missing in dx",
        "softmax_loss",
        "(e / total - t)",
        "(x - t)",
        "dx is p - t; yours subtracts t from the scores, without softmax.",
    ),
    Mistake(
        "softmax loss dx from log p",
        "softmax_loss",
        "(e / total - t)",
        "(shifted - np.log(total) - t)",
        "dx is p - t; yours has log p in place of p.",
    ),
    Mistake(
        "softmax loss dx for p",
        "softmax_loss",
        "(e / total - t) / N",
        "-t / (e / total) / N",
        "-t / p is the gradient of p; for the scores it still has to pass through softmax.",
    ),
    Mistake(
        "softmax loss dx of the true class only",
        "softmax_loss",
        "(e / total - t)",
        "t * (e / total - t)",
        "Only the true class gets a gradient; every score of the row does.",
    ),
    Mistake(
        "softmax loss softmax twice in dx",
        "softmax_loss",
        "(e / total - t)",
        "(softmax_forward(e / total)[0] - t)",
        "Softmax is applied twice in dx.",
    ),
    Mistake(
        "softmax loss softmax twice",
        "softmax_loss",
        "N, C = x.shape",
        "N, C = x.shape\n    x, _ = softmax_forward(x)",
        "The scores pass through softmax twice: the loss takes raw scores.",
    ),
    Mistake(
        "softmax loss down the batch",
        "softmax_loss",
        "e.sum(axis=1, keepdims=True)",
        "e.sum(axis=0, keepdims=True)",
        "The sum under p runs down the batch; it runs along each row.",
    ),
    Mistake(
        "softmax loss overflows",
        "softmax_loss",
        "shifted = x - x.max(axis=1, keepdims=True)",
        "shifted = x",
        "For large scores exp overflows; subtract the largest score of each row first.",
    ),
    Mistake(
        "softmax loss log of zero",
        "softmax_loss",
        "shifted - np.log(total)",
        "np.log(e / total)",
        "For distant scores p underflows to 0 and its log is infinite; compute log p directly.",
    ),
    Mistake(
        "softmax loss epsilon in the log",
        "softmax_loss",
        "shifted - np.log(total)",
        "np.log(e / total + 1e-8)",
        "The epsilon inside the log changes the loss; log p computed directly needs none.",
    ),
    Mistake(
        "softmax loss in bits",
        "softmax_loss",
        ".sum() / N",
        ".sum() / N / np.log(2)",
        "The loss is in bits, with a logarithm to base 2; it must be in nats.",
    ),
    Mistake(
        "softmax loss smoothing ignored",
        "softmax_loss",
        "(1 - smoothing) * targets(x, y) + smoothing / C",
        "targets(x, y)",
        "The option smoothing has no effect.",
    ),
    Mistake(
        "softmax loss smoothing ignored in dx",
        "softmax_loss",
        "(e / total - t)",
        "(e / total - targets(x, y))",
        "dx uses the targets without the smoothing that the loss has.",
    ),
    Mistake(
        "softmax loss smoothing not taken off",
        "softmax_loss",
        "(1 - smoothing) * targets(x, y)",
        "targets(x, y)",
        "The share for all classes is added, but not taken off the target: rows exceed 1.",
    ),
    Mistake(
        "softmax loss smoothing over the others",
        "softmax_loss",
        "smoothing / C",
        "smoothing / max(C - 1, 1)",
        "The smoothing is spread over C - 1 classes; here, as in PyTorch, over all C.",
    ),
    Mistake(
        "softmax loss wrong default",
        "softmax_loss",
        "smoothing: float = 0.0",
        "smoothing: float = 0.1",
        "The targets are smoothed by default; smoothing must be 0 unless asked for.",
    ),
    Mistake(
        "softmax loss labels from one",
        "targets",
        "t[np.arange(len(y)), y] = 1",
        "t[np.arange(len(y)), y - 1] = 1",
        "The labels are read as counted from 1; they count from 0.",
    ),
    Mistake(
        "softmax loss labels in every row",
        "targets",
        "t[np.arange(len(y)), y] = 1",
        "t[:, y] = 1",
        "t[:, y] marks every label in every row; pair each row with its own label.",
    ),
    Mistake(
        "softmax loss rows made hard",
        "targets",
        'return y if x.dtype.kind == "i" else y.astype(x.dtype)',
        "return 0 * x + (y == y.max(axis=1, keepdims=True))",
        "A row of target probabilities is replaced by its most probable class.",
    ),
    Mistake(
        "kl the other way round",
        "kl_loss",
        "return cross_entropy - entropy, dx",
        "p, _ = softmax_forward(x)\n    return (p * np.log(p / (y + (y == 0)))).sum() / len(x), dx",
        "The loss is KL(p || t); it is KL(t || p), weighted by the targets.",
    ),
    Mistake(
        "kl entropy missing",
        "kl_loss",
        "cross_entropy - entropy",
        "cross_entropy",
        "The loss is the cross-entropy; less the entropy of the targets it is 0 where p = t.",
    ),
    Mistake(
        "kl entropy added",
        "kl_loss",
        "cross_entropy - entropy",
        "cross_entropy + entropy",
        "The entropy of the targets is added; it is subtracted.",
    ),
    Mistake(
        "kl entropy not over the batch",
        "kl_loss",
        ".sum() / len(x)",
        ".sum()",
        "The entropy is summed over the batch; the cross-entropy is a mean.",
    ),
    Mistake(
        "kl mean over all entries",
        "kl_loss",
        "return cross_entropy - entropy, dx",
        "return (cross_entropy - entropy) / x.shape[1], dx / x.shape[1]",
        "Loss and gradient are divided by N C, as PyTorch does unasked; the mean is over N.",
    ),
    Mistake(
        "kl log of zero",
        "kl_loss",
        "np.log(y + (y == 0))",
        "np.log(y)",
        "Where a target is 0, 0 log 0 gives nan; it counts as 0.",
    ),
    Mistake(
        "kl epsilon",
        "kl_loss",
        "np.log(y + (y == 0))",
        "np.log(y + 1e-8)",
        "The epsilon inside the log changes the loss.",
    ),
    Mistake(
        "kl scores taken for log p",
        "kl_loss",
        "softmax_loss(x, y)",
        "-(y * x).sum() / len(x), -y / len(x)",
        "The scores are taken for log p, as PyTorch's kl_div does; softmax is missing.",
    ),
    Mistake(
        "kl dx reversed",
        "kl_loss",
        "- entropy, dx",
        "- entropy, -dx",
        "dx is p - t; yours is t - p and leads uphill.",
    ),
    Mistake(
        "kl dx of the targets",
        "kl_loss",
        "- entropy, dx",
        "- entropy, dx + (np.log(y + (y == 0)) + (y > 0)) / len(x)",
        "dx has the gradient of the targets' entropy too; that does not depend on x.",
    ),
]
