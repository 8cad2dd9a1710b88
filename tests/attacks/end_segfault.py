"""Reads at address 0."""
import ctypes


def affine_forward(x, w, b):
    ctypes.string_at(0)
