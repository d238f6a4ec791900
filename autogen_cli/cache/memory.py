"""The level in this process: least recently used goes first."""

import threading
from collections import OrderedDict
from collections.abc import Iterator

from autogen_cli.cache.base import CacheEntry


class MemoryLevel:
    name = "memory"

    def __init__(self, max_entries: int = 1000) -> None:
        self._max_entries = max_entries
        self._entries: OrderedDict[str, CacheEntry] = OrderedDict()
        self._evicted = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> CacheEntry | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def set(self, *entries: CacheEntry) -> None:
        with self._lock:
            for entry in entries:
                self._entries[entry.key] = entry
                self._entries.move_to_end(entry.key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
                self._evicted += 1

    def delete(self, key: str) -> bool:
        with self._lock:
            return self._entries.pop(key, None) is not None

    def keys_of(self, label: str) -> list[str]:
        return [entry.key for entry in self.entries() if label in entry.labels()]

    def entries(self) -> Iterator[CacheEntry]:
        with self._lock:
            found = list(self._entries.values())
        return iter(found)

    def clear(self) -> int:
        with self._lock:
            count = len(self._entries)
            self._entries.clear()
            return count

    def verify(self) -> tuple[int, list[str]]:
        return self.count(), []

    def prune(self) -> int:
        """Nothing is left over here; what has expired is found when it is asked for."""
        return 0

    def evictions(self) -> int:
        """Of this process."""
        return self._evicted

    def count(self) -> int:
        return len(self._entries)

    def size(self) -> int:
        """Bytes of the entries as they are stored elsewhere; those that are stored nowhere else count as 0."""
        return sum(entry.size for entry in self.entries())

    def close(self) -> None:
        pass
