"""The program: its commands, and `main()`, the one boundary where errors become a line and an exit code."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from autogen_cli import __version__
from autogen_cli.cli import bench, cache, config
from autogen_cli.cli.check import check
from autogen_cli.cli.context import context
from autogen_cli.cli.doctor import doctor
from autogen_cli.cli.generate import generate
from autogen_cli.cli.options import add_command, add_group, current_output
from autogen_cli.cli.usage import usage
from autogen_cli.errors import ArgumentError, AutogenError

app = typer.Typer(
    name="autogen",
    help="Writes the Python symbol that your code already calls, and proves that it fits.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

add_command(app, "generate", generate)
add_command(app, "context", context)
add_command(app, "check", check)
add_command(app, "usage", usage)
add_command(app, "doctor", doctor)

_bench = add_group(app, "bench", "Measure the program on your own project.")
add_command(_bench, "context", bench.context)

_config = add_group(app, "config", "Look at the settings and where they come from; change them.")
add_command(_config, "show", config.show)
add_command(_config, "get", config.get)
add_command(_config, "set", config.set_value)
add_command(_config, "unset", config.unset)
add_command(_config, "init", config.init)
add_command(_config, "path", config.path)
add_command(_config, "trust", config.trust)
add_command(_config, "schema", config.schema)

_cache = add_group(app, "cache", "Look at the answers that were kept, and be rid of them.")
add_command(_cache, "stats", cache.stats)
add_command(_cache, "list", cache.list_entries)
add_command(_cache, "show", cache.show)
add_command(_cache, "explain", cache.explain)
add_command(_cache, "invalidate", cache.invalidate)
add_command(_cache, "prune", cache.prune)
add_command(_cache, "clear", cache.clear)
add_command(_cache, "verify", cache.verify)
add_command(_cache, "zero-stats", cache.zero_stats)
add_command(_cache, "rekey", cache.rekey)

INTERRUPTED = 130


def _show_version(wanted: bool) -> None:
    if wanted:
        current_output().text(f"autogen {__version__}\n")
        raise typer.Exit


@app.callback()
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
        return app(args=words, prog_name="autogen", standalone_mode=False) or 0
    except AutogenError as error:
        if current_output().debug:
            raise
        current_output().error(error)
        return error.exit_code
    except typer.TyperException as error:
        return _report_usage(error)
    except (KeyboardInterrupt, typer.Abort):
        current_output().note("interrupted; what was finished is kept")
        return INTERRUPTED
    except Exception as error:
        if current_output().debug:
            raise
        from autogen_cli.cli.crash import write_crash_log

        current_output().error(write_crash_log(error, words))
        return 1


def _report_usage(error: typer.TyperException) -> int:
    message = error.format_message()
    if message.startswith("Usage:"):  # a group without a command answers with its help
        current_output().note(message)
    else:
        current_output().error(ArgumentError(message))
    return ArgumentError.exit_code
