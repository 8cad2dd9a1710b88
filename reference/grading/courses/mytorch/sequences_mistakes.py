"""What students write in the cells, in CTC and in attention."""

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


def _gru(name, code, says):
    """A slip in GRUCell.backward: what it leaves instead."""
    right = "return dx[0], dh_prev_t[0]"
    start = "_, (r, z, n, q), _ = self.cache\n    r, z, n, q = r[0], z[0], n[0], q[0]\n    "
    return Mistake(f"GRUCell {name}", "GRUCell.backward", right, start + code, says)


_RETURN = "return dx[0], dh_prev_t[0]"

MISTAKES += [
    _gru(
        "dWnh without r",
        f"self.dWnh = np.outer(self.dbnx, self.cache[0][1])\n    {_RETURN}",
        "r is missing in dWnh: Wnh h + bnh is multiplied by r.",
    ),
    _gru(
        "dWnh and dbnh without r",
        f"self.dWnh, self.dbnh = np.outer(self.dbnx, self.cache[0][1]), self.dbnx\n    {_RETURN}",
        "r is missing in dWnh and dbnh: Wnh h + bnh is multiplied by r.",
    ),
    _gru(
        "dh through n without r",
        "return dx[0], dh_prev_t[0] + (self.dbnx - self.dbnh) @ self.Wnh",
        "r is missing on the way from n to h_prev_t.",
    ),
    _gru(
        "dh with 1 - z",
        "return dx[0], dh_prev_t[0] + (1 - 2 * z) * delta",
        "The direct path to h_prev_t takes 1 - z; h_t = (1 - z) n + z h, so it is z.",
    ),
    _gru(
        "results swapped",
        "return dh_prev_t[0], dx[0]",
        "dx and dh_prev_t are returned in the wrong order.",
    ),
]
for _g in "rzn":
    MISTAKES += [
        _gru(
            f"dx without {_g}",
            f"return dx[0] - self.db{_g}x @ self.W{_g}x, dh_prev_t[0]",
            f"The path through {_g} is missing in dx.",
        ),
        _gru(
            f"dh without {_g}",
            f"return dx[0], dh_prev_t[0] - self.db{_g}h @ self.W{_g}h",
            f"The path through {_g} is missing in dh_prev_t.",
        ),
        _gru(
            f"dh through W{_g}h not transposed",
            f"more = self.W{_g}h @ self.db{_g}h - self.db{_g}h @ self.W{_g}h\n"
            "    return dx[0], dh_prev_t[0] + more",
            f"W{_g}h is not transposed on the way back to h_prev_t.",
        ),
        _gru(
            f"dW{_g}h of the reset state",
            f"self.dW{_g}h = np.outer(self.db{_g}h, r * self.cache[0][1][0])\n    {_RETURN}",
            f"dW{_g}h is taken with r h: what W{_g}h multiplies is h_prev_t.",
        ),
        _gru(
            f"dW{_g}h and dW{_g}x swapped",
            f"self.dW{_g}h, self.dW{_g}x = self.dW{_g}x, self.dW{_g}h\n    {_RETURN}",
            f"dW{_g}h and dW{_g}x are swapped.",
        ),
        _gru(
            f"dW{_g}h of the new state",
            "(x, h, _, _), *_ = self.cache\n"
            "    new = (1 - z) * n + z * h[0]\n"
            f"    self.dW{_g}h = np.outer(self.db{_g}h, new)\n    {_RETURN}",
            f"dW{_g}h is taken with h_t; what Wh multiplies is h_prev_t.",
        ),
    ]
