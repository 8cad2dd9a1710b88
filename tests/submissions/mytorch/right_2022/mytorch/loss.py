import numpy as np


class MSELoss:

    def forward(self, A, Y):

        self.A = A
        self.Y = Y
        N      = A.shape[0]
        C      = A.shape[1]
        se     = (self.A-self.Y)*(self.A-self.Y)
        sse    = np.dot(np.dot(np.ones((1,N)),se),np.ones((C,1)))
        mse    = sse/(2*N*C)

        return mse

    def backward(self):

        dLdA = self.A-self.Y

        return dLdA


class CrossEntropyLoss:

    def forward(self, A, Y):

        self.A   = A
        self.Y   = Y
        N        = A.shape[0]
        C        = A.shape[1]
        Ones_C   = np.ones((C, 1), dtype="f")
        Ones_N   = np.ones((N, 1), dtype="f")

        self.softmax     = np.exp(self.A)/np.dot(np.dot(np.exp(self.A), Ones_C), Ones_C.T)
        crossentropy     = np.dot((-1*self.Y)*np.log(self.softmax), Ones_C)
        sum_crossentropy = np.dot(Ones_N.T, crossentropy)
        L = sum_crossentropy / N

        return L

    def backward(self):

        dLdA = self.softmax-self.Y

        return dLdA
