"""What students write in attention."""

from collections.abc import Callable

from reference.cards import Mistake

FUNCTIONS: dict[str, Callable] = {}
PROBLEMS: list = []


def _mask(name, wrong, says):
    right = "seen = None if mask is None else np.logical_not(mask)"
    return Mistake(f"attention {name}", "ScaledDotProductAttention.forward", right, wrong, says)


_OUT = "out, self.cache = attention_forward(Q, K, V, mask=seen)"

MISTAKES = [
    _mask(
        "mask upside down",
        "seen = None if mask is None else mask | ~mask.any(axis=-1, keepdims=True)",
        "The mask is upside down: True means that a query must not look there.",
    ),
    _mask("mask left out", "seen = None", "The mask is left out."),
    Mistake(
        "attention mask after the softmax",
        "ScaledDotProductAttention.forward",
        _OUT,
        "_, self.cache = attention_forward(Q, K, V)\n"
        "    p = self.cache[3] if seen is None else self.cache[3] * seen\n"
        "    out, self.cache = p @ V, (Q, K, V, p)",
        "The mask comes after the softmax, whose rows then no longer sum to 1.",
    ),
    Mistake(
        "attention scale of the width of V",
        "ScaledDotProductAttention.forward",
        _OUT,
        "wide = Q * np.sqrt(Q.shape[-1] / V.shape[-1])\n"
        "    out, self.cache = attention_forward(wide, K, V, mask=seen)",
        "The scores are divided by the root of the width of V; the width of K counts.",
    ),
    Mistake(
        "attention scale of the number of keys",
        "ScaledDotProductAttention.forward",
        _OUT,
        "wide = Q * np.sqrt(Q.shape[-1] / K.shape[-2])\n"
        "    out, self.cache = attention_forward(wide, K, V, mask=seen)",
        "The scores are divided by the root of the number of keys; the width of K counts.",
    ),
    Mistake(
        "attention softmax over the queries",
        "ScaledDotProductAttention.forward",
        _OUT,
        "s = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])\n"
        "    s = s if mask is None else s - mask * 1e10\n"
        "    e = np.exp(s - s.max(axis=-2, keepdims=True))\n"
        "    p = e / e.sum(axis=-2, keepdims=True)\n"
        "    out, self.cache = p @ V, (Q, K, V, p)",
        "The softmax runs along the queries, and should run along the keys.",
    ),
]


_BACKWARD = "return attention_backward(d_output, self.cache)"
for _name, _code, _says in (
    (
        "scale in d_V",
        "d_V = d_V / np.sqrt(self.cache[0].shape[-1])",
        "d_V is divided by sqrt(E); V meets no scale.",
    ),
    (
        "d_V from d_output alone",
        "d_V = d_output",
        "d_V is d_output; it has to pass through the attention's weights.",
    ),
    ("d_K and d_V swapped", "d_K, d_V = d_V, d_K", "d_K and d_V are returned in the wrong order."),
):
    MISTAKES.append(
        Mistake(
            f"attention {_name}",
            "ScaledDotProductAttention.backward",
            _BACKWARD,
            f"d_Q, d_K, d_V = attention_backward(d_output, self.cache)\n    {_code}\n"
            "    return d_Q, d_K, d_V",
            _says,
        )
    )


def _mha(name, method, right, wrong, says):
    return Mistake(f"MultiHeadAttention {name}", f"MultiHeadAttention.{method}", right, wrong, says)


