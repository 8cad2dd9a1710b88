"""Course 2, week 2: what is written instead."""

from reference.grading.courses.deeplearning_ai.columns import mistakes

_STEP = 'sgd(parameters[name], grads["d" + name], config)[0]'
_VELOCITY = 'beta * v["d" + name] + (1 - beta) * grads["d" + name]'
_LAST = "int(name[1:]) == len(parameters) // 2"


def _left(step, function):
    """Parameters that a step leaves as they are."""
    return mistakes(
        function,
        ("leaves b", *step("name[0] == 'b'"), "b is not updated."),
        ("leaves W", *step("name[0] == 'W'"), "W is not updated."),
        ("leaves the last layer", *step(_LAST),
         "The last layer is not updated: the loop ends one too early."),
        ("leaves the first layer", *step("name[1:] == '1'"),
         "The first layer is not updated: the loop begins one too late."),
    )  # fmt: skip


def _gd(which):
    return _STEP, f"{_STEP} if not {which} else parameters[name]"


def _momentum(which):
    start = "velocity = beta"
    kept = (
        f'if {which}:\n            new[name], new_v["d" + name] = parameters[name], v["d" + name]'
    )
    return start, f"{kept}\n            continue\n        {start}"


def _adam(which):
    start = "new[name], memory = adam(parameters[name], dW, settings | memory)"
    return start, f"{start}\n        new[name] = parameters[name] if {which} else new[name]"


