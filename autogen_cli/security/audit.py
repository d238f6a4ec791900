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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from autogen_cli.errors import ConfigError
from autogen_cli.security import chain
from autogen_cli.security.chain import HEAD, LOG, LONGEST_LINE, START, AuditVerdict, Link
from autogen_cli.security.locking import append, wait_for_lock
from autogen_cli.security.redaction import redact

FULL = 10_000_000  # bytes after which a new file is begun
LONGEST_TEXT = 200  # characters of one field
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One action. who: the principal. subject: what it was done to: a module and symbol, a setting, a file.

    outcome: `done`, `denied`, or a generation's (`accepted`, `rejected`, `scaffold`, `cached`, `error`). digest:
    SHA-256 (hex) of the code or content.
    """

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
class AuditEntry(AuditEvent):
    """An event as the log has it. time: ISO 8601, UTC."""

    seq: int
    time: str


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

    def record(self, event: AuditEvent, *, sync: bool = True) -> None:
        """Writes one entry."""
        with self._turn, self._translated("written"):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._open(HEAD, os.O_RDWR) as head:
                wait_for_lock(head)
                self._append(event, head, sync)

    def check(self) -> None:
        """Raises ConfigError where no entry could be written; for those who do nothing without one."""
        with self._translated("written"):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._open(HEAD, os.O_RDWR), self._open(LOG, os.O_RDWR | os.O_APPEND):
                pass

    def entries(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[AuditEntry]:
        """The entries of [since, until), oldest first; lines that aren't entries are passed over."""
        with self._translated("read"):
            for file in chain.log_files(self._folder):
                for raw in chain.lines_of(file):
                    entry, moment = _entry(chain.open_line(raw, self._key))
                    if entry and moment and (since is None or moment >= since) and (until is None or moment < until):
                        yield entry

    def verify(self) -> AuditVerdict:
        """Reads the whole log and says what doesn't fit. Waits for a writer to finish."""
        with self._translated("read"):
            if not (self._folder / HEAD).exists():
                return chain.verify(self._folder, self._key)
            with self._open(HEAD, os.O_RDONLY) as head:
                wait_for_lock(head)
                return chain.verify(self._folder, self._key)

    def _append(self, event: AuditEvent, head: int, sync: bool) -> None:
        with contextlib.ExitStack() as opened:
            log = opened.enter_context(self._open(LOG, os.O_RDWR | os.O_APPEND))
            noted = chain.open_head(os.read(head, LONGEST_LINE), self._key)
            last, glue, remark = self._last(log, noted, event)
            data = b""
            for each in (*remark, event):
                line, last = chain.seal(last.seq + 1, last.hash, _fields(each, self._clock()), self._key)
                data += line
            size = os.fstat(log).st_size
            if size and size + len(data) > self._full:
                (self._folder / LOG).rename(self._folder / f"audit-{last.seq - len(remark) - 1:012}.jsonl")
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
            if found or fragment or whole or len(chain.log_files(self._folder)) > 1:
                remark = (AuditEvent(who=event.who, action="audit", outcome=chain.HEAD_MISSING),)
            noted = found or self._rotated()
        last = found if found and found.seq > noted.seq else noted  # newer: its writer was killed before the head
        if not fragment:
            return last, b"", remark
        if found == last:  # the head knows of no more: a writer was killed within its line
            os.ftruncate(log, os.fstat(log).st_size - len(fragment))
            detail = f"{len(fragment)} bytes of an unfinished entry were taken away"
            return last, b"", (*remark, AuditEvent(who=event.who, action="audit", outcome="mended", detail=detail))
        return last, b"\n", remark

    def _rotated(self) -> Link:
        """The last entry of the newest full file; the start where there is none."""
        for file in reversed(chain.log_files(self._folder)[:-1]):
            for raw in reversed(list(chain.lines_of(file))):
                link = chain.open_line(raw, self._key).link
                if link:
                    return link
        return START

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
    known = {field.name: getattr(event, field.name) for field in fields(AuditEvent)}
    text = {name: _bounded(str(value)) for name, value in known.items() if value is not None}
    if "detail" in text:
        text["detail"] = redact(text["detail"])
    return {"time": datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds"), **text}


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _entry(line: chain.Line) -> tuple[AuditEntry | None, datetime | None]:
    found: dict[str, Any] = dict(line.fields)
    try:
        cost = found.get("cost_usd")
        moment = datetime.fromisoformat(found["time"]).astimezone(UTC)
        money = None if cost is None else Decimal(cost)
        return AuditEntry(**{**found, "cost_usd": money, "seq": line.link.seq if line.link else 0}), moment
    except (TypeError, LookupError, ValueError, ArithmeticError, OverflowError):
        return None, None


def _tail(log: int) -> bytes:
    """The end of a file: enough for the last line and a fragment behind it."""
    os.lseek(log, max(0, os.fstat(log).st_size - 2 * LONGEST_LINE), os.SEEK_SET)
    return os.read(log, 2 * LONGEST_LINE)
