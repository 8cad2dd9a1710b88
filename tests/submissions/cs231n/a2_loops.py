from builtins import range
import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)

    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == "train":
        mu = np.zeros(D)
        var = np.zeros(D)
        for j in range(D):
            for i in range(N):
                mu[j] += x[i, j]
            mu[j] /= N
            for i in range(N):
                var[j] += (x[i, j] - mu[j]) ** 2
            var[j] /= N
        xn = np.zeros_like(x)
        out = np.zeros_like(x)
        for j in range(D):
            for i in range(N):
                xn[i, j] = (x[i, j] - mu[j]) / (var[j] + eps) ** 0.5
                out[i, j] = gamma[j] * xn[i, j] + beta[j]
        for j in range(D):
            running_mean[j] = momentum * running_mean[j] + (1 - momentum) * mu[j]
            running_var[j] = momentum * running_var[j] + (1 - momentum) * var[j]
        cache = (x, xn, mu, var, eps, gamma)
    elif mode == "test":
        out = np.zeros_like(x)
        for j in range(D):
            for i in range(N):
                z = (x[i, j] - running_mean[j]) / np.sqrt(running_var[j] + eps)
                out[i, j] = gamma[j] * z + beta[j]
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x, xn, mu, var, eps, gamma = cache
    N, D = x.shape
    dx = np.zeros_like(x)
    dgamma = np.zeros(D)
    dbeta = np.zeros(D)
    for j in range(D):
        std = np.sqrt(var[j] + eps)
        dvar = 0.0
        dmu = 0.0
        for i in range(N):
            dbeta[j] += dout[i, j]
            dgamma[j] += dout[i, j] * xn[i, j]
            dxn = dout[i, j] * gamma[j]
            dvar += dxn * (x[i, j] - mu[j]) * -0.5 / std**3
            dmu += -dxn / std
        for i in range(N):
            dmu += dvar * -2.0 * (x[i, j] - mu[j]) / N
        for i in range(N):
            dxn = dout[i, j] * gamma[j]
            dx[i, j] = dxn / std + dvar * 2.0 * (x[i, j] - mu[j]) / N + dmu / N
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    x, xn, mu, var, eps, gamma = cache
    N, D = x.shape
    dx = np.zeros_like(x)
    dgamma, dbeta = np.zeros(D), np.zeros(D)
    for j in range(D):
        s = 0
        sx = 0
        for i in range(N):
            s += dout[i, j]
            sx += dout[i, j] * xn[i, j]
        dbeta[j] = s
        dgamma[j] = sx
        for i in range(N):
            dx[i, j] = gamma[j] / N / np.sqrt(var[j] + eps) * (N * dout[i, j] - s - xn[i, j] * sx)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    N, D = x.shape
    out = np.zeros_like(x)
    xn = np.zeros_like(x)
    stds = []
    for i in range(N):
        m = sum(x[i]) / D
        v = sum((x[i] - m) ** 2) / D
        s = np.sqrt(v + eps)
        xn[i] = (x[i] - m) / s
        out[i] = xn[i] * gamma + beta
        stds.append(s)
    return out, (xn, stds, gamma)


def layernorm_backward(dout, cache):
    xn, stds, gamma = cache
    N, D = dout.shape
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for i in range(N):
        dgamma += dout[i] * xn[i]
        dbeta += dout[i]
        d = dout[i] * gamma
        for j in range(D):
            dx[i, j] = (d[j] - d.mean() - xn[i, j] * (d * xn[i]).mean()) / stds[i]
    return dx, dgamma, dbeta


def conv_forward_naive(x, w, b, conv_param):
    out = None
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    stride = conv_param["stride"]
    pad = conv_param["pad"]
    Hn = 1 + (H + 2 * pad - HH) // stride
    Wn = 1 + (W + 2 * pad - WW) // stride
    xp = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    xp[:, :, pad:pad + H, pad:pad + W] = x
    out = np.zeros((N, F, Hn, Wn))
    for n in range(N):
        for f in range(F):
            for i in range(Hn):
                for j in range(Wn):
                    acc = 0.0
                    for c in range(C):
                        for k in range(HH):
                            for l in range(WW):
                                acc += xp[n, c, i * stride + k, j * stride + l] * w[f, c, k, l]
                    out[n, f, i, j] = acc + b[f]
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    stride = conv_param["stride"]
    pad = conv_param["pad"]
    _, _, Hn, Wn = dout.shape
    xp = np.pad(x, ((0,), (0,), (pad,), (pad,)), "constant")
    dxp = np.zeros_like(xp)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            for i in range(Hn):
                for j in range(Wn):
                    db[f] += dout[n, f, i, j]
                    for c in range(C):
                        for k in range(HH):
                            for l in range(WW):
                                dw[f, c, k, l] += xp[n, c, i * stride + k, j * stride + l] * dout[n, f, i, j]
                                dxp[n, c, i * stride + k, j * stride + l] += w[f, c, k, l] * dout[n, f, i, j]
    dx = dxp[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    Hn = int(1 + (H - ph) / s)
    Wn = int(1 + (W - pw) / s)
    out = np.zeros((N, C, Hn, Wn))
    for n in range(N):
        for c in range(C):
            for i in range(Hn):
                for j in range(Wn):
                    best = -np.inf
                    for k in range(ph):
                        for l in range(pw):
                            if x[n, c, i * s + k, j * s + l] > best:
                                best = x[n, c, i * s + k, j * s + l]
                    out[n, c, i, j] = best
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H, W = x.shape
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    _, _, Hn, Wn = dout.shape
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(Hn):
                for j in range(Wn):
                    best, bi, bj = -np.inf, 0, 0
                    for k in range(ph):
                        for l in range(pw):
                            if x[n, c, i * s + k, j * s + l] > best:
                                best = x[n, c, i * s + k, j * s + l]
                                bi, bj = i * s + k, j * s + l
                    dx[n, c, bi, bj] += dout[n, c, i, j]
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    flat = np.zeros((N * H * W, C))
    r = 0
    for n in range(N):
        for h in range(H):
            for w in range(W):
                flat[r] = x[n, :, h, w]
                r += 1
    y, cache = batchnorm_forward(flat, gamma, beta, bn_param)
    out = np.zeros_like(x)
    r = 0
    for n in range(N):
        for h in range(H):
            for w in range(W):
                out[n, :, h, w] = y[r]
                r += 1
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    flat = np.zeros((N * H * W, C))
    for c in range(C):
        flat[:, c] = dout[:, c].ravel()
    dflat, dgamma, dbeta = batchnorm_backward(flat, cache)
    dx = np.zeros_like(dout)
    for c in range(C):
        dx[:, c] = dflat[:, c].reshape(N, H, W)
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    size = C // G
    xn = np.zeros_like(x)
    std = np.zeros((N, G))
    for n in range(N):
        for g in range(G):
            part = x[n, g * size:(g + 1) * size]
            mu = part.mean()
            std[n, g] = np.sqrt(part.var() + eps)
            xn[n, g * size:(g + 1) * size] = (part - mu) / std[n, g]
    out = xn * gamma + beta
    return out, (xn, std, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    xn, std, gamma, G = cache
    N, C, H, W = dout.shape
    size = C // G
    dgamma = np.sum(dout * xn, axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    d = dout * gamma
    dx = np.zeros_like(dout)
    for n in range(N):
        for g in range(G):
            sl = slice(g * size, (g + 1) * size)
            a, b = d[n, sl], xn[n, sl]
            m = size * H * W
            dx[n, sl] = (m * a - a.sum() - b * (a * b).sum()) / (m * std[n, g])
    return dx, dgamma, dbeta
