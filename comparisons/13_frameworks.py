"""Where PyTorch and JAX give different gradients of the same function, and who is wrong.

Claim: at a corner, at a tie, at a zero over a zero the two give different gradients, and PyTorch
alone gives three for max(x, 0). At a corner every slope between those of its two sides is right.
Yet a smooth loss that is built of such right answers can get a gradient that is wrong: three times
too large, or of the wrong sign; and where gradients agree, defaults of the same name still do not.

    backproof compare 13 [--plot DIR]
"""

# %%
import jax
import jax.numpy as jnp
import numpy as np
import torch

from comparisons.conventions import AGREED, CONVENTIONS, Row, answers, sides, slopes_by_hand, table
from comparisons.show import FOURTH, GRADIENT, PALE, THIRD, VALUE, drawing, figure, keep
from manual.classification import bce_with_logits_loss, svm_loss
from manual.embedding import embedding_forward
from manual.pooling import max_pool2d_backward, max_pool2d_forward
from manual.rectifiers import leaky_relu_backward, leaky_relu_forward, relu_backward, relu_forward
from manual.regression import l1_loss

F = torch.nn.functional
print(f"torch {torch.__version__}, jax {jax.__version__}")
changed: list[str] = []  # what these versions say otherwise than the text

# %% [markdown]
# ## Prediction
#
# Five gradients to guess before you read on, in PyTorch and in JAX, all in float64:
#
# 1. |x| at 0.
# 2. max(x, 0) at 0, written as relu, as maximum, as clamp.
# 3. The largest of [1, 1, 0].
# 4. The length of the vector (0, 0).
# 5. relu at nan.
#
# A rule to guess by. At a corner a library has to give some number. Any slope between the left one
# and the right one is fair (a subgradient: a line through the corner that stays on one side of the
# graph). So 1 may be anything from -1 to 1, 2 anything from 0 to 1, and 3 any way to share a 1.
# What comes out is what its authors' formula happens to give: sign(x) is 0 at 0, and "1 where
# x >= 0, else -1" is 1. The formula decides 5 too: at nan both "x > 0" and "x <= 0" are false, so a
# mask that keeps x > 0 gives 0, and one that removes x <= 0 gives 1. In 4, 0 is divided by 0.
#
# The tables are computed when the script runs, by the versions installed. The text quotes torch
# 2.13 and JAX 0.10; a line that comes out otherwise is marked CHANGED, and fails at the end.

# %% [markdown]
# ## At a corner
#
# First the slopes left and right of the point. Then PyTorch, JAX, and manual/ by hand (- where it
# has no such function). Last, two that know no derivative: the central difference takes the mean of
# the two sides, the complex step the right side, because NumPy orders 0 + ih behind 0.
#
# A row of the code is: what, at which x, in PyTorch, in JAX, the gradient by hand; the answers as
# "PyTorch | JAX | by hand"; what they mean for a port; the function in NumPy, for the two sides.

