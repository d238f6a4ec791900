"""Figures as people read them: money, tokens, times, shares."""

from decimal import Decimal


def dollars(amount: Decimal | None) -> str:
    """Cents where there are dollars, else down to a hundredth of a cent; unknown is not free."""
    if amount is None:
        return "unknown"
    return f"${amount:,.2f}" if abs(amount) >= 1 else f"${amount:.4f}"


def cents(amount: Decimal) -> str:
    """Two decimals, for lists of amounts beside each other."""
    return "< $0.01" if 0 < amount < Decimal("0.005") else f"${amount:,.2f}"


def compact(count: int) -> str:
    """12,345 as 12k, 1,234,567 as 1.2M."""
    for size, unit in ((10**9, "G"), (10**6, "M")):
        if count >= size:
            return f"{count / size:,.1f}{unit}"
    return f"{count / 1000:.0f}k" if count >= 10_000 else f"{count:,}"


def percent(part: Decimal | float, whole: Decimal | float) -> str:
    """Empty where there is no whole."""
    return f"{100 * float(part) / float(whole):.0f} %" if whole else ""


def plural(count: int, one: str) -> str:
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def duration(milliseconds: int) -> str:
    return f"{milliseconds / 1000:,.1f} s" if milliseconds >= 1000 else f"{milliseconds} ms"
