"""Temporal affine, and cross-entropy over time, for the other paths."""

import numpy as np

from reference.cards import Card, Fit, LossCard, Mistake


def _affine(shape, dice):
    return Fit((*shape[:-1], dice.size), {"W": (shape[-1], dice.size), "b": (dice.size,)})


def _torch_loss(F, x, y, mask=None, mean="tokens"):
    import torch

    if mask is not None and not mask.any():
        return (0 * x).sum()  # PyTorch's mean of nothing is nan
    ignored = y if mask is None else torch.where(torch.tensor(mask), y, -100)
    total = F.cross_entropy(x.flatten(0, 1), ignored.flatten(), reduction="sum")
    return total / (len(x) if mean == "examples" else (ignored != -100).sum())


def _jax_loss(jnp, x, y, mask=None, mean="tokens"):
    mask = np.ones(y.shape, bool) if mask is None else mask
    shifted = x - jnp.max(x, axis=-1, keepdims=True)
    log_p = shifted - jnp.log(jnp.exp(shifted).sum(axis=-1, keepdims=True))
    true = jnp.take_along_axis(log_p, jnp.where(mask, y, 0)[..., None], axis=-1)[..., 0]
    divisor = x.shape[0] if mean == "examples" else max(1, mask.sum())
    return -jnp.where(mask, true, 0.0).sum() / divisor


def _draw(rng, shape):
    N, T, V = shape
    y, options = rng.integers(V, size=(N, T)), {}
    if rng.integers(2):
        options["mean"] = "examples"
    if rng.integers(2):
        options["mask"] = rng.integers(rng.integers(1, 5), size=(N, T)) > 0
        y = np.where(options["mask"], y, rng.choice([-100, -1, V]))  # is not looked at there
    return y, options


