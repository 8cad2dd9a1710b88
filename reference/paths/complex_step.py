"""The complex step: the derivative of our own forward, without a difference.

    f(w + ih) = f(w) + ih f'(w) - h^2 f''(w) / 2 - ...      so   f'(w) = Im f(w + ih) / h

Nothing is subtracted, so nothing cancels, and h may be as small as 2**-200: h^2 is then nothing at
all beside 1, and h is a power of 2, so that the division by it is exact. (1e-200 would underflow.)
The forward must carry complex numbers through: no abs, no float buffers, and comparisons that look
at the real part first, as NumPy's do.

Its own rounding: the derivative is carried forward through every layer, and is rounded in each as
often as it is multiplied and added there; the hand-written backward goes the other way, and what
cancels exactly in one direction need not in the other. One allowance is those roundings, of the
sizes of what is summed last; and what underflows in the imaginary part.

At a corner (real part 0, and a derivative that is not) either side may be taken: not compared.

Source: Squire and Trapp, SIAM Review 40, 1998.
"""

from typing import Any

import numpy as np

from manual.catalog import find
from manual.checks import Array
from manual.network import Net, Params, l2_loss, network_forward
from reference.cards import LOSSES
from reference.numbers import UNIT
from reference.paths.differences import Difference, on_corner, stacked_outputs
from reference.problem import Gradients, Problem

H = 2.0**-200
UNDERFLOW = 2.0**-1022 / H  # what a derivative may lose below the smallest normal number


def gradients(problem: Problem) -> Gradients:
    """The loss (or output) and all gradients by complex steps, in float64 (complex128)."""
    found = steps(problem)
    return Gradients(
        found.value, found.dx.value, {name: step.value for name, step in found.params.items()}
    )


def steps(problem: Problem) -> Any:
    """Gradients of Difference: every entry, and whether it sits on a corner."""
    net, params, x, y, loss, reg = problem
    x = x.astype(np.float64)
    params = {name: array.astype(np.float64) for name, array in params.items()}
    value, _ = out, _ = network_forward(x, params, net)
    v, loss_corner = y, np.zeros(y.shape, bool)
    if loss is not None:
        loss_of = find(loss.kind, "loss")
        value = loss_of(out, y, **loss.options)[0]
        v, loss_corner = np.zeros(out.shape), np.zeros(out.shape, bool)
        for i in np.ndindex(out.shape):
            moved = out.astype(np.complex128)
            moved[i] += 1j * H
            v[i] = loss_of(moved, y, **loss.options)[0].imag / H
            if (kinks := LOSSES[loss.kind].kinks) is not None:
                loss_corner[i] = on_corner(kinks(moved, y, **loss.options)).any()

    roundings = _roundings(net, params)

    def by_entry(name: str | None, array: Array) -> Difference:
        nudge = np.full(array.shape, 1j * H)
        slopes, corners = [], []
        for stack, corner in stacked_outputs(net, params, x, name, [nudge]):
            slopes.append(stack[0].imag.reshape(stack.shape[1], -1) / H)
            corners.append(corner)
        jacobian = np.concatenate(slopes)  # (entries, outputs)
        corner = np.concatenate(corners) | ((jacobian != 0) @ loss_corner.ravel())
        slope = (jacobian @ v.ravel()).reshape(array.shape)
        if reg and array.ndim > 1 and name is not None:
            slope += _penalty(array, reg)
        allowance = UNIT[problem.x.dtype] * roundings * (np.abs(jacobian) @ np.abs(v).ravel())
        allowance += UNDERFLOW * (1 + np.abs(v).sum())
        never = np.zeros(array.shape, bool)
        return Difference(slope, allowance.reshape(array.shape), corner.reshape(array.shape), never)

    if reg:
        value = value + sum(l2_loss(w, reg)[0] for w in params.values() if w.ndim > 1)
    found = {name: by_entry(name, array) for name, array in params.items()}
    return Gradients(value, by_entry(None, x), found)  # type: ignore[arg-type]


def _roundings(net: Net, params: Params) -> int:
    """How often a derivative is rounded on its way through: once a term summed, and a few more."""
    sums = [len(params[name]) for layer in net for name in layer.params if params[name].ndim > 1]
    return sum(sums) + sum(4 + _roundings(layer.body, params) for layer in net)


def _penalty(w: Array, reg: float) -> Array:
    slope = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        moved = w.astype(np.complex128)
        moved[i] += 1j * H
        slope[i] = np.imag(l2_loss(moved, reg)[0]) / H
    return slope
