"""Where the time goes: what the phases of many generations come to."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from autogen_cli.models import UsageEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStats:
    """Milliseconds. share: of the time that all phases took, 0 to 1."""

    phase: str
    count: int
    p50: int
    p95: int
    p99: int
    total: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowTarget:
    module: str
    symbol: str | None
    provider: str
    duration_ms: int
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceSummary:
    """requests: events looked at. whole: what each took, from the target to the result. phases: the longest first.

    hit_rate: of 1, or None.
    """

    requests: int
    hit_rate: float | None
    whole: PhaseStats | None
    phases: tuple[PhaseStats, ...]
    slowest: tuple[SlowTarget, ...]

    @classmethod
    def of(cls, events: Iterable[UsageEvent], *, slowest: int = 5) -> Self:
        found = list(events)
        by_phase: dict[str, list[int]] = defaultdict(list)
        for event in found:
            for phase, milliseconds in event.phases_ms.items():
                by_phase[phase].append(milliseconds)
        total = sum(map(sum, by_phase.values()))
        phases = [_stats(phase, times, total) for phase, times in by_phase.items()]
        durations = [_whole(event) for event in found]
        hits = sum(event.outcome == "cached" for event in found)
        return cls(
            requests=len(found),
            hit_rate=hits / len(found) if found else None,
            whole=_stats("whole", durations, sum(durations)) if durations else None,
            phases=tuple(sorted(phases, key=lambda stats: -stats.total)),
            slowest=tuple(map(_slow, sorted(found, key=lambda event: -_whole(event))[:slowest])),
        )


def percentile(ordered: Sequence[int], part: float) -> int:
    """The nearest rank: the smallest value that at least `part` of all don't exceed."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def _stats(phase: str, times: Sequence[int], total: int) -> PhaseStats:
    ordered = sorted(times)
    p50, p95, p99 = (percentile(ordered, part) for part in (0.5, 0.95, 0.99))
    share = sum(ordered) / total if total else 0.0
    return PhaseStats(phase=phase, count=len(ordered), p50=p50, p95=p95, p99=p99, total=sum(ordered), share=share)


def _whole(event: UsageEvent) -> int:
    """What a request took: an event's own duration is the provider's, or all that a failed call has."""
    return max(event.duration_ms, sum(event.phases_ms.values()))


def _slow(event: UsageEvent) -> SlowTarget:
    return SlowTarget(
        module=event.module,
        symbol=event.symbol,
        provider=event.provider,
        duration_ms=_whole(event),
        time=event.time,
    )
