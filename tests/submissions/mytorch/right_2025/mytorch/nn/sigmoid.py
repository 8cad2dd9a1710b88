import numpy as np


class Sigmoid:
    def forward(self, Z):
        # stable for large |Z|
        pos = Z >= 0
        out = np.empty_like(Z, dtype=float)
        out[pos] = 1 / (1 + np.exp(-Z[pos]))
        e = np.exp(Z[~pos])
        out[~pos] = e / (1 + e)
        self.A = out
        return self.A

    def backward(self, dLdA):
        return dLdA * self.A * (1 - self.A)
