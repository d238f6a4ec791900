"""How well the levels serve, and whether they are sound."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelStats:
    """entries and size (bytes): now. The others: since they were last set to zero, over all processes.

    saved_usd, saved_ms: what the hits would have cost and taken. evictions: None where the level doesn't know. error:
    why the level is passed over, if it is.
    """

    level: str
    entries: int = 0
    size: int = 0
    hits: int = 0
    misses: int = 0
    evictions: int | None = None
    saved_usd: Decimal = Decimal(0)
    saved_ms: int = 0
    error: str | None = None

    @property
    def hit_rate(self) -> float | None:
        """Of 1; None where nobody asked."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What `verify` found in a level: how many entries were looked at, and what is wrong, a line each."""

    level: str
    checked: int
    problems: tuple[str, ...] = ()