# %%
# fmt: off
corners = [
    Row("|x| at 0", 0, torch.abs, jnp.abs, lambda x: l1_loss(x, 0 * x)[1], "0 | 1 | 0",
        "under an L1 penalty JAX pushes a weight of exactly 0 away from it. manual's l1_loss takes "
        "0, as PyTorch does: a loss that is met should pull nowhere.",
        lambda x: np.where(x > 0, x, -x)),
    Row("relu at 0", 0, F.relu, jax.nn.relu,
        lambda x: slopes_by_hand(relu_forward, relu_backward, x), "0 | 0 | 0",
        "the built-in ones agree, and manual agrees with them.",
        lambda x: x * (x > 0)),
    Row("maximum(x, 0) at 0", 0, lambda x: torch.maximum(x, torch.zeros_like(x)),
        lambda x: jnp.maximum(x, 0), None, "0.5 | 0.5 | -",
        "a tie of two arguments is shared. A relu written so is not the built-in one.",
        lambda x: np.maximum(x, 0)),
    Row("clamp(x, min=0) at 0", 0, lambda x: x.clamp(min=0), lambda x: jnp.clip(x, 0), None,
        "1 | 0.5 | -", "PyTorch counts the bounds as inside, JAX builds clip from maximum.",
        lambda x: np.maximum(x, 0)),
    Row("clamp to [0, 1] at 0, 1", [0, 1], lambda x: x.clamp(0, 1), lambda x: jnp.clip(x, 0, 1),
        None, "1 1 | 0.5 0.5 | -", "many a pixel is 0 or 1, and JAX halves its gradient.",
        lambda x: np.minimum(np.maximum(x, 0), 1)),
    Row("hardtanh at -1, 1", [-1, 1], F.hardtanh, jax.nn.hard_tanh, None, "0 0 | 1 1 | -",
        "this is clamp to [-1, 1], but neither library answers as it does for clamp.",
        lambda x: np.minimum(np.maximum(x, -1), 1)),
    Row("leaky relu at 0", 0, F.leaky_relu, jax.nn.leaky_relu,
        lambda x: slopes_by_hand(leaky_relu_forward, leaky_relu_backward, x), "0.01 | 1 | 0.01",
        "with biases of 0, blank pixels are exact zeros here: a port trains otherwise from its "
        "first step on. manual takes the left slope, as for relu.",
        lambda x: np.where(x > 0, x, 0.01 * x)),
    Row("hinge max(0, 1 - x) at 1", 1, lambda x: F.relu(1 - x), lambda x: jnp.maximum(0, 1 - x),
        lambda x: svm_loss(np.array([[float(x), 0.0]]), np.array([0]))[1][0, 0], "0 | -0.5 | 0",
        "JAX's textbook formula still pushes a score that is just good enough. manual's svm_loss "
        "does not, as in CS231n.",
        lambda x: np.maximum(0, 1 - x)),
]
# fmt: on
at_corners = answers(corners)
table("At a corner", corners, at_corners, changed)

# %% [markdown]
# ```text
#                             left  right  PyTorch      JAX  by hand  difference  complex step
#   |x| at 0                    -1      1        0        1        0           0             1
#   relu at 0                    0      1        0        0        0         0.5             1
#   maximum(x, 0) at 0           0      1      0.5      0.5        -         0.5             1
#   clamp(x, min=0) at 0         0      1        1      0.5        -         0.5             1
#   clamp to [0, 1] at 0, 1    0 1    1 0      1 1  0.5 0.5        -     0.5 0.5           1 0
#   hardtanh at -1, 1          0 1    1 0      0 0      1 1        -     0.5 0.5           1 0
#   leaky relu at 0           0.01      1     0.01        1     0.01       0.505             1
#   hinge max(0, 1 - x) at 1    -1      0        0     -0.5        0        -0.5             0
# ```
#
# So PyTorch has 0, 0.5 and 1 for max(x, 0), as it is spelt. Nobody is wrong: every answer lies
# between its two sides, which we check. But a ported model walks another way from the first exact
# 0 on, and exact zeros are no accident: biases start there, padding and dead relus put them there.

# %%
for row, claimed in zip(corners, at_corners, strict=True):
    left, right, central, complex_step = sides(row)
    assert (central == (left + right) / 2).all() and (complex_step == right).all()
    for each in set(claimed) - {"-"}:
        slopes = np.array([float(word) for word in each.split()])
        assert (np.minimum(left, right) <= slopes).all(), row.what
        assert (slopes <= np.maximum(left, right)).all(), row.what

# %% [markdown]
# ## At a tie
#
# Whose is the gradient of a maximum that several share? One gets all, or all get a share.

# %%
# fmt: off
ties = [
    Row("max of 1 1 0", [1, 1, 0], lambda x: x.max(0).values, jnp.max, None,
        "1 0 0 | 0.5 0.5 0 | -", "PyTorch's max over an axis gives all to one."),
    Row("amax of 1 1 0", [1, 1, 0], lambda x: x.amax(), jnp.max, None,
        "0.5 0.5 0 | 0.5 0.5 0 | -", "PyTorch's amax shares; so does max() without an axis."),
    Row("fmax of 1 and 1", [1, 1], lambda x: torch.fmax(x[0], x[1]),
        lambda x: jnp.fmax(x[0], x[1]), None, "1 0 | 0 1 | -", "all to the first, or to the last."),
    Row("third cummax of 1 1 1", [1, 1, 1], lambda x: x.cummax(0).values[2],
        lambda x: jax.lax.cummax(x)[2], None, "0 0 1 | 0.25 0.25 0.5 | -",
        "JAX builds it as a tree of maxima and halves at each, so the shares are uneven."),
    Row("median of 1 2 3 4", [1, 2, 3, 4], torch.median, jnp.median, None,
        "0 1 0 0 | 0 0.5 0.5 0 | -", "the values differ too: 2, the lower middle, and 2.5."),
    Row("max pool of four 1s", [[1, 1], [1, 1]], lambda x: F.max_pool2d(x[None], 2),
        lambda x: x.reshape(1, 1, 4).max(-1),
        lambda x: max_pool2d_backward(np.ones((1, 1, 1, 1)), max_pool2d_forward(x[None, None])[1]),
        "1 0 0 0 | 0.25 0.25 0.25 0.25 | 1 0 0 0",
        "behind a relu whole windows are 0: such ties are common. manual gives all to the first, "
        "as PyTorch does."),
    Row("the same, reduce_window", [[1, 1], [1, 1]], None,
        lambda x: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (2, 2), (2, 2), "VALID"), None,
        "- | 1 0 0 0 | -", "JAX's own pooling (flax's max_pool) gives all to the first too."),
]
# fmt: on
table("At a tie", ties, answers(ties), changed)

