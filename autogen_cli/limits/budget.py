"""Budgets: the worst case is reserved before a request is sent and settled afterwards, over all processes at once.

Days and months are those of UTC, as on the providers' bills. What a killed process had reserved stays counted: its
request may have been billed.
"""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from autogen_cli.errors import BudgetError
from autogen_cli.limits.spending import SpendingStore, Tally
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
    kept all the same, for the day on which there is one. run: the name of a run that several processes share; whoever
    gives it has to `forget_run` when all is done.
    """

    def __init__(
        self,
        store: SpendingStore,
        *,
        per_run: Decimal | None = None,
        daily: Decimal | None = None,
        monthly: Decimal | None = None,
        action: Literal["refuse", "warn"] = "refuse",
        on_alert: Callable[[BudgetAlert], None] = lambda _: None,
        on_warning: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        run: str | None = None,
    ) -> None:
        self._store = store
        self._limits = (per_run, daily, monthly)
        self._limited = any(limit is not None for limit in self._limits)
        self._action = action
        self._on_alert = on_alert
        self._on_warning = on_warning
        self._clock = clock
        self._shares_run = run is not None
        self._held: dict[tuple[str, ...], list[int]] | None = None  # by periods: what was reserved, and spent of it
        self.run = run or uuid.uuid4().hex

    def reserve(self, worst: Decimal | None) -> Reservation:
        """worst: USD that the request costs at most; None: nobody knows. Raises BudgetError where a limit could be
        exceeded, or there is a limit and the books can't be kept: nothing may be sent then.
        """
        if worst is None and self._limited:
            self._object("the price of the request is unknown, so the budget can't be held", UNPRICED_HINT)
        amount = _nano(worst or Decimal(0))
        periods = self._periods()
        limits = [None if limit is None else _nano(limit) for limit in self._limits]
        try:
            tallies = self._store.reserve(periods, limits, amount, force=self._action == "warn")
        except StoreError as exc:
            if self._limited:
                self._object(f"the budget's books can't be kept: {exc}", self._store.remedy)
            return Reservation(amount=amount, periods=())
        exceeded = [number for number, tally in enumerate(tallies) if tally.exceeds(limits[number], amount)]
        if exceeded:
            spending = self._spendings(tallies)[exceeded[0]]
            self._object(_figures(spending, amount), f"raise {SETTINGS[spending.period]}, or {CHEAPER}")
        return Reservation(amount=amount, periods=periods)

    def reserve_together(self, worsts: Sequence[Decimal | None]) -> list[Reservation] | None:
        """As `reserve` for each, in one step; None where they don't all fit, or not without a word: then each has to
        ask for itself.
        """
        if self._limited and None in worsts:
            return None
        amounts = [_nano(worst or Decimal(0)) for worst in worsts]
        periods, total = self._periods(), sum(amounts)
        limits = [None if limit is None else _nano(limit) for limit in self._limits]
        try:
            tallies = self._store.reserve(periods, limits, total, force=False)
        except StoreError:
            return None
        if any(tally.exceeds(limit, total) for tally, limit in zip(tallies, limits, strict=True)):
            return None
        return [Reservation(amount=amount, periods=periods) for amount in amounts]

    def settle(self, reservation: Reservation, cost: Decimal | None) -> None:
        """cost: USD that were spent, 0 for a request that wasn't billed; None: unknown, the worst case stays."""
        spent = reservation.amount if cost is None else _nano(cost)
        if not reservation.periods:
            return
        if self._held is None:
            self._settle(reservation.periods, reservation.amount, spent)
            return
        held = self._held.setdefault(reservation.periods, [0, 0])
        held[0] += reservation.amount
        held[1] += spent

    def hold(self) -> None:
        """From now on what is settled goes into the books at each `flush`; until then its worst case is counted."""
        self._held = {}

    def flush(self) -> bool:
        """Whether there was anything to settle."""
        held = self._held
        if not held:
            return False
        self._held = {}
        for periods, (reserved, spent) in held.items():
            self._settle(periods, reserved, spent)
        return True

    def _settle(self, periods: tuple[str, ...], reserved: int, spent: int) -> None:
        try:
            tallies = self._store.settle(periods, reserved, spent)
            alerts = list(self._due_alerts(periods, tallies))
        except StoreError as exc:
            self._on_warning(f"the budget's books can't be kept, the worst case stays counted: {exc}")
            return
        for alert in alerts:
            self._on_alert(alert)

    def spending(self) -> tuple[Spending, ...]:
        """The books of the run, the day and the month. Raises StoreError."""
        return tuple(self._spendings(self._store.read(self._periods())))

    def forget_run(self) -> None:
        """The run is over, for everybody who shared it."""
        with contextlib.suppress(StoreError):
            self._store.forget(f"run:{self.run}")

    def close(self) -> None:
        self.flush()
        if not self._shares_run:
            self.forget_run()
        self._store.close()

    def _periods(self) -> tuple[str, ...]:
        now = datetime.fromtimestamp(self._clock(), UTC)
        return f"run:{self.run}", f"day:{now:%Y-%m-%d}", f"month:{now:%Y-%m}"

    def _spendings(self, tallies: Sequence[Tally]) -> list[Spending]:
        return [
            Spending(period=name, spent=tally.settled / NANO, reserved=tally.reserved / NANO, limit=limit)
            for name, tally, limit in zip(SETTINGS, tallies, self._limits, strict=True)
        ]

    def _due_alerts(self, periods: Sequence[str], tallies: Sequence[Tally]) -> Iterator[BudgetAlert]:
        for period, spending in zip(periods, self._spendings(tallies), strict=True):
            if not spending.limit:
                continue
            reached = max(
                (level for level in ALERT_LEVELS if spending.spent * 100 >= spending.limit * level), default=0
            )
            if reached and self._store.first_to_tell(period, reached):
                yield BudgetAlert(percent=reached, spending=spending)

    def _object(self, message: str, hint: str) -> None:
        if self._action == "refuse":
            raise BudgetError(f"{message}; nothing was sent", hint=hint)
        self._on_warning(f"{message}; it is sent all the same")


def _nano(amount: Decimal) -> int:
    return int((amount * NANO).to_integral_value(ROUND_CEILING))


def _figures(spending: Spending, amount: int) -> str:
    reserved = f" and {spending.reserved:.4g} reserved" if spending.reserved else ""
    return (
        f"the request may cost {amount / NANO:.4g} USD, and of the {spending.limit} USD per {spending.period} "
        f"{spending.spent:.4g} are spent{reserved}"
    )
