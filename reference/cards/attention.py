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
    heads = dice.pick(1, *[h for h in range(1, D + 1) if D % h == 0])
    options = {} if heads == 1 else {"heads": heads}
    if D // heads % 2 == 0 and dice.pick(False, True):
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
        fit=_multihead,
        rows=lambda options: "mask" not in options,
    ),
    Card("rotary", torch=_torch_rotary, jax=_jax_rotary, takes="NTD", fit=_rotary),
]

MISTAKES: list[Mistake] = []
