"""What the README and the guides show is run, and what they print must be what stands there.

    python tests/test_prose.py     writes what comes out into the files, where it is another thing

How a Markdown file is read, from top to bottom, all in one folder of its own:

    ```python   run; or, where its first line is "# name.py", kept as that file
    ```text     below a program: what it prints
    ```toml     kept as the file that its first line names
    ```console  "$ " before a command, then what it prints; "..." stands for lines left out
    ```sh       only `make`: each is a target, and what it calls is tested elsewhere
"""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from reference import gradcheck
from reference.cards import MISTAKES
from reference.command import app

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "comparisons/README.md", "reference/README.md", "reference/grading/README.md")
# Of files that a reader writes, and of other people's functions.
OTHER_NAMES = {"x.py", "axis"}
COMMANDS = ("prove", "compare", "mistakes", "grade", "assignment", "gradescope", "github")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.S | re.M)
RESULTS = re.compile(r"^(\$ .*)\n", re.M)


def read(page):
    return (ROOT / page).read_text(encoding="utf-8")


def run(command, folder):
    """What a command prints, stdout and stderr as one; it must not fail."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        f"set -o pipefail\n{command}",
        shell=True,
        executable="/bin/bash",
        cwd=folder,
        env=os.environ | {"PATH": path, "COLUMNS": "80", "PYTHONWARNINGS": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return "".join(line.rstrip() + "\n" for line in done.stdout.strip("\n").splitlines())


def pieces(text, folder):
    """Every output that stands in a page, with where it stands and what comes out now."""
    printed = None
    for block in BLOCK.finditer(text):
        kind, body = block.groups()
        name = re.match(r"# (\S+\.(?:py|toml))\n", body)
        if kind in ("python", "toml") and name:
            (folder / name[1]).write_text(body)
            printed = None
        elif kind == "python":
            (folder / "example.py").write_text(body)
            printed = run("python example.py", folder)
        elif kind == "toml":
            raise AssertionError(f"the first line of a toml block names its file: {body}")
        elif kind == "text":
            assert printed is not None, f"below which program does this stand? {body}"
            yield block.span(2), body, printed
        elif kind == "console":
            for start, end, command, shown in commands(body):
                yield (block.start(2) + start, block.start(2) + end), shown, run(command, folder)
        else:
            assert kind == "sh", kind
            lines = [line.split("#")[0].split() for line in body.splitlines()]
            assert all(words[0] == "make" for words in lines if words), body


def commands(body):
    """The commands of a console block, each with what is shown below it and where that stands."""
    found = list(RESULTS.finditer(body))
    assert found and found[0].start() == 0, f"a console block begins with '$ ': {body}"
    ends = [each.start() for each in found[1:]] + [len(body)]
    for each, end in zip(found, ends, strict=True):
        yield each.end(), end, each[1][2:], body[each.end() : end]


def same(shown, printed):
    """Whether what is shown came out; a line of three dots stands for any lines."""
    parts = [re.escape(steady(part)) for part in re.split(r"^ *\.\.\.\n", shown, flags=re.M)]
    return re.fullmatch("(?:.*\n)*?".join(parts), steady(printed)) is not None


def steady(text):
    """Less what another version of Hypothesis draws, or another processor rounds, otherwise."""
    text = re.sub(r"correct: \d+ numbers(.*)the worst [\d.]+", r"correct: N numbers\1worst", text)
    text = re.sub(r"^seed .*\n(?:[\d.]+, .*\n)?", "seed\n", text, flags=re.M)  # times, versions
    text = re.sub(r"(worst error) +[\d. ]+", r"\1", text)
    # The table of prove: which layers were drawn, how many were compared, how close they are.
    row = r"^ ?(?:[a-z_0-9]+|left out \(\d\))  +[\d.,k >-]+\n"
    return re.sub(row, "", text, flags=re.M)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_shown_comes_out(page, tmp_path):
    found = list(pieces(read(page), tmp_path))
    assert found, "nothing is shown"
    for _, shown, printed in found:
        assert same(shown, printed), f"shown:\n{shown}\ncame out:\n{printed}"


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_are_there(page):
    text = read(page)
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert "://" not in link, "nothing is fetched from elsewhere"
        assert (ROOT / page).parent.joinpath(link).exists(), link
    for name in re.findall(r"`((?:manual|reference|comparisons|tests)/[\w./]*\w)`", text):
        assert (ROOT / name).exists() or name.endswith("/x.py"), name


@pytest.mark.parametrize("page", PAGES)
def test_a_guide_begins_with_a_command(page):
    blocks = BLOCK.findall(read(page))
    assert blocks[0][0] in ("console", "sh")


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_targets_exist(page):
    text = read(page)
    makefile = read("Makefile")
    for target in set(re.findall(r"^make (\w+)|`(?:\w+=\w+ )?make (\w+)`", text, re.M)):
        assert f"\n{''.join(target)}:" in makefile
    for command in set(re.findall(r"(?:\$ |`|bin/)backproof (\w+)", text)):
        assert command in COMMANDS, command


def options(command, name=""):
    """All options of a command and of those below it."""
    found = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    return found.union(*(options(each) for each in getattr(command, "commands", {}).values()))


def unknown(text):
    """What stands in a page as code and is nowhere: options, arguments, profiles, extras."""
    code = " ".join(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text))
    known = options(typer.main.get_command(app)) | {"--help", "--numprocesses"}
    wrong = set(re.findall(r"(?<![\w-])--[a-z-]+", code)) - known
    arguments = {*inspect.signature(gradcheck).parameters, "PYTHON", "HYPOTHESIS_PROFILE"}
    wrong |= set(re.findall(r"(?<![\w.])(\w+)=(?=[\"'(\w])", code)) - arguments - OTHER_NAMES
    profiles = set(re.findall(r"register_profile\(\s*\"(\w+)\"", read("tests/conftest.py")))
    wrong |= set(re.findall(r"HYPOTHESIS_PROFILE=(\w+)", text)) - profiles
    extras = set(re.findall(r"^(\w+) = \[", read("pyproject.toml"), re.M))
    wrong |= set(re.findall(r"backproof\[(\w+)\]", text)) - extras
    files = {path.name for path in ROOT.rglob("[!.]*.py") if ".venv" not in path.parts}
    names = set(re.findall(r"(?<![\w./*])(\w+\.py)(?![\w])", code))
    return wrong | (names - files - set(re.findall(r"^# (\w+\.py)$", text, re.M)) - OTHER_NAMES)


@pytest.mark.parametrize("page", PAGES)
def test_what_stands_as_code_exists(page):
    assert not unknown(read(page))


def test_unknown_code_is_seen():
    text = (
        "`prove --mistake 3`, `corner=1` and `wrt=(0,)`, `judges.py`, `judge.py`, `--report DIR`, "
        "`pip install 'backproof[dask]'`, `HYPOTHESIS_PROFILE=explorer make test`"
    )
    assert unknown(text) == {"--mistake", "corner", "judges.py", "dask", "explorer"}


def test_make_prove_is_the_command():
    """Too long to run here: it is `backproof prove`, which other tests run on fewer networks."""
    # These tests run within make themselves, which would tell the inner one to say where it is.
    around = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(
        ["make", "-n", "prove"], cwd=ROOT, env=around, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == ".venv/bin/backproof prove"


def test_numbers_in_prose_are_counted():
    assert f"{len(MISTAKES)} classic mistakes" in read("README.md")
    scripts = len(list((ROOT / "comparisons").glob("[0-9][0-9]_*.py")))
    assert f"{scripts} scripts" in read("README.md")
    for file in (ROOT / "reference" / "grading" / "assignments").glob("*.toml"):
        assert file.stem in read("reference/grading/README.md")


def test_a_wrong_output_is_seen():
    assert same("a\n", "a\n") and same("a\n...\nd\n", "a\nb\nc\nd\n") and same("...\n", "a\n")
    assert not same("a\n", "b\n") and not same("a\n...\ne\n", "a\nb\nc\nd\n")
    assert not same("a\nc\n", "a\nb\nc\n")
    assert same("correct: 1 numbers, the worst 0.1\n", "correct: 22 numbers, the worst 0.3\n")
    assert not same("wrong: dw is 7\n", "wrong: dw is 8\n")


def test_wrong_prose_is_seen(tmp_path):
    page = "```python\nprint(1)\n```\n\n```text\n2\n```\n\n```console\n$ echo 3\n4\n```\n"
    assert [same(shown, out) for _, shown, out in pieces(page, tmp_path)] == [False, False]
    with pytest.raises(AssertionError):
        list(pieces("```console\n$ false\n```\n", tmp_path))
    with pytest.raises(AssertionError):
        list(pieces("```sh\nbackproof prove\n```\n", tmp_path))


def write():
    """Put what comes out now into the pages, where it is not what stands there."""
    import tempfile

    for page in PAGES:
        text = read(page)
        with tempfile.TemporaryDirectory() as folder:
            found = list(pieces(text, Path(folder)))
        for (start, end), shown, printed in reversed(found):
            if not same(shown, printed):
                text = text[:start] + printed + text[end:]
        (ROOT / page).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
