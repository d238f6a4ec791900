"""The folders of a project, listed again only where their time stamp changed: that is when entries come and go."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# setup.py marks a project too; it is listed with the Python files.
PROJECT_FILES = frozenset({"pyproject.toml", "setup.cfg"})
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "__pypackages__"})


class Listing(NamedTuple):
    """What one folder holds. files: names of Python files. marks: project files and `.gitignore`.

    skipped: (name, reason) of what was left out. A virtual environment holds nothing.
    """

    mtime_ns: int
    files: Sequence[str] = ()
    folders: Sequence[str] = ()
    marks: Sequence[str] = ()
    skipped: Sequence[Sequence[str]] = ()


def list_folder(path: str, root: Path, mtime_ns: int) -> Listing:
    """Raises OSError."""
    found: dict[str, list[str]] = {"files": [], "folders": [], "marks": []}
    skipped: list[tuple[str, str]] = []
    with os.scandir(path) as entries:
        for entry in entries:
            name = entry.name
            if name == "pyvenv.cfg":
                return Listing(mtime_ns)
            kind, reason = _kind(entry, root)
            if reason:
                skipped.append((name if _is_text(name) else ascii(name), reason))
            elif kind:
                found[kind].append(name)
    files, folders, marks = (sorted(names) for names in found.values())
    return Listing(mtime_ns, files, folders, marks, sorted(skipped))


def _kind(entry: os.DirEntry[str], root: Path) -> tuple[str, str]:
    """(field of the listing, why it is skipped), each "" where it is neither."""
    name = entry.name
    is_python = name.endswith(".py")
    if not _is_text(name):
        return "", "its name is not UTF-8"
    if name in PROJECT_FILES or name == ".gitignore":
        return "marks", ""
    if entry.is_symlink():
        leads = is_python or Path(entry.path).is_dir()
        return "", _why_not_followed(entry.path, root) if leads else ""
    if entry.is_dir():
        return "" if is_python or name.startswith(".") or name in SKIPPED_FOLDERS else "folders", ""
    return "files" if is_python and entry.is_file() else "", ""


def _why_not_followed(path: str, root: Path) -> str:
    inside = Path(os.path.realpath(path)).is_relative_to(root)
    return "a link inside the project, not followed" if inside else "a link that leaves the project"


def _is_text(name: str) -> bool:
    """False for bytes that Python smuggles through a name as lone surrogates: nobody could print or send them."""
    return name.isascii() or not any("\udc80" <= character <= "\udcff" for character in name)
