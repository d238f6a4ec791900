"""Money for many at once: asked for in one step, given back by who goes away, and found in what isn't booked yet."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.errors import BudgetError
from autogen_cli.limits.budget import Budget, Reservation
from autogen_cli.limits.spending import FileSpending
from autogen_cli.models import GenerationRequest
from autogen_cli.service.batch.budget import Purse
from autogen_cli.service.batch.requested import Requested
from autogen_cli.service.batch.rows import RawRequest


@pytest.fixture
def budget(tmp_path: Path) -> Iterator[Budget]:
    budget = Budget(FileSpending(tmp_path / "limits.db"), per_run=Decimal(1))
    yield budget
    budget.close()


async def asked(purse: Purse, *amounts: str) -> list[Reservation | BaseException]:
    return await asyncio.gather(*(purse.reserve(Decimal(amount)) for amount in amounts), return_exceptions=True)


async def test_those_who_come_at_once_are_served_in_one_step(budget: Budget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "reserve", None)
    found = await asked(Purse(budget), "0.1", "0.2", "0.3")
    assert [one.amount for one in found if isinstance(one, Reservation)] == [10**8, 2 * 10**8, 3 * 10**8]
    assert budget.spending()[0].reserved == Decimal("0.6")


async def test_where_not_all_fit_the_first_do_and_the_others_wait(budget: Budget) -> None:
    purse = Purse(budget)
    asking = [asyncio.create_task(purse.reserve(Decimal(amount))) for amount in ("0.5", "0.4", "0.3", "0.1")]
    await asyncio.sleep(0.01)
    assert [task.done() for task in asking] == [True, True, False, False]
    asking[2].cancel()
    budget.settle(asking[0].result(), Decimal(0))
    purse.settled()
    await asking[3]
    assert not purse.waited_for
    assert budget.spending()[0].reserved == Decimal("0.5")


async def test_what_is_settled_and_not_booked_yet_can_be_spent(budget: Budget) -> None:
    budget.hold()
    purse = Purse(budget)
    budget.settle(await purse.reserve(Decimal("0.8")), Decimal("0.1"))
    purse.settled()
    budget.settle(await purse.reserve(Decimal("0.8")), Decimal("0.8"))
    purse.settled()
    (refused,) = await asked(purse, "0.2")
    assert isinstance(refused, BudgetError)


async def test_who_goes_away_as_it_is_served_gives_it_back(budget: Budget) -> None:
    purse = Purse(budget)
    asking = asyncio.create_task(purse.reserve(Decimal("0.8")))
    for _ in range(2):
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert budget.spending()[0].reserved == 0


def test_what_the_rows_ask_for() -> None:
    requested = Requested()
    assert requested.among([("a", "x")]) == frozenset()
    for module, symbol in (("a", "x"), ("a", "Box.put"), ("b", None)):
        requested.add(GenerationRequest(module=module, symbol=symbol))
    requested.add(RawRequest(body={}))
    places = [("a", "x"), ("a", "Box"), ("a", "put"), ("a", ""), ("b", "any"), ("c", "")]
    assert requested.among(places) == {("a", "x"), ("a", "Box"), ("a", ""), ("b", "any")}
    requested.close()
    requested.close()
