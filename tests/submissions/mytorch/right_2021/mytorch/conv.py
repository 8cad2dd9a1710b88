# Do not import any additional 3rd party external libraries as they will not
# be available to AutoLab and are not needed (or allowed)

import numpy as np

class Conv1D():
    def __init__(self, in_channel, out_channel, kernel_size, stride,
                 weight_init_fn=None, bias_init_fn=None):
        # Do not modify this method
        self.in_channel = in_channel
        self.out_channel = out_channel
        self.kernel_size = kernel_size
        self.stride = stride

        if weight_init_fn is None:
            self.W = np.random.normal(0, 1.0, (out_channel, in_channel, kernel_size))
        else:
            self.W = weight_init_fn(out_channel, in_channel, kernel_size)

        if bias_init_fn is None:
            self.b = np.zeros(out_channel)
        else:
            self.b = bias_init_fn(out_channel)

        self.dW = np.zeros(self.W.shape)
        self.db = np.zeros(self.b.shape)

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.x = x
        self.batch_size, __ , self.input_size = x.shape
        self.output_size = (self.input_size - self.kernel_size)//self.stride + 1
        out = np.zeros((self.batch_size, self.out_channel, self.output_size))
        for n in range(self.batch_size):
            for c in range(self.out_channel):
                for i in range(self.output_size):
                    s = i*self.stride
                    out[n, c, i] = np.sum(x[n, :, s:s+self.kernel_size]*self.W[c]) + self.b[c]
        return out

    def backward(self, delta):
        dx = np.zeros(self.x.shape)
        for n in range(self.batch_size):
            for c in range(self.out_channel):
                for i in range(delta.shape[2]):
                    s = i*self.stride
                    dx[n, :, s:s+self.kernel_size] += delta[n, c, i]*self.W[c]
                    self.dW[c] += delta[n, c, i]*self.x[n, :, s:s+self.kernel_size]
        self.db = np.sum(delta, axis=(0, 2))
        return dx

class Conv2D():
    def __init__(self, in_channel, out_channel, kernel_size, stride,
                 weight_init_fn=None, bias_init_fn=None):
        self.in_channel = in_channel
        self.out_channel = out_channel
        self.kernel_size = kernel_size
        self.stride = stride

        if weight_init_fn is None:
            self.W = np.random.normal(0, 1.0, (out_channel, in_channel, kernel_size, kernel_size))
        else:
            self.W = weight_init_fn(out_channel, in_channel, kernel_size, kernel_size)

        if bias_init_fn is None:
            self.b = np.zeros(out_channel)
        else:
            self.b = bias_init_fn(out_channel)

        self.dW = np.zeros(self.W.shape)
        self.db = np.zeros(self.b.shape)

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.x = x
        N, _, H, W = x.shape
        k, s = self.kernel_size, self.stride
        oh, ow = (H - k)//s + 1, (W - k)//s + 1
        out = np.zeros((N, self.out_channel, oh, ow))
        for i in range(oh):
            for j in range(ow):
                patch = x[:, :, i*s:i*s+k, j*s:j*s+k]
                out[:, :, i, j] = np.einsum("ncij,ocij->no", patch, self.W) + self.b
        return out

    def backward(self, delta):
        k, s = self.kernel_size, self.stride
        dx = np.zeros_like(self.x)
        for i in range(delta.shape[2]):
            for j in range(delta.shape[3]):
                d = delta[:, :, i, j]
                patch = self.x[:, :, i*s:i*s+k, j*s:j*s+k]
                self.dW += np.einsum("no,ncij->ocij", d, patch)
                dx[:, :, i*s:i*s+k, j*s:j*s+k] += np.einsum("no,ocij->ncij", d, self.W)
        self.db = delta.sum(axis=3).sum(axis=2).sum(axis=0)
        return dx

class Flatten():
    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.b, self.c, self.w = x.shape
        return x.reshape(self.b, self.c*self.w)

    def backward(self, delta):
        return delta.reshape(self.b, self.c, self.w)
