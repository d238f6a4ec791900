"""What every check looks at: the code, the module before and after, and the project around it."""

from collections.abc import Iterable
from dataclasses import dataclass

from autogen_cli.generation.checks.modules import Modules
from autogen_cli.generation.insert import Edit
from autogen_cli.generation.insert.module import Module
from autogen_cli.generation.snippet import Snippet
from autogen_cli.models import CheckResult, CheckStatus, CodeContext, Target


@dataclass(frozen=True, slots=True)
class Subject:
    """answer: the code as it came. shown: the part of it that is put in, which lines count from.

    before, after: the module without and with it. declared: normalized names of distributions, None where nothing
    declares any.
    """

    target: Target
    context: CodeContext
    edit: Edit
    answer: Snippet
    shown: Snippet
    before: Module
    after: Module
    modules: Modules
    declared: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or may be."""

    detail: str
    line: int | None = None
    status: CheckStatus = "fail"


def verdict(name: str, findings: Iterable[Finding], good: str = "") -> CheckResult:
    """The worst of a check's findings, its detail naming all that are as bad; a pass when there are none."""
    found = list(findings)
    status: CheckStatus = next((s for s in ("fail", "warn") if any(f.status == s for f in found)), "pass")
    worst = [f for f in found if f.status == status]
    if not worst:
        return CheckResult(name=name, status="pass", detail=good)
    detail = "; ".join(dict.fromkeys(f.detail for f in worst))
    return CheckResult(name=name, status=status, detail=detail, line=worst[0].line)
