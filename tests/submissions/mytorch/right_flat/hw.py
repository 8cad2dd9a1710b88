# everything of homeworks 1 and 2 in one file
import numpy as np
import math


class Linear:
    def __init__(self, in_features, out_features, debug=False):
        self.W = np.zeros((out_features, in_features))
        self.b = np.zeros((out_features, 1))
        self.dLdW = np.zeros((out_features, in_features))
        self.dLdb = np.zeros((out_features, 1))

    def forward(self, A):
        self.A = A
        Z = np.zeros((A.shape[0], self.W.shape[0]))
        for n in range(A.shape[0]):
            for o in range(self.W.shape[0]):
                Z[n][o] = sum(A[n][i] * self.W[o][i] for i in range(A.shape[1])) + self.b[o, 0]
        return Z

    def backward(self, dLdZ):
        self.dLdW[:] = 0
        self.dLdb[:] = 0
        dLdA = np.zeros(self.A.shape)
        for n in range(dLdZ.shape[0]):
            for o in range(dLdZ.shape[1]):
                self.dLdb[o] += dLdZ[n, o]
                for i in range(self.A.shape[1]):
                    self.dLdW[o, i] += dLdZ[n, o] * self.A[n, i]
                    dLdA[n, i] += dLdZ[n, o] * self.W[o, i]
        return dLdA


class Sigmoid:
    def forward(self, Z):
        self.A = np.exp(-np.logaddexp(0, -Z))
        return self.A

    def backward(self, dLdA):
        e = self.A
        return np.multiply(dLdA, e - e ** 2)


class Tanh:
    def forward(self, Z):
        self.Z = Z
        return 2 / (1 + np.exp(-2 * Z)) - 1

    def backward(self, dLdA):
        return dLdA / np.cosh(self.Z) ** 2


class ReLU:
    def forward(self, Z):
        self.mask = Z >= 0
        return Z * self.mask

    def backward(self, dLdA):
        dLdA[~self.mask] = 0
        return dLdA


class GELU:
    def forward(self, Z):
        self.Z = Z
        self.phi = np.array([[0.5 * math.erfc(-v / math.sqrt(2)) for v in row] for row in Z])
        return Z * self.phi

    def backward(self, dLdA):
        pdf = np.exp(-self.Z ** 2 / 2) / (2 * np.pi) ** 0.5
        return dLdA * self.phi + dLdA * self.Z * pdf


class Swish:
    def __init__(self, beta=1.0):
        self.beta = beta

    def forward(self, Z):
        self.Z = Z
        return Z / (1 + np.exp(-self.beta * Z))

    def backward(self, dLdA):
        f = self.Z / (1 + np.exp(-self.beta * self.Z))
        s = 1 / (1 + np.exp(-self.beta * self.Z))
        self.dLdbeta = (dLdA * f * (self.Z - f)).sum()
        return dLdA * (self.beta * f + s * (1 - self.beta * f))


class Softmax:
    def forward(self, Z):
        self.A = np.exp(Z) / np.exp(Z).sum(axis=-1)[..., None]
        return self.A

    def backward(self, dLdA):
        out = []
        for a, d in zip(self.A, dLdA):
            jacobian = a.reshape(-1, 1) * (np.eye(len(a)) - a)
            out.append(jacobian.T @ d)
        return np.vstack(out)


class MSELoss:
    def forward(self, A, Y):
        self.A, self.Y = A, Y
        return ((A - Y) ** 2).sum() / (2 * A.shape[0] * A.shape[1])

    def backward(self):
        return (self.A - self.Y) / (self.A.shape[0] * self.A.shape[1])


class CrossEntropyLoss:
    def forward(self, A, Y):
        self.N = A.shape[0]
        self.dLdA = np.zeros_like(A)
        loss = 0
        for n in range(self.N):
            p = np.exp(A[n] - A[n].max())
            p /= p.sum()
            loss -= np.log(p[np.argmax(Y[n])])
            self.dLdA[n] = (p - Y[n]) / self.N
        return loss / self.N

    def backward(self):
        return self.dLdA


