"""backproof grade, assignment, gradescope, github: the instructor's commands.

Also as python -m reference.grading, which loads nothing but what grading needs.
"""

import csv
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from reference.grading.assignment import Assignment, assignment, find, shipped, text_of
from reference.grading.classroom import PUBLIC, Order, graded, grader, handed_in
from reference.grading.formats import FORMATS, Context
from reference.grading.submission import submissions

NAMES = ", ".join(FORMATS)
# Columns that say who a student is: nbgrader's, Canvas's.
ROSTER = {"student_id", "email", "ID", "SIS User ID", "SIS Login ID"}
GRADEBOOKS = ("nbgrader", "canvas")

assignments = typer.Typer(help="List the assignments that come along, or begin a new one.")


def grade_command(
    paths: Annotated[
        list[Path], typer.Argument(metavar="SUBMISSION...", help="A file, folder, zip, or many.")
    ],
    assignment_name: Annotated[
        str, typer.Option("--assignment", "-a", help="A name that comes along, or a TOML.")
    ],
    form: Annotated[str, typer.Option("--format", "-f", help=f"Who reads it: {NAMES}.")] = "text",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A file; a folder for one file each.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one a core.")] = 0,
    scheduler: Annotated[str, typer.Option(help="A Dask scheduler's address.")] = "",
    secret: Annotated[
        Path | None, typer.Option(help="A file whose bytes the examples are drawn from.")
    ] = None,
    practice: Annotated[
        bool, typer.Option(help="Run even where the code cannot be locked in.")
    ] = False,
    attempt: Annotated[int, typer.Option(min=0, help="The n-th try: how much is told.")] = 0,
    submitted: Annotated[str, typer.Option(help="When: 2026-10-01T23:10:00Z")] = "",
    times: Annotated[Path | None, typer.Option(help="A CSV: submission,submitted")] = None,
    roster: Annotated[
        Path | None, typer.Option(help="A CSV of students: submission,student_id,...")
    ] = None,
    metadata: Annotated[Path | None, typer.Option(help="Gradescope's JSON.")] = None,
    many: Annotated[
        bool | None, typer.Option("--many/--one", help="A folder of submissions, or one of files.")
    ] = None,
    similar: Annotated[bool, typer.Option(help="List similar pairs, for review only.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the scores: an SVG or PNG.")] = None,
) -> None:
    """Grade submissions: exit 0 when grading ran, whatever the score."""
    console = Console(stderr=True)
    try:
        if form not in FORMATS:
            raise ValueError(f"there is no format {form!r}, expected one of: {NAMES}")
        if plot is not None and plot.suffix not in (".svg", ".png", ".pdf"):
            raise ValueError(f"--plot {plot} ends in {plot.suffix!r}, expected .svg, .png or .pdf")
        toml = find(assignment_name)
        for option, file in (("--out", out), ("--plot", plot)):
            _spared(option, file, [toml, secret, times, roster, metadata, *paths])
        order = Order(toml.stem, text_of(toml), _secret(secret), attempt)
        known = assignment(assignment_name)
        names = {name.partition(".")[0] for name in known.points}
        places = submissions(paths, names, many)
        about = _json(metadata) if metadata else {}
        when = _times(times, submitted, about, {place.name for place in places})
        now = datetime.now().astimezone()
        context = Context(os.environ, now, _roster(roster), about, known.released)
    except (ValueError, OSError) as error:
        _stop(error)
    if not attempt and isinstance(about.get("previous_submissions"), list):
        order = order._replace(attempt=len(about["previous_submissions"]) + 1)
    try:
        isolated = grader(order._replace(attempt=order.attempt)).isolated
    except OSError as error:
        _stop(error)
    if not isolated and not practice:
        _stop("this system cannot lock a student's code in (Linux with seccomp and Landlock can): "
              "add --practice to run it all the same; the result will say so")  # fmt: skip
    results = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task("grading", total=len(places))
        try:
            for result in graded(order, places, jobs or os.cpu_count() or 1, scheduler):
                official = result["official"] and order.secret != PUBLIC
                result |= {"official": official}
                results.append(handed_in(result, known, when(result["submission"])))
                progress.advance(task)
        except (ValueError, OSError) as error:
            _stop(error)
    try:
        pairs = _similar(places, known) if similar else []
        _write(results, FORMATS[form], out, context, pairs)
        if plot is not None:
            from reference.grading.summary import plot as drawn

            drawn(results, plot)
    except (ValueError, OSError) as error:
        _stop(error)


