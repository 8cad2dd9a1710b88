"""A jaxpr evaluated by NumPy equals what JAX's own compiler makes of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax, nn
from jax.ad_checkpoint import checkpoint_name
from jax.extend.core import jaxpr_as_fun

from reference.paths import jaxpr
from reference.paths.jaxpr import evaluate

# Both sum in an order of their own, and their exp, tanh and pow may differ in the last bits: a few
# roundings of the largest entry, or of all terms where a sum may cancel. The worst seen is 10.
ROUNDINGS = 32
FLOATS = [np.float64, np.float32]
# A compiler that does not look for faster code takes half the time.
FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


@pytest.fixture(autouse=True)
def checked(monkeypatch):
    """x64 on the CPU; the evaluator checks every value; what falls back is counted from 0."""
    monkeypatch.setattr(jaxpr, "CHECK", True)
    jaxpr.fell_back.clear()
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        yield


def draw(*shape):
    return np.random.default_rng(shape).standard_normal(shape)


def cast(arrays, dtype):
    arrays = [np.asarray(array) for array in arrays]
    return [array.astype(dtype) if array.dtype.kind == "f" else array for array in arrays]


def gradient(f, arrays):
    """value_and_grad of f's outputs, each times a number of its own, by all arrays of floats."""

    def weighted(*arrays):
        out = f(*arrays)
        weights = np.cos(np.arange(out.size)).reshape(out.shape).astype(out.dtype)
        return (out * weights).sum(), (out, abs(out * weights).sum())

    floats = tuple(k for k, array in enumerate(arrays) if array.dtype.kind == "f")
    return jax.value_and_grad(weighted, argnums=floats, has_aux=True)


def equal(found, wanted, scales):
    for ours, theirs, scale in zip(found, map(np.asarray, wanted), scales, strict=True):
        assert type(ours) is np.ndarray
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        if ours.dtype.kind != "f":
            assert np.array_equal(ours, theirs)
            continue
        finite = np.isfinite(theirs)
        assert np.array_equal(ours[~finite], theirs[~finite], equal_nan=True)
        worst = np.abs(ours - theirs)[finite].max(initial=0)
        assert worst <= ROUNDINGS * np.finfo(ours.dtype).eps * scale, (worst, scale)


def agree(f, arrays, fallbacks=()):
    """f, and its gradient, here and compiled by JAX as a whole."""
    traced = jax.make_jaxpr(gradient(f, arrays))(*arrays)
    found = evaluate(traced, *arrays)
    wanted = jax.jit(jaxpr_as_fun(traced), compiler_options=FAST)(*arrays)
    scales = [np.abs(each).max(initial=0, where=np.isfinite(each)) for each in found]
    scales[0] = scales[2]  # the sum of the absolute terms
    equal(found, wanted, scales)
    assert set(jaxpr.fell_back) == set(fallbacks)


def conv(numbers, strides, padding, **options):
    numbers = numbers.split()
    return lambda x, w: lax.conv_general_dilated(
        x, w, strides, padding, dimension_numbers=numbers, **options
    )


def pool(kind, *window, **options):
    start = {"max": -jnp.inf, "min": jnp.inf, "add": 0.0}[kind]
    return lambda x: lax.reduce_window(x, start, getattr(lax, kind), *window, **options)


def norm(x, gamma, beta):
    centered = x - x.mean(-1, keepdims=True)
    return centered / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5) * gamma + beta