for _g in "rz":
    _before = f"b = self.db{_g}x / ({_g} * (1 - {_g}))\n    (x, h, _, _), *_ = self.cache\n    "
    for _name, _value in (
        (f"dW{_g}x", "np.outer(b, x)"),
        (f"dW{_g}h", "np.outer(b, h)"),
        (f"db{_g}x", "b"),
        (f"db{_g}h", "b"),
    ):
        MISTAKES.append(
            _gru(
                f"{_name} before the sigmoid",
                f"{_before}self.{_name} = {_value}\n    {_RETURN}",
                f"{_name} is taken before the sigmoid's slope: it needs {_g} (1 - {_g}).",
            )
        )
    MISTAKES += [
        _gru(
            f"dx through {_g} before the sigmoid",
            f"{_before}more = (b - self.db{_g}x) @ self.W{_g}x\n"
            "    return dx[0] + more, dh_prev_t[0]",
            f"In dx the path through {_g} lacks the sigmoid's slope.",
        ),
        _gru(
            f"dh through {_g} before the sigmoid",
            f"{_before}more = (b - self.db{_g}x) @ self.W{_g}h\n"
            "    return dx[0], dh_prev_t[0] + more",
            f"In dh_prev_t the path through {_g} lacks the sigmoid's slope.",
        ),
    ]
    for _name, _factor, _says in (
        ("slope missing", f"/ ({_g} * (1 - {_g}))", "is missing"),
        ("slope cut to s", f"/ (1 - {_g})", f"is {_g} alone: it is {_g} (1 - {_g})"),
        ("slope cut to 1 - s", f"/ {_g}", f"is 1 - {_g} alone: it is {_g} (1 - {_g})"),
        ("slope of tanh", f"* (1 + {_g}) / {_g}", f"is that of tanh: it is {_g} (1 - {_g})"),
    ):
        MISTAKES.append(
            _gru(
                f"sigmoid of {_g}, {_name}",
                f'return regated(self, "{_g}", self.db{_g}x {_factor}, dx, dh_prev_t)',
                f"The slope of the sigmoid of {_g} {_says}.",
            )
        )
MISTAKES += [
    _gru(
        "gate r before tanh",
        'return regated(self, "r", self.dbrx / (1 - n**2), dx, dh_prev_t)',
        "The gradient of r is taken before tanh's slope: it needs 1 - n^2.",
    ),
    _gru(
        "gate r without the bias",
        "d = self.dbnx * (q - self.bnh) * r * (1 - r)\n"
        '    return regated(self, "r", d, dx, dh_prev_t)',
        "The gradient of r lacks bnh: r multiplies Wnh h + bnh.",
    ),
    _gru(
        "dr takes n",
        "d = self.dbnx * n * r * (1 - r)\n"
        '    return regated(self, "r", d, dx, dh_prev_t)',
        "r multiplies Wnh h + bnh, and not n.",
    ),
    _gru(
        "gate z takes n",
        "d = delta * n * z * (1 - z)\n"
        '    return regated(self, "z", d, dx, dh_prev_t)',
        "h_t = (1 - z) n + z h, so that z has the slope h - n, not n.",
    ),
    _gru(
        "gate z without brackets",
        "d = (delta * self.cache[0][1][0] - n) * z * (1 - z)\n"
        '    return regated(self, "z", d, dx, dh_prev_t)',
        "The gradient of z is delta (h - n): the brackets are missing.",
    ),
    _gru(
        "dWnx before tanh",
        f"self.dWnx = np.outer(delta * (1 - z), self.cache[0][0])\n    {_RETURN}",
        "dWnx is taken before tanh's slope: it needs 1 - n^2.",
    ),
    _gru(
        "dbnx before tanh",
        f"self.dbnx = delta * (1 - z)\n    {_RETURN}",
        "dbnx is taken before tanh's slope: it needs 1 - n^2.",
    ),
    _gru(
        "gate z of n only",
        "d = -delta * n * z * (1 - z)\n"
        '    return regated(self, "z", d, dx, dh_prev_t)',
        "z reaches h_t through z h as well as through (1 - z) n.",
    ),
]  # fmt: skip


