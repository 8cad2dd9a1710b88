import numpy as np
from mytorch.nn.activation import *


class RNNCell(object):
    """RNN Cell class."""

    def __init__(self, input_size, hidden_size):
        self.input_size = input_size
        self.hidden_size = hidden_size

        # Activation function for
        self.activation = Tanh()

        # hidden dimension and input dimension
        h = self.hidden_size
        d = self.input_size

        # Weights and biases
        self.W_ih = np.random.randn(h, d)
        self.W_hh = np.random.randn(h, h)
        self.b_ih = np.random.randn(h)
        self.b_hh = np.random.randn(h)

        # Gradients
        self.dW_ih = np.zeros((h, d))
        self.dW_hh = np.zeros((h, h))

        self.db_ih = np.zeros(h)
        self.db_hh = np.zeros(h)

    def forward(self, x, h_prev_t):
        """
        RNN Cell forward (single time step).
        """
        z1 = np.matmul(x, self.W_ih.T) + self.b_ih
        z2 = np.matmul(h_prev_t, self.W_hh.T) + self.b_hh
        return self.activation.forward(z1 + z2)

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        """
        RNN Cell backward (single time step).
        """
        batch_size = delta.shape[0]
        # 0) Done! Step backward through the tanh activation function.
        dz = self.activation.backward(delta, state=h_t)

        for n in range(batch_size):
            # 1) Compute the averaged gradients of the weights and biases
            self.dW_ih += np.outer(dz[n], h_prev_l[n]) / batch_size
            self.dW_hh += np.outer(dz[n], h_prev_t[n]) / batch_size
            self.db_ih += dz[n] / batch_size
            self.db_hh += dz[n] / batch_size

        # 2) Compute dx, dh_prev_t
        dx = (self.W_ih.T @ dz.T).T
        dh_prev_t = (self.W_hh.T @ dz.T).T

        # 3) Return dx, dh_prev_t
        return dx, dh_prev_t