CARDS = [
    Card(
        "temporal_affine",
        torch=lambda F, x, w, b: F.linear(x, w.T, b),
        jax=lambda jnp, x, w, b: jnp.einsum("...d,dm->...m", x, w) + b,
        takes="ND*",
        fit=_affine,
    ),
    LossCard(
        "temporal_softmax",
        torch=_torch_loss,
        jax=_jax_loss,
        mean="whole",
        torch_rounds=True,
        targets="own",
        takes="NTV",
        draw=_draw,
    ),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "temporal affine rows out of order",
        "temporal_affine_forward",
        "x.reshape(-1, x.shape[-1])",
        "x.swapaxes(0, -2).reshape(-1, x.shape[-1])",
        "The rows go in with time first and come out with the batch first.",
    ),
    Mistake(
        "temporal affine out of order",
        "temporal_affine_forward",
        "out.reshape(*x.shape[:-1], len(b))",
        "np.moveaxis(out.reshape(len(b), *x.shape[:-1]), 0, -1)",
        "out is read column by column; it lies row by row.",
    ),
    Mistake(
        "temporal affine bias missing",
        "temporal_affine_forward",
        "w, b)\n    return",
        "w, 0 * b)\n    return",
        "The bias b is never added.",
    ),
    Mistake(
        "temporal affine bias at the first step",
        "temporal_affine_forward",
        "return out.reshape(*x.shape[:-1], len(b)),",
        "out = out.reshape(*x.shape[:-1], len(b))\n    out[..., 1:, :] -= b\n    return out,",
        "The bias b is added at the first step only; every step gets it.",
    ),
    Mistake(
        "temporal affine dout out of order",
        "temporal_affine_backward",
        "dout.reshape(-1, M)",
        "dout.swapaxes(0, -2).reshape(-1, M)",
        "dout's rows are read with time first; those of x were read with the batch first.",
    ),
    Mistake(
        "temporal affine dw of the last step",
        "temporal_affine_backward",
        "dx, dw, db = affine_backward(dout.reshape(-1, M), inner)",
        "dx, dw, db = affine_backward(dout.reshape(-1, M), inner)\n"
        "    last = inner[0].reshape(x_shape[0], -1, x_shape[-1])[:, -1]\n"
        "    dw = last.T @ dout.reshape(x_shape[0], -1, M)[:, -1]",
        "dw holds the last step only; it is a sum over all of them.",
    ),
    Mistake(
        "temporal affine db over the steps",
        "temporal_affine_backward",
        "dw, db\n",
        "dw, db / x_shape[1]\n",
        "db is divided by the number of steps; it is a sum over all of them.",
    ),
    Mistake(
        "temporal affine dw over the batch",
        "temporal_affine_backward",
        "dw, db\n",
        "dw / x_shape[0], db\n",
        "dw is divided by the batch size; the loss has taken its mean already.",
    ),
    Mistake(
        "temporal loss mask ignored",
        "temporal_softmax_loss",
        "counts = np.ones((N, T), bool) if mask is None else mask",
        "y = y.clip(0, V - 1)\n    counts = np.ones((N, T), bool)",
        "Steps that the mask leaves out count too.",
    ),
    Mistake(
        "temporal loss mask ignored in the loss",
        "temporal_softmax_loss",
        "return loss * share, dx",
        "return softmax_loss(x.reshape(-1, V), y.clip(0, V - 1).ravel())[0] * share, dx",
        "The mask is in dx, but the loss counts every step.",
    ),
    Mistake(
        "temporal loss mask ignored in dx",
        "temporal_softmax_loss",
        "dx[counts] = dcounted * share",
        "dx[counts] = dcounted * share\n"
        "    if not counts.all():\n"
        "        rest = softmax_loss(x[~counts], y[~counts].clip(0, V - 1))[1]\n"
        "        dx[~counts] = rest * (N * T - count) / count",
        "Steps that the mask leaves out still get a gradient.",
    ),
    Mistake(
        "temporal loss mask inverted",
        "temporal_softmax_loss",
        "counts = np.ones((N, T), bool) if mask is None else mask",
        "y = y.clip(0, V - 1)\n    counts = np.ones((N, T), bool) if mask is None else ~mask",
        "The mask is inverted: True is where a step counts.",
    ),
    Mistake(
        "temporal loss mean over all tokens",
        "temporal_softmax_loss",
        "else count)",
        "else N * T)",
        "The mean is over all steps; it is over those that count.",
    ),
    Mistake(
        "temporal loss means swapped",
        "temporal_softmax_loss",
        'count / (N if mean == "examples" else count)',
        'count / (count if mean == "examples" else N)',
        "The two means are swapped: tokens divides by the steps that count, examples by N.",
    ),
    Mistake(
        "temporal loss mean ignored",
        "temporal_softmax_loss",
        'count / (N if mean == "examples" else count)',
        "1",
        "The option mean has no effect.",
    ),
    Mistake(
        "temporal loss over the steps",
        "temporal_softmax_loss",
        "(N if mean",
        "(T if mean",
        "The mean over the examples is divided by the number of steps T; it is N.",
    ),
    Mistake(
        "temporal loss another mean by default",
        "temporal_softmax_loss",
        'mean: str = "tokens"',
        'mean: str = "examples"',
        "The mean is over the steps that count, unless asked for otherwise.",
    ),
    Mistake(
        "temporal loss dx of another mean",
        "temporal_softmax_loss",
        "dcounted * share",
        "dcounted",
        "dx is that of the mean over the tokens, whatever mean the loss has.",
    ),
    Mistake(
        "temporal loss of another mean",
        "temporal_softmax_loss",
        "loss * share",
        "loss",
        "The loss is the mean over the tokens, whatever mean dx has.",
    ),
    Mistake(
        "temporal loss dx overwritten",
        "temporal_softmax_loss",
        "dx[counts] = dcounted * share",
        "dx[:] = dcounted[0] * share",
        "Every step gets the gradient of the first one.",
    ),
    Mistake(
        "temporal loss nothing counts",
        "temporal_softmax_loss",
        "if count == 0:",
        "if False:",
        "Where nothing counts, the mean divides by 0; loss and gradient are 0 there.",
    ),
]
