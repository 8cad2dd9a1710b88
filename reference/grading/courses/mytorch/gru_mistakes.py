"""What students write in GRUCell."""

from collections.abc import Callable
from itertools import permutations

from reference.cards import Mistake

FUNCTIONS: dict[str, Callable] = {}
PROBLEMS: list = []


def _gru(name, code, says):
    """A slip in GRUCell.backward: what it leaves instead."""
    right = "return dx[0], dh_prev_t[0]"
    start = "_, (r, z, n, q), _ = self.cache\n    r, z, n, q = r[0], z[0], n[0], q[0]\n    "
    return Mistake(f"GRUCell {name}", "GRUCell.backward", right, start + code, says)


_RETURN = "return dx[0], dh_prev_t[0]"

MISTAKES = [
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
for _g, _other in permutations("rzn", 2):
    MISTAKES += [
        _gru(
            f"dh through {_g} with W{_other}h",
            f"more = self.db{_g}h @ (self.W{_other}h - self.W{_g}h)\n"
            "    return dx[0], dh_prev_t[0] + more",
            f"In dh_prev_t the path through {_g} takes W{_other}h, and should take W{_g}h.",
        ),
        _gru(
            f"dx through {_g} with W{_other}x",
            f"more = self.db{_g}x @ (self.W{_other}x - self.W{_g}x)\n"
            "    return dx[0] + more, dh_prev_t[0]",
            f"In dx the path through {_g} takes W{_other}x, and should take W{_g}x.",
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
        "dn without 1 - z",
        "return renewed(self, self.dbnx / (1 - z), dx, dh_prev_t)",
        "The factor 1 - z is missing on the way back to n.",
    ),
    _gru(
        "tanh with one n too few",
        "return renewed(self, self.dbnx / (1 + n), dx, dh_prev_t)",
        "The slope of tanh is taken as 1 - n: it is 1 - n^2.",
    ),
    _gru(
        "r on h in dWnh",
        f"self.dWnh = np.outer(self.dbnx, r * self.cache[0][1][0])\n    {_RETURN}",
        "In dWnh r multiplies h; it belongs to the gradient, whose rows are those of r.",
    ),
    _gru(
        "slope of r taken at z",
        "d = self.dbrx / (r * (1 - r)) * z * (1 - z)\n"
        '    return regated(self, "r", d, dx, dh_prev_t)',
        "The gradient of r passes the slope of z: it needs r (1 - r).",
    ),
    _gru(
        "slope of z taken at r",
        "d = self.dbzx / (z * (1 - z)) * r * (1 - r)\n"
        '    return regated(self, "z", d, dx, dh_prev_t)',
        "The gradient of z passes the slope of r: it needs z (1 - z).",
    ),
    _gru(
        "gate z takes h + n",
        "d = delta * (self.cache[0][1][0] + n) * z * (1 - z)\n"
        '    return regated(self, "z", d, dx, dh_prev_t)',
        "z has the slope h - n: 1 - z brings a minus.",
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
