import numpy as np
import math


class Softmax:
    """
    A generic Softmax activation function that can be used for any dimension.
    """
    def __init__(self, dim=-1):
        self.dim = dim

    def forward(self, Z):
        if self.dim > len(Z.shape) or self.dim < -len(Z.shape):
            raise ValueError("Dimension to apply softmax to is greater than the number of dimensions in Z")

        # Apply max trick for numerical stability
        Z_shifted = Z - np.max(Z, axis=self.dim, keepdims=True)
        exp_Z = np.exp(Z_shifted)
        self.A = exp_Z / np.sum(exp_Z, axis=self.dim, keepdims=True)
        return self.A

    def backward(self, dLdA):
        # Get the shape of the input
        shape = self.A.shape
        # Find the dimension along which softmax was applied
        C = shape[self.dim]

        # Reshape input to 2D
        if len(shape) > 2:
            A = np.moveaxis(self.A, self.dim, -1)
            moved_shape = A.shape
            A = A.reshape(-1, C)
            dLdA = np.moveaxis(dLdA, self.dim, -1).reshape(-1, C)
        else:
            A = self.A

        dLdZ = np.zeros_like(A)
        for i in range(A.shape[0]):
            J = np.diag(A[i]) - np.outer(A[i], A[i])
            dLdZ[i] = dLdA[i] @ J

        # Reshape back to original dimensions if necessary
        if len(shape) > 2:
            # Restore shapes to original
            dLdZ = np.moveaxis(dLdZ.reshape(moved_shape), -1, self.dim)

        return dLdZ


class Identity:
    def forward(self, Z):
        self.A = Z
        return self.A

    def backward(self, dLdA):
        return dLdA


class GELU:
    def forward(self, Z):
        self.Z = Z
        self.Phi = np.vectorize(lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2))))(Z)
        self.A = Z * self.Phi
        return self.A

    def backward(self, dLdA):
        phi = np.exp(-np.square(self.Z) / 2) / np.sqrt(2 * np.pi)
        return dLdA * (self.Phi + self.Z * phi)


class Swish:
    def __init__(self, beta=1.0):
        self.beta = beta
        self.dLdbeta = None

    def forward(self, Z):
        self.Z = Z
        self.sig = 1 / (1 + np.exp(-self.beta * Z))
        self.A = Z * self.sig
        return self.A

    def backward(self, dLdA):
        dAdZ = self.sig + self.beta * self.Z * self.sig * (1 - self.sig)
        dLdZ = dLdA * dAdZ
        dAdbeta = self.Z ** 2 * self.sig * (1 - self.sig)
        self.dLdbeta = np.sum(dLdA * dAdbeta)
        return dLdZ
