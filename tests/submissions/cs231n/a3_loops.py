import numpy as np


def sigmoid(x):
    """A numerically stable version of the logistic sigmoid function."""
    pos_mask = x >= 0
    neg_mask = x < 0
    z = np.zeros_like(x)
    z[pos_mask] = np.exp(-x[pos_mask])
    z[neg_mask] = np.exp(x[neg_mask])
    top = np.ones_like(x)
    top[neg_mask] = z[neg_mask]
    return top / (1 + z)


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    return dx, dw, np.sum(dout, axis=0)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    N, D = x.shape
    H = prev_h.shape[1]
    a = np.zeros((N, H))
    for n in range(N):
        for h in range(H):
            a[n, h] = b[h]
            for d in range(D):
                a[n, h] += x[n, d] * Wx[d, h]
            for k in range(H):
                a[n, h] += prev_h[n, k] * Wh[k, h]
    next_h = np.tanh(a)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    N, D = x.shape
    H = prev_h.shape[1]
    dx, dprev_h = np.zeros_like(x), np.zeros_like(prev_h)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(H)
    for n in range(N):
        for h in range(H):
            da = (1 - next_h[n, h] ** 2) * dnext_h[n, h]
            db[h] += da
            for d in range(D):
                dx[n, d] += da * Wx[d, h]
                dWx[d, h] += da * x[n, d]
            for k in range(H):
                dprev_h[n, k] += da * Wh[k, h]
                dWh[k, h] += da * prev_h[n, k]
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, c = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        h[:, t, :] = prev_h
        cache.append(c)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, H))
    dWh = np.zeros((H, H))
    db = np.zeros(H)
    dprev_h = np.zeros((N, H))
    for t in reversed(range(T)):
        dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dprev_h, cache[t])
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    return dx, dh0, dWx, dWh, db


def word_embedding_forward(x, W):
    N, T = x.shape
    V, D = W.shape
    out = np.zeros((N, T, D))
    for n in range(N):
        for t in range(T):
            out[n, t] = W[x[n, t]]
    return out, (x, W.shape)


