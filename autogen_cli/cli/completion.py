"""What TAB offers: modules of the project, missing symbols, settings, providers. An error offers nothing."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer

from autogen_cli.errors import AutogenError

type Complete = Callable[[typer.Context, str], list[str]]


def _quietly(names: Callable[[dict[str, Any], str], Iterable[str]]) -> Complete:
    def complete(context: typer.Context, incomplete: str) -> list[str]:
        try:
            return [name for name in names(context.params, incomplete) if name.startswith(incomplete)]
        except (AutogenError, OSError):
            return []

    return complete


def _root(given: dict[str, Any]) -> Path:
    from autogen_cli.context.project import find_root

    root = given.get("root")
    return Path(root).resolve() if root else find_root(Path.cwd())


@_quietly
def modules(given: dict[str, Any], incomplete: str) -> Iterable[str]:
    from autogen_cli.context.suggest import module_names

    return module_names(_root(given), incomplete)


@_quietly
def symbols(given: dict[str, Any], incomplete: str) -> Iterable[str]:
    from autogen_cli.context.suggest import missing_names

    return missing_names(_root(given), given.get("module") or "")


@_quietly
def settings(given: dict[str, Any], incomplete: str) -> Iterable[str]:
    from autogen_cli.config import SETTINGS

    return sorted(SETTINGS)


@_quietly
def providers(given: dict[str, Any], incomplete: str) -> Iterable[str]:
    from autogen_cli.providers.registry import names

    return sorted(names())
