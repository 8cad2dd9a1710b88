"""Published answers: worked examples of backprop, and what the calculation gives.

Every number is kept as it was printed, as text. It is reproduced by a result within half a unit of
its last digit; a whole number by that number alone. Digits in parentheses are left out of that:
they are rounding noise, which another machine prints otherwise.

    Example        the numbers that a source prints of one calculation, and that calculation
    EXAMPLES       all of them, source by source, each below the functions that compute it
    reproduced     whether a result is the printed number

By hand means: through manual/, and where that has no layer (a product, a maximum) through the chain
rule written out. PyTorch and JAX differentiate the same expression on their own.
"""

import math
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from manual.affine import affine_backward, affine_forward
from manual.network import layer, network_forward, network_loss
from manual.rectifiers import relu_backward, relu_forward
from manual.regression import mse_loss
from manual.salary import salary_forward
from manual.sigmoids import sigmoid_backward, sigmoid_forward
from manual.train import train
from reference.paths import path
from reference.problem import Problem

Numbers = dict[str, float]  # what -> the number: "dE/dw5" -> 0.0821...


class Example(NamedTuple):
    """What one source prints of one calculation: all of it right, or all of it by one fault."""

    source: str
    inputs: str  # in words
    published: str  # what and its digits: "h1 0.593269992; h2 0.596884378"
    by_hand: Callable[[], Numbers]
    others: Callable[[str], Numbers] | None = None  # what "pytorch" or "jax" can take
    updates: bool = False  # whether an update, or many, lie behind the numbers
    fault: str = ""  # what made the printed digits, where they are wrong
    faulty: Callable[[], Numbers] | None = None  # the same calculation with that fault

    @property
    def verdict(self) -> str:
        return "source wrong" if self.fault else "agrees"

    def numbers(self) -> dict[str, str]:
        """What is printed -> its digits."""
        pairs = (each.rpartition(" ") for each in self.published.split("; "))
        return {what: digits for what, _, digits in pairs}


def reproduced(value: float, printed: str) -> bool:
    """Whether a result is the printed number, to its last digit that is no noise."""
    kept = printed.partition("(")[0]
    number = Decimal(printed.replace("(", "").replace(")", ""))
    if "." not in printed:
        return float(value) == float(number)
    _, _, power = printed.partition("e")
    half = Decimal(5).scaleb(int(power or 0) - 1 - len(kept.partition("e")[0].partition(".")[2]))
    return math.isfinite(value) and abs(Decimal(float(value)) - number) <= half


# How a gradient is taken ------------------------------------------------------------------------


def network(
    source: str,
    inputs: str,
    published: str,
    problem: Callable[[], Problem],
    names: dict[str, tuple[str, Any]],
) -> Example:
    """A network, whose gradients every path takes."""
    taken = partial(through, problem, names)
    return Example(source, inputs, published, taken, taken)


def graph(
    source: str,
    name: str,
    formula: str,
    published: str,
    by_hand: Callable[..., Numbers],
    expression: Callable[..., Any],
    **at: Any,
) -> Example:
    """An expression: by_hand writes its chain rule out, PyTorch and JAX differentiate it.

    name: of its value    formula: in words    expression(F, **at), F being torch or jax.numpy
    """
    others = partial(differentiated, name, expression, at)
    return Example(source, f"{name} = {formula}", published, partial(by_hand, **at), others)


def through(
    problem: Callable[[], Problem], names: dict[str, tuple[str, Any]], way: str = "by_hand"
) -> Numbers:
    """Numbers of a network on one path. names: what -> ("value", "x" or a parameter; the entry)."""
    # JAX would compile a program for each; traced, NumPy works its derivatives off.
    found = path(way)(problem(), **({"way": "traced"} if way == "jax" else {}))
    arrays = found.named()
    return {what: float(arrays[name][index]) for what, (name, index) in names.items()}


