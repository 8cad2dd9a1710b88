"""deeplearning.ai: notebooks and files of many years are right; what is wrong is named."""

import re
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from manual.layer import layer
from manual.lstm import lstm_forward
from manual.network import network_loss
from reference.grading.assignment import Assignment, assignment
from reference.grading.courses import course
from reference.grading.grade import Grader
from reference.grading.sheet import Sheet
from reference.grading.submission import Place, Submission, defines
from reference.grading.workers import Box

ROOT = Path(__file__).parent / "submissions" / "deeplearning_ai"
COURSE = course("deeplearning_ai")
# A file with gradient checking has the names of course 1 for its functions of one number.
ONE_NUMBER = ("forward_propagation", "backward_propagation")


@pytest.fixture(scope="module")
def graders():
    """A grader for each function, by name."""
    with Box() as box:

        @cache
        def grader(*names):
            found = Assignment("x", "x", COURSE, dict.fromkeys(names, 1.0), outdated="full")
            return Grader(Sheet(found, b"a secret"), box)

        yield grader


def read(name):
    return Place(name, ROOT / name).read()


def graded_in(submission):
    """The problems that a file has functions for."""
    found = set.union(*(defines(text) for text in submission.files.values()))
    if "gradient_check_n" in found and found & set(ONE_NUMBER):
        found = found - set(ONE_NUMBER) | {f"{name} (1-D)" for name in ONE_NUMBER}
    if "rnn_forward" in found:
        found.discard("softmax")  # of columns, as rnn_utils has it
    return sorted(found & set(COURSE.problems))


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.iterdir()))
def test_right_files_are_right(name, graders):
    submission = read(name)
    names = graded_in(submission)
    result = graders(*names).grade(submission)
    assert {each["name"]: each["verdict"] for each in result["problems"]} == dict.fromkeys(
        [each["name"] for each in result["problems"]], "correct"
    )
    assert result["review"] == [] and len(result["problems"]) == len(names)


def test_every_function_is_right_in_three_styles():
    counts = dict.fromkeys(COURSE.problems, 0)
    for name in chain.from_iterable(graded_in(read(path.name)) for path in ROOT.iterdir()):
        counts[name] += 1
    rare = {"softmax", "clip", "sigmoid_derivative", "forward_propagation (1-D)",
            "backward_propagation (1-D)", "relu_backward", "sigmoid_backward"}  # fmt: skip
    assert {name for name, count in counts.items() if count < 3} <= rare
    assert min(counts.values()) >= 1


@pytest.mark.parametrize("part", ["", "-c1", "-c2", "-c4", "-c5"])
def test_the_assignments_are_read(part):
    assert assignment(f"deeplearning-ai{part}").max_score > 10


# Ours against manual/'s own networks --------------------------------------------------------------


def test_the_deep_network_is_manuals(rng):
    shapes = {"W1": (4, 3), "b1": (4, 1), "W2": (2, 4), "b2": (2, 1), "W3": (1, 2), "b3": (1, 1)}
    parameters = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    X, Y = rng.normal(size=(3, 5)), np.array([[0, 1, 1, 0, 1]])
    f = COURSE.functions
    AL, caches = f["L_model_forward"](X, parameters)
    grads = f["L_model_backward"](AL, Y, caches)
    net = [layer("affine", "W1", "b1"), layer("relu"), layer("affine", "W2", "b2"), layer("relu"),
           layer("affine", "W3", "b3")]  # fmt: skip
    params = {name: p.T if name[0] == "W" else p[:, 0] for name, p in parameters.items()}
    loss, _, right = network_loss(X.T, Y.T, params, net, layer("bce_with_logits"))
    assert np.allclose(f["compute_cost"](AL, Y), loss)
    for name, grad in right.items():
        assert np.allclose(grads["d" + name], grad.T if name[0] == "W" else grad[:, None])
    _, cache = f["forward_propagation_n"](X, Y, parameters)
    assert all(
        np.allclose(grad, grads[name])
        for name, grad in f["backward_propagation_n"](X, Y, cache).items()
    )


def test_the_lstms_slopes_are_those_of_its_forward(rng):
    n_x, n_a, m, T = 2, 3, 4, 3
    parameters = {f"W{g}": rng.normal(size=(n_a, n_a + n_x)) for g in "fico"}
    parameters |= {f"b{g}": rng.normal(size=(n_a, 1)) for g in "fico"}
    parameters |= {"Wy": rng.normal(size=(2, n_a)), "by": rng.normal(size=(2, 1))}
    x, a0, da = (
        rng.normal(size=(n_x, m, T)),
        rng.normal(size=(n_a, m)),
        rng.normal(size=(n_a, m, T)),
    )
    f = COURSE.functions
    a, _, _, caches = f["lstm_forward"](x, a0, parameters)
    grads = f["lstm_backward"](da, caches)
    W = [parameters["W" + g] for g in "ifoc"]
    wx, wh = (np.concatenate([w[:, s].T for w in W], 1) for s in (slice(n_a, None), slice(n_a)))
    b = np.concatenate([parameters["b" + g][:, 0] for g in "ifoc"])
    h, _ = lstm_forward(x.transpose(1, 2, 0), a0.T, 0 * a0.T, wx, wh, b)
    assert np.allclose(h.transpose(2, 0, 1), a)
    way = rng.normal(size=a0.shape)
    ends = [f["lstm_forward"](x, a0 + step * way, parameters)[0] for step in (1e-6, -1e-6)]
    assert np.isclose(
        ((ends[0] - ends[1]) * da).sum() / 2e-6, (grads["da0"] * way).sum(), rtol=1e-5
    )


