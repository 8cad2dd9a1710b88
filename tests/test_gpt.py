"""The small GPT against PyTorch's own modules: scores, loss, every gradient; it sees no future.

Both start from the same numbers. PyTorch's side is made of what it ships: Embedding,
TransformerEncoderLayer with the norm in front, LayerNorm, and the embedding's table once more.
"""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from manual.catalog import find
from manual.gpt import NAMES, block, block_params, gpt
from manual.network import layer, network_backward, network_forward, network_loss
from reference.agreement import compare
from reference.problem import Problem
from reference.prove import describe

V, L, D, DEPTH, HEADS = 11, 8, 8, 2, 2
N, T = 3, 6
IGNORED = -100


def model(rng, dtype=np.float64, rotary=False):
    """A GPT none of whose parameters is 0 or 1: biases and gains matter too."""
    net, params = gpt(V, L, D, DEPTH, HEADS, rotary)
    params = {name: array + 0.3 * rng.normal(size=array.shape) for name, array in params.items()}
    ids = rng.integers(V, size=(N, T))
    y = np.concatenate([ids[:, 1:], rng.integers(V, size=(N, 1))], axis=1)
    y[0, 4:], y[2, 0] = IGNORED, IGNORED
    return net, {name: array.astype(dtype) for name, array in params.items()}, ids, y


def modules(params, dtype):
    """The same model, its parameters by our names, and a function from ids to scores."""
    of_torch = {"dtype": dtype, "batch_first": True, "norm_first": True, "dropout": 0.0}
    table, places = nn.Embedding(V, D, dtype=dtype), nn.Embedding(L, D, dtype=dtype)
    blocks = [
        nn.TransformerEncoderLayer(D, HEADS, 4 * D, activation=F.gelu, **of_torch)
        for _ in range(DEPTH)
    ]
    norm = nn.LayerNorm(D, dtype=dtype)
    named = {"table": table.weight, "places": places.weight, "g": norm.weight, "b": norm.bias}
    for k, each in enumerate(blocks, start=1):
        attention = each.self_attn
        theirs = [
            each.norm1.weight, each.norm1.bias, attention.in_proj_weight, attention.in_proj_bias,
            attention.out_proj.weight, attention.out_proj.bias, each.norm2.weight, each.norm2.bias,
            each.linear1.weight, each.linear1.bias, each.linear2.weight, each.linear2.bias,
        ]  # fmt: skip
        named |= {f"block{k}.{ours}": their for ours, their in zip(NAMES, theirs, strict=True)}
    assert named.keys() == params.keys()
    with torch.no_grad():
        for name, their in named.items():
            their.copy_(torch.tensor(ours_as_theirs(name, params[name])))

    def scores(ids):
        steps = ids.shape[1]
        x = table(ids) + places(torch.arange(steps))
        unseen = nn.Transformer.generate_square_subsequent_mask(steps, dtype=dtype)
        for each in blocks:
            x = each(x, src_mask=unseen, is_causal=True)
        return F.linear(norm(x), table.weight)

    return named, scores


def ours_as_theirs(name, array):
    """PyTorch's linear weights lie the other way; tables do not. It is its own inverse."""
    return array.T if name.startswith("block") and array.ndim == 2 else array


def functions(params):
    """The same with rotary positions, which no module of PyTorch has, from its functions."""

    def turned(x):
        a, b = x.chunk(2, dim=-1)
        half = x.shape[-1] // 2
        exponents = -torch.arange(half).double() / half
        angles = torch.arange(x.shape[-2])[:, None] * 10000.0**exponents
        turn = torch.polar(torch.ones_like(angles, dtype=x.dtype), angles.to(x.dtype))
        pair = torch.complex(a, b) * turn
        return torch.cat([pair.real, pair.imag], dim=-1)

    def scores(ids):
        x = F.embedding(ids, params["table"])
        for k in range(1, DEPTH + 1):
            g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2 = (
                params[f"block{k}.{name}"] for name in NAMES
            )
            qkv = F.linear(F.layer_norm(x, (D,), g1, b1), wqkv.T, bqkv)
            q, key, v = (
                each.unflatten(2, (HEADS, -1)).transpose(1, 2) for each in qkv.chunk(3, dim=2)
            )
            seen = F.scaled_dot_product_attention(turned(q), turned(key), v, is_causal=True)
            x = x + F.linear(seen.transpose(1, 2).flatten(2), wo.T, bo)
            wide = F.gelu(F.linear(F.layer_norm(x, (D,), g2, b2), w1.T, c1))
            x = x + F.linear(wide, w2.T, c2)
        return F.linear(F.layer_norm(x, (D,), params["g"], params["b"]), params["table"])

    return scores


