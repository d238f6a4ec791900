"""`autogen usage` over what real runs of `autogen generate` left."""

import contextlib
import csv
import io
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from autogen_cli.limits.budget import Budget
from autogen_cli.limits.spending import FileSpending
from autogen_cli.models import UsageEvent
from autogen_cli.usage.ledger import UsageTracker
from tests.conftest import MakeProject, RunAutogen

EVENT = UsageEvent(
    time=1_700_000_000.0, command="generate", module="pkg.mod", symbol="f", provider="openai", model="m-1",
    outcome="accepted", cost_usd=Decimal("0.01"),
)  # fmt: skip
event = partial(replace, EVENT)


@pytest.fixture
def ledger(home: Path):
    tracker = UsageTracker(home / "autogen" / "data" / "usage")
    yield tracker
    tracker.close()


@pytest.fixture
def shop(make_project: MakeProject, autogen: RunAutogen) -> Path:
    """A project where one symbol was generated, and then served from the cache."""
    root = make_project({"pyproject.toml": "", "a.py": "from b import one\n\none(1)\n", "b.py": "x = 1\n"})
    for _ in range(2):
        assert autogen("generate", "b", "one", cwd=root).code == 0
    return root


def test_rows_and_total_as_json(shop: Path, autogen: RunAutogen) -> None:
    found = autogen("usage", "--since", "1d", "--by", "provider,outcome", "--by", "module", "--json").json

    assert (found["schema"], found["by"], found["until"]) == (
        "autogen.usage/1",
        ["provider", "outcome", "module"],
        None,
    )
    assert [row["group"]["outcome"] for row in found["rows"]] == ["cached", "scaffold"]
    assert (found["total"]["requests"], found["total"]["cached"], found["total"]["cost_usd"]) == (2, 1, 0.0)


def test_a_table_with_totals(shop: Path, autogen: RunAutogen) -> None:
    shown = autogen("usage", "--by", "model", "--by", "command").out

    assert "tokens in" in shown
    assert "(none)" in shown
    assert "total" in shown


def test_rows_can_be_filtered_sorted_and_cut(shop: Path, autogen: RunAutogen, ledger: UsageTracker) -> None:
    ledger.record(event(model="m-1", cost_usd=Decimal("0.1")), event(model="m-2", cost_usd=Decimal("0.3")))

    def groups(*options: str) -> list[str]:
        found = autogen("usage", "--since", "all", "--by", "model", "--json", *options).json
        return [row["group"]["model"] for row in found["rows"]]

    assert groups() == ["(none)", "m-1", "m-2"]
    assert groups("--sort", "cost") == ["m-2", "m-1", "(none)"]
    assert groups("--sort", "requests", "--limit", "1") == ["(none)"]
    assert groups("--only", "model=m-1") == ["m-1"]
    assert groups("--only", "model=m-1", "--only", "module=nowhere") == []


def test_the_table_shows_share_trend_and_advice(autogen: RunAutogen, ledger: UsageTracker) -> None:
    day = 86400
    for number, dollars in enumerate((1, 7)):
        events = [event(time=1_700_000_000.0 + day * number, model=f"m-{number}", cost_usd=Decimal(dollars))] * 10
        ledger.record(*events, event(time=1_700_000_000.0, outcome="cached", saved_usd=Decimal("0.5")))

    shown = autogen("usage", "--since", "all").out
    assert "cost by day ▂█" in shown
    assert "87 %" in shown
    assert "the cache answered 9 % of the requests and saved $1.00\n" in shown
    assert "m-1 costs 7.0 times as much per accepted symbol as m-0" in shown
    assert autogen("usage", "--since", "all", "--json").json["advice"][0] in shown


def test_failures_and_what_they_cost_are_named(autogen: RunAutogen, ledger: UsageTracker) -> None:
    ledger.record(event(outcome="rejected", cost_usd=Decimal("0.2")), event(outcome="error", cost_usd=None), EVENT)

    assert "1 call failed, 1 answer rejected: $0.2000 where the cost is known\n" in autogen("usage", "--since=all").out


def test_what_is_left_of_the_budget_is_named(autogen: RunAutogen, ledger: UsageTracker, home: Path) -> None:
    ledger.record(EVENT)
    assert autogen("config", "set", "budget.daily", "2").code == 0
    with contextlib.closing(Budget(FileSpending(home / "autogen" / "data" / "limits.db"))) as budget:
        budget.settle(budget.reserve(Decimal("0.5")), Decimal("0.5"))
    (found,) = autogen("usage", "--json").json["budgets"]

    assert "budget of the day (UTC): $1.50 of $2.00 left\n" in autogen("usage", "--since=all").out
    assert found == {"period": "day", "spent": 0.5, "reserved": 0.0, "limit": 2.0}
    (home / "autogen" / "data" / "limits.db").write_bytes(b"no database" * 100)
    assert "warning: the budget's books can't be read" in autogen("usage", "--since=all").err