_STEP = "h_t, self.cache = gru_step_forward(x[None], h_prev_t[None], *weights)"
_BY_HAND = """(wx, wh, bx, bh), h = weights, h_prev_t
    p, q = np.split(x @ wx + bx, 3), np.split(h @ wh + bh, 3)
    r, z = (1 / (1 + np.exp(-p[k] - q[k])) for k in (0, 1))
    {}
    return (1 - z) * n + z * h"""
_N = "n = np.tanh(p[2] + r * q[2])"
for _name, _code, _says in (
    (
        "r through tanh",
        f"r = np.tanh(p[0] + q[0])\n    {_N}",
        "r goes through tanh: it is a sigmoid.",
    ),
    (
        "z through tanh",
        f"z = np.tanh(p[1] + q[1])\n    {_N}",
        "z goes through tanh: it is a sigmoid.",
    ),
    ("z for r", "n = np.tanh(p[2] + z * q[2])", "n takes the gate z, and should take r."),
    ("r on both parts", "n = np.tanh(r * (p[2] + q[2]))", "r multiplies the part of x too."),
    ("r on the part of x", "n = np.tanh(r * p[2] + q[2])", "r multiplies the part of x, not of h."),
    ("n without tanh", "n = p[2] + r * q[2]", "tanh is missing in n."),
    (
        "1 - r for r",
        "n = np.tanh(p[2] + (1 - r) * q[2])",
        "n takes 1 - r, and should take r.",
    ),
):
    _wrong = _BY_HAND.format(_code)
    MISTAKES.append(Mistake(f"GRUCell {_name}", "GRUCell.forward", _STEP, _wrong, _says))
for _k, _g in enumerate("rzn"):
    for _at, _s in ((2, "x"), (3, "h")):
        MISTAKES.append(
            Mistake(
                f"GRUCell b{_g}{_s} missing",
                "GRUCell.forward",
                _STEP,
                f"np.split(weights[{_at}], 3)[{_k}][:] = 0\n    {_STEP}",
                f"b{_g}{_s} is missing.",
            )
        )


def _ctc(name, method, right, wrong, says):
    return Mistake(f"CTC {name}", f"CTC.{method}", right, wrong, says)


_SKIP = "skip[3::2] = symbols[3::2] != symbols[1:-2:2]"
_LOOK = "if s >= 2 and skip_connect[s]:"
_BACK = "if s + 2 < S and skip_connect[s + 2]:"
_ENDS = "beta[T - 1, S - 1] = 1"

