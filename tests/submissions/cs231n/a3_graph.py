import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    xWx = np.dot(x, Wx)
    phWh = np.dot(prev_h, Wh)
    affine = xWx + phWh + b.T
    t = np.exp(-2 * affine)
    next_h = (1.0 - t) / (1.0 + t)
    cache = dict(x=x, prev_h=prev_h, Wx=Wx, Wh=Wh, t=t)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, t = (cache[k] for k in ('x', 'prev_h', 'Wx', 'Wh', 't'))
    one_plus = 1.0 + t
    dt = dnext_h * (-2.0 / one_plus ** 2)
    daffine = dt * (-2.0 * t)
    db = daffine.sum(axis=0, keepdims=True)
    dWh = np.einsum('nh,nk->hk', prev_h, daffine)
    dprev_h = np.einsum('nk,hk->nh', daffine, Wh)
    dWx = np.einsum('nd,nk->dk', x, daffine)
    dx = np.einsum('nk,dk->nd', daffine, Wx)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    T = x.shape[1]
    hs, caches = [h0], []
    for t in range(T):
        h, c = rnn_step_forward(x[:, t], hs[-1], Wx, Wh, b)
        hs.append(h)
        caches.append(c)
    return np.stack(hs[1:], axis=1), tuple(caches)


def rnn_backward(dh, cache):
    dh = dh.copy()
    T = dh.shape[1]
    dx = []
    dWx = dWh = db = 0
    for t in range(T)[::-1]:
        dxt, dprev, a, b, c = rnn_step_backward(dh[:, t], cache[t])
        dx.insert(0, dxt)
        if t > 0:
            dh[:, t - 1] += dprev
        dWx = dWx + a
        dWh = dWh + b
        db = db + c
    return np.transpose(np.array(dx), (1, 0, 2)), dprev, dWx, dWh, np.ravel(db)


def word_embedding_forward(x, W):
    V = W.shape[0]
    onehot = np.eye(V)[x]
    return onehot.dot(W), onehot


def word_embedding_backward(dout, cache):
    onehot = cache
    return np.tensordot(onehot, dout, axes=([0, 1], [0, 1]))


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    # one affine map of [x, h]
    xh = np.hstack([x, prev_h])
    W = np.vstack([Wx, Wh])
    a = xh.dot(W) + b
    ai, af, ao, ag = np.split(a, 4, axis=1)
    gates = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    i, f, o, g = gates
    next_c = prev_c * f
    next_c += i * g
    tc = np.tanh(next_c)
    return o * tc, next_c, [xh, W, gates, prev_c, tc, x.shape[1]]


def lstm_step_backward(dnext_h, dnext_c, cache):
    xh, W, (i, f, o, g), prev_c, tc, D = cache
    dc = dnext_c.copy()
    dc += dnext_h * o * (1 - tc ** 2)
    H = prev_c.shape[1]
    da = np.empty((xh.shape[0], 4 * H))
    da[:, 0:H] = dc * g * i * (1 - i)
    da[:, H:2 * H] = dc * prev_c * f * (1 - f)
    da[:, 2 * H:3 * H] = dnext_h * tc * o * (1 - o)
    da[:, 3 * H:4 * H] = dc * i * (1 - g ** 2)
    dxh = da.dot(W.T)
    dW = xh.T.dot(da)
    return dxh[:, :D], dxh[:, D:], dc * f, dW[:D], dW[D:], da.sum(0)


def lstm_forward(x, h0, Wx, Wh, b):
    x = x.transpose(1, 0, 2)
    h, c, out, cache = h0, np.zeros_like(h0), [], []
    for xt in x:
        h, c, k = lstm_step_forward(xt, h, c, Wx, Wh, b)
        out.append(h)
        cache.append(k)
    return np.array(out).transpose(1, 0, 2), cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dht, dct = 0, np.zeros((N, H))
    grads = [0, 0, 0]
    dx = [None] * T
    while cache:
        t = len(cache) - 1
        dx[t], dht, dct, *step = lstm_step_backward(dh[:, t] + dht, dct, cache.pop())
        grads = [s + d for s, d in zip(grads, step)]
    return (np.stack(dx, 1), dht, *grads)


def temporal_affine_forward(x, w, b):
    return x @ w + b, (x, w, b)


def temporal_affine_backward(dout, cache):
    x, w, b = cache
    return dout @ w.T, np.einsum('ntd,ntm->dm', x, dout), np.einsum('ntm->m', dout)


def temporal_softmax_loss(x, y, mask, verbose=False):
    N, T, V = x.shape
    shifted = x - x.max(-1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    onehot = np.eye(V)[y]
    loss = -(mask[..., None] * onehot * logp).sum() / N
    return loss, mask[..., None] * (np.exp(logp) - onehot) / N


class CaptioningRNN:
    def __init__(self, word_to_idx, input_dim=512, wordvec_dim=128, hidden_dim=128, cell_type='rnn', dtype=np.float32):
        self.cell_type = cell_type
        self._null = word_to_idx['<NULL>']
        rng = np.random.RandomState(0)
        G = hidden_dim * (4 if cell_type == 'lstm' else 1)
        V = len(word_to_idx)
        self.params = {
            'W_embed': rng.randn(V, wordvec_dim), 'W_proj': rng.randn(input_dim, hidden_dim),
            'b_proj': np.zeros(hidden_dim), 'Wx': rng.randn(wordvec_dim, G), 'Wh': rng.randn(hidden_dim, G),
            'b': np.zeros(G), 'W_vocab': rng.randn(hidden_dim, V), 'b_vocab': np.zeros(V),
        }

    def loss(self, features, captions):
        p = self.params
        fwd, bwd = {'rnn': (rnn_forward, rnn_backward), 'lstm': (lstm_forward, lstm_backward)}[self.cell_type]
        caches = []
        h0 = features @ p['W_proj'] + p['b_proj']
        out, c = word_embedding_forward(captions[:, :-1], p['W_embed'])
        caches.append(c)
        out, c = fwd(out, h0, p['Wx'], p['Wh'], p['b'])
        caches.append(c)
        out, c = temporal_affine_forward(out, p['W_vocab'], p['b_vocab'])
        caches.append(c)
        target = captions[:, 1:]
        loss, d = temporal_softmax_loss(out, target, target != self._null)
        grads = dict.fromkeys(p)
        d, grads['W_vocab'], grads['b_vocab'] = temporal_affine_backward(d, caches.pop())
        d, dh0, grads['Wx'], grads['Wh'], grads['b'] = bwd(d, caches.pop())
        grads['W_embed'] = word_embedding_backward(d, caches.pop())
        grads['W_proj'] = features.T @ dh0
        grads['b_proj'] = dh0.sum(axis=0)
        return loss, grads
