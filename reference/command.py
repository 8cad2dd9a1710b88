"""The command: backproof prove, compare, mistakes, grade and what belongs to it."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from joblib import delayed
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from reference import scripts
from reference.agreement import COARSE, CORNER, UNDECIDED, WIDE
from reference.grading.command import add
from reference.numbers import ALLOWANCES
from reference.paths import PATHS
from reference.proof.evidence import evidence, sample
from reference.proof.page import TITLES, write
from reference.prove import (
    NOTHING,
    Cell,
    Tally,
    as_json,
    chosen,
    hidden,
    prove,
    rows,
    shared_out,
    versions,
)

app = typer.Typer(
    help="Hand-written backprop, held against PyTorch, JAX and finite differences.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)
REASONS = (UNDECIDED, CORNER, COARSE, WIDE)


def ready(folder: Path, option: str) -> None:
    """A folder to write into, made if need be: before any work is done."""
    for each in (folder, *folder.absolute().parents):
        if each.exists() and not each.is_dir():
            raise typer.BadParameter(f"{each} is a file, expected a folder", param_hint=option)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{folder}: {error.strerror}", param_hint=option) from error
    if not os.access(folder, os.W_OK):
        raise typer.BadParameter(f"{folder} cannot be written into", param_hint=option)


@contextmanager
def told() -> Iterator[None]:
    """A process that ended is an error in a line, and exit code 2: nothing was found wrong."""
    try:
        yield
    except ChildProcessError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error


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
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page to this folder as well, with what planted mistakes show."),
    ] = None,
    mistakes: Annotated[
        int | None,
        typer.Option(min=0, help="For --report: plant so many mistakes, instead of all."),
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
    if json_file is not None and json_file.is_dir():
        raise typer.BadParameter(f"{json_file} is a folder, expected a file", param_hint="--json")
    if report is not None:
        ready(report, "--report")
    if mistakes is not None and report is None:
        raise typer.BadParameter("goes with --report alone", param_hint="--mistakes")
    start, tally, found = time.monotonic(), NOTHING, []
    jobs = jobs or min(4, os.cpu_count() or 1)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    bar = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
    with told(), bar as progress:
        task = progress.add_task("random networks on four paths", total=networks)
        for batch in prove(networks, seed, names, jobs):
            tally += batch
            progress.update(task, completed=min(tally.networks, networks))
        if report is not None and tally.agrees:
            chosen_mistakes = sample(mistakes)
            task = progress.add_task("planted mistakes", total=len(chosen_mistakes))
            work = (delayed(evidence)(mistake.name) for mistake in chosen_mistakes)
            for each in shared_out(work, jobs):
                found.append(each)
                progress.advance(task)
    show(console, tally, seed, names, time.monotonic() - start)
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(tally, seed, names), indent=1) + "\n")
    if report is not None:
        file = write(report, tally, seed, names, found, time.monotonic() - start)
        console.print(f"The page: {file}", highlight=False, soft_wrap=True)
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


@app.command("compare")
def compare_command(
    numbers: Annotated[
        list[str] | None, typer.Argument(help="Which scripts to run: 02 05, or all.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the pictures (SVG) there.")] = None,
    notebook: Annotated[
        Path | None, typer.Option(help="Write Jupyter notebooks there, and run nothing.")
    ] = None,
) -> None:
    """List the comparison scripts, or run them: backproof compare 02."""
    if not numbers:
        if plot or notebook:
            raise typer.BadParameter("of which? Give a number, or all", param_hint="NUMBERS")
        for script in scripts.scripts():
            typer.echo(f"{script.name[:2]}  {scripts.headline(script)}")
        return
    try:
        meant = scripts.chosen(numbers)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="NUMBERS") from error
    if plot is not None and notebook is not None:
        raise typer.BadParameter(
            "a notebook is written, not run: leave one out", param_hint="--plot"
        )
    for option, folder in (("--plot", plot), ("--notebook", notebook)):
        if folder is not None:
            ready(folder, option)
    for script in meant:
        if notebook is not None:
            typer.echo(f"wrote {scripts.as_notebook(script, notebook)}")
            continue
        if len(meant) > 1:
            typer.echo(f"\n===== {script.stem}: {scripts.headline(script)}\n")
        scripts.run(script, plot)


@app.command("mistakes")
def mistakes_command(
    word: Annotated[str, typer.Argument(help="Only mistakes whose name has this word.")] = "",
    networks: Annotated[int, typer.Option(min=1, help="Random networks for each mistake.")] = 100,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that share the work.")] = 1,
) -> None:
    """Plant classic mistakes one by one; say which path catches which."""
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
    bar = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
    with told(), bar as progress:
        task = progress.add_task("planted mistakes", total=len(chosen))
        for mistake, caught in zip(chosen, shared_out(work, jobs), strict=True):
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
