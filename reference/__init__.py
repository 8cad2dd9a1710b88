"""What hand-written gradients are held against: independent paths to the same numbers.

    from reference import gradcheck          your own forward and backward
    from reference.networks import problems  random networks, as a Hypothesis strategy
    from reference.paths import path         path("pytorch")(problem) -> Gradients
    from reference.agreement import compare  one problem on every path, in rounding allowances

Importing this package imports neither torch nor jax; a path does, when it is first used.
"""

from reference.check import gradcheck, labels, losscheck
from reference.report import Report

__all__ = ["Report", "gradcheck", "labels", "losscheck"]
