"""How fast: python -m reference.benchmark. Prints the three tables of the README.

Ratios count, not seconds: machines differ and drift, so the contestants take turns in one run, and
each figure is a median over rounds. Two things are the same for all: one thread, where a table says
so, and the same arrays.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from hypothesis import Phase, given, seed, settings
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from manual.network import layer, mlp, network_backward, network_forward
from reference.agreement import compare
from reference.cards import LAYERS
from reference.networks import PLAIN_RUN, problems
from reference.paths import PATHS, path
from reference.paths.differences import directions
from reference.problem import Problem

console = Console()


def seconds(run: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def random_networks(count: int = 1500) -> Table:
    """All four paths, Hypothesis included, on random MLPs: affine layers and activations."""
    import torch

    torch.set_num_threads(1)
    kinds = tuple(kind for kind, card in LAYERS.items() if card.by_entry)
    batch = min(250, count)
    # One thing after the other, so that each share can be told: drawing, then path by path.
    drawn: list[Problem] = []

    def draw(number: int) -> None:
        def keep(problem: Problem) -> None:
            drawn.append(problem)

        run = given(problems(layers=kinds))(keep)
        run = settings(max_examples=batch, phases=[Phase.generate], **PLAIN_RUN)(run)
        seed(number)(run)()

    draw(0)
    for dtype in (np.float32, np.float64):  # what compiles, compiles now
        for depth in (1, 20):
            net = [layer("tanh")] * depth
            x = np.ones((2, 3), dtype)
            list(compare(Problem(net, {}, x, x / 2)))
    for problem in drawn:
        list(compare(problem))
    drawn.clear()
    drawing = sum(seconds(lambda k=k: draw(k + 1)) for k in track(range(count // batch), "drawing"))
    whole = sum(seconds(lambda p=p: list(compare(p))) for p in track(drawn, "random MLPs"))
    table = Table(title="random MLPs, one core", box=box.SIMPLE_HEAD)
    for column in ("what", "ms a network"):
        table.add_column(column, justify="right")
    each = 1000 / len(drawn)
    table.add_row("draw (Hypothesis)", f"{drawing * each:.2f}")
    for name in ("by_hand", *PATHS):
        run = path(name)
        spent = sum(seconds(lambda p=p, run=run: run(p)) for p in track(drawn, name))
        table.add_row(name, f"{spent * each:.2f}")
    total = drawing + whole
    table.add_row("all, with allowances and comparisons", f"{total * each:.2f}")
    table.add_row("networks a second", f"{len(drawn) / total:.0f}")
    return table


def large_differences() -> Table:
    """A full finite-difference gradient of 100,000 parameters, and ten directions."""
    net, params = mlp([256, 256, 128, 10])
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 256)), rng.integers(10, size=8)
    problem = Problem(net, params, x, y, layer("softmax"))
    size = sum(array.size for array in params.values())
    rows = {
        "full gradient": lambda: path("differences")(problem),
        "ten directions": lambda: directions(problem, 10),
        "backprop by hand": lambda: path("by_hand")(problem),
    }
    table = Table(title=f"finite differences, {size:,} parameters, batch 8", box=box.SIMPLE_HEAD)
    for column in ("what", "median s", "worst s"):
        table.add_column(column, justify="right")
    for name, run in rows.items():
        run()
        times = [seconds(run) for _ in track(range(5), name)]
        table.add_row(name, f"{statistics.median(times):.4f}", f"{max(times):.4f}")
    return table


def forward_and_backward(rounds: int = 60) -> Table:
    """An MLP 784-512-256-10 at batch 128, float32, against PyTorch eager and the bare products."""
    import torch

    torch.set_num_threads(1)
    net, params = mlp([784, 512, 256, 10])
    params = {name: array.astype(np.float32) for name, array in params.items()}
    rng = np.random.default_rng(0)
    x = rng.normal(size=(128, 784)).astype(np.float32)
    dout = rng.normal(size=(128, 10)).astype(np.float32)
    weights = [params[f"W{k}"] for k in (1, 2, 3)]
    ins = [rng.normal(size=(128, w.shape[0])).astype(np.float32) for w in weights]
    outs = [rng.normal(size=(128, w.shape[1])).astype(np.float32) for w in weights]

    def by_hand():
        _, cache = network_forward(x, params, net)
        return network_backward(dout, cache)

    def products():
        return [(a @ w, d @ w.T, a.T @ d) for a, d, w in zip(ins, outs, weights, strict=True)]

    tx = torch.tensor(x, requires_grad=True)
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in params.items()}
    tdout = torch.tensor(dout)

    def eager():
        h = tx
        for k in (1, 2, 3):
            h = torch.nn.functional.linear(h, tensors[f"W{k}"].T, tensors[f"b{k}"])
            h = torch.relu(h) if k < 3 else h
        return torch.autograd.grad(h, [tx, *tensors.values()], tdout)

    runs = {"by hand": by_hand, "PyTorch eager": eager, "matrix products": products}
    times: dict[str, list[float]] = {name: [] for name in runs}
    order = list(runs)
    for name in order:
        runs[name]()
    for _ in track(range(rounds), "MLP"):
        rng.shuffle(order)
        for name in order:
            times[name].append(min(seconds(runs[name]) for _ in range(3)))
    table = Table(title="MLP 784-512-256-10, batch 128, float32, with dx", box=box.SIMPLE_HEAD)
    for column in ("what", "median ms", "by hand / this"):
        table.add_column(column, justify="right")
    for name in runs:
        ratio = statistics.median(
            ours / theirs for ours, theirs in zip(times["by hand"], times[name], strict=True)
        )
        table.add_row(name, f"{statistics.median(times[name]) * 1000:.2f}", f"{ratio:.2f}")
    return table


TABLES = {
    "mlp": (forward_and_backward, "1"),
    "differences": (large_differences, None),
    "networks": (random_networks, "1"),
}


def main(names: list[str]) -> None:
    """Print the named tables, each measured in a process of its own; all of them by default."""
    if names[:1] == ["--here"]:
        console.print(TABLES[names[1]][0]())
        return
    made = f"Python {platform.python_version()}, NumPy {np.__version__}"
    console.print(f"{platform.machine()}, {made}")
    for name in names or TABLES:
        threads = TABLES[name][1]
        # OpenBLAS reads this when NumPy loads.
        environment = os.environ | ({"OPENBLAS_NUM_THREADS": threads} if threads else {})
        command = [sys.executable, "-m", "reference.benchmark", "--here", name]
        subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
