"""What the figures suggest doing: a sentence each, and none where there is too little to go by."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from autogen_cli.usage.report import UsageReport, UsageRow

ENOUGH = 10  # requests
_DEARER, _FAILING, _WASTED = Decimal("1.5"), 0.2, Decimal("0.2")


def advise(by_model: UsageReport) -> tuple[str, ...]:
    """by_model: a report grouped by `model`."""
    rows = [row for row in by_model.rows if row.requests >= ENOUGH]
    return (*_dearest(rows), *_failing(rows), *_wasted(by_model.total), *_unpriced(by_model.rows))


def _dearest(rows: Sequence[UsageRow]) -> Iterator[str]:
    priced = [(cost, row) for row in rows if row.accepted >= ENOUGH and (cost := row.cost_per_accepted_usd)]
    if len(priced) > 1:
        (low, cheap), *_, (high, dear) = sorted(priced, key=lambda pair: pair[0])
        if high >= _DEARER * low:
            factor = f"{high / low:.1f} times as much per accepted symbol as {cheap.group['model']}"
            yield f"{dear.group['model']} costs {factor} (${high:.4f} against ${low:.4f})"


def _failing(rows: Sequence[UsageRow]) -> Iterator[str]:
    for row in rows:
        asked = row.requests - row.cached
        for count, what in ((row.rejected, "answers are rejected by the checks"), (row.errors, "calls fail")):
            if asked >= ENOUGH and count >= _FAILING * asked:
                yield f"{row.group['model']}: {100 * count / asked:.0f} % of its {what}"


def _wasted(total: UsageRow) -> Iterator[str]:
    if total.cost_usd and total.failed_usd >= _WASTED * total.cost_usd:
        share = 100 * total.failed_usd / total.cost_usd
        yield f"{share:.0f} % of the money (${total.failed_usd:.2f}) went into answers that were not accepted"


def _unpriced(rows: Sequence[UsageRow]) -> Iterator[str]:
    names = [row.group["model"] for row in rows if row.unpriced]
    if names:
        yield f'no price is known for {", ".join(names)}: add [prices."{names[0]}"] to the configuration'
