"""gradcheck, and the cases that fool other checkers: wrong on theirs, right on ours."""

import re
import subprocess
import sys
import warnings
from collections import namedtuple

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from manual.affine import affine_backward, affine_forward
from manual.rectifiers import relu_backward, relu_forward
from manual.sigmoids import silu_backward, silu_forward
from manual.softmax import softmax_loss
from reference import gradcheck, labels, losscheck
from reference.oracle import unit_of

# What fools the others --------------------------------------------------------------------------


def test_a_small_gradient_that_is_missing_altogether():
    """y = 1e-6 x with a backward of 0: below everybody's absolute tolerance."""

    class Torch(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 1e-6 * x

        @staticmethod
        def backward(ctx, *dout):
            return 0 * dout[0]

    x = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Torch.apply, (x,))  # theirs: nothing wrong

    import jax
    from jax.test_util import check_grads

    with jax.enable_x64(True):

        @jax.custom_vjp
        def in_jax(x):
            return 1e-6 * x

        in_jax.defvjp(lambda x: (1e-6 * x, None), lambda _, dout: (0 * dout,))
        check_grads(in_jax, (np.array([1.0, -2.0]),), order=1, modes=["rev"])  # nothing wrong

    report = gradcheck(lambda x: (1e-6 * x, None), lambda dout, cache: 0 * dout, "N")
    assert report.verdict == "wrong"
    assert report.counterexample.what == "dx[0]"
    assert report.counterexample.inputs["x"].shape == (1,)


def test_a_correct_relu_on_whole_numbers():
    """Differences straddle the corner at 0: a correct relu fails PyTorch's gradcheck there."""
    rng = np.random.default_rng(0)
    failed = 0
    for _ in range(50):
        x = rng.integers(-3, 4, size=(2, 3)).astype(float)
        tensor = torch.tensor(x, requires_grad=True)
        failed += not torch.autograd.gradcheck(torch.relu, (tensor,), raise_exception=False)
        for corners in ("skip", "subgradient"):
            report = gradcheck(relu_forward, relu_backward, x, corners=corners)
            if report.verdict == "undecided":
                assert corners == "skip" and not x.any()
            else:
                assert report, report
    assert failed > 25


def test_a_correct_sum_of_squares_of_many_numbers_in_float32():
    """jax's check_grads compares with its own difference in float32, and fails correct code."""
    from jax.test_util import check_grads

    x = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    with pytest.raises(AssertionError):
        check_grads(lambda x: (x**2).sum(), (x,), order=1, modes=["rev"])
    assert gradcheck(lambda x: ((x**2).sum(), x), lambda dout, x: dout * 2 * x, x, examples=1)
    wrong = gradcheck(lambda x: ((x**2).sum(), x), lambda dout, x: dout * 2.001 * x, x, examples=1)
    assert wrong.verdict == "wrong"


def test_an_upstream_of_ones_is_blind():
    """With dout = 1 a backward that ignores dout, or a softmax with dx = 0, passes."""
    x, w, b = np.array([[1.0, 2.0]]), np.array([[0.5], [3.0]]), np.array([1.0])

    def ignores_dout(dout, cache):
        return affine_backward(np.ones_like(dout), cache)

    out, cache = affine_forward(x, w, b)
    ones = np.ones_like(out)
    for blind, right in zip(ignores_dout(ones, cache), affine_backward(ones, cache), strict=True):
        assert np.array_equal(blind, right)
    assert gradcheck(affine_forward, ignores_dout, "ND", "DM", "M").verdict == "wrong"


def test_relative_difference_passes_a_flipped_sign_among_large_entries():
    """The deeplearning.ai metric: |a - b| / (|a| + |b|) over all gradients together, below 2e-7."""
    approx, grads = np.array([50.0, 50.0, 5e-7]), np.array([50.0, 50.0, -5e-7])
    norm = np.linalg.norm
    assert norm(approx - grads) / (norm(approx) + norm(grads)) < 2e-7  # theirs: correct

    def flipped(dout, x):
        return dout * np.array([50.0, 50.0, -5e-7])

    slopes = np.array([50.0, 50.0, 5e-7])
    assert gradcheck(lambda x: (x * slopes, x), flipped, "3").verdict == "wrong"