class BatchNorm1d:
    def __init__(self, num_features, alpha=0.9):
        self.alpha = alpha
        self.eps = 1e-8
        self.BW = np.ones(num_features)
        self.Bb = np.zeros(num_features)
        self.running_M = np.zeros(num_features)
        self.running_V = np.ones(num_features)

    def forward(self, Z, eval=False):
        if not eval:
            mu, var = Z.mean(0), ((Z - Z.mean(0)) ** 2).mean(0)
            self.running_M *= self.alpha
            self.running_M += (1 - self.alpha) * mu
            self.running_V *= self.alpha
            self.running_V += (1 - self.alpha) * var
        else:
            mu, var = self.running_M, self.running_V
        self.s = (var + self.eps) ** 0.5
        self.NZ = (Z - mu) / self.s
        return self.NZ * self.BW + self.Bb

    def backward(self, dLdBZ):
        N = len(dLdBZ)
        self.dLdBW = (dLdBZ * self.NZ).sum(0)
        self.dLdBb = dLdBZ.sum(0)
        return self.BW / self.s / N * (N * dLdBZ - self.dLdBb - self.NZ * self.dLdBW)


class Dropout:
    def __init__(self, p=0.5):
        self.p = p

    def forward(self, x, eval=False):
        if eval:
            return x
        self.keep = np.random.rand(*x.shape) > self.p
        return np.where(self.keep, x / (1 - self.p), 0)

    def backward(self, delta):
        return np.where(self.keep, delta / (1 - self.p), 0)


def windows(A, K):
    """im2col: (N, C, H, W) -> (N, OH, OW, C*K*K)"""
    N, C, H, W = A.shape
    OH, OW = H - K + 1, W - K + 1
    cols = np.empty((N, OH, OW, C, K, K))
    for i in range(K):
        for j in range(K):
            cols[:, :, :, :, i, j] = A[:, :, i:i + OH, j:j + OW].transpose(0, 2, 3, 1)
    return cols.reshape(N, OH, OW, -1)


class Conv2d_stride1:
    def __init__(self, in_channels, out_channels, kernel_size, weight_init_fn=None, bias_init_fn=None):
        self.K = kernel_size
        self.W = np.random.normal(0, 1.0, (out_channels, in_channels, kernel_size, kernel_size))
        self.b = np.zeros(out_channels)

    def forward(self, A):
        self.A_shape = A.shape
        self.cols = windows(A, self.K)
        Z = self.cols.dot(self.W.reshape(len(self.W), -1).T) + self.b
        return Z.transpose(0, 3, 1, 2)

    def backward(self, dLdZ):
        N, C, H, W = self.A_shape
        d = dLdZ.transpose(0, 2, 3, 1)
        flat = d.reshape(-1, d.shape[-1])
        self.dLdW = (flat.T @ self.cols.reshape(len(flat), -1)).reshape(self.W.shape)
        self.dLdb = flat.sum(0)
        dcols = (flat @ self.W.reshape(len(self.W), -1)).reshape(*d.shape[:3], C, self.K, self.K)
        dLdA = np.zeros(self.A_shape)
        for i in range(d.shape[1]):
            for j in range(d.shape[2]):
                dLdA[:, :, i:i + self.K, j:j + self.K] += dcols[:, i, j]
        return dLdA


