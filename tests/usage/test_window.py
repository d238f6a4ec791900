from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from autogen_cli.errors import ArgumentError
from autogen_cli.usage.window import TimeRange

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 26, 12, tzinfo=UTC)  # the day after Berlin's clocks went back


@pytest.mark.parametrize(
    ("since", "start"),
    [
        ("30m", "2026-10-26T11:30:00+00:00"),
        ("24h", "2026-10-25T12:00:00+00:00"),
        ("7d", "2026-10-19T12:00:00+00:00"),
        ("2w", "2026-10-12T12:00:00+00:00"),
        ("today", "2026-10-25T23:00:00+00:00"),
        ("2026-10-25", "2026-10-24T22:00:00+00:00"),
    ],
)
def test_beginnings(since, start):
    window = TimeRange.parse(since, now=NOW, tz=BERLIN)

    assert window.start == datetime.fromisoformat(start).timestamp()
    assert window.stop is None


def test_all_has_no_bounds():
    assert TimeRange.parse("all", now=NOW, tz=UTC) == TimeRange(None, None)
    assert TimeRange.parse("all", now=NOW, tz=UTC).start is None


@pytest.mark.parametrize(
    ("until", "stop"),
    [("2026-10-25", "2026-10-25T23:00:00+00:00"), ("1d", "2026-10-25T12:00:00+00:00"), ("now", None)],
)
def test_ends_include_their_day(until, stop):
    window = TimeRange.parse("all", until, now=NOW, tz=BERLIN)

    assert window.stop == (None if stop is None else datetime.fromisoformat(stop).timestamp())


def test_the_day_the_clocks_go_back_has_25_hours():
    window = TimeRange.parse("2026-10-25", "2026-10-25", now=NOW, tz=BERLIN)

    assert window.stop - window.start == 25 * 3600


def test_without_a_zone_the_machines_own_counts():
    local = datetime(2026, 10, 25).astimezone()

    assert TimeRange.parse("2026-10-25", now=NOW).since == local


@pytest.mark.parametrize("text", ["yesterday", "7", "d", "-7d", "7y", "2026-13-01", "", "9999-12-31"])
def test_nonsense_is_an_argument_error(text):
    with pytest.raises(ArgumentError, match="no point in time"):
        TimeRange.parse("all", text, now=NOW, tz=UTC)


def test_an_end_before_the_beginning_is_an_argument_error():
    with pytest.raises(ArgumentError, match="before it begins"):
        TimeRange.parse("1d", "2d", now=NOW, tz=UTC)
