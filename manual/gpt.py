"""A small decoder-only language model, GPT-2's shape: a network of the layers of this folder.

    tokens -> embedding + positions -> blocks -> layer norm -> a score for every next token

The embedding's table is used once more at the end, to score the tokens: weight tying.
"""

import math

import numpy as np

from manual.checks import expect_count
from manual.network import Layer, Params, layer, residual


def block(name: str, heads: int, rotary: bool = False) -> list[Layer]:
    """A transformer block, pre-norm: each half is normalised first, and added to what came in.

        x = x + attention(layernorm(x))        the places look at each other
        x = x + mlp(layernorm(x))              each place thinks for itself

    x: (N, T, D)    heads, rotary: as in multihead_attention
    Its parameters are called name.g1, name.wqkv, ...: see block_params.
    Source: Vaswani et al., 2017; the norm in front as in GPT-2 (Radford et al., 2019).
    """
    g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2 = (f"{name}.{each}" for each in NAMES)
    attention = layer(
        "multihead_attention", wqkv, bqkv, wo, bo, heads=heads, causal=True, rotary=rotary
    )
    mlp = [layer("temporal_affine", w1, c1), layer("gelu"), layer("temporal_affine", w2, c2)]
    return [
        residual(layer("layernorm", g1, b1), attention),
        residual(layer("layernorm", g2, b2), *mlp),
    ]


NAMES = ("g1", "b1", "wqkv", "bqkv", "wo", "bo", "g2", "b2", "w1", "c1", "w2", "c2")


def block_params(name: str, D: int, rng: np.random.Generator, depth: int = 1) -> Params:
    """Parameters of one block on vectors of width D, whose mlp is 4 D wide.

    Weights are drawn with standard deviation 0.02; those that add to the residual stream with
    0.02 / sqrt(2 depth), so that a sum of 2 depth of them does not grow.
    Returns them as name.g1 (D,), ...; rng draws them.
    Source: Radford et al., 2019 (GPT-2).
    """
    last = 0.02 / math.sqrt(2 * depth)
    arrays = {
        "g1": np.ones(D),
        "b1": np.zeros(D),
        "wqkv": rng.normal(scale=0.02, size=(D, 3 * D)),
        "bqkv": np.zeros(3 * D),
        "wo": rng.normal(scale=last, size=(D, D)),
        "bo": np.zeros(D),
        "g2": np.ones(D),
        "b2": np.zeros(D),
        "w1": rng.normal(scale=0.02, size=(D, 4 * D)),
        "c1": np.zeros(4 * D),
        "w2": rng.normal(scale=last, size=(4 * D, D)),
        "c2": np.zeros(D),
    }
    return {f"{name}.{each}": array for each, array in arrays.items()}


def gpt(
    vocabulary: int,
    steps: int,
    width: int = 32,
    depth: int = 2,
    heads: int = 4,
    rotary: bool = False,
    seed: int = 0,
) -> tuple[list[Layer], Params]:
    """The model, and its parameters: ids (N, T) -> scores (N, T, vocabulary), T <= steps.

    vocabulary: how many tokens    width: of every token's vector
    steps: the longest text; turned positions know no such limit
    depth: blocks    heads: of each    rotary: turned queries and keys in place of learned positions
    seed: of the draw
    Errors: ValueError for a size that is no whole number, heads that do not divide the width
    (with rotary, into even parts).
    Source: Radford et al., 2019; the tied table: Press and Wolf, 2017.
    """
    expect_count(vocabulary=vocabulary, steps=steps, width=width, depth=depth, heads=heads)
    if width % heads or (rotary and width // heads % 2):
        wanted = "a divisor of the width" + rotary * " with an even quotient"
        raise ValueError(f"heads is {heads}, expected {wanted}, {width}")
    rng = np.random.default_rng(seed)
    params: Params = {"table": rng.normal(scale=0.02, size=(vocabulary, width))}
    net = [layer("embedding", "table")]
    if not rotary:
        params["places"] = rng.normal(scale=0.02, size=(steps, width))
        net += [layer("positions", "places")]
    for k in range(1, depth + 1):
        net += block(f"block{k}", heads, rotary)
        params |= block_params(f"block{k}", width, rng, depth)
    params |= {"g": np.ones(width), "b": np.zeros(width)}
    net += [layer("layernorm", "g", "b"), layer("unembedding", "table")]
    return net, params