def differentiated(
    name: str, expression: Callable[..., Any], at: dict[str, Any], way: str
) -> Numbers:
    """An expression and its slope in each of its inputs, by PyTorch or JAX."""
    if way == "pytorch":
        import torch

        leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in at.values()]
        value = expression(torch, *leaves)
        found = torch.autograd.grad(value, leaves)
    else:
        import jax
        import jax.numpy as jnp

        with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
            every = tuple(range(1, len(at) + 1))
            arrays = [jnp.asarray(x, dtype=jnp.float64) for x in at.values()]
            value, found = jax.value_and_grad(expression, argnums=every)(jnp, *arrays)
    slopes = {f"d{name}/d{x}": np.asarray(slope) for x, slope in zip(at, found, strict=True)}
    return entries({name: value.item()} | slopes)


def entries(arrays: dict[str, Any]) -> Numbers:
    """{"dW": an array} -> {"dW[0, 0]": a number, ...}; a scalar keeps its name."""
    numbers = {}
    for name, array in arrays.items():
        for index in np.ndindex(np.shape(array)):
            place = f"[{', '.join(map(str, index))}]" if index else ""
            numbers[name + place] = float(np.asarray(array)[index])
    return numbers


def scalar(value: float) -> np.ndarray:
    """An array of one row and one column, as the layers of manual/ want it."""
    return np.array([[value]])


# CampusX: salary from CGPA and IQ ---------------------------------------------------------------

REGRESSION = np.array([[8, 8, 4], [7, 9, 5], [6, 10, 6], [5, 12, 7]], dtype=float)
YES_OR_NO = np.array([[8, 8, 1], [7, 9, 1], [6, 10, 0], [5, 5, 0]], dtype=float)


def blackboard() -> Numbers:
    return {"L": float(mse_loss(scalar(8.0), scalar(3.0))[0])}


def first_student() -> Numbers:
    names = ("w11", "w12", "w21", "w22", "v1", "v2")
    p: Numbers = {}
    p |= dict.fromkeys(names, 0.1) | dict.fromkeys(("b1", "b2", "c"), 0.0)
    loss, (*_, h1, _, yhat) = salary_forward(8.0, 8.0, 4.0, p)
    return {"A1": h1, "yhat": yhat, "L": loss}


def lesson(rows: np.ndarray, rate: float, epochs: int, sigmoid: bool = False) -> Numbers:
    """All weights 0.1, all biases 0, an update a row: what is printed after the first row, and on.

    Weights and biases are those after the first row; "epoch 5" is the mean loss in epoch 5.
    """
    affine = layer("affine", "W1", "b1"), layer("affine", "W2", "b2")
    net = [affine[0], layer("sigmoid"), affine[1]] if sigmoid else list(affine)
    loss = layer("bce_with_logits" if sigmoid else "mse")
    params = {"W1": np.full((2, 2), 0.1), "b1": np.zeros(2)}
    params |= {"W2": np.full((2, 1), 0.1), "b2": np.zeros(1)}
    x, y = rows[:, :2], rows[:, 2:]
    settings = {"config": {"learning_rate": rate}, "batch_size": 1}
    after, first = train(x[:1], y[:1], params, net, loss, epochs=1, **settings)
    _, history = train(x, y, params, net, loss, epochs=epochs, **settings)
    numbers = {"L": first[0], "W2": after["W2"][0, 0], "b2": after["b2"][0]}
    numbers |= {"W1": after["W1"][0, 0], "b1": after["b1"][0]}
    return numbers | {f"epoch {k}": each for k, each in enumerate(history, start=1)}


def notebook(rows: np.ndarray, rate: float, epochs: int, sigmoid: bool = False) -> Numbers:
    """The same as the notebook in circulation has it, with its three faults."""
    f = (lambda z: 1 / (1 + np.exp(-z))) if sigmoid else (lambda z: z)
    W1, b1, W2, b2 = np.full((2, 2), 0.1), np.zeros(2), np.full(2, 0.1), 0.0
    numbers: Numbers = {}
    for epoch in range(1, epochs + 1):
        losses = []
        for *x, y in rows:
            A1 = f(np.array(x) @ W1 + b1)
            yhat = f(A1 @ W2 + b2)
            bce = -y * np.log(yhat) - (1 - y) * np.log(1 - yhat) if sigmoid else 0.0
            losses.append(bce if sigmoid else (y - yhat) ** 2)
            dz2 = yhat - y if sigmoid else 2 * (yhat - y)
            W2 = W2 - rate * dz2 * A1  # fault: overwritten before dz1 uses it
            b2 = W2[1] - rate * dz2  # fault: it should start from b2
            dz1 = dz2 * W2 * (A1 * (1 - A1) if sigmoid else 1)
            W1 = W1 - rate * np.outer(dz1, x)  # fault: transposed
            b1 = b1 - rate * dz1
            if not numbers:
                numbers = {"L": losses[0], "W1": W1[0, 0], "b1": b1[0], "b2": b2}
        numbers[f"epoch {epoch}"] = float(np.mean(losses))
    return numbers


