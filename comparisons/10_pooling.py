"""Max pooling's ties: who gets the gradient when two numbers are the largest.

Claim: at a tie any shares that sum to 1 are right, and PyTorch and JAX pick one or another by how
the code is written. Central differences and the complex step are wrong there. Behind a convolution
of real digits three windows of ten tie, and its weights get the same gradient, bit for bit, whether
the first winner takes all or all share; not so where each winner gets all.

    backproof compare 10 [--plot DIR]
"""

# %%
import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import lax
from sklearn.datasets import load_digits

from comparisons.show import GRADIENT, PALE, THIRD, VALUE, drawing, figure, keep, side_by_side
from manual.convolution import conv2d_backward, conv2d_forward
from manual.network import layer
from manual.pooling import max_pool2d_backward, max_pool2d_forward
from manual.rectifiers import relu_backward, relu_forward
from reference.agreement import compare
from reference.problem import Problem

# %% [markdown]
# ## Without ties there is nothing to argue about
#
# The winner of a window gets its dout, the others get nothing. Here windows of 2 by 2 overlap. The
# 5 wins three of them and gets the sum of their gradients, 2 - 3 + 4 = 3; the 6 wins one.

# %%
x = np.array([[1.0, 2, 0], [3, 5, 4], [0, 1, 6]]).reshape(1, 1, 3, 3)
dout = np.array([[2.0, -3], [4, -7]]).reshape(1, 1, 2, 2)
found = side_by_side(Problem([layer("max_pool2d", stride=1)], {}, x, dout), digits=4)
assert all(each.agrees and each.entries == 13 for each in found)
_, cache = max_pool2d_forward(x, 2, stride=1)
assert max_pool2d_backward(dout, cache).ravel().tolist() == [0, 0, 0, 0, 3, 0, 0, 0, -7]

# %% [markdown]
# ## A tie
#
# One window, f(x) = max(x0, x1, x2, x3), at x = (1, 1, 1, 1). Raise one number, and the maximum
# rises with it: slope 1 to the right. Lower it, and the others hold the maximum: slope 0 to the
# left. f has a corner there and no gradient. In its place stands a subgradient: a g that in every
# direction v lies between the slopes of f on the two sides,
#
#     -f'(x; -v)  <=  g . v  <=  f'(x; v)  =  the largest v among the winners
#
# Along v = (1, 1, 1, 1) both sides are 1, so the entries of g sum to 1. Along one entry they are 0
# and 1, so no entry is below 0. Losers get 0. And that is all that is asked: 1, shared among the
# winners, in whatever parts.
#
# ## Prediction
#
# A central difference, (f(x + h) - f(x - h)) / 2h, is the mean of the slopes on the two sides. Each
# of four winners gets (1 + 0) / 2 = 1/2, together 2: no subgradient. For two winners it comes out
# right, 1/2 + 1/2, by luck. The complex step has no left side: of equal numbers NumPy takes the
# one with the larger imaginary part for the largest, so every winner gets 1. That is also what
# `x == x.max()` gives, the line of many a homework.


# %%
def top(window):
    """f, of real or complex numbers, and the cache."""
    x = window.reshape(1, 1, 2, -1)
    out, cache = max_pool2d_forward(x, x.shape[2:])
    return out.item(), cache


def by_hand(window):
    _, cache = top(window)
    return max_pool2d_backward(np.ones((1, 1, 1, 1)), cache).ravel()


def by_torch(f):
    def gradient(window):
        t = torch.tensor(window.reshape(1, 1, 2, -1), requires_grad=True)
        return torch.autograd.grad(f(t).sum(), t)[0].numpy().ravel()

    return gradient


def by_jax(f):
    def gradient(window):
        with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
            t = jnp.asarray(window.reshape(1, 1, 2, -1))
            return np.asarray(jax.grad(lambda t: f(t).sum())(t)).ravel()

    return gradient


def slope(x, v):
    """f'(x; v), the slope to the right. Exact: f is flat planes, and 2**-10 rounds nothing here."""
    return (top(x + 2.0**-10 * v)[0] - top(x)[0]) * 2**10


def torch_pool(x):
    return torch.nn.functional.max_pool2d(x, x.shape[2:])


def jax_pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, x.shape, x.shape, "VALID")


def jax_pairs(x):
    return jnp.maximum(jnp.maximum(x[..., 0, 0], x[..., 0, 1]), jnp.maximum(*x[0, 0, 1]))


