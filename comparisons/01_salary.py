"""Salary from CGPA and IQ: nine derivatives by hand, and a notebook that is wrong while it learns.

Claim: the loss of a widely copied notebook falls in each of its first five epochs, and lies below
that of the right derivatives in the first four, although three things in its update are wrong; with
every derivative right the loss rises, at epochs 7 and 8. One update on inputs that are not alike,
held against another way to the same derivatives, shows what the loss hides.

    backproof compare 01 [--plot DIR]
"""

# %%
import itertools
import math

import numpy as np

from comparisons.show import GRADIENT, PALE, draw_network, drawing, figure, keep
from manual.network import layer
from manual.salary import salary_backward, salary_forward, salary_step
from reference.agreement import ALLOWANCES, compare
from reference.paths import PATHS, path
from reference.problem import Problem

# %% [markdown]
# ## The network, and one student
#
# Two inputs, two hidden neurons without an activation, one output: the salary in lakh (100,000)
# rupees a year. CGPA is a grade average. The network and the students are those of a video course
# (CampusX, "Backpropagation"). All weights start at 0.1, all biases at 0. The first student has
# CGPA 8, IQ 8, salary 4:
#
#     h1   = w11 x1 + w21 x2 + b1 = 0.1 * 8   + 0.1 * 8   + 0 =  1.6
#     h2   = w12 x1 + w22 x2 + b2 = 0.1 * 8   + 0.1 * 8   + 0 =  1.6
#     yhat = v1 h1  + v2 h2  + c  = 0.1 * 1.6 + 0.1 * 1.6 + 0 =  0.32
#     L    = (y - yhat)^2         = (4 - 0.32)^2              = 13.5424

# %%
students = [(8.0, 8.0, 4.0), (7.0, 9.0, 5.0), (6.0, 10.0, 6.0), (5.0, 12.0, 7.0)]
start = {"w11": 0.1, "w12": 0.1, "w21": 0.1, "w22": 0.1, "b1": 0.0, "b2": 0.0}
start |= {"v1": 0.1, "v2": 0.1, "c": 0.0}
NAMES = list(start)

loss, cache = salary_forward(*students[0], start)
x1, x2, *_, h1, h2, yhat = cache
# Some twenty roundings of 1.1e-16 each, at the most.
assert np.allclose([h1, h2, yhat, loss], [1.6, 1.6, 0.32, 13.5424], rtol=1e-14)

# %% [markdown]
# ## Nine derivatives
#
# A weight moves the loss through what it feeds. So go backwards, and at each line multiply by the
# derivative of that line alone: this is the chain rule. dL/dh1 is needed by three parameters, and
# is computed once.
#
#     dL/dyhat = -2 (y - yhat)                = -2 * 3.68    =  -7.36
#     dL/dv1   = dL/dyhat dyhat/dv1           = -7.36 h1     = -11.776     dL/dv2: with h2
#     dL/dc    = dL/dyhat dyhat/dc            = -7.36 * 1    =  -7.36
#     dL/dh1   = dL/dyhat dyhat/dh1           = -7.36 v1     =  -0.736     dL/dh2: with v2
#     dL/dw11  = dL/dh1 dh1/dw11              = -0.736 x1    =  -5.888     dL/dw21: with x2
#     dL/db1   = dL/dh1 dh1/db1               = -0.736 * 1   =  -0.736
#
# and w12, w22 and b2 likewise, from dL/dh2. Now the same nine in six ways. "scalars" is the code of
# these lines, manual/salary.py. "matrices" is the code for any network, also by hand; its W1[i, j]
# leads from input i to hidden neuron j, so that w12 is W1[0, 1] and w21 is W1[1, 0]. Then the four
# that this project holds hand-written code against, and calls paths: PyTorch's autograd, JAX's
# grad, the difference (L(w + h) - L(w - h)) / 2h, and the complex step, Im L(w + ih) / h, which
# subtracts nothing and so loses no digits.

# %%
net = [layer("affine", "W1", "b1"), layer("affine", "W2", "b2")]
mse = layer("mse")  # the mean of (yhat - y)^2: for one student, just that
params = {"W1": np.full((2, 2), 0.1), "b1": np.zeros(2), "W2": np.full((2, 1), 0.1)}
params["b2"] = np.zeros(1)


def by_name(arrays):
    """The numbers of the four arrays, under the names of the nine scalars."""
    numbers = *arrays["W1"].ravel(), *arrays["b1"], *arrays["W2"].ravel(), *arrays["b2"]
    return {name: float(number) for name, number in zip(NAMES, numbers, strict=True)}


