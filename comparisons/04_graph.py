"""The chain rule as a graph: gradients add where paths meet, and half the examples hide it.

Claim: a backward pass that sets gradients (=) where it should add them (+=) gets three of six
well-known worked examples right to the last digit, and in all six just those inputs from which no
more than one path leads to the output. And the sum over all paths is the number that one sweep
backwards gives: on a ladder of n diamonds, for 2^n paths against 4 n edges.

    backproof compare 04 [--plot DIR]
"""

# %%
import math
from typing import Any

import jax
import numpy as np
import torch

from comparisons.show import THIRD, draw_network, drawing, figure, keep, side_by_side
from manual.network import layer, residual
from reference.paths import by_hand
from reference.problem import Problem

# %% [markdown]
# ## A tape
#
# A Node is a number that remembers what it was computed from, its parents, and for each of them the
# derivative of this one line. The tape lists the nodes in the order in which they were made: every
# node stands behind its parents. So read backwards, the gradient of a node is complete before it is
# passed on.

# %%
tape = []


def number(each):
    return each.value if isinstance(each, Node) else each


class Node:
    def __init__(self, value, *parents):
        self.value, self.grad = value, 0.0
        self.parents = [(p, local) for p, local in parents if isinstance(p, Node)]
        tape.append(self)

    def __add__(self, other):
        return Node(self.value + number(other), (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        return Node(self.value * number(other), (self, number(other)), (other, self.value))

    def __pow__(self, k):
        return Node(self.value**k, (self, k * self.value ** (k - 1)))

    __radd__, __rmul__, real = __add__, __mul__, property(number)


def backward(out, add=True):
    for node in tape:
        node.grad = 0.0
    out.grad = 1.0
    for node in reversed(tape):
        for parent, local in node.parents:
            parent.grad = (parent.grad if add else 0.0) + node.grad * local


# %% [markdown]
# ## Why they add
#
# f = (ab)(a + b) at a = -2, b = 3, from Karpathy's micrograd lecture (2022): d = ab = -6 and
# e = a + b = 1, so f = de = -6. Move a by a small h. Then d moves by 3 h, and e by h, both at once;
# f moves by e times 3 h, which is 3 h, and by d times h, which is -6 h: by -3 h in all. Every path
# from a to f contributes the product of the derivatives along it, and a small step goes along all
# of them at once, so that their contributions add:
#
#     df/da = df/dd dd/da + df/de de/da =  e b + d 1 = 1 * 3  + -6 * 1 = -3
#     df/db = df/dd dd/db + df/de de/db =  e a + d 1 = 1 * -2 + -6 * 1 = -8


# %%
def paths(node, leaf):
    """Every path back from a node to a leaf, as the list of the derivatives along it."""
    if node is leaf:
        return [[]]
    return [[local, *rest] for p, local in node.parents for rest in paths(p, leaf)]


def record(f, numbers):
    """f of new nodes, on a new tape. Returns the last node, and the leaves."""
    tape.clear()
    leaves = [Node(each) for each in numbers]
    return f(*leaves), leaves


def fork(a, b):
    return (a * b) * (a + b)


out, leaves = record(fork, [-2.0, 3.0])
backward(out)
assert [paths(out, leaf) for leaf in leaves] == [[[1, 3], [-6, 1]], [[1, -2], [-6, 1]]]
assert [leaf.grad for leaf in leaves] == [1 * 3 + -6 * 1, 1 * -2 + -6 * 1] == [-3, -8]

# %% [markdown]
# ## Prediction
#
# Six examples, each from a place where many people meet backprop. Which of them would a student's
# backward get right that sets gradients, parent.grad = ..., where it should add them? Setting keeps
# one contribution, the last to arrive. So it should be right for an input from which one path leads
# to the output, or none, and wrong where two meet, unless what is thrown away happens to be 0.
#
# * The fork above, (ab)(a + b): wrong for both inputs.
# * Colah's (a + b)(b + 1): right for a, wrong for b.
# * The expression in micrograd's README: c and d are used over and over. Wrong for both.
# * CS231n's (x + y) z and 2 (xy + max(z, w)), and the lecture's L = (ab + c) f: every input occurs
#   once, and so does every number between. The graph is a tree. All of it will be right.
#
# With the last three one can test a backward all day and not see it.


# %%
def larger(a, b):
    """max is the larger one itself: there is no path from the other."""
    return a if a.real > b.real else b


def readme(a, b):
    """-d is written as -1 d, 10 / f as 10 f^-1: what the tape has."""
    c = a + b
    d = a * b + b**3
    c = c + (c + 1.0)
    c = c + (1.0 + c + -1.0 * a)
    d = d + (d * 2.0 + larger(b + a, 0.0))
    d = d + (3.0 * d + larger(b + -1.0 * a, 0.0))
    f = (c + -1.0 * d) ** 2
    return f * 0.5 + 10.0 * f**-1


# Title, inputs, f, where, and the sources' digits: the output, then the gradients of the inputs.
examples = [
    ("(ab)(a + b)", "ab", fork, [-2.0, 3.0], "-6 -3 -8"),
    ("(a + b)(b + 1)", "ab", lambda a, b: (a + b) * (b + 1.0), [2.0, 1.0], "6 2 5"),
    ("micrograd's README", "ab", readme, [-4.0, 2.0], "24.7041 138.8338 645.5773"),
    ("(x + y) z", "xyz", lambda x, y, z: (x + y) * z, [-2.0, 5.0, -4.0], "-12 -4 -4 3"),
    (
        "2 (xy + max(z, w))", "xyzw", lambda x, y, z, w: 2.0 * (x * y + larger(z, w)),
        [3.0, -4.0, 2.0, -1.0], "-20 -8 6 2 0",
    ),
    ("(ab + c) f", "abcf", lambda a, b, c, f: (a * b + c) * f, [2.0, -3.0, 10.0, -2.0],
     "-8 6 -4 -2 4"),
]  # fmt: skip
STEP = 2.0**-17


def other_ways(f, numbers):
    """The gradients from PyTorch, JAX, central differences and the complex step."""
    tensors = [torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in numbers]
    slopes = torch.autograd.grad(f(*tensors), tensors, materialize_grads=True)
    yield [each.item() for each in slopes]
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        yield [float(each) for each in jax.grad(f, tuple(range(len(numbers))))(*numbers)]

    def at(k, step):
        return f(*numbers[:k], numbers[k] + step, *numbers[k + 1 :])

    yield [(at(k, STEP) - at(k, -STEP)) / (2 * STEP) for k in range(len(numbers))]
    yield [at(k, 1e-30j).imag / 1e-30 for k in range(len(numbers))]


right = set()  # the examples that = gets right
print("\n      paths        tape      with =     PyTorch         JAX differences  complex step")
for title, names, f, numbers, printed in examples:
    out, leaves = record(f, numbers)
    backward(out, add=False)
    faulty = [leaf.grad for leaf in leaves]
    backward(out)
    slopes = [leaf.grad for leaf in leaves]
    others = list(other_ways(f, numbers))
    places = 4 if "." in printed else 0
    assert printed == " ".join(f"{each:.{places}f}" for each in [out.value, *slopes])
    print(f"  {title} = {out.value:.{places}f}")
    for k, name in enumerate(names):
        found = paths(out, leaves[k])
        row = "".join(f"{each[k]:12.4f}" for each in (slopes, faulty, *others))
        print(f"    {name}{len(found):6}{row}")
        assert (faulty[k] == slopes[k]) == (len(found) <= 1)
        # The README's are sums of a few dozen roundings; the rest is exact. The difference leaves
        # out STEP^2 / 6 = 1e-11 times a third derivative.
        assert math.isclose(sum(map(math.prod, found)), slopes[k], rel_tol=1e-13)
        for other, accuracy in zip(others, (1e-13, 1e-13, 1e-8, 1e-13), strict=True):
            assert math.isclose(other[k], slopes[k], rel_tol=accuracy)
    right |= {title} if faulty == slopes else set()
assert right == {"(x + y) z", "2 (xy + max(z, w))", "(ab + c) f"}

# %% [markdown]
# ```text
#       paths        tape      with =     PyTorch         JAX differences  complex step
#   (ab)(a + b) = -6
#     a     2     -3.0000      3.0000     -3.0000     -3.0000     -3.0000     -3.0000
#     b     2     -8.0000     -2.0000     -8.0000     -8.0000     -8.0000     -8.0000
#   (a + b)(b + 1) = 6
#     a     1      2.0000      2.0000      2.0000      2.0000      2.0000      2.0000
#     b     2      5.0000      2.0000      5.0000      5.0000      5.0000      5.0000
#   micrograd's README = 24.7041
#     a    20    138.8338     -7.0000    138.8338    138.8338    138.8338    138.8338
#     b    26    645.5773     -7.0000    645.5773    645.5773    645.5773    645.5773
# ```
#
# As predicted: = is right where there is one path or none, and nowhere else. max has no path from
# the smaller of the two, nor has relu from a negative number.
#
# ## Why not path by path
#
# The sum over paths is the chain rule. Why not compute it so? Put n diamonds in a row: y goes two
# ways, l = y / 2 and r = 3 y / 4, which meet in l + r, the y of the next. Each diamond doubles the
# number of paths and adds four edges. Backwards, every edge is used once: what has come to a node
# is one number, however many paths it stands for. Path by path, an edge is used again for every
# path through it: 2 n edges on each of 2^n paths.


# %%
def ladder(n):
    def f(y):
        for _ in range(n):
            y = y * 0.5 + y * 0.75
        return y

    return f


print("\n  diamonds   edges            paths   edges used, path by path   backwards")
for n in (1, 2, 4, 12):
    out, (x,) = record(ladder(n), [1.0])
    backward(out)
    found = paths(out, x)
    edges, walked = sum(len(node.parents) for node in tape), sum(map(len, found))
    print(f"  {n:8}{edges:8}{len(found):17,}{walked:27,}{edges:12}")
    # Halves and quarters: both sums are exact.
    assert sum(map(math.prod, found)) == x.grad == 1.25**n
    assert (edges, len(found), walked) == (4 * n, 2**n, 2 * n * 2**n)
print(f"  {64:8}{4 * 64:8}{2.0**64:17.2g}{2 * 64 * 2.0**64:27.2g}{4 * 64:12}")
assert 70_000 < 2 * 64 * 2.0**64 / 1e9 / (365 * 24 * 3600) < 80_000  # years

# %% [markdown]
# ```text
#   diamonds   edges            paths   edges used, path by path   backwards
#          1       4                2                          4           4
#          2       8                4                         16           8
#          4      16               16                        128          16
#         12      48            4,096                     98,304          48
#         64     256          1.8e+19                    2.4e+21         256
# ```
#
# At a billion edges a second, 64 diamonds take over 70,000 years, path by path. Backprop computes
# the same sum with one step along each edge, so all gradients together cost a small multiple of the
# forward pass. And 64 residual blocks are such a ladder, a way through each and one past it.
#
# ## In the large
#
# Both kinds of fork in one network: out = affine(x + affine(x)), with the same W and b twice. x
# forks into the branch and the skip. W forks into its two uses. Small enough for a pencil:
#
#     u = x W + b = (0, 5)     h = x + u = (1, 7)     out = h W + b = (-5, 7.5)
#
# and backwards, if dout = (1, 3) arrives (why the transposes: 05):
#
#     dh = dout W.T = (7, 0.5)
#     dx = dh + dh W.T  = (7, 0.5) + (8, -6.75)                   past the block, and through it
#     dW = h.T dout + x.T dh = (1, 3; 7, 21) + (7, 0.5; 14, 1)    its second use, and its first

# %%
x, dout = np.array([[1.0, 2.0]]), np.array([[1.0, 3.0]])
params = {"W": np.array([[1.0, 2.0], [-1.0, 0.5]]), "b": np.array([1.0, 2.0])}
net = [residual(layer("affine", "W", "b")), layer("affine", "W", "b")]
print("\nA residual and a shared parameter; the last line in allowances (01), up to 8 is agreement")
assert all(each.agrees for each in side_by_side(Problem(net, params, x, dout), digits=2))

# Each use under a name of its own, with the same numbers: the two parts of the sum.
apart = [residual(layer("affine", "W1", "b1")), layer("affine", "W2", "b2")]
copies = {f"{name}{use}": params[name] for name in params for use in (1, 2)}
both = by_hand.gradients(Problem(net, params, x, dout)).named()
parts = by_hand.gradients(Problem(apart, copies, x, dout)).named()
assert all(np.array_equal(parts[f"{name}1"] + parts[f"{name}2"], both[name]) for name in params)
assert parts["W2"].tolist() == [[1, 3], [7, 21]] and parts["W1"].tolist() == [[7, 0.5], [14, 1]]
assert both["value"].tolist() == [[-5, 7.5]] and both["x"].tolist() == [[7 + 8, 0.5 - 6.75]]

# %% [markdown]
# In manual/network.py the sum is `grads[name] + dparam`. With = it would keep the first use alone,
# as the backward pass comes to it last.
#
# ## What to remember
#
# Along a path multiply, where paths meet add. A value that is used twice gets two gradients, and
# the gradient is their sum: a skip, a shared weight, a bias used in every row. A test on a tree
# cannot show that they are added; test on a graph with a fork.

# %%
if drawing():
    drawn, panels = figure(10, 4.2, columns=2)
    places = {"a": (0, 2), "b": (0, 0), "d": (2, 2), "e": (2, 0), "f": (3.6, 1)}
    notes = {"d": "a b", "e": "a + b", "f": "d e"}
    out, _ = record(fork, [-2.0, 3.0])
    name = dict(zip(tape, "abdef", strict=True))
    for axes, add in zip(panels, (True, False), strict=True):
        backward(out, add)
        texts, marks = {}, dict[Any, float]((name[node], node.grad) for node in tape)
        for node in tape:
            for parent, local in node.parents:
                edge = name[parent], name[node]
                texts[edge], marks[edge] = f"times {local:g}", node.grad * local
        values = {name[node]: node.value for node in tape}
        draw_network(axes, places, values, texts, marks, edge_color=THIRD, notes=notes)
        title = "Right: what arrives is added" if add else "Wrong: what arrives last is kept"
        axes.set_title(title, fontsize=11)
    keep(drawn, "04_graph_fork")