MISTAKES += [
    _ctc(
        "skip between equal symbols", "extend_target_with_blank", _SKIP, "skip[3::2] = 1",
        "Between two equal symbols no blank may be skipped.",
    ),
    _ctc(
        "skip to the first symbol", "extend_target_with_blank", _SKIP,
        f"{_SKIP}\n    skip[1] = 1",
        "The first symbol is marked as reachable by a skip: nothing lies two places before it.",
    ),
    _ctc(
        "skip wherever the neighbour differs", "extend_target_with_blank", _SKIP,
        "skip[1:] = 1",
        "It compares with the symbol one place before, a blank: the one two places before counts.",
    ),
    _ctc(
        "skip wherever the neighbour differs from the second on", "extend_target_with_blank",
        _SKIP, "skip[2:] = 1",
        "It compares with the symbol one place before, a blank: the one two places before counts.",
    ),
    _ctc(
        "skip of blanks too", "extend_target_with_blank", _SKIP,
        f"{_SKIP}\n    skip[2::2] = 1",
        "Blanks are marked too: only a symbol may be reached by a skip.",
    ),
    _ctc(
        "skip one place early", "extend_target_with_blank", _SKIP,
        f"{_SKIP}\n    skip[:-2] = skip[2:]\n    skip[-2:] = 0",
        "The mark stands where the skip starts; it should stand where it ends.",
    ),
    _ctc(
        "skip upside down", "extend_target_with_blank", _SKIP,
        "skip[3::2] = symbols[3::2] == symbols[1:-2:2]",
        "The marks are upside down: a skip is allowed between different symbols.",
    ),
    _ctc(
        "no blank at the end", "extend_target_with_blank", "return symbols, skip",
        "return symbols[:-1], skip[:-1]",
        "The blank at the end is missing.",
    ),
    _ctc(
        "no blank at the start", "extend_target_with_blank", "return symbols, skip",
        "return symbols[1:], skip[1:]",
        "The blank at the start is missing.",
    ),
    _ctc(
        "alpha starts at the blank alone", "get_forward_probs",
        "alpha[0, 1] = logits[0, extended_symbols[1]]", "pass",
        "A way may start at the first symbol as well as at the blank: alpha[0, 1] is missing.",
    ),
    _ctc(
        "alpha starts at the symbol alone", "get_forward_probs",
        "alpha[0, 0] = logits[0, extended_symbols[0]]", "pass",
        "A way may start at the blank as well as at the first symbol: alpha[0, 0] is missing.",
    ),
    _ctc(
        "alpha starts everywhere", "get_forward_probs",
        "alpha[0, 1] = logits[0, extended_symbols[1]]", "alpha[0] = logits[0, extended_symbols]",
        "A way starts at the first two places only: the rest of alpha[0] is 0.",
    ),
    _ctc(
        "alpha without skips", "get_forward_probs", _LOOK, "if False:",
        "Skips are missing in alpha.",
    ),
    _ctc(
        "alpha skips always", "get_forward_probs", _LOOK, "if s >= 2:",
        "Every place is reached by a skip in alpha; only those that skip_connect marks are.",
    ),
    _ctc(
        "alpha skips from one place early", "get_forward_probs", _LOOK,
        "if s >= 2 and skip_connect[s - 2]:",
        "skip_connect is read where the skip starts; it marks where it ends.",
    ),
    _ctc(
        "alpha without staying", "get_forward_probs", "ways = alpha[t - 1, s]",
        "ways = alpha[t - 1, s] if s == 0 else 0",
        "A way may stay where it is: alpha[t - 1, s] is missing.",
    ),
    _ctc(
        "alpha without moving on", "get_forward_probs", "ways += alpha[t - 1, s - 1]", "pass",
        "A way may move on by one: alpha[t - 1, s - 1] is missing.",
    ),
    _ctc(
        "alpha first column kept", "get_forward_probs", "return alpha",
        "alpha[:, 0] = alpha[0, 0]\n    return alpha",
        "The first column of alpha needs its product with logits at each step.",
    ),
    _ctc(
        "alpha first column left at zero", "get_forward_probs",
        "alpha[t, s] = ways * logits[t, extended_symbols[s]]",
        "alpha[t, s] = ways * logits[t, extended_symbols[s]] if s else 0",
        "The first column of alpha is zero after the first step; a way may stay on the blank.",
    ),
    _ctc(
        "alpha with the probability before", "get_forward_probs",
        "alpha[t, s] = ways * logits[t,", "alpha[t, s] = ways * logits[t - 1,",
        "alpha[t] takes the probabilities of step t - 1, and should take those of step t.",
    ),
    _ctc(
        "alpha with the probability before, from the second column on", "get_forward_probs",
        "alpha[t, s] = ways * logits[t,", "alpha[t, s] = ways * logits[t - 1 if s else t,",
        "alpha[t] takes the probabilities of step t - 1, and should take those of step t.",
    ),
    _ctc(
        "alpha without the probability", "get_forward_probs",
        "alpha[t, s] = ways * logits[t, extended_symbols[s]]", "alpha[t, s] = ways",
        "The product with the probability at step t is missing.",
    ),
    _ctc(
        "alpha product before the skip", "get_forward_probs",
        "alpha[t, s] = ways * logits[t, extended_symbols[s]]",
        "skipped = alpha[t - 1, s - 2] if s >= 2 and skip_connect[s] else 0\n"
        "            alpha[t, s] = (ways - skipped) * logits[t, extended_symbols[s]] + skipped",
        "The skipped way is added after the product with the probability, and should be before.",
    ),
    _ctc(
        "beta ends at the blank alone", "get_backward_probs", "beta[T - 1, S - 2] = 1", "pass",
        "A way may end at the last symbol as well as at the blank: beta[T - 1, S - 2] is missing.",
    ),
    _ctc(
        "beta ends at the symbol alone", "get_backward_probs", _ENDS, "pass",
        "A way may end at the last blank as well as at the symbol: beta[T - 1, S - 1] is missing.",
    ),
    _ctc(
        "beta with its own probability", "get_backward_probs", "return beta",
        "return beta * logits[:, extended_symbols]",
        "beta holds the probability of its own step, which alpha has already: divide it out.",
    ),
    _ctc(
        "beta last column left at zero", "get_backward_probs",
        "beta[t, s] = beta[t + 1, s] * said[s]",
        "beta[t, s] = beta[t + 1, s] * said[s] if s + 1 < S else 0",
        "The last column of beta is zero before the last step; a way may stay on the blank.",
    ),
    _ctc(
        "beta last column kept", "get_backward_probs",
        "beta[t, s] = beta[t + 1, s] * said[s]",
        "beta[t, s] = beta[t + 1, s] * said[s] if s + 1 < S else beta[t + 1, s]",
        "The last column of beta needs its product with logits at each step.",
    ),
    _ctc(
        "beta without staying", "get_backward_probs",
        "beta[t, s] = beta[t + 1, s] * said[s]",
        "beta[t, s] = beta[t + 1, s] * said[s] * (s + 1 == S)",
        "A way may stay where it is: beta[t + 1, s] is missing.",
    ),
    _ctc(
        "beta without moving on", "get_backward_probs",
        "beta[t, s] += beta[t + 1, s + 1] * said[s + 1]", "pass",
        "A way may move on by one: beta[t + 1, s + 1] is missing.",
    ),
    _ctc(
        "beta without skips", "get_backward_probs", _BACK, "if False:",
        "Skips are missing in beta.",
    ),
    _ctc(
        "beta skips always", "get_backward_probs", _BACK, "if s + 2 < S:",
        "Every place skips in beta; only to those that skip_connect marks one may.",
    ),
    _ctc(
        "beta skips by its own mark", "get_backward_probs", _BACK,
        "if s + 2 < S and skip_connect[s]:",
        "skip_connect is read at s; backwards the skip ends at s + 2, and that mark counts.",
    ),
    _ctc(
        "beta stays with the probability of now", "get_backward_probs",
        "beta[t, s] = beta[t + 1, s] * said[s]",
        "beta[t, s] = beta[t + 1, s] * logits[t, extended_symbols[s]]",
        "Staying is multiplied with the probability of step t, and should be with that of t + 1.",
    ),
    _ctc(
        "beta stays with the probability of now, but at the end", "get_backward_probs",
        "beta[t, s] = beta[t + 1, s] * said[s]",
        "beta[t, s] = beta[t + 1, s] * logits[t + (s == S - 1), extended_symbols[s]]",
        "Staying is multiplied with the probability of step t, and should be with that of t + 1.",
    ),
    _ctc(
        "beta moves with the probability of here", "get_backward_probs",
        "beta[t + 1, s + 1] * said[s + 1]", "beta[t + 1, s + 1] * said[s]",
        "Moving on is multiplied with the probability of where it starts, not of where it ends.",
    ),
    _ctc(
        "beta with the probability of now", "get_backward_probs",
        "said = logits[t + 1, extended_symbols]", "said = logits[t, extended_symbols]",
        "beta[t] takes the probabilities of step t, and should take those of t + 1.",
    ),
    _ctc(
        "gamma not normalised", "get_posterior_probs",
        "gamma / gamma.sum(axis=1, keepdims=True)", "gamma",
        "gamma is not divided by its sum over the symbols of each step.",
    ),
    _ctc(
        "gamma normalised over time", "get_posterior_probs", "axis=1", "axis=0",
        "gamma is divided by its sum over time, and should be by that over the symbols.",
    ),
    _ctc(
        "gamma normalised over everything", "get_posterior_probs", "axis=1, ", "",
        "gamma is divided by the sum of all of it; each step has its own sum.",
    ),
    _ctc(
        "gamma a sum", "get_posterior_probs", "alpha * beta", "alpha + beta",
        "alpha and beta are added, and should be multiplied.",
    ),
]  # fmt: skip


