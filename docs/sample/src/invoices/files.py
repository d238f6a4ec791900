"""Invoices in JSON files, one list a file."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from invoices.models import STANDARD_RATE, Invoice, Line


def load(path: Path) -> list[Invoice]:
    return [_invoice(found) for found in json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)]


def _invoice(found: dict[str, Any]) -> Invoice:
    return Invoice(
        number=found["number"],
        customer=found["customer"],
        issued=date.fromisoformat(found["issued"]),
        currency=found.get("currency", "EUR"),
        lines=tuple(_line(line) for line in found["lines"]),
    )


def _line(found: dict[str, Any]) -> Line:
    rate = Decimal(str(found.get("tax_rate", STANDARD_RATE)))
    return Line(found["description"], int(found["quantity"]), Decimal(str(found["unit_price"])), rate)
