"""Backprop through time: gradients fade or explode like a power; clipping cures one.

Claim: T steps back, the gradient in a recurrent network near 0 is rho^T of what it was, if wh is
rho times a rotation. With the same wh, tanh alone can turn an explosion into nothing. An LSTM fades
as fast, unless its forget gates are opened. The last step alone may have a 6,649th of dwh. Clipping
by value can turn a gradient by 44 degrees; clipping by norm turns none, and helps no faded one.

    backproof compare 11 [--plot DIR]
"""

# %%
import math
from typing import Any

import numpy as np
import torch

from comparisons.show import FOURTH, GRADIENT, THIRD, VALUE, drawing, figure, keep, side_by_side
from manual.lstm import lstm_forward, lstm_step_backward
from manual.network import layer
from manual.optimizers import clip_by_norm, clip_by_value
from manual.rnn import rnn_backward, rnn_forward, rnn_step_backward
from reference.agreement import compare
from reference.problem import Problem

# %% [markdown]
# ## The loop, and the loop backwards
#
#     h[t] = tanh(x[t] wx + h[t-1] wh + b)                     (N, H), for t = 1 to T
#
# This is a network of T layers with one and the same wh. So backprop is what it always was: through
# tanh, whose slope at step t is 1 - h[t]^2, then through the product.
#
#     da[t]   = dh[t] * (1 - h[t]^2)                           (N, H)
#     dh[t-1] = da[t] wh^T, plus what the loss sends to t-1    (N, H) (H, H)
#     dwh     = sum over t of h[t-1]^T da[t]                   (H, N) (N, H)
#
# The sum is there because wh is shared: one value feeds T places, and their gradients add, as at
# every fork of 04_graph.py. If the last step alone has a loss, then for each row
#
#     dh[0] = dh[T] J[T] ... J[1],      J[t] = diag(1 - h[t]^2) wh^T
#
# ## By pencil
#
# One neuron, three steps. Choose x so that every h is 1/2; then every slope is 3/4. With wh = 2, a
# step back multiplies by 3/4 * 2 = 3/2. The loss sends 2 to the last step:
#
#     step    da = 3/4 dh    h[t-1] da    dh[t-1] = 2 da
#     3       1.5            0.75         3
#     2       2.25           1.125        4.5
#     1       3.375          1.6875       6.75 = 2 * 1.5^3
#     sum     7.125 = db     3.5625 = dwh