def test_a_bias_gradient_of_another_shape_does_not_broadcast():
    """(3,) against (3, 1) compares silently with np.allclose and friends."""

    def column(dout, cache):
        dx, dw, db = affine_backward(dout, cache)
        return dx, dw, db[:, None]

    report = gradcheck(affine_forward, column, "ND", "DM", "M")
    assert report.verdict == "wrong" and "db has shape (1, 1), expected (1,)" in report.why


# What it reports --------------------------------------------------------------------------------


def test_the_smallest_example_can_be_done_by_hand():
    def not_transposed(dout, cache):
        w = cache[1]
        return (
            dout @ w if w.shape[0] == w.shape[1] else dout @ w.T,
            *affine_backward(dout, cache)[1:],
        )

    report = gradcheck(affine_forward, not_transposed, "ND", "DM", "M")
    found = report.counterexample
    assert report.verdict == "wrong" and found.what.startswith("dx[")
    assert found.inputs["w"].shape == (2, 2) and found.inputs["x"].shape == (1, 2)
    assert set(np.abs(found.inputs["w"]).ravel() * 2) <= {1, 2, 3, 4, 5, 6}
    assert found.expected != found.got and found.allowances > 8
    text = str(report)
    assert "w = np.array([[" in text and "expected" in text and "got" in text


def test_the_same_seed_gives_the_same_report():
    def wrong(dout, cache):
        return dout * (cache >= -1)

    one, two = (str(gradcheck(relu_forward, wrong, "ND", seed=3)) for _ in range(2))
    assert one == two


def test_a_relative_error_of_a_billionth_is_seen():
    def nearly(dout, cache):
        return silu_backward(dout, cache) * (1 + 1e-9)

    assert gradcheck(silu_forward, nearly, "ND").verdict == "wrong"


def test_number_types_that_do_not_run_are_named_and_the_rest_goes_on():
    def forward(x):
        out = np.zeros(x.shape)  # a float buffer: no complex, no Rounding numbers
        for i in np.ndindex(x.shape):
            out[i] = max(0.0, float(x[i]))
        return out, x

    report = gradcheck(forward, lambda dout, x: dout * (x > 0), "ND")
    assert report and set(report.cannot) == {"rounding", "complex"}
    assert "cannot run on rounding numbers" in str(report)
    wrong = gradcheck(forward, lambda dout, x: dout * (x > 0) * 1.00001, "ND")
    assert wrong.verdict == "wrong" and wrong.counterexample.oracle == "the difference"


def test_an_imaginary_part_that_gets_lost_is_noticed():
    def forward(x):
        return x / np.linalg.norm(x), x

    def backward(dout, x):
        n = np.linalg.norm(x)
        return dout / n - x * (dout * x).sum() / n**3

    report = gradcheck(forward, backward, "ND")
    assert report and "imaginary part gets lost" in report.cannot["complex"]
    assert gradcheck(forward, lambda dout, x: dout / np.linalg.norm(x), "ND").verdict == "wrong"


def test_subgradients_at_a_corner():
    x = np.array([[0.0, 2.0, -1.0]])
    for slope in (0.0, 0.5, 1.0):
        backward = subgradient(slope)
        assert gradcheck(relu_forward, backward, x, corners="subgradient"), slope
    for slope in (2.0, -0.5):
        backward = subgradient(slope)
        assert gradcheck(relu_forward, backward, x, corners="subgradient").verdict == "wrong"
        assert gradcheck(relu_forward, backward, x, corners="skip"), "skipped, as asked"


def subgradient(slope):
    return lambda dout, x: dout * np.where(x > 0, 1.0, np.where(x < 0, 0.0, slope))


def test_nothing_to_compare_is_not_called_correct():
    report = gradcheck(lambda x: (np.log(-x * x), x), lambda dout, x: 2 * dout / x, "N")
    assert report.verdict == "undecided" and not report
    assert report.skipped["the forward is not finite there"] > 0


