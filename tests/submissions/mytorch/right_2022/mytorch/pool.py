import numpy as np
from resampling import *

class MaxPool2d_stride1():

    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, A):
        self.A = A
        batch_size, in_channels, input_width, input_height = A.shape
        output_width = input_width - self.kernel + 1
        output_height = input_height - self.kernel + 1
        Z = np.zeros((batch_size, in_channels, output_width, output_height))
        self.max_index = {}
        for b in range(batch_size):
            for c in range(in_channels):
                for w in range(output_width):
                    for h in range(output_height):
                        best = None
                        for i in range(self.kernel):
                            for j in range(self.kernel):
                                if best is None or A[b, c, w+i, h+j] > best:
                                    best = A[b, c, w+i, h+j]
                                    self.max_index[(b, c, w, h)] = (w+i, h+j)
                        Z[b, c, w, h] = best
        return Z

    def backward(self, dLdZ):
        dLdA = np.zeros(self.A.shape)
        for (b, c, w, h), (i, j) in self.max_index.items():
            dLdA[b, c, i, j] += dLdZ[b, c, w, h]
        return dLdA

class MeanPool2d_stride1():

    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, A):
        self.A = A
        windows = np.lib.stride_tricks.sliding_window_view(A, (self.kernel, self.kernel), axis=(2, 3))
        return windows.mean(axis=(4, 5))

    def backward(self, dLdZ):
        k = self.kernel
        dLdZ = np.pad(dLdZ, ((0, 0), (0, 0), (k-1, k-1), (k-1, k-1)))
        windows = np.lib.stride_tricks.sliding_window_view(dLdZ, (k, k), axis=(2, 3))
        return windows.sum(axis=(4, 5)) / k**2

class MaxPool2d():
    def __init__(self, kernel, stride):
        self.kernel = kernel
        self.stride = stride
        self.maxpool2d_stride1 = MaxPool2d_stride1(kernel)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        return self.downsample2d.forward(self.maxpool2d_stride1.forward(A))

    def backward(self, dLdZ):
        return self.maxpool2d_stride1.backward(self.downsample2d.backward(dLdZ))

class MeanPool2d():
    def __init__(self, kernel, stride):
        self.kernel = kernel
        self.stride = stride
        self.meanpool2d_stride1 = MeanPool2d_stride1(kernel)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        return self.downsample2d.forward(self.meanpool2d_stride1.forward(A))

    def backward(self, dLdZ):
        return self.meanpool2d_stride1.backward(self.downsample2d.backward(dLdZ))
