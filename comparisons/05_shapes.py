"""Transposes explained by shapes, and why shapes lie when two sizes are equal.

Claim: of the eight products of dout and x, one has the shape of dw if N, D and M differ: the right
one. If two of them are equal two fit, if all are, eight, and still one is right. A batch of one
hides means, equal numbers hide transposes; the first student of the salary lesson is both, and
hides 8 of 17 classic mistakes.

    backproof compare 05 [--plot DIR]
"""

# %%
from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

import numpy as np
import torch

from comparisons.show import GRADIENT, TITLES, VALUE, drawing, figure, keep
from manual.affine import affine_backward, affine_forward
from manual.network import layer
from reference.agreement import compare
from reference.mistakes import MISTAKES, Mistake, planted
from reference.paths import path
from reference.problem import Problem

# %% [markdown]
# ## From single entries
#
# An affine layer takes N rows of D numbers to N rows of M numbers:
#
#     out[n, m] = sum_d x[n, d] w[d, m] + b[m]
#
# dout[n, m], the gradient of out[n, m], arrives from above. The product x[n, d] w[d, m] stands in
# one place only, in out[n, m]. So dout[n, m] goes back to each of the two, times the other, and
# where several arrive they are added (04):

# %%
x = np.array([[1.0, 2.0, -1.0], [3.0, 1.0, 2.0]])  # N = 2, D = 3
w = np.array([[2.0, 2.0, 2.0, -1.0], [-2.0, 1.0, 1.0, 3.0], [1.0, -1.0, 2.0, 1.0]])  # M = 4
b = np.array([1.0, -1.0, 2.0, -2.0])
dout = np.array([[1.0, -2.0, 1.0, 3.0], [2.0, 1.0, -3.0, -2.0]])

dx, dw, db = np.zeros((2, 3)), np.zeros((3, 4)), np.zeros(4)
for n, d, m in np.ndindex(2, 3, 4):
    dx[n, d] += dout[n, m] * w[d, m]
    dw[d, m] += dout[n, m] * x[n, d]
for n, m in np.ndindex(2, 4):
    db[m] += dout[n, m]

_, cache = affine_forward(x, w, b)
for entries, whole in zip((dx, dw, db), affine_backward(dout, cache), strict=True):
    assert np.array_equal(entries, whole)  # small whole numbers: nothing is rounded

# %% [markdown]
# The first two are products of matrices. dw[d, m] has no n, so n is what its loop sums over. A
# matrix product sums over the last index of its left factor and the first of its right one; n is
# the first of x[n, d], so x must be turned, x.T[d, n]:
#
#     dx[n, d] = sum_m dout[n, m] w[d, m]      dx = dout w.T      (N, M) (M, D) = (N, D)
#     dw[d, m] = sum_n x[n, d] dout[n, m]      dw = x.T dout      (D, N) (N, M) = (D, M)
#     db[m]    = sum_n dout[n, m]              db = dout.sum(0)          (N, M) -> (M,)
#
# ## Prediction
#
# Now without indices. A gradient has the shape of what it is the gradient of, so dw is (D, M). Out
# of x and dout one can make eight products: either one first, each as it is or transposed. With
# three different sizes the left factor must be x.T, as nothing else has D rows, and the right one
# dout, as nothing else has M columns. One fits, and nothing had to be derived.
#
# That works as long as a size tells which axis it is. If N = D, x and x.T have one shape, and so
# x dout fits too. If all are equal all eight fit: a test of shapes lets seven wrong ones through.


# %%
def products(**two: Any) -> Iterator[tuple[str, Any]]:
    """The eight products of two matrices by name; None for one that cannot be computed."""
    for (p, first), (q, second) in permutations(two.items()):
        for s, t in product(("", ".T"), repeat=2):
            left, right = first.T if s else first, second.T if t else second
            fits = left.shape[1] == right.shape[0]
            yield f"{p}{s} @ {q}{t}", left @ right if fits else None


SIZES = {
    "all different": (2, 3, 4),
    "N = D": (3, 3, 4),
    "N = M": (4, 3, 4),
    "D = M": (2, 3, 3),
    "N = D = M": (3, 3, 3),
}
rng = np.random.default_rng(0)
print("\n                  N D M    fit as dx    fit as dw    the wrong ones of dw")
for title, (N, D, M) in SIZES.items():
    xs, ws, douts = (rng.integers(-9, 10, s).astype(float) for s in ((N, D), (D, M), (N, M)))
    counts, wrong = [], []
    true_dx, true_dw, _ = affine_backward(douts, (xs, ws))
    for true, two in ((true_dx, {"dout": douts, "w": ws}), (true_dw, {"x": xs, "dout": douts})):
        fit = {k: a for k, a in products(**two) if a is not None and a.shape == true.shape}
        wrong = [name for name, array in fit.items() if not np.array_equal(array, true)]
        counts.append(len(fit))
        assert len(fit) - len(wrong) == 1 and len(fit) == {3: 1, 2: 2, 1: 8}[len({N, D, M})]
    names = ", ".join(wrong) if len(wrong) < 7 else "the other seven"
    print(f"  {title:<16}{N} {D} {M}{counts[0]:13}{counts[1]:13}    {names}".rstrip())
    assert "x.T @ dout" not in wrong
    assert np.array_equal(np.einsum("nd,nm->dm", xs, douts), true_dw)

