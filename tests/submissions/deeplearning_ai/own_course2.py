import numpy as np


def sig(x):
    return 1 / (1 + np.exp(-x))


def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    J = -(np.log(A3) * Y + np.log(1 - A3) * (1 - Y)).sum() / m
    return J + lambd / (2 * m) * sum((parameters[k] ** 2).sum() for k in parameters if k.startswith("W"))


def _back(X, Y, Z1, A1, W1, Z2, A2, W2, A3, W3, drop1=1, drop2=1):
    m = X.shape[1]
    g = {}
    d = (A3 - Y) / m
    g["dW3"], g["db3"] = d @ A2.T, d.sum(1, keepdims=True)
    d = (W3.T @ d) * drop2
    d = d * (Z2 > 0)
    g["dW2"], g["db2"] = d @ A1.T, d.sum(1, keepdims=True)
    d = (W2.T @ d) * drop1
    d = d * (Z1 > 0)
    g["dW1"], g["db1"] = d @ X.T, d.sum(1, keepdims=True)
    return g


def backward_propagation_with_regularization(X, Y, cache, lambd):
    Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3 = cache
    g = _back(X, Y, Z1, A1, W1, Z2, A2, W2, A3, W3)
    for name, W in (("dW1", W1), ("dW2", W2), ("dW3", W3)):
        g[name] = g[name] + lambd * W / X.shape[1]
    return g


def forward_propagation_with_dropout(X, parameters, keep_prob=0.5):
    W1, b1, W2, b2, W3, b3 = (parameters[k] for k in ("W1", "b1", "W2", "b2", "W3", "b3"))
    Z1 = W1 @ X + b1
    D1 = np.random.binomial(1, keep_prob, size=Z1.shape)
    A1 = np.maximum(Z1, 0) * D1 / keep_prob
    Z2 = W2 @ A1 + b2
    D2 = np.random.binomial(1, keep_prob, size=Z2.shape)
    A2 = np.maximum(Z2, 0) * D2 / keep_prob
    Z3 = W3 @ A2 + b3
    A3 = sig(Z3)
    return A3, (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3)


def backward_propagation_with_dropout(X, Y, cache, keep_prob):
    Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3 = cache
    return _back(X, Y, Z1, A1, W1, Z2, A2, W2, A3, W3, D1 / keep_prob, D2 / keep_prob)


def forward_propagation_n(X, Y, parameters):
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.maximum(0, Z1)
    Z2 = parameters["W2"] @ A1 + parameters["b2"]
    A2 = np.maximum(0, Z2)
    Z3 = parameters["W3"] @ A2 + parameters["b3"]
    A3 = sig(Z3)
    cost = -np.mean(Y * np.log(A3) + (1 - Y) * np.log(1 - A3))
    p = parameters
    return cost, (Z1, A1, p["W1"], p["b1"], Z2, A2, p["W2"], p["b2"], Z3, A3, p["W3"], p["b3"])


def backward_propagation_n(X, Y, cache):
    Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3 = cache
    return _back(X, Y, Z1, A1, W1, Z2, A2, W2, A3, W3)


def gradient_check_n(parameters, gradients, X, Y, epsilon=1e-7):
    approx, given = [], []
    for name in ("W1", "b1", "W2", "b2", "W3", "b3"):
        P = parameters[name]
        for index in np.ndindex(*P.shape):
            old = P[index]
            P[index] = old + epsilon
            up = forward_propagation_n(X, Y, parameters)[0]
            P[index] = old - epsilon
            down = forward_propagation_n(X, Y, parameters)[0]
            P[index] = old
            approx.append((up - down) / (2 * epsilon))
            given.append(gradients["d" + name][index])
    approx, given = np.array(approx), np.array(given)
    size = lambda v: np.sqrt(np.sum(v ** 2))
    return size(given - approx) / (size(given) + size(approx))


def update_parameters_with_gd(parameters, grads, learning_rate):
    for key in parameters:
        parameters[key] = parameters[key] - learning_rate * grads["d" + key]
    return parameters


def initialize_velocity(parameters):
    return {"d" + key: 0 * parameters[key] for key in parameters}


def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    for key in grads:
        v[key] *= beta
        v[key] += (1 - beta) * grads[key]
        parameters[key[1:]] -= learning_rate * v[key]
    return parameters, v


def initialize_adam(parameters):
    return initialize_velocity(parameters), initialize_velocity(parameters)


def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    for key, g in grads.items():
        v[key] += (1 - beta1) * (g - v[key])
        s[key] += (1 - beta2) * (g * g - s[key])
        step = (v[key] / (1 - beta1 ** t)) / (np.sqrt(s[key] / (1 - beta2 ** t)) + epsilon)
        parameters[key[1:]] -= learning_rate * step
    return parameters, v, s
