"""The audit log: who did what, when, through which provider, at what cost, and how it ended. Digests, never code.

Append-only JSON lines below one folder, chained as `chain` says. Several processes may write: each holds a lock from
reading the last entry to writing the next. No kill of a process loses an entry whose `record` has returned. Against a
power failure it is on disk then (fsync, entry before head), save with `sync=False`, which is a fiftieth of the time.
A full file is renamed and never touched again.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from autogen_cli.errors import ConfigError
from autogen_cli.security import chain
from autogen_cli.security.chain import HEAD, LOG, LONGEST_LINE, START, Link
from autogen_cli.security.locking import append, wait_for_lock

if TYPE_CHECKING:
    from autogen_cli.security.audit_reading import AuditEntry, AuditVerdict

FULL = 10_000_000  # bytes after which a new file is begun
LONGEST_TEXT = 200  # characters of one field
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


class AuditFacts(TypedDict, total=False):
    """What may be known of an action; `audit_reading.AuditEntry` says what it means."""

    role: str | None
    project: str | None
    subject: str | None
    provider: str | None
    model: str | None
    cost_usd: Decimal | None
    digest: str | None
    request_id: str | None
    detail: str | None


class AuditEvent(AuditFacts):
    who: str
    action: str
    outcome: str


class AuditLog:
    """folder: made at the first entry, for its owner only. key: makes the hashes HMACs. clock: seconds since the epoch.

    Everything raises ConfigError where the log can't be read or written.
    """

    def __init__(
        self, folder: Path, *, key: bytes = b"", full: int = FULL, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._key = key
        self._full = full
        self._clock = clock
        self._turn = threading.Lock()  # threads would wait for the file's lock by polling

    def record(self, *events: AuditEvent, sync: bool = True) -> None:
        """Writes entries, all in one step: a few take hardly longer than one."""
        with self._turn, self._translated("written"):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._open(HEAD, os.O_RDWR) as head:
                wait_for_lock(head)
                self._append(events, head, sync)

    def check(self) -> None:
        """Raises ConfigError where no entry could be written; for those who do nothing without one."""
        with self._translated("written"):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._open(HEAD, os.O_RDWR), self._open(LOG, os.O_RDWR | os.O_APPEND):
                pass

    def entries(self, since: datetime | None = None, until: datetime | None = None) -> "Iterator[AuditEntry]":
        """The entries of [since, until), oldest first; lines that aren't entries are passed over."""
        from autogen_cli.security.audit_reading import entries

        with self._translated("read"):
            yield from entries(self._folder, since, until)

    def verify(self) -> "AuditVerdict":
        """Reads the whole log and says what doesn't fit. Waits for a writer to finish."""
        from autogen_cli.security.audit_reading import verify

        with self._translated("read"):
            if not (self._folder / HEAD).exists():
                return verify(self._folder, self._key)
            with self._open(HEAD, os.O_RDONLY) as head:
                wait_for_lock(head)
                return verify(self._folder, self._key)

    def _append(self, events: Sequence[AuditEvent], head: int, sync: bool) -> None:
        with contextlib.ExitStack() as opened:
            log = opened.enter_context(self._open(LOG, os.O_RDWR | os.O_APPEND))
            noted = chain.open_head(os.read(head, LONGEST_LINE), self._key)
            last, glue, remark = self._last(log, noted, events[0])
            data = b""
            for event in (*remark, *events):
                line, last = chain.seal(last.seq + 1, last.hash, _fields(event, self._clock()), self._key)
                data += line
            size = os.fstat(log).st_size
            if size and size + len(data) > self._full:
                before = last.seq - len(remark) - len(events)
                (self._folder / LOG).rename(self._folder / f"audit-{before:012}.jsonl")
                log, glue = opened.enter_context(self._open(LOG, os.O_RDWR | os.O_APPEND)), b""
            append(log, glue + data)
            if sync:
                os.fsync(log)
        os.lseek(head, 0, os.SEEK_SET)
        os.write(head, chain.seal_head(last, self._key))
        if sync:
            os.fsync(head)

    def _last(self, log: int, noted: Link | None, event: AuditEvent) -> tuple[Link, bytes, tuple[AuditEvent, ...]]:
        """The entry to go on from; what has to stand before the next line; what there is to say about a broken end."""
        tail = _tail(log)
        whole, _, fragment = tail.rpartition(b"\n")
        line = chain.open_line(whole.rpartition(b"\n")[2] + b"\n", self._key)
        found = line.link if line.link and line.intact else None
        remark: tuple[AuditEvent, ...] = ()
        if noted is None:
            full = sorted(self._folder.glob(chain.FULL_FILES))
            if tail or full:
                remark = ({"who": event["who"], "action": "audit", "outcome": chain.HEAD_MISSING},)
            noted = found or (self._end_of(full[-1]) if full else START)
        last = found if found and found.seq > noted.seq else noted  # newer: its writer was killed before the head
        if not fragment:
            return last, b"", remark
        if found == last:  # the head knows of no more: a writer was killed within its line
            os.ftruncate(log, os.fstat(log).st_size - len(fragment))
            detail = f"{len(fragment)} bytes of an unfinished entry were taken away"
            mended: AuditEvent = {"who": event["who"], "action": "audit", "outcome": "mended", "detail": detail}
            return last, b"", (*remark, mended)
        return last, b"\n", remark

    def _end_of(self, file: Path) -> Link:
        """The last entry of a full file, as far as it can be told."""
        return chain.open_line(file.read_bytes()[-LONGEST_LINE:].splitlines(keepends=True)[-1], self._key).link or START

    @contextlib.contextmanager
    def _open(self, name: str, flags: int) -> Iterator[int]:
        """A file of the log, made if it is missing; never a link, never readable to others."""
        flags |= _NOFOLLOW if flags == os.O_RDONLY else _NOFOLLOW | os.O_CREAT
        descriptor = os.open(self._folder / name, flags, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise ConfigError(
                f"the audit log in {self._folder} can't be {what}: {exc.strerror or exc}",
                hint="make the folder writable, or set security.audit to false",
            ) from exc


def _fields(event: AuditEvent, now: float) -> dict[str, str]:
    """What is known of an event, as text: cut, and without what looks like a secret."""
    text = {name: _bounded(str(value)) for name, value in event.items() if value is not None}
    if "detail" in text:
        from autogen_cli.security.redaction import redact

        text["detail"] = redact(text["detail"])
    return {"time": datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds"), **text}


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _tail(log: int) -> bytes:
    """The end of a file: enough for the last line and a fragment behind it."""
    os.lseek(log, max(0, os.fstat(log).st_size - 2 * LONGEST_LINE), os.SEEK_SET)
    return os.read(log, 2 * LONGEST_LINE)
