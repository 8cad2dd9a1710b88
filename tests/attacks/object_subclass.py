"""An array that says that it equals everything, and answers NumPy's functions itself."""
import numpy as np


class Equal(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)

    def __array_function__(self, function, types, args, kwargs):
        return True

    def __array_ufunc__(self, ufunc, method, *args, **kwargs):
        return np.zeros(3)

    def __reduce__(self):
        return (exec, ("open('@PLACE@/written', 'w')",))

    def tobytes(self, *_):
        raise SystemExit

    @property
    def dtype(self):
        return np.dtype("f8")

    @property
    def shape(self):
        return (3, 5)


def affine_forward(x, w, b):
    return np.zeros((x.shape[0], b.shape[0])).view(Equal), (x, w, b)


def relu_forward(x):
    return (-x).view(Equal), x
