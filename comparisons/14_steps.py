"""How small a step? The best one, and the digits that it leaves, can be worked out beforehand.

Claim: the best step of a gradient check, and the digits that it leaves, follow from two lines of
algebra. A published exercise whose correct code misses its threshold of 1e-7 misses it for another
reason than its step: its loss takes the logarithm of 1 - a.

    backproof compare 14 [--plot DIR]
"""

# %%
from collections.abc import Callable, Iterator
from typing import Any

import mpmath  # comes with PyTorch, which needs SymPy, which needs it
import numpy as np

from comparisons.show import FOURTH, GRADIENT, THIRD, VALUE, drawing, figure, keep, side_by_side
from manual.classification import bce_with_logits_loss
from manual.network import Params, layer, mlp, network_forward, network_loss
from manual.regression import mse_loss
from reference.agreement import compare
from reference.problem import Problem

# %% [markdown]
# ## Five ways
#
# A derivative by differences needs the loss alone. Of a loss f, as one parameter moves by a step:
#
#     forward          (f(h) - f(0)) / h                       off by  h f'' / 2
#     central          (f(h) - f(-h)) / 2h                     off by  h^2 f''' / 6
#     Richardson       (4 central(h) - central(2h)) / 3        off by  h^4 f''''' / 30
#     complex step     the imaginary part of f(ih), over h     off by  h^2 f''' / 6
#
# The third combines two central differences so that their h^2 cancels. The fifth way is backprop,
# which takes no step. The network has 26 parameters, one hidden layer of tanh, and mse. Its numbers
# are rounded to float32 at once, so that float32 and float64 ask the same question.


# %%
def forward(f: Callable, h: Any) -> Any:
    return (f(h) - f(0 * h)) / h


def central(f: Callable, h: Any) -> Any:
    return (f(h) - f(-h)) / (2 * h)


def richardson(f: Callable, h: Any) -> Any:
    return (4 * central(f, h) - central(f, 2 * h)) / 3


def complex_step(f: Callable, h: float) -> float:
    return f(1j * h).imag / h


def lines(params: Params, loss: Callable[[Params], Any]) -> Iterator[Callable]:
    """For each parameter a function of a step: the loss with that one parameter moved."""
    for name, array in params.items():
        for index in np.ndindex(array.shape):

            def f(step: Any, name: str = name, index: Any = index) -> Any:
                moved = params[name] + 0 * step  # of the step's kind, complex where that is
                moved[index] += step
                return loss(params | {name: moved})

            yield f


def mean_square(x: Any, y: Any) -> Callable[[Params], Any]:
    return lambda params: mse_loss(network_forward(x, params, net)[0], y)[0]


def norm(v: Any) -> float:
    return float(np.sqrt((v * v).sum()))


def flat(grads: Params, params: Params) -> Any:
    return np.concatenate([grads[name].ravel() for name in params])


rng = np.random.default_rng(0)
net, shapes = mlp([3, 4, 2], "tanh")
single = {name: rng.normal(size=w.shape).astype(np.float32) for name, w in shapes.items()}
single_x, single_y = (rng.normal(size=shape).astype(np.float32) for shape in ((5, 3), (5, 2)))
params = {name: w.astype(float) for name, w in single.items()}
x, y, mse = single_x.astype(float), single_y.astype(float), layer("mse")
print("The gradient of W2 in float64; in the last line, up to 8 allowances is agreement")
found = side_by_side(Problem(net, params, x, y, mse), names=["W2"])
assert all(each.agrees for each in found)

# %% [markdown]
# ## The truth
#
# In numbers of 60 digits a difference has room: steps far below all digits of a float64, and dozens
# of digits left after the subtraction. mpmath takes the derivatives so, of the same forward of
# manual/, NumPy handing each operation to the numbers. The backward of manual/, in 60 digits too,
# is not needed for it, and agrees.

# %%
exact = mpmath.mp.clone()  # a context of our own, whose numbers learn tanh as NumPy calls it
exact.dps = 60
exact.mpf.tanh = lambda self: exact.tanh(self)
precise: Callable = np.frompyfunc(exact.mpf, 1, 1)
long_x, long_y = precise(x), precise(y)
long_params = {name: precise(w) for name, w in params.items()}
long = list(lines(long_params, mean_square(long_x, long_y)))
slopes = {k: np.array([exact.diff(f, 0, k) for f in long]) for k in (1, 2, 3, 5)}
truth, sizes = slopes[1], {k: norm(each) for k, each in slopes.items()}
_, _, grads = network_loss(long_x, long_y, long_params, net, mse)
# 60 digits, of which differences of first order, by mpmath's choice of step, keep nearly all.
assert norm(flat(grads, params) - truth) < 1e-50 * sizes[1]

