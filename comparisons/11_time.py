"""Backprop through time: gradients fade or explode like a power; clipping cures one.

Claim: T steps back, the gradient in a recurrent network near 0 is rho^T of what it was, if wh is
rho times a rotation. With the same wh, tanh alone can take an explosion away, in one neuron down to
nothing. An LSTM's
cell fades as fast, unless its forget gates are opened. Clipping by value can turn a gradient by 44
degrees; clipping by norm turns none, and helps no faded one.

    backproof compare 11 [--plot DIR]
"""

# %%
import math

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
# N rows, H neurons. This is a network of T layers that all have the same wh. So backprop is what it
# always was: through tanh, whose slope at step t is 1 - h[t]^2, then through the product.
#
#     da[t]   = dh[t] * (1 - h[t]^2)                           (N, H)
#     dh[t-1] = da[t] wh^T, plus what the loss sends to t-1    (N, H) (H, H)
#     dwh     = sum over t of h[t-1]^T da[t]                   (H, N) (N, H)
#
# dwh is a sum because wh is shared: one value feeds T places, and their gradients add, as at every
# fork of 04_graph.py. If the last step alone has a loss, dh[0] is a product of T matrices, and all
# that follows is about it: for each row
#
#     dh[0] = dh[T] J[T] ... J[1],      J[t] = diag(1 - h[t]^2) wh^T
#
# ## By pencil
#
# One neuron, three steps. Choose x so that every h is 1/2; then every slope is 1 - 1/4 = 3/4. With
# wh = 2, a step back multiplies by 3/4 * 2 = 3/2. The loss sends 2 to the last step:
#
#     step    da = 3/4 dh    h[t-1] da    dh[t-1] = 2 da
#     3       1.5            0.75         3
#     2       2.25           1.125        4.5
#     1       3.375          1.6875       6.75 = 2 * 1.5^3
#     sum     7.125 = db     3.5625 = dwh
#
# A classic mistake keeps the last step's part of dwh only, 0.75 of 3.5625: right in shape and sign.
# Errors below are counted in allowances: one is what rounding may cost a correct program at that
# entry, and up to 8 is agreement.


