"""A window of time as users write it: 7d, 24h, 2w, 2026-11-01, today, all."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Self

from autogen_cli.errors import ArgumentError

_SPAN = re.compile(r"(\d{1,5})([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_HINT = "write 7d, 24h, 2w, 30m, 2026-11-01, today or all"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """[since, until): aware datetimes; None for no bound."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def parse(cls, since: str, until: str | None = None, *, now: datetime, tz: tzinfo | None = None) -> Self:
        """A span counts back from `now` in elapsed time; a day begins at midnight in `tz`; `until` includes it.

        tz None: the machine's zone, with its daylight-saving changes. Raises ArgumentError.
        """
        start = None if since == "all" else _moment(since, now, tz, end=False)
        stop = None if until in {None, "now"} else _moment(str(until), now, tz, end=True)
        if start is not None and stop is not None and stop <= start:
            raise ArgumentError(f"the window ends ({until}) before it begins ({since})")
        return cls(start, stop)

    @property
    def start(self) -> float | None:
        """Seconds since the epoch."""
        return None if self.since is None else self.since.timestamp()

    @property
    def stop(self) -> float | None:
        """Seconds since the epoch."""
        return None if self.until is None else self.until.timestamp()


def _moment(text: str, now: datetime, tz: tzinfo | None, *, end: bool) -> datetime:
    if span := _SPAN.fullmatch(text):
        count, unit = span.groups()
        return (now - int(count) * _UNITS[unit]).astimezone(tz)
    try:
        day = now.astimezone(tz).date() if text == "today" else date.fromisoformat(text)
        return datetime.combine(day + timedelta(days=1 if end else 0), time.min, tzinfo=tz).astimezone(tz)
    except (ValueError, OverflowError):
        raise ArgumentError(f"'{text}' is no point in time", hint=_HINT) from None
