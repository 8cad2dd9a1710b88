"""What students write in place of the networks of models.py."""

from reference.cards import Mistake

_ADDED = "loss = loss + penalty\n        grads[name] = grads[name] + dW"


def _of_penalty(name: str, right: str, wrong: str, says: str) -> Mistake:
    return Mistake(f"net reg {name}", "_penalised", right, wrong, says)


def _added(name: str, loss: str, grad: str, says: str) -> Mistake:
    """Other terms in place of penalty and dW."""
    wrong = f"loss = loss + {loss}\n        grads[name] = grads[name] + {grad}"
    return _of_penalty(name, _ADDED, wrong, says)


def _some(which: str, names: str) -> list[Mistake]:
    """The penalty of some weights only."""
    inside = f"(name in {names})"
    return [
        _added(f"of {which} only", f"penalty * {inside}", f"dW * {inside}",
               f"Only {which} is regularised: the penalty runs over the W of every layer."),
        _added(f"of {which} only in the loss", f"penalty * {inside}", "dW",
               f"The loss has the penalty of {which} only; it runs over the W of every layer."),
        _added(f"of {which} only in the gradients", "penalty", f"dW * {inside}",
               f"Only the gradient of {which} has its penalty's; the W of every layer has one."),
    ]  # fmt: skip


NETS = (("two layers", "TwoLayerNet"), ("fully connected", "FullyConnectedNet"),
        ("conv net", "ThreeLayerConvNet"))  # fmt: skip


def _of(net: tuple[str, str], name: str, right: str, wrong: str, says: str) -> Mistake:
    """In loss(). The texts are indented as in the file, the source is read without the outer 4."""
    right, wrong = right.replace("\n    ", "\n"), wrong.replace("\n    ", "\n")
    return Mistake(f"{net[0]} {name}", f"{net[1]}.loss", right, wrong, says)


def _of_two(name: str, right: str, wrong: str, says: str) -> Mistake:
    return _of(NETS[0], name, right, wrong, says)


def _of_all(name: str, right: str, wrong: str, says: str) -> Mistake:
    return _of(NETS[1], name, right, wrong, says)


def _of_conv(name: str, right: str, wrong: str, says: str) -> Mistake:
    return _of(NETS[2], name, right, wrong, says)


_RETURN = "if y is None:\n            return scores"
_PROBABILITIES = "return softmax_forward(scores)[0]"
_SAYS_PROBABILITIES = "Probabilities are returned in place of scores: softmax belongs to the loss."
_LOSS = "loss, dscores = softmax_loss(scores, y)"
_DIVIDED = f"{_LOSS}\n        dscores = dscores / len(X)"
_SAYS_DIVIDED = (
    "The gradients are divided by the batch size twice: softmax_loss has done so already."
)
_SAYS_REG_DIVIDED = "The penalty is divided by the batch size; it does not depend on the data."

