"""Reports over the ledger: rows of data for others to draw."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from decimal import Decimal

from autogen_cli.errors import ArgumentError
from autogen_cli.models import UsageEvent
from autogen_cli.usage import rollup
from autogen_cli.usage.ledger import UsageTracker
from autogen_cli.usage.rollup import QUARTER, Sums
from autogen_cli.usage.window import TimeRange

DIMENSIONS = ("day", "model", "provider", "module", "symbol", "command", "project", "batch", "outcome")
FILTERS = DIMENSIONS[1:]
_ACCEPTED = {"accepted", "scaffold"}
_FAILED = {"error", "rejected"}


@dataclass(slots=True, kw_only=True)
class UsageRow:
    """Sums over the events of one group.

    requests: every event; accepted, cached, errors, rejected: how many of them were that. unpriced: how many cost an
    unknown sum; `cost_usd` is what is known, None where nothing is. failed_usd: what errors and rejected answers took
    of it. saved_usd: what the cache hits would have cost. duration_ms: summed, not elapsed.
    """

    group: Mapping[str, str] = field(default_factory=dict)
    requests: int = 0
    accepted: int = 0
    cached: int = 0
    errors: int = 0
    rejected: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)
    failed_usd: Decimal = Decimal(0)
    saved_usd: Decimal = Decimal(0)
    unpriced: int = 0
    duration_ms: int = 0

    def add(self, sums: Sums) -> None:
        outcome = sums.facts["outcome"]
        self.requests += sums.requests
        self.accepted += sums.requests * (outcome in _ACCEPTED)
        self.cached += sums.requests * (outcome == "cached")
        self.errors += sums.requests * (outcome == "error")
        self.rejected += sums.requests * (outcome == "rejected")
        self.input_tokens += sums.input_tokens
        self.output_tokens += sums.output_tokens
        self.cached_tokens += sums.cached_tokens
        self.duration_ms += sums.duration_ms
        self.saved_usd += sums.saved_usd
        self.unpriced += sums.unpriced
        known = (self.cost_usd or Decimal(0)) + sums.cost_usd
        self.cost_usd = None if self.unpriced == self.requests else known
        if outcome in _FAILED:
            self.failed_usd += sums.cost_usd

    @property
    def cost_per_accepted_usd(self) -> Decimal | None:
        """USD for each answer that was accepted, failures included; None where there is none, or no known cost."""
        return None if self.cost_usd is None or not self.accepted else self.cost_usd / self.accepted


_SORTS: dict[str, Callable[[UsageRow], Decimal | int]] = {
    "cost": lambda row: row.cost_usd or Decimal(0),
    "requests": lambda row: row.requests,
    "tokens": lambda row: row.input_tokens + row.output_tokens,
}


@dataclass(frozen=True, slots=True)
class UsageReport:
    """by: what the rows are grouped by, in that order; the rows are sorted by it too."""

    by: tuple[str, ...]
    rows: tuple[UsageRow, ...]
    total: UsageRow

    @classmethod
    def of(
        cls,
        tracker: UsageTracker,
        window: TimeRange,
        *,
        by: Sequence[str] = ("day",),
        filters: Mapping[str, str] | None = None,
        tz: tzinfo | None = None,
    ) -> "UsageReport":
        """A window of the ledger. tz: decides where a day begins; None: the machine's zone.

        Raises ArgumentError for an unknown dimension and ConfigError where the ledger can't be read.
        """
        return reports_of(tracker, window, by, filters=filters, tz=tz)[0]

    @classmethod
    def build(
        cls, events: Iterable[UsageEvent], *, by: Sequence[str] = ("day",), tz: tzinfo | None = None
    ) -> "UsageReport":
        """The same over any events."""
        return add_up(map(rollup.of_event, events), by, tz=tz)[0]

    def top(self, sort: str, limit: int | None = None) -> "UsageReport":
        """Only so many rows, the largest first by `cost`, `requests` or `tokens`, else as they are. The total stays."""
        rows = sorted(self.rows, key=_SORTS[sort], reverse=True) if sort in _SORTS else self.rows
        return replace(self, rows=tuple(rows[:limit]))


def reports_of(
    tracker: UsageTracker,
    window: TimeRange,
    *bys: Sequence[str],
    filters: Mapping[str, str] | None = None,
    tz: tzinfo | None = None,
) -> list[UsageReport]:
    """Several reports over the same window, for one reading of the ledger; see `UsageReport.of`."""
    names = {name for by in bys for name in by}
    check_dimensions((*names, *(filters or {})))
    sums = tracker.sums(window.start, window.stop, by=sorted(names | {"outcome"}), filters=filters, tz=tz)
    return add_up(sums, *bys, tz=tz)


def add_up(sums: Iterable[Sums], *bys: Sequence[str], tz: tzinfo | None = None) -> list[UsageReport]:
    """A report for each way to group, all from one look at each of the sums."""
    groupings = [_Grouping(by, tz) for by in bys]
    for one in sums:
        for grouping in groupings:
            grouping.add(one)
    return [grouping.report() for grouping in groupings]


class _Grouping:
    def __init__(self, by: Sequence[str], tz: tzinfo | None) -> None:
        self._by = tuple(dict.fromkeys(by))
        check_dimensions(self._by)
        self._keys = [_dimension(name, tz) for name in self._by]
        self._rows: dict[tuple[str, ...], UsageRow] = {}
        self._total = UsageRow()

    def add(self, sums: Sums) -> None:
        group = tuple(key(sums) for key in self._keys)
        if group not in self._rows:
            self._rows[group] = UsageRow(group=dict(zip(self._by, group, strict=True)))
        self._rows[group].add(sums)
        self._total.add(sums)

    def report(self) -> UsageReport:
        return UsageReport(self._by, tuple(self._rows[group] for group in sorted(self._rows)), self._total)


def check_dimensions(names: Iterable[str]) -> None:
    """Raises ArgumentError for what is not one of DIMENSIONS."""
    for name in names:
        if name not in DIMENSIONS:
            raise ArgumentError(f"usage can't be grouped by '{name}'", hint=f"choose from {', '.join(DIMENSIONS)}")


def _dimension(name: str, tz: tzinfo | None) -> Callable[[Sums], str]:
    if name != "day":
        return lambda sums: sums.facts[name] or "(none)"
    days: dict[int, str] = {}

    def day(sums: Sums) -> str:
        quarter = int(sums.time // QUARTER)
        if quarter not in days:
            days[quarter] = datetime.fromtimestamp(sums.time, tz).date().isoformat()
        return days[quarter]

    return day
