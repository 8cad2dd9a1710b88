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
