"""A job as it stands in the queue's file, and as a worker holds it."""

import json
import sqlite3
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from autogen_cli.bridge.models import Command, Job, Mistake, Place, Reply
from autogen_cli.errors import AutogenError

SCHEMA = 1
PATIENCE = 10.0  # seconds that other processes may take with their transactions
_LOOK_SECONDS = 0.001
_TABLES = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, principal TEXT NOT NULL, job TEXT NOT NULL,
    state TEXT NOT NULL, accepted REAL NOT NULL, due REAL NOT NULL, quota INTEGER,
    owner TEXT NOT NULL DEFAULT '', leases INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0,
    reply TEXT, attempted INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
    finished REAL, posted TEXT, why TEXT
);
CREATE INDEX waiting ON jobs (due) WHERE state IN ('queued', 'answered');
CREATE INDEX states ON jobs (state);
CREATE INDEX kept ON jobs (finished) WHERE job != '';
CREATE TABLE quotas (
    principal TEXT, day TEXT, used INTEGER NOT NULL, told INTEGER NOT NULL, PRIMARY KEY (principal, day)
) WITHOUT ROWID;
"""


class LeaseLostError(AutogenError):
    """Somebody else has the job by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """How many of the jobs were new, how many were there already, and how many of the new are beyond the quota."""

    new: int = 0
    known: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A job that is the caller's for a while.

    leases: how often somebody has begun this step of it, this time included. quota: the one that the job is beyond,
    else None. sent: whether something may have gone out to a provider that would cost again. reply: what is to be
    posted, once it is known. attempted: whether it may have gone out. failures: how often posting it has failed.
    accepted: seconds since the epoch.
    """

    job: Job
    owner: str
    leases: int
    accepted: float
    quota: int | None = None
    sent: bool = False
    reply: Reply | None = None
    attempted: bool = False
    failures: int = 0


def open_file(path: Path) -> sqlite3.Connection:
    """The queue's file, made where there is none. Raises sqlite3.Error and OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        if connection.execute("PRAGMA user_version").fetchone() == (0,):
            connection.execute("PRAGMA journal_mode = WAL")
            _create(connection)
        _check_version(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def begin(connection: sqlite3.Connection) -> None:
    """A transaction that writes. SQLite itself would look for its turn every 100 ms only: acknowledgements are to be
    quicker than that, also while workers write.
    """
    until = time.monotonic() + PATIENCE
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as exc:
                if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(_LOOK_SECONDS)
            else:
                return
    finally:
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")


def _check_version(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA:
        raise sqlite3.DatabaseError(f"it has version {version} and this program knows {SCHEMA}")


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone() == (0,):  # nobody else was quicker
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
    connection.execute("COMMIT")


def written(job: Job) -> str:
    kind = "command" if isinstance(job.asked, Command) else "mistake"
    return json.dumps({"source": job.source, "place": asdict(job.place), kind: asdict(job.asked)})


def leased(row: tuple[str, str, str, float, int | None, str, int, int, str | None, int, int]) -> Leased:
    key, principal, written, accepted, quota, owner, leases, sent, reply, attempted, failures = row
    content = json.loads(written)
    asked = Command(**content["command"]) if "command" in content else Mistake(**content["mistake"])
    return Leased(
        job=Job(key=key, principal=principal, source=content["source"], place=Place(**content["place"]), asked=asked),
        owner=owner,
        leases=leases,
        accepted=accepted,
        quota=quota,
        sent=bool(sent),
        reply=Reply(**json.loads(reply)) if reply else None,
        attempted=bool(attempted),
        failures=failures,
    )