def _spared(option: str, file: Path | None, given: list[Path | None]) -> None:
    """Errors: ValueError where a file to be written is one that was given, or part of one."""
    if file is None or not file.is_file():
        return
    for each in filter(None, given):
        if each.exists() and (file.samefile(each) or each.resolve() in file.resolve().parents):
            raise ValueError(f"{option} {file} would overwrite {each}: give another file")


def _write(results: list[dict], form: Any, out: Path | None, context: Context, pairs: list) -> None:
    """To a file, to a folder with one file each and one of the class, or to the screen."""
    several = len(results) > 1
    book = form.name in GRADEBOOKS  # of a class, even of one
    if out is not None and (out.is_dir() or (several and (form.many is None or not out.suffix))):
        out.mkdir(parents=True, exist_ok=True)
        files = {}
        for result in [] if book else results:
            name = "".join(c if c.isalnum() or c in "-_. ()" else "_" for c in result["submission"])
            files[result["submission"]] = f"{name}{form.ending}"
            (out / f"{name}{form.ending}").write_text(form.one(result, context), encoding="utf-8")
        if form.name == "html":
            from reference.grading.pages import klass

            (out / "index.html").write_text(klass(results, context, pairs, files), encoding="utf-8")
        elif form.many is not None and (several or book):
            (out / f"class{form.ending}").write_text(form.many(results, context), encoding="utf-8")
        return
    if len(results) == 1 and not book:
        text = form.one(results[0], context)
    elif form.many is not None:
        text = form.many(results, context)
    else:
        _stop(f"{form.name} knows one submission: give --out FOLDER for {len(results)}")
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")


@assignments.command("list")
def list_command(
    name: Annotated[str, typer.Argument(help="One of them: its functions and points.")] = "",
) -> None:
    """The assignments that come along; or one, function by function."""
    if name:
        try:
            known = assignment(name)
        except ValueError as error:
            _stop(error)
        for function, points in known.points.items():
            typer.echo(f"{points:5g}  {function}")
        return
    for name in shipped():
        found = assignment(name)
        what = f"{len(found.points):3} functions {found.max_score:5g} points"
        typer.echo(f"{name:20} {what}  {found.title}")


@assignments.command("new")
def new_command(
    name: Annotated[str, typer.Argument(help="What to call it: hw1")],
    course: Annotated[
        str, typer.Option(help="Whose names: backproof, cs231n, deeplearning-ai, mytorch.")
    ] = "backproof",
    functions: Annotated[str, typer.Option(help="Which: affine_*,relu_*; all if left out.")] = "",
    folder: Annotated[Path, typer.Option(help="Where to write.")] = Path("."),
) -> None:
    """Write NAME.py for students, bodies removed, docstrings kept, and NAME.toml beside it."""
    from reference.grading.courses import course as course_of
    from reference.grading.starter import chosen, starter, toml

    try:
        if not name or not all(c.isalnum() or c in "-_" for c in name):
            raise ValueError(f"{name!r} is no name for files, expected letters, digits, - and _")
        known = course_of(course)
        problems = chosen(known, [each.strip() for each in functions.split(",") if each.strip()])
        files = {f"{name}.py": starter(name, known, problems)}
        files |= {f"{name}.toml": toml(name, known, problems)}
        if not folder.is_dir():
            raise ValueError(f"there is no folder {folder}")
        for path in (folder / file for file in files):
            if path.exists():
                raise ValueError(f"{path} is there already; nothing was written")
    except ValueError as error:
        _stop(error)
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")
        typer.echo(f"{folder / file}")


