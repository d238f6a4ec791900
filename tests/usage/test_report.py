from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from autogen_cli.errors import ArgumentError
from autogen_cli.usage.report import UsageReport


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_groups_have_sums_and_the_total_has_them_all(make_event):
    events = [
        make_event(model="m-1"),
        make_event(model="m-2", outcome="rejected", cached_tokens=5),
        make_event(model="m-1", outcome="cached", input_tokens=0, output_tokens=0, cost_usd=Decimal(0)),
        make_event(model="m-1", outcome="error", cost_usd=None),
    ]
    report = UsageReport.build(events, by=["model"], tz=UTC)

    first, second = report.rows
    assert (first.group, first.requests, first.cached, first.errors) == ({"model": "m-1"}, 3, 1, 1)
    assert (first.input_tokens, first.output_tokens, first.cost_usd) == (2000, 200, Decimal("0.01"))
    assert (second.rejected, second.cached_tokens, second.duration_ms) == (1, 5, 900)
    assert (second.failed_usd, second.cost_per_accepted_usd, first.cost_per_accepted_usd) == (
        Decimal("0.01"),
        None,
        Decimal("0.01"),
    )
    assert (report.total.requests, report.total.cost_usd, report.total.unpriced) == (4, Decimal("0.02"), 1)


def test_an_unknown_cost_stays_unknown(make_event):
    report = UsageReport.build([make_event(cost_usd=None)], tz=UTC)

    assert (report.total.cost_usd, report.total.unpriced) == (None, 1)


@pytest.mark.parametrize(
    ("zone", "days"), [("UTC", ["2026-10-24", "2026-10-25"]), ("Europe/Berlin", ["2026-10-25", "2026-10-26"])]
)
def test_a_day_is_the_zones(make_event, zone, days):
    events = [make_event(at("2026-10-24T22:30")), make_event(at("2026-10-25T23:30"))]
    report = UsageReport.build(events, by=["day"], tz=ZoneInfo(zone))

    assert [row.group["day"] for row in report.rows] == days


def test_groups_nest_in_the_order_given(make_event):
    events = [make_event(provider=provider, command=command) for provider in "ba" for command in "yx"]
    report = UsageReport.build(events, by=["provider", "command", "provider"], tz=UTC)

    assert report.by == ("provider", "command")
    assert [tuple(row.group.values()) for row in report.rows] == [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]


def test_what_has_no_model_is_a_group_too(make_event):
    assert UsageReport.build([make_event(model=None)], by=["model"]).rows[0].group == {"model": "(none)"}


def test_an_unknown_dimension_is_an_argument_error():
    with pytest.raises(ArgumentError, match="can't be grouped by 'colour'"):
        UsageReport.build([], by=["colour"])
