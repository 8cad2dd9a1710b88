"""Everything in one file, nothing imported but numpy."""
import numpy as np


def softmax_cross_entropy(scores, y):
    N = scores.shape[0]
    z = scores - scores.max(axis=1, keepdims=True)
    logZ = np.log(np.exp(z).sum(axis=1, keepdims=True))
    loss = (logZ.ravel() - z[np.arange(N), y]).mean()
    d = np.exp(z - logZ)
    d[np.arange(N), y] -= 1.0
    return loss, d / N


def dropout_forward(x, dropout_param):
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if dropout_param["mode"] == "test":
        return x, None
    keep = dropout_param["p"]
    mask = np.random.uniform(size=x.shape) < keep
    return np.where(mask, x / keep, 0.0), mask / keep


class Norm:
    """batch: axis 0; layer: axis 1"""

    def __init__(self, axis):
        self.axis = axis
        self.mean, self.var = 0.0, 0.0

    def forward(self, x, gamma, beta, mode):
        mu = x.mean(axis=self.axis, keepdims=True)
        var = x.var(axis=self.axis, keepdims=True)
        if self.axis == 0:
            if mode == "test":
                mu, var = self.mean, self.var
            else:
                self.mean = 0.9 * self.mean + 0.1 * mu
                self.var = 0.9 * self.var + 0.1 * var
        self.inv = 1 / np.sqrt(var + 1e-5)
        self.xhat = (x - mu) * self.inv
        self.gamma = gamma
        return gamma * self.xhat + beta

    def backward(self, dout):
        g = dout * self.gamma
        mean = lambda a: a.mean(axis=self.axis, keepdims=True)
        dx = self.inv * (g - mean(g) - self.xhat * mean(g * self.xhat))
        return dx, (dout * self.xhat).sum(0), dout.sum(0)


class FullyConnectedNet:
    def __init__(
        self, hidden_dims, input_dim=3072, num_classes=10, dropout=1, normalization=None,
        reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None,
    ):
        self.norms = None
        if normalization is not None:
            axis = 0 if normalization == "batchnorm" else 1
            self.norms = [Norm(axis) for _ in hidden_dims]
        self.dropout_param = {"p": dropout, "mode": "train"} if dropout < 1 else None
        if seed is not None and self.dropout_param:
            self.dropout_param["seed"] = seed
        self.reg, self.dtype, self.L = reg, dtype, len(hidden_dims) + 1
        self.params = {}
        dims = [input_dim, *hidden_dims, num_classes]
        for i in range(1, self.L + 1):
            self.params["W%d" % i] = (weight_scale * np.random.randn(dims[i - 1], dims[i])).astype(dtype)
            self.params["b%d" % i] = np.zeros(dims[i], dtype=dtype)
            if self.norms and i < self.L:
                self.params["gamma%d" % i] = np.ones(dims[i], dtype=dtype)
                self.params["beta%d" % i] = np.zeros(dims[i], dtype=dtype)

    def loss(self, X, y=None):
        p = self.params
        mode = "test" if y is None else "train"
        h = X.reshape(X.shape[0], -1).astype(self.dtype)
        tape = []
        for i in range(1, self.L):
            x = h
            a = x @ p["W%d" % i] + p["b%d" % i]
            if self.norms:
                a = self.norms[i - 1].forward(a, p["gamma%d" % i], p["beta%d" % i], mode)
            h = np.maximum(a, 0)
            mask = None
            if self.dropout_param:
                self.dropout_param["mode"] = mode
                h, mask = dropout_forward(h, self.dropout_param)
            tape.append((x, a, mask))
        W, b = p["W%d" % self.L], p["b%d" % self.L]
        scores = h @ W + b
        if y is None:
            return scores

        loss, d = softmax_cross_entropy(scores, y)
        grads = {"W%d" % self.L: h.T @ d, "b%d" % self.L: d.sum(axis=0)}
        d = d @ W.T
        for i in range(self.L - 1, 0, -1):
            x, a, mask = tape[i - 1]
            if mask is not None:
                d = d * mask
            d = d * (a > 0)
            if self.norms:
                d, grads["gamma%d" % i], grads["beta%d" % i] = self.norms[i - 1].backward(d)
            grads["W%d" % i] = x.T @ d
            grads["b%d" % i] = d.sum(axis=0)
            d = d @ p["W%d" % i].T

        for i in range(1, self.L + 1):
            W = p["W%d" % i]
            loss += self.reg * (W ** 2).sum() / 2
            grads["W%d" % i] += self.reg * W
        return loss, grads


class ThreeLayerConvNet:
    def __init__(
        self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100,
        num_classes=10, weight_scale=1e-3, reg=0.0, dtype=np.float32,
    ):
        C, H, W = input_dim
        self.reg, self.dtype = reg, dtype
        self.params = {
            "W1": weight_scale * np.random.randn(num_filters, C, filter_size, filter_size),
            "W2": weight_scale * np.random.randn(num_filters * H * W // 4, hidden_dim),
            "W3": weight_scale * np.random.randn(hidden_dim, num_classes),
            "b1": np.zeros(num_filters), "b2": np.zeros(hidden_dim), "b3": np.zeros(num_classes),
        }

    def loss(self, X, y=None):
        p = self.params
        N, C, H, W = X.shape
        F, _, S, _ = p["W1"].shape
        pad = (S - 1) // 2
        padded = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        cols = np.zeros((N, H, W, C * S * S))
        for i in range(H):
            for j in range(W):
                cols[:, i, j] = padded[:, :, i : i + S, j : j + S].reshape(N, -1)
        conv = (cols @ p["W1"].reshape(F, -1).T + p["b1"]).transpose(0, 3, 1, 2)
        relu = np.maximum(conv, 0)
        blocks = relu.reshape(N, F, H // 2, 2, W // 2, 2)
        pool = blocks.max(axis=(3, 5))
        flat = pool.reshape(N, -1)
        a = flat @ p["W2"] + p["b2"]
        h = np.maximum(a, 0)
        scores = h @ p["W3"] + p["b3"]
        if y is None:
            return scores

        loss, d = softmax_cross_entropy(scores, y)
        grads = {"W3": h.T @ d, "b3": d.sum(axis=0)}
        d = (d @ p["W3"].T) * (a > 0)
        grads["W2"], grads["b2"] = flat.T @ d, d.sum(axis=0)
        d = (d @ p["W2"].T).reshape(pool.shape)
        best = blocks == pool[:, :, :, None, :, None]
        d = (best * d[:, :, :, None, :, None]).reshape(N, F, H, W) * (conv > 0)
        grads["W1"] = np.einsum("nfhw,nhwk->fk", d, cols).reshape(p["W1"].shape)
        grads["b1"] = d.sum(axis=(0, 2, 3))
        for k in ("W1", "W2", "W3"):
            loss += 0.5 * self.reg * np.sum(p[k] * p[k])
            grads[k] += self.reg * p[k]
        return loss, grads
