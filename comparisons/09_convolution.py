"""The backward of a convolution is two more convolutions, and its own forward runs them.

Claim: dx and dw of a convolution come out of conv2d_forward itself, bit for bit where sums are
exact, with stride and with padding; and conv_transpose2d_forward is nothing but conv2d's dx. A dx
whose kernel was not turned round passes every test whose kernel is its own half turn, and = in
place of += passes every test in which windows do not overlap.

    backproof compare 09 [--plot DIR]
"""

# %%
import numpy as np

from comparisons.show import FOURTH, GRADIENT, THIRD, VALUE, drawing, figure, keep, side_by_side
from manual.convolution import conv1d_backward, conv1d_forward, conv2d_backward, conv2d_forward
from manual.network import layer
from manual.transposed_convolution import conv_transpose2d_forward
from reference.agreement import compare
from reference.problem import Problem

# %% [markdown]
# ## One dimension: the layer is a matrix
#
# Five numbers, a kernel of three, three places to lay it on: out[i] = sum_k w[k] x[i + k]. The
# kernel is not turned round; mathematicians call that a cross-correlation, libraries a convolution.
#
# It is a matrix times x, out = T x. The kernel stands in every row of T, one place further on each
# time (a Toeplitz matrix). So dx = T^T dout, as for every matrix (05_shapes.py); dout is what the
# loss sends back, its derivative by out.

# %%
x, w, dout = np.array([2.0, 1, 0, -1, 3]), np.array([1.0, 2, 3]), np.array([1.0, -1, 2])
T = np.zeros((3, 5))
for i in range(3):
    T[i, i : i + 3] = w
out, cache = conv1d_forward(x.reshape(1, 1, 5), w.reshape(1, 1, 3), np.zeros(1))
dx, dw, db = (each.ravel() for each in conv1d_backward(dout.reshape(1, 1, 3), cache))
print("T transposed\n", T.T, sep="")
print("out = T x      ", T @ x)
print("dx  = T.T dout ", T.T @ dout)
assert np.array_equal(out.ravel(), T @ x) and np.array_equal(dx, T.T @ dout)

# %% [markdown]
# ```text
# T transposed
# [[1. 0. 0.]
#  [2. 1. 0.]
#  [3. 2. 1.]
#  [0. 3. 2.]
#  [0. 0. 3.]]
# out = T x       [ 4. -2.  7.]
# dx  = T.T dout  [1. 1. 3. 1. 6.]
# ```
#
# Read the middle row: dx[2] = 3 dout[0] + 2 dout[1] + 1 dout[2]. It is the kernel backwards, laid
# on dout. The other rows are cut short, as if dout had two zeros at either end. So dx is a
# cross-correlation again, of the padded dout with the turned kernel; mathematicians call that the
# full convolution of dout with w.
#
# And dw: w[k] meets x[i + k] on its way to out[i], so dw[k] = sum_i dout[i] x[i + k]. That is the
# formula of out with dout in the kernel's place: dw[0] = 1 * 2 - 1 * 1 + 2 * 0 = 1.
#
# Below, every path computes the same. Errors are counted in allowances: one is what rounding may
# cost a correct program at that entry, and up to 8 is agreement.

# %%
padded = np.pad(dout, 2)
again = np.correlate(padded, w[::-1], "valid")
print("\npadded dout", padded, "  turned kernel", w[::-1], "  dx", again)
assert np.array_equal(dx, again) and np.array_equal(dx, np.convolve(dout, w, "full"))
assert np.array_equal(dw, np.correlate(x, dout, "valid")) and db == dout.sum()

params = {"w": w.reshape(1, 1, 3), "b": np.zeros(1)}
problem = Problem([layer("conv1d", "w", "b")], params, x.reshape(1, 1, 5), dout.reshape(1, 1, 3))
print("\nThe same on every path; the last line in allowances")
assert all(each.agrees for each in side_by_side(problem, digits=4))
assert dx.tolist() == [1, 1, 3, 1, 6] and dw.tolist() == [1, -1, 7]

