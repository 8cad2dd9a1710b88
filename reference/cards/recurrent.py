"""RNN, LSTM and GRU, for the other paths; and the map from our layout to PyTorch's.

        ours                               PyTorch's
RNN     wx (D, H), wh (H, H), b            w_ih (H, D), w_hh (H, H), b_ih, b_hh
LSTM    wx (D, 4H), order i, f, o, g, b    w_ih (4H, D), order i, f, g, o, b_ih, b_hh
GRU     wx (D, 3H), order r, z, n, bx, bh  w_ih (3H, D), order r, z, n, b_ih, b_hh
"""

from reference.cards import Card, Fit, Mistake


def to_torch(wx, wh, *biases, order=(0,)):
    """Our weights as PyTorch takes them: transposed, the gates in its order, two biases."""
    import torch

    def turned(array):
        parts = array.chunk(len(order), dim=-1)
        return torch.cat([parts[gate] for gate in order], dim=-1).T

    b = [turned(bias[None])[:, 0] for bias in biases]
    if len(b) == 1:
        b.append(torch.zeros_like(b[0]))
    return [turned(wx).contiguous(), turned(wh).contiguous(), *b]


IFGO = (0, 1, 3, 2)  # PyTorch's gates, as places in i, f, o, g
RZN = (0, 1, 2)


def _torch_rnn(F, x, h0, *weights):
    import torch

    out, _ = torch.rnn_tanh(x, h0[None], to_torch(*weights), True, 1, 0.0, True, False, True)
    return out


def _torch_lstm(F, x, h0, c0, *weights):
    import torch

    flat = to_torch(*weights, order=IFGO)
    out, _, _ = torch.lstm(x, (h0[None], c0[None]), flat, True, 1, 0.0, True, False, True)
    return out


def _torch_gru(F, x, h0, *weights):
    import torch

    flat = to_torch(*weights, order=RZN)
    out, _ = torch.gru(x, h0[None], flat, True, 1, 0.0, True, False, True)
    return out


def _torch_rnn_step(F, x, h, *weights):
    import torch

    return torch.rnn_tanh_cell(x, h, *to_torch(*weights))


def _torch_gru_step(F, x, h, *weights):
    import torch

    return torch.gru_cell(x, h, *to_torch(*weights, order=RZN))


def _torch_lstm_step(F, x, h, c, *weights):
    import torch

    return torch.lstm_cell(x, (h, c), *to_torch(*weights, order=IFGO))


def _sigmoid(jnp, x):
    return (1 + jnp.tanh(x / 2)) / 2  # keeps the digits of its slope, as 1 / (1 + exp(-x)) does not


def _jax_rnn_step(jnp, x, h, wx, wh, b):
    return jnp.tanh(x @ wx + h @ wh + b)


def _jax_lstm_step(jnp, x, h, c, wx, wh, b):
    i, f, o, g = jnp.split(x @ wx + h @ wh + b, 4, axis=1)
    c = _sigmoid(jnp, f) * c + _sigmoid(jnp, i) * jnp.tanh(g)
    return _sigmoid(jnp, o) * jnp.tanh(c), c


def _jax_gru_step(jnp, x, h, wx, wh, bx, bh):
    (pr, pz, pn), (qr, qz, qn) = jnp.split(x @ wx + bx, 3, 1), jnp.split(h @ wh + bh, 3, 1)
    r, z = _sigmoid(jnp, pr + qr), _sigmoid(jnp, pz + qz)
    return (1 - z) * jnp.tanh(pn + r * qn) + z * h


def _through_time(step, states):
    """A step as a whole sequence, in JAX's own loop; the first of its states is the output."""

    def run(jnp, x, *arrays):
        from jax import lax

        start, weights = arrays[:states], arrays[states:]

        def once(carry, now):
            new = step(jnp, now, *carry, *weights)
            new = new if isinstance(new, tuple) else (new,)
            return new, new[0]

        _, out = lax.scan(once, start, x.swapaxes(0, 1))
        return out.swapaxes(0, 1)

    return run


