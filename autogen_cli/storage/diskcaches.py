"""diskcache as the stores use it: nothing is pickled, and reading an entry writes nothing."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diskcache

LRU = "least-recently-used, noted in batches"
# diskcache's own policy of that kind notes every access at once: a transaction for each hit.
diskcache.EVICTION_POLICY[LRU] = {**diskcache.EVICTION_POLICY["least-recently-used"], "get": None}

_SETTINGS = {
    "disk_min_file_size": 2**31,  # every value lives in the database: one file to set aside, none to lose
    "sqlite_mmap_size": 0,  # a mapped file that somebody truncates ends the process with SIGBUS
}


class BytesDisk(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Text keys and bytes values, as they are. diskcache's own class pickles what SQLite has no type for."""

    def put(self, key: object) -> tuple[str, bool]:
        if not isinstance(key, str):
            raise TypeError(f"a store's key is text, not {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: bool) -> object:
        return key if raw else None  # never unpickled

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, bytes]:
        if read or not isinstance(value, bytes):
            raise TypeError("a store's value is bytes")
        return 0, diskcache.core.MODE_RAW, None, value

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> object:
        return value if mode == diskcache.core.MODE_RAW else None  # never unpickled


class _Cache(diskcache.Cache):  # type: ignore[misc]  # as above
    """Leaves no connection behind where the file can't be used."""

    def __init__(self, directory: str, **options: Any) -> None:
        try:
            super().__init__(directory, **options)
        except BaseException:
            self.close()
            raise


def open_diskcache(folder: Path, *, timeout: float, settings: dict[str, Any]) -> Any:
    return _Cache(str(folder), timeout=timeout, disk=BytesDisk, **_SETTINGS, **settings)


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """For diskcache it is a `Timeout` whatever went wrong when a transaction was to begin; this says SQLite's error."""
    try:
        yield
    except diskcache.Timeout as exc:
        raise exc.__context__ or exc from None
