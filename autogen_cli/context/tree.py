"""The folders of a project, listed again only where their time stamp changed: that is when entries come and go."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# setup.py marks a project too; it is listed with the Python files.
MARKS = frozenset({"pyproject.toml", "setup.cfg", ".gitignore"})
GENERATED = ".autogen"  # the import hook keeps its modules in `lib` below it
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
    files: list[str] = []
    folders: list[str] = []
    marks: list[str] = []
    skipped: list[tuple[str, str]] = []
    with os.scandir(path) as entries:
        for entry in entries:
            name = entry.name
            is_python = name.endswith(".py")
            if not name.isascii() and not _is_text(name):
                skipped.append((ascii(name), "its name is not UTF-8"))
            elif name in MARKS:
                marks.append(name)
            elif entry.is_symlink():
                if is_python or Path(entry.path).is_dir():
                    skipped.append((name, _why_not_followed(entry.path, root)))
            elif is_python:
                if entry.is_file():
                    files.append(name)
            elif entry.is_dir():
                if name == GENERATED or not (name.startswith(".") or name in SKIPPED_FOLDERS):
                    folders.append(name)
            elif name == "pyvenv.cfg":
                return Listing(mtime_ns)
    return Listing(mtime_ns, sorted(files), sorted(folders), sorted(marks), sorted(skipped))


def _why_not_followed(path: str, root: Path) -> str:
    inside = Path(os.path.realpath(path)).is_relative_to(root)
    return "a link inside the project, not followed" if inside else "a link that leaves the project"


def _is_text(name: str) -> bool:
    """False for bytes that Python smuggles through a name as lone surrogates: nobody could print or send them."""
    return not any("\udc80" <= character <= "\udcff" for character in name)
