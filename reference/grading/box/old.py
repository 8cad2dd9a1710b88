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


class Division(ast.NodeTransformer):
    """a / b as Python 2 divides: whole numbers to a whole number."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        name = ast.Name("_old_division", ast.Load())
        return ast.copy_location(ast.Call(name, [node.left, node.right], []), node)


def old_division(a: Any, b: Any) -> Any:
    whole = isinstance(a, int | np.integer) and isinstance(b, int | np.integer)
    return a // b if whole else a / b


def old_numpy() -> None:
    """Give NumPy its old names back."""
    for name, value in OLD_NUMPY.items():
        if name not in np.__dict__:
            setattr(np, name, value)
