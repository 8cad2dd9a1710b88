"""Batch norm's three paths: what each carries, and who would notice if one were missing.

Claim: x reaches the output directly, through the mean and through the variance. Without the path
through the mean or the variance, the gradient is off by about 1/sqrt(N) for a batch of N, it still
points downhill, and training looks the same. What is left without the direct path stands at a right
angle to the gradient. A batch of 2 has next to no gradient at all.

    backproof compare 08 [--plot DIR]
"""

# %%
import jax
import jax.numpy as jnp
import numpy as np
import torch

from comparisons.show import (
    FOURTH,
    GRADIENT,
    PALE,
    THIRD,
    VALUE,
    drawing,
    figure,
    keep,
    side_by_side,
)
from manual.affine import affine_backward, affine_forward
from manual.batchnorm import batchnorm_backward, batchnorm_forward
from manual.network import layer
from manual.rectifiers import relu_backward, relu_forward
from manual.softmax import softmax_loss
from manual.standardize import standardize_backward, standardize_forward
from reference.problem import Problem

# %% [markdown]
# ## The graph
#
# One channel, a batch of N numbers:
#
#     mean = 1/N sum x      c = x - mean      var = 1/N sum c^2      std = sqrt(var + eps)
#     xhat = c / std        out = gamma xhat + beta
#
# From one x[i] three paths lead to xhat: straight on, to its own xhat[i] alone; by the mean, to all
# N; by the variance, to all N. (A fourth leads by the mean to the variance. It carries nothing:
# d var / d mean = -2/N sum c, and the c sum to 0.) Backwards, with dxhat = gamma dout:
#
#     direct              dxhat / std
#     through the mean    d mean = -1/std sum dxhat;  each x has 1/N of the mean:
#                         -1/std mean(dxhat)
#     through the var     d std = -1/std^2 sum(dxhat c),  d var = d std / (2 std),
#                         and c[i] has 2 c[i] / N of the variance; with c = xhat std:
#                         -1/std xhat mean(dxhat xhat)
#
# Together:    dx = gamma/std (dout - mean(dout) - xhat mean(dout xhat))
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
dvar = -(dxhat * c).sum() / std**2 / (2 * std)
by_var = dvar * 2 * c / N
by_mean = np.full_like(x, -dxhat.sum() / std / N)

_, cache = batchnorm_forward(x, gamma, beta, eps=eps)
dx, dgamma, dbeta = batchnorm_backward(dout, cache)
columns = {"x": x, "xhat": xhat, "dxhat": dxhat, "direct": direct, "by mean": by_mean}
columns |= {"by var": by_var, "dx": dx}
print("".join(f"{title:>9}" for title in columns))
for row in zip(*columns.values(), strict=True):
    print("".join(f"{each[0]:9.2f}" for each in row))
assert (c.mean(), std) == (0, 2)
assert np.array_equal(direct + by_mean + by_var, dx)  # halves and quarters: no rounding at all

# %% [markdown]
# ```text
#         x     xhat    dxhat   direct  by mean   by var       dx
#      8.00     1.50     4.00     2.00    -0.25    -0.75     1.00
#      3.00    -1.00    -1.00    -0.50    -0.25     0.50    -0.25
#      3.00    -1.00     1.00     0.50    -0.25     0.50     0.75
#      6.00     0.50     0.00     0.00    -0.25    -0.25    -0.50
#      5.00     0.00     2.00     1.00    -0.25     0.00     0.75
#      5.00     0.00    -3.00    -1.50    -0.25     0.00    -1.75
# ```
#
# Now every path; and once more in evaluation, where the mean and the variance are constants (4 and
# 3, say), and only the direct path is left:


# %%
def problem(x, dout, gamma=gamma, **options):
    params = {"gamma": gamma, "beta": np.ones_like(gamma)}
    return Problem([layer("batchnorm", "gamma", "beta", **options)], params, x, dout)


print("\nIn training; the last line in allowances, up to 8 is agreement")
found = side_by_side(problem(x, dout, eps=eps), digits=7)
print("\nIn evaluation")
running = np.array([4.0]), np.array([3.0])
found += side_by_side(problem(x, dout, eps=eps, running=running), names=["x"], digits=7)
assert all(each.agrees for each in found)
_, cache = batchnorm_forward(x, gamma, beta, running, eps)
assert np.array_equal(batchnorm_backward(dout, cache)[0], direct)

# %% [markdown]
# ```text
#                       by hand        PyTorch            JAX    differences   complex step
# ```
#
# ## Two checks that need no other path
#
# The xhat sum to 0, so that dx sums to 0, whatever eps is: the same number added to all x changes
# nothing. And to stretch all x changes next to nothing. As mean(xhat^2) = var / (var + eps),
#
#     sum dx xhat = 1/std (sum dxhat xhat) (1 - mean(xhat^2)) = gamma dgamma/std eps/(var + eps)
#
# Here that is 2 * 3 / 2 * 1/4 = 0.75; with the usual eps of 1e-5 it is as good as 0. What the two
# checks say to gradients with a path missing:

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
assert sums["all three paths"] == (0, 0.75) and (gamma * dgamma / std / 4)[0] == 0.75
assert [way for way in sums if sums[way] == (0, 0.75)] == ["all three paths"]
ones, _, _ = batchnorm_backward(np.ones_like(x), batchnorm_forward(x, gamma, beta)[1])
assert not ones.any()  # an upstream of ones has nothing but a mean: a check with it is blind

