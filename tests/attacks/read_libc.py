"""The C library's own open, openat and fopen."""
import ctypes


def affine_forward(x, w, b):
    libc = ctypes.CDLL(None)
    path, room = b"@PLACE@/canary", ctypes.create_string_buffer(100)
    for fd in (libc.open(path, 0), libc.openat(-100, path, 0)):
        libc.read(fd, room, 99)
    libc.fopen.restype = libc.fgets.restype = ctypes.c_void_p
    file = libc.fopen(path, b"r")
    if file:
        libc.fgets(room, 99, ctypes.c_void_p(file))
    raise ValueError(room.value.decode())