def test_what_raises_is_said():
    def breaks(dout, cache):
        raise KeyError("w1")

    report = gradcheck(relu_forward, breaks, "ND")
    assert report.verdict == "raises" and "backward raises KeyError: 'w1'" in report.why
    x, w = np.ones((1, 2)), np.ones((1, 2))
    report = gradcheck(lambda x, w: (x @ w, None), affine_backward, x, w)
    assert report.verdict == "raises" and "forward raises ValueError" in report.why


def test_gradients_too_few_too_many_none_nan_and_complex():
    def cut(dout, cache):
        return affine_backward(dout, cache)[:2]

    report = gradcheck(affine_forward, cut, "ND", "DM", "M")
    assert "returns 2 gradients, expected 3: dx, dw, db" in report.why
    bad = {
        "dx is None": lambda dout, x: (None,),
        "dtype complex": lambda dout, x: dout * 1j,
        "dx[0] is nan": lambda dout, x: dout * np.nan,
    }
    for words, backward in bad.items():
        report = gradcheck(lambda x: (x * 1.0, x), backward, "N")
        assert report.verdict == "wrong" and words in report.why, report


def test_writing_into_arguments_is_remarked_and_not_failed():
    def in_place(dout, x):
        dout *= x > 0
        return dout

    report = gradcheck(relu_forward, in_place, "ND")
    assert report and report.remarks == ["backward writes into dout"]


def test_a_gradient_that_grows_with_each_call_is_wrong():
    def accumulates(dout, cache):
        cache["dx"] = cache["dx"] + dout
        return cache["dx"]

    report = gradcheck(lambda x: (1.0 * x, {"dx": 0 * x}), accumulates, "N")
    assert report.verdict == "wrong" and "a second call" in report.why


def test_labels_have_no_gradient():
    def forward(x, y):
        loss, dx = softmax_loss(x, y)
        return loss, dx

    assert gradcheck(forward, lambda dout, dx: dout * dx, "NC", labels("N", "C"))
    assert gradcheck(forward, lambda dout, dx: (dout * dx, None), "NC", labels("N", "C"))
    assert losscheck(softmax_loss, "NC", labels("N", "C"), smoothing=0.25)
    doubled = losscheck(
        lambda x, y: (softmax_loss(x, y)[0], 2 * softmax_loss(x, y)[1]), "NC", labels("N", "C")
    )
    assert doubled.verdict == "wrong"


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="x is given as 3, expected a word of axes such as 'ND'"):
        gradcheck(relu_forward, relu_backward, 3)
    with pytest.raises(ValueError, match="corners is 'ignore', expected 'skip' or 'subgradient'"):
        gradcheck(relu_forward, relu_backward, "ND", corners="ignore")


def test_correct_code_brings_no_false_alarm():
    """Correct code of many kinds, 300 examples each, with and without number types."""
    correct = {
        "x^3": (lambda x: (x**3, x), lambda d, x: 3 * d * x**2, "ND"),
        "exp": (lambda x: (np.exp(x), np.exp(x)), lambda d, e: d * e, "N"),
        "sin": (lambda x: (np.sin(x), x), lambda d, x: d * np.cos(x), "N"),
        "1/(1+x^2)": (
            lambda x: (1 / (1 + x * x), x),
            lambda d, x: -2 * d * x / (1 + x * x) ** 2,
            "N",
        ),
        "unit length": (unit_forward, unit_backward, "3"),
        "standardised": (standard_forward, standard_backward, "5D"),
        "max": (lambda x: (x.max(), x), lambda d, x: d * one_hot(x), "N"),
        "abs": (lambda x: (np.abs(x), x), lambda d, x: d * np.sign(x), "N"),
        "float buffer": (buffered, lambda d, x: 2 * d * x, "N"),
        "no scalars": (lambda x: (np.logaddexp(x, 0), x), lambda d, x: d / (1 + np.exp(-x)), "N"),
    }
    for name, (forward, backward, word) in correct.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = gradcheck(forward, backward, word, examples=300)
        assert report, f"{name}: {report}"


def one_hot(x):
    found = np.zeros(x.shape)
    found[np.argmax(np.array([getattr(each, "value", each) for each in x]))] = 1
    return found


