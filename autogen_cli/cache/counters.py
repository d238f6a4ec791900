"""Hits, misses and what they saved, added up over all processes.

A process counts in memory and writes when it closes; one that is killed takes its counts along.
"""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import TypedDict

from autogen_cli.cache.base import CacheEntry
from autogen_cli.storage.store import JSONStore

TABLE = "CREATE TABLE IF NOT EXISTS Counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
ADD = "INSERT INTO Counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"
_PER_USD = 10**12  # a cached token of a cheap model costs some 10**-8 dollars


class Totals(TypedDict):
    hits: int
    misses: int
    saved_ms: int
    saved_usd: Decimal


class Counters:
    """Counts by level and name. store: None counts for this process alone."""

    def __init__(self, store: JSONStore | None = None) -> None:
        self._store = store
        self._pending: Counter[str] = Counter()

    def hit(self, level: str, entry: CacheEntry) -> None:
        self._pending[f"{level}.hits"] += 1
        self._pending[f"{level}.saved_ms"] += entry.duration_ms
        self._pending[f"{level}.saved_usd"] += int((entry.cost_usd or Decimal(0)) * _PER_USD)

    def miss(self, level: str) -> None:
        self._pending[f"{level}.misses"] += 1

    def flush(self) -> None:
        """Adds what this process counted to what the store holds."""
        if self._store is not None and self._pending:
            pending, self._pending = self._pending, Counter()
            self._store.execute(*((ADD, item) for item in pending.items()))

    def zero(self) -> None:
        self._pending.clear()
        if self._store is not None:
            self._store.execute(("DELETE FROM Counter", ()))

    def stored(self) -> dict[str, int]:
        """What earlier processes added up."""
        return {} if self._store is None else dict(self._store.select("SELECT name, value FROM Counter"))

    def totals(self, level: str, stored: Mapping[str, int]) -> Totals:
        hits, misses, saved_ms, saved = (
            self._pending[name] + stored.get(name, 0)
            for name in (f"{level}.{what}" for what in ("hits", "misses", "saved_ms", "saved_usd"))
        )
        return Totals(hits=hits, misses=misses, saved_ms=saved_ms, saved_usd=Decimal(saved) / _PER_USD)
