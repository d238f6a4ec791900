"""Modules and the names in them, found as files: the project's, the environment's and the standard library's.

Nothing of the project or its environment is imported. Of the standard library only what has no Python source is.
"""

import ast
import functools
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from autogen_cli.errors import TargetError
from autogen_cli.files import read_file
from autogen_cli.generation.insert.module import Module, read_module
from autogen_cli.generation.module_names import IMPLICIT, ModuleNames
from autogen_cli.generation.statements import bound_by, find

_EXTENSIONS = (".so", ".pyd", ".pyx", ".dylib")
# What the standard library puts in place of its own modules, and modules whose names no reader of their text can list.
_ALIASES = {"os.path": "posixpath", "collections.abc": "_collections_abc"}
_RUN = frozenset(("decimal", "enum", "os", "re", "signal", "socket", "ssl", "typing"))
# Standard modules that lack some of their names on some platforms.
_DIFFERS = frozenset(("errno", "fcntl", "mmap", "os", "resource", "select", "signal", "socket", "ssl", "sys", "time"))
_NO_API = frozenset(("site-packages", "test", "idlelib", "turtledemo", "ensurepip", "lib2to3", "pydoc_data"))
_SKIPPED = frozenset(("node_modules", "site-packages", "__pycache__", "build", "dist", "venv", "env"))

type Answer = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Found:
    """Where a module is. file: its source, None for a namespace package and for one without Python source (`opaque`).

    compiled: the name of a standard library module whose names are known only once it is imported: most are written
    in C.
    """

    file: Path | None
    folder: Path | None = None
    opaque: bool = False
    compiled: str | None = None

    @property
    def differs(self) -> bool:
        """Whether it has other names on other platforms."""
        return self.compiled in _DIFFERS


def locate(bases: Sequence[Path], parts: Sequence[str]) -> Found | None:
    """A dotted name below one of several folders, a module or package before a mere folder."""
    namespace = None
    for base in bases:
        place = base.joinpath(*parts)
        found = _at(place)
        if found and (found.file or found.opaque):
            return found
        namespace = namespace or found
    return namespace


def _at(place: Path) -> Found | None:
    folder = place if place.is_dir() else None
    for file in (
        place / "__init__.py",
        place / "__init__.pyi",
        place.with_name(f"{place.name}.py"),
        place.with_name(f"{place.name}.pyi"),
    ):
        if file.is_file():
            return Found(file, folder)
    if place.parent.is_dir() and any(p.suffix in _EXTENSIONS for p in place.parent.glob(f"{place.name}.*")):
        return Found(None, folder, opaque=True)
    if folder and (next(folder.glob("*.py"), None) or next(folder.glob("*/*.py"), None)):
        return Found(None, folder)
    return None


@functools.cache
def standard(module: str) -> Found | None:
    """A module of the standard library that runs this program."""
    parts = _ALIASES.get(module, module).split(".")
    if parts[0] not in sys.stdlib_module_names:
        return None
    stdlib = Path(sysconfig.get_path("stdlib"))
    found = locate([stdlib], parts)
    if found and found.file:
        return replace(found, compiled=module) if module in _RUN else found
    compiled = module in sys.builtin_module_names or locate([stdlib / "lib-dynload"], parts)
    return Found(None, opaque=True, compiled=module) if compiled else found


@functools.cache
def _has(module: str, name: str) -> Answer:
    """Asks a module of the standard library itself; unknown where the import would lead to anything else."""
    spec = importlib.util.find_spec(module)
    stdlib = sysconfig.get_path("stdlib")
    if spec is None or not (spec.origin in {"built-in", "frozen"} or str(spec.origin).startswith(stdlib)):
        return "unknown"
    return "yes" if hasattr(importlib.import_module(module), name) else "no"


