"""Loading a submission: files of a course, years old, out of their folder, in a box without files.

Statement by statement, so that one failed import or a plot at the end of a file costs only itself.
Definitions, imports and plain assignments are run; calls are not (a script's training, a notebook's
checks), nor is what stands under if __name__ == "__main__".
"""

import ast
import importlib.abc
import importlib.machinery
import sys
import types
from typing import Any

from old import OLD_NAMES, Old, cured, helpers, old_numpy  # pyright: ignore

# What would do the work for the student.
FORBIDDEN = (
    "torch", "jax", "jaxlib", "tensorflow", "autograd", "keras", "theano", "mxnet", "cupy", "flax",
    "tinygrad", "micrograd", "mygrad", "needle", "manual", "reference", "backproof", "comparisons",
)  # fmt: skip
OWN = (
    "load",
    "lock",
    "look",
    "mmap",
    "old",
    "run",
    "wire",
)  # the box's modules: a student's have these names
IMPORTING = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>", __file__)


class BlockedError(ImportError):
    """The code wants something that the box does not lend."""


class Stub(types.ModuleType):
    """A module that is not here. It may be imported and named; what uses it fails, saying so."""

    def __init__(self, name: str, forbidden: bool):
        super().__init__(name)
        self.__dict__["_forbidden"] = forbidden
        self.__dict__["__path__"] = []
        self.__dict__["__all__"] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Stub(f"{self.__name__}.{name}", self._forbidden)

    def __call__(self, *args: Any, **options: Any) -> Any:
        if len(args) == 1 and not options and isinstance(args[0], types.FunctionType | type):
            return args[0]  # a decorator
        if self._forbidden:
            raise BlockedError(f"{self.__name__} may not be used here")
        raise ModuleNotFoundError(f"{self.__name__} is not installed here")

    def __setitem__(self, key: Any, value: Any) -> None:
        """A setting, as of plt.rcParams: nothing here has any."""


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules of the submission and of the course by the end of their name; stubs for the rest."""

    def __init__(self, files: dict[str, str], cured: str):
        self.files, self.cured = files, cured
        self.problems: list[dict[str, Any]] = []
        self.blocked: list[str] = []
        self.modules: dict[str, types.ModuleType] = {}
        self.missing: list[str] = []
        self.trees: dict[str, ast.Module | None] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """A spec for all but what Python and NumPy keep for themselves: that is loaded, or denied.

        What is left of the standard library, pickle or glob at the top of a file, is a stub to the
        student's own files, and missing to all others, which may have another way.
        """
        top = name.partition(".")[0]
        if self.path(name) is None and (
            top in ("numpy", "scipy")
            or name in sys.builtin_module_names
            or (top in sys.stdlib_module_names and not self._asked_by_student())
        ):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> types.ModuleType:
        """The module of a file, one object however it is called; or a stub."""
        path = self.path(spec.name)
        if path is not None:
            return self.module(path)
        top = spec.name.partition(".")[0]
        if top == "past" or top == "future" or top == "six":
            return _past(spec.name)
        if top in sys.stdlib_module_names:
            return Stub(spec.name, False)
        forbidden = top in FORBIDDEN
        (self.blocked if forbidden else self.missing).append(spec.name)
        if not forbidden and self._folder(spec.name):
            return types.ModuleType(spec.name)
        return Stub(spec.name, forbidden)

    def exec_module(self, module: types.ModuleType) -> None:
        """Done when it was made."""

    def path(self, name: str) -> str | None:
        """The file of a module: cs231n.layers is cs231n/layers.py, or else layers.py."""
        parts = name.split(".")
        for start in range(len(parts)):
            wanted = "/".join(parts[start:])
            for ending in (".py", ".ipynb", "/__init__.py"):
                found = [p for p in self.files if ("/" + p).endswith(f"/{wanted}{ending}")]
                if found:
                    return min(found, key=lambda p: (p.count("/"), p))
        return None

    def _asked_by_student(self) -> bool:
        """Whether the import that is going on stands in a file of the submission."""
        frame: Any = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename in IMPORTING:
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename in self.files

    def _folder(self, name: str) -> bool:
        last = name.rpartition(".")[2]
        return any(f"/{last}/" in f"/{path}" for path in self.files)

    def module(self, path: str) -> types.ModuleType:
        """The module of a file, run at the first call."""
        if path in self.modules:
            return self.modules[path]
        stem = path.rpartition("/")[2].rpartition(".")[0]
        module = types.ModuleType(stem)
        # However far up it reaches (from ..layers import affine_forward), there is a folder.
        package = "a.b.c.d." + (path.rpartition("/")[0].replace("/", ".") or "e")
        module.__dict__.update(__package__=package, __file__=path, __path__=[])
        self.modules[path] = module
        tree = self.parsed(path)
        if tree is not None:
            if self.cured:
                module.__dict__.update({k: v for k, v in OLD_NAMES.items() if v is not None})
                module.__dict__.update(helpers(self.files[path], self.cured == "division"))
            self._run(tree, module, path)
        return module

    def parsed(self, path: str) -> ast.Module | None:
        """The tree of a file; None where it has no reading, which is kept as a problem."""
        if path not in self.trees:
            self.trees[path] = self._parsed(path)
        return self.trees[path]

    def _parsed(self, path: str) -> ast.Module | None:
        text = self.files[path]
        if self.cured:
            text = cured(text)
        try:
            tree = ast.parse(text, path)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None)
            self.problems.append(
                {"path": path, "line": line, "type": type(error).__name__, "message": str(error)}
            )
            return None
        return Old().visit(tree) if self.cured else tree

    def _run(self, tree: ast.Module, module: types.ModuleType, path: str) -> None:
        own = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        for statement in tree.body:
            if not _wanted(statement, own):
                continue
            code = ast.fix_missing_locations(ast.Module([statement], []))
            try:
                exec(compile(code, path, "exec"), module.__dict__)
            except BaseException as error:  # SystemExit in a class's body
                self.problems.append(
                    {
                        "path": path,
                        "line": statement.lineno,
                        "type": type(error).__name__,
                        "message": message_of(error),
                    }
                )


def message_of(error: Any) -> str:
    """The message of an error or a warning; "" where that fails as well."""
    try:
        return str(error)[:500]
    except BaseException:
        return ""


def _wanted(statement: ast.stmt, own: set[str]) -> bool:
    """Whether a statement of a file is run: what defines, and nothing that works."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
        return True
    if isinstance(statement, ast.If):
        names = {node.id for node in ast.walk(statement.test) if isinstance(node, ast.Name)}
        return "__name__" not in names and _calls(statement, own) == 0
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Try | ast.AugAssign):
        return _calls(statement, own) == 0
    return False


def _calls(statement: ast.stmt, own: set[str]) -> int:
    """How many calls of the file's own functions it makes, definitions inside it apart."""
    return sum(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in own
        for node in ast.walk(statement)
    )


def _past(name: str) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(xrange=range, range=range, unicode=str, long=int, basestring=str)
    module.__dict__["__path__"] = []
    return module


def enclose(files: dict[str, str], cured: str) -> Finder:
    """From here on every import is answered from these files, or from what is loaded already."""
    finder = Finder(files, cured)
    sys.meta_path[:] = [finder, importlib.machinery.BuiltinImporter]
    sys.path[:] = []
    sys.path_importer_cache.clear()
    for name in list(sys.modules):
        top = name.partition(".")[0]
        if top in (*FORBIDDEN, *OWN):
            del sys.modules[name]
    sys.modules["__main__"] = types.ModuleType("__main__")
    if cured:
        old_numpy()
    return finder
