import numpy as np
from resampling import *


class Conv2d_stride1():
    def __init__(self, in_channels, out_channels,
                 kernel_size, weight_init_fn=None, bias_init_fn=None):

        # Do not modify this method

        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size

        if weight_init_fn is None:
            self.W = np.random.normal(
                0, 1.0, (out_channels, in_channels, kernel_size, kernel_size))
        else:
            self.W = weight_init_fn(
                out_channels,
                in_channels,
                kernel_size,
                kernel_size)

        if bias_init_fn is None:
            self.b = np.zeros(out_channels)
        else:
            self.b = bias_init_fn(out_channels)

        self.dLdW = np.zeros(self.W.shape)
        self.dLdb = np.zeros(self.b.shape)

    def forward(self, A):
        self.A = A
        batch_size, _, H, W = A.shape
        out_h = H - self.kernel_size + 1
        out_w = W - self.kernel_size + 1
        Z = np.zeros((batch_size, self.out_channels, out_h, out_w))
        for i in range(out_h):
            for j in range(out_w):
                Z[:, :, i, j] = np.tensordot(A[:, :, i:i + self.kernel_size, j:j + self.kernel_size], self.W,
                                             axes=([1, 2, 3], [1, 2, 3])) + self.b
        return Z

    def backward(self, dLdZ):
        _, _, out_h, out_w = dLdZ.shape
        for i in range(self.kernel_size):
            for j in range(self.kernel_size):
                self.dLdW[:, :, i, j] = np.tensordot(dLdZ, self.A[:, :, i:i + out_h, j:j + out_w],
                                                     axes=([0, 2, 3], [0, 2, 3]))
        self.dLdb = np.sum(dLdZ, axis=(0, 2, 3))

        p = self.kernel_size - 1
        padded = np.pad(dLdZ, ((0, 0), (0, 0), (p, p), (p, p)))
        flipped = np.flip(np.flip(self.W, axis=2), axis=3)
        dLdA = np.zeros(self.A.shape)
        for i in range(self.A.shape[2]):
            for j in range(self.A.shape[3]):
                dLdA[:, :, i, j] = np.tensordot(padded[:, :, i:i + self.kernel_size, j:j + self.kernel_size], flipped,
                                                axes=([1, 2, 3], [0, 2, 3]))
        return dLdA


class Conv2d():
    def __init__(self, in_channels, out_channels, kernel_size, stride, padding=0,
                 weight_init_fn=None, bias_init_fn=None):
        # Do not modify the variable names
        self.stride = stride
        self.pad = padding

        # Initialize Conv2d() and Downsample2d() isntance
        self.conv2d_stride1 = Conv2d_stride1(in_channels, out_channels, kernel_size, weight_init_fn, bias_init_fn)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        A = np.pad(A, ((0, 0), (0, 0), (self.pad, self.pad), (self.pad, self.pad)), 'constant')
        Z = self.conv2d_stride1.forward(A)
        Z = self.downsample2d.forward(Z)
        return Z

    def backward(self, dLdZ):
        dLdZ = self.downsample2d.backward(dLdZ)
        dLdA = self.conv2d_stride1.backward(dLdZ)
        H, W = dLdA.shape[2], dLdA.shape[3]
        return dLdA[:, :, self.pad:H - self.pad, self.pad:W - self.pad]
