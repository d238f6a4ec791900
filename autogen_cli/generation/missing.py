"""Names that a project's code imports, calls or reads and that nothing in the project defines.

Nothing is run: modules are read as the checks read them. In doubt a name is not missing: a module that makes names in
ways that the text doesn't tell, a name that is guarded (`try: ... except ImportError`, `hasattr`), one that something
assigns from outside.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autogen_cli.errors import TargetError
from autogen_cli.generation.checks.modules import Found, Modules
from autogen_cli.generation.checks.names import BUILTINS, guarded_names, module_of
from autogen_cli.generation.insert.module import Module, parse_module
from autogen_cli.generation.scopes import Use, module_uses
from autogen_cli.generation.statements import flatten

IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException", "AttributeError"})
INJECTED = frozenset({"_", "ngettext", "get_ipython", "reveal_type", "reveal_locals"})  # by gettext, IPython, checkers
CONDITIONS = re.compile(r"\b(version_info|PY[23]|platform)\b")
KNOWN_TO_BE = re.compile(r"#.*(\bF821\b|\bname-defined\b|\battr-defined\b)")  # a person has looked at the line
DATA = re.compile(r"(^|/)(tests?|testing)/(.*/)?(data|test_?data|fixtures|cases|snapshots|snippets)/")
EXPECTED = re.compile(r"\b(raises|suppress|warns)\(")
WRITTEN_BY_TOOLS = re.compile(r"_?version(_info)?|_build.*|.*_pb2(_grpc)?|_generated.*")  # modules that a build makes
LONGEST_TEXT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a missing name is used. path: POSIX, below the root. line: 1-based. text: that line."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """symbol: None for a module that is imported as a whole."""

    module: str
    symbol: str | None
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file of the project. path: POSIX, below the root. module: the name that it is imported by."""

    path: str
    module: str
    content: bytes


