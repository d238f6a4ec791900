"""The levels behind one door: read through with backfill, written through, and never a reason to fail."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from autogen_cli.cache.base import CacheEntry, CacheHit, CacheLevel, LevelStats
from autogen_cli.storage.base import StoreError

RETRY_AFTER = 30.0


class CacheManager:
    """levels: quickest first. ttl: seconds that an entry lives; None: until it is evicted.

    A level that fails is reported once, to `on_warning`, and passed over for half a minute.
    """

    def __init__(
        self,
        levels: Sequence[CacheLevel],
        *,
        ttl: float | None = None,
        on_warning: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.levels = tuple(levels)
        self._ttl = ttl
        self._on_warning = on_warning
        self._clock = clock
        self._errors: dict[str, tuple[str, float]] = {}
        self._hits: Counter[str] = Counter()
        self._misses: Counter[str] = Counter()

    def get(self, key: str) -> CacheHit | None:
        """The entry from the first level that has it; the quicker levels get a copy."""
        for position, level in enumerate(self.levels):
            entry = self._try(level, None, level.get, key)
            if entry is None or (entry.expires is not None and entry.expires <= self._clock()):
                self._misses[level.name] += 1
                continue
            self._hits[level.name] += 1
            for quicker in self.levels[:position]:
                self._try(quicker, None, quicker.set, entry)
            return CacheHit(entry, level.name)
        return None

    def set(self, entry: CacheEntry) -> None:
        """Writes to every level; an entry without an expiry gets the cache's."""
        if entry.expires is None and self._ttl is not None:
            entry = replace(entry, expires=self._clock() + self._ttl)
        for level in self.levels:
            self._try(level, None, level.set, entry)

    def delete(self, key: str) -> bool:
        found = [self._try(level, False, level.delete, key) for level in self.levels]
        return any(found)

    def entries(self) -> Iterator[CacheEntry]:
        """Every entry once, from the slowest level first: it holds the most."""
        seen: set[str] = set()
        for level in reversed(self.levels):
            for entry in self._try(level, [], self._all, level):
                if entry.key not in seen:
                    seen.add(entry.key)
                    yield entry

    def show(self, prefix: str) -> list[CacheEntry]:
        """The entries whose key starts with `prefix`."""
        return [entry for entry in self.entries() if entry.key.startswith(prefix)]

    def clear(self) -> dict[str, int]:
        """Empties every level; entries removed by level."""
        return {level.name: self._try(level, 0, level.clear) for level in self.levels}

    def stats(self) -> list[LevelStats]:
        return [self._level_stats(level) for level in self.levels]

    def close(self) -> None:
        for level in self.levels:
            level.close()

    def _level_stats(self, level: CacheLevel) -> LevelStats:
        entries, size = self._try(level, 0, level.count), self._try(level, 0, level.size)
        error, _ = self._errors.get(level.name, (None, 0.0))
        return LevelStats(
            level=level.name,
            entries=entries,
            size=size,
            hits=self._hits[level.name],
            misses=self._misses[level.name],
            error=error,
        )

    @staticmethod
    def _all(level: CacheLevel) -> list[CacheEntry]:
        return list(level.entries())

    def _try[**P, T](
        self, level: CacheLevel, otherwise: T, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        _, until = self._errors.get(level.name, ("", 0.0))
        if self._clock() < until:
            return otherwise
        try:
            found = operation(*args, **kwargs)
        except StoreError as exc:
            self._report(level.name, str(exc))
            return otherwise
        self._errors.pop(level.name, None)
        return found

    def _report(self, level: str, reason: str) -> None:
        known, _ = self._errors.get(level, ("", 0.0))
        self._errors[level] = (reason, self._clock() + RETRY_AFTER)
        if reason != known:
            self._on_warning(f"the {level} cache is passed over: {reason}")
