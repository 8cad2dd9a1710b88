import numpy as np


def svm_loss_naive(W, X, y, reg):
    dW = np.zeros(W.shape)
    num_classes = W.shape[1]
    num_train = X.shape[0]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct_class_score = scores[y[i]]
        count = 0
        for j in range(num_classes):
            if j != y[i]:
                margin = scores[j] - correct_class_score + 1
                if margin > 0:
                    count += 1
                    loss += margin
                    dW[:, j] = dW[:, j] + X[i, :].T
        dW[:, y[i]] += -count * X[i, :].T
    loss = loss / num_train + reg * np.sum(W ** 2)
    dW = dW / num_train + reg * 2 * W
    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    N = len(y)
    S = np.matmul(X, W)
    M = S - S[range(N), list(y)][:, None] + 1
    M[range(N), list(y)] = 0
    mask = np.where(M > 0, 1.0, 0.0)
    loss = (M * mask).sum() / N + reg * np.linalg.norm(W) ** 2
    mask[range(N), list(y)] = -1 * np.sum(mask, axis=1)
    dW = np.dot(X.T, mask)
    dW /= N
    dW += reg * 2 * W
    return loss, dW


def softmax_loss_naive(W, X, y, reg):
    loss = 0.0
    dW = np.zeros_like(W)
    (num_train, dim) = X.shape
    num_classes = W.shape[1]
    for i in range(num_train):
        scores = np.zeros(num_classes)
        for c in range(num_classes):
            for d in range(dim):
                scores[c] += X[i, d] * W[d, c]
        # numeric stability
        scores = scores - np.max(scores)
        sum_exp = 0
        for c in range(num_classes):
            sum_exp += np.exp(scores[c])
        loss += -scores[y[i]] + np.log(sum_exp)
        for c in range(num_classes):
            prob = np.exp(scores[c]) / sum_exp
            dW[:, c] += (prob - (c == y[i])) * X[i]
    loss /= num_train
    dW /= num_train
    for d in range(dim):
        for c in range(num_classes):
            loss += reg * W[d, c] * W[d, c]
            dW[d, c] += 2 * reg * W[d, c]
    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    num_train = X.shape[0]
    scores = np.dot(X, W)
    scores = scores - np.max(scores)  # one shift for all of them
    softmax = np.exp(scores) / np.exp(scores).sum(axis=1).reshape(-1, 1)
    loss = -np.log(softmax[range(num_train), y]).sum()
    ind = np.zeros_like(softmax)
    ind[range(num_train), y] = 1
    dW = X.T.dot(softmax - ind)
    loss /= num_train
    dW /= num_train
    loss += reg * np.sum(np.square(W))
    dW += 2 * reg * W
    return loss, dW


def affine_forward(x, w, b):
    N = x.shape[0]
    D = int(np.prod(x.shape[1:]))
    M = w.shape[1]
    rows = np.reshape(x, (N, D))
    out = np.zeros((N, M))
    for i in range(N):
        for j in range(M):
            s = 0.0
            for k in range(D):
                s += rows[i][k] * w[k][j]
            out[i, j] = s + b[j]
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    N, M = dout.shape
    rows = x.reshape(N, -1)
    D = rows.shape[1]
    dx = np.zeros((N, D))
    dw = np.zeros((D, M))
    db = np.zeros(M)
    for i in range(N):
        for j in range(M):
            db[j] += dout[i, j]
            for k in range(D):
                dx[i, k] += dout[i, j] * w[k, j]
                dw[k, j] += dout[i, j] * rows[i, k]
    return np.reshape(dx, x.shape), dw, db


def relu_forward(x):
    out = x.copy()
    for index, value in np.ndenumerate(x):
        if value < 0:
            out[index] = 0
    return out, x


def relu_backward(dout, cache):
    x = cache
    dx = np.zeros_like(x)
    for index, value in np.ndenumerate(x):
        if value > 0:
            dx[index] = dout[index]
    return dx


def svm_loss(x, y):
    N, C = x.shape
    loss = 0
    dx = np.zeros((N, C))
    for i in range(N):
        for j in range(C):
            if j == y[i]:
                continue
            m = x[i, j] - x[i, y[i]] + 1
            if m > 0:
                loss += m / N
                dx[i, j] += 1 / N
                dx[i, y[i]] -= 1 / N
    return loss, dx


def softmax_loss(x, y):
    N, C = x.shape
    loss = 0
    dx = np.zeros((N, C))
    for i in range(N):
        row = x[i] - max(x[i])
        total = sum(np.exp(v) for v in row)
        loss -= row[y[i]] - np.log(total)
        for j in range(C):
            dx[i, j] = np.exp(row[j]) / total
        dx[i, y[i]] -= 1
    return loss / N, dx / N


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    if mode == "train":
        mask = np.zeros(x.shape)
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                if np.random.random() < p:
                    mask[i, j] = 1.0 / p
        out = x * mask
    else:
        out = x.copy()
    return out, (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if dropout_param["mode"] == "train":
        return np.multiply(dout, mask)
    return dout


class TwoLayerNet:
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        rng = np.random.default_rng()
        self.params = dict(
            W1=weight_scale * rng.standard_normal((input_dim, hidden_dim)),
            b1=np.zeros(hidden_dim),
            W2=weight_scale * rng.standard_normal((hidden_dim, num_classes)),
            b2=np.zeros(num_classes),
        )
        self.reg = reg

    def loss(self, X, y=None):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        z1, c1 = affine_forward(X, W1, b1)
        a1, c2 = relu_forward(z1)
        scores, c3 = affine_forward(a1, W2, b2)
        if y is None:
            return scores
        grads = {}
        loss, dz2 = softmax_loss(scores, y)
        for key in self.params:
            if key.startswith("W"):
                loss += 0.5 * self.reg * np.sum(self.params[key] ** 2)
        da1, dW2, db2 = affine_backward(dz2, c3)
        dz1 = relu_backward(da1, c2)
        _, dW1, db1 = affine_backward(dz1, c1)
        grads["W1"], grads["b1"] = dW1 + self.reg * W1, db1
        grads["W2"], grads["b2"] = dW2 + self.reg * W2, db2
        return loss, grads


def sgd(w, dw, config=None):
    if config is None:
        config = {}
    lr = config.setdefault("learning_rate", 1e-2)
    next_w = np.array(w)
    for i, g in np.ndenumerate(dw):
        next_w[i] = w[i] - lr * g
    return next_w, config
