"""The command: backproof prove, compare, mistakes, grade and what belongs to it."""

import json
import os
import runpy
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from reference.agreement import COARSE, CORNER, UNDECIDED, WIDE
from reference.grading.command import add
from reference.numbers import ALLOWANCES
from reference.paths import PATHS
from reference.prove import NOTHING, Cell, Tally, as_json, chosen, hidden, prove, rows, versions

app = typer.Typer(
    help="Hand-written backprop, held against PyTorch, JAX and finite differences.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)
REASONS = (UNDECIDED, CORNER, COARSE, WIDE)
TITLES = {
    "pytorch": "PyTorch",
    "jax": "JAX",
    "differences": "differences",
    "complex_step": "complex step",
}


@app.command("prove")
def prove_command(
    networks: Annotated[int, typer.Option(min=1, help="How many random networks to draw.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same networks.")] = 0,
    layers: Annotated[
        str, typer.Option(help="Only these layers and losses: relu,residual,svm_loss")
    ] = "",
    jobs: Annotated[
        int, typer.Option(min=0, help="Processes that share the work; 0 for one a core, at most 4.")
    ] = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the result to this file as well.")
    ] = None,
) -> None:
    """Compare the hand-written gradients of random networks on four paths."""
    console = Console()
    names = tuple(name for name in layers.split(",") if name.strip())
    if layers and not names:
        raise typer.BadParameter(f"{layers!r} names no layer", param_hint="--layers")
    try:
        chosen(names)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--layers") from error
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise typer.BadParameter(f"no folder {json_file.absolute().parent}", param_hint="--json")
    start, tally = time.monotonic(), NOTHING
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task("random networks on four paths", total=networks)
        for batch in prove(networks, seed, names, jobs or min(4, os.cpu_count() or 1)):
            tally += batch
            progress.update(task, completed=min(tally.networks, networks))
    show(console, tally, seed, names, time.monotonic() - start)
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(tally, seed, names), indent=1) + "\n")
    if not tally.agrees or hidden(tally):
        raise typer.Exit(1)


def show(console: Console, tally: Tally, seed: int, names: tuple[str, ...], seconds: float) -> None:
    """The table, what was left out, and the verdict: one screen."""
    title = "networks; on each path gradients compared, worst error in allowances"
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("layer", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    for path in PATHS:
        table.add_column(TITLES[path], justify="right", no_wrap=True)
    for row in rows():
        cells = [tally.cells.get((row, path)) for path in PATHS]
        if any(cells):
            seen = max(cell.networks for cell in cells if cell)
            table.add_row(row.replace(" ", "_"), _short(seen), *map(_cell, cells))
    table.add_section()
    compared = (f"{tally.entries.get(path, 0):,}" for path in PATHS)
    table.add_row("compared", "", *compared)
    for reason in REASONS:
        counts = (tally.skipped.get((path, reason), 0) for path in PATHS)
        table.add_row(f"left out ({REASONS.index(reason) + 1})", "", *(f"{n:,}" for n in counts))
    console.print(table)
    for k, reason in enumerate(REASONS, start=1):
        console.print(f"({k}) {reason}", highlight=False)
    made = ", ".join(f"{name} {number}" for name, number in versions().items())
    console.print(f"seed {seed}, {seconds:.0f} s, {made}", style="dim", highlight=False)
    if tally.failure is not None:
        console.print("\n[red]DISAGREEMENT[/red] on this network, the smallest found:\n")
        console.print(tally.failure.code(), markup=False, highlight=False, soft_wrap=True)
        console.print("\n" + "\n".join(tally.failure.lines), markup=False, highlight=False)
        return
    if hidden(tally):
        console.print("[red]NOT PROVED[/red], too much was left out: " + "; ".join(hidden(tally)))
        return
    console.print(
        f"[green]All agree[/green]: on {tally.networks:,} random networks the hand-written "
        f"gradients lie within {ALLOWANCES} rounding allowances of every path.",
        highlight=False,
    )


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    worst = f"{cell.worst:4.2f}" if cell.worst < 100 else ">100"
    return f"{_short(cell.gradients):>5} {worst:>4}"


def _short(count: int) -> str:
    return str(count) if count < 10_000 else f"{count // 1000}k"


@app.command("compare", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def compare_command(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="Which script to run: 01")] = "",
) -> None:
    """List the comparison scripts, or run one: backproof compare 01."""
    folder = Path(str(files("comparisons")))
    scripts = sorted(folder.glob("[0-9][0-9]_*.py"))
    if not number:
        for script in scripts:
            first = script.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[0]
            typer.echo(f"{script.name[:2]}  {first}")
        return
    found = [script for script in scripts if script.stem.split("_")[0] == number.zfill(2)]
    if not found:
        have = ", ".join(script.name[:2] for script in scripts)
        raise typer.BadParameter(f"there is no comparison {number!r}, expected one of: {have}")
    if context.args and not context.args[0].startswith("-"):
        raise typer.BadParameter(f"one comparison at a time: {context.args[0]!r} is one too many")
    sys.argv = [str(found[0]), *context.args]
    runpy.run_path(str(found[0]), run_name="__main__")


@app.command("mistakes")
def mistakes_command(
    word: Annotated[str, typer.Argument(help="Only mistakes whose name has this word.")] = "",
    networks: Annotated[int, typer.Option(min=1, help="Random networks for each mistake.")] = 100,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that share the work.")] = 1,
) -> None:
    """Plant classic mistakes one by one; say which path catches which."""
    from joblib import Parallel, delayed

    from reference.mistakes import MISTAKES, caught_by_name, scope

    console = Console()
    word = word.replace("_", " ")
    chosen = [m for m in MISTAKES.values() if word in m.name and scope(m) is not None]
    if not chosen:
        raise typer.BadParameter(f"no mistake that networks can show has {word!r} in its name")
    work = (delayed(caught_by_name)(mistake.name, networks) for mistake in chosen)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("mistake")
    for path in PATHS:
        table.add_column(TITLES[path], justify="center", no_wrap=True)
    counts = dict.fromkeys([*PATHS, "any"], 0)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task("planted mistakes", total=len(chosen))
        results: Any = Parallel(n_jobs=jobs, return_as="generator")(work)
        for mistake, caught in zip(chosen, results, strict=True):
            table.add_row(mistake.name, *("x" if path in caught else "" for path in PATHS))
            for path in caught:
                counts[path] += 1
            counts["any"] += bool(caught)
            progress.advance(task)
    console.print(table)
    shares = ", ".join(f"{TITLES[path]} {counts[path]}" for path in PATHS)
    console.print(f"{counts['any']} of {len(chosen)} caught: {shares}", highlight=False)
    others = len(MISTAKES) - sum(scope(m) is not None for m in MISTAKES.values())
    console.print(
        f"What these leave, and {others} mistakes in optimizers, clipping and the scalar network, "
        "is caught by other tests: tests/test_mistakes.py.",
        highlight=False,
    )


add(app)

if __name__ == "__main__":
    app()
