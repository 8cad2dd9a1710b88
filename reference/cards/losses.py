"""Mse, l1, huber, binary cross-entropy and the hinge loss, for the other paths."""

import numpy as np

from reference.cards import LossCard, Mistake


def _absolute(jnp, d):
    # Slope 0 at d = 0, as PyTorch's l1_loss; jnp.abs has 1 there.
    return jnp.where(d > 0, d, jnp.where(d < 0, -d, 0.0))


def _huber(jnp, x, t, delta=1.0):
    size = _absolute(jnp, x - t)
    return jnp.where(size <= delta, size * size / 2, delta * size - delta * delta / 2)


def _hinge(jnp, x, t):
    true = (t * x).sum(axis=1, keepdims=True)
    margins = x - true + 1
    return (1 - t) * jnp.where(margins > 0, margins, 0.0)


def _margins(x, y):
    margins = x - x[np.arange(len(y)), y][:, None] + 1
    margins[np.arange(len(y)), y] = 1  # the true class has no corner
    return margins


CARDS = [
    LossCard(
        "mse",
        torch=lambda F, x, y: F.mse_loss(x, y),
        jax=lambda jnp, x, t: (x - t) ** 2,
        mean="entries",
        takes="*",
        targets="numbers",
    ),
    LossCard(
        "l1",
        torch=lambda F, x, y: F.l1_loss(x, y),
        jax=lambda jnp, x, t: _absolute(jnp, x - t),
        mean="entries",
        takes="*",
        targets="numbers",
        kinks=lambda x, y: x - y,
    ),
    LossCard(
        "huber",
        torch=lambda F, x, y, delta=1.0: F.huber_loss(x, y, delta=delta),
        jax=_huber,
        mean="entries",
        takes="*",
        targets="numbers",
        options={"delta": (None, 0.5, 2.0)},
        # No corner in the loss, but one in its slope, which bends a difference as well.
        kinks=lambda x, y, delta=1.0: np.where(x - y > 0, x - y, y - x) - delta,
    ),
    LossCard(
        "bce_with_logits",
        torch=lambda F, x, y: F.binary_cross_entropy_with_logits(x, y),
        jax=lambda jnp, x, t: t * jnp.logaddexp(0.0, -x) + (1 - t) * jnp.logaddexp(0.0, x),
        mean="entries",
        takes="*",
        targets="probabilities",
        torch_value=1,  # log(1 + e) without log1p
    ),
    LossCard(
        "svm",
        # PyTorch divides by the number of classes, the course does not: times C again.
        torch=lambda F, x, y: F.multi_margin_loss(x, y) * x.shape[1],
        # Both add up as many 1/N as there are rivals, where ours divides once.
        torch_scale=5,
        jax_scale=5,
        jax=_hinge,
        mean="rows",
        targets="labels",
        kinks=_margins,
    ),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "mse two missing in dx",
        "mse_loss",
        "2 * d / x.size",
        "d / x.size",
        "The 2 of the square's derivative is missing; this loss has no 1/2 to cancel it.",
    ),
    Mistake(
        "mse half in the loss",
        "mse_loss",
        "(d * d).sum() / x.size",
        "(d * d).sum() / 2 / x.size",
        "The loss is halved, but dx is not; this loss has no 1/2.",
    ),
    Mistake(
        "mse halved",
        "mse_loss",
        "loss = (d * d).sum() / x.size\n    dx = 2 * d / x.size",
        "loss = (d * d).sum() / 2 / x.size\n    dx = d / x.size",
        "Loss and gradient carry a 1/2; the mean squared error has none.",
    ),
    Mistake(
        "mse dx over the rows",
        "mse_loss",
        "2 * d / x.size",
        "2 * d / len(x)",
        "dx is divided by the number of rows; the mean runs over all entries.",
    ),
    Mistake(
        "mse mean over the rows",
        "mse_loss",
        "loss = (d * d).sum() / x.size\n    dx = 2 * d / x.size",
        "loss = (d * d).sum() / len(x)\n    dx = 2 * d / len(x)",
        "Loss and gradient are divided by the number of rows; the mean runs over all entries.",
    ),
    Mistake(
        "mse dx not divided",
        "mse_loss",
        "2 * d / x.size",
        "2 * d",
        "The loss is a mean, so dx is divided by the number of entries.",
    ),
    Mistake(
        "mse dx reversed",
        "mse_loss",
        "2 * d / x.size",
        "-2 * d / x.size",
        "dx has the wrong sign: it is 2 (x - y), not 2 (y - x).",
    ),
    Mistake(
        "mse root taken",
        "mse_loss",
        "loss = (d * d).sum() / x.size",
        "loss = np.sqrt((d * d).sum() / x.size)",
        "The loss is the root of the mean squared error; dx belongs to the one without a root.",
    ),
    Mistake(
        "mse overwrites x",
        "mse_loss",
        "d = x - y",
        "d = x\n    d -= y",
        "The loss subtracts y from x in place; x may be the cache of the last layer.",
    ),
    Mistake(
        "l1 dx reversed",
        "l1_loss",
        "sign(d) / x.size",
        "-sign(d) / x.size",
        "dx has the wrong sign: it is the sign of x - y, not of y - x.",
    ),
    Mistake(
        "l1 dx not divided",
        "l1_loss",
        "sign(d) / x.size",
        "sign(d)",
        "The loss is a mean, so dx is divided by the number of entries.",
    ),
    Mistake(
        "l1 mean over the rows",
        "l1_loss",
        "return loss, dx",
        "columns = x.size // len(x)\n    return columns * loss, columns * dx",
        "Loss and gradient are divided by the number of rows; the mean runs over all entries.",
    ),
    Mistake(
        "l1 dx is the difference",
        "l1_loss",
        "sign(d) / x.size",
        "d / x.size",
        "dx is x - y itself; the absolute value has only its sign as slope.",
    ),
    Mistake(
        "l1 size missing",
        "l1_loss",
        "np.where(d > 0, d, -d).sum()",
        "d.sum()",
        "The absolute value is missing: errors of opposite sign cancel.",
    ),
    Mistake(
        "l1 slope one at the corner",
        "l1_loss",
        "dx = sign(d)",
        "dx = (0 * d + np.where(d >= 0, 1, -1))",
        "At x = y the slope is taken as 1; here it is 0, as in PyTorch.",
    ),
    Mistake(
        "l1 negative side dropped",
        "sign",
        "np.sign(d)",
        "(d > 0)",
        "The sign of a negative number is -1; yours is 0.",
    ),
    Mistake(
        "l1 sign of zero",
        "sign",
        "np.sign(d)",
        "np.where(d > 0, 1, -1)",
        "The sign of 0 is 0; yours is -1.",
    ),
    Mistake(
        "huber parabola half missing",
        "huber_loss",
        "d * d / 2",
        "d * d",
        "The 1/2 of the parabola is missing: it no longer meets the line.",
    ),
    Mistake(
        "huber line not lowered",
        "huber_loss",
        "delta * (size - delta / 2)",
        "delta * size",
        "The line is delta (|d| - delta / 2); without the delta / 2 it does not meet the parabola.",
    ),
    Mistake(
        "huber line lowered by a half",
        "huber_loss",
        "size - delta / 2",
        "size - 1 / 2",
        "The line is lowered by 1/2; it must be delta / 2, which is the same only for delta = 1.",
    ),
    Mistake(
        "huber over delta",
        "huber_loss",
        "/ x.size\n    dx = np.where(size <= delta, d, delta * sign(d)) / x.size",
        "/ x.size / delta\n    dx = np.where(size <= delta, d, delta * sign(d)) / x.size / delta",
        "Loss and gradient are divided by delta: that is the smooth l1 loss.",
    ),
    Mistake(
        "huber slope one beyond delta",
        "huber_loss",
        "delta * sign(d)",
        "sign(d)",
        "Beyond delta the slope is delta times the sign; the delta is missing.",
    ),
    Mistake(
        "huber sign missing",
        "huber_loss",
        "delta * sign(d)",
        "delta + 0 * d",
        "Beyond delta the slope takes the sign of x - y; yours is always positive.",
    ),
    Mistake(
        "huber size missing in dx",
        "huber_loss",
        "dx = np.where(size <= delta",
        "dx = np.where(d <= delta",
        "dx compares d with delta, not |d|: far below the target it is not clipped.",
    ),
    Mistake(
        "huber branches swapped in dx",
        "huber_loss",
        "dx = np.where(size <= delta",
        "dx = np.where(size > delta",
        "The two branches of dx are swapped.",
    ),
    Mistake(
        "huber dx not divided",
        "huber_loss",
        "delta * sign(d)) / x.size",
        "delta * sign(d))",
        "The loss is a mean, so dx is divided by the number of entries.",
    ),
    Mistake(
        "huber wrong default",
        "huber_loss",
        "delta: float = 1.0",
        "delta: float = 1.35",
        "The default delta is scikit-learn's 1.35; here, as in PyTorch, it is 1.",
    ),
    Mistake(
        "bce with logits overflows",
        "bce_with_logits_loss",
        "x * (x > 0) - x * y + np.log1p(np.exp(-size))",
        "np.log1p(np.exp(x)) - x * y",
        "For large x exp overflows, and the loss is infinite; use the form with |x|.",
    ),
    Mistake(
        "bce with logits epsilon in the log",
        "bce_with_logits_loss",
        "loss = (x * (x > 0) - x * y + np.log1p(np.exp(-size))).sum() / x.size\n"
        "    p, _ = sigmoid_forward(x)",
        "p, _ = sigmoid_forward(x)\n"
        "    loss = -(y * np.log(p + 1e-7) + (1 - y) * np.log(1 - p + 1e-7)).sum() / x.size",
        "The epsilon inside the logs changes the loss; the form in x needs none.",
    ),
    Mistake(
        "bce with logits no missing",
        "bce_with_logits_loss",
        "x * (x > 0) - x * y + np.log1p(np.exp(-size))",
        "y * (x * (x > 0) - x + np.log1p(np.exp(-size)))",
        "The term (1 - y) log(1 - p) is missing: a no costs nothing.",
    ),
    Mistake(
        "bce with logits y with plus",
        "bce_with_logits_loss",
        "- x * y",
        "+ x * y",
        "x y is subtracted, not added.",
    ),
    Mistake(
        "bce with logits dx reversed",
        "bce_with_logits_loss",
        "(p - y)",
        "(y - p)",
        "dx is p - y; yours is y - p and leads uphill.",
    ),
    Mistake(
        "bce with logits sigmoid missing",
        "bce_with_logits_loss",
        "(p - y)",
        "(x - y)",
        "dx is p - y with p = sigmoid(x); the sigmoid is missing.",
    ),
    Mistake(
        "bce with logits sigmoid twice",
        "bce_with_logits_loss",
        "dx = (p - y)",
        "dx = (sigmoid_forward(p)[0] - y)",
        "The sigmoid is applied twice in dx.",
    ),
    Mistake(
        "bce with logits extra slope",
        "bce_with_logits_loss",
        "(p - y)",
        "(p - y) * (p * (1 - p))",
        "The slope p (1 - p) is multiplied in, but it has cancelled against the logs already.",
    ),
    Mistake(
        "bce with logits dx for p",
        "bce_with_logits_loss",
        "(p - y)",
        "(p - y) / (p * (1 - p))",
        "This is the gradient of p; for the logits it still has to pass through the sigmoid.",
    ),
    Mistake(
        "bce with logits dx not divided",
        "bce_with_logits_loss",
        "(p - y) / x.size",
        "p - y",
        "The loss is a mean, so dx is divided by the number of entries.",
    ),
    Mistake(
        "bce with logits dx over the rows",
        "bce_with_logits_loss",
        "(p - y) / x.size",
        "(p - y) / len(x)",
        "dx is divided by the number of rows; the mean runs over all entries.",
    ),
    Mistake(
        "svm true class counted",
        "svm_loss",
        "above[n, y] = False",
        "above[n, y] = True",
        "The true class counts as its own rival: every row costs 1 too much.",
    ),
    Mistake(
        "svm margin missing",
        "svm_loss",
        "[:, None] + 1",
        "[:, None]",
        "The margin of 1 is missing: a rival may come up to the true class for free.",
    ),
    Mistake(
        "svm margin reversed",
        "svm_loss",
        "x - x[n, y][:, None] + 1",
        "x[n, y][:, None] - x + 1",
        "The margin is reversed: it is the rival's score minus the true one, plus 1.",
    ),
    Mistake(
        "svm squared",
        "svm_loss",
        "(margins * above).sum()",
        "(margins * margins * above).sum()",
        "The margins are squared in the loss, but not in the gradient.",
    ),
    Mistake(
        "svm dx holds the margins",
        "svm_loss",
        "0 * x + above",
        "margins * above",
        "dx holds the margins; a margin above 0 has slope 1, whatever its size.",
    ),
    Mistake(
        "svm true class not pushed",
        "svm_loss",
        "    push[n, y] -= above.sum(axis=1)\n",
        "",
        "The true class gets no gradient; each margin above 0 also contains its score.",
    ),
    Mistake(
        "svm true class pushed once",
        "svm_loss",
        "-= above.sum(axis=1)",
        "-= 1",
        "The true class is pushed once; it is pushed once for each margin above 0.",
    ),
    Mistake(
        "svm pushes every row",
        "svm_loss",
        "push[n, y] -=",
        "push[:, y] -=",
        "push[:, y] touches every row; pair each row with its own label.",
    ),
    Mistake(
        "svm dx not over the batch",
        "svm_loss",
        "push / N",
        "push",
        "The loss is a mean over the batch, so dx is divided by N.",
    ),
    Mistake(
        "svm mean over the classes",
        "svm_loss",
        "loss = (margins * above).sum() / N",
        "N = x.size\n    loss = (margins * above).sum() / N",
        "Loss and gradient are divided by the number of classes too: that is PyTorch's convention.",
    ),
    Mistake(
        "svm pushes at the corner",
        "svm_loss",
        "margins > 0",
        "margins >= 0",
        "A margin of exactly 0 pushes; here it does not.",
    ),
]