# %% [markdown]
# ```text
#                   N D M    fit as dx    fit as dw    the wrong ones of dw
#   all different   2 3 4            1            1
#   N = D           3 3 4            2            2    x @ dout
#   N = M           4 3 4            2            2    x.T @ dout.T
#   D = M           2 3 3            2            2    dout.T @ x
#   N = D = M       3 3 3            8            8    the other seven
# ```
#
# Two equal sizes are enough. So try your layers on three different ones; or name the axes. The
# letters of `np.einsum("nd,nm->dm", x, dout)` are no sizes, and it is right in all five rows.
#
# And db? dout.sum(0), dout.mean(0), dout.max(0) and dout[0] are all (M,). A shape says which axis
# goes, and never how.

# %%
assert {each.shape for each in (dout.sum(0), dout.mean(0), dout.max(0), dout[0])} == {db.shape}

# %% [markdown]
# ## A wrong one that fits
#
# Two rows of two numbers to two outputs. x dout, and dw transposed, have the shape of dw. Neither
# is dw, and each of the four other paths (01) says so.

# %%
net = [layer("affine", "w", "b")]
UNTURNED = Mistake("", "affine_backward", "-1).T @ dout", "-1) @ dout", "")
WRONG = {"x @ dout": UNTURNED, "dw.T": MISTAKES["affine dw transposed"]}
OTHERS = set(TITLES) - {"by_hand"}


def two_by_two(x: list, dout: list) -> Problem:
    """Two inputs to two outputs, all weights 0.1, with this upstream."""
    return Problem(net, {"w": np.full((2, 2), 0.1), "b": np.zeros(2)}, np.array(x), np.array(dout))


def differ(problem: Problem, wrong: str) -> set[str]:
    """The paths that a wrong dw, planted in manual/, does not agree with."""
    with planted(WRONG[wrong]):
        return {each.path for each in compare(problem) if not each.agrees}


square = two_by_two([[1.0, 2.0], [3.0, -1.0]], [[1.0, 0.5], [-2.0, 2.0]])
dws = {title: path(name)(square).params["w"] for name, title in TITLES.items()}
for name, mistake in WRONG.items():
    with planted(mistake):
        dws[name] = path("by_hand")(square).params["w"]
    assert differ(square, name) == OTHERS
print("\n              dw[0, 0]  dw[0, 1]  dw[1, 0]  dw[1, 1]")
for title, each in dws.items():
    print(f"  {title:<12}" + "  ".join(f"{number:8.3f}" for number in each.ravel()))

# %% [markdown]
# ```text
#               dw[0, 0]  dw[0, 1]  dw[1, 0]  dw[1, 1]
#   by hand       -5.000     6.500     4.000    -1.000
#   PyTorch       -5.000     6.500     4.000    -1.000
#   JAX           -5.000     6.500     4.000    -1.000
#   differences   -5.000     6.500     4.000    -1.000
#   complex step  -5.000     6.500     4.000    -1.000
#   x @ dout      -3.000     4.500     5.000    -0.500
#   dw.T          -5.000     4.000     6.500    -1.000
# ```
#
# Where two formulas give the same numbers no test can tell them apart. If x is symmetric, as eye(2)
# and ones and every covariance matrix are, x dout is x.T dout. And the first student of the salary
# lesson (01) has CGPA 8 and IQ 8, and equal weights send an equal -0.736 back to both neurons: all
# four entries of dw are -5.888, transposed or not. That is why fault 2 of that lesson's notebook, a
# transpose, could not be seen there.

# %%
symmetric = two_by_two([[1.0, 2.0], [2.0, 5.0]], [[1.0, 0.5], [-2.0, 2.0]])
student_1 = two_by_two([[8.0, 8.0]], [[-0.736, -0.736]])
assert differ(symmetric, "x @ dout") == differ(student_1, "dw.T") == set()
# One product, of a number that is rounded itself: two roundings of 1.1e-16.
assert np.allclose(path("by_hand")(student_1).params["w"], -5.888, rtol=1e-15)

# %% [markdown]
# ## Prediction
#
# reference/cards/affine.py holds 17 classic mistakes in affine_backward. Plant each, and hold it
# against all four paths on five inputs. In a batch of one (N = 1) the sum over the rows, their mean
# and the last row are the same, so mistakes of that kind will pass. Where all numbers are equal and
# D = M, w and dw are symmetric: transposes will pass. Student 1 is both, and should let through the
# most.


# %%
def drawn(*x: int, M: int) -> Problem:
    """Drawn numbers, for x of these sizes; what is no row is flattened to one."""
    params = {"w": rng.normal(size=(int(np.prod(x[1:])), M)), "b": rng.normal(size=M)}
    return Problem(net, params, rng.normal(size=x), rng.normal(size=(x[0], M)))