def _ctc_loss(name, method, right, wrong, says):
    return Mistake(f"CTCLoss {name}", f"CTCLoss.{method}", right, wrong, says)


_TOTAL = "total -= (gamma * np.log(y[:, symbols])).sum()"
_DY = "dY[: len(gamma), n, symbol] -= gamma[:, s] / self.logits[: len(gamma), n, symbol]"

MISTAKES += [
    _ctc_loss(
        "summed", "forward", "return total / len(target)", "return total",
        "The loss is a sum; it is the mean over the batch.",
    ),
    _ctc_loss(
        "log missing", "forward", _TOTAL, "total -= (gamma * y[:, symbols]).sum()",
        "The logarithm of the probabilities is missing.",
    ),
    _ctc_loss(
        "log of gamma", "forward", _TOTAL, "total -= np.log((gamma * y[:, symbols]).sum())",
        "The logarithm is taken of the sum, and should be of each probability.",
    ),
    _ctc_loss(
        "log of gamma times y", "forward", _TOTAL,
        "total -= np.log(gamma * y[:, symbols]).sum()",
        "The logarithm is taken of gamma y; gamma weighs the logarithms of y.",
    ),
    _ctc_loss(
        "mean over time", "forward", _TOTAL,
        "total -= (gamma * np.log(y[:, symbols])).sum() / len(y)",
        "The divergence is divided by the number of steps; it is a sum over them.",
    ),
    _ctc_loss(
        "lengths of targets ignored", "forward", "target[n, :L]", "target[n]",
        "target_lengths is ignored: what stands behind them is no part of the target.",
    ),
    _ctc_loss(
        "lengths of inputs ignored", "forward", "logits[:T, n]", "logits[:, n]",
        "input_lengths is ignored: later steps do not count.",
    ),
    _ctc_loss(
        "lengths ignored", "forward", "T, L = input_lengths[n], target_lengths[n]",
        "T, L = len(logits), target.shape[1]",
        "input_lengths and target_lengths are ignored.",
    ),
    _ctc_loss(
        "gradient overwritten", "backward", _DY, _DY.replace("-=", "= -"),
        "A symbol that stands twice keeps its last gradient; they add up.",
    ),
    _ctc_loss(
        "gradient not over y", "backward", _DY, "dY[: len(gamma), n, symbol] -= gamma[:, s]",
        "The division by the probability is missing: the slope of log y is 1 / y.",
    ),
    _ctc_loss(
        "gradient over the batch size", "backward", "return dY", "return dY / dY.shape[1]",
        "dY is divided by the batch size; the course leaves it a sum.",
    ),
    _ctc_loss(
        "gradient without the last step", "backward", "return dY",
        "for n, (_, gamma) in enumerate(self.kept):\n"
        "        dY[len(gamma) - 1, n] = 0\n    return dY",
        "The last step of each example is left out of dY.",
    ),
    _ctc_loss(
        "gradient positive", "backward", "return dY", "return -dY",
        "The sign of dY is wrong: the loss is minus the logarithm.",
    ),
    _ctc_loss(
        "gradient times y", "backward", _DY, _DY.replace(" / self", " * self"),
        "gamma is multiplied with the probability, and should be divided by it.",
    ),
]  # fmt: skip


