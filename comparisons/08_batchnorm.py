"""Batch norm's three paths: what each carries, and who would notice if one were missing.

Claim: x reaches the output directly, through the mean and through the variance. In a batch of N the
path of the mean, or of the variance, carries some 1/sqrt(N) of what the direct one does, if the
upstream gradient is random. Without it a small step of x still gains as much, to first order, as
with the right dx; but two sums over dx tell. A batch of 2 has next to no gradient at all.

    backproof compare 08 [--plot DIR]
"""

# %%
import numpy as np
import torch

from comparisons.show import FOURTH, GRADIENT, THIRD, VALUE, drawing, figure, keep, side_by_side
from manual.batchnorm import batchnorm_backward, batchnorm_forward
from manual.network import layer
from reference.agreement import compare
from reference.problem import Problem

# %% [markdown]
# ## Three paths
#
# One channel: a batch of N numbers x, a scale gamma and a shift beta.
#
#     x --+--------------> c = x - mean --+-----------> xhat = c / std --> out = gamma xhat + beta
#         |                     |         |                  |
#         +--> mean ------------+         +--> var --> std --+
#
#     mean = 1/N sum x        var = 1/N sum c^2        std = sqrt(var + eps)
#
# dout is the upstream gradient, that of the loss with respect to out; dxhat is that with respect to
# xhat, and so on. Back through the scale and the shift:
#
#     dbeta = sum dout        dgamma = sum dout xhat        dxhat = gamma dout
#
# From xhat three paths lead back to one x[i].
#
# **Directly.** x[i] moves its own c[i] by as much, and that moves its own xhat[i] by 1/std:
#
#     1/std dxhat[i]
#
# **Through the mean.** The mean is taken off all N numbers, so its gradient is minus the sum of
# the gradients of the c, and x[i] moves it by 1/N:
#
#     dmean = -1/std sum dxhat           1/N dmean = -1/std mean(dxhat)
#
# **Through the variance.** Back from xhat = c / std to std, to var, and to c[i]:
#
#     dstd = -1/std^2 sum(dxhat c)       dvar = dstd / (2 std)       dc[i] = dvar 2 c[i] / N
#
# Put each into the next, and std xhat for c:
#
#     -1/std^3 c[i] mean(dxhat c) = -1/std xhat[i] mean(dxhat xhat)
#
# (Each c holds the mean, so a fourth path leads by the mean to the variance. It carries nothing:
# var by the mean has the derivative -2/N sum c, and the c sum to 0.) The three together:
#
#     dx = 1/std (dxhat - mean(dxhat) - xhat mean(dxhat xhat))
#        = gamma/(N std) (N dout - dbeta - xhat dgamma)            with gamma and 1/N taken out
#
# A batch of 6 for the pencil. eps is 1 here, so that var = 3 gives std = 2.

# %%
x = np.array([[8.0], [3.0], [3.0], [6.0], [5.0], [5.0]])
dout = np.array([[2.0], [-0.5], [0.5], [0.0], [1.0], [-1.5]])
gamma, beta, eps, N = np.array([2.0]), np.array([1.0]), 1.0, 6

c = x - x.mean()
std = np.sqrt((c * c).mean() + eps)
xhat, dxhat = c / std, gamma * dout
direct = dxhat / std
by_mean = np.full_like(x, -dxhat.sum() / std / N)
dvar = -(dxhat * c).sum() / std**2 / (2 * std)
by_var = dvar * 2 * c / N

_, cache = batchnorm_forward(x, gamma, beta, eps=eps)
dx, dgamma, dbeta = batchnorm_backward(dout, cache)
print("        x     xhat    dxhat   direct     mean variance       dx")
for row in zip(x, xhat, dxhat, direct, by_mean, by_var, dx, strict=True):
    print("".join(f"{each[0] + 0:9.2f}" for each in row))
assert (c.mean(), std) == (0, 2)
# Halves and quarters: no rounding at all.
assert np.array_equal(direct + by_mean + by_var, dx)
assert np.array_equal(gamma / (N * std) * (N * dout - dbeta - xhat * dgamma), dx)

