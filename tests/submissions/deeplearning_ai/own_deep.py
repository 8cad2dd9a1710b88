"""A network of any depth, from the course, my way."""
import numpy as np


def sigmoid(Z):
    return np.where(Z >= 0, 1 / (1 + np.exp(-np.abs(Z))), np.exp(-np.abs(Z)) / (1 + np.exp(-np.abs(Z)))), Z


def relu(Z):
    return Z * (Z > 0), Z


def relu_backward(dA, cache):
    dZ = np.array(dA, copy=True)
    dZ[cache <= 0] = 0
    return dZ


def sigmoid_backward(dA, cache):
    s = sigmoid(cache)[0]
    return dA * s * (1 - s)


def linear_forward(A, W, b):
    n, m = W.shape[0], A.shape[1]
    Z = np.empty((n, m))
    for i in range(n):
        for j in range(m):
            Z[i, j] = sum(W[i, k] * A[k, j] for k in range(A.shape[0])) + b[i, 0]
    return Z, (A, W, b)


def linear_activation_forward(A_prev, W, b, activation):
    g = {"sigmoid": sigmoid, "relu": relu}[activation]
    Z, lin = linear_forward(A_prev, W, b)
    A, act = g(Z)
    return A, (lin, act)


def L_model_forward(X, parameters):
    L, A, caches = len(parameters) // 2, X, list()
    for l in range(L):
        act = "relu" if l < L - 1 else "sigmoid"
        A, c = linear_activation_forward(A, parameters["W%d" % (l + 1)], parameters["b%d" % (l + 1)], act)
        caches += [c]
    return A, caches


def compute_cost(AL, Y):
    p = AL[0]
    y = Y[0]
    total = 0.
    for i in range(len(y)):
        total -= np.log(p[i]) if y[i] == 1 else np.log(1 - p[i])
    return total / len(y)


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = dZ.shape[1]
    dW = np.einsum("ij,kj->ik", dZ, A_prev) / m
    db = dZ.mean(axis=1).reshape(b.shape)
    return W.T.dot(dZ), dW, db


def linear_activation_backward(dA, cache, activation):
    (lin, Z) = cache
    back = sigmoid_backward if activation == "sigmoid" else relu_backward
    return linear_backward(back(dA, Z), lin)


def L_model_backward(AL, Y, caches):
    grads = dict()
    L = len(caches)
    # the sigmoid and the cost together: dZ is simply AL - Y
    (lin, _) = caches[L - 1]
    dA, grads["dW" + str(L)], grads["db" + str(L)] = linear_backward(AL - Y.reshape(AL.shape), lin)
    for l in range(L - 1, 0, -1):
        dA, grads["dW" + str(l)], grads["db" + str(l)] = linear_activation_backward(dA, caches[l - 1], "relu")
    return grads


def update_parameters(parameters, grads, learning_rate):
    return {k: v - learning_rate * grads["d" + k] for k, v in parameters.items()}