def _mask(name, wrong, says):
    right = "seen = None if mask is None else np.logical_not(mask)"
    return Mistake(f"attention {name}", "ScaledDotProductAttention.forward", right, wrong, says)


_OUT = "out, self.cache = attention_forward(Q, K, V, mask=seen)"

MISTAKES += [
    _mask(
        "mask upside down",
        "seen = None if mask is None else mask | ~mask.any(axis=-1, keepdims=True)",
        "The mask is upside down: True means that a query must not look there.",
    ),
    _mask("mask left out", "seen = None", "The mask is left out."),
    Mistake(
        "attention mask after the softmax",
        "ScaledDotProductAttention.forward",
        _OUT,
        "_, self.cache = attention_forward(Q, K, V)\n"
        "    p = self.cache[3] if seen is None else self.cache[3] * seen\n"
        "    out, self.cache = p @ V, (Q, K, V, p)",
        "The mask comes after the softmax, whose rows then no longer sum to 1.",
    ),
    Mistake(
        "attention scale of the width of V",
        "ScaledDotProductAttention.forward",
        _OUT,
        "wide = Q * np.sqrt(Q.shape[-1] / V.shape[-1])\n"
        "    out, self.cache = attention_forward(wide, K, V, mask=seen)",
        "The scores are divided by the root of the width of V; the width of K counts.",
    ),
    Mistake(
        "attention scale of the number of keys",
        "ScaledDotProductAttention.forward",
        _OUT,
        "wide = Q * np.sqrt(Q.shape[-1] / K.shape[-2])\n"
        "    out, self.cache = attention_forward(wide, K, V, mask=seen)",
        "The scores are divided by the root of the number of keys; the width of K counts.",
    ),
    Mistake(
        "attention softmax over the queries",
        "ScaledDotProductAttention.forward",
        _OUT,
        "s = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])\n"
        "    s = s if mask is None else s - mask * 1e10\n"
        "    e = np.exp(s - s.max(axis=-2, keepdims=True))\n"
        "    p = e / e.sum(axis=-2, keepdims=True)\n"
        "    out, self.cache = p @ V, (Q, K, V, p)",
        "The softmax runs along the queries, and should run along the keys.",
    ),
]


