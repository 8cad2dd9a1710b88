"""Slots, unknown marks and numbers of any length in place of results: the worker taken over."""
import os
import struct
import sys

MARKS = ('["slot", 0]', '["slot", -1]', '["other", "the right answer"]', '["tuple", [["tuple", []]]]',
         "NaN", "Infinity", "1e999", "-1e999", '"right"', "true", '["list", [NaN, 1e999, null]]',
         '["dict", [["dx", 1]]]', '["number", "|b1", 1]', "18446744073709551615")  # fmt: skip
BAD = ('["right"]', "[]", "{}", '["dict", [[null, 1]]]', '["dict", [[NaN, 1]]]', '["number", "<f8", 0]',
       "[[[[[[]]]]]]", "1" * 4000, '["list", [' + "1" * 400 + "]]", '["slot", ' + "1" * 400 + "]")  # fmt: skip


def take_over(marks):
    frame = sys._getframe()
    while "_serve" not in frame.f_globals:
        frame = frame.f_back
    message, going, coming = (frame.f_locals[k] for k in ("message", "going", "coming"))
    k = 0
    while message is not None:
        one = marks[k % len(marks)]
        count = len(message["send"])
        sent = ", ".join([one] * count)
        head = f'["dict", [["nonce", {message["nonce"]}], ["sent", ["list", [{sent}]]]]]'.encode()
        body = b"\x07" * count if "b1" in one else b""
        os.write(going, struct.pack("<II", len(head), len(body)) + head + body)
        message = frame.f_globals["_read"](coming)
        k += 1
    os._exit(0)


def affine_forward(x, w, b):
    take_over(MARKS)


def affine_backward(dout, cache):
    take_over(MARKS[3:])


def relu_forward(x):
    take_over(BAD[:1])


def relu_backward(dout, cache):
    take_over(BAD[3:])


def softmax_loss(x, y):
    take_over(BAD[7:])
