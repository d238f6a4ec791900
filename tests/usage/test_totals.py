"""What the program reports is what its exported events add up to, to the cent, whatever the clock does."""

import json
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autogen_cli.models import UsageEvent
from autogen_cli.usage.ledger import UsageTracker
from tests.conftest import RunAutogen

SPRING, AUTUMN = datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)  # the days before a change


def make_events() -> list[UsageEvent]:
    """A thousand calls within three days around both changes of Berlin's clocks, costs down to a nano-dollar."""
    chance = random.Random(5)
    return [
        UsageEvent(
            time=(chance.choice((SPRING, AUTUMN)) + timedelta(seconds=chance.randrange(3 * 86400))).timestamp(),
            command="generate", module="m", symbol="f", provider="openai", model=chance.choice(("m-1", "m-2", None)),
            outcome=chance.choice(("accepted", "rejected", "cached", "error")),
            cost_usd=chance.choice((None, Decimal(chance.randrange(10**9)) / 10**9)), cost_source="computed",
        )
        for _ in range(1000)
    ]  # fmt: skip


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns"])
@pytest.mark.parametrize("by", ["day", "model", "day,model"])
def test_reported_totals_are_the_sums_of_exported_events(autogen: RunAutogen, home: Path, zone: str, by: str) -> None:
    tracker = UsageTracker(home / "autogen" / "data" / "usage")
    tracker.record(*make_events())
    tracker.close()
    window = ("--since", "2026-03-29", "--until", "2026-10-25", "--timezone", zone)

    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for line in autogen("usage", "export", *window).out.splitlines():
        event = json.loads(line)
        day = datetime.fromtimestamp(event["time"], ZoneInfo(zone)).date().isoformat()
        facts = {"day": day, "model": event.get("model") or "(none)"}
        sums[tuple(facts[name] for name in by.split(","))] += Decimal(event.get("cost_usd", 0))
    found = autogen("usage", *window, "--by", by, "--json").json

    assert len(sums) >= 3
    assert {tuple(row["group"].values()): round(row["cost_usd"] or 0, 6) for row in found["rows"]} == {
        group: round(float(amount), 6) for group, amount in sums.items()
    }
    assert f"{found['total']['cost_usd']:.2f}" == f"{sum(sums.values()):.2f}"


def test_both_ends_of_a_day_of_25_hours_are_in_it(autogen: RunAutogen, home: Path) -> None:
    tracker = UsageTracker(home / "autogen" / "data" / "usage")
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, tzinfo=berlin).timestamp()
    event = make_events()[0]
    fields = {name: getattr(event, name) for name in ("command", "module", "symbol", "provider", "model", "outcome")}
    tracker.record(*(UsageEvent(time=first + hours * 3600, **fields) for hours in (-0.001, 0, 2.5, 24.999, 25)))
    tracker.close()
    day = ("--since", "2026-10-25", "--until", "2026-10-25", "--timezone", "Europe/Berlin")

    assert autogen("usage", *day, "--json").json["total"]["requests"] == 3
    assert len(autogen("usage", "export", *day).out.splitlines()) == 3
