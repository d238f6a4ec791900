import random
from decimal import Decimal

import pytest

from autogen_cli.usage.estimate import ASSUMED, ENOUGH, CostEstimator, PlannedRequest, bytes_per_function
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
    assert found.cost_usd == Decimal(3000 + 4 * 210) / 1_000_000
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
    firsts = [make_event(request_id=f"row-{number}", kind="function", output_tokens=100) for number in range(20)]
    repairs = [make_event(request_id=f"row-{number}-1", kind="function", output_tokens=100) for number in range(10)]
    estimator = CostEstimator(PRICES, firsts + repairs)
    found, offline = estimator.estimate(planned()), estimator.estimate(planned(provider="scaffold"))

    assert (found.input_tokens, found.output_tokens) == (4500, 150)
    assert (offline.input_tokens, offline.output_tokens, offline.cost_usd) == (3000, 0, 0)


def test_answers_grow_with_the_functions_around_them(make_event):
    history = [
        make_event(kind="method", output_tokens=size // 5, bytes_per_function=size) for size in range(100, 2100, 100)
    ]
    estimator = CostEstimator(PRICES, history + [make_event(kind="method", output_tokens=9)] * 5)
    small, large = (estimator.estimate(planned(kind="method", bytes_per_function=size)) for size in (200, 1000))

    assert (small.output_tokens, large.output_tokens, large.basis) == (40, 200, "20 answers (m-1 method)")
    assert estimator.estimate(planned(kind="method")).output_tokens == round((20 * 210 + 5 * 9) / 25)
    assert CostEstimator(PRICES).estimate(planned(kind="method", bytes_per_function=1000)).output_tokens == 175


def test_answers_of_the_same_project_are_believed_first_and_doubted_less(make_event):
    history = [make_event(kind="function", output_tokens=100 + place, project="/p") for place in range(ENOUGH)]
    history += [make_event(kind="function", output_tokens=900 + place, project="/q") for place in range(ENOUGH)]
    estimator = CostEstimator(PRICES, history)
    here, elsewhere = estimator.estimate(planned(project="/p")), estimator.estimate(planned(project="/r"))

    assert (here.output_tokens, here.basis) == (110, f"{ENOUGH} answers (here m-1 function)")
    assert elsewhere.output_tokens == 510
    assert here.output_high - here.output_tokens < 10


@pytest.mark.parametrize(
    ("source", "size"),
    [
        (b"", 0),
        (b"x = 1\n", 0),
        (b"def f(): pass\n\nclass C:\n    async  def g(self):\n".ljust(200), 100),
        (b"def f(): pass\n", 50),
        (b"def f(): pass\n" + b"#" * 100_000, 10_000),
    ],
)
def test_the_size_of_a_modules_functions(source: bytes, size: int):
    assert bytes_per_function(source) == size


@pytest.mark.parametrize(
    ("model", "exact"),
    [
        ("gpt-5-mini", True),
        ("openai/gpt-4.1", True),
        ("o3-mini", True),
        ("gpt-4o", True),
        ("gpt-4-turbo", False),
        ("claude-sonnet-4-5", False),
        ("opus", False),
        (None, False),
    ],
)
def test_an_unknown_tokenizer_widens_the_range(model, exact):
    prices = PriceList({str(model): ModelPrice(input=Decimal(1), output=Decimal(0))})
    found = CostEstimator(prices).estimate(planned(model=model, input_tokens=1_000_000))

    assert found.input_exact is exact
    if model:
        doubt = Decimal("0.064") if exact else Decimal("0.214")
        assert (found.low_usd, found.cost_usd, found.high_usd) == (1 - doubt, 1, 1 + doubt)


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
    [({"model": "unknown"}, None), ({"provider": "scaffold"}, Decimal(0)), ({"batch": True}, Decimal("0.00192"))],
)
def test_prices_are_the_price_lists(fields, cost):
    found = CostEstimator(PRICES).estimate(planned(**fields))

    assert found.cost_usd == cost
    assert (found.low_usd is None) == (cost is None)


def test_nothing_costs_nothing():
    found = CostEstimator(PRICES).estimate()

    assert (found.input_tokens, found.output_tokens, found.cost_usd, found.basis) == (0, 0, Decimal(0), "")
