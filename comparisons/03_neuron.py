"""One neuron by hand, and where the digits of a printed -1.5000003851533106 come from.

Claim: in a well-known lecture PyTorch prints -1.5000003851533106 for a derivative that is -1.5. All
its digits up to the fifteenth decimal are right, for a slightly different neuron, whose bias was
rounded to float32. And the sigmoid's derivative, s (1 - s) on paper and stage by stage
in a circuit, is not one but two in float64: they part at z = -800 and at z = 40.

    backproof compare 03 [--plot DIR]
"""

# %%
import math
from decimal import Decimal, localcontext

import jax
import numpy as np
import torch

from comparisons.show import THIRD, draw_network, drawing, figure, keep, side_by_side
from manual.network import layer
from manual.sigmoids import sigmoid_backward, sigmoid_forward
from reference.agreement import compare
from reference.problem import Problem

# %% [markdown]
# ## Forward
#
# The neuron of Andrej Karpathy's micrograd lecture (2022): two inputs, two weights, a bias, and a
# tanh. One operation a line, so that each line has a derivative that everybody knows.

# %%
x1, w1, x2, w2, b = 2.0, -3.0, 0.0, 1.0, 6.8813735870195432

p1 = x1 * w1
p2 = x2 * w2
s = p1 + p2
n = s + b
o = math.tanh(n)

# %% [markdown]
# ## Backward
#
# From the last line to the first. dn is short for do/dn, what the output gains for a small step of
# n; the first is do/do = 1. The chain rule says: what has come so far, times the derivative of this
# line alone.

# %%
do = 1.0
dn = do * (1 - o * o)  # o = tanh(n):  do/dn = 1 - o^2
ds = dn * 1  #           n = s + b:    dn/ds = 1
db = dn * 1  #                         dn/db = 1
dp1 = ds * 1  #          s = p1 + p2:  ds/dp1 = 1
dp2 = ds * 1  #                        ds/dp2 = 1
dx1 = dp1 * w1  #        p1 = x1 w1:   dp1/dx1 = w1
dw1 = dp1 * x1  #                      dp1/dw1 = x1
dx2 = dp2 * w2  #        p2 = x2 w2:   dp2/dx2 = w2
dw2 = dp2 * x2  #                      dp2/dw2 = x2

print("  line            value    its derivative              of the output")
for line, value, local, slope, name, whole in [
    ("o = tanh(n)", o, "do/dn   = 1 - o^2 =", 1 - o * o, "n", dn),
    ("n = s + b", n, "dn/ds   =", 1, "s", ds),
    ("", "", "dn/db   =", 1, "b", db),
    ("s = p1 + p2", s, "ds/dp1  =", 1, "p1", dp1),
    ("", "", "ds/dp2  =", 1, "p2", dp2),
    ("p1 = x1 w1", p1, "dp1/dx1 = w1      =", w1, "x1", dx1),
    ("", "", "dp1/dw1 = x1      =", x1, "w1", dw1),
    ("p2 = x2 w2", p2, "dp2/dx2 = w2      =", w2, "x2", dx2),
    ("", "", "dp2/dw2 = x2      =", x2, "w2", dw2),
]:
    number = value if value == "" else f"{value:.6f}"
    print(f"  {line:<12}{number:>10}    {local:<19}{slope:5.2g}    do/d{name:<2} = {whole:9.6f}")

# %% [markdown]
# ```text
#   line            value    its derivative              of the output
#   o = tanh(n)   0.707107    do/dn   = 1 - o^2 =  0.5    do/dn  =  0.500000
#   n = s + b     0.881374    dn/ds   =              1    do/ds  =  0.500000
#                             dn/db   =              1    do/db  =  0.500000
#   s = p1 + p2  -6.000000    ds/dp1  =              1    do/dp1 =  0.500000
#                             ds/dp2  =              1    do/dp2 =  0.500000
#   p1 = x1 w1   -6.000000    dp1/dx1 = w1      =   -3    do/dx1 = -1.500000
#                             dp1/dw1 = x1      =    2    do/dw1 =  1.000000
#   p2 = x2 w2    0.000000    dp2/dx2 = w2      =    1    do/dx2 =  0.500000
#                             dp2/dw2 = x2      =    0    do/dw2 =  0.000000
# ```
#
# The strange bias makes the rest simple: n = log(1 + sqrt 2), so o = 1 / sqrt 2 and 1 - o^2 = 1/2.
#
# x2 is 0, so do/dw2 is 0: whatever comes from above, w2 learns nothing from this example, as no
# value of it changes the output. The same holds for every weight that reads a relu's 0, and for
# every row of an embedding whose token does not occur. What lies below is not cut off: do/dx2 is
# dp2 times w2, 0.5.
#
# Now the same as a network of one affine layer and a tanh, by hand and on the four other paths
# (01): x holds x1 and x2, and W holds w1 above w2. Inside a larger network do is not 1 but what
# arrives from above, the upstream gradient. With 1 nobody sees whether a backward multiplies by it,
# so the paths are compared at -2.5 too.