SOURCE = "CampusX, Backpropagation, and its notebook in circulation"
THREE = "b2 set from W2, dW1 transposed, W2 overwritten before dW1"
EXAMPLES = [
    Example(SOURCE, "the blackboard: y = 3, yhat = 8", "L 25", blackboard),
    Example(
        SOURCE,
        "regression, student 1, weights 0.1: the forward pass",
        "A1 1.6; yhat 0.32; L 13.5424",
        first_student,
    ),
    Example(
        SOURCE,
        "regression, rate 0.001: after student 1",
        "W2 0.111776",
        partial(lesson, REGRESSION, 0.001, 1),
        updates=True,
    ),
    Example(
        SOURCE,
        "regression, rate 0.001: after student 1, and mean losses",
        "W1 0.10658137; b1 0.00082267; b2 0.119136; epoch 1 25.321744156; epoch 2 18.320004166; "
        "epoch 3 9.473661051; epoch 4 3.252093863; epoch 5 1.340713259",
        partial(lesson, REGRESSION, 0.001, 5),
        updates=True,
        fault=THREE,
        faulty=partial(notebook, REGRESSION, 0.001, 5),
    ),
    Example(
        SOURCE,
        "classification, student 1, weights 0.1",
        "L 0.613402628898913",
        partial(lesson, YES_OR_NO, 0.0001, 1, sigmoid=True),
    ),
    Example(
        SOURCE,
        "classification, rate 0.0001: mean losses",
        "epoch 1 0.7103199086; epoch 2 0.6991702893; epoch 50 0.6990582228",
        partial(lesson, YES_OR_NO, 0.0001, 50, sigmoid=True),
        updates=True,
        fault=THREE,
        faulty=partial(notebook, YES_OR_NO, 0.0001, 50, sigmoid=True),
    ),
]

# Mazur: two inputs, two hidden sigmoids, two output sigmoids ------------------------------------

MAZUR_NET = [layer("affine", "W1", "b1"), layer("sigmoid")]
MAZUR_NET += [layer("affine", "W2", "b2"), layer("sigmoid")]
MAZUR_NAMES = {"E": ("value", ()), "dE/dw1": ("W1", (0, 0)), "dE/dw5": ("W2", (0, 0))}
MAZUR_NAMES |= {"delta o1": ("b2", (0,))}  # what o1's sigmoid gets, its bias gets too


def mazur() -> Problem:
    params = {
        "W1": np.array([[0.15, 0.25], [0.20, 0.30]]),  # w1 w3, w2 w4: a column leads to one neuron
        "b1": np.array([0.35, 0.35]),
        "W2": np.array([[0.40, 0.50], [0.45, 0.55]]),  # w5 w7, w6 w8
        "b2": np.array([0.60, 0.60]),
    }
    x, t = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
    # E is half the squared distance: over two outputs, the mean square.
    return Problem(MAZUR_NET, params, x, t, layer("mse"))


def mazur_forward() -> Numbers:
    _, params, x, *_ = mazur()
    hidden, _ = network_forward(x, params, MAZUR_NET[:2])
    out, _ = network_forward(x, params, MAZUR_NET)
    return dict(zip(("h1", "h2", "o1", "o2"), [*hidden[0], *out[0]], strict=True))


