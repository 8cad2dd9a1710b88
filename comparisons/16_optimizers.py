"""One gradient, many updates: what each optimizer makes of it, and what Adam hides.

Claim: with the same settings seven updates by hand, torch.optim and the textbook formulas walk the
same way to the last digits; with each library's defaults they do not. Adam hides a gradient that is
wrong by a constant factor: it trains as the right one does (bit for bit, where the factor is a
power of 2 and eps is 0). So without gradient clipping no loss curve can tell.

    backproof compare 16 [--plot DIR]
"""

# %%
from functools import partial

import jax
import numpy as np
import torch

from comparisons.show import GRADIENT, PALE, drawing, figure, keep, side_by_side
from manual.network import layer, network_loss
from manual.optimizers import adagrad, adam, adamw, clip_by_norm, momentum, nesterov, rmsprop, sgd
from reference.problem import Problem

# %% [markdown]
# ## Seven updates, three ways
#
# Gradients are half of training; the other half is the update. The example is a bowl, 25 times as
# steep along one axis as along the other:
#
#     f(w) = (w0^2 + 25 w1^2) / 2          df/dw = (w0, 25 w1)          start (-4, 1)
#
# By hand is manual/optimizers.py. PyTorch takes its own gradient, and torch.optim. JAX leaves
# optimizers to other libraries, so its column takes JAX's gradient and the textbook formula. Each
# formula takes w, g, the step number t and two memories m and s (m is a sum or mean of gradients,
# s one of their squares). It returns a direction d and the new m and s; then w <- w - rate d.


# %%
def momentum_formula(w, g, m, s, t, mu=0.9, ahead=False):
    m = mu * m + g
    return g + mu * m if ahead else m, m, s


def rmsprop_formula(w, g, m, s, t, decay=0.99, inside=0.0, outside=1e-8):
    s = decay * s + (1 - decay) * g**2
    return g / ((s + inside) ** 0.5 + outside), m, s


def adagrad_formula(w, g, m, s, t, inside=0.0, outside=1e-10):
    s = s + g**2
    return g / ((s + inside) ** 0.5 + outside), m, s


def adam_formula(w, g, m, s, t, weight_decay=0.0):
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
    mhat, shat = m / (1 - 0.9**t), s / (1 - 0.999**t)
    return mhat / (shat**0.5 + 1e-8) + weight_decay * w, m, s


# %%
START, STEEP, STEPS = np.array([-4.0, 1.0]), np.array([1.0, 25.0]), 100
optim = torch.optim


def bowl(w):
    return (w[0] * w[0] + 25 * w[1] * w[1]) / 2


def by_hand(update, rate, factor=1.0):
    """All points of a walk; the gradient is multiplied by factor. rate: a number, or one a step."""
    w, memory, points = START, {}, [START]
    for now in np.broadcast_to(rate, STEPS):
        w, memory = update(w, factor * STEEP * w, memory | {"learning_rate": now})
        points.append(w)
    return np.array(points)


def by_torch(kind, rate, centre=(0.0, 0.0), **options):
    w, points = torch.tensor(START, requires_grad=True), [START]
    optimizer = kind([w], lr=0.0, **options)
    for now in np.broadcast_to(rate, np.size(rate) if np.ndim(rate) else STEPS):
        optimizer.param_groups[0]["lr"] = float(now)
        optimizer.zero_grad()
        bowl(w - torch.tensor(centre)).backward()
        optimizer.step()
        points.append(w.detach().numpy().copy())
    return np.array(points)


def by_jax(formula, rate, s=0.0):
    w, m, points = START, 0.0, [START]
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        slope = jax.jit(jax.grad(bowl))
        for t in range(1, STEPS + 1):
            d, m, s = formula(w, slope(w), m, s, t)
            w = w - rate * d
            points.append(w)
        return np.array(points)


def numbers(walk, digits):
    w0, w1 = np.round(walk[30], digits) + 0.0  # + 0 makes -0 a 0
    return f"{w0:{digits + 5}.{digits}f}{w1:{digits + 5}.{digits}f}"


