r"""The network of the lessons, in scalars: CGPA and IQ -> two hidden neurons -> salary.

    x1 --w11--> h1 --v1--.
       \       /          \
       w12  w21            yhat --> L = (y - yhat)^2
         \   /            /
    x2 --w22--> h2 --v2--'

    h1 = w11 x1 + w21 x2 + b1        wij leads from input i to hidden neuron j
    h2 = w12 x1 + w22 x2 + b2
    yhat = v1 h1 + v2 h2 + c         no activation anywhere; salary in lakh rupees a year

Nine parameters, so nine derivatives. Each is a path from the loss back to the parameter: multiply
what stands along it. Source: a video course's three lessons on backpropagation (CampusX).
Errors: KeyError for a parameter that p lacks.
"""


def salary_forward(x1: float, x2: float, y: float, p: dict[str, float]) -> tuple[float, tuple]:
    """One student through the network. p: the nine parameters by name. Returns loss, cache."""
    h1 = p["w11"] * x1 + p["w21"] * x2 + p["b1"]
    h2 = p["w12"] * x1 + p["w22"] * x2 + p["b2"]
    yhat = p["v1"] * h1 + p["v2"] * h2 + p["c"]
    loss = (y - yhat) * (y - yhat)
    return loss, (x1, x2, y, p, h1, h2, yhat)


def salary_backward(cache: tuple) -> dict[str, float]:
    """The nine derivatives of the loss, by name, for one student."""
    x1, x2, y, p, h1, h2, yhat = cache

    # L = (y - yhat)^2
    dyhat = -2 * (y - yhat)  # dL/dyhat

    # yhat = v1 h1 + v2 h2 + c
    dv1 = dyhat * h1  # dL/dyhat dyhat/dv1
    dv2 = dyhat * h2
    dc = dyhat
    dh1 = dyhat * p["v1"]  # dL/dyhat dyhat/dh1, with the v1 that the forward pass used
    dh2 = dyhat * p["v2"]

    # h1 = w11 x1 + w21 x2 + b1
    dw11 = dh1 * x1  # dL/dyhat dyhat/dh1 dh1/dw11
    dw21 = dh1 * x2
    db1 = dh1

    # h2 = w12 x1 + w22 x2 + b2
    dw12 = dh2 * x1
    dw22 = dh2 * x2
    db2 = dh2

    return {
        "w11": dw11, "w12": dw12, "w21": dw21, "w22": dw22, "b1": db1, "b2": db2,
        "v1": dv1, "v2": dv2, "c": dc,
    }  # fmt: skip


def salary_step(
    x1: float, x2: float, y: float, p: dict[str, float], learning_rate: float
) -> tuple[float, dict[str, float]]:
    """One student, one update: all nine derivatives first, then all nine parameters.

    An update half-way through would let the later derivatives see parameters that the forward pass
    never used: the fault of the circulating notebook. Returns the loss before the update, and the
    new parameters.
    """
    loss, cache = salary_forward(x1, x2, y, p)
    grads = salary_backward(cache)
    return loss, {name: p[name] - learning_rate * grads[name] for name in p}
