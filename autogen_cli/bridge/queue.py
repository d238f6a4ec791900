"""The jobs of the bridge, in one SQLite file that all its processes share: what was accepted is there until it has been
answered, however often anybody is killed.

A job is `queued`, then `answered` (its reply is there), then `posted`; or in the end `given_up`, `maybe_posted`, or
`refused` where a quota was used up. Whoever works on a job holds a lease: for that time it is due for nobody else.
"""

import contextlib
import json
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

from autogen_cli.bridge.models import Job, Reply
from autogen_cli.bridge.records import SCHEMA, Accepted, Leased, LeaseLostError, begin, leased, open_file, written
from autogen_cli.errors import ConfigError
from autogen_cli.storage.base import StoreError
from autogen_cli.storage.faults import translated

KEEP_SECONDS = 30 * 86_400.0  # for what a finished job was about; its key stays, so that it never runs again
_WAITING = "state IN ('queued', 'answered')"
_LEASE = f"""
UPDATE jobs SET owner = ?, due = ?, leases = leases + 1
WHERE number = (SELECT number FROM jobs WHERE {_WAITING} AND due <= ? ORDER BY due, number LIMIT 1)
RETURNING key, principal, job, accepted, quota, owner, leases, sent, reply, attempted, failures
"""  # noqa: S608 - made of constants


class _Acceptance:
    """One call of `accept` that waits for its transaction."""

    def __init__(self, jobs: Sequence[Job], quota: int, day: date) -> None:
        self.jobs = [(job, written(job)) for job in jobs]
        self.quota = quota
        self.day = day.isoformat()
        self.result: Accepted | None = None
        self.error: ConfigError | None = None


