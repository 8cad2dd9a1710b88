"""Every writer of NumPy and of the C library."""
import ctypes
import os

import numpy as np


def relu_forward(x):
    for write in (
        lambda: np.save("@PLACE@/written.npy", x),
        lambda: np.savetxt("@PLACE@/written.txt", x),
        lambda: x.tofile("@PLACE@/written.bin"),
        lambda: np.memmap("@PLACE@/written.map", dtype=float, mode="w+", shape=4),
        lambda: np.savez("@PLACE@/written.npz", x),
        lambda: x.dump("@PLACE@/written.pkl"),
        lambda: os.close(os.open("@PLACE@/written.os", os.O_CREAT | os.O_WRONLY, 0o666)),
        lambda: ctypes.CDLL(None).creat(b"@PLACE@/written.c", 0o666),
        lambda: ctypes.CDLL(None).mkdir(b"@PLACE@/written.d", 0o777),
    ):
        try:
            write()
        except Exception:
            pass
    return -x, x
