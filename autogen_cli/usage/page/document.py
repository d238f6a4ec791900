"""The parts of the page and their order."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from importlib.resources import files
from string import Template

from autogen_cli.usage.figures import cents, compact, dollars, percent, plural
from autogen_cli.usage.overview import Overview
from autogen_cli.usage.page.charts import Bar, bars, columns, gauge, latencies
from autogen_cli.usage.page.markup import Html, breakable, join, tag
from autogen_cli.usage.report import UsageReport, UsageRow
from autogen_cli.usage.window import TimeRange

MOST_COLUMNS = 92  # days beyond that share columns
MOST_BARS = 8
MOST_ROWS = 500

type BudgetState = tuple[str, Decimal, Decimal]
"""Period, USD spent, USD allowed."""


def page(
    overview: Overview,
    window: TimeRange,
    *,
    now: float,
    tz: tzinfo | None = None,
    timezone: str | None = None,
    filters: Mapping[str, str] | None = None,
    budgets: Sequence[BudgetState] = (),
) -> str:
    """The whole file. now: seconds since the epoch. tz: as the overview was made with; timezone: its name."""
    style, script, frame = (
        files(__package__).joinpath(f"page.{kind}").read_text("utf-8") for kind in ("css", "js", "html")
    )
    written = datetime.fromtimestamp(now, UTC).astimezone(tz)
    days = _days(overview.days, window, written.date(), tz)
    only = "".join(f" · only {name} {value or '(none)'}" for name, value in (filters or {}).items())
    only += "" if "project" in (filters or {}) else " · all projects"
    body = _sections(overview, days, budgets) if overview.days.rows else _nothing()
    return Template(frame).substitute(
        policy=f"default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {_hash(style)}; script-src {_hash(script)}",
        style=style,
        script=script,
        window=join(_span(days), only, f" · {timezone or written.tzname()}"),
        written=join(f"{written.day} {written:%B %Y, %H:%M}"),
        body=body,
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _days(report: UsageReport, window: TimeRange, today: date, tz: tzinfo | None) -> list[UsageRow]:
    """A row for every day of the window, also for those on which nothing happened."""
    found = {row.group["day"]: row for row in report.rows}
    known = [date.fromisoformat(day) for day in found] or [today]
    first = window.since.astimezone(tz).date() if window.since else min(known)
    last = (window.until - timedelta(seconds=1)).astimezone(tz).date() if window.until else max(today, *known)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [found.get(day.isoformat()) or UsageRow(group={"day": day.isoformat()}) for day in days]


def _span(days: Sequence[UsageRow]) -> str:
    first, last = (date.fromisoformat(days[place].group["day"]) for place in (0, -1))
    if first == last:
        return f"{last.day} {last:%B %Y}"
    beginning = f"{first.day} {first:%B %Y}" if first.year != last.year else f"{first.day} {first:%B}"
    return f"{beginning} to {last.day} {last:%B %Y}"


def _nothing() -> Html:
    return tag("p", "Nothing was recorded in this window.", class_="nothing")


def _sections(overview: Overview, days: Sequence[UsageRow], budgets: Sequence[BudgetState]) -> Html:
    total, by_cost = overview.days.total, bool(overview.days.total.cost_usd)
    what = "Cost" if by_cost else "Requests"
    sections = [
        _headline(total),
        _section(f"{what} by day", _day_chart(days, by_cost), _figures_by_day(days), note=_legend(total, by_cost)),
        tag(
            "div",
            _section(f"{what} by model", bars(_bars(overview.models, by_cost))),
            _section(f"{what} by module", bars(_bars(overview.modules, by_cost))),
            class_="pair",
        ),
    ]
    if overview.latencies:
        note = "From question to answer. Half of them stay within p50, all but one in a hundred within p99."
        sections.append(_section("Latency", latencies(overview.latencies), note=join(note)))
    if budgets:
        sections.append(_section("Budget", tag("ol", *map(_budget, budgets), class_="bars")))
    if overview.advice:
        advice = tag("ul", *(tag("li", sentence) for sentence in overview.advice))
        sections.append(_section("What the figures suggest", advice))
    sections.append(_modules(overview.modules))
    return join(*sections)


def _section(title: str, *parts: Html, note: Html | None = None) -> Html:
    return tag("section", tag("h2", title), *([tag("p", note, class_="note")] if note else []), *parts)


def _headline(total: UsageRow) -> Html:
    failed = total.errors + total.rejected
    each = total.cost_per_accepted_usd
    facts = [
        (
            "Spent",
            dollars(total.cost_usd),
            f"{plural(total.unpriced, 'call')} unpriced" if total.unpriced else "every call is priced",
        ),
        (
            "Requests",
            f"{total.requests:,}",
            f"{compact(total.input_tokens)} tokens in, {compact(total.output_tokens)} out",
        ),
        ("Accepted", f"{total.accepted:,}", f"{dollars(each)} per symbol" if each is not None else "no known cost"),
        ("Cache hits", percent(total.cached, total.requests), f"saved {dollars(total.saved_usd)}"),
        ("Failed", f"{failed:,}", f"{dollars(total.failed_usd)} for nothing" if total.failed_usd else "cost nothing"),
    ]
    return tag(
        "dl",
        *(
            tag("div", tag("dt", name), tag("dd", figure), tag("dd", note, class_="note"))
            for name, figure, note in facts
        ),
    )


def _legend(total: UsageRow, by_cost: bool) -> Html | None:
    if not (by_cost and total.failed_usd):
        return None
    return join(tag("span", class_="key"), "accepted ", tag("span", class_="key lost"), "failed or rejected")


def _day_chart(days: Sequence[UsageRow], by_cost: bool) -> Html:
    size = -(-len(days) // MOST_COLUMNS)
    found = []
    for start in range(0, len(days), size):
        some = days[start : start + size]
        first = date.fromisoformat(some[0].group["day"])
        name = f"{first.day} {first:%b}"
        value = float(sum(row.cost_usd or 0 for row in some)) if by_cost else float(sum(row.requests for row in some))
        lost = float(sum(row.failed_usd for row in some)) if by_cost else 0.0
        label = dollars(Decimal(str(value))) if by_cost else plural(round(value), "request")
        over = "" if size == 1 else f" and {size - 1} days after"
        found.append(Bar(name=name, value=value, lost=lost, title=f"{name}{over}: {label}"))
    return columns(
        found, name="Columns, one for each day" if size == 1 else f"Columns of {size} days each", text=_axis(by_cost)
    )


def _axis(by_cost: bool) -> Callable[[float], str]:
    return _dollars_of_axis if by_cost else "{:,.10g}".format


def _dollars_of_axis(value: float) -> str:
    return f"${value:,.10g}" if value >= 1 else f"${value:.4f}".removesuffix("00")


def _bars(report: UsageReport, by_cost: bool) -> list[Bar]:
    rows = report.top("cost" if by_cost else "requests").rows
    found = [_bar(row.group[report.by[0]], [row], by_cost) for row in rows[:MOST_BARS]]
    rest = rows[MOST_BARS:]
    return [*found, _bar(plural(len(rest), "other"), rest, by_cost)] if rest else found


def _bar(name: str, rows: Sequence[UsageRow], by_cost: bool) -> Bar:
    if not by_cost:
        count = sum(row.requests for row in rows)
        return Bar(name=name, value=count, label=f"{count:,}")
    known = [row.cost_usd for row in rows if row.cost_usd is not None]
    cost, lost = sum(known, Decimal(0)), sum((row.failed_usd for row in rows), Decimal(0))
    return Bar(name=name, value=float(cost), lost=float(lost), label=_money(cost, sum(row.unpriced for row in rows)))


def _money(cost: Decimal | None, unpriced: int) -> str:
    return "unpriced" if unpriced and not cost else cents(cost or Decimal(0))


def _budget(state: BudgetState) -> Html:
    period, spent, limit = state
    name = tag("span", {"day": "Today", "month": "This month"}[period] + " (UTC)", class_="name")
    figure = tag("span", f"{dollars(spent)} of {dollars(limit)}", class_="figure")
    return tag("li", name, figure, gauge(float(spent / limit) if limit else 1.0))


def _figures_by_day(days: Sequence[UsageRow]) -> Html:
    rows = [row for row in reversed(days) if row.requests]
    return tag("details", tag("summary", "Figures by day"), _table("day", rows))


def _modules(report: UsageReport) -> Html:
    rows = report.top("cost").rows
    which = f"The {MOST_ROWS} dearest of {len(rows):,}. " if len(rows) > MOST_ROWS else ""
    note = join(which, "Each: what an accepted symbol cost, failures included.")
    return _section("Modules", _table("module", rows[:MOST_ROWS], sortable=True), note=note)


def _table(by: str, rows: Sequence[UsageRow], *, sortable: bool = False) -> Html:
    names = (by.capitalize(), "Cost", "Each", "Requests", "Cached", "Failed", "Tokens in", "Tokens out", "Unpriced")
    head = tag("tr", *(tag("th", name, scope="col") for name in names))
    body = tag("tbody", *(_row(row.group[by], row) for row in rows))
    return tag("div", tag("table", tag("thead", head), body, class_="sortable" if sortable else None), class_="scroll")


def _row(name: str, row: UsageRow) -> Html:
    failed, each = row.errors + row.rejected, row.cost_per_accepted_usd
    cells: list[tuple[str, Decimal | int | None]] = [
        (_money(row.cost_usd, row.unpriced), row.cost_usd),
        (dollars(each) if each else "", each),
        *((f"{count:,}", count) for count in (row.requests, row.cached, failed)),
        *((compact(count), count) for count in (row.input_tokens, row.output_tokens)),
        (f"{row.unpriced:,}", row.unpriced),
    ]
    values = (tag("td", text, data_value="-1" if value is None else f"{Decimal(value):f}") for text, value in cells)
    return tag("tr", tag("th", breakable(name), scope="row"), *values)
