"""Whether code fits its target: the edit that it makes, and what the checks say. What generation, repair and
`autogen check` share.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from autogen_cli.errors import RejectedError
from autogen_cli.generation.checks import run_checks
from autogen_cli.generation.checks.coming import Coming
from autogen_cli.generation.extract import extract_code
from autogen_cli.generation.insert import Edit, plan_edit
from autogen_cli.models import CheckResult, CodeContext, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """code: what of the answer is put in; empty where nothing was found. edit: None where the code can't be put in.

    checks: with one named "answer" in front where there was no code.
    """

    code: str
    edit: Edit | None
    checks: tuple[CheckResult, ...]

    @property
    def accepted(self) -> bool:
        return self.edit is not None and all(check.status != "fail" for check in self.checks)


def fit_answer(
    answer: str,
    target: Target,
    context: CodeContext,
    *,
    force: bool = False,
    complete: bool = False,
    environment: Path | None = None,
    skip: Collection[str] = (),
    coming: Coming | None = None,
) -> Fit:
    """Judges a model's answer. Raises TargetError where the module itself stands in the way."""
    try:
        code = extract_code(answer, target, complete=complete)
    except RejectedError as error:
        return Fit(code="", edit=None, checks=(CheckResult(name="answer", status="fail", detail=str(error)),))
    return fit_code(code, target, context, force=force, environment=environment, skip=skip, coming=coming)


def fit_code(
    code: str,
    target: Target,
    context: CodeContext,
    *,
    force: bool = False,
    environment: Path | None = None,
    skip: Collection[str] = (),
    coming: Coming | None = None,
) -> Fit:
    """Judges code as it is. Raises TargetError where the module itself stands in the way."""
    edit = None
    refused: tuple[CheckResult, ...] = ()
    try:
        edit = plan_edit(target, code, force=force)
    except RejectedError as error:
        refused = (CheckResult(name="answer", status="fail", detail=error.message),)
    checks = run_checks(code, target, context, edit, environment=environment, skip=skip, coming=coming)
    told = any(check.status == "fail" for check in checks)
    return Fit(code=edit.code if edit else code, edit=edit, checks=checks if told else (*refused, *checks))
