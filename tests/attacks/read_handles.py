"""Files by handle, and what other system calls say of files: stat, access, readlink, statfs."""
import ctypes
import os


def relu_forward(x):
    libc = ctypes.CDLL(None)
    path, room = b"@PLACE@/canary", ctypes.create_string_buffer(256)
    got = [libc.syscall(n, -100, path, room, room, 0) for n in (303, 304, 262, 332, 439)]
    for look in (os.stat, os.listdir, os.readlink, os.statvfs, os.scandir):
        try:
            got.append(look("@PLACE@"))
        except OSError as error:
            got.append(type(error).__name__)
    raise ValueError(f"{got} {os.access('@PLACE@/canary', os.R_OK)}")