# %% [markdown]
# ```text
#                              PyTorch                  JAX  by hand
#   max of 1 1 0                 1 0 0            0.5 0.5 0        -
#   amax of 1 1 0            0.5 0.5 0            0.5 0.5 0        -
#   fmax of 1 and 1                1 0                  0 1        -
#   third cummax of 1 1 1        0 0 1        0.25 0.25 0.5        -
#   median of 1 2 3 4          0 1 0 0          0 0.5 0.5 0        -
#   max pool of four 1s        1 0 0 0  0.25 0.25 0.25 0.25  1 0 0 0
#   the same, reduce_window          -              1 0 0 0        -
# ```
#
# ## Where the formula has 0 / 0
#
# The length of a vector is a cone, and its tip a corner: 0 is a subgradient there. The chain rule
# through the root does not see that. It multiplies 1 / (2 sqrt(0)), infinity, with 2 x, zero: nan.
# PyTorch's authors have put in the 0 by hand, function by function; JAX mostly leaves the nan.

# %%
# fmt: off
singular = [
    Row("length of (0, 0)", [0, 0], torch.linalg.vector_norm, jnp.linalg.norm, None,
        "0 0 | nan nan | -", "one zero vector in a batch, and after one update the weights of a "
        "JAX model are nan. manual has no bare norm: its norm layers take the root of var + eps."),
    Row("Frobenius norm of zeros", [[0, 0], [0, 0]], torch.linalg.matrix_norm,
        jnp.linalg.norm, None, "0 0 0 0 | nan nan nan nan | -", "the length of a matrix."),
    Row("1-norm of (0, 2)", [0, 2], lambda x: torch.linalg.vector_norm(x, 1),
        lambda x: jnp.linalg.norm(x, 1), None, "0 1 | 1 1 | -", "|x| at 0 again."),
    Row("largest size of (0, 0)", [0, 0], lambda x: torch.linalg.vector_norm(x, np.inf),
        lambda x: jnp.linalg.norm(x, np.inf), None, "0 0 | 0.25 0.25 | -",
        "JAX takes the maximum of these two and a 0 of its own, which gets half of the tie."),
    Row("std of (3, 3)", [3, 3], torch.std, jnp.std, None, "0 0 | nan nan | -",
        "a constant feature, such as a blank border. Take the root of var + eps."),
    Row("hypot(0, 0)", [0, 0], lambda x: torch.hypot(x[0], x[1]),
        lambda x: jnp.hypot(x[0], x[1]), None, "nan nan | 0.5 0.5 | -",
        "the length under another name, and now it is PyTorch that says nan."),
    Row("atan2(0, 0)", [0, 0], lambda x: torch.atan2(x[0], x[1]),
        lambda x: jnp.arctan2(x[0], x[1]), None, "0 0 | nan nan | -",
        "an angle has no slope there. PyTorch hides that."),
    Row("x^p at x = 0, p = 0", 0, lambda x: x ** torch.zeros_like(x), lambda x: x**jnp.zeros(()),
        None, "0 | nan | -",
        "x^0 is 1, so 0 is right. JAX forms p x^(p - 1), 0 times infinity, unless p is an int."),
    Row("xlogy(x, y) at 0, 0", 0, lambda x: torch.xlogy(x, torch.zeros_like(x)),
        lambda x: jax.scipy.special.xlogy(x, jnp.zeros(())), None, "0 | -inf | -",
        "the slope is log y, so -inf is right. PyTorch hides it."),
    Row("first of x / |x| at (0, 0)", [0, 0], lambda x: F.normalize(x, dim=0)[0],
        lambda x: (x / jnp.linalg.norm(x))[0], None, "1e+12 0 | nan nan | -",
        "F.normalize divides by at least 1e-12: no nan, but a gradient that ends the training."),
    Row("-log p at p = 0", 0, lambda p: F.binary_cross_entropy(p, torch.ones_like(p)),
        lambda p: -jnp.log(p), None, "-1e+12 | -inf | -", "PyTorch stops at 1e12. manual has only "
        "the loss of logits, where the sigmoid and the log have cancelled to p - y."),
    Row("-log(1 - p) at p = 0", 0, lambda p: F.binary_cross_entropy(p, torch.zeros_like(p)),
        lambda p: -(0 * jnp.log(p) + (1 - 0) * jnp.log(1 - p)), None, "0 | nan | -",
        "the slope is 1. Both are wrong, on an example that is classified rightly."),
]
# fmt: on
table("Where the formula has 0 / 0", singular, answers(singular), changed)

