"""`autogen doctor`: what is well, what isn't, and what to do about it."""

from pathlib import Path
from typing import Annotated

import typer

from autogen_cli.cli.options import RootOption
from autogen_cli.cli.output import Column, Output


def doctor(
    out: Output,
    *,
    root: RootOption = None,
    reset: Annotated[bool, typer.Option("--reset", help="Ask providers again that are left alone for a while")] = False,
) -> int:
    """Look at the environment, the configuration and the provider; name a remedy for each problem."""
    from autogen_cli.service.doctor import examine, reset_breakers

    if reset:
        out.note(f"{reset_breakers()} circuit breakers were reset")
    findings = examine(root or Path.cwd())
    if out.json:
        out.document("doctor", {"findings": findings})
    else:
        columns = (Column(""), Column("what"), Column("found", wrap=True), Column("remedy", wrap=True))
        out.table(columns, [(one.health, one.subject, one.detail, one.remedy or "") for one in findings])
    return max(one.exit_code for one in findings)