# %% [markdown]
# ```text
# padded dout [ 0.  0.  1. -1.  2.  0.  0.]   turned kernel [3. 2. 1.]   dx [1. 1. 3. 1. 6.]
# ```
#
# ## Two dimensions, channels, a batch, a stride
#
# For N images x of C channels, F filters w, and stride 1:
#
#     out[n, f, i, j]   = sum_{c, k, m} w[f, c, k, m]    x[n, c, i + k, j + m]   + b[f]
#     dx[n, c, p, q]    = sum_{f, k, m} w[f, c, k, m]    dout[n, f, p - k, q - m]
#     dw[f, c, k, m]    = sum_{n, i, j} dout[n, f, i, j] x[n, c, i + k, j + m]
#     db[f]             = sum_{n, i, j} dout[n, f, i, j]
#
# The second line is the first, seen from one pixel: x[p, q] goes into out[i, j] by w[k, m] where
# p = i + k and q = j + m, so i = p - k and j = q - m. Beyond its edges dout counts as 0.
#
# * dx: the minus signs turn the kernel, by 180 degrees. out sums over channels and dx over filters,
#   so the two axes swap in w. dout gets K - 1 zeros on every side, for a kernel of K; if x itself
#   was padded by P, only K - 1 - P, for nobody needs the gradient of the padding.
# * dw: the sum goes over the batch, so the batch takes the place of the channels, and dout that of
#   the kernel.
#
# A convolution with stride s is one with stride 1 of which every s-th output is kept. The others
# count for nothing, so their gradient is 0. Put dout back where it came from, with zeros between,
# and go on as with stride 1.
#
# ## Prediction: the forward is enough
#
# If all of this is right, conv2d_forward computes dx and dw, for all strides and sizes, and every
# padding below the kernel.
# On numbers whose sums are exact it must agree with conv2d_backward in every bit, though that one
# was derived another way: the windows, laid out as rows of a matrix, times the kernels.


# %%
def spread(dout, x, w, stride, padding=0):
    """dout among zeros, as large as the output would be with stride 1."""
    places = [n + 2 * padding - k + 1 for n, k in zip(x.shape[2:], w.shape[2:], strict=True)]
    out = np.zeros((*dout.shape[:2], *places))
    out[:, :, ::stride, ::stride] = dout
    return out


def backward_by_forward(dout, x, w, stride, padding):
    """dx and dw of conv2d, for a padding below the kernel, by conv2d_forward alone."""
    d, (F, C) = spread(dout, x, w, stride, padding), w.shape[:2]
    edges = w.shape[2] - 1 - padding, w.shape[3] - 1 - padding
    turned = w[:, :, ::-1, ::-1].swapaxes(0, 1)  # (C, F, KH, KW)
    dx, _ = conv2d_forward(d, turned, np.zeros(C), padding=edges)
    dw, _ = conv2d_forward(x.swapaxes(0, 1), d.swapaxes(0, 1), np.zeros(F), padding=padding)
    return dx, dw.swapaxes(0, 1)  # dw came as (C, F, KH, KW)


def halves(*shape):
    """Multiples of 1/2: every sum below is exact, in any order, so == is the right comparison."""
    return rng.integers(-6, 7, size=shape) / 2


rng = np.random.default_rng(0)
count = 0
for options in np.ndindex(3, 2, 2, 2, 3, 3):
    stride, padding, KH, KW, H, W = np.add(options, (1, 0, 2, 2, 4, 4)).tolist()
    x, w = halves(2, 2, H, W), halves(3, 2, KH, KW)
    out, cache = conv2d_forward(x, w, halves(3), stride, padding)
    dout = halves(*out.shape)
    dx, dw, db = conv2d_backward(dout, cache)
    again = backward_by_forward(dout, x, w, stride, padding)
    assert np.array_equal(dx, again[0]) and np.array_equal(dw, again[1])
    assert np.array_equal(db, dout.sum(axis=(0, 2, 3)))
    # The transposed convolution takes w as it is: its channels are the filters.
    left = (H + 2 * padding - KH) % stride, (W + 2 * padding - KW) % stride
    transposed = conv_transpose2d_forward(dout, w, np.zeros(2), stride, padding, 1, 1, left)[0]
    assert np.array_equal(transposed, dx)
    count += 1