# %% [markdown]
# ```text
#                               PyTorch              JAX  by hand
#   length of (0, 0)                0 0          nan nan        -
#   Frobenius norm of zeros     0 0 0 0  nan nan nan nan        -
#   1-norm of (0, 2)                0 1              1 1        -
#   largest size of (0, 0)          0 0        0.25 0.25        -
#   std of (3, 3)                   0 0          nan nan        -
#   hypot(0, 0)                 nan nan          0.5 0.5        -
#   atan2(0, 0)                     0 0          nan nan        -
#   x^p at x = 0, p = 0               0              nan        -
#   xlogy(x, y) at 0, 0               0             -inf        -
#   first of x / |x| at (0, 0)  1e+12 0          nan nan        -
#   -log p at p = 0              -1e+12             -inf        -
#   -log(1 - p) at p = 0              0              nan        -
# ```
#
# The last row is smooth: -log(1 - p) has the slope 1 / (1 - p) = 1 at 0. JAX, given the textbook
# formula -y log p - (1 - y) log(1 - p) with y = 0, computes 0 times -1 / p, nan. PyTorch's loss
# divides p - y by p (1 - p), cut below at 1e-12: 0 / 1e-12 = 0. Neither says a word.
#
# ## Not a number, not in range, not real

# %%
third = np.array([0.0, 0.0, 1.0, 0.0])

# fmt: off
others = [
    Row("relu at nan", np.nan, F.relu, jax.nn.relu,
        lambda x: slopes_by_hand(relu_forward, relu_backward, x), "1 | 0 | 0",
        "PyTorch masks x <= 0, JAX and manual keep x > 0, and nan is neither. No library returns "
        "nan, so a finite gradient does not mean that there were no nans."),
    Row("|x| at nan", np.nan, torch.abs, jnp.abs, lambda x: l1_loss(x, np.ones(()))[1],
        "0 | -1 | nan", "manual answers nan, which nobody overlooks."),
    Row("det of [1 2; 2 4]", [[1, 2], [2, 4]], torch.linalg.det, jnp.linalg.det, None,
        "0 0 0 0 | 4 -2 -2 1 | -", "a d - b c is a polynomial, so its slopes are d, -c, -b, a "
        "everywhere. PyTorch says 0 where the det that it gets is exactly 0."),
    Row("det of diag(1, 1, x, 1) at 0", 0,
        lambda x: torch.linalg.det(torch.diag(torch.tensor(1 - third) + x * torch.tensor(third))),
        lambda x: jnp.linalg.det(jnp.diag(1 - third + x * third)), None, "0 | 0 | -",
        "this det is x, so 1 is right. Up to 3 by 3 JAX is right, from 4 by 4 on it can fail too."),
    Row("x[5] of three", [1, 2, 3], lambda x: x[5], lambda x: x[5],
        lambda x: embedding_forward(np.array([5]), x[:, None])[0],
        "IndexError | 0 0 1 | ValueError", "a single index: JAX reads the last entry and trains "
        "it. manual raises: an id out of range is a mistake of the data."),
    Row("x[[5]] of three", [1, 2, 3], lambda x: x[torch.tensor([5])],
        lambda x: x[jnp.array([5])],
        lambda x: embedding_forward(np.array([[5]]), x[:, None])[0],
        "IndexError | 0 0 0 | ValueError", "an array of them, as a batch of labels is: JAX reads "
        "the last entry and trains nothing; jnp.take reads nan. No error in either."),
    Row("|z|^2 at 1 + 2i", 1 + 2j, lambda z: z.abs() ** 2, lambda z: jnp.abs(z) ** 2, None,
        "2+4j | 2-4j | -", "PyTorch's points uphill, JAX's is its conjugate. In JAX descend along "
        "the conjugate, or the imaginary part climbs."),
]
# fmt: on
table("Not a number, not in range, not real", others, answers(others), changed)

