"""What the books cost a generation, in this process: `make bench`."""

import itertools
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from autogen_cli.models import UsageEvent
from autogen_cli.usage.ledger import UsageTracker
from autogen_cli.usage.performance import PerformanceSummary
from autogen_cli.usage.phases import PerformanceMonitor

pytestmark = pytest.mark.soak
PHASES = {"project": 31, "index": 40, "rank": 6, "render": 45, "cache": 3, "wait": 2, "provider": 900, "checks": 60}


def event(number: int) -> UsageEvent:
    return UsageEvent(
        time=1.7e9 + number, command="generate", module="a.b", symbol=f"f{number}", provider="openai", model="m",
        outcome="accepted", duration_ms=900, phases_ms=PHASES,
    )  # fmt: skip


def test_a_phase_within_a_phase(benchmark: BenchmarkFixture) -> None:
    monitor = PerformanceMonitor()

    def run() -> None:
        with monitor.phase("wait"), monitor.phase("provider"):
            pass

    benchmark(run)
    assert set(monitor.phases_ms) == {"wait", "provider"}


def test_an_event_on_disk(tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    ledger, numbers = UsageTracker(tmp_path / "usage"), itertools.count()
    benchmark(lambda: ledger.record(event(next(numbers))))
    assert next(ledger.latest(1)).phases_ms == PHASES
    ledger.close()


def test_the_summary_of_ten_thousand_events(benchmark: BenchmarkFixture) -> None:
    events = [event(number) for number in range(10_000)]
    assert benchmark(PerformanceSummary.of, events).requests == 10_000