# %% [markdown]
# ```text
#         x     xhat    dxhat   direct     mean variance       dx
#      8.00     1.50     4.00     2.00    -0.25    -0.75     1.00
#      3.00    -1.00    -1.00    -0.50    -0.25     0.50    -0.25
#      3.00    -1.00     1.00     0.50    -0.25     0.50     0.75
#      6.00     0.50     0.00     0.00    -0.25    -0.25    -0.50
#      5.00     0.00     2.00     1.00    -0.25     0.00     0.75
#      5.00     0.00    -3.00    -1.50    -0.25     0.00    -1.75
# ```
#
# ## Two checks for free
#
# **dx sums to 0**, whatever eps is: one number added to all x shifts the mean by as much, and
# leaves every output as it was.
#
# **dx xhat sums to nearly 0**: stretching all x about their mean stretches std along, and moves no
# output but for eps. As mean(xhat^2) is not 1 but var / (var + eps), the formula for dx gives
#
#     sum dx xhat = 1/std (1 - mean(xhat^2)) sum dxhat xhat = eps/(var + eps) gamma dgamma / std
#
# Here that is 1/4 * 2 * 3 / 2 = 0.75; with the usual eps of 1e-5 it is as good as 0. Neither check
# needs a second program, and each watches over one path:

# %%
WAYS = {
    "all three paths": (1, 1, 1),
    "without the mean's": (1, 0, 1),
    "without the variance's": (1, 1, 0),
    "without the direct": (0, 1, 1),
}


def by_way(way, dxhat, xhat, std):
    """dx, with some of its three paths."""
    paths = dxhat, -dxhat.mean(axis=0), -xhat * (dxhat * xhat).mean(axis=0)
    return sum(here * path for here, path in zip(WAYS[way], paths, strict=True)) / std


print("\n                           sum dx    sum dx xhat")
sums = {}
for way in WAYS:
    each = by_way(way, dxhat, xhat, std)
    sums[way] = float(each.sum()), float((each * xhat).sum())
    print(f"  {way:<24}{sums[way][0]:7.2f}{sums[way][1]:15.2f}")
assert (dx.sum(), (dx * xhat).sum()) == (0, 0.75)
assert (eps / (3 + eps) * gamma * dgamma / std)[0] == 0.75
assert [way for way in sums if sums[way] == (0, 0.75)] == ["all three paths"]

# %% [markdown]
# ```text
#                            sum dx    sum dx xhat
#   all three paths            0.00           0.75
#   without the mean's         1.50           0.75
#   without the variance's     0.00           3.00
#   without the direct        -1.50          -2.25
# ```
#
# ## A batch of 2
#
# xhat is -h and h, with h^2 = var / (var + eps): nearly -1 and 1, whatever x is. So x hardly moves
# the output, and dx must be nearly 0. Backwards: dxhat less its mean is half the difference of the
# two dxhat, with both signs, and the variance's path takes h^2 of that off:
#
#     dx = (dxhat - mean(dxhat)) / std * eps/(var + eps)
#
# For x = 1 and 3, with var = 1, that is 1e-5 of what it would be without the variance's path:


# %%
def problem(x, dout, gamma, **options):
    params = {"gamma": gamma, "beta": np.ones_like(gamma)}
    return Problem([layer("batchnorm", "gamma", "beta", **options)], params, x, dout)


pair, up = np.array([[1.0], [3.0]]), np.array([[3.0], [-1.0]])
print("\nA batch of 2, with the usual eps of 1e-5")
found = side_by_side(problem(pair, up, np.array([1.0])), names=["x"])
found += compare(problem(x, dout, gamma, eps=eps))  # the batch of 6
# Within 8 allowances; an allowance is what a correct program may lose to rounding.
assert all(each.agrees for each in found)
assert f"{(3 - 1) / np.sqrt(1 + 1e-5) * 1e-5 / (1 + 1e-5):.10f}" == "0.0000199997"

