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
    log_p = F.log_softmax(x, dim=-1).transpose(0, 1)
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

MISTAKES: list[Mistake] = []