MISTAKES += [
    _mha(
        "heads joined without turning back", "_joined",
        "return x.transpose(0, 2, 1, 3).reshape(N, L, heads * width)",
        "return x.reshape(N, L, heads * width)",
        "The axes of the heads and the places are not swapped back before the heads are joined.",
    ),
    _mha(
        "heads split without turning", "_split",
        "return x.reshape(N, L, self.num_heads, E // self.num_heads).transpose(0, 2, 1, 3)",
        "return x.reshape(N, self.num_heads, L, E // self.num_heads)",
        "The heads are cut out of the places: reshape to (N, L, heads, E / heads), then swap.",
    ),
    _mha(
        "masks combined with and", "_masked",
        "padding if attn_mask is None else padding | attn_mask",
        "padding if attn_mask is None else padding & attn_mask",
        "The masks are combined with and: a key is hidden if either hides it.",
    ),
    _mha(
        "attn_mask ignored", "_masked",
        "padding if attn_mask is None else padding | attn_mask", "padding",
        "Where there is a key_padding_mask, attn_mask is ignored.",
    ),
    _mha(
        "attn_mask never used", "forward",
        "mask = self._masked(key_padding_mask, attn_mask)",
        "mask = self._masked(key_padding_mask, None)",
        "attn_mask is not used.",
    ),
    _mha(
        "key_padding_mask never used", "forward",
        "mask = self._masked(key_padding_mask, attn_mask)", "mask = attn_mask",
        "key_padding_mask is not used.",
    ),
    _mha(
        "key_padding_mask ignored beside attn_mask", "forward",
        "mask = self._masked(key_padding_mask, attn_mask)",
        "mask = self._masked(None if attn_mask is not None else key_padding_mask, attn_mask)",
        "Where there is an attn_mask, key_padding_mask is ignored.",
    ),
    _mha(
        "masks never used", "forward",
        "mask = self._masked(key_padding_mask, attn_mask)", "mask = None",
        "The masks are not used.",
    ),
    _mha(
        "output not projected", "forward",
        'return _project(self, "out_proj", self._joined(seen))', "return self._joined(seen)",
        "The projection of the output is missing.",
    ),
    _mha(
        "key projected as the query", "forward",
        'k = self._split(_project(self, "k_proj", key))',
        'k = self._split(_project(self, "q_proj", key))',
        "The keys go through q_proj, and should go through k_proj.",
    ),
    _mha(
        "value projected as the key", "forward",
        'v = self._split(_project(self, "v_proj", value))',
        'v = self._split(_project(self, "k_proj", value))',
        "The values go through k_proj, and should go through v_proj.",
    ),
    _mha(
        "values are the keys", "forward",
        'v = self._split(_project(self, "v_proj", value))',
        'v = self._split(_project(self, "v_proj", key))',
        "v_proj is given the key, and should be given the value.",
    ),
    _mha(
        "keys are the values", "forward",
        'k = self._split(_project(self, "k_proj", key))',
        'k = self._split(_project(self, "k_proj", value))',
        "k_proj is given the value, and should be given the key.",
    ),
    _mha(
        "d_key and d_value swapped", "backward", "return d_query, d_key, d_value",
        "return d_query, d_value, d_key",
        "The gradients of key and value are returned in the wrong order.",
    ),
    _mha(
        "output projection skipped in the backward", "backward",
        "self.attention.backward(self._split(d_seen))",
        "self.attention.backward(self._split(d_output))",
        "The heads get d_output, and should get what out_proj's backward makes of it.",
    ),
    _mha(
        "d_query and d_key swapped", "backward", "return d_query, d_key, d_value",
        "return d_key, d_query, d_value",
        "The gradients of query and key are returned in the wrong order.",
    ),
]  # fmt: skip
for _p, _x in (("q", "query"), ("k", "key"), ("v", "value")):
    MISTAKES.append(
        _mha(
            f"d_{_x} joined without turning back",
            "backward",
            f"self._joined(d_{_p})",
            f"d_{_p}.reshape(len(d_{_p}), d_{_p}.shape[2], -1)",
            f"The axes of the heads and the places are not swapped back in d_{_x}.",
        )
    )
    MISTAKES.append(
        _mha(
            f"{_x} not projected back",
            "backward",
            "return d_query, d_key, d_value",
            f"d_{_x} = self._joined(d_{_p})\n    return d_query, d_key, d_value",
            f"The gradient of the {_x} does not pass back through {_p}_proj.",
        )
    )
