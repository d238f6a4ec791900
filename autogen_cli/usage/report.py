"""Reports over the ledger: rows of data for others to draw."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Self

from autogen_cli.errors import ArgumentError
from autogen_cli.models import UsageEvent

DIMENSIONS = ("day", "model", "provider", "module", "command", "project", "outcome")


@dataclass(slots=True, kw_only=True)
class UsageRow:
    """Sums over the events of one group.

    requests: every event. cached, errors, rejected: how many of them were that. unpriced: how many cost an unknown sum;
    `cost_usd` is what is known, and None where nothing is. duration_ms: summed, not elapsed.
    """

    group: Mapping[str, str] = field(default_factory=dict)
    requests: int = 0
    cached: int = 0
    errors: int = 0
    rejected: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: Decimal | None = None
    unpriced: int = 0
    duration_ms: int = 0

    def add(self, event: UsageEvent) -> None:
        self.requests += 1
        self.cached += event.outcome == "cached"
        self.errors += event.outcome == "error"
        self.rejected += event.outcome == "rejected"
        self.input_tokens += event.input_tokens
        self.output_tokens += event.output_tokens
        self.cached_tokens += event.cached_tokens
        self.duration_ms += event.duration_ms
        if event.cost_usd is not None:
            self.cost_usd = (self.cost_usd or Decimal(0)) + event.cost_usd
        elif event.outcome != "cached":
            self.unpriced += 1


@dataclass(frozen=True, slots=True)
class UsageReport:
    """by: what the rows are grouped by, in that order; the rows are sorted by it too."""

    by: tuple[str, ...]
    rows: tuple[UsageRow, ...]
    total: UsageRow

    @classmethod
    def build(cls, events: Iterable[UsageEvent], *, by: Sequence[str] = ("day",), tz: tzinfo | None = None) -> Self:
        """tz: decides where a day begins; None: the machine's zone. Raises ArgumentError for an unknown dimension."""
        dimensions = tuple(dict.fromkeys(by))
        for name in dimensions:
            if name not in DIMENSIONS:
                raise ArgumentError(f"usage can't be grouped by '{name}'", hint=f"choose from {', '.join(DIMENSIONS)}")
        keys = [_dimension(name, tz) for name in dimensions]
        rows: dict[tuple[str, ...], UsageRow] = {}
        total = UsageRow()
        for event in events:
            group = tuple(key(event) for key in keys)
            if group not in rows:
                rows[group] = UsageRow(group=dict(zip(dimensions, group, strict=True)))
            rows[group].add(event)
            total.add(event)
        return cls(dimensions, tuple(rows[group] for group in sorted(rows)), total)


def _dimension(name: str, tz: tzinfo | None) -> Callable[[UsageEvent], str]:
    if name == "day":
        return lambda event: datetime.fromtimestamp(event.time, tz).date().isoformat()
    return lambda event: str(getattr(event, name) or "(none)")
