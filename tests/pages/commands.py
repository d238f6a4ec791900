"""docs/cli: a page for each command, from the program's own declarations."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import typer

from autogen_cli.cli.app import COMMANDS, build

FOLDER = Path(__file__).parent.parent.parent / "docs" / "cli"
HEAD = "<!-- written by `make docs` from the program's declarations -->\n"
LAST = """
Data goes to stdout, everything else to stderr. With `--json`, stdout holds one document, of which there is a
[schema](../schemas/README.md). [Exit codes](../troubleshooting.md) say what happened.
"""
COMMON = {"--json", "--quiet", "--verbose", "--no-color", "--debug", "--help"}


def pages() -> dict[Path, Callable[[], str]]:
    """Every page, and what makes it."""
    return {FOLDER / "README.md": overview} | {FOLDER / f"{name}.md": partial(page, name) for name in COMMANDS}


def _root() -> Any:
    return typer.main.get_command(build())


def _context(command: Any, name: str) -> Any:
    return command.make_context(name, [], resilient_parsing=True)


def overview() -> str:
    root = _root()
    rows = [f"| [`autogen {name}`]({name}.md) | {_first_line(root.commands[name])} |" for name in COMMANDS]
    common = _options(root.commands["context"], "autogen context", common=True)
    return "\n".join(
        [
            "# Commands\n",
            HEAD,
            "| command | what it does |\n|---|---|",
            *rows,
            "\nEvery command has these options as well:\n",
            "| option | what it does |\n|---|---|",
            *common,
            LAST,
        ]
    )


def page(name: str) -> str:
    command = _root().commands[name]
    parts = [f"# autogen {name}\n", HEAD, *_described(command, f"autogen {name}")]
    for sub, inner in getattr(command, "commands", {}).items():
        parts += [f"## autogen {name} {sub}\n", *_described(inner, f"autogen {name} {sub}")]
    parts.append("The [options that every command has](README.md) come on top.\n")
    return "\n".join(parts)


def _described(command: Any, name: str) -> Iterator[str]:
    yield f"{_escaped(command.help)}\n"
    usage = " ".join(command.collect_usage_pieces(_context(command, name)))
    yield f"```text\n{name} {usage}\n```\n"
    for title, rows in (("argument", _arguments(command, name)), ("option", _options(command, name))):
        found = list(rows)
        if found:
            yield f"| {title} | what it does |\n|---|---|"
            yield "\n".join(found) + "\n"


def _arguments(command: Any, name: str) -> Iterator[str]:
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            yield _row(*parameter.get_help_record(_context(command, name)))


def _options(command: Any, name: str, *, common: bool = False) -> Iterator[str]:
    context = _context(command, name)
    for parameter in command.get_params(context):
        if parameter.param_type_name == "option" and bool(COMMON & set(parameter.opts)) == common:
            yield _row(*parameter.get_help_record(context))


def _row(names: str, help_text: str) -> str:
    """A `|` within code is shown with its backslash by one renderer of tables and ends the cell for another."""
    what = _escaped(help_text).replace("  [", " [").replace("|", "\\|")
    return f"| `{names.replace(' range>', '>').replace('|', ', ')}` | {what} |"


def _first_line(command: Any) -> str:
    return _escaped(command.help.split("\n")[0])


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", "\\*")
