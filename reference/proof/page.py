"""One self-contained page of the proof: nothing in it is fetched from elsewhere."""

import io
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reference.agreement import COARSE, CORNER, EDGES, UNDECIDED, WIDE
from reference.networks import LARGEST
from reference.numbers import ALLOWANCES
from reference.paths import PATHS
from reference.proof.evidence import INPUTS, NETWORKS, OTHERS, Evidence
from reference.proof.evidence import asked as asked_of_all
from reference.prove import FEW, HIDDEN, Tally, hidden, rows, undecided_of, versions

TITLES = {
    "pytorch": "PyTorch",
    "jax": "JAX",
    "differences": "differences",
    "complex_step": "complex step",
}
REASONS = (UNDECIDED, CORNER, COARSE, WIDE)
BLIND = {
    "allclose": "PyTorch, the drawn upstream, allclose(1e-5, 1e-8)",
    "ones": "PyTorch, an upstream of ones, allclose(1e-5, 1e-8)",
    "gradcheck": "torch.autograd.gradcheck",
}


def write(
    folder: Path,
    tally: Tally,
    seed: int,
    layers: tuple[str, ...],
    found: list[Evidence],
    seconds: float,
) -> Path:
    """Write folder/index.html, and the folder if need be; returns the file.

    seed, layers: as prove got them    found: what planted mistakes showed; may be empty
    seconds: how long it took
    """
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

    here = Path(__file__).parent
    places = [FileSystemLoader(here), FileSystemLoader(here.parent / "grading" / "pages")]
    pages = Environment(loader=ChoiceLoader(places), autoescape=True, undefined=StrictUndefined)
    pages.filters["thousands"] = lambda number: f"{number:,}"
    text = pages.get_template("proof.html").render(
        tally=tally,
        proved=tally.agrees and not hidden(tally),
        hidden=hidden(tally),
        allowed=ALLOWANCES,
        paths=PATHS,
        titles=TITLES,
        reasons=[
            (reason, [tally.skipped.get((p, reason), 0) for p in PATHS]) for reason in REASONS
        ],
        left_out=[_share(tally, p) for p in PATHS],
        layers=_layers(tally),
        hidden_share=HIDDEN,
        few=FEW,
        largest=LARGEST,
        errors=_errors(tally),
        picture=_svg(_distribution(tally), "errors") if tally.spread else "",
        planted=_planted(found),
        inputs=INPUTS,
        networks=NETWORKS,
        command=_command(tally, seed, layers),
        seed=seed,
        versions=versions(),
        seconds=seconds,
        made=datetime.now(UTC).strftime("%d %B %Y"),
    )
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "index.html"
    file.write_text(text, encoding="utf-8")
    return file


def _command(tally: Tally, seed: int, layers: tuple[str, ...]) -> str:
    chosen = f" --layers {','.join(name.replace(' ', '_') for name in layers)}" if layers else ""
    return f"backproof prove --networks {tally.networks} --seed {seed}{chosen}"


def _share(tally: Tally, path: str) -> str:
    skipped = sum(count for (where, _), count in tally.skipped.items() if where == path)
    total = skipped + tally.entries.get(path, 0)
    return f"{100 * skipped / total:.1f} %" if total else "-"


def _layers(tally: Tally) -> list[dict[str, Any]]:
    found = []
    red = {line.partition(":")[0] for line in hidden(tally)}
    for row in rows():
        cells = [tally.cells.get((row, path)) for path in PATHS]
        undecided, _ = undecided_of(tally, row)
        if any(cells) or undecided:
            seen = max((cell.networks for cell in cells if cell), default=0)
            numbers = {"networks": seen, "undecided": undecided, "hidden": row in red}
            found.append({"name": row, "cells": cells} | numbers)
    return found


