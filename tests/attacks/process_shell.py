"""os.system, popen and subprocess."""
import os
import subprocess


def affine_forward(x, w, b):
    for go in (
        lambda: os.system("echo here > @PLACE@/written"),
        lambda: os.popen("cat @PLACE@/canary").read(),
        lambda: subprocess.run(["cat", "@PLACE@/canary"], capture_output=True).stdout,
        lambda: subprocess.Popen("sleep 1000", shell=True),
    ):
        try:
            b = b + len(str(go()))
        except Exception:
            pass
    return b, (x, w, b)