# What students get wrong ------------------------------------------------------------------------

LOGISTIC = "Logistic_Regression_with_a_Neural_Network_mindset_v6a.ipynb"
PLANAR = "Planar_data_classification_with_one_hidden_layer_v6b.ipynb"
DEEP = "Building_your_Deep_Neural_Network_Step_by_Step_v8.ipynb"
REGULARIZED = "Regularization_v2a.ipynb"
CHECKING = "Gradient_Checking_v1.ipynb"
UPDATES = "Optimization_methods_v1b.ipynb"
IMAGES = "convolution_2021.py"
SEQUENCES = "rnn_2021.ipynb"
CLIP = "dinosaurus_2021.py"

# file -> function, what is right, what is written, and the mistake's name behind "function: ";
# "" where none is expected to be named.
WRONG = {
    LOGISTIC: [
        ("sigmoid", "np.exp(-z)", "np.exp(z)", "of minus z"),
        ("sigmoid", "1 / (1 + np.exp(-z))", "1 / 1 + np.exp(-z)", "without brackets"),
        ("propagate", "(1/m)*np.dot(X,(A-Y).T)", "np.dot(X,(A-Y).T)", "dw without 1/m"),
        ("propagate", "(1/m)*np.sum(A-Y)", "np.sum(A-Y)", "db without 1/m"),
        ("propagate", "m = X.shape[1]", "m = X.shape[0]", "m of the rows"),
        ("propagate", "(-1/m)*np.sum(Y", "(1/m)*np.sum(Y", "cost with the wrong sign"),
        ("propagate", "+(1-Y)*np.log(1-A)", "", "cost without its second term"),
        ("propagate", "+(1-Y)*np.log(1-A)", "-(1-Y)*np.log(1-A)",
         "cost with a minus between its terms"),
        ("propagate", "(1/m)*np.dot(X,(A-Y).T)\n    db = (1/m)*np.sum(A-Y)",
         "(1/m)*np.dot(X,(Y-A).T)\n    db = (1/m)*np.sum(Y-A)", "Y - A"),
        ("propagate", "sigmoid(np.dot(w.T,X)+b)", "sigmoid(np.dot(w.T,X))", "without b"),
        ("propagate", "(A-Y).T)", "((A-Y)*A*(1-A)).T)", ""),
        ("propagate", "np.sum(A-Y)", "np.sum(A)", ""),
        ("optimize", "w = w - learning_rate*dw", "w = w + learning_rate*dw", ""),
        ("optimize", "- learning_rate*d", "+ learning_rate*d", "uphill"),
        ("optimize", "learning_rate*d", "d", "without the learning rate"),
        ("optimize", "b = b - learning_rate*db", "pass", "leaves b"),
        ("optimize", "range(num_iterations)", "range(1, num_iterations + 2)", "one step too many"),
    ],
    PLANAR: [
        ("forward_propagation", "np.tanh(Z1)", "sigmoid(Z1)", "sigmoid for tanh"),
        ("forward_propagation", "sigmoid(Z2)", "np.tanh(Z2)", "tanh at the end"),
        ("forward_propagation", "np.dot(W2, A1)", "np.dot(W2, Z1)",
         "Z1 into the second layer"),
        ("forward_propagation", "np.dot(W1, X) + b1", "np.dot(W1, X)", "without b1"),
        ("forward_propagation", 'W1 = parameters["W1"]', 'W1 = parameters["W2"]', None),
        ("compute_cost", "- np.sum(logprobs) / m", "np.sum(logprobs) / m", "with the wrong sign"),
        ("compute_cost", "- np.sum(logprobs) / m", "- np.sum(logprobs)", "without 1/m"),
        ("compute_cost", " + np.multiply(np.log(1 - A2), 1 - Y)", "", "without its second term"),
        ("compute_cost", "np.multiply(np.log(1 - A2), 1 - Y)", "np.multiply(np.log(A2), 1 - Y)",
         "with log AL twice"),
        ("backward_propagation", "np.power(A1, 2)", "A1", "without the square of A1"),
        ("backward_propagation", "1 - np.power(A1, 2)", "A1 * (1 - A1)",
         "with the sigmoid's slope"),
        ("backward_propagation", "1 - np.power(A1, 2)", "1 - np.power(np.tanh(A1), 2)",
         "slope of tanh of A1"),
        ("backward_propagation", "np.multiply(np.dot(W2.T, dZ2), 1 - np.power(A1, 2))",
         "np.dot(W2.T, dZ2)", "without tanh's slope"),
        ("backward_propagation", "(1 / m) * ", "", "without 1/m"),
        ("backward_propagation", "(1 / m) * np.dot", "np.dot", "dW without 1/m"),
        ("backward_propagation", "(1 / m) * np.sum", "np.sum", "db without 1/m"),
        ("backward_propagation", "(1 / m) * np.dot(dZ1, X.T)", "np.dot(dZ1, X.T)",
         "dW1 without 1/m"),
        ("backward_propagation", "dZ2 = A2 - Y", "dZ2 = Y - A2", "Y - A2"),
        ("backward_propagation", "dZ2 = A2 - Y", "dZ2 = (A2 - Y) * A2 * (1 - A2)",
         "dZ2 with the sigmoid's slope"),
        ("backward_propagation", "np.sum(dZ1, axis=1, keepdims=True)", "np.sum(dZ1)",
         "db1 in one number"),
        ("backward_propagation", "np.sum(dZ1, axis=1, keepdims=True)",
         "np.sum(dZ1, axis=0, keepdims=True)", "db1 over the wrong axis"),
        ("backward_propagation", 'A2 = cache["A2"]', 'A2 = cache["Z2"]', ""),
        ("update_parameters", "- learning_rate", "+ learning_rate", "uphill"),
        ("update_parameters", "W2 = W2 - learning_rate * dW2", "W2 = W2 - learning_rate * db2", ""),
        ("update_parameters", "W2 - learning_rate * dW2\n    b2 = b2 - learning_rate * db2",
         "W2\n    b2 = b2", "leaves the last layer"),
    ],
    DEEP: [
        ("linear_forward", "+b", "", "affine bias missing"),
        ("linear_forward", "+b", "-b", "affine bias subtracted"),
        ("linear_activation_forward", "= relu(Z)", "= sigmoid(Z)", "sigmoid for both"),
        ("linear_activation_forward", "= sigmoid(Z)", "= relu(Z)", "relu for both"),
        ("L_model_forward", 'activation = "sigmoid"', 'activation = "relu"',
         "relu in the last layer"),
        ("L_model_forward", 'activation = "relu"', 'activation = "sigmoid"',
         "sigmoid in all layers"),
        ("L_model_forward", '"sigmoid")\n    caches.append(cache)', '"sigmoid")',
         "last cache missing"),
        ("L_model_forward", '"relu")\n        caches.append(cache)', '"relu")', "last cache alone"),
        ("L_model_forward", "range(1, L)", "range(1, L-1)", None),
        ("compute_cost", "(-1/m)", "(1/m)", "with the wrong sign"),
        ("compute_cost", "np.log(1-AL).T)", "np.log(AL).T)", "with log AL twice"),
        ("compute_cost", "(np.dot(Y,np.log(AL).T)+np.dot(1-Y,np.log(1-AL).T))",
         "np.sum(np.power(AL-Y, 2))*-1", "as a mean square"),
        ("compute_cost", "(-1/m)*", "-", "without 1/m"),
        ("compute_cost", "np.dot(Y,", "np.dot(1,", ""),
        ("linear_backward", "(1/m)*", "", "without 1/m"),
        ("linear_backward", "(1/m)*np.dot", "np.dot", "dW without 1/m"),
        ("linear_backward", "(1/m)*np.sum", "np.sum", "db without 1/m"),
        ("linear_backward", "dA_prev = np.dot", "dA_prev = (1/m)*np.dot", "dA_prev over m"),
        ("linear_backward", "m = A_prev.shape[1]", "m = A_prev.shape[0]", "m of the rows"),
        ("linear_backward", "np.sum(dZ,axis=1,keepdims=True)", "np.sum(dZ)", None),
        ("linear_backward", "(1/m)*np.sum(dZ,axis=1,keepdims=True)",
         "np.mean(dZ)*np.ones(b.shape)", ""),
        ("linear_activation_backward", "relu_backward(dA", "sigmoid_backward(dA",
         "sigmoid for both"),
        ("linear_activation_backward", "sigmoid_backward(dA", "relu_backward(dA", "relu for both"),
        ("linear_activation_backward", "linear_backward(dZ", "linear_backward(dA", "no slope"),
        ("L_model_backward", "- (np.divide(Y, AL) - ", "(np.divide(Y, AL) - ",
         "dAL with the wrong sign"),
        ("L_model_backward", "(np.divide(Y, AL) - ", "(np.divide(Y, AL) + ", "dAL with a plus"),
        ("L_model_backward", "- (np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))", "AL - Y",
         "AL - Y for dAL"),
        ("L_model_backward", "- (np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))",
         "- np.divide(Y, AL)", "dAL without its second part"),
        ("L_model_backward", "1 - AL))", "1 - AL)) / m", "dAL over m"),
        ("L_model_backward", 'current_cache, activation = "sigmoid"',
         'current_cache, activation = "relu"', "relu in the last layer"),
        ("L_model_backward", 'current_cache, activation = "relu"',
         'current_cache, activation = "sigmoid"', "sigmoid in all layers"),
        ("L_model_backward", "current_cache = caches[l]", "current_cache = caches[l+1]", None),
        ("L_model_backward", "range(L-1)", "range(1, L-1)", None),
        ("L_model_backward", 'grads["dW" + str(l + 1)] = dW_temp',
         'grads["dW" + str(l + 1)] = dW_temp / m', ""),
        ("update_parameters", "- learning_rate", "+ learning_rate", "uphill"),
        ("update_parameters", "range(L)", "range(L-1)", "leaves the last layer"),
        ("update_parameters", "range(L)", "range(1, L)", "leaves the first layer"),
        ("update_parameters", "- learning_rate*", "- ", "without the learning rate"),
        ("update_parameters", "learning_rate*grads", "0.01*grads",
         "with another learning rate of its own"),
    ],
    REGULARIZED: [
        ("compute_cost_with_regularization", "(2 * m)", "2 * m", "penalty times m/2"),
        ("compute_cost_with_regularization", "(2 * m)", "m", "penalty without 1/2"),
        ("compute_cost_with_regularization", "(2 * m)", "2", "penalty without 1/m"),
        ("compute_cost_with_regularization", " + np.sum(np.square(W3))", "", "penalty without W3"),
        ("compute_cost_with_regularization", "np.sum(np.square(W", "np.sum((W",
         "penalty without the squares"),
        ("compute_cost_with_regularization", "np.sum(np.square(W", "np.square(np.sum(W",
         "penalty of the sum's square"),
        ("compute_cost_with_regularization", "lambd * (", "(", "penalty without lambd"),
        ("compute_cost_with_regularization", "cross_entropy_cost + L2", "L2", "penalty alone"),
        ("backward_propagation_with_regularization", ") / m", ")", "lambd not over m"),
        ("backward_propagation_with_regularization", "(lambd * W", "(2 * lambd * W",
         "lambd doubled"),
        ("backward_propagation_with_regularization", " + (lambd * W3) / m", "", "not in dW3"),
        ("backward_propagation_with_regularization", " + (lambd * W1) / m", "", "not in dW1"),
        ("backward_propagation_with_regularization", "+ (lambd", "- (lambd", "lambd's sign"),
        ("backward_propagation_with_regularization", "(lambd * W", "(lambd * 0.5 * W",
         "lambd over 2m"),
        ("backward_propagation_with_regularization", "(lambd * W2)", "(lambd * W2 ** 2)", ""),
        ("forward_propagation_with_dropout", "/ keep_prob", "", "not divided by keep_prob"),
        ("forward_propagation_with_dropout", "/ keep_prob", "* keep_prob",
         "three_layers: dropout multiplied by keep_prob"),
        ("forward_propagation_with_dropout", "A1 = A1 * D1", "pass", "mask 1 not applied"),
        ("forward_propagation_with_dropout", "A1 = A1 * D1\n    A1 = A1 / keep_prob",
         "A1 = A1 * D1", "three_layers: dropout 1 not divided"),
        ("forward_propagation_with_dropout", "< keep_prob", "> keep_prob",
         "share_kept: is the share dropped"),
        ("forward_propagation_with_dropout", "np.random.rand(A1.shape[0], A1.shape[1])",
         "np.random.randn(A1.shape[0], A1.shape[1])", ""),
        ("backward_propagation_with_dropout", "/ keep_prob", "", "not divided by keep_prob"),
        ("backward_propagation_with_dropout", "/ keep_prob", "* keep_prob",
         "three_layers_back: dropout multiplied by keep_prob"),
        ("backward_propagation_with_dropout", "/ keep_prob", "/ (1 - keep_prob)",
         "divided by 1 - keep_prob"),
        ("backward_propagation_with_dropout", "dA1 = dA1 * D1\n    dA1 = dA1 / keep_prob",
         "pass", "three_layers_back: dropout 1 not divided"),
    ],
    CHECKING: [
        ("backward_propagation (1-D)", "dtheta = x", "dtheta = theta",
         "backward_propagation_1d: is theta"),
        ("backward_propagation (1-D)", "dtheta = x", "dtheta = theta * x",
         "backward_propagation_1d: is J"),
        ("forward_propagation_n", "1./m * np.sum", "np.sum", "cost without 1/m"),
        ("forward_propagation_n", "A2 = relu(Z2)", "A2 = sigmoid(Z2)",
         "three_layers: sigmoid in layer 2"),
        ("backward_propagation_n", "np.dot(dZ2, A1.T)", "np.dot(dZ2, A1.T) * 2", "dW2 twice"),
        ("backward_propagation_n", "db1 = 1./m", "db1 = 4./m", "db1 four times"),
        ("backward_propagation_n", "np.dot(dZ2, A1.T)",
         "np.dot(dZ2, A1.T) * 2\n    m, four = m / 4, m", None),
        ("backward_propagation_n", "dZ3 = A3 - Y", "dZ3 = Y - A3", "three_layers_back: Y - A3"),
        ("backward_propagation_n", "1./m * ", "", "three_layers_back: without 1/m"),
        ("backward_propagation_n", "np.multiply(dA2, np.int64(A2 > 0))", "dA2",
         "three_layers_back: relu's slope missing in dZ2"),
        ("backward_propagation_n", "np.multiply(dA2, np.int64(A2 > 0))",
         "np.multiply(dA2, 1 - np.power(A2, 2))", None),
        ("backward_propagation_n", "1./m * np.sum(dZ1", "np.sum(dZ1",
         "three_layers_back: db1 without 1/m"),
        ("gradient_check_n", "(2 * epsilon)", "epsilon", "not divided by two"),
        ("gradient_check_n", "(2 * epsilon)", "2 * epsilon", "without a slope"),
        ("gradient_check_n", "np.linalg.norm(grad) + np.linalg.norm(gradapprox)",
         "np.linalg.norm(grad + gradapprox)", "norm of the sum"),
        ("gradient_check_n", "numerator / denominator", "numerator", "numerator alone"),
        ("gradient_check_n", "- epsilon", "+ epsilon", "without a slope"),
        ("gradient_check_n", "np.linalg.norm(grad - gradapprox)",
         "np.linalg.norm(grad) - np.linalg.norm(gradapprox)", "difference of the norms, signed"),
    ],
    UPDATES: [
        ("update_parameters_with_gd", "range(L)", "range(L-1)", "leaves the last layer"),
        ("update_parameters_with_gd", "- learning_rate", "+ learning_rate", "uphill"),
        ("initialize_velocity", "np.zeros((parameters", "np.ones((parameters", ""),
        ("update_parameters_with_momentum", "(1 - beta) * ", "", "gradient added whole"),
        ("update_parameters_with_momentum", "learning_rate * v", "learning_rate * grads",
         "step with the gradient"),
        ("update_parameters_with_momentum", "- learning_rate", "+ learning_rate", "uphill"),
        ("update_parameters_with_momentum", "learning_rate * v", "v", "without the learning rate"),
        ("update_parameters_with_momentum", "beta * v", "(1 - beta) * v", ""),
        ("update_parameters_with_momentum", "range(L)", "range(1, L)", "leaves the first layer"),
        ("update_parameters_with_adam", "(1 - np.power(beta1, t))", "(1 - np.power(beta2, t))",
         "adam: v takes beta1 but beta2 in its correction"),
        ("update_parameters_with_adam", " / (1 - np.power(beta1, t))", "",
         "adam: v for the corrected v"),
        ("update_parameters_with_adam", "np.power(beta1, t)", "beta1",
         "adam: v corrected without t"),
        ("update_parameters_with_adam", ", t))", ", 1))", "adam: both corrected without t"),
        ("update_parameters_with_adam", "* v_corrected[", "* v[", "adam: v for the corrected v"),
        ("update_parameters_with_adam", '(np.sqrt(s_corrected["dW" + str(l + 1)]) + epsilon)',
         'np.sqrt(s_corrected["dW" + str(l + 1)] + epsilon)', ""),
        ("update_parameters_with_adam", ']) + epsilon)', '] + epsilon))',
         "adam epsilon inside the root"),
        ("update_parameters_with_adam", "np.sqrt(s_corrected", "(s_corrected", "adam root missing"),
        ("update_parameters_with_adam", "np.power(grads", "np.abs(grads", None),
        ("update_parameters_with_adam", 'np.power(grads["dW" + str(l + 1)], 2)',
         'grads["dW" + str(l + 1)]', ""),
        ("update_parameters_with_adam", "- learning_rate", "+ learning_rate", "uphill"),
        ("update_parameters_with_adam", "(1 - beta2) * ", "", "adam: s without 1 - beta2"),
        ("update_parameters_with_adam", " + epsilon)", " + 1e-8)", "epsilon of its own"),
    ],
    IMAGES: [
        ("zero_pad", "((0, 0), (pad, pad), (pad, pad), (0, 0))", "pad", "every axis"),
        ("zero_pad", "((0, 0), (pad, pad), (pad, pad), (0, 0))",
         "((0, 0), (0, 0), (pad, pad), (pad, pad))", "channels for height"),
        ("conv_single_step", "Z = Z + b", "", "without b"),
        ("conv_single_step", "np.multiply(a_slice_prev, W)", "np.multiply(a_slice_prev, W) + b",
         None),
        ("conv_single_step",
         "np.multiply(a_slice_prev, W)\n    Z = np.sum(s)\n    b = np.squeeze(b)\n    Z = Z + b",
         "np.multiply(a_slice_prev, W) + b\n    Z = np.sum(s)", "b in every entry"),
        ("conv_forward", "vert_start = stride * h", "vert_start = h",
         "stride in the size alone, height"),
        ("conv_forward", "= stride * ", "= ", "stride in the size alone"),
        ("conv_forward", "A_prev_pad = zero_pad(A_prev, pad)", "A_prev_pad = A_prev", None),
        ("conv_forward", "W[:, :, :, c]", "W[:, :, :, 0]", "first filter"),
        ("conv_forward", "a_prev_pad = A_prev_pad[i]", "a_prev_pad = A_prev_pad[0]", "first image"),
        ("conv_forward", "2 * pad", "pad", "pad once in the size"),
        ("conv_forward", "b[:, :, :, c]", "b[:, :, :, 0]", "first b"),
        ("pool_forward", "= stride * ", "= ", "stride in the size alone"),
        ("pool_forward", "np.average(", "np.max(", "always max"),
        ("pool_forward", "np.average(", "np.sum(", "sum for average"),
        ("pool_forward", "np.max(", "np.min(", "smallest for max"),
        ("pool_forward", "horiz_end, c]", "horiz_end]", "over all channels"),
        ("conv_backward", "= stride * ", "= ", "stride left out of the windows"),
        ("conv_backward", "dW[:, :, :, c] +=", "dW[:, :, :, c] =", "dW of the last window"),
        ("conv_backward", "db[:, :, :, c] +=", "db[:, :, :, c] =", "db of the last window"),
        ("conv_backward", "da_prev_pad[vert_start:vert_end, horiz_start:horiz_end, :] +=",
         "da_prev_pad[vert_start:vert_end, horiz_start:horiz_end, :] =",
         "dA_prev of the last window"),
        ("conv_backward", "+= a_slice * dZ[i, h, w, c]", "+= a_slice", "dW without dZ"),
        ("conv_backward", "        dA_prev[i, :, :, :]", "    dA_prev[i, :, :, :]",
         "dA_prev of the last image"),
        ("conv_backward", "[pad:-pad, pad:-pad, :]", "[:n_H_prev, :n_W_prev, :]",
         "cut at the wrong end"),
        ("conv_backward", "W[:, :, :, c] * dZ", "W[:, :, :, 0] * dZ",
         "dA_prev with the first filter"),
        ("conv_backward", "db[:, :, :, c] += dZ[i, h, w, c]",
         "db[:, :, :, c] += np.sum(dZ[i, h, w])", "db of all channels"),
        ("conv_backward", "[pad:-pad, pad:-pad, :]", "", None),
        ("create_mask_from_window", "np.max(x)", "np.min(x)", "the smallest"),
        ("create_mask_from_window", "(x == np.max(x))", "(x >= 0)", "positive"),
        ("distribute_value", "dz / (n_H * n_W)", "dz", "not shared"),
        ("distribute_value", "dz / (n_H * n_W)", "dz / n_H * n_W", "brackets missing"),
        ("pool_backward", " * stride", "", "stride left out of the windows"),
        ("pool_backward", "+= mask", "= mask", "overlaps overwritten in the mode max"),
        ("pool_backward", "+= ", "= ", "overlaps overwritten"),
        ("pool_backward", "+= mask * dA[i, h, w, c]", "+= mask", "max without dA"),
        ("pool_backward", "+= mask * dA[i, h, w, c]", "+= dA[i, h, w, c]", "max to all"),
        ("pool_backward", "distribute_value(da, shape)", "da", "average not shared"),
        ("pool_backward", "distribute_value(da, shape)", "da / f", "average over one side"),
        ("pool_backward", "a_prev = A_prev[i, :, :, :]", "a_prev = A_prev[0]",
         "first image's windows"),
        ("pool_backward", 'elif mode == "average"', 'elif mode == "avg"', "average missing"),
    ],
    SEQUENCES: [
        ("rnn_cell_forward", "softmax(Wya @ a_next + by)", "Wya @ a_next + by",
         "prediction: softmax missing"),
        ("rnn_cell_forward", "softmax(Wya @ a_next + by)", "sigmoid(Wya @ a_next + by)",
         "prediction: sigmoid for softmax"),
        ("rnn_cell_forward", "Wya @ a_next", "Wya @ a_prev", "y from the old a"),
        ("rnn_cell_forward", "np.tanh(", "sigmoid(", "sigmoid for tanh"),
        ("rnn_cell_forward", " + ba", "", "ba missing"),
        ("rnn_forward", "rnn_cell_forward(xt, a_next,", "rnn_cell_forward(xt, a0,",
         "a0 at every step"),
        ("rnn_forward", "xt = x[:, :, t]", "xt = x[:, :, 0]", "x of the first step"),
        ("rnn_forward", "        caches.append(cache)", "    caches.append(cache)",
         "last cache alone"),
        ("rnn_forward", "a_next = a0", "a_next = np.zeros((n_a, m))", "a0 left out"),
        ("lstm_cell_forward", "np.multiply(ft, c_prev) + np.multiply(it, cct)",
         "np.multiply(it, c_prev) + np.multiply(ft, cct)", "forget and update gates swapped"),
        ("lstm_cell_forward", "np.multiply(ot, np.tanh(c_next))", "np.multiply(ot, c_next)",
         "tanh of the cell missing"),
        ("lstm_cell_forward", "cct = np.tanh(", "cct = sigmoid(", "candidate through the sigmoid"),
        ("lstm_cell_forward", "it = sigmoid(np.dot(Wi, concat) + bi)",
         "it = sigmoid(np.dot(Wf, concat) + bf)", "i with f's weights"),
        ("lstm_cell_forward", "np.dot(Wy, a_next)", "np.dot(Wy, c_next)", "y from the cell"),
        ("lstm_cell_forward", "np.multiply(ft, c_prev)", "c_prev", "no forget gate"),
        ("lstm_forward", "lstm_cell_forward(xt, a_next,", "lstm_cell_forward(xt, a0,",
         "a not carried"),
        ("lstm_forward", "c_next = np.zeros((n_a, m))", "c_next = a0", "c starts with a0"),
        ("lstm_forward", "c[:, :, t] = c_next", "c[:, :, t] = a_next", "a for c"),
        ("rnn_cell_backward", "da_next * (1 - np.square(a_next))", "da_next * (1 - a_next)",
         "rnn_step_backward: a_next not squared"),
        ("rnn_cell_backward", "np.square(a_next)", "np.tanh(a_next) ** 2",
         "rnn_step_backward: tanh twice"),
        ("rnn_cell_backward", "np.square(a_next)", "np.square(a_prev)",
         "rnn_step_backward: slope of a_prev"),
        ("rnn_cell_backward", "da_next * (1 - np.square(a_next))", "(1 - np.square(a_next))",
         "rnn_step_backward: without da_next"),
        ("rnn_cell_backward", "np.dot(Waa.T, dz)", "np.dot(Waa, dz)",
         "rnn_step_backward: Waa not transposed"),
        ("rnn_cell_backward", "a_prev.T", "a_next.T", "rnn_step_backward: dWaa of a_next"),
        ("rnn_cell_backward", "np.sum(dz, axis=1, keepdims=True)",
         "np.mean(dz, axis=1, keepdims=True)", "rnn_step_backward: dba is a mean"),
        ("rnn_backward", "da[:, :, t] + da_prevt", "da[:, :, t]", "da_prevt not added"),
        ("rnn_backward", "dWaa += gradients", "dWaa = gradients", "dWaa of the first step"),
        ("rnn_backward", "reversed(range(T_x))", "range(T_x)", "rnn backward in forward order"),
        ("rnn_backward", "caches[t])", "caches[-1])", "rnn last cache at every step"),
        ("rnn_backward", "da0 = da_prevt", "da0 = np.zeros((n_a, m))", "da0 left at zero"),
        ("lstm_cell_backward", "dcct = dc * it * (1 - cct ** 2)",
         "dcct = dc * it * (1 - np.tanh(cct) ** 2)", "lstm_step_backward: tanh of cct"),
        ("lstm_cell_backward", "dit = dc * cct * (1 - it) * it",
         "dit = dc_next * cct + ot * (1 - tc ** 2) * cct * da_next * it * (1 - it)",
         "lstm_step_backward: dit with brackets missing"),
        ("lstm_cell_backward", "dft = dc * c_prev * ft * (1 - ft)",
         "dft = dc_next * c_prev + ot * (1 - tc ** 2) * c_prev * da_next * ft * (1 - ft)",
         "lstm_step_backward: dft with brackets missing"),
        ("lstm_cell_backward", "dft = dc * c_prev * ft * (1 - ft)",
         "dft = dc * c_next * ft * (1 - ft)", "lstm_step_backward: dft of the new cell"),
        ("lstm_cell_backward", "dc = dc_next + ot * (1 - tc ** 2) * da_next",
         "dc = dc_next + ot * (1 - c_next ** 2) * da_next",
         "lstm_step_backward: tanh' of the cell without tanh"),
        ("lstm_cell_backward", "dc = dc_next + ot", "dc = ot",
         "lstm_step_backward: dc_next missing"),
        ("lstm_cell_backward", "dc_prev = dc * ft", "dc_prev = dc_next * ft",
         "lstm_step_backward: dc_prev without a_next's part"),
        ("lstm_cell_backward", "da_next * tc * ot * (1 - ot)", "da_next * c_next * ot * (1 - ot)",
         "lstm_step_backward: dot of the cell"),
        ("lstm_cell_backward", "da_next * tc * ot * (1 - ot)", "da_next * tc",
         "lstm_step_backward: sigmoid' of o missing"),
        ("lstm_cell_backward", "[a_prev.T, xt.T]", "[xt.T, a_prev.T]", "_apart: x before a in dW"),
        ("lstm_cell_backward", " + Wo[:, :n_a].T @ dot", "",
         "lstm_step_backward: da_prev without dot"),
        ("lstm_cell_backward", "Wi[:, n_a:].T @ dit + ", "",
         "lstm_step_backward: dxt without dit"),
        ("lstm_backward", "da[:, :, t] + da_prevt", "da[:, :, t]", "da_prevt not added"),
        ("lstm_backward", "dc_prevt = gradients['dc_prev']", "pass", "dc_prevt not carried"),
        ("lstm_backward",
         "da_prevt = gradients['da_prev']\n        dc_prevt = gradients['dc_prev']",
         "pass", "da_prevt and dc_prevt not carried"),
        ("lstm_backward", "dWf = dWf + gradients", "dWf = gradients", "dWf of the first step"),
        ("lstm_backward", "reversed(range(T_x))", "range(T_x)", "lstm backward in forward order"),
    ],
    CLIP: [
        ("clip", "-maxValue, maxValue,", "None, maxValue,", "above alone"),
        ("clip", "-maxValue, maxValue,", "0, maxValue,", "at zero"),
        ("clip", ", out=gradients[gradient]", "", "not kept"),
        ("clip", "-maxValue, maxValue,", "-10, 10,", None),
    ],
}  # fmt: skip
CASES = [(file, *case) for file, cases in WRONG.items() for case in cases]


