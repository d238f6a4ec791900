"""`autogen config`: what is set, where it comes from, and ways to change it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autogen_cli.cli import completion
from autogen_cli.cli.options import RootOption
from autogen_cli.cli.output import Column, Output
from autogen_cli.errors import ConfigError, TargetError

if TYPE_CHECKING:
    from autogen_cli.config import LoadedConfig, Origin
    from autogen_cli.service.settings import SettingsChanges

KeyArgument = Annotated[
    str,
    typer.Argument(
        help="The setting: provider, cache.ttl, ...", show_default=False, autocompletion=completion.settings
    ),
]
ValueArgument = Annotated[str, typer.Argument(help="Lists: comma-separated; none unsets", show_default=False)]
ProjectOption = Annotated[bool, typer.Option("--project", help="In the project's file instead of the user's")]

_COLUMNS = (Column("setting"), Column("value", wrap=True), Column("from", wrap=True))


def show(
    out: Output,
    *,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from")] = False,
    root: RootOption = None,
) -> None:
    """Show every setting."""
    from autogen_cli.config import SETTINGS, value_of

    loaded = _load(out, root)
    values = {key: _plain(value_of(loaded.config, key)) for key in SETTINGS}
    if out.json:
        out.document("config", _settings_json(loaded, values))
        return
    rows = [(key, _text(value), str(loaded.origins[key])) for key, value in values.items()]
    if origin:
        out.table(_COLUMNS, rows)
    else:
        out.pairs((key, text) for key, text, _ in rows)
    for ignored in loaded.ignored:
        out.warn(f"{ignored.key} in {ignored.file}:{ignored.line} is ignored: {ignored.hint}")


def get(out: Output, *, key: KeyArgument, root: RootOption = None) -> None:
    """Print the value of one setting."""
    from autogen_cli.config import value_of

    loaded = _load(out, root)
    value = _plain(value_of(loaded.config, key))
    if out.json:
        out.document("config_value", {"key": key, "value": value, "origin": _origin_json(loaded.origins[key])})
    else:
        out.text(_text(value) + "\n")


def set_value(
    out: Output, *, key: KeyArgument, value: ValueArgument, project: ProjectOption = False, root: RootOption = None
) -> None:
    """Write one setting to a file; what else is in the file stays as it is."""
    change = _changes(out, root, project=project).set(key, value)
    if out.json:
        out.document("config_set", {"key": key, "value": _plain(change.value), "file": change.file})
    out.note(f"{key} = {_text(_plain(change.value))} in {change.file}")
    if project and change.protected:
        out.note(f"{key} counts in a project's file only after `autogen config trust`")


def unset(out: Output, *, key: KeyArgument, project: ProjectOption = False, root: RootOption = None) -> None:
    """Take one setting out of a file."""
    changes = _changes(out, root, project=project)
    file, removed = changes.file, changes.unset(key)
    if out.json:
        out.document("config_unset", {"key": key, "file": file, "removed": removed})
    out.note(f"{key} {'is no longer' if removed else 'was not'} in {file}")


def init(out: Output, *, project: ProjectOption = False, root: RootOption = None) -> None:
    """Write a file that explains every setting, each commented out."""
    file = _changes(out, root, project=project).init()
    if out.json:
        out.document("config_init", {"file": file})
    out.note(f"{file} is new: take away the # in front of what you want to set")


def path(out: Output, *, root: RootOption = None) -> None:
    """Print which files hold settings, and where autogen keeps things."""
    from autogen_cli.config import folders
    from autogen_cli.config.edit import file_to_change
    from autogen_cli.config.files import find_project_file

    start, places = _start(root), folders()
    project = find_project_file(start)
    found = {
        "user": file_to_change(start, project=False),
        "project": project.path if project else None,
        "cache": places.cache,
        "data": places.data,
        "logs": places.logs,
    }
    if out.json:
        out.document("config_paths", found)
    else:
        out.pairs((name, str(place or "none")) for name, place in found.items())


def trust(out: Output, *, root: RootOption = None) -> None:
    """Let the project's file set what redirects credentials, runs programs or loosens a guard."""
    from autogen_cli.config import SETTINGS
    from autogen_cli.config.files import find_project_file
    from autogen_cli.config.values import to_toml

    changes, file = _changes(out, root), find_project_file(_start(root))
    if file is None:
        raise ConfigError("no project file was found", hint="make one with `autogen config init --project`")
    protected = {key: _plain(value) for key, value in file.settings().items() if SETTINGS[key].protection}
    for key, value in protected.items():
        out.note(f"{key} = {to_toml(value)}")  # quoted: a line break in a value must not look like another setting
    if not out.confirm(f"let {file.path} set this, until one of its settings changes?", default_yes=True):
        return
    changes.trust(file)
    if out.json:
        out.document("config_trust", {"file": file.path, "settings": protected})
    out.note(f"{file.path} is trusted until one of its settings changes")


def schema(out: Output) -> None:
    """Print the JSON Schema of a settings file, for editors."""
    from autogen_cli.config.describe import schema as describe_schema

    out.raw_document(describe_schema())


def _load(out: Output, root: Path | None) -> "LoadedConfig":
    from autogen_cli.config import load
    from autogen_cli.service.access import open_access

    start = _start(root)
    open_access(start, out.warn).authorize("read", subject="config")
    return load(start)


def _changes(out: Output, root: Path | None, *, project: bool = False) -> "SettingsChanges":
    from autogen_cli.service.settings import SettingsChanges

    return SettingsChanges(_start(root), project=project, warn=out.warn)


def _start(root: Path | None) -> Path:
    """Where the search for the project's file begins: the same place as for every other command."""
    from autogen_cli.context.project import find_root

    if root is not None and not root.is_dir():
        raise TargetError(f"{root} is not a folder", hint="give the project's folder with --root")
    return find_root(Path.cwd()) if root is None else root.resolve()


def _plain(value: Any) -> Any:
    """`value` as strings, numbers, lists and mappings, and without what looks like a secret."""
    from autogen_cli.config.fields import Table
    from autogen_cli.security.redaction import redact

    if isinstance(value, Table):
        return _plain(vars(value))
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return redact(str(value)) if isinstance(value, str | Path) else value


def _text(value: Any) -> str:
    from autogen_cli.config.values import NONE, to_toml

    if value is None:
        return NONE
    return value if isinstance(value, str) else to_toml(value)


def _settings_json(loaded: "LoadedConfig", values: Mapping[str, Any]) -> dict[str, Any]:
    settings = [
        {"key": key, "value": value, "origin": _origin_json(loaded.origins[key])} for key, value in values.items()
    ]
    ignored = [found._asdict() for found in loaded.ignored]
    return {"settings": settings, "ignored": ignored, "files": loaded.files}


def _origin_json(origin: "Origin") -> dict[str, Any]:
    file = origin.file.path if origin.file else None
    return {"kind": origin.kind, "variable": origin.variable, "file": file, "line": origin.line}
