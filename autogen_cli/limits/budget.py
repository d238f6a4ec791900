"""Budgets: the worst case is reserved before a request is sent and settled afterwards, over all processes at once.

Amounts are kept as whole nano-dollars, so that SQLite adds them exactly. Days and months are those of UTC, as on the
providers' bills. What a killed process had reserved stays counted: its request may have been billed.
"""

import contextlib
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Literal

from autogen_cli.errors import BudgetError
from autogen_cli.limits.store import LimitsStore
from autogen_cli.storage.base import StoreError

NANO = Decimal(10) ** 9
SETTINGS = {"run": "--max-cost or budget.per_run", "day": "budget.daily", "month": "budget.monthly"}
CHEAPER = "lower the context or the output limit"
UNPRICED_HINT = "add the model to [prices] in the configuration"
ALERT_LEVELS = (50, 80, 100)  # percent of a limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """One period's books in USD. period: `run`, `day` or `month`. reserved: for requests that aren't settled."""

    period: str
    spent: Decimal
    reserved: Decimal
    limit: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetAlert:
    """Spending has reached `percent` of a limit. Each level of each period is told once, whichever process is first."""

    percent: int
    spending: Spending

    def __str__(self) -> str:
        of = self.spending
        return f"{self.percent} % of the budget per {of.period} is spent: {of.spent:.4f} of {of.limit} USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What `reserve` gives and `settle` takes. amount: nano-dollars. periods: the rows that it was added to."""

    amount: int
    periods: tuple[str, ...]


class Budget:
    """per_run, daily, monthly: USD, None for no limit. action: what happens to a request that could exceed one.
    on_alert, on_warning: told what has been reached. clock: seconds since the epoch. Without a limit the books are
    kept all the same, for the day on which there is one.
    """

    def __init__(
        self,
        path: Path,
        *,
        per_run: Decimal | None = None,
        daily: Decimal | None = None,
        monthly: Decimal | None = None,
        action: Literal["refuse", "warn"] = "refuse",
        on_alert: Callable[[BudgetAlert], None] = lambda _: None,
        on_warning: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = LimitsStore(path)
        self._limits = {"run": per_run, "day": daily, "month": monthly}
        self._limited = any(limit is not None for limit in self._limits.values())
        self._action = action
        self._on_alert = on_alert
        self._on_warning = on_warning
        self._clock = clock
        self._run = f"run:{uuid.uuid4().hex}"

    def reserve(self, worst: Decimal | None) -> Reservation:
        """worst: USD that the request costs at most; None: nobody knows. Raises BudgetError where a limit could be
        exceeded, or there is a limit and the books can't be kept: nothing may be sent then.
        """
        if worst is None and self._limited:
            self._object("the price of the request is unknown, so the budget can't be held", UNPRICED_HINT)
        amount = _nano(worst or Decimal(0))
        periods = self._periods()
        try:
            with self._store.transaction() as connection:
                exceeded = [s for s in self._read(connection, periods) if _exceeds(s, amount)]
                if exceeded:
                    self._object(_figures(exceeded[0], amount), f"raise {SETTINGS[exceeded[0].period]}, or {CHEAPER}")
                connection.executemany(
                    "INSERT INTO spending VALUES (?1, 0, ?2, 0) ON CONFLICT DO UPDATE SET reserved = reserved + ?2",
                    [(period, amount) for period in periods],
                )
        except StoreError as exc:
            if self._limited:
                self._object(
                    f"the budget's books can't be kept: {exc}",
                    f"mend {self._store.path}, or remove it to begin its books anew",
                )
            return Reservation(amount=amount, periods=())
        return Reservation(amount=amount, periods=periods)

    def settle(self, reservation: Reservation, cost: Decimal | None) -> None:
        """cost: USD that were spent, 0 for a request that wasn't billed; None: unknown, the worst case stays."""
        spent = reservation.amount if cost is None else _nano(cost)
        alerts: list[BudgetAlert] = []
        try:
            with self._store.transaction() as connection:
                connection.executemany(
                    "UPDATE spending SET settled = settled + ?, reserved = reserved - ? WHERE period = ?",
                    [(spent, reservation.amount, period) for period in reservation.periods],
                )
                alerts = self._due_alerts(connection, reservation.periods)
        except StoreError as exc:
            if reservation.periods:
                self._on_warning(f"the budget's books can't be kept, the worst case stays counted: {exc}")
        for alert in alerts:
            self._on_alert(alert)

    def spending(self) -> tuple[Spending, ...]:
        """The books of the run, the day and the month. Raises StoreError."""
        with self._store.transaction("DEFERRED") as connection:
            return tuple(self._read(connection, self._periods()))

    def close(self) -> None:
        with contextlib.suppress(StoreError), self._store.transaction() as connection:
            connection.execute("DELETE FROM spending WHERE period = ?", (self._run,))
        self._store.close()

    def _periods(self) -> tuple[str, ...]:
        now = datetime.fromtimestamp(self._clock(), UTC)
        return self._run, f"day:{now:%Y-%m-%d}", f"month:{now:%Y-%m}"

    def _read(self, connection: sqlite3.Connection, periods: Sequence[str]) -> Iterator[Spending]:
        for period in periods:
            row = connection.execute("SELECT settled, reserved FROM spending WHERE period = ?", (period,)).fetchone()
            settled, reserved = row or (0, 0)
            name = period.partition(":")[0]
            yield Spending(period=name, spent=settled / NANO, reserved=reserved / NANO, limit=self._limits[name])

    def _due_alerts(self, connection: sqlite3.Connection, periods: Sequence[str]) -> list[BudgetAlert]:
        due = []
        for period, spending in zip(periods, self._read(connection, periods), strict=True):
            if not spending.limit:
                continue
            reached = max(
                (level for level in ALERT_LEVELS if spending.spent * 100 >= spending.limit * level), default=0
            )
            if connection.execute(
                "UPDATE spending SET alerted = ?1 WHERE period = ?2 AND alerted < ?1", (reached, period)
            ).rowcount:
                due.append(BudgetAlert(percent=reached, spending=spending))
        return due

    def _object(self, message: str, hint: str) -> None:
        if self._action == "refuse":
            raise BudgetError(f"{message}; nothing was sent", hint=hint)
        self._on_warning(f"{message}; it is sent all the same")


def _nano(amount: Decimal) -> int:
    return int((amount * NANO).to_integral_value(ROUND_CEILING))


def _exceeds(spending: Spending, amount: int) -> bool:
    return spending.limit is not None and spending.spent + spending.reserved + amount / NANO > spending.limit


def _figures(spending: Spending, amount: int) -> str:
    reserved = f" and {spending.reserved:.4g} reserved" if spending.reserved else ""
    return (
        f"the request may cost {amount / NANO:.4g} USD, and of the {spending.limit} USD per {spending.period} "
        f"{spending.spent:.4g} are spent{reserved}"
    )
