"""Reports over the ledger: rows of data for others to draw."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Self

from autogen_cli.errors import ArgumentError
from autogen_cli.models import UsageEvent
from autogen_cli.usage import rollup
from autogen_cli.usage.ledger import UsageTracker
from autogen_cli.usage.rollup import QUARTER, Sums
from autogen_cli.usage.window import TimeRange

DIMENSIONS = ("day", "model", "provider", "module", "symbol", "command", "project", "outcome")
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
    def cost_per_accepted(self) -> Decimal | None:
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
    ) -> Self:
        """A window of the ledger. tz: decides where a day begins; None: the machine's zone.

        Raises ArgumentError for an unknown dimension and ConfigError where the ledger can't be read.
        """
        for name in (*by, *(filters or {})):
            _check(name)
        facts = {"time" if name == "day" else name for name in by} | {"outcome"}
        sums = tracker.sums(window.start, window.stop, by=sorted(facts), filters=filters)
        return cls._add_up(sums, by, tz)

    @classmethod
    def build(cls, events: Iterable[UsageEvent], *, by: Sequence[str] = ("day",), tz: tzinfo | None = None) -> Self:
        """The same over any events."""
        for name in by:
            _check(name)
        return cls._add_up(map(rollup.of_event, events), by, tz)

    def top(self, sort: str, limit: int | None = None) -> Self:
        """Only so many rows, the largest first by `cost`, `requests` or `tokens`, else as they are. The total stays."""
        rows = sorted(self.rows, key=_SORTS[sort], reverse=True) if sort in _SORTS else self.rows
        return replace(self, rows=tuple(rows[:limit]))

    @classmethod
    def _add_up(cls, sums: Iterable[Sums], by: Sequence[str], tz: tzinfo | None) -> Self:
        dimensions = tuple(dict.fromkeys(by))
        keys = [_dimension(name, tz) for name in dimensions]
        rows: dict[tuple[str, ...], UsageRow] = {}
        total = UsageRow()
        for one in sums:
            group = tuple(key(one) for key in keys)
            if group not in rows:
                rows[group] = UsageRow(group=dict(zip(dimensions, group, strict=True)))
            rows[group].add(one)
            total.add(one)
        return cls(dimensions, tuple(rows[group] for group in sorted(rows)), total)


def _check(name: str) -> None:
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
