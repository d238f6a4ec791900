"""Options that several commands share, and what gives every command the common ones."""

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from autogen_cli.cli import completion
from autogen_cli.cli.output import Output
from autogen_cli.errors import ArgumentError

type Command = Callable[..., int | None]

ModuleArgument = Annotated[
    str,
    typer.Argument(help="Module, dotted: mymodule.utils", show_default=False, autocompletion=completion.modules),
]
SymbolArgument = Annotated[
    str | None,
    typer.Argument(
        help="name, Class or Class.method; none: the whole module",
        show_default=False,
        autocompletion=completion.symbols,
    ),
]
RootOption = Annotated[
    Path | None, typer.Option("--root", help="The project's folder; found upward from here if not given")
]
KindOption = Annotated[
    Literal["function", "class", "method", "constant", "module"] | None,
    typer.Option("--kind", help="What to write; told by the code that uses it if not given"),
]
ProviderOption = Annotated[
    str | None,
    typer.Option("--provider", help="openai, scaffold, ...; see `autogen doctor`", autocompletion=completion.providers),
]
ModelOption = Annotated[str | None, typer.Option("--model", help="The model, where the provider has several")]
SinceOption = Annotated[str, typer.Option("--since", help="7d, 24h, 2w, 2026-11-01, today or all")]
UntilOption = Annotated[str | None, typer.Option("--until", help="End of the window; now if not given")]

_COMMON: dict[str, Any] = {
    "json": Annotated[bool, typer.Option("--json", help="Print one JSON document")],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No notes on stderr")],
    "verbose": Annotated[bool, typer.Option("--verbose", "-v", help="More notes on stderr")],
    "no_color": Annotated[bool, typer.Option("--no-color", help="No colour; NO_COLOR does the same")],
    "debug": Annotated[bool, typer.Option("--debug", help="Show the traceback of an error")],
}

_current = Output()


def current_output() -> Output:
    """How the running command speaks; the defaults before one has started."""
    return _current


def _remember_secrets() -> None:
    """From here on no output holds a key of the environment."""
    from autogen_cli.config import secrets_in  # 4 ms, which `--help` has no use for
    from autogen_cli.security.redaction import remember_secret

    for value in secrets_in():
        remember_secret(value)


def add_group(app: typer.Typer, name: str, description: str, *, default: bool = False) -> typer.Typer:
    """A command that has commands of its own. default: it does something without them, too."""
    group = typer.Typer(help=description, rich_markup_mode=None, no_args_is_help=not default)
    app.add_typer(group, name=name)
    return group


def add_command(app: typer.Typer, name: str, function: Command) -> None:
    """Registers a command whose first parameter is `out: Output`; the common options come behind its own.

    name: empty for what a group does when none of its commands is named.
    """

    @functools.wraps(function)
    def run(context: typer.Context, **options: Any) -> int | None:
        global _current  # noqa: PLW0603 - main() has to know how the command speaks when it fails
        if context.invoked_subcommand:
            _refuse_options(context)
            return None
        common = {key: options.pop(key) for key in _COMMON}
        color = not common.pop("no_color") and not os.environ.get("NO_COLOR")  # https://no-color.org
        _current = Output(color=color, **common)
        _remember_secrets()
        return function(_current, **options)

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    added = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=option)
        for key, option in _COMMON.items()
    ]
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + added
    parameters.insert(0, inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context))
    vars(run)["__signature__"] = inspect.Signature(parameters)  # read by Typer
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    register = app.command(name) if name else app.callback(invoke_without_command=True)
    register(run)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _refuse_options(context: typer.Context) -> None:
    """Raises ArgumentError for options of a group's own in front of one of its commands, which wouldn't see them."""
    given = [name for name in context.params if _is_given(context, name)]
    if given:
        option, command = given[0].replace("_", "-"), context.invoked_subcommand
        raise ArgumentError(f"--{option} is in front of {command}", hint=f"write it behind {command}")
