"""What a project's code uses and nobody has written yet."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from autogen_cli.config import load, virtual_environment
from autogen_cli.context.project import Project, find_root
from autogen_cli.files import read_file
from autogen_cli.generation.checks.dependencies import environment_of, site_packages
from autogen_cli.generation.missing import File, Missing, find_missing
from autogen_cli.service.access import open_access


def missing_symbols(root: Path | None, warn: Callable[[str], None] = lambda _: None) -> tuple[list[Missing], list[str]]:
    """The missing names of the project at `root`, or around the working folder; and what couldn't be read.

    Files of the project are those that the context is made from. Raises AccessError, ConfigError and TargetError.
    """
    folder = find_root(Path.cwd()) if root is None else root.resolve()
    open_access(folder, warn).authorize("read", subject="todo")
    settings = load(folder).config.context
    project = Project(folder, include=settings.include, exclude=settings.exclude)
    used = environment_of(folder, virtual_environment())
    files, skipped = [], [f"{path}: {reason}" for path, reason in project.skipped]
    for path in sorted(project.files):
        try:
            content = read_file(folder / path, within=folder)
        except OSError as exc:
            skipped.append(f"{path}: {exc.strerror}")
            continue
        files.append(File(path, project.module_of(path), content))
    environment = tuple(site_packages(used)) if used else ()
    return find_missing(folder, files, environment=environment), skipped


def batch_rows(found: Sequence[Missing]) -> str:
    """A line for `autogen batch` for each missing symbol; a module that is imported as a whole is one without."""
    rows = [
        {"id": f"{item.module}:{item.symbol or ''}", "module": item.module, "symbol": item.symbol}
        if item.symbol
        else {"id": f"{item.module}:", "module": item.module}
        for item in found
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)