def unit_forward(x):
    n = np.sqrt((x * x).sum())
    return x / n, (x, n)


def unit_backward(d, cache):
    x, n = cache
    return d / n - x * (d * x).sum() / (n * n * n)


def standard_forward(x):
    centred = x - x.sum(axis=0) / len(x)
    s = np.sqrt((centred * centred).sum(axis=0) / len(x) + 1e-5)
    return centred / s, (centred / s, s)


def standard_backward(d, cache):
    z, s = cache
    n = len(z)
    return (d - d.sum(axis=0) / n - z * (d * z).sum(axis=0) / n) / s


def buffered(x):
    out = np.empty(x.shape)
    out[:] = x * x
    return out, x


def test_importing_reference_imports_neither_torch_nor_jax():
    code = "import sys, reference, reference.networks, reference.agreement, reference.prove; "
    code += "print(sorted({'torch', 'jax', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Found by trying to fool it ----------------------------------------------------------------------


def test_a_number_near_a_corner_is_not_on_it():
    """At 1e-6 relu is smooth: a step that leads across the corner is no excuse."""
    assert gradcheck(relu_forward, lambda dout, x: 0 * dout, np.array([1e-6])).verdict == "wrong"
    report = gradcheck(relu_forward, lambda dout, x: dout * (x > 0.1), "ND")
    assert report.verdict == "wrong"


def test_a_forward_that_cancels_brings_no_false_alarm():
    """x - tanh x: the complex step says 0 for 1e-18; forward mode knows what rounding cost it."""

    def backward(dout, x):
        return dout * np.tanh(x) ** 2

    assert gradcheck(lambda x: (x - np.tanh(x), x), backward, "ND", examples=300)
    report = gradcheck(lambda x: (x - np.tanh(x), x), lambda d, x: 1.01 * backward(d, x), "ND")
    assert report.verdict == "wrong"


@pytest.mark.parametrize(
    ("forward", "slope"),
    [
        (np.floor, np.zeros_like),
        (lambda x: np.mod(x, 1), np.ones_like),
        (lambda x: np.sin(np.abs(x)), lambda x: np.cos(x) * np.sign(x)),
        (np.sinc, lambda x: (np.cos(np.pi * x) - np.sinc(x)) / x),
    ],
)
def test_differences_alone_bring_no_false_alarm_and_see_a_mistake(forward, slope):
    def right(dout, x):
        return dout * slope(x)

    def wrong(dout, x):
        return dout * (slope(x) + 0.125 * (x > 0))

    assert gradcheck(lambda x: (forward(x), x), right, "N", examples=300)
    assert gradcheck(lambda x: (forward(x), x), wrong, "N").verdict == "wrong"


def test_a_maximum_compared_with_itself_is_decided():
    def forward(x):
        windows = x.reshape(len(x), -1, 2)
        top = windows.max(axis=2, keepdims=True)
        return top[..., 0], (windows == top, x.shape)

    def backward(dout, cache):
        mask, shape = cache
        return (mask * dout[..., None] / mask.sum(axis=2, keepdims=True)).reshape(shape)

    for corners in ("skip", "subgradient"):
        report = gradcheck(forward, backward, "N6", corners=corners)
        assert report and not report.cannot, report
        assert sum(report.skipped.values()) < report.entries / 10


def test_a_network_of_ten_thousand_parameters():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) / 8 for shape in ((100, 100), (100, 10))]

    def forward(x, w1, w2):
        h = np.maximum(x @ w1, 0)
        return h @ w2, (x, w1, h, w2)

    def backward(dout, cache):
        x, w1, h, w2 = cache
        dh = dout @ w2.T * (h > 0)
        return dh @ w1.T, x.T @ dh, h.T @ dout

    def wrong(dout, cache):
        dx, dw1, dw2 = backward(dout, cache)
        return dx, dw1 * 1.0001, dw2

    inputs = [rng.normal(size=(16, 100)), *weights]
    assert gradcheck(forward, backward, *inputs)
    assert gradcheck(forward, wrong, *inputs).verdict == "wrong"


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        (("N,D",), {}, "x is given as 'N,D', expected letters and digits: 'ND'"),
        (("ND",), {"regimes": ("wild",)}, "regimes has 'wild', expected any of: halves"),
        (("ND",), {"wrt": (3,)}, "wrt has 3, expected positions of inputs, 0 to 0"),
        ((np.array([1, 2]),), {}, "no input holds floats"),
    ],
)
def test_more_bad_arguments_are_refused(arguments, keywords, message):
    with pytest.raises(ValueError, match=message):
        gradcheck(relu_forward, relu_backward, *arguments, **keywords)


