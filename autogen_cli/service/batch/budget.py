"""A budget that thousands share: who doesn't fit in waits for others to settle, and gives up when none is left.

Worst cases are reserved, and answers cost a fraction of them: the first refusal doesn't mean that the money is spent.
"""

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

from autogen_cli.errors import BudgetError

if TYPE_CHECKING:
    from autogen_cli.limits.budget import Budget, Reservation


class Purse:
    """Each `reserve` that returns is to be followed by one `settled`, after the budget's own `settle`."""

    def __init__(self, budget: "Budget") -> None:
        self._budget = budget
        self._turn = asyncio.Lock()  # one asks at a time, in the order of arrival
        self._changed = asyncio.Event()
        self._held = 0

    @property
    def waited_for(self) -> bool:
        return self._turn.locked()

    async def reserve(self, worst: Decimal | None) -> "Reservation":
        """worst: USD, as for `Budget.reserve`. Raises BudgetError when nothing is on its way that could give way."""
        async with self._turn:
            while True:
                try:
                    reservation = self._budget.reserve(worst)
                except BudgetError:
                    if not self._held:
                        raise
                    self._changed.clear()
                    await self._changed.wait()
                else:
                    self._held += 1
                    return reservation

    def settled(self) -> None:
        self._held -= 1
        self._changed.set()
