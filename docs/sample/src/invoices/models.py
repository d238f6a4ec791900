"""What an invoice is made of. Amounts are gross (tax included), in the invoice's own currency."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

STANDARD_RATE = Decimal("0.19")
REDUCED_RATE = Decimal("0.07")


@dataclass(frozen=True)
class Line:
    description: str
    quantity: int
    unit_price: Decimal
    tax_rate: Decimal = STANDARD_RATE

    @property
    def gross(self) -> Decimal:
        return self.unit_price * self.quantity


@dataclass(frozen=True)
class Invoice:
    number: str
    customer: str
    issued: date
    lines: tuple[Line, ...]
    currency: str = "EUR"

    @property
    def gross(self) -> Decimal:
        return sum((line.gross for line in self.lines), Decimal(0))

    def priced_in(self, currency: str, rate: Decimal) -> "Invoice":
        """The same invoice in another currency, one unit of the present one being `rate` of the new."""
        lines = tuple(replace(line, unit_price=line.unit_price * rate) for line in self.lines)
        return replace(self, currency=currency, lines=lines)