def attention(x, q, k, v):
    (b, t, d), h = x.shape, 2
    q, k, v = ((x @ w).reshape(b, t, h, -1) for w in (q, k, v))
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) / np.sqrt(d // h).astype(x.dtype)
    scores = jnp.where(np.tril(np.ones((t, t), bool)), scores, -jnp.inf)
    return jnp.einsum("bhqk,bkhd->bqhd", nn.softmax(scores, -1), v).reshape(b, t, d)


def lstm(x, w, u, b):
    def step(state, x):
        h, c = state
        i, f, g, o = jnp.split(x @ w + h @ u + b, 4, axis=-1)
        c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
        h = nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zero = jnp.zeros((x.shape[1], u.shape[0]), x.dtype)
    (h, c), hs = lax.scan(step, (zero, zero), x)
    return hs + h * c


def backwards(x, w):
    def step(carry, row):
        k, h = carry
        h = jnp.sin(row + h * w) * k
        return (k + 1, h), (k, h)

    (k, _), (ks, hs) = lax.scan(step, (jnp.int32(1), x[0]), x, reverse=True)
    return hs * ks[:, None] + k


def losses(x, t):
    distance = abs(x - t)
    huber = jnp.where(distance <= 1, distance**2 / 2, distance)
    bce = t * jnp.logaddexp(0.0, -x) + (1 - t) * jnp.logaddexp(0.0, x)
    return huber - bce * jnp.take_along_axis(nn.log_softmax(x), EACH[:, :1], 1)


X = draw(4, 5)
ROWS, EACH = np.array([0, 2, 2, -1]), np.array([[0, 1], [1, 1], [0, 4], [3, 3]])
IMAGES, TIES = draw(2, 3, 5, 6), np.round(draw(6, 7))

CASES = {
    "relu, softplus, elu": (lambda x: nn.relu(x) * nn.softplus(x) + nn.elu(x, 0.5), X),
    "leaky, selu, celu": (lambda x: nn.leaky_relu(x) * nn.selu(x) + nn.celu(x), X),
    "gelu": (lambda x: nn.gelu(x) + nn.gelu(x, approximate=False), X),
    "silu, mish, glu": (lambda x: nn.silu(x) * nn.mish(x) + nn.glu(x[:, :4])[:, :1], X),
    "sigmoid, tanh, clip": (lambda x: nn.sigmoid(x) * jnp.tanh(x) + jnp.clip(x, -0.5, 0.5), X),
    "relu6, hard": (lambda x: nn.relu6(3 * x) + nn.hard_swish(x) * nn.hard_tanh(x), X),
    "powers": (lambda x: x**3 + x**-2 + abs(x) ** 1.5 + 2**x + jnp.cbrt(x) + lax.rsqrt(x * x), X),
    "erf, erfc, log": (lambda x: lax.erf(x) + lax.erfc(x) + jnp.log1p(x * x) + jnp.expm1(x), X),
    "trigonometry": (lambda x: jnp.sin(x) * jnp.cos(x) + jnp.arctan2(x, 2.0) + jnp.sinh(x), X),
    "remainders": (lambda x: x % 0.3 + jnp.fmod(x, 0.7) + jnp.floor(x) * x + jnp.round(x), X),
    "softmaxes": (lambda x: nn.softmax(x, 0) + nn.log_softmax(x) + nn.logsumexp(x, 1)[:, None], X),
    "losses": (losses, X, abs(np.sin(X))),
    "layer norm": (norm, X, draw(5), draw(5)),
    "batch norm": (lambda x: (x - x.mean((0, 2, 3))[:, None, None]) * x.std(0) ** 2, IMAGES),
    "attention": (attention, draw(2, 3, 4), draw(4, 4), draw(1, 4, 4)[0], draw(2, 4, 4)[1]),
    "lstm": (lstm, draw(3, 2, 4), draw(4, 12), draw(3, 12), draw(12)),
    "scan backwards": (backwards, X, draw(5)),
    "fori, while": (lambda x: lax.fori_loop(0, 3, lambda k, x: jnp.sin(x) * (k + 1), x), X),
    "cond": (lambda x: lax.cond(x[0, 0] > 0, jnp.sin, lambda x: 2 * x, x), X),
    "switch": (lambda x, k: lax.switch(k[3], [jnp.sin, jnp.cos, jnp.tanh], x), X, ROWS + 9),
    "checkpoint": (lambda x: jax.checkpoint(lambda x: jnp.sin(jnp.tanh(x)))(x * x), X),
    "stop, barrier": (lambda x: lax.stop_gradient(x) * lax.optimization_barrier(x), X),
    "custom vjp": (jax.custom_vjp(lambda x: x * 2), X),
    "max, min": (lambda x: jnp.maximum(x, 0.1) * jnp.minimum(x, x.max(0)) - x.min(1)[:, None], X),
    "prod, any": (lambda x: jnp.prod(x, 0) * jnp.where((x > 1).any(1, keepdims=True), x, 2), X),
    "select_n": (lambda x, k: lax.select_n(k % 3, x, x * x, -x), X[:, 0], ROWS + 1),
    "cumsum, cumprod": (lambda x: jnp.cumsum(x, 1) * lax.cumsum(x, 0, True) * jnp.cumprod(x, 0), X),
    "cummax, cumlogsumexp": (lambda x: lax.cummax(x, 1) * lax.cumlogsumexp(x, 0, True), X),
    "sort": (lambda x: jnp.sort(x, 0) * x + x[jnp.argsort(x[:, 0])], X),
    "sort by two keys": (lambda x: lax.sort((jnp.round(x), -x, x * x), num_keys=2)[2], X),
    "top_k, argmax": (lambda x: lax.top_k(x, 2)[0] * x.argmax(1)[:, None] + x.argmin(), X),
    "x[i]": (lambda x, i: x[i] * x[i, i][:, None] + x[1], X, ROWS),
    "x[:, i]": (lambda x, i: x[:, i] * x[..., 1:5][::-1], X, ROWS),
    "x[i, None, :, j]": (lambda x, i: x[i % 2, None, :, i] ** 2, IMAGES, ROWS),
    "take": (lambda x, i: jnp.take(x, i, 0) * jnp.take(x, i + 4, 1, mode="clip")[:, :1], X, ROWS),
    "take beyond": (lambda x, i: jnp.take(x, i + 4, 1, mode="fill", fill_value=3) ** 2, X, ROWS),
    "take_along_axis": (lambda x, i: jnp.take_along_axis(x, i, 1) ** 2, X, EACH),
    "vmapped index": (lambda x, i: jax.vmap(lambda row, i: row[i] * row[0])(x, i), X, EACH),
    "at": (lambda x, i: x.at[i].add(x * x).at[:, i[1]].set(x[:, 0] * 3), X, ROWS),
    "at beyond": (lambda x, i: x.at[i + 2].set(x * x, mode="drop", unique_indices=True), X, ROWS),
    "at min, mul": (
        lambda x, i: x.at[i - 3].multiply(x[:2], unique_indices=True).at[i].min(0.2),
        X,
        ROWS[:2],
    ),
    "stack, tile": (lambda x: jnp.stack([x, x * x], 1) * jnp.tile(x[:, None], (1, 2, 1)), X),
    "reshape, flip": (lambda x: jnp.moveaxis(x, 1, 0).reshape(-1)[::-1] * x.ravel("F"), IMAGES),
    "einsum": (
        lambda x, y: jnp.einsum("nchw,ncwk,c->khn", x, y, y[0, :, 0, 1]),
        IMAGES,
        draw(2, 3, 6, 2),
    ),
    "dot": (lambda x, y: jnp.outer(x @ y, y) @ x.T + jnp.dot(y, y), X, draw(5)),
    "pad": (
        lambda x: (
            lax.pad(x, x[1, 1], ((-1, 2, 1), (3, -2, 2)))
            * lax.pad(x, x[0, 0], ((1, 2, 1), (3, -2, 2)))[1:-1]
        ),
        X,
    ),
    "dynamic slice": (
        lambda x, i: (
            lax.dynamic_update_slice(x, 2 * x[:2, :2], (3, i[1]))
            * lax.dynamic_slice(x, (i[2], 1), (1, 5))
        ),
        X,
        ROWS,
    ),
    "conv 1-d": (conv("NWC WIO NWC", (2,), "SAME"), draw(2, 7, 3), draw(3, 3, 4)),
    "conv with all options": (
        conv("NCHW OIHW HWNC", (1, 2), ((1, 2), (0, -1)), lhs_dilation=(1, 2), rhs_dilation=(2, 1)),
        draw(2, 3, 7, 6),
        draw(4, 3, 2, 3),
    ),
    "conv in groups": (
        conv("NHWC HWIO NHWC", (1, 2), "SAME", feature_group_count=2),
        draw(2, 5, 6, 4),
        draw(2, 3, 2, 6),
    ),
    "conv in groups of the batch": (
        conv("NCH OIH NHC", (2,), "VALID", batch_group_count=2),
        draw(4, 3, 7),
        draw(6, 3, 3),
    ),
    "transposed conv": (
        lambda x, w: lax.conv_transpose(
            x, w, (2, 1), "SAME", dimension_numbers=("NCHW", "HWIO", "NCHW"), transpose_kernel=True
        ),
        draw(2, 3, 4, 3),
        draw(3, 2, 2, 3),
    ),
    "max pooling": (pool("max", (1, 1, 2, 2), (1, 1, 2, 2), "VALID"), IMAGES),
    "max pooling, ties and overlap": (pool("max", (3, 3), (2, 1), ((1, 1), (1, 0))), TIES),
    "max pooling, dilated base": (pool("max", (3, 2), (2, 1), "SAME", base_dilation=(2, 1)), TIES),
    "max pooling, dilated, forward": (
        lambda x: lax.stop_gradient(pool("max", (2, 2), (1, 2), "SAME", window_dilation=(2, 1))(x)),
        TIES,
    ),
    "min pooling": (pool("min", (3, 3), (2, 2), "SAME"), TIES),
    "sum pooling": (pool("add", (3, 2), (2, 1), "SAME", window_dilation=(1, 2)), IMAGES[0, 0]),
    "max pooling, second order": (
        lambda x: jax.jacobian(lambda x: pool("max", (2, 2), (1, 2), "VALID")(x) ** 2)(x),
        TIES[:3, :4],
    ),
    "along a direction": (
        lambda x, v: jax.jvp(pool("max", (2, 2), (1, 1), ((1, 0), (0, 0))), (x,), (v,))[1],
        TIES,
        draw(6, 7),
    ),
}
CASES["custom vjp"][0].defvjp(lambda x: (x * 2, x), lambda x, dout: (dout * x,))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_that_jax_compiles(name, dtype):
    f, *arrays = CASES[name]
    agree(f, cast(arrays, dtype))


def edges(dtype):
    numbers = [0.0, -0.0, 0.3, -0.7, 1, -1, 2.5, -3.5, 20, -20, 1e-30, np.inf, -np.inf, np.nan]
    return np.array(numbers, dtype)


UNARY = """
    abs acos acosh asin asinh atan atanh cbrt ceil cos cosh erf erf_inv erfc exp exp2 expm1 floor
    is_finite log log1p logistic neg round rsqrt sign sin sinh sqrt square tan tanh
"""
BINARY = "add atan2 div eq ge gt le lt max min mul ne pow rem sub"
EITHER_ZERO = (lax.sign, lax.erf_inv, lax.max, lax.min)  # NumPy's choice of 0 or -0
INTEGERS = "add bitwise_and bitwise_or bitwise_xor div max min mul ne rem sub"


def same_entries(f, *arrays):
    """f by one primitive, here and in JAX: each entry, the sign of a zero too."""
    (found,) = evaluate(jax.make_jaxpr(f)(*arrays), *arrays)
    wanted = np.asarray(f(*arrays))
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    if found.dtype.kind == "f":
        allowed = ROUNDINGS * np.finfo(found.dtype).eps
        np.testing.assert_allclose(found, wanted, rtol=allowed, atol=0)
        zero = (wanted == 0) & (f not in EITHER_ZERO)
        assert np.array_equal(np.signbit(found[zero]), np.signbit(wanted[zero]))
    else:
        assert np.array_equal(found, wanted)
    assert not jaxpr.fell_back


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UNARY.split())
def test_each_primitive_of_one_number_also_at_its_edges(name, dtype):
    same_entries(getattr(lax, name), edges(dtype))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", BINARY.split())