E = np.eye(4)
rules = {
    "by hand": by_hand,
    "PyTorch max_pool2d": by_torch(torch_pool),
    "PyTorch max(dim)": by_torch(lambda x: x.flatten().max(0).values),
    "PyTorch amax": by_torch(lambda x: x.amax((2, 3))),
    "JAX reduce_window": by_jax(jax_pool),
    "JAX max": by_jax(lambda x: x.max((2, 3))),
    "JAX maximum of pairs": by_jax(jax_pairs),
    "x == max, to all": lambda x: 1.0 * (x == x.max()),
    "central differences": lambda x: np.array([slope(x, e) - slope(x, -e) for e in E]) / 2,
    "complex step": lambda x: np.array([top(x + 2.0**-200 * 1j * e)[0].imag * 2.0**200 for e in E]),
}
windows = [np.array(each, float) for each in ([1, 1, 1, 1], [0, 1, 1, 1], [1, 1, 0, 0])]
G = {name: [rule(each) for each in windows] for name, rule in rules.items()}
print("\nWhat stands for the gradient of the window at the top")
print(" " * 24 + "".join(f"{' '.join(f'{n:g}' for n in each):<20}" for each in windows).rstrip())
for name, row in G.items():
    cells = (" ".join(f"{n:.3g}".removeprefix("0") or "0" for n in g) for g in row)
    print(f"  {name:<22}" + "".join(f"{each:<20}" for each in cells).rstrip())
for name in ("PyTorch max_pool2d", "PyTorch max(dim)", "JAX reduce_window"):
    assert np.array_equal(G[name], G["by hand"])
assert np.array_equal(G["by hand"], [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]])
assert np.array_equal(G["complex step"], G["x == max, to all"])
assert [g.sum() for g in G["central differences"]] == [2, 1.5, 1]

# %% [markdown]
# ```text
#                         1 1 1 1             0 1 1 1             1 1 0 0
#   by hand               1 0 0 0             0 1 0 0             1 0 0 0
#   PyTorch max_pool2d    1 0 0 0             0 1 0 0             1 0 0 0
#   PyTorch max(dim)      1 0 0 0             0 1 0 0             1 0 0 0
#   PyTorch amax          .25 .25 .25 .25     0 .333 .333 .333    .5 .5 0 0
#   JAX reduce_window     1 0 0 0             0 1 0 0             1 0 0 0
#   JAX max               .25 .25 .25 .25     0 .333 .333 .333    .5 .5 0 0
#   JAX maximum of pairs  .25 .25 .25 .25     0 .5 .25 .25        .5 .5 0 0
#   x == max, to all      1 1 1 1             0 1 1 1             1 1 0 0
#   central differences   .5 .5 .5 .5         0 .5 .5 .5          .5 .5 0 0
#   complex step          1 1 1 1             0 1 1 1             1 1 0 0
# ```
#
# Each library does it both ways: the first winner takes all, or the winners share. Who writes
# pooling as a reshape and a maximum gets another gradient than who calls max_pool2d. Now hold every
# row against the definition, at 1 1 1 1: along single entries, and along 1000 random directions.

# %%
rng = np.random.default_rng(0)
directions = np.vstack([E, rng.integers(-5, 6, size=(1000, 4))])
high = np.array([slope(windows[0], v) for v in directions])
low = -np.array([slope(windows[0], -v) for v in directions])
print("\n                         sum   entries outside   directions outside")
for name, (g, *_) in G.items():
    outside = (directions @ g < low) | (directions @ g > high)
    lone, wide = int(outside[:4].sum()), int(outside[4:].sum())
    assert lone == 0 and (wide == 0) == (g.sum() == 1)
    if name in {"by hand", "JAX max"} or wide:
        print(f"  {name:<20}{g.sum():6g}{lone:14} of 4{wide:14} of 1000")

# %% [markdown]
# ```text
#                          sum   entries outside   directions outside
#   by hand                  1             0 of 4             0 of 1000
#   JAX max                  1             0 of 4             0 of 1000
#   x == max, to all         4             0 of 4           474 of 1000
#   central differences      2             0 of 4           123 of 1000
#   complex step             4             0 of 4           474 of 1000
# ```
#
# The full gradient to every winner is a mistake, and a quiet one. Each entry by itself is a slope
# between 0 and 1, so no test of single entries can object, and the complex step says the same.
# Together the entries multiply the gradient, by 4 in this window. Sharing it is right.
#
# This project asks neither differences nor the complex step at a tie, and says so. PyTorch and JAX
# it asks, in the form that has the convention "the first", and wants the same to the bit.

