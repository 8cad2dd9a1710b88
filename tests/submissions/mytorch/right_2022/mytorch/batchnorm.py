import numpy as np


class BatchNorm1d:

    def __init__(self, num_features, alpha=0.9):

        self.alpha     = alpha
        self.eps       = 1e-8

        self.Z         = None
        self.NZ        = None
        self.BZ        = None

        self.BW        = np.ones((1, num_features))
        self.Bb        = np.zeros((1, num_features))
        self.dLdBW     = np.zeros((1, num_features))
        self.dLdBb     = np.zeros((1, num_features))

        self.M         = np.zeros((1, num_features))
        self.V         = np.ones((1, num_features))

        # inference parameters
        self.running_M = np.zeros((1, num_features))
        self.running_V = np.ones((1, num_features))

    def __call__(self, Z, eval=False):
        return self.forward(Z, eval)

    def forward(self, Z, eval=False):

        if eval:
            NZ = (Z - self.running_M) / np.sqrt(self.running_V + self.eps)
            return np.multiply(self.BW, NZ) + self.Bb

        self.Z         = Z
        self.N         = self.Z.shape[0]

        ones = np.ones((self.N, 1))
        self.M         = (ones.T @ Z) / self.N
        self.V         = ones.T @ ((Z - ones @ self.M) ** 2) / self.N
        self.NZ        = (Z - ones @ self.M) / np.sqrt(ones @ (self.V + self.eps))
        self.BZ        = (ones @ self.BW) * self.NZ + ones @ self.Bb

        self.running_M = self.alpha * self.running_M + (1 - self.alpha) * self.M
        self.running_V = self.alpha * self.running_V + (1 - self.alpha) * self.V

        return self.BZ

    def backward(self, dLdBZ):

        self.dLdBW  = np.sum(dLdBZ * self.NZ, axis=0)
        self.dLdBb  = np.sum(dLdBZ, axis=0)

        inv_std = 1. / np.sqrt(self.V + self.eps)
        dLdNZ       = dLdBZ * self.BW
        dLdV        = np.sum(dLdNZ * (self.Z - self.M) * -0.5 * inv_std ** 3, axis=0)
        dLdM        = np.sum(dLdNZ * -inv_std, axis=0) + dLdV * np.mean(-2. * (self.Z - self.M), axis=0)

        dLdZ        = (dLdNZ * inv_std) + (dLdV * 2 * (self.Z - self.M) / self.N) + (dLdM / self.N)

        return dLdZ
