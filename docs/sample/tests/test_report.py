from datetime import date
from decimal import Decimal

from invoices.ledger import book, prepaid_tax
from invoices.models import REDUCED_RATE, STANDARD_RATE, Invoice, Line
from invoices.report import as_text, tax_by_rate

INVOICES = [
    Invoice(
        "2026-018",
        "Grace GmbH",
        date(2026, 3, 9),
        (Line("chair", 2, Decimal("119.00")), Line("manual", 1, Decimal("10.70"), REDUCED_RATE)),
    )
]


def test_tax_is_summed_by_rate() -> None:
    assert tax_by_rate(INVOICES) == {STANDARD_RATE: Decimal("38.00"), REDUCED_RATE: Decimal("0.70")}


def test_the_report_ends_with_the_total() -> None:
    assert as_text(tax_by_rate(INVOICES)).splitlines()[-1].split() == ["total", "38.70", "EUR"]


def test_every_line_is_booked_twice() -> None:
    entries = book(INVOICES)
    assert [entry.account for entry in entries] == ["revenue", "tax"] * 2
    assert sum(entry.amount for entry in entries) == INVOICES[0].gross


def test_deposits_are_rounded_down() -> None:
    assert prepaid_tax(Decimal("9.99"), STANDARD_RATE) == Decimal("1.59")
