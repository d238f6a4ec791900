from collections.abc import Iterator

import pytest

from autogen_cli.usage.phases import PerformanceMonitor


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


def test_phases_that_ran_elsewhere_were_not_waited_for():
    clock = ticks(0.0, 0.0, 3.0)
    monitor = PerformanceMonitor(lambda: next(clock))
    with monitor.phase("wait"):
        monitor.note({"index": 1500, "rank": 500})

    assert monitor.phases_ms == {"index": 1500, "rank": 500, "wait": 1000}


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