moves = 2.0**-10 * np.eye(4)  # det by differences: it is linear in each entry
rises = [(1 + a) * (4 + d) - (2 + b) * (2 + c) for a, b, c, d in moves]
assert [rise / 2.0**-10 for rise in rises] == [4, -2, -2, 1]

# %% [markdown]
# ```text
#                                    PyTorch        JAX     by hand
#   relu at nan                            1          0           0
#   |x| at nan                             0         -1         nan
#   det of [1 2; 2 4]                0 0 0 0  4 -2 -2 1           -
#   det of diag(1, 1, x, 1) at 0           0          0           -
#   x[5] of three                 IndexError      0 0 1  ValueError
#   x[[5]] of three               IndexError      0 0 0  ValueError
#   |z|^2 at 1 + 2i                     2+4j       2-4j           -
# ```
#
# The five guesses, PyTorch against JAX: 0 against 1; 0, 0.5 and 1 against 0, 0.5 and 0.5; 1 0 0 (or
# 0.5 0.5 0, by another name) against 0.5 0.5 0; 0 against nan; 1 against 0.
#
# Four finite answers so far are wrong, and not only different: PyTorch's 0 for -log(1 - p) and for
# the first det, and the 0 of both for the second. A nan is no better, but it is seen. The other
# finite ones are conventions: at a corner, at a tie, or where the slope is infinite or none.
#
# ## Prediction: a smooth function through a kinked formula
#
# Binary cross-entropy on a logit x with the label y, in the form that cannot overflow:
#
#     max(x, 0) - x y + log(1 + exp(-|x|))
#
# max and |x| both have a corner at 0, but the loss has none: it is softplus(x) - x y, with the
# slope sigmoid(x) - y, which at x = 0 is -0.5 for y = 1, and 0.5 for y = 0. The chain rule takes
# the pieces. Let m be the slope that a library gives max(x, 0) at 0, and s the one it gives |x|.
# The slope of log(1 + exp(-a)) at a = 0 is -1/2, so what comes out is
#
#     m - y - s / 2
#
# Right is m = (1 + s) / 2: the right slopes of both (1 and 1), the left ones (0 and -1), or the
# middle of both (0.5 and 0). PyTorch's s is 0, so only maximum's m = 0.5 will do. For y = 1 relu's
# 0 should lead to -1, and clamp's 1 to 0; for y = 0, to 0 and 1. JAX's s is 1, so it needs m = 1,
# which none of its spellings gives. For y = 1 its 0.5 should lead to -1, and relu's 0 to -1.5,
# three times the truth; for y = 0 to 0, and to -0.5, which trains the wrong way. And x is often
# exactly 0: a last layer that starts at 0 puts every logit there.


# %%
def stable(positive, library, y):
    """The loss, with a max(x, 0) of one's choice."""

    def loss(x):
        return positive(x) - x * y + library.log1p(library.exp(-library.abs(x)))

    return loss


def smooth(y):  # in NumPy, |x| by where, which lets the complex step through
    return lambda x: np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.where(x > 0, x, -x)))


