"""`autogen usage`: what was asked, what it cost, and how long it took."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autogen_cli.cli.options import RootOption, SinceOption, UntilOption
from autogen_cli.cli.output import Column, Output
from autogen_cli.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo
    from decimal import Decimal

    from autogen_cli.usage.performance import PerformanceSummary, PhaseStats
    from autogen_cli.usage.report import UsageReport, UsageRow
    from autogen_cli.usage.window import TimeRange

ByOption = Annotated[
    list[str] | None,
    typer.Option("--by", help="day, model, provider, module, symbol, command, project, outcome; may be repeated"),
]
OnlyOption = Annotated[list[str] | None, typer.Option("--only", help="model=NAME, module=NAME, ...; may be repeated")]

_CSV = ("requests", "cached", "errors", "rejected", "input_tokens", "output_tokens", "cost_usd", "unpriced")
_FIGURES = ("requests", "cached", "failed", "tokens in", "tokens out", "cost", "share", "saved")
_BARS = "▁▂▃▄▅▆▇█"


def usage(
    out: Output,
    *,
    since: SinceOption = "7d",
    until: UntilOption = None,
    by: ByOption = None,
    only: OnlyOption = None,
    sort: Annotated[
        Literal["group", "cost", "requests", "tokens"], typer.Option("--sort", help="What comes first")
    ] = "group",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most this many rows")] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="Where a day begins: Europe/Berlin; this machine's if not given")
    ] = None,
    performance: Annotated[bool, typer.Option("--performance", help="Where the time went, phase by phase")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print rows as CSV")] = False,
    root: RootOption = None,
) -> None:
    """Show what was asked, what it cost, and how long it took."""
    from datetime import UTC, datetime

    from autogen_cli.service.wiring import open_services
    from autogen_cli.usage.report import UsageReport
    from autogen_cli.usage.window import TimeRange

    zone = _zone(timezone)
    window = TimeRange.parse(since, until, now=datetime.now(UTC), tz=zone)
    with open_services(root, command="usage", warn=out.warn, detail=out.detail) as services:
        if performance:
            from autogen_cli.usage.performance import PerformanceSummary

            _show_performance(out, PerformanceSummary.of(services.tracker.events(window.start, window.stop)))
            return
        report = UsageReport.of(services.tracker, window, by=_dimensions(by), filters=_filters(only), tz=zone)
    report = report.top(sort, limit)
    if out.json:
        out.document("usage", _json(report, window, timezone))
    elif csv:
        out.text(_csv(report))
    else:
        _show(out, report)


def _dimensions(by: list[str] | None) -> list[str]:
    """`--by day,model` and `--by day --by model` are the same."""
    return [name for words in by or ["day"] for name in words.split(",")]


def _filters(only: list[str] | None) -> dict[str, str]:
    found = {}
    for words in only or []:
        name, equals, value = words.partition("=")
        if not equals or name == "day":
            raise ArgumentError(f"--only {words} names no fact", hint="write it like model=NAME; for days see --since")
        found[name] = value
    return found


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
    writer.writerow([*report.by, *_CSV])
    writer.writerows(
        [*(row.group[name] for name in report.by), *(getattr(row, name) for name in _CSV)] for row in report.rows
    )
    return text.getvalue()


def _show(out: Output, report: "UsageReport") -> None:
    if not report.rows:
        out.note("nothing was recorded in this window; `--since all` looks further back")
        return
    columns = [*(Column(name) for name in report.by), *(Column(name, "right") for name in _FIGURES)]
    total = report.total
    rows = [(*(row.group[name] for name in report.by), *_figures(row, total)) for row in report.rows]
    head = ("total", *("" for _ in report.by[1:]))
    title = f"cost by day {_sparkline([row.cost_usd for row in report.rows])}" if report.by == ("day",) else None
    out.table(columns, rows, title=title, footer=(*head, *_figures(total, total)))
    if report.by == ("model",):
        from autogen_cli.usage.advice import advise

        for sentence in advise(report):
            out.text(f"{sentence}\n")


def _figures(row: "UsageRow", total: "UsageRow") -> tuple[str, ...]:
    counts = (str(count) for count in (row.requests, row.cached, row.errors + row.rejected))
    share = f"{100 * row.cost_usd / total.cost_usd:.0f} %" if row.cost_usd and total.cost_usd else ""
    saved = f"${row.saved_usd:,.4f}" if row.saved_usd else ""
    cost = _cost(row.cost_usd, row.unpriced)
    return *counts, f"{row.input_tokens:,}", f"{row.output_tokens:,}", cost, share, saved


def _cost(cost: "Decimal | None", unpriced: int) -> str:
    """What is known, and how many calls it leaves out: unknown is not free."""
    if cost is None:
        return "unknown"
    return f"${cost:,.4f}" + (f" + {unpriced} unpriced" if unpriced else "")


def _sparkline(costs: "Sequence[Decimal | None]") -> str:
    known = [float(cost or 0) for cost in costs]
    top = max(known)
    return "".join(_BARS[round((len(_BARS) - 1) * cost / top)] for cost in known) if top else ""


def _show_performance(out: Output, found: "PerformanceSummary") -> None:
    if out.json:
        out.document("performance", found)
        return
    if found.whole is None:
        out.note("nothing was recorded in this window; `--since all` looks further back")
        return
    columns = [Column("phase"), *(Column(name, "right") for name in ("count", "p50", "p95", "p99", "total", "share"))]
    out.table(columns, map(_phase, found.phases), footer=_phase(found.whole), title="milliseconds")
    slow = [(one.module, one.symbol or "", one.provider, str(one.duration_ms)) for one in found.slowest]
    heads = [Column("module"), Column("symbol"), Column("provider"), Column("ms", "right")]
    out.table(heads, slow, title="slowest")


def _phase(stats: "PhaseStats") -> tuple[str, ...]:
    times = (f"{figure:,}" for figure in (stats.p50, stats.p95, stats.p99, stats.total))
    return stats.phase, str(stats.count), *times, f"{100 * stats.share:.0f} %"
