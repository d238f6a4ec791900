"""What the real body of a function needs of its project: the truth that context recall is measured against.

Counted with the standard library's `ast` alone, apart from the engine that is measured. Targets are module-level
functions without decorators, with 6 lines of body or more, outside tests, docs, examples and scripts, called elsewhere
in the project, whose body uses three project names or more. Project names are: top-level names of the own module,
names imported from project modules, attributes of imported project modules, and attributes that at most three classes
of the project define and no builtin type has.
"""

import ast
import builtins
import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

OUTSIDE = re.compile(
    r"(?:^|/)(?:tests?|testing|docs?|docs_src|examples?|scripts?|bench(?:marks?)?|t)(?:/|$)|(?:^|/)(?:test_[^/]*|conftest|setup)\.py$"
)
BUILTIN_ATTRIBUTES = frozenset(
    name for each in vars(builtins).values() if isinstance(each, type) for name in dir(each)
) | frozenset(("close", "flush", "name", "readline", "readlines", "seek", "tell", "write", "writelines", "read"))
FEWEST_LINES = 6
FEWEST_NAMES = 3
MOST_CLASSES = 3

type Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Deleted:
    """A function to leave out. first, last: its lines, 1-based, inclusive. truth: names its body needs, sorted."""

    path: str
    module: str
    name: str
    first: int
    last: int
    body: str
    truth: tuple[str, ...]


@dataclass(slots=True)
class _Module:
    path: str
    tree: ast.Module
    text: str
    defined: set[str] = field(default_factory=set)
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    exports: set[str] = field(default_factory=set)