def test_each_primitive_of_two_numbers_also_at_its_edges(name, dtype):
    x, y = (each.ravel() for each in np.meshgrid(edges(dtype), edges(dtype)))
    same_entries(getattr(lax, name), x, y)


@pytest.mark.parametrize("name", INTEGERS.split())
def test_each_primitive_of_two_integers(name):
    x, y = (each.ravel().astype(np.int32) for each in np.meshgrid([-7, -2, 0, 8], [-3, -1, 2, 5]))
    same_entries(getattr(lax, name), x, y)


FORWARD = {  # what JAX differentiates into other primitives, or not at all
    "cumprod": lambda x: lax.cumprod(x, 1, reverse=True),
    "cummax": lambda x: lax.cummax(x, 0),
    "cummin": lambda x: lax.cummin(x, 1, reverse=True),
    "cumlogsumexp": lambda x: lax.cumlogsumexp(x, 0),
    "reduce_prod": lambda x: lax.reduce_prod(x, (0,)),
    "reduce_and, not": lambda x: ~(x > -1).all(1),
    "reduce_xor": lambda x: lax.reduce_xor(jnp.int32(9 * x), (0, 1)),
    "reduce_precision, half": lambda x: lax.reduce_precision(x, 5, 10),
    "reduce_precision, single": lambda x: lax.reduce_precision(x, 8, 23),
    "name": lambda x: checkpoint_name(x, "x"),
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", FORWARD)
def test_primitives_that_stand_in_no_gradient(name, dtype):
    same_entries(FORWARD[name], X.astype(dtype))


def random_conv(rng):
    """A conv with every option drawn, in one or two dimensions, and its arrays."""
    space = rng.integers(1, 3)
    axes = range(space + 2)
    groups, of_batch = rng.choice([1, 2, 3]), rng.random() < 0.5
    channels, kernels, rows = rng.integers(1, 3, 3) * [1, groups, 1]
    kernel = rng.integers(1, 4, space)
    size = rng.integers(3, 7, space)
    x = rng.standard_normal(
        (rows * groups, channels, *size) if of_batch else (rows, channels * groups, *size)
    )
    w = rng.standard_normal((kernels, channels, *kernel))
    x_axes, w_axes, out_axes = (tuple(map(int, rng.permutation(axes))) for _ in range(3))
    options = {
        "padding": [(int(low), int(high)) for low, high in rng.integers(-1, 3, (space, 2))],
        "dimension_numbers": lax.ConvDimensionNumbers(x_axes, w_axes, out_axes),
        "batch_group_count" if of_batch else "feature_group_count": int(groups),
    }
    for name in ("window_strides", "lhs_dilation", "rhs_dilation"):
        options[name] = tuple(map(int, rng.integers(1, 3, space)))
    x, w = x.transpose(np.argsort(x_axes)), w.transpose(np.argsort(w_axes))
    return lambda x, w: lax.conv_general_dilated(x, w, **options), (x, w)


@pytest.mark.parametrize("seed", range(12))
def test_random_convolutions(seed):
    agree(*random_conv(np.random.default_rng(seed)))


def random_windows(rng):
    """Dimension numbers for gather, or scatter; an array, where to start, the windows' sizes."""
    ndim = rng.integers(1, 4)
    shape, others = rng.integers(2, 5, ndim), rng.integers(1, 4, rng.integers(0, 3))
    order = [int(axis) for axis in rng.permutation(ndim)]
    batched = sorted(order[: rng.integers(0, 1 + min(len(others), ndim - 1))])
    rest = [axis for axis in order if axis not in batched]
    # At least one: where none moves, XLA scatters but the last of several updates.
    moving = tuple(rest[: rng.integers(1, len(rest) + 1)])
    dropped = tuple(sorted(axis for axis in rest if rng.random() < 0.4))
    starts_batched = tuple(map(int, rng.permutation(len(others))[: len(batched)]))
    others[list(starts_batched)] = shape[batched]
    sizes = [
        1 if a in (*dropped, *batched) else int(rng.integers(1, shape[a] + 1)) for a in range(ndim)
    ]
    window = [size for a, size in enumerate(sizes) if a not in (*dropped, *batched)]
    total = len(window) + len(others)
    window_axes = tuple(sorted(map(int, rng.permutation(total)[: len(window)])))
    starts = rng.integers(-1, 4, (*others, len(moving)))
    out = iter(others), iter(window)
    out_shape = [int(next(out[axis in window_axes])) for axis in range(total)]
    numbers = window_axes, dropped, moving, tuple(batched), starts_batched
    return numbers, rng.standard_normal(shape), starts, sizes, rng.standard_normal(out_shape)


@pytest.mark.parametrize("seed", range(16))
def test_random_gathers_and_scatters(seed):
    rng = np.random.default_rng(seed)
    numbers, x, starts, sizes, updates = random_windows(rng)
    mode = ["clip", "fill"][seed % 2]

    def both(x, starts, updates):
        got = lax.gather(x, starts, lax.GatherDimensionNumbers(*numbers), sizes, mode=mode)
        at = lax.ScatterDimensionNumbers(*numbers)
        put = lax.scatter_add(x, starts, updates * got, at, mode=mode)
        for scatter in (lax.scatter_min, lax.scatter_max, lax.scatter, lax.scatter_sub):
            values = lax.stop_gradient(updates)
            put = put * scatter(lax.stop_gradient(x), starts, values, at, mode=mode)
        return put

    agree(both, (x, starts, updates))


def network(x, w, b, gamma, beta, q, k, v):
    """A convolution, a pooling, a norm, attention."""
    x = nn.relu(conv("NCHW OIHW NCHW", (1, 1), "SAME")(x, w) + b[:, None, None])
    x = pool("max", (1, 1, 2, 2), (1, 1, 2, 2), "VALID")(x)
    x = norm(x.reshape(*x.shape[:2], -1).swapaxes(1, 2), gamma, beta)
    return x + attention(x, q, k, v)


NETWORK = (
    draw(2, 3, 4, 6),
    draw(4, 3, 3, 3),
    draw(4),
    draw(1, 4)[0],
    draw(2, 4)[0],
    draw(4, 4),
    draw(1, 4, 4)[0],
    draw(2, 4, 4)[0],
)


def test_a_network_is_traced_and_evaluated_without_a_compilation():
    compiled = []

    def listen(event, seconds, **_):
        if "backend_compile" in event:
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        f = gradient(network, NETWORK)
        found = evaluate(jax.make_jaxpr(f)(*NETWORK), *NETWORK)
        assert not compiled and not jaxpr.fell_back
        wanted = jax.tree.leaves(f(*NETWORK))  # JAX, operation by operation
        assert len(compiled) > 50
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    scales = [np.abs(each).max() for each in found]
    equal(found, wanted, [scales[2], *scales[1:]])


def test_calls_and_loops_that_no_gradient_goes_through():
    twice = CASES["custom vjp"][0]

    def f(x, n):
        x = lax.while_loop(lambda state: state[0] < n, lambda s: (s[0] + 1, twice(s[1])), (0, x))[1]
        _, rows = lax.scan(lambda c, _: (c, c * 2), nn.relu(x), None, length=0)
        return (
            x,
            rows,
            jnp.zeros((0, 3)).sum(0),
            jnp.arange(3)[::-1],
            lax.full((2,), n),
            lax.empty((2,), int) * 0,
        )

    x, n = draw(3), np.asarray(4)
    found = evaluate(jax.make_jaxpr(f)(x, n), x, n)
    assert [each.tolist() for each in found] == [
        (16 * x).tolist(),
        [],
        [0, 0, 0],
        [2, 1, 0],
        [4, 4],
        [0, 0],
    ]
    assert found[1].shape == (0, 3) and not jaxpr.fell_back


def test_what_the_tables_lack_goes_through_jax_and_is_counted():
    agree(lambda x: lax.lgamma(x) * x, [X + 4], ["lgamma", "digamma"])
    assert jaxpr.fell_back == {"lgamma": 1, "digamma": 1}

    def mask():
        return jax.random.bernoulli(jax.random.key(3), 0.5, (4, 5))

    (found,) = evaluate(jax.make_jaxpr(mask)())
    assert np.array_equal(found, mask())


def test_outputs_are_new_arrays():
    x = np.ones((2, 3), np.float32)
    same, flat, wide = evaluate(jax.make_jaxpr(lambda x: (x, x.ravel(), jnp.ones(3)))(x), x)
    for out in (same, flat, wide):
        out += 1
    assert x.max() == 1 and same.dtype == np.float32


def test_other_arguments_than_those_traced_are_errors():
    traced = jax.make_jaxpr(jnp.sin)(np.ones(3, np.float32))
    with pytest.raises(
        ValueError, match=r"an argument is float64\(3,\), but was traced as float32\[3\]"
    ):
        evaluate(traced, np.ones(3))
    with pytest.raises(
        ValueError, match=r"an argument is float32\(2,\), but was traced as float32\[3\]"
    ):
        evaluate(traced, np.ones(2, np.float32))
    with pytest.raises(ValueError, match="argument"):
        evaluate(traced)


def test_a_rule_that_changes_a_dtype_is_found(monkeypatch):
    monkeypatch.setitem(jaxpr._PLAIN, "sin", lambda x: np.sin(x, dtype=float))
    x = np.ones(3, np.float32)
    traced = jax.make_jaxpr(jnp.sin)(x)
    with pytest.raises(AssertionError, match=r"sin: float64\(3,\) for float32\[3\]"):
        evaluate(traced, x)