def word_embedding_backward(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            dW[x[n, t]] += dout[n, t]
    return dW


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    next_h, next_c = np.zeros((N, H)), np.zeros((N, H))
    i, f, o, g = (np.zeros((N, H)) for _ in range(4))
    for n in range(N):
        for k in range(H):
            i[n, k] = 1 / (1 + np.exp(-a[n, k]))
            f[n, k] = 1 / (1 + np.exp(-a[n, H + k]))
            o[n, k] = 1 / (1 + np.exp(-a[n, 2 * H + k]))
            g[n, k] = np.tanh(a[n, 3 * H + k])
            next_c[n, k] = f[n, k] * prev_c[n, k] + i[n, k] * g[n, k]
            next_h[n, k] = o[n, k] * np.tanh(next_c[n, k])
    cache = (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    N, H = prev_h.shape
    da = np.zeros((N, 4 * H))
    dprev_c = np.zeros((N, H))
    for n in range(N):
        for k in range(H):
            t = np.tanh(next_c[n, k])
            dc = dnext_c[n, k] + dnext_h[n, k] * o[n, k] * (1 - t * t)
            dprev_c[n, k] = dc * f[n, k]
            da[n, k] = dc * g[n, k] * i[n, k] * (1 - i[n, k])
            da[n, H + k] = dc * prev_c[n, k] * f[n, k] * (1 - f[n, k])
            da[n, 2 * H + k] = dnext_h[n, k] * t * o[n, k] * (1 - o[n, k])
            da[n, 3 * H + k] = dc * i[n, k] * (1 - g[n, k] ** 2)
    return da.dot(Wx.T), da.dot(Wh.T), dprev_c, x.T.dot(da), prev_h.T.dot(da), da.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    cache = {}
    prev_h = h0
    prev_c = np.zeros((N, H))
    for t in range(T):
        prev_h, prev_c, cache[t] = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h[:, t] = prev_h
    return h, cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx, dWh, db = np.zeros((D, 4 * H)), np.zeros((H, 4 * H)), np.zeros(4 * H)
    dprev_h, dprev_c = np.zeros((N, H)), np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dx[:, t], dprev_h, dprev_c, a, b, c = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dWx += a
        dWh += b
        db += c
    return dx, dprev_h, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    M = b.shape[0]
    out = np.zeros((N, T, M))
    for t in range(T):
        out[:, t, :] = x[:, t, :].dot(w) + b
    return out, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(w.shape[1])
    for t in range(x.shape[1]):
        dx[:, t, :] = dout[:, t, :].dot(w.T)
        dw += x[:, t, :].T.dot(dout[:, t, :])
        db += dout[:, t, :].sum(axis=0)
    return dx, dw, db


def temporal_softmax_loss(x, y, mask, verbose=False):
    N, T, V = x.shape
    loss = 0.0
    dx = np.zeros_like(x)
    for n in range(N):
        for t in range(T):
            if not mask[n, t]:
                continue
            s = x[n, t] - np.max(x[n, t])
            p = np.exp(s) / np.sum(np.exp(s))
            loss += np.log(np.sum(np.exp(s))) - s[y[n, t]]
            p[y[n, t]] -= 1
            dx[n, t] = p / N
    return loss / N, dx


class CaptioningRNN(object):
    def __init__(self, word_to_idx, input_dim=512, wordvec_dim=128, hidden_dim=128, cell_type='rnn', dtype=np.float32):
        if cell_type not in {'rnn', 'lstm'}:
            raise ValueError('Invalid cell_type "%s"' % cell_type)
        self.cell_type = cell_type
        self.dtype = dtype
        self.word_to_idx = word_to_idx
        self.idx_to_word = {i: w for w, i in word_to_idx.items()}
        self.params = {}
        vocab_size = len(word_to_idx)
        self._null = word_to_idx['<NULL>']
        self._start = word_to_idx.get('<START>', None)
        self._end = word_to_idx.get('<END>', None)
        self.params['W_embed'] = np.random.randn(vocab_size, wordvec_dim)
        self.params['W_embed'] /= 100
        self.params['W_proj'] = np.random.randn(input_dim, hidden_dim)
        self.params['W_proj'] /= np.sqrt(input_dim)
        self.params['b_proj'] = np.zeros(hidden_dim)
        dim_mul = {'lstm': 4, 'rnn': 1}[cell_type]
        self.params['Wx'] = np.random.randn(wordvec_dim, dim_mul * hidden_dim)
        self.params['Wx'] /= np.sqrt(wordvec_dim)
        self.params['Wh'] = np.random.randn(hidden_dim, dim_mul * hidden_dim)
        self.params['Wh'] /= np.sqrt(hidden_dim)
        self.params['b'] = np.zeros(dim_mul * hidden_dim)
        self.params['W_vocab'] = np.random.randn(hidden_dim, vocab_size)
        self.params['W_vocab'] /= np.sqrt(hidden_dim)
        self.params['b_vocab'] = np.zeros(vocab_size)
        for k, v in self.params.items():
            self.params[k] = v.astype(self.dtype)

    def loss(self, features, captions):
        captions_in = captions[:, :-1]
        captions_out = captions[:, 1:]
        mask = captions_out != self._null
        W_proj, b_proj = self.params['W_proj'], self.params['b_proj']
        W_embed = self.params['W_embed']
        Wx, Wh, b = self.params['Wx'], self.params['Wh'], self.params['b']
        W_vocab, b_vocab = self.params['W_vocab'], self.params['b_vocab']
        loss, grads = 0.0, {}

        h0, cache_h0 = affine_forward(features, W_proj, b_proj)
        words, cache_words = word_embedding_forward(captions_in, W_embed)
        if self.cell_type == 'rnn':
            h, cache_h = rnn_forward(words, h0, Wx, Wh, b)
        elif self.cell_type == 'lstm':
            h, cache_h = lstm_forward(words, h0, Wx, Wh, b)
        scores, cache_scores = temporal_affine_forward(h, W_vocab, b_vocab)
        loss, dscores = temporal_softmax_loss(scores, captions_out, mask)

        dh, grads['W_vocab'], grads['b_vocab'] = temporal_affine_backward(dscores, cache_scores)
        if self.cell_type == 'rnn':
            dwords, dh0, grads['Wx'], grads['Wh'], grads['b'] = rnn_backward(dh, cache_h)
        else:
            dwords, dh0, grads['Wx'], grads['Wh'], grads['b'] = lstm_backward(dh, cache_h)
        grads['W_embed'] = word_embedding_backward(dwords, cache_words)
        _, grads['W_proj'], grads['b_proj'] = affine_backward(dh0, cache_h0)
        return loss, grads