# %%
def at_half(wh: float, T: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The input and the parameters of one neuron that says 1/2 at every step."""
    x, one = np.full((1, T, 1), math.atanh(0.5) - 0.5 * wh), np.ones((1, 1))
    return x, {"h0": 0.5 * one, "wx": one, "wh": wh * one, "b": np.zeros(1)}


net, rng = [layer("rnn", "h0", "wx", "wh", "b")], np.random.default_rng(0)
x, params = at_half(2.0, T=3)
print("One neuron, three steps; the last line in allowances")
neuron = Problem(net, params, x, np.array([[[0.0], [0.0], [2.0]]]))
found = side_by_side(neuron, names=["h0", "wh", "b"], digits=6)

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
# ## Prediction: many neurons
#
# Eight neurons at 0, without input: every h is 0, every slope 1, every J is wh^T. If wh is rho
# times a rotation, which keeps lengths, a step back makes the gradient rho times as long: T steps,
# rho^T. For 50 steps that is 9e-16 for rho = 0.5, and 6e8 for rho = 1.5. (Of any other matrix the
# largest eigenvalue by size, its spectral radius, sets the rate in the long run.)
#
# Away from 0 the slopes are below 1. One neuron with wh = 1.5 and no input does not stay near 0. It
# comes to rest where h = tanh(1.5 h), at h = 0.8586. The slope there is 1 - h^2 = 0.263, so a step
# back multiplies by 1.5 * 0.263 = 0.394. The same weight multiplies a gradient by 1.5^50 = 6e8 if
# the neuron stays at 0, and by 0.394^50 = 6e-21 if it stays at rest. Eight neurons that start away
# from 0, with 1.5 times the rotation, are beyond a pencil; but it must be far less than 6e8.

# %%
H, T = 8, 50
zero, up = np.zeros((1, H)), rng.standard_normal((1, H))  # up: what the loss sends to step T
rotation = np.linalg.qr(rng.standard_normal((H, H)))[0]
rotation[:, 0] *= np.sign(np.linalg.det(rotation))  # no mirror in it


def lengths(wh: np.ndarray, h0: np.ndarray) -> np.ndarray:
    """|dh[T - k]| / |dh[T]| for k = 0 to T, without input."""
    n = len(wh)
    _, caches = rnn_forward(np.zeros((1, T, 1)), h0, np.ones((1, n)), wh, np.zeros(n))
    dh, found = up[:, :n], [np.linalg.norm(up[:, :n])]
    for cache in reversed(caches):
        _, dh, *_ = rnn_step_backward(dh, cache)
        found.append(np.linalg.norm(dh))
    return np.array(found) / found[0]


rest = 0.5
for _ in range(200):
    rest = math.tanh(1.5 * rest)
step = 1.5 * (1 - rest**2)
assert f"{rest:.4f} {1 - rest**2:.3f} {step:.3f} {step**50:.0e}" == "0.8586 0.263 0.394 6e-21"
curves: dict[object, np.ndarray] = {rho: lengths(rho * rotation, zero) for rho in (0.5, 1.0, 1.5)}
curves["rest"] = lengths(np.array([[1.5]]), np.array([[rest]]))
away = lengths(1.5 * rotation, rng.standard_normal((1, H)))[50]
print("\n|dh[0]| / |dh[50]|                   predicted  measured")
for rho in (0.5, 1.0, 1.5):
    print(f"  eight neurons at 0, rho = {rho}       {rho**50:8.1e} {curves[rho][50]:9.1e}")
    # Each of up to 50 products sums 8 terms.
    assert np.allclose(curves[rho], rho ** np.arange(T + 1.0), rtol=1e-12, atol=0)
print(f"  one neuron at rest, wh = 1.5        {step**50:8.1e} {curves['rest'][50]:9.1e}")
print(f"  eight away from 0, rho = 1.5                  {away:9.1e}")
assert math.isclose(curves["rest"][50], step**50, rel_tol=1e-11)  # 1 - h^2 loses bits, 50 times
starts = np.random.default_rng(1).standard_normal((20, 1, H))
draws = [lengths(1.5 * rotation, start)[50] for start in starts]
print(f"  ... and from twenty other starts     {min(draws):.0e} to {max(draws):.0e}")
assert 1e-4 < min(*draws, away) <= max(*draws, away) < 1e3

# %% [markdown]
# ```text noise
# |dh[0]| / |dh[50]|                   predicted  measured
#   eight neurons at 0, rho = 0.5        8.9e-16   8.9e-16
#   eight neurons at 0, rho = 1.0        1.0e+00   1.0e+00
#   eight neurons at 0, rho = 1.5        6.4e+08   6.4e+08
#   one neuron at rest, wh = 1.5         6.2e-21   6.2e-21
#   eight away from 0, rho = 1.5                    2.0e-01
# ```
#
# The eight away from 0 keep some 0.2 of their gradient, and from other starts a hundredth to some
# tens: tanh has taken the explosion away, without making nothing of it as in the one neuron.
# Nothing but h has changed: whether a network explodes depends on its data too.
#
# ## Prediction: the LSTM's cell
#
# Beside h an LSTM carries a cell c that changes by addition, c[t] = f[t] c[t-1] + i[t] g[t]. Its
# gates i, f, o lie between 0 and 1: the forget gate is f[t] = sigmoid(x[t] wx + h[t-1] wh + bias),
# with its own columns of wx and wh; g is computed likewise, with tanh. h[t] = o[t] tanh(c[t]). So
# backwards
#
#     dc[t-1] = f[t] * dc[t], plus what comes through the gates, which look at h[t-1]     (N, H)
#
# With wh = 0 the gates do not depend on h, and dc[0] is dc[50] times the product of all forget
# gates, some sigmoid(bias)^50. With a bias of 0 that is 0.5^50, the same 9e-16 as the plain network
# with rho = 0.5: a cell alone saves nothing. With a bias of 4 it is 0.98^50 = 0.4.


# %%
def cell(bias: float, size: float) -> np.ndarray:
    """|dc[T - k]| / |dc[T]| for k = 0 to T; wh is normal, of that size."""
    rng = np.random.default_rng(1)
    x, wx = rng.standard_normal((1, T, 4)), 0.1 * rng.standard_normal((4, 4 * H))
    b = np.repeat([0.0, bias, 0.0, 0.0], H)  # i, f, o, g
    _, caches = lstm_forward(x, zero, zero, wx, size * rng.standard_normal((H, 4 * H)), b)
    dh, dc, found = zero, up, [np.linalg.norm(up)]
    for cache in reversed(caches):
        _, dh, dc, *_ = lstm_step_backward((dh, dc), cache)
        found.append(np.linalg.norm(dc))
    return np.array(found) / found[0]


print("\n|dc[0]| / |dc[50]| in an LSTM\n  bias   sigmoid^50      wh = 0   wh of size 0.1")
for bias in (0, 1, 2, 4):
    curves["LSTM", bias], more = cell(bias, 0.0), cell(bias, 0.1)
    kept, power = curves["LSTM", bias][50], (1 / (1 + math.exp(-bias))) ** 50
    print(f"  {bias:4}{power:13.1e}{kept:12.1e}{more[50]:17.1e}")
    assert 0.5 < kept / power < 2 and more[50] > kept  # x moves the gates a little

# %% [markdown]
# ```text
#   bias   sigmoid^50      wh = 0   wh of size 0.1
#      0      8.9e-16     1.3e-15          1.2e-13
#      1      1.6e-07     1.7e-07          4.3e-06
#      2      1.8e-03     1.7e-03          2.8e-02
#      4      4.0e-01     4.0e-01          2.7e+00
# ```
#
# What carries the gradient is the open forget gate; a bias of 1, a common start, leaves 2e-7 of it
# over 50 steps. The way through the gates adds to it here.
#
# ## Prediction: clipping turns a gradient, or does not
#
# By norm: the whole gradient times one factor, where its norm is above max_norm. The direction
# stays. By value: each entry cut to [-limit, limit]. Then (3, 4) becomes (1, 1), 8 degrees off, and
# (1, -100) becomes (1, -1), 44 degrees off.

# %%
print("\nClipped at 1, and how many degrees clipping by value turns")
for g in ((3.0, 4.0), (1.0, -100.0)):
    weights = torch.tensor(g, dtype=torch.float64, requires_grad=True)
    (weights * weights / 2).sum().backward()  # a loss whose gradient is g
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    norm, value = clip_by_norm({"w": np.array(g)}, 1.0)[0], clip_by_value({"w": np.array(g)}, 1.0)
    angles = [math.degrees(math.atan2(*each)) for each in (g, norm["w"], value["w"])]
    turned = abs(angles[2] - angles[0])
    print(f"  {g}: by norm {norm['w']}, by value {value['w']}, turned by {turned:.2f}")
    # PyTorch takes the norm of norms: some roundings more.
    assert np.allclose(norm["w"], np.asarray(weights.grad), rtol=1e-14, atol=0)
    assert abs(angles[1] - angles[0]) < 1e-12 and f"{turned:.0f}" == ("44" if g[0] == 1 else "8")

# %% [markdown]
# ```text
#   (3.0, 4.0): by norm [0.59999988 0.79999984], by value [1. 1.], turned by 8.13
#   (1.0, -100.0): by norm [ 0.0099995  -0.99994999], by value [ 1. -1.], turned by 44.43
# ```
#
# Not 0.6 and 0.8: PyTorch's clip_grad_norm_ divides by the norm + 1e-6, and so does clip_by_norm.
#
# ## Prediction: what clipping cures
#
# The neuron at 1/2 with wh = 2 stands on a cliff: what the backward pass multiplies by 3/2 at every
# step, the forward pass multiplies too. Let the loss 1/2 (h[20] + 1/2)^2 ask for h[20] = -1/2, in
# steps of 0.1 dwh. At first dh[20] = h[20] + 1/2 = 1, and dwh sums 20 parts, 3/8 times 1, 3/2,
# (3/2)^2 and so on: it is 0.75 (1.5^20 - 1) = 2493. So the first step throws wh from 2 to
# -247. There tanh is flat, dwh is 0 to the last digit, and no further step is taken. Clipped to a
# norm of 1, the first step is 0.1 long, and the walk goes on.
#
# Clipping cures no fading. A norm below max_norm stays as it is; and where clipping acts, one
# factor shrinks the parts of near and far steps, so the far ones stay as faint beside the near.


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
assert f"{free[0][2]:.3f}" == f"{0.75 * (1.5**20 - 1):.3f}" and abs(held[1][0] - 1.9) < 1e-9
assert clip_by_norm({"wh": np.array(1e-6)}, 1.0)[0]["wh"] == 1e-6

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
        ("rho = 1.5, at 0", curves[1.5], GRADIENT, "-"),
        ("LSTM, forget bias 4", curves["LSTM", 4], THIRD, "-"),
        ("LSTM, forget bias 2", curves["LSTM", 2], THIRD, "--"),
        ("rho = 0.5, at 0", curves[0.5], VALUE, "-"),
        ("LSTM, forget bias 0", curves["LSTM", 0], THIRD, ":"),
        ("one neuron at rest, wh = 1.5", curves["rest"], FOURTH, "--"),
    ):
        axes.semilogy(curve, dashes, color=color, linewidth=1.8, label=name)
    axes.set(xlabel="steps back from the loss", title="What is left of a gradient")
    axes.set_ylabel("length of the gradient, last step = 1")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    keep(picture, "11_time_gradients")

    picture, axes = figure(8.5, 3.8)
    (x, params), along = at_half(2.0, T=20), np.linspace(0, 2.5, 501)
    h20 = [rnn_forward(x, **params | {"wh": np.array([[wh]])})[0][0, -1, 0] for wh in along]
    axes.plot(along, (np.array(h20) + 0.5) ** 2 / 2, color=VALUE)
    walk = np.array([each[:2] for each in (*held[:200:10], *held[200::20])])
    axes.plot(walk[:, 0], walk[:, 1], "o", color=THIRD, markersize=4)
    axes.plot(2, 0.5, "o", color=GRADIENT)
    arrow = {"arrowstyle": "-|>", "color": GRADIENT}
    axes.annotate("", (-0.1, 0.5), (1.97, 0.5), arrowprops=arrow)
    text = f"unclipped: one step to wh = {free[1][0]:.0f}"
    axes.text(1, 0.52, text, color=GRADIENT, ha="center")
    axes.text(1, 0.17, "clipped: a step of 0.1, then slowly on", color=THIRD, ha="center")
    axes.set(xlabel="wh", ylabel="loss", title="The loss of one neuron after 20 steps: a cliff")
    keep(picture, "11_time_cliff")
