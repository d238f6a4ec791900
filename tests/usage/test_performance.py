import pytest

from autogen_cli.usage.performance import PerformanceSummary, percentile


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
