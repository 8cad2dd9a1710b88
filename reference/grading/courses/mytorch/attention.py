"""ScaledDotProductAttention and MultiHeadAttention."""

import numpy as np

from manual.attention import attention_backward, attention_forward
from manual.temporal import temporal_affine_backward, temporal_affine_forward
from reference.grading.courses.mytorch.asking import fill, put, without
from reference.grading.courses.mytorch.linear import Linear
from reference.grading.recipe import Problem


class ScaledDotProductAttention:
    """softmax(Q K^T / sqrt(E)) V."""

    def forward(self, Q, K, V, mask=None):
        """Q: (N, ..., L, E). K: (N, ..., S, E). V: (N, ..., S, Ev). Returns (N, ..., L, Ev).

        mask: (N, ..., L, S) or what broadcasts to it, True where a query must not look at a key.
        """
        seen = None if mask is None else np.logical_not(mask)
        out, self.cache = attention_forward(Q, K, V, mask=seen)
        return out

    def backward(self, d_output):
        """d_output: (N, ..., L, Ev). Returns d_Q, d_K, d_V, of the shapes of Q, K and V."""
        return attention_backward(d_output, self.cache)


class MultiHeadAttention:
    """q_proj, k_proj and v_proj, attention in each head by itself, then out_proj: all Linear."""

    def __init__(self, embed_dim, num_heads):
        """num_heads divides embed_dim."""
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.attention = ScaledDotProductAttention()
        self.q_proj, self.k_proj = Linear(embed_dim, embed_dim), Linear(embed_dim, embed_dim)
        self.v_proj, self.out_proj = Linear(embed_dim, embed_dim), Linear(embed_dim, embed_dim)

    def forward(self, query, key, value, key_padding_mask=None, attn_mask=None):
        """query: (N, L, E). key, value: (N, S, E). Returns (N, L, E).

        key_padding_mask: (N, S), attn_mask: (L, S), True where nobody may look.
        """
        self.caches = []
        q = self._split(_project(self, "q_proj", query))
        k = self._split(_project(self, "k_proj", key))
        v = self._split(_project(self, "v_proj", value))
        mask = self._masked(key_padding_mask, attn_mask)
        seen = self.attention.forward(q, k, v, mask)
        return _project(self, "out_proj", self._joined(seen))

    def backward(self, d_output):
        """d_output: (N, L, E). Keeps dLdW and dLdb in the four Linear; returns three gradients."""
        d_seen = _projected_back(self, "out_proj", d_output)
        d_q, d_k, d_v = self.attention.backward(self._split(d_seen))
        d_query = _projected_back(self, "q_proj", self._joined(d_q))
        d_key = _projected_back(self, "k_proj", self._joined(d_k))
        d_value = _projected_back(self, "v_proj", self._joined(d_v))
        return d_query, d_key, d_value

    def _masked(self, key_padding_mask, attn_mask):
        if key_padding_mask is None:
            return attn_mask
        padding = key_padding_mask[:, None, None, :]
        return padding if attn_mask is None else padding | attn_mask

    def _split(self, x):
        N, L, E = x.shape
        return x.reshape(N, L, self.num_heads, E // self.num_heads).transpose(0, 2, 1, 3)

    def _joined(self, x):
        N, heads, L, width = x.shape
        return x.transpose(0, 2, 1, 3).reshape(N, L, heads * width)


def _project(mha, name, x):
    linear = getattr(mha, name)
    out, linear.cache = temporal_affine_forward(x, linear.W.T, linear.b.ravel())
    return out


def _projected_back(mha, name, dout):
    linear = getattr(mha, name)
    dx, dW, linear.dLdb = temporal_affine_backward(dout, linear.cache)
    linear.dLdW = dW.T
    return dx


FUNCTIONS = {
    "ScaledDotProductAttention": ScaledDotProductAttention,
    "MultiHeadAttention": MultiHeadAttention,
}


# What is drawn --------------------------------------------------------------------------------


def _mask(dice, *shape):
    """True where nobody may look, once at least; every query may look at one key at least."""
    mask = dice.rng.random(shape) < 0.4
    mask.flat[-1] = True
    mask[..., 0] &= ~mask.all(axis=-1)
    return mask


def _attention(dice):
    L, S, E, Ev = (2, 2, 1, 1) if dice.small else dice.sizes(4)
    front = (1,) if dice.small else dice.pick((2, 3), (2,), (3, 2))
    mask = None
    if dice.k % 3:
        mask = _mask(dice, *(front if dice.k % 2 else (1,) * len(front)), L, S)
    arrays = {"Q": dice.array(*front, L, E), "K": dice.array(*front, S, E)}
    arrays |= {"V": dice.array(*front, S, Ev), "d_output": dice.array(*front, L, Ev)}
    return arrays | {"mask": mask}


_PROJECTIONS = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "o": "out_proj"}


