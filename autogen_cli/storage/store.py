"""One folder, one SQLite file in diskcache's format, JSON in it.

diskcache makes the file, stores and evicts. What has to be quick (an entry read, an event appended) is one statement on
a connection of our own, which needs neither diskcache's import nor its opening (some 50 statements). A damaged file is
set aside; what is readable in it goes into a new one.
"""

import contextlib
import json
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from autogen_cli.errors import CredentialError
from autogen_cli.storage.base import PLAIN, Codec, StoreError
from autogen_cli.storage.faults import DamagedError, Row, is_sound, readable_rows, translated

type Json = dict[str, Any]

DATABASE = "cache.db"  # diskcache's name for it
_IN_ROW = 1  # diskcache's mode for a value that is in the row, as it is
_TABLES = "CREATE TABLE IF NOT EXISTS Sealed (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);"
_INSERT = """
INSERT OR IGNORE INTO Cache (key, raw, store_time, access_time, access_count, size, mode, value, expire_time, tag)
VALUES (?, 1, ?, ?, 0, 0, ?, ?, ?, ?)
"""
_PUT = """
INSERT INTO Cache (key, raw, store_time, expire_time, access_time, access_count, size, mode, value, tag)
VALUES (?, 1, ?, ?, ?, 0, 0, ?, ?, ?)
ON CONFLICT (key, raw) DO UPDATE SET store_time = excluded.store_time, expire_time = excluded.expire_time,
    access_time = excluded.access_time, mode = excluded.mode, value = excluded.value, tag = excluded.tag
"""