x = np.array([student[:2] for student in students])
targets = np.array([student[2:] for student in students])
problems = [Problem(net, params, x[[i]], targets[[i]], mse) for i in range(4)]
columns = {"scalars": salary_backward(cache)}
columns["matrices"] = by_name(path("by_hand")(problems[0]).params)
columns |= {name: by_name(path(name)(problems[0]).params) for name in PATHS}

print("Student 1" + " " * 5 + "".join(f"{'d' + n:>9}" for n in NAMES))
for name, column in columns.items():
    print(f"  {name:<12}" + "".join(f"{column[n]:9.3f}" for n in NAMES))

on_paper = dict.fromkeys(NAMES, -5.888) | {"b1": -0.736, "b2": -0.736}
on_paper |= {"v1": -11.776, "v2": -11.776, "c": -7.36}
for name, column in columns.items():
    accuracy = 1e-9 if name == "differences" else 1e-14  # rounding, some 1e-16 / h
    assert all(math.isclose(column[n], on_paper[n], rel_tol=accuracy) for n in NAMES)

# %% [markdown]
# ```text
# Student 1          dw11     dw12     dw21     dw22      db1      db2      dv1      dv2       dc
#   scalars        -5.888   -5.888   -5.888   -5.888   -0.736   -0.736  -11.776  -11.776   -7.360
#   matrices       -5.888   -5.888   -5.888   -5.888   -0.736   -0.736  -11.776  -11.776   -7.360
#   pytorch        -5.888   -5.888   -5.888   -5.888   -0.736   -0.736  -11.776  -11.776   -7.360
#   jax            -5.888   -5.888   -5.888   -5.888   -0.736   -0.736  -11.776  -11.776   -7.360
#   differences    -5.888   -5.888   -5.888   -5.888   -0.736   -0.736  -11.776  -11.776   -7.360
#   complex_step   -5.888   -5.888   -5.888   -5.888   -0.736   -0.736  -11.776  -11.776   -7.360
# ```
#
# How close is close enough? The last digits of a right program may be wrong, by as much as its
# roundings add up to. That much is called one allowance, worked out anew for each derivative (for a
# difference it covers the error of its step too); up to 8 allowances is agreement. Student 1 alone
# would be a poor test: CGPA and IQ are both 8, and a program that swaps them gets the same numbers.
# So every path is held against all four students, 12 numbers each: the loss, its slopes in x1 and
# x2, and the nine.

# %%
found = [each for problem in problems for each in compare(problem)]
print(f"\nThe largest error is {max(each.worst for each in found):.3f} of {ALLOWANCES} allowances")
assert all(each.agrees and each.entries == 12 for each in found) and len(found) == 16

# %% [markdown]
# ## Training
#
# Student after student, one update each: every parameter minus 0.001 times its derivative. An
# epoch's loss is the mean of the four losses, each taken just before its update.

# %%
rate = 0.001


def walk(step, epochs):
    """The parameters after the last epoch, and the loss of every epoch."""
    p, history = start, []
    for _ in range(epochs):
        total = 0.0
        for student in students:
            before, p = step(*student, p, rate)
            total += before
        history.append(total / 4)
    return p, history


_, losses = walk(salary_step, 10)
print("\nThe loss of epochs 1 to 10")
print("".join(f"{loss:8.4f}" for loss in losses))
rises = [k for k in range(2, 11) if losses[k - 1] > losses[k - 2]]
assert rises == [7, 8]

still = []  # the mean loss of all four with the weights held still, before epochs 6 to 10
for epochs in range(5, 10):
    p, _ = walk(salary_step, epochs)
    still.append(sum(salary_forward(*each, p)[0] for each in students) / 4)
print("and of all four students before epochs 6 to 10, with the weights held still")
print(" " * 40 + "".join(f"{loss:8.4f}" for loss in still))
assert still[2] > still[1]  # epoch 7 makes it worse

# %% [markdown]
# ```text
# The loss of epochs 1 to 10
#  26.3456 19.8594 10.8816  3.7770  1.2238  0.8861  0.9038  0.9127  0.9023  0.8846
# and of all four students before epochs 6 to 10, with the weights held still
#                                           0.7736  0.7570  0.7736  0.7696  0.7563
# ```
#
# With every derivative right, the loss rises at epochs 7 and 8. It is taken while the weights move;
# but the mean loss of all four at once rises too, in epoch 7: 0.7570 before it, 0.7736 after it. An
# update follows the loss of one student, not the mean.
#
# ## The notebook
#
# The notebook of that lesson goes round in many copies, and its update has three faults. Here they
# can be switched on one by one; without any it does what salary_step does.
#
# 1. The new c starts from v2, not from c.
# 2. The crossing weights are mixed up: w12 is updated as if it came from x2, w21 as if from x1.
# 3. v1 and v2 are overwritten before the derivatives of the first layer use them.


