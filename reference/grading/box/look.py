"""What a teacher may want to look at: gradients by differences, and code that reaches far.

Read from the sources before any of them runs, in the worker, whose memory and time are bounded: a
text can be made to break a parser. Nothing here costs points.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

from load import Finder  # pyright: ignore[reportAttributeAccessIssue]

NUMERIC = re.compile(
    r"(?:eval_)?numeric\w*_grad\w*|num_grad\w*|grad\w*_check\w*|check_grad\w*|approx_fprime"
    r"|approx_derivative|finite_diff\w*|complex_step\w*|numdifftools",
    re.I,
)
REACHING = re.compile(
    r"ctypes|gc|inspect|_getframe|setprofile|settrace|__subclasses__|__globals__|__builtins__|"
    r"__code__|f_locals|f_back|meta_path|socket|fork|_exit|subprocess|popen|Popen|system|exec[lv]\w*|"
    r"shutil|rmtree|unlink|urllib|requests"
)
# A quick look at the text comes first: most files have none of it, and need no second.
ANYTHING = re.compile(
    rf"\b(?:{NUMERIC.pattern}|{REACHING.pattern}|open)\b|\d[jJ]\b|\bcomplex|\.imag\b", re.I
)
MOST = 10  # notes
LOOPS = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp)


def look(finder: Finder, homes: dict[str, str], graded: list[str]) -> dict[str, Any]:
    """What stands in the files that define the names, and in those that they import.

    graded: the names that points are for, "affine_backward" or "Linear.backward"
    """
    notes: list[str] = []
    paths = list(dict.fromkeys(homes.values()))
    functions: dict[str, list[ast.AST]] = {}
    where: dict[int, str] = {}
    for path in paths:  # grows
        tree = finder.parsed(path)
        if tree is None:
            continue
        paths += [each for each in _imported(tree, finder) if each not in paths]
        for name, node in _defined(tree):
            functions.setdefault(name, []).append(node)
            where[id(node)] = path
        if ANYTHING.search(finder.files[path]):
            notes += _reaching(tree, path)
    if any(ANYTHING.search(finder.files[path]) for path in paths):
        for name in graded:
            notes += _differences(name, functions, where, set(graded))
    for name in graded:
        if "backward" in name:
            notes += _loops(name, functions, where)
    return {"looked": list(dict.fromkeys(notes))[:MOST]}


def _imported(tree: ast.Module, finder: Finder) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            module = getattr(node, "module", None) or ""
            names = [alias.name for alias in node.names]
            for name in [module, *names] if module else names:
                path = finder.path(name) if name != "*" else None
                if path is not None:
                    yield path


def _defined(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """The functions, classes and methods of a file; a method under its own name and its class's."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.FunctionDef):
                    yield f"{node.name}.{each.name}", each
                    yield each.name, each


def _reaching(tree: ast.Module, path: str) -> Iterator[str]:
    """What honest homework has no use for."""
    for node in ast.walk(tree):
        for name in _names(node):
            opens = name == "open" and isinstance(node, ast.Name)
            if REACHING.fullmatch(name) or opens:
                yield f"{path}, line {getattr(node, 'lineno', 0)}: {name}"


def _differences(
    name: str, functions: dict[str, list[ast.AST]], where: dict[int, str], graded: set[str]
) -> Iterator[str]:
    """What a graded function calls, it or what it calls, that takes a gradient by small steps."""
    if NUMERIC.fullmatch(name.rpartition(".")[2]):
        return
    seen: set[str] = {name}
    waiting = list(functions.get(name) or functions.get(name.partition(".")[0], ()))
    for node in waiting:  # grows
        for part in ast.walk(node):
            at = f"{where[id(node)]}, line {getattr(part, 'lineno', 0)}"
            if isinstance(part, ast.Constant) and isinstance(part.value, complex):
                yield f"{name}: {at}: {part.value}: a gradient by complex steps?"
            for called in _names(part):
                if called == "imag":
                    yield f"{name}: {at}: .imag: a gradient by complex steps?"
                if NUMERIC.fullmatch(called) and called not in graded:
                    yield f"{name}: {at}: {called}: a gradient by differences?"
                if called in functions and called not in seen and called not in graded:
                    seen.add(called)
                    waiting += functions[called]


def _loops(name: str, functions: dict[str, list[ast.AST]], where: dict[int, str]) -> Iterator[str]:
    """Loops of a backward that call a forward again and again."""
    for node in functions.get(name, ()):
        for loop in (part for part in ast.walk(node) if isinstance(part, LOOPS)):
            for part in ast.walk(loop):
                called = next(_names(part.func), "") if isinstance(part, ast.Call) else ""
                if "forward" in called:
                    at = f"{where[id(node)]}, line {getattr(part, 'lineno', 0)}"
                    yield f"{name}: {at}: {called} in a loop: a gradient by differences?"


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield (node.module or "").partition(".")[0]
        yield from (alias.name for alias in node.names)