# %%
net = [layer("affine", "W", "b"), layer("tanh")]
params = {"W": np.array([[w1], [w2]]), "b": np.array([b])}
neuron = Problem(net, params, np.array([[x1, x2]]), np.array([[1.0]]))
print("\nThe tanh neuron; the last line in allowances, up to 8 is agreement")
assert all(each.agrees for each in side_by_side(neuron, digits=8))
assert all(each.agrees for each in compare(neuron._replace(y=np.array([[-2.5]]))))
assert n == 0.8813735870195432  # as printed in the lecture; -6 + b is exact
# The last digit of tanh differs from library to library: here by one unit at most.
assert abs(o - 0.7071067811865476) <= math.ulp(o)
assert abs(n - math.log(1 + math.sqrt(2))) < 1e-15
# Twice o times that unit, times 3, and a few roundings.
assert np.allclose([dx1, dw1, dx2, dw2], [-1.5, 1, 0.5, 0], rtol=0, atol=1e-15)

# %% [markdown]
# ## Prediction
#
# The lecture then does the same in PyTorch, and prints -1.5000003851533106 for do/dx1, where -1.5
# is right. Does autograd round so badly? The lecture makes b by torch.Tensor([6.88...]).double(),
# and torch.Tensor is float32: b is rounded to float32 before it is widened. What will that do?
#
# * Between 4 and 8 float32 has steps of 2^-21, so b moves by up to 2.4e-7. It moves by -1.816e-7.
# * The slope is 1 - o^2, and its own slope is -2 o (1 - o^2) = -0.7071. So do/dn rises by 0.7071
#   times 1.816e-7, which is 1.28e-7: to 0.500000128. Times -3 it is -1.500000385.
# * A rounding of float64 is 1.1e-16 of a number: more than a billion times less.
#
# If that is all, every path gets these digits at the rounded b, the differences included, which
# know nothing of autograd; and float64 arithmetic without a framework gets all sixteen.

# %%
rounded = float(np.float32(b))
print(f"\nb rounded to float32 is {rounded:.16f}, {rounded - b:+.2e}; on every path")
moved = neuron._replace(params=params | {"b": np.array([rounded])})
assert all(each.agrees for each in side_by_side(moved, digits=9))
rise = -2 * o * (1 - o * o) * (rounded - b)  # predicted, to first order
assert abs(rounded - b) < 2.0**-22 and f"{rounded - b:.3e}" == "-1.816e-07"
assert f"{rise:.2e}" == "1.28e-07" and f"{-3 * (0.5 + rise):.9f}" == "-1.500000385"

tensors = [torch.Tensor([each]).double().requires_grad_() for each in (x2, w2, x1, w1, b)]
X2, W2, X1, W1, B = tensors
out = torch.tanh(X1 * W1 + X2 * W2 + B)
by_torch = [out.item(), *(each.item() for each in torch.autograd.grad(out, tensors))]


def cell(o):
    """What the lecture's cell prints: o, and the gradients of x2, w2, x1, w1."""
    slope = 1 - o * o
    return [o, slope, 0 * slope, -3 * slope, 2 * slope]


def exact_tanh(b):
    e = (2 * (Decimal(b) - 6)).exp()
    return (e - 1) / (e + 1)


with localcontext(prec=40):
    there, here = cell(exact_tanh(rounded)), cell(exact_tanh(b))
in_float64 = cell(float(there[0]))  # the float64 nearest to tanh, then float64 arithmetic
by_numpy = cell(np.tanh(x1 * w1 + x2 * w2 + np.float64(np.float32(b))))
printed = "0.7071066904050358 0.5000001283844369 0.0 -1.5000003851533106 1.0000002567688737"

