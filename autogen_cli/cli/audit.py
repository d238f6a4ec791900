"""`autogen audit`: who did what, and whether somebody has changed the record of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autogen_cli.cli.options import RootOption, SinceOption, UntilOption
from autogen_cli.cli.output import Column, Output

if TYPE_CHECKING:
    from autogen_cli.security.audit_reading import AuditEntry
    from autogen_cli.service.access import Access

_COLUMNS = (
    Column("entry", "right"), Column("time"), Column("who", wrap=True), Column("action"), Column("outcome"),
    Column("what", wrap=True), Column("provider"), Column("cost", "right"), Column("detail", wrap=True),
)  # fmt: skip
PROBLEMS_FOUND = 9


def show(
    out: Output,
    *,
    since: SinceOption = "7d",
    until: UntilOption = None,
    denied: Annotated[bool, typer.Option("--denied", help="Only what somebody was not allowed to do")] = False,
    root: RootOption = None,
) -> None:
    """Show who did what, when, at what cost, and how it ended."""
    from datetime import UTC, datetime

    from autogen_cli.usage.window import TimeRange

    window = TimeRange.parse(since, until, now=datetime.now(UTC))
    found = list(_access(out, root).entries(window.since, window.until))
    if denied:
        found = [entry for entry in found if entry.outcome == "denied"]
    if out.json:
        out.document("audit", {"entries": found})
    elif found:
        out.table(_COLUMNS, map(_row, found))
    else:
        out.note("there is no entry in this window; `--since all` looks further back")


def verify(out: Output, *, root: RootOption = None) -> int:
    """Read the whole log; say whether an entry was changed, removed, added or moved."""
    found = _access(out, root).verify()
    if out.json:
        out.document("audit_verify", found)
    else:
        out.text("".join(f"{problem}\n" for problem in found.problems))
        for note in found.notes:
            out.note(note)
        out.note(f"{found.entries} entries in {found.files} files, {len(found.problems)} problems")
    return PROBLEMS_FOUND if found.problems else 0


def _access(out: Output, root: Path | None) -> "Access":
    from autogen_cli.service.access import open_access

    return open_access(root or Path.cwd(), out.warn)


def _row(entry: "AuditEntry") -> tuple[str, ...]:
    provider = (entry.provider or "") + (f" ({entry.model})" if entry.model else "")
    cost = "" if entry.cost_usd is None else f"${entry.cost_usd:.4f}"
    time = entry.time.partition(".")[0].replace("T", " ")
    facts = (entry.who, entry.action, entry.outcome, entry.subject or "", provider, cost, entry.detail or "")
    return str(entry.seq), time, *facts
