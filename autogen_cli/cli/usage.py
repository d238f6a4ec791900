"""`autogen usage`: what was asked, and what it cost."""

from typing import TYPE_CHECKING, Annotated

import typer

from autogen_cli.cli.options import RootOption, SinceOption, UntilOption
from autogen_cli.cli.output import Column, Output
from autogen_cli.errors import ArgumentError

if TYPE_CHECKING:
    from datetime import tzinfo
    from decimal import Decimal

    from autogen_cli.usage.report import UsageReport, UsageRow
    from autogen_cli.usage.window import TimeRange

_FIGURES = ("requests", "cached", "errors", "rejected", "input_tokens", "output_tokens", "cost_usd", "unpriced")


def usage(
    out: Output,
    *,
    since: SinceOption = "7d",
    until: UntilOption = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="day, model, provider, module, command; may be repeated")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="Where a day begins: Europe/Berlin; this machine's if not given")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print rows as CSV")] = False,
    root: RootOption = None,
) -> None:
    """Show what was asked, and what it cost."""
    from datetime import UTC, datetime

    from autogen_cli.service.wiring import open_services
    from autogen_cli.usage.report import UsageReport
    from autogen_cli.usage.window import TimeRange

    zone = _zone(timezone)
    window = TimeRange.parse(since, until, now=datetime.now(UTC), tz=zone)
    with open_services(root, command="usage", warn=out.warn, detail=out.detail) as services:
        report = UsageReport.of(services.tracker, window, by=_dimensions(by), tz=zone)
    if out.json:
        out.document("usage", _json(report, window, timezone))
    elif csv:
        out.text(_csv(report))
    else:
        _show(out, report)


def _dimensions(by: list[str] | None) -> list[str]:
    """`--by day,model` and `--by day --by model` are the same."""
    return [name for words in by or ["day"] for name in words.split(",")]


def _zone(name: str | None) -> "tzinfo | None":
    if name is None:
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ArgumentError(f"there is no time zone '{name}'", hint="write it like Europe/Berlin, or UTC") from None


def _json(report: "UsageReport", window: "TimeRange", timezone: str | None) -> dict[str, object]:
    return {
        "since": window.since.isoformat() if window.since else None,
        "until": window.until.isoformat() if window.until else None,
        "timezone": timezone,
        "by": report.by,
        "rows": report.rows,
        "total": report.total,
    }


def _csv(report: "UsageReport") -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*report.by, *_FIGURES])
    writer.writerows(
        [*(row.group[name] for name in report.by), *(getattr(row, name) for name in _FIGURES)] for row in report.rows
    )
    return text.getvalue()


def _show(out: Output, report: "UsageReport") -> None:
    if not report.rows:
        out.note("nothing was recorded in this window; `--since all` looks further back")
        return
    figures = ("requests", "cached", "failed", "tokens in", "tokens out", "cost")
    columns = [*(Column(name) for name in report.by), *(Column(name, "right") for name in figures)]
    rows = [(*(row.group[name] for name in report.by), *_figures(row)) for row in report.rows]
    head = ("total", *("" for _ in report.by[1:]))
    out.table(columns, rows, footer=(*head, *_figures(report.total)))


def _figures(row: "UsageRow") -> tuple[str, ...]:
    failed = row.errors + row.rejected
    tokens = f"{row.input_tokens:,}", f"{row.output_tokens:,}"
    return str(row.requests), str(row.cached), str(failed), *tokens, _cost(row.cost_usd, row.unpriced)


def _cost(cost: "Decimal | None", unpriced: int) -> str:
    """What is known, and how many calls it leaves out: unknown is not free."""
    if cost is None:
        return "unknown" if unpriced else "$0.0000"
    return f"${cost:,.4f}" + (f" + {unpriced} unpriced" if unpriced else "")
