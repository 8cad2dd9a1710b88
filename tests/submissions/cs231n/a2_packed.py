from __future__ import print_function
import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    if mode == 'train':
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        std = np.sqrt(var + eps)
        x_hat = (x - mu) / std
        out = gamma * x_hat + beta
        shape = bn_param.get('shape', (N, D))
        axis = bn_param.get('axis', 0)
        cache = x, mu, var, std, gamma, x_hat, shape, axis
        if axis == 0:
            running_mean = momentum * running_mean + (1 - momentum) * mu
            running_var = momentum * running_var + (1 - momentum) * var
    elif mode == 'test':
        x_hat = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * x_hat + beta
        cache = ()
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x, mu, var, std, gamma, x_hat, shape, axis = cache
    dbeta = dout.reshape(shape, order='F').sum(axis)
    dgamma = (dout * x_hat).reshape(shape, order='F').sum(axis)
    dx_hat = dout * gamma
    dstd = -np.sum(dx_hat * (x - mu), axis=0) / (std ** 2)
    dvar = 0.5 * dstd / std
    dx1 = dx_hat / std + 2 * (x - mu) * dvar / len(dout)
    dmu = -np.sum(dx1, axis=0)
    dx2 = dmu / len(dout)
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    _, _, _, std, gamma, x_hat, shape, axis = cache
    S = lambda x: x.sum(axis=0)
    dbeta = dout.reshape(shape, order='F').sum(axis)
    dgamma = (dout * x_hat).reshape(shape, order='F').sum(axis)
    dx = dout * gamma / (len(dout) * std)
    dx = len(dout) * dx - S(dx * x_hat) * x_hat - S(dx)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    bn_param = {"mode": "train", "axis": 1, **ln_param}
    [gamma, beta] = np.atleast_2d(gamma, beta)
    out, cache = batchnorm_forward(x.T, gamma.T, beta.T, bn_param)
    out = out.T
    return out, cache


def layernorm_backward(dout, cache):
    dx, dgamma, dbeta = batchnorm_backward_ln(dout.T, cache)
    dx = dx.T
    return dx, dgamma, dbeta


def batchnorm_backward_ln(dout, cache):
    x, mu, var, std, gamma, x_hat, shape, axis = cache
    dbeta = dout.sum(axis=1)
    dgamma = (dout * x_hat).sum(axis=1)
    dx_hat = dout * gamma
    D = x.shape[0]
    dx = (dx_hat - dx_hat.sum(0) / D - x_hat * (dx_hat * x_hat).sum(0) / D) / std
    return dx, dgamma, dbeta


def conv_forward_naive(x, w, b, conv_param):
    P = conv_param['pad']
    S = conv_param['stride']
    F, C, HF, WF = w.shape
    xp = np.pad(x, ((0,), (0,), (P,), (P,)), 'constant')
    win = sliding_window_view(xp, (HF, WF), axis=(2, 3))[:, :, ::S, ::S]
    out = np.einsum('ncijkl,fckl->nfij', win, w)
    out += b[None, :, None, None]
    print('conv', out.shape)
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    P, S = conv_param['pad'], conv_param['stride']
    N, C, H, W = x.shape
    F, _, HF, WF = w.shape
    _, _, OH, OW = dout.shape
    xp = np.pad(x, ((0,), (0,), (P,), (P,)), 'constant')
    sn, sc, sh, sw = xp.strides
    win = as_strided(xp, (N, C, OH, OW, HF, WF), (sn, sc, S * sh, S * sw, sh, sw))
    db = np.einsum('nfij->f', dout)
    dw = np.einsum('nfij,ncijkl->fckl', dout, win)
    # dx: dilate dout, then a full convolution with the turned kernel
    spread = np.zeros((N, F, (OH - 1) * S + 1, (OW - 1) * S + 1))
    spread[:, :, ::S, ::S] = dout
    spread = np.pad(spread, ((0, 0), (0, 0), (HF - 1, HF - 1), (WF - 1, WF - 1)))
    turned = w[:, :, ::-1, ::-1]
    full = sliding_window_view(spread, (HF, WF), axis=(2, 3))
    dxp = np.einsum('nfijkl,fckl->ncij', full, turned)
    dx = dxp[:, :, P:P + H, P:P + W]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = (pool_param[k] for k in ('pool_height', 'pool_width', 'stride'))
    win = sliding_window_view(x, (ph, pw), axis=(2, 3))[:, :, ::s, ::s]
    out = win.max(axis=(-2, -1))
    where = win.reshape(win.shape[:4] + (-1,)).argmax(-1)
    return out, (x, pool_param, where)


def max_pool_backward_naive(dout, cache):
    x, pool_param, where = cache
    ph, pw, s = (pool_param[k] for k in ('pool_height', 'pool_width', 'stride'))
    n, c, i, j = np.indices(dout.shape)
    dx = np.zeros_like(x)
    np.add.at(dx, (n, c, i * s + where // pw, j * s + where % pw), dout)
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    (N, C, H, W) = x.shape
    x = np.swapaxes(np.swapaxes(x, 1, 2), 2, 3).reshape((-1, C))
    out, cache = batchnorm_forward(x, gamma, beta, bn_param)
    out = out.reshape((N, H, W, C)).transpose([0, 3, 1, 2])
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    (N, C, H, W) = dout.shape
    dout = np.rollaxis(dout, 1, 4).reshape(N * H * W, C)
    dx, dgamma, dbeta = batchnorm_backward(dout, cache)
    return np.rollaxis(dx.reshape(N, H, W, C), 3, 1), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    L = C // G * H * W
    rows = x.reshape(N * G, L)
    z, cache = layernorm_forward(rows, np.ones(L), np.zeros(L), gn_param)
    z = z.reshape(N, C, H, W)
    gamma = np.reshape(gamma, (1, C, 1, 1))
    return z * gamma + np.reshape(beta, (1, C, 1, 1)), (z, gamma, G, cache)


def spatial_groupnorm_backward(dout, cache):
    z, gamma, G, inner = cache
    N, C, H, W = dout.shape
    dgamma = np.einsum('nchw,nchw->c', dout, z)[None, :, None, None]
    dbeta = np.einsum('nchw->c', dout)[None, :, None, None]
    dx, _, _ = layernorm_backward((dout * gamma).reshape(N * G, -1), inner)
    return dx.reshape(N, C, H, W), dgamma, dbeta
