"""The command line: `invoices FILE [--currency EUR]` prints the tax that is due."""

import argparse
import asyncio
from pathlib import Path

from invoices.exchange import convert_all
from invoices.files import load
from invoices.report import as_text, tax_by_rate


def main() -> None:
    parser = argparse.ArgumentParser(prog="invoices", description="Tax due on the invoices of a file")
    parser.add_argument("file", type=Path)
    parser.add_argument("--currency", default="EUR")
    options = parser.parse_args()
    invoices = asyncio.run(convert_all(load(options.file), options.currency))
    print(as_text(tax_by_rate(invoices), options.currency))