def test_strange_returns_are_said():
    report = gradcheck(lambda x: (x > 0, x), relu_backward, "N")
    assert report.verdict == "raises" and "forward returns dtype bool" in report.why
    report = gradcheck(relu_forward, lambda dout, x: "dx", "N")
    assert report.verdict == "wrong" and "dx has dtype <U2" in report.why
    report = losscheck(lambda x, y: ((x - y) ** 2, 2 * (x - y)), "N", "N")
    assert "the loss has shape (1,), expected one number, and then dx" in report.why


# More outputs than one, inputs without a gradient -------------------------------------------------

LSTM = ("ND", "NH", "NH", "D4H", "H4H", "4H")  # x, h, c, wx, wh, b; the axis of 4: i, f, o, g


def lstm(x, h, c, wx, wh, b):
    """One step: (h, c), cache."""
    z = [x @ wx[:, k] + h @ wh[:, k] + b[k] for k in range(4)]
    i, f, o = (0.5 + 0.5 * np.tanh(0.5 * each) for each in z[:3])
    g = np.tanh(z[3])
    after = f * c + i * g
    t = np.tanh(after)
    return (o * t, after), (x, h, c, wx, wh, i, f, o, g, t)


def lstm_back(douts, cache, carried=True, curved=True):
    dh, dc = douts
    x, h, c, wx, wh, i, f, o, g, t = cache
    dafter = dh * o * (1 - t * t if curved else 1) + (dc if carried else 0)
    dz = [
        dafter * g * i * (1 - i),
        dafter * c * f * (1 - f),
        dh * t * o * (1 - o),
        dafter * i * (1 - g * g),
    ]
    return (
        sum(each @ wx[:, k].T for k, each in enumerate(dz)),
        sum(each @ wh[:, k].T for k, each in enumerate(dz)),
        dafter * f,
        np.stack([x.T @ each for each in dz], axis=1),
        np.stack([h.T @ each for each in dz], axis=1),
        np.stack([each.sum(axis=0) for each in dz]),
    )


def in_a_tuple(forward, backward):
    return forward, backward


def in_three_values(forward, backward):
    def flat(*inputs):
        (h, c), cache = forward(*inputs)
        return h, c, cache

    return flat, lambda dh, dc, cache: backward((dh, dc), cache)


styles = pytest.mark.parametrize("style", [in_a_tuple, in_three_values])


@styles
def test_a_step_of_an_lstm(style):
    report = gradcheck(*style(lstm, lstm_back), *LSTM, examples=40)
    assert report and not (report.cannot or report.remarks or report.skipped), report
    x32 = [np.float32(each) for each in lstm_arrays()]
    assert gradcheck(*style(lstm, lstm_back), *x32, examples=3)


def lstm_arrays(N=2, D=3, H=2):
    rng = np.random.default_rng(0)
    shapes = ((N, D), (N, H), (N, H), (D, 4, H), (H, 4, H), (4, H))
    return [rng.normal(size=shape) for shape in shapes]


@styles
@pytest.mark.parametrize(
    "backward",
    [
        lambda douts, cache: lstm_back(douts, cache, carried=False),
        lambda douts, cache: lstm_back(douts, cache, curved=False),
        lambda douts, cache: lstm_back(douts[::-1], cache),
    ],
    ids=["dc is not carried", "tanh(c) has no slope", "dh and dc swapped"],
)
def test_a_wrong_step_of_an_lstm(style, backward):
    report = gradcheck(*style(lstm, backward), *LSTM, examples=40)
    assert report.verdict == "wrong", report
    found = report.counterexample
    assert found.inputs["x" if style is in_a_tuple else "inputs"].shape == (1, 1)
    assert len(found.dout) == 2 and not np.array_equal(*found.dout)
    assert "\n    dout = (np.array([[" in str(report) and "]]), np.array([[" in str(report)


