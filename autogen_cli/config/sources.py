"""Puts the sources together: flag > environment > project file > user's file > default, and remembers which one won."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from autogen_cli.config.environment import folders, read_environment
from autogen_cli.config.fields import nearest
from autogen_cli.config.files import SettingsFile, find_project_file, read_pyproject, read_settings_file
from autogen_cli.config.lines import KeyPath
from autogen_cli.config.settings import SETTINGS, AutogenConfig
from autogen_cli.config.values import MismatchError
from autogen_cli.errors import ConfigError

USER_FILE = "config.toml"


class Origin(NamedTuple):
    """Where a value comes from. variable: of the environment. file: that it stands in."""

    kind: Literal["flag", "environment", "project", "user", "default"]
    variable: str | None = None
    file: SettingsFile | None = None
    path: KeyPath = ()

    @property
    def line(self) -> int | None:
        return self.file.line_of(self.path) if self.file else None

    def __str__(self) -> str:
        place = self.file.place(self.path) if self.file else self.variable
        return f"{self.kind} {place}" if place else self.kind


class Ignored(NamedTuple):
    """A setting of a project file that has no effect because nobody has trusted the file."""

    key: str
    file: Path
    line: int | None
    hint: str


class LoadedConfig(NamedTuple):
    """The configuration, and how it came about. origins: for every declared key. files: that were read."""

    config: AutogenConfig
    origins: Mapping[str, Origin]
    ignored: tuple[Ignored, ...]
    files: tuple[Path, ...]


DEFAULT = Origin("default")
_UNTRUSTED = "it takes effect after `autogen config trust`"


def load(
    start: Path, *, overrides: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ
) -> LoadedConfig:
    """The configuration for a project. overrides: what flags say, by key; None stands for a flag that isn't given.

    ConfigError names the file and line, the variable or the key of whatever is wrong.
    """
    places = folders(environ)
    user = read_settings_file(places.config / USER_FILE, "user")
    project = find_project_file(start, environ)
    merged = _Merged()
    ignored: tuple[Ignored, ...] = ()
    if user:
        merged.add_file(user, user.settings())
    if project:
        found = project.settings()
        ignored = (*_guard(project, found, merged, places.data), *_second_table(project))
        merged.add_file(project, found)
    for key, (value, variable) in read_environment(environ).items():
        merged.add(key, value, Origin("environment", variable))
    for key, value in (overrides or {}).items():
        if value is not None:
            merged.add(key, _flag(key, value), Origin("flag"))
    files = tuple(file.path for file in (project, user) if file)
    return LoadedConfig(merged.config(), dict.fromkeys(SETTINGS, DEFAULT) | merged.origins, ignored, files)


class _Merged:
    """The values of the sources so far, lowest first: a later one replaces an earlier one, mappings entry by entry."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[str, Origin] = {}

    def add(self, key: str, value: Any, origin: Origin) -> None:
        if isinstance(value, Path):
            value = value.absolute()
        if isinstance(value, dict):
            value = {**self.values.get(key, {}), **value}
        self.values[key] = value
        self.origins[key] = origin

    def add_file(self, file: SettingsFile, found: Mapping[str, Any]) -> None:
        for key, value in found.items():
            self.add(key, value, Origin(file.kind, file=file, path=tuple(key.split("."))))

    def config(self) -> AutogenConfig:
        nested: dict[str, Any] = {}
        for key, value in self.values.items():
            table, _, name = key.rpartition(".")
            (nested.setdefault(table, {}) if table else nested)[name] = value
        return AutogenConfig.from_toml(nested)


def _guard(project: SettingsFile, found: dict[str, Any], below: _Merged, data: Path) -> tuple[Ignored, ...]:
    """Takes out of `found` what the project file may not say before somebody has trusted it."""
    guarded = [key for key, value in found.items() if needs_trust(key, value, below.values)]
    if not guarded:
        return ()
    from autogen_cli.config.trust import is_trusted

    if is_trusted(project, data):
        return ()
    for key in guarded:
        del found[key]
    return tuple(Ignored(key, project.path, project.line_of(tuple(key.split("."))), _UNTRUSTED) for key in guarded)


def _second_table(project: SettingsFile) -> tuple[Ignored, ...]:
    """The `[tool.autogen]` that stands beside an autogen.toml: two sources of one rank would be one too many."""
    if project.prefix:
        return ()
    try:
        other = read_pyproject(project.path.parent)
    except ConfigError:  # broken, and not what counts
        return ()
    if other is None:
        return ()
    return (Ignored("[tool.autogen]", other.path, other.line_of(()), f"{project.path.name} beside it is what counts"),)


def needs_trust(key: str, value: Any, below: Mapping[str, Any]) -> bool:
    """Whether a project file may say this only when it is trusted. below: what the user's own file says, by key."""
    declared = SETTINGS[key]
    lower = below.get(key, declared.default)
    if declared.protection is None or value == lower:
        return False
    return declared.protection == "always" or declared.loosens(value, lower)


def _flag(key: str, value: object) -> Any:
    declared = SETTINGS.get(key)
    if declared is None:
        raise ConfigError(f"{key} is not a setting", hint=nearest(key, SETTINGS))
    try:
        return declared.parse(value) if isinstance(value, str) else declared.convert(value)
    except MismatchError as exc:
        raise ConfigError(f"{'.'.join((key, *exc.path))} (flag) {exc.problem}", hint=exc.hint) from exc
