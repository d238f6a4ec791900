from decimal import ROUND_DOWN, Decimal

import pytest

from invoices.models import STANDARD_RATE
from invoices.money import AmountError, format_amount, split_tax


def test_amounts_have_two_places_and_a_currency() -> None:
    assert format_amount(Decimal("1234.5"), "CHF") == "1,234.50 CHF"


def test_net_and_tax_make_up_the_gross_amount() -> None:
    gross = Decimal("119.00")
    net, tax = split_tax(gross, rate=STANDARD_RATE)
    assert (net, tax) == (Decimal("100.00"), Decimal("19.00"))


def test_the_tax_is_rounded_and_the_net_amount_takes_the_rest() -> None:
    assert split_tax(Decimal("9.99"), STANDARD_RATE) == (Decimal("8.39"), Decimal("1.60"))
    assert split_tax(Decimal("9.99"), STANDARD_RATE, rounding=ROUND_DOWN) == (Decimal("8.40"), Decimal("1.59"))


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(AmountError, match="-0.19"):
        split_tax(Decimal("119.00"), rate=Decimal("-0.19"))
