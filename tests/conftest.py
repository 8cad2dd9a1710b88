"""Hypothesis profiles: HYPOTHESIS_PROFILE=explore pytest draws anew, and ten times as much.

The default draws the same examples every time, so that a red test is a change in the code and not a
lucky draw. Random networks beyond those are what `backproof prove --seed` is for.
"""

import os

import pytest
import torch
from hypothesis import HealthCheck, settings

slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.differing_executors]
settings.register_profile("default", deadline=None, derandomize=True, suppress_health_check=slow)
settings.register_profile(
    "explore", parent=settings.get_profile("default"), derandomize=False, max_examples=1000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

torch.set_num_threads(1)  # waking a second thread costs more than networks of this size


@pytest.fixture
def rng():
    import numpy as np

    return np.random.default_rng(0)


def pytest_terminal_summary(terminalreporter):
    """What was shown, on one screen: a line a file, in the words of its docstring."""
    counts = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            file = report.nodeid.split("::")[0]
            if getattr(report, "when", "call") == "call" or outcome != "passed":
                counts.setdefault(file, {}).setdefault(outcome, 0)
                counts[file][outcome] += 1
    terminalreporter.section("what was shown")
    for file, outcomes in sorted(counts.items()):
        path = terminalreporter.config.rootpath / file
        first = path.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[0]
        tally = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
        terminalreporter.write_line(f"{tally:>11}  {first}")