INPUTS = {
    "images": drawn(2, 3, 2, M=4),
    "N = 1": drawn(1, 3, 2, M=4),
    "N=D=M": drawn(3, 3, M=3),
    "equal": two_by_two([[8.0, 8.0]] * 2, [[-0.736, -0.736]] * 2),
    "student 1": student_1,
}


def shown_by(problem: Problem) -> str:
    """What shows a mistake: a shape (or an error, as shapes do not fit), numbers, or nothing."""
    try:
        found = list(compare(problem))
    except ValueError:
        return "shape"
    if all(each.agrees for each in found):
        return "-"
    if not found[0].entries:
        return "shape" if "shape" in found[0].where else "dtype"
    # Half of the digits gone may lie within the bound of a difference; the other paths are sharp.
    assert not any(each.agrees for each in found if each.path != "differences")
    return "numbers"


assert all(shown_by(problem) == "-" for problem in INPUTS.values())
print("\nWhat shows a mistake           " + "".join(f"{title:>11}" for title in INPUTS))
rows = {}
for mistake in MISTAKES.values():
    if mistake.function == "affine_backward":
        with planted(mistake):
            rows[mistake.name] = [shown_by(problem) for problem in INPUTS.values()]
        print(f"  {mistake.name[7:]:<29}" + "".join(f"{each:>11}" for each in rows[mistake.name]))
hidden, misfits = ([c.count(w) for c in zip(*rows.values(), strict=True)] for w in ("-", "shape"))
print(f"  {'let through':<29}" + "".join(f"{count:>11}" for count in hidden))
print(f"  {'shown by shapes':<29}" + "".join(f"{count:>11}" for count in misfits))
assert len(rows) == 17 and hidden == [0, 5, 1, 4, 8] and misfits == [6, 6, 2, 2, 3]

# %% [markdown]
# ```text
# What shows a mistake                images      N = 1      N=D=M      equal  student 1
#   all over the batch size          numbers          -    numbers    numbers          -
#   dout divided in place            numbers          -    numbers    numbers          -
#   dx not transposed                  shape      shape    numbers          -          -
#   dx ignores upstream              numbers    numbers    numbers    numbers    numbers
#   dx stays flat                      shape      shape          -          -          -
#   dw transposed                      shape      shape    numbers          -          -
# ```
#
# ```text
#   let through                            0          5          1          4          8
#   shown by shapes                        6          6          2          2          3
# ```
#
# In the first column all 17 are caught, six of them by shapes. With square sizes shapes catch two;
# the transposes are left to the numbers, which catch them if they are drawn. A batch of one lets
# five through, whatever its numbers are, and student 1 lets eight.
#
# ## PyTorch keeps the weights turned
#
# nn.Linear has a weight of shape (M, D), and out = x weight.T + bias. The rule is the same one: its
# gradient must be (M, D), which of the eight only dout.T x is. That is "dw transposed" of the table
# above: a mistake here, and right there. (Our w goes into a Linear as w.T. If D = M, w itself fits
# too, and nothing complains.)

# %%
weight = torch.tensor(w.T, requires_grad=True)
linear = torch.nn.functional.linear(torch.tensor(x), weight, torch.tensor(b))
linear.backward(torch.tensor(dout))
turned = {k: a for k, a in products(x=x, dout=dout) if a is not None and a.shape == weight.shape}
print(f"\nPyTorch's weight is {tuple(weight.shape)}; what fits is {', '.join(turned)}")
assert list(turned) == ["dout.T @ x"]
assert np.array_equal(turned["dout.T @ x"], np.asarray(weight.grad))

# %% [markdown]
# ## What to remember
#
# A gradient has the shape of what it is the gradient of; with different sizes that alone finds the
# product. It finds no sum, no sign and no factor, and with equal sizes less or nothing. So test
# with two rows or more, three different sizes, and drawn numbers.

# %%
if drawing():
    from matplotlib.patches import Rectangle

    drawn_, axes = figure(5.4, 5.4, rows=3)
    length = {"N": 2, "D": 3, "M": 4}
    lines = ["out NM x ND w DM", "dx ND dout NM w.T MD", "dw DM x.T DN dout NM"]
    for each, line in zip(axes, lines, strict=True):
        at, words = 0.0, line.split()
        for name, (down, along) in zip(words[0::2], words[1::2], strict=True):
            color = GRADIENT if name[0] == "d" else VALUE
            tall, wide = length[down], length[along]
            box = Rectangle((at, -tall / 2), wide, tall, facecolor="white", edgecolor=color, lw=2)
            each.add_patch(box)
            each.text(at + wide / 2, 0, name, ha="center", va="center", color=color, fontsize=12)
            each.text(at + wide / 2, tall / 2 + 0.15, along, ha="center", va="bottom")
            each.text(at - 0.15, 0, down, ha="right", va="center")
            at += wide + 1
            if name == words[0]:
                each.text(at - 0.3, 0, "=", ha="center", va="center", fontsize=12)
                at += 0.9
        each.set(xlim=(-0.7, 15.5), ylim=(-2.2, 2.8), aspect="equal")
        each.set_axis_off()
    axes[0].text(14.2, 0, "+ b", va="center", fontsize=12)
    keep(drawn_, "05_shapes")
