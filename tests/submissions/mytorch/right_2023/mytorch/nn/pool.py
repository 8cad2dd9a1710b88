import numpy as np
from resampling import *


class MaxPool2d_stride1():

    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, A):
        """
        Argument:
            A (np.array): (batch_size, in_channels, input_width, input_height)
        Return:
            Z (np.array): (batch_size, out_channels, output_width, output_height)
        """
        self.A = A
        N, C, W, H = A.shape
        out_w, out_h = W - self.kernel + 1, H - self.kernel + 1
        Z = np.zeros((N, C, out_w, out_h))
        self.idx = np.zeros((N, C, out_w, out_h), dtype=int)
        for i in range(out_w):
            for j in range(out_h):
                window = A[:, :, i:i + self.kernel, j:j + self.kernel].reshape(N, C, -1)
                self.idx[:, :, i, j] = np.argmax(window, axis=2)
                Z[:, :, i, j] = np.max(window, axis=2)
        return Z

    def backward(self, dLdZ):
        N, C, out_w, out_h = dLdZ.shape
        dLdA = np.zeros(self.A.shape)
        for n in range(N):
            for c in range(C):
                for i in range(out_w):
                    for j in range(out_h):
                        x, y = np.unravel_index(self.idx[n, c, i, j], (self.kernel, self.kernel))
                        dLdA[n, c, i + x, j + y] += dLdZ[n, c, i, j]
        return dLdA


class MeanPool2d_stride1():

    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, A):
        self.A = A
        N, C, W, H = A.shape
        out_w, out_h = W - self.kernel + 1, H - self.kernel + 1
        Z = np.zeros((N, C, out_w, out_h))
        for i in range(out_w):
            for j in range(out_h):
                Z[:, :, i, j] = np.mean(A[:, :, i:i + self.kernel, j:j + self.kernel], axis=(2, 3))
        return Z

    def backward(self, dLdZ):
        dLdA = np.zeros(self.A.shape)
        for i in range(dLdZ.shape[2]):
            for j in range(dLdZ.shape[3]):
                dLdA[:, :, i:i + self.kernel, j:j + self.kernel] += dLdZ[:, :, i:i + 1, j:j + 1] / (self.kernel ** 2)
        return dLdA


class MaxPool2d():

    def __init__(self, kernel, stride):
        self.kernel = kernel
        self.stride = stride

        # Create an instance of MaxPool2d_stride1
        self.maxpool2d_stride1 = MaxPool2d_stride1(kernel)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        Z = self.maxpool2d_stride1.forward(A)
        return self.downsample2d.forward(Z)

    def backward(self, dLdZ):
        dLdZ = self.downsample2d.backward(dLdZ)
        return self.maxpool2d_stride1.backward(dLdZ)


class MeanPool2d():

    def __init__(self, kernel, stride):
        self.kernel = kernel
        self.stride = stride

        # Create an instance of MaxPool2d_stride1
        self.meanpool2d_stride1 = MeanPool2d_stride1(kernel)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        Z = self.meanpool2d_stride1.forward(A)
        return self.downsample2d.forward(Z)

    def backward(self, dLdZ):
        dLdZ = self.downsample2d.backward(dLdZ)
        return self.meanpool2d_stride1.backward(dLdZ)