def _fit(gates, states, biases):
    def fit(shape, dice):
        N, D, H = shape[0], shape[-1], min(dice.size, 3)
        params = {f"{state}0": (N, H) for state in states}
        params |= {"wx": (D, gates * H), "wh": (H, gates * H)}
        return Fit((*shape[:-1], H), params | dict.fromkeys(biases, (gates * H,)))

    return fit


CARDS = [
    Card(
        "rnn_step",
        torch=_torch_rnn_step,
        jax=_jax_rnn_step,
        takes="ND",
        fit=_fit(1, "h", ["b"]),
        own=1,
    ),
    Card(
        "rnn",
        torch=_torch_rnn,
        jax=_through_time(_jax_rnn_step, 1),
        takes="NTD",
        fit=_fit(1, "h", ["b"]),
        own=1,
    ),
    Card("lstm_step", torch=_torch_lstm_step, jax=_jax_lstm_step, takes="ND", outputs=2),
    Card(
        "lstm",
        torch=_torch_lstm,
        jax=_through_time(_jax_lstm_step, 2),
        takes="NTD",
        fit=_fit(4, "hc", ["b"]),
        own=2,
    ),
    Card(
        "gru_step",
        torch=_torch_gru_step,
        jax=_jax_gru_step,
        takes="ND",
        fit=_fit(3, "h", ["bx", "bh"]),
        own=1,
    ),
    Card(
        "gru",
        torch=_torch_gru,
        jax=_through_time(_jax_gru_step, 1),
        takes="NTD",
        fit=_fit(3, "h", ["bx", "bh"]),
        own=1,
    ),
]

