"""Which keys of providers there are, and which one counts: the environment goes before what `autogen auth` stores."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from autogen_cli.config import BRIDGE_CREDENTIALS, CREDENTIALS, Credential, credential

if TYPE_CHECKING:
    from autogen_cli.security.credentials import CredentialStore

CREDENTIALS_FILE = "credentials.db"  # below the data folder
NOTED_EVERY = 60.0  # seconds between two notes of a key's last use
_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """What may be shown of a key. Times are seconds since the epoch, None where they aren't known.

    source: the variable, `keyring`, or the file. effective: requests are sent with this one. ends: when the grace of a
    previous key does. due: older than `security.rotate_after`.
    """

    provider: str
    slot: Literal["environment", "current", "previous"]
    source: str
    fingerprint: str
    effective: bool
    created: float | None = None
    used: float | None = None
    ends: float | None = None
    due: bool = False


class Credentials:
    """data: the user's data folder. given: keys that the program itself brings, by provider; they go before all others.
    rotate_after: days. announce: told of a key that had to go into a file. on_change: told what was done to which
    provider's key, and its fingerprint.
    """

    def __init__(
        self,
        data: Path,
        *,
        given: Mapping[str, str] | None = None,
        rotate_after: int | None = None,
        announce: Callable[[str], None] = lambda _: None,
        on_change: Callable[[str, str, str | None], None] = lambda _what, _provider, _fingerprint: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.file = data / CREDENTIALS_FILE
        self._given = given or {}
        self._rotate_after = rotate_after
        self._announce = announce
        self.on_change = on_change
        self._clock = clock
        self._noted: dict[str, float] = {}

    @cached_property
    def store(self) -> "CredentialStore":
        from autogen_cli.security.credentials import CredentialStore

        return CredentialStore(self.file, announce=self._announce, clock=self._clock)

    def has(self, provider: str) -> bool:
        """Whether there is a key. Asks no keyring, and loads next to nothing where none is stored."""
        return self._here(provider) is not None or (self.file.exists() and bool(self.store.entries(provider)))

    def keys(self, provider: str) -> list[Credential]:
        """The keys in force, the best first."""
        if found := self._here(provider):
            from autogen_cli.security.redaction import remember_secret

            remember_secret(found.value)
            return [found]
        if not self.has(provider):
            return []
        return [Credential(key, self._source(entry.place)) for entry, key in self.store.keys(provider)]

    def note_use(self, key: str) -> None:
        """A service has just taken `key`."""
        now = self._clock()
        if self.file.exists() and now - self._noted.get(key, 0.0) >= NOTED_EVERY:
            self._noted[key] = now
            self.store.mark_used(key)

    def list(self, provider: str | None = None) -> list[KeyInfo]:
        """Every key, or those of one provider."""
        from autogen_cli.security.credentials import fingerprint

        known = (*CREDENTIALS, *BRIDGE_CREDENTIALS)
        here = {name: found for name in known if provider in {None, name} and (found := self._here(name))}
        stored = [
            KeyInfo(
                provider=entry.provider,
                slot=entry.slot,
                source=self._source(entry.place),
                fingerprint=entry.fingerprint,
                effective=entry.slot == "current" and entry.provider not in here,
                created=entry.created,
                used=entry.used,
                ends=entry.ends,
                due=entry.slot == "current" and self._is_due(entry.created),
            )
            for entry in self.store.entries(provider)
        ]
        return stored + [
            KeyInfo(
                provider=name,
                slot="environment",
                source=found.source,
                fingerprint=fingerprint(found.value),
                effective=True,
            )
            for name, found in here.items()
        ]

    def reminder(self, provider: str) -> str | None:
        """What there is to say of a stored key that has been in use for too long."""
        stored = self.list(provider) if self.file.exists() else []
        due = [info for info in stored if info.effective and info.due and info.created is not None]
        if not due:
            return None
        days = int((self._clock() - (due[0].created or 0.0)) / _DAY)
        return f"the key of {provider} is {days} days old: `autogen auth rotate {provider}` changes it"

    def _here(self, provider: str) -> Credential | None:
        """A key that needs no store."""
        given = self._given.get(provider)
        return Credential(given, "the program") if given else credential(provider)

    def _is_due(self, created: float) -> bool:
        return self._rotate_after is not None and self._clock() - created > self._rotate_after * _DAY

    def _source(self, place: str) -> str:
        return place if place == "keyring" else str(self.file)
