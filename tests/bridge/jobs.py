"""Jobs for tests, and clocks."""

from datetime import UTC, date, datetime

from autogen_cli.bridge.models import Command, Job, Mistake, Place

DAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


def job(
    number: int,
    *,
    principal: str = "github:7",
    asked: Command | Mistake | None = None,
    source: str = "github:acme/shop",
) -> Job:
    """The number is the comment's, and part of the symbol."""
    return Job(
        key=f"gh:1:{number}/0",
        principal=principal,
        source=source,
        place=Place(platform="github", tenant="acme/shop", channel="3", thread=""),
        asked=asked or Command(action="generate", module="shop.money", symbol=f"total_{number}", description="Sums."),
    )


class Clock:
    """Seconds since the epoch; stands still unless it is moved."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
