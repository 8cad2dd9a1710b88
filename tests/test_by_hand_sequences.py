"""Layers and losses for sequences on numbers that can be checked with a pencil.

Scores are logarithms of small whole numbers, gates are quarters: what a softmax, a sigmoid or a
tanh makes of them is a fraction. `room` counts roundings, most of them of log and tanh.
"""

import math

import numpy as np
import pytest
from test_by_hand import FILES, close, shown, shows, shows_loss

from manual.catalog import find
from manual.network import layer, network_backward, network_forward
from reference.cards import LAYERS, LOSSES

log, tanh, atanh = math.log, math.tanh, math.atanh


def logit(p):
    """sigmoid(logit(p)) = p."""
    return log(p / (1 - p))


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


# Tokens -----------------------------------------------------------------------------------------

TABLE = [[1, 2], [3, 4], [5, 6]]


def test_embedding():
    """Token 2 stands three times: its row gets all three gradients, and row 1 gets none."""
    ids = np.array([[2, 0], [2, 2]])
    out = [[[5, 6], [1, 2]], [[5, 6], [5, 6]]]
    dout = [[[1, 2], [3, 4]], [[5, 6], [7, -8]]]
    shows("embedding", (ids, TABLE), out, dout, (None, [[3, 4], [0, 0], [1 + 5 + 7, 2 + 6 - 8]]))
    for dtype in (np.uint8, np.int32):  # of any shape, of any whole number type
        shows("embedding", (np.array([1, 1], dtype), TABLE), [[3, 4], [3, 4]], [[1, 2], [3, 4]],
              (None, [[0, 0], [4, 6], [0, 0]]))  # fmt: skip


def test_positions():
    """Two texts of two tokens, three places: the third is not used."""
    x, dout = [[[1], [2]], [[3], [4]]], [[[5], [6]], [[7], [-9]]]
    out = [[[1 + 10], [2 + 20]], [[3 + 10], [4 + 20]]]
    shows("positions", (x, [[10], [20], [30]]), out, dout, (dout, [[5 + 7], [6 - 9], [0]]))
    shows("positions", (x, [[10], [20]]), out, dout, (dout, [[12], [-3]]))


def test_unembedding():
    x, dout = [[[1, -1], [2, 0]]], [[[1, 2, 0], [0, -1, 3]]]
    out = [[[1 - 2, 3 - 4, 5 - 6], [2, 6, 10]]]
    dx = [[[1 + 2 * 3, 2 + 2 * 4], [-3 + 3 * 5, -4 + 3 * 6]]]
    shows("unembedding", (x, TABLE), out, dout, (dx, [[1, -1], [2 - 2, -2], [6, 0]]))


def test_a_table_that_is_used_at_both_ends():
    """Tied: token 1 is looked up, and scored against all three. Its row gets both gradients."""
    net = [layer("embedding", "table"), layer("unembedding", "table")]
    table = np.array([[1.0], [2.0], [5.0]])
    out, cache = network_forward(np.array([[1]]), {"table": table}, net)
    assert out.tolist() == [[[2 * 1, 2 * 2, 2 * 5]]]
    dx, grads = network_backward(np.array([[[3.0, -1.0, 4.0]]]), cache)
    looked_up = 3 * 1 - 1 * 2 + 4 * 5
    assert dx is None
    assert grads["table"].tolist() == [[3 * 2], [-1 * 2 + looked_up], [4 * 2]]


def test_temporal_affine():
    """The same w and b at both steps: their gradients add up over the steps."""
    x, w = [[[1, 2], [3, -1]]], [[4, 0], [5, -2]]
    out, dout = [[[4 + 10 + 1, -4], [12 - 5 + 1, 2]]], [[[1, 2], [-3, 6]]]
    dx = [[[4, 5 - 4], [-12, -15 - 12]]]
    grads = dx, [[1 - 9, 2 + 18], [2 + 3, 4 - 6]], [1 - 3, 2 + 6]
    shows("temporal_affine", (x, w, [1, 0]), out, dout, grads)


# Recurrent --------------------------------------------------------------------------------------


def test_rnn_step():
    """x + 2 h + 1/4 is atanh(3/5), where the slope is 16/25."""
    x = atanh(3 / 5) - 2 * 0.5 - 0.25
    da = 5 * 16 / 25
    grads = [[da]], [[2 * da]], [[x * da]], [[0.5 * da]], [da]
    shows("rnn_step", ([[x]], [[0.5]], [[1]], [[2]], [0.25]), [[3 / 5]], [[5]], grads, room=16)


def test_rnn():
    """Two steps of one number: h = 1/2, then 3/5. The first feeds the output, and the second."""
    h0, wh, b = 3.0, 2.0, 0.25
    x = [atanh(1 / 2) - wh * h0 - b, atanh(3 / 5) - wh * 1 / 2 - b]
    da2 = 5 * 16 / 25
    da1 = (4 + wh * da2) * 3 / 4
    dx, dh0 = [[[da1], [da2]]], [[wh * da1]]
    dwx, dwh, db = [[x[0] * da1 + x[1] * da2]], [[h0 * da1 + 1 / 2 * da2]], [da1 + da2]
    given = [[[x[0]], [x[1]]]], [[h0]], [[1]], [[wh]], [b]
    out, dout = [[[1 / 2], [3 / 5]]], [[[4], [5]]]
    shows("rnn", given, out, dout, (dx, dh0, dwx, dwh, db), room=32)


