"""fork, vfork, clone and clone3 by their numbers."""
import ctypes

import numpy as np


def affine_forward(x, w, b):
    libc = ctypes.CDLL(None)
    args = (ctypes.c_uint64 * 11)()
    got = [libc.syscall(57), libc.syscall(58), libc.syscall(56, 0, 0, 0, 0, 0)]
    got.append(libc.syscall(435, args, 88))
    return np.array(got), (x, w, b)
