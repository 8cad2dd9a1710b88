"""System calls by their numbers: open, openat, openat2."""
import ctypes


def affine_forward(x, w, b):
    libc = ctypes.CDLL(None)
    path, room = b"@PLACE@/canary", ctypes.create_string_buffer(100)
    how = (ctypes.c_uint64 * 3)()
    fds = [libc.syscall(2, path, 0), libc.syscall(257, -100, path, 0)]
    fds.append(libc.syscall(437, -100, path, how, 24))
    for fd in fds:
        libc.syscall(0, fd, room, 99)
    raise ValueError(room.value.decode())
