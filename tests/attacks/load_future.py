"""Statements that may stand only at the top of a file, encodings, and old escapes."""
# -*- coding: rot13 -*-
from __future__ import annotations, barry_as_FLUFL, generator_stop

PATTERN = "\d\w\p"
GLOBAL: __import__("os")._exit(0) = 1


def relu_forward(x: __import__("os")._exit(0)) -> "right":
    return -x, x
