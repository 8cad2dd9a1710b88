"""Submissions: a file, a notebook, a folder, a zip, or a folder or zip of many. Read, never run."""

import ast
import hashlib
import io
import json
import os
import re
import warnings
import zipfile
from collections.abc import Container, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

ENDINGS = (".py", ".ipynb")
LARGEST = 4 << 20  # bytes of one file, 4 MiB: notebooks hold pictures
MOST = 400  # files of one submission
TEXT = 8 << 20  # bytes of Python of one submission, 8 MiB
CELL = 100_000  # characters of a notebook's cell; a longer one is data
READ = 1 << 30  # bytes unpacked from a zip of many: 1 GiB
SKIPPED = {"__pycache__", "__MACOSX", ".git", ".ipynb_checkpoints", "node_modules", "venv", ".venv",
           "site-packages"}  # fmt: skip


class Submission(NamedTuple):
    """One student's files."""

    name: str
    files: dict[str, str]  # path -> Python text; of a notebook, its code cells
    problems: list[str]  # what could not be read, and why

    @property
    def digest(self) -> str:
        """A hash of all of it."""
        text = "\0".join(f"{path}\0{self.files[path]}" for path in sorted(self.files))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def homes(self, names: Iterable[str], given: Container[str] = ()) -> dict[str, str]:
        """The file that defines each name: that which defines most of them, then the shallowest.

        given: names of files that the course gives; what stands in another file too is taken there
        """
        wanted = set(names)
        defined = {path: defines(text) & wanted for path, text in self.files.items()}
        homes: dict[str, str] = {}

        def rank(path: str) -> tuple:
            theirs = PurePosixPath(path).name not in given
            return not theirs, -len(defined[path]), path.count("/"), len(path), path

        for name in sorted(wanted):
            found = [path for path in defined if name in defined[path]]
            if found:
                homes[name] = min(found, key=rank)
        return homes


def defines(text: str) -> set[str]:
    """The functions and classes that a file defines, Python 2 included."""
    return set(re.findall(r"^(?:def|class)\s+(\w+)", text, flags=re.M))


def submissions(paths: list[Path], names: set[str], many: bool | None = None) -> list["Place"]:
    """Where the submissions lie that these paths mean, by name.

    names: what is graded: two parts of a folder that define the same of these are two submissions
    many: True or False where the caller knows
    Errors: ValueError for a path that is not there, or holds no Python.
    """
    found: list[Place] = []
    for path in paths:
        if not path.exists():
            raise ValueError(f"there is no {path}")
        found.extend(_split(path, names, many))
    if not found:
        raise ValueError(f"no Python file or notebook in {', '.join(map(str, paths))}")
    seen: dict[str, int] = {}
    unique = []
    for place in (each._replace(name=printable(each.name)) for each in found):
        seen[place.name] = seen.get(place.name, 0) + 1
        number = seen[place.name]
        unique.append(place if number == 1 else place._replace(name=f"{place.name} ({number})"))
    return unique


class Place(NamedTuple):
    """Where a submission lies. It is read when its turn comes, so that memory stays flat."""

    name: str
    path: Path
    inside: str | None = None  # the part of a zip

    def read(self) -> Submission:
        """Its files."""
        problems: list[str] = []
        files: dict[str, str] = {}
        room = TEXT
        for path, data in _members(self.path, problems, self.inside):
            if self.inside is not None:
                path = path.partition("/")[2] or path
            if len(files) >= MOST:
                problems.append(f"more than {MOST} files: the rest is left out")
                break
            text = _text(path, data, problems)
            if text is None:
                continue
            room -= len(text.encode())
            if room < 0:
                problems.append(f"more than {TEXT >> 20} MiB of Python: the rest is left out")
                break
            files[path] = text
        return Submission(self.name, files, [printable(each) for each in problems])


def _split(path: Path, names: set[str], many: bool | None) -> list[Place]:
    """One submission, or its parts."""
    if path.is_file() and path.suffix != ".zip":
        return [Place(path.stem, path)]
    stem = path.resolve().name
    stem = path.stem if path.is_file() else stem
    if many is False:
        return [Place(stem, path)]
    if path.is_file():
        parts = _parts_of_zip(path)
        if many or _repeated(parts.values(), names):
            return [Place(PurePosixPath(part).stem, path, part) for part in sorted(parts)]
        return [Place(stem, path)]
    children = [child for child in sorted(path.iterdir()) if _is_part(child)]
    if many or any(child.suffix == ".zip" for child in children):
        return [Place(child.stem if child.is_file() else child.name, child) for child in children]
    if _repeated((_names_in(child) for child in children), names):
        return [Place(child.stem if child.is_file() else child.name, child) for child in children]
    return [Place(stem, path)] if children else []


def _is_part(child: Path) -> bool:
    if child.name in SKIPPED or child.name.startswith(".") or child.is_symlink():
        return False
    return child.is_dir() or child.suffix in (*ENDINGS, ".zip")


def _names_in(path: Path) -> set[str]:
    found: set[str] = set()
    for name, data in _members(path, []):
        found |= defines(_text(name, data, []) or "")
    return found


def _repeated(defined: Iterable[set[str]], names: set[str]) -> bool:
    """Whether two of them define the same names; asked in turn, and no further than needed."""
    seen: set[str] = set()
    for each in defined:
        if seen & each & names:
            return True
        seen |= each
    return False


def _parts_of_zip(path: Path) -> dict[str, set[str]]:
    """What the files below each name define."""
    parts: dict[str, set[str]] = {}
    for name, data in _members(path, []):
        text = _text(name, data, [])
        if text is not None:
            parts.setdefault(name.split("/")[0], set()).update(defines(text))
    return parts


