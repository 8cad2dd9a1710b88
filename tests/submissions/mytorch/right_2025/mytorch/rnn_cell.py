import numpy as np
from mytorch.nn.tanh import *


class RNNCell(object):
    """RNN Cell class."""

    def __init__(self, input_size, hidden_size):
        self.input_size = input_size
        self.hidden_size = hidden_size

        # Activation function for
        self.activation = Tanh()

        h = self.hidden_size
        d = self.input_size

        self.W_ih = np.random.randn(h, d)
        self.W_hh = np.random.randn(h, h)
        self.b_ih = np.random.randn(h)
        self.b_hh = np.random.randn(h)

        self.dW_ih = np.zeros((h, d))
        self.dW_hh = np.zeros((h, h))
        self.db_ih = np.zeros(h)
        self.db_hh = np.zeros(h)

    def forward(self, x, h_prev_t):
        z = x @ self.W_ih.T + self.b_ih + h_prev_t @ self.W_hh.T + self.b_hh
        h_t = self.activation.forward(z)
        return h_t

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        batch_size = delta.shape[0]
        # 0) Step backward through the tanh activation function.
        dz = self.activation.backward(delta, state=h_t)

        # 1) Compute the averaged gradients of the weights and biases
        self.dW_ih += np.einsum("bh,bd->hd", dz, h_prev_l) / batch_size
        self.dW_hh += np.einsum("bh,bk->hk", dz, h_prev_t) / batch_size
        self.db_ih += np.mean(dz, axis=0)
        self.db_hh += np.mean(dz, axis=0)

        # 2) Compute dx, dh_prev_t
        dx = dz @ self.W_ih
        dh_prev_t = dz @ self.W_hh

        return dx, dh_prev_t