MISTAKES: list[Mistake] = [
    _added("missing in the gradients", "penalty", "0 * dW",
           "The penalty is in the loss, but its gradient is missing: reg W belongs to each dW."),
    _added("missing in the loss", "0 * penalty", "dW",
           "The gradient of the penalty is there, but the loss lacks the penalty."),
    _added("missing", "0 * penalty", "0 * dW",
           "The penalty is missing, in the loss and in the gradients."),
    _added("without the half", "2 * penalty", "2 * dW",
           "Loss and gradients have no 1/2: this penalty is 1/2 reg sum(W^2), its gradient reg W."),
    _added("without the half in the loss", "2 * penalty", "dW",
           "The 1/2 is missing in the loss: the penalty is 1/2 reg sum(W^2)."),
    _added("doubled in the gradients", "penalty", "2 * dW",
           "The penalty's gradient is doubled: the 1/2 in the loss cancels the 2 of the square."),
    _added("halved in the loss", "penalty / 2", "dW",
           "The penalty in the loss is half of what its gradient is of."),
    _added("halved in the gradients", "penalty", "dW / 2",
           "The penalty's gradient is half of what it should be."),
    _added("halved twice", "penalty / 2", "dW / 2",
           "Loss and gradients have a 1/2 too many."),
    _added("added twice in the gradients and once in the loss", "penalty", "3 * dW",
           "The penalty's gradient is three times what it should be."),
    _of_penalty("on the biases too", 'name[0] == "W"', 'name[:-1] in ("W", "b")',
                "The biases are regularised too; only the weights should be."),
    _of_penalty("on every parameter", 'name[0] == "W"', "name",
                "All parameters are regularised, gamma and beta too; only the weights should be."),
    _of_penalty("on the biases in the loss", "    return loss, grads",
                '    for name in params:\n        if name[:-1] == "b":\n'
                "            loss = loss + l2_loss(params[name], reg)[0]\n    return loss, grads",
                "The loss has a penalty for the biases too; only the weights have one."),
    _of_penalty("on the biases in the gradients", "    return loss, grads",
                '    for name in params:\n        if name[:-1] == "b":\n'
                "            grads[name] = grads[name] + reg * params[name]\n"
                "    return loss, grads",
                "The gradients of the biases have a penalty's; only the weights have one."),
    *_some("the first W", "weights[:1]"),
    *_some("the last W", "weights[-1:]"),
    *_some("every W but the last", "weights[:-1]"),
    *_some("every W but the first", "weights[1:]"),
    _added("of the first W for all", "l2_loss(params[weights[0]], reg)[0]", "dW",
           "The loss adds up the penalty of the first W for every layer; each has its own."),
    _added("of the bare sum", "reg * params[name].sum() / 2", "dW",
           "The penalty sums the weights, not their squares."),
    _added("mean for sum", "penalty / params[name].size", "dW",
           "The penalty takes the mean of the squares; it takes their sum."),
    _added("not times reg in the gradients", "penalty", "params[name]",
           "The penalty's gradient is W; it is reg W."),
    _added("not times reg", "penalty / reg", "dW / reg", "reg has no effect on the penalty."),
    _added("subtracted in the gradients", "penalty", "-dW",
           "The penalty's gradient is subtracted; it is added."),
    _of_penalty("overwrites the gradients", "grads[name] + dW", "dW",
                "The penalty's gradient replaces that of the data: add it (+=, not =)."),
    _of_penalty("of the last W in place of the loss", "loss = loss + penalty", "loss = penalty",
                "The loss is the last penalty alone: add each to what is there (+=, not =)."),
    _of_penalty("overwrites the loss", "weights = [", "loss = 0.0\n    weights = [",
                "The penalty replaces the loss of the data: add it (+=, not =)."),
    _added("squared in the gradients", "penalty", "dW * params[name]",
           "The penalty's gradient has the squares of W; the derivative of 1/2 W^2 is W."),
    *(
        _of(net, name, right, wrong, says)
        for net in NETS
        for name, right, wrong, says in (
            ("returns probabilities", "return scores", _PROBABILITIES, _SAYS_PROBABILITIES),
            ("divides twice", _LOSS, _DIVIDED, _SAYS_DIVIDED),
            ("relu on the scores", f"{_RETURN}\n        {_LOSS}",
             f"scores, last = relu_forward(scores)\n        {_RETURN}\n        {_LOSS}\n"
             "        dscores = relu_backward(dscores, last)",
             "relu acts on the scores too; the last layer has none."),
            ("relu on the scores, not in the backward", f"{_RETURN}\n        {_LOSS}",
             f"scores, last = relu_forward(scores)\n        {_RETURN}\n        {_LOSS}",
             "relu acts on the scores; the last layer has none, and the backward knows nothing "
             "of it."),
            ("relu in the backward of the scores", _LOSS,
             f"{_LOSS}\n        dscores = relu_backward(dscores, scores)",
             "The gradient of the scores passes through relu's mask; the last layer has no relu."),
        )
    ),
    *(
        _of(net, name, f"return _penalised(loss, grads, p, self.reg, {half})", wrong, says)
        for net, half in zip(NETS, ("self.net_reg_is", '"half"', '"half"'), strict=True)
        for name, wrong, says in (
            ("reg over the batch size",
             f"return _penalised(loss, grads, p, self.reg / len(X), {half})", _SAYS_REG_DIVIDED),
            ("reg over the batch size in the loss",
             f"total, grads = _penalised(loss, grads, p, self.reg, {half})\n"
             "        return loss + (total - loss) / len(X), grads",
             "The penalty in the loss is divided by the batch size: add it after that division."),
            ("reg over the batch size in the gradients",
             f"total, _ = _penalised(loss, dict(grads), p, self.reg, {half})\n"
             f"        return total, _penalised(loss, grads, p, self.reg / len(X), {half})[1]",
             "The penalty's gradient is divided by the batch size: add it after that division."),
        )
    ),
    _of_two("relu missing", "h1, cache_h1 = relu_forward(a1)",
            "h1, cache_h1 = a1, abs(a1) + 1",
            "There is no relu between the layers: two affine layers in a row are one."),
    _of_two("relu missing in the forward", "h1, cache_h1 = relu_forward(a1)",
            "h1, cache_h1 = a1, a1",
            "The forward has no relu between the layers, though the backward has its mask."),
    _of_two("relu mask missing", "da1 = relu_backward(dh1, cache_h1)", "da1 = dh1",
            "The mask of relu is missing in the backward: dh1 passes where a1 is negative too."),
    _of_two("relu mask from the gradient", "da1 = relu_backward(dh1, cache_h1)",
            "da1 = dh1 * (dh1 > 0)",
            "The mask asks where the gradient is positive; it must ask where a1 is."),
    _of_two("dW2 from a1", "affine_backward(dscores, cache)",
            'affine_backward(dscores, (a1, p["W2"]))',
            "dW2 uses a1, before relu; the second layer's input is h1, after it."),
    _of_two("mask missing in db1", "_, dW1, db1 = affine_backward(da1, cache_a1)",
            "_, dW1, db1 = affine_backward(da1, cache_a1)\n        db1 = dh1.sum(axis=0)",
            "db1 sums the gradient before relu's mask; it sums the one after it, as dW1 does."),
    _of_two("mask missing in dW1", "_, dW1, db1 = affine_backward(da1, cache_a1)",
            "_, dW1, db1 = affine_backward(da1, cache_a1)\n"
            "        _, dW1, _ = affine_backward(dh1, cache_a1)",
            "dW1 uses the gradient before relu's mask; it uses the one after it, as db1 does."),
    _of_two("dW2 in place of W2", "da1 = relu_backward(dh1, cache_h1)",
            "da1 = relu_backward(dscores @ dW2.T, cache_h1)",
            "The gradient goes back through dW2; it goes back through W2 itself."),
    _of_two("W2 updated too early", "da1 = relu_backward(dh1, cache_h1)",
            'da1 = relu_backward(dscores @ (dW2 + self.reg * p["W2"]).T, cache_h1)',
            "The gradient goes back through dW2 with its penalty; it goes back through W2 itself."),
    _of_two("relu times a1", "da1 = relu_backward(dh1, cache_h1)", "da1 = dh1 * h1",
            "The gradient is multiplied by h1; it must be multiplied by the slope, 0 or 1."),
    _of_two("b1 missing", 'affine_forward(X, p["W1"], p["b1"])',
            'affine_forward(X, p["W1"], 0 * p["b1"])', "The bias b1 is never added."),
    _of_two("b2 missing", 'affine_forward(h1, p["W2"], p["b2"])',
            'affine_forward(h1, p["W2"], 0 * p["b2"])', "The bias b2 is never added."),
    _of_two("returns the hidden layer", "return scores", "return h1",
            "The hidden layer is returned in place of the scores."),
    _of_two("weights over the batch size again", 'grads = {"W1": dW1, "b1": db1, "W2": dW2,',
            'grads = {"W1": dW1 / len(X), "b1": db1, "W2": dW2 / len(X),',
            "dW1 and dW2 are divided by the batch size once more; the scores' gradient has that."),
    _of_two("biases not over the batch", '"b1": db1, "W2": dW2, "b2": db2}',
            '"b1": db1 * len(X), "W2": dW2, "b2": db2 * len(X)}',
            "The gradients of the biases are not divided by the batch size, as the others are."),
    _of_two("gradients swapped", '"W1": dW1, "b1": db1, "W2": dW2, "b2": db2',
            '"W1": dW1, "b1": db2, "W2": dW2, "b2": db1',
            "The gradients of b1 and b2 are swapped."),
    _of_all("relu missing", "r, relu_cache = relu_forward(n)",
            "r, relu_cache = n, abs(n) + 1", "There is no relu between the layers."),
    _of_all("relu missing in the forward", "r, relu_cache = relu_forward(n)",
            "r, relu_cache = n, n",
            "The forward has no relu between the layers, though the backward has its mask."),
    _of_all("relu mask missing", "dn = relu_backward(dr, relu_cache)", "dn = dr",
            "The mask of relu is missing in the backward."),
    _of_all("relu missing in the last hidden layer", "r, relu_cache = relu_forward(n)",
            "r, relu_cache = relu_forward(n) if i < L - 1 else (n, abs(n) + 1)",
            "The last hidden layer has no relu; all hidden layers have."),
    _of_all("relu in the first hidden layer only", "r, relu_cache = relu_forward(n)",
            "r, relu_cache = relu_forward(n) if i == 1 else (n, abs(n) + 1)",
            "Only the first hidden layer has a relu; all hidden layers have."),
    _of_all("relu mask missing in the last hidden layer", "dn = relu_backward(dr, relu_cache)",
            "dn = relu_backward(dr, relu_cache) if i < L - 1 else dr",
            "The last hidden layer's gradient does not pass through relu's mask."),
    _of_all("norm left out", "norm_forward(self.normalization, a, p, i, y is None)",
            "a, None\n            self.normalization = None",
            "The norm is left out: gamma and beta have no effect."),
    _of_all("norm skipped in the backward",
            "_norm_backward(self.normalization, dn, norm_cache, i)",
            "dn, _norm_backward(self.normalization, dn, norm_cache, i)[1]",
            "The gradient goes from relu to affine past the norm's backward."),
    _of_all("norm of the running statistics",
            "norm_forward(self.normalization, a, p, i, y is None)",
            "norm_forward(self.normalization, a, p, i, False)",
            "The scores use batch statistics; in evaluation batch norm takes the running ones."),
    _of_all("norm without the last hidden layer",
            "norm_forward(self.normalization, a, p, i, y is None)",
            "(norm_forward(self.normalization, a, p, i, y is None) if i < L - 1 else (a, None))",
            "The last hidden layer has no norm; all hidden layers have."),
    _of_all("gamma and beta swapped", "grads.update(norm_grads)",
            'swap = {"gamma": "beta", "beta": "gamma"}\n'
            "            for name, grad in norm_grads.items():\n"
            "                grads[swap[name[:-1]] + name[-1]] = grad",
            "The gradients of gamma and beta are swapped."),
    _of_all("dropout missing", "mask = self.masks[i - 1] if self.masks and y is not None else None",
            "mask = None", "Nothing is dropped in training: dropout has no effect."),
    _of_all("dropout missing in the backward", "dr = _dropout_backward(dh, drop_cache)",
            "dr = dh", "The gradient goes past dropout: its mask is missing in the backward."),
    _of_all("dropout in the first hidden layer only", "if self.masks and y is not None",
            "if self.masks and y is not None and i == 1",
            "Only the first hidden layer has dropout; all hidden layers have."),
    _of_all("dropout in the last hidden layer only", "if self.masks and y is not None",
            "if self.masks and y is not None and i == L - 1",
            "Only the last hidden layer has dropout; all hidden layers have."),
    _of_all("dropout in evaluation", "if self.masks and y is not None", "if self.masks",
            "The scores of evaluation pass through dropout; there, nothing is dropped."),
    _of_conv("relu missing", "h2, cache_h2 = relu_forward(a2)", "h2, cache_h2 = a2, abs(a2) + 1",
             "There is no relu between the two affine layers."),
    _of_conv("relu missing in the forward", "h2, cache_h2 = relu_forward(a2)",
             "h2, cache_h2 = a2, a2",
             "The forward has no relu between the affine layers; the backward has its mask."),
    _of_conv("relu mask missing", "da2 = relu_backward(dh2, cache_h2)", "da2 = dh2",
             "The mask of relu is missing in the backward, between the affine layers."),
    _of_conv("relu of the convolution missing", "dh1, dW2, db2 = affine_backward(da2, cache_a2)",
             "dh1, dW2, db2 = affine_backward(da2, cache_a2)\n"
             "        conv, relu, pool = cache1\n        cache1 = conv, abs(relu) + 1, pool",
             "The gradient goes from the pooling to the convolution past relu's mask."),
    _of_conv("dW3 from a2", "affine_backward(dscores, cache)",
             'affine_backward(dscores, (a2, p["W3"]))',
             "dW3 uses a2, before relu; the last layer's input is h2, after it."),
]  # fmt: skip