# %%
def notebook(*faults):
    def step(x1, x2, y, p, rate):
        loss, (*_, h1, h2, yhat) = salary_forward(x1, x2, y, p)
        e = 2 * rate * (y - yhat)
        new = dict(p)
        new["v1"] = p["v1"] + e * h1
        new["v2"] = p["v2"] + e * h2
        new["c"] = (new["v2"] if 1 in faults else p["c"]) + e
        x1_to_h2, x2_to_h1 = ("w21", "w12") if 2 in faults else ("w12", "w21")
        v = new if 3 in faults else p
        new["w11"] = p["w11"] + e * v["v1"] * x1
        new[x2_to_h1] = p[x2_to_h1] + e * v["v1"] * x2
        new["b1"] = p["b1"] + e * v["v1"]
        new[x1_to_h2] = p[x1_to_h2] + e * v["v2"] * x1
        new["w22"] = p["w22"] + e * v["v2"] * x2
        new["b2"] = p["b2"] + e * v["v2"]
        return loss, new

    return step


assert np.allclose(walk(notebook(), 100)[1], walk(salary_step, 100)[1], rtol=1e-12)  # roundings

# %% [markdown]
# ## Prediction
#
# One update is enough to tell, if the inputs are not alike. It should be -rate times the
# derivative, so the derivative that the notebook goes by is (old - new) / rate. At student 1, whose
# v2 goes from 0.1 to 0.111776:
#
# 1. The new c is too large by that 0.111776. Over the rate this is 111.776, against a derivative of
#    -7.36: off by 15 times the derivative. No other is touched.
# 2. Both inputs are 8 and all weights 0.1, so nothing at all. At student 2, with 7 and 9, w12 gets
#    9/7 of its derivative and w21 7/9.
# 3. All six derivatives of the first layer hold v1 or v2 as a factor: 11.8% too much.
#
# Here is each fault alone, at students 1 and 2, both with the starting weights, against PyTorch's
# derivative: how far the notebook's is off, in percent; a dot is not at all.

# %%
off: dict = {}  # in percent
for i, fault in itertools.product((0, 1), (1, 2, 3)):
    true = by_name(path("pytorch")(problems[i]).params)
    _, new = notebook(fault)(*students[i], start, rate)
    off[i, fault] = {n: 100 * ((start[n] - new[n]) / rate / true[n] - 1) for n in NAMES}
wrong = {cell: [n for n in NAMES if abs(off[cell][n]) > 1e-9] for cell in off}

print("\nOff by percent" + "".join(f"{'d' + n:>8}" for n in NAMES))
for (i, fault), each in off.items():
    row = [f"{each[n]:+.1f}" if n in wrong[i, fault] else "." for n in NAMES]
    print(f"  {i + 1}, fault {fault}  " + "".join(f"{entry:>8}" for entry in row))

assert wrong[0, 1] == wrong[1, 1] == ["c"] and math.isclose(off[0, 1]["c"], 100 * 111.776 / 7.36)
assert wrong[0, 3] == wrong[1, 3] == ["w11", "w12", "w21", "w22", "b1", "b2"]
assert all(math.isclose(off[0, 3][n], 11.776) for n in wrong[0, 3])
assert wrong[0, 2] == [] and wrong[1, 2] == ["w12", "w21"]
assert np.allclose([off[1, 2][n] for n in wrong[1, 2]], [100 * (9 / 7 - 1), 100 * (7 / 9 - 1)])

# %% [markdown]
# ```text
# Off by percent    dw11    dw12    dw21    dw22     db1     db2     dv1     dv2      dc
#   1, fault 1         .       .       .       .       .       .       .       . +1518.7
#   1, fault 2         .       .       .       .       .       .       .       .       .
#   1, fault 3     +11.8   +11.8   +11.8   +11.8   +11.8   +11.8       .       .       .
#   2, fault 1         .       .       .       .       .       .       .       . +1228.4
#   2, fault 2         .   +28.6   -22.2       .       .       .       .       .       .
#   2, fault 3     +15.0   +15.0   +15.0   +15.0   +15.0   +15.0       .       .       .
# ```
#
# ## What the loss says
#
# Now train with all three faults, and with each alone, and look at the loss.

# %%
curves = {"right": walk(salary_step, 4000)[1], "notebook": walk(notebook(1, 2, 3), 4000)[1]}
curves |= {f"fault {fault}": walk(notebook(fault), 4000)[1] for fault in (1, 2, 3)}