def mazur_walk(updates: int, overwritten: bool = False) -> Numbers:
    """E, outputs and weights after so many updates with rate 0.5; the biases stay."""
    net, params, x, t, *_ = mazur()
    W1, b1, W2, b2 = params.values()
    for _ in range(updates):
        z1, cache1 = affine_forward(x, W1, b1)
        h, s1 = sigmoid_forward(z1)
        z2, cache2 = affine_forward(h, W2, b2)
        o, s2 = sigmoid_forward(z2)
        dz2 = sigmoid_backward(o - t, s2)
        dh, dW2, _ = affine_backward(dz2, cache2)
        W2 = W2 - 0.5 * dW2
        if overwritten:
            dh = dz2 @ W2.T  # h did not go through this W2
        _, dW1, _ = affine_backward(sigmoid_backward(dh, s1), cache1)
        W1 = W1 - 0.5 * dW1
    params = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    out, _ = network_forward(x, params, net)
    E, *_ = network_loss(x, t, params, net, layer("mse"))
    weights = {f"w{k}": float(w) for k, w in enumerate([*W1.T.ravel(), *W2.T.ravel()], start=1)}
    return {"E": float(E), "o1": float(out[0, 0]), "o2": float(out[0, 1])} | weights


SOURCE = "Mazur, A Step by Step Backpropagation Example (2015)"
OVERWRITTEN = "the output weights are overwritten before the hidden ones use them"
EXAMPLES += [
    Example(
        SOURCE,
        "i = 0.05, 0.10: the forward pass",
        "h1 0.593269992; h2 0.596884378; o1 0.75136507; o2 0.772928465",
        mazur_forward,
    ),
    network(
        SOURCE,
        "t = 0.01, 0.99: the error and its gradients",
        "E 0.298371109; delta o1 0.138498562; dE/dw5 0.082167041; dE/dw1 0.000438568",
        mazur,
        MAZUR_NAMES,
    ),
    Example(
        SOURCE,
        "rate 0.5: the weights after 1 update",
        "w1 0.149780716; w2 0.19956143; w3 0.24975114; w4 0.29950229; "
        "w5 0.35891648; w6 0.408666186; w7 0.511301270; w8 0.561370121",
        partial(mazur_walk, 1),
        updates=True,
    ),
    Example(
        SOURCE,
        "the error after 1 update",
        "E 0.291027924",
        partial(mazur_walk, 1),
        updates=True,
        fault=OVERWRITTEN,
        faulty=partial(mazur_walk, 1, overwritten=True),
    ),
    Example(
        SOURCE,
        "after 10,000 updates: the outputs",
        "o1 0.015912196; o2 0.984065734",
        partial(mazur_walk, 10_000),
        updates=True,
        fault=OVERWRITTEN,
        faulty=partial(mazur_walk, 10_000, overwritten=True),
    ),
    Example(
        SOURCE,
        "after 10,000 updates: the error",
        "E 0.0000351085",
        partial(mazur_walk, 10_000),
        updates=True,
        fault="they are the digits of the right walk one update early, after 9,999",
        faulty=partial(mazur_walk, 9_999),
    ),
]

# Karpathy: a neuron, and small graphs -----------------------------------------------------------

NEURON_NAMES = {"o": ("value", (0, 0)), "do/dx1": ("x", (0, 0)), "do/dx2": ("x", (0, 1))}
NEURON_NAMES |= {"do/dw1": ("w", (0, 0)), "do/dw2": ("w", (1, 0))}


def neuron(number: Any = np.float64) -> Problem:
    """number: the number type that b goes through before it is a double."""
    params = {"w": np.array([[-3.0], [1.0]])}
    params["b"] = np.array([6.8813735870195432], number).astype(np.float64)
    net = [layer("affine", "w", "b"), layer("tanh")]
    return Problem(net, params, np.array([[2.0, 0.0]]), scalar(1.0))


def neuron_by_hand() -> Numbers:
    _, params, x, *_ = neuron()
    n, _ = affine_forward(x, params["w"], params["b"])
    return {"n": n[0, 0]} | through(neuron, NEURON_NAMES)


