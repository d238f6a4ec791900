"""A report from the roll-ups is the report from the events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autogen_cli.security.crypto import KEY_BYTES, Sealer
from autogen_cli.usage.ledger import UsageTracker, event_key
from autogen_cli.usage.report import UsageReport
from autogen_cli.usage.window import TimeRange

START = datetime(2026, 10, 24, 20, tzinfo=UTC)  # Berlin's clocks go back in the night to the 25th
MOMENTS = st.integers(0, 3 * 86400).map(lambda seconds: START.timestamp() + seconds)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "time": MOMENTS,
            "model": st.sampled_from([None, "m-1", "m-2"]),
            "provider": st.sampled_from(["openai", "scaffold"]),
            "outcome": st.sampled_from(["accepted", "rejected", "error", "cached"]),
            "cost_usd": st.sampled_from([None, Decimal(0), Decimal("0.000000012345"), Decimal("12.34")]),
            "saved_usd": st.sampled_from([None, Decimal("0.01")]),
            "input_tokens": st.integers(0, 10_000),
            "duration_ms": st.integers(0, 10_000),
            "project": st.sampled_from(["", "/p"]),
        }
    ),
    max_size=30,
)


@pytest.fixture
def tracker(tmp_path: Path):
    made = UsageTracker(tmp_path / "usage")
    yield made
    made.close()


def quarters(tracker: UsageTracker) -> list[tuple]:
    return list(tracker._store.select("SELECT * FROM Quarter WHERE requests <> 0"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=EVENTS,
    bounds=st.lists(st.one_of(st.none(), MOMENTS), min_size=2, max_size=2),
    by=st.lists(st.sampled_from(["day", "model", "provider", "command", "outcome", "module"]), max_size=2),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]),
    filters=st.sampled_from([{}, {"model": "m-1"}, {"provider": "openai", "project": ""}, {"module": "pkg.mod"}]),
)
def test_any_window_in_any_zone_adds_up_to_its_events(tracker, make_event, data, bounds, by, zone, filters):
    tracker.prune(2**40)
    events = [make_event(**fields) for fields in data]
    tracker.record(*events)
    window = TimeRange(*(None if bound is None else datetime.fromtimestamp(bound, UTC) for bound in bounds))
    found = UsageReport.of(tracker, window, by=by, tz=ZoneInfo(zone), filters=filters)

    expected = [
        event
        for event in events
        if (window.start is None or event.time >= window.start)
        and (window.stop is None or event.time < window.stop)
        and all((getattr(event, name) or "") == value for name, value in filters.items())
    ]
    assert found == UsageReport.build(expected, by=by, tz=ZoneInfo(zone))


def test_a_long_window_reads_few_events(tracker: UsageTracker, make_event, monkeypatch):
    tracker.record(*(make_event(START.timestamp() + 60 * number) for number in range(1000)))
    read: list[float] = []
    events = tracker.events
    monkeypatch.setattr(
        tracker, "events", lambda *bounds: (read.append(event.time) or event for event in events(*bounds))
    )
    window = TimeRange(START + timedelta(minutes=7), START + timedelta(minutes=607))
    report = UsageReport.of(tracker, window, by=["model"], tz=UTC)

    assert report.total.requests == 600
    assert len(read) < 30


def test_what_is_removed_leaves_the_sums(tracker: UsageTracker, make_event):
    for hour in range(10):
        tracker.record(make_event(START.timestamp() + 3600 * hour))
    assert tracker.prune(START.timestamp() + 3600 * 7.5) == 8

    assert UsageReport.of(tracker, TimeRange()).total.requests == len(list(tracker.events())) == 2
    tracker.prune(2**40)
    assert quarters(tracker) == []


def test_old_events_go_when_the_first_is_written(tmp_path: Path, make_event):
    day = 86400
    with_all = UsageTracker(tmp_path / "usage")
    with_all.record(*(make_event(START.timestamp() + number * day) for number in range(10)))
    with_all.close()
    tracker = UsageTracker(tmp_path / "usage", retention_days=3)
    tracker.record(make_event(START.timestamp() + 10 * day))

    assert [event.time for event in tracker.events()] == [START.timestamp() + number * day for number in range(7, 11)]
    tracker.close()


def test_the_same_event_twice_counts_once(tracker: UsageTracker, make_event):
    event = make_event()
    key = event_key(event.time, "0" * 12)

    assert (tracker.add([(key, event)]), tracker.add([(key, replace(event, module="other"))])) == (1, 0)
    assert UsageReport.of(tracker, TimeRange()).total.requests == 1


def test_a_sealed_ledger_keeps_no_sums_and_reports_the_same(tracker: UsageTracker, make_event):
    events = [make_event(START.timestamp() + 400 * number, model=f"m-{number % 3}") for number in range(50)]
    tracker.record(*events)
    before = UsageReport.of(tracker, TimeRange(), by=["model"], tz=UTC)

    assert tracker.reseal(Sealer([b"k" * KEY_BYTES])) == 50
    tracker.record(make_event(START.timestamp(), model="m-9"))
    assert quarters(tracker) == []
    after = UsageReport.of(tracker, TimeRange(), by=["model"], tz=UTC)
    assert after.rows[:3] == before.rows
    assert after.total.requests == 51


@pytest.mark.parametrize("value", [{"time": "soon"}, {"time": 1.5}, {"strange": []}])
def test_what_is_no_event_is_in_no_sum(tracker: UsageTracker, value):
    tracker._store.append([("0" * 17 + "-x", value)])
    tracker._store.delete("0" * 17 + "-x")

    assert quarters(tracker) == []