# %% [markdown]
# ## Prediction
#
# f itself comes out rounded, wrong by about u |f|, where u = 1.1e-16 in float64. A subtraction
# keeps that error and a division by h blows it up. So the whole error is one term that falls with h
# and one that rises:
#
#     central: h^2 |f'''| / 6 + u |f| / h       least where its derivative in h is 0,
#              h |f'''| / 3  =  u |f| / h^2     so  h = (3 u |f| / |f'''|)^(1/3)
#
# about the cube root of u, 1e-5, with an error about u^(2/3). The same with h |f''| / 2 + 2 u |f| /
# h gives the square root of u twice: h of 1e-8 and 8 digits. With h^4 it is u^(1/5) and u^(4/5): h
# of 1e-3 and 12 or 13 digits. The complex step subtracts nothing, so its second term is u alone:
# any h below the square root of u will do, and the error is u. So it is for backprop.
#
# With the numbers of this network (|f'''| the length of the vector of 26 third derivatives, and the
# roundings of 26 differences as long as sqrt(26) of one):

# %%
LAWS = {"forward": (2, 1 / 2, 1, 2), "central": (3, 1 / 6, 2, 1), "Richardson": (5, 1 / 30, 4, 1.5)}
value = mean_square(x, y)(params)
U = {"float64": 2.0**-53, "float32": 2.0**-24}


def predict(method: str, u: float) -> tuple[float, float]:
    """The best step, and the error there, relative to the length of the gradient."""
    derivative, factor, power, subtractions = LAWS[method]
    a, b = factor * sizes[derivative], subtractions * u * value * np.sqrt(len(truth))
    h = (b / (power * a)) ** (1 / (power + 1))
    return h, (a * h**power + b / h) / sizes[1]


predicted = {(m, n): predict(m, u) for n, u in U.items() for m in LAWS}
print("\nPredicted            best h   error there")
for (method, numbers), (h, error) in predicted.items():
    print(f"  {numbers}, {method:<10}{h:8.1e}{error:12.1e}")

# %% [markdown]
# ```text
#   float64, forward    5.7e-08     3.4e-08
#   float64, central    1.2e-05     6.3e-11
#   float64, Richardson 9.5e-04     9.7e-13
#   float32, forward    1.3e-03     8.0e-04
#   float32, central    9.6e-03     4.1e-05
# ```
#
# ## Measured

# %%
METHODS = {"forward": forward, "central": central, "Richardson": richardson}
METHODS["complex step"] = complex_step
STEPS = 10.0 ** -np.arange(1, 16.1, 0.25)


def error_of(method: Callable, fs: list[Callable], h: Any) -> float:
    """How far 26 differences are from the truth, relative to the length of the gradient."""
    return norm(np.array([float(method(f, h)) for f in fs]) - truth) / sizes[1]


fs = list(lines(params, mean_square(x, y)))
curves = {m: [error_of(method, fs, h) for h in STEPS] for m, method in METHODS.items()}
_, _, grads = network_loss(x, y, params, net, mse)
backprop = norm(flat(grads, params) - truth) / sizes[1]
print("\nThe error of the gradient in float64; backprop's is", f"{backprop:.1e}")
print("  h     " + "".join(f"{method:>14}" for method in METHODS))
for k in range(0, len(STEPS), 4):
    print(f"  {STEPS[k]:.0e} " + "".join(f"{curve[k]:14.1e}" for curve in curves.values()))

# %% [markdown]
# ```text
#   h            forward       central    Richardson  complex step
#   1e-01        3.0e-02       1.5e-03       2.3e-05       1.5e-03
#   1e-02        3.0e-03       1.5e-05       2.3e-09       1.5e-05
# ```
#
# A step ten times smaller makes the error 10, 100 and 10,000 times smaller, until rounding takes
# over; from there on the first three get worse as 1/h. Their best are within a factor of ten of the
# predicted, the step as well as the error. The complex step falls with the central difference, and
# stays down.

# %%
low: dict[Any, list[float]] = {(m, "float64"): curves[m] for m in LAWS}
fs32 = list(lines(single, mean_square(single_x, single_y)))
for m in LAWS:
    low[m, "float32"] = [error_of(METHODS[m], fs32, np.float32(h)) for h in STEPS[:25]]
print("\n                     best h: predicted, measured    error: predicted, measured")
for (method, numbers), (h, error) in predicted.items():
    curve = low[method, numbers]
    best = int(np.argmin(curve))
    row = f"{h:16.1e}{STEPS[best]:10.1e}{error:21.1e}{curve[best]:10.1e}"
    print(f"  {numbers}, {method:<10}{row}")
    assert h / 10 < STEPS[best] < 10 * h and error / 10 < curve[best] < 10 * error
for m, fall in {"forward": 10, "central": 100, "Richardson": 10_000}.items():
    # Truncation alone, but for the next term of the series, h times smaller or h^2.
    assert 0.9 * fall < curves[m][0] / curves[m][4] < 1.1 * fall
    assert min(curves[m]) > 100 * backprop
# A derivative is rounded once a layer or so.
assert 1e-11 < min(curves["central"]) < 1e-10 and 1e-5 < min(low["central", "float32"]) < 1e-4
settled = np.array(curves["complex step"])[STEPS < 1e-8]
assert settled.max() < 8 * U["float64"] and backprop < 8 * U["float64"]

# %% [markdown]
# In float32 a central difference keeps four digits, at a step of 1e-2. So the path "differences" of
# this project takes its steps in float64, near the cube root of u, whatever the network's own type.
#
# How small may h be in the complex step? Below 1e-162 its square is 0 in float64, and nobody misses
# that. What must stay in range is h f': below 2.2e-308 it loses digits, below 5e-324 it is 0. This
# network is content with 1e-300. But a slope of 1e-130, which saturated units can have, would be 0
# with h = 1e-200; with 2^-200 = 6e-61 it is right, and division by a power of 2 is exact.

# %%
print("\nThe complex step, much smaller")
tails = {h: error_of(complex_step, fs, h) for h in (2.0**-200, 1e-200, 1e-300, 1e-315, 1e-320)}
for h, error in tails.items():
    print(f"  {h:.0e}  {error:8.1e}")
assert max(list(tails.values())[:3]) < 8 * U["float64"]
assert tails[1e-300] < 1e-12 < tails[1e-315] < tails[1e-320]
assert complex_step(lambda step: step * 1e-130, 1e-200) == 0
assert complex_step(lambda step: step * 1e-130, 2.0**-200) == 1e-130

# %% [markdown]
# ## A published check
#
# The gradient-checking exercise of deeplearning.ai (Improving Deep Neural Networks, week 1) takes a
# relu network 4-5-3-1 of 47 parameters, drawn from seed 1, central differences with eps = 1e-7, and
#
#     |gradient - differences| / (|gradient| + |differences|)      "mistake" if above 1e-7
#
# Two faults are planted: dW2 is doubled, db1 quadrupled. The check gives 0.285093 with them, and
# 1.189e-07 without: correct code just misses. (Some editions ask for 2e-7.) Is that the step? By
# the line above, rounding should leave u |f| sqrt(47) / eps / 2 |gradient|, 3e-9. Not 1e-7.
#
# The loss is written with log(1 - a), and a is 0.99887 for an example of class 0. Just below 1 a
# number is rounded by up to u / 2, so 1 - a = 0.0011 has lost three digits before its logarithm is
# taken: an error of u / 2 / 0.0011, over 3 examples, in place of u |f|. That makes 2e-7.


# %%
draw = np.random.RandomState(1).randn  # the exercise's own numbers
X, t = draw(4, 3), np.array([1.0, 1.0, 0.0])
dnet, dparams = mlp([4, 5, 3, 1])[0], {}
for k, (M, D) in enumerate([(5, 4), (3, 5), (1, 3)], start=1):
    dparams |= {f"W{k}": draw(M, D).T, f"b{k}": draw(M)}
cross_entropy = layer("bce_with_logits")


def activations(p: Params) -> Any:
    """Sigmoids of the scores in the exercise's layout, an example a column, to its last digit."""
    A = X
    for k in (1, 2, 3):
        Z = p[f"W{k}"].T @ A + p[f"b{k}"][:, None]
        A = np.maximum(0, Z)
    return 1 / (1 + np.exp(-Z[0]))


def with_logarithms(p: Params) -> float:
    a = activations(p)
    return 1 / 3 * (-np.log(a) * t + -np.log(1 - a) * (1 - t)).sum()


def from_scores(p: Params) -> float:
    return bce_with_logits_loss(network_forward(X.T, p, dnet)[0], t[:, None])[0]


def difference(g: Any, approximate: Any) -> float:
    return norm(g - approximate) / (norm(g) + norm(approximate))


def check(p: Params, loss: Callable, eps: float, faults: bool = False) -> float:
    _, _, g = network_loss(X.T, t[:, None], p, dnet, cross_entropy)
    if faults:
        g = g | {"W2": 2 * g["W2"], "b1": 4 * g["b1"]}
    return difference(flat(g, p), np.array([central(f, eps) for f in lines(p, loss)]))


