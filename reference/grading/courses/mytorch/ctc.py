"""CTC and CTCLoss, with probabilities as they are, not their logarithms."""

import numpy as np

from reference.grading.recipe import Problem


class CTC:
    """The forward-backward algorithm over a target with blanks around its symbols."""

    def __init__(self, BLANK=0):
        """BLANK: the number of the blank."""
        self.BLANK = BLANK

    def extend_target_with_blank(self, target):
        """[a, b] becomes [_, a, _, b, _]. target: (L,).

        Returns the symbols (2 L + 1,), and 1 where a symbol may be reached from two places before:
        from another symbol than itself.
        """
        symbols = np.full(2 * len(target) + 1, self.BLANK)
        symbols[1::2] = target
        skip = np.zeros(len(symbols), dtype=int)
        skip[3::2] = symbols[3::2] != symbols[1:-2:2]
        return symbols, skip

    def get_forward_probs(self, logits, extended_symbols, skip_connect):
        """alpha[t, s], the probability of all ways that stand at s at step t, step t included.

        logits: (T, C), probabilities. Returns alpha (T, S).
        """
        T, S = len(logits), len(extended_symbols)
        alpha = np.zeros((T, S))
        alpha[0, 0] = logits[0, extended_symbols[0]]
        alpha[0, 1] = logits[0, extended_symbols[1]]
        for t in range(1, T):
            for s in range(S):
                ways = alpha[t - 1, s]
                if s >= 1:
                    ways += alpha[t - 1, s - 1]
                if s >= 2 and skip_connect[s]:
                    ways += alpha[t - 1, s - 2]
                alpha[t, s] = ways * logits[t, extended_symbols[s]]
        return alpha

    def get_backward_probs(self, logits, extended_symbols, skip_connect):
        """beta[t, s], the probability of all ways from s at step t to the end, step t not included.

        logits: (T, C), probabilities. Returns beta (T, S).
        """
        T, S = len(logits), len(extended_symbols)
        beta = np.zeros((T, S))
        beta[T - 1, S - 1] = 1
        beta[T - 1, S - 2] = 1
        for t in reversed(range(T - 1)):
            said = logits[t + 1, extended_symbols]
            for s in range(S):
                beta[t, s] = beta[t + 1, s] * said[s]
                if s + 1 < S:
                    beta[t, s] += beta[t + 1, s + 1] * said[s + 1]
                if s + 2 < S and skip_connect[s + 2]:
                    beta[t, s] += beta[t + 1, s + 2] * said[s + 2]
        return beta

    def get_posterior_probs(self, alpha, beta):
        """gamma[t, s], the share of ways that stand at s at step t. Returns gamma (T, S)."""
        gamma = alpha * beta
        return gamma / gamma.sum(axis=1, keepdims=True)


class CTCLoss:
    """The mean over the batch of -sum gamma[t, s] log y[t, s], gamma taken as constants."""

    def __init__(self, BLANK=0):
        """BLANK: the number of the blank."""
        self.BLANK = BLANK
        self.ctc = CTC(BLANK)

    def forward(self, logits, target, input_lengths, target_lengths):
        """logits: (T, N, C), probabilities. target: (N, L), filled up behind target_lengths (N,).

        input_lengths: (N,), how many of the T steps count. Returns the loss, a number.
        """
        self.logits, self.kept = logits, []
        total = 0.0
        for n in range(len(target)):
            T, L = input_lengths[n], target_lengths[n]
            y = logits[:T, n]
            symbols, skip = self.ctc.extend_target_with_blank(target[n, :L])
            alpha = self.ctc.get_forward_probs(y, symbols, skip)
            beta = self.ctc.get_backward_probs(y, symbols, skip)
            gamma = self.ctc.get_posterior_probs(alpha, beta)
            total -= (gamma * np.log(y[:, symbols])).sum()
            self.kept.append((symbols, gamma))
        return total / len(target)

    def backward(self):
        """dY[t, n, k] = -sum of gamma[t, s] / y[t, n, k] over all s with symbol k. (T, N, C)."""
        dY = np.zeros(self.logits.shape)
        for n, (symbols, gamma) in enumerate(self.kept):
            for s, symbol in enumerate(symbols):
                dY[: len(gamma), n, symbol] -= gamma[:, s] / self.logits[: len(gamma), n, symbol]
        return dY


