import numpy as np


class BatchNorm1d:

    def __init__(self, num_features, alpha=0.9):

        self.alpha = alpha
        self.eps = 1e-8

        self.BW = np.ones((1, num_features))
        self.Bb = np.zeros((1, num_features))
        self.dLdBW = np.zeros((1, num_features))
        self.dLdBb = np.zeros((1, num_features))

        # Running mean and variance, updated during training, used during
        # inference
        self.running_M = np.zeros((1, num_features))
        self.running_V = np.ones((1, num_features))

    def forward(self, Z, eval=False):
        """
        Forward pass for batch normalization.
        :param Z: batch of input data Z (N, num_features).
        :param eval: flag to indicate training or inference mode.
        :return: batch normalized data.
        """
        self.Z = Z
        self.N = Z.shape[0]
        self.M = np.mean(Z, axis=0).reshape(1, -1)
        self.V = np.var(Z, axis=0).reshape(1, -1)

        if eval == False:
            # training mode
            self.NZ = (self.Z - self.M) / np.sqrt(self.V + self.eps)
            self.BZ = self.BW * self.NZ + self.Bb

            self.running_M = self.alpha * self.running_M + (1 - self.alpha) * self.M
            self.running_V = self.alpha * self.running_V + (1 - self.alpha) * self.V
        else:
            # inference mode
            self.NZ = (self.Z - self.running_M) / np.sqrt(self.running_V + self.eps)
            self.BZ = self.BW * self.NZ + self.Bb

        return self.BZ

    def backward(self, dLdBZ):
        """
        Backward pass for batch normalization.
        """
        self.dLdBW = np.sum(dLdBZ * self.NZ, axis=0, keepdims=True)
        self.dLdBb = np.sum(dLdBZ, axis=0, keepdims=True)

        dLdNZ = dLdBZ * self.BW
        dLdV = -0.5 * np.sum(dLdNZ * (self.Z - self.M) * (self.V + self.eps) ** (-3 / 2), axis=0)
        first_term_dmu = -np.sum(dLdNZ * (self.V + self.eps) ** (-1 / 2), axis=0)
        second_term_dmu = -(2 / self.N) * dLdV * np.sum(self.Z - self.M, axis=0)
        dLdM = first_term_dmu + second_term_dmu

        first_term = dLdNZ * (self.V + self.eps) ** (-1 / 2)
        second_term = dLdV * (2 / self.N) * (self.Z - self.M)
        third_term = dLdM / self.N
        dLdZ = first_term + second_term + third_term

        return dLdZ