MISTAKES = [
    *_left(_gd, "update_parameters_with_gd"),
    *_left(_momentum, "update_parameters_with_momentum"),
    *_left(_adam, "update_parameters_with_adam"),
    *mistakes(
        "update_parameters_with_gd",
        ("uphill", '"learning_rate": learning_rate', '"learning_rate": -learning_rate',
         "The step is added; it is subtracted, down the slope."),
        ("without the learning rate", '"learning_rate": learning_rate', '"learning_rate": 1.0',
         "The learning rate is missing."),
        ("returns the gradients", _STEP, 'grads["d" + name]',
         "The gradients are returned in place of the parameters."),
    ),
    *mistakes(
        "update_parameters_with_momentum",
        ("gradient added whole", _VELOCITY, 'beta * v["d" + name] + grads["d" + name]',
         "The gradient is not multiplied by 1 - beta."),
        ("beta swapped", _VELOCITY, '(1 - beta) * v["d" + name] + beta * grads["d" + name]',
         "beta and 1 - beta are swapped."),
        ("beta twice", _VELOCITY, 'beta * v["d" + name] + beta * grads["d" + name]',
         "The gradient is multiplied by beta; it is 1 - beta."),
        ("v with a minus", _VELOCITY, 'beta * v["d" + name] - (1 - beta) * grads["d" + name]',
         "The gradient is subtracted in v; it is added."),
        ("no v", _VELOCITY, '(1 - beta) * grads["d" + name]', "beta v is missing: v forgets."),
        ("v added whole", _VELOCITY, 'v["d" + name] + (1 - beta) * grads["d" + name]',
         "v is not multiplied by beta."),
        ("v of the gradient alone", _VELOCITY, 'grads["d" + name]', "v is the gradient itself."),
        ("step with the gradient", "velocity, config", 'grads["d" + name], config',
         "The step takes the gradient; it takes v."),
        ("step with the old v", "velocity, config", 'v["d" + name], config',
         "The step takes the old v; it takes the new one."),
        ("v not kept", '= velocity\n    return', '= v["d" + name]\n    return',
         "The new v is not kept."),
        ("uphill", '"learning_rate": learning_rate', '"learning_rate": -learning_rate',
         "The step is added; it is subtracted, down the slope."),
        ("without the learning rate", '"learning_rate": learning_rate', '"learning_rate": 1.0',
         "The learning rate is missing in the step."),
        ("learning rate in v", _VELOCITY,
         'beta * v["d" + name] + learning_rate * grads["d" + name]',
         "The learning rate stands where 1 - beta belongs."),
    ),
    *mistakes(
        "update_parameters_with_adam",
        ("no bias correction", '"t": t - 1', '"t": 10**6',
         "v and s are not corrected: divide them by 1 - beta^t."),
        ("uphill", '"learning_rate": learning_rate', '"learning_rate": -learning_rate',
         "The step is added; it is subtracted."),
        ("without the learning rate", '"learning_rate": learning_rate', '"learning_rate": 1.0',
         "The learning rate is missing."),
        ("t plus one", '"t": t - 1', '"t": t',
         "t is counted up once more; it comes counted from 1."),
        ("betas swapped", '"beta1": beta1, "beta2": beta2', '"beta1": beta2, "beta2": beta1',
         "beta1 and beta2 are swapped."),
        ("epsilon of its own", '"epsilon": epsilon', '"epsilon": 1e-8',
         "epsilon is 1e-8 whatever is asked for, or missing."),
        ("corrected v and s kept", 'memory["m"], memory["s"]',
         'memory["m"] / (1 - beta1**t), memory["s"] / (1 - beta2**t)',
         "The corrected v and s are kept; v and s stay uncorrected."),
        ("corrected v kept", 'memory["m"], memory["s"]',
         'memory["m"] / (1 - beta1**t), memory["s"]',
         "The corrected v is kept; v stays uncorrected."),
        ("corrected s kept", 'memory["m"], memory["s"]',
         'memory["m"], memory["s"] / (1 - beta2**t)',
         "The corrected s is kept; s stays uncorrected."),
        ("beta1 in both", '"beta2": beta2', '"beta2": beta1', "s takes beta1; it takes beta2."),
        ("beta2 in both", '"beta1": beta1', '"beta1": beta2', "v takes beta2; it takes beta1."),
    ),
    *mistakes(
        "adam",
        ("v takes beta1 but beta2 in its correction", 'm / (1 - c["beta1"] ** t)',
         'm / (1 - c["beta2"] ** t)', "v is corrected with beta2; its own is beta1."),
        ("s corrected with beta1", 's / (1 - c["beta2"] ** t)', 's / (1 - c["beta1"] ** t)',
         "s is corrected with beta1; its own is beta2."),
        ("v corrected without t", '(1 - c["beta1"] ** t)', '(1 - c["beta1"])',
         "The power t is missing in v's correction."),
        ("both corrected without t",
         'mhat = m / (1 - c["beta1"] ** t)\n    shat = s / (1 - c["beta2"] ** t)',
         'mhat = m / (1 - c["beta1"])\n    shat = s / (1 - c["beta2"])',
         "The power t is missing in the corrections, 1 - beta^t."),
        ("s corrected without t", '(1 - c["beta2"] ** t)', '(1 - c["beta2"])',
         "The power t is missing in s's correction."),
        ("corrected with beta times t",
         'mhat = m / (1 - c["beta1"] ** t)\n    shat = s / (1 - c["beta2"] ** t)',
         'mhat = m / (1 - c["beta1"] * t)\n    shat = s / (1 - c["beta2"] * t)',
         "beta is multiplied by t; it is beta to the power t."),
        ("squares missing in s", "(dw * dw)", "dw",
         "s gathers the gradient; it gathers its square."),
        ("s without 1 - beta2", '(1 - c["beta2"]) * (dw * dw)', "(dw * dw)",
         "The square is not multiplied by 1 - beta2."),
        ("v without 1 - beta1", '(1 - c["beta1"]) * dw', "dw",
         "The gradient is not multiplied by 1 - beta1."),
        ("v for the corrected v", "mhat / (", "m / (",
         "The step takes v; it takes the corrected v."),
        ("s for the corrected s", "np.sqrt(shat)", "np.sqrt(s)",
         "The step takes s; it takes the corrected s."),
        ("both uncorrected in the step", 'mhat / (np.sqrt(shat)', 'm / (np.sqrt(s)',
         "The step takes v and s; it takes both corrected."),
        ("the gradient in the step", "mhat / (", "dw / (",
         "The step takes the gradient; it takes the corrected v."),
        ("epsilon outside the fraction", 'mhat / (np.sqrt(shat) + c["epsilon"])',
         'mhat / np.sqrt(shat) - c["learning_rate"] * c["epsilon"]',
         "Brackets are missing: epsilon belongs to the denominator."),
        ("epsilon at the end", 'mhat / (np.sqrt(shat) + c["epsilon"])',
         'mhat / np.sqrt(shat) + c["epsilon"]',
         "Brackets are missing: epsilon belongs to the denominator."),
        ("epsilon outside", 'c["learning_rate"] * mhat / (np.sqrt(shat) + c["epsilon"])',
         '(c["learning_rate"] * mhat / np.sqrt(shat) + c["epsilon"])',
         "Brackets are missing: epsilon belongs to the denominator."),
        ("root of the whole", 'mhat / (np.sqrt(shat) + c["epsilon"])',
         'mhat / np.sqrt(np.sqrt(shat) + c["epsilon"])', "The root is taken twice."),
        ("s forgets", 'c["beta2"] * c["s"] + ', "", "beta2 s is missing: s forgets."),
        ("v forgets", 'c["beta1"] * c["m"] + ', "", "beta1 v is missing: v forgets."),
    ),
]  # fmt: skip
