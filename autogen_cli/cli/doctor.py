"""`autogen doctor`: what is well, what isn't, and what to do about it."""

from pathlib import Path

from autogen_cli.cli.options import RootOption
from autogen_cli.cli.output import Column, Output


def doctor(out: Output, *, root: RootOption = None) -> int:
    """Look at the environment, the configuration and the provider; name a remedy for each problem."""
    from autogen_cli.service.doctor import examine

    findings = examine(root or Path.cwd())
    if out.json:
        out.document("doctor", {"findings": findings})
    else:
        columns = (Column(""), Column("what"), Column("found", wrap=True), Column("remedy", wrap=True))
        out.table(columns, [(one.health, one.subject, one.detail, one.remedy or "") for one in findings])
    return max(one.exit_code for one in findings)
