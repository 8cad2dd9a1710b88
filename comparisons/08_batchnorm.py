"""Batch norm's three paths: what each carries, and who would notice if one were missing.

Claim: x reaches the output directly, through the mean and through the variance. In a batch of N the
path of the mean, or of the variance, is about 1/sqrt(N) as long as the direct one; without it, a
small step of x along the wrong dx gains exactly as much as along the right one. Two sums over dx
tell at once. And a batch of 2 has next to no gradient at all.

    backproof compare 08 [--plot DIR]
"""

# %%
import numpy as np
import torch

from comparisons.show import (
    FOURTH,
    GRADIENT,
    PALE,
    THIRD,
    TITLES,
    VALUE,
    drawing,
    figure,
    keep,
    side_by_side,
)
from manual.batchnorm import batchnorm_backward, batchnorm_forward
from manual.network import layer
from manual.standardize import standardize_backward, standardize_forward
from reference.agreement import compare
from reference.paths import path
from reference.problem import Problem

# %% [markdown]
# ## Three paths
#
# One channel, a batch of N numbers x, a scale gamma and a shift beta:
#
#     x --+-------------> c = x - mean --+----------> xhat = c / std --> out = gamma xhat + beta
#         |                   |          |               |
#         +--> mean ----------+          +--> var --> std
#
#     mean = 1/N sum x        var = 1/N sum c^2        std = sqrt(var + eps)
#
# Given is dout, the gradient of the loss with respect to out, the upstream gradient. First, from out
# back to gamma, beta and xhat, as in any scale and shift:
#
#     dbeta = sum dout        dgamma = sum dout xhat        dxhat = gamma dout
#
# From xhat back to one x[i] lead three paths.
#
# **Directly.** x[i] moves its own c[i] by as much, and that its own xhat[i] by 1/std:
#
#     dxhat[i] / std
#
# **Through the mean.** The mean is subtracted from all N numbers, so its gradient is minus the sum
# of what reaches them; and x[i] moves the mean by 1/N:
#
#     dmean = -1/std sum dxhat          1/N of it is   -1/std mean(dxhat)
#
# **Through the variance.** From xhat = c / std to std, from there to var, and from var to c[i]:
#
#     dstd = -1/std^2 sum(dxhat c)      dvar = dstd / (2 std)      dvar 2 c[i] / N
#
# Put dstd into dvar and dvar into the last, and write std xhat for c:   -1/std xhat[i] mean(dxhat xhat)
#
# (Each c[i] holds the mean, so there is a fourth path, by the mean to the variance. It carries
# nothing: the derivative of var by the mean is -2/N sum c, and the c sum to 0.) Together:
#
#     dx = 1/std (dxhat - mean(dxhat) - xhat mean(dxhat xhat))
#        = gamma / (N std) (N dout - dbeta - xhat dgamma)
#
# The second line is the first with gamma taken out and the sums named; it is often printed so.
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
columns = {"x": x, "xhat": xhat, "dxhat": dxhat, "direct": direct, "mean": by_mean}
columns |= {"variance": by_var, "dx": dx}
print("".join(f"{title:>9}" for title in columns))
for row in zip(*columns.values(), strict=True):
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
# The same five ways. (In evaluation the mean and the variance are constants from training, say 4 and
# 3; then only the direct path is left.)


# %%
def problem(x, dout, gamma=gamma, **options):
    params = {"gamma": gamma, "beta": np.ones_like(gamma)}
    return Problem([layer("batchnorm", "gamma", "beta", **options)], params, x, dout)


print("\nThe last line: errors, as shares of what a correct program may lose to rounding")
found = side_by_side(problem(x, dout, eps=eps), digits=7)
running = np.array([4.0]), np.array([3.0])
found += compare(problem(x, dout, eps=eps, running=running))
assert all(each.agrees for each in found)  # up to 8 such shares
_, cache = batchnorm_forward(x, gamma, beta, running, eps)
assert np.array_equal(batchnorm_backward(dout, cache)[0], direct)

# %% [markdown]
# ```text
#                       by hand        PyTorch            JAX    differences   complex step
#   dx[0, 0]          1.0000000      1.0000000      1.0000000      1.0000000      1.0000000
#   dx[1, 0]         -0.2500000     -0.2500000     -0.2500000     -0.2500000     -0.2500000
#   dx[2, 0]          0.7500000      0.7500000      0.7500000      0.7500000      0.7500000
#   dx[3, 0]         -0.5000000     -0.5000000     -0.5000000     -0.5000000     -0.5000000
#   dx[4, 0]          0.7500000      0.7500000      0.7500000      0.7500000      0.7500000
#   dx[5, 0]         -1.7500000     -1.7500000     -1.7500000     -1.7500000     -1.7500000
#   dgamma[0]         3.0000000      3.0000000      3.0000000      3.0000000      3.0000000
#   dbeta[0]          1.5000000      1.5000000      1.5000000      1.5000000      1.5000000
# ```
#
# ## Two checks for free
#
# **dx sums to 0**, whatever eps is: one number added to all x moves the mean along, and no output.
#
# **dx xhat sums to nearly 0**: to stretch all x about their mean moves std along, and but for eps no
# output. With eps, mean(xhat^2) is not 1 but var / (var + eps), and from dx above
#
#     sum dx xhat = 1/std (1 - mean(xhat^2)) sum dxhat xhat = eps / (var + eps) gamma dgamma / std
#
# Here that is 1/4 * 2 * 3 / 2 = 0.75; with the usual eps of 1e-5 it is as good as 0. Neither needs a
# second program, and each needs one of the two long paths:

