"""CS231n, assignment 3: the loss of a network that captions images, and its gradients."""

import numpy as np

from manual.affine import affine_backward, affine_forward
from manual.embedding import embedding_backward, embedding_forward
from manual.rnn import rnn_backward, rnn_forward
from manual.temporal import temporal_affine_backward, temporal_affine_forward
from reference.cards import Mistake
from reference.grading.courses.cs231n.recurrent import (
    lstm_backward,
    lstm_forward,
    temporal_softmax_loss,
)
from reference.grading.recipe import Problem


class CaptioningRNN:
    """From image features to captions, word by word."""

    def __init__(self, word_to_idx, input_dim=512, wordvec_dim=128, hidden_dim=128,
                 cell_type="rnn", dtype=np.float32):  # fmt: skip
        """params is filled by the one who asks."""
        self.cell_type, self._null = cell_type, word_to_idx["<NULL>"]
        self.params = {}

    def loss(self, features, captions):
        """features: (N, D) of the images. captions: (N, T), indices of words, <NULL> at their end.

        At each step the network sees a word and has to say the next. Returns loss, grads.
        """
        p, grads = self.params, {}
        words, wanted = captions[:, :-1], captions[:, 1:]
        mask = wanted != self._null
        forward, backward = (
            (lstm_forward, lstm_backward) if self.cell_type == "lstm" else (rnn_forward, rnn_backward)
        )
        h0, project = affine_forward(features, p["W_proj"], p["b_proj"])
        x, embed = embedding_forward(words, p["W_embed"])
        h, recur = forward(x, h0, p["Wx"], p["Wh"], p["b"])
        scores, vocab = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
        loss, dscores = temporal_softmax_loss(scores, wanted, mask)
        dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, vocab)
        dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = backward(dh, recur)
        _, grads["W_embed"] = embedding_backward(dx, embed)
        _, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, project)
        return loss, grads


FUNCTIONS = {"CaptioningRNN": CaptioningRNN}

_NAMES = ("W_proj", "b_proj", "W_embed", "Wx", "Wh", "b", "W_vocab", "b_vocab")
_LAYERS = ("affine", "word_embedding", "rnn", "lstm", "temporal_affine")
_WORDS = ("<NULL>", "<START>", "<END>", "cat", "dog", "bird", "fish")


def _captions(dice):
    """Captions of several lengths, <START> in front, <END> and <NULL> behind."""
    if dice.small:
        N, T, V, D, M, H = 1, 3, 4, 1, 1, 1
    else:
        N, T, V, D, M, H = dice.pick((2, 5, 6, 4, 3, 2), (3, 4, 7, 2, 5, 3), (4, 6, 5, 3, 2, 4))
    kind = "rnn" if dice.k % 2 == 0 else "lstm"
    G = H if kind == "rnn" else 4 * H
    captions = dice.integers(3, V, (N, T))
    captions[:, 0] = 1
    for n in range(N):
        end = T - 1 - n % 3
        captions[n, max(1, end)] = 2
        captions[n, max(1, end) + 1 :] = 0
    shapes = ((D, H), (H,), (V, M), (M, G), (H, G), (G,), (H, V), (V,))
    arrays = {n: dice.array(*shape) for n, shape in zip(_NAMES, shapes, strict=True)}
    arrays = {n: (0.25 if dice.small else 0.6) * array for n, array in arrays.items()}
    sizes = {"input_dim": D, "wordvec_dim": M, "hidden_dim": H}
    return {
        "word_to_idx": {word: k for k, word in enumerate(_WORDS[:V])},
        "options": sizes | {"cell_type": kind},
        "features": dice.array(N, D),
        "captions": captions,
    } | arrays


def _loss(do, e):
    model = do("CaptioningRNN", e.word_to_idx, **e.options)
    params = do.get(model, "params")
    for name in _NAMES:
        do.put(params, name, getattr(e, name))
    loss, grads = do.method(model, "loss", e.features, e.captions, parts=2)
    return {"loss": loss} | {f"d{name}": do.key(grads, name) for name in _NAMES}


PROBLEMS = [
    Problem(
        "CaptioningRNN.loss",
        _captions,
        _loss,
        ("CaptioningRNN.loss",),
        uses=(*(f"{layer}_{way}" for layer in _LAYERS for way in ("forward", "backward")),
              "temporal_softmax_loss"),
        examples=6,
    ),
]  # fmt: skip

MISTAKES: list[Mistake] = []
