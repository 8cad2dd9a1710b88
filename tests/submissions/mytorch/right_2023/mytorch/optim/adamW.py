import numpy as np


class AdamW():
    def __init__(self, model, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):

        self.l = model.layers[::2]
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.t = 0
        self.weight_decay = weight_decay

        self.m_W = [np.zeros(l.W.shape) for l in model.layers[::2]]
        self.v_W = [np.zeros(l.W.shape) for l in model.layers[::2]]

        self.m_b = [np.zeros(l.b.shape) for l in model.layers[::2]]
        self.v_b = [np.zeros(l.b.shape) for l in model.layers[::2]]

    def step(self):

        self.t += 1
        for layer_id, layer in enumerate(self.l):

            # calculate updates for weight
            layer.W = layer.W - layer.W * self.lr * self.weight_decay
            self.m_W[layer_id] = self.beta1 * self.m_W[layer_id] + (1 - self.beta1) * layer.dLdW
            self.v_W[layer_id] = self.beta2 * self.v_W[layer_id] + (1 - self.beta2) * np.square(layer.dLdW)
            mhat_W = self.m_W[layer_id] / (1 - self.beta1 ** self.t)
            vhat_W = self.v_W[layer_id] / (1 - self.beta2 ** self.t)
            layer.W = layer.W - self.lr * mhat_W / np.add(np.sqrt(vhat_W), self.eps)

            # calculate updates for bias
            layer.b = layer.b - layer.b * self.lr * self.weight_decay
            self.m_b[layer_id] = self.beta1 * self.m_b[layer_id] + (1 - self.beta1) * layer.dLdb
            self.v_b[layer_id] = self.beta2 * self.v_b[layer_id] + (1 - self.beta2) * np.square(layer.dLdb)
            mhat_b = self.m_b[layer_id] / (1 - self.beta1 ** self.t)
            vhat_b = self.v_b[layer_id] / (1 - self.beta2 ** self.t)
            layer.b = layer.b - self.lr * mhat_b / (np.sqrt(vhat_b) + self.eps)

        return None
