"""What students write in RNNCell."""

from collections.abc import Callable

from reference.cards import Mistake

FUNCTIONS: dict[str, Callable] = {}
PROBLEMS: list = []


def _rnn(name, right, wrong, says, method="backward"):
    return Mistake(f"RNNCell {name}", f"RNNCell.{method}", right, wrong, says)


_SUMS = {
    "dW_ih": "dW_ih.T / N",
    "dW_hh": "dW_hh.T / N",
    "db_ih": "db / N",
    "db_hh": "db / N",
}
_LINES = {name: f"self.{name} += {value}" for name, value in _SUMS.items()}
_ALL = "\n    ".join(_LINES.values())
_DW, _DB = (
    "\n    ".join(_LINES[name] for name in names)
    for names in (("dW_ih", "dW_hh"), ("db_ih", "db_hh"))
)
_CACHE = "cache = h_prev_l, h_prev_t, self.W_ih.T, self.W_hh.T, h_t"

MISTAKES = [
    _rnn(
        "slope at the last state",
        _CACHE,
        _CACHE.removesuffix("h_t") + "h_prev_t",
        "tanh' is taken at h_prev_t: it is 1 - h_t^2, at what the step gave.",
    ),
    _rnn(
        "slope at tanh of the state",
        _CACHE,
        _CACHE.removesuffix("h_t") + "np.tanh(h_t)",
        "tanh is applied to h_t again: the slope is 1 - h_t^2.",
    ),
    _rnn(
        "slope at the last forward",
        _CACHE,
        _CACHE.removesuffix("h_t") + "self.h_t",
        "tanh's slope is taken where the last forward was, and should be at the h_t it is given.",
    ),
    _rnn(
        "gradients overwritten",
        _ALL,
        _ALL.replace("+=", "="),
        "The gradients are overwritten at each step; over the steps they add up: +=.",
    ),
    _rnn(
        "gradients of the last example",
        _ALL,
        "d = delta[-1] * (1 - h_t[-1] ** 2) / N\n"
        "    self.dW_ih, self.dW_hh = np.outer(d, h_prev_l[-1]), np.outer(d, h_prev_t[-1])\n"
        "    self.db_ih, self.db_hh = d, d",
        "Each example overwrites the gradients, and the last one stays: they add up.",
    ),
    _rnn(
        "dW_ih and dW_hh overwritten",
        _DW,
        _DW.replace("+=", "="),
        "dW_ih and dW_hh are overwritten at each step; they add up: +=.",
    ),
    _rnn(
        "db_ih and db_hh overwritten",
        _DB,
        _DB.replace("+=", "="),
        "db_ih and db_hh are overwritten at each step; they add up: +=.",
    ),
    _rnn(
        "biases not over the batch size",
        _DB,
        _DB.replace(" / N", ""),
        "db_ih and db_hh are sums, and dW_ih and dW_hh means over the batch.",
    ),
    _rnn(
        "weights not over the batch size",
        _DW,
        _DW.replace(" / N", ""),
        "dW_ih and dW_hh are sums, and db_ih and db_hh means over the batch.",
    ),
    _rnn(
        "results swapped",
        "return dx, dh_prev_t",
        "return dh_prev_t, dx",
        "dx and dh_prev_t are returned in the wrong order.",
    ),
    _rnn(
        "dx through W_hh",
        "return dx, dh_prev_t",
        "return dh_prev_t, dh_prev_t",
        "dx goes through W_hh; it goes through W_ih.",
    ),
    _rnn(
        "dx before tanh",
        "return dx, dh_prev_t",
        "return delta @ self.W_ih, dh_prev_t",
        "dx does not pass through tanh's slope.",
    ),
    _rnn(
        "dx and dh over the batch size",
        "return dx, dh_prev_t",
        "return dx / len(delta), dh_prev_t / len(delta)",
        "dx and dh_prev_t are divided by the batch size; only the weights' gradients are.",
    ),
]  # fmt: skip
for _name, _line in _LINES.items():
    MISTAKES += [
        _rnn(
            f"{_name} overwritten",
            _line,
            _line.replace("+=", "="),
            f"{_name} is overwritten at each step; it adds up: +=.",
        ),
        _rnn(
            f"{_name} not over the batch size",
            _line,
            _line.replace(" / N", ""),
            f"{_name} is a sum over the batch, and the other gradients are means.",
        ),
    ]
for _name, _value in {
    "dW_ih": "delta.T @ h_prev_l / N",
    "dW_hh": "delta.T @ h_prev_t / N",
    "db_ih": "delta.sum(axis=0) / N",
    "db_hh": "delta.sum(axis=0) / N",
}.items():
    MISTAKES.append(
        _rnn(
            f"{_name} before tanh",
            _LINES[_name],
            f"self.{_name} += {_value}",
            f"{_name} takes delta, and should take what passes tanh's slope.",
        )
    )
for _name, _wrong, _says in (
    ("W_hh missing", "h_prev_t + x @ self.W_ih.T + b", "h_prev_t is not multiplied with W_hh."),
    ("h_prev_t missing", "x @ self.W_ih.T + b", "h_prev_t is left out."),
    ("x missing", "h_prev_t @ self.W_hh.T + b", "x is left out."),
):
    MISTAKES.append(
        _rnn(
            _name,
            "return self.h_t",
            f"return np.tanh({_wrong})",
            _says,
            "forward",
        )
    )
for _kept, _lost in (("b_ih", "b_hh"), ("b_hh", "b_ih")):
    MISTAKES.append(
        _rnn(
            f"{_lost} missing",
            "b = self.b_ih + self.b_hh",
            f"b = self.{_kept}",
            f"{_lost} is missing: both biases are added.",
            "forward",
        )
    )
