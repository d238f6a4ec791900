"""The output: rows in input order, or as they come; each line is made from the journal.

In order, a row waits for those before it. What waits is a place, not a result, so thousands may.
"""

import asyncio
import json
import sys
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from autogen_cli.errors import ArgumentError, BatchError
from autogen_cli.service.batch.journal import FULL_HINT

ROW_BEGIN = b'{"schema":"autogen.batch_row/1"'  # of each line
WINDOW = 50_000  # rows that may wait for the one before them


class Entry(NamedTuple):
    """A row on its way to the output. number: its index. rest: its document, where the journal doesn't hold it."""

    number: int
    id: str | None
    key: str
    rest: bytes | None = None

    @property
    def name(self) -> str:
        return self.id or f"row {self.number + 1}"

    def line(self, rest: bytes) -> bytes:
        name = json.dumps(self.id).encode()
        return b'%b,"id":%b,"index":%d,%b\n' % (ROW_BEGIN, name, self.number, rest)


class Queue(Protocol):
    """emit: writes an entry and returns True, or False where its row isn't finished."""

    def add(self, entry: Entry) -> None: ...

    def finished(self, key: str) -> None:
        """The row's result is in the journal now."""

    def flush(self) -> None:
        """Writes what is finished, in order, and forgets the rest: the run is over."""

    async def room(self) -> None:
        """Waits while too many rows wait."""

    def hurry(self) -> None:
        """Nobody waits for room any more: the run ends early."""


class InOrder:
    def __init__(self, emit: Callable[[Entry], bool]) -> None:
        self._emit = emit
        self._waiting: deque[Entry] = deque()
        self._room = asyncio.Event()
        self._window = WINDOW

    def add(self, entry: Entry) -> None:
        if self._waiting or not self._emit(entry):
            self._waiting.append(entry)

    def finished(self, key: str) -> None:
        if self._waiting and self._waiting[0].key == key:
            self._advance()

    def flush(self) -> None:
        for entry in self._waiting:
            self._emit(entry)
        self._waiting.clear()

    async def room(self) -> None:
        while len(self._waiting) >= self._window:
            self._room.clear()
            await self._room.wait()

    def hurry(self) -> None:
        self._window = sys.maxsize
        self._room.set()

    def _advance(self) -> None:
        while self._waiting and self._emit(self._waiting[0]):
            self._waiting.popleft()
        self._room.set()


class AsTheyCome:
    def __init__(self, emit: Callable[[Entry], bool]) -> None:
        self._emit = emit
        self._waiting: defaultdict[str, list[Entry]] = defaultdict(list)
        self._count = 0
        self._room = asyncio.Event()
        self._window = WINDOW

    def add(self, entry: Entry) -> None:
        if not self._emit(entry):
            self._waiting[entry.key].append(entry)
            self._count += 1

    def finished(self, key: str) -> None:
        for entry in self._waiting.pop(key, ()):
            self._emit(entry)
            self._count -= 1
        self._room.set()

    def flush(self) -> None:
        self._waiting.clear()

    async def room(self) -> None:
        while self._count >= self._window:
            self._room.clear()
            await self._room.wait()

    def hurry(self) -> None:
        self._window = sys.maxsize
        self._room.set()


class FileSink:
    """Lines into a file, which is made anew. Raises ArgumentError where it can't be, BatchError on a full disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb", buffering=1 << 16)
        except OSError as exc:
            raise ArgumentError(f"{path} can't be written: {exc.strerror}", hint="name another output with -o") from exc

    def write(self, line: bytes) -> None:
        try:
            self._file.write(line)
        except OSError as exc:
            raise self._error(exc) from exc

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError as exc:
            raise self._error(exc) from exc

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as exc:
            raise self._error(exc) from exc

    def _error(self, exc: OSError) -> BatchError:
        return BatchError(f"{self._path} can't be written: {exc.strerror}", hint=FULL_HINT)