_BACKWARD = "return attention_backward(d_output, self.cache)"
for _name, _code, _says in (
    (
        "scale in d_V",
        "d_V = d_V / np.sqrt(self.cache[0].shape[-1])",
        "d_V is divided by sqrt(E); V meets no scale.",
    ),
    (
        "d_V from d_output alone",
        "d_V = d_output",
        "d_V is d_output; it has to pass through the attention's weights.",
    ),
    ("d_K and d_V swapped", "d_K, d_V = d_V, d_K", "d_K and d_V are returned in the wrong order."),
):
    MISTAKES.append(
        Mistake(
            f"attention {_name}",
            "ScaledDotProductAttention.backward",
            _BACKWARD,
            f"d_Q, d_K, d_V = attention_backward(d_output, self.cache)\n    {_code}\n"
            "    return d_Q, d_K, d_V",
            _says,
        )
    )


def _mha(name, method, right, wrong, says):
    return Mistake(f"MultiHeadAttention {name}", f"MultiHeadAttention.{method}", right, wrong, says)


MISTAKES += [
    _mha(
        "heads joined without turning back", "_joined",
        "return x.transpose(0, 2, 1, 3).reshape(N, L, heads * width)",
        "return x.reshape(N, L, heads * width)",
        "The axes of the heads and the places are not swapped back before the heads are joined.",
    ),
    _mha(
        "heads split without turning", "_split",
        "return x.reshape(N, L, self.num_heads, E // self.num_heads).transpose(0, 2, 1, 3)",
        "return x.reshape(N, self.num_heads, L, E // self.num_heads)",
        "The heads are cut out of the places: reshape to (N, L, heads, E / heads), then swap.",
    ),
    _mha(
        "masks combined with and", "_masked",
        "padding if attn_mask is None else padding | attn_mask",
        "padding if attn_mask is None else padding & attn_mask",
        "The masks are combined with and: a key is hidden if either hides it.",
    ),
    _mha(
        "attn_mask ignored", "_masked",
        "padding if attn_mask is None else padding | attn_mask", "padding",
        "Where there is a key_padding_mask, attn_mask is ignored.",
    ),
    _mha(
        "attn_mask never used", "forward",
        "mask = self._masked(key_padding_mask, attn_mask)",
        "mask = self._masked(key_padding_mask, None)",
        "attn_mask is not used.",
    ),
    _mha(
        "key_padding_mask never used", "forward",
        "mask = self._masked(key_padding_mask, attn_mask)", "mask = attn_mask",
        "key_padding_mask is not used.",
    ),
    _mha(
        "key_padding_mask ignored beside attn_mask", "forward",
        "mask = self._masked(key_padding_mask, attn_mask)",
        "mask = self._masked(None if attn_mask is not None else key_padding_mask, attn_mask)",
        "Where there is an attn_mask, key_padding_mask is ignored.",
    ),
    _mha(
        "masks never used", "forward",
        "mask = self._masked(key_padding_mask, attn_mask)", "mask = None",
        "The masks are not used.",
    ),
    _mha(
        "output not projected", "forward",
        'return _project(self, "out_proj", self._joined(seen))', "return self._joined(seen)",
        "The projection of the output is missing.",
    ),
    _mha(
        "key projected as the query", "forward",
        'k = self._split(_project(self, "k_proj", key))',
        'k = self._split(_project(self, "q_proj", key))',
        "The keys go through q_proj, and should go through k_proj.",
    ),
    _mha(
        "value projected as the key", "forward",
        'v = self._split(_project(self, "v_proj", value))',
        'v = self._split(_project(self, "k_proj", value))',
        "The values go through k_proj, and should go through v_proj.",
    ),
    _mha(
        "values are the keys", "forward",
        'v = self._split(_project(self, "v_proj", value))',
        'v = self._split(_project(self, "v_proj", key))',
        "v_proj is given the key, and should be given the value.",
    ),
    _mha(
        "keys are the values", "forward",
        'k = self._split(_project(self, "k_proj", key))',
        'k = self._split(_project(self, "k_proj", value))',
        "k_proj is given the value, and should be given the key.",
    ),
    _mha(
        "d_key and d_value swapped", "backward", "return d_query, d_key, d_value",
        "return d_query, d_value, d_key",
        "The gradients of key and value are returned in the wrong order.",
    ),
    _mha(
        "output projection skipped in the backward", "backward",
        "self.attention.backward(self._split(d_seen))",
        "self.attention.backward(self._split(d_output))",
        "The heads get d_output, and should get what out_proj's backward makes of it.",
    ),
    _mha(
        "d_query and d_key swapped", "backward", "return d_query, d_key, d_value",
        "return d_key, d_query, d_value",
        "The gradients of query and key are returned in the wrong order.",
    ),
]  # fmt: skip
for _p, _x in (("q", "query"), ("k", "key"), ("v", "value")):
    MISTAKES.append(
        _mha(
            f"d_{_x} joined without turning back",
            "backward",
            f"self._joined(d_{_p})",
            f"d_{_p}.reshape(len(d_{_p}), d_{_p}.shape[2], -1)",
            f"The axes of the heads and the places are not swapped back in d_{_x}.",
        )
    )
    MISTAKES.append(
        _mha(
            f"{_x} not projected back",
            "backward",
            "return d_query, d_key, d_value",
            f"d_{_x} = self._joined(d_{_p})\n    return d_query, d_key, d_value",
            f"The gradient of the {_x} does not pass back through {_p}_proj.",
        )
    )
