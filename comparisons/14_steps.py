"""How small a step? The best one, and the digits that it leaves, can be worked out beforehand.

Claim: the best step of a gradient check, and the error that is left there, follow from two lines of
algebra, to a factor of four. In a published exercise correct code misses the threshold of 1e-7, and
the step is only half the reason: the loss takes the logarithm of 1 - a, next to 0.

    backproof compare 14 [--plot DIR]
"""

# %%
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np

from comparisons.show import FOURTH, GRADIENT, THIRD, VALUE, drawing, figure, keep, side_by_side
from manual.network import Params, layer, mlp, network_forward, network_loss
from manual.regression import mse_loss
from reference.agreement import compare
from reference.problem import Problem

# %% [markdown]
# ## Four ways without a backward
#
# A derivative by differences needs the loss alone. Let f(h) be the loss after one parameter has
# moved by a step h. All four are f'(0), but for what the Taylor series of f leaves over:
#
#     forward          (f(h) - f(0)) / h                       off by  h f'' / 2
#     central          (f(h) - f(-h)) / 2h                     off by  h^2 f''' / 6
#     Richardson       (4 central(h) - central(2h)) / 3        off by  h^4 f''''' / 30
#     complex step     the imaginary part of f(ih), over h     off by  h^2 f''' / 6
#
# Richardson's combines two central differences so that their h^2 cancels. The complex step moves
# the parameter by ih, i being the square root of -1.
#
# The network has 26 parameters, one hidden layer of tanh, and mse. Its numbers fit into float32.


# %%
def central(f: Callable, h: Any) -> Any:
    return (f(h) - f(-h)) / (2 * h)


METHODS: dict[str, Callable] = {
    "forward": lambda f, h: (f(h) - f(0 * h)) / h,
    "central": central,
    "Richardson": lambda f, h: (4 * central(f, h) - central(f, 2 * h)) / 3,
    "complex step": lambda f, h: f(1j * h).imag / h,
}


def lines(params: Params, loss: Callable[[Params], Any]) -> Iterator[Callable]:
    """For each parameter, f: the loss with that one parameter moved by a step."""
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
print("The gradient of W2 in float64. Worst error: 1 is what rounding may cost, up to 8 agrees")
found = side_by_side(Problem(net, params, x, y, mse), names=["W2"])
assert all(each.agrees for each in found)

# %% [markdown]
# ## The truth
#
# In numbers of 60 digits, those of mpmath, a step can be far smaller than the last digit of a
# float64 and still leave dozens of digits after the subtraction. The forward of manual/ runs on
# them as it stands. Its backward is not needed for the truth; in 60 digits it gives the same.

# %%
exact = mpmath.mp.clone()  # a context of our own
exact.dps = 60
exact.mpf.tanh = lambda self: exact.tanh(self)  # NumPy asks each number for its own tanh
precise: Callable = np.frompyfunc(exact.mpf, 1, 1)
long_x, long_y = precise(x), precise(y)
long_params = {name: precise(w) for name, w in params.items()}
long = list(lines(long_params, mean_square(long_x, long_y)))
derivatives = {k: np.array([exact.diff(f, 0, k) for f in long]) for k in (1, 2, 3, 5)}
truth, sizes = derivatives[1], {k: norm(each) for k, each in derivatives.items()}
_, _, grads = network_loss(long_x, long_y, long_params, net, mse)
# mpmath takes differences too, with a step that leaves nearly all of the 60 digits.
assert norm(flat(grads, params) - truth) < 1e-50 * sizes[1]

# %% [markdown]
# ## Prediction
#
# A float64 has 53 binary digits, so an operation rounds its result by one part in 2^53 at the most:
# u = 1.1e-16, the unit roundoff, half of NumPy's eps. In float32 u is 2^-24 = 6.0e-08. So f comes
# out wrong by about u |f|. A subtraction keeps that error, and the division by h blows it up. The
# whole error is a term that shrinks with h, truncation, and one that grows as h shrinks, rounding:
#
#     forward       h   |f''|    / 2   +  2   u |f| / h
#     central       h^2 |f'''|   / 6   +      u |f| / h
#     Richardson    h^4 |f'''''| / 30  +  1.5 u |f| / h
#     complex step  h^2 |f'''|   / 6   +      u |f'|        nothing is subtracted
#
# The sum is least where its derivative in h is 0. For the central difference that is where
#
#     h |f'''| / 3  =  u |f| / h^2,     so     h = (3 u |f| / |f'''|)^(1/3)
#
# or the cube root of u, where f and its derivatives are about 1. All of them so, in float64:
#
#                   best h               error there
#     forward       u^(1/2) = 1e-08      u^(1/2) = 1e-08
#     central       u^(1/3) = 5e-06      u^(2/3) = 2e-11
#     Richardson    u^(1/5) = 6e-04      u^(4/5) = 2e-13
#     complex step  any below u^(1/2)    u       = 1e-16
#     backprop      no step              u       = 1e-16
#
# And with the numbers of this network? |f'''| is then the length of the vector of its 26 third
# derivatives. The 26 rounding errors are independent, so the length of their vector is sqrt(26)
# times one of them.

