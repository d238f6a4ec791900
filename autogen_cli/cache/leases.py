"""Who is at work on a key: a lease that its holder renews, and that others may take once it has run out."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Protocol, runtime_checkable

from autogen_cli.cache.base import CacheLevel
from autogen_cli.storage.store import JSONStore

TABLE = "CREATE TABLE IF NOT EXISTS Lease (key TEXT PRIMARY KEY, owner TEXT, expires REAL) WITHOUT ROWID;"


class Leases(Protocol):
    """seconds: how long a lease lasts. A method raises StoreError where the store can't do its work."""

    def acquire(self, key: str, owner: str, seconds: float) -> bool: ...

    def renew(self, keys: Collection[str], owner: str, seconds: float) -> None: ...

    def release(self, key: str, owner: str) -> None: ...


@runtime_checkable
class LeasingLevel(CacheLevel, Protocol):
    """A level that others share, so that it can keep leases."""

    leases: Leases


class Attempt(Protocol):
    """Calls a level's operation; None, and never an error, where the level can't do its work."""

    def __call__[**P, T](
        self, level: CacheLevel, otherwise: None, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T | None: ...


class SharedLeases:
    """Leases of the first level that works. Where none does, everybody leads."""

    def __init__(self, levels: Sequence[LeasingLevel], attempt: Attempt) -> None:
        self._levels = levels
        self._attempt = attempt
        self._held: dict[str, LeasingLevel] = {}

    def acquire(self, key: str, owner: str, seconds: float) -> bool:
        for level in self._levels:
            taken = self._attempt(level, None, level.leases.acquire, key, owner, seconds)
            if taken:
                self._held[key] = level
            if taken is not None:
                return taken
        return True

    def renew(self, keys: Collection[str], owner: str, seconds: float) -> None:
        by_level: dict[str, set[str]] = defaultdict(set)
        for key in keys & self._held.keys():
            by_level[self._held[key].name].add(key)
        for level in self._levels:
            if held := by_level[level.name]:
                self._attempt(level, None, level.leases.renew, held, owner, seconds)

    def release(self, key: str, owner: str) -> None:
        level = self._held.pop(key, None)
        if level is not None:
            self._attempt(level, None, level.leases.release, key, owner)


class DiskLeases:
    """In the disk level's file: for the processes of one machine."""

    def __init__(self, store: JSONStore, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def acquire(self, key: str, owner: str, seconds: float) -> bool:
        now = self._clock()
        take = (
            "INSERT INTO Lease VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"
            " SET owner = excluded.owner, expires = excluded.expires WHERE expires < ?"
        )
        return self._store.execute((take, (key, owner, now + seconds, now))) == 1

    def renew(self, keys: Collection[str], owner: str, seconds: float) -> None:
        until = self._clock() + seconds
        self._store.execute(
            *(("UPDATE Lease SET expires = ? WHERE key = ? AND owner = ?", (until, key, owner)) for key in keys)
        )

    def release(self, key: str, owner: str) -> None:
        self._store.execute(("DELETE FROM Lease WHERE key = ? AND owner = ?", (key, owner)))