@functools.cache
def in_standard_library(method: str) -> bool:
    """Whether a function of that name is defined anywhere in the standard library's source."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    wanted = f"def {method}(".encode()
    files = (file for pattern in ("*.py", "*/*.py") for file in stdlib.glob(pattern) if file.parent.name not in _NO_API)
    return any(wanted in file.read_bytes() for file in files)


@dataclass(slots=True)
class Modules:
    """The modules that a project's code can import. `overlay`: modules that stand in for files (the edited one).

    An instance remembers what it has read; it is good for as long as the project doesn't change.
    """

    root: Path
    source_root: Path
    environment: Sequence[Path] = ()
    overlay: Mapping[Path, Module] = field(default_factory=dict)
    _names: dict[Path, tuple[ast.Module, ModuleNames] | None] = field(default_factory=dict)
    _roots: dict[str, list[Path]] | None = None

    def in_project(self, module: str) -> Found | None:
        parts = module.split(".")
        bases = [self.source_root, self.root, self.root / "src", self.root / "lib"]
        return locate(bases, parts) or locate(self._scan().get(parts[0], []), parts)

    def has_top(self, module: str) -> bool:
        """Whether the first part of a dotted name is a module or folder of the project."""
        return self.in_project(module.partition(".")[0]) is not None

    def in_environment(self, module: str) -> Found | None:
        return locate(self.environment, module.split("."))

    def tops(self) -> set[str]:
        """Top-level modules of project and environment, to suggest from."""
        own = set(self._scan())
        installed = (
            p.name.partition(".")[0] for base in self.environment for p in base.iterdir() if p.suffix != ".dist-info"
        )
        return own | set(installed)

    def relative(self, file: Path, level: int, module: str) -> Found | None:
        """What `from ..module` means in a file; None when it isn't there."""
        folder = file.parents[level - 1] if level <= len(file.parents) else None
        if folder is None:
            return None
        return self.below(Found(None, folder), module) if module else _at(folder) or Found(None, folder)

    def below(self, package: Found, name: str) -> Found | None:
        """A module of a package, by its dotted name from there."""
        return locate([package.folder], name.split(".")) if package.folder else None

    def inside(self, module: Found, name: str) -> list[Found]:
        """The modules that an attribute of a module may be: its submodule, or what its own imports call so."""
        if inner := self.below(module, name):
            return [inner]
        found = [
            self.module_of(s, name, module.file) if isinstance(s, ast.Import | ast.ImportFrom) and module.file else None
            for s in self.statements(module, name)
        ]
        return [inner for inner in found if inner] if all(found) else []

    def exists(self, module: str, level: int, file: Path) -> Answer:
        """Whether a dotted name is a module, or reaches one as an attribute, as `os.path` does."""
        if self.find(module, level, file):
            return "yes"
        parent, _, name = module.rpartition(".")
        found = self.find(parent, level, file) if parent else None
        return self.defines(found, name) if found and not found.folder else "no"

    def defines(self, found: Found, name: str, seen: frozenset[Path] = frozenset()) -> Answer:
        """Whether a module has a name, its submodules and what it takes by `import *` included."""
        if name in IMPLICIT or (found.folder and _at(found.folder / name)):
            return "yes"
        if found.compiled:
            return _has(found.compiled, name)
        if found.file is None:
            return "unknown" if found.opaque else "no"
        read = self._read(found.file)
        if read is None or found.file in seen:
            return "unknown" if read is None else "no"
        own = read[1]
        if name in own:
            return "yes"
        answers = [self._by_star(star, found.file, name, seen | {found.file}) for star in own.stars]
        if "yes" in answers or _stub_defines(self, found.file, name):
            return "yes"
        offered = own.offered is None or name in own.offered
        return "unknown" if own.dynamic or offered or "unknown" in answers else "no"

    def names_in(self, found: Found) -> frozenset[str]:
        """What a module is known to define, to suggest from."""
        read = self._read(found.file) if found.file else None
        return read[1].runtime if read else frozenset()

    def statements(self, found: Found, name: str) -> list[ast.stmt]:
        """The statements of a module that bind a name."""
        read = self._read(found.file) if found.file else None
        return find(read[0].body, name) if read else []

    def tree(self, file: Path) -> ast.Module | None:
        read = self._read(file)
        return read[0] if read else None

    def find(self, module: str, level: int, file: Path) -> Found | None:
        """A module that an import statement of the file names, wherever it is."""
        if level:
            return self.relative(file, level, module)
        return self.in_project(module) or self.in_environment(module) or standard(module)

    def resolve(self, file: Path, name: str, hops: int = 6) -> tuple[Path, ast.stmt] | None:
        """The statement that defines a name (dotted: by way of modules) as a file sees it, and the file it is in."""
        first, _, rest = name.partition(".")
        read = self._read(file)
        if read is None or not hops:
            return None
        statement = next(reversed(find(read[0].body, first)), None)
        if statement is None:
            return self._resolve_by_star(read[1], file, name, hops)
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            return None if rest else (file, statement)
        return self.resolve_import(statement, name, file, hops)

    def resolve_import(
        self, statement: ast.Import | ast.ImportFrom, name: str, file: Path, hops: int = 6
    ) -> tuple[Path, ast.stmt] | None:
        """As `resolve`, of a name that a certain import of the file binds."""
        first, _, rest = name.partition(".")
        module = self.module_of(statement, first, file)
        while module and rest and (inner := self.below(module, rest.partition(".")[0])):
            module, rest = inner, rest.partition(".")[2]
        if module is None and isinstance(statement, ast.ImportFrom) and not rest:
            module = self.find(statement.module or "", statement.level, file)
            rest = next(a.name for a in statement.names if bound_by(a) == first)
        if module is None or module.file is None or not rest:
            return None
        return self.resolve(module.file, rest, hops - 1)

    def _resolve_by_star(self, names: ModuleNames, file: Path, name: str, hops: int) -> tuple[Path, ast.stmt] | None:
        modules = (self.find(star.module or "", star.level, file) for star in names.stars)
        answers = (self.resolve(found.file, name, hops - 1) for found in modules if found and found.file)
        return next((answer for answer in answers if answer), None)

    def module_of(self, statement: ast.Import | ast.ImportFrom, name: str, file: Path) -> Found | None:
        """The module that an import binds a name to, if it is one."""
        alias = next(a for a in statement.names if bound_by(a) == name)
        if isinstance(statement, ast.Import):
            return self.find(alias.name if alias.asname else name, 0, file)
        package = self.find(statement.module or "", statement.level, file)
        if package is None:
            return None
        others = (s for s in self.statements(package, alias.name) if not isinstance(s, ast.Import | ast.ImportFrom))
        return None if any(others) else self.below(package, alias.name)

    def _by_star(self, star: ast.ImportFrom, file: Path, name: str, seen: frozenset[Path]) -> Answer:
        if name.startswith("_"):
            return "unknown"  # `__all__` may list it
        found = self.find(star.module or "", star.level, file)
        if found is None:
            return "no" if star.module in sys.stdlib_module_names else "unknown"
        return self.defines(found, name, seen)

    def _read(self, file: Path) -> tuple[ast.Module, ModuleNames] | None:
        if file not in self._names:
            self._names[file] = self._parse(file)
        return self._names[file]

    def _parse(self, file: Path) -> tuple[ast.Module, ModuleNames] | None:
        try:
            module = self.overlay.get(file) or read_module(self._bytes(file), file.name)
        except (OSError, TargetError):
            return None
        return module.tree, module.names

    def _bytes(self, file: Path) -> bytes:
        """Links lead out of a virtual environment, and nowhere else."""
        return read_file(file, within=self.root if file.is_relative_to(self.root) else Path(file.anchor))

    def _scan(self) -> dict[str, list[Path]]:
        """Top-level modules anywhere in the project (monorepos, test folders): name -> the folders that hold it."""
        if self._roots is None:
            self._roots = {}
            for folder, name in _top_levels(self.root):
                self._roots.setdefault(name, []).append(folder)
        return self._roots


def _stub_defines(modules: Modules, file: Path, name: str) -> bool:
    stub = file.with_suffix(".pyi")
    return file.suffix == ".py" and stub.is_file() and modules.defines(Found(stub), name) == "yes"


def _top_levels(root: Path) -> Iterator[tuple[Path, str]]:
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in _SKIPPED and f.isidentifier()]
        if "__init__.py" in files and folder != str(root):
            folders[:] = []
            continue
        yield from ((Path(folder), file[:-3]) for file in files if file.endswith(".py"))
        yield from ((Path(folder), f) for f in folders if Path(folder, f, "__init__.py").is_file())


def python_files(root: Path) -> Iterator[Path]:
    """Every Python file of a project, links and folders of other people's code left out."""
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in _SKIPPED and not f.startswith(".")]
        yield from (path for name in files if name.endswith(".py") and not (path := Path(folder, name)).is_symlink())
