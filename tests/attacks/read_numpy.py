"""Every reader of NumPy, one after the other."""
import numpy as np


def relu_forward(x):
    found = []
    for read in (
        lambda p: np.fromfile(p, dtype=np.uint8).tobytes(),
        lambda p: np.memmap(p, dtype=np.uint8, mode="r").tobytes(),
        lambda p: np.loadtxt(p, dtype=str),
        lambda p: np.genfromtxt(p, dtype=str),
        lambda p: np.load(p, allow_pickle=True),
    ):
        try:
            found.append(str(read("@PLACE@/canary")))
        except Exception as error:
            found.append(type(error).__name__)
    raise ValueError(" ".join(found))
