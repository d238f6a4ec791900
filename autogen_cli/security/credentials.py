"""Keys of providers at rest: the key itself in the system's keyring, and what is known about it in a small database.

Without a keyring the key is in that database, too: a file of mode 0600, which is announced whenever a key goes into it.
A provider has two slots: `current`, and `previous` for the time in which a change of keys takes hold. The database's
transaction is what switches; a keyring entry is never overwritten, so that whatever fails leaves the old key in force.
"""

import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from autogen_cli.errors import CredentialError
from autogen_cli.security.keyrings import SERVICE, system_keyring
from autogen_cli.security.redaction import remember_secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

LONGEST_KEY = 8192
_USED_EVERY = 60.0  # seconds: the last use is no more exact than that
_LOCK_TIMEOUT = 10.0
_TABLE = """
CREATE TABLE IF NOT EXISTS Slot (
    provider TEXT, slot TEXT CHECK (slot IN ('current', 'previous')), place TEXT, name TEXT, secret TEXT,
    fingerprint TEXT, created REAL, ends REAL, used REAL, PRIMARY KEY (provider, slot)
)
"""
_LAST_MOMENT = 253_402_300_800  # of the year 9999, which no calendar of Python's goes beyond
_COLUMNS = "provider, slot, place, fingerprint, created, ends, used"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """What is known about a key. Times are seconds since the epoch; ends: when a previous key's grace does."""

    provider: str
    slot: Literal["current", "previous"]
    place: Literal["keyring", "file"]
    fingerprint: str
    created: float
    ends: float | None
    used: float | None


def fingerprint(key: str) -> str:
    """Tells keys apart without telling anything about them: 48 bits of SHA-256, hex."""
    return sha256(key.encode()).hexdigest()[:12]


def check_key(key: str) -> str:
    """Raises CredentialError for what can't be a key, or could break out of an HTTP header."""
    if not key:
        raise CredentialError("the key is empty")
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()) or " " in key:
        hint = "give the key alone: no quotes, blanks or line ends"
        raise CredentialError("the key holds characters that no key has, or too many", hint=hint)
    return key


