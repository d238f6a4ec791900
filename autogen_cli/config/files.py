"""The files that hold settings: found, read, checked against the declarations."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from autogen_cli.config.environment import names_a_secret, variable_name
from autogen_cli.config.fields import nearest
from autogen_cli.config.lines import KeyPath, key_lines
from autogen_cli.config.settings import SETTINGS, AutogenConfig
from autogen_cli.config.values import MismatchError, quote_key
from autogen_cli.errors import ConfigError

type FileKind = Literal["user", "project"]

PROJECT_FILE = "autogen.toml"
PYPROJECT = "pyproject.toml"
LARGEST_FILE = 1_048_576  # a settings file beyond 1 MiB is a mistake or an attack
_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_USER_IN_URL = re.compile(r"://[^/\s]*@")


class SettingsFile:
    """The settings in one file: `autogen.toml`, the user's `config.toml`, or `[tool.autogen]` of a pyproject.toml."""

    def __init__(self, path: Path, kind: FileKind, text: str) -> None:
        self.path = path
        self.kind = kind
        self.text = text
        self.prefix: KeyPath = ("tool", "autogen") if path.name == PYPROJECT else ()
        self.document = self._parsed()
        self.table = self._table()

    def line_of(self, path: KeyPath) -> int | None:
        """The line, from 1, of a key or of the nearest table above it."""
        full = (*self.prefix, *path)
        return next((self._lines[full[:n]] for n in range(len(full), 0, -1) if full[:n] in self._lines), None)

    def place(self, path: KeyPath) -> str:
        line = self.line_of(path)
        return f"{self.path}:{line}" if line else str(self.path)

    def settings(self) -> dict[str, Any]:
        """Every setting in the file, typed, relative paths counted from its folder. ConfigError for what isn't one."""
        found = {}
        for path, raw in self._flat():
            key = ".".join(path)
            declared = SETTINGS.get(key) if key.count(".") == len(path) - 1 else None
            if declared is None:
                raise self._unknown(path)
            try:
                value = declared.convert(raw)
            except MismatchError as exc:
                raise self.error((*path, *exc.path), exc.problem, exc.hint) from exc
            if isinstance(value, str) and _USER_IN_URL.search(value):
                hint = f"set {variable_name(key)} in the environment"
                raise self.error(path, "holds a user or a password, which never come from a file", hint)
            found[key] = self.path.parent / value if isinstance(value, Path) else value
        return found

    def error(self, path: KeyPath, problem: str, hint: str | None = None) -> ConfigError:
        return ConfigError(f"{self.place(path)}: {show_key(path)} {problem}", hint=hint)

    def _unknown(self, path: KeyPath) -> ConfigError:
        key = ".".join(path)
        tables = AutogenConfig.__tables__
        elsewhere = [known for known in SETTINGS if known.rpartition(".")[2] == path[-1]]
        if elsewhere:
            hint = f"did you mean {' or '.join(elsewhere[:3])}?"
        elif len(path) > 1:
            names = [f"{path[0]}.{name}" for name in tables[path[0]].__settings__]
            hint = nearest(key, SETTINGS, otherwise=names)
        else:
            hint = nearest(key, [*tables, *SETTINGS], otherwise=[*AutogenConfig.__settings__, *tables])
        return self.error(path, "is not a setting", names_a_secret(key) or hint)

    def _flat(self) -> Iterator[tuple[KeyPath, object]]:
        for name, value in self.table.items():
            if name not in AutogenConfig.__tables__:
                yield (name,), value
            elif isinstance(value, dict):
                yield from (((name, inner), item) for inner, item in value.items())
            else:
                raise self.error((name,), "must be a table", f"write [{name}] and its settings below")

    def _table(self) -> Mapping[str, Any]:
        found = self.document
        for name in self.prefix:
            found = found.get(name, {})
            if not isinstance(found, dict):
                raise ConfigError(f"{self.path}: [{'.'.join(self.prefix)}] must be a table")
        return found

    def _parsed(self) -> Mapping[str, Any]:
        import tomllib  # 2 ms

        try:
            return tomllib.loads(self.text, parse_float=Decimal)
        except RecursionError as exc:
            raise ConfigError(f"{self.path} is nested too deeply") from exc
        except ValueError as exc:  # TOMLDecodeError, or an integer too long for int()
            problem = str(exc)
            position = _POSITION.search(problem)
            line = position[1] or self.text.count("\n") + 1 if position else None
            place = f"{self.path}:{line}" if line else str(self.path)
            raise ConfigError(f"{place} is not valid TOML", hint=_POSITION.sub("", problem)) from exc

    @cached_property
    def _lines(self) -> dict[KeyPath, int]:
        return key_lines(self.text)


def read_settings_file(path: Path, kind: FileKind) -> SettingsFile | None:
    """None where there is no such file. ConfigError for one that can't be read."""
    text = _read_text(path)
    return None if text is None else SettingsFile(path, kind, text)


def find_project_file(start: Path, environ: Mapping[str, str] = os.environ) -> SettingsFile | None:
    """The nearest `autogen.toml`, or pyproject.toml with `[tool.autogen]`, from `start` up to the
    repository's root, the home folder or the top.
    """
    start = start.resolve()
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or start.anchor).resolve()
    for folder in (start, *start.parents):
        if found := read_settings_file(folder / PROJECT_FILE, "project"):
            return found
        if found := read_pyproject(folder):
            return found
        if folder == home or (folder / ".git").exists():
            break
    return None


def read_pyproject(folder: Path) -> SettingsFile | None:
    """The pyproject.toml of a folder, where it has a `[tool.autogen]`."""
    text = _read_text(folder / PYPROJECT)
    if not text or "autogen" not in text:  # spares the parsing of most
        return None
    found = SettingsFile(folder / PYPROJECT, "project", text)
    return found if found.table else None


def show_key(path: KeyPath) -> str:
    """A key for a message: as TOML writes it, printable and bounded."""
    written = ".".join(map(quote_key, path))
    text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in written)
    return text if len(text) <= 80 else text[:77] + "..."


def _read_text(path: Path) -> str | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would hang us
            raise ConfigError(f"{path} is not a file", hint="remove it or rename it")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise ConfigError(f"{path} can't be read: {exc.strerror}") from exc
    if len(content) > LARGEST_FILE:
        raise ConfigError(f"{path} is larger than 1 MiB: no settings file is")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise ConfigError(f"{path}:{line} is not UTF-8", hint="save the file as UTF-8") from exc


def write_atomically(path: Path, text: str, *, mode: int) -> None:
    """Replaces the file, or makes it with `mode` and the folders above it. A link is followed, an old mode is kept."""
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            mode = stat.S_IMODE(path.stat().st_mode)
        _replace(path, text.encode(), mode)
    except OSError as exc:
        raise ConfigError(f"{path} can't be written: {exc.strerror}") from exc


def _replace(path: Path, content: bytes, mode: int) -> None:
    import tempfile

    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise
