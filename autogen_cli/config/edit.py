"""Changes a settings file and keeps what a person wrote in it: comments, order, line ends.

What would come out is checked as a whole before anything is written, so that a file never gets worse, and a command can
mend a broken one.
"""

import os
import tomllib
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin

from autogen_cli.config.describe import example
from autogen_cli.config.environment import folders, names_a_secret
from autogen_cli.config.fields import Setting, Table, nearest
from autogen_cli.config.files import PROJECT_FILE, SettingsFile, find_project_file, read_settings_file, write_atomically
from autogen_cli.config.lines import KeyPath
from autogen_cli.config.settings import SETTINGS
from autogen_cli.config.sources import USER_FILE
from autogen_cli.config.values import MismatchError, to_toml
from autogen_cli.errors import ConfigError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_MODE = 0o644


def file_to_change(start: Path, *, project: bool, environ: Mapping[str, str] = os.environ) -> Path:
    """The user's file; or the one that holds for the project at `start`, a new one there if need be."""
    if not project:
        return folders(environ).config / USER_FILE
    found = find_project_file(start, environ)
    return found.path if found else start.resolve() / PROJECT_FILE


class Change(NamedTuple):
    """One setting as it was written. protected: a project's file needs trust for it."""

    key: str
    value: Any
    file: Path
    protected: bool


def set_value(path: Path, key: str, text: str) -> Change:
    """Writes one setting, `text` as a variable would give it. The file is made when it is missing."""
    keys, declared = _declared(key)
    try:
        value = declared.parse(text)
    except MismatchError as exc:
        raise ConfigError(f"{'.'.join((key, *exc.path))} {exc.problem}", hint=exc.hint) from exc
    import tomlkit  # 7 ms
    from tomlkit.items import InlineTable

    file = _read(path)
    document = _document(file)
    table: Any = document
    for name in (*file.prefix, *keys[:-1]):
        if name not in table:
            table[name] = tomlkit.inline_table() if isinstance(table, InlineTable) else tomlkit.table()
        table = table[name]
        if not isinstance(table, MutableMapping):
            raise file.error((name,), "must be a table")
    table[keys[-1]] = tomlkit.value(to_toml(value))
    _write(file, document, keys)
    return Change(key, value, path, declared.protection is not None)


def unset_value(path: Path, key: str) -> bool:
    """Takes a key out of the file, also one that autogen doesn't know; False when it isn't there."""
    file = _read(path)
    document = _document(file)
    keys = _split(key)
    *above, last = (*file.prefix, *keys)
    table: Any = document
    for name in above:
        table = table.get(name) if isinstance(table, MutableMapping) else None
    if not isinstance(table, MutableMapping) or last not in table:
        return False
    del table[last]
    _write(file, document, keys)
    return True


def init(path: Path) -> None:
    """Writes a file in which every setting stands, commented out. ConfigError when there is one already."""
    if path.exists():
        raise ConfigError(f"{path} exists already", hint="change it with `autogen config set`")
    write_atomically(path, example(), mode=_MODE)


def _declared(key: str) -> tuple[KeyPath, Setting]:
    """The path of a key in a file, and what is declared for it; also below a mapping: `prices."gpt-5".input`."""
    path = _split(key)
    for length in range(1, len(path) + 1):
        declared = SETTINGS.get(".".join(path[:length]))
        if declared and (inner := _below(declared, path[length:])):
            return path, inner
    raise ConfigError(f"{key} is not a setting", hint=names_a_secret(key) or nearest(key, SETTINGS))


def _below(declared: Setting, names: KeyPath) -> Setting | None:
    if not names:
        return declared
    if get_origin(declared.kind) is not Mapping:
        return None
    kind = get_args(declared.kind)[1]
    if isinstance(kind, type) and issubclass(kind, Table):
        return kind.__settings__.get(names[1]) if len(names) == 2 else None
    entry = Setting(declared.doc, default=None, protection=declared.protection)
    entry.kind = kind
    return entry if len(names) == 1 else None


def _split(key: str) -> KeyPath:
    """The names of a dotted key, quoted where TOML would quote them."""
    path: list[str] = []
    try:
        found: Any = tomllib.loads(f"{key} = 0")
        while found != 0:
            [(name, found)] = found.items()  # several: the text is more than a key
            path.append(name)
    except ValueError as exc:
        raise ConfigError(f"{key!r} is not a key", hint="write it as in a TOML file: cache.enabled") from exc
    return tuple(path)


def _read(path: Path) -> SettingsFile:
    return read_settings_file(path, "project") or SettingsFile(path, "project", "")


def _document(file: SettingsFile) -> "TOMLDocument":
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(file.text + "\n" if file.text and not file.text.endswith("\n") else file.text)
    except (TOMLKitError, RecursionError) as exc:
        raise _uneditable(file) from exc


def _write(file: SettingsFile, document: "TOMLDocument", keys: KeyPath) -> None:
    text = document.as_string()
    if "\r\n" in file.text:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    edited = SettingsFile(file.path, file.kind, text)
    path = (*file.prefix, *keys)
    if _without(path, edited.document) != _without(path, file.document):
        raise _uneditable(file)
    try:
        edited.settings()
    except ConfigError:
        file.settings()  # was it wrong before? Then that is what to say, with the line that the reader will find
        raise
    write_atomically(file.path, text, mode=_MODE)


def _without(path: KeyPath, value: Any) -> Any:
    """A document without one key and without empty tables: what an edit of the key has to leave alone."""
    if not isinstance(value, dict):
        return value
    kept = {name: _without(path[1:] if path[:1] == (name,) else (), item) for name, item in value.items()}
    return {name: item for name, item in kept.items() if item != {} and (name,) != path}


def _uneditable(file: SettingsFile) -> ConfigError:
    """For the layouts that tomlkit doesn't cope with, such as a new table below dotted keys."""
    return ConfigError(f"{file.path} can't be edited without harm", hint="change it in an editor")