# %%
LAWS = {"forward": (2, 1 / 2, 1, 2), "central": (3, 1 / 6, 2, 1), "Richardson": (5, 1 / 30, 4, 1.5)}
value, U = mean_square(x, y)(params), {"float64": 2.0**-53, "float32": 2.0**-24}
powers = [f"{U['float64'] ** power:.0e}" for power in (1 / 2, 1 / 3, 2 / 3, 1 / 5, 4 / 5)]
assert powers == ["1e-08", "5e-06", "2e-11", "6e-04", "2e-13"]


def predict(method: str, u: float) -> tuple[float, float]:
    """The best step, and the error there, relative to the length of the gradient."""
    derivative, factor, power, roundings = LAWS[method]
    a, b = factor * sizes[derivative], roundings * u * value * np.sqrt(len(truth))
    h = (b / (power * a)) ** (1 / (power + 1))
    return h, (a * h**power + b / h) / sizes[1]


predicted = {(m, kind): predict(m, u) for kind, u in U.items() for m in LAWS}
STEPS = 10.0 ** -np.arange(1, 16.1, 0.25)


def error_of(method: Callable, fs: list[Callable], h: Any) -> float:
    """How far 26 differences are from the truth, relative to the length of the gradient."""
    return norm(np.array([float(method(f, h)) for f in fs]) - truth) / sizes[1]


fs = list(lines(params, mean_square(x, y)))
curves = {m: [error_of(method, fs, h) for h in STEPS] for m, method in METHODS.items()}
fs32 = list(lines(single, mean_square(single_x, single_y)))
low = {m: [error_of(METHODS[m], fs32, np.float32(h)) for h in STEPS[:25]] for m in LAWS}
_, _, grads = network_loss(x, y, params, net, mse)
backprop = norm(flat(grads, params) - truth) / sizes[1]
print("\nThe error of the gradient in float64; backprop's is", f"{backprop:.1e}")
print("  h     " + "".join(f"{method:>14}" for method in METHODS))
for k in range(0, len(STEPS), 4):
    print(f"  {STEPS[k]:.0e} " + "".join(f"{curve[k]:14.1e}" for curve in curves.values()))

print("\nThe best step        predicted: h, error    measured: h, error    whole digits left")
digits = []
for (method, kind), (h, error) in predicted.items():
    curve = (curves if kind == "float64" else low)[method]
    best = int(np.argmin(curve))
    digits.append(int(-np.log10(curve[best])))
    pairs = f"{h:11.1e}{error:10.1e}{STEPS[best]:15.1e}{curve[best]:10.1e}"
    print(f"  {kind}, {method:<10}{pairs}{digits[-1]:18}")
    assert h / 4 < STEPS[best] < 4 * h and error / 4 < curve[best] < 4 * error
assert digits == [7, 10, 12, 3, 4, 5]
for m, fall in {"forward": 10, "central": 100, "Richardson": 10_000}.items():
    # Truncation alone, but for the next term of the series, h times smaller or h^2.
    assert 0.9 * fall < curves[m][0] / curves[m][4] < 1.1 * fall
# A derivative is rounded once a layer or so.
by_complex = METHODS["complex step"]
settled = [*np.array(curves["complex step"])[STEPS < 1e-8], error_of(by_complex, fs, 1e-300)]
assert max(settled) < 8 * U["float64"] > backprop
assert [by_complex(lambda step: step * 1e-130, h) for h in (1e-200, 2.0**-200)] == [0, 1e-130]