def test_rnn_of_a_batch():
    """No recurrence, wh = 0: two texts, whose gradients of wx and b add up."""
    x = [[[atanh(1 / 2)]], [[atanh(-3 / 5)]]]
    da = 4 * 3 / 4, 5 * 16 / 25
    dwx = [[da[0] * atanh(1 / 2) + da[1] * atanh(-3 / 5)]]
    grads = [[[da[0]]], [[da[1]]]], [[0], [0]], dwx, [[7 * da[0] + 9 * da[1]]], [sum(da)]
    given = x, [[7], [9]], [[1]], [[0]], [0]
    shows("rnn", given, [[[1 / 2]], [[-3 / 5]]], [[[4]], [[5]]], grads, room=16)


# The gates of an LSTM at its first step, in the order i, f, o, g; what scores give them; wh and b.
GATES = 1 / 4, 1 / 2, 3 / 4, 1 / 2
WH, BIAS = (0.5, -1.0, 0.25, 1.0), (1.0, 2.0, 3.0, 4.0)


def lstm_row(gates, h, wh=WH, b=BIAS):
    """wx such that wx + h wh + b gives these gates."""
    i, f, o, g = gates
    scores = logit(i), logit(f), logit(o), atanh(g)
    return [a - h * w - bias for a, w, bias in zip(scores, wh, b, strict=True)]


def test_lstm_step():
    """c = 2 becomes 1/2 2 + 1/4 1/2 = 9/8, of which 3/4 of the tanh is shown."""
    wx = lstm_row(GATES, h=2.0)
    t = tanh(9 / 8)
    dc = 3 + 4 * 3 / 4 * (1 - t**2)  # straight on, and through h
    da = [
        dc * 1 / 2 * (1 / 4 * 3 / 4),  # di = dc g
        dc * 2 * (1 / 2 * 1 / 2),  # df = dc c
        4 * t * (3 / 4 * 1 / 4),  # do = dh tanh(c)
        dc * 1 / 4 * (1 - 1 / 4),  # dg = dc i
    ]
    given = [[1]], [[2]], [[2]], [wx], [list(WH)], list(BIAS)
    grads = [[dot(da, wx)]], [[dot(da, WH)]], [[dc * 1 / 2]], [da], [[2 * a for a in da]], da
    out, dout = ([[3 / 4 * t]], [[9 / 8]]), ([[4]], [[3]])
    shows("lstm_step", given, out, dout, grads, room=64)


def test_the_gates_stand_in_the_order_i_f_o_g():
    """One gate wide open, the others shut, and a candidate of 1."""
    wide, shut = 50.0, -50.0
    zero, wx, wh = np.zeros((1, 1)), np.zeros((1, 4)), np.zeros((1, 4))
    c = np.array([[0.5]])
    for b, c_next, h_next in [
        ([wide, shut, wide, wide], 1.0, tanh(1)),  # write, and show
        ([shut, wide, wide, wide], 0.5, tanh(0.5)),  # keep, and show
        ([wide, wide, shut, wide], 1.5, 0.0),  # write and keep, and show nothing
        ([wide, shut, wide, -wide], -1.0, tanh(-1)),  # write the opposite
    ]:
        (h, found), _ = find("lstm_step", "forward")(zero, zero, c, wx, wh, np.array(b))
        assert abs(found[0, 0] - c_next) < 1e-15 and abs(h[0, 0] - h_next) < 1e-15


def test_lstm():
    """Two steps: x says which, so that each has gates of its own choice."""
    h0, c0 = 2.0, 2.0
    c1, t1 = 9 / 8, tanh(9 / 8)
    h1 = 3 / 4 * t1
    second = 1 / 2, 1 / 3, 1 / 4, -3 / 5
    c2 = 1 / 3 * 9 / 8 + 1 / 2 * -3 / 5
    t2 = tanh(c2)
    wx = [lstm_row(GATES, h0), lstm_row(second, h1)]
    # From the last step: its cell feeds its own h alone.
    dc2 = 5 * 1 / 4 * (1 - t2**2)
    da2 = [
        dc2 * -3 / 5 * (1 / 2 * 1 / 2),
        dc2 * c1 * (1 / 3 * 2 / 3),
        5 * t2 * (1 / 4 * 3 / 4),
        dc2 * 1 / 2 * (1 - 9 / 25),
    ]
    dh1 = 4 + dot(da2, WH)
    dc1 = dc2 * 1 / 3 + dh1 * 3 / 4 * (1 - t1**2)
    da1 = [
        dc1 * 1 / 2 * (1 / 4 * 3 / 4),
        dc1 * c0 * (1 / 2 * 1 / 2),
        dh1 * t1 * (3 / 4 * 1 / 4),
        dc1 * 1 / 4 * (1 - 1 / 4),
    ]
    dx = [[[dot(da1, wx[0]), dot(da1, wx[1])], [dot(da2, wx[0]), dot(da2, wx[1])]]]
    dwh = [[h0 * a + h1 * b for a, b in zip(da1, da2, strict=True)]]
    db = [a + b for a, b in zip(da1, da2, strict=True)]
    grads = dx, [[dot(da1, WH)]], [[dc1 * 1 / 2]], [da1, da2], dwh, db
    given = [[[1, 0], [0, 1]]], [[h0]], [[c0]], wx, [list(WH)], list(BIAS)
    shows("lstm", given, [[[h1], [1 / 4 * t2]]], [[[4], [5]]], grads, room=64)
    # One step is a step; the last cell is not shown.
    dc = 4 * 3 / 4 * (1 - t1**2)
    da = [dc * 3 / 32, dc * 2 / 4, 4 * t1 * 3 / 16, dc * 3 / 16]
    given = [[[1]]], [[h0]], [[c0]], [wx[0]], [list(WH)], list(BIAS)
    grads = [[dot(da, WH)]], [[dc / 2]], [da], [[h0 * a for a in da]], da
    shows("lstm", given, [[[h1]]], [[[4]]], ([[[dot(da, wx[0])]]], *grads), room=64)