def product(a: float, b: float, c: float, f: float) -> Numbers:
    """L = d f, d = e + c, e = a b; and L once more after a small step uphill."""

    def forward(a, b, c, f):
        return (a * b + c) * f

    dd, df = f, a * b + c
    de, dc = dd, dd  # a sum hands its gradient to both
    da, db = de * b, de * a
    uphill = forward(a + 0.01 * da, b + 0.01 * db, c + 0.01 * dc, f + 0.01 * df)
    slopes = {"dL/da": da, "dL/db": db, "dL/dc": dc, "dL/dd": dd, "dL/df": df}
    return {"L": forward(a, b, c, f), "L uphill": uphill} | slopes


def fork(a: float, b: float) -> Numbers:
    """f = d e with d = a b and e = a + b: a and b feed both, and both gradients add."""
    d, e = a * b, a + b
    dd, de = e, d
    return {"df/da": dd * b + de, "df/db": dd * a + de}


def readme_expression(F, a, b):
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + -a
    d = d + d * 2 + F.maximum(b + a, 0 * a)
    d = d + 3 * d + F.maximum(b - a, 0 * a)
    f = (c - d) ** 2
    return f / 2 + 10 / f


def readme(a: float, b: float) -> Numbers:
    """c is 3a + 4b + 3 and d is 12 (ab + b^3) + 4 relu(a + b) + relu(b - a), once collected."""
    plus, plus_cache = relu_forward(scalar(a + b))
    minus, minus_cache = relu_forward(scalar(b - a))
    e = 3 * a + 4 * b + 3 - 12 * (a * b + b**3) - 4 * plus - minus
    f = e * e
    de = (1 / 2 - 10 / (f * f)) * 2 * e  # g = f / 2 + 10 / f
    dplus, dminus = relu_backward(-4 * de, plus_cache), relu_backward(-de, minus_cache)
    da = de * (3 - 12 * b) + dplus - dminus
    db = de * (4 - 12 * (a + 3 * b * b)) + dplus + dminus
    return {"g": (f / 2 + 10 / f).item(), "dg/da": da.item(), "dg/db": db.item()}


SOURCE = "Karpathy, micrograd: lecture (2022)"
EXAMPLES += [
    Example(
        SOURCE,
        "tanh neuron: x = 2, 0; w = -3, 1; b = 6.8813735870195432",
        "n 0.88137358701954(32); o 0.70710678118654(76); do/dx1 -1.5000; do/dw1 1.0000; "
        "do/dx2 0.5000; do/dw2 0.0000",
        neuron_by_hand,
        partial(through, neuron, NEURON_NAMES),
    ),
    network(
        SOURCE,
        "its PyTorch cell, where b is a float32 before it is a double",
        "o 0.70710669040503(58); do/dx1 -1.50000038515331(06); do/dw1 1.00000025676887(37); "
        "do/dx2 0.50000012838443(69)",
        partial(neuron, np.float32),
        NEURON_NAMES,
    ),
    graph(
        SOURCE,
        "L",
        "(a b + c) f at 2, -3, 10, -2; d = a b + c",
        "L -8; dL/da 6; dL/db -4; dL/dc -2; dL/dd -2; dL/df 4",
        product,
        lambda F, a, b, c, f: (a * b + c) * f,
        a=2.0, b=-3.0, c=10.0, f=-2.0,
    ),
    Example(
        SOURCE,
        "L again, after a step of 0.01 times the gradients, uphill",
        "L uphill -7.286496",
        partial(product, 2.0, -3.0, 10.0, -2.0),
        updates=True,
    ),
    graph(
        SOURCE, "f", "(a b) (a + b), a fork, at -2, 3", "df/da -3; df/db -8",
        fork, lambda F, a, b: (a * b) * (a + b), a=-2.0, b=3.0,
    ),
    graph(
        "Karpathy, micrograd: README (2020)",
        "g",
        "the long expression, at a = -4, b = 2",
        "g 24.7041; dg/da 138.8338; dg/db 645.5773",
        readme,
        readme_expression,
        a=-4.0, b=2.0,
    ),
]  # fmt: skip

# CS231n -----------------------------------------------------------------------------------------


def gates(x: float, y: float, z: float) -> Numbers:
    q = x + y
    dq, dz = z, q
    return {"f": q * z, "df/dx": dq, "df/dy": dq, "df/dz": dz}


