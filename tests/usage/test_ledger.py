import contextlib
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.errors import ConfigError
from autogen_cli.usage.ledger import UsageTracker, event_from_json, event_to_json


@pytest.fixture
def tracker(tmp_path: Path):
    made = UsageTracker(tmp_path / "usage")
    yield made
    made.close()


def test_events_come_back_in_order_of_time(tracker: UsageTracker, make_event):
    events = [make_event(time) for time in (30.5, 10.25, 20.0)]
    for event in events:
        tracker.record(event)

    assert list(tracker.events()) == [events[1], events[2], events[0]]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [(None, None, [10, 20, 30]), (20, None, [20, 30]), (None, 20, [10]), (10, 30, [10, 20]), (31, None, [])],
)
def test_a_window_holds_its_beginning_and_not_its_end(tracker: UsageTracker, make_event, since, until, expected):
    for time in (10.0, 20.0, 30.0):
        tracker.record(make_event(time))

    assert [event.time for event in tracker.events(since, until)] == expected


def test_a_window_is_searched_in_the_index(tracker: UsageTracker, make_event):
    tracker.record(make_event())
    with contextlib.closing(sqlite3.connect(tracker._store.path)) as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT value FROM Cache WHERE key >= '1' AND key < '2' ORDER BY key"
        ).fetchall()

    assert "SEARCH Cache USING INDEX" in plan[0][-1]
    assert len(plan) == 1


def test_two_events_of_one_moment_are_both_kept(tracker: UsageTracker, make_event):
    for _ in range(2):
        tracker.record(make_event())

    assert len(list(tracker.events())) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"cost_usd": None, "cost_source": "unpriced", "model": None, "symbol": None},
        {"cost_usd": Decimal("0.000000000001"), "phases_ms": {"provider": 12}, "error": "timeout"},
        {"cached_tokens": 7, "project": "/p", "request_id": "r", "outcome": "error"},
    ],
)
def test_an_event_survives_as_json(make_event, fields):
    event = make_event(**fields)

    assert event_from_json(event_to_json(event)) == event


def test_a_document_that_is_no_event_is_skipped(tracker: UsageTracker, make_event):
    tracker.record(make_event())
    tracker._store.set([("9" * 17 + "-x", {"strange": 1}, None, None)])
    tracker._store.set([("9" * 17 + "-y", {**event_to_json(make_event()), "cost_usd": "much"}, None, None)])

    assert list(tracker.events()) == [make_event()]


def test_disabled_writes_nothing(tmp_path: Path, make_event):
    tracker = UsageTracker(tmp_path / "usage", enabled=False)
    tracker.record(make_event())

    assert list(tracker.events()) == []
    assert not (tmp_path / "usage").exists()


def test_a_ledger_that_cannot_be_written_is_one_warning(tmp_path: Path, make_event):
    warnings: list[str] = []
    (tmp_path / "file").write_text("")
    tracker = UsageTracker(tmp_path / "file" / "usage", on_warning=warnings.append)
    tracker.record(make_event())
    tracker.record(make_event())

    assert len(warnings) == 1
    assert warnings[0].startswith("usage is not recorded: ")


def test_a_ledger_that_cannot_be_read_is_an_error(tmp_path: Path):
    folder = tmp_path / "usage"
    (folder / "cache.db").mkdir(parents=True)

    with pytest.raises(ConfigError, match="can't be read"):
        list(UsageTracker(folder).events())


def test_many_processes_write_without_loss(tracker: UsageTracker, tmp_path: Path):
    script = (
        "import sys; from pathlib import Path; from decimal import Decimal\n"
        "from autogen_cli.models import UsageEvent; from autogen_cli.usage.ledger import UsageTracker\n"
        "tracker = UsageTracker(Path(sys.argv[1]))\n"
        "for n in range(100): tracker.record(UsageEvent(time=float(n), command='c', module='m', symbol=None,\n"
        "    provider='p', model=None, outcome='accepted', cost_usd=Decimal('0.01')))\n"
        "tracker.close()"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, tmp_path / "usage"]) for _ in range(4)]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    events = list(tracker.events())

    assert len(events) == 400
    assert sum(event.cost_usd for event in events) == Decimal("4.00")
