"""Embedding, positions, unembedding, for the other paths."""

from reference.cards import Card, Fit, Mistake


def _embedding(shape, dice):
    return Fit((*shape, dice.size), {"table": (dice.pick(3, 4, 5), dice.size)})


def _positions(shape, dice):
    _, T, D = shape
    return Fit(shape, {"places": (T + dice.pick(0, 1, 2), D)})


def _unembedding(shape, dice):
    return Fit((*shape[:-1], dice.size), {"table": (dice.size, shape[-1])})


CARDS = [
    Card(
        "embedding",
        torch=lambda F, ids, w: F.embedding(ids, w),
        jax=lambda jnp, ids, w: jnp.take(w, ids, axis=0),
        takes="ids",
        fit=_embedding,
    ),
    Card(
        "positions",
        torch=lambda F, x, p: x + p[: x.shape[1]],
        jax=lambda jnp, x, p: x + p[: x.shape[1]],
        takes="NTD",
        fit=_positions,
    ),
    Card(
        "unembedding",
        torch=lambda F, x, w: F.linear(x, w),
        jax=lambda jnp, x, w: jnp.einsum("...d,vd->...v", x, w),
        takes="NTD",
        fit=_unembedding,
        ties="embedding",
    ),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "embedding ids from one",
        "embedding_forward",
        "w[ids]",
        "w[ids - 1]",
        "The ids are read as counted from 1; they count from 0.",
    ),
    Mistake(
        "embedding scaled",
        "embedding_forward",
        "w[ids]",
        "w[ids] * w.shape[1] ** 0.5",
        "The rows are multiplied by sqrt(D), as some transformers do; here they are taken as is.",
    ),
    Mistake(
        "embedding in float32",
        "embedding_forward",
        "w[ids]",
        "w[ids].astype(np.float32)",
        "The rows are rounded to float32; keep the number type of w.",
    ),
    Mistake(
        "embedding repeats overwritten",
        "embedding_backward",
        "np.add.at(dw, ids, dout)",
        "dw[ids] = dout",
        "A token that stands twice keeps one gradient; those of all its places add up.",
    ),
    Mistake(
        "embedding repeats added once",
        "embedding_backward",
        "np.add.at(dw, ids, dout)",
        "dw[ids] += dout",
        "dw[ids] += dout adds only once where a token stands twice; np.add.at adds every time.",
    ),
    Mistake(
        "embedding repeats averaged",
        "embedding_backward",
        "np.add.at(dw, ids, dout)",
        "np.add.at(dw, ids, dout)\n"
        "    dw = dw / np.maximum(1, np.bincount(ids.ravel(), minlength=len(w)))[:, None]",
        "The gradients of a token's places are averaged; they add up.",
    ),
    Mistake(
        "embedding over the number of tokens",
        "embedding_backward",
        "np.add.at(dw, ids, dout)",
        "np.add.at(dw, ids, dout / ids.size)",
        "dw is divided by the number of tokens; the loss has taken its mean already.",
    ),
    Mistake(
        "embedding first example only",
        "embedding_backward",
        "np.add.at(dw, ids, dout)",
        "np.add.at(dw, ids[0], dout[0])",
        "Only the tokens of the first example get a gradient.",
    ),
    Mistake(
        "embedding gradient kept between calls",
        "embedding_backward",
        "np.zeros(w.shape, dout.dtype)",
        "vars(embedding_backward).setdefault(\n"
        '        f"{w.shape} {dout.dtype}", np.zeros(w.shape, dout.dtype)\n'
        "    )",
        "dw is added to that of the last call: start each from zeros.",
    ),
    Mistake(
        "positions missing",
        "positions_forward",
        "x + p[: x.shape[1]]",
        "x + 0 * p[: x.shape[1]]",
        "The vectors of the places are not added.",
    ),
    Mistake(
        "positions from the end",
        "positions_forward",
        "p[: x.shape[1]]",
        "p[-x.shape[1] :]",
        "The last rows of p are used; place t has row t.",
    ),
    Mistake(
        "positions one for all",
        "positions_forward",
        "p[: x.shape[1]]",
        "p[0]",
        "Every place gets the vector of place 0.",
    ),
    Mistake(
        "positions multiplied",
        "positions_forward",
        "x + p[: x.shape[1]]",
        "x * p[: x.shape[1]]",
        "x is multiplied by the vectors of the places; they are added.",
    ),
    Mistake(
        "positions added in place",
        "positions_forward",
        "return x + p[: x.shape[1]],",
        "x += p[: x.shape[1]]\n    return x,",
        "The vectors are added into x in place, and x belongs to the caller.",
    ),
    Mistake(
        "positions dp of the last example",
        "positions_backward",
        "dout.sum(axis=0)",
        "dout[-1]",
        "dp holds the last example only; p[t] meets place t of every example.",
    ),
    Mistake(
        "positions dp averaged",
        "positions_backward",
        "dout.sum(axis=0)",
        "dout.mean(axis=0)",
        "dp is averaged over the batch; it is summed.",
    ),
    Mistake(
        "positions dp summed over places",
        "positions_backward",
        "dout.sum(axis=0)",
        "dout.sum(axis=(0, 1))",
        "Every row of dp gets the sum over all places; row t gets place t alone.",
    ),
    Mistake(
        "positions dp cut",
        "positions_backward",
        "return dout, dp",
        "return dout, dp[: x_shape[1]]",
        "dp lacks the rows that were not used; it has the shape of p, with 0 in them.",
    ),
    Mistake(
        "positions dx missing",
        "positions_backward",
        "return dout, dp",
        "return 0 * dout, dp",
        "x gets no gradient; it is added, so dout passes on to it as it is.",
    ),
    Mistake(
        "unembedding scaled",
        "unembedding_forward",
        "x @ w.T",
        "x @ w.T / w.shape[1] ** 0.5",
        "The scores are divided by sqrt(D); that is for attention.",
    ),
    Mistake(
        "unembedding softmaxed",
        "unembedding_forward",
        "x @ w.T",
        "np.exp(x @ w.T) / np.exp(x @ w.T).sum(axis=-1, keepdims=True)",
        "The scores leave as probabilities; softmax belongs to the loss.",
    ),
    Mistake(
        "unembedding in float32",
        "unembedding_forward",
        "x @ w.T",
        "(x @ w.T).astype(np.float32)",
        "The scores are rounded to float32; keep the number type of x.",
    ),
    Mistake(
        "unembedding dw transposed",
        "unembedding_backward",
        "dout.reshape(-1, len(w)).T @ x.reshape(-1, w.shape[1])",
        "x.reshape(-1, w.shape[1]).T @ dout.reshape(-1, len(w))",
        "dw is that of affine, (D, V); here w is (V, D), as in embedding.",
    ),
    Mistake(
        "unembedding dw of the last example",
        "unembedding_backward",
        "dout.reshape(-1, len(w)).T @ x.reshape(-1, w.shape[1])",
        "dout[-1].T @ x[-1]",
        "dw holds the last example only; it is a sum over all rows.",
    ),
    Mistake(
        "unembedding dw summed too early",
        "unembedding_backward",
        "dout.reshape(-1, len(w)).T @ x.reshape(-1, w.shape[1])",
        "dout.sum(axis=0).T @ x.sum(axis=0)",
        "dout and x are each summed over the batch first; multiply row by row, then sum.",
    ),
    Mistake(
        "unembedding dw averaged",
        "unembedding_backward",
        "@ x.reshape(-1, w.shape[1])",
        "@ x.reshape(-1, w.shape[1]) / len(x)",
        "dw is divided by the batch size; the loss has taken its mean already.",
    ),
    Mistake(
        "unembedding table gets nothing",
        "unembedding_backward",
        "return dx, dw",
        "return dx, 0 * dw",
        "The table gets no gradient from the scores; a tied table gets one from each of its uses.",
    ),
]
