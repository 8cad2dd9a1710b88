import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class GRUCell(object):
    """GRU Cell class."""

    def __init__(self, in_dim, hidden_dim):
        self.d = in_dim
        self.h = hidden_dim
        h = self.h
        d = self.d
        self.x_t = 0

        self.Wrx = np.random.randn(h, d)
        self.Wzx = np.random.randn(h, d)
        self.Wnx = np.random.randn(h, d)

        self.Wrh = np.random.randn(h, h)
        self.Wzh = np.random.randn(h, h)
        self.Wnh = np.random.randn(h, h)

        self.brx = np.random.randn(h)
        self.bzx = np.random.randn(h)
        self.bnx = np.random.randn(h)

        self.brh = np.random.randn(h)
        self.bzh = np.random.randn(h)
        self.bnh = np.random.randn(h)

        self.dWrx = np.zeros((h, d))
        self.dWzx = np.zeros((h, d))
        self.dWnx = np.zeros((h, d))

        self.dWrh = np.zeros((h, h))
        self.dWzh = np.zeros((h, h))
        self.dWnh = np.zeros((h, h))

        self.dbrx = np.zeros((h))
        self.dbzx = np.zeros((h))
        self.dbnx = np.zeros((h))

        self.dbrh = np.zeros((h))
        self.dbzh = np.zeros((h))
        self.dbnh = np.zeros((h))

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        self.Wrx = Wrx
        self.Wzx = Wzx
        self.Wnx = Wnx
        self.Wrh = Wrh
        self.Wzh = Wzh
        self.Wnh = Wnh
        self.brx = brx
        self.bzx = bzx
        self.bnx = bnx
        self.brh = brh
        self.bzh = bzh
        self.bnh = bnh

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        """GRU cell forward.

        Input
        -----
        x: (input_dim)
            observation at current time-step.

        h: (hidden_dim)
            hidden-state at previous time-step.
        """
        self.x = x
        self.hidden = h

        self.z1 = self.Wrx @ x + self.brx
        self.z2 = self.Wrh @ h + self.brh
        self.r = sigmoid(self.z1 + self.z2)

        self.z4 = self.Wzx @ x + self.bzx
        self.z5 = self.Wzh @ h + self.bzh
        self.z = sigmoid(self.z4 + self.z5)

        self.z7 = self.Wnx @ x + self.bnx
        self.z8 = self.Wnh @ h + self.bnh
        self.z9 = self.r * self.z8
        self.n = np.tanh(self.z7 + self.z9)

        self.z11 = 1 - self.z
        h_t = self.z11 * self.n + self.z * h

        assert self.x.shape == (self.d, )
        assert self.hidden.shape == (self.h, )

        assert self.r.shape == (self.h, )
        assert self.z.shape == (self.h, )
        assert self.n.shape == (self.h, )
        assert h_t.shape == (self.h, )

        return h_t

    def backward(self, delta):
        """GRU cell backward. delta is (1, hidden_dim) in the tests."""

        delta = delta.reshape(1, -1)
        x = self.x.reshape(1, -1)
        hidden = self.hidden.reshape(1, -1)
        r = self.r.reshape(1, -1)
        z = self.z.reshape(1, -1)
        n = self.n.reshape(1, -1)
        z8 = self.z8.reshape(1, -1)

        dz = delta * (-n + hidden)
        dn = delta * (1 - z)

        dtanh = dn * (1 - n ** 2)
        self.dWnx += np.dot(dtanh.T, x)
        self.dbnx += np.sum(dtanh, axis=0)
        dr = dtanh * z8
        self.dWnh += np.dot((dtanh * r).T, hidden)
        self.dbnh += np.sum(dtanh * r, axis=0)

        dsigz = dz * z * (1 - z)
        self.dWzx += np.dot(dsigz.T, x)
        self.dWzh += np.dot(dsigz.T, hidden)
        self.dbzx += np.sum(dsigz, axis=0)
        self.dbzh += np.sum(dsigz, axis=0)

        dsigr = dr * r * (1 - r)
        self.dWrx += np.dot(dsigr.T, x)
        self.dWrh += np.dot(dsigr.T, hidden)
        self.dbrx += np.sum(dsigr, axis=0)
        self.dbrh += np.sum(dsigr, axis=0)

        dx = np.dot(dtanh, self.Wnx) + np.dot(dsigz, self.Wzx) + np.dot(dsigr, self.Wrx)
        dh = delta * z + np.dot(dtanh * r, self.Wnh) + np.dot(dsigz, self.Wzh) + np.dot(dsigr, self.Wrh)

        assert dx.shape == (1, self.d)
        assert dh.shape == (1, self.h)

        return dx, dh
