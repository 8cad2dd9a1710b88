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

MISTAKES: list[Mistake] = []
