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


def test_a_model_is_believed_by_its_answers_and_less_by_those_of_others(make_event):
    history = [make_event(model="m-1", kind="function", output_tokens=420, project=f"/{n}") for n in range(200)]
    estimator = CostEstimator(PRICES, history)
    same, kind, other, nobody = (
        estimator.estimate(planned(**fields))
        for fields in ({}, {"kind": "class"}, {"model": "m-2"}, {"model": "m-2", "kind": "constant"})
    )

    assert same.output_tokens == pytest.approx(420, rel=0.01)
    assert kind.output_tokens == pytest.approx(2 * ASSUMED["class"], rel=0.01)
    assert other.output_tokens == pytest.approx(420, rel=0.01)
    assert nobody.output_tokens == pytest.approx(2 * ASSUMED["constant"], rel=0.02)
    assert same.basis == "200 answers (m-1 function)"
    assert (kind.basis, other.basis) == ("200 answers (m-1)", "200 answers (of any model)")
    doubts = [(found.output_high - found.output_tokens) / found.output_tokens for found in (same, kind, other)]
    assert doubts == sorted(doubts)


def test_plain_texts_and_symbols_say_nothing_of_each_other(make_event):
    texts = [make_event(kind=None, output_tokens=2) for _ in range(200)]
    symbols = [make_event(kind="function", output_tokens=ASSUMED["function"]) for _ in range(200)]
    estimator = CostEstimator(PRICES, texts + symbols)

    text, symbol = (estimator.estimate(*[planned(kind=kind)] * 100) for kind in (None, "function"))

    assert (text.output_tokens, text.basis) == (200, "200 answers (m-1 text)")
    assert (symbol.output_tokens, symbol.basis) == (100 * ASSUMED["function"], "200 answers (m-1 function)")


def test_few_answers_correct_a_little_and_many_correct_it_all(make_event):
    expected = []
    for count in (0, 1, ENOUGH, 1000):
        history = [make_event(kind="function", output_tokens=600, project=f"/{number % 40}") for number in range(count)]
        expected.append(CostEstimator(PRICES, history).estimate(planned()).output_tokens)

    assert expected == sorted(expected)
    assert expected[0] == ASSUMED["function"]
    assert expected[1] < 300
    assert expected[3] > 590


def test_what_no_provider_answered_teaches_nothing(make_event):
    history = [make_event(outcome=outcome, output_tokens=9999) for outcome in ("cached", "error", "scaffold")] * ENOUGH
    history += [make_event(output_tokens=0)] * ENOUGH

    assert CostEstimator(PRICES, history).estimate(planned()).output_tokens == ASSUMED["function"]


def asked(make_event, project: str, firsts: int, repairs: int) -> list:
    ids = [*(f"{project}-row-{number}" for number in range(firsts))]
    ids += [f"{project}-row-{number}-1" for number in range(repairs)]
    return [make_event(request_id=name, kind="function", output_tokens=210, project=project) for name in ids]


def test_repairs_are_counted_in_with_the_answer_that_they_quote(make_event):
    estimator = CostEstimator(PRICES, asked(make_event, "p", 20, 10))
    found, offline = estimator.estimate(planned()), estimator.estimate(planned(provider="scaffold"))

    assert (found.input_tokens, found.output_tokens) == (4605, 315)
    assert found.cost_usd == Decimal(4605 + 4 * 315) / 1_000_000
    assert (offline.input_tokens, offline.output_tokens, offline.cost_usd) == (3000, 0, 0)
    assert estimator.estimate(planned(kind=None)).input_tokens == 3000  # no request of ours: nothing is checked


def test_a_projects_own_repairs_count_as_far_as_it_has_asked(make_event):
    history = asked(make_event, "p", 970, 0) + asked(make_event, "q", 30, 15)
    elsewhere, here = (
        CostEstimator(PRICES, history).estimate(planned(project=name, input_tokens=100_000)).input_tokens - 100_000
        for name in ("r", "q")
    )
    assert elsewhere == pytest.approx(1_500, rel=0.05)
    assert here == pytest.approx((0.5 + 0.015) / 2 * 100_000, rel=0.05)


def test_answers_grow_with_the_functions_around_them(make_event):
    history = [
        make_event(kind="method", output_tokens=size // 4, bytes_per_function=size, project=f"/{size}")
        for size in range(100, 2100, 100)
    ]
    estimator = CostEstimator(PRICES, history)
    small, large, unknown = (
        estimator.estimate(planned(kind="method", bytes_per_function=size)) for size in (200, 1000, 0)
    )
    assert (small.output_tokens, large.output_tokens) == (pytest.approx(50, abs=1), pytest.approx(249, abs=2))
    assert large.basis == "20 answers (m-1 method)"
    assert unknown.output_tokens == pytest.approx(ASSUMED["method"] * 0.25 / 0.18, rel=0.02)
    assert CostEstimator(PRICES).estimate(planned(kind="method", bytes_per_function=1000)).output_tokens == 180


def test_answers_of_the_same_project_are_believed_first_and_doubted_less(make_event):
    history = [make_event(kind="function", output_tokens=100 + place, project="/p") for place in range(ENOUGH)]
    history += [make_event(kind="function", output_tokens=300 + place, project="/q") for place in range(ENOUGH)]
    estimator = CostEstimator(PRICES, history)
    here, elsewhere = estimator.estimate(planned(project="/p")), estimator.estimate(planned(project="/r"))

    assert here.output_tokens == pytest.approx(110, abs=2)
    assert here.basis == f"{ENOUGH} answers (here m-1 function)"
    assert elsewhere.output_tokens == pytest.approx(210, abs=2)
    assert here.output_high - here.output_tokens < 10 < elsewhere.output_high - elsewhere.output_tokens


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
