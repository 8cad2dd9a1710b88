import numpy as np


class CTC(object):
    """CTC class."""

    def __init__(self, BLANK=0):
        self.BLANK = BLANK

    def extend_target_with_blank(self, target):
        """Extend target sequence with blank."""

        extended_symbols = [self.BLANK]
        for symbol in target:
            extended_symbols.append(symbol)
            extended_symbols.append(self.BLANK)

        N = len(extended_symbols)

        skip_connect = np.zeros(N)
        for i in range(2, N):
            if extended_symbols[i] != self.BLANK and extended_symbols[i] != extended_symbols[i - 2]:
                skip_connect[i] = 1

        extended_symbols = np.array(extended_symbols).reshape((N,))
        skip_connect = np.array(skip_connect).reshape((N,))

        return extended_symbols, skip_connect

    def get_forward_probs(self, logits, extended_symbols, skip_connect):
        S, T = len(extended_symbols), len(logits)
        alpha = np.zeros(shape=(T, S))

        alpha[0][0] = logits[0][extended_symbols[0]]
        alpha[0][1] = logits[0][extended_symbols[1]]
        alpha[0][2:] = 0

        for t in range(1, T):
            alpha[t][0] = alpha[t - 1][0] * logits[t][extended_symbols[0]]
            for sym in range(1, S):
                alpha[t][sym] = alpha[t - 1][sym] + alpha[t - 1][sym - 1]
                if skip_connect[sym]:
                    alpha[t][sym] += alpha[t - 1][sym - 2]
                alpha[t][sym] *= logits[t][extended_symbols[sym]]

        return alpha

    def get_backward_probs(self, logits, extended_symbols, skip_connect):
        S, T = len(extended_symbols), len(logits)
        beta = np.zeros(shape=(T, S))

        beta[T - 1][S - 1] = 1
        beta[T - 1][S - 2] = 1

        for t in reversed(range(T - 1)):
            beta[t][S - 1] = beta[t + 1][S - 1] * logits[t + 1][extended_symbols[S - 1]]
            for i in reversed(range(S - 1)):
                beta[t][i] = beta[t + 1][i] * logits[t + 1][extended_symbols[i]] + \
                    beta[t + 1][i + 1] * logits[t + 1][extended_symbols[i + 1]]
                if i <= S - 3 and skip_connect[i + 2]:
                    beta[t][i] += beta[t + 1][i + 2] * logits[t + 1][extended_symbols[i + 2]]

        return beta

    def get_posterior_probs(self, alpha, beta):
        [T, S] = alpha.shape
        gamma = np.zeros(shape=(T, S))
        sumgamma = np.zeros((T,))

        for t in range(T):
            for s in range(S):
                gamma[t, s] = alpha[t, s] * beta[t, s]
                sumgamma[t] += gamma[t, s]
            for s in range(S):
                gamma[t, s] /= sumgamma[t]

        return gamma


class CTCLoss(object):

    def __init__(self, BLANK=0):
        super(CTCLoss, self).__init__()

        self.BLANK = BLANK
        self.gammas = []
        self.ctc = CTC()

    def __call__(self, logits, target, input_lengths, target_lengths):
        return self.forward(logits, target, input_lengths, target_lengths)

    def forward(self, logits, target, input_lengths, target_lengths):
        self.logits = logits
        self.target = target
        self.input_lengths = input_lengths
        self.target_lengths = target_lengths

        B, _ = target.shape
        total_loss = np.zeros(B)
        self.extended_symbols = []

        for batch_itr in range(B):
            trunc_target = target[batch_itr, :target_lengths[batch_itr]]
            trunc_logits = logits[:input_lengths[batch_itr], batch_itr, :]
            ext, skip = self.ctc.extend_target_with_blank(trunc_target)
            self.extended_symbols.append(ext)
            alpha = self.ctc.get_forward_probs(trunc_logits, ext, skip)
            beta = self.ctc.get_backward_probs(trunc_logits, ext, skip)
            gamma = self.ctc.get_posterior_probs(alpha, beta)
            self.gammas.append(gamma)

            for t in range(gamma.shape[0]):
                for s in range(gamma.shape[1]):
                    total_loss[batch_itr] -= gamma[t, s] * np.log(trunc_logits[t, ext[s]])

        total_loss = np.sum(total_loss) / B

        return total_loss

    def backward(self):
        T, B, C = self.logits.shape
        dY = np.full_like(self.logits, 0)

        for batch_itr in range(B):
            trunc_target = self.target[batch_itr, :self.target_lengths[batch_itr]]
            trunc_logits = self.logits[:self.input_lengths[batch_itr], batch_itr, :]
            ext, _ = self.ctc.extend_target_with_blank(trunc_target)
            for t in range(trunc_logits.shape[0]):
                for s in range(len(ext)):
                    dY[t, batch_itr, ext[s]] -= self.gammas[batch_itr][t, s] / self.logits[t, batch_itr, ext[s]]

        return dY
