"""Batch norm's three paths: what each carries, and who would notice if one were missing.

Claim: x reaches the output directly, through the mean and through the variance. Without the path
of the mean or of the variance, dx misses about 1/sqrt(N) of its length in a batch of N, and a small
step gains as much as with the right one. Without the direct path it gains nothing. The loss of a
small network falls in each of these cases. A batch of 2 has next to no gradient at all.

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
from manual.affine import affine_backward, affine_forward
from manual.batchnorm import batchnorm_backward, batchnorm_forward
from manual.network import layer
from manual.rectifiers import relu_backward, relu_forward
from manual.softmax import softmax_loss
from manual.standardize import standardize_backward, standardize_forward
from reference.paths import path
from reference.problem import Problem

# %% [markdown]
# ## The graph
#
# One channel, a batch of N numbers:
#
#     mean = 1/N sum x      c = x - mean      var = 1/N sum c^2      std = sqrt(var + eps)
#     xhat = c / std        out = gamma xhat + beta
#
# Three paths lead from one x[i] to the output: straight on, to its own xhat[i] alone; by the mean,
# to all N of them; by the variance, to all N. (A fourth leads by the mean to the variance. It
# carries nothing: the derivative of var by the mean is -2/N sum c, and the c sum to 0.) Backwards,
# with dxhat = gamma dout, and with dmean, dstd and dvar for the gradients of these three numbers:
#
#     directly                dxhat / std
#
#     through the mean        dmean = -1/std sum dxhat, and each x is 1/N of the mean:
#                             -1/std mean(dxhat)
#
#     through the variance    dstd = -1/std^2 sum(dxhat c),    dvar = dstd / (2 std),
#                             and x[i] moves the variance by 2 c[i] / N; with c = xhat std:
#                             -1/std xhat mean(dxhat xhat)
#
# The three add up to    dx = gamma/std (dout - mean(dout) - xhat mean(dout xhat)).
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
columns = {"x": x, "xhat": xhat, "dxhat": dxhat, "direct": direct, "mean": by_mean}
columns |= {"variance": by_var, "dx": dx}
print("".join(f"{title:>9}" for title in columns))
for row in zip(*columns.values(), strict=True):
    print("".join(f"{each[0] + 0:9.2f}" for each in row))
assert (c.mean(), std) == (0, 2)
assert np.array_equal(direct + by_mean + by_var, dx)  # halves and quarters: no rounding at all

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
# Now by hand, by PyTorch, JAX, differences and the complex step. And once more in evaluation, where
# the mean and the variance are constants (4 and 3, say) and only the direct path is left.


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
# In evaluation
#                       by hand        PyTorch            JAX    differences   complex step
#   dx[0, 0]          2.0000000      2.0000000      2.0000000      2.0000000      2.0000000
#   dx[1, 0]         -0.5000000     -0.5000000     -0.5000000     -0.5000000     -0.5000000
# ```
#
# ## Two checks that need no other path
#
# One number added to all x changes no output: dx sums to 0, whatever eps is. And to stretch all x
# about their mean changes next to nothing. As mean(xhat^2) = var / (var + eps),
#
#     sum dx xhat = 1/std (1 - mean(xhat^2)) sum dxhat xhat = eps/(var + eps) gamma dgamma/std
#
# Here that is 1/4 * 2 * 3/2 = 0.75; with the usual eps of 1e-5 it is as good as 0. Each path of the
# statistics is what makes one of the two checks come out:

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
ones, _, _ = batchnorm_backward(np.ones_like(x), batchnorm_forward(x, gamma, beta)[1])
assert not ones.any()  # an upstream of ones is all mean: script 06

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
# Whatever the two numbers are, xhat is -1 and 1, but for eps: the output does not know x, and dx is
# nearly 0. Exactly: xhat = -h, h with h^2 = var / (var + eps). The path of the mean leaves half the
# difference of the two dxhat, with both signs; the variance's takes h^2 of that. So dx is
#
#     (dxhat - mean(dxhat)) / std * eps / (var + eps)
#
# a hundred-thousandth of what it would be without the variance's path, for x = 1, 3 with var = 1.

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
# From dxhat[j] to another x[i] the mean's path has a weight of 1/N, the variance's one of
# xhat[i] xhat[j] / N: small numbers in a large batch. But N of them add up.
#
# * Where the signs of the upstream are as good as random, N numbers of size 1/N add up to one of
#   1/sqrt(N). So a dropped path costs 1/sqrt(N) of the direct path's length: 35% for N = 8, 9% for
#   N = 128.
# * Where the upstream leans one way, as if all outputs should go up, the sum does not shrink. With
#   1 added to random numbers of size 1, half of the squared length is its mean: 71%, at any N. (The
#   same goes for the variance, if all outputs should move apart.)
#
# And where does the wrong gradient point? The mean's path carries a constant, the variance's a
# multiple of xhat. The two checks say that dx stands at a right angle to both (but for eps). So if
# e is what the wrong gradient has besides dx, the product of dx with dx + e is that of dx with dx:
# a small step gains, to first order, exactly what the right one gains. Without the direct path only
# an e is left, and its product with dx is 0: the step gains nothing.

# %%
rng = np.random.default_rng(0)
SIZES = [2, 8, 32, 128]
COLUMNS = ("without the mean's", "without the variance's", "mean's, upstream + 1")
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
    # The squares of 2000 channels scatter by sqrt(2 / 2000) about their mean, their root by half.
    assert all(abs(errors[column][-1] * size**0.5 - 1) < 0.08 for column in COLUMNS[:2])
assert all(0.7 < error < 0.85 for error in errors[COLUMNS[2]])

print("\nWhat a small step gains, as a share of what the right gradient gains (N = 128)")
right = by_way("all three paths", random, xhat, std)
for way in WAYS:
    gain = (by_way(way, random, xhat, std) * right).sum() / (right * right).sum()
    print(f"  {way:<24}{abs(gain):8.4f}")
    assert abs(gain - (way != "without the direct")) < 1e-5  # eps is 1e-5 of the variance

# %% [markdown]
# ```text
#     N   1/sqrt(N)       without the mean's   without the variance's     mean's, upstream + 1
#     2       0.707                    0.706                    0.705                    0.830
#     8       0.354                    0.356                    0.352                    0.728
#    32       0.177                    0.175                    0.174                    0.711
#   128       0.088                    0.088                    0.087                    0.709
# ```
#
# And what a small step gains, as a share of what the right one gains:
#
# ```text
#   all three paths           1.0000
#   without the mean's        1.0000
#   without the variance's    1.0000
#   without both              1.0000
#   without the direct        0.0000
# ```
#
# ## What training says
#
# 128 points in the plane, inside a circle or not, all in every update: affine, batch norm, relu,
# affine, rate 0.1. Prediction: with one or both paths of the statistics missing, no loss curve
# tells; without the direct path, it should. The last two columns look closer. The bias before the
# norm adds one number to all x of its channel, the mean takes it off again, and its gradient is the
# sum of dx, which is 0. And "alone" is what 10 updates of the first layer do to the loss, at rate
# 0.02, with all other layers as they were drawn.

# %%
points = np.random.default_rng(0).normal(size=(128, 2))
labels = ((points**2).sum(axis=1) > 1.2).astype(int)


def walk(way, updates, rate, layers):
    rng = np.random.default_rng(1)
    p = [rng.normal(size=(2, 16)), np.zeros(16), np.ones(16), np.zeros(16)]
    p += [rng.normal(size=(16, 2)) / 4, np.zeros(2)]
    losses = []
    for _ in range(updates + 1):
        h, first = affine_forward(points, p[0], p[1])
        z, (xhat, gamma, (_, std, _), *_) = batchnorm_forward(h, p[2], p[3])
        a, corner = relu_forward(z)
        out, last = affine_forward(a, p[4], p[5])
        loss, dout = softmax_loss(out, labels)
        losses.append(loss)
        da, dw2, db2 = affine_backward(dout, last)
        dz = relu_backward(da, corner)
        dh = by_way(way, dz * gamma, xhat, std)
        _, dw1, db1 = affine_backward(dh, first)
        grads = [dw1, db1, (dz * xhat).sum(axis=0), dz.sum(axis=0), dw2, db2]
        p[:layers] = [p[k] - rate * grads[k] for k in range(layers)]
    return losses, np.abs(p[1]).max()


curves, biases, alone = {}, {}, {}
print("\nLoss after so many updates      1      10     100     300   largest bias     alone")
for way in WAYS:
    curves[way], biases[way] = walk(way, 300, 0.1, layers=6)
    first, *_, last = walk(way, 10, 0.02, layers=2)[0]
    alone[way] = last - first
    numbers = "".join(f"{curves[way][k]:8.4f}" for k in (1, 10, 100, 300))
    print(f"  {way:<22}" + numbers + f"{biases[way]:15.4f}{alone[way]:+10.4f}")
ends = {way: curve[300] for way, curve in curves.items()}
*kept, worst = WAYS
assert all(abs(ends[way] / ends["all three paths"] - 1) < 0.01 for way in kept)
assert ends[worst] < curves[worst][100] < curves[worst][10] < curves[worst][1]
assert ends[worst] < curves[worst][0] / 3
assert all(alone[way] < -0.004 for way in kept) and alone[worst] > 0
still = [way for way in WAYS if biases[way] < 1e-12]  # 300 sums of 128 numbers, rounded
assert still == ["all three paths", "without the variance's"]

# %% [markdown]
# ```text
# Loss after so many updates      1      10     100     300   largest bias     alone
#   all three paths         0.7624  0.6018  0.3752  0.2112         0.0000   -0.0049
#   without the mean's      0.7623  0.6019  0.3786  0.2131         2.3307   -0.0051
#   without the variance's  0.7618  0.6000  0.3770  0.2112         0.0000   -0.0106
#   without both            0.7617  0.6001  0.3789  0.2101         0.9605   -0.0103
#   without the direct      0.7647  0.6035  0.3836  0.2341         3.1309   +0.0005
# ```
#
# With paths of the statistics missing, the loss ends within a percent of the right one. The second
# half of the prediction was too bold: without the direct path the loss falls as well, to less than
# a third, because the layers behind the norm learn on what the first layer happens to give. Alone,
# that layer gets worse. A bias that moves tells of the mean's path; of the variance's, nothing does
# here but the gradient itself.
#
# ## Coda: three paths against one
#
# A sequence (N, T, C) is to go through a norm for images: its channels are brought forward, and it
# becomes an image of width one. `transpose` moves no numbers in memory, it leaves a view. PyTorch,
# on that view and on a copy of it, where the numbers lie in their new order:

# %%
sequence = torch.tensor([[[8.0, 1.0], [4.0, 1.0], [4.0, 5.0], [4.0, 1.0]]], dtype=torch.float64)
view = sequence.transpose(1, 2)[..., None]  # (1, 2, 4, 1)
up = np.array([[1, 2, -3, 0.5], [4, -1, 2, -2]]).reshape(1, 2, 4, 1)


def in_torch(x):
    leaves = [x, torch.full((2,), 2.0, dtype=x.dtype), torch.ones(2, dtype=x.dtype)]
    x, scale, shift = (leaf.detach().requires_grad_() for leaf in leaves)
    out = torch.nn.functional.batch_norm(x, None, None, scale, shift, training=True, eps=1.0)
    slopes = torch.autograd.grad((out * torch.tensor(up)).sum(), (x, scale, shift))
    return [out.detach().numpy(), *(slope.numpy() for slope in slopes)]


ours = problem(view.numpy(), up, gamma=np.array([2.0, 2.0]), eps=1.0)
found = {}
for name in ("by_hand", "jax", "differences", "complex_step"):
    value, dx, slopes = path(name)(ours)
    found[TITLES[name]] = value, dx, slopes["gamma"], slopes["beta"]
found |= {"PyTorch, copy": in_torch(view.contiguous()), "PyTorch, view": in_torch(view)}
print(f"\nThe view's strides are {view.stride()}")
print(" " * 11 + "".join(f"{name:>14}" for name in found))
for channel in (0, 1):
    for k, name in ((2, "dgamma"), (3, "dbeta")):
        numbers = "".join(f"{arrays[k][channel] + 0:14.4f}" for arrays in found.values())
        print(f"  {name}[{channel}]".ljust(11) + numbers)

out, dx, dgamma, dbeta = found.pop("PyTorch, view")
right = found["by hand"]
for arrays in found.values():
    # Halves and quarters: only the differences round, and have some eight digits left.
    assert all(np.allclose(*pair, atol=1e-7) for pair in zip(arrays, right, strict=True))
assert np.array_equal(out, right[0])
mended = (
    f"PyTorch {torch.__version__} has mended this: rewrite the coda and reference/cards/norms.py"
)
assert not np.array_equal(dbeta, up.sum(axis=(0, 2, 3))), mended

# %% [markdown]
# ```text
#                   by hand           JAX   differences  complex step PyTorch, copy PyTorch, view
#   dgamma[0]        1.7500        1.7500        1.7500        1.7500        1.7500        0.0000
#   dbeta[0]         0.5000        0.5000        0.5000        0.5000        0.5000        4.0000
#   dgamma[1]        2.5000        2.5000        2.5000        2.5000        2.5000       -1.7500
#   dbeta[1]         3.0000        3.0000        3.0000        3.0000        3.0000       -0.5000
# ```
#
# That is PyTorch 2.13 on the CPU. dbeta is the plain sum of a channel's upstream: there is nothing
# to argue about 1 + 2 - 3 + 0.5 = 0.5. PyTorch has 1 - 3 + 4 + 2 = 4, as it reads the upstream in
# the order of the view, in which it does not lie. The output is right. And dx is what belongs to
# that mixed-up upstream, so that it passes both checks from above. Another path sees it at once.

# %%
mixed = up.reshape(4, 2).T.reshape(up.shape)
_, cache = batchnorm_forward(view.numpy(), np.full(2, 2.0), np.ones(2), eps=1.0)
for got, want in zip((dx, dgamma, dbeta), batchnorm_backward(mixed, cache), strict=True):
    assert np.array_equal(got, want)
assert not np.allclose(dx, right[1], atol=1)

# %% [markdown]
# ## What to remember
#
# A number that feeds a statistic feeds every output: each path sends back its part, and the parts
# add. Batch norm's dx is the upstream less its mean and less its part along xhat, so in a channel
# dx sums to 0 and dx xhat nearly so. A loss curve shows none of this.

# %%
if drawing():
    drawn, axes = figure(8, 4)
    place = np.arange(6)
    bars = {"direct": (direct, VALUE), "through the mean": (by_mean, THIRD)}
    bars |= {
        "through the variance": (by_var, FOURTH),
        "dx, their sum": (direct + by_mean + by_var, GRADIENT),
    }
    for k, (label, (values, color)) in enumerate(bars.items()):
        axes.bar(place + 0.2 * (k - 1.5), values[:, 0], 0.18, color=color, label=label)
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set_xticks(place, [f"x = {each:g}" for each in x[:, 0]])
    axes.set(ylabel="gradient", title="A batch of 6: what each path carries to each x")
    axes.legend(fontsize=9)
    keep(drawn, "08_batchnorm_paths")

    drawn, axes = figure(8, 4)
    styles = {COLUMNS[0]: (THIRD, "o", 11), COLUMNS[1]: (FOURTH, "s", 5)}
    styles |= {COLUMNS[2]: (GRADIENT, "^", 8)}
    axes.loglog(SIZES, np.array(SIZES) ** -0.5, color=PALE, linewidth=6, label="1/sqrt(N)")
    axes.loglog(SIZES, 1 / np.array(SIZES), "--", color="0.5", label="1/N, one weight of a path")
    for column, (color, mark, size) in styles.items():
        axes.loglog(SIZES, errors[column], mark, color=color, label=column, markersize=size)
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.minorticks_off()
    axes.set(xlabel="N, the numbers in the batch", ylabel="missing, of the direct path's length")
    axes.set_title("What a dropped path costs")
    axes.legend(fontsize=9)
    keep(drawn, "08_batchnorm_dropped")
