"""Errors that name the argument, say what it was, and what was expected.

Errors: TypeError for what is no NumPy array, or one of another kind; ValueError for all else.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]  # any shape, any number type


def expect(spec: str, **arrays: Array) -> None:
    """Raise unless the named arrays hold numbers and fit spec: a word an array, a letter an axis.

    The same letter asks for the same size; * stands for any further axes.

        expect("ND DM M", x=x, w=w, b=b)        expect("N*", x=x)        expect("*", x=x)

    Errors: TypeError for what is no array of numbers, ValueError for a shape that does not fit.
    """
    sizes: dict[str, int] = {}
    for word, (name, array) in zip(spec.split(), arrays.items(), strict=True):
        expect_numbers(name, array)
        if not _fits(array.shape, word, sizes):
            wanted = ", ".join(str(sizes.get(axis, axis)) for axis in word).replace("*", "...")
            wanted += "," if len(word) == 1 else ""
            before = list(arrays)[: list(arrays).index(name)]
            since = " and ".join(f"{other} has shape {arrays[other].shape}" for other in before)
            message = f"{name} has shape {array.shape}, expected ({wanted})"
            raise ValueError(message + (since and f", since {since}"))


def _fits(shape: tuple[int, ...], word: str, sizes: dict[str, int]) -> bool:
    """Whether each axis has the size that its letter had before; a new letter takes its size."""
    if word.endswith("*"):
        word = word[:-1]
        shape = shape[: len(word)]
    if len(shape) != len(word):
        return False
    for axis, size in zip(word, shape, strict=True):
        if sizes.setdefault(axis, size) != size:
            return False
    return True


def expect_axes(least: int, **arrays: Array) -> None:
    """Raise unless each named array holds numbers and has so many axes, or more."""
    for name, array in arrays.items():
        expect_numbers(name, array)
        if array.ndim < least:
            wanted = f"{least} axes or more" if least > 1 else "an axis or more"
            raise ValueError(f"{name} has shape {array.shape}, expected {wanted}")


def expect_shape(shape: tuple[int, ...], **arrays: Array) -> None:
    """Raise unless each named array holds numbers and has this shape."""
    for name, array in arrays.items():
        expect_numbers(name, array)
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}, expected {shape}")


def expect_array(name: str, array: Array) -> None:
    """Raise unless `array` is a NumPy array or scalar."""
    if not isinstance(array, (np.ndarray, np.generic)):
        raise TypeError(f"{name} is a {type(array).__name__}, expected a NumPy array")


def expect_numbers(name: str, array: Array) -> None:
    """Raise unless `array` is a NumPy array or scalar of signed numbers (or of number objects)."""
    expect_array(name, array)
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


def expect_ids(name: str, ids: Array, count: int, where: Array | bool = True) -> None:
    """Raise unless ids holds integers from 0 to count - 1 (where it is looked at)."""
    if not isinstance(ids, np.ndarray) or ids.dtype.kind not in "iu":
        what = f"dtype {ids.dtype}" if isinstance(ids, np.ndarray) else f"type {type(ids).__name__}"
        raise TypeError(f"{name} has {what}, expected a NumPy array of integers")
    wrong = np.argwhere(((ids < 0) | (ids >= count)) & where)
    if len(wrong):
        index = tuple(int(i) for i in wrong[0])
        raise ValueError(f"{name}{list(index)} is {ids[index]}, expected 0 to {count - 1}")


def expect_mask(mask: Array, shape: tuple[int, ...]) -> None:
    """Raise unless mask is a NumPy array of booleans whose shape fits: equal, or 1 on some axes."""
    expect_array("mask", mask)
    if mask.dtype != bool:
        raise TypeError(f"mask has dtype {mask.dtype}, expected bool")
    fits = zip(mask.shape[::-1], shape[::-1], strict=False)
    if mask.ndim > len(shape) or any(m not in (1, size) for m, size in fits):
        raise ValueError(f"mask has shape {mask.shape}, expected {shape}")


def expect_count(**numbers: int) -> None:
    """Raise unless every named number is a whole number, 1 or more."""
    for name, number in numbers.items():
        if not isinstance(number, int | np.integer) or number < 1:
            raise ValueError(f"{name} is {number!r}, expected a whole number, 1 or more")


def expect_positive(**numbers: float) -> None:
    """Raise unless every named number is above 0."""
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"{name} is {number}, expected a number above 0")
