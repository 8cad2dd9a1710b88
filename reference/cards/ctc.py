"""CTC, for the other paths: in JAX by its definition, the sum over every way to say the text."""

import functools
from itertools import groupby, pairwise, product

import numpy as np

from reference.cards import LossCard, Mistake


def _torch(F, x, y, steps=None, blank=0):
    import torch

    N, T, _ = x.shape
    lengths = (y >= 0).sum(axis=1)
    steps = torch.full((N,), T) if steps is None else torch.tensor(steps)
    # The backward of PyTorch's kernel is that of the scores already, p - gamma. That of log_softmax
    # behind it would take off p times its sum, which is 0 but for an error of the size of log P.
    shifted = x - x.amax(dim=-1, keepdim=True).detach()
    log_p = (shifted - shifted.logsumexp(dim=-1, keepdim=True).detach()).transpose(0, 1)
    return F.ctc_loss(log_p, y.clamp(min=0), steps, lengths, blank, reduction="sum") / N


@functools.cache
def _ways(text, T, C, blank):
    """Every way (T labels each) that reads as the text: repeats merged, then blanks left out."""
    found = []
    for way in product(range(C), repeat=T):
        merged = [label for label, _ in groupby(way)]
        if tuple(label for label in merged if label != blank) == text:
            found.append(way)
    return np.array(found)


def _jax(jnp, x, y, steps=None, blank=0):
    N, T, C = x.shape
    shifted = x - jnp.max(x, axis=-1, keepdims=True)
    log_p = shifted - jnp.log(jnp.exp(shifted).sum(axis=-1, keepdims=True))
    total = 0.0
    for n in range(N):
        t = T if steps is None else int(steps[n])
        ways = _ways(tuple(int(label) for label in y[n] if label >= 0), t, C, blank)
        each = log_p[n, np.arange(t), ways].sum(axis=1)  # (ways,)
        top = each.max()
        total = total - top - jnp.log(jnp.exp(each - top).sum())
    return total / N


def _draw(rng, shape):
    N, T, C = shape
    blank = int(rng.choice([0, C - 1]))
    steps = rng.integers(1, T + 1, size=N) if rng.integers(2) else np.full(N, T)
    labels = [label for label in range(C) if label != blank]
    texts = []
    for t in steps:
        text: list[int] = []
        for _ in range(int(rng.integers(0, t + 1)) if labels else 0):
            text.append(int(rng.choice(labels)))
        while len(text) + sum(a == b for a, b in pairwise(text)) > t:
            text.pop()
        texts.append(text)
    L = max(1, *map(len, texts)) if len(texts) > 1 else max(1, len(texts[0]))
    y = np.array([text + [-1] * (L - len(text)) for text in texts])
    options = {} if (steps == T).all() else {"steps": steps}
    return y, options | ({"blank": blank} if blank else {})


CARDS = [
    LossCard(
        "ctc",
        torch=_torch,
        jax=_jax,
        mean="whole",
        targets="own",
        takes="NTV",
        draw=_draw,
    )
]

