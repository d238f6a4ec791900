"""Sums over quarters of an hour, kept by triggers beside the events: a long window is added up from a few rows.

A quarter of an hour, because every time zone's days begin at one. An encrypted ledger has no such sums: they would tell
what the encryption hides. Money is in whole millionths of a millionth of a dollar, so that sums are exact.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from autogen_cli.models import UsageEvent
from autogen_cli.storage.store import JSONStore

QUARTER = 900  # seconds
DIMENSIONS = ("provider", "model", "command", "project", "outcome")
_NUMBERS = ("requests", "input_tokens", "output_tokens", "cached_tokens", "duration_ms", "unpriced", "cost", "saved")
_PER_USD = 10**12


class Sums(NamedTuple):
    """What some events have in common, and their sums. time: seconds since the epoch, within the same quarter."""

    time: float
    facts: Mapping[str, str]
    requests: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    duration_ms: int
    unpriced: int
    cost_usd: Decimal
    saved_usd: Decimal


def of_event(event: UsageEvent) -> Sums:
    facts = {name: getattr(event, name) or "" for name in (*DIMENSIONS, "module", "symbol", "batch")}
    return Sums(
        event.time,
        facts,
        1,
        event.input_tokens,
        event.output_tokens,
        event.cached_tokens,
        event.duration_ms,
        int(event.cost_usd is None and event.outcome != "cached"),
        event.cost_usd or Decimal(0),
        event.saved_usd or Decimal(0),
    )


def whole_quarters(since: float | None, until: float | None) -> tuple[int, int | None]:
    """The quarters that lie entirely in [since, until): first, and the one behind the last; None for no end."""
    return math.ceil((since or 0.0) / QUARTER), None if until is None else math.floor(until / QUARTER)


def stored(
    store: JSONStore,
    first: int,
    behind: int | None,
    *,
    by: Sequence[str],
    filters: Mapping[str, str],
    tz: tzinfo | None,
) -> Iterator[Sums]:
    """The sums of those quarters, one for each combination of `by`: of DIMENSIONS, or `day`, as it is in `tz`."""
    names = [name for name in by if name in DIMENSIONS]
    columns = ["min(quarter)", *names, *(f"sum({number})" for number in _NUMBERS)]
    wheres = ["requests > 0", "quarter >= ?", "quarter < ?", *(f"{name} = ?" for name in filters)]
    select = f"SELECT {', '.join(columns)} FROM Quarter WHERE {' AND '.join(wheres)}"  # noqa: S608 - names of columns
    if names:
        select += f" GROUP BY {', '.join(names)}"
    for begin, end in _spans(store, first, behind, tz, daily="day" in by):
        for quarter, *row in store.select(select, (begin, end, *filters.values())):
            if quarter is not None:
                facts = dict(zip(names, row[: len(names)], strict=True))
                totals = dict(zip(_NUMBERS, row[len(names) :], strict=True))
                cost, saved = (Decimal(totals.pop(name)) / _PER_USD for name in ("cost", "saved"))
                yield Sums(time=quarter * QUARTER, facts=facts, **totals, cost_usd=cost, saved_usd=saved)


def _spans(
    store: JSONStore, first: int, behind: int | None, tz: tzinfo | None, *, daily: bool
) -> Iterator[tuple[int, int]]:
    """The stored quarters among those, [begin, end), cut at the midnights of `tz` if `daily`."""
    for lowest, highest in store.select("SELECT min(quarter), max(quarter) FROM Quarter"):
        begin = max(first, lowest or 0)
        end = min(highest + 1, 2**62 if behind is None else behind) if highest is not None else begin
        while begin < end:
            night = _next_midnight(begin * QUARTER, tz) // QUARTER if daily else end
            yield begin, min(night, end)
            begin = night


def _next_midnight(seconds: int, tz: tzinfo | None) -> int:
    day = datetime.fromtimestamp(seconds, tz).date() + timedelta(days=1)
    return max(seconds + QUARTER, int(datetime.combine(day, time.min, tzinfo=tz).timestamp()))


_TEXT = "CAST({row}.value AS TEXT)"
_IS_EVENT = """CASE WHEN json_valid({text}) THEN json_type({text}, '$.time') IN ('real', 'integer')
    AND json_extract({text}, '$.provider') || json_extract({text}, '$.command') || json_extract({text}, '$.outcome')
    IS NOT NULL ELSE false END"""
_VALUES = """
    CAST(json_extract({text}, '$.time') / 900 AS INTEGER),
    json_extract({text}, '$.provider'), coalesce(json_extract({text}, '$.model'), ''),
    json_extract({text}, '$.command'), coalesce(json_extract({text}, '$.project'), ''),
    json_extract({text}, '$.outcome'), 1,
    coalesce(json_extract({text}, '$.input_tokens'), 0), coalesce(json_extract({text}, '$.output_tokens'), 0),
    coalesce(json_extract({text}, '$.cached_tokens'), 0), coalesce(json_extract({text}, '$.duration_ms'), 0),
    json_extract({text}, '$.cost_usd') IS NULL AND json_extract({text}, '$.outcome') <> 'cached',
    CAST(round(coalesce(json_extract({text}, '$.cost_usd'), 0) * 1e12) AS INTEGER),
    CAST(round(coalesce(json_extract({text}, '$.saved_usd'), 0) * 1e12) AS INTEGER)
"""


def _trigger(event: str, row: str, sign: str) -> str:
    text = _TEXT.format(row=row)
    added = ", ".join(f"{name} = {name} {sign} excluded.{name}" for name in _NUMBERS)
    return f"""
CREATE TRIGGER IF NOT EXISTS Quarter_{event} AFTER {event} ON Cache BEGIN
    INSERT INTO Quarter SELECT {_VALUES.format(text=text)} WHERE {_IS_EVENT.format(text=text)}
    ON CONFLICT DO UPDATE SET {added};
END;"""


TABLE = f"""
CREATE TABLE IF NOT EXISTS Quarter (
    quarter INTEGER, {", ".join(f"{name} TEXT" for name in DIMENSIONS)},
    {", ".join(f"{name} INTEGER NOT NULL" for name in _NUMBERS)},
    PRIMARY KEY (quarter, {", ".join(DIMENSIONS)})
) WITHOUT ROWID;
{_trigger("INSERT", "NEW", "+")}
{_trigger("DELETE", "OLD", "-")}
"""
