from datetime import date
from decimal import Decimal

import pytest

from invoices.exchange import convert
from invoices.models import Invoice, Line
from invoices.rates import fetch_rate

INVOICE = Invoice("2026-017", "Ada Ltd", date(2026, 3, 2), (Line("desk", 2, Decimal("250.00")),), currency="USD")


async def test_an_invoice_is_converted_at_the_rate_of_its_day() -> None:
    rate = await fetch_rate("USD", to="EUR", on=date(2026, 3, 2))
    assert (await convert(INVOICE)).gross == INVOICE.gross * rate


async def test_a_currency_without_a_rate_is_an_error() -> None:
    with pytest.raises(LookupError, match="XXX"):
        await fetch_rate("XXX", to="EUR", on=date(2026, 3, 2))