# A GRU's gates in the order r, z, n; q = h wh + bh is what the reset gate acts on.
GRU_WH, GRU_BX, GRU_BH = (0.5, -1.0, 0.25), (1.0, 2.0, 3.0), (0.125, 0.5, 0.75)


def gru_row(gates, h):
    """wx such that the gates come out as these."""
    r, z, n = gates
    q_r, q_z, q_n = (h * w + b for w, b in zip(GRU_WH, GRU_BH, strict=True))
    scores = logit(r) - q_r, logit(z) - q_z, atanh(n) - r * q_n
    return [p - b for p, b in zip(scores, GRU_BX, strict=True)]


def gru_parts(gates, h, dout):
    """dp and dq of one step, from the line h_next = (1 - z) n + z h up."""
    r, z, n = gates
    dn = dout * (1 - z) * (1 - n * n)
    dr = dn * (h * 0.25 + 0.75) * r * (1 - r)
    dz = dout * (h - n) * z * (1 - z)
    return [dr, dz, dn], [dr, dz, dn * r]


def test_gru_step():
    """h = 2 and n = 1/2, of which 3/4 and 1/4: 13/8."""
    gates = 1 / 4, 3 / 4, 1 / 2
    wx = gru_row(gates, h=2.0)
    dn = 4 * 1 / 4 * 3 / 4
    dr, dz = dn * (2 * 0.25 + 0.75) * 3 / 16, 4 * (2 - 1 / 2) * 3 / 16
    dp, dq = [dr, dz, dn], [dr, dz, dn / 4]
    given = [[1]], [[2]], [wx], [list(GRU_WH)], list(GRU_BX), list(GRU_BH)
    dh = 4 * 3 / 4 + dot(dq, GRU_WH)
    grads = [[dot(dp, wx)]], [[dh]], [dp], [[2 * d for d in dq]], dp, dq
    shows("gru_step", given, [[13 / 8]], np.array([[4.0]]), grads, room=64)


def test_gru():
    """Two steps: x says which."""
    first, second, h0, h1 = (1 / 4, 3 / 4, 1 / 2), (1 / 2, 1 / 3, -3 / 5), 2.0, 13 / 8
    wx = [gru_row(first, h0), gru_row(second, h1)]
    h2 = 2 / 3 * -3 / 5 + 1 / 3 * h1
    dp2, dq2 = gru_parts(second, h1, 5)
    dh1 = 4 + 5 * 1 / 3 + dot(dq2, GRU_WH)  # shown, kept by the second step, and looked at by it
    dp1, dq1 = gru_parts(first, h0, dh1)
    dh0 = dh1 * 3 / 4 + dot(dq1, GRU_WH)
    dx = [[[dot(dp1, wx[0]), dot(dp1, wx[1])], [dot(dp2, wx[0]), dot(dp2, wx[1])]]]
    dwh = [[h0 * a + h1 * b for a, b in zip(dq1, dq2, strict=True)]]
    dbx, dbh = np.add(dp1, dp2), np.add(dq1, dq2)
    given = [[[1, 0], [0, 1]]], [[h0]], wx, [list(GRU_WH)], list(GRU_BX), list(GRU_BH)
    grads = dx, [[dh0]], [dp1, dp2], dwh, dbx, dbh
    shows("gru", given, [[[h1], [h2]]], [[[4], [5]]], grads, room=64)


def test_the_reset_gate_stands_behind_the_product():
    """Shut, it hides bhn too: n = tanh(bxn). In the paper's form bhn would stay."""
    b = np.array([-50.0, -50.0, 0.5]), np.array([0.0, 0.0, 7.0])
    zero, w = np.zeros((1, 1)), np.zeros((1, 3))
    h, _ = find("gru_step", "forward")(zero, zero, w, w, *b)
    assert abs(h[0, 0] - tanh(0.5)) < 1e-15
    h, _ = find("gru_step", "forward")(zero, zero, w, w, b[0] + [100, 0, 0], b[1])
    assert abs(h[0, 0] - tanh(7.5)) < 1e-15  # and open, it lets it through
    old = np.array([[0.25]])
    h, _ = find("gru_step", "forward")(zero, old, w, w, b[0] + [0, 100, 0], b[1])
    assert abs(h[0, 0] - 0.25) < 1e-15  # z open: h is kept


# Attention --------------------------------------------------------------------------------------

L3 = log(3)
Q, K, V = [[1], [2]], [[0], [L3]], [[8, 0], [4, 20]]
DOUT = [[1, 2], [0, -10]]