# %%
WAYS = {
    "all three paths": (1, 1, 1),
    "without the mean's": (1, 0, 1),
    "without the variance's": (1, 1, 0),
    "without both": (1, 0, 0),
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
#   without both               1.50           3.00
#   without the direct        -1.50          -2.25
# ```
#
# ## A batch of 2
#
# Two numbers are as free as the two checks are many, so nothing is left but eps. Seen forwards:
# xhat is -h and h, with h^2 = var / (var + eps), so nearly -1 and 1 whatever x is. Backwards: dxhat
# less its mean leaves half the difference of the two dxhat, with both signs, and the path of the
# variance takes h^2 of that off again. So dx is
#
#     (dxhat - mean(dxhat)) / std * eps / (var + eps)
#
# For x = 1 and 3, with var = 1, that is 1e-5 of what it would be without the variance's path.

# %%
pair, up = np.array([[1.0], [3.0]]), np.array([[3.0], [-1.0]])
print("\nA batch of 2, with the usual eps of 1e-5")
found = side_by_side(problem(pair, up, gamma=np.array([1.0])), names=["x"])
assert all(each.agrees for each in found)

of_two = standardize_backward(up, standardize_forward(pair, 0)[1])
exactly = (up - up.mean()) / np.sqrt(1 + 1e-5) * 1e-5 / (1 + 1e-5)
# Numbers of size 2 are subtracted to leave 2e-5: five of some fifteen digits go.
assert np.allclose(of_two, exactly, rtol=1e-10, atol=0)

# %% [markdown]
# ```text
#   dx[0, 0]       0.0000199997   0.0000199997   0.0000199997   0.0000199997   0.0000199997
#   dx[1, 0]      -0.0000199997  -0.0000199997  -0.0000199997  -0.0000199997  -0.0000199997
# ```
#
# ## Prediction: a path dropped
#
# **How much is missing?** From dxhat[j] to another x[i] the path of the mean has a weight of 1/N,
# and that of the variance one of xhat[i] xhat[j] / N. Small, in a large batch, but N of them add up:
#
# * If the signs of the upstream are as good as random, N numbers of size 1/N add up to 1/sqrt(N), of
#   the length of the direct path: 35% for N = 8, 9% for N = 128.
# * If the upstream leans one way, the sum does not shrink. With 1 added to random numbers of size 1,
#   half of the squared length is the mean's, and the path is sqrt(1/2) = 71% of the direct one, or
#   somewhat more in a small batch.
#
# **Would the loss tell?** Let e be what a wrong gradient has besides dx. Without the mean's path e
# is the same number for all x of a channel; without the variance's it is a multiple of xhat. The
# two checks say that both stand at a right angle to dx: sum(e dx) = 0, but for eps. A small step of
# x along dx + e lowers the loss in proportion to sum((dx + e) dx) = sum(dx dx): exactly what the
# right step gains. Without the direct path e is all there is, and the step gains nothing.
#
# In a network not x is stepped but the weights before it, so there it is not exactly as much; below,
# x = inputs @ weights with 16 inputs, and the step of the weights stands beside that of x.

# %%
rng = np.random.default_rng(0)
SIZES = [2, 8, 32, 128]
COLUMNS = ("without the mean's", "without the variance's", "mean's, upstream + 1")
errors = {column: [] for column in COLUMNS}
print("\nWhat is missing, over the length of the direct path (2000 channels)")
print("    N   1/sqrt(N)" + "".join(f"{column:>25}" for column in COLUMNS))
for size in SIZES:
    inputs = np.maximum(0, rng.normal(size=(size, 16)))
    xhat, (_, std, _) = standardize_forward(inputs @ rng.normal(size=(16, 2000)), 0)
    random = rng.normal(size=xhat.shape)
    for column, upstream in zip(COLUMNS, (random, random, random + 1), strict=True):
        way = column if column in WAYS else COLUMNS[0]
        right = by_way("all three paths", upstream, xhat, std)
        error = by_way(way, upstream, xhat, std) - right
        share = (error**2).sum(axis=0) / ((upstream / std) ** 2).sum(axis=0)
        errors[column].append(np.sqrt(share.mean()))
    row = "".join(f"{errors[column][-1]:25.3f}" for column in COLUMNS)
    print(f"{size:5}{size**-0.5:12.3f}" + row)
    # The squares of 2000 channels scatter by sqrt(2 / 2000) about their mean, their root by half.
    assert all(abs(errors[column][-1] * size**0.5 - 1) < 0.08 for column in COLUMNS[:2])
assert all(0.7 < error < 0.85 for error in errors[COLUMNS[2]])

print("\nWhat a small step gains (N = 128)    of x   of the weights")
right = by_way("all three paths", random, xhat, std)
for way in WAYS:
    wrong = by_way(way, random, xhat, std)
    gain = (wrong * right).sum() / (right * right).sum()
    dw, right_dw = inputs.T @ wrong, inputs.T @ right
    gain_w = (dw * right_dw).sum() / (right_dw * right_dw).sum()
    print(f"  {way:<28}{abs(gain):11.4f}{gain_w:17.2f}")
    wanted = way != "without the direct"
    assert abs(gain - wanted) < 1e-5 and abs(gain_w - wanted) < 0.05  # eps is 1e-5 of the variance