# %%
tie = Problem([layer("max_pool2d")], {}, windows[2].reshape(1, 1, 2, 2), np.array([[[[-3.0]]]]))
print("\nThe window 1 1 0 0, its output and four slopes")
for each in compare(tie):
    print(f"  {each.path:<14}{each.entries} compared, {sum(each.skipped.values())} left out")
    assert each.agrees and each.entries == (5 if each.path in ("pytorch", "jax") else 3)

# %% [markdown]
# ## Whole networks: no such promise
#
# Right layers need not make a right network. max(a, b) + min(a, b) is a + b: slopes 1 and 1, and no
# corner anywhere. Write min(a, b) as -max(-a, -b), and at a = b the first wins twice: 2 and 0.
# (Kakade and Lee, 2018, have it in relus: relu(x) - relu(-x) is x, and autodiff gives 0 at 0.)
# Sharing is right here, by luck: the maximum less the maximum of pairs is always 0, and its slopes
# at 0 1 1 1 are not. So a test can ask a layer for a subgradient, but no network.

# %%
pair = np.ones(2)
twice = {
    "by hand": by_hand(pair) + by_hand(-pair),  # of two minus signs, one is inside
    "PyTorch max_pool2d": by_torch(lambda x: torch_pool(x) - torch_pool(-x))(pair),
    "JAX reduce_window": by_jax(lambda x: jax_pool(x) - jax_pool(-x))(pair),
    "JAX max": by_jax(lambda x: x.max() - (-x).max())(pair),
}
print("\nmax(a, b) + min(a, b) at a = b = 1, whose slopes are 1 and 1")
for name, g in twice.items():
    print(f"  {name:<22}{g[0]:g} and {g[1]:g}")
    assert g.tolist() == ([1, 1] if name == "JAX max" else [2, 0])
assert by_jax(lambda x: x.max() - jax_pairs(x))(windows[1]).any()
zero = np.zeros(2)
relus = [relu_backward(np.ones(2), relu_forward(each)[1]) for each in (zero, -zero)]
theirs = by_torch(lambda x: x.relu() - (-x).relu())(zero)
assert not np.sum(relus, axis=0).any() and not theirs.any()

# %% [markdown]
# ## What it costs: prediction
#
# After a relu a window ties where all four are 0: for independent numbers of either sign, in
# (1/2)^4 = 1/16 of all windows. Images have more, for behind a blank part a convolution gives the
# same number everywhere. And yet the choice costs nothing. Where the winners are 0, the relu
# lets no gradient through. Where they are not, they are equal because the patches behind them are;
# each adds its share times the same patch to dw, and only the sum of the shares counts.


