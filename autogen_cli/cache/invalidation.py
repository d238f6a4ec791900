"""Evicts what came from a file that changed; everything else stays."""

from pathlib import Path

from autogen_cli.cache.base import file_label
from autogen_cli.cache.manager import CacheManager


class CacheInvalidator:
    """root: the project that the entries belong to; the working folder if not given."""

    def __init__(self, cache: CacheManager, root: Path | None = None) -> None:
        self._cache = cache
        self._root = (root or Path.cwd()).resolve()

    def invalidate_on_file_change(self, path: Path | str) -> int:
        """Evicts the entries whose context came from `path` (absolute, or below the root); returns how many.

        A folder stands for the Python files in it. A file that is gone, or outside the project, is no error.
        """
        target = self._root / path
        files = target.rglob("*.py") if target.is_dir() else [target]
        keys: set[str] = set()
        for file in files:
            keys |= self._cache.keys_of(file_label(str(self._root), self._below_root(file)))
        return sum(self._cache.delete(key) for key in keys)

    def _below_root(self, file: Path) -> str:
        """Symbolic links are followed in the folder, as when the project was walked, and not in the file itself."""
        path = file.parent.resolve() / file.name
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else path.as_posix()
