"""The direct lookup: from a request and the state of the project to the key of its answer, without the context.

Working out the context takes most of a hit's time. But the same request in the same project has the same context, so
the key that it led to last time is still right, as long as nothing in the project has changed. "Nothing" is meant: the
fingerprint covers size, time and inode of every file that the context may look at. A new caller, a new definition of
the same name or a deleted test in a file that the last context never used changes it as well; a list of the files that
were used would miss them. After any change the context is worked out once more (warm, that is cheap), and where it led
to the same prompt, the answer is still a hit, and remembered here again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from autogen_cli.storage.store import JSONStore

TABLE = """
CREATE TABLE IF NOT EXISTS Direct (request TEXT PRIMARY KEY, fingerprint TEXT, key TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS Direct_key ON Direct (key);
"""
RACY_NS = 50_000_000  # file systems count time in ticks of some milliseconds


def request_id(request: Mapping[str, Any]) -> str:
    """request: JSON values, everything that decides the prompt and the answer besides the project's files."""
    text = json.dumps(request, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def fingerprint(files: Iterable[tuple[str, tuple[int, int, int]]], *, now_ns: int) -> str | None:
    """A hash over (path, (size, mtime_ns, inode)) of a project's files.

    now_ns: before the files are read. None where a file changed so recently that its next change may not show.
    """
    found = sorted(files)
    if any(mtime_ns > now_ns - RACY_NS for _, (_, mtime_ns, _) in found):
        return None
    return hashlib.blake2b(repr(found).encode(errors="surrogatepass"), digest_size=20).hexdigest()


class DirectLookup:
    """Remembers in the disk level's file: times and inodes mean nothing on another machine."""

    def __init__(self, store: JSONStore) -> None:
        self._store = store

    def remember(self, request: str, state: str, key: str) -> None:
        self._store.execute(("INSERT OR REPLACE INTO Direct VALUES (?, ?, ?)", (request, state, key)))

    def find(self, request: str, state: str) -> str | None:
        select = "SELECT key FROM Direct WHERE request = ? AND fingerprint = ?"
        return next((key for (key,) in self._store.select(select, (request, state))), None)
