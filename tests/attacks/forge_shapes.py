"""Shapes that no memory holds, with no bytes behind them; and axes without end."""
import os
import struct
import sys

SHAPES = ("[1000000000000000000000000, 0]", "[0, 9223372036854775808]", "[4294967296, 4294967296]",
          "[" + "1, " * 31 + "2]", "[" + "1, " * 400 + "2]", "[2.0]", "[true, 2]", '["2"]', "[[2]]",
          "2", "null", "[0, -1]", "[18446744073709551616, 0, 18446744073709551616]")  # fmt: skip


def answer(k):
    frame = sys._getframe()
    while "_serve" not in frame.f_globals:
        frame = frame.f_back
    message, going = frame.f_locals["message"], frame.f_locals["going"]
    count, shape = len(message["send"]), SHAPES[k]
    length = 0 if "0" in shape and "2.0" not in shape else 16
    sent = ", ".join([f'["array", "<f8", {shape}, {length}]'] * count)
    head = f'["dict", [["nonce", {message["nonce"]}], ["sent", ["list", [{sent}]]]]]'.encode()
    os.write(going, struct.pack("<II", len(head), length * count) + head + bytes(length * count))
    os._exit(0)


def affine_forward(x, w, b):
    answer(0)


def affine_backward(dout, cache):
    answer(1)


def relu_forward(x):
    answer(3)


def relu_backward(dout, cache):
    answer(12)


def softmax_loss(x, y):
    answer(2)