# %% [markdown]
# ```text
#                       by hand        PyTorch            JAX    differences   complex step
#   dx[0, 0]       0.0000199997   0.0000199997   0.0000199997   0.0000199997   0.0000199997
#   dx[1, 0]      -0.0000199997  -0.0000199997  -0.0000199997  -0.0000199997  -0.0000199997
# ```
#
# ## Prediction: a path dropped
#
# **How much is missing?** From dxhat[j] to x[i] the mean's path has a weight of 1/N, the variance's
# one of xhat[i] xhat[j] / N: little in a large batch, but there are N of them.
#
# * If the signs of the upstream are as good as random, N numbers of size 1/N add up to 1/sqrt(N).
#   So 35% of the direct path's length is missing for N = 8, and 9% for N = 128.
# * If the upstream leans one way, the sum does not shrink. Add 1 to random numbers of size 1, and
#   half of the mean square, 1 + 1, comes from the mean: sqrt(1/2) = 71% is missing, or more in a
#   small batch.
#
# **Would the loss tell?** Let dx + e be the wrong gradient: e is one number for all x of a channel
# (the mean's path missing) or a multiple of xhat (the variance's). By the two checks sum(e dx) is 0
# for both, but for eps. A small step of x along dx + e lowers the loss, to first order, in
# proportion to sum((dx + e) dx) = sum(dx dx): exactly as the right step does. Without the direct
# path an e is all there is, and the step gains nothing.
#
# In a network the weights before x are stepped, not x. Then "exactly" becomes "nearly" where e is
# small: with a random upstream, on average over many channels. If the upstream leans, the mean's
# path is about as long as dx, and a single channel may gain far more, or lose. Here x is inputs @
# weights, with 16 inputs that come from a relu, and both steps are looked at; the step of the
# weights also channel by channel.

# %%
rng = np.random.default_rng(0)
COLUMNS = ("without the mean's", "without the variance's", "mean's, upstream + 1")
print("\nWhat is missing, over the length of the direct path (2000 channels)")
print("    N   1/sqrt(N)" + "".join(f"{column:>25}" for column in COLUMNS))
for size in (2, 8, 32, 128):
    inputs = np.maximum(0, rng.normal(size=(size, 16)))
    many = inputs @ rng.normal(size=(16, 2000))
    std = np.sqrt(many.var(axis=0) + 1e-5)
    xhat, random = (many - many.mean(axis=0)) / std, rng.normal(size=many.shape)
    missing = []
    for column, upstream in zip(COLUMNS, (random, random, random + 1), strict=True):
        right = by_way("all three paths", upstream, xhat, std)
        e = by_way(column if column in WAYS else COLUMNS[0], upstream, xhat, std) - right
        share = (e**2).sum(axis=0) / ((upstream / std) ** 2).sum(axis=0)
        missing.append(np.sqrt(share.mean()))
    print(f"{size:5}{size**-0.5:12.3f}" + "".join(f"{each:25.3f}" for each in missing))
    # The squares of 2000 channels scatter by sqrt(2 / 2000) about their mean, their root by half.
    assert all(abs(each * size**0.5 - 1) < 0.08 for each in missing[:2])
    assert 0.7 < missing[2] < (0.85 if size == 2 else 0.74)

print("\nA small step's gain (N = 128)    of x   of the weights")
right = by_way("all three paths", random, xhat, std)
for way in WAYS:
    wrong = by_way(way, random, xhat, std)
    steps = (wrong, right), (inputs.T @ wrong, inputs.T @ right)
    gains = [abs((a * b).sum() / (b * b).sum()) for a, b in steps]
    print(f"  {way:<26}{gains[0]:9.4f}{gains[1]:17.2f}")
    expected = way != "without the direct"
    # eps is less than 1e-5 of the variance; the 0.05 is what "nearly" stands for, on average.
    assert abs(gains[0] - expected) < 1e-5 and abs(gains[1] - expected) < 0.05

print("\nThe weights' gain in single channels, without the mean's (64 channels, N = 128)")
print("                    lowest    median   highest")
spread = {}
for title, upstream in ("random", random), ("random + 1", random + 1):
    ways = [by_way(way, upstream, xhat, std)[:, :64] for way in WAYS]
    right, wrong = (inputs.T @ each for each in ways[:2])
    gains = (wrong * right).sum(axis=0) / (right**2).sum(axis=0)
    spread[title] = gains.min(), np.median(gains), gains.max()
    print(f"  {title:<14}" + "".join(f"{each:10.2f}" for each in spread[title]))
low, middle, high = spread["random"]
assert low > -0.5 and high < 2.5 and abs(middle - 1) < 0.1
assert spread["random + 1"][0] < -1 and spread["random + 1"][2] > 3

