"""Money that is set aside for a call, when the call fails."""

import contextlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from autogen_cli.errors import AccessError, ProviderError

if TYPE_CHECKING:
    from autogen_cli.limits.budget import Budget, Reservation


@contextlib.contextmanager
def settled_on_failure(budget: "Budget", reservation: "Reservation", sent: Callable[[], bool]) -> Iterator[None]:
    """Settles the reservation where the block fails, for whatever reason. sent: whether something has gone out."""
    try:
        yield
    except BaseException as error:
        budget.settle(reservation, _cost(error, sent=sent()))
        raise


def _cost(error: BaseException, *, sent: bool) -> Decimal | None:
    """USD of a call that failed: nothing where it can't have been billed; None, its worst case, where it can."""
    if isinstance(error, ProviderError):
        return Decimal(0) if error.billed == "no" else None
    if isinstance(error, AccessError):  # a key that is missing or refused
        return Decimal(0)
    return None if sent else Decimal(0)
