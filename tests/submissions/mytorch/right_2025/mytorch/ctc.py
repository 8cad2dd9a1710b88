import numpy as np


class CTC:
    def __init__(self, BLANK=0):
        self.BLANK = BLANK

    def extend_target_with_blank(self, target):
        ext = np.insert(np.asarray(target), np.arange(len(target) + 1), self.BLANK)
        skip = np.concatenate(([0, 0], (ext[2:] != ext[:-2]) & (ext[2:] != self.BLANK))).astype(int)
        return ext, skip

    def get_forward_probs(self, logits, extended_symbols, skip_connect):
        T, S = logits.shape[0], len(extended_symbols)
        y = logits[:, extended_symbols]
        alpha = np.zeros((T, S))
        alpha[0, :2] = y[0, :2]
        for t in range(1, T):
            prev = alpha[t - 1]
            one = np.concatenate(([0], prev[:-1]))
            two = np.concatenate(([0, 0], prev[:-2])) * skip_connect
            alpha[t] = (prev + one + two) * y[t]
        return alpha

    def get_backward_probs(self, logits, extended_symbols, skip_connect):
        T, S = logits.shape[0], len(extended_symbols)
        y = logits[:, extended_symbols]
        betahat = np.zeros((T, S))
        betahat[-1, -2:] = y[-1, -2:]
        for t in range(T - 2, -1, -1):
            nxt = betahat[t + 1]
            one = np.append(nxt[1:], 0)
            two = np.append((nxt * skip_connect)[2:], [0, 0])
            betahat[t] = (nxt + one + two) * y[t]
        return betahat / y

    def get_posterior_probs(self, alpha, beta):
        gamma = alpha * beta
        gamma = gamma / np.sum(gamma, axis=1).reshape(-1, 1)
        return gamma


class CTCLoss:
    def __init__(self, BLANK=0):
        self.BLANK = BLANK
        self.ctc = CTC(BLANK)

    def forward(self, logits, target, input_lengths, target_lengths):
        self.logits = logits
        B = target.shape[0]
        losses = []
        self.dY = np.zeros_like(logits)
        for b in range(B):
            y = logits[: input_lengths[b], b]
            ext, skip = self.ctc.extend_target_with_blank(target[b, : target_lengths[b]])
            gamma = self.ctc.get_posterior_probs(
                self.ctc.get_forward_probs(y, ext, skip), self.ctc.get_backward_probs(y, ext, skip))
            losses.append(-np.sum(gamma * np.log(y[:, ext])))
            for s, sym in enumerate(ext):
                self.dY[: input_lengths[b], b, sym] -= gamma[:, s] / y[:, sym]
        return np.mean(losses)

    def backward(self):
        return self.dY
