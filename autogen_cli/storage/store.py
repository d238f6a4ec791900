"""One folder, one SQLite file, JSON in it.

diskcache pickles what SQLite has no type for (CVE-2025-69872); here keys are text, values are bytes, and anything else
is refused on the way in and on the way out. A damaged file is set aside; what is readable in it goes into a new one.
"""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import diskcache

from autogen_cli.errors import CredentialError
from autogen_cli.storage.base import PLAIN, Codec, StoreError
from autogen_cli.storage.faults import DamagedError, Row, is_sound, readable_rows, translated

type Json = dict[str, Any]

DATABASE = "cache.db"  # diskcache's name for it
_SETTINGS = {
    "disk_min_file_size": 2**31,  # every value lives in the database: one file to set aside, none to lose
    "sqlite_mmap_size": 0,  # a mapped file that somebody truncates ends the process with SIGBUS
}
_TABLES = "CREATE TABLE IF NOT EXISTS Sealed (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);"


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
    """A store, opened at first use, by any number of processes at once.

    schema: version of what is stored; a store with another one is left alone and reported. tables: SQL that adds tables
    and triggers of the owner's (idempotent); sealed_tables: those of them with a `key` and a `value` that `encode_row`
    made. on_notice: hears of a damaged file that was set aside. timeout: seconds to wait for another process's lock.
    settings: diskcache's. Every method raises StoreError, and nothing else, when the file can't be used; but
    CredentialError where `codec` isn't the one that the store was sealed with.
    """

    def __init__(
        self,
        folder: Path,
        *,
        schema: int,
        tables: str = "",
        sealed_tables: Sequence[str] = (),
        codec: Codec = PLAIN,
        on_notice: Callable[[str], None] = lambda _: None,
        timeout: float = 2.0,
        **settings: Any,
    ) -> None:
        self.folder = folder
        self.path = folder / DATABASE
        self._schema = schema
        self._tables = _TABLES + tables
        self._sealed_tables = sealed_tables
        self._codec = codec
        self._on_notice = on_notice
        self._timeout = timeout
        self._settings = {**_SETTINGS, **settings}
        self._cache: Any = None

    def get(self, key: str) -> Json | None:
        """The value, or None. A value that isn't a JSON object counts as absent."""
        data = self._run(lambda cache: cache.get(key))
        return None if data is None else self.decode_row(key, data)

    def encode_row(self, key: str, value: Mapping[str, Any]) -> bytes:
        return self._codec.seal(encode(value), key)

    def decode_row(self, key: str, data: bytes) -> Json | None:
        """The JSON object in a row's value, or None where there is none."""
        try:
            found = json.loads(self._codec.open(data, key))
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def set(self, key: str, value: Mapping[str, Any], *, expire: float | None = None, tag: str | None = None) -> None:
        """expire: seconds from now. tag: diskcache's tag column, for triggers of the owner's to read."""
        data = self.encode_row(key, value)
        self._run(lambda cache: cache.set(key, data, expire=expire, tag=tag))

    def delete(self, key: str) -> bool:
        return cast("bool", self._run(lambda cache: cache.delete(key)))

    def clear(self) -> int:
        """Removes every entry; returns how many there were."""
        return cast("int", self._run(lambda cache: cache.clear()))

    def cull(self) -> int:
        """Removes what has expired, and what is beyond the size limit; returns how many."""
        return cast("int", self._run(lambda cache: cache.cull()))

    def __len__(self) -> int:
        return self._run(len)

    def size(self) -> int:
        """Bytes on disk."""
        return cast("int", self._run(lambda cache: cache.volume()))

    def select(self, sql: str, arguments: Sequence[Any] = ()) -> Iterator[Row]:
        """Rows of a query on diskcache's tables or the owner's, read as they are asked for; none where no file is."""
        if not self.path.exists():
            return
        try:
            with translated(self.path), self._connected() as connection:
                self._check(connection)
        except DamagedError:
            self._rebuild()
        with translated(self.path), self._connected() as connection:
            yield from connection.execute(sql, arguments)

    def execute(self, *statements: tuple[str, Sequence[Any]]) -> int:
        """Statements on the owner's tables, in one transaction; returns how many rows they changed."""
        self._run(lambda _: None)
        with translated(self.path), self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            changed = sum(connection.execute(sql, arguments).rowcount for sql, arguments in statements)
            connection.execute("COMMIT")
        return changed

    def reseal(self, codec: Codec) -> int:
        """Every value under another codec, in one transaction; returns how many. Nothing of the old form stays behind.

        What is plain is sealed; what is sealed has to be known to `codec`, else CredentialError. A value that can't be
        opened goes.
        """
        if not self.path.exists():
            return 0
        self.close()
        self._codec = codec if self._sealed_with() != PLAIN.id else PLAIN
        self._run(lambda _: None)
        with translated(self.path), self._connected() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            connection.create_function("reseal", 2, self._resealer(codec))
            count = 0
            for table in ("Cache", *self._sealed_tables):
                count += connection.execute(f"UPDATE {table} SET value = reseal(value, key)").rowcount  # noqa: S608 - our names
                count -= connection.execute(f"DELETE FROM {table} WHERE value IS NULL").rowcount  # noqa: S608
            connection.execute("UPDATE Sealed SET id = ?", (codec.id,))
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._codec = codec
        return count

    def _sealed_with(self) -> str:
        with translated(self.path), self._connected() as connection:
            ((sealed,),) = connection.execute("SELECT id FROM Sealed")
        return str(sealed)

    def _resealer(self, codec: Codec) -> Callable[[bytes, str], bytes | None]:
        def reseal(value: bytes, key: str) -> bytes | None:
            try:
                return codec.seal(self._codec.open(value, key), key)
            except ValueError:
                return None

        return reseal

    def close(self) -> None:
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def _run[T](self, operation: Callable[[Any], T]) -> T:
        try:
            with translated(self.path):
                return operation(self._opened())
        except DamagedError:
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

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=self._timeout, isolation_level=None)
        with contextlib.closing(connection):
            connection.execute("PRAGMA synchronous = NORMAL")  # as diskcache: a commit survives the process
            yield connection

    def _probe(self) -> None:
        """Finds out in one short transaction what diskcache would find out after a minute of retries."""
        with self._connected() as connection:
            self._check(connection)
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()

    def _check(self, connection: sqlite3.Connection) -> int:
        """The store's version, 0 for one that is being made; raises where this program can't read what is in it."""
        ((version,),) = connection.execute("PRAGMA user_version")
        if version not in {0, self._schema}:
            raise StoreError(f"{self.path} has version {version} and this program reads {self._schema}")
        if version:
            self._check_seal(connection)
        return int(version)

    def _check_seal(self, connection: sqlite3.Connection) -> None:
        ((sealed,),) = connection.execute("SELECT id FROM Sealed")
        if self._codec.knows(sealed):
            return
        if sealed == PLAIN.id:
            found, hint = "isn't encrypted and `cache.encrypt` is on", "run `autogen cache rekey`"
        elif self._codec.id == PLAIN.id:
            found, hint = "is encrypted and `cache.encrypt` is off", "turn it on, or remove the folder"
        else:
            found, hint = "was encrypted with another key", "bring that key back, or remove the folder"
        raise CredentialError(f"{self.path} {found}", hint=hint)

    def _prepare(self) -> None:
        with self._connected() as connection:
            if self._check(connection):
                return
            connection.executescript(f"BEGIN IMMEDIATE; {self._tables} COMMIT")
            connection.execute("INSERT OR IGNORE INTO Sealed VALUES (1, ?)", (self._codec.id,))
            connection.execute(f"PRAGMA user_version = {self._schema:d}")

    def _rebuild(self) -> None:
        self.close()
        if is_sound(self.path):  # another process was here first
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
            kept = sum(self._opened().add(key, *rest) for key, *rest in readable_rows(aside / DATABASE))
        self._on_notice(f"{self.path} was damaged: set aside as {aside}, {kept} entries kept")


def encode(value: Mapping[str, Any]) -> bytes:
    """JSON, ASCII only: text with lone surrogates survives too."""
    return json.dumps(value, separators=(",", ":")).encode()