def planted(file, name, right, wrong):
    """The file with one function written otherwise."""
    (path, text), *_ = read(file).files.items()
    function = name.removesuffix(" (1-D)")
    block = re.search(rf"^def {function}\(.*?(?=^def |\Z)", text, flags=re.M | re.S)
    assert block and right in block[0], f"{function} has no {right!r}"
    changed = text[: block.start()] + block[0].replace(right, wrong) + text[block.end() :]
    return Submission("x", {path: changed}, [])


@pytest.mark.parametrize(("file", "name", "right", "wrong", "mistake"), CASES)
def test_wrong_ones_are_named(file, name, right, wrong, mistake, graders):
    (entry,) = graders(name).grade(planted(file, name, right, wrong))["problems"]
    assert entry["verdict"] != "correct" and entry["score"] < 1
    if mistake:
        own = mistake if ": " in mistake or mistake.split()[0] in OF_CARDS else f"{name}: {mistake}"
        assert entry["mistake"] == own


OF_CARDS = ("adam", "affine", "rnn", "lstm")


def test_four_in_five_are_named(graders):
    named = sum(bool(mistake) for *_, mistake in CASES)
    wrong = sum(mistake is not None for *_, mistake in CASES)
    assert named / wrong > 0.8


# Several files, old ones, small ones ------------------------------------------------------------


