"""Which file holds a layer: found by its name, so that a new layer is a new file, and no list."""

import importlib
import pkgutil
from collections.abc import Callable

import manual

_found: dict[str, Callable] = {}


def functions() -> dict[str, Callable]:
    """Every public function of this folder, by name."""
    if not _found:
        for file in pkgutil.iter_modules(manual.__path__):
            module = importlib.import_module(f"manual.{file.name}")
            for name, thing in vars(module).items():
                ours = getattr(thing, "__module__", None) == module.__name__
                if ours and callable(thing) and not name.startswith("_"):
                    _found[name] = thing
    return _found


def names(verb: str) -> list[str]:
    """The kinds that have a verb: names("loss") -> ["bce_with_logits", "huber", ...]."""
    ends = f"_{verb}"
    return sorted(name.removesuffix(ends) for name in functions() if name.endswith(ends))


def find(kind: str, verb: str) -> Callable:
    """find("relu", "forward") is relu_forward. Errors: ValueError for a kind nobody wrote."""
    function = functions().get(f"{kind}_{verb}")
    if function is None:
        raise ValueError(f"there is no {kind}_{verb}; expected one of: {', '.join(names(verb))}")
    return function
