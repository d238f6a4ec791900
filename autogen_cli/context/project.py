"""The project on disk: its root, its Python files, and the way between module names and paths.

Paths are POSIX strings below the root everywhere in this package; only the edges turn them into `Path`.
"""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from autogen_cli.context.ignore import matcher, may_match
from autogen_cli.context.tree import GENERATED, Listing, list_folder
from autogen_cli.errors import ArgumentError, TargetError
from autogen_cli.files import read_text

ROOT_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", "autogen.toml", ".git", ".hg")
SOURCE_FOLDERS = ("src", "lib", "python")
GENERATED_LIBRARY = f"{GENERATED}/lib"
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


@lru_cache(maxsize=10_000)
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
    """One walk over a project's folder. `skipped` says which files and folders were left out, and why.

    listings: what an earlier walk found; folders that haven't changed since aren't listed again.
    """

    def __init__(
        self,
        root: Path,
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        listings: Mapping[str, Listing] | None = None,
    ) -> None:
        if not root.is_dir():
            raise TargetError(f"{root} is not a folder", hint="give the project's folder with --root")
        self.root = root.resolve()
        self.skipped: list[tuple[str, str]] = []
        self.files: dict[str, FileStat] = {}
        self.folders: set[str] = {""}
        self.planned: set[str] = set()  # modules that don't exist yet and are imported as if they did
        self.listings: dict[str, Listing] = {}
        self._modules: dict[tuple[tuple[str, ...], str], str | None] = {}
        self._project_folders: list[str] = []
        self._ignore_files: list[str] = []
        self._walk(listings or {})
        self._filter(include, exclude)

    def _walk(self, known: Mapping[str, Listing]) -> None:
        """Takes in all folders and their files. With thousands of folders each microsecond in here counts."""
        root, files, folders, listings = str(self.root), self.files, self.folders, self.listings
        stack = [""]
        while stack:
            folder = stack.pop()
            full, prefix = (f"{root}/{folder}", f"{folder}/") if folder else (root, "")
            try:
                mtime_ns = os.stat(full).st_mtime_ns  # noqa: PTH116 - a Path a folder costs more than the stat
                listing = known.get(folder)
                if listing is None or listing.mtime_ns != mtime_ns:
                    listing = list_folder(full, self.root, mtime_ns)
            except OSError as exc:
                self.skipped.append((folder, exc.strerror or "can't be read"))
                continue
            listings[folder] = listing
            for name in listing.files:
                try:
                    stat = os.lstat(f"{full}/{name}")
                except OSError as exc:  # gone since it was listed
                    self.skipped.append((prefix + name, exc.strerror or "can't be read"))
                    continue
                files[prefix + name] = FileStat(stat.st_size, stat.st_mtime_ns, stat.st_ino)
            if listing.folders:
                inner = [prefix + name for name in listing.folders]
                folders.update(inner)
                stack += inner
            if listing.marks or listing.skipped or "setup.py" in listing.files:
                self._note(folder, prefix, listing)

    def _note(self, folder: str, prefix: str, listing: Listing) -> None:
        """What a folder holds beside files and folders."""
        if "setup.py" in listing.files or any(name != ".gitignore" for name in listing.marks):
            self._project_folders.append(folder)
        if ".gitignore" in listing.marks:
            self._ignore_files.append(f"{prefix}.gitignore")
        self.skipped += [(prefix + name, reason) for name, reason in listing.skipped]

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
            lines = read_text(self.root / ignore_file, within=self.root).splitlines()
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
        self._modules.clear()
        vars(self).pop("_by_folder", None)
        try:
            stat = (self.root / path).stat()
        except OSError:
            self.planned.add(path)
            return False
        self.files[path] = FileStat(stat.st_size, stat.st_mtime_ns, stat.st_ino)
        return True

    def beside(self, path: str) -> list[str]:
        """The files of a path's own folder, itself included."""
        return self._by_folder.get(parent_of(path), [])

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.files:
            found.setdefault(parent_of(path), []).append(path)
        return found

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
        if GENERATED_LIBRARY in self.folders:
            roots.append(GENERATED_LIBRARY)
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
        key = tuple(parts), parent_of(near)
        if key not in self._modules:
            self._modules[key] = self._find_module(*key)
        return self._modules[key]

    def _find_module(self, parts: Sequence[str], folder: str) -> str | None:
        around = [folder] if folder else []
        while around and around[-1]:
            around.append(parent_of(around[-1]))
        inner = "/".join(parts)
        for root in dict.fromkeys((*around, *self._roots)):
            found = self.module_file(f"{root}/{inner}" if root else inner)
            if found and f"{root}/__init__.py" not in self.files:
                return found
        return None

    @cached_property
    def _roots(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.declared_roots, *self.package_roots)))

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


def parent_of(path: str) -> str:
    return path.rpartition("/")[0]


def join(*parts: str) -> str:
    return "/".join(part for part in parts if part)


def is_below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")
