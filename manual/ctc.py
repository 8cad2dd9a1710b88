"""CTC: the loss of a sequence of labels whose places in time nobody has told.

At every step the network says a label, or nothing ("blank"). Said labels are read with repeats
merged and blanks left out: a a _ b reads "ab", and a _ a reads "aa". The probability of a text is
the sum over all ways to say it, and dynamic programming sums them without listing them.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

import numpy as np

from manual.checks import Array, expect, expect_array, expect_ids
from manual.softmax import softmax_forward


def ctc_loss(x: Array, y: Array, steps: Array | None = None, blank: int = 0) -> tuple[float, Array]:
    """-log P(text), summed over time, the mean over the batch, in nats.

    x: (N, T, C) scores; p = softmax(x) along C
    y: (N, L) integer labels, not the blank; a shorter text is filled up with -1 at its end
    steps: (N,) how many of the T steps belong to each example; None for all. The others get dx = 0.
    Returns loss, dx (N, T, C). (PyTorch's reduction "sum", over N; its "mean" also divides by L.)
    Errors: also TypeError for labels that are no integers or steps that are no array, ValueError
    for a label or a blank out of range, steps that are not 1 to T, a text that needs more steps.
    Source: Graves et al., 2006.

    Between the labels, and around them, a blank may be said: the states are _ a _ b _, S = 2 L + 1.
    From one step to the next a way stays, moves on by one, or skips a blank between two different
    labels. With l[s] the label of state s, everything in logarithms:

        alpha[t, s] = log P(all ways that stand at s at step t)
                    = log p[t, l[s]] + logsum of alpha[t - 1] at s, s - 1 (and s - 2)
        beta[t, s]  = log P(all ways from s at step t to the end), likewise from the end, p[t] apart
        log P       = logsum_s (alpha[t, s] + beta[t, s]),  at any t

    The share of ways that stand at s at step t is gamma[t, s] = exp(alpha + beta - log P). A way
    at s holds the factor p[t, l[s]], so d log P / d log p[t, k] = sum of gamma[t, s] over l[s] = k,
    and as these shares sum to 1 at each t, softmax's backward gives

        dx[t, k] = p[t, k] - sum over l[s] = k of gamma[t, s]          over N
    """
    expect("NTC", x=x)
    N, T, C = x.shape
    expect_ids("y", y, C, where=y != -1 if isinstance(y, np.ndarray) else True)
    if y.ndim != 2 or len(y) != N:
        raise ValueError(f"y has shape {y.shape}, expected ({N}, L), the labels of each example")
    if not isinstance(blank, int | np.integer) or not 0 <= blank < C:
        raise ValueError(f"blank is {blank!r}, expected a label from 0 to {C - 1}")
    if (y == blank).any():
        raise ValueError(f"y holds {blank}, the blank, which nobody says; pad with -1")
    steps = np.full(N, T) if steps is None else steps
    expect_array("steps", steps)
    if (
        steps.shape != (N,)
        or steps.dtype.kind not in "iu"
        or (steps < 1).any()
        or (steps > T).any()
    ):
        raise ValueError(f"steps is {steps}, expected {N} whole numbers from 1 to {T}")
    loss, dx = 0, np.zeros_like(x) / 1  # divided: whole scores do not have whole gradients
    p, _ = softmax_forward(x)
    shifted = x - x.max(axis=2, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    for n in range(N):  # each example has its own states
        text, t = y[n][y[n] >= 0], int(steps[n])
        if (y[n][: len(text)] < 0).any():
            raise ValueError(f"y[{n}] is {y[n]}, expected -1 at the end only")
        log_probability, gamma = _ways(log_p[n, :t], text, blank, n)
        loss = loss - log_probability
        dx[n, :t] = (p[n, :t] - gamma) / N
    return loss / N, dx


def _ways(log_p: Array, text: Array, blank: int, n: int) -> tuple[Array, Array]:
    """log P(text), and gamma summed label by label, (T, C), for one example log_p (T, C)."""
    T, S = len(log_p), 2 * len(text) + 1
    states = np.full(S, blank)
    states[1::2] = text
    skips = np.zeros(S, bool)  # whether state s may be reached from s - 2
    skips[3::2] = text[1:] != text[:-1]
    needed = len(text) + int((text[1:] == text[:-1]).sum())  # equal neighbours need a blank
    if needed > T:
        raise ValueError(f"steps[{n}] is {T}, expected {needed} or more to say y[{n}]")
    said = log_p[:, states]  # (T, S)
    start, end = np.arange(S) < 2, np.arange(S) >= S - 2
    alpha, from_start = _forward_ways(said, start, skips)
    # Read from the end, the same: states and time turned round, and the step's own p taken off.
    skips_back = np.zeros(S, bool)
    skips_back[: S - 2] = skips[2:]
    beta, to_end = _forward_ways(said[::-1, ::-1], end[::-1], skips_back[::-1])
    beta, to_end = beta[::-1, ::-1] - said, to_end[::-1, ::-1]
    both = from_start & to_end  # states on some whole way
    total = _log_sum((alpha + beta).T, both.T)[:, None]  # (T, 1), the same at every step
    share = np.exp((alpha + beta - total) * both) * both  # (T, S)
    gamma = share @ (states[:, None] == np.arange(log_p.shape[1]))
    return total[-1, 0], gamma


def _forward_ways(said: Array, start: Array, skips: Array) -> tuple[Array, Array]:
    """alpha (T, S), and where any way leads: there is no log 0 that every number type can hold."""
    alpha, reached = [said[0] * start], [start]
    for now in said[1:]:
        a, r = alpha[-1], reached[-1]
        ways = np.stack([a, np.roll(a, 1), np.roll(a, 2)])  # from s, s - 1, s - 2
        open_ = np.stack([r, np.roll(r, 1), np.roll(r, 2) & skips])
        open_[1, :1] = False  # nothing stands before the first state
        reached.append(np.logical_or.reduce(open_))
        alpha.append(now + _log_sum(ways, open_))
    return np.stack(alpha), np.stack(reached)


def _log_sum(terms: Array, where: Array) -> Array:
    """log of the sum of exp(terms) along the first axis, over those where `where`; 0 for none."""
    top = np.where(where, terms, terms.min(axis=0)).max(axis=0)
    total = (np.exp((terms - top) * where) * where).sum(axis=0)
    return top + np.log(total + ~where.any(axis=0))