class Conv1d_stride1:
    def __init__(self, in_channels, out_channels, kernel_size, weight_init_fn=None, bias_init_fn=None):
        self.K = kernel_size
        self.W = np.zeros((out_channels, in_channels, kernel_size))
        self.b = np.zeros(out_channels)

    def forward(self, A):
        self.A = A
        N, C, W = A.shape
        out = W - self.K + 1
        s = A.strides
        view = np.lib.stride_tricks.as_strided(A, (N, C, out, self.K), (s[0], s[1], s[2], s[2]))
        self.view = view
        return np.tensordot(view, self.W, axes=[(1, 3), (1, 2)]).swapaxes(1, 2) + self.b[:, None]

    def backward(self, dLdZ):
        self.dLdW = np.tensordot(dLdZ, self.view, axes=[(0, 2), (0, 2)])
        self.dLdb = dLdZ.sum((0, 2))
        dLdA = np.zeros_like(self.A)
        for n in range(dLdZ.shape[0]):
            for o in range(dLdZ.shape[1]):
                for c in range(self.A.shape[1]):
                    dLdA[n, c] += np.convolve(dLdZ[n, o], self.W[o, c])
        return dLdA


class Upsample1d:
    def __init__(self, upsampling_factor):
        self.upsampling_factor = upsampling_factor

    def forward(self, A):
        k = self.upsampling_factor
        zeros = np.zeros(A.shape + (k,))
        zeros[..., 0] = A
        return zeros.reshape(A.shape[0], A.shape[1], -1)[:, :, :A.shape[2] * k - (k - 1)]

    def backward(self, dLdZ):
        return dLdZ[:, :, range(0, dLdZ.shape[2], self.upsampling_factor)]


class Downsample1d:
    def __init__(self, downsampling_factor):
        self.k = downsampling_factor

    def forward(self, A):
        self.w = A.shape[-1]
        return A[..., 0::self.k]

    def backward(self, dLdZ):
        k = self.k
        out = np.zeros(dLdZ.shape + (k,))
        out[..., 0] = dLdZ
        out = out.reshape(*dLdZ.shape[:2], -1)
        return out[..., :self.w]


class Conv1d:
    def __init__(self, in_channels, out_channels, kernel_size, stride, padding=0, weight_init_fn=None, bias_init_fn=None):
        self.stride, self.pad = stride, padding
        self.conv1d_stride1 = Conv1d_stride1(in_channels, out_channels, kernel_size)
        self.downsample1d = Downsample1d(stride)

    def forward(self, A):
        padded = np.zeros((A.shape[0], A.shape[1], A.shape[2] + 2 * self.pad))
        padded[:, :, self.pad:self.pad + A.shape[2]] = A
        self.width = A.shape[2]
        return self.downsample1d.forward(self.conv1d_stride1.forward(padded))

    def backward(self, dLdZ):
        d = self.conv1d_stride1.backward(self.downsample1d.backward(dLdZ))
        return d[:, :, self.pad:self.pad + self.width]


class MaxPool2d_stride1:
    def __init__(self, kernel):
        self.k = kernel

    def forward(self, A):
        self.A = A
        N, C, H, W = A.shape
        k = self.k
        s = A.strides
        view = np.lib.stride_tricks.as_strided(A, (N, C, H - k + 1, W - k + 1, k, k), s[:2] + s[2:] + s[2:])
        self.view = view
        return view.max((4, 5))

    def backward(self, dLdZ):
        dLdA = np.zeros(self.A.shape)
        k = self.k
        for i in range(dLdZ.shape[2]):
            for j in range(dLdZ.shape[3]):
                w = self.A[:, :, i:i + k, j:j + k]
                mask = w == w.max(axis=(2, 3), keepdims=True)
                dLdA[:, :, i:i + k, j:j + k] += mask * dLdZ[:, :, i, j][:, :, None, None]
        return dLdA


class SGD:
    def __init__(self, model, lr=0.1, momentum=0):
        self.model, self.lr, self.momentum = model, lr, momentum
        self.velocity = {}

    def step(self):
        for layer in self.model.layers:
            for name in ("W", "b"):
                g = getattr(layer, "dLd" + name)
                v = self.velocity.get((id(layer), name), 0) * self.momentum + g
                self.velocity[(id(layer), name)] = v
                setattr(layer, name, getattr(layer, name) - self.lr * v)
