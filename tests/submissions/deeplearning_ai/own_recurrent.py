import numpy as np


def softmax(x):
    e = np.exp(x)
    return e / e.sum(axis=0, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rnn_cell_forward(xt, a_prev, parameters):
    p = parameters
    a_next = np.tanh(np.hstack((p["Waa"], p["Wax"])) @ np.vstack((a_prev, xt)) + p["ba"])
    return a_next, softmax(p["Wya"] @ a_next + p["by"]), (a_next, a_prev, xt, p)


def rnn_forward(x, a0, parameters):
    steps, a = [], a0
    ys = []
    for t in range(x.shape[2]):
        a, y, step = rnn_cell_forward(x[..., t], a, parameters)
        steps.append(step)
        ys.append(y)
    return np.stack([s[0] for s in steps], axis=-1), np.stack(ys, axis=-1), (steps, x)


def rnn_cell_backward(da_next, cache):
    a, a_prev, xt, p = cache
    d = da_next - da_next * a * a
    return dict(dxt=p["Wax"].T.dot(d), da_prev=p["Waa"].T.dot(d), dWax=d.dot(xt.T), dWaa=d.dot(a_prev.T),
                dba=d.sum(axis=1)[:, None])


def rnn_backward(da, caches):
    steps, x = caches
    dx = np.zeros_like(x)
    total = None
    d = 0
    for t in range(len(steps) - 1, -1, -1):
        g = rnn_cell_backward(da[:, :, t] + d, steps[t])
        d = g["da_prev"]
        dx[:, :, t] = g["dxt"]
        if total is None:
            total = {k: g[k] for k in ("dWax", "dWaa", "dba")}
        else:
            for k in total:
                total[k] = total[k] + g[k]
    total["dx"] = dx
    total["da0"] = d
    return total


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    p = parameters
    z = np.r_[a_prev, xt]
    ft, it, ot = (sigmoid(p["W" + k] @ z + p["b" + k]) for k in "fio")
    cct = np.tanh(p["Wc"] @ z + p["bc"])
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    y = softmax(p["Wy"] @ a_next + p["by"])
    return a_next, c_next, y, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, p)


def lstm_forward(x, a0, parameters):
    a_t, c_t = a0, np.zeros_like(a0)
    a, y, c, caches = [], [], [], []
    for t in range(x.shape[-1]):
        a_t, c_t, y_t, cache = lstm_cell_forward(x[:, :, t], a_t, c_t, parameters)
        a.append(a_t)
        y.append(y_t)
        c.append(c_t)
        caches.append(cache)
    return np.dstack(a), np.dstack(y), np.dstack(c), (caches, x)


def lstm_cell_backward(da_next, dc_next, cache):
    (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, p) = cache
    n_a = a_prev.shape[0]
    dc = dc_next + da_next * ot * (1 - np.tanh(c_next) ** 2)
    d = {
        "o": da_next * np.tanh(c_next) * ot * (1 - ot),
        "f": dc * c_prev * ft * (1 - ft),
        "i": dc * cct * it * (1 - it),
        "c": dc * it * (1 - cct ** 2),
    }
    g = {"dc_prev": dc * ft}
    dz = 0
    for k in d:
        g["dW" + k] = d[k] @ np.vstack([a_prev, xt]).T
        g["db" + k] = d[k].sum(1).reshape(-1, 1)
        dz = dz + p["W" + k].T @ d[k]
    g["da_prev"], g["dxt"] = dz[:n_a], dz[n_a:]
    return g


def lstm_backward(da, caches):
    steps, x = caches
    n_a, m, T = da.shape
    da_t, dc_t = np.zeros((n_a, m)), np.zeros((n_a, m))
    out = {}
    dx = []
    for t in reversed(range(T)):
        g = lstm_cell_backward(da[:, :, t] + da_t, dc_t, steps[t])
        da_t, dc_t = g.pop("da_prev"), g.pop("dc_prev")
        dx.insert(0, g.pop("dxt"))
        for k in g:
            out[k] = out.get(k, 0) + g[k]
    out["dx"] = np.stack(dx, axis=2)
    out["da0"] = da_t
    return out


def clip(gradients, maxValue):
    for name in ("dWaa", "dWax", "dWya", "db", "dby"):
        gradients[name][gradients[name] > maxValue] = maxValue
        gradients[name][gradients[name] < -maxValue] = -maxValue
    return gradients
