"""What the scripts share: every path side by side, and how pictures are drawn and kept."""

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reference.agreement import Comparison, compare
from reference.paths import PATHS, path
from reference.problem import Problem

TITLES = {
    "by_hand": "by hand",
    "pytorch": "PyTorch",
    "jax": "JAX",
    "differences": "differences",
    "complex_step": "complex step",
}
# Values are blue and gradients red; where a picture is of neither, right is blue and wrong is red.
VALUE, GRADIENT, THIRD, FOURTH, PALE = "#1f5fa8", "#c1442e", "#2f8f5b", "#8a5a9e", "#c6dbef"


def side_by_side(
    problem: Problem, names: Sequence[str] = (), rows: int = 12, digits: int = 10
) -> list[Comparison]:
    """Print gradients entry by entry, path by path, and each path's largest error in allowances.

    names: which gradients to print: "x", "W1"; empty for all
    rows: how many entries of each at the most; all are compared, printed or not
    digits: after the point
    Returns the comparisons, for the script to assert on.
    """
    columns = {name: path(name)(problem).named() for name in TITLES}
    print(" " * 14 + "".join(f"{title:>15}" for title in TITLES.values()))
    for name, array in columns["by_hand"].items():
        if name == "value" or (names and name not in names):
            continue
        for index in list(np.ndindex(np.shape(array)))[:rows]:
            place = f"d{name}[{', '.join(map(str, index))}]"
            numbers = (float(np.asarray(each[name])[index]) for each in columns.values())
            print(f"  {place:<12}" + "".join(f"{number:15.{digits}f}" for number in numbers))
        if np.size(array) > rows:
            print(f"  ... and {np.size(array) - rows} more of d{name}")
    found = list(compare(problem))
    print(f"  {'worst error':<27}" + "".join(f"{each.worst:15.3f}" for each in found))
    return found


def worst_errors(found: dict[str, list[Comparison]], title: str) -> None:
    """Print a table of comparisons: a row each, the largest error of each path in allowances."""
    print(f"  {title:<25}" + "".join(f"{TITLES[name]:>15}" for name in PATHS))
    for row, comparisons in found.items():
        print(f"  {row:<25}" + "".join(f"{each.worst:15.3f}" for each in comparisons))


# Pictures ----------------------------------------------------------------------------------------


def drawing() -> bool:
    """Whether pictures are wanted: with --plot DIR on the command line, or in a notebook."""
    return "--plot" in sys.argv or _in_notebook()


def figure(wide: float, tall: float, rows: int = 1, columns: int = 1, **keywords: Any) -> Any:
    """A figure of so many inches, and its axes: one, or an array of them."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    # Text stays text, and the same picture is the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "backproof"})
    matplotlib.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
    return plt.subplots(rows, columns, figsize=(wide, tall), layout="constrained", **keywords)


def keep(picture: Any, name: str) -> None:
    """Write a figure to DIR/name.svg, DIR from the command line; show it in a notebook."""
    import matplotlib.pyplot as plt

    if "--plot" in sys.argv:
        place = sys.argv.index("--plot") + 1
        folder = Path(sys.argv[place] if place < len(sys.argv) else "plots")
        folder.mkdir(parents=True, exist_ok=True)
        picture.savefig(folder / f"{name}.svg", metadata={"Date": None})
    else:
        from IPython.display import SVG, display  # type: ignore[import-not-found]

        buffer = io.BytesIO()
        picture.savefig(buffer, format="svg")
        display(SVG(buffer.getvalue()))
    plt.close(picture)


def draw_network(
    axes: Any,
    places: Mapping[str, tuple[float, float]],
    values: Mapping[str, float],
    edges: Mapping[tuple[str, str], str],
    gradients: Mapping[Any, float] | None = None,
    digits: int = 6,
    along: float = 0.3,
    edge_color: str = VALUE,
    notes: Mapping[str, str] | None = None,
) -> None:
    """A small network or graph: a circle for each node, its number below it, a line for each edge.

    places: node -> (x, y)    values: node -> its number, in blue
    edges: (from, to) -> what stands on the edge ("w1 = 0.15"), in edge_color, or ""
    gradients: node or edge -> its number, in red, below the blue one
    along: where on an edge its text stands, from 0 (its start) to 1
    notes: node -> what stands above it, in grey: "x1 w1"
    """
    gradients = gradients or {}

    def number(each: float) -> str:
        return f"{each:.{digits}g}".replace("-", "−")  # noqa: RUF001  a minus as wide as a digit

    axes.set_axis_off()
    axes.set_aspect("equal")
    for (start, end), text in edges.items():
        (x0, y0), (x1, y1) = places[start], places[end]
        arrow = {"arrowstyle": "-|>", "color": "0.6", "shrinkA": 15, "shrinkB": 15}
        axes.annotate("", (x1, y1), (x0, y0), arrowprops=arrow, zorder=1)
        x, y = x0 + along * (x1 - x0), y0 + along * (y1 - y0)
        lines = [(text, edge_color)] if text else []
        if (start, end) in gradients:
            lines.append((number(gradients[start, end]), GRADIENT))
        for k, (line, color) in enumerate(lines):
            below = 12 * (k - (len(lines) - 1) / 2)
            axes.annotate(
                line, (x, y), (0, -below), textcoords="offset points", ha="center", va="center",
                color=color, fontsize=8, zorder=3,
                bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"},
            )  # fmt: skip
    for node, (x, y) in places.items():
        circle = {"boxstyle": "circle,pad=0.4", "facecolor": "white", "edgecolor": "0.3"}
        axes.annotate(node, (x, y), ha="center", va="center", fontsize=10, bbox=circle, zorder=4)
        texts = [(number(values[node]), VALUE)] if node in values else []
        texts += [(number(gradients[node]), GRADIENT)] if node in gradients else []
        for k, (text, color) in enumerate(texts):
            axes.annotate(
                text, (x, y), (0, -24 - 11 * k), textcoords="offset points", ha="center",
                va="center", color=color, fontsize=8, zorder=4,
            )  # fmt: skip
        if notes and node in notes:
            axes.annotate(
                notes[node], (x, y), (0, 20), textcoords="offset points", ha="center",
                va="center", color="0.4", fontsize=8, zorder=4,
            )  # fmt: skip
    xs, ys = zip(*places.values(), strict=True)
    axes.set_xlim(min(xs) - 0.4, max(xs) + 0.4)
    axes.set_ylim(min(ys) - 0.6, max(ys) + 0.4)


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")
