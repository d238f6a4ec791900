"""The project on disk: its root, its Python files, and the way between module names and paths.

Paths are POSIX strings below the root everywhere in this package; only the edges turn them into `Path`.
"""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from autogen_cli.context.ignore import matcher, may_match
from autogen_cli.errors import ArgumentError, TargetError

ROOT_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", "autogen.toml", ".git", ".hg")
PROJECT_FILES = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "__pypackages__"})
SOURCE_FOLDERS = ("src", "lib", "python")
TEST_FOLDERS = frozenset({"test", "tests", "testing"})


class FileStat(NamedTuple):
    """What tells a changed file from an unchanged one without reading it."""

    size: int
    mtime_ns: int
    inode: int


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that looks like a project; `start` itself where none does."""
    start = start.resolve()
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.parents):
        if any((candidate / marker).exists() for marker in ROOT_MARKERS):
            return candidate
    return folder


def is_test(path: str) -> bool:
    """Whether a file holds tests, by where it lies and what it is called."""
    *folders, name = path.split("/")
    return (
        name.startswith("test_")
        or name.endswith("_test.py")
        or name in {"conftest.py", "tests.py"}
        or not (TEST_FOLDERS.isdisjoint(folders))
    )


class Project:
    """One walk over a project's folder. `skipped` says which files and folders were left out, and why."""

    def __init__(self, root: Path, *, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        if not root.is_dir():
            raise TargetError(f"{root} is not a folder", hint="give the project's folder with --root")
        self.root = root.resolve()
        self.skipped: list[tuple[str, str]] = []
        self.files: dict[str, FileStat] = {}
        self.folders: set[str] = {""}
        self.planned: set[str] = set()  # modules that don't exist yet and are imported as if they did
        self._project_folders: list[str] = []
        self._ignore_files: list[str] = []
        stack = [""]
        while stack:
            stack += self._read_folder(stack.pop())
        self._filter(include, exclude)

    def _read_folder(self, folder: str) -> list[str]:
        """Takes in the files of one folder; gives the folders in it."""
        prefix = f"{folder}/" if folder else ""
        inner: list[str] = []
        try:
            entries = list(os.scandir(f"{self.root}/{folder}"))
        except OSError as exc:
            self.skipped.append((folder, exc.strerror or "can't be read"))
            return []
        for entry in entries:
            name = entry.name
            if name.endswith(".py"):
                self._take(entry, prefix + name)
            elif entry.is_dir(follow_symlinks=False):
                if not (name.startswith(".") or name in SKIPPED_FOLDERS or self._is_nameless(prefix, name)):
                    inner.append(prefix + name)
            elif name in PROJECT_FILES:
                self._project_folders.append(folder)
            elif name == ".gitignore":
                self._ignore_files.append(prefix + name)
            elif name == "pyvenv.cfg" and folder:
                return []  # a virtual environment
            elif entry.is_symlink() and Path(entry.path).is_dir():
                self.skipped.append((prefix + name, self._why_not_followed(entry)))
        self.folders.update(inner)
        return inner

    def _take(self, entry: os.DirEntry[str], path: str) -> None:
        if self._is_nameless("", path):
            return
        if entry.name == "setup.py":
            self._project_folders.append(parent_of(path))
        if entry.is_symlink():
            self.skipped.append((path, self._why_not_followed(entry)))
        elif entry.is_file(follow_symlinks=False):
            stat = entry.stat(follow_symlinks=False)
            self.files[path] = FileStat(stat.st_size, stat.st_mtime_ns, stat.st_ino)

    def _is_nameless(self, prefix: str, name: str) -> bool:
        """Whether a name is in no encoding, so that nothing could say which file it is."""
        if name.isascii() or _is_text(name):
            return False
        self.skipped.append((prefix + ascii(name), "its name is not UTF-8"))
        return True

    def _why_not_followed(self, entry: os.DirEntry[str]) -> str:
        inside = Path(os.path.realpath(entry.path)).is_relative_to(self.root)
        return "a link inside the project, not followed" if inside else "a link that leaves the project"

    def _filter(self, include: Sequence[str], exclude: Sequence[str]) -> None:
        """Drops what .gitignore files and `exclude` name, and what `include` (when given) doesn't."""
        for ignore_file in self._ignore_files:
            self._ignore(ignore_file)
        for patterns, keep in ((include, True), (exclude, False)):
            if patterns:
                matches, bad = matcher(patterns)
                if bad:
                    raise ArgumentError(f"{bad[0]!r} is no pattern", hint="include and exclude are gitignore patterns")
                self.files = {p: stat for p, stat in self.files.items() if matches(p) is keep}

    def _ignore(self, ignore_file: str) -> None:
        base = ignore_file.removesuffix(".gitignore")
        inner = [path.removeprefix(base) for path in self.files if path.startswith(base)]
        try:
            lines = (self.root / ignore_file).read_text("utf-8", "replace").splitlines()
        except OSError as exc:
            self.skipped.append((ignore_file, exc.strerror or "can't be read"))
            return
        if may_match(lines, inner):
            matches, bad = matcher(lines)
            self.skipped += [(f"{ignore_file}:{lines.index(line) + 1}", f"{line!r} is no pattern") for line in bad]
            for path in filter(matches, inner):
                del self.files[base + path]

    def add(self, path: str) -> bool:
        """Takes in a module that the walk left out, or one that is planned. Tells whether it exists."""
        try:
            stat = (self.root / path).stat()
        except OSError:
            self.planned.add(path)
            return False
        self.files[path] = FileStat(stat.st_size, stat.st_mtime_ns, stat.st_ino)
        return True

    @cached_property
    def declared_roots(self) -> tuple[str, ...]:
        """Folders that modules may be counted from: each project folder of the tree, and its `src`, `lib`, `python`."""
        roots = [""]
        for folder in ("", *sorted(self._project_folders)):
            prefix = f"{folder}/" if folder else ""
            sources = [prefix + name for name in SOURCE_FOLDERS if prefix + name in self.folders]
            roots += [name for name in sources if f"{name}/__init__.py" not in self.files]
            if f"{prefix}__init__.py" not in self.files:
                roots.append(folder)
        return tuple(dict.fromkeys(roots))

    @cached_property
    def package_roots(self) -> tuple[str, ...]:
        """Folders without `__init__.py` that hold a package."""
        packages = {path.removesuffix("/__init__.py") for path in self.files if path.endswith("/__init__.py")}
        return tuple(sorted({parent_of(package) for package in packages} - packages))

    def source_root_of(self, path: str) -> str:
        """The folder that a file's module name is counted from: above its packages, or the source folder around."""
        top = parent_of(path)
        while top and f"{top}/__init__.py" in self.files:
            top = parent_of(top)
        around = max((root for root in self.declared_roots if is_below(top, root)), key=len)
        return around if around.rpartition("/")[2] in SOURCE_FOLDERS else top

    def module_of(self, path: str) -> str:
        """The dotted name that a file is imported by."""
        root = self.source_root_of(path)
        inner = path.removeprefix(f"{root}/") if root else path
        return inner.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def find_module(self, parts: Sequence[str], near: str = "") -> str | None:
        """The file of a module counted from any source root; the roots around `near` (a path) come first."""
        around = [parent_of(near)] if near else []
        while around and around[-1]:
            around.append(parent_of(around[-1]))
        for root in dict.fromkeys((*around, *self.declared_roots, *self.package_roots)):
            if f"{root}/__init__.py" in self.files:
                continue
            found = self.module_file(join(root, *parts))
            if found:
                return found
        return None

    def module_file(self, stem: str) -> str | None:
        """`a/b` as a file: the package's `__init__.py` or the module, as Python would choose."""
        for path in (f"{stem}/__init__.py", f"{stem}.py"):
            if path in self.files or path in self.planned:
                return path
        return None

    def resolve_import(self, path: str, module: str, level: int) -> str | None:
        """The project file that `from <level dots><module> import ...` in `path` reads; None for foreign modules."""
        parts = module.split(".") if module else []
        if not level:
            return self.find_module(parts, path)
        base = parent_of(path)
        for _ in range(level - 1):
            base = parent_of(base)
        return self.module_file(join(base, *parts))


def _is_text(name: str) -> bool:
    """False for bytes that Python smuggles through a name as lone surrogates: nobody could print or send them."""
    return name.isascii() or not any("\udc80" <= character <= "\udcff" for character in name)


def parent_of(path: str) -> str:
    return path.rpartition("/")[0]


def join(*parts: str) -> str:
    return "/".join(part for part in parts if part)


def is_below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")