def folder(part, *more):
    """The notebooks of a part of the course, in one submission."""
    found = {}
    for path in ROOT.glob("*.ipynb"):
        if re.search(part, path.name):
            ((name, text),) = read(path.name).files.items()
            found[f"{path.stem}/{name}"] = text
    return Submission("all", found | dict(more), [])


def test_all_notebooks_at_once():
    sheet = Sheet(assignment("deeplearning-ai"), b"a secret")
    with Box() as box:
        result = Grader(sheet, box).grade(folder("_v"))
    assert [each["name"] for each in result["problems"] if each["verdict"] != "correct"] == []


def test_what_the_course_gives_is_not_graded_in_the_notebooks_place(graders):
    notebook = planted(DEEP, "linear_backward", "(1/m)*", "")
    ((name, text),) = notebook.files.items()
    (given,) = read("own_deep.py").files.values()
    both = Submission("x", {name: text, "dnn_app_utils_v3.py": given}, [])
    (entry,) = graders("linear_backward").grade(both)["problems"]
    assert entry["mistake"] == "linear_backward: without 1/m"


def test_what_only_an_older_numpy_runs_is_right_when_cured(graders):
    for said in ("+ float(biases)", "+ biases"):
        step = f"np.sum(a_slice_prev * weights) {said}"
        old = "conv_single_step(a_slice_prev, weights, biases)"
        (entry,) = graders("conv_forward").grade(planted(IMAGES, "conv_forward", old, step))[
            "problems"
        ]
        assert entry["verdict"] == "outdated" and entry["score"] == 1
        assert "so cured it is right" in entry["message"]
    broken = planted(IMAGES, "conv_forward", old, "a_slice_prev[0, 0] * weights[0, 0]")
    (entry,) = graders("conv_forward").grade(broken)["problems"]
    assert entry["verdict"] == "raises"


def test_small_counterexamples(graders):
    (entry,) = graders("compute_cost").grade(planted(DEEP, "compute_cost", "(-1/m)", "(1/m)"))[
        "problems"
    ]
    assert entry["counterexample"]["numbers"] <= 12
