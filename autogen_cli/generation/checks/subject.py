"""What every check looks at: the code, the module before and after, and the project around it."""

import ast
from dataclasses import dataclass

from autogen_cli.generation.snippet import Snippet
from autogen_cli.models import CheckResult, CheckStatus, CodeContext, Target


@dataclass(frozen=True, slots=True)
class Subject:
    """`before` and `after`: the module without and with the code; empty where there is no module or no edit."""

    code: str
    target: Target
    context: CodeContext
    snippet: Snippet
    before: ast.Module
    after: ast.Module | None


def verdict(name: str, problems: list[CheckResult], good: str = "") -> CheckResult:
    """The worst of a check's findings, its detail naming them all; a pass when there are none."""
    if not problems:
        return CheckResult(name=name, status="pass", detail=good)
    status: CheckStatus = "fail" if any(p.status == "fail" for p in problems) else "warn"
    worst = [p for p in problems if p.status == status]
    detail = "; ".join(dict.fromkeys(p.detail for p in worst))
    return CheckResult(name=name, status=status, detail=detail, line=worst[0].line)
