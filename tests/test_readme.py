"""What the README shows is run, and what it prints must be what stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reference.cards import MISTAKES

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
COMMANDS = ("prove", "compare", "mistakes", "grade", "assignment", "gradescope", "github")
EXAMPLES = re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", README, re.S)


@pytest.mark.parametrize("k", range(len(EXAMPLES)))
def test_example(k, tmp_path):
    code, printed = EXAMPLES[k]
    (tmp_path / "example.py").write_text(code)
    command = [sys.executable, "-W", "error", tmp_path / "example.py"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert drawn(done.stdout) == drawn(printed)


def drawn(text):
    """The same without what another version of Hypothesis draws otherwise: how many, how close."""
    return re.sub(
        r"correct: \d+ numbers(.*)the worst [\d.]+", r"correct: N numbers\1the worst", text
    )


def test_there_are_examples_and_counts_are_right():
    assert len(EXAMPLES) >= 2 and EXAMPLES[0][1]
    assert f"{len(MISTAKES)} classic mistakes" in README


def test_commands_exist():
    """Every `backproof ...` and `make ...` in the README is a command there is."""
    makefile = (Path(__file__).parent.parent / "Makefile").read_text()
    for target in set(re.findall(r"^make (\w+)|`make (\w+)`", README, re.M)):
        assert f"\n{''.join(target)}:" in makefile
    for command in set(re.findall(r"backproof (\w+)", README)) - {"along"}:
        assert command in COMMANDS, command