def _errors(tally: Tally) -> list[dict[str, Any]]:
    """Path by path: how many numbers are equal to the bit, and how large the rest's errors are."""
    found = []
    for path in PATHS:
        counts = tally.spread.get(path)
        if not counts or not sum(counts):
            continue
        total = sum(counts)
        worst = max(cell.worst for (_, where), cell in tally.cells.items() if where == path)
        above = sum(counts[1 + EDGES.index(1.0) + 1 :])
        found.append(
            {
                "path": path,
                "total": total,
                "equal": f"{100 * counts[0] / total:.1f} %",
                "below": f"{100 * sum(counts[: 2 + EDGES.index(0.1)]) / total:.2f} %",
                "above": above,
                "worst": f"{worst:.2f}",
            }
        )
    return found


def _planted(found: list[Evidence]) -> dict[str, Any] | None:
    """What the page says of planted mistakes, or None where none was planted."""
    if not found:
        return None
    asked = [each for each in found if each.others is not None]
    parts = []
    for title, chosen in (
        ("in a backward", [each for each in asked if each.function.endswith("_backward")]),
        ("elsewhere: in a forward, or in what both use",
         [each for each in asked if not each.function.endswith("_backward")]),
    ):  # fmt: skip
        missed = {o: sum(o not in each.others for each in chosen) for o in OTHERS}  # type: ignore[operator]
        ours = sum("pytorch" not in each.caught or each.where != "layer" for each in chosen)
        parts.append({"title": title, "count": len(chosen), "ours": ours, "missed": missed})
    by_path = Counter(path for each in found for path in each.caught)
    return {
        "count": len(found),
        "all_asked": len(found) == len(asked_of_all()),
        "caught": sum(bool(each.caught) for each in found),
        "by_path": [by_path[path] for path in PATHS],
        "asked": len(asked),
        "parts": parts,
        "blind": BLIND,
        "rows": sorted(found, key=lambda each: (each.function, each.mistake)),
        "survivors": [each for each in found if not each.caught],
    }


def _distribution(tally: Tally) -> Any:
    """A histogram for each path: errors in allowances, on a scale of powers of ten."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.6), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    edges = [EDGES[0] / 10**0.5, *EDGES, EDGES[-1] * 10**0.5]
    for axes, path in zip(panels.flat, PATHS, strict=True):
        counts = tally.spread.get(path, (0,) * (len(EDGES) + 2))
        total = max(1, sum(counts))
        shares = [100 * count / total for count in counts[1:]]
        axes.stairs(shares, edges, fill=True, color=_ACCENT)
        axes.bar(EDGES[0] / 10**1.5, 100 * counts[0] / total, EDGES[0] / 10**1.25, color=_SOFT)
        axes.axvline(ALLOWANCES, color=_WRONG, linestyle="--", linewidth=1.2)
        axes.set_xscale("log")
        axes.set_xlim(EDGES[0] / 10**2, edges[-1])
        axes.set_title(TITLES[path], fontsize=10, color=_TEXT)
        axes.spines[["top", "right"]].set_visible(False)
        ticks = [EDGES[0] / 10**1.5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10]
        axes.set_xticks(ticks, ["equal", "0.0001", "0.001", "0.01", "0.1", "1", "10"], fontsize=7)
        axes.tick_params(axis="y", labelsize=8)
        axes.minorticks_off()
        for part in (*axes.spines.values(), axes.xaxis.label, axes.yaxis.label):
            part.set_color(_TEXT)
        axes.tick_params(colors=_TEXT)
    for axes in panels[:, 0]:
        axes.set_ylabel("% of numbers", fontsize=8)
    for axes in panels[1]:
        axes.set_xlabel("error, in allowances (dashed: 8)", fontsize=8)
    return figure


# Colours that stand for those of the page, light or dark.
_TEXT, _ACCENT, _SOFT, _WRONG = "#010101", "#020202", "#030303", "#040404"
_OF_THE_PAGE = {
    _TEXT: "var(--text)",
    _ACCENT: "var(--accent)",
    _SOFT: "var(--soft)",
    _WRONG: "var(--wrong)",
}


def _svg(figure: Any, name: str) -> str:
    """A figure as SVG to stand within a page: no background, the page's colours, ids of its own."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    for color, variable in _OF_THE_PAGE.items():
        text = text.replace(color, variable)
    text = re.sub(r'id="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text).replace("url(#", f"url(#{name}-")
    return re.sub(
        r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" role="img">', text, count=1
    )
