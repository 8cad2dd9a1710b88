"""The classic mistakes in the scalar network of the lessons."""

from reference.cards import Mistake

MISTAKES: list[Mistake] = [
    Mistake(
        "salary weights crossed",
        "salary_forward",
        'h1 = p["w11"] * x1 + p["w21"] * x2',
        'h1 = p["w11"] * x1 + p["w12"] * x2',
        "wij leads from input i to neuron j: the weight from x2 to h1 is w21, not w12.",
    ),
    Mistake(
        "salary bias missing",
        "salary_forward",
        ' + p["c"]',
        "",
        "The bias c of the output is never added.",
    ),
    Mistake(
        "salary loss halved",
        "salary_forward",
        "(y - yhat) * (y - yhat)",
        "(y - yhat) * (y - yhat) / 2",
        "The loss is halved; here it is (y - yhat)^2, and its derivative has a 2.",
    ),
    Mistake(
        "salary sign lost",
        "salary_backward",
        "-2 * (y - yhat)",
        "2 * (y - yhat)",
        "The minus is missing: yhat stands in the loss with a minus.",
    ),
    Mistake(
        "salary two missing",
        "salary_backward",
        "-2 * (y - yhat)",
        "-(y - yhat)",
        "The 2 of the square's derivative is missing.",
    ),
    Mistake(
        "salary path cut short",
        "salary_backward",
        'dh1 = dyhat * p["v1"]',
        "dh1 = dyhat",
        "The path from the loss to h1 leads through v1, which is missing.",
    ),
    Mistake(
        "salary activation missing",
        "salary_backward",
        "dv1 = dyhat * h1",
        "dv1 = dyhat * x1",
        "v1 multiplies h1, so its derivative holds h1, not the input x1.",
    ),
    Mistake(
        "salary wrong input",
        "salary_backward",
        "dw21 = dh1 * x2",
        "dw21 = dh1 * x1",
        "w21 leads from x2, so its derivative holds x2.",
    ),
    Mistake(
        "salary derivatives crossed",
        "salary_backward",
        '"w12": dw12, "w21": dw21',
        '"w12": dw21, "w21": dw12',
        "The derivatives of w12 and w21 are swapped.",
    ),
    Mistake(
        "salary updated v used",
        "salary_step",
        "return loss, {name: p[name] - learning_rate * grads[name] for name in p}",
        'new = {name: p[name] - learning_rate * grads[name] for name in ("v1", "v2", "c")}\n'
        "    grads = salary_backward((*cache[:3], p | new, *cache[4:]))\n"
        "    return loss, {name: p[name] - learning_rate * grads[name] for name in p} | new",
        "v1 and v2 are updated before the hidden weights' derivatives, which need the old ones.",
    ),
    Mistake(
        "salary uphill",
        "salary_step",
        "p[name] - learning_rate",
        "p[name] + learning_rate",
        "The step goes along the gradient, uphill; subtract it.",
    ),
    Mistake(
        "salary loss after the update",
        "salary_step",
        "return loss, {name: p[name] - learning_rate * grads[name] for name in p}",
        "p = {name: p[name] - learning_rate * grads[name] for name in p}\n"
        "    return salary_forward(x1, x2, y, p)[0], p",
        "The loss after the update is returned; the one before is asked for.",
    ),
    Mistake(
        "salary overwrites parameters",
        "salary_step",
        "return loss, {name: p[name] - learning_rate * grads[name] for name in p}",
        "for name in p:\n        p[name] -= learning_rate * grads[name]\n    return loss, p",
        "The parameters of the caller are changed in place.",
    ),
]
