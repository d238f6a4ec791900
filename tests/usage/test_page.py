"""The page as text; what a browser makes of it is in test_page_browser."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from autogen_cli.models import UsageEvent
from autogen_cli.usage.overview import Overview, latencies_of
from autogen_cli.usage.page import page
from autogen_cli.usage.report import UsageReport
from autogen_cli.usage.window import TimeRange

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOSTILE = ("<script>window.ran=1</script>", '"><img src=x onerror="window.ran=1">', "</style><b>&amp;", "javascript:x")
EVENT = {"command": "generate", "symbol": "f", "provider": "openai", "outcome": "accepted", "duration_ms": 2500}


def make_events(days: int = 30, **fields: object) -> list[UsageEvent]:
    """Four events a day, of four models and as many modules as there are days."""
    found = []
    for number in range(4 * days):
        model, outcome = f"m-{number % 4}", ("accepted", "accepted", "rejected", "cached")[number % 4]
        cost = Decimal(0) if outcome == "cached" else None if model == "m-1" else Decimal(number) / 1000
        module = [*HOSTILE, *(f"shop.orders.part_{place}" for place in range(days))][number % (days + 4)]
        given = {"module": module, "model": model, "outcome": outcome, "cost_usd": cost, "input_tokens": 12_000}
        time = (NOW - timedelta(hours=6 * number)).timestamp()
        found.append(UsageEvent(time=time, **{**EVENT, **given, **fields}))
    return found


def overview(events: list[UsageEvent]) -> Overview:
    reports = {f"{by}s": UsageReport.build(events, by=[by], tz=UTC) for by in ("day", "model", "module")}
    return Overview(**reports, latencies=latencies_of(events), advice=("use <less>",))


def make_page(events: list[UsageEvent] | None = None, **fields: object) -> str:
    given = {"window": TimeRange(NOW - timedelta(days=30)), "now": NOW.timestamp(), "tz": UTC}
    budgets = [("day", Decimal("1.5"), Decimal(2)), ("month", Decimal(9), Decimal(5))]
    given |= {"filters": {"command": "<generate>", "model": ""}, "budgets": budgets}
    found = overview(make_events() if events is None else events)
    return page(found, **{**given, **fields})


@cache
def whole_page() -> str:
    return make_page()


class Reader(HTMLParser):
    """Elements, their attributes and all text, by what a parser makes of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"meta", "link", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += data


def test_what_comes_from_the_ledger_is_text() -> None:
    found = Reader(whole_page())

    assert found.open == []
    assert (found.tags.count("script"), found.tags.count("img"), found.tags.count("b")) == (1, 0, 0)
    assert not [name for name, _ in found.attributes if name.startswith("on") or name == "style"]
    for name in (*HOSTILE, "use <less>", "only command <generate>", "only model (none)"):
        assert name in found.text


def test_it_names_no_address() -> None:
    found = Reader(whole_page())

    assert [value for name, value in found.attributes if name in {"src", "href"}] == ["data:,"]
    assert not re.search(r"url\(|@import|https?://", whole_page())


@pytest.mark.parametrize(
    "expected",
    [
        "23 October to 22 November 2026", "UTC", "$3.54", "30 calls unpriced", "per symbol", "Cost by day", "26 others",
        "unpriced", "Today (UTC)", "$1.50 of $2.00", "$9.00 of $5.00", "2.5 s", "25 %",
    ],
)  # fmt: skip
def test_figures(expected: str) -> None:
    assert expected in Reader(whole_page()).text


@pytest.mark.parametrize(
    ("window", "fields", "expected"),
    [
        (TimeRange(), {"budgets": ()}, "23 October to 22 November 2026"),
        (TimeRange(NOW - timedelta(days=400)), {}, "18 October 2025 to 22 November 2026"),
        (TimeRange(NOW, NOW + timedelta(hours=1)), {}, "22 November 2026 · "),
        (TimeRange(NOW - timedelta(days=30)), {"tz": ZoneInfo("Europe/Berlin"), "timezone": "Europe/Berlin"}, "Berlin"),
        (TimeRange(NOW - timedelta(days=30)), {"tz": None}, " · all projects"),
        (TimeRange(NOW - timedelta(days=30)), {"filters": {"project": "/p"}}, "only project /p"),
    ],
)
def test_the_window_is_named(window: TimeRange, fields: dict[str, object], expected: str) -> None:
    assert expected in Reader(make_page(window=window, **fields)).text


@pytest.mark.parametrize(("days", "columns"), [(1, 2), (30, 31), (92, 81), (400, 81)])
def test_many_days_share_columns(days: int, columns: int) -> None:
    text = make_page(window=TimeRange(NOW - timedelta(days=days)))
    drawn = text.count('class="touch"')

    assert drawn == columns if days < 92 else 40 <= drawn <= 92
    assert ("and " in text.split("<title>")[2]) == (days > 91)


def test_without_a_known_cost_requests_are_counted() -> None:
    found = Reader(make_page(make_events(cost_usd=None, outcome="accepted")))

    assert "Requests by day" in found.text
    assert "Cost by" not in found.text
    assert "no known cost" in found.text


def test_a_window_without_events_says_so() -> None:
    text = make_page([])

    assert "Nothing was recorded in this window." in Reader(text).text
    assert "<svg" not in text


def test_the_dearest_modules_are_shown_where_there_are_too_many(make_event: Callable[..., UsageEvent]) -> None:
    found = Reader(make_page([make_event(NOW.timestamp(), module=f"m.n{number}") for number in range(501)]))

    assert "The 500 dearest of 501." in found.text