class JSONStore:
    """A store, opened at first use, by any number of processes at once.

    schema: version of what is stored; a store with another one is left alone and reported. tables: SQL that adds tables
    and triggers of the owner's (idempotent); sealed_tables: those of them with a `key` and a `value` that `encode_row`
    made. compress: values, with zlib. on_notice: hears of a damaged file that was set aside. timeout: seconds to wait
    for another process's lock. settings: diskcache's. Every method raises StoreError, and nothing else, when the file
    can't be used; but CredentialError where `codec` doesn't know the key that the store was sealed with.
    """

    def __init__(
        self,
        folder: Path,
        *,
        schema: int,
        tables: str = "",
        sealed_tables: Sequence[str] = (),
        compress: bool = False,
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
        self._compress = compress
        self._codec = codec
        self._on_notice = on_notice
        self._timeout = timeout
        self._settings = settings
        self._cache: Any = None
        self._own: sqlite3.Connection | None = None
        self._lock = threading.RLock()

    def get(self, key: str) -> Json | None:
        """The value, or None. A value that isn't a JSON object counts as absent."""
        if self._is_absent():
            return None
        select = "SELECT mode, value FROM Cache WHERE key = ? AND raw = 1 AND (expire_time IS NULL OR expire_time > ?)"
        row = self._mended(lambda: self._connection().execute(select, (key, time.time())).fetchone())
        return None if row is None or row[0] != _IN_ROW else self.decode_row(key, row[1])

    def set(
        self,
        entries: Iterable[tuple[str, Mapping[str, Any], float | None, str | None]],
        *others: tuple[str, Sequence[Any]],
    ) -> None:
        """Writes entries (key, value, expire, tag), and the owner's own statements, in one transaction. Evicts what is
        too much. expire: seconds from now. tag: diskcache's tag column, for the owner's triggers.
        """
        now = time.time()
        rows = [
            (_PUT, (key, now, None if expire is None else now + expire, now, _IN_ROW, self.encode_row(key, value), tag))
            for key, value, expire, tag in entries
        ]
        self.execute(*rows, *others)
        self.cull()

    def append(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
        """Entries that stay until they are deleted, in one transaction; a key that is there keeps its value.

        Returns how many were new.
        """
        now = time.time()
        encoded = [(key, now, now, _IN_ROW, self.encode_row(key, value), None, None) for key, value in rows]
        return self.execute(*((_INSERT, row) for row in encoded))

    def touch(self, keys: Collection[str]) -> None:
        """Marks entries as used now, for an eviction policy that goes by that."""
        now = time.time()
        self.execute(*(("UPDATE Cache SET access_time = ? WHERE key = ? AND raw = 1", (now, key)) for key in keys))

    def delete(self, key: str) -> bool:
        return self.execute(("DELETE FROM Cache WHERE key = ? AND raw = 1", (key,))) > 0

    def cull(self) -> int:
        """Removes what has expired, and what is beyond the size limit; returns how many."""
        return cast("int", self._mended(lambda: self._diskcache(lambda cache: cache.cull())))

    def __len__(self) -> int:
        rows = self.select("SELECT value FROM Settings WHERE key = 'count' AND typeof(value) = 'integer'")
        return max((int(count) for (count,) in rows if count > 0), default=0)  # a damaged count may be anything

    def size(self) -> int:
        """Bytes of the database."""
        select = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        return sum(size for (size,) in self.select(select))

    def encode_row(self, key: str, value: Mapping[str, Any]) -> bytes:
        """JSON, ASCII only (text with lone surrogates survives too), compressed if wanted, under the codec."""
        data = json.dumps(value, separators=(",", ":")).encode()
        return self._codec.seal(zlib.compress(data, 1) if self._compress else data, key)

    def decode_row(self, key: str, data: bytes) -> Json | None:
        """The JSON object in a row's value, or None where there is none."""
        try:
            plain = self._codec.open(data, key)
            found = json.loads(zlib.decompress(plain) if self._compress else plain)
        except (ValueError, TypeError, RecursionError, zlib.error):
            return None
        return found if isinstance(found, dict) else None

    def select(self, sql: str, arguments: Sequence[Any] = ()) -> Iterator[Row]:
        """Rows of a query on diskcache's tables or the owner's, read as they are asked for; none where no file is."""
        if not self._is_absent():
            rows = self._mended(lambda: self._connection().execute(sql, arguments))
            with translated(self.path):
                yield from rows

    def execute(self, *statements: tuple[str, Sequence[Any]]) -> int:
        """Statements in one transaction; returns how many rows they changed."""
        return sum(self.each(statements))

    def each(self, statements: Iterable[tuple[str, Sequence[Any]]]) -> list[int]:
        """The same, returning how many each of them changed."""
        statements = list(statements)
        return self._mended(lambda: self._transaction(statements))

    def reseal(self, codec: Codec) -> int:
        """Every value under another codec, in one transaction; returns how many. Nothing of the old form stays behind.

        What is plain is sealed; what is sealed has to be known to `codec`, else CredentialError. A value that can't be
        opened goes.
        """
        if self._is_absent():
            return 0
        self.close()
        with translated(self.path):
            with contextlib.closing(sqlite3.connect(self.path)) as connection:
                ((sealed,),) = connection.execute("SELECT id FROM Sealed")
            self._codec = PLAIN if sealed == PLAIN.id else codec
            self._connection().execute("PRAGMA secure_delete = ON")
            self._connection().create_function("reseal", 2, self._resealer(codec))
            tables = ("Cache", *self._sealed_tables)
            count = sum(self._transaction((f"UPDATE {table} SET value = reseal(value, key)", ()) for table in tables))  # noqa: S608 - our own names
            count -= sum(self._transaction((f"DELETE FROM {table} WHERE value IS NULL", ()) for table in tables))  # noqa: S608 - as above
            self._transaction([("UPDATE Sealed SET id = ?", (codec.id,))])
            self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.close()
        self._codec = codec
        return count

    def close(self) -> None:
        """The next call opens it again."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        if self._own is not None:  # the last one to close: it takes no time to fold the log into the database
            self._own.close()
            self._own = None

    def _is_absent(self) -> bool:
        return self._own is None and not self.path.exists()

    def _mended[T](self, operation: Callable[[], T]) -> T:
        """The operation; where the file turns out to be damaged, again on a new one."""
        try:
            with translated(self.path):
                return operation()
        except DamagedError:
            self._rebuild()
        with translated(self.path):
            return operation()

    def _transaction(self, statements: Iterable[tuple[str, Sequence[Any]]]) -> list[int]:
        with self._lock, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            return [connection.execute(sql, arguments).rowcount for sql, arguments in statements]

    def _connection(self) -> sqlite3.Connection:
        with self._lock:
            return self._own or self._opened()

    def _opened(self) -> sqlite3.Connection:
        if self._own is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False
            )
            try:
                self._set_up(connection)
            except BaseException:
                connection.close()
                raise
            finally:
                self._leave_thread()
            self._own = connection
        return self._own

    def _set_up(self, connection: sqlite3.Connection) -> None:
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)
        connection.execute("PRAGMA synchronous = NORMAL")  # as diskcache: a commit survives the process
        ((version,),) = connection.execute("PRAGMA user_version")
        if version not in {0, self._schema}:
            raise StoreError(f"{self.path} has version {version} and this program reads {self._schema}")
        if version == 0:
            self._create(connection)
        self._check_seal(connection)

    def _create(self, connection: sqlite3.Connection) -> None:
        """Several processes may be at it at once: every step may be repeated."""
        self._open_diskcache(connection)
        connection.executescript(f"BEGIN IMMEDIATE; {self._tables} COMMIT")
        connection.execute("INSERT OR IGNORE INTO Sealed VALUES (1, ?)", (self._codec.id,))
        connection.execute(f"PRAGMA user_version = {self._schema:d}")

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

    def _diskcache[T](self, operation: Callable[[Any], T]) -> T:
        from autogen_cli.storage.diskcaches import plain_errors

        with self._lock:
            self._open_diskcache(self._connection())
            try:
                with plain_errors():
                    return operation(self._cache)
            finally:
                self._leave_thread()

    def _leave_thread(self) -> None:
        """Diskcache keeps a connection for each thread. Threads end; the main one's is kept until `close`."""
        if self._cache is not None and threading.current_thread() is not threading.main_thread():
            self._cache.close()

    def _open_diskcache(self, connection: sqlite3.Connection) -> None:
        if self._cache is not None:
            return
        from autogen_cli.storage.diskcaches import open_diskcache

        connection.execute("BEGIN IMMEDIATE")  # finds out at once what diskcache would find out after a minute
        connection.rollback()
        self._cache = open_diskcache(self.folder, timeout=self._timeout, settings=self._settings)

    def _resealer(self, codec: Codec) -> Callable[[bytes, str], bytes | None]:
        before = self._codec

        def reseal(value: bytes, key: str) -> bytes | None:
            try:
                return codec.seal(before.open(value, key), key)
            except ValueError:
                return None

        return reseal

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
        now = time.time()
        rows = readable_rows(aside / DATABASE)
        with translated(self.path):
            kept = self._transaction((_INSERT, (key, now, now, _IN_ROW, *rest)) for key, *rest in rows)
        self._on_notice(f"{self.path} was damaged: set aside as {aside}, {kept} entries kept")
