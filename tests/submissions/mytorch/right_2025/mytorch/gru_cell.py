import numpy as np
from mytorch.nn.activation import *
from mytorch.nn.sigmoid import Sigmoid
from mytorch.nn.tanh import Tanh


class GRUCell(object):
    """GRU Cell class."""

    def __init__(self, input_size, hidden_size):
        self.d = input_size
        self.h = hidden_size
        h = self.h
        d = self.d
        self.x_t = 0

        for g in ["r", "z", "n"]:
            setattr(self, "W%sx" % g, np.random.randn(h, d))
            setattr(self, "W%sh" % g, np.random.randn(h, h))
            setattr(self, "b%sx" % g, np.random.randn(h))
            setattr(self, "b%sh" % g, np.random.randn(h))

        self.r_act = Sigmoid()
        self.z_act = Sigmoid()
        self.h_act = Tanh()

    def forward(self, x, h_prev_t):
        self.x = x
        self.hidden = h_prev_t

        self.r = self.r_act.forward(np.dot(self.Wrx, x) + self.brx + np.dot(self.Wrh, h_prev_t) + self.brh)
        self.z = self.z_act.forward(np.dot(self.Wzx, x) + self.bzx + np.dot(self.Wzh, h_prev_t) + self.bzh)
        self.hn = np.dot(self.Wnh, h_prev_t) + self.bnh
        self.n = self.h_act.forward(np.dot(self.Wnx, x) + self.bnx + self.r * self.hn)
        h_t = (1 - self.z) * self.n + self.z * h_prev_t

        return h_t

    def backward(self, delta):
        dz = delta * (self.hidden - self.n)
        dn = delta * (1 - self.z)
        dh = delta * self.z

        da_n = self.h_act.backward(dn)
        self.dWnx = np.outer(da_n, self.x)
        self.dbnx = da_n
        dr = da_n * self.hn
        dhn = da_n * self.r
        self.dWnh = np.outer(dhn, self.hidden)
        self.dbnh = dhn

        da_z = self.z_act.backward(dz)
        self.dWzx = np.outer(da_z, self.x)
        self.dWzh = np.outer(da_z, self.hidden)
        self.dbzx = da_z
        self.dbzh = da_z

        da_r = self.r_act.backward(dr)
        self.dWrx = np.outer(da_r, self.x)
        self.dWrh = np.outer(da_r, self.hidden)
        self.dbrx = da_r
        self.dbrh = da_r

        dx = self.Wnx.T @ da_n + self.Wzx.T @ da_z + self.Wrx.T @ da_r
        dh_prev_t = dh + self.Wnh.T @ dhn + self.Wzh.T @ da_z + self.Wrh.T @ da_r
        return dx, dh_prev_t