FUNCTIONS = {"CTC": CTC, "CTCLoss": CTCLoss}


# What is drawn --------------------------------------------------------------------------------


def _text(dice, C, L):
    """L symbols, none of them the blank, 0; in every other example two equal neighbours."""
    text = dice.integers(1, C, (L,))
    for k in range(1, L):
        if text[k] == text[k - 1]:
            text[k] = text[k] % (C - 1) + 1
    if L > 1 and dice.k % 2:
        k = int(dice.rng.integers(1, L))
        text[k] = text[k - 1]
    return text


def _target(dice):
    return {"target": _text(dice, 5, 2 if dice.small else dice.pick(4, 3, 5, 1))}


def _probabilities(dice, *shape):
    y = np.exp(dice.rng.normal(size=shape))
    y = y / y.sum(axis=-1, keepdims=True)
    return y.round(2) + 0.01 if dice.small else y


def _steps(dice):
    """Probabilities and a text: its symbols with blanks, and what may be skipped."""
    C, L = (3, 1 + dice.k % 2) if dice.small else (5, dice.pick(3, 2, 4))
    ctc = CTC()
    symbols, skip = ctc.extend_target_with_blank(_text(dice, C, L))
    T = 3 if dice.small else 2 * L + dice.pick(1, 2, 3)
    return {"logits": _probabilities(dice, T, C), "symbols": symbols, "skip": skip}


def _posterior(dice):
    T, S = (2, 3) if dice.small else (dice.pick(4, 6), dice.pick(5, 7))
    return {"alpha": np.abs(dice.array(T, S)), "beta": np.abs(dice.array(T, S))}


def _batch(dice):
    N, C = (1 + dice.k % 2, 2) if dice.small else (dice.pick(3, 4), dice.pick(5, 6))
    lengths = np.array([1] * N if dice.small else [2 + (k + dice.k) % 3 for k in range(N)])
    target = np.zeros((N, lengths.max() + 1), dtype=int)
    for n, L in enumerate(lengths):
        target[n] = _text(dice, C, target.shape[1])  # what stands behind the text is not to be read
        target[n, :L] = _text(dice, C, L)
    T = 2 if dice.small else 9
    steps = np.full(N, T) if dice.small else 2 * lengths + dice.integers(0, 2, (N,)) + 1
    steps = np.minimum(steps, T)
    return {
        "logits": _probabilities(dice, T, N, C),
        "target": target,
        "input_lengths": steps,
        "target_lengths": lengths,
    }


# What is asked --------------------------------------------------------------------------------


def _extend(do, e):
    symbols, skip = do.method(do("CTC"), "extend_target_with_blank", e.target, parts=2)
    return {"extended_symbols": symbols, "skip_connect": skip}


def _probs(method, name):
    def recipe(do, e):
        return {name: do.method(do("CTC"), method, e.logits, e.symbols, e.skip)}

    return recipe


def _gamma(do, e):
    return {"gamma": do.method(do("CTC"), "get_posterior_probs", e.alpha, e.beta)}


def _loss(do, e):
    loss = do("CTCLoss")
    lengths = e.input_lengths, e.target_lengths
    return {"loss": do.method(loss, "forward", e.logits, e.target, *lengths)}


def _loss_backward(do, e):
    loss = do("CTCLoss")
    lengths = e.input_lengths, e.target_lengths
    do.method(loss, "forward", e.logits, e.target, *lengths)
    return {"dY": do.method(loss, "backward")}


def _method(name, draw, recipe):
    return Problem(f"CTC.{name}", draw, recipe, ("CTC", f"CTC.{name}"))


PROBLEMS = [
    _method("extend_target_with_blank", _target, _extend),
    _method("get_forward_probs", _steps, _probs("get_forward_probs", "alpha")),
    _method("get_backward_probs", _steps, _probs("get_backward_probs", "beta")),
    _method("get_posterior_probs", _posterior, _gamma),
    Problem("CTCLoss.forward", _batch, _loss, ("CTCLoss", "CTCLoss.forward")),
    Problem(
        "CTCLoss.backward",
        _batch,
        _loss_backward,
        ("CTCLoss", "CTCLoss.backward"),
        forward="CTCLoss.forward",
    ),
]
