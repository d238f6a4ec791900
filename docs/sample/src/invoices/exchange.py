"""Invoices in other currencies, at the rate of the day they were issued."""

import asyncio
from collections.abc import Sequence

from invoices.models import Invoice
from invoices.rates import fetch_rate


async def convert(invoice: Invoice, currency: str = "EUR") -> Invoice:
    if invoice.currency == currency:
        return invoice
    rate = await fetch_rate(invoice.currency, to=currency, on=invoice.issued)
    return invoice.priced_in(currency, rate)


async def convert_all(invoices: Sequence[Invoice], currency: str = "EUR") -> list[Invoice]:
    """All invoices in one currency; the rates are fetched at the same time."""
    return await asyncio.gather(*(convert(invoice, currency) for invoice in invoices))