SIGMOID_NAMES = {
    "f": ("value", (0, 0)), "df/dw0": ("w", (0, 0)), "df/dx0": ("x", (0, 0)),
    "df/dw1": ("w", (1, 0)), "df/dx1": ("x", (0, 1)), "df/dw2": ("b", (0,)),
}  # fmt: skip


def sigmoid_neuron() -> Problem:
    params = {"w": np.array([[2.0], [-3.0]]), "b": np.array([-3.0])}
    net = [layer("affine", "w", "b"), layer("sigmoid")]
    return Problem(net, params, np.array([[-1.0, -2.0]]), scalar(1.0))


def maximum(x: float, y: float, z: float, w: float) -> Numbers:
    """f = 2 (x y + max(z, w)): the maximum hands its gradient to the larger input alone."""
    ds = 2.0
    slopes = {"df/dx": ds * y, "df/dy": ds * x, "df/dz": ds * (z > w), "df/dw": ds * (w > z)}
    return {"f": 2 * (x * y + max(z, w))} | slopes


def norm(W: list[list[float]], x: list[float]) -> Numbers:
    """f = |W x|^2, whose gradient at q = W x is 2 q."""
    q, cache = affine_forward(np.array([x]), np.array(W).T, np.zeros(2))
    dx, dw, _ = affine_backward(2 * q, cache)
    return {"f": float((q * q).sum())} | entries({"df/dW": dw.T, "df/dx": dx[0]})


def affine_test() -> Numbers:
    x = np.linspace(-0.1, 0.5, num=240).reshape(2, 4, 5, 6)
    w = np.linspace(-0.2, 0.3, num=360).reshape(120, 3)
    out, _ = affine_forward(x, w, np.linspace(-0.3, 0.1, num=3))
    return entries({"out": out})


def two_layer_net() -> Numbers:
    N, D, H, C = 3, 5, 50, 7
    params = {
        "W1": np.linspace(-0.7, 0.3, num=D * H).reshape(D, H),
        "b1": np.linspace(-0.1, 0.9, num=H),
        "W2": np.linspace(-0.3, 0.4, num=H * C).reshape(H, C),
        "b2": np.linspace(-0.9, 0.1, num=C),
    }
    net = [layer("affine", "W1", "b1"), layer("relu"), layer("affine", "W2", "b2")]
    data = np.linspace(-5.5, 4.5, num=N * D).reshape(D, N).T, np.array([0, 5, 1])
    return {
        f"loss, reg {reg:g}": float(network_loss(*data, params, net, layer("softmax"), reg)[0])
        for reg in (0.0, 1.0)
    }


SOURCE = "CS231n: notes"
EXAMPLES += [
    graph(
        SOURCE, "f", "(x + y) z at -2, 5, -4", "f -12; df/dx -4; df/dy -4; df/dz 3",
        gates, lambda F, x, y, z: (x + y) * z, x=-2.0, y=5.0, z=-4.0,
    ),
    network(
        SOURCE,
        "sigmoid neuron: w = 2, -3, -3; x = -1, -2",
        "f 0.73; df/dw0 -0.20; df/dx0 0.39; df/dw1 -0.39; df/dx1 -0.59; df/dw2 0.20",
        sigmoid_neuron,
        SIGMOID_NAMES,
    ),
    graph(
        SOURCE,
        "f",
        "2 (x y + max(z, w)) at 3, -4, 2, -1",
        "f -20; df/dx -8; df/dy 6; df/dz 2; df/dw 0",
        maximum,
        lambda F, x, y, z, w: 2 * (x * y + F.maximum(z, w)),
        x=3.0, y=-4.0, z=2.0, w=-1.0,
    ),
    graph(
        "CS231n: slides",
        "f",
        "|W x|^2, W = [0.1 0.5; -0.3 0.8], x = 0.2, 0.4",
        "f 0.116; df/dW[0, 0] 0.088; df/dW[0, 1] 0.176; df/dW[1, 0] 0.104; df/dW[1, 1] 0.208; "
        "df/dx[0] -0.112; df/dx[1] 0.636",
        norm,
        lambda F, W, x: ((W @ x) ** 2).sum(),
        W=[[0.1, 0.5], [-0.3, 0.8]], x=[0.2, 0.4],
    ),
    Example(
        "CS231n: assignments",
        "affine: x (2, 4, 5, 6) and w (120, 3) of evenly spaced numbers",
        "out[0, 0] 1.49834967; out[0, 1] 1.70660132; out[0, 2] 1.91485297; "
        "out[1, 0] 3.25553199; out[1, 1] 3.5141327; out[1, 2] 3.77273342",
        affine_test,
    ),
    Example(
        "CS231n: assignments",
        "TwoLayerNet 5-50-7, 3 rows, evenly spaced weights",
        "loss, reg 0 3.4702243556; loss, reg 1 26.5948426952",
        two_layer_net,
    ),
]  # fmt: skip

