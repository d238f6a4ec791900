"""The SQLite file in which short runs of the program, and several at once, share breaker states and spending."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autogen_cli.storage.faults import translated

SCHEMA = 1
TABLES = """
CREATE TABLE IF NOT EXISTS breakers (
    key TEXT PRIMARY KEY, failures INTEGER NOT NULL, failed_at REAL NOT NULL, reason TEXT NOT NULL,
    opened_at REAL, cooldown REAL, probe_at REAL
);
CREATE TABLE IF NOT EXISTS spending (
    period TEXT PRIMARY KEY, settled INTEGER NOT NULL, reserved INTEGER NOT NULL, alerted INTEGER NOT NULL
);
"""


class LimitsStore:
    """Opened at first use. timeout: seconds to wait for another process's transaction."""

    def __init__(self, path: Path, *, timeout: float = 10.0) -> None:
        self.path = path
        self._timeout = timeout
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.RLock()  # of this process's threads

    @contextlib.contextmanager
    def transaction(self, mode: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """All or nothing, and one writer at a time over all processes. `DEFERRED` is enough for reading. Raises
        StoreError where the file can't be used.
        """
        with self._turn, translated(self.path):
            connection = self._opened()
            connection.execute(f"BEGIN {mode}")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def one(self, select: str, *arguments: object) -> tuple[Any, ...] | None:
        """The first row of a query: a transaction by itself. Raises StoreError as `transaction` does."""
        with self._turn, translated(self.path):
            row: tuple[Any, ...] | None = self._opened().execute(select, arguments).fetchone()
            return row

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False
            )
            try:
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in {0, SCHEMA}:
        raise sqlite3.DatabaseError(f"it has version {version} and this program knows {SCHEMA}")
    if version == 0:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {SCHEMA}; COMMIT")
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last commits, a crash doesn't
