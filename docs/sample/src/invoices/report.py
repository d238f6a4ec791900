"""What tax is due: sums by rate, as data and as a text for people."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from invoices import money
from invoices.models import Invoice


def tax_by_rate(invoices: Iterable[Invoice]) -> dict[Decimal, Decimal]:
    """Tax rate -> tax due, highest rate first."""
    due: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for invoice in invoices:
        for line in invoice.lines:
            due[line.tax_rate] += money.split_tax(line.gross, rate=line.tax_rate)[1]
    return dict(sorted(due.items(), reverse=True))


def as_text(due: dict[Decimal, Decimal], currency: str = "EUR") -> str:
    rows = [f"{rate:>6.0%}  {money.format_amount(tax, currency):>16}" for rate, tax in due.items()]
    total = money.format_amount(sum(due.values(), Decimal(0)), currency)
    return "\n".join([*rows, f" total  {total:>16}"])
