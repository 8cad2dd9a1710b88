import numpy as np


def zero_pad(X, pad):
    m, h, w, c = X.shape
    out = np.zeros((m, h + 2 * pad, w + 2 * pad, c))
    out[:, pad:pad + h, pad:pad + w, :] = X
    return out


def conv_single_step(a_slice_prev, W, b):
    return np.tensordot(a_slice_prev, W, axes=3) + b.item()


def conv_forward(A_prev, W, b, hparameters):
    s, p = hparameters["stride"], hparameters["pad"]
    m, H, Wd, _ = A_prev.shape
    f, _, _, n_C = W.shape
    n_H, n_W = (H - f + 2 * p) // s + 1, (Wd - f + 2 * p) // s + 1
    X = zero_pad(A_prev, p)
    Z = np.zeros((m, n_H, n_W, n_C))
    for h in range(n_H):
        for w in range(n_W):
            window = X[:, h * s:h * s + f, w * s:w * s + f, :]
            Z[:, h, w, :] = np.tensordot(window, W, axes=([1, 2, 3], [0, 1, 2])) + b.reshape(1, -1)
    return Z, (A_prev, W, b, hparameters)


def conv_backward(dZ, cache):
    A_prev, W, b, hparameters = cache
    s, p = hparameters["stride"], hparameters["pad"]
    f = W.shape[0]
    X = zero_pad(A_prev, p)
    dX = np.zeros_like(X)
    dW = np.zeros_like(W)
    for h in range(dZ.shape[1]):
        for w in range(dZ.shape[2]):
            rows, cols = slice(h * s, h * s + f), slice(w * s, w * s + f)
            dX[:, rows, cols, :] += np.einsum("mc,ijkc->mijk", dZ[:, h, w, :], W)
            dW += np.einsum("mijk,mc->ijkc", X[:, rows, cols, :], dZ[:, h, w, :])
    H, Wd = A_prev.shape[1:3]
    return dX[:, p:p + H, p:p + Wd, :], dW, dZ.sum(axis=(0, 1, 2))


def pool_forward(A_prev, hparameters, mode="max"):
    f, s = hparameters["f"], hparameters["stride"]
    n_H, n_W = [(n - f) // s + 1 for n in A_prev.shape[1:3]]
    A = np.zeros((A_prev.shape[0], n_H, n_W, A_prev.shape[3]))
    reduce = np.max if mode == "max" else np.mean
    for h in range(n_H):
        for w in range(n_W):
            A[:, h, w, :] = reduce(A_prev[:, h * s:h * s + f, w * s:w * s + f, :], axis=(1, 2))
    return A, (A_prev, hparameters)


def create_mask_from_window(x):
    mask = np.zeros(x.shape)
    mask[np.unravel_index(np.argmax(x), x.shape)] = 1
    return mask


def distribute_value(dz, shape):
    return dz / np.prod(shape) * np.ones(shape)


def pool_backward(dA, cache, mode="max"):
    A_prev, hparameters = cache
    f, s = hparameters["f"], hparameters["stride"]
    dA_prev = np.zeros_like(A_prev)
    for h in range(dA.shape[1]):
        for w in range(dA.shape[2]):
            rows, cols = slice(h * s, h * s + f), slice(w * s, w * s + f)
            d = dA[:, h, w, :][:, None, None, :]
            if mode == "max":
                window = A_prev[:, rows, cols, :]
                dA_prev[:, rows, cols, :] += (window == window.max(axis=(1, 2), keepdims=True)) * d
            else:
                dA_prev[:, rows, cols, :] += d / f / f
    return dA_prev