print(f"\n{count} convolutions: dx and dw by conv2d_forward are conv2d_backward's, bit for bit,")
print("    and conv_transpose2d_forward(dout, w) is dx")

# %% [markdown]
# ```text
# 216 convolutions: dx and dw by conv2d_forward are conv2d_backward's, bit for bit,
#     and conv_transpose2d_forward(dout, w) is dx
# ```
#
# The transposed convolution has its name from the T^T above. It undoes the shape of a convolution,
# not its numbers. Where the last rows of x are covered by no window, inputs of several sizes
# lead to one size of out; its option output_padding says which size is meant (`left` in the code).
#
# ## Prediction: how many windows hold a pixel
#
# An image of 7 by 7, a kernel of 3 by 3. Set all weights and all of dout to 1, for once: ones can
# do nothing but count. Then dx[p, q] is the number of windows that hold x[p, q], the number of
# paths from that pixel to the output. Along one axis, with stride 1, windows start at 0 to 4: row 0
# is in one of them, row 1 in two, row 2 in three, and so on: 1 2 3 3 3 2 1. The columns likewise,
# so a corner has 1 path and the centre 3 * 3 = 9; all together have 25 windows * 9 pixels = 225.
#
# With stride 2 windows start at 0, 2 and 4. Row 2 is in two of them, row 3 in one: 1 1 2 1 2 1 1.
# So pixels side by side get 4, 2 and 1 paths, though nothing in image or kernel tells them apart.
# All together have 9 windows * 9 pixels = 81.

# %%
maps, ones, image = {}, np.ones((1, 1, 3, 3)), np.zeros((1, 1, 7, 7))
for stride in (1, 2):
    out, cache = conv2d_forward(image, ones, np.zeros(1), stride)
    maps[stride] = conv2d_backward(np.ones(out.shape), cache)[0][0, 0]
    net, params = [layer("conv2d", "w", "b", stride=stride)], {"w": ones, "b": np.zeros(1)}
    assert all(each.agrees for each in compare(Problem(net, params, image, np.ones(out.shape))))
print("\nPaths from each pixel to the output\n  stride 1           stride 2")
for rows in zip(maps[1], maps[2], strict=True):
    print("  " + "      ".join(" ".join(f"{each:g}" for each in row) for row in rows))
hill, comb = [1, 2, 3, 3, 3, 2, 1], [1, 1, 2, 1, 2, 1, 1]
assert np.array_equal(maps[1], np.outer(hill, hill)) and maps[1].sum() == 25 * 9
assert np.array_equal(maps[2], np.outer(comb, comb)) and maps[2].sum() == 9 * 9 == 81

# %% [markdown]
# ```text
#   stride 1           stride 2
#   1 2 3 3 3 2 1      1 1 2 1 2 1 1
#   2 4 6 6 6 4 2      1 1 2 1 2 1 1
#   3 6 9 9 9 6 3      2 2 4 2 4 2 2
#   3 6 9 9 9 6 3      1 1 2 1 2 1 1
# ```
#
# A transposed convolution runs this backward as its forward. With stride 2 it enlarges an image;
# some pixels then collect four terms, their neighbours two or one. Hence the checkerboards in
# generated images that Odena, Dumoulin and Olah described in 2016.
#
# ## Prediction: which test sees which mistake
#
# Three mistakes: the kernel is not turned for dx; dw is turned, as if it were dx; dx is summed
# window by window, but with = where += belongs. A kernel that is its own turned copy, such as a
# blur, must hide the first. It can't hide the second, for x and dout make dw, and neither is
# symmetric. The third must be hidden where windows do not overlap: there is nothing to add.


# %%
def window_by_window(dout, w, shape, stride, add):
    """dx of conv2d without padding; with add False, the mistake."""
    dx, (KH, KW) = np.zeros(shape), w.shape[2:]
    for i, j in np.ndindex(dout.shape[2:]):
        place = np.s_[:, :, i * stride : i * stride + KH, j * stride : j * stride + KW]
        patch = np.einsum("nf,fckm->nckm", dout[:, :, i, j], w)
        dx[place] = dx[place] + patch if add else patch
    return dx


