"""The command as a person types it, and the proof behind it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from joblib import delayed
from typer.testing import CliRunner

from reference.agreement import UNDECIDED
from reference.benchmark import random_networks
from reference.command import app
from reference.mistakes import Mistake, planted
from reference.paths import PATHS
from reference.prove import NOTHING, batch, chosen, hidden, prove, rows, shared_out

run = CliRunner().invoke


def total(**keywords):
    tally = NOTHING
    for each in prove(**keywords):
        tally += each
    return tally


HERE = ("--jobs", "1")  # in this process, so that what is planted here is seen


def test_prove_agrees_and_says_what_it_compared(tmp_path):
    file = tmp_path / "result.json"
    result = run(app, ["prove", "--networks", "400", "--seed", "3", "--json", str(file), *HERE])
    assert result.exit_code == 0, result.output
    assert "All agree: on 400 random networks" in result.output
    found = json.loads(file.read_text())
    assert found["agrees"] and found["networks"] == 400 and found["seed"] == 3
    assert found["failure"] is None and found["allowed"] == 8
    assert {cell["layer"] for cell in found["cells"]} == set(rows())
    assert {cell["path"] for cell in found["cells"]} == set(PATHS)
    assert all(cell["networks"] > 0 and cell["gradients"] > 0 for cell in found["cells"])
    assert all(0 <= cell["worst"] <= 8 for cell in found["cells"])
    assert {"numpy", "torch", "jax", "hypothesis"} <= found["versions"].keys()
    assert {each["reason"] for each in found["skipped"]} >= {UNDECIDED}
    assert max(map(len, result.output.splitlines())) <= 80


def test_a_disagreement_is_printed_as_code_that_shows_it_again(tmp_path):
    file = tmp_path / "result.json"
    with planted(WRONG):
        result = run(app, ["prove", "--layers", "affine", "--json", str(file), *HERE])
        assert result.exit_code == 1
        assert "DISAGREEMENT" in result.output and "All agree" not in result.output
        failure = json.loads(file.read_text())["failure"]
        code = failure["code"]
        assert code in result.output.replace("\r", "")
        (tmp_path / "again.py").write_text(code)
        shown = []
        exec(compile(code, "again.py", "exec"), {"print": shown.append})
        assert len(shown) == 4 and not all(each.agrees for each in shown)
    again = subprocess.run(
        [sys.executable, tmp_path / "again.py"], capture_output=True, text=True, check=True
    )
    assert again.stdout.count("Comparison(") == 4  # it runs alone; unplanted, it agrees


WRONG = Mistake("db mean", "affine_backward", "dout.sum(axis=0)", "dout.mean(axis=0)", "A mean.")


def test_the_failure_is_shrunk():
    """What is left has one layer and the smallest sizes that show a mean in place of a sum."""
    with planted(WRONG):
        tally = batch(200, "0 0", {})
    names = {}
    exec(tally.failure.code().rsplit("for comparison", 1)[0], names)
    problem = names["problem"]
    assert len(problem.net) == 1 and problem.net[0].kind == "affine"
    assert problem.x.shape == (2, 1) and problem.params["W1"].shape == (1, 1)
    assert any("db1[0]" in line and "DISAGREES" in line for line in tally.failure.lines)


def test_code_that_raises_is_a_failure_too():
    raises = Mistake("breaks", "relu_backward", "dout * (x > 0)", "dout * missing", "It breaks.")
    with planted(raises):
        tally = batch(60, "0 0", chosen(("relu",)))
    assert "NameError: name 'missing' is not defined" in tally.failure.lines[0]


def test_a_layer_that_hides_behind_undecided_branches_is_not_proved():
    """A comparison of equal numbers, which rounding could turn, at each call."""
    hides = Mistake(
        "hides", "tanh_forward", "out = np.tanh(x)", "out = np.tanh(x); out > out + 0", ""
    )
    with planted(hides):
        tally = batch(100, "0 0", chosen(("tanh",)))
        assert tally.agrees and any(line.startswith("tanh: ") for line in hidden(tally))
        result = run(app, ["prove", "--networks", "100", "--layers", "tanh", *HERE])
        assert result.exit_code == 1 and "NOT PROVED" in result.output
    assert not hidden(batch(100, "0 0", chosen(("tanh",))))


def test_the_same_seed_draws_the_same_on_any_number_of_jobs(tmp_path):
    found = {}
    for name, seed, jobs in (("one", "5", "1"), ("two", "5", "2"), ("other", "6", "2")):
        file = tmp_path / f"{name}.json"
        command = [sys.executable, "-m", "reference.command", "prove", "--networks", "110"]
        command += ["--seed", seed, "--jobs", jobs, "--json", str(file)]
        subprocess.run(command, check=True, capture_output=True)
        found[name] = json.loads(file.read_text())
        for cell in found[name]["cells"]:
            # NumPy's last digit may depend on where in memory an array happens to lie.
            assert cell.pop("worst") <= 8
        del found[name]["errors"]
    assert found["one"] == found["two"]
    assert found["one"]["cells"] != found["other"]["cells"]


def test_layers_restrict_the_draw():
    tally = total(networks=100, layers=("relu", "svm_loss"))
    seen = {row for row, path in tally.cells if path in PATHS}
    assert seen == {"affine", "relu", "svm loss", "l2 loss"}
    assert chosen(("relu",)) == {"layers": ("relu",), "losses": None}
    assert chosen(("svm_loss",)) == {"layers": ("affine",), "losses": ("svm",)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prove", "--layers", "rleu"], "there is no layer 'rleu'"),
        (["prove", "--networks", "0"], "--networks"),
        (["prove", "--json", "no/such/folder/file.json"], "no folder"),
        (["mistakes", "xyzzy"], "no mistake that networks can show has 'xyzzy'"),
    ],
)
def test_bad_arguments_name_what_was_wrong(arguments, message):
    result = run(app, arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())


def test_mistakes_prints_a_table_by_path():
    result = run(app, ["mistakes", "tanh", "--networks", "20"])
    assert result.exit_code == 0, result.output
    assert "PyTorch" in result.output and "caught:" in result.output


def test_tallies_add_up():
    a, b = batch(30, "1 0", {}), batch(30, "1 1", {})
    both = a + b
    assert both.networks == 60 and both.entries["jax"] == a.entries["jax"] + b.entries["jax"]
    for key, cell in both.cells.items():
        parts = [tally.cells[key] for tally in (a, b) if key in tally.cells]
        assert cell.networks == sum(part.networks for part in parts)
        assert cell.gradients == sum(part.gradients for part in parts)
        assert cell.worst == max(part.worst for part in parts)
    assert NOTHING + a == a
    assert np.isfinite([cell.worst for cell in both.cells.values()]).all()


def test_a_process_that_ends_is_an_error_in_a_line(monkeypatch):
    with pytest.raises(ChildProcessError, match="ended in the middle"):
        list(shared_out([delayed(abs)(-1), delayed(os.abort)()], 2))

    def ended(*_):
        yield NOTHING
        raise ChildProcessError("a process ended")

    monkeypatch.setattr("reference.command.prove", ended)
    result = run(app, ["prove"])
    assert result.exit_code == 2 and "agree" not in result.output
    assert result.stderr == "Error: a process ended\n"


def test_the_benchmark_runs():
    """What it prints is measured elsewhere; that it still can be, here."""
    table = random_networks(count=10)
    rows = list(table.columns[0].cells)
    assert len(rows) == 8 and all(float(cell) > 0 for cell in table.columns[1].cells)
