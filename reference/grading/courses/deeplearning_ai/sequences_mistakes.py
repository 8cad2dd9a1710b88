"""Course 5, week 1: what is written instead. Those of a step stand in manual/'s steps too."""

from reference.grading.courses.deeplearning_ai.columns import mistakes

_STEPS = "dx, dh, _, *dw = _lstm_backward(dout, steps)"
_RNN_STEPS = "dx, dh, dwx, dwh, db = _rnn_backward(da.transpose(1, 2, 0), steps)"
_THROUGH_H = "dc_next + tanh_backward(dh_next * o, c_cache)"
_WAYS = {  # where a gate's gradient is complete: its derivative, and the part that dc_next sends
    "i": ("sigmoid_backward(di, i_cache)", "dout[1] * g", "di", "i * (1 - i)"),
    "f": ("sigmoid_backward(df, f_cache)", "dout[1] * c", "df", "f * (1 - f)"),
    "c": ("tanh_backward(dg, g_cache)", "dout[1] * i", "dg", "(1 - g * g)"),
}
_FOUR = """sigmoid_backward(di, i_cache),
            sigmoid_backward(df, f_cache),
            sigmoid_backward(do, o_cache),
            tanh_backward(dg, g_cache),"""
_NAMES = {"i": "dit", "f": "dft", "o": "dot", "c": "dcct"}
_PLACES = {"i": 0, "f": 1, "o": 2, "c": 3}


def _half_way(gate):
    """The gate's slope on its second term alone: brackets are missing."""
    _, direct, whole, slope = _WAYS[gate]
    return f"{direct} + ({whole} - {direct}) * {slope}"


def _without(gate, of):
    """dxt or da_prev without one gate's part."""
    places = f"slice({_PLACES[gate]} * n, {_PLACES[gate] + 1} * n)"
    cut = f"n = c.shape[1]\n    rest = da.copy()\n    rest[:, {places}] = 0\n    return "
    right = "return da @ wx.T, da @ wh.T"
    both = {"dxt": ("rest", "da"), "da_prev": ("da", "rest"), "dxt and da_prev": ("rest", "rest")}
    x, h = both[of]
    wrong, says = f"{cut}{x} @ wx.T, {h} @ wh.T", f"{of}: the part of {_NAMES[gate]} is missing."
    return f"{of} without {_NAMES[gate]}", right, wrong, says


def _loop(dh, dc):
    """lstm_backward's steps, with something else for what is carried."""
    return f"""dw, dh, dc = [0, 0, 0], np.zeros_like(dout[:, 0]), np.zeros_like(dout[:, 0])
    dx = np.zeros((*dout.shape[:2], steps[0][0][0].shape[1]))
    for t in reversed(range(len(steps))):
        dx[:, t], dh, dc, *part = lstm_step_backward((dout[:, t] + {dh}, {dc}), steps[t])
        dw = [a + b for a, b in zip(dw, part)]"""


def _first_rnn(names):
    """The first step alone: what all give, less what those after it give."""
    return f"""rest = _rnn_backward(da.transpose(1, 2, 0)[:, 1:], steps[1:])[2:]
    for name, part in zip(("dWax", "dWaa", "dba"), rest):
        if name in {names!r}:
            grads[name] = grads[name] - part.T.reshape(grads[name].shape)
    return grads"""


def _first_lstm(names):
    return f"""rest = _apart(*_lstm_backward(dout[:, 1:], steps[1:])[3:])
    for name in {names!r}:
        grads[name] = grads[name] - rest[name]
    return grads"""


_RNN_WEIGHTS = {"dWax, dWaa and dba": ("dWax", "dWaa", "dba"), "dWax and dWaa": ("dWax", "dWaa")}
_RNN_WEIGHTS |= {name: (name,) for name in ("dWax", "dWaa", "dba")}
_LSTM_WEIGHTS = {"all dW and db": [f"d{letter}{gate}" for letter in "Wb" for gate in "fico"]}
_LSTM_WEIGHTS |= {f"all d{letter}": [f"d{letter}{gate}" for gate in "fico"] for letter in "Wb"}
_LSTM_WEIGHTS |= {name: [name] for name in _LSTM_WEIGHTS["all dW and db"]}

