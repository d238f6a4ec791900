"""The program: its commands, and `main()`, the one boundary where errors become a line and an exit code."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from autogen_cli import __version__
from autogen_cli.cli.options import Command, add_command, add_group, current_output
from autogen_cli.cli.output import Output
from autogen_cli.errors import ArgumentError, AutogenError, InterruptedRunError, TargetError

# A command is `module:function` below this package; a group is its help and its commands, the nameless one of which is
# what it does by itself.
type Group = tuple[str, Mapping[str, str]]
COMMANDS: Mapping[str, str | Group] = {
    "generate": "generate:generate",
    "batch": "batch:batch",
    "context": "context:context",
    "check": "check:check",
    "todo": "todo:todo",
    "serve": "serve:serve",
    "usage": (
        "Show what was asked, what it cost, and how long it took.",
        {"": "usage:usage", "export": "usage:export", "import": "usage:import_events"},
    ),
    "doctor": "doctor:doctor",
    "migrate": "migrate:migrate",
    "bench": (
        "Measure the program on your own project.",
        {
            "startup": "bench:startup",
            "context": "bench:context",
            "cache": "bench:cache",
            "batch": "bench:batch",
            "all": "bench:everything",
        },
    ),
    "config": (
        "Look at the settings and where they come from; change them.",
        {
            "show": "config:show",
            "get": "config:get",
            "set": "config:set_value",
            "unset": "config:unset",
            "init": "config:init",
            "path": "config:path",
            "trust": "config:trust",
            "schema": "config:schema",
        },
    ),
    "auth": (
        "Keep the keys of providers, and change them.",
        {
            "login": "auth:login",
            "status": "auth:status",
            "list": "auth:list_keys",
            "rotate": "auth:rotate",
            "logout": "auth:logout",
        },
    ),
    "audit": (
        "Look at the record of who did what, and whether it is whole.",
        {"show": "audit:show", "verify": "audit:verify"},
    ),
    "cache": (
        "Look at the answers that were kept, and be rid of them.",
        {
            "stats": "cache:stats",
            "list": "cache:list_entries",
            "show": "cache:show",
            "explain": "cache:explain",
            "invalidate": "cache:invalidate",
            "prune": "cache:prune",
            "clear": "cache:clear",
            "verify": "cache:verify",
            "zero-stats": "cache:zero_stats",
            "rekey": "cache:rekey",
        },
    ),
}


def build(words: Sequence[str] = ()) -> typer.Typer:
    """The program with the command that `words` begin with, or with all where they begin with none.

    Typer works out every option of every command before it looks at the words; for one command that takes a tenth of
    the time. Where an option of the program comes first (`--help`), the commands are only listed.
    """
    app = typer.Typer(
        name="autogen",
        help="Writes the Python symbol that your code already calls, and proves that it fits.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_program)
    wanted = COMMANDS.keys() & words[:1] or COMMANDS.keys()
    for name, what in COMMANDS.items():
        if name not in wanted:
            continue
        if words and words[0].startswith("-"):
            _list(app, name, what)
        elif isinstance(what, str):
            _add(app, name, what)
        else:
            description, commands = what
            group = add_group(app, name, description, default="" in commands)
            for command, place in commands.items():
                _add(group, command, place)
    return app


def _list(app: typer.Typer, name: str, what: str | Group) -> None:
    """A command by name and description only, for the list of commands."""
    description = _load(what).__doc__ if isinstance(what, str) else what[0]
    app.command(name, help=description)(lambda: None)


def _add(app: typer.Typer, name: str, place: str) -> None:
    add_command(app, name, _load(place))


def _load(place: str) -> Command:
    module, _, function = place.partition(":")
    command: Command = getattr(import_module(f"autogen_cli.cli.{module}"), function)
    return command


def _show_version(wanted: bool) -> None:
    if wanted:
        current_output().text(f"autogen {__version__}\n")
        raise typer.Exit


def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version")
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit code. No traceback leaves this function unless `--debug` asks for it."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _check_folder()
        code: int | None = build(words)(args=words, prog_name="autogen", standalone_mode=False)
        return _interrupted() if code == InterruptedRunError.exit_code else code or 0
    except AutogenError as error:
        return _report(error, error)
    except typer.TyperException as error:
        return _report_usage(error, words)
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except Exception as error:
        from autogen_cli.cli.crash import write_crash_log

        return _report(error, write_crash_log(error, words))


def _check_folder() -> None:
    try:
        Path.cwd()
    except FileNotFoundError as exc:
        raise TargetError("the working folder is gone", hint="change to one that exists") from exc


def _report(error: Exception, told: AutogenError) -> int:
    if current_output().debug:
        current_output().traceback(error)
    current_output().error(told)
    return told.exit_code


def _interrupted() -> int:
    current_output().error(InterruptedRunError("interrupted", hint="what was finished is kept"))
    return InterruptedRunError.exit_code


def _report_usage(error: typer.TyperException, words: Sequence[str]) -> int:
    if words[:1] == ["auth"]:  # a key on the command line is where it doesn't belong; it is not shown, too
        from autogen_cli.security.redaction import remember_secret

        for word in words[2:]:
            remember_secret(word.partition("=")[2] or word)
    message = error.format_message()
    if message.startswith("Usage:"):  # a group without a command answers with its help
        current_output().note(message)
    else:  # no command has begun, so nobody has read `--json` yet
        Output(json="--json" in words).error(ArgumentError(message))
    return ArgumentError.exit_code
