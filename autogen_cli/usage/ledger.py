"""The ledger: one event per provider call, cache hit, failure and repair, on this machine only.

Keys are the event's time in microseconds, so that a window is read without looking at the rest.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

from autogen_cli.errors import ConfigError, CredentialError
from autogen_cli.models import UsageEvent
from autogen_cli.storage.base import PLAIN, Codec, StoreError
from autogen_cli.storage.store import JSONStore
from autogen_cli.usage import rollup
from autogen_cli.usage.rollup import QUARTER, Sums

SCHEMA = 1
_MONEY = ("cost_usd", "saved_usd")
_NAMES = [field.name for field in fields(UsageEvent)]
_DEFAULTS = {field.name: field.default for field in fields(UsageEvent)} | {"phases_ms": {}}


class UsageTracker:
    """folder: where the ledger lies; made at the first event. enabled: False writes nothing. retention_days: events
    that are older go; None keeps all.

    An event that can't be written is a warning, told once to `on_warning`: a result is not lost for its books. What
    reads raises ConfigError where the ledger can't be read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        enabled: bool = True,
        retention_days: float | None = None,
        codec: Codec = PLAIN,
        on_warning: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._enabled = enabled
        self._retention_days = retention_days
        self._codec = codec
        self._on_warning = on_warning
        self._written = False
        self._warned = False
        self._held: list[UsageEvent] | None = None
        self._store = JSONStore(
            folder,
            schema=SCHEMA,
            tables=rollup.TABLE,
            codec=codec,
            on_notice=on_warning,
            timeout=10.0,
            eviction_policy="none",
            cull_limit=0,
        )

    def record(self, *events: UsageEvent) -> None:
        """Writes events, in one transaction; with those of later calls if they are held."""
        if not self._enabled or not events:
            return
        if self._held is not None:
            self._held.extend(events)
            return
        try:
            self.add((event_key(event.time, os.urandom(6).hex()), event) for event in events)
            if self._retention_days is not None and not self._written:
                self.prune(events[0].time - self._retention_days * 86400)
            self._written = True
        except (StoreError, CredentialError) as exc:
            if not self._warned:
                self._on_warning(f"usage is not recorded: {exc}")
            self._warned = True

    def hold(self) -> None:
        """From now on events are written at each `flush`: many together take a tenth of the time."""
        self._held = []

    def flush(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self.record(*held)
            self._held = []

    def add(self, events: Iterable[tuple[str, UsageEvent]]) -> int:
        """Writes events under keys of the caller's, save those that are there already; returns how many.

        Raises ConfigError where the ledger is switched off.
        """
        if not self._enabled:
            raise ConfigError("usage.enabled is off, so nothing is recorded", hint="switch it on")
        return self._store.append((key, event_to_json(event)) for key, event in events)

    def prune(self, before: float) -> int:
        """Removes the events from before that time, and returns how many."""
        return self._store.execute(("DELETE FROM Cache WHERE key < ?", (_time_key(before),)))

    def events(
        self, since: float | None = None, until: float | None = None, filters: Mapping[str, str] | None = None
    ) -> Iterator[UsageEvent]:
        """The events of [since, until) in order of time; seconds since the epoch, None for no bound.

        filters: values of fields that the events have to have; empty for none.
        """
        wanted = (filters or {}).items()
        for _, event in self.keyed_events(since, until):
            if all((getattr(event, name) or "") == value for name, value in wanted):
                yield event

    def keyed_events(self, since: float | None = None, until: float | None = None) -> Iterator[tuple[str, UsageEvent]]:
        """As `events`, each with its key."""
        select = "SELECT key, value FROM Cache WHERE key >= ? AND key < ? ORDER BY key"
        return self._read(select, (_time_key(since or 0.0), ":" if until is None else _time_key(until)))

    def latest(self, count: int) -> Iterator[UsageEvent]:
        """The last events, newest first."""
        select = "SELECT key, value FROM Cache ORDER BY key DESC LIMIT ?"
        return (event for _, event in self._read(select, (count,)))

    def sums(
        self,
        since: float | None = None,
        until: float | None = None,
        *,
        by: Sequence[str] = (),
        filters: Mapping[str, str] | None = None,
        tz: tzinfo | None = None,
    ) -> Iterator[Sums]:
        """What the events of a window add up to, by facts of theirs and by `day`, as it is in `tz`. One combination may
        come several times.

        Whole quarters come from the roll-ups, where these know the facts; all else from the events.
        """
        wanted = dict(filters or {})
        first, behind = rollup.whole_quarters(since, until)
        known = {*by, *wanted} <= {"day", *rollup.DIMENSIONS}
        if self._codec is not PLAIN or not known or (behind is not None and behind <= first):
            yield from self._sums_of_events(since, until, wanted)
            return
        yield from self._sums_of_events(since, first * QUARTER, wanted)
        with self._readable():
            yield from rollup.stored(self._store, first, behind, by=by, filters=wanted, tz=tz)
        if behind is not None:
            yield from self._sums_of_events(behind * QUARTER, until, wanted)

    def reseal(self, codec: Codec) -> int:
        """Every event under another codec; see `JSONStore.reseal`."""
        count = self._store.reseal(codec)
        if count:
            self._store.execute(("DELETE FROM Quarter", ()))
        self._codec = codec
        return count

    def close(self) -> None:
        self._store.close()

    def _sums_of_events(self, since: float | None, until: float | None, wanted: Mapping[str, str]) -> Iterator[Sums]:
        if since is None or since != until:
            yield from map(rollup.of_event, self.events(since, until, wanted))

    def _read(self, select: str, arguments: Sequence[Any]) -> Iterator[tuple[str, UsageEvent]]:
        with self._readable():
            for key, data in self._store.select(select, arguments):
                event = event_from_json(self._store.decode_row(key, data) or {})
                if event is not None:
                    yield key, event

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except StoreError as exc:
            raise ConfigError(f"the usage ledger can't be read: {exc}", hint="is the folder yours?") from exc


def event_key(seconds: float, distinction: str) -> str:
    """distinction: tells events of one moment apart."""
    return f"{_time_key(seconds)}-{distinction}"


def _time_key(seconds: float) -> str:
    return f"{max(0, round(seconds * 1_000_000)):017d}"


def event_to_json(event: UsageEvent) -> dict[str, Any]:
    """What differs from the defaults; money as text, so that no cent is lost to floating point."""
    found = {name: value for name in _NAMES if (value := getattr(event, name)) != _DEFAULTS.get(name, MISSING)}
    return found | {name: str(found[name]) for name in _MONEY if name in found}


def event_from_json(found: Mapping[str, Any]) -> UsageEvent | None:
    """The inverse of `event_to_json`; None where the document isn't an event."""
    try:
        return UsageEvent(**{**found, **{name: Decimal(found[name]) for name in _MONEY if name in found}})
    except (TypeError, ArithmeticError):
        return None