print(f"\n{'in the lecture':>25}{'float64 arithmetic':>21}{'exact, rounded b':>23}{'exact, b':>22}")
for k, (name, text) in enumerate(zip(["o", "x2", "w2", "x1", "w1"], printed.split(), strict=True)):
    print(f"  {name:<2}{text:>21}{in_float64[k]!r:>21}{there[k]:+23.18f}{here[k]:+22.17f}")
    assert repr(in_float64[k]) == text
    # One unit of the last place in tanh, times 2 o and 3, and a few roundings.
    assert abs(by_torch[k] - float(text)) < 1e-15 > abs(by_numpy[k] - float(text))

# %% [markdown]
# ```text
#            in the lecture   float64 arithmetic       exact, rounded b              exact, b
#   o    0.7071066904050358   0.7071066904050358  +0.707106690405035841  +0.70710678118654759
#   x2   0.5000001283844369   0.5000001283844369  +0.500000128384436794  +0.49999999999999991
#   w2                  0.0                  0.0  +0.000000000000000000  +0.00000000000000000
#   x1  -1.5000003851533106  -1.5000003851533106  -1.500000385153310381  -1.49999999999999972
#   w1   1.0000002567688737   1.0000002567688737  +1.000000256768873588  +0.99999999999999981
# ```
#
# All the digits of the lecture, and beside them the exact derivative at the rounded b. Rounding has
# touched the sixteenth decimal of x1's and none before it. The seventh is not 0 because the
# derivative is taken at another b. With torch.tensor([6.88...], dtype=torch.float64) nothing is
# rounded on the way in.

# %%
error, distance = (abs(float(Decimal(in_float64[3]) - each[3])) for each in (there, here))
assert error < 5e-16 and f"{distance:.2e}" == "3.85e-07" and distance > 1e9 * 2.0**-53
assert str(there[3])[:18] == repr(in_float64[3])[:18] == "-1.500000385153310"
assert torch.tensor([b], dtype=torch.float64).item() == b != B.item() == rounded

# %% [markdown]
# ## The sigmoid, in two ways
#
# The CS231n notes (Stanford) take a sigmoid neuron apart: w = [2, -3, -3], x = [-1, -2], the last
# weight is the bias. f = 1 / (1 + exp(-z)) in four stages, each with a derivative of its own:
#
#     z = w0 x0 + w1 x1 + w2       =  1
#     a = -z                       = -1          da/dz = -1
#     e = exp(a)                   =  0.3679     de/da =  e      =  0.3679
#     d = 1 + e                    =  1.3679     dd/de =  1
#     f = 1 / d                    =  0.7311     df/dd = -1/d^2  = -0.5344
#
# Their product is df/dz = e / (1 + e)^2 = 0.1966. As f = 1 / (1 + e) and 1 - f = e / (1 + e), that
# is f (1 - f) as well: 0.7311 times 0.2689.


# %%
def staged(z):
    """The sigmoid's derivative, stage by stage: [z, a, e, d, f], and what has come to each."""
    with np.errstate(over="ignore", invalid="ignore"):  # at z = -800 below
        a = -z
        e = np.exp(a)
        d = 1 + e
        f = 1 / d
        df = 1.0
        dd = df * -1 / (d * d)
        de = dd * 1
        da = de * e
        dz = da * -1
    return [z, a, e, d, f], [dz, da, de, dd, df]


w, x = np.array([2.0, -3.0, -3.0]), np.array([-1.0, -2.0])
values, slopes = staged(w[0] * x[0] + w[1] * x[1] + w[2])
f, dz = values[-1], slopes[0]
print("\nCS231n            z        -z       exp        +1       1/d")
print("  value   " + "".join(f"{each:+10.4f}" for each in values))
print("  gradient" + "".join(f"{each:+10.4f}" for each in slopes))
dw, dx = [dz * x[0], dz * x[1], dz], [dz * w[0], dz * w[1]]
# The notes print two digits.
assert [f"{each:.2f}" for each in values] == ["1.00", "-1.00", "0.37", "1.37", "0.73"]
assert [f"{each:.2f}" for each in slopes] == ["0.20", "-0.20", "-0.53", "-0.53", "1.00"]
assert [f"{each:.2f}" for each in (*dw, *dx)] == ["-0.20", "-0.39", "0.20", "0.39", "-0.59"]
assert abs(f * (1 - f) - dz) < 1e-16

units = {"w": w[:2, None], "b": w[2:]}
net = [layer("affine", "w", "b"), layer("sigmoid")]
circuit = Problem(net, units, x[None], np.array([[1.0]]))
print("\nThe sigmoid neuron; the last line in allowances")
assert all(each.agrees for each in side_by_side(circuit, digits=8))
assert all(each.agrees for each in compare(circuit._replace(y=np.array([[3.5]]))))

