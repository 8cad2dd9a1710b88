"""Errors that name the argument, say what it was, and what was expected."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]  # any shape, any number type


def expect(spec: str | tuple[int, ...], **arrays: Array) -> None:
    """Raise unless every named array holds numbers and fits `spec`.

    spec is a shape, for one array:                 expect(x.shape, dout=dout)
    or words, a word an array, a letter an axis;
    the same letter asks for the same size:         expect("ND DM M", x=x, w=w, b=b)
    and * stands for any further axes:              expect("N*", x=x)

    Errors: TypeError for what is no array of numbers, ValueError for a shape that does not fit.
    """
    words = [spec] if isinstance(spec, tuple) else spec.split()
    sizes, seen = {}, []
    for word, (name, array) in zip(words, arrays.items(), strict=True):
        expect_numbers(name, array)
        wanted = tuple(sizes.get(axis, axis) for axis in word)
        if not _fits(array.shape, wanted):
            since = f", since {' and '.join(seen)}" if seen else ""
            raise ValueError(f"{name} has shape {array.shape}, expected {_shown(wanted)}{since}")
        sizes.update(zip(word, array.shape, strict=False))
        seen.append(f"{name} has shape {array.shape}")


def expect_numbers(name: str, array: Array) -> None:
    """Raise unless `array` is a NumPy array or scalar of signed numbers (or of number objects)."""
    if not isinstance(array, np.ndarray | np.generic):
        raise TypeError(f"{name} is a {type(array).__name__}, expected a NumPy array")
    if array.dtype.kind not in "fciO":
        # Unsigned integers and booleans wrap around at the first minus sign.
        raise TypeError(f"{name} has dtype {array.dtype}, expected a float: {name}.astype(float)")
    if array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}, expected at least one number")


def expect_finite(name: str, array: Array) -> None:
    """Raise if a data array holds nan or infinity, and say where."""
    expect_numbers(name, array)
    if array.dtype != object and not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name}{list(index)} is {array[index]}, expected finite numbers")


def expect_labels(y: Array, x: Array) -> None:
    """Raise unless y (N,) holds integers from 0 to C - 1, for scores x (N, C)."""
    if not isinstance(y, np.ndarray) or y.dtype.kind not in "iu":
        what = f"dtype {y.dtype}" if isinstance(y, np.ndarray) else f"type {type(y).__name__}"
        raise TypeError(f"y has {what}, expected a NumPy array of integer labels")
    if y.shape != x.shape[:1]:
        raise ValueError(
            f"y has shape {y.shape}, expected {x.shape[:1]}, a label for each row of x"
        )
    wrong = np.flatnonzero((y < 0) | (y >= x.shape[1]))
    if wrong.size:
        n = wrong[0]
        raise ValueError(f"y[{n}] is {y[n]}, expected a label from 0 to {x.shape[1] - 1}")


def expect_positive(**numbers: float) -> None:
    """Raise unless every named number is above 0."""
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"{name} is {number}, expected a number above 0")


def _fits(shape: tuple[int, ...], wanted: tuple[int | str, ...]) -> bool:
    if wanted[-1:] == ("*",):
        wanted = wanted[:-1]
        shape = shape[: len(wanted)]
    return len(shape) == len(wanted) and all(
        want == size or isinstance(want, str) for want, size in zip(wanted, shape, strict=True)
    )


def _shown(wanted: tuple[int | str, ...]) -> str:
    return f"({', '.join(map(str, wanted))}{',' * (len(wanted) == 1)})".replace("*", "...")
