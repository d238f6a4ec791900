"""`autogen check`: the checks, on code that the user brings."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from autogen_cli.cli.generate import exit_code, show_generated
from autogen_cli.cli.options import KindOption, ModuleArgument, RootOption, SymbolArgument
from autogen_cli.cli.output import Output
from autogen_cli.errors import ArgumentError


def check(
    out: Output,
    *,
    file: Annotated[str, typer.Argument(help="A file with the code, or with a model's answer; -: stdin")],
    module: ModuleArgument,
    symbol: SymbolArgument = None,
    kind: KindOption = None,
    root: RootOption = None,
    force: Annotated[bool, typer.Option("--force", help="The code replaces a symbol that exists")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show the change instead of the code")] = False,
) -> int:
    """Check code that you bring: does it fit where it is called? Nothing is sent, nothing is written."""
    from autogen_cli.models import GenerationRequest
    from autogen_cli.service.generate import Generator
    from autogen_cli.service.wiring import open_services

    code = _read(file)
    request = GenerationRequest(module=module, symbol=symbol, kind=kind)
    with open_services(root, command="check", warn=out.warn, detail=out.detail) as services:
        generated = Generator(services).check(request, code, force=force)
    show_generated(out, generated, diff=diff)
    return exit_code(generated.result)


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as exc:
        raise ArgumentError(f"{file} can't be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ArgumentError(f"{file} is not UTF-8: {exc.reason} at byte {exc.start}") from exc
