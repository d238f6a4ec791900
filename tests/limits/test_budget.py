"""Budgets: reserve, settle, refuse and alert, exactly and over all processes."""

import datetime
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from autogen_cli.errors import BudgetError
from autogen_cli.limits.budget import Budget, Spending
from autogen_cli.limits.shared_spending import SharedSpending
from autogen_cli.limits.spending import FileSpending
from autogen_cli.storage.base import StoreError

NOON = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC).timestamp()
CENT = Decimal("0.01")


@pytest.fixture(params=["file", "redis"])
def open_store(request, tmp_path: Path):
    """Opens one store as often as it is called, as several processes do."""
    if request.param == "redis":
        return partial(SharedSpending, request.getfixturevalue("redis_url"))
    return partial(FileSpending, tmp_path / "limits.db")


@pytest.fixture
def make(open_store):
    """Budgets on one store; `told` collects alerts and warnings."""
    made = []

    def budget(*, now: float = NOON, told: list[str] | None = None, store=None, run=None, **limits):
        told = [] if told is None else told
        limits = {name: Decimal(value) if name != "action" else value for name, value in limits.items()}
        made.append(
            Budget(
                store or open_store(),
                clock=lambda: now,
                on_alert=lambda alert: told.append(str(alert)),
                on_warning=told.append,
                run=run,
                **limits,
            )
        )
        return made[-1]

    yield budget
    for each in made:
        each.close()


def spend(budget: Budget, amount: str) -> None:
    budget.settle(budget.reserve(Decimal(amount)), Decimal(amount))


def test_what_is_reserved_counts_until_it_is_settled(make):
    budget = make(daily="1")
    first = budget.reserve(Decimal("0.60"))
    with pytest.raises(BudgetError) as error:
        budget.reserve(Decimal("0.50"))
    assert error.value.message == (
        "the request may cost 0.5 USD, and of the 1 USD per day 0 are spent and 0.6 reserved; nothing was sent"
    )
    assert error.value.hint.startswith("raise budget.daily")
    budget.settle(first, Decimal("0.20"))
    budget.reserve(Decimal("0.80"))


def test_amounts_are_exact(make):
    budget = make(daily="1")
    for _ in range(1000):
        spend(budget, "0.001")
    with pytest.raises(BudgetError):
        budget.reserve(Decimal("0.000000001"))


@pytest.mark.parametrize(("cost", "spent"), [("0.00", 0), ("0.03", 3), ("0.15", 15), (None, 10)])
def test_settling(make, cost, spent):
    """0: not billed. More than the worst case counts as it is. Unknown: the worst case stays."""
    budget = make(daily="1")
    budget.settle(budget.reserve(10 * CENT), None if cost is None else Decimal(cost))
    assert budget.spending()[1] == Spending(period="day", spent=spent * CENT, reserved=Decimal(0), limit=Decimal(1))


def test_days_and_months_are_those_of_utc(make):
    spend(make(daily="1"), "1")
    tomorrow = NOON + 12 * 3600
    spend(make(daily="1", now=tomorrow), "1")
    with pytest.raises(BudgetError, match="per day"):
        make(daily="1", now=tomorrow).reserve(CENT)
    with pytest.raises(BudgetError, match="per month"):
        make(daily="9", monthly="1", now=NOON).reserve(CENT)
    make(monthly="1.01", now=tomorrow).reserve(CENT)


def test_a_run_is_one_budget_object(make):
    first = make(per_run="0.05")
    spend(first, "0.05")
    with pytest.raises(BudgetError, match="per run"):
        first.reserve(CENT)
    make(per_run="0.05").reserve(5 * CENT)


def test_a_run_may_be_shared(make):
    first = make(per_run="0.05", run="batch")
    spend(first, "0.05")
    first.close()
    second = make(per_run="0.05", run="batch")
    with pytest.raises(BudgetError, match="per run"):
        second.reserve(CENT)
    second.forget_run()
    second.reserve(CENT)


def test_what_was_spent_before_there_was_a_limit_counts(make):
    spend(make(), "0.95")
    with pytest.raises(BudgetError):
        make(daily="1").reserve(10 * CENT)