def test_attention():
    """Scores 0 and log 3 for the first query, twice that for the second: 1 to 3, and 1 to 9."""
    out = [[8 / 4 + 4 * 3 / 4, 20 * 3 / 4], [8 / 10 + 4 * 9 / 10, 20 * 9 / 10]]
    # dp = dout v^T: 8 and 44 with mean 35, 0 and -200 with mean -180
    ds = [(8 - 35) / 4, (44 - 35) * 3 / 4], [180 / 10, -20 * 9 / 10]
    dq = [[ds[0][1] * L3], [ds[1][1] * L3]]
    dk = [[ds[0][0] + 2 * ds[1][0]], [ds[0][1] + 2 * ds[1][1]]]
    dv = [[1 / 4, 2 / 4 - 10 / 10], [3 / 4, 2 * 3 / 4 - 10 * 9 / 10]]
    shows("attention", (Q, K, V), out, DOUT, (dq, dk, dv), room=16)
    # The same as one head of one example, and twice as two examples.
    for n in (1, 2):
        args = [np.array([[each]] * n, float) for each in (Q, K, V, out, DOUT, dq, dk, dv)]
        shows("attention", tuple(args[:3]), args[3], args[4], args[5:], room=16)


def test_attention_divides_by_the_root_of_the_width():
    """Four columns, so by 2: a dot product of 2 log 3 is a score of log 3."""
    q, k = [[2, 0, 0, 5]], [[0, 7, 0, 0], [L3, 0, 9, 0]]
    # p = 1/4 and 3/4, dp = 8 and 4 with mean 5: ds = 3/4 and -3/4, halved on the way back
    dq = [[-3 / 8 * L3, 3 / 8 * 7, -3 / 8 * 9, 0]]
    dk = [[2 * 3 / 8, 0, 0, 5 * 3 / 8], [-2 * 3 / 8, 0, 0, -5 * 3 / 8]]
    grads = dq, dk, [[1 / 4], [3 / 4]]
    shows("attention", (q, k, [[8], [4]]), [[5]], [[1]], grads, room=16)


def test_attention_that_is_causal():
    """The first query sees the first key alone, whatever its score; the second sees both."""
    out = [[8, 0], [8 / 10 + 4 * 9 / 10, 20 * 9 / 10]]
    dq, dk = [[0], [-18 * L3]], [[2 * 18], [2 * -18]]
    dv = [[1, 2 - 10 / 10], [0, -10 * 9 / 10]]
    shows("attention", (Q, K, V), out, DOUT, (dq, dk, dv), room=16, causal=True)
    mask = np.array([[True, False], [True, True]])
    shows("attention", (Q, K, V), out, DOUT, (dq, dk, dv), room=16, mask=mask)
    # A third key, which neither sees.
    k, v = [*K, [50]], [*V, [99, 99]]
    grads = dq, [*dk, [0]], [*dv, [0, 0]]
    shows("attention", (Q, k, v), out, DOUT, grads, room=16, causal=True)


def test_a_query_that_may_look_at_nothing():
    """It gives 0, and gets and sends no gradient; the other one is as if it stood alone."""
    mask = np.array([[False, False], [True, True]])
    out = [[0, 0], [8 / 10 + 4 * 9 / 10, 20 * 9 / 10]]
    grads = [[0], [-18 * L3]], [[2 * 18], [2 * -18]], [[0, -1], [0, -9]]
    shows("attention", (Q, K, V), out, DOUT, grads, room=16, mask=mask)
    zeros = np.zeros((2, 1)), np.zeros((2, 1)), np.zeros((2, 2))
    shows("attention", (Q, K, V), zeros[2], DOUT, zeros, mask=np.zeros((2, 2), bool))
    # Causal and a mask: the first may look at key 0 only, and may not look at key 0.
    mask = np.array([[False, True], [True, True]])
    shows("attention", (Q, K, V), out, DOUT, grads, room=16, mask=mask, causal=True)


def test_a_key_that_nobody_may_look_at():
    """A mask of one row holds for all queries: what is left is handed on as it is."""
    mask = np.array([[False, True]])
    zero = [[0], [0]]
    dv = [[0, 0], [1, 2 - 10]]
    shows("attention", (Q, K, V), [V[1], V[1]], DOUT, (zero, zero, dv), mask=mask)


@pytest.mark.parametrize("far", [1000.0, -1000.0])
def test_attention_far_out(far):
    """One key takes all; and a key that is hidden takes nothing, however large its score."""
    k, v, zero = [[far], [-far]], [[3], [5]], [[0], [0]]
    wins = [[3], [5]] if far > 0 else [[5], [3]]
    dv = [[7], [-2]] if far > 0 else [[-2], [7]]
    shows("attention", ([[1], [-1]], k, v), wins, [[7], [-2]], (zero, zero, dv))
    # Both the same: half and half, near or far.
    grads = [[0]], [[7 / 2 * -1], [7 / 2 * 1]], [[7 / 2], [7 / 2]]
    shows("attention", ([[1]], [[far], [far]], v), [[4]], [[7]], grads)
    mask = np.array([[True, False]])
    shows("attention", ([[1]], k, v), [[3]], [[7]], ([[0]], zero, [[7], [0]]), mask=mask)