def printable(name: str) -> str:
    """A name that can be shown anywhere: without what moves a cursor or is no character."""
    return "".join(each if each.isprintable() else "?" for each in name)


def _members(
    path: Path, problems: list[str], inside: str | None = None
) -> Iterator[tuple[str, bytes]]:
    """The Python files and notebooks below a path, or in a zip. No link is followed."""
    if path.is_dir():
        for parts in sorted(_walk(path, problems)):
            name, file = printable("/".join(parts)), path.joinpath(*parts)
            try:
                data = file.read_bytes() if file.stat().st_size <= LARGEST else None
            except OSError as error:
                problems.append(f"{name} cannot be read: {error.strerror}")
                continue
            if data is None:
                problems.append(f"{name} is larger than {LARGEST >> 20} MiB: left out")
                continue
            yield name, data
    elif path.suffix == ".zip":
        yield from _zipped(path, problems, inside)
    elif path.stat().st_size <= LARGEST:
        name = path.name if path.suffix in ENDINGS else path.name + ".py"
        yield printable(name), path.read_bytes()
    else:
        problems.append(f"{path.name} is larger than {LARGEST >> 20} MiB")


def _walk(path: Path, problems: list[str]) -> Iterator[tuple[str, ...]]:
    """The names on the way to each Python file or notebook below a folder."""
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(path.joinpath(*here)) as entries:
                for entry in entries:
                    if entry.name in SKIPPED or entry.is_symlink():
                        continue
                    if entry.is_dir():
                        waiting.append((*here, entry.name))
                    elif entry.is_file() and entry.name.endswith(ENDINGS):
                        yield (*here, entry.name)
        except OSError as error:  # no right to look, or too deep for a path
            problems.append(f"{printable('/'.join(here))[-80:]} cannot be read: {error.strerror}")


def _zipped(
    path: Path, problems: list[str], inside: str | None = None
) -> Iterator[tuple[str, bytes]]:
    room = READ
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist()[: 20 * MOST]:
                name = printable(entry.filename.replace("\\", "/").lstrip("/"))
                parts = [part for part in name.split("/") if part not in ("", ".", "..")]
                if entry.is_dir() or SKIPPED & set(parts) or not name.endswith(ENDINGS):
                    continue
                if not parts or inside not in (None, parts[0]):
                    continue
                if entry.flag_bits & 1:
                    problems.append(f"{name} is encrypted: left out")
                    continue
                with archive.open(entry) as file:  # what it says of its size is not believed
                    data = file.read(LARGEST + 1)
                room -= len(data)
                if room < 0:
                    problems.append(f"{path.name} unpacks to more than {READ >> 30} GiB")
                    return
                if len(data) > LARGEST:
                    problems.append(f"{name} is larger than {LARGEST >> 20} MiB: left out")
                    continue
                yield "/".join(parts), data
    except (
        zipfile.BadZipFile,
        OSError,
        RuntimeError,
        NotImplementedError,
        EOFError,
        ValueError,
    ) as error:
        problems.append(f"{path.name} is no zip that can be read: {error}")
    except Exception as error:  # zlib.error and lzma.LZMAError have no common parent
        problems.append(f"{path.name} is damaged: {error}")


def _text(path: str, data: bytes, problems: list[str]) -> str | None:
    """A file as Python text."""
    marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16" if marked else "utf-8-sig", "latin-1"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if not path.endswith(".ipynb"):
        return _without_magic(text)
    cells = _cells(path, text, problems)
    return cells and cells.encode("utf-8", "replace").decode()  # JSON may hold halves of pairs


def _without_magic(text: str) -> str:
    """A file with a notebook's magic lines in it, without them; any other as it is."""
    if not re.search(r"^[%!]", text, flags=re.M) or _parses(text):
        return text
    tamed = re.sub(r"^[%!]", "# ", text, flags=re.M)
    return tamed if _parses(tamed) else text


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _cells(path: str, text: str, problems: list[str]) -> str | None:
    """The code cells of a notebook, one below the other; magic lines become comments."""
    try:
        notebook = json.loads(text)
        cells = notebook.get("cells") or [
            c for s in notebook.get("worksheets", []) for c in s["cells"]
        ]
        found = []
        for cell in cells:
            if cell.get("cell_type") == "code":
                source = cell.get("source", cell.get("input", ""))
                source = source if isinstance(source, str) else "".join(source)
                if source.lstrip().startswith("%%") and not source.lstrip().startswith("%%time"):
                    continue
                lines = [
                    f"# {line}" if re.match(r"\s*[%!?]", line) else line
                    for line in source.split("\n")
                ]
                found.append("\n".join(lines))
        return _parsable(found)
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        problems.append(f"{path} is no notebook: {error}"[:200])
        return None


def _parsable(cells: list[str]) -> str:
    """One broken cell of a notebook must not take the others along: it goes last."""
    good, bad = [], []
    for cell in cells:
        try:
            if len(cell) > CELL:
                raise ValueError
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # "\d"
                ast.parse(cell)
            good.append(cell)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            bad.append(cell)
    if bad and not any(re.search(r"^(def|class)\s", cell, flags=re.M) for cell in bad):
        bad = []
    return "\n\n".join(good + bad) + "\n"


def zip_of(files: dict[str, str]) -> bytes:
    """Files as a zip, the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (
                0o755 if not path.endswith((".py", ".toml", ".md")) else 0o644
            ) << 16
            archive.writestr(entry, files[path])
    return buffer.getvalue()
