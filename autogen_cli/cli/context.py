"""`autogen context`: what would be sent, and why."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autogen_cli.cli.options import KindOption, ModuleArgument, RootOption, SymbolArgument
from autogen_cli.cli.output import Column, Output

if TYPE_CHECKING:
    from autogen_cli.models import CodeContext, ContextItem

_COLUMNS = (
    Column("kind", wrap=True),
    Column("where", wrap=True),
    Column("symbol", wrap=True),
    Column("tokens", "right"),
    Column("reason", wrap=True),
)

LEFT_OUT = 25  # shown of what didn't fit, the best


def context(
    out: Output,
    *,
    module: ModuleArgument,
    symbol: SymbolArgument = None,
    kind: KindOption = None,
    root: RootOption = None,
    budget: Annotated[int | None, typer.Option(min=1, help="Tokens (o200k_base) that it may take")] = None,
    output_format: Annotated[
        Literal["table", "text", "prompt", "json"], typer.Option("--format", help="How to show it")
    ] = "table",
    analyzer: Annotated[
        Literal["index", "graph-sitter"] | None,
        typer.Option(help="How call sites are found; the settings' if not given"),
    ] = None,
    description: Annotated[str | None, typer.Option("--description", "-d", help="What the symbol should do")] = None,
) -> None:
    """Show what would be sent for a symbol, and why."""
    from autogen_cli.models import GenerationRequest
    from autogen_cli.service.generate import Generator
    from autogen_cli.service.wiring import open_services

    request = GenerationRequest(module=module, symbol=symbol, kind=kind, description=description, context_tokens=budget)
    flags = {"context.analyzer": analyzer}
    with open_services(root, command="context", warn=out.warn, detail=out.detail, flags=flags) as services:
        plan = Generator(services).plan(request, force=True)
    found, prompt = plan.context, plan.prompt
    for warning in found.warnings:
        out.warn(warning)
    if out.json or output_format == "json":
        _show_json(out, found)
    elif output_format == "text":
        out.text(found.text)
    elif output_format == "prompt":
        out.text(f"{prompt.system}\n\n{prompt.user}\n")
    else:
        _show_table(out, found)


def _show_json(out: Output, found: "CodeContext") -> None:
    from autogen_cli.documents import context_json

    out.document(
        "context",
        {
            "module": found.target.module,
            "symbol": found.target.symbol,
            "kind": found.target.kind,
            "path": found.target.relative_path,
            "call_sites": found.call_sites,
            "conventions": found.conventions,
            "text": found.text,
        }
        | context_json(found),
    )


def _show_table(out: Output, found: "CodeContext") -> None:
    target = found.target
    rows = [_row(item) for item in found.items]
    title = f"{target.module} {target.symbol or ''} ({target.kind}) -> {target.relative_path}"
    out.table(_COLUMNS, rows, title=title, footer=("", "", "total", str(found.tokens), f"of {found.budget}"))
    filled = round(40 * found.tokens / found.budget)
    out.text(f"budget  [{'#' * filled}{'.' * (40 - filled)}]  {100 * found.tokens / found.budget:.0f} %\n")
    if found.omitted:
        shown = found.omitted if out.verbose else found.omitted[:LEFT_OUT]
        out.table(_COLUMNS, [_row(item) for item in shown], title="left out")
        if more := len(found.omitted) - len(shown):
            out.note(f"{more} more were left out; -v lists all")


def _row(item: "ContextItem") -> tuple[str, ...]:
    where = f"{item.path}:{item.line}" if item.line else item.path
    return item.kind, where, item.symbol, str(item.tokens), item.reason
