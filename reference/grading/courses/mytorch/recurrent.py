"""RNNCell and GRUCell."""

import numpy as np

from manual.gru import gru_step_backward, gru_step_forward
from manual.rnn import rnn_step_backward, rnn_step_forward
from reference.grading.courses.mytorch.asking import put, without
from reference.grading.recipe import Problem


class RNNCell:
    """h_t = tanh(x W_ih^T + b_ih + h_prev_t W_hh^T + b_hh).

    Keeps W_ih (H, D), W_hh (H, H), b_ih and b_hh (H,), and sums their gradients, dW_ih and so on,
    over all calls of backward; each is a mean over the batch (or in some years a sum).
    """

    def __init__(self, input_size, hidden_size, *, batch="mean"):
        """input_size is D, hidden_size H."""
        D, H = input_size, hidden_size
        self.W_ih, self.W_hh = np.zeros((H, D)), np.zeros((H, H))
        self.b_ih, self.b_hh = np.zeros(H), np.zeros(H)
        self.dW_ih, self.dW_hh = np.zeros((H, D)), np.zeros((H, H))
        self.db_ih, self.db_hh = np.zeros(H), np.zeros(H)
        self.batch = batch

    def forward(self, x, h_prev_t):
        """x: (N, D). h_prev_t: (N, H), the state one step earlier. Returns h_t (N, H)."""
        b = self.b_ih + self.b_hh
        self.h_t, _ = rnn_step_forward(x, h_prev_t, self.W_ih.T, self.W_hh.T, b)
        return self.h_t

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        """delta: (N, H), the gradient of h_t. h_prev_l: (N, D), what the layer below gave at t.

        Returns dx (N, D), dh_prev_t (N, H).
        """
        cache = h_prev_l, h_prev_t, self.W_ih.T, self.W_hh.T, h_t
        dx, dh_prev_t, dW_ih, dW_hh, db = rnn_step_backward(delta, cache)
        N = len(delta) if self.batch == "mean" else 1
        self.dW_ih += dW_ih.T / N
        self.dW_hh += dW_hh.T / N
        self.db_ih += db / N
        self.db_hh += db / N
        return dx, dh_prev_t


class GRUCell:
    """One step of one example, x (D,) and h (H,):

        r = sigmoid(Wrx x + brx + Wrh h + brh)
        z = sigmoid(Wzx x + bzx + Wzh h + bzh)
        n = tanh(Wnx x + bnx + r (Wnh h + bnh))
        h_t = (1 - z) n + z h

    Keeps Wrx, Wzx, Wnx (H, D), Wrh, Wzh, Wnh (H, H), brx, bzx, bnx, brh, bzh, bnh (H,), and after
    a backward their gradients: dWrx and so on, dbrx and so on.
    """

    def __init__(self, input_size, hidden_size):
        """input_size is D, hidden_size H."""
        D, H = input_size, hidden_size
        for gate in "rzn":
            setattr(self, f"W{gate}x", np.zeros((H, D)))
            setattr(self, f"W{gate}h", np.zeros((H, H)))
            setattr(self, f"b{gate}x", np.zeros(H))
            setattr(self, f"b{gate}h", np.zeros(H))

    def forward(self, x, h_prev_t):
        """x: (D,). h_prev_t: (H,). Returns h_t (H,)."""
        weights = (
            np.concatenate([getattr(self, f"W{gate}x") for gate in "rzn"]).T,
            np.concatenate([getattr(self, f"W{gate}h") for gate in "rzn"]).T,
            np.concatenate([getattr(self, f"b{gate}x") for gate in "rzn"]),
            np.concatenate([getattr(self, f"b{gate}h") for gate in "rzn"]),
        )
        h_t, self.cache = gru_step_forward(x[None], h_prev_t[None], *weights)
        return h_t[0]

    def backward(self, delta):
        """delta: (H,), the gradient of h_t. Returns dx (D,), dh_prev_t (H,)."""
        dx, dh_prev_t, *of_weights = gru_step_backward(delta[None], self.cache)
        for gate, dWx, dWh, dbx, dbh in zip("rzn", *_by_gate(of_weights), strict=True):
            setattr(self, f"dW{gate}x", dWx)
            setattr(self, f"dW{gate}h", dWh)
            setattr(self, f"db{gate}x", dbx)
            setattr(self, f"db{gate}h", dbh)
        return dx[0], dh_prev_t[0]


def _by_gate(arrays):
    """Gradients with the columns of r, z and n side by side, as three arrays each."""
    return [np.split(array.T, 3) for array in arrays]


def regated(cell, gate, d, dx, dh):
    """For the mistakes: what comes out where the gradient at a gate, r or z, is another, d."""
    (x, h, _, _), _, _ = cell.cache
    more = d - getattr(cell, f"db{gate}x")
    setattr(cell, f"dW{gate}x", np.outer(d, x))
    setattr(cell, f"dW{gate}h", np.outer(d, h))
    setattr(cell, f"db{gate}x", d)
    setattr(cell, f"db{gate}h", d)
    wx, wh = getattr(cell, f"W{gate}x"), getattr(cell, f"W{gate}h")
    return dx[0] + more @ wx, dh[0] + more @ wh


def renewed(cell, d, dx, dh):
    """For the mistakes: what comes out where the gradient at n, before tanh, is another, d."""
    (x, h, _, _), (r, *_), _ = cell.cache
    old = np.where(cell.dbnx == 0, 1, cell.dbnx)
    dx, dh = regated(cell, "r", cell.dbrx * d / old, dx, dh)
    dx, dh = dx + (d - cell.dbnx) @ cell.Wnx, dh + ((d - cell.dbnx) * r[0]) @ cell.Wnh
    cell.dWnx, cell.dbnx = np.outer(d, x), d
    cell.dWnh, cell.dbnh = np.outer(d * r[0], h), d * r[0]
    return dx, dh


