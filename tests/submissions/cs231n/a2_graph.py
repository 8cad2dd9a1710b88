# computation graph, step by step
import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)

    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == 'train':
        # step1: mean
        mu = 1. / N * np.sum(x, axis=0)
        # step2: subtract mean vector of every training example
        xmu = x - mu
        # step3: following the lower branch
        sq = xmu ** 2
        # step4: variance
        var = 1. / N * np.sum(sq, axis=0)
        # step5: add eps, then sqrt
        sqrtvar = np.sqrt(var + eps)
        # step6: invert
        ivar = 1. / sqrtvar
        # step7: normalization
        xhat = xmu * ivar
        # step8: the two transformation steps
        gammax = gamma * xhat
        # step9
        out = gammax + beta
        cache = {'xhat': xhat, 'gamma': gamma, 'xmu': xmu, 'ivar': ivar, 'sqrtvar': sqrtvar, 'var': var, 'eps': eps}
        running_mean *= momentum
        running_mean += (1 - momentum) * mu
        running_var *= momentum
        running_var += (1 - momentum) * var
    elif mode == 'test':
        scale = gamma / np.sqrt(running_var + eps)
        out = x * scale + (beta - running_mean * scale)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    xhat, gamma, xmu = cache['xhat'], cache['gamma'], cache['xmu']
    ivar, sqrtvar, var, eps = cache['ivar'], cache['sqrtvar'], cache['var'], cache['eps']
    N, D = dout.shape
    # step9
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    # step8
    dgamma = np.sum(dgammax * xhat, axis=0)
    dxhat = dgammax * gamma
    # step7
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    # step6
    dsqrtvar = -1. / (sqrtvar ** 2) * divar
    # step5
    dvar = 0.5 * 1. / np.sqrt(var + eps) * dsqrtvar
    # step4
    dsq = 1. / N * np.ones((N, D)) * dvar
    # step3
    dxmu2 = 2 * xmu * dsq
    # step2
    dx1 = (dxmu1 + dxmu2)
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    # step1
    dx2 = 1. / N * np.ones((N, D)) * dmu
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    xhat, gamma, ivar = cache['xhat'], cache['gamma'], cache['ivar']
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (xhat * dout).sum(axis=0)
    dx = (gamma * ivar / N) * (N * dout - dbeta - xhat * dgamma)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    xt = x.T
    D = xt.shape[0]
    mu = np.mean(xt, axis=0)
    xmu = xt - mu
    var = np.mean(xmu ** 2, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1. / sqrtvar
    xhat = (xmu * ivar).T
    out = gamma * xhat + beta
    cache = (xhat, gamma, xmu.T, ivar, sqrtvar)
    return out, cache


def layernorm_backward(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = (dout * gamma).T
    xmu = xmu.T
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1. / (sqrtvar ** 2) * divar
    dvar = 0.5 / sqrtvar * dsqrtvar
    dsq = 1. / D * np.ones((D, N)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -np.sum(dx1, axis=0)
    dx = (dx1 + dmu / D).T
    return dx, dgamma, dbeta


def im2col(x, HH, WW, stride, pad):
    N, C, H, W = x.shape
    OH = (H + 2 * pad - HH) // stride + 1
    OW = (W + 2 * pad - WW) // stride + 1
    xp = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], 'constant')
    i0 = np.tile(np.repeat(np.arange(HH), WW), C)
    j0 = np.tile(np.arange(WW), HH * C)
    i1 = stride * np.repeat(np.arange(OH), OW)
    j1 = stride * np.tile(np.arange(OW), OH)
    i = i0.reshape(-1, 1) + i1.reshape(1, -1)
    j = j0.reshape(-1, 1) + j1.reshape(1, -1)
    k = np.repeat(np.arange(C), HH * WW).reshape(-1, 1)
    cols = xp[:, k, i, j]
    cols = cols.transpose(1, 2, 0).reshape(HH * WW * C, -1)
    return cols, (k, i, j), xp.shape


def conv_forward_naive(x, w, b, conv_param):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    stride, pad = conv_param['stride'], conv_param['pad']
    OH = (H + 2 * pad - HH) // stride + 1
    OW = (W + 2 * pad - WW) // stride + 1
    cols, _, _ = im2col(x, HH, WW, stride, pad)
    out = w.reshape(F, -1).dot(cols) + b.reshape(-1, 1)
    out = out.reshape(F, OH, OW, N).transpose(3, 0, 1, 2)
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    stride, pad = conv_param['stride'], conv_param['pad']
    cols, (k, i, j), shape = im2col(x, HH, WW, stride, pad)
    db = np.sum(dout, axis=(0, 2, 3))
    dout_ = dout.transpose(1, 2, 3, 0).reshape(F, -1)
    dw = dout_.dot(cols.T).reshape(w.shape)
    dcols = w.reshape(F, -1).T.dot(dout_)
    dcols = dcols.reshape(C * HH * WW, -1, N).transpose(2, 0, 1)
    dxp = np.zeros(shape)
    np.add.at(dxp, (slice(None), k, i, j), dcols)
    dx = dxp if pad == 0 else dxp[:, :, pad:-pad, pad:-pad]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    xs = x.reshape(N * C, 1, H, W)
    cols, _, _ = im2col(xs, ph, pw, stride, 0)
    out = np.max(cols, axis=0)
    OH, OW = (H - ph) // stride + 1, (W - pw) // stride + 1
    out = out.reshape(OH, OW, N, C).transpose(2, 3, 0, 1)
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H, W = x.shape
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            window = x[:, :, i * stride:i * stride + ph, j * stride:j * stride + pw]
            m = np.max(window, axis=(2, 3))
            mask = window == m[:, :, None, None]
            dx[:, :, i * stride:i * stride + ph, j * stride:j * stride + pw] += mask * dout[:, :, i, j][:, :, None, None]
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    x_t = np.moveaxis(x, 1, -1)
    x_flat = x_t.reshape(-1, C)
    out, cache = batchnorm_forward(x_flat, gamma, beta, bn_param)
    out = np.moveaxis(out.reshape(N, H, W, C), -1, 1)
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    d = np.moveaxis(dout, 1, -1).reshape(-1, C)
    dx, dgamma, dbeta = batchnorm_backward(d, cache)
    return np.moveaxis(dx.reshape(N, H, W, C), -1, 1), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    size = (N * G, C // G * H * W)
    x = x.reshape(size).T
    mean = x.mean(axis=0)
    xmu = x - mean
    var = np.mean(xmu ** 2, axis=0)
    std = np.sqrt(var + eps)
    z = xmu / std
    z = z.T.reshape(N, C, H, W)
    out = gamma * z + beta
    cache = {'std': std, 'gamma': gamma, 'z': z, 'size': size}
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    size = cache['size']
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * cache['z'], axis=(0, 2, 3), keepdims=True)
    z = cache['z'].reshape(size).T
    M = z.shape[0]
    dfdz = (dout * cache['gamma']).reshape(size).T
    dfdz_sum = np.sum(dfdz, axis=0)
    dx = dfdz - dfdz_sum / M - np.sum(dfdz * z, axis=0) * z / M
    dx /= cache['std']
    dx = dx.T.reshape(N, C, H, W)
    return dx, dgamma, dbeta
