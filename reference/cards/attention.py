"""Attention, for the other paths: PyTorch's own kernel, JAX's softmax of q k^T."""

import math

import numpy as np

from reference.cards import Card, Fit, Mistake


def _seen(T, S, causal, mask):
    """Which query may look at which key: one array, or None for all."""
    if mask is None and not causal:
        return None
    seen = np.tri(T, S, dtype=bool) if causal else np.ones((T, S), bool)
    return seen if mask is None else seen & mask


def _torch_attention(F, q, k, v, causal=False, mask=None):
    import torch

    seen = _seen(q.shape[-2], k.shape[-2], causal, mask)
    seen = None if seen is None else torch.tensor(seen)
    return F.scaled_dot_product_attention(q, k, v, seen)


def _jax_attention(jnp, q, k, v, causal=False, mask=None):
    from jax.lax import stop_gradient

    s = jnp.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    seen = _seen(q.shape[-2], k.shape[-2], causal, mask)
    if seen is not None:
        s = jnp.where(seen, s, -jnp.inf)
    top = stop_gradient(s.max(axis=-1, keepdims=True))
    e = jnp.exp(s - jnp.where(top == -jnp.inf, 0.0, top))
    total = e.sum(axis=-1, keepdims=True)
    return jnp.einsum("...ts,...sm->...tm", e / jnp.where(total == 0, 1.0, total), v)


def _torch_multihead(F, x, wqkv, bqkv, wo, bo, heads=1, causal=False, mask=None, rotary=False):
    qkv = F.linear(x, wqkv.T, bqkv).unflatten(2, (3, heads, -1))  # (N, T, 3, heads, D / heads)
    q, k, v = qkv.permute(2, 0, 3, 1, 4)
    if rotary:
        q, k = _torch_rotary(F, q), _torch_rotary(F, k)
    out = _torch_attention(F, q, k, v, causal, mask)
    return F.linear(out.transpose(1, 2).flatten(2), wo.T, bo)


