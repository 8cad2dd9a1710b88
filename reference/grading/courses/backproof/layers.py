"""All layers and losses of manual/, found by themselves: a new one is graded as it comes."""

import inspect
from itertools import islice

from manual.catalog import find, functions
from reference import cards
from reference.cards import LAYERS, LOSSES
from reference.grading.examples import Dice
from reference.grading.recipe import Problem, Recipe
from reference.networks import adapted, one_layer, targets

FUNCTIONS = {
    name: function
    for name, function in functions().items()
    if name.rpartition("_")[2] in ("forward", "backward", "loss")
    and name.rpartition("_")[0] in {*LAYERS, *LOSSES}
}


def _drawn(kind: str):
    """draw(dice) for a layer: shapes and options from its card, numbers off every corner."""

    def draw(dice: Dice):
        size, extra = (
            (2, 0) if dice.k == 0 else (dice.pick(3, 1, 2, 4, 5), int(dice.pick(*range(1, 25))))
        )
        size = min(size, 2) if dice.small else size
        N = 2 if dice.small else dice.pick(3, 2, 4)
        seed = int(dice.rng.integers(2**32))
        regime = "saturated" if dice.extreme else "normal"
        flattens = LAYERS[kind].takes == "N*" and dice.k % 3 == 2  # it takes (N, 2, 2) as well
        size = 4 if dice.extreme or flattens else size
        if kind == "transpose" and not dice.small:
            size = 8  # three axes longer than 1: a cycle of axes is not its own inverse
        tries = (one_layer(kind, N, cards.Dice(size, extra + j), seed, regime) for j in range(25))
        fits = (each for each in tries if len(each.net) == 1)  # a few shapes have no such layer
        fits = (each for each in fits if each.x.ndim == 3 or not flattens)
        count = 1 if dice.small or flattens else 15 if kind == "transpose" else 6
        layer = max(islice(fits, count), key=_rich)
        if dice.extreme and layer.x.dtype.kind == "f":
            layer = layer._replace(x=3 * layer.x)
        if dice.corner and layer.x.dtype.kind == "f":
            layer = layer._replace(x=(2 * layer.x).round() / 2)  # zeros, and equal numbers
        arrays = [layer.x, *(layer.params[name] for name in layer.net[0].params)]
        if dice.small:
            arrays = [a.round(3) if a.dtype.kind == "f" else a for a in arrays]
        named = dict(zip(_inputs(kind), arrays, strict=True))
        named |= {"dout": layer.y.round(3), "options": layer.net[0].options}
        return named | {"corner": dice.corner}

    return draw


def _rich(layer) -> int:
    """How many axes are longer than 1, how many sizes differ, how many axes change their place."""
    shapes = [layer.x.shape, *(array.shape for array in layer.params.values())]
    sizes = [size for shape in shapes for size in shape if size > 1]
    moved = sum(k != axis for k, axis in enumerate(_axes(layer.net[0].options)))
    return 3 * len(sizes) + len(set(sizes)) + 2 * moved


def _axes(options) -> tuple[int, ...]:
    axes = options.get("axes", ())
    return axes if isinstance(axes, tuple) else ()


def _inputs(kind: str) -> list[str]:
    """The names of a forward's arrays, its options apart."""
    parameters = inspect.signature(find(kind, "forward")).parameters.values()
    given = ("shape", "axes")  # options that have no default
    return [
        each.name for each in parameters if each.default is each.empty and each.name not in given
    ]


def _forward(kind: str) -> Recipe:
    def recipe(do, e):
        arrays = [getattr(e, name) for name in _inputs(kind)]
        out, _ = do(f"{kind}_forward", *arrays, parts=2, **e.options)
        return {"out": out}

    return recipe


def _backward(kind: str) -> Recipe:
    def recipe(do, e):
        arrays = [getattr(e, name) for name in _inputs(kind)]
        _, cache = do(f"{kind}_forward", *arrays, parts=2, **e.options)
        names = _inputs(kind)
        if len(names) == 1:
            return {f"d{names[0]}": do(f"{kind}_backward", e.dout, cache)}
        grads = do(f"{kind}_backward", e.dout, cache, parts=len(names))
        graded = zip(names, arrays, grads, strict=True)
        return {f"d{name}": grad for name, array, grad in graded if array.dtype.kind == "f"}

    return recipe


def _scores(kind: str):
    """draw(dice) for a loss."""
    card = LOSSES[kind]

    def draw(dice: Dice):
        N, C = dice.sizes(2, at_least=2)
        shape: tuple[int, ...] = (N, C)
        if len(card.takes) != 2:
            shape = adapted((N, 2 * C), card.takes, cards.Dice(2, dice.k))[1]
        x = dice.rng.normal(size=shape).round(3)
        if card.draw is not None:
            y, options = card.draw(dice.rng, shape)
            return {"x": x, "y": y, "options": options}
        options = {name: dice.pick(*values) for name, values in card.options.items()}
        y = targets(dice.rng, shape, kind, "normal")
        given = {name: value for name, value in options.items() if value is not None}
        return {"x": x, "y": y, "options": given}

    return draw


def _loss(kind: str) -> Recipe:
    def recipe(do, e):
        loss, dx = do(f"{kind}_loss", e.x, e.y, parts=2, **e.options)
        return {"loss": loss, "dx": dx}

    return recipe


def _problems():
    for kind, card in sorted(LAYERS.items()):
        if card.outputs != 1:
            continue  # lstm_step, which stands in updates
        forward, backward = f"{kind}_forward", f"{kind}_backward"
        yield Problem(forward, _drawn(kind), _forward(kind), (forward,))
        needs = (forward, backward)
        yield Problem(backward, _drawn(kind), _backward(kind), needs, forward=forward)
    for kind in sorted(LOSSES):
        yield Problem(f"{kind}_loss", _scores(kind), _loss(kind), (f"{kind}_loss",))


PROBLEMS = list(_problems())
