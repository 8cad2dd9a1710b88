"""What students write in CTC."""

from collections.abc import Callable

from reference.cards import Mistake

FUNCTIONS: dict[str, Callable] = {}
PROBLEMS: list = []


def _ctc(name, method, right, wrong, says):
    return Mistake(f"CTC {name}", f"CTC.{method}", right, wrong, says)


_SKIP = "skip[3::2] = symbols[3::2] != symbols[1:-2:2]"
_LOOK = "if s >= 2 and skip_connect[s]:"
_BACK = "if s + 2 < S and skip_connect[s + 2]:"
_ENDS = "beta[T - 1, S - 1] = 1"

MISTAKES = [
    _ctc(
        "skip between equal symbols", "extend_target_with_blank", _SKIP, "skip[3::2] = 1",
        "Between two equal symbols no blank may be skipped.",
    ),
    _ctc(
        "skip to the first symbol", "extend_target_with_blank", _SKIP,
        f"{_SKIP}\n    skip[1] = 1",
        "The first symbol is marked as reachable by a skip: nothing lies two places before it.",
    ),
    _ctc(
        "skip wherever the neighbour differs", "extend_target_with_blank", _SKIP,
        "skip[1:] = 1",
        "It compares with the symbol one place before, a blank: the one two places before counts.",
    ),
    _ctc(
        "skip wherever the neighbour differs from the second on", "extend_target_with_blank",
        _SKIP, "skip[2:] = 1",
        "It compares with the symbol one place before, a blank: the one two places before counts.",
    ),
    _ctc(
        "skip of blanks too", "extend_target_with_blank", _SKIP,
        f"{_SKIP}\n    skip[2::2] = 1",
        "Blanks are marked too: only a symbol may be reached by a skip.",
    ),
    _ctc(
        "skip one place early", "extend_target_with_blank", _SKIP,
        f"{_SKIP}\n    skip[:-2] = skip[2:]\n    skip[-2:] = 0",
        "The mark stands where the skip starts; it should stand where it ends.",
    ),
    _ctc(
        "skip upside down", "extend_target_with_blank", _SKIP,
        "skip[3::2] = symbols[3::2] == symbols[1:-2:2]",
        "The marks are upside down: a skip is allowed between different symbols.",
    ),
    _ctc(
        "no blank at the end", "extend_target_with_blank", "return symbols, skip",
        "return symbols[:-1], skip[:-1]",
        "The blank at the end is missing.",
    ),
    _ctc(
        "no blank at the start", "extend_target_with_blank", "return symbols, skip",
        "return symbols[1:], skip[1:]",
        "The blank at the start is missing.",
    ),
    _ctc(
        "alpha starts at the blank alone", "get_forward_probs",
        "alpha[0, 1] = logits[0, extended_symbols[1]]", "pass",
        "A way may start at the first symbol as well as at the blank: alpha[0, 1] is missing.",
    ),
    _ctc(
        "alpha starts at the symbol alone", "get_forward_probs",
        "alpha[0, 0] = logits[0, extended_symbols[0]]", "pass",
        "A way may start at the blank as well as at the first symbol: alpha[0, 0] is missing.",
    ),
    _ctc(
        "alpha starts everywhere", "get_forward_probs",
        "alpha[0, 1] = logits[0, extended_symbols[1]]", "alpha[0] = logits[0, extended_symbols]",
        "A way starts at the first two places only: the rest of alpha[0] is 0.",
    ),
    _ctc(
        "alpha without skips", "get_forward_probs", _LOOK, "if False:",
        "Skips are missing in alpha.",
    ),
    _ctc(
        "alpha skips always", "get_forward_probs", _LOOK, "if s >= 2:",
        "Every place is reached by a skip in alpha; only those that skip_connect marks are.",
    ),
    _ctc(
        "alpha skips from one place early", "get_forward_probs", _LOOK,
        "if s >= 2 and skip_connect[s - 2]:",
        "skip_connect is read where the skip starts; it marks where it ends.",
    ),
    _ctc(
        "alpha without staying", "get_forward_probs", "ways = alpha[t - 1, s]",
        "ways = alpha[t - 1, s] if s == 0 else 0",
        "A way may stay where it is: alpha[t - 1, s] is missing.",
    ),
    _ctc(
        "alpha without moving on", "get_forward_probs", "ways += alpha[t - 1, s - 1]", "pass",
        "A way may move on by one: alpha[t - 1, s - 1] is missing.",
    ),
    _ctc(
        "alpha first column kept", "get_forward_probs", "return alpha",
        "alpha[:, 0] = alpha[0, 0]\n    return alpha",
        "The first column of alpha needs its product with logits at each step.",
    ),
    _ctc(
        "alpha first column left at zero", "get_forward_probs",
        "alpha[t, s] = ways * logits[t, extended_symbols[s]]",
        "alpha[t, s] = ways * logits[t, extended_symbols[s]] if s else 0",
        "The first column of alpha is zero after the first step; a way may stay on the blank.",
    ),
    _ctc(
        "alpha with the probability before", "get_forward_probs",
        "alpha[t, s] = ways * logits[t,", "alpha[t, s] = ways * logits[t - 1,",
        "alpha[t] takes the probabilities of step t - 1, and should take those of step t.",
    ),
    _ctc(
        "alpha with the probability before, from the second column on", "get_forward_probs",
        "alpha[t, s] = ways * logits[t,", "alpha[t, s] = ways * logits[t - 1 if s else t,",
        "alpha[t] takes the probabilities of step t - 1, and should take those of step t.",
    ),
    _ctc(
        "alpha without the probability", "get_forward_probs",
        "alpha[t, s] = ways * logits[t, extended_symbols[s]]", "alpha[t, s] = ways",
        "The product with the probability at step t is missing.",
    ),
    _ctc(
        "alpha product before the skip", "get_forward_probs",
        "alpha[t, s] = ways * logits[t, extended_symbols[s]]",
        "skipped = alpha[t - 1, s - 2] if s >= 2 and skip_connect[s] else 0\n"
        "            alpha[t, s] = (ways - skipped) * logits[t, extended_symbols[s]] + skipped",
        "The skipped way is added after the product with the probability, and should be before.",
    ),
    _ctc(
        "beta ends at the blank alone", "get_backward_probs", "beta[T - 1, S - 2] = 1", "pass",
        "A way may end at the last symbol as well as at the blank: beta[T - 1, S - 2] is missing.",
    ),
    _ctc(
        "beta ends at the symbol alone", "get_backward_probs", _ENDS, "pass",
        "A way may end at the last blank as well as at the symbol: beta[T - 1, S - 1] is missing.",
    ),
    _ctc(
        "beta with its own probability", "get_backward_probs", "return beta",
        "return beta * logits[:, extended_symbols]",
        "beta holds the probability of its own step, which alpha has already: divide it out.",
    ),
    _ctc(
        "beta last column left at zero", "get_backward_probs",
        "beta[t, s] = beta[t + 1, s] * said[s]",
        "beta[t, s] = beta[t + 1, s] * said[s] if s + 1 < S else 0",
        "The last column of beta is zero before the last step; a way may stay on the blank.",
    ),
    _ctc(
        "beta last column kept", "get_backward_probs",
        "beta[t, s] = beta[t + 1, s] * said[s]",
        "beta[t, s] = beta[t + 1, s] * said[s] if s + 1 < S else beta[t + 1, s]",
        "The last column of beta needs its product with logits at each step.",
    ),
    _ctc(
        "beta without staying", "get_backward_probs",
        "beta[t, s] = beta[t + 1, s] * said[s]",
        "beta[t, s] = beta[t + 1, s] * said[s] * (s + 1 == S)",
        "A way may stay where it is: beta[t + 1, s] is missing.",
    ),
    _ctc(
        "beta without moving on", "get_backward_probs",
        "beta[t, s] += beta[t + 1, s + 1] * said[s + 1]", "pass",
        "A way may move on by one: beta[t + 1, s + 1] is missing.",
    ),
    _ctc(
        "beta without skips", "get_backward_probs", _BACK, "if False:",
        "Skips are missing in beta.",
    ),
    _ctc(
        "beta skips always", "get_backward_probs", _BACK, "if s + 2 < S:",
        "Every place skips in beta; only to those that skip_connect marks one may.",
    ),
    _ctc(
        "beta skips by its own mark", "get_backward_probs", _BACK,
        "if s + 2 < S and skip_connect[s]:",
        "skip_connect is read at s; backwards the skip ends at s + 2, and that mark counts.",
    ),
    _ctc(
        "beta stays with the probability of now", "get_backward_probs",
        "beta[t, s] = beta[t + 1, s] * said[s]",
        "beta[t, s] = beta[t + 1, s] * logits[t, extended_symbols[s]]",
        "Staying is multiplied with the probability of step t, and should be with that of t + 1.",
    ),
    _ctc(
        "beta stays with the probability of now, but at the end", "get_backward_probs",
        "beta[t, s] = beta[t + 1, s] * said[s]",
        "beta[t, s] = beta[t + 1, s] * logits[t + (s == S - 1), extended_symbols[s]]",
        "Staying is multiplied with the probability of step t, and should be with that of t + 1.",
    ),
    _ctc(
        "beta moves with the probability of here", "get_backward_probs",
        "beta[t + 1, s + 1] * said[s + 1]", "beta[t + 1, s + 1] * said[s]",
        "Moving on is multiplied with the probability of where it starts, not of where it ends.",
    ),
    _ctc(
        "beta with the probability of now", "get_backward_probs",
        "said = logits[t + 1, extended_symbols]", "said = logits[t, extended_symbols]",
        "beta[t] takes the probabilities of step t, and should take those of t + 1.",
    ),
    _ctc(
        "gamma not normalised", "get_posterior_probs",
        "gamma / gamma.sum(axis=1, keepdims=True)", "gamma",
        "gamma is not divided by its sum over the symbols of each step.",
    ),
    _ctc(
        "gamma normalised over time", "get_posterior_probs", "axis=1", "axis=0",
        "gamma is divided by its sum over time, and should be by that over the symbols.",
    ),
    _ctc(
        "gamma normalised over everything", "get_posterior_probs", "axis=1, ", "",
        "gamma is divided by the sum of all of it; each step has its own sum.",
    ),
    _ctc(
        "gamma a sum", "get_posterior_probs", "alpha * beta", "alpha + beta",
        "alpha and beta are added, and should be multiplied.",
    ),
]  # fmt: skip


