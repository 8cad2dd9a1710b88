"""MLP0, MLP1 and MLP4: Linear and ReLU, one after the other."""

from itertools import pairwise

from reference.grading.courses.mytorch.activations import ReLU
from reference.grading.courses.mytorch.asking import fill, first, put, without
from reference.grading.courses.mytorch.linear import Linear
from reference.grading.recipe import Problem


class MLP0:
    """layers: Linear(2, 3), ReLU."""

    def __init__(self, debug=False, *, mean_in="loss"):
        """The weights are those of the layers."""
        self.layers = [Linear(2, 3, mean_in=mean_in), ReLU()]

    def forward(self, A0):
        """A0: (N, 2). Returns A1 (N, 3)."""
        return _forward(self, A0)

    def backward(self, dLdA1):
        """Returns dLdA0 (N, 2)."""
        return _backward(self, dLdA1)


class MLP1:
    """layers: Linear(2, 3), ReLU, Linear(3, 2), ReLU."""

    def __init__(self, debug=False, *, mean_in="loss"):
        """The weights are those of the layers."""
        self.layers = [
            Linear(2, 3, mean_in=mean_in),
            ReLU(),
            Linear(3, 2, mean_in=mean_in),
            ReLU(),
        ]

    def forward(self, A0):
        """A0: (N, 2). Returns A2 (N, 2)."""
        return _forward(self, A0)

    def backward(self, dLdA2):
        """Returns dLdA0 (N, 2)."""
        return _backward(self, dLdA2)


class MLP4:
    """layers: Linear and ReLU in turn, from 2 to 4, 8, 8, 4 and 2."""

    def __init__(self, debug=False, *, mean_in="loss"):
        """The weights are those of the layers."""
        self.layers = []
        for k in range(5):
            self.layers += [Linear(*SIZES["MLP4"][k : k + 2], mean_in=mean_in), ReLU()]

    def forward(self, A):
        """A: (N, 2). Returns A5 (N, 2)."""
        return _forward(self, A)

    def backward(self, dLdA):
        """Returns dLdA0 (N, 2)."""
        return _backward(self, dLdA)


SIZES = {"MLP0": (2, 3), "MLP1": (2, 3, 2), "MLP4": (2, 4, 8, 8, 4, 2)}


def _forward(model, A):
    for layer in model.layers:
        A = layer.forward(A)
    return A


def _backward(model, dLdA):
    for layer in reversed(model.layers):
        dLdA = layer.backward(dLdA)
    return dLdA


FUNCTIONS = {"MLP0": MLP0, "MLP1": MLP1, "MLP4": MLP4}


def _drawn(name):
    sizes = SIZES[name]

    def draw(dice):
        N = dice.sizes(1)[0]

        def array(*shape):  # no half-integers: their sums lie on the corners of relu
            return dice.rng.normal(size=shape).round(2 if dice.small else 15)

        arrays = {"A": array(N, sizes[0])}
        for k, (D, M) in enumerate(pairwise(sizes)):
            arrays |= {f"W{k}": array(M, D), f"b{k}": array(M)}
        return arrays | {"dLdA": array(N, sizes[-1])}

    return draw


def _made(name, apart):
    """apart: layers holds the Linear alone, as in the first half of 2022."""

    def make(do, e):
        model = do(name)
        layers = do.get(model, "layers")
        found = []
        for k in range(len(SIZES[name]) - 1):
            linear = first(do, layers, k if apart else 2 * k)
            if not apart:
                first(do, layers, 2 * k + 1)  # which is not there where they stand apart
            put(do, linear, W=getattr(e, f"W{k}"))
            fill(do, linear, b=getattr(e, f"b{k}"))
            found.append(linear)
        return model, found

    return make


def _forward_recipe(name, apart):
    def recipe(do, e):
        model, _ = _made(name, apart)(do, e)
        return {f"A{len(SIZES[name]) - 1}": do.method(model, "forward", e.A)}

    return recipe


def _backward_recipe(name, apart):
    """In the first half of 2022 a model returned nothing: the weights' gradients alone are seen."""

    def recipe(do, e):
        model, layers = _made(name, apart)(do, e)
        do.method(model, "forward", e.A)
        dLdA0 = do.method(model, "backward", e.dLdA)
        silent = do.ours and e.given["_apart"] is not None
        found = {} if apart or silent else {"dLdA0": dLdA0}
        for k, layer in enumerate(layers):
            found |= {f"dLdW{k}": do.get(layer, "dLdW"), f"dLdb{k}": do.get(layer, "dLdb")}
        return found | ({"_apart": do.value(1)} if apart else {})

    return recipe


def _both(name):
    return [
        Problem(
            f"{name}.forward", without(_drawn(name), "dLdA"), _forward_recipe(name, False),
            (name, f"{name}.forward"), others=(_forward_recipe(name, True),), examples=8,
        ),
        Problem(
            f"{name}.backward", _drawn(name), _backward_recipe(name, False),
            (name, f"{name}.backward"), others=(_backward_recipe(name, True),),
            conventions={"mean_in": ("loss", "linear")}, given=("_apart",),
            forward=f"{name}.forward", examples=8,
        ),
    ]  # fmt: skip


PROBLEMS = [*_both("MLP0"), *_both("MLP1"), *_both("MLP4")]
