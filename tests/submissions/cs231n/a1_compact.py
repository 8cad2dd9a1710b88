import numpy as np

norm2 = lambda A: (A * A).sum()


def _hinge(S, y):
    n = np.arange(S.shape[0])
    M = S - S[n, y, None] + 1
    K = (M > 0).astype(S.dtype)
    K[n, y] = 0
    L = np.einsum("ij,ij->", M, K) / len(n)
    K[n, y] = -K.sum(1)
    return L, K / len(n)


def _cross_entropy(S, y):
    n = np.arange(S.shape[0])
    S = S - S.max(1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(1, keepdims=True))
    P = np.exp(logp)
    P[n, y] -= 1
    return -logp[n, y].mean(), P / len(n)


def _linear(W, X, y, reg, criterion):
    L, G = criterion(X @ W, y)
    return L + reg * norm2(W), X.T @ G + 2 * reg * W


def svm_loss_naive(W, X, y, reg):
    return _linear(W, X, y, reg, _hinge)


def svm_loss_vectorized(W, X, y, reg):
    return _linear(W, X, y, reg, _hinge)


def softmax_loss_naive(W, X, y, reg):
    return _linear(W, X, y, reg, _cross_entropy)


def softmax_loss_vectorized(W, X, y, reg):
    return _linear(W, X, y, reg, _cross_entropy)


svm_loss_ = _hinge


def svm_loss(x, y):
    return _hinge(x, y)


def softmax_loss(x, y):
    return _cross_entropy(x, y)


def affine_forward(x, w, b):
    rows = x.reshape((x.shape[0], w.shape[0]))
    return np.einsum("nd,dm->nm", rows, w) + b[None, :], dict(x=x, w=w, rows=rows)


def affine_backward(dout, cache):
    dx = np.einsum("nm,dm->nd", dout, cache["w"]).reshape(*cache["x"].shape)
    dw = np.einsum("nd,nm->dm", cache["rows"], dout)
    return dx, dw, np.ones((1, len(dout))) @ dout


def relu_forward(x):
    mask = x > 0
    return np.where(mask, x, 0), mask


def relu_backward(dout, cache):
    dx = dout.copy()
    dx[~cache] = 0
    return dx


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "test":
        return x, (dropout_param, None)
    mask = np.random.binomial(1, p, size=x.shape)
    return x * mask / p, (dropout_param, mask)


def dropout_backward(dout, cache):
    param, mask = cache
    return dout if param["mode"] == "test" else dout * mask / param["p"]


class TwoLayerNet:
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg = reg
        sizes = [input_dim, hidden_dim, num_classes]
        self.params = {}
        for i, (a, b) in enumerate(zip(sizes, sizes[1:]), 1):
            self.params[f"W{i}"] = weight_scale * np.random.randn(a, b)
            self.params[f"b{i}"] = np.zeros((b,))

    def loss(self, X, y=None):
        p = self.params
        x = X.reshape(X.shape[0], -1)
        h = np.maximum(x @ p["W1"] + p["b1"], 0)
        scores = h @ p["W2"] + p["b2"]
        if y is None:
            return scores
        loss, d2 = _cross_entropy(scores, y)
        loss += 0.5 * self.reg * sum(norm2(p[w]) for w in ("W1", "W2"))
        d1 = (d2 @ p["W2"].T) * (h > 0)
        return loss, {
            "W2": h.T @ d2 + self.reg * p["W2"],
            "b2": d2.sum(0, keepdims=True),
            "W1": x.T @ d1 + self.reg * p["W1"],
            "b1": d1.sum(0, keepdims=True),
        }


def sgd(w, dw, config=None):
    config = config or {}
    return w - config.get("learning_rate", 1e-2) * dw, config