# %% [markdown]
# ```text noise
# The error of the gradient in float64; backprop's is 9.5e-17
#   h            forward       central    Richardson  complex step
#   1e-01        3.0e-02       1.5e-03       2.3e-05       1.5e-03
#   1e-02        3.0e-03       1.5e-05       2.3e-09       1.5e-05
#   1e-03        3.0e-04       1.5e-07       5.2e-13       1.5e-07
#   1e-04        3.0e-05       1.5e-09       5.5e-12       1.5e-09
#   1e-05        3.0e-06       3.1e-11       3.9e-11       1.5e-11
#   1e-06        3.0e-07       3.4e-10       4.7e-10       1.5e-13
#   1e-07        3.2e-08       2.9e-09       3.9e-09       1.4e-15
#   1e-08        4.2e-08       2.5e-08       3.4e-08       1.7e-16
#   1e-09        4.6e-07       2.8e-07       3.6e-07       1.3e-16
#   1e-10        3.7e-06       2.7e-06       3.7e-06       1.9e-16
#   1e-11        3.7e-05       3.1e-05       4.2e-05       1.2e-16
#   1e-12        4.1e-04       3.0e-04       4.0e-04       2.0e-16
#   1e-13        3.6e-03       2.3e-03       3.2e-03       1.5e-16
#   1e-14        4.5e-02       3.5e-02       4.6e-02       1.5e-16
#   1e-15        3.5e-01       1.8e-01       2.4e-01       1.5e-16
#   1e-16        1.0e+00       1.0e+00       1.1e+00       1.4e-16
# ```
#
# ```text noise
# The best step        predicted: h, error    measured: h, error    whole digits left
#   float64, forward       5.7e-08   3.4e-08        3.2e-08   1.6e-08                 7
#   float64, central       1.2e-05   6.3e-11        1.0e-05   3.1e-11                10
#   float64, Richardson    9.5e-04   9.7e-13        1.0e-03   5.2e-13                12
#   float32, forward       1.3e-03   8.0e-04        5.6e-04   3.5e-04                 3
#   float32, central       9.6e-03   4.1e-05        1.0e-02   1.8e-05                 4
#   float32, Richardson    5.3e-02   9.4e-06        5.6e-02   4.2e-06                 5
# ```
#
# A step ten times smaller makes the error 10, 100 and 10,000 times smaller, until rounding takes
# over; from there on it grows as 1/h. Best steps and errors are within a factor of four of the
# predicted. The complex step falls with the central difference and stays down, where backprop is.
# In float32 a central difference keeps four digits. So this project takes differences in float64.
#
# How small may h be in the complex step? h f' must not sink below 2.2e-308, where a float64 begins
# to lose digits. This network is content with 1e-300. But a slope of 1e-130, which saturated units
# can have, becomes 0 with h = 1e-200. So this project takes h = 2^-200 = 6e-61.
#
# ## A published check
#
# The gradient-checking exercise of deeplearning.ai (Improving Deep Neural Networks, week 1) takes a
# relu network 4-5-3-1 of 47 parameters, drawn from seed 1, central differences with eps = 1e-7, and
#
#     |gradient - differences| / (|gradient| + |differences|)      "mistake" if above 1e-7
#
# Two faults are planted: dW2 is doubled, db1 quadrupled. The check gives 0.285093 with them, and
# 1.189e-07 without: correct code just misses. (Some editions ask for 2e-7.) Is it the step, a
# hundred times below the best? Not alone: by the formula for central differences rounding should
# leave sqrt(47) u |f| / (2 eps |gradient|) = 3e-9.
#
# But the loss takes log(1 - a), and a = 1 / (1 + exp(-z)) is 0.99887 for the example of class 0.
# Just above 1 numbers are 2u apart, so the sum is off by up to u; just below 1 they are u apart, so
# the quotient adds up to u / 2. Thus a is off by up to 1.5 u. So is 1 - a = 0.0011; its logarithm
# is off by 1.5 u / 0.0011, and the mean over 3 examples by a third of that. With this in place of
# u |f| the prediction is 5e-7 at the most.


# %%
draw = np.random.RandomState(1).randn  # the exercise's own numbers
X, t = draw(4, 3), np.array([[1.0], [1.0], [0.0]])
dnet, dparams, bce = mlp([4, 5, 3, 1])[0], {}, layer("bce_with_logits")
for k, (M, D) in enumerate([(5, 4), (3, 5), (1, 3)], start=1):
    dparams |= {f"W{k}": draw(M, D).T, f"b{k}": draw(M)}


def activations(p: Params) -> Any:
    """Sigmoids of the scores in the exercise's layout, an example a column, to its last digit."""
    A = X
    for k in (1, 2, 3):
        Z = p[f"W{k}"].T @ A + p[f"b{k}"][:, None]
        A = np.maximum(0, Z)
    return 1 / (1 + np.exp(-Z[0]))


def with_logarithms(p: Params) -> float:
    a = activations(p)
    return 1 / 3 * (-np.log(a) * t[:, 0] + -np.log(1 - a) * (1 - t[:, 0])).sum()


def check(p: Params, loss: Callable, eps: float, faults: bool = False) -> float:
    _, _, g = network_loss(X.T, t, p, dnet, bce)
    if faults:
        g = g | {"W2": 2 * g["W2"], "b1": 4 * g["b1"]}
    gradient, differences = flat(g, p), np.array([central(f, eps) for f in lines(p, loss)])
    return norm(gradient - differences) / (norm(gradient) + norm(differences))