print("\n  epoch" + "".join(f"{title:>12}" for title in curves))
for epoch in (1, 2, 3, 4, 5, 10, 200, 600, 3681, 4000):
    print(f"  {epoch:5}" + "".join(f"{curve[epoch - 1]:12.4f}" for curve in curves.values()))

right, copied = curves["right"], curves["notebook"]
assert all(np.all(np.diff(curve[:5]) < 0) for curve in curves.values())
assert all(copied[i] < right[i] for i in range(4))
assert curves["fault 1"][199] < right[199] < curves["fault 3"][199] < 1.03 * right[199]
blown_up = next(epoch for epoch, loss in enumerate(copied, start=1) if not math.isfinite(loss))
assert blown_up == 3701 and np.nanargmin(copied) + 1 == 3681

# %% [markdown]
# ```text
#   epoch       right    notebook     fault 1     fault 2     fault 3
#       1     26.3456     25.3217     25.3829     26.3741     26.2497
#       2     19.8594     18.3200     18.7377     20.0727     19.1963
#       3     10.8816      9.4737     10.1876     11.3001      9.7025
#       4      3.7770      3.2521      3.6217      4.1608      3.0274
#       5      1.2238      1.3407      1.2518      1.4970      1.0597
#      10      0.8846      1.2867      0.9178      1.2775      0.8812
#     200      0.0447      1.1866      0.0413      1.4023      0.0457
#     600      0.0429      0.1172      0.0393      0.0812      0.0429
#    3681      0.0417      0.0521      0.0389      0.0740      0.0418
#    4000      0.0416         nan      0.0389      0.0735      0.0417
# ```
#
# In the first five epochs every loss falls, and in the first four the notebook's lies below the
# right one. At epoch 200 the notebook is still at 1.1866, where the right derivatives have brought
# it to 0.0447. But fault 3 alone has 0.0457, 2% more, and fault 1 alone is ahead of the right
# derivatives. Left to run, the notebook's loss rises and falls, down to 0.0521 at epoch 3681, lower
# than most people would ask for; 20 epochs later its numbers overflow.
#
# ## What to remember
#
# A falling loss proves nothing: it falls with wrong derivatives and rises with right ones. What
# tells is the derivative itself, taken another way, on inputs that are not alike.

# %%
if drawing():
    drawn, axes = figure(8, 4.5)
    epochs = np.arange(1, 4001)
    axes.loglog(epochs, right, color=PALE, linewidth=5, label="right derivatives")
    axes.loglog(epochs, curves["fault 3"], "k--", linewidth=1.2, label="fault 3 alone")
    axes.loglog(epochs, copied, color=GRADIENT, label="the notebook, all three faults")
    text = f"overflows\nin epoch {blown_up}"
    axes.annotate(text, (blown_up * 0.9, 10), ha="right", color=GRADIENT)
    axes.set(xlabel="epoch", ylabel="mean loss, (lakh rupees a year)²", ylim=(0.02, 60))
    axes.set_title("Three curves that start to fall alike; two of them with wrong derivatives")
    axes.legend(loc="lower left")
    keep(drawn, "01_salary")

    drawn, axes = figure(9, 5)
    grads = columns["scalars"]
    places = {"x1": (0, 2), "x2": (0, 0), "h1": (2, 2), "h2": (2, 0), "ŷ": (4, 1), "L": (5.5, 1)}
    values = dict(zip(places, [x1, x2, h1, h2, yhat, loss], strict=True))
    edges = {("x1", "h1"): "w11", ("x1", "h2"): "w12", ("x2", "h1"): "w21", ("x2", "h2"): "w22"}
    edges |= {("h1", "ŷ"): "v1", ("h2", "ŷ"): "v2"}
    slopes: dict = {edge: grads[name] for edge, name in edges.items()}
    # A bias adds 1 times itself to its neuron: the gradient of the neuron is that of its bias.
    slopes |= {"h1": grads["b1"], "h2": grads["b2"], "ŷ": grads["c"], "L": 1.0}
    texts = {edge: f"{name} = {start[name]}" for edge, name in edges.items()}
    notes = dict(zip(places, ["CGPA", "IQ", "b1 = 0", "b2 = 0", "c = 0", "(4 - ŷ)²"], strict=True))
    draw_network(axes, places, values, texts | {("ŷ", "L"): ""}, slopes, notes=notes)
    axes.set_title("Student 1: values in blue, gradients of the loss in red", fontsize=11)
    keep(drawn, "01_salary_network")
