"""The level on disk: a diskcache store, shared by every process of this user.

Beside diskcache's table lie small ones of our own; triggers keep them true to it, whoever removes a row.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from autogen_cli.cache import asked, counters, direct, leases
from autogen_cli.cache.base import CacheEntry, entry_from_json, entry_to_json
from autogen_cli.cache.direct import DirectLookup
from autogen_cli.cache.leases import DiskLeases
from autogen_cli.storage.base import PLAIN, Codec
from autogen_cli.storage.store import JSONStore

SCHEMA = 1
DEFAULT_SIZE_LIMIT = 2**30
_LABELS = """
CREATE TABLE IF NOT EXISTS Label (label TEXT, key TEXT, PRIMARY KEY (label, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS Label_key ON Label (key);
CREATE TRIGGER IF NOT EXISTS Cache_insert AFTER INSERT ON Cache BEGIN
    INSERT OR IGNORE INTO Label SELECT value, NEW.key FROM json_each(NEW.tag);
END;
CREATE TRIGGER IF NOT EXISTS Cache_update AFTER UPDATE OF tag ON Cache BEGIN
    DELETE FROM Label WHERE key = OLD.key;
    INSERT OR IGNORE INTO Label SELECT value, NEW.key FROM json_each(NEW.tag);
END;
CREATE TRIGGER IF NOT EXISTS Cache_delete AFTER DELETE ON Cache BEGIN
    DELETE FROM Label WHERE key = OLD.key;
    DELETE FROM Direct WHERE key = OLD.key;
    DELETE FROM Asked WHERE key = OLD.key;
    INSERT INTO Counter VALUES ('disk.evictions', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
"""


class DiskLevel:
    """size_limit: bytes; beyond it the least recently used entries go. The folder is made at first use."""

    name = "disk"

    def __init__(
        self,
        folder: Path,
        *,
        size_limit: int = DEFAULT_SIZE_LIMIT,
        codec: Codec = PLAIN,
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.store = JSONStore(
            folder,
            schema=SCHEMA,
            tables=counters.TABLE + direct.TABLE + leases.TABLE + asked.TABLE + _LABELS,
            sealed_tables=("Asked",),
            compress=True,
            codec=codec,
            on_notice=on_notice,
            eviction_policy="least-recently-used, noted in batches",
            size_limit=size_limit,
        )
        self.leases = DiskLeases(self.store)
        self.lookup = DirectLookup(self.store)
        self._used: set[str] = set()

    def get(self, key: str) -> CacheEntry | None:
        found = self.store.get(key)
        if found is None:
            return None
        self._used.add(key)
        return entry_from_json(found)

    def set(self, *entries: CacheEntry) -> None:
        self.flush()  # before anything is evicted
        now = time.time()
        self.store.set(
            [
                (e.key, entry_to_json(e), None if e.expires is None else e.expires - now, json.dumps(e.labels()))
                for e in entries
            ],
            *(asked.keeping(self.store, entry.inputs) for entry in entries if entry.inputs is not None),
        )

    def delete(self, key: str) -> bool:
        found = self.store.delete(key)
        self._requested(int(found))
        return found

    def keys_of(self, label: str) -> list[str]:
        return [key for (key,) in self.store.select("SELECT key FROM Label WHERE label = ?", (label,))]

    def entries(self) -> Iterator[CacheEntry]:
        """Newest first."""
        for key, data in self.store.select("SELECT key, value FROM Cache ORDER BY store_time DESC"):
            entry = entry_from_json(self.store.decode_row(key, data) or {}, size=len(data))
            if entry is not None:
                yield entry

    def clear(self) -> int:
        found = self.count()
        tables = ("Label", "Direct", "Asked", "Lease", "Cache")
        self.store.execute(*((f"DELETE FROM {table}", ()) for table in tables))  # noqa: S608 - five constants
        self._requested(found)
        return found

    def verify(self) -> tuple[int, list[str]]:
        """Reads everything: the file's structure, every entry, and what refers to entries that aren't there."""
        problems = [text for (text,) in self.store.select("PRAGMA integrity_check") if text != "ok"]
        checked = 0
        for key, data in self.store.select("SELECT key, value FROM Cache"):
            checked += 1
            entry = entry_from_json(self.store.decode_row(key, data) or {})
            if entry is None or entry.key != key:
                problems.append(f"entry {key} can't be read")
        for table in ("Label", "Direct", "Asked"):
            lost = f"SELECT count(*) FROM {table} WHERE key NOT IN (SELECT key FROM Cache)"  # noqa: S608 - three constants
            problems.extend(f"{count} orphans in {table}" for (count,) in self.store.select(lost) if count)
        return checked, problems

    def prune(self) -> int:
        """Also removes leases that have run out, and files that were set aside as damaged."""
        import shutil

        for folder in self.store.folder.glob("damaged-*"):
            shutil.rmtree(folder, ignore_errors=True)
        self.store.execute(
            ("DELETE FROM Lease WHERE expires < ?", (time.time(),)),
            ("DELETE FROM Direct WHERE key NOT IN (SELECT key FROM Cache)", ()),
        )
        return self.store.cull()

    def evictions(self) -> int:
        """Over all processes: a trigger counts them."""
        select = "SELECT value FROM Counter WHERE name = 'disk.evictions'"
        return sum(value for (value,) in self.store.select(select))

    def count(self) -> int:
        return len(self.store)

    def size(self) -> int:
        return self.store.size()

    def flush(self) -> None:
        """Notes which entries were used; until then that is known to this process alone."""
        used, self._used = self._used, set()
        if used:
            self.store.touch(used)

    def close(self) -> None:
        self.store.close()

    def _requested(self, count: int) -> None:
        """Takes removals that somebody asked for out of the count of evictions."""
        if count:
            self.store.execute((counters.ADD, ("disk.evictions", -count)))
