"""A budget that thousands share: who doesn't fit in waits for others to settle, and gives up when none is left.

Worst cases are reserved, and answers cost a fraction of them: the first refusal doesn't mean that the money is spent.
Those who come at once ask at once, in one step of the budget's books.
"""

import asyncio
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from autogen_cli.errors import BudgetError

if TYPE_CHECKING:
    from autogen_cli.limits.budget import Budget, Reservation


class _Wish(NamedTuple):
    worst: Decimal | None
    granted: "asyncio.Future[Reservation]"


class Purse:
    """Each `reserve` that returns is to be followed by one `settled`, after the budget's own `settle`."""

    def __init__(self, budget: "Budget") -> None:
        self._budget = budget
        self._wishes: deque[_Wish] = deque()  # in the order of arrival
        self._coming: asyncio.Handle | None = None
        self._held = 0
        self._refused = False

    @property
    def waited_for(self) -> bool:
        return self._refused

    async def reserve(self, worst: Decimal | None) -> "Reservation":
        """worst: USD, as for `Budget.reserve`. Raises BudgetError when nothing is on its way that could give way."""
        loop = asyncio.get_running_loop()
        wish = _Wish(worst, loop.create_future())
        self._wishes.append(wish)
        if not self._refused and self._coming is None:
            self._coming = loop.call_soon(self._grant)
        try:
            return await wish.granted
        except asyncio.CancelledError:
            if wish.granted.done() and not wish.granted.cancelled() and not wish.granted.exception():
                self._budget.settle(wish.granted.result(), Decimal(0))
                self.settled()
            raise

    def settled(self) -> None:
        self._held -= 1
        if self._refused and self._coming is None:
            self._coming = asyncio.get_running_loop().call_soon(self._grant)

    def _grant(self) -> None:
        self._coming, self._refused = None, False
        wishes = [wish for wish in self._wishes if not wish.granted.done()]
        self._wishes.clear()
        together = self._budget.reserve_together([wish.worst for wish in wishes]) if len(wishes) > 1 else None
        if together is not None:
            for wish, reservation in zip(wishes, together, strict=True):
                self._give(wish, reservation)
            return
        self._wishes.extend(wishes)
        while self._wishes and self._try(self._wishes[0]):
            self._wishes.popleft()

    def _try(self, wish: _Wish) -> bool:
        """False where it has to wait."""
        try:
            self._give(wish, self._reserved(wish.worst))
        except BudgetError as error:
            if self._held:
                self._refused = True
                return False
            wish.granted.set_exception(error)
        return True

    def _reserved(self, worst: Decimal | None) -> "Reservation":
        try:
            return self._budget.reserve(worst)
        except BudgetError:
            if not self._budget.flush():  # what others have settled isn't in the books yet
                raise
            return self._budget.reserve(worst)

    def _give(self, wish: _Wish, reservation: "Reservation") -> None:
        self._held += 1
        wish.granted.set_result(reservation)