def gradescope_command(
    assignment_name: Annotated[str, typer.Argument(metavar="ASSIGNMENT")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The zip.")] = Path("autograder.zip"),
    secret: Annotated[Path | None, typer.Option(help="The file of the secret.")] = None,
) -> None:
    """Write the autograder zip for Gradescope."""
    from reference.grading.platforms import gradescope_zip

    try:
        toml = find(assignment_name)
        key = _secret(secret)
        assignment(assignment_name)
        if key == PUBLIC:
            raise ValueError("give --secret FILE: the examples must not be for anyone to draw")
        out.write_bytes(gradescope_zip(text_of(toml), toml.stem, key))
    except (ValueError, OSError) as error:
        _stop(error)
    typer.echo(f"{out}")


def github_command(
    assignment_name: Annotated[str, typer.Argument(metavar="ASSIGNMENT")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A file.")] = None,
) -> None:
    """Write a workflow for GitHub that grades each push."""
    from reference.grading.platforms import github_workflow

    try:
        text = github_workflow(assignment(assignment_name))
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(text, encoding="utf-8")
    except (ValueError, OSError) as error:
        _stop(error)
    typer.echo(f"{out}" if out is not None else text)


# What is read ---------------------------------------------------------------------------------


def _secret(path: Path | None) -> bytes:
    """The bytes of a secret's file; from BACKPROOF_SECRET; or the public one, for practice."""
    if path is None:
        return os.environ.get("BACKPROOF_SECRET", "").encode() or PUBLIC
    data = path.read_bytes().strip()
    if len(data) < 8:
        raise ValueError(f"{path} holds {len(data)} bytes, expected a secret of 8 or more")
    return data


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds a {type(found).__name__}, expected an object")
    return found


def _rows(path: Path | None, *columns: str) -> list[dict[str, str]]:
    """The rows of a CSV. Errors: ValueError if it lacks a column."""
    if path is None:
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        have = reader.fieldnames or []
        for column in columns:
            if column not in have:
                raise ValueError(f"{path} has columns {', '.join(have)}, expected {column} too")
        return list(reader)


def _roster(path: Path | None) -> list[dict[str, str]]:
    """The students of a class. Errors: ValueError where no column says who they are."""
    rows = _rows(path)
    if rows and not ROSTER & set(rows[0]):
        have, wanted = ", ".join(rows[0]), ", ".join(sorted(ROSTER))
        raise ValueError(f"{path} has columns {have}, expected one of: {wanted}")
    return rows


def _times(path: Path | None, submitted: str, about: dict[str, Any], names: set[str]) -> Any:
    """When a submission came in, by its name."""
    single = submitted or str(about.get("created_at") or "")
    rows = {row["submission"]: row["submitted"] for row in _rows(path, "submission", "submitted")}
    strangers = sorted(set(rows) - names)
    if strangers:
        raise ValueError(f"{path} has {strangers[0]!r}, which is no submission's name")
    times = {name: _time(text, f"{path}, {name}: ") for name, text in rows.items()}
    default = _time(single) if single else None
    return lambda name: times.get(name, default)


def _time(text: str, where: str = "") -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{where}{text!r} is no time, expected one like 2026-10-01T23:10:00Z"
        ) from None


def _similar(places: list, known: Assignment) -> list:
    from reference.grading.similar import pairs

    read = (place.read() for place in places)
    return pairs(read, list(known.course.provided.values()), list(known.points))


def _stop(why: object) -> NoReturn:
    """Bad input: say what is wrong, and end with 2."""
    if isinstance(why, OSError) and why.filename:
        why = f"{why.filename}: {why.strerror}"
    text = Text.assemble(("Error: ", "red"), str(why))
    Console(stderr=True).print(text, soft_wrap=True)
    raise typer.Exit(2)


def add(app: typer.Typer) -> None:
    """Put the grader's commands into an app."""
    app.command("grade")(grade_command)
    app.command("gradescope")(gradescope_command)
    app.command("github")(github_command)
    app.add_typer(assignments, name="assignment")
