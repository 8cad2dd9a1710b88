"""The numbered scripts of comparisons/: what each is about; run, or turned into a notebook."""

import runpy
import sys
from importlib.resources import files
from pathlib import Path


def scripts() -> list[Path]:
    """The files, in order."""
    return sorted(Path(str(files("comparisons"))).glob("[0-9][0-9]_*.py"))


def chosen(words: list[str]) -> list[Path]:
    """The scripts that are meant: numbers ("2", "02"), names ("mazur", "02_mazur"), or "all".

    Errors: ValueError for a word that means none, with those there are.
    """
    every = scripts()
    if "all" in words:
        return every
    found = []
    for word in dict.fromkeys(words):
        number = word.zfill(2)
        meant = [s for s in every if number == s.stem[:2] or word in (s.stem, s.stem[3:], s.name)]
        if not meant:
            have = ", ".join(script.stem for script in every)
            raise ValueError(f"there is no comparison {word!r}, expected 'all' or any of: {have}")
        found += [script for script in meant if script not in found]
    return found


def headline(script: Path) -> str:
    """The first line of its docstring: what it is about."""
    return script.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[0]


def run(script: Path, plots: Path | None = None) -> None:
    """Run it as `python comparisons/NN_name.py [--plot DIR]` would; a claim that fails raises.

    plots: the folder that its pictures go to; without one it draws none
    """
    before = sys.argv
    sys.argv = [str(script)] + ([] if plots is None else ["--plot", str(plots)])
    try:
        runpy.run_path(str(script), run_name="__main__")
    finally:
        sys.argv = before


def as_notebook(script: Path, folder: Path) -> Path:
    """Write it as a Jupyter notebook into a folder, which is made if need be; returns the file.

    Its cells are the `# %%` of the script, its docstring is a text; pictures show in the notebook.
    It is not run here.
    """
    import jupytext
    from nbformat.v4 import new_markdown_cell

    folder.mkdir(parents=True, exist_ok=True)
    notebook = jupytext.read(script, fmt="py:percent")
    first, _, rest = notebook.cells[0].source.strip().strip('"').partition("\n")
    notebook.cells[0] = new_markdown_cell(f"# {first}\n{rest}".rstrip())
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["kernelspec"] = kernel
    file = folder / f"{script.stem}.ipynb"
    jupytext.write(notebook, file, fmt="ipynb")
    return file