# %%
def at_half(wh: float, T: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The input and the parameters of one neuron that says 1/2 at every step."""
    x, one = np.full((1, T, 1), math.atanh(0.5) - 0.5 * wh), np.ones((1, 1))
    return x, {"h0": 0.5 * one, "wx": one, "wh": wh * one, "b": np.zeros(1)}


net, rng = [layer("rnn", "h0", "wx", "wh", "b")], np.random.default_rng(0)
x, params = at_half(2.0, T=3)
print("One neuron, three steps; the last line in allowances, up to 8 is agreement")
neuron = Problem(net, params, x, np.array([[[0.0], [0.0], [2.0]]]))
found = side_by_side(neuron, names=["h0", "wh", "b"], digits=6)
_, dh0, _, dwh, db = rnn_backward(neuron.y, rnn_forward(x, **params)[1])
assert [f"{d.item():.9f}" for d in (dh0, dwh, db)] == ["6.750000000", "3.562500000", "7.125000000"]

# Two with nothing special: two rows, three neurons, a loss at every step.
for kind, states, wide in (("rnn", ["h0"], 3), ("lstm", ["h0", "c0"], 12)):
    shapes = dict.fromkeys(states, (2, 3)) | {"wx": (2, wide), "wh": (3, wide), "b": (wide,)}
    params = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    x, y = rng.standard_normal((2, 3, 2)), rng.standard_normal((2, 3, 3))
    found += compare(Problem([layer(kind, *shapes)], params, x, y))
assert all(each.agrees and not each.skipped for each in found)

# %% [markdown]
# ```text
#                       by hand        PyTorch            JAX    differences   complex step
#   dh0[0, 0]          6.750000       6.750000       6.750000       6.750000       6.750000
#   dwh[0, 0]          3.562500       3.562500       3.562500       3.562500       3.562500
#   db[0]              7.125000       7.125000       7.125000       7.125000       7.125000
# ```
#
# ## Prediction: the last step only
#
# Whoever forgets the sum and keeps the last step's part has 0.75 of 3.5625, a fifth of dwh. If a
# step back multiplies by r, the T parts stand like 1, r, r^2, ..., r^(T-1). Of T = 20 steps the
# last one then has a half of dwh for r = 0.5, a 20th for r = 1, and a 6,649th for r = 1.5. No
# shape and no sign gives the mistake away.


# %%
def back(caches: list[Any], dh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|dh[T]|, |dh[T-1]|, ..., |dh[0]|, over |dh[T]|; and what each step adds to dwh, T first."""
    lengths, parts = [np.linalg.norm(dh)], []
    for cache in reversed(caches):
        _, dh, _, dwh, _ = rnn_step_backward(dh, cache)
        lengths.append(np.linalg.norm(dh))
        parts.append(dwh)
    return np.array(lengths) / lengths[0], np.array(parts)


parts = {}
print("\nShares of dwh, T = 20   the last step         the first step")
print("     r        dwh   predicted    measured    predicted    measured")
for r in (0.5, 1.0, 1.5):
    x, params = at_half(r / 0.75, T=20)
    parts[r] = back(rnn_forward(x, **params)[1], np.ones((1, 1)))[1].ravel()
    last = 1 / sum(r**k for k in range(20))
    shares = last, parts[r][0] / parts[r].sum(), last * r**19, parts[r][-1] / parts[r].sum()
    print(f"{r:6}{parts[r].sum():11.2f}" + "".join(f"{share:12.3e}" for share in shares))
    # Forward, a rounding grows like the gradient: at r = 1.5 to 1.5^20 * 1e-16 = 3e-13 at the end.
    assert np.allclose(shares[1::2], shares[::2], rtol=1e-9, atol=0)
assert round(1 / last) == 6649

# %% [markdown]
# ```text
#      r        dwh   predicted    measured    predicted    measured
#    0.5       0.75   5.000e-01   5.000e-01   9.537e-07   9.537e-07
#    1.0       7.50   5.000e-02   5.000e-02   5.000e-02   5.000e-02
#    1.5    2493.19   1.504e-04   1.504e-04   3.334e-01   3.334e-01
# ```
#
# ## Prediction: many neurons
#
# Eight neurons at 0: every slope is 1, every J is wh^T. In the long run the largest eigenvalue of
# wh by size wins, its spectral radius rho: |dh[0]| / |dh[T]| goes like rho^T. For rho times a
# rotation, which keeps lengths, that is exact from the first step on. For other matrices a
# factor stands in front that does not grow with T.
#
# Away from 0 the slopes are below 1. One neuron with wh = 1.5 and no input does not stay at 0. It
# comes to rest where h = tanh(1.5 h), at h = 0.8586: a slope of 0.263, and a step back multiplies
# by 1.5 * 0.263 = 0.394. The weight that makes 1.5^50 = 6e8 of a gradient at h = 0 makes
# 0.394^50 = 6e-21 of it there. Where eight neurons go with 1.5 times the rotation, no pencil tells;
# all that can be said beforehand is: far less than 6e8.

# %%
H, T = 8, 50
zero, up = np.zeros((1, H)), rng.standard_normal((1, H))  # up: what the loss sends to step T
rotation = np.linalg.qr(rng.standard_normal((H, H)))[0]
rotation[:, 0] *= np.sign(np.linalg.det(rotation))  # no mirror in it
gauss = rng.standard_normal((H, H))
gauss /= np.abs(np.linalg.eigvals(gauss)).max()


def lengths(wh: np.ndarray, h0: np.ndarray) -> np.ndarray:
    """|dh[T - k]| / |dh[T]| for k = 0 to T, without input."""
    n = len(wh)
    _, caches = rnn_forward(np.zeros((1, T, 1)), h0, np.ones((1, n)), wh, np.zeros(n))
    return back(caches, up[:, :n])[0]


curves: dict[Any, np.ndarray] = {}
for rho in (0.5, 1.0, 1.5):
    curves[rho] = lengths(rho * rotation, zero)
print("\n|dh[0]| / |dh[T]|, eight neurons at 0")
print("    T   rho        rho^T     rotation     Gaussian   Gaussian / rho^T")
for t in (1, 10, 50):
    for rho, curve in curves.items():
        other = lengths(rho * gauss, zero)[t]
        print(f"{t:5}{rho:6}{rho**t:13.3e}{curve[t]:13.3e}{other:13.3e}{other / rho**t:19.3f}")
        assert math.isclose(curve[t], rho**t, rel_tol=1e-12)  # 50 products of 8 terms each
        assert 0.1 < other / rho**t < 1

rest = 0.5
for _ in range(200):
    rest = math.tanh(1.5 * rest)
step = 1.5 * (1 - rest**2)
still = lengths(np.array([[1.5]]), np.array([[rest]]))
curves["away"] = lengths(1.5 * rotation, rng.standard_normal((1, H)))
print("\n|dh[0]| / |dh[50]|, rho = 1.5        predicted  measured")
print(f"  eight neurons at 0                  {1.5**50:8.1e} {curves[1.5][50]:9.1e}")
print(f"  one neuron at rest                  {step**50:8.1e} {still[50]:9.1e}")
print(f"  eight neurons, from h[0] not 0                {curves['away'][50]:9.1e}")
assert f"{rest:.4f} {1 - rest**2:.3f} {step:.3f} {step**50:.0e}" == "0.8586 0.263 0.394 6e-21"
assert math.isclose(still[50], step**50, rel_tol=1e-11)  # 1 - h^2 loses two bits, 50 times
assert 1e-3 < curves["away"][50] < 1e-6 * 1.5**50

# %% [markdown]
# ```text
#    50   0.5    8.882e-16    8.882e-16    2.380e-16              0.268
#    50   1.0    1.000e+00    1.000e+00    2.680e-01              0.268
#    50   1.5    6.376e+08    6.376e+08    1.709e+08              0.268
#
# |dh[0]| / |dh[50]|, rho = 1.5        predicted  measured
#   eight neurons at 0                   6.4e+08   6.4e+08
#   one neuron at rest                   6.2e-21   6.2e-21
# ```
#
# The eight away from 0 keep less than a millionth of 6e8. Nothing but h has changed: a network
# that explodes at the start of training need not do so later, nor on other data.
#
# ## Prediction: the LSTM's cell
#
# An LSTM's cell changes by addition, c[t] = f[t] c[t-1] + i[t] g[t]. So
#
#     dc[t-1] = f[t] * dc[t], plus what comes through the gates, which look at h[t-1]     (N, H)
#
# With wh = 0 they do not look, and dc[0] is dc[50] times the product of all forget gates, some
# sigmoid(bias)^50. With a bias of 0 that is 0.5^50, the same 9e-16 as the plain network of radius
# 0.5: a cell alone saves nothing. With a bias of 4 it is 0.98^50 = 0.4.


# %%
def cell(bias: float, size: float) -> tuple[np.ndarray, bool]:
    """|dc[T - k]| / |dc[T]| for k = 0 to T; and whether dc[0] is dc[T] times all forget gates."""
    rng = np.random.default_rng(1)
    x, wx = rng.standard_normal((1, T, 4)), 0.1 * rng.standard_normal((4, 4 * H))
    b = np.repeat([0.0, bias, 0.0, 0.0], H)  # i, f, o, g
    _, caches = lstm_forward(x, zero, zero, wx, size * rng.standard_normal((H, 4 * H)), b)
    dh, dc, kept, found = zero, up, up, [np.linalg.norm(up)]
    for cache in reversed(caches):
        _, dh, dc, *_ = lstm_step_backward((dh, dc), cache)
        _, (_, f, *_), _ = cache
        kept = kept * f
        found.append(np.linalg.norm(dc))
    return np.array(found) / found[0], np.array_equal(dc, kept)


print("\n|dc[0]| / |dc[50]| in an LSTM\n  bias   sigmoid^50      wh = 0   wh of size 0.1")
for bias in (0, 1, 2, 3, 4):
    (curve, by_gates_alone), (more, _) = cell(bias, 0.0), cell(bias, 0.1)
    curves["LSTM", bias], power = curve, (1 / (1 + math.exp(-bias))) ** 50
    print(f"  {bias:4}{power:13.1e}{curve[50]:12.1e}{more[50]:17.1e}")
    assert by_gates_alone and 0.5 < curve[50] / power < 2  # x moves the gates a little
    assert more[50] > curve[50]

# %% [markdown]
# ```text
#   bias   sigmoid^50      wh = 0   wh of size 0.1
#      0      8.9e-16     1.3e-15          1.2e-13
#      1      1.6e-07     1.7e-07          4.3e-06
#      2      1.8e-03     1.7e-03          2.8e-02
#      3      8.8e-02     8.6e-02          9.2e-01
#      4      4.0e-01     4.0e-01          2.7e+00
# ```
#
# What carries the gradient is the open forget gate: start with a bias of 1 or more. The way through
# the gates adds to it here, and is no more to be relied on than a plain network's.
#
# ## Prediction: clipping turns a gradient, or does not
#
# By norm: everything times one factor, where the norm is above max_norm. The direction stays. By
# value: each entry cut to [-limit, limit]. Then (3, 4) becomes (1, 1), 8 degrees off, and (1, -100)
# becomes (1, -1), 44 degrees off.
#
# PyTorch's clip_grad_norm_ divides by norm + 1e-6, and so does clip_by_norm. So (3, 4) at a norm of
# 1 is (0.59999988, 0.79999984), not (0.6, 0.8). Where norms are that small themselves it counts:
# (3e-6, 4e-6) at a norm of 1e-6 is divided by 6, not by 5.

# %%
print("\n  gradient          max       by norm       PyTorch       no 1e-6  by value   turned")
for g, most in (((3.0, 4.0), 1.0), ((3e-6, 4e-6), 1e-6), ((1.0, -100.0), 1.0)):
    weights = torch.tensor(g, dtype=torch.float64, requires_grad=True)
    (weights * weights / 2).sum().backward()  # a loss whose gradient is g
    torch.nn.utils.clip_grad_norm_(weights, most)
    grads = {"W": np.array([[g[0]]]), "b": np.array([g[1]])}  # one norm over both
    norm, value = (
        [each.item() for each in clipped.values()]
        for clipped in (clip_by_norm(grads, most)[0], clip_by_value(grads, most))
    )
    off, turned = (abs(math.degrees(math.atan2(*g) - math.atan2(*c))) for c in (norm, value))
    for number, a, b, c in zip(g, norm, np.asarray(weights.grad), value, strict=True):
        plain = number * most / math.hypot(*g)
        print(f"  {number:<10g}{most:10g}{a:14.8g}{b:14.8g}{plain:14.8g}{c:10g}{turned:9.2f}")
        # PyTorch takes the norm of norms: some roundings more.
        assert math.isclose(a, b, rel_tol=1e-14) and off < 1e-12
    assert f"{turned:.2f}" == ("44.43" if g[0] == 1 else "8.13")

# %% [markdown]
# ```text
#   3                  1    0.59999988    0.59999988           0.6         1     8.13
#   4                  1    0.79999984    0.79999984           0.8         1     8.13
#   3e-06          1e-06         5e-07         5e-07         6e-07     1e-06     8.13
# ```
#
# ## Prediction: what clipping cures
#
# The neuron at 1/2 with r = 1.5 stands on a cliff: what the backward pass multiplies, the forward
# pass multiplies too. Ask it for h[20] = -1/2 in steps of 0.1 dwh. dwh is 0.75 (1.5^20 - 1) = 2493,
# so the first step throws wh from 2 to -247, where tanh is flat, dwh is 0 to the last digit, and no
# further step is taken. Clipped to a norm of 1 the step is 0.1 long, and the walk goes on.
#
# It cures no fading. A norm below max_norm stays as it is. And one factor for a whole sum leaves
# the shares of its parts: at r = 0.5 the first of 20 steps has a millionth of dwh, clipped or not.


# %%
def descend(max_norm: float) -> list[tuple[float, float, float]]:
    """wh, the loss and dwh before each of 400 updates, and after the last."""
    (x, params), walk = at_half(2.0, T=20), []
    for _ in range(401):
        h, caches = rnn_forward(x, **params)
        dh = np.zeros_like(h)
        dh[:, -1] = h[:, -1] + 0.5
        dwh = rnn_backward(dh, caches)[3]
        walk.append((params["wh"].item(), dh[0, -1, 0] ** 2 / 2, dwh.item()))
        params["wh"] = params["wh"] - 0.1 * clip_by_norm({"wh": dwh}, max_norm)[0]["wh"]
    return walk


free, held = descend(math.inf), descend(1.0)
print("\n  update  unclipped: wh      loss       dwh   clipped: wh      loss       dwh")
for k in (0, 1, 100, 400):
    print(f"  {k:6}{free[k][0]:15.3f}{free[k][1]:10.4f}{free[k][2]:10.3f}", end="")
    print(f"{held[k][0]:14.3f}{held[k][1]:10.4f}{held[k][2]:10.3f}")
assert free[1] == free[400] and free[1][1] > free[0][1] and free[1][2] == 0 and held[400][1] < 1e-4
faded = {"wh": parts[0.5].sum(keepdims=True)}
assert np.array_equal(clip_by_norm(faded, 1.0)[0]["wh"], faded["wh"])

# %% [markdown]
# ```text
#   update  unclipped: wh      loss       dwh   clipped: wh      loss       dwh
#        0          2.000    0.5000  2493.193         2.000    0.5000  2493.193
#        1       -247.319    1.1250     0.000         1.900    0.1155     0.019
#      100       -247.319    1.1250     0.000         1.655    0.1093     0.032
#      400       -247.319    1.1250     0.000         0.211    0.0000     0.003
# ```
#
# ## What to remember
#
# A gradient through time is a product of T Jacobians, so it fades or explodes like a power; open
# forget gates hold its factors near 1. Clip by norm, not by value, and only against explosions:
# nothing done to the finished gradient brings back what has faded on the way.

# %%
if drawing():
    picture, axes = figure(8.5, 4.6)
    for name, curve, color, dashes in (
        ("radius 1.5", curves[1.5], GRADIENT, "-"),
        ("LSTM, forget bias 4", curves["LSTM", 4], THIRD, "-"),
        ("radius 1", curves[1.0], "0.4", "-"),
        ("radius 1.5, away from 0", curves["away"], GRADIENT, "--"),
        ("LSTM, forget bias 2", curves["LSTM", 2], THIRD, "--"),
        ("radius 0.5", curves[0.5], VALUE, "-"),
        ("LSTM, forget bias 0", curves["LSTM", 0], THIRD, ":"),
        ("one neuron at rest, wh = 1.5", still, FOURTH, "--"),
    ):
        axes.semilogy(curve, dashes, color=color, linewidth=1.8, label=name)
    axes.set(xlabel="steps back from the loss", ylabel="length of the gradient, last step = 1")
    axes.set(title="What is left of a gradient")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    keep(picture, "11_time_gradients")

    picture, axes = figure(8.5, 3.8)
    weights, losses = np.linspace(0, 2.5, 501), []
    for weight in weights:
        x, params = at_half(2.0, T=20)
        h, _ = rnn_forward(x, **params | {"wh": np.array([[weight]])})
        losses.append((h[0, -1, 0] + 0.5) ** 2 / 2)
    axes.plot(weights, losses, color=VALUE)
    walk = np.array([each[:2] for each in (*held[:200:10], *held[200::20])])
    axes.plot(walk[:, 0], walk[:, 1], "o", color=THIRD, markersize=4)
    axes.plot(2, 0.5, "o", color=GRADIENT)
    arrow = {"arrowstyle": "-|>", "color": GRADIENT}
    axes.annotate("", (-0.1, 0.5), (1.97, 0.5), arrowprops=arrow)
    text = f"unclipped: one step to wh = {free[1][0]:.0f}"
    axes.annotate(text, (1.0, 0.52), color=GRADIENT, ha="center")
    text = "clipped: a step of 0.1, then slowly on"
    axes.annotate(text, (1.0, 0.17), color=THIRD, ha="center")
    axes.set(xlabel="wh", ylabel="loss", title="The loss of one neuron after 20 steps: a cliff")
    keep(picture, "11_time_cliff")
