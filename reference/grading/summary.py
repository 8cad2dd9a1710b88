"""A class in numbers: which mistakes, which verdicts, which scores."""

from collections import Counter
from pathlib import Path
from statistics import mean, median
from typing import Any

from reference.grading.formats.report import Report, report

BINS = 10
COLORS = {
    "correct": "#2a9d5c", "wrong": "#c8453a", "shape": "#e08a3c", "raises": "#8e3b6e",
    "missing": "#b9bec7", "outdated": "#d9b84a", "timeout": "#7a5ea8", "blocked": "#3d434d",
    "nondeterministic": "#4a8fb5",
}  # fmt: skip


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Plain data.

    submissions, practice, all_right: how many
    verdicts, mistakes: function -> verdict or mistake -> how many, the most frequent first
    scores: max_score, mean, median, lowest, highest, and distribution: how many have which percent
    """
    reports = [report(result) for result in results]
    verdicts: dict[str, Counter[str]] = {}
    mistakes: dict[str, Counter[str]] = {}
    for told in reports:
        for row in told.functions:
            verdicts.setdefault(row.name, Counter())[row.verdict] += 1
            if row.mistake:
                mistakes.setdefault(row.name, Counter())[row.mistake] += 1
    return {
        "submissions": len(reports),
        "practice": sum(bool(told.practice) for told in reports),
        "all_right": sum(told.passed for told in reports),
        "verdicts": {name: _ordered(counts) for name, counts in verdicts.items()},
        "mistakes": {name: _ordered(counts) for name, counts in mistakes.items()},
        "scores": _scores(reports),
    }


def _scores(reports: list[Report]) -> dict[str, Any]:
    scores = [float(told.score) for told in reports]
    counts = [0] * BINS
    for told in reports:
        counts[min(int(BINS * told.score / told.max_score), BINS - 1) if told.max_score else 0] += 1
    step = 100 // BINS
    return {
        "max_score": float(max((told.max_score for told in reports), default=0)),
        "mean": round(mean(scores), 4) if scores else None,
        "median": round(median(scores), 4) if scores else None,
        "lowest": min(scores, default=None),
        "highest": max(scores, default=None),
        "distribution": [
            {"from": step * k, "to": step * (k + 1), "count": count}
            for k, count in enumerate(counts)
        ],
    }


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def plot(results: list[dict[str, Any]], path: Path | str) -> None:
    """Draw it: scores, verdicts by function, frequent mistakes. SVG, PNG or PDF by the path.

    Errors: ImportError without Matplotlib; ValueError for an ending it does not know.
    """
    import warnings

    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    path = Path(path)
    found = summary(results)
    functions = list(found["verdicts"])
    named = [
        (count, f"{function}: {mistake}")
        for function, counts in found["mistakes"].items()
        for mistake, count in counts.items()
    ]
    named = sorted(named, key=lambda item: (-item[0], item[1]))[:15]
    heights = [2.4, 0.6 + 0.28 * len(functions), 0.6 + 0.28 * len(named)]
    figure = Figure(figsize=(9, sum(heights) + 1), layout="constrained")
    scores, verdicts, mistakes = figure.subplots(3, 1, height_ratios=heights)
    bins = found["scores"]["distribution"]
    scores.bar(
        [each["from"] for each in bins], [each["count"] for each in bins], width=9, align="edge"
    )
    scores.set(xlabel="score in percent", ylabel="submissions", xticks=range(0, 101, 10))
    left = [0] * len(functions)
    kinds = {kind for counts in found["verdicts"].values() for kind in counts}
    order = list(COLORS)
    for kind in sorted(kinds, key=lambda k: (order.index(k) if k in COLORS else len(order), k)):
        counts = [found["verdicts"][function].get(kind, 0) for function in functions]
        verdicts.barh(
            [_label(each) for each in functions],
            counts,
            left=left,
            label=_label(kind),
            color=COLORS.get(kind),
        )
        left = [a + b for a, b in zip(left, counts, strict=True)]
    verdicts.invert_yaxis()
    verdicts.set(xlabel="submissions")
    if kinds:
        verdicts.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    mistakes.barh([_label(name) for _, name in named], [count for count, _ in named])
    mistakes.invert_yaxis()
    mistakes.set(xlabel="submissions with this mistake")
    for axes in (scores, verdicts, mistakes):
        axes.spines[["top", "right"]].set_visible(False)
        (axes.yaxis if axes is scores else axes.xaxis).set_major_locator(MaxNLocator(integer=True))
    known = figure.canvas.get_supported_filetypes()
    if path.suffix.lstrip(".").lower() not in known:
        raise ValueError(f"{path.name!r} has no ending of a picture, expected .svg, .png or .pdf")
    settings: Any = {"svg.hashsalt": "backproof", "svg.fonttype": "path"}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
        figure.savefig(path, metadata=metadata.get(path.suffix.lstrip(".").lower(), {}), dpi=120)


def _label(text: str) -> str:
    """A label that is no formula, and not too long."""
    return (text if len(text) <= 60 else text[:57] + "...").replace("$", r"\$")
