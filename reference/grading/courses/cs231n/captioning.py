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
        forward, backward = rnn_forward, rnn_backward
        if self.cell_type == "lstm":
            forward, backward = lstm_forward, lstm_backward
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


# What students write ---------------------------------------------------------------------------


def _instead(right, *rows):
    """Mistakes at one place: (name, what stands there instead, what went wrong)."""
    return [Mistake(name, "CaptioningRNN.loss", right, wrong, says) for name, wrong, says in rows]


_PROJECT = 'h0, project = affine_forward(features, p["W_proj"], p["b_proj"])'
_GRADS = '_, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, project)'
_SAID = "return loss, grads"

MISTAKES: list[Mistake] = [
    *_instead(
        "mask = wanted != self._null",
        ("captioning mask missing", "mask = wanted == wanted",
         "The mask is missing: <NULL> behind the end of a caption counts too."),
        ("captioning mask of the words seen", "mask = words != self._null",
         "The mask looks at the words that go in; it looks at those that should come out."),
        ("captioning mask inverted", "mask = wanted == self._null",
         "The mask is inverted: True is where a step counts."),
    ),
    *_instead(
        "words, wanted = captions[:, :-1], captions[:, 1:]",
        ("captioning wants the word seen", "words, wanted = captions[:, :-1], captions[:, :-1]",
         "The network shall say the word that it sees; it shall say the next: captions[:, 1:]."),
        ("captioning sees the word wanted", "words, wanted = captions[:, 1:], captions[:, 1:]",
         "The network sees the word that it shall say; it sees the one before: captions[:, :-1]."),
        ("captioning runs backwards", "words, wanted = captions[:, 1:], captions[:, :-1]",
         "Words seen and words wanted are swapped: the next word is captions[:, 1:]."),
    ),
    *_instead(
        _PROJECT,
        ("captioning b_proj missing",
         'h0, project = affine_forward(features, p["W_proj"], 0 * p["b_proj"])',
         "b_proj is not added to h0."),
        ("captioning h0 at zero", f"{_PROJECT}\n    h0 = 0 * h0",
         "The first h is 0; it comes from the image: features W_proj + b_proj."),
        ("captioning h0 through tanh", f"{_PROJECT}\n    h0 = np.tanh(h0)",
         "h0 passes through tanh; it is affine."),
        ("captioning h0 through relu", f"{_PROJECT}\n    h0 = np.maximum(0, h0)",
         "h0 passes through relu; it is affine."),
    ),
    *_instead(
        _GRADS,
        ("captioning W_proj from dh",
         f'{_GRADS}\n    grads["W_proj"] = features.T @ dh[:, 0]',
         "W_proj takes the gradient of the first step's output; it takes that of h0."),
        ("captioning b_proj from dh", f'{_GRADS}\n    grads["b_proj"] = dh[:, 0].sum(axis=0)',
         "b_proj takes the gradient of the first step's output; it takes that of h0."),
        ("captioning projection from dh",
         f'{_GRADS.replace("dh0", "dh[:, 0]")}',
         "W_proj and b_proj take the gradient of the first step's output; they take that of h0."),
        ("captioning W_proj from h0", f'{_GRADS}\n    grads["W_proj"] = features.T @ h0',
         "W_proj takes h0 itself; it takes the gradient of h0."),
        ("captioning b_proj averaged", f'{_GRADS}\n    grads["b_proj"] = dh0.mean(axis=0)',
         "The gradient of b_proj is averaged over the batch; it is summed."),
        ("captioning b_proj not summed", f'{_GRADS}\n    grads["b_proj"] = dh0',
         "The gradient of b_proj is not summed over the batch."),
        ("captioning b_proj over the wrong axis",
         f'{_GRADS}\n    grads["b_proj"] = dh0.sum(axis=1)',
         "The gradient of b_proj is summed over the units; the sum runs over the batch."),
    ),
    *_instead(
        _SAID,
        ("captioning Wx and Wh swapped",
         f'grads["Wx"], grads["Wh"] = grads["Wh"], grads["Wx"]\n    {_SAID}',
         "The gradients of Wx and Wh are in each other's place."),
        ("captioning W_embed from the words wanted",
         'grads["W_embed"] = embedding_backward(dx, (wanted, p["W_embed"]))[1]\n'
         f"    {_SAID}",
         "The gradients of the words go to the rows of those wanted; those seen were looked up."),
        *(
            (f"captioning {name} over the batch",
             f'grads["{name}"] = grads["{name}"] / len(captions)\n'
             f"    {_SAID}",
             f"The gradient of {name} is divided by N; the loss has done that already.")
            for name in _NAMES
        ),
        ("captioning loss over the steps", "return loss / captions.shape[1], grads",
         "The loss is divided by the length of the captions, and should not be."),
        ("captioning loss over the steps seen", "return loss / words.shape[1], grads",
         "The loss is divided by the number of steps, and should not be."),
        ("captioning loss over the batch", "return loss / len(captions), grads",
         "The loss is divided by N; temporal_softmax_loss has done that already."),
    ),
]  # fmt: skip
