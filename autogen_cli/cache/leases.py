"""Who is at work on a key: a lease that its holder renews, and that others may take once it has run out."""

import json
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol, runtime_checkable

from autogen_cli.cache.base import CacheLevel
from autogen_cli.storage.store import JSONStore

TABLE = "CREATE TABLE IF NOT EXISTS Lease (key TEXT PRIMARY KEY, owner TEXT, expires REAL) WITHOUT ROWID;"


class Leases(Protocol):
    """seconds: how long a lease lasts. A method raises StoreError where the store can't do its work."""

    def acquire(self, keys: Sequence[str], owner: str, seconds: float) -> Sequence[bool]: ...

    def renew(self, keys: Collection[str], owner: str, seconds: float) -> None: ...

    def release(self, keys: Collection[str], owner: str) -> None: ...


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

    def acquire(self, keys: Sequence[str], owner: str, seconds: float) -> Sequence[bool]:
        for level in self._levels:
            taken = self._attempt(level, None, level.leases.acquire, keys, owner, seconds)
            if taken is not None:
                self._held |= {key: level for key, mine in zip(keys, taken, strict=True) if mine}
                return taken
        return [True] * len(keys)

    def renew(self, keys: Collection[str], owner: str, seconds: float) -> None:
        for level in self._levels:
            if held := self._held_in(level, keys):
                self._attempt(level, None, level.leases.renew, held, owner, seconds)

    def release(self, keys: Collection[str], owner: str) -> None:
        for level in self._levels:
            if held := self._held_in(level, keys):
                self._attempt(level, None, level.leases.release, held, owner)
        for key in keys:
            self._held.pop(key, None)

    def _held_in(self, level: LeasingLevel, keys: Collection[str]) -> list[str]:
        return [key for key in keys if self._held.get(key) is level]


class DiskLeases:
    """In the disk level's file: for the processes of one machine."""

    def __init__(self, store: JSONStore, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def acquire(self, keys: Sequence[str], owner: str, seconds: float) -> Sequence[bool]:
        now = self._clock()
        take = (
            "INSERT INTO Lease VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"
            " SET owner = excluded.owner, expires = excluded.expires WHERE expires < ?"
        )
        taken = self._store.each((take, (key, owner, now + seconds, now)) for key in keys)
        return [count == 1 for count in taken]

    def renew(self, keys: Collection[str], owner: str, seconds: float) -> None:
        renew = "UPDATE Lease SET expires = ? WHERE owner = ? AND key IN (SELECT value FROM json_each(?))"
        self._store.execute((renew, (self._clock() + seconds, owner, json.dumps(list(keys)))))

    def release(self, keys: Collection[str], owner: str) -> None:
        release = "DELETE FROM Lease WHERE owner = ? AND key IN (SELECT value FROM json_each(?))"
        self._store.execute((release, (owner, json.dumps(list(keys)))))