spellings = {
    "relu": ("relu at 0", F.relu, jax.nn.relu),
    "maximum": ("maximum(x, 0) at 0", lambda x: torch.maximum(x, torch.zeros_like(x)),
                lambda x: jnp.maximum(x, 0)),
    "clamp, clip": ("clamp(x, min=0) at 0", lambda x: x.clamp(min=0), lambda x: jnp.clip(x, 0)),
}  # fmt: skip
# fmt: off
told = {
    ("relu", 1): ("-1 | -1.5 | -", "twice and three times the truth."),
    ("maximum", 1): ("-0.5 | -1 | -", "in PyTorch the middle of one corner meets the other's."),
    ("clamp, clip", 1): ("0 | -1 | -", "in PyTorch nothing is learnt."),
    ("relu", 0): ("0 | -0.5 | -", "in PyTorch nothing is learnt, in JAX the opposite."),
    ("maximum", 0): ("0.5 | 0 | -", "JAX learns nothing."),
    ("clamp, clip", 0): ("1 | 0 | -", "twice the truth, and nothing."),
}
through = [
    Row(f"with {name}, y = {y}", 0, stable(in_torch, torch, y), stable(in_jax, jnp, y), None,
        *told[name, y], smooth(y))
    for y in (1, 0) for name, (_, in_torch, in_jax) in spellings.items()
]
through.append(
    Row("the built-in loss, y = 1", 0,
        lambda x: F.binary_cross_entropy_with_logits(x, torch.ones_like(x)),
        lambda x: jax.nn.softplus(x) - x, lambda x: bce_with_logits_loss(x, np.ones(()))[1],
        "-0.5 | -0.5 | -0.5", "its backward is sigmoid(x) - y, and so is manual's: the slope of "
        "the function, not of the formula that computes it.", smooth(1)),
)
# fmt: on
got = answers(through)
table("Stable cross-entropy at x = 0", through, got, changed)

claims = dict(zip((row.what for row in corners), at_corners, strict=True))
for k, numbers in enumerate(got[:-1]):
    what, y = list(spellings.values())[k % 3][0], 1 - k // 3
    for library in (0, 1):
        m, s = float(claims[what][library]), float(claims["|x| at 0"][library])
        assert float(numbers[library]) == m - y - s / 2
for y, row in ((1, through[0]), (0, through[3])):
    assert [f"{float(each):.6g}" for each in sides(row)] == [f"{0.5 - y:g}"] * 4

# %% [markdown]
# ```text
#                             left  right  PyTorch   JAX  by hand  difference  complex step
#   with relu, y = 1          -0.5   -0.5       -1  -1.5        -        -0.5          -0.5
#   with maximum, y = 1       -0.5   -0.5     -0.5    -1        -        -0.5          -0.5
#   with clamp, clip, y = 1   -0.5   -0.5        0    -1        -        -0.5          -0.5
#   with relu, y = 0           0.5    0.5        0  -0.5        -         0.5           0.5
#   with maximum, y = 0        0.5    0.5      0.5     0        -         0.5           0.5
#   with clamp, clip, y = 0    0.5    0.5        1     0        -         0.5           0.5
#   the built-in loss, y = 1  -0.5   -0.5     -0.5  -0.5     -0.5        -0.5          -0.5
# ```
#
# A subgradient for each piece is not a subgradient for the whole. Hence the rule of this project:
# at a corner one layer may be tested against the slopes of its two sides, a network may not. The
# difference and the complex step are right here: the first takes the middle of both corners, the
# second the right side of both.
#
# ## What they agree on

# %%
table("What they agree on", AGREED, answers(AGREED), changed, notes=False)

# %% [markdown]
# ```text
#                                  PyTorch        JAX    by hand
#   relu6 at 0, 6                      0 0        0 0          -
#   hardswish at -3, 3                 0 1        0 1          -
#   elu with alpha 0.5 at 0            0.5        0.5        0.5
#   maximum(1, 1)                  0.5 0.5    0.5 0.5          -
#   sqrt at 0                          inf        inf          -
#   where(x > 0, log x, 0) at 0        nan        nan          -
#   label smoothing 0.2           0.4 -0.4   0.4 -0.4   0.4 -0.4
#   first of x / rms at (0, 0)   316.228 0  316.228 0  316.228 0
# ```
#
# The row with where is a trap that both fall into. Backwards, the branch that was not taken gets a
# gradient of 0, times the slope of log at 0, infinity: nan. The cure is a second where inside, so
# that log never sees the 0; manual's elu keeps large numbers from exp in that way. The last row
# shows the cure for 0 / 0: with eps under the root all three agree, on 1 / sqrt(1e-5). Optimizers
# agree too where their settings do; script 16 shows that, and how far defaults lead them apart.
#
# ## Equal gradients, unequal conventions
#
# Now values, not gradients, but for the rows that say slope. Optimizer rows are the length of a
# first step with learning rate 0.01 (AdamW: its 0.001); clip is the length that is left. JAX leaves
# layers and optimizers to others. Its column is JAX where it has the function (gelu, var, the
# convolutions), and else the formula that the documentation of flax 0.12 or optax 0.2 gives. Those
# are not run; the last column says what is theirs. The rows stand in comparisons/conventions.py.