class CredentialStore:
    """path: the database. announce: told where a key went that no keyring took."""

    def __init__(
        self, path: Path, *, announce: Callable[[str], None] = lambda _: None, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = path
        self._announce = announce
        self._clock = clock

    def entries(self, provider: str | None = None) -> list[StoredKey]:
        """What is known about the keys in force, the current one first. Asks no keyring."""
        select = f"SELECT {_COLUMNS} FROM Slot WHERE ? IN (provider, '') ORDER BY provider, slot"  # noqa: S608 - constants
        found = [StoredKey(**row) for row in self._read(select, provider or "")]
        return [entry for entry in found if not self._is_over(entry.ends)]

    def keys(self, provider: str) -> list[tuple[StoredKey, str]]:
        """The keys in force, the current one first. A previous one whose grace is over goes."""
        rows = self._read("SELECT * FROM Slot WHERE provider = ? ORDER BY slot", provider)
        if any(self._is_over(row["ends"]) for row in rows):
            with self._transaction() as db:
                _forget(db.execute("DELETE FROM Slot WHERE ends <= ? RETURNING name", (self._clock(),)).fetchall())
        names = _COLUMNS.split(", ")
        return [
            (StoredKey(**{name: row[name] for name in names}), _secret_of(row))
            for row in rows
            if not self._is_over(row["ends"])
        ]

    def put(self, provider: str, key: str, *, grace: float = 0.0) -> StoredKey:
        """Makes `key` the current one. The one before stays for `grace` seconds, as the previous one."""
        ring, name, now = system_keyring(), f"{provider}-{secrets.token_hex(4)}", self._clock()
        if ring:
            _keep(ring, name, key)
        kept = (None, key) if ring is None else (name, None)
        entry = (provider, "current", "keyring" if ring else "file", *kept, fingerprint(key), now, None, None)
        try:
            self._make()
            with self._transaction() as db:
                gone = db.execute(
                    "DELETE FROM Slot WHERE provider = ? AND (slot = 'previous' OR ? <= 0) RETURNING name",
                    (provider, grace),
                ).fetchall()
                ends = "UPDATE Slot SET slot = 'previous', ends = ? WHERE provider = ?"
                db.execute(ends, (now + grace, provider))
                db.execute("INSERT INTO Slot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", entry)
        except BaseException:
            _forget([kept])
            raise
        _forget(gone)
        remember_secret(key)
        if ring is None:
            self._announce(f"no keyring works here: the key is in {self.path}, which only you may read (mode 0600)")
        return self.entries(provider)[0]

    def remove(self, provider: str) -> int:
        """Removes all keys of a provider; how many there were."""
        if not self._is_there():
            return 0
        with self._transaction() as db:
            gone = db.execute("DELETE FROM Slot WHERE provider = ? RETURNING name", (provider,)).fetchall()
        _forget(gone)
        return len(gone)

    def mark_used(self, key: str) -> None:
        """Notes that a service has just taken `key`. What can't be noted is no reason to fail."""
        now = self._clock()
        update = "UPDATE Slot SET used = ? WHERE fingerprint = ? AND (used IS NULL OR used < ?)"
        with suppress(CredentialError):
            if self._is_there():
                with self._transaction() as db:
                    db.execute(update, (now, fingerprint(key), now - _USED_EVERY))

    def _is_over(self, ends: float | None) -> bool:
        return ends is not None and ends <= self._clock()

    def _is_there(self) -> bool:
        """Whether anything is stored. Raises CredentialError where others could have read or written the file."""
        try:
            found = self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as exc:
            raise CredentialError(f"the credential file {self.path} can't be read: {exc.strerror}") from exc
        if not stat.S_ISREG(found.st_mode):
            raise CredentialError(f"the credential file {self.path} is no plain file", hint="remove it")
        if os.name == "posix" and found.st_uid != os.geteuid():
            raise CredentialError(f"the credential file {self.path} belongs to somebody else", hint="remove it")
        if os.name == "posix" and found.st_mode & 0o077:
            hint = f"chmod 600 {self.path}, and change the keys if somebody may have read them"
            raise CredentialError(f"others may read the credential file {self.path}", hint=hint)
        return found.st_size > 0

    def _make(self) -> None:
        if self._is_there():
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as exc:
            hint = "make the folder writable, or set AUTOGEN_HOME to one that is"
            raise CredentialError(f"the credential file {self.path} can't be made: {exc.strerror}", hint=hint) from exc

    def _read(self, select: str, *values: str) -> list[dict[str, Any]]:
        if not self._is_there():
            return []
        with self._connection() as db:
            rows = [dict(row) for row in db.execute(select, values)]
            if any(not 0 <= (row[name] or 0) < _LAST_MOMENT for row in rows for name in ("created", "ends", "used")):
                raise sqlite3.DatabaseError("it holds a time that is none")
            return rows

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as db:
            db.execute("PRAGMA secure_delete = ON")  # a key that was removed is not in the file any more
            db.execute("BEGIN IMMEDIATE")
            with db:
                db.execute(_TABLE)
                yield db

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=_LOCK_TIMEOUT, isolation_level=None)) as db:
                db.row_factory = sqlite3.Row
                yield db
        except sqlite3.Error as exc:
            hint = "if it is damaged, remove it and log in again"
            raise CredentialError(f"the credential file {self.path} can't be used: {exc}", hint=hint) from exc


def _keep(ring: "KeyringBackend", name: str, key: str) -> None:
    """Writes the key and reads it back: a keyring that doesn't give it again is found out now."""
    from keyring.errors import KeyringError

    try:
        ring.set_password(SERVICE, name, key)
        kept = ring.get_password(SERVICE, name) == key
    except KeyringError as exc:
        hint = "unlock it, or do without: PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring"
        raise CredentialError(f"the keyring doesn't take the key: {exc or type(exc).__name__}", hint=hint) from exc
    if not kept:
        raise CredentialError("the keyring doesn't give the key again")


def _secret_of(row: Mapping[str, Any]) -> str:
    """The key of a row, known to `redact` from now on."""
    secret: str | None = row["secret"]
    if row["place"] == "keyring":
        from keyring.errors import KeyringError

        ring = system_keyring()
        try:
            secret = ring.get_password(SERVICE, row["name"]) if ring else None
        except KeyringError as exc:
            reason = str(exc) or type(exc).__name__
            raise CredentialError(f"the keyring doesn't give the key: {reason}", hint="unlock it") from exc
    if not secret:
        hint = f"run `autogen auth login {row['provider']}`"
        raise CredentialError(f"the key of {row['provider']} isn't in the {row['place']} any more", hint=hint)
    remember_secret(secret)
    return secret


def _forget(rows: Iterable[Sequence[str | None]]) -> None:
    """Removes entries of the keyring, which may be gone already. rows: their names first, None for none."""
    names = [row[0] for row in rows if row[0]]
    ring = system_keyring() if names else None
    if ring is None:
        return
    from keyring.errors import KeyringError

    for name in names:
        with suppress(KeyringError):
            ring.delete_password(SERVICE, name)