# %% [markdown]
# ```text
#     N   1/sqrt(N)       without the mean's   without the variance's     mean's, upstream + 1
#     2       0.707                    0.710                    0.702                    0.825
#     8       0.354                    0.356                    0.352                    0.728
#    32       0.177                    0.176                    0.175                    0.711
#   128       0.088                    0.090                    0.088                    0.709
#
# A small step's gain (N = 128)    of x   of the weights
#   all three paths              1.0000             1.00
#   without the mean's           1.0000             1.01
#   without the variance's       1.0000             1.00
#   without the direct           0.0000             0.01
#
# The weights' gain in single channels, without the mean's (64 channels, N = 128)
#                     lowest    median   highest
#   random              0.15      1.01      1.74
#   random + 1         -2.71      1.47      6.52
# ```
#
# With a random upstream, on average over many channels, the loss hardly shows a missing path. If
# the upstream leans, it can, in single channels: a gain below 0 is a step that raises the loss.
#
# ## Coda: PyTorch 2.13 on the CPU
#
# A sequence (N, T, C) is to go through a norm for images: its channels are brought forward, and it
# becomes an image of width one. `transpose` moves no numbers in memory, it leaves a view. Here is
# PyTorch on that view, and on a copy of it, where the numbers lie in their new order.

# %%
sequence = torch.tensor([[[8.0, 1.0], [4.0, 1.0], [4.0, 5.0], [4.0, 1.0]]], dtype=torch.float64)
view = sequence.transpose(1, 2)[..., None]  # (1, 2, 4, 1), in strides of (8, 1, 2, 1)
up = np.array([[1, 2, -3, 0.5], [4, -1, 2, -2]]).reshape(1, 2, 4, 1)
two = np.array([2.0, 2.0])
assert all(each.agrees for each in compare(problem(view.numpy(), up, two, eps=1.0)))

out, cache = batchnorm_forward(view.numpy(), two, two / 2, eps=1.0)
ways = {"by hand": [out, *batchnorm_backward(up, cache)]}
for title, image in (("PyTorch, copy", view.contiguous()), ("PyTorch, view", view)):
    leaves = image.detach(), torch.tensor(two), torch.tensor(two / 2)
    a, scale, shift = (each.requires_grad_() for each in leaves)
    theirs = torch.nn.functional.batch_norm(a, None, None, scale, shift, training=True, eps=1.0)
    slopes = torch.autograd.grad(theirs, (a, scale, shift), torch.tensor(up))
    ways[title] = [each.detach().numpy() for each in (theirs, *slopes)]
for title, (_, _, dgamma, dbeta) in ways.items():
    print(f"  {title:<15}dgamma {(dgamma + 0).tolist()}   dbeta {(dbeta + 0).tolist()}")
# Halves and quarters again: nothing is rounded.
assert all(map(np.array_equal, ways["by hand"], ways["PyTorch, copy"]))
mixed = batchnorm_backward(up.reshape(4, 2).T.reshape(up.shape), cache)
mended = f"PyTorch {torch.__version__} has mended this: rewrite the coda, reference/cards/norms.py"
assert all(map(np.array_equal, (out, *mixed), ways["PyTorch, view"])), mended

# %% [markdown]
# ```text
#   by hand        dgamma [1.75, 2.5]   dbeta [0.5, 3.0]
#   PyTorch, copy  dgamma [1.75, 2.5]   dbeta [0.5, 3.0]
#   PyTorch, view  dgamma [0.0, -1.75]   dbeta [4.0, -0.5]
# ```
#
# dbeta is the plain sum of a channel's upstream, 1 + 2 - 3 + 0.5 = 0.5; there is nothing to argue.
# PyTorch has 4 = 1 - 3 + 4 + 2: it reads the upstream as if that lay in memory like the view. The
# output is right, and as dx belongs to the mixed-up upstream it passes both checks from above. Our
# code, JAX, differences and the complex step agree: only another way to the gradient can tell.
#
# ## What to remember
#
# What feeds a statistic feeds every output: each path sends back its part, and the parts add up.
# Batch norm's dx is dxhat less its mean and less its part along xhat, over std. So in each channel
# dx sums to 0, and dx xhat nearly. With a random upstream, on average over many channels, the loss
# hardly shows a missing path; these two sums do.

# %%
if drawing():
    drawn, axes = figure(8, 4)
    bars = {"direct": (direct, VALUE), "through the mean": (by_mean, THIRD)}
    bars |= {"through the variance": (by_var, FOURTH), "dx, their sum": (dx, GRADIENT)}
    for k, (label, (values, color)) in enumerate(bars.items()):
        axes.bar(np.arange(6) + 0.2 * (k - 1.5), values[:, 0], 0.18, color=color, label=label)
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set_xticks(range(6), [f"x = {each:g}" for each in x[:, 0]])
    axes.set(ylabel="gradient", title="A batch of 6: what each path carries to each x")
    axes.legend(fontsize=9)
    keep(drawn, "08_batchnorm_paths")
