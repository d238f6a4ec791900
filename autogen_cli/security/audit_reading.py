"""Reading the audit log: its entries, and whether it is as it was written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from autogen_cli.security.chain import (
    FULL_FILES,
    HEAD,
    HEAD_MISSING,
    LOG,
    LONGEST_LINE,
    START,
    Line,
    open_head,
    open_line,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One action. who: the principal. subject: what it was done to: a module and symbol, a setting, a file.

    time: ISO 8601, UTC. outcome: `done`, `denied`, or a generation's (`accepted`, `rejected`, `scaffold`, `cached`,
    `error`). digest: SHA-256 (hex) of the code or content.
    """

    seq: int
    time: str
    who: str
    action: str
    outcome: str
    role: str | None = None
    project: str | None = None
    subject: str | None = None
    provider: str | None = None
    model: str | None = None
    cost_usd: Decimal | None = None
    digest: str | None = None
    request_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerdict:
    """What `verify` found. notes: what looks odd and has a harmless reason."""

    entries: int
    files: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def log_files(folder: Path) -> list[Path]:
    """The log's files, oldest first: those that were full, then the one that is written."""
    return [*sorted(folder.glob(FULL_FILES)), *([folder / LOG] if (folder / LOG).exists() else [])]


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a log file, the overlong cut, which makes them not intact. Raises OSError."""
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE):
            yield line


def entries(folder: Path, since: datetime | None, until: datetime | None) -> Iterator[AuditEntry]:
    """The entries of [since, until), oldest first; lines that aren't entries are passed over. Raises OSError."""
    for file in log_files(folder):
        for raw in lines_of(file):
            entry, moment = _entry(open_line(raw, b""))
            if entry and moment and (since is None or moment >= since) and (until is None or moment < until):
                yield entry


def verify(folder: Path, key: bytes) -> AuditVerdict:
    """Reads the whole log. Raises OSError."""
    reading = _Reading(key)
    files = log_files(folder)
    for file in files:
        for number, line in enumerate(lines_of(file), 1):
            reading.take(f"{file.name}:{number}", line)
    head = folder / HEAD
    reading.finish(head.read_bytes() if head.exists() else None)
    return AuditVerdict(
        entries=reading.entries, files=len(files), problems=tuple(reading.problems), notes=tuple(reading.notes)
    )


class _Reading:
    def __init__(self, key: bytes) -> None:
        self._key = key
        self._last = self._before = START
        self.entries = 0
        self.problems: list[str] = []
        self.notes: list[str] = []

    def take(self, place: str, raw: bytes) -> None:
        line = open_line(raw, self._key)
        if line.link is None or not line.intact:
            self.problems.append(f"{place}: this entry was changed, or is none")
            if line.link is None:
                return
        if (line.link.seq, line.previous) != (self._last.seq + 1, self._last.hash):
            self.problems.append(
                f"{place}: entry {line.link.seq} does not follow entry {self._last.seq}: "
                "something was removed, put in or moved"
            )
        if line.fields.get("outcome") == HEAD_MISSING:
            self.problems.append(f"{place}: the head was missing here; entries before this may be, too")
        self.entries += 1
        self._before, self._last = self._last, line.link

    def finish(self, head: bytes | None) -> None:
        """Compares the last entry with the head."""
        noted = START if not head and self._last == START else open_head(head or b"", self._key)
        if noted is None:
            self.problems.append(f"{HEAD} is missing or was changed, so nobody can tell whether entries are missing")
        elif noted.seq > self._last.seq:
            self.problems.append(f"the log ends with entry {self._last.seq}, the head with entry {noted.seq}")
        elif noted == self._before and noted != self._last:
            self.notes.append("the last entry is newer than the head: its writer was killed between the two")
        elif noted != self._last:
            self.problems.append(f"the log's last entry ({self._last.seq}) is not the one of the head ({noted.seq})")


def _entry(line: Line) -> tuple[AuditEntry | None, datetime | None]:
    found: dict[str, Any] = dict(line.fields)
    try:
        cost = found.get("cost_usd")
        moment = datetime.fromisoformat(found["time"]).astimezone(UTC)
        money = None if cost is None else Decimal(cost)
        return AuditEntry(**{**found, "cost_usd": money, "seq": line.link.seq if line.link else 0}), moment
    except (TypeError, LookupError, ValueError, ArithmeticError, OverflowError):
        return None, None