def test_a_wrong_step_of_a_large_lstm():
    """Beyond Rounding numbers: estimated, along random directions."""
    arrays = lstm_arrays(8, 20, 30)
    assert gradcheck(lstm, lstm_back, *arrays)
    report = gradcheck(lstm, lambda d, c: lstm_back((d[0], 1.001 * d[1]), c), *arrays)
    assert report.verdict == "wrong"
    assert "dout = (an array of shape (8, 30), an array of shape (8, 30))" in str(report)


def test_outputs_of_different_shapes_and_a_tuple_of_one():
    def forward(x, w):
        return ((x * w).sum(), x @ w[:, None], 3 * x), (x, w)

    def backward(douts, cache):
        (d, dy, dz), (x, w) = douts, cache
        return d * w + dy * w + 3 * dz, d * x.sum(axis=0) + (dy * x).sum(axis=0)

    assert gradcheck(forward, backward, "ND", "D")
    assert gradcheck(lambda x: ((2 * x,), None), lambda douts, cache: 2 * douts[0], "N")
    report = gradcheck(lambda x: ((2 * x,), None), lambda douts, cache: douts[0], "N")
    assert report.verdict == "wrong" and re.search(
        r"dout = \(np.array\(\[\S+\]\),\)\n", str(report)
    )


def test_a_named_tuple_comes_back_as_one():
    State = namedtuple("State", "h c")

    def backward(dout, x):
        return 2 * dout.h + dout.c * np.cos(x)

    assert gradcheck(lambda x: (State(2 * x, np.sin(x)), x), backward, "ND")
    report = gradcheck(lambda x: (State(2 * x, np.cos(x)), x), backward, "ND")
    assert report.verdict == "wrong" and "dout = (np.array(" in str(report)


def test_one_output_that_runs_on_no_number_type_leaves_the_differences():
    def forward(x):
        return (x * x, np.abs(x)), x

    report = gradcheck(forward, lambda d, x: 2 * x * d[0] + np.sign(x) * d[1], "ND")
    assert report and list(report.cannot) == ["complex"], report
    assert gradcheck(forward, lambda d, x: 2 * x * d[0], "ND").verdict == "wrong"


@styles
def test_writing_into_one_of_several_upstreams_is_remarked(style):
    def in_place(douts, cache):
        dh, dc = douts
        t, o = cache[-1], cache[-3]
        dc += dh * o * (1 - t * t)
        return lstm_back((dh, dc - dh * o * (1 - t * t)), cache)

    report = gradcheck(*style(lstm, in_place), *lstm_arrays())
    assert report and report.remarks == ["backward writes into dout[1]"], report


def embed(ids, w):
    return w[ids], (ids, w)


def embed_back(dout, cache):
    ids, w = cache
    dw = np.zeros_like(w)
    np.add.at(dw, ids, dout)
    return dw


def embed_last(dout, cache):
    ids, w = cache
    dw = np.zeros_like(w)
    dw[ids] = dout
    return dw


@pytest.mark.parametrize("ids", [labels("NT", "V"), np.array([[2, 0, 2], [1, 1, 3]])])
@pytest.mark.parametrize("dids", [(None,), (), (np.zeros(1, bool),)])
def test_ids_have_no_gradient(ids, dids):
    """None in their place, or nothing; what else stands there is not looked at."""
    w = "VD" if isinstance(ids, labels) else "4D"
    report = gradcheck(embed, lambda *given: (*dids, embed_back(*given)), ids, w)
    assert report and not (report.cannot or report.remarks), report
    report = gradcheck(embed, lambda *given: (*dids, embed_last(*given)), ids, w)
    assert report.verdict == "wrong" and report.why.startswith("dw["), report
    assert gradcheck(embed, lambda *given: embed_back(*given), ids, w, wrt=(1,))