def test_rotary():
    """By t / 1 and t / 2, as base^(2/4) = 2: first half paired with second."""
    c, s, half_c, half_s = math.cos(1), math.sin(1), math.cos(0.5), math.sin(0.5)
    x = [[3, 4, 5, 6], [3, 4, 5, 6]]
    turned = [3 * c - 5 * s, 4 * half_c - 6 * half_s, 3 * s + 5 * c, 4 * half_s + 6 * half_c]
    dout = [[1, 2, -3, 4], [1, 2, -3, 4]]
    back = [1 * c - 3 * s, 2 * half_c + 4 * half_s, -1 * s - 3 * c, -2 * half_s + 4 * half_c]
    shows("rotary", (x,), [x[0], turned], dout, ([dout[0], back],), room=4, base=4.0)
    # Without a base, by t / 1 and t / 100.
    turned = [3 * c - 5 * s, 4 * math.cos(0.01), 3 * s + 5 * c, 4 * math.sin(0.01)]
    back = [s, 2 * math.cos(0.01), c, -2 * math.sin(0.01)]
    x, dout = [[3, 4, 5, 0], [3, 4, 5, 0]], [[0, 2, 1, 0], [0, 2, 1, 0]]
    shows("rotary", (x,), [x[0], turned], dout, ([dout[0], back],), room=4)
    # Two columns: the angle is the place, whatever the base.
    out = [[[1, 0], [c, s], [math.cos(2), math.sin(2)]]]
    dx = [[[0, 1], [s, c], [math.sin(2), math.cos(2)]]]
    shows("rotary", ([[[1, 0]] * 3],), out, [[[0, 1]] * 3], (dx,), room=4)


def test_rotary_knows_distances_alone(rng):
    """Lengths stay; and q at t against k at s is what it is at t + 1 against s + 1."""
    q, k = rng.normal(size=(2, 6))
    turned_q, turned_k = (find("rotary", "forward")(np.tile(each, (5, 1)))[0] for each in (q, k))
    u = 2.0**-53
    for turned, each in ((turned_q, q), (turned_k, k)):
        assert np.array_equal(turned[0], each)
        lengths = (turned * turned).sum(axis=1)
        assert np.abs(lengths - each @ each).max() <= 16 * u * (each @ each)
        assert not np.array_equal(turned[1], each)
    scores = turned_q @ turned_k.T
    room = 16 * u * np.sqrt((q @ q) * (k @ k))
    for distance in range(-4, 5):
        diagonal = np.diag(scores, distance)
        assert np.abs(diagonal - diagonal[0]).max() <= room
    assert abs(scores[0, 1] - scores[1, 0]) > 1e-3  # before is not behind


def test_multihead_attention():
    """Two heads of width 1. x is the identity, so the rows of wqkv are q, k and v of each place.

    Head 0: scores log 3 and 0 for the second place, 3/4 and 1/4. Head 1: q = 0, half and half.
    """
    x, wqkv = [[[1, 0], [0, 1]]], [[0, 0, 1, 5, 8, 2], [L3, 0, 0, 7, 4, 6]]
    wo, bo = [[1, 2], [3, -1]], [0.5, 0]
    heads = [[8, 2], [8 * 3 / 4 + 4 / 4, (2 + 6) / 2]]  # the first place sees itself alone
    out = [[[8 + 3 * 2 + 0.5, 2 * 8 - 2], [7 + 3 * 4 + 0.5, 2 * 7 - 4]]]
    dout = [[[1, 0], [2, 4]]]
    # dheads = 1 3 | 10 2. Head 0: dp = 80 40, mean 70. Head 1: dp = 4 12, mean 8.
    ds = [(80 - 70) * 3 / 4, (40 - 70) / 4], [(4 - 8) / 2, (12 - 8) / 2]
    dqkv = [
        [0, 0, ds[0][0] * L3, 0, 1 + 10 * 3 / 4, 3 + 2 / 2],
        [ds[0][0], 5 * ds[1][0] + 7 * ds[1][1], ds[0][1] * L3, 0, 10 / 4, 2 / 2],
    ]
    dx = [[[dot(row, w) for w in wqkv] for row in dqkv]]
    dwo = [[heads[0][h] * 1 + heads[1][h] * 2, heads[0][h] * 0 + heads[1][h] * 4] for h in range(2)]
    grads = dx, dqkv, np.add(*dqkv), dwo, [1 + 2, 0 + 4]
    given = x, wqkv, np.zeros(6), wo, bo
    shows("multihead_attention", given, out, dout, grads, room=16, heads=2, causal=True)
    # A mask says the same as causal, for all examples and heads or for each.
    for mask in (np.tri(2, dtype=bool), np.tri(2, dtype=bool)[None, None]):
        shows("multihead_attention", given, out, dout, grads, room=16, heads=2, mask=mask)


def test_heads_are_columns_side_by_side():
    """Two heads of width 2: columns 0 and 1, columns 2 and 3. The second has no scores."""
    r, x = math.sqrt(2), [[[1, 0, 0, 0], [0, 1, 0, 0]]]
    wqkv = np.zeros((4, 12))
    wqkv[0] = [0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 4, 20]
    wqkv[1] = [r * L3, 0, 0, 0, 0, 0, 0, 0, 4, 20, 8, 0]
    # Of the second place, head 0 takes 3/4 and 1/4; everything else is half and half.
    heads = [[6, 10, 6, 10], [8 * 3 / 4 + 4 / 4, 20 / 4, 6, 10]]
    dout = [[[0, 0, 0, 0], [1, 0, 0, 2]]]
    # dp = 8 and 4, mean 7: ds = 3/4 and -3/4
    dqkv = np.zeros((4, 12))
    dqkv[0] = [0, 0, 0, 0, 3 / 4 * L3, 0, 0, 0, 3 / 4, 0, 0, 2 / 2]
    dqkv[1] = [3 / 4 / r, 0, 0, 0, -3 / 4 * L3, 0, 0, 0, 1 / 4, 0, 0, 2 / 2]
    dx = [[[dot(row, w) for w in wqkv] for row in dqkv[:2]]]
    dwo = np.outer(heads[1], [1, 0, 0, 2])
    grads = dx, dqkv, dqkv[0] + dqkv[1], dwo, [1, 0, 0, 2]
    given = x, wqkv, np.zeros(12), np.eye(4), np.zeros(4)
    shows("multihead_attention", given, [heads], dout, grads, room=32, heads=2)


