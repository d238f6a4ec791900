"""A diskcache store that holds JSON and nothing else: what the cache's disk level and the usage ledger stand on.

diskcache pickles what SQLite has no type for (CVE-2025-69872); here keys are text, values are bytes, and anything else
is refused on the way in and on the way out. A damaged file is set aside; what is readable in it goes into a new one.
"""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import diskcache

type Json = dict[str, Any]
type Row = tuple[Any, ...]

DATABASE = "cache.db"  # diskcache's name for it
_REASONS = {
    sqlite3.SQLITE_BUSY: "another process holds its lock",
    sqlite3.SQLITE_LOCKED: "another process holds its lock",
    sqlite3.SQLITE_READONLY: "it can't be written",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "reading or writing it failed",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened",
    sqlite3.SQLITE_PERM: "access is denied",
}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_SETTINGS = {
    "disk_min_file_size": 2**31,  # every value lives in the database: one file to set aside, none to lose
    "sqlite_mmap_size": 0,  # a mapped file that somebody truncates ends the process with SIGBUS
}


class StoreError(Exception):
    """The store can't do its work now. The text says which file and why, for a person."""


class _DamagedError(StoreError):
    pass


class _BytesDisk(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Text keys and bytes values, as they are."""

    def put(self, key: object) -> tuple[str, bool]:
        if not isinstance(key, str):
            raise TypeError(f"a store's key is text, not {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: bool) -> str:
        if not (raw and isinstance(key, str)):
            raise StoreError("a key in the store isn't text")
        return key

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, bytes]:
        if read or not isinstance(value, bytes):
            raise TypeError("a store's value is bytes")
        return 0, diskcache.core.MODE_RAW, None, value

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> bytes:
        return value if mode == diskcache.core.MODE_RAW and isinstance(value, bytes) else b""  # never unpickled


class JSONStore:
    """One folder with one SQLite file; opened at first use, by any number of processes at once.

    schema: version of what is stored; a store with another one is left alone and reported. tables: SQL that adds tables
    and triggers of the owner's (idempotent). on_notice: hears of a damaged file that was set aside. timeout: seconds to
    wait for another process's lock. settings: diskcache's. Every method raises StoreError, and nothing else, when the
    file can't be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        schema: int,
        tables: str = "",
        on_notice: Callable[[str], None] = lambda _: None,
        timeout: float = 2.0,
        **settings: Any,
    ) -> None:
        self.folder = folder
        self.path = folder / DATABASE
        self._schema = schema
        self._tables = tables
        self._on_notice = on_notice
        self._timeout = timeout
        self._settings = {**_SETTINGS, **settings}
        self._cache: Any = None

    def get(self, key: str) -> Json | None:
        """The value, or None. A value that isn't a JSON object counts as absent and is removed."""
        data = self._run(lambda cache: cache.get(key))
        if data is None:
            return None
        found = decode(data)
        if found is None:
            self.delete(key)
        return found

    def set(self, key: str, value: Mapping[str, Any], *, expire: float | None = None, tag: str | None = None) -> None:
        """expire: seconds from now. tag: diskcache's tag column, for triggers of the owner's to read."""
        data = encode(value)
        self._run(lambda cache: cache.set(key, data, expire=expire, tag=tag))

    def delete(self, key: str) -> bool:
        return cast("bool", self._run(lambda cache: cache.delete(key)))

    def clear(self) -> int:
        """Removes every entry; returns how many there were."""
        return cast("int", self._run(lambda cache: cache.clear()))

    def __len__(self) -> int:
        return self._run(len)

    def size(self) -> int:
        """Bytes on disk."""
        return cast("int", self._run(lambda cache: cache.volume()))

    def select(self, sql: str, arguments: Row = ()) -> Iterator[Row]:
        """Rows of a query on diskcache's tables or the owner's, read as they are asked for; none where no file is."""
        if not self.path.exists():
            return
        try:
            with translated(self.path), contextlib.closing(self._connect()) as connection:
                self._check(connection)
        except _DamagedError:
            self._rebuild()
        with translated(self.path), contextlib.closing(self._connect()) as connection:
            yield from connection.execute(sql, arguments)

    def close(self) -> None:
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def _run[T](self, operation: Callable[[Any], T]) -> T:
        try:
            with translated(self.path):
                return operation(self._opened())
        except _DamagedError:
            self._rebuild()
        with translated(self.path):
            return operation(self._opened())

    def _opened(self) -> Any:
        if self._cache is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.exists():
                self._probe()
            self._cache = diskcache.Cache(str(self.folder), timeout=self._timeout, disk=_BytesDisk, **self._settings)
            self._prepare()
        return self._cache

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=self._timeout, isolation_level=None)

    def _probe(self) -> None:
        """Finds out in one short transaction what diskcache would find out after a minute of retries."""
        with contextlib.closing(self._connect()) as connection:
            self._check(connection)
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()

    def _check(self, connection: sqlite3.Connection) -> int:
        """The store's version, 0 for one that is being made; raises where this program doesn't read it."""
        connection.execute("SELECT name FROM sqlite_master").fetchall()
        ((version,),) = connection.execute("PRAGMA user_version")
        if version not in {0, self._schema}:
            raise StoreError(f"{self.path} has version {version} and this program reads {self._schema}")
        return int(version)

    def _prepare(self) -> None:
        with contextlib.closing(self._connect()) as connection:
            if self._check(connection) == 0:
                connection.executescript(
                    f"BEGIN IMMEDIATE; {self._tables} PRAGMA user_version = {self._schema:d}; COMMIT"
                )

    def _rebuild(self) -> None:
        self.close()
        if _is_sound(self.path):  # another process was here first
            return
        aside = self.folder / f"damaged-{time.time_ns()}"
        try:
            aside.mkdir()
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    self.path.with_name(DATABASE + suffix).rename(aside / (DATABASE + suffix))
        except OSError as exc:
            raise StoreError(f"{self.path} is damaged and can't be set aside: {exc.strerror}") from exc
        with translated(self.path):
            kept = sum(self._opened().add(key, *rest) for key, *rest in _readable(aside / DATABASE))
        self._on_notice(f"{self.path} was damaged: set aside as {aside}, {kept} entries kept")


