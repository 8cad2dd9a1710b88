"""Max pooling's ties: who gets the gradient when two numbers are the largest.

Claim: at a tie the winners may share the gradient in any way. Each of PyTorch and JAX does it in
two ways, depending on the function called. Central differences, the complex step and the mask
x == x.max() are wrong there. Between the two ways it hardly matters behind drawn filters and a
relu, on real digits. Many windows tie: 30% with the filters drawn here, mostly a fifth to a half
with others. Whether the first winner takes all or all share, the filters get the same gradient, bit
for bit on numbers whose sums are exact. With a filter of small whole numbers they need not.

    backproof compare 10 [--plot DIR]
"""

# %%
import jax
import jax.numpy as jnp
import numpy as np
import torch
from sklearn.datasets import load_digits

from comparisons.show import GRADIENT, PALE, THIRD, VALUE, drawing, figure, keep, side_by_side
from manual.convolution import conv2d_backward, conv2d_forward
from manual.network import layer
from manual.pooling import max_pool2d_backward, max_pool2d_forward
from manual.rectifiers import relu_backward, relu_forward
from reference import gradcheck
from reference.agreement import compare
from reference.problem import Problem

# %% [markdown]
# ## Without ties there is nothing to argue about
#
# The winner of a window gets its dout, what the loss sends back to it; the others get nothing. Here
# windows of 2 by 2 overlap. The 5 wins three of the four and gets 2 - 3 + 4 = 3; the 6 wins one.

# %%
x = np.array([[1.0, 2, 0], [3, 5, 4], [0, 1, 6]]).reshape(1, 1, 3, 3)
dout = np.array([[2.0, -3], [4, -7]]).reshape(1, 1, 2, 2)
found = side_by_side(Problem([layer("max_pool2d", stride=1)], {}, x, dout), digits=4)
assert all(each.agrees and each.entries == 13 for each in found)

# %% [markdown]
# ## A tie
#
# One window, f(x) = max(x0, x1, x2, x3), at x = (1, 1, 1, 1). Raise one number, and the maximum
# rises with it: the slope to the right is 1. Lower it, and the others hold the maximum: the slope
# to the left is 0. So f has a corner there and no gradient. What may stand in its place is called a
# subgradient: a g whose slope g . v, in every direction v, lies between the slopes of f on the two
# sides. With f'(x; v) for the slope of f where one leaves x in the direction v, that is
#
#     -f'(x; -v)  <=  g . v  <=  f'(x; v)       where f'(x; v) = the largest v[i] over the winners i
#
# * Along v = (1, 1, 1, 1), all together, both sides are 1: the entries of g sum to 1.
# * Along one entry the sides are 0 and 1: no entry is below 0. Along a loser's, both are 0.
#
# And that is enough: any shares of 1 among the winners, none below 0, are a subgradient.
#
# ## Prediction
#
# A central difference, (f(x + h) - f(x - h)) / 2h, is the mean of the slopes on the two sides. Each
# of four winners gets (1 + 0) / 2 = 1/2, together 2: no subgradient. For two winners it comes out
# right by luck, 1/2 + 1/2.
#
# The complex step is Im f(x + ih) / h. It never looks at the left: of numbers with equal real
# parts NumPy takes the one with the larger imaginary part for the largest. So every winner gets 1,
# together 4. The mask `x == x.max()`, a common line in homework, gives the same.


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
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, x.shape, x.shape, "VALID")


E = np.eye(4)
rules = {
    "by hand": by_hand,
    "PyTorch max_pool2d": by_torch(torch_pool),
    "PyTorch amax": by_torch(lambda x: x.amax((2, 3))),
    "JAX reduce_window": by_jax(jax_pool),
    "JAX max": by_jax(lambda x: x.max((2, 3))),
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
assert np.array_equal([G["PyTorch max_pool2d"], G["JAX reduce_window"]], [G["by hand"]] * 2)
assert np.array_equal(G["by hand"], [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]])
assert np.array_equal(G["complex step"], G["x == max, to all"])
assert [g.sum() for g in G["central differences"]] == [2, 1.5, 1]