def test_multihead_attention_of_one_head():
    """The same numbers in one head of two columns: one score for both, over the root of 2."""
    r = math.sqrt(2)
    x, wqkv = [[[1, 0], [0, 1]]], [[0, 0, 0, 5, 8, 2], [r * L3, 0, 1, 0, 4, 6]]
    one = [[1, 0], [0, 1]]
    # Scores of the second place: 0 and log 3. dp = dout v = 2 and 6, mean 5, ds = -3/4 and 3/4.
    out = [[[(8 + 4) / 2, (2 + 6) / 2], [8 / 4 + 4 * 3 / 4, 2 / 4 + 6 * 3 / 4]]]
    dout = [[[0, 0], [0, 1]]]
    d = 3 / 4 / r
    dqkv = [[0, 0, -d * r * L3, 0, 0, 1 / 4], [d, -5 * d, d * r * L3, 0, 0, 3 / 4]]
    dx = [[[dot(row, w) for w in wqkv] for row in dqkv]]
    grads = dx, dqkv, np.add(*dqkv), [[0, out[0][1][0]], [0, out[0][1][1]]], [0, 1]
    shows("multihead_attention", (x, wqkv, np.zeros(6), one, [0, 0]), out, dout, grads, room=32)


def test_multihead_attention_with_rotary_positions():
    """All queries and keys are (1, 0), turned by their places: a score is the cosine of a distance.

    v is 0 at the first place and 1 at the second, so that out is p of the second.
    """
    x, one = [[[1, 0], [1, 1]]], [[1, 0], [0, 1]]
    wqkv = [[1, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1]]
    c, s, r = math.cos(1), math.sin(1), math.sqrt(2)
    p = [1 / (1 + math.exp((1 - c) / r)), 1 / (1 + math.exp((c - 1) / r))]
    # Of the scores of the second key, at either place; those of the first are the opposite.
    ds = [5 * p[0] * (1 - p[0]) / r, 7 * p[1] * (1 - p[1]) / r]
    # Turned back, the second place's query pulls on k1 along (1, 0), and on k0 along (c, s).
    dqkv = [
        [ds[0] * (c - 1), ds[0] * s, -ds[0] - ds[1] * c, -ds[1] * s, 0, 12 - 5 * p[0] - 7 * p[1]],
        [ds[1] * (1 - c), ds[1] * s, ds[0] * c + ds[1], -ds[0] * s, 0, 5 * p[0] + 7 * p[1]],
    ]
    dx = [[[dot(row, w) for w in wqkv] for row in dqkv]]
    dwqkv, dwo = np.array([np.add(*dqkv), dqkv[1]]), [[0, 0], [0, 5 * p[0] + 7 * p[1]]]
    grads = dx, dwqkv, np.add(*dqkv), dwo, [0, 5 + 7]
    given, out, dout = (
        (x, wqkv, np.zeros(6), one, [0, 0]),
        [[[0, p[0]], [0, p[1]]]],
        [[[0, 5], [0, 7]]],
    )
    shows("multihead_attention", given, out, dout, grads, room=32, rotary=True)


# Losses -----------------------------------------------------------------------------------------

P = np.array([[[1, 2, 5], [1, 3, 4]], [[2, 2, 4], [6, 1, 1]]]) / 8
TRUE = np.array([[2, 0], [1, 0]])
ONE_HOT = np.array([[[0, 0, 1], [1, 0, 0]], [[0, 1, 0], [1, 0, 0]]])
TERMS = [log(8 / 5), log(8), log(4), log(8 / 6)]


def test_temporal_softmax():
    """Two texts of two steps; four tokens, or two examples, to divide by."""
    x = np.log(P)
    shows_loss("temporal_softmax", x, TRUE, sum(TERMS) / 4, (P - ONE_HOT) / 4, room=8)
    shows_loss(
        "temporal_softmax", x, TRUE, sum(TERMS) / 2, (P - ONE_HOT) / 2, room=8, mean="examples"
    )


@pytest.mark.parametrize("ignored", [-100, -1, 3, 0])
def test_temporal_softmax_with_a_mask(ignored):
    """The second text ends after one step: three tokens, still two examples."""
    x, mask = np.log(P), np.array([[True, True], [True, False]])
    y, d = np.where(mask, TRUE, ignored), (P - ONE_HOT) * mask[:, :, None]
    shows_loss("temporal_softmax", x, y, sum(TERMS[:3]) / 3, d / 3, room=8, mask=mask)
    shows_loss("temporal_softmax", x, y, sum(TERMS[:3]) / 2, d / 2, room=8, mask=mask,
               mean="examples")  # fmt: skip


@pytest.mark.parametrize("mean", ["tokens", "examples"])
def test_temporal_softmax_where_nothing_counts(mean):
    mask, y = np.zeros((2, 2), bool), np.full((2, 2), -100)
    shows_loss("temporal_softmax", np.log(P), y, 0, 0 * P, mask=mask, mean=mean)