# %% [markdown]
# ## Where they part
#
# On paper the two are one. In float64: at z = -800, exp(800) is inf, 1 / inf^2 is 0, and 0 times
# inf is nan, where the derivative is smaller than any float64. At z = 40 the sigmoid is 1 to all
# digits, so 1 - f is 0, and the staged way, which never subtracts, keeps 4.25e-18.

# %%
score = torch.tensor(40.0, dtype=torch.float64, requires_grad=True)
label = torch.zeros((), dtype=torch.float64)
torch.nn.functional.binary_cross_entropy(torch.sigmoid(score), label).backward()
print(f"\nThe slope of -log(1 - f) at z = 40, by PyTorch in two steps: {score.grad:g}; it is 1")
assert score.grad == 0
print("\n      z       staged      by hand      PyTorch          JAX        exact")
table = {}
for z in (-800.0, -40.0, 1.0, 40.0):
    out, cache = sigmoid_forward(np.array([z]))
    tensor = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        by_jax = float(jax.grad(jax.nn.sigmoid)(z))
    (slope,) = torch.autograd.grad(torch.sigmoid(tensor), tensor)
    tail = math.exp(-abs(z))
    row = [staged(z)[1][0], sigmoid_backward(np.array([1.0]), cache)[0]]
    table[z] = [*row, slope.item(), by_jax, tail / (1 + tail) ** 2]
    print(f"  {z:5g}" + "".join(f"{abs(each):13.3g}" for each in table[z]))
assert math.isnan(table[-800.0][0]) and table[-800.0][1:] == [0, 0, 0, 0]
assert table[40.0][1:4] == [0, 0, 0] and table[-40.0][1] == 0
# An exp, a sum and two products in each: some roundings of 1.1e-16.
assert math.isclose(table[40.0][0], table[40.0][4], rel_tol=1e-15)

# %% [markdown]
# ```text
#       z       staged      by hand      PyTorch          JAX        exact
#    -800          nan            0            0            0            0
#     -40     4.25e-18            0     4.25e-18     4.25e-18     4.25e-18
#       1        0.197        0.197        0.197        0.197        0.197
#      40     4.25e-18            0            0            0     4.25e-18
# ```
#
# A nan goes on to everything below it. A 0 for 4.25e-18 costs nothing if what arrives from above is
# of size 1. Under a logarithm it is not: at z = 40 the loss -log(1 - f) sends 1 / (1 - f) = 2.4e17
# back, and the product should be 1. So sigmoid and logarithm are best taken as one function; 07
# does that for softmax.
#
# PyTorch and JAX take f (1 - f) too, as their 0 at z = 40 tells. By hand the sigmoid is (1 + tanh(z
# / 2)) / 2, which cannot overflow; the price is a 0 at z = -40 as well.
#
# ## What to remember
#
# A backward pass is one known derivative a line, times what has come so far. If two programs differ
# in the seventh digit, ask whether they stand at the same point before you ask who rounds worse.

# %%
if drawing():
    drawn, axes = figure(9, 5.2)
    places = {"x1": (0, 3), "w1": (0, 2), "x2": (0, 1), "w2": (0, 0), "p1": (1.6, 2.5)}
    places |= {"p2": (1.6, 0.5), "s": (3.2, 1.5), "b": (3.2, 0.3), "n": (4.6, 1.5), "o": (6, 1.5)}
    numbers = [x1, w1, x2, w2, p1, p2, s, b, n, o]
    gradients = [dx1, dw1, dx2, dw2, dp1, dp2, ds, db, dn, do]
    edges = {("x1", "p1"): w1, ("w1", "p1"): x1, ("x2", "p2"): w2, ("w2", "p2"): x2}
    edges |= {("p1", "s"): 1, ("p2", "s"): 1, ("s", "n"): 1, ("b", "n"): 1, ("n", "o"): 1 - o * o}
    texts = {edge: f"times {local:g}" for edge, local in edges.items()}
    notes = {"p1": "x1 w1", "p2": "x2 w2", "s": "p1 + p2", "n": "s + b", "o": "tanh n"}
    values, slopes = (dict(zip(places, each, strict=True)) for each in (numbers, gradients))
    style = {"digits": 5, "along": 0.45, "edge_color": THIRD, "notes": notes}
    draw_network(axes, places, values, texts, slopes, **style)
    title = "Values in blue, gradients of o in red, in green what each step back multiplies by"
    axes.set_title(title, fontsize=11)
    keep(drawn, "03_neuron")
