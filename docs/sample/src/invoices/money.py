"""Arithmetic on amounts. Every amount is a Decimal; results are rounded to the cent, halves away from zero."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


class AmountError(ValueError):
    """An amount or a rate that no invoice can have."""


def round_cents(amount: Decimal, *, rounding: str = ROUND_HALF_UP) -> Decimal:
    """`amount` rounded to whole cents."""
    return amount.quantize(CENT, rounding=rounding)


def format_amount(amount: Decimal, currency: str = "EUR") -> str:
    """`1234.5` as `1,234.50 EUR`."""
    return f"{round_cents(amount):,} {currency}"