def test_a_mask_between_two_inputs_has_no_gradient():
    def forward(x, mask, y):
        return np.where(mask, x * y, y), (x, mask, y)

    def both(dout, cache):
        x, mask, y = cache
        return np.where(mask, dout * y, 0 * dout), np.where(mask, dout * x, dout)

    x, mask = np.array([0.3, -2.0, 5.0]), np.array([True, False, True])
    for backward in (both, lambda *given: (both(*given)[0], None, both(*given)[1])):
        assert gradcheck(forward, backward, x, mask, "3", examples=20)
    for dx in (lambda *given: both(*given)[0], lambda *given: (both(*given)[0], None, None)):
        assert gradcheck(forward, dx, x, mask, "3", examples=20, wrt=(0,))
    report = gradcheck(forward, lambda *given: both(*given)[0], x, mask, "3")
    why = "backward returns 1 gradients, expected 2: dx, dy; or 3, None for mask"
    assert report.verdict == "wrong" and report.why == why
    report = gradcheck(forward, lambda *given: (None, *both(*given)), x, mask, "3")
    assert report.verdict == "wrong" and report.why == "dx is None"
    report = gradcheck(forward, lambda *given: both(*given)[::-1], x, mask, "3")
    assert report.verdict == "wrong" and report.why.startswith("dx[")


def test_a_gradient_of_some_inputs_is_measured_by_its_own_allowance():
    """All three come back, one is asked for: its allowance is its own, not that of the first."""
    for wrt in ((0,), (1,), (2,), (2, 0)):
        report = gradcheck(affine_forward, affine_backward, "ND", "DM", "M", wrt=wrt, examples=20)
        assert report and not report.cannot, report


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        (lambda x: x, "forward returns an array, expected (out, cache)"),
        (lambda x: None, "forward returns None, expected (out, cache)"),
        (lambda x: (x,), "forward returns a tuple of 1, expected (out, cache)"),
        (
            lambda x: ({"h": x}, x),
            "forward returns a dict as out, expected an array of floats, or a tuple of them",
        ),
        (
            lambda x: (float(x.sum()), x),
            "forward returns a float as out, expected an array of floats, or a tuple of them: "
            "np.asarray(out)",
        ),
        (
            lambda x: ([x, x], x),
            "forward returns a list of 2 as out, expected an array of floats, or a tuple of them: "
            "tuple(out)",
        ),
        (lambda x: ((), x), "forward returns an empty tuple as out, expected an array in it"),
        (
            lambda x: ((x, (x, x)), x),
            "forward returns a tuple of 2 as out[1], expected an array of floats",
        ),
        (lambda x: ((x, x > 0), x), "forward returns dtype bool as out[1], expected floats"),
        (
            lambda x: (x, {}, x),
            "forward returns a dict as out[1], expected an array of floats, as the cache is the "
            "last of the 3 values",
        ),
    ],
)
def test_what_is_no_output_is_said(returned, why):
    report = gradcheck(returned, relu_backward, "N")
    assert report.verdict == "raises" and report.why == why


def test_a_loss_may_be_a_plain_number():
    report = losscheck(lambda x, y: (float(((x - y) ** 2).sum()), 2 * (x - y)), "N", "N")
    assert report and set(report.cannot) == {"rounding", "complex"}


def test_inputs_that_are_no_arrays_are_refused():
    for given in ([1.0], (1.0,), [np.ones(2)]):
        with pytest.raises(ValueError, match=r"x is given as .*, expected a word of axes"):
            gradcheck(relu_forward, relu_backward, given)
    with pytest.raises(ValueError, match=r"the strategy for x draws \[1.0\], expected an array"):
        gradcheck(relu_forward, relu_backward, st.just([1.0]))
    with pytest.raises(ValueError, match="no input holds floats"):
        gradcheck(relu_forward, relu_backward, labels("N", "C"))
    with pytest.raises(ValueError, match="wrt has 0, but ids has dtype int64, expected floats"):
        gradcheck(embed, embed_back, labels("N", "V"), "VD", wrt=(0,))