def _multihead(dice):
    N, L, S = (2, 1, 2) if dice.small else dice.sizes(3)
    E, heads = (2, dice.pick(1, 2)) if dice.small else dice.pick((4, 2), (6, 3), (6, 2))
    arrays = {"query": dice.array(N, L, E)}
    arrays |= {"key": dice.array(N, S, E), "value": dice.array(N, S, E)}
    # Small scores: where the softmax is all on one key, nothing passes back but rounding.
    arrays |= {f"W{p}": dice.array(E, E) / (2 if p in "qk" else 1) for p in _PROJECTIONS}
    arrays |= {f"b{p}": dice.array(E) for p in _PROJECTIONS}
    masks = {"key_padding_mask": None, "attn_mask": None}
    if dice.k % 10 in (1, 3, 4, 5, 7, 8):
        masks["key_padding_mask"] = _mask(dice, N, S)
        masks["key_padding_mask"][:, 0] = False
    if dice.k % 10 in (2, 3, 5, 6, 8, 9):
        masks["attn_mask"] = _mask(dice, L, S)
        masks["attn_mask"][:, 0] = False
    return arrays | {"d_output": dice.array(N, L, E), "heads": heads} | masks


# What is asked --------------------------------------------------------------------------------


def _attended(do, e):
    attention = do("ScaledDotProductAttention")
    return attention, do.method(attention, "forward", e.Q, e.K, e.V, e.mask)


def _attention_forward(do, e):
    return {"output": _attended(do, e)[1]}


def _attention_backward(do, e):
    attention, _ = _attended(do, e)
    names = ("d_Q", "d_K", "d_V")
    return dict(zip(names, do.method(attention, "backward", e.d_output, parts=3), strict=True))


def _multiattended(do, e):
    mha = do("MultiHeadAttention", e.query.shape[2], e.heads)
    for p, name in _PROJECTIONS.items():
        linear = do.get(mha, name)
        put(do, linear, W=getattr(e, f"W{p}"))
        fill(do, linear, b=getattr(e, f"b{p}"))
    masks = e.key_padding_mask, e.attn_mask
    return mha, do.method(mha, "forward", e.query, e.key, e.value, *masks)


def _multihead_forward(do, e):
    return {"output": _multiattended(do, e)[1]}


def _multihead_inputs(do, e):
    """The gradients of the inputs alone, for a backward that leaves out a projection."""
    mha, _ = _multiattended(do, e)
    names = ("d_query", "d_key", "d_value")
    return dict(zip(names, do.method(mha, "backward", e.d_output, parts=3), strict=True))


def _multihead_backward(do, e):
    mha, _ = _multiattended(do, e)
    names = ("d_query", "d_key", "d_value")
    inputs = zip(names, do.method(mha, "backward", e.d_output, parts=3), strict=True)
    weights = {}
    for p, name in _PROJECTIONS.items():
        linear = do.get(mha, name)
        weights[f"dW{p}"] = do.get(linear, "dLdW")
        if p != "k":  # bk adds the same to all scores of a query: its gradient is but rounding
            weights[f"db{p}"] = do.get(linear, "dLdb")
    return {**dict(inputs), **weights}


def _both(name, draw, forwards, backwards, others=()):
    return [
        Problem(f"{name}.forward", without(draw, "d_output"), forwards, (name, f"{name}.forward")),
        Problem(
            f"{name}.backward",
            draw,
            backwards,
            (name, f"{name}.backward"),
            others=others,
            forward=f"{name}.forward",
        ),
    ]


PROBLEMS = [
    *_both("ScaledDotProductAttention", _attention, _attention_forward, _attention_backward),
    *_both(
        "MultiHeadAttention",
        _multihead,
        _multihead_forward,
        _multihead_backward,
        (_multihead_inputs,),
    ),
]
