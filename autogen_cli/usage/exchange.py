"""Events out of the ledger and into it: JSONL, which can be read back, and CSV, for spreadsheets."""

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from itertools import batched
from pathlib import Path
from typing import Any, get_args

from autogen_cli.errors import ArgumentError, ConfigError
from autogen_cli.models import CostSource, Kind, Outcome, UsageEvent
from autogen_cli.storage.base import StoreError
from autogen_cli.usage.ledger import UsageTracker, event_from_json, event_key, event_to_json

_KEY = re.compile(r"\d{17}-[0-9a-f]{12}")
_BATCH = 1000
_HINT = "it takes what `autogen usage export` prints"
_LATEST = 10**11  # seconds since the epoch; in microseconds it fits a key
_TEXTS = ("command", "module", "provider", "project", "request_id", "batch")
_OPTIONAL_TEXTS = ("symbol", "model", "error")
_COUNTS = ("input_tokens", "output_tokens", "cached_tokens", "duration_ms", "bytes_per_function")
_MONEY = ("cost_usd", "saved_usd")
_CHOICES: dict[str, tuple[object, ...]] = {
    "outcome": get_args(Outcome.__value__),
    "cost_source": get_args(CostSource.__value__),
    "kind": (*get_args(Kind.__value__), None),
}


@dataclass(frozen=True, slots=True)
class Imported:
    """added: events that are new. known: that were there already."""

    added: int
    known: int


def export_events(
    tracker: UsageTracker, since: float | None = None, until: float | None = None
) -> Iterator[dict[str, Any]]:
    """Each event as JSON, oldest first, with its key as `id`; fields with their default values are left out."""
    return ({"id": key, **event_to_json(event)} for key, event in tracker.keyed_events(since, until))


def export_jsonl(tracker: UsageTracker, since: float | None = None, until: float | None = None) -> Iterator[str]:
    """The same as lines."""
    return (json.dumps(found) + "\n" for found in export_events(tracker, since, until))


def export_csv(tracker: UsageTracker, since: float | None = None, until: float | None = None) -> Iterator[str]:
    """A head and a line for each event, oldest first."""
    names = [field.name for field in fields(UsageEvent) if field.name != "phases_ms"]
    yield _csv_line(["id", *names])
    for key, event in tracker.keyed_events(since, until):
        yield _csv_line([key, *(_cell(getattr(event, name)) for name in names)])


def import_jsonl(tracker: UsageTracker, file: Path) -> Imported:
    """Adds what `export_jsonl` wrote, on this machine or another; the same events twice are counted once.

    The whole file is looked at first. Raises ArgumentError, and adds nothing, where a line holds no event; ConfigError
    where the ledger can't be written.
    """
    for _ in _read(file):
        pass
    added = known = 0
    try:
        for events in batched(_read(file), _BATCH):
            new = tracker.add(events)
            added, known = added + new, known + len(events) - new
    except StoreError as exc:
        raise ConfigError(f"the usage ledger can't be written: {exc}", hint="is the folder yours?") from exc
    return Imported(added, known)


def _read(file: Path) -> Iterator[tuple[str, UsageEvent]]:
    """Keys and events of a file's lines; empty lines are none."""
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    try:
                        found = _parsed(line)
                    except ValueError as exc:
                        raise ArgumentError(f"{file}, line {number}: {exc}; nothing was added", hint=_HINT) from exc
                    yield found
    except UnicodeDecodeError as exc:
        raise ArgumentError(f"{file} is not UTF-8; nothing was added", hint=_HINT) from exc
    except OSError as exc:
        raise ArgumentError(f"{file} can't be read: {exc.strerror}") from exc


def _parsed(line: str) -> tuple[str, UsageEvent]:
    """Raises ValueError, for a person."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one error for whatever is wrong with a line
    key = found.pop("id", "")
    unknown = found.keys() - {field.name for field in fields(UsageEvent)}
    if unknown:
        raise ValueError(f"an event has no {min(unknown)}")
    event = event_from_json(found)
    if event is None:
        raise ValueError("a field is missing, or a cost is no number")
    wrong = next(_wrong_fields(event), None)
    if wrong:
        raise ValueError(f"{wrong} can't be {json.dumps(found.get(wrong))}")
    if not (isinstance(key, str) and _KEY.fullmatch(key)):
        key = event_key(event.time, hashlib.blake2b(line.strip().encode(), digest_size=6).hexdigest())
    return key, event


def _wrong_fields(event: UsageEvent) -> Iterator[str]:
    if not (_is_number(event.time) and 0 <= event.time < _LATEST):
        yield "time"
    yield from (name for name in _TEXTS if not isinstance(getattr(event, name), str))
    yield from (name for name in _OPTIONAL_TEXTS if not isinstance(getattr(event, name), str | None))
    yield from (name for name in _COUNTS if not _is_count(getattr(event, name)))
    yield from (name for name in _MONEY if not _is_amount(getattr(event, name)))
    yield from (name for name, choices in _CHOICES.items() if getattr(event, name) not in choices)
    phases: object = event.phases_ms
    if not isinstance(phases, dict) or not all(map(_is_count, phases.values())):
        yield "phases_ms"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_amount(value: object) -> bool:
    return value is None or (isinstance(value, Decimal) and value.is_finite() and value >= 0)


def _cell(value: object) -> object:
    return f"{value:f}" if isinstance(value, Decimal) else value


def _csv_line(cells: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()