problem = Problem(dnet, dparams, X.T, t[:, None], cross_entropy)
assert all(each.agrees for each in compare(problem))
value, _, grads = network_loss(X.T, t[:, None], dparams, dnet, cross_entropy)
one_minus_a = 1 - activations(dparams)[2]
assert f"{one_minus_a:.5f}" == "0.00113" and len(flat(grads, dparams)) == 47
scale = U["float64"] * np.sqrt(47) / 1e-7 / (2 * norm(flat(grads, dparams)))
guesses = {"u |f|": scale * value, "1 - a": scale / 2 / one_minus_a / 3}
print("\nPredicted at 1e-7:", ", ".join(f"{g:.0e} from {name}" for name, g in guesses.items()))
print("                             eps = 1e-7     eps = 1e-5")
faulty = check(dparams, with_logarithms, 1e-7, faults=True)
print(f"  two faults, log(1 - a)    {faulty:.8f}")
found = {}
for title, log in {"log(1 - a)": with_logarithms, "log(1 + exp(z))": from_scores}.items():
    found |= {(title, eps): check(dparams, log, eps) for eps in (1e-7, 1e-5)}
    print(f"  correct, {title:<17}{found[title, 1e-7]:11.2e}{found[title, 1e-5]:15.1e}")
assert f"{faulty:.8f}" == "0.28509316" and f"{found['log(1 - a)', 1e-7]:.2e}" == "1.19e-07"
assert f"{found['log(1 - a)', 1e-5]:.0e}" == "9e-10"
# Each guess is meant to a factor of ten.
assert 0.1 < found["log(1 - a)", 1e-7] / guesses["1 - a"] < 10
assert 0.1 < found["log(1 + exp(z))", 1e-7] / guesses["u |f|"] < 10
small, large = found["log(1 + exp(z))", 1e-5], found["log(1 - a)", 1e-7]
middle = found["log(1 - a)", 1e-5], found["log(1 + exp(z))", 1e-7]
assert all(30 < large / each < 300 and 30 < each / small < 300 for each in middle)

# %% [markdown]
# ```text
#   two faults, log(1 - a)    0.28509316
#   correct, log(1 - a)          1.19e-07        9.3e-10
# ```
#
# Both causes count. A step of 1e-5 is a hundred times better in either row; a loss that is taken
# from the score z, log(1 + exp(z)) - t z as manual/ has it, is a hundred times better in either
# column, and then 1e-7 passes as well.
#
# The measure itself has two holes. One length for all entries: a wrong entry that is small beside
# the others does not show, such as the gradient of a bias under inputs that nobody scaled. And nan,
# which a sigmoid of exactly 1 makes (its loss is infinite, and so is the other loss that is taken
# from it), is not above any threshold.

# %%
g = np.array([50.0] * 100 + [5e-5])
flipped = np.append(g[:-1], -g[-1])
print(f"\nOne of 101 entries with the wrong sign: {difference(flipped, g):.1e}")
assert difference(flipped, g) < 2e-7

confident = dparams | {"W3": 6 * dparams["W3"]}
assert activations(confident)[2] == 1
with np.errstate(divide="ignore", invalid="ignore"):
    unseen = check(confident, with_logarithms, 1e-7, faults=True)
print(f"The two faults, where a = 1: {unseen}, so 'mistake' is {unseen > 2e-7}")
assert np.isnan(unseen) and not unseen > 2e-7
assert check(confident, from_scores, 1e-7, faults=True) > 0.1

# %% [markdown]
# ## What to remember
#
# A difference has two errors, and its best step is where they meet: for a central one the cube root
# of u, 1e-5 in float64, with ten or eleven digits left. A measured miss has a cause that a line of
# algebra can find; here it was the loss. Ask for `error <= threshold`, entry by entry: nan fails
# that. Where the loss takes complex numbers, the complex step leaves nothing to choose.

# %%
if drawing():
    looks = {"forward": FOURTH, "central": VALUE, "Richardson": THIRD, "complex step": GRADIENT}
    drawn, axes = figure(8, 5)
    wide = {"color": GRADIENT, "linewidth": 5, "alpha": 0.35}
    axes.loglog(STEPS, curves["complex step"], **wide, label="complex step")
    for m, color in {"forward": FOURTH, "central": VALUE, "Richardson": THIRD}.items():
        axes.loglog(STEPS, curves[m], "o-", color=color, markersize=3, linewidth=1.2, label=m)
    axes.loglog(STEPS[:25], low["central", "float32"], "--", color=VALUE, label="central, float32")
    axes.axhline(backprop, color="0.5", linestyle=":", label="backprop")
    stars = np.array([predicted[m, "float64"] for m in LAWS] + [predicted["central", "float32"]])
    axes.plot(*stars.T, "k*", markersize=10, label="predicted")
    axes.set(xlabel="step h", ylabel="error of the gradient, relative", ylim=(2e-17, 5))
    axes.set_title("Differences have a best step; the complex step has none to choose")
    axes.legend(loc="lower left", bbox_to_anchor=(0.02, 0.1), fontsize=8)
    keep(drawn, "14_steps")
