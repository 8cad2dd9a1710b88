"""The triplet loss, for the other paths."""

from reference.cards import LossCard, Mistake


def _square(a, b):
    return ((a - b) ** 2).sum(-1)


def _torch(F, x, y, margin=1.0):
    a, p, n = x[y[:, 0]], x[y[:, 1]], x[y[:, 2]]
    # F.triplet_margin_with_distance_loss is this with clamp, whose slope is 1 at the corner.
    return F.relu(_square(a, p) - _square(a, n) + margin).mean()


def _jax(jnp, x, y, margin=1.0):
    a, p, n = x[y[:, 0]], x[y[:, 1]], x[y[:, 2]]
    short = _square(a, p) - _square(a, n) + margin
    return jnp.where(short > 0, short, 0.0).mean()


def _short(x, y, margin=1.0):
    a, p, n = x[y[:, 0]], x[y[:, 1]], x[y[:, 2]]
    return _square(a, p) - _square(a, n) + margin


def _draw(rng, shape):
    options = {} if rng.integers(2) else {"margin": float(rng.choice([0.5, 4.0]))}
    return rng.integers(shape[0], size=(rng.integers(1, 5), 3)), options


CARDS = [
    LossCard(
        "triplet",
        torch=_torch,
        jax=_jax,
        mean="whole",
        targets="own",
        kinks=_short,
        draw=_draw,
    )
]

MISTAKES: list[Mistake] = [
    Mistake(
        "triplet positive and negative swapped",
        "triplet_loss",
        "a, p, n = x",
        "a, n, p = x",
        "The columns are read as anchor, negative, positive; the positive comes second.",
    ),
    Mistake(
        "triplet margin subtracted",
        "triplet_loss",
        "+ margin",
        "- margin",
        "The margin is subtracted; it is added.",
    ),
    Mistake(
        "triplet margin ignored",
        "triplet_loss",
        "+ margin",
        "+ 1.0",
        "The option margin has no effect.",
    ),
    Mistake(
        "triplet another margin",
        "triplet_loss",
        "margin: float = 1.0",
        "margin: float = 0.2",
        "The margin is 1 unless another is asked for.",
    ),
    Mistake(
        "triplet distances not squared",
        "triplet_loss",
        "(to_p * to_p).sum(axis=1) - (to_n * to_n).sum(axis=1)",
        "np.sqrt((to_p * to_p).sum(axis=1)) - np.sqrt((to_n * to_n).sum(axis=1))",
        "The distances are not squared.",
    ),
    Mistake(
        "triplet max missing",
        "triplet_loss",
        "above = short > 0",
        "above = np.ones(M, bool)",
        "Triplets beyond the margin count too; the max with 0 is missing.",
    ),
    Mistake(
        "triplet max missing in dx",
        "triplet_loss",
        "to_p * above[:, None] * 2 / M, to_n * above[:, None] * 2 / M",
        "to_p * 2 / M, to_n * 2 / M",
        "Triplets beyond the margin still get a gradient.",
    ),
    Mistake(
        "triplet summed",
        "triplet_loss",
        "loss = (short * above).sum() / M\n"
        "    pull, push = to_p * above[:, None] * 2 / M, to_n * above[:, None] * 2 / M",
        "loss = (short * above).sum()\n"
        "    pull, push = to_p * above[:, None] * 2, to_n * above[:, None] * 2",
        "Loss and gradient are summed over the triplets; take the mean.",
    ),
    Mistake(
        "triplet dx not over the triplets",
        "triplet_loss",
        "to_p * above[:, None] * 2 / M, to_n * above[:, None] * 2 / M",
        "to_p * above[:, None] * 2, to_n * above[:, None] * 2",
        "The loss is a mean over the triplets, so dx is divided by their number.",
    ),
    Mistake(
        "triplet over the examples",
        "triplet_loss",
        "M = len(y)",
        "M = len(x)",
        "The mean is over the examples; it is over the triplets.",
    ),
    Mistake(
        "triplet mean over the short ones",
        "triplet_loss",
        "above = short > 0",
        "above = short > 0\n    M = max(1, int(above.sum()))",
        "The mean is over the triplets within the margin; it is over all of them.",
    ),
    Mistake(
        "triplet 2 missing",
        "triplet_loss",
        "to_p * above[:, None] * 2 / M, to_n * above[:, None] * 2 / M",
        "to_p * above[:, None] / M, to_n * above[:, None] / M",
        "The 2 from the squares is missing.",
    ),
    Mistake(
        "triplet anchor forgotten",
        "triplet_loss",
        "pull - push, -pull",
        "0 * pull, -pull",
        "The anchor gets no gradient; it stands in both distances.",
    ),
    Mistake(
        "triplet anchor pulled only",
        "triplet_loss",
        "pull - push, -pull",
        "pull, -pull",
        "The anchor lacks the push from the negative.",
    ),
    Mistake(
        "triplet anchor pushed the wrong way",
        "triplet_loss",
        "pull - push, -pull",
        "pull + push, -pull",
        "The anchor is pushed towards the negative: the second distance is subtracted.",
    ),
    Mistake(
        "triplet positive pushed away",
        "triplet_loss",
        "-pull, push]",
        "pull, push]",
        "The gradient of the positive has the wrong sign.",
    ),
    Mistake(
        "triplet negative pulled",
        "triplet_loss",
        "-pull, push]",
        "-pull, -push]",
        "The gradient of the negative has the wrong sign.",
    ),
    Mistake(
        "triplet repeats overwritten",
        "triplet_loss",
        "np.add.at(dx, y, np.stack([pull - push, -pull, push], axis=1))",
        "dx[y] = np.stack([pull - push, -pull, push], axis=1)",
        "A row in two triplets keeps one gradient; those of all its triplets add up.",
    ),
    Mistake(
        "triplet repeats added once",
        "triplet_loss",
        "np.add.at(dx, y, np.stack([pull - push, -pull, push], axis=1))",
        "dx[y] += np.stack([pull - push, -pull, push], axis=1)",
        "dx[y] += ... adds only once where a row stands twice; np.add.at adds every time.",
    ),
    Mistake(
        "triplet gradients written into x",
        "triplet_loss",
        "dx = np.zeros_like(x) / 1",
        "dx = x\n    dx[:] = 0",
        "dx is the array of x, and x is overwritten.",
    ),
]
