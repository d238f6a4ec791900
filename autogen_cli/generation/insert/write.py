"""Writes edits: all of them or none, and only where nothing changed since the file was read."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autogen_cli.errors import TargetError
from autogen_cli.generation.insert.edit import Edit
from autogen_cli.generation.insert.folder import Place, open_place


@dataclass(frozen=True, slots=True)
class _Write:
    """One file: `path` is where the bytes go, links followed, `root` the project's folder, likewise."""

    root: Path
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
        _check_unchanged(write, _read(write.path))
    with contextlib.ExitStack() as held, contextlib.ExitStack() as undo:
        for write in writes:
            try:
                _write(write, held, undo)
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
            root, real = _real_path(path, edit.root)
            earlier = writes.get(real)
            if earlier is None:
                writes[real] = _Write(root, real, before, after)
            elif before is None and earlier.after == after:
                continue  # two edits that need the same new `__init__.py`
            elif earlier.after == before:
                writes[real] = _Write(root, real, earlier.before, after)
            else:
                raise TargetError(f"two edits of {path} don't follow one another", hint="plan the second on the first")
    return list(writes.values())


def _real_path(path: Path, root: Path) -> tuple[Path, Path]:
    root, real = root.resolve(), path.resolve()
    if not real.is_relative_to(root):
        raise TargetError(f"{path} leads outside the project ({real})", hint="autogen writes only below the root")
    return root, real


def _check_unchanged(write: _Write, current: bytes | None) -> None:
    if current != write.before:
        problem = "exists by now" if write.before is None else "changed since it was read"
        raise TargetError(f"{write.path} {problem}; nothing was written", hint="run the command again")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise TargetError(f"{path} can't be read: {exc.strerror or exc}") from exc


def _write(write: _Write, held: contextlib.ExitStack, undo: contextlib.ExitStack) -> None:
    place = open_place(write.root, write.path, held, undo)
    beside = place.put_beside(write.after, None if write.before is None else place.mode())
    try:
        _check_unchanged(write, place.read())
        place.take(beside)
    except BaseException:
        with contextlib.suppress(OSError):
            place.remove(beside)
        raise
    undo.callback(_restore, place, write)


def _restore(place: Place, write: _Write) -> None:
    with contextlib.suppress(OSError):
        if write.before is None:
            place.remove()
        else:
            place.take(place.put_beside(write.before, place.mode()))
