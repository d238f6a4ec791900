from collections.abc import Iterator

import pytest

from autogen_cli.usage.performance import PerformanceMonitor, PerformanceSummary, percentile


def ticks(*moments: float) -> Iterator[float]:
    return iter(moments)


def test_phases_are_added_up():
    clock = ticks(0.0, 0.0, 0.1, 1.0, 1.5, 2.0, 2.25)
    monitor = PerformanceMonitor(lambda: next(clock))
    for phase in ("index", "provider", "index"):
        with monitor.phase(phase):
            pass

    assert monitor.phases_ms == {"index": 350, "provider": 500}


def test_a_phase_within_another_counts_only_there():
    clock = ticks(0.0, 0.0, 1.0, 2.0, 3.0, 3.5, 4.0, 10.0)
    monitor = PerformanceMonitor(lambda: next(clock))
    with monitor.phase("wait"):
        with monitor.phase("provider"):
            pass
        with monitor.phase("provider"):
            pass

    assert monitor.phases_ms == {"provider": 1500, "wait": 2500}
    assert monitor.elapsed_ms == 10000


def test_a_lap_has_what_came_since_the_last_one():
    clock = ticks(0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 4.0)
    monitor = PerformanceMonitor(lambda: next(clock))
    with monitor.phase("index"):
        pass
    with monitor.phase("cache"):
        pass
    assert monitor.lap_ms() == {"index": 1000, "cache": 0}
    with monitor.phase("checks"):
        pass

    assert monitor.lap_ms() == {"checks": 2000}
    assert monitor.lap_ms() == {}
    assert monitor.phases_ms == {"index": 1000, "cache": 0, "checks": 2000}


def test_a_phase_that_fails_took_its_time_too():
    clock = ticks(0.0, 0.0, 2.0)
    monitor = PerformanceMonitor(lambda: next(clock))
    with pytest.raises(ConnectionError), monitor.phase("provider"):
        raise ConnectionError

    assert monitor.phases_ms == {"provider": 2000}


@pytest.mark.parametrize(("part", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_percentiles_are_nearest_ranks(part: float, expected: int):
    assert percentile(range(1, 101), part) == expected
    assert percentile([7], part) == 7


def test_a_summary_has_percentiles_shares_and_the_slowest(make_event):
    events = [
        make_event(duration_ms=number, symbol=f"f{number}", phases_ms={"provider": 3 * number, "index": number})
        for number in range(1, 101)
    ]
    found = PerformanceSummary.of([*events, make_event(outcome="cached", duration_ms=0)], slowest=2)

    provider, index = found.phases
    assert (provider.phase, provider.p50, provider.p95, provider.p99, provider.share) == (
        "provider",
        150,
        285,
        297,
        0.75,
    )
    assert (index.count, index.total, found.whole.p99) == (100, 5050, 396)
    assert [slow.symbol for slow in found.slowest] == ["f100", "f99"]
    assert (found.requests, found.hit_rate) == (101, 1 / 101)


def test_no_events_have_a_summary():
    found = PerformanceSummary.of([])

    assert (found.requests, found.hit_rate, found.whole, found.phases, found.slowest) == (0, None, None, (), ())


def test_phases_that_took_no_time_have_no_share(make_event):
    assert PerformanceSummary.of([make_event(phases_ms={"cache": 0})]).phases[0].share == 0
