"""Writes edits: all of them or none, and only where nothing changed since the file was read."""

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autogen_cli.errors import TargetError
from autogen_cli.generation.insert.edit import Edit


@dataclass(frozen=True, slots=True)
class _Write:
    """One file: `path` is where the bytes go, links followed."""

    path: Path
    before: bytes | None
    after: bytes


def apply_edits(edits: Sequence[Edit]) -> None:
    """Makes every edit or none.

    Each file is written beside its place and renamed into it, with its mode kept; when one fails, those already
    renamed get their old bytes back. Edits of one file have to follow one another (`before` is the last one's `after`).
    Raises TargetError when a file isn't what was read, lies outside the root, or can't be written.
    """
    writes = _writes(edits)
    for write in writes:
        _check_unchanged(write)
    with contextlib.ExitStack() as undo:
        for write in writes:
            try:
                _write(write, undo)
            except OSError as exc:
                raise TargetError(f"{write.path} can't be written: {exc.strerror or exc}") from exc
        undo.pop_all()


def _writes(edits: Sequence[Edit]) -> list[_Write]:
    writes: dict[Path, _Write] = {}
    for edit in edits:
        for path, before, after in [
            *((p, None, data) for p, data in edit.created),
            (edit.path, edit.before, edit.after),
        ]:
            real = _real_path(path, edit.root)
            earlier = writes.get(real)
            if earlier is None:
                writes[real] = _Write(real, before, after)
            elif before is None and earlier.after == after:
                continue  # two edits that need the same new `__init__.py`
            elif earlier.after == before:
                writes[real] = _Write(real, earlier.before, after)
            else:
                raise TargetError(f"two edits of {path} don't follow one another", hint="plan the second on the first")
    return list(writes.values())


def _real_path(path: Path, root: Path) -> Path:
    real = path.resolve()
    if not real.is_relative_to(root.resolve()):
        raise TargetError(f"{path} leads outside the project ({real})", hint="autogen writes only below the root")
    return real


def _check_unchanged(write: _Write) -> None:
    if _read(write.path) != write.before:
        problem = "exists by now" if write.before is None else "changed since it was read"
        raise TargetError(f"{write.path} {problem}; nothing was written", hint="run the command again")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise TargetError(f"{path} can't be read: {exc.strerror or exc}") from exc


def _write(write: _Write, undo: contextlib.ExitStack) -> None:
    for folder in _missing_folders(write.path):
        folder.mkdir()
        undo.callback(_quietly, folder.rmdir)
    temporary = _temporary(write)
    try:
        _check_unchanged(write)
        temporary.replace(write.path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    undo.callback(_quietly, _restore, write)


def _missing_folders(path: Path) -> Iterator[Path]:
    missing = [folder for folder in path.parents if not folder.exists()]
    return reversed(missing)


def _temporary(write: _Write) -> Path:
    """The new bytes in a file of the same folder, flushed to disk, with the mode that the place has or would get."""
    name = write.path.with_name(f".{write.path.name}.{secrets.token_hex(4)}.tmp")
    with name.open("xb") as file:
        file.write(write.after)
        file.flush()
        os.fsync(file.fileno())
    if write.before is not None:
        name.chmod(stat.S_IMODE(write.path.stat().st_mode))
    return name


def _restore(write: _Write) -> None:
    if write.before is None:
        write.path.unlink()
    else:
        _temporary(_Write(write.path, write.after, write.before)).replace(write.path)


def _quietly[**P](action: Callable[P, object], *arguments: P.args, **named: P.kwargs) -> None:
    with contextlib.suppress(OSError):
        action(*arguments, **named)
