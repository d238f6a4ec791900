"""The ledger: one event per provider call, cache hit, failure and repair, on this machine only.

Keys are the event's time in microseconds, so that a window is read without looking at the rest.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from autogen_cli.errors import ConfigError, CredentialError
from autogen_cli.models import UsageEvent
from autogen_cli.storage.base import PLAIN, Codec, StoreError
from autogen_cli.storage.store import JSONStore

SCHEMA = 1
_NAMES = [field.name for field in fields(UsageEvent)]
_DEFAULTS = {field.name: field.default for field in fields(UsageEvent)} | {"phases_ms": {}}


class UsageTracker:
    """folder: where the ledger lies; made at the first event. enabled: False writes nothing.

    An event that can't be written is a warning, told once to `on_warning`: a result is not lost for its books.
    """

    def __init__(
        self,
        folder: Path,
        *,
        enabled: bool = True,
        codec: Codec = PLAIN,
        on_warning: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._enabled = enabled
        self._on_warning = on_warning
        self._warned = False
        self._store = JSONStore(
            folder,
            schema=SCHEMA,
            codec=codec,
            on_notice=on_warning,
            timeout=10.0,
            eviction_policy="none",
            cull_limit=0,
        )

    def record(self, event: UsageEvent) -> None:
        if not self._enabled:
            return
        key = f"{_time_key(event.time)}-{os.urandom(6).hex()}"
        try:
            self._store.append([(key, event_to_json(event))])
        except (StoreError, CredentialError) as exc:
            if not self._warned:
                self._on_warning(f"usage is not recorded: {exc}")
            self._warned = True

    def events(self, since: float | None = None, until: float | None = None) -> Iterator[UsageEvent]:
        """The events of [since, until) in order of time; seconds since the epoch, None for no bound.

        Raises ConfigError where the ledger can't be read.
        """
        select = "SELECT key, value FROM Cache WHERE key >= ? AND key < ? ORDER BY key"
        low = _time_key(since or 0.0)
        high = ":" if until is None else _time_key(until)  # ":" sorts behind every digit
        try:
            for key, data in self._store.select(select, (low, high)):
                event = event_from_json(self._store.decode_row(key, data) or {})
                if event is not None:
                    yield event
        except StoreError as exc:
            raise ConfigError(f"the usage ledger can't be read: {exc}", hint="is the folder yours?") from exc

    def reseal(self, codec: Codec) -> int:
        """Every event under another codec; see `JSONStore.reseal`."""
        return self._store.reseal(codec)

    def close(self) -> None:
        self._store.close()


def _time_key(seconds: float) -> str:
    return f"{max(0, round(seconds * 1_000_000)):017d}"


def event_to_json(event: UsageEvent) -> dict[str, Any]:
    """What differs from the defaults; money as text, so that no cent is lost to floating point."""
    found = {name: value for name in _NAMES if (value := getattr(event, name)) != _DEFAULTS.get(name, MISSING)}
    if event.cost_usd is not None:
        found["cost_usd"] = str(event.cost_usd)
    return found


def event_from_json(found: Mapping[str, Any]) -> UsageEvent | None:
    """The inverse of `event_to_json`; None where the document isn't an event."""
    cost = found.get("cost_usd")
    try:
        return UsageEvent(**{**found, "cost_usd": None if cost is None else Decimal(cost)})
    except (TypeError, ArithmeticError):
        return None
