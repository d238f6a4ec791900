"""An edit that is planned and not yet made: what a file holds now, and what it is going to hold."""

import difflib
from dataclasses import dataclass, field
from pathlib import Path

from autogen_cli.errors import TargetError
from autogen_cli.generation.insert.module import Module
from autogen_cli.generation.source import read_source, split_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """`before` is None for a file that doesn't exist yet. `created`: other new files (`__init__.py`) and their bytes.

    code: what is put in, imports first, dedented: the part of the answer that is used. module: what the file is then,
    where that was worked out without reading it anew.
    """

    root: Path
    path: Path
    before: bytes | None
    after: bytes
    created: tuple[tuple[Path, bytes], ...] = ()
    code: str = ""
    notes: tuple[str, ...] = ()
    module: Module | None = field(default=None, compare=False, repr=False)

    def diff(self) -> str:
        """Unified diff with paths below the root, new files first; line ends are shown as plain ones."""
        parts = [_diff(path, None, data, self.root) for path, data in self.created]
        return "".join([*parts, _diff(self.path, self.before, self.after, self.root)])


def _diff(path: Path, before: bytes | None, after: bytes, root: Path) -> str:
    name = path.relative_to(root).as_posix()
    old, new = _lines(before or b"", name), _lines(after, name)
    source = "/dev/null" if before is None else f"a/{name}"
    if before is None and not new:
        return f"--- {source}\n+++ b/{name}\n"
    lines = difflib.unified_diff(old, new, source, f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(data: bytes, name: str) -> list[str]:
    try:
        lines = read_source(data, name).lines
    except TargetError:
        lines = split_lines(data.decode(errors="replace"))
    return [line.rstrip("\r\n") + "\n" if line[-1] in "\r\n" else line for line in lines]