def _ctc_loss(name, method, right, wrong, says):
    return Mistake(f"CTCLoss {name}", f"CTCLoss.{method}", right, wrong, says)


_TOTAL = "total -= (gamma * np.log(y[:, symbols])).sum()"
_DY = "dY[: len(gamma), n, symbol] -= gamma[:, s] / self.logits[: len(gamma), n, symbol]"

MISTAKES += [
    _ctc_loss(
        "summed", "forward", "return total / len(target)", "return total",
        "The loss is a sum; it is the mean over the batch.",
    ),
    _ctc_loss(
        "log missing", "forward", _TOTAL, "total -= (gamma * y[:, symbols]).sum()",
        "The logarithm of the probabilities is missing.",
    ),
    _ctc_loss(
        "log of gamma", "forward", _TOTAL, "total -= np.log((gamma * y[:, symbols]).sum())",
        "The logarithm is taken of the sum, and should be of each probability.",
    ),
    _ctc_loss(
        "log of gamma times y", "forward", _TOTAL,
        "total -= np.log(gamma * y[:, symbols]).sum()",
        "The logarithm is taken of gamma y; gamma weighs the logarithms of y.",
    ),
    _ctc_loss(
        "mean over time", "forward", _TOTAL,
        "total -= (gamma * np.log(y[:, symbols])).sum() / len(y)",
        "The divergence is divided by the number of steps; it is a sum over them.",
    ),
    _ctc_loss(
        "lengths of targets ignored", "forward", "target[n, :L]", "target[n]",
        "target_lengths is ignored: what stands behind them is no part of the target.",
    ),
    _ctc_loss(
        "lengths of inputs ignored", "forward", "logits[:T, n]", "logits[:, n]",
        "input_lengths is ignored: later steps do not count.",
    ),
    _ctc_loss(
        "lengths ignored", "forward", "T, L = input_lengths[n], target_lengths[n]",
        "T, L = len(logits), target.shape[1]",
        "input_lengths and target_lengths are ignored.",
    ),
    _ctc_loss(
        "gradient overwritten", "backward", _DY, _DY.replace("-=", "= -"),
        "A symbol that stands twice keeps its last gradient; they add up.",
    ),
    _ctc_loss(
        "gradient not over y", "backward", _DY, "dY[: len(gamma), n, symbol] -= gamma[:, s]",
        "The division by the probability is missing: the slope of log y is 1 / y.",
    ),
    _ctc_loss(
        "gradient over the batch size", "backward", "return dY", "return dY / dY.shape[1]",
        "dY is divided by the batch size; the course leaves it a sum.",
    ),
    _ctc_loss(
        "gradient without the last step", "backward", "return dY",
        "for n, (_, gamma) in enumerate(self.kept):\n"
        "        dY[len(gamma) - 1, n] = 0\n    return dY",
        "The last step of each example is left out of dY.",
    ),
    _ctc_loss(
        "gradient positive", "backward", "return dY", "return -dY",
        "The sign of dY is wrong: the loss is minus the logarithm.",
    ),
    _ctc_loss(
        "gradient times y", "backward", _DY, _DY.replace(" / self", " * self"),
        "gamma is multiplied with the probability, and should be divided by it.",
    ),
]  # fmt: skip