# %% [markdown]
# ```text
#                         1 1 1 1             0 1 1 1             1 1 0 0
#   by hand               1 0 0 0             0 1 0 0             1 0 0 0
#   PyTorch max_pool2d    1 0 0 0             0 1 0 0             1 0 0 0
#   PyTorch amax          .25 .25 .25 .25     0 .333 .333 .333    .5 .5 0 0
#   JAX reduce_window     1 0 0 0             0 1 0 0             1 0 0 0
#   JAX max               .25 .25 .25 .25     0 .333 .333 .333    .5 .5 0 0
#   x == max, to all      1 1 1 1             0 1 1 1             1 1 0 0
#   central differences   .5 .5 .5 .5         0 .5 .5 .5          .5 .5 0 0
#   complex step          1 1 1 1             0 1 1 1             1 1 0 0
# ```
#
# Each library does it both ways: the first winner takes all, or the winners share. Write pooling as
# a reshape and a maximum, and its gradient at ties is not that of the library's own pooling.
#
# Now hold every row against the definition, at 1 1 1 1: along the four single entries, and along
# 1000 random directions v. Printed are two rows that pass, and all that don't.

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
# The full gradient to every winner is a mistake, and a quiet one. Each entry by itself lies between
# the slopes 0 and 1, so no test of single entries can object; the complex step even agrees. But the
# entries together are four times what they may be.
#
# So this project asks neither differences nor the complex step at a tie, and says how much it left
# out: at 1 1 0 0, two slopes of four. gradcheck has nothing else to ask; a window that is all one
# tie it calls undecided. PyTorch and JAX are asked in the form where the first winner takes all.

# %%
tie = Problem([layer("max_pool2d")], {}, windows[2].reshape(1, 1, 2, 2), np.array([[[[-3.0]]]]))
for each in compare(tie):  # the output and four slopes
    assert each.agrees and each.entries == (5 if each.path in ("pytorch", "jax") else 3)
asked = gradcheck(max_pool2d_forward, max_pool2d_backward, windows[0].reshape(1, 1, 2, 2))
assert asked.verdict == "undecided"

# %% [markdown]
# All this holds for one layer. A network of right layers can be wrong: max(a, b) + min(a, b) is
# a + b, with slopes 1 and 1 and no corner anywhere. Write min(a, b) as -max(-a, -b), and at a = b
# the first wins twice: 2 and 0. (Kakade and Lee, 2018, have it in relus: relu(x) - relu(-x) is x,
# and autodiff gives 0 at 0.)

# %%
pair, zero = np.ones(2), np.zeros(2)
# The gradient of -max(-x) is that of max, taken at -x: the minus outside and the one inside cancel.
assert (by_hand(pair) + by_hand(-pair)).tolist() == [2, 0]
assert by_torch(lambda x: torch_pool(x) - torch_pool(-x))(pair).tolist() == [2, 0]
assert by_jax(lambda x: jax_pool(x) - jax_pool(-x))(pair).tolist() == [2, 0]
assert not by_torch(lambda x: x.relu() - (-x).relu())(zero).any()

# %% [markdown]
# ## Prediction: what the choice costs
#
# After a relu a window ties where all four are 0: for independent numbers, above and below 0 alike,
# in (1/2)^4 = 1/16 of all windows. Images have more: on blank paper a filter is the same all over.
#
# And yet the choice should change nothing for drawn weights. Where the winners are 0, the relu lets
# no gradient through. Where they are above 0: with drawn weights two different patches practically
# never give the same number, so where winners are equal, so are their patches. Each adds its share
# times the same patch to dw, and only the sum of the shares counts.
#
# A Sobel filter, which finds edges, has weights of 0, 1, 2, -1 and -2. Different patches can give
# the same number, and then dw should differ. db should not: it adds up the shares, whatever the
# patches are.