x, lopsided = halves(2, 2, 9, 9), halves(3, 2, 3, 3)
symmetric = lopsided + lopsided[:, :, ::-1, ::-1]
errors = {"kernel not turned for dx": [], "dw turned": [], "= instead of +=": []}
for w, stride in (lopsided, 1), (symmetric, 1), (lopsided, 3):
    out, cache = conv2d_forward(x, w, np.zeros(3), stride)
    dout = halves(*out.shape)
    dx, dw, _ = conv2d_backward(dout, cache)
    assert np.array_equal(dx, window_by_window(dout, w, x.shape, stride, add=True))
    straight, d = w.swapaxes(0, 1), spread(dout, x, w, stride)
    wrong = [conv2d_forward(d, straight, np.zeros(2), padding=2)[0], dw[:, :, ::-1, ::-1]]
    wrong += [window_by_window(dout, w, x.shape, stride, add=False)]
    for row, mistaken, right in zip(errors.values(), wrong, (dx, dw, dx), strict=True):
        row.append(float(np.abs(mistaken - right).max()))

print("\nThe largest error             lopsided      symmetric       lopsided")
print("                              stride 1       stride 1       stride 3")
for name, row in errors.items():
    print(f"  {name:<24}" + "".join(f"{each:12.2f}   " for each in row).rstrip())
hidden = [[each == 0 for each in row] for row in errors.values()]
assert hidden == [[False, True, False], [False, False, False], [False, False, True]]

# %% [markdown]
# ```text
# The largest error             lopsided      symmetric       lopsided
#                               stride 1       stride 1       stride 3
#   kernel not turned for dx       75.75           0.00          27.75
#   dw turned                      96.00         118.25          48.50
#   = instead of +=                54.75          74.75           0.00
# ```
#
# So test with a random kernel, and with a stride below its size.
#
# ## What to remember
#
# A convolution is a matrix that nobody writes down. dx is its transpose times dout: the turned
# kernel slides over dout, which is padded, and for a stride spread out with zeros. dw is x with
# dout as the kernel. Where windows overlap, gradients add up.

# %%
if drawing():
    from matplotlib.patches import Rectangle

    def cells(axes, matrix, look, title):
        """A matrix in coloured squares; look(number) -> its text, its colour, how deep."""
        for (i, j), number in np.ndenumerate(matrix):
            text, color, depth = look(number)
            axes.add_patch(Rectangle((j, i), 1, 1, facecolor=color, alpha=depth, edgecolor="white"))
            ink = "white" if depth > 0.6 else "black"
            axes.text(j + 0.5, i + 0.5, text, ha="center", va="center", color=ink)
        rows, columns = matrix.shape
        axes.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", xticks=[], yticks=[])
        axes.set_title(title, fontsize=11)
        axes.spines[:].set_visible(False)

    def weight(number):
        k = int(number) - 1  # the weights are 1, 2, 3
        return ("0", "0.9", 0.4) if k < 0 else (f"w[{k}]", (VALUE, THIRD, FOURTH)[k], 1)

    drawn, (left, right) = figure(8, 4, columns=2)
    cells(left, T, weight, "out = T x")
    cells(right, T.T, weight, "dx = Tᵀ dout")
    for axes, across, down, color in (left, "x", "out", VALUE), (right, "dout", "dx", GRADIENT):
        columns, rows = np.arange(axes.get_xlim()[1]), np.arange(axes.get_ylim()[0])
        axes.set_xticks(columns + 0.5, [f"{across}[{j:g}]" for j in columns])
        axes.set_yticks(rows + 0.5, [f"{down}[{i:g}]" for i in rows])
        axes.tick_params(length=0, labeltop=True, labelbottom=False, colors=color)
    keep(drawn, "09_convolution_matrix")

    drawn, panels = figure(8, 4, columns=2)
    for axes, (stride, paths) in zip(panels, maps.items(), strict=True):
        top, title = paths.max(), f"Paths to the output, kernel 3 by 3, stride {stride}"
        cells(axes, paths, lambda n, top=top: (f"{n:g}", GRADIENT, n / top), title)
    keep(drawn, "09_convolution_paths")
