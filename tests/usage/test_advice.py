from decimal import Decimal

import pytest

from autogen_cli.usage.advice import advise
from autogen_cli.usage.report import UsageReport


@pytest.fixture
def advice(make_event):
    """Advice on events given as (count, fields)."""

    def give(*groups: tuple[int, dict[str, object]]) -> tuple[str, ...]:
        events = [make_event(**fields) for count, fields in groups for _ in range(count)]
        return advise(UsageReport.build(events, by=["model"]))

    return give


def test_a_dearer_model_is_named(advice):
    assert advice(
        (10, {"model": "m-1", "cost_usd": Decimal("0.01")}), (10, {"model": "m-2", "cost_usd": Decimal("0.03")})
    ) == ("m-2 costs 3.0 times as much per accepted symbol as m-1 ($0.0300 against $0.0100)",)


@pytest.mark.parametrize(
    "groups",
    [
        (),
        ((10, {}),),
        ((10, {"model": "m-1"}), (9, {"model": "m-2", "cost_usd": Decimal(9)})),
        ((10, {"model": "m-1"}), (10, {"model": "m-2", "cost_usd": Decimal("0.014")})),
        ((10, {"model": "m-1", "cost_usd": Decimal(0)}), (10, {"model": "m-2"})),
        ((9, {"outcome": "error", "cost_usd": Decimal(0)}),),
        ((100, {}), (10, {"outcome": "rejected"})),
    ],
)
def test_where_little_is_known_or_all_is_well_there_is_none(advice, groups):
    assert advice(*groups) == ()


def test_rejected_answers_and_failed_calls_are_named_and_what_they_cost(advice):
    found = advice((10, {}), (6, {"outcome": "rejected"}), (4, {"outcome": "error", "cost_usd": Decimal(0)}))

    assert found == (
        "m-1: 30 % of its answers are rejected by the checks",
        "m-1: 20 % of its calls fail",
        "38 % of the money ($0.06) went into answers that were not accepted",
    )


def test_an_unpriced_model_is_named(advice):
    assert advice((1, {"cost_usd": None, "model": "m-9"})) == (
        'no price is known for m-9: add [prices."m-9"] to the configuration',
    )
