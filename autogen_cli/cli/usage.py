"""`autogen usage`: what was asked, what it cost, and how long it took; the ledger's events out and in."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autogen_cli.cli.options import RootOption, SinceOption, UntilOption
from autogen_cli.cli.output import Output
from autogen_cli.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo

    from autogen_cli.limits.budget import Spending
    from autogen_cli.service.wiring import Services
    from autogen_cli.usage.report import UsageReport
    from autogen_cli.usage.window import TimeRange

ByOption = Annotated[
    list[str] | None,
    typer.Option(
        "--by", help="day, model, provider, module, symbol, command, project, batch, outcome; may be repeated"
    ),
]
OnlyOption = Annotated[list[str] | None, typer.Option("--only", help="model=NAME, module=NAME, ...; may be repeated")]
ZoneOption = Annotated[
    str | None, typer.Option("--timezone", help="Where a day begins: Europe/Berlin; this machine's if not given")
]

_LINES_AT_ONCE = 1000


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
    timezone: ZoneOption = None,
    performance: Annotated[bool, typer.Option("--performance", help="Where the time went, phase by phase")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print rows as CSV")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with charts to this file")] = None,
    root: RootOption = None,
) -> None:
    """Show what was asked, what it cost, and how long it took."""
    from autogen_cli.cli import usage_text
    from autogen_cli.usage.report import reports_of

    _refuse_two({"--performance": performance, "--csv": csv, "--html": html})
    if csv and out.json:
        raise ArgumentError("--csv and --json contradict each other", hint="leave one of them out")
    window, zone = _window(since, until, timezone)
    filters = _filters(only)
    with _services(out, root) as services:
        if performance:
            _performance(out, services, window, filters)
            return
        if html:
            _page(out, services, window, html, filters=filters, zone=zone, timezone=timezone)
            return
        report, models = reports_of(services.tracker, window, _dimensions(by), ["model"], filters=filters, tz=zone)
        budgets = _budgets(out, services)
    report = report.top(sort, limit)
    if out.json:
        out.document("usage", _json(report, models, window, timezone=timezone, budgets=budgets))
    elif csv:
        out.text(usage_text.csv_of(report))
    else:
        usage_text.show_report(out, report, models, budgets)


def export(
    out: Output,
    *,
    since: SinceOption = "all",
    until: UntilOption = None,
    timezone: ZoneOption = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="JSON, an event a line; can be imported (default)")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="A table, for spreadsheets")] = False,
    root: RootOption = None,
) -> None:
    """Print the ledger's events, oldest first."""
    from itertools import batched

    from autogen_cli.usage.exchange import export_csv, export_events, export_jsonl

    if csv and (jsonl or out.json):
        raise ArgumentError("--csv and JSON contradict each other", hint="leave one of them out")
    window, _ = _window(since, until, timezone)
    with _services(out, root) as services:
        if out.json:
            events = export_events(services.tracker, window.start, window.stop)
            out.document("usage_export", {"events": list(events)})
            return
        lines = (export_csv if csv else export_jsonl)(services.tracker, window.start, window.stop)
        for some in batched(lines, _LINES_AT_ONCE):
            out.text("".join(some))


def import_events(
    out: Output,
    *,
    file: Annotated[Path, typer.Argument(help="What `autogen usage export` printed", show_default=False)],
    root: RootOption = None,
) -> None:
    """Add events from a file to the ledger; an event that is there already isn't counted twice."""
    from autogen_cli.usage.exchange import import_jsonl
    from autogen_cli.usage.figures import plural

    with _services(out, root) as services:
        imported = import_jsonl(services.tracker, file)
    if out.json:
        out.document("usage_import", imported)
    else:
        out.note(f"{plural(imported.added, 'event')} added, {imported.known:,} known already")


def _refuse_two(views: "Mapping[str, object]") -> None:
    """Each shows something else, so there can be one."""
    given = [name for name, value in views.items() if value]
    if len(given) > 1:
        raise ArgumentError(f"{given[0]} and {given[1]} contradict each other", hint="leave one of them out")


@contextlib.contextmanager
def _services(out: Output, root: Path | None) -> "Iterator[Services]":
    from autogen_cli.service.wiring import open_services

    with open_services(root, command="usage", warn=out.warn, detail=out.detail) as services:
        yield services


def _performance(out: Output, services: "Services", window: "TimeRange", filters: "Mapping[str, str]") -> None:
    from autogen_cli.cli.usage_text import show_performance
    from autogen_cli.usage.performance import PerformanceSummary

    found = PerformanceSummary.of(services.tracker.events(window.start, window.stop, filters))
    if out.json:
        out.document("performance", found)
    else:
        show_performance(out, found)


def _page(
    out: Output,
    services: "Services",
    window: "TimeRange",
    file: Path,
    *,
    filters: "Mapping[str, str]",
    zone: "tzinfo | None",
    timezone: str | None,
) -> None:
    from autogen_cli.usage.overview import Overview
    from autogen_cli.usage.page import page

    overview = Overview.of(services.tracker, window, filters=filters, tz=zone)
    budgets = [(of.period, of.spent, of.limit) for of in _budgets(out, services) if of.limit is not None]
    text = page(overview, window, now=services.now(), tz=zone, timezone=timezone, filters=filters, budgets=budgets)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise ArgumentError(f"--html: {file} can't be written: {exc.strerror}") from exc
    if out.json:
        out.document("usage_page", {"file": file})
    else:
        out.note(f"written to {file}")


def _budgets(out: Output, services: "Services") -> "list[Spending]":
    """The books of the day and the month, where they have a limit."""
    limits = services.config.budget
    if limits.daily is None and limits.monthly is None:
        return []
    from autogen_cli.storage.base import StoreError

    try:
        return [found for found in services.budget.spending() if found.limit is not None and found.period != "run"]
    except StoreError as exc:
        out.warn(f"the budget's books can't be read: {exc}")
        return []


def _window(since: str, until: str | None, timezone: str | None) -> "tuple[TimeRange, tzinfo | None]":
    from datetime import UTC, datetime

    from autogen_cli.usage.window import TimeRange

    zone = _zone(timezone)
    return TimeRange.parse(since, until, now=datetime.now(UTC), tz=zone), zone


def _zone(name: str | None) -> "tzinfo | None":
    if name is None:
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ArgumentError(f"there is no time zone '{name}'", hint="write it like Europe/Berlin, or UTC") from None


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


def _json(
    report: "UsageReport",
    models: "UsageReport",
    window: "TimeRange",
    *,
    timezone: str | None,
    budgets: "Sequence[Spending]",
) -> dict[str, object]:
    from autogen_cli.documents import to_json
    from autogen_cli.usage.advice import advise

    rows = [
        {**to_json(row), "cost_per_accepted_usd": row.cost_per_accepted_usd} for row in (*report.rows, report.total)
    ]
    return {
        "since": window.since.isoformat() if window.since else None,
        "until": window.until.isoformat() if window.until else None,
        "timezone": timezone,
        "by": report.by,
        "rows": rows[:-1],
        "total": rows[-1],
        "budgets": budgets,
        "advice": advise(models),
    }