assert all(each.agrees for each in compare(Problem(dnet, dparams, X.T, t, bce)))
value, _, grads = network_loss(X.T, t, dparams, dnet, bce)
one_minus_a, gradient = 1 - activations(dparams)[2], flat(grads, dparams)
assert f"{one_minus_a:.5f}" == "0.00113" and gradient.size == 47
scale = U["float64"] * np.sqrt(47) / 1e-7 / (2 * norm(gradient))
guesses = {"log(1 + exp(z))": scale * value, "log(1 - a)": scale * 1.5 / one_minus_a / 3}
z = np.log(1 / one_minus_a - 1) * (1 + 1e-9 * np.arange(2000))
pairs = zip(1 / (1 + np.exp(-z)), z, strict=True)
off = [abs(a - 1 / (1 + exact.exp(-exact.mpf(each)))) / U["float64"] for a, each in pairs]
assert 1.2 < max(off) < 1.51  # 1.5, and a little where exp rounds
faulty = check(dparams, with_logarithms, 1e-7, faults=True)
print("\nThe published check         eps = 1e-7, predicted    measured    eps = 1e-5")
print(f"  two faults, log(1 - a){faulty:37.8f}")
found, losses = {}, (with_logarithms, lambda p: network_loss(X.T, t, p, dnet, bce)[0])
for title, loss in zip(("log(1 - a)", "log(1 + exp(z))"), losses, strict=True):
    at_7, at_5 = found[title] = [check(dparams, loss, eps) for eps in (1e-7, 1e-5)]
    print(f"  correct, {title:<17}{guesses[title]:21.0e}{at_7:12.2e}{at_5:14.1e}")
    assert 0.1 < at_7 / guesses[title] < 10 and 30 < at_7 / at_5 < 300  # about, and a hundredth
(worst, stepped), (scored, best) = found.values()
assert f"{faulty:.8f}" == "0.28509316" and f"{worst:.2e}" == "1.19e-07"
assert 30 < worst / scored < 300 and 30 < stepped / best < 300

# %% [markdown]
# ```text
# The published check         eps = 1e-7, predicted    measured    eps = 1e-5
#   two faults, log(1 - a)                           0.28509316
#   correct, log(1 - a)                       5e-07    1.19e-07       9.3e-10
# ```
#
# Both causes count. A step of 1e-5 is a hundred times better; so is a loss that is taken from the
# score z, log(1 + exp(z)) - t z as manual/ has it, and then a step of 1e-7 passes as well.
#
# The measure has two holes. It takes one length for all entries: if a hundred of them are 50 each,
# another of 4e-5 may have the wrong sign, and the measure is 2 * 4e-5 / (2 * 500), only 8e-8. And
# nan is not above any threshold: where
# a rounds to 1 the loss is infinite, differences are nan, and the two faults are no "mistake".

# %%
confident = dparams | {"W3": 6 * dparams["W3"]}
with np.errstate(divide="ignore", invalid="ignore"):
    unseen = check(confident, with_logarithms, 1e-7, faults=True)
assert activations(confident)[2] == 1 and np.isnan(unseen) and not unseen > 2e-7
assert f"{2 * 4e-5 / (2 * norm(np.full(100, 50.0))):.0e}" == "8e-08"

# %% [markdown]
# ## What to remember
#
# A difference has two errors, and its best step is where they meet: for a central one the cube root
# of u, 5e-6 in float64, with ten digits left. If a check misses, work out what rounding can do
# before blaming the step or the code. Write `error <= threshold`, entry by entry, and not
# `not error > threshold`: nan fails the first and passes the second. Where the loss takes complex
# numbers, take the complex step: any small one will do.

# %%
if drawing():
    drawn, axes = figure(8, 5)
    (wide,) = axes.loglog(STEPS, curves["complex step"], color=GRADIENT, label="complex step")
    wide.set(linewidth=5, alpha=0.35)
    for m, color in zip(LAWS, (FOURTH, VALUE, THIRD), strict=True):
        axes.loglog(STEPS, curves[m], "o-", color=color, markersize=3, linewidth=1.2, label=m)
    axes.loglog(STEPS[:25], low["central"], "--", color=VALUE, label="central, float32")
    axes.axhline(backprop, color="0.5", linestyle=":", label="backprop")
    stars = np.array([predicted[m, "float64"] for m in LAWS] + [predicted["central", "float32"]])
    axes.plot(*stars.T, "k*", markersize=10, label="predicted")
    axes.set(xlabel="step h", ylabel="error of the gradient, relative", ylim=(2e-17, 5))
    axes.set_title("Differences have a best step; for the complex step any small one will do")
    axes.legend(loc="lower left", bbox_to_anchor=(0.02, 0.1), fontsize=8)
    keep(drawn, "14_steps")
