import numpy as np

class SGD:
    def __init__(self, model, lr=0.1, momentum=0):
        self.l = [layer for layer in model.layers if hasattr(layer, "W")]
        self.lr, self.mu = lr, momentum
        self.v = [(np.zeros_like(l.W), np.zeros_like(l.b)) for l in self.l]

    def step(self):
        for i, layer in enumerate(self.l):
            vW, vb = self.v[i]
            vW *= self.mu
            vW += layer.dLdW
            vb *= self.mu
            vb += layer.dLdb
            layer.W -= self.lr * vW
            layer.b -= self.lr * vb

class Adam:
    def __init__(self, model, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        self.l = model.layers
        self.lr, self.beta1, self.beta2, self.eps, self.t = lr, beta1, beta2, eps, 0
        self.m, self.v = {}, {}

    def update(self, key, grad):
        m = self.m.get(key, 0)
        v = self.v.get(key, 0)
        self.m[key] = self.beta1 * m + (1 - self.beta1) * grad
        self.v[key] = self.beta2 * v + (1 - self.beta2) * grad ** 2
        mhat = self.m[key] / (1 - self.beta1 ** self.t)
        vhat = self.v[key] / (1 - self.beta2 ** self.t)
        return self.lr * mhat / (np.sqrt(vhat) + self.eps)

    def step(self):
        self.t += 1
        for i, layer in enumerate(self.l):
            layer.W -= self.update((i, "W"), layer.dLdW)
            layer.b -= self.update((i, "b"), layer.dLdb)

class AdamW(Adam):
    def __init__(self, model, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        super().__init__(model, lr, beta1, beta2, eps)
        self.weight_decay = weight_decay

    def step(self):
        super().step()
        for layer in self.l:
            layer.W -= layer.W * self.lr * self.weight_decay
            layer.b -= layer.b * self.lr * self.weight_decay
