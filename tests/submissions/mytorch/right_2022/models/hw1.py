import numpy as np

from mytorch.linear     import Linear
from mytorch.activation import ReLU


class MLP0:

    def __init__(self, debug = False):

        self.layers = [ Linear(2, 3) ]
        self.f      = [ ReLU() ]

        self.debug = debug

    def forward(self, A0):

        Z0 = self.layers[0].forward(A0)
        A1 = self.f[0].forward(Z0)

        if self.debug:

            self.Z0 = Z0
            self.A1 = A1

        return A1

    def backward(self, dLdA1):

        dA1dZ0 = self.f[0].backward()
        dLdZ0  = dLdA1 * dA1dZ0
        dLdA0  = self.layers[0].backward(dLdZ0)

        if self.debug:

            self.dA1dZ0 = dA1dZ0
            self.dLdZ0  = dLdZ0
            self.dLdA0  = dLdA0

        return NotImplemented


class MLP1:

    def __init__(self, debug = False):

        self.layers = [ Linear(2, 3), Linear(3, 2) ]
        self.f      = [ ReLU(), ReLU() ]
        self.debug = debug

    def forward(self, A0):

        Z0 = self.layers[0].forward(A0)
        A1 = self.f[0].forward(Z0)

        Z1 = self.layers[1].forward(A1)
        A2 = self.f[1].forward(Z1)

        return A2

    def backward(self, dLdA2):

        dA2dZ1 = self.f[1].backward()
        dLdZ1  = dLdA2 * dA2dZ1
        dLdA1  = self.layers[1].backward(dLdZ1)

        dA1dZ0 = self.f[0].backward()
        dLdZ0  = dLdA1 * dA1dZ0
        dLdA0  = self.layers[0].backward(dLdZ0)

        return NotImplemented


class MLP4:
    def __init__(self, debug=False):

        # Hidden Layers
        self.layers = [
            Linear(2, 4),
            Linear(4, 8),
            Linear(8, 8),
            Linear(8, 4),
            Linear(4, 2)]

        # Activations
        self.f = [
            ReLU(),
            ReLU(),
            ReLU(),
            ReLU(),
            ReLU()]

        self.debug = debug

    def forward(self, A):

        L = len(self.layers)

        for i in range(L):

            Z = self.layers[i].forward(A)
            A = self.f[i].forward(Z)

        return A

    def backward(self, dLdA):

        L = len(self.layers)

        for i in reversed(range(L)):

            dAdZ = self.f[i].backward()
            dLdZ = dLdA * dAdZ
            dLdA = self.layers[i].backward(dLdZ)

        return NotImplemented
