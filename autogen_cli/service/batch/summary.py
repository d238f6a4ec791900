"""What a batch has come to: counts, money, and its failures by cause."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from autogen_cli.models import Usage

FAILED = frozenset({"rejected", "error", "stand-in"})
MOST_CAUSES = 50
_NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\b[\w-]+(?:[./][\w-]+)+|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Rows that failed alike. example: the first row's message; first: its id, or its number."""

    type: str
    rows: int
    example: str
    first: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A batch when it ended.

    rows: that the output holds: ok + scaffold + rejected + error. stand_ins: of the scaffolds, those in place of a
    provider that failed. invalid: of the errors, lines that are no request.
    finished_earlier: of the rows, done by an earlier run; duplicates: answered by another row's call. calls: requests
    that got an answer in this run; cached: answers that the cache had. cost_usd: of this run, the rows whose price is
    known; unpriced: calls whose price isn't. unfinished: rows that the next run of the same command goes on with.
    written: symbols put into the project; not_written: why others were not.
    """

    rows: int
    ok: int
    scaffold: int
    stand_ins: int
    rejected: int
    error: int
    invalid: int
    finished_earlier: int
    duplicates: int
    calls: int
    cached: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal
    unpriced: int
    seconds: float
    unfinished: bool
    stopped_by: str | None
    causes: tuple[Cause, ...]
    written: int = 0
    not_written: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        return self.rejected + self.error + self.stand_ins


@dataclass(slots=True)
class Tally:
    """The counts while a batch runs. statuses: of the rows that the output holds."""

    statuses: Counter[str] = field(default_factory=Counter)
    invalid: int = 0
    finished_earlier: int = 0
    duplicates: int = 0
    calls: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced: int = 0
    _causes: dict[str, list[str]] = field(default_factory=dict)  # masked message -> type, example, first row
    _rows: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.statuses.total()

    @property
    def failed(self) -> int:
        return sum(self.statuses[status] for status in FAILED)

    def spent(self, usage: Usage, *, cached: bool) -> None:
        self.calls += not cached
        self.cached += cached
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        if usage.cost_usd is None:
            self.unpriced += 1
        else:
            self.cost_usd += usage.cost_usd

    def row(self, status: str, rest: bytes, *, name: str) -> None:
        """A row that went into the output. rest: its document from `"status":` on; name: what a person knows it by."""
        self.statuses[status] += 1
        if status in FAILED:
            kind, message = _cause(json.loads(b"{" + rest))
            masked = f"{kind} {_NAMES.sub('…', message)}"
            if masked not in self._causes and len(self._causes) >= MOST_CAUSES:
                masked = "others"
            self._causes.setdefault(masked, [kind, message, name])
            self._rows[masked] += 1

    def summary(self, *, seconds: float, unfinished: bool, stopped_by: str | None) -> Summary:
        return Summary(
            rows=self.rows,
            ok=self.statuses["ok"],
            scaffold=self.statuses["scaffold"] + self.statuses["stand-in"],
            stand_ins=self.statuses["stand-in"],
            rejected=self.statuses["rejected"],
            error=self.statuses["error"],
            invalid=self.invalid,
            finished_earlier=self.finished_earlier,
            duplicates=self.duplicates,
            calls=self.calls,
            cached=self.cached,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cost_usd=self.cost_usd,
            unpriced=self.unpriced,
            seconds=round(seconds, 3),
            unfinished=unfinished,
            stopped_by=stopped_by,
            causes=tuple(
                Cause(type=kind, rows=self._rows[masked], example=message, first=name)
                for masked, (kind, message, name) in sorted(self._causes.items(), key=lambda c: -self._rows[c[0]])
            ),
        )


def _cause(document: dict[str, object]) -> tuple[str, str]:
    """(type, message) of a row that failed: its error, or the checks that rejected its code."""
    match document:
        case {"error": {"type": str(kind), "message": str(message)}}:
            return kind, message
        case {"result": {"hops": [{"type": str(kind), "message": str(message)}, *_]}}:
            return kind, message
        case {"result": {"checks": list(checks)}}:
            failed = [check for check in checks if check["status"] == "fail"]
            return "rejected", "; ".join(f"{check['name']}: {check['detail']}" for check in failed)
    return "unknown", ""
