"""Half a frame, and the end."""
import os
import struct


def affine_forward(x, w, b):
    for fd in range(3, 64):
        try:
            os.write(fd, struct.pack("<II", 100, 100) + b'["dict", [["sent"')
        except OSError:
            pass
    os._exit(0)


def relu_forward(x):
    for fd in range(3, 64):
        try:
            os.write(fd, b"\x00\x00\x00")
        except OSError:
            pass
    os._exit(0)
