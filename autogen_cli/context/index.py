"""What was read from a project's files, kept in one SQLite file per root between runs.

It is a cache of pure functions of file contents: losing it costs time, never an answer. So a damaged or older file
is deleted and made anew, a folder that can't be written means an index in memory, and of two processes that write at
once the second gives way.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from autogen_cli.context.project import FileStat
from autogen_cli.context.tree import Listing

SCHEMA_VERSION = 3
BUSY_MS = 2000
MOST_ANSWERS = 500
SCHEMA = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, size INTEGER, mtime_ns INTEGER, inode INTEGER,
    digest BLOB, skipped TEXT, outline TEXT, words TEXT, imports TEXT, facts TEXT
);
CREATE TABLE usages (name TEXT, file INTEGER, data TEXT, PRIMARY KEY (name, file)) WITHOUT ROWID;
CREATE TABLE searches (name TEXT PRIMARY KEY, upto INTEGER) WITHOUT ROWID;
CREATE TABLE tokens (piece BLOB PRIMARY KEY, count INTEGER) WITHOUT ROWID;
CREATE TABLE answers (key TEXT PRIMARY KEY, upto INTEGER, data TEXT);
CREATE TABLE state (generation INTEGER, tree TEXT);
INSERT INTO state VALUES (0, NULL);
"""


class FileRow(NamedTuple):
    """A file as it was read. stat: a `FileStat`. digest: of its bytes; None where they were only searched."""

    id: int
    path: str
    stat: tuple[int, int, int]
    digest: bytes | None


@dataclass(slots=True)
class FileChange:
    """What to keep of one file. id: of the row that it had and keeps; None for a new or changed file."""

    path: str
    stat: FileStat
    id: int | None = None
    digest: bytes | None = None
    values: dict[str, str] = field(default_factory=dict)
    usages: dict[str, str | None] = field(default_factory=dict)


class Read(NamedTuple):
    """What a run has read. gone: numbers of files that the index has and the project hasn't, as they are.

    searches: names that all files were searched for. tree: None where it is as it was. files: all of the project, as
    the run has found them.
    """

    changes: Sequence[FileChange]
    gone: Sequence[int]
    searches: Collection[str]
    tokens: Mapping[bytes, int]
    answers: Mapping[str, str]
    tree: Mapping[str, Listing] | None
    files: Mapping[str, FileStat] = {}


class Index:
    """tree: what each folder held at the last run. warning: why nothing is kept, if so."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self.warning: str | None = None
        self._path = folder / f"{name}.sqlite" if folder else None
        self._connection = self._open(self._path) if self._path else None
        self._generation = self._read_generation()
        self.tree = self._read_tree()

    def _open(self, path: Path) -> sqlite3.Connection | None:
        for _ in range(2):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                return _connect(path)
            except sqlite3.OperationalError as exc:
                self.warning = f"the index {path} can't be used, this run goes without: {exc}"
                break
            except sqlite3.DatabaseError:  # damaged, or not a database: it is only a cache
                _delete(path)
            except OSError as exc:
                self.warning = f"the index folder {path.parent} can't be used, this run goes without: {exc.strerror}"
                break
        return None

    def _rows(self, query: str, *values: object) -> list[Any]:
        """A query's rows; none without a file, and once the file has proved to be damaged."""
        if self._connection is None or self._path is None:
            return []
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.DatabaseError:
            self.close()
            _delete(self._path)
            return []

    def _read_generation(self) -> int:
        return sum(row[0] for row in self._rows("SELECT generation FROM state"))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # Reading

    def files(self) -> list[FileRow]:
        rows = self._rows("SELECT id, path, size, mtime_ns, inode, digest FROM files")
        return [FileRow(row[0], row[1], row[2:5], row[5]) for row in rows]

    def _read_tree(self) -> dict[str, Listing]:
        kept = next((row[0] for row in self._rows("SELECT tree FROM state")), None)
        return {folder: Listing._make(listing) for folder, listing in json.loads(kept).items()} if kept else {}

    def value(self, file: int, column: str) -> str | None:
        """One of `skipped`, `outline`, `words`, `imports`, `facts`."""
        return next((row[0] for row in self._rows(f"SELECT {column} FROM files WHERE id = ?", file)), None)  # noqa: S608 - a column's name

    def values(self, column: str) -> dict[int, str]:
        """The same of all files that have it."""
        return dict(self._rows(f"SELECT id, {column} FROM files WHERE {column} IS NOT NULL"))  # noqa: S608 - a column's name

    def searched(self, name: str) -> tuple[int, dict[int, str | None]]:
        """(highest id among the files that were searched for a name, {file that mentions it: its usages})."""
        for (upto,) in self._rows("SELECT upto FROM searches WHERE name = ?", name):
            return upto, dict(self._rows("SELECT file, data FROM usages WHERE name = ?", name))
        return 0, {}

    def tokens(self, piece: bytes) -> int | None:
        if not self.tree:  # a new index
            return None
        return next((row[0] for row in self._rows("SELECT count FROM tokens WHERE piece = ?", piece)), None)

    # Writing

    def answer(self, key: str) -> tuple[int, str] | None:
        """(highest number of a file when it was kept, answer)."""
        return next(iter(self._rows("SELECT upto, data FROM answers WHERE key = ?", key)), None)

    # Writing

    def save(self, read: Read) -> bool:
        """Keeps what a run has read, in one transaction. Tells whether it did.

        Where another process has written since this one opened the index, it does so only if that one has found the
        same files: else the other has the word.
        """
        if self._connection is None:
            return False
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            generation = self._read_generation()
            ids = self._ids_of(read.files) if generation != self._generation else {}
            if ids is not None:
                _write(self._connection, read, ids)
                self._generation = generation + 1
                self._connection.execute("UPDATE state SET generation = ?", (self._generation,))
            self._connection.execute("COMMIT")
        except sqlite3.Error as exc:
            self.warning = f"the index can't be written: {exc}"
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            return False
        return ids is not None

    def _ids_of(self, files: Mapping[str, FileStat]) -> dict[str, int] | None:
        """The numbers of the index's files; None where one isn't as it is in `files`."""
        rows = self.files()
        return {row.path: row.id for row in rows} if all(files.get(row.path) == row.stat for row in rows) else None


