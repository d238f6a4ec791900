"""What one target has taught and the next may use: a batch asks for many of one module, and of modules side by side."""

import hashlib
import os
from typing import Any

from autogen_cli.context import conventions
from autogen_cli.context.answers import settings_stats
from autogen_cli.context.facts import FileFacts
from autogen_cli.context.names import Names
from autogen_cli.context.project import is_test
from autogen_cli.context.sources import Sources
from autogen_cli.models import SourceFile

TELLING = 5  # functions that show how a module is written, or else modules beside it


class Recent:
    """Serves as long as the project has the same files; then another one takes its place."""

    def __init__(self, sources: Sources) -> None:
        self._sources, self._project = sources, sources.project
        self._files = len(self._project.files), len(self._project.planned)
        self._conventions: dict[str, tuple[str, ...]] = {}
        self._digests: dict[str, tuple[tuple[int, int, int], SourceFile]] = {}
        self._settings_stats: dict[str, list[int]] | None = None
        self._settings: dict[str, Any] = {}
        self._dependencies: tuple[str, ...] = ()
        self.names = Names(sources)

    @property
    def is_over(self) -> bool:
        return (len(self._project.files), len(self._project.planned)) != self._files

    def told(self, path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(conventions of the code around a file, distributions that the project depends on)."""
        stats = settings_stats(self._project.root)
        if stats != self._settings_stats:
            self._settings_stats = stats
            self._settings = conventions.read_settings(self._project.root)
            self._dependencies = conventions.read_dependencies(self._project.root, self._settings)
            self._conventions = {}
        known = self._conventions.get(path)
        if known is None:
            source = self._sources.source(path).decode()
            known = conventions.read_conventions(self._facts_around(path), source, self._settings)
            self._conventions[path] = known
        return known, self._dependencies

    def _facts_around(self, path: str) -> list[FileFacts]:
        """Facts of a module, and of the first of those beside it where it says little itself."""
        facts = self._sources.facts(path)
        if sum(found.kind == "function" for found in facts.definitions) >= TELLING:
            return [facts]
        beside = sorted(other for other in self._project.beside(path) if other != path and not is_test(other))
        return [facts, *(self._sources.facts(each) for each in beside[:TELLING])]

    def file(self, path: str) -> SourceFile:
        """A file with the digest of what it holds now."""
        full = f"{self._project.root}/{path}"
        status = os.stat(full)  # noqa: PTH116 - a Path costs more than the stat
        stat = status.st_size, status.st_mtime_ns, status.st_ino
        known = self._digests.get(path)
        if known is None or known[0] != stat:
            with open(full, "rb") as file:  # noqa: PTH123 - as above
                digest = hashlib.sha256(file.read()).hexdigest()
            known = self._digests[path] = stat, SourceFile(path=path, digest=digest)
        return known[1]
