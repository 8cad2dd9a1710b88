"""Leaves work for the end of the process, then exits."""
import atexit
import sys
import weakref


def affine_forward(x, w, b):
    def last():
        open("@PLACE@/written", "w").write("here")

    atexit.register(last)
    weakref.finalize(sys, last)
    raise SystemExit("all correct")
