"""The journal: what is finished, in a file that only grows. It decides what is paid again; the output is made from it.

A line is written before its row counts as finished, and the kernel keeps it when the process is killed; flushing to
disk is done for many lines at once, so only a power cut can take the last ones. A line that is torn, by that or by a
full disk, fails its checksum and its row is done again.
"""

import contextlib
import errno
import fcntl
import os
import sqlite3
import zlib
from pathlib import Path
from typing import NamedTuple

from autogen_cli.errors import ArgumentError, BatchError

HEADER = b'{"schema":"autogen.batch_journal/1"}\n'
ROOM_PER_ROW = 16 * 1024  # bytes that are set aside on disk for each row on its way
FULL_HINT = "make room and run the same command again: finished rows are kept"
_KEY, _SUM, _REST = slice(8, 40), slice(49, 57), 59  # places in `{"key":"<32 hex>","crc":"<8 hex>","status":...}`
_TABLE = """
PRAGMA cache_size = -4000;
CREATE TABLE finished (key TEXT PRIMARY KEY, position INTEGER, size INTEGER, status TEXT) WITHOUT ROWID;
"""


class Finished(NamedTuple):
    """Where the end of a row's document lies in the journal. position: byte of the file."""

    position: int
    size: int
    status: str


class Journal:
    """path: the file; None keeps it in a temporary one, gone with the process. restart: begin anew. room: how many rows
    are on their way at once; disk is held ready for them, so that a full one is noticed while their answers still fit.

    Raises ArgumentError where another batch has it open, or it is another file; BatchError where it can't be written.
    """

    def __init__(self, path: Path | None, *, restart: bool = False, room: int = 0) -> None:
        self.path = path
        self._room = room * ROOM_PER_ROW
        self._file = _open_locked(path)
        self._index = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # on disk once it has grown
        self._index.executescript(_TABLE)
        self._end = self._held = 0
        self._dirty = False
        try:
            self._read(restart=restart)
            if self._end == 0:
                self._write(HEADER)
        except OSError as exc:
            self.close()
            raise BatchError(f"{self._name} can't be written: {exc.strerror}", hint=FULL_HINT) from exc
        except BaseException:
            self.close()
            raise
        self.begun_at = self._end

    def find(self, key: str) -> Finished | None:
        """The last line of a row."""
        row = self._index.execute("SELECT position, size, status FROM finished WHERE key = ?", (key,)).fetchone()
        return Finished(*row) if row else None

    def document(self, found: Finished) -> bytes:
        """The end of a row's document, from `"status":` to the closing brace."""
        return os.pread(self._file, found.size, found.position)

    def append(self, key: str, status: str, rest: bytes, *, final: bool = True) -> None:
        """rest: as `document` gives it. final: False for what this run gives up and the next one does again.

        Raises BatchError on a full disk; the file then ends as it did before.
        """
        name = b"key" if final else b"try"
        line = b'{"%b":"%b","crc":"%08x",%b\n' % (name, key.encode(), zlib.crc32(rest), rest)
        try:
            position = self._write(line)
        except OSError as exc:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise BatchError(f"{self._name} can't be written: {exc.strerror}", hint=FULL_HINT) from exc
        self._add(key, position + _REST, len(rest), status)

    def make_room(self) -> None:
        """Holds disk ready for the rows on their way. Raises BatchError where there isn't enough."""
        wanted = self._end + self._room
        if self._held >= wanted or not hasattr(os, "posix_fallocate"):
            return
        try:
            os.posix_fallocate(self._file, self._end, 2 * self._room)
            self._held = self._end + 2 * self._room
        except OSError as exc:
            if exc.errno not in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
                self._room = 0  # a file system that can't
                return
            raise BatchError(f"{self._name}: no room for more rows: {exc.strerror}", hint=FULL_HINT) from exc

    def sync(self) -> None:
        """To the disk itself; cheap when nothing has been written since."""
        if self._dirty:
            self._dirty = False
            os.fsync(self._file)

    def close(self) -> None:
        """Gives the room back that wasn't needed."""
        with contextlib.suppress(OSError):
            if self._held > self._end:
                os.ftruncate(self._file, self._end)
            self.sync()
        os.close(self._file)
        self._index.close()

    @property
    def _name(self) -> str:
        return str(self.path or "the journal")

    def _write(self, line: bytes) -> int:
        start, done = self._end, 0
        self._dirty = True
        while done < len(line):
            done += os.pwrite(self._file, line[done:], start + done)
        self._end = start + len(line)
        return start

    def _add(self, key: str, position: int, size: int, status: str) -> None:
        self._index.execute("INSERT OR REPLACE INTO finished VALUES (?, ?, ?, ?)", (key, position, size, status))

    def _read(self, *, restart: bool) -> None:
        """Takes in what earlier runs have left, and cuts off what is torn at the end."""
        self._index.execute("BEGIN")
        with open(self._file, "rb", closefd=False) as lines:
            first = lines.readline()
            if not HEADER.startswith(first):
                raise ArgumentError(
                    f"{self.path} is no journal of a batch", hint="name another output, or move it away"
                )
            self._end = position = len(HEADER) if first == HEADER and not restart else 0
            for line in lines if position else ():
                if _is_whole(line):
                    self._add(line[_KEY].decode(), position + _REST, len(line) - _REST - 1, _status(line))
                position += len(line)
                if line.endswith(b"\n"):
                    self._end = position
        self._index.execute("COMMIT")
        os.ftruncate(self._file, self._end)


def _is_whole(line: bytes) -> bool:
    framed = line[:8] == b'{"key":"' and line[40:49] == b'","crc":"' and line[-2:] == b"}\n"
    return framed and b"%08x" % zlib.crc32(line[_REST:-1]) == line[_SUM]


def _status(line: bytes) -> str:
    return line[_REST + len(b'"status":"') :].partition(b'"')[0].decode()


def _open_locked(path: Path | None) -> int:
    """The file's descriptor; the lock goes with the process, however it ends."""
    if path is None:
        import tempfile

        file, name = tempfile.mkstemp(prefix="autogen-batch-")
        os.unlink(name)  # noqa: PTH108 - nobody else needs its name
        return file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise ArgumentError(f"{path} can't be opened: {exc.strerror}", hint="name another output with -o") from exc
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        os.close(file)
        raise ArgumentError(
            f"another batch is at work on {path}", hint="wait for it, or name another output with -o"
        ) from exc
    return file