class TruthReader:
    """Reads a whole project once; `targets` lists what can be left out of it."""

    def __init__(self, root: Path) -> None:
        self.modules: dict[str, _Module] = {}
        self.classes_of: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self.called: Counter[str] = Counter()
        for path in sorted(root.rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if not path.is_symlink() and not any(part.startswith(".") for part in name.split("/")):
                self._read(name, path)

    def _read(self, name: str, path: Path) -> None:
        try:
            text = path.read_bytes().decode("utf-8")
            with warnings.catch_warnings(action="ignore", category=SyntaxWarning):  # `"\d"` in somebody's code
                tree = ast.parse(text)
        except (UnicodeDecodeError, SyntaxError, ValueError):
            return
        module = self.modules[name] = _Module(name, tree, text)
        for node in _top_level(tree.body):
            module.defined.update(_names_defined(node))
            if isinstance(node, ast.Import | ast.ImportFrom):
                module.imports.append(node)
            if isinstance(node, ast.Assign) and "__all__" in _names_defined(node):
                module.exports.update(_strings(node.value))
        self.called.update(_called(tree))
        if not OUTSIDE.search(name):
            for owner in ast.walk(tree):
                if isinstance(owner, ast.ClassDef):
                    for attribute in _class_attributes(owner):
                        self.classes_of[attribute].add((name, owner.name))

    def targets(self) -> list[Deleted]:
        return [found for path in sorted(self.modules) if not OUTSIDE.search(path) for found in self._in_module(path)]

    def _in_module(self, path: str) -> Iterator[Deleted]:
        module = self.modules[path]
        functions = [n for n in module.tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        counts = Counter(n.name for n in functions)
        lines = module.text.splitlines()
        for node in functions:
            last = node.end_lineno or node.lineno
            first_of_body = node.body[0].lineno
            if node.decorator_list or last - first_of_body + 1 < FEWEST_LINES or counts[node.name] > 1:
                continue
            if self.called[node.name] <= _called(node)[node.name]:
                continue
            truth = tuple(sorted(self._needs(module, node) - {node.name}))
            if len(truth) >= FEWEST_NAMES:
                body = "\n".join(lines[first_of_body - 1 : last])
                yield Deleted(path, self.dotted(path), node.name, node.lineno, last, body, truth)

    def dotted(self, path: str) -> str:
        """The module's name, counted from above its packages, and from the root where there are none."""
        parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
        folders = [index for index in range(1, len(parts)) if f"{'/'.join(parts[:index])}/__init__.py" in self.modules]
        first = folders[0] - 1 if folders else len(parts) - 1 if path.endswith("/__init__.py") else 0
        return ".".join(parts[first:] if parts[0] not in {"src", "lib"} else parts[max(1, first) :])

    # What a body needs

    def _needs(self, module: _Module, function: Function) -> set[str]:
        inner = [n for part in function.body for n in ast.walk(part)]
        local = _bound(function)
        body_imports = [n for n in inner if isinstance(n, ast.Import | ast.ImportFrom)]
        names, modules = self._imported(module.path, body_imports)
        outer_names, outer_modules = self._imported(module.path, module.imports)
        for name in set(outer_names) | set(outer_modules):
            if name not in local:
                names |= {name: outer_names[name]} if name in outer_names else {}
                modules |= {name: outer_modules[name]} if name in outer_modules else {}
        found: set[str] = set()
        for node in inner:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if node.id in names:
                    found.add(names[node.id])
                elif node.id in module.defined and node.id not in local:
                    found.add(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found |= self._attribute(node, modules)
        return found

    def _attribute(self, node: ast.Attribute, modules: dict[str, str]) -> set[str]:
        source = modules.get(ast.unparse(node.value)) if isinstance(node.value, ast.Name | ast.Attribute) else None
        if source:
            return {node.attr} if self._defines(source, node.attr) else set()
        few = 1 <= len(self.classes_of.get(node.attr, ())) <= MOST_CLASSES
        return {node.attr} if few and node.attr not in BUILTIN_ATTRIBUTES else set()

    def _imported(self, path: str, nodes: list[ast.Import | ast.ImportFrom]) -> tuple[dict[str, str], dict[str, str]]:
        """(local name -> name that the project defines, local dotted name -> path of a project module)."""
        names: dict[str, str] = {}
        modules: dict[str, str] = {}
        for node in nodes:
            if isinstance(node, ast.Import):
                for item in node.names:
                    source = self._module_path(path, item.name, 0)
                    if source:
                        modules[item.asname or item.name] = source
                continue
            source = self._module_path(path, node.module or "", node.level)
            for item in node.names:
                below = self._module_path(path, ".".join(p for p in (node.module, item.name) if p), node.level)
                if item.name == "*" and source:
                    names |= {name: name for name in self._public(source)}
                elif source and self._defines(source, item.name):
                    names[item.asname or item.name] = item.name
                elif below:
                    modules[item.asname or item.name] = below
        return names, modules

    def _public(self, path: str) -> set[str]:
        module = self.modules[path]
        return module.exports or {name for name in module.defined if not name.startswith("_")}

    def _defines(self, path: str, name: str, depth: int = 0) -> bool:
        """Whether the project defines what `name` means in a module, there or where it is imported from."""
        module = self.modules[path]
        if name in module.defined:
            return True
        if depth > 5:
            return False
        for node in module.imports:
            if isinstance(node, ast.ImportFrom):
                source = self._module_path(path, node.module or "", node.level)
                names = {item.asname or item.name for item in node.names if item.name in {"*", name}}
                if source and source != path and names & {"*", name} and self._defines(source, name, depth + 1):
                    return True
        return False

    def _module_path(self, path: str, dotted: str, level: int) -> str | None:
        parts = [part for part in dotted.split(".") if part]
        folder = path.rpartition("/")[0]
        if level:
            for _ in range(level - 1):
                folder = folder.rpartition("/")[0]
            return self._file("/".join((*folder.split("/"), *parts)) if folder else "/".join(parts))
        while True:
            found = self._file("/".join(((folder,) if folder else ()) + tuple(parts)))
            if (found and f"{folder}/__init__.py" not in self.modules) or not folder:
                break
            folder = folder.rpartition("/")[0]
        return found or next((f for r in ("src", "lib") if (f := self._file("/".join((r, *parts))))), None)

    def _file(self, stem: str) -> str | None:
        return next((path for path in (f"{stem}/__init__.py", f"{stem}.py") if path in self.modules), None)


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        for name in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                yield from _top_level(getattr(node, name, []))
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                yield from _top_level(handler.body)


def _names_defined(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.TypeAlias):
        return {node.name.id}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}


def _strings(node: ast.expr) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _called(tree: ast.AST) -> Counter[str]:
    calls = (n.func for n in ast.walk(tree) if isinstance(n, ast.Call))
    return Counter(
        f.id if isinstance(f, ast.Name) else f.attr for f in calls if isinstance(f, ast.Name | ast.Attribute)
    )


def _class_attributes(node: ast.ClassDef) -> set[str]:
    found: set[str] = set()
    for part in _top_level(node.body):
        found |= _names_defined(part)
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= {
                n.attr
                for n in ast.walk(part)
                if isinstance(n, ast.Attribute)
                and isinstance(n.ctx, ast.Store)
                and isinstance(n.value, ast.Name)
                and n.value.id == "self"
            }
    return found


def _bound(function: Function) -> set[str]:
    """Names that a function binds itself: parameters, assignments, inner definitions, imports."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler):
            found |= {node.name} if node.name and node is not function else set()
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update(a.asname or a.name.partition(".")[0] for a in node.names)
    for node in ast.walk(function):
        if isinstance(node, ast.Global):
            found -= set(node.names)
    return found
