"""Python 2 and old NumPy, as today's would have it: to see whether old code was right once."""

import ast
import re
from typing import Any

import numpy as np

# Names that old code takes for granted, and what they are today.
OLD_NAMES = {"xrange": range, "unicode": str, "raw_input": input, "long": int, "reduce": None}
OLD_NUMPY = {
    "int": int, "float": float, "bool": bool, "object": object, "str": str, "complex": complex,
    "long": int, "unicode": str, "float_": np.float64, "complex_": np.complex128, "Inf": np.inf,
    "infty": np.inf, "NaN": np.nan, "NINF": -np.inf, "PINF": np.inf, "product": np.prod,
    "cumproduct": np.cumprod, "sometrue": np.any, "alltrue": np.all, "row_stack": np.vstack,
    "asscalar": lambda a: a.item(), "round_": np.round, "in1d": np.isin, "trapz": np.trapezoid,
}  # fmt: skip


def cured(text: str) -> str:
    """Python 2 as Python 3 would have it: tabs, print, xrange, except, has_key."""
    text = text.expandtabs(8)
    text = re.sub(r"^(\s*)print\s*$", r"\1print()", text, flags=re.M)
    text = re.sub(
        r"^(\s*)print\s+(?!\()([^\n#]*?)\s*(;?)\s*(#.*)?$", r"\1print(\2)\3", text, flags=re.M
    )
    text = re.sub(r"(:\s*)print\s+([\"'][^\n]*)$", r"\1print(\2)", text, flags=re.M)
    text = re.sub(r"^(\s*except\s+[\w.]+)\s*,\s*(\w+)\s*:", r"\1 as \2:", text, flags=re.M)
    text = re.sub(r"^(\s*raise\s+\w+)\s*,\s*(.+)$", r"\1(\2)", text, flags=re.M)
    text = re.sub(r"(\w+)\.has_key\(([^()]*)\)", r"(\2 in \1)", text)
    text = re.sub(r"\.iter(items|keys|values)\(\)", r".\1()", text)
    text = re.sub(r"<>", "!=", text)
    return re.sub(r"\b(0[0-7]+|[1-9]\d*)[lL]\b", r"\1", text)


class Old(ast.NodeTransformer):
    """What has changed since: a / b, float(array), a[0] = array."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return _called("_old_division", node, node.left, node.right) if _divides(node) else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in ("float", "int"):
            node.args = [_called("_old_number", each, each) for each in node.args]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        place = node.targets[0]
        if isinstance(place, ast.Subscript) and len(node.targets) == 1:
            array = ast.parse(ast.unparse(place.value), mode="eval").body
            node.value = _called("_old_entry", node.value, array, node.value)
        return node


def _divides(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.Div)


def _called(name: str, at: ast.AST, *args: ast.expr) -> Any:
    return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), list(args), []), at)


def helpers(text: str, division: bool) -> dict[str, Any]:
    """The functions that Old calls in a file; division: it is known to want Python 2's."""
    divide = old_division if division or _is_python_2(text) else exact_division
    return {"_old_division": divide, "_old_number": old_number, "_old_entry": old_entry}


def _is_python_2(text: str) -> bool:
    if re.search(r"\b(xrange|raw_input|basestring|iteritems|itervalues|has_key)\b", text):
        return True
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return False


def old_division(a: Any, b: Any) -> Any:
    """As Python 2 divides: whole numbers to a whole number."""
    whole = isinstance(a, int | np.integer) and isinstance(b, int | np.integer)
    return a // b if whole else a / b


def exact_division(a: Any, b: Any) -> Any:
    """For a file of either Python: whole where it comes out whole, so that 1 / m is no 0."""
    whole = isinstance(a, int | np.integer) and isinstance(b, int | np.integer)
    return a // b if whole and b and a % b == 0 else a / b


def old_number(value: Any) -> Any:
    """An array of one number was a number to float() and int()."""
    return value.item() if isinstance(value, np.ndarray) and value.size == 1 else value


def old_entry(array: Any, value: Any) -> Any:
    """It was so too when it was put into an array."""
    return old_number(value) if isinstance(array, np.ndarray) else value


def old_numpy() -> None:
    """Give NumPy its old names back."""
    for name, value in OLD_NUMPY.items():
        if name not in np.__dict__:
            setattr(np, name, value)
