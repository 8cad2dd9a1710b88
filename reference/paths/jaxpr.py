"""A jaxpr evaluated by NumPy: JAX differentiates, and nothing is compiled.

JAX compiles anew for every shape, seconds for a network of convolutions or attention. So here it
only traces: jax.make_jaxpr over jax.value_and_grad writes the gradient down as a list of
primitives, by JAX's own rules of differentiation, and this file evaluates the list: a NumPy
function a primitive. What the tables at the end lack goes through JAX and is counted in fell_back.

Every value has the dtype that the jaxpr states: float32 stays float32. Unlike JAX's kernels, these
do not say what comes of a float too large for an int, of an integer divided by 0, and of a NaN in
the gradient of a pooling.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from scipy import special

from manual.checks import Array

fell_back: Counter[str] = Counter()  # the primitives that went through JAX, and how often
CHECK = False  # for tests: compare each value's shape and dtype with what the jaxpr states


def evaluate(closed_jaxpr: Any, *args: Array) -> list[Array]:
    """The outputs, one after the other, of jax.make_jaxpr(f)(...) for these arguments: new arrays.

    Errors: ValueError if an argument has another shape or dtype than the one that was traced.
    """
    for arg, aval in zip(args, closed_jaxpr.in_avals, strict=True):
        if arg.shape != aval.shape or arg.dtype != aval.dtype:
            raise ValueError(f"an argument is {arg.dtype}{arg.shape}, but was traced as {aval}")
    with np.errstate(all="ignore"):
        return [np.array(out) for out in _run(closed_jaxpr, map(np.asarray, args))]


def _run(jaxpr: Any, inputs: Iterable[Array]) -> list[Array]:
    """The outputs of a jaxpr, closed or open; some may be views of the inputs."""
    consts, jaxpr = getattr(jaxpr, "consts", ()), getattr(jaxpr, "jaxpr", jaxpr)
    values: dict[Any, Any] = dict(zip(jaxpr.constvars, map(_as_numpy, consts), strict=True))
    values.update(zip(jaxpr.invars, inputs, strict=True))

    def read(atom):  # a variable, or a literal
        return np.asarray(atom.val, atom.aval.dtype) if hasattr(atom, "val") else values[atom]

    for eqn in jaxpr.eqns:
        name, given = eqn.primitive.name, [read(atom) for atom in eqn.invars]
        if name in _PLAIN:
            found = _PLAIN[name](*given)
        elif name in _RULES:
            found = _RULES[name](*given, **eqn.params)
        else:
            found = _through_jax(eqn, given)
        found = found if eqn.primitive.multiple_results else (found,)
        for var, value in zip(eqn.outvars, found, strict=True):
            values[var] = value = value if type(value) is np.ndarray else _as_numpy(value)
            if CHECK and (value.shape, value.dtype) != (var.aval.shape, var.aval.dtype):
                raise AssertionError(f"{name}: {value.dtype}{value.shape} for {var.aval}")
    return [read(atom) for atom in jaxpr.outvars]


def _as_numpy(value):
    """A scalar of NumPy's or an array of JAX's as an array of NumPy's; a random key as it is."""
    is_key = not isinstance(value, np.generic) and str(value.dtype).startswith("key<")
    return value if is_key else np.asarray(value)


def _through_jax(eqn, given):
    import jax
    import jax.numpy as jnp

    fell_back[eqn.primitive.name] += 1
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        params = eqn.primitive.get_bind_params(eqn.params)
        return eqn.primitive.bind(*map(jnp.asarray, given), **params)


# Calls and loops -------------------------------------------------------------------------------


def _call(*inputs, **params):
    return _run(next(params[key] for key in ("jaxpr", "call_jaxpr") if key in params), inputs)


def _cond(index, *inputs, branches, **_):
    return _run(branches[min(max(int(index), 0), len(branches) - 1)], inputs)


def _while(*inputs, cond_jaxpr, cond_nconsts, body_jaxpr, body_nconsts):
    first, rest = inputs[:cond_nconsts], inputs[cond_nconsts:]
    consts, state = rest[:body_nconsts], rest[body_nconsts:]
    while _run(cond_jaxpr, [*first, *state])[0]:
        state = _run(body_jaxpr, [*consts, *state])
    return state