def held_against(ours, theirs, unit, room):
    """Within so many roundings of the largest number of the array."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    assert np.abs(ours - theirs).max() <= room * unit * np.abs(theirs).max()


# Two blocks are some thirty products and norms, one behind the other, there and back. 256 roundings
# of the largest number are 13 digits in float64, four in float32. (Seen in 30 draws: 55, and 147.)
ROOM = 256


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_scores_loss_and_gradients_are_those_of_pytorch(dtype, rng):
    net, params, ids, y = model(rng, dtype)
    unit = np.finfo(dtype).eps / 2
    named, their_scores = modules(params, torch.float64 if dtype == np.float64 else torch.float32)
    out = their_scores(torch.tensor(ids))
    their_loss = F.cross_entropy(out.flatten(0, 1), torch.tensor(y).flatten(), ignore_index=IGNORED)
    their_grads = torch.autograd.grad(their_loss, list(named.values()))
    scores, _ = network_forward(ids, params, net)
    held_against(scores, out.detach().numpy(), unit, ROOM)
    counts = layer("temporal_softmax", mask=y != IGNORED)
    loss, dx, grads = network_loss(ids, y, params, net, counts)
    held_against(loss, their_loss.detach().numpy(), unit, ROOM)
    assert dx is None and grads.keys() == params.keys()
    for (name, ours), theirs in zip(
        ((name, grads[name]) for name in named), their_grads, strict=True
    ):
        held_against(ours_as_theirs(name, ours), theirs.numpy(), unit, ROOM)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_with_rotary_positions_too(dtype, rng):
    net, params, ids, y = model(rng, dtype, rotary=True)
    unit = np.finfo(dtype).eps / 2
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in params.items()}
    out = functions(tensors)(torch.tensor(ids))
    their_loss = F.cross_entropy(out.flatten(0, 1), torch.tensor(y).flatten(), ignore_index=IGNORED)
    their_grads = torch.autograd.grad(their_loss, list(tensors.values()))
    scores, _ = network_forward(ids, params, net)
    held_against(scores, out.detach().numpy(), unit, ROOM)
    loss, _, grads = network_loss(ids, y, params, net, layer("temporal_softmax", mask=y >= 0))
    held_against(loss, their_loss.detach().numpy(), unit, ROOM)
    for name, theirs in zip(tensors, their_grads, strict=True):
        held_against(grads[name], theirs.numpy(), unit, ROOM)


@pytest.mark.parametrize("rotary", [False, True])
def test_no_score_knows_what_comes_after_it(rotary, rng):
    """Another token at step t changes the scores from t on, and none before, to the bit."""
    net, params, ids, _ = model(rng, rotary=rotary)
    scores, _ = network_forward(ids, params, net)
    for t in range(T):
        other = ids.copy()
        other[:, t] = (ids[:, t] + 1) % V
        changed, _ = network_forward(other, params, net)
        assert np.array_equal(changed[:, :t], scores[:, :t])
        assert (changed[:, t:] != scores[:, t:]).all()
    # Nor does the text's length matter, but for the order in which a product adds up.
    shorter, _ = network_forward(ids[:, :4], params, net)
    held_against(shorter, scores[:, :4], 2.0**-53, ROOM)


def test_no_gradient_comes_from_the_past(rng):
    """The score at step t reaches the places up to t, and no later one."""
    net, params, ids, _ = model(rng)
    scores, cache = network_forward(ids, params, net)
    for t in range(T):
        dout = np.zeros_like(scores)
        dout[:, t] = rng.normal(size=(N, V))
        _, grads = network_backward(dout, cache)
        reached = np.abs(grads["places"]).max(axis=1)
        assert (reached[: t + 1] > 1e-6).all() and not reached[t + 1 :].any()


def test_the_order_of_the_tokens_matters(rng):
    """To the last score, which sees them all: with learned positions, and with rotary ones."""
    for rotary in (False, True):
        net, params, ids, _ = model(rng, rotary=rotary)
        ids[:, 0], ids[:, 1] = 1, 2
        turned = ids.copy()
        turned[:, :2] = ids[:, 1::-1]
        last, last_turned = (network_forward(each, params, net)[0][:, -1] for each in (ids, turned))
        assert np.abs(last - last_turned).max() > 1e-3


def test_the_table_gets_both_gradients(rng):
    """Tied: the gradient of the lookup and that of the scores, each from a table of its own."""
    net, params, ids, y = model(rng)
    ids[ids == 4] = 5
    loss = layer("temporal_softmax", mask=y != IGNORED)
    total = network_loss(ids, y, params, net, loss)[2]["table"]
    untied = [*net[:-1], layer("unembedding", "scores")]
    _, _, apart = network_loss(ids, y, params | {"scores": params["table"]}, untied, loss)
    assert np.array_equal(total, apart["table"] + apart["scores"])
    assert apart["table"].any() and apart["scores"].any()
    assert not apart["table"][4].any() and apart["scores"][4].all()


def test_rotary_has_no_table_of_positions(rng):
    """All else is the same: layers, names and shapes."""
    net, params = gpt(V, L, D, DEPTH, HEADS)
    rotary_net, rotary_params = gpt(V, L, D, DEPTH, HEADS, rotary=True)
    assert params.keys() - rotary_params.keys() == {"places"}
    assert rotary_params.keys() < params.keys()
    kinds, rotary_kinds = ([each.kind for each in one] for one in (net, rotary_net))
    assert kinds == [
        "embedding",
        "positions",
        *["residual"] * 2 * DEPTH,
        "layernorm",
        "unembedding",
    ]
    assert rotary_kinds == [kind for kind in kinds if kind != "positions"]
    for one, options in ((net, {"rotary": False}), (rotary_net, {"rotary": True})):
        found = [each.body[1].options for each in one if each.kind == "residual"][::2]
        assert found == [{"heads": HEADS, "causal": True} | options] * DEPTH


@pytest.mark.parametrize("rotary", [True, False])
def test_the_whole_model_agrees_on_the_paths(rotary, rng):
    """Two ways that know nothing of each other, on a model small enough to nudge every number."""
    net, params = gpt(5, 3, width=4, depth=1, heads=2, rotary=rotary)
    params = {name: array + 0.3 * rng.normal(size=array.shape) for name, array in params.items()}
    ids, y = rng.integers(5, size=(2, 3)), rng.integers(5, size=(2, 3))
    mask = np.array([[True, True, True], [True, True, False]])
    problem = Problem(net, params, ids, y, layer("temporal_softmax", mask=mask))
    for each in compare(problem, ("pytorch", "complex_step")):
        assert each.agrees, describe(each)
        assert each.arrays == len(params) and not each.skipped


def test_parameters_start_as_in_gpt_2():
    """0.02; the two weights of a block that add to the residual stream, 0.02 / sqrt(2 depth)."""
    depth = 3
    _, params = gpt(200, 50, width=64, depth=depth, heads=4, seed=1)
    for name, array in params.items():
        last = name.split(".")[-1]
        if last in ("g", "g1", "g2"):
            assert (array == 1).all()
        elif array.ndim == 1:
            assert not array.any(), name
        else:
            scale = 0.02 / math.sqrt(2 * depth) if last in ("wo", "w2") else 0.02
            # Of n draws the mean is off by scale / sqrt(n), the spread by scale / sqrt(2 n).
            error = scale / math.sqrt(array.size)
            assert abs(array.mean()) <= 4 * error, name
            assert abs(array.std() - scale) <= 4 * error / math.sqrt(2), name
    weights = [array for array in params.values() if array.ndim == 2]
    assert len(weights) == 2 + 4 * depth
    assert len({array.flat[0] for array in weights}) == len(weights)  # no two drawn alike
    alone = block_params("one", 64, np.random.default_rng(0))
    assert abs(alone["one.wo"].std() / (0.02 / math.sqrt(2)) - 1) <= 4 / math.sqrt(2 * 64 * 64)


def test_the_seed_decides():
    _, params = gpt(V, L)
    assert all(np.array_equal(array, params[name]) for name, array in gpt(V, L, seed=0)[1].items())
    other = gpt(V, L, seed=1)[1]
    assert not any(
        np.array_equal(other[name], params[name]) for name in params if params[name].std()
    )


def test_shapes_and_how_many_there_are():
    """12 D^2 + 13 D a block: with GPT-2's sizes, its 124,439,808 parameters."""
    net, params = gpt(V, L, D, DEPTH, HEADS)
    assert params["table"].shape == (V, D) and params["places"].shape == (L, D)
    assert {name: params[f"block1.{name}"].shape for name in NAMES} == {
        "g1": (D,), "b1": (D,), "wqkv": (D, 3 * D), "bqkv": (3 * D,), "wo": (D, D), "bo": (D,),
        "g2": (D,), "b2": (D,), "w1": (D, 4 * D), "c1": (4 * D,), "w2": (4 * D, D), "c2": (D,),
    }  # fmt: skip

    def count(v, steps, d, depth):
        return v * d + steps * d + depth * (12 * d * d + 13 * d) + 2 * d

    assert sum(array.size for array in params.values()) == count(V, L, D, DEPTH)
    assert count(50257, 1024, 768, 12) == 124_439_808
    assert net[2:4] == block("block1", HEADS)
    scores, _ = network_forward(np.zeros((1, 1), int), params, net)
    assert scores.shape == (1, 1, V)


@pytest.mark.parametrize("rotary", [False, True])
def test_it_starts_out_knowing_nothing(rotary, rng):
    """Every next token as likely as any other: a loss near log(vocabulary)."""
    vocabulary = 200
    net, params = gpt(vocabulary, 16, width=64, depth=2, heads=4, rotary=rotary)
    ids, y = (rng.integers(vocabulary, size=(8, 16)) for _ in range(2))
    scores, _ = network_forward(ids, params, net)
    loss, _ = find("temporal_softmax", "loss")(scores, y)
    # Scores are sums of 64 products of about 1 and 0.02: 0.16 apart, half its square above log V.
    assert abs(loss - math.log(vocabulary)) <= 0.05


def test_a_step_downhill_is_a_step_down(rng):
    """Ten steps against the gradient: every one lowers the loss, on one small batch."""
    net, params, ids, y = model(rng)
    losses = []
    for _ in range(10):
        loss, _, grads = network_loss(ids, y, params, net, layer("temporal_softmax", mask=y >= 0))
        params = {name: array - 0.02 * grads[name] for name, array in params.items()}
        losses.append(loss)
    assert (np.diff(losses) < 0).all()