def test_events_go_out_and_come_in_once(autogen: RunAutogen, ledger: UsageTracker, tmp_path: Path) -> None:
    ledger.record(EVENT, event(module="b"))
    file = tmp_path / "events.jsonl"
    file.write_text(autogen("usage", "export", "--jsonl").out)
    head, *rows = csv.reader(io.StringIO(autogen("usage", "export", "--csv").out))

    assert autogen("usage", "import", str(file)).err == "0 events added, 2 known already\n"
    assert ledger.prune(2**40) == 2
    assert autogen("usage", "import", str(file)).err == "2 events added, 0 known already\n"
    assert autogen("usage", "export").out == file.read_text()
    assert (head[0], len(rows)) == ("id", 2)
    assert autogen("usage", "export", "--since", "1d").out == ""
    file.write_text(file.read_text() + "{}\n")
    ran = autogen("usage", "import", str(file))
    assert (ran.code, ran.out) == (2, "")
    assert f"{file}, line 3: a field is missing" in ran.err


def test_a_page_is_written_where_it_was_asked_for(autogen: RunAutogen, ledger: UsageTracker, tmp_path: Path) -> None:
    ledger.record(EVENT, event(module="<b>"))
    file = tmp_path / "usage.html"
    ran = autogen("usage", "--since", "all", "--html", str(file), "--only", "module=<b>")

    assert (ran.code, ran.out, ran.err) == (0, "", f"written to {file}\n")
    assert "only module &lt;b&gt;" in file.read_text()
    assert autogen("usage", "--html", str(file), "--json").json["file"] == str(file)
    assert "can't be written" in autogen("usage", "--html", str(tmp_path)).err


def test_switched_off_nothing_is_written(autogen: RunAutogen, make_project: MakeProject, home: Path) -> None:
    root = make_project({"pyproject.toml": "", "a.py": "from b import one\n\none(1)\n", "b.py": "x = 1\n"})
    assert autogen("config", "set", "usage.enabled", "false").code == 0
    assert autogen("generate", "b", "one", cwd=root).code == 0

    assert autogen("usage", cwd=root).code == 0
    assert not (home / "autogen" / "data" / "usage").exists()


def test_an_unknown_cost_is_said(autogen: RunAutogen, ledger: UsageTracker) -> None:
    ledger.record(event(cost_usd=None, model="m-1"), event(cost_usd=None, model="m-2"), event(model="m-2"))
    shown = autogen("usage", "--since", "all", "--by", "model").out

    assert " 1 unpriced " in shown
    assert "$0.0100 + 1 unpriced" in shown
    assert "no price is known for m-1, m-2" in shown


def test_performance_is_percentiles_by_phase(autogen: RunAutogen, ledger: UsageTracker) -> None:
    assert "nothing was recorded" in autogen("usage", "--performance").err
    ledger.record(*(event(phases_ms={"provider": 10 * number, "index": number}) for number in range(1, 101)))
    shown = autogen("usage", "--since", "all", "--performance").out
    found = autogen("usage", "--since", "all", "--performance", "--json").json

    assert [(phase["phase"], phase["p95"]) for phase in found["phases"]] == [("provider", 950), ("index", 95)]
    assert "91 %" in shown
    assert "slowest" in shown


def test_csv_has_a_head_and_a_row_per_group(shop: Path, autogen: RunAutogen) -> None:
    head, row = csv.reader(io.StringIO(autogen("usage", "--csv", "--by", "module").out))

    assert head[:3] == ["module", "requests", "cached"]
    assert row[:3] == ["b", "2", "1"]


def test_an_empty_window_says_so(shop: Path, autogen: RunAutogen) -> None:
    shown = autogen("usage", "--since", "2020-01-01", "--until", "2020-01-31", "--timezone", "Europe/Berlin")

    assert (shown.code, shown.out) == (0, "")
    assert "nothing was recorded" in shown.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--since", "yesterday"), "'yesterday' is no point in time"),
        (("--by", "colour"), "can't be grouped by 'colour'"),
        (("--timezone", "Mars/Base"), "no time zone 'Mars/Base'"),
        (("--timezone", "../etc"), "no time zone"),
        (("--timezone", "Europe"), "no time zone"),
        (("--only", "model"), "--only model names no fact"),
        (("--only", "day=2026-01-01"), "names no fact"),
        (("--only", "colour=red"), "can't be grouped by 'colour'"),
        (("--only", "colour=red", "--html", "x"), "can't be grouped by 'colour'"),
        (("--since", "1d", "export"), "--since is in front of export: write it behind export"),
        (("--json", "import", "x"), "--json is in front of import"),
        (("export", "--csv", "--jsonl"), "contradict each other"),
        (("--performance", "--csv"), "--performance and --csv contradict each other"),
        (("--csv", "--html", "x"), "--csv and --html contradict each other"),
        (("imporr",), "No such command 'imporr'"),
    ],
)
def test_nonsense_is_one_line_and_exit_2(shop: Path, autogen: RunAutogen, options, message: str) -> None:
    shown = autogen("usage", *options)

    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err
    assert shown.err.count("\n") == 1


def test_one_shape_at_a_time(shop: Path, autogen: RunAutogen) -> None:
    shown = autogen("usage", "--csv", "--json")
    assert (shown.code, shown.json["error"]["message"]) == (2, "--csv and --json contradict each other")