plain, ahead = partial(momentum_formula, mu=0.0), partial(momentum_formula, ahead=True)
seven = {
    "SGD": (0.03, sgd, optim.SGD, {}, plain),
    "momentum": (0.01, momentum, optim.SGD, {"momentum": 0.9}, momentum_formula),
    "Nesterov": (0.01, nesterov, optim.SGD, {"momentum": 0.9, "nesterov": True}, ahead),
    "RMSprop": (0.01, rmsprop, optim.RMSprop, {}, rmsprop_formula),
    "Adagrad": (0.1, adagrad, optim.Adagrad, {}, adagrad_formula),
    "Adam": (0.1, adam, optim.Adam, {}, adam_formula),
    "AdamW": (0.1, adamw, optim.AdamW, {}, partial(adam_formula, weight_decay=0.01)),
}
# Ten roundings a step of numbers up to 4; momentum adds up ten steps; 100 steps.
ROUNDING = 10 * 4 * 10 * STEPS * 2.0**-53
walks = {}
print("w0 and w1 after 30 steps\n" + " " * 10 + f"{'by hand':>28}{'PyTorch':>28}{'JAX':>28}")
for name, (rate, update, kind, options, formula) in seven.items():
    ours = walks[name] = by_hand(update, rate)
    others = by_torch(kind, rate, **options), by_jax(formula, rate)
    print(f"  {name:<8}" + "".join(numbers(walk, 9) for walk in (ours, *others)))
    assert all(np.abs(walk - ours).max() <= ROUNDING for walk in others)

# %% [markdown]
# ```text
#                                by hand                     PyTorch                         JAX
#   SGD       -1.604028274   0.000000000  -1.604028274   0.000000000  -1.604028274   0.000000000
#   momentum   0.512236491  -0.208155611   0.512236491  -0.208155611   0.512236491  -0.208155611
#   Nesterov   0.394065658  -0.002835297   0.394065658  -0.002835297   0.394065658  -0.002835297
#   RMSprop   -3.064164219   0.250036863  -3.064164219   0.250036863  -3.064164219   0.250036863
#   Adagrad   -3.088616282   0.265702037  -3.088616282   0.265702037  -3.088616282   0.265702037
#   Adam      -1.275740849  -0.033967517  -1.275740849  -0.033967517  -1.275740849  -0.033967517
#   AdamW     -1.210706279  -0.030365120  -1.210706279  -0.030365120  -1.210706279  -0.030365120
# ```
#
# ## Prediction: the first step
#
# Adam starts with m = 0 and s = 0. After one gradient g, m = 0.1 g and s = 0.001 g^2; the
# corrections divide by 1 - 0.9 = 0.1 and by 1 - 0.999 = 0.001:
#
#     mhat = g      shat = g^2      step = learning_rate g / (|g| + eps)
#
# So the first step is the learning rate with the sign of g, be g 1000 or 0.0001: eps = 1e-8 has no
# say, until g comes near it. At g = 1e-8 half the step is left. The others:
#
# * RMSprop corrects nothing: s = 0.01 g^2, and the step is 1 / sqrt(0.01) = 10 learning rates. With
#   optax's decay of 0.9 it is 1 / sqrt(0.1) = 3.16. And optax has eps inside the root: since
#   sqrt(0.1 g^2 + 1e-8) is never below 1e-4, steps shrink from gradients of 1e-4 on already.
# * Adagrad: s = g^2, one learning rate. In optax s starts at 0.1: g / sqrt(0.1 + g^2) learning
#   rates, about 3 g for a small g.
#
# optax, the usual library beside JAX, is not run here: its columns are the formulas above, with the
# settings that the documentation of its version 0.2 gives.

# %%
sizes = np.array([-1000, 1, 1e-4, 1e-6, 1e-8])
optax = {  # the formula, and where s starts
    "RMSprop": (partial(rmsprop_formula, decay=0.9, inside=1e-8, outside=0.0), 0.0),
    "Adagrad": (partial(adagrad_formula, inside=1e-7, outside=0.0), 0.1),
}
steps = []
for name, root, eps in (("Adam", 1, 1e-8), ("RMSprop", 0.1, 1e-8), ("Adagrad", 1, 1e-10)):
    _, update, kind, *_ = seven[name]
    w = torch.zeros(len(sizes), dtype=torch.float64)
    w.grad = torch.tensor(sizes)
    kind([w], lr=1.0).step()
    ours = -update(0 * sizes, sizes, {"learning_rate": 1.0})[0]
    for step in (ours, -w.numpy()):  # some ten roundings
        assert np.allclose(step, sizes / (root * abs(sizes) + eps), rtol=10 * 2.0**-53, atol=0)
    steps.append((name, ours))
    if name in optax:
        steps.append(("optax's", optax[name][0](0 * sizes, sizes, 0.0, optax[name][1], 1)[0]))