def _scan(*inputs, jaxpr, length, num_consts, num_carry, reverse, **_):
    consts, rest = inputs[:num_consts], inputs[num_consts:]
    carry, xs = list(rest[:num_carry]), rest[num_carry:]
    ys = [np.empty((length, *out.shape), out.dtype) for out in jaxpr.out_avals[num_carry:]]
    for step in reversed(range(length)) if reverse else range(length):
        found = _run(jaxpr, [*consts, *carry, *(x[step, ...] for x in xs)])
        carry = found[:num_carry]
        for y, row in zip(ys, found[num_carry:], strict=True):
            y[step] = row
    return carry + ys


# Entry by entry, and shapes --------------------------------------------------------------------


def _div(x, y):
    return x / y if x.dtype.kind == "f" else (x - np.fmod(x, y)) // y  # towards 0


def _round(x, rounding_method):
    whole = np.trunc(x)
    away = whole + np.copysign(np.abs(x - whole) >= 0.5, x)  # a half away from 0
    return np.rint(x) if rounding_method == 1 else away


def _select(which, *cases):
    if which.dtype.kind == "b":
        return np.where(which, cases[1], cases[0])
    return np.choose(which, cases, mode="clip")


def _reduce_precision(x, exponent_bits, mantissa_bits):
    floats = {(5, 10): "float16", (8, 7): "bfloat16", (8, 23): "float32", (11, 52): "float64"}
    return x.astype(floats[exponent_bits, mantissa_bits]).astype(x.dtype)


def _sizes(ndim, axes, shape):
    """A shape of ndim axes: these sizes along these axes, 1 along the others."""
    sizes = [1] * ndim
    for axis, size in zip(axes, shape, strict=True):
        sizes[axis] = size
    return sizes


def _reshape(x, new_sizes, dimensions, **_):
    return (x if dimensions is None else x.transpose(dimensions)).reshape(new_sizes)


def _broadcast(x, shape, broadcast_dimensions, **_):
    out = np.empty(shape, x.dtype)  # np.broadcast_to takes twice as long for small arrays
    out[...] = x.reshape(_sizes(len(shape), broadcast_dimensions, x.shape))
    return out


