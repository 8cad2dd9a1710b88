"""What students write in the optimizers and the models."""

from collections.abc import Callable

from reference.cards import MISTAKES as CARDS
from reference.cards import Mistake

FUNCTIONS: dict[str, Callable] = {}
PROBLEMS: list = []

_PAIRS = {"W": "dLdW", "b": "dLdb"}
_SGD = {
    name: f'layer.{name} = self._moved("{name}", layer.{name}, layer.{grad}, v)'
    for name, grad in _PAIRS.items()
}
_ADAM = {
    name: f'layer.{name}, kept["{name}"] = adam(layer.{name}, layer.{grad}, '
    f'kept.get("{name}", settings))'
    for name, grad in _PAIRS.items()
}
_ADAMW = {
    name: f'layer.{name}, kept["{name}"] = self._decayed(layer.{name}, layer.{grad}, '
    f'kept.get("{name}", settings))'
    for name, grad in _PAIRS.items()
}

# Where b is right and W is not, or the other way round: the slip stands in one of two lines.
MISTAKES: list[Mistake] = []
for _card in CARDS.values():
    if _card.function == "adam" and "float" not in _card.name and "default" not in _card.name:
        for _name, _line in _ADAM.items():
            _wrong = _line.replace("adam(", f"altered({_card.right!r}, {_card.wrong!r})(")
            _says = f"For {_name}: {_card.says[0].lower()}{_card.says[1:]}"
            MISTAKES.append(
                Mistake(f"{_card.name}, for {_name}", "Adam.step", _line, _wrong, _says)
            )


def _lines(lines, change):
    """A slip in one line, in the other, and in both."""
    (a, b), both = lines.values(), "\n        ".join(lines.values())
    yield " for W", a, change(a, "W", "dLdW")
    yield " for b", b, change(b, "b", "dLdb")
    yield "", both, "\n        ".join((change(a, "W", "dLdW"), change(b, "b", "dLdb")))


def _optimizer(name, function, lines, change, says):
    return [
        Mistake(f"{name}{where}", function, right, wrong, says)
        for where, right, wrong in _lines(lines, change)
    ]


_S = 's = c["beta2"] * c["s"] + (1 - c["beta2"])'
_M = 'm = c["beta1"] * c["m"] + (1 - c["beta1"])'
_S_WITH_1, _M_WITH_2 = _S.replace("beta2", "beta1"), _M.replace("beta1", "beta2")


def _plain(line, name, grad):
    return f"layer.{name} = layer.{name} - self.lr * layer.{grad}"