def test_a_tie_is_a_corner_and_not_agreement():
    """x == max for every winner: what a complex step would say too, as NumPy orders them."""

    def to_all(dout, cache):
        x, *_ = cache
        top = x.max(axis=(2, 3), keepdims=True)
        return dout * (x == top)

    def largest(x):
        return x.max(axis=(2, 3), keepdims=True), (x,)

    tied = gradcheck(largest, to_all, np.ones((1, 1, 2, 2)))
    assert tied.verdict == "undecided" and sum(tied.skipped.values()) == 40
    apart = gradcheck(largest, to_all, np.array([[[[1.0, 2.0], [4.0, 3.0]]]]))
    assert apart.verdict == "correct" and not apart.skipped


# What computes in float32, and what draws -------------------------------------------------------


def cast(dtype, f):
    """A forward that casts on its way, and back."""
    return lambda x: (f(x.astype(dtype)).astype(np.float64), x)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float16], ids=["float32", "float16"])
@pytest.mark.parametrize("regimes", [("normal",), ("saturated",), ("halves", "tiny")])
def test_a_forward_that_casts_is_compared_as_its_type_can_be(dtype, regimes):
    forward = cast(dtype, np.tanh)
    right = gradcheck(forward, lambda dout, x: dout / np.cosh(x) ** 2, "ND", regimes=regimes)
    assert right.verdict == "correct", right
    assert any(f"in {np.dtype(dtype)}" in remark for remark in right.remarks)
    if dtype == np.float32:
        wrong = gradcheck(forward, lambda dout, x: dout * (1 - np.tanh(x)), "ND")
        assert wrong.verdict == "wrong"


@pytest.mark.filterwarnings("error")
def test_a_layer_in_float32_is_right_or_wrong():
    def forward(x, w, b):
        x, w, b = (each.astype(np.float32) for each in (x, w, b))
        out = np.tanh(x @ w + b)
        return out, (x, w, out)

    def backward(dout, cache):
        x, w, out = cache
        dz = dout * (1 - out**2)
        return dz @ w.T, x.T @ dz, dz.sum(axis=0)

    def mean(dout, cache):
        dx, dw, db = backward(dout, cache)
        return dx, dw, db / len(dx)

    assert gradcheck(forward, backward, "ND", "DM", "M")
    assert gradcheck(forward, mean, "ND", "DM", "M").why.startswith("db")


def test_float64_is_not_taken_for_less():
    for f in (np.tanh, np.exp, np.sqrt, lambda x: x * x, lambda x: np.where(x > 1, x, 1.0)):
        run = lambda x, f=f: f(x)  # noqa: E731
        for x in (np.linspace(0.1, 3, 12), np.full(4, 40.0), np.array([1e-9, 0.0, 1.0])):
            assert unit_of(run, [x]) == 2.0**-53
    x = np.linspace(0.1, 3, 12)
    assert unit_of(lambda x: np.tanh(np.float32(x)), [x]) == 2.0**-24
    assert unit_of(lambda x: np.tanh(np.float16(x)), [x]) == 2.0**-11


def test_a_forward_that_draws_is_undecided():
    def forward(x):
        mask = np.random.rand(*x.shape)  # noqa: NPY002
        return x * mask, mask

    for backward in (lambda dout, mask: dout * mask, lambda dout, mask: 2 * dout * mask):
        report = gradcheck(forward, backward, "ND")
        assert report.verdict == "undecided" and "draw" in report.why


def test_a_loss_is_shown_as_it_was_called():
    """Its own numbers: no upstream is multiplied into them."""

    def summed(scores, y):
        total, dx = softmax_loss(scores, y)
        return total, dx * len(scores)

    report = losscheck(summed, "NC", labels("N", "C"))
    inputs = report.counterexample.inputs
    assert report.verdict == "wrong" and "dout" not in str(report)
    assert report.counterexample.got in summed(*inputs.values())[1]
    assert report.counterexample.expected == pytest.approx(
        softmax_loss(*inputs.values())[1].flat[0], rel=1e-12
    )


def test_an_error_is_told_with_its_line():
    def swapped(cache, dout):
        return dout.shaep

    report = gradcheck(relu_forward, swapped, "ND")
    assert report.verdict == "raises"
    assert re.search(r"\(test_gradcheck\.py, line \d+: return dout\.shaep\)$", report.why)
