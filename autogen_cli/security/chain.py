"""The audit log's chain: how an entry is bound to the one before it, and how a change is found afterwards.

An entry is one line of JSON. It begins with its number and the hash of the entry before it and ends with its own hash,
over all bytes before that: SHA-256, or HMAC-SHA-256 where there is a key. The head, a file of its own, is the last
entry's number and hash in the same form; it is what a truncated log is told by.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

LOG, HEAD = "audit.jsonl", "audit.head"
LONGEST_LINE = 32_768  # bytes; what an entry says is cut to fit
HEAD_MISSING = "head-missing"  # the outcome of the entry that goes on without a head
_HASH = re.compile(rb',"hash":"([0-9a-f]{64})"}\n')
_HASH_BYTES = len(',"hash":""}\n') + 64


class Link(NamedTuple):
    """What the next entry is bound to. Entries are numbered from 1."""

    seq: int
    hash: str


START = Link(0, "0" * 64)


class Line(NamedTuple):
    """One line of the log. link: its number and hash, as far as it has them. intact: whether the hash is right."""

    link: Link | None
    previous: str
    intact: bool
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerdict:
    """What `verify` found. notes: what looks odd and has a harmless reason."""

    entries: int
    files: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def seal(seq: int, previous: str, fields: Mapping[str, object], key: bytes) -> tuple[bytes, Link]:
    """The line of an entry, and what the next one is bound to."""
    body = json.dumps({"seq": seq, "previous": previous, **fields}, separators=(",", ":"))[:-1].encode()
    digest = _digest(body, key)
    return body + f',"hash":"{digest}"}}\n'.encode(), Link(seq, digest)


def open_line(line: bytes, key: bytes) -> Line:
    """What a line says, and whether it is as it was written."""
    body, end = line[:-_HASH_BYTES], _HASH.fullmatch(line[-_HASH_BYTES:])
    claimed = end[1].decode() if end else ""
    try:
        found: dict[str, Any] = json.loads(line)
        match found:
            case {"seq": int(seq), "previous": str(previous), **fields}:
                fields.pop("hash", None)
                return Line(Link(seq, claimed), previous, hmac.compare_digest(_digest(body, key), claimed), fields)
    except (ValueError, RecursionError):
        pass
    return Line(None, "", intact=False, fields={})


def seal_head(link: Link, key: bytes) -> bytes:
    """The head of a log that ends with `link`: one block, so that no power failure leaves half of it."""
    return seal(link.seq, link.hash, {}, key)[0].ljust(256)


def open_head(content: bytes, key: bytes) -> Link | None:
    """The last entry, as the head has it; None where the head is not as it was written."""
    line = open_line(content.rstrip(b" "), key)
    link = Link(line.link.seq, line.previous) if line.link else START
    return link if line.intact and seal_head(link, key) == content else None


def log_files(folder: Path) -> list[Path]:
    """The log's files, oldest first: those that were full, then the one that is written."""
    return [*sorted(folder.glob("audit-*.jsonl")), *([folder / LOG] if (folder / LOG).exists() else [])]


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a log file, the overlong cut, which makes them not intact. Raises OSError."""
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE):
            yield line


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
        noted = START if head is None and self._last == START else open_head(head or b"", self._key)
        if noted is None:
            self.problems.append(f"{HEAD} is missing or was changed, so nobody can tell whether entries are missing")
        elif noted.seq > self._last.seq:
            self.problems.append(f"the log ends with entry {self._last.seq}, the head with entry {noted.seq}")
        elif noted == self._before and noted != self._last:
            self.notes.append("the last entry is newer than the head: its writer was killed between the two")
        elif noted != self._last:
            self.problems.append(f"the log's last entry ({self._last.seq}) is not the one of the head ({noted.seq})")


def _digest(body: bytes, key: bytes) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest() if key else hashlib.sha256(body).hexdigest()
