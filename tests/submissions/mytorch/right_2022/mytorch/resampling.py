import numpy as np

class Upsample1d():

    def __init__(self, upsampling_factor):
        self.upsampling_factor = upsampling_factor

    def forward(self, A):
        N, C, W = A.shape
        k = self.upsampling_factor
        Z = np.zeros((N, C, W * k - (k - 1)))
        for n in range(N):
            for c in range(C):
                for w in range(W):
                    Z[n, c, w * k] = A[n, c, w]
        return Z

    def backward(self, dLdZ):
        N, C, W = dLdZ.shape
        k = self.upsampling_factor
        dLdA = np.zeros((N, C, (W - 1) // k + 1))
        for i in range(dLdA.shape[2]):
            dLdA[:, :, i] = dLdZ[:, :, i * k]
        return dLdA

class Downsample1d():

    def __init__(self, downsampling_factor):
        self.downsampling_factor = downsampling_factor

    def forward(self, A):
        self.A = A
        idx = np.arange(0, A.shape[2], self.downsampling_factor)
        return A[:, :, idx]

    def backward(self, dLdZ):
        dLdA = np.zeros_like(self.A)
        for i in range(dLdZ.shape[2]):
            dLdA[:, :, i * self.downsampling_factor] = dLdZ[:, :, i]
        return dLdA

class Upsample2d():

    def __init__(self, upsampling_factor):
        self.upsampling_factor = upsampling_factor

    def forward(self, A):
        batch_size, in_channels, input_width, input_height = A.shape
        k = self.upsampling_factor
        Z = np.zeros((batch_size, in_channels, k * (input_width - 1) + 1, k * (input_height - 1) + 1))
        for i in range(input_width):
            for j in range(input_height):
                Z[:, :, i * k, j * k] = A[:, :, i, j]
        return Z

    def backward(self, dLdZ):
        k = self.upsampling_factor
        return dLdZ[:, :, 0::k, 0::k]

class Downsample2d():

    def __init__(self, downsampling_factor):
        self.downsampling_factor = downsampling_factor

    def forward(self, A):
        self.shape = A.shape
        return A[:, :, 0::self.downsampling_factor, 0::self.downsampling_factor]

    def backward(self, dLdZ):
        dLdA = np.zeros(self.shape)
        for i in range(dLdZ.shape[2]):
            for j in range(dLdZ.shape[3]):
                dLdA[:, :, i * self.downsampling_factor, j * self.downsampling_factor] = dLdZ[:, :, i, j]
        return dLdA