MISTAKES: list[Mistake] = [
    Mistake(
        "rnn step without recurrence",
        "rnn_step_forward",
        "x @ wx + h @ wh + b",
        "x @ wx + b",
        "The step does not look at h: nothing is remembered.",
    ),
    Mistake(
        "rnn step wh transposed",
        "rnn_step_forward",
        "h @ wh",
        "h @ wh.T",
        "wh is transposed as in PyTorch, but here it is used as it stands.",
    ),
    Mistake(
        "rnn step bias missing",
        "rnn_step_forward",
        "x @ wx + h @ wh + b",
        "x @ wx + h @ wh",
        "The bias b is never added.",
    ),
    Mistake(
        "rnn step tanh missing",
        "rnn_step_forward",
        "h_next, tanh_cache = tanh_forward(x @ wx + h @ wh + b)",
        "_, tanh_cache = tanh_forward(x @ wx + h @ wh + b)\n    h_next = x @ wx + h @ wh + b",
        "h_next is the sum before tanh.",
    ),
    Mistake(
        "rnn step new h in the cache",
        "rnn_step_forward",
        "(x, h, wx, wh, tanh_cache)",
        "(x, h_next, wx, wh, tanh_cache)",
        "The cache holds the h that came out; dwh needs the h that came in.",
    ),
    Mistake(
        "rnn step in float32",
        "rnn_step_forward",
        "tanh_forward(x @ wx + h @ wh + b)",
        "tanh_forward((x @ wx + h @ wh + b).astype(np.float32))",
        "The sum is rounded to float32; keep the number type of x.",
    ),
    Mistake(
        "rnn step tanh' missing",
        "rnn_step_backward",
        "tanh_backward(dout, tanh_cache)",
        "dout",
        "dout is not taken back through tanh.",
    ),
    Mistake(
        "rnn step tanh' without the square",
        "rnn_step_backward",
        "tanh_backward(dout, tanh_cache)",
        "dout * (1 - tanh_cache)",
        "The slope of tanh is 1 - tanh^2; the square is missing.",
    ),
    Mistake(
        "rnn step wh not transposed",
        "rnn_step_backward",
        "da @ wh.T",
        "da @ wh",
        "dh = da wh^T; wh is not transposed.",
    ),
    Mistake(
        "rnn step dh before tanh",
        "rnn_step_backward",
        "da @ wh.T",
        "dout @ wh.T",
        "dh takes dout; it takes da, which has passed tanh.",
    ),
    Mistake(
        "rnn step dwh of the new h",
        "rnn_step_backward",
        "h.T @ da",
        "tanh_cache.T @ da",
        "dwh takes the h that came out; it takes the h that came in.",
    ),
    Mistake(
        "rnn step dwh transposed",
        "rnn_step_backward",
        "h.T @ da",
        "da.T @ h",
        "dwh is transposed; it is h^T da.",
    ),
    Mistake(
        "rnn step db averaged",
        "rnn_step_backward",
        "da.sum(axis=0)",
        "da.mean(axis=0)",
        "db is averaged over the batch; it is summed.",
    ),
    Mistake(
        "rnn step db before tanh",
        "rnn_step_backward",
        "da.sum(axis=0)",
        "dout.sum(axis=0)",
        "db sums dout; it sums da, which has passed tanh.",
    ),
    Mistake(
        "rnn step dout changed in place",
        "rnn_step_backward",
        "da = tanh_backward(dout, tanh_cache)",
        "dout *= 1 - tanh_cache * tanh_cache\n    da = dout",
        "dout is multiplied in place, and it belongs to the caller.",
    ),
    Mistake(
        "rnn without recurrence",
        "rnn_forward",
        "rnn_step_forward(x[:, t], h,",
        "rnn_step_forward(x[:, t], h0,",
        "Every step starts from h0; it starts from the h of the step before.",
    ),
    Mistake(
        "rnn h0 ignored",
        "rnn_forward",
        "h, hs, caches = h0, [], []",
        "h, hs, caches = 0 * h0, [], []",
        "The first h is 0; it is h0.",
    ),
    Mistake(
        "rnn steps in reverse",
        "rnn_forward",
        "range(x.shape[1])",
        "reversed(range(x.shape[1]))",
        "The forward runs from the last step to the first.",
    ),
    Mistake(
        "rnn time in front",
        "rnn_forward",
        "np.stack(hs, axis=1)",
        "np.stack(hs)",
        "out has time first; the batch comes first.",
    ),
    Mistake(
        "rnn steps in one array",
        "rnn_forward",
        "h, cache = rnn_step_forward(x[:, t], h, wx, wh, b)",
        "h[:], cache = rnn_step_forward(x[:, t], h, wx, wh, b)",
        "h is overwritten in place: all steps hold one array, and h0 of the caller is lost.",
    ),
    Mistake(
        "rnn last cache for all",
        "rnn_forward",
        "caches.append(cache)",
        "caches = [cache] * (t + 1)",
        "All steps keep the cache of the last step: the backward sees a stale h.",
    ),
    Mistake(
        "rnn h kept between calls",
        "rnn_forward",
        "h, hs, caches = h0, [], []\n    for t in range(x.shape[1]):\n",
        'h, hs, caches = vars(rnn_forward).get(f"{h0.shape} {h0.dtype}", h0), [], []\n'
        "    for t in range(x.shape[1]):\n"
        '        vars(rnn_forward)[f"{h0.shape} {h0.dtype}"] = h\n',
        "A call goes on from the h of the last call; each starts from its own h0.",
    ),
    Mistake(
        "rnn only the last upstream",
        "rnn_backward",
        "dout[:, t] + dh",
        "dh if t < len(cache) - 1 else dout[:, t]",
        "Only the last step gets its part of dout; every step has an output of its own.",
    ),
    Mistake(
        "rnn dh dropped",
        "rnn_backward",
        "dout[:, t] + dh",
        "dout[:, t]",
        "What the later steps send back, dh, is not added: each h feeds the next step too.",
    ),
    Mistake(
        "rnn backward in forward order",
        "rnn_backward",
        "for t in reversed(range(len(cache))):",
        "for t in range(len(cache)):",
        "The backward runs from the first step to the last; dh comes from the later steps.",
    ),
    Mistake(
        "rnn dx in reverse",
        "rnn_backward",
        "dxs[::-1]",
        "dxs",
        "dx is collected from the last step to the first and not turned round.",
    ),
    Mistake(
        "rnn weights overwritten",
        "rnn_backward",
        "[total + part for total, part in zip(dw, of_step, strict=True)]",
        "of_step",
        "dwx, dwh and db are overwritten at each step; they add up over the steps.",
    ),
    Mistake(
        "rnn weights of the last step",
        "rnn_backward",
        "[total + part for",
        "[part if t == len(cache) - 1 else total for",
        "dwx, dwh and db hold the last step only; they add up over the steps.",
    ),
    Mistake(
        "rnn weights averaged",
        "rnn_backward",
        "dh, dwx, dwh, db",
        "dh, dwx / len(cache), dwh / len(cache), db / len(cache)",
        "The weights' gradients are averaged over the steps; they add up.",
    ),
    Mistake(
        "rnn dh0 missing",
        "rnn_backward",
        "dh, dwx, dwh, db",
        "0 * dh, dwx, dwh, db",
        "dh0 is 0; it is what the first step sends back.",
    ),
    Mistake(
        "rnn dh0 overwritten",
        "rnn_backward",
        "dh, dwx, dwh, db",
        "dout[:, 0], dwx, dwh, db",
        "dh0 is the upstream of the first step; that still has to pass through the step.",
    ),
    Mistake(
        "rnn last cache at every step",
        "rnn_backward",
        "cache[t])",
        "cache[-1])",
        "Every step goes back with the cache of the last step.",
    ),
    Mistake(
        "rnn dout changed in place",
        "rnn_backward",
        "dx, dh, *of_step = rnn_step_backward(dout[:, t] + dh, cache[t])",
        "dout[:, t] += dh\n        dx, dh, *of_step = rnn_step_backward(dout[:, t], cache[t])",
        "dh is added into dout in place, and dout belongs to the caller.",
    ),
    Mistake(
        "lstm gates in PyTorch's order",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g =",
        "a_i, a_f, a_g, a_o =",
        "The gates are cut in PyTorch's order, i, f, g, o; here it is i, f, o, g.",
    ),
    Mistake(
        "lstm gates column by column",
        "lstm_step_forward",
        "np.split(x @ wx + h @ wh + b, 4, axis=1)",
        "np.moveaxis((x @ wx + h @ wh + b).reshape(*h.shape, 4), 2, 0)",
        "The columns of the gates are taken in turn; each gate has H columns in a row.",
    ),
    Mistake(
        "lstm without a forget gate",
        "lstm_step_forward",
        "f * c + i * g",
        "c + i * g",
        "The old cell is kept whole; the forget gate f says how much of it stays.",
    ),
    Mistake(
        "lstm without an input gate",
        "lstm_step_forward",
        "f * c + i * g",
        "f * c + g",
        "The candidate g is written whole; the input gate i says how much of it.",
    ),
    Mistake(
        "lstm input and forget gate swapped",
        "lstm_step_forward",
        "f * c + i * g",
        "i * c + f * g",
        "The input gate is on the old cell and the forget gate on the candidate.",
    ),
    Mistake(
        "lstm coupled gates",
        "lstm_step_forward",
        "f * c + i * g",
        "f * c + (1 - f) * g",
        "1 - f stands where the input gate i belongs: the two gates are independent.",
    ),
    Mistake(
        "lstm candidate through a sigmoid",
        "lstm_step_forward",
        "tanh_forward(a_g)",
        "sigmoid_forward(a_g)",
        "The candidate g passes through a sigmoid; it passes through tanh.",
    ),
    Mistake(
        "lstm tanh of the cell missing",
        "lstm_step_forward",
        "o * shown",
        "o * c_next",
        "h_next shows the cell itself; it shows tanh of the cell.",
    ),
    Mistake(
        "lstm old cell shown",
        "lstm_step_forward",
        "tanh_forward(c_next)",
        "tanh_forward(c)",
        "h_next shows the old cell; it shows the new one.",
    ),
    Mistake(
        "lstm bias missing",
        "lstm_step_forward",
        "h @ wh + b",
        "h @ wh",
        "The bias b is never added.",
    ),
    Mistake(
        "lstm new cell in the cache",
        "lstm_step_forward",
        "(x, h, c, wx, wh), (i, f, o, g, shown)",
        "(x, h, c_next, wx, wh), (i, f, o, g, shown)",
        "The cache holds the new cell; the forget gate's gradient needs the old one.",
    ),
    Mistake(
        "lstm c changed in place",
        "lstm_step_forward",
        "c_next = f * c + i * g",
        "c *= f\n    c += i * g\n    c_next = c",
        "The cell is changed in place: the caller's c and the caches of other steps change too.",
    ),
    Mistake(
        "lstm step dc of the next step dropped",
        "lstm_step_backward",
        "dc_next + tanh_backward",
        "tanh_backward",
        "dc_next is dropped; the cell also feeds the next step, and the two gradients add.",
    ),
    Mistake(
        "lstm step dc through h missing",
        "lstm_step_backward",
        "dc_next + tanh_backward(dh_next * o, c_cache)",
        "dc_next",
        "The cell gets no gradient through h_next; it has two ways out.",
    ),
    Mistake(
        "lstm step tanh' of the cell missing",
        "lstm_step_backward",
        "tanh_backward(dh_next * o, c_cache)",
        "dh_next * o",
        "On its way from h_next to the cell the gradient passes tanh; its slope is missing.",
    ),
    Mistake(
        "lstm step o missing",
        "lstm_step_backward",
        "tanh_backward(dh_next * o, c_cache)",
        "tanh_backward(dh_next, c_cache)",
        "On its way from h_next to the cell the gradient is multiplied by o.",
    ),
    Mistake(
        "lstm step do of the cell",
        "lstm_step_backward",
        "dh_next * shown",
        "dh_next * (f * c + i * g)",
        "do takes the cell; it takes tanh of the cell.",
    ),
    Mistake(
        "lstm step df on the new cell",
        "lstm_step_backward",
        "dc_next * c, dc_next * f",
        "dc_next * (f * c + i * g), dc_next * f",
        "df takes the new cell; the forget gate stands on the old one.",
    ),
    Mistake(
        "lstm step f missing in dc",
        "lstm_step_backward",
        "dc_next * c, dc_next * f",
        "dc_next * c, dc_next",
        "dc is handed on whole; the forget gate f is missing.",
    ),
    Mistake(
        "lstm step di and dg swapped",
        "lstm_step_backward",
        "dc_next * g, dc_next * i",
        "dc_next * i, dc_next * g",
        "di and dg are swapped: in i g, the derivative for i is g.",
    ),
    Mistake(
        "lstm step gates before dc is whole",
        "lstm_step_backward",
        "di, dg = dc_next * g, dc_next * i",
        "di, dg = dout[1] * g, dout[1] * i",
        "di and dg take dc_next before the gradient through h_next has been added.",
    ),
    Mistake(
        "lstm step sigmoid' of f missing",
        "lstm_step_backward",
        "sigmoid_backward(df, f_cache)",
        "df",
        "df is not taken back through its sigmoid.",
    ),
    Mistake(
        "lstm step sigmoid' for g",
        "lstm_step_backward",
        "tanh_backward(dg, g_cache)",
        "sigmoid_backward(dg, g_cache)",
        "g came out of tanh, so its gradient goes back through tanh.",
    ),
    Mistake(
        "lstm step gradients in PyTorch's order",
        "lstm_step_backward",
        "sigmoid_backward(do, o_cache),\n            tanh_backward(dg, g_cache),",
        "tanh_backward(dg, g_cache),\n            sigmoid_backward(do, o_cache),",
        "The gradients are joined in PyTorch's order, i, f, g, o; here it is i, f, o, g.",
    ),
    Mistake(
        "lstm step dwh of the new h",
        "lstm_step_backward",
        "h.T @ da",
        "(o * shown).T @ da",
        "dwh takes the h that came out; it takes the h that came in.",
    ),
    Mistake(
        "lstm step db averaged",
        "lstm_step_backward",
        "da.sum(axis=0)",
        "da.mean(axis=0)",
        "db is averaged over the batch; it is summed.",
    ),
    Mistake(
        "lstm step dc_next changed in place",
        "lstm_step_backward",
        "dc_next = dc_next + tanh_backward",
        "dc_next += tanh_backward",
        "dc_next is changed in place, and it belongs to the caller.",
    ),
    Mistake(
        "lstm cell not carried",
        "lstm_forward",
        "(h, c), cache",
        "(h, _), cache",
        "Every step starts from c0; the cell of the step before is lost.",
    ),
    Mistake(
        "lstm h not carried",
        "lstm_forward",
        "lstm_step_forward(x[:, t], h, c,",
        "lstm_step_forward(x[:, t], h0, c,",
        "Every step starts from h0; it starts from the h of the step before.",
    ),
    Mistake(
        "lstm h and c swapped",
        "lstm_forward",
        "lstm_step_forward(x[:, t], h, c,",
        "lstm_step_forward(x[:, t], c, h,",
        "h and c are swapped on their way into the step.",
    ),
    Mistake(
        "lstm c0 ignored",
        "lstm_forward",
        "h, c, hs, caches = h0, c0, [], []",
        "h, c, hs, caches = h0, 0 * c0, [], []",
        "The first cell is 0; it is c0.",
    ),
    Mistake(
        "lstm cells given out",
        "lstm_forward",
        "hs.append(h)",
        "hs.append(c)",
        "out holds the cells; it holds h.",
    ),
    Mistake(
        "lstm last cache for all",
        "lstm_forward",
        "caches.append(cache)",
        "caches = [cache] * (t + 1)",
        "All steps keep the cache of the last step.",
    ),
    Mistake(
        "lstm dc not carried",
        "lstm_backward",
        "(dout[:, t] + dh, dc), cache[t]",
        "(dout[:, t] + dh, 0 * dc), cache[t]",
        "dc is not carried back: the cell feeds the next step, not only h.",
    ),
    Mistake(
        "lstm dh not carried",
        "lstm_backward",
        "(dout[:, t] + dh, dc)",
        "(dout[:, t], dc)",
        "dh is not carried back: each h feeds the next step too.",
    ),
    Mistake(
        "lstm only the last upstream",
        "lstm_backward",
        "dout[:, t] + dh",
        "dh if t < len(cache) - 1 else dout[:, t]",
        "Only the last step gets its part of dout; every step has an output of its own.",
    ),
    Mistake(
        "lstm upstream for the last cell",
        "lstm_backward",
        "dh, dc = np.zeros_like(dout[:, 0]), np.zeros_like(dout[:, 0])",
        "dh, dc = np.zeros_like(dout[:, 0]), dout[:, -1]",
        "dc starts with dout; the last cell feeds nothing but h, so it starts with 0.",
    ),
    Mistake(
        "lstm backward in forward order",
        "lstm_backward",
        "for t in reversed(range(len(cache))):",
        "for t in range(len(cache)):",
        "The backward runs from the first step to the last; dh and dc come from the later steps.",
    ),
    Mistake(
        "lstm dx in reverse",
        "lstm_backward",
        "dxs[::-1]",
        "dxs",
        "dx is collected from the last step to the first and not turned round.",
    ),
    Mistake(
        "lstm weights overwritten",
        "lstm_backward",
        "[total + part for total, part in zip(dw, of_step, strict=True)]",
        "of_step",
        "dwx, dwh and db are overwritten at each step; they add up over the steps.",
    ),
    Mistake(
        "lstm dc0 missing",
        "lstm_backward",
        "dh, dc, dwx, dwh, db",
        "dh, 0 * dc, dwx, dwh, db",
        "dc0 is 0; it is what the first step sends back.",
    ),
    Mistake(
        "lstm dh0 and dc0 swapped",
        "lstm_backward",
        "dh, dc, dwx, dwh, db",
        "dc, dh, dwx, dwh, db",
        "dh0 and dc0 are returned in the wrong order.",
    ),
    Mistake(
        "gru step z upside down",
        "gru_step_forward",
        "(1 - z) * n + z * h",
        "z * n + (1 - z) * h",
        "z and 1 - z are swapped, as some books have it; here z says how much of the old is kept.",
    ),
    Mistake(
        "gru step old h kept whole",
        "gru_step_forward",
        "(1 - z) * n + z * h",
        "(1 - z) * n + h",
        "The old h is added whole; z says how much of it stays.",
    ),
    Mistake(
        "gru step reset before the product",
        "gru_step_forward",
        "p_n + r * q_n",
        "p_n + (r * h) @ wh[:, 2 * h.shape[1] :] + bh[2 * h.shape[1] :]",
        "r acts on h before the product, as in the paper; here, as in PyTorch, after it.",
    ),
    Mistake(
        "gru step bias outside the reset",
        "gru_step_forward",
        "p_n + r * q_n",
        "p_n + r * (q_n - bh[2 * h.shape[1] :]) + bh[2 * h.shape[1] :]",
        "r does not reach the bias bhn; it acts on all of h whn + bhn.",
    ),
    Mistake(
        "gru step without a reset gate",
        "gru_step_forward",
        "p_n + r * q_n",
        "p_n + q_n",
        "The reset gate r is never used.",
    ),
    Mistake(
        "gru step gates in the order z r n",
        "gru_step_forward",
        "p_r, p_z, p_n = np.split(x @ wx + bx, 3, axis=1)\n    q_r, q_z, q_n =",
        "p_z, p_r, p_n = np.split(x @ wx + bx, 3, axis=1)\n    q_z, q_r, q_n =",
        "The gates are cut in the order z, r, n; here it is r, z, n.",
    ),
    Mistake(
        "gru step new through a sigmoid",
        "gru_step_forward",
        "tanh_forward(p_n",
        "sigmoid_forward(p_n",
        "The new n passes through a sigmoid; it passes through tanh.",
    ),
    Mistake(
        "gru step bh missing",
        "gru_step_forward",
        "h @ wh + bh",
        "h @ wh",
        "The bias bh is never added.",
    ),
    Mistake(
        "gru step new h in the cache",
        "gru_step_forward",
        "((x, h, wx, wh), (r",
        "((x, h_next, wx, wh), (r",
        "The cache holds the h that came out; the backward needs the h that came in.",
    ),
    Mistake(
        "gru step dh through the gates only",
        "gru_step_backward",
        "dout * z + dq @ wh.T",
        "dq @ wh.T",
        "dh lacks z dout: h is also handed on directly.",
    ),
    Mistake(
        "gru step dh through z h only",
        "gru_step_backward",
        "dout * z + dq @ wh.T",
        "dout * z",
        "dh lacks the gradient through q = h wh + bh.",
    ),
    Mistake(
        "gru step dz reversed",
        "gru_step_backward",
        "dout * (h - n)",
        "dout * (n - h)",
        "dz has the wrong sign: in (1 - z) n + z h, more z means more h and less n.",
    ),
    Mistake(
        "gru step dz of h only",
        "gru_step_backward",
        "dout * (h - n)",
        "dout * h",
        "dz lacks -n: z stands in 1 - z too.",
    ),
    Mistake(
        "gru step dn with z",
        "gru_step_backward",
        "dout * (1 - z)",
        "dout * z",
        "n was multiplied by 1 - z, so dn is too.",
    ),
    Mistake(
        "gru step tanh' missing",
        "gru_step_backward",
        "tanh_backward(dout * (1 - z), n_cache)",
        "dout * (1 - z)",
        "dn is not taken back through tanh.",
    ),
    Mistake(
        "gru step sigmoid' of r missing",
        "gru_step_backward",
        "sigmoid_backward(dn * q_n, r_cache)",
        "dn * q_n",
        "dr is not taken back through its sigmoid.",
    ),
    Mistake(
        "gru step dr takes h",
        "gru_step_backward",
        "dn * q_n",
        "dn * h",
        "dr takes h; r was multiplied with q_n = h whn + bhn.",
    ),
    Mistake(
        "gru step r missing in dq",
        "gru_step_backward",
        "dn * r]",
        "dn]",
        "The part of dq for n lacks r: q_n was multiplied by it.",
    ),
    Mistake(
        "gru step r in dp",
        "gru_step_backward",
        "dp = np.concatenate([dr, dz, dn], axis=1)",
        "dp = np.concatenate([dr, dz, dn * r], axis=1)",
        "r acts on the part from h only; in dp, the part from x, it has no place.",
    ),
    Mistake(
        "gru step dwh of the reset h",
        "gru_step_backward",
        "h.T @ dq",
        "(r * h).T @ dq",
        "dwh takes r h, as in the paper; here wh is multiplied by h itself.",
    ),
    Mistake(
        "gru step dbh from dp",
        "gru_step_backward",
        "dq.sum(axis=0)",
        "dp.sum(axis=0)",
        "dbh is that of bx; in its part for n it needs r.",
    ),
    Mistake(
        "gru without recurrence",
        "gru_forward",
        "gru_step_forward(x[:, t], h,",
        "gru_step_forward(x[:, t], h0,",
        "Every step starts from h0; it starts from the h of the step before.",
    ),
    Mistake(
        "gru h0 ignored",
        "gru_forward",
        "h, hs, caches = h0, [], []",
        "h, hs, caches = 0 * h0, [], []",
        "The first h is 0; it is h0.",
    ),
    Mistake(
        "gru last h for all",
        "gru_forward",
        "np.stack(hs, axis=1)",
        "np.stack([h] * len(hs), axis=1)",
        "Every step gives the last h; each gives its own.",
    ),
    Mistake(
        "gru last cache for all",
        "gru_forward",
        "caches.append(cache)",
        "caches = [cache] * (t + 1)",
        "All steps keep the cache of the last step.",
    ),
    Mistake(
        "gru only the last upstream",
        "gru_backward",
        "dout[:, t] + dh",
        "dh if t < len(cache) - 1 else dout[:, t]",
        "Only the last step gets its part of dout; every step has an output of its own.",
    ),
    Mistake(
        "gru dh dropped",
        "gru_backward",
        "dout[:, t] + dh",
        "dout[:, t]",
        "What the later steps send back, dh, is not added: each h feeds the next step too.",
    ),
    Mistake(
        "gru backward in forward order",
        "gru_backward",
        "for t in reversed(range(len(cache))):",
        "for t in range(len(cache)):",
        "The backward runs from the first step to the last; dh comes from the later steps.",
    ),
    Mistake(
        "gru dx in reverse",
        "gru_backward",
        "dxs[::-1]",
        "dxs",
        "dx is collected from the last step to the first and not turned round.",
    ),
    Mistake(
        "gru weights of the last step",
        "gru_backward",
        "[total + part for",
        "[part if t == len(cache) - 1 else total for",
        "The weights' gradients hold the last step only; they add up over the steps.",
    ),
    Mistake(
        "gru one bias gradient for both",
        "gru_backward",
        "dwh, dbx, dbh\n",
        "dwh, dbx, dbx\n",
        "dbh is that of bx; the reset gate makes them different.",
    ),
    Mistake(
        "gru dh0 missing",
        "gru_backward",
        "dh, dwx, dwh",
        "0 * dh, dwx, dwh",
        "dh0 is 0; it is what the first step sends back.",
    ),
]