# %%
table("Conventions", CONVENTIONS, answers(CONVENTIONS, gradients=False), changed)

# %% [markdown]
# ```text
#                                      PyTorch           JAX      by hand           flax, optax*
#   gelu, slope at 1                   1.08332       1.08296      1.08332              as jax.nn
#   var of 1 2 4                       2.33333       1.55556            -                      -
#   running var after 1 2 4            1.13333       1.00556      1.13333           0.99, over n
#   batch norm of one row           ValueError         0 0 0        0 0 0                  0 0 0
#   layer norm of -.001 and .001      0.301511      0.707107     0.301511               eps 1e-6
#   conv 1 2 3 4, stride 2             210 432        321 43      210 432    SAME is the default
#   transposed conv of 1              1 10 100      100 10 1     1 10 100             as jax.lax
#   huber, delta 2, slope at 3               2             2            2               the same
#   smooth_l1, beta 2, slope at 3            1             -            -                      -
#   label 5 of 2, x[5], slope       IndexError      0.5 -0.5   ValueError                      -
#   labels [5] of 2, x[[0], [5]]             -  0.693147 0 0            -                      -
#   label 5 of 2, loss and slope             -   nan 0.5 0.5            -               this one
#   clip (3e-6, 4e-6) to 5e-6      4.16667e-06         5e-06  4.16667e-06                no 1e-6
#   AdamW: w 1, gradient 0               1e-05         1e-07        1e-05             decay 1e-4
#   RMSprop: gradient 1                    0.1     0.0316228          0.1              decay 0.9
#   RMSprop: gradient 1e-5           0.0990099     0.0009995    0.0990099             eps inside
#   Adagrad: gradient 0.1                 0.01    0.00301511         0.01  start 0.1, eps inside
#   LSTM with gates 2 -2 0.5 1        0.352734      0.352734     0.409837                i f g o
# ```

# %%
every = [*corners, *ties, *singular, *others, *through, *AGREED, *CONVENTIONS]
both = [row.said.split(" | ") for row in every if row.torch and row.jax]
apart = sum(in_torch != in_jax for in_torch, in_jax, _ in both)
print(f"\n{len(both)} rows have both libraries; in {apart} they differ")
assert not changed, "\n".join(changed)

# %% [markdown]
# ```text
# 63 rows have both libraries; in 48 they differ
# ```
#
# ## What to remember
#
# At a corner a gradient is a convention. Know your library's, and do not call a difference there a
# bug; but compare two frameworks away from ties, or conventions will hide a real bug. A loss or a
# norm written from max, abs and sqrt inherits their conventions, where it has no corner too: use
# the built-in one, or derive its backward from the function. And port the defaults, not the names.

# %%
if drawing():
    plain = {row.what: row.plain for row in corners}
    spelt = {"relu at 0": "relu", "maximum(x, 0) at 0": "maximum", "clamp(x, min=0) at 0": "clamp"}
    panels = {"|x|": {"|x| at 0": "abs"}, "max(x, 0)": spelt}
    xs, reach = np.linspace(-1.3, 1.3, 401), np.array([-0.6, 0.6])
    drawn, axes = figure(9, 4.4, columns=2, sharey=True)
    for ax, (title, names) in zip(axes, panels.items(), strict=True):
        f = plain[next(iter(names))]
        assert f
        ax.plot(xs, f(xs), color=VALUE, linewidth=1.5)
        ax.fill_between(reach, -f(-1) * reach, f(1) * reach, color=PALE, alpha=0.6, linewidth=0)
        who: dict[str, list[str]] = {}  # slopes -> who claims them
        for what, name in names.items():
            for library, claim in zip(("PyTorch", "JAX", "manual"), claims[what], strict=True):
                own = "clip" if (library, name) == ("JAX", "clamp") else name
                who.setdefault(claim, []).append(f"{library}'s {own}")
        who.pop("-", None)
        for (claim, whose), color in zip(who.items(), (GRADIENT, THIRD, FOURTH), strict=False):
            label = f"{claim}: {', '.join(whose)}"
            ax.plot(reach, float(claim) * reach, color=color, linewidth=2.2, label=label)
        ax.set(title=title, xlabel="x", ylabel="value", ylim=(-0.7, 1.9))
        ax.legend(loc="upper left", fontsize=8, frameon=False)
    drawn.suptitle("The slope claimed at a corner; shaded, every slope that is right", fontsize=11)
    keep(drawn, "13_frameworks_corners")