# deeplearning.ai: a gradient check, its network of 4-5-3-1 --------------------------------------


def gradient_check(eps: float = 1e-7, stable: bool = False) -> Numbers:
    """|grad - difference| / (|grad| + |difference|) with two faults planted, and without.

    grad is manual's. The difference is that of the course's own cost, which takes log(1 - a) of a
    rounded a; stable: of manual's, which does not.
    """
    rng = np.random.RandomState(1)
    x, y = rng.randn(4, 3).T, np.array([[1.0], [1.0], [0.0]])
    params = {}
    for k, (M, D) in enumerate([(5, 4), (3, 5), (1, 3)], start=1):
        params[f"W{k}"], params[f"b{k}"] = rng.randn(M, D).T, rng.randn(M, 1)[:, 0]
    net = [layer("affine", "W1", "b1"), layer("relu"), layer("affine", "W2", "b2")]
    net += [layer("relu"), layer("affine", "W3", "b3")]

    def cost(p):
        if stable:
            return network_loss(x, y, p, net, layer("bce_with_logits"))[0]
        a = x.T
        for k in (1, 2, 3):
            z = p[f"W{k}"].T @ a + p[f"b{k}"][:, None]
            a = np.maximum(0, z) if k < 3 else 1 / (1 + np.exp(-z))
        return 1 / 3 * np.sum(-np.log(a) * y.T + -np.log(1 - a) * (1 - y.T))

    _, _, grads = network_loss(x, y, params, net, layer("bce_with_logits"))
    slopes = {name: np.zeros_like(array) for name, array in params.items()}
    for name, array in params.items():
        for index in np.ndindex(array.shape):
            nudge = np.zeros_like(array)
            nudge[index] = eps
            above, below = (cost(params | {name: array + s * nudge}) for s in (1, -1))
            slopes[name][index] = (above - below) / (2 * eps)

    def length(arrays):
        return math.sqrt(sum((array**2).sum() for array in arrays))

    def apart(grads):
        gap = length(grads[name] - slopes[name] for name in grads)
        return gap / (length(grads.values()) + length(slopes.values()))

    planted = grads | {"W2": 2 * grads["W2"], "b1": 4 * grads["b1"]}
    return {"planted": apart(planted), "put right": apart(grads)}


EXAMPLES += [
    Example(
        "deeplearning.ai, gradient checking",
        "seed 1, 4-5-3-1: the relative difference, dW2 doubled and db1 times 4, and put right",
        "planted 0.28509315(67761623); put right 1.1(890913)e-07",
        gradient_check,
    )
]

# Others -----------------------------------------------------------------------------------------


def nielsen(w: float, b: float) -> Numbers:
    """One sigmoid neuron learns 1 -> 0: C = (a - y)^2 / 2, rate 0.15, 300 epochs."""
    net = [layer("affine", "w", "b"), layer("sigmoid")]
    params = {"w": scalar(w), "b": np.array([b])}
    x, y = scalar(1.0), scalar(0.0)
    # mse has no 1/2, so half the rate.
    after, _ = train(
        x, y, params, net, layer("mse"), config={"learning_rate": 0.15 / 2}, epochs=300
    )
    start, end = (network_forward(x, each, net)[0].item() for each in (params, after))
    return {"w": after["w"].item(), "b": after["b"].item(), "a before": start, "a": end}


def tanh_at_1() -> Problem:
    return Problem([layer("tanh")], {}, scalar(1.0), scalar(1.0))


