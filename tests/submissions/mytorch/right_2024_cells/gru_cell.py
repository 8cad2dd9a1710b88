import numpy as np
from mytorch.nn.activation import *


class GRUCell(object):
    """GRU Cell class."""

    def __init__(self, input_size, hidden_size):
        self.d = input_size
        self.h = hidden_size
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

        self.r_act = Sigmoid()
        self.z_act = Sigmoid()
        self.h_act = Tanh()

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        self.Wrx = Wrx

    def forward(self, x, h_prev_t):
        self.x = x.reshape(-1, 1)
        self.hidden = h_prev_t.reshape(-1, 1)
        col = lambda b: b.reshape(-1, 1)

        self.r = self.r_act(self.Wrx @ self.x + col(self.brx) + self.Wrh @ self.hidden + col(self.brh))
        self.z = self.z_act(self.Wzx @ self.x + col(self.bzx) + self.Wzh @ self.hidden + col(self.bzh))
        self.nh_prev = self.Wnh @ self.hidden + col(self.bnh)
        self.n = self.h_act(self.Wnx @ self.x + col(self.bnx) + self.r * self.nh_prev)
        self.h_t = (1 - self.z) * self.n + self.z * self.hidden

        return self.h_t.flatten()

    def backward(self, delta):
        delta = np.reshape(delta, (-1, 1))

        # h_t = (1 - z) * n + z * h
        dn = delta * (1 - self.z)
        dz = delta * (self.hidden - self.n)
        dh_prev_t = delta * self.z

        # n = tanh(nx + r * nh)
        dnx = self.h_act.backward(dn)
        dr = dnx * self.nh_prev
        dnh = dnx * self.r
        self.dWnx = dnx @ self.x.T
        self.dbnx = dnx[:, 0]
        self.dWnh = dnh @ self.hidden.T
        self.dbnh = dnh[:, 0]
        dx = self.Wnx.T @ dnx
        dh_prev_t = dh_prev_t + self.Wnh.T @ dnh

        # z
        dz = self.z_act.backward(dz)
        self.dWzx = dz @ self.x.T
        self.dbzx = dz[:, 0]
        self.dWzh = dz @ self.hidden.T
        self.dbzh = dz[:, 0]
        dx = dx + self.Wzx.T @ dz
        dh_prev_t = dh_prev_t + self.Wzh.T @ dz

        # r
        dr = self.r_act.backward(dr)
        self.dWrx = dr @ self.x.T
        self.dbrx = dr[:, 0]
        self.dWrh = dr @ self.hidden.T
        self.dbrh = dr[:, 0]
        dx = dx + self.Wrx.T @ dr
        dh_prev_t = dh_prev_t + self.Wrh.T @ dr

        return dx.flatten(), dh_prev_t.flatten()