def find_missing(root: Path, files: Sequence[File], *, environment: Sequence[Path] = ()) -> list[Missing]:
    """The missing names of a project, by module and name. environment: folders with installed packages."""
    modules = Modules(root, root, environment)
    names_of = {root / file.path: file.module for file in files}
    parsed = [(file, module) for file in files if not DATA.search(file.path) and (module := _parsed(file))]
    assigned = {name for _, module in parsed for name in _assigned_attributes(module.tree)}
    found: dict[tuple[str, str | None], list[Site]] = {}
    for file, module in parsed:
        reader = _Reader(modules, root / file.path, file.module, module, names_of, assigned)
        for name, line in reader.missing():
            text = module.lines[line - 1].strip()[:LONGEST_TEXT]
            if KNOWN_TO_BE.search(module.lines[line - 1]):
                continue
            found.setdefault(name, []).append(Site(path=file.path, line=line, text=text))
    ordered = sorted(found.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    return [Missing(module=name, symbol=symbol, sites=tuple(sites)) for (name, symbol), sites in ordered]


def _parsed(file: File) -> Module | None:
    try:
        return parse_module(file.content, file.path)
    except (TargetError, RecursionError):
        return None


type Name = tuple[str, str | None]  # module, symbol


@dataclass(frozen=True, slots=True)
class _Reader:
    """What one file uses and nothing defines."""

    modules: Modules
    path: Path
    name: str
    module: Module
    names_of: dict[Path, str]
    assigned: set[str]

    def missing(self) -> Iterator[tuple[Name, int]]:
        """The missing names, each with a line that uses it."""
        tree = self.module.tree
        uses = module_uses(tree.body, lazy_annotations=self.module.lazy_annotations)
        for found, errors in (
            (self._imported(tree), IMPORT_ERRORS),
            (self._undefined(uses), {"NameError"}),
            (self._attributes(uses), {"AttributeError"}),
        ):
            if names := list(found):
                guarded = set(_guarded_lines(tree, errors))
                yield from ((name, line) for name, line in names if line not in guarded)

    def _imported(self, tree: ast.Module) -> Iterator[tuple[Name, int]]:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                yield from self._imported_from(node)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if self._is_missing_module(alias.name, 0):
                        yield (alias.name, None), node.lineno

    def _imported_from(self, node: ast.ImportFrom) -> Iterator[tuple[Name, int]]:
        module = node.module or ""
        found = self.modules.find(module, node.level, self.path)
        if found is None and self._is_missing_module(module, node.level):
            for alias in node.names:
                symbol = None if alias.name == "*" else alias.name
                yield (self._absolute(module, node.level), symbol), alias.lineno
        elif found and (node.level or self._is_near(found, module)) and (home := self._home(found)):
            for alias in node.names:
                if alias.name != "*" and self._lacks(found, alias.name):
                    yield (home, alias.name), alias.lineno

    def _is_missing_module(self, module: str, level: int) -> bool:
        """Whether a package of the project has no such module, and none can come from elsewhere."""
        last = module.rsplit(".", maxsplit=1)[-1]
        if self.modules.exists(module, level, self.path) != "no" or WRITTEN_BY_TOOLS.fullmatch(last):
            return False
        if level:
            return bool(module)
        package = self.modules.in_project(module.partition(".")[0]) if "." in module else None
        return package is not None and package.file is not None and not self.modules.in_environment(module)

    def _is_near(self, found: Found, module: str) -> bool:
        """Whether this file may import the module at all: an example's folder is no place for the rest to look into."""
        base = (found.file or found.folder or self.path).parent
        depth = module.count(".") + (found.file is not None and found.file.name == "__init__.py")
        top = base.parents[depth - 1] if depth else base
        return top in self.path.parents or top.name in {"src", "lib", "python"}

    def _absolute(self, module: str, level: int) -> str:
        if not level:
            return module
        parts = self.name.split(".")
        if self.path.name != "__init__.py":
            parts = parts[:-1]
        return ".".join([*parts[: len(parts) - level + 1], module])

    def _home(self, found: Found) -> str | None:
        """The name of a module of the project."""
        return self.names_of.get(found.file) if found.file else None

    def _lacks(self, found: Found, name: str) -> bool:
        dunder = name.startswith("__") and name.endswith("__")
        return not dunder and name not in self.assigned and self.modules.defines(found, name) == "no"

    def _undefined(self, uses: Iterable[Use]) -> Iterator[tuple[Name, int]]:
        """Names that the module looks up in itself; those that are only annotated with may be a type checker's."""
        names = self.module.names
        if names.dynamic or any(self._may_come_by(star) for star in names.stars):
            return
        for use in uses:
            known = use.local or use.name in names or use.name in BUILTINS or use.name in INJECTED
            if not known and use.when != "annotation":
                yield (self.name, use.name), use.line

    def _may_come_by(self, star: ast.ImportFrom) -> bool:
        """Whether `import *` may bring names that can't be listed."""
        found = self.modules.find(star.module or "", star.level, self.path)
        return found is None or self.modules.defines(found, "a_name_that_nobody_has") != "no"

    def _attributes(self, uses: Iterable[Use]) -> Iterator[tuple[Name, int]]:
        """`module.name` where the project's module has no such name."""
        guarded = guarded_names(self.module.tree)
        known: dict[tuple[str, ast.stmt | None], Found | None] = {}
        for use in uses:
            if not use.attributes:
                continue
            key = use.name, use.local
            if key not in known:
                known[key] = module_of(use, self.module.tree, self.modules, self.path)
            found = known[key]
            for attribute in use.attributes if found else ():
                inner = self.modules.below(found, attribute) if found else None
                home = self._home(found) if found else None
                if inner is None:
                    if found and home and attribute not in guarded and self._lacks(found, attribute):
                        yield (home, attribute), use.line
                    break
                found = inner


def _guarded_lines(tree: ast.Module, errors: Collection[str]) -> Iterator[int]:
    """Lines that may fail: a `try` that catches it, a test that expects it, what hangs on a version or a platform."""
    for node in ast.walk(tree):
        match node:
            case ast.Try() | ast.TryStar() if any(_catches(handler, errors) for handler in node.handlers):
                yield from range(node.lineno, (node.handlers[-1].end_lineno or node.lineno) + 1)
            case ast.If() if _may_not_be(node.test, errors):
                yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
            case ast.With() if EXPECTED.search(ast.unparse(node.items[0].context_expr)):
                yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _may_not_be(test: ast.expr, errors: Collection[str]) -> bool:
    """`hasattr` asks for an attribute: it says nothing of a name that the module looks up in itself."""
    text = ast.unparse(test)
    return bool(CONDITIONS.search(text)) or ("AttributeError" in errors and "hasattr(" in text)


def _catches(handler: ast.ExceptHandler, errors: Collection[str]) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(node, ast.Name) and node.id in errors for node in ast.walk(handler.type))


def _assigned_attributes(tree: ast.Module) -> Iterator[str]:
    """Attributes that something sets on something else: it may be a module."""
    for statement in flatten(tree.body):
        for node in ast.walk(statement):
            match node:
                case ast.Attribute(ctx=ast.Store(), value=ast.Name(id=owner)) if owner not in {"self", "cls"}:
                    yield node.attr
                case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=str(name)), *_]):
                    yield name