def _write(connection: sqlite3.Connection, read: Read, ids: Mapping[str, int]) -> None:
    """ids: of files that another process has put in."""
    run, run_all = connection.execute, connection.executemany
    run_all("DELETE FROM files WHERE id = ?", [(file,) for file in read.gone])
    run_all("DELETE FROM usages WHERE file = ?", [(file,) for file in read.gone])
    for change in read.changes:
        number = ids.get(change.path) or change.id
        columns: dict[str, Any] = {"path": change.path, **change.stat._asdict(), **change.values}
        if change.digest is not None:
            columns["digest"] = change.digest
        if number:
            assigned = ", ".join(f"{column} = ?" for column in columns)
            run(f"UPDATE files SET {assigned} WHERE id = ?", (*columns.values(), number))  # noqa: S608 - columns' names
        else:
            places = ", ".join("?" * len(columns))
            insert = f"INSERT INTO files ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - columns' names
            number = run(insert, tuple(columns.values())).lastrowid
        usages = [(name, number, data) for name, data in change.usages.items()]
        run_all("INSERT OR REPLACE INTO usages VALUES (?, ?, ?)", usages)
    (upto,) = run("SELECT coalesce(max(id), 0) FROM files").fetchone()
    run_all("INSERT OR REPLACE INTO searches VALUES (?, ?)", [(name, upto) for name in read.searches])
    run_all("INSERT OR REPLACE INTO tokens VALUES (?, ?)", read.tokens.items())
    run_all("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", [(k, upto, data) for k, data in read.answers.items()])
    run("DELETE FROM answers WHERE rowid <= (SELECT max(rowid) FROM answers) - ?", (MOST_ANSWERS,))
    if read.tree is not None:
        run("UPDATE state SET tree = ?", (json.dumps(read.tree, ensure_ascii=False, separators=(",", ":")),))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)  # used by one at a time
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != SCHEMA_VERSION:
            connection.execute("BEGIN IMMEDIATE")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != SCHEMA_VERSION:  # still, now that no other process can be at it
                _make(connection)
            connection.execute("COMMIT")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _make(connection: sqlite3.Connection) -> None:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    for (table,) in tables.fetchall():
        connection.execute(f"DROP TABLE {table}")
    for statement in SCHEMA.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def index_name(root: Path, settings: object) -> str:
    """A file name for a root and the settings that decide which of its files are read."""
    digest = hashlib.sha256(repr((str(root), settings)).encode()).hexdigest()
    return f"{root.name or 'root'}-{digest[:12]}"