# %%
def in_windows(x):
    """(N, C, H, W) -> (N, C, H/2, W/2, 4)."""
    N, C, H, W = x.shape
    return x.reshape(N, C, H // 2, 2, W // 2, 2).swapaxes(3, 4).reshape(N, C, H // 2, W // 2, 4)


def dyadic(*shape):
    """Normal numbers in steps of 2**-16: the sums below are exact, in any order."""
    return np.round(rng.normal(size=shape) * 2**16) / 2**16


pixels = load_digits(return_X_y=True)[0].reshape(-1, 1, 8, 8)  # 1797 digits, from 0 to 16
z, conv_cache = conv2d_forward(pixels, dyadic(8, 1, 3, 3), dyadic(8), padding=1)
h, relu_cache = relu_forward(z)
noise = np.maximum(rng.normal(size=(100, 4, 16, 16)), 0)
print("\nWindows of 2 by 2            that tie     at 0    above 0")
ties = {}
for title, each in ("relu(noise)", noise), ("digits", pixels), ("relu(conv2d(digits))", h):
    each = in_windows(each)
    tied, zero = (each == each.max(-1, keepdims=True)).sum(-1) > 1, each.max(-1) == 0
    ties[title] = row = [float(tied.mean()), float((tied & zero).mean())]
    print(f"  {title:<24}{row[0]:11.1%}{row[1]:9.1%}{row[0] - row[1]:11.1%}")
# 25,600 independent windows of noise: a standard deviation of 0.0015.
noise_ties, zeros = ties["relu(noise)"]
assert abs(noise_ties - 1 / 16) < 0.005 and noise_ties == zeros
assert 0.3 < ties["relu(conv2d(digits))"][0] < 0.31 and ties["relu(conv2d(digits))"][1] < 0.27

out, pool_cache = max_pool2d_forward(h)
dout = 12.0 * rng.integers(-3, 4, size=out.shape)  # halves, thirds and quarters of it are whole
winners = 1 * (in_windows(h) == out[..., None])
dh = {"the first": max_pool2d_backward(dout, pool_cache)}
for title, split in ("shared", winners.sum(-1, keepdims=True)), ("to all", 1):
    each = np.rint(dout[..., None] * winners / split)
    dh[title] = each.reshape(*out.shape, 2, 2).swapaxes(3, 4).reshape(h.shape)
print("\ndb of the convolution, four filters of eight")
found = {}
for title, each in dh.items():
    found[title] = conv2d_backward(relu_backward(each, relu_cache), conv_cache)
    print(f"  {title:<12}" + "".join(f"{n:8.0f}" for n in found[title][2][:4]))
same = [np.array_equal(a, b) for a, b in zip(found["the first"], found["shared"], strict=True)]
assert same == [False, True, True]  # dx, dw, db
assert (found["the first"][2] != found["to all"][2]).all()

# %% [markdown]
# ```text
# Windows of 2 by 2            that tie     at 0    above 0
#   relu(noise)                    6.4%     6.4%       0.0%
#   digits                        41.2%    27.2%      14.0%
#   relu(conv2d(digits))          30.4%    26.2%       4.2%
#
# db of the convolution, four filters of eight
#   the first       1272    1800   -1368     624
#   shared          1272    1800   -1368     624
#   to all          1224    1776   -2052     720
# ```
#
# What the shares do change is dx: which pixels of equal patches the gradient goes to.
#
# ## What to remember
#
# At a tie the winners share 1, in any parts: to the first, or evenly, but not 1 to each. No test of
# single entries tells these apart, a sum does. Do not ask a difference at a tie; compare with a
# library, and know which convention its code has.

# %%
if drawing():
    from matplotlib.patches import Rectangle

    drawn, (left, right) = figure(9, 4.2, columns=2, width_ratios=[3, 2])
    x, v, t = windows[0], np.array([0.0, 1, 1, 1]), np.linspace(-1, 1, 41)
    left.fill_between(t, 1 + 0 * t, 1 + t, color=PALE, label="between the slopes: right")
    left.plot(t, [top(x + each * v)[0] for each in t], color=VALUE, linewidth=3, label="f(x + t v)")
    looks = {"by hand": "the first", "JAX max": "shared"}
    looks |= {"central differences": "central differences", "x == max, to all": "to all"}
    for k, (name, title) in enumerate(looks.items()):
        g, color, line = G[name][0], (THIRD, GRADIENT)[k // 2], ("-.", "--")[k % 2]
        left.plot(t, 1 + t * (g @ v), line, color=color, label=f"{title}: slope {g @ v:g}")
        x0, y0 = 2.8 * (k % 2), 3.4 * (k // 2)
        text = f"{title}\nsum {g.sum():g}"
        right.text(x0 + 1, y0 - 0.1, text, ha="center", va="bottom", color=color)
        for (i, j), number in np.ndenumerate(g.reshape(2, 2)):
            look = {"facecolor": color, "alpha": 0.75 * number + 0.04, "edgecolor": "white"}
            right.add_patch(Rectangle((x0 + j, y0 + i), 1, 1, **look))
            right.text(x0 + j + 0.5, y0 + i + 0.5, f"{number:g}", ha="center", va="center")
    left.set(xlabel="t", ylabel="f, the largest of four", ylim=(-0.5, 2.6))
    left.set_title("At x = (1, 1, 1, 1), along v = (0, 1, 1, 1)", fontsize=11)
    left.legend(fontsize=8, loc="upper left")
    right.set(xlim=(-0.6, 5.4), ylim=(5.5, -1.1), aspect="equal")
    right.set_axis_off()
    right.set_title("Who gets what of a gradient of 1", fontsize=11)
    keep(drawn, "10_pooling_tie")
