"""`autogen migrate`: from autogenlib 0.1 to this."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autogen_cli.cli.options import RootOption
from autogen_cli.cli.output import Output
from autogen_cli.errors import ArgumentError

if TYPE_CHECKING:
    from autogen_cli.service.migrate import Migration


def migrate(
    out: Output,
    *,
    root: RootOption = None,
    write: Annotated[bool, typer.Option("--write", help="Make the changes")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Put back what the last migration changed")] = False,
) -> int:
    """Take over what autogenlib 0.1 left: its cache, its settings, its uses in the project."""
    from autogen_cli.config import folders
    from autogen_cli.context.project import find_root
    from autogen_cli.service.migrate import carry_out, plan_migration, roll_back

    if write and rollback:
        raise ArgumentError("--write and --rollback contradict each other", hint="leave one of them out")
    folder = find_root(Path.cwd()) if root is None else root.resolve()
    if rollback:
        restored = roll_back(folder, folders())
        if out.json:
            out.document("migrate_rollback", {"restored": list(restored)})
        for path in restored:
            out.note(f"put back: {path}")
        return 0
    migration = plan_migration(folder)
    if write:
        carry_out(migration, folder, folders())
    _show(out, migration, folder, written=write)
    return 0


def _show(out: Output, migration: "Migration", root: Path, *, written: bool) -> None:
    document = {
        "modules": list(migration.modules),
        "settings": {key: value for key, (value, _) in migration.settings.items()},
        "changed": [edit.path.relative_to(root).as_posix() for edit in migration.edits],
        "left": list(migration.left),
        "written": written,
    }
    if out.json:
        out.document("migrate", document)
    elif not written and migration.edits:
        out.code(migration.diff(), "diff")
    for note in _told(migration, written=written):
        out.note(note)


def _told(migration: "Migration", *, written: bool) -> list[str]:
    notes = [f"setting {key} = {value} (from {variable})" for key, (value, variable) in migration.settings.items()]
    notes += [f"{left.place}: {left.reason}" for left in migration.left]
    if not migration.edits and not migration.settings:
        return [*notes, "nothing of autogenlib 0.1 is left to take over"]
    counted = f"{len(migration.edits)} files, {len(migration.settings)} settings"
    done = f"changed: {counted}; `autogen migrate --rollback` puts them back"
    return [*notes, done if written else f"to be changed: {counted}; --write changes them"]