def test_temporal_softmax_far_out():
    """Sure and wrong by 2000, sure and right, and all alike."""
    x, y = [[[1000, -1000], [-1000, 1000], [-1000, -1000]]], np.array([[1, 1, 0]])
    dx = np.array([[[1, -1], [0, 0], [-1 / 2, 1 / 2]]]) / 3
    shows_loss("temporal_softmax", np.array(x, float), y, (2000 + log(2)) / 3, dx, room=4)


def test_kl_far_out():
    x = np.array([[1000.0, -1000.0]])
    shows_loss("kl", x, np.array([[0.0, 1.0]]), 2000, [[1, -1]])
    shows_loss("kl", x, np.array([[1.0, 0.0]]), 0, [[0, 0]])
    shows_loss("kl", x, np.array([[0.5, 0.5]]), 1000 - log(2), [[1 / 2, -1 / 2]], room=2)


def test_kl_is_0_where_both_are_the_same():
    """And above 0 on either side of it."""
    y = np.array([[0.25, 0.75]])
    at, below, above = (
        find("kl", "loss")(np.log(np.array([[1.0, odds]])), y)[0] for odds in (3.0, 2.0, 4.0)
    )
    assert abs(at) <= 2 * 2.0**-53 and below > 1e-3 and above > 1e-3


# CTC: the columns are blank, a, b; ways are written out, _ for the blank.


def spoken(*steps):
    """Scores whose softmax is these probabilities: one example."""
    return np.log(np.array([steps]))


def test_ctc_in_one_step():
    p = 1 / 4, 3 / 4
    shows_loss("ctc", spoken(p), np.array([[1]]), -log(3 / 4), [[[1 / 4, 3 / 4 - 1]]], room=8)
    # Nothing said: an empty text.
    shows_loss("ctc", spoken(p), np.array([[-1]]), -log(1 / 4), [[[1 / 4 - 1, 3 / 4]]], room=8)


def test_ctc_in_two_steps():
    """ "a" is a_ or _a or aa: all but __, 1 - 1/4 1/2 = 7/8."""
    a_, _a, aa = 3 / 4 * 1 / 2, 1 / 4 * 1 / 2, 3 / 4 * 1 / 2
    total = a_ + _a + aa
    assert total == 7 / 8
    dx = [
        [1 / 4 - _a / total, 3 / 4 - (a_ + aa) / total],
        [1 / 2 - a_ / total, 1 / 2 - (_a + aa) / total],
    ]
    x = spoken((1 / 4, 3 / 4), (1 / 2, 1 / 2))
    shows_loss("ctc", x, np.array([[1]]), -log(7 / 8), [dx], room=8)


def test_ctc_of_two_different_labels():
    """ "ab" in three steps: aab, abb, ab_, a_b, _ab, in shares of 1/32."""
    p = (1 / 4, 1 / 2, 1 / 4), (1 / 2, 1 / 4, 1 / 4), (1 / 4, 1 / 4, 1 / 2)
    aab, abb, ab_ = 32 / 2 / 4 / 2, 32 / 2 / 4 / 2, 32 / 2 / 4 / 4
    a_b, _ab = 32 / 2 / 2 / 2, 32 / 4 / 4 / 2
    assert aab + abb + ab_ + a_b + _ab == 10
    stands = [
        [_ab, aab + abb + ab_ + a_b, 0],
        [a_b, aab + _ab, abb + ab_],
        [ab_, 0, aab + abb + a_b + _ab],
    ]
    dx = np.array([p]) - np.array([stands]) / 10
    shows_loss("ctc", spoken(*p), np.array([[1, 2]]), -log(10 / 32), dx, room=8)
    # The same with the blank last: columns a, b, blank.
    turned = [1, 2, 0]
    x, dx = spoken(*p)[:, :, turned], dx[:, :, turned]
    shows_loss("ctc", x, np.array([[0, 1]]), -log(10 / 32), dx, room=8, blank=2)


def test_ctc_of_a_label_twice():
    """ "aa" needs a blank between: a_a, and in four steps aa_a, a__a, a_aa, _a_a, a_a_."""
    p = (1 / 4, 3 / 4), (1 / 2, 1 / 2), (2 / 3, 1 / 3)
    dx = [[1 / 4, 3 / 4 - 1], [1 / 2 - 1, 1 / 2], [2 / 3, 1 / 3 - 1]]
    y = np.array([[1, 1]])
    shows_loss("ctc", spoken(*p), y, -log(3 / 4 * 1 / 2 * 1 / 3), [dx], room=8)
    # Every step half and half: five ways of sixteen.
    stands = np.array([[1, 4], [3, 2], [3, 2], [1, 4]])  # at a blank, at an a
    x = spoken(*[(1 / 2, 1 / 2)] * 4)
    shows_loss("ctc", x, y, -log(5 / 16), [1 / 2 - stands / 5], room=8)


def test_ctc_of_a_batch():
    """Three texts, "ab", "a" and "", in 3, 2 and 1 steps: the mean; what is left gets nothing."""
    p = (1 / 4, 1 / 2, 1 / 4), (1 / 2, 1 / 4, 1 / 4), (1 / 4, 1 / 4, 1 / 2)
    x, y = np.repeat(spoken(*p), 3, axis=0), np.array([[1, 2], [1, -1], [-1, -1]])
    a_, _a, aa = 8, 2, 4  # of 32
    stands = np.array([
        [[1 / 10, 9 / 10, 0], [4 / 10, 3 / 10, 3 / 10], [1 / 10, 0, 9 / 10]],
        [[_a / 14, (a_ + aa) / 14, 0], [a_ / 14, (_a + aa) / 14, 0], p[2]],
        [[1, 0, 0], p[1], p[2]],
    ])  # fmt: skip
    loss = -(log(10 / 32) + log(14 / 32) + log(1 / 4)) / 3
    steps = np.array([3, 2, 1])
    shows_loss("ctc", x, y, loss, (np.array([p] * 3) - stands) / 3, room=8, steps=steps)
    # What is not looked at may be anything.
    x[1, 2:], x[2, 1:] = 1e5, -7
    shows_loss("ctc", x, y, loss, (np.array([p] * 3) - stands) / 3, room=8, steps=steps)


