"""What the ledger hears of answers, hits and failures, and what a call may cost."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.cache.base import KeyInputs
from autogen_cli.errors import ProviderUnavailableError
from autogen_cli.models import CheckResult, Completion, GenerationRequest, TokenUsage, UsageEvent
from autogen_cli.service.attempts import Attempt, total_usage
from autogen_cli.service.books import Books
from autogen_cli.service.chain import Served
from autogen_cli.service.plan import Plan
from autogen_cli.usage.ledger import UsageTracker
from autogen_cli.usage.prices import ModelPrice, PriceList
from tests.service.questions import question, target

PRICES = PriceList({"m": ModelPrice(input=Decimal(1), output=Decimal(2))})


class Shelf:
    """Books over a real ledger; a token is a character, and a second passes between two looks at the clock."""

    def __init__(self, folder: Path) -> None:
        self.tracker = UsageTracker(folder)
        self.time = 1000.0
        self.books = Books(self.tracker, PRICES, count=len, clock=self.clock, command="generate", base_urls={})

    def clock(self) -> float:
        self.time += 1
        return self.time

    def book(self, attempt: Attempt) -> Attempt:
        priced = self.books.priced(attempt, question())
        self.books.record_attempt(target(), priced, question(), {"provider": 7})
        return priced

    @property
    def event(self) -> UsageEvent:
        (event,) = self.tracker.events()
        return event


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path / "usage")
    yield shelf
    shelf.tracker.close()


def attempt(completion: Completion, *, provider: str = "openai", failed: bool = False) -> Attempt:
    checks = (CheckResult(name="parses", status="fail" if failed else "pass"),)
    served = Served(completion=completion, provider=provider, offline=provider == "scaffold")
    return Attempt(served=served, code="x = 1\n", checks=checks)


@pytest.mark.parametrize(
    ("completion", "cost", "source", "tokens"),
    [
        (Completion(text="a", model="m", usage=TokenUsage(input=1_000_000, output=0)), "1", "computed", (1_000_000, 0)),
        (Completion(text="abc", model="m"), "0.000034", "estimated", (28, 3)),
        (Completion(text="abc", model="m", cost_usd=Decimal("0.5")), "0.5", "reported", (28, 3)),
        (Completion(text="abc", model="nobody-knows-it"), None, "unpriced", (28, 3)),
    ],
)
def test_an_answer_is_priced_as_surely_as_can_be(
    shelf: Shelf, completion: Completion, cost: str | None, source: str, tokens: tuple[int, int]
) -> None:
    found = shelf.book(attempt(completion)).usage
    expected = None if cost is None else Decimal(cost)
    assert (found.cost_usd, found.cost_source) == (expected, source)
    event = shelf.event
    assert (event.cost_usd, event.cost_source, event.outcome) == (expected, source, "accepted")
    assert (event.input_tokens, event.output_tokens) == tokens
    assert event.phases_ms == {"provider": 7}
    assert (event.command, event.module, event.symbol, event.project) == (
        "generate", "app.tools", "helper", "/project",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "failed", "outcome"),
    [("openai", True, "rejected"), ("scaffold", False, "scaffold"), ("scaffold", True, "rejected")],
)
def test_the_outcome_tells_what_came_of_it(shelf: Shelf, provider: str, failed: bool, outcome: str) -> None:
    answer = Completion(text="a", model=None, usage=TokenUsage(input=1, output=1, cached=1))
    shelf.book(attempt(answer, provider=provider, failed=failed))
    assert (shelf.event.outcome, shelf.event.cached_tokens) == (outcome, int(provider == "openai"))


@pytest.mark.parametrize(("billed", "cost"), [("no", Decimal(0)), ("maybe", None)])
def test_a_failure_costs_nothing_only_where_that_is_sure(shelf: Shelf, billed: str, cost: Decimal | None) -> None:
    error = ProviderUnavailableError("reset", billed=billed)  # type: ignore[arg-type]
    shelf.books.record_failure("openai", question("m"), error, 1000)
    event = shelf.event
    assert (event.outcome, event.error, event.cost_usd) == ("error", "provider_unavailable", cost)
    assert event.duration_ms == 1000


def test_attempts_add_up_and_one_unknown_cost_makes_the_sum_unknown(shelf: Shelf) -> None:
    known = Completion(text="a", model="m", usage=TokenUsage(input=10, output=5))
    unknown = Completion(text="a", model="?", usage=TokenUsage(input=10, output=5))
    priced = [shelf.book(attempt(one)) for one in (known, known, unknown)]
    both, three = total_usage(priced[:2]), total_usage(priced)
    assert (both.input_tokens, both.output_tokens, both.cost_usd) == (20, 10, Decimal("0.00004"))
    assert (three.cost_usd, three.cost_source) == (None, "unpriced")


def test_estimates_learn_from_answers_and_their_modules(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_bytes(b"def f():\n    pass\n".ljust(100))
    place = replace(target(), root=tmp_path, path=path)
    answer = Completion(text="a", model="m", usage=TokenUsage(input=10, output=30))
    for _ in range(20):
        shelf.books.record_attempt(place, shelf.books.priced(attempt(answer), question()), question(), {})
    events = list(shelf.tracker.events())
    asked = question("m")
    plan = Plan(
        request=GenerationRequest(module="app"),
        request_id="r",
        target=place,
        context=asked.context,
        prompt=asked.prompt,
        inputs=KeyInputs(provider="openai", model="m", parameters={}, prompt=asked.prompt),
    )
    found = shelf.books.estimate(plan, plan)
    assert {event.bytes_per_function for event in events} == {100}
    assert (found.output_tokens, found.basis) == (60, "20 answers (here m function)")
    assert found.input_tokens == 2 * shelf.books.size(asked.prompt)
    assert shelf.books.estimate(plan, plan, batch=True).cost_usd == found.cost_usd / 2
