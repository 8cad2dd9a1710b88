import numpy as np


class SGD:

    def __init__(self, model, lr=0.1, momentum=0):

        self.l   = model.layers
        self.L   = len(model.layers)
        self.lr  = lr
        self.mu  = momentum
        self.v_W = [np.zeros(self.l[i].W.shape, dtype="f") for i in range(self.L)]
        self.v_b = [np.zeros(self.l[i].b.shape, dtype="f") for i in range(self.L)]

    def step(self):

        for i in range(self.L):
            layer = self.l[i]
            self.v_W[i] = self.mu * self.v_W[i] - self.lr * layer.dLdW
            self.v_b[i] = self.mu * self.v_b[i] - self.lr * layer.dLdb
            layer.W += self.v_W[i]
            layer.b += self.v_b[i]
