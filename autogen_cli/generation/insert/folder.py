"""A place for a file below a root, held by its folder's descriptor.

Whoever moves a folder away and puts a link there, at any moment, moves no write: what is opened once stays the folder
that was looked at. On systems without descriptors of folders, paths have to do.
"""

import contextlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

_BY_DESCRIPTOR = {os.open, os.mkdir, os.rename, os.unlink, os.stat} <= os.supports_dir_fd
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Place:
    """name: of the file within `folder`; its whole path where there is no descriptor. Everything raises OSError."""

    name: str
    folder: int | None

    def read(self) -> bytes | None:
        """None where there is no such file."""
        try:
            descriptor = os.open(self.name, _READ, dir_fd=self.folder)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def mode(self) -> int:
        return stat.S_IMODE(os.stat(self.name, dir_fd=self.folder, follow_symlinks=False).st_mode)

    def put_beside(self, content: bytes, mode: int | None) -> str:
        """A new file in the same folder, on disk when this returns; its name. mode None: what a new file gets."""
        before, name = os.path.split(self.name)
        beside = os.path.join(before, f".{name}.{secrets.token_hex(4)}.tmp")  # noqa: PTH118 - a name, no path
        descriptor = os.open(beside, _CREATE, 0o666, dir_fd=self.folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
                if mode is not None:
                    os.chmod(descriptor if os.chmod in os.supports_fd else beside, mode)  # noqa: PTH101 - pathlib knows no descriptors
        except BaseException:
            self.remove(beside)
            raise
        return beside

    def take(self, beside: str) -> None:
        """Renames that file to this place."""
        os.replace(beside, self.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)

    def remove(self, name: str | None = None) -> None:
        """Removes that file, or the one of this place."""
        os.unlink(name or self.name, dir_fd=self.folder)


def open_place(root: Path, path: Path, held: contextlib.ExitStack, undo: contextlib.ExitStack) -> Place:
    """The place of `path`, absolute and without links, below `root`; folders on the way are made, and unmade by `undo`.

    held: closes the descriptors. Raises OSError, also where a link has come to stand on the way.
    """
    if not _BY_DESCRIPTOR:  # pragma: no cover - Windows
        for missing in reversed([folder for folder in path.parents if not folder.exists()]):
            missing.mkdir()
            undo.callback(_quietly_remove, str(missing), None)
        return Place(str(path), None)
    folder = _open_folder(str(root), None, held)
    *parts, name = path.relative_to(root).parts
    for part in parts:
        try:
            inner = _open_folder(part, folder, held)
        except FileNotFoundError:
            os.mkdir(part, dir_fd=folder)
            undo.callback(_quietly_remove, part, folder)
            inner = _open_folder(part, folder, held)
        folder = inner
    return Place(name, folder)


def _open_folder(name: str, above: int | None, held: contextlib.ExitStack) -> int:
    descriptor = os.open(name, _FOLDER, dir_fd=above)
    held.callback(os.close, descriptor)
    return descriptor


def _quietly_remove(name: str, above: int | None) -> None:
    with contextlib.suppress(OSError):
        os.rmdir(name, dir_fd=above)