def _jax_multihead(jnp, x, wqkv, bqkv, wo, bo, heads=1, causal=False, mask=None, rotary=False):
    N, T, D = x.shape
    qkv = (x @ wqkv + bqkv).reshape(N, T, 3, heads, D // heads)
    q, k, v = jnp.moveaxis(qkv, (2, 3), (0, 2))
    if rotary:
        q, k = _jax_rotary(jnp, q), _jax_rotary(jnp, k)
    out = _jax_attention(jnp, q, k, v, causal, mask)
    return jnp.moveaxis(out, 1, 2).reshape(N, T, D) @ wo + bo


def _torch_rotary(F, x, base=10000.0):
    """A pair of numbers as one complex number, times exp(i angle)."""
    import torch

    T, D = x.shape[-2:]
    angles = torch.arange(T)[:, None] * base ** (-2 * torch.arange(D // 2).double() / D)
    turn = torch.polar(torch.ones_like(angles), angles)
    a, b = x.chunk(2, dim=-1)
    turned = torch.complex(a, b) * turn.to(torch.complex(a, b).dtype)
    return torch.cat([turned.real, turned.imag], dim=-1)


def _jax_rotary(jnp, x, base=10000.0):
    T, D = x.shape[-2:]
    angles = np.arange(T)[:, None] * base ** (-2 * np.arange(D // 2) / D)
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    a, b = x[..., : D // 2], x[..., D // 2 :]
    return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def _looks(shape, dice, options):
    """A mask of the shape: a hole here and there, now and then a row with nothing to look at."""
    if dice.pick(False, False, True):
        options["causal"] = True
    if dice.pick(False, False, True):
        options["mask"] = dice.rng.integers(4, size=shape) > dice.pick(0, 0, 2)
    return options


def _attention(shape, dice):
    *lead, T, D = shape
    S, M = dice.pick(T, 1, 2, 3), dice.size
    params = {"k": (*lead, S, D), "v": (*lead, S, M)}
    mask = dice.pick((T, S), (*lead, T, S), (1, S))
    return Fit((*lead, T, M), params, _looks(mask, dice, {}))


def _multihead(shape, dice):
    N, T, D = shape
    heads = dice.pick(1, *[h for h in range(2, D + 1) if D % h == 0])
    options = {} if heads == 1 else {"heads": heads}
    if D // heads % 2 == 0 and dice.pick(False, True, True):
        options["rotary"] = True
    mask = dice.pick((T, T), (N, 1, 1, T), (N, heads, T, T))
    params = {"wqkv": (D, 3 * D), "bqkv": (3 * D,), "wo": (D, D), "bo": (D,)}
    return Fit(shape, params, _looks(mask, dice, options))


def _rotary(shape, dice):
    if shape[-1] % 2:
        return None
    base = dice.pick(None, 100.0, 4.0)
    return Fit(shape, options={} if base is None else {"base": base})


CARDS = [
    Card(
        "attention",
        torch=_torch_attention,
        jax=_jax_attention,
        takes="NTD",
        fit=_attention,
        rows=lambda options: "mask" not in options,
        own=2,
    ),
    Card(
        "multihead_attention",
        torch=_torch_multihead,
        jax=_jax_multihead,
        takes="NTD",
        multiple=2,
        fit=_multihead,
        rows=lambda options: "mask" not in options,
    ),
    Card("rotary", torch=_torch_rotary, jax=_jax_rotary, takes="NTD", multiple=2, fit=_rotary),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "attention scale missing",
        "attention_forward",
        " / math.sqrt(q.shape[-1])",
        "",
        "The scores are not divided by sqrt(D).",
    ),
    Mistake(
        "attention scale D",
        "attention_forward",
        "math.sqrt(q.shape[-1])",
        "q.shape[-1]",
        "The scores are divided by D; it is sqrt(D).",
    ),
    Mistake(
        "attention scale multiplied",
        "attention_forward",
        "/ math.sqrt(q.shape[-1])",
        "* math.sqrt(q.shape[-1])",
        "The scores are multiplied by sqrt(D); they are divided by it.",
    ),
    Mistake(
        "attention scale of the keys' number",
        "attention_forward",
        "math.sqrt(q.shape[-1])",
        "math.sqrt(k.shape[-2])",
        "The scores are divided by the root of the number of keys; D is the width of q.",
    ),
    Mistake(
        "attention over the queries",
        "attention_forward",
        "e.sum(axis=-1, keepdims=True)",
        "e.sum(axis=-2, keepdims=True)",
        "The weights of each key sum to 1 over the queries; those of each query must.",
    ),
    Mistake(
        "attention causal upside down",
        "attention_forward",
        "np.tril(seen)",
        "np.triu(seen)",
        "Causal is upside down: each query looks at what comes later.",
    ),
    Mistake(
        "attention causal without itself",
        "attention_forward",
        "np.tril(seen)",
        "np.tril(seen, -1)",
        "A query may not look at its own place; it looks at keys 0 to t, with t.",
    ),
    Mistake(
        "attention causal one ahead",
        "attention_forward",
        "np.tril(seen)",
        "np.tril(seen, 1)",
        "A query sees one key ahead; it looks at keys 0 to t only.",
    ),
    Mistake(
        "attention causal ignored",
        "attention_forward",
        "if causal:",
        "if False:",
        "The option causal has no effect.",
    ),
    Mistake(
        "attention causal by default",
        "attention_forward",
        "causal: bool = False",
        "causal: bool = True",
        "Queries look back only, unasked; causal is off by default.",
    ),
    Mistake(
        "attention mask ignored",
        "attention_forward",
        "if mask is not None:",
        "if False:",
        "The option mask has no effect.",
    ),
    Mistake(
        "attention mask inverted",
        "attention_forward",
        "seen & mask",
        "seen & ~mask",
        "The mask is inverted: True is where a query may look.",
    ),
    Mistake(
        "attention mask or causal",
        "attention_forward",
        "seen & mask",
        "mask if not causal else seen | mask",
        "With both, a key is seen that one of them allows; both must.",
    ),
    Mistake(
        "attention mask in place of causal",
        "attention_forward",
        "seen & mask",
        "np.broadcast_to(mask, s.shape)",
        "A mask switches causal off; both must allow a key.",
    ),
    Mistake(
        "attention mask after softmax",
        "attention_forward",
        "e = np.exp(shown - shown.max(axis=-1, keepdims=True)) * seen\n"
        "    blind = ~seen.any(axis=-1, keepdims=True)\n"
        "    p = e / (e.sum(axis=-1, keepdims=True) + blind)",
        "e = np.exp(s - s.max(axis=-1, keepdims=True))\n"
        "    p = e / e.sum(axis=-1, keepdims=True) * seen",
        "The mask is applied after softmax: the weights of a query no longer sum to 1.",
    ),
    Mistake(
        "attention masked scores 0",
        "attention_forward",
        "shown = np.where(seen, s, s.min(axis=-1, keepdims=True))\n"
        "    e = np.exp(shown - shown.max(axis=-1, keepdims=True)) * seen",
        "shown = s * seen\n    e = np.exp(shown - shown.max(axis=-1, keepdims=True))",
        "Masked scores are set to 0, and exp(0) is 1: they still count.",
    ),
    Mistake(
        "attention blind rows look at all",
        "attention_forward",
        "s.min(axis=-1, keepdims=True))\n"
        "    e = np.exp(shown - shown.max(axis=-1, keepdims=True)) * seen",
        "0 * s - 1e9)\n    e = np.exp(shown - shown.max(axis=-1, keepdims=True))",
        "With -1e9 for masked scores, a query that may look at nothing looks at everything.",
    ),
    Mistake(
        "attention overflows",
        "attention_forward",
        "np.exp(shown - shown.max(axis=-1, keepdims=True))",
        "np.exp(shown)",
        "For large scores exp overflows; subtract the largest score of each row first.",
    ),
    Mistake(
        "attention in float32",
        "attention_forward",
        "return p @ v,",
        "return (p @ v).astype(np.float32),",
        "out is rounded to float32; keep the number type of q, k and v.",
    ),
    Mistake(
        "attention mask ignored in the backward",
        "attention_backward",
        "q, k, v, p = cache",
        "q, k, v, p = cache\n"
        "    s = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])\n"
        "    e = np.exp(s - s.max(axis=-1, keepdims=True))\n"
        "    p = e / e.sum(axis=-1, keepdims=True)",
        "The backward computes the weights again, without the mask.",
    ),
    Mistake(
        "attention scale missing in the backward",
        "attention_backward",
        " / math.sqrt(q.shape[-1])",
        "",
        "dq and dk are not divided by sqrt(D), but the scores were.",
    ),
    Mistake(
        "attention scale D in the backward",
        "attention_backward",
        "math.sqrt(q.shape[-1])",
        "q.shape[-1]",
        "dq and dk are divided by sqrt(D) twice.",
    ),
    Mistake(
        "attention scale missing in dq",
        "attention_backward",
        "return ds @ k,",
        "return math.sqrt(q.shape[-1]) * ds @ k,",
        "dq is not divided by sqrt(D); dk is.",
    ),
    Mistake(
        "attention scale missing in dk",
        "attention_backward",
        "ds.swapaxes(-1, -2) @ q",
        "math.sqrt(q.shape[-1]) * ds.swapaxes(-1, -2) @ q",
        "dk is not divided by sqrt(D); dq is.",
    ),
    Mistake(
        "attention dq and dk swapped",
        "attention_backward",
        "return ds @ k, ds.swapaxes(-1, -2) @ q, dv",
        "return ds.swapaxes(-1, -2) @ q, ds @ k, dv",
        "dq and dk are returned in the wrong order.",
    ),
    Mistake(
        "attention p for p^T",
        "attention_backward",
        "p.swapaxes(-1, -2) @ dout",
        "p @ dout",
        "dv = p^T dout; p is not transposed.",
    ),
    Mistake(
        "attention ds for ds^T",
        "attention_backward",
        "ds.swapaxes(-1, -2) @ q",
        "ds @ q",
        "dk = ds^T q; ds is not transposed.",
    ),
    Mistake(
        "attention softmax diagonal only",
        "attention_backward",
        "softmax_backward(dp, p)",
        "dp * (p * (1 - p))",
        "p (1 - p) is only the diagonal of softmax's derivatives; every weight depends on the row.",
    ),
    Mistake(
        "attention softmax mean missing",
        "attention_backward",
        "softmax_backward(dp, p)",
        "dp * p",
        "The mean is missing: every weight depends on every score of its row.",
    ),
    Mistake(
        "attention softmax backward over the queries",
        "attention_backward",
        "softmax_backward(dp, p)",
        "p * (dp - (dp * p).sum(axis=-2, keepdims=True))",
        "The mean runs over the queries; softmax ran over the keys.",
    ),
    Mistake(
        "attention softmax backward missing",
        "attention_backward",
        "softmax_backward(dp, p)",
        "dp",
        "dp is not taken back through softmax.",
    ),
    Mistake(
        "attention p changed in place",
        "attention_backward",
        "ds = softmax_backward(dp, p) / math.sqrt(q.shape[-1])",
        "p *= dp - (dp * p).sum(axis=-1, keepdims=True)\n    ds = p / math.sqrt(q.shape[-1])",
        "p in the cache is overwritten: a second backward goes wrong.",
    ),
    Mistake(
        "rotary turned the other way",
        "rotary_forward",
        "[a * cos - b * sin, a * sin + b * cos]",
        "[a * cos + b * sin, b * cos - a * sin]",
        "The pairs are turned by minus the angle.",
    ),
    Mistake(
        "rotary not a turn",
        "rotary_forward",
        "a * sin + b * cos",
        "a * sin - b * cos",
        "The sign of b cos is wrong: the pair is mirrored, not turned.",
    ),
    Mistake(
        "rotary exponent without 2",
        "rotary_forward",
        "2 * np.arange(D // 2) / D",
        "np.arange(D // 2) / D",
        "The 2 in the exponent 2 j / D is missing.",
    ),
    Mistake(
        "rotary exponent over half",
        "rotary_forward",
        "2 * np.arange(D // 2) / D",
        "2 * np.arange(D // 2) / (D // 2)",
        "The exponent is divided by the number of pairs, D / 2; it is divided by D.",
    ),
    Mistake(
        "rotary angle multiplied",
        "rotary_forward",
        "/ base **",
        "* base **",
        "The angles grow with j; t is divided by the power of the base.",
    ),
    Mistake(
        "rotary another base",
        "rotary_forward",
        "base: float = 10000.0",
        "base: float = 1000.0",
        "The base is 10000 unless another is asked for.",
    ),
    Mistake(
        "rotary base ignored",
        "rotary_forward",
        "/ base **",
        "/ 10000.0 **",
        "The option base has no effect.",
    ),
    Mistake(
        "rotary places from one",
        "rotary_forward",
        "np.arange(T)",
        "np.arange(1, T + 1)",
        "The places are counted from 1; the first is not turned at all.",
    ),
    Mistake(
        "rotary neighbours paired",
        "rotary_forward",
        "np.split(x, 2, axis=-1)",
        "x[..., ::2], x[..., 1::2]",
        "Neighbours are paired, as in the paper; here the first half is paired with the second.",
    ),
    Mistake(
        "rotary float64 angles",
        "rotary_forward",
        "np.cos(angles).astype(kind), np.sin(angles).astype(kind)",
        "np.cos(angles), np.sin(angles)",
        "The angles are float64 and make float32 vectors float64.",
    ),
    Mistake(
        "rotary x changed in place",
        "rotary_forward",
        "return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1),",
        "x[:] = np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)\n    return x,",
        "x is turned in place, and it belongs to the caller.",
    ),
    Mistake(
        "rotary not turned back",
        "rotary_backward",
        "[da * cos + db * sin, db * cos - da * sin]",
        "[da * cos - db * sin, da * sin + db * cos]",
        "dout is turned forward once more; the gradient turns back.",
    ),
    Mistake(
        "rotary dout as it is",
        "rotary_backward",
        "return np.concatenate([da * cos + db * sin, db * cos - da * sin], axis=-1)",
        "return dout",
        "dout is handed on as it is; it is turned back.",
    ),
    Mistake(
        "rotary halves swapped in the backward",
        "rotary_backward",
        "da, db = np.split",
        "db, da = np.split",
        "The two halves of dout are swapped.",
    ),
    Mistake(
        "rotary neighbours paired in the backward",
        "rotary_backward",
        "np.split(dout, 2, axis=-1)",
        "dout[..., ::2], dout[..., 1::2]",
        "The backward pairs neighbours; the forward paired first half with second.",
    ),
    Mistake(
        "heads q and k swapped",
        "multihead_attention_forward",
        "q, k, v = (",
        "k, q, v = (",
        "The columns are read as k, q, v; they are q, k, v.",
    ),
    Mistake(
        "heads v first",
        "multihead_attention_forward",
        "q, k, v = (",
        "v, q, k = (",
        "The columns are read as v, q, k; they are q, k, v.",
    ),
    Mistake(
        "heads not joined back",
        "multihead_attention_forward",
        "_joined(seen)",
        "seen.reshape(x.shape)",
        "The heads are flattened as they lie; bring them back behind time before joining.",
    ),
    Mistake(
        "heads wo missing",
        "multihead_attention_forward",
        "out, out_cache = temporal_affine_forward(_joined(seen), wo, bo)",
        "out, out_cache = temporal_affine_forward(_joined(seen), wo, bo)\n"
        "    out = _joined(seen) + bo",
        "The joined heads are given out as they are; wo is missing.",
    ),
    Mistake(
        "heads wo before joining",
        "multihead_attention_forward",
        "out, out_cache = temporal_affine_forward(_joined(seen), wo, bo)",
        "out, out_cache = temporal_affine_forward(_joined(seen), wo, bo)\n"
        "    width = D // heads\n"
        "    parts = [wo[h * width : (h + 1) * width, h * width : (h + 1) * width]"
        " for h in range(heads)]\n"
        "    out = _joined(seen @ np.stack(parts)) + bo",
        "wo acts inside each head; it acts on all heads joined, and so mixes them.",
    ),
    Mistake(
        "heads bo once a head",
        "multihead_attention_forward",
        "_joined(seen), wo, bo)",
        "_joined(seen), wo, heads * bo)",
        "bo is added once for every head; it is added once.",
    ),
    Mistake(
        "heads scale of the whole width",
        "multihead_attention_forward",
        "attention_forward(q, k",
        "attention_forward(q / heads**0.5, k",
        "The scores are divided by sqrt(D); the vectors of a head are D / heads wide.",
    ),
    Mistake(
        "heads causal ignored",
        "multihead_attention_forward",
        "k, v, causal, mask)",
        "k, v, False, mask)",
        "The option causal is not passed on.",
    ),
    Mistake(
        "heads mask ignored",
        "multihead_attention_forward",
        "k, v, causal, mask)",
        "k, v, causal, None)",
        "The option mask is not passed on.",
    ),
    Mistake(
        "heads rotary ignored",
        "multihead_attention_forward",
        "if rotary:",
        "if False:",
        "The option rotary has no effect.",
    ),
    Mistake(
        "heads keys not turned",
        "multihead_attention_forward",
        "k, k_cache = rotary_forward(k)",
        "_, k_cache = rotary_forward(k)",
        "Only the queries are turned; the keys are too.",
    ),
    Mistake(
        "heads values turned",
        "multihead_attention_forward",
        "k, k_cache = rotary_forward(k)",
        "k, k_cache = rotary_forward(k)\n        v, _ = rotary_forward(v)",
        "The values are turned too; only queries and keys are.",
    ),
    Mistake(
        "heads dq dk dv in another order",
        "multihead_attention_backward",
        "(dq, dk, dv)]",
        "(dk, dq, dv)]",
        "The gradients are joined as dk, dq, dv; the columns are q, k, v.",
    ),
    Mistake(
        "heads dq not turned back",
        "multihead_attention_backward",
        "dq = rotary_backward(dq, q_cache)\n        dk = rotary_backward(dk, k_cache)",
        "dk = rotary_backward(dk, k_cache)",
        "dq is not turned back; the queries were turned.",
    ),
    Mistake(
        "heads turns forgotten in the backward",
        "multihead_attention_backward",
        "if q_cache is not None:",
        "if False:",
        "dq and dk are not turned back; queries and keys were turned.",
    ),
    Mistake(
        "heads dx of the queries only",
        "multihead_attention_backward",
        "dx, dwqkv, dbqkv = temporal_affine_backward(dqkv, in_cache)",
        "dx, dwqkv, dbqkv = temporal_affine_backward(dqkv, in_cache)\n"
        "    dqkv[..., dout.shape[2] :] = 0\n"
        "    dx = temporal_affine_backward(dqkv, in_cache)[0]",
        "dx comes from the queries alone; x fed keys and values too, and the three add.",
    ),
    Mistake(
        "heads wo missing in the backward",
        "multihead_attention_backward",
        "_apart(djoined, heads)",
        "_apart(dout, heads)",
        "dout reaches the heads without passing wo.",
    ),
    Mistake(
        "heads gradient cut as it lies",
        "multihead_attention_backward",
        "_apart(djoined, heads)",
        "djoined.reshape(len(dout), heads, dout.shape[1], -1)",
        "djoined is cut into heads as it lies; each head has its own columns of every place.",
    ),
    Mistake(
        "heads gradients not joined back",
        "multihead_attention_backward",
        "_joined(each)",
        "each.reshape(dout.shape)",
        "The heads' gradients are flattened as they lie; bring them back behind time first.",
    ),
    Mistake(
        "heads cut along time",
        "_apart",
        "x.reshape(N, T, heads, D // heads).transpose(0, 2, 1, 3)",
        "x.reshape(N, heads, T, D // heads)",
        "One reshape cuts time and columns at once; cut the columns, then move the heads.",
    ),
    Mistake(
        "heads columns in turn",
        "_apart",
        "x.reshape(N, T, heads, D // heads).transpose(0, 2, 1, 3)",
        "x.reshape(N, T, D // heads, heads).transpose(0, 3, 1, 2)",
        "The heads take columns in turn; each has D / heads columns in a row.",
    ),
    Mistake(
        "heads joined along time",
        "_joined",
        "x.transpose(0, 2, 1, 3).reshape",
        "x.reshape",
        "One reshape mixes heads and time; move the heads behind time, then join.",
    ),
    Mistake(
        "heads joined in turn",
        "_joined",
        "x.transpose(0, 2, 1, 3)",
        "x.transpose(0, 2, 3, 1)",
        "The heads' columns are joined in turn; they stand head by head.",
    ),
]