def _pad(x, value, padding_config):
    """x with `low` values before it, `high` after it (negative: cut off), `inner` in between."""
    shape, target, source = [], [], []
    for n, (low, high, inner) in zip(x.shape, padding_config, strict=True):
        step = inner + 1
        size = low + max(0, (n - 1) * step + 1) + high
        first = max(0, -(low // step))  # the entries from `first` to `stop` stay inside
        stop = max(first, min(n, -((low - size) // step)))
        start = low + first * step
        shape.append(size)
        target.append(slice(start, start + (stop - first) * step, step))
        source.append(slice(first, stop))
    out = np.full(shape, value, x.dtype)
    out[tuple(target)] = x[tuple(source)]
    return out


def _slice(x, start_indices, limit_indices, strides):
    return x[tuple(map(slice, start_indices, limit_indices, strides or [None] * x.ndim))]


def _block(shape, sizes, starts):
    """A block of these sizes, moved inside the shape where it sticks out."""
    starts = [min(max(int(s), 0), n - m) for s, n, m in zip(starts, shape, sizes, strict=True)]
    return tuple(slice(s, s + m) for s, m in zip(starts, sizes, strict=True))


def _dynamic_update_slice(x, update, *starts):
    out = x.copy()
    out[_block(x.shape, update.shape, starts)] = update
    return out


def _sort(*arrays, dimension, num_keys, **_):
    order = np.lexsort(arrays[num_keys - 1 :: -1], axis=dimension)
    return [np.take_along_axis(x, order, dimension) for x in arrays]


def _top_k(x, k, axis):
    backwards = np.argsort(np.flip(x, axis), axis, kind="stable")  # of equals the first one first
    order = x.shape[axis] - 1 - np.flip(backwards, axis).take(range(k), axis)
    return np.take_along_axis(x, order, axis), order.astype(np.int32)


# Gather and scatter ----------------------------------------------------------------------------


def _places(shape, sizes, starts, numbers, ndim, mode):
    """Where windows of these sizes lie: an index for each axis of `shape`, and which fit inside.

    numbers: GatherDimensionNumbers, or ScatterDimensionNumbers, whose fields mean the same.
    starts[..., k]: where they start on the k-th of start_axes. The indices broadcast to what is
    gathered, or to the updates: ndim axes, of which window_axes run through the windows.
    """
    window_axes, dropped, start_axes, batch_axes, starts_batch_axes = map(list, numbers)
    other_axes = [axis for axis in range(ndim) if axis not in window_axes]

    def along(axes, values):
        return values.reshape(_sizes(ndim, axes, values.shape))

    index, inside, windows = [], np.True_, iter(window_axes)
    every = along(other_axes, np.zeros(starts.shape[:-1], np.intp))
    for axis, (n, size) in enumerate(zip(shape, sizes, strict=True)):
        place = every
        if axis in batch_axes:
            over = other_axes[starts_batch_axes[batch_axes.index(axis)]]
            place = place + along([over], np.arange(n))
        elif axis not in dropped:
            place = place + along([next(windows)], np.arange(size))
        if axis in start_axes:
            start = along(other_axes, starts[..., start_axes.index(axis)].astype(np.intp))
            moved = np.clip(start, 0, n - size)
            inside = inside & (moved == start)
            place = place + moved
        index.append(place)
    return tuple(index), np.True_ if mode.name == "CLIP" else inside


def _gather(x, starts, dimension_numbers, slice_sizes, mode, fill_value, **_):
    ndim = starts.ndim - 1 + len(dimension_numbers.offset_dims)
    index, inside = _places(x.shape, slice_sizes, starts, dimension_numbers, ndim, mode)
    if mode.name != "FILL_OR_DROP" or inside.all():
        return x[index]
    return np.where(inside, x[index], np.asarray(fill_value, x.dtype))


def _scatter(combine):
    def rule(x, starts, updates, dimension_numbers, mode, **_):
        window_axes, dropped, _, batch_axes, _ = dimension_numbers
        axes = [axis for axis in range(x.ndim) if axis not in (*dropped, *batch_axes)]
        sizes = _sizes(x.ndim, axes, [updates.shape[axis] for axis in window_axes])
        index, inside = _places(x.shape, sizes, starts, dimension_numbers, updates.ndim, mode)
        # Window by window, in a row: where several windows set the same entry, the last one wins.
        shape, out = updates.shape, x.copy()
        order = [axis for axis in range(len(shape)) if axis not in window_axes] + [*window_axes]
        keep, *index = (np.broadcast_to(i, shape).transpose(order) for i in (inside, *index))
        combine(out, tuple(each[keep] for each in index), updates.transpose(order)[keep])
        return out

    return rule


# Sums, products and windows --------------------------------------------------------------------


def _reduce(ufunc):
    return lambda x, axes, **_: ufunc.reduce(x, axis=tuple(axes), dtype=x.dtype)


def _running(ufunc):
    def rule(x, axis, reverse):
        order = (*[slice(None)] * axis, slice(None, None, -1 if reverse else 1))
        return ufunc.accumulate(x[order], axis=axis, dtype=x.dtype)[order]

    return rule


def _dot(x, y, dimension_numbers, preferred_element_type, **_):
    (x_summed, y_summed), (x_batch, y_batch) = dimension_numbers
    x_free = [axis for axis in range(x.ndim) if axis not in (*x_summed, *x_batch)]
    y_free = [axis for axis in range(y.ndim) if axis not in (*y_summed, *y_batch)]
    x = x.transpose((*x_batch, *x_free, *x_summed))
    y = y.transpose((*y_batch, *y_summed, *y_free))
    b, s = len(x_batch), len(y_batch) + len(y_summed)
    batch, rows, terms, columns = x.shape[:b], x.shape[b:][: len(x_free)], y.shape[b:s], y.shape[s:]
    x = x.reshape(*batch, prod(rows), prod(terms))
    y = y.reshape(*batch, prod(terms), prod(columns))
    out = (x @ y).reshape((*batch, *rows, *columns))
    return out.astype(preferred_element_type or x.dtype, copy=False)


def _windows(x, window, strides, dilation):
    """The windows on x, as a view: an axis for where they lie on each axis of x, then their own."""
    sizes = [
        max(0, (n - (m - 1) * gap - 1) // step + 1)
        for n, m, step, gap in zip(x.shape, window, strides, dilation, strict=True)
    ]
    bytes_ = np.multiply(x.strides, strides), np.multiply(x.strides, dilation)
    return as_strided(x, (*sizes, *window), np.concatenate(bytes_))


def _around(padding, dilation):
    """The padding_config for _pad."""
    return [(low, high, gap - 1) for (low, high), gap in zip(padding, dilation, strict=True)]


def _conv(x, w, dimension_numbers, feature_group_count, batch_group_count, **how):
    """The windows on x, a row each, times the kernels: one matrix product a group."""
    x_axes, w_axes, out_axes = dimension_numbers  # of the batch (kernels), the features, the space
    x, w = x.transpose(x_axes), w.transpose(w_axes)
    x = _pad(x, 0, [(0, 0, 0)] * 2 + _around(how["padding"], how["lhs_dilation"]))
    (N, C, *space), (M, _, *kernel) = x.shape, w.shape
    G = feature_group_count * batch_group_count  # one of the two is 1
    N, C = N // batch_group_count, C // feature_group_count
    x = x.reshape(batch_group_count, N, feature_group_count, C, *space).swapaxes(1, 2)
    strides, dilation = (1, 1, 1, *how["window_strides"]), (1, 1, 1, *how["rhs_dilation"])
    windows = _windows(x.reshape(G, N, C, *space), (1, 1, 1, *kernel), strides, dilation)
    places = windows.shape[3 : 3 + len(space)]
    rows = np.moveaxis(windows, 2, 2 + len(space)).reshape(G, N * prod(places), w[0].size)
    out = rows @ w.reshape(G, M // G, w[0].size).swapaxes(1, 2)
    out = np.moveaxis(out.reshape(G, N, *places, M // G), (1, -1), (0, 2))
    out = out.reshape(N, M, *places).transpose(np.argsort(out_axes))
    return out.astype(how["preferred_element_type"] or x.dtype, copy=False)


def _extreme(dtype, sign):
    """The largest number of the dtype, or the smallest."""
    if dtype.kind == "f":
        return sign * np.inf
    info = np.iinfo("uint8" if dtype.kind == "b" else dtype)
    return info.max if sign > 0 else info.min


def _pool(ufunc, sign):
    def rule(x, window_dimensions, window_strides, padding, base_dilation, window_dilation):
        nothing = _extreme(x.dtype, sign) if sign else 0
        padded = _pad(x, nothing, _around(padding, base_dilation))
        windows = _windows(padded, window_dimensions, window_strides, window_dilation)
        return ufunc.reduce(windows, axis=tuple(range(x.ndim, 2 * x.ndim)), dtype=x.dtype)

    return rule


def _winners(x, around, select_prim, window_dimensions, window_strides, window_dilation):
    """Where, in padded x, each window's first largest (ge) or smallest (le) entry stands."""
    sign = 1 if select_prim.name == "ge" else -1
    x = _pad(x, _extreme(x.dtype, -sign), around)
    numbers = np.arange(x.size).reshape(x.shape)
    at = window_dimensions, window_strides, window_dilation
    x, numbers = (_windows(each, *at) for each in (x, numbers))
    rows = (*x.shape[: x.ndim // 2], prod(window_dimensions))
    first = (np.argmax if sign > 0 else np.argmin)(x.reshape(rows), axis=-1)[..., None]
    return np.take_along_axis(numbers.reshape(rows), first, -1)[..., 0]


def _select_and_scatter_add(source, x, padding, **how):
    around = _around(padding, ones := (1,) * x.ndim)
    places = _winners(x, around, window_dilation=ones, **how)
    out = _pad(np.zeros(x.shape, source.dtype), 0, around)
    np.add.at(out.reshape(-1), places, source)
    return _pad(out, 0, [(-low, -high, 0) for low, high in padding])


def _select_and_gather_add(tangents, x, padding, base_dilation, **how):
    around = _around(padding, base_dilation)
    return _pad(tangents, 0, around).reshape(-1)[_winners(x, around, **how)]


# The tables ------------------------------------------------------------------------------------

_UFUNCS = """
    add=add add_any=add sub=subtract mul=multiply neg=negative rem=fmod max=maximum min=minimum
    abs=abs sign=sign square=square sqrt=sqrt cbrt=cbrt floor=floor ceil=ceil is_finite=isfinite
    exp=exp exp2=exp2 expm1=expm1 log=log log1p=log1p sin=sin cos=cos tan=tan asin=arcsin
    acos=arccos atan=arctan atan2=arctan2 sinh=sinh cosh=cosh tanh=tanh asinh=arcsinh acosh=arccosh
    atanh=arctanh eq=equal ne=not_equal lt=less le=less_equal gt=greater ge=greater_equal
    and=bitwise_and or=bitwise_or xor=bitwise_xor not=invert
"""
_FOLDS = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}
_BITS = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}
_AT = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "min": np.minimum, "max": np.maximum}

_PLAIN: dict[str, Callable[..., Any]] = {  # whose parameters, if any, change nothing
    **{jax: getattr(np, numpy) for jax, numpy in (pair.split("=") for pair in _UFUNCS.split())},
    **dict.fromkeys(("copy", "copy_p", "name", "pvary", "stop_gradient"), lambda x: x),
    "optimization_barrier": lambda *xs: xs,
    "div": _div,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "pow": lambda x, y: np.power(x, y.astype(x.dtype, copy=False)),
    "logistic": special.expit,
    "erf": special.erf,
    "erfc": special.erfc,
    "erf_inv": special.erfinv,
    "clamp": lambda low, x, high: np.minimum(np.maximum(x, low), high),
    "select_n": _select,
    "dynamic_update_slice": _dynamic_update_slice,
}

_RULES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("jit", "pjit", "closed_call", "core_call", "call", "remat2", "remat"), _call),
    **dict.fromkeys(("checkpoint", "custom_jvp_call", "custom_vjp_call"), _call),
    "cond": _cond,
    "while": _while,
    "scan": _scan,
    "integer_pow": lambda x, y: x ** int(y),
    "round": _round,
    "convert_element_type": lambda x, new_dtype, **_: x.astype(new_dtype, copy=False),
    "reduce_precision": _reduce_precision,
    "broadcast_in_dim": _broadcast,
    "iota": lambda dtype, shape, dimension, **_: _broadcast(
        np.arange(shape[dimension], dtype=dtype), shape, [dimension]
    ),
    "empty": lambda shape, dtype, **_: np.zeros(shape, dtype),
    "empty2": lambda dtype, **_: np.zeros((), dtype),
    "reshape": _reshape,
    "transpose": lambda x, permutation: x.transpose(permutation),
    "squeeze": lambda x, dimensions: x.squeeze(dimensions),
    "concatenate": lambda *xs, dimension: np.concatenate(xs, dimension),
    "stack": lambda *xs, axis: np.stack(xs, axis),
    "unstack": lambda x, axis: list(np.moveaxis(x, axis, 0)),
    "split": lambda x, sizes, axis: np.split(x, np.cumsum(sizes)[:-1], axis),
    "tile": lambda x, reps: np.tile(x, reps),
    "rev": lambda x, dimensions: np.flip(x, dimensions),
    "pad": _pad,
    "slice": _slice,
    "dynamic_slice": lambda x, *at, slice_sizes: x[_block(x.shape, slice_sizes, at)],
    "sort": _sort,
    "top_k": _top_k,
    "argmax": lambda x, axes, index_dtype: x.argmax(axes[0]).astype(index_dtype),
    "argmin": lambda x, axes, index_dtype: x.argmin(axes[0]).astype(index_dtype),
    "gather": _gather,
    "scatter": _scatter(np.ndarray.__setitem__),
    **{f"scatter-{name}": _scatter(ufunc.at) for name, ufunc in _AT.items()},
    **{f"reduce_{name}": _reduce(ufunc) for name, ufunc in (_FOLDS | _BITS).items()},
    **{f"cum{name}": _running(ufunc) for name, ufunc in _FOLDS.items()},
    "cumlogsumexp": _running(np.logaddexp),
    "dot_general": _dot,
    "conv_general_dilated": _conv,
    "reduce_window_sum": _pool(np.add, 0),
    "reduce_window_max": _pool(np.maximum, -1),
    "reduce_window_min": _pool(np.minimum, 1),
    "select_and_scatter_add": _select_and_scatter_add,
    "select_and_gather_add": _select_and_gather_add,
}