FUNCTIONS = {"RNNCell": RNNCell, "GRUCell": GRUCell}


# What is drawn --------------------------------------------------------------------------------


def _rnn(dice):
    N, D, H = (2, dice.pick(1, 2), 1) if dice.small else dice.sizes(3)
    arrays = {"W_ih": dice.array(H, D), "W_hh": dice.array(H, H)}
    arrays |= {"b_ih": dice.array(H), "b_hh": dice.array(H)}
    return arrays | {"x": dice.array(N, D), "h_prev_t": _state(dice, N, H)}


def _state(dice, N, H):
    """Numbers between -1 and 1, as tanh gives them."""
    drawn = dice.array(N, H)
    return drawn / 4 if dice.small else np.tanh(drawn)


def _rnn_back(dice):
    """Two steps, as gradients add up; one in a small example, without the biases."""
    drawn = _rnn(dice)
    N, H = drawn["h_prev_t"].shape
    if dice.small:
        drawn |= {"b_ih": np.zeros(H), "b_hh": np.zeros(H)}
    more = {"h_t": _state(dice, N, H), "delta": dice.array(N, H)}
    if not dice.small:
        more |= {"second": _state(dice, N, H), "second_delta": dice.array(N, H)}
    return drawn | more


GATES = "rzn"
_WX, _WH, _BX, _BH = ([f"{w}{gate}{s}" for gate in GATES] for w, s in ("Wx", "Wh", "bx", "bh"))
_WEIGHTS = [*_WX, *_WH, *_BX, *_BH]


def _gru(dice):
    """Weights small enough that no gate is shut: what passes there is lost in rounding."""
    D, H = (1, 1) if dice.small else dice.sizes(2)
    half = 4 if dice.small else 2
    arrays = {name: dice.array(H, D) / half for name in _WX}
    arrays |= {name: dice.array(H, H) / half for name in _WH}
    arrays |= {name: dice.array(H) / half for name in (*_BX, *_BH)}
    if dice.small:  # a number to show for each bias, not two
        arrays |= {name: np.zeros(H) for name in _BX}
    arrays |= {"x": dice.array(D), "h_prev_t": _state(dice, 1, H)[0]}
    return arrays | {"delta": dice.array(H)}


# What is asked --------------------------------------------------------------------------------


def _rnn_made(do, e):
    H, D = e.W_ih.shape
    cell = do("RNNCell", D, H)
    put(do, cell, W_ih=e.W_ih, W_hh=e.W_hh, b_ih=e.b_ih, b_hh=e.b_hh)
    return cell


def _rnn_forward(do, e):
    return {"h_t": do.method(_rnn_made(do, e), "forward", e.x, e.h_prev_t)}


def _rnn_backward(do, e):
    cell = _rnn_made(do, e)
    seen = e.h_t, e.x, e.h_prev_t
    do.method(cell, "forward", e.x, e.h_prev_t)
    dx, dh = do.method(cell, "backward", e.delta, *seen, parts=2)
    if hasattr(e, "second"):
        do.method(cell, "backward", e.second_delta, e.second, e.x, e.h_t, parts=2)
    names = ("dW_ih", "dW_hh", "db_ih", "db_hh")
    return {"dx": dx, "dh_prev_t": dh} | {name: do.get(cell, name) for name in names}


def _gru_made(do, e):
    cell = do("GRUCell", len(e.x), len(e.h_prev_t))
    put(do, cell, **{name: getattr(e, name) for name in _WEIGHTS})
    return cell


def _gru_forward(do, e):
    return {"h_t": do.method(_gru_made(do, e), "forward", e.x, e.h_prev_t)}


def _gru_backward(row):
    """row: delta as a row (1, H), as in some years."""

    def recipe(do, e):
        cell = _gru_made(do, e)
        do.method(cell, "forward", e.x, e.h_prev_t)
        delta = e.delta[None] if row else e.delta
        dx, dh = do.method(cell, "backward", delta, parts=2)
        return {"dx": dx, "dh_prev_t": dh} | {
            f"d{name}": do.get(cell, f"d{name}") for name in _WEIGHTS
        }

    return recipe


PROBLEMS = [
    Problem("RNNCell.forward", _rnn, _rnn_forward, ("RNNCell", "RNNCell.forward")),
    Problem(
        "RNNCell.backward",
        _rnn_back,
        _rnn_backward,
        ("RNNCell", "RNNCell.backward"),
        conventions={"batch": ("mean", "sum")},
        forward="RNNCell.forward",
    ),
    Problem(
        "GRUCell.forward", without(_gru, "delta"), _gru_forward, ("GRUCell", "GRUCell.forward")
    ),
    Problem(
        "GRUCell.backward",
        _gru,
        _gru_backward(False),
        ("GRUCell", "GRUCell.backward"),
        others=(_gru_backward(True),),
        forward="GRUCell.forward",
    ),
]

# For submissions of the cells alone. state: what a cell has kept of its own h.
PROVIDED = {
    "mytorch/nn/activation.py": """
import numpy as np


class Activation:
    def __call__(self, Z):
        return self.forward(Z)

    def derivative(self, state=None):
        return self.slope(self.A if state is None else state)

    def backward(self, dLdA=None, state=None):
        slope = self.derivative(state)
        return slope if dLdA is None else dLdA * slope


class Sigmoid(Activation):
    def forward(self, Z):
        self.A = self.state = 1 / (1 + np.exp(-Z))
        return self.A

    def slope(self, A):
        return A * (1 - A)


class Tanh(Activation):
    def forward(self, Z):
        self.A = self.state = np.tanh(Z)
        return self.A

    def slope(self, A):
        return 1 - A * A
"""
}
