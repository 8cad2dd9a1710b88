"""The autograder zip: this project's sources, an assignment, its secret, and what Gradescope runs.

Gradescope unpacks it to /autograder/source and runs setup.sh once. For each submission it runs
run_autograder, which finds the student's files in /autograder/submission and writes
/autograder/results/results.json.
"""

import io
import re
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import manual
import reference

HERE = Path(__file__).parent
ENDINGS = (".py", ".html", ".toml", ".sh", ".yml")
WITHOUT_ENDING = ("run_autograder",)
# What grading needs: neither torch nor jax, which would take minutes and gigabytes.
PACKAGES = ("numpy>=2.1", "scipy>=1.14", "typer>=0.15", "rich>=13.9", "joblib>=1.4", "jinja2>=3.1")


def packages() -> list[str]:
    """What to install. Hypothesis as it is here: it draws the examples, which are to stay."""
    try:
        hypothesis = f"hypothesis=={version('hypothesis')}"
    except PackageNotFoundError:
        hypothesis = "hypothesis>=6.130"
    return [*PACKAGES, hypothesis]


def gradescope_zip(toml: str, name: str, secret: bytes) -> bytes:
    """The zip; the same bytes each time.

    toml: the assignment's text
    name: what it is called
    Errors: ValueError for a secret that is none
    """
    if not secret.strip():
        raise ValueError("the secret is empty, expected 8 bytes or more that nobody can guess")
    name = re.sub(r"[^\w.-]", "-", name, flags=re.ASCII).strip(".-") or "assignment"
    files: dict[str, tuple[bytes, int]] = {}
    for package in (manual, reference):
        folder = Path(str(package.__file__)).parent
        for path in folder.rglob("*"):
            known = path.suffix in ENDINGS or path.name in WITHOUT_ENDING
            if known and path.is_file() and "__pycache__" not in path.parts:
                inside = f"{folder.name}/{path.relative_to(folder).as_posix()}"
                files[inside] = _text(path.read_bytes()), 0o644
    files[f"{name}.toml"] = _text(toml.encode()), 0o644
    files["secret"] = secret, 0o600
    filled = {"@PACKAGES@": " ".join(f"'{each}'" for each in packages()), "@NAME@": name}
    for script in ("setup.sh", "run_autograder"):
        text = (HERE / script).read_text(encoding="utf-8")
        for word, value in filled.items():
            text = text.replace(word, value)
        files[script] = _text(text.encode()), 0o755
    return _zipped(files)


def _text(data: bytes) -> bytes:
    """With line ends as Linux has them, wherever it was checked out."""
    return data.replace(b"\r\n", b"\n")


def _zipped(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            data, mode = files[path]
            entry = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, data)
    return buffer.getvalue()
