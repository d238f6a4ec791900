"""How a usage report looks on a terminal, and as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from autogen_cli.cli.output import Column, Output
from autogen_cli.usage.figures import compact, dollars, percent, plural

if TYPE_CHECKING:
    from autogen_cli.limits.budget import Spending
    from autogen_cli.usage.performance import PerformanceSummary, PhaseStats
    from autogen_cli.usage.report import UsageReport, UsageRow

NOTHING = "nothing was recorded in this window; `--since all` looks further back"

_CSV = (
    "requests", "cached", "errors", "rejected", "accepted", "input_tokens", "output_tokens", "cached_tokens",
    "cost_usd", "cost_per_accepted_usd", "failed_usd", "saved_usd", "unpriced",
)  # fmt: skip
_FIGURES = ("requests", "cached", "failed", "tokens in", "tokens out", "cost", "share", "per accepted")
_BARS = "▁▂▃▄▅▆▇█"


def csv_of(report: "UsageReport") -> str:
    """A head and a line for each row; an unknown cost is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*report.by, *_CSV])
    writer.writerows(
        [*(row.group[name] for name in report.by), *(getattr(row, name) for name in _CSV)] for row in report.rows
    )
    return text.getvalue()


def show_report(out: Output, report: "UsageReport", models: "UsageReport", budgets: "Sequence[Spending]") -> None:
    """A table, and below it what is worth a sentence. models: the same window by model, for advice."""
    from autogen_cli.usage.advice import advise

    if not report.rows:
        out.note(NOTHING)
        return
    columns = [*(Column(name) for name in report.by), *(Column(name, "right") for name in _FIGURES)]
    total = report.total
    rows = [(*(row.group[name] for name in report.by), *_figures(row, total)) for row in report.rows]
    head = ("total", *("" for _ in report.by[1:]))
    costs = [row.cost_usd for row in sorted(report.rows, key=lambda row: row.group.get("day", ""))]
    title = f"cost by day {sparkline(costs)}" if report.by == ("day",) else None
    out.table(columns, rows, title=title, footer=(*head, *_figures(total, total)) if report.by else None)
    for sentence in (*_sentences(total), *map(_budget, budgets), *advise(models)):
        out.text(f"{sentence}\n")


def _figures(row: "UsageRow", total: "UsageRow") -> tuple[str, ...]:
    counts = (f"{count:,}" for count in (row.requests, row.cached, row.errors + row.rejected))
    share = percent(row.cost_usd, total.cost_usd) if row.cost_usd and total.cost_usd else ""
    each = dollars(row.cost_per_accepted_usd) if row.cost_per_accepted_usd else ""
    return *counts, compact(row.input_tokens), compact(row.output_tokens), _cost(row), share, each


def _cost(row: "UsageRow") -> str:
    """What is known, and how many calls it leaves out."""
    if row.unpriced and not row.cost_usd:
        return f"{row.unpriced:,} unpriced"
    rest = f" + {row.unpriced:,} unpriced" if row.unpriced else ""
    return dollars(row.cost_usd) + rest


def _sentences(total: "UsageRow") -> Iterator[str]:
    if total.cached:
        saved = f" and saved {dollars(total.saved_usd)}" if total.saved_usd else ""
        yield f"the cache answered {percent(total.cached, total.requests)} of the requests{saved}"
    if total.errors or total.rejected:
        what = f"{plural(total.errors, 'call')} failed, {plural(total.rejected, 'answer')} rejected"
        yield f"{what}: {dollars(total.failed_usd)}" + (" where the cost is known" if total.unpriced else "")


def _budget(spending: "Spending") -> str:
    limit = spending.limit or Decimal(0)
    left = max(Decimal(0), limit - spending.spent - spending.reserved)
    return f"budget of the {spending.period} (UTC): {dollars(left)} of {dollars(limit)} left"


def sparkline(costs: "Sequence[Decimal | None]") -> str:
    known = [float(cost or 0) for cost in costs]
    top = max(known)
    return "".join(_BARS[round((len(_BARS) - 1) * cost / top)] for cost in known) if top else ""


def show_performance(out: Output, found: "PerformanceSummary") -> None:
    if found.whole is None:
        out.note(NOTHING)
        return
    columns = [Column("phase"), *(Column(name, "right") for name in ("count", "p50", "p95", "p99", "total", "share"))]
    out.table(columns, map(_phase, found.phases), footer=_phase(found.whole), title="milliseconds")
    slow = [(one.module, one.symbol or "", one.provider, str(one.duration_ms)) for one in found.slowest]
    heads = [Column("module"), Column("symbol"), Column("provider"), Column("ms", "right")]
    out.table(heads, slow, title="slowest")


def _phase(stats: "PhaseStats") -> tuple[str, ...]:
    times = (f"{figure:,}" for figure in (stats.p50, stats.p95, stats.p99, stats.total))
    return stats.phase, str(stats.count), *times, f"{100 * stats.share:.0f} %"
