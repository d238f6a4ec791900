from datetime import UTC, datetime
from decimal import Decimal

import pytest

from autogen_cli.models import TokenUsage
from autogen_cli.usage.prices import ModelPrice, PriceList

WHEN = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
TOKENS = TokenUsage(input=1_000_000, output=100_000, cached=200_000)


def test_the_users_price_wins():
    own = ModelPrice(input=Decimal(2), output=Decimal(10), cached_input=Decimal("0.5"))
    prices = PriceList({"gpt-4.1-mini": own})

    assert prices.price("gpt-4.1-mini", "openai", TOKENS, WHEN) == (Decimal("2.70"), "computed")


def test_cached_tokens_without_a_price_of_their_own_cost_as_much_as_others():
    prices = PriceList({"m": ModelPrice(input=Decimal(2), output=Decimal(10))})

    assert prices.price("m", "codegen", TOKENS, WHEN) == (Decimal(3), "computed")


def test_a_published_price_counts_cached_tokens():
    cost, source = PriceList().price("gpt-4.1-mini", "openai", TOKENS, WHEN)

    assert (cost, source) == (Decimal("0.32") + Decimal("0.02") + Decimal("0.16"), "computed")


def test_a_batch_costs_half():
    whole, _ = PriceList().price("gpt-4.1-mini", "openai", TOKENS, WHEN)

    assert PriceList().price("gpt-4.1-mini", "openai", TOKENS, WHEN, batch=True) == (whole / 2, "computed")


@pytest.mark.parametrize(
    ("model", "provider", "usage"),
    [
        ("a-model-nobody-sells", "openai", TOKENS),
        (None, "openai", TOKENS),
        ("gpt-4.1-mini", "openai", None),
        ("gpt-4.1-mini", "codegen", TOKENS),
        ("claude-sonnet-4-5", "openai", TOKENS),
    ],
)
def test_what_is_unknown_is_unpriced_and_not_free(model, provider, usage):
    assert PriceList().price(model, provider, usage, WHEN) == (None, "unpriced")


def test_an_offline_provider_costs_nothing():
    assert PriceList().price(None, "scaffold", None, WHEN) == (Decimal(0), "computed")


@pytest.mark.parametrize(
    ("base_url", "model", "known"),
    [
        ("https://openrouter.ai/api/v1", "openai/gpt-4.1", True),
        ("http://127.0.0.1:8000/v1", "gpt-4.1-mini", True),
        ("http://127.0.0.1:8000/v1", "llama-local", False),
    ],
)
def test_the_address_tells_resellers_apart(base_url, model, known):
    cost, _ = PriceList().price(model, "openai", TOKENS, WHEN, base_url=base_url)

    assert (cost is not None) == known


def test_more_cached_tokens_than_input_is_the_servers_mistake_and_still_has_a_price():
    cost, _ = PriceList().price("gpt-4.1-mini", "openai", TokenUsage(input=10, output=0, cached=20), WHEN)

    assert cost == Decimal("0.000002")


def test_a_run_has_the_price_that_was_configured():
    prices = PriceList(per_run={"codegen": Decimal("0.5")})

    assert prices.price(None, "codegen", None, WHEN) == (Decimal("0.5"), "computed")
    assert prices.price(None, "command", None, WHEN) == (None, "unpriced")
