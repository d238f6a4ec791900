"""A window of the ledger from several sides at once, for the page that `usage --html` writes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Self

from autogen_cli.models import UsageEvent
from autogen_cli.usage.advice import advise
from autogen_cli.usage.ledger import UsageTracker
from autogen_cli.usage.performance import percentile
from autogen_cli.usage.report import UsageReport, add_up, check_dimensions
from autogen_cli.usage.rollup import Sums, of_event
from autogen_cli.usage.window import TimeRange

CACHE = "cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds from question to answer: of a model, of a provider without models, or of the cache."""

    name: str
    count: int
    p50: int
    p95: int
    p99: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    days: UsageReport
    models: UsageReport
    modules: UsageReport
    latencies: tuple[Latency, ...]
    advice: tuple[str, ...]

    @classmethod
    def of(
        cls,
        tracker: UsageTracker,
        window: TimeRange,
        *,
        filters: Mapping[str, str] | None = None,
        tz: tzinfo | None = None,
    ) -> Self:
        """One reading of the window's events. Raises ArgumentError and ConfigError as `UsageReport.of` does."""
        check_dimensions(filters or {})
        clock = _Clock()

        def timed() -> Iterator[Sums]:
            for event in tracker.events(window.start, window.stop, filters):
                clock.add(event)
                yield of_event(event)

        days, models, modules = add_up(timed(), ["day"], ["model"], ["module"], tz=tz)
        return cls(days=days, models=models, modules=modules, latencies=clock.latencies(), advice=advise(models))


def latencies_of(events: Iterable[UsageEvent]) -> tuple[Latency, ...]:
    """The slowest first. Calls that failed are left out."""
    clock = _Clock()
    for event in events:
        clock.add(event)
    return clock.latencies()


class _Clock:
    def __init__(self) -> None:
        self._times: dict[str, list[int]] = defaultdict(list)

    def add(self, event: UsageEvent) -> None:
        if event.outcome != "error":
            name = CACHE if event.outcome == "cached" else event.model or event.provider
            self._times[name].append(event.duration_ms)

    def latencies(self) -> tuple[Latency, ...]:
        found = (_latency(name, sorted(times)) for name, times in self._times.items())
        return tuple(sorted(found, key=lambda latency: -latency.p50))


def _latency(name: str, times: list[int]) -> Latency:
    p50, p95, p99 = (percentile(times, part) for part in (0.5, 0.95, 0.99))
    return Latency(name=name, count=len(times), p50=p50, p95=p95, p99=p99)
