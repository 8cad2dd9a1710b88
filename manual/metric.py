"""The triplet loss: not what an example is, but whom it should be close to.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

import numpy as np

from manual.checks import Array, expect, expect_ids, expect_positive


def triplet_loss(x: Array, y: Array, margin: float = 1.0) -> tuple[float, Array]:
    """Each anchor should be nearer to its positive than to its negative, by a margin.

    x: (N, D) vectors, one an example
    y: (M, 3) integers, rows of x: anchor, positive, negative; a row may occur in many triplets

        loss = 1/M sum_m max(0, |a - p|^2 - |a - n|^2 + margin),      a, p, n = x[y[m]]

    the mean over the triplets; distances are squared, so that they have a gradient at 0 too. Where
    the max is above 0, with |v|^2' = 2 v:

        da = 2 (a - p) - 2 (a - n)        dp = -2 (a - p)        dn = 2 (a - n)        all over M

    A row gets the sum over all its triplets; a triplet exactly at its margin, the corner, nothing.

    Returns loss, dx (N, D).
    Errors: also TypeError for a y that holds no integers, ValueError for a row that x lacks, or a
    margin that is not above 0.
    Source: Schroff, Kalenichenko and Philbin, 2015 (FaceNet).
    """
    expect("ND", x=x)
    expect_positive(margin=margin)
    expect_ids("y", y, len(x))
    if y.ndim != 2 or y.shape[1] != 3 or not len(y):
        raise ValueError(f"y has shape {y.shape}, expected (M, 3): anchor, positive, negative")
    M = len(y)
    a, p, n = x[y[:, 0]], x[y[:, 1]], x[y[:, 2]]  # (M, D) each
    to_p, to_n = a - p, a - n
    short = (to_p * to_p).sum(axis=1) - (to_n * to_n).sum(axis=1) + margin  # (M,)
    above = short > 0
    loss = (short * above).sum() / M
    pull, push = to_p * above[:, None] * 2 / M, to_n * above[:, None] * 2 / M
    dx = np.zeros_like(x) / 1  # divided: whole vectors do not have whole gradients
    np.add.at(dx, y, np.stack([pull - push, -pull, push], axis=1))
    return loss, dx
