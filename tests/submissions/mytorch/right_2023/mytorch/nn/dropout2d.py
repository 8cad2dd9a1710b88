import numpy as np


class Dropout2d(object):
    def __init__(self, p=0.5):
        # Dropout probability
        self.p = p

    def __call__(self, *inputs, **kwargs):
        return self.forward(*inputs, **kwargs)

    def forward(self, x, eval=False):
        """
        Arguments:
          x (np.array): (batch_size, in_channel, input_width, input_height)
          eval (boolean): whether the model is in evaluation mode
        """
        # 1) Get and apply a per-channel mask generated from np.random.binomial
        # 2) Scale your output accordingly
        # 3) During test time, you should not apply any mask or scaling.
        if eval:
            return x
        self.mask = np.random.binomial(1, 1 - self.p, size=(x.shape[0], x.shape[1]))
        out = np.zeros(x.shape)
        for n in range(x.shape[0]):
            for c in range(x.shape[1]):
                out[n, c] = x[n, c] * self.mask[n, c]
        return out / (1 - self.p)

    def backward(self, delta):
        # 1) This method is only called during training.
        # 2) You should scale the result by chain rule
        dx = delta.copy()
        for n in range(delta.shape[0]):
            for c in range(delta.shape[1]):
                dx[n, c] *= self.mask[n, c]
        return dx / (1 - self.p)