MISTAKES += [
    *_optimizer(
        "SGD momentum ignored", "SGD.step", _SGD, _plain,
        "The step takes the gradient, and should take the velocity.",
    ),
    *_optimizer(
        "SGD velocity is an average", "SGD.step", _SGD,
        lambda line, name, grad: line.replace(
            f"layer.{grad}", f"(1 - self.mu) * layer.{grad}"
        ),
        "The velocity takes 1 - momentum of the gradient; the course takes all of it.",
    ),
    *_optimizer(
        "SGD velocity without momentum", "SGD.step", _SGD,
        lambda line, name, grad: line.replace(", v)", ", {})"),
        "The velocity forgets what it was: momentum times the old one is missing.",
    ),
    *_optimizer(
        "SGD learning rate missing", "SGD.step", _SGD,
        lambda line, name, grad: line.replace(
            f"layer.{grad}", f"layer.{grad} / self.lr"
        ),
        "The learning rate is missing.",
    ),
    *_optimizer(
        "SGD steps by velocity and gradient", "SGD.step", _SGD,
        lambda line, name, grad: f"{line}\n        {_plain(line, name, grad)}",
        "The step takes the velocity and the gradient once more.",
    ),
    *_optimizer(
        "SGD learning rate missing with momentum", "SGD.step", _SGD,
        lambda line, name, grad: line.replace(
            f"layer.{grad}", f"layer.{grad} / (self.lr if self.mu else 1)"
        ),
        "With momentum the learning rate is missing.",
    ),
    *_optimizer(
        "SGD step uphill with momentum", "SGD.step", _SGD,
        lambda line, name, grad: line.replace(
            f"layer.{grad}", f"layer.{grad} * (-1 if self.mu else 1)"
        ),
        "With momentum the step goes uphill: the velocity is subtracted.",
    ),
    *_optimizer(
        "SGD step uphill", "SGD.step", _SGD,
        lambda line, name, grad: line.replace(f"layer.{grad}", f"-layer.{grad}"),
        "The step goes uphill: the velocity is subtracted.",
    ),
    *_optimizer(
        "AdamW decay missing", "AdamW.step", _ADAMW,
        lambda line, name, grad: line.replace("self._decayed(", "adam("),
        "The weight decay is missing.",
    ),
    *_optimizer(
        "AdamW decay without the learning rate", "AdamW.step", _ADAMW,
        lambda line, name, grad: line.replace("self._decayed(", "adam(").replace(
            f"(layer.{name}", f"(layer.{name} * (1 - self.weight_decay)"
        ),
        "The decay lacks the learning rate: it is lr weight_decay of the weight.",
    ),
    *_optimizer(
        "AdamW decay after the step, without the learning rate", "AdamW.step", _ADAMW,
        lambda line, name, grad: line.replace("self._decayed(", "adam(")
        + f"\n        layer.{name} = layer.{name} - self.weight_decay * layer.{name}",
        "The decay lacks the learning rate: it is lr weight_decay of the weight.",
    ),
    *_optimizer(
        "AdamW decay in the gradient", "AdamW.step", _ADAMW,
        lambda line, name, grad: line.replace("self._decayed(", "adam(").replace(
            f"layer.{grad}", f"layer.{grad} + self.weight_decay * layer.{name}"
        ),
        "The decay is added to the gradient, as in L2; AdamW shrinks the weight itself.",
    ),
    *_optimizer(
        "AdamW decay reversed", "AdamW.step", _ADAMW,
        lambda line, name, grad: line.replace("self._decayed(", "adam(").replace(
            f"(layer.{name}", f"(layer.{name} * (1 + self.lr * self.weight_decay)"
        ),
        "The decay is added: the weight grows, and should shrink.",
    ),
    *_optimizer(
        "Adam square missing", "Adam.step", _ADAM,
        lambda line, name, grad: line.replace("adam(", 'altered("(dw * dw)", "dw")('),
        "The second moment takes the gradient, and should take its square.",
    ),
    *_optimizer(
        "Adam second moment with beta1", "Adam.step", _ADAM,
        lambda line, name, grad: line.replace(
            "adam(", f"altered({_S!r}, {_S_WITH_1!r})("
        ),
        "The second moment takes beta1, and should take beta2.",
    ),
    *_optimizer(
        "Adam first moment with beta2", "Adam.step", _ADAM,
        lambda line, name, grad: line.replace(
            "adam(", f"altered({_M!r}, {_M_WITH_2!r})("
        ),
        "The first moment takes beta2, and should take beta1.",
    ),
    *_optimizer(
        "Adam second moment without its share", "Adam.step", _ADAM,
        lambda line, name, grad: line.replace(
            "adam(", """altered('(1 - c["beta2"]) * (dw * dw)', '(dw * dw)')("""
        ),
        "The second moment takes all of the square, and should take 1 - beta2 of it.",
    ),
    *_optimizer(
        "Adam both corrections with beta1", "Adam.step", _ADAM,
        lambda line, name, grad: line.replace(
            "adam(", """altered('c["beta2"] ** t', 'c["beta1"] ** t')("""
        ),
        "The second moment is corrected with beta1, and should be with beta2.",
    ),
    *_optimizer(
        "Adam both corrections with beta2", "Adam.step", _ADAM,
        lambda line, name, grad: line.replace(
            "adam(", """altered('c["beta1"] ** t', 'c["beta2"] ** t')("""
        ),
        "The first moment is corrected with beta2, and should be with beta1.",
    ),
    *_optimizer(
        "Adam second correction not a power", "Adam.step", _ADAM,
        lambda line, name, grad: line.replace(
            "adam(", """altered('c["beta2"] ** t', 'c["beta2"] * t')("""
        ),
        "The second moment is corrected with beta2 t, and should be with beta2^t.",
    ),
    *_optimizer(
        "Adam first moment without the gradient's share", "Adam.step", _ADAM,
        lambda line, name, grad: line.replace(
            "adam(", """altered('(1 - c["beta1"]) * dw', "dw")("""
        ),
        "The first moment takes all of the gradient, and should take 1 - beta1 of it.",
    ),
    *_optimizer(
        "Adam steps with the gradient", "Adam.step", _ADAM,
        lambda line, name, grad: line.replace(
            "adam(", """altered('["learning_rate"] * mhat', '["learning_rate"] * dw')("""
        ),
        "The step takes the gradient, and should take its first moment.",
    ),
    Mistake(
        "Adam counts layers",
        "Adam.step",
        'layer.b, kept["b"] = adam(layer.b, layer.dLdb, kept.get("b", settings))',
        'layer.b, kept["b"] = adam(layer.b, layer.dLdb, kept.get("b", settings))\n'
        '        more = len(self.l) - 1\n'
        '        kept["W"] = kept["W"] | {"t": kept["W"]["t"] + more}\n'
        '        kept["b"] = kept["b"] | {"t": kept["b"]["t"] + more}',
        "t grows with every layer: it counts the steps.",
    ),
]  # fmt: skip

for _name, _layers in (("MLP0", 2), ("MLP1", 4), ("MLP4", 10)):
    _forward = "return _forward(self, A)" if _name == "MLP4" else "return _forward(self, A0)"
    _A = "A" if _name == "MLP4" else "A0"
    _up = {"MLP0": "dLdA1", "MLP1": "dLdA2", "MLP4": "dLdA"}[_name]
    _backward = f"return _backward(self, {_up})"
    for _what, _kept, _says in (
        ("without activations", "[::2]", "The activations are missing."),
        ("without the last activation", "[:-1]", "The last activation is missing."),
        ("without hidden activations", "[::2] + [self.layers[-1]]",
         "The activations between the layers are missing."),
    ):  # fmt: skip
        _loop = (
            f"for layer in self.layers{_kept}:\n        {_A} = layer.forward({_A})\n    return {_A}"
        )
        _back = (
            f"for layer in reversed(self.layers{_kept}):\n"
            f"        {_up} = layer.backward({_up})\n    return {_up}"
        )
        MISTAKES += [
            Mistake(f"{_name} {_what}", f"{_name}.forward", _forward, _loop, _says),
            Mistake(
                f"{_name} {_what} in the backward", f"{_name}.backward", _backward, _back, _says
            ),
        ]
