"""Shapes that no memory holds, with no bytes behind them; and axes without end."""
import os
import struct

SHAPES = ("[1000000000000000000000000, 0]", "[0, 9223372036854775808]", "[4294967296, 4294967296]",
          "[" + "1, " * 31 + "2]", "[" + "1, " * 400 + "2]", "[2.0]", "[true, 2]", '["2"]', "[[2]]",
          "2", "null", "[0, -1]", "[18446744073709551616, 0, 18446744073709551616]")  # fmt: skip
asked = []


def answer(count):
    asked.append(0)
    shape = SHAPES[len(asked) % len(SHAPES)]
    length = 0 if "0" in shape and "2.0" not in shape else 16
    one = f'["array", "<f8", {shape}, {length}]'
    head = f'["dict", [["sent", ["list", [{", ".join([one] * count)}]]]]]'.encode()
    body = b"\x00" * length * count
    for fd in range(3, 64):
        try:
            os.write(fd, struct.pack("<II", len(head), len(body)) + head + body)
        except OSError:
            pass


def affine_forward(x, w, b):
    answer(1)


def affine_backward(dout, cache):
    answer(3)


def relu_forward(x):
    answer(1)


def relu_backward(dout, cache):
    answer(1)


def softmax_loss(x, y):
    answer(2)
