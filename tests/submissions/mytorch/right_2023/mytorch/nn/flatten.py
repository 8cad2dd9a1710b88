import numpy as np


class Flatten():

    def forward(self, A):
        """
        Argument:
            A (np.array): (batch_size, in_channels, in_width)
        Return:
            Z (np.array): (batch_size, in_channels * in width)
        """
        self.shape = A.shape
        Z = A.reshape(A.shape[0], -1)

        return Z

    def backward(self, dLdZ):

        dLdA = dLdZ.reshape(self.shape)

        return dLdA