MISTAKES = [
    *mistakes(
        "prediction",
        ("softmax missing", "softmax_forward(Z.T)", "(Z.T, None)", "The softmax is missing."),
        ("sigmoid for softmax", "softmax_forward(Z.T)", "(1 / (1 + np.exp(-Z.T)), None)",
         "The sigmoid stands where the softmax belongs."),
        ("softmax over the examples", "softmax_forward(Z.T)",
         "(softmax_forward(Z)[0].T, None)",
         "The softmax runs over the examples, axis 1; it runs over axis 0."),
        ("tanh for softmax", "softmax_forward(Z.T)", "(np.tanh(Z.T), None)",
         "tanh stands where the softmax belongs."),
        ("by missing", 'parameters["by"]', '0 * parameters["by"]', "by is not added."),
        ("softmax over all", "softmax_forward(Z.T)", "(np.exp(Z.T) / np.exp(Z).sum(), None)",
         "The softmax runs over the whole batch; each column has its own."),
    ),
    *mistakes(
        "rnn_cell_forward",
        ("tanh missing", "a_next = a.T", "a_next = Wax @ xt + Waa @ a_prev + ba",
         "tanh is missing."),
        ("sigmoid for tanh", "a_next = a.T",
         "a_next = 1 / (1 + np.exp(-(Wax @ xt + Waa @ a_prev + ba)))",
         "The sigmoid stands where tanh belongs."),
        ("y from the old a", "prediction(a_next, parameters)", "prediction(a_prev, parameters)",
         "yt_pred takes a_prev; it takes a_next."),
        ("ba missing", "ba[:, 0])", "0 * ba[:, 0])", "ba is not added."),
        ("relu for tanh", "a_next = a.T",
         "a_next = np.maximum(0, Wax @ xt + Waa @ a_prev + ba)", "relu stands where tanh belongs."),
        ("a_prev missing", "a_prev.T, Wax", "0 * a_prev.T, Wax", "Waa a_prev is missing."),
    ),
    *mistakes(
        "rnn_forward",
        ("a0 at every step", "return a, y_pred, (caches, x)",
         "steps = [rnn_cell_forward(x[:, :, t], a0, parameters) for t in range(x.shape[2])]\n"
         "    a, y_pred = (np.stack([step[k] for step in steps], axis=2) for k in (0, 1))\n"
         "    return a, y_pred, (caches, x)",
         "Every step takes a0; it takes the a_next of the step before."),
        ("a0 left out", "a0.T", "0 * a0.T", "a0 is left out: the first step starts from zeros."),
        ("x of the first step", "x.transpose(1, 2, 0)",
         "x[:, :, [0] * x.shape[2]].transpose(1, 2, 0)",
         "Every step takes the first x."),
        ("caches not appended", "(caches, x)", "([], x)", "The caches are not appended."),
        ("last cache alone", "(caches, x)", "(caches[-1:], x)", "Only the last cache is kept."),
        ("y of the last step", "y_pred = predictions(a, parameters)",
         "y_pred = predictions(a[:, :, [-1] * a.shape[2]], parameters)",
         "Every y is that of the last step."),
        ("y left at zero", "y_pred = predictions(a, parameters)",
         "y_pred = 0 * predictions(a, parameters)", "y_pred stays 0: put each yt_pred in."),
        ("a left at zero", "return a, y_pred", "return 0 * a, y_pred",
         "a stays 0: put each a_next in."),
        ("one step too few", "y_pred = predictions(a, parameters)",
         "y_pred = predictions(a, parameters)\n"
         "    a, y_pred = a.copy(), y_pred.copy()\n"
         "    a[:, :, -1] = y_pred[:, :, -1] = 0\n"
         "    caches = caches[:-1]", "The last step is left out: the loop ends one too early."),
    ),
    *mistakes(
        "rnn_step_backward",
        ("tanh' missing", "tanh_backward(dout, tanh_cache)", "dout",
         "da_next does not pass tanh's slope, 1 - a_next^2."),
        ("a_next not squared", "tanh_backward(dout, tanh_cache)", "dout * (1 - tanh_cache)",
         "The slope of tanh is 1 - a_next^2; the square is missing."),
        ("tanh twice", "tanh_backward(dout, tanh_cache)", "dout * (1 - np.tanh(tanh_cache) ** 2)",
         "tanh is taken of a_next, which is a tanh already: the slope is 1 - a_next^2."),
        ("slope of a_prev", "tanh_backward(dout, tanh_cache)", "dout * (1 - h * h)",
         "The slope is taken at a_prev; it is 1 - a_next^2."),
        ("sigmoid's slope", "tanh_backward(dout, tanh_cache)",
         "dout * tanh_cache * (1 - tanh_cache)",
         "a (1 - a) is the slope of the sigmoid; tanh's is 1 - a_next^2."),
        ("without da_next", "tanh_backward(dout, tanh_cache)", "0 * dout + 1 - tanh_cache**2",
         "da_next is missing: the chain rule multiplies by it."),
        ("Waa not transposed", "da @ wh.T", "da @ wh",
         "Waa is not transposed: da_prev is Waa^T dtanh."),
        ("dWaa of a_next", "h.T @ da", "tanh_cache.T @ da",
         "dWaa takes a_next; it takes a_prev, which came in."),
        ("dWaa transposed", "h.T @ da", "da.T @ h", "dWaa is transposed: it is dtanh a_prev^T."),
        ("dba in one number", "da.sum(axis=0)", "da.sum() + 0 * da[:1].sum(axis=0)",
         "dba is summed over all of dtanh: without axis=1 its rows fall together."),
        ("dba is a mean", "da.sum(axis=0)", "da.mean(axis=0)",
         "dba is the mean over the examples; it is the sum."),
        ("dba before tanh", "da.sum(axis=0)", "dout.sum(axis=0)",
         "dba sums da_next; it sums dtanh."),
        ("dba not summed", "da.sum(axis=0)", "da.T", "dba is not summed over the examples."),
        ("dWax before tanh", "x.T @ da", "x.T @ dout", "dWax takes da_next; it takes dtanh."),
        ("dWaa before tanh", "h.T @ da", "h.T @ dout", "dWaa takes da_next; it takes dtanh."),
        ("dxt before tanh", "da @ wx.T", "dout @ wx.T", "dxt takes da_next; it takes dtanh."),
        ("da_prev before tanh", "da @ wh.T", "dout @ wh.T",
         "da_prev takes da_next; it takes dtanh."),
        ("weights over m", "x.T @ da, h.T @ da, da.sum(axis=0)",
         "x.T @ da / len(x), h.T @ da / len(x), da.mean(axis=0)",
         "dWax, dWaa and dba are divided by m; here they are plain sums."),
    ),
    *mistakes(
        "rnn_backward",
        ("da_prevt not added", _RNN_STEPS,
         "dout = da.transpose(1, 2, 0)\n"
         "    each = [_rnn_backward(dout[:, t : t + 1], [step]) for t, step in enumerate(steps)]\n"
         "    dx, dh = np.concatenate([one[0] for one in each], axis=1), each[0][1]\n"
         "    dwx, dwh, db = (sum(one[k] for one in each) for k in (2, 3, 4))",
         "da_prevt, what the step behind sends back, is not added to da[:, :, t]."),
        ("da0 left at zero", '"da0": dh.T', '"da0": 0 * dh.T',
         "da0 stays 0; it is the da_prev of the first step."),
        ("da0 of the last step", "dx = dx.transpose(2, 0, 1)",
         "dx = dx.transpose(2, 0, 1)\n"
         "    dh = _rnn_backward(da[:, :, -1:].transpose(1, 2, 0), steps[-1:])[1]",
         "da0 is the da_prev of the last step; it is that of the first."),
        ("upstream of the last step alone", "_rnn_backward(da.transpose(1, 2, 0), steps)",
         "_rnn_backward("
         "da.transpose(1, 2, 0) * (np.arange(da.shape[2]) == da.shape[2] - 1)[:, None], steps)",
         "da counts at the last step alone; each step has its own."),
        *[(f"{what} of the first step", "return grads", _first_rnn(names),
           f"{what}: overwritten at each step; add up over the steps.")
          for what, names in _RNN_WEIGHTS.items()],
        ("first cache at every step", "for cache in caches[0]]",
         "for cache in caches[0][:1] * da.shape[2]]",
         "Every step goes back with the first cache."),
        ("first step left out", _RNN_STEPS,
         "dx, dh, dwx, dwh, db = _rnn_backward(da.transpose(1, 2, 0)[:, 1:], steps[1:])\n"
         "    dx = np.concatenate([0 * dx[:, :1], dx], axis=1)",
         "The first step is left out: the loop ends at 1."),
    ),
    *mistakes(
        "lstm_cell_forward",
        ("y from the cell", "prediction(a_next, parameters)", "prediction(c_next, parameters)",
         "yt_pred takes c_next; it takes a_next."),
        ("y from the old a", "prediction(a_next, parameters)", "prediction(a_prev, parameters)",
         "yt_pred takes a_prev; it takes a_next."),
        ("forget and update gates swapped", "a_next, c_next = h.T, c.T",
         "c_next = it * c_prev + ft * cct\n    a_next = ot * np.tanh(c_next)",
         "The forget and the update gate are swapped."),
        ("tanh of the cell missing", "a_next, c_next = h.T, c.T",
         "a_next, c_next = ot * c.T, c.T", "tanh of c_next is missing in a_next."),
        ("old cell shown", "a_next, c_next = h.T, c.T",
         "a_next, c_next = ot * np.tanh(c_prev), c.T", "a_next takes c_prev; it takes c_next."),
        ("candidate alone in the cell", "a_next, c_next = h.T, c.T",
         "c_next = it * cct\n    a_next = ot * np.tanh(c_next)", "ft c_prev is missing in c_next."),
        ("no update gate", "a_next, c_next = h.T, c.T",
         "c_next = ft * c_prev + cct\n    a_next = ot * np.tanh(c_next)",
         "The update gate is missing in c_next."),
        ("no forget gate", "a_next, c_next = h.T, c.T",
         "c_next = c_prev + it * cct\n    a_next = ot * np.tanh(c_next)",
         "The forget gate is missing in c_next."),
        ("no output gate", "a_next, c_next = h.T, c.T",
         "a_next, c_next = np.tanh(c.T), c.T", "The output gate is missing in a_next."),
        ("output and update gates swapped", "a_next, c_next = h.T, c.T",
         "c_next = ft * c_prev + ot * cct\n    a_next = it * np.tanh(c_next)",
         "The output and the update gate are swapped."),
        ("sigmoid of the cell", "a_next, c_next = h.T, c.T",
         "a_next, c_next = ot / (1 + np.exp(-c.T)), c.T",
         "The sigmoid of c_next stands where its tanh belongs."),
        ("candidate through the sigmoid", "a_next, c_next = h.T, c.T",
         "cct = 1 / (1 + np.exp(-2 * np.arctanh(cct) / 2))\n"
         "    c_next = ft * c_prev + it * cct\n    a_next = ot * np.tanh(c_next)",
         "The candidate passes the sigmoid; it passes tanh."),
        *[(f"{gate} with {other}'s weights", "_joined(parameters, len(a_prev))",
           f"_joined(parameters | {{'W{gate}': parameters['W{other}'], "
           f"'b{gate}': parameters['b{other}']}}, len(a_prev))",
           f"The gate {gate} takes the weights of {other}.")
          for gate in "ifoc" for other in "ifoc" if gate != other],
        ("x before a", "_joined(parameters, len(a_prev))",
         "(lambda wx, wh, b: (wh, wx, b))(*_joined(parameters, len(xt)))",
         "xt is put in front of a_prev; the weights expect [a_prev; xt]."),
        ("biases missing", "wx, wh, b)", "wx, wh, 0 * b)", "The biases are not added."),
    ),
    *mistakes(
        "lstm_forward",
        ("c not carried", "a_next, c_next, parameters)", "a_next, np.zeros_like(a0), parameters)",
         "Every step starts with an empty cell; it takes the c_next of the step before."),
        ("a not carried", "(x[:, :, t], a_next,", "(x[:, :, t], a0,",
         "Every step takes a0; it takes the a_next of the step before."),
        ("a and c not carried", "(x[:, :, t], a_next, c_next,",
         "(x[:, :, t], a0, np.zeros_like(a0),",
         "Every step takes a0 and an empty cell; it takes those of the step before."),
        ("c starts with a0", "np.zeros_like(a0)", "a0",
         "The cell starts with a0; it starts with 0."),
        ("x of the first step", "x[:, :, t]", "x[:, :, 0]", "Every step takes the first x."),
        ("a for c", "c.append(c_next)", "c.append(a_next)", "c holds a_next; it holds c_next."),
        ("caches not appended", "caches.append(cache)", "caches", "The caches are not appended."),
        ("c left at zero", "return a, y, c", "return a, y, 0 * c",
         "c stays 0: put each c_next in."),
        ("y left at zero", "return a, y, c", "return a, 0 * y, c", "y stays 0: put each yt in."),
        ("a0 left out", "a_next, c_next = a0,", "a_next, c_next = 0 * a0,",
         "a0 is left out: the first step starts from zeros."),
        ("y of the cell", "y = predictions(a, parameters)", "y = predictions(c, parameters)",
         "y takes the cell; it takes a."),
    ),
    *mistakes(
        "lstm_step_backward",
        *[(f"{_NAMES[gate]} with brackets missing", _WAYS[gate][0], _half_way(gate),
           f"In {_NAMES[gate]} the slope multiplies the second term alone: brackets are missing.")
          for gate in _WAYS],
        ("brackets missing in three gates", _FOUR,
         f"{_half_way('i')},\n{_half_way('f')},\nsigmoid_backward(do, o_cache),\n{_half_way('c')},",
         "In dit, dft and dcct the slopes multiply the second term alone: brackets are missing."),
        ("tanh of cct", "tanh_backward(dg, g_cache)", "dg * (1 - np.tanh(g) ** 2)",
         "tanh is taken of cct, which is a tanh already: the slope is 1 - cct^2."),
        ("tanh' of cct missing", "tanh_backward(dg, g_cache)", "dg",
         "dcct lacks the slope of its tanh, 1 - cct^2."),
        ("cct not squared", "tanh_backward(dg, g_cache)", "dg * (1 - g)",
         "The slope of cct is 1 - cct^2; the square is missing."),
        ("sigmoid' of i missing", "sigmoid_backward(di, i_cache)", "di",
         "dit lacks the slope of its sigmoid, it (1 - it)."),
        ("sigmoid' of f missing", "sigmoid_backward(df, f_cache)", "df",
         "dft lacks the slope of its sigmoid, ft (1 - ft)."),
        ("sigmoid' of o missing", "sigmoid_backward(do, o_cache)", "do",
         "dot lacks the slope of its sigmoid, ot (1 - ot)."),
        ("one minus o alone", "sigmoid_backward(do, o_cache)", "do * (1 - o)",
         "In dot the factor ot of ot (1 - ot) is missing."),
        ("tanh' for i", "sigmoid_backward(di, i_cache)", "di * (1 - i * i)",
         "it came out of a sigmoid: its slope is it (1 - it), not that of tanh."),
        ("tanh' for f", "sigmoid_backward(df, f_cache)", "df * (1 - f * f)",
         "ft came out of a sigmoid: its slope is ft (1 - ft), not that of tanh."),
        ("tanh' for o", "sigmoid_backward(do, o_cache)", "do * (1 - o * o)",
         "ot came out of a sigmoid: its slope is ot (1 - ot), not that of tanh."),
        ("dot of the cell", "dh_next * shown", "dh_next * (f * c + i * g)",
         "dot takes c_next; it takes tanh(c_next)."),
        ("dot of the old cell", "dh_next * shown", "dh_next * np.tanh(c)",
         "dot takes tanh(c_prev); it takes tanh(c_next)."),
        ("tanh' of the cell without tanh", _THROUGH_H,
         "dc_next + dh_next * o * (1 - (f * c + i * g) ** 2)",
         "1 - c_next^2 stands where 1 - tanh(c_next)^2 belongs."),
        ("tanh' of the cell without its square", _THROUGH_H, "dc_next + dh_next * o * (1 - shown)",
         "The slope of tanh(c_next) is 1 - tanh(c_next)^2; the square is missing."),
        ("tanh' of the old cell", _THROUGH_H, "dc_next + dh_next * o * (1 - np.tanh(c) ** 2)",
         "The slope is taken at c_prev; it is taken at c_next."),
        ("tanh' of the cell missing", _THROUGH_H, "dc_next + dh_next * o",
         "The slope of tanh(c_next) is missing on the way from a_next to the cell."),
        ("ot missing", _THROUGH_H, "dc_next + dh_next * (1 - shown**2)",
         "ot is missing on the way from a_next to the cell."),
        ("da_next missing", _THROUGH_H, "dc_next + o * (1 - shown**2)",
         "da_next is missing on the way from a_next to the cell."),
        ("dc_next missing", _THROUGH_H, "tanh_backward(dh_next * o, c_cache)",
         "dc_next is missing: the cell has two ways out, and their gradients add."),
        ("da_next left out of the cell", _THROUGH_H, "dc_next",
         "The cell gets no gradient through a_next: it has two ways out."),
        ("dc_prev without a_next's part", "dc_next * c, dc_next * f", "dc_next * c, dout[1] * f",
         "dc_prev lacks the part that comes through a_next."),
        ("dc_prev without dc_next", "dc_next * c, dc_next * f",
         "dc_next * c, (dc_next - dout[1]) * f", "dc_prev lacks dc_next ft."),
        ("dc_prev without ft", "dc_next * c, dc_next * f", "dc_next * c, dc_next",
         "ft is missing in dc_prev."),
        ("dc_prev without ft in its first term", "dc_next * c, dc_next * f",
         "dc_next * c, dout[1] + (dc_next - dout[1]) * f",
         "ft is missing in the first term of dc_prev."),
        ("dc_prev without ft in its second term", "dc_next * c, dc_next * f",
         "dc_next * c, dout[1] * f + (dc_next - dout[1])",
         "ft is missing in the second term of dc_prev."),
        ("dc_prev with it", "dc_next * c, dc_next * f", "dc_next * c, dc_next * i",
         "dc_prev takes it; it takes ft."),
        ("dft of the new cell", "dc_next * c, dc_next * f",
         "dc_next * (f * c + i * g), dc_next * f", "dft takes c_next; it takes c_prev."),
        ("dft without c_prev", "dc_next * c, dc_next * f", "dc_next, dc_next * f",
         "c_prev is missing in dft."),
        ("dit and dcct swapped", "dc_next * g, dc_next * i", "dc_next * i, dc_next * g",
         "cct and it are swapped in dit and dcct."),
        ("dit without cct", "dc_next * g, dc_next * i", "dc_next, dc_next * i",
         "cct is missing in dit."),
        ("dcct without it", "dc_next * g, dc_next * i", "dc_next * g, dc_next",
         "it is missing in dcct."),
        ("db in one number", "da.sum(axis=0)",
         "np.repeat(np.stack([p.sum() for p in np.split(da, 4, axis=1)]), c.shape[1])",
         "db is summed over the whole gate: without axis=1 its rows fall together."),
        ("db is a mean", "da.sum(axis=0)", "da.mean(axis=0)",
         "db is the mean over the examples; it is the sum."),
        ("dW of a_next", "h.T @ da", "(o * shown).T @ da",
         "dW takes a_next; it takes a_prev, which came in."),
        *[_without(gate, of) for gate in "ifoc" for of in ("dxt", "da_prev", "dxt and da_prev")],
    ),
    *mistakes(
        "_apart",
        ("x before a in dW", "[of_a.T, of_x.T]", "[of_x.T, of_a.T]",
         "In dW the columns of xt come first; W meets [a_prev; xt]."),
    ),
    *mistakes(
        "lstm_backward",
        ("da_prevt not added", _STEPS, _loop("0", "dc"),
         "da_prevt, what the step behind sends back, is not added to da[:, :, t]."),
        ("dc_prevt not carried", _STEPS, _loop("dh", "0 * dc"),
         "dc_prevt stays 0: hand each step's dc_prev on to the step before."),
        ("da_prevt and dc_prevt not carried", _STEPS, _loop("0", "0 * dc"),
         "da_prevt and dc_prevt stay 0: hand da_prev and dc_prev on to the step before."),
        ("da_prevt carried alone", _STEPS,
         _loop("dh - dout[:, t] * (t < len(steps) - 1)", "dc"),
         "da counts at the last step alone; each step has its own."),
        ("da0 left at zero", '"da0": dh.T', '"da0": 0 * dh.T',
         "da0 stays 0; it is the da_prev of the first step."),
        *[(f"{what} of the first step", "return grads", _first_lstm(names),
           f"{what}: overwritten at each step; add up over the steps.")
          for what, names in _LSTM_WEIGHTS.items()],
        ("first cache at every step", "for cache in caches[0]]",
         "for cache in caches[0][:1] * da.shape[2]]",
         "Every step goes back with the first cache."),
    ),
    *mistakes(
        "clip",
        ("above alone", "clip_by_value(gradients, maxValue)",
         "{name: np.minimum(g, maxValue) for name, g in gradients.items()}",
         "Only what is above maxValue is cut; cut below -maxValue too."),
        ("below alone", "clip_by_value(gradients, maxValue)",
         "{name: np.maximum(g, -maxValue) for name, g in gradients.items()}",
         "Only what is below -maxValue is cut; cut above maxValue too."),
        ("at zero", "clip_by_value(gradients, maxValue)",
         "{name: np.clip(g, 0, maxValue) for name, g in gradients.items()}",
         "The lower end is 0; it is -maxValue."),
        ("not kept", "clip_by_value(gradients, maxValue)", "gradients",
         "Nothing is cut: the result of np.clip is not kept (out=gradient keeps it)."),
        ("by the norm", "clip_by_value(gradients, maxValue)",
         "{name: g * min(1, maxValue / np.linalg.norm(g)) for name, g in gradients.items()}",
         "The norm is cut; each number is."),
        ("by its own number", "clip_by_value(gradients, maxValue)",
         "clip_by_value(gradients, 10)", "It is cut at 10 whatever is asked for."),
        *[(f"{name} not cut", "clip_by_value(gradients, maxValue)",
           f"clip_by_value(gradients, maxValue) | {{'{name}': gradients['{name}']}}",
           f"{name} is not cut.") for name in ("dWax", "dWaa", "dWya", "db", "dby")],
        ("biases not cut", "clip_by_value(gradients, maxValue)",
         "clip_by_value(gradients, maxValue) | {name: gradients[name] for name in ('db', 'dby')}",
         "db and dby are not cut."),
    ),
]  # fmt: skip