def olah(a: float, b: float) -> Numbers:
    c, d = a + b, b + 1
    dc, dd = d, c
    return {"e": c * d, "de/da": dc, "de/db": dc + dd}


def baydin(x1: float, x2: float) -> Numbers:
    y = math.log(x1) + x1 * x2 - math.sin(x2)
    return {"y": y, "dy/dx1": 1 / x1 + x2, "dy/dx2": x1 - math.cos(x2)}


def cs224n(x: float, y: float, z: float) -> Numbers:
    a, b = x + y, max(y, z)
    da, db = b, a
    return {"f": a * b, "df/dx": da, "df/dy": da + db * (y > z), "df/dz": db * (z > y)}


def tutorial(a: list[float], b: list[float]) -> Numbers:
    """Q = 3 a^3 - b^2, entry by entry, with an upstream of ones."""
    return entries({"dQ/da": 9 * np.array(a) ** 2, "dQ/db": -2 * np.array(b)})


def xor() -> Numbers:
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    z, _ = affine_forward(x, np.ones((2, 2)), np.array([0.0, -1.0]))
    out, _ = affine_forward(relu_forward(z)[0], np.array([[1.0], [-2.0]]), np.zeros(1))
    numbers = {f"f({a:g}, {b:g})": float(o) for (a, b), o in zip(x, out[:, 0], strict=True)}
    return numbers | {"relu inputs at 0": float((z == 0).sum())}  # its corners: not printed


SOURCE = "Nielsen, Neural Networks and Deep Learning, chapter 3 (2015)"
EXAMPLES += [
    Example(
        SOURCE,
        "one neuron, x = 1, at w = 0.6, b = 0.9",
        "a before 0.82",
        partial(nielsen, 0.6, 0.9),
    ),
    Example(
        SOURCE,
        "after 300 epochs towards y = 0, rate 0.15",
        "w -1.28; b -0.98; a 0.09",
        partial(nielsen, 0.6, 0.9),
        updates=True,
    ),
    Example(SOURCE, "the same at w = b = 2", "a before 0.98", partial(nielsen, 2.0, 2.0)),
    Example(
        SOURCE,
        "after 300 epochs from there",
        "a 0.20",
        partial(nielsen, 2.0, 2.0),
        updates=True,
    ),
    network(
        "HIPS autograd, README", "tanh at 1", "d tanh 0.419974341614026",
        tanh_at_1, {"d tanh": ("x", (0, 0))},
    ),
    graph(
        "Olah, Calculus on Computational Graphs (2015)",
        "e", "(a + b) (b + 1) at 2, 1", "e 6; de/da 2; de/db 5",
        olah, lambda F, a, b: (a + b) * (b + 1), a=2.0, b=1.0,
    ),
    graph(
        "Baydin et al., Automatic Differentiation in Machine Learning (2018)",
        "y", "ln x1 + x1 x2 - sin x2 at 2, 5", "y 11.652; dy/dx1 5.5; dy/dx2 1.716",
        baydin, lambda F, x1, x2: F.log(x1) + x1 * x2 - F.sin(x2), x1=2.0, x2=5.0,
    ),
    graph(
        "CS224n, slides",
        "f", "(x + y) max(y, z) at 1, 2, 0", "f 6; df/dx 2; df/dy 5; df/dz 0",
        cs224n, lambda F, x, y, z: (x + y) * F.maximum(y, z), x=1.0, y=2.0, z=0.0,
    ),
    graph(
        "PyTorch, A Gentle Introduction to torch.autograd",
        "Q",
        "3 a^3 - b^2 at a = 2, 3; b = 6, 4",
        "dQ/da[0] 36; dQ/da[1] 81; dQ/db[0] -12; dQ/db[1] -8",
        tutorial,
        lambda F, a, b: (3 * a**3 - b**2).sum(),
        a=[2.0, 3.0], b=[6.0, 4.0],
    ),
    Example(
        "Goodfellow, Bengio and Courville, Deep Learning, chapter 6 (2016)",
        "the XOR network",
        "f(0, 0) 0; f(0, 1) 1; f(1, 0) 1; f(1, 1) 0",
        xor,
    ),
]  # fmt: skip
