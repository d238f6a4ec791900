"""Where budgets keep their sums: what a store of them does, and the store of one machine, an SQLite file.

Amounts are whole nano-dollars: sums are exact. A period is one row: `run:ID`, `day:2026-11-30`, `month:2026-11`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from autogen_cli.limits.store import LimitsStore


class Tally(NamedTuple):
    """What a period has cost, and what is reserved for requests that aren't settled; nano-dollars."""

    settled: int = 0
    reserved: int = 0

    def exceeds(self, limit: int | None, amount: int) -> bool:
        """Whether that much more would be too much."""
        return limit is not None and self.settled + self.reserved + amount > limit


class SpendingStore(Protocol):
    """Every method is one atomic step over all who use the store, and raises StoreError where that can't be done."""

    @property
    def remedy(self) -> str:
        """What to do when the store can't be used."""

    def reserve(self, periods: Sequence[str], limits: Sequence[int | None], amount: int, *, force: bool) -> list[Tally]:
        """Adds the amount to every period, unless one of them would exceed its limit and it isn't forced. The tallies
        are those from before.
        """

    def settle(self, periods: Sequence[str], reserved: int, spent: int) -> list[Tally]:
        """Turns what was reserved into what was spent; the tallies afterwards."""

    def read(self, periods: Sequence[str]) -> list[Tally]: ...

    def first_to_tell(self, period: str, percent: int) -> bool:
        """Whether nobody has told of this level of the period, or of a higher one; afterwards somebody has."""

    def forget(self, period: str) -> None: ...

    def close(self) -> None: ...


class FileSpending:
    """For all processes of one user on one machine."""

    def __init__(self, path: Path) -> None:
        self._store = LimitsStore(path)
        self.remedy = f"mend {path}, or remove it to begin its books anew"

    def reserve(self, periods: Sequence[str], limits: Sequence[int | None], amount: int, *, force: bool) -> list[Tally]:
        with self._store.transaction() as connection:
            tallies = [_tally(connection.execute(_READ, (period,)).fetchone()) for period in periods]
            if force or not any(t.exceeds(limit, amount) for t, limit in zip(tallies, limits, strict=True)):
                connection.executemany(
                    "INSERT INTO spending VALUES (:period, 0, :amount, 0)"
                    " ON CONFLICT DO UPDATE SET reserved = reserved + :amount",
                    [{"period": period, "amount": amount} for period in periods],
                )
        return tallies

    def settle(self, periods: Sequence[str], reserved: int, spent: int) -> list[Tally]:
        with self._store.transaction() as connection:
            connection.executemany(
                "UPDATE spending SET settled = settled + ?, reserved = reserved - ? WHERE period = ?",
                [(spent, reserved, period) for period in periods],
            )
            return [_tally(connection.execute(_READ, (period,)).fetchone()) for period in periods]

    def read(self, periods: Sequence[str]) -> list[Tally]:
        with self._store.transaction("DEFERRED") as connection:
            return [_tally(connection.execute(_READ, (period,)).fetchone()) for period in periods]

    def first_to_tell(self, period: str, percent: int) -> bool:
        with self._store.transaction() as connection:
            update = "UPDATE spending SET alerted = :percent WHERE period = :period AND alerted < :percent"
            return bool(connection.execute(update, {"percent": percent, "period": period}).rowcount)

    def forget(self, period: str) -> None:
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM spending WHERE period = ?", (period,))

    def close(self) -> None:
        self._store.close()


_READ = "SELECT settled, reserved FROM spending WHERE period = ?"


def _tally(row: tuple[int, int] | None) -> Tally:
    return Tally(*(row or ()))
