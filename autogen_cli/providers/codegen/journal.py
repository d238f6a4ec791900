"""Which run answers which prompt, on disk before it is needed: a killed process's successor finds the run again.

A row is made before the request is sent, so that of several processes only one sends it, and goes when the run is over.
"""

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

TABLE = """CREATE TABLE IF NOT EXISTS runs (
    fingerprint TEXT PRIMARY KEY, request_id TEXT NOT NULL, run_id INTEGER, pid INTEGER NOT NULL
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """request_id: as sent in the run's metadata. run_id: None while the creation is under way, or was cut off. pid: the
    process that creates it; 0 when it has given up.
    """

    request_id: str
    run_id: int | None
    pid: int


class RunJournal:
    """One SQLite file for all processes. fingerprint: a hash of everything that makes the prompt what it is. Every
    method raises sqlite3.Error or OSError where the file can't be used.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = OFF")  # it has to outlive the process, not a power cut
            self._connection.execute(TABLE)
        except sqlite3.Error:
            self._connection.close()
            raise

    def claim(self, fingerprint: str, request_id: str) -> Entry | None:
        """None if the run is now ours to create; otherwise what is known of it."""
        made = self._connection.execute(
            "INSERT OR IGNORE INTO runs VALUES (?, ?, NULL, ?)", (fingerprint, request_id, os.getpid())
        ).rowcount
        return None if made else self._find(fingerprint)

    def take_over(self, fingerprint: str, old: Entry, request_id: str) -> bool:
        """Whether the creation that `old` has given up is now ours; another process may be quicker."""
        return bool(
            self._connection.execute(
                "UPDATE runs SET request_id = ?, pid = ? WHERE fingerprint = ? AND request_id = ? AND run_id IS NULL",
                (request_id, os.getpid(), fingerprint, old.request_id),
            ).rowcount
        )

    def note(self, fingerprint: str, run_id: int) -> None:
        self._connection.execute("UPDATE runs SET run_id = ? WHERE fingerprint = ?", (run_id, fingerprint))

    def give_up(self, fingerprint: str) -> None:
        """The creation was cut off: whoever asks next has to look whether the run is there."""
        self._connection.execute("UPDATE runs SET pid = 0 WHERE fingerprint = ?", (fingerprint,))

    def forget(self, fingerprint: str) -> None:
        self._connection.execute("DELETE FROM runs WHERE fingerprint = ?", (fingerprint,))

    def close(self) -> None:
        self._connection.close()

    def _find(self, fingerprint: str) -> Entry | None:
        row = self._connection.execute(
            "SELECT request_id, run_id, pid FROM runs WHERE fingerprint = ?", (fingerprint,)
        ).fetchone()
        return Entry(request_id=row[0], run_id=row[1], pid=row[2]) if row else Entry(request_id="", run_id=None, pid=0)


def is_alive(pid: int) -> bool:
    """Whether a process of that number runs; its number may have been given to another one."""
    if pid <= 0:
        return False
    with contextlib.suppress(PermissionError):  # somebody else's
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
