"""Events out of the ledger and into it: JSONL, which can be read back, and CSV, for spreadsheets."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import batched

from autogen_cli.models import UsageEvent
from autogen_cli.usage.ledger import UsageTracker, event_from_json, event_key, event_to_json

_KEY = re.compile(r"\d{17}-[0-9a-f]{12}")
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Imported:
    """added: events that are new. known: that were there already. unreadable: numbers of lines that hold no event."""

    added: int
    known: int
    unreadable: tuple[int, ...]


def export_jsonl(tracker: UsageTracker, since: float | None = None, until: float | None = None) -> Iterator[str]:
    """A line for each event, oldest first, with its key as `id`."""
    for key, event in tracker.keyed_events(since, until):
        yield json.dumps({"id": key, **event_to_json(event)}) + "\n"


def export_csv(tracker: UsageTracker, since: float | None = None, until: float | None = None) -> Iterator[str]:
    """A head and a line for each event, oldest first."""
    names = [field.name for field in fields(UsageEvent) if field.name != "phases_ms"]
    yield _csv_line(["id", *names])
    for key, event in tracker.keyed_events(since, until):
        yield _csv_line([key, *(getattr(event, name) for name in names)])


def import_jsonl(tracker: UsageTracker, lines: Iterable[str]) -> Imported:
    """Reads what `export_jsonl` wrote, on this machine or another; the same events twice are counted once."""
    added = known = 0
    unreadable: list[int] = []
    for batch in batched(enumerate(lines, start=1), _BATCH):
        parsed = [(number, _parsed(line)) for number, line in batch if line.strip()]
        unreadable.extend(number for number, found in parsed if found is None)
        events = [found for _, found in parsed if found is not None]
        new = tracker.add(events)
        added, known = added + new, known + len(events) - new
    return Imported(added, known, tuple(unreadable))


def _parsed(line: str) -> tuple[str, UsageEvent] | None:
    try:
        found = json.loads(line)
        key = found.pop("id", "")
        event = event_from_json(found)
    except (ValueError, AttributeError, TypeError):
        return None
    if event is None or not isinstance(event.time, int | float):
        return None
    if not (isinstance(key, str) and _KEY.fullmatch(key)):
        key = event_key(event.time, hashlib.blake2b(line.strip().encode(), digest_size=6).hexdigest())
    return key, event


def _csv_line(cells: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()