# %%
def in_windows(x):
    """(N, C, H, W) -> (N, C, H/2, W/2, 4)."""
    N, C, H, W = x.shape
    return x.reshape(N, C, H // 2, 2, W // 2, 2).swapaxes(3, 4).reshape(N, C, H // 2, W // 2, 4)


pixels = load_digits(return_X_y=True)[0].reshape(-1, 1, 8, 8)  # 1797 digits, from 0 to 16


def drawn_filters(rng):
    """Eight, in steps of 2**-32: the sums below are exact, in any order."""
    return [np.round(rng.normal(size=shape) * 2**32) / 2**32 for shape in ((8, 1, 3, 3), 8)]


def several_win(x):
    """(N, C, H, W) -> (N, C, H/2, W/2), true where a window ties."""
    each = in_windows(x)
    return (each == each.max(-1, keepdims=True)).sum(-1) > 1


w, b = drawn_filters(rng)
h = relu_forward(conv2d_forward(pixels, w, b, padding=1)[0])[0]
noise = np.maximum(rng.normal(size=(100, 4, 16, 16)), 0)
print("\nWindows of 2 by 2            that tie     at 0    above 0")
ties = {}
for title, each in ("relu(noise)", noise), ("relu(conv2d(digits))", h):
    several, at_0 = several_win(each), in_windows(each).max(-1) == 0
    ties[title] = row = float(several.mean()), float((several & at_0).mean())
    print(f"  {title:<24}{row[0]:11.1%}{row[1]:9.1%}{row[0] - row[1]:11.1%}")
(tied, tied_at_0), (of_digits, _) = ties.values()
# 25,600 independent windows of noise: a standard deviation of 0.0015.
assert abs(tied - 1 / 16) < 0.005 and tied == tied_at_0 and f"{of_digits:.0%}" == "30%"

shares = []
for seed in range(20):
    z, _ = conv2d_forward(pixels[::4], *drawn_filters(np.random.default_rng(seed)), padding=1)
    shares.append(several_win(relu_forward(z)[0]).mean())
print(f"  with 20 other draws of the filters: {min(shares):.0%} to {max(shares):.0%}")
assert sum(0.2 < each < 0.5 for each in shares) > 15

# %% [markdown]
# ```text
# Windows of 2 by 2            that tie     at 0    above 0
#   relu(noise)                    6.4%     6.4%       0.0%
#   relu(conv2d(digits))          30.4%    26.2%       4.2%
#   with 20 other draws of the filters: 22% to 53%
# ```
#
# Now the gradients of the filters, by three rules: the first winner takes all; the winners share;
# each gets all.


# %%
def by_rule(w, b):
    """dx, dw, db of the convolution, for each rule; and the winners where a window ties above 0."""
    z, conv_cache = conv2d_forward(pixels, w, b, padding=1)
    h, relu_cache = relu_forward(z)
    out, pool_cache = max_pool2d_forward(h)
    dout = 12.0 * rng.integers(-3, 4, size=out.shape)  # a half, a third, a quarter of it are whole
    winners = in_windows(h) == out[..., None]
    dh = {"the first": max_pool2d_backward(dout, pool_cache)}
    for title, split in ("shared", winners.sum(-1, keepdims=True)), ("to all", 1):
        each = np.rint(dout[..., None] * winners / split)
        dh[title] = each.reshape(*out.shape, 2, 2).swapaxes(3, 4).reshape(h.shape)
    found = {t: conv2d_backward(relu_backward(g, relu_cache), conv_cache) for t, g in dh.items()}
    return found, winners & several_win(h)[..., None] & (out[..., None] > 0)


def patches_differ(winners):
    """The windows whose winners don't all have the same patch behind them."""
    padded = np.pad(pixels[:, 0], ((0, 0), (1, 1), (1, 1)))
    shifted = [padded[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)]
    patches, lies = in_windows(np.stack(shifted, axis=1))[:, None], winners[:, :, None]
    least = np.where(lies, patches, 16).min(-1)
    return (least < np.where(lies, patches, 0).max(-1)).any(axis=2)


found, winners = by_rule(w, b)
print("\ndb of the convolution, four filters of eight")
for title, (_, _, db) in found.items():
    print(f"  {title:<12}" + "".join(f"{n:8.0f}" for n in db[:4]))
same = [np.array_equal(*each) for each in zip(found["the first"], found["shared"], strict=True)]
assert same == [False, True, True]  # dx, dw, db
assert (found["the first"][2] != found["to all"][2]).all()
assert winners.any() and not patches_differ(winners).any()

sobel = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]).reshape(1, 1, 3, 3)
found, winners = by_rule(sobel, np.zeros(1))
above, differ = int(winners.any(-1).sum()), int(patches_differ(winners).sum())
share = above / winners[..., 0].size
print(
    f"\nSobel: {above} windows ({share:.1%}) tie above 0, {differ} of them with different patches"
)
print("             dw, its first row              db")
for title, (_, dw, db) in found.items():
    print(f"  {title:<10}" + "".join(f"{n:8.0f}" for n in dw[0, 0, 0]) + f"{db[0]:12.0f}")
same = [np.array_equal(*each) for each in zip(found["the first"], found["shared"], strict=True)]
assert same == [False, False, True] and 0.95 * above < differ < above

# %% [markdown]
# ```text
# db of the convolution, four filters of eight
#   the first       1272    1800   -1368     624
#   shared          1272    1800   -1368     624
#   to all          1224    1776   -2052     720
#
# Sobel: 576 windows (2.0%) tie above 0, 570 of them with different patches
#              dw, its first row              db
#   the first    -5532    6744    9648        2124
#   shared       -5492    6480   10506        2124
#   to all       -2376    6300   10104        2424
# ```
#
# The full gradient to every winner shows at once, in db. The two right rules differ in dx only, if
# the filters are drawn: in which of the equal patches gets the gradient. With the Sobel filter they
# differ in dw too, and both are right.
#
# ## What to remember
#
# At a tie the winners share 1, in any parts: all to the first, or evenly, but not 1 to each. No
# test of single entries tells 1 to each from right; the sum does. Do not ask a difference at a tie;
# compare with a library, and know which convention its code has.

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
        where = {"ha": "center", "va": "bottom", "color": color}
        right.text(x0 + 1, y0 - 0.1, f"{title}\nsum {g.sum():g}", **where)
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
