import numpy as np
from math import log


def sigmoid(z):
    e = np.exp(z)
    return e / (e + 1)


def sigmoid_derivative(x):
    e = np.exp(-x)
    return e / (1 + e) ** 2


def softmax(x):
    e = np.exp(x - x.max(axis=1)[:, None])
    return e / e.sum(1)[:, None]


def propagate(w, b, X, Y):
    n, m = X.shape
    dw, db, J = np.zeros((n, 1)), 0, 0
    for i in range(m):
        z = b
        for j in range(n):
            z += w[j, 0] * X[j, i]
        a = 1 / (1 + np.exp(-z))
        y = Y[0, i]
        J += -(y * log(a) + (1 - y) * log(1 - a))
        for j in range(n):
            dw[j, 0] += X[j, i] * (a - y)
        db += a - y
    return {"dw": dw / m, "db": db / m}, J / m


def optimize(w, b, X, Y, num_iterations, learning_rate, print_cost=False):
    costs = []
    it = 0
    while it < num_iterations:
        grads, cost = propagate(w, b, X, Y)
        costs.append(cost)
        w, b = w - learning_rate * grads["dw"], b - learning_rate * grads["db"]
        it += 1
    return {"w": w, "b": b}, grads, costs


def forward_propagation(X, parameters):
    cache = {}
    cache["Z1"] = parameters["W1"].dot(X) + parameters["b1"]
    cache["A1"] = np.tanh(cache["Z1"])
    cache["Z2"] = parameters["W2"].dot(cache["A1"]) + parameters["b2"]
    cache["A2"] = sigmoid(cache["Z2"])
    return cache["A2"], cache


def backward_propagation(parameters, cache, X, Y):
    m = Y.shape[1]
    A1, A2 = cache["A1"], cache["A2"]
    delta2 = (A2 - Y) / m
    delta1 = parameters["W2"].T.dot(delta2) * (1 - A1) * (1 + A1)
    return {
        "dW1": delta1.dot(X.T),
        "db1": delta1.sum(axis=1)[:, np.newaxis],
        "dW2": delta2.dot(A1.T),
        "db2": delta2.sum(axis=1)[:, np.newaxis],
    }