class JobQueue:
    """path: the file; it is opened at first use. lease_seconds: how long a lease lasts unless it is renewed.

    Methods may be called from any thread. ConfigError: the file can't be used, and nothing has changed.
    """

    def __init__(self, path: Path, *, lease_seconds: float = 60.0, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.Lock()  # of this process's threads
        self._pending: deque[_Acceptance] = deque()

    def accept(self, jobs: Sequence[Job], *, quota: int, day: date) -> Accepted:
        """Keeps the jobs that aren't known yet; they are on the disk itself when it returns.

        quota: most jobs of one principal on that `day` (UTC). Of those beyond it, the day's first gets an answer that
        says so, the others none. Calls at the same time share one transaction, so they share the wait for the disk.
        """
        mine = _Acceptance(jobs, quota, day)
        self._pending.append(mine)
        with self._turn:
            if mine.result is None and mine.error is None:
                self._accept_pending()
        if mine.error is not None:
            raise ConfigError(mine.error.message, hint=mine.error.hint) from mine.error
        return mine.result or Accepted()

    def lease(self, owner: str) -> Leased | None:
        """The job that has been due for the longest time, now the caller's. owner: unique to each lease."""
        now = self._clock()
        with self._turn, self._reading() as connection:  # looking needs no lock, and mostly nothing is there
            if not connection.execute(f"SELECT 1 FROM jobs WHERE {_WAITING} AND due <= ? LIMIT 1", (now,)).fetchone():  # noqa: S608 - made of constants
                return None
        with self._turn, self._transaction(durable=False) as connection:
            rows = connection.execute(_LEASE, (owner, now + self._lease_seconds, now)).fetchall()
        return leased(rows[0]) if rows else None

    def renew(self, owners: Sequence[str]) -> None:
        """Prolongs the leases that these still hold."""
        until = self._clock() + self._lease_seconds
        with self._turn, self._transaction(durable=False) as connection:
            connection.executemany(
                f"UPDATE jobs SET due = ? WHERE owner = ? AND {_WAITING}",  # noqa: S608 - made of constants
                [(until, owner) for owner in owners],
            )

    def sending(self, lease: Leased) -> None:
        """Notes, before it is done, that a provider is asked something which costs again each time it is asked.
        LeaseLostError: it must not be asked.
        """
        self._update(lease, "sent = 1")

    def save(self, lease: Leased, reply: Reply) -> None:
        """The job's reply is known, and about to be posted. LeaseLostError: it must not be posted."""
        self._update(lease, "state = 'answered', reply = ?, leases = 1, attempted = 1", json.dumps(asdict(reply)))

    def posting(self, lease: Leased) -> None:
        """The same for a reply that was saved before. Raises LeaseLostError."""
        self._update(lease, "attempted = 1")

    def posted(self, lease: Leased, place: str) -> None:
        """place: what the platform calls the reply. Raises LeaseLostError."""
        self._finish(lease, "posted", posted=place)

    def retry(self, lease: Leased, at: float, why: str, *, attempted: bool = True) -> None:
        """Lets go of a job whose reply couldn't be posted, until the time `at`. attempted: whether it may have gone
        out all the same. Raises LeaseLostError.
        """
        change = "due = ?, why = ?, attempted = ?, failures = failures + 1, leases = 0, owner = ''"
        self._update(lease, change, at, why, attempted)

    def give_up(self, lease: Leased, why: str, *, maybe_posted: bool = False) -> None:
        """Nothing more is done about the job. Raises LeaseLostError."""
        self._finish(lease, "maybe_posted" if maybe_posted else "given_up", why=why)

    def counts(self) -> Mapping[str, int]:
        """How many jobs are in each state; `leased`, how many of the queued and answered are being worked on."""
        with self._turn, self._reading() as connection:
            found = dict.fromkeys(("queued", "answered", "posted", "given_up", "maybe_posted", "refused"), 0)
            found.update(connection.execute("SELECT state, count(*) FROM jobs GROUP BY state"))
            held = f"SELECT count(*) FROM jobs WHERE {_WAITING} AND owner != '' AND due > ?"  # noqa: S608 - made of constants
            (found["leased"],) = connection.execute(held, (self._clock(),)).fetchone()
        return found

    def used(self, principal: str, day: date) -> int:
        """How many jobs of a principal count for that day."""
        query = "SELECT used FROM quotas WHERE principal = ? AND day = ?"
        with self._turn, self._reading() as connection:
            row = connection.execute(query, (principal, day.isoformat())).fetchone()
        return row[0] if row else 0

    def check(self) -> None:
        """Raises ConfigError unless the file can be written."""
        with self._turn, self._transaction() as connection:
            connection.execute(f"PRAGMA user_version = {SCHEMA}")  # writes, and changes nothing

    def prune(self, keep_seconds: float = KEEP_SECONDS) -> int:
        """Forgets what old finished jobs were about, all but their keys. How many there were; at most 1,000 at once."""
        before = self._clock() - keep_seconds
        old = "SELECT number FROM jobs WHERE finished < ? AND job != '' LIMIT 1000"
        with self._turn, self._transaction() as connection:
            day = datetime.fromtimestamp(before, UTC).date().isoformat()
            connection.execute("DELETE FROM quotas WHERE day < ?", (day,))
            erase = f"UPDATE jobs SET job = '', reply = NULL, principal = '', why = NULL WHERE number IN ({old})"  # noqa: S608 - made of constants
            return connection.execute(erase, (before,)).rowcount

    def close(self) -> None:
        with self._turn:
            if self._connection:
                self._connection.close()
                self._connection = None

    def _accept_pending(self) -> None:
        """All that wait for the disk, in one transaction; those who come meanwhile are the next one's."""
        taken = [self._pending.popleft() for _ in range(len(self._pending))]
        try:
            with self._transaction() as connection:
                results = [self._accept(connection, each) for each in taken]
        except BaseException as exc:
            error = exc if isinstance(exc, ConfigError) else ConfigError("the queue of jobs was interrupted")
            for each in taken:
                each.error = error
            raise
        for each, result in zip(taken, results, strict=True):
            each.result = result

    def _accept(self, connection: sqlite3.Connection, one: _Acceptance) -> Accepted:
        new = refused = 0
        insert = (
            "INSERT OR IGNORE INTO jobs (key, principal, job, state, accepted, due) VALUES (?, ?, ?, 'queued', ?, ?)"
        )
        for job, text in one.jobs:
            now = self._clock()
            made = connection.execute(insert, (job.key, job.principal, text, now, now))
            if made.rowcount:
                new += 1
                refused += not self._reserve(connection, job, one)
        return Accepted(new=new, known=len(one.jobs) - new, refused=refused)

    def _reserve(self, connection: sqlite3.Connection, job: Job, one: _Acceptance) -> bool:
        """Counts a new job for its principal; whether it is within the quota."""
        name = (job.principal, one.day)
        connection.execute("INSERT OR IGNORE INTO quotas VALUES (?, ?, 0, 0)", name)
        count = "UPDATE quotas SET used = used + 1 WHERE principal = ? AND day = ? AND used < ?"
        if connection.execute(count, (*name, one.quota)).rowcount:
            return True
        tell = "UPDATE quotas SET told = 1 WHERE principal = ? AND day = ? AND told = 0"
        state, end = ("queued", None) if connection.execute(tell, name).rowcount else ("refused", self._clock())
        refuse = "UPDATE jobs SET quota = ?, state = ?, finished = ? WHERE key = ?"
        connection.execute(refuse, (one.quota, state, end, job.key))
        return False

    def _finish(self, lease: Leased, state: str, *, posted: str | None = None, why: str | None = None) -> None:
        change = "state = ?, posted = ?, why = ?, finished = ?, owner = ''"
        self._update(lease, change, state, posted, why, self._clock(), durable=False)

    def _update(self, lease: Leased, change: str, *values: object, durable: bool = True) -> None:
        """A change that only the lease's holder may make."""
        statement = f"UPDATE jobs SET {change} WHERE key = ? AND owner = ?"  # noqa: S608 - the change is our own
        with self._turn, self._transaction(durable=durable) as connection:
            if connection.execute(statement, (*values, lease.job.key, lease.owner)).rowcount == 0:
                raise LeaseLostError(f"the lease of the job {lease.job.key} has gone to somebody else")

    @contextlib.contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """durable: on the disk itself afterwards. What isn't outlives a kill, and not always a power cut: then a job is
        leased or posted again, as after a kill.
        """
        with self._reading() as connection:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            begin(connection)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with translated(self.path):
                if self._connection is None:
                    self._connection = open_file(self.path)
                yield self._connection
        except StoreError as exc:
            hint = "make it writable, with room on its disk; it holds jobs that were accepted: don't remove it"
            raise ConfigError(f"the queue of jobs can't be used: {exc}", hint=hint) from exc