def encode(value: Mapping[str, Any]) -> bytes:
    """JSON, ASCII only: text with lone surrogates survives too."""
    return json.dumps(value, separators=(",", ":")).encode()


def decode(data: bytes) -> Json | None:
    """The JSON object, or None where the bytes aren't one."""
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's, diskcache's and the file system's errors as StoreError."""
    try:
        yield
    except diskcache.Timeout as exc:  # raised for whatever went wrong when a transaction was to begin
        raise _store_error(path, exc.__context__) from exc
    except sqlite3.Error as exc:
        raise _store_error(path, exc) from exc
    except OSError as exc:
        raise StoreError(f"{path}: {exc.strerror or exc}") from exc


def _store_error(path: Path, error: BaseException | None) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return _DamagedError(f"{path} is damaged")
    return StoreError(f"{path}: {_REASONS.get(code, str(error))}")


def _is_sound(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return connection.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        return False


def _readable(path: Path) -> Iterator[Row]:
    """(key, value, seconds to live, False, tag) of the rows before and behind the damage: `Cache.add`'s arguments."""
    now = time.time()
    for order in ("ASC", "DESC"):
        with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA writable_schema = ON")  # else SQLite won't look into a truncated file
            select = f"SELECT key, value, expire_time, tag FROM Cache WHERE raw = 1 ORDER BY rowid {order}"  # noqa: S608 - two constants
            for key, value, expires, tag in connection.execute(select):
                if isinstance(key, str) and isinstance(value, bytes) and (expires is None or expires > now):
                    yield key, value, None if expires is None else expires - now, False, tag
