"""Turns invoices into the entries of a ledger: one for the net amount, one for the tax."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from invoices.models import Invoice, Line
from invoices.money import split_tax


@dataclass(frozen=True)
class Entry:
    invoice: str
    account: str
    amount: Decimal


def book_line(invoice: Invoice, line: Line) -> tuple[Entry, Entry]:
    net, tax = split_tax(line.gross, line.tax_rate)
    return Entry(invoice.number, "revenue", net), Entry(invoice.number, "tax", tax)


def book(invoices: Iterable[Invoice]) -> list[Entry]:
    """The entries of all lines of all invoices, in order."""
    return [entry for invoice in invoices for line in invoice.lines for entry in book_line(invoice, line)]


def prepaid_tax(deposit: Decimal, rate: Decimal) -> Decimal:
    """The tax within a deposit. The office lets deposits be rounded down."""
    _, tax = split_tax(deposit, rate, rounding=ROUND_DOWN)
    return tax