print("\nThe first step, in learning rates; PyTorch's is the one by hand, to the last digits")
print("  gradient  " + "".join(f"{name:>11}" for name, _ in steps))
for k, g in enumerate(sizes):
    print(f"  {g:<10g}" + "".join(f"{each[k]:11.5f}" for _, each in steps))

# %% [markdown]
# ```text
#   gradient         Adam    RMSprop    optax's    Adagrad    optax's
#   -1000        -1.00000  -10.00000   -3.16228   -1.00000   -1.00000
#   1             1.00000   10.00000    3.16228    1.00000    0.95346
#   0.0001        0.99990    9.99001    0.95346    1.00000    0.00032
#   1e-06         0.99010    9.09091    0.01000    0.99990    0.00000
#   1e-08         0.50000    0.90909    0.00010    0.99010    0.00000
# ```
#
# ## Prediction: the same name, another formula
#
# The settings so far are PyTorch's defaults, but for the learning rate. In five places two
# libraries use different formulas under one name. Two are optax's, as above; Adagrad's 0.1 should
# hardly show beside the squares 16 and 625 of the first gradient. The others:
#
# **Decay.** AdamW shrinks w itself, by rate * decay * w. An L2 penalty adds decay * w to the
# gradient, as torch.optim.Adam(weight_decay=...) does; then Adam divides all of it by its size, and
# little is left where gradients are large. On this bowl nothing is left: it is centred at 0, so a
# decay of 0.01 turns (w0, 25 w1) into (1.01 w0, 25.01 w1), and Adam does not notice such factors,
# as the next section shows. Elsewhere L2 does act in Adam. Move the centre to (1, 0): the gradient
# of w0 with its penalty is 1.01 w0 - 1, and Adam must end at 1 / 1.01 = 0.9901, not at 1.
#
# **Momentum** is written in two ways, which are one walk while the rate stays:
#
#     v <- 0.9 v + g,            w <- w - rate v      PyTorch, optax, manual/
#     v <- 0.9 v - rate g,       w <- w + v           Sutskever et al. (2013), CS231n
#
# Let a schedule cut the rate to a tenth after step 10. The first form's next step is about a tenth
# as long at once. The second's v was built with the old rate, and coasts on.
#
# **Nesterov** (second form) takes the gradient ahead, at w + 0.9 v, where v would carry w. PyTorch
# and manual/ keep that point, and call it the weights. The walk is the same, but PyTorch's weights
# are the points ahead.


# %%
def rate_inside(rate, ahead=0.0):
    """All points of a walk by momentum's second form, its gradient taken at w + ahead v."""
    w, v, points = START, np.zeros(2), [START]
    for now in np.broadcast_to(rate, STEPS):
        v = 0.9 * v - now * STEEP * (w + ahead * v)
        w = w + v
        points.append(w)
    return np.array(points)


theirs = {name: by_jax(formula, seven[name][0], s) for name, (formula, s) in optax.items()}
penalty = by_torch(optim.Adam, 0.1, weight_decay=0.01)
falling = np.where(np.arange(STEPS) < 10, 0.01, 0.001)
outside, inside, behind = by_hand(momentum, falling), rate_inside(falling), rate_inside(0.01, 0.9)
rows = [
    ("RMSprop", "decay 0.99, eps outside", walks["RMSprop"], "0.9, inside", theirs["RMSprop"]),
    ("Adagrad", "s starts at 0", walks["Adagrad"], "0.1", theirs["Adagrad"]),
    ("AdamW", "decay beside the gradient", walks["AdamW"], "L2 in Adam", penalty),
    ("momentum", "rate falls, outside v", outside, "inside v", inside),
    ("Nesterov", "w is the point ahead", walks["Nesterov"], "behind", behind),
]
print("\nw0 and w1 after 30 steps             by hand, as PyTorch   otherwise")
for name, ours, walk, other, other_walk in rows:
    print(f"  {name:<9}{ours:<26}{numbers(walk, 4)}   {other:<12}{numbers(other_walk, 4)}")
    assert np.abs(walk[30] - other_walk[30]).max() > 5e-4
