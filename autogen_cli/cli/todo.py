"""`autogen todo`: what the code uses and nobody has written yet."""

from typing import TYPE_CHECKING, Annotated

import typer

from autogen_cli.cli.options import RootOption
from autogen_cli.cli.output import Column, Output
from autogen_cli.errors import ArgumentError, TargetError

if TYPE_CHECKING:
    from autogen_cli.generation.missing import Missing

SITES = 3  # shown of each symbol


def todo(
    out: Output,
    *,
    root: RootOption = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Lines for `autogen batch -`")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit code 9 if something is missing")] = False,
) -> int:
    """List what the code imports, calls or reads and nothing defines: functions, classes, names; no methods."""
    from autogen_cli.service.todo import batch_rows, missing_symbols

    if jsonl and out.json:
        raise ArgumentError("--jsonl and --json contradict each other", hint="leave one of them out")
    found, skipped = missing_symbols(root, out.warn)
    for place in skipped:
        out.detail(f"left out: {place}")
    if out.json:
        out.document("todo", {"missing": found})
    elif jsonl:
        out.text(batch_rows(found))
    elif found:
        columns = (Column("module"), Column("symbol"), Column("used at", wrap=True))
        out.table(columns, [(item.module, item.symbol or "", _places(item)) for item in found])
    count = len(found)
    out.note(f"{count} symbol{'s' * (count != 1)} missing" if found else "nothing is missing")
    return TargetError.exit_code if check and found else 0


def _places(item: "Missing") -> str:
    return "\n".join(f"{site.path}:{site.line}  {site.text}" for site in item.sites[:SITES])
