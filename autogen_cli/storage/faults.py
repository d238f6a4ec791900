"""What can be wrong with a store's file: told apart by SQLite's codes, and what is still readable in a damaged one."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autogen_cli.storage.base import StoreError

type Row = tuple[Any, ...]

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


class DamagedError(StoreError):
    pass


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's and the file system's errors as StoreError."""
    try:
        yield
    except sqlite3.Error as exc:
        raise _store_error(path, exc) from exc
    except OSError as exc:
        raise StoreError(f"{path}: {exc.strerror or exc}") from exc


def _store_error(path: Path, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return DamagedError(f"{path} is damaged")
    return StoreError(f"{path}: {_REASONS.get(code, str(error))}")


def is_sound(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return connection.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        return False


def readable_rows(path: Path) -> Iterator[Row]:
    """(key, value, expire_time, tag) of the rows before the damage, and behind it."""
    for order in ("ASC", "DESC"):
        with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA writable_schema = ON")  # else SQLite won't look into a truncated file
            select = f"SELECT key, value, expire_time, tag FROM Cache WHERE raw = 1 ORDER BY rowid {order}"  # noqa: S608 - two constants
            for row in connection.execute(select):
                if isinstance(row[0], str) and isinstance(row[1], bytes):
                    yield row
