"""The levels behind one door: read through with backfill, written through, and never a reason to fail."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from autogen_cli.cache.base import CacheEntry, CacheHit, CacheLevel, KeyInputs, target_label
from autogen_cli.cache.counters import Counters
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.models import SourceFile
from autogen_cli.storage.base import StoreError

if TYPE_CHECKING:
    from autogen_cli.cache.explain import Explanation
    from autogen_cli.cache.flight import Flights
    from autogen_cli.cache.leases import SharedLeases
    from autogen_cli.cache.stats import LevelStats, Verdict

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
        self._disk = next((level for level in levels if isinstance(level, DiskLevel)), None)
        self._ttl = ttl
        self._on_warning = on_warning
        self._clock = clock
        self._errors: dict[str, tuple[str, float]] = {}
        self._counters = Counters(self._disk.store if self._disk else None)
        self._held: dict[str, CacheEntry] | None = None
        self._landed: list[tuple[str, str]] = []  # keys and owners of leases that end with the next flush

    def get(self, key: str) -> CacheHit | None:
        """The entry from the first level that has it; the quicker levels get a copy."""
        return self._look(key, count_misses=True)

    def set(self, entry: CacheEntry) -> None:
        """Writes to every level; an entry without an expiry gets the cache's."""
        if entry.expires is None and self._ttl is not None:
            entry = replace(entry, expires=self._clock() + self._ttl)
        if self._held is not None:
            self._held[entry.key] = entry
            return
        for level in self.levels:
            self.attempt(level, None, level.set, entry)

    def hold(self) -> None:
        """From now on entries are written at each `flush`, and the leases of their keys last until then. What is in
        memory is that alone: of thousands of different requests none comes again.
        """
        self._held = {}

    def flush(self) -> None:
        """Writes what is held."""
        held, landed = self._held, self._landed
        if held:
            self._held = {}
            for level in self.levels:
                if not isinstance(level, MemoryLevel):
                    self.attempt(level, None, level.set, *held.values())
        self._landed = []
        for owner in {owner for _, owner in landed}:
            self._leases.release([key for key, its in landed if its == owner], owner)

    def delete(self, key: str) -> bool:
        found = [self.attempt(level, False, level.delete, key) for level in self.levels]
        return any(found)

    def flight(self, key: str) -> AbstractAsyncContextManager[CacheHit | None]:
        """Single flight. Yields the answer that another caller, process or machine was at work on, or None: then the
        block is to find the answer and `set` it, while everybody else waits.
        """
        return self._flights.flight(key)

    def remember(self, request: str, state: str, key: str) -> None:
        """Notes that `request`, in a project whose fingerprint is `state`, has the key `key` (see `direct`)."""
        if self._disk:
            self.attempt(self._disk, None, self._disk.lookup.remember, request, state, key)

    def recall(self, request: str, state: str) -> CacheHit | None:
        """The answer to a request that was made before, of a project in the same state."""
        key = self.attempt(self._disk, None, self._disk.lookup.find, request, state) if self._disk else None
        return None if key is None else self.get(key)

    def keys_of(self, label: str) -> frozenset[str]:
        """The keys of the entries that carry a label (`base.file_label`, `base.target_label`), in any level."""
        return frozenset(key for level in self.levels for key in self.attempt(level, [], level.keys_of, label))

    def entries(self) -> Iterator[CacheEntry]:
        """Every entry once, from the slowest level first: it holds the most."""
        seen: set[str] = set()
        for level in reversed(self.levels):
            for entry in self.attempt(level, [], self._all, level):
                if entry.key not in seen:
                    seen.add(entry.key)
                    yield entry

    def show(self, prefix: str) -> list[CacheEntry]:
        """The entries whose key starts with `prefix`."""
        return [entry for entry in self.entries() if entry.key.startswith(prefix)]

    def clear(self) -> dict[str, int]:
        """Empties every level; entries removed by level."""
        return {level.name: self.attempt(level, 0, level.clear) for level in self.levels}

    def prune(self) -> dict[str, int]:
        """Removes what has expired, what is beyond the limits and what nothing refers to; how many by level."""
        return {level.name: self.attempt(level, 0, level.prune) for level in self.levels}

    def verify(self) -> "list[Verdict]":
        """Looks at every entry of every level, and at what refers to entries."""
        from autogen_cli.cache.stats import Verdict

        found = [(level, self.attempt(level, (0, ["can't be read"]), level.verify)) for level in self.levels]
        return [
            Verdict(level=level.name, checked=checked, problems=tuple(problems)) for level, (checked, problems) in found
        ]

    def explain(
        self, inputs: KeyInputs, *, project: str, module: str, symbol: str | None, files: Sequence[SourceFile]
    ) -> "Explanation":
        """Why a request is a hit or a miss: against the entry for the same target whose inputs differ least."""
        from autogen_cli.cache.explain import Explanation, nearest

        level = next((level.name for level in self.levels if self.attempt(level, None, level.get, inputs.key)), None)
        if level is not None or self._disk is None:
            return Explanation(key=inputs.key, level=level)
        label = target_label(project, module, symbol)
        entry, differences = self.attempt(self._disk, (None, ()), nearest, self._disk, inputs, label, files)
        return Explanation(key=inputs.key, level=None, nearest=entry, differences=differences)

    def stats(self) -> "list[LevelStats]":
        """What every level holds, and how well it has served, over all processes."""
        stored = self.attempt(self._disk, {}, self._counters.stored) if self._disk else {}
        return [self._level_stats(level, stored) for level in self.levels]

    def zero_stats(self) -> None:
        if self._disk:
            self.attempt(self._disk, None, self._counters.zero)

    @property
    def failures(self) -> Mapping[str, str]:
        """Levels that can't do their work now, and why."""
        return {name: reason for name, (reason, _) in self._errors.items()}

    def close(self) -> None:
        self.flush()
        if self._disk:
            self.attempt(self._disk, None, self._counters.flush)
            self.attempt(self._disk, None, self._disk.flush)
        for level in self.levels:
            level.close()

    def attempt[**P, T, O](
        self, level: CacheLevel, otherwise: O, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T | O:
        """What `operation` returns; `otherwise` where the level can't do its work, which is reported once."""
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

    @cached_property
    def _flights(self) -> "Flights":
        from autogen_cli.cache.flight import Flights

        return Flights(self._look, self._leases, release=self._release)

    @cached_property
    def _leases(self) -> "SharedLeases":
        from autogen_cli.cache.leases import LeasingLevel, SharedLeases

        sharing = [level for level in self.levels if isinstance(level, LeasingLevel)]
        return SharedLeases(sharing, self.attempt)

    def _release(self, key: str, owner: str) -> None:
        if self._held is None:
            self._leases.release([key], owner)
        else:
            self._landed.append((key, owner))

    def _look(self, key: str, *, count_misses: bool = False) -> CacheHit | None:
        if self._held and key in self._held:
            return CacheHit(self._held[key], "memory")
        for position, level in enumerate(self.levels):
            entry = self.attempt(level, None, level.get, key)
            if entry is None or (entry.expires is not None and entry.expires <= self._clock()):
                if count_misses:
                    self._counters.miss(level.name)
                continue
            self._counters.hit(level.name, entry)
            for quicker in self.levels[:position] if self._held is None else ():
                self.attempt(quicker, None, quicker.set, entry)
            return CacheHit(entry, level.name)
        return None

    @staticmethod
    def _all(level: CacheLevel) -> list[CacheEntry]:
        return list(level.entries())

    def _level_stats(self, level: CacheLevel, stored: Mapping[str, int]) -> "LevelStats":
        from autogen_cli.cache.stats import LevelStats

        entries, size = self.attempt(level, 0, level.count), self.attempt(level, 0, level.size)
        evictions = self.attempt(level, None, level.evictions)
        error, _ = self._errors.get(level.name, (None, 0.0))
        return LevelStats(
            level=level.name,
            entries=entries,
            size=size,
            evictions=evictions,
            error=error,
            **self._counters.totals(level.name, stored),
        )

    def _report(self, level: str, reason: str) -> None:
        known, _ = self._errors.get(level, ("", 0.0))
        self._errors[level] = (reason, self._clock() + RETRY_AFTER)
        if reason != known:
            self._on_warning(f"the {level} cache is passed over: {reason}")