MISTAKES: list[Mistake] = [
    Mistake(
        "ctc p not subtracted",
        "ctc_loss",
        "(p[n, :t] - gamma) / N",
        "-gamma / N",
        "dx lacks p: every score of a step is in the sum under its softmax.",
    ),
    Mistake(
        "ctc dx reversed",
        "ctc_loss",
        "(p[n, :t] - gamma) / N",
        "(gamma - p[n, :t]) / N",
        "dx is p - gamma; yours is gamma - p and leads uphill.",
    ),
    Mistake(
        "ctc dx for p",
        "ctc_loss",
        "(p[n, :t] - gamma) / N",
        "-gamma / p[n, :t] / N",
        "-gamma / p is the gradient of p; for the scores it still has to pass through softmax.",
    ),
    Mistake(
        "ctc dx not over the batch",
        "ctc_loss",
        "(p[n, :t] - gamma) / N",
        "p[n, :t] - gamma",
        "The loss is a mean over the batch, so dx is divided by N.",
    ),
    Mistake(
        "ctc loss summed",
        "ctc_loss",
        "return loss / N, dx",
        "return loss, N * dx",
        "Loss and gradient are summed over the batch; take the mean.",
    ),
    Mistake(
        "ctc over the length of the text",
        "ctc_loss",
        "log_probability, gamma = _ways(log_p[n, :t], text, blank, n)\n"
        "        loss = loss - log_probability",
        "log_probability, gamma = _ways(log_p[n, :t], text, blank, n)\n"
        "        loss = loss - log_probability / max(1, len(text))",
        "The loss is divided by the length of the text, as PyTorch's mean is.",
    ),
    Mistake(
        "ctc steps ignored",
        "ctc_loss",
        "int(steps[n])",
        "T",
        "The option steps has no effect: the padding is read as part of the example.",
    ),
    Mistake(
        "ctc padding gets p",
        "ctc_loss",
        "dx[n, :t] = (p[n, :t] - gamma) / N",
        "dx[n] = p[n] / N\n        dx[n, :t] -= gamma / N",
        "Steps behind the end of an example get a gradient; theirs is 0.",
    ),
    Mistake(
        "ctc blank ignored",
        "ctc_loss",
        "text, blank, n)",
        "text, 0, n)",
        "The option blank has no effect.",
    ),
    Mistake(
        "ctc softmax along time",
        "ctc_loss",
        "np.exp(shifted).sum(axis=2, keepdims=True)",
        "np.exp(shifted).sum(axis=1, keepdims=True)",
        "The sum under p runs along time; it runs over the labels of a step.",
    ),
    Mistake(
        "ctc log of p",
        "ctc_loss",
        "shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))",
        "np.log(p)",
        "For distant scores p underflows to 0 and its log is infinite; compute log p directly.",
    ),
    Mistake(
        "ctc skip between equal labels",
        "_ways",
        "skips[3::2] = text[1:] != text[:-1]",
        "skips[3::2] = True",
        "The blank between two equal labels is skipped; without it they merge into one.",
    ),
    Mistake(
        "ctc no skip",
        "_ways",
        "skips[3::2] = text[1:] != text[:-1]",
        "skips[3::2] = False",
        "A blank is asked for between any two labels; only equal ones need it.",
    ),
    Mistake(
        "ctc labels skipped",
        "_ways",
        "skips[3::2] = text[1:] != text[:-1]",
        "skips[3::2] = text[1:] != text[:-1]\n    skips[2::2] = True",
        "From blank to blank a label is skipped; only a blank may be.",
    ),
    Mistake(
        "ctc no blank at the start",
        "_ways",
        "start, end = np.arange(S) < 2,",
        "start, end = np.arange(S) == min(1, S - 1),",
        "A way may begin with a blank too, not only with the first label.",
    ),
    Mistake(
        "ctc blank at the start only",
        "_ways",
        "np.arange(S) < 2",
        "np.arange(S) < 1",
        "A way may begin with the first label too, not only with a blank.",
    ),
    Mistake(
        "ctc last state only",
        "_ways",
        "np.arange(S) >= S - 2",
        "np.arange(S) >= S - 1",
        "A way may end with the last label too, not only with a blank.",
    ),
    Mistake(
        "ctc no blank at the end",
        "_ways",
        "np.arange(S) >= S - 2",
        "np.arange(S) == max(0, S - 2)",
        "A way may end with a blank too, not only with the last label.",
    ),
    Mistake(
        "ctc total of the last state",
        "_ways",
        "_log_sum((alpha + beta).T, both.T)[:, None]",
        "(alpha + beta)[-1:, -1:]",
        "P sums the last two states; yours has the last blank only.",
    ),
    Mistake(
        "ctc own p twice",
        "_ways",
        "beta[::-1, ::-1] - said",
        "beta[::-1, ::-1]",
        "alpha and beta both hold the step's own p: it counts twice.",
    ),
    Mistake(
        "ctc beta in forward order",
        "_ways",
        "beta[::-1, ::-1] - said",
        "beta[:, ::-1] - said",
        "beta is not turned back in time.",
    ),
    Mistake(
        "ctc gamma without blanks",
        "_ways",
        "gamma = share @",
        "gamma = share * (states != blank) @",
        "gamma lacks the blanks: they are said too.",
    ),
    Mistake(
        "ctc gamma repeats overwritten",
        "_ways",
        "gamma = share @ (states[:, None] == np.arange(log_p.shape[1]))",
        "gamma = np.zeros_like(log_p)\n    gamma[:, states] = share",
        "A label in two states keeps the share of one; the shares add up.",
    ),
    Mistake(
        "ctc gamma not over P",
        "_ways",
        "alpha + beta - total",
        "alpha + beta",
        "gamma is not divided by P: the shares of a step must sum to 1.",
    ),
    Mistake(
        "ctc may begin anywhere",
        "_forward_ways",
        "alpha, reached = [said[0] * start], [start]",
        "alpha, reached = [said[0]], [start | True]",
        "A way may begin at any state; only the first two are a beginning.",
    ),
    Mistake(
        "ctc may not stay",
        "_forward_ways",
        "open_[1, :1] = False",
        "open_[0] = open_[1, :1] = False",
        "A way may not stay: a label said twice in a row is one label.",
    ),
    Mistake(
        "ctc states wrap around",
        "_forward_ways",
        "np.roll(r, 2) & skips])\n        open_[1, :1] = False",
        "np.roll(r, 2) & skips])",
        "np.roll wraps around: the first state is reached from the last.",
    ),
    Mistake(
        "ctc every skip open",
        "_forward_ways",
        "np.roll(r, 2) & skips",
        "np.roll(r, 2)",
        "Every state may be reached from two before it; only some may.",
    ),
    Mistake(
        "ctc skips closed",
        "_forward_ways",
        "np.roll(r, 2) & skips",
        "np.roll(r, 2) & False",
        "No state is reached from two before it; between two different labels one may be.",
    ),
    Mistake(
        "ctc p of the step missing",
        "_forward_ways",
        "alpha.append(now + _log_sum(ways, open_))",
        "alpha.append(_log_sum(ways, open_))",
        "A step does not multiply by its own p.",
    ),
    Mistake(
        "ctc best way only",
        "_log_sum",
        "return top + np.log(total + ~where.any(axis=0))",
        "return top",
        "Only the most probable way counts; all ways are summed.",
    ),
    Mistake(
        "ctc sums of probabilities",
        "_log_sum",
        "top + np.log(total + ~where.any(axis=0))",
        "np.log((np.exp(terms) * where).sum(axis=0) + ~where.any(axis=0))",
        "The sum leaves the logarithm: a small probability underflows to 0.",
    ),
    Mistake(
        "ctc sum of logarithms",
        "_log_sum",
        "return top + np.log(total + ~where.any(axis=0))",
        "return (terms * where).sum(axis=0)",
        "Logarithms are added, which multiplies the probabilities; they are summed.",
    ),
    Mistake(
        "ctc closed ways counted",
        "_log_sum",
        "np.exp((terms - top) * where) * where",
        "np.exp((terms - top) * where)",
        "Ways that lead nowhere count as much as the best one.",
    ),
]