def test_warn_lets_the_request_through(make):
    told = []
    budget = make(daily="0.05", action="warn", told=told)
    budget.reserve(10 * CENT)
    assert told == ["the request may cost 0.1 USD, and of the 0.05 USD per day 0 are spent; it is sent all the same"]


@pytest.mark.parametrize("action", ["refuse", "warn"])
def test_an_unknown_price(make, action):
    told = []
    budget = make(daily="1", action=action, told=told)
    if action == "refuse":
        with pytest.raises(BudgetError, match="price of the request is unknown") as error:
            budget.reserve(None)
        assert "[prices]" in error.value.hint
    else:
        budget.settle(budget.reserve(None), 3 * CENT)
        assert told == ["the price of the request is unknown, so the budget can't be held; it is sent all the same"]
        assert budget.spending()[1].spent == 3 * CENT


def test_each_level_is_told_once_over_all_processes(make):
    told: list[str] = []
    for amount in ("0.40", "0.10", "0.05", "0.30", "0.15"):
        spend(make(daily="1", told=told), amount)
    assert told == [
        "50 % of the budget per day is spent: 0.5000 of 1 USD",
        "80 % of the budget per day is spent: 0.8500 of 1 USD",
        "100 % of the budget per day is spent: 1.0000 of 1 USD",
    ]


def test_several_levels_at_once_are_told_as_the_highest(make):
    told: list[str] = []
    spend(make(daily="1", monthly="10", told=told), "0.85")
    assert told == ["80 % of the budget per day is spent: 0.8500 of 1 USD"]


@pytest.mark.parametrize(
    ("limits", "refuses"), [({"daily": "1"}, True), ({"daily": "1", "action": "warn"}, False), ({}, False)]
)
@pytest.mark.parametrize("kind", ["file", "redis"])
def test_books_that_cannot_be_kept(make, tmp_path, kind, limits, refuses):
    (tmp_path / "blocked").write_text("no folder")
    url = f"unix://{tmp_path}/nobody"
    store = FileSpending(tmp_path / "blocked" / "limits.db") if kind == "file" else SharedSpending(url)
    told = []
    budget = make(store=store, told=told, **limits)
    if refuses:
        with pytest.raises(BudgetError, match="books can't be kept") as error:
            budget.reserve(CENT)
        assert ("limits.db" if kind == "file" else "Redis") in error.value.hint
    else:
        budget.settle(budget.reserve(CENT), CENT)
        assert len(told) == ("action" in limits)


def test_books_that_are_lost_before_settling(make, tmp_path):
    told = []
    budget = make(daily="1", told=told, store=FileSpending(tmp_path / "limits.db"))
    reservation = budget.reserve(CENT)
    budget.close()
    (tmp_path / "limits.db").write_bytes(b"nonsense" * 1000)
    budget.settle(reservation, CENT)
    assert "the worst case stays counted" in told[0]


def test_an_address_that_is_none():
    with pytest.raises(StoreError, match="shared books"):
        SharedSpending("nonsense").read(["day:x"])


CLIENT = """
import sys
from decimal import Decimal
from pathlib import Path
from autogen_cli.errors import BudgetError
from autogen_cli.limits.budget import Budget
from autogen_cli.limits.spending import FileSpending

budget = Budget(FileSpending(Path(sys.argv[1])), daily=Decimal("1.00"))
try:
    reservation = budget.reserve(Decimal("0.10"))
except BudgetError:
    print("refused")
else:
    budget.settle(reservation, Decimal("0.10"))
    print("sent")
"""


def test_twenty_processes_share_one_budget(tmp_path):
    command = [sys.executable, "-c", CLIENT, str(tmp_path / "limits.db")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(20)]
    assert sorted(process.communicate()[0].strip() for process in running) == ["refused"] * 10 + ["sent"] * 10
    assert [process.returncode for process in running] == [0] * 20


def test_twenty_machines_share_one_budget(redis_url):
    def send(_number: int) -> str:
        with closing(Budget(SharedSpending(redis_url), daily=Decimal("1.00"))) as budget:
            try:
                budget.settle(budget.reserve(10 * CENT), 10 * CENT)
            except BudgetError:
                return "refused"
            return "sent"

    with ThreadPoolExecutor(20) as machines:
        assert sorted(machines.map(send, range(20))) == ["refused"] * 10 + ["sent"] * 10