assert np.abs(penalty - walks["Adam"]).max() < 1e-6  # but for eps, Adam without any decay
print("\nThe bowl centred at (1, 0): w0 after 400 steps of Adam")
long, ends = np.full(400, 0.1), []
for title, decay in (("without decay", 0.0), ("L2, 0.01", 0.01)):
    ends.append(by_torch(optim.Adam, long, (1.0, 0.0), weight_decay=decay)[-1][0])
    print(f"  {title:<16}{ends[-1]:8.4f}")
assert np.allclose(ends, [1, 1 / 1.01], rtol=0, atol=2e-5)
assert np.abs(by_torch(optim.SGD, falling, momentum=0.9) - outside).max() <= ROUNDING
assert np.abs(rate_inside(0.01) - walks["momentum"]).max() <= ROUNDING  # the rate stays
length, coasting = (np.linalg.norm(np.diff(w, axis=0), axis=1) for w in (outside, inside))
assert 0.05 < length[10] / length[9] < 0.15 and coasting[10] / coasting[9] > 0.5
lead = behind[1:] + 0.9 * np.diff(behind, axis=0)  # w + 0.9 v, v being the last step
assert np.abs(lead - walks["Nesterov"][1:]).max() <= ROUNDING

# %% [markdown]
# ```text
# w0 and w1 after 30 steps             by hand, as PyTorch   otherwise
#   RMSprop  decay 0.99, eps outside     -3.0642   0.2500   0.9, inside   -3.6159   0.6347
#   Adagrad  s starts at 0               -3.0886   0.2657   0.1           -3.0893   0.2657
#   AdamW    decay beside the gradient   -1.2107  -0.0304   L2 in Adam    -1.2757  -0.0340
#   momentum rate falls, outside v       -2.0315  -0.1129   inside v      -0.5782  -0.0757
#   Nesterov w is the point ahead         0.3941  -0.0028   behind         0.3503  -0.0027
#
# The bowl centred at (1, 0): w0 after 400 steps of Adam
#   without decay     1.0000
#   L2, 0.01          0.9901
# ```
#
# ## Prediction: what Adam hides
#
# Multiply every gradient by c > 0. Then m is c times and s is c^2 times as large, and
# mhat / sqrt(shat) is what it was: but for eps, c cancels. That holds entry by entry, so c may
# differ from parameter to parameter. To SGD, c is another learning rate.
#
# deeplearning.ai's exercise on gradient checking plants two faults in a network: dW2 is doubled,
# and db1 is four times too large. Could its students have seen them in the training? Under Adam
# with eps = 0 the walk must be the right one, and as 2 and 4 are powers of 2, no rounding changes
# either: equal in every bit. So it is if a mean's 1/N is forgotten, N = 16. A wrong sign will show.
#
# Clipping will tell, too. It shortens all gradients together to a length of 1, if they are longer.
# Where the right ones and those c times as long are both clipped, they become the same; where
# neither are, the factor is c. So it is not constant, and does not cancel.

# %%
draw = np.random.default_rng(0).normal
x, y = draw(size=(16, 3)), draw(size=(16, 2))
net, mse = [layer("affine", "W1", "b1"), layer("tanh"), layer("affine", "W2", "b2")], layer("mse")
weights = {"W1": draw(size=(3, 4)), "b1": np.zeros(4), "W2": draw(size=(4, 2)), "b2": np.zeros(2)}


def train(update, config, factors, limit=np.inf):
    """The last loss, and the parameters after it, with gradients off by factors, then clipped."""
    params, configs, loss = dict(weights), dict.fromkeys(weights, config), np.inf
    for _ in range(STEPS):
        loss, _, grads = network_loss(x, y, params, net, mse)
        grads, _ = clip_by_norm({k: factors.get(k, 1) * g for k, g in grads.items()}, limit)
        for k, g in grads.items():
            params[k], configs[k] = update(params[k], g, configs[k])
    return loss, np.concatenate([each.ravel() for each in params.values()])


