"""Dropout: each number is left out with a chance p, so that none can rely on its neighbours.

Errors: TypeError for what is no array of signed numbers, ValueError for a shape that does not fit.
"""

from typing import Any

import numpy as np

from manual.checks import Array, expect, expect_mask, expect_shape


def dropout_forward(
    x: Array,
    p: float = 0.5,
    mask: Array | None = None,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Any]:
    """out = x mask / (1 - p): 0 where dropped; the rest grows, so that the mean stays ("inverted").

    x: any shape
    p: the chance to drop, 0 <= p < 1, as in PyTorch (CS231n's p is the chance to keep)
    mask: True where a number is kept, of the shape of x, or 1 on some axes, as (N, C, 1, 1) to drop
          whole channels; None draws one from rng
    rng: a generator of the caller's, who so can draw the same again
    With neither mask nor rng nothing is dropped, out is x itself: evaluation.
    Returns out (the shape of x), and the cache.
    Errors: also ValueError for p outside of [0, 1), TypeError for a mask that is no array of
    booleans, an rng that is no generator.
    Source: Srivastava et al., 2014.
    """
    expect("*", x=x)
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, expected a chance to drop, 0 or more and below 1")
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is {rng!r}, expected a generator: np.random.default_rng({rng!r})")
    if mask is None and rng is not None:
        mask = rng.random(x.shape) >= p
    if mask is None:
        return x, (np.True_, 0.0, x.shape)
    expect_mask(mask, x.shape)
    return x * mask / (1 - p), (mask, p, x.shape)


def dropout_backward(dout: Array, cache: Any) -> Array:
    """The mask and 1 - p are constants, and out = x mask / (1 - p):  dx = dout mask / (1 - p).

    dout, dx: the shape of x
    """
    mask, p, x_shape = cache
    expect_shape(x_shape, dout=dout)
    return dout * mask / (1 - p)