def test_ctc_far_out():
    """Sure and wrong by 2000; sure and right; and two ways, each off by 2000."""
    far, y = 1000.0, np.array([[1]])
    shows_loss("ctc", np.array([[[far, -far]]]), y, 2000, [[[1, -1]]])
    shows_loss("ctc", np.array([[[-far, far], [far, -far]]]), y, 0, [[[0, 0], [0, 0]]])
    # a_ and _a are exp(-2000) each, aa exp(-4000). A share is the exp of a difference of 2000s.
    x = np.array([[[far, -far], [far, -far]]])
    dx = [[[1 / 2, -1 / 2], [1 / 2, -1 / 2]]]
    shows_loss("ctc", x, y, 2000 - log(2), dx, room=2000)
    shows_loss("ctc", x, np.array([[-1]]), 0, [[[0, 0], [0, 0]]])


# Every text by itself ---------------------------------------------------------------------------

N, T, D, H = 4, 3, 4, 2
# What belongs to each text (states, keys and values), parameters, options.
ALONE = {
    "attention": ([(N, 5, D), (N, 5, 2)], [], {"causal": True}),
    "multihead_attention": ([], [(D, 3 * D), (3 * D,), (D, D), (D,)], {"heads": 2}),
    "positions": ([], [(T, D)], {}),
    "rotary": ([], [], {}),
    "temporal_affine": ([], [(D, 2), (2,)], {}),
    "unembedding": ([], [(5, D)], {}),
    "rnn": ([(N, H)], [(D, H), (H, H), (H,)], {}),
    "lstm": ([(N, H), (N, H)], [(D, 4 * H), (H, 4 * H), (4 * H,)], {}),
    "gru": ([(N, H)], [(D, 3 * H), (H, 3 * H), (3 * H,), (3 * H,)], {}),
}


@pytest.mark.parametrize("kind", ALONE)
def test_one_text_of_a_batch_is_a_batch_of_one(kind, rng):
    """Whatever stands beside it: the same output and gradients; those of parameters add up."""
    own, shared, options = ALONE[kind]
    texts = [rng.normal(size=shape) for shape in [(N, T, D), *own]]
    params = [rng.normal(size=shape) for shape in shared]
    forward, backward = find(kind, "forward"), find(kind, "backward")
    out, cache = forward(*texts, *params, **options)
    dout = rng.normal(size=out.shape)
    grads = backward(dout, cache)
    grads = grads if isinstance(grads, tuple) else (grads,)
    total = [0 * param for param in params]
    for n in range(N):
        out_n, cache = forward(*[text[n : n + 1] for text in texts], *params, **options)
        grads_n = backward(dout[n : n + 1], cache)
        grads_n = grads_n if isinstance(grads_n, tuple) else (grads_n,)
        close(out_n, out[n : n + 1], 32, np.float64)
        for whole, alone in zip(grads[: len(texts)], grads_n, strict=False):
            close(alone, whole[n : n + 1], 64, np.float64)
        total = [a + b for a, b in zip(total, grads_n[len(texts) :], strict=True)]
    close(tuple(total), tuple(grads[len(texts) :]), 64, np.float64)


def test_one_text_of_a_batch_is_a_loss_of_its_own(rng):
    """A loss is the mean of those of its texts, whatever stands beside them."""
    x, steps = rng.normal(size=(3, 4, 3)), np.array([4, 3, 2])
    mask = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 1, 1, 1]]) > 0
    texts = np.array([[1, 2, -1], [2, 2, -1], [1, -1, -1]])
    labels = rng.integers(3, size=(3, 4))
    for kind, y, option, constants in [
        ("ctc", texts, {"steps": steps}, {}),
        ("temporal_softmax", labels, {"mask": mask}, {"mean": "examples"}),
    ]:
        whole, dx = find(kind, "loss")(x, y, **option, **constants)
        found = []
        for n in range(3):
            row = slice(n, n + 1)
            mine = {name: each[row] for name, each in option.items()}
            found.append(find(kind, "loss")(x[row], y[row], **mine, **constants))
        close(sum(loss for loss, _ in found) / 3, whole, 16, np.float64)
        close(np.concatenate([d for _, d in found]) / 3, dx, 16, np.float64)


def test_every_layer_for_sequences_is_here():
    """A new one is shown above. That no other layer is forgotten, test_by_hand.py sees to."""
    kinds = {kind for kind, card in LAYERS.items() if card.takes in ("NTD", "ids") or card.own}
    assert kinds | {"lstm_step", "temporal_affine"} <= shown(FILES[2])
    assert {kind for kind, card in LAYERS.items() if card.takes == "NTD"} <= set(ALONE)
    losses = {kind for kind, card in LOSSES.items() if card.takes == "NTV"}
    assert losses | {"kl"} <= shown(FILES[2], by="shows_loss")
