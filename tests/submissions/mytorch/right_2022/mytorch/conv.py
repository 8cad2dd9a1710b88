# Do not import any additional 3rd party external libraries as they will not
# be available to AutoLab and are not needed (or allowed)

import numpy as np
import sys
sys.path.append('mytorch')
from resampling import *

class Conv1d_stride1():
    def __init__(self, in_channels, out_channels, kernel_size,
                 weight_init_fn=None, bias_init_fn=None):
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size

        if weight_init_fn is None:
            self.W = np.random.normal(0, 1.0, (out_channels, in_channels, kernel_size))
        else:
            self.W = weight_init_fn(out_channels, in_channels, kernel_size)

        if bias_init_fn is None:
            self.b = np.zeros(out_channels)
        else:
            self.b = bias_init_fn(out_channels)

        self.dLdW = np.zeros(self.W.shape)
        self.dLdb = np.zeros(self.b.shape)

    def forward(self, A):
        self.A = A
        batch_size, in_channels, input_size = A.shape
        output_size = input_size - self.kernel_size + 1
        Z = np.zeros((batch_size, self.out_channels, output_size))
        for n in range(batch_size):
            for o in range(self.out_channels):
                for i in range(output_size):
                    segment = A[n, :, i:i+self.kernel_size]
                    Z[n, o, i] = np.sum(segment * self.W[o]) + self.b[o]
        return Z

    def backward(self, dLdZ):
        batch_size, out_channels, output_size = dLdZ.shape
        dLdA = np.zeros(self.A.shape)
        self.dLdW = np.zeros(self.W.shape)
        self.dLdb = np.zeros(self.b.shape)
        for n in range(batch_size):
            for o in range(out_channels):
                for i in range(output_size):
                    dLdA[n, :, i:i+self.kernel_size] += self.W[o] * dLdZ[n, o, i]
                    self.dLdW[o] += self.A[n, :, i:i+self.kernel_size] * dLdZ[n, o, i]
                    self.dLdb[o] += dLdZ[n, o, i]
        return dLdA

class Conv1d():
    def __init__(self, in_channels, out_channels, kernel_size, stride,
                 weight_init_fn=None, bias_init_fn=None):
        self.stride = stride
        self.conv1d_stride1 = Conv1d_stride1(in_channels, out_channels, kernel_size, weight_init_fn, bias_init_fn)
        self.downsample1d = Downsample1d(stride)

    def forward(self, A):
        Z = self.conv1d_stride1.forward(A)
        Z = self.downsample1d.forward(Z)
        return Z

    def backward(self, dLdZ):
        delta = self.downsample1d.backward(dLdZ)
        dLdA = self.conv1d_stride1.backward(delta)
        return dLdA

class Conv2d_stride1():
    def __init__(self, in_channels, out_channels, kernel_size, weight_init_fn=None, bias_init_fn=None):
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size

        if weight_init_fn is None:
            self.W = np.random.normal(0, 1.0, (out_channels, in_channels, kernel_size, kernel_size))
        else:
            self.W = weight_init_fn(out_channels, in_channels, kernel_size, kernel_size)

        if bias_init_fn is None:
            self.b = np.zeros(out_channels)
        else:
            self.b = bias_init_fn(out_channels)

        self.dLdW = np.zeros(self.W.shape)
        self.dLdb = np.zeros(self.b.shape)

    def forward(self, A):
        self.A = A
        view = np.lib.stride_tricks.sliding_window_view(A, (self.kernel_size, self.kernel_size), axis=(2, 3))
        Z = np.einsum('nchwij,ocij->nohw', view, self.W)
        return Z + self.b[None, :, None, None]

    def backward(self, dLdZ):
        k = self.kernel_size
        view = np.lib.stride_tricks.sliding_window_view(self.A, (k, k), axis=(2, 3))
        self.dLdW = np.einsum('nchwij,nohw->ocij', view, dLdZ)
        self.dLdb = np.einsum('nohw->o', dLdZ)
        pad = np.pad(dLdZ, [(0, 0), (0, 0), (k - 1, k - 1), (k - 1, k - 1)])
        view = np.lib.stride_tricks.sliding_window_view(pad, (k, k), axis=(2, 3))
        return np.einsum('nohwij,ocij->nchw', view, self.W[:, :, ::-1, ::-1])

class Conv2d():
    def __init__(self, in_channels, out_channels, kernel_size, stride, weight_init_fn=None, bias_init_fn=None):
        self.stride = stride
        self.conv2d_stride1 = Conv2d_stride1(in_channels, out_channels, kernel_size, weight_init_fn, bias_init_fn)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        return self.downsample2d.forward(self.conv2d_stride1.forward(A))

    def backward(self, dLdZ):
        return self.conv2d_stride1.backward(self.downsample2d.backward(dLdZ))

class ConvTranspose1d():
    def __init__(self, in_channels, out_channels, kernel_size, upsampling_factor,
                 weight_init_fn=None, bias_init_fn=None):
        self.upsampling_factor = upsampling_factor
        self.upsample1d = Upsample1d(upsampling_factor)
        self.conv1d_stride1 = Conv1d_stride1(in_channels, out_channels, kernel_size, weight_init_fn, bias_init_fn)

    def forward(self, A):
        A_upsampled = self.upsample1d.forward(A)
        Z = self.conv1d_stride1.forward(A_upsampled)
        return Z

    def backward(self, dLdZ):
        delta_out = self.conv1d_stride1.backward(dLdZ)
        dLdA = self.upsample1d.backward(delta_out)
        return dLdA

class ConvTranspose2d():
    def __init__(self, in_channels, out_channels, kernel_size, upsampling_factor,
                 weight_init_fn=None, bias_init_fn=None):
        self.upsampling_factor = upsampling_factor
        self.conv2d_stride1 = Conv2d_stride1(in_channels, out_channels, kernel_size, weight_init_fn, bias_init_fn)
        self.upsample2d = Upsample2d(upsampling_factor)

    def forward(self, A):
        return self.conv2d_stride1.forward(self.upsample2d.forward(A))

    def backward(self, dLdZ):
        return self.upsample2d.backward(self.conv2d_stride1.backward(dLdZ))

class Flatten():

    def forward(self, A):
        self.batch, self.channels, self.width = A.shape[0], A.shape[1], A.shape[2:]
        return np.reshape(A, (A.shape[0], -1))

    def backward(self, dLdZ):
        return np.reshape(dLdZ, (self.batch, self.channels) + self.width)
