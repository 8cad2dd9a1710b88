import numpy as np


class Identity:

    def forward(self, Z):

        self.A = Z

        return self.A

    def backward(self):

        dAdZ = np.ones(self.A.shape, dtype="f")

        return dAdZ


class Sigmoid:

    def forward(self, Z):
        self.A = 1/(1+np.exp(-1*Z))
        return self.A

    def backward(self):
        dAdZ = np.multiply(self.A, 1-self.A)
        return dAdZ


class Tanh:

    def forward(self, Z):
        self.A = np.tanh(Z)
        return self.A

    def backward(self):
        dAdZ = 1 - np.square(self.A)
        return dAdZ


class ReLU:

    def forward(self, Z):
        self.A = np.where(Z>0, Z, 0)
        return self.A

    def backward(self):
        dAdZ = (self.A > 0).astype("f")
        return dAdZ
