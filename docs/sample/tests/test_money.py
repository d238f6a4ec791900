from decimal import ROUND_DOWN, Decimal

import pytest

from invoices.money import AmountError, format_amount, split_tax


def test_amounts_have_two_places_and_a_currency() -> None:
    assert format_amount(Decimal("1234.5"), "CHF") == "1,234.50 CHF"


def test_net_and_tax_make_up_the_gross_amount() -> None:
    net, tax = split_tax(Decimal("119.00"), rate=Decimal("0.19"))
    assert (net, tax) == (Decimal("100.00"), Decimal("19.00"))


def test_the_tax_is_rounded_and_the_net_amount_takes_the_rest() -> None:
    assert split_tax(Decimal("0.99"), Decimal("0.07")) == (Decimal("0.93"), Decimal("0.06"))
    assert split_tax(Decimal("9.99"), Decimal("0.19"), rounding=ROUND_DOWN) == (Decimal("8.40"), Decimal("1.59"))


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(AmountError, match="-0.19"):
        split_tax(Decimal("119.00"), rate=Decimal("-0.19"))