faults = {
    "right": {},
    "all doubled": dict.fromkeys(weights, 2),
    "dW2 * 2, db1 * 4": {"W2": 2, "b1": 4},
    "1/N missing": dict.fromkeys(weights, 16),
    "dW2 reversed": {"W2": -1},
}
exact = {"learning_rate": 0.01, "epsilon": 0.0}
on_sgd, clipped, (_, right) = {}, {}, train(adam, exact, {})
print(f"\nThe loss before update {STEPS}; bits of all parameters after it, where Adam's eps is 0")
print(f"  {'':<18}" + "".join(f"{title:>13}" for title in ("SGD", "Adam", "bits", "clipped")))
for fault, factors in faults.items():
    on_sgd[fault], _ = train(sgd, {"learning_rate": 0.1}, factors)
    on_adam, _ = train(adam, {"learning_rate": 0.01}, factors)
    clipped[fault], _ = train(adam, {"learning_rate": 0.01}, factors, limit=1.0)
    loss, end = train(adam, exact, factors)
    bits = "equal" if np.array_equal(end, right) else "differ"
    print(f"  {fault:<18}{on_sgd[fault]:13.6g}{on_adam:13.6f}{bits:>13}{clipped[fault]:13.6f}")
    assert bits == ("differ" if fault == "dW2 reversed" else "equal")
    assert abs(on_adam - loss) < 1e-6  # eps = 1e-8, beside gradients of 1e-4 and more
assert on_sgd["all doubled"] < on_sgd["dW2 * 2, db1 * 4"] < on_sgd["right"] < 1
assert on_sgd["1/N missing"] > 1e60
assert np.diff(sorted(clipped.values())).min() > 0.01  # Adam, clipped: no two losses alike
print("\nThe right gradient; the last line in allowances, up to 8 is agreement")
problem = Problem(net, weights, x, y, mse)
assert all(each.agrees for each in side_by_side(problem, names=["W2"], rows=1, digits=7))

# %% [markdown]
# ```text
# The loss before update 100; bits of all parameters after it, where Adam's eps is 0
#                               SGD         Adam         bits      clipped
#   right                  0.695021     0.699931        equal     0.679205
#   all doubled            0.605817     0.699931        equal     0.638145
#   dW2 * 2, db1 * 4       0.685341     0.699931        equal     0.652528
#   1/N missing          1.7361e+74     0.699931        equal     0.550856
#   dW2 reversed            0.87776     3.548412       differ     3.481579
#
# The right gradient; the last line in allowances, up to 8 is agreement
#                       by hand        PyTorch            JAX    differences   complex step
#   dW2[0, 0]        -0.0484428     -0.0484428     -0.0484428     -0.0484428     -0.0484428
# ```
#
# Every bit. SGD does show the missing 1/N, by a loss that explodes. The other two factors it even
# rewards: they act as larger learning rates, and end with a lower loss. Clipped Adam rewards all
# three. So a loss curve tells only whoever has the right one beside it. The gradient tells alone:
# in the last table all five paths print -0.0484428 for dW2[0, 0], and not twice that.
#
# ## What to remember
#
# The name of an optimizer is not its formula: eps inside or outside the root, a decay of 0.9 or
# 0.99, a rate inside or outside v change the walk. A port carries them over one by one. And a
# falling loss does not test the gradient. Adam without clipping trains just as well with one that
# is 16 times too large; SGD may even prefer it doubled. Check the gradient itself.

# %%
if drawing():
    drawn, axes = figure(9, 4, columns=2, sharey=True)
    grid = np.meshgrid(np.linspace(-4.4, 1.2, 40), np.linspace(-1.4, 1.3, 40))
    for ax, name, update, rate in zip(axes, ("SGD", "Adam"), (sgd, adam), (0.03, 0.1), strict=True):
        ax.contour(*grid, bowl(grid), levels=[0.5, 2, 5, 10, 17], colors="0.85", linewidths=0.8)
        once, twice = by_hand(update, rate)[:61], by_hand(update, rate, factor=2.0)[:61]
        ax.plot(*once.T, "o-", color=PALE, linewidth=5, markersize=7, label="right gradient")
        ax.plot(*twice.T, "o-", color=GRADIENT, linewidth=1, markersize=2.5, label="doubled")
        ax.set(title=f"{name}, learning rate {rate}, 60 steps", xlabel="w0", ylabel="w1")
    axes[0].legend(loc="lower right", fontsize=9)
    keep(drawn, "16_optimizers_doubled")