# %% [markdown]
# ```text
#                            sum dx    sum dx xhat
# ```
#
# ## A batch of 2
#
# Whatever the two numbers are, xhat is -1 and 1: the output hardly knows x, and dx is nearly 0.
# With xhat = -h, h the formula gives, of what the mean's path leaves, 1 - h^2: by h^2 = var/(var +
# eps), dx = (dxhat - mean(dxhat)) / std * eps / (var + eps). For x = 1, 3, var = 1:

# %%
pair, up = np.array([[1.0], [3.0]]), np.array([[3.0], [-1.0]])
print("\nA batch of 2, with the usual eps of 1e-5")
found = side_by_side(problem(pair, up, gamma=np.array([1.0])), names=["x"], digits=12)
assert all(each.agrees for each in found)

factor = 1e-5 / (1 + 1e-5)
standardized = standardize_backward(up, standardize_forward(pair, 0)[1])
# The formula subtracts numbers of size 2 to leave 2e-5: five of its sixteen digits go.
assert np.allclose(standardized, (up - up.mean()) / np.sqrt(1 + 1e-5) * factor, rtol=1e-10)

# %% [markdown]
# ## Prediction: a path dropped
#
# dxhat[j] comes to x[i], i not j, with a weight of 1/N by the mean, xhat[i] xhat[j] / N by the
# variance: small numbers for a large batch. But there are N of them to add up.
#
# * If the signs of the upstream are as good as random, N numbers of size 1/N add up to 1/sqrt(N). So
#   a dropped path costs 1/sqrt(N) of the gradient's length: 35% for N = 8, still 9% for N = 128.
# * If the upstream leans one way, as when every output should go up, they add up to as much as the
#   direct path has, however large N is. (Likewise by the variance, if all should go apart.)
#
# And where does the wrong gradient point? What the mean's path carries is a constant, what the
# variance's carries is a multiple of xhat; and dx is at a right angle to both, as the two checks say
# (but for eps). With e for what is missing, dx (dx + e) = dx dx. So a step along the wrong gradient
# gains, to first order, exactly what the right one gains. Without the direct path only e is left,
# and dx e = 0: a step that gains nothing.

# %%
rng = np.random.default_rng(0)
SIZES = [2, 8, 32, 128]
COLUMNS = ("without the mean's", "without the variance's", "the first, upstream + 1")
errors = {column: [] for column in COLUMNS}
print("\nWhat is missing, over the length of the direct path (2000 channels)")
print("    N   1/sqrt(N)" + "".join(f"{column:>25}" for column in COLUMNS))
for size in SIZES:
    xhat, (_, std, _) = standardize_forward(rng.normal(size=(size, 2000)), 0)
    random = rng.normal(size=xhat.shape)
    for column, upstream in zip(COLUMNS, (random, random, random + 1), strict=True):
        way = column if column in WAYS else COLUMNS[0]
        right = by_way("all three paths", upstream, xhat, std)
        error = by_way(way, upstream, xhat, std) - right
        share = (error**2).sum(axis=0) / ((upstream / std) ** 2).sum(axis=0)
        errors[column].append(np.sqrt(share.mean()))
    row = "".join(f"{errors[column][-1]:25.3f}" for column in COLUMNS)
    print(f"{size:5}{size**-0.5:12.3f}" + row)
    for column in COLUMNS[:2]:  # 2000 channels with random lengths: a tenth either way
        assert abs(errors[column][-1] * size**0.5 - 1) < 0.1
assert all(error > 0.7 for error in errors[COLUMNS[2]])

print("\nWhat a step gains, as a share of what the right gradient gains (N = 128)")
right = by_way("all three paths", random, xhat, std)
for way in WAYS:
    gain = (by_way(way, random, xhat, std) * right).sum() / (right * right).sum()
    print(f"  {way:<24}{gain:8.4f}")
    assert abs(gain - (way != "without the direct")) < 1e-5  # eps is 1e-5 of the variance

# %% [markdown]
# ```text
# ```
#
# ## What training says
#
# 128 points in the plane, in or out of a circle, all in every update: affine, batch norm, relu,
# affine, rate 0.5. Beside the loss, the bias before the norm. It adds the same number to all x of
# its channel, the mean takes that off again, and its gradient is the sum of dx: 0.

# %%
points = np.random.default_rng(0).normal(size=(128, 2))
labels = (points**2).sum(axis=1) > 1.2


def walk(way, updates=60, rate=0.5):
    rng = np.random.default_rng(1)
    p = [rng.normal(size=(2, 16)), np.zeros(16), np.ones(16), np.zeros(16)]
    p += [rng.normal(size=(16, 2)) / 4, np.zeros(2)]
    losses = []
    for _ in range(updates + 1):
        h, first = affine_forward(points, p[0], p[1])
        z, (xhat, gamma, (_, std, _), *_) = batchnorm_forward(h, p[2], p[3])
        a, corner = relu_forward(z)
        out, last = affine_forward(a, p[4], p[5])
        loss, dout = softmax_loss(out, labels.astype(int))
        losses.append(loss)
        da, dw2, db2 = affine_backward(dout, last)
        dz = relu_backward(da, corner)
        dh = by_way(way, dz * gamma, xhat, std)
        _, dw1, db1 = affine_backward(dh, first)
        grads = [dw1, db1, (dz * xhat).sum(axis=0), dz.sum(axis=0), dw2, db2]
        p = [each - rate * grad for each, grad in zip(p, grads, strict=True)]
    return losses, np.abs(p[1]).max()


print("\nThe loss after so many updates    1       10       30       60   largest bias")
curves, biases = {}, {}
for way in WAYS:
    curves[way], biases[way] = walk(way)
    numbers = "".join(f"{curves[way][k]:9.4f}" for k in (1, 10, 30, 60))
    print(f"  {way:<24}" + numbers + f"{biases[way]:15.4f}")

# %% [markdown]
# ```text
# ```
