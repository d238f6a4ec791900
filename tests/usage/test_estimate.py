import random
from decimal import Decimal

import pytest

from autogen_cli.usage.estimate import ASSUMED, ENOUGH, CostEstimator, PlannedRequest
from autogen_cli.usage.prices import ModelPrice, PriceList

PRICES = PriceList(
    {"m-1": ModelPrice(input=Decimal(1), output=Decimal(4)), "m-2": ModelPrice(input=Decimal(1), output=Decimal(8))}
)


def planned(**fields: object) -> PlannedRequest:
    given = {"provider": "openai", "model": "m-1", "input_tokens": 3000, "when": 0.0, "kind": "function"}
    return PlannedRequest(**{**given, **fields})


def test_without_a_history_the_size_is_assumed_and_the_range_is_wide():
    found = CostEstimator(PRICES).estimate(planned())

    assert (found.input_tokens, found.output_tokens) == (3000, ASSUMED["function"])
    assert found.output_low == 0
    assert found.output_high > 2 * found.output_tokens
    assert found.cost_usd == Decimal(3000 + 4 * 190) / 1_000_000
    assert found.low_usd < found.cost_usd < found.high_usd
    assert found.basis.startswith("assumed")


def test_the_closest_group_with_enough_answers_is_believed(make_event):
    history = [make_event(model="m-1", kind="function", output_tokens=100)] * ENOUGH
    history += [make_event(model="m-2", kind="class", output_tokens=900)] * ENOUGH
    history += [make_event(model="m-1", kind="method", output_tokens=50)] * (ENOUGH - 1)
    estimator = CostEstimator(PRICES, history)

    found = [estimator.estimate(planned(**fields)) for fields in (
        {}, {"model": "m-2"}, {"model": "m-2", "kind": "constant"}, {"model": "m-3", "kind": "constant"},
    )]  # fmt: skip
    assert [one.output_tokens for one in found] == [100, 100, 900, ASSUMED["constant"]]
    assert found[0].basis == f"{ENOUGH} answers (m-1 function)"
    assert found[1].basis == f"{ENOUGH} answers (function)"


def test_what_no_provider_answered_teaches_nothing(make_event):
    history = [make_event(outcome=outcome, output_tokens=9999) for outcome in ("cached", "error", "scaffold")] * ENOUGH
    history += [make_event(output_tokens=0)] * ENOUGH

    assert CostEstimator(PRICES, history).estimate(planned()).output_tokens == ASSUMED["function"]


def test_repairs_are_counted_in(make_event):
    firsts = [make_event(request_id=f"r{number}", kind="function", output_tokens=100) for number in range(20)]
    repairs = [make_event(request_id=f"r{number}-1", kind="function", output_tokens=100) for number in range(10)]
    found = CostEstimator(PRICES, firsts + repairs).estimate(planned())

    assert (found.input_tokens, found.output_tokens) == (4500, 150)


def test_many_requests_are_relatively_surer_than_one(make_event):
    noise = random.Random(1)
    history = [make_event(kind="function", output_tokens=round(noise.lognormvariate(4.9, 0.8))) for _ in range(200)]
    estimator = CostEstimator(PRICES, history)
    one, many = estimator.estimate(planned()), estimator.estimate(*[planned()] * 200)

    assert many.output_tokens == pytest.approx(200 * one.output_tokens, rel=0.01)
    assert (many.output_high - many.output_low) / many.output_tokens < 0.5
    assert (one.output_high - one.output_low) / one.output_tokens > 1.5
    actual = sum(round(noise.lognormvariate(4.9, 0.8)) for _ in range(200))
    assert many.output_low < actual < many.output_high


@pytest.mark.parametrize(
    ("fields", "cost"),
    [({"model": "unknown"}, None), ({"provider": "scaffold"}, Decimal(0)), ({"batch": True}, Decimal("0.00188"))],
)
def test_prices_are_the_price_lists(fields, cost):
    found = CostEstimator(PRICES).estimate(planned(**fields))

    assert found.cost_usd == cost
    assert (found.low_usd is None) == (cost is None)


def test_nothing_costs_nothing():
    found = CostEstimator(PRICES).estimate()

    assert (found.input_tokens, found.output_tokens, found.cost_usd, found.basis) == (0, 0, Decimal(0), "")
