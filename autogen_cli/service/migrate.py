"""From autogenlib 0.1 to this: what its users have on disk and in their code, and how to go back.

Nothing is executed: the old cache's modules are parsed, and the project's files are read as text.
"""

import base64
import hashlib
import io
import json
import os
import re
import time
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogen_cli.config import Folders, home_folder, old_settings
from autogen_cli.context.project import Project
from autogen_cli.errors import TargetError
from autogen_cli.generation.insert import apply_edits
from autogen_cli.generation.insert.edit import Edit
from autogen_cli.service.library import GeneratedLibrary, is_module_name, problem_of

OLD_CACHE = ".autogenlib_cache"
LARGEST = 2_000_000  # bytes of a file that is looked at
RENAMED = {"setup_exception_handler": "set_exception_handler"}
OLD_PACKAGE = re.compile(r"""(?P<quote>["']?)(?<![\w.-])autogenlib(?P<rest>\s*[=<>~!][^"'\s;#]*)?(?=["'\s;#]|$)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Something that a person has to look at. place: a file, with its line where there is one."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What would change. modules: taken from the old cache. settings: key -> (value, the variable it comes from)."""

    modules: tuple[str, ...]
    settings: dict[str, tuple[str, str]]
    edits: tuple[Edit, ...]
    left: tuple[Left, ...]

    def diff(self) -> str:
        return "".join(edit.diff() for edit in self.edits)


def plan_migration(root: Path) -> Migration:
    """Works out what there is to migrate for a project, and changes nothing."""
    library = GeneratedLibrary(root)
    left: list[Left] = []
    modules = dict(_cached_modules(home_folder() / OLD_CACHE, library, left))
    edits = [_new_file(root, library.path_of(name), source) for name, source in modules.items()]
    if modules:
        edits.append(library.lock_edit(modules))
    for file in sorted(Project(root).files):
        edits += _python_edit(root, root / file, left)
    for path in sorted((*root.glob("pyproject.toml"), *root.glob("*requirements*.txt"))):
        edits += _declaration_edit(root, path)
    return Migration(modules=tuple(modules), settings=old_settings(), edits=tuple(edits), left=tuple(left))


def carry_out(migration: Migration, root: Path, places: Folders) -> Path | None:
    """Makes all edits or none, then writes the settings into the user's file. Returns the record to go back with."""
    from autogen_cli.config.edit import file_to_change, set_value

    user_file = file_to_change(root, project=False)
    changed = [*((edit.path, edit.before) for edit in migration.edits)]
    if migration.settings:
        changed.append((user_file, user_file.read_bytes() if user_file.exists() else None))
    if not changed:
        return None
    apply_edits(migration.edits)
    for key, (value, _) in migration.settings.items():
        set_value(user_file, key, value)
    folder = _records(root, places)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    record = folder / f"{time.time_ns()}.json"
    entries = [
        {"path": str(path), "before": _encoded(before), "after": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path, before in changed
    ]
    record.write_text(json.dumps({"schema": "autogen.migration/1", "root": str(root), "files": entries}))
    return record


def roll_back(root: Path, places: Folders) -> tuple[str, ...]:
    """Puts back what the last migration of this project changed; the files. Refuses where one has changed since."""
    records = sorted(_records(root, places).glob("*.json"))
    if not records:
        raise TargetError(f"no migration of {root} is known", hint="there is nothing to roll back")
    found: Any = json.loads(records[-1].read_bytes())
    entries = [(Path(entry["path"]), entry["before"], entry["after"]) for entry in found["files"]]
    for path, _, after in entries:
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != after:
            raise TargetError(f"{path} has changed since the migration", hint="put it back by hand, or from git")
    for path, before, _ in entries:
        if before is None:
            path.unlink()
        else:
            beside = path.with_name(f".{path.name}.{os.getpid()}")
            beside.write_bytes(base64.b64decode(before))
            beside.chmod(path.stat().st_mode)
            beside.replace(path)
    records[-1].unlink()
    return tuple(str(path) for path, _, _ in entries)


def _records(root: Path, places: Folders) -> Path:
    return places.data / "migrations" / hashlib.sha256(str(root).encode()).hexdigest()[:16]


def _encoded(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _new_file(root: Path, path: Path, source: bytes) -> Edit:
    return Edit(root=root, path=path, before=None, after=source)


def _cached_modules(folder: Path, library: GeneratedLibrary, left: list[Left]) -> Iterator[tuple[str, bytes]]:
    """Name and source of each module in the old cache that can be taken over; the others go to `left`."""
    seen: set[str] = set()
    for path in sorted(folder.glob("*")):
        name, code, problem = _cached_module(path)
        if not problem and name in seen:
            problem = f"{name} is there twice"
        if not problem and library.path_of(name).exists():
            problem = f"{name} is in {library.folder.relative_to(library.root)} already"
        if problem:
            left.append(Left(place=str(path), reason=f"not taken over: {problem}"))
        else:
            seen.add(name)
            yield name, code.rstrip().encode() + b"\n"


def _cached_module(path: Path) -> tuple[str, str, str | None]:
    """(name, code, what is wrong with it)."""
    try:
        if path.stat().st_size > LARGEST:
            return "", "", f"it is larger than {LARGEST} bytes"
        found: Any = json.loads(path.read_bytes())
        name, code = found["module_name"], found["code"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as exc:
        return "", "", f"it is no entry of the old cache ({type(exc).__name__})"
    if not (isinstance(name, str) and isinstance(code, str) and is_module_name(name)):
        return "", "", f"{str(name)[:80]!r} is no module of autogenlib"
    return name, code, problem_of(code)


def _python_edit(root: Path, path: Path, left: list[Left]) -> Iterator[Edit]:
    """The edit of a file that uses names which have changed; what can't be edited goes to `left`."""
    try:
        before = path.read_bytes() if path.stat().st_size <= LARGEST else b""
    except OSError:
        return
    if b"autogenlib" not in before:
        return
    place = path.relative_to(root).as_posix()
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(before).readline))
    except (tokenize.TokenError, SyntaxError) as exc:
        left.append(Left(place=place, reason=f"not looked at: {exc}"))
        return
    lines = before.splitlines(keepends=True)
    for token in reversed(tokens):
        line, column = token.start
        if token.type != tokenize.NAME:
            continue
        if token.string in RENAMED:
            start = len(token.line[:column].encode())
            old = lines[line - 1]
            new = RENAMED[token.string].encode()
            lines[line - 1] = old[:start] + new + old[start + len(token.string.encode()) :]
        elif token.string.startswith("_") and re.search(rf"autogenlib\.{token.string}\b", token.line):
            left.append(Left(place=f"{place}:{line}", reason=f"autogenlib.{token.string} was private, and is gone"))
    after = b"".join(lines)
    if after != before:
        yield Edit(root=root, path=path, before=before, after=after)


def _declaration_edit(root: Path, path: Path) -> Iterator[Edit]:
    """The dependency under its new name, wherever a line of the file names the old one as a requirement."""
    before = path.read_bytes()
    text = before.decode("utf-8", "surrogateescape")
    requires_quotes = path.suffix == ".toml"

    def renamed(found: re.Match[str]) -> str:
        if requires_quotes and not found["quote"]:
            return found[0]
        return f"{found['quote']}autogen-cli"

    after = "".join(
        line if line.lstrip().startswith("#") else OLD_PACKAGE.sub(renamed, line) for line in text.splitlines(True)
    ).encode("utf-8", "surrogateescape")
    if after != before:
        yield Edit(root=root, path=path, before=before, after=after)
