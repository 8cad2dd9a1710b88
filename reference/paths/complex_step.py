"""The complex step: the derivative of our own forward, without a difference.

    f(w + ih) = f(w) + ih f'(w) - h^2 f''(w) / 2 - ...      so   f'(w) = Im f(w + ih) / h

Nothing is subtracted, so nothing cancels, and h may be as small as 2**-200: h^2 is then nothing at
all beside 1, and h is a power of 2, so that the division by it is exact. (With h = 1e-200 slopes
below 1e-108 would lose digits, as their imaginary parts underflow.)
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
from reference.paths.differences import Difference, split
from reference.problem import Gradients, Problem
from reference.stacks import nudged_input, nudged_outputs, on_corner

H = 2.0**-200
UNDERFLOW = 2.0**-1022 / H  # what a derivative may lose below the smallest normal number


def gradients(problem: Problem) -> Gradients:
    """The loss (or output) and all gradients by complex steps, in float64 (complex128)."""
    found = steps(problem)
    dx = None if found.dx is None else found.dx.value
    return Gradients(found.value, dx, {name: step.value for name, step in found.params.items()})


def steps(problem: Problem) -> Any:
    """Gradients of Difference: every entry, and whether it sits on a corner."""
    net, params, x, y, loss, reg = problem.in_float64()
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

    roundings = UNIT[problem.dtype] * _roundings(net, params)
    floor = UNDERFLOW * (1 + np.abs(v).sum())

    def nudges(array: Array) -> list[Array]:
        return [np.full(array.shape, 1j * H)]

    def joined(arrays: list[Array], chunks: list[tuple[Array, Array]]) -> list[Difference]:
        """The derivatives of arrays whose entries the chunks hold, one after the other."""
        jacobian = np.concatenate([slopes for slopes, _ in chunks])  # (entries, outputs)
        corner = np.concatenate([corner for _, corner in chunks])
        corner |= (jacobian != 0) @ loss_corner.ravel()
        slope = jacobian @ v.ravel()
        allowance = roundings * (np.abs(jacobian) @ np.abs(v).ravel()) + floor
        return split(arrays, slope, allowance, corner, np.zeros(len(slope), bool))

    by_names: dict[tuple[str, ...], list[tuple[Array, Array]]] = {}
    for names, stack, corner in nudged_outputs(net, params, x, nudges):
        slopes = stack[0].imag.reshape(stack.shape[1], -1) / H
        by_names.setdefault(names, []).append((slopes, corner))
    found = {}
    for names, chunks in by_names.items():
        found |= dict(zip(names, joined([params[n] for n in names], chunks), strict=True))
    dx = None
    if x.dtype.kind == "f":
        stack, corner = nudged_input(net, params, x, nudges)
        (dx,) = joined([x], [(stack[0].imag.reshape(x.size, -1) / H, corner)])
    if reg:
        for name in [name for name in found if params[name].ndim > 1]:
            value = value + l2_loss(params[name], reg)[0]
            slope = found[name].value + _penalty(params[name], reg)
            found[name] = found[name]._replace(value=slope)
    return Gradients(value, dx, found)  # type: ignore[arg-type]


def _roundings(net: Net, params: Params) -> int:
    """How often a derivative is rounded on its way through: once a term summed, and a few more."""
    sums = [params[name].size for layer in net for name in layer.params if params[name].ndim > 1]
    return sum(sums) + sum(4 + _roundings(layer.body, params) for layer in net)


def _penalty(w: Array, reg: float) -> Array:
    slope = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        moved = w.astype(np.complex128)
        moved[i] += 1j * H
        slope[i] = np.imag(l2_loss(moved, reg)[0]) / H
    return slope
