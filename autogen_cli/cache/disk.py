"""The level on disk: a diskcache store, shared by every process of this user."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from autogen_cli.cache.base import CacheEntry, entry_from_json, entry_to_json
from autogen_cli.storage.store import JSONStore

SCHEMA = 1
DEFAULT_SIZE_LIMIT = 2**30


class DiskLevel:
    """size_limit: bytes; beyond it the least recently used entries go. The folder is made at first use."""

    name = "disk"

    def __init__(
        self,
        folder: Path,
        *,
        size_limit: int = DEFAULT_SIZE_LIMIT,
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = JSONStore(
            folder,
            schema=SCHEMA,
            on_notice=on_notice,
            eviction_policy="least-recently-used",
            size_limit=size_limit,
        )

    def get(self, key: str) -> CacheEntry | None:
        found = self._store.get(key)
        return None if found is None else entry_from_json(found)

    def set(self, entry: CacheEntry) -> None:
        expire = None if entry.expires is None else entry.expires - time.time()
        self._store.set(entry.key, entry_to_json(entry), expire=expire)

    def delete(self, key: str) -> bool:
        return self._store.delete(key)

    def entries(self) -> Iterator[CacheEntry]:
        """Newest first."""
        for key, data in self._store.select("SELECT key, value FROM Cache ORDER BY store_time DESC"):
            entry = entry_from_json(self._store.decode_row(key, data) or {}, size=len(data))
            if entry is not None:
                yield entry

    def clear(self) -> int:
        return self._store.clear()

    def count(self) -> int:
        return len(self._store)

    def size(self) -> int:
        return self._store.size()

    def close(self) -> None:
        self._store.close()
